-- pages: Limit, 1 MB, LastEvaluatedKey, ExclusiveStartKey
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_paging', 'pk S', 'sk N') IS NOT NULL;
SELECT dynamo.create_table('ops_paging_hash', 'pk S') IS NOT NULL;
SELECT count(*) FROM unnest('{a,b}'::text[]) p, generate_series(1, 10) i,
    dynamo.put_item('ops_paging', format('{"pk": {"S": "%s"}, "sk": {"N": "%s"}}', p, i)::dynamo.item);
SELECT count(*) FROM generate_series(1, 9) p,
    dynamo.put_item('ops_paging_hash', format('{"pk": {"S": "%s"}}', p)::dynamo.item);

-- walks all pages of a request; returns a line per page
CREATE FUNCTION pg_temp.pages(operation text, request jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    response jsonb;
BEGIN
    LOOP
        response := dynamo.call(operation, request::json);
        RETURN NEXT format('count %s scanned %s items %s last %s', response -> 'Count', response -> 'ScannedCount',
            (SELECT string_agg(coalesce(i #>> '{sk,N}', i #>> '{pk,S}'), ',') FROM jsonb_array_elements(response -> 'Items') i),
            response -> 'LastEvaluatedKey');
        EXIT WHEN response -> 'LastEvaluatedKey' IS NULL;
        request := request || jsonb_build_object('ExclusiveStartKey', response -> 'LastEvaluatedKey');
    END LOOP;
END
$$;

SELECT pg_temp.pages('Query', '{"TableName": "ops_paging", "Limit": 4, "KeyConditionExpression": "pk = :p",
    "ExpressionAttributeValues": {":p": {"S": "a"}}}');
-- Limit reached exactly at the end: one more, empty page
SELECT pg_temp.pages('Query', '{"TableName": "ops_paging", "Limit": 5, "KeyConditionExpression": "pk = :p",
    "ExpressionAttributeValues": {":p": {"S": "a"}}}');
SELECT pg_temp.pages('Query', '{"TableName": "ops_paging", "Limit": 4, "KeyConditionExpression": "pk = :p AND sk > :s", "ScanIndexForward": false,
    "ExpressionAttributeValues": {":p": {"S": "b"}, ":s": {"N": "2"}}}');
-- the filter comes after the limit
SELECT pg_temp.pages('Query', '{"TableName": "ops_paging", "Limit": 6, "KeyConditionExpression": "pk = :p", "FilterExpression": "attribute_exists(x)",
    "ExpressionAttributeValues": {":p": {"S": "a"}}}');
SELECT pg_temp.pages('Query', '{"TableName": "ops_paging", "Limit": 6, "KeyConditionExpression": "pk = :p", "Select": "COUNT",
    "ExpressionAttributeValues": {":p": {"S": "a"}}}');
SELECT pg_temp.pages('Scan', '{"TableName": "ops_paging", "Limit": 7}');
SELECT pg_temp.pages('Scan', '{"TableName": "ops_paging_hash", "Limit": 4}');
-- one item at most: no LastEvaluatedKey
SELECT pg_temp.pages('Query', '{"TableName": "ops_paging_hash", "Limit": 1, "KeyConditionExpression": "pk = :p",
    "ExpressionAttributeValues": {":p": {"S": "1"}}}');

-- the start key need not exist (any more)
SELECT dynamo.delete_item('ops_paging', '{"pk": {"S": "a"}, "sk": {"N": "4"}}');
SELECT pg_temp.pages('Query', '{"TableName": "ops_paging", "KeyConditionExpression": "pk = :p", "ExclusiveStartKey": {"pk": {"S": "a"}, "sk": {"N": "4"}},
    "ExpressionAttributeValues": {":p": {"S": "a"}}}');
SELECT pg_temp.pages('Query', '{"TableName": "ops_paging", "KeyConditionExpression": "pk = :p", "ExclusiveStartKey": {"pk": {"S": "a"}, "sk": {"N": "4.5"}},
    "ScanIndexForward": false, "ExpressionAttributeValues": {":p": {"S": "a"}}}');
SELECT pg_temp.pages('Scan', '{"TableName": "ops_paging", "ExclusiveStartKey": {"pk": {"S": "aa"}, "sk": {"N": "99"}}, "Limit": 20}');

-- what a start key cannot be
SELECT dynamo.call('Scan', '{"TableName": "ops_paging", "ExclusiveStartKey": {}}');
SELECT dynamo.call('Scan', '{"TableName": "ops_paging", "ExclusiveStartKey": {"pk": {"S": "a"}}}');
SELECT dynamo.call('Scan', '{"TableName": "ops_paging", "ExclusiveStartKey": {"pk": {"S": "a"}, "sk": {"N": "1"}, "x": {"N": "1"}}}');
SELECT dynamo.call('Scan', '{"TableName": "ops_paging", "ExclusiveStartKey": {"pk": {"S": "a"}, "x": {"N": "1"}}}');
SELECT dynamo.call('Scan', '{"TableName": "ops_paging", "ExclusiveStartKey": {"pk": {"S": "a"}, "sk": {"S": "1"}}}');
SELECT dynamo.call('Scan', '{"TableName": "ops_paging", "ExclusiveStartKey": {"pk": {"S": ""}, "sk": {"N": "1"}}}');
SELECT dynamo.call('Query', '{"TableName": "ops_paging", "KeyConditionExpression": "pk = :p", "ExclusiveStartKey": {"pk": {"S": "b"}, "sk": {"N": "1"}},
    "ExpressionAttributeValues": {":p": {"S": "a"}}}');
SELECT dynamo.call('Query', '{"TableName": "ops_paging", "KeyConditionExpression": "pk = :p AND sk > :s", "ExclusiveStartKey": {"pk": {"S": "a"}, "sk": {"N": "2"}},
    "ExpressionAttributeValues": {":p": {"S": "a"}, ":s": {"N": "2"}}}');
SELECT dynamo.call('Query', '{"TableName": "ops_paging", "KeyConditionExpression": "pk = :p AND sk BETWEEN :s AND :t", "ExclusiveStartKey": {"pk": {"S": "a"}, "sk": {"N": "6"}},
    "ExpressionAttributeValues": {":p": {"S": "a"}, ":s": {"N": "2"}, ":t": {"N": "5"}}}');
SELECT dynamo.call('Query', '{"TableName": "ops_paging", "KeyConditionExpression": "pk = :p", "Limit": 0, "ExpressionAttributeValues": {":p": {"S": "a"}}}');

SELECT dynamo.call('Query', '{"TableName": "ops_paging_hash", "KeyConditionExpression": "pk = :p", "ExclusiveStartKey": {"pk": {"S": "1"}},
    "ExpressionAttributeValues": {":p": {"S": "1"}}}');
SELECT dynamo.call('Query', '{"TableName": "ops_paging_hash", "KeyConditionExpression": "pk = :p", "ExclusiveStartKey": {"pk": {"N": "1"}},
    "ExpressionAttributeValues": {":p": {"S": "1"}}}');

-- 1 MB of examined items: the item that crosses it is the last
SELECT count(*) FROM generate_series(1, 9) i,
    dynamo.put_item('ops_paging', format('{"pk": {"S": "big"}, "sk": {"N": "%s"}, "x": {"S": "%s"}}', i, repeat('x', 300000))::dynamo.item);
SELECT pg_temp.pages('Query', '{"TableName": "ops_paging", "KeyConditionExpression": "pk = :p", "ProjectionExpression": "sk",
    "ExpressionAttributeValues": {":p": {"S": "big"}}}');
SELECT pg_temp.pages('Scan', '{"TableName": "ops_paging", "FilterExpression": "pk <> :p", "ExpressionAttributeValues": {":p": {"S": "big"}}}');
-- a page may end at 1 MB exactly
SELECT count(*) FROM generate_series(1, 6) i,
    dynamo.put_item('ops_paging', format('{"pk": {"S": "quarters"}, "sk": {"N": "%s"}, "x": {"S": "%s"}}', i, repeat('x', 262144 - 2 - 8 - 2 - 2 - 1))::dynamo.item);
SELECT pg_temp.pages('Query', '{"TableName": "ops_paging", "KeyConditionExpression": "pk = :p", "ProjectionExpression": "sk",
    "ExpressionAttributeValues": {":p": {"S": "quarters"}}}');
SELECT dynamo.item_size(q) FROM dynamo.query('ops_paging', 'pk = :p', expression_attribute_values => '{":p": {"S": "quarters"}}', max_items => 1) q;
DELETE FROM dynamodb.ops_paging WHERE pk = 'quarters';
-- a stream has no pages
SELECT count(*) FROM dynamo.scan('ops_paging');
SELECT count(*) FROM dynamo.query('ops_paging', 'pk = :p', expression_attribute_values => '{":p": {"S": "big"}}', max_items => 7);

SELECT dynamo.delete_table('ops_paging') IS NOT NULL, dynamo.delete_table('ops_paging_hash') IS NOT NULL;
