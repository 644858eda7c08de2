/*
 * expressions.c
 *		The expressions of a request, with the rules that concern more than one.
 *
 * All of this happens before the table is looked up, so that a request with a
 * fault of its own gets the same answer whatever tables there are.
 */
#include "postgres.h"

#include "common/errors.h"
#include "ops/operation.h"

pg_noreturn static void raise_mixed(const ExpressionParameter *expressions, int nexpressions,
									const LegacyParameter *parameters, int nparameters);
static void check_placeholders_wanted(const ExpressionParameter *parameters, int n,
									  AttributeValue names, AttributeValue values);
static void refuse_values(const ExpressionParameter *parameters, int n);

void
bind_expressions(ExpressionParameter *parameters, int n,
				 AttributeValue names, AttributeValue values)
{
	ExprPlaceholders *placeholders = NULL;

	check_placeholders_wanted(parameters, n, names, values);

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

void
check_not_mixed(const ExpressionParameter *expressions, int nexpressions,
				const LegacyParameter *parameters, int nparameters)
{
	bool		any_expression = false;
	bool		any_legacy = false;

	for (int i = 0; i < nexpressions; i++)
		any_expression |= expressions[i].text.data != NULL;
	for (int i = 0; i < nparameters; i++)
		any_legacy |= parameters[i].given;
	if (any_expression && any_legacy)
		raise_mixed(expressions, nexpressions, parameters, nparameters);
}

/* Names what is given of both. */
static void
raise_mixed(const ExpressionParameter *expressions, int nexpressions,
			const LegacyParameter *parameters, int nparameters)
{
	StringInfoData used,
				legacy;

	initStringInfo(&used);
	initStringInfo(&legacy);
	for (int i = 0; i < nexpressions; i++)
		if (expressions[i].text.data != NULL)
			appendStringInfo(&used, "%s%s", used.len > 0 ? ", " : "",
							 expr_kind_name(expressions[i].kind));
	for (int i = 0; i < nparameters; i++)
		if (parameters[i].given)
			appendStringInfo(&legacy, "%s%s", legacy.len > 0 ? ", " : "",
							 parameters[i].name);
	validation_error("Can not use both expression and non-expression parameters in the "
					 "same request: Non-expression parameters: {%s} Expression parameters: {%s}",
					 legacy.data, used.data);
}

BoundExpr *
bind_projection(Bytes expression, OptionalList attributes_to_get, AttributeValue names)
{
	ExpressionParameter projection = {EXPR_PROJECTION, expression};
	LegacyParameter legacy = {"AttributesToGet", attributes_to_get.given};

	check_not_mixed(&projection, 1, &legacy, 1);
	bind_expressions(&projection, 1, names, NO_ATTRIBUTE_VALUE);
	if (projection.bound != NULL)
		return projection.bound;
	return expr_from_attributes_to_get(attributes_to_get.elements);
}

/* Names need an expression; values need one that is no projection. */
static void
check_placeholders_wanted(const ExpressionParameter *parameters, int n,
						  AttributeValue names, AttributeValue values)
{
	bool		any = false;
	bool		any_with_values = false;

	for (int i = 0; i < n; i++)
	{
		if (parameters[i].text.data == NULL)
			continue;
		any = true;
		if (parameters[i].kind != EXPR_PROJECTION)
			any_with_values = true;
	}
	if (attribute_exists(names) && !any)
		validation_error("ExpressionAttributeNames can only be specified when using expressions");
	if (attribute_exists(values) && !any_with_values)
		refuse_values(parameters, n);
}

/* Raises, naming the expressions that could have used the values. */
static void
refuse_values(const ExpressionParameter *parameters, int n)
{
	StringInfoData kinds;
	int			count = 0;

	initStringInfo(&kinds);
	for (int i = 0; i < n; i++)
	{
		if (parameters[i].kind == EXPR_PROJECTION)
			continue;
		appendStringInfo(&kinds, "%s%s", count++ > 0 ? " and " : "",
						 expr_kind_name(parameters[i].kind));
	}
	validation_error("ExpressionAttributeValues can only be specified when using expressions: %s %s null",
					 kinds.data, count > 1 ? "are" : "is");
}
