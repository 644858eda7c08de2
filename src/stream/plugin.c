/*
 * plugin.c
 *		The output plugin "dynamo": changes of tables with a stream become
 *		stream records.
 *
 * A client of logical decoding gets each record as a line of JSON, in the form
 * of the Streams API, in the order of commits and within a transaction in that of the
 * changes.  Options:
 *
 *		tables	only these: names, or schema.name, separated by commas
 *		view	show no more than this view type has
 *		arn		true: each record has the member eventSourceARN
 *
 * What is no change for a stream:
 *
 * - an update that leaves the item as it is.  Where the old row is not in the log
 *	 (replica identity DEFAULT) only an item that is stored out of line tells;
 * - a deletion without a key, which is a held key's placeholder (row_hold.c);
 * - rows that are no items: anybody may put the triggers on a table of their own;
 * - changes that follow the mark "dynamo.backfill" in their transaction, until its
 *	 end is told (storage/stream_mark.c).
 *
 * An update of the key is the removal of one item and the insertion of another.
 *
 * A value that is still on disk in a new row is unchanged; it is taken from the
 * old row, and never fetched: the table may have another one by now.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "access/xlogreader.h"
#include "common/hashfn.h"
#include "replication/logical.h"
#include "replication/origin.h"
#include "replication/output_plugin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "stream/stream_internal.h"

PGDLLEXPORT void _PG_output_plugin_init(OutputPluginCallbacks *callbacks);

const StreamSink *stream_sink = NULL;
int32		stream_sink_epoch = 0;

typedef struct DecodingState
{
	List	   *tables;			/* of char *: NIL for all */
	StreamView	view;			/* 0: that of the stream */
	bool		arn;
	MemoryContext change_context;	/* reset after each change */

	/* of the transaction being decoded */
	int			nrecords;
	bool		silent;
	bool		expired;
} DecodingState;

/* A row of a change; an absent item is 0. */
typedef struct Row
{
	AttributeValue key[MAX_KEY_ATTRIBUTES];
	Datum		item;
} Row;

typedef struct Change
{
	LogicalDecodingContext *context;
	ReorderBufferTXN *transaction;
	StreamSource *source;
} Change;

static void startup(LogicalDecodingContext *ctx, OutputPluginOptions *options, bool is_init);
static void begin(LogicalDecodingContext *ctx, ReorderBufferTXN *txn);
static void commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr lsn);
static void message(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr lsn,
					bool transactional, const char *prefix, Size size, const char *content);
static bool filter_by_origin(LogicalDecodingContext *ctx, RepOriginId origin);
static void change(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Relation rel,
				   ReorderBufferChange *change);
static void note_truncate(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, int nrelations,
						  Relation relations[], ReorderBufferChange *change);
static void decode_change(const Change *change, Relation rel, ReorderBufferChange *decoded);
static bool is_wanted(const DecodingState *state, const StreamSource *source);
static void emit(const Change *change, StreamEvent event, const Row *keys,
				 const Row *new_row, const Row *old_row);
static void write_line(const Change *change, const StreamRecord *record);

void
_PG_output_plugin_init(OutputPluginCallbacks *callbacks)
{
	callbacks->startup_cb = startup;
	callbacks->begin_cb = begin;
	callbacks->change_cb = change;
	callbacks->truncate_cb = note_truncate;
	callbacks->commit_cb = commit;
	callbacks->message_cb = message;
	callbacks->filter_by_origin_cb = filter_by_origin;
}

/* ---- options ---- */

pg_noreturn static void
raise_bad_option(const char *option, const char *value, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for option \"%s\" of output plugin \"%s\": \"%s\"",
					option, OUTPUT_PLUGIN, value),
			 errhint("%s", hint)));
}

/* Names of tables may have any characters but commas. */
static List *
parse_tables(char *value)
{
	List	   *tables = NIL;
	char	   *rest = NULL;

	for (char *name = strtok_r(value, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest))
	{
		while (*name == ' ')
			name++;
		tables = lappend(tables, name);
	}
	if (tables == NIL)
		raise_bad_option("tables", value, "List names of tables, separated by commas.");
	return tables;
}

