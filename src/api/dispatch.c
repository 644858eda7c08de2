/*
 * dispatch.c
 *		Every operation of the DynamoDB API by its name.
 *
 * One row per operation: its request shape and the function that runs it and
 * appends the response.  Rows without a function are operations of the service
 * that are not built yet; they are told from names that never existed.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "common/errors.h"
#include "api/api.h"
#include "api/respond.h"
#include "api/shapes.h"

typedef struct Operation
{
	const char *name;
	const Shape *shape;			/* of the request */
	void		(*run) (const void *request, StringInfo response);
} Operation;

static void
run_put_item(const void *request, StringInfo response)
{
	WriteResult result = {0};

	op_put_item(request, &result);
	respond_write(response, &result);
}

static void
run_get_item(const void *request, StringInfo response)
{
	GetItemResult result = {0};

	op_get_item(request, &result);
	respond_get_item(response, &result);
}

static void
run_update_item(const void *request, StringInfo response)
{
	WriteResult result = {0};

	op_update_item(request, &result);
	respond_write(response, &result);
}

static void
run_delete_item(const void *request, StringInfo response)
{
	WriteResult result = {0};

	op_delete_item(request, &result);
	respond_write(response, &result);
}

/* The items go into the response as they are found. */
static void
run_read(void (*read)(const ReadRequest *, ItemTaker, void *, ReadResult *),
		 const ReadRequest *request, StringInfo response)
{
	bool		with_items = request->select != SELECT_COUNT;
	ReadResult	result;

	respond_read_begin(response, with_items);
	read(request, with_items ? respond_read_item : NULL, response, &result);
	respond_read_end(response, with_items, &result);
}

static void
run_query(const void *request, StringInfo response)
{
	run_read(op_query, request, response);
}

static void
run_scan(const void *request, StringInfo response)
{
	run_read(op_scan, request, response);
}

static void
run_batch_get_item(const void *request, StringInfo response)
{
	BatchGetResult result = {0};

	op_batch_get_item(request, &result);
	respond_batch_get(response, &result);
}

static void
run_batch_write_item(const void *request, StringInfo response)
{
	BatchWriteResult result = {0};

	op_batch_write_item(request, &result);
	respond_batch_write(response, &result);
}

static void
run_transact_write_items(const void *request, StringInfo response)
{
	TransactWriteResult result = {0};

	op_transact_write_items(request, &result);
	respond_transact_write(response, &result);
}

static void
run_transact_get_items(const void *request, StringInfo response)
{
	TransactGetResult result = {0};

	op_transact_get_items(request, &result);
	respond_transact_get(response, &result);
}

static void
run_create_table(const void *request, StringInfo response)
{
	TableDescription result = {0};

	op_create_table(request, &result);
	respond_table(response, "TableDescription", &result);
}

static void
run_update_table(const void *request, StringInfo response)
{
	TableDescription result = {0};

	op_update_table(request, &result);
	respond_table(response, "TableDescription", &result);
}

static void
run_describe_table(const void *request, StringInfo response)
{
	const TableNameRequest *describe = request;
	TableDescription result = {0};

	op_describe_table(describe->table_name, &result);
	respond_table(response, "Table", &result);
}

static void
run_delete_table(const void *request, StringInfo response)
{
	const TableNameRequest *delete = request;
	TableDescription result = {0};

	op_delete_table(delete->table_name, &result);
	respond_table(response, "TableDescription", &result);
}

static void
run_list_tables(const void *request, StringInfo response)
{
	const ListTablesRequest *list = request;
	ListTablesResult result = {0};

	op_list_tables(list->exclusive_start_table_name, list->limit, &result);
	respond_list_tables(response, &result);
}

static void
run_describe_limits(const void *request, StringInfo response)
{
	respond_limits(response);
}

static void
run_describe_endpoints(const void *request, StringInfo response)
{
	respond_endpoints(response);
}

