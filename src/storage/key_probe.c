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
 * which entries neither move nor vanish; what is kept of the key's own entry when the
 * lock is released is a TID with the leaf still pinned, so that VACUUM cannot remove
 * the tuple and reuse its place (nbtree's README, on scans with snapshots that are
 * not MVCC).
 *
 * Where the collection lives are numbers of heap pages, which are hints.  So for
 * these the leaf is read once more, when they are asked for, and those that it calls
 * its siblings, by their numbers alone: entries may have moved on to other pages
 * meanwhile, and a page may have become one of other keys, or none at all.
 *
 * The caller holds a lock on the table, without which its pages could be cut
 * off, and on the index.
 */
#include "postgres.h"

#include "access/nbtree.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

#include "common/compat.h"
#include "storage/clustering.h"

/* A leaf page that is being read. */
typedef struct Leaf
{
	const KeyProbe *probe;
	Page		page;
	OffsetNumber first;			/* its first entry */
	OffsetNumber end;			/* behind its last one */
	/* where the key is searched for: */
	BTScanInsert search;
	bool		by_bytes;		/* all parts of the key compare as strings of bytes */
	/* set by read_leaf(): */
	OffsetNumber position;
	OffsetNumber collection_first;	/* the first entry of the collection */
	OffsetNumber collection_end;	/* behind its last one */
	bool		begins_before;	/* the collection may have entries before that */
	bool		ends_behind;	/* and behind */
	BlockNumber previous;		/* its siblings */
	BlockNumber next;
} Leaf;

static void make_search_key(BTScanInsert search, Relation index, int nkeys, const Datum *key);
static Datum compare_bytes(PG_FUNCTION_ARGS);
static inline int order_of_bytes(const struct varlena *a, const struct varlena *b);
static Buffer find_leaf(Relation index, BTScanInsert search);
static void open_leaf(Leaf *leaf, const KeyProbe *probe, Buffer buffer);
static void search_leaf(Leaf *leaf, BTScanInsert search);
static int	compare(const Leaf *leaf, OffsetNumber offset);
static bool compare_entry(const Leaf *leaf, IndexTuple entry, int *result);
static OffsetNumber find_position(const Leaf *leaf);
static void read_key_entries(KeyProbe *probe, const Leaf *leaf);
static bool ends_leaf(const Leaf *leaf);
static int	read_leaf(Leaf *leaf, const KeyProbe *probe, BlockNumber block, OffsetNumber position,
					  OffsetNumber reach, BlockNumber *blocks);
static bool in_collection(const Leaf *leaf, OffsetNumber offset);
static int	compare_partition(const Leaf *leaf, OffsetNumber offset);
static void find_collection(Leaf *leaf, OffsetNumber reach);
static OffsetNumber collection_first(const Leaf *leaf, OffsetNumber low, OffsetNumber position);
static OffsetNumber collection_end(const Leaf *leaf, OffsetNumber position, OffsetNumber high);
static void fetch_entries(const Leaf *leaf, OffsetNumber from, OffsetNumber to);
static void list_entries(const Leaf *leaf, BlockNumber *blocks);
static int	list_highest(BlockNumber *highest, int limit, const BlockNumber *blocks, int n);
static void add_block(KeyProbe *probe, BlockNumber block);
static inline IndexTuple leaf_entry(const Leaf *leaf, OffsetNumber offset);
static inline BlockNumber entry_block(const Leaf *leaf, OffsetNumber offset);

void
key_probe_begin(KeyProbe *probe, Relation index, int nhash, int nkeys, const Datum *key)
{
	BTScanInsertData search;
	Leaf		leaf;

	probe->index = index;
	probe->nhash = nhash;
	probe->nkeys = nkeys;
	probe->key = key;
	probe->key_entries = KEY_ABSENT;
	probe->leaf = P_NONE;
	make_search_key(&search, index, nkeys, key);
	probe->pin = find_leaf(index, &search);
	if (!BufferIsValid(probe->pin))
		return;
	open_leaf(&leaf, probe, probe->pin);
	search_leaf(&leaf, &search);
	probe->leaf = BufferGetBlockNumber(probe->pin);
	probe->position = find_position(&leaf);
	read_key_entries(probe, &leaf);
	LockBuffer(probe->pin, BUFFER_LOCK_UNLOCK);
}

