/*
 * row_direct_scan.c
 *		Scans by an index, directly.
 *
 * The rows of an item collection share pages, but seldom in the order of their
 * keys.  So they are fetched in runs: the next entries that nbtree has copied
 * from its leaf page are taken together, each page that they name is pinned and
 * locked once for all of them, and the items found there are copied and handed
 * out in the order of the index.  Between two calls no page of the table is
 * pinned.  A run is as long as it is known that rows will be wanted; else the
 * first ones are short.
 *
 * While pages are not found in shared buffers, the next ones of the run are asked
 * for ahead of time, up to effective_io_concurrency: the distance doubles with
 * each page that had to be read and shrinks with each that had not.
 *
 * Only here is nbtree's state of a scan looked at, and nothing of it changed but
 * its place in its copy of the leaf page: to go on to the next one, and to mark the
 * entries of dead rows, the index scan is called as by anybody else.
 *
 * Most of the time goes by waiting for memory, so that the rows of a page are
 * asked for before the first of them is looked at.
 *
 * Resources between two calls: the registered snapshot, the index's lock, and
 * what the index scan holds.
 *
 * The memory of a run is large for what most scans take, and to get it from the
 * system each time would cost more than to read a dozen rows: a session keeps that
 * of its last scan for its next one.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/nbtree.h"
#include "access/relscan.h"
#include "access/xact.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/spccache.h"

#include "common/compat.h"
#include "storage/row_internal.h"

/* Entries of the first run where fewer may be wanted, and of any. */
#define FIRST_RUN	4
#define MAX_RUN		128
/* Bytes of the items of a run for which there is always room. */
#define MAX_RUN_ITEMS	(64 * 1024)

/* Of a row, what is asked for ahead: the processor itself sees that the rest follows. */
#define CACHE_LINE		64
#define MAX_PREFETCH	512

/* Of the pages of a run. */
#define NBUCKETS	64

/* Longer partition keys are looked at anew for each entry. */
#define MAX_KNOWN_KEY	64

/* The partition key of the last entry, as stored, and what was decided of it. */
typedef struct KnownKey
{
	Size		size;			/* 0: none */
	bool		in_segment;
	char		key[MAX_KNOWN_KEY];
} KnownKey;

/* An index entry of a run, and what was found for it. */
typedef struct RunEntry
{
	int			position;		/* in nbtree's copy of the leaf page */
	ItemPointerData tid;
	int			next_of_page;	/* the run's next entry of the same page, or -1 */
	bool		dead;			/* no row, for anybody */
	bool		visible;
	int			size;			/* of the item's bytes */
	const char *item;			/* as stored; a copy, once its page is left */
} RunEntry;

/* A page that entries of a run name. */
typedef struct RunPage
{
	BlockNumber block;
	int			first;			/* of its entries */
	int			last;
	int			next_of_bucket; /* or -1 */
} RunPage;

StaticAssertDecl(MAX_RUN - 1 <= PG_INT8_MAX, "a bucket names any page of a run");

typedef struct Run
{
	MemoryContext context;		/* holds the run itself */
	MemoryContext more_items;	/* for which there is no room here */
	int			nentries;
	int			next_entry;		/* to be handed out */
	int			npages;
	Size		used;			/* of `items` */
	int8		buckets[NBUCKETS]; /* first pages by block number, or -1 */
	RunPage		pages[MAX_RUN];
	RunEntry	entries[MAX_RUN];
	char		items[MAX_RUN_ITEMS];
} Run;

StaticAssertDecl(offsetof(Run, items) % MAXIMUM_ALIGNOF == 0, "items are aligned");

struct DirectScan
{
	Relation	rel;
	AttrNumber	item_column;
	ScanShape	shape;
	ScanDirection direction;
	Relation	index;
	Snapshot	snapshot;
	IndexScanDesc scan;
	MemoryContext entry_context; /* for one index entry; NULL: all are wanted */
	KnownKey	known;
	int64		left;			/* rows that may still be asked for */
	int			max_distance;	/* of pages asked for ahead of time */
	int			distance;
	int			run_limit;
	Run		   *run;
};

