/*
 * read.c
 *		Query and Scan, in pages and as streams.
 *
 * A Scan is a Query of the whole key: both check the request, open a range of
 * the primary key and look at one item after another.  What is looked at
 * counts, before the filter, for Limit, for the 1 MB of a page and for the
 * capacity; a page may be empty and yet have a LastEvaluatedKey.
 *
 * A read of a secondary index sees of an item what the index projects, and pays
 * for that.  A local index gives more if it is asked for, and then the table is
 * charged for each item.
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
#include "ops/indexes.h"
#include "ops/keys.h"
#include "ops/operation.h"

/* An open read.  The request must outlive it. */
typedef struct ItemRead
{
	const ReadRequest *request;
	BoundExpr  *key_condition;	/* NULL for Scan */
	BoundExpr  *filter;			/* or NULL */
	BoundExpr  *projection;		/* or NULL */
	int64		limit;			/* rows that will be examined at most; 0: not known */
	const KeySchema *table_key;
	const KeySchema *schema;	/* of what is read: table or index */
	DynamoTable *table;
	const IndexDefinition *index; /* NULL: the table itself */
	IndexView	view;			/* of the index */
	bool		fetches;		/* items come from the table, beyond the view */
	ItemScan   *scan;
	MemoryContext item_context;
} ItemRead;

/* How much of a read will be asked for. */
typedef enum ReadExtent
{
	READ_PAGE,					/* to the end of a page; Limit counts what is examined */
	READ_TO_END,
	READ_PIECEMEAL,				/* not known */
} ReadExtent;

/* What a read has examined. */
typedef struct ReadCost
{
	int64		bytes;			/* in the table or index */
	int64		fetched_bytes;	/* of items fetched from the table by way of an index */
	double		fetched_units;
} ReadCost;

struct ReadStream
{
	ItemRead	read;
	int64		returned;
	ReadCost	cost;
	MemoryContext context;
};

static void read_page(const ReadRequest *request, bool is_query, ItemTaker take, void *arg,
					  ReadResult *result);
static void add_cost(ItemRead *read, ReadCost *cost);
static void report_read(const ItemRead *read, const ReadCost *cost, ConsumedCapacity *capacity);
static bool page_is_full(const ReadRequest *request, int64 examined, const ReadCost *cost);
static void read_begin(ItemRead *read, const ReadRequest *request, bool is_query,
					   ReadExtent extent, ItemScanSpec *spec);
static int64 rows_wanted(const ItemRead *read, ReadExtent extent);
static void read_end(ItemRead *read);
static void bind_read(ItemRead *read, const ReadRequest *request, bool is_query);
static void bind_legacy(ItemRead *read, const ReadRequest *request, bool is_query);
static void check_select(const ReadRequest *request);
static void check_segments(const ReadRequest *request);
static void fill_scan_spec(const ItemRead *read, ItemScanSpec *spec);
static void use_index(ItemRead *read);
static void check_projected(ItemRead *read);
static List *unprojected(const ItemRead *read, const BoundExpr *expr);
static char *listed_names(const List *names);
static bool next_item(ItemRead *read);
static AttributeValue current_item(ItemRead *read);
static bool passes_filter(ItemRead *read);
static AttributeValue wanted_item(ItemRead *read);
static const DynamoItem *wanted_stored(ItemRead *read);
static bool shows_all(const ItemRead *read);

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
	ReadCost	cost = {0};

	memset(result, 0, sizeof(*result));
	read_begin(&read, request, is_query, READ_PAGE, &spec);

	while (next_item(&read))
	{
		result->scanned_count++;
		add_cost(&read, &cost);
		if (passes_filter(&read))
		{
			result->count++;
			if (take != NULL)
				take(arg, wanted_item(&read));
		}
		if (page_is_full(request, result->scanned_count, &cost))
		{
			/* After a whole Query there is nothing to go on with. */
			if (!at_most_one_item(read.table_key, &spec))
				result->last_evaluated_key = key_map(read.table_key, read.index,
													 current_item(&read));
			break;
		}
	}

	report_read(&read, &cost, &result->capacity);
	read_end(&read);
}

