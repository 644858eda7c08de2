/*
 * read.c
 *		Reading stream records.
 *
 * Records are read in a snapshot of their own, which is later than the progress
 * that the reader knows: so it has all records up to there.  They come in the order
 * of the index of each partition.  A partition may be emptied at any time, which no
 * snapshot hides; whoever scans one holds a lock on it and has seen afterwards that
 * it is still what it was.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/pg_lsn.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "common/errors.h"
#include "stream/stream_internal.h"

typedef struct RecordScan
{
	const Stream *stream;
	const StreamShard *shard;
	StreamPosition *position;	/* of the next record */
	int			limit;
	int64		max_bytes;
	int64		bytes;
	List	   *records;
	bool		full;			/* there is a record that found no room */
} RecordScan;

static StreamProgress progress_at_reading;

static void pass_trimmed(RecordScan *scan);
static bool scan_partitions(RecordScan *scan, bool from_oldest);
static Relation open_partition(const StreamPartition *partition);
static void scan_partition(RecordScan *scan, Relation rel);
static void scan_range(RecordScan *scan, Relation rel, Oid index, bool in_transaction);
static StreamRecord *record_from_row(Relation rel, HeapTuple row);

void
stream_raise_trimmed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_TRIMMED_DATA),
			 errmsg_internal("The operation attempted to read past the oldest stream record in a shard.")));
}

static void
latest_progress(StreamProgress *progress)
{
	if (!stream_published_progress(progress))
		(void) progress_read(progress);
}

bool
stream_is_trimmed(const Stream *stream, const StreamShard *shard, const StreamPosition *position)
{
	const Stream *present = stream_by_id(stream->id);

	if (present == NULL)
		return true;
	return present->trimmed != NULL &&
		position_compare(position, &present->trimmed[shard->number]) <= 0;
}

static void
wait_for_commit(TransactionId xid)
{
	if (TransactionIdDidCommit(xid))
		XactLockTableWait(xid, NULL, NULL, XLTW_None);
}

/*
 * Waits until all transactions can be seen whose commit is in the log by now.  It
 * is there before it is on disk, let alone on a synchronous standby, and only then
 * others see it; whoever looks at the table in between has to find it in the stream.
 */
static void
wait_for_commits(void)
{
	int			n;
	VirtualTransactionId *committing = GetVirtualXIDsDelayingChkpt(&n, DELAY_CHKPT_START);
	TransactionId next = ReadNextTransactionId();
	Snapshot	snapshot;

	while (HaveVirtualXIDsDelayingChkpt(committing, n, DELAY_CHKPT_START))
	{
		CHECK_FOR_INTERRUPTS();
		pg_usleep(100L);
	}
	pfree(committing);

	snapshot = RegisterSnapshot(GetLatestSnapshot());
	for (uint32 i = 0; i < snapshot->xcnt; i++)
		wait_for_commit(snapshot->xip[i]);
	/* (a snapshot does not list those that began after the last that ended) */
	for (TransactionId xid = snapshot->xmax; TransactionIdPrecedes(xid, next);)
	{
		wait_for_commit(xid);
		TransactionIdAdvance(xid);
	}
	UnregisterSnapshot(snapshot);
}

StreamPosition
stream_latest_position(const StreamShard *shard)
{
	StreamProgress progress;

	if (shard->closed)
		return shard->end;
	if (!RecoveryInProgress())
	{
		StreamPosition position = {shard->epoch, GetXLogInsertRecPtr(), 0};

		wait_for_commits();
		return position;
	}
	latest_progress(&progress);
	return (StreamPosition) {shard->epoch, progress.lsn, 0};
}

static bool
is_full(const RecordScan *scan)
{
	return scan->full || list_length(scan->records) >= scan->limit;
}

/*
 * All shards are read in one snapshot: a consumer of several goes on behind the
 * latest record of any, so none may be read later than another.
 */
void
stream_read_begin(void)
{
	latest_progress(&progress_at_reading);
	PushActiveSnapshot(GetLatestSnapshot());
}

void
stream_read_end(void)
{
	PopActiveSnapshot();
}

List *
stream_read(const Stream *stream, const StreamShard *shard, StreamPosition *position,
			bool from_oldest, int limit, int64 max_bytes, bool *full)
{
	RecordScan	scan = {stream, shard, position, limit, max_bytes, 0, NIL, false};
	const StreamProgress *progress = &progress_at_reading;

	while (!scan_partitions(&scan, from_oldest))
	{
		/* Behind what has been found, records are missing: the next call sees to it. */
		scan.full = scan.records != NIL;
		if (scan.full)
			break;
	}

	/* At the end, go on behind what was stored at this moment. */
	if (!is_full(&scan) && progress->epoch == shard->epoch && progress->lsn > position->lsn)
	{
		position->lsn = progress->lsn;
		position->n = 0;
	}
	*full = is_full(&scan);
	return scan.records;
}

/* What a table's stream had before the table was truncated may still be stored. */
static void
pass_trimmed(RecordScan *scan)
{
	const Stream *present = stream_by_id(scan->stream->id);
	const StreamPosition *trimmed;

	if (present == NULL)
		stream_raise_trimmed();
	if (present->trimmed == NULL)
		return;
	trimmed = &present->trimmed[scan->shard->number];
	if (trimmed->epoch > scan->shard->epoch)
		*scan->position = scan->shard->end;
	else if (position_compare(scan->position, trimmed) <= 0)
		*scan->position = (StreamPosition) {trimmed->epoch, trimmed->lsn, trimmed->n + 1};
}

