/*
 * clock.h
 *		The one clock of whatever expires.
 */
#ifndef DYNAMO_CLOCK_H
#define DYNAMO_CLOCK_H

#include "utils/timestamp.h"

#include "common/settings.h"

/* The time by the wall clock, not that of the transaction's start; a test may put it on. */
static inline TimestampTz
dynamo_now(void)
{
	return GetCurrentTimestamp() + dynamo_clock_offset * USECS_PER_SEC;
}

/* The same in seconds since 1970, as items have it. */
static inline int64
dynamo_now_seconds(void)
{
	return dynamo_now() / USECS_PER_SEC +
		(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
}

#endif							/* DYNAMO_CLOCK_H */
