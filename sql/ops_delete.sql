-- DeleteItem
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_delete', 'pk S', 'sk N') IS NOT NULL;
SELECT count(*) FROM generate_series(1, 4) i,
    dynamo.put_item('ops_delete', format('{"pk": {"S": "a"}, "sk": {"N": "%s"}, "v": {"S": "v%s"}}', i, i)::dynamo.item);

SELECT dynamo.call('DeleteItem', '{"TableName": "ops_delete", "Key": {"pk": {"S": "a"}, "sk": {"N": "1"}}}');
SELECT dynamo.call('GetItem', '{"TableName": "ops_delete", "Key": {"pk": {"S": "a"}, "sk": {"N": "1"}}}');
-- once more: no error
SELECT dynamo.call('DeleteItem', '{"TableName": "ops_delete", "Key": {"pk": {"S": "a"}, "sk": {"N": "1"}}, "ReturnValues": "ALL_OLD"}');
SELECT dynamo.call('DeleteItem', '{"TableName": "ops_delete", "Key": {"pk": {"S": "a"}, "sk": {"N": "2"}}, "ReturnValues": "ALL_OLD"}');

-- with a condition
SELECT dynamo.call('DeleteItem', '{"TableName": "ops_delete", "Key": {"pk": {"S": "a"}, "sk": {"N": "3"}},
    "ConditionExpression": "v = :v", "ExpressionAttributeValues": {":v": {"S": "other"}}}');
SELECT dynamo.call('DeleteItem', '{"TableName": "ops_delete", "Key": {"pk": {"S": "a"}, "sk": {"N": "3"}},
    "ConditionExpression": "v = :v", "ExpressionAttributeValues": {":v": {"S": "v3"}}}');
SELECT dynamo.call('DeleteItem', '{"TableName": "ops_delete", "Key": {"pk": {"S": "a"}, "sk": {"N": "3"}},
    "ConditionExpression": "attribute_exists(pk)"}');

-- the typed function
SELECT dynamo.delete_item('ops_delete', '{"pk": {"S": "a"}, "sk": {"N": "4"}}', return_values => 'ALL_OLD');
SELECT dynamo.delete_item('ops_delete', '{"pk": {"S": "a"}, "sk": {"N": "4"}}', return_values => 'ALL_OLD') IS NULL;
SELECT count(*) FROM dynamodb.ops_delete;

-- deleted and put again in one transaction
BEGIN;
SELECT dynamo.put_item('ops_delete', '{"pk": {"S": "a"}, "sk": {"N": "5"}, "v": {"N": "1"}}');
SELECT dynamo.delete_item('ops_delete', '{"pk": {"S": "a"}, "sk": {"N": "5"}}');
SELECT dynamo.put_item('ops_delete', '{"pk": {"S": "a"}, "sk": {"N": "5"}, "v": {"N": "2"}}');
COMMIT;
SELECT item FROM dynamodb.ops_delete;

SELECT dynamo.delete_table('ops_delete') IS NOT NULL;
