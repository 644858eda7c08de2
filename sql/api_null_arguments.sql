-- NULL means that a parameter is not given: required ones raise DynamoDB's error,
-- the others have their defaults.

\set VERBOSITY terse
\pset format unaligned
\pset footer off

SELECT dynamo.create_table(NULL, NULL);
SELECT dynamo.create_table('api_null', NULL);
SELECT dynamo.create_table(NULL, 'k S');
SELECT dynamo.describe_table(NULL);
SELECT dynamo.update_table(NULL);
SELECT dynamo.delete_table(NULL);
SELECT dynamo.put_item(NULL, NULL);
SELECT dynamo.put_item('api_null', NULL);
SELECT dynamo.put_item(NULL, '{}');
SELECT dynamo.get_item(NULL, NULL);
SELECT dynamo.get_item('api_null', NULL);
SELECT dynamo.update_item(NULL, NULL, NULL);
SELECT dynamo.update_item('api_null', NULL, NULL);
SELECT dynamo.delete_item(NULL, NULL);
SELECT dynamo.query(NULL, NULL);
SELECT * FROM dynamo.query(NULL, NULL);
SELECT dynamo.scan(NULL);
SELECT dynamo.call(NULL, NULL);
SELECT dynamo.call('Scan', NULL);
SELECT dynamo.call(NULL, '{}');

-- billing_mode NULL is CreateTable without BillingMode: PROVISIONED
SELECT dynamo.create_table('api_null', 'k S', billing_mode => NULL);

-- every other argument NULL
SELECT dynamo.create_table('api_null', 'k S', NULL, 'PAY_PER_REQUEST', NULL, NULL, NULL, NULL);
SELECT dynamo.put_item('api_null', '{"k": {"S": "a"}}', NULL, NULL, NULL, NULL, NULL) IS NULL AS nothing;
SELECT dynamo.get_item('api_null', '{"k": {"S": "a"}}', NULL, NULL, NULL);
SELECT dynamo.update_item('api_null', '{"k": {"S": "b"}}', NULL, NULL, NULL, NULL, NULL, NULL) IS NULL AS nothing;
SELECT dynamo.delete_item('api_null', '{"k": {"S": "b"}}', NULL, NULL, NULL, NULL, NULL) IS NULL AS nothing;
SELECT dynamo.query('api_null', NULL);
SELECT dynamo.query('api_null', 'k = :a', NULL, NULL, NULL, '{":a": {"S": "a"}}', NULL, NULL, NULL, NULL, NULL);
SELECT dynamo.scan('api_null', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT count(*) FROM dynamo.list_tables(NULL, NULL) AS name WHERE name = 'api_null';
SELECT dynamo.update_table('api_null', NULL, NULL, NULL, NULL, NULL);
SELECT dynamo.delete_table('api_null') ->> 'TableStatus' AS status;
