-- ReturnValues of the three writes
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_return_values', 'pk S') IS NOT NULL;
CREATE FUNCTION pg_temp.update_a(return_values text, update_expression text, attribute_values text DEFAULT NULL)
RETURNS text LANGUAGE sql AS $$
    SELECT dynamo.call('UpdateItem', format('{"TableName": "ops_return_values", "Key": {"pk": {"S": "a"}}, "ReturnValues": %s,
        "UpdateExpression": %s %s}', to_json(return_values), to_json(update_expression),
        ', "ExpressionAttributeValues": ' || attribute_values)::json)::text $$;

-- put
SELECT dynamo.call('PutItem', '{"TableName": "ops_return_values", "Item": {"pk": {"S": "a"}, "n": {"N": "1"}}, "ReturnValues": "ALL_OLD"}');
SELECT dynamo.call('PutItem', '{"TableName": "ops_return_values", "Item": {"pk": {"S": "a"}, "n": {"N": "2"}}, "ReturnValues": "ALL_OLD"}');
SELECT dynamo.call('PutItem', '{"TableName": "ops_return_values", "Item": {"pk": {"S": "a"}, "n": {"N": "3"}}, "ReturnValues": "NONE"}');
SELECT dynamo.call('PutItem', '{"TableName": "ops_return_values", "Item": {"pk": {"S": "a"}}, "ReturnValues": "ALL_NEW"}');
SELECT dynamo.call('PutItem', '{"TableName": "ops_return_values", "Item": {"pk": {"S": "a"}}, "ReturnValues": "UPDATED_OLD"}');
SELECT dynamo.call('PutItem', '{"TableName": "ops_return_values", "Item": {"pk": {"S": "a"}}, "ReturnValues": "UPDATED_NEW"}');

-- update: all of the item
SELECT pg_temp.update_a('NONE', 'SET s = :v', '{":v": {"S": "x"}}');
SELECT pg_temp.update_a('ALL_OLD', 'SET s = :v', '{":v": {"S": "y"}}');
SELECT pg_temp.update_a('ALL_NEW', 'SET m = :v', '{":v": {"M": {"a": {"N": "1"}, "b": {"M": {"c": {"N": "2"}, "d": {"N": "3"}}}}}}');
-- update: what it touched
SELECT pg_temp.update_a('UPDATED_OLD', 'SET s = :v, t = :v', '{":v": {"S": "z"}}');
SELECT pg_temp.update_a('UPDATED_NEW', 'SET s = :v, t = :v', '{":v": {"S": "zz"}}');
SELECT pg_temp.update_a('UPDATED_NEW', 'SET m.b.c = :v', '{":v": {"S": "deep"}}');
SELECT pg_temp.update_a('UPDATED_OLD', 'SET m.b.c = :v REMOVE m.a', '{":v": {"S": "deeper"}}');
SELECT pg_temp.update_a('UPDATED_NEW', 'SET l = :v', '{":v": {"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}]}}');
SELECT pg_temp.update_a('UPDATED_NEW', 'SET l[1] = :v', '{":v": {"S": "one"}}');
SELECT pg_temp.update_a('UPDATED_OLD', 'REMOVE l[2]');
-- nothing to show: no Attributes
SELECT pg_temp.update_a('UPDATED_NEW', 'REMOVE t');
SELECT pg_temp.update_a('UPDATED_OLD', 'SET u = :v', '{":v": {"S": "new"}}');
SELECT dynamo.call('UpdateItem', '{"TableName": "ops_return_values", "Key": {"pk": {"S": "a"}}, "ReturnValues": "UPDATED_NEW"}');
-- of an item that was not there
SELECT dynamo.call('UpdateItem', '{"TableName": "ops_return_values", "Key": {"pk": {"S": "b"}}, "ReturnValues": "ALL_OLD"}');
SELECT dynamo.call('UpdateItem', '{"TableName": "ops_return_values", "Key": {"pk": {"S": "c"}}, "ReturnValues": "UPDATED_OLD",
    "UpdateExpression": "SET x = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}');
SELECT dynamo.call('UpdateItem', '{"TableName": "ops_return_values", "Key": {"pk": {"S": "d"}}, "ReturnValues": "ALL_NEW"}');
SELECT dynamo.call('UpdateItem', '{"TableName": "ops_return_values", "Key": {"pk": {"S": "e"}}, "ReturnValues": "SOME_NEW"}');

-- delete
SELECT dynamo.call('DeleteItem', '{"TableName": "ops_return_values", "Key": {"pk": {"S": "a"}}, "ReturnValues": "ALL_NEW"}');
SELECT dynamo.call('DeleteItem', '{"TableName": "ops_return_values", "Key": {"pk": {"S": "a"}}, "ReturnValues": "ALL_OLD"}');
SELECT dynamo.call('DeleteItem', '{"TableName": "ops_return_values", "Key": {"pk": {"S": "a"}}, "ReturnValues": "ALL_OLD"}');
SELECT dynamo.call('DeleteItem', '{"TableName": "ops_return_values", "Key": {"pk": {"S": "b"}}}');

SELECT dynamo.delete_table('ops_return_values') IS NOT NULL;
