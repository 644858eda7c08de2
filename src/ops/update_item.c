/*
 * update_item.c
 *		UpdateItem: some attributes of an item, which is made if there is none.
 *
 * Without an UpdateExpression the item is made with its key alone, or left as
 * it is.
 */
#include "postgres.h"

#include "common/errors.h"
#include "ops/keys.h"
#include "ops/write.h"

static WriteVerdict update(const ItemWrite *write, AttributeValue old,
						   DynamoItem **new_item);

void
op_update_item(const UpdateItemRequest *request, WriteResult *result)
{
	const WriteOptions *options = &request->options;
	ExpressionParameter expressions[] = {
		{EXPR_UPDATE, request->update_expression},
		{EXPR_CONDITION, options->condition_expression},
	};
	ItemWrite	write = {.options = options,.change = update,.key = request->key};
	DynamoTable *table;
	ItemKey		key;

	bind_expressions(expressions, lengthof(expressions), options->names, options->values);
	write.update = expressions[0].bound;
	write.condition = expressions[1].bound;

	table = dynamo_table_open(request->table_name, RowExclusiveLock,
							  ACL_SELECT | ACL_INSERT | ACL_UPDATE);
	check_request_key(&table->definition->key, request->key, &key);
	check_update_spares_key(&table->definition->key, write.update);
	write_item(table, &key, request->table_name, &write, result);
	dynamo_table_close(table);
}

/* An ItemChange. */
static WriteVerdict
update(const ItemWrite *write, AttributeValue old, DynamoItem **new_item)
{
	AttributeValue item = attribute_exists(old) ? old : write->key;

	if (write->update != NULL)
		item = expr_apply_update(write->update, item);
	*new_item = item_from_root(item);
	if (item_size(*new_item) > MAX_ITEM_SIZE)
		validation_error("Item size to update has exceeded the maximum allowed size");
	return WRITE_ITEM;
}
