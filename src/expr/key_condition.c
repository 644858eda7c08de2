/*
 * key_condition.c
 *		From a key condition to a range of an index.
 *
 * A key condition is a condition of restricted form: comparisons of distinct
 * attributes with values, joined by AND.  The hash parts of the key must be
 * equal to something, range parts are taken from left to right, and only the
 * last one given may be compared otherwise.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "common/errors.h"
#include "expr/expr_ast.h"

/* A comparison of one attribute. */
typedef struct KeyComparison
{
	Bytes		attribute;
	OperatorId	operator;		/* OP_EQ ... OP_BETWEEN, FN_BEGINS_WITH */
	int			noperands;
	AttributeValue operands[2];
} KeyComparison;

typedef struct KeyComparisons
{
	const BoundExpr *bound;
	int			n;
	int			size;
	KeyComparison *items;
} KeyComparisons;

static void collect(KeyComparisons *comparisons, const ExprNode *node);
static void check_operator(const ExprOperator *operator);
static const ExprNode *find_attribute(const ExprNode *node);
static void add_comparison(KeyComparisons *comparisons, const ExprNode *node,
						   const ExprNode *attribute);
static OperatorId mirrored(OperatorId id);
static const KeyComparison *find_comparison(const KeyComparisons *comparisons,
											Bytes attribute);
static void check_operands(const KeyComparison *comparison,
						   const KeyAttribute *attribute, Bytes index);
static int	range_size(const KeyComparison *comparison);
static void set_bounds(const KeyComparison *comparison, KeyRange *range);

pg_noreturn static void
raise_not_supported(void)
{
	validation_error("Query key condition not supported");
}

pg_noreturn static void
raise_missed(Bytes attribute)
{
	validation_error("Query condition missed key schema element: %.*s",
					 BYTES_ARGS(attribute));
}

void
expr_key_range(const BoundExpr *key_condition, const KeySchema *schema, Bytes index,
			   KeyRange *range)
{
	int			nattributes = schema->nhash + schema->nrange;
	KeyComparisons comparisons = {.bound = key_condition};
	int			used = 0;
	int			size = 0;

	expr_check_key_paths(key_condition, schema);
	collect(&comparisons, key_condition->expr->condition);
	if (comparisons.n > Max(nattributes, 2))
		validation_error("Conditions can be of length 1 or 2 only");

	*range = (KeyRange) {0};
	for (int i = 0; i < nattributes; i++)
	{
		const KeyAttribute *attribute = &schema->attributes[i];
		const KeyComparison *comparison =
			find_comparison(&comparisons, attribute->name);

		if (comparison == NULL && (i < schema->nhash || used < comparisons.n))
			raise_missed(attribute->name);
		if (comparison == NULL)
			return;
		used++;

		check_operands(comparison, attribute, index);
		if (i >= schema->nhash && (size += range_size(comparison)) > MAX_SORT_KEY_SIZE)
			raise_long_sort_key("");
		if (comparison->operator == OP_EQ)
			range->equal[range->nequal++] = comparison->operands[0];
		else if (i < schema->nhash || used < comparisons.n)
			raise_not_supported();
		else
		{
			set_bounds(comparison, range);
			return;
		}
	}
	if (used < comparisons.n)
		raise_not_supported();
}

/* ---- the form of the condition ---- */

/* Adds the comparisons below the node, checking each in its turn. */
static void
collect(KeyComparisons *comparisons, const ExprNode *node)
{
	const ExprOperator *operator = node->operation.operator;
	const ExprNode *attribute = NULL;
	int			npaths = 0;

	check_stack_depth();
	if (operator->id == OP_AND)
	{
		for (int i = 0; i < node->operation.nargs; i++)
			collect(comparisons, node->operation.args[i]);
		return;
	}

	check_operator(operator);
	for (int i = 0; i < node->operation.nargs; i++)
	{
		if (node->operation.args[i]->tag == EXPR_OPERATION)
			validation_error("KeyConditionExpressions cannot contain nested operations");
		npaths += node->operation.args[i]->tag == EXPR_PATH;
	}

	attribute = find_attribute(node);
	if (npaths > 1)
		validation_error("Invalid condition in KeyConditionExpression: "
						 "Multiple attribute names used in one condition");
	if (attribute == NULL)
		validation_error("Invalid condition in KeyConditionExpression: "
						 "No key attribute specified");
	if (attribute->path.nsteps > 1)
		validation_error("KeyConditionExpressions cannot have conditions on "
						 "nested attributes");
	add_comparison(comparisons, node, attribute);
}

