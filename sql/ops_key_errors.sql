-- keys that do not fit the schema, in every place where a key is given
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_key_errors', 'pk S', 'sk B') IS NOT NULL;
CREATE FUNCTION pg_temp.try(operation text, member text, key text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN dynamo.call(operation, format('{"TableName": "ops_key_errors", "%s": %s}', member, key)::json);
EXCEPTION WHEN SQLSTATE 'ND001' THEN
    RETURN SQLERRM;
END
$$;
CREATE FUNCTION pg_temp.everywhere(key text) RETURNS TABLE (operation text, outcome text) LANGUAGE sql AS $$
    SELECT o.operation, pg_temp.try(o.operation, o.member, key)
    FROM (VALUES ('PutItem', 'Item'), ('GetItem', 'Key'), ('UpdateItem', 'Key'), ('DeleteItem', 'Key'), ('Scan', 'ExclusiveStartKey')) o (operation, member) $$;

SELECT * FROM pg_temp.everywhere('{}');
SELECT * FROM pg_temp.everywhere('{"pk": {"S": "a"}}');
SELECT * FROM pg_temp.everywhere('{"sk": {"B": "YQ=="}}');
SELECT * FROM pg_temp.everywhere('{"pk": {"S": "a"}, "x": {"B": "YQ=="}}');
SELECT * FROM pg_temp.everywhere('{"PK": {"S": "a"}, "sk": {"B": "YQ=="}}');
SELECT * FROM pg_temp.everywhere('{"pk": {"N": "1"}, "sk": {"B": "YQ=="}}');
SELECT * FROM pg_temp.everywhere('{"pk": {"S": "a"}, "sk": {"S": "a"}}');
SELECT * FROM pg_temp.everywhere('{"pk": {"SS": ["a"]}, "sk": {"B": "YQ=="}}');
SELECT * FROM pg_temp.everywhere('{"pk": {"S": ""}, "sk": {"B": "YQ=="}}');
SELECT * FROM pg_temp.everywhere('{"pk": {"S": "a"}, "sk": {"B": ""}}');
SELECT * FROM pg_temp.everywhere(format('{"pk": {"S": "%s"}, "sk": {"B": "YQ=="}}', repeat('x', 2049)));
SELECT * FROM pg_temp.everywhere(format('{"pk": {"S": "%s"}, "sk": {"B": "YQ=="}}', repeat('é', 1025)));
SELECT * FROM pg_temp.everywhere(format('{"pk": {"S": "a"}, "sk": {"B": "%s"}}', translate(encode(convert_to(repeat('x', 1025), 'UTF8'), 'base64'), E'\n', '')));
-- one attribute too many is no fault of an item
SELECT * FROM pg_temp.everywhere('{"pk": {"S": "a"}, "sk": {"B": "YQ=="}, "x": {"S": "a"}}');
SELECT count(*) FROM dynamodb.ops_key_errors;

-- the longest keys
SELECT * FROM pg_temp.everywhere(format('{"pk": {"S": "%s"}, "sk": {"B": "YQ=="}}', repeat('x', 2048)));
SELECT * FROM pg_temp.everywhere(format('{"pk": {"S": "a"}, "sk": {"B": "%s"}}', translate(encode(convert_to(repeat('x', 1024), 'UTF8'), 'base64'), E'\n', '')));

-- U+0000 in a key string has no column value
SELECT pg_temp.try('PutItem', 'Item', '{"pk": {"S": "a\u0000b"}, "sk": {"B": "YQ=="}}');
SELECT pg_temp.try('GetItem', 'Key', '{"pk": {"S": "a\u0000b"}, "sk": {"B": "YQ=="}}');

-- key conditions
SELECT pg_temp.try('Query', 'KeyConditionExpression', '"pk = :p AND sk > :s", "ExpressionAttributeValues": {":p": {"S": "a"}, ":s": {"B": ""}}');
SELECT pg_temp.try('Query', 'KeyConditionExpression', format('"pk = :p", "ExpressionAttributeValues": {":p": {"S": "%s"}}', repeat('x', 2049)));
SELECT pg_temp.try('Query', 'KeyConditionExpression', '"pk = :p AND sk > :s", "ExpressionAttributeValues": {":p": {"S": "a"}, ":s": {"S": "a"}}');

SELECT dynamo.delete_table('ops_key_errors') IS NOT NULL;
