-- What creating, listing and dropping tables leaves in PostgreSQL.
SET dynamo.schema = 'storage_tables';
\pset null NULL

-- The schema is made on first use.
SELECT dynamo.create_table('Music', 'Artist S', 'SongTitle S');
SELECT dynamo.create_table('Counters', 'Id N');
SELECT dynamo.create_table('Blobs', 'Hash B', 'Part N', deletion_protection_enabled := true);
SELECT attrelid::regclass AS relation, attname, format_type(atttypid, atttypmod) AS type, collname,
       attnotnull, attstorage
  FROM pg_attribute LEFT JOIN pg_collation c ON c.oid = attcollation
 WHERE attrelid::regclass::text LIKE 'storage\_tables.%"' AND attnum > 0 ORDER BY attrelid, attnum;
SELECT pg_get_constraintdef(oid) FROM pg_constraint
 WHERE conrelid::regclass::text LIKE 'storage\_tables.%"' AND contype = 'p' ORDER BY conrelid;
SELECT pg_get_triggerdef(oid), tgenabled FROM pg_trigger
 WHERE tgrelid::regclass::text LIKE 'storage\_tables.%"' ORDER BY tgrelid;
SELECT relname, amname, relpersistence FROM pg_class c JOIN pg_am a ON a.oid = c.relam
 WHERE relnamespace = 'storage_tables'::regnamespace ORDER BY relname;
SELECT nspowner::regrole = current_user::regrole AS own_schema FROM pg_namespace WHERE nspname = 'storage_tables';

-- A name is taken once, by whatever relation.
SELECT dynamo.create_table('Music', 'Other S');
\echo :LAST_ERROR_SQLSTATE
CREATE TABLE storage_tables.plain (a int);
SELECT dynamo.create_table('plain', 'Id S');
CREATE VIEW storage_tables.a_view AS SELECT 1 AS x;
SELECT dynamo.create_table('a_view', 'Id S');

-- Other relations are no tables.
SELECT dynamo.describe_table('plain');
SELECT dynamo.describe_table('a_view');
SELECT dynamo.describe_table('music');
SELECT * FROM dynamo.list_tables();
SELECT name, schema, relation, owner = current_user AS mine, key_schema, billing_mode, deletion_protection
  FROM dynamo.tables WHERE schema = 'storage_tables' ORDER BY name;

-- Keys sort as DynamoDB sorts them.
INSERT INTO storage_tables."Counters" (item)
SELECT format('{"Id": {"N": "%s"}}', n)::dynamo.item FROM unnest('{10, 9, -1, 1e-130, 9.5, -3e100}'::text[]) n;
SELECT "Id" > 0 AS positive, item FROM storage_tables."Counters" ORDER BY "Id";
INSERT INTO storage_tables."Music" (item)
SELECT format('{"Artist": {"S": "%s"}, "SongTitle": {"S": "x"}}', a)::dynamo.item FROM unnest('{b, B, é, a, aa, ￿, 😀}'::text[]) a;
SELECT "Artist" FROM storage_tables."Music" ORDER BY "Artist";
INSERT INTO storage_tables."Blobs" (item)
SELECT format('{"Hash": {"B": "%s"}, "Part": {"N": "1"}}', b)::dynamo.item FROM unnest('{AA==, /w==, AAA=, fw==}'::text[]) b;
SELECT "Hash", item FROM storage_tables."Blobs" ORDER BY "Hash", "Part";

-- The key is a primary key.
INSERT INTO storage_tables."Counters" (item) VALUES ('{"Id": {"N": "9.50"}}');
EXPLAIN (COSTS OFF) SELECT item FROM storage_tables."Blobs" WHERE "Hash" = '\x00' AND "Part" BETWEEN 1 AND 2;

-- Only tables that can hold items may use the access method.
CREATE TABLE storage_tables.by_hand (a int) USING dynamo;
CREATE TABLE storage_tables.by_hand (item jsonb) USING dynamo;
CREATE MATERIALIZED VIEW storage_tables.by_hand USING dynamo AS SELECT 1 AS a;
SET default_table_access_method = dynamo;
CREATE TABLE storage_tables.by_hand (a int);
RESET default_table_access_method;

