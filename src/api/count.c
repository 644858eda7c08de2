/*
 * count.c
 *		What is counted of requests, whichever door they come through.
 *
 * A request that names several tables counts once for each of them, with the
 * capacity that it has consumed of that one and with the time and outcome of
 * the whole.  Where the counters are is for the layer above to say.
 */
#include "postgres.h"

#include "common/errors.h"
#include "api/api.h"

RequestCounter request_counter = NULL;

void
count_request(const RequestRecord *request, RequestOutcome outcome, int sqlstate,
			  uint64 microseconds)
{
	const char *operation = request->operation;

	if (request_counter == NULL)
		return;
	if (operation == NULL || sqlstate == ERRCODE_UNKNOWN_OPERATION)
		operation = "(unknown)";
	if (request->ntables == 0 || sqlstate == ERRCODE_RESOURCE_NOT_FOUND ||
		sqlstate == ERRCODE_TABLE_NOT_FOUND)
	{
		request_counter("", operation, outcome, 0, microseconds);
		return;
	}
	for (int i = 0; i < request->ntables; i++)
		request_counter(request->tables[i].name, operation, outcome,
						request->tables[i].units, microseconds);
}

/* What is neither here nor an exception of DynamoDB's is the server's fault. */
static const struct
{
	int			sqlstate;		/* of a class: ends in 000, then `whole_class` */
	bool		whole_class;
	RequestOutcome outcome;
} outcomes[] = {
	{ERRCODE_CONDITIONAL_CHECK_FAILED, false, OUTCOME_CONDITION},
	{ERRCODE_TRANSACTION_CANCELED, false, OUTCOME_CONDITION},
	{ERRCODE_TRANSACTION_CONFLICT, false, OUTCOME_CONFLICT},
	{ERRCODE_TRANSACTION_IN_PROGRESS, false, OUTCOME_CONFLICT},
	{ERRCODE_DYNAMO_ACCESS_DENIED, false, OUTCOME_DENIED},
	{ERRCODE_DYNAMO_INTERNAL, false, OUTCOME_SERVER},
	{ERRCODE_TRANSACTION_ROLLBACK, true, OUTCOME_CONFLICT},
	{ERRCODE_LOCK_NOT_AVAILABLE, false, OUTCOME_CONFLICT},
	{ERRCODE_INSUFFICIENT_PRIVILEGE, false, OUTCOME_DENIED},
	{ERRCODE_READ_ONLY_SQL_TRANSACTION, false, OUTCOME_DENIED},
	/* Constraints and triggers that a table's owner has added to it. */
	{ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION, true, OUTCOME_CLIENT},
	{ERRCODE_RAISE_EXCEPTION, false, OUTCOME_CLIENT},
};

RequestOutcome
request_outcome(int sqlstate)
{
	for (int i = 0; i < lengthof(outcomes); i++)
		if (outcomes[i].sqlstate == (outcomes[i].whole_class ? ERRCODE_TO_CATEGORY(sqlstate) : sqlstate))
			return outcomes[i].outcome;
	return dynamo_exception(sqlstate) != NULL ? OUTCOME_CLIENT : OUTCOME_SERVER;
}
