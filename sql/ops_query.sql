-- Query: key conditions, filters, projections, order, Select
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_query', 'pk S', 'sk S') IS NOT NULL;
SELECT dynamo.create_table('ops_query_n', 'pk S', 'sk N') IS NOT NULL;
SELECT dynamo.create_table('ops_query_hash', 'pk S') IS NOT NULL;
SELECT count(*) FROM unnest('{a,b}'::text[]) p, unnest('{order,task}'::text[]) k, generate_series(1, 3) i,
    dynamo.put_item('ops_query', format('{"pk": {"S": "%s"}, "sk": {"S": "%s#%s"}, "n": {"N": "%s"}}', p, k, i, i)::dynamo.item);
SELECT count(*) FROM unnest('{-10,-2,0,0.5,3,20,100}'::numeric[]) n,
    dynamo.put_item('ops_query_n', format('{"pk": {"S": "a"}, "sk": {"N": "%s"}}', n)::dynamo.item);
SELECT dynamo.put_item('ops_query_hash', '{"pk": {"S": "a"}}');
CREATE FUNCTION pg_temp.sort_keys(table_name text, key_condition text, attribute_values text, more text DEFAULT '') RETURNS text
LANGUAGE sql AS $$
    SELECT string_agg(coalesce(i -> 'sk' ->> 'S', i -> 'sk' ->> 'N'), ' ')
    FROM json_array_elements(dynamo.call('Query', format('{"TableName": "%s", "KeyConditionExpression": %s,
        "ExpressionAttributeValues": %s %s}', table_name, to_json(key_condition), attribute_values, more)::json) -> 'Items') i $$;

-- the whole response
SELECT dynamo.call('Query', '{"TableName": "ops_query", "KeyConditionExpression": "pk = :p AND begins_with(sk, :prefix)",
    "ExpressionAttributeValues": {":p": {"S": "a"}, ":prefix": {"S": "task"}}}');
SELECT dynamo.call('Query', '{"TableName": "ops_query", "KeyConditionExpression": "pk = :p",
    "ExpressionAttributeValues": {":p": {"S": "nobody"}}}');

-- every operator on the sort key
SELECT pg_temp.sort_keys('ops_query', 'pk = :p', '{":p": {"S": "b"}}');
SELECT pg_temp.sort_keys('ops_query', 'pk = :p AND sk = :s', '{":p": {"S": "b"}, ":s": {"S": "task#2"}}');
SELECT pg_temp.sort_keys('ops_query', 'pk = :p AND sk < :s', '{":p": {"S": "b"}, ":s": {"S": "task#2"}}');
SELECT pg_temp.sort_keys('ops_query', 'pk = :p AND sk <= :s', '{":p": {"S": "b"}, ":s": {"S": "task#2"}}');
SELECT pg_temp.sort_keys('ops_query', 'pk = :p AND sk > :s', '{":p": {"S": "b"}, ":s": {"S": "task#2"}}');
SELECT pg_temp.sort_keys('ops_query', 'pk = :p AND sk >= :s', '{":p": {"S": "b"}, ":s": {"S": "task#2"}}');
SELECT pg_temp.sort_keys('ops_query', 'pk = :p AND sk BETWEEN :s AND :t', '{":p": {"S": "b"}, ":s": {"S": "order#3"}, ":t": {"S": "task#1"}}');
SELECT pg_temp.sort_keys('ops_query', 'begins_with(sk, :s) AND pk = :p', '{":p": {"S": "b"}, ":s": {"S": "order#"}}');
-- numbers by value
SELECT pg_temp.sort_keys('ops_query_n', 'pk = :p', '{":p": {"S": "a"}}');
SELECT pg_temp.sort_keys('ops_query_n', 'pk = :p AND sk BETWEEN :s AND :t', '{":p": {"S": "a"}, ":s": {"N": "-2"}, ":t": {"N": "20.0"}}');
SELECT pg_temp.sort_keys('ops_query_n', 'pk = :p AND sk < :s', '{":p": {"S": "a"}, ":s": {"N": "0"}}');
-- backwards
SELECT pg_temp.sort_keys('ops_query_n', 'pk = :p AND sk >= :s', '{":p": {"S": "a"}, ":s": {"N": "0"}}', ', "ScanIndexForward": false');
SELECT pg_temp.sort_keys('ops_query', 'pk = :p', '{":p": {"S": "b"}}', ', "ScanIndexForward": false, "Limit": 2');
SELECT pg_temp.sort_keys('ops_query', 'pk = :p AND begins_with(sk, :s)', '{":p": {"S": "b"}, ":s": {"S": "o"}}', ', "ScanIndexForward": false');

-- filter, projection, names
SELECT dynamo.call('Query', '{"TableName": "ops_query", "KeyConditionExpression": "pk = :p", "FilterExpression": "#n >= :n",
    "ProjectionExpression": "sk, #n", "ExpressionAttributeNames": {"#n": "n"},
    "ExpressionAttributeValues": {":p": {"S": "a"}, ":n": {"N": "3"}}}');
-- Select
SELECT dynamo.call('Query', '{"TableName": "ops_query", "KeyConditionExpression": "pk = :p", "FilterExpression": "n = :n", "Select": "COUNT",
    "ExpressionAttributeValues": {":p": {"S": "a"}, ":n": {"N": "3"}}}');
SELECT dynamo.call('Query', '{"TableName": "ops_query", "KeyConditionExpression": "pk = :p", "Select": "ALL_ATTRIBUTES", "Limit": 1,
    "ExpressionAttributeValues": {":p": {"S": "a"}}}');
SELECT dynamo.call('Query', '{"TableName": "ops_query", "KeyConditionExpression": "pk = :p", "Select": "SPECIFIC_ATTRIBUTES", "Limit": 1,
    "ProjectionExpression": "n", "ExpressionAttributeValues": {":p": {"S": "a"}}}');
SELECT dynamo.call('Query', '{"TableName": "ops_query", "KeyConditionExpression": "pk = :p", "Select": "SPECIFIC_ATTRIBUTES",
    "ExpressionAttributeValues": {":p": {"S": "a"}}}');
SELECT dynamo.call('Query', '{"TableName": "ops_query", "KeyConditionExpression": "pk = :p", "Select": "ALL_PROJECTED_ATTRIBUTES",
    "ExpressionAttributeValues": {":p": {"S": "a"}}}');
SELECT dynamo.call('Query', '{"TableName": "ops_query", "KeyConditionExpression": "pk = :p", "Select": "COUNT",
    "ProjectionExpression": "n", "ExpressionAttributeValues": {":p": {"S": "a"}}}');
SELECT dynamo.call('Query', '{"TableName": "ops_query", "KeyConditionExpression": "pk = :p", "Select": "ALL_ATTRIBUTES",
    "ProjectionExpression": "n", "ExpressionAttributeValues": {":p": {"S": "a"}}}');

-- what a key condition cannot be
SELECT dynamo.call('Query', '{"TableName": "ops_query"}');
SELECT pg_temp.sort_keys('ops_query', 'sk = :s', '{":s": {"S": "x"}}');
SELECT pg_temp.sort_keys('ops_query', 'pk > :p', '{":p": {"S": "x"}}');
SELECT pg_temp.sort_keys('ops_query', 'pk = :p AND n = :p', '{":p": {"S": "x"}}');
SELECT pg_temp.sort_keys('ops_query', 'pk = :p OR sk = :p', '{":p": {"S": "x"}}');
SELECT pg_temp.sort_keys('ops_query', 'pk = :p AND sk <> :p', '{":p": {"S": "x"}}');
SELECT pg_temp.sort_keys('ops_query', 'pk = :p', '{":p": {"N": "1"}}');
SELECT pg_temp.sort_keys('ops_query', 'pk = :p', '{":p": {"S": ""}}');
SELECT pg_temp.sort_keys('ops_query', 'pk = :p AND begins_with(sk, :s)', '{":p": {"S": "x"}, ":s": {"S": ""}}');
SELECT pg_temp.sort_keys('ops_query', 'pk = :p AND sk BETWEEN :t AND :s', '{":p": {"S": "x"}, ":s": {"S": "a"}, ":t": {"S": "b"}}');
SELECT pg_temp.sort_keys('ops_query_hash', 'pk = :p AND sk = :p', '{":p": {"S": "x"}}');
-- nor may the filter mention the key
SELECT pg_temp.sort_keys('ops_query', 'pk = :p', '{":p": {"S": "x"}}', ', "FilterExpression": "begins_with(sk, :p)"');

-- as a set-returning function
SELECT dynamo.query('ops_query', 'pk = :p AND begins_with(sk, :s)', expression_attribute_values => '{":p": {"S": "a"}, ":s": {"S": "task"}}');
SELECT item ->> 'sk' FROM dynamo.query('ops_query', 'pk = :p', filter_expression => 'n > :n', projection_expression => 'sk',
    expression_attribute_values => '{":p": {"S": "a"}, ":n": {"N": "1"}}', scan_index_forward => false, max_items => 3) item;
SELECT item ->> 'n' FROM dynamo.query('ops_query', 'pk = :p', expression_attribute_values => '{":p": {"S": "nobody"}}') item;
SELECT dynamo.query('ops_query', 'pk = :p', expression_attribute_values => '{":p": {"S": "a"}}') LIMIT 1;
-- streams through a cursor
BEGIN;
DECLARE c CURSOR FOR SELECT dynamo.query('ops_query', 'pk = :p', expression_attribute_values => '{":p": {"S": "a"}}', projection_expression => 'sk');
FETCH 2 FROM c;
SELECT dynamo.put_item('ops_query', '{"pk": {"S": "a"}, "sk": {"S": "order#9"}}');
FETCH 2 FROM c;
CLOSE c;
ROLLBACK;

SELECT dynamo.delete_table('ops_query') IS NOT NULL, dynamo.delete_table('ops_query_n') IS NOT NULL,
    dynamo.delete_table('ops_query_hash') IS NOT NULL;
