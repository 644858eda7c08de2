/*
 * indexes.c
 *		What secondary indexes ask of writes and reads of their table's items.
 *
 * An index of DynamoDB holds copies of items: it is charged for each change of a
 * copy, and reads see no more than what it projects.  Ours holds keys that lead
 * to the items, so both are worked out here from the item itself.
 */
#include "postgres.h"

#include "common/errors.h"
#include "ops/indexes.h"

#define INVALID "One or more parameter values were invalid: "

/*
 * Longer ones are looked at more closely: no more than four are in one key, and all
 * together must fit into an entry of a btree.
 */
#define DOUBTFUL_KEY_SIZE	128
#define LONG_KEY_SIZE		1024

/*
 * What becomes of the derived columns of a table: each attribute is looked at once,
 * however many indexes it is in.
 */
typedef struct KeyChange
{
	bool		in_old;			/* the old item has a value that an index can hold */
	bool		in_new;
	bool		same;			/* both have the same value, or none */
} KeyChange;

static bool is_long(const ItemKey *key);
static bool is_doubtful(AttributeType type, AttributeValue value);
static void check_all_keys(DynamoTable *table, AttributeValue old, AttributeValue item,
						   bool by_update);
static void check_index_key(const IndexDefinition *index, const KeyAttribute *attribute,
							AttributeValue value, bool by_update);
static void check_type(const IndexDefinition *index, const KeyAttribute *attribute,
					   AttributeValue value);
static void check_not_empty(const IndexDefinition *index, const KeyAttribute *attribute,
							AttributeValue value, bool by_update);
static void check_sizes(int partition_key, int sort_key);
static bool values_equal(AttributeValue a, AttributeValue b);
static KeyChange *key_changes(DynamoTable *table, const DynamoItem *old, const DynamoItem *new,
							  IndexKeyCheck check, const BoundExpr *update);
static double change_units(DynamoTable *table, const IndexDefinition *index,
						   const KeyChange *changes, const DynamoItem *old,
						   const DynamoItem *new);
static bool same_projection(const IndexDefinition *index, AttributeValue a, AttributeValue b);
static int entry_size(DynamoTable *table, const IndexDefinition *index, const DynamoItem *item);
static void add_name(IndexView *view, Bytes name);
static int compare_names(const void *a, const void *b);

/* ---- keys ---- */

void
check_index_keys(DynamoTable *table, const ItemKey *key, AttributeValue item)
{
	const TableDefinition *definition = table->definition;
	bool		doubtful = is_long(key);

	for (int i = 0; !doubtful && i < definition->nderived; i++)
	{
		const DerivedColumn *derived = &definition->derived[i];

		doubtful = derived->role == DERIVED_INDEX &&
			is_doubtful(derived->type, map_get(item, derived->attribute));
	}
	if (doubtful)
		check_all_keys(table, NO_ATTRIBUTE_VALUE, item, false);
}

/* Whether a key leaves little room beside it in the entries of indexes. */
static bool
is_long(const ItemKey *key)
{
	int			size = 0;

	for (int i = 0; i < key->n; i++)
		size += key->values[i].len;
	return size > LONG_KEY_SIZE;
}

/* Whether more must be asked to know that an attribute may be the key of an index. */
static bool
is_doubtful(AttributeType type, AttributeValue value)
{
	return attribute_exists(value) &&
		(value.len > DOUBTFUL_KEY_SIZE || !can_be_index_key(type, value));
}

static void
check_all_keys(DynamoTable *table, AttributeValue old, AttributeValue item, bool by_update)
{
	ListCell   *cell;

	foreach(cell, table_indexes(table))
	{
		const IndexDefinition *index = lfirst(cell);
		const KeySchema *key = &index->key;
		bool		changed = false;
		int			sizes[2] = {0}; /* of the partition key, of the sort key */

		for (int i = 0; i < key->nhash + key->nrange; i++)
		{
			AttributeValue value = map_get(item, key->attributes[i].name);

			if (attribute_exists(value))
				sizes[i >= key->nhash] += attribute_size(value);
			if (!attribute_exists(value) ||
				(attribute_exists(old) &&
				 values_equal(value, map_get(old, key->attributes[i].name))))
				continue;
			changed = true;
			check_index_key(index, &key->attributes[i], value, by_update);
		}
		if (!changed)
			continue;
		check_sizes(sizes[0], sizes[1]);
		check_index_entry(index, &table->definition->key, item);
	}
}

static void
check_index_key(const IndexDefinition *index, const KeyAttribute *attribute,
				AttributeValue value, bool by_update)
{
	if (attribute_type(value) != attribute->type && by_update)
		validation_error(INVALID "The update expression attempted to update the secondary "
								 "index key to unsupported type");
	check_type(index, attribute, value);
	if (attribute->type == ATTRIBUTE_N)
		return;
	check_not_empty(index, attribute, value, by_update);
	if (attribute_bytes(value).len <= MAX_PARTITION_KEY_SIZE && !can_be_index_key(attribute->type, value))
		ereport(ERROR,
				(errcode(ERRCODE_VALIDATION),
				 errmsg_internal(INVALID "A key attribute of type S cannot contain the "
										 "character U+0000. IndexName: %.*s, IndexKey: %.*s",
								 index->name.len, index->name.data,
								 attribute->name.len, attribute->name.data),
				 errhint("A key of type B holds any bytes.")));
}

