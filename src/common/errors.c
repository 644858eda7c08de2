/*
 * errors.c
 *		The table of DynamoDB's exceptions.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "common/errors.h"

static const DynamoException exceptions[] = {
	{ERRCODE_VALIDATION, "ValidationException", 400,
	"A parameter or an item is not valid."},
	{ERRCODE_SERIALIZATION, "SerializationException", 400,
	"The request is not JSON of the right types."},
	{ERRCODE_CONDITIONAL_CHECK_FAILED, "ConditionalCheckFailedException", 400,
	"The condition of a write was false."},
	{ERRCODE_RESOURCE_NOT_FOUND, "ResourceNotFoundException", 400,
	"The table or index does not exist."},
	{ERRCODE_RESOURCE_IN_USE, "ResourceInUseException", 400,
	"The table exists already or is being changed."},
	{ERRCODE_TABLE_NOT_FOUND, "TableNotFoundException", 400,
	"The source table of a backup or restore does not exist."},
	{ERRCODE_TABLE_IN_USE, "TableInUseException", 400,
	"The source table of a backup or restore is being changed."},
	{ERRCODE_LIMIT_EXCEEDED, "LimitExceededException", 400,
	"Too many control-plane operations at once."},
	{ERRCODE_ITEM_COLLECTION_SIZE_EXCEEDED, "ItemCollectionSizeLimitExceededException", 400,
	"An item collection has grown past its limit."},
	{ERRCODE_TRANSACTION_CANCELED, "TransactionCanceledException", 400,
	"A transaction was cancelled; the reasons are in its detail."},
	{ERRCODE_TRANSACTION_CONFLICT, "TransactionConflictException", 400,
	"Another transaction holds the item."},
	{ERRCODE_TRANSACTION_IN_PROGRESS, "TransactionInProgressException", 400,
	"A transaction with this token is in progress."},
	{ERRCODE_IDEMPOTENT_PARAMETER_MISMATCH, "IdempotentParameterMismatchException", 400,
	"A token was used again with another request."},
	{ERRCODE_THROUGHPUT_EXCEEDED, "ProvisionedThroughputExceededException", 400,
	"The table's provisioned throughput is used up."},
	{ERRCODE_REQUEST_LIMIT_EXCEEDED, "RequestLimitExceeded", 400,
	"Too many requests for the account."},
	{ERRCODE_DYNAMO_ACCESS_DENIED, "AccessDeniedException", 400,
	"The caller's role lacks a privilege on the table."},
	{ERRCODE_UNKNOWN_OPERATION, "UnknownOperationException", 400,
	"There is no such operation, or it is not built yet."},
	{ERRCODE_DYNAMO_INTERNAL, "InternalServerError", 500,
	"The server could not process the request."},
	{ERRCODE_BACKUP_NOT_FOUND, "BackupNotFoundException", 400,
	"There is no such backup."},
	{ERRCODE_BACKUP_IN_USE, "BackupInUseException", 400,
	"The backup is being restored or deleted."},
	{ERRCODE_TABLE_ALREADY_EXISTS, "TableAlreadyExistsException", 400,
	"A backup cannot be restored to a table that exists."},
	{ERRCODE_CONTINUOUS_BACKUPS_UNAVAILABLE, "ContinuousBackupsUnavailableException", 400,
	"Continuous backups are not available."},
	{ERRCODE_POINT_IN_TIME_UNAVAILABLE, "PointInTimeRecoveryUnavailableException", 400,
	"No table has point-in-time recovery."},
	{ERRCODE_POLICY_NOT_FOUND, "PolicyNotFoundException", 400,
	"No table or stream has a resource policy."},
	{ERRCODE_GLOBAL_TABLE_NOT_FOUND, "GlobalTableNotFoundException", 400,
	"There is no such global table."},
	{ERRCODE_EXPORT_NOT_FOUND, "ExportNotFoundException", 400,
	"There is no such export."},
	{ERRCODE_IMPORT_NOT_FOUND, "ImportNotFoundException", 400,
	"There is no such import."},
	{ERRCODE_EXPIRED_ITERATOR, "ExpiredIteratorException", 400,
	"A shard iterator is older than 15 minutes."},
	{ERRCODE_TRIMMED_DATA, "TrimmedDataAccessException", 400,
	"Stream records that were asked for are not kept any more, or were lost."},
};

const DynamoException *
dynamo_exception(int sqlstate)
{
	for (int i = 0; i < lengthof(exceptions); i++)
		if (exceptions[i].sqlstate == sqlstate)
			return &exceptions[i];
	return NULL;
}

/* What an owner's code executes may have been made of items. */
static bool
quotes_statement(const ErrorData *error)
{
	return ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION &&
		error->sqlerrcode != ERRCODE_INSUFFICIENT_PRIVILEGE;
}

const char *
message_for_log(const ErrorData *error)
{
	if (error->message_id == NULL || strcmp(error->message_id, "%s") == 0)
		return psprintf("SQLSTATE %s", unpack_sql_state(error->sqlerrcode));
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_DATA_EXCEPTION || quotes_statement(error))
		return error->message_id;
	return error->message;
}

/*
 * dynamo.exceptions(): the table above as rows, so that handlers in PL/pgSQL
 * and the documentation name the same SQLSTATEs.
 */
PG_FUNCTION_INFO_V1(dynamo_exceptions);
Datum
dynamo_exceptions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < lengthof(exceptions); i++)
	{
		Datum		values[4];
		bool		nulls[4] = {false};

		values[0] = CStringGetTextDatum(unpack_sql_state(exceptions[i].sqlstate));
		values[1] = CStringGetTextDatum(exceptions[i].name);
		values[2] = Int32GetDatum(exceptions[i].http_status);
		values[3] = CStringGetTextDatum(exceptions[i].description);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
