/*
 * update_item.c
 *		UpdateItem: some attributes of an item, which is made if there is none.
 *
 * Without an UpdateExpression the item is made with its key alone, or left as
 * it is.  An update that only removes makes no item.
 */
#include "postgres.h"

#include "common/errors.h"
#include "ops/write.h"

static void bind_update(const UpdateItemRequest *request, ItemWrite *write);
static WriteVerdict update(const ItemWrite *write, AttributeValue old,
						   DynamoItem **new_item);

void
op_update_item(const UpdateItemRequest *request, WriteResult *result)
{
	ItemWrite	write;

	prepare_update(request, &write);
	run_write(&write, result);
}

void
prepare_update(const UpdateItemRequest *request, ItemWrite *write)
{
	*write = (ItemWrite) {
		.table_name = request->table_name,
		.privileges = ACL_SELECT | ACL_INSERT | ACL_UPDATE,
		.options = &request->options,
		.change = update,
		.key = request->key,
		.update_expression = request->update_expression,
	};
	bind_update(request, write);
}

/* Update and condition, given as expressions or as what was before them. */
static void
bind_update(const UpdateItemRequest *request, ItemWrite *write)
{
	const WriteOptions *options = &request->options;
	ExpressionParameter expressions[] = {
		{EXPR_UPDATE, request->update_expression},
		{EXPR_CONDITION, options->condition_expression},
	};

	bind_expressions(expressions, lengthof(expressions), options->names, options->values);
	write->update = expressions[0].bound;
	write->condition = expressions[1].bound;
	if (write->update != NULL || write->condition != NULL)
		return;
	expr_check_conditional_operator(options->conditional_operator, options->expected.elements);
	write->condition = expr_from_expected(options->expected.elements,
										  options->conditional_operator);
	write->update = expr_from_attribute_updates(request->attribute_updates.elements);
}

/* An ItemChange. */
static WriteVerdict
update(const ItemWrite *write, AttributeValue old, DynamoItem **new_item)
{
	AttributeValue item = attribute_exists(old) ? old : write->key;

	if (write->update != NULL)
	{
		item = expr_apply_update(write->update, item);
		if (!attribute_exists(old) && attribute_equal(item, write->key))
			return WRITE_NOTHING;
	}
	*new_item = item_from_root(item);
	if (item_size(*new_item) > MAX_ITEM_SIZE)
		validation_error("Item size to update has exceeded the maximum allowed size");
	return WRITE_ITEM;
}
