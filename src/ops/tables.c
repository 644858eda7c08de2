/*
 * tables.c
 *		CreateTable, UpdateTable, DescribeTable, DeleteTable, ListTables.
 *
 * A table is ready when the transaction that made it has committed; then
 * DescribeTable says ACTIVE, or UPDATING while a worker makes or deletes an index
 * of it (index_updates.c).  Before that it says CREATING if a job is to make the
 * table (jobs.c), and nothing else can be done with it.  The operation that makes,
 * changes or deletes a table answers CREATING, UPDATING or DELETING, as DynamoDB
 * does: clients wait for what DescribeTable says afterwards.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/timestamp.h"

#include "common/background.h"
#include "common/compat.h"
#include "common/errors.h"
#include "ops/jobs.h"
#include "ops/tables.h"

static void check_billing(BillingMode mode, const ProvisionedThroughput *throughput,
						  const OnDemandThroughput *on_demand);
static bool has_online_update(const List *updates);
static void check_can_be_updated(const UpdateTableRequest *request, const List *indexes);
static bool updates_more_than_indexes(const UpdateTableRequest *request);
static const IndexDefinition *changing_index(const List *indexes);
pg_noreturn static void raise_being_updated(Bytes table_name);
static void update_indexes(DynamoTable *table, const UpdateTableRequest *request,
						   const List *indexes, BillingMode mode, bool online);
static void check_something_to_update(const UpdateTableRequest *request);
static void change_settings(const UpdateTableRequest *request, TableSettings *settings);
static void change_billing_mode(const UpdateTableRequest *request, TableSettings *settings);
static void change_throughput(const ProvisionedThroughput *throughput,
							  TableSettings *settings);
static void change_warm_throughput(const WarmThroughput *request, TableSettings *settings);
static WarmUnits table_warm_units(const TableSettings *settings);
static void change_request_units(OptionalInt units, const char *name, int64 *maximum);
static bool describe_future_table(Bytes name, TableDescription *result);
static void check_not_in_use(Bytes name);
static void describe(DynamoTable *table, const TableSettings *settings,
					 const char *status, TableDescription *result);
static List *describe_indexes(DynamoTable *table);
static void check_stream_specification(const StreamSpecification *stream);
static void change_stream(Oid relid, const StreamSpecification *stream);
static void describe_stream(Oid relid, TableDescription *result);

/* ---- create ---- */

void
op_create_table(const CreateTableRequest *request, TableDescription *result)
{
	List	   *indexes;
	ListCell   *cell;
	Oid			relid;

	memset(result, 0, sizeof(*result));
	initial_settings(request, &result->settings);
	checked_table_schema(request, &result->key, &indexes);
	check_tags(request->tags);
	check_stream_specification(request->stream);
	relid = dynamo_table_create(request->table_name, &result->key, &result->settings, indexes);
	foreach(cell, indexes)
		table_index_build(relid, lfirst(cell));
	if (request->tags != NIL)
		table_tags_write(relid, request->tags);
	if (request->stream != NULL && request->stream->enabled.value)
		change_stream(relid, request->stream);
	describe_stream(relid, result);

	result->table_name = request->table_name;
	result->status = "CREATING";
	result->indexes = future_indexes(indexes);
}

List *
future_indexes(List *indexes)
{
	List	   *descriptions = NIL;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		IndexDescription *description = palloc0_object(IndexDescription);

		description->index = lfirst(cell);
		description->status = "CREATING";
		descriptions = lappend(descriptions, description);
	}
	return descriptions;
}

