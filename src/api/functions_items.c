/*
 * functions_items.c
 *		The SQL functions of the data plane.
 *
 * query() and scan() in FROM store their items in one call, since the executor
 * wants all of them before it goes on.  Elsewhere they return one item per call
 * and keep request and scan in the context of their set.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "api/api.h"
#include "api/functions.h"

/* ---- one item ---- */

static Datum
item_or_null(FunctionCallInfo fcinfo, AttributeValue item)
{
	if (!attribute_exists(item))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(DynamoItemGetDatum(item_from_root(item)));
}

COUNTED_FUNCTION(dynamo_get_item, "GetItem")
{
	static TypedFunction function = {&get_item_shape, {
		{"TableName", ARGUMENT_TEXT},
		{"Key", ARGUMENT_ITEM},
		{"ProjectionExpression", ARGUMENT_TEXT},
		{"ExpressionAttributeNames", ARGUMENT_NAMES},
		{"ConsistentRead", ARGUMENT_BOOLEAN},
	}};
	GetItemRequest request = {0};
	GetItemResult result = {0};

	read_arguments(fcinfo, &function, &request);
	op_get_item(&request, &result);
	if (result.whole != NULL)
		PG_RETURN_DATUM(DynamoItemGetDatum(result.whole));
	return item_or_null(fcinfo, result.item);
}

COUNTED_FUNCTION(dynamo_put_item, "PutItem")
{
	static TypedFunction function = {&put_item_shape, {
		{"TableName", ARGUMENT_TEXT},
		{"Item", ARGUMENT_ITEM},
		{"ConditionExpression", ARGUMENT_TEXT},
		{"ExpressionAttributeNames", ARGUMENT_NAMES},
		{"ExpressionAttributeValues", ARGUMENT_ITEM},
		{"ReturnValues", ARGUMENT_TEXT},
		{"ReturnValuesOnConditionCheckFailure", ARGUMENT_TEXT},
	}};
	PutItemRequest request = {0};
	WriteResult result = {0};

	read_arguments(fcinfo, &function, &request);
	op_put_item(&request, &result);
	return item_or_null(fcinfo, result.attributes);
}

COUNTED_FUNCTION(dynamo_update_item, "UpdateItem")
{
	static TypedFunction function = {&update_item_shape, {
		{"TableName", ARGUMENT_TEXT},
		{"Key", ARGUMENT_ITEM},
		{"UpdateExpression", ARGUMENT_TEXT},
		{"ConditionExpression", ARGUMENT_TEXT},
		{"ExpressionAttributeNames", ARGUMENT_NAMES},
		{"ExpressionAttributeValues", ARGUMENT_ITEM},
		{"ReturnValues", ARGUMENT_TEXT},
		{"ReturnValuesOnConditionCheckFailure", ARGUMENT_TEXT},
	}};
	UpdateItemRequest request = {0};
	WriteResult result = {0};

	read_arguments(fcinfo, &function, &request);
	op_update_item(&request, &result);
	return item_or_null(fcinfo, result.attributes);
}

COUNTED_FUNCTION(dynamo_delete_item, "DeleteItem")
{
	static TypedFunction function = {&delete_item_shape, {
		{"TableName", ARGUMENT_TEXT},
		{"Key", ARGUMENT_ITEM},
		{"ConditionExpression", ARGUMENT_TEXT},
		{"ExpressionAttributeNames", ARGUMENT_NAMES},
		{"ExpressionAttributeValues", ARGUMENT_ITEM},
		{"ReturnValues", ARGUMENT_TEXT},
		{"ReturnValuesOnConditionCheckFailure", ARGUMENT_TEXT},
	}};
	DeleteItemRequest request = {0};
	WriteResult result = {0};

	read_arguments(fcinfo, &function, &request);
	op_delete_item(&request, &result);
	return item_or_null(fcinfo, result.attributes);
}

/* ---- many items ---- */

static TypedFunction query_function = {
	&query_shape,
	{
		{"TableName", ARGUMENT_TEXT},
		{"KeyConditionExpression", ARGUMENT_TEXT},
		{"FilterExpression", ARGUMENT_TEXT},
		{"ProjectionExpression", ARGUMENT_TEXT},
		{"ExpressionAttributeNames", ARGUMENT_NAMES},
		{"ExpressionAttributeValues", ARGUMENT_ITEM},
		{"IndexName", ARGUMENT_TEXT},
		{"ScanIndexForward", ARGUMENT_BOOLEAN},
		{"Limit", ARGUMENT_BIGINT},
		{"ExclusiveStartKey", ARGUMENT_ITEM},
		{"ConsistentRead", ARGUMENT_BOOLEAN},
	},
};

