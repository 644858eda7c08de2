/*
 * service.c
 *		What the service says of features that tables do not have: continuous
 *		backups, exports and imports, Contributor Insights, destinations in Kinesis,
 *		resource policies, replicas.
 *
 * Tools ask for these before they do anything else, so each has the answer that a
 * table without it has in DynamoDB: disabled, none, not found.  Turning one on is an
 * error rather than a promise.
 *
 * Restoring to a point in time is PostgreSQL's matter (base backups and archived
 * WAL, of the whole server).
 */
#include "postgres.h"

#include "common/errors.h"
#include "ops/tables.h"

#define POINT_IN_TIME_HINT \
	"Point-in-time recovery of the whole server needs base backups and archived WAL; " \
	"CreateBackup keeps a copy of one table."

static void check_readable(Bytes table_name, Bytes index_name);
static bool has_index(DynamoTable *table, Bytes name);
static void check_first_page(Bytes next_token);
pg_noreturn static void raise_no_policy(Bytes resource_arn);
pg_noreturn static void raise_no_point_in_time(Bytes table_name);

/* ---- continuous backups ---- */

void
op_describe_continuous_backups(Bytes table_name)
{
	existing_source_table(table_name);
	dynamo_table_close(dynamo_table_open(table_name, AccessShareLock, ACL_SELECT));
}

void
op_update_continuous_backups(const ContinuousBackupsRequest *request)
{
	existing_source_table(request->table_name);
	dynamo_table_close(open_own_table(request->table_name, AccessShareLock));
	if (request->specification->enabled.value)
		ereport(ERROR,
				(errcode(ERRCODE_CONTINUOUS_BACKUPS_UNAVAILABLE),
				 errmsg_internal("Continuous backups are not available for table: %.*s",
								 request->table_name.len, request->table_name.data),
				 errhint(POINT_IN_TIME_HINT)));
}

void
op_restore_to_point_in_time(const PointInTimeRestoreRequest *request)
{
	Bytes		source = request->source_table_by_arn.data != NULL ?
		request->source_table_by_arn :
		request->source_table;

	if (source.data == NULL)
		validation_error("Either SourceTableArn or SourceTableName must be specified");
	raise_no_point_in_time(source);
}

void
op_export_table(const ExportRequest *request)
{
	raise_no_point_in_time(request->table_name);
}

static void
raise_no_point_in_time(Bytes table_name)
{
	op_describe_continuous_backups(table_name);
	ereport(ERROR,
			(errcode(ERRCODE_POINT_IN_TIME_UNAVAILABLE),
			 errmsg_internal("Point in time recovery is not enabled for table '%.*s'",
							 table_name.len, table_name.data),
			 errhint(POINT_IN_TIME_HINT)));
}

/* ---- exports and imports ---- */

void
op_list_transfers(const TransferRequest *request)
{
	check_first_page(request->next_token);
}

/* No list has a second one. */
static void
check_first_page(Bytes next_token)
{
	if (next_token.data != NULL)
		validation_error("Invalid NextToken");
}

void
op_describe_export(const TransferRequest *request)
{
	ereport(ERROR, (errcode(ERRCODE_EXPORT_NOT_FOUND),
					errmsg_internal("Export not found: %.*s", request->arn.len, request->arn.data)));
}

void
op_describe_import(const TransferRequest *request)
{
	ereport(ERROR, (errcode(ERRCODE_IMPORT_NOT_FOUND),
					errmsg_internal("Import not found: %.*s", request->arn.len, request->arn.data)));
}

/* ---- what watches or copies a table ---- */

void
op_describe_contributor_insights(const ContributorInsightsRequest *request)
{
	check_readable(request->table_name, request->index_name);
}

void
op_list_contributor_insights(const ContributorInsightsRequest *request)
{
	check_first_page(request->next_token);
	if (request->table_name.data != NULL)
		check_readable(request->table_name, (Bytes) {NULL, 0});
}

void
op_describe_kinesis_destination(Bytes table_name)
{
	check_readable(table_name, (Bytes) {NULL, 0});
}

static void
check_readable(Bytes table_name, Bytes index_name)
{
	DynamoTable *table;
	bool		found;

	existing_table(table_name);
	table = dynamo_table_open(table_name, AccessShareLock, ACL_SELECT);
	found = index_name.data == NULL || has_index(table, index_name);
	dynamo_table_close(table);
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_RESOURCE_NOT_FOUND),
				 errmsg_internal("Requested resource not found: Table: %.*s with index: %.*s not found",
								 table_name.len, table_name.data, index_name.len, index_name.data)));
}

static bool
has_index(DynamoTable *table, Bytes name)
{
	ListCell   *cell;

	foreach(cell, table_indexes(table))
		if (bytes_equal(((const IndexDefinition *) lfirst(cell))->name, name))
			return true;
	return false;
}

/* ---- replicas ---- */

const char *
op_describe_replica_auto_scaling(Bytes table_name)
{
	TableDescription description = {0};

	op_describe_table(table_name, &description);
	return description.status;
}

void
op_describe_global_table(const GlobalTableRequest *request)
{
	ereport(ERROR,
			(errcode(ERRCODE_GLOBAL_TABLE_NOT_FOUND),
			 errmsg_internal("Global table not found: Global table with name: '%.*s' does not exist.",
							 request->name.len, request->name.data)));
}

/* ---- resource policies ---- */

void
op_get_resource_policy(const ResourcePolicyRequest *request)
{
	dynamo_table_close(open_resource(request->resource_arn, false));
	raise_no_policy(request->resource_arn);
}

void
op_delete_resource_policy(const ResourcePolicyRequest *request)
{
	dynamo_table_close(open_resource(request->resource_arn, true));
	if (request->expected_revision_id.data != NULL)
		raise_no_policy(request->resource_arn);
}

static void
raise_no_policy(Bytes resource_arn)
{
	ereport(ERROR,
			(errcode(ERRCODE_POLICY_NOT_FOUND),
			 errmsg_internal("Resource-based policy not found for the provided ResourceArn: %.*s",
							 resource_arn.len, resource_arn.data),
			 errhint("Privileges on tables are PostgreSQL's: GRANT and row-level security.")));
}
