/*
 * row_index.c
 *		Index entries of new row versions.
 *
 * What ExecInsertIndexTuples() does for the executor, for tables that may be
 * written directly: they have no exclusion and no deferrable constraints.  It
 * differs in two ways.  The primary key's entry comes first, so that a row whose
 * key is taken meets no other unique index, whose error would hide the conflict
 * that we handle.  And whether an entry repeats an older one of the same row (the
 * hint for bottom-up deletion) is known without a range table: from the derived
 * columns that have changed.
 *
 * The predicate of a secondary index of DynamoDB, that no part of its key is
 * NULL, is looked at here; others take an execution state.
 *
 * The IndexInfo of a table access is shared and must not get any state of
 * execution, so each entry is made with a copy.
 *
 * Callers hold RowExclusiveLock on the table; indexes are opened with the same.
 */
#include "postgres.h"

#include "access/amapi.h"
#include "executor/executor.h"
#include "utils/rel.h"

#include "common/compat.h"
#include "storage/row_internal.h"

static void entry_insert(RowLookup *lookup, const RowIndex *row_index, TupleTableSlot *row,
						 TU_UpdateIndexes update, bool unchanged);
static bool is_unchanged(const RowIndex *row_index, const Bitmapset *changed);
static bool has_no_null(const Bitmapset *columns, TupleTableSlot *row);
static bool entry_values(IndexInfo *info, TupleTableSlot *row, EState *estate,
						 Datum *values, bool *isnull);

bool
primary_entry_insert(RowLookup *lookup, TupleTableSlot *row)
{
	IndexInfo	info = *lookup->access->indexes[0].info;
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];

	FormIndexDatum(&info, row, NULL, values, isnull);
	return index_insert(lookup->index, values, isnull, &row->tts_tid, lookup->rel,
						UNIQUE_CHECK_PARTIAL, false, &info);
}

void
secondary_entries_insert(RowLookup *lookup, TupleTableSlot *row)
{
	for (int i = 1; i < lookup->access->nindexes; i++)
		entry_insert(lookup, &lookup->access->indexes[i], row, TU_All, false);
}

void
version_entries_insert(RowLookup *lookup, TupleTableSlot *row, TU_UpdateIndexes update,
					   const Bitmapset *changed)
{
	if (update == TU_None)
		return;
	for (int i = 0; i < lookup->access->nindexes; i++)
		entry_insert(lookup, &lookup->access->indexes[i], row, update,
					 is_unchanged(&lookup->access->indexes[i], changed));
}

/* Whether the entry of a new version is that of the old one. */
static bool
is_unchanged(const RowIndex *row_index, const Bitmapset *changed)
{
	if (!row_index->only_derived)
		return false;
	for (int i = 0; i < row_index->info->ii_NumIndexAttrs; i++)
		if (bms_is_member(row_index->info->ii_IndexAttrNumbers[i], changed))
			return false;
	return true;
}

/* Inserts an index's entry for the row, unless the index needs none. */
static void
entry_insert(RowLookup *lookup, const RowIndex *row_index, TupleTableSlot *row,
			 TU_UpdateIndexes update, bool unchanged)
{
	Relation	index;
	IndexInfo	info = *row_index->info;
	EState	   *estate;
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];

	if (row_index->is_sparse && !has_no_null(row_index->not_null, row))
		return;
	index = index_open(row_index->oid, RowExclusiveLock);
	estate = row_index->needs_estate ? CreateExecutorState() : NULL;
	info.ii_Context = CurrentMemoryContext;
	if (index->rd_index->indisready && compat_index_needs_entry(index, update) &&
		entry_values(&info, row, estate, values, isnull))
	{
		index_insert(index, values, isnull, &row->tts_tid, lookup->rel,
					 index->rd_index->indisunique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO,
					 unchanged, &info);
		compat_index_insert_cleanup(index, &info);
	}

	if (estate != NULL)
		FreeExecutorState(estate);
	index_close(index, NoLock);
}

static bool
has_no_null(const Bitmapset *columns, TupleTableSlot *row)
{
	int			column = -1;

	while ((column = bms_next_member(columns, column)) >= 0)
		if (slot_attisnull(row, column))
			return false;
	return true;
}

/*
 * The values of an index entry; false if the row does not satisfy the index's
 * predicate.  They may belong to the execution state, which is needed only for
 * indexes with expressions or predicate.
 */
static bool
entry_values(IndexInfo *info, TupleTableSlot *row, EState *estate,
			 Datum *values, bool *isnull)
{
	if (estate != NULL)
	{
		ExprContext *context = GetPerTupleExprContext(estate);

		context->ecxt_scantuple = row;
		if (info->ii_Predicate != NIL &&
			!ExecQual(ExecPrepareQual(info->ii_Predicate, estate), context))
			return false;
	}
	FormIndexDatum(info, row, estate, values, isnull);
	return true;
}