-- A copy made by SQL holds items, is held to their size, and is no table of the API.
CREATE TABLE storage_tables."Copy" (LIKE storage_tables."Music" INCLUDING ALL) USING dynamo;
INSERT INTO storage_tables."Copy" SELECT * FROM storage_tables."Music";
SELECT count(*) FROM storage_tables."Copy";
INSERT INTO storage_tables."Copy" VALUES ('a', 'b', jsonb_build_object('x', repeat('x', 410000)));
SELECT dynamo.describe_table('Copy');
SELECT * FROM dynamo.check_table('Copy');
CREATE TEMP TABLE "Copy" (LIKE storage_tables."Music" INCLUDING ALL) USING dynamo;
CREATE UNLOGGED TABLE storage_tables."Unlogged" (LIKE storage_tables."Music") USING dynamo;
CREATE TABLE storage_tables."Selected" USING dynamo AS SELECT * FROM storage_tables."Music";
DROP TABLE pg_temp."Copy", storage_tables."Unlogged", storage_tables."Selected";

-- The catalog cannot be written by others, whatever they own.
CREATE ROLE storage_tables_user;
GRANT CREATE, USAGE ON SCHEMA storage_tables TO storage_tables_user;
SET ROLE storage_tables_user;
SELECT dynamo.create_table('Mine', 'Id S');
SELECT count(*) FROM dynamo.table_settings WHERE relation = 'storage_tables."Mine"'::regclass;
UPDATE dynamo.table_settings SET deletion_protection = false;
DELETE FROM dynamo.table_settings;
INSERT INTO dynamo.table_settings SELECT * FROM dynamo.table_settings;
DROP EVENT TRIGGER dynamo_forget_dropped_tables;
CREATE OR REPLACE FUNCTION dynamo.maintain_columns() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
SELECT dynamo.forget_dropped_tables();
-- no privileges on somebody else's table
SELECT dynamo.describe_table('Music');
SELECT * FROM dynamo.check_table('Music');
SELECT dynamo.delete_table('Music');
SELECT dynamo.get_item('Music', '{"Artist": {"S": "a"}, "SongTitle": {"S": "x"}}');
SELECT dynamo.put_item('Music', '{"Artist": {"S": "a"}, "SongTitle": {"S": "x"}}');
-- a broken definition hurts nobody else
CREATE TABLE storage_tables."Broken" (LIKE storage_tables."Mine");
CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON storage_tables."Broken"
    FOR EACH ROW EXECUTE FUNCTION dynamo.maintain_columns('Id', 'S', 'Nope');
INSERT INTO storage_tables."Broken" (item) VALUES ('{"Id": {"S": "x"}}');
SELECT dynamo.describe_table('Broken');
SELECT name, key_schema FROM dynamo.tables WHERE schema = 'storage_tables' ORDER BY name;
DROP TABLE storage_tables."Broken";
CREATE TABLE storage_tables."Broken" (LIKE storage_tables."Mine");
CREATE TRIGGER wrong_name BEFORE INSERT OR UPDATE ON storage_tables."Broken"
    FOR EACH ROW EXECUTE FUNCTION dynamo.maintain_columns('Id', 'S', 'Id', 'HASH');
INSERT INTO storage_tables."Broken" (item) VALUES ('{"Id": {"S": "x"}}');
DROP TABLE storage_tables."Mine", storage_tables."Broken";
RESET ROLE;

-- Without CREATE on the database there is no schema for the asking.
SET ROLE storage_tables_user;
SET dynamo.schema = 'storage_tables_other';
\set VERBOSITY sqlstate
SELECT dynamo.create_table('Mine', 'Id S');
\set VERBOSITY default
SELECT * FROM dynamo.list_tables();
SET dynamo.schema = 'storage_tables';
RESET ROLE;

