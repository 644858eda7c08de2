/*
 * write.c
 *		What PutItem, UpdateItem and DeleteItem have in common.
 *
 * Storage hands us the version of the item that it is about to replace, and
 * replaces no other: condition, change, ReturnValues and capacity are all
 * decided on that version, in decide_write().  When another transaction was
 * faster, it runs again on the next version, and what the earlier run left in
 * the ItemWrite is overwritten.
 */
#include "postgres.h"

#include "common/errors.h"
#include "ops/indexes.h"
#include "ops/keys.h"
#include "ops/write.h"

static IndexKeyCheck key_check(const ItemWrite *write);
static void raise_condition_failed(const ItemWrite *write, AttributeValue item);
static AttributeValue returned_attributes(const ItemWrite *write,
										  AttributeValue old, AttributeValue new);
static AttributeValue updated_attributes(const ItemWrite *write, AttributeValue item);

void
run_write(ItemWrite *write, WriteResult *result)
{
	open_write(write);
	check_write_key(write);
	table_write_item(write->table, &write->item_key, decide_write, write);
	result->attributes = write->attributes;
	result->collection_key = NO_ATTRIBUTE_VALUE;
	if (write->options->return_metrics == METRICS_SIZE)
		result->collection_key = collection_key(write->table, &write->item_key);
	dynamo_table_close(write->table);

	report_capacity(&result->capacity, write->options->return_capacity, write->table_name,
					write_units(write->old_size, write->new_size));
	charge_indexes(&result->capacity, &write->index_charges, 1);
}

List *
add_write_capacity(List *capacities, CapacityKind kind, ReturnCapacity asked,
				   const ItemWrite *write, double factor)
{
	capacities = add_capacity(capacities, kind, asked, write->table_name,
							  factor * write_units(write->old_size, write->new_size));
	charge_indexes(capacity_of(capacities, write->table_name), &write->index_charges, factor);
	return capacities;
}

List *
add_collection(List *collections, const ItemWrite *write)
{
	AttributeValue key = collection_key(write->table, &write->item_key);
	WrittenCollections *of_table = NULL;
	ListCell   *cell;

	if (!attribute_exists(key))
		return collections;
	foreach(cell, collections)
		if (bytes_equal(((WrittenCollections *) lfirst(cell))->table_name, write->table_name))
			of_table = lfirst(cell);
	if (of_table == NULL)
	{
		of_table = palloc0_object(WrittenCollections);
		of_table->table_name = write->table_name;
		collections = lappend(collections, of_table);
	}
	foreach(cell, of_table->keys)
		if (attribute_equal(*(AttributeValue *) lfirst(cell), key))
			return collections;
	of_table->keys = lappend(of_table->keys, memcpy(palloc_object(AttributeValue), &key, sizeof(key)));
	return collections;
}

BoundExpr *
bind_condition(const WriteOptions *options)
{
	ExpressionParameter condition = {EXPR_CONDITION, options->condition_expression};

	bind_expressions(&condition, 1, options->names, options->values);
	if (condition.bound != NULL)
		return condition.bound;
	expr_check_conditional_operator(options->conditional_operator, options->expected.elements);
	return expr_from_expected(options->expected.elements, options->conditional_operator);
}

void
open_write(ItemWrite *write)
{
	write->table = dynamo_table_open(write->table_name, RowExclusiveLock, write->privileges);
	write->result_context = CurrentMemoryContext;
}

void
check_write_key(ItemWrite *write)
{
	const KeySchema *schema = &write->table->definition->key;

	if (write->item != NULL)
		check_item_key(schema, item_root(write->item), &write->item_key);
	else
		check_request_key(schema, write->key, &write->item_key);
	check_key_paths(write->table->definition, write->condition);
	check_update_spares_key(schema, write->update);
	check_key_paths(write->table->definition, write->update);
	if (write->item != NULL)
	{
		check_index_keys(write->table, &write->item_key, item_root(write->item));
		check_local_entries(write->table, write->item, false);
	}
}

void
check_returns_old_or_none(const WriteOptions *options)
{
	if (options->return_values > RETURN_ALL_OLD)
		validation_error("ReturnValues can only be ALL_OLD or NONE");
}

