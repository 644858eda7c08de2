/*
 * row_partition.c
 *		The row of a key in a partitioned table, looked up without the executor.
 *
 * A key has its place in one partition, which is found as the executor finds it for
 * an insertion.  Only where partitions are made of something else than the key
 * (there is no primary key then) does it take a look into all of them.
 */
#include "postgres.h"

#include "access/table.h"
#include "miscadmin.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "utils/partcache.h"
#include "utils/rel.h"

#include "storage/row_internal.h"

typedef struct SoughtRow
{
	Relation	table;
	const TableAccess *access;
	const Datum *key;
	Snapshot	snapshot;
} SoughtRow;

static bool is_below(const SoughtRow *row, Relation rel);
static bool is_in(const SoughtRow *row, Oid partition);
static bool is_in_leaf(const SoughtRow *row, Relation partition, Oid index);
static bool partitioning_values(const SoughtRow *row, Relation rel, Datum *values);
static int key_part_of_column(const SoughtRow *row, const char *column);
static int route(PartitionKey partitioning, PartitionBoundInfo bounds, Datum *values);

bool
partitions_have_row(Relation parent, const TableAccess *access, const Datum *key,
					Snapshot snapshot)
{
	SoughtRow	row = {parent, access, key, snapshot};

	return is_below(&row, parent);
}

static bool
is_below(const SoughtRow *row, Relation rel)
{
	PartitionDesc partitions = RelationGetPartitionDesc(rel, true);
	Datum		values[PARTITION_MAX_KEYS] = {0};

	if (partitions->nparts == 0)
		return false;
	if (partitioning_values(row, rel, values))
	{
		int			i = route(RelationGetPartitionKey(rel), partitions->boundinfo, values);

		return i >= 0 && is_in(row, partitions->oids[i]);
	}
	for (int i = 0; i < partitions->nparts; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (is_in(row, partitions->oids[i]))
			return true;
	}
	return false;
}

static bool
is_in(const SoughtRow *row, Oid oid)
{
	Relation	partition = table_open(oid, AccessShareLock);
	bool		result = false;

	if (partition->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
		result = is_below(row, partition);
	else if (partition->rd_rel->relkind == RELKIND_RELATION)
	{
		Oid			index = compat_primary_key_index(partition);

		result = OidIsValid(index) && is_in_leaf(row, partition, index);
	}
	table_close(partition, NoLock);
	return result;
}

/* A partition's primary key has the parent's columns in the parent's order. */
static bool
is_in_leaf(const SoughtRow *row, Relation partition, Oid index)
{
	RowLookup	lookup = {.rel = partition, .access = row->access};
	bool		found;

	memcpy(lookup.key, row->key, row->access->primary.nkeys * sizeof(Datum));
	lookup.index = index_open(index, AccessShareLock);
	lookup.slot = table_slot_create(partition, NULL);
	found = row_find_in_snapshot(&lookup, row->snapshot);
	row_lookup_end(&lookup);
	return found;
}

/* ---- routing ---- */

/* What the row has in the columns by which rel is partitioned; false if the key does not tell. */
static bool
partitioning_values(const SoughtRow *row, Relation rel, Datum *values)
{
	PartitionKey partitioning = RelationGetPartitionKey(rel);

	for (int i = 0; i < partitioning->partnatts; i++)
	{
		AttrNumber	column = partitioning->partattrs[i];
		int			part;

		if (column == 0)
			return false;		/* an expression */
		part = key_part_of_column(row, NameStr(TupleDescAttr(RelationGetDescr(rel), column - 1)->attname));
		if (part < 0)
			return false;
		values[i] = row->key[part];
	}
	return true;
}

/* Partitions may have their columns in another order. */
static int
key_part_of_column(const SoughtRow *row, const char *column)
{
	const KeyIndex *primary = &row->access->primary;
	TupleDesc	desc = RelationGetDescr(row->table);

	for (int i = 0; i < primary->nkeys; i++)
		if (strcmp(NameStr(TupleDescAttr(desc, primary->keys[i].column - 1)->attname), column) == 0)
			return i;
	return -1;
}

/* The partition of a row with these values, none of which is NULL; -1: there is none. */
static int
route(PartitionKey partitioning, PartitionBoundInfo bounds, Datum *values)
{
	FmgrInfo   *functions = partitioning->partsupfunc;
	Oid		   *collations = partitioning->partcollation;
	int			n = partitioning->partnatts;
	bool		nulls[PARTITION_MAX_KEYS] = {false};
	bool		equal = false;
	int			result = -1;
	int			i;

	switch (partitioning->strategy)
	{
		case PARTITION_STRATEGY_HASH:
			result = bounds->indexes[compute_partition_hash_value(n, functions, collations,
																  values, nulls) %
									 bounds->nindexes];
			break;
		case PARTITION_STRATEGY_LIST:
			i = partition_list_bsearch(functions, collations, bounds, values[0], &equal);
			if (i >= 0 && equal)
				result = bounds->indexes[i];
			break;
		case PARTITION_STRATEGY_RANGE:
			i = partition_range_datum_bsearch(functions, collations, bounds, n, values, &equal);
			result = bounds->indexes[i + 1];
			break;
	}
	return result >= 0 ? result : bounds->default_index;
}
