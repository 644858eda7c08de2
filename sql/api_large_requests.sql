-- Requests with very many elements: what is wrong with them is said in a time that grows with their length, not its square.
-- (With the square each would take minutes, and run into the timeout.)
\pset format unaligned
\pset tuples_only on
\set n 300000
SET statement_timeout = '40s';

-- the beginning of what the request raises
CREATE FUNCTION pg_temp.refused(operation text, request text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN left(dynamo.call(operation, request::json)::text, 100);
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || left(SQLERRM, 150);
END $$;
-- a list, or the members of an object, in which %1$s is a number
CREATE FUNCTION pg_temp.elements(element text, n int) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format(element, i), ',' ORDER BY i) FROM generate_series(1, n) i $$;

-- ten errors are reported, in the order of the request
SELECT pg_temp.refused('CreateTable', '{"TableName": "api_large", "KeySchema": [' || pg_temp.elements('{"AttributeName": "a", "KeyType": "X"}', :n) || ']}');
SELECT pg_temp.refused('UpdateTable', '{"TableName": "api_large", "GlobalSecondaryIndexUpdates": [' || pg_temp.elements('{"Create": {"IndexName": "abc", "KeySchema": []}}', :n) || ']}');
SELECT pg_temp.refused('BatchGetItem', '{"RequestItems": {' || pg_temp.elements('"T%1$s": {"Keys": [{}]}', :n / 2) || ',' || pg_temp.elements('"N%1$s": null', :n / 2) || '}}');
SELECT pg_temp.refused('UpdateItem', '{"TableName": "api_large", "Key": {}, "Expected": {' || pg_temp.elements('"a%1$s": {}', :n / 2) || ',' || pg_temp.elements('"n%1$s": null', :n / 2) || '}}');

-- the tables that a request names, and the names in the definition of a table
SELECT pg_temp.refused('BatchGetItem', '{"RequestItems": {' || pg_temp.elements('"T%1$s": {"Keys": [{}]}', :n) || '}}');
SELECT pg_temp.refused('CreateTable', '{"TableName": "api_large", "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "a1", "KeyType": "HASH"}], "AttributeDefinitions": ['
    || pg_temp.elements('{"AttributeName": "a%1$s", "AttributeType": "S"}', :n) || ']}');
SELECT pg_temp.refused('CreateTable', '{"TableName": "api_large", "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "a1", "KeyType": "HASH"}], "AttributeDefinitions": ['
    || pg_temp.elements('{"AttributeName": "a%1$s", "AttributeType": "S"}', 9) || '], "GlobalSecondaryIndexes": [{"IndexName": "abc", "Projection": {"ProjectionType": "ALL"}, "KeySchema": ['
    || pg_temp.elements('{"AttributeName": "a%1$s", "KeyType": "HASH"}', 9) || ',' || pg_temp.elements('{"AttributeName": "a1", "KeyType": "HASH"}', :n) || ']}]}');
SELECT dynamo.create_table('api_large', 'pk S') IS NOT NULL;
SELECT pg_temp.refused('UpdateTable', '{"TableName": "api_large", "GlobalSecondaryIndexUpdates": [' || pg_temp.elements('{"Delete": {"IndexName": "index%1$s"}}', :n) || ']}');
SELECT pg_temp.refused('UpdateTable', '{"TableName": "api_large", "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}], "GlobalSecondaryIndexUpdates": ['
    || '{"Create": {"IndexName": "abc", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [' || pg_temp.elements('{"AttributeName": "a%1$s", "KeyType": "HASH"}', :n) || ']}}]}');

-- names and conditions from before expressions
SELECT pg_temp.refused('GetItem', '{"TableName": "api_large", "Key": {"pk": {"S": "a"}}, "AttributesToGet": [' || pg_temp.elements('"a%1$s"', :n) || ']}');
SELECT pg_temp.refused('UpdateItem', '{"TableName": "api_large", "Key": {"pk": {"S": "a"}}, "AttributeUpdates": {' || pg_temp.elements('"a%1$s": {"Action": "DELETE"}', :n) || '}}');
SELECT pg_temp.refused('PutItem', '{"TableName": "api_large", "Item": {"pk": {"S": "a"}}, "Expected": {' || pg_temp.elements('"a%1$s": {"Exists": false}', :n) || '}}');
SELECT pg_temp.refused('Scan', '{"TableName": "api_large", "ScanFilter": {' || pg_temp.elements('"a%1$s": {"ComparisonOperator": "NOT_NULL"}', :n) || '}}');
SELECT dynamo.call('CreateTable', '{"TableName": "api_large_keys", "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
    "GlobalSecondaryIndexes": [{"IndexName": "keys", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}]}') IS NOT NULL;
SELECT pg_temp.refused('Scan', '{"TableName": "api_large_keys", "IndexName": "keys", "AttributesToGet": [' || pg_temp.elements('"a%1$s"', :n) || ']}');
SELECT dynamo.delete_table('api_large_keys') IS NOT NULL;

SELECT dynamo.delete_table('api_large') IS NOT NULL;
