/*
 * api.h
 *		The DynamoDB API: named operations on JSON requests.
 *
 * What SQL reaches as dynamo.call() and an HTTP worker by its own framing.
 * The typed SQL functions fill the same request structures from arguments
 * instead of JSON, and go through the same shape tables.
 */
#ifndef DYNAMO_API_H
#define DYNAMO_API_H

#include "lib/stringinfo.h"

#include "ops/ops.h"
#include "value/value.h"

/*
 * Runs the operation of this name ("PutItem") on a request in JSON and appends
 * the response, JSON too, to `response`.  Works in a memory context of its own
 * that is gone when it returns; only the response is the caller's.
 *
 * Raises UnknownOperationException, SerializationException,
 * ValidationException and whatever the operation raises; what has been
 * appended by then is of no meaning.  The caller provides a transaction with
 * an active snapshot.
 */
extern PGDLLEXPORT void api_call(Bytes operation, Bytes request, StringInfo response);

/*
 * Decodes and validates a request as api_call() would, and stops there: for
 * fuzzing, which knows operations by number (any that is not negative).
 */
extern void api_check_request(int number, Bytes request);

/*
 * Told, where set, of each request that api_call() is about to run: the
 * operation, and the table that it names (data NULL: none).  May not raise.
 */
typedef void (*ApiWatcher) (const char *operation, Bytes table_name);
extern PGDLLEXPORT ApiWatcher api_watcher;

/* ---- what is counted of requests (count.c) ---- */

typedef enum RequestOutcome
{
	OUTCOME_SUCCESS,
	OUTCOME_CONDITION,			/* ConditionalCheckFailed, TransactionCanceled */
	OUTCOME_CONFLICT,			/* another transaction was in the way */
	OUTCOME_DENIED,
	OUTCOME_CLIENT,				/* any other error of the client's */
	OUTCOME_SERVER,
	OUTCOMES,
} RequestOutcome;

/* What an error of this SQLSTATE, DynamoDB's or PostgreSQL's, is counted as. */
extern PGDLLEXPORT RequestOutcome request_outcome(int sqlstate);

/*
 * Counts one request for one of the tables that it names, or for "".  May not
 * raise.  NULL where nothing is counted.
 */
typedef void (*RequestCounter)(const char *table, const char *operation,
							   RequestOutcome outcome, double consumed_units,
							   uint64 microseconds);
extern PGDLLEXPORT RequestCounter request_counter;

/*
 * Counts a request that has come to its end, for each of its tables; those of one
 * that has found a table missing may be invented, so it counts for "".
 */
extern PGDLLEXPORT void count_request(const RequestRecord *request, RequestOutcome outcome,
									  int sqlstate, uint64 microseconds);

/*
 * What another module may ask of the layers below, through this one: the item
 * that a ConditionalCheckFailedException carries, or NULL, the reasons that a
 * TransactionCanceledException carries, or NULL, and what the error of the last
 * api_call() is to a TransactWriteItems (see ops.h).
 */
extern PGDLLEXPORT const char *api_condition_failure_item(const ErrorData *error);
extern PGDLLEXPORT const char *api_cancellation_reasons(const ErrorData *error);
extern PGDLLEXPORT bool api_transaction_conflict(const ErrorData *error, char **message,
												 char **reasons);

#endif							/* DYNAMO_API_H */
