/*
 * server.c
 *		The endpoint's workers: start, loop, end.
 *
 * One loop waits for everything: the library's epoll descriptor, the listening
 * sockets, connections from other workers, the latch, the postmaster's death.
 * Requests run inside the library's handler, one at a time.
 *
 * SIGTERM lets the request in hand finish, then replies on their way are sent
 * and the worker exits with 1; SIGINT cancels the request in hand, if any.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/sinval.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "common/compat.h"
#include "http/http.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void dynamo_endpoint_main(Datum arg);

#define MAX_EVENTS		(4 + MAX_LISTEN_SOCKETS)
#define RUNS_PER_WAKEUP	4		/* before connections are looked after again */
#define FAREWELL		500		/* ms for replies to leave at the end */
#define FAREWELL_NAP	20
#define STATISTICS_NAP	1000	/* ms until what has been counted is reported */

/* A request that needs a lock for longer goes to the slow lane. */
#define PATIENCE_FOR_LOCKS "10ms"

/* What a socket event is about. */
static char library_event;
static char handover_event;

static struct MHD_Daemon *http;
static bool statistics_pending;

static void connect_to_database(void);
static void reload_settings(void);
static void publish_worker(void);
static WaitEventSet *make_event_set(void);
static void serve(WaitEventSet *events);
static long sooner(long one, long other);
static long next_timeout(long deadline);
static void run_library(void);
static void say_farewell(void);

void
dynamo_endpoint_main(Datum arg)
{
	my_number = DatumGetInt32(arg);
	begin_worker("dynamo endpoint");
	if (endpoint_slow_workers > 0)
		SetConfigOption("lock_timeout", PATIENCE_FOR_LOCKS, PGC_SUSET, PGC_S_OVERRIDE);
	publish_worker();
	loop_time = GetCurrentTimestamp();
	http = protocol_start();
	connections_init(http);
	lane_init();
	serve(make_event_set());
}

/* ---- start ---- */

void
begin_worker(const char *name)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	pqsignal(SIGINT, StatementCancelHandler);
	BackgroundWorkerUnblockSignals();
	connect_to_database();
	execute_init();
	pgstat_report_appname(name);
	pgstat_report_activity(STATE_IDLE, NULL);
}

static void
connect_to_database(void)
{
	BackgroundWorkerInitializeConnection(endpoint_database, endpoint_role, 0);
	StartTransactionCommand();
	if (superuser())
		ereport(FATAL,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the endpoint does not connect as the superuser \"%s\"",
						endpoint_role),
				 errhint("Set dynamo.endpoint_role to a role with no more than the privileges that requests need.")));
	CommitTransactionCommand();
	/* Lost races are told by conditions, not by snapshots. */
	SetConfigOption("default_transaction_isolation", "read committed", PGC_SUSET,
					PGC_S_OVERRIDE);
}

void
worker_serve_interrupts(void)
{
	QueryCancelPending = false; /* it came too late, or too early */
	CHECK_FOR_INTERRUPTS();
	if (catchupInterruptPending)
		ProcessCatchupInterrupt();
	if (ConfigReloadPending)
		reload_settings();
}

/* A worker that is to serve another database, or as another role, starts anew. */
static void
reload_settings(void)
{
	char	   *database = pstrdup(endpoint_database);
	char	   *role = pstrdup(endpoint_role);

	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	if (strcmp(database, endpoint_database) != 0 || strcmp(role, endpoint_role) != 0)
		ShutdownRequestPending = true;
	pfree(database);
	pfree(role);
}

static void
unpublish_worker(int code, Datum arg)
{
	endpoint_shared->workers[my_number].proc = NULL;
}

static void
publish_worker(void)
{
	endpoint_shared->workers[my_number].proc = MyProc;
	on_shmem_exit(unpublish_worker, 0);
}

