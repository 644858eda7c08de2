/*
 * launcher.c
 *		Start-up in the postmaster, and the one worker that starts the others.
 *
 * The launcher has a slot per worker of the endpoint that the settings ask for,
 * and one per database and kind of work (databases.h), which is used while there
 * is such work.  A worker that ends and is still wanted is started again: at
 * once if it had lived for a while, else after a time that doubles with each
 * failure, so that a missing database fills no log.  A reload of the
 * configuration ends the waiting.
 *
 * Where the server has not enough background workers for all, those of the endpoint come
 * first, then who has waited for the longest.  Some work never ends (expiry,
 * streams): its workers have turns then, of which the longest is the first to end, at a
 * place of the worker's choice, and queue up again.  One that does not come to such a place
 * for a while keeps its own, and another one is asked.
 *
 * Workers never outlive the launcher: it ends them when it ends, and asks twice
 * when the server shuts down, so that a long request does not hold that up.
 * Without connection to a database it stands in nobody's way, and no error of
 * the server's can end it.
 */
#include "postgres.h"

#include "access/xlog.h"
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
#include "utils/varlena.h"

#include "stream/stream.h"
#include "worker/databases.h"
#include "worker/worker.h"

PGDLLEXPORT void dynamo_launcher_main(Datum arg);

typedef struct Service
{
	const char *name;			/* of the process */
	const char *library;
	const char *function;
	BgWorkerStartTime start_time;
	int			turn;			/* seconds, of one that does not end by itself; 0: it does */
} Service;

static const Service endpoint_services[WORKER_KINDS] = {
	[WORKER_ENDPOINT] = {"dynamo endpoint", "dynamo_http", "dynamo_endpoint_main",
	BgWorkerStart_ConsistentState},
	[WORKER_SLOW] = {"dynamo endpoint slow lane", "dynamo_http", "dynamo_slow_lane_main",
	BgWorkerStart_ConsistentState},
	[WORKER_FLUSHER] = {"dynamo endpoint flusher", "dynamo_http", "dynamo_flusher_main",
	BgWorkerStart_ConsistentState},
};

/* Of each database. */
static const Service database_services[WORK_INDEXES + 1] = {
	[WORK_DISCOVERY] = {"dynamo discovery", "dynamo", "dynamo_look_main",
						BgWorkerStart_RecoveryFinished},
	[WORK_JOBS] = {"dynamo job lane", "dynamo", "dynamo_job_lane_main",
				   BgWorkerStart_RecoveryFinished},
	[WORK_STREAMS] = {"dynamo streams", "dynamo", "dynamo_stream_worker_main",
					  BgWorkerStart_RecoveryFinished, .turn = 30},
	[WORK_TTL] = {"dynamo ttl", "dynamo", "dynamo_ttl_main",
				  BgWorkerStart_RecoveryFinished, .turn = 10},
	[WORK_INDEXES] = {"dynamo index builder", "dynamo", "dynamo_index_builder_main",
					  BgWorkerStart_RecoveryFinished},
};

/* Of no database: it finds them. */
static const Service discovery_service = {
	"dynamo discovery", "dynamo", "dynamo_discovery_main", BgWorkerStart_RecoveryFinished
};

typedef struct Slot
{
	const Service *service;
	uint32		argument;		/* number among the service's workers, or OID of a database */
	WorkedDatabase *database;	/* or NULL */
	BackgroundWork work;		/* there */
	BackgroundWorkerHandle *handle; /* NULL: not running */
	bool		told_to_end;
	TimestampTz waiting_since;	/* for a place; 0: it has one, or wants none */
	TimestampTz started;
	TimestampTz asked;			/* to make room, 0: never */
	TimestampTz next_start;
	int			delay;			/* before the next start, seconds */
} Slot;

#define MIN_RESTART_DELAY	1
#define MAX_RESTART_DELAY	30
#define NO_ROOM_DELAY		5	/* before the next look for room that others have made */
#define NO_ROOM_INTERVAL	300 /* between warnings */
#define ROOM_PATIENCE		10	/* with who was asked to make room, before another one is */
/*
 * Seconds after which an end is no failure: a worker that cannot start (wrong
 * role, no such database) ends within milliseconds, one that served may be
 * ended again and again by an operator and must come back at once.
 */