static TypedFunction scan_function = {
	&scan_shape,
	{
		{"TableName", ARGUMENT_TEXT},
		{"FilterExpression", ARGUMENT_TEXT},
		{"ProjectionExpression", ARGUMENT_TEXT},
		{"ExpressionAttributeNames", ARGUMENT_NAMES},
		{"ExpressionAttributeValues", ARGUMENT_ITEM},
		{"IndexName", ARGUMENT_TEXT},
		{"Segment", ARGUMENT_INTEGER},
		{"TotalSegments", ARGUMENT_INTEGER},
		{"Limit", ARGUMENT_BIGINT},
		{"ExclusiveStartKey", ARGUMENT_ITEM},
		{"ConsistentRead", ARGUMENT_BOOLEAN},
	},
};

/* What a set-returning call keeps between its rows. */
typedef struct ItemSet
{
	ReadRequest request;
	ReadStream *stream;			/* NULL before it has begun, and once it has ended */
	RequestRecord record;
	instr_time	started;
} ItemSet;

static bool wants_all_items(FunctionCallInfo fcinfo);
static Datum query_all(FunctionCallInfo fcinfo);
static Datum scan_all(FunctionCallInfo fcinfo);
static Datum store_items(FunctionCallInfo fcinfo, TypedFunction *function, bool is_query);
static Tuplestorestate *make_store(FunctionCallInfo fcinfo);
static void begin_row(StringInfo row);
static void store_item(Tuplestorestate *store, const DynamoItem *item, StringInfo row);
static Datum return_items(FunctionCallInfo fcinfo, TypedFunction *function, bool is_query);
static const DynamoItem *next_item(FunctionCallInfo fcinfo, TypedFunction *function,
								   bool is_query, ItemSet *set);
static void begin_items(FunctionCallInfo fcinfo, TypedFunction *function, bool is_query,
						ItemSet	   *set);
static void end_items(Datum arg);

PG_FUNCTION_INFO_V1(dynamo_query);
Datum
dynamo_query(PG_FUNCTION_ARGS)
{
	if (wants_all_items(fcinfo))
		return counted(fcinfo, "Query", query_all);
	return return_items(fcinfo, &query_function, true);
}

PG_FUNCTION_INFO_V1(dynamo_scan);
Datum
dynamo_scan(PG_FUNCTION_ARGS)
{
	if (wants_all_items(fcinfo))
		return counted(fcinfo, "Scan", scan_all);
	return return_items(fcinfo, &scan_function, false);
}

/* Whether the executor would store what it is given, one by one. */
static bool
wants_all_items(FunctionCallInfo fcinfo)
{
	const ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	return rsinfo != NULL && IsA(rsinfo, ReturnSetInfo) &&
		(rsinfo->allowedModes & SFRM_Materialize_Preferred) != 0;
}

static Datum
query_all(FunctionCallInfo fcinfo)
{
	return store_items(fcinfo, &query_function, true);
}

static Datum
scan_all(FunctionCallInfo fcinfo)
{
	return store_items(fcinfo, &scan_function, false);
}

static Datum
store_items(FunctionCallInfo fcinfo, TypedFunction *function, bool is_query)
{
	Tuplestorestate *store = make_store(fcinfo);
	ReadRequest request = {0};
	StringInfoData row;
	ReadStream *stream;
	const DynamoItem *item;

	read_arguments(fcinfo, function, &request);
	stream = read_stream_begin(&request, is_query, true);
	begin_row(&row);
	while ((item = read_stream_next(stream)) != NULL)
		store_item(store, item, &row);
	request_note_units(request.table_name, read_stream_units(stream));
	read_stream_end(stream);
	return (Datum) 0;
}

/*
 * Rows are freed together, so that they may lie side by side, in a memory context
 * that serves all calls of the statement: the executor ends one's store before the
 * next.
 */
static Tuplestorestate *
make_store(FunctionCallInfo fcinfo)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	FmgrInfo   *function = fcinfo->flinfo;
	MemoryContext caller;

	if (function->fn_extra == NULL)
		function->fn_extra = GenerationContextCreate(rsinfo->econtext->ecxt_per_query_memory,
													 "dynamo items", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(function->fn_extra);
	rsinfo->setResult = tuplestore_begin_heap((rsinfo->allowedModes & SFRM_Materialize_Random) != 0,
											  false, work_mem);
	rsinfo->returnMode = SFRM_Materialize;
	MemoryContextSwitchTo(caller);
	return rsinfo->setResult;
}

