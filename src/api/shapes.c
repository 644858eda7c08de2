/*
 * shapes.c
 *		The request shapes, after DynamoDB's service model.
 *
 * Members stand in the model's order; the values of an enum in that of its C
 * type, and its listing in the order in which DynamoDB prints it.  A row is
 * MEMBER_UNBUILT until its operation can honour it, so that no parameter is
 * ever taken and then ignored.
 */
#include "postgres.h"

#include "api/shapes.h"

#define AT(structure, field) .offset = offsetof(structure, field)
#define UNBUILT(name) {name, MEMBER_UNBUILT}
#define UNBUILT_BUT(name, when) {name, MEMBER_UNBUILT, .harmless = when}

#define SHAPE(shape_name, structure, member_array) \
	{.name = shape_name, .size = sizeof(structure), \
	 .nmembers = lengthof(member_array), .members = member_array}

/* ---- enums ---- */

static const EnumSet return_values = {
	"[ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
	{"NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"}
};

static const EnumSet return_values_on_failure = {
	"[ALL_OLD, NONE]", {"ALL_OLD", "NONE"}
};

static const EnumSet return_consumed_capacity = {
	"[INDEXES, TOTAL, NONE]", {"INDEXES", "TOTAL", "NONE"}
};

static const EnumSet return_collection_metrics = {
	"[SIZE, NONE]", {"SIZE", "NONE"}
};

static const EnumSet select_values = {
	"[SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]",
	{"ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT"}
};

static const EnumSet key_types = {"[HASH, RANGE]", {"HASH", "RANGE"}};

static const EnumSet attribute_types = {"[B, N, S]", {"S", "N", "B"}};

static const EnumSet billing_modes = {
	"[PROVISIONED, PAY_PER_REQUEST]", {"PROVISIONED", "PAY_PER_REQUEST"}
};

static const EnumSet projection_types = {
	"[ALL, INCLUDE, KEYS_ONLY]", {"ALL", "KEYS_ONLY", "INCLUDE"}};

static const EnumSet table_classes = {
	"[STANDARD, STANDARD_INFREQUENT_ACCESS]",
	{"STANDARD", "STANDARD_INFREQUENT_ACCESS"}
};

static const EnumSet comparison_operators = {
	"[IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]",
	{"EQ", "NE", "IN", "LE", "LT", "GE", "GT", "BETWEEN", "NOT_NULL", "NULL", "CONTAINS",
	"NOT_CONTAINS", "BEGINS_WITH"}
};

static const EnumSet conditional_operators = {"[OR, AND]", {"AND", "OR"}};

static const EnumSet attribute_actions = {"[ADD, DELETE, PUT]", {"ADD", "PUT", "DELETE"}};

/* ---- parameters from before expressions ---- */

static const Member expected_members[] = {
	{"Value", MEMBER_VALUE, AT(LegacyCondition, value)},
	{"Exists", MEMBER_BOOLEAN, AT(LegacyCondition, exists)},
	{"ComparisonOperator", MEMBER_ENUM, AT(LegacyCondition, comparison),
		.values = &comparison_operators},
	{"AttributeValueList", MEMBER_VALUE_LIST, AT(LegacyCondition, arguments)},
};
static const Shape expected_shape =
	SHAPE("ExpectedAttributeValue", LegacyCondition, expected_members);

static const Member condition_members[] = {
	{"AttributeValueList", MEMBER_VALUE_LIST, AT(LegacyCondition, arguments)},
	{"ComparisonOperator", MEMBER_ENUM, AT(LegacyCondition, comparison), .required = true,
		.values = &comparison_operators},
};
static const Shape condition_shape = SHAPE("Condition", LegacyCondition, condition_members);

static const Member attribute_update_members[] = {
	{"Value", MEMBER_VALUE, AT(LegacyUpdate, value)},
	{"Action", MEMBER_ENUM, AT(LegacyUpdate, action), .values = &attribute_actions},
};
static const Shape attribute_update_shape =
	SHAPE("AttributeValueUpdate", LegacyUpdate, attribute_update_members);

#define ATTRIBUTE_NAME_LIMITS LIMITS(0, MAX_ATTRIBUTE_NAME_SIZE)
#define EXPECTED(structure) \
	{ \
		"Expected", MEMBER_MAP, AT(structure, options.expected), \
			.limits = ATTRIBUTE_NAME_LIMITS, .shape = &expected_shape, .role = ROLE_LEGACY \
	}
#define CONDITIONS(name, structure, field, in_place_of) \
	{ \
		name, MEMBER_MAP, AT(structure, field), .limits = ATTRIBUTE_NAME_LIMITS, \
												.shape = &condition_shape, .role = in_place_of \
	}
#define CONDITIONAL_OPERATOR(structure, field) \
	{ \
		"ConditionalOperator", MEMBER_ENUM, AT(structure, field), \
			.values = &conditional_operators, .role = ROLE_LEGACY \
	}
#define ATTRIBUTES_TO_GET(structure) \
	{ \
		"AttributesToGet", MEMBER_STRING_LIST, AT(structure, attributes_to_get), \
			.limits = LIMITS(1, NO_MAXIMUM), .role = ROLE_LEGACY \
	}

/* ---- items ---- */

/* Of the names of tables, indexes and backups. */
#define RESOURCE_NAME_LIMITS LIMITS(3, MAX_TABLE_NAME_SIZE)

#define TABLE_NAME(structure) \
	{"TableName", MEMBER_TABLE_NAME, AT(structure, table_name), .required = true}
#define RETURN_CONSUMED_CAPACITY(structure, field) \
	{"ReturnConsumedCapacity", MEMBER_ENUM, AT(structure, field), \
	 .values = &return_consumed_capacity}
#define RETURN_COLLECTION_METRICS(structure) \
	{"ReturnItemCollectionMetrics", MEMBER_ENUM, AT(structure, options.return_metrics), \
	 .values = &return_collection_metrics}
#define RETURN_VALUES(structure) \
	{"ReturnValues", MEMBER_ENUM, AT(structure, options.return_values), \
	 .values = &return_values}
#define RETURN_VALUES_ON_FAILURE(structure) \
	{"ReturnValuesOnConditionCheckFailure", MEMBER_ENUM, \
	 AT(structure, options.return_on_failure), .values = &return_values_on_failure}
#define CONDITION_EXPRESSION(structure) \
	{ \
		"ConditionExpression", MEMBER_STRING, AT(structure, options.condition_expression), \
			.role = ROLE_EXPRESSION \
	}
#define PROJECTION_EXPRESSION(structure) \
	{ \
		"ProjectionExpression", MEMBER_STRING, AT(structure, projection_expression), \
			.role = ROLE_PROJECTION \
	}
