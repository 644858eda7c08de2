/*
 * schemas.c
 *		Whether the schemas of a table and its indexes can be.
 *
 * CreateTable, UpdateTable and RestoreTableFromBackup name attributes in three
 * places, key schemas, AttributeDefinitions and projections, which must agree.
 * Faults are reported one at a time, in this order: AttributeDefinitions, the
 * table's key, the number of indexes, local indexes, global ones, definitions
 * that nothing uses.
 *
 * The key of a global index may have up to four HASH and four RANGE elements, in
 * that order; that of a table or local index one of each.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "common/errors.h"
#include "ops/tables.h"

#define INVALID "One or more parameter values were invalid: "

static void check_index_is_new(Bytes name, const List *indexes);
static List *known_definitions(const KeySchema *table_key, const List *indexes);
static void check_definition_agrees(const AttributeDefinition *definition, const List *known);
static void check_definitions_distinct(List *definitions);
static void typed_key(List *elements, List *definitions, KeySchema *key);
static bool find_type(Bytes name, List *definitions, AttributeType *type);
pg_noreturn static void raise_undefined_key(List *elements, List *definitions);
static void check_simple_key(List *elements);
static void check_multi_key(List *elements);
static void check_key_size(List *elements);
pg_noreturn static void raise_key_too_big(void);
static void check_index_counts(const CreateTableRequest *request);
static IndexDefinition *checked_index(const IndexRequest *request, bool local,
									  List *definitions, const KeySchema *table_key,
									  const List *others);
static void check_local_key(const IndexRequest *request, const KeySchema *key,
							const KeySchema *table_key);
static void set_projection(const IndexRequest *request, IndexDefinition *index);
static void check_name_is_free(Bytes name, const List *indexes);
static void check_projected_count(const List *indexes);
static void check_definitions_used(List *definitions, const KeySchema *table_key,
								   const List *indexes);
static List *key_names(const KeySchema *table_key, const List *indexes);
static List *definition_names(const List *definitions);
static List *element_names(const List *elements);
static char *joined_names(const List *names);
static bool has_name(const List *names, Bytes name);

void
checked_table_schema(const CreateTableRequest *request, KeySchema *key, List **indexes)
{
	List	   *definitions = request->attribute_definitions;
	BillingMode mode = request->billing_mode == BILLING_MODE_PAY_PER_REQUEST ?
		BILLING_PAY_PER_REQUEST :
		BILLING_PROVISIONED;
	ListCell   *cell;

	check_definitions_distinct(definitions);
	if (list_length(request->key_schema) > 2)
		validation_error("Key Schema too big.  Key Schema must at most consist of "
						 "the hash and range key of a table");
	typed_key(request->key_schema, definitions, key);
	check_simple_key(request->key_schema);

	*indexes = NIL;
	check_index_counts(request);
	foreach(cell, request->local_indexes)
		*indexes = lappend(*indexes, checked_index(lfirst(cell), true, definitions, key, *indexes));
	foreach(cell, request->global_indexes)
	{
		IndexDefinition *index = checked_index(lfirst(cell), false, definitions, key, *indexes);

		set_index_throughput(lfirst(cell), mode, index);
		set_index_warm_throughput(lfirst(cell), NO_WARM_UNITS, index);
		*indexes = lappend(*indexes, index);
	}
	check_projected_count(*indexes);
	check_definitions_used(definitions, key, *indexes);
}

IndexDefinition *
checked_new_index(const IndexRequest *request, List *definitions,
				  const KeySchema *table_key, const List *indexes)
{
	IndexDefinition *index;

	check_index_is_new(request->index_name, indexes);
	index = checked_index(request, false, definitions, table_key, indexes);
	check_projected_count(lappend(list_copy(indexes), index));
	return index;
}

static void
check_index_is_new(Bytes name, const List *indexes)
{
	int			globals = 0;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		const IndexDefinition *index = lfirst(cell);

		if (bytes_equal(index->name, name))
			validation_error("Attempting to create an index which already exists");
		globals += !index->is_local;
	}
	if (globals >= MAX_GLOBAL_INDEXES)
		ereport(ERROR,
				(errcode(ERRCODE_LIMIT_EXCEEDED),
				 errmsg_internal("GlobalSecondaryIndex count exceeds the per-table limit of %d",
								 MAX_GLOBAL_INDEXES)));
}

/* The keys of a table and its indexes as AttributeDefinition *. */
static List *
known_definitions(const KeySchema *table_key, const List *indexes)
{
	static const int types[] = {
		[ATTRIBUTE_S] = ATTRIBUTE_TYPE_S,
		[ATTRIBUTE_N] = ATTRIBUTE_TYPE_N,
		[ATTRIBUTE_B] = ATTRIBUTE_TYPE_B,
	};
	List	   *definitions = NIL;
	List	   *names = NIL;

	for (int n = -1; n < list_length(indexes); n++)
	{
		const KeySchema *key = n < 0 ? table_key :
									   &((const IndexDefinition *) list_nth(indexes, n))->key;

		for (int i = 0; i < key->nhash + key->nrange; i++)
		{
			AttributeDefinition *definition;

			if (has_name(names, key->attributes[i].name))
				continue;
			names = lappend(names, unconstify(Bytes *, &key->attributes[i].name));
			definition = palloc_object(AttributeDefinition);
			definition->attribute_name = key->attributes[i].name;
			definition->attribute_type = types[key->attributes[i].type];
			definitions = lappend(definitions, definition);
		}
	}
	return definitions;
}