void
initial_settings(const CreateTableRequest *request, TableSettings *settings)
{
	const ProvisionedThroughput *throughput = request->provisioned_throughput;
	BillingMode mode = request->billing_mode == BILLING_MODE_PAY_PER_REQUEST ?
		BILLING_PAY_PER_REQUEST : BILLING_PROVISIONED;

	if (mode == BILLING_PROVISIONED && throughput == NULL)
		validation_error("One or more parameter values were invalid: ReadCapacityUnits and "
						 "WriteCapacityUnits must both be specified when BillingMode is PROVISIONED");
	check_billing(mode, throughput, request->on_demand_throughput);

	memset(settings, 0, sizeof(*settings));
	if (!pg_strong_random(settings->table_id.data, UUID_LEN))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
						errmsg("could not generate a table id")));
	settings->created = GetCurrentTimestamp();
	settings->billing_mode = mode;
	if (mode == BILLING_PAY_PER_REQUEST)
		settings->billing_mode_changed = settings->created;
	if (throughput != NULL)
	{
		settings->read_capacity = throughput->read_capacity_units.value;
		settings->write_capacity = throughput->write_capacity_units.value;
	}
	change_on_demand_throughput(request->on_demand_throughput, &settings->max_read_request_units,
								&settings->max_write_request_units);
	change_warm_throughput(request->warm_throughput, settings);
	settings->deletion_protection = request->deletion_protection.value;
	settings->infrequent_access = request->table_class == TABLE_CLASS_INFREQUENT_ACCESS;
}

/* Each billing mode has throughput parameters of its own. */
static void
check_billing(BillingMode mode, const ProvisionedThroughput *throughput,
			  const OnDemandThroughput *on_demand)
{
	if (mode == BILLING_PAY_PER_REQUEST && throughput != NULL)
		validation_error("One or more parameter values were invalid: Neither ReadCapacityUnits "
						 "nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");
	if (mode == BILLING_PROVISIONED && on_demand != NULL)
		validation_error("One or more parameter values were invalid: Neither MaxReadRequestUnits "
						 "nor MaxWriteRequestUnits can be specified when BillingMode is PROVISIONED");
}

/* ---- update ---- */

void
op_update_table(const UpdateTableRequest *request, TableDescription *result)
{
	bool		online;
	bool		alters;
	TableSettings settings;
	DynamoTable *table;
	List	   *indexes;
	Oid			relid;

	check_something_to_update(request);
	check_index_updates(request->index_updates);
	check_stream_specification(request->stream);

	online = indexes_change_online(existing_table(request->table_name));
	alters = (has_online_update(request->index_updates) && !online) || request->stream != NULL;
	table = open_own_table_to_record(request->table_name,
									 alters ? AccessExclusiveLock : AccessShareLock);
	relid = table->definition->relid;
	indexes = index_catalog_read(relid);
	check_can_be_updated(request, indexes);

	table_settings_read(relid, &settings);
	change_settings(request, &settings);
	table_settings_write(table, &settings);
	update_indexes(table, request, indexes, settings.billing_mode, online);
	change_stream(relid, request->stream);

	table = open_own_table(request->table_name, AccessShareLock);
	describe(table, &settings, "UPDATING", result);
	result->warming = request->warm_throughput != NULL;
	describe_index_updates(request->index_updates, indexes, online, result);
	dynamo_table_close(table);
}

/* Whether an index is to be created or deleted. */
static bool
has_online_update(const List *updates)
{
	ListCell   *cell;

	foreach(cell, updates)
		if (((const IndexUpdate *) lfirst(cell))->update == NULL)
			return true;
	return false;
}

/*
 * A table of which an index is being made or deleted is UPDATING.  What DynamoDB
 * changes meanwhile is the indexes, as check_index_updates() and its like allow,
 * and, once the index is being filled, settings.
 */
static void
check_can_be_updated(const UpdateTableRequest *request, const List *indexes)
{
	const IndexDefinition *changing = changing_index(indexes);

	if (changing == NULL || (changing->backfilling && request->stream == NULL) ||
		!updates_more_than_indexes(request))
		return;
	raise_being_updated(request->table_name);
}

static bool
updates_more_than_indexes(const UpdateTableRequest *request)
{
	return request->billing_mode != 0 || request->provisioned_throughput != NULL ||
		request->on_demand_throughput != NULL || request->warm_throughput != NULL ||
		request->table_class != 0 || request->deletion_protection.given ||
		request->stream != NULL;
}

