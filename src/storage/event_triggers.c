/*
 * event_triggers.c
 *		What is recorded of tables follows what plain SQL does to them.
 *
 * Event triggers of the extension forget what is recorded of tables that are
 * dropped, follow those that are renamed, and refuse alterations that the
 * definition of a table, or its stream, does not allow.  They run with the rights
 * of whoever gives the command.
 *
 * What the extension's own scripts do to its tables is none of this.
 *
 * Where event triggers are off, or the extension is of another version than the
 * library, rows of a dropped table stay; a table of the same number begins with
 * nothing all the same (dynamo_table_create()).
 */
#include "postgres.h"

#include "access/relation.h"
#include "commands/event_trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
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
check_called_as_event_trigger(FunctionCallInfo fcinfo, const char *function)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("dynamo.%s() must be called as an event trigger", function)));
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

/* dynamo.forget_dropped_tables(): event trigger on sql_drop. */
PG_FUNCTION_INFO_V1(dynamo_forget_dropped_tables);
Datum
dynamo_forget_dropped_tables(PG_FUNCTION_ARGS)
{
	ListCell   *cell;
	List	   *dropped;

	check_called_as_event_trigger(fcinfo, "forget_dropped_tables");
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
 * commands that take tables.  Refuses what would leave a table without the columns
 * that its definition names, and follows a new name.
 */
PG_FUNCTION_INFO_V1(dynamo_check_altered_tables);
Datum
dynamo_check_altered_tables(PG_FUNCTION_ARGS)
{
	ListCell   *cell;
	List	   *altered;

	check_called_as_event_trigger(fcinfo, "check_altered_tables");
	if (extension_script_runs())
		PG_RETURN_NULL();
	altered = touched_relations("SELECT DISTINCT objid FROM pg_catalog.pg_event_trigger_ddl_commands()"
								" WHERE classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass");
	foreach(cell, altered)
	{
		Relation	rel = try_relation_open(lfirst_oid(cell), AccessShareLock);

		if (rel == NULL)
			continue;
		if (table_definition(rel) != NULL)
			table_settings_follow_rename(rel);
		check_streamed_table(rel);
		relation_close(rel, NoLock);
	}
	PG_RETURN_NULL();
}
