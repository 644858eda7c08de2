/*
 * store.c
 *		The store of stream records, as the decoding worker writes it.
 *
 * Records go into a ring of partitions, each for one part of the time that
 * records are kept.  When a partition's time is over, the next one is emptied
 * (its records are older than what is kept) and used.  So nothing is ever
 * deleted row by row, and the tables need no vacuum.
 *
 * The records of some transactions are stored together with the end of the last
 * of them, in one transaction: however that ends, decoding goes on behind what
 * is stored.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "commands/tablecmds.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/pg_lsn.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "common/clock.h"
#include "stream/stream_internal.h"

/* ---- progress ---- */

#define PROGRESS_TABLE	"stream_progress"

enum
{
	PROGRESS_SLOT = 1,
	PROGRESS_EPOCH,
	PROGRESS_LSN,
	PROGRESS_PARTITION,
	PROGRESS_NCOLUMNS = PROGRESS_PARTITION,
};

static void *
progress_from_row(const Datum *values, const bool *isnull)
{
	StreamProgress *progress = palloc0_object(StreamProgress);

	if (!isnull[PROGRESS_SLOT - 1])
		strlcpy(progress->slot, NameStr(*DatumGetName(values[PROGRESS_SLOT - 1])), NAMEDATALEN);
	progress->epoch = DatumGetInt32(values[PROGRESS_EPOCH - 1]);
	progress->lsn = DatumGetLSN(values[PROGRESS_LSN - 1]);
	progress->partition = DatumGetInt32(values[PROGRESS_PARTITION - 1]);
	return progress;
}

bool
progress_read(StreamProgress *progress)
{
	List	   *rows = catalog_read((CatalogKey) {PROGRESS_TABLE}, progress_from_row);

	memset(progress, 0, sizeof(*progress));
	if (rows == NIL)
		return false;
	*progress = *(StreamProgress *) linitial(rows);
	return true;
}

/*
 * Where the row is, as this process, which alone writes it, has left it: while an
 * old snapshot is held somewhere the table is full of versions of it.
 */
static ItemPointerData progress_tid;

static bool
find_progress(Relation rel, ItemPointer tid)
{
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	SysScanDesc scan;
	HeapTuple	row;
	bool		found;

	found = ItemPointerIsValid(&progress_tid) &&
		table_tuple_fetch_row_version(rel, &progress_tid, snapshot, slot);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	*tid = progress_tid;
	if (found)
		return true;

	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	row = systable_getnext(scan);
	found = HeapTupleIsValid(row);
	if (found)
		*tid = row->t_self;
	systable_endscan(scan);
	return found;
}

void
progress_write(const StreamProgress *progress)
{
	Relation	rel = catalog_open(PROGRESS_TABLE, RowExclusiveLock);
	HeapTuple	new_row;
	ItemPointerData tid;
	NameData	slot;
	Datum		values[PROGRESS_NCOLUMNS];
	bool		isnull[PROGRESS_NCOLUMNS] = {false};

	namestrcpy(&slot, progress->slot);
	values[PROGRESS_SLOT - 1] = NameGetDatum(&slot);
	isnull[PROGRESS_SLOT - 1] = progress->slot[0] == '\0';
	values[PROGRESS_EPOCH - 1] = Int32GetDatum(progress->epoch);
	values[PROGRESS_LSN - 1] = LSNGetDatum(progress->lsn);
	values[PROGRESS_PARTITION - 1] = Int32GetDatum(progress->partition);
	new_row = heap_form_tuple(RelationGetDescr(rel), values, isnull);
	if (find_progress(rel, &tid))
		CatalogTupleUpdate(rel, &tid, new_row);
	else
		CatalogTupleInsert(rel, new_row);
	progress_tid = new_row->t_self;
	table_close(rel, NoLock);
}

/* ---- the ring ---- */

#define PARTITIONS_TABLE	"stream_partitions"
#define PARTITIONS_INDEX	"stream_partitions_pkey"

enum
{
	PARTITION_NUMBER = 1,
	PARTITION_STARTED,
	PARTITION_EPOCH,
	PARTITION_LSN,
	PARTITION_NCOLUMNS = PARTITION_LSN,
};

static int
compare_partitions(const ListCell *a, const ListCell *b)
{
	return position_compare(&((StreamPartition *) lfirst(a))->first,
							&((StreamPartition *) lfirst(b))->first);
}

static void *
partition_from_row(const Datum *values, const bool *isnull)
{
	StreamPartition *partition = palloc0_object(StreamPartition);

	partition->number = DatumGetInt32(values[PARTITION_NUMBER - 1]);
	partition->started = DatumGetTimestampTz(values[PARTITION_STARTED - 1]);
	partition->first.epoch = DatumGetInt32(values[PARTITION_EPOCH - 1]);
	partition->first.lsn = DatumGetLSN(values[PARTITION_LSN - 1]);
	return partition;
}

List *
stream_partitions(void)
{
	List	   *result = catalog_read((CatalogKey) {PARTITIONS_TABLE}, partition_from_row);

	list_sort(result, compare_partitions);
	return result;
}

