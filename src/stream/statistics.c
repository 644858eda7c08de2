/*
 * statistics.c
 *		What the views dynamo.streams and dynamo.stat_streams show, and the
 *		endpoint's metrics.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xlog.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/pg_lsn.h"
#include "utils/timestamp.h"

#include "stream/stream_internal.h"

bool
stream_worker_state(StreamWorkerState *state)
{
	const StreamDatabase *database = stream_database(MyDatabaseId);
	XLogRecPtr	decoded = database == NULL ? InvalidXLogRecPtr : database->decoded;
	XLogRecPtr	now;

	if (database == NULL || RecoveryInProgress() || XLogRecPtrIsInvalid(decoded))
		return false;
	now = GetXLogInsertRecPtr();
	state->records = database->nrecords;
	state->lag = now > decoded ? now - decoded : 0;
	return true;
}

/* dynamo.stream_status(stream integer) returns text: NULL if there is none. */
PG_FUNCTION_INFO_V1(dynamo_stream_status);
Datum
dynamo_stream_status(PG_FUNCTION_ARGS)
{
	const Stream *stream = stream_by_id(PG_GETARG_INT32(0));

	if (stream == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(stream_status_name(stream_status(stream))));
}

/* dynamo.stream_arn(table_name text, label text) returns text */
PG_FUNCTION_INFO_V1(dynamo_stream_arn);
Datum
dynamo_stream_arn(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(stream_arn(text_to_cstring(PG_GETARG_TEXT_PP(0)),
												text_to_cstring(PG_GETARG_TEXT_PP(1)))));
}

/* dynamo.stream_statistics() returns record: see stream.sql. */
PG_FUNCTION_INFO_V1(dynamo_stream_statistics);
Datum
dynamo_stream_statistics(PG_FUNCTION_ARGS)
{
	const StreamDatabase *database = stream_database(MyDatabaseId);
	PGPROC	   *worker = database == NULL ? NULL : database->worker;
	TupleDesc	desc;
	Datum		values[6] = {0};
	bool		isnull[6];

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	memset(isnull, worker == NULL, sizeof(isnull));
	if (worker != NULL)
	{
		values[0] = Int32GetDatum(worker->pid);
		values[1] = LSNGetDatum(database->decoded);
		isnull[1] = XLogRecPtrIsInvalid(database->decoded);
		values[2] = LSNGetDatum(database->confirmed);
		isnull[2] = XLogRecPtrIsInvalid(database->confirmed);
		values[3] = Int64GetDatum(database->nrecords);
		values[4] = Int64GetDatum(database->nbatches);
		values[5] = TimestampTzGetDatum(database->last_stored);
		isnull[5] = database->last_stored == 0;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, isnull)));
}
