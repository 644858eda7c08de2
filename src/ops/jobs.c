/*
 * jobs.c
 *		What takes long, done later by a worker.
 *
 * Where jobs_are_deferred is set, as in the workers of the endpoint, and a worker
 * looks after the database, CreateBackup and RestoreTableFromBackup check what
 * can be checked, record a job and answer CREATING.  The worker of the job lane
 * then runs the jobs one by one: job_begin() takes the oldest, job_run() does it,
 * job_fail() records what has become of one that has raised an error, each in a
 * transaction of its own.  The transaction of job_run() also removes the job, so
 * that its result is there exactly when the job is gone.
 *
 * A job that waits for a lock holds up the others, so it does that for a while only
 * and then goes behind them, as often as it takes.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "common/background.h"
#include "common/errors.h"
#include "ops/jobs.h"

/* As often a job may be begun and not come to an end, but for locks that others hold. */
#define MAX_ATTEMPTS	5
#define LOCK_PATIENCE	20000	/* ms */

bool		jobs_are_deferred = false;

static void (*const runners[]) (TableJob *job) = {
	[JOB_BACKUP] = run_backup_job,
	[JOB_RESTORE] = run_restore_job,
};

static const char *reason_to_give_up(const TableJob *job);
static void give_up(TableJob *job, const char *error);

/* ---- recording ---- */

bool
jobs_can_wait(void)
{
	return jobs_are_deferred && background_work_available();
}

static void
record(TableJob *job)
{
	job_insert(job);
	background_work_request(WORK_JOBS);
}

void
job_defer_backup(DynamoTable *table, const TableBackup *backup)
{
	TableJob	job = {
		.id = backup->id,
		.operation = JOB_BACKUP,
		.table_name = backup->table_name,
		.backup = *backup,
	};
	int64		bytes;

	table_statistics(table, &job.backup.item_count, &bytes);
	record(&job);
}

void
job_defer_restore(const TableBackup *backup, Bytes target, const TableSettings *settings)
{
	TableJob	job = {
		.operation = JOB_RESTORE,
		.table_name = target,
		.backup = *backup,
	};

	dynamo_table_reserve(target);
	job.backup.settings = *settings;
	job.backup.created = GetCurrentTimestamp();
	job.id = new_backup_id(job.backup.created);
	record(&job);
}

void
check_owns_job(const TableJob *job)
{
	if (!has_privs_of_role(GetUserId(), job->role))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, bytes_to_cstring(job->table_name));
}

/* ---- running ---- */

bool
job_is_waiting(void)
{
	ListCell   *cell;

	foreach(cell, job_list())
		if (((const TableJob *) lfirst(cell))->state != JOB_FAILED)
			return true;
	return false;
}

/* Those that have not been begun first, then as they have been, longest ago. */
static int
compare_turns(const ListCell *a, const ListCell *b)
{
	const TableJob *one = lfirst(a);
	const TableJob *other = lfirst(b);

	if (one->started != other->started)
		return one->started < other->started ? -1 : 1;
	return bytes_compare(one->id, other->id);
}

TableJob *
job_begin(void)
{
	List	   *jobs = job_list();
	ListCell   *cell;

	list_sort(jobs, compare_turns);
	foreach(cell, jobs)
	{
		TableJob   *job = lfirst(cell);
		const char *reason;

		if (job_is_forgettable(job))
			job_delete(job);
		if (job->state == JOB_FAILED)
			continue;
		reason = reason_to_give_up(job);
		if (reason != NULL)
		{
			give_up(job, reason);
			continue;
		}
		job->state = JOB_RUNNING;
		job->attempts++;
		job->started = GetCurrentTimestamp();
		job->pid = MyProcPid;
		job_update(job);
		return job;
	}
	return NULL;
}

/* Why a job cannot come to an end; NULL if it can. */
static const char *
reason_to_give_up(const TableJob *job)
{
	if (!SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(job->role)))
		return "the role that has asked for it does not exist any more";
	if (job->attempts >= MAX_ATTEMPTS)
		return "the server, or the worker, ended each time that the job ran";
	return NULL;
}

/* The last error that the job has raised, if it has, says more than the reason. */
static void
give_up(TableJob *job, const char *reason)
{
	job->state = JOB_FAILED;
	job->pid = 0;
	if (job->error.data == NULL)
		job->error = bytes_from_cstring(reason);
	job_update(job);
}

void
job_run(TableJob *job)
{
	int			nest_level = NewGUCNestLevel();

	(void) set_config_option("dynamo.schema", job->schema, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("lock_timeout", psprintf("%d", LOCK_PATIENCE), PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	job_delete(job);
	runners[job->operation] (job);
	AtEOXact_GUC(false, nest_level);
}

/*
 * Whether the job has waited for a lock until lock_timeout, which the server itself says.
 * What code of others raises (NOWAIT), or sets to be over at once, would be met again and again.
 */
static bool
has_waited_for_lock(const TableJob *job, const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE &&
		error->funcname != NULL && strcmp(error->funcname, "ProcessInterrupts") == 0 &&
		TimestampDifferenceExceeds(job->started, GetCurrentTimestamp(), LOCK_PATIENCE);
}

void
job_fail(TableJob *job, const ErrorData *error, bool interrupted)
{
	bool		waited = has_waited_for_lock(job, error);
	bool		conflict = error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_TRANSACTION_ROLLBACK;

	job->state = interrupted || conflict ? JOB_WAITING : JOB_FAILED;
	job->pid = 0;
	if (interrupted || waited)
		job->attempts--;
	if (interrupted)
		job->started = 0;		/* it keeps its place */
	else
		job->error = bytes_from_cstring(error->message);
	job_update(job);
}
