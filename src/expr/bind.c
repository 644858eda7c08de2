/*
 * bind.c
 *		Expressions meet the names and values of a request.
 *
 * Binding resolves each distinct placeholder once, into one small array, and
 * makes the checks that need them: operands before their operator, from left
 * to right, as DynamoDB reports their errors.  In updates and projections all
 * target paths come first, from the last to the first, then operands.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "common/errors.h"
#include "expr/expr_ast.h"

struct ExprPlaceholders
{
	AttributeValue names;
	AttributeValue values;
	bool	   *names_used;		/* by position in the map */
	bool	   *values_used;
};

/* What binding needs to know while it walks the tree. */
typedef struct Binder
{
	BoundExpr  *bound;
	ExprPlaceholders *placeholders;
	int			noperators;
} Binder;

static bool *check_placeholders(AttributeValue map, char prefix,
								const char *parameter);
static void check_key(Bytes key, char prefix, const char *parameter);
static void check_names(AttributeValue names);
static void check_values(AttributeValue values);
static int	find_placeholder(AttributeValue map, Bytes key);
static void check_used(AttributeValue map, const bool *used, const char *parameter);
static BoundExpr *make_bound(const ParsedExpr *expr);
static void unpin_callback(void *arg);
static void bind_actions(Binder *binder);
static void bind_path(Binder *binder, const ExprNode *path);
static void bind_operand(Binder *binder, const ExprNode *node);
static void bind_value(Binder *binder, int slot);
static void check_operation(Binder *binder, const ExprNode *node);
static void check_types(const BoundExpr *bound, const ExprNode *node);
static void check_distinct(const BoundExpr *bound, const ExprNode *node);
static void check_action_type(const BoundExpr *bound, const PathAction *action);

/* ---- placeholders ---- */

ExprPlaceholders *
expr_placeholders(AttributeValue names, AttributeValue values)
{
	ExprPlaceholders *placeholders = palloc(sizeof(ExprPlaceholders));

	placeholders->names = names;
	placeholders->values = values;
	placeholders->names_used =
		check_placeholders(names, '#', "ExpressionAttributeNames");
	placeholders->values_used =
		check_placeholders(values, ':', "ExpressionAttributeValues");
	check_names(names);
	check_values(values);
	return placeholders;
}

/* Checks the keys of the map; returns an array of "used" flags. */
static bool *
check_placeholders(AttributeValue map, char prefix, const char *parameter)
{
	int			n;

	if (!attribute_exists(map))
		return NULL;
	n = attribute_count(map);
	if (n == 0)
		validation_error("%s must not be empty", parameter);
	for (int i = 0; i < n; i++)
		check_key(map_name(map, i), prefix, parameter);
	return palloc0(sizeof(bool) * n);
}

static void
check_key(Bytes key, char prefix, const char *parameter)
{
	bool		valid = key.len > 1 && key.data[0] == prefix;

	if (key.len == 0)
		validation_error("%s contains invalid key: "
						 "The expression attribute map contains an empty key;",
						 parameter);
	for (int i = 1; i < key.len && valid; i++)
		valid = isalnum((unsigned char) key.data[i]) || key.data[i] == '_';
	if (!valid)
		validation_error("%s contains invalid key: Syntax error; key: \"%.*s\"",
						 parameter, BYTES_ARGS(key));
	if (key.len > MAX_PLACEHOLDER_SIZE)
		validation_error("%s contains invalid key: The expression attribute map "
						 "contains a key that is too long;%s", parameter,
						 prefix == '#' ? psprintf(" size of key: %d", key.len) : "");
}

