/*
 * stream_catalog.c
 *		dynamo.stream_catalog: the streams, enabled and disabled.
 *
 * The truth about a table's present stream is its trigger (stream_trigger.c).
 * A row here says what the trigger cannot: from where and up to where changes
 * are in the stream, and what a stream was whose table has none any more.
 *
 * Written by this file only (storage/catalog.c tells how): by who owns the table
 * when a stream is enabled, by the decoding worker later.
 */
#include "postgres.h"

#include "access/htup_details.h"
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

#define STREAM_CATALOG	"stream_catalog"
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
	CATALOG_TRUNCATED,
	CATALOG_NCOLUMNS = CATALOG_TRUNCATED,
};

static void *stream_from_row(const Datum *values, const bool *isnull);

/* ---- reading ---- */

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
	List	   *result = catalog_read((CatalogKey) {STREAM_CATALOG}, stream_from_row);

	list_sort(result, compare_streams);
	return result;
}

List *
stream_list_of(Oid relid)
{
	CatalogKey	key = {STREAM_CATALOG, RELATION_INDEX,
		{{CATALOG_RELATION, F_OIDEQ, ObjectIdGetDatum(relid)}}};
	List	   *result = catalog_read(key, stream_from_row);

	list_sort(result, compare_streams);
	return result;
}

static CatalogKey
row_of(int32 id)
{
	return (CatalogKey) {STREAM_CATALOG, CATALOG_INDEX,
		{{CATALOG_ID, F_INT4EQ, Int32GetDatum(id)}}};
}

Stream *
stream_by_id(int32 id)
{
	List	   *found = catalog_read(row_of(id), stream_from_row);

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
		if (!isnull[i] &&
			!sequence_number_parse(bytes_from_cstring(TextDatumGetCString(numbers[i])), &trimmed[i]))
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

static void *
stream_from_row(const Datum *values, const bool *isnull)
{
	Stream	   *stream = palloc0_object(Stream);

	stream->id = DatumGetInt32(values[CATALOG_ID - 1]);
	stream->relid = DatumGetObjectId(values[CATALOG_RELATION - 1]);
	stream->owner = DatumGetObjectId(values[CATALOG_OWNER - 1]);
	stream->schema = TextDatumGetCString(values[CATALOG_SCHEMA - 1]);
	stream->table_name = TextDatumGetCString(values[CATALOG_TABLE_NAME - 1]);
	stream->label = TextDatumGetCString(values[CATALOG_LABEL - 1]);
	(void) stream_view_by_name(TextDatumGetCString(values[CATALOG_VIEW_TYPE - 1]), &stream->view);
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
	if (!isnull[CATALOG_TRUNCATED - 1])
		stream->truncated = DatumGetTimestampTz(values[CATALOG_TRUNCATED - 1]);
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
	values[CATALOG_TRUNCATED - 1] = TimestampTzGetDatum(stream->truncated);
	isnull[CATALOG_START_EPOCH - 1] = isnull[CATALOG_START_LSN - 1] = !started;
	isnull[CATALOG_ENDED - 1] = isnull[CATALOG_END_EPOCH - 1] = isnull[CATALOG_END_LSN - 1] = !ended;
	isnull[CATALOG_TRIMMED - 1] = stream->trimmed == NULL;
	isnull[CATALOG_TRUNCATED - 1] = stream->truncated == 0;
}

void
stream_insert(Stream *stream)
{
	Datum		values[CATALOG_NCOLUMNS];
	bool		isnull[CATALOG_NCOLUMNS];

	/* The number is nothing to be guarded: no privilege is asked for. */
	stream->id = nextval_internal(catalog_oid(ID_SEQUENCE), false);
	row_from_stream(stream, values, isnull);
	catalog_insert(STREAM_CATALOG, values, isnull);
}

bool
stream_enter(Relation rel, const TableStream *present, TimestampTz created, StreamPosition start)
{
	Oid			relid = RelationGetRelid(rel);
	Bytes		name = table_full_name(relid, RelationGetRelationName(rel));
	Stream		stream = {
		.relid = relid,
		.owner = rel->rd_rel->relowner,
		.schema = get_namespace_name(RelationGetNamespace(rel)),
		.table_name = bytes_to_cstring(name),
		.label = pstrdup(present->label),
		.view = present->view,
		.shards = present->shards,
		.created = created,
		.start = start,
	};
	AttrNumber	columns[MAX_KEY_ATTRIBUTES];
	AttrNumber	item_column;

	if (!table_key_columns(rel, &stream.key, columns, &item_column))
		return false;
	stream_insert(&stream);
	return true;
}

void
stream_update(const Stream *stream)
{
	Datum		values[CATALOG_NCOLUMNS];
	bool		isnull[CATALOG_NCOLUMNS];

	row_from_stream(stream, values, isnull);
	(void) catalog_replace(row_of(stream->id), values, isnull);
}

void
stream_delete(const Stream *stream)
{
	catalog_delete(row_of(stream->id));
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
