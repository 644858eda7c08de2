/*
 * fuzz_request.c
 *		Fuzz targets of requests: the JSON reader beside json-c, and the request
 *		of every operation, decoded and validated.
 */
#include "postgres.h"

#include <ctype.h>
#include <json-c/json.h>

#include "utils/memutils.h"

#include "api/api.h"
#include "common/errors.h"
#include "fuzz.h"

/* ---- our reader as a target sees it ---- */

#define MAX_MESSAGE 200

/*
 * Whether our reader accepts the text; else the message why not, in `message`
 * of MAX_MESSAGE bytes.
 */
static bool
reader_accepts(Bytes text, char *message)
{
	volatile bool accepted = false;
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		JsonReader	reader;

		json_reader_init(&reader, text.data, text.len);
		json_skip_value(&reader);
		json_expect_end(&reader);
		accepted = true;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		if (error->sqlerrcode != ERRCODE_SERIALIZATION)
			fuzz_fail(psprintf("the reader raised another error: %s", error->message));
		strlcpy(message, error->message, MAX_MESSAGE);
	}
	PG_END_TRY();
	return accepted;
}

static json_object *read_document(JsonReader *reader);

/* json-c has no numbers but int64, uint64 and double; the last keeps its text. */
static json_object *
read_number(JsonReader *reader)
{
	char	   *text = bytes_to_cstring(json_read_number(reader));
	int64_t		number;
	uint64_t	unsigned_number;

	if (strpbrk(text, ".eE") != NULL)
		return json_object_new_double_s(strtod(text, NULL), text);
	if (text[0] == '-')
		return json_object_new_int64((json_parse_int64(text, &number), number));
	json_parse_uint64(text, &unsigned_number);
	return unsigned_number <= INT64_MAX ? json_object_new_int64(unsigned_number) :
										  json_object_new_uint64(unsigned_number);
}

/* A member whose name has U+0000 is cut there, and the last of equals wins: as json-c does. */
static json_object *
read_object(JsonReader *reader)
{
	json_object *object = json_object_new_object();
	Bytes		name;

	json_begin_object(reader);
	while (json_next_member(reader, &name))
		json_object_object_add(object, bytes_to_cstring(name), read_document(reader));
	return object;
}

static json_object *
read_array(JsonReader *reader)
{
	json_object *array = json_object_new_array();

	json_begin_array(reader);
	while (json_next_element(reader))
		json_object_array_add(array, read_document(reader));
	return array;
}

/* The next value as json-c's parser would have made it.  The text is known to be good. */
static json_object *
read_document(JsonReader *reader)
{
	Bytes		string;

	switch (json_peek(reader))
	{
		case JSON_KIND_OBJECT:
			return read_object(reader);
		case JSON_KIND_ARRAY:
			return read_array(reader);
		case JSON_KIND_STRING:
			string = json_read_string(reader);
			return json_object_new_string_len(string.data, string.len);
		case JSON_KIND_NUMBER:
			return read_number(reader);
		case JSON_KIND_TRUE:
		case JSON_KIND_FALSE:
			return json_object_new_boolean(json_read_bool(reader));
		case JSON_KIND_NULL:
			json_read_null(reader);
			return NULL;
	}
	return NULL;
}

/* ---- where json-c is laxer, even when it is strict ---- */

/* Refused by us for a reason that json-c does not know. */
static bool
is_lax_about(const char *message)
{
	static const char *const reasons[] = {
		"Invalid JSON: control character in a string",
		"Invalid JSON: expected a digit", /* 1. and 1.+5 */
		"Invalid JSON: invalid UTF-8 in a string", /* it looks at lengths only */
		"Invalid JSON: lone surrogate in a string", /* becomes U+FFFD */
	};

	for (int i = 0; i < lengthof(reasons); i++)
		if (strcmp(message, reasons[i]) == 0)
			return true;
	return false;
}

/* Whether a digit at text.data[i] is the first of its number. */
static bool
begins_number(Bytes text, int i)
{
	if (i > 0 && text.data[i - 1] == '-')
		i--;
	return i == 0 || strchr("0123456789.eE+-", text.data[i - 1]) == NULL;
}

/* NaN, Infinity, and zeros before other digits (00, -01), outside of strings. */
static bool
has_lax_literal(Bytes text)
{
	bool		in_string = false;

	for (int i = 0; i < text.len; i++)
	{
		char		c = text.data[i];

		if (c == '"')
			in_string = !in_string;
		else if (in_string && c == '\\')
			i++;
		else if (!in_string && (c == 'N' || c == 'I'))
			return true;
		else if (!in_string && c == '0' && i + 1 < text.len &&
				 isdigit((unsigned char) text.data[i + 1]) && begins_number(text, i))
			return true;
	}
	return false;
}

