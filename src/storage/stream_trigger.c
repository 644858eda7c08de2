/*
 * stream_trigger.c
 *		What a relation says of its stream.
 *
 * A table whose changes go into a stream has one more trigger:
 *
 *		CREATE TRIGGER dynamo_stream BEFORE TRUNCATE ON dynamodb."Music"	-- ENABLE ALWAYS
 *			FOR EACH STATEMENT EXECUTE FUNCTION dynamo.guard_stream(
 *				'2026-11-20T07:57:54.072', 'NEW_IMAGE', '4', 'd');
 *
 * It refuses TRUNCATE, which no record could tell of, and its arguments define
 * the stream: label, view type, number of shards, and the replica identity that
 * the table had before.  They come with the relcache entry, so that a writer
 * knows without a catalog lookup that a stream waits for its commit, and an
 * output plugin, which sees the catalogs as they were at the change, knows
 * whether the table had a stream then.
 *
 * Creating the trigger waits for writers in progress: every transaction that
 * writes after that is in the stream, none before.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "storage/storage_internal.h"

#define STREAM_TRIGGER		"dynamo_stream"
#define STREAM_FUNCTION		"guard_stream"
#define STREAM_ARGUMENTS	4

bool		streamed_row_written = false;
bool		streamed_table_altered = false;

static const char *const view_names[] = {
	[STREAM_NEW_IMAGE] = "NEW_IMAGE",
	[STREAM_OLD_IMAGE] = "OLD_IMAGE",
	[STREAM_NEW_AND_OLD_IMAGES] = "NEW_AND_OLD_IMAGES",
	[STREAM_KEYS_ONLY] = "KEYS_ONLY",
};

const char *
stream_view_name(StreamView view)
{
	return view_names[view];
}

bool
stream_view_by_name(const char *name, StreamView *view)
{
	for (int i = STREAM_NEW_IMAGE; i <= STREAM_KEYS_ONLY; i++)
		if (strcmp(name, view_names[i]) == 0)
		{
			*view = i;
			return true;
		}
	return false;
}

bool
stream_view_has_old(StreamView view)
{
	return view == STREAM_OLD_IMAGE || view == STREAM_NEW_AND_OLD_IMAGES;
}

bool
stream_view_has_new(StreamView view)
{
	return view == STREAM_NEW_IMAGE || view == STREAM_NEW_AND_OLD_IMAGES;
}

/* ---- the trigger ---- */

/* InvalidOid before the extension's script has made it. */
static Oid
stream_function(void)
{
	oidvector  *no_arguments = buildoidvector(NULL, 0);
	Oid			function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
										   CStringGetDatum(STREAM_FUNCTION),
										   PointerGetDatum(no_arguments),
										   ObjectIdGetDatum(get_namespace_oid("dynamo", true)));

	pfree(no_arguments);
	return function;
}

/* False if the arguments, which anybody may have written, make no sense. */
static bool
parse_arguments(char **arguments, int n, TableStream *stream)
{
	if (n != STREAM_ARGUMENTS || strlen(arguments[0]) >= sizeof(stream->label) ||
		!stream_view_by_name(arguments[1], &stream->view))
		return false;
	strcpy(stream->label, arguments[0]);
	stream->shards = atoi(arguments[2]);
	stream->identity_before = arguments[3][0];
	return stream->label[0] != '\0' && stream->shards >= 1 && stream->shards <= MAX_STREAM_SHARDS;
}

bool
table_stream(Relation rel, TableStream *stream)
{
	const TriggerDesc *triggers = rel->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];
		Oid			function = trigger->tgfoid;

		if (is_stream_trigger(trigger))
			return parse_arguments(trigger->tgargs, trigger->tgnargs, stream) &&
				function == stream_function();
	}
	return false;
}

bool
is_stream_trigger(const Trigger *trigger)
{
	return TRIGGER_FOR_TRUNCATE(trigger->tgtype) && !TRIGGER_FOR_ROW(trigger->tgtype) &&
		strcmp(trigger->tgname, STREAM_TRIGGER) == 0;
}

/* The words of pg_trigger.tgargs, each with its terminating zero. */
static int
split_arguments(bytea *stored, char **arguments)
{
	char	   *argument = VARDATA_ANY(stored);
	char	   *end = argument + VARSIZE_ANY_EXHDR(stored);
	int			n = 0;

	for (; argument < end && n < STREAM_ARGUMENTS; argument += strlen(argument) + 1)
		arguments[n++] = argument;
	return argument < end ? -1 : n;
}

