/*
 * combinations.c
 *		Which parameters of a request can stand beside each other.
 *
 * Expressions and the parameters from before them exclude each other, and
 * names and values are nothing without an expression that could use them.
 * DynamoDB says so before it looks at any value, expression or table.  The
 * shapes tell which member plays which part.
 */
#include "postgres.h"

#include "common/errors.h"
#include "api/shapes.h"

#define WITH_VALUES \
	(ROLE_BIT(ROLE_EXPRESSION) | ROLE_BIT(ROLE_KEY_CONDITION))
#define EXPRESSIONS (WITH_VALUES | ROLE_BIT(ROLE_PROJECTION))

pg_noreturn static void raise_mixed(const Shape *shape, const void *structure,
									const RequestNotes *notes, int legacy);
pg_noreturn static void raise_useless_values(const Shape *shape);

/* Those that exclude an expression that is given. */
static int
excluding_roles(int given)
{
	int			excluding = 0;

	if (given & EXPRESSIONS)
		excluding |= ROLE_BIT(ROLE_LEGACY);
	if (given & ROLE_BIT(ROLE_KEY_CONDITION))
		excluding |= ROLE_BIT(ROLE_LEGACY_KEYS);
	return given & excluding;
}

static bool
are_useless_names(int given)
{
	return (given & ROLE_BIT(ROLE_NAMES)) && !(given & EXPRESSIONS);
}

static bool
are_useless_values(int given)
{
	return (given & ROLE_BIT(ROLE_VALUES)) && !(given & WITH_VALUES);
}

bool
roles_agree(int given)
{
	return excluding_roles(given) == 0 && !are_useless_names(given) && !are_useless_values(given);
}

void
raise_disagreement(const Shape *shape, const void *structure, const RequestNotes *notes)
{
	int			given = 0;

	for (int i = 0; i < shape->nmembers; i++)
		if (member_is_given(&shape->members[i], structure, notes))
			given |= ROLE_BIT(shape->members[i].role);

	if (excluding_roles(given) != 0)
		raise_mixed(shape, structure, notes, excluding_roles(given));
	if (are_useless_names(given))
		validation_error("ExpressionAttributeNames can only be specified when using expressions");
	raise_useless_values(shape);
}

/* "A, B": the members of these roles that are given, or all of them if no structure is. */
static void
append_members(StringInfo out, const Shape *shape, int roles, const char *separator,
			   const void *structure, const RequestNotes *notes)
{
	for (int i = 0; i < shape->nmembers; i++)
	{
		const Member *member = &shape->members[i];

		if ((ROLE_BIT(member->role) & roles) == 0 ||
			(structure != NULL && !member_is_given(member, structure, notes)))
			continue;
		appendStringInfo(out, "%s%s", out->len > 0 ? separator : "", member->name);
	}
}

/* Names what is given of both; KeyConditions come last. */
static void
raise_mixed(const Shape *shape, const void *structure, const RequestNotes *notes, int legacy)
{
	StringInfoData before,
		expressions;

	initStringInfo(&before);
	initStringInfo(&expressions);
	append_members(&before, shape, legacy & ROLE_BIT(ROLE_LEGACY), ", ", structure, notes);
	append_members(&before, shape, legacy & ROLE_BIT(ROLE_LEGACY_KEYS), ", ", structure, notes);
	append_members(&expressions, shape, EXPRESSIONS, ", ", structure, notes);
	validation_error("Can not use both expression and non-expression parameters in the "
					 "same request: Non-expression parameters: {%s} Expression parameters: {%s}",
					 before.data, expressions.data);
}

/* Names the expressions that could have used the values. */
static void
raise_useless_values(const Shape *shape)
{
	StringInfoData names;

	initStringInfo(&names);
	append_members(&names, shape, WITH_VALUES, " and ", NULL, NULL);
	validation_error("ExpressionAttributeValues can only be specified when using expressions: "
					 "%s %s null",
					 names.data, strstr(names.data, " and ") ? "are" : "is");
}
