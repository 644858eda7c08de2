-- UpdateTable: global indexes are created, changed and deleted, one at a time.
SET dynamo.schema = 'ops_index_update';
SELECT dynamo.create_table('Tasks', 'PK S', 'SK S');
INSERT INTO ops_index_update."Tasks" (item)
SELECT (jsonb_build_object('PK', jsonb_build_object('S', 'p' || i % 10), 'SK', jsonb_build_object('S', 'task' || i), 'Due', jsonb_build_object('N', (i / 2)::text))
    || CASE i % 3 WHEN 0 THEN jsonb_build_object('GSI1PK', jsonb_build_object('S', 'STATUS#' || i % 2)) WHEN 1 THEN jsonb_build_object('GSI1PK', jsonb_build_object('N', i::text)) ELSE '{}' END)::text::dynamo.item
FROM generate_series(1, 60) i;
CREATE FUNCTION pg_temp.update_table(request text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result jsonb;
BEGIN
    result := dynamo.call('UpdateTable', ('{"TableName": "Tasks",' || substr(request, 2))::json)::jsonb -> 'TableDescription';
    RETURN concat_ws(' ', result ->> 'TableStatus', (SELECT string_agg(concat_ws(' ', i ->> 'IndexName', i ->> 'IndexStatus'), ', ') FROM jsonb_array_elements(result -> 'GlobalSecondaryIndexes') i));
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- Create: the columns are filled, for those items that have a key of the index.
SELECT pg_temp.update_table('{"AttributeDefinitions": [{"AttributeName": "GSI1PK", "AttributeType": "S"}, {"AttributeName": "Due", "AttributeType": "N"}], "GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "GSI1", "KeySchema": [{"AttributeName": "GSI1PK", "KeyType": "HASH"}, {"AttributeName": "Due", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}}}]}');
\d ops_index_update."Tasks"
SELECT "GSI1PK", count(*), count("Due") AS due FROM ops_index_update."Tasks" GROUP BY 1 ORDER BY 1;
SELECT * FROM dynamo.check_table('Tasks');
SELECT jsonb_pretty(dynamo.call('DescribeTable', '{"TableName": "Tasks"}')::jsonb #> '{Table,AttributeDefinitions}');
SELECT dynamo.call('DescribeTable', '{"TableName": "Tasks"}')::jsonb #>> '{Table,GlobalSecondaryIndexes,0,IndexStatus}';
-- one that shares its columns, one that shares its btree
-- (definitions may be there that a later request will use)
SELECT pg_temp.update_table('{"AttributeDefinitions": [{"AttributeName": "Due", "AttributeType": "N"}, {"AttributeName": "Later", "AttributeType": "B"}], "GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "by_due", "KeySchema": [{"AttributeName": "Due", "KeyType": "HASH"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}}]}');
SELECT pg_temp.update_table('{"AttributeDefinitions": [{"AttributeName": "GSI1PK", "AttributeType": "S"}, {"AttributeName": "Due", "AttributeType": "N"}], "GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "GSI2", "KeySchema": [{"AttributeName": "GSI1PK", "KeyType": "HASH"}, {"AttributeName": "Due", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["Title"]}}}]}');
SELECT indexdef FROM pg_indexes WHERE schemaname = 'ops_index_update' ORDER BY indexname;

-- What is refused
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": []}');
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{}]}');
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "x"}}]}');
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "GSI1"}, "Update": {"IndexName": "GSI2"}}]}');
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "GSI1"}}, {"Delete": {"IndexName": "GSI2"}}]}');
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "GSI1"}}, {"Update": {"IndexName": "GSI1"}}]}');
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "none"}}]}');
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "none", "OnDemandThroughput": {"MaxReadRequestUnits": 1}}}]}');
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "GSI1"}}]}');
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "GSI1", "KeySchema": [{"AttributeName": "Due", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]}');
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "GSI3", "KeySchema": [{"AttributeName": "Other", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]}');
SELECT pg_temp.update_table('{"AttributeDefinitions": [{"AttributeName": "GSI1PK", "AttributeType": "S"}], "GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "GSI3", "KeySchema": [{"AttributeName": "GSI1PK", "KeyType": "HASH"}, {"AttributeName": "Due", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}}}]}');
SELECT pg_temp.update_table('{"AttributeDefinitions": [{"AttributeName": "Due", "AttributeType": "S"}], "GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "GSI3", "KeySchema": [{"AttributeName": "Due", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]}');
SELECT pg_temp.update_table('{"AttributeDefinitions": [{"AttributeName": "Due", "AttributeType": "N"}], "GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "GSI3", "KeySchema": [{"AttributeName": "Due", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}, "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}}]}');
SELECT pg_temp.update_table('{"BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}');

