/*
 * row_lookup.c
 *		The row of a key, found by one descent of the primary key's index.
 *
 * A reader asks an MVCC snapshot.  A writer under READ COMMITTED wants the
 * latest version, which only a dirty snapshot shows, with the transaction that
 * is changing it, if there is one, to wait for.  But a scan with a dirty
 * snapshot reads the entries of a key at one moment and their tuples at later
 * ones: when the row is updated in between, it meets the old tuple, dead by
 * then, and never the new one.  So if there were entries and no tuple was there,
 * an MVCC snapshot is asked, which cannot miss a row; no entry at all proves
 * that there is no row.
 *
 * Under REPEATABLE READ and SERIALIZABLE the snapshot decides what there is (and
 * its scan takes the predicate locks), and the latest version is looked at only
 * to see whether the snapshot is out of date.
 *
 * No page is pinned while we wait for another transaction.
 *
 * Most keys have one entry or none, and a probe (key_probe.c) finds that with less
 * ado than an index scan; it also tells the access method where a new row of the
 * key belongs, so that an insertion descends the index no more often than plain
 * SQL: once to look, once to insert.  Whatever is less simple is left to a scan,
 * and so is everything under SERIALIZABLE, for the predicate locks.
 */
#include "postgres.h"

#include "access/relscan.h"
#include "access/table.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "common/compat.h"
#include "storage/row_internal.h"

static IndexScanDesc key_scan_begin(RowLookup *lookup, Snapshot snapshot);
static bool find_row(RowLookup *lookup, Snapshot snapshot, bool *entry_seen);
static bool probe_row(RowLookup *lookup, Snapshot snapshot, bool *found);
static bool fetch_row(RowLookup *lookup, Snapshot snapshot, ItemPointer tid);
static bool scan_row(RowLookup *lookup, Snapshot snapshot, bool *entry_seen);
static bool find_other_row(RowLookup *lookup, Snapshot snapshot, ItemPointer self);
static bool row_is_committed(RowLookup *lookup);
static void check_row_is_latest(RowLookup *lookup);
static bool wait_for_writer(RowLookup *lookup, const SnapshotData *dirty);

void
row_lookup_begin(RowLookup *lookup, DynamoTable *table, const ItemKey *key, LOCKMODE lockmode)
{
	row_lookup_open(lookup, table, lockmode);
	Assert(key->n == lookup->access->primary.nkeys);
	for (int i = 0; i < key->n; i++)
		lookup->key[i] = key_datum(key->values[i]);
}

void
row_lookup_open(RowLookup *lookup, DynamoTable *table, LOCKMODE lockmode)
{
	lookup->rel = table->rel;
	lookup->access = table_access(table);
	lookup->index = index_open(lookup->access->primary.oid, lockmode);
	lookup->slot = table_slot_create(table->rel, NULL);
}

void
row_lookup_end(RowLookup *lookup)
{
	ExecDropSingleTupleTableSlot(lookup->slot);
	index_close(lookup->index, NoLock);
}

bool
row_find_in_snapshot(RowLookup *lookup, Snapshot snapshot)
{
	bool		entry_seen;

	return find_row(lookup, snapshot, &entry_seen);
}

bool
row_find_latest(RowLookup *lookup)
{
	SnapshotData dirty;
	bool		entry_seen;

	InitDirtySnapshot(dirty);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (find_row(lookup, &dirty, &entry_seen))
		{
			if (!wait_for_writer(lookup, &dirty))
				return true;
		}
		else if (!entry_seen || !row_is_committed(lookup))
			return false;
	}
}

bool
row_try_lock(RowLookup *lookup)
{
	TupleTableSlot *slot = lookup->slot;
	bool		found = row_find_latest(lookup);
	ItemPointerData tid = slot->tts_tid;
	TM_FailureData failure;

	ExecClearTuple(slot);
	if (found && !lookup->busy)
		lookup->busy = table_tuple_lock(lookup->rel, &tid, GetActiveSnapshot(), slot,
										GetCurrentCommandId(true), LockTupleNoKeyExclusive,
										LockWaitSkip, 0, &failure) != TM_Ok;
	ExecClearTuple(slot);
	return !lookup->busy;
}

