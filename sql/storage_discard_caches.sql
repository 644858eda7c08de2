-- Everything again while PostgreSQL throws its caches away at every chance,
-- where it is built to do so (assertions); elsewhere this is a short repetition.
SET dynamo.schema = 'storage_discard_caches';
SELECT dynamo.create_table('Music', 'Artist S', 'SongTitle S');
SELECT dynamo.create_table('Counters', 'Id N');
SET search_path = storage_discard_caches, public;
\set VERBOSITY terse
SELECT set_config('debug_discard_caches', least(1, max_val::int)::text, false) IS NOT NULL AS set
  FROM pg_settings WHERE name = 'debug_discard_caches';

INSERT INTO "Music" (item) SELECT jsonb_build_object('Artist', 'a' || i % 3, 'SongTitle', 't' || i, 'x', repeat('x', i * 500))::dynamo.item
  FROM generate_series(1, 12) i;
UPDATE "Music" SET item = (item::jsonb || '{"y": 1}')::dynamo.item WHERE "Artist" = 'a1';
UPDATE "Music" SET "Artist" = 'other' WHERE "Artist" = 'a1';
DELETE FROM "Music" WHERE "SongTitle" = 't9';
INSERT INTO "Music" (item) VALUES ('{"Artist": {"S": "a1"}, "SongTitle": {"S": "t1"}}') ON CONFLICT ("Artist", "SongTitle") DO UPDATE SET item = excluded.item;
-- enough for collections to get pages of their own, and to lose them
INSERT INTO "Music" (item) SELECT jsonb_build_object('Artist', 'many' || i % 3, 'SongTitle', i::text, 'x', repeat(md5(i::text), 20))::dynamo.item
  FROM generate_series(1, 120) i;
UPDATE "Music" SET item = (item::jsonb || jsonb_build_object('y', repeat('y', 400)))::dynamo.item WHERE "Artist" = 'many1';
SELECT dynamo.set_clustering('Music', false), dynamo.set_clustering('Music', true);
SELECT enabled, items, blocks_per_collection < 8 FROM dynamo.table_clustering('Music');
DELETE FROM "Music" WHERE "Artist" LIKE 'many%';
COPY "Counters" FROM stdin;
1	{"Id":{"N":"1"}}
2	{"Id":{"N":"2"}}
\.
COPY "Counters" FROM stdin;
3	{"Id":{"N":"4"}}
\.

-- table rewrites and index builds, in which the relcache entry is rebuilt
CREATE INDEX by_title ON "Music" ("SongTitle") WHERE "Artist" > 'a0';
CREATE INDEX CONCURRENTLY by_length ON "Music" (dynamo.item_size(item));
ALTER TABLE "Music" ADD COLUMN noted timestamptz DEFAULT clock_timestamp();
ALTER TABLE "Music" DROP COLUMN noted;
VACUUM FULL "Music";
CLUSTER "Music" USING "Music_pkey";
ALTER TABLE "Counters" SET ACCESS METHOD heap;
ALTER TABLE "Counters" SET ACCESS METHOD dynamo;
REINDEX TABLE "Music";
REINDEX TABLE CONCURRENTLY "Counters";
SELECT "Artist", "SongTitle", dynamo.item_size(item) FROM "Music" ORDER BY 1, 2;
SELECT * FROM "Counters" ORDER BY 1;
SELECT * FROM dynamo.check_table('Music');

-- and by the API
SELECT dynamo.put_item('Music', '{"Artist": {"S": "new"}, "SongTitle": {"S": "1"}}');
SELECT dynamo.get_item('Music', '{"Artist": {"S": "new"}, "SongTitle": {"S": "1"}}');
SELECT * FROM dynamo.list_tables();
ALTER TABLE "Music" RENAME TO "Songs";
SELECT dynamo.describe_table('Songs') -> 'KeySchema';
SELECT dynamo.delete_table('Songs') ->> 'TableName';
SELECT count(*) FROM dynamo.table_settings WHERE relation::text ~ '^"(Songs|Counters)"$';

-- secondary indexes
SELECT dynamo.call('CreateTable', '{"TableName": "Tasks", "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}, {"AttributeName": "g", "AttributeType": "S"}],
    "LocalSecondaryIndexes": [{"IndexName": "local", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "g", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}]}') IS NOT NULL;
SELECT dynamo.put_item('Tasks', '{"pk": {"S": "a"}, "sk": {"S": "1"}, "g": {"S": "x"}, "n": {"N": "1"}}');
SELECT dynamo.update_item('Tasks', '{"pk": {"S": "a"}, "sk": {"S": "2"}}', 'SET g = :g, n = :n', expression_attribute_values => '{":g": {"S": "y"}, ":n": {"N": "2"}}');
SELECT dynamo.call('UpdateTable', '{"TableName": "Tasks", "AttributeDefinitions": [{"AttributeName": "n", "AttributeType": "N"}, {"AttributeName": "g", "AttributeType": "S"}],
    "GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "by_n", "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}, {"AttributeName": "g", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}}}]}') IS NOT NULL;
SELECT dynamo.update_item('Tasks', '{"pk": {"S": "a"}, "sk": {"S": "2"}}', 'SET n = :n', expression_attribute_values => '{":n": {"N": "1"}}');
SELECT dynamo.query('Tasks', 'n = :n', index_name => 'by_n', expression_attribute_values => '{":n": {"N": "1"}}');
SELECT dynamo.query('Tasks', 'pk = :p AND g > :g', index_name => 'local', expression_attribute_values => '{":p": {"S": "a"}, ":g": {"S": "x"}}');
SELECT dynamo.call('Scan', '{"TableName": "Tasks", "IndexName": "by_n", "Limit": 1, "ReturnConsumedCapacity": "INDEXES"}');
SELECT * FROM dynamo.check_table('Tasks');
SELECT dynamo.call('UpdateTable', '{"TableName": "Tasks", "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by_n"}}]}') IS NOT NULL;
SELECT dynamo.delete_item('Tasks', '{"pk": {"S": "a"}, "sk": {"S": "1"}}');
SELECT * FROM dynamo.check_table('Tasks');
RESET debug_discard_caches;

SET client_min_messages = warning;
DROP SCHEMA storage_discard_caches CASCADE;
