/*
 * row_read.c
 *		Get: the item of one key, as the active snapshot sees it.
 *
 * One descent of the primary key's index and one tuple, by the index scan that
 * a SELECT would use: so predicate locks are taken under SERIALIZABLE, and it
 * works on a standby.
 */
#include "postgres.h"

#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "storage/row_internal.h"

static DynamoItem *get_item(DynamoTable *table, const ItemKey *key);

DynamoItem *
table_get_item(DynamoTable *table, const ItemKey *key)
{
	DynamoItem *item;

	watch_rows(table, key->values[0], false);
	item = table->direct ? get_item(table, key) : sql_get_item(table, key);
	if (item == NULL)
		check_rewrite(table);
	return item;
}

static DynamoItem *
get_item(DynamoTable *table, const ItemKey *key)
{
	DynamoItem *item = NULL;
	RowLookup	lookup;

	row_lookup_begin(&lookup, table, key, AccessShareLock);
	check_index_age(&table->access->primary);
	if (row_find_in_snapshot(&lookup, GetActiveSnapshot()))
		item = copy_item(slot_item(lookup.slot, lookup.access->item_column));
	row_lookup_end(&lookup);
	return item;
}
