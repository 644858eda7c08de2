/*
 * worker.c
 *		The decoding worker of a database: changes out of the log, records into
 *		the store.
 *
 * It keeps one decoder open, and turns between two steps: decoding what has been
 * flushed to disk, outside of any transaction, and storing what that gave, with
 * the progress, in an ordinary one.  Progress is the end of the last transaction
 * stored, or a later place with nothing in between; a decoder that begins there
 * skips what is stored and nothing else.  So each record is stored exactly once,
 * whenever the server or the worker ends.
 *
 * Three traps of keeping a decoder open:
 *
 * - it is created within a transaction: otherwise the process is marked as one
 *	 that only decodes, and its own transactions are not in others' snapshots;
 * - pages of the log are read by the variant that waits, and only once they are
 *	 flushed: the one that does not wait uses state that is decoding's own;
 * - after each record the resource owner and the memory context are set anew: a
 *	 decoded transaction runs in one of its own.
 *
 * What the worker writes itself has the origin DoNotReplicateId, which the plugin
 * filters.  Nothing is written while nothing changes.
 *
 * The process does nothing else, and any error ends it: the launcher starts it
 * again.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlogutils.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "replication/decode.h"
#include "replication/logical.h"
#include "replication/origin.h"
#include "replication/slot.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/standby.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "common/clock.h"
#include "stream/stream_internal.h"

#define BATCH_RECORDS		5000
#define BATCH_BYTES			(8 * 1024 * 1024)
#define BATCH_LOG			(4 * 1024 * 1024)	/* bytes of log, most of which may be others' */
#define NAP					2	/* ms, after a batch: others shall come together */
#define IDLE_TIME			200 /* ms: how often to look without being woken */
#define CONFIRM_INTERVAL	(500 * 1000)	/* microseconds */
#define IDLE_PROGRESS		(1024 * 1024)	/* bytes of log without records, to note progress */
#define LOOK_INTERVAL		(5 * USECS_PER_SEC) /* for streams that came and went */

static const StreamSteps *steps;
static MemoryContext worker_context;
static MemoryContext step_context; /* of one transaction */
static ResourceOwner worker_owner;
static StreamDatabase *shared;
static StreamProgress progress;
static LogicalDecodingContext *decoder;

static void leave_transaction(void);
static bool begin_step(void);
static void end_step(void);
static bool open_decoder(void);
static void close_decoder(void);
static bool decode(void);
static bool store(void);
static bool look_after_streams(void);
static void note_switched_off(void);
static bool confirm(bool idle);
static void check_lag(void);
static void wait_for_work(bool stored);

void
stream_worker_begin(const StreamSteps *process_steps)
{
	static const char *const settings[][2] = {
		{"search_path", "pg_catalog, pg_temp"},
		{"synchronous_commit", "off"},
		{"default_transaction_read_only", "off"},
	};

	steps = process_steps;
	worker_context = AllocSetContextCreate(TopMemoryContext, "dynamo stream worker",
										   ALLOCSET_DEFAULT_SIZES);
	step_context = AllocSetContextCreate(worker_context, "dynamo stream step",
										 ALLOCSET_DEFAULT_SIZES);
	worker_owner = ResourceOwnerCreate(NULL, "dynamo stream worker");
	leave_transaction();
	for (int i = 0; i < lengthof(settings); i++)
		SetConfigOption(settings[i][0], settings[i][1], PGC_USERSET, PGC_S_OVERRIDE);
	slot_allow_plugin();
	replorigin_session_origin = DoNotReplicateId;
	shared = stream_attach();
}

/* ---- transactions in the present ---- */

/* What the end of a transaction has left to nobody. */
static void
leave_transaction(void)
{
	CurrentResourceOwner = worker_owner;
	MemoryContextSwitchTo(worker_context);
}

/* False, and no transaction, if the extension is not there (any more). */
static bool
begin_step(void)
{
	MemoryContextReset(step_context);
	if (steps->begin(step_context))
		return true;
	leave_transaction();
	return false;
}

static void
end_step(void)
{
	steps->end();
	leave_transaction();
}

/* ---- start ---- */

/* False, and no slot, if there is nothing to decode. */
static bool
read_state(bool *lost)
{
	StreamProgress found;
	bool		wanted;

	if (!begin_step())
	{
		slot_drop_others("");
		return false;
	}
	wanted = stream_is_wanted();
	*lost = progress_read(&found) && stream_has_started();
	found.last_record = dynamo_now();
	progress = found;
	end_step();

	if (wanted && wal_level < WAL_LEVEL_LOGICAL)
		ereport(LOG,
				(errmsg("streams of this database need wal_level = logical")));
	if (wanted && wal_level >= WAL_LEVEL_LOGICAL && stream_decoding)
		return true;
	note_switched_off();
	slot_drop_others("");
	return false;
}

static void
note_switched_off(void)
{
	if (!stream_decoding && stream_slot_is_left())
		ereport(LOG,
				(errmsg("streams of this database are switched off, by dynamo.stream_decoding"),
				 errdetail("Their replication slot is dropped.")));
}

