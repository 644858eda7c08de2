/*
 * respond_tables.c
 *		Responses of the control plane: tables and their indexes, time to live, tags.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "common/limits.h"
#include "common/settings.h"
#include "api/respond.h"
#include "api/respond_members.h"

static void append_attribute_definitions(StringInfo out, const TableDescription *table);
static void append_new_definitions(StringInfo out, const KeySchema *key, List **written);
static bool has_attribute(const List *attributes, Bytes name);
static void append_indexes(StringInfo out, const TableDescription *table, bool local);
static void append_index_description(StringInfo out, const TableDescription *table,
									 const IndexDescription *description);
static void append_throughput(StringInfo out, int64 read, int64 write,
							  TimestampTz last_increase, TimestampTz last_decrease);
static void append_warm_throughput(StringInfo out, WarmUnits units, bool changing);
static void append_billing_mode(StringInfo out, const TableSettings *settings);
static int	decreases_today(TimestampTz last_decrease);
static void append_stream(StringInfo out, const TableDescription *table);
static void append_restore_summary(StringInfo out, const TableDescription *table);

/* ---- tables ---- */

void
respond_list_tables(StringInfo out, const ListTablesResult *result)
{
	appendStringInfoChar(out, '{');
	append_strings(out, "TableNames", result->names);
	if (result->last_evaluated_name.data != NULL)
		append_text(out, "LastEvaluatedTableName", result->last_evaluated_name);
	appendStringInfoChar(out, '}');
}

void
respond_table(StringInfo out, const char *name, const TableDescription *table)
{
	appendStringInfoChar(out, '{');
	begin_member(out, name);
	append_table_description(out, table);
	appendStringInfoChar(out, '}');
}

void
append_table_description(StringInfo out, const TableDescription *table)
{
	const TableSettings *settings = &table->settings;

	appendStringInfoChar(out, '{');
	append_attribute_definitions(out, table);
	append_text(out, "TableName", table->table_name);
	append_key_schema(out, &table->key);
	append_cstring(out, "TableStatus", table->status);
	append_time(out, "CreationDateTime", settings->created);
	append_throughput(out, settings->read_capacity, settings->write_capacity,
					  settings->last_increase, settings->last_decrease);
	append_integer(out, "TableSizeBytes", table->size_bytes);
	append_integer(out, "ItemCount", table->item_count);
	append_cstring(out, "TableArn", table_arn(table->table_name));
	append_table_id(out, &settings->table_id);
	append_billing_mode(out, settings);
	append_indexes(out, table, true);
	append_indexes(out, table, false);
	append_stream(out, table);
	append_restore_summary(out, table);
	if (settings->infrequent_access)
	{
		begin_member(out, "TableClassSummary");
		appendStringInfoString(out, "{\"TableClass\":\"STANDARD_INFREQUENT_ACCESS\"}");
	}
	append_boolean(out, "DeletionProtectionEnabled", settings->deletion_protection);
	append_on_demand_throughput(out, settings->max_read_request_units,
								settings->max_write_request_units);
	append_warm_throughput(out, warm_units(settings->warm, settings->read_capacity,
										   settings->write_capacity),
						   table->warming || strcmp(table->status, "CREATING") == 0);
	appendStringInfoChar(out, '}');
}

/* Of the table's key and those of its indexes, each once. */
static void
append_attribute_definitions(StringInfo out, const TableDescription *table)
{
	List	   *written = NIL;
	ListCell   *cell;

	begin_member(out, "AttributeDefinitions");
	appendStringInfoChar(out, '[');
	append_new_definitions(out, &table->key, &written);
	foreach(cell, table->indexes)
		append_new_definitions(out, &((const IndexDescription *) lfirst(cell))->index->key,
							   &written);
	appendStringInfoChar(out, ']');
}