static void
parse_option(DecodingState *state, DefElem *option)
{
	char	   *value = option->arg == NULL ? "" : pstrdup(strVal(option->arg));

	if (strcmp(option->defname, "tables") == 0)
		state->tables = parse_tables(value);
	else if (strcmp(option->defname, "view") == 0)
	{
		if (!stream_view_by_name(value, &state->view))
			raise_bad_option("view", value,
							 "It is one of KEYS_ONLY, NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES.");
	}
	else if (strcmp(option->defname, "arn") == 0)
	{
		if (!parse_bool(value, &state->arn))
			raise_bad_option("arn", value, "It is a Boolean.");
	}
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("output plugin \"%s\" has no option \"%s\"", OUTPUT_PLUGIN, option->defname),
				 errhint("Its options are \"tables\", \"view\" and \"arn\".")));
}

static void
startup(LogicalDecodingContext *ctx, OutputPluginOptions *options, bool is_init)
{
	DecodingState *state = palloc0_object(DecodingState);
	ListCell   *cell;

	options->output_type = OUTPUT_PLUGIN_TEXTUAL_OUTPUT;
	options->receive_rewrites = false;
	state->change_context = AllocSetContextCreate(ctx->context, "dynamo stream change",
												  ALLOCSET_DEFAULT_SIZES);
	foreach(cell, ctx->output_plugin_options)
		parse_option(state, lfirst(cell));
	ctx->output_plugin_private = state;
	stream_sources_reset();
}

/* ---- transactions ---- */

static void
begin(LogicalDecodingContext *ctx, ReorderBufferTXN *txn)
{
	DecodingState *state = ctx->output_plugin_private;

	state->nrecords = 0;
	state->silent = false;
	state->expired = false;
}

static void
commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr lsn)
{
	DecodingState *state = ctx->output_plugin_private;

	if (stream_sink != NULL && state->nrecords > 0)
		stream_sink->commit(txn->end_lsn);
}

static void
message(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr lsn,
		bool transactional, const char *prefix, Size size, const char *content)
{
	DecodingState *state = ctx->output_plugin_private;
	bool		backfill = strcmp(prefix, BACKFILL_MARK) == 0;
	Bytes		text;

	if (!transactional || !(backfill || strcmp(prefix, TTL_MARK) == 0) ||
		!stream_mark_read(prefix, txn->xid, (Bytes) {content, size}, &text))
		return;
	if (backfill)
		state->silent = !bytes_equal(text, bytes_from_cstring(BACKFILL_END));
	else
		state->expired = true;
}

/* What the decoding worker writes itself has this origin. */
static bool
filter_by_origin(LogicalDecodingContext *ctx, RepOriginId origin)
{
	return origin == DoNotReplicateId;
}

/* ---- changes ---- */

static void
change(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Relation rel,
	   ReorderBufferChange *decoded)
{
	DecodingState *state = ctx->output_plugin_private;
	bool		is_new;
	StreamSource *source = stream_source(rel, &is_new);
	MemoryContext caller;

	if (is_new)
		source->wanted = source->streamed && is_wanted(state, source);
	if (!source->streamed || state->silent)
		return;
	caller = MemoryContextSwitchTo(state->change_context);
	decode_change(&(Change) {ctx, txn, source}, rel, decoded);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(state->change_context);
}

/*
 * The trigger that refuses it does not fire where somebody has disabled it.  It
 * has a number like a record, which the records that the stream loses end with; a client
 * that no record can tell gets a warning.
 */
static void
note_truncate(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, int nrelations,
			  Relation relations[], ReorderBufferChange *decoded)
{
	DecodingState *state = ctx->output_plugin_private;
	StreamPosition position = {stream_sink_epoch, txn->final_lsn, 0};

	for (int i = 0; i < nrelations; i++)
	{
		bool		is_new;
		StreamSource *source = stream_source(relations[i], &is_new);

		if (is_new)
			source->wanted = source->streamed && is_wanted(state, source);
		if (!source->streamed)
			continue;
		position.n = state->nrecords++;
		if (stream_sink != NULL)
			stream_sink->truncate(source, &position);
		else if (source->wanted)
			ereport(WARNING,
					(errmsg("table \"%s\" was truncated, in spite of its stream", source->relname),
					 errhint("Whoever follows its records has to read the table anew.")));
	}
}