/* Who makes table after table can fill the disk: that is for the server's settings to say. */
static void
note_no_limit(void)
{
	if (max_slot_wal_keep_size_mb < 0 && stream_max_lag < 0)
		ereport(LOG,
				(errmsg("replication slot \"%s\" may keep write-ahead log without limit",
						progress.slot),
				 errhint("Set max_slot_wal_keep_size, or dynamo.stream_max_lag.")));
}

/*
 * Goes on in a new epoch, from `progress` on; the one before it has ended at this
 * position.  It must survive a crash if records of it do, so it is flushed.  False
 * if the extension is gone.
 */
static bool
start_epoch(XLogRecPtr end_of_previous, bool gap, const char *reason)
{
	if (!begin_step())
	{
		/* nobody comes again to drop it */
		slot_drop_others("");
		return false;
	}
	epoch_begin(&progress, end_of_previous, gap, reason);
	progress_write(&progress);
	end_step();
	XLogFlush(XactLastCommitEnd);
	stream_publish_progress(&progress);
	return true;
}

/* Why the present epoch cannot go on; NULL if it can, or the extension is gone. */
static const char *
end_of_epoch(void)
{
	const char *reason;

	if (!begin_step())
		return NULL;
	reason = epoch_end_reason();
	end_step();
	return reason;
}

/*
 * Finds the slot, or makes one, so that `progress` says where to begin.  False
 * if there is nothing to do.
 */
bool
stream_worker_prepare(void)
{
	XLogRecPtr	end_of_previous;
	XLogRecPtr	confirmed;
	const char *reason;
	bool		lost;

	if (!read_state(&lost))
		return false;
	end_of_previous = progress.lsn;
	if (slot_is_usable(progress.slot, &confirmed))
	{
		slot_drop_others(progress.slot);
		if (confirmed > progress.lsn)
		{
			progress.lsn = confirmed;
			progress.epoch = epoch_number_after(progress.epoch);
			return start_epoch(end_of_previous, lost,
							   "the replication slot was advanced by somebody else");
		}
		reason = end_of_epoch();
		if (reason == NULL)
		{
			/*
			 * The worker before has committed what was read without waiting: it has to be
			 * on disk before the slot hears of it, and a record behind it makes that sure.
			 */
			XLogFlush(LogStandbySnapshot());
			stream_publish_progress(&progress);
			return true;
		}
		progress.epoch = epoch_number_after(progress.epoch);
		return start_epoch(end_of_previous, false, reason);
	}

	slot_drop_others("");
	progress.epoch = epoch_number_after(progress.epoch);
	slot_name(progress.epoch, progress.slot);
	pgstat_report_activity(STATE_RUNNING, "creating a replication slot");
	progress.lsn = slot_create(progress.slot);
	note_no_limit();
	return start_epoch(end_of_previous, lost,
					   lost ? "the replication slot was lost" : "streams were enabled");
}

/* ---- decoding ---- */

static int
read_page(XLogReaderState *reader, XLogRecPtr page, int length, XLogRecPtr target, char *buffer)
{
	if (page + length > GetFlushRecPtr(NULL))
		return -1;
	return read_local_xlog_page(reader, page, length, target, buffer);
}

/* False if the extension is gone. */
static bool
open_decoder(void)
{
	XLogReaderRoutine reader = {
		.page_read = read_page,
		.segment_open = wal_segment_open,
		.segment_close = wal_segment_close,
	};

	/* What the transactions so far have left in the caches is of the present. */
	InvalidateSystemCaches();
	compat_slot_acquire(progress.slot);
	if (MyReplicationSlot->data.confirmed_flush > progress.lsn)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("replication slot \"%s\" has just been advanced by somebody else",
						progress.slot)));
	if (!begin_step())
		return false;
	MemoryContextSwitchTo(worker_context);
	stream_sink = &collecting_sink;
	stream_sink_epoch = progress.epoch;
	decoder = CreateDecodingContext(progress.lsn, NIL, false, &reader, NULL, NULL, NULL);
	collect_begin(worker_context);
	end_step();
	collected_forget();
	XLogBeginRead(decoder->reader, MyReplicationSlot->data.restart_lsn);
	shared->confirmed = MyReplicationSlot->data.confirmed_flush;
	pgstat_report_activity(STATE_IDLE, NULL);
	return true;
}

static void
close_decoder(void)
{
	if (decoder != NULL)
		FreeDecodingContext(decoder);
	decoder = NULL;
	if (MyReplicationSlot != NULL)
		ReplicationSlotRelease();
}

/*
 * Decodes what is flushed until there is enough for a batch; false if that was all.
 * Neither records nor the slot shall wait for the end of log that grows as fast as it
 * is read.
 */
