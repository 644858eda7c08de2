/*
 * source.c
 *		Which relations have a stream, as a decoding session knows them.
 *
 * The answer is in the relation's triggers, under the historic snapshot of the
 * change being decoded, and it is asked for every change: so it is cached by
 * relation.  The invalidations that end a cached answer come from the log, in
 * the place where the relation changed, as they do for the relation cache
 * itself.
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "stream/stream_internal.h"

/* So many relations are remembered before those are forgotten that are of no use. */
#define MAX_IDLE_SOURCES 1000

static HTAB *sources;
static long next_purge = MAX_IDLE_SOURCES;

static void purge_sources(void);
static void make_cache(void);
static void forget_source(Datum arg, Oid relid);
static void forget_all(Datum arg, int cache, uint32 hash);
static void look_up(Relation rel, StreamSource *source);

StreamSource *
stream_source(Relation rel, bool *is_new)
{
	Oid			relid = RelationGetRelid(rel);
	StreamSource *source;
	bool		found;

	if (hash_get_num_entries(sources) >= next_purge)
		purge_sources();
	source = hash_search(sources, &relid, HASH_ENTER, &found);
	*is_new = !found || !source->valid;
	if (!found)
		source->context = NULL;
	if (*is_new)
		look_up(rel, source);
	return source;
}

/* Relations come and go for as long as a session decodes. */
static void
purge_sources(void)
{
	HASH_SEQ_STATUS scan;
	StreamSource *source;

	hash_seq_init(&scan, sources);
	while ((source = hash_seq_search(&scan)) != NULL)
	{
		if (source->valid && source->streamed)
			continue;
		if (source->context != NULL)
			MemoryContextDelete(source->context);
		(void) hash_search(sources, &source->relid, HASH_REMOVE, NULL);
	}
	next_purge = hash_get_num_entries(sources) + MAX_IDLE_SOURCES;
}

static void
look_up(Relation rel, StreamSource *source)
{
	MemoryContext caller = CurrentMemoryContext;

	if (source->context != NULL)
		MemoryContextReset(source->context);
	/* Set first: the lookup itself may bring an invalidation. */
	source->valid = true;
	source->streamed = false;
	source->target = -1;
	if (!table_stream(rel, &source->stream))
		return;

	if (source->context == NULL)
		source->context = AllocSetContextCreate(TopMemoryContext, "dynamo stream source",
												ALLOCSET_SMALL_SIZES);
	MemoryContextSwitchTo(source->context);
	source->streamed = table_key_columns(rel, &source->key, source->key_columns,
										 &source->item_column);
	source->schema = get_namespace_name(RelationGetNamespace(rel));
	source->relname = pstrdup(RelationGetRelationName(rel));
	MemoryContextSwitchTo(caller);
}

void
stream_sources_reset(void)
{
	if (sources == NULL)
		make_cache();
	forget_source((Datum) 0, InvalidOid);
}

static void
make_cache(void)
{
	HASHCTL		control = {
		.keysize = sizeof(Oid),
		.entrysize = sizeof(StreamSource),
		.hcxt = TopMemoryContext,
	};

	sources = hash_create("dynamo stream sources", 32, &control,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(forget_source, (Datum) 0);
	/* A schema that is renamed invalidates no relation. */
	CacheRegisterSyscacheCallback(NAMESPACEOID, forget_all, (Datum) 0);
}

/* relid InvalidOid means every relation. */
static void
forget_source(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS scan;
	StreamSource *source;

	if (OidIsValid(relid))
	{
		source = hash_search(sources, &relid, HASH_FIND, NULL);
		if (source != NULL)
			source->valid = false;
		return;
	}
	hash_seq_init(&scan, sources);
	while ((source = hash_seq_search(&scan)) != NULL)
		source->valid = false;
}

static void
forget_all(Datum arg, int cache, uint32 hash)
{
	forget_source(arg, InvalidOid);
}