static void
check_names(AttributeValue names)
{
	int64		size = 0;
	int			n = attribute_exists(names) ? attribute_count(names) : 0;

	for (int i = 0; i < n; i++)
	{
		Bytes		key = map_name(names, i);
		Bytes		name = attribute_bytes(map_value(names, i));

		if (name.len == 0)
			validation_error("ExpressionAttributeNames contains invalid value: "
							 "Empty attribute name for key %.*s", BYTES_ARGS(key));
		if (name.len > MAX_ATTRIBUTE_NAME_SIZE)
			validation_error("ExpressionAttributeNames contains invalid value: "
							 "Attribute name is too large, must be less than %d "
							 "bytes for key %.*s",
							 MAX_ATTRIBUTE_NAME_SIZE + 1, BYTES_ARGS(key));
		size += key.len + name.len;
	}
	if (size > MAX_PLACEHOLDERS_SIZE)
		validation_error("ExpressionAttributeNames exceeds max size");
}

static void
check_values(AttributeValue values)
{
	/* Stored bytes are never fewer than what DynamoDB counts, give or take. */
	if (attribute_exists(values) && values.len > MAX_PLACEHOLDERS_SIZE &&
		attribute_size(values) > MAX_PLACEHOLDERS_SIZE)
		validation_error("ExpressionAttributeValues exceeds max size");
}

/* The position of the key in the map, or -1. */
static int
find_placeholder(AttributeValue map, Bytes key)
{
	int			low = 0;
	int			high = attribute_exists(map) ? attribute_count(map) : 0;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			order = bytes_compare(map_name(map, middle), key);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

void
expr_check_placeholders_used(const ExprPlaceholders *placeholders)
{
	check_used(placeholders->names, placeholders->names_used,
			   "ExpressionAttributeNames");
	check_used(placeholders->values, placeholders->values_used,
			   "ExpressionAttributeValues");
}

static void
check_used(AttributeValue map, const bool *used, const char *parameter)
{
	int			n = attribute_exists(map) ? attribute_count(map) : 0;
	StringInfoData unused;

	unused.data = NULL;
	for (int i = 0; i < n; i++)
	{
		if (used[i])
			continue;
		if (unused.data == NULL)
			initStringInfo(&unused);
		else
			appendStringInfoString(&unused, ", ");
		appendBinaryStringInfo(&unused, map_name(map, i).data,
							   map_name(map, i).len);
	}
	if (unused.data)
		validation_error("Value provided in %s unused in expressions: keys: {%s}",
						 parameter, unused.data);
}

/* ---- binding ---- */

BoundExpr *
expr_bind(const ParsedExpr *expr, ExprPlaceholders *placeholders)
{
	Binder		binder = {make_bound(expr), placeholders, 0};

	if (expr->condition)
		bind_operand(&binder, expr->condition);
	else
		bind_actions(&binder);
	return binder.bound;
}

/* Pins the expression until the current memory context is reset. */
static BoundExpr *
make_bound(const ParsedExpr *expr)
{
	Size		names_size = sizeof(Bytes) * expr->nnames;
	Size		values_size = sizeof(AttributeValue) * expr->nvalues;
	BoundExpr  *bound = palloc0(MAXALIGN(sizeof(BoundExpr)) +
								names_size + values_size);

	bound->expr = unconstify(ParsedExpr *, expr);
	bound->names = (Bytes *) ((char *) bound + MAXALIGN(sizeof(BoundExpr)));
	bound->values = (AttributeValue *) ((char *) bound->names + names_size);

	expr_pin(bound->expr);
	bound->unpin.func = unpin_callback;
	bound->unpin.arg = bound->expr;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &bound->unpin);
	return bound;
}

static void
unpin_callback(void *arg)
{
	expr_unpin(arg);
}

static void
bind_actions(Binder *binder)
{
	const ParsedExpr *expr = binder->bound->expr;

	binder->bound->paths = palloc0(sizeof(PathNode));
	for (int i = expr->nactions - 1; i >= 0; i--)
	{
		bind_path(binder, expr->actions[i].path);
		expr_path_tree_add(binder->bound, i);
	}
	for (int i = expr->nactions - 1; i >= 0; i--)
	{
		if (expr->actions[i].operand == NULL)
			continue;
		bind_operand(binder, expr->actions[i].operand);
		check_action_type(binder->bound, &expr->actions[i]);
	}
}

