/*
 * bulk_load.c
 *		Loading many items into a table: dynamo.load_items().
 *
 * Rows are to reach the heap and the primary key's index in the order of their
 * key: then an item collection comes to lie on consecutive pages, and index
 * leaves are filled one after the other.  As long as the items come in that
 * order, and nothing can be in their way, they are stored, a batch at a time.
 * From the first that does not on they go through a sort, on disk where
 * maintenance_work_mem does not hold them, and are stored when all have been seen.
 *
 * What is sorted is the whole row with its number among the items as a last
 * column.  Of several rows with one key the first to leave the sort is the one
 * that counts: the sort puts the earliest first, or the latest where items
 * replace others.
 *
 * A key that the table has already:
 *
 *	- is an error: the unique index raises it.
 *	- is skipped, or its item replaced: then each row's key is looked up first,
 *	  unless the table was empty.  Replacing is a point write.
 *
 * Where the executor must see the rows (DynamoTable.direct is false) each is
 * written like one of put_item(), by SQL.
 *
 * The caller's lock on the table keeps other writers out, so what has been
 * looked up stays true.  Not so our own transaction: what the query calls may
 * write to the table.  So a table counts as empty no longer than no other command
 * of the transaction has begun.
 *
 * Progress is that of a COPY FROM, in pg_stat_progress_copy, with counters of
 * our own behind its, which dynamo.stat_progress_load shows.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/progress.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

#include "common/compat.h"
#include "storage/bulk_internal.h"
#include "storage/row_internal.h"

/* Counters of the progress, behind those of COPY; api.sql names them. */
#define PROGRESS_LOAD_PHASE	   10 /* 0: this is no load */
#define PROGRESS_LOAD_READ	   11
#define PROGRESS_LOAD_SORTED   12
#define PROGRESS_LOAD_LOADED   13
#define PROGRESS_LOAD_REPLACED 14

typedef enum LoadPhase
{
	PHASE_READING = 1,
	PHASE_SORTING,
	PHASE_STORING,
	PHASE_INDEXING,
} LoadPhase;

struct TableLoad
{
	DynamoTable *table;
	const TableAccess *access;
	LoadConflict on_conflict;
	LoadCounts	counts;
	int64		nread;			/* items so far */
	int64		current;		/* number of the item that is read or stored; 0: none */
	ErrorContextCallback error_context;

	MemoryContext context;		/* of all of this */
	ResourceOwner owner;		/* the same */
	MemoryContext item_context; /* of one item, reset for each */
	TupleTableSlot *row;		/* of that item, with its number */

	BulkInsert *insert;			/* NULL: rows are written by SQL */
	bool		may_conflict;	/* the table may have keys of items to come */
	CommandId	command;		/* as long as it is the current one, only we have stored rows */
	Tuplesortstate *sort;		/* NULL: all have come in order so far */
	int64		nsorted;		/* handed to it */
	RowLookup	lookup;			/* open while sorted rows are stored directly */
};

/* A WriteDecision's argument. */
typedef struct RowDecision
{
	TableLoad  *load;
	DynamoItem *item;
	bool		existed;
} RowDecision;

static TupleDesc numbered_row_desc(Relation rel);
static void add_error_context(void *arg);
static void begin_progress(TableLoad *load);
static void report_progress(TableLoad *load, LoadPhase phase);
static void make_row(TableLoad *load, const DynamoItem *item);
static void set_number(TupleTableSlot *row, int64 number);
static void look_for_other_commands(TableLoad *load);
static bool may_store_at_once(TableLoad *load);
static int compare_keys(TableLoad *load, TupleTableSlot *a, TupleTableSlot *b);
static void begin_sort(TableLoad *load);
static void sort_pending_rows(TableLoad *load);
static void sort_row(TableLoad *load, TupleTableSlot *row);
static void end_insert(TableLoad *load);
static void store_sorted_rows(TableLoad *load);
static void store_row(TableLoad *load, TupleTableSlot *row);
static void insert_row(TableLoad *load, TupleTableSlot *row);
static bool key_exists(TableLoad *load, TupleTableSlot *row);
static void write_row(TableLoad *load, TupleTableSlot *row);
static WriteVerdict decide_row(void *arg, const DynamoItem *old, DynamoItem **new_item);
pg_noreturn static void key_exists_error(TableLoad *load, const DynamoItem *item);
static void count_existing(TableLoad *load);

/* ---- reading ---- */

