-- errors: SQLSTATE and message, and which of two is raised
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_errors', 'pk S', 'sk N') IS NOT NULL;
SELECT dynamo.put_item('ops_errors', '{"pk": {"S": "a"}, "sk": {"N": "1"}}');
CREATE FUNCTION pg_temp.try(operation text, request text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN dynamo.call(operation, request::json);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;

-- no such table
SELECT pg_temp.try('GetItem', '{"TableName": "nope", "Key": {"pk": {"S": "a"}}}');
SELECT pg_temp.try('PutItem', '{"TableName": "nope", "Item": {"pk": {"S": "a"}}}');
SELECT pg_temp.try('UpdateItem', '{"TableName": "nope", "Key": {"pk": {"S": "a"}}}');
SELECT pg_temp.try('DeleteItem', '{"TableName": "nope", "Key": {"pk": {"S": "a"}}}');
SELECT pg_temp.try('Query', '{"TableName": "nope", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}');
SELECT pg_temp.try('Scan', '{"TableName": "nope"}');
SELECT pg_temp.try('DescribeTable', '{"TableName": "nope"}');
SELECT pg_temp.try('UpdateTable', '{"TableName": "nope", "DeletionProtectionEnabled": false}');
SELECT pg_temp.try('DeleteTable', '{"TableName": "nope"}');
SELECT pg_temp.try('Query', '{"TableName": "ops_errors", "IndexName": "nope", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}');

-- names and values need an expression
SELECT pg_temp.try('GetItem', '{"TableName": "nope", "Key": {}, "ExpressionAttributeNames": {"#a": "a"}}');
SELECT pg_temp.try('PutItem', '{"TableName": "nope", "Item": {}, "ExpressionAttributeNames": {"#a": "a"}, "ExpressionAttributeValues": {":a": {"S": "a"}}}');
SELECT pg_temp.try('PutItem', '{"TableName": "nope", "Item": {}, "ExpressionAttributeValues": {":a": {"S": "a"}}}');
SELECT pg_temp.try('DeleteItem', '{"TableName": "nope", "Key": {}, "ExpressionAttributeValues": {":a": {"S": "a"}}}');
SELECT pg_temp.try('UpdateItem', '{"TableName": "nope", "Key": {}, "ExpressionAttributeValues": {":a": {"S": "a"}}}');
SELECT pg_temp.try('Query', '{"TableName": "nope", "ExpressionAttributeValues": {":a": {"S": "a"}}}');
SELECT pg_temp.try('Scan', '{"TableName": "nope", "ProjectionExpression": "a", "ExpressionAttributeValues": {":a": {"S": "a"}}}');
SELECT pg_temp.try('Scan', '{"TableName": "nope", "ProjectionExpression": "a", "ExpressionAttributeNames": {}}');
SELECT pg_temp.try('Scan', '{"TableName": "nope", "FilterExpression": "a = :a", "ExpressionAttributeValues": {}}');
-- and all of them must be used
SELECT pg_temp.try('Scan', '{"TableName": "nope", "ProjectionExpression": "a", "ExpressionAttributeNames": {"#a": "a"}}');
SELECT pg_temp.try('Scan', '{"TableName": "nope", "FilterExpression": "#a = :a", "ExpressionAttributeNames": {"#a": "a"},
    "ExpressionAttributeValues": {":a": {"S": "a"}, ":b": {"S": "b"}}}');
SELECT pg_temp.try('Scan', '{"TableName": "nope", "FilterExpression": "#a = :a"}');

-- faults of the request come before the table, the table before the key, the key before the condition
SELECT pg_temp.try('PutItem', '{"TableName": "nope", "Item": {}, "ConditionExpression": "a ="}');
SELECT pg_temp.try('PutItem', '{"TableName": "nope", "Item": {}, "ReturnValues": "ALL_NEW", "ConditionExpression": "a ="}');
SELECT pg_temp.try('UpdateItem', '{"TableName": "nope", "Key": {}, "UpdateExpression": "SET a", "ConditionExpression": "b ="}');
SELECT pg_temp.try('Query', '{"TableName": "nope", "KeyConditionExpression": "a =", "ProjectionExpression": "a b", "FilterExpression": "b ="}');
SELECT pg_temp.try('Query', '{"TableName": "nope", "KeyConditionExpression": "a =", "ProjectionExpression": "a b"}');
SELECT pg_temp.try('Query', '{"TableName": "nope"}');
SELECT pg_temp.try('Scan', '{"TableName": "nope", "Segment": 3, "TotalSegments": 2}');
SELECT pg_temp.try('Scan', '{"TableName": "nope", "Select": "SPECIFIC_ATTRIBUTES"}');
SELECT pg_temp.try('PutItem', '{"TableName": "nope", "Item": {"sk": {"N": "1"}}, "ConditionExpression": "attribute_exists(pk)"}');
SELECT pg_temp.try('PutItem', '{"TableName": "ops_errors", "Item": {"sk": {"N": "1"}}, "ConditionExpression": "attribute_exists(pk)"}');
SELECT pg_temp.try('PutItem', '{"TableName": "ops_errors", "Item": {"pk": {"S": "b"}, "sk": {"N": "1"}}, "ConditionExpression": "attribute_exists(pk)"}');
SELECT pg_temp.try('UpdateItem', '{"TableName": "ops_errors", "Key": {"pk": {"S": "b"}}, "UpdateExpression": "REMOVE pk", "ConditionExpression": "attribute_exists(pk)"}');
SELECT pg_temp.try('UpdateItem', '{"TableName": "ops_errors", "Key": {"pk": {"S": "b"}, "sk": {"N": "1"}}, "UpdateExpression": "REMOVE pk", "ConditionExpression": "attribute_exists(pk)"}');
-- the condition fails before the update's paths are looked at
SELECT pg_temp.try('UpdateItem', '{"TableName": "ops_errors", "Key": {"pk": {"S": "b"}, "sk": {"N": "1"}}, "UpdateExpression": "SET a.b = pk", "ConditionExpression": "attribute_exists(pk)"}');

-- key attributes are scalars
SELECT pg_temp.try('Scan', '{"TableName": "ops_errors", "FilterExpression": "pk.x = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}');
SELECT pg_temp.try('GetItem', '{"TableName": "ops_errors", "Key": {"pk": {"S": "b"}, "sk": {"N": "1"}}, "ProjectionExpression": "sk[0]"}');
SELECT pg_temp.try('GetItem', '{"TableName": "ops_errors", "Key": {"pk": {"S": "b"}}, "ProjectionExpression": "pk.x"}');
SELECT pg_temp.try('Scan', '{"TableName": "ops_errors", "ProjectionExpression": "pk.x"}');
SELECT pg_temp.try('Query', '{"TableName": "ops_errors", "KeyConditionExpression": "x = :a", "FilterExpression": "sk = :a", "ProjectionExpression": "pk.x",
    "ExpressionAttributeValues": {":a": {"S": "a"}}}');
SELECT pg_temp.try('UpdateItem', '{"TableName": "ops_errors", "Key": {"pk": {"S": "b"}, "sk": {"N": "1"}}, "UpdateExpression": "SET s = pk.x"}');
SELECT pg_temp.try('UpdateItem', '{"TableName": "ops_errors", "Key": {"pk": {"S": "b"}, "sk": {"N": "1"}}, "UpdateExpression": "SET s = if_not_exists(x, sk[1])"}');
-- first in the condition, then what is changed, then what is read
SELECT pg_temp.try('UpdateItem', '{"TableName": "ops_errors", "Key": {"pk": {"S": "b"}, "sk": {"N": "1"}}, "UpdateExpression": "SET s = pk.x REMOVE sk", "ConditionExpression": "attribute_exists(sk.y)"}');
SELECT pg_temp.try('UpdateItem', '{"TableName": "ops_errors", "Key": {"pk": {"S": "b"}, "sk": {"N": "1"}}, "UpdateExpression": "SET s = pk.x REMOVE sk"}');

-- writes in a parallel query, by a function that claims to be safe there
CREATE TABLE ops_errors_parallel AS SELECT i FROM generate_series(1, 1000) i;
ALTER TABLE ops_errors_parallel SET (parallel_workers = 1);
CREATE FUNCTION pg_temp.unsafe(i int) RETURNS dynamo.item LANGUAGE plpgsql PARALLEL SAFE AS $$
BEGIN
    RETURN dynamo.delete_item('ops_errors', '{"pk": {"S": "b"}, "sk": {"N": "1"}}');
END $$;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count(pg_temp.unsafe(i)) FROM ops_errors_parallel;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
DROP TABLE ops_errors_parallel;

-- an error leaves nothing behind, and the session goes on
SELECT item FROM dynamodb.ops_errors;
SELECT dynamo.delete_table('ops_errors') IS NOT NULL;
