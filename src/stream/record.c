/*
 * record.c
 *		Stream records as the Streams API shows them.
 *
 * Everything is made of the record and the stream alone, the eventID too, so
 * that whoever asks again gets the same bytes.
 */
#include "postgres.h"

#include <inttypes.h>

#include "common/hashfn.h"

#include "common/settings.h"
#include "stream/stream.h"

static void append_event_id(StringInfo out, const char *label, const char *number);
static void append_image(StringInfo out, const char *name, Datum image);

char *
stream_arn(const char *table_name, const char *label)
{
	return psprintf("arn:aws:dynamodb:%s:%s:table/%s/stream/%s", dynamo_region,
					dynamo_account_id, table_name, label);
}

const char *
stream_event_name(StreamEvent event)
{
	static const char *const names[] = {
		[STREAM_INSERT] = "INSERT",
		[STREAM_MODIFY] = "MODIFY",
		[STREAM_REMOVE] = "REMOVE",
	};

	return names[event];
}

void
stream_record_append_json(StringInfo out, const StreamRecord *record, StreamView view,
						  const char *label, const char *arn)
{
	char		number[SEQUENCE_NUMBER_LENGTH + 1];
	int64		seconds = record->created / USECS_PER_SEC +
		(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;

	sequence_number(&record->position, number);
	append_event_id(out, label, number);
	appendStringInfo(out, ",\"eventName\":\"%s\",\"eventVersion\":\"1.1\","
					 "\"eventSource\":\"aws:dynamodb\",\"awsRegion\":",
					 stream_event_name(record->event));
	json_append_string(out, bytes_from_cstring(dynamo_region));
	appendStringInfo(out, ",\"dynamodb\":{\"ApproximateCreationDateTime\":" INT64_FORMAT, seconds);
	append_image(out, "Keys", record->keys);
	append_image(out, "NewImage", record->new_image);
	append_image(out, "OldImage", record->old_image);
	appendStringInfo(out, ",\"SequenceNumber\":\"%s\",\"SizeBytes\":" INT64_FORMAT
					 ",\"StreamViewType\":\"%s\"}", number, record->size, stream_view_name(view));

	/* The API's model has the members in capitals, events of functions do not. */
	if (record->expired)
		appendStringInfoString(out, ",\"userIdentity\":{"
							   "\"PrincipalId\":\"dynamodb.amazonaws.com\",\"Type\":\"Service\","
							   "\"principalId\":\"dynamodb.amazonaws.com\",\"type\":\"Service\"}");
	if (arn != NULL)
	{
		appendStringInfoString(out, ",\"eventSourceARN\":");
		json_append_string(out, bytes_from_cstring(arn));
	}
	appendStringInfoChar(out, '}');
}

/* 32 hexadecimal digits: a hash of what is unique anyway. */
static void
append_event_id(StringInfo out, const char *label, const char *number)
{
	char		name[64 + SEQUENCE_NUMBER_LENGTH];
	int			length = snprintf(name, sizeof(name), "%s %s", label, number);
	uint64		high = hash_bytes_extended((const unsigned char *) name, length, 1);
	uint64		low = hash_bytes_extended((const unsigned char *) name, length, 2);

	appendStringInfo(out, "{\"eventID\":\"%016" PRIx64 "%016" PRIx64 "\"",
					 high, low);
}

static void
append_image(StringInfo out, const char *name, Datum image)
{
	if (image == (Datum) 0)
		return;
	appendStringInfo(out, ",\"%s\":", name);
	attribute_map_append_json(out, item_root(DatumGetDynamoItem(image)));
}
