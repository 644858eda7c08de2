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

/*
 * What the same module may ask of the layers below, through this one: the item
 * that a ConditionalCheckFailedException carries, or NULL, what the error of the
 * last api_call() is to a TransactWriteItems (see ops.h), and the capacity units
 * that this session has consumed so far.
 */
extern PGDLLEXPORT const char *api_condition_failure_item(const ErrorData *error);
extern PGDLLEXPORT bool api_transaction_conflict(const ErrorData *error, char **message,
												 char **reasons);
extern PGDLLEXPORT double api_consumed_units(void);

#endif							/* DYNAMO_API_H */
