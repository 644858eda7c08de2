-- dynamo.load_items(): many items from a query.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

SELECT dynamo.create_table('ops_load', 'pk S', 'sk N') IS NOT NULL;
CREATE SCHEMA ops_load;
-- Items with plain JSON: key, and what tells versions apart.
CREATE FUNCTION ops_load.doc(i int, v text DEFAULT 'old') RETURNS jsonb LANGUAGE sql AS
    $$SELECT jsonb_build_object('pk', 'p' || i / 10, 'sk', i % 10, 'v', v)$$;
CREATE FUNCTION ops_load.contents(OUT items bigint, OUT versions text) LANGUAGE sql AS $$
    SELECT sum(n), string_agg(v || ' ' || n, ', ' ORDER BY v)
    FROM (SELECT item ->> 'v', count(*) FROM dynamodb.ops_load GROUP BY 1) x(v, n)$$;
-- Whether rows lie in the order of the key.
CREATE FUNCTION ops_load.is_ordered() RETURNS boolean LANGUAGE sql AS $$
    SELECT array_agg(ctid ORDER BY pk, sk) = array_agg(ctid ORDER BY ctid) FROM dynamodb.ops_load$$;

-- Plain JSON, in any order: stored in the order of the key.
SELECT * FROM dynamo.load_items('ops_load', 'SELECT ops_load.doc(i) FROM generate_series(1, 3000) i ORDER BY md5(i::text)');
SELECT * FROM ops_load.contents();
SELECT ops_load.is_ordered();
SELECT item FROM dynamodb.ops_load WHERE pk = 'p12' AND sk = 3;
SELECT dynamo.get_item('ops_load', '{"pk": {"S": "p12"}, "sk": {"N": "3"}}');
SELECT * FROM dynamo.check_table('ops_load');

-- The same in the order of the key, of which nothing is sorted; and items as items.
TRUNCATE dynamodb.ops_load;
SELECT * FROM dynamo.load_items('ops_load', $$SELECT ops_load.doc(i)::dynamo.item FROM generate_series(1, 3000) i
    ORDER BY ops_load.doc(i) ->> 'pk' COLLATE "C", i % 10$$);
SELECT * FROM ops_load.contents();
SELECT ops_load.is_ordered();
SELECT * FROM dynamo.check_table('ops_load');

-- ---- conflicts ----
-- with what is there: the key is named, nothing is changed
SELECT dynamo.load_items('ops_load', 'SELECT ops_load.doc(i, ''new'') FROM generate_series(2995, 3005) i');
SELECT dynamo.load_items('ops_load', 'SELECT ops_load.doc(i, ''new'') FROM generate_series(3005, 2995, -1) i');
SELECT dynamo.load_items('ops_load', 'SELECT ops_load.doc(i, ''new'') FROM generate_series(2995, 3005) i', on_conflict => 'error');
SELECT * FROM ops_load.contents();
SELECT * FROM dynamo.load_items('ops_load', 'SELECT ops_load.doc(i, ''skip'') FROM generate_series(2991, 3010) i', 'skip');
SELECT * FROM dynamo.load_items('ops_load', 'SELECT ops_load.doc(i, ''replace'') FROM generate_series(3001, 3020) i', 'replace');
SELECT * FROM ops_load.contents();
SELECT * FROM dynamo.check_table('ops_load');
-- of items among themselves: in a table that is empty, and in one that is not; the first stays, or the last counts
CREATE FUNCTION ops_load.repeated(mode text, keys int DEFAULT 100, rounds int DEFAULT 3) RETURNS text LANGUAGE sql AS $$
    SELECT format('%s loaded, %s skipped, %s replaced', loaded, skipped, replaced)
    FROM dynamo.load_items('ops_load', format($q$SELECT ops_load.doc(10000 + i %% %1$s, format('round %%s', i / %1$s))
        FROM generate_series(0, %1$s * %2$s - 1) i ORDER BY i$q$, keys, rounds), mode)$$;
