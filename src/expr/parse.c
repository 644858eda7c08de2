/*
 * parse.c
 *		From the text of an expression to its syntax tree.
 *
 * The grammar builds nodes through the functions of the second part of this
 * file; when it is through, the tree is checked from its root downwards for
 * everything that does not depend on names and values (expr_ast.h lists the
 * order of checks).
 *
 * A tree is built in a memory context of its own, a child of the caller's, so
 * that errors leave nothing behind; the cache takes the context over.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "common/errors.h"
#include "expr/expr_ast.h"
#include "expr/expr_gram.h"

extern int	expr_yyparse(ExprParser *parser);
extern void expr_scan_begin(ExprParser *parser);

static const struct
{
	const char *name;
	int			start_token;
	int			family;			/* of functions */
	const char *family_name;
}			kinds[] = {
	[EXPR_CONDITION] =
	{"ConditionExpression", START_CONDITION, IN_CONDITIONS, "a condition"},
	[EXPR_FILTER] =
	{"FilterExpression", START_CONDITION, IN_CONDITIONS, "a condition"},
	[EXPR_KEY_CONDITION] =
	{"KeyConditionExpression", START_CONDITION, IN_CONDITIONS, "a condition"},
	[EXPR_PROJECTION] =
	{"ProjectionExpression", START_PROJECTION, 0, "a projection"},
	[EXPR_UPDATE] =
	{"UpdateExpression", START_UPDATE, IN_UPDATES, "an update"},
};

static const char *const section_names[] = {
	[ACTION_SET] = "SET",
	[ACTION_REMOVE] = "REMOVE",
	[ACTION_ADD] = "ADD",
	[ACTION_DELETE] = "DELETE",
};

static void check_size(const ParsedExpr *expr);
static void finish_expr(ExprParser *parser);
static Bytes *placeholder_array(List *placeholders, int *n);
static void report_redundant_parentheses(ExprParser *parser);
static void check_expr(const ParsedExpr *expr);
static void check_node(const ParsedExpr *expr, const ExprNode *node, int use);
static void check_path(const ParsedExpr *expr, const ExprNode *path);
static void check_operation(const ParsedExpr *expr, const ExprNode *node, int use);

const char *
expr_kind_name(ExprKind kind)
{
	return kinds[kind].name;
}

/*
 * Parses and checks the text.  The result owns its memory context, a child of
 * the current one.
 */
ParsedExpr *
expr_parse_text(ExprKind kind, Bytes text)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "dynamo expression",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	ParsedExpr *expr = palloc0(sizeof(ParsedExpr));
	ExprParser	parser = {.expr = expr, .start_token = kinds[kind].start_token};

	expr->kind = kind;
	expr->context = context;
	expr->text = text;
	check_size(expr);
	expr->text.data = memcpy(palloc(text.len), text.data, text.len);

	expr_scan_begin(&parser);
	if (expr_yyparse(&parser) != 0)
		elog(ERROR, "parser of expressions failed");	/* it raises itself */
	finish_expr(&parser);
	check_expr(expr);

	MemoryContextSwitchTo(caller);
	return expr;
}

static void
check_size(const ParsedExpr *expr)
{
	int			size = expr->text.len;

	if (size == 0)
		expr_error(expr, "The expression can not be empty;");
	if (size > MAX_EXPRESSION_SIZE)
		size = expr_utf16_length(expr->text);
	if (size > MAX_EXPRESSION_SIZE)
		expr_error(expr, "Expression size has exceeded the maximum allowed size; "
				   "expression size: %d", size);
}

int
expr_utf16_length(Bytes text)
{
	int			n = 0;

	for (int i = 0; i < text.len; i++)
	{
		unsigned char c = (unsigned char) text.data[i];

		if ((c & 0xC0) != 0x80)
			n += (c >= 0xF0) ? 2 : 1;
	}
	return n;
}

/* Turns what the parser has gathered in lists into arrays. */
static void
finish_expr(ExprParser *parser)
{
	ParsedExpr *expr = parser->expr;
	ListCell   *lc;

	expr->names = placeholder_array(parser->names, &expr->nnames);
	expr->values = placeholder_array(parser->values, &expr->nvalues);
	expr->actions = palloc(sizeof(PathAction) * list_length(parser->actions));
	foreach(lc, parser->actions)
		expr->actions[expr->nactions++] = *(PathAction *) lfirst(lc);
}

