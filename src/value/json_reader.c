/*
 * json_reader.c
 *		A strict pull reader of JSON.
 *
 * RFC 8259 to the letter: no comments, no trailing commas, no bytes that are
 * not UTF-8, no lone surrogates.  U+0000 may stand in strings, as \u0000.  The
 * reader holds a position and nothing else; a string without escapes is
 * returned where it lies.
 *
 * Callers recurse as deep as the document nests, so the depth is limited here
 * for all of them.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "common/errors.h"
#include "value/json_scan.h"
#include "value/value.h"

/*
 * More than any request needs: 32 levels of attribute values take 64, and
 * what stands around them in a request is a few more.
 */
#define MAX_JSON_DEPTH	128

pg_noreturn static void malformed(JsonReader *reader, const char *what);

void
json_reader_init(JsonReader *reader, const char *text, int len)
{
	reader->start = text;
	reader->pos = text;
	reader->end = text + len;
	reader->depth = 0;
	reader->first = true;
}

/* ---- tokens ---- */

static inline void
skip_space(JsonReader *reader)
{
	const char *p = reader->pos;

	while (p < reader->end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	reader->pos = p;
}

/* The next character after white space; raises at the end of the text. */
static inline char
next_char(JsonReader *reader)
{
	skip_space(reader);
	if (reader->pos == reader->end)
		malformed(reader, "unexpected end of text");
	return *reader->pos;
}

JsonKind
json_peek(JsonReader *reader)
{
	char		c = next_char(reader);

	switch (c)
	{
		case '{':
			return JSON_KIND_OBJECT;
		case '[':
			return JSON_KIND_ARRAY;
		case '"':
			return JSON_KIND_STRING;
		case 't':
			return JSON_KIND_TRUE;
		case 'f':
			return JSON_KIND_FALSE;
		case 'n':
			return JSON_KIND_NULL;
		default:
			if (c == '-' || (c >= '0' && c <= '9'))
				return JSON_KIND_NUMBER;
			malformed(reader, "unexpected character");
	}
}

static void
expect_char(JsonReader *reader, char c, const char *what)
{
	if (next_char(reader) != c)
		malformed(reader, what);
	reader->pos++;
}

void
json_expect_end(JsonReader *reader)
{
	skip_space(reader);
	if (reader->pos != reader->end)
		malformed(reader, "unexpected text after the end");
}

/* ---- objects and arrays ---- */

static void
begin(JsonReader *reader)
{
	reader->pos++;
	reader->first = true;
	if (++reader->depth > MAX_JSON_DEPTH)
		malformed(reader, "nested too deeply");
}

/* Steps to the next member or element; false, and past `close`, if none. */
static inline bool
step(JsonReader *reader, char close)
{
	char		c = next_char(reader);

	if (c == close)
	{
		reader->pos++;
		reader->depth--;
		reader->first = false;
		return false;
	}
	if (reader->first)
		reader->first = false;
	else
	{
		if (c != ',')
			malformed(reader, close == '}' ? "expected \",\" or \"}\"" :
					  "expected \",\" or \"]\"");
		reader->pos++;
	}
	return true;
}

void
json_begin_object(JsonReader *reader)
{
	if (next_char(reader) != '{')
		json_type_error(reader, "Map");
	begin(reader);
}

bool
json_next_member(JsonReader *reader, Bytes *name)
{
	if (!step(reader, '}'))
		return false;
	if (next_char(reader) != '"')
		malformed(reader, "expected a member name");
	*name = json_read_string(reader);
	expect_char(reader, ':', "expected \":\"");
	return true;
}

void
json_begin_array(JsonReader *reader)
{
	if (next_char(reader) != '[')
		json_type_error(reader, "List");
	begin(reader);
}

bool
json_next_element(JsonReader *reader)
{
	return step(reader, ']');
}

/* ---- strings ---- */

/* Four hexadecimal digits at p, or -1. */
static int
hex4(const char *p, const char *end)
{
	int			value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++)
	{
		char		c = p[i];

		value <<= 4;
		if (c >= '0' && c <= '9')
			value |= c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value |= (c | 0x20) - 'a' + 10;
		else
			return -1;
	}
	return value;
}

