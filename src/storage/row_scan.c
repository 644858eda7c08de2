/*
 * row_scan.c
 *		Ranges of an index, and whole tables, in key order.
 *
 * A scan is a set of comparisons with parts of an index, which become its scan
 * keys (or a WHERE clause, row_sql_scan.c).  Where a scan starts after a row,
 * that is one comparison more: on the one part that is not fixed, or of a row of
 * parts.  The index keeps the tightest of all, and contradicting ones select
 * nothing.
 *
 * A parallel scan's segments divide the partition keys by hash.  That is decided
 * on the index entry, before the row is fetched.
 *
 * Resources between two calls (row_direct_scan.c, row_sql_scan.c) are with the
 * resource owner that was current in table_scan_begin().  Callers that return a
 * row per call are called again under the same owner (their portal's).  After an
 * error the owner releases everything, and table_scan_end() must not be called.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "common/compat.h"
#include "storage/row_internal.h"

struct ItemScan
{
	MemoryContext context;		/* holds all of the scan */
	MemoryContext item_context; /* emptied before each item */
	DynamoTable *table;
	bool		found_any;
	bool		at_end;			/* an index scan would start again */
	DirectScan *direct;			/* one of these, or none if no row can match */
	SqlScan	   *by_sql;
	Datum		stored;			/* the item that it stands on */
	const DynamoItem *item;		/* detoasted; NULL: not yet */
};

static inline bool is_plain(Datum stored);
static const DynamoItem *detoasted_item(ItemScan *scan);
static AttributeValue scanned_partition(const ItemScanSpec *spec);
static void shape_init(ScanShape *shape, const KeyIndex *index, const ItemScanSpec *spec);
static void conditions_init(KeyConditions *conditions, const KeyIndex *index,
							const ItemScanSpec *spec);
static void add_comparison(KeyConditions *conditions, int part, StrategyNumber strategy,
						   Datum value);
static void add_prefix(KeyConditions *conditions, int part, AttributeType type, Bytes prefix);
static void add_start(KeyConditions *conditions, const KeyIndex *index,
					  const ItemScanSpec *spec);
static bool prefix_successor(AttributeType type, Bytes prefix, Bytes *successor);
static uint32 add_to_hash(uint32 hash, const char *data, int len);

/* ---- the interface ---- */

ItemScan *
table_scan_begin(DynamoTable *table, const ItemScanSpec *spec)
{
	const TableAccess *access = table_access(table);
	const KeyIndex *index = spec->index == NULL ? &access->primary : spec->index->order;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dynamo item scan",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	ItemScan   *scan = palloc0(sizeof(ItemScan));
	ScanShape	shape;
	KeyConditions conditions;

	check_index_age(unconstify(KeyIndex *, index));
	/* then there may be rows of our own, as if they were all */
	if (IsolationUsesXactSnapshot() && TransactionIdIsValid(GetTopTransactionIdIfAny()))
		check_rewrite(table);
	watch_rows(table, scanned_partition(spec), false);
	scan->table = table;
	scan->context = context;
	scan->item_context = AllocSetContextCreate(context, "dynamo scanned item",
											   ALLOCSET_DEFAULT_SIZES);
	shape_init(&shape, index, spec);
	conditions_init(&conditions, index, spec);
	if (conditions.empty)
		scan->at_end = true;
	else if (table->direct && OidIsValid(index->oid))
		scan->direct = direct_scan_begin(table, index, &shape, &conditions);
	else
		scan->by_sql = sql_scan_begin(table, index, &shape, &conditions);
	MemoryContextSwitchTo(caller);
	return scan;
}

/* The scan's own memory is to outlive the item: it runs in scan->context. */
bool
table_scan_advance(ItemScan *scan)
{
	MemoryContext caller;

	if (scan->at_end)
		return false;
	caller = MemoryContextSwitchTo(scan->context);
	MemoryContextReset(scan->item_context);
	scan->item = NULL;
	if (scan->direct != NULL)
		scan->at_end = !direct_scan_next(scan->direct, &scan->stored);
	else
		scan->at_end = !sql_scan_next(scan->by_sql, scan->item_context, &scan->stored);
	if (scan->at_end && !scan->found_any)
		check_rewrite(scan->table);
	scan->found_any = true;
	MemoryContextSwitchTo(caller);
	return !scan->at_end;
}

