/*
 * row_sql_scan.c
 *		Scans by SQL, in batches.
 *
 * Each batch is one SELECT ... ORDER BY key LIMIT n that starts after the last
 * row of the batch before and reads with the snapshot of the first, so together
 * they return what one statement would.  Nothing of the executor is kept between
 * two calls: a portal would be, and it could be dropped under us at a COMMIT
 * that keeps our caller's cursor (WITH HOLD), or keep that COMMIT from happening.
 *
 * The first batches are small, for those who want only the first rows, unless it
 * is known how many they want.  Those from many partitions are large, and of one size:
 * each asks all of them for their first rows, and their plan, which is generic, is to
 * know the LIMIT.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "partitioning/partdesc.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "storage/row_internal.h"

#define FIRST_BATCH_SIZE	16
#define LAST_BATCH_SIZE		128
#define MAX_MERGED_BATCH	1024

/* Columns of the statement; those of the key follow. */
enum
{
	SCANNED_ITEM = 1,
	SCANNED_KEY,
};

struct SqlScan
{
	MemoryContext context;		/* the caller's */
	MemoryContext batch_context;	/* holds the batch, and conditions.start from then on */
	DynamoTable *table;
	AttrNumber	item_column;
	const KeyIndex *index;
	ScanShape	shape;
	KeyConditions conditions;
	Snapshot	snapshot;
	TupleDesc	desc;
	HeapTuple  *batch;
	int			plan_options;
	int			batch_limit;
	int			nrows;
	int			next_row;
	bool		last_batch;
};

/* Comparisons, start and LIMIT. */
#define MAX_SCAN_PARAMETERS (MAX_KEY_ATTRIBUTES + 4 + MAX_INDEX_PARTS + 1)

/* A statement in the making. */
typedef struct Statement
{
	StringInfoData text;
	int			nargs;
	Oid			argtypes[MAX_SCAN_PARAMETERS];
	Datum		args[MAX_SCAN_PARAMETERS];
} Statement;

static int ncompared(const KeyConditions *conditions);
static bool merges_partitions(const SqlScan *scan);
static int merged_batch_size(Relation rel);
static void fetch_batch(SqlScan *scan);
static void keep_batch(SqlScan *scan);
static void start_after_batch(SqlScan *scan);
static Datum key_of_row(SqlScan *scan, HeapTuple row, int part);
static bool row_in_segment(SqlScan *scan, HeapTuple row, MemoryContext context);
static void make_statement(SqlScan *scan, Statement *statement);
static void append_conditions(SqlScan *scan, Statement *statement);
static void append_not_null(SqlScan *scan, StringInfo text);
static void append_start(SqlScan *scan, Statement *statement);
static void append_parameter(Statement *statement, Oid type, Datum value);

SqlScan *
sql_scan_begin(DynamoTable *table, const KeyIndex *index,
			   const ScanShape *shape, const KeyConditions *conditions)
{
	SqlScan    *scan = palloc0(sizeof(SqlScan));

	scan->context = CurrentMemoryContext;
	scan->batch_context = AllocSetContextCreate(CurrentMemoryContext, "dynamo scan batch",
												ALLOCSET_DEFAULT_SIZES);
	scan->table = table;
	scan->item_column = table_access(table)->item_column;
	scan->index = index;
	scan->shape = *shape;
	scan->conditions = *conditions;
	scan->plan_options = sql_plan_options(table->rel, index->keys, conditions->start_part,
										  ncompared(conditions));
	if (merges_partitions(scan))
		scan->batch_limit = merged_batch_size(table->rel);
	else if (shape->limit > 0 && shape->total_segments <= 1)
		scan->batch_limit = Min(shape->limit, LAST_BATCH_SIZE);
	else
		scan->batch_limit = FIRST_BATCH_SIZE;
	scan->snapshot = RegisterSnapshot(GetActiveSnapshot());
	return scan;
}

