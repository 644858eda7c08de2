-- CreateTable with secondary indexes: what is made, and what is refused.
SET dynamo.schema = 'ops_index_create';
CREATE SCHEMA ops_index_create;
CREATE FUNCTION pg_temp.element(spec text) RETURNS json LANGUAGE SQL AS $$
    SELECT json_build_object('AttributeName', split_part(spec, ':', 1), 'KeyType', CASE split_part(spec, ':', 2) WHEN 'H' THEN 'HASH' ELSE 'RANGE' END)
$$;
-- 'a:H b:R'
CREATE FUNCTION pg_temp.key_schema(spec text) RETURNS json LANGUAGE SQL AS $$
    SELECT json_agg(pg_temp.element(e)) FROM regexp_split_to_table(spec, ' ') e
$$;
-- 'a:S b:N'
CREATE FUNCTION pg_temp.definitions(spec text) RETURNS json LANGUAGE SQL AS $$
    SELECT json_agg(json_build_object('AttributeName', split_part(e, ':', 1), 'AttributeType', split_part(e, ':', 2))) FROM regexp_split_to_table(spec, ' ') e
$$;
-- 'name key projection', or with more members
CREATE FUNCTION pg_temp.ix(name text, key text, projection json DEFAULT '{"ProjectionType":"ALL"}', more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE SQL AS $$
    SELECT jsonb_build_object('IndexName', name, 'KeySchema', pg_temp.key_schema(key), 'Projection', projection) || more
$$;
CREATE FUNCTION pg_temp.create_table(name text, definitions text, key text, gsis jsonb DEFAULT NULL, lsis jsonb DEFAULT NULL, more jsonb DEFAULT '{"BillingMode": "PAY_PER_REQUEST"}') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (dynamo.call('CreateTable', (jsonb_strip_nulls(jsonb_build_object('TableName', name, 'AttributeDefinitions', pg_temp.definitions(definitions),
        'KeySchema', pg_temp.key_schema(key), 'GlobalSecondaryIndexes', gsis, 'LocalSecondaryIndexes', lsis)) || more)::json)::json -> 'TableDescription' ->> 'TableStatus');
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END $$;

-- What stands behind them: shared columns, btrees that order all rows, sparse.
SELECT pg_temp.create_table('Tasks', 'PK:S SK:S GSI1PK:S GSI1SK:N Due:B', 'PK:H SK:R',
    jsonb_build_array(pg_temp.ix('GSI1', 'GSI1PK:H GSI1SK:R'), pg_temp.ix('inverted', 'SK:H PK:R', '{"ProjectionType":"KEYS_ONLY"}'), pg_temp.ix('due', 'Due:H', '{"ProjectionType":"INCLUDE","NonKeyAttributes":["Title","Owner"]}'), pg_temp.ix('same-key', 'GSI1PK:H GSI1SK:R', '{"ProjectionType":"KEYS_ONLY"}')),
    jsonb_build_array(pg_temp.ix('by_time', 'PK:H GSI1SK:R')));
\d ops_index_create."Tasks"
SELECT attname, attstorage FROM pg_attribute WHERE attrelid = 'ops_index_create."Tasks"'::regclass AND attnum > 0 ORDER BY attnum;
SELECT name, kind, key_schema, projection, non_key_attributes, status, backfilling FROM dynamo.table_indexes WHERE relation = 'ops_index_create."Tasks"'::regclass ORDER BY name;
SELECT jsonb_pretty(dynamo.call('DescribeTable', '{"TableName": "Tasks"}')::jsonb -> 'Table' - '{TableId,CreationDateTime,BillingModeSummary}'::text[]);
SELECT * FROM dynamo.check_table('Tasks');

-- Keys of several attributes
SELECT pg_temp.create_table('Multi', 'id:S a:S b:N c:B d:S e:S f:N g:S h:S', 'id:H',
    jsonb_build_array(pg_temp.ix('wide', 'a:H b:H c:H d:H e:R f:R g:R h:R'), pg_temp.ix('two', 'a:H b:H'), pg_temp.ix('own', 'id:H a:R b:R')));
\d ops_index_create."Multi"
SELECT pg_temp.create_table('Bad', 'id:S a:S b:S c:S d:S e:S', 'id:H', jsonb_build_array(pg_temp.ix('bad', 'a:H b:H c:H d:H e:H')));
SELECT pg_temp.create_table('Bad', 'id:S a:S b:S c:S', 'id:H', jsonb_build_array(pg_temp.ix('bad', 'a:H b:R c:H')));
SELECT pg_temp.create_table('Bad', 'id:S a:S b:S c:S', 'id:H', jsonb_build_array(pg_temp.ix('bad', 'a:H b:R b:R')));
SELECT pg_temp.create_table('Bad', 'id:S a:S b:S c:S', 'id:H', jsonb_build_array(pg_temp.ix('bad', 'a:R b:R c:R')));
SELECT pg_temp.create_table('Bad', 'id:S a:S b:S c:S d:S e:S', 'id:H', jsonb_build_array(pg_temp.ix('bad', 'id:H a:R b:R c:R d:R e:R')));

-- An index whose order is the table's needs nothing.
SELECT pg_temp.create_table('Same', 'id:S a:S', 'id:H a:R', jsonb_build_array(pg_temp.ix('keys', 'id:H a:R', '{"ProjectionType":"KEYS_ONLY"}'), pg_temp.ix('partition', 'id:H')));
SELECT name, btree FROM dynamo.indexes WHERE schema = 'ops_index_create' AND table_name = 'Same' ORDER BY name;
SELECT dynamo.put_item('Same', '{"id": {"S": "1"}, "a": {"S": "2"}, "b": {"S": "3"}}');
SELECT dynamo.query('Same', 'id = :i', index_name => 'keys', expression_attribute_values => '{":i": {"S": "1"}}');
SELECT dynamo.call('UpdateTable', '{"TableName": "Same", "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "keys"}}]}') IS NOT NULL;
SELECT dynamo.query('Same', 'id = :i', index_name => 'partition', expression_attribute_values => '{":i": {"S": "1"}}');

-- Names of columns that PostgreSQL cannot take
SELECT pg_temp.create_table('Names', 'id:S item:S _ttl:N ' || repeat('x', 70) || ':S', 'id:H',
    jsonb_build_array(pg_temp.ix('a.b-c_D', 'item:H _ttl:R'), pg_temp.ix('long' || repeat('n', 250), repeat('x', 70) || ':H')));
\d ops_index_create."Names"
SELECT dynamo.put_item('Names', jsonb_build_object('id', jsonb_build_object('S', '1'), 'item', jsonb_build_object('S', 'i'), '_ttl', jsonb_build_object('N', '2'), repeat('x', 70), jsonb_build_object('S', 'long'))::text::dynamo.item);
SELECT * FROM dynamo.check_table('Names');

-- Attributes: defined, and used
SELECT pg_temp.create_table('Bad', 'a:S', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:H c:R')));
SELECT pg_temp.create_table('Bad', 'a:S b:S c:S', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:H')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H');
SELECT pg_temp.create_table('Bad', 'a:S b:S b:N', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:H')));
-- key schemas
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:R')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:H b:R')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:R a:H')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', NULL, jsonb_build_array(pg_temp.ix('bad', 'a:H b:R')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H b:R', NULL, jsonb_build_array(pg_temp.ix('bad', 'a:H')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H b:R', NULL, jsonb_build_array(pg_temp.ix('bad', 'b:H a:R')));
SELECT pg_temp.create_table('Bad', 'a:S b:S c:S', 'a:H b:R', NULL, jsonb_build_array(pg_temp.ix('bad', 'a:H b:R c:R')));
-- projections
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:H', '{}')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:H', '{"ProjectionType":"SOME"}')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:H', '{"ProjectionType":"INCLUDE"}')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:H', '{"ProjectionType":"INCLUDE","NonKeyAttributes":[]}')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:H', '{"ProjectionType":"INCLUDE","NonKeyAttributes":["x","y","x"]}')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:H', '{"ProjectionType":"INCLUDE","NonKeyAttributes":["x",""]}')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:H', '{"ProjectionType":"ALL","NonKeyAttributes":["x"]}')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:H', '{"ProjectionType":"KEYS_ONLY","NonKeyAttributes":["x"]}')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:H', json_build_object('ProjectionType', 'INCLUDE', 'NonKeyAttributes', (SELECT json_agg('n' || i) FROM generate_series(1, 21) i)))));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', (SELECT jsonb_agg(pg_temp.ix('ix' || j, 'b:H', json_build_object('ProjectionType', 'INCLUDE', 'NonKeyAttributes', (SELECT json_agg('n' || i) FROM generate_series(1, 17) i)))) FROM generate_series(1, 6) j));
-- names and numbers
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('ix', 'b:H'), pg_temp.ix('b d', 'b:H')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('twice', 'b:H'), pg_temp.ix('twice', 'a:H b:R')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H b:R', jsonb_build_array(pg_temp.ix('twice', 'b:H')), jsonb_build_array(pg_temp.ix('twice', 'a:H b:R')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', '[]');
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H b:R', NULL, '[]');
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', (SELECT jsonb_agg(pg_temp.ix('index' || i, 'b:H')) FROM generate_series(1, 21) i));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H b:R', NULL, (SELECT jsonb_agg(pg_temp.ix('index' || i, 'a:H b:R')) FROM generate_series(1, 6) i));
-- throughput
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:H', more => '{"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}}')));
SELECT pg_temp.create_table('Bad', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('bad', 'b:H')), more => '{"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}}');
SELECT pg_temp.create_table('Provisioned', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('gsi', 'b:H', more => '{"ProvisionedThroughput": {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}}')), more => '{"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}}');
SELECT dynamo.call('DescribeTable', '{"TableName": "Provisioned"}')::jsonb #> '{Table,GlobalSecondaryIndexes,0,ProvisionedThroughput}';
SELECT pg_temp.create_table('OnDemand', 'a:S b:S', 'a:H', jsonb_build_array(pg_temp.ix('gsi', 'b:H', more => '{"OnDemandThroughput": {"MaxReadRequestUnits": 30}}')));
SELECT dynamo.call('DescribeTable', '{"TableName": "OnDemand"}')::jsonb #> '{Table,GlobalSecondaryIndexes,0,OnDemandThroughput}';

