-- sizes and depths at and over the limit
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_limits', 'pk S') IS NOT NULL;
-- an item of the given size: pk 2 + 1, x 1 + the rest
CREATE FUNCTION pg_temp.put_sized(size int) RETURNS json LANGUAGE sql AS $$
    SELECT dynamo.call('PutItem', format('{"TableName": "ops_limits", "Item": {"pk": {"S": "a"}, "x": {"S": "%s"}}}', repeat('x', size - 4))::json) $$;
CREATE FUNCTION pg_temp.update_x(size int) RETURNS json LANGUAGE sql AS $$
    SELECT dynamo.call('UpdateItem', format('{"TableName": "ops_limits", "Key": {"pk": {"S": "u"}}, "UpdateExpression": "SET x = :x",
        "ExpressionAttributeValues": {":x": {"S": "%s"}}}', repeat('x', size - 4))::json) $$;
-- nested lists of this depth
CREATE FUNCTION pg_temp.nested(depth int) RETURNS text LANGUAGE sql AS $$
    SELECT repeat('{"L": [', depth) || '{"S": "x"}' || repeat(']}', depth) $$;

-- 400 KB
SELECT pg_temp.put_sized(400 * 1024);
SELECT dynamo.item_size(item) FROM dynamodb.ops_limits;
SELECT pg_temp.put_sized(400 * 1024 + 1);
SELECT pg_temp.update_x(400 * 1024);
SELECT pg_temp.update_x(400 * 1024 + 1);
SELECT dynamo.call('UpdateItem', '{"TableName": "ops_limits", "Key": {"pk": {"S": "u"}}, "UpdateExpression": "SET y = :y",
    "ExpressionAttributeValues": {":y": {"S": ""}}}');
SELECT pk, dynamo.item_size(item) FROM dynamodb.ops_limits ORDER BY pk;
-- too big before the table is looked up, and before the condition
SELECT dynamo.call('PutItem', format('{"TableName": "nope", "Item": {"x": {"S": "%s"}}}', repeat('x', 400 * 1024))::json);
SELECT dynamo.call('PutItem', format('{"TableName": "ops_limits", "ConditionExpression": "a =", "Item": {"x": {"S": "%s"}}}', repeat('x', 400 * 1024))::json);

-- 32 levels
SELECT dynamo.call('PutItem', format('{"TableName": "ops_limits", "Item": {"pk": {"S": "d"}, "x": %s}}', pg_temp.nested(31))::json);
SELECT dynamo.call('PutItem', format('{"TableName": "ops_limits", "Item": {"pk": {"S": "d"}, "x": %s}}', pg_temp.nested(32))::json);
SELECT dynamo.call('PutItem', format('{"TableName": "ops_limits", "Item": {"pk": {"S": "d"}, "x": %s}}', pg_temp.nested(33))::json);
-- reached by an update
SELECT dynamo.call('UpdateItem', format('{"TableName": "ops_limits", "Key": {"pk": {"S": "d"}}, "UpdateExpression": "SET m = :m",
    "ExpressionAttributeValues": {":m": {"M": {"a": {"S": "x"}}}}}')::json);
SELECT dynamo.call('UpdateItem', format('{"TableName": "ops_limits", "Key": {"pk": {"S": "d"}}, "UpdateExpression": "SET m.a = :x",
    "ExpressionAttributeValues": {":x": %s}}', pg_temp.nested(30))::json);
SELECT dynamo.call('UpdateItem', format('{"TableName": "ops_limits", "Key": {"pk": {"S": "d"}}, "UpdateExpression": "SET m.a = :x",
    "ExpressionAttributeValues": {":x": %s}}', pg_temp.nested(31))::json);

-- attribute names
SELECT dynamo.call('PutItem', format('{"TableName": "ops_limits", "Item": {"pk": {"S": "n"}, "%s": {"S": "x"}}}', repeat('n', 65535))::json);
SELECT dynamo.call('PutItem', format('{"TableName": "ops_limits", "Item": {"pk": {"S": "n"}, "%s": {"S": "x"}}}', repeat('n', 65536))::json);
SELECT dynamo.call('PutItem', '{"TableName": "ops_limits", "Item": {"pk": {"S": "n"}, "": {"S": "x"}}}');

-- expressions of 4 KB
SELECT length(dynamo.call('Scan', format('{"TableName": "ops_limits", "Limit": 1, "FilterExpression": "attribute_exists(pk)%s"}', repeat(' ', 4096 - 20))::json) ->> 'Items') > 0;
SELECT dynamo.call('Scan', format('{"TableName": "ops_limits", "FilterExpression": "attribute_exists(pk)%s"}', repeat(' ', 4097 - 20))::json);

-- numbers
SELECT dynamo.call('UpdateItem', '{"TableName": "ops_limits", "Key": {"pk": {"S": "num"}}, "UpdateExpression": "SET n = :n", "ReturnValues": "ALL_NEW",
    "ExpressionAttributeValues": {":n": {"N": "9.9999999999999999999999999999999999999E+125"}}}');
SELECT dynamo.call('UpdateItem', '{"TableName": "ops_limits", "Key": {"pk": {"S": "num"}}, "UpdateExpression": "SET n = n + :n",
    "ExpressionAttributeValues": {":n": {"N": "9.9999999999999999999999999999999999999E+125"}}}');
SELECT dynamo.call('UpdateItem', '{"TableName": "ops_limits", "Key": {"pk": {"S": "num"}}, "UpdateExpression": "SET n = :n",
    "ExpressionAttributeValues": {":n": {"N": "1E126"}}}');

SELECT dynamo.delete_table('ops_limits') IS NOT NULL;