static void
check_operator(const ExprOperator *operator)
{
	switch (operator->id)
	{
		case OP_EQ:
		case OP_LT:
		case OP_LE:
		case OP_GT:
		case OP_GE:
		case OP_BETWEEN:
		case FN_BEGINS_WITH:
			return;
		default:
			validation_error("Invalid operator used in KeyConditionExpression: %s",
							 operator->name);
	}
}

/* The attribute that is compared, which must come first where order matters. */
static const ExprNode *
find_attribute(const ExprNode *node)
{
	const ExprOperator *operator = node->operation.operator;

	if (node->operation.args[0]->tag == EXPR_PATH)
		return node->operation.args[0];
	if (operator->id == OP_BETWEEN || operator->id == FN_BEGINS_WITH)
		validation_error("Invalid condition in KeyConditionExpression: %s operator "
						 "must have the key attribute as its first operand",
						 operator->name);
	return node->operation.args[1]->tag == EXPR_PATH ? node->operation.args[1] : NULL;
}

static void
add_comparison(KeyComparisons *comparisons, const ExprNode *node,
			   const ExprNode *attribute)
{
	const BoundExpr *bound = comparisons->bound;
	KeyComparison comparison = {
		.attribute = path_step_name(bound, &attribute->path.steps[0]),
		.operator = node->operation.operator->id,
	};

	if (find_comparison(comparisons, comparison.attribute))
		validation_error("KeyConditionExpressions must only contain one condition per key");

	if (attribute != node->operation.args[0])
		comparison.operator = mirrored(comparison.operator);
	for (int i = 0; i < node->operation.nargs; i++)
		if (node->operation.args[i] != attribute)
			comparison.operands[comparison.noperands++] =
				bound->values[node->operation.args[i]->value.slot];

	if (comparisons->n == comparisons->size)
	{
		comparisons->size = Max(4, comparisons->size * 2);
		comparisons->items = comparisons->items
			? repalloc(comparisons->items, sizeof(KeyComparison) * comparisons->size)
			: palloc(sizeof(KeyComparison) * comparisons->size);
	}
	comparisons->items[comparisons->n++] = comparison;
}

/* The operator for exchanged operands. */
static OperatorId
mirrored(OperatorId id)
{
	switch (id)
	{
		case OP_LT:
			return OP_GT;
		case OP_LE:
			return OP_GE;
		case OP_GT:
			return OP_LT;
		case OP_GE:
			return OP_LE;
		default:
			return id;
	}
}

/* ---- the condition against the key schema ---- */

static const KeyComparison *
find_comparison(const KeyComparisons *comparisons, Bytes attribute)
{
	for (int i = 0; i < comparisons->n; i++)
		if (bytes_equal(comparisons->items[i].attribute, attribute))
			return &comparisons->items[i];
	return NULL;
}

static void
check_operands(const KeyComparison *comparison, const KeyAttribute *attribute, Bytes index)
{
	for (int i = 0; i < comparison->noperands; i++)
	{
		AttributeValue operand = comparison->operands[i];
		AttributeType type = attribute_type(operand);

		if (type != attribute->type)
			validation_error("One or more parameter values were invalid: Condition "
							 "parameter type does not match schema type");
		if (type != ATTRIBUTE_N && attribute_bytes(operand).len == 0)
			raise_empty_key("", index, attribute);
	}
}

/* The size of the largest operand. */
static int
range_size(const KeyComparison *comparison)
{
	int			size = 0;

	for (int i = 0; i < comparison->noperands; i++)
		size = Max(size, attribute_size(comparison->operands[i]));
	return size;
}

static void
set_bounds(const KeyComparison *comparison, KeyRange *range)
{
	AttributeValue operand = comparison->operands[0];

	range->lower_inclusive = comparison->operator != OP_GT;
	range->upper_inclusive = comparison->operator != OP_LT;
	switch (comparison->operator)
	{
		case OP_LT:
		case OP_LE:
			range->upper = operand;
			break;
		case OP_GT:
		case OP_GE:
			range->lower = operand;
			break;
		case OP_BETWEEN:
			range->lower = operand;
			range->upper = comparison->operands[1];
			break;
		default:				/* FN_BEGINS_WITH */
			range->prefix = attribute_bytes(operand);
	}
}