const DynamoItem *
table_scan_item(ItemScan *scan)
{
	if (scan->item == NULL)
		scan->item = is_plain(scan->stored) ? (const DynamoItem *) DatumGetPointer(scan->stored) :
											  detoasted_item(scan);
	return scan->item;
}

int
table_scan_item_size(ItemScan *scan)
{
	MemoryContext caller;
	int			size;

	if (scan->item != NULL || is_plain(scan->stored))
		return item_size(table_scan_item(scan));
	caller = MemoryContextSwitchTo(scan->item_context);
	size = stored_item_size(scan->stored);
	MemoryContextSwitchTo(caller);
	return size;
}

/* Whether it can be read where it lies. */
static inline bool
is_plain(Datum stored)
{
	return !VARATT_IS_COMPRESSED(DatumGetPointer(stored)) &&
		!VARATT_IS_EXTERNAL(DatumGetPointer(stored));
}

static const DynamoItem *
detoasted_item(ItemScan *scan)
{
	MemoryContext caller = MemoryContextSwitchTo(scan->item_context);
	const DynamoItem *item = DatumGetDynamoItem(scan->stored);

	MemoryContextSwitchTo(caller);
	return item;
}

/* (what a global index has under one value may be of any partition) */
static AttributeValue
scanned_partition(const ItemScanSpec *spec)
{
	if (spec->range.nequal == 0 || (spec->index != NULL && !spec->index->is_local))
		return NO_ATTRIBUTE_VALUE;
	return spec->range.equal[0];
}

const DynamoItem *
table_scan_next(ItemScan *scan)
{
	return table_scan_advance(scan) ? table_scan_item(scan) : NULL;
}

void
table_scan_end(ItemScan *scan)
{
	if (scan->direct != NULL)
		direct_scan_end(scan->direct);
	if (scan->by_sql != NULL)
		sql_scan_end(scan->by_sql);
	MemoryContextDelete(scan->context);
}

/* ---- what to scan ---- */

static void
shape_init(ScanShape *shape, const KeyIndex *index, const ItemScanSpec *spec)
{
	shape->nhash = index->nhash;
	for (int i = 0; i < index->nhash; i++)
		shape->hash_types[i] = index->keys[i].type;
	shape->total_segments = spec->total_segments;
	shape->segment = spec->segment;
	shape->backward = spec->backward;
	shape->limit = spec->limit;
}

static void
conditions_init(KeyConditions *conditions, const KeyIndex *index, const ItemScanSpec *spec)
{
	const KeyRange *range = &spec->range;
	int			part = range->nequal;

	memset(conditions, 0, sizeof(*conditions));
	conditions->start_part = part;
	conditions->start_strategy = spec->backward ? BTLessStrategyNumber : BTGreaterStrategyNumber;
	for (int i = 0; i < range->nequal; i++)
		add_comparison(conditions, i, BTEqualStrategyNumber, key_datum(range->equal[i]));
	if (attribute_exists(range->lower))
		add_comparison(conditions, part,
					   range->lower_inclusive ? BTGreaterEqualStrategyNumber : BTGreaterStrategyNumber,
					   key_datum(range->lower));
	if (attribute_exists(range->upper))
		add_comparison(conditions, part,
					   range->upper_inclusive ? BTLessEqualStrategyNumber : BTLessStrategyNumber,
					   key_datum(range->upper));
	if (range->prefix.data != NULL && range->prefix.len > 0)
		add_prefix(conditions, part, index->keys[part].type, range->prefix);
	if (spec->has_start)
		add_start(conditions, index, spec);
}

static void
add_comparison(KeyConditions *conditions, int part, StrategyNumber strategy, Datum value)
{
	KeyComparison *comparison = &conditions->comparisons[conditions->ncomparisons++];

	comparison->part = part;
	comparison->strategy = strategy;
	comparison->value = value;
}

