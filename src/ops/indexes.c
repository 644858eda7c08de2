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

/* What becomes of one derived column. */
typedef struct KeyChange
{
	bool		in_old;			/* the old item has a value that an index can hold */
	bool		in_new;
	bool		same;			/* both have the same value, or none */
} KeyChange;

/*
 * A new version of an item (absent: none) in place of an old one (or none).  What
 * several indexes ask of them is looked at once.
 */
typedef struct VersionChange
{
	AttributeValue old;
	AttributeValue new;
	int			old_size;
	int			new_size;
	KeyChange  *keys;			/* by derived column */
	bool		same;			/* the whole items are */
} VersionChange;

static bool has_entry(const IndexDefinition *index, AttributeValue item);
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
static void check_sizes(int partition_key, int sort_key, bool by_update);
static bool values_equal(AttributeValue a, AttributeValue b);
static void set_key_changes(DynamoTable *table, VersionChange *change, IndexKeyCheck check,
							const BoundExpr *update);
static double change_units(DynamoTable *table, const IndexDefinition *index,
						   const VersionChange *change);
static bool same_projection(const IndexDefinition *index, const VersionChange *change);
static int entry_size(DynamoTable *table, const IndexDefinition *index, AttributeValue item, int size);
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
		check_sizes(sizes[0], sizes[1], by_update);
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

static void
check_sizes(int partition_key, int sort_key, bool by_update)
{
	if (by_update && (partition_key > MAX_PARTITION_KEY_SIZE || sort_key > MAX_SORT_KEY_SIZE))
		validation_error(INVALID "The update expression attempted to update the secondary "
								 "index key beyond allowed size limits");
	if (partition_key > MAX_PARTITION_KEY_SIZE)
		raise_long_partition_key("");
	if (sort_key > MAX_SORT_KEY_SIZE)
		raise_long_sort_key("");
}

/* A value has one encoding. */
static bool
values_equal(AttributeValue a, AttributeValue b)
{
	return attribute_exists(a) == attribute_exists(b) && a.len == b.len &&
		(!attribute_exists(a) || memcmp(a.data, b.data, a.len) == 0);
}

/* (an entry is never larger than its item, so that most items need no closer look) */
void
check_local_entries(DynamoTable *table, const DynamoItem *item, bool by_update)
{
	AttributeValue root = item_root(item);
	int			size = item_size(item);
	int			total = size;
	ListCell   *cell;

	if (size <= MAX_ITEM_SIZE / (1 + MAX_LOCAL_INDEXES))
		return;
	foreach(cell, table_indexes(table))
	{
		const IndexDefinition *index = lfirst(cell);

		if (index->is_local && has_entry(index, root))
			total += entry_size(table, index, root, size);
	}
	if (total > MAX_ITEM_SIZE)
		validation_error(by_update ? "Item size to update has exceeded the maximum allowed size" :
									 "Item size has exceeded the maximum allowed size");
}

