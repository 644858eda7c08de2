/*
 * lifecycle.c
 *		Streams that come and go, as the decoding worker follows them.
 *
 * What streams there are is for the tables' owners to say, by triggers that they
 * make and drop, or restore from a dump; the catalog of streams follows, in
 * transactions of the worker.  A stream that is enabled begins with the present
 * epoch: transactions that wrote before are not in it.  One that is disabled ends
 * when its last changes are stored: they are in the log before the mark that the
 * worker sets when it notices.  Its row stays until none of its records is left.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/relcache.h"

#include "common/clock.h"
#include "stream/stream_internal.h"

/* By number: a mark in the log behind which a stream's last changes cannot be. */
typedef struct EndingStream
{
	int32		id;
	XLogRecPtr	mark;			/* InvalidXLogRecPtr: not yet */
} EndingStream;

static List *ending;			/* of EndingStream *, for the life of the process */

static void update_stream(Stream *stream, const StreamEpoch *epoch, XLogRecPtr decoded);
static EndingStream *find_ending(int32 id);
static void note_ending(int32 id);
static void finish_ending(Stream *stream, const EndingStream *note, int32 epoch,
						  XLogRecPtr decoded);
static void adopt_streams(const StreamEpoch *epoch);
static void forget_epochs(int32 present);

static bool
is_alive(const Stream *stream)
{
	return stream->end.epoch == 0;
}

bool
stream_is_wanted(void)
{
	ListCell   *cell;

	foreach(cell, stream_list())
		if (is_alive(lfirst(cell)))
			return true;
	return streamed_relations() != NIL;
}

bool
stream_worker_is_wanted(void)
{
	return stream_slot_is_left() || (stream_decoding && stream_is_wanted());
}

bool
stream_has_started(void)
{
	ListCell   *cell;

	foreach(cell, stream_list())
	{
		const Stream *stream = lfirst(cell);

		if (is_alive(stream) && stream->start.epoch != 0)
			return true;
	}
	return false;
}

/* Whether all that its partitions may hold of it is too old. */
static bool
is_forgettable(const Stream *stream)
{
	return !is_alive(stream) && dynamo_now() - stream->ended >
		stream_retention * USECS_PER_SEC / (STREAM_PARTITIONS - 2) * STREAM_PARTITIONS;
}

bool
lifecycle_update(const StreamProgress *progress, XLogRecPtr decoded)
{
	bool		alive = streamed_relations() != NIL;
	const StreamEpoch *epoch = epoch_at_present();
	ListCell   *cell;

	/* (a worker that starts makes another) */
	if (epoch == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("dynamo.stream_epochs has no row for the present epoch")));
	foreach(cell, stream_list())
	{
		Stream	   *stream = lfirst(cell);

		if (is_forgettable(stream))
		{
			stream_delete(stream);
			continue;
		}
		if (stream_follow_table(stream))
			collected_names_changed();
		if (is_alive(stream))
		{
			alive = true;
			update_stream(stream, epoch, decoded);
		}
	}
	adopt_streams(epoch);
	forget_epochs(progress->epoch);
	store_trim(progress);
	return alive;
}

static void
update_stream(Stream *stream, const StreamEpoch *epoch, XLogRecPtr decoded)
{
	StreamStatus status = stream_status(stream);
	const EndingStream *note = find_ending(stream->id);

	if (status == STREAM_ENABLING)
	{
		stream->start = (StreamPosition) {epoch->epoch, epoch->lsn, 0};
		stream_update(stream);
	}
	else if (status == STREAM_DISABLING && note != NULL)
		finish_ending(stream, note, epoch->epoch, decoded);
	else if (status == STREAM_DISABLING)
	{
		note_ending(stream->id);
		stream_update(stream);	/* so that the log goes on behind it */
	}
}

/* ---- the end of a stream ---- */

static EndingStream *
find_ending(int32 id)
{
	ListCell   *cell;

	foreach(cell, ending)
		if (((EndingStream *) lfirst(cell))->id == id)
			return lfirst(cell);
	return NULL;
}

/* Its changes are stored when what was in the log at this moment is decoded. */
static void
note_ending(int32 id)
{
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
	EndingStream *note = palloc_object(EndingStream);

	note->id = id;
	note->mark = InvalidXLogRecPtr;
	ending = lappend(ending, note);
	MemoryContextSwitchTo(caller);
}

static void
finish_ending(Stream *stream, const EndingStream *note, int32 epoch, XLogRecPtr decoded)
{
	if (XLogRecPtrIsInvalid(note->mark) || decoded < note->mark)
		return;
	stream->ended = dynamo_now();
	stream->end = (StreamPosition) {epoch, note->mark, 0};
	if (stream->start.epoch == 0)
		stream->start = stream->end;
	stream_update(stream);
}

bool
lifecycle_is_ending(void)
{
	return ending != NIL;
}

void
lifecycle_updated(XLogRecPtr decoded)
{
	ListCell   *cell;

	foreach(cell, ending)
	{
		EndingStream *note = lfirst(cell);

		if (XLogRecPtrIsInvalid(note->mark))
		{
			note->mark = XactLastCommitEnd;
			XLogFlush(note->mark);
			SetLatch(MyLatch);
		}
		else if (decoded >= note->mark)
		{
			ending = foreach_delete_current(ending, cell);
			pfree(note);
		}
	}
}

/* ---- what is entered and forgotten ---- */

/*
 * Enters streams of tables that came with one, out of a dump.  Tables that
 * somebody has locked are left for the next time.
 */
static void
adopt_streams(const StreamEpoch *epoch)
{
	StreamPosition start = {epoch->epoch, epoch->lsn, 0};
	ListCell   *cell;

	foreach(cell, streamed_relations())
	{
		Oid			relid = lfirst_oid(cell);
		TableStream present;
		Relation	rel;

		if (!table_stream_of(relid, &present) || stream_of_label(relid, present.label) != NULL ||
			!ConditionalLockRelationOid(relid, AccessShareLock))
			continue;
		rel = try_relation_open(relid, NoLock);
		if (rel == NULL)
			continue;
		if (table_stream(rel, &present))
			(void) stream_enter(rel, &present, dynamo_now(), start);
		relation_close(rel, AccessShareLock);
		/* This is how the relation is, not how it was at the change that we decode next. */
		RelationCacheInvalidateEntry(relid);
	}
}

/* Epochs none of whose records is kept any more. */
static void
forget_epochs(int32 present)
{
	List	   *partitions = stream_partitions();
	int32		oldest = partitions == NIL ? present :
		((StreamPartition *) linitial(partitions))->first.epoch;
	ListCell   *cell;

	foreach(cell, stream_epochs())
	{
		const StreamEpoch *epoch = lfirst(cell);

		if (epoch->epoch < oldest && epoch->epoch < present &&
			dynamo_now() - epoch->started > stream_retention * USECS_PER_SEC)
			epoch_delete(epoch);
	}
}
