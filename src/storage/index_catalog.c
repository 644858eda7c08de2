/*
 * index_catalog.c
 *		dynamo.table_indexes: the secondary indexes of tables.
 *
 * One row per index, by the table's relation and the index's name: its key,
 * projection, status and throughput.  Rows of a backup's relation say what
 * indexes its table had.  Written as catalog.c describes, for callers that own
 * the table.
 *
 * What reads and writes need of it is remembered with the table (row_access.c),
 * so that they do not come here; a change of a row invalidates that.
 *
 * The rows are the truth about what indexes a table has.  The btree behind one is
 * found by what it is made of (index_ddl.c), not by a reference: a dump restores
 * this table before it makes any index.
 *
 * Locks: writers of a row hold table_record_lock().
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "storage/storage_internal.h"

#define INDEXES_TABLE "table_indexes"
#define INDEXES_INDEX "table_indexes_pkey"

/* Columns of dynamo.table_indexes, as storage.sql makes them. */
enum
{
	INDEXES_RELATION = 1,
	INDEXES_NAME,
	INDEXES_KIND,
	INDEXES_KEY_SCHEMA,
	INDEXES_PROJECTION,
	INDEXES_NON_KEY_ATTRIBUTES,
	INDEXES_STATUS,
	INDEXES_BACKFILLING,
	INDEXES_READ_CAPACITY,
	INDEXES_WRITE_CAPACITY,
	INDEXES_LAST_INCREASE,
	INDEXES_LAST_DECREASE,
	INDEXES_MAX_READ_REQUEST_UNITS,
	INDEXES_MAX_WRITE_REQUEST_UNITS,
	INDEXES_WARM_READ_UNITS,
	INDEXES_WARM_WRITE_UNITS,
	INDEXES_NCOLUMNS = INDEXES_WARM_WRITE_UNITS,
};

/* By IndexDefinition.is_local, .projection, .status. */
static const char *const kinds[] = {"GLOBAL", "LOCAL"};
static const char *const projections[] = {
	[PROJECT_ALL] = "ALL",
	[PROJECT_KEYS_ONLY] = "KEYS_ONLY",
	[PROJECT_INCLUDE] = "INCLUDE",
};
static const char *const statuses[] = {
	[INDEX_ACTIVE] = "ACTIVE",
	[INDEX_CREATING] = "CREATING",
	[INDEX_DELETING] = "DELETING",
};

/* Columns whose NULL is a 0 of IndexDefinition; all are of eight bytes. */
static const struct
{
	int			column;
	size_t		offset;
} number_columns[] = {
	{INDEXES_READ_CAPACITY, offsetof(IndexDefinition, read_capacity)},
	{INDEXES_WRITE_CAPACITY, offsetof(IndexDefinition, write_capacity)},
	{INDEXES_LAST_INCREASE, offsetof(IndexDefinition, last_increase)},
	{INDEXES_LAST_DECREASE, offsetof(IndexDefinition, last_decrease)},
	{INDEXES_MAX_READ_REQUEST_UNITS, offsetof(IndexDefinition, max_read_request_units)},
	{INDEXES_MAX_WRITE_REQUEST_UNITS, offsetof(IndexDefinition, max_write_request_units)},
	{INDEXES_WARM_READ_UNITS, offsetof(IndexDefinition, warm.reads)},
	{INDEXES_WARM_WRITE_UNITS, offsetof(IndexDefinition, warm.writes)},
};

const char *
index_status_name(IndexStatus status)
{
	return statuses[status];
}

const char *
index_projection_name(IndexProjection projection)
{
	return projections[projection];
}

/* ---- rows and structures ---- */

