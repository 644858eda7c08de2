-- Query and Scan over items of all sizes, on many pages of table and index: each read
-- directly and by SQL, forwards and backwards, with and without what keeps items
-- from being built, against a model in plain SQL
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

-- the twin is reached by SQL
SELECT dynamo.create_table(t, 'pk S', 'sk N') IS NOT NULL FROM unnest('{ops_reads,ops_reads_sql}'::text[]) t;
ALTER TABLE dynamodb.ops_reads_sql ADD CHECK (pk <> '-');

CREATE FUNCTION pg_temp.make(pk text, sk int, note text, version int DEFAULT 1) RETURNS dynamo.item LANGUAGE sql AS $$
    SELECT jsonb_build_object('pk', pk, 'sk', sk, 'odd', sk % 2 = 1, 'note', note, 'v', version, 'm', jsonb_build_object('list', jsonb_build_array(sk, 'x')))::dynamo.item
$$;
-- of any length, and hardly compressible
CREATE FUNCTION pg_temp.noise(seed text, len int) RETURNS text LANGUAGE sql AS $$
    SELECT left(string_agg(md5(seed || i), ''), len) FROM generate_series(0, len / 32) i
$$;

-- 30 collections on mixed pages and several leaf pages of the index, a third of their
-- items moved by updates, some deleted; the entries of the dead are still there
SELECT setseed(0.5);
INSERT INTO dynamodb.ops_reads (item)
SELECT pg_temp.make('p' || i % 30, i / 30, repeat(md5(i::text), 1 + i % 12)) FROM generate_series(0, 3599) i ORDER BY random();
UPDATE dynamodb.ops_reads SET item = pg_temp.make(pk, sk::int, repeat(md5(sk::text), 20), 2) WHERE sk % 3 = 0;
DELETE FROM dynamodb.ops_reads WHERE sk % 7 = 0;
-- large items: stored in place, compressed in place, compressed and plain out of line
INSERT INTO dynamodb.ops_reads (item)
SELECT pg_temp.make('large', i, CASE i % 4 WHEN 0 THEN 'short' WHEN 1 THEN repeat('x', 9000) WHEN 2 THEN pg_temp.noise(i::text, 90000) ELSE repeat(pg_temp.noise(i::text, 3000), 100) END)
FROM generate_series(1, 40) i;
-- exactly 1 MB are four of these, and five of those but for three bytes
INSERT INTO dynamodb.ops_reads (item) SELECT format('{"pk":{"S":"exact"},"sk":{"N":"%s"},"x":{"S":"%s"}}', i, repeat('x', 262144 - 12))::dynamo.item FROM generate_series(1, 9) i;
INSERT INTO dynamodb.ops_reads (item) SELECT format('{"pk":{"S":"short"},"sk":{"N":"%s"},"x":{"S":"%s"}}', i, repeat('x', 209715 - 12))::dynamo.item FROM generate_series(1, 9) i;
INSERT INTO dynamodb.ops_reads_sql (item) SELECT item FROM dynamodb.ops_reads ORDER BY random();
SELECT pk, count(*), min(dynamo.item_size(item)), max(dynamo.item_size(item)), count(DISTINCT pg_column_size(item) < dynamo.item_size(item) / 2) FROM dynamodb.ops_reads WHERE pk !~ '^p' GROUP BY 1 ORDER BY 1;
SELECT count(*), count(DISTINCT pk), pg_relation_size('dynamodb.ops_reads_pkey') / current_setting('block_size')::int > 10 AS many_leaves FROM dynamodb.ops_reads;

-- A request's pages, one after the other: counts and units of each, and all items.
CREATE FUNCTION pg_temp.pages(operation text, request jsonb, OUT pages text[], OUT items text[]) LANGUAGE plpgsql AS $$
DECLARE
    response jsonb;
