/*
 * read.c
 *		Query and Scan, in pages and as streams.
 *
 * A Scan is a Query of the whole key: both check the request, open a range of
 * the primary key and look at one item after another.  What is looked at
 * counts, before the filter, for Limit, for the 1 MB of a page and for the
 * capacity; a page may be empty and yet have a LastEvaluatedKey.
 *
 * Memory: what one item needs is allocated in a context that is reset before
 * the next; only the items of a page are copied out of it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "common/errors.h"
#include "ops/keys.h"
#include "ops/operation.h"

/* An open read.  The request must outlive it. */
typedef struct ItemRead
{
	const ReadRequest *request;
	BoundExpr  *key_condition;	/* NULL for Scan */
	BoundExpr  *filter;			/* or NULL */
	BoundExpr  *projection;		/* or NULL */
	const KeySchema *schema;
	DynamoTable *table;
	ItemScan   *scan;
	MemoryContext item_context;
} ItemRead;

struct ReadStream
{
	ItemRead	read;
	int64		returned;
	int64		bytes;			/* examined */
	MemoryContext context;
};

static void read_page(const ReadRequest *request, bool is_query, ReadResult *result);
static void keep_item(ItemRead *read, AttributeValue item, ReadResult *result);
static bool page_is_full(const ReadRequest *request, int64 examined, int64 bytes);
static void read_begin(ItemRead *read, const ReadRequest *request, bool is_query,
					   ItemScanSpec *spec);
static void read_end(ItemRead *read);
static void bind_read(ItemRead *read, const ReadRequest *request, bool is_query);
static void check_read_not_mixed(const ReadRequest *request, bool is_query);
static void bind_legacy(ItemRead *read, const ReadRequest *request, bool is_query);
static void check_select(const ReadRequest *request);
static void check_segments(const ReadRequest *request);
static void fill_scan_spec(const ItemRead *read, ItemScanSpec *spec);
static const DynamoItem *next_item(ItemRead *read);
static bool passes_filter(ItemRead *read, AttributeValue item);
static AttributeValue projected(ItemRead *read, AttributeValue item);

/* ---- pages ---- */

void
op_query(const ReadRequest *request, ReadResult *result)
{
	read_page(request, true, result);
}

void
op_scan(const ReadRequest *request, ReadResult *result)
{
	read_page(request, false, result);
}

static void
read_page(const ReadRequest *request, bool is_query, ReadResult *result)
{
	const DynamoItem *item;
	ItemScanSpec spec;
	ItemRead	read;
	int64		bytes = 0;

	memset(result, 0, sizeof(*result));
	result->with_items = request->select != SELECT_COUNT;
	read_begin(&read, request, is_query, &spec);

	while ((item = next_item(&read)) != NULL)
	{
		result->scanned_count++;
		bytes += item_size(item);
		if (passes_filter(&read, item_root(item)))
		{
			result->count++;
			if (result->with_items)
				keep_item(&read, item_root(item), result);
		}
		if (page_is_full(request, result->scanned_count, bytes))
		{
			/* After a whole Query there is nothing to go on with. */
			if (!at_most_one_item(read.schema, &spec.range))
				result->last_evaluated_key = key_map(read.schema, item_root(item));
			break;
		}
	}

	read_end(&read);
	report_capacity(&result->capacity, request->return_capacity, request->table_name,
					read_units(bytes, request->consistent_read.value));
}

/* Appends a copy, in the current memory context, of what is wanted of an item. */
static void
keep_item(ItemRead *read, AttributeValue item, ReadResult *result)
{
	AttributeValue *kept = palloc(sizeof(AttributeValue));

	*kept = attribute_copy(projected(read, item));
	result->items = lappend(result->items, kept);
}

/* The item that reaches or crosses the 1 MB still belongs to the page. */
static bool
page_is_full(const ReadRequest *request, int64 examined, int64 bytes)
{
	return (request->limit.given && examined >= request->limit.value) ||
		bytes >= MAX_PAGE_SIZE;
}

/* ---- streams ---- */