#define LONG_LIFE			1
#define SHUTDOWN_GRACE		1000	/* ms for requests in hand */

char	   *worker_databases = NULL;
static int	discovery_interval = 0; /* seconds */

static shmem_request_hook_type previous_shmem_request_hook = NULL;
static shmem_startup_hook_type previous_shmem_startup_hook = NULL;

/*
 * Those of the endpoint, the discovery's, and those of databases: of these the last kind
 * of work first, since expiry, which goes on, would keep what it needs from its place.
 */
static Slot *slots;
static int	nslots;
static int	nendpoint_slots;
static Slot **queue;			/* those that wait for a place (room for all) */
static TimestampTz next_discovery = 0;
static TimestampTz no_room_until = 0;

static void define_settings(void);
static void request_shmem(void);
static void init_shmem(void);
static void register_launcher(void);

void
worker_init(void)
{
	endpoint_settings_init();
	define_settings();
	index_builder_settings_init();

	if (!process_shared_preload_libraries_in_progress || !IsPostmasterEnvironment)
		return;
	previous_shmem_request_hook = shmem_request_hook;
	shmem_request_hook = request_shmem;
	previous_shmem_startup_hook = shmem_startup_hook;
	shmem_startup_hook = init_shmem;
	durability_init();
	if (IsBinaryUpgrade)
		return;
	if (endpoint_port != 0)
		(void) endpoint_open_sockets();
	databases_init();
	register_launcher();
}

static bool
check_databases(char **newval, void **extra, GucSource source)
{
	char	   *copy = pstrdup(*newval);
	List	   *names;
	bool		valid = SplitGUCList(copy, ',', &names);

	if (!valid)
		GUC_check_errdetail("List syntax is invalid.");
	list_free(names);
	pfree(copy);				/* the postmaster would keep it */
	return valid;
}

static void
define_settings(void)
{
	DefineCustomStringVariable("dynamo.databases",
							   "Databases that background workers look after; * means all that have the extension.",
							   NULL, &worker_databases, "*", PGC_SIGHUP, 0,
							   check_databases, NULL, NULL);
	ttl_settings_init();
	DefineCustomIntVariable("dynamo.discovery_interval",
							"Time between looks for databases with something to do that nobody has announced.",
							NULL, &discovery_interval, 60, 1, 24 * 3600, PGC_SIGHUP,
							GUC_UNIT_S, NULL, NULL, NULL);
}

static void
request_shmem(void)
{
	if (previous_shmem_request_hook)
		previous_shmem_request_hook();
	RequestAddinShmemSpace(endpoint_shmem_size());
	RequestAddinShmemSpace(databases_shmem_size());
	RequestAddinShmemSpace(durability_shmem_size());
	RequestAddinShmemSpace(statistics_shmem_size());
	RequestAddinShmemSpace(stream_shmem_size());
}

static void
init_shmem(void)
{
	if (previous_shmem_startup_hook)
		previous_shmem_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	endpoint_shmem_init();
	if (!IsBinaryUpgrade)
		databases_shmem_init();
	durability_shmem_init();
	statistics_shmem_init();
	stream_shmem_init();
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

/* ---- the launcher ---- */

static void make_slots(void);
static void forget_failures(void);
static long look_after_discovery(TimestampTz now);
static void look_after_databases(void);
static long look_after_slots(TimestampTz now);
static int	queue_up(TimestampTz now);
static bool is_wanted(const Slot *slot);
static bool discovery_runs(void);
static void note_end(Slot *slot, TimestampTz now);
static void start_worker(Slot *slot, TimestampTz now);
static void note_no_room(Slot *slot, const char *name, TimestampTz now);
static void make_room(int places, TimestampTz now);
static void end_workers(int code, Datum arg);
static int	signal_workers(int signal);

static inline long
earlier(long a, long b)
{
	return a < 0 ? b : b < 0 ? a : Min(a, b);
}

void
dynamo_launcher_main(Datum arg)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	/* How the postmaster tells that a worker has ended; ignored without a database. */
	pqsignal(SIGUSR1, procsignal_sigusr1_handler);
	BackgroundWorkerUnblockSignals();

	stream_drop_slots_of_standby();
	make_slots();
	before_shmem_exit(end_workers, 0);
	databases_shared->launcher = MyProc;
	for (;;)
	{
		TimestampTz now = GetCurrentTimestamp();
		long		timeout = look_after_discovery(now);

		look_after_databases();
		timeout = earlier(timeout, look_after_slots(now));
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
			forget_failures();
			next_discovery = 0;
		}
	}
}

