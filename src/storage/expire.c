/*
 * expire.c
 *		Deleting items whose time has come.
 *
 * The btree over the column _ttl gives the rows in the order of their times.
 * Each is deleted as the version that was found, without waiting: whoever has
 * locked it, or has changed it since (and so may have moved its time), is left
 * alone.  A version whose time was moved is not in the snapshot of the look, or
 * has another entry.
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
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "common/compat.h"
#include "storage/row_internal.h"

static int	expire_directly(DynamoTable *table, TtlScan *scan, int limit);
static bool next_row(IndexScanDesc index_scan, TtlScan *scan, TupleTableSlot *row);
static bool delete_version(Relation rel, TupleTableSlot *row, Snapshot snapshot);
static int	expire_by_sql(DynamoTable *table, TtlScan *scan, int limit);
static AttrNumber ttl_column_number(const TableDefinition *definition);
static bool any_is_due(DynamoTable *table, const TtlScan *scan);
static char *make_delete(DynamoTable *table);
static void append_range(StringInfo sql, DynamoTable *table);

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
	if (table->direct)
		return expire_directly(table, scan, limit);
	return expire_by_sql(table, scan, limit);
}

/* ---- directly ---- */

static int
expire_directly(DynamoTable *table, TtlScan *scan, int limit)
{
	Relation	rel = table->rel;
	Relation	index = index_open(table_ttl_index(rel), AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TupleTableSlot *row = table_slot_create(rel, NULL);
	IndexScanDesc index_scan = compat_index_beginscan(rel, index, snapshot, 2, 0);
	ScanKeyData keys[2];
	int			deleted = 0;
	bool		marked = false;

	ScanKeyInit(&keys[0], 1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(scan->first));
	ScanKeyInit(&keys[1], 1, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(scan->last));
	index_scan->xs_want_itup = true;
	index_rescan(index_scan, keys, 2, NULL, 0);
	for (int i = 0; i < limit; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!next_row(index_scan, scan, row))
		{
			scan->complete = true;
			break;
		}
		if (!marked)
			stream_mark_write(TTL_MARK, "");
		marked = true;
		if (delete_version(rel, row, snapshot))
			deleted++;
	}
	index_endscan(index_scan);
	ExecDropSingleTupleTableSlot(row);
	UnregisterSnapshot(snapshot);
	index_close(index, NoLock);
	return deleted;
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

		if (time == scan->first && ItemPointerIsValid(&scan->last_row) &&
			ItemPointerCompare(tid, &scan->last_row) <= 0)
			continue;
		scan->first = time;
		scan->last_row = *tid;
		if (index_fetch_heap(index_scan, row))
			return true;
		CHECK_FOR_INTERRUPTS();
	}
	return false;
}

/* False if somebody is in the way. */
static bool
delete_version(Relation rel, TupleTableSlot *row, Snapshot snapshot)
{
	ItemPointerData tid = row->tts_tid;
	TM_FailureData failure;
	TM_Result	result;

	ExecClearTuple(row);
	result = table_tuple_delete(rel, &tid, GetCurrentCommandId(true), snapshot, InvalidSnapshot,
								false, &failure, false);
	return result == TM_Ok;
}

/* ---- by SQL ---- */

static int
expire_by_sql(DynamoTable *table, TtlScan *scan, int limit)
{
	Oid			types[] = {INT8OID, INT8OID, INT8OID};
	Datum		values[] = {
		Int64GetDatum(scan->first), Int64GetDatum(scan->last), Int64GetDatum(limit)
	};
	int64		looked_at;
	int64		deleted;
	bool		isnull;

	SPI_connect();
	if (!any_is_due(table, scan))
	{
		scan->complete = true;
		SPI_finish();
		return 0;
	}
	stream_mark_write(TTL_MARK, "");
	if (SPI_execute_with_args(make_delete(table), 3, types, values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "deletion of expired items failed");
	looked_at = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	deleted = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
	scan->complete = looked_at < limit;
	if (looked_at > 0)
		scan->first = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3, &isnull)) +
			(deleted == 0 ? 1 : 0);
	SPI_finish();
	return deleted;
}

static bool
any_is_due(DynamoTable *table, const TtlScan *scan)
{
	Oid			types[] = {INT8OID, INT8OID};
	Datum		values[] = {Int64GetDatum(scan->first), Int64GetDatum(scan->last)};
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT FROM ");
	append_table_name(&sql, table->rel);
	append_range(&sql, table);
	appendStringInfoString(&sql, " LIMIT 1");
	if (SPI_execute_with_args(sql.data, 2, types, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "a look for expired items failed");
	return SPI_processed > 0;
}

/* " WHERE _ttl >= $1 AND _ttl <= $2" */
static void
append_range(StringInfo sql, DynamoTable *table)
{
	AttrNumber	column = ttl_column_number(table->definition);

	appendStringInfoString(sql, " WHERE ");
	append_column_name(sql, table->rel, column);
	appendStringInfoString(sql, " OPERATOR(pg_catalog.>=) $1 AND ");
	append_column_name(sql, table->rel, column);
	appendStringInfoString(sql, " OPERATOR(pg_catalog.<=) $2");
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
 *		SELECT "k", _ttl FROM dynamodb."Tasks" WHERE _ttl >= $1 AND _ttl <= $2
 *		ORDER BY _ttl LIMIT $3 FOR UPDATE SKIP LOCKED),
 *	gone AS (DELETE FROM dynamodb."Tasks" t USING due
 *		WHERE t._ttl = due._ttl AND t."k" = due."k" RETURNING 1)
 * SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM gone), (SELECT max(_ttl) FROM due)
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
	append_range(&sql, table);
	appendStringInfoString(&sql, " ORDER BY ");
	append_column_name(&sql, table->rel, ttl);
	appendStringInfoString(&sql, " LIMIT $3 FOR UPDATE SKIP LOCKED), gone AS (DELETE FROM ");
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
	appendStringInfoString(&sql, " RETURNING 1) SELECT (SELECT pg_catalog.count(*) FROM due), "
						   "(SELECT pg_catalog.count(*) FROM gone), (SELECT pg_catalog.max(due.");
	append_column_name(&sql, table->rel, ttl);
	appendStringInfoString(&sql, ") FROM due)");
	return sql.data;
}