/* The UTF-16 code unit of the escape at text.data[i], or -1. */
static int
escaped_unit(Bytes text, int i)
{
	char		escape[sizeof("\\uD834")] = "";
	unsigned	unit;

	if (text.len - i < (int) sizeof(escape) - 1)
		return -1;
	memcpy(escape, text.data + i, sizeof(escape) - 1);
	return sscanf(escape, "\\u%4x", &unit) == 1 ? (int) unit : -1;
}

/*
 * Whether there is a pair of escapes that json-c reads wrongly: it looks at the
 * low 16 bits of the pair's code point, and takes U+1D800 to U+1DFFF, U+2D800
 * ... for surrogates.
 */
static bool
has_mangled_pair(Bytes text)
{
	for (int i = 0; i < text.len; i++)
	{
		int			high = escaped_unit(text, i);
		int			low = high < 0 ? -1 : escaped_unit(text, i + 6);

		if (high >= 0xD800 && high <= 0xDBFF && low >= 0xDC00 && low <= 0xDFFF &&
			((((high & 0x3FF) << 10) + (low & 0x3FF)) & 0xF800) == 0xD800)
			return true;
	}
	return false;
}

/* Text without the white space at its end, which json-c takes for more text. */
static Bytes
trim_end(Bytes text)
{
	while (text.len > 0 && strchr(" \t\r\n", text.data[text.len - 1]) != NULL &&
		   text.data[text.len - 1] != '\0')
		text.len--;
	return text;
}

/* What json-c makes of the text; *accepted tells null from refused. */
static json_object *
parse_by_json_c(Bytes text, bool *accepted)
{
	json_tokener *tokener = json_tokener_new_ex(MAX_JSON_TEST_DEPTH + 2);
	json_object *document;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	text = trim_end(text);
	/* with the byte that ends a number */
	document = json_tokener_parse_ex(tokener, bytes_to_cstring(text), text.len + 1);
	*accepted = json_tokener_get_error(tokener) == json_tokener_success;
	json_tokener_free(tokener);
	return document;
}

static void
compare_documents(Bytes text, json_object *theirs)
{
	JsonReader	reader;
	json_object *ours;

	json_reader_init(&reader, text.data, text.len);
	ours = read_document(&reader);
	if (strcmp(json_object_to_json_string_ext(ours, JSON_C_TO_STRING_PLAIN),
			   json_object_to_json_string_ext(theirs, JSON_C_TO_STRING_PLAIN)) != 0)
		fuzz_fail("read other values than json-c");
	json_object_put(ours);
}

/*
 * Our reader and json-c accept the same texts, but for what json-c is laxer
 * about, and read the same values from them.
 */
void
fuzz_json_values(Bytes input, int argument)
{
	char		message[MAX_MESSAGE];
	bool		accepted = reader_accepts(input, message);
	bool		accepted_by_json_c;
	json_object *theirs;

	if (memchr(input.data, '\0', input.len) != NULL)
	{
		if (accepted)
			fuzz_fail("accepted a byte 0");
		return;
	}
	if (bracket_depth(input) > MAX_JSON_TEST_DEPTH)
		return;
	theirs = parse_by_json_c(input, &accepted_by_json_c);
	if (accepted && !accepted_by_json_c)
		fuzz_fail("accepted JSON that json-c refuses");
	if (accepted && !has_mangled_pair(input))
		compare_documents(input, theirs);
	if (!accepted && accepted_by_json_c && !is_lax_about(message) && !has_lax_literal(input))
		fuzz_fail(psprintf("refused JSON that json-c accepts: %s", message));
	json_object_put(theirs);
}

/* ---- requests ---- */

static bool
request_is_accepted(int number, Bytes json)
{
	volatile bool accepted = false;
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		api_check_request(number, json);
		accepted = true;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		if (dynamo_exception(error->sqlerrcode) == NULL)
			fuzz_fail(psprintf("not an exception of DynamoDB's: %s %s",
							   unpack_sql_state(error->sqlerrcode), error->message));
		if (error->message == NULL || error->message[0] == '\0')
			fuzz_fail("an error without a message");
	}
	PG_END_TRY();
	return accepted;
}

/*
 * The first byte chooses the operation ('A' is the first of dispatch.c), the
 * others are its request, which is decoded and validated as the endpoint
 * would, but not run.  What is accepted is JSON, and any error an exception of
 * DynamoDB's.
 */
void
fuzz_request(Bytes input, int argument)
{
	char		message[MAX_MESSAGE];
	Bytes		json = {input.data + 1, input.len - 1};

	if (input.len == 0)
		return;
	if (request_is_accepted((uint8) (input.data[0] - 'A'), json) &&
		!reader_accepts(json, message))
		fuzz_fail(psprintf("accepted a request that is not JSON: %s", message));
}