/* Of no scan; or NULL. */
static Run *spare_run;

static Run *run_begin(void);
static void run_end(Run *run);
static int make_scan_keys(ScanKey scan_keys, ScanKey start_members, const KeyIndex *index,
						  const KeyConditions *conditions);
static void make_scan_key(ScanKey scan_key, const KeyColumn *key, int part,
						  StrategyNumber strategy, Datum value);
static void make_row_scan_key(ScanKey scan_key, ScanKey members, const KeyIndex *index,
							  const KeyConditions *conditions);
static pg_noinline bool fetch_run(DirectScan *scan);
static void take_entries(DirectScan *scan);
static void take_entry(Run *run, int position, ItemPointerData tid);
static bool find_entry(DirectScan *scan);
static bool entry_in_segment(DirectScan *scan, const BTScanPosItem *entry);
static void pass_entries(DirectScan *scan);
static void fetch_rows(DirectScan *scan);
static Buffer read_page(DirectScan *scan, Buffer previous, BlockNumber block);
static void find_rows(DirectScan *scan, const RunPage *page, Buffer buffer);
static void prefetch_rows(const RunEntry *entries, const RunPage *page, Page content);
static bool find_visible_row(ItemPointer tid, Page content, HeapTuple row);
static const char *row_item(const DirectScan *scan, HeapTuple row);
static bool are_all_there(HeapTuple row, int last);
static const char *any_row_item(const DirectScan *scan, HeapTuple row);
static void copy_items(DirectScan *scan, const RunPage *page);
static char *item_space(Run *run, Size size);
static BTScanPosData *leaf_position(const DirectScan *scan);
static const BTScanPosItem *leaf_entry(const BTScanPosData *position, int i);

/* ---- the interface ---- */

DirectScan *
direct_scan_begin(DynamoTable *table, const KeyIndex *index, const ScanShape *shape,
				  const KeyConditions *conditions)
{
	DirectScan *scan = palloc0(sizeof(DirectScan));
	/* the row comparison's members are looked at during the scan */
	ScanKey		start_members = palloc(MAX_INDEX_PARTS * sizeof(ScanKeyData));
	ScanKeyData scan_keys[MAX_KEY_ATTRIBUTES + 5];
	int			nkeys = make_scan_keys(scan_keys, start_members, index, conditions);

	scan->rel = table->rel;
	scan->item_column = table_access(table)->item_column;
	scan->shape = *shape;
	scan->direction = shape->backward ? BackwardScanDirection : ForwardScanDirection;
	scan->run = run_begin();
	scan->left = shape->limit > 0 ? shape->limit : PG_INT64_MAX;
	scan->run_limit = shape->limit > 0 ? MAX_RUN : FIRST_RUN;
	scan->max_distance = get_tablespace_io_concurrency(table->rel->rd_rel->reltablespace);

	scan->index = index_open(index->oid, AccessShareLock);
	scan->snapshot = RegisterSnapshot(GetActiveSnapshot());
	scan->scan = compat_index_beginscan(table->rel, scan->index, scan->snapshot, nkeys, 0);
	if (shape->total_segments > 1)
	{
		scan->scan->xs_want_itup = true;
		scan->entry_context = AllocSetContextCreate(CurrentMemoryContext, "dynamo index entry",
													ALLOCSET_SMALL_SIZES);
	}
	index_rescan(scan->scan, scan_keys, nkeys, NULL, 0);
	return scan;
}

bool
direct_scan_next(DirectScan *scan, Datum *item)
{
	for (;;)
	{
		Run		   *run = scan->run;

		while (run->next_entry < run->nentries)
		{
			const RunEntry *entry = &run->entries[run->next_entry++];

			if (!entry->visible)
				continue;
			*item = PointerGetDatum(entry->item);
			return true;
		}
		if (!fetch_run(scan))
			return false;
	}
}

void
direct_scan_end(DirectScan *scan)
{
	index_endscan(scan->scan);
	index_close(scan->index, NoLock);
	UnregisterSnapshot(scan->snapshot);
	run_end(scan->run);
}

/* ---- scan keys ---- */

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

/* ---- runs ---- */

