/*
 * transact_get.c
 *		TransactGetItems: up to 100 items as they were at one moment.
 *
 * That moment is the caller's snapshot, so nothing conflicts with writers.
 */
#include "postgres.h"

#include "common/errors.h"
#include "ops/cancellation.h"
#include "ops/keys.h"
#include "ops/operation.h"

typedef struct ItemGet
{
	const GetItemRequest *request;
	BoundExpr  *projection;		/* or NULL */
	DynamoTable *table;
	ItemKey		key;
	AttributeValue item;
} ItemGet;

static void prepare_get(const GetItemRequest *request, ItemGet *get);
static void check_get_keys(ItemGet *gets, int n);
static ErrorData *check_get_key(ItemGet *get);
static void check_no_duplicates(const ItemGet *gets, int n);
static int	get_item(ItemGet *get);

void
op_transact_get_items(const TransactGetRequest *request, TransactGetResult *result)
{
	int			n = list_length(request->gets);
	ItemGet    *gets = palloc0_array(ItemGet, n);
	int64		bytes = 0;

	for (int i = 0; i < n; i++)
		prepare_get(((const TransactGet *) list_nth(request->gets, i))->get, &gets[i]);
	for (int i = 0; i < n; i++)
		gets[i].table = dynamo_table_open(gets[i].request->table_name, AccessShareLock, ACL_SELECT);
	check_get_keys(gets, n);
	check_no_duplicates(gets, n);

	result->items = NIL;
	result->capacities = NIL;
	for (int i = 0; i < n; i++)
	{
		int			size = get_item(&gets[i]);

		bytes += size;
		if (bytes > MAX_TRANSACTION_SIZE)
			validation_error("Payload in response is too large." INT64_FORMAT, bytes);
		result->items = lappend(result->items, &gets[i].item);
		result->capacities = add_capacity(result->capacities, CAPACITY_OF_READS,
										  request->return_capacity, gets[i].request->table_name,
										  2 * read_units(size, true));
		dynamo_table_close(gets[i].table);
	}
}

static void
prepare_get(const GetItemRequest *request, ItemGet *get)
{
	get->request = request;
	get->projection = bind_projection(request->projection_expression,
									  request->attributes_to_get, request->names);
}

/* Keys that do not fit their table cancel the transaction. */
static void
check_get_keys(ItemGet *gets, int n)
{
	ErrorData **reasons = palloc_array(ErrorData *, n);
	bool		failed = false;

	for (int i = 0; i < n; i++)
	{
		reasons[i] = check_get_key(&gets[i]);
		failed = failed || reasons[i] != NULL;
	}
	if (failed)
		raise_canceled(reasons, n);
	pfree(reasons);
}

/* What is wrong with the key, or NULL. */
static ErrorData *
check_get_key(ItemGet *get)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorData  *volatile reason = NULL;

	PG_TRY();
	{
		check_key_paths(get->table->definition, get->projection);
		check_request_key(&get->table->definition->key, get->request->key, &get->key);
	}
	PG_CATCH();
	{
		reason = catch_cancellation_reason(context);
	}
	PG_END_TRY();
	return reason;
}

static void
check_no_duplicates(const ItemGet *gets, int n)
{
	for (int i = 1; i < n; i++)
		for (int j = 0; j < i; j++)
			if (gets[i].table->definition->relid == gets[j].table->definition->relid &&
				compare_keys(&gets[i].key, &gets[j].key) == 0)
				validation_error("Transaction request cannot include multiple operations on one item");
}

/* Sets the item; returns the size of what was read. */
static int
get_item(ItemGet *get)
{
	DynamoItem *item = table_get_item(get->table, &get->key);

	if (item == NULL)
		return 0;
	get->item = item_root(item);
	if (get->projection != NULL)
		get->item = expr_project(get->projection, get->item);
	return item_size(item);
}