#define NAMES(structure, field) \
	{ \
		"ExpressionAttributeNames", MEMBER_NAMES, AT(structure, field), \
			.limits = LIMITS(0, MAX_ATTRIBUTE_NAME_SIZE), .role = ROLE_NAMES \
	}
#define VALUES(structure, field) \
	{ \
		"ExpressionAttributeValues", MEMBER_VALUES, AT(structure, field), .role = ROLE_VALUES \
	}

static const Member put_item_members[] = {
	TABLE_NAME(PutItemRequest),
	{"Item", MEMBER_ITEM, AT(PutItemRequest, item), .required = true},
	EXPECTED(PutItemRequest),
	RETURN_VALUES(PutItemRequest),
	RETURN_CONSUMED_CAPACITY(PutItemRequest, options.return_capacity),
	RETURN_COLLECTION_METRICS(PutItemRequest),
	CONDITIONAL_OPERATOR(PutItemRequest, options.conditional_operator),
	CONDITION_EXPRESSION(PutItemRequest),
	NAMES(PutItemRequest, options.names),
	VALUES(PutItemRequest, options.values),
	RETURN_VALUES_ON_FAILURE(PutItemRequest),
};
const Shape put_item_shape = SHAPE("PutItemInput", PutItemRequest, put_item_members);

static const Member get_item_members[] = {
	TABLE_NAME(GetItemRequest),
	{"Key", MEMBER_ITEM, AT(GetItemRequest, key), .required = true},
	ATTRIBUTES_TO_GET(GetItemRequest),
	{"ConsistentRead", MEMBER_BOOLEAN, AT(GetItemRequest, consistent_read)},
	RETURN_CONSUMED_CAPACITY(GetItemRequest, return_capacity),
	PROJECTION_EXPRESSION(GetItemRequest),
	NAMES(GetItemRequest, names),
};
const Shape get_item_shape = SHAPE("GetItemInput", GetItemRequest, get_item_members);

static const Member update_item_members[] = {
	TABLE_NAME(UpdateItemRequest),
	{"Key", MEMBER_ITEM, AT(UpdateItemRequest, key), .required = true},
	{"AttributeUpdates", MEMBER_MAP, AT(UpdateItemRequest, attribute_updates),
	 .limits = ATTRIBUTE_NAME_LIMITS, .shape = &attribute_update_shape, .role = ROLE_LEGACY},
	EXPECTED(UpdateItemRequest),
	CONDITIONAL_OPERATOR(UpdateItemRequest, options.conditional_operator),
	RETURN_VALUES(UpdateItemRequest),
	RETURN_CONSUMED_CAPACITY(UpdateItemRequest, options.return_capacity),
	RETURN_COLLECTION_METRICS(UpdateItemRequest),
	{"UpdateExpression", MEMBER_STRING, AT(UpdateItemRequest, update_expression),
	 .role = ROLE_EXPRESSION},
	CONDITION_EXPRESSION(UpdateItemRequest),
	NAMES(UpdateItemRequest, options.names),
	VALUES(UpdateItemRequest, options.values),
	RETURN_VALUES_ON_FAILURE(UpdateItemRequest),
};
const Shape update_item_shape = SHAPE("UpdateItemInput", UpdateItemRequest,
									  update_item_members);

static const Member delete_item_members[] = {
	TABLE_NAME(DeleteItemRequest),
	{"Key", MEMBER_ITEM, AT(DeleteItemRequest, key), .required = true},
	EXPECTED(DeleteItemRequest),
	CONDITIONAL_OPERATOR(DeleteItemRequest, options.conditional_operator),
	RETURN_VALUES(DeleteItemRequest),
	RETURN_CONSUMED_CAPACITY(DeleteItemRequest, options.return_capacity),
	RETURN_COLLECTION_METRICS(DeleteItemRequest),
	CONDITION_EXPRESSION(DeleteItemRequest),
	NAMES(DeleteItemRequest, options.names),
	VALUES(DeleteItemRequest, options.values),
	RETURN_VALUES_ON_FAILURE(DeleteItemRequest),
};
const Shape delete_item_shape = SHAPE("DeleteItemInput", DeleteItemRequest,
									  delete_item_members);

/* ---- reads of many items ---- */

#define INDEX_NAME \
	{"IndexName", MEMBER_STRING, AT(ReadRequest, index_name), \
	 .limits = RESOURCE_NAME_LIMITS, .name_pattern = true}
#define SELECT \
	{"Select", MEMBER_ENUM, AT(ReadRequest, select), .values = &select_values}
#define LIMIT \
	{"Limit", MEMBER_INTEGER, AT(ReadRequest, limit), .limits = LIMITS(1, NO_MAXIMUM)}
#define CONSISTENT_READ \
	{"ConsistentRead", MEMBER_BOOLEAN, AT(ReadRequest, consistent_read)}
#define EXCLUSIVE_START_KEY \
	{ \
		"ExclusiveStartKey", MEMBER_ITEM, AT(ReadRequest, exclusive_start_key), \
			.fault_prefix = "The provided starting key is invalid: " \
	}
#define FILTER_EXPRESSION \
	{ \
		"FilterExpression", MEMBER_STRING, AT(ReadRequest, filter_expression), \
			.role = ROLE_EXPRESSION \
	}

static const Member query_members[] = {
	TABLE_NAME(ReadRequest),
	INDEX_NAME,
	SELECT,
	ATTRIBUTES_TO_GET(ReadRequest),
	LIMIT,
	CONSISTENT_READ,
	CONDITIONS("KeyConditions", ReadRequest, key_conditions, ROLE_LEGACY_KEYS),
	CONDITIONS("QueryFilter", ReadRequest, filter, ROLE_LEGACY),
	CONDITIONAL_OPERATOR(ReadRequest, conditional_operator),
	{"ScanIndexForward", MEMBER_BOOLEAN, AT(ReadRequest, scan_index_forward)},
	EXCLUSIVE_START_KEY,
	RETURN_CONSUMED_CAPACITY(ReadRequest, return_capacity),
	PROJECTION_EXPRESSION(ReadRequest),
	FILTER_EXPRESSION,
	{"KeyConditionExpression", MEMBER_STRING, AT(ReadRequest, key_condition_expression),
	 .role = ROLE_KEY_CONDITION},
	NAMES(ReadRequest, names),
	VALUES(ReadRequest, values),
};
const Shape query_shape = SHAPE("QueryInput", ReadRequest, query_members);

