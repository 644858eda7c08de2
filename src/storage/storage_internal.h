/*
 * storage_internal.h
 *		What the files of the storage layer share, and nobody else sees.
 *
 * A row of a table is its item and the columns derived from it.  Three forms of
 * a key meet here: the item's attributes (AttributeValue), the columns (Datum:
 * text for S, numeric for N, bytea for B) and the index entry.
 */
#ifndef DYNAMO_STORAGE_INTERNAL_H
#define DYNAMO_STORAGE_INTERNAL_H

#include "access/tupdesc.h"
#include "access/tableam.h"
#include "utils/reltrigger.h"

#include "storage/storage.h"

#define ITEM_COLUMN			"item"
#define MAINTENANCE_TRIGGER "zzz_dynamo_maintain"

/* ---- keys (keys.c) ---- */

/*
 * The column value of a key attribute, which must be an S, N or B: palloc'd.
 * Raises ValidationException for an S with U+0000, which a text cannot hold.
 */
extern Datum key_datum(AttributeValue value);
/* The reverse; the datum may be toasted.  palloc'd. */
extern AttributeValue key_value(Datum datum, AttributeType type);
/* Whether a column holds what the item says; neither copies an S or a B. */
extern bool key_datum_equal(Datum datum, AttributeValue value);
/* Type and collation (InvalidOid: none) of the columns of a key type. */
extern Oid	key_column_type(AttributeType type);
extern Oid	key_column_collation(AttributeType type);

/*
 * Raises DynamoDB's ValidationException unless the key is one that the table
 * can hold: no part empty or too long, and together within what an index entry
 * holds.  The values must have the schema's types.  Called for every key that
 * is written; a key that is only looked up need not be storable.
 */
extern void check_key_limits(const KeySchema *schema, const ItemKey *key);

/* ---- rows (contract.c) ---- */

/*
 * The key of an item that is to be stored.  Raises DynamoDB's
 * ValidationException if an attribute is missing or of the wrong type, or the
 * key breaks a limit.
 */
extern void item_checked_key(const KeySchema *schema, AttributeValue item, ItemKey *result);

/*
 * The values of a row that holds this item, for a tuple of the relation's
 * descriptor: item and derived columns are set, all others NULL.  Checks the
 * item (item_checked_key(), check_item_limits()).  Key columns are palloc'd,
 * the item is not copied.
 */
extern void item_row_values(const TableDefinition *definition, TupleDesc desc,
							const DynamoItem *item, Datum *values, bool *isnull);

/* What the access method asks of a row before it stores it (contract.c). */
extern void check_row_contract(Relation rel, TupleTableSlot *slot);

/* ---- definitions (definition.c) ---- */

extern void definition_init(void);
/* Whether this is the trigger that holds a table's definition. */
extern bool is_maintenance_trigger(const Trigger *trigger);
/* The type dynamo.item; InvalidOid before the extension's script made it. */
extern Oid	item_type_oid(void);

/* ---- access method (access_method.c) ---- */

extern Oid	dynamo_am_oid(void);
/* Whether the relation's access method is dynamo. */
extern bool is_dynamo_relation(Relation rel);

#endif							/* DYNAMO_STORAGE_INTERNAL_H */
