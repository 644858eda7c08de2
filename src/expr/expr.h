/*
 * expr.h
 *		DynamoDB's expressions: parse once, bind per request, evaluate per item.
 *
 *		const ParsedExpr *expr = expr_parse(EXPR_CONDITION, text);	-- cached
 *		BoundExpr  *bound = expr_bind(expr, placeholders);		-- per request
 *		expr_check_placeholders_used(placeholders);		-- after the last bind
 *		if (expr_condition_holds(bound, item)) ...				-- per item
 *
 * DynamoDB checks placeholders before it parses, and parses and binds one
 * expression before the next: in UpdateItem the update before the condition,
 * in Query the filter before the projection before the key condition.
 *
 * A parsed expression holds neither the values nor the names of a call, so a
 * per-backend cache, keyed by kind and text, serves repeated requests.
 */
#ifndef DYNAMO_EXPR_H
#define DYNAMO_EXPR_H

#include "common/optional.h"
#include "value/value.h"

typedef enum ExprKind
{
	EXPR_CONDITION,
	EXPR_FILTER,
	EXPR_KEY_CONDITION,
	EXPR_PROJECTION,
	EXPR_UPDATE,
} ExprKind;

/* "ConditionExpression" ...: as DynamoDB's messages name the parameter. */
extern const char *expr_kind_name(ExprKind kind);

typedef struct ParsedExpr ParsedExpr;

/*
 * Parses, or finds in the cache.  Raises ValidationException with DynamoDB's
 * message ("Invalid ConditionExpression: Syntax error; ...").  The result
 * lives in the cache and may be evicted by the next expr_parse() unless it
 * has been bound: a BoundExpr pins its expression until the memory context in
 * which it was bound is reset or deleted.
 */
extern const ParsedExpr *expr_parse(ExprKind kind, Bytes text);

/*
 * ExpressionAttributeNames and ExpressionAttributeValues of a request.
 * `names` is an M whose values are S, `values` is an M; either may be
 * NO_ATTRIBUTE_VALUE.  They point into the request and are not copied.
 * Raises DynamoDB's ValidationException for malformed placeholders ("#" and
 * ":" and what may follow) and for maps that are given but empty.
 */
typedef struct ExprPlaceholders ExprPlaceholders;

extern ExprPlaceholders *expr_placeholders(AttributeValue names,
										   AttributeValue values);

typedef struct BoundExpr BoundExpr;

/*
 * Resolves every placeholder; raises for undefined ones and for operands
 * whose type the operator or function can never take.  The result and all
 * it points to belong to the current memory context.
 */
extern BoundExpr *expr_bind(const ParsedExpr *expr, ExprPlaceholders *placeholders);

/* Raises if a name or value was used by no expression bound so far. */
extern void expr_check_placeholders_used(const ExprPlaceholders *placeholders);

/* Conditions and filters; `item` is an M, or NO_ATTRIBUTE_VALUE for no item. */
extern bool expr_condition_holds(const BoundExpr *condition, AttributeValue item);

/*
 * Whether the top-level attribute is mentioned.  Filters may not mention key
 * attributes; updates may not change them.
 */
extern bool expr_mentions(const BoundExpr *expr, Bytes attribute);

/*
 * The top-level attributes of a condition or projection, each once, in the order
 * in which it mentions them: Bytes *.
 */
extern List *expr_attributes(const BoundExpr *expr);

/*
 * Raises if the expression (may be NULL) reads below a key attribute ("Key
 * attributes must be scalars; ..."): for conditions, filters, projections and
 * the right-hand sides of updates; expr_key_range() checks key conditions by
 * itself.  expr_check_filter() raises if the filter of a Query (may be NULL)
 * mentions a key attribute at all.
 */
extern void expr_check_key_paths(const BoundExpr *expr, const KeySchema *schema);
/*
 * The same for a key attribute of a secondary index, which an update may set, but
 * not below.  Few expressions have paths at all that lead below an attribute.
 */
