/*
 * row_sql.c
 *		Get and conditional write of one key by SQL: for tables whose rows the
 *		executor must see (row security, triggers, constraints, partitions,
 *		foreign tables).
 *
 * A write is the same compare-and-set loop as row_write.c's, in statements that
 * anybody who may do the write may execute:
 *
 *	1	wait for whoever is changing the row, where it can be looked up here, and
 *		SELECT the item with a fresh snapshot;
 *	2	decide on it;
 *	3	UPDATE or DELETE ... WHERE key = ... AND item = (the item decided on), or
 *		INSERT ... ON CONFLICT DO NOTHING.
 *
 * READ COMMITTED evaluates the WHERE again on the version that a concurrent
 * transaction has left, so step 3 changes no row if the item was replaced.  Then
 * the next round decides anew; after some lost rounds it locks the row first, if
 * the caller may UPDATE (a row lock asks for that).  SELECT ... FOR UPDATE in
 * step 1 would make a caller who may only delete need more, and would hide rows
 * that may be read but not updated.
 *
 * If step 3 changes nothing although step 1 of the next round finds the very
 * same version, no other transaction is the cause but a policy or trigger, and
 * the caller is told.  A row that row security hides from step 1 is no absent
 * row: that is an error, by a look into the index of the table or its partitions
 * (only of foreign ones we cannot tell).
 *
 * A write that is to hold and changes nothing locks the row FOR SHARE, again only
 * with the item decided on, which asks the caller for UPDATE.  A key without row
 * is held by row_hold.c where the index is here; elsewhere (partitions, foreign
 * tables) by statements that insert and delete a placeholder.
 *
 * The statements are row_sql_statements.c's.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "storage/row_internal.h"

/*
 * INSERT changes nothing either because of a row that is gone before we look, or
 * because a trigger keeps it from happening.  That others insert and delete the
 * key that often, always between the same two of our statements, we rule out.
 */
#define MAX_VAIN_INSERTS 20

/* Columns of STATEMENT_SELECT. */
enum
{
	SELECTED_CTID = 1,
	SELECTED_TABLEOID,
	SELECTED_ITEM,
};

/* What step 1 has found. */
typedef struct RowVersion
{
	bool		found;
	ItemPointerData tid;
	Oid			table_oid;
	DynamoItem *item;
} RowVersion;

typedef struct SqlWrite
{
	DynamoTable *table;
	TableAccess *access;
	const ItemKey *key;
	bool		hold;			/* what was decided on stays, written or not */
	bool		refresh;		/* derived columns alone; nothing is decided */
	Datum	   *parameters;
	char	   *nulls;			/* of the parameters, as SPI has it */
	Decision	decision;
	RowVersion	version;
	RowLookup	lookup;
	bool		can_look_up;	/* the rows are here, and `lookup` is open */
	bool		row_security;
	int			lost_rounds;
	int			vain_inserts;
} SqlWrite;

static void write_by_sql(SqlWrite *write, WriteDecision decide, void *arg);
static void make_parameters(SqlWrite *write);
static bool write_round(SqlWrite *write);
static void find_version(SqlWrite *write, MemoryContext context);
static void look_again_after_rewrite(SqlWrite *write, MemoryContext context);
static void check_not_hidden(SqlWrite *write);
static void check_write_was_possible(SqlWrite *write, RowVersion *before);
static void lock_row(SqlWrite *write);
static bool store_item(SqlWrite *write, DynamoItem *item);
static void set_derived_parameters(SqlWrite *write, const DynamoItem *item, int n);
static bool delete_item(SqlWrite *write, DynamoItem *item);
static bool hold_version(SqlWrite *write);
static bool hold_absent_by_statements(SqlWrite *write);
static void check_new_item(SqlWrite *write, const DynamoItem *item);
static uint64 execute(SqlWrite *write, KeyStatement kind, const char *nulls);
static void select_row(DynamoTable *table, TableAccess *access, Datum *parameters,
					   RowVersion *version, MemoryContext context);

/* ---- get ---- */

DynamoItem *
sql_get_item(DynamoTable *table, const ItemKey *key)
{
	TableAccess *access = table_access(table);
	MemoryContext caller = CurrentMemoryContext;
	Datum		parameters[MAX_KEY_ATTRIBUTES];
	RowVersion	version;

	SPI_connect();
	for (int i = 0; i < key->n; i++)
		parameters[i] = key_datum(key->values[i]);
	select_row(table, access, parameters, &version, caller);
	SPI_finish();
	return version.item;
}

/* ---- write ---- */

void
sql_write_item(DynamoTable *table, const ItemKey *key, bool hold, WriteDecision decide, void *arg)
{
	write_by_sql(&(SqlWrite) {.table = table, .key = key, .hold = hold}, decide, arg);
}