bool
table_stream_of(Oid relid, TableStream *stream)
{
	Relation	pg_trigger = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	row;
	bool		found = false;

	ScanKeyInit(&keys[0], Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	ScanKeyInit(&keys[1], Anum_pg_trigger_tgname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum(STREAM_TRIGGER));
	scan = systable_beginscan(pg_trigger, TriggerRelidNameIndexId, true, NULL, 2, keys);
	row = systable_getnext(scan);
	if (HeapTupleIsValid(row) &&
		((Form_pg_trigger) GETSTRUCT(row))->tgfoid == stream_function())
	{
		char	   *arguments[STREAM_ARGUMENTS] = {NULL};
		bool		isnull;
		Datum		stored = heap_getattr(row, Anum_pg_trigger_tgargs,
										  RelationGetDescr(pg_trigger), &isnull);
		int			n = isnull ? 0 : split_arguments(DatumGetByteaPP(stored), arguments);

		found = parse_arguments(arguments, n, stream);
	}
	systable_endscan(scan);
	table_close(pg_trigger, AccessShareLock);
	return found;
}

List *
streamed_relations(void)
{
	return relations_with_trigger(STREAM_TRIGGER, NULL);
}

/*
 * dynamo.guard_stream() returns trigger: fires before TRUNCATE, which it
 * refuses.
 */
PG_FUNCTION_INFO_V1(dynamo_guard_stream);
Datum
dynamo_guard_stream(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BY_TRUNCATE(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("dynamo.guard_stream() must be called as a trigger before TRUNCATE")));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("cannot truncate table \"%s\" because it has a stream",
					RelationGetRelationName(data->tg_relation)),
			 errhint("Delete the items, or disable the stream first.")));
}

/* ---- enabling and disabling ---- */

static Node *
make_identity(char identity)
{
	ReplicaIdentityStmt *statement = makeNode(ReplicaIdentityStmt);

	statement->identity_type = identity;
	return (Node *) statement;
}

/* Only what a plain relation is can be decoded under its own name. */
static void
check_can_have_stream(Relation rel)
{
	if (rel->rd_rel->relkind != RELKIND_RELATION || rel->rd_rel->relispartition)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a stream of table \"%s\" is not possible", RelationGetRelationName(rel)),
				 errdetail("Partitioned tables, partitions and foreign tables have no streams.")));
	if (rel->rd_rel->relpersistence != RELPERSISTENCE_PERMANENT)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a stream of table \"%s\" is not possible", RelationGetRelationName(rel)),
				 errdetail("Changes of unlogged and temporary tables are not in the write-ahead log.")));
}

/*
 * A stream makes the server keep log, so the right to have one is a right of its own:
 * that of CREATE TRIGGER, which would speak of a function that the caller has not named.
 */
static void
check_may_enable(void)
{
	if (compat_function_aclcheck(stream_function(), GetUserId(), ACL_EXECUTE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to enable streams"),
				 errhint("Whoever enables them needs EXECUTE on function dynamo.guard_stream().")));
}

/* The replica identity that a view type needs, given the present one. */
static char
needed_identity(char present, StreamView view)
{
	if (stream_view_has_old(view))
		return REPLICA_IDENTITY_FULL;
	return present == REPLICA_IDENTITY_FULL ? present : REPLICA_IDENTITY_DEFAULT;
}

void
table_stream_enable(Oid relid, TableStream *stream)
{
	Relation	rel = table_open(relid, ShareRowExclusiveLock);
	RangeVar   *relation = range_var_of(rel);
	char		present = rel->rd_rel->relreplident;
	char		needed = needed_identity(present, stream->view);
	CreateTrigStmt *create = makeNode(CreateTrigStmt);
	List	   *commands = NIL;

	check_may_enable();
	check_can_have_stream(rel);
	table_close(rel, NoLock);
	stream->identity_before = present;

	create->trigname = STREAM_TRIGGER;
	create->relation = relation;
	create->funcname = list_make2(makeString("dynamo"), makeString(STREAM_FUNCTION));
	create->args = list_make4(makeString(pstrdup(stream->label)),
							  makeString(pstrdup(stream_view_name(stream->view))),
							  makeString(psprintf("%d", stream->shards)),
							  makeString(psprintf("%c", present)));
	create->timing = TRIGGER_TYPE_BEFORE;
	create->events = TRIGGER_TYPE_TRUNCATE;
	run_utility((Node *) create);

	commands = list_make1(make_alter_command(AT_EnableAlwaysTrig, STREAM_TRIGGER, NULL));
	if (needed != present)
		commands = lappend(commands,
						   make_alter_command(AT_ReplicaIdentity, NULL, make_identity(needed)));
	run_alter_table(relation, commands);
}

