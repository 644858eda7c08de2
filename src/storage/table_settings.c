/*
 * table_settings.c
 *		dynamo.table_settings: what is recorded of a table beside its definition.
 *
 * One row per table, by relation; a table without a row (a dump of the table
 * alone was restored) has the defaults.  Point operations never come here.
 *
 * Written by this file only (catalog.c tells how), for callers that own the table.
 *
 * Locks: writers of a row hold table_record_lock(), so they cannot meet, and any
 * lock on the table, so that it is not dropped or renamed meanwhile.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/uuid.h"

#include "common/compat.h"
#include "common/errors.h"
#include "storage/storage_internal.h"

#define SETTINGS_TABLE	"table_settings"
#define SETTINGS_INDEX	"table_settings_pkey"

/* Columns of dynamo.table_settings, as storage.sql makes them. */
enum
{
	SETTINGS_RELATION = 1,
	SETTINGS_FULL_NAME,
	SETTINGS_TABLE_ID,
	SETTINGS_CREATED,
	SETTINGS_BILLING_MODE,
	SETTINGS_BILLING_MODE_CHANGED,
	SETTINGS_READ_CAPACITY,
	SETTINGS_WRITE_CAPACITY,
	SETTINGS_LAST_INCREASE,
	SETTINGS_LAST_DECREASE,
	SETTINGS_MAX_READ_REQUEST_UNITS,
	SETTINGS_MAX_WRITE_REQUEST_UNITS,
	SETTINGS_DELETION_PROTECTION,
	SETTINGS_TABLE_CLASS,
	SETTINGS_RESTORED,
	SETTINGS_SOURCE_BACKUP,
	SETTINGS_CLUSTERING,
	SETTINGS_WARM_READ_UNITS,
	SETTINGS_WARM_WRITE_UNITS,
	SETTINGS_NCOLUMNS = SETTINGS_WARM_WRITE_UNITS,
};

static const char *const billing_modes[] = {
	[BILLING_PAY_PER_REQUEST] = "PAY_PER_REQUEST",
	[BILLING_PROVISIONED] = "PROVISIONED",
};

/* By TableSettings.infrequent_access. */
static const char *const table_classes[] = {"STANDARD", "STANDARD_INFREQUENT_ACCESS"};

/*
 * Columns whose NULL is a 0 of TableSettings, and where they are in it; all
 * are of eight bytes (bigint, timestamptz).
 */
static const struct
{
	int			column;
	size_t		offset;
}			number_columns[] = {
	{SETTINGS_CREATED, offsetof(TableSettings, created)},
	{SETTINGS_BILLING_MODE_CHANGED, offsetof(TableSettings, billing_mode_changed)},
	{SETTINGS_READ_CAPACITY, offsetof(TableSettings, read_capacity)},
	{SETTINGS_WRITE_CAPACITY, offsetof(TableSettings, write_capacity)},
	{SETTINGS_LAST_INCREASE, offsetof(TableSettings, last_increase)},
	{SETTINGS_LAST_DECREASE, offsetof(TableSettings, last_decrease)},
	{SETTINGS_MAX_READ_REQUEST_UNITS, offsetof(TableSettings, max_read_request_units)},
	{SETTINGS_MAX_WRITE_REQUEST_UNITS, offsetof(TableSettings, max_write_request_units)},
	{SETTINGS_RESTORED, offsetof(TableSettings, restored)},
	{SETTINGS_WARM_READ_UNITS, offsetof(TableSettings, warm.reads)},
	{SETTINGS_WARM_WRITE_UNITS, offsetof(TableSettings, warm.writes)},
};

/* ---- reaching rows ---- */

/*
 * The row of a relation, copied, or NULL.  The snapshot is a fresh one: rows of
 * this catalog send no invalidations.
 */
static HeapTuple
fetch_row(Relation catalog, Oid relid)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;

	ScanKeyInit(&key, SETTINGS_RELATION, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, catalog_oid(SETTINGS_INDEX), true, NULL, 1, &key);
	row = systable_getnext(scan);
	if (HeapTupleIsValid(row))
		row = heap_copytuple(row);
	systable_endscan(scan);
	return row;
}

void
table_record_lock(Oid relid)
{
	LockDatabaseObject(catalog_oid(SETTINGS_TABLE), relid, 0, ExclusiveLock);
}

/* ---- rows and structures ---- */

static void
default_settings(Oid relid, TableSettings *settings)
{
	memset(settings, 0, sizeof(TableSettings));
	memcpy(&settings->table_id.data[UUID_LEN - sizeof(Oid)], &relid, sizeof(Oid));
	settings->billing_mode = BILLING_PAY_PER_REQUEST;
}

