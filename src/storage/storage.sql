-- storage: access method, maintenance trigger, catalog

GRANT USAGE ON SCHEMA dynamo TO PUBLIC;

CREATE FUNCTION dynamo.table_am_handler(internal)
RETURNS table_am_handler
AS 'MODULE_PATHNAME', 'dynamo_table_am_handler'
LANGUAGE C STRICT;
COMMENT ON FUNCTION dynamo.table_am_handler(internal) IS
    'handler of the table access method dynamo';

CREATE ACCESS METHOD dynamo TYPE TABLE HANDLER dynamo.table_am_handler;
COMMENT ON ACCESS METHOD dynamo IS
    'heap storage that holds DynamoDB items to their contract';

CREATE FUNCTION dynamo.maintain_columns()
RETURNS trigger
AS 'MODULE_PATHNAME', 'dynamo_maintain_columns'
LANGUAGE C;
COMMENT ON FUNCTION dynamo.maintain_columns() IS
    'trigger zzz_dynamo_maintain of a table: derives the key columns from the item; its arguments define the table';

CREATE FUNCTION dynamo.guard_stream()
RETURNS trigger
AS 'MODULE_PATHNAME', 'dynamo_guard_stream'
LANGUAGE C;
COMMENT ON FUNCTION dynamo.guard_stream() IS
    'trigger dynamo_stream of a table with a stream: refuses TRUNCATE; its arguments define the stream';

CREATE FUNCTION dynamo.replace_recorded()
RETURNS trigger
AS 'MODULE_PATHNAME', 'dynamo_replace_recorded'
LANGUAGE C;
COMMENT ON FUNCTION dynamo.replace_recorded() IS
    'trigger of the extension''s own tables: what a dump brings takes the place of what is recorded of the same';

-- One row per table; table_settings.c alone writes it and knows its columns by number.
CREATE TABLE dynamo.table_settings (
    relation                regclass PRIMARY KEY,
    full_name               text,
    table_id                uuid NOT NULL,
    created                 timestamptz,
    billing_mode            text NOT NULL,
    billing_mode_changed    timestamptz,
    read_capacity           bigint,
    write_capacity          bigint,
    last_increase           timestamptz,
    last_decrease           timestamptz,
    max_read_request_units  bigint,
    max_write_request_units bigint,
    deletion_protection     boolean NOT NULL,
    table_class             text NOT NULL,
    restored                timestamptz,
    source_backup           text,
    clustering              boolean NOT NULL,
    warm_read_units         bigint,
    warm_write_units        bigint
);
COMMENT ON TABLE dynamo.table_settings IS
    'what is recorded of a table, or of the table of a backup, beside its definition; a table without row has the defaults';
COMMENT ON COLUMN dynamo.table_settings.relation IS 'the relation of the table';
COMMENT ON COLUMN dynamo.table_settings.full_name IS
    'name of the table in DynamoDB, where it is too long for that of the relation';
GRANT SELECT ON dynamo.table_settings TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('dynamo.table_settings', '');
CREATE TRIGGER replace_recorded BEFORE INSERT ON dynamo.table_settings
    FOR EACH ROW EXECUTE FUNCTION dynamo.replace_recorded();

-- One row per secondary index; index_catalog.c alone writes it and knows its columns by number.
CREATE TABLE dynamo.table_indexes (
    relation                regclass,
    name                    text COLLATE "C",
    kind                    text NOT NULL,
    key_schema              text[] NOT NULL,
    projection              text NOT NULL,
    non_key_attributes      text[],
    status                  text NOT NULL,
    backfilling             boolean NOT NULL,
    read_capacity           bigint,
    write_capacity          bigint,
    last_increase           timestamptz,
    last_decrease           timestamptz,
    max_read_request_units  bigint,
    max_write_request_units bigint,
    warm_read_units         bigint,
    warm_write_units        bigint,
    PRIMARY KEY (relation, name)
);
COMMENT ON TABLE dynamo.table_indexes IS
    'secondary indexes of tables, or of the table of a backup';
