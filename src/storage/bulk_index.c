/*
 * bulk_index.c
 *		Index entries of many new rows.
 *
 * The rows come in the order of the primary key, which is none to other indexes:
 * entry by entry, each would go to another leaf of theirs.  So the entries of
 * btrees that are not unique are collected and sorted, and made in their own order
 * when all rows are there.  Until then nobody misses them: others do not see the
 * rows, and our transaction finds rows to write by the primary key.
 *
 * Unique indexes get their entries at once, since that may be an error; those of
 * other access methods likewise.  This is the executor's code, to which an index
 * that is not to be served at once is no index.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/itup.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/pg_am_d.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/tuplesort.h"

#include "common/compat.h"
#include "storage/bulk_internal.h"

/* An index whose entries are made at the end. */
typedef struct IndexSpool
{
	int			number;			/* among the executor's indexes */
	Relation	index;
	IndexInfo  *info;
	Tuplesortstate *sort;
} IndexSpool;

struct BulkIndexes
{
	EState	   *estate;
	ResultRelInfo *indexes;		/* NULL in place of those that are spooled */
	int			nspools;
	IndexSpool *spools;
};

static void begin_spools(BulkIndexes *indexes);
static bool may_be_spooled(Relation index);
static void spool_entry(BulkIndexes *indexes, IndexSpool *spool, TupleTableSlot *row);
static void end_spool(BulkIndexes *indexes, IndexSpool *spool);

BulkIndexes *
bulk_indexes_begin(Relation rel)
{
	BulkIndexes *indexes = palloc0_object(BulkIndexes);

	indexes->estate = CreateExecutorState();
	indexes->indexes = makeNode(ResultRelInfo);
	InitResultRelInfo(indexes->indexes, rel, 0, NULL, 0);
	ExecOpenIndices(indexes->indexes, false);
	begin_spools(indexes);
	return indexes;
}

static void
begin_spools(BulkIndexes *indexes)
{
	ResultRelInfo *all = indexes->indexes;

	indexes->spools = palloc_array(IndexSpool, Max(all->ri_NumIndices, 1));
	for (int i = 0; i < all->ri_NumIndices; i++)
	{
		Relation	index = all->ri_IndexRelationDescs[i];

		if (!may_be_spooled(index))
			continue;
		indexes->spools[indexes->nspools++] = (IndexSpool) {
			.number = i, .index = index, .info = all->ri_IndexRelationInfo[i]};
		all->ri_IndexRelationDescs[i] = NULL;
	}
	for (int i = 0; i < indexes->nspools; i++)
		indexes->spools[i].sort =
			tuplesort_begin_index_btree(all->ri_RelationDesc, indexes->spools[i].index, false, false,
										Max(maintenance_work_mem / indexes->nspools, 64), NULL,
										TUPLESORT_NONE);
}

static bool
may_be_spooled(Relation index)
{
	Form_pg_index form = index->rd_index;

	return index->rd_rel->relam == BTREE_AM_OID && form->indisready && !form->indisunique &&
		!form->indisexclusion;
}

void
bulk_indexes_add(BulkIndexes *indexes, TupleTableSlot *row)
{
	ResetPerTupleExprContext(indexes->estate);
	GetPerTupleExprContext(indexes->estate)->ecxt_scantuple = row;
	list_free(compat_insert_index_tuples(indexes->indexes, row, indexes->estate));
	for (int i = 0; i < indexes->nspools; i++)
		spool_entry(indexes, &indexes->spools[i], row);
}

static void
spool_entry(BulkIndexes *indexes, IndexSpool *spool, TupleTableSlot *row)
{
	IndexInfo  *info = spool->info;
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];

	if (info->ii_Predicate != NIL && info->ii_PredicateState == NULL)
		info->ii_PredicateState = ExecPrepareQual(info->ii_Predicate, indexes->estate);
	if (!ExecQual(info->ii_PredicateState, GetPerTupleExprContext(indexes->estate)))
		return;
	FormIndexDatum(info, row, indexes->estate, values, isnull);
	tuplesort_putindextuplevalues(spool->sort, spool->index, &row->tts_tid, values, isnull);
}

void
bulk_indexes_end(BulkIndexes *indexes)
{
	for (int i = 0; i < indexes->nspools; i++)
		end_spool(indexes, &indexes->spools[i]);
	ExecCloseIndices(indexes->indexes);
	FreeExecutorState(indexes->estate);
}

/* Makes the entries, and gives the index back to be closed. */
static void
end_spool(BulkIndexes *indexes, IndexSpool *spool)
{
	Relation	rel = indexes->indexes->ri_RelationDesc;
	TupleDesc	desc = RelationGetDescr(spool->index);
	IndexTuple	entry;

	tuplesort_performsort(spool->sort);
	while ((entry = tuplesort_getindextuple(spool->sort, true)) != NULL)
	{
		Datum		values[INDEX_MAX_KEYS];
		bool		isnull[INDEX_MAX_KEYS];

		CHECK_FOR_INTERRUPTS();
		index_deform_tuple(entry, desc, values, isnull);
		index_insert(spool->index, values, isnull, &entry->t_tid, rel, UNIQUE_CHECK_NO, false,
					 spool->info);
	}
	tuplesort_end(spool->sort);
	indexes->indexes->ri_IndexRelationDescs[spool->number] = spool->index;
}
