/*
 * check_index.c
 *		What is wrong with the secondary indexes of a table.
 *
 * For dynamo.check_table().  A btree agrees with its table if, in one snapshot,
 * each of its entries leads to a row with just those columns, no two rows it
 * leads to are alike, which its own order shows, and they are as many as the rows
 * that have all parts of the key.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/tableam.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "common/compat.h"
#include "storage/storage_internal.h"

static bool entry_is_row(IndexScanDesc scan, const IndexParts *parts, TupleTableSlot *slot);
static int compare_rows(const IndexParts *parts, TupleTableSlot *a, TupleTableSlot *b);
static int64 count_rows(Relation rel, const IndexParts *parts, Snapshot snapshot);

char *
index_disagreement(Relation rel, Oid btree, const IndexParts *parts)
{
	Relation	index = index_open(btree, AccessShareLock);
	Snapshot	snapshot = GetActiveSnapshot();
	TupleTableSlot *row = table_slot_create(rel, NULL);
	TupleTableSlot *last = MakeSingleTupleTableSlot(RelationGetDescr(rel), &TTSOpsHeapTuple);
	IndexScanDesc scan = compat_index_beginscan(rel, index, snapshot, 0, 0);
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext, "dynamo index check",
													  ALLOCSET_DEFAULT_SIZES);
	int64		entries = 0;
	int64		wrong = 0;
	int64		disorder = 0;
	int64		rows;

	scan->xs_want_itup = true;
	index_rescan(scan, NULL, 0, NULL, 0);
	while (index_getnext_slot(scan, ForwardScanDirection, row))
	{
		MemoryContext caller = MemoryContextSwitchTo(row_context);

		CHECK_FOR_INTERRUPTS();
		wrong += !entry_is_row(scan, parts, row);
		disorder += entries++ > 0 && compare_rows(parts, last, row) >= 0;
		MemoryContextSwitchTo(caller);
		ExecCopySlot(last, row);
		MemoryContextReset(row_context);
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(row);
	ExecDropSingleTupleTableSlot(last);
	MemoryContextDelete(row_context);
	index_close(index, AccessShareLock);

	rows = count_rows(rel, parts, snapshot);
	if (wrong > 0)
		return psprintf("has " INT64_FORMAT " entries that differ from their rows", wrong);
	if (disorder > 0)
		return psprintf("has " INT64_FORMAT " entries out of order, or twice", disorder);
	if (entries != rows)
		return psprintf("leads to " INT64_FORMAT " rows, not to the " INT64_FORMAT " that have its key",
						entries, rows);
	return NULL;
}

/* Whether the entry that the scan stands on has the values of its row. */
static bool
entry_is_row(IndexScanDesc scan, const IndexParts *parts, TupleTableSlot *slot)
{
	for (int i = 0; i < parts->n; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(scan->xs_itupdesc, i);
		bool		entry_isnull;
		bool		row_isnull;
		Datum		entry = index_getattr(scan->xs_itup, i + 1, scan->xs_itupdesc, &entry_isnull);
		Datum		row = slot_getattr(slot, parts->columns[i]->column, &row_isnull);

		if (entry_isnull || row_isnull ||
			!datum_image_eq(entry, row, attribute->attbyval, attribute->attlen))
			return false;
	}
	return true;
}

/* By the columns of the index, none of which is NULL. */
static int
compare_rows(const IndexParts *parts, TupleTableSlot *a, TupleTableSlot *b)
{
	for (int i = 0; i < parts->n; i++)
	{
		const DerivedColumn *part = parts->columns[i];
		TypeCacheEntry *type = lookup_type_cache(derived_column_type(part->type, part->role),
												 TYPECACHE_CMP_PROC_FINFO);
		bool		isnull;
		Datum		a_value = slot_getattr(a, part->column, &isnull);
		Datum		b_value = slot_getattr(b, part->column, &isnull);
		int			order = DatumGetInt32(FunctionCall2Coll(&type->cmp_proc_finfo,
													derived_column_collation(part->type, part->role),
													a_value, b_value));

		if (order != 0)
			return order;
	}
	return 0;
}

/* The rows that have all parts. */
static int64
count_rows(Relation rel, const IndexParts *parts, Snapshot snapshot)
{
	TupleTableSlot *row = table_slot_create(rel, NULL);
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	int64		count = 0;

	while (table_scan_getnextslot(scan, ForwardScanDirection, row))
	{
		bool		has_all = true;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; has_all && i < parts->n; i++)
			has_all = !slot_attisnull(row, parts->columns[i]->column);
		count += has_all;
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(row);
	return count;
}
