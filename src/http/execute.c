/*
 * execute.c
 *		One API request in a transaction of its own.
 *
 * The only place of the endpoint where errors are caught: every request ends
 * here with a reply, and leaves nothing behind.  Its memory is a context that
 * is reset; settings that a trigger may have changed are put back
 * (a GUC nest level that is rolled back, which no SET can escape, and with it
 * roles); a cancel that comes while no request runs finds none.
 *
 * A read that meets a serialization failure (it has waited for a rewrite of the table,
 * of which its snapshot sees nothing) is run once again, by a snapshot of its own.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "portability/instr_time.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"

#include "common/errors.h"
#include "http/http.h"
#include "ops/ops.h"

#define MAX_TABLE_NAME 255
#define KEPT_REPLY_BUFFER (1024 * 1024)

/* What is known of the request that runs, for activity, log and statistics. */
static struct
{
	char		table[MAX_TABLE_NAME + 1];
	char		activity[MAX_OPERATION_LENGTH + MAX_TABLE_NAME + 2];
	RequestRecord record;
	RequestOutcome outcome;
	int			sqlstate;		/* of the error, or 0 */
} current;

static MemoryContext request_context;
static StringInfoData reply;

static void watch_request(const char *operation, Bytes table_name);
static bool serve_call(Call *call, bool may_repeat);
static void begin_call(Call *call);
static void run_call(Call *call);
static void run_in_transaction(Call *call, Bytes body);
static bool fail_call(Call *call, bool may_repeat);
static void end_call(Call *call, instr_time started);
static void log_failure(const Call *call, const ErrorData *error);

void
execute_init(void)
{
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);

	request_context = AllocSetContextCreate(TopMemoryContext, "dynamo endpoint request",
											ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&reply);
	MemoryContextSwitchTo(caller);
	api_watcher = watch_request;
	jobs_are_deferred = true;
}

/* Called by api_call() when the request has been decoded. */
static void
watch_request(const char *operation, Bytes table_name)
{
	int			length = table_name.data == NULL ? 0 : Min(table_name.len, MAX_TABLE_NAME);
	size_t		end = strlcpy(current.activity, operation, MAX_OPERATION_LENGTH + 1);

	if (length > 0)
	{
		memcpy(current.table, table_name.data, length);
		current.activity[end++] = ' ';
		memcpy(current.activity + end, table_name.data, length);
	}
	current.table[length] = '\0';
	current.activity[end + length] = '\0';
	pgstat_report_activity(STATE_RUNNING, current.activity);
	durability_begin_operation(operation);
}

void
execute_call(Call *call)
{
	MemoryContext caller = MemoryContextSwitchTo(request_context);
	instr_time	started;

	INSTR_TIME_SET_CURRENT(started);
	if (!serve_call(call, true))
		(void) serve_call(call, false);
	end_call(call, started);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(request_context);
}

/* False if it is to be served once again. */
static bool
serve_call(Call *call, bool may_repeat)
{
	volatile bool served = true;

	begin_call(call);
	PG_TRY();
	{
		run_call(call);
	}
	PG_CATCH();
	{
		served = fail_call(call, may_repeat);
	}
	PG_END_TRY();
	request_leave(&current.record);
	return served;
}

static void
begin_call(Call *call)
{
	if (reply.maxlen > KEPT_REPLY_BUFFER)
	{
		pfree(reply.data);
		MemoryContextSwitchTo(TopMemoryContext);
		initStringInfo(&reply);
		MemoryContextSwitchTo(request_context);
	}
	resetStringInfo(&reply);
	current.table[0] = '\0';
	current.outcome = OUTCOME_SUCCESS;
	current.sqlstate = 0;
	request_begin(&current.record, call->operation);
	request_enter(&current.record);
	call->status = MHD_HTTP_OK;
	call->must_wait = false;
	call->lsn = InvalidXLogRecPtr;

	durability_begin_request();
	QueryCancelPending = false;
	debug_query_string = call->operation;
	SetCurrentStatementStartTimestamp();
}

/* ---- the transaction ---- */

static void
run_call(Call *call)
{
	Bytes		body = call->body;

	if (call->gzipped)
	{
		GunzipResult result = gunzip(call->body, (size_t) endpoint_max_body * 1024, &body);

		if (result == GUNZIP_BROKEN)
			serialization_error("The body is not in gzip format");
		if (result == GUNZIP_TOO_LARGE)
		{
			current.outcome = OUTCOME_CLIENT;
			call->status = aws_simple_error(&reply, "RequestEntityTooLargeException",
											NULL, MHD_HTTP_CONTENT_TOO_LARGE);
			return;
		}
	}
	run_in_transaction(call, body);
}