static bool
decode(void)
{
	XLogRecPtr	committed = pg_atomic_read_u64(&shared->committed);
	XLogRecPtr	begin = decoder->reader->EndRecPtr;

	if (committed > GetFlushRecPtr(NULL))
		XLogFlush(committed);	/* of a commit that did not wait for that */
	while (collected_records() < BATCH_RECORDS && collected_bytes() < BATCH_BYTES &&
		   decoder->reader->EndRecPtr - begin < BATCH_LOG)
	{
		char	   *error = NULL;
		XLogRecord *record = XLogReadRecord(decoder->reader, &error);

		if (error != NULL)
			elog(ERROR, "could not read the write-ahead log: %s", error);
		if (record == NULL)
			return false;
		LogicalDecodingProcessRecord(decoder, decoder->reader);
		leave_transaction();
		CHECK_FOR_INTERRUPTS();
	}
	return true;
}

/* False if the extension is gone. */
static bool
store(void)
{
	uint64		n = collected_records();

	if (!begin_step())
		return false;
	collected_store(&progress);
	end_step();
	stream_publish_progress(&progress);
	collected_forget();
	shared->nrecords += n;
	shared->nbatches++;
	shared->last_stored = progress.last_record;
	return true;
}

/*
 * All that was committed before this end of what is decoded is in the store, or had
 * nothing for it.  False if the extension is gone.
 */
static bool
store_progress(XLogRecPtr end)
{
	if (!begin_step())
		return false;
	progress.lsn = end;
	progress_write(&progress);
	end_step();
	stream_publish_progress(&progress);
	return true;
}

/*
 * Tells the slot how far we are: never further than the store says on disk, so that
 * a slot that is further was moved by somebody else.  Log without records has to
 * come to something before that is written down, since writing makes more of it.
 * False if the extension is gone.
 */
static bool
confirm(bool idle)
{
	static TimestampTz last;
	XLogRecPtr	end = decoder->reader->EndRecPtr;
	TimestampTz now = GetCurrentTimestamp();

	shared->decoded = end;
	if (!idle && now - last < CONFIRM_INTERVAL && now >= last)
		return true;
	if (end > progress.lsn && end - progress.lsn >= IDLE_PROGRESS && !store_progress(end))
		return false;
	if (progress.lsn <= shared->confirmed)
		return true;
	if (XactLastCommitEnd > GetFlushRecPtr(NULL))
		XLogFlush(XactLastCommitEnd);
	LogicalConfirmReceivedLocation(progress.lsn);
	shared->confirmed = progress.lsn;
	last = now;
	return true;
}

/* Follows the streams that come and go, now and then; false if there is none any more. */
static bool
look_after_streams(void)
{
	static TimestampTz last;
	static uint32 seen;
	uint32		changes = pg_atomic_read_u32(&shared->changes);
	TimestampTz now = GetCurrentTimestamp();
	bool		alive;

	if (changes == seen && !lifecycle_is_ending() && now - last < LOOK_INTERVAL && now >= last)
		return true;
	last = now;
	seen = changes;
	if (!begin_step())
		return false;
	alive = lifecycle_update(&progress, decoder->reader->EndRecPtr);
	end_step();
	stream_publish_progress(&progress);
	lifecycle_updated(decoder->reader->EndRecPtr);
	return alive;
}

/* Gives the log back that streams hold for too long, at the price of a gap. */
static void
check_lag(void)
{
	static TimestampTz last;
	TimestampTz now = GetCurrentTimestamp();

	if (stream_max_lag < 0 || (now - last < USECS_PER_SEC && now >= last))
		return;
	last = now;
	if (slot_lag() / (1024 * 1024) <= stream_max_lag)
		return;
	ereport(LOG,
			(errmsg("streams of this database hold back " UINT64_FORMAT " MB of the log, more than dynamo.stream_max_lag",
					slot_lag() / (1024 * 1024)),
			 errdetail("Their replication slot is dropped.")));
	close_decoder();
	slot_drop_others("");
	proc_exit(1);				/* to begin anew, with a gap */
}

/* ---- the loop ---- */

static void
wait_for_work(bool stored)
{
	/* Under load a short sleep lets more commits come together. */
	if (stored)
		pg_usleep(NAP * 1000L);
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, IDLE_TIME,
					 PG_WAIT_EXTENSION);
}

void
stream_worker_run(void)
{
	bool		idle = false;
	bool		stored;
	bool		more;
	XLogRecPtr	began;

	if (!open_decoder())
		return;
	began = progress.lsn;
	for (;;)
	{
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
		if (!stream_decoding)
			break;
		more = decode();
		stored = collected_any();
		if (stored && !store())
			break;
		if (!confirm(idle))
			break;
		/* (else the next one would read the same log, and come as far) */
		if ((progress.lsn > began || !more) && steps->make_room())
		{
			close_decoder();
			return;
		}
		if (!look_after_streams())
			break;
		check_lag();
		pgstat_report_stat(false);
		if (!more)
			wait_for_work(stored);
		idle = !stored && !more;
	}
	close_decoder();
	note_switched_off();
	slot_drop_others("");
}
