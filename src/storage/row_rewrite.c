/*
 * row_rewrite.c
 *		Tables that were rewritten after a snapshot was taken.
 *
 * ALTER TABLE and TRUNCATE are not MVCC-safe: a snapshot that was taken before the
 * wait for their end sees nothing of what they have left.  It shows in pg_class, where
 * the snapshot sees another file than the one that there is.
 *
 * A partition is locked after the snapshot was taken, and which one the executor has
 * read nobody tells, so all of them are looked at.  That takes longer than the
 * operation, and is done again only where the answer may be another one: the commit
 * that ends a rewrite is followed by an invalidation of the relation, which arrives at
 * the latest with the lock that is asked for before its rows are read.  So while none
 * has arrived since a walk through all partitions began, whatever was rewritten by
 * then is seen by the walk's snapshot, and by every later one.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "storage/row_internal.h"

/* Of a file that is new: whose are they? */
#define MAX_ROWS_TO_SHOW 100

static bool holds_for(const RewriteWalk *walk, Snapshot snapshot);
static uint32 running_transactions(Snapshot snapshot);
static bool has_rewritten_child(Oid relid);
static bool has_new_rows_alone(Oid relid);
static Oid seen_file(Oid relid, Oid file);
static bool shows_old_rows(Oid relid);

void
check_rewrite(DynamoTable *table)
{
	if (was_rewritten(table))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to concurrent rewrite of table \"%s\"",
						RelationGetRelationName(table->rel)),
				 errhint("The transaction might succeed if retried.")));
}

bool
was_rewritten(DynamoTable *table)
{
	Oid			relid = RelationGetRelid(table->rel);
	Snapshot	snapshot = GetActiveSnapshot();
	RewriteWalk *last;
	RewriteWalk walk;

	if (!has_children(table->rel))
		return has_new_rows_alone(relid);
	last = &table_access(table)->walk;
	if (holds_for(last, snapshot))
		return false;

	walk.news = relation_news;	/* (there may be more on the way) */
	walk.xmax = snapshot->xmax;
	walk.nrunning = running_transactions(snapshot);
	if (has_rewritten_child(relid))
		return true;
	*last = walk;
	return false;
}

bool
has_children(Relation rel)
{
	return rel->rd_rel->relhassubclass;
}

/*
 * Whether there is no news since the walk, and the snapshot is no older than the walk's:
 * of two snapshots with one xmax, whoever runs in the later one has run in the other.
 */
static bool
holds_for(const RewriteWalk *walk, Snapshot snapshot)
{
	if (!TransactionIdIsValid(walk->xmax) || walk->news != relation_news)
		return false;
	return TransactionIdFollows(snapshot->xmax, walk->xmax) ||
		(snapshot->xmax == walk->xmax && running_transactions(snapshot) <= walk->nrunning);
}

static uint32
running_transactions(Snapshot snapshot)
{
	return snapshot->takenDuringRecovery ? snapshot->subxcnt : snapshot->xcnt;
}

static bool
has_rewritten_child(Oid relid)
{
	ListCell   *cell;

	foreach(cell, find_all_inheritors(relid, NoLock, NULL))
	{
		CHECK_FOR_INTERRUPTS();
		if (has_new_rows_alone(lfirst_oid(cell)))
			return true;
	}
	return false;
}

/* Whether the relation has another file than in the active snapshot, with nothing for that. */
static bool
has_new_rows_alone(Oid relid)
{
	HeapTuple	row = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	TransactionId changed;
	Oid			file;

	if (!HeapTupleIsValid(row))
		return false;
	changed = HeapTupleHeaderGetXmin(row->t_data);
	file = ((Form_pg_class) GETSTRUCT(row))->relfilenode;
	ReleaseSysCache(row);
	return OidIsValid(file) && TransactionIdIsNormal(changed) &&
		XidInMVCCSnapshot(changed, GetActiveSnapshot()) &&
		!TransactionIdIsCurrentTransactionId(changed) &&
		seen_file(relid, file) != file && !shows_old_rows(relid);
}

/* The relation's file as the active snapshot sees it; what it has if that sees no relation. */
static Oid
seen_file(Oid relid, Oid file)
{
	Relation	pg_class = table_open(RelationRelationId, AccessShareLock);
	Oid			result = file;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;

	ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(pg_class, ClassOidIndexId, true, GetActiveSnapshot(), 1, &key);
	row = systable_getnext(scan);
	if (HeapTupleIsValid(row))
		result = ((Form_pg_class) GETSTRUCT(row))->relfilenode;
	systable_endscan(scan);
	table_close(pg_class, AccessShareLock);
	return result;
}

/*
 * Whether the first rows of a new file tell that the rows of the old one are there for
 * the active snapshot, as CLUSTER and VACUUM FULL leave them.
 */
static bool
shows_old_rows(Oid relid)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);
	TupleTableSlot *slot;
	TableScanDesc scan;
	bool		result = false;

	if (rel == NULL)
		return true;			/* dropped meanwhile */
	slot = table_slot_create(rel, NULL);
	scan = table_beginscan_strat(rel, SnapshotAny, 0, NULL, true, false);
	for (int i = 0; i < MAX_ROWS_TO_SHOW && !result &&
		 table_scan_getnextslot(scan, ForwardScanDirection, slot);
		 i++)
	{
		HeapTuple	row = ExecFetchSlotHeapTuple(slot, false, NULL);

		result = table_tuple_satisfies_snapshot(rel, slot, GetActiveSnapshot()) &&
			!TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(row->t_data));
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, NoLock);
	return result;
}