/* In the current memory context, which takes the run along if it is deleted. */
static Run *
run_begin(void)
{
	Run		   *run = spare_run;

	if (run == NULL)
	{
		MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dynamo run of rows",
													  ALLOCSET_START_SMALL_SIZES);

		run = MemoryContextAlloc(context, sizeof(Run));
		run->context = context;
		run->more_items = AllocSetContextCreate(context, "dynamo rows", ALLOCSET_DEFAULT_SIZES);
	}
	else
		MemoryContextSetParent(run->context, CurrentMemoryContext);
	spare_run = NULL;
	run->nentries = 0;
	run->next_entry = 0;
	return run;
}

static void
run_end(Run *run)
{
	if (spare_run != NULL)
	{
		MemoryContextDelete(run->context);
		return;
	}
	MemoryContextReset(run->more_items);
	MemoryContextSetParent(run->context, TopMemoryContext);
	spare_run = run;
}

/* False at the end; true even if the snapshot sees none of the rows. */
static bool
fetch_run(DirectScan *scan)
{
	take_entries(scan);
	fetch_rows(scan);
	pass_entries(scan);
	scan->run_limit = Min(4 * scan->run_limit, MAX_RUN);
	return scan->run->nentries > 0;
}

/* Takes the next entry, and those that follow it on the leaf page. */
static void
take_entries(DirectScan *scan)
{
	Run		   *run = scan->run;
	const BTScanPosData *position = leaf_position(scan);
	int			limit = (int) Min(scan->run_limit, scan->left);
	const BTScanPosItem *entry;

	run->nentries = 0;
	run->next_entry = 0;
	run->npages = 0;
	run->used = 0;
	memset(run->buckets, -1, sizeof(run->buckets));
	MemoryContextReset(run->more_items);
	if (limit == 0 || !find_entry(scan))
		return;
	for (int i = position->itemIndex;
		 run->nentries < limit && (entry = leaf_entry(position, i)) != NULL;
		 i += scan->direction)
		if (scan->entry_context == NULL || entry_in_segment(scan, entry))
			take_entry(run, i, entry->heapTid);
}

/* Adds the entry to the run, and to those of its page. */
static void
take_entry(Run *run, int position, ItemPointerData tid)
{
	BlockNumber block = ItemPointerGetBlockNumber(&tid);
	int			number = run->nentries++;
	RunEntry   *entry = &run->entries[number];
	int8	   *bucket = &run->buckets[block % NBUCKETS];
	int			i = *bucket;

	entry->position = position;
	entry->tid = tid;
	entry->next_of_page = -1;
	while (i >= 0 && run->pages[i].block != block)
		i = run->pages[i].next_of_bucket;
	if (i >= 0)
		run->entries[run->pages[i].last].next_of_page = number;
	else
	{
		i = run->npages++;
		run->pages[i].block = block;
		run->pages[i].first = number;
		run->pages[i].next_of_bucket = *bucket;
		*bucket = i;
	}
	run->pages[i].last = number;
}

/* Moves the index scan to its next entry of the segment; false at the end. */
static bool
find_entry(DirectScan *scan)
{
	const BTScanPosData *position = leaf_position(scan);

	while (index_getnext_tid(scan->scan, scan->direction) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (scan->entry_context == NULL ||
			entry_in_segment(scan, &position->items[position->itemIndex]))
			return true;
	}
	return false;
}

/*
 * Decided on the index entry, so that other segments' rows are not read; for the
 * entries of a collection, which lie side by side, but once.
 */
static bool
entry_in_segment(DirectScan *scan, const BTScanPosItem *entry)
{
	BTScanOpaque opaque = scan->scan->opaque;
	KnownKey   *known = &scan->known;
	Datum		partition_key[MAX_HASH_ATTRIBUTES];
	MemoryContext caller;
	IndexTuple	tuple;
	Size		size;
	bool		isnull;
	int			i = 0;

	tuple = (IndexTuple) (opaque->currTuples + entry->tupleOffset);
	do
	{
		partition_key[i] = index_getattr(tuple, i + 1, RelationGetDescr(scan->index), &isnull);
		if (isnull)
			return false;		/* without a partition key there is no segment */
	} while (++i < scan->shape.nhash);
	size = VARSIZE_ANY(DatumGetPointer(partition_key[0]));
	if (size == known->size && memcmp(known->key, DatumGetPointer(partition_key[0]), size) == 0)
		return known->in_segment;

	caller = MemoryContextSwitchTo(scan->entry_context);
	known->in_segment = in_segment(&scan->shape, partition_key);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(scan->entry_context);
	known->size = scan->shape.nhash == 1 && size <= MAX_KNOWN_KEY ? size : 0;
	memcpy(known->key, DatumGetPointer(partition_key[0]), known->size);
	return known->in_segment;
}