TableLoad *
table_load_begin(DynamoTable *table, LoadConflict on_conflict)
{
	TableLoad  *load = palloc0_object(TableLoad);

	load->table = table;
	load->access = table_access(table);
	load->on_conflict = on_conflict;
	load->current = 1;
	load->context = CurrentMemoryContext;
	load->owner = CurrentResourceOwner;
	load->item_context = AllocSetContextCreate(CurrentMemoryContext, "dynamo loaded item",
											   ALLOCSET_DEFAULT_SIZES);
	load->row = MakeSingleTupleTableSlot(numbered_row_desc(table->rel), &TTSOpsVirtual);
	CommandCounterIncrement();
	load->command = GetCurrentCommandId(false);
	if (table->direct)
	{
		load->may_conflict = RelationGetNumberOfBlocks(table->rel) > 0;
		load->insert = bulk_insert_begin(table->rel, &load->current);
	}
	begin_progress(load);

	load->error_context.previous = error_context_stack;
	load->error_context.callback = add_error_context;
	load->error_context.arg = load;
	error_context_stack = &load->error_context;
	return load;
}

/* The columns of the table, and the number of the item. */
static TupleDesc
numbered_row_desc(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	TupleDesc	result = CreateTemplateTupleDesc(desc->natts + 1);

	for (int i = 1; i <= desc->natts; i++)
		TupleDescCopyEntry(result, i, desc, i);
	TupleDescInitEntry(result, result->natts, "number", INT8OID, -1, 0);
	return result;
}

static void
add_error_context(void *arg)
{
	TableLoad  *load = arg;

	if (load->current > 0)
		errcontext("load into table \"%s\", item " INT64_FORMAT, load->table->name, load->current);
	else
		errcontext("load into table \"%s\"", load->table->name);
}

/* (The items may come from a cursor's portal, which ends before the load.) */
void
table_load_add(TableLoad *load, const DynamoItem *item)
{
	MemoryContext caller = MemoryContextSwitchTo(load->item_context);
	ResourceOwner caller_owner = CurrentResourceOwner;

	CurrentResourceOwner = load->owner;
	make_row(load, item);
	look_for_other_commands(load);
	if (load->sort == NULL && may_store_at_once(load))
		insert_row(load, load->row);
	else
	{
		if (load->sort == NULL)
			begin_sort(load);
		sort_row(load, load->row);
	}
	CurrentResourceOwner = caller_owner;
	MemoryContextSwitchTo(caller);
	MemoryContextReset(load->item_context);
	load->nread++;
	load->current++;
	report_progress(load, PHASE_READING);
}

static void
make_row(TableLoad *load, const DynamoItem *item)
{
	TupleTableSlot *row = load->row;

	ExecClearTuple(row);
	item_row_values(table_definition(load->table->rel), RelationGetDescr(load->table->rel),
					item, NULL, row->tts_values, row->tts_isnull);
	set_number(row, load->current);
	ExecStoreVirtualTuple(row);
}

static void
set_number(TupleTableSlot *row, int64 number)
{
	int			column = row->tts_tupleDescriptor->natts - 1;

	row->tts_values[column] = Int64GetDatum(number);
	row->tts_isnull[column] = false;
}

static void
look_for_other_commands(TableLoad *load)
{
	load->may_conflict |= GetCurrentCommandId(false) != load->command;
}

/*
 * Whether the row follows the last one, and nothing can be in its way but a key
 * that is an error.  (Beside a parallel query only some things may be done.)
 */
static bool
may_store_at_once(TableLoad *load)
{
	TupleTableSlot *last;

	if (load->insert == NULL || IsInParallelMode() ||
		(load->may_conflict && load->on_conflict != LOAD_ERROR))
		return false;
	last = bulk_insert_last(load->insert);
	return last == NULL || compare_keys(load, last, load->row) < 0;
}

static int
compare_keys(TableLoad *load, TupleTableSlot *a, TupleTableSlot *b)
{
	const KeyIndex *primary = &load->access->primary;
	int			order = 0;

	for (int i = 0; i < primary->nkeys && order == 0; i++)
	{
		const KeyColumn *key = &primary->keys[i];
		bool		isnull;

		order = DatumGetInt32(FunctionCall2Coll((FmgrInfo *) &key->order, key->collation,
												slot_getattr(a, key->column, &isnull),
												slot_getattr(b, key->column, &isnull)));
	}
	return order;
}

