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
 * Names in statements come from the relation, values are parameters, operators
 * are qualified: search_path has no say.  Derived columns are supplied here, so
 * that the maintenance trigger need not exist where the rows are.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/xact.h"
#include "catalog/pg_operator.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "storage/row_internal.h"

/*
 * INSERT changes nothing either because of a row that is gone before we look, or
 * because a trigger keeps it from happening.  That others insert and delete the
 * key that often, always between the same two of our statements, we rule out.
 */
#define MAX_VAIN_INSERTS 20

#define MAX_KEPT_PLANS 16

/* The statements of one key; their parameters are the key's parts, then: */
typedef enum KeyStatement
{
	STATEMENT_SELECT,			/* - */
	STATEMENT_LOCK,				/* - */
	STATEMENT_INSERT,			/* new item, its other derived columns */
	STATEMENT_UPDATE,			/* old item, new item, its other derived columns */
	STATEMENT_DELETE,			/* old item */
	STATEMENT_SHARE,			/* old item */
} KeyStatement;

#define NUM_KEY_STATEMENTS (STATEMENT_SHARE + 1)

typedef struct SqlStatements
{
	SPIPlanPtr	of_key[NUM_KEY_STATEMENTS]; /* NULL before the first use */
	int			nkept;
	struct
	{
		char	   *text;
		SPIPlanPtr	plan;
	}			kept[MAX_KEPT_PLANS];
	int			next_victim;
} SqlStatements;

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
static void check_not_hidden(SqlWrite *write);
static void check_write_was_possible(SqlWrite *write, RowVersion *before);
static void lock_row(SqlWrite *write);
static bool store_item(SqlWrite *write, DynamoItem *item);
static void set_derived_parameters(SqlWrite *write, const DynamoItem *item, int n);
static bool delete_item(SqlWrite *write, DynamoItem *item);
static bool hold_version(SqlWrite *write);
static bool hold_absent_by_statements(SqlWrite *write);
static void check_new_item(SqlWrite *write, const DynamoItem *item);
static void select_row(DynamoTable *table, TableAccess *access, Datum *parameters,
					   RowVersion *version, MemoryContext context);
static uint64 execute(DynamoTable *table, TableAccess *access, KeyStatement kind,
					  Datum *parameters, const char *nulls, bool read_only);
static SqlStatements *statements_of(TableAccess *access);
static SPIPlanPtr prepare_key_statement(DynamoTable *table, TableAccess *access,
										KeyStatement kind);
static bool stores_item(KeyStatement kind);
static void check_key_is_unique(Relation rel, const TableAccess *access);
static bool is_unique_key_index(Relation index, const TableAccess *access);
static SPIPlanPtr prepare(const char *statement, int nargs, Oid *argtypes);
static void append_key_statement(StringInfo sql, Relation rel, const TableAccess *access,
								 KeyStatement kind);
static void append_insert(StringInfo sql, Relation rel, const TableAccess *access);
static void append_update(StringInfo sql, Relation rel, const TableAccess *access);
static void append_key_columns(StringInfo sql, Relation rel, const TableAccess *access);
static void append_key_condition(StringInfo sql, Relation rel, const TableAccess *access);
static void append_item_condition(StringInfo sql, Relation rel, const TableAccess *access);
static Oid	item_column_type(Relation rel, const TableAccess *access);

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
	if (!write->version.found && write->row_security)
		check_not_hidden(write);
	if (write->can_look_up)
		ExecClearTuple(write->lookup.slot);
	PopActiveSnapshot();
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

/* Locks the row against writers, if there is one and the caller may. */
static void
lock_row(SqlWrite *write)
{
	if (pg_class_aclcheck(RelationGetRelid(write->table->rel), GetUserId(),
						  ACL_UPDATE) == ACLCHECK_OK)
		execute(write->table, write->access, STATEMENT_LOCK, write->parameters, NULL, false);
}