COMMENT ON COLUMN dynamo.table_indexes.relation IS 'the relation of the table';
COMMENT ON COLUMN dynamo.table_indexes.key_schema IS
    'name, type and HASH or RANGE of each key attribute';
GRANT SELECT ON dynamo.table_indexes TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('dynamo.table_indexes', '');
CREATE TRIGGER replace_recorded BEFORE INSERT ON dynamo.table_indexes
    FOR EACH ROW EXECUTE FUNCTION dynamo.replace_recorded();

-- One row per index that a worker has begun to make or to delete; index_builds.c
-- alone writes it and knows its columns by number.  Not dumped: after a restore the
-- work begins anew.
CREATE TABLE dynamo.index_builds (
    relation     regclass,
    name         text COLLATE "C",
    phase        text NOT NULL,
    last_key     dynamo.item,
    items_done   bigint NOT NULL,
    items_total  bigint NOT NULL,
    started      timestamptz,
    next_attempt timestamptz,
    pid          integer,
    waiting_for  integer,
    attempts     integer NOT NULL,
    error        text,
    PRIMARY KEY (relation, name)
);
COMMENT ON TABLE dynamo.index_builds IS
    'how far the secondary indexes are that a worker makes or deletes; the view dynamo.stat_progress_index shows it';
COMMENT ON COLUMN dynamo.index_builds.last_key IS
    'the key up to which the columns of the index are filled';

-- As pg_stat_progress_create_index, but not hidden from the owners of the tables.
CREATE FUNCTION dynamo.index_builder_progress(
    OUT pid integer, OUT relation regclass, OUT phase text, OUT waiting_for integer,
    OUT blocks_done bigint, OUT blocks_total bigint, OUT entries_done bigint, OUT entries_total bigint)
RETURNS SETOF record
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT p.pid, p.relid::regclass, p.phase, nullif(p.current_locker_pid, 0)::integer,
           p.blocks_done, p.blocks_total, p.tuples_done, p.tuples_total
      FROM pg_stat_progress_create_index p JOIN pg_stat_activity a USING (pid)
     WHERE p.datname = current_database() AND a.backend_type = 'dynamo index builder'
$$;
COMMENT ON FUNCTION dynamo.index_builder_progress() IS
    'what the worker that makes secondary indexes reports of CREATE INDEX CONCURRENTLY; dynamo.stat_progress_index shows it';

CREATE VIEW dynamo.stat_progress_index AS
SELECT a.pid,
       n.nspname AS schema,
       coalesce(s.full_name, c.relname) AS table_name,
       c.oid::regclass AS relation,
       CASE WHEN i.name = '' THEN '(time to live)' ELSE i.name END AS index_name,
       i.status,
       CASE WHEN b.relation IS NULL THEN 'waiting for a worker'
            WHEN p.pid IS NOT NULL THEN p.phase
            ELSE b.phase END AS phase,
       coalesce(b.items_done, 0) AS items_processed,
       coalesce(b.items_total, greatest(c.reltuples, 0)::bigint) AS items_total,
       coalesce(p.entries_done, 0) AS entries_processed,
       coalesce(p.entries_total, 0) AS entries_total,
       coalesce(p.blocks_done, 0) AS blocks_processed,
       coalesce(p.blocks_total, 0) AS blocks_total,
       coalesce(p.waiting_for, b.waiting_for, (pg_catalog.pg_blocking_pids(a.pid))[1]) AS waiting_for,
       b.started,
       b.attempts,
       b.next_attempt,
       b.error
  FROM (SELECT relation, name, status FROM dynamo.table_indexes WHERE status <> 'ACTIVE'
        UNION ALL
        SELECT relation, name, 'CREATING' FROM dynamo.index_builds WHERE name = '') i
  JOIN pg_catalog.pg_class c ON c.oid = i.relation
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN dynamo.table_settings s ON s.relation = c.oid
  LEFT JOIN dynamo.index_builds b ON b.relation = i.relation AND b.name = i.name
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
  LEFT JOIN dynamo.index_builder_progress() p ON p.pid = b.pid AND p.relation = b.relation
 WHERE EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'zzz_dynamo_maintain')
   AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'));
