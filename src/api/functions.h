/*
 * functions.h
 *		What the SQL functions of the API are made of.
 *
 * The typed functions fill the request structures of ops.h from their
 * arguments, each of which stands for a member of the operation's shape, and
 * then validate them by it; NULL means that the member is not given.  No JSON
 * is read or written on that path.
 *
 * Memory: a typed function works in the context it is called in, which the
 * executor resets for every row.
 *
 * Each call counts as a request (count.c), where there are counters.
 */
#ifndef DYNAMO_FUNCTIONS_H
#define DYNAMO_FUNCTIONS_H

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "portability/instr_time.h"

#include "api/shapes.h"

/* ---- counting ---- */

/* A function each call of which counts as one request; the operation may be named later. */
#define COUNTED_FUNCTION(name, operation) \
	static Datum run_##name(FunctionCallInfo fcinfo); \
	PG_FUNCTION_INFO_V1(name); \
	Datum name(PG_FUNCTION_ARGS) \
	{ \
		return counted(fcinfo, operation, run_##name); \
	} \
	static Datum run_##name(FunctionCallInfo fcinfo)

extern Datum counted(FunctionCallInfo fcinfo, const char *operation, PGFunction function);
extern uint64 microseconds_since(instr_time started);
/* In the handler of an error. */
extern void count_failure(const RequestRecord *record, instr_time started);

/* ---- arguments ---- */

#define MAX_ARGUMENTS 12

typedef enum ArgumentType
{
	ARGUMENT_TEXT = 1,			/* of MEMBER_STRING, _TABLE_NAME, _ENUM */
	ARGUMENT_ITEM,				/* dynamo.item, of MEMBER_ITEM */
	ARGUMENT_NAMES,				/* jsonb, of MEMBER_NAMES */
	ARGUMENT_BOOLEAN,
	ARGUMENT_INTEGER,			/* int4 */
	ARGUMENT_BIGINT,			/* int8 */
} ArgumentType;

typedef struct Argument
{
	const char *name;			/* of the member */
	ArgumentType type;
	const Member *member;		/* looked up at the first call */
} Argument;

typedef struct TypedFunction
{
	const Shape *shape;
	Argument	arguments[MAX_ARGUMENTS];	/* as in api.sql */
} TypedFunction;

/* Fills a request, all zeros, from the arguments of a call and validates it. */
extern void read_arguments(FunctionCallInfo fcinfo, TypedFunction *function, void *request);
/* A text argument; data NULL if it is null. */
extern Bytes text_argument(FunctionCallInfo fcinfo, int i);

/* ---- results ---- */

extern Datum text_from_buffer(const StringInfoData *buffer);
/* Adds a row of one text to the set that the function returns. */
extern void return_text(FunctionCallInfo fcinfo, Bytes text);

#endif							/* DYNAMO_FUNCTIONS_H */