TRUNCATE dynamodb.ops_load;
SELECT ops_load.repeated('error');
SELECT ops_load.repeated('skip');
SELECT * FROM ops_load.contents();
TRUNCATE dynamodb.ops_load;
SELECT ops_load.repeated('replace');
SELECT * FROM ops_load.contents();
SELECT ops_load.repeated('skip');
SELECT ops_load.repeated('replace');
SELECT * FROM ops_load.contents();
DELETE FROM dynamodb.ops_load WHERE sk < 5;
SELECT ops_load.repeated('skip');
SELECT * FROM ops_load.contents();
SELECT * FROM dynamo.check_table('ops_load');
-- after more than a batch that came in order
TRUNCATE dynamodb.ops_load;
SELECT ops_load.repeated('error', 2500, 2);
SELECT ops_load.repeated('skip', 2500, 2);
SELECT * FROM ops_load.contents();
TRUNCATE dynamodb.ops_load;
SELECT ops_load.repeated('replace', 2500, 2);
SELECT * FROM ops_load.contents();
SELECT * FROM dynamo.check_table('ops_load');
TRUNCATE dynamodb.ops_load;
SELECT ops_load.repeated('replace');
-- an item that is replaced by its like is not written
SELECT xmin AS writer FROM dynamodb.ops_load WHERE pk = 'p1000' AND sk = 5 \gset
SELECT dynamo.load_items('ops_load', 'SELECT item FROM dynamodb.ops_load WHERE pk = ''p1000'' AND sk = 5', 'replace');
SELECT xmin = :'writer' FROM dynamodb.ops_load WHERE pk = 'p1000' AND sk = 5;

-- ---- bad items name themselves and change nothing ----
TRUNCATE dynamodb.ops_load;
SELECT dynamo.load_items('ops_load', $$VALUES (ops_load.doc(1)), ('{"pk": "p"}')$$);
SELECT dynamo.load_items('ops_load', $$VALUES (ops_load.doc(2)), (ops_load.doc(1)), ('{"pk": "p", "sk": "1"}')$$);
SELECT dynamo.load_items('ops_load', $$VALUES (ops_load.doc(1)), ('{"pk": "", "sk": 1}')$$);
SELECT dynamo.load_items('ops_load', $$VALUES (ops_load.doc(1)), (ops_load.doc(2) || jsonb_build_object('x', repeat('x', 409600)))$$);
SELECT dynamo.load_items('ops_load', $$VALUES (ops_load.doc(1)), (jsonb_build_object('pk', repeat('x', 2049), 'sk', 1))$$);
SELECT dynamo.load_items('ops_load', $$VALUES (ops_load.doc(1)), (NULL)$$);
SELECT dynamo.load_items('ops_load', $$VALUES (ops_load.doc(1)), ('[1]')$$);
SELECT dynamo.load_items('ops_load', $$VALUES (ops_load.doc(1)), ('{"pk": "p", "sk": 1e200}')$$);
SELECT dynamo.load_items('ops_load', $$SELECT ops_load.doc(10 / (3 - i)) FROM generate_series(1, 5) i$$);
SELECT count(*) FROM dynamodb.ops_load;

