/*
 * streams_merged.c
 *		All shards of a stream together, for dynamo.read_stream() and
 *		dynamo.stream_position(), which are none of the API's operations.
 */
#include "postgres.h"

#include "access/xact.h"

#include "common/errors.h"
#include "ops/streams.h"

#define MIN_PAGE 16				/* records of a shard */

static Stream *named_stream(Bytes name);
static StreamPosition position_behind(const Stream *stream, List *shards, Bytes number);
static List *merge_epoch(const Stream *stream, List *shards, int first, StreamPosition position,
						 bool from_oldest, int limit, bool *more);

/*
 * Goes through the epochs from that of the position on; those that have ended
 * without a break are followed by the next.
 */
List *
op_read_stream(const ReadStreamRequest *request)
{
	Stream	   *stream = named_stream(request->stream);
	List	   *shards;
	List	   *result = NIL;
	StreamPosition position;
	bool		from_oldest = request->iterator.data == NULL ||
		bytes_equal(request->iterator, bytes_from_cstring("TRIM_HORIZON"));
	bool		more = false;

	check_may_read(stream, true);
	shards = stream_shard_list(stream);
	if (shards == NIL)
		return NIL;
	position = from_oldest ? ((const StreamShard *) linitial(shards))->start :
		position_behind(stream, shards, request->iterator);
	stream_read_begin();
	for (int i = 0; i < list_length(shards) && !more; i += stream->shards)
	{
		const StreamShard *shard = list_nth(shards, i);
		bool		is_first = shard->epoch == position.epoch;

		if (shard->epoch < position.epoch)
			continue;
		result = list_concat(result, merge_epoch(stream, shards, i, is_first ? position : shard->start,
												 from_oldest, request->limit - list_length(result),
												 &more));
		if (shard->lost && result != NIL)
			break;				/* (the next call tells) */
		if (shard->lost && is_first && !from_oldest)
			stream_raise_trimmed();
	}
	stream_read_end();
	return result;
}

bool
op_stream_position(Bytes name, StreamPosition *position)
{
	Stream	   *stream = named_stream(name);
	List	   *shards;

	check_may_read(stream, false);
	/* The snapshot was there first: who copies the table by it would miss changes. */
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("the position of a stream cannot be taken under REPEATABLE READ"),
				 errhint("Take it under READ COMMITTED, in a statement before the table is read.")));
	shards = stream_shard_list(stream);
	if (shards == NIL)
		return false;
	*position = stream_latest_position(llast(shards));
	position->lsn--;			/* a commit may begin right there */
	return true;
}

/* The stream of an ARN, or the latest of a table. */
static Stream *
named_stream(Bytes name)
{
	List	   *streams;

	if (name.len >= 4 && memcmp(name.data, "arn:", 4) == 0)
		return find_stream(name);
	streams = streams_here(name);
	if (streams == NIL)
		raise_stream_not_found(name);
	return llast(streams);
}

/* The position behind a sequence number. */
static StreamPosition
position_behind(const Stream *stream, List *shards, Bytes number)
{
	const StreamShard *oldest = linitial(shards);
	StreamPosition position;

	if (!sequence_number_parse(number, &position))
		validation_error("Invalid iterator: it is TRIM_HORIZON or a sequence number");
	if (position.epoch < oldest->epoch)
		stream_raise_trimmed();
	position.n = position.n < PG_INT32_MAX ? position.n + 1 : position.n;
	return position;
}

static int
compare_records(const ListCell *a, const ListCell *b)
{
	return position_compare(&((const ReadStreamRecord *) lfirst(a))->record->position,
							&((const ReadStreamRecord *) lfirst(b))->record->position);
}

/*
 * The records of the shards of one epoch, the first of which is shards[first].
 * Each shard gives a page; what lies behind the end of any page that is not the
 * last of its shard has to wait, since that shard may have records before it.
 * *full is set if any such page has as many records as were asked for, *more if
 * there is any such page.
 */
static List *
merge_pages(const Stream *stream, List *shards, int first, StreamPosition position,
			bool from_oldest, int page, bool *full, bool *more)
{
	List	   *result = NIL;
	StreamPosition complete = {PG_INT32_MAX, 0, 0};
	ListCell   *cell;

	*full = *more = false;
	for (int i = first; i < first + stream->shards; i++)
	{
		const StreamShard *shard = list_nth(shards, i);
		StreamPosition next = position;
		bool		is_cut;
		List	   *records = stream_read(stream, shard, &next, from_oldest, page,
										 MAX_GET_RECORDS_SIZE, &is_cut);
		char	   *id = stream_shard_id(stream, shard->epoch, shard->number);

		foreach(cell, records)
		{
			ReadStreamRecord *record = palloc_object(ReadStreamRecord);

			record->record = lfirst(cell);
			record->shard_id = id;
			result = lappend(result, record);
		}
		*full = *full || list_length(records) == page;
		*more = *more || is_cut;
		if (is_cut && position_compare(&next, &complete) < 0)
			complete = next;
	}
	list_sort(result, compare_records);
	foreach(cell, result)
		if (position_compare(&((const ReadStreamRecord *) lfirst(cell))->record->position,
							 &complete) >= 0)
			return list_truncate(result, foreach_current_index(cell));
	return result;
}

/*
 * As many of them as are asked for, or as fit into a page of each shard.  Records are
 * spread evenly over the shards as a rule, so that it takes a small page of each, and
 * where they are not, larger ones.  *more is set if there are others.
 */
static List *
merge_epoch(const Stream *stream, List *shards, int first, StreamPosition position,
			bool from_oldest, int limit, bool *more)
{
	int			page = Min((int64) limit, MIN_PAGE + 2 * ((int64) limit / stream->shards));

	for (;; page = page > limit / 2 ? limit : 2 * page)
	{
		bool		full;
		List	   *result = merge_pages(stream, shards, first, position, from_oldest, page,
										 &full, more);

		if (list_length(result) > limit)
			*more = true;
		if (list_length(result) >= limit || page == limit || !full)
			return list_truncate(result, Min(limit, list_length(result)));
	}
}
