/*
 * row_sql_statements.c
 *		The statements by which rows are read and written by SQL: their text, and
 *		the plans that a session keeps of them.
 *
 * Names in statements come from the relation, values are parameters, operators
 * are qualified: search_path has no say.  Derived columns that are not of the key
 * are the maintenance trigger's, since other triggers may change the item before it;
 * they are supplied here where it need not fire for each row.
 *
 * Plans are kept with what else is remembered of a table (row_access.c), and freed
 * with it.  Where a statement tells the partition, it is planned for that alone, each
 * time: a generic plan is one for all partitions, takes long to make and locks them.
 * Where it tells nothing of partitions it is for all of them anyway; to plan that
 * takes far longer than to execute it, so its plan is generic.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "catalog/pg_operator.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "partitioning/partdesc.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "storage/row_internal.h"

#define NUM_KEY_STATEMENTS	(STATEMENT_SHARE + 1)
#define MAX_KEPT_PLANS		16

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

static SqlStatements *statements_of(TableAccess *access);
static SPIPlanPtr prepare_key_statement(DynamoTable *table, TableAccess *access,
										KeyStatement kind);
static int key_plan_options(DynamoTable *table, TableAccess *access, KeyStatement kind);
static bool is_insert(KeyStatement kind);
static int nsupplied(const TableDefinition *definition, KeyStatement kind);
static bool trigger_fires_for_all(Relation rel);
static void check_key_is_unique(Relation rel, const TableAccess *access);
static bool is_unique_key_index(Relation index, const TableAccess *access);
static SPIPlanPtr prepare(const char *statement, int nargs, Oid *argtypes, int options);
static void append_key_statement(StringInfo sql, Relation rel, const TableAccess *access,
								 KeyStatement kind);
static void append_insert(StringInfo sql, Relation rel, const TableAccess *access,
						  KeyStatement kind);
static void append_update(StringInfo sql, Relation rel, const TableAccess *access,
						  KeyStatement kind);
static void append_key_columns(StringInfo sql, Relation rel, const TableAccess *access);
static void append_key_condition(StringInfo sql, Relation rel, const TableAccess *access);
static void append_item_condition(StringInfo sql, Relation rel, const TableAccess *access);
static Oid	item_column_type(Relation rel, const TableAccess *access);

/* ---- execution ---- */

uint64
sql_execute_key(DynamoTable *table, TableAccess *access, KeyStatement kind,
				Datum *parameters, const char *nulls, bool read_only)
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
		[STATEMENT_INSERT_ALL] = 1,
		[STATEMENT_UPDATE] = 2,
		[STATEMENT_UPDATE_ALL] = 2,
		[STATEMENT_DELETE] = 1,
		[STATEMENT_SHARE] = 1,
	};
	const TableDefinition *definition = table_definition(table->rel);
	Oid		   *argtypes = palloc_array(Oid, definition->nderived + 2);
	int			nargs = 0;
	StringInfoData sql;

	if (is_insert(kind) && table->rel->rd_rel->relkind != RELKIND_FOREIGN_TABLE)
		check_key_is_unique(table->rel, access);

	for (int i = 0; i < access->primary.nkeys; i++)
		argtypes[nargs++] = access->primary.keys[i].type_oid;
	for (int i = 0; i < nitems[kind]; i++)
		argtypes[nargs++] = item_column_type(table->rel, access);
	for (int i = access->primary.nkeys; i < nsupplied(definition, kind); i++)
		argtypes[nargs++] = derived_column_type(definition->derived[i].type,
												definition->derived[i].role);

	initStringInfo(&sql);
	append_key_statement(&sql, table->rel, access, kind);
	return prepare(sql.data, nargs, argtypes, key_plan_options(table, access, kind));
}

/* (an insertion's plan has no partitions) */
static int
key_plan_options(DynamoTable *table, TableAccess *access, KeyStatement kind)
{
	const KeyIndex *primary = &access->primary;

	return is_insert(kind) ? 0 : sql_plan_options(table->rel, primary->keys, primary->nkeys, primary->nkeys);
}

static bool
is_insert(KeyStatement kind)
{
	return kind == STATEMENT_INSERT || kind == STATEMENT_INSERT_ALL;
}