static const IndexDefinition *
changing_index(const List *indexes)
{
	ListCell   *cell;

	foreach(cell, indexes)
		if (((const IndexDefinition *) lfirst(cell))->status != INDEX_ACTIVE)
			return lfirst(cell);
	return NULL;
}

static void
raise_being_updated(Bytes table_name)
{
	ereport(ERROR, (errcode(ERRCODE_RESOURCE_IN_USE),
					errmsg_internal("Attempt to change a resource which is still in use: "
									"Table is being updated: %.*s",
									table_name.len, table_name.data)));
}

/* Closes the table. */
static void
update_indexes(DynamoTable *table, const UpdateTableRequest *request, const List *indexes,
			   BillingMode mode, bool online)
{
	Oid			relid = table->definition->relid;
	KeySchema	key = table->definition->key;

	dynamo_table_close(table);
	check_update_definitions(request, &key, indexes);
	apply_index_updates(request, relid, &key, indexes, mode, online);
}

static void
check_something_to_update(const UpdateTableRequest *request)
{
	if (request->index_updates == NIL && !updates_more_than_indexes(request))
		validation_error("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
						 "GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required");
}

static void
change_settings(const UpdateTableRequest *request, TableSettings *settings)
{
	WarmUnits	before = table_warm_units(settings);

	change_billing_mode(request, settings);
	check_billing(settings->billing_mode, request->provisioned_throughput,
				  request->on_demand_throughput);
	change_throughput(request->provisioned_throughput, settings);
	change_on_demand_throughput(request->on_demand_throughput, &settings->max_read_request_units,
								&settings->max_write_request_units);
	settings->warm = kept_warm_units(before, settings->read_capacity, settings->write_capacity);
	change_warm_throughput(request->warm_throughput, settings);
	if (request->table_class != 0)
		settings->infrequent_access = request->table_class == TABLE_CLASS_INFREQUENT_ACCESS;
	if (request->deletion_protection.given)
		settings->deletion_protection = request->deletion_protection.value;
}

static void
change_billing_mode(const UpdateTableRequest *request, TableSettings *settings)
{
	if (request->billing_mode == BILLING_MODE_PROVISIONED &&
		settings->billing_mode == BILLING_PAY_PER_REQUEST)
	{
		if (request->provisioned_throughput == NULL)
			validation_error("No provisioned throughput specified for the table");
		settings->billing_mode = BILLING_PROVISIONED;
		settings->max_read_request_units = 0;
		settings->max_write_request_units = 0;
	}
	else if (request->billing_mode == BILLING_MODE_PAY_PER_REQUEST &&
			 settings->billing_mode == BILLING_PROVISIONED)
	{
		settings->billing_mode = BILLING_PAY_PER_REQUEST;
		settings->billing_mode_changed = GetCurrentTimestamp();
		settings->read_capacity = 0;
		settings->write_capacity = 0;
	}
}

/* DynamoDB refuses a throughput that is what the table has. */
static void
change_throughput(const ProvisionedThroughput *throughput, TableSettings *settings)
{
	int64		read;
	int64		write;

	if (throughput == NULL)
		return;
	read = throughput->read_capacity_units.value;
	write = throughput->write_capacity_units.value;
	if (read == settings->read_capacity && write == settings->write_capacity)
		validation_error("The provisioned throughput for the table will not change. "
						 "The requested value equals the current value. "
						 "Current ReadCapacityUnits provisioned for the table: " INT64_FORMAT ". "
						 "Requested ReadCapacityUnits: " INT64_FORMAT ". "
						 "Current WriteCapacityUnits provisioned for the table: " INT64_FORMAT ". "
						 "Requested WriteCapacityUnits: " INT64_FORMAT ". "
						 "Refer to the Amazon DynamoDB Developer Guide for current limits "
						 "and how to request higher limits.",
						 settings->read_capacity, read, settings->write_capacity, write);

	if (read > settings->read_capacity || write > settings->write_capacity)
		settings->last_increase = GetCurrentTimestamp();
	if (read < settings->read_capacity || write < settings->write_capacity)
		settings->last_decrease = GetCurrentTimestamp();
	settings->read_capacity = read;
	settings->write_capacity = write;
}