/* Decodes what follows "\u" at reader->pos into dst; returns the end of dst. */
static char *
decode_unicode(JsonReader *reader, char *dst)
{
	int			unit = hex4(reader->pos, reader->end);
	pg_wchar	code = unit;

	if (unit < 0)
		malformed(reader, "expected four hexadecimal digits after \"\\u\"");
	reader->pos += 4;
	if (unit >= 0xD800 && unit <= 0xDFFF)
	{
		int			low = -1;

		if (unit <= 0xDBFF && reader->end - reader->pos >= 6 &&
			reader->pos[0] == '\\' && reader->pos[1] == 'u')
			low = hex4(reader->pos + 2, reader->end);
		if (low < 0xDC00 || low > 0xDFFF)
			malformed(reader, "lone surrogate in a string");
		code = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
		reader->pos += 6;
	}
	unicode_to_utf8(code, (unsigned char *) dst);
	return dst + (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
}

/* Decodes the escape whose backslash is at reader->pos. */
static char *
decode_escape(JsonReader *reader, char *dst)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	char		c = reader->pos[1]; /* the closing quote is behind it */
	const char *found;

	reader->pos += 2;
	if (c == 'u')
		return decode_unicode(reader, dst);
	found = c == '\0' ? NULL : strchr(from, c);
	if (found == NULL)
	{
		reader->pos -= 2;
		malformed(reader, "unknown escape in a string");
	}
	/* cppcheck-suppress nullPointerArithmetic -- malformed() does not return */
	*dst = to[found - from];
	return dst + 1;
}

/*
 * Moves p to the closing quote of a string, past quotes that are escaped.
 * Raises for control characters and at the end of the text.
 */
static const char *
find_closing_quote(JsonReader *reader, const char *p, bool *high)
{
	for (;;)
	{
		p = json_plain_run(p, reader->end, high);
		if (p < reader->end && *p == '"')
			return p;
		if (reader->end - p >= 2 && *p == '\\')
		{
			p += 2;				/* looked at when it is decoded */
			continue;
		}
		reader->pos = p;
		malformed(reader, reader->end - p <= 1 ? "unterminated string" :
				  "control character in a string");
	}
}

/* The string from reader->pos to its closing quote, escapes decoded. */
static Bytes
decode_string(JsonReader *reader, const char *close)
{
	char	   *decoded = palloc(close - reader->pos);
	char	   *dst = decoded;
	JsonReader	inside = *reader;
	bool		high = false;

	inside.end = close;
	while (inside.pos < close)
	{
		const char *run = inside.pos;

		inside.pos = json_plain_run(run, close, &high);
		memcpy(dst, run, inside.pos - run);
		dst += inside.pos - run;
		if (inside.pos < close)
			dst = decode_escape(&inside, dst);
	}
	return (Bytes) {decoded, dst - decoded};
}

Bytes
json_read_string(JsonReader *reader)
{
	bool		high = false;
	const char *begin;
	const char *close;
	Bytes		string;

	if (next_char(reader) != '"')
		json_type_error(reader, "String");
	begin = ++reader->pos;
	close = json_plain_run(begin, reader->end, &high);
	if (close < reader->end && *close == '"')
		string = (Bytes) {begin, close - begin};
	else
	{
		close = find_closing_quote(reader, close, &high);
		string = decode_string(reader, close);
	}
	if (high && pg_encoding_verifymbstr(PG_UTF8, begin, close - begin) != close - begin)
		malformed(reader, "invalid UTF-8 in a string");
	reader->pos = close + 1;
	return string;
}

/* ---- other scalars ---- */

static const char *
skip_digits(JsonReader *reader, const char *p)
{
	const char *begin = p;

	while (p < reader->end && *p >= '0' && *p <= '9')
		p++;
	if (p == begin)
	{
		reader->pos = p;
		malformed(reader, "expected a digit");
	}
	return p;
}

Bytes
json_read_number(JsonReader *reader)
{
	const char *begin;
	const char *p;

	if (json_peek(reader) != JSON_KIND_NUMBER)
		json_type_error(reader, "Long");
	begin = p = reader->pos;
	if (*p == '-')
		p++;
	if (p < reader->end && *p == '0')
		p++;
	else
		p = skip_digits(reader, p);
	if (p < reader->end && *p == '.')
		p = skip_digits(reader, p + 1);
	if (p < reader->end && (*p == 'e' || *p == 'E'))
	{
		p++;
		if (p < reader->end && (*p == '+' || *p == '-'))
			p++;
		p = skip_digits(reader, p);
	}
	reader->pos = p;
	return (Bytes) {begin, p - begin};
}

