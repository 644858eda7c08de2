-- Rows: ranges and whole tables in key order, directly and by SQL, against plain SQL
\pset format unaligned
\pset tuples_only on

-- Four kinds of key, each with a twin that a CHECK constraint makes to be reached by SQL.
SELECT dynamo.create_table('storage_scan_' || t, pk, sk) IS NOT NULL
FROM (VALUES ('ss', 'pk S', 'sk S'), ('sn', 'pk S', 'sk N'), ('nb', 'pk N', 'sk B'), ('s', 'pk S', NULL)) k(t, pk, sk);
SELECT dynamo.create_table('storage_scan_' || t || '_sql', pk, sk) IS NOT NULL
FROM (VALUES ('ss', 'pk S', 'sk S'), ('sn', 'pk S', 'sk N'), ('nb', 'pk N', 'sk B'), ('s', 'pk S', NULL)) k(t, pk, sk);
ALTER TABLE dynamodb.storage_scan_ss_sql ADD CHECK (pk <> '-');
ALTER TABLE dynamodb.storage_scan_sn_sql ADD CHECK (pk <> '-');
ALTER TABLE dynamodb.storage_scan_nb_sql ADD CHECK (pk <> -1);
ALTER TABLE dynamodb.storage_scan_s_sql ADD CHECK (pk <> '-');

-- Sort keys around the edges of prefixes: characters before and after the
-- surrogates, the last character, shorter and longer encodings.
CREATE TEMP TABLE words AS
SELECT p || s AS word
FROM unnest(ARRAY['', 'a', E'\u007F', E'\u00E9', E'\uD7FF', E'\uE000', E'\uFFFF', U&'\+010FFFF', U&'\+010000']) p,
     unnest(ARRAY['', 'a', 'b', E'\u007F', E'\u0080', E'\uFFFF', U&'\+010FFFF', U&'\+010FFFF' || 'x']) s
WHERE p || s <> '';
INSERT INTO dynamodb.storage_scan_ss (item)
SELECT jsonb_build_object('pk', pk, 'sk', word)::dynamo.item FROM unnest(ARRAY['a', 'b', 'c']) pk, (SELECT DISTINCT word FROM words) w;
INSERT INTO dynamodb.storage_scan_sn (item)
SELECT jsonb_build_object('pk', 'p' || i % 7, 'sk', (i - 150) / 4.0)::dynamo.item FROM generate_series(1, 300) i;
INSERT INTO dynamodb.storage_scan_nb (item)
SELECT format('{"pk": {"N": "%s"}, "sk": {"B": "%s"}}', i % 3, encode(decode(lpad(to_hex(i * 163), 4, '0'), 'hex'), 'base64'))::dynamo.item
FROM generate_series(0, 402) i;
INSERT INTO dynamodb.storage_scan_s (item)
SELECT jsonb_build_object('pk', md5(i::text))::dynamo.item FROM generate_series(1, 500) i;
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['ss', 'sn', 'nb', 's'] LOOP
        EXECUTE format('INSERT INTO dynamodb.storage_scan_%s_sql (item) SELECT item FROM dynamodb.storage_scan_%1$s ORDER BY md5(item::text)', t);
    END LOOP;
END$$;

-- Whether a read of ours gives, in order, what a query of the table gives.  (A
-- start outside of the range is refused.)
CREATE FUNCTION same(ours text, sql text, OUT ok boolean, OUT n bigint) LANGUAGE plpgsql AS $$
DECLARE
    a dynamo.item[];
    b dynamo.item[];
BEGIN
    EXECUTE 'SELECT array_agg(i) FROM ' || ours || ' i' INTO a;
    EXECUTE 'SELECT array_agg(item) FROM (' || sql || ') i' INTO b;
    ok := a IS NOT DISTINCT FROM b;
    n := coalesce(cardinality(b), 0);
    IF NOT ok THEN
        RAISE WARNING '%: % rows; %: % rows', ours, cardinality(a), sql, cardinality(b);
    END IF;
EXCEPTION WHEN SQLSTATE 'ND001' THEN
    ok := SQLERRM = 'The provided starting key does not match the range key predicate';
    n := 0;
END$$;