-- Throughput
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "GSI1", "OnDemandThroughput": {"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": 200}}}]}');
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "GSI1", "OnDemandThroughput": {"MaxWriteRequestUnits": 0}}}]}');
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "GSI1", "OnDemandThroughput": {"MaxWriteRequestUnits": -1}}}]}');
SELECT max_read_request_units, max_write_request_units FROM dynamo.table_indexes WHERE relation = 'ops_index_update."Tasks"'::regclass AND name = 'GSI1';
SELECT pg_temp.update_table('{"BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}, "GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "GSI1", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}}}, {"Update": {"IndexName": "GSI2", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}}, {"Update": {"IndexName": "by_due", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}}]}');
SELECT name, read_capacity, write_capacity, last_increase IS NOT NULL AS increased, max_read_request_units FROM dynamo.table_indexes WHERE relation = 'ops_index_update."Tasks"'::regclass ORDER BY name;
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "GSI1", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}}}]}');
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "GSI1", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 4}}}]}');
SELECT pg_temp.update_table('{"BillingMode": "PAY_PER_REQUEST"}');
SELECT name, read_capacity, write_capacity FROM dynamo.table_indexes WHERE relation = 'ops_index_update."Tasks"'::regclass ORDER BY name;

-- Delete: columns and btrees stay while others use them.
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "GSI1"}}]}');
SELECT indexname FROM pg_indexes WHERE schemaname = 'ops_index_update' ORDER BY indexname;
SELECT pg_temp.update_table('{"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "GSI2"}}]}');
\d ops_index_update."Tasks"
-- together with what else may be changed
SELECT pg_temp.update_table('{"TableClass": "STANDARD_INFREQUENT_ACCESS", "DeletionProtectionEnabled": false, "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by_due"}}]}');
\d ops_index_update."Tasks"
SELECT * FROM dynamo.check_table('Tasks');
SELECT dynamo.get_item('Tasks', '{"PK": {"S": "p1"}, "SK": {"S": "task1"}}');

-- All of it or nothing
BEGIN;
SELECT pg_temp.update_table('{"AttributeDefinitions": [{"AttributeName": "Due", "AttributeType": "N"}], "GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "by_due", "KeySchema": [{"AttributeName": "Due", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]}');
SELECT dynamo.put_item('Tasks', '{"PK": {"S": "new"}, "SK": {"S": "new"}, "Due": {"N": "1"}}');
SELECT count("Due") FROM ops_index_update."Tasks";
ROLLBACK;
SELECT count(*) FROM dynamo.table_indexes WHERE relation = 'ops_index_update."Tasks"'::regclass;
SELECT dynamo.put_item('Tasks', '{"PK": {"S": "new"}, "SK": {"S": "new"}, "Due": {"N": "1"}}');

-- Only the owner
CREATE ROLE ops_index_update_user;
GRANT USAGE ON SCHEMA ops_index_update TO ops_index_update_user;
GRANT ALL ON ops_index_update."Tasks" TO ops_index_update_user;
SET ROLE ops_index_update_user;
SELECT pg_temp.update_table('{"AttributeDefinitions": [{"AttributeName": "SK", "AttributeType": "S"}], "GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "mine", "KeySchema": [{"AttributeName": "SK", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]}');
INSERT INTO dynamo.table_indexes SELECT * FROM dynamo.table_indexes;
RESET ROLE;
DROP OWNED BY ops_index_update_user;
DROP ROLE ops_index_update_user;

-- Written by SQL: a user's trigger sees the rows that are filled.
CREATE FUNCTION ops_index_update.nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER t BEFORE UPDATE ON ops_index_update."Tasks" FOR EACH ROW EXECUTE FUNCTION ops_index_update.nothing();
SELECT pg_temp.update_table('{"AttributeDefinitions": [{"AttributeName": "Due", "AttributeType": "N"}], "GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "by_due", "KeySchema": [{"AttributeName": "Due", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]}');
SELECT count("Due") FROM ops_index_update."Tasks";
SELECT * FROM dynamo.check_table('Tasks');
