-- Query and Scan of secondary indexes, of a table that is read directly and of one that is read by SQL.
SET dynamo.schema = 'ops_index_query';
CREATE SCHEMA ops_index_query;
SELECT count(dynamo.call('CreateTable', format('{"TableName": "%s", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}, {"AttributeName": "g", "AttributeType": "S"},
        {"AttributeName": "h", "AttributeType": "B"}, {"AttributeName": "r", "AttributeType": "N"}, {"AttributeName": "s", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "LocalSecondaryIndexes": [
        {"IndexName": "local_all", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}},
        {"IndexName": "local_keys", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "r", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}],
    "GlobalSecondaryIndexes": [
        {"IndexName": "hash_only", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}},
        {"IndexName": "ranged", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "r", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "KEYS_ONLY"}},
        {"IndexName": "included", "KeySchema": [{"AttributeName": "h", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["v", "missing"]}},
        {"IndexName": "inverted", "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}, {"AttributeName": "pk", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}},
        {"IndexName": "multi", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "h", "KeyType": "HASH"}, {"AttributeName": "r", "KeyType": "RANGE"}, {"AttributeName": "s", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}}]}', t)::json))
FROM unnest('{Direct,BySql}'::text[]) t;
ALTER TABLE ops_index_query."BySql" ADD CHECK ("pk" <> 'never');
-- 60 items; many alike in g, h, r, s; some lack them
CREATE TABLE ops_index_query.items AS
SELECT (jsonb_build_object('pk', jsonb_build_object('S', 'p' || i % 4), 'sk', jsonb_build_object('N', (i / 4)::text), 'v', jsonb_build_object('S', 'value' || i), 'w', jsonb_build_object('N', i::text))
    || CASE WHEN i % 5 > 0 THEN jsonb_build_object('g', jsonb_build_object('S', 'g' || i % 2)) ELSE '{}' END
    || CASE WHEN i % 7 > 0 THEN jsonb_build_object('h', jsonb_build_object('B', encode(('h' || i % 2)::bytea, 'base64'))) ELSE '{}' END
    || CASE WHEN i % 6 > 0 THEN jsonb_build_object('r', jsonb_build_object('N', (i % 3 - 1)::text)) ELSE '{}' END
    || CASE WHEN i % 8 > 0 THEN jsonb_build_object('s', jsonb_build_object('S', 's' || i % 3)) ELSE '{}' END)::text::dynamo.item AS item
FROM generate_series(0, 59) i;
SELECT t, count(dynamo.put_item(t, item)) FROM ops_index_query.items, unnest('{Direct,BySql}'::text[]) t GROUP BY 1 ORDER BY 1;

-- All pages of a read: the items as "pk/sk", the pages' counts, and what is wrong.
CREATE FUNCTION pg_temp.pages(operation text, request jsonb, page_size int, OUT items text, OUT npages int) LANGUAGE plpgsql AS $$
DECLARE page jsonb; start jsonb;
BEGIN
    npages := 0;
    LOOP
        page := dynamo.call(operation, (request || jsonb_build_object('Limit', page_size) || coalesce(jsonb_build_object('ExclusiveStartKey', start), '{}'))::json)::jsonb;
        npages := npages + 1;
        items := concat_ws(' ', items, (SELECT string_agg((i #>> '{pk,S}') || '/' || (i #>> '{sk,N}'), ' ' ORDER BY n) FROM jsonb_array_elements(page -> 'Items') WITH ORDINALITY x (i, n)));
        start := page -> 'LastEvaluatedKey';
        EXIT WHEN start IS NULL OR npages > 200;
    END LOOP;
END $$;
-- What a filter over the base table says should come, in the order of the index.
CREATE FUNCTION pg_temp.expected(condition text, key_order text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
    EXECUTE format('SELECT string_agg(pk || ''/'' || sk, '' '' ORDER BY %2$s) FROM (SELECT item ->> ''pk'' AS pk, (item ->> ''sk'')::numeric AS sk, item ->> ''g'' AS g, item ->> ''h'' AS h, (item ->> ''r'')::numeric AS r, item ->> ''s'' COLLATE "C" AS s FROM ops_index_query."Direct") x WHERE %1$s', condition, key_order)
    INTO result;
    RETURN coalesce(result, '');
END $$;
CREATE TABLE ops_index_query.queries (name text, request jsonb, condition text, key_order text);
INSERT INTO ops_index_query.queries VALUES
('hash only', '{"IndexName": "hash_only", "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "g1"}}}', 'g = ''g1''', 'pk, sk'),
('ranged', '{"IndexName": "ranged", "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "g1"}}}', 'g = ''g1'' AND r IS NOT NULL', 'r, pk, sk'),
('ranged =', '{"IndexName": "ranged", "KeyConditionExpression": "g = :g AND r = :r", "ExpressionAttributeValues": {":g": {"S": "g1"}, ":r": {"N": "0"}}}', 'g = ''g1'' AND r = 0', 'pk, sk'),
('ranged >=', '{"IndexName": "ranged", "KeyConditionExpression": "g = :g AND r >= :r", "ExpressionAttributeValues": {":g": {"S": "g0"}, ":r": {"N": "0"}}}', 'g = ''g0'' AND r >= 0', 'r, pk, sk'),
('ranged legacy', '{"IndexName": "ranged", "KeyConditions": {"g": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "g0"}]}, "r": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "-1"}, {"N": "0"}]}}}', 'g = ''g0'' AND r BETWEEN -1 AND 0', 'r, pk, sk'),
('included', '{"IndexName": "included", "KeyConditionExpression": "h = :h AND begins_with(s, :s)", "ExpressionAttributeValues": {":h": {"B": "aDE="}, ":s": {"S": "s"}}}', 'h = ''aDE='' AND s IS NOT NULL', 's, pk, sk'),
('inverted', '{"IndexName": "inverted", "KeyConditionExpression": "sk = :n", "ExpressionAttributeValues": {":n": {"N": "7"}}}', 'sk = 7', 'pk'),
('inverted, one', '{"IndexName": "inverted", "KeyConditionExpression": "sk = :n AND pk = :p", "ExpressionAttributeValues": {":n": {"N": "7"}, ":p": {"S": "p2"}}}', 'sk = 7 AND pk = ''p2''', 'pk'),
('multi', '{"IndexName": "multi", "KeyConditionExpression": "g = :g AND h = :h", "ExpressionAttributeValues": {":g": {"S": "g1"}, ":h": {"B": "aDE="}}}', 'g = ''g1'' AND h = ''aDE='' AND r IS NOT NULL AND s IS NOT NULL', 'r, s, pk, sk'),
('multi =', '{"IndexName": "multi", "KeyConditionExpression": "g = :g AND h = :h AND r = :r", "ExpressionAttributeValues": {":g": {"S": "g1"}, ":h": {"B": "aDE="}, ":r": {"N": "1"}}}', 'g = ''g1'' AND h = ''aDE='' AND r = 1 AND s IS NOT NULL', 's, pk, sk'),
('multi = <', '{"IndexName": "multi", "KeyConditionExpression": "g = :g AND h = :h AND r = :r AND s < :s", "ExpressionAttributeValues": {":g": {"S": "g1"}, ":h": {"B": "aDE="}, ":r": {"N": "1"}, ":s": {"S": "s3"}}}', 'g = ''g1'' AND h = ''aDE='' AND r = 1 AND s < ''s3''', 's, pk, sk'),
('local', '{"IndexName": "local_all", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p1"}}}', 'pk = ''p1'' AND s IS NOT NULL', 's, sk'),
('local range', '{"IndexName": "local_keys", "ConsistentRead": true, "KeyConditionExpression": "pk = :p AND r > :r", "ExpressionAttributeValues": {":p": {"S": "p1"}, ":r": {"N": "-1"}}}', 'pk = ''p1'' AND r > -1', 'r, sk');
-- every page size, both directions, both ways: the same items in the same order
SELECT q.name, t, forward, count(DISTINCT p.items) AS answers, bool_and(p.items = pg_temp.expected(q.condition, CASE WHEN forward THEN q.key_order ELSE regexp_replace(q.key_order, '(\w+)', '\1 DESC', 'g') END)) AS right, max(length(p.items)) AS length
FROM ops_index_query.queries q, unnest('{Direct,BySql}'::text[]) t, unnest('{true,false}'::bool[]) forward, unnest('{1,2,3,7,100}'::int[]) page_size,
     LATERAL pg_temp.pages('Query', q.request || jsonb_build_object('TableName', t, 'ScanIndexForward', forward), page_size) p
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
-- Scan of an index: its items, in its order; in segments, each of them once
SELECT t, ix, page_size, p.items = pg_temp.expected(condition, key_order) AS right, p.npages
FROM unnest('{Direct,BySql}'::text[]) t, (VALUES ('hash_only', 'g IS NOT NULL', 'g, pk, sk'), ('multi', 'g IS NOT NULL AND h IS NOT NULL AND r IS NOT NULL AND s IS NOT NULL', 'g, h, r, s, pk, sk'), ('local_all', 's IS NOT NULL', 'pk, s, sk'), ('inverted', 'true', 'sk, pk')) x (ix, condition, key_order), unnest('{4,100}'::int[]) page_size,
     LATERAL pg_temp.pages('Scan', jsonb_build_object('TableName', t, 'IndexName', ix), page_size) p
ORDER BY 1, 2, 3;
SELECT t, count(*), count(DISTINCT i), bool_and(i = ANY (string_to_array(pg_temp.expected('g IS NOT NULL', 'pk'), ' '))) AS right
FROM unnest('{Direct,BySql}'::text[]) t, generate_series(0, 6) segment, LATERAL pg_temp.pages('Scan', jsonb_build_object('TableName', t, 'IndexName', 'hash_only', 'TotalSegments', 7, 'Segment', segment), 3) p, unnest(string_to_array(p.items, ' ')) i
GROUP BY 1 ORDER BY 1;

-- A page goes on behind its last item when that is gone, or has another key by then.
SELECT dynamo.call('Query', '{"TableName": "Direct", "IndexName": "ranged", "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "g1"}}, "Limit": 5}')::jsonb -> 'LastEvaluatedKey' AS last \gset
\echo :last
BEGIN;
SELECT dynamo.delete_item('Direct', jsonb_build_object('pk', :'last'::jsonb -> 'pk', 'sk', :'last'::jsonb -> 'sk')::text::dynamo.item);
SELECT jsonb_path_query_array(dynamo.call('Query', format('{"TableName": "Direct", "IndexName": "ranged", "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "g1"}}, "Limit": 3, "ExclusiveStartKey": %s}', :'last')::json)::jsonb, '$.Items[*].sk.N');
ROLLBACK;
BEGIN;
SELECT dynamo.update_item('Direct', jsonb_build_object('pk', :'last'::jsonb -> 'pk', 'sk', :'last'::jsonb -> 'sk')::text::dynamo.item, 'SET r = :r', expression_attribute_values => '{":r": {"N": "-5"}}');
SELECT jsonb_path_query_array(dynamo.call('Query', format('{"TableName": "Direct", "IndexName": "ranged", "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "g1"}}, "Limit": 3, "ExclusiveStartKey": %s}', :'last')::json)::jsonb, '$.Items[*].sk.N');
ROLLBACK;

-- Projections and Select
CREATE FUNCTION pg_temp.one(operation text, request text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result jsonb;
BEGIN
    result := dynamo.call(operation, ('{"TableName": "Direct",' || substr(request, 2))::json)::jsonb;
    RETURN coalesce((result #> '{Items,0}')::text, (result - 'Items')::text) || coalesce(' ' || ((result -> 'ConsumedCapacity') - 'TableName')::text, '');
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION pg_temp.on_index(ix text, more text) RETURNS text LANGUAGE SQL AS $$
    SELECT pg_temp.one('Query', format('{"IndexName": "%s", "Limit": 1, "ReturnConsumedCapacity": "INDEXES", "KeyConditionExpression": "%s = :x", "ExpressionAttributeValues": {":x": {"%s": "%s"}}%s}', ix,
        k, t, v, more)) FROM (VALUES ('hash_only', 'g', 'S', 'g1'), ('ranged', 'g', 'S', 'g1'), ('included', 'h', 'B', 'aDE='), ('local_all', 'pk', 'S', 'p1'), ('local_keys', 'pk', 'S', 'p1')) x (name, k, t, v) WHERE name = ix
$$;
SELECT ix, more, pg_temp.on_index(ix, more) FROM unnest('{hash_only,ranged,included,local_all,local_keys}'::text[]) ix, unnest(ARRAY['', ', "Select": "ALL_ATTRIBUTES"', ', "Select": "ALL_PROJECTED_ATTRIBUTES"', ', "Select": "COUNT"', ', "ProjectionExpression": "v, pk"', ', "Select": "SPECIFIC_ATTRIBUTES", "ProjectionExpression": "w"', ', "ConsistentRead": true']) WITH ORDINALITY m (more, n) ORDER BY ix, n;
SELECT pg_temp.on_index('ranged', ', "FilterExpression": "attribute_exists(w)"');
SELECT pg_temp.on_index('ranged', ', "FilterExpression": "sk > :x"');
SELECT pg_temp.on_index('ranged', ', "FilterExpression": "attribute_exists(g)"');
SELECT pg_temp.on_index('included', ', "FilterExpression": "attribute_exists(v) AND attribute_exists(pk)"');
SELECT pg_temp.on_index('local_keys', ', "FilterExpression": "attribute_exists(w)"');
SELECT pg_temp.on_index('local_keys', ', "Select": "ALL_ATTRIBUTES", "FilterExpression": "attribute_exists(w)"');

-- What is refused
SELECT pg_temp.one('Query', '{"IndexName": "none", "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "g1"}}}');
SELECT pg_temp.one('Scan', '{"IndexName": "none"}');
SELECT pg_temp.one('Scan', '{"IndexName": "no"}');
SELECT pg_temp.one('Scan', '{"IndexName": "ranged", "ConsistentRead": true}');
SELECT pg_temp.one('Query', '{"IndexName": "ranged", "KeyConditionExpression": "pk = :g", "ExpressionAttributeValues": {":g": {"S": "g1"}}}');
SELECT pg_temp.one('Query', '{"IndexName": "ranged", "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"N": "1"}}}');
SELECT pg_temp.one('Query', '{"IndexName": "multi", "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "1"}}}');
SELECT pg_temp.one('Query', '{"IndexName": "multi", "KeyConditionExpression": "g = :g AND h > :h", "ExpressionAttributeValues": {":g": {"S": "1"}, ":h": {"B": "aDE="}}}');
SELECT pg_temp.one('Query', '{"IndexName": "multi", "KeyConditionExpression": "g = :g AND h = :h AND s = :g", "ExpressionAttributeValues": {":g": {"S": "1"}, ":h": {"B": "aDE="}}}');
SELECT pg_temp.one('Query', '{"IndexName": "multi", "KeyConditionExpression": "g = :g AND h = :h AND r > :r AND s = :g", "ExpressionAttributeValues": {":g": {"S": "1"}, ":h": {"B": "aDE="}, ":r": {"N": "1"}}}');
-- empty values of keys, of a condition and of a starting key
SELECT pg_temp.one('Query', format('{"IndexName": "%s", "KeyConditionExpression": "%s", "ExpressionAttributeValues": %s}', index, condition, vals))
FROM (VALUES ('hash_only', 'g = :e', '{":e": {"S": ""}}'), ('included', 'h = :e', '{":e": {"B": ""}}'), ('included', 'h = :h AND s > :e', '{":h": {"B": "aDE="}, ":e": {"S": ""}}'), ('local_all', 'pk = :e', '{":e": {"S": ""}}')) x (index, condition, vals);
SELECT pg_temp.one('Query', '{"IndexName": "hash_only", "KeyConditions": {"g": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": ""}]}}}');
SELECT pg_temp.one('Scan', '{"IndexName": "hash_only", "ExclusiveStartKey": {"pk": {"S": "p1"}, "sk": {"N": "1"}, "g": {"S": ""}}}');
SELECT pg_temp.on_index('ranged', format(', "ExclusiveStartKey": %s', start)) FROM unnest(ARRAY['{"pk": {"S": "p1"}, "sk": {"N": "1"}}', '{"pk": {"S": "p1"}, "sk": {"N": "1"}, "g": {"S": "g1"}, "r": {"S": "1"}}', '{"pk": {"S": "p1"}, "sk": {"N": "1"}, "g": {"S": "g0"}, "r": {"N": "1"}}',
    '{"pk": {"S": "p1"}, "sk": {"N": "1"}, "g": {"S": "g1"}, "s": {"S": "1"}}', '{"pk": {"S": "p1"}, "sk": {"N": "1"}, "g": {"S": "g1"}, "r": {"N": "1"}, "s": {"S": "1"}}', '{"pk": {"S": ""}, "sk": {"N": "1"}, "g": {"S": "g1"}, "r": {"N": "1"}}', '{"pk": {"S": "none"}, "sk": {"N": "99"}, "g": {"S": "g1"}, "r": {"N": "0.5"}}']) start;
SELECT pg_temp.one('Scan', '{"IndexName": "hash_only", "Segment": 0, "TotalSegments": 2, "ExclusiveStartKey": {"pk": {"S": "p1"}, "sk": {"N": "1"}, "g": {"S": "g1"}}}') ~ 'Segment' <>
       pg_temp.one('Scan', '{"IndexName": "hash_only", "Segment": 1, "TotalSegments": 2, "ExclusiveStartKey": {"pk": {"S": "p1"}, "sk": {"N": "1"}, "g": {"S": "g1"}}}') ~ 'Segment' AS one_of_them;

-- Without the btree reads are right all the same, and slower; it is found again whatever it is called.
DROP INDEX ops_index_query."Direct_ranged_idx";
SELECT p.items = pg_temp.expected('g = ''g1'' AND r IS NOT NULL', 'r, pk, sk') AS right FROM pg_temp.pages('Query', '{"TableName": "Direct", "IndexName": "ranged", "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "g1"}}}', 4) p;
SELECT * FROM dynamo.check_table('Direct');
CREATE INDEX other_name ON ops_index_query."Direct" (g, r, pk, sk) WHERE g IS NOT NULL AND r IS NOT NULL;
SELECT * FROM dynamo.check_table('Direct');

-- PostgreSQL uses the indexes too.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT item FROM ops_index_query."Direct" WHERE g = 'g1' AND r > 0 ORDER BY r;
EXPLAIN (COSTS OFF) SELECT item FROM ops_index_query."Direct" WHERE h = 'h1' AND s BETWEEN 's0' AND 's1' ORDER BY s DESC;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- For people: the view, and the typed functions
SELECT table_name, name, kind, partition_key, sort_key, projection, non_key_attributes, status, backfilling, btree FROM dynamo.indexes WHERE schema = 'ops_index_query' AND table_name = 'Direct' ORDER BY name;
SELECT item ->> 'pk', item ->> 'sk' FROM dynamo.query('Direct', 'g = :g AND r = :r', index_name => 'ranged', scan_index_forward => false, max_items => 3, expression_attribute_values => '{":g": {"S": "g1"}, ":r": {"N": "1"}}') item;
SELECT dynamo.query('Direct', 'h = :h', index_name => 'included', max_items => 1, expression_attribute_values => '{":h": {"B": "aDE="}}');
SELECT count(*), count(DISTINCT item) FROM dynamo.scan('Direct', index_name => 'ranged') item;
SELECT dynamo.query('Direct', 'g = :g', index_name => 'nope', expression_attribute_values => '{":g": {"S": "g1"}}');
SELECT dynamo.index_btree('pg_class', 'x'), dynamo.index_btree(1, 'x'), dynamo.index_btree('ops_index_query."Direct"', 'x');

-- Items that a local index fetches count as a whole for the 1 MB of a page.
SELECT dynamo.call('CreateTable', '{"TableName": "Fetched", "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}, {"AttributeName": "n", "AttributeType": "N"}],
    "LocalSecondaryIndexes": [{"IndexName": "keys", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}]}') IS NOT NULL;
SELECT bool_and(dynamo.put_item('Fetched', format('{"pk": {"S": "p"}, "sk": {"N": "%s"}, "n": {"N": "%s"}, "x": {"S": "%s"}}', i, -i, repeat('x', 300000))::dynamo.item) IS NULL) FROM generate_series(1, 5) i;
SELECT more, r -> 'Count' AS count, r -> 'LastEvaluatedKey' AS last, r -> 'ConsumedCapacity' AS capacity
  FROM unnest(ARRAY['{}', '{"Select": "ALL_ATTRIBUTES"}', '{"ProjectionExpression": "x[0], sk"}', '{"ProjectionExpression": "x[0], sk", "ExclusiveStartKey": {"pk": {"S": "p"}, "sk": {"N": "2"}, "n": {"N": "-2"}}}',
                    '{"Select": "ALL_ATTRIBUTES", "Limit": 2}']) more,
       LATERAL (SELECT dynamo.call('Query', ('{"TableName": "Fetched", "IndexName": "keys", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}, "ReturnConsumedCapacity": "INDEXES"}'::jsonb || more::jsonb)::json)::jsonb AS r OFFSET 0) q;
SELECT count(*) FROM dynamo.query('Fetched', 'pk = :p', index_name => 'keys', projection_expression => 'x', expression_attribute_values => '{":p": {"S": "p"}}');