-- ---- queries ----
SELECT dynamo.load_items('ops_load', 'SELECT');
SELECT dynamo.load_items('ops_load', 'SELECT ops_load.doc(1), ops_load.doc(2)');
SELECT dynamo.load_items('ops_load', 'SELECT ''{}''');
SELECT dynamo.load_items('ops_load', 'SELECT ''{}''::json');
SELECT dynamo.load_items('ops_load', 'SELECT item -> ''pk'' FROM dynamodb.ops_load');
SELECT dynamo.load_items('ops_load', 'SELECT ops_load.doc(1); DELETE FROM dynamodb.ops_load');
SELECT dynamo.load_items('ops_load', 'DELETE FROM dynamodb.ops_load');
SELECT dynamo.load_items('ops_load', 'COMMIT');
SELECT dynamo.load_items('ops_load', 'SELECT $1::jsonb');
SELECT dynamo.load_items('ops_load', 'SELECT FROM WHERE');
SELECT dynamo.load_items('ops_load', '');
SELECT dynamo.load_items('ops_load', NULL);
SELECT dynamo.load_items(NULL, 'SELECT ops_load.doc(1)');
SELECT dynamo.load_items('ops_load', 'SELECT ops_load.doc(1)', NULL);
SELECT dynamo.load_items('ops_load', 'SELECT ops_load.doc(1)', 'ERROR');
SELECT dynamo.load_items('ops_load_none', 'SELECT ops_load.doc(1)');
SELECT count(*) FROM dynamodb.ops_load;
-- no rows; VALUES; a domain; what a statement returns that writes, to the same table too
SELECT * FROM dynamo.load_items('ops_load', 'SELECT ops_load.doc(1) WHERE false');
SELECT * FROM dynamo.load_items('ops_load', $$VALUES ('{"pk": "p", "sk": 1, "v": "values"}'::jsonb)$$);
CREATE DOMAIN ops_load.document AS jsonb CHECK (value ? 'v');
SELECT * FROM dynamo.load_items('ops_load', $$SELECT '{"pk": "p", "sk": 2, "v": "domain"}'::ops_load.document$$);
SELECT * FROM dynamo.load_items('ops_load', $$DELETE FROM dynamodb.ops_load RETURNING item::jsonb || '{"v": "moved"}'$$);
SELECT * FROM dynamo.load_items('ops_load', $$WITH gone AS (DELETE FROM dynamodb.ops_load RETURNING item) SELECT item FROM gone$$, 'skip');
-- the query does not see what is loaded: rows double, and no more
SELECT * FROM dynamo.load_items('ops_load', $$SELECT item::jsonb || jsonb_build_object('sk', (item ->> 'sk')::int + 2) FROM dynamodb.ops_load$$);
SELECT * FROM ops_load.contents();
-- a cursor, and a prepared statement
BEGIN;
TRUNCATE dynamodb.ops_load;
DECLARE c CURSOR FOR SELECT ops_load.doc(10000 + i, 'cursor') FROM generate_series(1, 3000) i;
SELECT * FROM dynamo.load_items('ops_load', 'FETCH 2000 FROM c');
SELECT * FROM dynamo.load_items('ops_load', 'FETCH ALL FROM c', 'replace');
COMMIT;
PREPARE ops_load_query AS SELECT ops_load.doc(20000 - i, 'prepared') FROM generate_series(1, 10) i;
SELECT * FROM dynamo.load_items('ops_load', 'EXECUTE ops_load_query');
DEALLOCATE ops_load_query;
SELECT * FROM ops_load.contents();
SELECT * FROM dynamo.check_table('ops_load');
TRUNCATE dynamodb.ops_load;
-- a parallel plan
CREATE TABLE ops_load.source AS SELECT ops_load.doc(i, 'parallel') AS doc FROM generate_series(100, 2099) i;
ALTER TABLE ops_load.source SET (parallel_workers = 2);
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off;
SELECT * FROM dynamo.load_items('ops_load', 'SELECT doc FROM ops_load.source');
SELECT * FROM ops_load.contents();
SELECT * FROM dynamo.load_items('ops_load', 'SELECT doc FROM ops_load.source', 'replace');
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET parallel_leader_participation;

