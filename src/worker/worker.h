/*
 * worker.h
 *		Background workers: the launcher that starts them, and what the
 *		endpoint's workers share.
 *
 * The postmaster loads the library (shared_preload_libraries), opens the
 * endpoint's sockets, reserves shared memory and registers one launcher; the
 * launcher starts every other worker and starts it again when it ends.  Workers
 * of the endpoint serve one database; workers of databases (databases.h) do what
 * is to be done in each.  Without preloading there are no workers and nothing is
 * counted.
 *
 * The endpoint's own code is in src/http, a library that only its workers load.
 * What must exist before they do, or must outlive them, is here.
 */
#ifndef DYNAMO_WORKER_H
#define DYNAMO_WORKER_H

#include "access/xlogdefs.h"
#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "storage/lwlock.h"
#include "storage/proc.h"

#include "api/api.h"

/* ---- settings (endpoint_settings.c, launcher.c) ---- */

extern char *worker_databases;	/* "*" or a list of names */

typedef enum EndpointCommit
{
	COMMIT_PLAIN,				/* each request waits for its own flush */
	COMMIT_DEFERRED,			/* the flusher flushes for many, replies wait */
} EndpointCommit;

extern PGDLLEXPORT int endpoint_port;	/* 0: no endpoint */
extern PGDLLEXPORT char *endpoint_listen_addresses;
extern PGDLLEXPORT int endpoint_workers;	/* 0: by the number of cores */
extern PGDLLEXPORT int endpoint_slow_workers;
extern PGDLLEXPORT char *endpoint_database;
extern PGDLLEXPORT char *endpoint_role;
extern PGDLLEXPORT int endpoint_max_body;	/* kB */
extern PGDLLEXPORT int endpoint_max_connections;
extern PGDLLEXPORT int endpoint_request_timeout;	/* ms, 0: none */
extern PGDLLEXPORT int endpoint_transfer_timeout;	/* ms */
extern PGDLLEXPORT int endpoint_idle_timeout;	/* ms */
extern PGDLLEXPORT int endpoint_commit; /* EndpointCommit */
extern PGDLLEXPORT int slow_request_time;	/* ms, -1: no log */

extern void endpoint_settings_init(void);

/* ---- start-up ---- */

/* Defines the settings; in the postmaster also opens sockets and registers the launcher. */
extern void worker_init(void);

/* ---- what the endpoint's workers share ---- */

#define MAX_ENDPOINT_WORKERS	32
#define MAX_SLOW_WORKERS		16
#define MAX_LISTEN_SOCKETS		4

typedef enum WorkerKind
{
	WORKER_ENDPOINT,			/* serves connections */
	WORKER_SLOW,				/* runs requests that may wait for locks */
	WORKER_FLUSHER,				/* flushes the log for all of them */
	WORKER_KINDS,
} WorkerKind;

/*
 * One worker that serves connections.  How many it has decides who gets the
 * next: connections + handed - taken.  The sum of the last two survives a
 * restart of the worker, as the connections in its socket pair do.
 */
typedef struct EndpointWorker
{
	PGPROC	   *proc;			/* NULL while it is not running */
	pg_atomic_uint32 connections;
	pg_atomic_uint32 handed;	/* sent to it by other workers, ever */
	pg_atomic_uint32 taken;		/* of those, received */
	pg_atomic_uint32 wants_flush;	/* waiting for the flusher */
} EndpointWorker;

/*
 * A request on its way through the slow lane.  Its state says who may touch
 * the rest: the owner while FREE, FILLING and DONE, the runner while RUNNING;
 * READY is taken by compare-and-swap.
 */
typedef enum SlowJobState
{
	SLOW_FREE,
	SLOW_FILLING,
	SLOW_READY,
	SLOW_RUNNING,
	SLOW_DONE,
} SlowJobState;

#define MAX_SLOW_JOBS			256
#define MAX_OPERATION_LENGTH	64
#define REQUEST_ID_LENGTH		52

typedef struct SlowJob
{
	pg_atomic_uint32 state;		/* SlowJobState */
	int			owner;			/* endpoint worker */
	int			runner;			/* slow worker */
	TimestampTz submitted;
	char		operation[MAX_OPERATION_LENGTH + 1];
	char		request_id[REQUEST_ID_LENGTH + 1];
	bool		gzipped;
	uint64		request;		/* dsa_pointer */
	uint64		request_length;
	uint64		reply;			/* dsa_pointer */
	uint64		reply_length;
	int			status;
	uint64		lsn;			/* the reply may not leave before this is durable */
} SlowJob;

