/*
 * collect.c
 *		Records on their way from the output plugin to the store.
 *
 * The plugin works in the past, under historic snapshots, where it must not look
 * into our tables; so it puts records into a tuplestore, which goes to disk when
 * a transaction is large, together with the number of a *target*: what the
 * record's relation and stream were called then.  When the records are stored,
 * in the present, targets become streams.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_authid.h"
#include "commands/async.h"
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/pg_lsn.h"
#include "utils/rel.h"

#include "common/clock.h"
#include "stream/stream_internal.h"

#define SPOOL_MEMORY	4096	/* kB */

/* Of the queue of notifications, what is left to others. */
#define FULL_QUEUE		0.9

typedef struct Target
{
	Oid			relid;
	char	   *label;
	char	   *schema;
	char	   *relname;
	StreamView	view;
	KeySchema	key;
	int			shards;
	int32		stream;			/* its number; 0: not looked up yet */
	char	   *table_name;		/* of the stream */
	bool		has_records;	/* in the batch */
	StreamPosition truncated;	/* in the batch; epoch 0: it was not */
} Target;

static MemoryContext collect_context;
static Tuplestorestate *records;
static TupleDesc record_desc;
static uint64 nrecords;
static uint64 nbytes;
static StreamPosition first;	/* of the batch */
static XLogRecPtr end;			/* of its last transaction */
static List *targets;			/* of Target *, for the life of the process */

static void empty_spool(void);
static void collect_record(StreamSource *source, const StreamRecord *record);
static void collect_commit(XLogRecPtr end_lsn);
static void collect_truncate(StreamSource *source, const StreamPosition *position);
static Target *collecting_target(StreamSource *source);
static int	find_target(const StreamSource *source);
static int	add_target(const StreamSource *source);
static int32 target_stream(int number);
static Stream *adopt_stream(const Target *target);
static void store_truncations(void);
static void notify_consumers(void);

const StreamSink collecting_sink = {collect_record, collect_commit, collect_truncate};

/* The context is to live as long as the process. */
void
collect_begin(MemoryContext context)
{
	Relation	rel = catalog_open("stream_records", AccessShareLock);
	MemoryContext caller = MemoryContextSwitchTo(context);

	collect_context = context;
	record_desc = CreateTupleDescCopy(RelationGetDescr(rel));
	MemoryContextSwitchTo(caller);
	table_close(rel, AccessShareLock);
}

uint64
collected_records(void)
{
	return nrecords;
}

uint64
collected_bytes(void)
{
	return nbytes;
}

/* ---- in the past ---- */

static void
collect_record(StreamSource *source, const StreamRecord *record)
{
	Datum		values[RECORD_NCOLUMNS];
	bool		isnull[RECORD_NCOLUMNS] = {false};

	collecting_target(source)->has_records = true;
	values[RECORD_LSN - 1] = LSNGetDatum(record->position.lsn);
	values[RECORD_CREATED - 1] = TimestampTzGetDatum(record->created);
	values[RECORD_STREAM - 1] = Int32GetDatum(source->target);
	values[RECORD_EPOCH - 1] = Int32GetDatum(record->position.epoch);
	values[RECORD_N - 1] = Int32GetDatum(record->position.n);
	values[RECORD_SIZE - 1] = Int32GetDatum(record->size);
	values[RECORD_SHARD - 1] =
		Int16GetDatum(stream_shard((DynamoItem *) DatumGetPointer(record->keys), &source->key,
								   source->stream.shards));
	values[RECORD_PARTITION - 1] = Int16GetDatum(0);
	values[RECORD_EVENT - 1] = Int16GetDatum(record->event |
											 (record->expired ? EVENT_EXPIRED : 0));
	values[RECORD_KEYS - 1] = record->keys;
	values[RECORD_NEW_IMAGE - 1] = record->new_image;
	values[RECORD_OLD_IMAGE - 1] = record->old_image;
	isnull[RECORD_NEW_IMAGE - 1] = record->new_image == (Datum) 0;
	isnull[RECORD_OLD_IMAGE - 1] = record->old_image == (Datum) 0;
	tuplestore_putvalues(records, record_desc, values, isnull);
	if (nrecords++ == 0)
		first = record->position;
	nbytes += record->size;
}

static void
collect_commit(XLogRecPtr end_lsn)
{
	end = end_lsn;
}

static void
collect_truncate(StreamSource *source, const StreamPosition *position)
{
	collecting_target(source)->truncated = *position;
}

static Target *
collecting_target(StreamSource *source)
{
	if (source->target < 0)
		source->target = find_target(source);
	return list_nth(targets, source->target);
}

static int
find_target(const StreamSource *source)
{
	ListCell   *cell;

	foreach(cell, targets)
	{
		const Target *target = lfirst(cell);

		if (target->relid == source->relid && strcmp(target->label, source->stream.label) == 0)
			return foreach_current_index(cell);
	}
	return add_target(source);
}