/* Those of a key that are not among the ones written (const KeyAttribute *). */
static void
append_new_definitions(StringInfo out, const KeySchema *key, List **written)
{
	for (int i = 0; i < key->nhash + key->nrange; i++)
	{
		const KeyAttribute *attribute = &key->attributes[i];

		if (has_attribute(*written, attribute->name))
			continue;
		separate(out);
		appendStringInfoChar(out, '{');
		append_text(out, "AttributeName", attribute->name);
		append_cstring(out, "AttributeType", attribute_type_name(attribute->type));
		appendStringInfoChar(out, '}');
		*written = lappend(*written, unconstify(KeyAttribute *, attribute));
	}
}

static bool
has_attribute(const List *attributes, Bytes name)
{
	ListCell   *cell;

	foreach(cell, attributes)
		if (bytes_equal(((const KeyAttribute *) lfirst(cell))->name, name))
			return true;
	return false;
}

static void
append_throughput(StringInfo out, int64 read, int64 write, TimestampTz last_increase,
				  TimestampTz last_decrease)
{
	begin_member(out, "ProvisionedThroughput");
	appendStringInfoChar(out, '{');
	append_time(out, "LastIncreaseDateTime", last_increase);
	append_time(out, "LastDecreaseDateTime", last_decrease);
	append_integer(out, "NumberOfDecreasesToday", decreases_today(last_decrease));
	append_capacity_units(out, read, write);
	appendStringInfoChar(out, '}');
}

/* Only the last decrease is recorded, so this is 1 if there was any. */
static int
decreases_today(TimestampTz last_decrease)
{
	TimestampTz now = GetCurrentTimestamp();

	return last_decrease != 0 && now - now % USECS_PER_DAY <= last_decrease;
}

static void
append_warm_throughput(StringInfo out, WarmUnits units, bool changing)
{
	begin_member(out, "WarmThroughput");
	appendStringInfoChar(out, '{');
	append_integer(out, "ReadUnitsPerSecond", units.reads);
	append_integer(out, "WriteUnitsPerSecond", units.writes);
	append_cstring(out, "Status", changing ? "UPDATING" : "ACTIVE");
	appendStringInfoChar(out, '}');
}

/* A provisioned table that never was on demand has no summary. */
static void
append_billing_mode(StringInfo out, const TableSettings *settings)
{
	if (settings->billing_mode == BILLING_PROVISIONED && settings->billing_mode_changed == 0)
		return;
	begin_member(out, "BillingModeSummary");
	appendStringInfoChar(out, '{');
	append_cstring(out, "BillingMode", billing_mode_name(settings->billing_mode));
	append_time(out, "LastUpdateToPayPerRequestDateTime",
				settings->billing_mode_changed != 0 ? settings->billing_mode_changed :
				settings->created);
	appendStringInfoChar(out, '}');
}

/* The table's local indexes, or the others. */
static void
append_indexes(StringInfo out, const TableDescription *table, bool local)
{
	int			before = begin_indexes(out, local, '[');
	ListCell   *cell;

	foreach(cell, table->indexes)
	{
		const IndexDescription *description = lfirst(cell);

		if (description->index->is_local != local)
			continue;
		separate(out);
		append_index_description(out, table, description);
	}
	end_indexes(out, before, '[');
}

static void
append_index_description(StringInfo out, const TableDescription *table,
						 const IndexDescription *description)
{
	const IndexDefinition *index = description->index;

	appendStringInfoChar(out, '{');
	append_text(out, "IndexName", index->name);
	append_key_schema(out, &index->key);
	append_projection(out, index);
	if (!index->is_local)
	{
		append_cstring(out, "IndexStatus", description->status);
		if (index->backfilling)
			append_boolean(out, "Backfilling", true);
		append_throughput(out, index->read_capacity, index->write_capacity,
						  index->last_increase, index->last_decrease);
	}
	append_integer(out, "IndexSizeBytes", description->size_bytes);
	append_integer(out, "ItemCount", description->item_count);
	append_cstring(out, "IndexArn", index_arn(table->table_name, index->name));
	append_on_demand_throughput(out, index->max_read_request_units,
								index->max_write_request_units);
	if (!index->is_local)
		append_warm_throughput(out, warm_units(index->warm, index->read_capacity,
											   index->write_capacity),
							   strcmp(description->status, "CREATING") == 0 ||
								   strcmp(description->status, "UPDATING") == 0);
	appendStringInfoChar(out, '}');
}

