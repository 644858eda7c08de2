/*
 * key_probe.c
 *		What stands around a key in the primary key's index, by one descent.
 *
 * Entries are in the order of partition key and sort key, so the leaf page on
 * which a key belongs holds entries of its item collection, and those say on
 * which heap pages the collection lives.  It also says whether there is an entry
 * of the key itself, dead or alive.
 *
 * This is what a scan does (_bt_first()), but that the position itself is wanted
 * and not what is found there.  The same rules make it safe: _bt_search() moves
 * right past concurrent splits and returns the leaf with a shared lock, under
 * which entries neither move nor vanish; what is kept of them when the lock is
 * released are numbers of heap pages, which are hints, and a TID with the leaf
 * still pinned, so that VACUUM cannot remove the tuple and reuse its place (nbtree's
 * README, on scans with snapshots that are not MVCC).
 *
 * The caller holds a lock on the table, without which its pages could be cut
 * off, and on the index.
 */
#include "postgres.h"

#include "access/nbtree.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

#include "common/compat.h"
#include "storage/clustering.h"

/* The leaf page that is being read. */
typedef struct Leaf
{
	const KeyProbe *probe;
	BTScanInsert search;
	Page		page;
	OffsetNumber first;			/* its first entry */
	OffsetNumber end;			/* behind its last one */
} Leaf;

static void read_end(KeyProbe *probe, bool last);
static void make_search_key(BTScanInsert search, Relation index, int nkeys, const Datum *key);
static Buffer find_leaf(Relation index, BTScanInsert search);
static void open_leaf(Leaf *leaf, const KeyProbe *probe, BTScanInsert search, Buffer buffer);
static void read_leaf(KeyProbe *probe, ProbeScope scope, BTScanInsert search);
static int	compare(const Leaf *leaf, OffsetNumber offset);
static OffsetNumber first_above(const Leaf *leaf, int above, OffsetNumber low, OffsetNumber high);
static bool in_collection(const Leaf *leaf, OffsetNumber offset);
static int	compare_partition(const Leaf *leaf, OffsetNumber offset);
static OffsetNumber collection_first(const Leaf *leaf, OffsetNumber position);
static OffsetNumber collection_end(const Leaf *leaf, OffsetNumber position);
static void read_key_entries(KeyProbe *probe, const Leaf *leaf, OffsetNumber position);
static bool ends_leaf(const Leaf *leaf);
static void read_neighbours(KeyProbe *probe, const Leaf *leaf, OffsetNumber first,
							OffsetNumber position, OffsetNumber end);
static void add_blocks(KeyProbe *probe, const Leaf *leaf, OffsetNumber first, OffsetNumber end,
					   int nfixed);
static void add_block(KeyProbe *probe, int nfixed, BlockNumber block);
static inline IndexTuple leaf_entry(const Leaf *leaf, OffsetNumber offset);
static inline BlockNumber entry_block(const Leaf *leaf, OffsetNumber offset);

void
key_probe_begin(KeyProbe *probe, ProbeScope scope, Relation index, int nhash, int nkeys,
				const Datum *key)
{
	BTScanInsertData search;

	probe->index = index;
	probe->nhash = nhash;
	probe->key = key;
	probe->nentries = 0;
	probe->nblocks = 0;
	probe->cut_off[0] = probe->cut_off[1] = false;
	probe->key_entries = scope == PROBE_PLACE ? KEY_NOT_ASKED : KEY_ABSENT;
	make_search_key(&search, index, nkeys, key);
	probe->leaf = find_leaf(index, &search);
	if (BufferIsValid(probe->leaf))
	{
		read_leaf(probe, scope, &search);
		LockBuffer(probe->leaf, BUFFER_LOCK_UNLOCK);
	}
}

void
key_probe_end(KeyProbe *probe)
{
	if (BufferIsValid(probe->leaf))
		ReleaseBuffer(probe->leaf);
	probe->leaf = InvalidBuffer;
}

void
key_probe_widen(KeyProbe *probe)
{
	probe->nblocks = 0;
	for (int side = 0; side < lengthof(probe->cut_off); side++)
	{
		if (probe->cut_off[side])
			read_end(probe, side == 1);
		probe->cut_off[side] = false;
	}
}

/*
 * Adds what the first leaf, or the last one, with entries of the collection has of
 * them.
 */
static void
read_end(KeyProbe *probe, bool last)
{
	BTScanInsertData search;
	Buffer		buffer;
	Leaf		leaf;
	OffsetNumber first;
	OffsetNumber end;

	make_search_key(&search, probe->index, probe->nhash, probe->key);
	search.nextkey = last;		/* to what comes behind the collection */
	buffer = find_leaf(probe->index, &search);
	if (!BufferIsValid(buffer))
		return;
	open_leaf(&leaf, probe, &search, buffer);
	first = end = first_above(&leaf, last ? -1 : 0, leaf.first, leaf.end);
	if (last)
		first = collection_first(&leaf, end);
	else
		end = collection_end(&leaf, first);
	add_blocks(probe, &leaf, first, end, 0);
	probe->nentries += end - first;
	_bt_relbuf(probe->index, buffer);
}

