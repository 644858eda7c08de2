/*
 * json_writer.c
 *		JSON text of values.
 *
 * DynamoDB JSON as the service prints it: no white space, members in the order
 * of the stored map, numbers and binaries as strings.
 *
 * A page of a Query is mostly this, so room is asked for once per name and value:
 * before it, for its bytes and with SLACK more for the punctuation around it, which is
 * put there without asking.  What needs more than that asks itself and leaves SLACK
 * again.  The place of the next byte is handed from function to function; the text's
 * length is set, and a zero put behind it, at the end.
 */
#include "postgres.h"

#include "value/encoding.h"
#include "value/json_scan.h"

/* More than what stands between two strings: '","' ':' '{"BOOL":' 'false' '}' '"' ']' '}'. */
#define SLACK	32

static char *write_value(StringInfo out, char *at, Bytes encoded);
static char *write_map(StringInfo out, char *at, AttributeValue map);
static char *write_list(StringInfo out, char *at, AttributeValue list);
static char *write_set(StringInfo out, char *at, AttributeValue set);
static char *write_number(StringInfo out, char *at, Bytes payload);
static char *write_binary(StringInfo out, char *at, Bytes payload);
static inline char *write_string(StringInfo out, char *at, Bytes string);
static inline bool copy_plain(char *dst, const char *src, int len);
static char *write_escaped(StringInfo out, char *at, Bytes string);
static char *write_escape(char *at, char c);

/* ---- room ---- */

/* Finds room for `more` bytes and SLACK. */
static inline char *
reserve(StringInfo out, char *at, int more)
{
	if (unlikely(more + SLACK >= out->data + out->maxlen - at))
	{
		out->len = at - out->data;
		enlargeStringInfo(out, more + SLACK);
		at = out->data + out->len;
	}
	return at;
}

static inline char *
begin(StringInfo out, int more)
{
	return reserve(out, out->data + out->len, more);
}

static inline void
end(StringInfo out, char *at)
{
	*at = '\0';
	out->len = at - out->data;
}

static inline char *
put_run(char *at, const char *run, int len)
{
	memcpy(at, run, len);
	return at + len;
}

/* ---- the interface ---- */

void
attribute_append_json(StringInfo out, AttributeValue value)
{
	end(out, write_value(out, begin(out, value.len), (Bytes) {value.data, value.len}));
}

void
attribute_map_append_json(StringInfo out, AttributeValue map)
{
	end(out, write_map(out, begin(out, 0), map));
}

void
json_append_string(StringInfo out, Bytes string)
{
	end(out, write_string(out, begin(out, string.len), string));
}

/* ---- values ---- */

/* What an attribute value starts with, up to its payload. */
static const struct
{
	char		text[sizeof(uint64) + 1];
	int			len;
}			openings[] = {
	[ATTRIBUTE_S] = {"{\"S\":", 5},
	[ATTRIBUTE_N] = {"{\"N\":", 5},
	[ATTRIBUTE_B] = {"{\"B\":", 5},
	[ATTRIBUTE_BOOL] = {"{\"BOOL\":", 8},
	[ATTRIBUTE_NULL] = {"{\"NULL\":", 8},
	[ATTRIBUTE_M] = {"{\"M\":", 5},
	[ATTRIBUTE_L] = {"{\"L\":", 5},
	[ATTRIBUTE_SS] = {"{\"SS\":", 6},
	[ATTRIBUTE_NS] = {"{\"NS\":", 6},
	[ATTRIBUTE_BS] = {"{\"BS\":", 6},
};

/* Room for as many bytes as it has is there. */
static char *
write_value(StringInfo out, char *at, Bytes encoded)
{
	AttributeValue value = {encoded.data, encoded.len};
	AttributeType type = attribute_type(value);
	Bytes		payload = {encoded.data + 1, encoded.len - 1};

	memcpy(at, openings[type].text, sizeof(uint64));
	at += openings[type].len;
	switch (type)
	{
		case ATTRIBUTE_S:
			at = write_string(out, at, payload);
			break;
		case ATTRIBUTE_N:
			at = write_number(out, at, payload);
			break;
		case ATTRIBUTE_B:
			at = write_binary(out, at, payload);
			break;
		case ATTRIBUTE_BOOL:
			if (attribute_bool(value))
				at = put_run(at, "true", 4);
			else
				at = put_run(at, "false", 5);
			break;
		case ATTRIBUTE_NULL:
			at = put_run(at, "true", 4);
			break;
		case ATTRIBUTE_M:
			at = write_map(out, at, value);
			break;
		case ATTRIBUTE_L:
			at = write_list(out, at, value);
			break;
		case ATTRIBUTE_SS:
		case ATTRIBUTE_NS:
		case ATTRIBUTE_BS:
			at = write_set(out, at, value);
			break;
	}
	*at++ = '}';
	return at;
}

static char *
write_map(StringInfo out, char *at, AttributeValue map)
{
	Container	c = container_open(map);
	uint32		name_begin = 0;
	uint32		value_begin = 0;

	*at++ = '{';
	for (int i = 0; i < c.count; i++)
	{
		Bytes		name = container_next_run(&c, c.name_ends, c.names, i, &name_begin);
		Bytes		value = container_next_run(&c, c.value_ends, c.values, i, &value_begin);

		at = reserve(out, at, name.len);
		if (i > 0)
			*at++ = ',';
		at = write_string(out, at, name);
		*at++ = ':';
		at = reserve(out, at, value.len);
		at = write_value(out, at, value);
	}
	at = reserve(out, at, 0);
	*at++ = '}';
	return at;
}

