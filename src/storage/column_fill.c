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
 *
 * Why no row is missed: adding the columns takes AccessExclusiveLock, which waits
 * for every transaction that has written the table, since those hold their locks
 * to their end.  Whoever locks the table afterwards has first to process the
 * invalidation, and so knows the columns, however old its snapshot or its plans.
 * What was written without them was therefore committed before, and the scan's
 * snapshot, taken later, sees it.
 *
 * A row that another transaction is changing is filled by that, unless it aborts;
 * so its end is awaited, but not by somebody who keeps rows of others locked.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "storage/storage_internal.h"

/* How long rows may be locked by a fill with a limit. */
#define MAX_BATCH_TIME	100		/* ms */

static void tell_stream(DynamoTable *table, const char *text);
static FillResult fill_rows(DynamoTable *table, FillPosition *position, int limit);
static FillResult fill_next(DynamoTable *table, ItemScan *scan, FillPosition *position,
							MemoryContext key_context, bool wait);
static bool has_values_to_fill(const TableDefinition *definition, AttributeValue item);

FillResult
table_fill_derived(DynamoTable *table, FillPosition *position, int limit)
{
	FillResult	result;

	tell_stream(table, "");
	result = fill_rows(table, position, limit);
	tell_stream(table, BACKFILL_END);
	return result;
}

/* The old items are not always in the log, which would tell that they stay. */
static void
tell_stream(DynamoTable *table, const char *text)
{
	TableStream stream;

	if (table_stream(table->rel, &stream))
		stream_mark_write(BACKFILL_MARK, text);
}

static FillResult
fill_rows(DynamoTable *table, FillPosition *position, int limit)
{
	ItemScanSpec spec = {.has_start = position->started};
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext, "dynamo column fill",
													  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = CurrentMemoryContext;
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), MAX_BATCH_TIME);
	FillResult	result = FILL_LIMIT;
	ItemScan   *scan;

	memcpy(spec.start_after, position->last.values, sizeof(position->last.values));
	/* Under REPEATABLE READ too: rows that it does not see are in the index. */
	PushActiveSnapshot(GetLatestSnapshot());
	scan = table_scan_begin(table, &spec);
	MemoryContextSwitchTo(row_context);
	for (int i = 0; result == FILL_LIMIT && (limit == 0 || i < limit); i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (limit > 0 && i > 0 && GetCurrentTimestamp() > end)
			break;
		result = fill_next(table, scan, position, caller, limit == 0 || i == 0);
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(caller);
	table_scan_end(scan);
	PopActiveSnapshot();
	MemoryContextDelete(row_context);
	return result;
}

/* Fills the next row of the scan; FILL_LIMIT if others may follow. */
static FillResult
fill_next(DynamoTable *table, ItemScan *scan, FillPosition *position, MemoryContext key_context,
		  bool wait)
{
	const TableDefinition *definition = table_definition(table->rel);
	const DynamoItem *item = table_scan_next(scan);
	ItemKey		key;
	MemoryContext row_context;

	if (item == NULL)
		return FILL_COMPLETE;
	item_key(&definition->key, item_root(item), &key);
	if (has_values_to_fill(definition, item_root(item)) &&
		!table_refresh_columns(table, &key, wait))
		return FILL_BUSY;

	row_context = MemoryContextSwitchTo(key_context);
	fill_position_set(position, &key);
	MemoryContextSwitchTo(row_context);
	position->examined++;
	return FILL_LIMIT;
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

/* The copy takes the place of the last one, which goes. */
void
fill_position_set(FillPosition *position, const ItemKey *key)
{
	ItemKey	   *copy = &position->last;

	position->started = true;
	for (int i = 0; i < copy->n; i++)
		pfree(unconstify(char *, copy->values[i].data));
	*copy = *key;
	for (int i = 0; i < key->n; i++)
		copy->values[i].data = memcpy(palloc(key->values[i].len), key->values[i].data,
									  key->values[i].len);
}
