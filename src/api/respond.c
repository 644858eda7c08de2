/*
 * respond.c
 *		Responses: results of operations as JSON.
 *
 * Members come in the order of DynamoDB's service model, absent ones are left
 * out.  Times are seconds since 1970 with milliseconds, capacity units have a
 * digit after the point, as DynamoDB writes them.
 */
#include "postgres.h"

#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "common/limits.h"
#include "common/settings.h"
#include "api/respond.h"

static void append_item_list(StringInfo out, List *items);
static void append_unprocessed_keys(StringInfo out, const BatchGetTableResult *table);
static void append_strings(StringInfo out, const char *name, List *strings);
static void append_names(StringInfo out, AttributeValue names);
static void append_capacity(StringInfo out, const ConsumedCapacity *capacity);
static void append_capacities(StringInfo out, List *capacities);
static bool capacity_is_wanted(const ConsumedCapacity *capacity);
static void append_capacity_object(StringInfo out, const ConsumedCapacity *capacity);
static void append_index_units(StringInfo out, const ConsumedCapacity *capacity, bool local);
static void append_units(StringInfo out, CapacityKind kind, double units);
static void append_collection(StringInfo out, AttributeValue key);
static void append_collections(StringInfo out, List *collections);
static void append_key_schema(StringInfo out, const KeySchema *key);
static void append_attribute_definitions(StringInfo out, const TableDescription *table);
static void append_new_definitions(StringInfo out, const KeySchema *key, List **written);
static bool has_attribute(const List *attributes, Bytes name);
static void append_indexes(StringInfo out, const TableDescription *table, bool local);
static void append_index_description(StringInfo out, const TableDescription *table,
									 const IndexDescription *description);
static void append_projection(StringInfo out, const IndexDefinition *index);
static void append_index_throughput(StringInfo out, const IndexDefinition *index);
static void append_request_units(StringInfo out, int64 max_read, int64 max_write);
static void append_throughput(StringInfo out, const TableSettings *settings);
static void append_billing_mode(StringInfo out, const TableSettings *settings);
static void append_on_demand_throughput(StringInfo out, const TableSettings *settings);
static int	decreases_today(const TableSettings *settings);
static void append_stream(StringInfo out, const TableDescription *table);
static void append_restore_summary(StringInfo out, const TableDescription *table);
static void append_index_infos(StringInfo out, const TableBackup *backup, bool local);
static void append_index_info(StringInfo out, const IndexDefinition *index);
static void append_backup_details(StringInfo out, const BackupDescription *description);
static void append_source_table(StringInfo out, const TableBackup *backup);
static void append_backup_summary(StringInfo out, const TableBackup *backup);
static void append_backup_arn(StringInfo out, const char *name, const TableBackup *backup);
static void append_shard(StringInfo out, const Stream *stream, const StreamShard *shard);
static void append_integer(StringInfo out, const char *name, int64 value);
static void append_text(StringInfo out, const char *name, Bytes value);
static void append_time(StringInfo out, const char *name, TimestampTz time);
static void append_table_id(StringInfo out, const pg_uuid_t *id);

/*
 * The objects are written member by member; a comma is due unless the object
 * or array has just been opened.
 */
static void
separate(StringInfo out)
{
	char		last = out->data[out->len - 1];

	if (last != '{' && last != '[')
		appendStringInfoChar(out, ',');
}

static void
begin_member(StringInfo out, const char *name)
{
	separate(out);
	appendStringInfo(out, "\"%s\":", name);
}

/* ---- items ---- */

void
respond_write(StringInfo out, const WriteResult *result)
{
	appendStringInfoChar(out, '{');
	if (attribute_exists(result->attributes))
	{
		begin_member(out, "Attributes");
		attribute_map_append_json(out, result->attributes);
	}
	append_capacity(out, &result->capacity);
	if (attribute_exists(result->collection_key))
	{
		begin_member(out, "ItemCollectionMetrics");
		append_collection(out, result->collection_key);
	}
	appendStringInfoChar(out, '}');
}

