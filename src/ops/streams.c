/*
 * streams.c
 *		ListStreams, DescribeStream, GetShardIterator, GetRecords.
 *
 * A stream is read by who may read its table, as long as there is one; after
 * that by who could use the rights of its owner.  The records show whole items,
 * so none are given where row security would hide items from the caller.
 *
 * A shard iterator is the stream's ARN and, in hexadecimal digits, what to go on
 * with:
 *
 *		<arn>|1|<stream><epoch><shard><trim horizon?><LSN><n><time>
 *
 * There is nothing secret in it, and nothing is believed that it says: whoever
 * makes one up reads what he may read anyway.
 */
#include "postgres.h"

#include <inttypes.h>

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

#include "common/clock.h"
#include "common/errors.h"
#include "common/settings.h"
#include "ops/streams.h"

#define ITERATOR_VERSION "|1|"

/* What a shard iterator says. */
typedef struct ShardIterator
{
	int32		stream;
	int32		epoch;
	int			shard;
	bool		trim_horizon;	/* whatever is the oldest by now */
	StreamPosition position;
	TimestampTz created;
} ShardIterator;

static bool is_child_of(const Stream *stream, const StreamShard *shard, Bytes parent);
static StreamShard *find_shard(const Stream *stream, Bytes shard_id);
static Stream *stream_of_iterator(const ShardIterator *iterator, Bytes arn);
static StreamShard *shard_of_iterator(const Stream *stream, const ShardIterator *iterator);
static StreamPosition asked_position(const Stream *stream, const StreamShard *shard, int type, Bytes number);
static char *iterator_text(const Stream *stream, const ShardIterator *iterator);
static bool parse_iterator(Bytes text, ShardIterator *iterator, Bytes *arn);
static const char *latest_table_name(const Stream *stream);
static const char *latest_schema(const Stream *stream);

/* ---- streams ---- */

void
op_list_streams(const ListStreamsRequest *request, ListStreamsResult *result)
{
	int			limit = request->limit.given ? request->limit.value : MAX_LIST_STREAMS;
	bool		begun = request->exclusive_start.data == NULL;
	ListCell   *cell;

	memset(result, 0, sizeof(*result));
	if (limit > MAX_LIST_STREAMS)
		validation_error("One or more parameter values were invalid: "
						 "Limit cannot be greater than the maximum allowed size: %d",
						 MAX_LIST_STREAMS);
	foreach(cell, streams_here(request->table_name))
	{
		const Stream *stream = lfirst(cell);

		if (list_length(result->streams) == limit)
		{
			result->last_evaluated_arn = ((StreamSummary *) llast(result->streams))->arn;
			return;
		}
		if (begun)
		{
			StreamSummary *summary = palloc_object(StreamSummary);

			summary->table_name = latest_table_name(stream);
			summary->label = stream->label;
			summary->arn = stream_arn(summary->table_name, stream->label);
			result->streams = lappend(result->streams, summary);
		}
		else
			begun = bytes_equal(request->exclusive_start,
								bytes_from_cstring(stream_arn(latest_table_name(stream),
															  stream->label)));
	}
}

List *
streams_here(Bytes table_name)
{
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, stream_list())
	{
		Stream	   *stream = lfirst(cell);

		if (strcmp(latest_schema(stream), dynamo_schema) == 0 &&
			(table_name.data == NULL ||
			 bytes_equal(table_name, bytes_from_cstring(latest_table_name(stream)))))
			result = lappend(result, stream);
	}
	return result;
}

/* A table that is there may have been given another name, or schema. */
static const char *
latest_table_name(const Stream *stream)
{
	char	   *relname = get_rel_name(stream->relid);

	return relname == NULL ? stream->table_name :
		bytes_to_cstring(table_full_name(stream->relid, relname));
}

static const char *
latest_schema(const Stream *stream)
{
	char	   *schema = get_namespace_name(get_rel_namespace(stream->relid));

	return schema == NULL ? stream->schema : schema;
}

void
op_describe_stream(const DescribeStreamRequest *request, StreamDescription *result)
{
	int			limit = request->limit.given ? request->limit.value : MAX_DESCRIBE_SHARDS;
	ListCell   *cell;

	memset(result, 0, sizeof(*result));
	if (limit > MAX_DESCRIBE_SHARDS)
		validation_error("One or more parameter values were invalid: "
						 "Limit cannot be greater than the maximum: %d", MAX_DESCRIBE_SHARDS);
	if (request->filter != NULL &&
		(request->filter->type == 0 || request->filter->shard_id.data == NULL))
		validation_error("One or more parameter values were invalid: "
						 "ShardFilter needs Type and ShardId");
	result->stream = find_stream(request->stream_arn);
	check_may_read(result->stream, false);
	result->table_name = latest_table_name(result->stream);
	result->status = stream_status_name(stream_status(result->stream));
	foreach(cell, stream_shard_list(result->stream))
	{
		StreamShard *shard = lfirst(cell);
		char	   *id = stream_shard_id(result->stream, shard->epoch, shard->number);

		if (request->filter != NULL && !is_child_of(result->stream, shard, request->filter->shard_id))
			continue;
		if (request->exclusive_start_shard_id.data != NULL &&
			bytes_compare(bytes_from_cstring(id), request->exclusive_start_shard_id) <= 0)
			continue;
		if (list_length(result->shards) == limit)
		{
			StreamShard *last = llast(result->shards);

			result->last_evaluated_shard_id =
				stream_shard_id(result->stream, last->epoch, last->number);
			return;
		}
		result->shards = lappend(result->shards, shard);
	}
}

