-- CreateTable, DescribeTable, UpdateTable, DeleteTable, ListTables
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

-- what differs from run to run
CREATE FUNCTION pg_temp.steady(description json, name text) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(regexp_replace(description ->> name, '"(CreationDateTime|Last\w+DateTime)": ?[0-9.E]+', '"\1":0', 'g'),
        '[0-9a-f]{8}-[0-9a-f-]{27}', 'uuid', 'g') $$;
CREATE FUNCTION pg_temp.create_table(more text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.steady(dynamo.call('CreateTable', ('{"TableName": "ops_tables", ' || more || '}')::json), 'TableDescription') $$;
CREATE FUNCTION pg_temp.update_table(more text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.steady(dynamo.call('UpdateTable', ('{"TableName": "ops_tables", ' || more || '}')::json), 'TableDescription') $$;
CREATE FUNCTION pg_temp.delete_table() RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.steady(dynamo.call('DeleteTable', '{"TableName": "ops_tables"}'), 'TableDescription') $$;

-- on demand
SELECT pg_temp.create_table('"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [{"AttributeName": "sk", "AttributeType": "N"}, {"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST"');
SELECT pg_temp.steady(dynamo.call('DescribeTable', '{"TableName": "ops_tables"}'), 'Table');
SELECT pg_temp.create_table('"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}], "BillingMode": "PAY_PER_REQUEST"');

-- updates
SELECT pg_temp.update_table('"DeletionProtectionEnabled": true');
SELECT pg_temp.delete_table();
SELECT pg_temp.update_table('"BillingMode": "PROVISIONED"');
SELECT pg_temp.update_table('"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}');
SELECT pg_temp.update_table('"BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}');
SELECT pg_temp.update_table('"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}');
SELECT pg_temp.update_table('"ProvisionedThroughput": {"ReadCapacityUnits": 4, "WriteCapacityUnits": 7}, "TableClass": "STANDARD_INFREQUENT_ACCESS"');
SELECT pg_temp.update_table('"OnDemandThroughput": {"MaxReadRequestUnits": 5}');
SELECT pg_temp.update_table('"BillingMode": "PAY_PER_REQUEST", "OnDemandThroughput": {"MaxReadRequestUnits": 5}, "DeletionProtectionEnabled": false,
    "TableClass": "STANDARD"');
SELECT pg_temp.update_table('"OnDemandThroughput": {"MaxReadRequestUnits": 0}');
SELECT pg_temp.update_table('"OnDemandThroughput": {"MaxReadRequestUnits": 7, "MaxWriteRequestUnits": -2}');
SELECT pg_temp.update_table('"OnDemandThroughput": {"MaxReadRequestUnits": -1}');
SELECT dynamo.call('UpdateTable', '{"TableName": "ops_tables"}');
SELECT dynamo.call('UpdateTable', '{"TableName": "ops_tables", "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]}');
SELECT pg_temp.steady(dynamo.call('DescribeTable', '{"TableName": "ops_tables"}'), 'Table');
SELECT pg_temp.delete_table();

-- provisioned
SELECT pg_temp.create_table('"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "B"}],
    "ProvisionedThroughput": {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}, "TableClass": "STANDARD_INFREQUENT_ACCESS"');
SELECT pg_temp.delete_table();

-- not there (any more)
SELECT dynamo.call('DescribeTable', '{"TableName": "ops_tables"}');
SELECT dynamo.call('DeleteTable', '{"TableName": "ops_tables"}');
SELECT dynamo.call('UpdateTable', '{"TableName": "ops_tables", "DeletionProtectionEnabled": true}');

-- keys and definitions must go together
\set hash_a '"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}]'
\set define_a '"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}]'
\set define_ab '"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}, {"AttributeName": "b", "AttributeType": "S"}]'
\set on_demand '"BillingMode": "PAY_PER_REQUEST"'
SELECT pg_temp.create_table('"KeySchema": [{"AttributeName": "b", "KeyType": "HASH"}],' || :'define_a' || ',' || :'on_demand');
SELECT pg_temp.create_table(:'hash_a' || ',' || :'define_ab' || ',' || :'on_demand');
SELECT pg_temp.create_table('"KeySchema": [{"AttributeName": "a", "KeyType": "RANGE"}],' || :'define_a' || ',' || :'on_demand');
SELECT pg_temp.create_table('"KeySchema": [{"AttributeName": "a", "KeyType": "RANGE"}, {"AttributeName": "b", "KeyType": "HASH"}],' || :'define_ab' || ',' || :'on_demand');
SELECT pg_temp.create_table('"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "b", "KeyType": "HASH"}],' || :'define_ab' || ',' || :'on_demand');
SELECT pg_temp.create_table('"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "a", "KeyType": "RANGE"}],' || :'define_a' || ',' || :'on_demand');
SELECT pg_temp.create_table('"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "b", "KeyType": "RANGE"}, {"AttributeName": "c", "KeyType": "RANGE"}],' || :'define_ab' || ',' || :'on_demand');
SELECT pg_temp.create_table(:'hash_a' || ', "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}, {"AttributeName": "a", "AttributeType": "N"}],' || :'on_demand');
SELECT pg_temp.create_table(:'hash_a' || ', "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "SS"}],' || :'on_demand');
SELECT pg_temp.create_table(:'hash_a' || ',' || :'define_a');
SELECT pg_temp.create_table(:'hash_a' || ',' || :'define_a' || ', "BillingMode": "PROVISIONED"');
SELECT pg_temp.create_table(:'hash_a' || ',' || :'define_a' || ',' || :'on_demand' || ', "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}');
SELECT pg_temp.create_table(:'hash_a' || ',' || :'define_a' || ', "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 1}');
SELECT dynamo.call('DescribeTable', '{"TableName": "ops_tables"}');

-- listing, in pages, by bytes
SET dynamo.schema = 'ops_tables_list';
BEGIN;
SELECT dynamo.call('ListTables', '{}');
SELECT count(dynamo.create_table('list_' || name, 'pk S')) FROM unnest('{b,a,B,_,-1,10,9}'::text[]) name;
SELECT dynamo.call('ListTables', '{}');
SELECT dynamo.call('ListTables', '{"Limit": 3}');
SELECT dynamo.call('ListTables', '{"ExclusiveStartTableName": "list_9", "Limit": 3}');
SELECT dynamo.call('ListTables', '{"ExclusiveStartTableName": "list__", "Limit": 2}');
SELECT dynamo.call('ListTables', '{"ExclusiveStartTableName": "list_a1", "Limit": 2}');
SELECT dynamo.call('ListTables', '{"ExclusiveStartTableName": "zzz"}');
ROLLBACK;
SELECT dynamo.call('ListTables', '{}');
SELECT dynamo.call('ListTables', '{"Limit": 0}');
SELECT dynamo.call('ListTables', '{"Limit": 101}');
RESET dynamo.schema;

-- names that PostgreSQL could take amiss; each call sees what the one before it did
SELECT dynamo.call('CreateTable', json_build_object('TableName', name, 'BillingMode', 'PAY_PER_REQUEST',
        'KeySchema', '[{"AttributeName": "item", "KeyType": "HASH"}, {"AttributeName": "xmin", "KeyType": "RANGE"}]'::json,
        'AttributeDefinitions', '[{"AttributeName": "item", "AttributeType": "S"}, {"AttributeName": "xmin", "AttributeType": "N"}]'::json))
        #>> '{TableDescription,TableStatus}',
    dynamo.call('PutItem', json_build_object('TableName', name, 'Item', '{"item": {"S": "i"}, "xmin": {"N": "1"}}'::json)),
    dynamo.call('GetItem', json_build_object('TableName', name, 'Key', '{"item": {"S": "i"}, "xmin": {"N": "1.0"}}'::json)),
    dynamo.call('DeleteTable', json_build_object('TableName', name)) #>> '{TableDescription,TableStatus}'
    FROM unnest(ARRAY['...', 'Select', repeat('x', 255), 'a-b']) name;
