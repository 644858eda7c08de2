/*
 * index_build.c
 *		The table scans behind CREATE INDEX, REINDEX and CREATE INDEX
 *		CONCURRENTLY.
 *
 * These are heapam_index_build_range_scan() and heapam_index_validate_scan()
 * with heap's own tuple-at-a-time interface, which refuses relations of another
 * access method, replaced by slots.  The reasoning about liveness and HOT
 * chains is heap's (README.HOT, heapam_handler.c), and the code must follow it:
 *
 * - The live member of a HOT chain is indexed under the TID of the chain's
 *   root, since that is all that index entries may point to.  The roots of a
 *   page are mapped when the scan reaches it.  The pin that the slot and the
 *   scan hold on the page keeps pruning away; new members that appear later
 *   under ShareUpdateExclusiveLock are looked for once more.
 * - An ordinary build (caller holds ShareLock) reads all tuples and judges them
 *   by the oldest xid that anybody may see; a concurrent one reads those that
 *   its MVCC snapshot sees.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/relscan.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "commands/progress.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/procarray.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplesort.h"

#include "common/compat.h"
#include "storage/storage_internal.h"

/* Where the HOT chains of one page start. */
typedef struct RootMap
{
	BlockNumber block;
	OffsetNumber offsets[MaxHeapTuplesPerPage];
} RootMap;

/* What turns a tuple into an index entry. */
typedef struct EntryMaker
{
	IndexInfo  *index_info;
	TupleTableSlot *slot;
	EState	   *estate;
	ExprContext *econtext;
	ExprState  *predicate;
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];
} EntryMaker;

/* What an ordinary build does with a tuple. */
typedef struct Verdict
{
	bool		index;
	bool		alive;			/* subject to uniqueness checks */
	bool		count;			/* in reltuples, as ANALYZE would */
	TransactionId wait_for;		/* decide again when it has ended */
} Verdict;

/* ---- what both scans share ---- */

static void
entry_maker_init(EntryMaker *maker, Relation table, IndexInfo *index_info)
{
	maker->index_info = index_info;
	maker->slot = table_slot_create(table, NULL);
	maker->estate = CreateExecutorState();
	maker->econtext = GetPerTupleExprContext(maker->estate);
	maker->econtext->ecxt_scantuple = maker->slot;
	maker->predicate = ExecPrepareQual(index_info->ii_Predicate, maker->estate);
}

static void
entry_maker_end(EntryMaker *maker)
{
	ExecDropSingleTupleTableSlot(maker->slot);
	FreeExecutorState(maker->estate);
	/* These may point into the executor state. */
	maker->index_info->ii_ExpressionsState = NIL;
	maker->index_info->ii_PredicateState = NULL;
}

/*
 * Computes the entry of the tuple in the slot; false if the index's predicate
 * excludes it.
 */
static bool
make_entry(EntryMaker *maker)
{
	MemoryContextReset(maker->econtext->ecxt_per_tuple_memory);
	if (maker->predicate != NULL && !ExecQual(maker->predicate, maker->econtext))
		return false;
	FormIndexDatum(maker->index_info, maker->slot, maker->estate, maker->values, maker->isnull);
	return true;
}

static HeapTuple
slot_tuple(TupleTableSlot *slot)
{
	return ExecFetchSlotHeapTuple(slot, false, NULL);
}

static Buffer
slot_buffer(TupleTableSlot *slot)
{
	return ((BufferHeapTupleTableSlot *) slot)->buffer;
}

static void
map_roots(RootMap *roots, TupleTableSlot *slot)
{
	Buffer		buffer = slot_buffer(slot);

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	heap_get_root_tuples(BufferGetPage(buffer), roots->offsets);
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
	roots->block = BufferGetBlockNumber(buffer);
}

