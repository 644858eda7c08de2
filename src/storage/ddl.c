/*
 * ddl.c
 *		Creating and dropping the relation of a table.
 *
 * The commands are built as parse trees and run as if the caller had typed
 * them: with the caller's rights, seen by event triggers and hooks.
 *
 *		CREATE SCHEMA IF NOT EXISTS dynamodb;
 *		CREATE TABLE dynamodb."Music" (
 *			"Artist" text COLLATE "C" NOT NULL,
 *			"SongTitle" text COLLATE "C" NOT NULL,
 *			item dynamo.item NOT NULL,
 *			PRIMARY KEY ("Artist", "SongTitle")) USING dynamo;
 *		CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON dynamodb."Music"
 *			FOR EACH ROW EXECUTE FUNCTION dynamo.maintain_columns(
 *				'Artist', 'S', 'Artist', 'HASH', 'SongTitle', 'S', 'SongTitle', 'RANGE');
 *		ALTER TABLE dynamodb."Music" ENABLE ALWAYS TRIGGER zzz_dynamo_maintain,
 *			ALTER COLUMN "Artist" SET STORAGE MAIN, ALTER COLUMN "SongTitle" SET STORAGE MAIN;
 *
 * STORAGE MAIN keeps long keys of unchanged rows byte for byte the same, so that
 * updates stay HOT.
 *
 * Locks: two creators of one name meet at a lock on it within the schema, held
 * to the end of the transaction, and the second then finds the first's table.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "tcop/dest.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "common/compat.h"
#include "common/errors.h"
#include "common/settings.h"
#include "storage/storage_internal.h"

void
run_utility(Node *statement)
{
	PlannedStmt *planned = makeNode(PlannedStmt);

	planned->commandType = CMD_UTILITY;
	planned->canSetTag = false;
	planned->utilityStmt = statement;
	planned->stmt_location = -1;
	planned->stmt_len = 0;
	ProcessUtility(planned, "a DynamoDB operation", false, PROCESS_UTILITY_QUERY,
				   NULL, NULL, None_Receiver, NULL);
	CommandCounterIncrement();
}

RangeVar *
range_var_of(Relation rel)
{
	return makeRangeVar(get_namespace_name(RelationGetNamespace(rel)),
						pstrdup(RelationGetRelationName(rel)), -1);
}

/* A lock that only others who create an object of this name take. */
static void
lock_name(Oid schema, Bytes name)
{
	uint32		hash = hash_bytes((const unsigned char *) name.data, name.len);

	/* Sub-object 0 is the schema itself. */
	LockDatabaseObject(NamespaceRelationId, schema, (uint16) (hash % PG_UINT16_MAX) + 1,
					   ShareUpdateExclusiveLock);
}

/* ---- creating ---- */

/* What is recorded of a table would outlive a temporary one. */
static void
check_schema_lasts(Oid schema)
{
	if (isAnyTempNamespace(schema))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a DynamoDB table cannot be temporary"),
				 errhint("dynamo.schema names the schema in which tables are made.")));
}

static void
check_name_is_free(Bytes name, const char *relname, Oid schema)
{
	Oid			relid = get_relname_relid(relname, schema);

	if (OidIsValid(relid) || job_making_table(name) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_RESOURCE_IN_USE),
				 errmsg_internal("Table already exists: %.*s", name.len, name.data),
				 !OidIsValid(relid) ||
				 OidIsValid(get_trigger_oid(relid, MAINTENANCE_TRIGGER, true)) ? 0 :
				 errdetail("In schema \"%s\" a relation of this name is no DynamoDB table.",
						   dynamo_schema)));
}

/*
 * Looks before it waits for the lock too: a job that makes a table holds it for
 * long.
 */
static void
take_name(Oid schema, Bytes name, const char *relname)
{
	check_name_is_free(name, relname, schema);
	lock_name(schema, name);
	check_name_is_free(name, relname, schema);
}

Oid
ensure_schema(char *name)
{
	Oid			schema = get_namespace_oid(name, true);
	CreateSchemaStmt *statement;

	if (OidIsValid(schema))
		return schema;
	lock_name(get_namespace_oid("dynamo", false), bytes_from_cstring(name));
	schema = get_namespace_oid(name, true);
	if (OidIsValid(schema))
		return schema;
	statement = makeNode(CreateSchemaStmt);
	statement->schemaname = name;
	run_utility((Node *) statement);
	return get_namespace_oid(name, false);
}

ColumnDef *
make_column(const char *name, Oid type, Oid collation)
{
	ColumnDef  *column = makeColumnDef(name, type, -1, collation);
	Constraint *not_null = makeNode(Constraint);

	not_null->contype = CONSTR_NOTNULL;
	not_null->initially_valid = true;
	not_null->location = -1;
	column->constraints = list_make1(not_null);
	return column;
}

static char *
derived_name(const DerivedColumn *derived)
{
	NameData	name;

	derived_column_name(derived->attribute, derived->role, &name);
	return pstrdup(NameStr(name));
}