static bool
has_entry(const IndexDefinition *index, AttributeValue item)
{
	for (int i = 0; i < index->key.nhash + index->key.nrange; i++)
	{
		const KeyAttribute *attribute = &index->key.attributes[i];

		if (!can_be_index_key(attribute->type, map_get(item, attribute->name)))
			return false;
	}
	return true;
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

void
index_write_charges(DynamoTable *table, const ItemKey *key,
					const DynamoItem *old, const DynamoItem *new,
					IndexKeyCheck check, const BoundExpr *update, IndexCharges *charges)
{
	const List *indexes = table_indexes(table);
	VersionChange change = {
		.old = old != NULL ? item_root(old) : NO_ATTRIBUTE_VALUE,
		.new = new != NULL ? item_root(new) : NO_ATTRIBUTE_VALUE,
		.old_size = old != NULL ? item_size(old) : 0,
		.new_size = new != NULL ? item_size(new) : 0,
	};
	ListCell   *cell;

	if (indexes == NIL)
		return;
	if (new != NULL && check != KEYS_ARE_CHECKED)
		check_local_entries(table, new, true);
	if (is_long(key) && new != NULL && check != KEYS_ARE_CHECKED)
		check_all_keys(table, change.old, change.new, check == CHECK_UPDATED_KEYS);
	set_key_changes(table, &change, check, update);
	change.same = values_equal(change.old, change.new);
	charges->of_index = palloc_array(IndexUnits, list_length(indexes));
	foreach(cell, indexes)
	{
		const IndexDefinition *index = lfirst(cell);
		double		units = index->key_columns == NULL ? 0 : change_units(table, index, &change);

		if (units == 0)
			continue;
		charges->of_index[charges->n++] = (IndexUnits) {index->name, index->is_local, units};
		charges->total += units;
	}
	pfree(change.keys);
}

/* Raises for an update that makes a key what no index can hold. */
static void
set_key_changes(DynamoTable *table, VersionChange *change, IndexKeyCheck check,
				const BoundExpr *update)
{
	const TableDefinition *definition = table->definition;
	bool		has_old = attribute_exists(change->old);
	bool		has_new = attribute_exists(change->new);
	bool		doubtful = false;

	change->keys = palloc_array(KeyChange, definition->nderived);
	for (int i = 0; i < definition->nderived; i++)
	{
		const DerivedColumn *derived = &definition->derived[i];
		KeyChange  *key = &change->keys[i];
		AttributeValue old_value = NO_ATTRIBUTE_VALUE;
		AttributeValue new_value = NO_ATTRIBUTE_VALUE;

		*key = (KeyChange) {has_old, has_new, true};
		if (derived->role != DERIVED_INDEX)
			continue;			/* every item has its key, for good */
		if (has_new)
			new_value = map_get(change->new, derived->attribute);
		if (has_old && update != NULL && !expr_mentions(update, derived->attribute))
		{
			key->in_old = key->in_new = can_be_index_key(derived->type, new_value);
			continue;
		}
		if (has_old)
			old_value = map_get(change->old, derived->attribute);
		key->same = values_equal(old_value, new_value);
		key->in_old = can_be_index_key(derived->type, old_value);
		key->in_new = key->same ? key->in_old : can_be_index_key(derived->type, new_value);
		doubtful = doubtful || (!key->same && is_doubtful(derived->type, new_value));
	}
	if (doubtful && check != KEYS_ARE_CHECKED)
		check_all_keys(table, change->old, change->new, check == CHECK_UPDATED_KEYS);
}

/*
 * Nothing for an entry that stays as it is, one write for one that comes, goes or
 * changes, two for one whose key changes: it is deleted and put anew.
 */
static double
change_units(DynamoTable *table, const IndexDefinition *index, const VersionChange *change)
{
	KeyChange	all = {attribute_exists(change->old), attribute_exists(change->new), true};

	for (int i = 0; i < index->key.nhash + index->key.nrange; i++)
	{
		const KeyChange *key = &change->keys[index->key_columns[i]];

		all.in_old &= key->in_old;
		all.in_new &= key->in_new;
		all.same &= key->same;
	}
	if (all.in_old && all.in_new && all.same)
	{
		if (same_projection(index, change))
			return 0;
		return write_units(entry_size(table, index, change->old, change->old_size),
						   entry_size(table, index, change->new, change->new_size));
	}
	return (all.in_old ? write_units(entry_size(table, index, change->old, change->old_size), 0) : 0) +
		(all.in_new ? write_units(0, entry_size(table, index, change->new, change->new_size)) : 0);
}

/* Whether two versions of an item with the same keys look alike in the index. */
static bool
same_projection(const IndexDefinition *index, const VersionChange *change)
{
	ListCell   *cell;

	if (change->same || index->projection == PROJECT_ALL)
		return change->same;
	foreach(cell, index->non_key_attributes)
	{
		Bytes		name = *(const Bytes *) lfirst(cell);

		if (!values_equal(map_get(change->old, name), map_get(change->new, name)))
			return false;
	}
	return true;
}

/* What an index holds of an item of this size. */
static int
entry_size(DynamoTable *table, const IndexDefinition *index, AttributeValue item, int size)
{
	IndexView	view;

	if (index->projection == PROJECT_ALL)
		return size;
	index_view_init(&view, index, &table->definition->key);
	return index_view_size(&view, item);
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
