/*
 * http.h
 *		What the files of the endpoint share.
 *
 * This library is loaded by the endpoint's workers alone.  It calls the API
 * through api.h and knows nothing of what is behind it.
 *
 * One rule runs through all of it: no error may jump through libmicrohttpd.
 * Whatever may raise runs in execute_call(), which catches; everything else
 * that is called by the library uses malloc() and reports failure.  (An error
 * outside of execute_call() ends the process, since nothing catches it.)
 */
#ifndef DYNAMO_HTTP_H
#define DYNAMO_HTTP_H

#include <microhttpd.h>

#include "access/xlogdefs.h"
#include "lib/ilist.h"
#include "lib/stringinfo.h"

#include "api/api.h"
#include "worker/worker.h"

/* ---- one API request (execute.c) ---- */

typedef struct Call
{
	/* the request */
	const char *operation;		/* "GetItem" */
	const char *request_id;
	Bytes		body;
	bool		gzipped;
	bool		may_wait;		/* for locks */
	int			timeout;		/* ms, 0: none */

	/* the reply; its body stays until the next call */
	int			status;
	Bytes		reply;
	bool		must_wait;		/* there is none: a lock is held, nothing has been done */
	XLogRecPtr	lsn;			/* it may not leave before this is durable */
} Call;

extern void execute_init(void);
/* Runs one request in a transaction of its own.  Raises no error. */
extern void execute_call(Call *call);

/* ---- DynamoDB's forms (aws.c) ---- */

/*
 * The operation that X-Amz-Target names, in a buffer of MAX_OPERATION_LENGTH +
 * 1 bytes.  False if the target is of neither service.
 */
extern bool aws_parse_target(const char *target, char *operation);
/* Appends an error's body and returns its HTTP status. */
extern int	aws_error(StringInfo body, const ErrorData *error, RequestOutcome *outcome);
/* The body of an error that needs no more than its name. */
extern int	aws_simple_error(StringInfo body, const char *type, const char *message, int status);
extern void aws_make_request_id(char *request_id);	/* REQUEST_ID_LENGTH + 1 bytes */

/* ---- compressed bodies (gzip.c) ---- */

typedef enum GunzipResult
{
	GUNZIP_OK,
	GUNZIP_BROKEN,
	GUNZIP_TOO_LARGE,
} GunzipResult;

extern GunzipResult gunzip(Bytes compressed, size_t limit, Bytes *plain);

/* ---- connections and their deadlines (connections.c) ---- */

/*
 * What a connection is waiting for.  Each phase has a deadline of its own that
 * no single byte extends.
 */
typedef enum Phase
{
	PHASE_NONE,					/* our turn: executing, or parked */
	PHASE_IDLE,					/* for the next request */
	PHASE_RECEIVE,				/* for the rest of a request */
	PHASE_REPLY,				/* for the client to take the reply */
	PHASES,
} Phase;

typedef struct Connection
{
	dlist_node	node;			/* in the list of its phase, unless PHASE_NONE */
	Phase		phase;
	TimestampTz deadline;
	struct MHD_Connection *mhd;
	int			fd;
} Connection;

extern int	my_number;			/* among the endpoint's workers */
extern TimestampTz loop_time;	/* when the loop last woke up */

extern void connections_init(struct MHD_Daemon *daemon);
extern void connections_accept(int listen_socket);
extern void connections_receive(void);
/* After the library has run: those that it could not open count no more. */
extern void connections_settle(void);
/* How many a worker has, those on their way to it included. */
extern int	connections_of(int number);
extern Connection *connection_open(struct MHD_Connection *mhd);
extern void connection_close(Connection *connection);
extern void connection_enter(Connection *connection, Phase phase);
/* Cuts what is overdue; ms until the next deadline, or -1. */
extern long connections_expire(void);

/* ---- HTTP (protocol.c) ---- */

/* One HTTP request, from its first line to the end of its reply. */
typedef struct Exchange
{
	Connection *connection;
	bool		begun;			/* its headers have been looked at */
	bool		answered;
	bool		parked;			/* suspended: the reply comes from elsewhere */
	bool		too_large;
	bool		gzipped;
	char		operation[MAX_OPERATION_LENGTH + 1];	/* "": no target */
	char		request_id[REQUEST_ID_LENGTH + 1];
	char	   *body;			/* malloc'd */
	size_t		length;
	size_t		allocated;
	size_t		discarded;		/* of a body that is too large */

	/* while its reply is held in flush.c */
	dlist_node	node;
	dlist_node	arrival;
	TimestampTz deadline;
	struct MHD_Response *response;
	int			status;
	XLogRecPtr	lsn;
} Exchange;

extern struct MHD_Daemon *protocol_start(void);
/* Makes a response with the headers that every reply has; NULL without memory. */
extern struct MHD_Response *make_response(const char *request_id, Bytes body);

/*
 * An exchange whose reply comes from elsewhere is parked: the library leaves
 * its connection alone until it is resumed with a reply.
 */
extern void exchange_park(Exchange *exchange);
extern void exchange_resume(Exchange *exchange, int status, struct MHD_Response *response);
/* Has any been resumed that the library, to be run for it, has not seen yet? */
extern bool exchanges_resumed;
/* Resumes with an error that SDKs retry: nothing was done; or, it may have been. */
extern void exchange_resume_unavailable(Exchange *exchange);
extern void exchange_resume_failed(Exchange *exchange, const char *message);

/* ---- the slow lane (lane.c) ---- */

extern void lane_init(void);
/*
 * Hands a request to a slow worker and parks it.  False if there is no room, or
 * no slow worker; nothing has been done then.
 */
extern bool lane_submit(Exchange *exchange);
/* Resumes the exchanges whose replies have come. */
extern void lane_collect(void);
/* How many have not. */
extern int	lane_outstanding(void);
/* Resumes those that are overdue with an error; ms until the next is, or -1. */
extern long lane_expire(void);
/* Resumes them all with an error. */
extern void lane_abandon(void);

/* ---- durability (flush.c) ---- */

/*
 * Commits as dynamo.endpoint_commit says.  If the log up to there is still to be
 * waited for, *lsn is set.  False if the commit has waited for standbys, but
 * not to the end.
 */
extern bool flush_commit(XLogRecPtr *lsn);
/* May a reply that shows what is before this position leave? */
extern bool flush_is_durable(XLogRecPtr lsn);
/* Keeps the reply of a parked exchange until that is durable, or its time is over. */
extern void flush_hold(Exchange *exchange, int status, struct MHD_Response *response,
					   XLogRecPtr lsn);
/* Resumes what is durable by now. */
extern void flush_release(void);
/* Asks the flusher for what is not. */
extern void flush_request(void);
/* Resumes those that are overdue with an error; ms until the next is, or -1. */
extern long flush_expire(void);
/* At the end: flushes and resumes; whether anything is left; resumes that with an error. */
extern void flush_finish(void);
extern int	flush_outstanding(void);
extern void flush_abandon(void);

/* ---- GET /metrics (metrics.c) ---- */

extern void metrics_render(StringInfo text);

/* ---- what all workers do (server.c) ---- */

extern void begin_worker(const char *name);
/* Between two waits: what signals have asked for.  New settings may ask for shutdown. */
extern void worker_serve_interrupts(void);

#endif							/* DYNAMO_HTTP_H */
