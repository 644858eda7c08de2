/*
 * contract.c
 *		What holds for every stored item, whichever way it arrives.
 *
 * - The item has at most 400 KB by DynamoDB's size rule.
 * - It has each key attribute, of the key's type and within its limits.
 * - Every derived column equals what the item says.
 *
 * The maintenance trigger sees to the columns, the row code to those of its
 * own writes, and the access method asks for all of it when it stores a tuple
 * (check_row_contract()), so that COPY, replication, foreign triggers and rows
 * with hand-made columns cannot break it.  A relation without definition
 * (pg_restore loads data before it makes triggers) is held to the size only.
 */
#include "postgres.h"

#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "common/errors.h"
#include "storage/storage_internal.h"

static void
check_item_size(const DynamoItem *item)
{
	if (item_size(item) > MAX_ITEM_SIZE)
		validation_error("Item size has exceeded the maximum allowed size");
}

void
item_key(const KeySchema *schema, AttributeValue item, ItemKey *result)
{
	result->n = schema->nhash + schema->nrange;
	for (int i = 0; i < result->n; i++)
		result->values[i] = map_get(item, schema->attributes[i].name);
}

/* Raises DynamoDB's error unless the item has its key, in the right types. */
static void
check_key_matches_schema(const KeySchema *schema, const ItemKey *key)
{
	for (int i = 0; i < key->n; i++)
	{
		const KeyAttribute *attribute = &schema->attributes[i];

		if (!attribute_exists(key->values[i]))
			validation_error("One or more parameter values were invalid: Missing the key %.*s in the item",
							 attribute->name.len, attribute->name.data);
		if (attribute_type(key->values[i]) != attribute->type)
			validation_error("One or more parameter values were invalid: "
							 "Type mismatch for key %.*s expected: %s actual: %s",
							 attribute->name.len, attribute->name.data,
							 attribute_type_name(attribute->type),
							 attribute_type_name(attribute_type(key->values[i])));
	}
}

void
item_checked_key(const KeySchema *schema, AttributeValue item, ItemKey *result)
{
	item_key(schema, item, result);
	check_key_matches_schema(schema, result);
	check_key_limits(schema, result);
}

void
check_item_limits(const KeySchema *schema, const DynamoItem *item)
{
	ItemKey		key;

	item_checked_key(schema, item_root(item), &key);
	check_item_size(item);
}

void
item_row_values(const TableDefinition *definition, TupleDesc desc,
				const DynamoItem *item, Datum *values, bool *isnull)
{
	ItemKey		key;

	item_checked_key(&definition->key, item_root(item), &key);
	check_item_size(item);

	memset(isnull, true, desc->natts * sizeof(bool));
	for (int i = 0; i < key.n; i++)
	{
		int			column = definition->key_columns[i] - 1;

		values[column] = key_datum(key.values[i]);
		isnull[column] = false;
	}
	values[definition->item_column - 1] = DynamoItemGetDatum(item);
	isnull[definition->item_column - 1] = false;
}

/*
 * Raises check_violation unless the key columns of the row hold the key that
 * its item has.
 */
static void
check_key_columns(Relation rel, const TableDefinition *definition,
				  TupleTableSlot *slot, const ItemKey *key)
{
	for (int i = 0; i < key->n; i++)
	{
		AttrNumber	column = definition->key_columns[i];
		bool		isnull;
		Datum		datum = slot_getattr(slot, column, &isnull);

		if (isnull || !key_datum_equal(datum, key->values[i]))
			column_conflict_error(rel, definition, i);
	}
}

void
column_conflict_error(Relation rel, const TableDefinition *definition, int part)
{
	Bytes		attribute = definition->key.attributes[part].name;
	AttrNumber	column = definition->key_columns[part];

	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("column \"%s\" of table \"%s\" differs from attribute %.*s of the item",
					NameStr(TupleDescAttr(RelationGetDescr(rel), column - 1)->attname),
					get_rel_name(definition->relid), attribute.len, attribute.data),
			 errhint("Set column \"%s\" only: the columns of the key are derived from it.", ITEM_COLUMN),
			 errtablecol(rel, column)));
}

void
check_row_contract(Relation rel, TupleTableSlot *slot)
{
	AttrNumber	item_column;
	const TableDefinition *definition = row_definition(rel, &item_column);
	Datum		datum;
	bool		isnull;
	DynamoItem *item;
	ItemKey		key;

	if (item_column == InvalidAttrNumber)
		return;
	datum = slot_getattr(slot, item_column, &isnull);
	if (isnull)					/* the column's NOT NULL has its say elsewhere */
		return;

	item = DatumGetDynamoItem(datum);
	check_item_size(item);
	if (definition != NULL)
	{
		item_checked_key(&definition->key, item_root(item), &key);
		check_key_columns(rel, definition, slot, &key);
	}
	if ((Pointer) item != DatumGetPointer(datum))
		pfree(item);
}
