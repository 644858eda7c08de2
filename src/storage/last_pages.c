/*
 * last_pages.c
 *		Which page took the last row of an item collection, as far as this session
 *		remembers.
 *
 * A session that comes back to a collection finds its page without asking the
 * index.  There is one place for each value of some bits of a collection's hash, in
 * which the last one stays; collections of the same hash take each other's pages,
 * which are as good or bad as any.
 *
 * What must not happen is that a page is remembered of a relation that has been
 * cut off since.  So each memory belongs to an era of a relation, and who has to
 * forget the relation's pages begins a new one.
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "storage/clustering.h"

#define NPLACES 8192

typedef struct LastPage
{
	uint64		era;			/* 0: none */
	uint32		collection;		/* its hash */
	BlockNumber block;
} LastPage;

/* The system gives memory to the parts that are used only. */
static LastPage last_pages[NPLACES];

uint64
last_pages_new_era(void)
{
	static uint64 eras = 0;

	return ++eras;
}

/* Of two tables, collections of the same name have different places. */
static inline LastPage *
place_of(uint64 era, uint32 collection)
{
	return &last_pages[hash_combine(collection, (uint32) era) % NPLACES];
}

BlockNumber
last_page(uint64 era, uint32 collection)
{
	const LastPage *last = place_of(era, collection);

	return last->era == era && last->collection == collection ? last->block : InvalidBlockNumber;
}

void
last_page_remember(uint64 era, uint32 collection, BlockNumber block)
{
	*place_of(era, collection) = (LastPage) {era, collection, block};
}