/* Collections have no limit here, so the estimate is the lowest. */
static void
append_collection(StringInfo out, AttributeValue key)
{
	appendStringInfoString(out, "{\"ItemCollectionKey\":");
	attribute_map_append_json(out, key);
	appendStringInfoString(out, ",\"SizeEstimateRangeGB\":[0.0,1.0]}");
}

/* ItemCollectionMetrics of several tables: a list of WrittenCollections *. */
static void
append_collections(StringInfo out, List *collections)
{
	ListCell   *cell;

	if (collections == NIL)
		return;
	begin_member(out, "ItemCollectionMetrics");
	appendStringInfoChar(out, '{');
	foreach(cell, collections)
	{
		const WrittenCollections *of_table = lfirst(cell);
		ListCell   *key;

		separate(out);
		json_append_string(out, of_table->table_name);
		appendStringInfoString(out, ":[");
		foreach(key, of_table->keys)
		{
			separate(out);
			append_collection(out, *(AttributeValue *) lfirst(key));
		}
		appendStringInfoChar(out, ']');
	}
	appendStringInfoChar(out, '}');
}

void
respond_get_item(StringInfo out, const GetItemResult *result)
{
	appendStringInfoChar(out, '{');
	if (attribute_exists(result->item))
	{
		begin_member(out, "Item");
		attribute_map_append_json(out, result->item);
	}
	append_capacity(out, &result->capacity);
	appendStringInfoChar(out, '}');
}

void
respond_read_begin(StringInfo out, bool with_items)
{
	appendStringInfoString(out, with_items ? "{\"Items\":[" : "{");
}

void
respond_read_item(void *out, AttributeValue item)
{
	separate(out);
	attribute_map_append_json(out, item);
}

void
respond_read_end(StringInfo out, bool with_items, const ReadResult *result)
{
	if (with_items)
		appendStringInfoChar(out, ']');
	append_integer(out, "Count", result->count);
	append_integer(out, "ScannedCount", result->scanned_count);
	if (attribute_exists(result->last_evaluated_key))
	{
		begin_member(out, "LastEvaluatedKey");
		attribute_map_append_json(out, result->last_evaluated_key);
	}
	append_capacity(out, &result->capacity);
	appendStringInfoChar(out, '}');
}

/* A list of AttributeValue *. */
static void
append_item_list(StringInfo out, List *items)
{
	ListCell   *cell;

	appendStringInfoChar(out, '[');
	foreach(cell, items)
	{
		separate(out);
		attribute_map_append_json(out, *(AttributeValue *) lfirst(cell));
	}
	appendStringInfoChar(out, ']');
}

/* ---- batches and transactions ---- */

void
respond_batch_get(StringInfo out, const BatchGetResult *result)
{
	List	   *capacities = NIL;
	ListCell   *cell;

	appendStringInfoString(out, "{\"Responses\":{");
	foreach(cell, result->tables)
	{
		BatchGetTableResult *table = lfirst(cell);

		separate(out);
		json_append_string(out, table->request->given_name);
		appendStringInfoChar(out, ':');
		append_item_list(out, table->items);
		capacities = lappend(capacities, &table->capacity);
	}
	appendStringInfoString(out, "},\"UnprocessedKeys\":{");
	foreach(cell, result->tables)
		append_unprocessed_keys(out, lfirst(cell));
	appendStringInfoChar(out, '}');
	append_capacities(out, capacities);
	appendStringInfoChar(out, '}');
}

/* What to ask for again, as it was asked for. */
static void
append_unprocessed_keys(StringInfo out, const BatchGetTableResult *table)
{
	const BatchGetTable *request = table->request;

	if (table->unprocessed_keys == NIL)
		return;
	separate(out);
	json_append_string(out, request->given_name);
	appendStringInfoString(out, ":{\"Keys\":");
	append_item_list(out, table->unprocessed_keys);
	if (request->consistent_read.given)
	{
		begin_member(out, "ConsistentRead");
		appendStringInfoString(out, request->consistent_read.value ? "true" : "false");
	}
	if (request->attributes_to_get.given)
		append_strings(out, "AttributesToGet", request->attributes_to_get.elements);
	if (request->projection_expression.data != NULL)
		append_text(out, "ProjectionExpression", request->projection_expression);
	if (attribute_exists(request->names))
		append_names(out, request->names);
	appendStringInfoChar(out, '}');
}