/* Adds what the current item costs. */
static void
add_cost(ItemRead *read, ReadCost *cost)
{
	if (read->index == NULL || read->view.whole)
		cost->bytes += table_scan_item_size(read->scan);
	else
		cost->bytes += index_view_size(&read->view, current_item(read));
	if (read->fetches)
	{
		int			size = table_scan_item_size(read->scan);

		cost->fetched_bytes += size;
		cost->fetched_units += read_units(size, read->request->consistent_read.value);
	}
}

static void
report_read(const ItemRead *read, const ReadCost *cost, ConsumedCapacity *capacity)
{
	const ReadRequest *request = read->request;
	double		units = read_units(cost->bytes, request->consistent_read.value);
	IndexUnits	of_index = {.units = units};
	IndexCharges charges = {units, 1, &of_index};

	if (read->index == NULL)
	{
		report_capacity(capacity, request->return_capacity, request->table_name, units);
		return;
	}
	of_index.name = read->index->name;
	of_index.is_local = read->index->is_local;
	report_capacity(capacity, request->return_capacity, request->table_name,
					cost->fetched_units);
	charge_indexes(capacity, &charges, 1);
}

/*
 * The item that reaches or crosses the 1 MB still belongs to the page.  Items that are
 * fetched count as a whole, or few keys of an index would be the way to a page of any size.
 */
static bool
page_is_full(const ReadRequest *request, int64 examined, const ReadCost *cost)
{
	return (request->limit.given && examined >= request->limit.value) ||
		cost->bytes >= MAX_PAGE_SIZE || cost->fetched_bytes >= MAX_PAGE_SIZE;
}

/* ---- streams ---- */

ReadStream *
read_stream_begin(const ReadRequest *request, bool is_query, bool to_end)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "dynamo read stream",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	ReadStream *stream = palloc0(sizeof(ReadStream));
	ItemScanSpec spec;

	stream->context = context;
	read_begin(&stream->read, request, is_query, to_end ? READ_TO_END : READ_PIECEMEAL, &spec);
	MemoryContextSwitchTo(caller);
	return stream;
}

const DynamoItem *
read_stream_next(ReadStream *stream)
{
	const ReadRequest *request = stream->read.request;
	ItemRead   *read = &stream->read;

	if (request->limit.given && stream->returned >= request->limit.value)
		return NULL;
	while (next_item(read))
	{
		add_cost(read, &stream->cost);
		if (!passes_filter(read))
			continue;
		stream->returned++;
		return wanted_stored(read);
	}
	return NULL;
}

double
read_stream_units(const ReadStream *stream)
{
	return stream->cost.fetched_units +
		read_units(stream->cost.bytes, stream->read.request->consistent_read.value);
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
read_begin(ItemRead *read, const ReadRequest *request, bool is_query, ReadExtent extent,
		   ItemScanSpec *spec)
{
	memset(read, 0, sizeof(*read));
	read->request = request;
	bind_read(read, request, is_query);
	check_select(request);
	check_segments(request);
	read->limit = rows_wanted(read, extent);

	read->table = dynamo_table_open(request->table_name, AccessShareLock, ACL_SELECT);
	read->table_key = &read->table->definition->key;
	read->schema = read->table_key;
	if (request->index_name.data != NULL)
		use_index(read);
	fill_scan_spec(read, spec);

	read->item_context = AllocSetContextCreate(CurrentMemoryContext, "dynamo item",
											   ALLOCSET_DEFAULT_SIZES);
	read->scan = table_scan_begin(read->table, spec);
}

/* Rows that will be examined at most, 0 if that is not known. */
static int64
rows_wanted(const ItemRead *read, ReadExtent extent)
{
	OptionalInt limit = read->request->limit;

	if (limit.given && (extent == READ_PAGE || read->filter == NULL))
		return limit.value;
	return limit.given || extent == READ_PIECEMEAL ? 0 : PG_INT64_MAX;
}

static void
use_index(ItemRead *read)
{
	const ReadRequest *request = read->request;
	Bytes		name = request->index_name;
	const IndexDefinition *index = table_index(read->table, name);

	if (index == NULL || index->status == INDEX_DELETING)
		validation_error("The table does not have the specified index: %.*s",
						 name.len, name.data);
	if (index->status == INDEX_CREATING)
		validation_error("Cannot read from backfilling global secondary index: %.*s",
						 name.len, name.data);
	if (index->order == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" lacks a column of index \"%.*s\"",
						read->table->name, name.len, name.data),
				 errhint("Delete the index and create it again.")));
	if (!index->is_local && request->consistent_read.value)
		validation_error("Consistent reads are not supported on global secondary indexes");

	read->index = index;
	read->schema = &index->key;
	index_view_init(&read->view, index, read->table_key);
	check_projected(read);
}

