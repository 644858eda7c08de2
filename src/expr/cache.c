/*
 * cache.c
 *		The parsed expressions that a session keeps.
 *
 * A hash table by kind and text, and a list in order of use; when there are
 * more than dynamo.expression_cache_size, the least recently used one leaves.
 * An expression counts its pins, the cache's own among them, and goes with
 * the last one, so that bound expressions outlive their eviction.
 *
 * Each expression has its own memory context below the cache's, which lives as
 * long as the session.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "funcapi.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "common/settings.h"
#include "expr/expr_ast.h"

typedef struct CacheKey
{
	ExprKind	kind;
	Bytes		text;			/* points into the expression */
} CacheKey;

typedef struct CacheEntry
{
	CacheKey	key;
	ParsedExpr *expr;
} CacheEntry;

static struct
{
	MemoryContext context;
	HTAB	   *table;
	dlist_head	by_use;			/* the most recently used first */
	int64		hits;
	int64		misses;
	int64		evictions;
}			cache;

static void create_cache(void);
static void insert_expr(ParsedExpr *expr);
static void evict_expr(ParsedExpr *expr);

const ParsedExpr *
expr_parse(ExprKind kind, Bytes text)
{
	CacheKey	key = {kind, text};
	CacheEntry *entry;
	ParsedExpr *expr;

	if (cache.table == NULL)
		create_cache();

	entry = hash_search(cache.table, &key, HASH_FIND, NULL);
	if (entry && dynamo_expression_cache_size > 0)
	{
		cache.hits++;
		dlist_move_head(&cache.by_use, &entry->expr->lru);
		return entry->expr;
	}

	cache.misses++;
	expr = expr_parse_text(kind, text);
	if (entry)
		evict_expr(entry->expr);
	insert_expr(expr);
	return expr;
}

/*
 * Makes room, then inserts.  With a cache of size 0 the expression stays until
 * the next one comes, because the caller has not bound it yet.
 */
static void
insert_expr(ParsedExpr *expr)
{
	int			room = Max(dynamo_expression_cache_size, 1);
	CacheKey	key = {expr->kind, expr->text};
	CacheEntry *entry;

	while (hash_get_num_entries(cache.table) >= room)
		evict_expr(dlist_tail_element(ParsedExpr, lru, &cache.by_use));

	entry = hash_search(cache.table, &key, HASH_ENTER, NULL);
	entry->expr = expr;
	MemoryContextSetParent(expr->context, cache.context);
	dlist_push_head(&cache.by_use, &expr->lru);
	expr_pin(expr);
}

static void
evict_expr(ParsedExpr *expr)
{
	CacheKey	key = {expr->kind, expr->text};

	hash_search(cache.table, &key, HASH_REMOVE, NULL);
	dlist_delete(&expr->lru);
	cache.evictions++;
	expr_unpin(expr);
}

void
expr_pin(ParsedExpr *expr)
{
	expr->npins++;
}

void
expr_unpin(ParsedExpr *expr)
{
	Assert(expr->npins > 0);
	if (--expr->npins == 0)
		MemoryContextDelete(expr->context);
}

/* ---- the hash table ---- */

static uint32
hash_key(const void *key, Size size)
{
	const CacheKey *k = key;

	return hash_combine(hash_bytes((const unsigned char *) k->text.data,
								   k->text.len), (uint32) k->kind);
}

static int
match_keys(const void *a, const void *b, Size size)
{
	const CacheKey *x = a;
	const CacheKey *y = b;

	return x->kind == y->kind && bytes_equal(x->text, y->text) ? 0 : 1;
}

static void
create_cache(void)
{
	HASHCTL		control = {
		.keysize = sizeof(CacheKey),
		.entrysize = sizeof(CacheEntry),
		.hash = hash_key,
		.match = match_keys,
	};

	if (cache.context == NULL)
		cache.context = AllocSetContextCreate(CacheMemoryContext,
											  "dynamo expression cache",
											  ALLOCSET_DEFAULT_SIZES);
	dlist_init(&cache.by_use);
	control.hcxt = cache.context;
	cache.table = hash_create("dynamo expressions", 256, &control,
							  HASH_ELEM | HASH_FUNCTION | HASH_COMPARE |
							  HASH_CONTEXT);
}

/* ---- statistics ---- */

/*
 * dynamo.expression_cache_statistics(): entries, hits, misses and evictions of
 * this session.
 */
PG_FUNCTION_INFO_V1(expr_cache_statistics);
Datum
expr_cache_statistics(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	Datum		values[4];
	bool		nulls[4] = {false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	values[0] = Int64GetDatum(cache.table ? hash_get_num_entries(cache.table) : 0);
	values[1] = Int64GetDatum(cache.hits);
	values[2] = Int64GetDatum(cache.misses);
	values[3] = Int64GetDatum(cache.evictions);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(tupdesc, values, nulls)));
}