/* ---- finding ---- */

/* By default the least entry that is not less than the key is searched for. */
static void
make_search_key(BTScanInsert search, Relation index, int nkeys, const Datum *key)
{
	memset(search, 0, offsetof(BTScanInsertData, scankeys));
	_bt_metaversion(index, &search->heapkeyspace, &search->allequalimage);
	search->keysz = nkeys;
	for (int i = 0; i < nkeys; i++)
		ScanKeyEntryInitializeWithInfo(&search->scankeys[i],
									   index->rd_indoption[i] << SK_BT_INDOPTION_SHIFT, i + 1,
									   InvalidStrategy, InvalidOid, index->rd_indcollation[i],
									   index_getprocinfo(index, i + 1, BTORDER_PROC), key[i]);
}

/* Pinned and locked for reading; InvalidBuffer: the index is empty. */
static Buffer
find_leaf(Relation index, BTScanInsert search)
{
	Buffer		leaf;
	BTStack		stack = compat_bt_search(index, search, &leaf);

	if (stack != NULL)
		_bt_freestack(stack);
	return leaf;
}

static void
open_leaf(Leaf *leaf, const KeyProbe *probe, BTScanInsert search, Buffer buffer)
{
	leaf->probe = probe;
	leaf->search = search;
	leaf->page = BufferGetPage(buffer);
	leaf->first = P_FIRSTDATAKEY(BTPageGetOpaque(leaf->page));
	leaf->end = Max(leaf->first, PageGetMaxOffsetNumber(leaf->page) + 1);
}

/* ---- reading a leaf ---- */

static void
read_leaf(KeyProbe *probe, ProbeScope scope, BTScanInsert search)
{
	Leaf		leaf;
	OffsetNumber position;

	open_leaf(&leaf, probe, search, probe->leaf);
	position = first_above(&leaf, 0, leaf.first, leaf.end);
	if (scope != PROBE_PLACE)
		read_key_entries(probe, &leaf, position);
	if (scope == PROBE_PLACE || (scope == PROBE_NEW_KEY && probe->key_entries == KEY_ABSENT))
		read_neighbours(probe, &leaf, collection_first(&leaf, position), position,
						collection_end(&leaf, position));
}

/* How the key searched for compares to an entry. */
static int
compare(const Leaf *leaf, OffsetNumber offset)
{
	return _bt_compare(leaf->probe->index, leaf->search, leaf->page, offset);
}

/*
 * The first offset in [low, high) to which the key searched for compares as
 * `above` or less (0: entries not less than it, -1: greater ones), else high.
 */
