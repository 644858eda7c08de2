/*
 * put_item.c
 *		PutItem: a whole item, in place of what its key held before.
 */
#include "postgres.h"

#include "common/errors.h"
#include "ops/write.h"

static WriteVerdict put(const ItemWrite *write, AttributeValue old, DynamoItem **new_item);

void
op_put_item(const PutItemRequest *request, WriteResult *result)
{
	ItemWrite	write;

	check_returns_old_or_none(&request->options);
	prepare_put(request, &write);
	run_write(&write, result);
}

void
prepare_put(const PutItemRequest *request, ItemWrite *write)
{
	const WriteOptions *options = &request->options;

	*write = (ItemWrite) {
		.table_name = request->table_name,
		.privileges = ACL_SELECT | ACL_INSERT | ACL_UPDATE,
		.options = options,
		.change = put,
		.item = item_from_root(request->item),
	};
	if (item_size(write->item) > MAX_ITEM_SIZE)
		validation_error("Item size has exceeded the maximum allowed size");
	write->condition = bind_condition(options);
}

/* An ItemChange. */
static WriteVerdict
put(const ItemWrite *write, AttributeValue old, DynamoItem **new_item)
{
	*new_item = write->item;
	return WRITE_ITEM;
}
