/*
 * clustering.h
 *		Item collections that stay together: which heap page a new row goes to.
 */
#ifndef DYNAMO_CLUSTERING_H
#define DYNAMO_CLUSTERING_H

#include "access/tableam.h"
#include "storage/block.h"
#include "storage/buf.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"

/* ---- what stands around a key in the primary key's index (key_probe.c) ---- */

/* How many entries to either side of a key are looked at: each may lie in another cache line. */
#define PROBE_REACH		16
/*
 * Pages of a collection that are looked at: at first, beside those of the key's
 * neighbours, and once more if those have no room.
 */
#define PROBE_NARROW	4
#define PROBE_WIDE		6

typedef enum KeyEntries
{
	KEY_ABSENT,					/* there is no entry of the key, dead or alive */
	KEY_ONCE,					/* there is one, and it is not known to be dead */
	KEY_MANY,					/* anything else: ask a scan */
} KeyEntries;

typedef struct KeyProbe
{
	Relation	index;
	int			nhash;
	int			nkeys;
	const Datum *key;			/* the caller's; not toasted */
	KeyEntries	key_entries;
	ItemPointerData tid;		/* of the one entry of the key */
	Buffer		pin;			/* of the leaf: the TID leads to its tuple or to none */
	BlockNumber leaf;			/* P_NONE: the index is empty */
	OffsetNumber position;		/* of the key on it */
	/* set by key_probe_neighbours(): */
	int			nentries;		/* of the item collection, that were looked at */
	bool		complete;		/* they are all of it */
	int			nbefore;		/* of them, before the key */
	BlockNumber entry_blocks[2 * PROBE_REACH];	/* their heap pages */
	int			nblocks;
	BlockNumber blocks[PROBE_WIDE]; /* some heap pages of it, the best first; at first just one */
} KeyProbe;

/*
 * Looks a key, given as column values that are not toasted, up in an index of
 * `nkeys` columns, of which the first `nhash` are the partition key.
 */
extern void key_probe_begin(KeyProbe *probe, Relation index, int nhash, int nkeys,
							const Datum *key);
/* Lets go of the leaf.  Where the collection lives can be asked afterwards as well. */
extern void key_probe_end(KeyProbe *probe);
/* Looks at the entries around the key. */
extern void key_probe_neighbours(KeyProbe *probe);
/* Lists more heap pages of the entries that were looked at. */
extern void key_probe_list(KeyProbe *probe);
/* Looks for heap pages again, among all entries of the leaf and of those beside it. */
extern void key_probe_widen(KeyProbe *probe);

/* ---- the choice of a page (clustering.c) ---- */

/* Whether new rows of a table are steered at all. */
extern bool is_clustered(Relation rel);

/* Until placement_end(), where a row goes. */
typedef struct Placement
{
	bool		steered;		/* to a page for its collection */
	bool		common;			/* the page it gets is one that collections share */
	bool		hashed;
	uint32		collection;		/* if so: the hash of its partition key */
} Placement;

/*
 * Makes the heap store the rows, which are of one item collection, on a page of
 * it.  Where `probe` is given, it is of the first row's key, and its index is open.
 * A row that was steered must be stored without BulkInsertState, which has a page of
 * its own.
 */
extern void placement_begin(Placement *placement, Relation rel, TupleTableSlot **slots,
							int nslots, KeyProbe *probe, bool bulk);
extern void placement_end(const Placement *placement, Relation rel, TupleTableSlot *last);
/* The same for a new version of a row, unless it may stay on its page. */
extern void placement_begin_update(Placement *placement, Relation rel, ItemPointer old_tid,
								   TupleTableSlot *slot);
/* The same for rows of which it is known that they are not steered. */
extern void placement_begin_others(Placement *placement, Relation rel, bool bulk);
/* How many of the rows, from the first on, are of one item collection. */
extern int	collection_run(Relation rel, TupleTableSlot **slots, int nslots);

/* ---- what a session remembers of collections (last_pages.c) ---- */

/* A new one for what is remembered of a relation; what it had is forgotten. */
extern uint64 last_pages_new_era(void);
/* The page that took the last row of a collection, given the hash of its partition key. */
extern BlockNumber last_page(uint64 era, uint32 collection);
extern void last_page_remember(uint64 era, uint32 collection, BlockNumber block);

/* ---- the access method (access_method.c) ---- */

/*
 * Inserts a row of an ordinary table of access method dynamo speculatively, given
 * a probe of its key (NULL: it is looked up).
 */
extern void item_insert_speculative(Relation rel, TupleTableSlot *slot, CommandId cid,
									uint32 token, KeyProbe *probe);

/* ---- counters (clustering_counters.c) ---- */

extern void clustering_init(void);

typedef struct ClusteringCounters ClusteringCounters;

/* Those of a table; NULL where there is no room, or no shared memory. */
extern ClusteringCounters *clustering_counters(Oid relid);
/* Counts rows for which a page was chosen; the counters may have become void. */
extern void clustering_count(ClusteringCounters **counters, Oid relid, int nrows, bool steered);
/*
 * How many rows a page was chosen for since the server started, and how many of
 * them were steered; false if nobody counts.
 */
extern bool clustering_counts(Oid relid, uint64 *rows, uint64 *steered);
extern void clustering_forget(Oid relid);

#endif							/* DYNAMO_CLUSTERING_H */
