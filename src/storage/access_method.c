/*
 * access_method.c
 *		Table access method "dynamo": heap storage that holds items to their
 *		contract and keeps item collections together.
 *
 * The routine is a copy of heapam's with some callbacks replaced; WAL, MVCC,
 * HOT, VACUUM, TOAST and logical decoding are heap's own.  Three kinds of
 * callbacks differ:
 *
 * - Those that store tuples ask for the contract first (contract.c), and choose
 *   the page that heap tries first (clustering.c).
 * - The scans behind CREATE INDEX cannot be heap's, which refuse relations of
 *   another access method (index_build.c); the TOAST relation stays heap's.
 * - Making storage refuses relations that cannot hold items.
 *
 * Callers hold the locks that they hold for heap.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "catalog/pg_am_d.h"
#include "fmgr.h"
#include "utils/rel.h"

#include "common/compat.h"
#include "storage/clustering.h"
#include "storage/storage_internal.h"

static const TableAmRoutine *heap_routine;
static TableAmRoutine dynamo_routine;

/* Whoever waits for changes of streamed tables is to be woken at commit. */
static void
note_streamed(Relation rel)
{
	const TriggerDesc *triggers = rel->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers && !streamed_row_written; i++)
		streamed_row_written = is_stream_trigger(&triggers->triggers[i]);
}

static void
dynamo_tuple_insert(Relation rel, TupleTableSlot *slot, CommandId cid, int options,
					BulkInsertState bistate)
{
	Placement	placement;

	check_row_contract(rel, slot);
	note_streamed(rel);
	placement_begin(&placement, rel, &slot, 1, NULL, bistate != NULL);
	heap_routine->tuple_insert(rel, slot, cid, options, placement.steered ? NULL : bistate);
	placement_end(&placement, rel, slot);
}

void
item_insert_speculative(Relation rel, TupleTableSlot *slot, CommandId cid, uint32 token,
						KeyProbe *probe)
{
	Placement	placement;

	check_row_contract(rel, slot);
	note_streamed(rel);
	placement_begin(&placement, rel, &slot, 1, probe, false);
	heap_routine->tuple_insert_speculative(rel, slot, cid, 0, NULL, token);
	placement_end(&placement, rel, slot);
}

/* The executor has no BulkInsertState, nor options, for these. */
static void
dynamo_tuple_insert_speculative(Relation rel, TupleTableSlot *slot, CommandId cid, int options,
								BulkInsertState bistate, uint32 token)
{
	Assert(options == 0 && bistate == NULL);
	item_insert_speculative(rel, slot, cid, token, NULL);
}

/*
 * Collections stay together as far as the caller has sorted the rows.  Those that
 * are new need no page of their own for that and are stored in one go.
 */
static void
dynamo_multi_insert(Relation rel, TupleTableSlot **slots, int nslots, CommandId cid, int options,
					BulkInsertState bistate)
{
	TupleTableSlot **others = palloc_array(TupleTableSlot *, nslots);
	int			nothers = 0;
	Placement	placement;

	note_streamed(rel);
	for (int i = 0; i < nslots; i++)
		check_row_contract(rel, slots[i]);
	for (int i = 0, run; i < nslots; i += run)
	{
		run = collection_run(rel, slots + i, nslots - i);
		placement_begin(&placement, rel, slots + i, run, NULL, bistate != NULL);
		if (placement.steered)
		{
			heap_routine->multi_insert(rel, slots + i, run, cid, options, NULL);
			placement_end(&placement, rel, slots[i + run - 1]);
		}
		else
			for (int j = 0; j < run; j++)
				others[nothers++] = slots[i + j];
	}
	if (nothers > 0)
	{
		placement = (Placement) {0};
		placement_begin_others(&placement, rel, bistate != NULL);
		heap_routine->multi_insert(rel, others, nothers, cid, options, bistate);
		placement_end(&placement, rel, others[nothers - 1]);
	}
	pfree(others);
}

static TM_Result
dynamo_tuple_update(Relation rel, ItemPointer old_tid, TupleTableSlot *slot, CommandId cid,
					Snapshot snapshot, Snapshot crosscheck, bool wait, TM_FailureData *failure,
					LockTupleMode *lockmode, TU_UpdateIndexes *update_indexes)
{
	Placement	placement;
	TM_Result	result;

	check_row_contract(rel, slot);
	note_streamed(rel);
	placement_begin_update(&placement, rel, old_tid, slot);
	result = heap_routine->tuple_update(rel, old_tid, slot, cid, snapshot, crosscheck, wait,
										failure, lockmode, update_indexes);
	if (result == TM_Ok &&
		ItemPointerGetBlockNumber(&slot->tts_tid) != ItemPointerGetBlockNumber(old_tid))
		placement_end(&placement, rel, slot);
	return result;
}

static TM_Result
dynamo_tuple_delete(Relation rel, ItemPointer tid, CommandId cid, Snapshot snapshot,
					Snapshot crosscheck, bool wait, TM_FailureData *failure, bool moved)
{
	note_streamed(rel);
	return heap_routine->tuple_delete(rel, tid, cid, snapshot, crosscheck, wait, failure, moved);
}

/*
 * A relation without item column is no place for items.  This is called for new
 * tables and for the transient relations of table rewrites, and it is the only
 * callback that both must pass.
 */
static void
dynamo_relation_set_new_filelocator(Relation rel, const RelFileLocator *locator, char persistence,
									TransactionId *freeze_xid, MultiXactId *min_multi)
{
	if (find_item_column(RelationGetDescr(rel)) == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("table \"%s\" cannot use access method \"dynamo\": it has no column \"%s\" of type dynamo.item",
						RelationGetRelationName(rel), ITEM_COLUMN),
				 errhint("dynamo.create_table() creates tables of this access method.")));
	heap_routine->relation_set_new_filelocator(rel, locator, persistence, freeze_xid, min_multi);
}

static Oid
dynamo_relation_toast_am(Relation rel)
{
	return HEAP_TABLE_AM_OID;
}

/* dynamo.table_am_handler(internal): the handler of the access method. */
PG_FUNCTION_INFO_V1(dynamo_table_am_handler);
Datum
dynamo_table_am_handler(PG_FUNCTION_ARGS)
{
	if (heap_routine == NULL)
	{
		heap_routine = GetHeapamTableAmRoutine();
		dynamo_routine = *heap_routine;
		dynamo_routine.tuple_insert = dynamo_tuple_insert;
		dynamo_routine.tuple_insert_speculative = dynamo_tuple_insert_speculative;
		dynamo_routine.multi_insert = dynamo_multi_insert;
		dynamo_routine.tuple_update = dynamo_tuple_update;
		dynamo_routine.tuple_delete = dynamo_tuple_delete;
		dynamo_routine.index_build_range_scan = dynamo_index_build_range_scan;
		dynamo_routine.index_validate_scan = dynamo_index_validate_scan;
		dynamo_routine.relation_set_new_filelocator = dynamo_relation_set_new_filelocator;
		dynamo_routine.relation_toast_am = dynamo_relation_toast_am;
	}
	PG_RETURN_POINTER(&dynamo_routine);
}

bool
is_dynamo_relation(Relation rel)
{
	return rel->rd_tableam == &dynamo_routine;
}
