-- Items and key columns agree, or the statement fails: every way that SQL writes.
SET dynamo.schema = 'storage_sql_writes';
SELECT dynamo.create_table('Music', 'Artist S', 'SongTitle S');
SET search_path = storage_sql_writes, public;
\set VERBOSITY terse

CREATE FUNCTION song(artist text, title text, plays int DEFAULT 0) RETURNS dynamo.item LANGUAGE SQL AS $$
    SELECT jsonb_build_object('Artist', artist, 'SongTitle', title, 'Plays', plays)::dynamo.item
$$;
CREATE VIEW songs AS SELECT "Artist", "SongTitle", item FROM "Music" ORDER BY 1, 2;

-- INSERT ... SELECT, RETURNING, multi-row
INSERT INTO "Music" (item) VALUES (song('a', '1')), (song('b', '1')) RETURNING "Artist", "SongTitle";
INSERT INTO "Music" (item) SELECT song('c', i::text) FROM generate_series(1, 3) i;

-- ON CONFLICT: the key is known when the conflict is looked for
INSERT INTO "Music" (item) VALUES (song('a', '1', 7)) ON CONFLICT DO NOTHING;
INSERT INTO "Music" (item) VALUES (song('a', '1', 8)), (song('n', '1', 8))
    ON CONFLICT ("Artist", "SongTitle") DO UPDATE SET item = excluded.item;
INSERT INTO "Music" (item) VALUES (song('a', '1')) ON CONFLICT ("Artist", "SongTitle") DO UPDATE SET "Artist" = 'q';
INSERT INTO "Music" (item) VALUES (song('a', '1')) ON CONFLICT ("Artist", "SongTitle") DO UPDATE SET item = song('b', '1');
TABLE songs;

-- MERGE
MERGE INTO "Music" m USING (VALUES ('a', '1', 1), ('b', '1', -1), ('m', '1', 1)) AS v(artist, title, plays)
    ON m."Artist" = v.artist AND m."SongTitle" = v.title
    WHEN MATCHED AND plays < 0 THEN DELETE
    WHEN MATCHED THEN UPDATE SET item = song(artist, title, plays)
    WHEN NOT MATCHED THEN INSERT (item) VALUES (song(artist, title, plays));
MERGE INTO "Music" m USING (VALUES ('a', '1')) AS v(artist, title) ON m."Artist" = v.artist
    WHEN MATCHED THEN UPDATE SET "Artist" = 'q';
TABLE songs;

-- UPDATE of the item moves the row; of a key column alone fails
UPDATE "Music" SET item = song('z', "SongTitle") WHERE "Artist" = 'm';
UPDATE "Music" SET "Artist" = 'y' WHERE "Artist" = 'z';
UPDATE "Music" SET "SongTitle" = "SongTitle" || '!';
UPDATE "Music" SET "Artist" = "Artist";
UPDATE "Music" SET item = song('c', '1') WHERE "Artist" = 'c';
UPDATE "Music" AS m SET item = song(m."Artist", m."SongTitle", 5) FROM generate_series(1, 2);
TABLE songs;

-- COPY: item alone, all columns, and columns that lie
COPY "Music" (item) FROM stdin;
{"Artist":{"S":"copy"},"SongTitle":{"S":"1"}}
\.
COPY "Music" FROM stdin;
copy	2	{"Artist":{"S":"copy"},"SongTitle":{"S":"2"}}
\.
COPY "Music" FROM stdin;
copy	3	{"Artist":{"S":"copy"},"SongTitle":{"S":"other"}}
\.
COPY "Music" (item) FROM stdin;
{"Artist":{"S":"copy"},"SongTitle":{"N":"3"}}
\.
COPY (SELECT item FROM songs WHERE "Artist" = 'copy') TO stdout;

-- A user's trigger that changes the item fires before ours
CREATE FUNCTION upper_artist() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.item := jsonb_set(NEW.item::jsonb, '{Artist}', to_jsonb(upper(NEW.item ->> 'Artist')))::dynamo.item;
    RETURN NEW;
