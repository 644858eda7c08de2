-- The output plugin: changes as stream records, for any client of logical decoding.
\pset format unaligned
\pset tuples_only on
DO $$ BEGIN
    PERFORM set_config(name, setting || ', dynamo', false) FROM pg_settings WHERE name = 'output_plugin_libraries';
END $$;

CREATE FUNCTION pg_temp.create_table(name text, view text) RETURNS boolean LANGUAGE sql AS $$
    SELECT dynamo.call('CreateTable', json_build_object('TableName', name, 'BillingMode', 'PAY_PER_REQUEST',
        'AttributeDefinitions', '[{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}]'::json,
        'KeySchema', '[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]'::json,
        'StreamSpecification', json_build_object('StreamEnabled', true, 'StreamViewType', view))) IS NOT NULL $$;
CREATE FUNCTION pg_temp.item(pk text, sk numeric, v text DEFAULT NULL) RETURNS dynamo.item LANGUAGE sql AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object('pk', pk, 'sk', sk, 'v', v))::dynamo.item $$;
CREATE FUNCTION pg_temp.records(VARIADIC options text[] DEFAULT '{}') RETURNS SETOF json LANGUAGE sql AS $$
    SELECT data::json FROM pg_logical_slot_get_changes('stream_plugin', NULL, NULL, VARIADIC options) $$;