/* The TID by which an index refers to the tuple; its page must be mapped. */
static ItemPointerData
root_tid(Relation table, RootMap *roots, HeapTuple tuple)
{
	ItemPointerData tid = tuple->t_self;
	OffsetNumber root;

	if (!HeapTupleIsHeapOnly(tuple))
		return tid;
	root = roots->offsets[ItemPointerGetOffsetNumber(&tid) - 1];
	if (!OffsetNumberIsValid(root))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg_internal("failed to find parent tuple for heap-only tuple at (%u,%u) in table \"%s\"",
								 ItemPointerGetBlockNumber(&tid),
								 ItemPointerGetOffsetNumber(&tid),
								 RelationGetRelationName(table))));
	ItemPointerSetOffsetNumber(&tid, root);
	return tid;
}

/* ---- building ---- */

/* The number of blocks that the scan, or its parallel workers together, visit. */
static BlockNumber
scan_blocks(HeapScanDesc scan)
{
	ParallelBlockTableScanDesc parallel = (ParallelBlockTableScanDesc) scan->rs_base.rs_parallel;

	return parallel != NULL ? parallel->phs_nblocks : scan->rs_nblocks;
}

/* How many of them lie behind the current one; a synchronized scan may wrap. */
static BlockNumber
scan_blocks_done(HeapScanDesc scan)
{
	ParallelBlockTableScanDesc parallel = (ParallelBlockTableScanDesc) scan->rs_base.rs_parallel;
	BlockNumber start = parallel != NULL ? parallel->phs_startblock : scan->rs_startblock;

	if (scan->rs_cblock > start)
		return scan->rs_cblock - start;
	return scan_blocks(scan) - start + scan->rs_cblock;
}

/*
 * The two transitional states.  ShareLock keeps other writers out, so normally
 * these are our own transaction's; a foreign one is waited for where the result
 * depends on its outcome.
 */
static Verdict
judge_insert_in_progress(Relation table, HeapTuple tuple, IndexInfo *index_info, bool anyvisible)
{
	TransactionId xid = HeapTupleHeaderGetXmin(tuple->t_data);

	if (anyvisible || TransactionIdIsCurrentTransactionId(xid))
		return (Verdict) {.index = true, .alive = true, .count = true};

	elog(WARNING, "concurrent insert in progress within table \"%s\"",
		 RelationGetRelationName(table));
	if (index_info->ii_Unique || index_info->ii_ExclusionOps != NULL)
		return (Verdict) {.wait_for = xid};
	return (Verdict) {.index = true, .alive = true};
}

static Verdict
judge_delete_in_progress(Relation table, HeapTuple tuple, IndexInfo *index_info, bool anyvisible)
{
	TransactionId xid = HeapTupleHeaderGetUpdateXid(tuple->t_data);

	if (anyvisible)
		return (Verdict) {.index = true, .count = true};

	if (!TransactionIdIsCurrentTransactionId(xid))
	{
		elog(WARNING, "concurrent delete in progress within table \"%s\"",
			 RelationGetRelationName(table));
		if (index_info->ii_Unique || index_info->ii_ExclusionOps != NULL ||
			HeapTupleIsHotUpdated(tuple))
			return (Verdict) {.wait_for = xid};
		return (Verdict) {.index = true, .count = true};
	}
	if (HeapTupleIsHotUpdated(tuple))
	{
		index_info->ii_BrokenHotChain = true;
		return (Verdict) {.index = false};
	}
	return (Verdict) {.index = true};
}

/* Decides about one tuple of any state; the caller has locked its buffer. */
static Verdict
judge_tuple(Relation table, HeapTuple tuple, Buffer buffer, TransactionId oldest_xmin,
			IndexInfo *index_info, bool anyvisible)
{
	switch (HeapTupleSatisfiesVacuum(tuple, oldest_xmin, buffer))
	{
		case HEAPTUPLE_DEAD:
			return (Verdict) {.index = false};
		case HEAPTUPLE_LIVE:
			return (Verdict) {.index = true, .alive = true, .count = true};
		case HEAPTUPLE_RECENTLY_DEAD:
			if (!HeapTupleIsHotUpdated(tuple))
				return (Verdict) {.index = true};	/* for old snapshots */
			/* The chain's live member is indexed: useless for old snapshots. */
			index_info->ii_BrokenHotChain = true;
			return (Verdict) {.index = false};
		case HEAPTUPLE_INSERT_IN_PROGRESS:
			return judge_insert_in_progress(table, tuple, index_info, anyvisible);
		case HEAPTUPLE_DELETE_IN_PROGRESS:
			return judge_delete_in_progress(table, tuple, index_info, anyvisible);
	}
	elog(ERROR, "unexpected HeapTupleSatisfiesVacuum result");
}