/* LatestStreamArn stays when the stream is disabled. */
static void
append_stream(StringInfo out, const TableDescription *table)
{
	if (table->stream_view != 0)
	{
		begin_member(out, "StreamSpecification");
		appendStringInfo(out, "{\"StreamEnabled\":true,\"StreamViewType\":\"%s\"}",
						 stream_view_name(table->stream_view));
	}
	if (table->stream_label == NULL)
		return;
	append_cstring(out, "LatestStreamLabel", table->stream_label);
	append_cstring(out, "LatestStreamArn",
				   stream_arn(bytes_to_cstring(table->table_name), table->stream_label));
}

/* A table that has been restored says so for good. */
static void
append_restore_summary(StringInfo out, const TableDescription *table)
{
	const TableSettings *settings = &table->settings;
	ResourceArn source;
	char	   *arn;

	if (settings->restored == 0)
		return;
	begin_member(out, "RestoreSummary");
	appendStringInfoChar(out, '{');
	if (settings->source_backup.data != NULL)
	{
		arn = table_arn(settings->source_backup);
		append_cstring(out, "SourceBackupArn", arn);
		if (parse_arn(bytes_from_cstring(arn), &source))
			append_cstring(out, "SourceTableArn", table_arn(source.table_name));
	}
	append_time(out, "RestoreDateTime", settings->restored);
	append_boolean(out, "RestoreInProgress", strcmp(table->status, "CREATING") == 0);
	appendStringInfoChar(out, '}');
}

/* ---- time to live ---- */

void
respond_time_to_live(StringInfo out, const TimeToLive *time_to_live)
{
	appendStringInfoString(out, "{\"TimeToLiveDescription\":");
	append_time_to_live_description(out, time_to_live);
	appendStringInfoChar(out, '}');
}

void
append_time_to_live_description(StringInfo out, const TimeToLive *time_to_live)
{
	static const char *const statuses[] = {
		[TTL_DISABLED] = "DISABLED",
		[TTL_ENABLING] = "ENABLING",
		[TTL_ENABLED] = "ENABLED",
	};

	appendStringInfoChar(out, '{');
	append_cstring(out, "TimeToLiveStatus", statuses[time_to_live->status]);
	if (time_to_live->attribute.data != NULL)
		append_text(out, "AttributeName", time_to_live->attribute);
	appendStringInfoChar(out, '}');
}

void
respond_time_to_live_update(StringInfo out, const TimeToLiveSpecification *specification)
{
	appendStringInfoString(out, "{\"TimeToLiveSpecification\":");
	append_time_to_live_specification(out, specification);
	appendStringInfoChar(out, '}');
}

void
append_time_to_live_specification(StringInfo out, const TimeToLiveSpecification *specification)
{
	appendStringInfoChar(out, '{');
	append_boolean(out, "Enabled", specification->enabled.value);
	append_text(out, "AttributeName", specification->attribute_name);
	appendStringInfoChar(out, '}');
}

/* ---- tags ---- */

void
respond_tags(StringInfo out, const List *tags)
{
	ListCell   *cell;

	appendStringInfoString(out, "{\"Tags\":[");
	foreach(cell, tags)
	{
		const Tag  *tag = lfirst(cell);

		separate(out);
		appendStringInfoChar(out, '{');
		append_text(out, "Key", tag->key);
		append_text(out, "Value", tag->value);
		appendStringInfoChar(out, '}');
	}
	appendStringInfoString(out, "]}");
}