static void
begin_sort(TableLoad *load)
{
	const KeyIndex *primary = &load->access->primary;
	TypeCacheEntry *number = lookup_type_cache(INT8OID, TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);
	MemoryContext caller = MemoryContextSwitchTo(load->context);
	int			n = primary->nkeys;
	AttrNumber	columns[MAX_INDEX_PARTS + 1];
	Oid			operators[MAX_INDEX_PARTS + 1];
	Oid			collations[MAX_INDEX_PARTS + 1];
	bool		nulls_first[MAX_INDEX_PARTS + 1] = {false};

	for (int i = 0; i < n; i++)
	{
		columns[i] = primary->keys[i].column;
		operators[i] = lookup_type_cache(primary->keys[i].type_oid, TYPECACHE_LT_OPR)->lt_opr;
		collations[i] = primary->keys[i].collation;
	}
	columns[n] = load->row->tts_tupleDescriptor->natts;
	operators[n] = load->on_conflict == LOAD_REPLACE ? number->gt_opr : number->lt_opr;
	collations[n] = InvalidOid;

	load->sort = tuplesort_begin_heap(load->row->tts_tupleDescriptor, n + 1, columns, operators,
									  collations, nulls_first, maintenance_work_mem, NULL,
									  TUPLESORT_NONE);
	MemoryContextSwitchTo(caller);
	if (load->insert != NULL)
		sort_pending_rows(load);
}

/* A few items that begin in order are no reason to store them apart. */
static void
sort_pending_rows(TableLoad *load)
{
	TupleTableSlot *numbered = MakeSingleTupleTableSlot(load->row->tts_tupleDescriptor,
														&TTSOpsVirtual);
	TupleTableSlot *row;
	int64		number;

	while ((row = bulk_insert_take_back(load->insert, &number)) != NULL)
	{
		int			natts = row->tts_tupleDescriptor->natts;

		slot_getallattrs(row);
		ExecClearTuple(numbered);
		memcpy(numbered->tts_values, row->tts_values, natts * sizeof(Datum));
		memcpy(numbered->tts_isnull, row->tts_isnull, natts * sizeof(bool));
		set_number(numbered, number);
		sort_row(load, ExecStoreVirtualTuple(numbered));
		load->counts.loaded--;
	}
	ExecDropSingleTupleTableSlot(numbered);
}

static void
sort_row(TableLoad *load, TupleTableSlot *row)
{
	tuplesort_puttupleslot(load->sort, row);
	load->nsorted++;
}

/* ---- storing ---- */

void
table_load_finish(TableLoad *load, LoadCounts *counts)
{
	look_for_other_commands(load);
	if (load->insert != NULL)
		bulk_insert_flush(load->insert);
	/* What has been stored so far is there for what comes now. */
	CommandCounterIncrement();
	if (load->sort != NULL)
		store_sorted_rows(load);
	if (load->insert != NULL)
		end_insert(load);
	CommandCounterIncrement();

	error_context_stack = load->error_context.previous;
	pgstat_progress_end_command();
	ExecDropSingleTupleTableSlot(load->row);
	MemoryContextDelete(load->item_context);
	*counts = load->counts;
}

/* What is left to be done concerns no single item. */
static void
end_insert(TableLoad *load)
{
	bulk_insert_flush(load->insert);
	load->current = 0;
	report_progress(load, PHASE_INDEXING);
	bulk_insert_end(load->insert);
}

static void
store_sorted_rows(TableLoad *load)
{
	TupleDesc	desc = load->row->tts_tupleDescriptor;
	TupleTableSlot *row = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	TupleTableSlot *previous = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	bool		one_per_key = load->on_conflict != LOAD_ERROR;
	bool		snapshot_pushed = IsolationUsesXactSnapshot() || !ActiveSnapshotSet();

	if (snapshot_pushed)
		PushActiveSnapshot(GetTransactionSnapshot());
	report_progress(load, PHASE_SORTING);
	tuplesort_performsort(load->sort);
	load->may_conflict |= load->counts.loaded > 0;
	if (load->insert != NULL)
		row_lookup_open(&load->lookup, load->table, RowExclusiveLock);

	/* (A row that is compared with the next one must outlast it.) */
	while (tuplesort_gettupleslot(load->sort, true, one_per_key, row, NULL))
	{
		TupleTableSlot *next = previous;

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(row);
		load->current = DatumGetInt64(row->tts_values[desc->natts - 1]);
		if (one_per_key && !TTS_EMPTY(previous) && compare_keys(load, previous, row) == 0)
			count_existing(load);
		else
			store_row(load, row);
		report_progress(load, PHASE_STORING);
		previous = row;
		row = next;
	}

	if (load->insert != NULL)
		row_lookup_end(&load->lookup);
	ExecDropSingleTupleTableSlot(row);
	ExecDropSingleTupleTableSlot(previous);
	tuplesort_end(load->sort);
	if (snapshot_pushed)
		PopActiveSnapshot();
}

