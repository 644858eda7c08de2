/*
 * backup.c
 *		Backups of tables: dynamo.backups, and the copies of the items.
 *
 * A backup is a plain heap relation with one column, the item, named by the
 * backup's id, in a schema beside that of the tables:
 *
 *		CREATE TABLE dynamodb_backups."01763619000123-5f0c2a9b" (item dynamo.item NOT NULL);
 *
 * It belongs to who made it and lives on when its table is dropped.  A row of
 * dynamo.backups tells of what table it is, with its key; its row in
 * dynamo.table_settings holds the table's settings, rows in dynamo.table_indexes
 * say what indexes it had.  All are configuration
 * data of the extension, written as catalog.c describes, and go with the
 * relation, however that is dropped.
 *
 * The copy is that of one snapshot, taken once the table is locked.
 *
 * Locks: creating and restoring hold ShareLock on the backup, deleting
 * ExclusiveLock: object locks of our own, since autovacuum and pg_dump lock
 * the relation itself.  All are held to the end of the transaction.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lock.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "common/compat.h"
#include "common/settings.h"
#include "storage/bulk_internal.h"
#include "storage/storage_internal.h"

#define BACKUPS_TABLE	"backups"
#define BACKUPS_INDEX	"backups_pkey"
#define SCHEMA_SUFFIX	"_backups"

/* Columns of dynamo.backups, as storage.sql makes them. */
enum
{
	BACKUPS_RELATION = 1,
	BACKUPS_NAME,
	BACKUPS_TABLE_NAME,
	BACKUPS_KEY_SCHEMA,
	BACKUPS_CREATED,
	BACKUPS_ITEM_COUNT,
	BACKUPS_SIZE_BYTES,
	BACKUPS_NCOLUMNS = BACKUPS_SIZE_BYTES,
};

/* Of an attribute in key_schema: its name, its type, HASH or RANGE. */
#define KEY_FIELDS		3

static List *active_indexes(Oid relid);
static char *backup_schema(void);
static Oid	create_copy(Bytes id);
static void copy_items(DynamoTable *table, Relation copy, TableBackup *backup);
static void insert_row(const TableBackup *backup);
static AttrNumber checked_item_column(Relation copy);

BackupWatcher backup_watcher = NULL;

/* ---- creating ---- */

void
table_backup_prepare(DynamoTable *table, Bytes name, TableBackup *backup)
{
	Oid			relid = RelationGetRelid(table->rel);

	PreventCommandDuringRecovery("CreateBackup");
	PreventCommandIfReadOnly("CreateBackup");
	if (check_enable_rls(relid, InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row-level security hides items of table \"%s\" from a backup", table->name),
				 errhint("Back up the table as a role with BYPASSRLS.")));

	memset(backup, 0, sizeof(*backup));
	backup->created = GetCurrentTimestamp();
	backup->id = new_backup_id(backup->created);
	backup->name = name;
	backup->table_name = bytes_from_cstring(table->name);
	backup->key = table->definition->key;
	table_settings_read(relid, &backup->settings);
	backup->indexes = active_indexes(relid);
	check_may_create_in(ensure_schema(backup_schema()));
}

static List *
active_indexes(Oid relid)
{
	List	   *active = NIL;
	ListCell   *cell;

	foreach(cell, index_catalog_read(relid))
		if (((const IndexDefinition *) lfirst(cell))->status == INDEX_ACTIVE)
			active = lappend(active, lfirst(cell));
	return active;
}

void
table_backup_make(DynamoTable *table, TableBackup *backup)
{
	Relation	copy;
	ListCell   *cell;

	backup->item_count = 0;
	backup->relid = create_copy(backup->id);
	(void) table_backup_lock(backup, ShareLock);

	copy = table_open(backup->relid, RowExclusiveLock);
	copy_items(table, copy, backup);
	table_close(copy, NoLock);
	insert_row(backup);
	table_settings_insert(backup->relid, (Bytes) {NULL, 0}, &backup->settings);
	foreach(cell, backup->indexes)
		index_catalog_insert(backup->relid, lfirst(cell));
}

/* The schema of the backups of the tables in dynamo.schema. */
static char *
backup_schema(void)
{
	NameData	schema;

	relation_name(bytes_from_cstring(psprintf("%s" SCHEMA_SUFFIX, dynamo_schema)), &schema);
	return pstrdup(NameStr(schema));
}

/* Milliseconds since 1970, and something random. */
Bytes
new_backup_id(TimestampTz now)
{
	int64		milliseconds =
		(now + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY) / 1000;
	uint32		random;

	if (!pg_strong_random(&random, sizeof(random)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
						errmsg("could not generate a backup id")));
	return bytes_from_cstring(psprintf("%014lld-%08x", (long long) milliseconds, random));
}