bool
sql_scan_next(SqlScan *scan, MemoryContext item_context, Datum *item)
{
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		while (scan->next_row < scan->nrows)
		{
			HeapTuple	row = scan->batch[scan->next_row++];
			bool		isnull;

			if (!row_in_segment(scan, row, item_context))
				continue;
			*item = heap_getattr(row, SCANNED_ITEM, scan->desc, &isnull);
			check_item_is_there(isnull);
			return true;
		}
		if (scan->last_batch)
			return false;
		fetch_batch(scan);
	}
}

void
sql_scan_end(SqlScan *scan)
{
	UnregisterSnapshot(scan->snapshot);
}

/* ---- batches ---- */

/* How many parts of the key are compared with something; they are its first. */
static int
ncompared(const KeyConditions *conditions)
{
	int			n = 0;

	for (int i = 0; i < conditions->ncomparisons; i++)
		n = Max(n, conditions->comparisons[i].part + 1);
	return n;
}

static bool
merges_partitions(const SqlScan *scan)
{
	return scan->plan_options == CURSOR_OPT_GENERIC_PLAN;
}

/* A first row is read from each partition; as many may be returned. */
static int
merged_batch_size(Relation rel)
{
	int			npartitions = RelationGetPartitionDesc(rel, true)->nparts;

	return Max(LAST_BATCH_SIZE, Min(npartitions, MAX_MERGED_BATCH));
}

static void
fetch_batch(SqlScan *scan)
{
	Statement	statement;
	SPIPlanPtr	plan;

	SPI_connect();
	PushActiveSnapshot(scan->snapshot);
	make_statement(scan, &statement);
	plan = sql_kept_plan(table_access(scan->table), statement.text.data,
						 statement.nargs, statement.argtypes, scan->plan_options);
	if (SPI_execute_plan(plan, statement.args, NULL, true, 0) < 0)
		elog(ERROR, "execution of a scan failed: %s", SPI_result_code_string(SPI_result));
	keep_batch(scan);
	/* their locks came after the snapshot */
	if (has_children(scan->table->rel))
		check_rewrite(scan->table);
	PopActiveSnapshot();
	SPI_finish();

	scan->last_batch = scan->nrows < scan->batch_limit;
	if (!merges_partitions(scan))
		scan->batch_limit = Min(scan->batch_limit * 2, LAST_BATCH_SIZE);
	if (!scan->last_batch)
		start_after_batch(scan);
}

/* Copies the rows that SPI has found. */
static void
keep_batch(SqlScan *scan)
{
	if (scan->desc == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(scan->context);

		scan->desc = CreateTupleDescCopy(SPI_tuptable->tupdesc);
		MemoryContextSwitchTo(caller);
	}

	MemoryContextReset(scan->batch_context);
	scan->next_row = 0;
	scan->nrows = (int) SPI_processed;
	scan->batch = MemoryContextAlloc(scan->batch_context, (scan->nrows + 1) * sizeof(HeapTuple));
	for (int i = 0; i < scan->nrows; i++)
	{
		MemoryContext caller = MemoryContextSwitchTo(scan->batch_context);

		scan->batch[i] = heap_copytuple(SPI_tuptable->vals[i]);
		MemoryContextSwitchTo(caller);
	}
}

static void
start_after_batch(SqlScan *scan)
{
	KeyConditions *conditions = &scan->conditions;
	HeapTuple	last = scan->batch[scan->nrows - 1];

	conditions->nstart = scan->index->nkeys - conditions->start_part;
	for (int i = 0; i < conditions->nstart; i++)
		conditions->start[i] = key_of_row(scan, last, conditions->start_part + i);
	if (conditions->nstart == 0)
		scan->last_batch = true;	/* the range is of one row */
}

/* It may point into the row. */
static Datum
key_of_row(SqlScan *scan, HeapTuple row, int part)
{
	bool		isnull;

	return heap_getattr(row, SCANNED_KEY + part, scan->desc, &isnull);
}

static bool
row_in_segment(SqlScan *scan, HeapTuple row, MemoryContext context)
{
	Datum		partition_key[MAX_HASH_ATTRIBUTES];
	MemoryContext caller = MemoryContextSwitchTo(context);
	bool		result;

	for (int i = 0; i < scan->shape.nhash; i++)
		partition_key[i] = key_of_row(scan, row, i);
	result = in_segment(&scan->shape, partition_key);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(context);
	return result;
}

