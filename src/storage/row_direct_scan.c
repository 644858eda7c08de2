/*
 * row_direct_scan.c
 *		Scans by an index, directly.
 *
 * The rows of a scan come in the order of the index, and where items of one
 * collection share pages, many in a row are of one page.  Such a run is read at
 * once: its page is pinned and locked a single time, all its visible tuples are
 * found, and then handed out one by one from the pinned page.  The page is
 * locked while the index scan moves on, so that may only move within the leaf
 * page that it has read already (nbtree keeps a copy of what matches): a lock on
 * an index page, taken while one on a table page is held, could deadlock with
 * the check for duplicates, which takes them in the other order.
 *
 * While pages are not found in shared buffers, the next ones that the leaf names
 * are asked for ahead of time, up to effective_io_concurrency: the distance
 * doubles with each page that had to be read and shrinks with each that had not.
 *
 * All of this looks into nbtree's state of a scan, as only this file does.
 *
 * Resources between two calls: pins of an index page and a table page, the
 * registered snapshot and the index's lock.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/nbtree.h"
#include "access/relscan.h"
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

/* A run has at most so many rows; the first ones are shorter. */
#define MAX_RUN 64

/* The pages that the index scan will come to, asked for ahead of time. */
typedef struct Prefetch
{
	int			max_distance;
	int			distance;		/* in pages; 0: all are in shared buffers */
	int			ahead;			/* pages asked for and not yet read */
	BlockNumber leaf;			/* whose entries have been looked at, */
	int			next;			/* up to this one of nbtree's copy */
	BlockNumber block;			/* the last one asked for */
} Prefetch;

struct DirectScan
{
	Relation	rel;
	AttrNumber	item_column;
	ScanShape	shape;
	ScanDirection direction;
	Relation	index;
	Snapshot	snapshot;
	IndexScanDesc scan;
	MemoryContext entry_context; /* for one index entry */
	int64		left;			/* rows that may still be asked for */
	Buffer		buffer;			/* of the run, pinned */
	BlockNumber block;
	Prefetch	prefetch;
	int			run_limit;
	int			nrows;			/* of the run */
	int			next_row;
	HeapTupleData rows[MAX_RUN];
};

static int make_scan_keys(ScanKey scan_keys, ScanKey start_members, const KeyIndex *index,
						  const KeyConditions *conditions);
static void make_scan_key(ScanKey scan_key, const KeyColumn *key, int part,
						  StrategyNumber strategy, Datum value);
static void make_row_scan_key(ScanKey scan_key, ScanKey members, const KeyIndex *index,
							  const KeyConditions *conditions);
static bool fetch_run(DirectScan *scan);
static bool next_entry(DirectScan *scan);
static bool next_entry_of_page(DirectScan *scan);
static void find_row(DirectScan *scan);
static void read_page(DirectScan *scan, BlockNumber block);
static void prefetch_pages(DirectScan *scan);
static const BTScanPosData *leaf_position(const DirectScan *scan);
static const BTScanPosItem *leaf_entry(const BTScanPosData *position, int i);
static bool entry_in_segment(DirectScan *scan, const BTScanPosItem *entry);

/* ---- the interface ---- */

DirectScan *
direct_scan_begin(DynamoTable *table, const KeyIndex *index, const ScanShape *shape,
				  const KeyConditions *conditions)
{
	DirectScan *scan = palloc(sizeof(DirectScan));
	/* the row comparison's members are looked at during the scan */
	ScanKey		start_members = palloc(MAX_INDEX_PARTS * sizeof(ScanKeyData));
	ScanKeyData scan_keys[MAX_KEY_ATTRIBUTES + 5];
	int			nkeys = make_scan_keys(scan_keys, start_members, index, conditions);

	memset(scan, 0, offsetof(DirectScan, rows));
	scan->rel = table->rel;
	scan->item_column = table_access(table)->item_column;
	scan->shape = *shape;
	scan->direction = shape->backward ? BackwardScanDirection : ForwardScanDirection;
	scan->left = shape->limit > 0 ? shape->limit : PG_INT64_MAX;
	scan->run_limit = 1;
	scan->prefetch.max_distance = get_tablespace_io_concurrency(table->rel->rd_rel->reltablespace);
	scan->prefetch.leaf = InvalidBlockNumber;

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
	bool		isnull;

	if (scan->next_row == scan->nrows && !fetch_run(scan))
		return false;
	*item = heap_getattr(&scan->rows[scan->next_row++], scan->item_column,
						 RelationGetDescr(scan->rel), &isnull);
	check_item_is_there(isnull);
	return true;
}