static bool
is_wanted(const DecodingState *state, const StreamSource *source)
{
	char	   *qualified = psprintf("%s.%s", source->schema, source->relname);
	bool		wanted = state->tables == NIL;
	ListCell   *cell;

	foreach(cell, state->tables)
		wanted = wanted || strcmp(lfirst(cell), source->relname) == 0 ||
			strcmp(lfirst(cell), qualified) == 0;
	pfree(qualified);
	return wanted;
}

/*
 * A column of a row, with what is out of line brought in; from the other
 * version of the row if only that has it.  0 for NULL, and for what neither has.
 */
static Datum
column_value(HeapTuple tuple, HeapTuple other, TupleDesc desc, AttrNumber column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);
	struct varlena *stored = (struct varlena *) DatumGetPointer(value);

	if (isnull)
		return (Datum) 0;
	if (VARATT_IS_EXTERNAL_ONDISK(stored))
		return other == NULL ? (Datum) 0 : column_value(other, NULL, desc, column);
	if (VARATT_IS_EXTERNAL(stored))
		return PointerGetDatum(detoast_external_attr(stored));
	return value;
}

/* The size stands in front, so a compressed item need not be decompressed. */
static int
image_size(Datum image)
{
	if (image == (Datum) 0)
		return 0;
	return item_size((DynamoItem *) PG_DETOAST_DATUM_SLICE(image, 0, sizeof(uint32)));
}

/* False if there is none, or one that breaks the item contract, in a table of another kind. */
static bool
get_row(const StreamSource *source, TupleDesc desc, HeapTuple tuple, HeapTuple other, Row *row)
{
	const KeySchema *key = &source->key;

	if (tuple == NULL)
		return false;
	for (int i = 0; i < key->nhash + key->nrange; i++)
	{
		Datum		value = column_value(tuple, other, desc, source->key_columns[i]);

		if (value == (Datum) 0)
			return false;
		row->key[i] = key_value(value, key->attributes[i].type);
		if (!attribute_exists(row->key[i]))
			return false;
	}
	row->item = column_value(tuple, other, desc, source->item_column);
	return image_size(row->item) <= MAX_ITEM_SIZE;
}

static bool
same_key(const StreamSource *source, const Row *a, const Row *b)
{
	for (int i = 0; i < source->key.nhash + source->key.nrange; i++)
		if (!attribute_equal(a->key[i], b->key[i]))
			return false;
	return true;
}

/* Of two items in line, perhaps compressed; compression has one result. */
static bool
same_item(Datum a, Datum b)
{
	struct varlena *one = (struct varlena *) DatumGetPointer(a);
	struct varlena *other = (struct varlena *) DatumGetPointer(b);

	if (VARSIZE_ANY(one) == VARSIZE_ANY(other) && memcmp(one, other, VARSIZE_ANY(one)) == 0)
		return true;
	if (toast_raw_datum_size(a) - VARHDRSZ != toast_raw_datum_size(b) - VARHDRSZ)
		return false;
	one = PG_DETOAST_DATUM_PACKED(a);
	other = PG_DETOAST_DATUM_PACKED(b);
	return VARSIZE_ANY_EXHDR(one) == VARSIZE_ANY_EXHDR(other) &&
		memcmp(VARDATA_ANY(one), VARDATA_ANY(other), VARSIZE_ANY_EXHDR(one)) == 0;
}

static void
decode_change(const Change *change, Relation rel, ReorderBufferChange *decoded)
{
	TupleDesc	desc = RelationGetDescr(rel);
	HeapTuple	old_tuple = compat_change_tuple(decoded->data.tp.oldtuple);
	HeapTuple	new_tuple = compat_change_tuple(decoded->data.tp.newtuple);
	Row			old_row;
	Row			new_row;
	bool		has_old = get_row(change->source, desc, old_tuple, NULL, &old_row);
	bool		has_new = get_row(change->source, desc, new_tuple, old_tuple, &new_row);

	if (has_new && new_row.item == (Datum) 0)
		return;					/* unchanged, and stored out of line */
	if (decoded->action == REORDER_BUFFER_CHANGE_INSERT && has_new)
		emit(change, STREAM_INSERT, &new_row, &new_row, NULL);
	else if (decoded->action == REORDER_BUFFER_CHANGE_DELETE && has_old)
		emit(change, STREAM_REMOVE, &old_row, NULL, &old_row);
	else if (decoded->action != REORDER_BUFFER_CHANGE_UPDATE || !has_new)
		return;
	else if (has_old && !same_key(change->source, &old_row, &new_row))
	{
		emit(change, STREAM_REMOVE, &old_row, NULL, &old_row);
		emit(change, STREAM_INSERT, &new_row, &new_row, NULL);
	}
	else if (!has_old || old_row.item == (Datum) 0 || !same_item(old_row.item, new_row.item))
		emit(change, STREAM_MODIFY, &new_row, &new_row, has_old ? &old_row : NULL);
}