/* False if another transaction was faster. */
static bool
store_item(SqlWrite *write, DynamoItem *item)
{
	int			n = write->key->n;
	KeyStatement kind = STATEMENT_INSERT;

	check_new_item(write, item);
	if (write->version.found)
	{
		kind = STATEMENT_UPDATE;
		write->parameters[n++] = DynamoItemGetDatum(write->version.item);
	}
	write->nulls[n] = ' ';
	write->parameters[n++] = DynamoItemGetDatum(item);
	set_derived_parameters(write, item, n);
	return execute(write->table, write->access, kind, write->parameters, write->nulls, false) > 0;
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
	return execute(write->table, write->access, STATEMENT_DELETE, write->parameters, NULL, false) > 0;
}

/* False if another transaction was faster. */
static bool
hold_version(SqlWrite *write)
{
	if (write->version.found)
	{
		write->parameters[write->key->n] = DynamoItemGetDatum(write->version.item);
		return execute(write->table, write->access, STATEMENT_SHARE, write->parameters, NULL, false) > 0;
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
	MapEntry	entries[MAX_KEY_ATTRIBUTES];
	DynamoItem *placeholder;

	for (int i = 0; i < write->key->n; i++)
	{
		entries[i].name = schema->attributes[i].name;
		entries[i].value = write->key->values[i];
	}
	placeholder = item_from_root(attribute_make_map(entries, write->key->n));
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
	if (execute(table, access, STATEMENT_SELECT, parameters, NULL, true) > 0)
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

/* Returns the number of rows processed. */
static uint64
execute(DynamoTable *table, TableAccess *access, KeyStatement kind,
		Datum	   *parameters, const char *nulls, bool read_only)
{
	SqlStatements *statements = statements_of(access);
	int			result;

	if (statements->of_key[kind] == NULL)
		statements->of_key[kind] = prepare_key_statement(table, access, kind);
	result = SPI_execute_plan(statements->of_key[kind], parameters, nulls, read_only, 0);
	if (result < 0)
		elog(ERROR, "execution of a statement failed: %s", SPI_result_code_string(result));
	return SPI_processed;
}

static SqlStatements *
statements_of(TableAccess *access)
{
	if (access->sql == NULL)
		access->sql = MemoryContextAllocZero(access->context, sizeof(SqlStatements));
	return access->sql;
}

void
sql_statements_free(SqlStatements *sql)
{
	for (int i = 0; i < NUM_KEY_STATEMENTS; i++)
		if (sql->of_key[i] != NULL)
			SPI_freeplan(sql->of_key[i]);
	for (int i = 0; i < sql->nkept; i++)
		SPI_freeplan(sql->kept[i].plan);
}

static SPIPlanPtr
prepare_key_statement(DynamoTable *table, TableAccess *access, KeyStatement kind)
{
	static const int nitems[NUM_KEY_STATEMENTS] = {
		[STATEMENT_INSERT] = 1,
		[STATEMENT_UPDATE] = 2,
		[STATEMENT_DELETE] = 1,
		[STATEMENT_SHARE] = 1,
	};
	const TableDefinition *definition = table_definition(table->rel);
	Oid		   *argtypes = palloc_array(Oid, definition->nderived + 2);
	int			nargs = 0;
	StringInfoData sql;

	if (kind == STATEMENT_INSERT && table->rel->rd_rel->relkind != RELKIND_FOREIGN_TABLE)
		check_key_is_unique(table->rel, access);

	for (int i = 0; i < access->primary.nkeys; i++)
		argtypes[nargs++] = access->primary.keys[i].type_oid;
	for (int i = 0; i < nitems[kind]; i++)
		argtypes[nargs++] = item_column_type(table->rel, access);
	for (int i = access->primary.nkeys; i < definition->nderived && stores_item(kind); i++)
		argtypes[nargs++] = derived_column_type(definition->derived[i].type,
												definition->derived[i].role);

	initStringInfo(&sql);
	append_key_statement(&sql, table->rel, access, kind);
	return prepare(sql.data, nargs, argtypes);
}

static bool
stores_item(KeyStatement kind)
{
	return kind == STATEMENT_INSERT || kind == STATEMENT_UPDATE;
}

/* Raises an error if no index keeps a key from being inserted twice. */
static void
check_key_is_unique(Relation rel, const TableAccess *access)
{
	List	   *indexes = RelationGetIndexList(rel);
	bool		unique = false;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		unique |= is_unique_key_index(index, access);
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	if (!unique)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no unique index over its key columns",
						RelationGetRelationName(rel)),
				 errhint("ALTER TABLE ... ADD PRIMARY KEY makes one.")));
}

