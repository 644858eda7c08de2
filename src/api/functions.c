/*
 * functions.c
 *		The SQL functions of the API.
 *
 * dynamo.call() passes a request through as JSON.  The typed functions fill
 * the same request structures from their arguments, each of which stands for a
 * member of the operation's shape, and then validate them by it; NULL means
 * that the member is not given.  No JSON is read or written on that path.
 *
 * Memory: a typed function works in the context it is called in, which the
 * executor resets for every row.  query() and scan() return one item per call
 * and keep request and scan in the context of their set.
 *
 * Each call counts as a request (count.c), where there are counters.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "portability/instr_time.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"

#include "common/errors.h"
#include "api/api.h"
#include "api/respond.h"
#include "api/shapes.h"

/* ---- counting ---- */

/* A function each call of which counts as one request; the operation may be named later. */
#define COUNTED_FUNCTION(name, operation) \
	static Datum run_##name(FunctionCallInfo fcinfo); \
	PG_FUNCTION_INFO_V1(name); \
	Datum name(PG_FUNCTION_ARGS) \
	{ \
		return counted(fcinfo, operation, run_##name); \
	} \
	static Datum run_##name(FunctionCallInfo fcinfo)

static uint64
microseconds_since(instr_time started)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, started);
	return INSTR_TIME_GET_MICROSEC(now);
}

/* In the handler of an error. */
static void
count_failure(const RequestRecord *record, instr_time started)
{
	count_request(record, request_outcome(geterrcode()), geterrcode(),
				  microseconds_since(started));
}

static Datum
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

#define MAX_ARGUMENTS 12

typedef enum ArgumentType
{
	ARGUMENT_TEXT = 1,			/* of MEMBER_STRING, _TABLE_NAME, _ENUM */
	ARGUMENT_ITEM,				/* dynamo.item, of MEMBER_ITEM */
	ARGUMENT_NAMES,				/* jsonb, of MEMBER_NAMES */
	ARGUMENT_BOOLEAN,
	ARGUMENT_INTEGER,			/* int4 */
	ARGUMENT_BIGINT,			/* int8 */
} ArgumentType;

typedef struct Argument
{
	const char *name;			/* of the member */
	ArgumentType type;
	const Member *member;		/* looked up at the first call */
} Argument;

typedef struct TypedFunction
{
	const Shape *shape;
	Argument	arguments[MAX_ARGUMENTS];	/* as in api.sql */
} TypedFunction;

static void fill_field(const Member *member, ArgumentType type, Datum datum,
					   void *request, RequestNotes *notes);
static Bytes text_bytes(Datum datum);
static AttributeValue names_from_jsonb(Jsonb *jsonb);
static Datum item_or_null(FunctionCallInfo fcinfo, AttributeValue item);

/* Fills a request, all zeros, from the arguments of a call and validates it. */
static void
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

static Datum
item_or_null(FunctionCallInfo fcinfo, AttributeValue item)
{
	if (!attribute_exists(item))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(DynamoItemGetDatum(item_from_root(item)));
}

/* ---- one item ---- */

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

/* What a set-returning call keeps between its rows. */
typedef struct ItemSet
{
	ReadRequest request;
	ReadStream *stream;			/* NULL before it has begun, and once it has ended */
	RequestRecord record;
	instr_time	started;
} ItemSet;

static Datum return_items(FunctionCallInfo fcinfo, TypedFunction *function,
						  bool is_query);
static DynamoItem *next_item(FunctionCallInfo fcinfo, TypedFunction *function, bool is_query,
							 ItemSet *set);
static void begin_items(FunctionCallInfo fcinfo, TypedFunction *function, bool is_query,
						ItemSet	   *set);
static void end_items(Datum arg);

PG_FUNCTION_INFO_V1(dynamo_query);
Datum
dynamo_query(PG_FUNCTION_ARGS)
{
	static TypedFunction function = {&query_shape, {
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
	}};

	return return_items(fcinfo, &function, true);
}

PG_FUNCTION_INFO_V1(dynamo_scan);
Datum
dynamo_scan(PG_FUNCTION_ARGS)
{
	static TypedFunction function = {&scan_shape, {
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
	}};

	return return_items(fcinfo, &function, false);
}

