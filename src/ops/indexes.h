/*
 * indexes.h
 *		What secondary indexes ask of writes and reads of their table's items.
 */
#ifndef DYNAMO_OPS_INDEXES_H
#define DYNAMO_OPS_INDEXES_H

#include "ops/operation.h"

/* ---- writes ---- */

/* How keys are checked that a write has changed, and what is said of bad ones. */
typedef enum IndexKeyCheck
{
	KEYS_ARE_CHECKED,			/* check_index_keys() has done it */
	CHECK_UPDATED_KEYS,			/* by an UpdateExpression */
	CHECK_PUT_KEYS,				/* values of a request, also AttributeUpdates */
} IndexKeyCheck;

/*
 * Raises ValidationException if an attribute of an item that is to be put cannot
 * be the key of an index that it is the key of.
 */
extern void check_index_keys(DynamoTable *table, const ItemKey *key, AttributeValue item);

/*
 * Raises ValidationException if an item and its entries in local indexes are together
 * larger than an item may be.
 */
extern void check_local_entries(DynamoTable *table, const DynamoItem *item, bool by_update);

/*
 * Charges, none so far, what each index pays for a new version of an item (NULL:
 * none) in place of the old one (or NULL); palloc'd.  Keys that an UpdateItem
 * has changed, by `update` (or NULL), are checked too, and the size; what cannot be the key of an
 * index may stay as it was.
 */
extern void index_write_charges(DynamoTable *table, const ItemKey *key,
								const DynamoItem *old, const DynamoItem *new,
								IndexKeyCheck check, const BoundExpr *update,
								IndexCharges *charges);

/* ItemCollectionKey of an item, if its table has local indexes; else no value. */
extern AttributeValue collection_key(DynamoTable *table, const ItemKey *key);

/* ---- reads ---- */

/* What an index shows of an item. */
typedef struct IndexView
{
	const IndexDefinition *index;
	bool		whole;			/* all attributes are projected */
	int			nnames;			/* otherwise these, sorted by bytes */
	Bytes	   *names;
} IndexView;

extern void index_view_init(IndexView *view, const IndexDefinition *index,
							const KeySchema *table_key);
extern bool index_view_has(const IndexView *view, Bytes attribute);
/* Those attributes of an item that it shows, as an M; the item itself if all. */
extern AttributeValue index_view_item(const IndexView *view, AttributeValue item);
/* The size of that, as DynamoDB counts it. */
extern int index_view_size(const IndexView *view, AttributeValue item);

/*
 * The attributes of an index's rows that tell them apart: those of its key, then
 * those of the table's that are not among them.  Returns their number.
 */
extern int index_key_attributes(const IndexDefinition *index, const KeySchema *table_key,
								KeyAttribute *attributes);

#endif							/* DYNAMO_OPS_INDEXES_H */