static void
settings_from_row(Datum *values, bool *isnull, TableSettings *settings)
{
	if (!isnull[SETTINGS_TABLE_ID - 1])
		settings->table_id = *DatumGetUUIDP(values[SETTINGS_TABLE_ID - 1]);
	for (int i = 0; i < lengthof(number_columns); i++)
	{
		int			column = number_columns[i].column - 1;

		if (!isnull[column])
			*(int64 *) ((char *) settings + number_columns[i].offset) = DatumGetInt64(values[column]);
	}
	if (!isnull[SETTINGS_BILLING_MODE - 1] &&
		strcmp(TextDatumGetCString(values[SETTINGS_BILLING_MODE - 1]),
			   billing_modes[BILLING_PROVISIONED]) == 0)
		settings->billing_mode = BILLING_PROVISIONED;
	settings->deletion_protection = !isnull[SETTINGS_DELETION_PROTECTION - 1] &&
		DatumGetBool(values[SETTINGS_DELETION_PROTECTION - 1]);
	settings->infrequent_access = !isnull[SETTINGS_TABLE_CLASS - 1] &&
		strcmp(TextDatumGetCString(values[SETTINGS_TABLE_CLASS - 1]), table_classes[true]) == 0;
	settings->unclustered = !isnull[SETTINGS_CLUSTERING - 1] &&
		!DatumGetBool(values[SETTINGS_CLUSTERING - 1]);
	settings->source_backup =
		catalog_bytes(values[SETTINGS_SOURCE_BACKUP - 1], isnull[SETTINGS_SOURCE_BACKUP - 1]);
}

/* Sets all columns but the full name. */
static void
row_from_settings(Oid relid, const TableSettings *settings, Datum *values, bool *isnull)
{
	memset(isnull, false, SETTINGS_NCOLUMNS * sizeof(bool));
	values[SETTINGS_RELATION - 1] = ObjectIdGetDatum(relid);
	isnull[SETTINGS_FULL_NAME - 1] = true;
	values[SETTINGS_TABLE_ID - 1] = UUIDPGetDatum(&settings->table_id);
	for (int i = 0; i < lengthof(number_columns); i++)
	{
		int			column = number_columns[i].column - 1;
		int64		number = *(const int64 *) ((const char *) settings + number_columns[i].offset);

		values[column] = Int64GetDatum(number);
		isnull[column] = number == 0;
	}
	values[SETTINGS_BILLING_MODE - 1] = CStringGetTextDatum(billing_modes[settings->billing_mode]);
	values[SETTINGS_DELETION_PROTECTION - 1] = BoolGetDatum(settings->deletion_protection);
	values[SETTINGS_TABLE_CLASS - 1] = CStringGetTextDatum(table_classes[settings->infrequent_access]);
	values[SETTINGS_CLUSTERING - 1] = BoolGetDatum(!settings->unclustered);
	values[SETTINGS_SOURCE_BACKUP - 1] =
		catalog_text(settings->source_backup, &isnull[SETTINGS_SOURCE_BACKUP - 1]);
}

/* ---- settings in other catalogs ---- */

Datum
table_settings_datum(const TableSettings *settings)
{
	Relation	catalog = catalog_open(SETTINGS_TABLE, AccessShareLock);
	Datum		values[SETTINGS_NCOLUMNS];
	bool		isnull[SETTINGS_NCOLUMNS];
	Datum		result;

	row_from_settings(InvalidOid, settings, values, isnull);
	result = heap_copy_tuple_as_datum(heap_form_tuple(RelationGetDescr(catalog), values, isnull),
									  RelationGetDescr(catalog));
	table_close(catalog, AccessShareLock);
	return result;
}

void
table_settings_from_datum(Datum datum, TableSettings *settings)
{
	Relation	catalog = catalog_open(SETTINGS_TABLE, AccessShareLock);
	HeapTupleHeader header = DatumGetHeapTupleHeader(datum);
	HeapTupleData row = {.t_len = HeapTupleHeaderGetDatumLength(header),.t_data = header};
	Datum		values[SETTINGS_NCOLUMNS];
	bool		isnull[SETTINGS_NCOLUMNS];

	default_settings(InvalidOid, settings);
	heap_deform_tuple(&row, RelationGetDescr(catalog), values, isnull);
	settings_from_row(values, isnull, settings);
	table_close(catalog, AccessShareLock);
}

/* ---- reading and writing ---- */

void
table_settings_read(Oid relid, TableSettings *settings)
{
	Relation	catalog = catalog_open(SETTINGS_TABLE, AccessShareLock);
	HeapTuple	row = fetch_row(catalog, relid);

	default_settings(relid, settings);
	if (HeapTupleIsValid(row))
	{
		Datum		values[SETTINGS_NCOLUMNS];
		bool		isnull[SETTINGS_NCOLUMNS];

		heap_deform_tuple(row, RelationGetDescr(catalog), values, isnull);
		settings_from_row(values, isnull, settings);
	}
	table_close(catalog, AccessShareLock);
}

void
table_settings_insert(Oid relid, Bytes full_name, const TableSettings *settings)
{
	Datum		values[SETTINGS_NCOLUMNS];
	bool		isnull[SETTINGS_NCOLUMNS];

	row_from_settings(relid, settings, values, isnull);
	values[SETTINGS_FULL_NAME - 1] = catalog_text(full_name, &isnull[SETTINGS_FULL_NAME - 1]);
	catalog_insert(SETTINGS_TABLE, values, isnull);
}