/* Whether the index may arbitrate INSERT ... ON CONFLICT (the key columns). */
static bool
is_unique_key_index(Relation index, const TableAccess *access)
{
	Form_pg_index form = index->rd_index;
	bool result = form->indisunique && form->indimmediate && form->indisvalid &&
		form->indnkeyatts == access->primary.nkeys && RelationGetIndexPredicate(index) == NIL;

	for (int i = 0; result && i < access->primary.nkeys; i++)
	{
		bool		indexed = false;

		for (int j = 0; j < form->indnkeyatts; j++)
			indexed |= form->indkey.values[j] == access->primary.keys[i].column;
		result = indexed;
	}
	return result;
}

static SPIPlanPtr
prepare(const char *statement, int nargs, Oid *argtypes)
{
	SPIPlanPtr	plan = SPI_prepare(statement, nargs, argtypes);

	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "preparation of \"%s\" failed: %s", statement,
			 SPI_result_code_string(SPI_result));
	return plan;
}

SPIPlanPtr
sql_kept_plan(TableAccess *access, const char *statement, int nargs, Oid *argtypes)
{
	SqlStatements *statements = statements_of(access);
	SPIPlanPtr	plan;
	int			place;

	for (int i = 0; i < statements->nkept; i++)
		if (strcmp(statements->kept[i].text, statement) == 0)
			return statements->kept[i].plan;

	plan = prepare(statement, nargs, argtypes);
	place = statements->nkept;
	if (place == MAX_KEPT_PLANS)
	{
		place = statements->next_victim++ % MAX_KEPT_PLANS;
		SPI_freeplan(statements->kept[place].plan);
		pfree(statements->kept[place].text);
	}
	else
		statements->nkept++;
	statements->kept[place].plan = plan;
	statements->kept[place].text = MemoryContextStrdup(access->context, statement);
	return plan;
}

/* ---- text ---- */

static void
append_key_statement(StringInfo sql, Relation rel, const TableAccess *access,
					 KeyStatement kind)
{
	switch (kind)
	{
		case STATEMENT_SELECT:
			appendStringInfoString(sql, "SELECT ctid, tableoid, ");
			append_column_name(sql, rel, access->item_column);
			appendStringInfoString(sql, " FROM ");
			append_table_name(sql, rel);
			append_key_condition(sql, rel, access);
			break;
		case STATEMENT_LOCK:
			appendStringInfoString(sql, "SELECT FROM ");
			append_table_name(sql, rel);
			append_key_condition(sql, rel, access);
			appendStringInfoString(sql, " FOR NO KEY UPDATE");
			break;
		case STATEMENT_INSERT:
			append_insert(sql, rel, access);
			break;
		case STATEMENT_UPDATE:
			append_update(sql, rel, access);
			break;
		case STATEMENT_DELETE:
			appendStringInfoString(sql, "DELETE FROM ");
			append_table_name(sql, rel);
			append_key_condition(sql, rel, access);
			append_item_condition(sql, rel, access);
			break;
		case STATEMENT_SHARE:
			appendStringInfoString(sql, "SELECT FROM ");
			append_table_name(sql, rel);
			append_key_condition(sql, rel, access);
			append_item_condition(sql, rel, access);
			appendStringInfoString(sql, " FOR SHARE");
			break;
	}
}

