-- Writes of items that secondary indexes hold: which keys are refused, and what each index pays.
SET dynamo.schema = 'ops_index_writes';
CREATE SCHEMA ops_index_writes;
SELECT count(dynamo.call('CreateTable', format('{"TableName": "%s", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}, {"AttributeName": "g", "AttributeType": "S"},
        {"AttributeName": "b", "AttributeType": "B"}, {"AttributeName": "n", "AttributeType": "N"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "LocalSecondaryIndexes": [{"IndexName": "local", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}],
    "GlobalSecondaryIndexes": [
        {"IndexName": "all", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}},
        {"IndexName": "keys", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "KEYS_ONLY"}},
        {"IndexName": "some", "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}, {"AttributeName": "b", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "y"]}}]}', t)::json))
FROM unnest('{Direct,BySql}'::text[]) t;
ALTER TABLE ops_index_writes."BySql" ADD CHECK ("pk" <> 'never');

-- What an operation answers without its item: units by index, or the error; the same of both tables.
CREATE FUNCTION pg_temp.on(t text, operation text, request text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result jsonb; detail text;
BEGIN
    result := dynamo.call(operation, replace(request, 'TABLE', t)::json);
    IF result -> 'ConsumedCapacity' IS NULL THEN
        RETURN 'done';
    END IF;
    RETURN (SELECT string_agg(replace((c - 'TableName')::text, 'CapacityUnits', 'units'), ' ') FROM jsonb_array_elements(CASE jsonb_typeof(result -> 'ConsumedCapacity') WHEN 'array' THEN result -> 'ConsumedCapacity' ELSE jsonb_build_array(result -> 'ConsumedCapacity') END) c);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', SQLSTATE, SQLERRM, detail);
END $$;
CREATE FUNCTION pg_temp.both(operation text, request text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE direct text := pg_temp.on('Direct', operation, request); by_sql text := pg_temp.on('BySql', operation, request);
BEGIN
    RETURN direct || CASE WHEN direct <> by_sql THEN ' BUT BY SQL ' || by_sql ELSE '' END;
END $$;
CREATE FUNCTION pg_temp.put(item text) RETURNS text LANGUAGE SQL AS $$ SELECT pg_temp.both('PutItem', '{"TableName": "TABLE", "ReturnConsumedCapacity": "INDEXES", "Item": {"pk": {"S": "p"}, "sk": {"S": "s"}' || item || '}}') $$;
CREATE FUNCTION pg_temp.update(expression text, vals text DEFAULT NULL) RETURNS text LANGUAGE SQL AS $$ SELECT pg_temp.both('UpdateItem', '{"TableName": "TABLE", "ReturnConsumedCapacity": "INDEXES", "Key": {"pk": {"S": "p"}, "sk": {"S": "s"}}, "UpdateExpression": "' || expression || '"' || coalesce(', "ExpressionAttributeValues": ' || vals, '') || '}') $$;

-- An entry added, unchanged, changed, moved, removed
SELECT pg_temp.put('');
SELECT pg_temp.put(', "g": {"S": "g1"}');
SELECT pg_temp.put(', "g": {"S": "g1"}');
SELECT pg_temp.put(', "g": {"S": "g1"}, "n": {"N": "1"}, "b": {"B": "AA=="}, "x": {"S": "x"}');
SELECT pg_temp.update('SET z = :v', '{":v": {"S": "z"}}');
SELECT pg_temp.update('SET x = :v', '{":v": {"S": "z"}}');
SELECT pg_temp.update('SET n = :v', '{":v": {"N": "1.0"}}');
SELECT pg_temp.update('SET n = :v', '{":v": {"N": "2"}}');
SELECT pg_temp.update('SET g = :v', '{":v": {"S": "g2"}}');
SELECT pg_temp.update('REMOVE g');
SELECT pg_temp.both('DeleteItem', '{"TableName": "TABLE", "ReturnConsumedCapacity": "INDEXES", "Key": {"pk": {"S": "p"}, "sk": {"S": "s"}}}');
SELECT pg_temp.both('DeleteItem', '{"TableName": "TABLE", "ReturnConsumedCapacity": "INDEXES", "Key": {"pk": {"S": "p"}, "sk": {"S": "s"}}}');
-- by size: the projected part of the item counts
SELECT pg_temp.put(format(', "g": {"S": "g1"}, "n": {"N": "1"}, "b": {"B": "AA=="}, "x": {"S": "%s"}, "z": {"S": "%s"}', repeat('x', 1500), repeat('z', 3000)));
SELECT pg_temp.update('SET n = :v, x = :x', '{":v": {"N": "3"}, ":x": {"S": "short"}}');
SELECT pg_temp.update('SET x = :x', format('{":x": {"S": "%s"}}', repeat('x', 2500)));
SELECT pg_temp.both('DeleteItem', '{"TableName": "TABLE", "ReturnConsumedCapacity": "TOTAL", "Key": {"pk": {"S": "p"}, "sk": {"S": "s"}}}');
-- in batches and transactions
SELECT pg_temp.both('BatchWriteItem', '{"ReturnConsumedCapacity": "INDEXES", "RequestItems": {"TABLE": [{"PutRequest": {"Item": {"pk": {"S": "p"}, "sk": {"S": "1"}, "g": {"S": "g"}}}}, {"PutRequest": {"Item": {"pk": {"S": "p"}, "sk": {"S": "2"}, "g": {"S": "g"}, "n": {"N": "1"}}}}]}}');
SELECT pg_temp.both('TransactWriteItems', '{"ReturnConsumedCapacity": "INDEXES", "TransactItems": [{"Update": {"TableName": "TABLE", "Key": {"pk": {"S": "p"}, "sk": {"S": "1"}}, "UpdateExpression": "SET g = :g", "ExpressionAttributeValues": {":g": {"S": "h"}}}}, {"Delete": {"TableName": "TABLE", "Key": {"pk": {"S": "p"}, "sk": {"S": "2"}}}}, {"ConditionCheck": {"TableName": "TABLE", "Key": {"pk": {"S": "p"}, "sk": {"S": "3"}}, "ConditionExpression": "attribute_not_exists(pk)"}}]}');
-- the sum of the same, twice as much in a transaction
SELECT pg_temp.both('BatchWriteItem', '{"ReturnConsumedCapacity": "TOTAL", "RequestItems": {"TABLE": [{"PutRequest": {"Item": {"pk": {"S": "p"}, "sk": {"S": "1"}, "g": {"S": "i"}}}}, {"PutRequest": {"Item": {"pk": {"S": "p"}, "sk": {"S": "2"}, "g": {"S": "g"}, "n": {"N": "1"}}}}]}}');
SELECT pg_temp.both('TransactWriteItems', '{"ReturnConsumedCapacity": "TOTAL", "TransactItems": [{"Update": {"TableName": "TABLE", "Key": {"pk": {"S": "p"}, "sk": {"S": "1"}}, "UpdateExpression": "SET g = :g", "ExpressionAttributeValues": {":g": {"S": "h"}}}}, {"Delete": {"TableName": "TABLE", "Key": {"pk": {"S": "p"}, "sk": {"S": "2"}}}}]}');

-- Item collections, of tables with local indexes
SELECT dynamo.call('PutItem', '{"TableName": "Direct", "ReturnItemCollectionMetrics": "SIZE", "Item": {"pk": {"S": "p"}, "sk": {"S": "c"}}}');
SELECT dynamo.call('PutItem', '{"TableName": "Direct", "ReturnItemCollectionMetrics": "NONE", "Item": {"pk": {"S": "p"}, "sk": {"S": "c"}}}');
SELECT dynamo.call('BatchWriteItem', '{"ReturnItemCollectionMetrics": "SIZE", "RequestItems": {"Direct": [{"PutRequest": {"Item": {"pk": {"S": "p"}, "sk": {"S": "c"}}}}, {"DeleteRequest": {"Key": {"pk": {"S": "p"}, "sk": {"S": "d"}}}}, {"DeleteRequest": {"Key": {"pk": {"S": "q"}, "sk": {"S": "d"}}}}]}}');
SELECT dynamo.call('TransactWriteItems', '{"ReturnItemCollectionMetrics": "SIZE", "TransactItems": [{"Put": {"TableName": "Direct", "Item": {"pk": {"S": "p"}, "sk": {"S": "c"}}}}, {"ConditionCheck": {"TableName": "BySql", "Key": {"pk": {"S": "p"}, "sk": {"S": "3"}}, "ConditionExpression": "attribute_not_exists(pk)"}}]}');

-- Values that cannot be keys
SELECT pg_temp.put(', "g": {"N": "1"}');
SELECT pg_temp.put(', "n": {"S": "1"}');
SELECT pg_temp.put(', "b": {"BOOL": true}');
SELECT pg_temp.put(', "g": {"S": ""}');
SELECT pg_temp.put(', "b": {"B": ""}');
SELECT pg_temp.put(format(', "g": {"S": "%s"}', repeat('x', 2049)));
SELECT pg_temp.put(format(', "b": {"B": "%s"}', replace(encode(repeat('x', 1025)::bytea, 'base64'), E'\n', '')));
SELECT pg_temp.put(', "g": {"S": "a\u0000b"}');
SELECT pg_temp.update('SET g = :v', '{":v": {"N": "1"}}');
SELECT pg_temp.update('SET g = :v', '{":v": {"S": ""}}');
SELECT pg_temp.update('SET b = :v', '{":v": {"B": ""}}');
SELECT pg_temp.update('ADD g :v', '{":v": {"N": "1"}}');
SELECT pg_temp.update('SET g = :v', format('{":v": {"S": "%s"}}', repeat('x', 2049)));
SELECT pg_temp.update('SET b = :v', format('{":v": {"B": "%s"}}', replace(encode(repeat('x', 1025)::bytea, 'base64'), E'\n', '')));
SELECT pg_temp.both('UpdateItem', format('{"TableName": "TABLE", "Key": {"pk": {"S": "p"}, "sk": {"S": "s"}}, "AttributeUpdates": {"g": {"Value": {"S": "%s"}}}}', repeat('x', 2049)));
SELECT pg_temp.both('UpdateItem', '{"TableName": "TABLE", "Key": {"pk": {"S": "p"}, "sk": {"S": "s"}}, "AttributeUpdates": {"g": {"Action": "PUT", "Value": {"N": "1"}}}}');
SELECT pg_temp.both('UpdateItem', '{"TableName": "TABLE", "Key": {"pk": {"S": "p"}, "sk": {"S": "s"}}, "AttributeUpdates": {"g": {"Action": "PUT", "Value": {"S": ""}}}}');
SELECT pg_temp.both('BatchWriteItem', '{"RequestItems": {"TABLE": [{"PutRequest": {"Item": {"pk": {"S": "p"}, "sk": {"S": "good"}, "g": {"S": "g"}}}}, {"PutRequest": {"Item": {"pk": {"S": "p"}, "sk": {"S": "bad"}, "g": {"N": "1"}}}}]}}');
SELECT pg_temp.both('TransactWriteItems', '{"TransactItems": [{"Put": {"TableName": "TABLE", "Item": {"pk": {"S": "p"}, "sk": {"S": "good"}, "g": {"S": "g"}}}}, {"Put": {"TableName": "TABLE", "Item": {"pk": {"S": "p"}, "sk": {"S": "bad"}, "g": {"N": "1"}}}}, {"Update": {"TableName": "TABLE", "Key": {"pk": {"S": "p"}, "sk": {"S": "worse"}}, "UpdateExpression": "SET g = :g", "ExpressionAttributeValues": {":g": {"S": ""}}}}]}');
-- before the condition of a PutItem
SELECT pg_temp.both('PutItem', '{"TableName": "TABLE", "Item": {"pk": {"S": "p"}, "sk": {"S": "s"}, "g": {"N": "1"}}, "ConditionExpression": "attribute_exists(nothing)"}');
SELECT pg_temp.both('UpdateItem', '{"TableName": "TABLE", "Key": {"pk": {"S": "p"}, "sk": {"S": "s"}}, "UpdateExpression": "SET g = :g", "ExpressionAttributeValues": {":g": {"S": ""}}, "ConditionExpression": "attribute_exists(nothing)"}');
-- together they must fit into an entry of the btree, after compression
SELECT left(encode(sha256('1'), 'hex') || string_agg(encode(sha256(i::text::bytea), 'base64'), ''), 2000) AS noise FROM generate_series(1, 60) i \gset
SELECT pg_temp.both('PutItem', format('{"TableName": "TABLE", "Item": {"pk": {"S": "%s"}, "sk": {"S": "s"}, "g": {"S": "%s"}}}', left(:'noise', 600), :'noise'));
SELECT pg_temp.both('PutItem', format('{"TableName": "TABLE", "Item": {"pk": {"S": "%s"}, "sk": {"S": "s"}, "g": {"S": "%s"}}}', left(:'noise', 700), :'noise'));
SELECT pg_temp.both('UpdateItem', format('{"TableName": "TABLE", "Key": {"pk": {"S": "%s"}, "sk": {"S": "t"}}, "UpdateExpression": "SET g = :g", "ExpressionAttributeValues": {":g": {"S": "%s"}}}', left(:'noise', 700), :'noise'));
SELECT pg_temp.both('PutItem', format('{"TableName": "TABLE", "Item": {"pk": {"S": "%s"}, "sk": {"S": "%s"}, "g": {"S": "%s"}}}', :'noise', left(reverse(:'noise'), 600), left(:'noise', 100)));
SELECT pg_temp.both('UpdateItem', format('{"TableName": "TABLE", "Key": {"pk": {"S": "%s"}, "sk": {"S": "%s"}}, "UpdateExpression": "SET g = :g", "ExpressionAttributeValues": {":g": {"S": "%s"}}}', :'noise', left(reverse(:'noise'), 600), left(:'noise', 100)));
SELECT pg_temp.both('PutItem', format('{"TableName": "TABLE", "Item": {"pk": {"S": "%s"}, "sk": {"S": "s"}, "g": {"S": "%s"}}}', repeat('k', 1000), repeat('x', 2048)));

-- Paths below a key of an index, wherever they stand
SELECT pg_temp.update('SET g.x = :v', '{":v": {"S": "x"}}');
SELECT pg_temp.update('REMOVE n[0]');
SELECT pg_temp.update('SET y = b.x');
SELECT pg_temp.update('SET y.g = :v, g = :v', '{":v": {"S": "x"}}');
SELECT pg_temp.both(operation, request) FROM (VALUES
    ('PutItem', '{"TableName": "TABLE", "Item": {"pk": {"S": "p"}, "sk": {"S": "s"}}, "ConditionExpression": "attribute_not_exists(g[0])"}'),
    ('GetItem', '{"TableName": "TABLE", "Key": {"pk": {"S": "p"}, "sk": {"S": "s"}}, "ProjectionExpression": "x, g.x"}'),
    ('Scan', '{"TableName": "TABLE", "FilterExpression": "attribute_exists(n.x)"}'),
    ('Query', '{"TableName": "TABLE", "IndexName": "all", "KeyConditionExpression": "g.x = :x", "ExpressionAttributeValues": {":x": {"S": "x"}}}'),
    ('Query', '{"TableName": "TABLE", "IndexName": "all", "KeyConditionExpression": "g = :x", "FilterExpression": "sk.x = :x", "ExpressionAttributeValues": {":x": {"S": "x"}}}'),
    ('BatchGetItem', '{"RequestItems": {"TABLE": {"Keys": [{"pk": {"S": "p"}, "sk": {"S": "s"}}], "ProjectionExpression": "b.x"}}}'),
    ('TransactWriteItems', '{"TransactItems": [{"Update": {"TableName": "TABLE", "Key": {"pk": {"S": "p"}, "sk": {"S": "s"}}, "UpdateExpression": "SET g.x = :v", "ExpressionAttributeValues": {":v": {"S": "1"}}}}]}')) x (operation, request);

-- Parts of a key count together.
SELECT dynamo.call('CreateTable', '{"TableName": "Multi", "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "a", "AttributeType": "S"}, {"AttributeName": "b", "AttributeType": "S"}, {"AttributeName": "c", "AttributeType": "S"}],
    "GlobalSecondaryIndexes": [{"IndexName": "multi", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "b", "KeyType": "RANGE"}, {"AttributeName": "c", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}}]}') IS NOT NULL;
SELECT pg_temp.on('Multi', 'PutItem', format('{"TableName": "TABLE", "Item": {"pk": {"S": "p"}, "a": {"S": "a"}, "b": {"S": "%s"}, "c": {"S": "%s"}}}', repeat('b', 512), repeat('c', n))) FROM unnest('{512,513}'::int[]) n;
SELECT pg_temp.on('Multi', 'UpdateItem', format('{"TableName": "TABLE", "Key": {"pk": {"S": "p"}}, "UpdateExpression": "SET c = :c", "ExpressionAttributeValues": {":c": {"S": "%s"}}}', repeat('c', n))) FROM unnest('{512,513}'::int[]) n;

-- What came by SQL stays out of the index, and an update that leaves it alone is allowed.
INSERT INTO ops_index_writes."Direct" (item) VALUES ('{"pk": {"S": "sql"}, "sk": {"S": "s"}, "g": {"N": "1"}}');
INSERT INTO ops_index_writes."BySql" (item) VALUES ('{"pk": {"S": "sql"}, "sk": {"S": "s"}, "g": {"N": "1"}}');
SELECT pg_temp.both('UpdateItem', '{"TableName": "TABLE", "ReturnConsumedCapacity": "INDEXES", "Key": {"pk": {"S": "sql"}, "sk": {"S": "s"}}, "UpdateExpression": "SET x = :x", "ExpressionAttributeValues": {":x": {"S": "x"}}}');
SELECT pg_temp.both('UpdateItem', '{"TableName": "TABLE", "ReturnConsumedCapacity": "INDEXES", "Key": {"pk": {"S": "sql"}, "sk": {"S": "s"}}, "UpdateExpression": "SET g = :x", "ExpressionAttributeValues": {":x": {"N": "2"}}}');
SELECT pg_temp.both('UpdateItem', '{"TableName": "TABLE", "ReturnConsumedCapacity": "INDEXES", "Key": {"pk": {"S": "sql"}, "sk": {"S": "s"}}, "UpdateExpression": "SET g = :x", "ExpressionAttributeValues": {":x": {"S": "2"}}}');
SELECT t, c.* FROM unnest('{Direct,BySql}'::text[]) t, dynamo.check_table(t) c;

-- An item and its entries in all local indexes are together no larger than an item may be; those in global ones do not count.
SELECT dynamo.call('CreateTable', '{"TableName": "Local", "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}, {"AttributeName": "n", "AttributeType": "N"}, {"AttributeName": "m", "AttributeType": "N"}],
    "LocalSecondaryIndexes": [{"IndexName": "all", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}},
        {"IndexName": "keys", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "m", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}],
    "GlobalSecondaryIndexes": [{"IndexName": "global", "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}]}') IS NOT NULL;
CREATE FUNCTION pg_temp.put_large(operation text, more text, size int) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.on('Local', operation, replace(CASE operation WHEN 'PutItem' THEN '{"TableName": "TABLE", "Item": ITEM}'
        WHEN 'BatchWriteItem' THEN '{"RequestItems": {"TABLE": [{"PutRequest": {"Item": ITEM}}]}}' ELSE '{"TransactItems": [{"Put": {"TableName": "TABLE", "Item": ITEM}}]}' END,
        'ITEM', format('{"pk": {"S": "p"}, "sk": {"S": "s"}, "x": {"S": "%s"}%s}', repeat('x', size), more))) $$;
SELECT more, size, pg_temp.put_large('PutItem', more, size) FROM (VALUES ('', 409593), ('', 409594), (', "m": {"N": "1"}', 409581), (', "m": {"N": "1"}', 409582),
    (', "n": {"N": "1"}', 204790), (', "n": {"N": "1"}', 204791), (', "n": {"N": "1"}, "m": {"N": "1"}', 204782), (', "n": {"N": "1"}, "m": {"N": "1"}', 204783)) t (more, size);
SELECT operation, pg_temp.put_large(operation, ', "n": {"N": "1"}', 204791) FROM unnest('{BatchWriteItem,TransactWriteItems}'::text[]) operation;
SELECT pg_temp.on('Local', 'UpdateItem', format('{"TableName": "TABLE", "Key": {"pk": {"S": "p"}, "sk": {"S": "s"}}, "UpdateExpression": "SET x = :x", "ExpressionAttributeValues": {":x": {"S": "%s"}}}', repeat('x', size)))
    FROM unnest('{204783,204782}'::int[]) size;
SELECT pg_temp.on('Local', 'UpdateItem', format('{"TableName": "TABLE", "Key": {"pk": {"S": "p"}, "sk": {"S": "s"}}, "AttributeUpdates": {"x": {"Value": {"S": "%s"}}}}', repeat('x', 204783)));