-- Conditions on the sort key, ours and as SQL, with values that occur and values between them.
CREATE FUNCTION conditions(t text, partition text) RETURNS TABLE (ours text, sql text, binds text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$
        WITH keys AS MATERIALIZED (
            SELECT format('%%s', item -> 'sk') AS v, quote_literal(sk) AS lit, sk
            FROM dynamodb.%I WHERE pk = %L ORDER BY md5(item::text) LIMIT 12)
        SELECT '', '', ''
        UNION ALL
        SELECT ' AND sk ' || o || ' :a', ' AND sk ' || o || ' ' || lit, ', ":a": ' || v
        FROM keys, unnest('{=,<,<=,>,>=}'::text[]) o
        UNION ALL
        SELECT ' AND sk BETWEEN :a AND :b', ' AND sk BETWEEN ' || a.lit || ' AND ' || b.lit, ', ":a": ' || a.v || ', ":b": ' || b.v
        FROM keys a, keys b WHERE a.sk <= b.sk$q$, t, partition);
END$$;

-- Reads all these ranges of a partition in both directions, with and without a
-- start.
CREATE FUNCTION ranges(t text, partition text, OUT reads bigint, OUT all_same boolean, OUT items numeric) LANGUAGE plpgsql AS $$
DECLARE
    pk_value text;
BEGIN
    EXECUTE format('SELECT format(''%%s'', item -> ''pk'') FROM dynamodb.%I WHERE pk = %L LIMIT 1', t, partition) INTO pk_value;
    EXECUTE format($q$
        WITH starts AS (
            SELECT NULL AS key, NULL AS lit
            UNION ALL
            (SELECT item::text, quote_literal(sk) FROM dynamodb.%1$I WHERE pk = %2$L ORDER BY md5('x' || item::text) LIMIT 5)),
        results AS MATERIALIZED (
            SELECT s.*
            FROM conditions(%1$L, %2$L) c, starts, (VALUES (true, '>', 'ASC'), (false, '<', 'DESC')) d(forward, after, direction),
                 same(format('dynamo.query(%%L, %%L, expression_attribute_values => %%L, scan_index_forward => %%L, exclusive_start_key => %%L)',
                             %1$L, 'pk = :p' || c.ours, '{":p": ' || %3$L || c.binds || '}', forward, starts.key),
                      format('SELECT item FROM dynamodb.%%I WHERE pk = %%L', %1$L, %2$L) || c.sql
                          || coalesce(' AND sk ' || after || starts.lit, '') || ' ORDER BY sk ' || direction) s)
        SELECT count(*), bool_and(ok), sum(n) FROM results$q$, t, partition, pk_value)
    INTO reads, all_same, items;
END$$;

SELECT * FROM ranges('storage_scan_ss', 'b');
SELECT * FROM ranges('storage_scan_ss_sql', 'b');
SELECT * FROM ranges('storage_scan_sn', 'p3');
SELECT * FROM ranges('storage_scan_sn_sql', 'p3');
SELECT * FROM ranges('storage_scan_nb', '1');
SELECT * FROM ranges('storage_scan_nb_sql', '1');

-- begins_with: strings
CREATE FUNCTION string_prefixes(t text, OUT reads bigint, OUT all_same boolean, OUT items numeric) LANGUAGE sql AS $$
    SELECT count(*), bool_and(ok), sum(n)
    FROM (SELECT DISTINCT word FROM words) w, (VALUES (true, 'ASC'), (false, 'DESC')) d(forward, direction),
         same(format('dynamo.query(%L, ''pk = :p AND begins_with(sk, :b)'', expression_attribute_values => %L, scan_index_forward => %L)',
                     t, format('{":p": {"S": "b"}, ":b": {"S": %s}}', to_json(word)), forward),
              format('SELECT item FROM dynamodb.%I WHERE pk = ''b'' AND starts_with(sk, %L) ORDER BY sk %s', t, word, direction)) s$$;
SELECT * FROM string_prefixes('storage_scan_ss');
SELECT * FROM string_prefixes('storage_scan_ss_sql');

