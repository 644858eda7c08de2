-- Operations and members that do not exist, or not yet.

\set VERBOSITY terse
\pset format unaligned
\pset footer off

-- One line per case: the response, or SQLSTATE and message.
\getenv abs_srcdir PG_ABS_SRCDIR
\set outcome :abs_srcdir '/test/sql/outcome.sql'
\i :outcome

-- operations
SELECT outcome(operation, '{}') FROM unnest(ARRAY[
    'Nope', 'putitem', 'PutItem ', '', NULL, 'DynamoDB_20120810.PutItem',
    'BatchExecuteStatement', 'ExecuteTransaction', 'ExecuteStatement']) AS operation;

-- the operation comes first, even before the request
SELECT outcome('Nope', NULL), outcome('ExecuteStatement', '[]');

-- members: an error that names them, where DynamoDB says nothing
SELECT outcome('PutItem', '{"TableName": "abc", "Item": {}, "ReturnValue": "ALL_OLD"}');
SELECT outcome('PutItem', '{"Tablename": "abc"}');
SELECT outcome('DescribeTable', '{"TableName": "abc", "": {"a": [1, {"b": null}]}}');
SELECT outcome('CreateTable', '{"TableName": "abc", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}, {"Name": "b"}]}');
SELECT outcome('UpdateTable', '{"TableName": "abc", "ProvisionedThroughput": {"Read": 1}}');
SELECT outcome('ListTables', '{"Unknown1": 1, "Unknown2": 2}');

-- members of the service that are not built: an error, after the constraints
SELECT operation, member, outcome(operation, format('{"TableName": "abc", %s "%s": %s}',
    CASE operation WHEN 'CreateTable' THEN '"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],' END, member, value))
FROM (VALUES
    ('CreateTable', 'LocalSecondaryIndexes', '[{}]'),
    ('CreateTable', 'GlobalSecondaryIndexes', '[{}]'),
    ('CreateTable', 'SSESpecification', '{"Enabled": true}'),
    ('CreateTable', 'ResourcePolicy', '"{}"'),
    ('CreateTable', 'GlobalTableSourceArn', '"arn"'),
    ('CreateTable', 'GlobalTableSettingsReplicationMode', '"ENABLED"'),
    ('UpdateTable', 'GlobalSecondaryIndexUpdates', '[{}]'),
    ('UpdateTable', 'SSESpecification', '{"Enabled": true}'),
    ('UpdateTable', 'ReplicaUpdates', '[]'),
    ('UpdateTable', 'MultiRegionConsistency', '"STRONG"'),
    ('UpdateTable', 'GlobalTableWitnessUpdates', '[]'),
    ('UpdateTable', 'GlobalTableSettingsReplicationMode', '"ENABLED"')) AS t (operation, member, value);
SELECT outcome('UpdateTable', '{"TableName": "abc", "MultiRegionConsistency": "STRONG", "BillingMode": "FOO"}');
SELECT outcome('UpdateTable', '{"TableName": "abc", "MultiRegionConsistency": "STRONG", "ReplicaUpdates": []}');

-- null asks for nothing
SELECT outcome('Scan', '{"TableName": "api_unknown_missing", "ScanFilter": null}');

-- and so do these
SELECT outcome('CreateTable', '{"TableName": "api_unknown",
    "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST", "Tags": [],
    "StreamSpecification": {"StreamEnabled": false}, "SSESpecification": {"Enabled": false}}')::json
    #>> '{TableDescription,TableStatus}' AS status;
SELECT dynamo.delete_table('api_unknown') ->> 'TableStatus' AS status;

DROP FUNCTION outcome(text, text), outcome(text, json);
