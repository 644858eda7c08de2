/*
 * legacy.c
 *		The parameters from before expressions, as bound expressions.
 *
 * Expected, QueryFilter, ScanFilter and KeyConditions become conditions,
 * AttributeUpdates updates, AttributesToGet projections: the same trees that
 * the grammar makes of a text, evaluated by the same code.  They are built for
 * one request in the current memory context, with names and values in place,
 * and see neither the cache nor placeholders.
 *
 * What differs from expressions, and is kept:
 *
 * - a name is that of a top-level attribute, whatever characters it has;
 * - the arguments of a comparison are fewer in kind, and checked with messages
 *	 of their own; there is no limit of operators or of operands of IN;
 * - NOT_CONTAINS is false where the attribute is missing;
 * - ADD appends to a list, and a value that does not fit the attribute has
 *	 another message (update.c asks for is_legacy).
 */
#include "postgres.h"

#include "common/errors.h"
#include "expr/expr_ast.h"

#define INVALID_VALUES	"One or more parameter values were invalid: "

#define ANY_NUMBER		PG_INT32_MAX
#define SET_TYPES \
	(TYPE_BIT(ATTRIBUTE_SS) | TYPE_BIT(ATTRIBUTE_NS) | TYPE_BIT(ATTRIBUTE_BS))

/* An expression that is being built. */
typedef struct Builder
{
	BoundExpr  *bound;
	int			max_values;
} Builder;

typedef struct Comparison
{
	const char *name;
	int			min_arguments;
	int			max_arguments;
	int			types;			/* of arguments */
	bool		indexable;		/* in KeyConditions */
	bool		negated;		/* of an attribute that is there */
	OperatorId	operator;
} Comparison;

#define ELEMENT_TYPES \
	(ORDERED_TYPES | TYPE_BIT(ATTRIBUTE_BOOL) | TYPE_BIT(ATTRIBUTE_NULL))

static const Comparison comparisons[] = {
	[COMPARISON_EQ] = {"EQ", 1, 1, ANY_TYPE, true, false, OP_EQ},
	[COMPARISON_NE] = {"NE", 1, 1, ANY_TYPE, false, false, OP_NE},
	[COMPARISON_IN] = {"IN", 1, ANY_NUMBER, ORDERED_TYPES, false, false, OP_IN},
	[COMPARISON_LE] = {"LE", 1, 1, ORDERED_TYPES, true, false, OP_LE},
	[COMPARISON_LT] = {"LT", 1, 1, ORDERED_TYPES, true, false, OP_LT},
	[COMPARISON_GE] = {"GE", 1, 1, ORDERED_TYPES, true, false, OP_GE},
	[COMPARISON_GT] = {"GT", 1, 1, ORDERED_TYPES, true, false, OP_GT},
	[COMPARISON_BETWEEN] = {"BETWEEN", 2, 2, ORDERED_TYPES, true, false, OP_BETWEEN},
	[COMPARISON_NOT_NULL] = {"NOT_NULL", 0, 0, 0, false, false, FN_ATTRIBUTE_EXISTS},
	[COMPARISON_NULL] = {"NULL", 0, 0, 0, false, false, FN_ATTRIBUTE_NOT_EXISTS},
	[COMPARISON_CONTAINS] = {"CONTAINS", 1, 1, ELEMENT_TYPES, false, false, FN_CONTAINS},
	[COMPARISON_NOT_CONTAINS] = {"NOT_CONTAINS", 1, 1, ELEMENT_TYPES, false, true, FN_CONTAINS},
	[COMPARISON_BEGINS_WITH] = {"BEGINS_WITH", 1, 1,
	TYPE_BIT(ATTRIBUTE_S) | TYPE_BIT(ATTRIBUTE_B), true, false, FN_BEGINS_WITH},
};

typedef struct Action
{
	const char *name;			/* as messages begin with it */
	int			types;			/* of values */
	PathActionType type;
} Action;

static const Action actions[] = {
	[ATTRIBUTE_ACTION_ADD] = {"ADD action", SET_TYPES | TYPE_BIT(ATTRIBUTE_N) |
	TYPE_BIT(ATTRIBUTE_L), ACTION_ADD},
	[ATTRIBUTE_ACTION_PUT] = {"PUT action", ANY_TYPE, ACTION_SET},
	[ATTRIBUTE_ACTION_DELETE] = {"DELETE action with value", SET_TYPES, ACTION_DELETE},
};

