/*
 * expire.c
 *		Deleting items whose time has come.
 *
 * The btree over the column _ttl gives the rows in the order of their times; of a
 * partitioned table those of its partitions, one after another.  Each is deleted as
 * the version that was found, without waiting: whoever has locked it, or has changed
 * it since (and so may have moved its time), is left alone.  A version whose time was
 * moved is not in the snapshot of the look, or has another entry.
 *
 * A look goes on behind the last row that it has seen, so that what cannot be
 * deleted holds up nothing.  Rows of one time stand in the order of their places
 * in the heap; those seen already are passed over in the index.
 *
 * Where the executor must see the access (row_sql.c says where) the owner's
 * DELETE by SQL does the same, with FOR UPDATE SKIP LOCKED.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "common/compat.h"
#include "storage/row_internal.h"

static int find_rows(DynamoTable *table, TtlScan *scan, int limit, Snapshot snapshot,
					 ItemPointerData *rows);
static List *parts_of(Relation rel);
static int find_rows_of_part(TtlScan *scan, int limit, Snapshot snapshot, ItemPointerData *rows);
static bool next_row(IndexScanDesc index_scan, TtlScan *scan, TupleTableSlot *row);
static int delete_directly(Relation rel, const ItemPointerData *rows, int n, Snapshot snapshot);
static int delete_by_sql(DynamoTable *table, const TtlScan *scan, const ItemPointerData *rows, int n);
static AttrNumber ttl_column_number(const TableDefinition *definition);
static char *make_delete(DynamoTable *table);

/* An owner may have taken his own rights away. */
static void
check_may_delete(Relation rel)
{
	AclMode		privileges = ACL_SELECT | ACL_DELETE;

	if (pg_class_aclmask(RelationGetRelid(rel), GetUserId(), privileges, ACLMASK_ALL) != privileges)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(rel));
}

DynamoTable *
ttl_table_open(Oid relid)
{
	Relation	rel;
	DynamoTable *table;

	if (!ConditionalLockRelationOid(relid, RowExclusiveLock))
		return NULL;
	rel = try_relation_open(relid, NoLock);
	if (rel == NULL)
	{
		UnlockRelationOid(relid, RowExclusiveLock);
		return NULL;
	}
	check_may_delete(rel);
	table = dynamo_table_of(rel, bytes_to_cstring(table_full_name(relid, RelationGetRelationName(rel))),
							ACL_DELETE);
	if (table == NULL || OidIsValid(table_ttl_index(table->rel)))
		return table;
	dynamo_table_close(table);
	return NULL;
}

int
ttl_table_expire(DynamoTable *table, TtlScan *scan, int limit)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	ItemPointerData *rows = palloc_array(ItemPointerData, limit);
	int			deleted = 0;

	scan->looked_at = find_rows(table, scan, limit, snapshot, rows);
	if (scan->looked_at > 0)
	{
		stream_mark_write(TTL_MARK, "");
		deleted = table->direct ?
			delete_directly(table->rel, rows, scan->looked_at, snapshot) :
			delete_by_sql(table, scan, rows, scan->looked_at);
	}
	pfree(rows);
	UnregisterSnapshot(snapshot);
	return deleted;
}

/* ---- what has expired ---- */

/* So many rows of one part at most; how many there were. */
static int
find_rows(DynamoTable *table, TtlScan *scan, int limit, Snapshot snapshot, ItemPointerData *rows)
{
	List	   *parts = parts_of(table->rel);
	ListCell   *cell;

	foreach(cell, parts)
	{
		int			n;

		if (lfirst_oid(cell) < scan->part)
			continue;
		if (lfirst_oid(cell) > scan->part)
		{
			scan->part = lfirst_oid(cell);
			scan->time = scan->oldest;
			ItemPointerSetInvalid(&scan->row);
		}
		n = find_rows_of_part(scan, limit, snapshot, rows);
		scan->complete = n < limit && scan->part == llast_oid(parts);
		if (n > 0)
			return n;
	}
	scan->complete = true;
	return 0;
}