/* Raises if more is asked for than the index gives; else notes what it takes. */
static void
check_projected(ItemRead *read)
{
	const IndexDefinition *index = read->index;
	List	   *missing = NIL;

	if (read->view.whole)
		return;
	if (read->projection != NULL)
		missing = unprojected(read, read->projection);
	if (!index->is_local && read->request->select == SELECT_ALL_ATTRIBUTES)
		validation_error("One or more parameter values were invalid: Select type ALL_ATTRIBUTES "
						 "is not supported for global secondary index %.*s because its "
						 "projection type is not ALL",
						 index->name.len, index->name.data);
	if (!index->is_local && missing != NIL)
		validation_error("One or more parameter values were invalid: Global secondary index "
						 "%.*s does not project %s",
						 index->name.len, index->name.data, listed_names(missing));
	read->fetches = missing != NIL || read->request->select == SELECT_ALL_ATTRIBUTES;

	if (read->filter != NULL && !read->fetches)
		missing = unprojected(read, read->filter);
	if (missing != NIL && !read->fetches)
		validation_error("One or more parameter values were invalid: Secondary index %.*s does "
						 "not project one or more filter attributes: %s",
						 index->name.len, index->name.data, listed_names(missing));
}

/* The attributes of an expression that the index does not project: Bytes *. */
static List *
unprojected(const ItemRead *read, const BoundExpr *expr)
{
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, expr_attributes(expr))
		if (!index_view_has(&read->view, *(Bytes *) lfirst(cell)))
			result = lappend(result, lfirst(cell));
	return result;
}

/* "[a, b]" */
static char *
listed_names(const List *names)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, names)
	{
		const Bytes *name = lfirst(cell);

		appendStringInfo(&text, "%s%.*s", text.len > 0 ? ", " : "[", name->len, name->data);
	}
	appendStringInfoChar(&text, ']');
	return text.data;
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

	bind_expressions(expressions, is_query ? 3 : 2, request->names, request->values);
	read->filter = expressions[0].bound;
	read->projection = expressions[1].bound;
	read->key_condition = expressions[2].bound;
	bind_legacy(read, request, is_query);

	if (is_query && read->key_condition == NULL)
		validation_error("Either the KeyConditions or KeyConditionExpression parameter "
						 "must be specified in the request.");
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
	spec->index = read->index;
	spec->limit = read->limit;
	check_key_paths(read->table->definition, read->filter);
	check_key_paths(read->table->definition, read->projection);
	check_key_paths(read->table->definition, read->key_condition);
	if (read->key_condition != NULL)
	{
		expr_key_range(read->key_condition, read->schema, request->index_name, &spec->range);
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
		check_start_key(read->table_key, request->exclusive_start_key, spec);
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
	MemoryContext caller;

	if (read->projection == NULL && shows_all(read))
		return item;
	caller = MemoryContextSwitchTo(read->item_context);
	item = read->projection != NULL ? expr_project(read->projection, item) :
									  index_view_item(&read->view, item);
	MemoryContextSwitchTo(caller);
	return item;
}

/* The same as stored. */
static const DynamoItem *
wanted_stored(ItemRead *read)
{
	MemoryContext caller;
	DynamoItem *item;

	if (read->projection == NULL && shows_all(read))
		return table_scan_item(read->scan);
	caller = MemoryContextSwitchTo(read->item_context);
	item = item_from_root(wanted_item(read));
	MemoryContextSwitchTo(caller);
	return item;
}

/* Whether all attributes of an item are to be seen. */
static bool
shows_all(const ItemRead *read)
{
	return read->index == NULL || read->view.whole || read->fetches;
}
