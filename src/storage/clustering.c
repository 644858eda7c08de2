/*
 * clustering.c
 *		Which heap page a new row goes to, so that the items of a collection lie
 *		together however they arrive.
 *
 * A new row is steered, by the page that the relation remembers as its target
 * (RelationSetTargetBlock()), from which heap starts its own search; if it finds
 * no room there, heap goes on as ever.  So a choice can be bad but never wrong,
 * and what it rests on are hints: pages are looked at without lock.
 *
 *	1	The page to which this session wrote the collection's last row
 *		(last_pages.c), if it has room and nobody else is just writing there: so that
 *		writers of one collection do not queue up.
 *	2	The leaf of the primary key's index on which the key belongs
 *		(key_probe.c) says on which pages the collection lives.  The first of a
 *		few of them that has room is it, or if others are just writing there, the
 *		next one.
 *	3	Where none has, the collection gets a seat on a new page.  The larger it
 *		is, the fewer collections share that page: with COLLECTION_SPREAD pages'
 *		worth of rows a page is its own; with half as many it shares it with
 *		another one of that size, and so on.
 *	4	A collection of which there is too little for that, or nothing, goes where
 *		heap puts rows: onto the page that took the last such row.
 *
 * What is reserved for a collection is thus in proportion to what it has.  A
 * seat's page is half filled on average, so COLLECTION_SPREAD is the exchange
 * rate between the two costs of clustering: room that lies idle, and pages per
 * collection.  docs/performance.md has the figures it was chosen by.
 *
 * A new page is one that is free, or almost, by the free space map, else a page
 * added to the relation.  Either is taken out of the map, so that others do not
 * find it; VACUUM puts back what is left of it.
 *
 * Tables without sort key have no collections.  Nothing is steered either where
 * the owner has switched it off (dynamo.set_clustering()), where there is no valid
 * primary key or it is being rebuilt, and in table rewrites, which keep or make an
 * order of their own.
 *
 * What a session remembers of a table hangs on its relcache entry and goes with
 * every invalidation of it; so no pointer to it is kept across anything that may
 * take a lock.  The remembered pages are good for as long as the relation's own
 * target is, which PostgreSQL forgets when a relation was cut off.
 */
#include "postgres.h"

#include "access/heaptoast.h"
#include "access/htup_details.h"
#include "access/genam.h"
#include "catalog/index.h"
#include "common/hashfn.h"
#include "storage/buf_internals.h"
#include "storage/bufmgr.h"
#include "storage/freespace.h"
#include "storage/lmgr.h"
#include "storage/lwlock.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "common/compat.h"
#include "storage/clustering.h"
#include "storage/storage_internal.h"

/*
 * How many pages' worth of rows a collection has before a page is its own, in
 * tenths; a little less will do rather than to share it with another.
 */
#define COLLECTION_SPREAD	20
#define OWN_PAGE_SPREAD		18

/* The usual one of processors; another costs time only. */
#define CACHE_LINE			64

/* On how many collections a page is shared out at most. */
#define MAX_SEATS			20

#define PAGE_ROOM			(BLCKSZ - MAXALIGN(SizeOfPageHeaderData))
/* A page of the free space map that is as good as a new one. */
#define NEW_PAGE_ROOM		(PAGE_ROOM / 10 * 9)

/* A page that is shared out. */
typedef struct OpenPage
{
	BlockNumber block;
	int			seats;			/* that are left */
} OpenPage;

/* What can be seen of a page. */
typedef struct PageLook
{
	Size		room;			/* free bytes */
	Size		row_size;		/* the usual one of its rows; 0: it has none */
	bool		busy;			/* somebody is writing on it */
} PageLook;

/* What a session remembers of a table: rd_amcache. */
typedef struct ClusteringState
{
	Oid			index;			/* InvalidOid: nothing is steered */
	int			nhash;
	int			nkeys;
	AttrNumber	columns[MAX_KEY_ATTRIBUTES];
	ClusteringCounters *counters;	/* NULL: not counted */
	uint64		era;			/* of the last pages of its collections */
	BlockNumber common_page;	/* of rows that are not steered */
	OpenPage	open[MAX_SEATS + 1];	/* by seats that it had */
} ClusteringState;