-- begins_with: bytes, with prefixes that end in FF
CREATE FUNCTION binary_prefixes(t text, OUT reads bigint, OUT all_same boolean, OUT items numeric) LANGUAGE sql AS $$
    SELECT count(*), bool_and(ok), sum(n)
    FROM generate_series(0, 255) b, (VALUES (true, 'ASC'), (false, 'DESC')) d(forward, direction),
         same(format('dynamo.query(%L, ''pk = :p AND begins_with(sk, :b)'', expression_attribute_values => %L, scan_index_forward => %L)',
                     t, format('{":p": {"N": "1"}, ":b": {"B": "%s"}}', encode(set_byte('\x00', 0, b), 'base64')), forward),
              format('SELECT item FROM dynamodb.%I WHERE pk = 1 AND get_byte(sk, 0) = %s ORDER BY sk %s', t, b, direction)) s$$;
SELECT * FROM binary_prefixes('storage_scan_nb');
SELECT * FROM binary_prefixes('storage_scan_nb_sql');
INSERT INTO dynamodb.storage_scan_nb (item) VALUES ('{"pk": {"N": "9"}, "sk": {"B": "//8="}}'), ('{"pk": {"N": "9"}, "sk": {"B": "//8A"}}'),
    ('{"pk": {"N": "9"}, "sk": {"B": "/v8="}}'), ('{"pk": {"N": "9"}, "sk": {"B": "/v8A"}}'), ('{"pk": {"N": "9"}, "sk": {"B": "/w=="}}');
SELECT p, count(*)
FROM unnest(ARRAY['//8=', '/w==', '/v8=', '/g==', '////']) WITH ORDINALITY p(p, o),
     dynamo.query('storage_scan_nb', 'pk = :p AND begins_with(sk, :b)',
                  expression_attribute_values => format('{":p": {"N": "9"}, ":b": {"B": "%s"}}', p)::dynamo.item)
GROUP BY p, o ORDER BY o;

-- a start at the very end
SELECT count(*) FROM dynamo.query('storage_scan_sn', 'pk = :p AND sk BETWEEN :a AND :b',
    expression_attribute_values => '{":p": {"S": "p3"}, ":a": {"N": "0"}, ":b": {"N": "10"}}',
    exclusive_start_key => '{"pk": {"S": "p3"}, "sk": {"N": "10"}}');

-- a table without sort key
SELECT * FROM same($$dynamo.query('storage_scan_s', 'pk = :p', expression_attribute_values => '{":p": {"S": "c4ca4238a0b923820dcc509a6f75849b"}}')$$,
                   $$SELECT item FROM dynamodb.storage_scan_s WHERE pk = md5('1')$$);
SELECT * FROM same($$dynamo.query('storage_scan_s_sql', 'pk = :p', expression_attribute_values => '{":p": {"S": "c4ca4238a0b923820dcc509a6f75849b"}}')$$,
                   $$SELECT item FROM dynamodb.storage_scan_s WHERE pk = md5('1')$$);

-- whole tables, from the beginning and after every item
CREATE FUNCTION whole(t text, key text, OUT reads bigint, OUT all_same boolean, OUT items numeric) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($q$
        WITH starts AS (SELECT NULL::dynamo.item AS item, NULL AS lit
                        UNION ALL SELECT item, %2$s FROM dynamodb.%1$I),
        results AS MATERIALIZED (
            SELECT s.* FROM starts,
                same(format('dynamo.scan(%%L, exclusive_start_key => %%L)', %1$L, item),
                     'SELECT item FROM dynamodb.%1$I' || coalesce(' WHERE (%3$s) > (' || lit || ')', '') || ' ORDER BY %3$s') s)
        SELECT count(*), bool_and(ok), sum(n) FROM results$q$,
        t, (SELECT string_agg('quote_literal(' || k || ')', ' || '','' || ') FROM regexp_split_to_table(key, ',') k), key)
    INTO reads, all_same, items;
END$$;
SELECT * FROM whole('storage_scan_ss', 'pk,sk');
SELECT * FROM whole('storage_scan_ss_sql', 'pk,sk');
SELECT * FROM whole('storage_scan_nb_sql', 'pk,sk');
SELECT * FROM whole('storage_scan_s', 'pk');
SELECT * FROM whole('storage_scan_s_sql', 'pk');

-- segments: every item once, whole partitions together
CREATE FUNCTION segments(t text, total int, OUT items bigint, OUT distinct_items bigint, OUT torn bigint) LANGUAGE sql AS $$
    WITH found AS MATERIALIZED (SELECT s, dynamo.scan(t, segment => s, total_segments => total) AS item FROM generate_series(0, total - 1) s)
    SELECT count(*), count(DISTINCT item::text),
           (SELECT count(*) FROM (SELECT FROM found GROUP BY item ->> 'pk' HAVING count(DISTINCT s) > 1) x)
    FROM found$$;
