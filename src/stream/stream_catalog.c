/*
 * stream_catalog.c
 *		dynamo.stream_catalog: the streams, enabled and disabled.
 *
 * The truth about a table's present stream is its trigger (stream_trigger.c).
 * A row here says what the trigger cannot: from where and up to where changes
 * are in the stream, and what a stream was whose table has none any more.
 *
 * Written with simple heap access by this file only: by who owns the table when
 * a stream is enabled, by the decoding worker later.  Reads see the latest
 * committed state and our own changes.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type_d.h"
#include "commands/sequence.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/pg_lsn.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "stream/stream_internal.h"

#define STREAM_CATALOG			"stream_catalog"
#define CATALOG_INDEX	"stream_catalog_pkey"
#define RELATION_INDEX	"stream_catalog_relation"
#define ID_SEQUENCE		"stream_ids"

enum
{
	CATALOG_ID = 1,
	CATALOG_RELATION,
	CATALOG_OWNER,
	CATALOG_SCHEMA,
	CATALOG_TABLE_NAME,
	CATALOG_LABEL,
	CATALOG_VIEW_TYPE,
	CATALOG_KEY_SCHEMA,
	CATALOG_SHARDS,
	CATALOG_CREATED,
	CATALOG_START_EPOCH,
	CATALOG_START_LSN,
	CATALOG_ENDED,
	CATALOG_END_EPOCH,
	CATALOG_END_LSN,
	CATALOG_TRIMMED,
	CATALOG_NCOLUMNS = CATALOG_TRIMMED,
};

static Stream *stream_from_row(Relation catalog, HeapTuple row);
static void row_from_stream(const Stream *stream, Datum *values, bool *isnull);

Oid
stream_object(const char *relname)
{
	Oid			relid = get_relname_relid(relname, get_namespace_oid("dynamo", true));

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation dynamo.%s does not exist", relname),
				 errhint("DROP EXTENSION dynamo and CREATE EXTENSION dynamo make it anew.")));
	return relid;
}

/* ---- reading ---- */

/* The streams that match a key of one column; all of them without an index. */
static List *
find_streams(const char *index, AttrNumber column, RegProcedure equal, Datum value)
{
	Relation	catalog = table_open(stream_object(STREAM_CATALOG), AccessShareLock);
	List	   *result = NIL;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;

	if (index != NULL)
		ScanKeyInit(&key, column, BTEqualStrategyNumber, equal, value);
	scan = systable_beginscan(catalog, index == NULL ? InvalidOid : stream_object(index),
							  index != NULL, NULL, index == NULL ? 0 : 1, &key);
	while (HeapTupleIsValid(row = systable_getnext(scan)))
		result = lappend(result, stream_from_row(catalog, row));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return result;
}

static int
compare_streams(const ListCell *a, const ListCell *b)
{
	const Stream *one = lfirst(a);
	const Stream *other = lfirst(b);
	int			order = strcmp(one->table_name, other->table_name);

	if (order == 0)
		order = strcmp(one->label, other->label);
	return order != 0 ? order : one->id < other->id ? -1 : one->id > other->id;
}

List *
stream_list(void)
{
	List	   *result = find_streams(NULL, 0, 0, (Datum) 0);

	list_sort(result, compare_streams);
	return result;
}

List *
stream_list_of(Oid relid)
{
	List	   *result = find_streams(RELATION_INDEX, CATALOG_RELATION, F_OIDEQ,
									 ObjectIdGetDatum(relid));

	list_sort(result, compare_streams);
	return result;
}

Stream *
stream_by_id(int32 id)
{
	List	   *found = find_streams(CATALOG_INDEX, CATALOG_ID, F_INT4EQ, Int32GetDatum(id));

	return found == NIL ? NULL : linitial(found);
}

Stream *
stream_of_label(Oid relid, const char *label)
{
	ListCell   *cell;

	foreach(cell, stream_list_of(relid))
		if (strcmp(((Stream *) lfirst(cell))->label, label) == 0)
			return lfirst(cell);
	return NULL;
}

static char *
text_column(Datum value)
{
	return TextDatumGetCString(value);
}

/* Sequence numbers by shard; NULL where nothing is gone. */
static StreamPosition *
trimmed_from_datum(Datum value, int shards)
{
	StreamPosition *trimmed = palloc0_array(StreamPosition, shards);
	Datum	   *numbers;
	bool	   *isnull;
	int			n;

	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT,
					  &numbers, &isnull, &n);
	for (int i = 0; i < Min(n, shards); i++)
		if (!isnull[i] && !sequence_number_parse(bytes_from_cstring(text_column(numbers[i])), &trimmed[i]))
			elog(ERROR, "dynamo.%s has a wrong sequence number", STREAM_CATALOG);
	return trimmed;
}