static void
run_describe_time_to_live(const void *request, StringInfo response)
{
	TimeToLive	result;

	op_describe_time_to_live(((const TableNameRequest *) request)->table_name, &result);
	respond_time_to_live(response, &result);
}

static void
run_update_time_to_live(const void *request, StringInfo response)
{
	const UpdateTimeToLiveRequest *update = request;

	op_update_time_to_live(update);
	respond_time_to_live_update(response, update->specification);
}

static void
run_describe_continuous_backups(const void *request, StringInfo response)
{
	op_describe_continuous_backups(((const TableNameRequest *) request)->table_name);
	respond_continuous_backups(response);
}

static void
run_update_continuous_backups(const void *request, StringInfo response)
{
	op_update_continuous_backups(request);
	respond_continuous_backups(response);
}

static void
run_create_backup(const void *request, StringInfo response)
{
	BackupDescription result = {0};

	op_create_backup(request, &result);
	respond_backup_details(response, &result);
}

static void
run_describe_backup(const void *request, StringInfo response)
{
	BackupDescription result = {0};

	op_describe_backup(request, &result);
	respond_backup(response, &result);
}

static void
run_delete_backup(const void *request, StringInfo response)
{
	BackupDescription result = {0};

	op_delete_backup(request, &result);
	respond_backup(response, &result);
}

static void
run_list_backups(const void *request, StringInfo response)
{
	ListBackupsResult result = {0};

	op_list_backups(request, &result);
	respond_list_backups(response, &result);
}

static void
run_restore_table_from_backup(const void *request, StringInfo response)
{
	TableDescription result = {0};

	op_restore_table_from_backup(request, &result);
	respond_table(response, "TableDescription", &result);
}

/* Tagging has no response, which is an empty object. */
static void
run_tag_resource(const void *request, StringInfo response)
{
	op_tag_resource(request);
	appendStringInfoString(response, "{}");
}

static void
run_untag_resource(const void *request, StringInfo response)
{
	op_untag_resource(request);
	appendStringInfoString(response, "{}");
}

static void
run_list_tags_of_resource(const void *request, StringInfo response)
{
	respond_tags(response, op_list_tags_of_resource(request));
}

static void
run_list_streams(const void *request, StringInfo response)
{
	ListStreamsResult result = {0};

	op_list_streams(request, &result);
	respond_list_streams(response, &result);
}

static void
run_describe_stream(const void *request, StringInfo response)
{
	StreamDescription result = {0};

	op_describe_stream(request, &result);
	respond_stream(response, &result);
}

static void
run_get_shard_iterator(const void *request, StringInfo response)
{
	ShardIteratorResult result = {0};

	op_get_shard_iterator(request, &result);
	respond_shard_iterator(response, &result);
}

static void
run_get_records(const void *request, StringInfo response)
{
	GetRecordsResult result = {0};

	op_get_records(request, &result);
	respond_records(response, &result);
}

/* ---- features that tables do not have ---- */

static void
run_describe_contributor_insights(const void *request, StringInfo response)
{
	op_describe_contributor_insights(request);
	respond_contributor_insights(response, request);
}

static void
run_list_contributor_insights(const void *request, StringInfo response)
{
	op_list_contributor_insights(request);
	appendStringInfoString(response, "{\"ContributorInsightsSummaries\":[]}");
}

static void
run_describe_kinesis_destination(const void *request, StringInfo response)
{
	Bytes		name = ((const TableNameRequest *) request)->table_name;

	op_describe_kinesis_destination(name);
	respond_kinesis_destinations(response, name);
}

static void
run_describe_replica_auto_scaling(const void *request, StringInfo response)
{
	Bytes		name = ((const TableNameRequest *) request)->table_name;

	respond_replica_auto_scaling(response, name, op_describe_replica_auto_scaling(name));
}

static void
run_get_resource_policy(const void *request, StringInfo response)
{
	op_get_resource_policy(request);
}

static void
run_delete_resource_policy(const void *request, StringInfo response)
{
	op_delete_resource_policy(request);
	appendStringInfoString(response, "{}");
}

