/*
 * read.c
 *		Query and Scan, in pages and as streams.
 *
 * A Scan is a Query of the whole key: both check the request, open a range of
 * the primary key and look at one item after another.  What is looked at
 * counts, before the filter, for Limit, for the 1 MB of a page and for the
 * capacity; a page may be empty and yet have a LastEvaluatedKey.
 *
 * Nothing of an item is read that is not needed: a count without a filter asks
 * only for sizes.  What passes is handed over where it lies, on the table's page.
 *
 * Memory: what one item needs is allocated in a context that is reset before
 * the next.
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

static void read_page(const ReadRequest *request, bool is_query, ItemTaker take, void *arg,
					  ReadResult *result);
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
static bool next_item(ItemRead *read);
static AttributeValue current_item(ItemRead *read);
static bool passes_filter(ItemRead *read);
static AttributeValue wanted_item(ItemRead *read);

/* ---- pages ---- */

void
op_query(const ReadRequest *request, ItemTaker take, void *arg, ReadResult *result)
{
	read_page(request, true, take, arg, result);
}

void
op_scan(const ReadRequest *request, ItemTaker take, void *arg, ReadResult *result)
{
	read_page(request, false, take, arg, result);
}

static void
read_page(const ReadRequest *request, bool is_query, ItemTaker take, void *arg,
		  ReadResult *result)
{
	ItemScanSpec spec;
	ItemRead	read;
	int64		bytes = 0;

	memset(result, 0, sizeof(*result));
	read_begin(&read, request, is_query, &spec);

	while (next_item(&read))
	{
		result->scanned_count++;
		bytes += table_scan_item_size(read.scan);
		if (passes_filter(&read))
		{
			result->count++;
			if (take != NULL)
				take(arg, wanted_item(&read));
		}
		if (page_is_full(request, result->scanned_count, bytes))
		{
			/* After a whole Query there is nothing to go on with. */
			if (!at_most_one_item(read.schema, &spec.range))
				result->last_evaluated_key = key_map(read.schema, current_item(&read));
			break;
		}
	}

	read_end(&read);
	report_capacity(&result->capacity, request->return_capacity, request->table_name,
					read_units(bytes, request->consistent_read.value));
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

DynamoItem *
read_stream_next(ReadStream *stream)
{
	const ReadRequest *request = stream->read.request;
	ItemRead   *read = &stream->read;

	if (request->limit.given && stream->returned >= request->limit.value)
		return NULL;
	while (next_item(read))
	{
		stream->bytes += table_scan_item_size(read->scan);
		if (!passes_filter(read))
			continue;
		stream->returned++;
		if (read->projection != NULL)
			return item_from_root(wanted_item(read));
		return table_scan_copy_item(read->scan);
	}
	return NULL;
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
	/* (of what is examined, or of what passes) */
	if (request->limit.given && read->filter == NULL)
		spec->limit = request->limit.value;
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

/* Goes to the next item of the range; frees the last one's memory. */
static bool
next_item(ItemRead *read)
{
	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(read->item_context);
	return table_scan_advance(read->scan);
}

static AttributeValue
current_item(ItemRead *read)
{
	return item_root(table_scan_item(read->scan));
}

static bool
passes_filter(ItemRead *read)
{
	MemoryContext caller;
	bool		passes;

	if (read->filter == NULL)
		return true;
	caller = MemoryContextSwitchTo(read->item_context);
	passes = expr_condition_holds(read->filter, current_item(read));
	MemoryContextSwitchTo(caller);
	return passes;
}

/* What is wanted of the current item; valid until the next one. */
static AttributeValue
wanted_item(ItemRead *read)
{
	AttributeValue item = current_item(read);

	if (read->projection != NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(read->item_context);

		item = expr_project(read->projection, item);
		MemoryContextSwitchTo(caller);
	}
	return item;
}