/* One item per call, so that a LIMIT above stops the scan. */
static Datum
return_items(FunctionCallInfo fcinfo, TypedFunction *function, bool is_query)
{
	FuncCallContext *context;
	ItemSet    *set;
	DynamoItem *item;

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

static DynamoItem *
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
	set->stream = read_stream_begin(&set->request, is_query);
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

/* ---- tables ---- */

/*
 * The arguments of create_table() and update_table() are flatter than the
 * requests of the API, so they have shapes of their own.  Their members carry
 * no constraints but for being required; the request has the others.
 */
typedef struct TableArguments
{
	Bytes		table_name;
	Bytes		partition_key;
	Bytes		sort_key;
	Bytes		billing_mode;
	OptionalInt read_capacity_units;
	OptionalInt write_capacity_units;
	OptionalBool deletion_protection;
	Bytes		table_class;
} TableArguments;

#define FIELD(field) offsetof(TableArguments, field)

static const Member table_argument_members[] = {
	{"TableName", MEMBER_STRING, FIELD(table_name), .required = true},
	{"BillingMode", MEMBER_STRING, FIELD(billing_mode)},
	{"ReadCapacityUnits", MEMBER_LONG, FIELD(read_capacity_units)},
	{"WriteCapacityUnits", MEMBER_LONG, FIELD(write_capacity_units)},
	{"DeletionProtectionEnabled", MEMBER_BOOLEAN, FIELD(deletion_protection)},
	{"TableClass", MEMBER_STRING, FIELD(table_class)},
	{"PartitionKey", MEMBER_STRING, FIELD(partition_key), .required = true},
	{"SortKey", MEMBER_STRING, FIELD(sort_key)},
};

/* update_table() has all but the keys, which stand last. */
static const Shape create_table_arguments = {
	"create_table", sizeof(TableArguments), lengthof(table_argument_members),
	table_argument_members
};
static const Shape update_table_arguments = {
	"update_table", sizeof(TableArguments), lengthof(table_argument_members) - 2,
	table_argument_members
};

static void add_key(CreateTableRequest *request, Bytes key, const char *key_type,
					RequestNotes *notes);
static ProvisionedThroughput *throughput_from(const TableArguments *arguments);
static void set_enum(const Shape *shape, const char *member, Bytes value, void *structure,
					 RequestNotes *notes);
static Datum table_description_json(const TableDescription *table);

COUNTED_FUNCTION(dynamo_create_table, "CreateTable")
{
	static TypedFunction function = {&create_table_arguments, {
		{"TableName", ARGUMENT_TEXT},
		{"PartitionKey", ARGUMENT_TEXT},
		{"SortKey", ARGUMENT_TEXT},
		{"BillingMode", ARGUMENT_TEXT},
		{"ReadCapacityUnits", ARGUMENT_BIGINT},
		{"WriteCapacityUnits", ARGUMENT_BIGINT},
		{"DeletionProtectionEnabled", ARGUMENT_BOOLEAN},
		{"TableClass", ARGUMENT_TEXT},
	}};
	TableArguments arguments = {0};
	CreateTableRequest request = {0};
	TableDescription result = {0};
	RequestNotes notes = {0};

	read_arguments(fcinfo, &function, &arguments);
	request.table_name = arguments.table_name;
	add_key(&request, arguments.partition_key, "HASH", &notes);
	if (arguments.sort_key.data != NULL)
		add_key(&request, arguments.sort_key, "RANGE", &notes);
	request.provisioned_throughput = throughput_from(&arguments);
	request.deletion_protection = arguments.deletion_protection;
	set_enum(&create_table_shape, "BillingMode", arguments.billing_mode, &request, &notes);
	set_enum(&create_table_shape, "TableClass", arguments.table_class, &request, &notes);
	validate_request(&create_table_shape, &request, &notes);

	op_create_table(&request, &result);
	PG_RETURN_OID(dynamo_table_lookup(request.table_name));
}

COUNTED_FUNCTION(dynamo_update_table, "UpdateTable")
{
	static TypedFunction function = {&update_table_arguments, {
		{"TableName", ARGUMENT_TEXT},
		{"BillingMode", ARGUMENT_TEXT},
		{"ReadCapacityUnits", ARGUMENT_BIGINT},
		{"WriteCapacityUnits", ARGUMENT_BIGINT},
		{"DeletionProtectionEnabled", ARGUMENT_BOOLEAN},
		{"TableClass", ARGUMENT_TEXT},
	}};
	TableArguments arguments = {0};
	UpdateTableRequest request = {0};
	TableDescription result = {0};
	RequestNotes notes = {0};

	read_arguments(fcinfo, &function, &arguments);
	request.table_name = arguments.table_name;
	request.provisioned_throughput = throughput_from(&arguments);
	request.deletion_protection = arguments.deletion_protection;
	set_enum(&update_table_shape, "BillingMode", arguments.billing_mode, &request, &notes);
	set_enum(&update_table_shape, "TableClass", arguments.table_class, &request, &notes);
	validate_request(&update_table_shape, &request, &notes);

	op_update_table(&request, &result);
	return table_description_json(&result);
}

/*
 * Adds a key attribute given as "name type" to key schema and definitions.  The
 * last word is the type, so a name may contain blanks.
 */
static void
add_key(CreateTableRequest *request, Bytes key, const char *key_type, RequestNotes *notes)
{
	AttributeDefinition *definition = palloc0(sizeof(AttributeDefinition));
	KeySchemaElement *element = palloc0(sizeof(KeySchemaElement));
	int			blank = key.len - 1;

	while (blank >= 0 && key.data[blank] != ' ')
		blank--;
	if (blank < 1 || blank == key.len - 1)
		ereport(ERROR,
				(errcode(ERRCODE_VALIDATION),
				 errmsg_internal("Invalid key attribute: \"%.*s\"", key.len, key.data),
				 errhint("A key attribute is a name and a type, S, N or B: 'Artist S'.")));

	definition->attribute_name = (Bytes) {key.data, blank};
	element->attribute_name = definition->attribute_name;
	request->attribute_definitions = lappend(request->attribute_definitions, definition);
	request->key_schema = lappend(request->key_schema, element);
	set_enum(shape_member(&create_table_shape,
						  bytes_from_cstring("AttributeDefinitions"))->shape,
			 "AttributeType", (Bytes) {key.data + blank + 1, key.len - blank - 1},
			 definition, notes);
	set_enum(shape_member(&create_table_shape, bytes_from_cstring("KeySchema"))->shape,
			 "KeyType", bytes_from_cstring(key_type), element, notes);
}

/* NULL if neither of the capacities is given. */
static ProvisionedThroughput *
throughput_from(const TableArguments *arguments)
{
	ProvisionedThroughput *throughput;

	if (!arguments->read_capacity_units.given && !arguments->write_capacity_units.given)
		return NULL;
	throughput = palloc(sizeof(ProvisionedThroughput));
	throughput->read_capacity_units = arguments->read_capacity_units;
	throughput->write_capacity_units = arguments->write_capacity_units;
	return throughput;
}

static void
set_enum(const Shape *shape, const char *member_name, Bytes value, void *structure,
		 RequestNotes *notes)
{
	const Member *member = shape_member(shape, bytes_from_cstring(member_name));

	if (value.data != NULL)
		decode_enum(member, value, MEMBER_FIELD(int, structure, member), notes);
}

COUNTED_FUNCTION(dynamo_describe_table, "DescribeTable")
{
	static TypedFunction function = {&describe_table_shape, {
		{"TableName", ARGUMENT_TEXT},
	}};
	TableNameRequest request = {0};
	TableDescription result = {0};

	read_arguments(fcinfo, &function, &request);
	op_describe_table(request.table_name, &result);
	return table_description_json(&result);
}

COUNTED_FUNCTION(dynamo_delete_table, "DeleteTable")
{
	static TypedFunction function = {&delete_table_shape, {
		{"TableName", ARGUMENT_TEXT},
	}};
	TableNameRequest request = {0};
	TableDescription result = {0};

	read_arguments(fcinfo, &function, &request);
	op_delete_table(request.table_name, &result);
	return table_description_json(&result);
}

static Datum
table_description_json(const TableDescription *table)
{
	StringInfoData json;

	initStringInfo(&json);
	append_table_description(&json, table);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(json.data, json.len));
}

