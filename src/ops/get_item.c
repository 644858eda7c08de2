/*
 * get_item.c
 *		GetItem: one item by its key.
 *
 * Every read of ours is consistent; ConsistentRead only changes what is
 * charged.
 */
#include "postgres.h"

#include "ops/keys.h"
#include "ops/operation.h"

void
op_get_item(const GetItemRequest *request, GetItemResult *result)
{
	ExpressionParameter projection = {EXPR_PROJECTION, request->projection_expression};
	LegacyParameter legacy = {"AttributesToGet", request->attributes_to_get.given};
	DynamoTable *table;
	DynamoItem *item;
	ItemKey		key;

	check_not_mixed(&projection, 1, &legacy, 1);
	bind_expressions(&projection, 1, request->names, NO_ATTRIBUTE_VALUE);
	if (projection.bound == NULL)
		projection.bound = expr_from_attributes_to_get(request->attributes_to_get.elements);

	table = dynamo_table_open(request->table_name, AccessShareLock, ACL_SELECT);
	expr_check_key_paths(projection.bound, &table->definition->key);
	check_request_key(&table->definition->key, request->key, &key);
	item = table_get_item(table, &key);
	dynamo_table_close(table);

	result->item = item != NULL ? item_root(item) : NO_ATTRIBUTE_VALUE;
	if (item != NULL && projection.bound != NULL)
		result->item = expr_project(projection.bound, result->item);
	report_capacity(&result->capacity, request->return_capacity, request->table_name,
					read_units(item != NULL ? item_size(item) : 0,
							   request->consistent_read.value));
}
