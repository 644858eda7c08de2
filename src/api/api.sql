-- api: the functions of the DynamoDB API

-- Privileges on the tables decide what a role may do; these functions run as
-- their caller and add none.
GRANT USAGE ON SCHEMA dynamo TO PUBLIC;

-- Reads see the snapshot of their statement and are STABLE; writes and call()
-- are VOLATILE.

-- ---- any operation ----

CREATE FUNCTION dynamo.call(operation text, request json)
RETURNS json
AS 'MODULE_PATHNAME', 'dynamo_call'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.call(text, json) IS
    'runs an operation of the DynamoDB API, named as in the API (PutItem), on a request in DynamoDB JSON; returns the response as on the wire, raises the exceptions of dynamo.exceptions()';

-- ---- one item ----

CREATE FUNCTION dynamo.put_item(
    table_name text,
    item dynamo.item,
    condition_expression text DEFAULT NULL,
    expression_attribute_names jsonb DEFAULT NULL,
    expression_attribute_values dynamo.item DEFAULT NULL,
    return_values text DEFAULT NULL,
    return_values_on_condition_check_failure text DEFAULT NULL)
RETURNS dynamo.item
AS 'MODULE_PATHNAME', 'dynamo_put_item'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.put_item(text, dynamo.item, text, jsonb, dynamo.item, text, text) IS
    'PutItem: creates or replaces an item, if condition_expression holds; names as {"#n": "Name"}, values as {":v": {"S": "text"}}; returns the old item with return_values ''ALL_OLD'', else NULL';

CREATE FUNCTION dynamo.get_item(
    table_name text,
    key dynamo.item,
    projection_expression text DEFAULT NULL,
    expression_attribute_names jsonb DEFAULT NULL,
    consistent_read boolean DEFAULT NULL)
RETURNS dynamo.item
AS 'MODULE_PATHNAME', 'dynamo_get_item'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION dynamo.get_item(text, dynamo.item, text, jsonb, boolean) IS
    'GetItem: the item of a key, given as {"PK": {"S": "text"}, ...}, or the attributes that projection_expression names; NULL if there is none; every read is consistent';

CREATE FUNCTION dynamo.update_item(
    table_name text,
    key dynamo.item,
    update_expression text DEFAULT NULL,
    condition_expression text DEFAULT NULL,
    expression_attribute_names jsonb DEFAULT NULL,
    expression_attribute_values dynamo.item DEFAULT NULL,
    return_values text DEFAULT NULL,
    return_values_on_condition_check_failure text DEFAULT NULL)
RETURNS dynamo.item
AS 'MODULE_PATHNAME', 'dynamo_update_item'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.update_item(text, dynamo.item, text, text, jsonb, dynamo.item, text, text) IS
    'UpdateItem: changes the item of a key by update_expression, or creates it, if condition_expression holds; returns what return_values asks for (ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATED_NEW), else NULL';

CREATE FUNCTION dynamo.delete_item(
    table_name text,
    key dynamo.item,
    condition_expression text DEFAULT NULL,
    expression_attribute_names jsonb DEFAULT NULL,
    expression_attribute_values dynamo.item DEFAULT NULL,
    return_values text DEFAULT NULL,
    return_values_on_condition_check_failure text DEFAULT NULL)
RETURNS dynamo.item
AS 'MODULE_PATHNAME', 'dynamo_delete_item'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.delete_item(text, dynamo.item, text, jsonb, dynamo.item, text, text) IS
    'DeleteItem: deletes the item of a key, if condition_expression holds; returns the old item with return_values ''ALL_OLD'', else NULL; a key without item is no error';

-- ---- many items ----

CREATE FUNCTION dynamo.query(
    table_name text,
    key_condition_expression text,
    filter_expression text DEFAULT NULL,
    projection_expression text DEFAULT NULL,
    expression_attribute_names jsonb DEFAULT NULL,
    expression_attribute_values dynamo.item DEFAULT NULL,
    index_name text DEFAULT NULL,
    scan_index_forward boolean DEFAULT NULL,
    max_items bigint DEFAULT NULL,
    exclusive_start_key dynamo.item DEFAULT NULL,
    consistent_read boolean DEFAULT NULL)