static bool
is_child_of(const Stream *stream, const StreamShard *shard, Bytes parent)
{
	return shard->parent_epoch != 0 &&
		bytes_equal(parent, bytes_from_cstring(stream_shard_id(stream, shard->parent_epoch,
															   shard->number)));
}

Stream *
find_stream(Bytes arn)
{
	ResourceArn parsed;
	Stream	   *found = NULL;
	ListCell   *cell;

	if (!parse_arn(arn, &parsed) || parsed.stream_label.data == NULL || !arn_is_here(&parsed))
		raise_stream_not_found(arn);
	foreach(cell, streams_here(parsed.table_name))
	{
		Stream	   *stream = lfirst(cell);

		/* The latest: a table that was restored has the label of the one dumped. */
		if (bytes_equal(parsed.stream_label, bytes_from_cstring(stream->label)))
			found = stream;
	}
	if (found == NULL)
		raise_stream_not_found(arn);
	request_note_table(parsed.table_name);
	return found;
}

void
raise_stream_not_found(Bytes arn)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESOURCE_NOT_FOUND),
			 errmsg_internal("Requested resource not found: Stream: %.*s not found",
							 arn.len, arn.data)));
}

/* ---- privileges ---- */

void
check_may_read(const Stream *stream, bool records)
{
	char	   *relname = get_rel_name(stream->relid);

	if (relname == NULL)
	{
		if (!has_privs_of_role(GetUserId(), stream->owner))
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, stream->table_name);
		return;
	}
	(void) LookupExplicitNamespace(latest_schema(stream), false);	/* checks USAGE */
	if (pg_class_aclcheck(stream->relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, relname);
	if (records && check_enable_rls(stream->relid, InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row security of table \"%s\" does not let this role read its stream",
						relname),
				 errdetail("Stream records show items whether a policy hides them or not.")));
}

/* ---- iterators ---- */

void
op_get_shard_iterator(const GetShardIteratorRequest *request, ShardIteratorResult *result)
{
	Stream	   *stream = find_stream(request->stream_arn);
	StreamShard *shard;
	ShardIterator iterator = {0};
	bool		needs_number = request->type == SHARD_ITERATOR_AT ||
		request->type == SHARD_ITERATOR_AFTER;

	check_may_read(stream, true);
	if (needs_number && request->sequence_number.data == NULL)
		validation_error("One or more parameter values were invalid: Invalid SequenceNumber");
	if (!needs_number && request->sequence_number.data != NULL)
		validation_error("One or more parameter values were invalid: "
						 "SequenceNumber should not be passed for this iterator type");
	shard = find_shard(stream, request->shard_id);

	iterator.stream = stream->id;
	iterator.epoch = shard->epoch;
	iterator.shard = shard->number;
	iterator.trim_horizon = request->type == SHARD_ITERATOR_TRIM_HORIZON;
	iterator.position = asked_position(stream, shard, request->type, request->sequence_number);
	result->iterator = iterator_text(stream, &iterator);
}

static StreamShard *
find_shard(const Stream *stream, Bytes shard_id)
{
	ListCell   *cell;

	foreach(cell, stream_shard_list(stream))
	{
		StreamShard *shard = lfirst(cell);

		if (bytes_equal(shard_id, bytes_from_cstring(stream_shard_id(stream, shard->epoch,
																	 shard->number))))
			return shard;
	}
	ereport(ERROR,
			(errcode(ERRCODE_RESOURCE_NOT_FOUND),
			 errmsg_internal("Requested resource not found: Shard does not exist")));
}

/* By its number, unless that is not (any more) what the ARN says: to look for that is to list all. */
static Stream *
stream_of_iterator(const ShardIterator *iterator, Bytes arn)
{
	Stream	   *stream = stream_by_id(iterator->stream);
	const char *table_name = stream == NULL ? NULL : latest_table_name(stream);

	if (stream != NULL && strcmp(latest_schema(stream), dynamo_schema) == 0 &&
		bytes_equal(arn, bytes_from_cstring(stream_arn(table_name, stream->label))))
	{
		request_note_table(bytes_from_cstring(table_name));
		return stream;
	}
	stream = find_stream(arn);
	if (stream->id != iterator->stream)
		validation_error("Invalid ShardIterator");
	return stream;
}

