/*
 * targets.c
 *		The fuzz targets: a new one is a row here, a function declared in
 *		fuzz.h, and seeds in corpus/<name>/.
 */
#include "postgres.h"

#include "expr/expr.h"
#include "fuzz.h"

const FuzzTarget fuzz_targets[] = {
	{"item_text", fuzz_item_text, 0},
	{"item_binary", fuzz_item_binary, 0},
	{"attribute_text", fuzz_attribute_text, 0},
	{"number", fuzz_number, 0},
	{"json", fuzz_json, 0},
	{"json_values", fuzz_json_values, 0},
	{"request", fuzz_request, 0},
	{"condition", fuzz_expression, EXPR_CONDITION},
	{"filter", fuzz_expression, EXPR_FILTER},
	{"key_condition", fuzz_expression, EXPR_KEY_CONDITION},
	{"projection", fuzz_expression, EXPR_PROJECTION},
	{"update", fuzz_expression, EXPR_UPDATE},
};
const int	fuzz_ntargets = lengthof(fuzz_targets);