static void
check_type(const IndexDefinition *index, const KeyAttribute *attribute, AttributeValue value)
{
	if (attribute_type(value) != attribute->type)
		validation_error(INVALID "Type mismatch for Index Key %.*s Expected: %s Actual: %s "
								 "IndexName: %.*s",
						 attribute->name.len, attribute->name.data,
						 attribute_type_name(attribute->type),
						 attribute_type_name(attribute_type(value)),
						 index->name.len, index->name.data);
}

static void
check_not_empty(const IndexDefinition *index, const KeyAttribute *attribute,
				AttributeValue value, bool by_update)
{
	if (attribute_bytes(value).len > 0)
		return;
	if (by_update)
		validation_error("One or more parameter values are not valid. The update expression "
						 "attempted to update a secondary index key to a value that is not "
						 "supported. The AttributeValue for a key attribute cannot contain an "
						 "empty %s value.",
						 attribute->type == ATTRIBUTE_S ? "string" : "binary");
	raise_empty_key("", index->name, attribute);
}

/* (The missing blank is DynamoDB's.) */
static void
check_sizes(int partition_key, int sort_key)
{
	if (partition_key > MAX_PARTITION_KEY_SIZE)
		validation_error(INVALID "Size of hashkey has exceeded the maximum size limit of%d bytes",
						 MAX_PARTITION_KEY_SIZE);
	if (sort_key > MAX_SORT_KEY_SIZE)
		validation_error(INVALID "Aggregated size of all range keys has exceeded the size limit "
								 "of %d bytes",
						 MAX_SORT_KEY_SIZE);
}

/* A value has one encoding. */
static bool
values_equal(AttributeValue a, AttributeValue b)
{
	return attribute_exists(a) == attribute_exists(b) && a.len == b.len &&
		(!attribute_exists(a) || memcmp(a.data, b.data, a.len) == 0);
}

AttributeValue
collection_key(DynamoTable *table, const ItemKey *key)
{
	ListCell   *cell;

	foreach(cell, table_indexes(table))
	{
		MapEntry	entry = {table->definition->key.attributes[0].name, key->values[0]};

		if (((const IndexDefinition *) lfirst(cell))->is_local)
			return attribute_make_map(&entry, 1);
	}
	return NO_ATTRIBUTE_VALUE;
}

/* ---- what writes cost ---- */

List *
index_write_units(DynamoTable *table, const ItemKey *key,
				  const DynamoItem *old, const DynamoItem *new,
				  IndexKeyCheck check, const BoundExpr *update)
{
	const List *indexes = table_indexes(table);
	List	   *result = NIL;
	KeyChange  *changes;
	ListCell   *cell;

	if (indexes == NIL)
		return NIL;
	if (is_long(key) && new != NULL && check != KEYS_ARE_CHECKED)
		check_all_keys(table, old != NULL ? item_root(old) : NO_ATTRIBUTE_VALUE, item_root(new),
					   check == CHECK_UPDATED_KEYS);
	changes = key_changes(table, old, new, check, update);
	foreach(cell, indexes)
	{
		const IndexDefinition *index = lfirst(cell);
		double		units = index->key_columns == NULL ? 0 :
			change_units(table, index, changes, old, new);
		IndexUnits *of_index;

		if (units == 0)
			continue;
		of_index = palloc_object(IndexUnits);
		of_index->name = index->name;
		of_index->is_local = index->is_local;
		of_index->units = units;
		result = lappend(result, of_index);
	}
	pfree(changes);
	return result;
}

/* By derived column; raises for an update that makes a key what no index can hold. */
static KeyChange *
key_changes(DynamoTable *table, const DynamoItem *old, const DynamoItem *new, IndexKeyCheck check,
			const BoundExpr *update)
{
	const TableDefinition *definition = table->definition;
	AttributeValue old_root = old != NULL ? item_root(old) : NO_ATTRIBUTE_VALUE;
	AttributeValue new_root = new != NULL ? item_root(new) : NO_ATTRIBUTE_VALUE;
	KeyChange  *changes = palloc_array(KeyChange, definition->nderived);
	bool		doubtful = false;

	for (int i = 0; i < definition->nderived; i++)
	{
		const DerivedColumn *derived = &definition->derived[i];
		AttributeValue old_value = NO_ATTRIBUTE_VALUE;
		AttributeValue new_value = NO_ATTRIBUTE_VALUE;

		changes[i] = (KeyChange) {old != NULL, new != NULL, true};
		if (derived->role != DERIVED_INDEX)
			continue;			/* every item has its key, for good */
		if (new != NULL)
			new_value = map_get(new_root, derived->attribute);
		if (old != NULL && update != NULL && !expr_mentions(update, derived->attribute))
			old_value = new_value;
		else if (old != NULL)
			old_value = map_get(old_root, derived->attribute);
		changes[i].same = values_equal(old_value, new_value);
		changes[i].in_old = can_be_index_key(derived->type, old_value);
		changes[i].in_new = changes[i].same ? changes[i].in_old :
			can_be_index_key(derived->type, new_value);
		doubtful = doubtful || (!changes[i].same && is_doubtful(derived->type, new_value));
	}
	if (doubtful && check != KEYS_ARE_CHECKED)
		check_all_keys(table, old_root, new_root, check == CHECK_UPDATED_KEYS);
	return changes;
}