/* A probe of a row's own key. */
typedef struct RowProbe
{
	Datum		key[MAX_KEY_ATTRIBUTES];
	bool		is_copy[MAX_KEY_ATTRIBUTES];
	KeyProbe	probe;
} RowProbe;

static ClusteringState *clustering_state(Relation rel);
static ClusteringState *build_state(Relation rel);
static bool place_at_last_page(Placement *placement, Relation rel, Size size, int nrows);
static void place(Placement *placement, Relation rel, KeyProbe *probe, Size size,
				  int nrows, bool bulk);
static void steer(Placement *placement, Relation rel, BlockNumber block, int nrows);
static bool hash_collection(const ClusteringState *state, TupleTableSlot *row, uint32 *hash);
static void forget_void_pages(Relation rel);
static void forget_pages(ClusteringState *state);
static bool row_probe_begin(RowProbe *own, Relation rel, TupleTableSlot *row);
static void make_row_key(RowProbe *own, const ClusteringState *state, TupleTableSlot *row);
static void row_probe_end(RowProbe *own);
static BlockNumber choose_page(Relation rel, ClusteringState *state, KeyProbe *probe, Size size,
							   int nrows);
static Size room_needed(Relation rel, Size size, Size usual_size);
static BlockNumber page_with_room(Relation rel, const KeyProbe *probe, Size need);
static BlockNumber take_seat(Relation rel, ClusteringState *state, Size collection, Size need);
static int	seats_of_page(Size collection);
static BlockNumber new_page(Relation rel);
static BlockNumber extend_relation(Relation rel);
static void look_at_page(Relation rel, BlockNumber block, Size size, PageLook *look);
static Size page_room(Relation rel, BlockNumber block);
static Size room_of(Page page);
static void fetch_room(Page page, Size size);
static bool is_being_written(Buffer buffer);
static Size row_size(TupleTableSlot *slot);

/* ---- placing ---- */

bool
is_clustered(Relation rel)
{
	return is_dynamo_relation(rel) && OidIsValid(clustering_state(rel)->index);
}

void
placement_begin(Placement *placement, Relation rel, TupleTableSlot **slots, int nslots,
				KeyProbe *probe, bool bulk)
{
	RowProbe	own;
	Size		size;

	*placement = (Placement) {0};
	if (!is_clustered(rel))
		return;
	forget_void_pages(rel);
	placement->hashed = hash_collection(clustering_state(rel), slots[0], &placement->collection);
	size = row_size(slots[0]);
	if (place_at_last_page(placement, rel, size, nslots))
		return;
	if (probe != NULL)
		place(placement, rel, probe, size, nslots, bulk);
	else if (row_probe_begin(&own, rel, slots[0]))
	{
		place(placement, rel, &own.probe, size, nslots, bulk);
		row_probe_end(&own);
	}
}

/*
 * As heap_update() will find out for itself, a version stays if there is room.  How
 * much a long one takes is known only after it was compressed.
 */
void
placement_begin_update(Placement *placement, Relation rel, ItemPointer old_tid,
					   TupleTableSlot *slot)
{
	RowProbe	own;
	Size		size;

	*placement = (Placement) {0};
	if (!is_clustered(rel))
		return;
	forget_void_pages(rel);
	size = row_size(slot);
	if (page_room(rel, ItemPointerGetBlockNumber(old_tid)) >= Min(size, TOAST_TUPLE_TARGET))
		return;
	placement->hashed = hash_collection(clustering_state(rel), slot, &placement->collection);
	if (place_at_last_page(placement, rel, size, 1) || !row_probe_begin(&own, rel, slot))
		return;
	place(placement, rel, &own.probe, size, 1, false);
	row_probe_end(&own);
}

void
placement_end(const Placement *placement, Relation rel, TupleTableSlot *last)
{
	ClusteringState *state = rel->rd_amcache;
	BlockNumber block = ItemPointerGetBlockNumber(&last->tts_tid);

	if (state == NULL)
		return;
	if (placement->common)
		state->common_page = block;
	if (placement->hashed)
		last_page_remember(state->era, placement->collection, block);
}

