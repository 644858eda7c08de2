/*
 * trigger.c
 *		The index maintenance trigger: derived columns from the item.
 *
 * Each table has it as "zzz_dynamo_maintain" BEFORE INSERT OR UPDATE FOR EACH
 * ROW, ENABLE ALWAYS; its arguments are the table's definition (definition.c
 * has their format).  The name sorts last among the triggers of its kind, so it
 * sees the item that all others leave behind.
 *
 * Columns are filled from the item.  A statement that sets one itself must
 * agree with the item, or it fails: silently keeping either value would lose
 * what the statement said.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/datum.h"
#include "utils/rel.h"

#include "common/errors.h"
#include "storage/storage_internal.h"

/*
 * The definition of the table that the trigger is called for.  (It comes from a
 * trigger that has the name and this very function, and a table has one of a
 * name: nothing is looked up for each row.)
 */
static const TableDefinition *
maintained_definition(FunctionCallInfo fcinfo)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	const TableDefinition *definition;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("dynamo.maintain_columns() must be called as a trigger")));
	definition = table_definition(data->tg_relation);
	if (!TRIGGER_FIRED_BEFORE(data->tg_event) || !TRIGGER_FIRED_FOR_ROW(data->tg_event) ||
		TRIGGER_FIRED_BY_DELETE(data->tg_event) || definition == NULL ||
		strcmp(data->tg_trigger->tgname, MAINTENANCE_TRIGGER) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("dynamo.maintain_columns() serves only the trigger \"%s\" BEFORE INSERT OR UPDATE FOR EACH ROW",
						MAINTENANCE_TRIGGER),
				 errhint("dynamo.create_table() creates tables with their trigger.")));
	return definition;
}

/* Whether an UPDATE leaves a column as it was, byte by byte. */
static bool
column_unchanged(TupleDesc desc, AttrNumber column, HeapTuple old_row, Datum new_value,
				 bool new_isnull)
{
	Form_pg_attribute attribute = TupleDescAttr(desc, column - 1);
	bool		isnull;
	Datum		old_value = heap_getattr(old_row, column, desc, &isnull);

	if (isnull || new_isnull)
		return isnull == new_isnull;
	return datum_image_eq(old_value, new_value, attribute->attbyval, attribute->attlen);
}

/*
 * Whether the statement itself set the column: an INSERT to anything but NULL,
 * an UPDATE to anything else than it was.
 */
static bool
statement_set_column(TupleDesc desc, AttrNumber column, HeapTuple old_row,
					 Datum value, bool isnull)
{
	if (old_row == NULL)
		return !isnull;
	return !column_unchanged(desc, column, old_row, value, isnull);
}

/*
 * The row with those columns replaced that do not hold what the item says; the
 * row itself if all do.  `old_row` is NULL for an INSERT.
 */
static HeapTuple
with_derived_columns(Relation rel, const TableDefinition *definition, AttributeValue item,
					 HeapTuple row, HeapTuple old_row)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int		   *columns = palloc_array(int, definition->nderived);
	Datum	   *values = palloc_array(Datum, definition->nderived);
	bool	   *nulls = palloc_array(bool, definition->nderived);
	int			n = 0;

	for (int i = 0; i < definition->nderived; i++)
	{
		const DerivedColumn *derived = &definition->derived[i];
		bool		isnull;
		Datum		value = heap_getattr(row, derived->column, desc, &isnull);

		if (derived_datum_matches(derived, item, value, isnull))
			continue;
		if (statement_set_column(desc, derived->column, old_row, value, isnull))
			column_conflict_error(rel, definition, derived);
		columns[n] = derived->column;
		nulls[n] = !derived_datum(derived, item, &values[n]);
		n++;
	}
	return n == 0 ? row : heap_modify_tuple_by_cols(row, desc, n, columns, values, nulls);
}

/*
 * dynamo.maintain_columns() returns trigger.  Raises DynamoDB's
 * ValidationException for an item that lacks its key or breaks a limit, and
 * check_violation where the statement contradicts the item.
 */
PG_FUNCTION_INFO_V1(dynamo_maintain_columns);
Datum
dynamo_maintain_columns(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	const TableDefinition *definition;
	TupleDesc	desc;
	HeapTuple	row;
	HeapTuple	old_row = NULL;
	Datum		item_datum;
	bool		isnull;
	DynamoItem *item;
	ItemKey		key;

	definition = maintained_definition(fcinfo);
	desc = RelationGetDescr(data->tg_relation);
	row = data->tg_trigtuple;
	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event))
	{
		old_row = data->tg_trigtuple;
		row = data->tg_newtuple;
	}

	item_datum = heap_getattr(row, definition->item_column, desc, &isnull);
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("null value in column \"%s\" of table \"%s\": a row needs its item",
						ITEM_COLUMN, RelationGetRelationName(data->tg_relation)),
				 errhint("Set column \"%s\": the others are derived from it.", ITEM_COLUMN),
				 errtablecol(data->tg_relation, definition->item_column)));
	item = DatumGetDynamoItem(item_datum);
	item_checked_key(&definition->key, item_root(item), &key);

	return PointerGetDatum(with_derived_columns(data->tg_relation, definition, item_root(item),
												row, old_row));
}