static Bytes *
placeholder_array(List *placeholders, int *n)
{
	Bytes	   *array = palloc(sizeof(Bytes) * list_length(placeholders));
	ListCell   *lc;

	*n = 0;
	foreach(lc, placeholders)
		array[(*n)++] = *(Bytes *) lfirst(lc);
	return array;
}

/* ---- building nodes, for the grammar ---- */

static ExprNode *
make_node(ExprNodeTag tag)
{
	ExprNode   *node = palloc0(sizeof(ExprNode));

	node->tag = tag;
	return node;
}

ExprNode *
expr_make_path(ExprParser *parser, List *steps)
{
	ExprNode   *node = make_node(EXPR_PATH);
	ListCell   *lc;

	node->path.steps = palloc(sizeof(PathStep) * list_length(steps));
	foreach(lc, steps)
		node->path.steps[node->path.nsteps++] = *(PathStep *) lfirst(lc);
	return node;
}

/* The slot of a placeholder, which may have been used before. */
static int
placeholder_slot(List **placeholders, Bytes text)
{
	ListCell   *lc;
	Bytes	   *copy;

	foreach(lc, *placeholders)
		if (bytes_equal(*(Bytes *) lfirst(lc), text))
			return foreach_current_index(lc);

	copy = palloc(sizeof(Bytes));
	*copy = text;
	*placeholders = lappend(*placeholders, copy);
	return list_length(*placeholders) - 1;
}

PathStep *
expr_make_name(ExprParser *parser, Bytes text)
{
	PathStep   *step = palloc0(sizeof(PathStep));

	step->text = text;
	step->slot = -1;
	if (text.data[0] == '#' || text.data[0] == ':')
		step->slot = placeholder_slot(&parser->names, text);
	return step;
}

/* The index is -1 if it is too large. */
PathStep *
expr_make_index(ExprParser *parser, Bytes text)
{
	PathStep   *step = palloc0(sizeof(PathStep));
	int64		index = 0;

	for (int i = 0; i < text.len && index <= PG_INT32_MAX; i++)
		index = index * 10 + (text.data[i] - '0');
	step->is_index = true;
	step->text = text;
	step->slot = -1;
	step->index = index <= PG_INT32_MAX ? (int) index : -1;
	return step;
}

ExprNode *
expr_make_value(ExprParser *parser, Bytes text)
{
	ExprNode   *node = make_node(EXPR_VALUE);

	node->value.slot = placeholder_slot(&parser->values, text);
	return node;
}

static void
set_args(ExprNode *node, List *args)
{
	ListCell   *lc;

	node->operation.args = palloc(sizeof(ExprNode *) * list_length(args));
	foreach(lc, args)
		node->operation.args[node->operation.nargs++] = lfirst(lc);
}

ExprNode *
expr_make_operation(OperatorId id, List *args)
{
	ExprNode   *node = make_node(EXPR_OPERATION);

	node->operation.operator = expr_operator(id);
	set_args(node, args);
	return node;
}

/*
 * AND and OR take any number of operands, so that long chains of them are no
 * deep trees; what stands in parentheses stays apart.
 */
ExprNode *
expr_make_connective(OperatorId id, ExprNode *left, ExprNode *right)
{
	const ExprOperator *operator = expr_operator(id);
	int			n;

	if (left->tag != EXPR_OPERATION || left->in_parentheses ||
		left->operation.operator != operator)
		return expr_make_operation(id, list_make2(left, right));

	/* Room is doubled whenever the number of operands is a power of two. */
	n = left->operation.nargs;
	if ((n & (n - 1)) == 0)
		left->operation.args = repalloc(left->operation.args,
										sizeof(ExprNode *) * n * 2);
	left->operation.args[left->operation.nargs++] = right;
	return left;
}

Bytes
expr_begin_call(ExprParser *parser, Bytes name)
{
	parser->call_depth++;
	return name;
}

ExprNode *
expr_end_call(ExprParser *parser, Bytes name, List *args)
{
	ExprNode   *node = make_node(EXPR_OPERATION);

	if (--parser->call_depth == 0)
		report_redundant_parentheses(parser);
	node->operation.operator = expr_function(name);
	node->operation.name = name;
	set_args(node, args);
	return node;
}