static WaitEventSet *
make_event_set(void)
{
	WaitEventSet *events = compat_wait_event_set(MAX_EVENTS);
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(http, MHD_DAEMON_INFO_EPOLL_FD);

	AddWaitEventToSet(events, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(events, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	AddWaitEventToSet(events, WL_SOCKET_READABLE, info->epoll_fd, NULL, &library_event);
	AddWaitEventToSet(events, WL_SOCKET_READABLE, endpoint_handover[my_number][0], NULL,
					  &handover_event);
	for (int i = 0; i < endpoint_nlisten; i++)
		AddWaitEventToSet(events, WL_SOCKET_READABLE, endpoint_listen_sockets[i], NULL,
						  &endpoint_listen_sockets[i]);
	return events;
}

/* ---- the loop ---- */

static void
handle_socket(void *what)
{
	if (what == &handover_event)
		connections_receive();
	else if (what != &library_event)
		connections_accept(*(int *) what);
}

/*
 * Whatever the latch may have been set for.  Done whenever the loop comes
 * around, since a request that waits for a lock resets the latch too.
 */
static void
look_around(void)
{
	worker_serve_interrupts();
	if (ShutdownRequestPending)
		say_farewell();
	lane_collect();
	flush_release();
	flush_request();
}

static void
serve(WaitEventSet *events)
{
	long		deadline = -1;

	for (;;)
	{
		WaitEvent	occurred[MAX_EVENTS];
		int			n = WaitEventSetWait(events, next_timeout(deadline), occurred, MAX_EVENTS,
										 PG_WAIT_EXTENSION);

		loop_time = GetCurrentTimestamp();
		if (n == 0 && statistics_pending)
			statistics_pending = pgstat_report_stat(false) > 0;
		for (int i = 0; i < n; i++)
		{
			if (occurred[i].events & WL_LATCH_SET)
				ResetLatch(MyLatch);
			else if (occurred[i].user_data != NULL)
				handle_socket(occurred[i].user_data);
		}
		look_around();
		run_library();
		look_around();
		deadline = sooner(connections_expire(), sooner(flush_expire(), lane_expire()));
	}
}

/* Of two timeouts in ms; negative ones are none. */
static long
sooner(long one, long other)
{
	if (one < 0 || other < 0)
		return Max(one, other);
	return Min(one, other);
}

static long
next_timeout(long deadline)
{
	MHD_UNSIGNED_LONG_LONG library;
	long		timeout = deadline;

	if (MHD_get_timeout(http, &library) == MHD_YES)
		timeout = sooner(timeout, (long) library);
	if (statistics_pending)
		timeout = sooner(timeout, STATISTICS_NAP);
	return exchanges_resumed ? 0 : timeout;
}

static void
run_library(void)
{
	MHD_UNSIGNED_LONG_LONG timeout;

	exchanges_resumed = false;
	for (int i = 0; i < RUNS_PER_WAKEUP; i++)
	{
		MHD_run(http);
		if (ShutdownRequestPending ||
			MHD_get_timeout(http, &timeout) != MHD_YES || timeout > 0)
			break;
	}
	connections_settle();
	statistics_pending = true;
}

/* ---- the end ---- */

/* Sends what is on its way, then closes all connections and exits. */
static void
say_farewell(void)
{
	TimestampTz patience = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), FAREWELL);
	MHD_UNSIGNED_LONG_LONG timeout;

	for (;;)
	{
		lane_collect();
		flush_finish();
		MHD_run(http);
		if (GetCurrentTimestamp() >= patience)
			break;
		if (MHD_get_timeout(http, &timeout) == MHD_YES && timeout == 0)
			continue;
		if (lane_outstanding() == 0 && flush_outstanding() == 0)
			break;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 FAREWELL_NAP, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
	/* (the library must not be stopped while it has a suspended connection) */
	lane_abandon();
	flush_abandon();
	MHD_run(http);
	MHD_stop_daemon(http);
	proc_exit(1);				/* 0 would mean: not to be started again */
}
