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

#include "access/tableam.h"
#include "access/tupdesc.h"
#include "catalog/index.h"
#include "nodes/parsenodes.h"

#include "storage/storage.h"

#define ITEM_COLUMN			"item"
#define MAINTENANCE_TRIGGER "zzz_dynamo_maintain"

/* ---- keys (keys.c) ---- */

/*
 * The column value of a key attribute, which must be an S, N or B: palloc'd.
 * Raises ValidationException for an S with U+0000, which a text cannot hold.
 */
extern Datum key_datum(AttributeValue value);
/* Whether a column holds this value; neither copies an S or a B. */
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

/* ---- derived columns (derived.c) ---- */

/* Type, collation and name of a derived column. */
extern Oid derived_column_type(AttributeType type, DerivedRole role);
extern Oid derived_column_collation(AttributeType type, DerivedRole role);
extern void derived_column_name(Bytes attribute, DerivedRole role, NameData *result);
/* The word for a role in the trigger's arguments, and back (false: it is none). */
extern const char *derived_role_name(DerivedRole role);
extern bool derived_role_by_name(const char *name, DerivedRole *role);

/*
 * What an item (its root) says of a derived column: palloc'd.  False if that is
 * NULL: for a column of an index, if the attribute is missing, has another type
 * or is none that a key can be; for TTL's, if it is no Number or out of bigint.
 * The attributes of the primary key must have been checked.
 */
extern bool derived_datum(const DerivedColumn *derived, AttributeValue item, Datum *datum);
/* Whether a column holds what the item says. */
extern bool derived_datum_matches(const DerivedColumn *derived, AttributeValue item,
								  Datum datum, bool isnull);
