/*
 * fuzz_expr.c
 *		Fuzz target of the expression layer: parse, bind, evaluate.
 *
 * The input is an expression of one kind.  It may use the names and values
 * below, and is evaluated on an item with an attribute of each type.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "expr/expr.h"
#include "fuzz.h"

static const char names_json[] =
"{\"#a\":{\"S\":\"a\"},\"#s\":{\"S\":\"s\"},\"#m\":{\"S\":\"m\"},\"#l\":{\"S\":\"l\"},\"#d\":{\"S\":\"x.y\"}}";

static const char values_json[] =
"{\":n\":{\"N\":\"5\"},\":s\":{\"S\":\"S\"},\":e\":{\"S\":\"\"},\":b\":{\"B\":\"YWI=\"},"
"\":t\":{\"BOOL\":true},\":u\":{\"NULL\":true},\":l\":{\"L\":[{\"N\":\"1\"}]},"
"\":m\":{\"M\":{\"k\":{\"S\":\"v\"}}},\":ss\":{\"SS\":[\"a\",\"b\"]},"
"\":ns\":{\"NS\":[\"1\",\"2\"]},\":bs\":{\"BS\":[\"YQ==\"]},"
"\":big\":{\"N\":\"9.9999999999999999999999999999999999999E+125\"}}";

static const char item_json[] =
"{\"a\":{\"N\":\"1\"},\"s\":{\"S\":\"string\"},\"b\":{\"B\":\"YWJj\"},\"t\":{\"BOOL\":false},"
"\"u\":{\"NULL\":true},\"l\":{\"L\":[{\"N\":\"1\"},{\"M\":{\"k\":{\"L\":[{\"S\":\"x\"}]}}}]},"
"\"m\":{\"M\":{\"k\":{\"M\":{\"k\":{\"N\":\"7\"}}},\"l\":{\"L\":[]}}},\"ss\":{\"SS\":[\"a\",\"c\"]},"
"\"ns\":{\"NS\":[\"1\",\"3\"]},\"bs\":{\"BS\":[\"YQ==\",\"Yg==\"]},\"x.y\":{\"S\":\"dotted\"}}";

static AttributeValue
parse_map(const char *json)
{
	return item_root(item_parse(bytes_from_cstring(json)));
}

static void
evaluate_update(const BoundExpr *update, AttributeValue item)
{
	AttributeValue updated = expr_apply_update(update, item);

	(void) item_from_root(updated);
	(void) item_from_root(expr_updated_paths(update, item));
	(void) item_from_root(expr_updated_paths(update, updated));
}

static void
evaluate_key_condition(const BoundExpr *condition)
{
	KeySchema	schema = {.nhash = 1,.nrange = 1};
	KeyRange	range;

	schema.attributes[0] = (KeyAttribute) {{"a", 1}, ATTRIBUTE_N};
	schema.attributes[1] = (KeyAttribute) {{"s", 1}, ATTRIBUTE_S};
	expr_key_range(condition, &schema, (Bytes) {NULL, 0}, &range);
}

/* As text from SQL and from JSON always is; U+0000 may come from JSON. */
static bool
is_utf8(Bytes text)
{
	for (int i = 0; i < text.len; i++)
	{
		i += pg_encoding_verifymbstr(PG_UTF8, text.data + i, text.len - i);
		if (i < text.len && text.data[i] != '\0')
			return false;
	}
	return true;
}

void
fuzz_expression(Bytes input, int kind)
{
	AttributeValue item;
	BoundExpr  *bound;

	if (!is_utf8(input))
		return;
	item = parse_map(item_json);
	bound = expr_bind(expr_parse(kind, input),
					  expr_placeholders(parse_map(names_json), parse_map(values_json)));
	switch ((ExprKind) kind)
	{
		case EXPR_CONDITION:
		case EXPR_FILTER:
			(void) expr_condition_holds(bound, item);
			(void) expr_condition_holds(bound, NO_ATTRIBUTE_VALUE);
			break;
		case EXPR_KEY_CONDITION:
			evaluate_key_condition(bound);
			break;
		case EXPR_PROJECTION:
			(void) item_from_root(expr_project(bound, item));
			break;
		case EXPR_UPDATE:
			evaluate_update(bound, item);
			break;
	}
}