/* In ascending order. */
static List *
parts_of(Relation rel)
{
	List	   *all;
	List	   *parts = NIL;
	ListCell   *cell;

	if (rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return list_make1_oid(RelationGetRelid(rel));
	all = find_all_inheritors(RelationGetRelid(rel), AccessShareLock, NULL);
	foreach(cell, all)
		if (get_rel_relkind(lfirst_oid(cell)) == RELKIND_RELATION)
			parts = lappend_oid(parts, lfirst_oid(cell));
	list_sort(parts, list_oid_cmp);
	return parts;
}

static int
find_rows_of_part(TtlScan *scan, int limit, Snapshot snapshot, ItemPointerData *rows)
{
	Relation	rel = table_open(scan->part, AccessShareLock);
	Oid			index_oid = table_ttl_index(rel);
	TupleTableSlot *row = table_slot_create(rel, NULL);
	int			n = 0;

	if (OidIsValid(index_oid))
	{
		Relation	index = index_open(index_oid, AccessShareLock);
		IndexScanDesc index_scan = compat_index_beginscan(rel, index, snapshot, 2, 0);
		ScanKeyData keys[2];

		ScanKeyInit(&keys[0], 1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(scan->time));
		ScanKeyInit(&keys[1], 1, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(scan->latest));
		index_scan->xs_want_itup = true;
		index_rescan(index_scan, keys, 2, NULL, 0);
		while (n < limit && next_row(index_scan, scan, row))
			rows[n++] = row->tts_tid;
		index_endscan(index_scan);
		index_close(index, NoLock);
	}
	ExecDropSingleTupleTableSlot(row);
	table_close(rel, NoLock);
	return n;
}

/* The next row that is there, behind the last one; false at the end. */
static bool
next_row(IndexScanDesc index_scan, TtlScan *scan, TupleTableSlot *row)
{
	ItemPointer tid;

	while ((tid = index_getnext_tid(index_scan, ForwardScanDirection)) != NULL)
	{
		bool		isnull;
		int64		time = DatumGetInt64(index_getattr(index_scan->xs_itup, 1,
													   index_scan->xs_itupdesc, &isnull));

		CHECK_FOR_INTERRUPTS();
		if (time == scan->time && ItemPointerIsValid(&scan->row) &&
			ItemPointerCompare(tid, &scan->row) <= 0)
			continue;
		scan->time = time;
		scan->row = *tid;
		if (index_fetch_heap(index_scan, row))
			return true;
	}
	return false;
}

/* ---- deleting ---- */

/* Those that nobody is in the way of. */
static int
delete_directly(Relation rel, const ItemPointerData *rows, int n, Snapshot snapshot)
{
	int			deleted = 0;

	for (int i = 0; i < n; i++)
	{
		ItemPointerData row = rows[i];
		TM_FailureData failure;

		CHECK_FOR_INTERRUPTS();
		if (table_tuple_delete(rel, &row, GetCurrentCommandId(true), snapshot, InvalidSnapshot,
							   false, &failure, false) == TM_Ok)
			deleted++;
	}
	return deleted;
}

static int
delete_by_sql(DynamoTable *table, const TtlScan *scan, const ItemPointerData *rows, int n)
{
	Oid			types[] = {TIDARRAYOID, OIDOID, INT8OID};
	Datum	   *places = palloc_array(Datum, n);
	Datum		values[3];
	int64		deleted;
	bool		isnull;

	for (int i = 0; i < n; i++)
		places[i] = PointerGetDatum(&rows[i]);
	values[0] = PointerGetDatum(construct_array(places, n, TIDOID, sizeof(ItemPointerData), false,
												TYPALIGN_SHORT));
	values[1] = ObjectIdGetDatum(scan->part);
	values[2] = Int64GetDatum(scan->latest);
	SPI_connect();
	if (SPI_execute_with_args(make_delete(table), 3, types, values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "deletion of expired items failed");
	deleted = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	pfree(places);
	return deleted;
}

static AttrNumber
ttl_column_number(const TableDefinition *definition)
{
	for (int i = 0; i < definition->nderived; i++)
		if (definition->derived[i].role == DERIVED_TTL)
			return definition->derived[i].column;
	return InvalidAttrNumber;
}

/*
 * WITH due AS MATERIALIZED (
 *		SELECT "k", _ttl FROM dynamodb."Tasks"
 *		WHERE ctid = ANY ($1) AND tableoid = $2 AND _ttl <= $3 FOR UPDATE SKIP LOCKED),
 *	gone AS (DELETE FROM dynamodb."Tasks" t USING due
 *		WHERE t._ttl = due._ttl AND t."k" = due."k" RETURNING 1)
 * SELECT count(*) FROM gone
 *
 * The time counts again, since a lock takes the latest version of a row.
 */
static char *
make_delete(DynamoTable *table)
{
	const TableDefinition *definition = table->definition;
	int			nkeys = definition->key.nhash + definition->key.nrange;
	AttrNumber	ttl = ttl_column_number(definition);
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "WITH due AS MATERIALIZED (SELECT ");
	for (int i = 0; i < nkeys; i++)
	{
		append_column_name(&sql, table->rel, definition->key_columns[i]);
		appendStringInfoString(&sql, ", ");
	}
	append_column_name(&sql, table->rel, ttl);
	appendStringInfoString(&sql, " FROM ");
	append_table_name(&sql, table->rel);
	appendStringInfoString(&sql, " WHERE ctid OPERATOR(pg_catalog.=) ANY ($1) AND "
								 "tableoid OPERATOR(pg_catalog.=) $2 AND ");
	append_column_name(&sql, table->rel, ttl);
	appendStringInfoString(&sql, " OPERATOR(pg_catalog.<=) $3 FOR UPDATE SKIP LOCKED), "
								 "gone AS (DELETE FROM ");
	append_table_name(&sql, table->rel);
	appendStringInfoString(&sql, " t USING due WHERE ");
	for (int i = 0; i <= nkeys; i++)
	{
		AttrNumber	column = i < nkeys ? definition->key_columns[i] : ttl;

		appendStringInfoString(&sql, i > 0 ? " AND t." : "t.");
		append_column_name(&sql, table->rel, column);
		appendStringInfoString(&sql, " OPERATOR(pg_catalog.=) due.");
		append_column_name(&sql, table->rel, column);
	}
	appendStringInfoString(&sql, " RETURNING 1) SELECT pg_catalog.count(*) FROM gone");
	return sql.data;
}
