/*
 * fuzz_value.c
 *		Fuzz targets of the value layer, and what must hold of any value.
 */
#include "postgres.h"

#include "common/jsonapi.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "fuzz.h"

extern Datum dynamo_item_recv(PG_FUNCTION_ARGS);
extern Datum dynamo_value_to_jsonb(PG_FUNCTION_ARGS);
extern Datum dynamo_item_from_jsonb(PG_FUNCTION_ARGS);

/* ---- what holds of every value ---- */

static void check_value(AttributeValue value);

static void
check_map(AttributeValue map)
{
	int			n;
	MapEntry   *entries = map_entries(map, 0, &n);

	for (int i = 0; i < n; i++)
	{
		if (!attribute_equal(map_get(map, entries[i].name), entries[i].value))
			fuzz_fail("map_get() does not find a member");
		check_value(entries[i].value);
	}
	if (attribute_exists(map_get(map, (Bytes) {"\xff", 1})))
		fuzz_fail("map_get() finds a member that is not there");
	if (!attribute_equal(map, attribute_make_map(entries, n)))
		fuzz_fail("a map is not canonical");
}

static void
check_list(AttributeValue list)
{
	int			n = attribute_count(list);
	AttributeValue *elements = palloc(sizeof(AttributeValue) * Max(n, 1));

	for (int i = 0; i < n; i++)
		check_value(elements[i] = list_get(list, i));
	if (!attribute_equal(list, attribute_make_list(elements, n)))
		fuzz_fail("a list is not canonical");
}

static void
check_set(AttributeValue set)
{
	int			n = attribute_count(set);
	AttributeValue *elements = palloc(sizeof(AttributeValue) * n);

	for (int i = 0; i < n; i++)
	{
		/* in reverse, so that the constructor has to sort */
		AttributeValue element = set_element(set, n - 1 - i);

		check_value(elements[i] = element);
		if (!set_contains(set, element))
			fuzz_fail("set_contains() does not find an element");
	}
	if (!attribute_equal(set, attribute_make_set(attribute_type(set), elements, n)))
		fuzz_fail("a set is not canonical");
}

static void
check_number(AttributeValue number)
{
	Numeric		numeric = attribute_numeric(number);
	StringInfoData text;
	char	   *server_text;

	initStringInfo(&text);
	number_append(&text, number);
	server_text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(numeric)));
	if (strcmp(text.data, server_text) != 0)
		fuzz_fail("a number prints differently from the server's numeric");
	if (!attribute_equal(number, attribute_make_number(numeric)))
		fuzz_fail("a number is not canonical");
}

static void
check_value(AttributeValue value)
{
	if (attribute_order(value, value) != 0)
		fuzz_fail("a value differs from itself");
	switch (attribute_type(value))
	{
		case ATTRIBUTE_N:
			check_number(value);
			break;
		case ATTRIBUTE_M:
			check_map(value);
			break;
		case ATTRIBUTE_L:
			check_list(value);
			break;
		case ATTRIBUTE_SS:
		case ATTRIBUTE_NS:
		case ATTRIBUTE_BS:
			check_set(value);
			break;
		default:
			break;
	}
}

/* An accepted item survives printing and parsing, and the casts do not crash. */
static void
check_item(const DynamoItem *item)
{
	AttributeValue root = item_root(item);
	StringInfoData text;
	DynamoItem *again;

	check_value(root);
	if (attribute_depth(root) > MAX_NESTING_DEPTH)
		fuzz_fail("an item is nested too deeply");
	initStringInfo(&text);
	attribute_map_append_json(&text, root);
	again = item_parse((Bytes) {text.data, text.len});
	if (VARSIZE_ANY(again) != VARSIZE_ANY(item) ||
		memcmp(again, item, VARSIZE_ANY(item)) != 0)
		fuzz_fail("an item changes when it is printed and parsed");
	/* may raise for U+0000, so it comes last */
	DirectFunctionCall1(dynamo_item_from_jsonb,
						DirectFunctionCall1(dynamo_value_to_jsonb,
											PointerGetDatum(item)));
}

