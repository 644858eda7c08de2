/*
 * operators.c
 *		The table of operators and functions.
 *
 * Everything that is particular to an operator stands in its row: where it
 * may be used, what its operands may be, and how it is evaluated.  A new
 * function is one row and one evaluator.
 */
#include "postgres.h"

#include "common/errors.h"
#include "expr/expr_ast.h"

static void check_in(const BoundExpr *bound, const ExprNode *node);
static void check_between(const BoundExpr *bound, const ExprNode *node);
static void check_attribute_type(const BoundExpr *bound, const ExprNode *node);

#define STRING_OR_BINARY	(TYPE_BIT(ATTRIBUTE_S) | TYPE_BIT(ATTRIBUTE_B))
#define NUMBER				TYPE_BIT(ATTRIBUTE_N)
#define HAS_SIZE \
	(ANY_TYPE & ~(NUMBER | TYPE_BIT(ATTRIBUTE_BOOL) | TYPE_BIT(ATTRIBUTE_NULL)))

#define CONNECTIVE(op_id, op_name, evaluator) \
	[op_id] = {.id = op_id, .name = op_name, .nargs = -1, \
		.uses = USE_CONDITION, \
		.first_types = ANY_TYPE, .other_types = ANY_TYPE, \
		.result_type = TYPE_BIT(ATTRIBUTE_BOOL), .holds = evaluator}

#define COMPARISON(op_id, op_name, types, evaluator, checker) \
	[op_id] = {.id = op_id, .name = op_name, .nargs = -1, \
		.uses = USE_CONDITION, \
		.first_types = types, .other_types = types, \
		.result_type = TYPE_BIT(ATTRIBUTE_BOOL), .first_is_distinct = true, \
		.check = checker, .holds = evaluator}

#define ARITHMETIC(op_id, op_name) \
	[op_id] = {.id = op_id, .name = op_name, .nargs = -1, \
		.uses = USE_SET_VALUE, \
		.first_types = NUMBER, .other_types = NUMBER, \
		.result_type = NUMBER, .value = operand_arithmetic}

static const ExprOperator operators[NUM_OPERATORS] = {
	CONNECTIVE(OP_AND, "AND", condition_and),
	CONNECTIVE(OP_OR, "OR", condition_or),
	CONNECTIVE(OP_NOT, "NOT", condition_not),

	COMPARISON(OP_EQ, "=", ANY_TYPE, condition_compare, NULL),
	COMPARISON(OP_NE, "<>", ANY_TYPE, condition_compare, NULL),
	COMPARISON(OP_LT, "<", ORDERED_TYPES, condition_compare, NULL),
	COMPARISON(OP_LE, "<=", ORDERED_TYPES, condition_compare, NULL),
	COMPARISON(OP_GT, ">", ORDERED_TYPES, condition_compare, NULL),
	COMPARISON(OP_GE, ">=", ORDERED_TYPES, condition_compare, NULL),
	COMPARISON(OP_BETWEEN, "BETWEEN", ORDERED_TYPES, condition_between,
			   check_between),
	COMPARISON(OP_IN, "IN", ANY_TYPE, condition_in, check_in),

	ARITHMETIC(OP_PLUS, "+"),
	ARITHMETIC(OP_MINUS, "-"),

	[FN_ATTRIBUTE_EXISTS] = {
		.id = FN_ATTRIBUTE_EXISTS, .name = "attribute_exists",
		.kinds = IN_CONDITIONS, .uses = USE_CONDITION, .nargs = 1,
		.first_types = ANY_TYPE, .first_is_path = true,
		.result_type = TYPE_BIT(ATTRIBUTE_BOOL),
		.holds = condition_attribute_exists
	},
	[FN_ATTRIBUTE_NOT_EXISTS] = {
		.id = FN_ATTRIBUTE_NOT_EXISTS, .name = "attribute_not_exists",
		.kinds = IN_CONDITIONS, .uses = USE_CONDITION, .nargs = 1,
		.first_types = ANY_TYPE, .first_is_path = true,
		.result_type = TYPE_BIT(ATTRIBUTE_BOOL),
		.holds = condition_attribute_exists
	},
	[FN_ATTRIBUTE_TYPE] = {
		.id = FN_ATTRIBUTE_TYPE, .name = "attribute_type",
		.kinds = IN_CONDITIONS, .uses = USE_CONDITION, .nargs = 2,
		.first_types = ANY_TYPE, .other_types = TYPE_BIT(ATTRIBUTE_S),
		.first_is_distinct = true, .check = check_attribute_type,
		.result_type = TYPE_BIT(ATTRIBUTE_BOOL),
		.holds = condition_attribute_type
	},
	[FN_BEGINS_WITH] = {
		.id = FN_BEGINS_WITH, .name = "begins_with",
		.kinds = IN_CONDITIONS, .uses = USE_CONDITION, .nargs = 2,
		.first_types = STRING_OR_BINARY, .other_types = STRING_OR_BINARY,
		.first_is_distinct = true,
		.result_type = TYPE_BIT(ATTRIBUTE_BOOL),
		.holds = condition_begins_with
	},
	[FN_CONTAINS] = {
		.id = FN_CONTAINS, .name = "contains",
		.kinds = IN_CONDITIONS, .uses = USE_CONDITION, .nargs = 2,
		.first_types = ANY_TYPE, .other_types = ANY_TYPE,
		.first_is_distinct = true,
		.result_type = TYPE_BIT(ATTRIBUTE_BOOL),
		.holds = condition_contains
	},
	[FN_SIZE] = {
		.id = FN_SIZE, .name = "size",
		.kinds = IN_CONDITIONS, .uses = USE_OPERAND, .nargs = 1,
		.first_types = HAS_SIZE, .result_type = NUMBER,
		.value = operand_size
	},
	[FN_IF_NOT_EXISTS] = {
		.id = FN_IF_NOT_EXISTS, .name = "if_not_exists",
		.kinds = IN_UPDATES, .uses = USE_OPERAND | USE_SET_VALUE, .nargs = 2,
		.first_types = ANY_TYPE, .other_types = ANY_TYPE,
		.first_is_path = true, .first_is_distinct = true,
		.result_type = ANY_TYPE, .value = operand_if_not_exists
	},
	[FN_LIST_APPEND] = {
		.id = FN_LIST_APPEND, .name = "list_append",
		.kinds = IN_UPDATES, .uses = USE_SET_VALUE, .nargs = 2,
		.first_types = TYPE_BIT(ATTRIBUTE_L),
		.other_types = TYPE_BIT(ATTRIBUTE_L),
		.result_type = TYPE_BIT(ATTRIBUTE_L), .value = operand_list_append
	},
};

