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
 * Resources between two calls of table_scan_next(): pins of an index page and a
 * table page, the registered snapshot and the index's lock, all with the
 * resource owner that was current in table_scan_begin().  Callers that return a
 * row per call are called again under the same owner (their portal's).  After an
 * error the owner releases everything, and table_scan_end() must not be called.
 */
#include "postgres.h"

#include "access/relscan.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "common/compat.h"
#include "storage/row_internal.h"

struct ItemScan
{
	MemoryContext context;		/* holds all of the scan */
	MemoryContext item_context; /* emptied before each item */
	ScanShape	shape;
	AttrNumber	item_column;
	bool		at_end;			/* an index scan would start again */
	SqlScan    *by_sql;			/* NULL: directly, by what follows */
	Relation	index;			/* NULL: no row can match */
	Snapshot	snapshot;
	IndexScanDesc scan;
	TupleTableSlot *slot;
};

static void shape_init(ScanShape *shape, const KeyIndex *index, const ItemScanSpec *spec);
static void conditions_init(KeyConditions *conditions, const KeyIndex *index,
							const ItemScanSpec *spec);
static void add_comparison(KeyConditions *conditions, int part, StrategyNumber strategy,
						   Datum value);
static void add_prefix(KeyConditions *conditions, int part, AttributeType type, Bytes prefix);
static void add_start(KeyConditions *conditions, const KeyIndex *index,
					  const ItemScanSpec *spec);
static bool prefix_successor(AttributeType type, Bytes prefix, Bytes *successor);
static void direct_scan_begin(ItemScan *scan, DynamoTable *table, const KeyIndex *index,
							  const KeyConditions *conditions);
static int make_scan_keys(ScanKey scan_keys, ScanKey start_members, const KeyIndex *index,
						  const KeyConditions *conditions);
static void make_scan_key(ScanKey scan_key, const KeyColumn *key, int part,
						  StrategyNumber strategy, Datum value);
static void make_row_scan_key(ScanKey scan_key, ScanKey members, const KeyIndex *index,
							  const KeyConditions *conditions);
static const DynamoItem *direct_scan_next(ItemScan *scan);
static bool entry_in_segment(ItemScan *scan);

/* ---- the interface ---- */

ItemScan *
table_scan_begin(DynamoTable *table, const ItemScanSpec *spec)
{
	const TableAccess *access = table_access(table);
	const KeyIndex *index = &access->primary;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dynamo item scan",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	ItemScan   *scan = palloc0(sizeof(ItemScan));
	KeyConditions conditions;

	/* (what another index has under one value may be of any partition) */
	watch_rows(table, index == &access->primary && spec->range.nequal > 0 ?
			   spec->range.equal[0] : NO_ATTRIBUTE_VALUE, false);
	scan->context = context;
	scan->item_context = AllocSetContextCreate(context, "dynamo scanned item",
											   ALLOCSET_DEFAULT_SIZES);
	scan->item_column = access->item_column;
	shape_init(&scan->shape, index, spec);
	conditions_init(&conditions, index, spec);
	if (!conditions.empty)
	{
		if (table->direct)
			direct_scan_begin(scan, table, index, &conditions);
		else
			scan->by_sql = sql_scan_begin(table, index, &scan->shape, &conditions);
	}
	MemoryContextSwitchTo(caller);
	return scan;
}

const DynamoItem *
table_scan_next(ItemScan *scan)
{
	const DynamoItem *item = NULL;
	MemoryContext caller = MemoryContextSwitchTo(scan->context);

	MemoryContextReset(scan->item_context);
	if (!scan->at_end && scan->index != NULL)
		item = direct_scan_next(scan);
	else if (!scan->at_end && scan->by_sql != NULL)
		item = sql_scan_next(scan->by_sql, scan->item_context);
	scan->at_end = item == NULL;
	MemoryContextSwitchTo(caller);
	return item;
}

void
table_scan_end(ItemScan *scan)
{
	if (scan->by_sql != NULL)
		sql_scan_end(scan->by_sql);
	if (scan->index != NULL)
	{
		ExecDropSingleTupleTableSlot(scan->slot);
		index_endscan(scan->scan);
		index_close(scan->index, NoLock);
		UnregisterSnapshot(scan->snapshot);
	}
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

/* The segment of a partition key: depends on nothing but the key's values. */
static int
segment_of(const AttributeValue *partition_key, int nhash, int total_segments)
{
	uint32		hash = 0;

	for (int i = 0; i < nhash; i++)
		hash = hash_combine(hash, hash_bytes((const unsigned char *) partition_key[i].data,
											 partition_key[i].len));
	return hash % (uint32) total_segments;
}

int
key_segment(const KeySchema *schema, const ItemKey *key, int total_segments)
{
	return segment_of(key->values, schema->nhash, total_segments);
}

bool
in_segment(const ScanShape *shape, const Datum *partition_key)
{
	AttributeValue values[MAX_HASH_ATTRIBUTES];

	if (shape->total_segments <= 1)
		return true;
	for (int i = 0; i < shape->nhash; i++)
		values[i] = key_value(partition_key[i], shape->hash_types[i]);
	return segment_of(values, shape->nhash, shape->total_segments) == shape->segment;
}

/* ---- directly ---- */

static void
direct_scan_begin(ItemScan *scan, DynamoTable *table, const KeyIndex *index,
				  const KeyConditions *conditions)
{
	/* the row comparison's members are looked at during the scan */
	ScanKey		start_members = palloc(MAX_INDEX_PARTS * sizeof(ScanKeyData));
	ScanKeyData scan_keys[MAX_KEY_ATTRIBUTES + 5];
	int			nkeys = make_scan_keys(scan_keys, start_members, index, conditions);

	scan->index = index_open(index->oid, AccessShareLock);
	scan->snapshot = RegisterSnapshot(GetActiveSnapshot());
	scan->slot = table_slot_create(table->rel, NULL);
	scan->scan = compat_index_beginscan(table->rel, scan->index, scan->snapshot, nkeys, 0);
	scan->scan->xs_want_itup = scan->shape.total_segments > 1;
	index_rescan(scan->scan, scan_keys, nkeys, NULL, 0);
}

/* Returns the number of keys. */
static int
make_scan_keys(ScanKey scan_keys, ScanKey start_members, const KeyIndex *index,
			   const KeyConditions *conditions)
{
	int			n = 0;

	/* btree wants them in the order of the columns */
	for (int part = 0; part < index->nkeys; part++)
	{
		const KeyColumn *key = &index->keys[part];

		for (int i = 0; i < conditions->ncomparisons; i++)
		{
			const KeyComparison *comparison = &conditions->comparisons[i];

			if (comparison->part == part)
				make_scan_key(&scan_keys[n++], key, part, comparison->strategy, comparison->value);
		}
		if (conditions->start_part != part || conditions->nstart == 0)
			continue;
		if (conditions->nstart == 1)
			make_scan_key(&scan_keys[n++], key, part, conditions->start_strategy,
						  conditions->start[0]);
		else
			make_row_scan_key(&scan_keys[n++], start_members, index, conditions);
	}
	return n;
}

static void
make_scan_key(ScanKey scan_key, const KeyColumn *key, int part, StrategyNumber strategy,
			  Datum value)
{
	ScanKeyEntryInitializeWithInfo(scan_key, 0, part + 1, strategy,
								   key->type_oid, key->collation,
								   unconstify(FmgrInfo *, &key->operators[strategy]), value);
}

/* The comparison of a row of key parts, as ExecIndexBuildScanKeys() makes it. */
static void
make_row_scan_key(ScanKey scan_key, ScanKey members, const KeyIndex *index,
				  const KeyConditions *conditions)
{
	for (int i = 0; i < conditions->nstart; i++)
	{
		int			part = conditions->start_part + i;
		const KeyColumn *key = &index->keys[part];

		ScanKeyEntryInitializeWithInfo(&members[i], SK_ROW_MEMBER, part + 1,
									   conditions->start_strategy, key->type_oid, key->collation,
									   unconstify(FmgrInfo *, &key->order), conditions->start[i]);
	}
	members[conditions->nstart - 1].sk_flags |= SK_ROW_END;

	memset(scan_key, 0, sizeof(*scan_key));
	scan_key->sk_flags = SK_ROW_HEADER;
	scan_key->sk_attno = conditions->start_part + 1;
	scan_key->sk_strategy = conditions->start_strategy;
	scan_key->sk_argument = PointerGetDatum(members);
}

/* The index scan's own memory is to outlive the item: it runs in scan->context. */
static const DynamoItem *
direct_scan_next(ItemScan *scan)
{
	ScanDirection direction = scan->shape.backward ? BackwardScanDirection : ForwardScanDirection;

	while (index_getnext_tid(scan->scan, direction) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (!entry_in_segment(scan) || !index_fetch_heap(scan->scan, scan->slot))
			continue;
		MemoryContextSwitchTo(scan->item_context);
		return DatumGetDynamoItem(slot_item(scan->slot, scan->item_column));
	}
	return NULL;
}

/* Whether the index entry that the scan stands on belongs to the segment. */
static bool
entry_in_segment(ItemScan *scan)
{
	Datum		partition_key[MAX_HASH_ATTRIBUTES];
	MemoryContext caller;
	bool		result;

	if (scan->shape.total_segments <= 1)
		return true;
	for (int i = 0; i < scan->shape.nhash; i++)
	{
		bool		isnull;

		partition_key[i] = index_getattr(scan->scan->xs_itup, i + 1, scan->scan->xs_itupdesc,
										 &isnull);
	}
	caller = MemoryContextSwitchTo(scan->item_context);
	result = in_segment(&scan->shape, partition_key);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(scan->item_context);
	return result;
}