SELECT t, n, segments(t || twin, n)
FROM unnest(ARRAY['storage_scan_ss', 'storage_scan_sn', 'storage_scan_nb', 'storage_scan_s']) t, unnest(ARRAY['', '_sql']) twin, unnest(ARRAY[1, 2, 8, 1000]) n
ORDER BY t, n, twin;
SELECT min(c) > 30 AS even FROM (SELECT s, count(*) AS c FROM (SELECT s, dynamo.scan('storage_scan_s', segment => s, total_segments => 8)
    FROM generate_series(0, 7) s) x GROUP BY s) y;
-- both ways divide alike
SELECT count(*) FROM (SELECT s, dynamo.scan('storage_scan_s', segment => s, total_segments => 8) i FROM generate_series(0, 7) s
    EXCEPT SELECT s, dynamo.scan('storage_scan_s_sql', segment => s, total_segments => 8) FROM generate_series(0, 7) s) x;
-- a partition key that an index compresses
SELECT dynamo.put_item('storage_scan_s', jsonb_build_object('pk', repeat('long', 500))::dynamo.item);
SELECT segments('storage_scan_s', 8);

-- Streams: read a row at a time, kept open over writes and subtransactions, left early.
BEGIN;
DECLARE directly CURSOR FOR SELECT dynamo.scan('storage_scan_sn');
DECLARE by_sql CURSOR FOR SELECT dynamo.scan('storage_scan_sn_sql');
FETCH 1 FROM directly;
FETCH 1 FROM by_sql;
DELETE FROM dynamodb.storage_scan_sn;
DELETE FROM dynamodb.storage_scan_sn_sql;
SAVEPOINT s;
FETCH 1 FROM directly;
FETCH 1 FROM by_sql;
ROLLBACK TO s;
MOVE FORWARD ALL FROM directly;
MOVE FORWARD ALL FROM by_sql;
FETCH 1 FROM directly;
ROLLBACK;
BEGIN;
DECLARE directly CURSOR WITH HOLD FOR SELECT dynamo.scan('storage_scan_sn');
DECLARE by_sql CURSOR WITH HOLD FOR SELECT dynamo.scan('storage_scan_sn_sql');
DECLARE dropped CURSOR FOR SELECT dynamo.scan('storage_scan_sn'), dynamo.scan('storage_scan_sn_sql');
FETCH 1 FROM directly;
FETCH 1 FROM by_sql;
FETCH 1 FROM dropped;
COMMIT;
MOVE FORWARD ALL FROM directly;
MOVE FORWARD ALL FROM by_sql;
CLOSE ALL;
SELECT count(*) FROM (SELECT dynamo.scan('storage_scan_sn'), dynamo.scan('storage_scan_sn_sql') LIMIT 5) x;
-- an error in the middle
SELECT 1 / (4 - row_number() OVER ()) FROM (SELECT dynamo.scan('storage_scan_sn'), dynamo.scan('storage_scan_sn_sql')) x;
-- loops that commit
DO $$
DECLARE
    n int := 0;
    i dynamo.item;
BEGIN
    FOR i IN SELECT dynamo.scan('storage_scan_sn') UNION ALL SELECT dynamo.scan('storage_scan_sn_sql') LOOP
        n := n + 1;
        COMMIT;
    END LOOP;
    RAISE NOTICE '% items', n;
END$$;
-- scans inside scans of the same table
SELECT count(*) FROM (SELECT dynamo.query('storage_scan_sn', 'pk = :p', expression_attribute_values => format('{":p": %s}', i -> 'pk')::dynamo.item)
    FROM dynamo.query('storage_scan_sn', 'pk = :p', expression_attribute_values => '{":p": {"S": "p1"}}') i) x;

SELECT count(dynamo.delete_table('storage_scan_' || t)) FROM unnest(ARRAY['ss', 'sn', 'nb', 's', 'ss_sql', 'sn_sql', 'nb_sql', 's_sql']) t;
DROP FUNCTION same, conditions, ranges, string_prefixes, binary_prefixes, whole, segments;
DROP TABLE words;