/* A list of Bytes *. */
static void
append_strings(StringInfo out, const char *name, List *strings)
{
	ListCell   *cell;

	begin_member(out, name);
	appendStringInfoChar(out, '[');
	foreach(cell, strings)
	{
		separate(out);
		json_append_string(out, *(Bytes *) lfirst(cell));
	}
	appendStringInfoChar(out, ']');
}

static void
append_names(StringInfo out, AttributeValue names)
{
	begin_member(out, "ExpressionAttributeNames");
	appendStringInfoChar(out, '{');
	for (int i = 0; i < attribute_count(names); i++)
	{
		separate(out);
		json_append_string(out, map_name(names, i));
		appendStringInfoChar(out, ':');
		json_append_string(out, attribute_bytes(map_value(names, i)));
	}
	appendStringInfoChar(out, '}');
}

void
respond_batch_write(StringInfo out, const BatchWriteResult *result)
{
	appendStringInfoString(out, "{\"UnprocessedItems\":{}");
	append_collections(out, result->collections);
	append_capacities(out, result->capacities);
	appendStringInfoChar(out, '}');
}

void
respond_transact_write(StringInfo out, const TransactWriteResult *result)
{
	appendStringInfoChar(out, '{');
	append_capacities(out, result->capacities);
	append_collections(out, result->collections);
	appendStringInfoChar(out, '}');
}

void
respond_transact_get(StringInfo out, const TransactGetResult *result)
{
	ListCell   *cell;

	appendStringInfoChar(out, '{');
	append_capacities(out, result->capacities);
	begin_member(out, "Responses");
	appendStringInfoChar(out, '[');
	foreach(cell, result->items)
	{
		AttributeValue item = *(AttributeValue *) lfirst(cell);

		separate(out);
		appendStringInfoChar(out, '{');
		if (attribute_exists(item))
		{
			begin_member(out, "Item");
			attribute_map_append_json(out, item);
		}
		appendStringInfoChar(out, '}');
	}
	appendStringInfoString(out, "]}");
}

/* ---- capacity ---- */

static void
append_capacity(StringInfo out, const ConsumedCapacity *capacity)
{
	if (!capacity_is_wanted(capacity))
		return;
	begin_member(out, "ConsumedCapacity");
	append_capacity_object(out, capacity);
}

/* A list of ConsumedCapacity *, all of one detail. */
static void
append_capacities(StringInfo out, List *capacities)
{
	ListCell   *cell;

	if (capacities == NIL || !capacity_is_wanted(linitial(capacities)))
		return;
	begin_member(out, "ConsumedCapacity");
	appendStringInfoChar(out, '[');
	foreach(cell, capacities)
	{
		separate(out);
		append_capacity_object(out, lfirst(cell));
	}
	appendStringInfoChar(out, ']');
}

static bool
capacity_is_wanted(const ConsumedCapacity *capacity)
{
	return capacity->detail == CAPACITY_TOTAL || capacity->detail == CAPACITY_INDEXES;
}

static void
append_capacity_object(StringInfo out, const ConsumedCapacity *capacity)
{
	appendStringInfoChar(out, '{');
	append_text(out, "TableName", capacity->table_name);
	append_units(out, capacity->kind, capacity->units);
	if (capacity->detail == CAPACITY_INDEXES)
	{
		begin_member(out, "Table");
		appendStringInfoChar(out, '{');
		append_units(out, capacity->kind, capacity->table_units);
		appendStringInfoChar(out, '}');
		append_index_units(out, capacity, true);
		append_index_units(out, capacity, false);
	}
	appendStringInfoChar(out, '}');
}

