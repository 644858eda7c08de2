/*
 * operation.h
 *		What the files of the operations share: expressions of a request,
 *		capacity, copies.
 */
#ifndef DYNAMO_OPERATION_H
#define DYNAMO_OPERATION_H

#include "expr/expr.h"
#include "ops/ops.h"

/* ---- expressions of a request (expressions.c) ---- */

typedef struct ExpressionParameter
{
	ExprKind	kind;
	Bytes		text;			/* data NULL: not given */
	BoundExpr  *bound;			/* by bind_expressions(); NULL if not given */
} ExpressionParameter;

/*
 * Checks the expressions of a request and binds them, in the order given,
 * which is the order in which DynamoDB complains of them.  Raises for every
 * fault of an expression, and for names and values that no expression uses.
 */
extern void bind_expressions(ExpressionParameter *parameters, int n,
							 AttributeValue names, AttributeValue values);

/*
 * What is wanted of an item, given as an expression or as AttributesToGet; NULL
 * if all of it is.
 */
extern BoundExpr *bind_projection(Bytes expression, OptionalList attributes_to_get,
								  AttributeValue names);

/* ---- capacity (capacity.c) ---- */

/* One unit per started 4 KB, at least one; half of them if not consistent. */
extern double read_units(int64 bytes, bool consistent);
/* One unit per started KB of the larger version, at least one. */
extern double write_units(int old_size, int new_size);
extern void report_capacity(ConsumedCapacity *capacity, ReturnCapacity asked,
							Bytes table_name, double units);

/* What a read or a write consumes of the indexes of its table. */
typedef struct IndexCharges
{
	double		total;
	int			n;				/* indexes that consume any */
	IndexUnits *of_index;
} IndexCharges;

/* Adds that, so many times. */
extern void charge_indexes(ConsumedCapacity *capacity, const IndexCharges *charges, double factor);
/* Adds to the table's element of a list of ConsumedCapacity *, which may be new. */
extern List *add_capacity(List *capacities, CapacityKind kind, ReturnCapacity asked,
						  Bytes table_name, double units);
extern ConsumedCapacity *capacity_of(List *capacities, Bytes table_name);

/* ---- values ---- */

/* A palloc'd copy; of no value, no value. */
static inline AttributeValue
attribute_copy(AttributeValue value)
{
	if (attribute_exists(value))
	{
		char	   *copy = palloc(value.len);

		memcpy(copy, value.data, value.len);
		value.data = copy;
	}
	return value;
}

#endif							/* DYNAMO_OPERATION_H */