static OffsetNumber
first_above(const Leaf *leaf, int above, OffsetNumber low, OffsetNumber high)
{
	while (low < high)
	{
		OffsetNumber middle = low + (high - low) / 2;

		if (compare(leaf, middle) > above)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Whether an entry has the partition key.  Equal values of a key have the same
 * bytes, unless they are so long that they are compressed.
 */
static bool
in_collection(const Leaf *leaf, OffsetNumber offset)
{
	TupleDesc	desc = RelationGetDescr(leaf->probe->index);
	IndexTuple	entry = leaf_entry(leaf, offset);

	for (int i = 0; i < leaf->probe->nhash; i++)
	{
		struct varlena *key = (struct varlena *) DatumGetPointer(leaf->probe->key[i]);
		struct varlena *value;
		bool		isnull;

		value = (struct varlena *) DatumGetPointer(index_getattr(entry, i + 1, desc, &isnull));
		if (VARATT_IS_COMPRESSED(value) || VARATT_IS_COMPRESSED(key) || VARATT_IS_EXTERNAL(key))
			return compare_partition(leaf, offset) == 0;
		if (VARSIZE_ANY_EXHDR(value) != VARSIZE_ANY_EXHDR(key) ||
			memcmp(VARDATA_ANY(value), VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key)) != 0)
			return false;
	}
	return true;
}

static int
compare_partition(const Leaf *leaf, OffsetNumber offset)
{
	int			keysz = leaf->search->keysz;
	int			result;

	leaf->search->keysz = leaf->probe->nhash;
	result = compare(leaf, offset);
	leaf->search->keysz = keysz;
	return result;
}

/* Many a leaf belongs to one collection, so its ends are looked at first. */
static OffsetNumber
collection_first(const Leaf *leaf, OffsetNumber position)
{
	OffsetNumber low = leaf->first;
	OffsetNumber high = position;

	if (position == leaf->first || in_collection(leaf, leaf->first))
		return leaf->first;
	while (low < high)			/* is of an earlier one; all from high on are of ours */
	{
		OffsetNumber middle = low + (high - low) / 2;

		if (in_collection(leaf, middle))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static OffsetNumber
collection_end(const Leaf *leaf, OffsetNumber position)
{
	OffsetNumber low = position;
	OffsetNumber high = leaf->end;

	if (position == leaf->end || in_collection(leaf, leaf->end - 1))
		return leaf->end;
	while (low < high)			/* all before low are of ours; high is of a later one */
	{
		OffsetNumber middle = low + (high - low) / 2;

		if (in_collection(leaf, middle))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * What the entries of the key itself say, which begin at `position` and may go
 * on to the next leaf.
 */
static void
read_key_entries(KeyProbe *probe, const Leaf *leaf, OffsetNumber position)
{
	OffsetNumber next = position;
	IndexTuple	entry;

	if (position < leaf->end && compare(leaf, position) == 0)
		next = position + 1;
	if (next == leaf->end ? !ends_leaf(leaf) : next > position && compare(leaf, next) == 0)
		probe->key_entries = KEY_MANY;
	else if (next == position)
		probe->key_entries = KEY_ABSENT;
	else
	{
		entry = leaf_entry(leaf, position);
		probe->key_entries = BTreeTupleIsPosting(entry) ||
			ItemIdIsDead(PageGetItemId(leaf->page, position)) ? KEY_MANY : KEY_ONCE;
		probe->tid = entry->t_tid;
	}
}

/* Whether no entry of the key can be on the leaf to the right. */
static bool
ends_leaf(const Leaf *leaf)
{
	return P_RIGHTMOST(BTPageGetOpaque(leaf->page)) || compare(leaf, P_HIKEY) < 0;
}

/*
 * The heap pages of the collection's entries in [first, end): that of the entry
 * before `position`, whose successor comes next, then the highest ones, which
 * are likely to be those begun last, at last that of the entry behind.
 */
static void
read_neighbours(KeyProbe *probe, const Leaf *leaf, OffsetNumber first, OffsetNumber position,
				OffsetNumber end)
{
	BlockNumber behind = position < end ? entry_block(leaf, position) : InvalidBlockNumber;

	probe->nentries = end - first;
	if (probe->nentries == 0)
		return;
	probe->cut_off[0] = first == leaf->first && !P_LEFTMOST(BTPageGetOpaque(leaf->page));
	probe->cut_off[1] = end == leaf->end && !P_RIGHTMOST(BTPageGetOpaque(leaf->page));
	probe->blocks[0] = position > first ? entry_block(leaf, position - 1) : behind;
	probe->nblocks = 1;
	add_blocks(probe, leaf, first, end, 1);
	if (behind == InvalidBlockNumber)
		return;
	for (int i = 0; i < probe->nblocks; i++)
		if (probe->blocks[i] == behind)
			return;
	probe->blocks[probe->nblocks++] = behind;
}

/*
 * Puts the highest pages of entries [first, end) behind blocks[nfixed - 1], in
 * descending order.
 */
static void
add_blocks(KeyProbe *probe, const Leaf *leaf, OffsetNumber first, OffsetNumber end, int nfixed)
{
	BlockNumber previous = nfixed > 0 ? probe->blocks[0] : InvalidBlockNumber;

	for (OffsetNumber offset = first; offset < end; offset++)
	{
		BlockNumber block = entry_block(leaf, offset);

		if (block == previous || (nfixed > 0 && block == probe->blocks[0]) ||
			(probe->nblocks == nfixed + PROBE_HIGHEST &&
			 block <= probe->blocks[probe->nblocks - 1]))
			continue;
		add_block(probe, nfixed, block);
		previous = block;
	}
}

/* Into its place, unless it is there; the least gives way. */
static void
add_block(KeyProbe *probe, int nfixed, BlockNumber block)
{
	int			place = nfixed;

	while (place < probe->nblocks && probe->blocks[place] > block)
		place++;
	if (place < probe->nblocks && probe->blocks[place] == block)
		return;
	probe->nblocks = Min(probe->nblocks + 1, nfixed + PROBE_HIGHEST);
	memmove(&probe->blocks[place + 1], &probe->blocks[place],
			(probe->nblocks - 1 - place) * sizeof(BlockNumber));
	probe->blocks[place] = block;
}

static inline IndexTuple
leaf_entry(const Leaf *leaf, OffsetNumber offset)
{
	return (IndexTuple) PageGetItem(leaf->page, PageGetItemId(leaf->page, offset));
}

static inline BlockNumber
entry_block(const Leaf *leaf, OffsetNumber offset)
{
	return ItemPointerGetBlockNumberNoCheck(BTreeTupleGetHeapTID(leaf_entry(leaf, offset)));
}