static const Member scan_members[] = {
	TABLE_NAME(ReadRequest),
	INDEX_NAME,
	ATTRIBUTES_TO_GET(ReadRequest),
	LIMIT,
	SELECT,
	CONDITIONS("ScanFilter", ReadRequest, filter, ROLE_LEGACY),
	CONDITIONAL_OPERATOR(ReadRequest, conditional_operator),
	EXCLUSIVE_START_KEY,
	RETURN_CONSUMED_CAPACITY(ReadRequest, return_capacity),
	{"TotalSegments", MEMBER_INTEGER, AT(ReadRequest, total_segments),
	 .limits = LIMITS(1, MAX_TOTAL_SEGMENTS)},
	{"Segment", MEMBER_INTEGER, AT(ReadRequest, segment),
	 .limits = LIMITS(0, MAX_TOTAL_SEGMENTS - 1)},
	PROJECTION_EXPRESSION(ReadRequest),
	FILTER_EXPRESSION,
	NAMES(ReadRequest, names),
	VALUES(ReadRequest, values),
	CONSISTENT_READ,
};
const Shape scan_shape = SHAPE("ScanInput", ReadRequest, scan_members);

/* ---- batches and transactions ---- */

static const Member keys_and_attributes_members[] = {
	{"Keys", MEMBER_ITEMS, AT(BatchGetTable, keys), .required = true,
	 .limits = LIMITS(1, MAX_BATCH_GET_KEYS)},
	ATTRIBUTES_TO_GET(BatchGetTable),
	{"ConsistentRead", MEMBER_BOOLEAN, AT(BatchGetTable, consistent_read)},
	PROJECTION_EXPRESSION(BatchGetTable),
	NAMES(BatchGetTable, names),
};
static const Shape keys_and_attributes_shape =
	SHAPE("KeysAndAttributes", BatchGetTable, keys_and_attributes_members);

static const Member batch_get_item_members[] = {
	{"RequestItems", MEMBER_TABLES, AT(BatchGetRequest, tables), .required = true,
		.limits = LIMITS(1, MAX_BATCH_GET_KEYS), .shape = &keys_and_attributes_shape},
	RETURN_CONSUMED_CAPACITY(BatchGetRequest, return_capacity),
};
const Shape batch_get_item_shape = SHAPE("BatchGetItemInput", BatchGetRequest,
										 batch_get_item_members);

static const Member put_request_members[] = {
	{"Item", MEMBER_ITEM, AT(PutItemRequest, item), .required = true},
};
static const Shape put_request_shape = SHAPE("PutRequest", PutItemRequest,
											 put_request_members);

static const Member delete_request_members[] = {
	{"Key", MEMBER_ITEM, AT(DeleteItemRequest, key), .required = true},
};
static const Shape delete_request_shape = SHAPE("DeleteRequest", DeleteItemRequest,
												delete_request_members);

static const Member write_request_members[] = {
	{"PutRequest", MEMBER_STRUCTURE, AT(BatchWrite, put), .shape = &put_request_shape},
	{"DeleteRequest", MEMBER_STRUCTURE, AT(BatchWrite, delete),
		.shape = &delete_request_shape},
};
static const Shape write_request_shape = SHAPE("WriteRequest", BatchWrite,
											   write_request_members);

static const Member write_requests_members[] = {
	{"WriteRequests", MEMBER_LIST, AT(BatchWriteTable, writes), .required = true,
		.limits = LIMITS(1, MAX_BATCH_WRITE_REQUESTS), .shape = &write_request_shape},
};
static const Shape write_requests_shape = {
	.name = "WriteRequests", .size = sizeof(BatchWriteTable),
	.nmembers = 1, .members = write_requests_members, .bare = true
};

static const Member batch_write_item_members[] = {
	{"RequestItems", MEMBER_TABLES, AT(BatchWriteRequest, tables), .required = true,
		.limits = LIMITS(1, MAX_BATCH_WRITE_REQUESTS), .shape = &write_requests_shape},
	RETURN_CONSUMED_CAPACITY(BatchWriteRequest, return_capacity),
	{"ReturnItemCollectionMetrics", MEMBER_ENUM, AT(BatchWriteRequest, return_metrics),
		.values = &return_collection_metrics},
};
const Shape batch_write_item_shape = SHAPE("BatchWriteItemInput", BatchWriteRequest,
										   batch_write_item_members);

static const Member condition_check_members[] = {
	{"Key", MEMBER_ITEM, AT(DeleteItemRequest, key), .required = true},
	TABLE_NAME(DeleteItemRequest),
	{"ConditionExpression", MEMBER_STRING,
	 AT(DeleteItemRequest, options.condition_expression), .required = true,
	 .role = ROLE_EXPRESSION},
	NAMES(DeleteItemRequest, options.names),
	VALUES(DeleteItemRequest, options.values),
	RETURN_VALUES_ON_FAILURE(DeleteItemRequest),
};
static const Shape condition_check_shape = SHAPE("ConditionCheck", DeleteItemRequest,
												 condition_check_members);

static const Member transact_put_members[] = {
	{"Item", MEMBER_ITEM, AT(PutItemRequest, item), .required = true},
	TABLE_NAME(PutItemRequest),
	CONDITION_EXPRESSION(PutItemRequest),
	NAMES(PutItemRequest, options.names),
	VALUES(PutItemRequest, options.values),
	RETURN_VALUES_ON_FAILURE(PutItemRequest),
};
static const Shape transact_put_shape = SHAPE("Put", PutItemRequest, transact_put_members);

static const Member transact_delete_members[] = {
	{"Key", MEMBER_ITEM, AT(DeleteItemRequest, key), .required = true},
	TABLE_NAME(DeleteItemRequest),
	CONDITION_EXPRESSION(DeleteItemRequest),
	NAMES(DeleteItemRequest, options.names),
	VALUES(DeleteItemRequest, options.values),
	RETURN_VALUES_ON_FAILURE(DeleteItemRequest),
};
static const Shape transact_delete_shape = SHAPE("Delete", DeleteItemRequest,
												 transact_delete_members);

static const Member transact_update_members[] = {
	{"Key", MEMBER_ITEM, AT(UpdateItemRequest, key), .required = true},
	{"UpdateExpression", MEMBER_STRING, AT(UpdateItemRequest, update_expression),
	 .required = true, .role = ROLE_EXPRESSION},
	TABLE_NAME(UpdateItemRequest),
	CONDITION_EXPRESSION(UpdateItemRequest),
	NAMES(UpdateItemRequest, options.names),
	VALUES(UpdateItemRequest, options.values),
	RETURN_VALUES_ON_FAILURE(UpdateItemRequest),
};
static const Shape transact_update_shape = SHAPE("Update", UpdateItemRequest,
												 transact_update_members);

static const Member transact_write_item_members[] = {
	{"ConditionCheck", MEMBER_STRUCTURE, AT(TransactWrite, condition_check),
		.shape = &condition_check_shape},
	{"Put", MEMBER_STRUCTURE, AT(TransactWrite, put), .shape = &transact_put_shape},
	{"Delete", MEMBER_STRUCTURE, AT(TransactWrite, delete), .shape = &transact_delete_shape},
	{"Update", MEMBER_STRUCTURE, AT(TransactWrite, update), .shape = &transact_update_shape},
};
static const Shape transact_write_item_shape = SHAPE("TransactWriteItem", TransactWrite,
													 transact_write_item_members);

