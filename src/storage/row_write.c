/*
 * row_write.c
 *		Conditional write of one key, directly.
 *
 * Under READ COMMITTED a write is a loop of compare-and-set rounds:
 *
 *	1	find the latest version of the row, waiting for whoever is changing it;
 *	2	decide on that version (or on there being none);
 *	3	update or delete exactly that version, or insert speculatively.
 *
 * Step 3 fails if another transaction came in between, and the next round
 * decides anew.  No row lock is taken, so nothing is logged but the write
 * itself.  A writer that has lost some rounds locks the row first; then nobody
 * can overtake it.
 *
 * Under REPEATABLE READ and SERIALIZABLE the decision is on the version that the
 * transaction's snapshot sees, and everything that another transaction has done
 * to the key since raises serialization_failure.
 *
 * The executor is bypassed: the table has nothing that it would have to see to
 * (TableDefinition.plain, row security), dynamo_table_open() has checked
 * privileges and the replica identity, and the access method checks the contract
 * of the new row.
 *
 * A write that is to hold (table_write_item_held()) and changes nothing locks the
 * version it has decided on in share mode, again exactly that one; where there is
 * no row, row_hold.c takes over.
 *
 * An update hands the derived columns of the old version on that have not
 * changed, as they are stored: a long key may be compressed there, and HOT needs
 * the same bytes.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "common/compat.h"
#include "storage/row_internal.h"

typedef struct RowWrite
{
	DynamoTable *table;
	const ItemKey *key;
	bool		hold;			/* what was decided on stays, written or not */
	bool		refresh;		/* columns alone; nothing is decided */
	RowLookup	lookup;
	Decision	decision;
	TupleTableSlot *new_row;	/* NULL before the first use */
	Bitmapset  *changed;		/* its derived columns that the old row has otherwise */
	int			lost_rounds;
} RowWrite;

static void write_directly(RowWrite *write, WriteDecision decide, void *arg);
static void write_item(RowWrite *write);
static bool write_round(RowWrite *write);
static bool find_row(RowWrite *write);
static void lock_row(RowWrite *write);
static bool hold_version(RowWrite *write, bool found);
static bool share_row(RowWrite *write);
static bool insert_row(RowWrite *write, const DynamoItem *item);
static bool insert_row_entries(RowWrite *write, TupleTableSlot *row);
static bool update_row(RowWrite *write, const DynamoItem *item);
static bool refresh_row(RowWrite *write);
static bool replace_row(RowWrite *write, TupleTableSlot *row);
static bool lock_at_once(RowWrite *write);
static bool delete_row(RowWrite *write);
static TupleTableSlot *make_row(RowWrite *write, const DynamoItem *item, TupleTableSlot *old);
static bool replaced(TM_Result result);

void
table_write_item(DynamoTable *table, const ItemKey *key, WriteDecision decide, void *arg)
{
	RowWrite	write = {.table = table, .key = key};

	watch_rows(table, key->values[0], true);
	if (table->direct)
		write_directly(&write, decide, arg);
	else
		sql_write_item(table, key, false, decide, arg);
}

void
table_write_item_held(DynamoTable *table, const ItemKey *key, WriteDecision decide, void *arg)
{
	RowWrite	write = {.table = table, .key = key, .hold = true};

	if (table->direct)
		write_directly(&write, decide, arg);
	else
		sql_write_item(table, key, true, decide, arg);
}

bool
table_refresh_columns(DynamoTable *table, const ItemKey *key, bool wait)
{
	RowWrite	write = {.table = table, .key = key, .refresh = true, .lookup.nowait = !wait};

	if (!table->direct)
		return sql_refresh_columns(table, key, wait);
	write_directly(&write, NULL, NULL);
	return !write.lookup.busy;
}

static void
write_directly(RowWrite *write, WriteDecision decide, void *arg)
{
	bool		snapshot_pushed;

	/* Whatever this transaction has done so far, in this command too, counts. */
	CommandCounterIncrement();
	snapshot_pushed = IsolationUsesXactSnapshot() || !ActiveSnapshotSet();
	if (snapshot_pushed)
		PushActiveSnapshot(GetTransactionSnapshot());

	decision_begin(&write->decision, decide, arg);
	row_lookup_begin(&write->lookup, write->table, write->key, RowExclusiveLock);
	write_item(write);
	if (write->new_row != NULL)
		ExecDropSingleTupleTableSlot(write->new_row);
	row_lookup_end(&write->lookup);

	if (snapshot_pushed)
		PopActiveSnapshot();
	CommandCounterIncrement();
}