void
check_update_definitions(const UpdateTableRequest *request, const KeySchema *table_key,
						 const List *indexes)
{
	List	   *known = known_definitions(table_key, indexes);
	ListCell   *cell;

	check_definitions_distinct(request->attribute_definitions);
	foreach(cell, request->index_updates)
	{
		const IndexUpdate *update = lfirst(cell);

		if (update->create != NULL)
			check_key_size(update->create->key_schema);
	}
	foreach(cell, request->attribute_definitions)
		check_definition_agrees(lfirst(cell), known);
}

/* An attribute has one type in all keys of a table. */
static void
check_definition_agrees(const AttributeDefinition *definition, const List *known)
{
	ListCell   *cell;

	foreach(cell, known)
	{
		const AttributeDefinition *other = lfirst(cell);

		if (bytes_equal(other->attribute_name, definition->attribute_name) &&
			other->attribute_type != definition->attribute_type)
			validation_error(INVALID "Attribute %.*s is already defined with another type",
							 other->attribute_name.len, other->attribute_name.data);
	}
}

/* ---- keys ---- */

static void
check_definitions_distinct(List *definitions)
{
	if (repeated_name(definition_names(definitions)) != NULL)
		validation_error("Cannot have two attributes with the same name");
}

/* A key schema with its types; raises for an attribute that has none. */
static void
typed_key(List *elements, List *definitions, KeySchema *key)
{
	ListCell   *cell;

	memset(key, 0, sizeof(*key));
	foreach(cell, elements)
	{
		const KeySchemaElement *element = lfirst(cell);
		int			i = foreach_current_index(cell);
		AttributeType type;

		if (!find_type(element->attribute_name, definitions, &type))
			raise_undefined_key(elements, definitions);
		if (i == MAX_KEY_ATTRIBUTES)
			break;				/* the caller counts them */
		key->attributes[i] = (KeyAttribute) {element->attribute_name, type};
		if (element->key_type == KEY_TYPE_HASH)
			key->nhash++;
		else
			key->nrange++;
	}
}

