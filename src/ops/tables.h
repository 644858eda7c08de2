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

/*
 * The relation of a table, or ResourceNotFoundException that names the table,
 * or, in the operations on backups, TableNotFoundException.
 */
extern Oid	existing_table(Bytes name);
extern Oid	existing_source_table(Bytes name);
/* Raises ResourceInUseException if a job is to make a table of this name. */
extern void check_not_being_made(Bytes name);

/* The settings of a new table; raises if the request's do not go together. */
extern void initial_settings(const CreateTableRequest *request, TableSettings *settings);

/* Raises ValidationException unless tags for one resource can be these. */
extern void check_tags(const List *tags);
extern void check_tag_count(const List *tags);

#endif							/* DYNAMO_OPS_TABLES_H */
