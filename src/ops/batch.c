/*
 * batch.c
 *		BatchGetItem and BatchWriteItem: many items of several tables.
 *
 * A batch is no transaction in DynamoDB, which may leave a part of it to be
 * asked for again.  Here a batch of writes is done as a whole, like any
 * statement, and a batch of reads, in one snapshot, up to the size of a
 * response.
 */
#include "postgres.h"

#include "common/errors.h"
#include "ops/keys.h"
#include "ops/write.h"

#define DUPLICATE_KEYS "Provided list of item keys contains duplicates"

/* What is read of one table. */
typedef struct TableRead
{
	const BatchGetTable *request;
	BoundExpr  *projection;		/* or NULL */
	DynamoTable *table;
	int			nkeys;
	struct KeyRead *keys;		/* in the request's order */
	double		units;
} TableRead;

/* One key of it. */
typedef struct KeyRead
{
	AttributeValue *given;
	ItemKey		key;
	bool		unprocessed;
	AttributeValue item;		/* projected; absent: there is none */
} KeyRead;

static void prepare_table_read(const BatchGetTable *request, TableRead *read);
static void check_duplicate_keys(List *keys);
static void open_table_read(TableRead *read);
static void read_keys(TableRead *read, int64 *bytes);
static bool read_key(TableRead *read, KeyRead *key, int64 *bytes);
static int	compare_key_reads(const void *a, const void *b);
static BatchGetTableResult *table_result(const TableRead *read, ReturnCapacity return_capacity);
static int	count_writes(const BatchWriteRequest *request);
static void prepare_write(const BatchWriteTable *table, BatchWrite *request, ItemWrite *write);

/* ---- BatchGetItem ---- */

void
op_batch_get_item(const BatchGetRequest *request, BatchGetResult *result)
{
	int			ntables = list_length(request->tables);
	TableRead  *reads = palloc0_array(TableRead, ntables);
	int			nkeys = 0;
	int64		bytes = 0;

	for (int i = 0; i < ntables; i++)
	{
		prepare_table_read(list_nth(request->tables, i), &reads[i]);
		nkeys += reads[i].nkeys;
		if (nkeys > MAX_BATCH_GET_KEYS)
			validation_error("Too many items requested for the BatchGetItem call");
	}
	for (int i = 0; i < ntables; i++)
		open_table_read(&reads[i]);

	result->tables = NIL;
	for (int i = 0; i < ntables; i++)
	{
		read_keys(&reads[i], &bytes);
		dynamo_table_close(reads[i].table);
		result->tables = lappend(result->tables,
								 table_result(&reads[i], request->return_capacity));
	}
}

static void
prepare_table_read(const BatchGetTable *request, TableRead *read)
{
	read->request = request;
	read->nkeys = list_length(request->keys);
	read->projection = bind_projection(request->projection_expression,
									   request->attributes_to_get, request->names);
	check_duplicate_keys(request->keys);
}

/* Before the table is known: what is equal here is equal there. */
static void
check_duplicate_keys(List *keys)
{
	for (int i = 1; i < list_length(keys); i++)
		for (int j = 0; j < i; j++)
			if (attribute_equal(*(AttributeValue *) list_nth(keys, i),
								*(AttributeValue *) list_nth(keys, j)))
				validation_error(DUPLICATE_KEYS);
}

static void
open_table_read(TableRead *read)
{
	read->table = dynamo_table_open(read->request->table_name, AccessShareLock, ACL_SELECT);
	check_key_paths(read->table->definition, read->projection);
	read->keys = palloc0_array(KeyRead, read->nkeys);
	for (int i = 0; i < read->nkeys; i++)
	{
		read->keys[i].given = list_nth(read->request->keys, i);
		check_request_key(&read->table->definition->key, *read->keys[i].given,
						  &read->keys[i].key);
	}
}

/*
 * Reads what fits into the response, in the order of the keys, so that pages
 * that hold several of them are visited once.  `bytes` counts the response.
 */
static void
read_keys(TableRead *read, int64 *bytes)
{
	KeyRead   **sorted = palloc_array(KeyRead *, read->nkeys);
	bool		full = *bytes > MAX_BATCH_GET_SIZE;

	for (int i = 0; i < read->nkeys; i++)
		sorted[i] = &read->keys[i];
	qsort(sorted, read->nkeys, sizeof(KeyRead *), compare_key_reads);

	for (int i = 0; i < read->nkeys; i++)
	{
		full = full || !read_key(read, sorted[i], bytes);
		sorted[i]->unprocessed = full;
	}
	pfree(sorted);
}