static const Member transact_write_items_members[] = {
	{"TransactItems", MEMBER_LIST, AT(TransactWriteRequest, actions), .required = true,
		.limits = LIMITS(1, MAX_TRANSACTION_ACTIONS), .shape = &transact_write_item_shape},
	RETURN_CONSUMED_CAPACITY(TransactWriteRequest, return_capacity),
	{"ReturnItemCollectionMetrics", MEMBER_ENUM, AT(TransactWriteRequest, return_metrics),
		.values = &return_collection_metrics},
	{"ClientRequestToken", MEMBER_STRING, AT(TransactWriteRequest, client_request_token),
		.limits = LIMITS(1, MAX_REQUEST_TOKEN_SIZE)},
};
const Shape transact_write_items_shape = SHAPE("TransactWriteItemsInput", TransactWriteRequest,
											   transact_write_items_members);

static const Member get_members[] = {
	{"Key", MEMBER_ITEM, AT(GetItemRequest, key), .required = true},
	TABLE_NAME(GetItemRequest),
	PROJECTION_EXPRESSION(GetItemRequest),
	NAMES(GetItemRequest, names),
};
static const Shape get_shape = SHAPE("Get", GetItemRequest, get_members);

static const Member transact_get_item_members[] = {
	{"Get", MEMBER_STRUCTURE, AT(TransactGet, get), .required = true, .shape = &get_shape},
};
static const Shape transact_get_item_shape = SHAPE("TransactGetItem", TransactGet,
												   transact_get_item_members);

static const Member transact_get_items_members[] = {
	{"TransactItems", MEMBER_LIST, AT(TransactGetRequest, gets), .required = true,
		.limits = LIMITS(1, MAX_TRANSACTION_ACTIONS), .shape = &transact_get_item_shape},
	RETURN_CONSUMED_CAPACITY(TransactGetRequest, return_capacity),
};
const Shape transact_get_items_shape = SHAPE("TransactGetItemsInput", TransactGetRequest,
											 transact_get_items_members);

/* ---- tables ---- */

static const Member attribute_definition_members[] = {
	{"AttributeName", MEMBER_STRING, AT(AttributeDefinition, attribute_name),
		.required = true, .limits = LIMITS(1, MAX_KEY_NAME_SIZE)},
	{"AttributeType", MEMBER_ENUM, AT(AttributeDefinition, attribute_type),
		.required = true, .values = &attribute_types},
};
static const Shape attribute_definition_shape =
	SHAPE("AttributeDefinition", AttributeDefinition, attribute_definition_members);

static const Member key_schema_element_members[] = {
	{"AttributeName", MEMBER_STRING, AT(KeySchemaElement, attribute_name),
		.required = true, .limits = LIMITS(1, MAX_KEY_NAME_SIZE)},
	{"KeyType", MEMBER_ENUM, AT(KeySchemaElement, key_type),
		.required = true, .values = &key_types},
};
static const Shape key_schema_element_shape =
	SHAPE("KeySchemaElement", KeySchemaElement, key_schema_element_members);

static const Member provisioned_throughput_members[] = {
	{"ReadCapacityUnits", MEMBER_LONG, AT(ProvisionedThroughput, read_capacity_units),
		.required = true, .limits = LIMITS(1, NO_MAXIMUM)},
	{"WriteCapacityUnits", MEMBER_LONG, AT(ProvisionedThroughput, write_capacity_units),
		.required = true, .limits = LIMITS(1, NO_MAXIMUM)},
};
static const Shape provisioned_throughput_shape =
	SHAPE("ProvisionedThroughput", ProvisionedThroughput, provisioned_throughput_members);

static const Member on_demand_throughput_members[] = {
	{"MaxReadRequestUnits", MEMBER_LONG, AT(OnDemandThroughput, max_read_request_units)},
	{"MaxWriteRequestUnits", MEMBER_LONG, AT(OnDemandThroughput, max_write_request_units)},
};
static const Shape on_demand_throughput_shape =
	SHAPE("OnDemandThroughput", OnDemandThroughput, on_demand_throughput_members);

static const Member warm_throughput_members[] = {
	{"ReadUnitsPerSecond", MEMBER_LONG, AT(WarmThroughput, read_units_per_second)},
	{"WriteUnitsPerSecond", MEMBER_LONG, AT(WarmThroughput, write_units_per_second)},
};
static const Shape warm_throughput_shape =
	SHAPE("WarmThroughput", WarmThroughput, warm_throughput_members);