-- Two tables of one name may exist in two schemas.
SET dynamo.schema = 'Storage "Tables"';
SELECT dynamo.create_table('Music', 'Other S');
SELECT relation, key_schema FROM dynamo.tables WHERE name = 'Music' AND schema ILIKE 'storage%tables%' ORDER BY 1;
SELECT * FROM dynamo.list_tables();
DROP SCHEMA "Storage ""Tables""" CASCADE;
-- A table is not temporary, and its name may not be that of another relation.
CREATE TEMP TABLE storage_tables_temp (pk text COLLATE "C", item dynamo.item);
SELECT set_config('dynamo.schema', pg_my_temp_schema()::regnamespace::text, false) LIKE 'pg_temp%';
SELECT dynamo.create_table('Music', 'Artist S');
CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON storage_tables_temp
    FOR EACH ROW EXECUTE FUNCTION dynamo.maintain_columns('pk', 'S', 'pk', 'HASH');
SELECT dynamo.update_table('storage_tables_temp', deletion_protection_enabled => true);
DROP TABLE storage_tables_temp;
SET dynamo.schema = 'storage_tables';
SELECT dynamo.create_table('Music_pkey', 'Artist S');
-- A table of which nothing is recorded has the defaults, and can be changed.
SELECT dynamo.create_table('Unrecorded', 'Id S');
DELETE FROM dynamo.table_settings WHERE relation = 'storage_tables."Unrecorded"'::regclass;
SELECT dynamo.describe_table('Unrecorded')::jsonb - 'TableId';
SELECT dynamo.update_table('Unrecorded', table_class => 'STANDARD_INFREQUENT_ACCESS')::jsonb -> 'TableClassSummary';
SELECT billing_mode, table_class, created FROM dynamo.tables WHERE name = 'Unrecorded';
DROP TABLE storage_tables."Unrecorded";

-- a setting takes what is a name
SET dynamo.schema = '';
SELECT set_config('dynamo.schema', repeat('s', 64), false);
SELECT length(set_config('dynamo.schema', repeat('s', 63), false));
SET dynamo.schema = 'storage_tables';

-- A read-only transaction says so.
BEGIN READ ONLY;
SELECT dynamo.create_table('Late', 'Id S');
ROLLBACK;
BEGIN READ ONLY;
SELECT dynamo.delete_table('Music');
ROLLBACK;

-- Creating, writing and dropping in one transaction; all of it is undone.
BEGIN;
SELECT dynamo.create_table('Short', 'Id S');
INSERT INTO storage_tables."Short" (item) VALUES ('{"Id": {"S": "x"}}');
INSERT INTO storage_tables."Music" (item) VALUES ('{"Artist": {"S": "new"}, "SongTitle": {"S": "y"}}');
SELECT dynamo.delete_table('Short') ->> 'TableName';
SELECT dynamo.delete_table('Music') ->> 'TableName';
SELECT * FROM dynamo.list_tables();
ROLLBACK;
SELECT * FROM dynamo.list_tables();
SELECT count(*) FROM storage_tables."Music";

-- Dependent objects hold a table, as they hold it against DROP TABLE.
CREATE VIEW storage_tables.songs AS SELECT * FROM storage_tables."Music";
SELECT dynamo.delete_table('Music');
DROP VIEW storage_tables.songs;
SELECT dynamo.delete_table('Music') ->> 'TableName';

-- An event trigger of another event has no statement, or no relations, to look at.
BEGIN;
CREATE EVENT TRIGGER storage_tables_odd ON ddl_command_start EXECUTE FUNCTION dynamo.check_altered_tables();
CREATE TABLE storage_tables.other (a int);
ROLLBACK;

SELECT count(*) FROM dynamo.table_settings WHERE relation::text LIKE 'storage_tables.%';
SET client_min_messages = warning;
DROP SCHEMA storage_tables CASCADE;
SELECT count(*) FROM dynamo.table_settings WHERE relation::text ~ '^[0-9]+$';
DROP ROLE storage_tables_user;
