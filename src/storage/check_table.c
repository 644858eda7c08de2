/*
 * check_table.c
 *		dynamo.check_table(): what is wrong with a table.
 *
 * Reads the whole table in the statement's snapshot under AccessShareLock.  The
 * contract (contract.c) is asked again here without raising, for tables whose
 * rows came in while nobody could: restored before their trigger existed, or
 * stored under another access method.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "common/errors.h"
#include "storage/storage_internal.h"

typedef struct TableCheck
{
	ReturnSetInfo *result;
	Relation	rel;			/* the table, or the partition being read */
	const TableDefinition *definition;	/* of rel; NULL: it has none */
	AttrNumber	item_column;
	bool		ttl_in_the_making; /* a worker is at it, as it may be at indexes */
	Bitmapset  *in_the_making;	/* derived columns that may be empty yet */
} TableCheck;

/* Adds a row to the result; `key` is NULL where the problem is not of one row. */
static void
report(TableCheck *check, const char *key, const char *problem)
{
	Datum		values[2] = {CStringGetTextDatum(problem), (Datum) 0};
	bool		isnull[2] = {false, key == NULL};

	if (key != NULL)
		values[1] = CStringGetTextDatum(key);
	tuplestore_putvalues(check->result->setResult, check->result->setDesc, values, isnull);
}

/* ---- the relation ---- */

/* Whether the trigger fires as create_table() made it to. */
static void
check_trigger(TableCheck *check, const Trigger *trigger)
{
	const char *name = RelationGetRelationName(check->rel);

	if (trigger->tgenabled != TRIGGER_FIRES_ALWAYS)
		report(check, NULL, psprintf("trigger \"%s\" of relation \"%s\" is not ENABLE ALWAYS",
									 MAINTENANCE_TRIGGER, name));
	if (!fires_at_every_write(trigger))
		report(check, NULL, psprintf("trigger \"%s\" of relation \"%s\" is not BEFORE every INSERT and UPDATE",
									 MAINTENANCE_TRIGGER, name));
}

static void
check_relation(TableCheck *check)
{
	const char *name = RelationGetRelationName(check->rel);
	const Trigger *trigger = find_maintenance_trigger(check->rel);

	if (check->definition == NULL)
		report(check, NULL, psprintf("relation \"%s\" has no trigger \"%s\": its keys cannot be checked",
									 name, MAINTENANCE_TRIGGER));
	else if (trigger != NULL)
		check_trigger(check, trigger);

	if (check->definition != NULL && !OidIsValid(check->definition->primary_index))
		report(check, NULL, psprintf("relation \"%s\" has no valid primary key over its key columns",
									 name));
	if (check->definition != NULL && !check->ttl_in_the_making &&
		table_ttl_attribute(check->definition).data != NULL &&
		!OidIsValid(table_ttl_index(check->rel)))
		report(check, NULL, psprintf("relation \"%s\" has no valid index over its column \"_ttl\": its items do not expire",
									 name));
	if (check->rel->rd_rel->relkind == RELKIND_RELATION && !is_dynamo_relation(check->rel))
		report(check, NULL, psprintf("relation \"%s\" does not use access method \"dynamo\"", name));
	if (check->item_column == InvalidAttrNumber)
		report(check, NULL, psprintf("relation \"%s\" has no column \"%s\" of type dynamo.item",
									 name, ITEM_COLUMN));
}

/* ---- its rows ---- */

/* The key that the columns of a row hold, as PostgreSQL's messages show keys. */
static char *
columns_key(TableCheck *check, TupleTableSlot *slot)
{
	int			nkeys = check->definition->key.nhash + check->definition->key.nrange;
	StringInfoData names;
	StringInfoData values;

	initStringInfo(&names);
	initStringInfo(&values);
	for (int i = 0; i < nkeys; i++)
	{
		AttrNumber	column = check->definition->key_columns[i];
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(check->rel), column - 1);
		const char *separator = i > 0 ? ", " : "";
		bool		isnull;
		Datum		datum = slot_getattr(slot, column, &isnull);
		Oid			output;
		bool		is_varlena;

		getTypeOutputInfo(attribute->atttypid, &output, &is_varlena);
		appendStringInfo(&names, "%s%s", separator, quote_identifier(NameStr(attribute->attname)));
		appendStringInfo(&values, "%s%s", separator,
						 isnull ? "null" : OidOutputFunctionCall(output, datum));
	}
	return psprintf("(%s)=(%s)", names.data, values.data);
}

