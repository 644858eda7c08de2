-- Streams by SQL: enabling, shards, iterators, records, privileges.
\pset format unaligned
\pset tuples_only on
SET dynamo.schema = 'stream_api';
SET dynamo.stream_shards = 2;

CREATE FUNCTION pg_temp.call(operation text, request text) RETURNS json LANGUAGE sql AS $$ SELECT dynamo.call(operation, request::json) $$;
CREATE FUNCTION pg_temp.outcome(operation text, request text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dynamo.call(operation, request::json);
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, '[0-9-]{10}T[0-9:.]{12}', '<label>');
END $$;
CREATE FUNCTION pg_temp.stream(name text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(d#>>'{TableDescription,LatestStreamArn}', d#>>'{Table,LatestStreamArn}')
    FROM dynamo.call('DescribeTable', json_build_object('TableName', name)) d $$;
CREATE FUNCTION pg_temp.describe(arn text) RETURNS json LANGUAGE sql AS $$
    SELECT dynamo.call('DescribeStream', json_build_object('StreamArn', arn))->'StreamDescription' $$;
-- The worker enables and ends streams: waits for it.
CREATE PROCEDURE pg_temp.until_status(arn text, status text) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 1800 LOOP
        IF pg_temp.describe(arn)->>'StreamStatus' = status THEN RETURN; END IF;
        COMMIT;
        PERFORM pg_sleep(0.1);
    END LOOP;
    RAISE 'the stream is %', pg_temp.describe(arn)->>'StreamStatus';
END $$;
CREATE FUNCTION pg_temp.iterator(arn text, shard int, type text, number text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT dynamo.call('GetShardIterator', json_strip_nulls(json_build_object('StreamArn', arn, 'ShardIteratorType', type, 'SequenceNumber', number,
        'ShardId', pg_temp.describe(arn)#>>ARRAY['Shards', shard::text, 'ShardId'])))->>'ShardIterator' $$;
CREATE FUNCTION pg_temp.records(arn text, shard int, type text DEFAULT 'TRIM_HORIZON', number text DEFAULT NULL) RETURNS SETOF json LANGUAGE sql AS $$
    SELECT json_array_elements(dynamo.call('GetRecords', json_build_object('ShardIterator', pg_temp.iterator(arn, shard, type, number)))->'Records') $$;
CREATE FUNCTION pg_temp.all_records(arn text) RETURNS SETOF json LANGUAGE sql AS $$
    SELECT r FROM generate_series(0, json_array_length(pg_temp.describe(arn)->'Shards') - 1) shard, pg_temp.records(arn, shard) r
    ORDER BY r#>>'{dynamodb,SequenceNumber}' $$;
CREATE PROCEDURE pg_temp.until_records(arn text, n int) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 1800 LOOP
        IF (SELECT count(*) FROM pg_temp.all_records(arn)) >= n THEN RETURN; END IF;
        COMMIT;
        PERFORM pg_sleep(0.1);
    END LOOP;
    RAISE 'there are % records', (SELECT count(*) FROM pg_temp.all_records(arn));
END $$;

-- what StreamSpecification may be
\set keys '"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"'
SELECT spec, pg_temp.outcome('CreateTable', format('{"TableName": "Tab", %s, "StreamSpecification": %s}', :'keys', spec))
FROM unnest(ARRAY['{}', '{"StreamEnabled": true}', '{"StreamEnabled": false, "StreamViewType": "NEW_IMAGE"}',
    '{"StreamEnabled": true, "StreamViewType": "ALL"}', '{"StreamEnabled": false}']) spec;
SELECT pg_temp.call('DescribeTable', '{"TableName": "Tab"}')#>'{Table,StreamSpecification}' IS NULL, pg_temp.stream('Tab') IS NULL;
SELECT pg_temp.outcome('UpdateTable', '{"TableName": "Tab", "StreamSpecification": {"StreamEnabled": false}}');
SELECT pg_temp.call('UpdateTable', '{"TableName": "Tab", "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"}}')#>>'{TableDescription,StreamSpecification}';
SELECT pg_temp.outcome('UpdateTable', '{"TableName": "Tab", "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}}');
SELECT pg_temp.stream('Tab') AS arn \gset
SELECT regexp_replace(:'arn', '[0-9-]{10}T[0-9:.]{12}$', '<label>');
CALL pg_temp.until_status(:'arn', 'ENABLED');
SELECT d->>'TableName', d->>'KeySchema', d->>'StreamViewType', json_array_length(d->'Shards'), d#>>'{Shards,0,ParentShardId}', d#>>'{Shards,0,SequenceNumberRange,EndingSequenceNumber}'
FROM pg_temp.describe(:'arn') d;
SELECT regexp_replace(pg_temp.call('ListStreams', '{}')::text, '[0-9-]{10}T[0-9:.]{12}', '<label>', 'g');

-- records, and the places to begin at
SELECT pg_temp.iterator(:'arn', 0, 'LATEST') AS latest0, pg_temp.iterator(:'arn', 1, 'LATEST') AS latest1 \gset
INSERT INTO stream_api."Tab" (item) SELECT jsonb_build_object('pk', i::text)::dynamo.item FROM generate_series(1, 20) i;
UPDATE stream_api."Tab" SET item = jsonb_build_object('pk', pk, 'v', 1)::dynamo.item WHERE pk::int <= 2;
DELETE FROM stream_api."Tab" WHERE pk = '3';
CALL pg_temp.until_records(:'arn', 23);
SELECT string_agg(r#>>'{dynamodb,Keys,pk,S}' || left(r->>'eventName', 1), ' ') FROM pg_temp.all_records(:'arn') r;
SELECT bool_and(n > 3) FROM (SELECT shard, count(*) AS n FROM generate_series(0, 1) shard, pg_temp.records(:'arn', shard) GROUP BY shard) s;
SELECT count(*) FROM unnest(ARRAY[:'latest0', :'latest1']) i, json_array_elements(pg_temp.call('GetRecords', json_build_object('ShardIterator', i)::text)->'Records');
SELECT count(*) FROM generate_series(0, 1) shard, pg_temp.records(:'arn', shard, 'LATEST');
-- each record is the first from its number on, and not among those after it
SELECT bool_and(at = number AND (after IS NULL OR after > number)) FROM (
    SELECT r#>>'{dynamodb,SequenceNumber}' AS number,
        (SELECT x#>>'{dynamodb,SequenceNumber}' FROM pg_temp.records(:'arn', shard, 'AT_SEQUENCE_NUMBER', r#>>'{dynamodb,SequenceNumber}') x LIMIT 1) AS at,
        (SELECT x#>>'{dynamodb,SequenceNumber}' FROM pg_temp.records(:'arn', shard, 'AFTER_SEQUENCE_NUMBER', r#>>'{dynamodb,SequenceNumber}') x LIMIT 1) AS after
    FROM generate_series(0, 1) shard, pg_temp.records(:'arn', shard) r) s;
-- pages: NextShardIterator goes on where the last one ended
WITH RECURSIVE pages AS (
    SELECT 1 AS page, pg_temp.call('GetRecords', json_build_object('ShardIterator', pg_temp.iterator(:'arn', 0, 'TRIM_HORIZON'), 'Limit', 2)::text) AS result
    UNION ALL
    SELECT page + 1, pg_temp.call('GetRecords', json_build_object('ShardIterator', result->>'NextShardIterator', 'Limit', 2)::text)
    FROM pages WHERE json_array_length(result->'Records') > 0)
SELECT max(json_array_length(result->'Records')), bool_and(result->>'NextShardIterator' IS NOT NULL),
    (SELECT json_agg(r#>>'{dynamodb,SequenceNumber}') FROM pg_temp.records(:'arn', 0) r)::text =
    (SELECT json_agg(r#>>'{dynamodb,SequenceNumber}' ORDER BY page, n)::text FROM pages p, json_array_elements(p.result->'Records') WITH ORDINALITY AS e (r, n))
FROM pages;

-- as rows, all shards in the order of commits; from one sequence number to the next
SELECT string_agg(keys->>'pk' || left(event_name, 1), ' ') FROM dynamo.read_stream('Tab');
SELECT string_agg(keys->>'pk', ' '), max(sequence_number) AS last, count(DISTINCT shard_id) FROM dynamo.read_stream(:'arn', max_records => 7) \gset page_
\echo :page_string_agg :page_count
SELECT string_agg(keys->>'pk', ' '), bool_and(sequence_number > :'page_last') FROM dynamo.read_stream(:'arn', :'page_last', 5);
SELECT event_name, new_image, old_image, created > now() - interval '1 hour', expired FROM dynamo.read_stream('Tab') WHERE event_name <> 'INSERT';
SELECT dynamo.stream_position('Tab') AS position \gset
SELECT count(*) FROM dynamo.read_stream('Tab', :'position');
SELECT count(*) FROM dynamo.read_stream('Tab', 'x');
SELECT count(*) FROM dynamo.read_stream('Tab', NULL, 0);
SELECT count(*) FROM dynamo.read_stream(NULL);
SELECT count(*) FROM dynamo.read_stream('Nothing');
SELECT table_name, schema, relation, view_type, status, shards, ended IS NULL, gap FROM dynamo.streams WHERE arn = :'arn';
SELECT slot LIKE 'dynamo%', pid IS NOT NULL, streams > 0, records >= 23, decoded >= confirmed, lag_bytes >= 0, retained_bytes >= 0, wal_status FROM dynamo.stat_streams;

-- what is wrong with a request
SELECT operation, request, pg_temp.outcome(operation, replace(request, 'ARN', :'arn')) FROM (VALUES
    ('ListStreams', '{"Limit": 0}'), ('ListStreams', '{"Limit": 101}'), ('ListStreams', '{"TableName": "Nothing"}'),
    ('ListStreams', '{"ExclusiveStartStreamArn": "short"}'), ('ListStreams', '{"ExclusiveStartStreamArn": "ARN"}'),
    ('DescribeStream', '{}'), ('DescribeStream', '{"StreamArn": "x"}'), ('DescribeStream', '{"StreamArn": "ARN0"}'),
    ('DescribeStream', '{"StreamArn": "ARN", "Limit": 101}'), ('DescribeStream', '{"StreamArn": "ARN", "ExclusiveStartShardId": "x"}'),
    ('DescribeStream', '{"StreamArn": "ARN", "ShardFilter": {"Type": "PARENT"}}'), ('DescribeStream', '{"StreamArn": "ARN", "ShardFilter": {"Type": "CHILD_SHARDS"}}'),
    ('DescribeStream', '{"StreamArn": "arn:aws:dynamodb:us-east-1:000000000000:table/Tab/backup/01"}'),
    ('GetShardIterator', '{}'), ('GetShardIterator', '{"StreamArn": "ARN", "ShardId": "shardId-00000000000000000000-00000000", "ShardIteratorType": "NOW"}'),
    ('GetShardIterator', '{"StreamArn": "ARN", "ShardId": "shardId-00000000000000000000-00000000", "ShardIteratorType": "LATEST"}'),
    ('GetRecords', '{}'), ('GetRecords', '{"ShardIterator": "x"}'), ('GetRecords', '{"ShardIterator": "ARN|1|0"}'),
    ('GetRecords', '{"ShardIterator": "x", "Limit": 1001}'), ('GetRecords', '{"ShardIterator": "x", "Limit": 0}'),
    ('TagResource', '{"ResourceArn": "ARN", "Tags": [{"Key": "k", "Value": "v"}]}')) t (operation, request);
SELECT type, number, pg_temp.outcome('GetShardIterator', json_strip_nulls(json_build_object('StreamArn', :'arn', 'ShardIteratorType', type, 'SequenceNumber', number,
    'ShardId', pg_temp.describe(:'arn')#>>'{Shards,0,ShardId}'))::text)
FROM (VALUES ('AT_SEQUENCE_NUMBER', NULL), ('LATEST', repeat('1', 38)), ('AT_SEQUENCE_NUMBER', '1'), ('AFTER_SEQUENCE_NUMBER', repeat('1', 38)),
    ('AFTER_SEQUENCE_NUMBER', repeat('x', 38))) t (type, number);
-- an iterator is good for 15 minutes
SELECT pg_temp.outcome('GetRecords', json_build_object('ShardIterator', left(i, -16) || lpad(to_hex(('x' || right(i, 16))::bit(64)::bigint - 901 * 1000000::bigint), 16, '0'))::text)
FROM pg_temp.iterator(:'arn', 0, 'LATEST') i;
SELECT pg_temp.outcome('GetRecords', json_build_object('ShardIterator', left(i, -16) || lpad(to_hex(('x' || right(i, 16))::bit(64)::bigint - 890 * 1000000::bigint), 16, '0'))::text)
FROM pg_temp.iterator(:'arn', 0, 'LATEST') i;

-- who may read: who may read the table, and all of it
CREATE ROLE regress_stream_reader;
GRANT USAGE ON SCHEMA stream_api TO regress_stream_reader;
SELECT pg_temp.iterator(:'arn', 0, 'TRIM_HORIZON') AS iterator \gset
SET ROLE regress_stream_reader;
SELECT pg_temp.outcome('DescribeStream', json_build_object('StreamArn', :'arn')::text), pg_temp.outcome('GetRecords', json_build_object('ShardIterator', :'iterator')::text);
RESET ROLE;
GRANT SELECT ON stream_api."Tab" TO regress_stream_reader;
SET ROLE regress_stream_reader;
SELECT pg_temp.outcome('DescribeStream', json_build_object('StreamArn', :'arn')::text), pg_temp.outcome('GetRecords', json_build_object('ShardIterator', :'iterator')::text);
SELECT pg_temp.outcome('UpdateTable', '{"TableName": "Tab", "StreamSpecification": {"StreamEnabled": false}}');
SELECT count(*) FROM dynamo.stream_records;
RESET ROLE;
ALTER TABLE stream_api."Tab" ENABLE ROW LEVEL SECURITY;
CREATE POLICY first_item ON stream_api."Tab" USING (pk = '1');
SET ROLE regress_stream_reader;
SELECT pg_temp.outcome('DescribeStream', json_build_object('StreamArn', :'arn')::text), pg_temp.outcome('GetRecords', json_build_object('ShardIterator', :'iterator')::text);
RESET ROLE;
GRANT pg_read_all_data TO regress_stream_reader;
SELECT count(*) > 0 FROM dynamo.stream_records;
SET ROLE regress_stream_reader;
SELECT count(*) FROM dynamo.stream_records;
SELECT count(*) FROM pg_partition_tree('dynamo.stream_records') WHERE NOT row_security_active(relid);
RESET ROLE;
REVOKE pg_read_all_data FROM regress_stream_reader;
SELECT pg_temp.outcome('GetRecords', json_build_object('ShardIterator', :'iterator')::text);
ALTER TABLE stream_api."Tab" DISABLE ROW LEVEL SECURITY;

-- a disabled stream is readable to its end, beside the next one
SELECT pg_temp.call('UpdateTable', '{"TableName": "Tab", "StreamSpecification": {"StreamEnabled": false}}')#>>'{TableDescription,StreamSpecification}' IS NULL;
SELECT relreplident FROM pg_class WHERE oid = 'stream_api."Tab"'::regclass;
DELETE FROM stream_api."Tab" WHERE pk = '4';
CALL pg_temp.until_status(:'arn', 'DISABLED');
SELECT count(*) FROM pg_temp.all_records(:'arn');
SELECT bool_and(s->'SequenceNumberRange'->>'EndingSequenceNumber' > s->'SequenceNumberRange'->>'StartingSequenceNumber') FROM json_array_elements(pg_temp.describe(:'arn')->'Shards') s;
SELECT pg_temp.call('GetRecords', json_build_object('ShardIterator', pg_temp.call('GetRecords', json_build_object('ShardIterator', :'iterator')::text)->>'NextShardIterator')::text);
SELECT pg_temp.stream('Tab') = :'arn';
SELECT pg_temp.call('UpdateTable', '{"TableName": "Tab", "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}}')#>>'{TableDescription,StreamSpecification}';
SELECT pg_temp.stream('Tab') AS second \gset
SELECT :'second' > :'arn';
CALL pg_temp.until_status(:'second', 'ENABLED');
DELETE FROM stream_api."Tab" WHERE pk = '5';
CALL pg_temp.until_records(:'second', 1);
SELECT r->>'eventName', r#>>'{dynamodb,Keys}' FROM pg_temp.all_records(:'second') r;
SELECT count(*) FROM pg_temp.all_records(:'arn');
SELECT json_array_length(pg_temp.call('ListStreams', '{"TableName": "Tab"}')->'Streams'), pg_temp.call('ListStreams', '{"Limit": 1}')->>'LastEvaluatedStreamArn' = :'arn',
    pg_temp.call('ListStreams', json_build_object('ExclusiveStartStreamArn', :'arn')::text)#>>'{Streams,0,StreamArn}' = :'second';

-- dropping a table ends its stream; renaming it renames it
ALTER TABLE stream_api."Tab" RENAME TO "Renamed";
SELECT regexp_replace(pg_temp.stream('Renamed'), '[0-9-]{10}T[0-9:.]{12}$', '<label>') AS renamed;
SELECT pg_temp.stream('Renamed') AS renamed \gset
SELECT r->>'eventName' FROM pg_temp.all_records(:'renamed') r;
ALTER SCHEMA stream_api RENAME TO stream_moved;
SELECT count(*) FROM dynamo.read_stream('Renamed');
SET dynamo.schema = 'stream_moved';
SELECT count(*) FROM dynamo.read_stream('Renamed');
ALTER SCHEMA stream_moved RENAME TO stream_api;
SET dynamo.schema = 'stream_api';
DELETE FROM stream_api."Renamed" WHERE pk = '6';
SELECT dynamo.delete_table('Renamed') IS NOT NULL;
CALL pg_temp.until_status(:'renamed', 'DISABLED');
SELECT r->>'eventName', r#>>'{dynamodb,Keys}' FROM pg_temp.all_records(:'renamed') r;
DROP SCHEMA stream_api CASCADE;
DROP ROLE regress_stream_reader;
