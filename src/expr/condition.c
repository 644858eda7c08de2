/*
 * condition.c
 *		Evaluation of conditions and filters.
 *
 * This is the hot path of filters: comparing a path with a literal looks up
 * the path and compares bytes, without allocating.  Only size() allocates, in
 * the caller's context, which scans reset per item.
 *
 * An operand that is missing, or of a type that does not fit, makes a
 * condition false, never an error; <> alone is then true.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/numeric.h"

#include "expr/expr_ast.h"

static bool starts_with(Bytes text, Bytes prefix);
static bool contains_bytes(Bytes text, Bytes part);

static inline bool
holds(const BoundExpr *bound, const ExprNode *node, AttributeValue item)
{
	return node->operation.operator->holds(bound, node, item);
}

static inline AttributeValue
argument(const BoundExpr *bound, const ExprNode *node, int i, AttributeValue item)
{
	return expr_operand(bound, node->operation.args[i], item);
}

bool
expr_condition_holds(const BoundExpr *condition, AttributeValue item)
{
	return holds(condition, condition->expr->condition, item);
}

AttributeValue
expr_operand(const BoundExpr *bound, const ExprNode *node, AttributeValue item)
{
	switch (node->tag)
	{
		case EXPR_PATH:
			return expr_path_value(bound, node, item);
		case EXPR_VALUE:
			return bound->values[node->value.slot];
		case EXPR_OPERATION:
			return node->operation.operator->value(bound, node, item);
	}
	pg_unreachable();
}

/* ---- connectives ---- */

bool
condition_and(const BoundExpr *bound, const ExprNode *node, AttributeValue item)
{
	check_stack_depth();
	for (int i = 0; i < node->operation.nargs; i++)
		if (!holds(bound, node->operation.args[i], item))
			return false;
	return true;
}

bool
condition_or(const BoundExpr *bound, const ExprNode *node, AttributeValue item)
{
	check_stack_depth();
	for (int i = 0; i < node->operation.nargs; i++)
		if (holds(bound, node->operation.args[i], item))
			return true;
	return false;
}

bool
condition_not(const BoundExpr *bound, const ExprNode *node, AttributeValue item)
{
	check_stack_depth();
	return !holds(bound, node->operation.args[0], item);
}

/* ---- comparisons ---- */

/* Whether both are there and have one type that is ordered. */
static inline bool
comparable(AttributeValue a, AttributeValue b)
{
	return attribute_exists(a) && attribute_exists(b) &&
		attribute_type(a) == attribute_type(b) &&
		(TYPE_BIT(attribute_type(a)) & ORDERED_TYPES) != 0;
}

static inline bool
values_equal(AttributeValue a, AttributeValue b)
{
	return attribute_exists(a) && attribute_exists(b) && attribute_equal(a, b);
}

bool
condition_compare(const BoundExpr *bound, const ExprNode *node,
				  AttributeValue item)
{
	OperatorId	id = node->operation.operator->id;
	AttributeValue left = argument(bound, node, 0, item);
	AttributeValue right = argument(bound, node, 1, item);
	int			order;

	if (id == OP_EQ || id == OP_NE)
		return values_equal(left, right) == (id == OP_EQ);
	if (!comparable(left, right))
		return false;

	order = attribute_compare(left, right);
	switch (id)
	{
		case OP_LT:
			return order < 0;
		case OP_LE:
			return order <= 0;
		case OP_GT:
			return order > 0;
		default:
			return order >= 0;
	}
}

bool
condition_between(const BoundExpr *bound, const ExprNode *node,
				  AttributeValue item)
{
	AttributeValue value = argument(bound, node, 0, item);
	AttributeValue lower = argument(bound, node, 1, item);
	AttributeValue upper = argument(bound, node, 2, item);

	return comparable(value, lower) && comparable(value, upper) &&
		attribute_compare(lower, value) <= 0 &&
		attribute_compare(value, upper) <= 0;
}