static void
write_item(RowWrite *write)
{
	while (!write_round(write))
	{
		CHECK_FOR_INTERRUPTS();
		write->lost_rounds++;
	}
}

/* False if another transaction was faster: decide again. */
static bool
write_round(RowWrite *write)
{
	bool		found = find_row(write);
	MemoryContext context;
	MemoryContext caller;
	DynamoItem *old = NULL;
	DynamoItem *item = NULL;
	WriteVerdict verdict;

	if (write->refresh)
		return !found || write->lookup.busy || refresh_row(write);

	context = decision_next_context(&write->decision);
	caller = MemoryContextSwitchTo(context);
	if (found)
		old = DatumGetDynamoItem(slot_item(write->lookup.slot,
										   write->lookup.access->item_column));
	verdict = decision_run(&write->decision, context, old, &item);
	MemoryContextSwitchTo(caller);

	if (verdict == WRITE_DELETE && found)
		return delete_row(write);
	if (verdict == WRITE_ITEM && !found)
		return insert_row(write, item);
	if (verdict == WRITE_ITEM && !items_equal(old, item))
		return update_row(write, item);
	return !write->hold || hold_version(write, found);
}

static bool
find_row(RowWrite *write)
{
	if (IsolationUsesXactSnapshot())
		return row_find_serializable(&write->lookup);
	if (write->lost_rounds >= MAX_LOST_ROUNDS && !write->lookup.nowait &&
		row_find_latest(&write->lookup))
		lock_row(write);
	return row_find_latest(&write->lookup);
}

/*
 * Locks the row found, or what it has become, against writers; what is there
 * then is to be found again.
 */
static void
lock_row(RowWrite *write)
{
	TupleTableSlot *slot = write->lookup.slot;
	ItemPointerData tid = slot->tts_tid;
	TM_FailureData failure;

	ExecClearTuple(slot);
	table_tuple_lock(write->lookup.rel, &tid, GetActiveSnapshot(), slot,
					 GetCurrentCommandId(true), LockTupleNoKeyExclusive, LockWaitBlock,
					 TUPLE_LOCK_FLAG_FIND_LAST_VERSION, &failure);
	ExecClearTuple(slot);
}

/* ---- holding ---- */

/* False if what was decided on is not the latest state any more. */
static bool
hold_version(RowWrite *write, bool found)
{
	return found ? share_row(write) : row_hold_absent(&write->lookup, write->key);
}

/* Locks the row found against writers; false if it has been replaced. */
static bool
share_row(RowWrite *write)
{
	TupleTableSlot *slot = write->lookup.slot;
	ItemPointerData tid = slot->tts_tid;
	TM_FailureData failure;

	ExecClearTuple(slot);
	return replaced(table_tuple_lock(write->lookup.rel, &tid, GetActiveSnapshot(), slot,
									 GetCurrentCommandId(true), LockTupleShare,
									 LockWaitBlock, 0, &failure));
}

/* ---- storing ---- */

/* False if the key turns out to be taken. */
static bool
insert_row(RowWrite *write, const DynamoItem *item)
{
	Relation	rel = write->lookup.rel;
	TupleTableSlot *row = make_row(write, item, NULL);
	TransactionId xid = GetCurrentTransactionId();
	uint32		token = SpeculativeInsertionLockAcquire(xid);
	bool		inserted;

	item_insert_speculative(rel, row, GetCurrentCommandId(true), token,
							write->lookup.probed ? &write->lookup.probe : NULL);
	inserted = insert_row_entries(write, row);
	table_tuple_complete_speculative(rel, row, token, inserted);
	SpeculativeInsertionLockRelease(xid);
	return inserted;
}

static bool
insert_row_entries(RowWrite *write, TupleTableSlot *row)
{
	if (!primary_entry_insert(&write->lookup, row) &&
		row_find_conflict(&write->lookup, &row->tts_tid))
		return false;
	secondary_entries_insert(&write->lookup, row);
	return true;
}

/* False if the row found is not the latest version any more. */
static bool
update_row(RowWrite *write, const DynamoItem *item)
{
	return replace_row(write, make_row(write, item, write->lookup.slot));
}

/*
 * As update_row(), of a row whose derived columns may not hold what its item
 * says.  The item is handed on as it is stored: TOAST's rows stay.
 */