static void
make_slots(void)
{
	Slot	   *slot;

	for (int kind = 0; kind < WORKER_KINDS; kind++)
		nendpoint_slots += endpoint_nlisten > 0 ? endpoint_worker_count(kind) : 0;
	nslots = nendpoint_slots + 1 + MAX_DATABASES * BACKGROUND_WORKS;
	slots = MemoryContextAllocZero(TopMemoryContext, nslots * sizeof(Slot));
	queue = MemoryContextAllocZero(TopMemoryContext, nslots * sizeof(Slot *));
	slot = slots;
	for (int kind = 0; slot < slots + nendpoint_slots; kind++)
		for (int i = 0; i < endpoint_worker_count(kind); i++, slot++)
		{
			slot->service = &endpoint_services[kind];
			slot->argument = i;
		}
	(slot++)->service = &discovery_service;
	for (int i = 0; i < MAX_DATABASES; i++)
		for (int work = BACKGROUND_WORKS - 1; work >= 0; work--, slot++)
		{
			slot->service = &database_services[Min(work, WORK_INDEXES)];
			slot->database = &databases_shared->databases[i];
			slot->work = work;
		}
}

static void
forget_failures(void)
{
	for (int i = 0; i < nslots; i++)
		slots[i].delay = slots[i].next_start = 0;
}

/* ---- databases ---- */

static Slot *
slot_of(int database, BackgroundWork work)
{
	return &slots[nendpoint_slots + 1 + (database + 1) * BACKGROUND_WORKS - 1 - work];
}

/* Has the databases listed when it is time; ms until the next time. */
static long
look_after_discovery(TimestampTz now)
{
	if (now >= next_discovery || next_discovery > now + discovery_interval * USECS_PER_SEC)
	{
		pg_atomic_write_u32(&databases_shared->discovery_wanted, 1);
		next_discovery = now + discovery_interval * USECS_PER_SEC;
	}
	return TimestampDifferenceMilliseconds(now, next_discovery) + 1;
}

/* Ends the workers that are not to be there, and tells who waits for that. */
static void
look_after_databases(void)
{
	for (int i = 0; i < MAX_DATABASES; i++)
	{
		WorkedDatabase *database = &databases_shared->databases[i];
		bool		gone = pg_atomic_read_u32(&database->gone) != 0;

		if (!OidIsValid(pg_atomic_read_u32(&database->oid)))
			continue;
		for (int work = 0; work < BACKGROUND_WORKS; work++)
		{
			Slot	   *slot = slot_of(i, work);

			if (slot->handle == NULL || slot->told_to_end ||
				(!gone && pg_atomic_read_u32(&database->holds) == 0))
				continue;
			TerminateBackgroundWorker(slot->handle);
			slot->told_to_end = true;
		}
		if (gone && pg_atomic_read_u32(&database->running) == 0)
			worked_database_free(database);
	}
}

/* ---- slots ---- */