/* Those of the local indexes that have consumed any, or of the others. */
static void
append_index_units(StringInfo out, const ConsumedCapacity *capacity, bool local)
{
	bool		some = false;
	ListCell   *cell;

	foreach(cell, capacity->indexes)
	{
		const IndexUnits *index = lfirst(cell);

		if (index->is_local != local)
			continue;
		if (!some)
		{
			begin_member(out, local ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes");
			appendStringInfoChar(out, '{');
		}
		some = true;
		separate(out);
		json_append_string(out, index->name);
		appendStringInfoString(out, ":{");
		append_units(out, capacity->kind, index->units);
		appendStringInfoChar(out, '}');
	}
	if (some)
		appendStringInfoChar(out, '}');
}

/* Units are multiples of one half. */
static void
append_units(StringInfo out, CapacityKind kind, double units)
{
	static const char *const by_kind[] = {
		[CAPACITY_OF_ANY_KIND] = NULL,
		[CAPACITY_OF_READS] = "ReadCapacityUnits",
		[CAPACITY_OF_WRITES] = "WriteCapacityUnits",
	};

	begin_member(out, "CapacityUnits");
	appendStringInfo(out, "%.1f", units);
	if (by_kind[kind] == NULL)
		return;
	begin_member(out, by_kind[kind]);
	appendStringInfo(out, "%.1f", units);
}

/* ---- tables ---- */

void
respond_list_tables(StringInfo out, const ListTablesResult *result)
{
	ListCell   *cell;

	appendStringInfoString(out, "{\"TableNames\":[");
	foreach(cell, result->names)
	{
		separate(out);
		json_append_string(out, *(Bytes *) lfirst(cell));
	}
	appendStringInfoChar(out, ']');
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
	append_text(out, "TableStatus", bytes_from_cstring(table->status));
	append_time(out, "CreationDateTime", settings->created);
	append_throughput(out, settings);
	append_integer(out, "TableSizeBytes", table->size_bytes);
	append_integer(out, "ItemCount", table->item_count);
	append_text(out, "TableArn", bytes_from_cstring(table_arn(table->table_name)));
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
	begin_member(out, "DeletionProtectionEnabled");
	appendStringInfoString(out, settings->deletion_protection ? "true" : "false");
	append_on_demand_throughput(out, settings);
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
		append_text(out, "AttributeType", bytes_from_cstring(attribute_type_name(attribute->type)));
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

/* The table's local indexes, or the others. */
static void
append_indexes(StringInfo out, const TableDescription *table, bool local)
{
	bool		some = false;
	ListCell   *cell;

	foreach(cell, table->indexes)
	{
		const IndexDescription *description = lfirst(cell);

		if (description->index->is_local != local)
			continue;
		if (!some)
		{
			begin_member(out, local ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes");
			appendStringInfoChar(out, '[');
		}
		some = true;
		separate(out);
		append_index_description(out, table, description);
	}
	if (some)
		appendStringInfoChar(out, ']');
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
		append_text(out, "IndexStatus", bytes_from_cstring(description->status));
		if (index->backfilling)
		{
			begin_member(out, "Backfilling");
			appendStringInfoString(out, "true");
		}
		append_index_throughput(out, index);
	}
	append_integer(out, "IndexSizeBytes", description->size_bytes);
	append_integer(out, "ItemCount", description->item_count);
	append_text(out, "IndexArn", bytes_from_cstring(index_arn(table->table_name, index->name)));
	append_request_units(out, index->max_read_request_units, index->max_write_request_units);
	appendStringInfoChar(out, '}');
}

static void
append_projection(StringInfo out, const IndexDefinition *index)
{
	begin_member(out, "Projection");
	appendStringInfoChar(out, '{');
	append_text(out, "ProjectionType",
				bytes_from_cstring(index_projection_name(index->projection)));
	if (index->non_key_attributes != NIL)
		append_strings(out, "NonKeyAttributes", index->non_key_attributes);
	appendStringInfoChar(out, '}');
}

static void
append_index_throughput(StringInfo out, const IndexDefinition *index)
{
	TableSettings settings = {
		.read_capacity = index->read_capacity,
		.write_capacity = index->write_capacity,
		.last_increase = index->last_increase,
		.last_decrease = index->last_decrease,
	};

	append_throughput(out, &settings);
}

static void
append_key_schema(StringInfo out, const KeySchema *key)
{
	begin_member(out, "KeySchema");
	appendStringInfoChar(out, '[');
	for (int i = 0; i < key->nhash + key->nrange; i++)
	{
		separate(out);
		appendStringInfoChar(out, '{');
		append_text(out, "AttributeName", key->attributes[i].name);
		append_text(out, "KeyType", bytes_from_cstring(i < key->nhash ? "HASH" : "RANGE"));
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, ']');
}

static void
append_throughput(StringInfo out, const TableSettings *settings)
{
	begin_member(out, "ProvisionedThroughput");
	appendStringInfoChar(out, '{');
	append_time(out, "LastIncreaseDateTime", settings->last_increase);
	append_time(out, "LastDecreaseDateTime", settings->last_decrease);
	append_integer(out, "NumberOfDecreasesToday", decreases_today(settings));
	append_integer(out, "ReadCapacityUnits", settings->read_capacity);
	append_integer(out, "WriteCapacityUnits", settings->write_capacity);
	appendStringInfoChar(out, '}');
}

/* Only the last decrease is recorded, so this is 1 if there was any. */
static int
decreases_today(const TableSettings *settings)
{
	TimestampTz now = GetCurrentTimestamp();

	return settings->last_decrease != 0 &&
		now - now % USECS_PER_DAY <= settings->last_decrease;
}

/* A provisioned table that never was on demand has no summary. */
static void
append_billing_mode(StringInfo out, const TableSettings *settings)
{
	bool		on_demand = settings->billing_mode == BILLING_PAY_PER_REQUEST;

	if (!on_demand && settings->billing_mode_changed == 0)
		return;
	begin_member(out, "BillingModeSummary");
	appendStringInfo(out, "{\"BillingMode\":\"%s\"",
					 on_demand ? "PAY_PER_REQUEST" : "PROVISIONED");
	append_time(out, "LastUpdateToPayPerRequestDateTime",
				settings->billing_mode_changed != 0 ? settings->billing_mode_changed :
				settings->created);
	appendStringInfoChar(out, '}');
}

static void
append_on_demand_throughput(StringInfo out, const TableSettings *settings)
{
	append_request_units(out, settings->max_read_request_units,
						 settings->max_write_request_units);
}

/* OnDemandThroughput; 0 is no maximum. */
static void
append_request_units(StringInfo out, int64 max_read, int64 max_write)
{
	if (max_read == 0 && max_write == 0)
		return;
	begin_member(out, "OnDemandThroughput");
	appendStringInfoChar(out, '{');
	if (max_read != 0)
		append_integer(out, "MaxReadRequestUnits", max_read);
	if (max_write != 0)
		append_integer(out, "MaxWriteRequestUnits", max_write);
	appendStringInfoChar(out, '}');
}

/* ---- backups ---- */

void
respond_backup_details(StringInfo out, const BackupDescription *description)
{
	appendStringInfoChar(out, '{');
	append_backup_details(out, description);
	appendStringInfoChar(out, '}');
}

void
respond_backup(StringInfo out, const BackupDescription *description)
{
	appendStringInfoString(out, "{\"BackupDescription\":");
	append_backup_description(out, description);
	appendStringInfoChar(out, '}');
}

void
append_backup_description(StringInfo out, const BackupDescription *description)
{
	appendStringInfoChar(out, '{');
	append_backup_details(out, description);
	append_source_table(out, &description->backup);
	begin_member(out, "SourceTableFeatureDetails");
	appendStringInfoChar(out, '{');
	append_index_infos(out, &description->backup, true);
	append_index_infos(out, &description->backup, false);
	appendStringInfoString(out, "}}");
}

/* The local indexes that the table had, or the others. */
static void
append_index_infos(StringInfo out, const TableBackup *backup, bool local)
{
	bool		some = false;
	ListCell   *cell;

	foreach(cell, backup->indexes)
	{
		const IndexDefinition *index = lfirst(cell);

		if (index->is_local != local)
			continue;
		if (!some)
		{
			begin_member(out, local ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes");
			appendStringInfoChar(out, '[');
		}
		some = true;
		separate(out);
		append_index_info(out, index);
	}
	if (some)
		appendStringInfoChar(out, ']');
}

static void
append_index_info(StringInfo out, const IndexDefinition *index)
{
	appendStringInfoChar(out, '{');
	append_text(out, "IndexName", index->name);
	append_key_schema(out, &index->key);
	append_projection(out, index);
	if (!index->is_local)
	{
		begin_member(out, "ProvisionedThroughput");
		appendStringInfoChar(out, '{');
		append_integer(out, "ReadCapacityUnits", index->read_capacity);
		append_integer(out, "WriteCapacityUnits", index->write_capacity);
		appendStringInfoChar(out, '}');
		append_request_units(out, index->max_read_request_units, index->max_write_request_units);
	}
	appendStringInfoChar(out, '}');
}

void
respond_list_backups(StringInfo out, const ListBackupsResult *result)
{
	ListCell   *cell;

	appendStringInfoString(out, "{\"BackupSummaries\":[");
	foreach(cell, result->backups)
	{
		separate(out);
		append_backup_summary(out, lfirst(cell));
	}
	appendStringInfoChar(out, ']');
	if (result->last_evaluated != NULL)
		append_backup_arn(out, "LastEvaluatedBackupArn", result->last_evaluated);
	appendStringInfoChar(out, '}');
}

static void
append_backup_details(StringInfo out, const BackupDescription *description)
{
	const TableBackup *backup = &description->backup;

	begin_member(out, "BackupDetails");
	appendStringInfoChar(out, '{');
	append_backup_arn(out, "BackupArn", backup);
	append_text(out, "BackupName", backup->name);
	append_integer(out, "BackupSizeBytes", backup->size_bytes);
	append_text(out, "BackupStatus", bytes_from_cstring(description->status));
	append_text(out, "BackupType", bytes_from_cstring("USER"));
	append_time(out, "BackupCreationDateTime", backup->created);
	appendStringInfoChar(out, '}');
}

/* The table as it was. */
static void
append_source_table(StringInfo out, const TableBackup *backup)
{
	const TableSettings *settings = &backup->settings;

	begin_member(out, "SourceTableDetails");
	appendStringInfoChar(out, '{');
	append_text(out, "TableName", backup->table_name);
	append_table_id(out, &settings->table_id);
	append_text(out, "TableArn", bytes_from_cstring(table_arn(backup->table_name)));
	append_integer(out, "TableSizeBytes", backup->size_bytes);
	append_key_schema(out, &backup->key);
	append_time(out, "TableCreationDateTime", settings->created);
	begin_member(out, "ProvisionedThroughput");
	appendStringInfoChar(out, '{');
	append_integer(out, "ReadCapacityUnits", settings->read_capacity);
	append_integer(out, "WriteCapacityUnits", settings->write_capacity);
	appendStringInfoChar(out, '}');
	append_on_demand_throughput(out, settings);
	append_integer(out, "ItemCount", backup->item_count);
	append_text(out, "BillingMode", bytes_from_cstring(
					settings->billing_mode == BILLING_PAY_PER_REQUEST ? "PAY_PER_REQUEST" : "PROVISIONED"));
	appendStringInfoChar(out, '}');
}

static void
append_backup_summary(StringInfo out, const TableBackup *backup)
{
	appendStringInfoChar(out, '{');
	append_text(out, "TableName", backup->table_name);
	append_table_id(out, &backup->settings.table_id);
	append_text(out, "TableArn", bytes_from_cstring(table_arn(backup->table_name)));
	append_backup_arn(out, "BackupArn", backup);
	append_text(out, "BackupName", backup->name);
	append_time(out, "BackupCreationDateTime", backup->created);
	append_text(out, "BackupStatus",
				bytes_from_cstring(backup->pending ? "CREATING" : "AVAILABLE"));
	append_text(out, "BackupType", bytes_from_cstring("USER"));
	append_integer(out, "BackupSizeBytes", backup->size_bytes);
	appendStringInfoChar(out, '}');
}

static void
append_backup_arn(StringInfo out, const char *name, const TableBackup *backup)
{
	append_text(out, name, bytes_from_cstring(backup_arn(backup->table_name, backup->id)));
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
	append_text(out, "LatestStreamLabel", bytes_from_cstring(table->stream_label));
	append_text(out, "LatestStreamArn",
				bytes_from_cstring(stream_arn(bytes_to_cstring(table->table_name),
											  table->stream_label)));
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
		append_text(out, "SourceBackupArn", bytes_from_cstring(arn));
		if (parse_arn(bytes_from_cstring(arn), &source))
			append_text(out, "SourceTableArn", bytes_from_cstring(table_arn(source.table_name)));
	}
	append_time(out, "RestoreDateTime", settings->restored);
	begin_member(out, "RestoreInProgress");
	appendStringInfoString(out, strcmp(table->status, "CREATING") == 0 ? "true" : "false");
	appendStringInfoChar(out, '}');
}

/* DynamoDB's defaults; nothing limits capacity here. */
void
respond_limits(StringInfo out)
{
	appendStringInfoChar(out, '{');
	append_integer(out, "AccountMaxReadCapacityUnits", MAX_ACCOUNT_CAPACITY);
	append_integer(out, "AccountMaxWriteCapacityUnits", MAX_ACCOUNT_CAPACITY);
	append_integer(out, "TableMaxReadCapacityUnits", MAX_TABLE_CAPACITY);
	append_integer(out, "TableMaxWriteCapacityUnits", MAX_TABLE_CAPACITY);
	appendStringInfoChar(out, '}');
}

void
respond_endpoints(StringInfo out)
{
	appendStringInfoString(out, "{\"Endpoints\":[{");
	append_text(out, "Address", bytes_from_cstring(psprintf("dynamodb.%s.amazonaws.com",
														   dynamo_region)));
	append_integer(out, "CachePeriodInMinutes", 1440);
	appendStringInfoString(out, "}]}");
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
	append_text(out, "TimeToLiveStatus", bytes_from_cstring(statuses[time_to_live->status]));
	if (time_to_live->attribute.data != NULL)
		append_text(out, "AttributeName", time_to_live->attribute);
	appendStringInfoChar(out, '}');
}

void
respond_time_to_live(StringInfo out, const TimeToLive *time_to_live)
{
	appendStringInfoString(out, "{\"TimeToLiveDescription\":");
	append_time_to_live_description(out, time_to_live);
	appendStringInfoChar(out, '}');
}

void
append_time_to_live_specification(StringInfo out, const TimeToLiveSpecification *specification)
{
	appendStringInfoChar(out, '{');
	begin_member(out, "Enabled");
	appendStringInfoString(out, specification->enabled.value ? "true" : "false");
	append_text(out, "AttributeName", specification->attribute_name);
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
respond_continuous_backups(StringInfo out)
{
	appendStringInfoString(out, "{\"ContinuousBackupsDescription\":{"
						   "\"ContinuousBackupsStatus\":\"DISABLED\","
						   "\"PointInTimeRecoveryDescription\":"
						   "{\"PointInTimeRecoveryStatus\":\"DISABLED\"}}}");
}

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

/* ---- streams ---- */

void
respond_list_streams(StringInfo out, const ListStreamsResult *result)
{
	ListCell   *cell;

	appendStringInfoString(out, "{\"Streams\":[");
	foreach(cell, result->streams)
	{
		const StreamSummary *stream = lfirst(cell);

		separate(out);
		appendStringInfoChar(out, '{');
		append_text(out, "StreamArn", bytes_from_cstring(stream->arn));
		append_text(out, "TableName", bytes_from_cstring(stream->table_name));
		append_text(out, "StreamLabel", bytes_from_cstring(stream->label));
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, ']');
	if (result->last_evaluated_arn != NULL)
		append_text(out, "LastEvaluatedStreamArn", bytes_from_cstring(result->last_evaluated_arn));
	appendStringInfoChar(out, '}');
}

void
respond_stream(StringInfo out, const StreamDescription *description)
{
	const Stream *stream = description->stream;
	ListCell   *cell;

	appendStringInfoString(out, "{\"StreamDescription\":{");
	append_text(out, "StreamArn", bytes_from_cstring(stream_arn(description->table_name,
															   stream->label)));
	append_text(out, "StreamLabel", bytes_from_cstring(stream->label));
	append_text(out, "StreamStatus", bytes_from_cstring(description->status));
	append_text(out, "StreamViewType", bytes_from_cstring(stream_view_name(stream->view)));
	append_time(out, "CreationRequestDateTime", stream->created);
	append_text(out, "TableName", bytes_from_cstring(description->table_name));
	append_key_schema(out, &stream->key);
	begin_member(out, "Shards");
	appendStringInfoChar(out, '[');
	foreach(cell, description->shards)
		append_shard(out, stream, lfirst(cell));
	appendStringInfoChar(out, ']');
	if (description->last_evaluated_shard_id != NULL)
		append_text(out, "LastEvaluatedShardId",
					bytes_from_cstring(description->last_evaluated_shard_id));
	appendStringInfoString(out, "}}");
}

static void
append_shard(StringInfo out, const Stream *stream, const StreamShard *shard)
{
	char		number[SEQUENCE_NUMBER_LENGTH + 1];

	separate(out);
	appendStringInfoChar(out, '{');
	append_text(out, "ShardId",
				bytes_from_cstring(stream_shard_id(stream, shard->epoch, shard->number)));
	begin_member(out, "SequenceNumberRange");
	appendStringInfoChar(out, '{');
	sequence_number(&shard->start, number);
	append_text(out, "StartingSequenceNumber", bytes_from_cstring(number));
	if (shard->closed)
	{
		sequence_number(&shard->end, number);
		append_text(out, "EndingSequenceNumber", bytes_from_cstring(number));
	}
	appendStringInfoChar(out, '}');
	if (shard->parent_epoch != 0)
		append_text(out, "ParentShardId",
					bytes_from_cstring(stream_shard_id(stream, shard->parent_epoch, shard->number)));
	appendStringInfoChar(out, '}');
}

void
respond_shard_iterator(StringInfo out, const ShardIteratorResult *result)
{
	appendStringInfoChar(out, '{');
	append_text(out, "ShardIterator", bytes_from_cstring(result->iterator));
	appendStringInfoChar(out, '}');
}

void
respond_records(StringInfo out, const GetRecordsResult *result)
{
	ListCell   *cell;

	appendStringInfoString(out, "{\"Records\":[");
	foreach(cell, result->records)
	{
		separate(out);
		stream_record_append_json(out, lfirst(cell), result->stream->view, result->stream->label,
								  NULL);
	}
	appendStringInfoChar(out, ']');
	if (result->next_iterator != NULL)
		append_text(out, "NextShardIterator", bytes_from_cstring(result->next_iterator));
	appendStringInfoChar(out, '}');
}

/* ---- members ---- */

static void
append_integer(StringInfo out, const char *name, int64 value)
{
	begin_member(out, name);
	appendStringInfo(out, INT64_FORMAT, value);
}

static void
append_text(StringInfo out, const char *name, Bytes value)
{
	begin_member(out, name);
	json_append_string(out, value);
}

/* Seconds since 1970 with three digits; nothing for 0, which is "never". */
static void
append_time(StringInfo out, const char *name, TimestampTz time)
{
	int64		milliseconds;

	if (time == 0)
		return;
	milliseconds = (time + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY) / 1000;
	begin_member(out, name);
	appendStringInfo(out, INT64_FORMAT ".%03d", milliseconds / 1000,
					 (int) (milliseconds % 1000));
}

static void
append_table_id(StringInfo out, const pg_uuid_t *id)
{
	const unsigned char *b = id->data;

	begin_member(out, "TableId");
	appendStringInfo(out, "\"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\"",
					 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7],
					 b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}