static void
table_settings_update(Relation catalog, HeapTuple row, Oid relid, const TableSettings *settings)
{
	Datum		values[SETTINGS_NCOLUMNS];
	bool		isnull[SETTINGS_NCOLUMNS];
	bool		replace[SETTINGS_NCOLUMNS];
	HeapTuple	new_row;

	row_from_settings(relid, settings, values, isnull);
	memset(replace, true, sizeof(replace));
	replace[SETTINGS_FULL_NAME - 1] = false;
	new_row = heap_modify_tuple(row, RelationGetDescr(catalog), values, isnull, replace);
	CatalogTupleUpdate(catalog, &row->t_self, new_row);
	CommandCounterIncrement();
}

void
table_settings_write(DynamoTable *table, const TableSettings *settings)
{
	Oid			relid = RelationGetRelid(table->rel);
	Relation	catalog;
	HeapTuple	row;

	if (!compat_owns_relation(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, RelationGetRelationName(table->rel));
	PreventCommandIfReadOnly("UpdateTable");

	if (table->rel->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("nothing can be recorded of a temporary table")));

	table_record_lock(relid);
	catalog = catalog_open(SETTINGS_TABLE, RowExclusiveLock);
	row = fetch_row(catalog, relid);
	if (HeapTupleIsValid(row))
		table_settings_update(catalog, row, relid, settings);
	else
		table_settings_insert(relid, (Bytes) {NULL, 0}, settings);
	table_close(catalog, NoLock);
}

/*
 * Does not raise where the catalog is missing, or of another version: rows are stored
 * while the extension is being dropped or waits for its update, too.
 */
bool
table_clustering_is_on(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);
	Oid			catalog_relid = get_relname_relid(SETTINGS_TABLE,
												  get_namespace_oid("dynamo", true));
	Relation	catalog;
	HeapTuple	row;
	bool		isnull;
	bool		result = true;

	if (!OidIsValid(catalog_relid))
		return true;
	if (rel->rd_rel->relispartition)
		relid = llast_oid(get_partition_ancestors(relid));
	catalog = table_open(catalog_relid, AccessShareLock);
	row = extension_version_fits() ? fetch_row(catalog, relid) : NULL;
	if (HeapTupleIsValid(row))
		result = DatumGetBool(heap_getattr(row, SETTINGS_CLUSTERING, RelationGetDescr(catalog),
										   &isnull));
	table_close(catalog, AccessShareLock);
	return result;
}

void
table_settings_delete(Oid relid)
{
	CatalogKey	row = {SETTINGS_TABLE, SETTINGS_INDEX,
		{{SETTINGS_RELATION, F_OIDEQ, ObjectIdGetDatum(relid)}}};

	catalog_delete(row);
}

/* The full name in a row of the catalog; false if there is none. */
static bool
row_full_name(Relation catalog, HeapTuple row, Bytes *name)
{
	bool		isnull;
	Datum		datum = heap_getattr(row, SETTINGS_FULL_NAME, RelationGetDescr(catalog), &isnull);

	if (!isnull)
		*name = bytes_from_cstring(TextDatumGetCString(datum));
	return !isnull;
}

/* Whether a relation of this name is the table of that one. */
static bool
stands_for(const char *relname, Bytes name)
{
	NameData	hashed;

	relation_name(name, &hashed);
	return strcmp(NameStr(hashed), relname) == 0;
}

/*
 * A recorded name counts only while the relation bears the hash of it: ALTER
 * TABLE ... RENAME gives the table another name.
 */
Bytes
table_full_name(Oid relid, const char *relname)
{
	Bytes		result = bytes_from_cstring(pstrdup(relname));
	Bytes		recorded;
	Relation	catalog;
	HeapTuple	row;

	if (!is_hashed_name(relname))
		return result;

	catalog = catalog_open(SETTINGS_TABLE, AccessShareLock);
	row = fetch_row(catalog, relid);
	if (HeapTupleIsValid(row) && row_full_name(catalog, row, &recorded) &&
		stands_for(relname, recorded))
		result = recorded;
	table_close(catalog, AccessShareLock);
	return result;
}

void
table_settings_follow_rename(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);
	Relation	catalog = catalog_open(SETTINGS_TABLE, RowExclusiveLock);
	HeapTuple	row = fetch_row(catalog, relid);
	Bytes		recorded;

	if (HeapTupleIsValid(row) && row_full_name(catalog, row, &recorded) &&
		!stands_for(RelationGetRelationName(rel), recorded))
	{
		int			column = SETTINGS_FULL_NAME;
		Datum		value = (Datum) 0;
		bool		isnull = true;

		CatalogTupleUpdate(catalog, &row->t_self,
						   heap_modify_tuple_by_cols(row, RelationGetDescr(catalog),
													 1, &column, &value, &isnull));
		CommandCounterIncrement();
	}
	table_close(catalog, NoLock);
}
