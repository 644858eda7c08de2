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
		append_text(out, "StreamArn", bytes_from_cstring(stream->arn));
		append_text(out, "TableName", bytes_from_cstring(stream->table_name));
		append_text(out, "StreamLabel", bytes_from_cstring(stream->label));
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, ']');
	if (result->last_evaluated_arn != NULL)
		append_text(out, "LastEvaluatedStreamArn", bytes_from_cstring(result->last_evaluated_arn));
	appendStringInfoChar(out, '}');
}

void
respond_stream(StringInfo out, const StreamDescription *description)
{
	const Stream *stream = description->stream;
	ListCell   *cell;

	appendStringInfoString(out, "{\"StreamDescription\":{");
	append_text(out, "StreamArn", bytes_from_cstring(stream_arn(description->table_name,
															   stream->label)));
	append_text(out, "StreamLabel", bytes_from_cstring(stream->label));
	append_text(out, "StreamStatus", bytes_from_cstring(description->status));
	append_text(out, "StreamViewType", bytes_from_cstring(stream_view_name(stream->view)));
	append_time(out, "CreationRequestDateTime", stream->created);
	append_text(out, "TableName", bytes_from_cstring(description->table_name));
	append_key_schema(out, &stream->key);
	begin_member(out, "Shards");
	appendStringInfoChar(out, '[');
	foreach(cell, description->shards)
		append_shard(out, stream, lfirst(cell));
	appendStringInfoChar(out, ']');
	if (description->last_evaluated_shard_id != NULL)
		append_text(out, "LastEvaluatedShardId",
					bytes_from_cstring(description->last_evaluated_shard_id));
	appendStringInfoString(out, "}}");
}

static void
append_shard(StringInfo out, const Stream *stream, const StreamShard *shard)
{
	char		number[SEQUENCE_NUMBER_LENGTH + 1];

	separate(out);
	appendStringInfoChar(out, '{');
	append_text(out, "ShardId",
				bytes_from_cstring(stream_shard_id(stream, shard->epoch, shard->number)));
	begin_member(out, "SequenceNumberRange");
	appendStringInfoChar(out, '{');
	sequence_number(&shard->start, number);
	append_text(out, "StartingSequenceNumber", bytes_from_cstring(number));
	if (shard->closed)
	{
		sequence_number(&shard->end, number);
		append_text(out, "EndingSequenceNumber", bytes_from_cstring(number));
	}
	appendStringInfoChar(out, '}');
	if (shard->parent_epoch != 0)
		append_text(out, "ParentShardId",
					bytes_from_cstring(stream_shard_id(stream, shard->parent_epoch, shard->number)));
	appendStringInfoChar(out, '}');
}

void
respond_shard_iterator(StringInfo out, const ShardIteratorResult *result)
{
	appendStringInfoChar(out, '{');
	append_text(out, "ShardIterator", bytes_from_cstring(result->iterator));
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
		append_text(out, "NextShardIterator", bytes_from_cstring(result->next_iterator));
	appendStringInfoChar(out, '}');
}
