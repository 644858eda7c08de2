/*
 * functions_streams.c
 *		The SQL functions of streams, which are none of the API's operations:
 *		there are no shards or iterators to look after.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "common/errors.h"
#include "api/functions.h"

static void
check_stream_given(Bytes stream)
{
	if (stream.data == NULL)
		validation_error("1 validation error detected: Value null at 'stream' failed to satisfy "
						 "constraint: Member must not be null");
}

/* dynamo.read_stream(stream, iterator, max_records): see api.sql. */
PG_FUNCTION_INFO_V1(dynamo_read_stream);
Datum
dynamo_read_stream(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ReadStreamRequest request = {
		.stream = text_argument(fcinfo, 0),
		.iterator = text_argument(fcinfo, 1),
		.limit = PG_ARGISNULL(2) ? MAX_GET_RECORDS : PG_GETARG_INT32(2),
	};
	ListCell   *cell;

	check_stream_given(request.stream);
	if (request.limit < 1)
		validation_error("1 validation error detected: Value '%d' at 'maxRecords' failed to satisfy "
						 "constraint: Member must have value greater than or equal to 1",
						 request.limit);
	InitMaterializedSRF(fcinfo, 0);
	foreach(cell, op_read_stream(&request))
	{
		const ReadStreamRecord *row = lfirst(cell);
		const StreamRecord *record = row->record;
		char		number[SEQUENCE_NUMBER_LENGTH + 1];
		Datum		values[8];
		bool		isnull[8] = {false};

		sequence_number(&record->position, number);
		values[0] = CStringGetTextDatum(number);
		values[1] = CStringGetTextDatum(stream_event_name(record->event));
		values[2] = record->keys;
		values[3] = record->new_image;
		isnull[3] = record->new_image == (Datum) 0;
		values[4] = record->old_image;
		isnull[4] = record->old_image == (Datum) 0;
		values[5] = TimestampTzGetDatum(record->created);
		values[6] = BoolGetDatum(record->expired);
		values[7] = CStringGetTextDatum(row->shard_id);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, isnull);
	}
	return (Datum) 0;
}

/* dynamo.stream_position(stream): see api.sql. */
PG_FUNCTION_INFO_V1(dynamo_stream_position);
Datum
dynamo_stream_position(PG_FUNCTION_ARGS)
{
	Bytes		stream = text_argument(fcinfo, 0);
	char		number[SEQUENCE_NUMBER_LENGTH + 1];
	StreamPosition position;

	check_stream_given(stream);
	if (!op_stream_position(stream, &position))
		PG_RETURN_NULL();
	sequence_number(&position, number);
	PG_RETURN_TEXT_P(cstring_to_text(number));
}
