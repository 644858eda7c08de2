/*
 * functions_tables.c
 *		The SQL functions of the control plane: tables and their time to live.
 */
#include "postgres.h"

#include "funcapi.h"

#include "common/errors.h"
#include "api/functions.h"
#include "api/respond.h"

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
	return text_from_buffer(&json);
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
			return_text(fcinfo, *(Bytes *) lfirst(cell));
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
	return text_from_buffer(&json);
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
	return text_from_buffer(&json);
}
