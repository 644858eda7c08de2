/*
 * lane.c
 *		The slow lane: requests that wait for locks.
 *
 * A worker that serves connections gives up on a lock after a few
 * milliseconds, since everybody it serves would wait with it.  The transaction
 * has been rolled back then, and the request's bytes go to a slow worker,
 * through a job in shared memory; the connection is parked until the reply
 * comes back.  (A connection cannot be moved out of the library.)
 *
 * Jobs are served in the order of their submission.  States and who may touch
 * what: worker.h.  A slow worker that ends fails the job that it runs; a
 * worker that starts frees the jobs that its predecessor has left.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/dsa.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "http/http.h"

PGDLLEXPORT void dynamo_slow_lane_main(Datum arg);

#define PATIENCE 2000 /* ms for a request that is being cancelled to end */

static dsa_area *area;

/* Of this worker's jobs, by position in the shared array; NULL: of a predecessor. */
static Exchange *waiting[MAX_SLOW_JOBS];
static int	outstanding;		/* jobs of this worker's that are not free */

static void
attach(void)
{
	area = dsa_attach_in_place(endpoint_shared->dsa_space, NULL);
	dsa_pin_mapping(area);
}

static SlowJobState
job_state(SlowJob *job)
{
	return pg_atomic_read_u32(&job->state);
}

static void
set_job_state(SlowJob *job, SlowJobState state)
{
	pg_write_barrier();
	pg_atomic_write_u32(&job->state, state);
}

static bool
claim_job(SlowJob *job, SlowJobState from, SlowJobState to)
{
	uint32		expected = from;

	return job_state(job) == from &&
		pg_atomic_compare_exchange_u32(&job->state, &expected, to);
}

static void
free_job(SlowJob *job)
{
	if (DsaPointerIsValid(job->request))
		dsa_free(area, job->request);
	if (DsaPointerIsValid(job->reply))
		dsa_free(area, job->reply);
	job->request = job->reply = InvalidDsaPointer;
	set_job_state(job, SLOW_FREE);
}

/*
 * A copy in shared memory, or InvalidDsaPointer.  Catches the errors that
 * making a segment may raise: callers are called by libmicrohttpd.
 */
static dsa_pointer
share_bytes(Bytes bytes)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile dsa_pointer copy = InvalidDsaPointer;

	PG_TRY();
	{
		copy = dsa_allocate_extended(area, Max(bytes.len, 1),
									 DSA_ALLOC_NO_OOM | DSA_ALLOC_HUGE);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		EmitErrorReport();
		FlushErrorState();
	}
	PG_END_TRY();
	if (DsaPointerIsValid(copy))
		memcpy(dsa_get_address(area, copy), bytes.data, bytes.len);
	return copy;
}

static void
wake(PGPROC *proc)
{
	if (proc != NULL)
		SetLatch(&proc->procLatch);
}

/* ---- the worker that serves the connection ---- */

void
lane_init(void)
{
	attach();
	for (int i = 0; i < MAX_SLOW_JOBS; i++)
	{
		SlowJob    *job = &endpoint_shared->jobs[i];

		if (job->owner != my_number)
			continue;
		if (job_state(job) == SLOW_FILLING || claim_job(job, SLOW_READY, SLOW_FILLING))
			free_job(job);
		else if (job_state(job) != SLOW_FREE)
			outstanding++;		/* lane_collect() frees it */
	}
}

int
lane_outstanding(void)
{
	return outstanding;
}

/* Wakes the slow workers; false if there is none (they are being started). */
static bool
wake_slow_workers(void)
{
	bool		any = false;

	for (int i = 0; i < endpoint_slow_workers; i++)
	{
		PGPROC	   *proc = endpoint_shared->slow_workers[i];

		wake(proc);
		any = any || proc != NULL;
	}
	return any;
}

static SlowJob *
find_free_job(void)
{
	for (int i = 0; i < MAX_SLOW_JOBS; i++)
		if (claim_job(&endpoint_shared->jobs[i], SLOW_FREE, SLOW_FILLING))
			return &endpoint_shared->jobs[i];
	return NULL;
}

bool
lane_submit(Exchange *exchange)
{
	SlowJob    *job;

	if (!wake_slow_workers() || (job = find_free_job()) == NULL)
		return false;
	job->owner = my_number;
	job->reply = InvalidDsaPointer;
	job->request = share_bytes((Bytes) {exchange->body, exchange->length});
	if (!DsaPointerIsValid(job->request))
	{
		free_job(job);
		return false;
	}
	job->request_length = exchange->length;
	job->gzipped = exchange->gzipped;
	job->submitted = GetCurrentTimestamp();
	strlcpy(job->operation, exchange->operation, sizeof(job->operation));
	strlcpy(job->request_id, exchange->request_id, sizeof(job->request_id));

	waiting[job - endpoint_shared->jobs] = exchange;
	outstanding++;
	exchange_park(exchange);
	set_job_state(job, SLOW_READY);
	(void) wake_slow_workers();
	return true;
}