static bool
refresh_row(RowWrite *write)
{
	AttrNumber	column = write->lookup.access->item_column;
	Datum		stored = slot_item(write->lookup.slot, column);
	TupleTableSlot *row = make_row(write, DatumGetDynamoItem(stored), write->lookup.slot);

	if (bms_is_empty(write->changed))
		return true;
	row->tts_values[column - 1] = stored;
	return replace_row(write, row);
}

/* Puts the row in the place of the one found; false as update_row(). */
static bool
replace_row(RowWrite *write, TupleTableSlot *row)
{
	Relation	rel = write->lookup.rel;
	ItemPointerData tid = write->lookup.slot->tts_tid;
	TM_FailureData failure;
	LockTupleMode lock_mode;
	TU_UpdateIndexes update_indexes;

	if (write->lookup.nowait && !lock_at_once(write))
		return write->lookup.busy;
	if (!replaced(table_tuple_update(rel, &tid, row, GetCurrentCommandId(true),
									 GetActiveSnapshot(), InvalidSnapshot, true,
									 &failure, &lock_mode, &update_indexes)))
		return false;
	version_entries_insert(&write->lookup, row, update_indexes, write->changed);
	return true;
}

/*
 * Locks the row found if nobody else has, who is noted otherwise; false too if it is
 * not the latest version any more.  (Heap's update itself cannot but wait.)
 */
static bool
lock_at_once(RowWrite *write)
{
	Relation	rel = write->lookup.rel;
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	ItemPointerData tid = write->lookup.slot->tts_tid;
	TM_FailureData failure;
	TM_Result	result = table_tuple_lock(rel, &tid, GetActiveSnapshot(), slot,
										GetCurrentCommandId(true), LockTupleNoKeyExclusive,
										LockWaitSkip, 0, &failure);

	ExecDropSingleTupleTableSlot(slot);
	write->lookup.busy = result == TM_WouldBlock;
	return !write->lookup.busy && replaced(result);
}

/* False if the row found is not the latest version any more. */
static bool
delete_row(RowWrite *write)
{
	ItemPointerData tid = write->lookup.slot->tts_tid;
	TM_FailureData failure;

	return replaced(table_tuple_delete(write->lookup.rel, &tid, GetCurrentCommandId(true),
									   GetActiveSnapshot(), InvalidSnapshot, true,
									   &failure, false));
}

/* What became of a version that was to be replaced, deleted or locked. */
static bool
replaced(TM_Result result)
{
	if (result == TM_Ok)
		return true;
	if (result != TM_Updated && result != TM_Deleted)
		elog(ERROR, "unexpected result of a row's replacement: %d", result);
	if (IsolationUsesXactSnapshot())
		serialization_failure();
	return false;
}

/* ---- the new row ---- */

/*
 * A row that holds the item, in place of the old one (NULL: none) while the slot
 * of that is not cleared; valid until the next one is made.
 */
static TupleTableSlot *
make_row(RowWrite *write, const DynamoItem *item, TupleTableSlot *old)
{
	Relation	rel = write->lookup.rel;
	TupleTableSlot *row = write->new_row;

	if (row == NULL)
		row = write->new_row = make_item_slot(rel);
	ExecClearTuple(row);
	write->changed = item_row_values(table_definition(rel), row->tts_tupleDescriptor, item, old,
									 row->tts_values, row->tts_isnull);
	row->tts_tableOid = RelationGetRelid(rel);
	return ExecStoreVirtualTuple(row);
}

/* ---- deciding ---- */

void
decision_begin(Decision *decision, WriteDecision decide, void *arg)
{
	decision->decide = decide;
	decision->arg = arg;
	decision->caller = CurrentMemoryContext;
	decision->retry = NULL;
	decision->calls = 0;
}

/*
 * Most writes are decided once, in the caller's context; one of our own is made
 * only for those that are not.
 */
MemoryContext
decision_next_context(Decision *decision)
{
	if (decision->calls++ == 0)
		return decision->caller;
	if (decision->retry == NULL)
		decision->retry = AllocSetContextCreate(decision->caller, "dynamo write decision",
												ALLOCSET_DEFAULT_SIZES);
	else
		MemoryContextReset(decision->retry);
	return decision->retry;
}

WriteVerdict
decision_run(Decision *decision, MemoryContext context, const DynamoItem *old,
			 DynamoItem **new_item)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	WriteVerdict verdict = decision->decide(decision->arg, old, new_item);

	MemoryContextSwitchTo(caller);
	return verdict;
}

bool
items_equal(const DynamoItem *a, const DynamoItem *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}
