/*
 * bulk_internal.h
 *		What the files that load many items share.
 *
 *		bulk_load.c		order, conflicts, progress
 *		bulk_insert.c	new rows in batches
 *		bulk_index.c	their index entries
 *		bulk_query.c	the items that a query returns
 */
#ifndef DYNAMO_BULK_INTERNAL_H
#define DYNAMO_BULK_INTERNAL_H

#include "executor/tuptable.h"
#include "utils/relcache.h"

/* ---- rows (bulk_insert.c) ---- */

typedef struct BulkInsert BulkInsert;

/*
 * Begins to insert into a relation that may be written directly.  Everything lives
 * in the current memory context and resource owner.  While a row is stored,
 * *current is the number that it was added with.
 */
extern BulkInsert *bulk_insert_begin(Relation rel, int64 *current);
/* Adds a row, copied; it is stored by the next flush at the latest. */
extern void bulk_insert_add(BulkInsert *insert, const Datum *values, const bool *isnull,
							int64 number);
/* The row added last, NULL if there is none; valid until the next one is added. */
extern TupleTableSlot *bulk_insert_last(BulkInsert *insert);
/*
 * Takes back a row that was added and is not stored yet; NULL: there is none
 * any more.  To be called until then.  The row is valid as that above.
 */
extern TupleTableSlot *bulk_insert_take_back(BulkInsert *insert, int64 *number);
/* Stores what has been added.  Raises unique_violation. */
extern void bulk_insert_flush(BulkInsert *insert);
/* Flushes, makes the index entries that are left, and frees everything. */
extern void bulk_insert_end(BulkInsert *insert);

/* ---- index entries (bulk_index.c) ---- */

typedef struct BulkIndexes BulkIndexes;

/* Opens the table's indexes; everything lives as that of a BulkInsert. */
extern BulkIndexes *bulk_indexes_begin(Relation rel);
/* Makes the entries of a row that is stored, or remembers them. */
extern void bulk_indexes_add(BulkIndexes *indexes, TupleTableSlot *row);
/* Makes those that are left, and closes the indexes. */
extern void bulk_indexes_end(BulkIndexes *indexes);

#endif							/* DYNAMO_BULK_INTERNAL_H */