bool
row_find_serializable(RowLookup *lookup)
{
	SnapshotData dirty;
	bool		entry_seen;

	check_index_age(unconstify(KeyIndex *, &lookup->access->primary));
	if (row_find_in_snapshot(lookup, GetActiveSnapshot()))
	{
		check_row_is_latest(lookup);
		return true;
	}

	InitDirtySnapshot(dirty);
	while (find_row(lookup, &dirty, &entry_seen))
	{
		CHECK_FOR_INTERRUPTS();
		if (!wait_for_writer(lookup, &dirty))
			serialization_failure();
	}
	return false;
}

/*
 * As the executor does for INSERT ... ON CONFLICT: of two transactions that
 * insert the same key speculatively, each seeing the other, the older one waits
 * for the younger one to give up.
 */
bool
row_find_conflict(RowLookup *lookup, ItemPointer self)
{
	SnapshotData dirty;

	InitDirtySnapshot(dirty);
	while (find_other_row(lookup, &dirty, self))
	{
		if (dirty.speculativeToken == 0 ||
			!TransactionIdPrecedes(GetCurrentTransactionId(), dirty.xmin))
		{
			ExecClearTuple(lookup->slot);
			return true;
		}
		wait_for_writer(lookup, &dirty);
	}
	return false;
}

void
serialization_failure(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update")));
}

Datum
slot_item(TupleTableSlot *slot, AttrNumber item_column)
{
	bool		isnull;
	Datum		stored = slot_getattr(slot, item_column, &isnull);

	check_item_is_there(isnull);
	return stored;
}

void
check_item_is_there(bool isnull)
{
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a row of a dynamo table has no item")));
}

int
stored_item_size(Datum stored)
{
	struct varlena *item = (struct varlena *) DatumGetPointer(stored);

	if (VARATT_IS_EXTERNAL(item) || VARATT_IS_COMPRESSED(item))
		item = PG_DETOAST_DATUM_SLICE(stored, 0, sizeof(uint32));
	return item_size(item);
}

DynamoItem *
copy_item(Datum stored)
{
	DynamoItem *item = DatumGetDynamoItem(stored);

	if ((Pointer) item != DatumGetPointer(stored))
		return item;
	return memcpy(palloc(VARSIZE_ANY(item)), item, VARSIZE_ANY(item));
}

/* ---- scanning ---- */

static IndexScanDesc
key_scan_begin(RowLookup *lookup, Snapshot snapshot)
{
	const KeyIndex *primary = &lookup->access->primary;
	ScanKeyData scan_keys[MAX_KEY_ATTRIBUTES];
	IndexScanDesc scan;

	for (int i = 0; i < primary->nkeys; i++)
	{
		const KeyColumn *key = &primary->keys[i];

		ScanKeyEntryInitializeWithInfo(&scan_keys[i], 0, i + 1, BTEqualStrategyNumber,
									   key->type_oid, key->collation,
									   unconstify(FmgrInfo *, &key->operators[BTEqualStrategyNumber]),
									   lookup->key[i]);
	}
	scan = compat_index_beginscan(lookup->rel, lookup->index, snapshot, primary->nkeys, 0);
	index_rescan(scan, scan_keys, primary->nkeys, NULL, 0);
	return scan;
}

/* Also tells whether the index has an entry of the key, dead or alive. */
static bool
find_row(RowLookup *lookup, Snapshot snapshot, bool *entry_seen)
{
	bool		found;

	lookup->probed = !IsolationIsSerializable() && probe_row(lookup, snapshot, &found);
	if (!lookup->probed)
		return scan_row(lookup, snapshot, entry_seen);
	*entry_seen = found;
	return found;
}