/* Keys that begin with the prefix: from the prefix to before its successor. */
static void
add_prefix(KeyConditions *conditions, int part, AttributeType type, Bytes prefix)
{
	AttributeValue (*make) (Bytes) = type == ATTRIBUTE_S ? attribute_make_string : attribute_make_binary;
	Bytes		successor;

	add_comparison(conditions, part, BTGreaterEqualStrategyNumber, key_datum(make(prefix)));
	if (prefix_successor(type, prefix, &successor))
		add_comparison(conditions, part, BTLessStrategyNumber, key_datum(make(successor)));
}

/*
 * Only what lies behind start_after in the direction of the scan.  Its leading
 * parts usually are those that the range fixes.
 */
static void
add_start(KeyConditions *conditions, const KeyIndex *index, const ItemScanSpec *spec)
{
	const AttributeValue *start = spec->start_after;
	int			fixed = spec->range.nequal;

	for (int i = 0; i < fixed; i++)
	{
		int			order = attribute_compare(spec->range.equal[i], start[i]);

		if (order == 0)
			continue;
		conditions->empty = (order < 0) != spec->backward;
		return;					/* all rows lie before the start, or all behind it */
	}

	conditions->nstart = index->nkeys - fixed;
	for (int i = 0; i < conditions->nstart; i++)
		conditions->start[i] = key_datum(start[fixed + i]);
	if (conditions->nstart == 0)
		conditions->empty = true;	/* the only row of the range is the start */
}

/*
 * The smallest value of the type above all that begin with the prefix; false if
 * there is none.  That of a string is a string (UTF-8 sorts as code points do):
 * its last character that has a next one is replaced by that.
 */
static bool
prefix_successor(AttributeType type, Bytes prefix, Bytes *successor)
{
	unsigned char *bytes = memcpy(palloc(prefix.len + MAX_MULTIBYTE_CHAR_LEN),
								  prefix.data, prefix.len);
	int			len = prefix.len;

	successor->data = (char *) bytes;
	while (len > 0)
	{
		unsigned char *last = bytes + len - 1;

		if (type == ATTRIBUTE_S)
		{
			pg_wchar	code;

			while (last > bytes && (*last & 0xC0) == 0x80)
				last--;
			code = utf8_to_unicode(last) + 1;
			if (code == 0xD800)
				code = 0xE000;	/* surrogates are no characters */
			if (code <= 0x10FFFF)
			{
				unicode_to_utf8(code, last);
				successor->len = last - bytes + pg_utf_mblen(last);
				return true;
			}
		}
		else if (*last != 0xFF)
		{
			(*last)++;
			successor->len = len;
			return true;
		}
		len = last - bytes;
	}
	return false;
}

/* ---- segments ---- */

/* The hash of a key that has more parts than those in the hash so far. */
static uint32
add_to_hash(uint32 hash, const char *data, int len)
{
	return hash_combine(hash, hash_bytes((const unsigned char *) data, len));
}

int
key_segment(const KeySchema *schema, const ItemKey *key, int total_segments)
{
	uint32		hash = 0;

	for (int i = 0; i < schema->nhash; i++)
	{
		Bytes		bytes = attribute_bytes(key->values[i]);

		hash = add_to_hash(hash, bytes.data, bytes.len);
	}
	return hash % (uint32) total_segments;
}

/* The same of columns; those of numbers need not be in the form that items have. */
bool
in_segment(const ScanShape *shape, const Datum *partition_key)
{
	uint32		hash = 0;

	if (shape->total_segments <= 1)
		return true;
	for (int i = 0; i < shape->nhash; i++)
	{
		Datum		datum = partition_key[i];
		struct varlena *bytes;

		if (shape->hash_types[i] == ATTRIBUTE_N)
			datum = NumericGetDatum(number_check(DatumGetNumeric(datum)));
		bytes = PG_DETOAST_DATUM_PACKED(datum);
		hash = add_to_hash(hash, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	}
	return hash % (uint32) shape->total_segments == shape->segment;
}