RETURNS SETOF dynamo.item
AS 'MODULE_PATHNAME', 'dynamo_query'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION dynamo.query(text, text, text, text, jsonb, dynamo.item, text, boolean, bigint, dynamo.item, boolean) IS
    'Query: all items of one partition that key_condition_expression selects and filter_expression lets through, in the order of the sort key, without pages; at most max_items, counted after the filter; in a select list items are read as they are asked for';

CREATE FUNCTION dynamo.scan(
    table_name text,
    filter_expression text DEFAULT NULL,
    projection_expression text DEFAULT NULL,
    expression_attribute_names jsonb DEFAULT NULL,
    expression_attribute_values dynamo.item DEFAULT NULL,
    index_name text DEFAULT NULL,
    segment integer DEFAULT NULL,
    total_segments integer DEFAULT NULL,
    max_items bigint DEFAULT NULL,
    exclusive_start_key dynamo.item DEFAULT NULL,
    consistent_read boolean DEFAULT NULL)
RETURNS SETOF dynamo.item
AS 'MODULE_PATHNAME', 'dynamo_scan'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION dynamo.scan(text, text, text, jsonb, dynamo.item, text, integer, integer, bigint, dynamo.item, boolean) IS
    'Scan: all items that filter_expression lets through, without pages, or those of one segment of total_segments (counted from 0); at most max_items, counted after the filter; in a select list items are read as they are asked for';

-- ---- tables ----

CREATE FUNCTION dynamo.create_table(
    table_name text,
    partition_key text,
    sort_key text DEFAULT NULL,
    billing_mode text DEFAULT 'PAY_PER_REQUEST',
    read_capacity_units bigint DEFAULT NULL,
    write_capacity_units bigint DEFAULT NULL,
    deletion_protection_enabled boolean DEFAULT NULL,
    table_class text DEFAULT NULL)
RETURNS regclass
AS 'MODULE_PATHNAME', 'dynamo_create_table'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.create_table(text, text, text, text, bigint, bigint, boolean, text) IS
    'CreateTable: makes a table in the schema dynamo.schema; a key attribute is its name and its type S, N or B (''Artist S''); returns the relation';

CREATE FUNCTION dynamo.describe_table(table_name text)
RETURNS json
AS 'MODULE_PATHNAME', 'dynamo_describe_table'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION dynamo.describe_table(text) IS
    'DescribeTable: the table''s TableDescription';

CREATE FUNCTION dynamo.list_tables(
    exclusive_start_table_name text DEFAULT NULL,
    max_tables integer DEFAULT NULL)
RETURNS SETOF text
AS 'MODULE_PATHNAME', 'dynamo_list_tables'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION dynamo.list_tables(text, integer) IS
    'ListTables: names of the tables in dynamo.schema in order, after exclusive_start_table_name; all of them, or at most max_tables (1 to 100)';

CREATE FUNCTION dynamo.update_table(
    table_name text,
    billing_mode text DEFAULT NULL,
    read_capacity_units bigint DEFAULT NULL,
    write_capacity_units bigint DEFAULT NULL,
    deletion_protection_enabled boolean DEFAULT NULL,
    table_class text DEFAULT NULL)
RETURNS json
AS 'MODULE_PATHNAME', 'dynamo_update_table'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.update_table(text, text, bigint, bigint, boolean, text) IS
    'UpdateTable: changes what is not NULL; returns the table''s TableDescription';

CREATE FUNCTION dynamo.delete_table(table_name text)
RETURNS json
AS 'MODULE_PATHNAME', 'dynamo_delete_table'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.delete_table(text) IS
    'DeleteTable: drops the table with its items; returns its last TableDescription';

-- ---- time to live ----

CREATE FUNCTION dynamo.update_time_to_live(
    table_name text,
    attribute_name text,
    enabled boolean DEFAULT true)
RETURNS json
AS 'MODULE_PATHNAME', 'dynamo_update_time_to_live'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.update_time_to_live(text, text, boolean) IS
    'UpdateTimeToLive: items expire at the time that an attribute holds, a Number of seconds since 1970, or do not expire any more; the caller owns the table; returns the TimeToLiveSpecification';

CREATE FUNCTION dynamo.describe_time_to_live(table_name text)
RETURNS json
AS 'MODULE_PATHNAME', 'dynamo_describe_time_to_live'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION dynamo.describe_time_to_live(text) IS
    'DescribeTimeToLive: whether items expire, and by which attribute; returns the TimeToLiveDescription';

-- ---- backups ----

