/*
 * write.h
 *		What PutItem, UpdateItem and DeleteItem have in common.
 */
#ifndef DYNAMO_OPS_WRITE_H
#define DYNAMO_OPS_WRITE_H

#include "ops/operation.h"

typedef struct ItemWrite ItemWrite;

/*
 * What the operation makes of the item (absent: there is none), once the
 * condition holds.  The new item must stay until it is written: it is palloc'd
 * or belongs to the request.  May be called more than once.
 */
typedef WriteVerdict (*ItemChange) (const ItemWrite *write, AttributeValue old,
									DynamoItem **new_item);

struct ItemWrite
{
	/* set by the operation */
	const WriteOptions *options;
	ItemChange	change;
	AttributeValue key;			/* UpdateItem, DeleteItem: an M */
	DynamoItem *item;			/* PutItem */
	BoundExpr  *condition;		/* NULL: none */
	BoundExpr  *update;			/* UpdateItem; NULL: none */

	/* set by write_item() */
	AttributeValue attributes;	/* as ReturnValues asks, in the context below */
	MemoryContext result_context;
	int			old_size;		/* 0: there was no item */
	int			new_size;
};

/*
 * Runs the write and sets the result.  Raises ConditionalCheckFailedException,
 * with the item in its DETAIL if the request asks for it.
 */
extern void write_item(DynamoTable *table, const ItemKey *key, Bytes table_name,
					   ItemWrite *write, WriteResult *result);

/*
 * The condition of a PutItem or DeleteItem, given as an expression or as
 * Expected; NULL if there is none.
 */
extern BoundExpr *bind_condition(const WriteOptions *options);

/* PutItem and DeleteItem can return the old item or nothing. */
extern void check_returns_old_or_none(const WriteOptions *options);

#endif							/* DYNAMO_OPS_WRITE_H */
