-- ConsumedCapacity by DynamoDB's arithmetic
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_capacity', 'pk S', 'sk N') IS NOT NULL;
-- an item whose size is what the argument says: pk 2 + 1, sk 2 + 2, x 1 + the rest
CREATE FUNCTION pg_temp.sized_item(pk text, sk int, size int) RETURNS dynamo.item LANGUAGE sql AS $$
    SELECT format('{"pk": {"S": "%s"}, "sk": {"N": "%s"}, "x": {"S": "%s"}}', pk, sk, repeat('x', size - 8))::dynamo.item $$;
CREATE FUNCTION pg_temp.put_units(size int) RETURNS json LANGUAGE sql AS $$
    SELECT dynamo.call('PutItem', format('{"TableName": "ops_capacity", "Item": %s, "ReturnConsumedCapacity": "TOTAL"}',
        pg_temp.sized_item('a', 1, size)::text)::json) -> 'ConsumedCapacity' -> 'CapacityUnits' $$;
CREATE FUNCTION pg_temp.units(operation text, request text) RETURNS json LANGUAGE sql AS $$
    SELECT dynamo.call(operation, (request::jsonb || '{"TableName": "ops_capacity", "ReturnConsumedCapacity": "TOTAL"}')::json)
        -> 'ConsumedCapacity' -> 'CapacityUnits' $$;

SELECT dynamo.item_size(pg_temp.sized_item('a', 1, 1024));

-- writes: a unit per started KB of the larger of old and new
SELECT pg_temp.put_units(100), pg_temp.put_units(1024), pg_temp.put_units(1025), pg_temp.put_units(2048), pg_temp.put_units(10);
SELECT pg_temp.put_units(10), pg_temp.put_units(3000), pg_temp.put_units(3000);
-- reads: a unit per started 4 KB, half of it if not consistent
SELECT pg_temp.units('GetItem', '{"Key": {"pk": {"S": "a"}, "sk": {"N": "1"}}}'),
    pg_temp.units('GetItem', '{"ConsistentRead": true, "Key": {"pk": {"S": "a"}, "sk": {"N": "1"}}}');
SELECT pg_temp.put_units(4097);
SELECT pg_temp.units('GetItem', '{"Key": {"pk": {"S": "a"}, "sk": {"N": "1"}}}'),
    pg_temp.units('GetItem', '{"ConsistentRead": true, "Key": {"pk": {"S": "a"}, "sk": {"N": "1"}}}'),
    pg_temp.units('GetItem', '{"ProjectionExpression": "sk", "ConsistentRead": true, "Key": {"pk": {"S": "a"}, "sk": {"N": "1"}}}');
-- an item that is not there
SELECT pg_temp.units('GetItem', '{"Key": {"pk": {"S": "a"}, "sk": {"N": "0"}}}'),
    pg_temp.units('GetItem', '{"ConsistentRead": true, "Key": {"pk": {"S": "a"}, "sk": {"N": "0"}}}'),
    pg_temp.units('DeleteItem', '{"Key": {"pk": {"S": "a"}, "sk": {"N": "0"}}}');
-- update and delete count the old item too
SELECT pg_temp.units('UpdateItem', '{"UpdateExpression": "REMOVE x", "Key": {"pk": {"S": "a"}, "sk": {"N": "1"}}}'),
    pg_temp.units('UpdateItem', '{"UpdateExpression": "REMOVE x", "Key": {"pk": {"S": "a"}, "sk": {"N": "1"}}}');
SELECT pg_temp.put_units(2000), pg_temp.units('DeleteItem', '{"Key": {"pk": {"S": "a"}, "sk": {"N": "1"}}}');

-- a page: the sizes of all that was examined, rounded once
SELECT count(*) FROM generate_series(1, 9) i,
    dynamo.put_item('ops_capacity', pg_temp.sized_item('q', i, 1000));
SELECT pg_temp.units('Query', '{"KeyConditionExpression": "pk = :q", "ExpressionAttributeValues": {":q": {"S": "q"}}}'),
    pg_temp.units('Query', '{"ConsistentRead": true, "KeyConditionExpression": "pk = :q", "ExpressionAttributeValues": {":q": {"S": "q"}}}'),
    pg_temp.units('Query', '{"Limit": 4, "KeyConditionExpression": "pk = :q", "ExpressionAttributeValues": {":q": {"S": "q"}}}'),
    pg_temp.units('Query', '{"Select": "COUNT", "FilterExpression": "attribute_exists(nothing)", "KeyConditionExpression": "pk = :q", "ExpressionAttributeValues": {":q": {"S": "q"}}}'),
    pg_temp.units('Query', '{"KeyConditionExpression": "pk = :q", "ExpressionAttributeValues": {":q": {"S": "none"}}}'),
    pg_temp.units('Scan', '{"ConsistentRead": true}');

-- the three forms
SELECT dynamo.call('GetItem', '{"TableName": "ops_capacity", "Key": {"pk": {"S": "z"}, "sk": {"N": "1"}}, "ReturnConsumedCapacity": "NONE"}');
SELECT dynamo.call('GetItem', '{"TableName": "ops_capacity", "Key": {"pk": {"S": "z"}, "sk": {"N": "1"}}, "ReturnConsumedCapacity": "TOTAL"}');
SELECT dynamo.call('GetItem', '{"TableName": "ops_capacity", "Key": {"pk": {"S": "z"}, "sk": {"N": "1"}}, "ReturnConsumedCapacity": "INDEXES"}');
SELECT dynamo.call('PutItem', '{"TableName": "ops_capacity", "Item": {"pk": {"S": "z"}, "sk": {"N": "1"}}, "ReturnConsumedCapacity": "INDEXES",
    "ReturnItemCollectionMetrics": "SIZE"}');
SELECT dynamo.call('Query', '{"TableName": "ops_capacity", "KeyConditionExpression": "pk = :q", "ExpressionAttributeValues": {":q": {"S": "z"}},
    "ReturnConsumedCapacity": "INDEXES"}');

SELECT dynamo.delete_table('ops_capacity') IS NOT NULL;