END $$;
CREATE TRIGGER zz_upper BEFORE INSERT OR UPDATE ON "Music" FOR EACH ROW EXECUTE FUNCTION upper_artist();
INSERT INTO "Music" (item) VALUES (song('trigger', '1'));
UPDATE "Music" SET item = song('copy', '22') WHERE "Artist" = 'copy' AND "SongTitle" = '2';
INSERT INTO "Music" VALUES ('lower', '1', song('lower', '1'));
TABLE songs;
-- and one whose name sorts behind ours cannot get past the access method
CREATE TRIGGER zzzz_upper BEFORE INSERT OR UPDATE ON "Music" FOR EACH ROW EXECUTE FUNCTION upper_artist();
DROP TRIGGER zz_upper ON "Music";
INSERT INTO "Music" (item) VALUES (song('late', '1'));
DROP TRIGGER zzzz_upper ON "Music";

-- Our trigger fires whatever the replication role
SET session_replication_role = replica;
INSERT INTO "Music" (item) VALUES (song('replica', '1'));
UPDATE "Music" SET "Artist" = 'x' WHERE "Artist" = 'replica';
UPDATE "Music" SET item = song('replica', '2') WHERE "Artist" = 'replica';
RESET session_replication_role;
SELECT * FROM songs WHERE "Artist" = 'replica';

-- Our trigger's function is good for nothing else
SELECT dynamo.maintain_columns();
CREATE TRIGGER zzz_dynamo_maintain AFTER INSERT ON "Music" FOR EACH ROW EXECUTE FUNCTION dynamo.maintain_columns();
CREATE TABLE other (a int, item dynamo.item);
CREATE TRIGGER other BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION dynamo.maintain_columns('a', 'N', 'a', 'HASH');
INSERT INTO other VALUES (1);
DROP TABLE other;

-- A rewrite goes through the contract of the real table, and keeps all rows.
DROP VIEW songs;
CREATE TABLE before_rewrite AS SELECT * FROM "Music";
CREATE FUNCTION unchanged() RETURNS boolean LANGUAGE SQL AS $$
    SELECT NOT EXISTS (SELECT "Artist", "SongTitle", item FROM "Music" EXCEPT TABLE before_rewrite)
       AND NOT EXISTS (TABLE before_rewrite EXCEPT SELECT "Artist", "SongTitle", item FROM "Music")
       AND NOT EXISTS (SELECT FROM dynamo.check_table('Music'))
$$;
VACUUM FULL "Music";
CLUSTER "Music" USING "Music_pkey";
SELECT unchanged();
ALTER TABLE "Music" ADD COLUMN noted timestamptz DEFAULT clock_timestamp();
SELECT unchanged();
ALTER TABLE "Music" ALTER COLUMN noted TYPE text;
ALTER TABLE "Music" ALTER COLUMN item TYPE dynamo.item USING song("Artist" || '?', "SongTitle");
SELECT unchanged();
ALTER TABLE "Music" DROP COLUMN noted;
ALTER TABLE "Music" SET ACCESS METHOD heap;
SELECT * FROM dynamo.check_table('Music');
-- (on heap the trigger is alone)
INSERT INTO "Music" (item) VALUES (song('heap', '1'));
UPDATE "Music" SET "Artist" = 'x' WHERE "Artist" = 'heap';
DELETE FROM "Music" WHERE "Artist" = 'heap';
ALTER TABLE "Music" DISABLE TRIGGER zzz_dynamo_maintain;
UPDATE "Music" SET "Artist" = 'wrong' WHERE "Artist" = 'a';
SELECT * FROM dynamo.check_table('Music');
-- (the way back is barred while a row breaks the contract)
ALTER TABLE "Music" SET ACCESS METHOD dynamo;
UPDATE "Music" SET "Artist" = 'a' WHERE "Artist" = 'wrong';
ALTER TABLE "Music" ENABLE ALWAYS TRIGGER zzz_dynamo_maintain;
ALTER TABLE "Music" SET ACCESS METHOD dynamo;
SELECT unchanged();
ALTER TABLE "Music" SET UNLOGGED;
ALTER TABLE "Music" SET LOGGED;
SELECT unchanged();
TRUNCATE "Music";
INSERT INTO "Music" SELECT * FROM before_rewrite;
SELECT unchanged();

SET client_min_messages = warning;
DROP SCHEMA storage_sql_writes CASCADE;