static void
bind_path(Binder *binder, const ExprNode *path)
{
	BoundExpr  *bound = binder->bound;
	ExprPlaceholders *placeholders = binder->placeholders;

	if (path->path.nsteps > MAX_NESTING_DEPTH)
		expr_error(bound->expr, "The document path has too many nesting levels; "
				   "nesting levels: %d", path->path.nsteps);

	for (int i = 0; i < path->path.nsteps; i++)
	{
		const PathStep *step = &path->path.steps[i];
		int			position;

		if (step->slot < 0 || bound->names[step->slot].data != NULL)
			continue;
		position = find_placeholder(placeholders->names, step->text);
		if (position < 0)
			expr_error(bound->expr, "An expression attribute name used in the "
					   "document path is not defined; attribute name: %.*s",
					   BYTES_ARGS(step->text));
		placeholders->names_used[position] = true;
		bound->names[step->slot] =
			attribute_bytes(map_value(placeholders->names, position));
	}
}

static void
bind_operand(Binder *binder, const ExprNode *node)
{
	check_stack_depth();

	switch (node->tag)
	{
		case EXPR_PATH:
			bind_path(binder, node);
			break;
		case EXPR_VALUE:
			bind_value(binder, node->value.slot);
			break;
		case EXPR_OPERATION:
			for (int i = 0; i < node->operation.nargs; i++)
				bind_operand(binder, node->operation.args[i]);
			check_operation(binder, node);
			break;
	}
}

static void
bind_value(Binder *binder, int slot)
{
	BoundExpr  *bound = binder->bound;
	ExprPlaceholders *placeholders = binder->placeholders;
	Bytes		text = bound->expr->values[slot];
	int			position;

	if (attribute_exists(bound->values[slot]))
		return;
	position = find_placeholder(placeholders->values, text);
	if (position < 0)
		expr_error(bound->expr, "An expression attribute value used in expression "
				   "is not defined; attribute value: %.*s", BYTES_ARGS(text));
	placeholders->values_used[position] = true;
	bound->values[slot] = map_value(placeholders->values, position);
}

/* ---- checks of one operator whose operands are bound ---- */

static void
check_operation(Binder *binder, const ExprNode *node)
{
	const BoundExpr *bound = binder->bound;
	const ExprOperator *operator = node->operation.operator;
	int			nargs = node->operation.nargs;

	if (operator->nargs >= 0 && nargs != operator->nargs)
		expr_error(bound->expr, "Incorrect number of operands for operator or "
				   "function; operator or function: %s, number of operands: %d",
				   operator->name, nargs);
	if (operator->first_is_path && node->operation.args[0]->tag != EXPR_PATH)
		expr_error(bound->expr, "Operator or function requires a document path; "
				   "operator or function: %s", operator->name);
	check_types(bound, node);
	if (operator->first_is_distinct)
		check_distinct(bound, node);
	if (operator->check)
		operator->check(bound, node);

	/* A chain of ANDs or ORs counts as the operators that were written. */
	binder->noperators += operator->id <= OP_OR ? nargs - 1 : 1;
	if (binder->noperators > MAX_EXPRESSION_OPERATORS)
		expr_error(bound->expr, "The expression contains too many operators; "
				   "operator count: %d", MAX_EXPRESSION_OPERATORS + 1);
}

/* The type of a literal or of a function's result, 0 if only the item tells. */
static AttributeType
known_type(const BoundExpr *bound, const ExprNode *node)
{
	if (node->tag == EXPR_VALUE)
		return attribute_type(bound->values[node->value.slot]);
	if (node->tag == EXPR_OPERATION &&
		node->operation.operator->result_type == TYPE_BIT(ATTRIBUTE_N))
		return ATTRIBUTE_N;
	return 0;
}

static void
check_types(const BoundExpr *bound, const ExprNode *node)
{
	const ExprOperator *operator = node->operation.operator;
	int			allowed = operator->first_types;

	for (int i = 0; i < node->operation.nargs; i++)
	{
		AttributeType type = known_type(bound, node->operation.args[i]);

		if (type != 0 && (allowed & TYPE_BIT(type)) == 0)
			expr_error(bound->expr, "Incorrect operand type for operator or "
					   "function; operator or function: %s, operand type: %s",
					   operator->name, attribute_type_name(type));
		allowed = operator->other_types;
	}
}

