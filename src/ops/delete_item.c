/*
 * delete_item.c
 *		DeleteItem: the item of a key goes, if there is one.
 */
#include "postgres.h"

#include "ops/write.h"

static WriteVerdict delete(const ItemWrite *write, AttributeValue old,
						   DynamoItem **new_item);

void
op_delete_item(const DeleteItemRequest *request, WriteResult *result)
{
	ItemWrite	write;

	check_returns_old_or_none(&request->options);
	prepare_delete(request, &write);
	run_write(&write, result);
}

void
prepare_delete(const DeleteItemRequest *request, ItemWrite *write)
{
	const WriteOptions *options = &request->options;

	*write = (ItemWrite) {
		.table_name = request->table_name,
		.privileges = ACL_SELECT | ACL_DELETE,
		.options = options,
		.change = delete,
		.key = request->key,
	};
	write->condition = bind_condition(options);
}

/* An ItemChange. */
static WriteVerdict
delete(const ItemWrite *write, AttributeValue old, DynamoItem **new_item)
{
	return attribute_exists(old) ? WRITE_DELETE : WRITE_NOTHING;
}