const ExprOperator *
expr_operator(OperatorId id)
{
	return &operators[id];
}

const ExprOperator *
expr_function(Bytes name)
{
	for (int i = 0; i < NUM_OPERATORS; i++)
		if (operators[i].kinds != 0 &&
			bytes_equal(name, bytes_from_cstring(operators[i].name)))
			return &operators[i];
	return NULL;
}

/* ---- what operands must be beyond the columns of the table ---- */

static void
check_in(const BoundExpr *bound, const ExprNode *node)
{
	int			n = node->operation.nargs - 1;

	if (n > MAX_IN_OPERANDS)
		expr_error(bound->expr, "The IN operator is provided with too many "
				   "operands; number of operands: %d", n);
}

/* A literal as DynamoDB's messages show it; bytes are not shown. */
static char *
literal_text(AttributeValue value)
{
	StringInfoData out;
	AttributeType type = attribute_type(value);
	Bytes		bytes = {NULL, 0};

	initStringInfo(&out);
	appendStringInfo(&out, "AttributeValue: {%s:", attribute_type_name(type));
	if (type != ATTRIBUTE_N)
		bytes = attribute_bytes(value);
	if (type == ATTRIBUTE_N)
		number_append(&out, value);
	else if (type == ATTRIBUTE_S)
		appendBinaryStringInfo(&out, bytes.data, bytes.len);
	else
		appendStringInfo(&out, "java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]",
						 bytes.len, bytes.len);
	appendStringInfoChar(&out, '}');
	return out.data;
}

/* Bounds that are literals must have one type and stand in order. */
static void
check_between(const BoundExpr *bound, const ExprNode *node)
{
	const ExprNode *low = node->operation.args[1];
	const ExprNode *high = node->operation.args[2];
	AttributeValue lower,
				upper;
	const char *fault = NULL;

	if (low->tag != EXPR_VALUE || high->tag != EXPR_VALUE)
		return;
	lower = bound->values[low->value.slot];
	upper = bound->values[high->value.slot];
	if (attribute_type(lower) != attribute_type(upper))
		fault = "same data type for lower and upper bounds";
	else if (attribute_compare(lower, upper) > 0)
		fault = "upper bound to be greater than or equal to lower bound";
	if (fault)
		expr_error(bound->expr, "The BETWEEN operator requires %s; "
				   "lower bound operand: %s, upper bound operand: %s",
				   fault, literal_text(lower), literal_text(upper));
}

/* The type must be a literal, and the name of one. */
static void
check_attribute_type(const BoundExpr *bound, const ExprNode *node)
{
	const ExprNode *operand = node->operation.args[1];
	AttributeType type;
	Bytes		name;

	/* DynamoDB lists all types, its internal ones too, that it may have. */
	if (operand->tag != EXPR_VALUE)
		expr_error(bound->expr, "Incorrect operand type for operator or function; "
				   "operator or function: attribute_type, operand type: "
				   "{DECIMALSET,HD,M,DICT,INTSET,DOUBLE,SS,NS,NULL,BOOL,DOUBLESET,"
				   "INT,BS,HDS,FS,L,N,DECIMAL,S,B,FLOAT}");

	name = attribute_bytes(bound->values[operand->value.slot]);
	if (!attribute_type_by_name(name.data, name.len, &type))
		expr_error(bound->expr, "Invalid attribute type name found; type: %.*s, "
				   "valid types: {N,BS,L,B,NULL,M,S,SS,NS,BOOL}",
				   BYTES_ARGS(name));
}
