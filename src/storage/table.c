/*
 * table.c
 *		Open tables: from a name to a locked relation that the caller may use.
 *
 * Every operation comes through dynamo_table_open(), so it touches no catalog
 * but through the syscaches and the relcache.  Privileges are checked before
 * the lock is asked for, so that nobody can block a table that he may not use.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "common/compat.h"
#include "common/errors.h"
#include "common/settings.h"
#include "storage/clustering.h"
#include "storage/storage_internal.h"

static Oid lock_known_relation(const NameData *relname, LOCKMODE lockmode, AclMode privileges);
static void remember_relation(const NameData *relname, Oid relid);
static void known_names_init(void);

#define WRITE_PRIVILEGES	(ACL_INSERT | ACL_UPDATE | ACL_DELETE)

void
storage_init(void)
{
	definition_init();
	table_access_init();
	known_names_init();
	clustering_init();
}

/* ---- opening ---- */

pg_noreturn static void
raise_not_found(Bytes name)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESOURCE_NOT_FOUND),
			 errmsg_internal("Requested resource not found"),
			 errdetail("Table \"%.*s\" is looked up in schema \"%s\".",
					   name.len, name.data, dynamo_schema),
			 errhint("dynamo.schema names the schema in which tables are looked up.")));
}

/* Whether a relation of this kind can hold items. */
static bool
is_table_kind(char relkind)
{
	return relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE ||
		relkind == RELKIND_FOREIGN_TABLE;
}

/*
 * Refuses writes where the transaction cannot make any.  On a standby every
 * transaction is read-only too, but that would be no help to know.
 */
static void
check_writable(void)
{
	PreventCommandDuringRecovery("a write to a DynamoDB table");
	PreventCommandIfParallelMode("a write to a DynamoDB table");
	PreventCommandIfReadOnly("a write to a DynamoDB table");
}

typedef struct OpenRequest
{
	Bytes		name;
	AclMode		privileges;
} OpenRequest;

/*
 * RangeVarGetRelidCallback: may the caller use, and lock, what was found?  Where
 * there was news while he waited for the lock, that is asked again.
 */
static void
check_relation(const RangeVar *relation, Oid relid, Oid previous, void *arg)
{
	const OpenRequest *request = arg;

	if (!OidIsValid(relid))
		return;
	if (!is_table_kind(get_rel_relkind(relid)))
		raise_not_found(request->name);
	if (pg_class_aclmask(relid, GetUserId(), request->privileges, ACLMASK_ALL) !=
		request->privileges)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, relation->relname);
}

