/*
 * update.c
 *		Applying an update expression to an item.
 *
 * The tree of paths (paths.c) is walked together with the item: containers on
 * a path are rebuilt around what their members become, everything else is
 * copied as bytes.  Since paths do not overlap, what an action finds at its
 * own path is the old value; right-hand sides are evaluated against the old
 * item as well, so the order of actions does not matter.
 *
 * Elements of lists are named by their old positions: removed ones go, and
 * those set beyond the end are appended in the order of their indexes.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "common/errors.h"
#include "expr/expr_ast.h"

typedef struct Update
{
	const BoundExpr *bound;
	AttributeValue item;		/* as it was */
} Update;

static AttributeValue update_node(const Update *update, const PathNode *node,
								  AttributeValue old);
static AttributeValue update_map(const Update *update, const PathNode *node,
								 AttributeValue map);
static AttributeValue update_list(const Update *update, const PathNode *node,
								  AttributeValue list);
static AttributeValue apply_action(const Update *update,
								   const PathAction *action, AttributeValue old);
static AttributeValue set_value(const Update *update, const PathAction *action);
static AttributeValue add_value(const Update *update, AttributeValue old,
								AttributeValue operand);
static AttributeValue append_list(AttributeValue old, AttributeValue operand);
static AttributeValue delete_elements(const Update *update, AttributeValue old,
									  AttributeValue operand);

pg_noreturn static void
raise_invalid_path(void)
{
	validation_error("The document path provided in the update expression is "
					 "invalid for update");
}

pg_noreturn static void
raise_incorrect_type(void)
{
	validation_error("An operand in the update expression has an incorrect data type");
}

/* The operand of ADD or DELETE does not fit the attribute. */
pg_noreturn static void
raise_mismatch(const Update *update)
{
	if (update->bound->expr->is_legacy)
		validation_error("Type mismatch for attribute to update");
	raise_incorrect_type();
}

AttributeValue
expr_apply_update(const BoundExpr *update, AttributeValue item)
{
	Update		state = {update, item};
	AttributeValue result = update_map(&state, update->paths, item);

	return attribute_equal(result, item) ? item : result;
}

/* ---- walking the item along the paths ---- */

/* What becomes of the old value; NO_ATTRIBUTE_VALUE if nothing is left. */
static AttributeValue
update_node(const Update *update, const PathNode *node, AttributeValue old)
{
	check_stack_depth();

	if (node->action)
		return apply_action(update, node->action, old);
	if (!attribute_exists(old))
		raise_invalid_path();
	if (attribute_type(old) !=
		(node->first_child->index < 0 ? ATTRIBUTE_M : ATTRIBUTE_L))
		raise_invalid_path();
	return attribute_type(old) == ATTRIBUTE_M
		? update_map(update, node, old) : update_list(update, node, old);
}

/* Merges the entries of the map with the children, both sorted by name. */
static AttributeValue
update_map(const Update *update, const PathNode *node, AttributeValue map)
{
	int			count;
	MapEntry   *old = map_entries(map, 0, &count);
	MapEntry   *entries = palloc(sizeof(MapEntry) * (count + node->nchildren));
	PathNode   *child = node->first_child;
	int			n = 0;

	for (int i = 0; i < count || child;)
	{
		int order = child == NULL ? -1 : i == count ? 1 :
													  bytes_compare(old[i].name, child->name);
		MapEntry	entry = {.value = NO_ATTRIBUTE_VALUE};

		if (order <= 0)
			entry = old[i++];
		if (order >= 0)
		{
			entry.name = child->name;
			entry.value = update_node(update, child, entry.value);
			child = child->next_sibling;
		}
		if (attribute_exists(entry.value))
			entries[n++] = entry;
	}
	return attribute_make_sorted_map(entries, n);
}

static AttributeValue
update_list(const Update *update, const PathNode *node, AttributeValue list)
{
	int			count = attribute_count(list);
	AttributeValue *elements =
		palloc(sizeof(AttributeValue) * (count + node->nchildren));
	PathNode   *child = node->first_child;
	int			n = 0;

	for (int i = 0; i < count || child;)
	{
		AttributeValue element = NO_ATTRIBUTE_VALUE;
		bool		touched = child && (i == count || child->index == i);

		if (i < count)
			element = list_get(list, i++);
		if (touched)
		{
			element = update_node(update, child, element);
			child = child->next_sibling;
		}
		if (attribute_exists(element))
			elements[n++] = element;
	}
	return attribute_make_list(elements, n);
}

/* ---- actions ---- */

static AttributeValue
apply_action(const Update *update, const PathAction *action, AttributeValue old)
{
	AttributeValue operand;

	switch (action->type)
	{
		case ACTION_SET:
			return set_value(update, action);
		case ACTION_ADD:
			operand = expr_operand(update->bound, action->operand, update->item);
			return add_value(update, old, operand);
		case ACTION_DELETE:
			operand = expr_operand(update->bound, action->operand, update->item);
			return delete_elements(update, old, operand);
		default:				/* ACTION_REMOVE */
			return NO_ATTRIBUTE_VALUE;
	}
}