/* False if that takes a scan. */
static bool
probe_row(RowLookup *lookup, Snapshot snapshot, bool *found)
{
	const KeyIndex *primary = &lookup->access->primary;
	KeyProbe   *probe = &lookup->probe;

	key_probe_begin(probe, lookup->index, primary->nhash, primary->nkeys, lookup->key);
	*found = probe->key_entries == KEY_ONCE && fetch_row(lookup, snapshot, &probe->tid);
	key_probe_end(probe);
	if (!*found && probe->key_entries != KEY_ABSENT)
		return false;
	pgstat_count_index_scan(lookup->index);
	return true;
}

/* The leaf that holds the entry is pinned. */
static bool
fetch_row(RowLookup *lookup, Snapshot snapshot, ItemPointer tid)
{
	IndexFetchTableData *fetch = table_index_fetch_begin(lookup->rel);
	ItemPointerData place = *tid;
	bool		call_again = false;
	bool		found = table_index_fetch_tuple(fetch, &place, snapshot, lookup->slot,
												&call_again, NULL);

	table_index_fetch_end(fetch);
	if (found)
	{
		pgstat_count_index_tuples(lookup->index, 1);
		pgstat_count_heap_fetch(lookup->index);
	}
	else
		ExecClearTuple(lookup->slot);
	return found;
}

static bool
scan_row(RowLookup *lookup, Snapshot snapshot, bool *entry_seen)
{
	IndexScanDesc scan = key_scan_begin(lookup, snapshot);
	bool		found = false;

	*entry_seen = false;
	while (!found && index_getnext_tid(scan, ForwardScanDirection) != NULL)
	{
		*entry_seen = true;
		found = index_fetch_heap(scan, lookup->slot);
	}
	index_endscan(scan);
	if (!found)
		ExecClearTuple(lookup->slot);
	return found;
}

/* Like find_row(), but passes over the row at *self (NULL: none). */
static bool
find_other_row(RowLookup *lookup, Snapshot snapshot, ItemPointer self)
{
	IndexScanDesc scan = key_scan_begin(lookup, snapshot);
	bool		found;

	do
		found = index_getnext_slot(scan, ForwardScanDirection, lookup->slot);
	while (found && self != NULL && ItemPointerEquals(&lookup->slot->tts_tid, self));
	index_endscan(scan);
	if (!found)
		ExecClearTuple(lookup->slot);
	return found;
}

/* Whether there is a row at this moment, our own changes included. */
static bool
row_is_committed(RowLookup *lookup)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	bool		found = row_find_in_snapshot(lookup, snapshot);

	ExecClearTuple(lookup->slot);
	UnregisterSnapshot(snapshot);
	return found;
}

/*
 * Raises serialization_failure if the version in the slot, which the snapshot
 * sees, has been replaced or deleted meanwhile.
 */
static void
check_row_is_latest(RowLookup *lookup)
{
	ItemPointerData tid = lookup->slot->tts_tid;
	SnapshotData dirty;

	InitDirtySnapshot(dirty);
	do
	{
		CHECK_FOR_INTERRUPTS();
		if (!table_tuple_fetch_row_version(lookup->rel, &tid, &dirty, lookup->slot))
			serialization_failure();
	} while (wait_for_writer(lookup, &dirty));
}

/*
 * If the row in the slot, found by this dirty snapshot, is being inserted,
 * changed or deleted by another transaction, waits for the end of that and
 * returns true: look again.  Or, where it is not to wait, says that it is busy.
 */
static bool
wait_for_writer(RowLookup *lookup, const SnapshotData *dirty)
{
	ItemPointerData tid = lookup->slot->tts_tid;
	TransactionId writer = TransactionIdIsValid(dirty->xmin) ? dirty->xmin : dirty->xmax;

	if (!TransactionIdIsValid(writer))
		return false;
	if (lookup->nowait)
	{
		lookup->busy = true;
		return false;
	}
	ExecClearTuple(lookup->slot);
	if (dirty->speculativeToken != 0)
		SpeculativeInsertionWait(dirty->xmin, dirty->speculativeToken);
	else
		XactLockTableWait(writer, lookup->rel, &tid, XLTW_Update);
	return true;
}