/*
 * Nothing for an entry that stays as it is, one write for one that comes, goes or
 * changes, two for one whose key changes: it is deleted and put anew.
 */
static double
change_units(DynamoTable *table, const IndexDefinition *index, const KeyChange *changes,
			 const DynamoItem *old, const DynamoItem *new)
{
	KeyChange	all = {old != NULL, new != NULL, true};

	for (int i = 0; i < index->key.nhash + index->key.nrange; i++)
	{
		const KeyChange *change = &changes[index->key_columns[i]];

		all.in_old &= change->in_old;
		all.in_new &= change->in_new;
		all.same &= change->same;
	}
	if (all.in_old && all.in_new && all.same)
	{
		if (same_projection(index, item_root(old), item_root(new)))
			return 0;
		return write_units(entry_size(table, index, old), entry_size(table, index, new));
	}
	return (all.in_old ? write_units(entry_size(table, index, old), 0) : 0) +
		(all.in_new ? write_units(0, entry_size(table, index, new)) : 0);
}

/* Whether two versions of an item with the same keys look alike in the index. */
static bool
same_projection(const IndexDefinition *index, AttributeValue a, AttributeValue b)
{
	ListCell   *cell;

	if (index->projection == PROJECT_ALL)
		return values_equal(a, b);
	foreach(cell, index->non_key_attributes)
	{
		Bytes		name = *(const Bytes *) lfirst(cell);

		if (!values_equal(map_get(a, name), map_get(b, name)))
			return false;
	}
	return true;
}

static int
entry_size(DynamoTable *table, const IndexDefinition *index, const DynamoItem *item)
{
	IndexView	view;

	if (index->projection == PROJECT_ALL)
		return item_size(item);
	index_view_init(&view, index, &table->definition->key);
	return index_view_size(&view, item_root(item));
}

/* ---- projections ---- */

void
index_view_init(IndexView *view, const IndexDefinition *index, const KeySchema *table_key)
{
	KeyAttribute keys[MAX_INDEX_PARTS];
	int			nkeys = index_key_attributes(index, table_key, keys);
	ListCell   *cell;

	view->index = index;
	view->whole = index->projection == PROJECT_ALL;
	view->nnames = 0;
	if (view->whole)
		return;
	view->names = palloc_array(Bytes, nkeys + list_length(index->non_key_attributes));
	for (int i = 0; i < nkeys; i++)
		add_name(view, keys[i].name);
	foreach(cell, index->non_key_attributes)
		add_name(view, *(const Bytes *) lfirst(cell));
	qsort(view->names, view->nnames, sizeof(Bytes), compare_names);
}

/* Unless it is there: a non-key attribute may be a key attribute all the same. */
static void
add_name(IndexView *view, Bytes name)
{
	for (int i = 0; i < view->nnames; i++)
		if (bytes_equal(view->names[i], name))
			return;
	view->names[view->nnames++] = name;
}

static int
compare_names(const void *a, const void *b)
{
	return bytes_compare(*(const Bytes *) a, *(const Bytes *) b);
}

bool
index_view_has(const IndexView *view, Bytes attribute)
{
	return view->whole ||
		bsearch(&attribute, view->names, view->nnames, sizeof(Bytes), compare_names) != NULL;
}

AttributeValue
index_view_item(const IndexView *view, AttributeValue item)
{
	MapEntry   *entries;
	int			n = 0;

	if (view->whole)
		return item;
	entries = palloc_array(MapEntry, view->nnames);
	for (int i = 0; i < view->nnames; i++)
	{
		AttributeValue value = map_get(item, view->names[i]);

		if (attribute_exists(value))
			entries[n++] = (MapEntry) {view->names[i], value};
	}
	return attribute_make_map(entries, n);
}

int
index_view_size(const IndexView *view, AttributeValue item)
{
	int			size = 0;

	Assert(!view->whole);
	for (int i = 0; i < view->nnames; i++)
	{
		AttributeValue value = map_get(item, view->names[i]);

		if (attribute_exists(value))
			size += view->names[i].len + attribute_size(value);
	}
	return size;
}

int
index_key_attributes(const IndexDefinition *index, const KeySchema *table_key,
					 KeyAttribute *attributes)
{
	int			n = 0;

	for (int i = 0; i < index->key.nhash + index->key.nrange; i++)
		attributes[n++] = index->key.attributes[i];
	for (int i = 0; i < table_key->nhash + table_key->nrange; i++)
		if (!key_schema_has(&index->key, table_key->attributes[i].name))
			attributes[n++] = table_key->attributes[i];
	return n;
}