/* They are left to the page of a bulk insertion, where there is one. */
void
placement_begin_others(Placement *placement, Relation rel, bool bulk)
{
	ClusteringState *state = clustering_state(rel);

	placement->steered = false;
	placement->common = OidIsValid(state->index) && !bulk;
	if (placement->common)
		RelationSetTargetBlock(rel, state->common_page);
}

/* Most rows of a session that comes back to its collections; the index is not asked. */
static bool
place_at_last_page(Placement *placement, Relation rel, Size size, int nrows)
{
	BlockNumber block;
	PageLook	look;

	if (!placement->hashed)
		return false;
	block = last_page(clustering_state(rel)->era, placement->collection);
	if (block == InvalidBlockNumber)
		return false;
	look_at_page(rel, block, size, &look);
	if (look.busy || look.room < room_needed(rel, size, look.row_size))
		return false;
	steer(placement, rel, block, nrows);
	return true;
}

static void
place(Placement *placement, Relation rel, KeyProbe *probe, Size size, int nrows, bool bulk)
{
	ClusteringState *state = clustering_state(rel);
	BlockNumber block;

	forget_void_pages(rel);		/* (the probe may have taken a lock) */
	block = choose_page(rel, state, probe, size, nrows);
	if (block != InvalidBlockNumber)
	{
		steer(placement, rel, block, nrows);
		return;
	}
	clustering_count(&state->counters, RelationGetRelid(rel), nrows, false);
	placement_begin_others(placement, rel, bulk);
}

static void
steer(Placement *placement, Relation rel, BlockNumber block, int nrows)
{
	clustering_count(&clustering_state(rel)->counters, RelationGetRelid(rel), nrows, true);
	RelationSetTargetBlock(rel, block);
	placement->steered = true;
}

/* False for a key that would have to be fetched first. */
static bool
hash_collection(const ClusteringState *state, TupleTableSlot *row, uint32 *hash)
{
	*hash = 0;
	for (int i = 0; i < state->nhash; i++)
	{
		bool		isnull;
		Datum		value = slot_getattr(row, state->columns[i], &isnull);
		struct varlena *key = (struct varlena *) DatumGetPointer(value);

		if (isnull || VARATT_IS_EXTERNAL(key) || VARATT_IS_COMPRESSED(key))
			return false;
		*hash = hash_combine(*hash, hash_bytes((unsigned char *) VARDATA_ANY(key),
											   VARSIZE_ANY_EXHDR(key)));
	}
	return true;
}

/* False if the index cannot be asked. */
static bool
row_probe_begin(RowProbe *own, Relation rel, TupleTableSlot *row)
{
	ClusteringState state = *clustering_state(rel);
	Relation	index;

	for (int i = 0; i < state.nkeys; i++)
		if (slot_attisnull(row, state.columns[i]))
			return false;
	index = index_open(state.index, RowExclusiveLock);
	if (!index->rd_index->indisready || !index->rd_index->indislive ||
		ReindexIsProcessingIndex(state.index))
	{
		index_close(index, NoLock);
		return false;
	}
	make_row_key(own, &state, row);
	key_probe_begin(&own->probe, index, state.nhash, state.nkeys, own->key);
	return true;
}

/*
 * A statement may hand on values as another table has stored them, out of line,
 * and the leaf's lock is none to fetch them under.
 */
static void
make_row_key(RowProbe *own, const ClusteringState *state, TupleTableSlot *row)
{
	for (int i = 0; i < state->nkeys; i++)
	{
		bool		isnull;
		Datum		value = slot_getattr(row, state->columns[i], &isnull);

		own->key[i] = PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));
		own->is_copy[i] = own->key[i] != value;
	}
}

static void
row_probe_end(RowProbe *own)
{
	for (int i = 0; i < own->probe.nkeys; i++)
		if (own->is_copy[i])
			pfree(DatumGetPointer(own->key[i]));
	key_probe_end(&own->probe);
	index_close(own->probe.index, NoLock);
}

/* ---- the choice ---- */

