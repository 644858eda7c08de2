-- Kinds of index that versions of PostgreSQL treat differently, after direct
-- writes: from 16 on an update is HOT although a summarizing index (BRIN) covers
-- what it changes, and only that index gets an entry; BRIN and GIN are built in
-- parallel since 17 and 18.
\pset format unaligned
\pset tuples_only on
SET dynamo.schema = 'storage_index_kinds';
SELECT dynamo.create_table('kinds', 'pk S', 'sk N') IS NOT NULL;
SET search_path = storage_index_kinds, dynamo, public;

-- what a condition selects by a bitmap of the index, and by a scan of the table
CREATE FUNCTION by_bitmap(condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    by_index text;
    by_table text;
    plan text;
    uses_bitmap boolean := false;
BEGIN
    PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'off', true);
    FOR plan IN EXECUTE 'EXPLAIN SELECT FROM kinds WHERE ' || condition LOOP
        uses_bitmap := uses_bitmap OR plan ~ 'Bitmap Heap Scan';
    END LOOP;
    EXECUTE 'SELECT count(*) || '' '' || coalesce(min(sk), 0) || '' '' || coalesce(max(sk), 0) FROM kinds WHERE ' || condition INTO by_index;
    PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_bitmapscan', 'off', true);
    EXECUTE 'SELECT count(*) || '' '' || coalesce(min(sk), 0) || '' '' || coalesce(max(sk), 0) FROM kinds WHERE ' || condition INTO by_table;
    PERFORM set_config('enable_indexscan', 'on', true), set_config('enable_bitmapscan', 'on', true);
    RETURN CASE WHEN NOT uses_bitmap THEN 'no bitmap' WHEN by_index = by_table THEN by_index
                ELSE by_index || ' by index, ' || by_table || ' by table' END;
END $$;
CREATE FUNCTION kind(sk int, v int) RETURNS dynamo.item LANGUAGE sql AS
    $$SELECT jsonb_build_object('pk', 'p', 'sk', sk, 'v', v, 'w', 'w' || sk % 10)::dynamo.item$$;

ALTER TABLE kinds SET (fillfactor = 50, autovacuum_enabled = off);
SELECT count(dynamo.put_item('kinds', kind(i, i))) FROM generate_series(1, 500) i;

-- one summarizing index: its range must follow what direct updates store
CREATE INDEX kinds_brin ON kinds USING brin (((item ->> 'v')::int)) WITH (pages_per_range = 1, autosummarize = off);
SELECT by_bitmap('(item ->> ''v'')::int = 77'), by_bitmap('(item ->> ''v'')::int > 100000');
SELECT count(dynamo.put_item('kinds', kind(i, 100000 + i))) FROM generate_series(1, 500, 50) i;
SELECT dynamo.update_item('kinds', '{"pk": {"S": "p"}, "sk": {"N": "2"}}', 'SET v = :v',
                          expression_attribute_values => '{":v": {"N": "-5"}}') IS NULL;
SELECT by_bitmap('(item ->> ''v'')::int > 100000'), by_bitmap('(item ->> ''v'')::int < 0');
-- so do rows written by the executor
UPDATE kinds SET item = kind(sk::int, 200000) WHERE sk % 100 = 0;
SELECT by_bitmap('(item ->> ''v'')::int = 200000');

-- with another index beside it, which gets an entry of each new version
CREATE INDEX kinds_w ON kinds ((item ->> 'w'));
SELECT count(dynamo.put_item('kinds', kind(i, 300000 + i))) FROM generate_series(1, 500, 100) i;
SELECT by_bitmap('(item ->> ''v'')::int > 300000'), by_bitmap('item ->> ''w'' = ''w1''');

-- built in parallel, and anew
SET max_parallel_maintenance_workers = 2;
SET min_parallel_table_scan_size = 0;
SET maintenance_work_mem = '96MB';
REINDEX INDEX kinds_brin;
CREATE INDEX kinds_gin ON kinds USING gin (((item ->> 'w')::tsvector));
SELECT by_bitmap('(item ->> ''v'')::int > 300000'), by_bitmap('(item ->> ''w'')::tsvector @@ ''w3''');
CREATE INDEX CONCURRENTLY kinds_gin_too ON kinds USING gin (string_to_array(item ->> 'w', ','));
REINDEX TABLE CONCURRENTLY kinds;
SELECT by_bitmap('string_to_array(item ->> ''w'', '','') @> ''{w4}''');

-- scans that take another way through the access method
SELECT count(*) FROM kinds WHERE ctid >= '(0,0)' AND ctid < '(100000,0)';
SELECT count(*) = (SELECT count(*) FROM kinds WHERE ctid < '(2,0)') + (SELECT count(*) FROM kinds WHERE ctid >= '(2,0)') FROM kinds;
CLUSTER kinds USING kinds_pkey;
VACUUM FULL kinds;
VACUUM (FREEZE, ANALYZE) kinds;
SELECT by_bitmap('(item ->> ''v'')::int > 300000'), by_bitmap('item ->> ''w'' = ''w1''');
SELECT * FROM dynamo.check_table('kinds');

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA storage_index_kinds CASCADE;