void
change_on_demand_throughput(const OnDemandThroughput *on_demand, int64 *reads, int64 *writes)
{
	if (on_demand == NULL)
		return;
	change_request_units(on_demand->max_read_request_units, "MaxReadRequestUnits", reads);
	change_request_units(on_demand->max_write_request_units, "MaxWriteRequestUnits", writes);
}

static void
change_warm_throughput(const WarmThroughput *request, TableSettings *settings)
{
	raise_warm_units(request, "table", table_warm_units(settings), &settings->warm);
}

static WarmUnits
table_warm_units(const TableSettings *settings)
{
	return warm_units(settings->warm, settings->read_capacity, settings->write_capacity);
}

/* -1 takes a maximum away. */
static void
change_request_units(OptionalInt units, const char *name, int64 *maximum)
{
	if (!units.given)
		return;
	if (units.value != -1 && units.value < 1)
		validation_error("One or more parameter values were invalid: %s must be -1 or at least 1, "
						 "but is " INT64_FORMAT,
						 name, units.value);
	*maximum = Max(units.value, 0);
}

/* ---- describe, delete, list ---- */

void
op_describe_table(Bytes table_name, TableDescription *result)
{
	TableSettings settings;
	DynamoTable *table;

	if (describe_future_table(table_name, result))
		return;
	existing_table(table_name);
	table = dynamo_table_open(table_name, AccessShareLock, ACL_SELECT);
	table_settings_read(table->definition->relid, &settings);
	describe(table, &settings, changing_index(table_indexes(table)) == NULL ? "ACTIVE" : "UPDATING",
			 result);
	dynamo_table_close(table);
}

void
op_delete_table(Bytes table_name, TableDescription *result)
{
	TableSettings settings;
	DynamoTable *table;

	check_not_in_use(table_name);
	table = open_own_table(table_name, AccessExclusiveLock);
	check_not_in_use(table_name);
	table_settings_read(table->definition->relid, &settings);
	if (settings.deletion_protection)
		validation_error("Resource cannot be deleted as it is currently protected against deletion. "
						 "Disable deletion protection first.");
	describe(table, &settings, "DELETING", result);
	dynamo_table_drop(table);
}

/* Whether a job is to make the table; looked for before the table itself is. */
static bool
describe_future_table(Bytes name, TableDescription *result)
{
	TableJob   *job = OidIsValid(dynamo_table_lookup(name)) ? NULL : job_making_table(name);

	if (job == NULL)
		return false;
	check_owns_job(job);
	memset(result, 0, sizeof(*result));
	result->table_name = name;
	result->status = "CREATING";
	result->key = job->backup.key;
	result->settings = job->backup.settings;
	result->indexes = future_indexes(job->backup.indexes);
	return true;
}

/*
 * DynamoDB does not delete a table of which a backup is being made, or an index.
 * (Where no worker is left to finish that, there is nothing to wait for.)
 */
static void
check_not_in_use(Bytes name)
{
	Oid			relid = dynamo_table_lookup(name);

	if (OidIsValid(relid) && background_work_available() &&
		changing_index(index_catalog_read(relid)) != NULL)
		raise_being_updated(name);
	if (job_reads_table(name))
		ereport(ERROR, (errcode(ERRCODE_RESOURCE_IN_USE),
						errmsg_internal("Attempt to change a resource which is still in use: "
										"Table is being backed up: %.*s", name.len, name.data)));
}

void
op_list_tables(Bytes after, OptionalInt limit, ListTablesResult *result)
{
	bool		more;

	result->names = dynamo_table_list(after, limit.given ? limit.value : MAX_LIST_TABLES,
									  &more);
	result->last_evaluated_name = more ? *(Bytes *) llast(result->names) : (Bytes) {NULL, 0};
}

DynamoTable *
open_own_table_to_record(Bytes name, LOCKMODE lockmode)
{
	Oid			relid = existing_table(name);

	PreventCommandDuringRecovery("a change of tables or backups");
	if (compat_owns_relation(relid, GetUserId()))
		table_record_lock(relid);
	return open_own_table(name, lockmode);
}