static void
check_distinct(const BoundExpr *bound, const ExprNode *node)
{
	const ExprNode *first = node->operation.args[0];

	if (first->tag != EXPR_PATH)
		return;
	for (int i = 1; i < node->operation.nargs; i++)
		if (node->operation.args[i]->tag == EXPR_PATH &&
			expr_paths_equal(bound, first, node->operation.args[i]))
			expr_error(bound->expr, "The first operand must be distinct from the "
					   "remaining operands for this operator or function; "
					   "operator: %s, first operand: %s",
					   node->operation.operator->name,
					   expr_path_text(bound, first));
}

const char *
expr_long_type_name(AttributeType type)
{
	static const char *const long_names[] = {
		[ATTRIBUTE_S] = "STRING",
		[ATTRIBUTE_N] = "NUMBER",
		[ATTRIBUTE_B] = "BINARY",
		[ATTRIBUTE_BOOL] = "BOOLEAN",
		[ATTRIBUTE_NULL] = "NULL",
		[ATTRIBUTE_M] = "MAP",
		[ATTRIBUTE_L] = "LIST",
	};

	return long_names[type];
}

/* ADD takes numbers and sets, DELETE takes sets. */
static void
check_action_type(const BoundExpr *bound, const PathAction *action)
{
	const char *name = action->type == ACTION_ADD ? "ADD" : "DELETE";
	AttributeType type;

	if (action->type == ACTION_SET)
		return;
	type = known_type(bound, action->operand);
	if (type >= ATTRIBUTE_SS ||
		(type == ATTRIBUTE_N && action->type == ACTION_ADD))
		return;
	expr_error(bound->expr, "Incorrect operand type for operator or function; "
			   "operator: %s, operand type: %s, typeSet: ALLOWED_FOR_%s_OPERAND",
			   name, expr_long_type_name(type), name);
}

/* ---- which attributes an expression mentions ---- */

static bool
path_mentions(const BoundExpr *bound, const ExprNode *path, Bytes attribute)
{
	return bytes_equal(path_step_name(bound, &path->path.steps[0]), attribute);
}

static bool
node_mentions(const BoundExpr *bound, const ExprNode *node, Bytes attribute)
{
	check_stack_depth();

	if (node->tag == EXPR_PATH)
		return path_mentions(bound, node, attribute);
	if (node->tag == EXPR_OPERATION)
		for (int i = 0; i < node->operation.nargs; i++)
			if (node_mentions(bound, node->operation.args[i], attribute))
				return true;
	return false;
}

bool
expr_mentions(const BoundExpr *bound, Bytes attribute)
{
	const ParsedExpr *expr = bound->expr;

	if (expr->condition)
		return node_mentions(bound, expr->condition, attribute);
	for (int i = 0; i < expr->nactions; i++)
		if (path_mentions(bound, expr->actions[i].path, attribute))
			return true;
	return false;
}

/* Parameters from before expressions may be very many, but name an attribute in one place. */
static bool
is_listed(const BoundExpr *bound, List *attributes, Bytes name)
{
	ListCell   *cell;

	if (bound->expr->is_legacy)
		return attributes != NIL && bytes_equal(*(Bytes *) llast(attributes), name);
	foreach(cell, attributes)
		if (bytes_equal(*(Bytes *) lfirst(cell), name))
			return true;
	return false;
}

static List *
add_attribute(const BoundExpr *bound, List *attributes, Bytes name)
{
	Bytes	   *copy;

	if (is_listed(bound, attributes, name))
		return attributes;
	copy = palloc(sizeof(Bytes));
	*copy = name;
	return lappend(attributes, copy);
}