COMMENT ON VIEW dynamo.stat_progress_index IS
    'the secondary indexes that a worker creates or deletes, of tables that one owns, or of all for members of pg_read_all_stats: phase, items whose columns are filled, blocks and entries of the btree, the process that is waited for, and what has failed';
GRANT SELECT ON dynamo.stat_progress_index TO PUBLIC;

-- One row per backup; backup.c alone writes it and knows its columns by number.
CREATE TABLE dynamo.backups (
    relation   regclass PRIMARY KEY,
    name       text NOT NULL,
    table_name text NOT NULL,
    key_schema text[] NOT NULL,
    created    timestamptz NOT NULL,
    item_count bigint NOT NULL,
    size_bytes bigint NOT NULL
);
COMMENT ON TABLE dynamo.backups IS 'the backups of tables, which stay when those are dropped';
COMMENT ON COLUMN dynamo.backups.relation IS
    'the relation that holds the items, named by the backup''s id; dropping it deletes the backup';
COMMENT ON COLUMN dynamo.backups.key_schema IS
    'name, type and HASH or RANGE of each key attribute';
GRANT SELECT ON dynamo.backups TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('dynamo.backups', '');
CREATE TRIGGER replace_recorded BEFORE INSERT ON dynamo.backups
    FOR EACH ROW EXECUTE FUNCTION dynamo.replace_recorded();

-- One row per job; job.c alone writes it and knows its columns by number.  Not
-- dumped: what is in a dump is what was there.
CREATE TABLE dynamo.job_queue (
    id          text COLLATE "C" PRIMARY KEY,
    operation   text NOT NULL,
    role        oid NOT NULL,
    schema      text NOT NULL,
    table_name  text NOT NULL,
    backup_name text,
    backup_id   text NOT NULL,
    key_schema  text[] NOT NULL,
    settings    dynamo.table_settings NOT NULL,
    indexes     dynamo.table_indexes[] NOT NULL,
    items       bigint NOT NULL,
    requested   timestamptz NOT NULL,
    state       text NOT NULL,
    attempts    integer NOT NULL,
    started     timestamptz,
    pid         integer,
    error       text
);
COMMENT ON TABLE dynamo.job_queue IS
    'what the job lane of the endpoint is to do, does, or has failed to do; the view dynamo.jobs shows it';

CREATE VIEW dynamo.jobs AS
SELECT q.id AS job,
       q.operation,
       q.schema,
       q.table_name,
       q.backup_id,
       q.state,
       CASE WHEN q.state = 'RUNNING' THEN coalesce(p.param3, 0) ELSE 0 END AS items_done,
       q.items AS items_total,
       q.requested,
       q.started,
       q.attempts,
       q.pid,
       q.error
  FROM dynamo.job_queue q
  LEFT JOIN pg_catalog.pg_stat_get_progress_info('COPY') p ON p.pid = q.pid
 WHERE EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = q.role AND pg_catalog.pg_has_role(r.oid, 'USAGE'))
    OR NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = q.role)
    OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE');
COMMENT ON VIEW dynamo.jobs IS
    'the jobs of the endpoint''s job lane (CreateBackup, RestoreTableFromBackup) that wait, run or have failed in the last seven days, of the roles that one is a member of, or of all for members of pg_read_all_stats; a job that is done is not there any more';
COMMENT ON COLUMN dynamo.jobs.items_total IS 'an estimate when the job makes a backup';
GRANT SELECT ON dynamo.jobs TO PUBLIC;

-- One row per tag; tags.c alone writes it and knows its columns by number.
CREATE TABLE dynamo.table_tags (
    relation regclass,
    key      text COLLATE "C",
    value    text NOT NULL,
    PRIMARY KEY (relation, key)
);
COMMENT ON TABLE dynamo.table_tags IS 'tags of tables';
COMMENT ON COLUMN dynamo.table_tags.relation IS 'the relation of the table';
GRANT SELECT ON dynamo.table_tags TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('dynamo.table_tags', '');
CREATE TRIGGER replace_recorded BEFORE INSERT ON dynamo.table_tags
    FOR EACH ROW EXECUTE FUNCTION dynamo.replace_recorded();