/*
 * Moves the index scan to the last entry of the run, and tells it of each whether
 * that is dead, for it to mark (not in recovery: a standby may have older
 * snapshots).  All of that is on the leaf page.
 */
static void
pass_entries(DirectScan *scan)
{
	BTScanPosData *position = leaf_position(scan);
	IndexScanDesc entries = scan->scan;
	const Run  *run = scan->run;

	for (int i = 0; i < run->nentries; i++)
	{
		/* it hears so as it leaves the entry, for the next one of the page */
		if (entries->kill_prior_tuple)
			(void) index_getnext_tid(entries, scan->direction);
		else if (i > 0)
			pgstat_count_index_tuples(scan->index, 1);
		position->itemIndex = run->entries[i].position;
		entries->kill_prior_tuple = run->entries[i].dead && !entries->xactStartedInRecovery;
	}
}

/* ---- rows ---- */

/* Fetches the rows of the run, page by page. */
static void
fetch_rows(DirectScan *scan)
{
	const Run  *run = scan->run;
	Buffer		buffer = InvalidBuffer;
	int			asked = 0;		/* pages that have been read or asked for */

	for (int i = 0; i < run->npages; i++)
	{
		const RunPage *page = &run->pages[i];

		buffer = read_page(scan, buffer, page->block);
		for (asked = Max(asked, i + 1); asked < Min(i + 1 + scan->distance, run->npages); asked++)
			PrefetchBuffer(scan->rel, MAIN_FORKNUM, run->pages[asked].block);
		find_rows(scan, page, buffer);
		copy_items(scan, page);
	}
	if (BufferIsValid(buffer))
		ReleaseBuffer(buffer);
}

static Buffer
read_page(DirectScan *scan, Buffer previous, BlockNumber block)
{
	int64		read_before = pgBufferUsage.shared_blks_read + pgBufferUsage.local_blks_read;
	Buffer		buffer = ReleaseAndReadBuffer(previous, scan->rel, block);

	if (pgBufferUsage.shared_blks_read + pgBufferUsage.local_blks_read != read_before)
		scan->distance = Min(Max(2 * scan->distance, 1), scan->max_distance);
	else
		scan->distance = Max(scan->distance - 1, 0);
	heap_page_prune_opt(scan->rel, buffer);
	return buffer;
}

/*
 * Finds what the snapshot sees of the page's entries.  On a page whose rows are
 * visible to everybody, nothing else is to be asked, as for a sequential scan.
 */
static void
find_rows(DirectScan *scan, const RunPage *page, Buffer buffer)
{
	RunEntry   *entries = scan->run->entries;
	Page		content = BufferGetPage(buffer);
	bool		all_visible;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	all_visible = PageIsAllVisible(content) && !scan->snapshot->takenDuringRecovery &&
		!IsolationIsSerializable();
	prefetch_rows(entries, page, content);
	for (int i = page->first; i >= 0; i = entries[i].next_of_page)
	{
		RunEntry   *entry = &entries[i];
		ItemPointerData tid = entry->tid;
		HeapTupleData row;

		entry->dead = false;
		entry->visible = (all_visible && find_visible_row(&tid, content, &row)) ||
			heap_hot_search_buffer(&tid, scan->rel, buffer, scan->snapshot, &row,
								   &entry->dead, true);
		if (!entry->visible)
			continue;
		entry->item = row_item(scan, &row);
		entry->size = VARSIZE_ANY(entry->item);
	}
	LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
}

