/*
 * stream_worker.c
 *		The worker that decodes: a connection, and the protocol of databases.h,
 *		for what src/stream does.
 *
 * It runs as long as a table of the database has a stream.  Decoding has no use
 * for a query to be cancelled, so SIGTERM ends it at once: it can be ended
 * anywhere.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"

#include "stream/stream.h"
#include "worker/databases.h"

PGDLLEXPORT void dynamo_stream_worker_main(Datum arg);

void
dynamo_stream_worker_main(Datum arg)
{
	static const StreamSteps steps = {begin_step, end_step, background_work_turn_is_over};

	database_worker_begin(arg, WORK_STREAMS, "dynamo streams");
	pqsignal(SIGTERM, die);
	stream_worker_begin(&steps);
	/* Streams that are enabled from here on ask for a worker of their own. */
	background_work_begin(WORK_STREAMS);
	if (stream_worker_prepare())
	{
		background_work_go_on(WORK_STREAMS);
		stream_worker_run();
	}
	proc_exit(0);
}