static void
append_insert(StringInfo sql, Relation rel, const TableAccess *access)
{
	const TableDefinition *definition = table_definition(rel);

	appendStringInfoString(sql, "INSERT INTO ");
	append_table_name(sql, rel);
	appendStringInfoString(sql, " (");
	append_key_columns(sql, rel, access);
	appendStringInfoString(sql, ", ");
	append_column_name(sql, rel, access->item_column);
	for (int i = access->primary.nkeys; i < definition->nderived; i++)
	{
		appendStringInfoString(sql, ", ");
		append_column_name(sql, rel, definition->derived[i].column);
	}
	appendStringInfoString(sql, ") VALUES (");
	for (int i = 0; i <= definition->nderived; i++)
		appendStringInfo(sql, "%s$%d", i == 0 ? "" : ", ", i + 1);
	appendStringInfoString(sql, ") ON CONFLICT");

	/* Another unique index is to raise its error; foreign tables know no target. */
	if (rel->rd_rel->relkind != RELKIND_FOREIGN_TABLE)
	{
		appendStringInfoString(sql, " (");
		append_key_columns(sql, rel, access);
		appendStringInfoChar(sql, ')');
	}
	appendStringInfoString(sql, " DO NOTHING");
}

static void
append_update(StringInfo sql, Relation rel, const TableAccess *access)
{
	const TableDefinition *definition = table_definition(rel);

	appendStringInfoString(sql, "UPDATE ");
	append_table_name(sql, rel);
	appendStringInfoString(sql, " SET ");
	append_column_name(sql, rel, access->item_column);
	appendStringInfo(sql, " = $%d", access->primary.nkeys + 2);
	for (int i = access->primary.nkeys; i < definition->nderived; i++)
	{
		appendStringInfoString(sql, ", ");
		append_column_name(sql, rel, definition->derived[i].column);
		appendStringInfo(sql, " = $%d", i + 3);
	}
	append_key_condition(sql, rel, access);
	append_item_condition(sql, rel, access);
}

static void
append_key_columns(StringInfo sql, Relation rel, const TableAccess *access)
{
	for (int i = 0; i < access->primary.nkeys; i++)
	{
		if (i > 0)
			appendStringInfoString(sql, ", ");
		append_column_name(sql, rel, access->primary.keys[i].column);
	}
}

static void
append_key_condition(StringInfo sql, Relation rel, const TableAccess *access)
{
	for (int i = 0; i < access->primary.nkeys; i++)
	{
		appendStringInfoString(sql, i == 0 ? " WHERE " : " AND ");
		append_column_name(sql, rel, access->primary.keys[i].column);
		appendStringInfo(sql, " OPERATOR(pg_catalog.=) $%d", i + 1);
	}
}

/* "AND item = (the old item)", by the type's own operator. */
static void
append_item_condition(StringInfo sql, Relation rel, const TableAccess *access)
{
	TypeCacheEntry *type = lookup_type_cache(item_column_type(rel, access), TYPECACHE_EQ_OPR);
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(type->eq_opr));
	Form_pg_operator operator;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "items have no operator of equality");
	operator = (Form_pg_operator) GETSTRUCT(tuple);
	appendStringInfoString(sql, " AND ");
	append_column_name(sql, rel, access->item_column);
	appendStringInfo(sql, " OPERATOR(%s.%s) $%d",
					 quote_identifier(get_namespace_name(operator->oprnamespace)),
					 NameStr(operator->oprname), access->primary.nkeys + 1);
	ReleaseSysCache(tuple);
}

void
append_table_name(StringInfo sql, Relation rel)
{
	appendStringInfoString(sql, quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
														   RelationGetRelationName(rel)));
}

void
append_column_name(StringInfo sql, Relation rel, AttrNumber column)
{
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), column - 1);

	appendStringInfoString(sql, quote_identifier(NameStr(attribute->attname)));
}

static Oid
item_column_type(Relation rel, const TableAccess *access)
{
	return TupleDescAttr(RelationGetDescr(rel), access->item_column - 1)->atttypid;
}
