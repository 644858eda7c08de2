/*
 * functions.c
 *		What the SQL functions of the API share, and dynamo.call(), which passes
 *		a request through as JSON.
 */
#include "postgres.h"

#include "access/xact.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"

#include "common/errors.h"
#include "api/api.h"
#include "api/functions.h"

/* ---- counting ---- */

uint64
microseconds_since(instr_time started)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, started);
	return INSTR_TIME_GET_MICROSEC(now);
}

void
count_failure(const RequestRecord *record, instr_time started)
{
	count_request(record, request_outcome(geterrcode()), geterrcode(),
				  microseconds_since(started));
}

Datum
counted(FunctionCallInfo fcinfo, const char *operation, PGFunction function)
{
	RequestRecord record;
	instr_time	started;
	Datum		result;

	if (request_counter == NULL)
		return function(fcinfo);
	INSTR_TIME_SET_CURRENT(started);
	request_begin(&record, operation);
	request_enter(&record);
	PG_TRY();
	{
		result = function(fcinfo);
	}
	PG_CATCH();
	{
		request_leave(&record);
		count_failure(&record, started);
		PG_RE_THROW();
	}
	PG_END_TRY();
	request_leave(&record);
	count_request(&record, OUTCOME_SUCCESS, 0, microseconds_since(started));
	return result;
}

/* ---- arguments ---- */

static void fill_field(const Member *member, ArgumentType type, Datum datum,
					   void *request, RequestNotes *notes);
static Bytes text_bytes(Datum datum);
static AttributeValue names_from_jsonb(Jsonb *jsonb);

void
read_arguments(FunctionCallInfo fcinfo, TypedFunction *function, void *request)
{
	RequestNotes notes = {0};

	for (int i = 0; i < PG_NARGS(); i++)
	{
		Argument   *argument = &function->arguments[i];

		if (PG_ARGISNULL(i))
			continue;
		if (argument->member == NULL)
			argument->member = shape_member(function->shape,
											bytes_from_cstring(argument->name));
		Assert(argument->member != NULL);
		fill_field(argument->member, argument->type, PG_GETARG_DATUM(i), request, &notes);
	}
	validate_request(function->shape, request, &notes);
}

static void
fill_field(const Member *member, ArgumentType type, Datum datum, void *request,
		   RequestNotes *notes)
{
	switch (type)
	{
		case ARGUMENT_TEXT:
			if (member->type == MEMBER_ENUM)
				decode_enum(member, text_bytes(datum), MEMBER_FIELD(int, request, member),
							notes);
			else
				*MEMBER_FIELD(Bytes, request, member) = text_bytes(datum);
			break;
		case ARGUMENT_ITEM:
			*MEMBER_FIELD(AttributeValue, request, member) =
				item_root(DatumGetDynamoItem(datum));
			break;
		case ARGUMENT_NAMES:
			*MEMBER_FIELD(AttributeValue, request, member) =
				names_from_jsonb(DatumGetJsonbP(datum));
			break;
		case ARGUMENT_BOOLEAN:
			*MEMBER_FIELD(OptionalBool, request, member) =
				(OptionalBool) {true, DatumGetBool(datum)};
			break;
		case ARGUMENT_INTEGER:
			*MEMBER_FIELD(OptionalInt, request, member) =
				(OptionalInt) {true, DatumGetInt32(datum)};
			break;
		case ARGUMENT_BIGINT:
			*MEMBER_FIELD(OptionalInt, request, member) =
				(OptionalInt) {true, DatumGetInt64(datum)};
			break;
	}
}

Bytes
text_argument(FunctionCallInfo fcinfo, int i)
{
	return PG_ARGISNULL(i) ? (Bytes) {NULL, 0} : text_bytes(PG_GETARG_DATUM(i));
}

static Bytes
text_bytes(Datum datum)
{
	text	   *value = DatumGetTextPP(datum);

	return (Bytes) {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};
}

/*
 * ExpressionAttributeNames from {"#placeholder": "name", ...}.  Raises
 * SerializationException for anything else, as for a request in JSON.
 */
static AttributeValue
names_from_jsonb(Jsonb *jsonb)
{
	JsonbIterator *iterator = JsonbIteratorInit(&jsonb->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	MapEntry   *entries;
	int			n = 0;

	if (!JB_ROOT_IS_OBJECT(jsonb))
		serialization_error("Unexpected field type");
	entries = palloc((JB_ROOT_COUNT(jsonb) + 1) * sizeof(MapEntry));
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		Bytes		string;

		if (token != WJB_KEY && token != WJB_VALUE)
			continue;
		if (value.type != jbvString)
			serialization_error("The name for %.*s cannot be converted to String",
								entries[n].name.len, entries[n].name.data);
		string = (Bytes) {value.val.string.val, value.val.string.len};
		if (token == WJB_KEY)
			entries[n].name = string;
		else
			entries[n++].value = attribute_make_string(string);
	}
	return names_from_entries(entries, n);
}

/* ---- results ---- */

Datum
text_from_buffer(const StringInfoData *buffer)
{
	PG_RETURN_TEXT_P(cstring_to_text_with_len(buffer->data, buffer->len));
}

void
return_text(FunctionCallInfo fcinfo, Bytes text)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		value = PointerGetDatum(cstring_to_text_with_len(text.data, text.len));
	bool		isnull = false;

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
}

/* ---- any operation ---- */

COUNTED_FUNCTION(dynamo_call, NULL)
{
	Bytes		operation = {"", 0};
	Bytes		request = {"null", 4};
	StringInfoData response;

	if (!PG_ARGISNULL(0))
		operation = text_bytes(PG_GETARG_DATUM(0));
	if (!PG_ARGISNULL(1))
		request = text_bytes(PG_GETARG_DATUM(1));

	/* room for the header makes the response a text as it stands */
	initStringInfo(&response);
	appendStringInfoSpaces(&response, VARHDRSZ);

	/* Volatile: a read sees what the statement has written before it. */
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	api_call(operation, request, &response);
	PopActiveSnapshot();

	SET_VARSIZE(response.data, response.len);
	PG_RETURN_TEXT_P((text *) response.data);
}