static List *
add_node_attributes(const BoundExpr *bound, const ExprNode *node, List *attributes)
{
	check_stack_depth();

	if (node->tag == EXPR_PATH)
		return add_attribute(bound, attributes, path_step_name(bound, &node->path.steps[0]));
	if (node->tag == EXPR_OPERATION)
		for (int i = 0; i < node->operation.nargs; i++)
			attributes = add_node_attributes(bound, node->operation.args[i], attributes);
	return attributes;
}

List *
expr_attributes(const BoundExpr *bound)
{
	const ParsedExpr *expr = bound->expr;
	List	   *attributes = NIL;

	if (expr->condition)
		return add_node_attributes(bound, expr->condition, NIL);
	for (int i = 0; i < expr->nactions; i++)
		attributes = add_node_attributes(bound, expr->actions[i].path, attributes);
	return attributes;
}

/* Whether a path of the node leads into the attribute. */
static bool
has_nested_path(const BoundExpr *bound, const ExprNode *node, Bytes attribute)
{
	check_stack_depth();

	if (node->tag == EXPR_PATH)
		return node->path.nsteps > 1 && path_mentions(bound, node, attribute);
	if (node->tag == EXPR_OPERATION)
		for (int i = 0; i < node->operation.nargs; i++)
			if (has_nested_path(bound, node->operation.args[i], attribute))
				return true;
	return false;
}

/* Whether the expression reads below the attribute. */
static bool
reads_below(const BoundExpr *bound, Bytes attribute)
{
	const ParsedExpr *expr = bound->expr;

	if (expr->condition)
		return has_nested_path(bound, expr->condition, attribute);
	for (int i = 0; i < expr->nactions; i++)
	{
		const PathAction *action = &expr->actions[i];
		const ExprNode *read = action->type == ACTION_PROJECT
			? action->path : action->operand;

		if (read && has_nested_path(bound, read, attribute))
			return true;
	}
	return false;
}

void
expr_check_key_paths(const BoundExpr *bound, const KeySchema *schema)
{
	if (bound == NULL)
		return;
	for (int i = 0; i < schema->nhash + schema->nrange; i++)
		if (reads_below(bound, schema->attributes[i].name))
			validation_error("Key attributes must be scalars; list random access "
							 "'[]' and map lookup '.' are not allowed: Key: %.*s",
							 BYTES_ARGS(schema->attributes[i].name));
}

void
expr_check_index_key_path(const BoundExpr *bound, Bytes attribute)
{
	bool		is_below = reads_below(bound, attribute);

	for (int i = 0; !is_below && i < bound->expr->nactions; i++)
		is_below = has_nested_path(bound, bound->expr->actions[i].path, attribute);
	if (is_below)
		validation_error("Key attributes must be scalars; list random access "
						 "'[]' and map lookup '.' are not allowed: IndexKey: %.*s",
						 BYTES_ARGS(attribute));
}

/* Whether a path of the node leads below any attribute. */
static bool
is_nested(const ExprNode *node)
{
	check_stack_depth();

	if (node->tag == EXPR_PATH)
		return node->path.nsteps > 1;
	if (node->tag == EXPR_OPERATION)
		for (int i = 0; i < node->operation.nargs; i++)
			if (is_nested(node->operation.args[i]))
				return true;
	return false;
}

bool
expr_has_nested_paths(const BoundExpr *bound)
{
	const ParsedExpr *expr = bound->expr;

	if (expr->condition)
		return is_nested(expr->condition);
	for (int i = 0; i < expr->nactions; i++)
		if (is_nested(expr->actions[i].path) ||
			(expr->actions[i].operand && is_nested(expr->actions[i].operand)))
			return true;
	return false;
}

void
expr_check_filter(const BoundExpr *filter, const KeySchema *schema)
{
	if (filter == NULL)
		return;
	for (int i = 0; i < schema->nhash + schema->nrange; i++)
		if (expr_mentions(filter, schema->attributes[i].name))
			validation_error("%s can only contain non-primary key "
							 "attributes: Primary key attribute: %.*s",
							 filter->expr->is_legacy ? "QueryFilter" : "Filter Expression",
							 BYTES_ARGS(schema->attributes[i].name));
}
