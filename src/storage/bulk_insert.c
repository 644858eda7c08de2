/*
 * bulk_insert.c
 *		New rows in batches: as COPY stores them.
 *
 * Rows are gathered until there are enough of them for one call of
 * table_multi_insert(), then they get their index entries (bulk_index.c).  So the
 * row of a key that is taken is found out late, by the unique index: the error
 * that PostgreSQL raises for it, and nothing else, can become of such a row here.
 *
 * Tables are those that may be written directly, and copies of them: there are no
 * triggers, constraints or policies to obey.  A table's access method checks the
 * contract of each row.
 *
 * Callers hold the table's lock for writers.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "common/compat.h"
#include "storage/bulk_internal.h"

/* As COPY has it. */
#define MAX_BATCH_ROWS	1000
#define MAX_BATCH_BYTES 65535

struct BulkInsert
{
	Relation	rel;
	MemoryContext context;		/* of the slots */
	MemoryContext batch_context; /* of what a batch leaves behind */
	BulkInsertState pages;
	int			options;
	BulkIndexes *indexes;

	int			nrows;
	Size		bytes;
	TupleTableSlot *rows[MAX_BATCH_ROWS]; /* NULL before the first use */
	int64		numbers[MAX_BATCH_ROWS];
	int			last;			/* the row added last; -1: none yet */
	int64	   *current;		/* set to the number of the row being stored */
};

static TupleTableSlot *next_slot(BulkInsert *insert);

BulkInsert *
bulk_insert_begin(Relation rel, int64 *current)
{
	BulkInsert *insert = palloc0_object(BulkInsert);

	insert->rel = rel;
	insert->context = CurrentMemoryContext;
	insert->batch_context = AllocSetContextCreate(CurrentMemoryContext, "dynamo batch of rows",
												  ALLOCSET_DEFAULT_SIZES);
	insert->pages = GetBulkInsertState();
	/* Nobody has left room in a file that is new. */
	if (rel->rd_createSubid != InvalidSubTransactionId)
		insert->options = TABLE_INSERT_SKIP_FSM;
	insert->indexes = bulk_indexes_begin(rel);
	insert->last = -1;
	insert->current = current;
	return insert;
}

/* The datums may go as soon as this returns. */
void
bulk_insert_add(BulkInsert *insert, const Datum *values, const bool *isnull, int64 number)
{
	TupleTableSlot *row;
	int			natts = RelationGetDescr(insert->rel)->natts;
	bool		should_free;
	HeapTuple	tuple;

	if (insert->nrows == 0 && insert->last >= 0)
		ExecClearTuple(insert->rows[insert->last]); /* of the batch before */
	row = next_slot(insert);
	memcpy(row->tts_values, values, natts * sizeof(Datum));
	memcpy(row->tts_isnull, isnull, natts * sizeof(bool));
	ExecStoreVirtualTuple(row);
	ExecMaterializeSlot(row);
	tuple = ExecFetchSlotHeapTuple(row, false, &should_free);
	Assert(!should_free);

	insert->last = insert->nrows;
	insert->numbers[insert->nrows++] = number;
	insert->bytes += tuple->t_len;
	if (insert->nrows == MAX_BATCH_ROWS || insert->bytes > MAX_BATCH_BYTES)
		bulk_insert_flush(insert);
}

static TupleTableSlot *
next_slot(BulkInsert *insert)
{
	TupleTableSlot **slot = &insert->rows[insert->nrows];

	if (*slot == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(insert->context);

		*slot = table_slot_create(insert->rel, NULL);
		MemoryContextSwitchTo(caller);
	}
	else
		ExecClearTuple(*slot);
	return *slot;
}

TupleTableSlot *
bulk_insert_last(BulkInsert *insert)
{
	return insert->last < 0 ? NULL : insert->rows[insert->last];
}

TupleTableSlot *
bulk_insert_take_back(BulkInsert *insert, int64 *number)
{
	insert->bytes = 0;
	insert->last = -1;
	if (insert->nrows == 0)
		return NULL;
	*number = insert->numbers[--insert->nrows];
	return insert->rows[insert->nrows];
}

void
bulk_insert_flush(BulkInsert *insert)
{
	MemoryContext caller = MemoryContextSwitchTo(insert->batch_context);
	int64		number = *insert->current;

	if (insert->nrows > 0)
		table_multi_insert(insert->rel, insert->rows, insert->nrows, GetCurrentCommandId(true),
						   insert->options, insert->pages);
	for (int i = 0; i < insert->nrows; i++)
	{
		*insert->current = insert->numbers[i];
		bulk_indexes_add(insert->indexes, insert->rows[i]);
	}
	/* All but the last, which is still to be looked at. */
	for (int i = 0; i < insert->nrows - 1; i++)
		ExecClearTuple(insert->rows[i]);
	insert->nrows = 0;
	insert->bytes = 0;
	*insert->current = number;
	MemoryContextSwitchTo(caller);
	MemoryContextReset(insert->batch_context);
}

void
bulk_insert_end(BulkInsert *insert)
{
	bulk_insert_flush(insert);
	for (int i = 0; i < MAX_BATCH_ROWS && insert->rows[i] != NULL; i++)
		ExecDropSingleTupleTableSlot(insert->rows[i]);
	FreeBulkInsertState(insert->pages);
	table_finish_bulk_insert(insert->rel, insert->options);
	MemoryContextDelete(insert->batch_context);
	bulk_indexes_end(insert->indexes);
}