/* A standby has no rows of an unlogged table; plain SQL says the same. */
static Relation
open_readable(Oid relid)
{
	Relation	rel = table_open(relid, NoLock);

	if (!RelationIsPermanent(rel) && RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot access temporary or unlogged relations during recovery")));
	return rel;
}

Relation
open_table_relation(Bytes name, LOCKMODE lockmode, AclMode privileges)
{
	OpenRequest request = {name, privileges};
	NameData	relname;
	RangeVar   *relation;
	Oid			relid;

	if (name.len == 0 || memchr(name.data, '\0', name.len) != NULL)
		raise_not_found(name);
	relation_name(name, &relname);
	relid = lock_known_relation(&relname, lockmode, privileges);
	if (OidIsValid(relid))
		return open_readable(relid);

	relation = makeRangeVar(dynamo_schema, NameStr(relname), -1);
	relid = RangeVarGetRelidExtended(relation, lockmode, RVR_MISSING_OK, check_relation, &request);
	pfree(relation);
	if (!OidIsValid(relid))
		raise_not_found(name);
	remember_relation(&relname, relid);
	return open_readable(relid);
}

/* ---- known names ---- */

/*
 * Which relation a name was found to stand for, so that not every operation
 * looks that up.  True until there is news of any relation or schema; what the
 * caller may do is asked each time all the same.
 */
typedef struct KnownName
{
	NameData	relname;		/* the hash key */
	NameData	schema;			/* which was dynamo.schema */
	Oid			schema_oid;
	Oid			relid;
	uint64		news;
} KnownName;

#define MAX_KNOWN_NAMES 1024

static HTAB *known_names;

/*
 * Locks the relation of a known name for a caller who may do what he asks for.
 * InvalidOid if it is not known, or he may not: then nothing is locked.
 */
static Oid
lock_known_relation(const NameData *relname, LOCKMODE lockmode, AclMode privileges)
{
	const KnownName *known = hash_search(known_names, relname, HASH_FIND, NULL);
	uint64		news = relation_news;
	Oid			relid;

	if (known == NULL || known->news != news || object_access_hook != NULL ||
		strcmp(NameStr(known->schema), dynamo_schema) != 0)
		return InvalidOid;
	relid = known->relid;
	if (compat_schema_aclcheck(known->schema_oid, GetUserId(), ACL_USAGE) != ACLCHECK_OK ||
		pg_class_aclmask(relid, GetUserId(), privileges, ACLMASK_ALL) != privileges)
		return InvalidOid;
	LockRelationOid(relid, lockmode);
	if (relation_news == news)
		return relid;
	UnlockRelationOid(relid, lockmode); /* it may have lost its name while we waited */
	return InvalidOid;
}

/* A locked relation, which the name has just been found to stand for. */
static void
remember_relation(const NameData *relname, Oid relid)
{
	uint64		news = relation_news; /* (looking the schema up may bring more) */
	Oid			schema_oid = get_rel_namespace(relid);
	KnownName  *known;

	if (hash_get_num_entries(known_names) >= MAX_KNOWN_NAMES)
		known_names_init();
	known = hash_search(known_names, relname, HASH_ENTER, NULL);
	namestrcpy(&known->schema, dynamo_schema);
	known->schema_oid = schema_oid;
	known->relid = relid;
	known->news = news;
}

/* Forgets them all. */
static void
known_names_init(void)
{
	HASHCTL control = {
		.keysize = sizeof(NameData),
		.entrysize = sizeof(KnownName),
		.hcxt = TopMemoryContext,
	};

	if (known_names != NULL)
		hash_destroy(known_names);
	known_names = hash_create("dynamo table names", 32, &control,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* Row security is judged anew at each call: it depends on the role. */
static bool
has_row_security(Relation rel)
{
	return rel->rd_rel->relrowsecurity &&
		check_enable_rls(RelationGetRelid(rel), InvalidOid, true) == RLS_ENABLED;
}

/* The checks by which an executor refuses changes that cannot be replicated. */
static void
check_replica_identity(Relation rel, AclMode privileges)
{
	if (privileges & ACL_UPDATE)
		CheckCmdReplicaIdentity(rel, CMD_UPDATE);
	if (privileges & ACL_DELETE)
		CheckCmdReplicaIdentity(rel, CMD_DELETE);
}

DynamoTable *
dynamo_table_open(Bytes name, LOCKMODE lockmode, AclMode privileges)
{
	DynamoTable *table;

	if (privileges & WRITE_PRIVILEGES)
		check_writable();
	table = dynamo_table_of(open_table_relation(name, lockmode, privileges),
							bytes_to_cstring(name), privileges);
	if (table == NULL)
		raise_not_found(name);
	return table;
}

DynamoTable *
dynamo_table_of(Relation rel, const char *name, AclMode privileges)
{
	const TableDefinition *definition = table_definition(rel);
	DynamoTable *table;

	if (definition == NULL)
	{
		table_close(rel, NoLock);
		return NULL;
	}
	check_replica_identity(rel, privileges);
	table = palloc0_object(DynamoTable);
	table->name = name;
	table->rel = rel;
	table->definition = definition;
	table->direct = definition->plain && !has_row_security(rel);
	return table;
}

DynamoTable *
dynamo_table_open_relation(Oid relid, LOCKMODE lockmode)
{
	Relation	rel = try_relation_open(relid, lockmode);

	if (rel == NULL)
		return NULL;
	if (!is_table_kind(rel->rd_rel->relkind))
	{
		relation_close(rel, NoLock);
		return NULL;
	}
	return dynamo_table_of(rel,
						   bytes_to_cstring(table_full_name(relid, RelationGetRelationName(rel))),
						   WRITE_PRIVILEGES);
}

void
dynamo_table_close(DynamoTable *table)
{
	if (table->rel != NULL)
		table_close(table->rel, NoLock);
	table->rel = NULL;
}

Oid
relation_owner(Oid relid)
{
	HeapTuple	row = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(row))
	{
		owner = ((Form_pg_class) GETSTRUCT(row))->relowner;
		ReleaseSysCache(row);
	}
	return owner;
}

Oid
dynamo_table_lookup(Bytes name)
{
	NameData	relname;
	Oid			schema;
	Oid			relid;

	if (name.len == 0 || memchr(name.data, '\0', name.len) != NULL)
		return InvalidOid;
	relation_name(name, &relname);
	schema = LookupExplicitNamespace(dynamo_schema, true);
	relid = OidIsValid(schema) ? get_relname_relid(NameStr(relname), schema) : InvalidOid;
	if (OidIsValid(relid) && !OidIsValid(get_trigger_oid(relid, MAINTENANCE_TRIGGER, true)))
		return InvalidOid;
	return relid;
}

/* ---- listing ---- */

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return bytes_compare(*(Bytes *) lfirst(a), *(Bytes *) lfirst(b));
}

/* The names of all tables of a schema, unsorted. */
static List *
schema_tables(Oid schema, Bytes after)
{
	List	   *result = NIL;
	Relation	pg_class = table_open(RelationRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;

	ScanKeyInit(&key, Anum_pg_class_relnamespace, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(schema));
	scan = systable_beginscan(pg_class, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(row = systable_getnext(scan)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(row);
		Bytes	   *name;

		if (!is_table_kind(form->relkind) || form->relispartition || !form->relhastriggers ||
			!OidIsValid(get_trigger_oid(form->oid, MAINTENANCE_TRIGGER, true)))
			continue;
		name = palloc_object(Bytes);
		*name = table_full_name(form->oid, NameStr(form->relname));
		if (after.data == NULL || bytes_compare(*name, after) > 0)
			result = lappend(result, name);
	}
	systable_endscan(scan);
	table_close(pg_class, AccessShareLock);
	return result;
}

/* Asked first: one that is made meanwhile is in both lists. */
static List *
tables_to_be_made(Bytes after)
{
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, job_list_restores())
	{
		Bytes	   *name = &((TableJob *) lfirst(cell))->table_name;

		if (after.data == NULL || bytes_compare(*name, after) > 0)
			result = lappend(result, name);
	}
	return result;
}

static List *
without_repetitions(List *sorted)
{
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, sorted)
		if (result == NIL || !bytes_equal(*(Bytes *) lfirst(cell), *(Bytes *) llast(result)))
			result = lappend(result, lfirst(cell));
	return result;
}

List *
dynamo_table_list(Bytes after, int limit, bool *more)
{
	Oid			schema = LookupExplicitNamespace(dynamo_schema, true);
	List	   *names = tables_to_be_made(after);

	if (OidIsValid(schema))
		names = list_concat(names, schema_tables(schema, after));
	list_sort(names, compare_names);
	names = without_repetitions(names);
	*more = list_length(names) > limit;
	return list_truncate(names, limit);
}

List *
relations_with_trigger(const char *name, bool (*filter) (HeapTuple trigger, TupleDesc desc))
{
	Relation	pg_trigger = table_open(TriggerRelationId, AccessShareLock);
	List	   *result = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;

	ScanKeyInit(&key, Anum_pg_trigger_tgname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum(name));
	scan = systable_beginscan(pg_trigger, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(row = systable_getnext(scan)))
		if (filter == NULL || filter(row, RelationGetDescr(pg_trigger)))
			result = lappend_oid(result, ((Form_pg_trigger) GETSTRUCT(row))->tgrelid);
	systable_endscan(scan);
	table_close(pg_trigger, AccessShareLock);
	return result;
}

/* The bytes of a relation's rows, without indexes and maps. */
static int64
heap_bytes(Relation rel)
{
	return RELKIND_HAS_TABLE_AM(rel->rd_rel->relkind) ? table_relation_size(rel, MAIN_FORKNUM) : 0;
}

void
table_statistics(DynamoTable *table, int64 *item_count, int64 *bytes)
{
	float4		reltuples = table->rel->rd_rel->reltuples;
	Oid			toast_oid = table->rel->rd_rel->reltoastrelid;

	*item_count = reltuples > 0 ? (int64) reltuples : 0;	/* -1: unknown */
	*bytes = heap_bytes(table->rel);
	if (OidIsValid(toast_oid))
	{
		Relation	toast = table_open(toast_oid, AccessShareLock);

		*bytes += heap_bytes(toast);
		table_close(toast, AccessShareLock);
	}
}