static void
store_row(TableLoad *load, TupleTableSlot *row)
{
	MemoryContext caller = MemoryContextSwitchTo(load->item_context);

	if (load->insert == NULL)
		write_row(load, row);
	else if (load->on_conflict == LOAD_ERROR || !load->may_conflict || !key_exists(load, row))
		insert_row(load, row);
	else if (load->on_conflict == LOAD_REPLACE)
		write_row(load, row);
	else
		count_existing(load);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(load->item_context);
}

static void
insert_row(TableLoad *load, TupleTableSlot *row)
{
	bulk_insert_add(load->insert, row->tts_values, row->tts_isnull, load->current);
	load->counts.loaded++;
}

static bool
key_exists(TableLoad *load, TupleTableSlot *row)
{
	const KeyIndex *primary = &load->access->primary;
	bool		found;

	for (int i = 0; i < primary->nkeys; i++)
		load->lookup.key[i] = row->tts_values[primary->keys[i].column - 1];
	if (IsolationUsesXactSnapshot())
		found = row_find_serializable(&load->lookup);
	else
		found = row_find_latest(&load->lookup);
	ExecClearTuple(load->lookup.slot);
	return found;
}

/* Writes the row's item like one that is put. */
static void
write_row(TableLoad *load, TupleTableSlot *row)
{
	const TableDefinition *definition = table_definition(load->table->rel);
	RowDecision decision = {.load = load};
	ItemKey		key;

	decision.item = DatumGetDynamoItem(row->tts_values[definition->item_column - 1]);
	item_key(&definition->key, item_root(decision.item), &key);
	table_write_item(load->table, &key, decide_row, &decision);
	if (decision.existed)
		count_existing(load);
	else
		load->counts.loaded++;
}

/* A WriteDecision. */
static WriteVerdict
decide_row(void *arg, const DynamoItem *old, DynamoItem **new_item)
{
	RowDecision *decision = arg;
	LoadConflict on_conflict = decision->load->on_conflict;

	decision->existed = old != NULL;
	if (old != NULL && on_conflict == LOAD_ERROR)
		key_exists_error(decision->load, decision->item);
	if (old != NULL && on_conflict == LOAD_SKIP)
		return WRITE_NOTHING;
	*new_item = decision->item;
	return WRITE_ITEM;
}

/* What the unique index says where rows are stored directly. */
static void
key_exists_error(TableLoad *load, const DynamoItem *item)
{
	const KeySchema *schema = &table_definition(load->table->rel)->key;
	ItemKey		key;
	StringInfoData text;

	item_key(schema, item_root(item), &key);
	initStringInfo(&text);
	attribute_map_append_json(&text, item_key_map(schema, &key));
	ereport(ERROR,
			(errcode(ERRCODE_UNIQUE_VIOLATION),
			 errmsg("table \"%s\" has an item with this key already", load->table->name),
			 errdetail("Key %s already exists.", text.data)));
}

/* Counts an item whose key another one has. */
static void
count_existing(TableLoad *load)
{
	if (load->on_conflict == LOAD_REPLACE)
		load->counts.replaced++;
	else
		load->counts.skipped++;
}

/* ---- progress ---- */

static void
begin_progress(TableLoad *load)
{
	pgstat_progress_start_command(PROGRESS_COMMAND_COPY, RelationGetRelid(load->table->rel));
	pgstat_progress_update_param(PROGRESS_COPY_COMMAND, PROGRESS_COPY_COMMAND_FROM);
	pgstat_progress_update_param(PROGRESS_COPY_TYPE, PROGRESS_COPY_TYPE_CALLBACK);
	report_progress(load, PHASE_READING);
}

static void
report_progress(TableLoad *load, LoadPhase phase)
{
	static const int counters[] = {
		PROGRESS_COPY_TUPLES_PROCESSED,
		PROGRESS_COPY_TUPLES_EXCLUDED,
		PROGRESS_LOAD_PHASE,
		PROGRESS_LOAD_READ,
		PROGRESS_LOAD_SORTED,
		PROGRESS_LOAD_LOADED,
		PROGRESS_LOAD_REPLACED,
	};
	const int64 values[] = {
		load->counts.loaded + load->counts.replaced,
		load->counts.skipped,
		phase,
		load->nread,
		load->nsorted,
		load->counts.loaded,
		load->counts.replaced,
	};

	StaticAssertStmt(lengthof(counters) == lengthof(values), "a value for each counter");
	pgstat_progress_update_multi_param(lengthof(counters), counters, values);
}
