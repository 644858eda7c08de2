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

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
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
		elements[foreach_current_index(cell)] = text_datum(*(const Bytes *) lfirst(cell));
	return PointerGetDatum(construct_array(elements, list_length(names), TEXTOID, -1, false,
										   TYPALIGN_INT));
}

static void *
index_from_row(const Datum *values, const bool *isnull)
{
	IndexDefinition *index = palloc0_object(IndexDefinition);

	index->name = catalog_bytes(values[INDEXES_NAME - 1], false);
	index->is_local = catalog_word(INDEXES_TABLE, values[INDEXES_KIND - 1], kinds,
								   lengthof(kinds));
	key_schema_from_datum(values[INDEXES_KEY_SCHEMA - 1], &index->key);
	index->projection = catalog_word(INDEXES_TABLE, values[INDEXES_PROJECTION - 1], projections,
									 lengthof(projections));
	if (!isnull[INDEXES_NON_KEY_ATTRIBUTES - 1])
		index->non_key_attributes = names_from_array(values[INDEXES_NON_KEY_ATTRIBUTES - 1]);
	index->status = catalog_word(INDEXES_TABLE, values[INDEXES_STATUS - 1], statuses,
								 lengthof(statuses));
	index->backfilling = DatumGetBool(values[INDEXES_BACKFILLING - 1]);
	for (int i = 0; i < lengthof(number_columns); i++)
	{
		int			column = number_columns[i].column - 1;

		if (!isnull[column])
			*(int64 *) ((char *) index + number_columns[i].offset) = DatumGetInt64(values[column]);
	}
	return index;
}

static void
row_from_index(Oid relid, const IndexDefinition *index, Datum *values, bool *isnull)
{
	memset(isnull, false, INDEXES_NCOLUMNS * sizeof(bool));
	values[INDEXES_RELATION - 1] = ObjectIdGetDatum(relid);
	values[INDEXES_NAME - 1] = text_datum(index->name);
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
}

/* ---- indexes in other catalogs ---- */

Datum
index_list_datum(const List *indexes)
{
	Relation	catalog = catalog_open(INDEXES_TABLE, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(catalog);
	Datum	   *rows = palloc_array(Datum, list_length(indexes));
	ListCell   *cell;
	ArrayType  *result;

	foreach(cell, indexes)
	{
		Datum		values[INDEXES_NCOLUMNS];
		bool		isnull[INDEXES_NCOLUMNS];

		row_from_index(InvalidOid, lfirst(cell), values, isnull);
		rows[foreach_current_index(cell)] =
			heap_copy_tuple_as_datum(heap_form_tuple(desc, values, isnull), desc);
	}
	result = construct_array(rows, list_length(indexes), catalog->rd_rel->reltype,
							 -1, false, TYPALIGN_DOUBLE);
	table_close(catalog, AccessShareLock);
	return PointerGetDatum(result);
}

List *
index_list_from_datum(Datum datum)
{
	Relation	catalog = catalog_open(INDEXES_TABLE, AccessShareLock);
	List	   *indexes = NIL;
	Datum	   *rows;
	int			n;

	deconstruct_array(DatumGetArrayTypePCopy(datum), catalog->rd_rel->reltype,
					  -1, false, TYPALIGN_DOUBLE, &rows, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		HeapTupleHeader header = DatumGetHeapTupleHeader(rows[i]);
		HeapTupleData row = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};
		Datum		values[INDEXES_NCOLUMNS];
		bool		isnull[INDEXES_NCOLUMNS];

		heap_deform_tuple(&row, RelationGetDescr(catalog), values, isnull);
		indexes = lappend(indexes, index_from_row(values, isnull));
	}
	table_close(catalog, AccessShareLock);
	return indexes;
}

/* ---- reading and writing ---- */

/* In the order of their names. */
static CatalogKey
rows_of(Oid relid)
{
	return (CatalogKey) {INDEXES_TABLE, INDEXES_INDEX,
		{{INDEXES_RELATION, F_OIDEQ, ObjectIdGetDatum(relid)}}};
}

static CatalogKey
row_of(Oid relid, Bytes name)
{
	return (CatalogKey) {INDEXES_TABLE, INDEXES_INDEX,
		{{INDEXES_RELATION, F_OIDEQ, ObjectIdGetDatum(relid)},
		{INDEXES_NAME, F_TEXTEQ, text_datum(name)}}};
}

List *
index_catalog_read(Oid relid)
{
	return catalog_read(rows_of(relid), index_from_row);
}

static void *
changing_from_row(const Datum *values, const bool *isnull)
{
	IndexDefinition *index = index_from_row(values, isnull);
	ChangingIndex *changing;

	if (index->status == INDEX_ACTIVE)
		return NULL;
	changing = palloc_object(ChangingIndex);
	changing->relid = DatumGetObjectId(values[INDEXES_RELATION - 1]);
	changing->index = index;
	return changing;
}

List *
index_catalog_list_changing(void)
{
	return catalog_read((CatalogKey) {INDEXES_TABLE}, changing_from_row);
}

void
index_catalog_insert(Oid relid, const IndexDefinition *index)
{
	Datum		values[INDEXES_NCOLUMNS];
	bool		isnull[INDEXES_NCOLUMNS];

	row_from_index(relid, index, values, isnull);
	CacheInvalidateRelcacheByRelid(relid);
	catalog_insert(INDEXES_TABLE, values, isnull);
}

void
index_catalog_update(Oid relid, const IndexDefinition *index)
{
	Datum		values[INDEXES_NCOLUMNS];
	bool		isnull[INDEXES_NCOLUMNS];

	row_from_index(relid, index, values, isnull);
	CacheInvalidateRelcacheByRelid(relid);
	(void) catalog_replace(row_of(relid, index->name), values, isnull);
}

void
index_catalog_delete(Oid relid, Bytes name)
{
	CacheInvalidateRelcacheByRelid(relid);
	catalog_delete(row_of(relid, name));
}

void
index_catalog_forget(Oid relid)
{
	catalog_delete(rows_of(relid));
}
