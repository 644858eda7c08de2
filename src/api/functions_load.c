/*
 * functions_load.c
 *		The SQL function dynamo.load_items().
 *
 * It stands beside the typed functions, but DynamoDB has no such operation, hence
 * no shape.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"

#include "api/functions.h"

static Bytes required_text(FunctionCallInfo fcinfo, int i, const char *name);
static LoadConflict conflict_by_name(Bytes name);

/* dynamo.load_items(table_name, query, on_conflict) returns loaded, skipped, replaced */
PG_FUNCTION_INFO_V1(dynamo_load_items);
Datum
dynamo_load_items(PG_FUNCTION_ARGS)
{
	LoadRequest request;
	LoadCounts	counts;
	TupleDesc	desc;
	Datum		values[3];
	bool		isnull[3] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	request.table_name = required_text(fcinfo, 0, "table_name");
	request.query = bytes_to_cstring(required_text(fcinfo, 1, "query"));
	request.on_conflict = conflict_by_name(required_text(fcinfo, 2, "on_conflict"));

	op_load_items(&request, &counts);
	values[0] = Int64GetDatum(counts.loaded);
	values[1] = Int64GetDatum(counts.skipped);
	values[2] = Int64GetDatum(counts.replaced);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, isnull)));
}

static Bytes
required_text(FunctionCallInfo fcinfo, int i, const char *name)
{
	if (PG_ARGISNULL(i))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be null", name)));
	return text_argument(fcinfo, i);
}

static LoadConflict
conflict_by_name(Bytes name)
{
	static const char *const names[] = {
		[LOAD_ERROR] = "error",
		[LOAD_SKIP] = "skip",
		[LOAD_REPLACE] = "replace",
	};

	for (int i = 0; i < lengthof(names); i++)
		if (bytes_equal(name, bytes_from_cstring(names[i])))
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%.*s\" is no value of on_conflict", name.len, name.data),
			 errhint("Say error, skip or replace.")));
}