static void
deliver(SlowJob *job, Exchange *exchange)
{
	struct MHD_Response *response;

	if (!DsaPointerIsValid(job->reply))
	{
		exchange_resume_failed(exchange, "The worker that ran the request has ended, or has no memory for its reply");
		return;
	}
	response = make_response(job->request_id,
							 (Bytes) {dsa_get_address(area, job->reply), job->reply_length});
	if (flush_is_durable(job->lsn))
		exchange_resume(exchange, job->status, response);
	else
		flush_hold(exchange, job->status, response, job->lsn);
}

void
lane_collect(void)
{
	if (outstanding == 0)
		return;
	for (int i = 0; i < MAX_SLOW_JOBS; i++)
	{
		SlowJob    *job = &endpoint_shared->jobs[i];

		if (job_state(job) != SLOW_DONE || job->owner != my_number)
			continue;
		pg_read_barrier();
		if (waiting[i] != NULL)
			deliver(job, waiting[i]);
		waiting[i] = NULL;
		outstanding--;
		free_job(job);
	}
}

/*
 * A request that has not been begun is taken back; what becomes of one that
 * waits for something nobody can cut short (a standby) nobody will hear.
 */
long
lane_expire(void)
{
	TimestampTz next = DT_NOEND;

	if (outstanding == 0 || endpoint_request_timeout == 0)
		return -1;
	for (int i = 0; i < MAX_SLOW_JOBS; i++)
	{
		SlowJob	   *job = &endpoint_shared->jobs[i];
		TimestampTz deadline;

		if (waiting[i] == NULL)
			continue;
		deadline = TimestampTzPlusMilliseconds(job->submitted,
											   (int64) endpoint_request_timeout + PATIENCE);
		if (deadline > loop_time)
		{
			next = Min(next, deadline);
			continue;
		}
		exchange_resume_failed(waiting[i], "The request has not come to its end in time");
		waiting[i] = NULL;
		if (claim_job(job, SLOW_READY, SLOW_FILLING))
		{
			free_job(job);
			outstanding--;
		}
	}
	return TIMESTAMP_IS_NOEND(next) ? -1 : TimestampDifferenceMilliseconds(loop_time, next) + 1;
}

void
lane_abandon(void)
{
	for (int i = 0; i < MAX_SLOW_JOBS; i++)
	{
		if (waiting[i] == NULL)
			continue;
		exchange_resume_unavailable(waiting[i]);
		waiting[i] = NULL;
	}
}

/* ---- the slow worker ---- */

static SlowJob *running;

static SlowJob *take_job(void);
static void run_job(SlowJob *job);
static int	remaining_time(const SlowJob *job);
static void finish_job(SlowJob *job);
static void leave(int code, Datum arg);

void
dynamo_slow_lane_main(Datum arg)
{
	my_number = DatumGetInt32(arg);
	begin_worker("dynamo endpoint slow lane");
	/* Nobody is to wait for a request that waits. */
	pqsignal(SIGTERM, shut_down_at_once);
	attach();
	before_shmem_exit(leave, 0);
	endpoint_shared->slow_workers[my_number] = MyProc;

	while (!ShutdownRequestPending)
	{
		SlowJob    *job;

		ResetLatch(MyLatch);
		worker_serve_interrupts();
		if (ShutdownRequestPending)
			break;
		job = take_job();
		if (job != NULL)
			run_job(job);
		else
		{
			long		nap = pgstat_report_stat(false);

			(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH |
							 (nap > 0 ? WL_TIMEOUT : 0), nap, PG_WAIT_EXTENSION);
		}
	}
	proc_exit(1);
}

/* The job that has been ready for longest, or NULL. */
static SlowJob *
take_job(void)
{
	for (;;)
	{
		SlowJob    *oldest = NULL;

		for (int i = 0; i < MAX_SLOW_JOBS; i++)
		{
			SlowJob    *job = &endpoint_shared->jobs[i];

			if (job_state(job) == SLOW_READY &&
				(oldest == NULL || job->submitted < oldest->submitted))
				oldest = job;
		}
		if (oldest == NULL || claim_job(oldest, SLOW_READY, SLOW_RUNNING))
			return oldest;
	}
}

static void
run_job(SlowJob *job)
{
	Call		call = {
		.operation = job->operation,
		.request_id = job->request_id,
		.body = {dsa_get_address(area, job->request), job->request_length},
		.gzipped = job->gzipped,
		.may_wait = true,
		.timeout = remaining_time(job),
	};

	running = job;
	execute_call(&call);
	job->status = call.status;
	job->lsn = call.lsn;
	job->reply = share_bytes(call.reply);
	job->reply_length = call.reply.len;
	finish_job(job);
}

/* Of the request's time; at least a moment, in which it is cancelled. */
static int
remaining_time(const SlowJob *job)
{
	long		waited;

	if (endpoint_request_timeout == 0)
		return 0;
	waited = TimestampDifferenceMilliseconds(job->submitted, GetCurrentTimestamp());
	return Max(endpoint_request_timeout - waited, 1);
}

/* Without a reply it has failed. */
static void
finish_job(SlowJob *job)
{
	int			owner = job->owner;

	running = NULL;
	set_job_state(job, SLOW_DONE);
	wake(endpoint_shared->workers[owner].proc);
}

static void
leave(int code, Datum arg)
{
	endpoint_shared->slow_workers[my_number] = NULL;
	if (running != NULL)
		finish_job(running);
}