#define ATTRIBUTE_DEFINITIONS(structure, ...) \
	{"AttributeDefinitions", MEMBER_LIST, AT(structure, attribute_definitions), \
	 .shape = &attribute_definition_shape, ##__VA_ARGS__}
#define BILLING_MODE(structure) \
	{"BillingMode", MEMBER_ENUM, AT(structure, billing_mode), .values = &billing_modes}
#define PROVISIONED_THROUGHPUT(structure) \
	{"ProvisionedThroughput", MEMBER_STRUCTURE, AT(structure, provisioned_throughput), \
	 .shape = &provisioned_throughput_shape}
#define ON_DEMAND_THROUGHPUT(structure) \
	{"OnDemandThroughput", MEMBER_STRUCTURE, AT(structure, on_demand_throughput), \
	 .shape = &on_demand_throughput_shape}
#define WARM_THROUGHPUT(structure) \
	{"WarmThroughput", MEMBER_STRUCTURE, AT(structure, warm_throughput), \
	 .shape = &warm_throughput_shape}
#define TABLE_CLASS(structure) \
	{"TableClass", MEMBER_ENUM, AT(structure, table_class), .values = &table_classes}
#define DELETION_PROTECTION(structure) \
	{"DeletionProtectionEnabled", MEMBER_BOOLEAN, AT(structure, deletion_protection)}

static const Member projection_members[] = {
	{"ProjectionType", MEMBER_ENUM, AT(ProjectionRequest, projection_type),
	 .values = &projection_types},
	{"NonKeyAttributes", MEMBER_STRING_LIST, AT(ProjectionRequest, non_key_attributes),
	 .limits = LIMITS(1, MAX_INDEX_NON_KEY_ATTRIBUTES),
	 .element_length = LIMITS(1, MAX_KEY_NAME_SIZE)},
};
static const Shape projection_shape = SHAPE("Projection", ProjectionRequest, projection_members);

#define SECONDARY_NAME \
	{"IndexName", MEMBER_STRING, AT(IndexRequest, index_name), .required = true, \
	 .limits = RESOURCE_NAME_LIMITS, .name_pattern = true}
#define INDEX_SCHEMA \
	{"KeySchema", MEMBER_LIST, AT(IndexRequest, key_schema), .required = true, \
	 .limits = LIMITS(1, NO_MAXIMUM), .shape = &key_schema_element_shape}, \
	{"Projection", MEMBER_STRUCTURE, AT(IndexRequest, projection), .required = true, \
	 .shape = &projection_shape}

static const Member global_index_members[] = {
	SECONDARY_NAME,
	INDEX_SCHEMA,
	PROVISIONED_THROUGHPUT(IndexRequest),
	ON_DEMAND_THROUGHPUT(IndexRequest),
	WARM_THROUGHPUT(IndexRequest),
};
static const Shape global_index_shape =
	SHAPE("GlobalSecondaryIndex", IndexRequest, global_index_members);
static const Shape create_index_shape =
	SHAPE("CreateGlobalSecondaryIndexAction", IndexRequest, global_index_members);

static const Member local_index_members[] = {
	SECONDARY_NAME,
	INDEX_SCHEMA,
};
static const Shape local_index_shape =
	SHAPE("LocalSecondaryIndex", IndexRequest, local_index_members);

static const Member update_index_members[] = {
	SECONDARY_NAME,
	PROVISIONED_THROUGHPUT(IndexRequest),
	ON_DEMAND_THROUGHPUT(IndexRequest),
	WARM_THROUGHPUT(IndexRequest),
};
static const Shape update_index_shape =
	SHAPE("UpdateGlobalSecondaryIndexAction", IndexRequest, update_index_members);

static const Member delete_index_members[] = {
	SECONDARY_NAME,
};
static const Shape delete_index_shape =
	SHAPE("DeleteGlobalSecondaryIndexAction", IndexRequest, delete_index_members);

static const Member index_update_members[] = {
	{"Update", MEMBER_STRUCTURE, AT(IndexUpdate, update), .shape = &update_index_shape},
	{"Create", MEMBER_STRUCTURE, AT(IndexUpdate, create), .shape = &create_index_shape},
	{"Delete", MEMBER_STRUCTURE, AT(IndexUpdate, delete), .shape = &delete_index_shape},
};
static const Shape index_update_shape =
	SHAPE("GlobalSecondaryIndexUpdate", IndexUpdate, index_update_members);

static const Member tag_members[] = {
	{"Key", MEMBER_STRING, AT(Tag, key), .required = true,
		.limits = LIMITS(1, MAX_TAG_KEY_LENGTH)},
	{"Value", MEMBER_STRING, AT(Tag, value), .required = true,
		.limits = LIMITS(0, MAX_TAG_VALUE_LENGTH)},
};
static const Shape tag_shape = SHAPE("Tag", Tag, tag_members);

static const EnumSet stream_view_types = {
	"[NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES, KEYS_ONLY]",
	{"NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY"}
};

static const Member stream_specification_members[] = {
	{"StreamEnabled", MEMBER_BOOLEAN, AT(StreamSpecification, enabled), .required = true},
	{"StreamViewType", MEMBER_ENUM, AT(StreamSpecification, view_type),
		.values = &stream_view_types},
};
static const Shape stream_specification_shape =
	SHAPE("StreamSpecification", StreamSpecification, stream_specification_members);

#define STREAM_SPECIFICATION(structure) \
	{"StreamSpecification", MEMBER_STRUCTURE, AT(structure, stream), \
	 .shape = &stream_specification_shape}

#define TAGS(structure, ...) \
	{"Tags", MEMBER_LIST, AT(structure, tags), .shape = &tag_shape, ##__VA_ARGS__}

/*
 * The model requires neither AttributeDefinitions nor KeySchema, because a
 * table may also be made from another region's; that is not built.
 */
static const Member create_table_members[] = {
	ATTRIBUTE_DEFINITIONS(CreateTableRequest, .required = true),
	TABLE_NAME(CreateTableRequest),
	{"KeySchema", MEMBER_LIST, AT(CreateTableRequest, key_schema), .required = true,
	 .limits = LIMITS(1, NO_MAXIMUM), .shape = &key_schema_element_shape},
	{"LocalSecondaryIndexes", MEMBER_LIST, AT(CreateTableRequest, local_indexes),
	 .shape = &local_index_shape, .if_empty = "List of LocalSecondaryIndexes is empty"},
	{"GlobalSecondaryIndexes", MEMBER_LIST, AT(CreateTableRequest, global_indexes),
	 .shape = &global_index_shape, .if_empty = "List of GlobalSecondaryIndexes is empty"},
	BILLING_MODE(CreateTableRequest),
	PROVISIONED_THROUGHPUT(CreateTableRequest),
	STREAM_SPECIFICATION(CreateTableRequest),
	UNBUILT_BUT("SSESpecification", HARMLESS_OFF),
	TAGS(CreateTableRequest),
	TABLE_CLASS(CreateTableRequest),
	DELETION_PROTECTION(CreateTableRequest),
	WARM_THROUGHPUT(CreateTableRequest),
	UNBUILT("ResourcePolicy"),
	ON_DEMAND_THROUGHPUT(CreateTableRequest),
	UNBUILT("GlobalTableSourceArn"),
	UNBUILT("GlobalTableSettingsReplicationMode"),
};
const Shape create_table_shape = SHAPE("CreateTableInput", CreateTableRequest,
									   create_table_members);

static const Member update_table_members[] = {
	ATTRIBUTE_DEFINITIONS(UpdateTableRequest),
	TABLE_NAME(UpdateTableRequest),
	BILLING_MODE(UpdateTableRequest),
	PROVISIONED_THROUGHPUT(UpdateTableRequest),
	{"GlobalSecondaryIndexUpdates", MEMBER_LIST, AT(UpdateTableRequest, index_updates),
	 .shape = &index_update_shape},
	STREAM_SPECIFICATION(UpdateTableRequest),
	UNBUILT_BUT("SSESpecification", HARMLESS_OFF),
	UNBUILT("ReplicaUpdates"),
	TABLE_CLASS(UpdateTableRequest),
	DELETION_PROTECTION(UpdateTableRequest),
	UNBUILT("MultiRegionConsistency"),
	UNBUILT("GlobalTableWitnessUpdates"),
	ON_DEMAND_THROUGHPUT(UpdateTableRequest),
	WARM_THROUGHPUT(UpdateTableRequest),
	UNBUILT("GlobalTableSettingsReplicationMode"),
};
const Shape update_table_shape = SHAPE("UpdateTableInput", UpdateTableRequest,
									   update_table_members);

static const Member table_name_members[] = {
	TABLE_NAME(TableNameRequest),
};
const Shape describe_table_shape = SHAPE("DescribeTableInput", TableNameRequest,
										 table_name_members);
const Shape delete_table_shape = SHAPE("DeleteTableInput", TableNameRequest,
									   table_name_members);

static const Member list_tables_members[] = {
	{"ExclusiveStartTableName", MEMBER_STRING,
		AT(ListTablesRequest, exclusive_start_table_name),
		.limits = RESOURCE_NAME_LIMITS, .name_pattern = true},
	{"Limit", MEMBER_INTEGER, AT(ListTablesRequest, limit),
		.limits = LIMITS(1, MAX_LIST_TABLES)},
};
const Shape list_tables_shape = SHAPE("ListTablesInput", ListTablesRequest,
									  list_tables_members);

/* ---- the service ---- */

/* Requests without members; a structure of one byte is none. */
const Shape describe_limits_shape = {.name = "DescribeLimitsInput", .size = 1};
const Shape describe_endpoints_shape = {.name = "DescribeEndpointsRequest", .size = 1};

const Shape describe_time_to_live_shape = SHAPE("DescribeTimeToLiveInput", TableNameRequest,
												table_name_members);
const Shape describe_continuous_backups_shape =
	SHAPE("DescribeContinuousBackupsInput", TableNameRequest, table_name_members);

static const Member point_in_time_members[] = {
	{"PointInTimeRecoveryEnabled", MEMBER_BOOLEAN, AT(PointInTimeSpecification, enabled),
		.required = true},
	{"RecoveryPeriodInDays", MEMBER_INTEGER, AT(PointInTimeSpecification, recovery_period),
		.limits = LIMITS(1, 35)},
};
static const Shape point_in_time_shape =
	SHAPE("PointInTimeRecoverySpecification", PointInTimeSpecification, point_in_time_members);

static const Member update_continuous_backups_members[] = {
	TABLE_NAME(ContinuousBackupsRequest),
	{"PointInTimeRecoverySpecification", MEMBER_STRUCTURE,
		AT(ContinuousBackupsRequest, specification), .required = true,
		.shape = &point_in_time_shape},
};
const Shape update_continuous_backups_shape =
	SHAPE("UpdateContinuousBackupsInput", ContinuousBackupsRequest,
		  update_continuous_backups_members);

static const Member time_to_live_specification_members[] = {
	{"Enabled", MEMBER_BOOLEAN, AT(TimeToLiveSpecification, enabled), .required = true},
	{"AttributeName", MEMBER_STRING, AT(TimeToLiveSpecification, attribute_name),
		.required = true, .limits = LIMITS(1, MAX_KEY_NAME_SIZE)},
};
static const Shape time_to_live_specification_shape =
	SHAPE("TimeToLiveSpecification", TimeToLiveSpecification, time_to_live_specification_members);

static const Member update_time_to_live_members[] = {
	TABLE_NAME(UpdateTimeToLiveRequest),
	{"TimeToLiveSpecification", MEMBER_STRUCTURE, AT(UpdateTimeToLiveRequest, specification),
		.required = true, .shape = &time_to_live_specification_shape},
};
const Shape update_time_to_live_shape =
	SHAPE("UpdateTimeToLiveInput", UpdateTimeToLiveRequest, update_time_to_live_members);

/* ---- backups ---- */

#define BACKUP_ARN(structure, member_name, field, ...) \
	{member_name, MEMBER_STRING, AT(structure, field), \
	 .limits = LIMITS(MIN_BACKUP_ARN_LENGTH, MAX_BACKUP_ARN_LENGTH), ##__VA_ARGS__}

static const EnumSet backup_types = {
	"[SYSTEM, AWS_BACKUP, USER, ALL]", {"USER", "SYSTEM", "AWS_BACKUP", "ALL"}
};

static const Member create_backup_members[] = {
	TABLE_NAME(CreateBackupRequest),
	{"BackupName", MEMBER_STRING, AT(CreateBackupRequest, backup_name), .required = true,
		.limits = RESOURCE_NAME_LIMITS, .name_pattern = true},
};
const Shape create_backup_shape = SHAPE("CreateBackupInput", CreateBackupRequest,
										create_backup_members);

static const Member backup_members[] = {
	BACKUP_ARN(BackupRequest, "BackupArn", backup_arn, .required = true),
};
const Shape describe_backup_shape = SHAPE("DescribeBackupInput", BackupRequest, backup_members);
const Shape delete_backup_shape = SHAPE("DeleteBackupInput", BackupRequest, backup_members);

static const Member list_backups_members[] = {
	{"TableName", MEMBER_TABLE_NAME, AT(ListBackupsRequest, table_name)},
	{"Limit", MEMBER_INTEGER, AT(ListBackupsRequest, limit),
		.limits = LIMITS(1, MAX_LIST_BACKUPS)},
	{"TimeRangeLowerBound", MEMBER_TIME, AT(ListBackupsRequest, lower_bound)},
	{"TimeRangeUpperBound", MEMBER_TIME, AT(ListBackupsRequest, upper_bound)},
	BACKUP_ARN(ListBackupsRequest, "ExclusiveStartBackupArn", exclusive_start_backup_arn),
	{"BackupType", MEMBER_ENUM, AT(ListBackupsRequest, backup_type), .values = &backup_types},
};
const Shape list_backups_shape = SHAPE("ListBackupsInput", ListBackupsRequest,
									   list_backups_members);

#define RESTORE_OVERRIDES(structure, prefix) \
	{"BillingModeOverride", MEMBER_ENUM, AT(structure, prefix billing_mode), \
	 .values = &billing_modes}, \
	{"GlobalSecondaryIndexOverride", MEMBER_OPTIONAL_LIST, AT(structure, prefix global_indexes), \
	 .shape = &global_index_shape}, \
	{"LocalSecondaryIndexOverride", MEMBER_OPTIONAL_LIST, AT(structure, prefix local_indexes), \
	 .shape = &local_index_shape}, \
	{"ProvisionedThroughputOverride", MEMBER_STRUCTURE, \
	 AT(structure, prefix provisioned_throughput), .shape = &provisioned_throughput_shape}, \
	{"OnDemandThroughputOverride", MEMBER_STRUCTURE, \
	 AT(structure, prefix on_demand_throughput), .shape = &on_demand_throughput_shape}, \
	UNBUILT_BUT("SSESpecificationOverride", HARMLESS_OFF)

static const Member restore_members[] = {
	{"TargetTableName", MEMBER_STRING, AT(RestoreRequest, target_table_name),
	 .required = true, .limits = RESOURCE_NAME_LIMITS, .name_pattern = true},
	BACKUP_ARN(RestoreRequest, "BackupArn", backup_arn, .required = true),
	RESTORE_OVERRIDES(RestoreRequest, ),
};
const Shape restore_table_from_backup_shape =
	SHAPE("RestoreTableFromBackupInput", RestoreRequest, restore_members);

static const Member point_in_time_restore_members[] = {
	{"SourceTableArn", MEMBER_TABLE_NAME, AT(PointInTimeRestoreRequest, source_table_by_arn)},
	{"SourceTableName", MEMBER_TABLE_NAME, AT(PointInTimeRestoreRequest, source_table)},
	{"TargetTableName", MEMBER_STRING, AT(PointInTimeRestoreRequest, restore.target_table_name),
		.required = true, .limits = LIMITS(3, 255), .name_pattern = true},
	{"UseLatestRestorableTime", MEMBER_BOOLEAN, AT(PointInTimeRestoreRequest, latest)},
	{"RestoreDateTime", MEMBER_TIME, AT(PointInTimeRestoreRequest, time)},
	RESTORE_OVERRIDES(PointInTimeRestoreRequest, restore.),
};
const Shape restore_to_point_in_time_shape =
	SHAPE("RestoreTableToPointInTimeInput", PointInTimeRestoreRequest,
		  point_in_time_restore_members);

/* ---- tags ---- */

#define RESOURCE_ARN(structure) \
	{"ResourceArn", MEMBER_STRING, AT(structure, resource_arn), .required = true, \
	 .limits = LIMITS(1, MAX_RESOURCE_ARN_LENGTH)}

static const Member tag_resource_members[] = {
	RESOURCE_ARN(TagResourceRequest),
	TAGS(TagResourceRequest, .required = true),
};
const Shape tag_resource_shape = SHAPE("TagResourceInput", TagResourceRequest,
									   tag_resource_members);

static const Member untag_resource_members[] = {
	RESOURCE_ARN(UntagResourceRequest),
	{"TagKeys", MEMBER_STRING_LIST, AT(UntagResourceRequest, tag_keys), .required = true},
};
const Shape untag_resource_shape = SHAPE("UntagResourceInput", UntagResourceRequest,
										 untag_resource_members);

static const Member list_tags_members[] = {
	RESOURCE_ARN(ListTagsRequest),
	{"NextToken", MEMBER_STRING, AT(ListTagsRequest, next_token)},
};
const Shape list_tags_of_resource_shape = SHAPE("ListTagsOfResourceInput", ListTagsRequest,
												list_tags_members);

/* ---- streams ---- */

#define STREAM_ARN(structure, member_name, field, ...) \
	{member_name, MEMBER_STRING, AT(structure, field), \
	 .limits = LIMITS(MIN_STREAM_ARN_LENGTH, MAX_STREAM_ARN_LENGTH), ##__VA_ARGS__}
#define SHARD_ID(structure, member_name, field, ...) \
	{member_name, MEMBER_STRING, AT(structure, field), \
	 .limits = LIMITS(MIN_SHARD_ID_LENGTH, MAX_SHARD_ID_LENGTH), ##__VA_ARGS__}
#define POSITIVE_LIMIT(structure) \
	{"Limit", MEMBER_INTEGER, AT(structure, limit), .limits = LIMITS(1, NO_MAXIMUM)}

static const EnumSet shard_iterator_types = {
	"[AFTER_SEQUENCE_NUMBER, LATEST, AT_SEQUENCE_NUMBER, TRIM_HORIZON]",
	{"TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"}
};

static const EnumSet shard_filter_types = {"[CHILD_SHARDS]", {"CHILD_SHARDS"}};

static const Member list_streams_members[] = {
	{"TableName", MEMBER_TABLE_NAME, AT(ListStreamsRequest, table_name)},
	POSITIVE_LIMIT(ListStreamsRequest),
	STREAM_ARN(ListStreamsRequest, "ExclusiveStartStreamArn", exclusive_start),
};
const Shape list_streams_shape = SHAPE("ListStreamsInput", ListStreamsRequest,
									   list_streams_members);

static const Member shard_filter_members[] = {
	{"Type", MEMBER_ENUM, AT(ShardFilter, type), .values = &shard_filter_types},
	SHARD_ID(ShardFilter, "ShardId", shard_id),
};
static const Shape shard_filter_shape = SHAPE("ShardFilter", ShardFilter, shard_filter_members);

static const Member describe_stream_members[] = {
	STREAM_ARN(DescribeStreamRequest, "StreamArn", stream_arn, .required = true),
	POSITIVE_LIMIT(DescribeStreamRequest),
	SHARD_ID(DescribeStreamRequest, "ExclusiveStartShardId", exclusive_start_shard_id),
	{"ShardFilter", MEMBER_STRUCTURE, AT(DescribeStreamRequest, filter),
		.shape = &shard_filter_shape},
};
const Shape describe_stream_shape = SHAPE("DescribeStreamInput", DescribeStreamRequest,
										  describe_stream_members);

static const Member get_shard_iterator_members[] = {
	STREAM_ARN(GetShardIteratorRequest, "StreamArn", stream_arn, .required = true),
	SHARD_ID(GetShardIteratorRequest, "ShardId", shard_id, .required = true),
	{"ShardIteratorType", MEMBER_ENUM, AT(GetShardIteratorRequest, type), .required = true,
		.values = &shard_iterator_types},
	{"SequenceNumber", MEMBER_STRING, AT(GetShardIteratorRequest, sequence_number),
		.limits = LIMITS(MIN_SEQUENCE_NUMBER_LENGTH, MAX_SEQUENCE_NUMBER_LENGTH)},
};
const Shape get_shard_iterator_shape = SHAPE("GetShardIteratorInput", GetShardIteratorRequest,
											 get_shard_iterator_members);

static const Member get_records_members[] = {
	{"ShardIterator", MEMBER_STRING, AT(GetRecordsRequest, shard_iterator), .required = true,
		.limits = LIMITS(1, MAX_SHARD_ITERATOR_LENGTH)},
	POSITIVE_LIMIT(GetRecordsRequest),
};
const Shape get_records_shape = SHAPE("GetRecordsInput", GetRecordsRequest,
									  get_records_members);

/* ---- features that tables do not have ---- */

static const Member contributor_insights_members[] = {
	TABLE_NAME(ContributorInsightsRequest),
	{"IndexName", MEMBER_STRING, AT(ContributorInsightsRequest, index_name),
		.limits = LIMITS(3, 255), .name_pattern = true},
};
const Shape describe_contributor_insights_shape =
	SHAPE("DescribeContributorInsightsInput", ContributorInsightsRequest,
		  contributor_insights_members);

static const Member list_contributor_insights_members[] = {
	{"TableName", MEMBER_TABLE_NAME, AT(ContributorInsightsRequest, table_name)},
	{"NextToken", MEMBER_STRING, AT(ContributorInsightsRequest, next_token)},
	{"MaxResults", MEMBER_INTEGER, AT(ContributorInsightsRequest, max_results),
		.limits = LIMITS(PG_INT32_MIN, 100)},
};
const Shape list_contributor_insights_shape =
	SHAPE("ListContributorInsightsInput", ContributorInsightsRequest,
		  list_contributor_insights_members);

const Shape describe_kinesis_destination_shape =
	SHAPE("DescribeKinesisStreamingDestinationInput", TableNameRequest, table_name_members);
const Shape describe_replica_auto_scaling_shape =
	SHAPE("DescribeTableReplicaAutoScalingInput", TableNameRequest, table_name_members);

static const Member get_resource_policy_members[] = {
	RESOURCE_ARN(ResourcePolicyRequest),
};
const Shape get_resource_policy_shape =
	SHAPE("GetResourcePolicyInput", ResourcePolicyRequest, get_resource_policy_members);

static const Member delete_resource_policy_members[] = {
	RESOURCE_ARN(ResourcePolicyRequest),
	{"ExpectedRevisionId", MEMBER_STRING, AT(ResourcePolicyRequest, expected_revision_id),
		.limits = LIMITS(1, 255)},
};
const Shape delete_resource_policy_shape =
	SHAPE("DeleteResourcePolicyInput", ResourcePolicyRequest, delete_resource_policy_members);

static const Member list_global_tables_members[] = {
	{"ExclusiveStartGlobalTableName", MEMBER_STRING, AT(GlobalTableRequest, name),
		.limits = LIMITS(3, 255), .name_pattern = true},
	{"Limit", MEMBER_INTEGER, AT(GlobalTableRequest, limit), .limits = LIMITS(1, NO_MAXIMUM)},
	{"RegionName", MEMBER_STRING, AT(GlobalTableRequest, region)},
};
const Shape list_global_tables_shape =
	SHAPE("ListGlobalTablesInput", GlobalTableRequest, list_global_tables_members);

static const Member global_table_members[] = {
	{"GlobalTableName", MEMBER_STRING, AT(GlobalTableRequest, name), .required = true,
		.limits = LIMITS(3, 255), .name_pattern = true},
};
const Shape describe_global_table_shape =
	SHAPE("DescribeGlobalTableInput", GlobalTableRequest, global_table_members);
const Shape describe_global_table_settings_shape =
	SHAPE("DescribeGlobalTableSettingsInput", GlobalTableRequest, global_table_members);

static const Member list_exports_members[] = {
	{"TableArn", MEMBER_STRING, AT(TransferRequest, arn), .limits = LIMITS(1, 1024)},
	{"MaxResults", MEMBER_INTEGER, AT(TransferRequest, limit), .limits = LIMITS(1, 25)},
	{"NextToken", MEMBER_STRING, AT(TransferRequest, next_token)},
};
const Shape list_exports_shape =
	SHAPE("ListExportsInput", TransferRequest, list_exports_members);

static const Member export_members[] = {
	{"ExportArn", MEMBER_STRING, AT(TransferRequest, arn), .required = true,
		.limits = LIMITS(37, 1024)},
};
const Shape describe_export_shape = SHAPE("DescribeExportInput", TransferRequest, export_members);

static const Member list_imports_members[] = {
	{"TableArn", MEMBER_STRING, AT(TransferRequest, arn), .limits = LIMITS(1, 1024)},
	{"PageSize", MEMBER_INTEGER, AT(TransferRequest, limit), .limits = LIMITS(1, 25)},
	{"NextToken", MEMBER_STRING, AT(TransferRequest, next_token), .limits = LIMITS(112, 1024)},
};
const Shape list_imports_shape =
	SHAPE("ListImportsInput", TransferRequest, list_imports_members);

static const Member import_members[] = {
	{"ImportArn", MEMBER_STRING, AT(TransferRequest, arn), .required = true,
		.limits = LIMITS(37, 1024)},
};
const Shape describe_import_shape = SHAPE("DescribeImportInput", TransferRequest, import_members);

static const EnumSet sse_algorithms = {"[AES256, KMS]", {"AES256", "KMS"}};
static const EnumSet export_formats = {"[DYNAMODB_JSON, ION]", {"DYNAMODB_JSON", "ION"}};
static const EnumSet export_types = {
	"[FULL_EXPORT, INCREMENTAL_EXPORT]", {"FULL_EXPORT", "INCREMENTAL_EXPORT"}
};
static const EnumSet export_view_types = {
	"[NEW_IMAGE, NEW_AND_OLD_IMAGES]", {"NEW_IMAGE", "NEW_AND_OLD_IMAGES"}
};

static const Member incremental_export_members[] = {
	{"ExportFromTime", MEMBER_TIME, AT(IncrementalExport, from)},
	{"ExportToTime", MEMBER_TIME, AT(IncrementalExport, to)},
	{"ExportViewType", MEMBER_ENUM, AT(IncrementalExport, view_type),
		.values = &export_view_types},
};
static const Shape incremental_export_shape =
	SHAPE("IncrementalExportSpecification", IncrementalExport, incremental_export_members);

static const Member export_table_members[] = {
	{"TableArn", MEMBER_TABLE_NAME, AT(ExportRequest, table_name), .required = true},
	{"ExportTime", MEMBER_TIME, AT(ExportRequest, time)},
	{"ClientToken", MEMBER_STRING, AT(ExportRequest, client_token)},
	{"S3Bucket", MEMBER_STRING, AT(ExportRequest, bucket), .required = true,
		.limits = LIMITS(0, 255)},
	{"S3BucketOwner", MEMBER_STRING, AT(ExportRequest, bucket_owner)},
	{"S3Prefix", MEMBER_STRING, AT(ExportRequest, prefix), .limits = LIMITS(0, 1024)},
	{"S3SseAlgorithm", MEMBER_ENUM, AT(ExportRequest, sse_algorithm), .values = &sse_algorithms},
	{"S3SseKmsKeyId", MEMBER_STRING, AT(ExportRequest, sse_key_id), .limits = LIMITS(1, 2048)},
	{"ExportFormat", MEMBER_ENUM, AT(ExportRequest, format), .values = &export_formats},
	{"ExportType", MEMBER_ENUM, AT(ExportRequest, type), .values = &export_types},
	{"IncrementalExportSpecification", MEMBER_STRUCTURE, AT(ExportRequest, incremental),
		.shape = &incremental_export_shape},
};
const Shape export_table_shape =
	SHAPE("ExportTableToPointInTimeInput", ExportRequest, export_table_members);

const Member *
shape_member(const Shape *shape, Bytes name)
{
	for (int i = 0; i < shape->nmembers; i++)
	{
		const Member *member = &shape->members[i];

		if (strlen(member->name) == name.len &&
			memcmp(member->name, name.data, name.len) == 0)
			return member;
	}
	return NULL;
}
