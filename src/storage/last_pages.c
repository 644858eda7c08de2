/*
 * last_pages.c
 *		Which page took the last row of an item collection, as far as this session
 *		remembers.
 *
 * A session that comes back to a collection finds its page without asking the
 * index.  Collections are known by their hash: two of the same take each other's pages,
 * which are as good or bad as any.  Some bits of it say in which set a collection is;
 * of a set, which is as large as a line of the processor's cache, the one that was
 * not written to for the longest time is forgotten first.
 *
 * What must not happen is that a page is remembered of a relation that has been
 * cut off since.  So each memory belongs to an era of a relation, and who has to
 * forget the relation's pages begins a new one.
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "storage/clustering.h"

#define NSETS			2048
#define SET_SIZE		4

typedef struct LastPage
{
	uint64		era;			/* 0: none */
	uint32		collection;		/* its hash */
	BlockNumber block;
} LastPage;

/* The last one first.  The system gives memory to the parts that are used only. */
static LastPage last_pages[NSETS][SET_SIZE] pg_attribute_aligned(PG_CACHE_LINE_SIZE);

uint64
last_pages_new_era(void)
{
	static uint64 eras = 0;

	return ++eras;
}

/* Of two tables, collections of the same name are in different sets. */
static inline LastPage *
set_of(uint64 era, uint32 collection)
{
	return last_pages[hash_combine(collection, (uint32) era) % NSETS];
}

/* The place of a collection in its set, or the size. */
static inline int
find_in_set(const LastPage *set, uint64 era, uint32 collection)
{
	int			i = 0;

	while (i < SET_SIZE && (set[i].era != era || set[i].collection != collection))
		i++;
	return i;
}

BlockNumber
last_page(uint64 era, uint32 collection)
{
	const LastPage *set = set_of(era, collection);
	int			i = find_in_set(set, era, collection);

	return i < SET_SIZE ? set[i].block : InvalidBlockNumber;
}

void
last_page_remember(uint64 era, uint32 collection, BlockNumber block)
{
	LastPage   *set = set_of(era, collection);

	for (int i = Min(find_in_set(set, era, collection), SET_SIZE - 1); i > 0; i--)
		set[i] = set[i - 1];
	set[0] = (LastPage) {era, collection, block};
}