static bool
find_type(Bytes name, List *definitions, AttributeType *type)
{
	static const AttributeType types[] = {
		[ATTRIBUTE_TYPE_S] = ATTRIBUTE_S,
		[ATTRIBUTE_TYPE_N] = ATTRIBUTE_N,
		[ATTRIBUTE_TYPE_B] = ATTRIBUTE_B,
	};
	ListCell   *cell;

	foreach(cell, definitions)
	{
		const AttributeDefinition *definition = lfirst(cell);

		*type = types[definition->attribute_type];
		if (bytes_equal(definition->attribute_name, name))
			return true;
	}
	return false;
}

static void
raise_undefined_key(List *elements, List *definitions)
{
	validation_error(INVALID "Some index key attributes are not defined in AttributeDefinitions. "
							 "Keys: [%s], AttributeDefinitions: [%s]",
					 joined_names(element_names(elements)),
					 joined_names(definition_names(definitions)));
}

/* First the partition key, then the sort key if there is one. */
static void
check_simple_key(List *elements)
{
	const KeySchemaElement *first = linitial(elements);
	const KeySchemaElement *second;

	if (first->key_type != KEY_TYPE_HASH)
		validation_error("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
	if (list_length(elements) == 1)
		return;
	second = lsecond(elements);
	if (second->key_type != KEY_TYPE_RANGE)
		validation_error("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
	if (bytes_equal(first->attribute_name, second->attribute_name))
		validation_error("Both the Hash Key and the Range Key element in the KeySchema "
						 "have the same name");
}

/* The key of a global index that has more than two parts, or two HASH parts. */
static void
check_multi_key(List *elements)
{
	const Bytes *repeated = repeated_name(element_names(elements));
	int			counts[KEY_TYPE_RANGE + 1] = {0};
	ListCell   *cell;

	foreach(cell, elements)
	{
		const KeySchemaElement *element = lfirst(cell);

		if (element->key_type == KEY_TYPE_HASH && counts[KEY_TYPE_RANGE] > 0)
			validation_error("Invalid KeySchema: HASH key attributes must come before "
							 "RANGE key attributes");
		counts[element->key_type]++;
	}
	if (repeated != NULL)
		validation_error("Invalid KeySchema: Two elements of the KeySchema have the same name: %.*s",
						 repeated->len, repeated->data);
	if (counts[KEY_TYPE_HASH] == 0)
		validation_error("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
	if (counts[KEY_TYPE_HASH] > MAX_HASH_ATTRIBUTES || counts[KEY_TYPE_RANGE] > MAX_RANGE_ATTRIBUTES)
		raise_key_too_big();
}

/* More than any key has: whatever else is wrong with them. */
static void
check_key_size(List *elements)
{
	if (list_length(elements) > MAX_KEY_ATTRIBUTES)
		raise_key_too_big();
}

static void
raise_key_too_big(void)
{
	validation_error("Invalid KeySchema: The KeySchema of a global secondary index can have "
					 "at most %d HASH and %d RANGE key attributes",
					 MAX_HASH_ATTRIBUTES, MAX_RANGE_ATTRIBUTES);
}

/* ---- indexes ---- */

static void
check_index_counts(const CreateTableRequest *request)
{
	if (list_length(request->local_indexes) > MAX_LOCAL_INDEXES)
		validation_error(INVALID "Number of LocalSecondaryIndexes exceeds per-table limit of %d",
						 MAX_LOCAL_INDEXES);
	if (list_length(request->global_indexes) > MAX_GLOBAL_INDEXES)
		validation_error(INVALID "GlobalSecondaryIndex count exceeds the per-table limit of %d",
						 MAX_GLOBAL_INDEXES);
}

static IndexDefinition *
checked_index(const IndexRequest *request, bool local, List *definitions,
			  const KeySchema *table_key, const List *others)
{
	IndexDefinition *index = palloc0_object(IndexDefinition);

	index->name = request->index_name;
	index->is_local = local;
	typed_key(request->key_schema, definitions, &index->key);
	if (local && list_length(request->key_schema) > 2)
		validation_error("Key Schema too big.  Key Schema must at most consist of "
						 "the hash and range key of a table");
	if (local || (list_length(request->key_schema) <= 2 && index->key.nhash <= 1))
		check_simple_key(request->key_schema);
	else
		check_multi_key(request->key_schema);
	if (local)
		check_local_key(request, &index->key, table_key);
	set_projection(request, index);
	check_name_is_free(index->name, others);
	return index;
}

static void
check_local_key(const IndexRequest *request, const KeySchema *key, const KeySchema *table_key)
{
	Bytes		name = request->index_name;

	if (table_key->nrange == 0)
		validation_error(INVALID "Table KeySchema does not have a range key, which is required "
								 "when specifying a LocalSecondaryIndex");
	if (key->nrange == 0)
		validation_error(INVALID "Index KeySchema does not have a range key for index: %.*s",
						 name.len, name.data);
	if (!bytes_equal(key->attributes[0].name, table_key->attributes[0].name))
		validation_error(INVALID "Index KeySchema does not have the same leading hash key as "
								 "table KeySchema for index: %.*s. "
								 "index hash key: %.*s, table hash key: %.*s",
						 name.len, name.data,
						 key->attributes[0].name.len, key->attributes[0].name.data,
						 table_key->attributes[0].name.len, table_key->attributes[0].name.data);
}

static void
set_projection(const IndexRequest *request, IndexDefinition *index)
{
	static const IndexProjection projections[] = {
		[PROJECTION_ALL] = PROJECT_ALL,
		[PROJECTION_KEYS_ONLY] = PROJECT_KEYS_ONLY,
		[PROJECTION_INCLUDE] = PROJECT_INCLUDE,
	};
	const ProjectionRequest *projection = request->projection;
	List	   *names = projection->non_key_attributes.elements;

	if (projection->projection_type == 0)
		validation_error(INVALID "Unknown ProjectionType: null");
	index->projection = projections[projection->projection_type];
	if (index->projection == PROJECT_INCLUDE && names == NIL)
		validation_error(INVALID "ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
	if (index->projection != PROJECT_INCLUDE && names != NIL)
		validation_error(INVALID "ProjectionType is %s, but NonKeyAttributes is specified",
						 index_projection_name(index->projection));
	if (repeated_name(names) != NULL)
		validation_error("Cannot have two attributes with the same name");
	index->non_key_attributes = names;
}

static void
check_name_is_free(Bytes name, const List *indexes)
{
	ListCell   *cell;

	foreach(cell, indexes)
		if (bytes_equal(((const IndexDefinition *) lfirst(cell))->name, name))
			validation_error(INVALID "Duplicate index name: %.*s", name.len, name.data);
}

static void
check_projected_count(const List *indexes)
{
	int			count = 0;
	ListCell   *cell;

	foreach(cell, indexes)
		count += list_length(((const IndexDefinition *) lfirst(cell))->non_key_attributes);
	if (count > MAX_NON_KEY_ATTRIBUTES)
		validation_error(INVALID "The total number of NonKeyAttributes projected into all "
								 "secondary indexes exceeds the limit of %d",
						 MAX_NON_KEY_ATTRIBUTES);
}

void
set_index_throughput(const IndexRequest *request, BillingMode mode, IndexDefinition *index)
{
	const ProvisionedThroughput *throughput = request->provisioned_throughput;
	const OnDemandThroughput *on_demand = request->on_demand_throughput;
	Bytes		name = request->index_name;

	if (mode == BILLING_PAY_PER_REQUEST && throughput != NULL)
		validation_error(INVALID "ProvisionedThroughput should not be specified for index: %.*s "
								 "when BillingMode is PAY_PER_REQUEST",
						 name.len, name.data);
	if (mode == BILLING_PROVISIONED && throughput == NULL && index->read_capacity == 0)
		validation_error(INVALID "ProvisionedThroughput must be specified for index: %.*s",
						 name.len, name.data);
	if (mode == BILLING_PROVISIONED && on_demand != NULL)
		validation_error(INVALID "OnDemandThroughput should not be specified for index: %.*s "
								 "when BillingMode is PROVISIONED",
						 name.len, name.data);
	if (mode == BILLING_PAY_PER_REQUEST)
		index->read_capacity = index->write_capacity = 0;
	if (throughput != NULL)
	{
		index->read_capacity = throughput->read_capacity_units.value;
		index->write_capacity = throughput->write_capacity_units.value;
		index->max_read_request_units = 0;
		index->max_write_request_units = 0;
	}
	change_on_demand_throughput(on_demand, &index->max_read_request_units,
								&index->max_write_request_units);
}

void
set_index_warm_throughput(const IndexRequest *request, WarmUnits before, IndexDefinition *index)
{
	index->warm = kept_warm_units(before, index->read_capacity, index->write_capacity);
	raise_warm_units(request->warm_throughput,
					 psprintf("index: %.*s", request->index_name.len, request->index_name.data),
					 index_warm_units(index), &index->warm);
}

WarmUnits
index_warm_units(const IndexDefinition *index)
{
	return warm_units(index->warm, index->read_capacity, index->write_capacity);
}

/* ---- definitions and uses ---- */

static void
check_definitions_used(List *definitions, const KeySchema *table_key, const List *indexes)
{
	List	   *used = key_names(table_key, indexes);

	if (list_length(definitions) == list_length(used))
		return;
	if (indexes == NIL)
		validation_error(INVALID "Number of attributes in KeySchema does not exactly match "
								 "number of attributes defined in AttributeDefinitions");
	validation_error(INVALID "Some AttributeDefinitions are not used. "
							 "AttributeDefinitions: [%s], keys used: [%s]",
					 joined_names(definition_names(definitions)), joined_names(used));
}

/* The attributes of all keys, each once: const Bytes *. */
static List *
key_names(const KeySchema *table_key, const List *indexes)
{
	List	   *names = NIL;

	for (int n = -1; n < list_length(indexes); n++)
	{
		const KeySchema *key = n < 0 ? table_key :
									   &((const IndexDefinition *) list_nth(indexes, n))->key;

		for (int i = 0; i < key->nhash + key->nrange; i++)
			if (!has_name(names, key->attributes[i].name))
				names = lappend(names, unconstify(Bytes *, &key->attributes[i].name));
	}
	return names;
}

/* The names of AttributeDefinition *: Bytes *. */
static List *
definition_names(const List *definitions)
{
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, definitions)
		names = lappend(names, &((AttributeDefinition *) lfirst(cell))->attribute_name);
	return names;
}

/* The names of KeySchemaElement *: Bytes *. */
static List *
element_names(const List *elements)
{
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, elements)
		names = lappend(names, &((KeySchemaElement *) lfirst(cell))->attribute_name);
	return names;
}

static char *
joined_names(const List *names)
{
	StringInfoData result;
	ListCell   *cell;

	initStringInfo(&result);
	foreach(cell, names)
	{
		const Bytes *name = lfirst(cell);

		appendStringInfo(&result, "%s%.*s", result.len > 0 ? ", " : "", name->len, name->data);
	}
	return result.data;
}

static bool
has_name(const List *names, Bytes name)
{
	ListCell   *cell;

	foreach(cell, names)
		if (bytes_equal(*(const Bytes *) lfirst(cell), name))
			return true;
	return false;
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return bytes_compare(*(const Bytes *) lfirst(a), *(const Bytes *) lfirst(b));
}

const Bytes *
repeated_name(const List *names)
{
	List	   *sorted = list_copy(names);

	list_sort(sorted, compare_names);
	for (int i = 1; i < list_length(sorted); i++)
		if (bytes_equal(*(Bytes *) list_nth(sorted, i - 1), *(Bytes *) list_nth(sorted, i)))
			return list_nth(sorted, i);
	return NULL;
}
