/*
 * column_fill.c
 *		Filling derived columns of rows that are older than the columns.
 *
 * Writers fill new columns from the moment that the trigger's arguments name
 * them; what is left are the rows that nobody writes.  They are looked at in the
 * order of the primary key, so that the last key says where to go on, in another
 * transaction or after a crash: one call does it all, or many of a limited
 * number of items.
 *
 * The scan reads one snapshot.  Each row that has something to be filled in is
 * then written as if its item were replaced by itself: its latest version, in a
 * compare-and-set, so that concurrent writers lose nothing (row_write.c).
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "storage/storage_internal.h"

static bool fill_next(DynamoTable *table, ItemScan *scan, FillPosition *position,
					  MemoryContext key_context);
static bool has_values_to_fill(const TableDefinition *definition, AttributeValue item);
static void copy_key(const ItemKey *key, ItemKey *copy);

bool
table_fill_derived(DynamoTable *table, FillPosition *position, int limit)
{
	ItemScanSpec spec = {.has_start = position->started};
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext, "dynamo column fill",
													  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = CurrentMemoryContext;
	bool		more = true;
	ItemScan   *scan;

	memcpy(spec.start_after, position->last.values, sizeof(position->last.values));
	PushActiveSnapshot(GetTransactionSnapshot());
	scan = table_scan_begin(table, &spec);
	MemoryContextSwitchTo(row_context);
	for (int i = 0; more && (limit == 0 || i < limit); i++)
	{
		CHECK_FOR_INTERRUPTS();
		more = fill_next(table, scan, position, caller);
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(caller);
	table_scan_end(scan);
	PopActiveSnapshot();
	MemoryContextDelete(row_context);
	return !more;
}

/* Fills the next row of the scan; false at the end. */
static bool
fill_next(DynamoTable *table, ItemScan *scan, FillPosition *position, MemoryContext key_context)
{
	const TableDefinition *definition = table_definition(table->rel);
	const DynamoItem *item = table_scan_next(scan);
	ItemKey		key;
	MemoryContext row_context;

	if (item == NULL)
		return false;
	item_key(&definition->key, item_root(item), &key);
	if (has_values_to_fill(definition, item_root(item)))
		table_refresh_columns(table, &key);

	row_context = MemoryContextSwitchTo(key_context);
	copy_key(&key, &position->last);
	MemoryContextSwitchTo(row_context);
	position->started = true;
	position->examined++;
	return true;
}

/* Whether the item says anything of the columns that may be empty. */
static bool
has_values_to_fill(const TableDefinition *definition, AttributeValue item)
{
	for (int i = definition->key.nhash + definition->key.nrange; i < definition->nderived; i++)
		if (!derived_datum_matches(&definition->derived[i], item, (Datum) 0, true))
			return true;
	return false;
}

/* Into the place of the last copy, which goes. */
static void
copy_key(const ItemKey *key, ItemKey *copy)
{
	for (int i = 0; i < copy->n; i++)
		pfree(unconstify(char *, copy->values[i].data));
	*copy = *key;
	for (int i = 0; i < key->n; i++)
		copy->values[i].data = memcpy(palloc(key->values[i].len), key->values[i].data,
									  key->values[i].len);
}
