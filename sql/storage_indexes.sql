-- Indexes built on a dynamo table with HOT chains, dead and long rows.
SET dynamo.schema = 'storage_indexes';
SELECT dynamo.create_table('Counters', 'Id S', 'Part N');
SET search_path = storage_indexes, public;
CREATE EXTENSION amcheck;
\set VERBOSITY terse

CREATE FUNCTION counter(id int, part int, value int, note text DEFAULT '') RETURNS dynamo.item LANGUAGE SQL AS $$
    SELECT jsonb_build_object('Id', 'id' || id, 'Part', part, 'Value', value, 'Note', note)::dynamo.item
$$;
-- heapallindexed: every visible tuple has its entry, under its root
CREATE FUNCTION check_indexes() RETURNS TABLE (index name, rows bigint) LANGUAGE plpgsql AS $$
DECLARE i record;
BEGIN
    FOR i IN SELECT indexrelid::regclass AS index FROM pg_index
             WHERE indrelid = 'storage_indexes."Counters"'::regclass AND indisvalid
                AND (SELECT relam = (SELECT oid FROM pg_am WHERE amname = 'btree') FROM pg_class c WHERE c.oid = indexrelid)
             ORDER BY indexrelid::regclass::text LOOP
        PERFORM storage_indexes.bt_index_parent_check(i.index, true, true);
        index := i.index::text;
        rows := (SELECT count(*) FROM storage_indexes."Counters");
        RETURN NEXT;
    END LOOP;
END $$;
-- what the index gives, against what a table scan gives
CREATE FUNCTION same_by_index(condition text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE by_index text; by_table text;
BEGIN
    PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true);
    EXECUTE 'SELECT string_agg(item::text, '','' ORDER BY "Id", "Part") FROM storage_indexes."Counters" WHERE ' || condition INTO by_index;
    PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'off', true);
    EXECUTE 'SELECT string_agg(item::text, '','' ORDER BY "Id", "Part") FROM storage_indexes."Counters" WHERE ' || condition INTO by_table;
    PERFORM set_config('enable_indexscan', 'on', true), set_config('enable_bitmapscan', 'on', true);
    RETURN by_index IS NOT DISTINCT FROM by_table;
END $$;

-- Room for HOT updates; then chains of several versions, deletes, and long items.
ALTER TABLE "Counters" SET (fillfactor = 50, autovacuum_enabled = off);
INSERT INTO "Counters" (item) SELECT counter(i % 100, i, 0) FROM generate_series(1, 2000) i;
UPDATE "Counters" SET item = counter(substr("Id", 3)::int, "Part"::int, 1) WHERE "Part" % 2 = 0;
UPDATE "Counters" SET item = counter(substr("Id", 3)::int, "Part"::int, 2) WHERE "Part" % 4 = 0;
DELETE FROM "Counters" WHERE "Part" % 10 = 0;
UPDATE "Counters" SET item = counter(substr("Id", 3)::int, "Part"::int, 3, repeat(md5("Part"::text), 200)) WHERE "Part" % 101 = 0;
-- and a transaction that comes to nothing
BEGIN;
UPDATE "Counters" SET item = counter(substr("Id", 3)::int, "Part"::int, 9);
INSERT INTO "Counters" (item) SELECT counter(i, 0, 9) FROM generate_series(1, 100) i;
ROLLBACK;

-- (statistics of this transaction's own writes)
BEGIN;
UPDATE "Counters" SET item = counter(substr("Id", 3)::int, "Part"::int, 4) WHERE "Part" < 100;
SELECT pg_stat_get_xact_tuples_hot_updated('"Counters"'::regclass) > 50 AS mostly_hot;
COMMIT;

CREATE INDEX by_value ON "Counters" (((item ->> 'Value')::int));
CREATE UNIQUE INDEX by_part ON "Counters" ("Part");
CREATE INDEX by_part_some ON "Counters" ("Part", "Id") WHERE (item ->> 'Value')::int > 1;
SELECT * FROM check_indexes();
SELECT same_by_index('(item ->> ''Value'')::int = 2'), same_by_index('"Part" BETWEEN 10 AND 500'),
       same_by_index('"Part" > 77 AND (item ->> ''Value'')::int > 1');

-- in the transaction that writes
BEGIN;
UPDATE "Counters" SET item = counter(substr("Id", 3)::int, "Part"::int, 5) WHERE "Part" < 50;
DELETE FROM "Counters" WHERE "Part" BETWEEN 60 AND 70;
INSERT INTO "Counters" (item) SELECT counter(i, 5000 + i, 5) FROM generate_series(1, 10) i;
CREATE INDEX by_value_too ON "Counters" (((item ->> 'Value')::int));
SELECT same_by_index('(item ->> ''Value'')::int = 5');
COMMIT;
SELECT * FROM check_indexes();

-- duplicates are found
CREATE UNIQUE INDEX by_id ON "Counters" ("Id");
CREATE UNIQUE INDEX CONCURRENTLY by_id ON "Counters" ("Id");
DROP INDEX by_id;

-- concurrently, and anew
UPDATE "Counters" SET item = counter(substr("Id", 3)::int, "Part"::int, 6) WHERE "Part" % 3 = 0;
CREATE INDEX CONCURRENTLY by_value_cic ON "Counters" (((item ->> 'Value')::int), "Part");
UPDATE "Counters" SET item = counter(substr("Id", 3)::int, "Part"::int, 7) WHERE "Part" % 5 = 0;
REINDEX INDEX CONCURRENTLY "Counters_pkey";
REINDEX TABLE CONCURRENTLY "Counters";
REINDEX INDEX by_part;
REINDEX TABLE "Counters";
SELECT * FROM check_indexes();
SELECT same_by_index('(item ->> ''Value'')::int = 6'), same_by_index('"Id" = ''id7''');

-- other kinds of index, which scan the table their own way
CREATE INDEX by_brin ON "Counters" USING brin ("Part") WITH (pages_per_range = 1);
-- (pages that hold nothing but what came to nothing may be left over)
SELECT brin_summarize_new_values('by_brin') AS left_over \gset
SELECT brin_summarize_new_values('by_brin'), brin_desummarize_range('by_brin', 1), brin_summarize_range('by_brin', 1);
CREATE INDEX by_hash ON "Counters" USING hash ("Id");
SELECT same_by_index('"Id" = ''id7''');
DROP INDEX by_brin, by_hash, by_part;

-- in parallel
SET max_parallel_maintenance_workers = 2;
SET min_parallel_table_scan_size = 0;
SET maintenance_work_mem = '96MB';
CREATE INDEX by_part_parallel ON "Counters" ("Part");
REINDEX INDEX by_part_parallel;
RESET max_parallel_maintenance_workers;
RESET maintenance_work_mem;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SELECT count(*), sum((item ->> 'Part')::int) = sum("Part") FROM "Counters";
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

VACUUM "Counters";
SELECT * FROM check_indexes();
SELECT count(*) > 0 FROM "Counters" TABLESAMPLE SYSTEM (50);
ANALYZE "Counters";
SELECT reltuples = (SELECT count(*) FROM "Counters") FROM pg_class WHERE oid = '"Counters"'::regclass;

SET client_min_messages = warning;
DROP SCHEMA storage_indexes CASCADE;