static void check_expected(const LegacyCondition *condition);
static LegacyCondition comparison_of_expected(const LegacyCondition *expected);
static void check_condition(const LegacyCondition *condition);
static void check_arguments(const Comparison *comparison, const List *arguments);
static BoundExpr *make_condition(ExprKind kind, const List *conditions,
								 OperatorId connective);
static ExprNode *condition_node(Builder *builder, const LegacyCondition *condition);
static void check_update(const LegacyUpdate *update);
static PathAction update_action(Builder *builder, const LegacyUpdate *update);
static void check_distinct_names(const List *names);
static BoundExpr *make_bound(ExprKind kind, int nactions);
static void add_action(BoundExpr *bound, PathAction action);
static ExprNode *make_path(Bytes attribute);
static ExprNode *make_literal(Builder *builder, AttributeValue value);

/* ---- conditions ---- */

void
expr_check_conditional_operator(ConditionalOperator conditional_operator,
								const List *conditions)
{
	if (conditional_operator == CONDITIONAL_NOT_GIVEN)
		return;
	if (conditions == NIL)
		validation_error("ConditionalOperator cannot be used without Filter or Expected");
	if (list_length(conditions) < 2)
		validation_error("ConditionalOperator can only be used when Filter or Expected "
						 "has two or more elements");
}

static OperatorId
connective_of(ConditionalOperator conditional_operator)
{
	return conditional_operator == CONDITIONAL_OR ? OP_OR : OP_AND;
}

BoundExpr *
expr_from_expected(const List *conditions, ConditionalOperator conditional_operator)
{
	List	   *checked = NIL;
	ListCell   *lc;

	foreach(lc, conditions)
	{
		LegacyCondition *condition = palloc(sizeof(LegacyCondition));

		check_expected(lfirst(lc));
		*condition = comparison_of_expected(lfirst(lc));
		check_condition(condition);
		checked = lappend(checked, condition);
	}
	return make_condition(EXPR_CONDITION, checked, connective_of(conditional_operator));
}

BoundExpr *
expr_from_filter(const List *conditions, ConditionalOperator conditional_operator)
{
	ListCell   *lc;

	foreach(lc, conditions)
		check_condition(lfirst(lc));
	return make_condition(EXPR_FILTER, conditions, connective_of(conditional_operator));
}

BoundExpr *
expr_from_key_conditions(const List *conditions)
{
	ListCell   *lc;

	foreach(lc, conditions)
		check_condition(lfirst(lc));
	if (conditions == NIL || list_length(conditions) > 2)
		validation_error("Conditions can be of length 1 or 2 only");
	foreach(lc, conditions)
	{
		const LegacyCondition *condition = lfirst(lc);

		if (!comparisons[condition->comparison].indexable)
			validation_error("Attempted conditional constraint is not an indexable operation");
	}
	return make_condition(EXPR_KEY_CONDITION, conditions, OP_AND);
}

/* Value, Exists, ComparisonOperator and AttributeValueList exclude each other. */
static void
check_expected(const LegacyCondition *condition)
{
	const char *attribute = bytes_to_cstring(condition->attribute);
	bool		has_value = attribute_exists(condition->value);

	if (has_value && condition->arguments.given)
		validation_error(INVALID_VALUES "Value and AttributeValueList cannot be used "
						 "together for Attribute: %s", attribute);
	if (condition->comparison != COMPARISON_NOT_GIVEN)
	{
		const Comparison *comparison = &comparisons[condition->comparison];

		if (condition->exists.given)
			validation_error(INVALID_VALUES "Exists and ComparisonOperator cannot be used "
							 "together for Attribute: %s", attribute);
		if (comparison->min_arguments > 0 && !has_value && !condition->arguments.given)
			validation_error(INVALID_VALUES "Value or AttributeValueList must be used with "
							 "ComparisonOperator: %s for Attribute: %s",
							 comparison->name, attribute);
		return;
	}

	if (condition->arguments.given)
		validation_error(INVALID_VALUES "AttributeValueList can only be used with a "
						 "ComparisonOperator for Attribute: %s", attribute);
	if (condition->exists.given && !condition->exists.value)
	{
		if (has_value)
			validation_error(INVALID_VALUES "Value cannot be used when Exists is false "
							 "for Attribute: %s", attribute);
	}
	else if (!has_value)
		validation_error(INVALID_VALUES "Value must be provided when Exists is %s "
						 "for Attribute: %s",
						 condition->exists.given ? "true" : "null", attribute);
}

