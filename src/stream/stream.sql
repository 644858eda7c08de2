-- stream: streams and the store of their records

-- One row per stream; stream_catalog.c alone writes it and knows its columns by
-- number.  Not dumped, like the records: a table that is restored with the
-- trigger of its stream is entered anew.
CREATE SEQUENCE dynamo.stream_ids AS integer CYCLE;
COMMENT ON SEQUENCE dynamo.stream_ids IS 'numbers of streams';
CREATE TABLE dynamo.stream_catalog (
    id          integer PRIMARY KEY,
    relation    oid NOT NULL,
    owner       oid NOT NULL,
    schema      text NOT NULL,
    table_name  text NOT NULL,
    label       text NOT NULL,
    view_type   text NOT NULL,
    key_schema  text[] NOT NULL,
    shards      integer NOT NULL,
    created     timestamptz NOT NULL,
    start_epoch integer,
    start_lsn   pg_lsn,
    ended       timestamptz,
    end_epoch   integer,
    end_lsn     pg_lsn,
    trimmed     text[],
    truncated   timestamptz
);
CREATE INDEX stream_catalog_relation ON dynamo.stream_catalog (relation);
COMMENT ON TABLE dynamo.stream_catalog IS
    'the streams that are enabled, and those disabled whose records are still there';
COMMENT ON COLUMN dynamo.stream_catalog.start_lsn IS 'from where on changes are in the stream; NULL while it is ENABLING';
COMMENT ON COLUMN dynamo.stream_catalog.end_lsn IS 'up to where changes are in the stream; NULL until it is DISABLED';
COMMENT ON COLUMN dynamo.stream_catalog.trimmed IS 'by shard, the sequence number of its latest record that is not kept any more; NULL if all are kept';
COMMENT ON COLUMN dynamo.stream_catalog.truncated IS 'when the table was last truncated in spite of its stream; NULL if it never was';
GRANT SELECT ON dynamo.stream_catalog TO PUBLIC;

-- One row per run of the decoding worker's slot without a break.
CREATE TABLE dynamo.stream_epochs (
    epoch    integer PRIMARY KEY,
    started  timestamptz NOT NULL,
    timeline integer NOT NULL,
    lsn      pg_lsn NOT NULL,
    end_lsn  pg_lsn,
    gap      boolean NOT NULL,
    reason   text NOT NULL
);
COMMENT ON TABLE dynamo.stream_epochs IS
    'times during which the records of streams follow each other without a break; gap: changes before it are lost';
GRANT SELECT ON dynamo.stream_epochs TO PUBLIC;

-- One row, changed together with the records: how far the worker is.
CREATE TABLE dynamo.stream_progress (
    slot      name,
    epoch     integer NOT NULL,
    lsn       pg_lsn NOT NULL,
    partition integer NOT NULL
) WITH (fillfactor = 10);
COMMENT ON TABLE dynamo.stream_progress IS
    'the replication slot of the decoding worker, up to where all that was committed is stored, and the partition that records go to';
GRANT SELECT ON dynamo.stream_progress TO PUBLIC;

-- The records, in a ring of partitions: one is emptied as a whole when its
-- records are too old, and used again.
CREATE TABLE dynamo.stream_records (
    lsn       pg_lsn NOT NULL,
    created   timestamptz NOT NULL,
    stream    integer NOT NULL,
    epoch     integer NOT NULL,
    n         integer NOT NULL,
    size      integer NOT NULL,
    shard     smallint NOT NULL,
    partition smallint NOT NULL,
    event     smallint NOT NULL,
    keys      dynamo.item NOT NULL,
    new_image dynamo.item,
    old_image dynamo.item
) PARTITION BY LIST (partition);
COMMENT ON TABLE dynamo.stream_records IS
    'stream records of the last 24 hours; dynamo.read_stream() and GetRecords read them';
-- Whoever reads all tables (pg_read_all_data) does not read what their policies hide.
ALTER TABLE dynamo.stream_records ENABLE ROW LEVEL SECURITY;
CREATE INDEX stream_records_place ON dynamo.stream_records (stream, shard, epoch, lsn, n);

CREATE TABLE dynamo.stream_partitions (
    number  integer PRIMARY KEY,
    started timestamptz NOT NULL,
    epoch   integer NOT NULL,
    lsn     pg_lsn NOT NULL
);
COMMENT ON TABLE dynamo.stream_partitions IS
    'the partitions of dynamo.stream_records that hold records, and where the first of each is';
GRANT SELECT ON dynamo.stream_partitions TO PUBLIC;