static Datum
trimmed_datum(const StreamPosition *trimmed, int shards)
{
	Datum	   *numbers = palloc_array(Datum, shards);
	bool	   *isnull = palloc_array(bool, shards);
	int			lower_bound = 1;

	for (int i = 0; i < shards; i++)
	{
		char		number[SEQUENCE_NUMBER_LENGTH + 1];

		isnull[i] = trimmed[i].epoch == 0;
		sequence_number(&trimmed[i], number);
		numbers[i] = CStringGetTextDatum(number);
	}
	return PointerGetDatum(construct_md_array(numbers, isnull, 1, &shards, &lower_bound,
											  TEXTOID, -1, false, TYPALIGN_INT));
}

static Stream *
stream_from_row(Relation catalog, HeapTuple row)
{
	Stream	   *stream = palloc0_object(Stream);
	Datum		values[CATALOG_NCOLUMNS];
	bool		isnull[CATALOG_NCOLUMNS];

	heap_deform_tuple(row, RelationGetDescr(catalog), values, isnull);
	stream->id = DatumGetInt32(values[CATALOG_ID - 1]);
	stream->relid = DatumGetObjectId(values[CATALOG_RELATION - 1]);
	stream->owner = DatumGetObjectId(values[CATALOG_OWNER - 1]);
	stream->schema = text_column(values[CATALOG_SCHEMA - 1]);
	stream->table_name = text_column(values[CATALOG_TABLE_NAME - 1]);
	stream->label = text_column(values[CATALOG_LABEL - 1]);
	(void) stream_view_by_name(text_column(values[CATALOG_VIEW_TYPE - 1]), &stream->view);
	key_schema_from_datum(values[CATALOG_KEY_SCHEMA - 1], &stream->key);
	stream->shards = DatumGetInt32(values[CATALOG_SHARDS - 1]);
	stream->created = DatumGetTimestampTz(values[CATALOG_CREATED - 1]);
	if (!isnull[CATALOG_START_EPOCH - 1])
	{
		stream->start.epoch = DatumGetInt32(values[CATALOG_START_EPOCH - 1]);
		stream->start.lsn = DatumGetLSN(values[CATALOG_START_LSN - 1]);
	}
	if (!isnull[CATALOG_END_EPOCH - 1])
	{
		stream->ended = DatumGetTimestampTz(values[CATALOG_ENDED - 1]);
		stream->end.epoch = DatumGetInt32(values[CATALOG_END_EPOCH - 1]);
		stream->end.lsn = DatumGetLSN(values[CATALOG_END_LSN - 1]);
	}
	if (!isnull[CATALOG_TRIMMED - 1])
		stream->trimmed = trimmed_from_datum(values[CATALOG_TRIMMED - 1], stream->shards);
	return stream;
}

/* ---- writing ---- */

static void
row_from_stream(const Stream *stream, Datum *values, bool *isnull)
{
	bool		started = stream->start.epoch != 0;
	bool		ended = stream->end.epoch != 0;

	memset(isnull, false, CATALOG_NCOLUMNS * sizeof(bool));
	values[CATALOG_ID - 1] = Int32GetDatum(stream->id);
	values[CATALOG_RELATION - 1] = ObjectIdGetDatum(stream->relid);
	values[CATALOG_OWNER - 1] = ObjectIdGetDatum(stream->owner);
	values[CATALOG_SCHEMA - 1] = CStringGetTextDatum(stream->schema);
	values[CATALOG_TABLE_NAME - 1] = CStringGetTextDatum(stream->table_name);
	values[CATALOG_LABEL - 1] = CStringGetTextDatum(stream->label);
	values[CATALOG_VIEW_TYPE - 1] = CStringGetTextDatum(stream_view_name(stream->view));
	values[CATALOG_KEY_SCHEMA - 1] = key_schema_datum(&stream->key);
	values[CATALOG_SHARDS - 1] = Int32GetDatum(stream->shards);
	values[CATALOG_CREATED - 1] = TimestampTzGetDatum(stream->created);
	values[CATALOG_START_EPOCH - 1] = Int32GetDatum(stream->start.epoch);
	values[CATALOG_START_LSN - 1] = LSNGetDatum(stream->start.lsn);
	values[CATALOG_ENDED - 1] = TimestampTzGetDatum(stream->ended);
	values[CATALOG_END_EPOCH - 1] = Int32GetDatum(stream->end.epoch);
	values[CATALOG_END_LSN - 1] = LSNGetDatum(stream->end.lsn);
	if (stream->trimmed != NULL)
		values[CATALOG_TRIMMED - 1] = trimmed_datum(stream->trimmed, stream->shards);
	isnull[CATALOG_START_EPOCH - 1] = isnull[CATALOG_START_LSN - 1] = !started;
	isnull[CATALOG_ENDED - 1] = isnull[CATALOG_END_EPOCH - 1] = isnull[CATALOG_END_LSN - 1] = !ended;
	isnull[CATALOG_TRIMMED - 1] = stream->trimmed == NULL;
}