/* The same with an operator and its arguments, as in a filter. */
static LegacyCondition
comparison_of_expected(const LegacyCondition *expected)
{
	LegacyCondition result = {.attribute = expected->attribute,
		.comparison = expected->comparison,.arguments = expected->arguments};

	if (attribute_exists(expected->value))
		result.arguments.elements =
			list_make1(unconstify(AttributeValue *, &expected->value));
	if (result.comparison == COMPARISON_NOT_GIVEN)
		result.comparison = attribute_exists(expected->value) ?
			COMPARISON_EQ : COMPARISON_NULL;
	return result;
}

static void
check_condition(const LegacyCondition *condition)
{
	if (condition->attribute.len == 0)
		validation_error("Empty attribute name");
	check_arguments(&comparisons[condition->comparison], condition->arguments.elements);
}

static void
check_arguments(const Comparison *comparison, const List *arguments)
{
	int			n = list_length(arguments);
	const AttributeValue *first;
	ListCell   *lc;

	if (n < comparison->min_arguments || n > comparison->max_arguments)
		validation_error(INVALID_VALUES "Invalid number of argument(s) for the %s "
						 "ComparisonOperator", comparison->name);
	foreach(lc, arguments)
	{
		AttributeType type = attribute_type(*(AttributeValue *) lfirst(lc));

		if ((comparison->types & TYPE_BIT(type)) == 0)
			validation_error(INVALID_VALUES "ComparisonOperator %s is not valid for %s "
							 "AttributeValue type",
							 comparison->name, attribute_type_name(type));
	}
	if (n < 2)
		return;
	first = linitial(arguments);
	foreach(lc, arguments)
		if (attribute_type(*(AttributeValue *) lfirst(lc)) != attribute_type(*first))
			validation_error(INVALID_VALUES "AttributeValues inside AttributeValueList "
							 "must be of same type");
	if (comparison->operator == OP_BETWEEN &&
		attribute_compare(*first, *(AttributeValue *) lsecond(arguments)) > 0)
		validation_error("The BETWEEN condition was provided a range where the lower "
						 "bound is greater than the upper bound");
}

/* The conditions have been checked; NULL if there are none. */
static BoundExpr *
make_condition(ExprKind kind, const List *conditions, OperatorId connective)
{
	Builder		builder = {NULL, 0};
	List	   *nodes = NIL;
	ListCell   *lc;

	if (conditions == NIL)
		return NULL;
	builder.bound = make_bound(kind, 0);
	foreach(lc, conditions)
		nodes = lappend(nodes, condition_node(&builder, lfirst(lc)));
	builder.bound->expr->condition = list_length(nodes) == 1 ?
		linitial(nodes) : expr_make_operation(connective, nodes);
	return builder.bound;
}

static ExprNode *
condition_node(Builder *builder, const LegacyCondition *condition)
{
	const Comparison *comparison = &comparisons[condition->comparison];
	List	   *operands = list_make1(make_path(condition->attribute));
	ExprNode   *node;
	ExprNode   *exists;
	ListCell   *lc;

	foreach(lc, condition->arguments.elements)
		operands = lappend(operands, make_literal(builder, *(AttributeValue *) lfirst(lc)));
	node = expr_make_operation(comparison->operator, operands);
	if (!comparison->negated)
		return node;
	exists = expr_make_operation(FN_ATTRIBUTE_EXISTS, list_make1(linitial(operands)));
	node = expr_make_operation(OP_NOT, list_make1(node));
	return expr_make_operation(OP_AND, list_make2(exists, node));
}

/* ---- updates ---- */

BoundExpr *
expr_from_attribute_updates(const List *updates)
{
	Builder		builder = {NULL, 0};
	ListCell   *lc;

	if (updates == NIL)
		return NULL;
	builder.bound = make_bound(EXPR_UPDATE, list_length(updates));
	foreach(lc, updates)
	{
		check_update(lfirst(lc));
		add_action(builder.bound, update_action(&builder, lfirst(lc)));
	}
	expr_path_tree_of_names(builder.bound);
	return builder.bound;
}

