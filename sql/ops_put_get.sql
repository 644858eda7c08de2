-- PutItem and GetItem: what is stored comes back, and replaces what was there
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_put_get', 'Artist S', 'SongTitle S') IS NOT NULL;

-- all ten types
SELECT dynamo.call('PutItem', '{"TableName": "ops_put_get", "Item": {
    "Artist": {"S": "No One You Know"}, "SongTitle": {"S": "Call Me Today"},
    "Awards": {"N": "3"}, "Cover": {"B": "AAEC"}, "Live": {"BOOL": true}, "Note": {"NULL": true},
    "Tags": {"SS": ["b", "a"]}, "Years": {"NS": ["2", "1"]}, "Hashes": {"BS": ["AA==", "AQ=="]},
    "Nested": {"M": {"List": {"L": [{"S": ""}, {"N": "1.50"}, {"M": {}}]}}}}}');
SELECT dynamo.call('GetItem', '{"TableName": "ops_put_get", "Key": {
    "Artist": {"S": "No One You Know"}, "SongTitle": {"S": "Call Me Today"}}}');

-- a put replaces the whole item
SELECT dynamo.call('PutItem', '{"TableName": "ops_put_get", "Item": {
    "Artist": {"S": "No One You Know"}, "SongTitle": {"S": "Call Me Today"}, "Awards": {"N": "4"}}}');
SELECT dynamo.call('GetItem', '{"TableName": "ops_put_get", "Key": {
    "Artist": {"S": "No One You Know"}, "SongTitle": {"S": "Call Me Today"}}, "ConsistentRead": true}');

-- no such item: no Item at all
SELECT dynamo.call('GetItem', '{"TableName": "ops_put_get", "Key": {
    "Artist": {"S": "No One You Know"}, "SongTitle": {"S": "Some Other Song"}}}');

-- projections: paths, names, attributes that are not there
SELECT dynamo.call('PutItem', '{"TableName": "ops_put_get", "Item": {
    "Artist": {"S": "P"}, "SongTitle": {"S": "1"}, "Name": {"S": "reserved"},
    "M": {"M": {"a": {"N": "1"}, "b": {"L": [{"S": "x"}, {"S": "y"}, {"S": "z"}]}}}}}');
SELECT dynamo.call('GetItem', '{"TableName": "ops_put_get", "Key": {"Artist": {"S": "P"}, "SongTitle": {"S": "1"}},
    "ProjectionExpression": "SongTitle, #n, M.b[2], M.b[0], Absent", "ExpressionAttributeNames": {"#n": "Name"}}');
SELECT dynamo.call('GetItem', '{"TableName": "ops_put_get", "Key": {"Artist": {"S": "P"}, "SongTitle": {"S": "1"}},
    "ProjectionExpression": "Absent"}');

-- the typed functions
SELECT dynamo.put_item('ops_put_get', '{"Artist": {"S": "T"}, "SongTitle": {"S": "1"}, "Year": {"N": "2000"}}');
SELECT dynamo.put_item('ops_put_get', '{"Artist": {"S": "T"}, "SongTitle": {"S": "1"}, "Year": {"N": "2001"}}',
    return_values => 'ALL_OLD');
SELECT dynamo.get_item('ops_put_get', '{"Artist": {"S": "T"}, "SongTitle": {"S": "1"}}');
SELECT dynamo.get_item('ops_put_get', '{"Artist": {"S": "T"}, "SongTitle": {"S": "1"}}',
    projection_expression => '#y', expression_attribute_names => '{"#y": "Year"}');
SELECT dynamo.get_item('ops_put_get', '{"Artist": {"S": "T"}, "SongTitle": {"S": "2"}}') IS NULL;

-- numbers are keys by value, not by spelling
SELECT dynamo.create_table('ops_put_get_n', 'id N') IS NOT NULL;
SELECT dynamo.call('PutItem', '{"TableName": "ops_put_get_n", "Item": {"id": {"N": "1.0"}, "v": {"S": "one"}}}');
SELECT dynamo.call('GetItem', '{"TableName": "ops_put_get_n", "Key": {"id": {"N": "1e0"}}}');
SELECT dynamo.call('PutItem', '{"TableName": "ops_put_get_n", "Item": {"id": {"N": "-0"}}}');
SELECT dynamo.call('GetItem', '{"TableName": "ops_put_get_n", "Key": {"id": {"N": "0.00"}}}');

-- binary keys
SELECT dynamo.create_table('ops_put_get_b', 'id B', 'part B') IS NOT NULL;
SELECT dynamo.call('PutItem', '{"TableName": "ops_put_get_b", "Item": {"id": {"B": "AP8="}, "part": {"B": "gA=="}, "v": {"N": "1"}}}');
SELECT dynamo.call('GetItem', '{"TableName": "ops_put_get_b", "Key": {"id": {"B": "AP8="}, "part": {"B": "gA=="}}}');

-- a write that changes nothing writes nothing
SELECT ctid AS before FROM dynamodb.ops_put_get_n WHERE id = 1 \gset
SELECT dynamo.call('PutItem', '{"TableName": "ops_put_get_n", "Item": {"v": {"S": "one"}, "id": {"N": "1"}}}');
SELECT ctid = :'before' FROM dynamodb.ops_put_get_n WHERE id = 1;

-- transactions: a rollback undoes, a savepoint too, two writes of one item in one transaction both count
BEGIN;
SELECT dynamo.call('PutItem', '{"TableName": "ops_put_get_n", "Item": {"id": {"N": "7"}, "v": {"N": "1"}}}');
SAVEPOINT s;
SELECT dynamo.call('PutItem', '{"TableName": "ops_put_get_n", "Item": {"id": {"N": "7"}, "v": {"N": "2"}}}');
SELECT dynamo.call('GetItem', '{"TableName": "ops_put_get_n", "Key": {"id": {"N": "7"}}}');
ROLLBACK TO s;
SELECT dynamo.call('GetItem', '{"TableName": "ops_put_get_n", "Key": {"id": {"N": "7"}}}');
ROLLBACK;
SELECT dynamo.call('GetItem', '{"TableName": "ops_put_get_n", "Key": {"id": {"N": "7"}}}');

SELECT dynamo.delete_table('ops_put_get') IS NOT NULL, dynamo.delete_table('ops_put_get_n') IS NOT NULL,
    dynamo.delete_table('ops_put_get_b') IS NOT NULL;