static void
run_list_global_tables(const void *request, StringInfo response)
{
	appendStringInfoString(response, "{\"GlobalTables\":[]}");
}

static void
run_describe_global_table(const void *request, StringInfo response)
{
	op_describe_global_table(request);
}

static void
run_list_exports(const void *request, StringInfo response)
{
	op_list_transfers(request);
	appendStringInfoString(response, "{\"ExportSummaries\":[]}");
}

static void
run_describe_export(const void *request, StringInfo response)
{
	op_describe_export(request);
}

static void
run_export_table(const void *request, StringInfo response)
{
	op_export_table(request);
}

static void
run_list_imports(const void *request, StringInfo response)
{
	op_list_transfers(request);
	appendStringInfoString(response, "{\"ImportSummaryList\":[]}");
}

static void
run_describe_import(const void *request, StringInfo response)
{
	op_describe_import(request);
}

static void
run_restore_to_point_in_time(const void *request, StringInfo response)
{
	op_restore_to_point_in_time(request);
}

/* The common ones first, the others by name. */
static const Operation operations[] = {
	{"GetItem", &get_item_shape, run_get_item},
	{"PutItem", &put_item_shape, run_put_item},
	{"Query", &query_shape, run_query},
	{"UpdateItem", &update_item_shape, run_update_item},
	{"DeleteItem", &delete_item_shape, run_delete_item},
	{"Scan", &scan_shape, run_scan},
	{"BatchGetItem", &batch_get_item_shape, run_batch_get_item},
	{"BatchWriteItem", &batch_write_item_shape, run_batch_write_item},
	{"TransactGetItems", &transact_get_items_shape, run_transact_get_items},
	{"TransactWriteItems", &transact_write_items_shape, run_transact_write_items},
	{"CreateTable", &create_table_shape, run_create_table},
	{"DeleteTable", &delete_table_shape, run_delete_table},
	{"DescribeTable", &describe_table_shape, run_describe_table},
	{"ListTables", &list_tables_shape, run_list_tables},
	{"UpdateTable", &update_table_shape, run_update_table},
	{"DescribeLimits", &describe_limits_shape, run_describe_limits},
	{"DescribeEndpoints", &describe_endpoints_shape, run_describe_endpoints},
	{"DescribeTimeToLive", &describe_time_to_live_shape, run_describe_time_to_live},
	{"UpdateTimeToLive", &update_time_to_live_shape, run_update_time_to_live},
	{"DescribeContinuousBackups", &describe_continuous_backups_shape,
	run_describe_continuous_backups},
	{"UpdateContinuousBackups", &update_continuous_backups_shape,
	run_update_continuous_backups},
	{"CreateBackup", &create_backup_shape, run_create_backup},
	{"DescribeBackup", &describe_backup_shape, run_describe_backup},
	{"DeleteBackup", &delete_backup_shape, run_delete_backup},
	{"ListBackups", &list_backups_shape, run_list_backups},
	{"RestoreTableFromBackup", &restore_table_from_backup_shape,
	run_restore_table_from_backup},
	{"TagResource", &tag_resource_shape, run_tag_resource},
	{"UntagResource", &untag_resource_shape, run_untag_resource},
	{"ListTagsOfResource", &list_tags_of_resource_shape, run_list_tags_of_resource},
	{"GetRecords", &get_records_shape, run_get_records},
	{"GetShardIterator", &get_shard_iterator_shape, run_get_shard_iterator},
	{"DescribeStream", &describe_stream_shape, run_describe_stream},
	{"ListStreams", &list_streams_shape, run_list_streams},
	{"DescribeContributorInsights", &describe_contributor_insights_shape,
	run_describe_contributor_insights},
	{"ListContributorInsights", &list_contributor_insights_shape, run_list_contributor_insights},
	{"DescribeKinesisStreamingDestination", &describe_kinesis_destination_shape,
	run_describe_kinesis_destination},
	{"DescribeTableReplicaAutoScaling", &describe_replica_auto_scaling_shape,
	run_describe_replica_auto_scaling},
	{"GetResourcePolicy", &get_resource_policy_shape, run_get_resource_policy},
	{"DeleteResourcePolicy", &delete_resource_policy_shape, run_delete_resource_policy},
	{"ListGlobalTables", &list_global_tables_shape, run_list_global_tables},
	{"DescribeGlobalTable", &describe_global_table_shape, run_describe_global_table},
	{"DescribeGlobalTableSettings", &describe_global_table_settings_shape,
	run_describe_global_table},
	{"ListExports", &list_exports_shape, run_list_exports},
	{"DescribeExport", &describe_export_shape, run_describe_export},
	{"ExportTableToPointInTime", &export_table_shape, run_export_table},
	{"ListImports", &list_imports_shape, run_list_imports},
	{"DescribeImport", &describe_import_shape, run_describe_import},
	{"RestoreTableToPointInTime", &restore_to_point_in_time_shape,
	run_restore_to_point_in_time},

	{"BatchExecuteStatement"},
	{"CreateGlobalTable"},
	{"DisableKinesisStreamingDestination"},
	{"EnableKinesisStreamingDestination"},
	{"ExecuteStatement"},
	{"ExecuteTransaction"},
	{"ImportTable"},
	{"PutResourcePolicy"},
	{"UpdateContributorInsights"},
	{"UpdateGlobalTable"},
	{"UpdateGlobalTableSettings"},
	{"UpdateKinesisStreamingDestination"},
	{"UpdateTableReplicaAutoScaling"},
};

