/*
 * functions.c
 *		Expressions as SQL functions: dynamo.matches(), dynamo.apply_update(),
 *		dynamo.project().
 *
 * In a WHERE clause the same expression meets one item after the other, so
 * the bound expression is kept in fn_extra, together with the arguments that
 * it was made of; it is made anew only when their bytes change.  (Asking for
 * stable arguments instead would go wrong in PL/pgSQL, whose simple
 * expressions keep fn_extra while their parameters change.)
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "common/errors.h"
#include "expr/expr_ast.h"

#define NUM_ARGS	3			/* expression, names, values */

typedef struct BoundCall
{
	MemoryContext context;		/* of everything below */
	struct varlena *args[NUM_ARGS]; /* NULL where the argument is NULL */
	BoundExpr  *bound;
} BoundCall;

static BoundExpr *bind_call(FunctionCallInfo fcinfo, ExprKind kind);
static AttributeValue names_from_jsonb(const Jsonb *names);
static void bind_anew(BoundCall *call, ExprKind kind,
					  struct varlena *const *args);

/*
 * dynamo.matches(item, condition_expression, expression_attribute_names,
 * expression_attribute_values): whether the condition holds; on no item where
 * `item` is NULL.
 */
PG_FUNCTION_INFO_V1(expr_matches);
Datum
expr_matches(PG_FUNCTION_ARGS)
{
	AttributeValue item = NO_ATTRIBUTE_VALUE;
	BoundExpr  *condition;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	condition = bind_call(fcinfo, EXPR_CONDITION);
	if (!PG_ARGISNULL(0))
		item = item_root(PG_GETARG_DYNAMO_ITEM(0));
	PG_RETURN_BOOL(expr_condition_holds(condition, item));
}

/*
 * dynamo.apply_update(item, update_expression, expression_attribute_names,
 * expression_attribute_values): the updated item, made from an empty one where
 * `item` is NULL.
 */
PG_FUNCTION_INFO_V1(expr_update_item);
Datum
expr_update_item(PG_FUNCTION_ARGS)
{
	AttributeValue item;
	BoundExpr  *update;

	if (PG_ARGISNULL(1))
		PG_RETURN_NULL();
	update = bind_call(fcinfo, EXPR_UPDATE);
	if (PG_ARGISNULL(0))
		item = attribute_make_map(NULL, 0);
	else
		item = item_root(PG_GETARG_DYNAMO_ITEM(0));
	PG_RETURN_POINTER(item_from_root(expr_apply_update(update, item)));
}

/*
 * dynamo.project(item, projection_expression, expression_attribute_names): the
 * chosen paths of the item.
 */
PG_FUNCTION_INFO_V1(expr_project_item);
Datum
expr_project_item(PG_FUNCTION_ARGS)
{
	AttributeValue item;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	item = item_root(PG_GETARG_DYNAMO_ITEM(0));
	item = expr_project(bind_call(fcinfo, EXPR_PROJECTION), item);
	PG_RETURN_POINTER(item_from_root(item));
}

/* ---- the expression of a call ---- */

static bool
same_bytes(const struct varlena *a, const struct varlena *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/* The bound expression of arguments 1 to 3, as it was kept or made anew. */
static BoundExpr *
bind_call(FunctionCallInfo fcinfo, ExprKind kind)
{
	BoundCall  *call = fcinfo->flinfo->fn_extra;
	struct varlena *args[NUM_ARGS] = {NULL};
	bool		same;

	if (call == NULL)
	{
		call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(BoundCall));
		call->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt,
											  "dynamo bound expression",
											  ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = call;
	}

	same = call->bound != NULL;
	for (int i = 0; i < NUM_ARGS; i++)
	{
		if (i + 1 < PG_NARGS() && !PG_ARGISNULL(i + 1))
			args[i] = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(i + 1));
		same = same && same_bytes(args[i], call->args[i]);
	}
	if (!same)
		bind_anew(call, kind, args);
	return call->bound;
}

static struct varlena *
copy_varlena(const struct varlena *value)
{
	struct varlena *copy = palloc(VARSIZE_ANY(value));

	memcpy(copy, value, VARSIZE_ANY(value));
	return copy;
}

static void
bind_anew(BoundCall *call, ExprKind kind, struct varlena *const *args)
{
	MemoryContext caller;
	ExprPlaceholders *placeholders;
	AttributeValue names = NO_ATTRIBUTE_VALUE;
	AttributeValue values = NO_ATTRIBUTE_VALUE;
	BoundExpr  *bound;
	Bytes		text;

	call->bound = NULL;
	MemoryContextReset(call->context);
	caller = MemoryContextSwitchTo(call->context);
	for (int i = 0; i < NUM_ARGS; i++)
		call->args[i] = args[i] ? copy_varlena(args[i]) : NULL;

	/* Only the last arguments may be NULL: NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	text = (Bytes) {VARDATA_ANY(call->args[0]), VARSIZE_ANY_EXHDR(call->args[0])};
	if (call->args[1])
		names = names_from_jsonb(DatumGetJsonbP(PointerGetDatum(call->args[1])));
	if (call->args[2])
		values = item_root((DynamoItem *) call->args[2]);
	placeholders = expr_placeholders(names, values);
	bound = expr_bind(expr_parse(kind, text), placeholders);
	expr_check_placeholders_used(placeholders);

	MemoryContextSwitchTo(caller);
	call->bound = bound;
}

/* ---- ExpressionAttributeNames of SQL callers ---- */

/* What DynamoDB says of JSON that is no string where one is wanted. */
static const char *
not_a_string(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNumeric:
			return "NUMBER_VALUE cannot be converted to String";
		case jbvBool:
			return value->val.boolean ? "TRUE_VALUE cannot be converted to String"
				: "FALSE_VALUE cannot be converted to String";
		case jbvNull:
			return "NULL_VALUE cannot be converted to String";
		default:
			return "Start of structure or map found where not expected";
	}
}

/* An object of strings as the M that expr_placeholders() takes. */
static AttributeValue
names_from_jsonb(const Jsonb *names)
{
	JsonbContainer *root = unconstify(JsonbContainer *, &names->root);
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;
	MapEntry   *entries;
	int			n = 0;

	if (!JsonContainerIsObject(root))
		serialization_error("ExpressionAttributeNames must be a JSON object");

	entries = palloc(sizeof(MapEntry) * (JsonContainerSize(root) + 1));
	iterator = JsonbIteratorInit(root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			entries[n].name = (Bytes) {value.val.string.val, value.val.string.len};
		if (token != WJB_VALUE)
			continue;
		if (value.type != jbvString)
			serialization_error("%s", not_a_string(&value));
		entries[n++].value = attribute_make_string((Bytes)
												   {value.val.string.val,
												   value.val.string.len});
	}
	return attribute_make_map(entries, n);
}
