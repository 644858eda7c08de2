/*
 * flush.c
 *		Durability: replies wait for the log, and the flusher that flushes it.
 *
 * With dynamo.endpoint_commit = deferred a worker commits without waiting,
 * parks the reply and serves on; the flusher flushes for all that have asked
 * meanwhile, and waits for synchronous standbys where there are any.  Replies
 * that only show somebody else's commit wait likewise, whatever that setting
 * says (src/worker/durability.c says for what): so it may change at any time,
 * and each write keeps the rule that it was committed by.
 *
 * A wait for standbys can be cancelled, which PostgreSQL answers with a
 * warning; here it never becomes an acknowledgement.  It may also last for
 * ever: a reply that is not durable when its time is over is replaced by an
 * error.
 *
 * The flusher clears a worker's flag before it reads how far to flush: a
 * request that comes later raises the flag and sets the latch again.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "replication/syncrep.h"
#include "replication/walsender.h"
#include "replication/walsender_private.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/guc.h"

#include "http/http.h"

PGDLLEXPORT void dynamo_flusher_main(Datum arg);

#define RETRY_NAP 100			/* ms, when standbys have not confirmed */

static dlist_head parked = DLIST_STATIC_INIT(parked); /* exchanges, by the position they wait for */
static dlist_head arrivals = DLIST_STATIC_INIT(arrivals); /* the same, in the order of deadlines */
static XLogRecPtr requested;	/* the last that the flusher was asked for */

/* ---- what is durable ---- */

static bool
needs_standbys(void)
{
	return synchronous_commit > SYNCHRONOUS_COMMIT_LOCAL_FLUSH && max_wal_senders > 0 &&
		SyncRepStandbyNames != NULL && SyncRepStandbyNames[0] != '\0';
}

/* Have the standbys confirmed it that synchronous_commit asks for? */
static bool
is_confirmed(XLogRecPtr lsn)
{
	int			mode = SYNC_REP_WAIT_FLUSH;
	XLogRecPtr	confirmed;

	if (!needs_standbys())
		return true;
	if (synchronous_commit == SYNCHRONOUS_COMMIT_REMOTE_WRITE)
		mode = SYNC_REP_WAIT_WRITE;
	else if (synchronous_commit == SYNCHRONOUS_COMMIT_REMOTE_APPLY)
		mode = SYNC_REP_WAIT_APPLY;
	LWLockAcquire(SyncRepLock, LW_SHARED);
	confirmed = WalSndCtl->lsn[mode];
	LWLockRelease(SyncRepLock);
	return lsn <= confirmed;
}

static bool
is_durable(XLogRecPtr lsn)
{
	if (lsn <= pg_atomic_read_u64(&endpoint_shared->durable))
		return true;
	return !needs_standbys() && lsn <= GetFlushRecPtr(NULL);
}

bool
flush_is_durable(XLogRecPtr lsn)
{
	return lsn == InvalidXLogRecPtr || synchronous_commit <= SYNCHRONOUS_COMMIT_OFF ||
		is_durable(lsn);
}

/* ---- committing ---- */

/*
 * (The setting is assigned to behind its back, since it must hold for the commit
 * alone: nothing else reads it before that is over, and no SET can be undone so
 * late.)
 */
bool
flush_commit(XLogRecPtr *lsn)
{
	bool		writes = TransactionIdIsValid(GetTopTransactionIdIfAny());
	int			wanted = synchronous_commit;
	bool		waits = wanted > SYNCHRONOUS_COMMIT_OFF && endpoint_commit == COMMIT_PLAIN;

	if (!waits)
		synchronous_commit = SYNCHRONOUS_COMMIT_OFF;
	PG_TRY();
	{
		CommitTransactionCommand();
	}
	PG_FINALLY();
	{
		synchronous_commit = wanted;
	}
	PG_END_TRY();
	if (writes && waits)
		return is_confirmed(XactLastCommitEnd);
	if (writes)
		*lsn = XactLastCommitEnd;
	return true;
}

/* ---- workers ---- */

/* (positions nearly always grow, so the search starts at the end) */
void
flush_hold(Exchange *exchange, int status, struct MHD_Response *response, XLogRecPtr lsn)
{
	dlist_node *before = &parked.head;

	exchange->status = status;
	exchange->response = response;
	exchange->lsn = lsn;
	while (!dlist_is_empty(&parked) && before->prev != &parked.head &&
		   dlist_container(Exchange, node, before->prev)->lsn > lsn)
		before = before->prev;
	if (before == &parked.head)
		dlist_push_tail(&parked, &exchange->node);
	else
		dlist_insert_before(before, &exchange->node);
	exchange->deadline = endpoint_request_timeout == 0 ? DT_NOEND :
														 TimestampTzPlusMilliseconds(loop_time, endpoint_request_timeout);
	dlist_push_tail(&arrivals, &exchange->arrival);
}

static void
forget(Exchange *exchange)
{
	dlist_delete(&exchange->node);
	dlist_delete(&exchange->arrival);
}

/* Drops the reply. */
static void
give_up(Exchange *exchange)
{
	forget(exchange);
	if (exchange->response != NULL)
		MHD_destroy_response(exchange->response);
}

static Exchange *
first_parked(void)
{
	return dlist_is_empty(&parked) ? NULL : dlist_head_element(Exchange, node, &parked);
}

