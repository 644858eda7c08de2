/*
 * context.c
 *		A memory context in which AddressSanitizer sees every chunk.
 *
 * PostgreSQL's own contexts carve chunks out of large blocks, so a write past
 * a chunk lands in its neighbour unnoticed.  Here each chunk is a malloc() of
 * its own, with red zones around it, and reset frees what is left.
 *
 * From PostgreSQL 16 on the kinds of contexts are a closed list; there an
 * ordinary context has to do, and only large chunks are watched.
 */
#include "postgres.h"

#include "lib/ilist.h"
#include "nodes/memnodes.h"
#include "utils/memutils.h"

#include "fuzz.h"

#if PG_VERSION_NUM >= 160000

MemoryContext
fuzz_context_create(void)
{
	return AllocSetContextCreate(TopMemoryContext, "fuzz input", ALLOCSET_DEFAULT_SIZES);
}

#else

typedef struct MallocContext
{
	MemoryContextData header;
	dlist_head	chunks;
} MallocContext;

/* The context must stand right before the chunk's data. */
typedef struct Chunk
{
	dlist_node	node;
	Size		size;
	MemoryContext context;
} Chunk;

static Chunk *
chunk_of(void *pointer)
{
	return (Chunk *) ((char *) pointer - sizeof(Chunk));
}

static void *
malloc_alloc(MemoryContext context, Size size)
{
	Chunk	   *chunk = malloc(sizeof(Chunk) + size);

	if (chunk == NULL)
		return NULL;
	chunk->size = size;
	chunk->context = context;
	dlist_push_tail(&((MallocContext *) context)->chunks, &chunk->node);
	return (char *) chunk + sizeof(Chunk);
}

static void
malloc_free(MemoryContext context, void *pointer)
{
	dlist_delete(&chunk_of(pointer)->node);
	free(chunk_of(pointer));
}

static void *
malloc_realloc(MemoryContext context, void *pointer, Size size)
{
	void	   *moved = malloc_alloc(context, size);

	if (moved == NULL)
		return NULL;
	memcpy(moved, pointer, Min(size, chunk_of(pointer)->size));
	malloc_free(context, pointer);
	return moved;
}

static void
malloc_reset(MemoryContext context)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &((MallocContext *) context)->chunks)
		free(dlist_container(Chunk, node, iter.cur));
	dlist_init(&((MallocContext *) context)->chunks);
}

static void
malloc_delete(MemoryContext context)
{
	malloc_reset(context);
	free(context);
}

static Size
malloc_chunk_space(MemoryContext context, void *pointer)
{
	return chunk_of(pointer)->size;
}

static bool
malloc_is_empty(MemoryContext context)
{
	return dlist_is_empty(&((MallocContext *) context)->chunks);
}

static void
malloc_stats(MemoryContext context, MemoryStatsPrintFunc print, void *passthru,
			 MemoryContextCounters *totals, bool print_to_stderr)
{
}

#ifdef MEMORY_CONTEXT_CHECKING
static void
malloc_check(MemoryContext context)
{
}
#endif

static const MemoryContextMethods malloc_methods = {
	.alloc = malloc_alloc,
	.free_p = malloc_free,
	.realloc = malloc_realloc,
	.reset = malloc_reset,
	.delete_context = malloc_delete,
	.get_chunk_space = malloc_chunk_space,
	.is_empty = malloc_is_empty,
	.stats = malloc_stats,
#ifdef MEMORY_CONTEXT_CHECKING
	.check = malloc_check,
#endif
};

MemoryContext
fuzz_context_create(void)
{
	MallocContext *context = calloc(1, sizeof(MallocContext));

	dlist_init(&context->chunks);
	/* the tag only says that it is a memory context */
	MemoryContextCreate((MemoryContext) context, T_AllocSetContext, &malloc_methods,
						TopMemoryContext, "fuzz input");
	return (MemoryContext) context;
}

#endif