/* Has the processor get the rows of the page's entries into its cache. */
static void
prefetch_rows(const RunEntry *entries, const RunPage *page, Page content)
{
	for (int i = page->first; i >= 0; i = entries[i].next_of_page)
	{
		OffsetNumber offset = ItemPointerGetOffsetNumber(&entries[i].tid);
		ItemId		line;

		if (offset > PageGetMaxOffsetNumber(content))
			continue;
		line = PageGetItemId(content, offset);
		if (ItemIdIsNormal(line))
		{
			const char *row = (const char *) PageGetItem(content, line);
			int			size = Min(ItemIdGetLength(line), MAX_PREFETCH);

			for (int at = 0; at < size; at += CACHE_LINE)
				__builtin_prefetch(row + at);
		}
	}
}

/* The row of an index entry on a page whose rows all are visible; false: it is not plain to see. */
static bool
find_visible_row(ItemPointer tid, Page content, HeapTuple row)
{
	OffsetNumber offset = ItemPointerGetOffsetNumber(tid);
	ItemId		line;

	if (offset > PageGetMaxOffsetNumber(content))
		return false;
	line = PageGetItemId(content, offset);
	if (!ItemIdIsNormal(line))
		return false;
	row->t_data = (HeapTupleHeader) PageGetItem(content, line);
	row->t_len = ItemIdGetLength(line);
	return !HeapTupleIsHeapOnly(row);
}

/* heap_getattr() of the item, which lies behind few columns of any length, none of them NULL. */
static const char *
row_item(const DirectScan *scan, HeapTuple row)
{
	TupleDesc	desc = RelationGetDescr(scan->rel);
	HeapTupleHeader header = row->t_data;
	const char *data = (const char *) header + header->t_hoff;
	int			number = scan->item_column - 1;
	uint32		offset = 0;

	if (number >= HeapTupleHeaderGetNatts(header) || !are_all_there(row, number))
		return any_row_item(scan, row);
	for (int i = 0; i < number; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		offset = att_align_pointer(offset, column->attalign, column->attlen, data + offset);
		offset = att_addlength_pointer(offset, column->attlen, data + offset);
	}
	return data + att_align_pointer(offset, TYPALIGN_INT, -1, data + offset);
}

static bool
are_all_there(HeapTuple row, int last)
{
	if (HeapTupleHasNulls(row))
		for (int i = 0; i <= last; i++)
			if (att_isnull(i, row->t_data->t_bits))
				return false;
	return true;
}

static const char *
any_row_item(const DirectScan *scan, HeapTuple row)
{
	bool		isnull;
	Datum		item = heap_getattr(row, scan->item_column, RelationGetDescr(scan->rel), &isnull);

	check_item_is_there(isnull);
	return DatumGetPointer(item);
}

/* While the page is pinned. */
static void
copy_items(DirectScan *scan, const RunPage *page)
{
	RunEntry   *entries = scan->run->entries;
	Size		size = 0;
	char	   *copy;

	for (int i = page->first; i >= 0; i = entries[i].next_of_page)
		if (entries[i].visible)
			size += MAXALIGN(entries[i].size);
	copy = item_space(scan->run, size);
	for (int i = page->first; i >= 0; i = entries[i].next_of_page)
	{
		RunEntry   *entry = &entries[i];

		if (!entry->visible)
			continue;
		entry->item = memcpy(copy, entry->item, entry->size);
		copy += MAXALIGN(entry->size);
		pgstat_count_heap_fetch(scan->index);
		scan->left--;
	}
}

static char *
item_space(Run *run, Size size)
{
	if (size > sizeof(run->items) - run->used)
		return MemoryContextAlloc(run->more_items, size);
	run->used += size;
	return run->items + run->used - size;
}

/* ---- what nbtree has copied of the leaf page ---- */

static BTScanPosData *
leaf_position(const DirectScan *scan)
{
	return &((BTScanOpaque) scan->scan->opaque)->currPos;
}

/* NULL behind either end. */
static const BTScanPosItem *
leaf_entry(const BTScanPosData *position, int i)
{
	return i < position->firstItem || i > position->lastItem ? NULL : &position->items[i];
}