/*
 * False if one has been emptied meanwhile.  Those that had been before the list was
 * made are known as such to the stream by then.
 */
static bool
scan_partitions(RecordScan *scan, bool from_oldest)
{
	List	   *partitions = stream_partitions();

	if (from_oldest)
		pass_trimmed(scan);
	else if (stream_is_trimmed(scan->stream, scan->shard, scan->position))
		stream_raise_trimmed();
	for (int i = 0; i < list_length(partitions) && !is_full(scan); i++)
	{
		Relation	rel;

		/* Partitions follow each other: is all of this one before the position? */
		if (i + 1 < list_length(partitions) &&
			position_compare(&((StreamPartition *) list_nth(partitions, i + 1))->first,
							 scan->position) <= 0)
			continue;
		rel = open_partition(list_nth(partitions, i));
		if (rel == NULL)
			return false;
		scan_partition(scan, rel);
		table_close(rel, AccessShareLock);
	}
	return true;
}

/* NULL if it has been emptied since it was listed. */
static Relation
open_partition(const StreamPartition *partition)
{
	Relation	rel = table_open(stream_partition_oid(partition->number), AccessShareLock);
	ListCell   *cell;

	foreach(cell, stream_partitions())
	{
		const StreamPartition *present = lfirst(cell);

		if (present->number == partition->number && present->started == partition->started)
			return rel;
	}
	table_close(rel, AccessShareLock);
	return NULL;
}

static void
scan_partition(RecordScan *scan, Relation rel)
{
	Oid			index = stream_partition_index(rel);

	if (scan->position->n > 0)
		scan_range(scan, rel, index, true);
	scan_range(scan, rel, index, false);
}

/*
 * The rest of the records of the transaction that the position is in, or those of
 * later ones.
 */
static void
scan_range(RecordScan *scan, Relation rel, Oid index_oid, bool in_transaction)
{
	Relation	index = index_open(index_oid, AccessShareLock);
	StreamPosition *position = scan->position;
	ScanKeyData keys[5];
	int			nkeys = 4;
	SysScanDesc rows;
	HeapTuple	row;

	ScanKeyInit(&keys[0], RECORD_STREAM, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(scan->stream->id));
	ScanKeyInit(&keys[1], RECORD_SHARD, BTEqualStrategyNumber, F_INT2EQ,
				Int16GetDatum(scan->shard->number));
	ScanKeyInit(&keys[2], RECORD_EPOCH, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(scan->shard->epoch));
	if (in_transaction)
	{
		ScanKeyInit(&keys[3], RECORD_LSN, BTEqualStrategyNumber, F_PG_LSN_EQ,
					LSNGetDatum(position->lsn));
		ScanKeyInit(&keys[4], RECORD_N, BTGreaterEqualStrategyNumber, F_INT4GE,
					Int32GetDatum(position->n));
		nkeys = 5;
	}
	else if (position->n > 0)
		ScanKeyInit(&keys[3], RECORD_LSN, BTGreaterStrategyNumber, F_PG_LSN_GT,
					LSNGetDatum(position->lsn));
	else
		ScanKeyInit(&keys[3], RECORD_LSN, BTGreaterEqualStrategyNumber, F_PG_LSN_GE,
					LSNGetDatum(position->lsn));

	rows = systable_beginscan_ordered(rel, index, GetActiveSnapshot(), nkeys, keys);
	while (!is_full(scan) &&
		   HeapTupleIsValid(row = systable_getnext_ordered(rows, ForwardScanDirection)))
	{
		StreamRecord *record = record_from_row(rel, row);

		/* One is always given, as large as it may be. */
		scan->full = scan->records != NIL && scan->bytes + record->size > scan->max_bytes;
		if (scan->full)
			break;
		scan->records = lappend(scan->records, record);
		scan->bytes += record->size;
		*position = record->position;
		position->n++;
	}
	systable_endscan_ordered(rows);
	index_close(index, AccessShareLock);
}

/* A copy of an image, detoasted; 0 for NULL. */
static Datum
copy_image(Datum *values, bool *isnull, int column)
{
	if (isnull[column - 1])
		return (Datum) 0;
	return PointerGetDatum(PG_DETOAST_DATUM_COPY(values[column - 1]));
}

static StreamRecord *
record_from_row(Relation rel, HeapTuple row)
{
	StreamRecord *record = palloc0_object(StreamRecord);
	Datum		values[RECORD_NCOLUMNS];
	bool		isnull[RECORD_NCOLUMNS];
	int16		event;

	heap_deform_tuple(row, RelationGetDescr(rel), values, isnull);
	event = DatumGetInt16(values[RECORD_EVENT - 1]);
	record->event = event & ~EVENT_EXPIRED;
	record->expired = (event & EVENT_EXPIRED) != 0;
	record->position.epoch = DatumGetInt32(values[RECORD_EPOCH - 1]);
	record->position.lsn = DatumGetLSN(values[RECORD_LSN - 1]);
	record->position.n = DatumGetInt32(values[RECORD_N - 1]);
	record->created = DatumGetTimestampTz(values[RECORD_CREATED - 1]);
	record->size = DatumGetInt32(values[RECORD_SIZE - 1]);
	record->keys = copy_image(values, isnull, RECORD_KEYS);
	record->new_image = copy_image(values, isnull, RECORD_NEW_IMAGE);
	record->old_image = copy_image(values, isnull, RECORD_OLD_IMAGE);
	return record;
}