-- Not dumped: what a token stands for is over in ten minutes.
CREATE TABLE dynamo.transaction_tokens (
    role   oid NOT NULL,
    token  bytea NOT NULL,
    digest bytea NOT NULL,
    used   timestamptz NOT NULL
);
COMMENT ON TABLE dynamo.transaction_tokens IS
    'the ClientRequestTokens of the transactions of the last ten minutes; older rows go when new ones come';
COMMENT ON COLUMN dynamo.transaction_tokens.role IS 'the role that has used the token';
COMMENT ON COLUMN dynamo.transaction_tokens.token IS 'the token, in UTF-8';
COMMENT ON COLUMN dynamo.transaction_tokens.digest IS 'SHA-256 of the transaction''s actions';
COMMENT ON COLUMN dynamo.transaction_tokens.used IS 'when the token was used';
CREATE INDEX transaction_tokens_token ON dynamo.transaction_tokens (role, token);
CREATE INDEX transaction_tokens_used ON dynamo.transaction_tokens (used);

CREATE FUNCTION dynamo.forget_dropped_tables()
RETURNS event_trigger
AS 'MODULE_PATHNAME', 'dynamo_forget_dropped_tables'
LANGUAGE C;
COMMENT ON FUNCTION dynamo.forget_dropped_tables() IS
    'event trigger: removes what is recorded of tables that were dropped, and warns of tables that lose their trigger';
CREATE EVENT TRIGGER dynamo_forget_dropped_tables ON sql_drop
    EXECUTE FUNCTION dynamo.forget_dropped_tables();
COMMENT ON EVENT TRIGGER dynamo_forget_dropped_tables IS
    'removes what is recorded of tables that were dropped, and warns of tables that lose their trigger';

CREATE FUNCTION dynamo.check_altered_tables()
RETURNS event_trigger
AS 'MODULE_PATHNAME', 'dynamo_check_altered_tables'
LANGUAGE C;
COMMENT ON FUNCTION dynamo.check_altered_tables() IS
    'event trigger: refuses ALTER TABLE that takes away what the definition of a table names, and to rename the trigger that holds it';
-- (ALTER VIEW and the like may rename columns of tables, ALTER INDEX tables.)
CREATE EVENT TRIGGER dynamo_check_altered_tables ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE', 'ALTER FOREIGN TABLE', 'ALTER VIEW', 'ALTER MATERIALIZED VIEW', 'ALTER INDEX',
                 'ALTER TRIGGER')
    EXECUTE FUNCTION dynamo.check_altered_tables();
COMMENT ON EVENT TRIGGER dynamo_check_altered_tables IS
    'refuses ALTER TABLE that takes away what the definition of a table names, and to rename the trigger that holds it';

CREATE FUNCTION dynamo.key_schema(tgargs bytea)
RETURNS text
AS 'MODULE_PATHNAME', 'dynamo_key_schema'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.key_schema(bytea) IS
    'the key that the arguments of a maintenance trigger (pg_trigger.tgargs) define, such as ''Artist S, SongTitle S'': partition key, then sort key';

CREATE FUNCTION dynamo.ttl_attribute(tgargs bytea)
RETURNS text
AS 'MODULE_PATHNAME', 'dynamo_ttl_attribute'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.ttl_attribute(bytea) IS
    'the attribute that the arguments of a maintenance trigger (pg_trigger.tgargs) name as the time at which items expire, or NULL';

CREATE VIEW dynamo.tables AS
SELECT coalesce(s.full_name, c.relname) AS name,
       n.nspname AS schema,
       c.oid::regclass AS relation,
       r.rolname AS owner,
       dynamo.key_schema(t.tgargs) AS key_schema,
       dynamo.ttl_attribute(t.tgargs) AS ttl_attribute,
       coalesce(s.billing_mode, 'PAY_PER_REQUEST') AS billing_mode,
       s.read_capacity,
       s.write_capacity,
       coalesce(s.table_class, 'STANDARD') AS table_class,
       coalesce(s.deletion_protection, false) AS deletion_protection,
       greatest(c.reltuples, 0)::bigint AS item_count,
       s.created
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
  JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'zzz_dynamo_maintain'
                              AND t.tgfoid = 'dynamo.maintain_columns()'::regprocedure
  LEFT JOIN dynamo.table_settings s ON s.relation = c.oid
 WHERE NOT c.relispartition;