/* Only parts of the primary key are NOT NULL. */
static ColumnDef *
make_derived_column(const DerivedColumn *derived)
{
	Oid			type = derived_column_type(derived->type, derived->role);
	Oid			collation = derived_column_collation(derived->type, derived->role);

	if (derived->role == DERIVED_HASH || derived->role == DERIVED_RANGE)
		return make_column(derived_name(derived), type, collation);
	return makeColumnDef(derived_name(derived), type, -1, collation);
}

/* DerivedColumn * of the parts of a key, then the others. */
static List *
derived_columns(const KeySchema *key, List *others)
{
	List	   *columns = NIL;

	for (int i = 0; i < key->nhash + key->nrange; i++)
	{
		DerivedColumn *derived = palloc0_object(DerivedColumn);

		derived->attribute = key->attributes[i].name;
		derived->type = key->attributes[i].type;
		derived->role = i < key->nhash ? DERIVED_HASH : DERIVED_RANGE;
		columns = lappend(columns, derived);
	}
	return list_concat(columns, others);
}

static CreateStmt *
make_create_table(RangeVar *relation, List *columns)
{
	CreateStmt *statement = makeNode(CreateStmt);
	Constraint *primary_key = makeNode(Constraint);
	ListCell   *cell;

	primary_key->contype = CONSTR_PRIMARY;
	primary_key->location = -1;
	foreach(cell, columns)
	{
		const DerivedColumn *derived = lfirst(cell);
		char	   *name = derived_name(derived);

		if (derived->role == DERIVED_HASH || derived->role == DERIVED_RANGE)
			primary_key->keys = lappend(primary_key->keys, makeString(name));
		statement->tableElts = lappend(statement->tableElts, make_derived_column(derived));
	}
	statement->tableElts = lappend(statement->tableElts,
								   make_column(ITEM_COLUMN, item_type_oid(), InvalidOid));
	statement->tableElts = lappend(statement->tableElts, primary_key);
	statement->relation = relation;
	statement->oncommit = ONCOMMIT_NOOP;
	statement->accessMethod = "dynamo";
	return statement;
}

/* The definition as the trigger's arguments; definition.c has the format. */
static List *
trigger_arguments(List *columns)
{
	List	   *arguments = NIL;
	ListCell   *cell;

	foreach(cell, columns)
	{
		const DerivedColumn *derived = lfirst(cell);

		arguments = lappend(arguments, makeString(bytes_to_cstring(derived->attribute)));
		arguments = lappend(arguments, makeString(pstrdup(attribute_type_name(derived->type))));
		arguments = lappend(arguments, makeString(derived_name(derived)));
		arguments = lappend(arguments, makeString(pstrdup(derived_role_name(derived->role))));
	}
	return arguments;
}

/* In place of the one that may be there. */
static CreateTrigStmt *
make_create_trigger(RangeVar *relation, List *columns)
{
	CreateTrigStmt *statement = makeNode(CreateTrigStmt);

	statement->replace = true;
	statement->trigname = MAINTENANCE_TRIGGER;
	statement->relation = relation;
	statement->funcname = list_make2(makeString("dynamo"), makeString("maintain_columns"));
	statement->args = trigger_arguments(columns);
	statement->row = true;
	statement->timing = TRIGGER_TYPE_BEFORE;
	statement->events = TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE;
	return statement;
}

AlterTableCmd *
make_alter_command(AlterTableType type, const char *name, Node *definition)
{
	AlterTableCmd *command = makeNode(AlterTableCmd);

	command->subtype = type;
	command->name = name == NULL ? NULL : pstrdup(name);
	command->def = definition;
	return command;
}

/* "SET STORAGE MAIN" of columns of variable length. */
static List *
make_set_storage(List *columns)
{
	List	   *commands = NIL;
	ListCell   *cell;

	foreach(cell, columns)
	{
		const DerivedColumn *derived = lfirst(cell);

		if (get_typlen(derived_column_type(derived->type, derived->role)) == -1)
			commands = lappend(commands, make_alter_command(AT_SetStorage, derived_name(derived),
															(Node *) makeString("main")));
	}
	return commands;
}

void
run_alter_table(RangeVar *relation, List *commands)
{
	AlterTableStmt *statement = makeNode(AlterTableStmt);

	statement->relation = copyObject(relation);
	statement->objtype = OBJECT_TABLE;
	statement->cmds = commands;
	run_utility((Node *) statement);
}

/* Makes the trigger whose arguments define the table, or gives it these. */
static void
define_table(RangeVar *relation, List *columns)
{
	run_utility((Node *) make_create_trigger(copyObject(relation), columns));
	run_alter_table(relation, list_make1(make_alter_command(AT_EnableAlwaysTrig,
															MAINTENANCE_TRIGGER, NULL)));
}

void
check_may_create_in(Oid schema)
{
	AclResult	result = compat_schema_aclcheck(schema, GetUserId(), ACL_CREATE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_SCHEMA, get_namespace_name(schema));
}

void
dynamo_table_reserve(Bytes name)
{
	NameData	relname;
	Oid			schema;

	PreventCommandDuringRecovery("CREATE TABLE");
	PreventCommandIfReadOnly("CREATE TABLE");
	relation_name(name, &relname);
	schema = ensure_schema(pstrdup(dynamo_schema));
	check_schema_lasts(schema);
	check_may_create_in(schema);
	take_name(schema, name, NameStr(relname));
}