-- ---- transactions ----
TRUNCATE dynamodb.ops_load;
BEGIN;
SELECT dynamo.put_item('ops_load', ops_load.doc(7, 'put')::dynamo.item) IS NULL;
SELECT * FROM dynamo.load_items('ops_load', 'SELECT ops_load.doc(i) FROM generate_series(1, 9) i', 'replace');
SAVEPOINT s;
SELECT * FROM dynamo.load_items('ops_load', 'SELECT ops_load.doc(i, ''undone'') FROM generate_series(1, 20) i', 'replace');
SELECT * FROM ops_load.contents();
ROLLBACK TO s;
SELECT dynamo.load_items('ops_load', 'SELECT ops_load.doc(1)');
ROLLBACK TO s;
SELECT * FROM dynamo.load_items('ops_load', 'SELECT ops_load.doc(i, ''later'') FROM generate_series(9, 10) i', 'skip');
SELECT mode FROM pg_locks WHERE relation = 'dynamodb.ops_load'::regclass AND mode LIKE 'Share%';
SELECT count(*) FROM dynamo.stat_progress_load;
COMMIT;
SELECT * FROM ops_load.contents();
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM dynamo.load_items('ops_load', 'SELECT ops_load.doc(i, ''rr'') FROM generate_series(12, 9, -1) i', 'replace');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT * FROM dynamo.load_items('ops_load', 'SELECT ops_load.doc(i, ''s'') FROM generate_series(14, 11, -1) i', 'skip');
COMMIT;
SELECT * FROM ops_load.contents();
BEGIN READ ONLY;
SELECT dynamo.load_items('ops_load', 'SELECT ops_load.doc(1)');
ROLLBACK;
SELECT * FROM dynamo.check_table('ops_load');

-- ---- progress, which the query can see of itself ----
TRUNCATE dynamodb.ops_load;
CREATE TABLE ops_load.progress AS SELECT p.*, c.command, c.type, c.tuples_processed, c.tuples_excluded
    FROM dynamo.stat_progress_load p JOIN pg_stat_progress_copy c USING (pid) WITH NO DATA;
CREATE FUNCTION ops_load.watched(i int) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT pg_stat_clear_snapshot();
    INSERT INTO ops_load.progress SELECT p.*, c.command, c.type, c.tuples_processed, c.tuples_excluded
        FROM dynamo.stat_progress_load p JOIN pg_stat_progress_copy c USING (pid) WHERE pid = pg_backend_pid();
    SELECT ops_load.doc(i)$$;
SELECT * FROM dynamo.load_items('ops_load', 'SELECT ops_load.watched(i) FROM unnest(ARRAY[1, 2, 9, 7, 1, 8]) i', 'skip');
SELECT relid::regclass, datname = current_database(), phase, items_read, items_sorted, items_loaded, items_skipped, items_replaced,
       command, type, tuples_processed, tuples_excluded FROM ops_load.progress ORDER BY items_read;
SELECT count(*) FROM dynamo.stat_progress_load;
-- of COPY itself it shows nothing
SELECT count(*) FROM pg_stat_progress_copy;

-- ---- kinds of keys, large items, other indexes ----
SELECT dynamo.create_table('ops_load_n', 'id N') IS NOT NULL, dynamo.create_table('ops_load_b', 'id B', 'of S') IS NOT NULL;
SELECT * FROM dynamo.load_items('ops_load_n', 'SELECT jsonb_build_object(''id'', (i * 37 % 1000 - 500) / 4.0) FROM generate_series(1, 1000) i');
SELECT array_agg(ctid ORDER BY id) = array_agg(ctid ORDER BY ctid) FROM dynamodb.ops_load_n;
SELECT * FROM dynamo.load_items('ops_load_b', $$SELECT format('{"id": {"B": "%s"}, "of": {"S": "é%s"}, "s": {"NS": ["%s", "1000"]}}', encode(sha256(i::text::bytea), 'base64'), i, i)::dynamo.item FROM generate_series(1, 500) i$$);
SELECT array_agg(ctid ORDER BY id) = array_agg(ctid ORDER BY ctid) FROM dynamodb.ops_load_b;
SELECT * FROM dynamo.load_items('ops_load_b', 'SELECT item FROM dynamodb.ops_load_b', 'skip');
SELECT * FROM dynamo.check_table('ops_load_n') UNION ALL SELECT * FROM dynamo.check_table('ops_load_b');
CREATE INDEX ops_load_v ON dynamodb.ops_load ((item ->> 'v')) WHERE item ->> 'v' <> 'old';
CREATE UNIQUE INDEX ops_load_u ON dynamodb.ops_load ((item ->> 'u'));
CREATE FUNCTION ops_load.large(i int, v text) RETURNS jsonb LANGUAGE sql AS
    $$SELECT ops_load.doc(i, v) || jsonb_build_object('u', v || i, 'large',
        (SELECT string_agg(md5((i * 10000 + j)::text), '') FROM generate_series(1, i * 1200) j))$$;