static int
compare_writes(const void *a, const void *b)
{
	const ItemWrite *x = *(ItemWrite *const *) a;
	const ItemWrite *y = *(ItemWrite *const *) b;
	Oid			x_table = x->table->definition->relid;
	Oid			y_table = y->table->definition->relid;

	if (x_table != y_table)
		return x_table < y_table ? -1 : 1;
	return compare_keys(&x->item_key, &y->item_key);
}

bool
sort_writes(ItemWrite **writes, int n)
{
	qsort(writes, n, sizeof(ItemWrite *), compare_writes);
	for (int i = 1; i < n; i++)
		if (compare_writes(&writes[i - 1], &writes[i]) == 0)
			return false;
	return true;
}

WriteVerdict
decide_write(void *arg, const DynamoItem *old, DynamoItem **new_item)
{
	ItemWrite  *write = arg;
	AttributeValue old_root = old != NULL ? item_root(old) : NO_ATTRIBUTE_VALUE;
	AttributeValue new_root = NO_ATTRIBUTE_VALUE;
	WriteVerdict verdict;
	MemoryContext caller;

	if (write->condition != NULL && !expr_condition_holds(write->condition, old_root))
		raise_condition_failed(write, old_root);

	verdict = write->change(write, old_root, new_item);
	if (verdict == WRITE_ITEM)
		new_root = item_root(*new_item);
	write->old_size = old != NULL ? item_size(old) : 0;
	write->new_size = verdict == WRITE_ITEM ? item_size(*new_item) : 0;

	caller = MemoryContextSwitchTo(write->result_context);
	write->attributes = returned_attributes(write, old_root, new_root);
	write->index_charges = (IndexCharges) {0};
	if (verdict != WRITE_NOTHING)
		index_write_charges(write->table, &write->item_key, old,
							verdict == WRITE_ITEM ? *new_item : NULL,
							key_check(write), write->update, &write->index_charges);
	MemoryContextSwitchTo(caller);
	return verdict;
}

static IndexKeyCheck
key_check(const ItemWrite *write)
{
	if (write->item != NULL)
		return KEYS_ARE_CHECKED;
	return write->update_expression.data != NULL ? CHECK_UPDATED_KEYS : CHECK_PUT_KEYS;
}

/*
 * The item goes to the client, whose request may read it, but not to the
 * server's log.
 */
static void
raise_condition_failed(const ItemWrite *write, AttributeValue item)
{
	StringInfoData json;

	if (write->options->return_on_failure != ON_FAILURE_ALL_OLD ||
		!attribute_exists(item))
		ereport(ERROR, (errcode(ERRCODE_CONDITIONAL_CHECK_FAILED),
						errmsg_internal("The conditional request failed")));

	initStringInfo(&json);
	attribute_map_append_json(&json, item);
	ereport(ERROR, (errcode(ERRCODE_CONDITIONAL_CHECK_FAILED),
					errmsg_internal("The conditional request failed"),
					errdetail_internal("%s", json.data),
					errdetail_log("The item was returned to the client.")));
}

const char *
condition_failure_item(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_CONDITIONAL_CHECK_FAILED ? error->detail : NULL;
}

/* A copy of what ReturnValues asks for, or no value. */
static AttributeValue
returned_attributes(const ItemWrite *write, AttributeValue old, AttributeValue new)
{
	switch (write->options->return_values)
	{
		case RETURN_ALL_OLD:
			return attribute_copy(old);
		case RETURN_ALL_NEW:
			return attribute_copy(new);
		case RETURN_UPDATED_OLD:
			return updated_attributes(write, old);
		case RETURN_UPDATED_NEW:
			return updated_attributes(write, new);
		case RETURN_VALUES_NOT_GIVEN:
		case RETURN_NONE:
			break;
	}
	return NO_ATTRIBUTE_VALUE;
}

/* DynamoDB leaves Attributes out rather than return an empty map. */
static AttributeValue
updated_attributes(const ItemWrite *write, AttributeValue item)
{
	AttributeValue updated;

	if (write->update == NULL || !attribute_exists(item))
		return NO_ATTRIBUTE_VALUE;
	updated = expr_updated_paths(write->update, item);
	if (attribute_count(updated) == 0)
		return NO_ATTRIBUTE_VALUE;
	return attribute_copy(updated);
}