static Oid
create_copy(Bytes id)
{
	char	   *schema = backup_schema();
	Oid			schema_oid = ensure_schema(schema);
	CreateStmt *statement = makeNode(CreateStmt);

	statement->relation = makeRangeVar(schema, bytes_to_cstring(id), -1);
	statement->tableElts = list_make1(make_column(ITEM_COLUMN, item_type_oid(), InvalidOid));
	statement->oncommit = ONCOMMIT_NOOP;
	statement->accessMethod = "heap";
	run_utility((Node *) statement);
	return get_relname_relid(bytes_to_cstring(id), schema_oid);
}

/* Copies what is in the table now, in the order of its key, and counts it. */
static void
copy_items(DynamoTable *table, Relation copy, TableBackup *backup)
{
	ItemScanSpec everything = {0};
	int			ncolumns = RelationGetDescr(copy)->natts;
	Datum	   *values = palloc0_array(Datum, ncolumns);
	bool	   *isnull = palloc_array(bool, ncolumns);
	int64		number;
	BulkInsert *insert = bulk_insert_begin(copy, &number);
	const DynamoItem *item;
	ItemScan   *scan;

	memset(isnull, true, ncolumns * sizeof(bool));
	isnull[0] = false;
	PushActiveSnapshot(IsolationUsesXactSnapshot() ? GetTransactionSnapshot() : GetLatestSnapshot());
	scan = table_scan_begin(table, &everything);
	while ((item = table_scan_next(scan)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		number = ++backup->item_count;
		backup->size_bytes += item_size(item);
		values[0] = DynamoItemGetDatum(item);
		bulk_insert_add(insert, values, isnull, number);
		if (backup_watcher != NULL)
			backup_watcher(backup->item_count);
	}
	table_scan_end(scan);
	bulk_insert_end(insert);
	PopActiveSnapshot();
	CommandCounterIncrement();
}

/* ---- locking ---- */

bool
table_backup_lock(const TableBackup *backup, LOCKMODE lockmode)
{
	LOCKTAG		tag;

	PreventCommandDuringRecovery("a change of tables or backups");
	/* Sub-object 0 would be the relation in another's eyes. */
	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, RelationRelationId, backup->relid, 1);
	if (LockAcquire(&tag, lockmode, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return false;
	AcceptInvalidationMessages();
	return true;
}

/* ---- the catalog ---- */

static CatalogKey
row_of(Oid relid)
{
	return (CatalogKey) {BACKUPS_TABLE, BACKUPS_INDEX,
		{{BACKUPS_RELATION, F_OIDEQ, ObjectIdGetDatum(relid)}}};
}

static void
insert_row(const TableBackup *backup)
{
	Datum		values[BACKUPS_NCOLUMNS];
	bool		isnull[BACKUPS_NCOLUMNS] = {false};

	values[BACKUPS_RELATION - 1] = ObjectIdGetDatum(backup->relid);
	values[BACKUPS_NAME - 1] = text_datum(backup->name);
	values[BACKUPS_TABLE_NAME - 1] = text_datum(backup->table_name);
	values[BACKUPS_KEY_SCHEMA - 1] = key_schema_datum(&backup->key);
	values[BACKUPS_CREATED - 1] = TimestampTzGetDatum(backup->created);
	values[BACKUPS_ITEM_COUNT - 1] = Int64GetDatum(backup->item_count);
	values[BACKUPS_SIZE_BYTES - 1] = Int64GetDatum(backup->size_bytes);
	catalog_insert(BACKUPS_TABLE, values, isnull);
}

/* All but the settings.  NULL if the relation is gone or in another schema. */
static void *
backup_from_row(const Datum *values, const bool *isnull)
{
	Oid			relid = DatumGetObjectId(values[BACKUPS_RELATION - 1]);
	char	   *relname = get_rel_name(relid);
	TableBackup *backup;

	if (relname == NULL ||
		get_rel_namespace(relid) != get_namespace_oid(backup_schema(), true))
		return NULL;
	backup = palloc0_object(TableBackup);
	backup->relid = relid;
	backup->id = bytes_from_cstring(relname);
	backup->name = catalog_bytes(values[BACKUPS_NAME - 1], false);
	backup->table_name = catalog_bytes(values[BACKUPS_TABLE_NAME - 1], false);
	key_schema_from_datum(values[BACKUPS_KEY_SCHEMA - 1], &backup->key);
	backup->created = DatumGetTimestampTz(values[BACKUPS_CREATED - 1]);
	backup->item_count = DatumGetInt64(values[BACKUPS_ITEM_COUNT - 1]);
	backup->size_bytes = DatumGetInt64(values[BACKUPS_SIZE_BYTES - 1]);
	return backup;
}

bool
table_backup_find(Bytes id, TableBackup *backup)
{
	Oid			schema = get_namespace_oid(backup_schema(), true);
	Oid			relid = InvalidOid;
	List	   *found;

	if (OidIsValid(schema) && id.len < NAMEDATALEN && memchr(id.data, '\0', id.len) == NULL)
		relid = get_relname_relid(bytes_to_cstring(id), schema);
	if (!OidIsValid(relid))
		return false;
	found = catalog_read(row_of(relid), backup_from_row);
	if (found == NIL)
		return false;
	*backup = *(const TableBackup *) linitial(found);
	table_settings_read(relid, &backup->settings);
	backup->indexes = index_catalog_read(relid);
	return true;
}

static int
compare_ids(const ListCell *a, const ListCell *b)
{
	return bytes_compare(((const TableBackup *) lfirst(a))->id,
						 ((const TableBackup *) lfirst(b))->id);
}

List *
table_backup_list(void)
{
	List	   *backups = catalog_read((CatalogKey) {BACKUPS_TABLE}, backup_from_row);
	ListCell   *cell;

	foreach(cell, backups)
	{
		TableBackup *backup = lfirst(cell);

		table_settings_read(backup->relid, &backup->settings);
	}
	list_sort(backups, compare_ids);
	return backups;
}

void
table_backup_forget(Oid relid)
{
	catalog_delete(row_of(relid));
}

/* ---- the key as an array of text ---- */

Datum
key_schema_datum(const KeySchema *key)
{
	Datum		fields[MAX_KEY_ATTRIBUTES * KEY_FIELDS];
	int			n = 0;

	for (int i = 0; i < key->nhash + key->nrange; i++)
	{
		fields[n++] = CStringGetTextDatum(bytes_to_cstring(key->attributes[i].name));
		fields[n++] = CStringGetTextDatum(attribute_type_name(key->attributes[i].type));
		fields[n++] = CStringGetTextDatum(i < key->nhash ? "HASH" : "RANGE");
	}
	return PointerGetDatum(construct_array(fields, n, TEXTOID, -1, false, TYPALIGN_INT));
}

void
key_schema_from_datum(Datum datum, KeySchema *key)
{
	Datum	   *fields;
	int			n;

	memset(key, 0, sizeof(*key));
	deconstruct_array(DatumGetArrayTypePCopy(datum), TEXTOID, -1, false, TYPALIGN_INT,
					  &fields, NULL, &n);
	for (int i = 0; i + KEY_FIELDS <= Min(n, MAX_KEY_ATTRIBUTES * KEY_FIELDS); i += KEY_FIELDS)
	{
		KeyAttribute *attribute = &key->attributes[i / KEY_FIELDS];
		char	   *type = TextDatumGetCString(fields[i + 1]);

		attribute->name = bytes_from_cstring(TextDatumGetCString(fields[i]));
		if (!attribute_type_by_name(type, strlen(type), &attribute->type))
			elog(ERROR, "key of a backup has the type %s", type);
		if (strcmp(TextDatumGetCString(fields[i + 2]), "HASH") == 0)
			key->nhash++;
		else
			key->nrange++;
	}
}

/* ---- restoring, deleting ---- */

/*
 * The copy has its items in the order of the key, so that they are stored as they
 * come.  What has been added to it by SQL is sorted, has to obey the table's
 * contract, and counts where the key comes twice.
 */
void
table_backup_restore(const TableBackup *backup, DynamoTable *table)
{
	Relation	copy = table_open(backup->relid, AccessShareLock);
	AttrNumber	item_column = checked_item_column(copy);
	TupleTableSlot *slot = table_slot_create(copy, NULL);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan_strat(copy, snapshot, 0, NULL, true, false);
	TableLoad  *load = table_load_begin(table, LOAD_REPLACE);
	MemoryContext item_context = AllocSetContextCreate(CurrentMemoryContext, "dynamo restored item",
													   ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(item_context);
	int64		items = 0;
	LoadCounts	counts;

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		isnull;
		Datum		datum = slot_getattr(slot, item_column, &isnull);

		CHECK_FOR_INTERRUPTS();
		if (isnull)
			continue;
		table_load_add(load, DatumGetDynamoItem(datum));
		if (backup_watcher != NULL)
			backup_watcher(++items);
		MemoryContextReset(item_context);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(item_context);
	table_load_finish(load, &counts);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
	table_close(copy, NoLock);
}

/* The copy is its owner's, who may have altered it. */
static AttrNumber
checked_item_column(Relation copy)
{
	AttrNumber	column = copy->rd_rel->relkind == RELKIND_RELATION ?
		find_item_column(RelationGetDescr(copy)) : InvalidAttrNumber;

	if (column == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("relation \"%s\" is no backup any more", RelationGetRelationName(copy)),
				 errdetail("It has no column \"%s\" of type dynamo.item.", ITEM_COLUMN)));
	return column;
}

void
table_backup_drop(const TableBackup *backup)
{
	PreventCommandIfReadOnly("DeleteBackup");
	drop_relation(get_namespace_name(get_rel_namespace(backup->relid)),
				  bytes_to_cstring(backup->id), OBJECT_TABLE);
	/* Once more, for where event triggers are off. */
	catalog_forget(backup->relid);
}