/* How many derived columns a statement supplies, those of the key first. */
static int
nsupplied(const TableDefinition *definition, KeyStatement kind)
{
	return kind == STATEMENT_INSERT_ALL || kind == STATEMENT_UPDATE_ALL ?
		definition->nderived :
		definition->key.nhash + definition->key.nrange;
}

bool
sql_supplies_columns(Relation rel)
{
	return SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA ||
		!trigger_fires_for_all(rel);
}

/* Whether the maintenance trigger fires for all rows that a statement stores, in partitions too. */
static bool
trigger_fires_for_all(Relation rel)
{
	char		kind = rel->rd_rel->relkind;
	const Trigger *trigger = find_maintenance_trigger(rel);

	return kind != RELKIND_FOREIGN_TABLE && (kind != RELKIND_RELATION || !has_children(rel)) &&
		trigger != NULL && trigger->tgenabled == TRIGGER_FIRES_ALWAYS &&
		fires_at_every_write(trigger);
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

int
sql_plan_options(Relation rel, const KeyColumn *keys, int nfixed, int ncompared)
{
	PartitionKey partitioning = RelationGetPartitionKey(rel);
	int			fixed = 0;
	int			compared = 0;

	if (partitioning == NULL || RelationGetPartitionDesc(rel, true)->nparts <= 1)
		return 0;
	for (int i = 0; i < partitioning->partnatts; i++)
		for (int j = 0; j < ncompared; j++)
			if (keys[j].column == partitioning->partattrs[i])
			{
				compared++;
				fixed += j < nfixed;
			}
	if (fixed == partitioning->partnatts)
		return CURSOR_OPT_CUSTOM_PLAN;
	return compared == 0 ? CURSOR_OPT_GENERIC_PLAN : 0;
}

static SPIPlanPtr
prepare(const char *statement, int nargs, Oid *argtypes, int options)
{
	SPIPlanPtr	plan = SPI_prepare_cursor(statement, nargs, argtypes, options);

	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "preparation of \"%s\" failed: %s", statement,
			 SPI_result_code_string(SPI_result));
	return plan;
}

SPIPlanPtr
sql_kept_plan(TableAccess *access, const char *statement, int nargs, Oid *argtypes, int options)
{
	SqlStatements *statements = statements_of(access);
	SPIPlanPtr	plan;
	int			place;

	for (int i = 0; i < statements->nkept; i++)
		if (strcmp(statements->kept[i].text, statement) == 0)
			return statements->kept[i].plan;

	plan = prepare(statement, nargs, argtypes, options);
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
		case STATEMENT_INSERT_ALL:
			append_insert(sql, rel, access, kind);
			break;
		case STATEMENT_UPDATE:
		case STATEMENT_UPDATE_ALL:
			append_update(sql, rel, access, kind);
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
append_insert(StringInfo sql, Relation rel, const TableAccess *access, KeyStatement kind)
{
	const TableDefinition *definition = table_definition(rel);
	int			ncolumns = nsupplied(definition, kind);

	appendStringInfoString(sql, "INSERT INTO ");
	append_table_name(sql, rel);
	appendStringInfoString(sql, " (");
	append_key_columns(sql, rel, access);
	appendStringInfoString(sql, ", ");
	append_column_name(sql, rel, access->item_column);
	for (int i = access->primary.nkeys; i < ncolumns; i++)
	{
		appendStringInfoString(sql, ", ");
		append_column_name(sql, rel, definition->derived[i].column);
	}
	appendStringInfoString(sql, ") VALUES (");
	for (int i = 0; i <= ncolumns; i++)
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
append_update(StringInfo sql, Relation rel, const TableAccess *access, KeyStatement kind)
{
	const TableDefinition *definition = table_definition(rel);
	int			ncolumns = nsupplied(definition, kind);

	appendStringInfoString(sql, "UPDATE ");
	append_table_name(sql, rel);
	appendStringInfoString(sql, " SET ");
	append_column_name(sql, rel, access->item_column);
	appendStringInfo(sql, " = $%d", access->primary.nkeys + 2);
	for (int i = access->primary.nkeys; i < ncolumns; i++)
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