/* The same, after any wait it takes. */
static Verdict
judge_tuple_finally(Relation table, TupleTableSlot *slot, TransactionId oldest_xmin,
					IndexInfo *index_info, bool anyvisible)
{
	HeapTuple	tuple = slot_tuple(slot);
	Buffer		buffer = slot_buffer(slot);

	for (;;)
	{
		Verdict		verdict;

		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		verdict = judge_tuple(table, tuple, buffer, oldest_xmin, index_info, anyvisible);
		LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
		if (!TransactionIdIsValid(verdict.wait_for))
			return verdict;
		XactLockTableWait(verdict.wait_for, table, &tuple->t_self, XLTW_InsertIndexUnique);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Hands the entry of every tuple of the table that belongs into the index to
 * the callback and returns the number of live tuples.  `scan` is given to the
 * participants of a parallel build and ended here as well.
 */
double
dynamo_index_build_range_scan(Relation table, Relation index, IndexInfo *index_info,
							  bool allow_sync, bool anyvisible, bool progress,
							  BlockNumber start_block, BlockNumber nblocks,
							  IndexBuildCallback callback, void *callback_state,
							  TableScanDesc scan)
{
	TransactionId oldest_xmin = InvalidTransactionId;
	Snapshot	own_snapshot = NULL;
	EntryMaker	maker;
	RootMap		roots = {.block = InvalidBlockNumber};
	BlockNumber reported = InvalidBlockNumber;
	double		reltuples = 0;

	entry_maker_init(&maker, table, index_info);

	if (!index_info->ii_Concurrent)
		oldest_xmin = GetOldestNonRemovableTransactionId(table);
	if (scan == NULL)
	{
		if (index_info->ii_Concurrent)
			own_snapshot = RegisterSnapshot(GetTransactionSnapshot());
		scan = table_beginscan_strat(table, own_snapshot != NULL ? own_snapshot : SnapshotAny,
									 0, NULL, true, allow_sync);
	}
	if (!allow_sync)
		heap_setscanlimits(scan, start_block, nblocks);
	if (progress)
		pgstat_progress_update_param(PROGRESS_SCAN_BLOCKS_TOTAL, scan_blocks((HeapScanDesc) scan));

	while (table_scan_getnextslot(scan, ForwardScanDirection, maker.slot))
	{
		HeapTuple	tuple = slot_tuple(maker.slot);
		Verdict		verdict = {.index = true, .alive = true, .count = true};
		ItemPointerData tid;

		CHECK_FOR_INTERRUPTS();
		if (progress && scan_blocks_done((HeapScanDesc) scan) != reported)
		{
			reported = scan_blocks_done((HeapScanDesc) scan);
			pgstat_progress_update_param(PROGRESS_SCAN_BLOCKS_DONE, reported);
		}

		if (ItemPointerGetBlockNumber(&tuple->t_self) != roots.block)
			map_roots(&roots, maker.slot);
		if (TransactionIdIsValid(oldest_xmin))
			verdict = judge_tuple_finally(table, maker.slot, oldest_xmin, index_info, anyvisible);
		if (verdict.count)
			reltuples += 1;
		if (!verdict.index || !make_entry(&maker))
			continue;

		if (HeapTupleIsHeapOnly(tuple) &&
			roots.offsets[ItemPointerGetOffsetNumber(&tuple->t_self) - 1] == InvalidOffsetNumber)
			map_roots(&roots, maker.slot);
		tid = root_tid(table, &roots, tuple);
		callback(index, &tid, maker.values, maker.isnull, verdict.alive, callback_state);
	}

	if (progress)
		pgstat_progress_update_param(PROGRESS_SCAN_BLOCKS_DONE, scan_blocks((HeapScanDesc) scan));
	table_endscan(scan);
	if (own_snapshot != NULL)
		UnregisterSnapshot(own_snapshot);
	entry_maker_end(&maker);
	return reltuples;
}

/* ---- validating ---- */

/*
 * The sorted TIDs that an index holds, merged with a scan of the table.  Live
 * tuples come in the order of their own offsets, not of their roots, so the
 * TIDs passed over on the current page are remembered.
 */
typedef struct IndexCursor
{
	Tuplesortstate *sort;
	bool		valid;			/* tid is the next one not passed over */
	bool		empty;
	ItemPointerData tid;
	BlockNumber block;			/* the current page */
	bool		passed[MaxHeapTuplesPerPage];
} IndexCursor;

static void
index_cursor_next(IndexCursor *cursor)
{
	Datum		encoded;
	bool		isnull;

	if (cursor->valid && ItemPointerGetBlockNumber(&cursor->tid) == cursor->block)
		cursor->passed[ItemPointerGetOffsetNumber(&cursor->tid) - 1] = true;

	cursor->empty = !compat_tuplesort_getdatum(cursor->sort, true, &encoded, &isnull);
	cursor->valid = !cursor->empty;
	if (cursor->empty)
		return;
	itemptr_decode(&cursor->tid, DatumGetInt64(encoded));
#ifndef USE_FLOAT8_BYVAL
	pfree(DatumGetPointer(encoded));
#endif
}

/* Whether the index has an entry for this TID of the current page. */
static bool
index_cursor_seek(IndexCursor *cursor, ItemPointer tid)
{
	while (!cursor->empty &&
		   (!cursor->valid || ItemPointerCompare(&cursor->tid, tid) < 0))
		index_cursor_next(cursor);
	return (!cursor->empty && ItemPointerEquals(&cursor->tid, tid)) ||
		cursor->passed[ItemPointerGetOffsetNumber(tid) - 1];
}

/*
 * Adds the entries that a concurrently built index lacks for the tuples that
 * the snapshot sees.  The scan reads from block zero on, as the TIDs are sorted.
 */
void
dynamo_index_validate_scan(Relation table, Relation index, IndexInfo *index_info,
						   Snapshot snapshot, ValidateIndexState *state)
{
	IndexUniqueCheck unique = index_info->ii_Unique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO;
	IndexCursor cursor = {.sort = state->tuplesort, .block = InvalidBlockNumber};
	RootMap		roots = {.block = InvalidBlockNumber};
	EntryMaker	maker;
	TableScanDesc scan;

	entry_maker_init(&maker, table, index_info);
	scan = table_beginscan_strat(table, snapshot, 0, NULL, true, false);
	pgstat_progress_update_param(PROGRESS_SCAN_BLOCKS_TOTAL, scan_blocks((HeapScanDesc) scan));

	while (table_scan_getnextslot(scan, ForwardScanDirection, maker.slot))
	{
		HeapTuple	tuple = slot_tuple(maker.slot);
		ItemPointerData tid;

		CHECK_FOR_INTERRUPTS();
		state->htups += 1;

		if (ItemPointerGetBlockNumber(&tuple->t_self) != roots.block)
		{
			map_roots(&roots, maker.slot);
			cursor.block = roots.block;
			memset(cursor.passed, 0, sizeof(cursor.passed));
			pgstat_progress_update_param(PROGRESS_SCAN_BLOCKS_DONE, roots.block);
		}

		tid = root_tid(table, &roots, tuple);
		if (index_cursor_seek(&cursor, &tid) || !make_entry(&maker))
			continue;
		/* A dead tuple too: the check of uniqueness looks at the whole chain. */
		index_insert(index, maker.values, maker.isnull, &tid, table, unique, false, index_info);
		state->tups_inserted += 1;
	}

	table_endscan(scan);
	entry_maker_end(&maker);
}
