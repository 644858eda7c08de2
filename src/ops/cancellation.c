/*
 * cancellation.c
 *		TransactionCanceledException and its reasons.
 *
 * An action of a transaction fails with the error that the operation of its own
 * would raise; that error becomes its reason.  The reasons are the DETAIL of
 * the exception, as the array CancellationReasons of JSON; as they may hold
 * items, they are kept out of the server's log.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "common/errors.h"
#include "ops/cancellation.h"

/* Errors that cancel, and the codes that DynamoDB gives them. */
static const struct
{
	int			sqlstate;
	const char *code;
}			codes[] = {
	{ERRCODE_CONDITIONAL_CHECK_FAILED, "ConditionalCheckFailed"},
	{ERRCODE_VALIDATION, "ValidationError"},
	{ERRCODE_ITEM_COLLECTION_SIZE_EXCEEDED, "ItemCollectionSizeLimitExceeded"},
};

/* Errors that are another transaction's doing. */
static const int conflicts[] = {
	ERRCODE_T_R_DEADLOCK_DETECTED,
	ERRCODE_T_R_SERIALIZATION_FAILURE,
	ERRCODE_LOCK_NOT_AVAILABLE,
};

/* The action under way, or the last one that was; nactions 0: none. */
static int	current_action;
static int	current_nactions;

static const char *
code_of(int sqlstate)
{
	for (int i = 0; i < lengthof(codes); i++)
		if (codes[i].sqlstate == sqlstate)
			return codes[i].code;
	return NULL;
}

ErrorData *
catch_cancellation_reason(MemoryContext context)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	if (code_of(error->sqlerrcode) == NULL)
		PG_RE_THROW();
	FlushErrorState();
	return error;
}

/* "Transaction cancelled, ... [None, ConditionalCheckFailed]" */
static char *
canceled_message(const char *const *reason_codes, int n)
{
	StringInfoData message;

	initStringInfo(&message);
	appendStringInfoString(&message, "Transaction cancelled, please refer cancellation reasons "
						   "for specific reasons [");
	for (int i = 0; i < n; i++)
		appendStringInfo(&message, "%s%s", i > 0 ? ", " : "", reason_codes[i]);
	appendStringInfoChar(&message, ']');
	return message.data;
}

/* {"Item": ..., "Code": ..., "Message": ...}; item and message may be NULL. */
static void
append_reason(StringInfo out, const char *code, const char *message, const char *item)
{
	appendStringInfoChar(out, '{');
	if (item != NULL)
		appendStringInfo(out, "\"Item\":%s,", item);
	appendStringInfo(out, "\"Code\":\"%s\"", code);
	if (message != NULL)
	{
		appendStringInfoString(out, ",\"Message\":");
		json_append_string(out, bytes_from_cstring(message));
	}
	appendStringInfoChar(out, '}');
}

void
raise_canceled(ErrorData *const *reasons, int n)
{
	const char **reason_codes = palloc_array(const char *, n);
	StringInfoData json;

	initStringInfo(&json);
	for (int i = 0; i < n; i++)
	{
		const ErrorData *error = reasons[i];

		reason_codes[i] = error != NULL ? code_of(error->sqlerrcode) : "None";
		appendStringInfoChar(&json, i == 0 ? '[' : ',');
		append_reason(&json, reason_codes[i], error != NULL ? error->message : NULL,
					  error != NULL ? condition_failure_item(error) : NULL);
	}
	appendStringInfoChar(&json, ']');
	ereport(ERROR, (errcode(ERRCODE_TRANSACTION_CANCELED),
					errmsg_internal("%s", canceled_message(reason_codes, n)),
					errdetail_internal("%s", json.data),
					errdetail_log("The reasons were returned to the client.")));
}

const char *
cancellation_reasons(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_TRANSACTION_CANCELED ? error->detail : NULL;
}

/* ---- conflicts ---- */

void
note_action(int action, int nactions)
{
	current_action = action;
	current_nactions = nactions;
}

void
forget_transaction(void)
{
	note_action(0, 0);
}

static bool
is_conflict(int sqlstate)
{
	for (int i = 0; i < lengthof(conflicts); i++)
		if (conflicts[i] == sqlstate)
			return true;
	return false;
}

bool
transaction_conflict(const ErrorData *error, char **message, char **reasons)
{
	const char **reason_codes;
	StringInfoData json;

	if (!is_conflict(error->sqlerrcode) || current_nactions == 0)
		return false;
	reason_codes = palloc_array(const char *, current_nactions);
	initStringInfo(&json);
	for (int i = 0; i < current_nactions; i++)
	{
		bool		here = i == current_action;

		reason_codes[i] = here ? "TransactionConflict" : "None";
		appendStringInfoChar(&json, i == 0 ? '[' : ',');
		append_reason(&json, reason_codes[i], here ? "Transaction is ongoing for the item" : NULL,
					  NULL);
	}
	appendStringInfoChar(&json, ']');
	*message = canceled_message(reason_codes, current_nactions);
	*reasons = json.data;
	return true;
}
