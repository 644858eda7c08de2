-- UpdateItem
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_update', 'pk S') IS NOT NULL;
CREATE FUNCTION pg_temp.update_a(update_expression text, more text DEFAULT '') RETURNS text LANGUAGE sql AS $$
    SELECT dynamo.call('UpdateItem', format('{"TableName": "ops_update", "Key": {"pk": {"S": "a"}}, "ReturnValues": "ALL_NEW",
        "UpdateExpression": %s %s}', to_json(update_expression), more)::json)::text $$;

-- an update makes the item; without an expression, of the key alone
SELECT dynamo.call('UpdateItem', '{"TableName": "ops_update", "Key": {"pk": {"S": "bare"}}}');
SELECT dynamo.call('UpdateItem', '{"TableName": "ops_update", "Key": {"pk": {"S": "bare"}}, "ReturnValues": "ALL_NEW"}');
SELECT dynamo.call('GetItem', '{"TableName": "ops_update", "Key": {"pk": {"S": "bare"}}}');

-- the four clauses
SELECT pg_temp.update_a('SET n = :n, m = :m, l = :l, ss = :ss', ', "ExpressionAttributeValues": {":n": {"N": "1"},
    ":m": {"M": {"x": {"N": "1"}}}, ":l": {"L": [{"S": "0"}, {"S": "1"}]}, ":ss": {"SS": ["x", "y"]}}');
SELECT pg_temp.update_a('SET n = n + :one, m.x = m.x - :one, m.y = :one', ', "ExpressionAttributeValues": {":one": {"N": "1"}}');
SELECT pg_temp.update_a('SET l = list_append(l, :l), c = if_not_exists(c, :one)',
    ', "ExpressionAttributeValues": {":l": {"L": [{"S": "2"}]}, ":one": {"N": "1"}}');
SELECT pg_temp.update_a('REMOVE l[0], c');
SELECT pg_temp.update_a('ADD n :five, ss :more, created :five DELETE gone :more',
    ', "ExpressionAttributeValues": {":five": {"N": "5"}, ":more": {"SS": ["z", "x"]}}');
SELECT pg_temp.update_a('DELETE ss :all', ', "ExpressionAttributeValues": {":all": {"SS": ["x", "y", "z"]}}');

-- what only removes makes no item, whichever way it is asked; its paths must be valid all the same
CREATE FUNCTION pg_temp.update_none(parameters text) RETURNS text LANGUAGE sql AS $$
    SELECT dynamo.call('UpdateItem', format('{"TableName": "ops_update", "Key": {"pk": {"S": "none"}}, "ReturnValues": "ALL_NEW",
        "ReturnConsumedCapacity": "TOTAL", %s}', parameters)::json)::text $$;
SELECT pg_temp.update_none('"UpdateExpression": "REMOVE a, b"');
SELECT pg_temp.update_none('"UpdateExpression": "REMOVE a DELETE b :s", "ExpressionAttributeValues": {":s": {"SS": ["x"]}}');
SELECT pg_temp.update_none('"AttributeUpdates": {"a": {"Action": "DELETE"}}');
SELECT pg_temp.update_none('"AttributeUpdates": {"a": {"Action": "DELETE", "Value": {"SS": ["x"]}}}');
SELECT pg_temp.update_none('"UpdateExpression": "REMOVE a.b"');
SELECT dynamo.call('TransactWriteItems', '{"TransactItems": [{"Update": {"TableName": "ops_update", "Key": {"pk": {"S": "none"}},
    "UpdateExpression": "REMOVE a"}}]}');
SELECT dynamo.call('GetItem', '{"TableName": "ops_update", "Key": {"pk": {"S": "none"}}}');
SELECT pg_temp.update_none('"UpdateExpression": "SET a = :v REMOVE b", "ExpressionAttributeValues": {":v": {"N": "1"}}');

-- right-hand sides see the item as it was
SELECT pg_temp.update_a('SET a = n, n = a2 REMOVE created', '');
SELECT pg_temp.update_a('SET a = n, n = created REMOVE created', '');

-- the key may be read, not changed
SELECT pg_temp.update_a('SET cp = pk');
SELECT pg_temp.update_a('SET pk = :v', ', "ExpressionAttributeValues": {":v": {"S": "b"}}');
SELECT pg_temp.update_a('REMOVE #k', ', "ExpressionAttributeNames": {"#k": "pk"}');

-- paths and operands that do not fit the item
SELECT pg_temp.update_a('SET absent.x = :v', ', "ExpressionAttributeValues": {":v": {"S": "b"}}');
SELECT pg_temp.update_a('SET x = absent');
SELECT pg_temp.update_a('SET cp = cp + :v', ', "ExpressionAttributeValues": {":v": {"N": "1"}}');
SELECT pg_temp.update_a('ADD cp :v', ', "ExpressionAttributeValues": {":v": {"N": "1"}}');
SELECT dynamo.call('GetItem', '{"TableName": "ops_update", "Key": {"pk": {"S": "a"}}}');

-- a condition and an update share their values
SELECT pg_temp.update_a('SET v = :new', ', "ConditionExpression": "attribute_not_exists(v) OR v < :new",
    "ExpressionAttributeValues": {":new": {"N": "10"}}');
SELECT pg_temp.update_a('SET v = :new', ', "ConditionExpression": "attribute_not_exists(v) OR v < :new",
    "ExpressionAttributeValues": {":new": {"N": "10"}}');

-- the typed function
SELECT dynamo.update_item('ops_update', '{"pk": {"S": "t"}}', 'SET n = :n', expression_attribute_values => '{":n": {"N": "1"}}');
SELECT dynamo.update_item('ops_update', '{"pk": {"S": "t"}}', 'ADD n :n', 'n = :n',
    expression_attribute_values => '{":n": {"N": "1"}}', return_values => 'UPDATED_NEW');

-- an update that changes nothing writes nothing
SELECT ctid AS before FROM dynamodb.ops_update WHERE pk = 't' \gset
SELECT dynamo.update_item('ops_update', '{"pk": {"S": "t"}}', 'SET n = :n', expression_attribute_values => '{":n": {"N": "2.0"}}');
SELECT ctid = :'before' FROM dynamodb.ops_update WHERE pk = 't';

-- a thousand updates of one item in one statement
SELECT count(dynamo.update_item('ops_update', '{"pk": {"S": "counter"}}', 'ADD n :n',
    expression_attribute_values => '{":n": {"N": "1"}}', return_values => 'ALL_NEW')) FROM generate_series(1, 1000);
SELECT dynamo.get_item('ops_update', '{"pk": {"S": "counter"}}');

SELECT dynamo.delete_table('ops_update') IS NOT NULL;