static int
add_target(const StreamSource *source)
{
	MemoryContext caller = MemoryContextSwitchTo(collect_context);
	Target	   *target = palloc0_object(Target);

	target->relid = source->relid;
	target->label = pstrdup(source->stream.label);
	target->schema = pstrdup(source->schema);
	target->relname = pstrdup(source->relname);
	target->view = source->stream.view;
	target->shards = source->stream.shards;
	target->key = source->key;
	for (int i = 0; i < source->key.nhash + source->key.nrange; i++)
		target->key.attributes[i].name =
			bytes_from_cstring(bytes_to_cstring(source->key.attributes[i].name));
	targets = lappend(targets, target);
	MemoryContextSwitchTo(caller);
	return list_length(targets) - 1;
}

/* ---- in the present ---- */

void
collected_store(StreamProgress *progress)
{
	progress->lsn = end;
	if (nrecords > 0)
		store_records(progress, &first, records, record_desc, target_stream);
	else
		progress_write(progress);
	store_truncations();
	notify_consumers();
}

bool
collected_any(void)
{
	ListCell   *cell;

	if (nrecords > 0)
		return true;
	foreach(cell, targets)
		if (((Target *) lfirst(cell))->truncated.epoch != 0)
			return true;
	return false;
}

void
collected_forget(void)
{
	ListCell   *cell;

	empty_spool();
	nrecords = 0;
	nbytes = 0;
	foreach(cell, targets)
	{
		Target	   *target = lfirst(cell);

		target->has_records = false;
		target->truncated.epoch = 0;
	}
}

/* One that has been to disk does not count its memory right any more. */
static void
empty_spool(void)
{
	MemoryContext caller = MemoryContextSwitchTo(collect_context);

	if (records != NULL && tuplestore_in_memory(records))
		tuplestore_clear(records);
	else
	{
		if (records != NULL)
			tuplestore_end(records);
		records = tuplestore_begin_heap(false, true, SPOOL_MEMORY);
	}
	MemoryContextSwitchTo(caller);
}

void
collected_names_changed(void)
{
	ListCell   *cell;

	foreach(cell, targets)
		((Target *) lfirst(cell))->stream = 0;
}

/* The number of the stream that a target's records belong to. */
static int32
target_stream(int number)
{
	Target	   *target = list_nth(targets, number);
	Stream	   *stream;
	MemoryContext caller;

	if (target->stream != 0)
		return target->stream;
	stream = stream_of_label(target->relid, target->label);
	if (stream == NULL)
		stream = adopt_stream(target);
	target->stream = stream->id;
	caller = MemoryContextSwitchTo(collect_context);
	target->table_name = pstrdup(stream->table_name);
	MemoryContextSwitchTo(caller);
	return target->stream;
}

/* A stream that came with its table, out of a dump, is entered when it is met. */
static Stream *
adopt_stream(const Target *target)
{
	Oid			owner = relation_owner(target->relid);
	Stream	   *stream = palloc_object(Stream);

	*stream = (Stream) {
		.relid = target->relid,
		.owner = OidIsValid(owner) ? owner : BOOTSTRAP_SUPERUSERID,
		.schema = target->schema,
		.table_name = bytes_to_cstring(table_full_name(target->relid, target->relname)),
		.label = target->label,
		.view = target->view,
		.key = target->key,
		.shards = target->shards,
		.created = dynamo_now(),
		.start = {first.epoch, first.lsn, 0},
	};
	stream_insert(stream);
	return stream;
}

/*
 * The items of a table are gone without records: so are the records before, and
 * whoever has not read on is told that he missed something.
 */
static void
store_truncations(void)
{
	ListCell   *cell;

	foreach(cell, targets)
	{
		const Target *target = lfirst(cell);
		Stream	   *stream;

		if (target->truncated.epoch == 0)
			continue;
		stream = stream_by_id(target_stream(foreach_current_index(cell)));
		if (stream == NULL)
			continue;
		for (int shard = 0; shard < stream->shards; shard++)
			stream_note_trimmed(stream, shard, &target->truncated);
		stream->truncated = dynamo_now();
		stream_update(stream);
		ereport(LOG,
				(errmsg("the stream of table \"%s\" has lost what it had: the table was truncated",
						target->relname),
				 errhint("Its consumers have to read the table anew.")));
	}
}

/*
 * A listener that stays in its transaction lets the queue of all notifications
 * grow, and if it is full whoever notifies fails to commit: not for that shall
 * records stay away.
 */
static void
notify_consumers(void)
{
	ListCell   *cell;

	if (DatumGetFloat8(DirectFunctionCall1(pg_notification_queue_usage, (Datum) 0)) > FULL_QUEUE)
		return;
	foreach(cell, targets)
	{
		Target	   *target = lfirst(cell);

		if (target->has_records || target->truncated.epoch != 0)
			Async_Notify("dynamo_stream", stream_arn(target->table_name, target->label));
	}
}
