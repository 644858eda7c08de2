/*
 * capacity.c
 *		DynamoDB's arithmetic of consumed capacity.
 *
 * Nothing is throttled: the units are what DynamoDB would have charged, so that
 * a workload can be sized before it moves.
 */
#include "postgres.h"

#include "ops/operation.h"

static void charge_index(ConsumedCapacity *capacity, const IndexUnits *charge, double factor);
static IndexUnits *find_index(const ConsumedCapacity *capacity, Bytes name);

/* How many units of this size are started by so many bytes, at least one. */
static int64
started_units(int64 bytes, int unit)
{
	return bytes <= unit ? 1 : (bytes + unit - 1) / unit;
}

double
read_units(int64 bytes, bool consistent)
{
	return started_units(bytes, READ_UNIT_SIZE) * (consistent ? 1.0 : 0.5);
}

double
write_units(int old_size, int new_size)
{
	return started_units(Max(old_size, new_size), WRITE_UNIT_SIZE);
}

void
report_capacity(ConsumedCapacity *capacity, ReturnCapacity asked,
				Bytes table_name, double units)
{
	capacity->detail = asked;
	capacity->table_name = table_name;
	capacity->units = units;
	capacity->table_units = units;
	capacity->indexes = NIL;
	capacity->kind = CAPACITY_OF_ANY_KIND;
	request_note_units(table_name, units);
}

void
charge_indexes(ConsumedCapacity *capacity, const IndexCharges *charges, double factor)
{
	if (charges->n == 0)
		return;
	capacity->units += factor * charges->total;
	request_note_units(capacity->table_name, factor * charges->total);
	if (capacity->detail == CAPACITY_INDEXES)
		for (int i = 0; i < charges->n; i++)
			charge_index(capacity, &charges->of_index[i], factor);
}

static void
charge_index(ConsumedCapacity *capacity, const IndexUnits *charge, double factor)
{
	IndexUnits *index = find_index(capacity, charge->name);

	if (index == NULL)
	{
		index = palloc_object(IndexUnits);
		*index = *charge;
		index->units = 0;
		capacity->indexes = lappend(capacity->indexes, index);
	}
	index->units += factor * charge->units;
}

static IndexUnits *
find_index(const ConsumedCapacity *capacity, Bytes name)
{
	ListCell   *cell;

	foreach(cell, capacity->indexes)
	{
		IndexUnits *index = lfirst(cell);

		if (bytes_equal(index->name, name))
			return index;
	}
	return NULL;
}

ConsumedCapacity *
capacity_of(List *capacities, Bytes table_name)
{
	ListCell   *cell;

	foreach(cell, capacities)
	{
		ConsumedCapacity *capacity = lfirst(cell);

		if (bytes_equal(capacity->table_name, table_name))
			return capacity;
	}
	return NULL;
}

List *
add_capacity(List *capacities, CapacityKind kind, ReturnCapacity asked,
			 Bytes table_name, double units)
{
	ConsumedCapacity *capacity = capacity_of(capacities, table_name);

	if (capacity != NULL)
	{
		capacity->units += units;
		capacity->table_units += units;
		request_note_units(table_name, units);
		return capacities;
	}
	capacity = palloc(sizeof(ConsumedCapacity));
	report_capacity(capacity, asked, table_name, units);
	capacity->kind = kind;
	return lappend(capacities, capacity);
}
