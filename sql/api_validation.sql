-- The constraints of the request shapes, collected into one message.

\set VERBOSITY terse
\pset format unaligned
\pset footer off

-- One line per case: the response, or SQLSTATE and message.
\getenv abs_srcdir PG_ABS_SRCDIR
\set outcome :abs_srcdir '/test/sql/outcome.sql'
\i :outcome

-- what is required
SELECT operation, outcome(operation, '{}') FROM unnest(ARRAY[
    'PutItem', 'GetItem', 'UpdateItem', 'DeleteItem', 'Query', 'Scan',
    'CreateTable', 'DescribeTable', 'UpdateTable', 'DeleteTable']) AS operation;
SELECT operation, outcome(operation, '{"TableName": "abc"}') FROM unnest(ARRAY[
    'PutItem', 'GetItem', 'UpdateItem', 'DeleteItem', 'CreateTable']) AS operation;

-- null is as good as absent
SELECT outcome('PutItem', '{"TableName": null, "Item": null, "ReturnValues": null}');

-- every enum of each operation, in the order of the service model
SELECT operation, outcome(operation, request) FROM (VALUES
    ('PutItem', '{"ReturnValuesOnConditionCheckFailure": "a", "ReturnItemCollectionMetrics": "b", "ReturnConsumedCapacity": "c", "ReturnValues": "d", "TableName": "abc"}'),
    ('UpdateItem', '{"ReturnValuesOnConditionCheckFailure": "a", "ReturnItemCollectionMetrics": "b", "ReturnConsumedCapacity": "c", "ReturnValues": "d", "TableName": "abc"}'),
    ('DeleteItem', '{"ReturnValuesOnConditionCheckFailure": "a", "ReturnItemCollectionMetrics": "b", "ReturnConsumedCapacity": "c", "ReturnValues": "d", "TableName": "abc"}'),
    ('GetItem', '{"ReturnConsumedCapacity": "total", "TableName": "abc"}'),
    ('Query', '{"Select": "", "ReturnConsumedCapacity": "it''s", "TableName": "abc"}'),
    ('Scan', '{"Select": "count", "ReturnConsumedCapacity": "NO NE", "TableName": "abc"}'),
    ('CreateTable', '{"TableName": "abc", "BillingMode": "FREE", "TableClass": "FIRST", "AttributeDefinitions": [], "KeySchema": [{"AttributeName": "a", "KeyType": "SORT"}]}'),
    ('UpdateTable', '{"TableName": "abc", "BillingMode": "FREE", "TableClass": "FIRST"}')) AS t (operation, request);

-- numbers
SELECT outcome('Query', '{"TableName": "abc", "Limit": 0}');
SELECT outcome('Scan', '{"TableName": "abc", "Limit": -1, "Segment": -1, "TotalSegments": 0}');
SELECT outcome('Scan', '{"TableName": "abc", "Segment": 1000000, "TotalSegments": 1000001}');
SELECT outcome('ListTables', '{"Limit": 0}');
SELECT outcome('ListTables', '{"Limit": 101}');
SELECT outcome('UpdateTable', '{"TableName": "abc", "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": -1}}');
SELECT outcome('UpdateTable', '{"TableName": "abc", "ProvisionedThroughput": {}}');

-- names of indexes and tables to start from
SELECT outcome('Query', '{"TableName": "abc", "IndexName": ""}');
SELECT outcome('Query', '{"TableName": "abc", "IndexName": "a$"}');
SELECT outcome('Scan', '{"TableName": "abc", "IndexName": "' || repeat('a', 256) || '"}');
SELECT outcome('ListTables', '{"ExclusiveStartTableName": "a;", "Limit": 500}');