void
key_probe_end(KeyProbe *probe)
{
	if (BufferIsValid(probe->pin))
		ReleaseBuffer(probe->pin);
	probe->pin = InvalidBuffer;
}

void
key_probe_neighbours(KeyProbe *probe)
{
	Leaf		leaf;

	read_leaf(&leaf, probe, probe->leaf, probe->position, PROBE_REACH, probe->entry_blocks);
	probe->nentries = leaf.collection_end - leaf.collection_first;
	probe->nbefore = leaf.position - leaf.collection_first;
	probe->complete = !leaf.begins_before && !leaf.ends_behind;
	probe->nblocks = list_highest(probe->blocks, 1, probe->entry_blocks, probe->nentries);
}

/* The highest ones are likely to be those begun last, and so to have room. */
void
key_probe_list(KeyProbe *probe)
{
	probe->nblocks = list_highest(probe->blocks, PROBE_NARROW, probe->entry_blocks,
								  probe->nentries);
	if (probe->nbefore > 0)
		add_block(probe, probe->entry_blocks[probe->nbefore - 1]);
	if (probe->nbefore < probe->nentries)
		add_block(probe, probe->entry_blocks[probe->nbefore]);
}

void
key_probe_widen(KeyProbe *probe)
{
	BlockNumber blocks[3 * MaxIndexTuplesPerPage];
	Leaf		leaf;
	Leaf		sibling;
	int			n;

	n = read_leaf(&leaf, probe, probe->leaf, probe->position, MaxOffsetNumber, blocks);
	if (leaf.begins_before)
		n += read_leaf(&sibling, probe, leaf.previous, MaxOffsetNumber, MaxOffsetNumber,
					   blocks + n);
	if (leaf.ends_behind)
		n += read_leaf(&sibling, probe, leaf.next, FirstOffsetNumber, MaxOffsetNumber, blocks + n);
	probe->nentries = n;
	probe->nblocks = list_highest(probe->blocks, PROBE_WIDE, blocks, n);
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
	{
		ScanKey		part = &search->scankeys[i];

		Assert(!VARATT_IS_EXTERNAL(DatumGetPointer(key[i])) &&
			   !VARATT_IS_COMPRESSED(DatumGetPointer(key[i])));
		ScanKeyEntryInitializeWithInfo(part, index->rd_indoption[i] << SK_BT_INDOPTION_SHIFT,
									   i + 1, InvalidStrategy, InvalidOid,
									   index->rd_indcollation[i],
									   index_getprocinfo(index, i + 1, BTORDER_PROC), key[i]);
		if (index->rd_opcintype[i] == BYTEAOID ||
			(index->rd_opcintype[i] == TEXTOID && index->rd_indcollation[i] == C_COLLATION_OID))
			part->sk_func.fn_addr = compare_bytes;
	}
}

/*
 * The order of bytea, and of text in collation "C", as their own functions have it,
 * but without the detours by which those come to that: half of a descent is
 * comparisons.
 */
static Datum
compare_bytes(PG_FUNCTION_ARGS)
{
	struct varlena *a = PG_GETARG_VARLENA_PP(0);
	struct varlena *b = PG_GETARG_VARLENA_PP(1);
	int			result = order_of_bytes(a, b);

	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	PG_RETURN_INT32(result);
}