Oid
dynamo_table_create(Bytes name, const KeySchema *key, const TableSettings *settings,
					const List *indexes)
{
	char	   *schema_name = pstrdup(dynamo_schema);	/* (event triggers may set another) */
	NameData	relname;
	Oid			schema;
	Oid			relid;
	RangeVar   *relation;
	List	   *columns;
	ListCell   *cell;
	bool		hashed = name.len >= NAMEDATALEN;

	PreventCommandDuringRecovery("CREATE TABLE");
	PreventCommandIfReadOnly("CREATE TABLE");
	relation_name(name, &relname);
	schema = ensure_schema(schema_name);
	check_schema_lasts(schema);
	take_name(schema, name, NameStr(relname));

	relation = makeRangeVar(schema_name, pstrdup(NameStr(relname)), -1);
	columns = derived_columns(key, index_derived_columns(indexes, key));
	run_utility((Node *) make_create_table(copyObject(relation), columns));
	run_alter_table(relation, make_set_storage(columns));
	define_table(relation, columns);

	relid = get_relname_relid(NameStr(relname), schema);
	catalog_forget(relid);		/* left by an earlier relation of this number */
	table_settings_insert(relid, hashed ? name : (Bytes) {NULL, 0}, settings);
	foreach(cell, indexes)
		index_catalog_insert(relid, lfirst(cell));
	return relid;
}

/* ---- derived columns of a table that is there ---- */

/* Of the definition, those that are not of the key: copied, DerivedColumn *. */
static List *
other_columns(const TableDefinition *definition)
{
	List	   *result = NIL;

	for (int i = definition->key.nhash + definition->key.nrange; i < definition->nderived; i++)
	{
		DerivedColumn *copy = palloc_object(DerivedColumn);

		*copy = definition->derived[i];
		copy->attribute = bytes_from_cstring(bytes_to_cstring(copy->attribute));
		result = lappend(result, copy);
	}
	return result;
}

DerivedColumn *
listed_column(const List *columns, const DerivedColumn *wanted)
{
	ListCell   *cell;

	foreach(cell, columns)
	{
		DerivedColumn *derived = lfirst(cell);

		if (derived->role == wanted->role && bytes_equal(derived->attribute, wanted->attribute))
			return derived;
	}
	return NULL;
}

/* Those of the second list that are (not) in the first. */
static List *
columns_in(List *columns, List *wanted, bool are_in)
{
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, wanted)
		if ((listed_column(columns, lfirst(cell)) != NULL) == are_in)
			result = lappend(result, lfirst(cell));
	return result;
}

/*
 * The arguments name no column that is not there, at no moment: columns come
 * before they do, and go after them.
 */
void
table_change_derived(Oid relid, List *added, List *dropped)
{
	Relation	rel = table_open(relid, AccessExclusiveLock);
	const TableDefinition *definition = table_definition(rel);
	RangeVar   *relation = range_var_of(rel);
	List	   *others = other_columns(definition);
	KeySchema	key = definition->key;
	List	   *commands = NIL;
	ListCell   *cell;

	table_close(rel, NoLock);
	added = columns_in(others, added, false);
	dropped = columns_in(others, dropped, true);
	if (added == NIL && dropped == NIL)
		return;

	foreach(cell, added)
		commands = lappend(commands, make_alter_command(AT_AddColumn, NULL,
														(Node *) make_derived_column(lfirst(cell))));
	if (added != NIL)
		run_alter_table(relation, list_concat(commands, make_set_storage(added)));

	others = list_concat(columns_in(dropped, others, false), added);
	define_table(relation, derived_columns(&key, others));

	commands = NIL;
	foreach(cell, dropped)
		commands = lappend(commands, make_alter_command(AT_DropColumn, derived_name(lfirst(cell)),
														NULL));
	if (dropped != NIL)
		run_alter_table(relation, commands);
}

/* ---- dropping ---- */

void
drop_relation(char *schema, char *relname, ObjectType type)
{
	DropStmt   *statement = makeNode(DropStmt);

	statement->removeType = type;
	statement->objects = list_make1(list_make2(makeString(schema), makeString(relname)));
	statement->behavior = DROP_RESTRICT;
	run_utility((Node *) statement);
}

/*
 * Drops the relation as DROP TABLE does, and so fails where other objects
 * depend on it.  The table is closed first: DROP TABLE wants to be its only
 * user.
 */
void
dynamo_table_drop(DynamoTable *table)
{
	Oid			relid = RelationGetRelid(table->rel);
	char	   *schema = get_namespace_name(RelationGetNamespace(table->rel));
	char	   *relname = pstrdup(RelationGetRelationName(table->rel));
	ObjectType	type = table->rel->rd_rel->relkind == RELKIND_FOREIGN_TABLE ?
		OBJECT_FOREIGN_TABLE : OBJECT_TABLE;

	dynamo_table_close(table);
	drop_relation(schema, relname, type);
	/* Once more, for where event triggers are off. */
	catalog_forget(relid);
}