CREATE FUNCTION pg_temp.short(record json) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', record->>'eventName', record#>>'{dynamodb,Keys}', 'new', left(record#>>'{dynamodb,NewImage}', 60),
        'old', left(record#>>'{dynamodb,OldImage}', 60), record#>>'{dynamodb,SizeBytes}', record->>'userIdentity') $$;

SELECT pg_temp.create_table('stream_both', 'NEW_AND_OLD_IMAGES'), pg_temp.create_table('stream_new', 'NEW_IMAGE'),
    pg_temp.create_table('stream_old', 'OLD_IMAGE'), pg_temp.create_table('stream_keys', 'KEYS_ONLY');
SELECT dynamo.create_table('stream_none', 'pk S', 'sk N') IS NOT NULL;
SELECT relname, relreplident FROM pg_class WHERE relname LIKE 'stream\_%' AND relnamespace = 'dynamodb'::regnamespace AND relkind = 'r' ORDER BY 1;
SELECT count(*) FROM pg_create_logical_replication_slot('stream_plugin', 'dynamo', false);

-- a record as it is
SELECT dynamo.put_item('stream_both', '{"pk": {"S": "a"}, "sk": {"N": "1.50"}, "bin": {"B": "AAE="}, "set": {"NS": ["2", "1"]}}');
SELECT regexp_replace(regexp_replace(regexp_replace(record::text, '"eventID":"[0-9a-f]{32}"', '"eventID":"<32>"'),
    '"SequenceNumber":"[0-9]{38}"', '"SequenceNumber":"<38>"'), '"ApproximateCreationDateTime":[0-9]{10},', '"ApproximateCreationDateTime":<10>,')
FROM pg_temp.records() record;

-- every view type, written by the API, by SQL, by PL/pgSQL and by COPY
CREATE FUNCTION pg_temp.write(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dynamo.put_item(name, '{"pk": {"S": "api"}, "sk": {"N": "1"}, "v": {"S": "one"}}');
    PERFORM dynamo.update_item(name, '{"pk": {"S": "api"}, "sk": {"N": "1"}}', 'SET v = :two', NULL, NULL, '{":two": {"S": "two"}}');
    PERFORM dynamo.delete_item(name, '{"pk": {"S": "api"}, "sk": {"N": "1"}}');
    EXECUTE format('INSERT INTO dynamodb.%I (item) SELECT pg_temp.item(''sql'', i, ''one'') FROM generate_series(1, 2) i', name);
    EXECUTE format('UPDATE dynamodb.%I SET item = pg_temp.item(''sql'', sk, ''two'') WHERE pk = ''sql'' AND sk = 2', name);
    EXECUTE format('UPDATE dynamodb.%I SET item = pg_temp.item(''other'', sk) WHERE pk = ''sql'' AND sk = 1', name);
    EXECUTE format('DELETE FROM dynamodb.%I WHERE pk = ''sql''', name);
END $$;
SELECT pg_temp.write('stream_both');
SELECT pg_temp.short(r) FROM pg_temp.records() r;
SELECT pg_temp.write('stream_new');
SELECT pg_temp.short(r) FROM pg_temp.records() r;
SELECT pg_temp.write('stream_old');
SELECT pg_temp.short(r) FROM pg_temp.records() r;
SELECT pg_temp.write('stream_keys');
SELECT pg_temp.short(r) FROM pg_temp.records() r;
SELECT pg_temp.write('stream_none');
SELECT count(*) FROM pg_temp.records();
COPY dynamodb.stream_new (item) FROM STDIN;
{"pk": {"S": "copy"}, "sk": {"N": "1"}}
{"pk": {"S": "copy"}, "sk": {"N": "2"}}
\.
SELECT pg_temp.short(r) FROM pg_temp.records() r;

SELECT * FROM dynamo.load_items('stream_both', 'SELECT pg_temp.item(''load'', i, ''one'') FROM generate_series(1, 3) i');
SELECT * FROM dynamo.load_items('stream_both', 'SELECT pg_temp.item(''load'', i, ''two'') FROM generate_series(3, 4) i', 'replace');
SELECT pg_temp.short(r) FROM pg_temp.records() r;

-- no change, no record
SELECT dynamo.put_item('stream_both', pg_temp.item('same', 1, 'x'));
SELECT dynamo.put_item('stream_both', pg_temp.item('same', 1, 'x'));
SELECT dynamo.delete_item('stream_both', pg_temp.item('missing', 1));
UPDATE dynamodb.stream_both SET item = item WHERE pk = 'same';
UPDATE dynamodb.stream_both SET item = pg_temp.item('same', 1, 'x') WHERE pk = 'same';
BEGIN;
INSERT INTO dynamodb.stream_both (item) VALUES (pg_temp.item('rolled', 1));
SAVEPOINT s;
INSERT INTO dynamodb.stream_both (item) VALUES (pg_temp.item('rolled', 2));
ROLLBACK TO s;
INSERT INTO dynamodb.stream_both (item) VALUES (pg_temp.item('rolled', 3));
ROLLBACK;
BEGIN;
SAVEPOINT s;
INSERT INTO dynamodb.stream_both (item) VALUES (pg_temp.item('kept', 1));
ROLLBACK TO s;
INSERT INTO dynamodb.stream_both (item) VALUES (pg_temp.item('kept', 2));
COMMIT;
SELECT dynamo.call('TransactWriteItems', '{"TransactItems": [
    {"ConditionCheck": {"TableName": "stream_both", "Key": {"pk": {"S": "absent"}, "sk": {"N": "1"}}, "ConditionExpression": "attribute_not_exists(pk)"}},
    {"Put": {"TableName": "stream_both", "Item": {"pk": {"S": "transaction"}, "sk": {"N": "1"}}}}]}');
INSERT INTO dynamodb.stream_both (item) VALUES (pg_temp.item('kept', 2)) ON CONFLICT DO NOTHING;
SELECT pg_temp.short(r) FROM pg_temp.records() r;

-- items out of line: written, kept, changed, removed
SELECT dynamo.put_item('stream_both', pg_temp.item('large', 1, (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 12000) i)));
SELECT dynamo.put_item('stream_new', pg_temp.item('large', 1, (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 12000) i)));
UPDATE dynamodb.stream_both SET item = item WHERE pk = 'large';
UPDATE dynamodb.stream_new SET item = item WHERE pk = 'large';
SELECT dynamo.update_item('stream_both', pg_temp.item('large', 1), 'SET w = :w', NULL, NULL, '{":w": {"S": "w"}}');
SELECT dynamo.delete_item('stream_new', pg_temp.item('large', 1));
SELECT r->>'eventName', length(r#>>'{dynamodb,NewImage,v,S}'), md5(r#>>'{dynamodb,NewImage,v,S}'), r#>>'{dynamodb,NewImage,w,S}',
    length(r#>>'{dynamodb,OldImage,v,S}'), r#>>'{dynamodb,SizeBytes}' FROM pg_temp.records() r;

-- transactions that somebody marks who is not the extension: all is told as it is
BEGIN;
SELECT pg_logical_emit_message(true, 'dynamo.ttl', '') IS NOT NULL;
DELETE FROM dynamodb.stream_keys WHERE pk = 'other';
COMMIT;
BEGIN;
SELECT pg_logical_emit_message(true, 'dynamo.backfill', '') IS NOT NULL;
UPDATE dynamodb.stream_new SET item = pg_temp.item('copy', sk, 'silent') WHERE pk = 'copy';
COMMIT;
DELETE FROM dynamodb.stream_new WHERE pk = 'copy';
SELECT pg_temp.short(r) FROM pg_temp.records() r;
-- columns that are filled for TTL change no items; what follows in the transaction does
INSERT INTO dynamodb.stream_keys (item) SELECT jsonb_build_object('pk', 'fill', 'sk', i, 'until', 4000000000)::dynamo.item FROM generate_series(1, 3) i;
SELECT count(*) FROM pg_temp.records();
BEGIN;
SAVEPOINT before;
SELECT dynamo.call('UpdateTimeToLive', '{"TableName": "stream_keys", "TimeToLiveSpecification": {"Enabled": true, "AttributeName": "until"}}') IS NOT NULL;
DELETE FROM dynamodb.stream_keys WHERE pk = 'fill' AND sk = 2;
COMMIT;
SELECT _ttl FROM dynamodb.stream_keys WHERE pk = 'fill' ORDER BY sk;
SELECT pg_temp.short(r) FROM pg_temp.records() r;

-- order and numbers: strictly increasing, over transactions of many tables
BEGIN;
INSERT INTO dynamodb.stream_new (item) SELECT pg_temp.item('order', i) FROM generate_series(1, 3) i;
INSERT INTO dynamodb.stream_both (item) SELECT pg_temp.item('order', i) FROM generate_series(4, 6) i;
COMMIT;
DELETE FROM dynamodb.stream_new WHERE pk = 'order' AND sk = 2;
SELECT string_agg(r#>>'{dynamodb,Keys,sk,N}', ' ' ORDER BY n), bool_and(number > previous OR previous IS NULL), count(DISTINCT r->>'eventID')
FROM (SELECT r, n, r#>>'{dynamodb,SequenceNumber}' AS number, lag(r#>>'{dynamodb,SequenceNumber}') OVER (ORDER BY n) AS previous
    FROM pg_temp.records() WITH ORDINALITY AS t (r, n)) s;

-- options
INSERT INTO dynamodb.stream_new (item) VALUES (pg_temp.item('options', 1, 'v'));
INSERT INTO dynamodb.stream_both (item) VALUES (pg_temp.item('options', 2, 'v'));
SELECT count(*) FROM pg_logical_slot_peek_changes('stream_plugin', NULL, NULL, 'tables', 'stream_old, stream_new');
SELECT count(*) FROM pg_logical_slot_peek_changes('stream_plugin', NULL, NULL, 'tables', 'dynamodb.stream_new,dynamodb.stream_both');
SELECT count(*) FROM pg_logical_slot_peek_changes('stream_plugin', NULL, NULL, 'tables', 'other.stream_new');
SELECT count(*) FROM pg_logical_slot_peek_changes('stream_plugin', NULL, NULL, 'tables', '');
SELECT count(*) FROM pg_logical_slot_peek_changes('stream_plugin', NULL, NULL, 'view', 'EVERYTHING');
SELECT count(*) FROM pg_logical_slot_peek_changes('stream_plugin', NULL, NULL, 'pretty', 'true');
SELECT pg_temp.short(r), r#>>'{dynamodb,StreamViewType}', regexp_replace(r->>'eventSourceARN', '[0-9-]{10}T[0-9:.]{12}$', '<label>')
FROM pg_temp.records('view', 'KEYS_ONLY', 'arn', 'true') r;
-- a schema is called as it was at the change
CREATE SCHEMA stream_one;
ALTER TABLE dynamodb.stream_new SET SCHEMA stream_one;
INSERT INTO stream_one.stream_new (item) VALUES (pg_temp.item('schema', 1));
ALTER SCHEMA stream_one RENAME TO stream_two;
INSERT INTO stream_two.stream_new (item) SELECT pg_temp.item('schema', i) FROM generate_series(2, 3) i;
SELECT count(*) FROM pg_logical_slot_peek_changes('stream_plugin', NULL, NULL, 'tables', 'stream_one.stream_new');
SELECT count(*) FROM pg_logical_slot_peek_changes('stream_plugin', NULL, NULL, 'tables', 'stream_two.stream_new');
ALTER TABLE stream_two.stream_new SET SCHEMA dynamodb;
DROP SCHEMA stream_two;
SELECT count(*) FROM pg_temp.records();

-- triggers that somebody has put on tables of their own, with arguments that do not fit: no records, and no harm
CREATE FUNCTION pg_temp.make_fake(name text, columns text, VARIADIC arguments text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (%s, item dynamo.item)', name, columns);
    EXECUTE format('CREATE TRIGGER zzz_dynamo_maintain BEFORE TRUNCATE ON %I EXECUTE FUNCTION dynamo.maintain_columns(%s)', name,
        (SELECT string_agg(quote_literal(a), ', ') FROM unnest(arguments) a));
    EXECUTE format('CREATE TRIGGER dynamo_stream BEFORE TRUNCATE ON %I EXECUTE FUNCTION dynamo.guard_stream(''2026-11-20T07:57:54.072'', ''NEW_IMAGE'', ''4'', ''d'')', name);
END $$;
SELECT pg_temp.make_fake('fake_type', 'k bigint', 'k', 'S', 'k', 'HASH'), pg_temp.make_fake('fake_list', 'k text', 'k', 'L', 'k', 'HASH'),
    pg_temp.make_fake('fake_twice', 'k text, k2 text', 'k', 'S', 'k', 'HASH', 'k', 'S', 'k2', 'RANGE'),
    pg_temp.make_fake('fake_unnamed', 'k text', '', 'S', 'k', 'HASH'),
    pg_temp.make_fake('fake_many', 'k text', VARIADIC (SELECT array_agg(a ORDER BY i, n) FROM generate_series(1, 20) i, unnest(ARRAY['k' || i, 'S', 'k', 'HASH']) WITH ORDINALITY AS t (a, n))),
    pg_temp.make_fake('fake_string', 'k text', 'k', 'S', 'k', 'HASH'), pg_temp.make_fake('fake_number', 'k numeric', 'k', 'N', 'k', 'HASH');
INSERT INTO fake_type VALUES (1234567890123456789, '{}');
INSERT INTO fake_list VALUES ('a', '{}');
INSERT INTO fake_twice VALUES ('a', 'a', '{}');
INSERT INTO fake_unnamed VALUES ('a', '{}');
INSERT INTO fake_many VALUES ('a', '{}');
INSERT INTO fake_string VALUES ('', '{}'), (repeat('x', 3000), '{}'), ('large', jsonb_build_object('a', repeat('x', 500000))), ('right', '{}');
INSERT INTO fake_number VALUES ('NaN', '{}'), ('-Infinity', '{}'), (1e126, '{}'), (1e-131, '{}'), (repeat('1', 39)::numeric, '{}'), (1.50, '{}');
SELECT pg_temp.short(r) FROM pg_temp.records() r;
DROP TABLE fake_type, fake_list, fake_twice, fake_unnamed, fake_many, fake_string, fake_number;

-- what a table with a stream refuses, and what it does not
TRUNCATE dynamodb.stream_new;
SET session_replication_role = replica;
TRUNCATE dynamodb.stream_new;
RESET session_replication_role;
ALTER TABLE dynamodb.stream_both REPLICA IDENTITY DEFAULT;
ALTER TABLE dynamodb.stream_new REPLICA IDENTITY NOTHING;
ALTER TABLE dynamodb.stream_new REPLICA IDENTITY FULL;
UPDATE dynamodb.stream_new SET item = item WHERE pk = 'options';
ALTER TABLE dynamodb.stream_keys ADD COLUMN note text DEFAULT 'x';
UPDATE dynamodb.stream_keys SET note = 'y';
ALTER TABLE dynamodb.stream_old RENAME TO stream_renamed;
SELECT dynamo.put_item('stream_renamed', pg_temp.item('renamed', 1));
VACUUM FULL dynamodb.stream_both;
SELECT pg_temp.short(r) FROM pg_temp.records() r;

-- TRUNCATE in spite of the stream
ALTER TABLE dynamodb.stream_both DISABLE TRIGGER dynamo_stream;
TRUNCATE dynamodb.stream_both;
ALTER TABLE dynamodb.stream_both ENABLE ALWAYS TRIGGER dynamo_stream;
SELECT count(*) FROM pg_logical_slot_peek_changes('stream_plugin', NULL, NULL, 'tables', 'dynamodb.stream_new');
SELECT count(*) FROM pg_temp.records() r;

SELECT pg_drop_replication_slot('stream_plugin');
SELECT dynamo.delete_table(t) IS NOT NULL FROM unnest('{stream_both,stream_new,stream_renamed,stream_keys,stream_none}'::text[]) t;