void
stream_insert(Stream *stream)
{
	Relation	catalog = table_open(stream_object(STREAM_CATALOG), RowExclusiveLock);
	Datum		values[CATALOG_NCOLUMNS];
	bool		isnull[CATALOG_NCOLUMNS];

	/* The number is nothing to be guarded: no privilege is asked for. */
	stream->id = nextval_internal(stream_object(ID_SEQUENCE), false);
	row_from_stream(stream, values, isnull);
	CatalogTupleInsert(catalog, heap_form_tuple(RelationGetDescr(catalog), values, isnull));
	table_close(catalog, NoLock);
	CommandCounterIncrement();
}

/* The row of a stream is replaced, or deleted if there is no new one. */
static void
replace_row(int32 id, const Stream *stream)
{
	Relation	catalog = table_open(stream_object(STREAM_CATALOG), RowExclusiveLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	row;

	ScanKeyInit(&key, CATALOG_ID, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(id));
	scan = systable_beginscan(catalog, stream_object(CATALOG_INDEX), true, NULL, 1, &key);
	row = systable_getnext(scan);
	if (HeapTupleIsValid(row) && stream == NULL)
		CatalogTupleDelete(catalog, &row->t_self);
	else if (HeapTupleIsValid(row))
	{
		Datum		values[CATALOG_NCOLUMNS];
		bool		isnull[CATALOG_NCOLUMNS];

		row_from_stream(stream, values, isnull);
		CatalogTupleUpdate(catalog, &row->t_self,
						   heap_form_tuple(RelationGetDescr(catalog), values, isnull));
	}
	systable_endscan(scan);
	table_close(catalog, NoLock);
	CommandCounterIncrement();
}

void
stream_update(const Stream *stream)
{
	replace_row(stream->id, stream);
}

void
stream_delete(const Stream *stream)
{
	replace_row(stream->id, NULL);
}

/*
 * A stream is called like its table, and belongs to its owner: also when the table
 * is gone.  False if nothing is new.
 */
bool
stream_follow_table(Stream *stream)
{
	HeapTuple	row = SearchSysCache1(RELOID, ObjectIdGetDatum(stream->relid));
	Form_pg_class form;
	char	   *schema;
	char	   *name;
	bool		changed;

	if (!HeapTupleIsValid(row))
		return false;
	form = (Form_pg_class) GETSTRUCT(row);
	schema = get_namespace_name(form->relnamespace);
	name = bytes_to_cstring(table_full_name(stream->relid, NameStr(form->relname)));
	changed = stream->owner != form->relowner || strcmp(stream->table_name, name) != 0 ||
		(schema != NULL && strcmp(stream->schema, schema) != 0);
	if (changed)
	{
		stream->owner = form->relowner;
		stream->table_name = name;
		if (schema != NULL)
			stream->schema = schema;
		stream_update(stream);
	}
	ReleaseSysCache(row);
	return changed;
}

/* ---- what a stream is at present ---- */

StreamStatus
stream_status(const Stream *stream)
{
	TableStream present;
	bool		enabled = table_stream_of(stream->relid, &present) &&
		strcmp(present.label, stream->label) == 0;

	if (enabled)
		return stream->start.epoch != 0 ? STREAM_ENABLED : STREAM_ENABLING;
	return stream->end.epoch != 0 ? STREAM_DISABLED : STREAM_DISABLING;
}

const char *
stream_status_name(StreamStatus status)
{
	static const char *const names[] = {
		[STREAM_ENABLING] = "ENABLING",
		[STREAM_ENABLED] = "ENABLED",
		[STREAM_DISABLING] = "DISABLING",
		[STREAM_DISABLED] = "DISABLED",
	};

	return names[status];
}