/* Adds a row about one row of the table. */
static void pg_attribute_printf(3, 4)
report_row(TableCheck *check, TupleTableSlot *slot, const char *format,...)
{
	char		problem[1024];
	va_list		args;

	va_start(args, format);
	vsnprintf(problem, sizeof(problem), format, args);
	va_end(args);
	clip_to_characters(problem, sizeof(problem));
	report(check, check->definition != NULL ? columns_key(check, slot) : NULL, problem);
}

static void
check_key_part(TableCheck *check, TupleTableSlot *slot, AttributeValue value, int part)
{
	const KeyAttribute *attribute = &check->definition->key.attributes[part];
	AttrNumber	column = check->definition->key_columns[part];
	int			limit = part < check->definition->key.nhash ? MAX_PARTITION_KEY_SIZE : MAX_SORT_KEY_SIZE;
	bool		isnull;
	Datum		datum = slot_getattr(slot, column, &isnull);

	if (!attribute_exists(value))
		report_row(check, slot, "the item lacks its key attribute %.*s",
				   attribute->name.len, attribute->name.data);
	else if (attribute_type(value) != attribute->type)
		report_row(check, slot, "key attribute %.*s of the item has type %s, not %s",
				   attribute->name.len, attribute->name.data,
				   attribute_type_name(attribute_type(value)),
				   attribute_type_name(attribute->type));
	else if (attribute_size(value) == 0 || attribute_size(value) > limit)
		report_row(check, slot, "key attribute %.*s of the item has %d bytes, not 1 to %d",
				   attribute->name.len, attribute->name.data, attribute_size(value), limit);
	else if (isnull || !key_datum_equal(datum, value))
		report_row(check, slot, "column \"%s\" differs from attribute %.*s of the item",
				   NameStr(TupleDescAttr(RelationGetDescr(check->rel), column - 1)->attname),
				   attribute->name.len, attribute->name.data);
}

/* The derived columns that are not of the key. */
static void
check_derived(TableCheck *check, TupleTableSlot *slot, AttributeValue item)
{
	const TableDefinition *definition = check->definition;

	for (int i = definition->key.nhash + definition->key.nrange; i < definition->nderived; i++)
	{
		const DerivedColumn *derived = &definition->derived[i];
		bool		isnull;
		Datum		datum = slot_getattr(slot, derived->column, &isnull);

		if (!derived_datum_matches(derived, item, datum, isnull) &&
			!(isnull && bms_is_member(derived->column, check->in_the_making)))
			report_row(check, slot, "column \"%s\" differs from attribute %.*s of the item",
					   NameStr(TupleDescAttr(RelationGetDescr(check->rel),
											 derived->column - 1)
								   ->attname),
					   derived->attribute.len, derived->attribute.data);
	}
}

static void
check_row(TableCheck *check, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		datum = slot_getattr(slot, check->item_column, &isnull);
	DynamoItem *item;
	ItemKey		key;

	if (isnull)
	{
		report_row(check, slot, "the row has no item");
		return;
	}
	item = DatumGetDynamoItem(datum);
	if (item_size(item) > MAX_ITEM_SIZE)
		report_row(check, slot, "the item has %d bytes, more than %d", item_size(item), MAX_ITEM_SIZE);
	if (check->definition == NULL)
		return;
	item_key(&check->definition->key, item_root(item), &key);
	for (int i = 0; i < key.n; i++)
		check_key_part(check, slot, key.values[i], i);
	check_derived(check, slot, item_root(item));
}

