/*
 * write.h
 *		What PutItem, UpdateItem and DeleteItem have in common, alone, in batches
 *		and in transactions.
 *
 * A write is prepared (its own rules and expressions), opened (table and
 * privileges), its key is checked, and then it is done.
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
	/* set by prepare_*() */
	Bytes		table_name;
	AclMode		privileges;
	const WriteOptions *options;
	ItemChange	change;
	AttributeValue key;			/* all but PutItem: an M */
	DynamoItem *item;			/* PutItem, else NULL */
	BoundExpr  *condition;		/* NULL: none */
	BoundExpr  *update;			/* UpdateItem; NULL: none */
	Bytes		update_expression;	/* its text */

	/* set by open_write() and check_write_key() */
	DynamoTable *table;
	ItemKey		item_key;

	/* set by decide_write() */
	AttributeValue attributes;	/* as ReturnValues asks, in the context below */
	MemoryContext result_context;
	IndexCharges index_charges; /* in the context above */
	int			old_size;		/* 0: there was no item */
	int			new_size;
};

/* Raise for what is wrong with the request whatever the table is. */
extern void prepare_put(const PutItemRequest *request, ItemWrite *write);
extern void prepare_update(const UpdateItemRequest *request, ItemWrite *write);
extern void prepare_delete(const DeleteItemRequest *request, ItemWrite *write);

/* Looks the table up, locks it and checks privileges. */
extern void open_write(ItemWrite *write);
/* Raises ValidationException for what does not fit the table's key. */
extern void check_write_key(ItemWrite *write);

/*
 * Puts writes into the order of table and key, in which they must be done: so
 * those who have some keys in common do not wait for each other in a circle.
 * False if two have the same key.
 */
extern bool sort_writes(ItemWrite **writes, int n);

/*
 * A WriteDecision of an ItemWrite.  Raises ConditionalCheckFailedException,
 * with the item in its DETAIL if the request asks for it, and
 * ValidationException for an update that cannot be applied to the item.
 */
extern WriteVerdict decide_write(void *arg, const DynamoItem *old, DynamoItem **new_item);

/* Adds what a write that is done has consumed, so many times. */
extern List *add_write_capacity(List *capacities, CapacityKind kind, ReturnCapacity asked,
								const ItemWrite *write, double factor);
/*
 * Adds the item collection of a write, if its table has local indexes, to a list of
 * WrittenCollections *.
 */
extern List *add_collection(List *collections, const ItemWrite *write);

/* Does all but the preparation of a single write, and sets the result. */
extern void run_write(ItemWrite *write, WriteResult *result);

/*
 * The condition of a PutItem or DeleteItem, given as an expression or as
 * Expected; NULL if there is none.
 */
extern BoundExpr *bind_condition(const WriteOptions *options);

/* PutItem and DeleteItem can return the old item or nothing. */
extern void check_returns_old_or_none(const WriteOptions *options);

#endif							/* DYNAMO_OPS_WRITE_H */
