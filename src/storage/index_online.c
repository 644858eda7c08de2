/*
 * index_online.c
 *		Making and deleting secondary indexes while others write the table.
 *
 * A build goes on in steps, each a short transaction, and what comes next is seen
 * from what is there (index_build_plan()), so that it does not matter where the
 * last worker has stopped:
 *
 *	columns		added under AccessExclusiveLock, for which the caller waits a moment
 *				only (lock_timeout), since everybody else queues behind it.  From
 *				then on writers fill them (column_fill.c tells why none can miss).
 *	fill		the rows that are there, a batch at a time; how far is recorded in
 *				the same transaction.
 *	btree		by CREATE INDEX CONCURRENTLY, after whatever an earlier one has left
 *				over was dropped.
 *	activate	the index can be read.
 *
 * The btree of time to live is made in the same way, but that its column is added
 * before (time_to_live.c), and that there is no row to activate.
 *
 * To delete an index, its btree is dropped by DROP INDEX CONCURRENTLY, then the columns
 * that no other index uses, and with them its row in dynamo.table_indexes.
 *
 * Locks: table_record_lock() where that row changes, then the one on the table.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/sinvaladt.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "common/compat.h"
#include "storage/storage_internal.h"

static Node *plan_creation(IndexBuild *build, Relation rel);
static Node *plan_ttl(IndexBuild *build, Relation rel);
static Node *plan_deletion(IndexBuild *build, Relation rel);
static bool columns_are_filled(IndexBuild *build, Relation rel);
static List *other_indexes(const IndexBuild *build, bool active_only);
static Node *make_drop_index(Oid btree);
static bool lock_build(IndexBuild *build);

/* ---- what comes next ---- */

Node *
index_build_plan(IndexBuild *build)
{
	Relation	rel = relation_open(build->relid, AccessShareLock);
	Node	   *command;

	if (table_definition(rel) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" lacks its trigger \"%s\"", RelationGetRelationName(rel),
						MAINTENANCE_TRIGGER)));
	if (build->index.name.len == 0)
		command = plan_ttl(build, rel);
	else
		command = build->index.status == INDEX_CREATING ? plan_creation(build, rel) :
			plan_deletion(build, rel);
	relation_close(rel, NoLock);
	return command;
}

static Node *
plan_creation(IndexBuild *build, Relation rel)
{
	IndexParts	parts;
	IndexStmt  *statement;
	Oid			left_over;

	if (!index_parts(table_definition(rel), &build->index.key, &parts))
	{
		build->phase = BUILD_ADD_COLUMNS;
		return NULL;
	}
	/* (columns that were there before may be another index's, still being filled) */
	if (!build->index.backfilling)
		build->phase = BUILD_ADD_COLUMNS;
	else if (build->phase != BUILD_BTREE)
		build->phase = columns_are_filled(build, rel) ? BUILD_BTREE : BUILD_FILL;
	if (build->phase != BUILD_BTREE || OidIsValid(index_btree(rel, &parts, true)))
		return NULL;

	left_over = index_btree(rel, &parts, false);
	if (OidIsValid(left_over))
		return make_drop_index(left_over);
	statement = make_create_index(rel, &parts, build->index.name);
	statement->concurrent = true;
	return (Node *) statement;
}

/* The column is there; if it is no more, nothing is left to do. */
static Node *
plan_ttl(IndexBuild *build, Relation rel)
{
	Oid			left_over = find_ttl_index(rel, false);
	IndexStmt  *statement;

	if (table_ttl_attribute(table_definition(rel)).data == NULL ||
		OidIsValid(find_ttl_index(rel, true)))
		build->phase = BUILD_BTREE;
	else if (build->phase != BUILD_BTREE)
		build->phase = BUILD_FILL;
	else if (OidIsValid(left_over))
		return make_drop_index(left_over);
	else
	{
		statement = make_create_ttl_index(rel);
		statement->concurrent = true;
		return (Node *) statement;
	}
	return NULL;
}

static Node *
plan_deletion(IndexBuild *build, Relation rel)
{
	Oid			btree = btree_to_drop(rel, &build->index, other_indexes(build, false));

	build->phase = OidIsValid(btree) ? BUILD_DROP_BTREE : BUILD_DROP_COLUMNS;
	return OidIsValid(btree) ? make_drop_index(btree) : NULL;
}

