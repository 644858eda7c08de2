/*
 * shard.c
 *		The shards of a stream.
 *
 * They are not recorded: a stream has its number of shards in each epoch of its
 * life.  An epoch that follows another one without a break has shards with
 * parents, one that follows a gap has none: so a consumer that follows shards to
 * their children does not pass a gap unawares.
 */
#include "postgres.h"

#include <inttypes.h>

#include "stream/stream_internal.h"

#define SHARDS_PER_EPOCH 1000	/* in the number of an id */

static StreamShard shard_in_epoch(const Stream *stream, const StreamEpoch *epoch,
								  const StreamEpoch *previous, const StreamEpoch *next);

/* shardId-00000000003629293003-00000001: epoch and number, the stream. */
char *
stream_shard_id(const Stream *stream, int32 epoch, int number)
{
	return psprintf("shardId-%020" PRId64 "-%08x",
					(int64) epoch * SHARDS_PER_EPOCH + number, stream->id);
}

/* Whether the stream was there in the epoch. */
static bool
is_of_stream(const Stream *stream, const StreamEpoch *epoch)
{
	return epoch->epoch >= stream->start.epoch && stream->start.epoch != 0 &&
		(stream->end.epoch == 0 || epoch->epoch <= stream->end.epoch);
}

List *
stream_shard_list(const Stream *stream)
{
	List	   *epochs = stream_epochs();
	List	   *result = NIL;

	for (int i = 0; i < list_length(epochs); i++)
	{
		const StreamEpoch *epoch = list_nth(epochs, i);
		const StreamEpoch *previous = i > 0 ? list_nth(epochs, i - 1) : NULL;
		const StreamEpoch *next = i + 1 < list_length(epochs) ? list_nth(epochs, i + 1) : NULL;
		StreamShard shard;

		if (!is_of_stream(stream, epoch))
			continue;
		shard = shard_in_epoch(stream, epoch, previous, next);
		for (int number = 0; number < stream->shards; number++)
		{
			StreamShard *copy = palloc_object(StreamShard);

			*copy = shard;
			copy->number = number;
			result = lappend(result, copy);
		}
	}
	return result;
}

/* What all shards of an epoch have in common. */
static StreamShard
shard_in_epoch(const Stream *stream, const StreamEpoch *epoch, const StreamEpoch *previous,
			   const StreamEpoch *next)
{
	StreamShard shard = {
		.epoch = epoch->epoch,
		.start = {epoch->epoch, epoch->lsn, 0},
	};

	if (stream->start.epoch == epoch->epoch)
		shard.start.lsn = Max(shard.start.lsn, stream->start.lsn);
	else if (previous != NULL && !epoch->gap && is_of_stream(stream, previous))
		shard.parent_epoch = previous->epoch;

	if (stream->end.epoch == epoch->epoch)
	{
		shard.closed = true;
		shard.end = stream->end;
	}
	else if (next != NULL)
	{
		shard.closed = true;
		shard.end = (StreamPosition) {epoch->epoch, epoch->end_lsn, 0};
		shard.lost = next->gap;
	}
	return shard;
}
