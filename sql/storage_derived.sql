-- Derived columns beside the key: those of indexes and of TTL, whichever way a row arrives.
SET dynamo.schema = 'storage_derived';
SELECT dynamo.create_table('Tasks', 'PK S');
ALTER TABLE storage_derived."Tasks"
    ADD COLUMN "Owner" text COLLATE "C", ALTER COLUMN "Owner" SET STORAGE MAIN,
    ADD COLUMN "Due" numeric, ADD COLUMN "Hash" bytea, ADD COLUMN _ttl bigint;
\set VERBOSITY terse
-- a column that the definition does not name is nobody's: the table is written by SQL
SELECT dynamo.put_item('Tasks', '{"PK": {"S": "old"}, "Owner": {"S": "ann"}, "Due": {"N": "7"}, "Expires": {"N": "99.9"}}');
CREATE OR REPLACE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON storage_derived."Tasks" FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('PK', 'S', 'PK', 'HASH', 'Owner', 'S', 'Owner', 'INDEX',
        'Due', 'N', 'Due', 'INDEX', 'Hash', 'B', 'Hash', 'INDEX', 'Expires', 'N', '_ttl', 'TTL');
ALTER TABLE storage_derived."Tasks" ENABLE ALWAYS TRIGGER zzz_dynamo_maintain;
SELECT key_schema FROM dynamo.tables WHERE schema = 'storage_derived';

-- Rows that are older than the columns are not right yet; any write puts them right.
SELECT * FROM dynamo.check_table('Tasks');
-- (as long as a worker makes what they are for, that is no fault)
BEGIN;
INSERT INTO dynamo.table_indexes (relation, name, kind, key_schema, projection, status, backfilling)
VALUES ('storage_derived."Tasks"', 'by_owner', 'GLOBAL', '{Owner,S,HASH}', 'ALL', 'CREATING', true);
SELECT * FROM dynamo.check_table('Tasks');
INSERT INTO dynamo.index_builds (relation, name, phase, items_done, items_total, attempts)
VALUES ('storage_derived."Tasks"', '', 'backfilling', 0, 0, 0);
SELECT * FROM dynamo.check_table('Tasks');
UPDATE dynamo.table_indexes SET status = 'ACTIVE' WHERE name = 'by_owner';
SELECT * FROM dynamo.check_table('Tasks');
ROLLBACK;
SELECT dynamo.update_item('Tasks', '{"PK": {"S": "old"}}', 'SET x = :x', expression_attribute_values => '{":x": {"N": "1"}}');
SELECT "PK", "Owner", "Due", "Hash", _ttl FROM storage_derived."Tasks";
SELECT * FROM dynamo.check_table('Tasks');

-- What no index can hold leaves the column empty: missing, of another type, empty, too long, U+0000.
INSERT INTO storage_derived."Tasks" (item) VALUES
    ('{"PK": {"S": "1"}}'),
    ('{"PK": {"S": "2"}, "Owner": {"N": "1"}, "Due": {"S": "x"}, "Hash": {"S": "AA=="}, "Expires": {"S": "1"}}'),
    ('{"PK": {"S": "3"}, "Owner": {"S": ""}, "Due": {"N": "-0.50"}, "Hash": {"B": ""}, "Expires": {"N": "-1.5"}}'),
    ('{"PK": {"S": "4"}, "Owner": {"S": "a\u0000b"}, "Hash": {"B": "AA=="}, "Expires": {"N": "9223372036854775807"}}'),
    (jsonb_build_object('PK', jsonb_build_object('S', '5'), 'Owner', jsonb_build_object('S', repeat('x', 2049)), 'Expires', jsonb_build_object('N', '9223372036854775808'))::text::dynamo.item),
    (jsonb_build_object('PK', jsonb_build_object('S', '6'), 'Owner', jsonb_build_object('S', repeat('x', 2048)), 'Expires', jsonb_build_object('N', '-9223372036854775808'))::text::dynamo.item);
SELECT "PK", left("Owner", 5) AS "Owner", length("Owner"), "Due", "Hash", _ttl FROM storage_derived."Tasks" ORDER BY "PK";

