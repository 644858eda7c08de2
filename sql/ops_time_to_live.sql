-- UpdateTimeToLive, DescribeTimeToLive: what is asked and answered, and the column behind it.
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse

-- One line per case: the response, or SQLSTATE and message.
\getenv abs_srcdir PG_ABS_SRCDIR
\set outcome :abs_srcdir '/test/sql/outcome.sql'
\i :outcome
CREATE FUNCTION change(enabled boolean, attribute text) RETURNS text LANGUAGE sql AS $$
    SELECT outcome('UpdateTimeToLive', json_build_object('TableName', 'ops_ttl',
        'TimeToLiveSpecification', json_build_object('Enabled', enabled, 'AttributeName', attribute)))
$$;
SELECT dynamo.create_table('ops_ttl', 'k S', 'n N') IS NOT NULL;

-- requests that cannot be
SELECT request, outcome('UpdateTimeToLive', request::json)
  FROM unnest(ARRAY['{}', '{"TableName": "ops_ttl"}', '{"TableName": "ops_ttl", "TimeToLiveSpecification": {}}',
    '{"TableName": "ops_ttl", "TimeToLiveSpecification": {"Enabled": true}}',
    '{"TableName": "ops_ttl", "TimeToLiveSpecification": {"AttributeName": "t"}}',
    '{"TableName": "ops_ttl", "TimeToLiveSpecification": {"Enabled": true, "AttributeName": ""}}',
    '{"TableName": "ops_ttl", "TimeToLiveSpecification": {"Enabled": "yes", "AttributeName": "t"}}',
    '{"TableName": "ops_ttl", "TimeToLiveSpecification": {"Enabled": true, "AttributeName": "t", "Unit": "s"}}',
    '{"TableName": "ops_ttl_none", "TimeToLiveSpecification": {"Enabled": true, "AttributeName": "t"}}']) AS request;
SELECT left(change(true, repeat('x', 256)), 60), right(change(true, repeat('x', 256)), 63);
SELECT outcome('DescribeTimeToLive', request::json)
  FROM unnest(ARRAY['{}', '{"TableName": "ops_ttl"}', '{"TableName": "ops_ttl_none"}',
    '{"TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/ops_ttl"}']) AS request;

-- on and off
SELECT change(false, 't');
SELECT change(true, 't');
SELECT outcome('DescribeTimeToLive', '{"TableName": "ops_ttl"}');
SELECT change(true, 't');
SELECT change(true, 'other');
SELECT change(false, 'other');
SELECT name, ttl_attribute FROM dynamo.tables WHERE name = 'ops_ttl';
SELECT indexdef FROM pg_indexes WHERE tablename = 'ops_ttl' ORDER BY 1;
SELECT change(false, 't');
SELECT outcome('DescribeTimeToLive', '{"TableName": "ops_ttl"}');
SELECT name, ttl_attribute FROM dynamo.tables WHERE name = 'ops_ttl';
SELECT indexdef FROM pg_indexes WHERE tablename = 'ops_ttl' ORDER BY 1;
SELECT dynamo.update_time_to_live('ops_ttl', 'Ein Attribut, das "ü" heißt');
SELECT dynamo.describe_time_to_live('ops_ttl');
SELECT dynamo.update_time_to_live('ops_ttl', 'Ein Attribut, das "ü" heißt', false);
SELECT dynamo.update_time_to_live('ops_ttl', NULL);
SELECT dynamo.update_time_to_live(NULL, 'a');
SELECT dynamo.update_time_to_live('ops_ttl', 'a', NULL);
-- a part of the key may be the attribute
SELECT dynamo.update_time_to_live('ops_ttl', 'n');
INSERT INTO dynamodb.ops_ttl (item) VALUES ('{"k": {"S": "a"}, "n": {"N": "99999999999"}}');
SELECT k, n, _ttl FROM dynamodb.ops_ttl;
SELECT dynamo.update_time_to_live('ops_ttl', 'n', false);
DELETE FROM dynamodb.ops_ttl;

