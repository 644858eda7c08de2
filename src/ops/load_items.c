/*
 * load_items.c
 *		dynamo.load_items(): many items at once, from a query.
 *
 * This is no operation of DynamoDB.  It needs what a COPY into the table needs,
 * and SELECT, since it looks keys up; other writers wait until the transaction
 * ends, readers go on.
 */
#include "postgres.h"

#include "ops/ops.h"

/* An ItemConsumer. */
static void
add_item(void *load, const DynamoItem *item)
{
	table_load_add(load, item);
}

void
op_load_items(const LoadRequest *request, LoadCounts *result)
{
	AclMode		update = request->on_conflict == LOAD_REPLACE ? ACL_UPDATE : 0;
	DynamoTable *table = dynamo_table_open(request->table_name, ShareRowExclusiveLock,
										   ACL_SELECT | ACL_INSERT | update);
	ItemQuery  *query = item_query_prepare(request->query);
	TableLoad  *load = table_load_begin(table, request->on_conflict);

	item_query_run(query, add_item, load);
	table_load_finish(load, result);
	dynamo_table_close(table);
}