Oid
stream_partition_oid(int number)
{
	char		name[NAMEDATALEN];

	snprintf(name, sizeof(name), "stream_records_%02d", number);
	return catalog_oid(name);
}

Oid
stream_partition_index(Relation rel)
{
	List	   *indexes = RelationGetIndexList(rel);

	if (indexes == NIL)
		elog(ERROR, "partition \"%s\" has no index", RelationGetRelationName(rel));
	return linitial_oid(indexes);
}

void
stream_note_trimmed(Stream *stream, int shard, const StreamPosition *position)
{
	if (stream->trimmed == NULL)
		stream->trimmed = palloc0_array(StreamPosition, stream->shards);
	if (position_compare(position, &stream->trimmed[shard]) > 0)
		stream->trimmed[shard] = *position;
}

/* The latest record of a shard, whatever the epoch, in a partition; false if it has none. */
static bool
latest_record(Relation rel, Relation index, int32 stream, int shard, StreamPosition *position)
{
	ScanKeyData keys[2];
	SysScanDesc rows;
	HeapTuple	row;
	bool		found;
	bool		isnull;

	ScanKeyInit(&keys[0], RECORD_STREAM, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(stream));
	ScanKeyInit(&keys[1], RECORD_SHARD, BTEqualStrategyNumber, F_INT2EQ, Int16GetDatum(shard));
	rows = systable_beginscan_ordered(rel, index, NULL, 2, keys);
	row = systable_getnext_ordered(rows, BackwardScanDirection);
	found = HeapTupleIsValid(row);
	if (found)
	{
		TupleDesc	desc = RelationGetDescr(rel);

		position->epoch = DatumGetInt32(heap_getattr(row, RECORD_EPOCH, desc, &isnull));
		position->lsn = DatumGetLSN(heap_getattr(row, RECORD_LSN, desc, &isnull));
		position->n = DatumGetInt32(heap_getattr(row, RECORD_N, desc, &isnull));
	}
	systable_endscan_ordered(rows);
	return found;
}

/* False if a stream has no records in a partition; it loses those that it has. */
static bool
note_trimmed_of(Stream *stream, Relation rel, Relation index)
{
	bool		any = false;

	for (int shard = 0; shard < stream->shards; shard++)
	{
		StreamPosition latest;

		if (!latest_record(rel, index, stream->id, shard, &latest))
			continue;
		stream_note_trimmed(stream, shard, &latest);
		any = true;
	}
	return any;
}

static void
note_trimmed(Relation rel)
{
	Relation	index = index_open(stream_partition_index(rel), AccessShareLock);
	ListCell   *cell;

	foreach(cell, stream_list())
		if (note_trimmed_of(lfirst(cell), rel, index))
			stream_update(lfirst(cell));
	index_close(index, NoLock);
}

/*
 * Empties a partition.  False if somebody reads it: he is not to be waited for.
 */
static bool
empty_partition(int number)
{
	Oid			relid = stream_partition_oid(number);
	CatalogKey	row = {PARTITIONS_TABLE, PARTITIONS_INDEX,
		{{PARTITION_NUMBER, F_INT4EQ, Int32GetDatum(number)}}};
	Relation	rel;

	if (!ConditionalLockRelationOid(relid, AccessExclusiveLock))
		return false;
	rel = table_open(relid, NoLock);
	note_trimmed(rel);
	compat_truncate(list_make1(rel), list_make1_oid(relid));
	table_close(rel, NoLock);
	catalog_delete(row);
	return true;
}

static void
begin_partition(const StreamPartition *partition)
{
	Datum		values[PARTITION_NCOLUMNS];
	bool		isnull[PARTITION_NCOLUMNS] = {false};

	values[PARTITION_NUMBER - 1] = Int32GetDatum(partition->number);
	values[PARTITION_STARTED - 1] = TimestampTzGetDatum(partition->started);
	values[PARTITION_EPOCH - 1] = Int32GetDatum(partition->first.epoch);
	values[PARTITION_LSN - 1] = LSNGetDatum(partition->first.lsn);
	catalog_insert(PARTITIONS_TABLE, values, isnull);
}

/* How long one partition is written to. */
static int64
partition_time(void)
{
	return stream_retention * USECS_PER_SEC / (STREAM_PARTITIONS - 2);
}

static StreamPartition *
find_partition(List *partitions, int number)
{
	ListCell   *cell;

	foreach(cell, partitions)
		if (((StreamPartition *) lfirst(cell))->number == number)
			return lfirst(cell);
	return NULL;
}

void
store_trim(const StreamProgress *progress)
{
	TimestampTz now = dynamo_now();
	List	   *partitions = stream_partitions();
	int64		kept = stream_retention * USECS_PER_SEC;
	StreamPartition *oldest;

	/* A partition's last record is older than the start of the one behind it. */
	while (list_length(partitions) > 1)
	{
		StreamPartition *next = lsecond(partitions);

		if (now - next->started < kept ||
			!empty_partition(((StreamPartition *) linitial(partitions))->number))
			return;
		partitions = list_delete_first(partitions);
	}
	if (partitions == NIL)
		return;
	oldest = linitial(partitions);
	if (now - oldest->started >= kept + partition_time() && now - progress->last_record >= kept)
		(void) empty_partition(oldest->number);
}

