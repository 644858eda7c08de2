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

/* ---- what the client is told ---- */

/* "Transaction cancelled, ... [None, ConditionalCheckFailed]" and the JSON array. */
typedef struct Cancellation
{
	StringInfoData message;
	StringInfoData reasons;
} Cancellation;

static void
cancellation_begin(Cancellation *cancellation)
{
	initStringInfo(&cancellation->message);
	appendStringInfoString(&cancellation->message, "Transaction cancelled, please refer cancellation "
						   "reasons for specific reasons [");
	initStringInfo(&cancellation->reasons);
	appendStringInfoChar(&cancellation->reasons, '[');
}

/* {"Item": ..., "Code": ..., "Message": ...}; item and message may be NULL. */
static void
cancellation_add(Cancellation *cancellation, const char *code, const char *message,
				 const char *item)
{
	StringInfo	reasons = &cancellation->reasons;
	bool		is_first = reasons->len == 1;

	appendStringInfo(&cancellation->message, "%s%s", is_first ? "" : ", ", code);
	appendStringInfoString(reasons, is_first ? "{" : ",{");
	if (item != NULL)
		appendStringInfo(reasons, "\"Item\":%s,", item);
	appendStringInfo(reasons, "\"Code\":\"%s\"", code);
	if (message != NULL)
	{
		appendStringInfoString(reasons, ",\"Message\":");
		json_append_string(reasons, bytes_from_cstring(message));
	}
	appendStringInfoChar(reasons, '}');
}

static void
cancellation_end(Cancellation *cancellation)
{
	appendStringInfoChar(&cancellation->message, ']');
	appendStringInfoChar(&cancellation->reasons, ']');
}

void
raise_canceled(ErrorData *const *reasons, int n)
{
	Cancellation cancellation;

	cancellation_begin(&cancellation);
	for (int i = 0; i < n; i++)
	{
		const ErrorData *error = reasons[i];

		if (error == NULL)
			cancellation_add(&cancellation, "None", NULL, NULL);
		else
			cancellation_add(&cancellation, code_of(error->sqlerrcode), error->message,
							 condition_failure_item(error));
	}
	cancellation_end(&cancellation);
	ereport(ERROR, (errcode(ERRCODE_TRANSACTION_CANCELED),
					errmsg_internal("%s", cancellation.message.data),
					errdetail_internal("%s", cancellation.reasons.data),
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
	Cancellation cancellation;

	if (!is_conflict(error->sqlerrcode) || current_nactions == 0)
		return false;
	cancellation_begin(&cancellation);
	for (int i = 0; i < current_nactions; i++)
		if (i == current_action)
			cancellation_add(&cancellation, "TransactionConflict",
							 "Transaction is ongoing for the item", NULL);
		else
			cancellation_add(&cancellation, "None", NULL, NULL);
	cancellation_end(&cancellation);
	*message = cancellation.message.data;
	*reasons = cancellation.reasons.data;
	return true;
}
