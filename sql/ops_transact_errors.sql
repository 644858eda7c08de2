-- TransactWriteItems and TransactGetItems: what they refuse, and their limits
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_transact_errors', 'pk S') IS NOT NULL;
CREATE FUNCTION pg_temp.outcome(operation text, request text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN dynamo.call(operation, request::json);
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION pg_temp.write(actions text, more text DEFAULT '') RETURNS text LANGUAGE sql AS
    $$SELECT pg_temp.outcome('TransactWriteItems', format('{"TransactItems": [%s]%s}', actions, more))$$;
CREATE FUNCTION pg_temp.get(gets text) RETURNS text LANGUAGE sql AS
    $$SELECT pg_temp.outcome('TransactGetItems', format('{"TransactItems": [%s]}', gets))$$;
CREATE FUNCTION pg_temp.puts(n int, size int DEFAULT 1) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('{"Put": {"TableName": "ops_transact_errors", "Item": {"pk": {"S": "%s"}, "x": {"S": "%s"}}}}', i, repeat('x', size)), ', ') FROM generate_series(1, n) i $$;
CREATE FUNCTION pg_temp.gets(n int) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('{"Get": {"TableName": "ops_transact_errors", "Key": {"pk": {"S": "%s"}}}}', i), ', ') FROM generate_series(1, n) i $$;

-- shape
SELECT outcome FROM (VALUES
    (pg_temp.outcome('TransactWriteItems', '{}')), (pg_temp.write('')), (pg_temp.write('null')), (pg_temp.write('{"Put": {}, "Update": {}, "Delete": {}, "ConditionCheck": {}}')),
    (pg_temp.write('{"Put": {"TableName": "a;c", "Item": {"pk": {"S": "a"}}, "ReturnValuesOnConditionCheckFailure": "ALL_NEW"}}', ', "ClientRequestToken": "", "ReturnConsumedCapacity": "X"')),
    (pg_temp.write('{"Put": {"TableName": "abc", "Item": {"pk": {"S": "a"}}, "ReturnValues": "ALL_OLD"}}')),
    (pg_temp.write('{"Put": {"TableName": "abc", "Item": {"pk": {"S": "a"}}}}', format(', "ClientRequestToken": "%s"', repeat('x', 37)))),
    (pg_temp.write('{"Put": []}')), (pg_temp.write('{"Put": {"TableName": "abc", "Item": {"pk": {"S": 1}}}}')), (pg_temp.write('{"Put": {"TableName": "abc", "Item": {"pk": {"NS": []}}}}')),
    (pg_temp.write(pg_temp.puts(101))),
    (pg_temp.outcome('TransactGetItems', '{}')), (pg_temp.get('')), (pg_temp.get('{}')), (pg_temp.get('{"Get": {}}')), (pg_temp.get(pg_temp.gets(101)))) o (outcome);

-- before the table
SELECT outcome FROM (VALUES
    (pg_temp.write('{}')),
    (pg_temp.write('{"Put": {"TableName": "nope", "Item": {"pk": {"S": "a"}}}, "Delete": {"TableName": "nope", "Key": {"pk": {"S": "a"}}}}')),
    (pg_temp.write('{"Put": {"TableName": "nope", "Item": {"pk": {"S": "a"}}, "ConditionExpression": "a ="}}')),
    (pg_temp.write('{"Put": {"TableName": "nope", "Item": {"pk": {"S": "a"}}, "ConditionExpression": "a = :b", "ExpressionAttributeValues": {":b": {"N": "1"}, ":c": {"N": "1"}}}}')),
    (pg_temp.write('{"ConditionCheck": {"TableName": "nope", "Key": {"pk": {"S": "a"}}, "ConditionExpression": ""}}')),
    (pg_temp.write('{"Update": {"TableName": "nope", "Key": {"pk": {"S": "a"}}, "UpdateExpression": "SET a = :b"}}')),
    (pg_temp.write('{"Delete": {"TableName": "nope", "Key": {"pk": {"S": "a"}}, "ExpressionAttributeNames": {"#a": "a"}}}')),
    (pg_temp.write(replace(pg_temp.puts(1, 400 * 1024), 'ops_transact_errors', 'nope'))),
    (pg_temp.write(replace(pg_temp.puts(11, 390 * 1024), 'ops_transact_errors', 'nope'))),
    (pg_temp.get('{"Get": {"TableName": "nope", "Key": {"pk": {"S": "a"}}, "ProjectionExpression": "a b"}}'))) o (outcome);

