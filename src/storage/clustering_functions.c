/*
 * clustering_functions.c
 *		Clustering as its users see it: switched per table, and measured.
 *
 * The switch is a column of dynamo.table_settings.  Sessions remember it with the
 * relation (clustering.c), so a change invalidates that in all of them.
 *
 * The measure is taken from the primary key's index, which is in the order of
 * collections, under the caller's snapshot; the heap is read only where the
 * visibility map does not vouch for a page.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/itup.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/visibilitymap.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "common/compat.h"
#include "storage/clustering.h"
#include "storage/storage_internal.h"

typedef struct Measure
{
	bool		enabled;
	bool		complete;		/* of all relations, by their primary keys */
	int64		items;
	int64		collections;
	int64		blocks;			/* sum of those of each collection */
	uint64		rows_placed;
	uint64		rows_steered;
} Measure;

/* The heap pages of the collection that is being read. */
typedef struct Collection
{
	IndexTuple	first;			/* an entry of it; NULL before the first one */
	BlockNumber *blocks;
	int			nblocks;
	int			size;
} Collection;

static void measure_relation(Measure *measure, Relation rel);
static void measure_index(Measure *measure, Relation rel, Relation index, int nhash);
static bool entry_is_visible(IndexScanDesc scan, Relation rel, TupleTableSlot *slot,
							 Buffer *map_buffer);
static bool same_partition(Relation index, int nhash, IndexTuple a, IndexTuple b);
static void begin_collection(Measure *measure, Collection *collection, IndexTuple entry);
static void add_block(Collection *collection, BlockNumber block);
static void make_room(Collection *collection);
static void remove_repetitions(Collection *collection);

/* ---- the switch ---- */

/* dynamo.set_clustering(table_name text, enabled boolean) returns void */
PG_FUNCTION_INFO_V1(dynamo_set_clustering);
Datum
dynamo_set_clustering(PG_FUNCTION_ARGS)
{
	text	   *argument = PG_GETARG_TEXT_PP(0);
	Bytes		name = {VARDATA_ANY(argument), VARSIZE_ANY_EXHDR(argument)};
	bool		enabled = PG_GETARG_BOOL(1);
	Oid			relid = dynamo_table_lookup(name);
	DynamoTable *table;
	TableSettings settings;
	ListCell   *cell;

	PreventCommandDuringRecovery("dynamo.set_clustering()");
	if (OidIsValid(relid) && !compat_owns_relation(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(relid));
	if (OidIsValid(relid))
		table_record_lock(relid);
	table = dynamo_table_open(name, AccessShareLock, ACL_NO_RIGHTS);
	relid = RelationGetRelid(table->rel);
	table_settings_read(relid, &settings);
	settings.unclustered = !enabled;
	table_settings_write(table, &settings);
	foreach(cell, find_all_inheritors(relid, AccessShareLock, NULL))
		CacheInvalidateRelcacheByRelid(lfirst_oid(cell));
	dynamo_table_close(table);
	PG_RETURN_VOID();
}

/* ---- the measure ---- */

/* dynamo.table_clustering(table_name text): one row; see storage.sql. */
PG_FUNCTION_INFO_V1(dynamo_table_clustering);
Datum
dynamo_table_clustering(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(0);
	DynamoTable *table = dynamo_table_open((Bytes) {VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)},
										   AccessShareLock, ACL_SELECT);
	Measure		measure = {.complete = true};
	bool		counted;
	uint64		ignored;
	ListCell   *cell;
	TupleDesc	desc;
	Datum		values[6];
	bool		isnull[6] = {false};

	if (check_enable_rls(RelationGetRelid(table->rel), InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row-level security hides rows of table \"%s\"", table->name),
				 errhint("Ask as its owner or as a role with BYPASSRLS.")));
	foreach(cell, find_all_inheritors(RelationGetRelid(table->rel), AccessShareLock, NULL))
	{
		Relation	rel = table_open(lfirst_oid(cell), NoLock);

		if (is_dynamo_relation(rel))
			measure_relation(&measure, rel);
		table_close(rel, NoLock);
	}
	counted = clustering_counts(RelationGetRelid(table->rel), &ignored, &ignored);
	dynamo_table_close(table);

	values[0] = BoolGetDatum(measure.enabled);
	values[1] = Int64GetDatum(measure.items);
	values[2] = Int64GetDatum(measure.collections);
	values[3] = Float8GetDatum(measure.blocks / (double) Max(measure.collections, 1));
	isnull[1] = isnull[2] = !measure.complete;
	isnull[3] = !measure.complete || measure.collections == 0;
	values[4] = Int64GetDatum((int64) measure.rows_placed);
	values[5] = Int64GetDatum((int64) measure.rows_steered);
	isnull[4] = isnull[5] = !counted;
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, isnull)));
}

