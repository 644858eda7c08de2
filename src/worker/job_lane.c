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
 * A job is done with the rights of the role that has asked for it, so that
 * triggers of the tables have no more rights than in the request.
 *
 * The worker stands in nobody's way: SIGTERM interrupts the job, and so does
 * whoever wants to drop or alter the extension.
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/progress.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "utils/backend_progress.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/errors.h"
#include "ops/ops.h"
#include "worker/databases.h"

PGDLLEXPORT void dynamo_job_lane_main(Datum arg);

/* How often a running job looks around. */
#define LOOK_INTERVAL	(100 * 1000)	/* microseconds */

static MemoryContext job_context;
static bool unwanted;			/* somebody waits for the extension */
static bool progress_shown;
static TimestampTz last_look;

static TableJob *begin_job(void);
static bool run_job(TableJob *job);
static void record_failure(TableJob *job, const ErrorData *error);
static void look_around(int64 items);

void
dynamo_job_lane_main(Datum arg)
{
	TableJob   *job;

	database_worker_begin(arg, WORK_JOBS, "dynamo job lane");
	backup_watcher = look_around;
	job_context = AllocSetContextCreate(TopMemoryContext, "dynamo job", ALLOCSET_DEFAULT_SIZES);

	/* Jobs that are recorded from here on ask for a worker of their own. */
	background_work_begin(WORK_JOBS);
	while (!ShutdownRequestPending && !unwanted && (job = begin_job()) != NULL)
	{
		/* As long as there is one, the launcher is to start us again. */
		background_work_go_on(WORK_JOBS);
		if (!run_job(job))
			break;
		background_work_begin(WORK_JOBS);
		MemoryContextReset(job_context);
		if (ConfigReloadPending)
			database_worker_reload();
	}
	proc_exit(0);
}

/* ---- a job ---- */

static TableJob *
begin_job(void)
{
	TableJob   *job;

	if (!begin_step(job_context))
		return NULL;
	job = job_begin();
	end_step();
	return job;
}

/* False if it has been interrupted. */
static bool
run_job(TableJob *job)
{
	ActingRole	self;

	pgstat_report_activity(STATE_RUNNING,
						   psprintf("%s %s", job->operation == JOB_BACKUP ?
									"CreateBackup" : "RestoreTableFromBackup",
									pnstrdup(job->table_name.data, job->table_name.len)));
	PG_TRY();
	{
		if (begin_step(job_context))
		{
			progress_shown = false;
			act_as_role(job->role, &self);
			job_run(job);
			act_as_self(&self);
			pgstat_progress_end_command();
			end_step();
		}
	}
	PG_CATCH();
	{
		record_failure(job, abort_step(job_context));
	}
	PG_END_TRY();
	pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);
	return !ShutdownRequestPending && !unwanted;
}

static void
record_failure(TableJob *job, const ErrorData *error)
{
	bool		interrupted = ShutdownRequestPending || unwanted;

	if (!interrupted)
		ereport(LOG,
				(errcode(error->sqlerrcode), errhidestmt(true),
				 errmsg_internal("%s", message_for_log(error)),
				 errcontext("dynamo job lane, job %s", pnstrdup(job->id.data, job->id.len))));
	if (!begin_step(job_context))
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

	if (now - last_look < LOOK_INTERVAL && now >= last_look)
		return;
	last_look = now;
	/* (not earlier: making the table ends the progress of whatever runs) */
	if (!progress_shown)
		pgstat_progress_start_command(PROGRESS_COMMAND_COPY, InvalidOid);
	progress_shown = true;
	pgstat_progress_update_param(PROGRESS_COPY_TUPLES_PROCESSED, items);
	if (!extension_is_wanted())
		return;
	unwanted = true;
	ereport(ERROR,
			(errcode(ERRCODE_QUERY_CANCELED),
			 errmsg("the job makes way for a change of the extension")));
}
