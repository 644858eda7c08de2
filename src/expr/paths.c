/*
 * paths.c
 *		Document paths: following, comparing and showing them, and the tree
 *		of the paths that an update or a projection names.
 */
#include "postgres.h"

#include "common/errors.h"
#include "expr/expr_ast.h"

static PathNode *find_or_add_child(const BoundExpr *bound, PathNode *parent,
								   const PathStep *step, bool *kinds_differ);
static void raise_meeting_paths(const BoundExpr *bound, int i);

/* The value at the end of the path, or NO_ATTRIBUTE_VALUE. */
AttributeValue
expr_path_value(const BoundExpr *bound, const ExprNode *path,
				AttributeValue item)
{
	AttributeValue value = item;

	for (int i = 0; i < path->path.nsteps; i++)
	{
		const PathStep *step = &path->path.steps[i];

		if (!attribute_exists(value))
			return NO_ATTRIBUTE_VALUE;
		if (step->is_index)
		{
			if (attribute_type(value) != ATTRIBUTE_L ||
				step->index >= attribute_count(value))
				return NO_ATTRIBUTE_VALUE;
			value = list_get(value, step->index);
		}
		else
		{
			if (attribute_type(value) != ATTRIBUTE_M)
				return NO_ATTRIBUTE_VALUE;
			value = map_get(value, path_step_name(bound, step));
		}
	}
	return value;
}

static bool
steps_equal(const BoundExpr *bound, const PathStep *a, const PathStep *b)
{
	if (a->is_index || b->is_index)
		return a->is_index == b->is_index && a->index == b->index;
	return bytes_equal(path_step_name(bound, a), path_step_name(bound, b));
}

bool
expr_paths_equal(const BoundExpr *bound, const ExprNode *a, const ExprNode *b)
{
	if (a->path.nsteps != b->path.nsteps)
		return false;
	for (int i = 0; i < a->path.nsteps; i++)
		if (!steps_equal(bound, &a->path.steps[i], &b->path.steps[i]))
			return false;
	return true;
}

char *
expr_path_text(const BoundExpr *bound, const ExprNode *path)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '[');
	for (int i = 0; i < path->path.nsteps; i++)
	{
		const PathStep *step = &path->path.steps[i];
		Bytes		name = path_step_name(bound, step);

		if (i > 0)
			appendStringInfoString(&out, ", ");
		if (step->is_index)
			appendStringInfo(&out, "[%d]", step->index);
		else
			appendBinaryStringInfo(&out, name.data, name.len);
	}
	appendStringInfoChar(&out, ']');
	return out.data;
}

/* ---- the tree of paths ---- */

/*
 * Adds the path of actions[i] to bound->paths.  Raises if it is, contains or
 * lies within a path that is there, or treats as a map what another treats as
 * a list.  Paths are added from the last to the first.
 */
void
expr_path_tree_add(BoundExpr *bound, int i)
{
	const PathAction *action = &bound->expr->actions[i];
	const ExprNode *path = action->path;
	PathNode   *node = bound->paths;
	bool		meets = false;

	for (int step = 0; step < path->path.nsteps && !meets; step++)
	{
		node = find_or_add_child(bound, node, &path->path.steps[step], &meets);
		meets = meets || node->action != NULL;
	}
	if (meets || node->nchildren > 0)
		raise_meeting_paths(bound, i);
	node->action = action;
}

/* The order of children: below or above zero, or zero if it is the same step. */
static int
compare_step(const BoundExpr *bound, const PathNode *child, const PathStep *step)
{
	if (step->is_index)
		return child->index < step->index ? -1 : child->index > step->index;
	return bytes_compare(child->name, path_step_name(bound, step));
}

/*
 * The child for the step.  Sets *kinds_differ, and returns the parent itself,
 * where one of name and index meets the other.
 */
static PathNode *
find_or_add_child(const BoundExpr *bound, PathNode *parent,
				  const PathStep *step, bool *kinds_differ)
{
	PathNode  **link = &parent->first_child;
	PathNode   *child;

	if (*link && ((*link)->index >= 0) != step->is_index)
	{
		*kinds_differ = true;
		return parent;
	}

	while (*link)
	{
		int			order = compare_step(bound, *link, step);

		if (order == 0)
			return *link;
		if (order > 0)
			break;
		link = &(*link)->next_sibling;
	}

	child = palloc0(sizeof(PathNode));
	child->index = step->is_index ? step->index : -1;
	if (!step->is_index)
		child->name = path_step_name(bound, step);
	child->next_sibling = *link;
	*link = child;
	parent->nchildren++;
	return child;
}

static int
compare_nodes(const void *a, const void *b)
{
	return bytes_compare(((const PathNode *) a)->name, ((const PathNode *) b)->name);
}

/* (they may be very many) */
void
expr_path_tree_of_names(BoundExpr *bound)
{
	const ParsedExpr *expr = bound->expr;
	PathNode   *nodes = palloc0(sizeof(PathNode) * expr->nactions);

	for (int i = 0; i < expr->nactions; i++)
	{
		nodes[i].index = -1;
		nodes[i].name = path_step_name(bound, &expr->actions[i].path->path.steps[0]);
		nodes[i].action = &expr->actions[i];
	}
	qsort(nodes, expr->nactions, sizeof(PathNode), compare_nodes);
	for (int i = 1; i < expr->nactions; i++)
		nodes[i - 1].next_sibling = &nodes[i];
	bound->paths->first_child = nodes;
	bound->paths->nchildren = expr->nactions;
}

/* Finds the path after actions[i] that its path meets, and reports both. */
static void
raise_meeting_paths(const BoundExpr *bound, int i)
{
	const ParsedExpr *expr = bound->expr;
	const ExprNode *one = expr->actions[i].path;

	for (int j = i + 1; j < expr->nactions; j++)
	{
		const ExprNode *two = expr->actions[j].path;
		int			shorter = Min(one->path.nsteps, two->path.nsteps);
		int			step = 0;

		while (step < shorter &&
			   steps_equal(bound, &one->path.steps[step], &two->path.steps[step]))
			step++;
		if (step < shorter &&
			one->path.steps[step].is_index == two->path.steps[step].is_index)
			continue;
		expr_error(expr, "Two document paths %s with each other; must remove or "
				   "rewrite one of these paths; path one: %s, path two: %s",
				   step < shorter ? "conflict" : "overlap",
				   expr_path_text(bound, one), expr_path_text(bound, two));
	}
	elog(ERROR, "no path meets path %d of the expression", i);
}