BEGIN
    request := request || '{"ReturnConsumedCapacity": "TOTAL"}';
    LOOP
        response := dynamo.call(operation, request::json);
        pages := pages || format('%s of %s for %s', response -> 'Count', response -> 'ScannedCount', response #> '{ConsumedCapacity,CapacityUnits}');
        items := items || ARRAY(SELECT i::text::dynamo.item::text FROM jsonb_array_elements(response -> 'Items') WITH ORDINALITY AS t(i, n) ORDER BY n);
        EXIT WHEN response -> 'LastEvaluatedKey' IS NULL;
        request := request || jsonb_build_object('ExclusiveStartKey', response -> 'LastEvaluatedKey');
    END LOOP;
END
$$;

-- The same by the rules: a page ends with the item that reaches its limit or 1 MB.
CREATE FUNCTION pg_temp.model(rows text, backward bool, filtered bool, projected bool, counted bool, lim int, OUT pages text[], OUT items text[]) LANGUAGE plpgsql AS $$
DECLARE
    r record;
    n int := 0;
    scanned int := 0;
    bytes int := 0;
    full_page bool := true;
BEGIN
    items := '{}';
    FOR r IN EXECUTE format('SELECT *, dynamo.item_size(item) AS size FROM dynamodb.ops_reads WHERE %s ORDER BY pk %s, sk %2$s', rows, CASE WHEN backward THEN 'DESC' ELSE 'ASC' END) LOOP
        scanned := scanned + 1;
        bytes := bytes + r.size;
        IF NOT filtered OR r.item ->> 'odd' = 'true' THEN
            n := n + 1;
            IF NOT counted THEN
                items := items || CASE WHEN projected THEN jsonb_strip_nulls(jsonb_build_object('sk', r.sk, 'm', CASE WHEN r.item -> 'm' IS NOT NULL
                    THEN jsonb_build_object('list', jsonb_build_array(r.sk)) END))::dynamo.item::text ELSE r.item::text END;
            END IF;
        END IF;
        full_page := scanned = lim OR bytes >= 1024 * 1024;
        IF full_page THEN
            pages := pages || format('%s of %s for %s', n, scanned, to_char(greatest(ceil(bytes / 4096.0), 1) / 2, 'FM999990.0'));
            n := 0; scanned := 0; bytes := 0;
        END IF;
    END LOOP;
    -- the page behind the last full one is empty
    pages := pages || format('%s of %s for %s', n, scanned, to_char(greatest(ceil(bytes / 4096.0), 1) / 2, 'FM999990.0'));
END
$$;

CREATE FUNCTION pg_temp.compare(pk text, backward bool, filtered bool, projected bool, counted bool, lim int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    request jsonb := jsonb_strip_nulls(jsonb_build_object('Limit', lim, 'Select', CASE WHEN counted THEN 'COUNT' END, 'FilterExpression', CASE WHEN filtered THEN 'odd = :t' END,
        'ProjectionExpression', CASE WHEN projected THEN 'sk, m.#l[0]' END, 'ExpressionAttributeNames', CASE WHEN projected THEN '{"#l": "list"}'::jsonb END));
    vals jsonb := CASE WHEN filtered THEN '{":t": {"BOOL": true}}' ELSE '{}' END;
    operation text := 'Scan';
    expected record;
    found record;
    t text;
BEGIN
    expected := pg_temp.model(CASE WHEN pk IS NULL THEN 'true' ELSE format('pk = %L', pk) END, backward, filtered, projected, counted, lim);
    IF pk IS NOT NULL THEN
        operation := 'Query';
        request := request || jsonb_build_object('KeyConditionExpression', 'pk = :p', 'ScanIndexForward', NOT backward);
        vals := vals || jsonb_build_object(':p', jsonb_build_object('S', pk));
    END IF;
    IF vals <> '{}' THEN
        request := request || jsonb_build_object('ExpressionAttributeValues', vals);
    END IF;
    FOREACH t IN ARRAY '{ops_reads,ops_reads_sql}'::text[] LOOP
        found := pg_temp.pages(operation, request || jsonb_build_object('TableName', t));
        IF found.pages IS DISTINCT FROM expected.pages OR coalesce(found.items, '{}') IS DISTINCT FROM expected.items THEN
            RETURN format('%s %s %s: %s, expected %s; items alike: %s', t, operation, request, found.pages, expected.pages, found.items = expected.items);
        END IF;
    END LOOP;
    RETURN 'alike';
END
$$;

-- pages of a few sorts, to be seen
SELECT (pg_temp.pages('Query', '{"TableName":"ops_reads","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"exact"}},"Select":"COUNT"}')).pages;
SELECT (pg_temp.pages('Query', '{"TableName":"ops_reads","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"short"}},"Select":"COUNT"}')).pages;
SELECT (pg_temp.pages('Query', '{"TableName":"ops_reads","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"exact"}},"FilterExpression":"attribute_exists(y)","ConsistentRead":true}')).pages;

-- one collection: every combination
SELECT result, count(*) FROM unnest('{p1,p3,large,exact,short,none}'::text[]) pk, unnest('{f,t}'::bool[]) b, unnest('{f,t}'::bool[]) f, unnest('{f,t}'::bool[]) p, unnest('{f,t}'::bool[]) c,
    unnest('{NULL,1,7,1000}'::int[]) l, LATERAL pg_temp.compare(pk, b, f, p, c, l) result
WHERE NOT (p AND c) AND NOT (l = 1 AND pk = 'p3') GROUP BY 1;
-- and the whole table
SELECT result, count(*) FROM unnest('{f,t}'::bool[]) f, unnest('{f,t}'::bool[]) p, unnest('{f,t}'::bool[]) c, unnest('{NULL,500}'::int[]) l, LATERAL pg_temp.compare(NULL, false, f, p, c, l) result
WHERE NOT (p AND c) GROUP BY 1;

-- segments: each item is in one of them, all of a collection in the same, and counted as seen
CREATE TABLE ops_reads_segments AS
SELECT t, n, s, i::text::dynamo.item ->> 'pk' AS pk, i::text::dynamo.item ->> 'sk' AS sk, units
FROM unnest('{ops_reads,ops_reads_sql}'::text[]) t, unnest('{1,8,100}'::int[]) n, generate_series(0, n - 1) s,
    LATERAL (SELECT items, pages AS units FROM pg_temp.pages('Scan', jsonb_build_object('TableName', t, 'Segment', s, 'TotalSegments', n, 'ProjectionExpression', 'pk, sk'))) p, unnest(items) i;
SELECT t, n, count(*), count(DISTINCT (pk, sk)), count(DISTINCT (pk, s)) = count(DISTINCT pk) AS together, (count(DISTINCT s) > 1) = (n > 1) AS spread FROM ops_reads_segments GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) AS differences FROM (SELECT n, s, pk, sk, units FROM ops_reads_segments WHERE t = 'ops_reads' EXCEPT SELECT n, s, pk, sk, units FROM ops_reads_segments WHERE t = 'ops_reads_sql') d;
-- a number's segment is that of its value, however the column holds it
SELECT dynamo.create_table('ops_reads_n', 'pk N') IS NOT NULL;
INSERT INTO dynamodb.ops_reads_n (item) SELECT jsonb_build_object('pk', i / 10.0)::dynamo.item FROM generate_series(-200, 200) i;
SELECT count(*), count(DISTINCT i ->> 'pk') FROM generate_series(0, 7) s, unnest((pg_temp.pages('Scan', jsonb_build_object('TableName', 'ops_reads_n', 'Segment', s, 'TotalSegments', 8, 'Limit', 17))).items) t, LATERAL CAST(t AS dynamo.item) i;

SELECT sum((dynamo.call('Scan', jsonb_build_object('TableName', 'ops_reads_n', 'Segment', s, 'TotalSegments', 40, 'Select', 'COUNT')::json)::jsonb -> 'Count')::int) FROM generate_series(0, 39) s;

-- streams: the limit counts what passes; a copy outlives the scan
SELECT t, count(*), min(item ->> 'sk'), sum(length(item ->> 'note')) FROM unnest('{ops_reads,ops_reads_sql}'::text[]) t, LATERAL dynamo.query(t, 'pk = :p', expression_attribute_values => '{":p":{"S":"large"}}') item GROUP BY 1 ORDER BY 1;
SELECT t, array_agg(item ->> 'sk') FROM unnest('{ops_reads,ops_reads_sql}'::text[]) t, LATERAL dynamo.query(t, 'pk = :p', 'odd = :t', 'sk', expression_attribute_values => '{":p":{"S":"p4"},":t":{"BOOL":true}}', max_items => 5, scan_index_forward => false) item GROUP BY 1 ORDER BY 1;
SELECT t, array_agg(item ->> 'sk') FROM unnest('{ops_reads,ops_reads_sql}'::text[]) t, LATERAL (SELECT item FROM dynamo.query(t, 'pk = :p', expression_attribute_values => '{":p":{"S":"p4"}}', max_items => 3) item) q GROUP BY 1 ORDER BY 1;
-- (values of a function in the SELECT list are its callers' before the next one is made)
CREATE TEMP TABLE copies AS SELECT dynamo.query('ops_reads', 'pk = :p', expression_attribute_values => '{":p":{"S":"large"}}') AS item;
SELECT count(*) AS same FROM copies JOIN dynamodb.ops_reads o USING (item) WHERE o.pk = 'large';

DROP TABLE ops_reads_segments;
SELECT dynamo.delete_table(t) IS NOT NULL FROM unnest('{ops_reads,ops_reads_sql,ops_reads_n}'::text[]) t;