/* Notes that the node stands in parentheses; two pairs are redundant. */
ExprNode *
expr_parenthesize(ExprParser *parser, ExprNode *node)
{
	if (node->in_parentheses)
		parser->redundant_parentheses = true;
	node->in_parentheses = true;
	if (parser->committed)
		report_redundant_parentheses(parser);
	return node;
}

/* The operator decides what its left operand is part of. */
OperatorId
expr_commit(ExprParser *parser, OperatorId id)
{
	report_redundant_parentheses(parser);
	parser->committed = true;
	return id;
}

/* The node is complete. */
ExprNode *
expr_settle(ExprParser *parser, ExprNode *node)
{
	report_redundant_parentheses(parser);
	parser->committed = false;
	return node;
}

static void
report_redundant_parentheses(ExprParser *parser)
{
	if (parser->redundant_parentheses)
		expr_error(parser->expr, "The expression has redundant parentheses;");
}

PathAction *
expr_make_action(PathActionType type, ExprNode *path, ExprNode *operand)
{
	PathAction *action = palloc0(sizeof(PathAction));

	action->type = type;
	action->path = path;
	action->operand = operand;
	return action;
}

/* Adds a section of an update; a repeated one is reported later, in its turn. */
void
expr_begin_section(ExprParser *parser, PathActionType type, List *actions)
{
	PathAction *last = llast(actions);

	last->repeats_section = (parser->sections_seen & TYPE_BIT(type)) != 0;
	parser->sections_seen |= TYPE_BIT(type);
	parser->actions = list_concat(parser->actions, actions);
}

/* ---- checking the tree, from the root downwards ---- */

static void
check_expr(const ParsedExpr *expr)
{
	if (expr->condition)
		check_node(expr, expr->condition, USE_CONDITION);

	for (int i = 0; i < expr->nactions; i++)
	{
		const PathAction *action = &expr->actions[i];

		check_path(expr, action->path);
		if (action->operand)
			check_node(expr, action->operand, USE_SET_VALUE);
		if (action->repeats_section)
			expr_error(expr, "The \"%s\" section can only be used once in an "
					   "update expression;", section_names[action->type]);
	}
}

static void
check_node(const ParsedExpr *expr, const ExprNode *node, int use)
{
	check_stack_depth();

	switch (node->tag)
	{
		case EXPR_PATH:
			check_path(expr, node);
			break;
		case EXPR_VALUE:
			break;
		case EXPR_OPERATION:
			check_operation(expr, node, use);
			break;
	}
}

static void
check_path(const ParsedExpr *expr, const ExprNode *path)
{
	for (int i = 0; i < path->path.nsteps; i++)
	{
		const PathStep *step = &path->path.steps[i];

		if (step->is_index && step->index < 0)
			expr_error(expr, "List index is not within the allowable range; "
					   "index: [%.*s]", BYTES_ARGS(step->text));
		if (!step->is_index && step->slot < 0 && expr_is_reserved(step->text))
			expr_error(expr, "Attribute name is a reserved keyword; "
					   "reserved keyword: %.*s", BYTES_ARGS(step->text));
	}
}

static void
check_operation(const ParsedExpr *expr, const ExprNode *node, int use)
{
	const ExprOperator *operator = node->operation.operator;
	bool		is_function = node->operation.name.data != NULL;

	if (operator == NULL)
		expr_error(expr, "Invalid function name; function: %.*s",
				   BYTES_ARGS(node->operation.name));
	if (is_function && (operator->kinds & kinds[expr->kind].family) == 0)
		expr_error(expr, "The function is not allowed in %s expression; "
				   "function: %s", kinds[expr->kind].family_name, operator->name);
	if (is_function && (operator->uses & use) == 0)
		expr_error(expr, "The function is not allowed to be used this way in "
				   "an expression; function: %s", operator->name);

	/* The operands of AND, OR and NOT are conditions. */
	if (operator->id > OP_NOT)
		use = USE_OPERAND;
	for (int i = 0; i < node->operation.nargs; i++)
		check_node(expr, node->operation.args[i], use);
}
