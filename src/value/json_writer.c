/*
 * json_writer.c
 *		JSON text of values.
 *
 * DynamoDB JSON as the service prints it: no white space, members in the order
 * of the stored map, numbers and binaries as strings.
 */
#include "postgres.h"

#include "value/encoding.h"
#include "value/json_scan.h"

static void append_payload(StringInfo out, AttributeType type, Bytes payload);
static void append_set(StringInfo out, AttributeValue set);
static void append_list(StringInfo out, AttributeValue list);

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
append_escape(StringInfo out, char c)
{
	char		escape = short_escape(c);

	if (escape == '\0')
		appendStringInfo(out, "\\u%04x", (uint8) c);
	else
	{
		appendStringInfoChar(out, '\\');
		appendStringInfoChar(out, escape);
	}
}

void
json_append_string(StringInfo out, Bytes string)
{
	const char *p = string.data;
	const char *end = p + string.len;
	bool		high = false;

	enlargeStringInfo(out, string.len + 2);
	out->data[out->len++] = '"';
	for (;;)
	{
		const char *stop = json_plain_run(p, end, &high);

		appendBinaryStringInfoNT(out, p, stop - p);
		if (stop == end)
			break;
		append_escape(out, *stop);
		p = stop + 1;
	}
	appendStringInfoChar(out, '"');
}

void
json_append_base64(StringInfo out, Bytes bytes)
{
	appendStringInfoChar(out, '"');
	base64_append(out, bytes);
	appendStringInfoChar(out, '"');
}

/* What an attribute value starts with, up to its payload. */
static const char *const openings[] = {
	[ATTRIBUTE_S] = "{\"S\":",
	[ATTRIBUTE_N] = "{\"N\":",
	[ATTRIBUTE_B] = "{\"B\":",
	[ATTRIBUTE_BOOL] = "{\"BOOL\":",
	[ATTRIBUTE_NULL] = "{\"NULL\":",
	[ATTRIBUTE_M] = "{\"M\":",
	[ATTRIBUTE_L] = "{\"L\":",
	[ATTRIBUTE_SS] = "{\"SS\":",
	[ATTRIBUTE_NS] = "{\"NS\":",
	[ATTRIBUTE_BS] = "{\"BS\":",
};

void
attribute_append_json(StringInfo out, AttributeValue value)
{
	AttributeType type = attribute_type(value);
	const char *opening = openings[type];

	appendBinaryStringInfoNT(out, opening, strlen(opening));
	switch (type)
	{
		case ATTRIBUTE_S:
		case ATTRIBUTE_N:
		case ATTRIBUTE_B:
			append_payload(out, type, attribute_bytes(value));
			break;
		case ATTRIBUTE_BOOL:
			appendStringInfoString(out, attribute_bool(value) ? "true" : "false");
			break;
		case ATTRIBUTE_NULL:
			appendStringInfoString(out, "true");
			break;
		case ATTRIBUTE_M:
			attribute_map_append_json(out, value);
			break;
		case ATTRIBUTE_L:
			append_list(out, value);
			break;
		case ATTRIBUTE_SS:
		case ATTRIBUTE_NS:
		case ATTRIBUTE_BS:
			append_set(out, value);
			break;
	}
	appendStringInfoChar(out, '}');
}

void
attribute_map_append_json(StringInfo out, AttributeValue map)
{
	Container	c = container_open(map);

	appendStringInfoChar(out, '{');
	for (int i = 0; i < c.count; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		json_append_string(out, container_name(&c, i));
		appendStringInfoChar(out, ':');
		attribute_append_json(out, container_value(&c, i));
	}
	appendStringInfoChar(out, '}');
}

static void
append_list(StringInfo out, AttributeValue list)
{
	Container	c = container_open(list);

	appendStringInfoChar(out, '[');
	for (int i = 0; i < c.count; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		attribute_append_json(out, container_value(&c, i));
	}
	appendStringInfoChar(out, ']');
}

static void
append_set(StringInfo out, AttributeValue set)
{
	AttributeType element_type = set_element_type(attribute_type(set));
	Container	c = container_open(set);

	appendStringInfoChar(out, '[');
	for (int i = 0; i < c.count; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		append_payload(out, element_type,
					   container_run(&c, c.value_ends, c.values, i));
	}
	appendStringInfoChar(out, ']');
}

static void
append_payload(StringInfo out, AttributeType type, Bytes payload)
{
	switch (type)
	{
		case ATTRIBUTE_S:
			json_append_string(out, payload);
			break;
		case ATTRIBUTE_N:
			appendStringInfoChar(out, '"');
			number_payload_append(out, payload);
			appendStringInfoChar(out, '"');
			break;
		default:
			json_append_base64(out, payload);
			break;
	}
}