/* The partition that records from this position on go to. */
static int
choose_partition(StreamProgress *progress, const StreamPosition *first)
{
	List	   *partitions = stream_partitions();
	StreamPartition *present = find_partition(partitions, progress->partition);
	StreamPartition next = {progress->partition, dynamo_now(), *first};

	if (present != NULL && next.started - present->started < partition_time())
		return progress->partition;
	if (present != NULL)
	{
		next.number = (progress->partition + 1) % STREAM_PARTITIONS;
		/* If that is not old enough, or somebody reads it, this one is used for longer. */
		store_trim(progress);
		if (find_partition(stream_partitions(), next.number) != NULL)
			return progress->partition;
	}
	next.first.n = 0;
	begin_partition(&next);
	progress->partition = next.number;
	return next.number;
}

/* ---- records ---- */

#define MAX_INSERT_SLOTS	200
#define MAX_INSERT_BYTES	(1024 * 1024)

typedef struct RecordWriter
{
	Relation	rel;
	EState	   *estate;
	ResultRelInfo *target;
	BulkInsertState bulk;
	TupleTableSlot *slots[MAX_INSERT_SLOTS];
	int			made;
	int			n;				/* filled */
	Size		bytes;
} RecordWriter;

static Size
image_bytes(const TupleTableSlot *slot, int column)
{
	return slot->tts_isnull[column - 1] ? 0 :
		VARSIZE_ANY(DatumGetPointer(slot->tts_values[column - 1]));
}

static void
flush_records(RecordWriter *writer)
{
	MemoryContext caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(writer->estate));

	if (writer->n > 0)
		table_multi_insert(writer->rel, writer->slots, writer->n, GetCurrentCommandId(true), 0,
						   writer->bulk);
	for (int i = 0; i < writer->n; i++)
		list_free(compat_insert_index_tuples(writer->target, writer->slots[i], writer->estate));
	MemoryContextSwitchTo(caller);
	ResetPerTupleExprContext(writer->estate);
	writer->n = 0;
	writer->bytes = 0;
	CHECK_FOR_INTERRUPTS();
}

/* Copies a record, as it came out of the tuplestore, with its stream's number. */
static void
add_record(RecordWriter *writer, TupleTableSlot *record, int32 stream, int partition)
{
	TupleTableSlot *slot;

	if (writer->n == writer->made)
		writer->slots[writer->made++] = table_slot_create(writer->rel, NULL);
	slot = ExecClearTuple(writer->slots[writer->n++]);
	memcpy(slot->tts_values, record->tts_values, RECORD_NCOLUMNS * sizeof(Datum));
	memcpy(slot->tts_isnull, record->tts_isnull, RECORD_NCOLUMNS * sizeof(bool));
	slot->tts_values[RECORD_STREAM - 1] = Int32GetDatum(stream);
	slot->tts_values[RECORD_PARTITION - 1] = Int16GetDatum(partition);
	ExecStoreVirtualTuple(slot);
	ExecMaterializeSlot(slot);
	writer->bytes += image_bytes(record, RECORD_NEW_IMAGE) + image_bytes(record, RECORD_OLD_IMAGE);
	if (writer->n == MAX_INSERT_SLOTS || writer->bytes >= MAX_INSERT_BYTES)
		flush_records(writer);
}

static void
begin_writer(RecordWriter *writer, int partition)
{
	memset(writer, 0, sizeof(*writer));
	writer->rel = table_open(stream_partition_oid(partition), RowExclusiveLock);
	writer->estate = CreateExecutorState();
	writer->target = makeNode(ResultRelInfo);
	InitResultRelInfo(writer->target, writer->rel, 1, NULL, 0);
	ExecOpenIndices(writer->target, false);
	writer->bulk = GetBulkInsertState();
}

static void
end_writer(RecordWriter *writer)
{
	flush_records(writer);
	for (int i = 0; i < writer->made; i++)
		ExecDropSingleTupleTableSlot(writer->slots[i]);
	FreeBulkInsertState(writer->bulk);
	table_finish_bulk_insert(writer->rel, 0);
	ExecCloseIndices(writer->target);
	FreeExecutorState(writer->estate);
	table_close(writer->rel, NoLock);
}

void
store_records(StreamProgress *progress, const StreamPosition *first, Tuplestorestate *records,
			  TupleDesc desc, int32 (*stream_number) (int target))
{
	TupleTableSlot *record = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	int			partition = choose_partition(progress, first);
	RecordWriter writer;

	begin_writer(&writer, partition);
	while (tuplestore_gettupleslot(records, true, false, record))
	{
		slot_getallattrs(record);
		add_record(&writer, record,
				   stream_number(DatumGetInt32(record->tts_values[RECORD_STREAM - 1])), partition);
	}
	end_writer(&writer);
	ExecDropSingleTupleTableSlot(record);
	progress->last_record = dynamo_now();
	progress_write(progress);
}
