/*
 * row_hold.c
 *		Keys without row, kept so until the transaction ends.
 *
 * A transaction that has found that there is no item of a key, and acts on it,
 * must keep others from inserting one.  There is nothing to lock but the key's
 * place in the primary key's index.  So a placeholder is put there, a row with
 * the key alone, and deleted at once: to everybody else it is a row that is
 * being inserted, for whose end they wait before they insert theirs, in plain SQL
 * too; after that it never was.
 *
 * The placeholder goes beneath the executor even where the table's rows do not:
 * no trigger, constraint or policy has a say about a row that nobody ever sees.
 * Nor has any index but the primary key's.
 *
 * It is not inserted speculatively, because it must stay.  Two that insert the
 * same key in that way would wait for each other, so placeholders of a key are
 * inserted one at a time, under a lock on the key's hash, and only if no other
 * row is being inserted then.  The lock is released at once: nobody waits for
 * anything while he holds it but for a speculative insertion, which gives way to
 * us.  A plain one sees our entry before it makes its own, or we see its.
 *
 * Logical decoding does not get to see the insertion (TABLE_INSERT_NO_LOGICAL),
 * and of the deletion not the key, which output plugins take for no change.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/index.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "common/compat.h"
#include "storage/row_internal.h"

static bool hold_key(RowLookup *lookup, TupleTableSlot *row, uint32 hash);
static TupleTableSlot *placeholder_row(Relation rel, const ItemKey *key);
static uint32 key_hash(const ItemKey *key);
static bool insert_placeholder(RowLookup *lookup, TupleTableSlot *row);
static void delete_placeholder(Relation rel, ItemPointer tid);

bool
row_hold_absent(RowLookup *lookup, const ItemKey *key)
{
	TupleTableSlot *row = placeholder_row(lookup->rel, key);
	bool		snapshot_pushed = !ActiveSnapshotSet();
	bool		held;

	if (snapshot_pushed)
		PushActiveSnapshot(GetTransactionSnapshot());
	held = hold_key(lookup, row, key_hash(key));
	if (snapshot_pushed)
		PopActiveSnapshot();
	ExecDropSingleTupleTableSlot(row);
	return held;
}

/* As row_hold_absent(), for the key with this hash. */
static bool
hold_key(RowLookup *lookup, TupleTableSlot *row, uint32 hash)
{
	Oid			relid = RelationGetRelid(lookup->rel);
	bool		alone;

	LockDatabaseObject(relid, hash, 0, ExclusiveLock);
	if (row_find_conflict(lookup, NULL))
	{
		UnlockDatabaseObject(relid, hash, 0, ExclusiveLock);
		return false;
	}
	alone = insert_placeholder(lookup, row);
	UnlockDatabaseObject(relid, hash, 0, ExclusiveLock);

	CommandCounterIncrement();
	delete_placeholder(lookup->rel, &row->tts_tid);
	CommandCounterIncrement();
	return alone || !row_find_conflict(lookup, &row->tts_tid);
}

static TupleTableSlot *
placeholder_row(Relation rel, const ItemKey *key)
{
	const TableDefinition *definition = table_definition(rel);
	DynamoItem *placeholder = item_from_root(item_key_map(&definition->key, key));
	TupleTableSlot *row = MakeSingleTupleTableSlot(RelationGetDescr(rel), &TTSOpsVirtual);

	item_row_values(definition, row->tts_tupleDescriptor, placeholder, NULL, row->tts_values,
					row->tts_isnull);
	row->tts_tableOid = RelationGetRelid(rel);
	return ExecStoreVirtualTuple(row);
}

/* A value has one encoding, so equal keys have equal hashes. */
static uint32
key_hash(const ItemKey *key)
{
	uint32		hash = 0;

	for (int i = 0; i < key->n; i++)
		hash = hash_combine(hash, hash_bytes((const unsigned char *) key->values[i].data,
											 key->values[i].len));
	return hash;
}

/* False if there may be another row of the key. */
static bool
insert_placeholder(RowLookup *lookup, TupleTableSlot *row)
{
	IndexInfo  *info = BuildIndexInfo(lookup->index);
	Datum		values[INDEX_MAX_KEYS];
	bool		isnull[INDEX_MAX_KEYS];

	table_tuple_insert(lookup->rel, row, GetCurrentCommandId(true), TABLE_INSERT_NO_LOGICAL, NULL);
	FormIndexDatum(info, row, NULL, values, isnull);
	return index_insert(lookup->index, values, isnull, &row->tts_tid, lookup->rel,
						UNIQUE_CHECK_PARTIAL, false, info);
}

/*
 * Nothing but the replica identity in the relation's entry tells the heap to
 * leave the old key out of what is decoded; nothing else reads it meanwhile.
 */
static void
delete_placeholder(Relation rel, ItemPointer tid)
{
	char		identity = rel->rd_rel->relreplident;
	TM_FailureData failure;
	TM_Result	result = TM_Invisible;

	rel->rd_rel->relreplident = REPLICA_IDENTITY_NOTHING;
	PG_TRY();
	{
		result = table_tuple_delete(rel, tid, GetCurrentCommandId(true), GetActiveSnapshot(),
									InvalidSnapshot, true, &failure, false);
	}
	PG_FINALLY();
	{
		rel->rd_rel->relreplident = identity;
	}
	PG_END_TRY();
	if (result != TM_Ok)
		elog(ERROR, "unexpected result of a placeholder's deletion: %d", result);
}
