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
    end_lsn     pg_lsn
);
CREATE INDEX stream_catalog_relation ON dynamo.stream_catalog (relation);
COMMENT ON TABLE dynamo.stream_catalog IS
    'the streams that are enabled, and those disabled whose records are still there';
COMMENT ON COLUMN dynamo.stream_catalog.start_lsn IS 'from where on changes are in the stream; NULL while it is ENABLING';
COMMENT ON COLUMN dynamo.stream_catalog.end_lsn IS 'up to where changes are in the stream; NULL until it is DISABLED';
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
    partition integer NOT NULL,
    trim_epoch integer NOT NULL,
    trim_lsn   pg_lsn NOT NULL
) WITH (fillfactor = 10);
COMMENT ON TABLE dynamo.stream_progress IS
    'the replication slot of the decoding worker, the end of the last transaction stored, the partition that records go to, and before what records may be gone';
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
             WITH (autovacuum_enabled = false)', pg_catalog.lpad(i::text, 2, '0'), i);
    END LOOP;
END
$$;
