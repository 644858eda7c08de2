/*
 * respond_items.c
 *		Responses of the data plane: items, batches, transactions, and the
 *		capacity that they consume.
 */
#include "postgres.h"

#include "api/respond.h"
#include "api/respond_members.h"

static void append_item_list(StringInfo out, List *items);
static void append_unprocessed_keys(StringInfo out, const BatchGetTableResult *table);
static void append_names(StringInfo out, AttributeValue names);
static void append_capacity(StringInfo out, const ConsumedCapacity *capacity);
static void append_capacities(StringInfo out, List *capacities);
static bool capacity_is_wanted(const ConsumedCapacity *capacity);
static void append_capacity_object(StringInfo out, const ConsumedCapacity *capacity);
static void append_index_units(StringInfo out, const ConsumedCapacity *capacity, bool local);
static void append_units(StringInfo out, CapacityKind kind, double units);
static void append_collection(StringInfo out, AttributeValue key);
static void append_collections(StringInfo out, List *collections);

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
		append_boolean(out, "ConsistentRead", request->consistent_read.value);
	}
	if (request->attributes_to_get.given)
		append_strings(out, "AttributesToGet", request->attributes_to_get.elements);
	if (request->projection_expression.data != NULL)
		append_text(out, "ProjectionExpression", request->projection_expression);
	if (attribute_exists(request->names))
		append_names(out, request->names);
	appendStringInfoChar(out, '}');
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
	int			before = begin_indexes(out, local, '{');
	ListCell   *cell;

	foreach(cell, capacity->indexes)
	{
		const IndexUnits *index = lfirst(cell);

		if (index->is_local != local)
			continue;
		separate(out);
		json_append_string(out, index->name);
		appendStringInfoString(out, ":{");
		append_units(out, capacity->kind, index->units);
		appendStringInfoChar(out, '}');
	}
	end_indexes(out, before, '{');
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
