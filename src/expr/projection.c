/*
 * projection.c
 *		Taking paths out of an item: projections, and what an update touched.
 *
 * The result nests as the item does.  Elements of a list close ranks, in the
 * order they have in the item.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "expr/expr_ast.h"

static AttributeValue project_node(const PathNode *node, AttributeValue value);
static AttributeValue project_map(const PathNode *node, AttributeValue map);
static AttributeValue project_list(const PathNode *node, AttributeValue list);

AttributeValue
expr_project(const BoundExpr *projection, AttributeValue item)
{
	AttributeValue result = project_map(projection->paths, item);

	return attribute_exists(result) ? result : attribute_make_map(NULL, 0);
}

AttributeValue
expr_updated_paths(const BoundExpr *update, AttributeValue item)
{
	return expr_project(update, item);
}

/* What the node chooses from the value; NO_ATTRIBUTE_VALUE if nothing. */
static AttributeValue
project_node(const PathNode *node, AttributeValue value)
{
	check_stack_depth();

	if (!attribute_exists(value) || node->action != NULL)
		return value;
	if (node->first_child->index < 0)
		return attribute_type(value) == ATTRIBUTE_M
			? project_map(node, value) : NO_ATTRIBUTE_VALUE;
	return attribute_type(value) == ATTRIBUTE_L
		? project_list(node, value) : NO_ATTRIBUTE_VALUE;
}

/* The nodes of a map's members are in the order of their names. */
static AttributeValue
project_map(const PathNode *node, AttributeValue map)
{
	MapEntry   *entries = palloc(sizeof(MapEntry) * node->nchildren);
	int			n = 0;

	for (PathNode *child = node->first_child; child; child = child->next_sibling)
	{
		AttributeValue value = project_node(child, map_get(map, child->name));

		if (attribute_exists(value))
			entries[n++] = (MapEntry) {child->name, value};
	}
	return n > 0 ? attribute_make_sorted_map(entries, n) : NO_ATTRIBUTE_VALUE;
}

static AttributeValue
project_list(const PathNode *node, AttributeValue list)
{
	AttributeValue *elements = palloc(sizeof(AttributeValue) * node->nchildren);
	int			count = attribute_count(list);
	int			n = 0;

	for (PathNode *child = node->first_child; child; child = child->next_sibling)
	{
		AttributeValue value = NO_ATTRIBUTE_VALUE;

		if (child->index < count)
			value = project_node(child, list_get(list, child->index));
		if (attribute_exists(value))
			elements[n++] = value;
	}
	return n > 0 ? attribute_make_list(elements, n) : NO_ATTRIBUTE_VALUE;
}