#define SLOW_LANE_SPACE			(1024 * 1024)	/* of the DSA area, before it grows */
#define SLOW_LANE_LIMIT			(256 * 1024 * 1024)

typedef struct EndpointShared
{
	EndpointWorker workers[MAX_ENDPOINT_WORKERS];
	PGPROC	   *slow_workers[MAX_SLOW_WORKERS];
	PGPROC	   *flusher;
	pg_atomic_uint64 flush_request; /* the highest LSN somebody waits for */
	pg_atomic_uint64 durable;	/* how far the flusher has come, standbys included */
	SlowJob		jobs[MAX_SLOW_JOBS];
	int			dsa_tranche;
	char		dsa_space[SLOW_LANE_SPACE] pg_attribute_aligned(MAXIMUM_ALIGNOF);
} EndpointShared;

/* NULL unless the library is preloaded. */
extern PGDLLEXPORT EndpointShared *endpoint_shared;

/* Opened in the postmaster, so that they survive the workers. */
extern PGDLLEXPORT int endpoint_listen_sockets[MAX_LISTEN_SOCKETS];
extern PGDLLEXPORT int endpoint_nlisten;
/* By number of the worker: [0] it receives connections, [1] others send. */
extern PGDLLEXPORT int endpoint_handover[MAX_ENDPOINT_WORKERS][2];

/* Pass an open connection to the worker of this number; false if that fails. */
extern PGDLLEXPORT bool endpoint_send_socket(int worker, int fd);
/* The next connection that was passed to this worker, or -1. */
extern PGDLLEXPORT int endpoint_receive_socket(int worker);

/* How many workers of a kind the settings ask for. */
extern PGDLLEXPORT int endpoint_worker_count(WorkerKind kind);

/* SIGTERM for workers whose work may take long: it is cancelled. */
extern PGDLLEXPORT void shut_down_at_once(SIGNAL_ARGS);

/* ---- durability of what replies show (durability.c) ---- */

/* A request begins; nothing is known of it.  Then its operation is known. */
extern PGDLLEXPORT void durability_begin_request(void);
extern PGDLLEXPORT void durability_begin_operation(const char *operation);
/*
 * Up to where the log must be durable before the reply may leave, given what
 * the request has seen; its own commit, if any, is the caller's to add.
 */
extern PGDLLEXPORT XLogRecPtr durability_of_request(void);

/* ---- statistics of requests (statistics.c) ---- */

#define LATENCY_BUCKETS 16

/* Upper bounds of the histogram's buckets in microseconds; the last has none. */
extern PGDLLEXPORT const int latency_bounds[LATENCY_BUCKETS - 1];

typedef struct RequestStatistics
{
	const char *schema;			/* dynamo.schema of the request */
	const char *table;			/* "": none, or none that exists */
	const char *operation;
	uint64		outcomes[OUTCOMES];
	double		consumed_units;
	uint64		expired_items;	/* of the operation "", which has nothing else than this */
	uint64		failed_items;	/* and this */
	uint64		total_time;		/* microseconds */
	uint64		latency[LATENCY_BUCKETS];
} RequestStatistics;

/* Counts items of a table that have been deleted because their time had come, and failures. */
extern void statistics_count_expired(const char *schema, const char *table, int deleted,
									 int failed);
/* All that has been counted in this database, palloc'd; *n is 0 without preloading. */
extern PGDLLEXPORT RequestStatistics *statistics_read(int *n);

/* For worker_init(), whose files share no other header. */
extern bool endpoint_open_sockets(void);
extern Size endpoint_shmem_size(void);
extern void endpoint_shmem_init(void);
extern void ttl_settings_init(void);
extern void databases_init(void);
extern void index_builder_settings_init(void);
extern Size databases_shmem_size(void);
extern void databases_shmem_init(void);
extern void durability_init(void);
extern Size durability_shmem_size(void);
extern void durability_shmem_init(void);
extern Size statistics_shmem_size(void);
extern void statistics_shmem_init(void);

#endif							/* DYNAMO_WORKER_H */