/*
 * list_tables(): all names, or with max_tables those of one page.  The
 * operation gives a hundred at most, so all of them may take several.
 */
COUNTED_FUNCTION(dynamo_list_tables, "ListTables")
{
	static TypedFunction function = {&list_tables_shape, {
		{"ExclusiveStartTableName", ARGUMENT_TEXT},
		{"Limit", ARGUMENT_INTEGER},
	}};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ListTablesRequest request = {0};
	ListTablesResult result = {0};

	read_arguments(fcinfo, &function, &request);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	result.last_evaluated_name = request.exclusive_start_table_name;
	do
	{
		ListCell   *cell;

		op_list_tables(result.last_evaluated_name, request.limit, &result);
		foreach(cell, result.names)
		{
			const Bytes *name = lfirst(cell);
			Datum		value = PointerGetDatum(cstring_to_text_with_len(name->data,
																		 name->len));
			bool		isnull = false;

			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
		}
	} while (!request.limit.given && result.last_evaluated_name.data != NULL);
	return (Datum) 0;
}

/* ---- time to live ---- */

typedef struct TimeToLiveArguments
{
	Bytes		table_name;
	TimeToLiveSpecification specification;
} TimeToLiveArguments;

/* As TableArguments: the request has the constraints. */
static const Member time_to_live_argument_members[] = {
	{"TableName", MEMBER_STRING, offsetof(TimeToLiveArguments, table_name)},
	{"AttributeName", MEMBER_STRING,
		offsetof(TimeToLiveArguments, specification.attribute_name)},
	{"Enabled", MEMBER_BOOLEAN, offsetof(TimeToLiveArguments, specification.enabled)},
};
static const Shape time_to_live_arguments = {
	"update_time_to_live", sizeof(TimeToLiveArguments), lengthof(time_to_live_argument_members),
	time_to_live_argument_members
};