bool
condition_in(const BoundExpr *bound, const ExprNode *node, AttributeValue item)
{
	AttributeValue value = argument(bound, node, 0, item);

	if (!attribute_exists(value))
		return false;
	for (int i = 1; i < node->operation.nargs; i++)
		if (values_equal(value, argument(bound, node, i, item)))
			return true;
	return false;
}

/* ---- functions ---- */

bool
condition_attribute_exists(const BoundExpr *bound, const ExprNode *node,
						   AttributeValue item)
{
	bool		wanted = node->operation.operator->id == FN_ATTRIBUTE_EXISTS;

	return attribute_exists(argument(bound, node, 0, item)) == wanted;
}

bool
condition_attribute_type(const BoundExpr *bound, const ExprNode *node,
						 AttributeValue item)
{
	AttributeValue value = argument(bound, node, 0, item);
	Bytes		name = attribute_bytes(argument(bound, node, 1, item));

	return attribute_exists(value) &&
		bytes_equal(name, bytes_from_cstring(attribute_type_name(attribute_type(value))));
}

bool
condition_begins_with(const BoundExpr *bound, const ExprNode *node,
					  AttributeValue item)
{
	AttributeValue value = argument(bound, node, 0, item);
	AttributeValue prefix = argument(bound, node, 1, item);

	return comparable(value, prefix) && attribute_type(value) != ATTRIBUTE_N &&
		starts_with(attribute_bytes(value), attribute_bytes(prefix));
}

/* A part of a string or of bytes, an element of a set or of a list. */
bool
condition_contains(const BoundExpr *bound, const ExprNode *node,
				   AttributeValue item)
{
	AttributeValue whole = argument(bound, node, 0, item);
	AttributeValue part = argument(bound, node, 1, item);

	if (!attribute_exists(whole) || !attribute_exists(part))
		return false;
	switch (attribute_type(whole))
	{
		case ATTRIBUTE_S:
		case ATTRIBUTE_B:
			return attribute_type(part) == attribute_type(whole) &&
				contains_bytes(attribute_bytes(whole), attribute_bytes(part));
		case ATTRIBUTE_SS:
		case ATTRIBUTE_NS:
		case ATTRIBUTE_BS:
			return set_contains(whole, part);
		case ATTRIBUTE_L:
			for (int i = 0; i < attribute_count(whole); i++)
				if (attribute_equal(list_get(whole, i), part))
					return true;
			return false;
		default:
			return false;
	}
}

/* Strings count in UTF-16 units; numbers, BOOL and NULL have no size. */
AttributeValue
operand_size(const BoundExpr *bound, const ExprNode *node, AttributeValue item)
{
	AttributeValue value = argument(bound, node, 0, item);
	int			size;

	if (!attribute_exists(value))
		return NO_ATTRIBUTE_VALUE;
	switch (attribute_type(value))
	{
		case ATTRIBUTE_S:
			size = expr_utf16_length(attribute_bytes(value));
			break;
		case ATTRIBUTE_B:
			size = attribute_bytes(value).len;
			break;
		case ATTRIBUTE_N:
		case ATTRIBUTE_BOOL:
		case ATTRIBUTE_NULL:
			return NO_ATTRIBUTE_VALUE;
		default:
			size = attribute_count(value);
	}
	return attribute_make_number(int64_to_numeric(size));
}

/* ---- bytes ---- */

static bool
starts_with(Bytes text, Bytes prefix)
{
	return prefix.len <= text.len &&
		memcmp(text.data, prefix.data, prefix.len) == 0;
}

static bool
contains_bytes(Bytes text, Bytes part)
{
	const char *from = text.data;
	const char *last;

	if (part.len > text.len)
		return false;
	if (part.len == 0)
		return true;
	/* memchr leaps to the next place where the part may begin. */
	last = text.data + (text.len - part.len);
	while (from <= last)
	{
		from = memchr(from, part.data[0], last - from + 1);
		if (from == NULL)
			return false;
		if (memcmp(from, part.data, part.len) == 0)
			return true;
		from++;
	}
	return false;
}
