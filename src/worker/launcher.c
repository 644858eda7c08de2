/*
 * launcher.c
 *		Start-up in the postmaster, and the one worker that starts the others.
 *
 * The launcher has a slot per worker that the settings ask for.  A worker that
 * ends is started again: at once if it had lived for a while, else after a
 * time that doubles with each failure, so that a missing database fills no log.
 * A reload of the configuration ends the waiting.
 *
 * Workers never outlive the launcher: it ends them when it ends, and asks twice
 * when the server shuts down, so that a long request does not hold that up.
 * Without connection to a database it stands in nobody's way.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/procsignal.h"
#include "storage/shmem.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "worker/worker.h"

PGDLLEXPORT void dynamo_launcher_main(Datum arg);

/* What the launcher starts; TTL is one more row. */
typedef struct Service
{
	const char *name;			/* of the process */
	const char *library;
	const char *function;
	WorkerKind	kind;
	BgWorkerStartTime start_time;
} Service;

static const Service services[WORKER_KINDS] = {
	{"dynamo endpoint", "dynamo_http", "dynamo_endpoint_main", WORKER_ENDPOINT,
	BgWorkerStart_ConsistentState},
	{"dynamo endpoint slow lane", "dynamo_http", "dynamo_slow_lane_main", WORKER_SLOW,
	BgWorkerStart_ConsistentState},
	{"dynamo endpoint flusher", "dynamo_http", "dynamo_flusher_main", WORKER_FLUSHER,
	BgWorkerStart_ConsistentState},
	{"dynamo job lane", "dynamo_http", "dynamo_job_lane_main", WORKER_JOBS,
	BgWorkerStart_RecoveryFinished},
};

typedef struct Slot
{
	const Service *service;
	int			number;			/* among the service's workers */
	BackgroundWorkerHandle *handle; /* NULL: not running */
	TimestampTz started;
	TimestampTz next_start;
	int			delay;			/* before the next start, seconds */
} Slot;

#define MIN_RESTART_DELAY	1
#define MAX_RESTART_DELAY	30
/*
 * Seconds after which an end is no failure: a worker that cannot start (wrong
 * role, no such database) ends within milliseconds, one that served may be
 * ended again and again by an operator and must come back at once.
 */
#define LONG_LIFE			1
#define SHUTDOWN_GRACE		1000	/* ms for requests in hand */

static shmem_request_hook_type previous_shmem_request_hook = NULL;
static shmem_startup_hook_type previous_shmem_startup_hook = NULL;
static Slot *slots;
static int	nslots;

static void request_shmem(void);
static void init_shmem(void);
static void register_launcher(void);

void
worker_init(void)
{
	endpoint_settings_init();

	if (!process_shared_preload_libraries_in_progress || !IsPostmasterEnvironment)
		return;
	previous_shmem_request_hook = shmem_request_hook;
	shmem_request_hook = request_shmem;
	previous_shmem_startup_hook = shmem_startup_hook;
	shmem_startup_hook = init_shmem;
	durability_init();
	if (endpoint_port != 0 && !IsBinaryUpgrade && endpoint_open_sockets())
		register_launcher();
}

static void
request_shmem(void)
{
	if (previous_shmem_request_hook)
		previous_shmem_request_hook();
	RequestAddinShmemSpace(endpoint_shmem_size());
	RequestAddinShmemSpace(durability_shmem_size());
	RequestAddinShmemSpace(statistics_shmem_size());
}

static void
init_shmem(void)
{
	if (previous_shmem_startup_hook)
		previous_shmem_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	endpoint_shmem_init();
	durability_shmem_init();
	statistics_shmem_init();
	LWLockRelease(AddinShmemInitLock);
}

static void
register_launcher(void)
{
	BackgroundWorker worker = {
		.bgw_flags = BGWORKER_SHMEM_ACCESS,
		.bgw_start_time = BgWorkerStart_ConsistentState,
		.bgw_restart_time = MIN_RESTART_DELAY,
	};

	strlcpy(worker.bgw_name, "dynamo launcher", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "dynamo launcher", BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "dynamo", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "dynamo_launcher_main", BGW_MAXLEN);
	RegisterBackgroundWorker(&worker);
}

/* ---- the job lane, as others see it ---- */

void
job_lane_request(void)
{
	pg_atomic_write_u32(&endpoint_shared->jobs_wanted, 1);
	pg_memory_barrier();
	if (endpoint_shared->launcher != NULL)
		SetLatch(&endpoint_shared->launcher->procLatch);
}

void
job_lane_begin(void)
{
	pg_atomic_write_u32(&endpoint_shared->jobs_wanted, 0);
	pg_memory_barrier();
}

/* ---- the launcher ---- */

static void make_slots(void);
static long look_after_slots(void);
static bool is_wanted(const Slot *slot);
static void note_end(Slot *slot, TimestampTz now);
static void start_worker(Slot *slot, TimestampTz now);
static void end_workers(int code, Datum arg);
static int	signal_workers(int signal);