static void
read_literal(JsonReader *reader, const char *literal)
{
	int			len = strlen(literal);

	if (reader->end - reader->pos < len || memcmp(reader->pos, literal, len) != 0)
		malformed(reader, "unexpected character");
	reader->pos += len;
}

bool
json_read_bool(JsonReader *reader)
{
	switch (json_peek(reader))
	{
		case JSON_KIND_TRUE:
			read_literal(reader, "true");
			return true;
		case JSON_KIND_FALSE:
			read_literal(reader, "false");
			return false;
		default:
			json_type_error(reader, "Boolean");
	}
}

void
json_read_null(JsonReader *reader)
{
	(void) next_char(reader);
	read_literal(reader, "null");
}

void
json_skip_value(JsonReader *reader)
{
	Bytes		name;

	switch (json_peek(reader))
	{
		case JSON_KIND_OBJECT:
			json_begin_object(reader);
			while (json_next_member(reader, &name))
				json_skip_value(reader);
			break;
		case JSON_KIND_ARRAY:
			json_begin_array(reader);
			while (json_next_element(reader))
				json_skip_value(reader);
			break;
		case JSON_KIND_STRING:
			(void) json_read_string(reader);
			break;
		case JSON_KIND_NUMBER:
			(void) json_read_number(reader);
			break;
		case JSON_KIND_TRUE:
		case JSON_KIND_FALSE:
			(void) json_read_bool(reader);
			break;
		case JSON_KIND_NULL:
			json_read_null(reader);
			break;
	}
}

/* ---- errors ---- */

static void
malformed(JsonReader *reader, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_SERIALIZATION),
			 errmsg_internal("Invalid JSON: %s", what),
			 errdetail("At byte %d.", (int) (reader->pos - reader->start) + 1)));
}

const char *
json_kind_label(JsonKind kind)
{
	static const char *const labels[] = {
		[JSON_KIND_OBJECT] = "BEGIN_OBJECT",
		[JSON_KIND_ARRAY] = "BEGIN_ARRAY",
		[JSON_KIND_STRING] = "STRING_VALUE",
		[JSON_KIND_NUMBER] = "NUMBER_VALUE",
		[JSON_KIND_TRUE] = "TRUE_VALUE",
		[JSON_KIND_FALSE] = "FALSE_VALUE",
		[JSON_KIND_NULL] = "NULL_VALUE",
	};

	return labels[kind];
}

/* The label of the next scalar; a number with a fraction has its own. */
static const char *
next_label(JsonReader *reader)
{
	JsonKind	kind = json_peek(reader);

	if (kind == JSON_KIND_NUMBER)
	{
		Bytes		number = json_read_number(reader);

		if (memchr(number.data, '.', number.len) != NULL)
			return "DECIMAL_VALUE";
	}
	return json_kind_label(kind);
}

/* What DynamoDB says of a scalar where it wants something else. */
static const struct
{
	const char *wanted;
	const char *message;
}			scalar_messages[] = {
	{"List", "Unexpected field type"},
	{"Map", "Unexpected field type"},
	{"Structure", "Unexpected value type in payload"},
	{"Blob", "only base-64-encoded strings are convertible to bytes"},
};

void
json_type_error(JsonReader *reader, const char *wanted)
{
	JsonKind	kind = json_peek(reader);
	int			position = (int) (reader->pos - reader->start) + 1;
	const char *message = NULL;

	if (kind == JSON_KIND_OBJECT)
		message = "Start of structure or map found where not expected.";
	else if (kind == JSON_KIND_ARRAY)
		message = "Start of list found where not expected";
	for (int i = 0; message == NULL && i < lengthof(scalar_messages); i++)
		if (strcmp(scalar_messages[i].wanted, wanted) == 0)
			message = scalar_messages[i].message;
	if (message == NULL)
		message = psprintf("%s cannot be converted to %s", next_label(reader), wanted);
	ereport(ERROR,
			(errcode(ERRCODE_SERIALIZATION),
			 errmsg_internal("%s", message),
			 errdetail("At byte %d.", position)));
}

void
json_duplicate_error(Bytes name)
{
	serialization_error("Invalid JSON: member \"%s\" occurs twice in one object",
						bytes_to_cstring(name));
}