extern void expr_check_index_key_path(const BoundExpr *expr, Bytes attribute);
extern bool expr_has_nested_paths(const BoundExpr *expr);
extern void expr_check_filter(const BoundExpr *filter, const KeySchema *schema);

/* Projection: the chosen paths of an item, as a new M. */
extern AttributeValue expr_project(const BoundExpr *projection, AttributeValue item);

/*
 * The update applied to an item; for a new item `item` is an M of its key
 * attributes alone.  All right-hand sides see the item as it was.  Raises
 * DynamoDB's errors for paths and operands that do not fit.  Returns the very
 * same bytes when nothing has changed (compare with attribute_equal).
 */
extern AttributeValue expr_apply_update(const BoundExpr *update, AttributeValue item);

/*
 * What UPDATED_OLD and UPDATED_NEW show: the paths that the update touches,
 * taken from `item` (the old or the new one), nested as DynamoDB nests them;
 * an empty M if there are none.
 */
extern AttributeValue expr_updated_paths(const BoundExpr *update, AttributeValue item);

/*
 * The range that a key condition selects, of a secondary index if it has a name.
 * Raises DynamoDB's messages where the condition does not fit the key schema.
 */
extern void expr_key_range(const BoundExpr *key_condition, const KeySchema *schema,
						   Bytes index, KeyRange *range);

/* ---- parameters from before expressions (legacy.c) ---- */

/* Enums of the service model, in its order; 0 is "not given". */
typedef enum ComparisonOperator
{
	COMPARISON_NOT_GIVEN,
	COMPARISON_EQ,
	COMPARISON_NE,
	COMPARISON_IN,
	COMPARISON_LE,
	COMPARISON_LT,
	COMPARISON_GE,
	COMPARISON_GT,
	COMPARISON_BETWEEN,
	COMPARISON_NOT_NULL,
	COMPARISON_NULL,
	COMPARISON_CONTAINS,
	COMPARISON_NOT_CONTAINS,
	COMPARISON_BEGINS_WITH,
} ComparisonOperator;

typedef enum ConditionalOperator
{
	CONDITIONAL_NOT_GIVEN,
	CONDITIONAL_AND,
	CONDITIONAL_OR,
} ConditionalOperator;

typedef enum AttributeAction
{
	ATTRIBUTE_ACTION_NOT_GIVEN,
	ATTRIBUTE_ACTION_ADD,
	ATTRIBUTE_ACTION_PUT,
	ATTRIBUTE_ACTION_DELETE,
} AttributeAction;

/* Of Expected, QueryFilter, ScanFilter, KeyConditions. */
typedef struct LegacyCondition
{
	Bytes		attribute;
	AttributeValue value;		/* in Expected alone, as the next */
	OptionalBool exists;
	ComparisonOperator comparison;
	OptionalList arguments;		/* AttributeValueList: of AttributeValue * */
} LegacyCondition;

/* Of AttributeUpdates. */
typedef struct LegacyUpdate
{
	Bytes		attribute;
	AttributeValue value;
	AttributeAction action;
} LegacyUpdate;

/*
 * The bound expressions that these parameters stand for, given as lists of the
 * structures above (of Bytes * for AttributesToGet).  They are evaluated like
 * others, apart from what only AttributeUpdates can do; names are names of
 * top-level attributes, whatever characters they have.  NULL for an empty
 * list.  Raise DynamoDB's ValidationException.
 */
extern BoundExpr *expr_from_expected(const List *conditions,
									 ConditionalOperator conditional_operator);
extern BoundExpr *expr_from_filter(const List *conditions,
								   ConditionalOperator conditional_operator);
extern BoundExpr *expr_from_key_conditions(const List *conditions);
extern BoundExpr *expr_from_attribute_updates(const List *updates);
extern BoundExpr *expr_from_attributes_to_get(const List *names);

/*
 * Raises unless a ConditionalOperator, if given, has two conditions or more to
 * join.
 */
extern void expr_check_conditional_operator(ConditionalOperator conditional_operator,
											const List *conditions);

#endif							/* DYNAMO_EXPR_H */