/* Starts what is not running; the time in ms until there is more to do, or -1. */
static long
look_after_slots(TimestampTz now)
{
	int			n = queue_up(now);
	int			without_place = 0;
	bool		looks = discovery_runs();
	long		timeout = -1;

	for (int i = 0; i < n; i++)
	{
		Slot	   *slot = queue[i];
		bool		is_look = slot->database != NULL && slot->work == WORK_DISCOVERY;

		if (slot->next_start > now)
		{
			timeout = earlier(timeout,
							  TimestampDifferenceMilliseconds(now, slot->next_start) + 1);
			continue;
		}
		if (is_look && looks)
			continue;			/* (databases are looked at one after another) */
		looks |= is_look;
		if (no_room_until <= now)
			start_worker(slot, now);
		if (no_room_until > now)
			without_place++;
	}
	if (without_place > 0)
	{
		make_room(without_place, now);
		timeout = earlier(timeout, TimestampDifferenceMilliseconds(now, no_room_until) + 1);
	}
	return timeout;
}

/* The endpoint and the discovery of databases before databases, then by time. */
static int
compare_places(const void *a, const void *b)
{
	const Slot *left = *(Slot *const *) a;
	const Slot *right = *(Slot *const *) b;

	if ((left->database == NULL) != (right->database == NULL))
		return left->database == NULL ? -1 : 1;
	if (left->waiting_since != right->waiting_since)
		return left->waiting_since < right->waiting_since ? -1 : 1;
	return left < right ? -1 : left > right;
}

/* Fills the queue; how many are in it. */
static int
queue_up(TimestampTz now)
{
	int			n = 0;

	no_room_until = Min(no_room_until, now + NO_ROOM_DELAY * USECS_PER_SEC);
	for (int i = 0; i < nslots; i++)
	{
		Slot	   *slot = &slots[i];
		pid_t		pid;

		if (slot->handle != NULL &&
			GetBackgroundWorkerPid(slot->handle, &pid) == BGWH_STOPPED)
			note_end(slot, now);
		/* (the clock may have been set back) */
		slot->started = Min(slot->started, now);
		slot->asked = Min(slot->asked, now);
		slot->next_start = Min(slot->next_start, now + MAX_RESTART_DELAY * USECS_PER_SEC);
		if (slot->handle != NULL)
			continue;
		if (!is_wanted(slot))
			slot->waiting_since = 0;
		else
		{
			if (slot->waiting_since == 0)
				slot->waiting_since = now;
			queue[n++] = slot;
		}
	}
	qsort(queue, n, sizeof(Slot *), compare_places);
	return n;
}

static bool
is_wanted(const Slot *slot)
{
	WorkedDatabase *database = slot->database;

	if (slot->service == &discovery_service)
		return pg_atomic_read_u32(&databases_shared->discovery_wanted) != 0;
	if (database == NULL)
		return true;
	return OidIsValid(pg_atomic_read_u32(&database->oid)) &&
		pg_atomic_read_u32(&database->wanted[slot->work]) != 0 &&
		pg_atomic_read_u32(&database->gone) == 0 &&
		pg_atomic_read_u32(&database->holds) == 0;
}

static bool
discovery_runs(void)
{
	for (int i = 0; i < MAX_DATABASES; i++)
		if (slot_of(i, WORK_DISCOVERY)->handle != NULL)
			return true;
	return false;
}

static void
note_end(Slot *slot, TimestampTz now)
{
	pfree(slot->handle);
	slot->handle = NULL;
	slot->told_to_end = false;
	slot->asked = 0;
	no_room_until = 0;
	if (slot->database != NULL &&
		pg_atomic_sub_fetch_u32(&slot->database->running, 1) == 0)
		ConditionVariableBroadcast(&databases_shared->stopped);
	if (now - slot->started >= LONG_LIFE * USECS_PER_SEC || !is_wanted(slot))
		slot->delay = 0;
	slot->next_start = now + slot->delay * USECS_PER_SEC;
	slot->delay = Min(Max(slot->delay * 2, MIN_RESTART_DELAY), MAX_RESTART_DELAY);
}

/*
 * Counts a worker that is about to be started; false if a command has got hold of
 * the database meanwhile, which counts on there being none.
 */