/* Whether other indexes have seen to that. */
static bool
columns_are_filled(IndexBuild *build, Relation rel)
{
	const KeySchema *key = &table_definition(rel)->key;
	List	   *filled = index_derived_columns(other_indexes(build, true), key);
	ListCell   *cell;

	foreach(cell, index_derived_columns(list_make1(&build->index), key))
		if (listed_column(filled, lfirst(cell)) == NULL)
			return false;
	return true;
}

static List *
other_indexes(const IndexBuild *build, bool active_only)
{
	List	   *others = NIL;
	ListCell   *cell;

	foreach(cell, index_catalog_read(build->relid))
	{
		const IndexDefinition *index = lfirst(cell);

		if (!bytes_equal(index->name, build->index.name) &&
			(!active_only || index->status == INDEX_ACTIVE))
			others = lappend(others, lfirst(cell));
	}
	return others;
}

static Node *
make_drop_index(Oid btree)
{
	DropStmt   *statement = makeNode(DropStmt);
	char	   *schema = get_namespace_name(get_rel_namespace(btree));

	statement->removeType = OBJECT_INDEX;
	statement->objects = list_make1(list_make2(makeString(schema), makeString(get_rel_name(btree))));
	statement->behavior = DROP_RESTRICT;
	statement->missing_ok = true;
	statement->concurrent = true;
	return (Node *) statement;
}

/* ---- steps ---- */

/* False if somebody has changed the index meanwhile: what is next is something else. */
static bool
lock_build(IndexBuild *build)
{
	IndexBuild *now;

	table_record_lock(build->relid);
	now = index_build_find(build->relid, build->index.name);
	if (now == NULL || now->index.status != build->index.status)
		return false;
	build->index = now->index;
	return true;
}

void
index_build_add_columns(IndexBuild *build)
{
	Relation	rel;

	if (!lock_build(build))
		return;
	rel = try_relation_open(build->relid, AccessExclusiveLock);
	if (rel == NULL)
		return;
	build->items_total = Max((int64) rel->rd_rel->reltuples, 0);
	build->phase = BUILD_FILL;
	build->started = GetCurrentTimestamp();
	build->index.backfilling = true;
	relation_close(rel, NoLock);

	index_build_write(build);
	index_catalog_update(build->relid, &build->index);
	table_index_add_columns(build->relid, &build->index);
}

void
index_build_fill(IndexBuild *build, int limit)
{
	DynamoTable *table = dynamo_table_open_relation(build->relid, RowExclusiveLock);
	FillPosition position = {.examined = build->items_done};
	ItemKey		last;

	if (table == NULL)
		return;
	if (build->last_key != NULL)
	{
		item_key(&table->definition->key, item_root(build->last_key), &last);
		fill_position_set(&position, &last);
	}
	if (table_fill_derived(table, &position, limit) == FILL_COMPLETE)
		build->phase = BUILD_BTREE;
	if (position.started)
		build->last_key = item_from_root(item_key_map(&table->definition->key,
													  &position.last));
	dynamo_table_close(table);

	build->items_done = position.examined;
	build->items_total = Max(build->items_total, build->items_done);
	if (build->started == 0)
		build->started = GetCurrentTimestamp();
	index_build_write(build);
}

void
index_build_activate(IndexBuild *build)
{
	if (!lock_build(build))
		return;
	build->index.status = INDEX_ACTIVE;
	build->index.backfilling = false;
	if (build->index.name.len > 0)
		index_catalog_update(build->relid, &build->index);
	index_build_delete(build->relid, build->index.name);
}

void
index_build_drop_columns(IndexBuild *build)
{
	if (lock_build(build))
		table_index_remove(build->relid, &build->index);
}

/* ---- whom it waits for ---- */

int
index_build_blocker(const IndexBuild *build)
{
	VirtualTransactionId *holders;
	LOCKTAG		tag;
	PGPROC	   *holder;
	int			n;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, build->relid);
	holders = GetLockConflicts(&tag, AccessExclusiveLock, &n);
	holder = n == 0 ? NULL : compat_virtual_transaction_proc(holders[0]);
	return holder == NULL ? 0 : holder->pid;
}
