/*
 * json_writer.c
 *		JSON text of values.
 *
 * DynamoDB JSON as the service prints it: no white space, members in the order
 * of the stored map, numbers and binaries as strings.
 *
 * A page of a Query is mostly this, so room is asked for once per string: before
 * it, with SLACK more for the punctuation around it, which is put there without
 * asking.  The functions that others call end the text with a zero, those that
 * write pieces of it do not.
 */
#include "postgres.h"

#include "value/encoding.h"
#include "value/json_scan.h"

/* Longest of what stands between two strings: ':' '{"BOOL":' 'false' '}' ',' '"'. */
#define SLACK	32

static void write_value(StringInfo out, Bytes encoded);
static void write_map(StringInfo out, AttributeValue map);
static void write_list(StringInfo out, AttributeValue list);
static void write_set(StringInfo out, AttributeValue set);
static void write_payload(StringInfo out, AttributeType type, Bytes payload);
static inline void write_string(StringInfo out, Bytes string);
static inline char *copy_plain(char *dst, const char *src, int len);
static void write_escaped(StringInfo out, Bytes string);
static void write_escape(StringInfo out, char c);

void
attribute_append_json(StringInfo out, AttributeValue value)
{
	write_value(out, (Bytes) {value.data, value.len});
	out->data[out->len] = '\0';
}

void
attribute_map_append_json(StringInfo out, AttributeValue map)
{
	write_map(out, map);
	out->data[out->len] = '\0';
}

void
json_append_string(StringInfo out, Bytes string)
{
	write_string(out, string);
	out->data[out->len] = '\0';
}

/* ---- room ---- */

static inline void
reserve(StringInfo out, int more)
{
	if (unlikely(more + SLACK >= out->maxlen - out->len))
		enlargeStringInfo(out, more + SLACK);
}

/* Into room that has been reserved. */
static inline void
put(StringInfo out, char c)
{
	out->data[out->len++] = c;
}

static inline void
put_run(StringInfo out, const char *run, int len)
{
	memcpy(out->data + out->len, run, len);
	out->len += len;
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

static void
write_value(StringInfo out, Bytes encoded)
{
	AttributeValue value = {encoded.data, encoded.len};
	AttributeType type = attribute_type(value);
	Bytes		payload = {encoded.data + 1, encoded.len - 1};

	reserve(out, 0);
	memcpy(out->data + out->len, openings[type].text, sizeof(uint64));
	out->len += openings[type].len;
	switch (type)
	{
		case ATTRIBUTE_S:
			write_string(out, payload);
			break;
		case ATTRIBUTE_N:
		case ATTRIBUTE_B:
			write_payload(out, type, payload);
			break;
		case ATTRIBUTE_BOOL:
			if (attribute_bool(value))
				put_run(out, "true", 4);
			else
				put_run(out, "false", 5);
			break;
		case ATTRIBUTE_NULL:
			put_run(out, "true", 4);
			break;
		case ATTRIBUTE_M:
			write_map(out, value);
			break;
		case ATTRIBUTE_L:
			write_list(out, value);
			break;
		case ATTRIBUTE_SS:
		case ATTRIBUTE_NS:
		case ATTRIBUTE_BS:
			write_set(out, value);
			break;
	}
	put(out, '}');
}

static void
write_map(StringInfo out, AttributeValue map)
{
	Container	c = container_open(map);
	uint32		name_begin = 0;
	uint32		value_begin = 0;

	reserve(out, 0);
	put(out, '{');
	for (int i = 0; i < c.count; i++)
	{
		if (i > 0)
			put(out, ',');
		write_string(out, container_next_run(&c, c.name_ends, c.names, i, &name_begin));
		put(out, ':');
		write_value(out, container_next_run(&c, c.value_ends, c.values, i, &value_begin));
	}
	reserve(out, 0);
	put(out, '}');
}

static void
write_list(StringInfo out, AttributeValue list)
{
	Container	c = container_open(list);
	uint32		begin = 0;

	put(out, '[');
	for (int i = 0; i < c.count; i++)
	{
		if (i > 0)
			put(out, ',');
		write_value(out, container_next_run(&c, c.value_ends, c.values, i, &begin));
	}
	reserve(out, 0);
	put(out, ']');
}

static void
write_set(StringInfo out, AttributeValue set)
{
	AttributeType element_type = set_element_type(attribute_type(set));
	Container	c = container_open(set);
	uint32		begin = 0;

	put(out, '[');
	for (int i = 0; i < c.count; i++)
	{
		if (i > 0)
			put(out, ',');
		write_payload(out, element_type,
					  container_next_run(&c, c.value_ends, c.values, i, &begin));
	}
	put(out, ']');
}

/* Finds room for a few bytes, and leaves as much. */
static void
write_payload(StringInfo out, AttributeType type, Bytes payload)
{
	if (type == ATTRIBUTE_S)
	{
		write_string(out, payload);
		return;
	}
	put(out, '"');
	if (type == ATTRIBUTE_N)
		number_payload_append(out, payload);
	else
		base64_append(out, payload);
	reserve(out, 0);
	put(out, '"');
}

/* ---- strings ---- */

/* Most strings need no escape. */
static pg_attribute_always_inline void
write_string(StringInfo out, Bytes string)
{
	char	   *begin;
	char	   *end;

	reserve(out, string.len);
	begin = out->data + out->len;
	end = copy_plain(begin + 1, string.data, string.len);
	if (unlikely(end == NULL))
	{
		write_escaped(out, string);
		return;
	}
	*begin = '"';
	*end = '"';
	out->len = end + 1 - out->data;
}

/*
 * Returns the end of the copy; NULL if a character is not plain.  Copies by words, of
 * which the last one overlaps the one before.
 */
static pg_attribute_always_inline char *
copy_plain(char *dst, const char *src, int len)
{
	if (len >= JSON_BLOCK)
	{
		for (int i = 0; i < len; i += JSON_BLOCK)
		{
			int			at = Min(i, len - JSON_BLOCK);

			if (json_block_stops(src + at))
				return NULL;
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
			return NULL;
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
			return NULL;
		memcpy(dst, &front, sizeof(front));
		memcpy(dst + last, &back, sizeof(back));
	}
	else
		for (int i = 0; i < len; i++)
		{
			if (!json_is_plain(src[i]))
				return NULL;
			dst[i] = src[i];
		}
	return dst + len;
}

static void
write_escaped(StringInfo out, Bytes string)
{
	const char *p = string.data;
	const char *end = p + string.len;

	put(out, '"');
	while (p < end)
	{
		bool		high = false;
		const char *stop = json_plain_run(p, end, &high);

		put_run(out, p, stop - p);
		if (stop < end)
			write_escape(out, *stop++);
		p = stop;
		reserve(out, end - p);
	}
	put(out, '"');
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

static void
write_escape(StringInfo out, char c)
{
	static const char hex[] = "0123456789abcdef";
	char		escape = short_escape(c);

	put(out, '\\');
	if (escape != '\0')
		put(out, escape);
	else
	{
		put_run(out, "u00", 3);
		put(out, hex[(uint8) c >> 4]);
		put(out, hex[c & 0xF]);
	}
}
