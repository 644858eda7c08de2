/*
 * aws.c
 *		DynamoDB's forms: targets, errors, request ids.
 *
 * An error's body is {"__type": "<prefix>#<exception>", "message": …}.  SDKs
 * look at the name behind the # and at the status; the prefixes and the case
 * of "message" are the service's nevertheless.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "common/pg_prng.h"
#include "utils/json.h"

#include "common/errors.h"
#include "http/http.h"

/* ---- targets ---- */

static const char *const streams_operations[] = {
	"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams",
};

static bool
is_streams_operation(const char *operation)
{
	for (int i = 0; i < lengthof(streams_operations); i++)
		if (strcmp(operation, streams_operations[i]) == 0)
			return true;
	return false;
}

bool
aws_parse_target(const char *target, char *operation)
{
	static const char dynamodb[] = "DynamoDB_20120810.";
	static const char streams[] = "DynamoDBStreams_20120810.";
	bool		of_streams = false;

	if (strncmp(target, dynamodb, strlen(dynamodb)) == 0)
		target += strlen(dynamodb);
	else if (strncmp(target, streams, strlen(streams)) == 0)
	{
		target += strlen(streams);
		of_streams = true;
	}
	else
		return false;
	return strlcpy(operation, target, MAX_OPERATION_LENGTH + 1) <= MAX_OPERATION_LENGTH &&
		is_streams_operation(operation) == of_streams;
}

/* ---- errors ---- */

#define PREFIX_SERVICE	"com.amazon.coral.service"
#define PREFIX_VALIDATE	"com.amazon.coral.validate"
#define PREFIX_DYNAMODB	"com.amazonaws.dynamodb.v20120810"

/* Exceptions that differ from PREFIX_DYNAMODB and "message". */
typedef struct ExceptionForm
{
	int			sqlstate;
	const char *prefix;
	const char *message_member;
} ExceptionForm;

static const ExceptionForm exception_forms[] = {
	{ERRCODE_VALIDATION, PREFIX_VALIDATE, "message"},
	{ERRCODE_SERIALIZATION, PREFIX_SERVICE, "Message"},
	{ERRCODE_UNKNOWN_OPERATION, PREFIX_SERVICE, "Message"},
	{ERRCODE_CONDITIONAL_CHECK_FAILED, PREFIX_DYNAMODB, "message"},
	{ERRCODE_TRANSACTION_CANCELED, PREFIX_DYNAMODB, "Message"},
	{ERRCODE_TRANSACTION_CONFLICT, PREFIX_DYNAMODB, "message"},
	{ERRCODE_TRANSACTION_IN_PROGRESS, PREFIX_DYNAMODB, "Message"},
	{ERRCODE_IDEMPOTENT_PARAMETER_MISMATCH, PREFIX_DYNAMODB, "Message"},
	{ERRCODE_DYNAMO_ACCESS_DENIED, PREFIX_SERVICE, "Message"},
	{ERRCODE_DYNAMO_INTERNAL, PREFIX_DYNAMODB, "message"},
};

/*
 * PostgreSQL's own errors as DynamoDB's.  A message here replaces PostgreSQL's
 * where that would say more than the client should know, or less.  What is in
 * neither table is an internal error.
 */
typedef struct ForeignError
{
	int			sqlstate;		/* of a class: ends in 000, then `whole_class` */
	bool		whole_class;
	int			becomes;
	const char *message;		/* NULL: PostgreSQL's */
} ForeignError;

static const ForeignError foreign_errors[] = {
	{ERRCODE_INSUFFICIENT_PRIVILEGE, false, ERRCODE_DYNAMO_ACCESS_DENIED, NULL},
	{ERRCODE_READ_ONLY_SQL_TRANSACTION, false, ERRCODE_DYNAMO_ACCESS_DENIED,
	"This server is read-only (a standby, or set so); send writes to the primary"},
	{ERRCODE_T_R_SERIALIZATION_FAILURE, false, ERRCODE_TRANSACTION_CONFLICT,
	"Transaction is ongoing for the item"},
	{ERRCODE_T_R_DEADLOCK_DETECTED, false, ERRCODE_TRANSACTION_CONFLICT,
	"Transaction is ongoing for the item"},
	{ERRCODE_LOCK_NOT_AVAILABLE, false, ERRCODE_TRANSACTION_CONFLICT,
	"Transaction is ongoing for the item"},
	{ERRCODE_QUERY_CANCELED, false, ERRCODE_DYNAMO_INTERNAL,
	"The request was cancelled, or took longer than dynamo.endpoint_request_timeout"},
	/* Constraints and triggers that a table's owner has added to it. */
	{ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION, true, ERRCODE_VALIDATION, NULL},
	{ERRCODE_RAISE_EXCEPTION, false, ERRCODE_VALIDATION, NULL},
};