static void
write_by_sql(SqlWrite *write, WriteDecision decide, void *arg)
{
	Relation	rel = write->table->rel;

	write->access = table_access(write->table);
	write->row_security = check_enable_rls(RelationGetRelid(rel), InvalidOid, true) == RLS_ENABLED;

	/* Whatever this transaction has done so far, in this command too, counts. */
	CommandCounterIncrement();
	decision_begin(&write->decision, decide, arg);
	write->can_look_up = OidIsValid(write->access->primary.oid);

	SPI_connect();
	make_parameters(write);
	if (write->can_look_up)
		row_lookup_begin(&write->lookup, write->table, write->key,
						 write->hold ? RowExclusiveLock : AccessShareLock);
	while (!write_round(write))
	{
		CHECK_FOR_INTERRUPTS();
		write->lost_rounds++;
	}
	if (write->can_look_up)
		row_lookup_end(&write->lookup);
	SPI_finish();
}

/* A WriteDecision. */
static WriteVerdict
keep_item(void *arg, const DynamoItem *old, DynamoItem **new_item)
{
	return WRITE_NOTHING;
}

bool
sql_refresh_columns(DynamoTable *table, const ItemKey *key, bool wait)
{
	SqlWrite	write = {.table = table, .key = key, .refresh = true, .lookup.nowait = !wait};

	write_by_sql(&write, keep_item, NULL);
	return !write.lookup.busy;
}

/* Room for those of all statements, and the key in it. */
static void
make_parameters(SqlWrite *write)
{
	int			n = table_definition(write->table->rel)->nderived + 2;

	write->parameters = palloc0_array(Datum, n);
	write->nulls = palloc(n);
	memset(write->nulls, ' ', n);
	for (int i = 0; i < write->key->n; i++)
		write->parameters[i] = key_datum(write->key->values[i]);
}

/* False if another transaction was faster: decide again. */
static bool
write_round(SqlWrite *write)
{
	RowVersion	before = write->version;
	MemoryContext context = decision_next_context(&write->decision);
	DynamoItem *old;
	DynamoItem *item = NULL;
	WriteVerdict verdict;

	if (write->lookup.nowait && write->can_look_up && !row_try_lock(&write->lookup))
		return true;
	if (write->lost_rounds >= MAX_LOST_ROUNDS)
		lock_row(write);
	find_version(write, context);
	if (write->lost_rounds > 0)
		check_write_was_possible(write, &before);

	old = write->version.item;
	verdict = decision_run(&write->decision, context, old, &item);
	if (write->refresh)
		return old == NULL || store_item(write, old);
	if (verdict == WRITE_DELETE && old != NULL)
		return delete_item(write, old);
	if (verdict == WRITE_ITEM && (old == NULL || !items_equal(old, item)))
		return store_item(write, item);
	return !write->hold || hold_version(write);
}

/*
 * Step 1, after waiting for whoever is changing the row, as far as we can look:
 * a condition is to see what a direct write would see.
 */
static void
find_version(SqlWrite *write, MemoryContext context)
{
	if (write->can_look_up && !IsolationUsesXactSnapshot())
		row_find_latest(&write->lookup);
	PushActiveSnapshot(GetTransactionSnapshot());
	if (write->can_look_up && IsolationUsesXactSnapshot())
		row_find_serializable(&write->lookup);
	select_row(write->table, write->access, write->parameters, &write->version, context);
	if (!write->version.found && has_children(write->table->rel))
		look_again_after_rewrite(write, context);
	if (!write->version.found && write->row_security)
		check_not_hidden(write);
	if (write->can_look_up)
		ExecClearTuple(write->lookup.slot);
	PopActiveSnapshot();
}

/* The partitions were locked after the snapshot was taken, which is to be the active one. */
static void
look_again_after_rewrite(SqlWrite *write, MemoryContext context)
{
	if (IsolationUsesXactSnapshot())
		check_rewrite(write->table);
	else if (was_rewritten(write->table))
	{
		PopActiveSnapshot();
		PushActiveSnapshot(GetTransactionSnapshot());
		select_row(write->table, write->access, write->parameters, &write->version, context);
	}
}

/* Raises insufficient_privilege if the active snapshot sees a row of the key. */
static void
check_not_hidden(SqlWrite *write)
{
	Relation	rel = write->table->rel;
	Snapshot	snapshot = GetActiveSnapshot();
	bool		exists = write->can_look_up ? row_find_in_snapshot(&write->lookup, snapshot) :
		rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE &&
		partitions_have_row(rel, write->access, write->parameters, snapshot);

	if (exists)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for an item of table \"%s\"",
						RelationGetRelationName(rel)),
				 errdetail("An item with this key exists, but row-level security hides it.")));
}

/*
 * After a round that has changed nothing: raises an error unless that was
 * another transaction's doing.  No version is pruned, and its place reused, while
 * our caller's snapshot lasts, so its place tells whether it is the same.
 */
