-- Backups say what indexes their table had, and restoring brings them back, or some of them.
SET dynamo.schema = 'ops_index_backup';
SELECT dynamo.call('CreateTable', '{"TableName": "Tasks", "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}, {"AttributeName": "g", "AttributeType": "S"}, {"AttributeName": "n", "AttributeType": "N"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}], "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2},
    "LocalSecondaryIndexes": [{"IndexName": "local", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}],
    "GlobalSecondaryIndexes": [{"IndexName": "one", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}, "ProvisionedThroughput": {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}},
        {"IndexName": "two", "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}], "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x"]}, "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}}]}')::jsonb #>> '{TableDescription,TableStatus}';
SELECT count(dynamo.put_item('Tasks', format('{"pk": {"S": "p%s"}, "sk": {"S": "s%s"}, "g": {"S": "g%s"}, "n": {"N": "%s"}}', i % 3, i, i % 2, i)::dynamo.item)) FROM generate_series(1, 20) i;
SELECT dynamo.call('CreateBackup', '{"TableName": "Tasks", "BackupName": "before"}')::jsonb #>> '{BackupDetails,BackupArn}' AS arn \gset
SELECT jsonb_pretty(dynamo.call('DescribeBackup', format('{"BackupArn": "%s"}', :'arn')::json)::jsonb #> '{BackupDescription,SourceTableFeatureDetails}');
SELECT dynamo.call('DeleteTable', '{"TableName": "Tasks"}') IS NOT NULL;

CREATE FUNCTION pg_temp.restore(arn text, name text, more text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE t jsonb;
BEGIN
    PERFORM dynamo.call('RestoreTableFromBackup', format('{"BackupArn": "%s", "TargetTableName": "%s"%s}', arn, name, more)::json);
    t := dynamo.call('DescribeTable', format('{"TableName": "%s"}', name)::json)::jsonb -> 'Table';
    RETURN (SELECT string_agg(concat_ws(' ', i ->> 'IndexName', i ->> 'IndexStatus', (i #> '{ProvisionedThroughput,ReadCapacityUnits}')::text), ', ' ORDER BY i ->> 'IndexName')
              FROM jsonb_array_elements(coalesce(t -> 'LocalSecondaryIndexes', '[]') || coalesce(t -> 'GlobalSecondaryIndexes', '[]')) i);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT pg_temp.restore(:'arn', 'All', '');
SELECT * FROM dynamo.check_table('All');
SELECT jsonb_path_query_array(dynamo.call('Query', '{"TableName": "All", "IndexName": "one", "KeyConditionExpression": "g = :g AND n > :n", "ExpressionAttributeValues": {":g": {"S": "g1"}, ":n": {"N": "10"}}}')::jsonb, '$.Items[*].n.N');
\d ops_index_backup."All"
SELECT pg_temp.restore(:'arn', 'OnDemand', ', "BillingModeOverride": "PAY_PER_REQUEST"');
SELECT pg_temp.restore(:'arn', 'Some', ', "GlobalSecondaryIndexOverride": [{"IndexName": "two", "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}], "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x"]}, "ProvisionedThroughput": {"ReadCapacityUnits": 50, "WriteCapacityUnits": 60}}], "LocalSecondaryIndexOverride": []');
\d ops_index_backup."Some"
SELECT pg_temp.restore(:'arn', 'None', ', "GlobalSecondaryIndexOverride": [], "LocalSecondaryIndexOverride": []');
SELECT pg_temp.restore(:'arn', 'Bad', ', "GlobalSecondaryIndexOverride": [{"IndexName": "three", "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}]');
SELECT pg_temp.restore(:'arn', 'Bad', ', "GlobalSecondaryIndexOverride": [{"IndexName": "two", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}]');
SELECT pg_temp.restore(:'arn', 'Bad', ', "LocalSecondaryIndexOverride": [{"IndexName": "two", "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}]');
SELECT pg_temp.restore(:'arn', 'Bad', ', "LocalSecondaryIndexOverride": [{"IndexName": "local"}]');
SELECT name FROM dynamo.tables WHERE schema = 'ops_index_backup' ORDER BY 1;
SELECT dynamo.call('DeleteBackup', format('{"BackupArn": "%s"}', :'arn')::json)::jsonb #>> '{BackupDescription,BackupDetails,BackupStatus}';
SELECT relation, count(*) FROM dynamo.table_indexes WHERE relation::text ~ 'ops_index_backup' GROUP BY 1 ORDER BY 1;
