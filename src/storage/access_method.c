/*
 * access_method.c
 *		Table access method "dynamo": heap storage that holds items to their
 *		contract.
 *
 * The routine is a copy of heapam's with some callbacks replaced; WAL, MVCC,
 * HOT, VACUUM, TOAST and logical decoding are heap's own.  Three kinds of
 * callbacks differ:
 *
 * - Those that store tuples ask for the contract first (contract.c).
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
#include "storage/storage_internal.h"

static const TableAmRoutine *heap_routine;
static TableAmRoutine dynamo_routine;

/*
 * Every new tuple version passes here before a page is chosen for it, so this
 * is where clustering will steer it (RelationSetTargetBlock()) to the pages of
 * its item collection.
 */
static void
prepare_tuple(Relation rel, TupleTableSlot *slot)
{
	check_row_contract(rel, slot);
}

static void
dynamo_tuple_insert(Relation rel, TupleTableSlot *slot, CommandId cid, int options,
					BulkInsertState bistate)
{
	prepare_tuple(rel, slot);
	heap_routine->tuple_insert(rel, slot, cid, options, bistate);
}

static void
dynamo_tuple_insert_speculative(Relation rel, TupleTableSlot *slot, CommandId cid, int options,
								BulkInsertState bistate, uint32 token)
{
	prepare_tuple(rel, slot);
	heap_routine->tuple_insert_speculative(rel, slot, cid, options, bistate, token);
}

static void
dynamo_multi_insert(Relation rel, TupleTableSlot **slots, int nslots, CommandId cid, int options,
					BulkInsertState bistate)
{
	for (int i = 0; i < nslots; i++)
		prepare_tuple(rel, slots[i]);
	heap_routine->multi_insert(rel, slots, nslots, cid, options, bistate);
}

static TM_Result
dynamo_tuple_update(Relation rel, ItemPointer old_tid, TupleTableSlot *slot, CommandId cid,
					Snapshot snapshot, Snapshot crosscheck, bool wait, TM_FailureData *failure,
					LockTupleMode *lockmode, TU_UpdateIndexes *update_indexes)
{
	prepare_tuple(rel, slot);
	return heap_routine->tuple_update(rel, old_tid, slot, cid, snapshot, crosscheck, wait,
									  failure, lockmode, update_indexes);
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