/* InvalidBlockNumber: the collection has no page of its own, nor gets one. */
static BlockNumber
choose_page(Relation rel, ClusteringState *state, KeyProbe *probe, Size size, int nrows)
{
	PageLook	look;
	Size		need;
	BlockNumber block;

	key_probe_neighbours(probe);
	if (probe->nentries == 0)
		return InvalidBlockNumber;
	look_at_page(rel, probe->blocks[0], size, &look);
	need = room_needed(rel, size, look.row_size);
	if (look.room >= need && !look.busy)
		return probe->blocks[0];

	key_probe_list(probe);
	block = page_with_room(rel, probe, need);
	if (block == InvalidBlockNumber && !probe->complete)
	{
		key_probe_widen(probe);
		block = page_with_room(rel, probe, need);
	}
	if (block != InvalidBlockNumber || probe->nentries == 0)	/* VACUUM may have taken them */
		return block;
	return take_seat(rel, state, (look.row_size > 0 ? look.row_size : size) *
					 (probe->nentries + nrows - 1), need);
}

/* A row that is too long for a page is made shorter, presumably as its neighbours were. */
static Size
room_needed(Relation rel, Size size, Size usual_size)
{
	if (size > TOAST_TUPLE_THRESHOLD)
		size = usual_size > 0 ? Min(usual_size, TOAST_TUPLE_TARGET) : TOAST_TUPLE_TARGET;
	return MAXALIGN(size) + RelationGetTargetPageFreeSpace(rel, HEAP_DEFAULT_FILLFACTOR);
}

/* Rather one that nobody else is writing on. */
static BlockNumber
page_with_room(Relation rel, const KeyProbe *probe, Size need)
{
	BlockNumber busy = InvalidBlockNumber;

	for (int i = 0; i < probe->nblocks; i++)
	{
		PageLook	look;

		look_at_page(rel, probe->blocks[i], need, &look);
		if (look.room >= need && !look.busy)
			return probe->blocks[i];
		if (look.room >= need && busy == InvalidBlockNumber)
			busy = probe->blocks[i];
	}
	return busy;
}

/* A page for a collection that has filled its own, given its bytes. */
static BlockNumber
take_seat(Relation rel, ClusteringState *state, Size collection, Size need)
{
	int			seats = seats_of_page(collection);
	OpenPage   *page = &state->open[Min(seats, MAX_SEATS)];

	if (seats > MAX_SEATS)
		return InvalidBlockNumber;
	if (page->seats == 0 || page_room(rel, page->block) < need)
	{
		page->block = new_page(rel);
		page->seats = seats;
	}
	page->seats--;
	return page->block;
}

/* How many collections of these bytes share a page. */
static int
seats_of_page(Size collection)
{
	if (collection * 10 >= PAGE_ROOM * OWN_PAGE_SPREAD)
		return 1;
	return (PAGE_ROOM * COLLECTION_SPREAD / 10 + collection - 1) / collection;
}

/* ---- pages ---- */

static BlockNumber
new_page(Relation rel)
{
	BlockNumber block = GetPageWithFreeSpace(rel, NEW_PAGE_ROOM);

	if (block == InvalidBlockNumber)
		return extend_relation(rel);
	RecordPageWithFreeSpace(rel, block, 0);
	return page_room(rel, block) >= NEW_PAGE_ROOM ? block : extend_relation(rel);
}

/* As heap does: the page is not logged before a row is put onto it. */
static BlockNumber
extend_relation(Relation rel)
{
	Buffer		buffer;
	BlockNumber block;

	compat_lock_for_extension(rel);
	buffer = compat_extend_relation(rel);
	block = BufferGetBlockNumber(buffer);
	PageInit(BufferGetPage(buffer), BufferGetPageSize(buffer), 0);
	MarkBufferDirty(buffer);
	UnlockReleaseBuffer(buffer);
	compat_unlock_for_extension(rel);
	return block;
}

/* Likely to take a row of some bytes. */
static void
look_at_page(Relation rel, BlockNumber block, Size size, PageLook *look)
{
	Buffer		buffer = ReadBuffer(rel, block);
	Page		page = BufferGetPage(buffer);
	int			nrows = PageIsNew(page) ? 0 : PageGetMaxOffsetNumber(page);

	look->room = room_of(page);
	fetch_room(page, Min(size, look->room));
	look->row_size = nrows > 0 ? (PAGE_ROOM - Min(look->room, PAGE_ROOM)) / nrows : 0;
	look->busy = is_being_written(buffer);
	ReleaseBuffer(buffer);
}