static AttributeAction
action_of(const LegacyUpdate *update)
{
	return update->action != ATTRIBUTE_ACTION_NOT_GIVEN ? update->action : ATTRIBUTE_ACTION_PUT;
}

static void
check_update(const LegacyUpdate *update)
{
	const Action *action = &actions[action_of(update)];
	AttributeType type;

	if (update->attribute.len == 0)
		validation_error("Empty attribute name");
	if (!attribute_exists(update->value))
	{
		if (action->type != ACTION_DELETE)
			validation_error(INVALID_VALUES "Only DELETE action is allowed when no "
							 "attribute value is specified");
		return;
	}
	type = attribute_type(update->value);
	if ((action->types & TYPE_BIT(type)) == 0)
		validation_error(INVALID_VALUES "%s is not supported for the type %s",
						 action->name, expr_long_type_name(type));
}

static PathAction
update_action(Builder *builder, const LegacyUpdate *update)
{
	PathAction	action = {.path = make_path(update->attribute)};

	if (attribute_exists(update->value))
	{
		action.type = actions[action_of(update)].type;
		action.operand = make_literal(builder, update->value);
	}
	else
		action.type = ACTION_REMOVE;
	return action;
}

/* ---- projections ---- */

BoundExpr *
expr_from_attributes_to_get(const List *names)
{
	BoundExpr  *bound;
	ListCell   *lc;

	if (names == NIL)
		return NULL;
	check_distinct_names(names);
	bound = make_bound(EXPR_PROJECTION, list_length(names));
	foreach(lc, names)
		add_action(bound, (PathAction) {
			.type = ACTION_PROJECT, .path = make_path(*(Bytes *) lfirst(lc))
		});
	expr_path_tree_of_names(bound);
	return bound;
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return bytes_compare(*(Bytes *) lfirst(a), *(Bytes *) lfirst(b));
}

static void
check_distinct_names(const List *names)
{
	List	   *sorted = list_copy(names);
	ListCell   *lc;
	const Bytes *previous = NULL;

	list_sort(sorted, compare_names);
	foreach(lc, sorted)
	{
		const Bytes *name = lfirst(lc);

		if (name->len == 0)
			validation_error("Empty attribute name");
		if (previous != NULL && bytes_equal(*previous, *name))
			validation_error(INVALID_VALUES "Duplicate value in attribute name: %.*s",
							 BYTES_ARGS(*name));
		previous = name;
	}
}

/* ---- construction ---- */

static BoundExpr *
make_bound(ExprKind kind, int nactions)
{
	BoundExpr  *bound = palloc0(sizeof(BoundExpr));

	bound->expr = palloc0(sizeof(ParsedExpr));
	bound->expr->kind = kind;
	bound->expr->is_legacy = true;
	bound->expr->actions = palloc(sizeof(PathAction) * nactions);
	bound->paths = palloc0(sizeof(PathNode));
	return bound;
}

/* There is room for it, and no other action has its path. */
static void
add_action(BoundExpr *bound, PathAction action)
{
	ParsedExpr *expr = bound->expr;

	expr->actions[expr->nactions++] = action;
}

static ExprNode *
make_path(Bytes attribute)
{
	ExprNode   *node = palloc0(sizeof(ExprNode));

	node->tag = EXPR_PATH;
	node->path.nsteps = 1;
	node->path.steps = palloc0(sizeof(PathStep));
	node->path.steps[0].text = attribute;
	node->path.steps[0].slot = -1;
	return node;
}

static ExprNode *
make_literal(Builder *builder, AttributeValue value)
{
	BoundExpr  *bound = builder->bound;
	ExprNode   *node = palloc0(sizeof(ExprNode));
	int			slot = bound->expr->nvalues++;

	if (slot == builder->max_values)
	{
		builder->max_values = Max(4, 2 * slot);
		bound->values = bound->values == NULL ?
			palloc(sizeof(AttributeValue) * builder->max_values) :
			repalloc(bound->values, sizeof(AttributeValue) * builder->max_values);
	}
	bound->values[slot] = value;
	node->tag = EXPR_VALUE;
	node->value.slot = slot;
	return node;
}