/* ---- the statement ---- */

static void
make_statement(SqlScan *scan, Statement *statement)
{
	Relation	rel = scan->table->rel;
	const KeyIndex *index = scan->index;
	StringInfo	text = &statement->text;

	initStringInfo(text);
	statement->nargs = 0;
	appendStringInfoString(text, "SELECT ");
	append_column_name(text, rel, scan->item_column);
	for (int i = 0; i < index->nkeys; i++)
	{
		appendStringInfoString(text, ", ");
		append_column_name(text, rel, index->keys[i].column);
	}
	appendStringInfoString(text, " FROM ");
	append_table_name(text, rel);
	appendStringInfoString(text, " WHERE true");
	append_conditions(scan, statement);
	if (scan->conditions.nstart > 0)
		append_start(scan, statement);
	appendStringInfoString(text, " ORDER BY ");
	for (int i = 0; i < index->nkeys; i++)
	{
		appendStringInfoString(text, i == 0 ? "" : ", ");
		append_column_name(text, rel, index->keys[i].column);
		appendStringInfoString(text, scan->shape.backward ? " DESC" : " ASC");
	}
	appendStringInfoString(text, " LIMIT ");
	if (merges_partitions(scan))
		appendStringInfo(text, "%d", scan->batch_limit);
	else
		append_parameter(statement, INT8OID, Int64GetDatum(scan->batch_limit));
}

static void
append_conditions(SqlScan *scan, Statement *statement)
{
	static const char *const operators[] = {
		[BTLessStrategyNumber] = "<",
		[BTLessEqualStrategyNumber] = "<=",
		[BTEqualStrategyNumber] = "=",
		[BTGreaterEqualStrategyNumber] = ">=",
		[BTGreaterStrategyNumber] = ">",
	};

	append_not_null(scan, &statement->text);
	for (int i = 0; i < scan->conditions.ncomparisons; i++)
	{
		const KeyComparison *comparison = &scan->conditions.comparisons[i];
		const KeyColumn *key = &scan->index->keys[comparison->part];

		appendStringInfoString(&statement->text, " AND ");
		append_column_name(&statement->text, scan->table->rel, key->column);
		appendStringInfo(&statement->text, " OPERATOR(pg_catalog.%s) ",
						 operators[comparison->strategy]);
		append_parameter(statement, key->type_oid, comparison->value);
	}
}

/* Rows without a part of the key are in no index. */
static void
append_not_null(SqlScan *scan, StringInfo text)
{
	int			column = -1;

	while ((column = bms_next_member(scan->index->not_null, column)) >= 0)
	{
		appendStringInfoString(text, " AND ");
		append_column_name(text, scan->table->rel, column);
		appendStringInfoString(text, " IS NOT NULL");
	}
}

/* "AND ROW(k1, k2) > ROW($1, $2)" */
static void
append_start(SqlScan *scan, Statement *statement)
{
	const KeyConditions *conditions = &scan->conditions;
	const KeyColumn *keys = &scan->index->keys[conditions->start_part];
	StringInfo	text = &statement->text;

	appendStringInfoString(text, " AND ROW(");
	for (int i = 0; i < conditions->nstart; i++)
	{
		appendStringInfoString(text, i == 0 ? "" : ", ");
		append_column_name(text, scan->table->rel, keys[i].column);
	}
	appendStringInfo(text, ") OPERATOR(pg_catalog.%s) ROW(",
					 conditions->start_strategy == BTLessStrategyNumber ? "<" : ">");
	for (int i = 0; i < conditions->nstart; i++)
	{
		appendStringInfoString(text, i == 0 ? "" : ", ");
		append_parameter(statement, keys[i].type_oid, conditions->start[i]);
	}
	appendStringInfoChar(text, ')');
}

static void
append_parameter(Statement *statement, Oid type, Datum value)
{
	statement->argtypes[statement->nargs] = type;
	statement->args[statement->nargs++] = value;
	appendStringInfo(&statement->text, "$%d", statement->nargs);
}
