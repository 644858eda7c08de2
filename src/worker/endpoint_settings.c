/*
 * endpoint_settings.c
 *		The settings of the endpoint and of what watches it.
 *
 * Those that decide about sockets and processes are fixed at server start.  A
 * library that is loaded later defines them too, so that the same
 * configuration file is valid for it; they have no effect there.
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <limits.h>
#include <unistd.h>

#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/varlena.h"

#include "worker/worker.h"

int			endpoint_port = 0;
char	   *endpoint_listen_addresses = NULL;
int			endpoint_workers = 0;
int			endpoint_slow_workers = 0;
char	   *endpoint_database = NULL;
char	   *endpoint_role = NULL;
int			endpoint_max_body = 0;
int			endpoint_max_connections = 0;
int			endpoint_request_timeout = 0;
int			endpoint_transfer_timeout = 0;
int			endpoint_idle_timeout = 0;
int			endpoint_commit = COMMIT_DEFERRED;
int			slow_request_time = -1;

#define DEFAULT_MAX_WORKERS 4

static const struct config_enum_entry commit_options[] = {
	{"plain", COMMIT_PLAIN, false},
	{"deferred", COMMIT_DEFERRED, false},
	{NULL, 0, false}
};

/* Numeric addresses only, and "localhost": nothing is to depend on a resolver. */
static bool
address_is_loopback(const char *address)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (strcmp(address, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, address, &v4) == 1)
		return (ntohl(v4.s_addr) >> 24) == 127;
	return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static bool
check_listen_addresses(char **newval, void **extra, GucSource source)
{
	char	   *copy = pstrdup(*newval);
	List	   *addresses;
	ListCell   *cell;

	if (!SplitGUCList(copy, ',', &addresses) || addresses == NIL)
	{
		GUC_check_errdetail("List syntax is invalid.");
		return false;
	}
	if (list_length(addresses) > MAX_LISTEN_SOCKETS)
	{
		GUC_check_errdetail("There can be %d addresses at most.", MAX_LISTEN_SOCKETS);
		return false;
	}
	foreach(cell, addresses)
	{
		if (address_is_loopback(lfirst(cell)))
			continue;
		GUC_check_errdetail("\"%s\" is no loopback address.", (char *) lfirst(cell));
		GUC_check_errhint("Requests are not authenticated yet, so the endpoint listens on loopback addresses only, such as 127.0.0.1 or ::1. Put a proxy that authenticates in front of it to serve others.");
		return false;
	}
	return true;
}

int
endpoint_worker_count(WorkerKind kind)
{
	/* (asked first in the postmaster, which makes sockets for so many: more may come later) */
	static int	cores = 0;

	if (endpoint_port == 0)
		return 0;
	switch (kind)
	{
		case WORKER_ENDPOINT:
			if (endpoint_workers > 0)
				return endpoint_workers;
			if (cores == 0)
				cores = Max(1, (int) sysconf(_SC_NPROCESSORS_ONLN));
			return Min(DEFAULT_MAX_WORKERS, cores);
		case WORKER_SLOW:
			return endpoint_slow_workers;
		case WORKER_FLUSHER:
			return 1;			/* dynamo.endpoint_commit may change */
		case WORKER_KINDS:
			break;
	}
	return 0;
}

static void
define_integer(const char *name, const char *description, int *variable, int value,
			   int min, int max, GucContext context, int flags)
{
	DefineCustomIntVariable(name, description, NULL, variable, value, min, max, context,
							flags, NULL, NULL, NULL);
}

void
endpoint_settings_init(void)
{
	GucContext	at_start = process_shared_preload_libraries_in_progress ?
		PGC_POSTMASTER : PGC_SIGHUP;

	define_integer("dynamo.endpoint_port",
				   "TCP port of the HTTP endpoint; 0 means that there is none.",
				   &endpoint_port, 0, 0, 65535, at_start, 0);
	DefineCustomStringVariable("dynamo.endpoint_listen_addresses",
							   "Addresses that the HTTP endpoint listens on.",
							   NULL, &endpoint_listen_addresses, "127.0.0.1",
							   at_start, GUC_LIST_INPUT, check_listen_addresses, NULL, NULL);
	define_integer("dynamo.endpoint_workers",
				   "Number of workers that serve the endpoint's connections; 0 means one per core, four at most.",
				   &endpoint_workers, 0, 0, MAX_ENDPOINT_WORKERS, at_start, 0);
	define_integer("dynamo.endpoint_slow_workers",
				   "Number of workers for requests that wait for locks.",
				   &endpoint_slow_workers, 2, 0, MAX_SLOW_WORKERS, at_start, 0);
	DefineCustomStringVariable("dynamo.endpoint_database",
							   "Database that the endpoint serves.",
							   NULL, &endpoint_database, "dynamo", PGC_SIGHUP, 0,
							   NULL, NULL, NULL);
	DefineCustomStringVariable("dynamo.endpoint_role",
							   "Role as which the endpoint connects; no superuser.",
							   NULL, &endpoint_role, "dynamo_endpoint", PGC_SIGHUP, 0,
							   NULL, NULL, NULL);
	define_integer("dynamo.endpoint_max_body",
				   "Largest request body, as sent and after decompression.",
				   &endpoint_max_body, 16 * 1024, 1, 1024 * 1024, PGC_SIGHUP, GUC_UNIT_KB);
	define_integer("dynamo.endpoint_max_connections",
				   "Number of connections to the endpoint; others are refused.",
				   &endpoint_max_connections, 1000, 1, 30000, PGC_SIGHUP, 0);
	define_integer("dynamo.endpoint_request_timeout",
				   "Time after which a request is cancelled; 0 means never.",
				   &endpoint_request_timeout, 30000, 0, INT_MAX, PGC_SIGHUP, GUC_UNIT_MS);
	define_integer("dynamo.endpoint_transfer_timeout",
				   "Time in which a request must arrive, and its reply be taken.",
				   &endpoint_transfer_timeout, 60000, 100, INT_MAX, PGC_SIGHUP, GUC_UNIT_MS);
	define_integer("dynamo.endpoint_idle_timeout",
				   "Time after which a connection without a request is closed.",
				   &endpoint_idle_timeout, 75000, 100, INT_MAX, PGC_SIGHUP, GUC_UNIT_MS);
	DefineCustomEnumVariable("dynamo.endpoint_commit",
							 "How the endpoint makes writes durable before it acknowledges them.",
							 NULL, &endpoint_commit, COMMIT_DEFERRED, commit_options,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
	define_integer("dynamo.slow_request_time",
				   "Time from which a request to the endpoint is logged; -1 means never.",
				   &slow_request_time, -1, -1, INT_MAX, PGC_SIGHUP, GUC_UNIT_MS);
}
