/*
 * clock.h
 *		The one clock of whatever expires.
 */
#ifndef DYNAMO_CLOCK_H
#define DYNAMO_CLOCK_H

#include "utils/timestamp.h"

/* The time by the wall clock, not that of the transaction's start. */
static inline TimestampTz
dynamo_now(void)
{
	return GetCurrentTimestamp();
}

#endif							/* DYNAMO_CLOCK_H */
