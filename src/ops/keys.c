/*
 * keys.c
 *		Whether the keys in a request fit the table's key schema.
 *
 * DynamoDB words the same fault differently for an item to be stored, for the
 * key of an item, and for the key at which a page starts.
 */
#include "postgres.h"

#include "common/errors.h"
#include "ops/indexes.h"
#include "ops/keys.h"

#define KEY_MISMATCH "The provided key element does not match the schema"
#define START_KEY_INVALID "The provided starting key is invalid"
#define NO_INDEX		  ((Bytes) {NULL, 0})

static int all_key_attributes(const KeySchema *table_key, const IndexDefinition *index,
							  KeyAttribute *attributes);
static void check_start_in_range(const KeySchema *schema, const ItemKey *key,
								 const KeyRange *range);
static bool key_from_map(const KeySchema *schema, AttributeValue map, ItemKey *key);
static void check_key_values(const KeySchema *schema, const ItemKey *key,
							 Bytes index, const char *prefix);
static void check_key_value(const KeySchema *schema, int part, AttributeValue value,
							Bytes		index, const char *prefix);
static bool value_in_range(AttributeValue value, const KeyRange *range);

static int
key_parts(const KeySchema *schema)
{
	return schema->nhash + schema->nrange;
}

void
check_item_key(const KeySchema *schema, AttributeValue item, ItemKey *key)
{
	item_key(schema, item, key);
	for (int i = 0; i < key_parts(schema); i++)
	{
		const KeyAttribute *attribute = &schema->attributes[i];
		AttributeValue value = key->values[i];

		if (!attribute_exists(value))
			validation_error("One or more parameter values were invalid: "
							 "Missing the key %.*s in the item",
							 attribute->name.len, attribute->name.data);
		if (attribute_type(value) != attribute->type)
			validation_error("One or more parameter values were invalid: "
							 "Type mismatch for key %.*s expected: %s actual: %s",
							 attribute->name.len, attribute->name.data,
							 attribute_type_name(attribute->type),
							 attribute_type_name(attribute_type(value)));
	}
	check_key_values(schema, key, NO_INDEX, "");
}

void
check_request_key(const KeySchema *schema, AttributeValue given, ItemKey *key)
{
	if (attribute_count(given) != key_parts(schema) ||
		!key_from_map(schema, given, key))
		validation_error(KEY_MISMATCH);
	check_key_values(schema, key, NO_INDEX, "");
}

void
check_start_key(const KeySchema *table_key, AttributeValue given, ItemScanSpec *spec)
{
	const KeySchema *schema = spec->index != NULL ? &spec->index->key : table_key;
	KeyAttribute attributes[MAX_INDEX_PARTS];
	int			n = all_key_attributes(table_key, spec->index, attributes);
	ItemKey		key;

	if (attribute_count(given) != n)
		validation_error(START_KEY_INVALID);
	for (int i = 0; i < n; i++)
	{
		spec->start_after[i] = map_get(given, attributes[i].name);
		if (!attribute_exists(spec->start_after[i]) ||
			attribute_type(spec->start_after[i]) != attributes[i].type)
			validation_error(START_KEY_INVALID ": " KEY_MISMATCH);
	}
	item_key(table_key, given, &key);
	check_key_values(table_key, &key, NO_INDEX, START_KEY_INVALID ": ");
	item_key(schema, given, &key);
	check_key_values(schema, &key, spec->index != NULL ? spec->index->name : NO_INDEX,
					 START_KEY_INVALID ": ");
	if (at_most_one_item(table_key, spec))
		validation_error("The query can return at most one row and cannot be restarted");
	check_start_in_range(schema, &key, &spec->range);
	if (spec->total_segments > 0 &&
		key_segment(schema, &key, spec->total_segments) != spec->segment)
		validation_error(START_KEY_INVALID ": Invalid ExclusiveStartKey. Please use "
						 "ExclusiveStartKey with correct Segment. TotalSegments: %d Segment: %d",
						 spec->total_segments, spec->segment);
}

/* Those of the index, if there is one, and of the table; returns their number. */
static int
all_key_attributes(const KeySchema *table_key, const IndexDefinition *index,
				   KeyAttribute *attributes)
{
	if (index != NULL)
		return index_key_attributes(index, table_key, attributes);
	memcpy(attributes, table_key->attributes, key_parts(table_key) * sizeof(KeyAttribute));
	return key_parts(table_key);
}

bool
at_most_one_item(const KeySchema *table_key, const ItemScanSpec *spec)
{
	return spec->index == NULL && table_key->nrange == 0 &&
		spec->range.nequal == table_key->nhash;
}