void
table_stream_disable(Oid relid, const TableStream *stream)
{
	Relation	rel = table_open(relid, AccessExclusiveLock);
	RangeVar   *relation = range_var_of(rel);
	char		present = rel->rd_rel->relreplident;
	bool		was_ours = present == needed_identity(stream->identity_before, stream->view) &&
		present != stream->identity_before && stream->identity_before != REPLICA_IDENTITY_INDEX;
	DropStmt   *drop = makeNode(DropStmt);

	table_close(rel, NoLock);
	drop->removeType = OBJECT_TRIGGER;
	drop->objects = list_make1(list_make3(makeString(relation->schemaname),
										  makeString(relation->relname),
										  makeString(STREAM_TRIGGER)));
	drop->behavior = DROP_RESTRICT;
	run_utility((Node *) drop);

	if (was_ours)
		run_alter_table(relation,
						list_make1(make_alter_command(AT_ReplicaIdentity, NULL,
													  make_identity(stream->identity_before))));
}

void
check_streamed_table(Relation rel)
{
	TableStream stream;
	char		present = rel->rd_rel->relreplident;

	if (!table_stream(rel, &stream))
		return;
	streamed_table_altered = true;
	if (rel->rd_rel->relpersistence != RELPERSISTENCE_PERMANENT)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the stream of table \"%s\" needs its changes in the write-ahead log",
						RelationGetRelationName(rel)),
				 errhint("Disable the stream first.")));
	if (present != REPLICA_IDENTITY_FULL && present != needed_identity(present, stream.view))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the stream of table \"%s\" needs its replica identity",
						RelationGetRelationName(rel)),
				 errhint("Disable the stream first.")));
}

/* ---- keys as an output plugin sees them ---- */

/*
 * The part of a key that a group of arguments tells of.  False if the relation
 * has no such column, or it is not of the type that holds the attribute.
 */
static bool
parse_key_part(TupleDesc desc, char **arguments, KeyAttribute *attribute, AttrNumber *column)
{
	attribute->name = bytes_from_cstring(arguments[0]);
	*column = find_column(desc, arguments[2]);
	return attribute->name.len > 0 && attribute->name.len <= MAX_ATTRIBUTE_NAME_SIZE &&
		attribute_type_by_name(arguments[1], strlen(arguments[1]), &attribute->type) &&
		attribute->type <= ATTRIBUTE_B && *column != InvalidAttrNumber &&
		TupleDescAttr(desc, *column - 1)->atttypid == key_column_type(attribute->type);
}

/* Nothing is taken on trust here: anybody may make a table with such triggers. */
bool
table_key_columns(Relation rel, KeySchema *key, AttrNumber *columns, AttrNumber *item_column)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			narguments;
	char	  **arguments = copy_definition_arguments(rel, &narguments);

	memset(key, 0, sizeof(*key));
	*item_column = find_item_column(desc);
	if (arguments == NULL || *item_column == InvalidAttrNumber)
		return false;
	for (int i = 0; i + 3 < narguments; i += 4)
	{
		int			n = key->nhash + key->nrange;
		bool		is_hash = strcmp(arguments[i + 3], "HASH") == 0;
		KeyAttribute attribute;
		AttrNumber	column;

		if (!is_hash && strcmp(arguments[i + 3], "RANGE") != 0)
			continue;
		if (n == MAX_KEY_ATTRIBUTES || (is_hash && key->nrange > 0) ||
			!parse_key_part(desc, arguments + i, &attribute, &column) ||
			key_schema_has(key, attribute.name))
			return false;
		key->attributes[n] = attribute;
		columns[n] = column;
		if (is_hash)
			key->nhash++;
		else
			key->nrange++;
	}
	return key->nhash > 0;
}