/* Adds what a table, or a partition, has. */
static void
measure_relation(Measure *measure, Relation rel)
{
	const TableDefinition *definition = table_definition(rel);
	uint64		placed;
	uint64		steered;
	Relation	index;

	clustering_counts(RelationGetRelid(rel), &placed, &steered);
	measure->rows_placed += placed;
	measure->rows_steered += steered;
	if (definition == NULL || !OidIsValid(definition->primary_index))
	{
		measure->complete = false;
		return;
	}
	if (definition->key.nrange > 0 && table_clustering_is_on(rel))
		measure->enabled = true;
	index = index_open(definition->primary_index, AccessShareLock);
	measure_index(measure, rel, index, definition->key.nhash);
	index_close(index, AccessShareLock);
}

static void
measure_index(Measure *measure, Relation rel, Relation index, int nhash)
{
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	IndexScanDesc scan = compat_index_beginscan(rel, index, GetActiveSnapshot(), 0, 0);
	Collection	collection = {0};
	Buffer		map_buffer = InvalidBuffer;

	scan->xs_want_itup = true;
	index_rescan(scan, NULL, 0, NULL, 0);
	while (index_getnext_tid(scan, ForwardScanDirection) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (!entry_is_visible(scan, rel, slot, &map_buffer))
			continue;
		if (collection.first == NULL ||
			!same_partition(index, nhash, collection.first, scan->xs_itup))
			begin_collection(measure, &collection, scan->xs_itup);
		add_block(&collection, ItemPointerGetBlockNumber(&scan->xs_heaptid));
		measure->items++;
	}
	begin_collection(measure, &collection, NULL);

	if (BufferIsValid(map_buffer))
		ReleaseBuffer(map_buffer);
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

static bool
entry_is_visible(IndexScanDesc scan, Relation rel, TupleTableSlot *slot, Buffer *map_buffer)
{
	bool		result;

	if (VM_ALL_VISIBLE(rel, ItemPointerGetBlockNumber(&scan->xs_heaptid), map_buffer))
		return true;
	result = index_fetch_heap(scan, slot);
	ExecClearTuple(slot);
	return result;
}

/* Equal values of a key have the same bytes. */
static bool
same_partition(Relation index, int nhash, IndexTuple a, IndexTuple b)
{
	TupleDesc	desc = RelationGetDescr(index);

	for (int i = 0; i < nhash; i++)
	{
		bool		isnull;
		Datum		x = index_getattr(a, i + 1, desc, &isnull);
		Datum		y = index_getattr(b, i + 1, desc, &isnull);

		if (!datumIsEqual(x, y, false, -1))
			return false;
	}
	return true;
}

/* Counts the collection read so far, and begins that of an entry (NULL: none). */
static void
begin_collection(Measure *measure, Collection *collection, IndexTuple entry)
{
	if (collection->first != NULL)
	{
		remove_repetitions(collection);
		measure->collections++;
		measure->blocks += collection->nblocks;
		pfree(collection->first);
	}
	collection->nblocks = 0;
	collection->first = entry != NULL ? CopyIndexTuple(entry) : NULL;
}

static void
add_block(Collection *collection, BlockNumber block)
{
	if (collection->nblocks > 0 && collection->blocks[collection->nblocks - 1] == block)
		return;
	if (collection->nblocks == collection->size)
		make_room(collection);
	collection->blocks[collection->nblocks++] = block;
}

static void
make_room(Collection *collection)
{
	remove_repetitions(collection);
	if (collection->nblocks < collection->size / 2)
		return;
	collection->size = Max(collection->size * 2, 64);
	collection->blocks = collection->blocks == NULL ?
		palloc_array(BlockNumber, collection->size) :
		repalloc_huge(collection->blocks, collection->size * sizeof(BlockNumber));
}

static int
compare_blocks(const void *a, const void *b)
{
	BlockNumber x = *(const BlockNumber *) a;
	BlockNumber y = *(const BlockNumber *) b;

	return x < y ? -1 : x > y;
}

static void
remove_repetitions(Collection *collection)
{
	int			n = 0;

	qsort(collection->blocks, collection->nblocks, sizeof(BlockNumber), compare_blocks);
	for (int i = 0; i < collection->nblocks; i++)
		if (n == 0 || collection->blocks[n - 1] != collection->blocks[i])
			collection->blocks[n++] = collection->blocks[i];
	collection->nblocks = n;
}