static void
check_start_in_range(const KeySchema *schema, const ItemKey *key, const KeyRange *range)
{
	bool		in_range = true;

	for (int i = 0; i < range->nequal; i++)
	{
		if (attribute_equal(key->values[i], range->equal[i]))
			continue;
		if (i < schema->nhash)
			validation_error("The provided starting key is outside query boundaries "
							 "based on provided conditions");
		in_range = false;
	}
	if (range->nequal < key_parts(schema))
		in_range = in_range && value_in_range(key->values[range->nequal], range);
	if (!in_range)
		validation_error("The provided starting key does not match the range key predicate");
}

void
check_partition_key(const KeySchema *schema, const KeyRange *range)
{
	for (int i = 0; i < Min(range->nequal, schema->nhash); i++)
		check_key_value(schema, i, range->equal[i], NO_INDEX, "");
}

void
check_key_paths(const TableDefinition *definition, const BoundExpr *expr)
{
	if (expr == NULL || !expr_has_nested_paths(expr))
		return;
	expr_check_key_paths(expr, &definition->key);
	for (int i = 0; i < definition->nderived; i++)
		if (definition->derived[i].role == DERIVED_INDEX)
			expr_check_index_key_path(expr, definition->derived[i].attribute);
}

void
check_update_spares_key(const KeySchema *schema, const BoundExpr *update)
{
	if (update == NULL)
		return;
	for (int i = 0; i < key_parts(schema); i++)
	{
		Bytes		name = schema->attributes[i].name;

		if (expr_mentions(update, name))
			validation_error("One or more parameter values were invalid: "
							 "Cannot update attribute %.*s. This attribute is part of the key",
							 name.len, name.data);
	}
}

int
compare_keys(const ItemKey *a, const ItemKey *b)
{
	for (int i = 0; i < a->n; i++)
	{
		int			order = attribute_compare(a->values[i], b->values[i]);

		if (order != 0)
			return order;
	}
	return 0;
}

AttributeValue
key_map(const KeySchema *table_key, const IndexDefinition *index, AttributeValue item)
{
	KeyAttribute attributes[MAX_INDEX_PARTS];
	int			n = all_key_attributes(table_key, index, attributes);
	MapEntry	entries[MAX_INDEX_PARTS];

	for (int i = 0; i < n; i++)
	{
		entries[i].name = attributes[i].name;
		entries[i].value = map_get(item, attributes[i].name);
	}
	return attribute_make_map(entries, n);
}

/* False if an attribute is missing or has another type than the schema says. */
static bool
key_from_map(const KeySchema *schema, AttributeValue map, ItemKey *key)
{
	item_key(schema, map, key);
	for (int i = 0; i < key_parts(schema); i++)
	{
		if (!attribute_exists(key->values[i]) ||
			attribute_type(key->values[i]) != schema->attributes[i].type)
			return false;
	}
	return true;
}

static void
check_key_values(const KeySchema *schema, const ItemKey *key, Bytes index, const char *prefix)
{
	for (int i = 0; i < key_parts(schema); i++)
		check_key_value(schema, i, key->values[i], index, prefix);
}

/* The value has the type of its part of the key. */
static void
check_key_value(const KeySchema *schema, int part, AttributeValue value,
				Bytes		index, const char *prefix)
{
	const KeyAttribute *attribute = &schema->attributes[part];
	Bytes		bytes;

	if (attribute->type == ATTRIBUTE_N)
		return;
	bytes = attribute_bytes(value);
	if (bytes.len == 0)
		raise_empty_key(prefix, index, attribute);
	if (part < schema->nhash && bytes.len > MAX_PARTITION_KEY_SIZE)
		raise_long_partition_key(prefix);
	if (part >= schema->nhash && bytes.len > MAX_SORT_KEY_SIZE)
		raise_long_sort_key(prefix);
}

/* Whether the range's bounds admit a value of its first free key part. */
static bool
value_in_range(AttributeValue value, const KeyRange *range)
{
	if (range->prefix.data != NULL)
	{
		Bytes		bytes = attribute_bytes(value);

		return bytes.len >= range->prefix.len &&
			memcmp(bytes.data, range->prefix.data, range->prefix.len) == 0;
	}
	if (attribute_exists(range->lower))
	{
		int			order = attribute_compare(value, range->lower);

		if (order < 0 || (order == 0 && !range->lower_inclusive))
			return false;
	}
	if (attribute_exists(range->upper))
	{
		int			order = attribute_compare(value, range->upper);

		if (order > 0 || (order == 0 && !range->upper_inclusive))
			return false;
	}
	return true;
}
