/*
 * event_triggers.c
 *		What is recorded of tables follows what plain SQL does to them.
 *
 * Event triggers of the extension forget what is recorded of tables that are
 * dropped, follow those that are renamed, and refuse alterations that the
 * definition of a table, or its stream, does not allow.  They run with the rights
 * of whoever gives the command.
 *
 * The trigger that makes a relation a table of DynamoDB cannot be renamed.  It can be
 * dropped and disabled, with a warning: pg_restore --clean drops triggers before
 * their tables, and --disable-triggers disables all of them.
 *
 * What the extension's own scripts do to its tables is none of this.
 *
 * Where event triggers are off, or the extension is of another version than the
 * library, rows of a dropped table stay; a table of the same number begins with
 * nothing all the same (dynamo_table_create()).
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "commands/event_trigger.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "storage/clustering.h"
#include "storage/storage_internal.h"

void
catalog_forget(Oid relid)
{
	clustering_forget(relid);
	table_settings_delete(relid);
	table_tags_delete(relid);
	index_catalog_forget(relid);
	index_build_forget(relid);
	table_backup_forget(relid);
}

static void
check_called_as_event_trigger(FunctionCallInfo fcinfo, const char *function, const char *event)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo) ||
		strcmp(((EventTriggerData *) fcinfo->context)->event, event) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("dynamo.%s() must be called as an event trigger on %s", function, event)));
}

static Node *
statement_of(FunctionCallInfo fcinfo)
{
	return ((EventTriggerData *) fcinfo->context)->parsetree;
}

/*
 * The relations that a command touched, as a query with one column tells; it
 * runs with the caller's rights and names everything by schema.
 */
static List *
touched_relations(const char *query)
{
	List	   *result = NIL;
	MemoryContext caller = CurrentMemoryContext;

	SPI_connect();
	if (SPI_execute(query, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not list the objects of the command");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		Datum		relid = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);
		MemoryContext spi = MemoryContextSwitchTo(caller);

		result = lappend_oid(result, DatumGetObjectId(relid));
		MemoryContextSwitchTo(spi);
	}
	SPI_finish();
	return result;
}

/* ---- the maintenance trigger ---- */

/* The relation, opened, if it has items and no such trigger; else NULL. */
static Relation
open_without_trigger(RangeVar *name)
{
	Oid			relid = RangeVarGetRelid(name, NoLock, true);
	Relation	rel = OidIsValid(relid) ? try_relation_open(relid, AccessShareLock) : NULL;

	if (rel == NULL)
		return NULL;
	if (find_item_column(RelationGetDescr(rel)) != InvalidAttrNumber &&
		find_maintenance_trigger(rel) == NULL)
		return rel;
	relation_close(rel, NoLock);
	return NULL;
}

static void
refuse_renaming(const RenameStmt *statement)
{
	Relation	rel;

	if (statement->renameType != OBJECT_TRIGGER ||
		strcmp(statement->subname, MAINTENANCE_TRIGGER) != 0)
		return;
	rel = open_without_trigger(statement->relation);
	if (rel != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot rename trigger \"%s\" of table \"%s\"", MAINTENANCE_TRIGGER,
						RelationGetRelationName(rel)),
				 errdetail("By its name and arguments the relation is a table of DynamoDB.")));
}

static void
warn_of_dropping(const DropStmt *statement)
{
	List	   *name;
	Relation	rel;

	if (statement->removeType != OBJECT_TRIGGER)
		return;
	name = list_copy(linitial(statement->objects));
	if (strcmp(strVal(llast(name)), MAINTENANCE_TRIGGER) != 0)
		return;
	rel = open_without_trigger(makeRangeVarFromNameList(list_truncate(name,
																	   list_length(name) - 1)));
	if (rel == NULL)
		return;
	ereport(WARNING,
			(errmsg("relation \"%s\" is no table of DynamoDB without its trigger \"%s\"",
					RelationGetRelationName(rel), MAINTENANCE_TRIGGER),
			 errdetail("Operations do not find it, and its columns are not maintained."),
			 errhint("The trigger can be created again with the same arguments, which are in each dump of the table.")));
	relation_close(rel, NoLock);
}

