-- tags of tables
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
SET client_min_messages = warning;
SET dynamo.schema = 'ops_tags';

-- One line per case: the response, or SQLSTATE and message.
\getenv abs_srcdir PG_ABS_SRCDIR
\set outcome :abs_srcdir '/test/sql/outcome.sql'
\i :outcome
CREATE FUNCTION tag(tags text, arn text DEFAULT 'arn:aws:dynamodb:us-east-1:000000000000:table/Music') RETURNS text
    LANGUAGE sql AS $$ SELECT outcome('TagResource', format('{"ResourceArn": "%s", "Tags": %s}', arn, tags)::json) $$;
CREATE FUNCTION untag(keys text) RETURNS text LANGUAGE sql AS $$
    SELECT outcome('UntagResource', format('{"ResourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/Music", "TagKeys": %s}', keys)::json) $$;
CREATE FUNCTION tags(arn text DEFAULT 'arn:aws:dynamodb:us-east-1:000000000000:table/Music', other text DEFAULT '') RETURNS text
    LANGUAGE sql AS $$ SELECT outcome('ListTagsOfResource', format('{"ResourceArn": "%s" %s}', arn, other)::json) $$;

-- with the table
SELECT outcome('CreateTable', '{"TableName": "Music", "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
    "Tags": [{"Key": "owner", "Value": "b"}, {"Key": "Blue", "Value": ""}]}')::json #>> '{TableDescription,TableStatus}';
SELECT tags();
SELECT outcome('CreateTable', '{"TableName": "Other", "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
    "Tags": [{"Key": "owner", "Value": "b"}, {"Key": "owner", "Value": ""}]}');

-- added, replaced, removed
SELECT tag('[{"Key": "owner", "Value": "c"}, {"Key": "é ü", "Value": "+-=._:/@ (any)"}]');
SELECT tags();
SELECT untag('["Blue", "none"]');
SELECT tags();
SELECT relation, key, value FROM dynamo.table_tags WHERE relation::text ~ 'Music' ORDER BY key;

-- what tags may be
SELECT t, tag(t) FROM unnest(ARRAY['[]', '[{"Key": "a"}]', '[{"Key": "", "Value": "a"}]', '[null]', 'null', '[{"Key": "aws:a", "Value": "a"}]', '[{"Key": "AWS:a", "Value": "a"}]',
    '[{"Key": "a", "Value": "a"}, {"Key": "a", "Value": "b"}]', '[{"Key": "a\u0000", "Value": "a"}]', '{"a": "b"}', '[{"Key": 1, "Value": "a"}]']) AS t;
SELECT length(tag(format('[{"Key": "%s", "Value": "%s"}]', repeat('é', 128), repeat('é', 256)))), untag(format('["%s"]', repeat('é', 128)));
SELECT regexp_replace(tag(format('[{"Key": "%s", "Value": "%s"}]', repeat('k', 129), repeat('v', 257))), 'k{9,}|v{9,}', '…', 'g');
SELECT untag('[]'), untag('null'), untag('[null]'), untag('"owner"');

-- fifty at most, those that are there included
SELECT tag('[' || string_agg(format('{"Key": "k%s", "Value": "v"}', n), ',') || ']') FROM generate_series(1, 51) n;
SELECT tag('[' || string_agg(format('{"Key": "k%s", "Value": "v"}', n), ',') || ']') FROM generate_series(1, 49) n;
SELECT tag('[' || string_agg(format('{"Key": "k%s", "Value": "v"}', n), ',') || ']') FROM generate_series(1, 48) n;
SELECT tag('[{"Key": "k1", "Value": "w"}, {"Key": "owner", "Value": "w"}]');
SELECT json_array_length(tags()::json -> 'Tags');

-- resources
SELECT a, tag('[{"Key": "a", "Value": "a"}]', a), tags(a) FROM unnest(ARRAY['', 'Music', 'arn:aws:dynamodb:us-east-1:000000000000:table/',
    'arn:aws:dynamodb:us-east-1:000000000000:table/None', 'arn:aws:dynamodb:us-west-1:000000000000:table/Music', 'arn:aws:dynamodb:us-east-1:000000000001:table/Music',
    'arn:aws:dynamodb:us-east-1:000000000000:table/Music/backup/01', 'arn:aws:dynamodb:us-east-1:000000000000:table/Music/index/a']) AS a;
SELECT tags(other => ', "NextToken": "x"');

-- the owner changes tags, who may read the table lists them, and nobody writes the catalog
CREATE ROLE ops_tags_user;
GRANT USAGE ON SCHEMA ops_tags TO ops_tags_user;
SET ROLE ops_tags_user;
SELECT tags(), tag('[{"Key": "a", "Value": "a"}]'), untag('["owner"]');
DELETE FROM dynamo.table_tags;
RESET ROLE;
GRANT SELECT ON ops_tags."Music" TO ops_tags_user;
SET ROLE ops_tags_user;
SELECT json_array_length(tags()::json -> 'Tags'), tag('[{"Key": "a", "Value": "a"}]');
RESET ROLE;

-- they go with the table and come back with it
BEGIN;
SELECT dynamo.delete_table('Music') ->> 'TableStatus';
SELECT count(*) FROM dynamo.table_tags WHERE key = 'owner';
ROLLBACK;
SELECT count(*) FROM dynamo.table_tags WHERE key = 'owner';
ALTER TABLE ops_tags."Music" RENAME TO "Songs";
SELECT json_array_length(tags('arn:aws:dynamodb:us-east-1:000000000000:table/Songs')::json -> 'Tags');
DROP SCHEMA ops_tags CASCADE;
SELECT count(*) FROM dynamo.table_tags WHERE key = 'owner';

DROP FUNCTION outcome(text, text), outcome(text, json), tag, untag, tags;
DROP ROLE ops_tags_user;
