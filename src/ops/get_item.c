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
	BoundExpr  *projection = bind_projection(request->projection_expression,
											 request->attributes_to_get, request->names);
	DynamoTable *table;
	DynamoItem *item;
	ItemKey		key;

	table = dynamo_table_open(request->table_name, AccessShareLock, ACL_SELECT);
	check_key_paths(table->definition, projection);
	check_request_key(&table->definition->key, request->key, &key);
	item = table_get_item(table, &key);
	dynamo_table_close(table);

	result->item = item != NULL ? item_root(item) : NO_ATTRIBUTE_VALUE;
	if (projection == NULL)
		result->whole = item;
	else if (item != NULL)
		result->item = expr_project(projection, result->item);
	report_capacity(&result->capacity, request->return_capacity, request->table_name,
					read_units(item != NULL ? item_size(item) : 0,
							   request->consistent_read.value));
}