static StreamShard *
shard_of_iterator(const Stream *stream, const ShardIterator *iterator)
{
	ListCell   *cell;

	foreach(cell, stream_shard_list(stream))
	{
		StreamShard *shard = lfirst(cell);

		if (shard->epoch == iterator->epoch && shard->number == iterator->shard)
			return shard;
	}
	return NULL;
}

static StreamPosition
asked_position(const Stream *stream, const StreamShard *shard, int type, Bytes number)
{
	StreamPosition position;

	if (type == SHARD_ITERATOR_TRIM_HORIZON)
		return shard->start;
	if (type == SHARD_ITERATOR_LATEST)
		return stream_latest_position(shard);

	if (!sequence_number_parse(number, &position) || position.epoch != shard->epoch)
		validation_error("One or more parameter values were invalid: "
						 "Invalid SequenceNumber: %.*s is not of this shard",
						 number.len, number.data);
	if (type == SHARD_ITERATOR_AFTER && position.n < PG_INT32_MAX)
		position.n++;
	if (stream_is_trimmed(stream, shard, &position))
		stream_raise_trimmed();
	return position;
}

static char *
iterator_text(const Stream *stream, const ShardIterator *iterator)
{
	return psprintf("%s" ITERATOR_VERSION "%08x%08x%04x%x%016" PRIx64 "%08x%016" PRIx64,
					stream_arn(latest_table_name(stream), stream->label), iterator->stream,
					iterator->epoch, iterator->shard, iterator->trim_horizon ? 1 : 0,
					iterator->position.lsn, iterator->position.n, (uint64) dynamo_now());
}

static bool
take_hex(const char **text, const char *end, int digits, uint64 *number)
{
	*number = 0;
	for (int i = 0; i < digits; i++)
	{
		const char *digit = *text < end ? strchr("0123456789abcdef", **text) : NULL;

		if (digit == NULL || *digit == '\0')
			return false;
		*number = *number << 4 | (digit - "0123456789abcdef");
		(*text)++;
	}
	return true;
}

/* False if it is none that we have made. */
static bool
parse_iterator(Bytes text, ShardIterator *iterator, Bytes *arn)
{
	static const int widths[] = {8, 8, 4, 1, 16, 8, 16};
	uint64		numbers[lengthof(widths)];
	const char *end = text.data + text.len;
	const char *bar = memchr(text.data, '|', text.len);

	if (bar == NULL || end - bar < strlen(ITERATOR_VERSION) ||
		memcmp(bar, ITERATOR_VERSION, strlen(ITERATOR_VERSION)) != 0)
		return false;
	*arn = (Bytes) {text.data, bar - text.data};
	bar += strlen(ITERATOR_VERSION);
	for (int i = 0; i < lengthof(widths); i++)
		if (!take_hex(&bar, end, widths[i], &numbers[i]))
			return false;
	iterator->stream = numbers[0];
	iterator->epoch = numbers[1];
	iterator->shard = numbers[2];
	iterator->trim_horizon = numbers[3] != 0;
	iterator->position = (StreamPosition) {iterator->epoch, numbers[4], numbers[5]};
	iterator->created = numbers[6];
	return bar == end && numbers[1] <= PG_INT32_MAX && numbers[5] <= PG_INT32_MAX;
}

/* ---- records ---- */

void
op_get_records(const GetRecordsRequest *request, GetRecordsResult *result)
{
	int			limit = request->limit.given ? request->limit.value : MAX_GET_RECORDS;
	ShardIterator iterator;
	StreamShard *shard;
	Bytes		arn;
	Stream	   *stream;
	bool		full;

	memset(result, 0, sizeof(*result));
	if (limit > MAX_GET_RECORDS)
		validation_error("One or more parameter values were invalid: "
						 "Limit should be less than or equal to %d", MAX_GET_RECORDS);
	if (!parse_iterator(request->shard_iterator, &iterator, &arn))
		validation_error("Invalid ShardIterator");
	if (dynamo_now() - iterator.created > SHARD_ITERATOR_MINUTES * USECS_PER_MINUTE)
		ereport(ERROR, (errcode(ERRCODE_EXPIRED_ITERATOR),
						errmsg_internal("The shard iterator has expired. "
										"Shard iterators are valid for %d minutes.",
										SHARD_ITERATOR_MINUTES)));
	stream = stream_of_iterator(&iterator, arn);
	check_may_read(stream, true);

	shard = shard_of_iterator(stream, &iterator);
	if (shard == NULL)
		stream_raise_trimmed();

	result->stream = stream;
	stream_read_begin();
	result->records = stream_read(stream, shard, &iterator.position, iterator.trim_horizon, limit,
								  MAX_GET_RECORDS_SIZE, &full);
	stream_read_end();
	iterator.trim_horizon = false;
	if (result->records == NIL && shard->closed)
	{
		/* What follows is not there: say so rather than end as if all were told. */
		if (shard->lost)
			stream_raise_trimmed();
		return;
	}
	result->next_iterator = iterator_text(stream, &iterator);
}