-- A statement may say the same as the item, and nothing else.
INSERT INTO storage_derived."Tasks" (item, "Owner") VALUES ('{"PK": {"S": "7"}, "Owner": {"S": "bob"}}', 'bob');
INSERT INTO storage_derived."Tasks" (item, "Owner") VALUES ('{"PK": {"S": "8"}, "Owner": {"S": "bob"}}', 'eve');
INSERT INTO storage_derived."Tasks" (item, "Owner") VALUES ('{"PK": {"S": "8"}}', 'eve');
UPDATE storage_derived."Tasks" SET "Owner" = NULL WHERE "PK" = '7';
UPDATE storage_derived."Tasks" SET _ttl = 5 WHERE "PK" = '7';
UPDATE storage_derived."Tasks" SET item = '{"PK": {"S": "7"}, "Due": {"N": "3"}}' WHERE "PK" = '7' RETURNING "Owner", "Due";
UPDATE storage_derived."Tasks" SET item = '{"PK": {"S": "7"}}' WHERE "PK" = '7' RETURNING "Owner", "Due";
-- nor may a row come by another way
BEGIN;
ALTER TABLE storage_derived."Tasks" DISABLE TRIGGER zzz_dynamo_maintain;
INSERT INTO storage_derived."Tasks" ("PK", item, "Owner") VALUES ('8', '{"PK": {"S": "8"}, "Owner": {"S": "bob"}}', 'eve');
ROLLBACK;
BEGIN;
ALTER TABLE storage_derived."Tasks" DISABLE TRIGGER zzz_dynamo_maintain;
INSERT INTO storage_derived."Tasks" ("PK", item) VALUES ('8', '{"PK": {"S": "8"}, "Owner": {"S": "bob"}}');
ROLLBACK;

-- Indexes over them, by all ways of writing, with entries for those rows only that have all parts.
CREATE INDEX by_owner ON storage_derived."Tasks" ("Owner", "Due", "PK") WHERE "Owner" IS NOT NULL AND "Due" IS NOT NULL;
CREATE INDEX by_due ON storage_derived."Tasks" ("Due") WHERE "Due" > 5;
CREATE FUNCTION storage_derived.indexed() RETURNS text LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE result text;
BEGIN
    SELECT string_agg(concat_ws(':', "PK", "Owner", "Due"), ' ' ORDER BY "Owner", "Due", "PK") INTO result
      FROM storage_derived."Tasks" WHERE "Owner" IS NOT NULL AND "Due" IS NOT NULL;
    RETURN result;
END $$;
SELECT storage_derived.indexed();
SELECT dynamo.put_item('Tasks', '{"PK": {"S": "a"}, "Owner": {"S": "ann"}, "Due": {"N": "3"}}');
SELECT dynamo.put_item('Tasks', '{"PK": {"S": "b"}, "Owner": {"S": "ann"}}');
SELECT dynamo.put_item('Tasks', '{"PK": {"S": "c"}, "Due": {"N": "9"}}');
SELECT storage_derived.indexed();
SELECT dynamo.update_item('Tasks', '{"PK": {"S": "b"}}', 'SET Due = :d', expression_attribute_values => '{":d": {"N": "1"}}');
SELECT dynamo.update_item('Tasks', '{"PK": {"S": "a"}}', 'REMOVE Due');
SELECT dynamo.update_item('Tasks', '{"PK": {"S": "c"}}', 'SET #o = :o', expression_attribute_names => '{"#o": "Owner"}', expression_attribute_values => '{":o": {"S": "cy"}}');
SELECT storage_derived.indexed();
SET enable_seqscan = off;
SELECT "PK", "Due" FROM storage_derived."Tasks" WHERE "Due" > 5 ORDER BY "Due";
RESET enable_seqscan;

