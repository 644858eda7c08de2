/*
 * optional.h
 *		Parts of a request that may be absent, and lists and maps of them.
 *
 * All zeros is "not given".
 */
#ifndef DYNAMO_OPTIONAL_H
#define DYNAMO_OPTIONAL_H

#include "nodes/pg_list.h"

typedef struct OptionalBool
{
	bool		given;
	bool		value;
} OptionalBool;

typedef struct OptionalInt
{
	bool		given;
	int64		value;
} OptionalInt;

/* Where an empty list is not the same as none. */
typedef struct OptionalList
{
	bool		given;
	List	   *elements;
} OptionalList;

#endif							/* DYNAMO_OPTIONAL_H */