-- what the column holds: of items that are there, and of new ones, however they come
INSERT INTO dynamodb.ops_ttl (item)
SELECT format('{"k": {"S": "%s"}, "n": {"N": "0"}, "t": %s}', row_number() OVER (), value)::dynamo.item
  FROM unnest(ARRAY['{"N": "32503680000"}', '{"N": "32503680000.999"}', '{"N": "-0.5"}', '{"N": "1E+20"}', '{"N": "9223372036854775807"}',
    '{"N": "9223372036854775808"}', '{"S": "32503680000"}', '{"NULL": true}', '{"L": [{"N": "32503680000"}]}']) AS value;
SELECT change(true, 't');
SELECT k, _ttl, item -> 't' FROM dynamodb.ops_ttl ORDER BY k;
SELECT dynamo.put_item('ops_ttl', '{"k": {"S": "put"}, "n": {"N": "0"}, "t": {"N": "32503680001"}}') IS NULL;
SELECT dynamo.update_item('ops_ttl', '{"k": {"S": "put"}, "n": {"N": "0"}}', 'SET t = t + :one',
    expression_attribute_values => '{":one": {"N": "1"}}') IS NULL;
SELECT k, _ttl FROM dynamodb.ops_ttl WHERE k = 'put';
SELECT dynamo.update_item('ops_ttl', '{"k": {"S": "put"}, "n": {"N": "0"}}', 'REMOVE t') IS NULL;
SELECT k, _ttl FROM dynamodb.ops_ttl WHERE k = 'put';
UPDATE dynamodb.ops_ttl SET item = '{"k": {"S": "put"}, "n": {"N": "0"}, "t": {"N": "7e10"}}' WHERE k = 'put';
SELECT k, _ttl FROM dynamodb.ops_ttl WHERE k = 'put';
UPDATE dynamodb.ops_ttl SET _ttl = 5 WHERE k = 'put';
SELECT * FROM dynamo.check_table('ops_ttl');
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT k FROM dynamodb.ops_ttl WHERE _ttl < 100;
RESET enable_seqscan;

-- an index that somebody drops: nothing expires until there is one again
DROP INDEX dynamodb.ops_ttl__ttl_idx;
SELECT dynamo.describe_time_to_live('ops_ttl');
SELECT * FROM dynamo.check_table('ops_ttl');
SELECT change(true, 't');
SELECT dynamo.describe_time_to_live('ops_ttl');
DROP INDEX dynamodb.ops_ttl__ttl_idx;
SELECT change(false, 't');

-- in a transaction that is rolled back
BEGIN;
SELECT change(true, 't');
ROLLBACK;
SELECT dynamo.describe_time_to_live('ops_ttl');

-- the owner changes it, who may read the table is told
CREATE ROLE ops_ttl_user;
GRANT USAGE ON SCHEMA dynamodb TO ops_ttl_user;
SET ROLE ops_ttl_user;
SELECT change(true, 't');
SELECT outcome('DescribeTimeToLive', '{"TableName": "ops_ttl"}');
RESET ROLE;
GRANT SELECT ON dynamodb.ops_ttl TO ops_ttl_user;
SET ROLE ops_ttl_user;
SELECT outcome('DescribeTimeToLive', '{"TableName": "ops_ttl"}');
SELECT change(true, 't');
SET dynamo.clock_offset = 5;
RESET ROLE;

-- of any argument something is made
SELECT coalesce(dynamo.ttl_attribute(arguments), 'none')
  FROM unnest(ARRAY['', '\x00', '\x41', '\x41004e005f74746c0054544c', '\x41004e005f74746c0054544c00', '\x54544c0054544c0054544c00']::bytea[]) AS arguments;

SELECT dynamo.delete_table('ops_ttl') ->> 'TableStatus';
REVOKE USAGE ON SCHEMA dynamodb FROM ops_ttl_user;
DROP ROLE ops_ttl_user;
DROP FUNCTION change;
DROP FUNCTION outcome(text, text), outcome(text, json);
