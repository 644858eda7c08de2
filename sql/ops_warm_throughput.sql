-- WarmThroughput of tables and global secondary indexes
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set VERBOSITY terse
SET dynamo.schema = ops_warm_throughput;
CREATE SCHEMA ops_warm_throughput;

CREATE FUNCTION pg_temp.warm(description json) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', description -> 'WarmThroughput', (SELECT string_agg((i ->> 'IndexName') || (i ->> 'WarmThroughput'), ' ')
        FROM json_array_elements(coalesce(description -> 'GlobalSecondaryIndexes', '[]')) i)) $$;
CREATE FUNCTION pg_temp.described(name text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.warm(dynamo.call('DescribeTable', json_build_object('TableName', name)) -> 'Table') $$;
CREATE FUNCTION pg_temp.create_table(name text, more text, index_more text DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.warm(dynamo.call('CreateTable', (jsonb_build_object('TableName', name) || '{"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}]}' || more::jsonb ||
        jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array('{"IndexName": "gsi", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"}}' || index_more::jsonb)))::json) -> 'TableDescription') $$;
CREATE FUNCTION pg_temp.update_table(name text, more text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.warm(dynamo.call('UpdateTable', (jsonb_build_object('TableName', name) || more::jsonb)::json) -> 'TableDescription') $$;
CREATE FUNCTION pg_temp.update_index(name text, more text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.update_table(name, format('{"GlobalSecondaryIndexUpdates": [{"Update": %s}]}', '{"IndexName": "gsi"}' || more::jsonb)) $$;
\set on_demand '{"BillingMode": "PAY_PER_REQUEST"}'
\set capacity '{"ProvisionedThroughput": {"ReadCapacityUnits": 30, "WriteCapacityUnits": 40}}'

-- what comes by itself
SELECT pg_temp.create_table('OnDemand', :'on_demand');
SELECT pg_temp.described('OnDemand');
SELECT pg_temp.create_table('Provisioned', :'capacity', '{"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}}');
SELECT pg_temp.described('Provisioned');

-- what is asked for, both units or one
SELECT pg_temp.update_table('OnDemand', '{"WarmThroughput": {"ReadUnitsPerSecond": 20000, "WriteUnitsPerSecond": 5000}}');
SELECT pg_temp.described('OnDemand');
SELECT pg_temp.update_table('OnDemand', '{"WarmThroughput": {"ReadUnitsPerSecond": 20000, "WriteUnitsPerSecond": 6000}}');
SELECT pg_temp.update_index('OnDemand', '{"WarmThroughput": {"WriteUnitsPerSecond": 4100}}');
SELECT pg_temp.described('OnDemand');
SELECT pg_temp.update_index('Provisioned', '{"WarmThroughput": {"ReadUnitsPerSecond": 100}}');
SELECT pg_temp.described('Provisioned');
SELECT pg_temp.create_table('Both', '{"BillingMode": "PAY_PER_REQUEST", "WarmThroughput": {"ReadUnitsPerSecond": 13000}}',
    '{"WarmThroughput": {"ReadUnitsPerSecond": 14000, "WriteUnitsPerSecond": 15000}}');
SELECT pg_temp.described('Both');

-- it never shrinks
SELECT pg_temp.update_table('OnDemand', '{"WarmThroughput": {"ReadUnitsPerSecond": 19999}}');
SELECT pg_temp.update_table('OnDemand', '{"WarmThroughput": {"ReadUnitsPerSecond": 30000, "WriteUnitsPerSecond": -1}}');
SELECT pg_temp.update_index('OnDemand', '{"WarmThroughput": {"ReadUnitsPerSecond": 11999}}');
SELECT pg_temp.create_table('Bad', '{"BillingMode": "PAY_PER_REQUEST", "WarmThroughput": {"WriteUnitsPerSecond": 3999}}');
SELECT pg_temp.create_table('Bad', :'on_demand', '{"WarmThroughput": {"ReadUnitsPerSecond": 1}}');
SELECT pg_temp.create_table('Bad', '{"BillingMode": "PAY_PER_REQUEST", "WarmThroughput": {}}');
SELECT pg_temp.update_table('OnDemand', '{"WarmThroughput": {"ReadUnitsPerSecond": "many"}}');
SELECT pg_temp.described('OnDemand');

-- nor with the capacity
SELECT pg_temp.update_table('Provisioned', '{"ProvisionedThroughput": {"ReadCapacityUnits": 3, "WriteCapacityUnits": 400}}');
SELECT pg_temp.update_index('Provisioned', '{"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}');
SELECT pg_temp.described('Provisioned');
SELECT pg_temp.update_table('Provisioned', '{"BillingMode": "PAY_PER_REQUEST", "WarmThroughput": {"ReadUnitsPerSecond": 12001}}');
SELECT pg_temp.update_table('Provisioned', '{"BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 7, "WriteCapacityUnits": 8},
    "GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "gsi", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}}}]}');
SELECT pg_temp.described('Provisioned');

-- an index that changes together with the billing mode loses its capacity
SELECT pg_temp.update_table('Provisioned', '{"BillingMode": "PAY_PER_REQUEST",
    "GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "gsi", "WarmThroughput": {"WriteUnitsPerSecond": 9000}}}]}');
SELECT pg_temp.described('Provisioned');
SELECT read_capacity, write_capacity, warm_read_units, warm_write_units FROM dynamo.table_indexes
    WHERE relation = 'ops_warm_throughput."Provisioned"'::regclass;

-- a new index
SELECT pg_temp.update_table('OnDemand', '{"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
    "GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "new", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"}, "WarmThroughput": {"ReadUnitsPerSecond": 50000}}}]}');
SELECT pg_temp.described('OnDemand');

-- a restored table is warm by itself, unless the request says more
CREATE SCHEMA ops_warm_throughput_backups;
CREATE TEMPORARY TABLE backup AS
    SELECT dynamo.call('CreateBackup', '{"TableName": "Both", "BackupName": "warm"}') #>> '{BackupDetails,BackupArn}' AS arn;
SELECT pg_temp.warm(dynamo.call('RestoreTableFromBackup', json_build_object('TargetTableName', 'Restored', 'BackupArn', arn)) -> 'TableDescription')
    FROM backup;
SELECT pg_temp.warm(dynamo.call('RestoreTableFromBackup', json_build_object('TargetTableName', 'Restored2', 'BackupArn', arn, 'GlobalSecondaryIndexOverride',
    '[{"IndexName": "gsi", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"},
       "WarmThroughput": {"ReadUnitsPerSecond": 16000}}]'::json)) -> 'TableDescription')
    FROM backup;

SET client_min_messages = warning;
DROP SCHEMA ops_warm_throughput, ops_warm_throughput_backups CASCADE;
