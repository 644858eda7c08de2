/*
 * tables.h
 *		What the operations on tables, tags and backups share.
 */
#ifndef DYNAMO_OPS_TABLES_H
#define DYNAMO_OPS_TABLES_H

#include "ops/ops.h"

/*
 * Opens a table that the current user may alter.  Ownership is checked before
 * the lock is taken, so that nobody can stand in the way of others' tables.
 * Raises ResourceNotFoundException that names the table, and
 * read_only_sql_transaction for locks that a standby does not have.
 */
extern DynamoTable *open_own_table(Bytes name, LOCKMODE lockmode);
/* The same to change what is recorded of the table, which others cannot meanwhile. */
extern DynamoTable *open_own_table_to_record(Bytes name, LOCKMODE lockmode);

/*
 * The relation of a table, or ResourceNotFoundException that names the table,
 * or, in the operations on backups, TableNotFoundException.
 */
extern Oid	existing_table(Bytes name);
extern Oid	existing_source_table(Bytes name);
/*
 * The table of an ARN.  Who is to change what is recorded of it must own it, and that
 * before it is locked.
 */
extern DynamoTable *open_resource(Bytes arn, bool to_change);
/* Raises ResourceInUseException if a job is to make a table of this name. */
extern void check_not_being_made(Bytes name);

/* IndexDescription * of indexes that will be there with their table. */
extern List *future_indexes(List *indexes);

/* The settings of a new table; raises if the request's do not go together. */
extern void initial_settings(const CreateTableRequest *request, TableSettings *settings);

/* Raises ValidationException unless tags for one resource can be these. */
extern void check_tags(const List *tags);
extern void check_tag_count(const List *tags);

/* ---- definitions of tables and indexes (schemas.c) ---- */

/* The table's key, with its types; raises unless all of the request's schemas can be. */
extern void checked_table_schema(const CreateTableRequest *request, KeySchema *key,
								 List **indexes);
/*
 * Raises if an UpdateTable defines an attribute twice, or another type for one that the
 * table has in a key.  Definitions that nothing uses are passed over, as in DynamoDB:
 * tools that add several indexes, one by one, define the attributes of all each time.
 */
extern void check_update_definitions(const UpdateTableRequest *request,
									 const KeySchema *table_key, const List *indexes);
/*
 * The index that the request for a new global one defines, beside the others of
 * the table; raises if it cannot be.  The request's own definitions tell the types.
 */
extern IndexDefinition *checked_new_index(const IndexRequest *request, List *definitions,
										  const KeySchema *table_key, const List *indexes);
/* Sets the maxima that are given, 0 if there is to be none. */
extern void change_on_demand_throughput(const OnDemandThroughput *on_demand,
										int64	   *reads, int64 *writes);
/* One of the names (Bytes *) that is there twice, or NULL. */
extern const Bytes *repeated_name(const List *names);

#define NO_WARM_UNITS ((WarmUnits) {0, 0})

/*
 * What is to be recorded of the units that were warm before a change to this capacity.
 */
extern WarmUnits kept_warm_units(WarmUnits before, int64 read_capacity, int64 write_capacity);
/*
 * Records what the request, if any, asks for beyond what is present; raises
 * ValidationException if that is less.  "whose" is "table" or "index: <name>".
 */
extern void raise_warm_units(const WarmThroughput *request, const char *whose,
							 WarmUnits present, WarmUnits *recorded);
/* Raises unless the throughput of an index fits the table's billing mode. */
extern void set_index_throughput(const IndexRequest *request, BillingMode mode,
								 IndexDefinition *index);
/* Its warm throughput, when its capacity is set; what was warm before stays so. */
extern void set_index_warm_throughput(const IndexRequest *request, WarmUnits before,
									  IndexDefinition *index);
extern WarmUnits index_warm_units(const IndexDefinition *index);

/* ---- GlobalSecondaryIndexUpdates (index_updates.c) ---- */

/* Raises for what is wrong with a list of IndexUpdate * whatever the table is. */
extern void check_index_updates(const List *updates);
/* Whether a worker is to make and delete indexes of a table, while others use it. */
extern bool indexes_change_online(Oid relid);
/*
 * Does what the request says to the table's indexes, of which it had these, and
 * what a new billing mode asks of them.  Unless that is for a worker to do, nobody
 * may have the table open; its key is in memory of the caller.
 */
extern void apply_index_updates(const UpdateTableRequest *request, Oid relid,
								const KeySchema *table_key, const List *indexes,
								BillingMode mode, bool online);
/* Gives the indexes of a description the statuses that say what has begun. */
extern void describe_index_updates(const List *updates, const List *before, bool online,
								   TableDescription *result);

#endif							/* DYNAMO_OPS_TABLES_H */
