/*
 * index_updates.c
 *		GlobalSecondaryIndexUpdates of UpdateTable.
 *
 * DynamoDB creates or deletes one index at a time.  The answer says CREATING or
 * DELETING.  Where a worker looks after the database that stays so for a while: the
 * request only records what is to be done, and the worker does it while others write
 * the table (storage/index_online.c).  Otherwise all is done in the caller's
 * transaction: the table is locked, the columns of a new index are added and filled,
 * its btree is built; a deleted one loses btree and columns.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "common/background.h"
#include "common/errors.h"
#include "common/settings.h"
#include "ops/tables.h"

#define INVALID "One or more parameter values were invalid: "

static const IndexRequest *the_change(const IndexUpdate *update);
static void check_distinct(const List *updates);
static void check_one_online(const List *updates);
static void change_index(Oid relid, const List *indexes, const IndexRequest *request,
						 BillingMode mode);
static void delete_index(Oid relid, const List *indexes, Bytes name, bool online);
static const IndexDefinition *existing_index(const List *indexes, Bytes name);
static IndexDefinition *changed_throughput(const IndexRequest *request, BillingMode mode,
										   const IndexDefinition *index);
static void check_throughput_changes(const IndexRequest *request, const IndexDefinition *index);
static void check_none_online(const List *indexes, Bytes except);
static void check_can_be_deleted(const List *indexes, const IndexDefinition *index);
static void change_billing(Oid relid, const List *indexes, const List *updates, BillingMode mode);
static bool has_update_of(const List *updates, Bytes name);
static void create_index(Bytes table_name, Oid relid, IndexDefinition *index);

void
check_index_updates(const List *updates)
{
	ListCell   *cell;

	foreach(cell, updates)
	{
		const IndexUpdate *update = lfirst(cell);
		int			actions = (update->create != NULL) + (update->update != NULL) +
			(update->delete != NULL);

		if (actions == 0)
			validation_error(INVALID "One of GlobalSecondaryIndexUpdate.Update, "
									 "GlobalSecondaryIndexUpdate.Create, "
									 "GlobalSecondaryIndexUpdate.Delete must not be null");
		if (actions > 1)
			validation_error(INVALID "Only one of GlobalSecondaryIndexUpdate.Update, "
									 "GlobalSecondaryIndexUpdate.Create, "
									 "GlobalSecondaryIndexUpdate.Delete can be specified");
	}
	check_distinct(updates);
	check_one_online(updates);
}

static const IndexRequest *
the_change(const IndexUpdate *update)
{
	return update->create != NULL ? update->create :
		update->update != NULL	  ? update->update :
									update->delete;
}

static void
check_distinct(const List *updates)
{
	List	   *names = NIL;
	const Bytes *repeated;
	ListCell   *cell;

	foreach(cell, updates)
		names = lappend(names, unconstify(Bytes *, &the_change(lfirst(cell))->index_name));
	repeated = repeated_name(names);
	if (repeated != NULL)
		validation_error(INVALID "Only one global secondary index update per index "
								 "is allowed simultaneously. Index: %.*s",
						 repeated->len, repeated->data);
}

pg_noreturn static void
raise_too_many_online(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_LIMIT_EXCEEDED),
			 errmsg_internal("Subscriber limit exceeded: Only 1 online index can be created "
							 "or deleted simultaneously per table")));
}

static void
check_one_online(const List *updates)
{
	int			online = 0;
	ListCell   *cell;

	foreach(cell, updates)
		online += ((const IndexUpdate *) lfirst(cell))->update == NULL;
	if (online > 1)
		raise_too_many_online();
}

/* ---- the changes ---- */

/* (what a worker has begun is for a worker to end) */
bool
indexes_change_online(Oid relid)
{
	ListCell   *cell;

	if (!background_work_available() || get_rel_relkind(relid) != RELKIND_RELATION)
		return false;
	foreach(cell, index_catalog_read(relid))
		if (((const IndexDefinition *) lfirst(cell))->status != INDEX_ACTIVE)
			return true;
	return dynamo_online_index_builds;
}

void
apply_index_updates(const UpdateTableRequest *request, Oid relid, const KeySchema *table_key,
					const List *indexes, BillingMode mode, bool online)
{
	ListCell   *cell;

	foreach(cell, request->index_updates)
	{
		const IndexUpdate *update = lfirst(cell);

		if (update->update != NULL)
			change_index(relid, indexes, update->update, mode);
		else if (update->delete != NULL)
			delete_index(relid, indexes, update->delete->index_name, online);
		else
		{
			IndexDefinition *index = checked_new_index(update->create,
													   request->attribute_definitions,
													   table_key, indexes);

			check_none_online(indexes, index->name);
			set_index_throughput(update->create, mode, index);
			set_index_warm_throughput(update->create, NO_WARM_UNITS, index);
			if (online)
				index_build_request_create(relid, index);
			else
				create_index(request->table_name, relid, index);
		}
	}
	change_billing(relid, indexes, request->index_updates, mode);
}

static void
change_index(Oid relid, const List *indexes, const IndexRequest *request, BillingMode mode)
{
	const IndexDefinition *index = existing_index(indexes, request->index_name);

	index_catalog_update(relid, changed_throughput(request, mode, index));
}

static void
delete_index(Oid relid, const List *indexes, Bytes name, bool online)
{
	const IndexDefinition *index = existing_index(indexes, name);

	check_can_be_deleted(indexes, index);
	if (online)
		index_build_request_delete(relid, index);
	else
		table_index_remove(relid, index);
}

