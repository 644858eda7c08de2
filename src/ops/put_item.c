/*
 * put_item.c
 *		PutItem: a whole item, in place of what its key held before.
 */
#include "postgres.h"

#include "common/errors.h"
#include "ops/keys.h"
#include "ops/write.h"

static WriteVerdict put(const ItemWrite *write, AttributeValue old, DynamoItem **new_item);

void
op_put_item(const PutItemRequest *request, WriteResult *result)
{
	const WriteOptions *options = &request->options;
	ItemWrite	write = {.options = options,.change = put};
	DynamoTable *table;
	ItemKey		key;

	check_returns_old_or_none(options);
	write.item = item_from_root(request->item);
	if (item_size(write.item) > MAX_ITEM_SIZE)
		validation_error("Item size has exceeded the maximum allowed size");
	write.condition = bind_condition(options);

	table = dynamo_table_open(request->table_name, RowExclusiveLock,
							  ACL_SELECT | ACL_INSERT | ACL_UPDATE);
	check_item_key(&table->definition->key, request->item, &key);
	write_item(table, &key, request->table_name, &write, result);
	dynamo_table_close(table);
}

/* An ItemChange. */
static WriteVerdict
put(const ItemWrite *write, AttributeValue old, DynamoItem **new_item)
{
	*new_item = write->item;
	return WRITE_ITEM;
}
