/*
 * size.c
 *		DynamoDB's size of a value, and its depth.
 *
 * Strings count their UTF-8 bytes, binaries their bytes, numbers about one
 * byte per two digits, BOOL and NULL one byte; a set is the sum of its
 * elements; a list or map costs three bytes, one more per element, and its
 * contents (a map's names included).  An item is the sum of its names and
 * values: its own root costs nothing.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "value/encoding.h"

#define CONTAINER_OVERHEAD	3
#define ELEMENT_OVERHEAD	1

static int64 value_size(AttributeValue value, int levels);
static int64 members_size(AttributeValue container, int levels);

int
attribute_size(AttributeValue value)
{
	int64		size = value_size(value, PG_INT32_MAX);

	return (int) Min(size, PG_INT32_MAX);
}

int64
item_size_checked(AttributeValue root)
{
	return members_size(root, MAX_NESTING_DEPTH);
}

int64
attribute_size_checked(AttributeValue value)
{
	return value_size(value, MAX_NESTING_DEPTH);
}

static int64
set_size(AttributeValue set)
{
	Container	c = container_open(set);
	uint32		begin = 0;
	int64		size = 0;

	if (attribute_type(set) != ATTRIBUTE_NS)
		return set.data + set.len - c.values;
	for (int i = 0; i < c.count; i++)
		size += number_payload_size(container_next_run(&c, c.value_ends, c.values, i, &begin));
	return size;
}

/* Raises ValidationException if M and L nest deeper than `levels`. */
static int64
value_size(AttributeValue value, int levels)
{
	switch (attribute_type(value))
	{
		case ATTRIBUTE_S:
		case ATTRIBUTE_B:
			return value.len - 1;
		case ATTRIBUTE_N:
			return number_payload_size(attribute_bytes(value));
		case ATTRIBUTE_BOOL:
		case ATTRIBUTE_NULL:
			return 1;
		case ATTRIBUTE_M:
		case ATTRIBUTE_L:
			return CONTAINER_OVERHEAD + members_size(value, levels) +
				(int64) ELEMENT_OVERHEAD * attribute_count(value);
		case ATTRIBUTE_SS:
		case ATTRIBUTE_NS:
		case ATTRIBUTE_BS:
			return set_size(value);
	}
	elog(ERROR, "unknown attribute type %d", attribute_type(value));
}

/* Names and values of an M or L. */
static int64
members_size(AttributeValue container, int levels)
{
	Container	c = container_open(container);
	int64		size = c.values - c.names;	/* 0 in a list */
	uint32		begin = 0;

	if (levels == 0)
		nesting_too_deep();
	check_stack_depth();
	for (int i = 0; i < c.count; i++)
	{
		Bytes		run = container_next_run(&c, c.value_ends, c.values, i, &begin);

		size += value_size((AttributeValue) {run.data, run.len}, levels - 1);
	}
	return size;
}

int
attribute_depth(AttributeValue value)
{
	AttributeType type = attribute_type(value);
	int			deepest = 0;
	Container	c;

	if (type != ATTRIBUTE_M && type != ATTRIBUTE_L)
		return 0;
	check_stack_depth();
	c = container_open(value);
	for (int i = 0; i < c.count; i++)
	{
		/* not inside Max(), which would call it twice per level */
		int			depth = attribute_depth(container_value(&c, i));

		deepest = Max(deepest, depth);
	}
	return 1 + deepest;
}