-- the table, then the same item twice, then keys
SELECT outcome FROM (VALUES
    (pg_temp.write(pg_temp.puts(1) || ', {"Delete": {"TableName": "nope", "Key": {"pk": {"S": "a"}}}}')),
    (pg_temp.write(pg_temp.puts(2) || ', {"ConditionCheck": {"TableName": "ops_transact_errors", "Key": {"pk": {"S": "1"}}, "ConditionExpression": "attribute_exists(pk)"}}')),
    (pg_temp.write(pg_temp.puts(2) || ', {"Put": {"TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/ops_transact_errors", "Item": {"pk": {"S": "2"}}}}')),
    (pg_temp.write(pg_temp.puts(1) || ', {"Put": {"TableName": "ops_transact_errors", "Item": {"pk": {"N": "1"}}}}')),
    (pg_temp.write(format('{"ConditionCheck": {"TableName": "ops_transact_errors", "Key": {"pk": {"S": "%s"}}, "ConditionExpression": "attribute_not_exists(pk)"}}', repeat('x', 2049)))),
    (pg_temp.get(pg_temp.gets(2) || ', ' || pg_temp.gets(1))),
    (pg_temp.get(pg_temp.gets(2) || ', {"Get": {"TableName": "nope", "Key": {"pk": {"S": "a"}}}}')),
    (pg_temp.get(pg_temp.gets(2) || ', {"Get": {"TableName": "ops_transact_errors", "Key": {"pk": {"N": "1"}}}}'))) o (outcome);
SELECT count(*) FROM dynamodb.ops_transact_errors;

-- 100 actions and items; 4 MB
SELECT pg_temp.write(pg_temp.puts(100)), json_array_length(pg_temp.get(pg_temp.gets(100))::json -> 'Responses');
SELECT count(*) FROM dynamodb.ops_transact_errors;
SELECT pg_temp.write(pg_temp.puts(10, 399 * 1024)), pg_temp.write(replace(pg_temp.puts(10, 399 * 1024), '{"S": "', '{"S": "2'));
SELECT json_array_length(pg_temp.get(pg_temp.gets(10))::json -> 'Responses'), pg_temp.get(pg_temp.gets(11));
SELECT pg_temp.get(pg_temp.gets(10) || ', ' || replace(pg_temp.gets(1), '"1"', '"21"'));
-- an item that would become too large
SELECT pg_temp.write('{"Update": {"TableName": "ops_transact_errors", "Key": {"pk": {"S": "1"}}, "UpdateExpression": "SET y = x"}}');

-- a key that fits no index entry is a reason, whoever finds it
SELECT dynamo.create_table('ops_transact_errors2', 'pk B', 'sk B') IS NOT NULL;
SELECT pg_temp.write(format('{"Put": {"TableName": "ops_transact_errors", "Item": {"pk": {"S": "k"}}}},
    {"Put": {"TableName": "ops_transact_errors2", "Item": {"pk": {"B": "%1$s"}, "sk": {"B": "%2$s"}}}}', k1, k2)),
    pg_temp.write(format('{"ConditionCheck": {"TableName": "ops_transact_errors2", "Key": {"pk": {"B": "%1$s"}, "sk": {"B": "%2$s"}}, "ConditionExpression": "attribute_not_exists(pk)"}}', k1, k2))
FROM (SELECT replace(encode(string_agg(sha512(i::text::bytea), ''), 'base64'), E'\n', '') AS k1 FROM generate_series(1, 31) i) a,
     (SELECT replace(encode(string_agg(sha512(i::text::bytea), ''), 'base64'), E'\n', '') AS k2 FROM generate_series(101, 115) i) b;
SELECT dynamo.get_item('ops_transact_errors', '{"pk": {"S": "k"}}') IS NULL;

-- the database's own errors are no reasons
ALTER TABLE dynamodb.ops_transact_errors ADD CHECK (pk <> 'bad');
SELECT pg_temp.write('{"Put": {"TableName": "ops_transact_errors", "Item": {"pk": {"S": "good"}}}}, {"Put": {"TableName": "ops_transact_errors", "Item": {"pk": {"S": "bad"}}}}');
SELECT dynamo.get_item('ops_transact_errors', '{"pk": {"S": "good"}}') IS NULL;

SELECT dynamo.delete_table('ops_transact_errors') IS NOT NULL, dynamo.delete_table('ops_transact_errors2') IS NOT NULL;