static bool
announce_start(Slot *slot)
{
	if (slot->database == NULL)
		return true;
	slot->argument = pg_atomic_read_u32(&slot->database->oid);
	pg_atomic_fetch_add_u32(&slot->database->running, 1);	/* (a full barrier) */
	if (pg_atomic_read_u32(&slot->database->holds) == 0)
		return true;
	pg_atomic_fetch_sub_u32(&slot->database->running, 1);
	ConditionVariableBroadcast(&databases_shared->stopped);
	return false;
}

static void
start_worker(Slot *slot, TimestampTz now)
{
	BackgroundWorker worker = {
		.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION,
		.bgw_start_time = slot->service->start_time,
		.bgw_restart_time = BGW_NEVER_RESTART,
		.bgw_notify_pid = MyProcPid,
	};

	if (!announce_start(slot))
		return;
	worker.bgw_main_arg = UInt32GetDatum(slot->argument);
	memcpy(worker.bgw_extra, &slot->work, sizeof(slot->work));
	snprintf(worker.bgw_name, BGW_MAXLEN, "%s %u", slot->service->name, slot->argument);
	strlcpy(worker.bgw_type, slot->service->name, BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, slot->service->library, BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, slot->service->function, BGW_MAXLEN);

	if (slot->database != NULL)
		pg_atomic_write_u32(&slot->database->turn_over[slot->work], 0);
	slot->started = now;
	if (RegisterDynamicBackgroundWorker(&worker, &slot->handle))
		slot->waiting_since = 0;
	else
		note_no_room(slot, worker.bgw_name, now);
}

/* All are tried again soon, and as soon as a worker ends; told now and then, for all of them. */
static void
note_no_room(Slot *slot, const char *name, TimestampTz now)
{
	static TimestampTz last_told = 0;

	if (slot->database != NULL &&
		pg_atomic_sub_fetch_u32(&slot->database->running, 1) == 0)
		ConditionVariableBroadcast(&databases_shared->stopped);
	no_room_until = now + NO_ROOM_DELAY * USECS_PER_SEC;
	if (last_told != 0 && now - last_told < NO_ROOM_INTERVAL * USECS_PER_SEC)
		return;
	last_told = now;
	ereport(WARNING,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("no background worker is left for \"%s\"", name),
			 errhint("Beside those of others, %d background workers are needed for the launcher and the endpoint, and up to %d for each database with something to do; increase max_worker_processes.",
					 nendpoint_slots + 1, WORK_INDEXES + index_builders)));
}

/* A worker that was asked to may be in the middle of something that takes its time. */
static bool
makes_room(const Slot *slot, TimestampTz now)
{
	return slot->told_to_end ||
		(slot->asked != 0 && now - slot->asked < ROOM_PATIENCE * USECS_PER_SEC);
}

/* Of those that have had their turn the one whose turn is the longest, or NULL. */
static Slot *
longest_turn(TimestampTz now)
{
	Slot	   *longest = NULL;

	for (int i = 0; i < nslots; i++)
	{
		Slot	   *slot = &slots[i];

		if (slot->handle != NULL && slot->service->turn > 0 && !slot->told_to_end && slot->asked == 0 &&
			now - slot->started >= slot->service->turn * USECS_PER_SEC &&
			(longest == NULL || slot->started < longest->started))
			longest = slot;
	}
	return longest;
}

/* Ends turns until so many places will be there, if there are such turns. */
static void
make_room(int places, TimestampTz now)
{
	Slot	   *slot;

	for (int i = 0; i < nslots; i++)
		if (slots[i].handle != NULL && makes_room(&slots[i], now))
			places--;
	while (places-- > 0 && (slot = longest_turn(now)) != NULL)
	{
		slot->asked = now;
		ereport(DEBUG1,
				(errmsg_internal("\"%s %u\" is to make room", slot->service->name, slot->argument)));
		background_work_end_turn(slot->database, slot->work);
	}
}

/* ---- the end ---- */

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
	for (int i = 0; i < MAX_DATABASES; i++)
		pg_atomic_write_u32(&databases_shared->databases[i].running, 0);
	ConditionVariableBroadcast(&databases_shared->stopped);
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