-- As many as DynamoDB allows; they go with the table.
SELECT pg_temp.create_table('Full', 'a:S b:S c:S', 'a:H b:R', (SELECT jsonb_agg(pg_temp.ix('global' || i, 'c:H b:R')) FROM generate_series(1, 20) i), (SELECT jsonb_agg(pg_temp.ix('local' || i, 'a:H c:R')) FROM generate_series(1, 5) i));
SELECT kind, count(*) FROM dynamo.table_indexes WHERE relation = 'ops_index_create."Full"'::regclass GROUP BY 1 ORDER BY 1;
SELECT count(*) AS btrees FROM pg_index WHERE indrelid = 'ops_index_create."Full"'::regclass;
ALTER TABLE ops_index_create."Full" RENAME TO "Fuller";
SELECT jsonb_array_length(dynamo.call('DescribeTable', '{"TableName": "Fuller"}')::jsonb #> '{Table,GlobalSecondaryIndexes}');
SELECT jsonb_array_length(dynamo.call('DeleteTable', '{"TableName": "Fuller"}')::jsonb #> '{TableDescription,GlobalSecondaryIndexes}');
DROP TABLE ops_index_create."Multi";
SELECT relation, count(*) FROM dynamo.table_indexes WHERE relation::text LIKE 'ops_index_create%' OR relation::text ~ '^\d+$' GROUP BY 1 ORDER BY 1;
