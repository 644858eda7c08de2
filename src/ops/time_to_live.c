/*
 * time_to_live.c
 *		UpdateTimeToLive, DescribeTimeToLive.
 *
 * Turning it on adds a column to the table, under a short lock.  Then a worker fills
 * it and makes the btree while others write the table (storage/index_online.c), or,
 * without one, the caller's transaction does it.  While there is no btree, also if
 * somebody has dropped it, nothing expires and the status is ENABLING; when there is
 * one it is ENABLED, and a worker deletes what expires (worker/ttl.c).
 *
 * DynamoDB takes up to an hour for a change and refuses others meanwhile; here one
 * is refused while a worker is at it, but turning it off is not.
 */
#include "postgres.h"

#include "utils/rel.h"

#include "common/background.h"
#include "common/errors.h"
#include "ops/tables.h"

static void check_change(const TimeToLiveSpecification *wanted, const TimeToLive *current,
						 Oid relid);
static void enable(Bytes table_name, Oid relid, Bytes attribute);

static void
read_time_to_live(DynamoTable *table, TimeToLive *result)
{
	Bytes		attribute = table_ttl_attribute(table->definition);

	memset(result, 0, sizeof(*result));
	if (attribute.data == NULL)
		return;
	result->attribute = bytes_from_cstring(bytes_to_cstring(attribute));
	result->status = OidIsValid(table_ttl_index(table->rel)) ? TTL_ENABLED : TTL_ENABLING;
}

void
op_describe_time_to_live(Bytes table_name, TimeToLive *result)
{
	DynamoTable *table;

	existing_table(table_name);
	table = dynamo_table_open(table_name, AccessShareLock, ACL_SELECT);
	read_time_to_live(table, result);
	dynamo_table_close(table);
}

void
op_update_time_to_live(const UpdateTimeToLiveRequest *request)
{
	const TimeToLiveSpecification *wanted = request->specification;
	DynamoTable *table = open_own_table_to_record(request->table_name, AccessShareLock);
	Oid			relid = table->definition->relid;
	TimeToLive	current;

	read_time_to_live(table, &current);
	check_change(wanted, &current, relid);
	dynamo_table_close(table);
	if (wanted->enabled.value)
		enable(request->table_name, relid, wanted->attribute_name);
	else
		table_ttl_remove(relid);
}

static void
check_change(const TimeToLiveSpecification *wanted, const TimeToLive *current, Oid relid)
{
	if (current->status == TTL_DISABLED)
	{
		if (!wanted->enabled.value)
			validation_error("TimeToLive is already disabled");
		return;
	}
	if (!bytes_equal(wanted->attribute_name, current->attribute))
		validation_error("TimeToLive is active on a different AttributeName: "
						 "current AttributeName is %.*s",
						 current->attribute.len, current->attribute.data);
	if (!wanted->enabled.value)
		return;
	if (current->status == TTL_ENABLED)
		validation_error("TimeToLive is already enabled");
	/* (without a worker at it, the btree was dropped: it is made again) */
	if (index_build_find(relid, TTL_BUILD) != NULL)
		validation_error("Time to live has been modified multiple times within a fixed interval");
}

static void
enable(Bytes table_name, Oid relid, Bytes attribute)
{
	table_ttl_record(relid, attribute);
	if (indexes_change_online(relid))
		index_build_request_ttl(relid);
	else
	{
		FillPosition position = {0};
		DynamoTable *table = dynamo_table_open(table_name, RowExclusiveLock, ACL_SELECT | ACL_UPDATE);

		table_fill_derived(table, &position, 0);
		dynamo_table_close(table);
		table_ttl_build(relid);
	}
	background_work_request(WORK_TTL);
}