DO $$
BEGIN
    FOR i IN 0 .. 25 LOOP
        EXECUTE pg_catalog.format(
            'CREATE TABLE dynamo.stream_records_%s PARTITION OF dynamo.stream_records FOR VALUES IN (%s)
             WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false)', pg_catalog.lpad(i::text, 2, '0'), i);
        EXECUTE pg_catalog.format('ALTER TABLE dynamo.stream_records_%s ENABLE ROW LEVEL SECURITY', pg_catalog.lpad(i::text, 2, '0'));
    END LOOP;
END
$$;

-- ---- for people ----

CREATE FUNCTION dynamo.stream_status(stream integer) RETURNS text
AS 'MODULE_PATHNAME', 'dynamo_stream_status'
LANGUAGE C STRICT STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION dynamo.stream_status(integer) IS
    'StreamStatus of a stream, given by its number in dynamo.stream_catalog';

CREATE FUNCTION dynamo.stream_arn(table_name text, label text) RETURNS text
AS 'MODULE_PATHNAME', 'dynamo_stream_arn'
LANGUAGE C STRICT STABLE PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.stream_arn(text, text) IS
    'the ARN of a stream, which is also the payload of its notifications on the channel dynamo_stream';

CREATE FUNCTION dynamo.stream_statistics(
    OUT pid integer, OUT decoded pg_lsn, OUT confirmed pg_lsn, OUT records bigint,
    OUT batches bigint, OUT last_stored timestamptz)
AS 'MODULE_PATHNAME', 'dynamo_stream_statistics'
LANGUAGE C STRICT VOLATILE PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.stream_statistics() IS
    'the decoding worker of this database: its process, how far it has read the log and told its slot so, and what it has stored since it began; NULL while it does not run';

CREATE VIEW dynamo.streams AS
SELECT s.table_name,
       s.schema,
       c.oid::regclass AS relation,
       s.label,
       dynamo.stream_arn(s.table_name, s.label) AS arn,
       s.view_type,
       dynamo.stream_status(s.id) AS status,
       s.shards,
       s.created,
       s.ended,
       g.gap,
       g.reason AS gap_reason
  FROM dynamo.stream_catalog s
  LEFT JOIN pg_catalog.pg_class c ON c.oid = s.relation
  LEFT JOIN LATERAL (
       SELECT e.started AS gap, e.reason
         FROM dynamo.stream_epochs e
        WHERE e.gap AND e.epoch > s.start_epoch AND (s.end_epoch IS NULL OR e.epoch <= s.end_epoch)
       UNION ALL
       SELECT s.truncated, 'the table was truncated' WHERE s.truncated IS NOT NULL
        ORDER BY 1 DESC LIMIT 1) g ON true;
COMMENT ON VIEW dynamo.streams IS 'the streams of all schemas that are enabled, or whose records are still there';
COMMENT ON COLUMN dynamo.streams.gap IS 'when changes were last lost to the stream; NULL if none were';
COMMENT ON COLUMN dynamo.streams.gap_reason IS 'why they were';
GRANT SELECT ON dynamo.streams TO PUBLIC;

CREATE VIEW dynamo.stat_streams AS
SELECT p.slot,
       s.pid,
       p.epoch,
       c.streams,
       s.records,
       s.batches,
       s.last_stored,
       s.decoded,
       s.confirmed,
       CASE WHEN c.streams > 0 THEN w.lsn - coalesce(s.decoded, p.lsn) END AS lag_bytes,
       w.lsn - r.restart_lsn AS retained_bytes,
       r.wal_status,
       g.gap,
       g.reason AS gap_reason,
       (SELECT min(t.started) FROM dynamo.stream_partitions t) AS oldest_records
  FROM dynamo.stream_progress p
  CROSS JOIN dynamo.stream_statistics() s
  CROSS JOIN (SELECT count(*) AS streams FROM dynamo.stream_catalog WHERE end_lsn IS NULL) c
  CROSS JOIN (SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                          ELSE pg_catalog.pg_current_wal_lsn() END AS lsn) w
  LEFT JOIN pg_catalog.pg_replication_slots r ON r.slot_name = p.slot
  LEFT JOIN LATERAL (
       SELECT e.started AS gap, e.reason FROM dynamo.stream_epochs e WHERE e.gap
       UNION ALL
       SELECT c.truncated, pg_catalog.format('table "%s" was truncated', c.table_name)
         FROM dynamo.stream_catalog c WHERE c.truncated IS NOT NULL
        ORDER BY 1 DESC LIMIT 1) g ON true;
COMMENT ON VIEW dynamo.stat_streams IS
    'the decoding worker of this database and its replication slot: one row, or none if no table ever had a stream';
COMMENT ON COLUMN dynamo.stat_streams.lag_bytes IS 'write-ahead log that is not decoded yet; NULL while no stream is enabled';
COMMENT ON COLUMN dynamo.stat_streams.retained_bytes IS 'write-ahead log that the slot keeps on disk';
GRANT SELECT ON dynamo.stat_streams TO PUBLIC;