/* ---- records ---- */

static DynamoItem *
make_keys(const StreamSource *source, const Row *row)
{
	MapEntry	entries[MAX_KEY_ATTRIBUTES];
	int			n = source->key.nhash + source->key.nrange;

	for (int i = 0; i < n; i++)
	{
		entries[i].name = source->key.attributes[i].name;
		entries[i].value = row->key[i];
	}
	return item_from_root(attribute_make_map(entries, n));
}

/* What the stream has, as far as the client wants it. */
static StreamView
shown_view(const DecodingState *state, const StreamSource *source)
{
	StreamView	has = source->stream.view;
	StreamView	wants = state->view != 0 ? state->view : has;
	bool		new_image = stream_view_has_new(has) && stream_view_has_new(wants);
	bool		old_image = stream_view_has_old(has) && stream_view_has_old(wants);

	if (new_image)
		return old_image ? STREAM_NEW_AND_OLD_IMAGES : STREAM_NEW_IMAGE;
	return old_image ? STREAM_OLD_IMAGE : STREAM_KEYS_ONLY;
}

static int32
epoch_of(const Change *change)
{
	/* Clients of their own know no epoch; a timeline grows with each promotion. */
	return stream_sink != NULL ? stream_sink_epoch : change->context->reader->latestPageTLI;
}

/* Counts every record, wanted or not: its number is its own. */
static void
emit(const Change *change, StreamEvent event, const Row *keys, const Row *new_row,
	 const Row *old_row)
{
	DecodingState *state = change->context->output_plugin_private;
	StreamSource *source = change->source;
	StreamView	view = shown_view(state, source);
	StreamRecord record = {
		.event = event,
		.expired = state->expired && event == STREAM_REMOVE,
		.created = change->transaction->xact_time.commit_time,
		.position = {epoch_of(change), change->transaction->final_lsn, state->nrecords++},
	};

	if (!source->wanted)
		return;
	if (new_row != NULL && stream_view_has_new(view))
		record.new_image = new_row->item;
	if (old_row != NULL && stream_view_has_old(view))
		record.old_image = old_row->item;
	record.keys = DynamoItemGetDatum(make_keys(source, keys));
	record.size = image_size(record.keys) + image_size(record.new_image) +
		image_size(record.old_image);
	if (stream_sink != NULL)
		stream_sink->record(source, &record);
	else
		write_line(change, &record);
}

static void
write_line(const Change *change, const StreamRecord *record)
{
	LogicalDecodingContext *ctx = change->context;
	DecodingState *state = ctx->output_plugin_private;
	const StreamSource *source = change->source;
	char	   *arn = state->arn ? stream_arn(source->relname, source->stream.label) : NULL;
	MemoryContext caller = MemoryContextSwitchTo(ctx->context);

	OutputPluginPrepareWrite(ctx, true);
	MemoryContextSwitchTo(caller);
	stream_record_append_json(ctx->out, record, shown_view(state, source), source->stream.label,
							  arn);
	MemoryContextSwitchTo(ctx->context);
	OutputPluginWrite(ctx, true);
	MemoryContextSwitchTo(caller);
}

int
stream_shard(const DynamoItem *keys, const KeySchema *key, int nshards)
{
	uint32		hash = 0;

	for (int i = 0; i < key->nhash; i++)
	{
		AttributeValue value = map_get(item_root(keys), key->attributes[i].name);

		hash = hash_combine(hash, hash_bytes((const unsigned char *) value.data, value.len));
	}
	return hash % nshards;
}
