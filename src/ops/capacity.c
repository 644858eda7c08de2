/*
 * capacity.c
 *		DynamoDB's arithmetic of consumed capacity.
 *
 * Nothing is throttled: the units are what DynamoDB would have charged, so that
 * a workload can be sized before it moves.
 */
#include "postgres.h"

#include "ops/operation.h"

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
	capacity->kind = CAPACITY_OF_ANY_KIND;
	request_note_units(table_name, units);
}

List *
add_capacity(List *capacities, CapacityKind kind, ReturnCapacity asked,
			 Bytes table_name, double units)
{
	ConsumedCapacity *capacity;
	ListCell   *cell;

	foreach(cell, capacities)
	{
		capacity = lfirst(cell);
		if (bytes_equal(capacity->table_name, table_name))
		{
			capacity->units += units;
			request_note_units(table_name, units);
			return capacities;
		}
	}
	capacity = palloc(sizeof(ConsumedCapacity));
	report_capacity(capacity, asked, table_name, units);
	capacity->kind = kind;
	return lappend(capacities, capacity);
}