static char *
write_list(StringInfo out, char *at, AttributeValue list)
{
	Container	c = container_open(list);
	uint32		value_begin = 0;

	*at++ = '[';
	for (int i = 0; i < c.count; i++)
	{
		Bytes		value = container_next_run(&c, c.value_ends, c.values, i, &value_begin);

		at = reserve(out, at, value.len);
		if (i > 0)
			*at++ = ',';
		at = write_value(out, at, value);
	}
	at = reserve(out, at, 0);
	*at++ = ']';
	return at;
}

static char *
write_set(StringInfo out, char *at, AttributeValue set)
{
	AttributeType type = set_element_type(attribute_type(set));
	Container	c = container_open(set);
	uint32		value_begin = 0;

	*at++ = '[';
	for (int i = 0; i < c.count; i++)
	{
		Bytes		payload = container_next_run(&c, c.value_ends, c.values, i, &value_begin);

		at = reserve(out, at, payload.len);
		if (i > 0)
			*at++ = ',';
		if (type == ATTRIBUTE_S)
			at = write_string(out, at, payload);
		else if (type == ATTRIBUTE_N)
			at = write_number(out, at, payload);
		else
			at = write_binary(out, at, payload);
	}
	at = reserve(out, at, 0);
	*at++ = ']';
	return at;
}

static char *
write_number(StringInfo out, char *at, Bytes payload)
{
	*at++ = '"';
	out->len = at - out->data;
	number_payload_append(out, payload);
	at = begin(out, 0);
	*at++ = '"';
	return at;
}

static char *
write_binary(StringInfo out, char *at, Bytes payload)
{
	*at++ = '"';
	out->len = at - out->data;
	base64_append(out, payload);
	at = begin(out, 0);
	*at++ = '"';
	return at;
}

/* ---- strings ---- */

/* Most need no escape.  Room for one that does not is there. */
static pg_attribute_always_inline char *
write_string(StringInfo out, char *at, Bytes string)
{
	if (unlikely(!copy_plain(at + 1, string.data, string.len)))
		return write_escaped(out, at, string);
	at[0] = '"';
	at[string.len + 1] = '"';
	return at + string.len + 2;
}

/*
 * False if a character is not plain.  Copies by words, of which the last one overlaps
 * the one before.
 */
static pg_attribute_always_inline bool
copy_plain(char *dst, const char *src, int len)
{
	if (len >= JSON_BLOCK)
	{
		for (int i = 0; i < len; i += JSON_BLOCK)
		{
			int			at = Min(i, len - JSON_BLOCK);

			if (json_block_stops(src + at))
				return false;
			memcpy(dst + at, src + at, JSON_BLOCK);
		}
	}
	else if (len >= (int) sizeof(uint64))
	{
		uint64		front;
		uint64		back;
		int			last = len - (int) sizeof(back);

		memcpy(&front, src, sizeof(front));
		memcpy(&back, src + last, sizeof(back));
		if ((json_stops(front) | json_stops(back)) != 0)
			return false;
		memcpy(dst, &front, sizeof(front));
		memcpy(dst + last, &back, sizeof(back));
	}
	else if (len >= (int) sizeof(uint32))
	{
		uint32		front;
		uint32		back;
		int			last = len - (int) sizeof(back);

		memcpy(&front, src, sizeof(front));
		memcpy(&back, src + last, sizeof(back));
		if (json_stops((uint64) front << 32 | back) != 0)
			return false;
		memcpy(dst, &front, sizeof(front));
		memcpy(dst + last, &back, sizeof(back));
	}
	else
		for (int i = 0; i < len; i++)
		{
			if (!json_is_plain(src[i]))
				return false;
			dst[i] = src[i];
		}
	return true;
}

static char *
write_escaped(StringInfo out, char *at, Bytes string)
{
	const char *p = string.data;
	const char *stop = p + string.len;

	*at++ = '"';
	while (p < stop)
	{
		bool		high = false;
		const char *plain = p;

		p = json_plain_run(p, stop, &high);
		at = put_run(at, plain, p - plain);
		if (p < stop)
			at = write_escape(at, *p++);
		at = reserve(out, at, stop - p);
	}
	*at++ = '"';
	return at;
}

/* What follows the backslash for a character that has a short escape. */
static char
short_escape(char c)
{
	switch (c)
	{
		case '"':
		case '\\':
			return c;
		case '\b':
			return 'b';
		case '\f':
			return 'f';
		case '\n':
			return 'n';
		case '\r':
			return 'r';
		case '\t':
			return 't';
		default:
			return '\0';
	}
}

static char *
write_escape(char *at, char c)
{
	static const char hex[] = "0123456789abcdef";
	char		escape = short_escape(c);

	*at++ = '\\';
	if (escape != '\0')
	{
		*at++ = escape;
		return at;
	}
	at = put_run(at, "u00", 3);
	*at++ = hex[(uint8) c >> 4];
	*at++ = hex[c & 0xF];
	return at;
}