/* The header of all rows, which have one column: their sizes differ. */
static void
begin_row(StringInfo row)
{
	HeapTupleHeader header;

	initStringInfo(row);
	row->len = MAXALIGN(SizeofHeapTupleHeader);
	header = memset(row->data, 0, row->len);
	header->t_infomask = HEAP_HASVARWIDTH;
	header->t_hoff = row->len;
	HeapTupleHeaderSetNatts(header, 1);
}

/*
 * Adds a row.  It is formed here, in memory that is used again for the next one:
 * tuplestore_putvalues() would take longer than to read the item.
 */
static void
store_item(Tuplestorestate *store, const DynamoItem *item, StringInfo row)
{
	int			size = VARSIZE_ANY(item);
	HeapTupleData tuple = {0};

	if (unlikely(row->len + size >= row->maxlen))
		enlargeStringInfo(row, size);
	memcpy(row->data + row->len, item, size);
	tuple.t_len = row->len + size;
	tuple.t_data = (HeapTupleHeader) row->data;
	tuplestore_puttuple(store, &tuple);
}

/* One item per call, so that a LIMIT above stops the scan. */
static Datum
return_items(FunctionCallInfo fcinfo, TypedFunction *function, bool is_query)
{
	FuncCallContext *context;
	ItemSet    *set;
	const DynamoItem *item;

	if (SRF_IS_FIRSTCALL())
	{
		context = SRF_FIRSTCALL_INIT();
		context->user_fctx = MemoryContextAllocZero(context->multi_call_memory_ctx,
													sizeof(ItemSet));
	}
	context = SRF_PERCALL_SETUP();
	set = context->user_fctx;

	request_enter(&set->record);
	PG_TRY();
	{
		item = next_item(fcinfo, function, is_query, set);
	}
	PG_CATCH();
	{
		request_leave(&set->record);
		count_failure(&set->record, set->started);
		PG_RE_THROW();
	}
	PG_END_TRY();
	request_leave(&set->record);
	if (item != NULL)
		SRF_RETURN_NEXT(context, DynamoItemGetDatum(item));

	UnregisterExprContextCallback(((ReturnSetInfo *) fcinfo->resultinfo)->econtext,
								  end_items, PointerGetDatum(set));
	end_items(PointerGetDatum(set));
	SRF_RETURN_DONE(context);
}

static const DynamoItem *
next_item(FunctionCallInfo fcinfo, TypedFunction *function, bool is_query, ItemSet *set)
{
	if (set->stream == NULL)
		begin_items(fcinfo, function, is_query, set);
	return read_stream_next(set->stream);
}

/*
 * Starts the set in its own context.  The arguments are not copied: the
 * executor keeps them until the set has ended.  A query that ends before the
 * set does (LIMIT, a closed cursor) ends the scan by the callback, which runs
 * before the set's context is deleted because it is registered later; after an
 * error the scan's resources go with the transaction.
 */
static void
begin_items(FunctionCallInfo fcinfo, TypedFunction *function, bool is_query, ItemSet *set)
{
	FuncCallContext *context = SRF_PERCALL_SETUP();
	MemoryContext caller = MemoryContextSwitchTo(context->multi_call_memory_ctx);

	INSTR_TIME_SET_CURRENT(set->started);
	request_begin(&set->record, is_query ? "Query" : "Scan");
	read_arguments(fcinfo, function, &set->request);
	set->stream = read_stream_begin(&set->request, is_query, false);
	RegisterExprContextCallback(((ReturnSetInfo *) fcinfo->resultinfo)->econtext,
								end_items, PointerGetDatum(set));
	MemoryContextSwitchTo(caller);
}

/* The set counts as one request, which lasts until its last item is fetched. */
static void
end_items(Datum arg)
{
	ItemSet    *set = (ItemSet *) DatumGetPointer(arg);
	ReadStream *stream = set->stream;

	set->stream = NULL;
	if (stream == NULL)
		return;
	request_enter(&set->record);
	request_note_units(set->request.table_name, read_stream_units(stream));
	request_leave(&set->record);
	read_stream_end(stream);
	count_request(&set->record, OUTCOME_SUCCESS, 0, microseconds_since(set->started));
}