static void
check_rows(TableCheck *check)
{
	TupleTableSlot *slot = table_slot_create(check->rel, NULL);
	TableScanDesc scan = table_beginscan(check->rel, GetActiveSnapshot(), 0, NULL);
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext, "dynamo.check_table",
													  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(row_context);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		check_row(check, slot);
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(row_context);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

/* The secondary indexes of the table, in the table itself or in a partition of it. */
static void
check_indexes(TableCheck *check, const List *indexes)
{
	const char *name = RelationGetRelationName(check->rel);
	ListCell   *cell;

	foreach(cell, indexes)
	{
		const IndexDefinition *index = lfirst(cell);
		char	   *disagreement = NULL;
		IndexParts	parts;
		Oid			btree;

		if (index->status != INDEX_ACTIVE)
			continue;
		if (!index_parts(check->definition, &index->key, &parts))
		{
			report(check, NULL, psprintf("relation \"%s\" lacks a column of index %.*s", name, index->name.len, index->name.data));
			continue;
		}
		btree = index_btree(check->rel, &parts, true);
		if (!OidIsValid(btree))
			report(check, NULL, psprintf("relation \"%s\" has no valid btree for index %.*s, which is read without", name, index->name.len, index->name.data));
		else
			disagreement = index_disagreement(check->rel, btree, &parts);
		if (disagreement != NULL)
			report(check, NULL, psprintf("the btree of index %.*s of relation \"%s\" %s", index->name.len, index->name.data, name, disagreement));
	}
}

/* Adds the columns of indexes that are ACTIVE, or are not. */
static Bitmapset *
add_index_columns(Bitmapset *columns, const TableDefinition *definition, const List *indexes,
				  bool are_active)
{
	ListCell   *cell;

	foreach(cell, indexes)
	{
		const IndexDefinition *index = lfirst(cell);
		IndexParts	parts;

		if ((index->status == INDEX_ACTIVE) == are_active &&
			index_parts(definition, &index->key, &parts))
			for (int i = 0; i < parts.n; i++)
				columns = bms_add_member(columns, parts.columns[i]->column);
	}
	return columns;
}

/* Those that a worker still fills, so that nothing is read by them. */
static Bitmapset *
columns_in_the_making(const TableCheck *check, const List *indexes)
{
	const TableDefinition *definition = check->definition;
	Bitmapset  *result = add_index_columns(NULL, definition, indexes, false);

	result = bms_del_members(result, add_index_columns(NULL, definition, indexes, true));
	for (int i = definition->key.nhash + definition->key.nrange; i < definition->nderived; i++)
		if (definition->derived[i].role == DERIVED_TTL && check->ttl_in_the_making)
			result = bms_add_member(result, definition->derived[i].column);
	return result;
}

/* Checks the table's relation, and the partitions where it is partitioned. */
static void
check_relation_tree(ReturnSetInfo *result, Relation table)
{
	List	   *relids = find_all_inheritors(RelationGetRelid(table), AccessShareLock, NULL);
	List	   *indexes = index_catalog_read(RelationGetRelid(table));
	bool		ttl_in_the_making = index_build_find(RelationGetRelid(table), TTL_BUILD) != NULL;
	ListCell   *cell;

	foreach(cell, relids)
	{
		TableCheck	check = {.result = result, .ttl_in_the_making = ttl_in_the_making};

		check.rel = table_open(lfirst_oid(cell), NoLock);
		check.definition = row_definition(check.rel, &check.item_column);
		if (check.definition != NULL)
			check.in_the_making = columns_in_the_making(&check, indexes);
		check_relation(&check);
		if (check.rel->rd_rel->relkind == RELKIND_RELATION &&
			check.item_column != InvalidAttrNumber)
			check_rows(&check);
		if (check.rel->rd_rel->relkind == RELKIND_RELATION && check.definition != NULL)
			check_indexes(&check, indexes);
		table_close(check.rel, NoLock);
	}
}

/*
 * dynamo.check_table(table_name text) returns setof (problem text, key
 * text): no rows if all is well.  Needs SELECT on the table, and is refused
 * where row security would hide rows from the caller.
 */
PG_FUNCTION_INFO_V1(dynamo_check_table);
Datum
dynamo_check_table(PG_FUNCTION_ARGS)
{
	text	   *name;
	Relation	table;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("table_name must not be null")));
	name = PG_GETARG_TEXT_PP(0);
	table = open_table_relation((Bytes) {VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)},
								AccessShareLock, ACL_SELECT);
	if (check_enable_rls(RelationGetRelid(table), InvalidOid, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row-level security hides rows of table \"%s\"",
						RelationGetRelationName(table)),
				 errhint("Check the table as its owner or as a role with BYPASSRLS.")));
	InitMaterializedSRF(fcinfo, 0);
	check_relation_tree((ReturnSetInfo *) fcinfo->resultinfo, table);
	table_close(table, NoLock);
	return (Datum) 0;
}