/* update_time_to_live(): the TimeToLiveSpecification. */
COUNTED_FUNCTION(dynamo_update_time_to_live, "UpdateTimeToLive")
{
	static TypedFunction function = {&time_to_live_arguments, {
		{"TableName", ARGUMENT_TEXT},
		{"AttributeName", ARGUMENT_TEXT},
		{"Enabled", ARGUMENT_BOOLEAN},
	}};
	TimeToLiveArguments arguments = {0};
	UpdateTimeToLiveRequest request = {0};
	RequestNotes notes = {0};
	StringInfoData json;

	read_arguments(fcinfo, &function, &arguments);
	request.table_name = arguments.table_name;
	request.specification = &arguments.specification;
	validate_request(&update_time_to_live_shape, &request, &notes);

	op_update_time_to_live(&request);
	initStringInfo(&json);
	append_time_to_live_specification(&json, request.specification);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(json.data, json.len));
}

/* describe_time_to_live(): the TimeToLiveDescription. */
COUNTED_FUNCTION(dynamo_describe_time_to_live, "DescribeTimeToLive")
{
	static TypedFunction function = {&describe_time_to_live_shape, {
		{"TableName", ARGUMENT_TEXT},
	}};
	TableNameRequest request = {0};
	TimeToLive	result;
	StringInfoData json;

	read_arguments(fcinfo, &function, &request);
	op_describe_time_to_live(request.table_name, &result);
	initStringInfo(&json);
	append_time_to_live_description(&json, &result);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(json.data, json.len));
}

/* ---- backups ---- */

/* create_backup(): the ARN of the backup. */
COUNTED_FUNCTION(dynamo_create_backup, "CreateBackup")
{
	static TypedFunction function = {&create_backup_shape, {
		{"TableName", ARGUMENT_TEXT},
		{"BackupName", ARGUMENT_TEXT},
	}};
	CreateBackupRequest request = {0};
	BackupDescription result = {0};

	read_arguments(fcinfo, &function, &request);
	op_create_backup(&request, &result);
	PG_RETURN_TEXT_P(cstring_to_text(backup_arn(result.backup.table_name, result.backup.id)));
}

COUNTED_FUNCTION(dynamo_delete_backup, "DeleteBackup")
{
	static TypedFunction function = {&delete_backup_shape, {
		{"BackupArn", ARGUMENT_TEXT},
	}};
	BackupRequest request = {0};
	BackupDescription result = {0};
	StringInfoData json;

	read_arguments(fcinfo, &function, &request);
	op_delete_backup(&request, &result);
	initStringInfo(&json);
	append_backup_description(&json, &result);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(json.data, json.len));
}

COUNTED_FUNCTION(dynamo_restore_table_from_backup, "RestoreTableFromBackup")
{
	static TypedFunction function = {&restore_table_from_backup_shape, {
		{"TargetTableName", ARGUMENT_TEXT},
		{"BackupArn", ARGUMENT_TEXT},
	}};
	RestoreRequest request = {0};
	TableDescription result = {0};

	read_arguments(fcinfo, &function, &request);
	op_restore_table_from_backup(&request, &result);
	PG_RETURN_OID(dynamo_table_lookup(request.target_table_name));
}

/* list_backups(): the ARNs of all backups, of one table or of all. */
COUNTED_FUNCTION(dynamo_list_backups, "ListBackups")
{
	static TypedFunction function = {&list_backups_shape, {
		{"TableName", ARGUMENT_TEXT},
	}};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ListBackupsRequest request = {0};
	ListBackupsResult result = {0};

	read_arguments(fcinfo, &function, &request);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	do
	{
		ListCell   *cell;

		op_list_backups(&request, &result);
		foreach(cell, result.backups)
		{
			const TableBackup *backup = lfirst(cell);
			Datum		value = CStringGetTextDatum(backup_arn(backup->table_name, backup->id));
			bool		isnull = false;

			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
		}
		if (result.last_evaluated != NULL)
			request.exclusive_start_backup_arn =
				bytes_from_cstring(backup_arn(result.last_evaluated->table_name,
											  result.last_evaluated->id));
	} while (result.last_evaluated != NULL);
	return (Datum) 0;
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