static int
position_of(Datum text_datum, const char *const *names, int n)
{
	char	   *name = TextDatumGetCString(text_datum);

	for (int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	elog(ERROR, "dynamo.%s has an unknown value \"%s\"", INDEXES_TABLE, name);
}

static List *
names_from_array(Datum array)
{
	List	   *names = NIL;
	Datum	   *elements;
	int			n;

	deconstruct_array(DatumGetArrayTypePCopy(array), TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		Bytes	   *name = palloc_object(Bytes);

		*name = bytes_from_cstring(TextDatumGetCString(elements[i]));
		names = lappend(names, name);
	}
	return names;
}

static Datum
array_of_names(List *names)
{
	Datum	   *elements = palloc_array(Datum, list_length(names));
	ListCell   *cell;

	foreach(cell, names)
	{
		const Bytes *name = lfirst(cell);

		elements[foreach_current_index(cell)] =
			PointerGetDatum(cstring_to_text_with_len(name->data, name->len));
	}
	return PointerGetDatum(construct_array(elements, list_length(names), TEXTOID, -1, false,
										   TYPALIGN_INT));
}

static IndexDefinition *
index_from_row(HeapTuple row, TupleDesc desc)
{
	IndexDefinition *index = palloc0_object(IndexDefinition);
	Datum		values[INDEXES_NCOLUMNS];
	bool		isnull[INDEXES_NCOLUMNS];

	heap_deform_tuple(row, desc, values, isnull);
	index->name = bytes_from_cstring(TextDatumGetCString(values[INDEXES_NAME - 1]));
	index->is_local = position_of(values[INDEXES_KIND - 1], kinds, lengthof(kinds));
	key_schema_from_datum(values[INDEXES_KEY_SCHEMA - 1], &index->key);
	index->projection = position_of(values[INDEXES_PROJECTION - 1], projections,
									lengthof(projections));
	if (!isnull[INDEXES_NON_KEY_ATTRIBUTES - 1])
		index->non_key_attributes = names_from_array(values[INDEXES_NON_KEY_ATTRIBUTES - 1]);
	index->status = position_of(values[INDEXES_STATUS - 1], statuses, lengthof(statuses));
	index->backfilling = DatumGetBool(values[INDEXES_BACKFILLING - 1]);
	for (int i = 0; i < lengthof(number_columns); i++)
	{
		int			column = number_columns[i].column - 1;

		if (!isnull[column])
			*(int64 *) ((char *) index + number_columns[i].offset) = DatumGetInt64(values[column]);
	}
	return index;
}

static HeapTuple
row_from_index(Oid relid, const IndexDefinition *index, TupleDesc desc)
{
	Datum		values[INDEXES_NCOLUMNS] = {0};
	bool		isnull[INDEXES_NCOLUMNS] = {false};

	values[INDEXES_RELATION - 1] = ObjectIdGetDatum(relid);
	values[INDEXES_NAME - 1] =
		PointerGetDatum(cstring_to_text_with_len(index->name.data, index->name.len));
	values[INDEXES_KIND - 1] = CStringGetTextDatum(kinds[index->is_local]);
	values[INDEXES_KEY_SCHEMA - 1] = key_schema_datum(&index->key);
	values[INDEXES_PROJECTION - 1] = CStringGetTextDatum(projections[index->projection]);
	isnull[INDEXES_NON_KEY_ATTRIBUTES - 1] = index->non_key_attributes == NIL;
	if (index->non_key_attributes != NIL)
		values[INDEXES_NON_KEY_ATTRIBUTES - 1] = array_of_names(index->non_key_attributes);
	values[INDEXES_STATUS - 1] = CStringGetTextDatum(statuses[index->status]);
	values[INDEXES_BACKFILLING - 1] = BoolGetDatum(index->backfilling);
	for (int i = 0; i < lengthof(number_columns); i++)
	{
		int			column = number_columns[i].column - 1;
		int64		number = *(const int64 *) ((const char *) index + number_columns[i].offset);

		values[column] = Int64GetDatum(number);
		isnull[column] = number == 0;
	}
	return heap_form_tuple(desc, values, isnull);
}

/* ---- indexes in other catalogs ---- */

Datum
index_list_datum(const List *indexes)
{
	Relation	catalog = table_open(catalog_oid(INDEXES_TABLE), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(catalog);
	Datum	   *rows = palloc_array(Datum, list_length(indexes));
	ListCell   *cell;
	ArrayType  *result;

	foreach(cell, indexes)
		rows[foreach_current_index(cell)] =
			heap_copy_tuple_as_datum(row_from_index(InvalidOid, lfirst(cell), desc), desc);
	result = construct_array(rows, list_length(indexes), catalog->rd_rel->reltype,
							 -1, false, TYPALIGN_DOUBLE);
	table_close(catalog, AccessShareLock);
	return PointerGetDatum(result);
}

List *
index_list_from_datum(Datum datum)
{
	Relation	catalog = table_open(catalog_oid(INDEXES_TABLE), AccessShareLock);
	List	   *indexes = NIL;
	Datum	   *rows;
	int			n;

	deconstruct_array(DatumGetArrayTypePCopy(datum), catalog->rd_rel->reltype,
					  -1, false, TYPALIGN_DOUBLE, &rows, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		HeapTupleHeader header = DatumGetHeapTupleHeader(rows[i]);
		HeapTupleData row = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};

		indexes = lappend(indexes, index_from_row(&row, RelationGetDescr(catalog)));
	}
	table_close(catalog, AccessShareLock);
	return indexes;
}

/* ---- reading and writing ---- */

/* The rows of a relation in the order of their names, or the one of a name. */
static SysScanDesc
begin_scan(Relation catalog, Oid relid, const Bytes *name, ScanKeyData keys[2])
{
	int			nkeys = 0;

	ScanKeyInit(&keys[nkeys++], INDEXES_RELATION, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	if (name != NULL)
	{
		ScanKeyInit(&keys[nkeys], INDEXES_NAME, BTEqualStrategyNumber, F_TEXTEQ,
					PointerGetDatum(cstring_to_text_with_len(name->data, name->len)));
		keys[nkeys++].sk_collation = C_COLLATION_OID;
	}
	return systable_beginscan(catalog, catalog_oid(INDEXES_INDEX), true, NULL, nkeys, keys);
}

List *
index_catalog_read(Oid relid)
{
	Relation	catalog = table_open(catalog_oid(INDEXES_TABLE), AccessShareLock);
	List	   *indexes = NIL;
	ScanKeyData keys[2];
	SysScanDesc scan = begin_scan(catalog, relid, NULL, keys);
	HeapTuple	row;

	while (HeapTupleIsValid(row = systable_getnext(scan)))
		indexes = lappend(indexes, index_from_row(row, RelationGetDescr(catalog)));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return indexes;
}

List *
index_catalog_list_changing(void)
{
	Relation	catalog = table_open(catalog_oid(INDEXES_TABLE), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(catalog);
	SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	List	   *result = NIL;
	HeapTuple	row;

	while (HeapTupleIsValid(row = systable_getnext(scan)))
	{
		IndexDefinition *index = index_from_row(row, desc);
		ChangingIndex *changing;
		bool		isnull;

		if (index->status == INDEX_ACTIVE)
			continue;
		changing = palloc_object(ChangingIndex);
		changing->relid = DatumGetObjectId(heap_getattr(row, INDEXES_RELATION, desc, &isnull));
		changing->index = index;
		result = lappend(result, changing);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return result;
}

void
index_catalog_insert(Oid relid, const IndexDefinition *index)
{
	Relation	catalog = table_open(catalog_oid(INDEXES_TABLE), RowExclusiveLock);

	CatalogTupleInsert(catalog, row_from_index(relid, index, RelationGetDescr(catalog)));
	table_close(catalog, NoLock);
	CacheInvalidateRelcacheByRelid(relid);
	CommandCounterIncrement();
}

void
index_catalog_update(Oid relid, const IndexDefinition *index)
{
	Relation	catalog = table_open(catalog_oid(INDEXES_TABLE), RowExclusiveLock);
	ScanKeyData keys[2];
	SysScanDesc scan = begin_scan(catalog, relid, &index->name, keys);
	HeapTuple	row = systable_getnext(scan);

	if (HeapTupleIsValid(row))
		CatalogTupleUpdate(catalog, &row->t_self,
						   row_from_index(relid, index, RelationGetDescr(catalog)));
	systable_endscan(scan);
	table_close(catalog, NoLock);
	CacheInvalidateRelcacheByRelid(relid);
	CommandCounterIncrement();
}

/* Of the index of this name, or (NULL) of all; the relation may be gone. */
static void
delete_rows(Oid relid, const Bytes *name)
{
	Relation	catalog = table_open(catalog_oid(INDEXES_TABLE), RowExclusiveLock);
	ScanKeyData keys[2];
	SysScanDesc scan = begin_scan(catalog, relid, name, keys);
	HeapTuple	row;

	while (HeapTupleIsValid(row = systable_getnext(scan)))
		CatalogTupleDelete(catalog, &row->t_self);
	systable_endscan(scan);
	table_close(catalog, NoLock);
	CommandCounterIncrement();
}

void
index_catalog_delete(Oid relid, Bytes name)
{
	delete_rows(relid, &name);
	CacheInvalidateRelcacheByRelid(relid);
}

void
index_catalog_forget(Oid relid)
{
	delete_rows(relid, NULL);
}
