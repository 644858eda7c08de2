/*
 * respond_streams.c
 *		Responses of the streams API.
 */
#include "postgres.h"

#include "api/respond.h"
#include "api/respond_members.h"

static void append_shard(StringInfo out, const Stream *stream, const StreamShard *shard);

void
respond_list_streams(StringInfo out, const ListStreamsResult *result)
{
	ListCell   *cell;

	appendStringInfoString(out, "{\"Streams\":[");
	foreach(cell, result->streams)
	{
		const StreamSummary *stream = lfirst(cell);

		separate(out);
		appendStringInfoChar(out, '{');
		append_cstring(out, "StreamArn", stream->arn);
		append_cstring(out, "TableName", stream->table_name);
		append_cstring(out, "StreamLabel", stream->label);
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, ']');
	if (result->last_evaluated_arn != NULL)
		append_cstring(out, "LastEvaluatedStreamArn", result->last_evaluated_arn);
	appendStringInfoChar(out, '}');
}

void
respond_stream(StringInfo out, const StreamDescription *description)
{
	const Stream *stream = description->stream;
	ListCell   *cell;

	appendStringInfoString(out, "{\"StreamDescription\":{");
	append_cstring(out, "StreamArn", stream_arn(description->table_name, stream->label));
	append_cstring(out, "StreamLabel", stream->label);
	append_cstring(out, "StreamStatus", description->status);
	append_cstring(out, "StreamViewType", stream_view_name(stream->view));
	append_time(out, "CreationRequestDateTime", stream->created);
	append_cstring(out, "TableName", description->table_name);
	append_key_schema(out, &stream->key);
	begin_member(out, "Shards");
	appendStringInfoChar(out, '[');
	foreach(cell, description->shards)
		append_shard(out, stream, lfirst(cell));
	appendStringInfoChar(out, ']');
	if (description->last_evaluated_shard_id != NULL)
		append_cstring(out, "LastEvaluatedShardId", description->last_evaluated_shard_id);
	appendStringInfoString(out, "}}");
}

static void
append_shard(StringInfo out, const Stream *stream, const StreamShard *shard)
{
	char		number[SEQUENCE_NUMBER_LENGTH + 1];

	separate(out);
	appendStringInfoChar(out, '{');
	append_cstring(out, "ShardId", stream_shard_id(stream, shard->epoch, shard->number));
	begin_member(out, "SequenceNumberRange");
	appendStringInfoChar(out, '{');
	sequence_number(&shard->start, number);
	append_cstring(out, "StartingSequenceNumber", number);
	if (shard->closed)
	{
		sequence_number(&shard->end, number);
		append_cstring(out, "EndingSequenceNumber", number);
	}
	appendStringInfoChar(out, '}');
	if (shard->parent_epoch != 0)
		append_cstring(out, "ParentShardId", stream_shard_id(stream, shard->parent_epoch, shard->number));
	appendStringInfoChar(out, '}');
}

void
respond_shard_iterator(StringInfo out, const ShardIteratorResult *result)
{
	appendStringInfoChar(out, '{');
	append_cstring(out, "ShardIterator", result->iterator);
	appendStringInfoChar(out, '}');
}

void
respond_records(StringInfo out, const GetRecordsResult *result)
{
	ListCell   *cell;

	appendStringInfoString(out, "{\"Records\":[");
	foreach(cell, result->records)
	{
		separate(out);
		stream_record_append_json(out, lfirst(cell), result->stream->view, result->stream->label,
								  NULL);
	}
	appendStringInfoChar(out, ']');
	if (result->next_iterator != NULL)
		append_cstring(out, "NextShardIterator", result->next_iterator);
	appendStringInfoChar(out, '}');
}