ReadStream *
read_stream_begin(const ReadRequest *request, bool is_query)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "dynamo read stream",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	ReadStream *stream = palloc0(sizeof(ReadStream));
	ItemScanSpec spec;

	stream->context = context;
	read_begin(&stream->read, request, is_query, &spec);
	MemoryContextSwitchTo(caller);
	return stream;
}

bool
read_stream_next(ReadStream *stream, AttributeValue *item)
{
	const ReadRequest *request = stream->read.request;
	const DynamoItem *found;

	if (request->limit.given && stream->returned >= request->limit.value)
		return false;
	while ((found = next_item(&stream->read)) != NULL)
	{
		stream->bytes += item_size(found);
		if (!passes_filter(&stream->read, item_root(found)))
			continue;
		*item = projected(&stream->read, item_root(found));
		stream->returned++;
		return true;
	}
	return false;
}

double
read_stream_units(const ReadStream *stream)
{
	return read_units(stream->bytes, stream->read.request->consistent_read.value);
}

void
read_stream_end(ReadStream *stream)
{
	read_end(&stream->read);
	MemoryContextDelete(stream->context);
}

/* ---- one read ---- */

/*
 * Checks the request, opens the table and starts the scan; also tells the
 * caller what is scanned.  All of it lives in the current memory context.
 */
static void
read_begin(ItemRead *read, const ReadRequest *request, bool is_query,
		   ItemScanSpec *spec)
{
	Bytes		index = request->index_name;

	memset(read, 0, sizeof(*read));
	read->request = request;
	bind_read(read, request, is_query);
	check_select(request);
	check_segments(request);

	read->table = dynamo_table_open(request->table_name, AccessShareLock, ACL_SELECT);
	read->schema = &read->table->definition->key;
	if (index.data != NULL)
		validation_error("The table does not have the specified index: %.*s",
						 index.len, index.data);
	fill_scan_spec(read, spec);

	read->item_context = AllocSetContextCreate(CurrentMemoryContext, "dynamo item",
											   ALLOCSET_DEFAULT_SIZES);
	read->scan = table_scan_begin(read->table, spec);
}

static void
read_end(ItemRead *read)
{
	table_scan_end(read->scan);
	dynamo_table_close(read->table);
	MemoryContextDelete(read->item_context);
}

static void
bind_read(ItemRead *read, const ReadRequest *request, bool is_query)
{
	ExpressionParameter expressions[] = {
		{EXPR_FILTER, request->filter_expression},
		{EXPR_PROJECTION, request->projection_expression},
		{EXPR_KEY_CONDITION, request->key_condition_expression},
	};

	check_read_not_mixed(request, is_query);
	bind_expressions(expressions, is_query ? 3 : 2, request->names, request->values);
	read->filter = expressions[0].bound;
	read->projection = expressions[1].bound;
	read->key_condition = expressions[2].bound;
	bind_legacy(read, request, is_query);

	if (is_query && read->key_condition == NULL)
		validation_error("Either the KeyConditions or KeyConditionExpression parameter "
						 "must be specified in the request.");
}

/* KeyConditions alone may stand beside other expressions than its own. */
static void
check_read_not_mixed(const ReadRequest *request, bool is_query)
{
	ExpressionParameter expressions[] = {
		{EXPR_PROJECTION, request->projection_expression},
		{EXPR_FILTER, request->filter_expression},
		{EXPR_KEY_CONDITION, request->key_condition_expression},
	};
	LegacyParameter legacy[] = {
		{"AttributesToGet", request->attributes_to_get.given},
		{is_query ? "QueryFilter" : "ScanFilter", request->filter.given},
		{"ConditionalOperator", request->conditional_operator != CONDITIONAL_NOT_GIVEN},
		{"KeyConditions", request->key_conditions.given &&
		request->key_condition_expression.data != NULL},
	};

	check_not_mixed(expressions, lengthof(expressions), legacy, lengthof(legacy));
}