static void
check_write_was_possible(SqlWrite *write, RowVersion *before)
{
	RowVersion *now = &write->version;

	if (before->found != now->found)
		return;
	if (now->found && (now->table_oid != before->table_oid ||
					   !ItemPointerEquals(&now->tid, &before->tid)))
		return;
	if (!now->found && ++write->vain_inserts < MAX_VAIN_INSERTS)
		return;

	if (write->row_security)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for an item of table \"%s\"",
						RelationGetRelationName(write->table->rel)),
				 errdetail("Row-level security, or a trigger of the table, has kept the item as it is.")));
	ereport(ERROR,
			(errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
			 errmsg("a trigger or rule of table \"%s\" has kept the item as it is",
					RelationGetRelationName(write->table->rel)),
			 errhint("A row-level BEFORE trigger that returns NULL suppresses the write.")));
}

/* Returns the number of rows processed. */
static uint64
execute(SqlWrite *write, KeyStatement kind, const char *nulls)
{
	return sql_execute_key(write->table, write->access, kind, write->parameters, nulls, false);
}

/* Locks the row against writers, if there is one and the caller may. */
static void
lock_row(SqlWrite *write)
{
	if (pg_class_aclcheck(RelationGetRelid(write->table->rel), GetUserId(),
						  ACL_UPDATE) == ACLCHECK_OK)
		(void) execute(write, STATEMENT_LOCK, NULL);
}

/* False if another transaction was faster. */
static bool
store_item(SqlWrite *write, DynamoItem *item)
{
	int			n = write->key->n;
	bool		supplies = sql_supplies_columns(write->table->rel);
	KeyStatement kind = supplies ? STATEMENT_INSERT_ALL : STATEMENT_INSERT;

	check_new_item(write, item);
	if (write->version.found)
	{
		kind = supplies ? STATEMENT_UPDATE_ALL : STATEMENT_UPDATE;
		write->parameters[n++] = DynamoItemGetDatum(write->version.item);
	}
	write->nulls[n] = ' ';
	write->parameters[n++] = DynamoItemGetDatum(item);
	if (supplies)
		set_derived_parameters(write, item, n);
	return execute(write, kind, write->nulls) > 0;
}

/* The derived columns that are not of the key, as parameters from number n on. */
static void
set_derived_parameters(SqlWrite *write, const DynamoItem *item, int n)
{
	const TableDefinition *definition = table_definition(write->table->rel);

	for (int i = write->key->n; i < definition->nderived; i++, n++)
	{
		bool		isnull = !derived_datum(&definition->derived[i], item_root(item),
									 &write->parameters[n]);

		write->nulls[n] = isnull ? 'n' : ' ';
	}
}

/* False if another transaction was faster. */
static bool
delete_item(SqlWrite *write, DynamoItem *item)
{
	write->parameters[write->key->n] = DynamoItemGetDatum(item);
	return execute(write, STATEMENT_DELETE, NULL) > 0;
}

/* False if another transaction was faster. */
static bool
hold_version(SqlWrite *write)
{
	if (write->version.found)
	{
		write->parameters[write->key->n] = DynamoItemGetDatum(write->version.item);
		return execute(write, STATEMENT_SHARE, NULL) > 0;
	}
	if (write->can_look_up)
		return row_hold_absent(&write->lookup, write->key);
	return hold_absent_by_statements(write);
}

/*
 * The placeholder is the key alone.  (A trigger that changes it is met by the
 * deletion, which then finds nothing and is not repeated in vain for long.)
 */
static bool
hold_absent_by_statements(SqlWrite *write)
{
	const KeySchema *schema = &table_definition(write->table->rel)->key;
	DynamoItem *placeholder = item_from_root(item_key_map(schema, write->key));

	return store_item(write, placeholder) && delete_item(write, placeholder);
}

/* What the access method checks elsewhere; the rows here may have another one. */
static void
check_new_item(SqlWrite *write, const DynamoItem *item)
{
	const TableDefinition *definition = table_definition(write->table->rel);
	ItemKey		key;

	check_item_limits(&definition->key, item);
	item_key(&definition->key, item_root(item), &key);
	for (int i = 0; i < key.n; i++)
		if (!attribute_equal(key.values[i], write->key->values[i]))
			elog(ERROR, "a new item must have the key of the old one");
}

/* ---- execution ---- */

/* The row of the key; its item is detoasted into `context`. */
static void
select_row(DynamoTable *table, TableAccess *access, Datum *parameters,
		   RowVersion *version, MemoryContext context)
{
	memset(version, 0, sizeof(*version));
	if (sql_execute_key(table, access, STATEMENT_SELECT, parameters, NULL, true) > 0)
	{
		HeapTuple	row = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		MemoryContext caller = MemoryContextSwitchTo(context);
		bool		isnull;

		version->found = true;
		version->tid = *(ItemPointer) DatumGetPointer(SPI_getbinval(row, desc, SELECTED_CTID,
																   &isnull));
		version->table_oid = DatumGetObjectId(SPI_getbinval(row, desc, SELECTED_TABLEOID, &isnull));
		version->item = copy_item(SPI_getbinval(row, desc, SELECTED_ITEM, &isnull));
		MemoryContextSwitchTo(caller);
	}
	SPI_freetuptable(SPI_tuptable);
}