/* The value of an operand that must be there. */
static AttributeValue
required_operand(const BoundExpr *bound, const ExprNode *node, AttributeValue item)
{
	AttributeValue value = expr_operand(bound, node, item);

	if (!attribute_exists(value))
		validation_error("The provided expression refers to an attribute that "
						 "does not exist in the item");
	return value;
}

static AttributeValue
set_value(const Update *update, const PathAction *action)
{
	AttributeValue value = required_operand(update->bound, action->operand,
											update->item);

	/* Each step of the path leads one level down, the first into the item. */
	if (attribute_type(value) == ATTRIBUTE_M || attribute_type(value) == ATTRIBUTE_L)
		if (action->path->path.nsteps + attribute_depth(value) > MAX_NESTING_DEPTH)
			validation_error("Nesting Levels have exceeded supported limits");
	return value;
}

/*
 * A sum of numbers, or a union of sets of one type; with AttributeUpdates also
 * one list behind the other.
 */
static AttributeValue
add_value(const Update *update, AttributeValue old, AttributeValue operand)
{
	AttributeType type = attribute_type(operand);
	AttributeValue *elements;
	int			n = 0;

	if (!attribute_exists(old))
		return operand;
	if (attribute_type(old) != type)
		raise_mismatch(update);
	if (type == ATTRIBUTE_L)
		return append_list(old, operand);
	if (type == ATTRIBUTE_N)
		return attribute_make_number(number_add(attribute_numeric(old),
												attribute_numeric(operand)));

	elements = palloc(sizeof(AttributeValue) *
					  (attribute_count(old) + attribute_count(operand)));
	for (int i = 0; i < attribute_count(old); i++)
		elements[n++] = set_element(old, i);
	for (int i = 0; i < attribute_count(operand); i++)
		elements[n++] = set_element(operand, i);
	return attribute_make_set(type, elements, n);
}

/* The set without the operand's elements; an empty one is no value. */
static AttributeValue
delete_elements(const Update *update, AttributeValue old, AttributeValue operand)
{
	AttributeValue *elements;
	int			n = 0;

	if (!attribute_exists(old))
		return old;
	if (attribute_type(old) != attribute_type(operand))
		raise_mismatch(update);

	elements = palloc(sizeof(AttributeValue) * attribute_count(old));
	for (int i = 0; i < attribute_count(old); i++)
	{
		AttributeValue element = set_element(old, i);

		if (!set_contains(operand, element))
			elements[n++] = element;
	}
	return n > 0 ? attribute_make_set(attribute_type(old), elements, n)
		: NO_ATTRIBUTE_VALUE;
}

/* ---- operators and functions of SET ---- */

AttributeValue
operand_arithmetic(const BoundExpr *bound, const ExprNode *node,
				   AttributeValue item)
{
	Numeric		numbers[2];
	Numeric		result;

	for (int i = 0; i < 2; i++)
	{
		AttributeValue value = required_operand(bound, node->operation.args[i], item);

		if (attribute_type(value) != ATTRIBUTE_N)
			raise_incorrect_type();
		numbers[i] = attribute_numeric(value);
	}
	result = node->operation.operator->id == OP_PLUS
		? number_add(numbers[0], numbers[1])
		: number_subtract(numbers[0], numbers[1]);
	return attribute_make_number(result);
}

AttributeValue
operand_if_not_exists(const BoundExpr *bound, const ExprNode *node,
					  AttributeValue item)
{
	AttributeValue otherwise;
	AttributeValue value;

	check_stack_depth();
	/* Must be there even where it is not needed. */
	otherwise = required_operand(bound, node->operation.args[1], item);
	value = expr_operand(bound, node->operation.args[0], item);
	return attribute_exists(value) ? value : otherwise;
}

static AttributeValue
append_list(AttributeValue one, AttributeValue two)
{
	int			none = attribute_count(one);
	int			ntwo = attribute_count(two);
	AttributeValue *elements = palloc(sizeof(AttributeValue) * (none + ntwo));

	for (int i = 0; i < none; i++)
		elements[i] = list_get(one, i);
	for (int i = 0; i < ntwo; i++)
		elements[none + i] = list_get(two, i);
	return attribute_make_list(elements, none + ntwo);
}

AttributeValue
operand_list_append(const BoundExpr *bound, const ExprNode *node,
					AttributeValue item)
{
	AttributeValue lists[2];

	for (int i = 0; i < 2; i++)
	{
		lists[i] = required_operand(bound, node->operation.args[i], item);
		if (attribute_type(lists[i]) != ATTRIBUTE_L)
			raise_incorrect_type();
	}
	return append_list(lists[0], lists[1]);
}