/* What is given without expressions, in the order in which faults are reported. */
static void
bind_legacy(ItemRead *read, const ReadRequest *request, bool is_query)
{
	expr_check_conditional_operator(request->conditional_operator, request->filter.elements);
	if (request->key_conditions.given)
		read->key_condition = expr_from_key_conditions(request->key_conditions.elements);
	if (request->filter.given)
		read->filter = expr_from_filter(request->filter.elements,
										request->conditional_operator);
	if (request->attributes_to_get.given)
		read->projection = expr_from_attributes_to_get(request->attributes_to_get.elements);
}

/* What Select, the projection and IndexName say must go together. */
static void
check_select(const ReadRequest *request)
{
	static const char *const without_projection[] = {
		[SELECT_ALL_ATTRIBUTES] = "ALL_ATTRIBUTES",
		[SELECT_ALL_PROJECTED_ATTRIBUTES] = "ALL_PROJECTED_ATTRIBUTES",
		[SELECT_SPECIFIC_ATTRIBUTES] = NULL,
		[SELECT_COUNT] = "only the Count",
	};
	bool		projects = request->projection_expression.data != NULL ||
		request->attributes_to_get.given;

	if (projects && without_projection[request->select] != NULL)
		validation_error("Cannot specify the %s when choosing to get %s",
						 request->attributes_to_get.given ?
						 "AttributesToGet" : "ProjectionExpression",
						 without_projection[request->select]);
	if (!projects && request->select == SELECT_SPECIFIC_ATTRIBUTES)
		validation_error("Must specify the AttributesToGet or ProjectionExpression "
						 "when choosing to get SPECIFIC_ATTRIBUTES");
	if (request->select == SELECT_ALL_PROJECTED_ATTRIBUTES &&
		request->index_name.data == NULL)
		validation_error("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
}

static void
check_segments(const ReadRequest *request)
{
	OptionalInt segment = request->segment;
	OptionalInt total = request->total_segments;

	if (segment.given && !total.given)
		validation_error("The TotalSegments parameter is required but was not present "
						 "in the request when Segment parameter is present");
	if (total.given && !segment.given)
		validation_error("The Segment parameter is required but was not present "
						 "in the request when parameter TotalSegments is present");
	if (segment.given && segment.value >= total.value)
		validation_error("The Segment parameter is zero-based and must be less than "
						 "parameter TotalSegments: Segment: " INT64_FORMAT
						 " is not less than TotalSegments: " INT64_FORMAT,
						 segment.value, total.value);
}

static void
fill_scan_spec(const ItemRead *read, ItemScanSpec *spec)
{
	const ReadRequest *request = read->request;

	memset(spec, 0, sizeof(*spec));
	expr_check_key_paths(read->filter, read->schema);
	expr_check_key_paths(read->projection, read->schema);
	if (read->key_condition != NULL)
	{
		expr_key_range(read->key_condition, read->schema, &spec->range);
		check_partition_key(read->schema, &spec->range);
		expr_check_filter(read->filter, read->schema);
	}
	spec->backward = request->scan_index_forward.given &&
		!request->scan_index_forward.value;
	if (request->total_segments.given)
	{
		spec->segment = request->segment.value;
		spec->total_segments = request->total_segments.value;
	}
	if (attribute_exists(request->exclusive_start_key))
	{
		spec->has_start = true;
		check_start_key(read->schema, request->exclusive_start_key, spec);
	}
}

/* The next item of the range, valid until the next call; frees the last one's memory. */
static const DynamoItem *
next_item(ItemRead *read)
{
	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(read->item_context);
	return table_scan_next(read->scan);
}

static bool
passes_filter(ItemRead *read, AttributeValue item)
{
	MemoryContext caller;
	bool		passes;

	if (read->filter == NULL)
		return true;
	caller = MemoryContextSwitchTo(read->item_context);
	passes = expr_condition_holds(read->filter, item);
	MemoryContextSwitchTo(caller);
	return passes;
}

/* What is wanted of an item; valid as long as the item. */
static AttributeValue
projected(ItemRead *read, AttributeValue item)
{
	MemoryContext caller;

	if (read->projection == NULL)
		return item;
	caller = MemoryContextSwitchTo(read->item_context);
	item = expr_project(read->projection, item);
	MemoryContextSwitchTo(caller);
	return item;
}