static void
run_in_transaction(Call *call, Bytes body)
{
	int			nest_level;
	bool		confirmed;

	StartTransactionCommand();
	if (call->timeout > 0)
		enable_timeout_after(STATEMENT_TIMEOUT, call->timeout);
	MemoryContextSwitchTo(request_context);
	PushActiveSnapshot(GetTransactionSnapshot());
	nest_level = NewGUCNestLevel();

	api_call(bytes_from_cstring(call->operation), body, &reply);

	AfterTriggerFireDeferred(); /* what they SET is to be undone too */
	AtEOXact_GUC(false, nest_level);
	PopActiveSnapshot();
	disable_timeout(STATEMENT_TIMEOUT, false);
	/* Until here a cancel undoes the request; from here on it has happened. */
	CHECK_FOR_INTERRUPTS();
	confirmed = flush_commit(&call->lsn);
	MemoryContextSwitchTo(request_context);
	if (!confirmed)
		ereport(ERROR,
				(errcode(ERRCODE_DYNAMO_INTERNAL),
				 errmsg_internal("The write was made, but no standby has confirmed it")));
}

/* ---- errors ---- */

/* Standbys have an error of their own for it (aws.c). */
static bool
is_read_conflict(const Call *call, const ErrorData *error)
{
	static const char *const reads[] = {"GetItem", "Query", "Scan", "BatchGetItem"};

	if (error->sqlerrcode != ERRCODE_T_R_SERIALIZATION_FAILURE || RecoveryInProgress())
		return false;
	for (int i = 0; i < lengthof(reads); i++)
		if (strcmp(call->operation, reads[i]) == 0)
			return true;
	return false;
}

/*
 * In the handler of an error: ends the transaction, and makes the error the reply unless
 * the call is to be repeated; then false.
 */
static bool
fail_call(Call *call, bool may_repeat)
{
	ErrorData  *error;

	HOLD_INTERRUPTS();
	disable_all_timeouts(false);
	QueryCancelPending = false;
	MemoryContextSwitchTo(request_context);
	error = CopyErrorData();
	FlushErrorState();
	AbortCurrentTransaction();
	MemoryContextSwitchTo(request_context);
	RESUME_INTERRUPTS();

	resetStringInfo(&reply);
	if (error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE && !call->may_wait)
	{
		call->must_wait = true;
		return true;
	}
	if (is_read_conflict(call, error))
	{
		if (may_repeat)
			return false;
		error->sqlerrcode = ERRCODE_DYNAMO_INTERNAL;
	}
	current.sqlstate = error->sqlerrcode;
	call->status = aws_error(&reply, error, &current.outcome);
	if (current.outcome == OUTCOME_SERVER)
		log_failure(call, error);
	return true;
}

/* Without DETAIL, which may show items. */
static void
log_failure(const Call *call, const ErrorData *error)
{
	ereport(LOG,
			(errcode(error->sqlerrcode), errhidestmt(true),
			 errmsg_internal("%s", message_for_log(error)),
			 errcontext("dynamo endpoint, %s%s%s, request %s", call->operation,
						current.table[0] != '\0' ? " on " : "", current.table,
						call->request_id)));
}

/* ---- afterwards ---- */

static void
end_call(Call *call, instr_time started)
{
	instr_time	duration;

	debug_query_string = NULL;
	pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
	if (call->must_wait)
		return;

	call->lsn = Max(call->lsn, durability_of_request());
	call->reply = (Bytes) {reply.data, reply.len};
	INSTR_TIME_SET_CURRENT(duration);
	INSTR_TIME_SUBTRACT(duration, started);
	count_request(&current.record, current.outcome, current.sqlstate,
				  INSTR_TIME_GET_MICROSEC(duration));
	if (slow_request_time >= 0 && INSTR_TIME_GET_MILLISEC(duration) >= slow_request_time)
		ereport(LOG,
				(errhidestmt(true),
				 errmsg("slow request: %s%s%s, %.3f ms, status %d, request %s",
						call->operation, current.table[0] != '\0' ? " on " : "",
						current.table, INSTR_TIME_GET_MILLISEC(duration), call->status,
						call->request_id)));
}