void
dynamo_launcher_main(Datum arg)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	/* How the postmaster tells that a worker has ended; ignored without a database. */
	pqsignal(SIGUSR1, procsignal_sigusr1_handler);
	BackgroundWorkerUnblockSignals();

	make_slots();
	before_shmem_exit(end_workers, 0);
	endpoint_shared->launcher = MyProc;
	for (;;)
	{
		long		timeout = look_after_slots();

		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH |
						 (timeout >= 0 ? WL_TIMEOUT : 0),
						 timeout, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (ShutdownRequestPending)
			proc_exit(1);		/* not 0: that would be the end for good */
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
			for (int i = 0; i < nslots; i++)
				slots[i].delay = slots[i].next_start = 0;
		}
	}
}

static void
make_slots(void)
{
	for (int kind = 0; kind < WORKER_KINDS; kind++)
		nslots += endpoint_worker_count(kind);
	slots = MemoryContextAllocZero(TopMemoryContext, nslots * sizeof(Slot));
	nslots = 0;
	for (int kind = 0; kind < WORKER_KINDS; kind++)
		for (int i = 0; i < endpoint_worker_count(kind); i++)
		{
			slots[nslots].service = &services[kind];
			slots[nslots].number = i;
			nslots++;
		}
}

/* Starts what is not running; the time in ms until there is more to do, or -1. */
static long
look_after_slots(void)
{
	TimestampTz now = GetCurrentTimestamp();
	long		timeout = -1;

	for (int i = 0; i < nslots; i++)
	{
		Slot	   *slot = &slots[i];
		pid_t		pid;

		if (slot->handle != NULL &&
			GetBackgroundWorkerPid(slot->handle, &pid) == BGWH_STOPPED)
			note_end(slot, now);
		if (slot->handle == NULL && !is_wanted(slot))
			continue;
		if (slot->handle == NULL && slot->next_start <= now)
			start_worker(slot, now);
		if (slot->handle == NULL)
		{
			long		wait = TimestampDifferenceMilliseconds(now, slot->next_start) + 1;

			timeout = timeout < 0 ? wait : Min(timeout, wait);
		}
	}
	return timeout;
}

/* The job lane ends when it has nothing to do. */
static bool
is_wanted(const Slot *slot)
{
	return slot->service->kind != WORKER_JOBS ||
		pg_atomic_read_u32(&endpoint_shared->jobs_wanted) != 0;
}

static void
note_end(Slot *slot, TimestampTz now)
{
	pfree(slot->handle);
	slot->handle = NULL;
	if (now - slot->started >= LONG_LIFE * USECS_PER_SEC || !is_wanted(slot))
		slot->delay = 0;
	slot->next_start = now + slot->delay * USECS_PER_SEC;
	slot->delay = Min(Max(slot->delay * 2, MIN_RESTART_DELAY), MAX_RESTART_DELAY);
}

static void
start_worker(Slot *slot, TimestampTz now)
{
	BackgroundWorker worker = {
		.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
		.bgw_start_time = slot->service->start_time,
		.bgw_restart_time = BGW_NEVER_RESTART,
		.bgw_main_arg = Int32GetDatum(slot->number),
		.bgw_notify_pid = MyProcPid,
	};

	snprintf(worker.bgw_name, BGW_MAXLEN, "%s %d", slot->service->name, slot->number);
	strlcpy(worker.bgw_type, slot->service->name, BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, slot->service->library, BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, slot->service->function, BGW_MAXLEN);

	slot->started = now;
	if (RegisterDynamicBackgroundWorker(&worker, &slot->handle))
		return;
	slot->next_start = now + MAX_RESTART_DELAY * USECS_PER_SEC;
	ereport(WARNING,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("no background worker is left for \"%s\"", worker.bgw_name),
			 errhint("The endpoint needs %d background workers beside those of others; increase max_worker_processes.",
					 nslots + 1)));
}

/*
 * Ends all workers and waits for them.  SIGTERM lets a request in hand finish;
 * SIGINT, after a while, cancels it.
 */
static void
end_workers(int code, Datum arg)
{
	TimestampTz patience = GetCurrentTimestamp() + SHUTDOWN_GRACE * INT64CONST(1000);

	(void) signal_workers(SIGTERM);
	while (signal_workers(0) > 0)
	{
		if (GetCurrentTimestamp() > patience)
			(void) signal_workers(SIGINT);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 50,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}

/* Sends the signal, if any, to all workers; how many there were. */
static int
signal_workers(int signal)
{
	int			running = 0;

	for (int i = 0; i < nslots; i++)
	{
		pid_t		pid;

		if (slots[i].handle == NULL)
			continue;
		switch (GetBackgroundWorkerPid(slots[i].handle, &pid))
		{
			case BGWH_STARTED:
				running++;
				if (signal != 0)
					kill(pid, signal);
				break;
			case BGWH_NOT_YET_STARTED:
				if (signal == SIGTERM)
					TerminateBackgroundWorker(slots[i].handle);
				break;
			default:
				break;
		}
	}
	return running;
}