/* False if the item does not fit into the response any more. */
static bool
read_key(TableRead *read, KeyRead *key, int64 *bytes)
{
	DynamoItem *item = table_get_item(read->table, &key->key);

	if (item != NULL)
	{
		key->item = item_root(item);
		if (read->projection != NULL)
			key->item = expr_project(read->projection, key->item);
		*bytes += attribute_size(key->item);
		if (*bytes > MAX_BATCH_GET_SIZE)
			return false;
	}
	read->units += read_units(item != NULL ? item_size(item) : 0,
							  read->request->consistent_read.value);
	return true;
}

static int
compare_key_reads(const void *a, const void *b)
{
	return compare_keys(&(*(KeyRead *const *) a)->key, &(*(KeyRead *const *) b)->key);
}

static BatchGetTableResult *
table_result(const TableRead *read, ReturnCapacity return_capacity)
{
	BatchGetTableResult *result = palloc0_object(BatchGetTableResult);

	result->request = read->request;
	for (int i = 0; i < read->nkeys; i++)
	{
		KeyRead    *key = &read->keys[i];

		if (key->unprocessed)
			result->unprocessed_keys = lappend(result->unprocessed_keys, key->given);
		else if (attribute_exists(key->item))
			result->items = lappend(result->items, &key->item);
	}
	report_capacity(&result->capacity, return_capacity, read->request->table_name, read->units);
	return result;
}

/* ---- BatchWriteItem ---- */

void
op_batch_write_item(const BatchWriteRequest *request, BatchWriteResult *result)
{
	int			nwrites = count_writes(request);
	ItemWrite  *writes = palloc_array(ItemWrite, nwrites);
	ItemWrite **sorted = palloc_array(ItemWrite *, nwrites);
	int			n = 0;
	ListCell   *table_cell;
	ListCell   *cell;

	foreach(table_cell, request->tables)
	{
		const BatchWriteTable *table = lfirst(table_cell);

		foreach(cell, table->writes)
			prepare_write(table, lfirst(cell), &writes[n++]);
	}
	for (int i = 0; i < nwrites; i++)
	{
		open_write(&writes[i]);
		check_write_key(&writes[i]);
		sorted[i] = &writes[i];
	}
	if (!sort_writes(sorted, nwrites))
		validation_error(DUPLICATE_KEYS);

	for (int i = 0; i < nwrites; i++)
		table_write_item(sorted[i]->table, &sorted[i]->item_key, decide_write, sorted[i]);

	memset(result, 0, sizeof(*result));
	for (int i = 0; i < nwrites; i++)
	{
		result->capacities = add_write_capacity(result->capacities, CAPACITY_OF_ANY_KIND,
												request->return_capacity, &writes[i], 1);
		if (request->return_metrics == METRICS_SIZE)
			result->collections = add_collection(result->collections, &writes[i]);
		dynamo_table_close(writes[i].table);
	}
}

/*
 * How many writes there are, at most 25.  (These are at most 10 MB of items; that
 * a request has no more than 16 MB of text is for who reads it to see.)
 */
static int
count_writes(const BatchWriteRequest *request)
{
	int			count = 0;
	ListCell   *cell;

	foreach(cell, request->tables)
		count += list_length(((const BatchWriteTable *) lfirst(cell))->writes);
	if (count > MAX_BATCH_WRITE_REQUESTS)
		validation_error("Too many items requested for the BatchWriteItem call");
	return count;
}

/* The message is DynamoDB's. */
static void
prepare_write(const BatchWriteTable *table, BatchWrite *request, ItemWrite *write)
{
	if ((request->put != NULL) == (request->delete != NULL))
		validation_error("Supplied AttributeValue has more than one datatypes set, "
						 "must contain exactly one of the supported datatypes");
	if (request->put != NULL)
	{
		request->put->table_name = table->table_name;
		prepare_put(request->put, write);
	}
	else
	{
		request->delete->table_name = table->table_name;
		prepare_delete(request->delete, write);
	}
}
