/*
 * fuzz.h
 *		What fuzz targets and their driver share.
 */
#ifndef DYNAMO_FUZZ_H
#define DYNAMO_FUZZ_H

#include "value/value.h"

/*
 * A target tries one input.  It runs in a memory context that is reset
 * afterwards and may raise any error but an internal one (XX000); what must
 * never happen it reports with fuzz_fail().  `argument` is from its row in
 * targets.c, so that one function can serve several targets.
 */
typedef void (*FuzzFunction) (Bytes input, int argument);

typedef struct FuzzTarget
{
	const char *name;			/* also of its directory in corpus/ */
	FuzzFunction run;
	int			argument;
} FuzzTarget;

extern const FuzzTarget fuzz_targets[];
extern const int fuzz_ntargets;

/* Ends the process, so that libFuzzer keeps the input. */
pg_noreturn extern void fuzz_fail(const char *what);

/* A context whose every chunk is a malloc() of its own, for AddressSanitizer. */
extern MemoryContext fuzz_context_create(void);

/* ---- what targets of JSON share ---- */

#define MAX_JSON_TEST_DEPTH 128 /* of our reader */

/* Depth of brackets, an upper bound: those in strings count too. */
extern int	bracket_depth(Bytes text);

/* ---- the targets' functions ---- */

extern void fuzz_item_text(Bytes input, int argument);
extern void fuzz_item_binary(Bytes input, int argument);
extern void fuzz_attribute_text(Bytes input, int argument);
extern void fuzz_number(Bytes input, int argument);
extern void fuzz_json(Bytes input, int argument);
extern void fuzz_json_values(Bytes input, int argument);
extern void fuzz_request(Bytes input, int argument);
extern void fuzz_expression(Bytes input, int kind);

#endif							/* DYNAMO_FUZZ_H */