void
flush_release(void)
{
	Exchange   *exchange;

	while ((exchange = first_parked()) != NULL && is_durable(exchange->lsn))
	{
		forget(exchange);
		exchange_resume(exchange, exchange->status, exchange->response);
	}
}

/*
 * Called once per round of the loop, so once for a batch of requests.  Where
 * there is no flusher for the moment the worker flushes itself, and so does one
 * that has nobody else to serve meanwhile, which saves two changes of process;
 * standbys it cannot wait for.
 */
void
flush_request(void)
{
	XLogRecPtr	lsn;
	uint64		current = pg_atomic_read_u64(&endpoint_shared->flush_request);
	PGPROC	   *flusher = endpoint_shared->flusher;

	if (dlist_is_empty(&parked))
		return;
	lsn = dlist_tail_element(Exchange, node, &parked)->lsn;
	if (!needs_standbys() && (flusher == NULL || connections_of(my_number) == 1))
	{
		XLogFlush(lsn);
		flush_release();
		return;
	}
	if (lsn <= requested && flusher != NULL)
		return;
	requested = lsn;
	while (current < lsn &&
		   !pg_atomic_compare_exchange_u64(&endpoint_shared->flush_request, &current, lsn))
		;
	pg_atomic_write_u32(&endpoint_shared->workers[my_number].wants_flush, 1);
	pg_memory_barrier();
	if (flusher != NULL)
		SetLatch(&flusher->procLatch);
}

long
flush_expire(void)
{
	while (!dlist_is_empty(&arrivals))
	{
		Exchange   *exchange = dlist_head_element(Exchange, arrival, &arrivals);

		if (TIMESTAMP_IS_NOEND(exchange->deadline))
			break;
		if (exchange->deadline > loop_time)
			return TimestampDifferenceMilliseconds(loop_time, exchange->deadline) + 1;
		ereport(LOG,
				(errhidestmt(true),
				 errmsg("what a request did is not durable in time: %s, request %s",
						exchange->operation, exchange->request_id)));
		give_up(exchange);
		exchange_resume_failed(exchange, "The request was carried out, but has not become durable in time");
	}
	return -1;
}

void
flush_finish(void)
{
	if (!dlist_is_empty(&parked) && !needs_standbys())
		XLogFlush(dlist_tail_element(Exchange, node, &parked)->lsn);
	flush_release();
}

int
flush_outstanding(void)
{
	return dlist_is_empty(&parked) ? 0 : 1;
}

void
flush_abandon(void)
{
	Exchange   *exchange;

	while ((exchange = first_parked()) != NULL)
	{
		give_up(exchange);
		exchange_resume_unavailable(exchange);
	}
}

/* ---- the flusher ---- */

static bool flush_for(bool *asking);
static bool make_durable(XLogRecPtr lsn);
static void leave(int code, Datum arg);

void
dynamo_flusher_main(Datum arg)
{
	begin_worker("dynamo endpoint flusher");
	pqsignal(SIGTERM, shut_down_at_once);
	before_shmem_exit(leave, 0);
	endpoint_shared->flusher = MyProc;
	/* Whoever asked before may have found nobody. */
	for (int i = 0; i < MAX_ENDPOINT_WORKERS; i++)
		pg_atomic_write_u32(&endpoint_shared->workers[i].wants_flush, 1);

	while (!ShutdownRequestPending)
	{
		bool		asking[MAX_ENDPOINT_WORKERS];
		bool		done;

		ResetLatch(MyLatch);
		worker_serve_interrupts();
		if (ShutdownRequestPending)
			break;
		done = flush_for(asking);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | (done ? 0 : WL_TIMEOUT),
						 RETRY_NAP, PG_WAIT_EXTENSION);
	}
	proc_exit(1);
}

/* False if it has to be tried again. */
static bool
flush_for(bool *asking)
{
	EndpointWorker *workers = endpoint_shared->workers;
	XLogRecPtr	lsn;
	bool		durable;

	for (int i = 0; i < MAX_ENDPOINT_WORKERS; i++)
		asking[i] = pg_atomic_exchange_u32(&workers[i].wants_flush, 0) != 0;
	lsn = pg_atomic_read_u64(&endpoint_shared->flush_request);
	durable = make_durable(lsn);
	if (durable && lsn > pg_atomic_read_u64(&endpoint_shared->durable))
		pg_atomic_write_u64(&endpoint_shared->durable, lsn);
	for (int i = 0; i < MAX_ENDPOINT_WORKERS; i++)
	{
		PGPROC	   *proc = workers[i].proc;

		if (!asking[i])
			continue;
		if (!durable)
			pg_atomic_write_u32(&workers[i].wants_flush, 1);
		else if (proc != NULL)
			SetLatch(&proc->procLatch);
	}
	return durable;
}

/* Waits for it; false if standbys have not confirmed it. */
static bool
make_durable(XLogRecPtr lsn)
{
	if (is_durable(lsn))
		return true;
	XLogFlush(lsn);
	if (!needs_standbys())
		return true;
	HOLD_INTERRUPTS();
	SyncRepWaitForLSN(lsn, true);
	RESUME_INTERRUPTS();
	return is_confirmed(lsn);
}

/* Workers that wait must not wait for the next flusher. */
static void
leave(int code, Datum arg)
{
	endpoint_shared->flusher = NULL;
	for (int i = 0; i < MAX_ENDPOINT_WORKERS; i++)
	{
		PGPROC	   *proc = endpoint_shared->workers[i].proc;

		if (proc != NULL)
			SetLatch(&proc->procLatch);
	}
}
