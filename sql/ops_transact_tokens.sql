-- ClientRequestToken: a transaction is done once
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_tokens', 'pk S') IS NOT NULL;
CREATE FUNCTION pg_temp.add(token text, n int, pk text DEFAULT 'a', capacity text DEFAULT 'NONE') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN dynamo.call('TransactWriteItems', format('{"TransactItems": [{"Update": {"TableName": "ops_tokens", "Key": {"pk": {"S": "%s"}}, "UpdateExpression": "ADD v :n",
        "ExpressionAttributeValues": {":n": {"N": "%s"}}}}], "ClientRequestToken": "%s", "ReturnConsumedCapacity": "%s"}', pk, n, token, capacity)::json);
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

SELECT pg_temp.add('t1', 1);
-- the same again does nothing, and is charged for reading
SELECT pg_temp.add('t1', 1), pg_temp.add('t1', 1, capacity => 'TOTAL'), pg_temp.add('t1', 1, capacity => 'INDEXES');
-- but for the actions, whatever the values are written like
SELECT dynamo.call('TransactWriteItems', '{"ClientRequestToken": "t1", "TransactItems": [{"Update": {"ExpressionAttributeValues": {":n": {"N": "1.0"}},
    "Key": {"pk": {"S": "a"}}, "UpdateExpression": "ADD v :n", "TableName": "ops_tokens"}}], "ReturnItemCollectionMetrics": "SIZE"}');
SELECT item FROM dynamodb.ops_tokens;
-- with another request it is an error
SELECT pg_temp.add('t1', 2), pg_temp.add('t1', 1, 'b');
SELECT item FROM dynamodb.ops_tokens;
SELECT pg_temp.add('t2', 2), pg_temp.add(repeat('x', 36), 3);
SELECT item FROM dynamodb.ops_tokens;

-- what was rolled back or cancelled was not done
BEGIN;
SELECT pg_temp.add('t3', 1);
SELECT pg_temp.add('t3', 1);
ROLLBACK;
SELECT pg_temp.add('t3', 10);
SELECT dynamo.call('TransactWriteItems', '{"ClientRequestToken": "t4", "TransactItems": [{"Delete": {"TableName": "ops_tokens", "Key": {"pk": {"S": "none"}}, "ConditionExpression": "attribute_exists(pk)"}}]}');
SELECT pg_temp.add('t4', 100);
SELECT item FROM dynamodb.ops_tokens;

-- a token is its role's own
CREATE ROLE ops_tokens;
GRANT USAGE ON SCHEMA dynamodb TO ops_tokens;
GRANT SELECT, INSERT, UPDATE ON dynamodb.ops_tokens TO ops_tokens;
GRANT EXECUTE ON FUNCTION pg_temp.add(text, int, text, text) TO ops_tokens;
SET ROLE ops_tokens;
SELECT pg_temp.add('t1', 1000), pg_temp.add('t1', 1000);
SELECT count(*) FROM dynamo.transaction_tokens;
RESET ROLE;
SELECT item FROM dynamodb.ops_tokens;

-- after ten minutes it can be used anew, and others take old ones away
SELECT count(*), count(DISTINCT token), count(DISTINCT role), bool_and(used > now() - interval '1 minute') FROM dynamo.transaction_tokens;
UPDATE dynamo.transaction_tokens SET used = used - interval '10 minutes 1 second' WHERE role <> 'ops_tokens'::regrole;
SELECT pg_temp.add('t1', 10000), pg_temp.add('t1', 10000);
SELECT item FROM dynamodb.ops_tokens;
SELECT count(*), count(DISTINCT role) FROM dynamo.transaction_tokens;
UPDATE dynamo.transaction_tokens SET used = used - interval '1 day';
INSERT INTO dynamo.transaction_tokens SELECT 10, 'x', 'y', used - interval '1 day' FROM dynamo.transaction_tokens, generate_series(1, 9);
SELECT pg_temp.add('t5', 1);
SELECT count(*) FROM dynamo.transaction_tokens;
SELECT pg_temp.add('t6', 1), pg_temp.add('t7', 1);
SELECT convert_from(token, 'UTF8') FROM dynamo.transaction_tokens ORDER BY token;

-- a token has nothing to do with transactions that have none
SELECT count(*) FROM dynamo.call('TransactWriteItems', '{"TransactItems": [{"Delete": {"TableName": "ops_tokens", "Key": {"pk": {"S": "a"}}}}]}');
SELECT count(*) FROM dynamo.transaction_tokens;

DELETE FROM dynamo.transaction_tokens;
SELECT dynamo.delete_table('ops_tokens') IS NOT NULL;
DROP OWNED BY ops_tokens;
DROP ROLE ops_tokens;
