/*
 * delete_item.c
 *		DeleteItem: the item of a key goes, if there is one.
 */
#include "postgres.h"

#include "ops/keys.h"
#include "ops/write.h"

static WriteVerdict delete(const ItemWrite *write, AttributeValue old,
						   DynamoItem **new_item);

void
op_delete_item(const DeleteItemRequest *request, WriteResult *result)
{
	const WriteOptions *options = &request->options;
	ItemWrite	write = {.options = options,.change = delete};
	DynamoTable *table;
	ItemKey		key;

	check_returns_old_or_none(options);
	write.condition = bind_condition(options);

	table = dynamo_table_open(request->table_name, RowExclusiveLock,
							  ACL_SELECT | ACL_DELETE);
	check_request_key(&table->definition->key, request->key, &key);
	write_item(table, &key, request->table_name, &write, result);
	dynamo_table_close(table);
}

/* An ItemChange. */
static WriteVerdict
delete(const ItemWrite *write, AttributeValue old, DynamoItem **new_item)
{
	return attribute_exists(old) ? WRITE_DELETE : WRITE_NOTHING;
}