void
direct_scan_end(DirectScan *scan)
{
	if (BufferIsValid(scan->buffer))
		ReleaseBuffer(scan->buffer);
	index_endscan(scan->scan);
	index_close(scan->index, NoLock);
	UnregisterSnapshot(scan->snapshot);
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

/* Finds the next rows that are of one page, at least one; false at the end. */
static bool
fetch_run(DirectScan *scan)
{
	int			limit = (int) Min(scan->run_limit, scan->left);

	scan->nrows = 0;
	scan->next_row = 0;
	while (scan->nrows == 0 && limit > 0 && next_entry(scan))
	{
		read_page(scan, ItemPointerGetBlockNumber(&scan->scan->xs_heaptid));
		LockBuffer(scan->buffer, BUFFER_LOCK_SHARE);
		do
			find_row(scan);
		while (scan->nrows < limit && next_entry_of_page(scan));
		LockBuffer(scan->buffer, BUFFER_LOCK_UNLOCK);
	}
	scan->left -= scan->nrows;
	scan->run_limit = Min(2 * scan->run_limit, MAX_RUN);
	return scan->nrows > 0;
}

/* Moves the index scan to its next entry of the segment; false at the end. */
static bool
next_entry(DirectScan *scan)
{
	const BTScanPosData *position = leaf_position(scan);

	while (index_getnext_tid(scan->scan, scan->direction) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (entry_in_segment(scan, leaf_entry(position, position->itemIndex)))
			return true;
	}
	return false;
}

/*
 * The same if that is known to be of the page that is locked, without leaving
 * the leaf page of the index.
 */
static bool
next_entry_of_page(DirectScan *scan)
{
	const BTScanPosData *position = leaf_position(scan);
	const BTScanPosItem *next;

	while ((next = leaf_entry(position, position->itemIndex + scan->direction)) != NULL &&
		   ItemPointerGetBlockNumber(&next->heapTid) == scan->block)
	{
		(void) index_getnext_tid(scan->scan, scan->direction);
		if (entry_in_segment(scan, next))
			return true;
	}
	return false;
}

/*
 * Adds the row of the current index entry to the run, if the snapshot sees it.
 * An entry whose tuples are dead to everybody is marked so in the index when
 * the scan moves on (not in recovery: a standby may see older snapshots).
 */
static void
find_row(DirectScan *scan)
{
	IndexScanDesc entries = scan->scan;
	ItemPointerData tid = entries->xs_heaptid;
	bool		all_dead = false;

	if (heap_hot_search_buffer(&tid, scan->rel, scan->buffer, scan->snapshot,
							   &scan->rows[scan->nrows], &all_dead, true))
	{
		scan->nrows++;
		pgstat_count_heap_fetch(scan->index);
	}
	else if (!entries->xactStartedInRecovery)
		entries->kill_prior_tuple = all_dead;
}

/* ---- pages ---- */

/* Pins the page in place of that of the run before. */
static void
read_page(DirectScan *scan, BlockNumber block)
{
	Prefetch   *prefetch = &scan->prefetch;
	int64		read_before = pgBufferUsage.shared_blks_read + pgBufferUsage.local_blks_read;

	if (BufferIsValid(scan->buffer) && scan->block == block)
		return;
	scan->buffer = ReleaseAndReadBuffer(scan->buffer, scan->rel, block);
	scan->block = block;
	heap_page_prune_opt(scan->rel, scan->buffer);

	if (pgBufferUsage.shared_blks_read + pgBufferUsage.local_blks_read != read_before)
		prefetch->distance = Min(Max(2 * prefetch->distance, 1), prefetch->max_distance);
	else if (prefetch->distance > 0)
		prefetch->distance--;
	if (prefetch->ahead > 0)
		prefetch->ahead--;
	if (prefetch->distance > 0)
		prefetch_pages(scan);
}

/* Asks for the pages that come behind the current entry's. */
static void
prefetch_pages(DirectScan *scan)
{
	const BTScanPosData *position = leaf_position(scan);
	Prefetch   *prefetch = &scan->prefetch;
	const BTScanPosItem *entry;

	if (prefetch->leaf != position->currPage || prefetch->ahead == 0)
	{
		prefetch->leaf = position->currPage;
		prefetch->next = position->itemIndex + scan->direction;
		prefetch->block = scan->block;
		prefetch->ahead = 0;
	}
	while (prefetch->ahead < prefetch->distance &&
		   (entry = leaf_entry(position, prefetch->next)) != NULL)
	{
		BlockNumber block = ItemPointerGetBlockNumber(&entry->heapTid);

		prefetch->next += scan->direction;
		if (block == prefetch->block || !entry_in_segment(scan, entry))
			continue;
		PrefetchBuffer(scan->rel, MAIN_FORKNUM, block);
		prefetch->block = block;
		prefetch->ahead++;
	}
}

/* ---- what nbtree has copied of the leaf page ---- */

static const BTScanPosData *
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

/* Decided on the index entry, so that other segments' rows are not read. */
static bool
entry_in_segment(DirectScan *scan, const BTScanPosItem *entry)
{
	BTScanOpaque opaque = scan->scan->opaque;
	IndexTuple	tuple;
	MemoryContext caller;
	Datum		partition_key[MAX_HASH_ATTRIBUTES];
	bool		isnull;
	bool		result;

	if (scan->entry_context == NULL)
		return true;
	tuple = (IndexTuple) (opaque->currTuples + entry->tupleOffset);
	caller = MemoryContextSwitchTo(scan->entry_context);
	for (int i = 0; i < scan->shape.nhash; i++)
		partition_key[i] = index_getattr(tuple, i + 1, RelationGetDescr(scan->index), &isnull);
	result = in_segment(&scan->shape, partition_key);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(scan->entry_context);
	return result;
}
