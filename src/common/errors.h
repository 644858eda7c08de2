/*
 * errors.h
 *		SQLSTATEs of the DynamoDB exceptions, and what a front door needs to
 *		know of each.
 *
 * Every DynamoDB exception has one SQLSTATE of class ND.  Its message is
 * DynamoDB's own, word for word, so it is never translated: raise it with
 *
 *		ereport(ERROR, (errcode(ERRCODE_CONDITIONAL_CHECK_FAILED),
 *						errmsg_internal("The conditional request failed")));
 *
 * or, for the commonest of them, with validation_error().
 */
#ifndef DYNAMO_ERRORS_H
#define DYNAMO_ERRORS_H

#include "utils/elog.h"

#define ERRCODE_VALIDATION						MAKE_SQLSTATE('N','D','0','0','1')
#define ERRCODE_SERIALIZATION					MAKE_SQLSTATE('N','D','0','0','2')
#define ERRCODE_CONDITIONAL_CHECK_FAILED		MAKE_SQLSTATE('N','D','0','0','3')
#define ERRCODE_RESOURCE_NOT_FOUND				MAKE_SQLSTATE('N','D','0','0','4')
#define ERRCODE_RESOURCE_IN_USE					MAKE_SQLSTATE('N','D','0','0','5')
#define ERRCODE_TABLE_NOT_FOUND					MAKE_SQLSTATE('N','D','0','0','6')
#define ERRCODE_TABLE_IN_USE					MAKE_SQLSTATE('N','D','0','0','7')
#define ERRCODE_LIMIT_EXCEEDED					MAKE_SQLSTATE('N','D','0','0','8')
#define ERRCODE_ITEM_COLLECTION_SIZE_EXCEEDED	MAKE_SQLSTATE('N','D','0','0','9')
#define ERRCODE_TRANSACTION_CANCELED			MAKE_SQLSTATE('N','D','0','1','0')
#define ERRCODE_TRANSACTION_CONFLICT			MAKE_SQLSTATE('N','D','0','1','1')
#define ERRCODE_TRANSACTION_IN_PROGRESS			MAKE_SQLSTATE('N','D','0','1','2')
#define ERRCODE_IDEMPOTENT_PARAMETER_MISMATCH	MAKE_SQLSTATE('N','D','0','1','3')
#define ERRCODE_THROUGHPUT_EXCEEDED				MAKE_SQLSTATE('N','D','0','1','4')
#define ERRCODE_REQUEST_LIMIT_EXCEEDED			MAKE_SQLSTATE('N','D','0','1','5')
#define ERRCODE_DYNAMO_ACCESS_DENIED			MAKE_SQLSTATE('N','D','0','1','6')
#define ERRCODE_UNKNOWN_OPERATION				MAKE_SQLSTATE('N','D','0','1','7')
#define ERRCODE_DYNAMO_INTERNAL					MAKE_SQLSTATE('N','D','0','1','8')
#define ERRCODE_BACKUP_NOT_FOUND				MAKE_SQLSTATE('N','D','0','1','9')
#define ERRCODE_BACKUP_IN_USE					MAKE_SQLSTATE('N','D','0','2','0')
#define ERRCODE_TABLE_ALREADY_EXISTS			MAKE_SQLSTATE('N','D','0','2','1')
#define ERRCODE_CONTINUOUS_BACKUPS_UNAVAILABLE	MAKE_SQLSTATE('N','D','0','2','2')
#define ERRCODE_POINT_IN_TIME_UNAVAILABLE		MAKE_SQLSTATE('N','D','0','2','3')
#define ERRCODE_POLICY_NOT_FOUND				MAKE_SQLSTATE('N','D','0','2','4')
#define ERRCODE_GLOBAL_TABLE_NOT_FOUND			MAKE_SQLSTATE('N','D','0','2','5')
#define ERRCODE_EXPORT_NOT_FOUND				MAKE_SQLSTATE('N','D','0','2','6')
#define ERRCODE_IMPORT_NOT_FOUND				MAKE_SQLSTATE('N','D','0','2','7')

#define ERRCODE_EXPIRED_ITERATOR				MAKE_SQLSTATE('N','D','0','3','0')
#define ERRCODE_TRIMMED_DATA					MAKE_SQLSTATE('N','D','0','3','1')

/* One row of the table in errors.c. */
typedef struct DynamoException
{
	int			sqlstate;
	const char *name;			/* "ValidationException" */
	int			http_status;
	const char *description;	/* for dynamo.exceptions() and the docs */
} DynamoException;

/*
 * The exception of a SQLSTATE, or NULL if it is none of ours (PostgreSQL's
 * own errors pass through SQL unchanged).
 */
extern PGDLLEXPORT const DynamoException *dynamo_exception(int sqlstate);

/*
 * What the log is told of an error that others' code may have raised: without the
 * values that a data exception shows, or what RAISE says, since these may be of items.
 */
extern PGDLLEXPORT const char *message_for_log(const ErrorData *error);

/* Raises ValidationException with a message that is not translated. */
#define validation_error(...) \
	ereport(ERROR, (errcode(ERRCODE_VALIDATION), errmsg_internal(__VA_ARGS__)))

/* Raises SerializationException: the JSON is not of the shape's types. */
#define serialization_error(...) \
	ereport(ERROR, (errcode(ERRCODE_SERIALIZATION), errmsg_internal(__VA_ARGS__)))

#endif							/* DYNAMO_ERRORS_H */