DynamoTable *
open_own_table(Bytes name, LOCKMODE lockmode)
{
	Oid			relid = existing_table(name);

	if (lockmode > RowExclusiveLock)
		PreventCommandDuringRecovery("a change of tables or backups");
	if (!compat_owns_relation(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, bytes_to_cstring(name));
	return dynamo_table_open(name, lockmode, ACL_NO_RIGHTS);
}

Oid
existing_source_table(Bytes name)
{
	Oid			relid = dynamo_table_lookup(name);

	if (!OidIsValid(relid) && job_making_table(name) != NULL)
		ereport(ERROR, (errcode(ERRCODE_TABLE_IN_USE),
						errmsg_internal("Table is being created: %.*s", name.len, name.data)));
	if (!OidIsValid(relid))
		ereport(ERROR, (errcode(ERRCODE_TABLE_NOT_FOUND),
						errmsg_internal("Table not found: %.*s", name.len, name.data)));
	return relid;
}

void
check_not_being_made(Bytes name)
{
	if (job_making_table(name) != NULL)
		ereport(ERROR, (errcode(ERRCODE_RESOURCE_IN_USE),
						errmsg_internal("Attempt to change a resource which is still in use: "
										"Table is being created: %.*s", name.len, name.data)));
}

Oid
existing_table(Bytes name)
{
	Oid			relid = dynamo_table_lookup(name);

	if (!OidIsValid(relid))
		check_not_being_made(name);
	/* (it may have become ready in between) */
	if (!OidIsValid(relid))
		relid = dynamo_table_lookup(name);
	if (!OidIsValid(relid))
		ereport(ERROR, (errcode(ERRCODE_RESOURCE_NOT_FOUND),
						errmsg_internal("Requested resource not found: Table: %.*s not found",
										name.len, name.data)));
	return relid;
}

static void
describe(DynamoTable *table, const TableSettings *settings,
		 const char *status, TableDescription *result)
{
	result->table_name = bytes_from_cstring(pstrdup(table->name));
	result->status = status;
	result->key = table->definition->key;
	result->settings = *settings;
	result->indexes = describe_indexes(table);
	table_statistics(table, &result->item_count, &result->size_bytes);
	describe_stream(table->definition->relid, result);
}

/* ---- streams of tables ---- */

static void
check_stream_specification(const StreamSpecification *stream)
{
	if (stream == NULL)
		return;
	if (stream->enabled.value && stream->view_type == 0)
		validation_error("Invalid StreamViewType: Stream ViewType must not be null or empty "
						 "when enabling streams.");
	if (!stream->enabled.value && stream->view_type != 0)
		validation_error("Invalid StreamViewType: Stream StreamEnabled was false but "
						 "a StreamViewType was present.");
}

/* The table must not be open. */
static void
change_stream(Oid relid, const StreamSpecification *stream)
{
	if (stream == NULL)
		return;
	if (stream->enabled.value)
		stream_enable(relid, stream->view_type);
	else
		stream_disable(relid);
}

static void
describe_stream(Oid relid, TableDescription *result)
{
	List	   *streams = stream_list_of(relid);
	TableStream present;

	result->stream_view = 0;
	result->stream_label = streams == NIL ? NULL : ((Stream *) llast(streams))->label;
	if (table_stream_of(relid, &present))
	{
		result->stream_view = present.view;
		result->stream_label = pstrdup(present.label);
	}
}

static List *
describe_indexes(DynamoTable *table)
{
	List	   *descriptions = NIL;
	ListCell   *cell;

	foreach(cell, table_indexes(table))
	{
		IndexDescription *description = palloc_object(IndexDescription);

		description->index = lfirst(cell);
		description->status = index_status_name(description->index->status);
		index_statistics(table, description->index, &description->item_count,
						 &description->size_bytes);
		descriptions = lappend(descriptions, description);
	}
	return descriptions;
}