static bool
sets_trigger_states(const Node *statement)
{
	ListCell   *cell;

	if (!IsA(statement, AlterTableStmt))
		return false;
	foreach(cell, ((const AlterTableStmt *) statement)->cmds)
		switch (lfirst_node(AlterTableCmd, cell)->subtype)
		{
			case AT_EnableTrig:
			case AT_EnableReplicaTrig:
			case AT_EnableTrigAll:
			case AT_EnableTrigUser:
			case AT_DisableTrig:
			case AT_DisableTrigAll:
			case AT_DisableTrigUser:
				return true;
			default:
				break;
		}
	return false;
}

static void
warn_of_disabling(Relation rel)
{
	const Trigger *trigger = find_maintenance_trigger(rel);

	if (trigger == NULL || trigger->tgenabled == TRIGGER_FIRES_ALWAYS)
		return;
	ereport(WARNING,
			(errmsg("trigger \"%s\" of table \"%s\" is not enabled always", MAINTENANCE_TRIGGER,
					RelationGetRelationName(rel)),
			 errdetail("Where it does not fire, columns are not filled from the item."),
			 errhint("ALTER TABLE %s ENABLE ALWAYS TRIGGER %s puts it right.",
					 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
												RelationGetRelationName(rel)),
					 MAINTENANCE_TRIGGER)));
}

/* ---- the event triggers ---- */

/* dynamo.forget_dropped_tables(): event trigger on sql_drop. */
PG_FUNCTION_INFO_V1(dynamo_forget_dropped_tables);
Datum
dynamo_forget_dropped_tables(PG_FUNCTION_ARGS)
{
	ListCell   *cell;
	List	   *dropped;

	check_called_as_event_trigger(fcinfo, "forget_dropped_tables", "sql_drop");
	if (IsA(statement_of(fcinfo), DropStmt))
		warn_of_dropping((DropStmt *) statement_of(fcinfo));
	/* (nobody's table is kept because ours cannot be forgotten) */
	if (extension_script_runs() || !extension_version_fits())
		PG_RETURN_NULL();
	dropped = touched_relations("SELECT objid FROM pg_catalog.pg_event_trigger_dropped_objects()"
								" WHERE object_type OPERATOR(pg_catalog.=) ANY ('{table,\"foreign table\"}'::pg_catalog.text[])");
	/* The catalog itself is gone when the extension is dropped. */
	if (!OidIsValid(get_relname_relid("table_settings", extension_schema_oid())))
		PG_RETURN_NULL();
	foreach(cell, dropped)
		catalog_forget(lfirst_oid(cell));
	PG_RETURN_NULL();
}

/*
 * dynamo.check_altered_tables(): event trigger on ddl_command_end of the ALTER
 * commands that take tables, or their triggers.  Refuses what would leave a table
 * without the columns that its definition names, or its definition, and follows
 * a new name.
 */
PG_FUNCTION_INFO_V1(dynamo_check_altered_tables);
Datum
dynamo_check_altered_tables(PG_FUNCTION_ARGS)
{
	ListCell   *cell;
	List	   *altered;

	check_called_as_event_trigger(fcinfo, "check_altered_tables", "ddl_command_end");
	if (extension_script_runs())
		PG_RETURN_NULL();
	if (IsA(statement_of(fcinfo), RenameStmt))
		refuse_renaming((RenameStmt *) statement_of(fcinfo));
	altered = touched_relations("SELECT DISTINCT objid FROM pg_catalog.pg_event_trigger_ddl_commands()"
								" WHERE classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass");
	foreach(cell, altered)
	{
		Relation	rel = try_relation_open(lfirst_oid(cell), AccessShareLock);

		if (rel == NULL)
			continue;
		if (table_definition(rel) != NULL)
		{
			table_settings_follow_rename(rel);
			if (sets_trigger_states(statement_of(fcinfo)))
				warn_of_disabling(rel);
		}
		check_streamed_table(rel);
		relation_close(rel, NoLock);
	}
	PG_RETURN_NULL();
}
