/*
 * job_lane.c
 *		The worker that does what takes long: the jobs of dynamo.job_queue.
 *
 * It is started when there may be a job, does all that there are, and ends.
 * Each job has three transactions: it is marked as running; it is done, and
 * with that gone; or, if that raises an error, the error is recorded.  Whatever
 * ends the second one, a crash too, leaves the job as it was before, and the
 * next worker begins it again.
 *
 * It is connected as the endpoint's role, the one that has asked, so that
 * triggers of the tables have no more rights than in the request.
 *
 * The worker stands in nobody's way: SIGTERM interrupts the job, and so does
 * whoever wants to drop or alter the extension.  Each of its transactions locks
 * the extension first, before anything that DROP EXTENSION may want, so that it
 * has to look at the waiters of that one lock only.
 *
 * Nothing runs on a standby: the launcher has the worker started when recovery
 * is over.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "commands/progress.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "tcop/tcopprot.h"
#include "utils/backend_progress.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "http/http.h"
#include "ops/ops.h"

PGDLLEXPORT void dynamo_job_lane_main(Datum arg);

/* How often a running job looks around. */
#define LOOK_INTERVAL	(100 * 1000)	/* microseconds */

static MemoryContext job_context;
static Oid	extension;			/* locked in this transaction */
static bool unwanted;			/* somebody waits for the extension */
static bool progress_shown;
static TimestampTz last_look;

static bool begin_step(void);
static void end_step(void);
static TableJob *begin_job(void);
static bool run_job(TableJob *job);
static ErrorData *abort_attempt(void);
static void record_failure(TableJob *job, const ErrorData *error);
static void look_around(int64 items);

void
dynamo_job_lane_main(Datum arg)
{
	TableJob   *job;

	begin_worker("dynamo job lane");
	jobs_are_deferred = false;	/* here they are done */
	pqsignal(SIGTERM, shut_down_at_once);
	backup_watcher = look_around;
	job_context = AllocSetContextCreate(TopMemoryContext, "dynamo job", ALLOCSET_DEFAULT_SIZES);

	/* Jobs that are recorded from here on ask for a worker of their own. */
	job_lane_begin();
	while (!ShutdownRequestPending && !unwanted && (job = begin_job()) != NULL)
	{
		/* As long as there is one, the launcher is to start us again. */
		job_lane_request();
		if (!run_job(job))
			break;
		job_lane_begin();
		MemoryContextReset(job_context);
		if (ConfigReloadPending)
			worker_reload_settings();
	}
	proc_exit(0);
}

/* ---- transactions ---- */

/* False, and no transaction, if the extension is not there (any more). */
static bool
begin_step(void)
{
	StartTransactionCommand();
	extension = get_extension_oid("dynamo", true);
	if (OidIsValid(extension))
	{
		LockDatabaseObject(ExtensionRelationId, extension, 0, AccessShareLock);
		if (get_extension_oid("dynamo", true) == extension)
		{
			PushActiveSnapshot(GetTransactionSnapshot());
			MemoryContextSwitchTo(job_context);
			return true;
		}
	}
	CommitTransactionCommand();
	return false;
}

static void
end_step(void)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
	MemoryContextSwitchTo(job_context);
}

/* ---- a job ---- */

static TableJob *
begin_job(void)
{
	TableJob   *job;

	if (!begin_step())
		return NULL;
	job = job_begin();
	end_step();
	return job;
}

/* False if it has been interrupted. */
static bool
run_job(TableJob *job)
{
	pgstat_report_activity(STATE_RUNNING,
						   psprintf("%s %s", job->operation == JOB_BACKUP ?
									"CreateBackup" : "RestoreTableFromBackup",
									pnstrdup(job->table_name.data, job->table_name.len)));
	PG_TRY();
	{
		if (begin_step())
		{
			progress_shown = false;
			job_run(job);
			pgstat_progress_end_command();
			end_step();
		}
	}
	PG_CATCH();
	{
		record_failure(job, abort_attempt());
	}
	PG_END_TRY();
	pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);
	return !ShutdownRequestPending && !unwanted;
}

/* In the handler of an error: ends the transaction, and returns the error. */
static ErrorData *
abort_attempt(void)
{
	ErrorData  *error;

	HOLD_INTERRUPTS();
	QueryCancelPending = false;
	MemoryContextSwitchTo(job_context);
	error = CopyErrorData();
	FlushErrorState();
	AbortCurrentTransaction();
	MemoryContextSwitchTo(job_context);
	RESUME_INTERRUPTS();
	return error;
}

static void
record_failure(TableJob *job, const ErrorData *error)
{
	bool		interrupted = ShutdownRequestPending || unwanted;

	if (!interrupted)
		ereport(LOG,
				(errcode(error->sqlerrcode), errhidestmt(true),
				 errmsg_internal("%s", error->message),
				 errcontext("dynamo job lane, job %s", pnstrdup(job->id.data, job->id.len))));
	if (!begin_step())
		return;
	job_fail(job, error, interrupted);
	end_step();
}

/* ---- while it runs ---- */

/* Shows how far it is; raises if somebody wants the extension. */
static void
look_around(int64 items)
{
	TimestampTz now = GetCurrentTimestamp();
	LOCKTAG		tag;

	if (now - last_look < LOOK_INTERVAL && now >= last_look)
		return;
	last_look = now;
	/* (not earlier: making the table ends the progress of whatever runs) */
	if (!progress_shown)
		pgstat_progress_start_command(PROGRESS_COMMAND_COPY, InvalidOid);
	progress_shown = true;
	pgstat_progress_update_param(PROGRESS_COPY_TUPLES_PROCESSED, items);
	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, ExtensionRelationId, extension, 0);
	if (!LockHasWaiters(&tag, AccessShareLock, false))
		return;
	unwanted = true;
	ereport(ERROR,
			(errcode(ERRCODE_QUERY_CANCELED),
			 errmsg("the job makes way for a change of the extension")));
}
