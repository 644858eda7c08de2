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
 * with hand-made columns cannot break it.  It does not ask twice: the row code's
 * slots are of a kind of their own (make_item_slot()).  A relation without definition
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

AttributeValue
item_key_map(const KeySchema *schema, const ItemKey *key)
{
	MapEntry	entries[MAX_KEY_ATTRIBUTES];

	for (int i = 0; i < key->n; i++)
		entries[i] = (MapEntry) {schema->attributes[i].name, key->values[i]};
	return attribute_make_map(entries, key->n);
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

Bitmapset *
item_row_values(const TableDefinition *definition, TupleDesc desc, const DynamoItem *item,
				TupleTableSlot *old, Datum *values, bool *isnull)
{
	AttributeValue root = item_root(item);
	Bitmapset  *changed = NULL;
	ItemKey		key;

	item_checked_key(&definition->key, root, &key);
	check_item_size(item);

	memset(isnull, true, desc->natts * sizeof(bool));
	for (int i = 0; i < definition->nderived; i++)
	{
		const DerivedColumn *derived = &definition->derived[i];
		AttributeValue value = i < key.n ? key.values[i] : map_get(root, derived->attribute);
		int			column = derived->column - 1;

		if (old != NULL)
		{
			values[column] = slot_getattr(old, derived->column, &isnull[column]);
			if (derived_value_matches(derived, value, values[column], isnull[column]))
				continue;
			changed = bms_add_member(changed, derived->column);
		}
		isnull[column] = !derived_value_datum(derived, value, &values[column]);
	}
	values[definition->item_column - 1] = DynamoItemGetDatum(item);
	isnull[definition->item_column - 1] = false;
	return changed;
}

/*
 * Raises check_violation unless the derived columns of the row hold what its
 * item says.  A table may be rewritten before a new column has been filled: in a
 * transient relation columns may still be empty that may be so at all.
 */
static void
check_derived_columns(Relation rel, const TableDefinition *definition,
					  TupleTableSlot *slot, AttributeValue item)
{
	bool		is_rewrite = OidIsValid(rel->rd_rel->relrewrite);

	for (int i = 0; i < definition->nderived; i++)
	{
		const DerivedColumn *derived = &definition->derived[i];
		bool		isnull;
		Datum		datum = slot_getattr(slot, derived->column, &isnull);

		if (derived_datum_matches(derived, item, datum, isnull))
			continue;
		if (!(is_rewrite && isnull && derived->role >= DERIVED_INDEX))
			column_conflict_error(rel, definition, derived);
	}
}

void
column_conflict_error(Relation rel, const TableDefinition *definition,
					  const DerivedColumn *derived)
{
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("column \"%s\" of table \"%s\" differs from attribute %.*s of the item",
					NameStr(TupleDescAttr(RelationGetDescr(rel), derived->column - 1)->attname),
					get_rel_name(definition->relid),
					derived->attribute.len, derived->attribute.data),
			 errhint("Set column \"%s\" only: the others are derived from it.", ITEM_COLUMN),
			 errtablecol(rel, derived->column)));
}

/* A virtual slot's; its address tells which slots are ours. */
static TupleTableSlotOps item_slot_ops;

TupleTableSlot *
make_item_slot(Relation rel)
{
	if (item_slot_ops.init == NULL)
		item_slot_ops = TTSOpsVirtual;
	return MakeSingleTupleTableSlot(RelationGetDescr(rel), &item_slot_ops);
}

void
check_row_contract(Relation rel, TupleTableSlot *slot)
{
	const TableDefinition *definition;
	AttrNumber	item_column;
	Datum		datum;
	bool		isnull;
	DynamoItem *item;
	ItemKey		key;

	if (slot->tts_ops == &item_slot_ops)
		return;
	definition = row_definition(rel, &item_column);
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
		check_derived_columns(rel, definition, slot, item_root(item));
	}
	if ((Pointer) item != DatumGetPointer(datum))
		pfree(item);
}
