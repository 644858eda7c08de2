/*
 * compare.c
 *		Equality and order of values.
 *
 * A value has exactly one encoding, so equality is memcmp(); order walks both
 * values side by side.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "value/encoding.h"

static int	container_order(AttributeValue a, AttributeValue b);

bool
attribute_equal(AttributeValue a, AttributeValue b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static int
payload_compare(AttributeType type, Bytes a, Bytes b)
{
	return type == ATTRIBUTE_N ? number_payload_compare(a, b) : bytes_compare(a, b);
}

int
attribute_compare(AttributeValue a, AttributeValue b)
{
	Assert(attribute_type(a) == attribute_type(b));
	return payload_compare(attribute_type(a), attribute_bytes(a), attribute_bytes(b));
}

/*
 * By type in the order of AttributeType; then scalars by their own order,
 * false before true, and containers element by element (a map's element is its
 * name, then its value), a prefix before what it begins.
 */
int
attribute_order(AttributeValue a, AttributeValue b)
{
	AttributeType type = attribute_type(a);

	if (type != attribute_type(b))
		return (int) type - (int) attribute_type(b);
	switch (type)
	{
		case ATTRIBUTE_S:
		case ATTRIBUTE_N:
		case ATTRIBUTE_B:
			return attribute_compare(a, b);
		case ATTRIBUTE_BOOL:
			return (int) attribute_bool(a) - (int) attribute_bool(b);
		case ATTRIBUTE_NULL:
			return 0;
		default:
			return container_order(a, b);
	}
}

static int
container_order(AttributeValue a, AttributeValue b)
{
	AttributeType type = attribute_type(a);
	Container	ca = container_open(a);
	Container	cb = container_open(b);
	int			common = Min(ca.count, cb.count);

	check_stack_depth();
	for (int i = 0; i < common; i++)
	{
		AttributeValue va = container_value(&ca, i);
		AttributeValue vb = container_value(&cb, i);
		int			order = 0;

		if (type == ATTRIBUTE_M)
			order = bytes_compare(container_name(&ca, i), container_name(&cb, i));
		if (order == 0)
			order = type == ATTRIBUTE_M || type == ATTRIBUTE_L ?
				attribute_order(va, vb) :
				payload_compare(set_element_type(type),
								(Bytes) {va.data, va.len}, (Bytes) {vb.data, vb.len});
		if (order != 0)
			return order;
	}
	return ca.count - cb.count;
}