SELECT * FROM dynamo.load_items('ops_load', 'SELECT ops_load.large(i, ''large'') FROM generate_series(10, 1, -1) i', 'replace');
SELECT sk, dynamo.item_size(item) FROM dynamodb.ops_load WHERE pk IN ('p0', 'p1') ORDER BY pk, sk;
SELECT * FROM dynamo.load_items('ops_load', $$SELECT item FROM dynamodb.ops_load$$, 'skip');
SELECT dynamo.load_items('ops_load', $$SELECT ops_load.doc(i, 'unique') || jsonb_build_object('u', i % 3) FROM generate_series(100, 105) i$$, 'skip');
SET enable_seqscan = off;
SELECT count(*) FROM dynamodb.ops_load WHERE item ->> 'v' = 'large' AND item ->> 'v' <> 'old';
RESET enable_seqscan;
SELECT * FROM dynamo.check_table('ops_load');

-- other kinds of indexes; rows that are replaced before the entries of other indexes are made
TRUNCATE dynamodb.ops_load;
CREATE INDEX ops_load_plain ON dynamodb.ops_load ((item ->> 'v') DESC NULLS LAST, sk) INCLUDE (pk);
CREATE INDEX ops_load_hash ON dynamodb.ops_load USING hash ((item ->> 'v'));
CREATE INDEX ops_load_brin ON dynamodb.ops_load USING brin (sk);
SELECT ops_load.repeated('replace', 2500, 2);
SELECT dynamo.load_items('ops_load', 'SELECT ops_load.doc(i, ''sorted'') FROM generate_series(1, 20) i ORDER BY i % 7', 'skip');
CREATE FUNCTION ops_load.by_index(condition text, OUT n bigint, OUT versions text) LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    EXECUTE 'SELECT count(*), string_agg(DISTINCT item ->> ''v'', '', '') FROM dynamodb.ops_load WHERE ' || condition INTO n, versions;
END$$;
SELECT c, (ops_load.by_index(c)).* FROM unnest(ARRAY[$q$item ->> 'v' = 'round 0'$q$, $q$item ->> 'v' = 'round 1'$q$, $q$item ->> 'v' >= 'round 1'$q$,
    $q$item ->> 'v' >= 'round 1' AND sk = 3$q$, $q$item ->> 'v' = 'sorted' AND item ->> 'v' <> 'old'$q$]) c;
SELECT * FROM dynamo.check_table('ops_load');
-- an entry that is too long, of an index of one's own
CREATE INDEX ops_load_long ON dynamodb.ops_load ((item ->> 'w'));
\set VERBOSITY terse
SELECT dynamo.load_items('ops_load', $$SELECT ops_load.doc(i) || jsonb_build_object('w',
    (SELECT string_agg(md5((i * 100 + j)::text), '') FROM generate_series(1, 200) j)) FROM generate_series(1000, 1001) i$$);
\set VERBOSITY default
SELECT ops_load.contents();

