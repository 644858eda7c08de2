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

static CreateStmt *
make_create_table(RangeVar *relation, const KeySchema *key)
{
	CreateStmt *statement = makeNode(CreateStmt);
	Constraint *primary_key = makeNode(Constraint);

	primary_key->contype = CONSTR_PRIMARY;
	primary_key->location = -1;
	for (int i = 0; i < key->nhash + key->nrange; i++)
	{
		const KeyAttribute *attribute = &key->attributes[i];
		NameData	name;

		column_name(attribute->name, &name);
		statement->tableElts = lappend(statement->tableElts,
									   make_column(pstrdup(NameStr(name)),
												   key_column_type(attribute->type),
												   key_column_collation(attribute->type)));
		primary_key->keys = lappend(primary_key->keys, makeString(pstrdup(NameStr(name))));
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
trigger_arguments(const KeySchema *key)
{
	List	   *arguments = NIL;

	for (int i = 0; i < key->nhash + key->nrange; i++)
	{
		const KeyAttribute *attribute = &key->attributes[i];
		NameData	name;

		column_name(attribute->name, &name);
		arguments = lappend(arguments, makeString(bytes_to_cstring(attribute->name)));
		arguments = lappend(arguments, makeString(pstrdup(attribute_type_name(attribute->type))));
		arguments = lappend(arguments, makeString(pstrdup(NameStr(name))));
		arguments = lappend(arguments, makeString(i < key->nhash ? "HASH" : "RANGE"));
	}
	return arguments;
}

static CreateTrigStmt *
make_create_trigger(RangeVar *relation, const KeySchema *key)
{
	CreateTrigStmt *statement = makeNode(CreateTrigStmt);

	statement->trigname = MAINTENANCE_TRIGGER;
	statement->relation = relation;
	statement->funcname = list_make2(makeString("dynamo"), makeString("maintain_columns"));
	statement->args = trigger_arguments(key);
	statement->row = true;
	statement->timing = TRIGGER_TYPE_BEFORE;
	statement->events = TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE;
	return statement;
}

static AlterTableCmd *
make_alter_command(AlterTableType type, const char *name, Node *definition)
{
	AlterTableCmd *command = makeNode(AlterTableCmd);

	command->subtype = type;
	command->name = pstrdup(name);
	command->def = definition;
	return command;
}

static AlterTableStmt *
make_alter_table(RangeVar *relation, const KeySchema *key)
{
	AlterTableStmt *statement = makeNode(AlterTableStmt);

	statement->relation = relation;
	statement->objtype = OBJECT_TABLE;
	for (int i = 0; i < key->nhash + key->nrange; i++)
	{
		NameData	name;

		column_name(key->attributes[i].name, &name);
		statement->cmds = lappend(statement->cmds,
								  make_alter_command(AT_SetStorage, NameStr(name),
													 (Node *) makeString("main")));
	}
	statement->cmds = lappend(statement->cmds,
							  make_alter_command(AT_EnableAlwaysTrig, MAINTENANCE_TRIGGER, NULL));
	return statement;
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
	schema = ensure_schema(dynamo_schema);
	check_schema_lasts(schema);
	check_may_create_in(schema);
	take_name(schema, name, NameStr(relname));
}

Oid
dynamo_table_create(Bytes name, const KeySchema *key, const TableSettings *settings)
{
	NameData	relname;
	Oid			schema;
	Oid			relid;
	RangeVar   *relation;
	bool		hashed = name.len >= NAMEDATALEN;

	PreventCommandDuringRecovery("CREATE TABLE");
	PreventCommandIfReadOnly("CREATE TABLE");
	relation_name(name, &relname);
	schema = ensure_schema(dynamo_schema);
	check_schema_lasts(schema);
	take_name(schema, name, NameStr(relname));

	relation = makeRangeVar(dynamo_schema, pstrdup(NameStr(relname)), -1);
	run_utility((Node *) make_create_table(copyObject(relation), key));
	run_utility((Node *) make_create_trigger(copyObject(relation), key));
	run_utility((Node *) make_alter_table(copyObject(relation), key));

	relid = get_relname_relid(NameStr(relname), schema);
	catalog_forget(relid);		/* left by an earlier relation of this number */
	table_settings_insert(relid, hashed ? name : (Bytes) {NULL, 0}, settings);
	return relid;
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