static const IndexDefinition *
existing_index(const List *indexes, Bytes name)
{
	ListCell   *cell;

	foreach(cell, indexes)
	{
		const IndexDefinition *index = lfirst(cell);

		if (!index->is_local && bytes_equal(index->name, name))
			return index;
	}
	ereport(ERROR,
			(errcode(ERRCODE_RESOURCE_NOT_FOUND),
			 errmsg_internal("Requested resource not found"),
			 errdetail("The table has no global secondary index \"%.*s\".",
					   name.len, name.data)));
}

/* A copy of the index with the throughput of the request. */
static IndexDefinition *
changed_throughput(const IndexRequest *request, BillingMode mode, const IndexDefinition *index)
{
	IndexDefinition *changed = palloc_object(IndexDefinition);

	if (request->provisioned_throughput == NULL && request->on_demand_throughput == NULL &&
		request->warm_throughput == NULL)
		validation_error(INVALID "Either ProvisionedThroughput or OnDemandThroughput must be "
								 "specified for index: %.*s",
						 index->name.len, index->name.data);
	*changed = *index;
	check_throughput_changes(request, index);
	set_index_throughput(request, mode, changed);
	set_index_warm_throughput(request, index_warm_units(index), changed);
	if (changed->read_capacity > index->read_capacity ||
		changed->write_capacity > index->write_capacity)
		changed->last_increase = GetCurrentTimestamp();
	if (changed->read_capacity < index->read_capacity ||
		changed->write_capacity < index->write_capacity)
		changed->last_decrease = GetCurrentTimestamp();
	return changed;
}

static void
check_throughput_changes(const IndexRequest *request, const IndexDefinition *index)
{
	const ProvisionedThroughput *throughput = request->provisioned_throughput;

	if (throughput != NULL &&
		throughput->read_capacity_units.value == index->read_capacity &&
		throughput->write_capacity_units.value == index->write_capacity)
		validation_error("The provisioned throughput for the index %.*s will not change. "
						 "The requested value equals the current value. "
						 "Current ReadCapacityUnits provisioned for the index: " INT64_FORMAT ". "
						 "Requested ReadCapacityUnits: " INT64_FORMAT ". "
						 "Current WriteCapacityUnits provisioned for the index: " INT64_FORMAT ". "
						 "Requested WriteCapacityUnits: " INT64_FORMAT ". "
						 "Refer to the Amazon DynamoDB Developer Guide for current limits "
						 "and how to request higher limits.",
						 index->name.len, index->name.data,
						 index->read_capacity, index->read_capacity,
						 index->write_capacity, index->write_capacity);
}

/* Raises if an index, but for one of this name, is being created or deleted. */
static void
check_none_online(const List *indexes, Bytes except)
{
	ListCell   *cell;

	foreach(cell, indexes)
	{
		const IndexDefinition *index = lfirst(cell);

		if (index->status != INDEX_ACTIVE && !bytes_equal(index->name, except))
			raise_too_many_online();
	}
}

/* One that is being created may be. */
static void
check_can_be_deleted(const List *indexes, const IndexDefinition *index)
{
	if (index->status == INDEX_DELETING)
		ereport(ERROR,
				(errcode(ERRCODE_RESOURCE_IN_USE),
				 errmsg_internal("Attempt to change a resource which is still in use: "
								 "Index is being deleted: %.*s",
								 index->name.len, index->name.data)));
	check_none_online(indexes, index->name);
}

/*
 * With a new billing mode of the table each index must get a throughput, or lose
 * the one it has.
 */
static void
change_billing(Oid relid, const List *indexes, const List *updates, BillingMode mode)
{
	ListCell   *cell;

	foreach(cell, indexes)
	{
		IndexDefinition index = *(const IndexDefinition *) lfirst(cell);
		bool		provisioned = index.read_capacity > 0;

		if (index.is_local || provisioned == (mode == BILLING_PROVISIONED) ||
			has_update_of(updates, index.name))
			continue;
		if (!provisioned)
			validation_error(INVALID "ProvisionedThroughput must be specified for index: %.*s",
							 index.name.len, index.name.data);
		index.warm = kept_warm_units(index_warm_units(&index), 0, 0);
		index.read_capacity = 0;
		index.write_capacity = 0;
		index_catalog_update(relid, &index);
	}
}

static bool
has_update_of(const List *updates, Bytes name)
{
	ListCell   *cell;

	foreach(cell, updates)
		if (bytes_equal(the_change(lfirst(cell))->index_name, name))
			return true;
	return false;
}

/* Everything that makes an index of a table with items. */
static void
create_index(Bytes table_name, Oid relid, IndexDefinition *index)
{
	FillPosition position = {0};
	DynamoTable *table;

	index->status = INDEX_CREATING;
	index->backfilling = true;
	table_index_record(relid, index);

	table = dynamo_table_open(table_name, RowExclusiveLock, ACL_SELECT | ACL_UPDATE);
	table_fill_derived(table, &position, 0);
	dynamo_table_close(table);

	table_index_build(relid, index);
	index->status = INDEX_ACTIVE;
	index->backfilling = false;
	index_catalog_update(relid, index);
}

/* ---- the answer ---- */

void
describe_index_updates(const List *updates, const List *before, bool online,
					   TableDescription *result)
{
	ListCell   *cell;

	foreach(cell, updates)
	{
		const IndexUpdate *update = lfirst(cell);
		ListCell   *described;

		if (update->delete != NULL && !online)
		{
			IndexDescription *deleted = palloc0_object(IndexDescription);

			deleted->index = existing_index(before, update->delete->index_name);
			deleted->status = "DELETING";
			result->indexes = lappend(result->indexes, deleted);
			continue;
		}
		foreach(described, result->indexes)
		{
			IndexDescription *description = lfirst(described);

			if (update->delete == NULL &&
				bytes_equal(description->index->name, the_change(update)->index_name))
				description->status = update->create != NULL ? "CREATING" : "UPDATING";
		}
	}
}
