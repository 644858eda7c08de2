/*
 * expressions.c
 *		The expressions of a request, bound together.
 *
 * All of this happens before the table is looked up, so that a request with a
 * fault of its own gets the same answer whatever tables there are.
 */
#include "postgres.h"

#include "ops/operation.h"

void
bind_expressions(ExpressionParameter *parameters, int n,
				 AttributeValue names, AttributeValue values)
{
	ExprPlaceholders *placeholders = NULL;

	for (int i = 0; i < n; i++)
	{
		ExpressionParameter *parameter = &parameters[i];

		parameter->bound = NULL;
		if (parameter->text.data == NULL)
			continue;
		if (placeholders == NULL)
			placeholders = expr_placeholders(names, values);
		parameter->bound = expr_bind(expr_parse(parameter->kind, parameter->text),
									 placeholders);
	}
	if (placeholders != NULL)
		expr_check_placeholders_used(placeholders);
}

BoundExpr *
bind_projection(Bytes expression, OptionalList attributes_to_get, AttributeValue names)
{
	ExpressionParameter projection = {EXPR_PROJECTION, expression};

	bind_expressions(&projection, 1, names, NO_ATTRIBUTE_VALUE);
	if (projection.bound != NULL)
		return projection.bound;
	return expr_from_attributes_to_get(attributes_to_get.elements);
}