/* Of values that are not compressed. */
static inline int
order_of_bytes(const struct varlena *a, const struct varlena *b)
{
	Size		a_size = VARSIZE_ANY_EXHDR(a);
	Size		b_size = VARSIZE_ANY_EXHDR(b);
	int			result = memcmp(VARDATA_ANY(a), VARDATA_ANY(b), Min(a_size, b_size));

	if (result != 0)
		return result;
	return a_size < b_size ? -1 : a_size > b_size;
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
open_leaf(Leaf *leaf, const KeyProbe *probe, Buffer buffer)
{
	*leaf = (Leaf) {.probe = probe, .page = BufferGetPage(buffer)};
	leaf->first = P_FIRSTDATAKEY(BTPageGetOpaque(leaf->page));
	leaf->end = Max(leaf->first, PageGetMaxOffsetNumber(leaf->page) + 1);
}

/* ---- the key's own entries ---- */

static void
search_leaf(Leaf *leaf, BTScanInsert search)
{
	leaf->search = search;
	leaf->by_bytes = true;
	for (int i = 0; i < search->keysz; i++)
		leaf->by_bytes &= search->scankeys[i].sk_func.fn_addr == compare_bytes &&
			leaf->probe->index->rd_indoption[i] == 0;
}

/* How the key searched for compares to an entry. */
static int
compare(const Leaf *leaf, OffsetNumber offset)
{
	int			result;

	if (leaf->by_bytes && compare_entry(leaf, leaf_entry(leaf, offset), &result))
		return result;
	return _bt_compare(leaf->probe->index, leaf->search, leaf->page, offset);
}

/*
 * The same without the generality of _bt_compare(), for an entry that has all parts of
 * the key (those of a leaf do, its high key need not); false if one is NULL or compressed.
 */
static bool
compare_entry(const Leaf *leaf, IndexTuple entry, int *result)
{
	const char *data = (const char *) entry + IndexInfoFindDataOffset(entry->t_info);
	Size		offset = 0;

	*result = 0;
	if (IndexTupleHasNulls(entry))
		return false;
	for (int i = 0; i < leaf->search->keysz && *result == 0; i++)
	{
		const struct varlena *key = (const struct varlena *) DatumGetPointer(leaf->search->scankeys[i].sk_argument);
		const struct varlena *value;

		offset = att_align_pointer(offset, TYPALIGN_INT, -1, data + offset);
		value = (const struct varlena *) (data + offset);
		if (VARATT_IS_COMPRESSED(value))
			return false;
		*result = order_of_bytes(key, value);
		offset += VARSIZE_ANY(value);
	}
	return true;
}

/* The first entry that is not less than the key searched for, else the end. */
static OffsetNumber
find_position(const Leaf *leaf)
{
	OffsetNumber low = leaf->first;
	OffsetNumber high = leaf->end;

	while (low < high)
	{
		OffsetNumber middle = low + (high - low) / 2;

		if (compare(leaf, middle) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * What the entries of the key itself say, which begin at its position and may go on
 * to the next leaf.
 */
static void
read_key_entries(KeyProbe *probe, const Leaf *leaf)
{
	OffsetNumber position = probe->position;
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
	return P_RIGHTMOST(BTPageGetOpaque(leaf->page)) ||
		_bt_compare(leaf->probe->index, leaf->search, leaf->page, P_HIKEY) < 0;
}

/* ---- its collection's entries ---- */

/*
 * Finds what a leaf has of the collection, no further than `reach` from a position
 * between or beside these entries, and lists their heap pages.  Returns how many they
 * are: none if the page is no leaf any more.
 */
static int
read_leaf(Leaf *leaf, const KeyProbe *probe, BlockNumber block, OffsetNumber position,
		  OffsetNumber reach, BlockNumber *blocks)
{
	BTPageOpaque opaque;
	Buffer		buffer;

	*leaf = (Leaf) {0};
	if (block == P_NONE)
		return 0;
	buffer = _bt_getbuf(probe->index, block, BT_READ);
	opaque = BTPageGetOpaque(BufferGetPage(buffer));
	if (P_ISLEAF(opaque) && !P_IGNORE(opaque))
	{
		open_leaf(leaf, probe, buffer);
		leaf->position = Max(leaf->first, Min(position, leaf->end));
		leaf->previous = opaque->btpo_prev;
		leaf->next = opaque->btpo_next;
		find_collection(leaf, reach);
		list_entries(leaf, blocks);
	}
	_bt_relbuf(probe->index, buffer);
	return leaf->collection_end - leaf->collection_first;
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
		if (isnull)
			return false;
		if (VARATT_IS_COMPRESSED(value))
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
	const KeyProbe *probe = leaf->probe;
	BTScanInsertData search;

	make_search_key(&search, probe->index, probe->nhash, probe->key);
	return _bt_compare(probe->index, &search, leaf->page, offset);
}

/* The entries of the collection that are no further than `reach` from the position. */
static void
find_collection(Leaf *leaf, OffsetNumber reach)
{
	BTPageOpaque opaque = BTPageGetOpaque(leaf->page);
	OffsetNumber position = leaf->position;
	OffsetNumber from = Max(leaf->first, Max(position, reach) - reach);
	OffsetNumber to = Min(leaf->end, position + Min(reach, leaf->end));

	fetch_entries(leaf, from, to);
	leaf->collection_first = collection_first(leaf, from, position);
	leaf->collection_end = collection_end(leaf, position, to);
	leaf->begins_before = leaf->collection_first == from &&
		!(from == leaf->first && P_LEFTMOST(opaque));
	leaf->ends_behind = leaf->collection_end == to &&
		!(to == leaf->end && P_RIGHTMOST(opaque));
}

/*
 * Each entry may lie in another cache line, and what is done with one depends on
 * what is in it: so that they come one after the other unless all are asked for first.
 */
static void
fetch_entries(const Leaf *leaf, OffsetNumber from, OffsetNumber to)
{
	for (OffsetNumber offset = from; offset < to; offset++)
		__builtin_prefetch(leaf_entry(leaf, offset));
}

/* Often all entries are of the collection, so the ends are looked at first. */
static OffsetNumber
collection_first(const Leaf *leaf, OffsetNumber low, OffsetNumber position)
{
	OffsetNumber high = position;

	if (low == position || in_collection(leaf, low))
		return low;
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
collection_end(const Leaf *leaf, OffsetNumber position, OffsetNumber high)
{
	OffsetNumber low = position;

	if (position == high || in_collection(leaf, high - 1))
		return high;
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

static void
list_entries(const Leaf *leaf, BlockNumber *blocks)
{
	for (OffsetNumber offset = leaf->collection_first; offset < leaf->collection_end; offset++)
		*blocks++ = entry_block(leaf, offset);
}

/*
 * The `limit` highest ones of some heap pages, in descending order and each once.
 * (Of the few that are wanted each takes a pass without a branch that depends on the
 * pages, which cost more than the passes.)
 */
static int
list_highest(BlockNumber *highest, int limit, const BlockNumber *blocks, int n)
{
	BlockNumber bound = InvalidBlockNumber;
	int			found = 0;

	while (found < limit)
	{
		BlockNumber best = 0;	/* that and one more */

		for (int i = 0; i < n; i++)
			/* read_leaf() sets them: NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
			best = Max(best, blocks[i] < bound ? blocks[i] + 1 : 0);
		if (best == 0)
			break;
		bound = highest[found++] = best - 1;
	}
	return found;
}

/* Behind the others, unless it is among them. */
static void
add_block(KeyProbe *probe, BlockNumber block)
{
	for (int i = 0; i < probe->nblocks; i++)
		if (probe->blocks[i] == block)
			return;
	probe->blocks[probe->nblocks++] = block;
}

static inline IndexTuple
leaf_entry(const Leaf *leaf, OffsetNumber offset)
{
	return (IndexTuple) PageGetItem(leaf->page, PageGetItemId(leaf->page, offset));
}

static inline BlockNumber
entry_block(const Leaf *leaf, OffsetNumber offset)
{
	IndexTuple	entry = leaf_entry(leaf, offset);
	ItemPointer tid = BTreeTupleIsPosting(entry) ? BTreeTupleGetPosting(entry) : &entry->t_tid;

	return ItemPointerGetBlockNumberNoCheck(tid);
}