/* Raises UnknownOperationException unless the operation is built. */
static const Operation *
find_operation(Bytes name)
{
	for (int i = 0; i < lengthof(operations); i++)
	{
		const Operation *operation = &operations[i];

		if (!bytes_equal(name, bytes_from_cstring(operation->name)))
			continue;
		if (operation->run == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_UNKNOWN_OPERATION),
					 errmsg_internal("The operation %s is not built yet.",
									 operation->name)));
		return operation;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNKNOWN_OPERATION),
			 errmsg_internal("An unknown operation was requested: %.*s",
							 name.len, name.data)));
}

/* The request structure, decoded and validated. */
static void *
read_request(const Operation *operation, Bytes json)
{
	void	   *request = palloc0(operation->shape->size);
	RequestNotes notes = {0};

	decode_request(operation->shape, json, request, &notes);
	validate_request(operation->shape, request, &notes);
	return request;
}

void
api_check_request(int number, Bytes request)
{
	const Operation *operation = &operations[number % lengthof(operations)];

	(void) read_request(find_operation(bytes_from_cstring(operation->name)), request);
}

/* The table that a validated request names; data NULL if it names none, or several. */
static Bytes
named_table(const Shape *shape, const void *request)
{
	for (int i = 0; i < shape->nmembers; i++)
		if (shape->members[i].type == MEMBER_TABLE_NAME)
			return *MEMBER_FIELD(Bytes, request, &shape->members[i]);
	return (Bytes) {NULL, 0};
}

ApiWatcher	api_watcher = NULL;

void
api_call(Bytes operation_name, Bytes request_json, StringInfo response)
{
	const Operation *operation = find_operation(operation_name);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dynamo request",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	void	   *request;

	forget_transaction();
	request_note_operation(operation->name);
	request = read_request(operation, request_json);
	if (api_watcher != NULL)
		api_watcher(operation->name, named_table(operation->shape, request));
	operation->run(request, response);

	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

const char *
api_condition_failure_item(const ErrorData *error)
{
	return condition_failure_item(error);
}

const char *
api_cancellation_reasons(const ErrorData *error)
{
	return cancellation_reasons(error);
}

bool
api_transaction_conflict(const ErrorData *error, char **message, char **reasons)
{
	return transaction_conflict(error, message, reasons);
}