COMMENT ON VIEW dynamo.tables IS
    'the tables of all schemas; item_count is an estimate, as in DynamoDB';
GRANT SELECT ON dynamo.tables TO PUBLIC;

CREATE FUNCTION dynamo.index_btree(relation regclass, index_name text)
RETURNS regclass
AS 'MODULE_PATHNAME', 'dynamo_index_btree'
LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.index_btree(regclass, text) IS
    'the btree by which a secondary index of a table is read, whatever it is called; NULL: there is none that is valid';

CREATE VIEW dynamo.indexes AS
SELECT t.name AS table_name,
       t.schema,
       i.name,
       i.kind,
       (SELECT string_agg(i.key_schema[n] || ' ' || i.key_schema[n + 1], ', ' ORDER BY n)
          FROM pg_catalog.generate_series(1, pg_catalog.cardinality(i.key_schema), 3) n
         WHERE i.key_schema[n + 2] = 'HASH') AS partition_key,
       (SELECT string_agg(i.key_schema[n] || ' ' || i.key_schema[n + 1], ', ' ORDER BY n)
          FROM pg_catalog.generate_series(1, pg_catalog.cardinality(i.key_schema), 3) n
         WHERE i.key_schema[n + 2] = 'RANGE') AS sort_key,
       i.projection,
       i.non_key_attributes,
       i.status,
       i.backfilling,
       t.relation,
       b.btree,
       greatest(c.reltuples, 0)::bigint AS item_count,
       i.read_capacity,
       i.write_capacity
  FROM dynamo.table_indexes i
  JOIN dynamo.tables t ON t.relation = i.relation
 CROSS JOIN LATERAL dynamo.index_btree(i.relation, i.name) AS b (btree)
  LEFT JOIN pg_catalog.pg_class c ON c.oid = b.btree;
COMMENT ON VIEW dynamo.indexes IS
    'the secondary indexes of the tables of all schemas, with the btree behind each (indexes with the same key share one); item_count is an estimate';
GRANT SELECT ON dynamo.indexes TO PUBLIC;

CREATE FUNCTION dynamo.check_table(table_name text, OUT problem text, OUT key text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'dynamo_check_table'
LANGUAGE C PARALLEL RESTRICTED;
COMMENT ON FUNCTION dynamo.check_table(text) IS
    'reports what is wrong with a table: a maintenance trigger that is missing or not ENABLE ALWAYS, a missing primary key, another access method, items that break a limit or differ from their columns (with the key that the columns hold), secondary indexes without a btree or with one that disagrees with the table; needs SELECT on the table';

CREATE FUNCTION dynamo.set_clustering(table_name text, enabled boolean)
RETURNS void
AS 'MODULE_PATHNAME', 'dynamo_set_clustering'
LANGUAGE C STRICT;
COMMENT ON FUNCTION dynamo.set_clustering(text, boolean) IS
    'switches clustering of a table on or off: whether new items are put on the heap pages of their item collection; items that are there stay where they are (CLUSTER puts them into order); for the owner of the table';

CREATE FUNCTION dynamo.table_clustering(table_name text, OUT enabled boolean, OUT items bigint,
    OUT collections bigint, OUT blocks_per_collection double precision, OUT rows_placed bigint,
    OUT rows_steered bigint)
AS 'MODULE_PATHNAME', 'dynamo_table_clustering'
LANGUAGE C STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION dynamo.table_clustering(text) IS
    'how the items of a table are clustered: whether new ones are, numbers of items and item collections, mean number of heap pages per collection, and, since the server started, for how many rows a page was chosen and how many of them were put on a page of their collection (NULL unless dynamo is in shared_preload_libraries); reads the whole primary key; needs SELECT on the table';
