/*
 * keys.h
 *		Whether the keys in a request fit the table's key schema.
 */
#ifndef DYNAMO_OPS_KEYS_H
#define DYNAMO_OPS_KEYS_H

#include "expr/expr.h"
#include "ops/ops.h"

/*
 * The key of an item to be put.  Raises ValidationException that names the key
 * attribute which is missing, of another type, empty or too long.
 */
extern void check_item_key(const KeySchema *schema, AttributeValue item, ItemKey *key);

/*
 * The key that names one item: exactly the key attributes with their types.
 * Raises ValidationException otherwise.
 */
extern void check_request_key(const KeySchema *schema, AttributeValue given, ItemKey *key);

/*
 * Sets spec->start_after to ExclusiveStartKey.  Raises ValidationException if it
 * is no key of the table, or of the spec's index (with the table's key), or of an
 * item outside of the spec's range or segment.
 */
extern void check_start_key(const KeySchema *table_key, AttributeValue given,
							ItemScanSpec *spec);

/* Whether the scan is that of a Query of a table without sort key. */
extern bool at_most_one_item(const KeySchema *table_key, const ItemScanSpec *spec);

/* Raises if a partition key that a Query asks for is longer than any can be. */
extern void check_partition_key(const KeySchema *schema, const KeyRange *range);

/*
 * Raises if the expression (may be NULL) leads below an attribute of the table's key
 * or of that of one of its indexes.
 */
extern void check_key_paths(const TableDefinition *definition, const BoundExpr *expr);

/* Raises if the expression (may be NULL) changes an attribute of the key. */
extern void check_update_spares_key(const KeySchema *schema, const BoundExpr *update);

/* The order of two keys of a table: <0, 0, >0. */
extern int	compare_keys(const ItemKey *a, const ItemKey *b);

/*
 * LastEvaluatedKey: the key attributes of an item, and those of an index (or NULL),
 * as a new M.
 */
extern AttributeValue key_map(const KeySchema *table_key, const IndexDefinition *index,
							  AttributeValue item);

#endif							/* DYNAMO_OPS_KEYS_H */