static const ForeignError internal_error = {
	0, false, ERRCODE_DYNAMO_INTERNAL, "The server encountered an internal error trying to fulfill the request."
};

/* What standbys raise for reads that replay gets in the way of: to be retried. */
static const ForeignError recovery_conflict = {
	0, false, ERRCODE_DYNAMO_INTERNAL, "The read conflicted with recovery of this standby; try again"
};

static const ForeignError *
find_foreign_error(int sqlstate)
{
	if (RecoveryInProgress())
	{
		if (sqlstate == ERRCODE_T_R_SERIALIZATION_FAILURE)
			return &recovery_conflict;
		if (sqlstate == ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE)
			sqlstate = ERRCODE_READ_ONLY_SQL_TRANSACTION;	/* a lock that standbys do not give */
	}
	for (int i = 0; i < lengthof(foreign_errors); i++)
	{
		const ForeignError *foreign = &foreign_errors[i];

		if (foreign->sqlstate == sqlstate ||
			(foreign->whole_class && foreign->sqlstate == ERRCODE_TO_CATEGORY(sqlstate)))
			return foreign;
	}
	return &internal_error;
}

static const ExceptionForm *
find_exception_form(int sqlstate)
{
	static const ExceptionForm usual = {0, PREFIX_DYNAMODB, "message"};

	for (int i = 0; i < lengthof(exception_forms); i++)
		if (exception_forms[i].sqlstate == sqlstate)
			return &exception_forms[i];
	return &usual;
}

int
aws_error(StringInfo body, const ErrorData *error, RequestOutcome *outcome)
{
	const DynamoException *exception = dynamo_exception(error->sqlerrcode);
	const char *message = error->message ? error->message : "";
	const char *item = api_condition_failure_item(error);
	const char *reasons = api_cancellation_reasons(error);
	char	   *conflict_message;
	char	   *conflict_reasons;
	bool		is_conflict = api_transaction_conflict(error, &conflict_message, &conflict_reasons);
	const ExceptionForm *form;

	if (is_conflict)
	{
		exception = dynamo_exception(ERRCODE_TRANSACTION_CANCELED);
		message = conflict_message;
		reasons = conflict_reasons;
	}
	else if (exception == NULL)
	{
		const ForeignError *foreign = find_foreign_error(error->sqlerrcode);

		exception = dynamo_exception(foreign->becomes);
		if (foreign->message != NULL)
			message = foreign->message;
	}
	form = find_exception_form(exception->sqlstate);
	*outcome = is_conflict ? OUTCOME_CONFLICT : request_outcome(exception->sqlstate);

	appendStringInfo(body, "{\"__type\":\"%s#%s\",\"%s\":", form->prefix, exception->name,
					 form->message_member);
	escape_json(body, message);
	if (item != NULL)
		appendStringInfo(body, ",\"Item\":%s", item);
	if (reasons != NULL)
		appendStringInfo(body, ",\"CancellationReasons\":%s", reasons);
	appendStringInfoChar(body, '}');
	return exception->http_status;
}

int
aws_simple_error(StringInfo body, const char *type, const char *message, int status)
{
	appendStringInfo(body, "{\"__type\":\"" PREFIX_SERVICE "#%s\"", type);
	if (message != NULL)
	{
		appendStringInfoString(body, ",\"Message\":");
		escape_json(body, message);
	}
	appendStringInfoChar(body, '}');
	return status;
}

/* ---- request ids ---- */

/* As the service makes them: 52 digits in base 32. */
void
aws_make_request_id(char *request_id)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
	const int	digits_at_once = 12;

	for (int start = 0; start < REQUEST_ID_LENGTH; start += digits_at_once)
	{
		uint64		random = pg_prng_uint64(&pg_global_prng_state);
		int			end = Min(start + digits_at_once, REQUEST_ID_LENGTH);

		for (int i = start; i < end; i++, random >>= 5)
			request_id[i] = digits[random & 31];
	}
	request_id[REQUEST_ID_LENGTH] = '\0';
}
