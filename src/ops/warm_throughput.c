/*
 * warm_throughput.c
 *		WarmThroughput of tables and global indexes.
 *
 * What a table can serve at once comes by itself from its provisioned capacity, or
 * from being on demand, and never shrinks: a request may ask for more, and where
 * capacity is taken away, what was warm stays so.  Only what exceeds that of the
 * present capacity is recorded.  Nothing is throttled here, so it is shown and no more.
 */
#include "postgres.h"

#include "common/errors.h"
#include "common/limits.h"
#include "ops/tables.h"

static WarmUnits units_of_capacity(int64 read_capacity, int64 write_capacity);
static void raise_units(OptionalInt requested, const char *member, const char *whose,
						int64 present, int64 *recorded);

WarmUnits
warm_units(WarmUnits recorded, int64 read_capacity, int64 write_capacity)
{
	WarmUnits	own = units_of_capacity(read_capacity, write_capacity);

	return (WarmUnits) {Max(recorded.reads, own.reads), Max(recorded.writes, own.writes)};
}

/* Capacity is 0 when on demand. */
static WarmUnits
units_of_capacity(int64 read_capacity, int64 write_capacity)
{
	if (read_capacity == 0)
		return (WarmUnits) {ON_DEMAND_WARM_READS, ON_DEMAND_WARM_WRITES};
	return (WarmUnits) {read_capacity, write_capacity};
}

WarmUnits
kept_warm_units(WarmUnits before, int64 read_capacity, int64 write_capacity)
{
	WarmUnits	own = units_of_capacity(read_capacity, write_capacity);

	return (WarmUnits) {before.reads > own.reads ? before.reads : 0,
						before.writes > own.writes ? before.writes : 0};
}

void
raise_warm_units(const WarmThroughput *request, const char *whose, WarmUnits present,
				 WarmUnits *recorded)
{
	if (request == NULL)
		return;
	if (!request->read_units_per_second.given && !request->write_units_per_second.given)
		validation_error("One or more parameter values were invalid: ReadUnitsPerSecond or "
						 "WriteUnitsPerSecond must be specified in WarmThroughput for %s", whose);
	raise_units(request->read_units_per_second, "ReadUnitsPerSecond", whose, present.reads,
				&recorded->reads);
	raise_units(request->write_units_per_second, "WriteUnitsPerSecond", whose, present.writes,
				&recorded->writes);
}

static void
raise_units(OptionalInt requested, const char *member, const char *whose, int64 present,
			int64 *recorded)
{
	if (!requested.given)
		return;
	if (requested.value < present)
		validation_error("One or more parameter values were invalid: Requested %s for WarmThroughput "
						 "for %s is lower than current WarmThroughput, decreasing WarmThroughput is "
						 "not supported. Requested: " INT64_FORMAT ", current: " INT64_FORMAT,
						 member, whose, requested.value, present);
	if (requested.value > present)
		*recorded = requested.value;
}