CREATE FUNCTION dynamo.create_backup(table_name text, backup_name text)
RETURNS text
AS 'MODULE_PATHNAME', 'dynamo_create_backup'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.create_backup(text, text) IS
    'CreateBackup: copies the items of a table, as they are now, with its definition and settings; the caller owns the table; returns the backup''s ARN';

CREATE FUNCTION dynamo.list_backups(table_name text DEFAULT NULL)
RETURNS SETOF text
AS 'MODULE_PATHNAME', 'dynamo_list_backups'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION dynamo.list_backups(text) IS
    'ListBackups: ARNs of the backups of a table, or of all tables that are or were in dynamo.schema, the oldest first';

CREATE FUNCTION dynamo.restore_table_from_backup(target_table_name text, backup_arn text)
RETURNS regclass
AS 'MODULE_PATHNAME', 'dynamo_restore_table_from_backup'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.restore_table_from_backup(text, text) IS
    'RestoreTableFromBackup: makes a table of a backup, with its key, items, billing mode, capacity and class; the caller owns the backup; returns the relation';

CREATE FUNCTION dynamo.delete_backup(backup_arn text)
RETURNS json
AS 'MODULE_PATHNAME', 'dynamo_delete_backup'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.delete_backup(text) IS
    'DeleteBackup: drops a backup; the caller owns it; returns its BackupDescription';

-- ---- loading ----

CREATE FUNCTION dynamo.load_items(
    table_name text,
    query text,
    on_conflict text DEFAULT 'error',
    OUT loaded bigint,
    OUT skipped bigint,
    OUT replaced bigint)
AS 'MODULE_PATHNAME', 'dynamo_load_items'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.load_items(text, text, text) IS
    'loads the items that a query returns, in a column of type dynamo.item or jsonb (plain JSON), into a table, whose other writers wait meanwhile; on_conflict says what becomes of an item whose key exists: error, skip or replace; the view dynamo.stat_progress_load shows how far it is';

CREATE VIEW dynamo.stat_progress_load AS
SELECT p.pid,
       p.datid,
       d.datname,
       p.relid,
       CASE p.param11 WHEN 1 THEN 'reading' WHEN 2 THEN 'sorting' WHEN 3 THEN 'storing'
            WHEN 4 THEN 'indexing' END AS phase,
       p.param12 AS items_read,
       p.param13 AS items_sorted,
       p.param14 AS items_loaded,
       p.param4 AS items_skipped,
       p.param15 AS items_replaced
  FROM pg_catalog.pg_stat_get_progress_info('COPY') p
  LEFT JOIN pg_catalog.pg_database d ON d.oid = p.datid
 WHERE p.param11 > 0;
COMMENT ON VIEW dynamo.stat_progress_load IS
    'the calls of dynamo.load_items() that run, which pg_stat_progress_copy shows too, and restores of backups; those of roles that one is a member of, or of all for members of pg_read_all_stats';
COMMENT ON COLUMN dynamo.stat_progress_load.phase IS
    'reading: the query runs, and items that come in the order of the key are stored at once; sorting: the others are sorted; storing: they are stored; indexing: entries of other indexes than the primary key''s are made';
COMMENT ON COLUMN dynamo.stat_progress_load.items_sorted IS 'items that were given to the sort';
GRANT SELECT ON dynamo.stat_progress_load TO PUBLIC;

-- ---- streams ----

CREATE FUNCTION dynamo.read_stream(
    stream text,
    iterator text DEFAULT NULL,
    max_records integer DEFAULT NULL,
    OUT sequence_number text,
    OUT event_name text,
    OUT keys dynamo.item,
    OUT new_image dynamo.item,
    OUT old_image dynamo.item,
    OUT created timestamptz,
    OUT expired boolean,
    OUT shard_id text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'dynamo_read_stream'
LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.read_stream(text, text, integer) IS
    'stream records of a table (its latest stream) or of a stream''s ARN, of all shards in the order of commits, at most max_records (1000); iterator: the sequence number behind which to read on; without one, or with ''TRIM_HORIZON'', from the oldest record on';

CREATE FUNCTION dynamo.stream_position(stream text)
RETURNS text
AS 'MODULE_PATHNAME', 'dynamo_stream_position'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.stream_position(text) IS
    'a sequence number for read_stream(): behind it are the records of all changes that commit from now on; NULL while the stream is ENABLING';