/* ---- targets ---- */

void
fuzz_item_text(Bytes input, int argument)
{
	check_item(item_parse(input));
}

void
fuzz_item_binary(Bytes input, int argument)
{
	StringInfoData message;

	initStringInfo(&message);
	appendBinaryStringInfo(&message, input.data, input.len);
	check_item((DynamoItem *) DatumGetPointer(DirectFunctionCall1(dynamo_item_recv,
																  PointerGetDatum(&message))));
}

void
fuzz_attribute_text(Bytes input, int argument)
{
	DynamoItem *stored = attribute_parse(input);
	StringInfoData text;

	check_value(item_root(stored));
	initStringInfo(&text);
	attribute_append_json(&text, item_root(stored));
	if (!attribute_equal(item_root(stored),
						 item_root(attribute_parse((Bytes) {text.data, text.len}))))
		fuzz_fail("a value changes when it is printed and parsed");
}

/* A number is what the server's numeric makes of the same literal. */
void
fuzz_number(Bytes input, int argument)
{
	Numeric		number = number_parse(input);
	Numeric		server;
	Numeric		checked;

	/* numeric_in() refuses exponents that stand at a zero: 0E+99999 */
	if (strcmp(DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number))),
			   "0") == 0)
		return;
	server = DatumGetNumeric(DirectFunctionCall3(numeric_in,
												 CStringGetDatum(bytes_to_cstring(input)),
												 ObjectIdGetDatum(InvalidOid),
												 Int32GetDatum(-1)));
	if (!DatumGetBool(DirectFunctionCall2(numeric_eq, NumericGetDatum(number),
										  NumericGetDatum(server))))
		fuzz_fail("a number differs from the server's numeric");
	checked = number_check(server);
	if (VARSIZE_ANY(checked) != VARSIZE_ANY(number) ||
		memcmp(checked, number, VARSIZE_ANY(number)) != 0)
		fuzz_fail("equal numbers have different bytes");
	check_number(attribute_make_number(number));
}

int
bracket_depth(Bytes text)
{
	int			depth = 0;
	int			deepest = 0;

	for (int i = 0; i < text.len; i++)
	{
		if (text.data[i] == '[' || text.data[i] == '{')
			deepest = Max(deepest, ++depth);
		else if (text.data[i] == ']' || text.data[i] == '}')
			depth--;
	}
	return deepest;
}

static bool
our_reader_accepts(Bytes input)
{
	volatile bool accepted = false;
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		JsonReader	reader;

		json_reader_init(&reader, input.data, input.len);
		json_skip_value(&reader);
		json_expect_end(&reader);
		accepted = true;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	return accepted;
}

/*
 * Our reader accepts what the server's JSON parser accepts.  Not compared are
 * texts that are not UTF-8 (the server expects them checked), \u escapes
 * (the server looks at surrogates only when it decodes, and then refuses
 * U+0000) and texts nested more deeply than our reader's limit.
 */
void
fuzz_json(Bytes input, int argument)
{
	JsonSemAction nothing = {0};
	JsonLexContext *lexer;
	bool		accepted = our_reader_accepts(input);

	if (pg_encoding_verifymbstr(PG_UTF8, input.data, input.len) != input.len ||
		strstr(bytes_to_cstring(input), "\\u") != NULL ||
		bracket_depth(input) > MAX_JSON_TEST_DEPTH)
		return;
#if PG_VERSION_NUM >= 170000
	lexer = makeJsonLexContextCstringLen(NULL, bytes_to_cstring(input), input.len, PG_UTF8, false);
#else
	lexer = makeJsonLexContextCstringLen(bytes_to_cstring(input), input.len, PG_UTF8, false);
#endif
	if ((pg_parse_json(lexer, &nothing) == JSON_SUCCESS) != accepted)
		fuzz_fail(accepted ? "accepted JSON that the server refuses" :
							 "refused JSON that the server accepts");
}