-- nested members
SELECT outcome('CreateTable', '{"TableName": "abc", "KeySchema": [], "AttributeDefinitions": []}');
SELECT outcome('CreateTable', '{"TableName": "abc", "KeySchema": [{}], "AttributeDefinitions": [{}]}');
SELECT outcome('CreateTable', '{"TableName": "abc", "KeySchema": [null], "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}, null]}');
SELECT outcome('CreateTable', '{"TableName": "abc",
    "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}, {"AttributeName": "", "AttributeType": "SS"}],
    "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "", "KeyType": "range"}]}');
SELECT outcome('CreateTable', '{"TableName": "abc", "AttributeDefinitions": [],
    "KeySchema": [{"AttributeName": "' || repeat('ä', 256) || '", "KeyType": "HASH"}]}');

-- ten errors at most
SELECT outcome('CreateTable', '{"TableName": "abc",
    "AttributeDefinitions": [{}, {}, {}, {}],
    "KeySchema": [{}, {}, {}, {}]}');

-- a table name that cannot be one is reported alone
SELECT name, outcome('PutItem', json_build_object('TableName', name, 'ReturnValues', 'FOO')::text) FROM (VALUES
    (''), ('a b'), ('abc;'), ('añb'), ('a/b'), (E'a\nb'), ('arn:'), ('arn:aws:dynamodb'), ('abc')) AS t (name);
SELECT left(outcome('GetItem', json_build_object('TableName', repeat('a', length))::text), 40),
       right(outcome('GetItem', json_build_object('TableName', repeat('a', length))::text), 100)
FROM (VALUES (255), (256), (1024), (1025)) AS t (length);
SELECT name, outcome('CreateTable', json_build_object('TableName', name, 'BillingMode', 'FREE')::text) FROM (VALUES
    (''), ('ab'), ('a;'), ('abc;'), (repeat('a', 256))) AS t (name);

-- names behind placeholders
SELECT left(message, 100), right(message, 150) FROM outcome('GetItem', json_build_object(
    'TableName', 'abc', 'ExpressionAttributeNames', json_build_object('#a', repeat('a', 65536)))::text) AS message;

-- values in items come after the constraints
SELECT outcome('PutItem', '{"TableName": "abc", "Item": {"a": {"SS": []}}, "ReturnValues": "FOO"}');
SELECT outcome('PutItem', '{"TableName": "abc", "Item": {"a": {"SS": []}}}');
SELECT outcome('GetItem', '{"TableName": "abc", "Key": {"a": {"N": "1e999"}}}');
SELECT outcome('PutItem', '{"TableName": "abc", "Item": {}, "ConditionExpression": "a", "ExpressionAttributeValues": {":a": {"NS": ["1", "1.0"]}}}');
SELECT outcome('PutItem', '{"TableName": "abc", "ConditionExpression": "a", "ExpressionAttributeValues": {":a": {}}, "Item": {"a": {"SS": []}}}');
SELECT outcome('Query', '{"TableName": "abc", "ExclusiveStartKey": {"a": {}}, "KeyConditionExpression": "a"}');
SELECT outcome('Scan', '{"TableName": "abc", "ExclusiveStartKey": {"a": {"NS": ["1", "1"]}}}');

-- parameters that cannot stand together come before values, ReturnValues and expressions
SELECT operation, parameters, outcome(operation, format('{"TableName": "abc", %s}', parameters)) FROM (VALUES
    ('PutItem', '"Item": {"a": {}}, "Expected": {"a": {}}, "ConditionalOperator": "OR", "ConditionExpression": "a", "ReturnValues": "ALL_NEW"'),
    ('PutItem', '"Item": {"a": {}}, "Expected": {"a": {}}, "ExpressionAttributeNames": {}, "ExpressionAttributeValues": {}'),
    ('PutItem', '"Item": {"a": {}}, "ExpressionAttributeValues": {":a": {}}'),
    ('PutItem', '"Item": {"a": {"S": "a"}}, "ConditionExpression": "a", "ReturnValues": "ALL_NEW"'),
    ('DeleteItem', '"Key": {"a": {}}, "Expected": {}, "ConditionExpression": "a"'),
    ('UpdateItem', '"Key": {"a": {}}, "AttributeUpdates": {}, "Expected": {}, "UpdateExpression": "a"'),
    ('UpdateItem', '"Key": {"a": {}}, "ExpressionAttributeValues": {":a": {}}'),
    ('GetItem', '"Key": {"a": {}}, "AttributesToGet": ["a", "a"], "ProjectionExpression": "a b"'),
    ('GetItem', '"Key": {"a": {}}, "ExpressionAttributeNames": {}'),
    ('Query', '"ExclusiveStartKey": {"a": {}}, "KeyConditions": {}, "QueryFilter": {}, "KeyConditionExpression": "a", "ProjectionExpression": "a b"'),
    ('Query', '"KeyConditions": {}, "FilterExpression": "a b"'),
    ('Query', '"ProjectionExpression": "a", "ExpressionAttributeValues": {":a": {}}'),
    ('Scan', '"ExclusiveStartKey": {"a": {}}, "ScanFilter": {}, "FilterExpression": "a b"')) AS t (operation, parameters);
SELECT outcome('BatchGetItem', '{"RequestItems": {"abc": {"Keys": [{"a": {}}], "AttributesToGet": ["a"], "ProjectionExpression": "a"}}}');
SELECT outcome('TransactGetItems', '{"TransactItems": [{"Get": {"TableName": "abc", "Key": {"a": {}}, "ExpressionAttributeNames": {}}}]}');
SELECT outcome('TransactWriteItems', '{"TransactItems": [{"Put": {"TableName": "abc", "Item": {"a": {}}, "ExpressionAttributeValues": {}}}]}');

DROP FUNCTION outcome(text, text), outcome(text, json);