/* The same of the value (or none) that the item has for the column's attribute. */
extern bool derived_value_datum(const DerivedColumn *derived, AttributeValue value, Datum *datum);
extern bool derived_value_matches(const DerivedColumn *derived, AttributeValue value,
								  Datum datum, bool isnull);

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
 * item (item_checked_key(), check_item_limits()).  Derived columns are palloc'd,
 * the item is not copied.
 *
 * With the old version of the row (else NULL) columns that stay as they are
 * take its stored value, and the result are those that do not (a Bitmapset of
 * column numbers; the item's is not among them).
 */
extern Bitmapset *item_row_values(const TableDefinition *definition, TupleDesc desc,
								  const DynamoItem *item, TupleTableSlot *old,
								  Datum *values, bool *isnull);

/*
 * What the access method asks of a row before it stores it: raises
 * ValidationException for an item that breaks a limit, check_violation for
 * derived columns that differ from the item.  The relation may be the transient
 * one of a table rewrite.
 */
extern void check_row_contract(Relation rel, TupleTableSlot *slot);
/*
 * A slot for rows of item_row_values() and nothing else, which the access method
 * takes as they are.
 */
extern TupleTableSlot *make_item_slot(Relation rel);
/* Raises check_violation: the column is not what the item says. */
pg_noreturn extern void column_conflict_error(Relation rel, const TableDefinition *definition,
											  const DerivedColumn *derived);

/* ---- definitions (definition.c) ---- */

/* Of the maintenance trigger: attribute, type, column, role. */
#define ARGUMENTS_PER_COLUMN	4
/* Whether this is the trigger that holds a table's definition. */
extern bool is_maintenance_trigger(const Trigger *trigger);
/* The trigger of that name, if there is one; whether it fires as create_table() made it to. */
extern const Trigger *find_maintenance_trigger(Relation rel);
extern bool fires_at_every_write(const Trigger *trigger);

extern void definition_init(void);
/* How many changes of relations this session has heard of. */
extern uint64 relation_invalidations(void);
/*
 * The definition that the rows of a relation obey, and the number of its item
 * column.  Unlike table_definition() it follows the transient relation of a
 * table rewrite to the real one.  Without a definition (NULL) the item column
 * is the column "item" of type dynamo.item, InvalidAttrNumber if there is none.
 */
extern const TableDefinition *row_definition(Relation rel, AttrNumber *item_column);
/*
 * The arguments of the relation's maintenance trigger, copied, since the
 * relcache may rebuild its own copy at any catalog access; NULL if it has no
 * such trigger.
 */
extern char **copy_definition_arguments(Relation rel, int *narguments);
/* InvalidAttrNumber: there is none of this name. */
extern AttrNumber find_column(TupleDesc desc, const char *name);
/* The schema dynamo; InvalidOid: there is none. */
extern Oid extension_schema_oid(void);

/* Whether the extension is of the library's version (extension_version.c). */
extern bool extension_version_fits(void);
/* Whether CREATE or ALTER EXTENSION is changing its objects. */
extern bool extension_script_runs(void);
/* The type dynamo.item; InvalidOid before the extension's script made it. */
extern Oid	item_type_oid(void);

/* Number of the column "item" if it has type dynamo.item, else InvalidAttrNumber. */
extern AttrNumber find_item_column(TupleDesc desc);

/* ---- streams (stream_trigger.c) ---- */

/* Whether a trigger is that of a stream, to go by its name. */
extern bool is_stream_trigger(const Trigger *trigger);
/* Refuses what would keep changes, or old items, of a table with a stream out of the log. */
extern void check_streamed_table(Relation rel);

/* ---- access method (access_method.c, index_build.c) ---- */

/* Whether the relation's access method is dynamo. */
extern bool is_dynamo_relation(Relation rel);

/* Callbacks of the access method; see index_build.c. */
extern double dynamo_index_build_range_scan(Relation table, Relation index,
											IndexInfo *index_info, bool allow_sync,
											bool anyvisible, bool progress,
											BlockNumber start_block, BlockNumber nblocks,
											IndexBuildCallback callback,
											void *callback_state, TableScanDesc scan);
extern void dynamo_index_validate_scan(Relation table, Relation index,
									   IndexInfo *index_info, Snapshot snapshot,
									   ValidateIndexState *state);

/* ---- rows (row_access.c, row_write.c) ---- */

extern void table_access_init(void);
/*
 * Puts right the derived columns of the item of a key, if there is one.  False if
 * another transaction is changing the row and is not to be waited for.
 */
extern bool table_refresh_columns(DynamoTable *table, const ItemKey *key, bool wait);

/* Sets where to go on (column_fill.c): behind this key, which is copied. */
extern void fill_position_set(FillPosition *position, const ItemKey *key);

/* ---- names (names.c) ---- */

/*
 * The relation or column that stands for a name of DynamoDB: the name itself
 * where it can be one, else a shortened form of it that ends in its hash.
 */
extern void relation_name(Bytes name, NameData *result);
extern void column_name(Bytes attribute, NameData *result);
/* Whether a relation's or column's name has the shape of a hashed one. */
extern bool is_hashed_name(const char *name);
/* A text with names in it that was cut to fit in a buffer ends with a whole character. */
extern void clip_to_characters(char *text, int size);

/* ---- open tables (table.c) ---- */

/* Counts invalidations of relations and schemas (row_access.c). */
extern uint64 relation_news;
/*
 * The relation of this name in dynamo.schema, locked, whether it has a
 * definition or not; otherwise as dynamo_table_open().
 */
extern Relation open_table_relation(Bytes name, LOCKMODE lockmode, AclMode privileges);

/*
 * Relations with a trigger of this name for which the filter, if any, holds.  All of
 * pg_trigger is read, which has no index by name.
 */
extern List *relations_with_trigger(const char *name,
									bool (*filter) (HeapTuple trigger, TupleDesc desc));

/* An open relation as a table, or NULL if it is none; closes it then. */
extern DynamoTable *dynamo_table_of(Relation rel, const char *name, AclMode privileges);

/* ---- commands (ddl.c) ---- */

/* The element of a list of DerivedColumn * with this role and attribute, or NULL. */
extern DerivedColumn *listed_column(const List *columns, const DerivedColumn *wanted);
/* Runs a utility statement as the caller, as if typed. */
extern void run_utility(Node *statement);
/* ALTER TABLE: one of its commands; all of them. */
extern AlterTableCmd *make_alter_command(AlterTableType type, const char *name, Node *definition);
extern void run_alter_table(RangeVar *relation, List *commands);
/* A relation's name, copied. */
extern RangeVar *range_var_of(Relation rel);
/* The schema of this name, made if it is not there; keeps the name. */
extern Oid	ensure_schema(char *name);
/* Raises insufficient_privilege unless the current user may create in it. */
extern void check_may_create_in(Oid schema);
/* A column that is NOT NULL. */
extern ColumnDef *make_column(const char *name, Oid type, Oid collation);
extern void drop_relation(char *schema, char *relname, ObjectType type);

/* ---- secondary indexes (index_ddl.c, index_catalog.c) ---- */

/*
 * What orders the rows of a secondary index: the columns of its key, then those
 * of the primary key that are not among them.
 */
typedef struct IndexParts
{
	int			n;
	const DerivedColumn *columns[MAX_INDEX_PARTS]; /* of the definition */
	Bitmapset  *not_null;		/* columns that may be NULL; rows where one is are left out */
} IndexParts;

/* False if the table lacks a column, or has it of another type. */
extern bool index_parts(const TableDefinition *definition, const KeySchema *key,
						IndexParts *parts);
/* The btree over these parts, or InvalidOid. */
extern Oid index_btree(Relation rel, const IndexParts *parts, bool must_be_valid);
/* Whether a predicate, as a list of conditions, is "column IS NOT NULL AND ...". */
extern bool predicate_requires_not_null(List *predicate, Bitmapset **columns);
/* The columns that a table with this key needs for indexes: DerivedColumn *. */
extern List *index_derived_columns(const List *indexes, const KeySchema *table_key);

/*
 * How a btree over these parts disagrees with its table in the active snapshot, as
 * in "has ..."; NULL if it does not.  (check_index.c)
 */
extern char *index_disagreement(Relation rel, Oid btree, const IndexParts *parts);

/* Indexes (IndexDefinition *) as an array of rows of dynamo.table_indexes, and back. */
extern Datum index_list_datum(const List *indexes);
extern List *index_list_from_datum(Datum datum);
extern void index_catalog_delete(Oid relid, Bytes name);
/* Deletes the rows of a relation, which may be gone. */
extern void index_catalog_forget(Oid relid);

/* Indexes of all relations that are not ACTIVE: ChangingIndex *. */
typedef struct ChangingIndex
{
	Oid			relid;
	IndexDefinition *index;
} ChangingIndex;

extern List *index_catalog_list_changing(void);

/* CREATE INDEX of the btree over these parts, for an index of this name. */
extern IndexStmt *make_create_index(Relation rel, const IndexParts *parts, Bytes name);
/* The btree of an index; InvalidOid if there is none, or one of the others uses it. */
extern Oid	btree_to_drop(Relation rel, const IndexDefinition *index, const List *others);

/* ---- online builds (index_builds.c) ---- */

/* Deletes the record of a build, of all of a relation. */
extern void index_build_delete(Oid relid, Bytes name);
extern void index_build_forget(Oid relid);

/* ---- time to live (time_to_live.c) ---- */

/* The btree over the column, or InvalidOid. */
extern Oid find_ttl_index(Relation rel, bool must_be_valid);
extern IndexStmt *make_create_ttl_index(Relation rel);

/* ---- columns of the extension's catalogs (catalog.c) ---- */

extern Datum text_datum(Bytes string);
/* The same of what may be without data (NULL), which is NULL; and back. */
extern Datum catalog_text(Bytes string, bool *isnull);
extern Bytes catalog_bytes(Datum value, bool isnull);
/* Which of these words a column of this table has; raises data_corrupted for another. */
extern int	catalog_word(const char *table, Datum value, const char *const *words, int n);

/* ---- what is recorded of a relation (table_settings.c, tags.c, backup.c, event_triggers.c) ---- */

/* Records a new table; full_name.data is NULL where the relation has the name. */
extern void table_settings_insert(Oid relid, Bytes full_name, const TableSettings *settings);
/* Whether the owner has left clustering on; read from the catalog. */
extern bool table_clustering_is_on(Relation rel);
/* Forgets the full name of a table that has been given another one. */
extern void table_settings_follow_rename(Relation rel);
/* Settings as a datum of the row type of dynamo.table_settings, and back. */
extern Datum table_settings_datum(const TableSettings *settings);
extern void table_settings_from_datum(Datum datum, TableSettings *settings);
/* Removes all that is recorded of a relation, if anything is. */
extern void catalog_forget(Oid relid);
extern void table_settings_delete(Oid relid);
extern void table_tags_delete(Oid relid);
extern void table_backup_forget(Oid relid);

#endif							/* DYNAMO_STORAGE_INTERNAL_H */