static Size
page_room(Relation rel, BlockNumber block)
{
	Buffer		buffer = ReadBuffer(rel, block);
	Size		room = room_of(BufferGetPage(buffer));

	ReleaseBuffer(buffer);
	return room;
}

static Size
room_of(Page page)
{
	return PageIsNew(page) ? PAGE_ROOM : PageGetHeapFreeSpace(page);
}

/*
 * Lets the processor fetch where the next row of a page goes, of which little but the
 * last page that a session filled is in its caches: the copying of the row does not wait
 * for that, but the first locked instruction behind it does.
 */
static void
fetch_room(Page page, Size size)
{
	const char *end = (char *) page + (PageIsNew(page) ? BLCKSZ : ((PageHeader) page)->pd_upper);

	for (Size behind = 0; behind < size; behind += CACHE_LINE)
		__builtin_prefetch(end - 1 - behind, 1);
}

/* Whether somebody holds an exclusive lock on the page. */
static bool
is_being_written(Buffer buffer)
{
	LWLock	   *lock;

	if (BufferIsLocal(buffer))
		return false;
	lock = BufferDescriptorGetContentLock(GetBufferDescriptor(buffer - 1));
	if (!LWLockConditionalAcquire(lock, LW_SHARED))
		return true;
	LWLockRelease(lock);
	return false;
}

/* Before a long one is compressed or moved out. */
static Size
row_size(TupleTableSlot *slot)
{
	slot_getallattrs(slot);
	return MAXALIGN(SizeofHeapTupleHeader) +
		heap_compute_data_size(slot->tts_tupleDescriptor, slot->tts_values, slot->tts_isnull);
}

/* ---- collections in many rows ---- */

static bool
same_collection(const ClusteringState *state, TupleTableSlot *a, TupleTableSlot *b)
{
	for (int i = 0; i < state->nhash; i++)
	{
		bool		a_isnull;
		bool		b_isnull;
		Datum		x = slot_getattr(a, state->columns[i], &a_isnull);
		Datum		y = slot_getattr(b, state->columns[i], &b_isnull);

		if (a_isnull || b_isnull || !datumIsEqual(x, y, false, -1))
			return false;
	}
	return true;
}

int
collection_run(Relation rel, TupleTableSlot **slots, int nslots)
{
	const ClusteringState *state = clustering_state(rel);
	int			n = 1;

	if (!OidIsValid(state->index))
		return nslots;
	while (n < nslots && same_collection(state, slots[n - 1], slots[n]))
		n++;
	return n;
}

/* ---- what a session remembers ---- */

static ClusteringState *
clustering_state(Relation rel)
{
	if (rel->rd_amcache == NULL)
		return build_state(rel);
	return rel->rd_amcache;
}

/*
 * The switch is read last: whoever changes it lets everybody know, and nothing
 * that comes after could hear of it.
 */
static ClusteringState *
build_state(Relation rel)
{
	const TableDefinition *definition = table_definition(rel);
	ClusteringState state = {0};
	ClusteringState *result;

	if (definition != NULL && definition->key.nrange > 0 &&
		OidIsValid(definition->primary_index))
	{
		state.nhash = definition->key.nhash;
		state.nkeys = definition->key.nhash + definition->key.nrange;
		memcpy(state.columns, definition->key_columns, sizeof(state.columns));
		state.counters = clustering_counters(RelationGetRelid(rel));
		state.index = definition->primary_index;
		if (!table_clustering_is_on(rel))
			state.index = InvalidOid;
	}
	forget_pages(&state);
	result = MemoryContextAlloc(CacheMemoryContext, sizeof(ClusteringState));
	*result = state;
	rel->rd_amcache = result;
	return result;
}

/* Forgets the remembered pages if PostgreSQL has forgotten its own. */
static void
forget_void_pages(Relation rel)
{
	if (RelationGetTargetBlock(rel) == InvalidBlockNumber)
		forget_pages(clustering_state(rel));
}

static void
forget_pages(ClusteringState *state)
{
	state->era = last_pages_new_era();
	state->common_page = InvalidBlockNumber;
	for (int i = 0; i <= MAX_SEATS; i++)
		state->open[i].seats = 0;
}