-- by SQL too
CREATE FUNCTION storage_derived.nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER t BEFORE INSERT OR UPDATE ON storage_derived."Tasks" FOR EACH ROW EXECUTE FUNCTION storage_derived.nothing();
SELECT dynamo.put_item('Tasks', '{"PK": {"S": "d"}, "Owner": {"S": "dan"}, "Due": {"N": "3"}, "Expires": {"N": "12"}}');
SELECT dynamo.put_item('Tasks', '{"PK": {"S": "e"}}');
SELECT dynamo.update_item('Tasks', '{"PK": {"S": "e"}}', 'SET #o = :o, Due = :d, Expires = :d', expression_attribute_names => '{"#o": "Owner"}', expression_attribute_values => '{":o": {"S": "eva"}, ":d": {"N": "4"}}');
SELECT dynamo.update_item('Tasks', '{"PK": {"S": "a"}}', 'REMOVE #o SET Expires = :x', expression_attribute_names => '{"#o": "Owner"}', expression_attribute_values => '{":x": {"S": "never"}}');
SELECT storage_derived.indexed();
SELECT "PK", "Owner", "Due", _ttl FROM storage_derived."Tasks" WHERE "PK" > '9' ORDER BY "PK";
DROP TRIGGER t ON storage_derived."Tasks";
SELECT * FROM dynamo.check_table('Tasks');

-- A change that leaves the columns alone is HOT, with long keys that compress too.
SELECT dynamo.put_item('Tasks', jsonb_build_object('PK', jsonb_build_object('S', 'hot'), 'Owner', jsonb_build_object('S', repeat('x', 2000)), 'Due', jsonb_build_object('N', '5'))::text::dynamo.item);
VACUUM storage_derived."Tasks";
SELECT pg_stat_force_next_flush();
SELECT n_tup_hot_upd AS hot_before FROM pg_stat_user_tables WHERE schemaname = 'storage_derived' \gset
SELECT count(dynamo.update_item('Tasks', '{"PK": {"S": "hot"}}', 'ADD n :one', expression_attribute_values => '{":one": {"N": "1"}}', return_values => 'UPDATED_NEW')) FROM generate_series(1, 5);
UPDATE storage_derived."Tasks" SET item = ('{"n": {"N": "0"}}'::jsonb || item::text::jsonb)::text::dynamo.item WHERE "PK" = 'hot';
SELECT pg_stat_force_next_flush();
SELECT n_tup_hot_upd - :hot_before AS hot FROM pg_stat_user_tables WHERE schemaname = 'storage_derived';

-- A rewrite keeps what is not filled yet.
BEGIN;
INSERT INTO storage_derived."Tasks" (item) VALUES ('{"PK": {"S": "y"}, "x": {"S": "z"}}');
ALTER TABLE storage_derived."Tasks" ADD COLUMN "x" text COLLATE "C";
CREATE OR REPLACE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON storage_derived."Tasks" FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('PK', 'S', 'PK', 'HASH', 'Owner', 'S', 'Owner', 'INDEX',
        'Due', 'N', 'Due', 'INDEX', 'Hash', 'B', 'Hash', 'INDEX', 'Expires', 'N', '_ttl', 'TTL', 'x', 'S', 'x', 'INDEX');
ALTER TABLE storage_derived."Tasks" ALTER COLUMN item TYPE dynamo.item USING item::text::dynamo.item;
SELECT "PK", x FROM storage_derived."Tasks" WHERE "PK" = 'y';
UPDATE storage_derived."Tasks" SET item = item WHERE "PK" = 'y' RETURNING x;
ROLLBACK;

-- The columns stay while the definition names them, and definitions that make no sense are refused.
ALTER TABLE storage_derived."Tasks" DROP COLUMN "Due";
ALTER TABLE storage_derived."Tasks" ALTER COLUMN _ttl TYPE numeric;
CREATE OR REPLACE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON storage_derived."Tasks" FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('Owner', 'S', 'Owner', 'INDEX', 'PK', 'S', 'PK', 'HASH');
SELECT dynamo.get_item('Tasks', '{"PK": {"S": "7"}}');
CREATE OR REPLACE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON storage_derived."Tasks" FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('PK', 'S', 'PK', 'HASH', 'Expires', 'N', 'Due', 'TTL');
SELECT dynamo.get_item('Tasks', '{"PK": {"S": "7"}}');
CREATE OR REPLACE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON storage_derived."Tasks" FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('PK', 'S', 'PK', 'HASH', 'Owner', 'S', 'Owner', 'Index');
SELECT dynamo.get_item('Tasks', '{"PK": {"S": "7"}}');