-- ---- derived columns beside the key, with an index ----
SELECT dynamo.create_table('ops_load_d', 'id N') IS NOT NULL;
ALTER TABLE dynamodb.ops_load_d ADD COLUMN owner text COLLATE "C", ADD COLUMN _ttl bigint;
CREATE OR REPLACE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON dynamodb.ops_load_d FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('id', 'N', 'id', 'HASH', 'owner', 'S', 'owner', 'INDEX', 'expires', 'N', '_ttl', 'TTL');
ALTER TABLE dynamodb.ops_load_d ENABLE ALWAYS TRIGGER zzz_dynamo_maintain;
CREATE INDEX ops_load_owner ON dynamodb.ops_load_d (owner, id) WHERE owner IS NOT NULL;
SELECT * FROM dynamo.load_items('ops_load_d', $$SELECT jsonb_build_object('id', 20 - i, 'owner', CASE i % 4 WHEN 0 THEN 'ann' WHEN 1 THEN 'bob' WHEN 2 THEN '' END, 'expires', 1000 + i) FROM generate_series(1, 12) i$$);
SELECT * FROM dynamo.load_items('ops_load_d', $$SELECT jsonb_build_object('id', i, 'owner', 'eve', 'expires', 'never') FROM generate_series(8, 9) i$$, 'replace');
SET enable_seqscan = off; SET enable_bitmapscan = off;
SELECT owner, string_agg(id || ' ' || coalesce(_ttl::text, '-'), ', ' ORDER BY id) FROM dynamodb.ops_load_d WHERE owner IS NOT NULL GROUP BY owner ORDER BY owner;
RESET enable_seqscan; RESET enable_bitmapscan;
SELECT count(*) FROM dynamodb.ops_load_d WHERE owner IS NULL;
SELECT * FROM dynamo.check_table('ops_load_d');

-- ---- temporary and unlogged tables; a table made in the same transaction ----
BEGIN;
SELECT dynamo.create_table('ops_load_new', 'id N') IS NOT NULL;
SELECT * FROM dynamo.load_items('ops_load_new', 'SELECT jsonb_build_object(''id'', i) FROM generate_series(1, 5000) i');
COMMIT;
SELECT count(*) FROM dynamodb.ops_load_new;
ALTER TABLE dynamodb.ops_load_new SET UNLOGGED;
SELECT * FROM dynamo.load_items('ops_load_new', 'SELECT jsonb_build_object(''id'', i) FROM generate_series(5001, 9000) i');
SELECT * FROM dynamo.check_table('ops_load_new');

CREATE TEMPORARY TABLE temporary (id numeric PRIMARY KEY, item dynamo.item NOT NULL) USING dynamo;
CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON temporary FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('id', 'N', 'id', 'HASH');
ALTER TABLE temporary ENABLE ALWAYS TRIGGER zzz_dynamo_maintain;
SET dynamo.schema = 'pg_temp';
SELECT * FROM dynamo.load_items('temporary', 'SELECT jsonb_build_object(''id'', 5 - i) FROM generate_series(1, 5) i');
SELECT id FROM temporary;
SELECT problem FROM dynamo.check_table('temporary');
RESET dynamo.schema;

-- ---- a query that writes to the table, which was empty, while its rows are loaded ----
SELECT dynamo.create_table('ops_load_written', 'pk S', 'sk N') IS NOT NULL;
CREATE FUNCTION ops_load.put_next(i int) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dynamo.put_item('ops_load_written', jsonb_build_object('pk', 'p', 'sk', i + 1, 'v', 'put')::dynamo.item);
    RETURN jsonb_build_object('pk', 'p', 'sk', i, 'v', 'loaded');
END $$;
SELECT * FROM dynamo.load_items('ops_load_written', 'SELECT ops_load.put_next(i) FROM generate_series(1, 5) i', 'skip');
SELECT item ->> 'v', count(*), min(sk), max(sk) FROM dynamodb.ops_load_written GROUP BY 1;
TRUNCATE dynamodb.ops_load_written;
SELECT * FROM dynamo.load_items('ops_load_written', 'SELECT ops_load.put_next(i) FROM generate_series(5, 1, -1) i', 'replace');
SELECT item ->> 'v', count(*), min(sk), max(sk) FROM dynamodb.ops_load_written GROUP BY 1;
SELECT * FROM dynamo.check_table('ops_load_written');

-- ---- statistics ----
SELECT pg_stat_force_next_flush();
SELECT n_tup_ins, n_tup_upd FROM pg_stat_all_tables WHERE relid = 'dynamodb.ops_load_new'::regclass;

DROP SCHEMA ops_load CASCADE;
SELECT dynamo.delete_table(name) IS NOT NULL FROM dynamo.tables WHERE name LIKE 'ops\_load%';
