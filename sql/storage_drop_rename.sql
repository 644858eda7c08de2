-- Plain DROP and ALTER keep the catalog true; long and reserved names.
SET dynamo.schema = 'storage_drop_rename';
SET client_min_messages = warning;
\set VERBOSITY terse
CREATE FUNCTION pg_temp.recorded() RETURNS TABLE (relation text, full_name text, read_capacity bigint) LANGUAGE SQL AS $$
    SELECT relation::text, left(full_name, 20), read_capacity FROM dynamo.table_settings
     WHERE relation::text LIKE '%storage\_drop\_rename%' OR relation::text ~ '^[0-9]+$' ORDER BY 1
$$;

-- renaming and moving
SELECT dynamo.create_table('Music', 'Artist S', billing_mode := 'PROVISIONED', read_capacity_units := 5, write_capacity_units := 5);
INSERT INTO storage_drop_rename."Music" (item) VALUES ('{"Artist": {"S": "a"}}');
ALTER TABLE storage_drop_rename."Music" RENAME TO "Songs";
SELECT * FROM pg_temp.recorded();
SELECT * FROM dynamo.list_tables();
SELECT dynamo.describe_table('Music');
SELECT dynamo.describe_table('Songs') -> 'ProvisionedThroughput' -> 'ReadCapacityUnits';
CREATE SCHEMA storage_drop_rename_2;
ALTER TABLE storage_drop_rename."Songs" SET SCHEMA storage_drop_rename_2;
SELECT * FROM dynamo.list_tables();
SELECT * FROM pg_temp.recorded();
SELECT dynamo.create_table('Songs', 'Id N');
SET dynamo.schema = 'storage_drop_rename_2';
SELECT dynamo.describe_table('Songs') -> 'KeySchema';
SELECT * FROM dynamo.check_table('Songs');
SET dynamo.schema = 'storage_drop_rename';
SELECT dynamo.describe_table('Songs') -> 'KeySchema';

-- dropping, in every way; undone with the transaction
BEGIN;
DROP TABLE storage_drop_rename_2."Songs";
SELECT * FROM pg_temp.recorded();
ROLLBACK;
SELECT * FROM pg_temp.recorded();
BEGIN;
DROP TABLE storage_drop_rename_2."Songs";
SAVEPOINT s;
DROP SCHEMA storage_drop_rename CASCADE;
SELECT * FROM pg_temp.recorded();
ROLLBACK TO s;
SELECT * FROM pg_temp.recorded();
COMMIT;
DROP SCHEMA storage_drop_rename_2;

-- by a role with no rights on the catalog, whatever its search_path
CREATE ROLE storage_drop_rename_user;
GRANT CREATE, USAGE ON SCHEMA storage_drop_rename TO storage_drop_rename_user;
SET ROLE storage_drop_rename_user;
CREATE FUNCTION storage_drop_rename.pg_event_trigger_dropped_objects() RETURNS text LANGUAGE SQL AS 'SELECT (1/0)::text';
SET search_path = storage_drop_rename;
SELECT dynamo.create_table('Mine', 'Id S');
SELECT dynamo.create_table('MineToo', 'Id S');
SELECT dynamo.create_table('MineThree', 'Id S');
DROP TABLE "Mine";
DROP FUNCTION storage_drop_rename.pg_event_trigger_dropped_objects();
ALTER TABLE "MineToo" RENAME TO "MineTwo";
RESET search_path;
SELECT dynamo.delete_table('MineThree') ->> 'TableName';
RESET ROLE;
SELECT * FROM pg_temp.recorded();
DROP OWNED BY storage_drop_rename_user;
SELECT * FROM pg_temp.recorded();
DROP ROLE storage_drop_rename_user;

-- other drops go by unnoticed
CREATE TEMP TABLE x (a int);
DROP TABLE x;
CREATE TABLE storage_drop_rename.x (a int);
ALTER TABLE storage_drop_rename.x ADD b int;
ALTER TABLE storage_drop_rename.x DROP a;
DROP TABLE storage_drop_rename.x;

-- names of more than 63 bytes
SELECT dynamo.create_table(repeat('A', 64), 'Id S');
SELECT dynamo.create_table(repeat('A', 65), 'Id S');
SELECT dynamo.create_table(repeat('A', 255), 'Id S');
SELECT dynamo.create_table(repeat('A', 63), 'Id S');
SELECT dynamo.create_table(repeat('A', 65), 'Id S');
SELECT length(t), relname FROM dynamo.list_tables() t
  JOIN dynamo.table_settings s ON coalesce(s.full_name, '') = t OR (s.full_name IS NULL AND length(t) = 63)
  JOIN pg_class c ON c.oid = s.relation WHERE c.relnamespace = 'storage_drop_rename'::regnamespace AND relname LIKE 'AAA%' ORDER BY 1;
SELECT length(dynamo.describe_table(repeat('A', 64)) ->> 'TableName');
SELECT length(name), key_schema FROM dynamo.tables WHERE schema = 'storage_drop_rename' AND name LIKE 'AAA%' ORDER BY 1;
SELECT length(t) FROM dynamo.list_tables(repeat('A', 64), 1) t;
-- a new name replaces the recorded one
SELECT format('ALTER TABLE %s RENAME TO "Short"', relation) FROM dynamo.table_settings WHERE full_name = repeat('A', 64)
\gexec
SELECT left(t, 10) AS start, length(t) FROM dynamo.list_tables() t;
SELECT dynamo.describe_table('Short') ->> 'TableName';
SELECT dynamo.describe_table(repeat('A', 64));
SELECT dynamo.create_table(repeat('A', 64), 'Other N');
SELECT * FROM pg_temp.recorded();
SELECT length(dynamo.delete_table(repeat('A', 255)) ->> 'TableName');

-- ALTER VIEW and the like rename columns of tables, ALTER INDEX tables
SELECT dynamo.create_table('Viewed', 'Id S');
ALTER VIEW storage_drop_rename."Viewed" RENAME COLUMN "Id" TO "Name";
ALTER MATERIALIZED VIEW storage_drop_rename."Viewed" RENAME COLUMN item TO thing;
ALTER FOREIGN TABLE storage_drop_rename."Viewed" RENAME COLUMN "Id" TO "Name";
ALTER INDEX storage_drop_rename."Viewed" RENAME TO "Seen";
SELECT dynamo.put_item('Seen', '{"Id": {"S": "a"}}'), dynamo.get_item('Seen', '{"Id": {"S": "a"}}');
SELECT format('ALTER INDEX %s RENAME TO "NoLongerLong"', relation) FROM dynamo.table_settings WHERE full_name = repeat('A', 65)
\gexec
SELECT count(*) FROM dynamo.table_settings WHERE full_name = repeat('A', 65);

-- attributes of more than 63 bytes, or with a name that means something else
SELECT dynamo.create_table('Reserved', 'item S', 'xmin N');
SELECT dynamo.create_table('Reserved2', '_ttl S', 'ctid B');
SELECT dynamo.create_table('Reserved3', 'tableoid N', repeat('b', 64) || ' S');
SELECT dynamo.create_table('Reserved4', repeat('é', 127) || ' S', 'With "quotes" and '' S');
SELECT c.relname, attname, format_type(atttypid, atttypmod) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
 WHERE relnamespace = 'storage_drop_rename'::regnamespace AND relname ~ '^Reserved.?$' AND attnum > 0 ORDER BY relname, attnum;
SELECT name, left(key_schema, 30) AS key_schema FROM dynamo.tables WHERE schema = 'storage_drop_rename' AND name ~ '^Reserved' ORDER BY 1;
INSERT INTO storage_drop_rename."Reserved" (item) VALUES ('{"item": {"S": "a"}, "xmin": {"N": "1"}}');
INSERT INTO storage_drop_rename."Reserved2" (item) VALUES ('{"_ttl": {"S": "a"}, "ctid": {"B": "AA=="}}');
INSERT INTO storage_drop_rename."Reserved3" (item) SELECT jsonb_build_object('tableoid', 1, repeat('b', 64), 'x')::dynamo.item;
INSERT INTO storage_drop_rename."Reserved4" (item) SELECT jsonb_build_object(repeat('é', 127), 'e', 'With "quotes" and ''', 'x')::dynamo.item;
SELECT * FROM storage_drop_rename."Reserved";
SELECT * FROM storage_drop_rename."Reserved2";
SELECT * FROM storage_drop_rename."Reserved3";
SELECT "With ""quotes"" and '" FROM storage_drop_rename."Reserved4";
SELECT * FROM dynamo.check_table('Reserved4');

-- The two columns of one key may not be dropped, nor the trigger go unnoticed.
ALTER TABLE storage_drop_rename."Reserved" DROP CONSTRAINT "Reserved_pkey";
SELECT problem FROM dynamo.check_table('Reserved');
-- what is there can be read and changed, what is not cannot be made
SELECT dynamo.update_item('Reserved', '{"item": {"S": "a"}, "xmin": {"N": "1"}}', 'SET x = xmin', return_values => 'ALL_NEW');
SELECT dynamo.put_item('Reserved', '{"item": {"S": "b"}, "xmin": {"N": "1"}}');
CREATE UNIQUE INDEX ON storage_drop_rename."Reserved" ("item~4a33eacd5fa65f2b", "xmin~eafb2f50be97cbeb") WHERE item IS NOT NULL;
SELECT dynamo.put_item('Reserved', '{"item": {"S": "b"}, "xmin": {"N": "1"}}');
CREATE UNIQUE INDEX ON storage_drop_rename."Reserved" ("xmin~eafb2f50be97cbeb", "item~4a33eacd5fa65f2b") INCLUDE (item);
SELECT dynamo.put_item('Reserved', '{"item": {"S": "b"}, "xmin": {"N": "1"}}') IS NULL;
DROP TRIGGER zzz_dynamo_maintain ON storage_drop_rename."Reserved";
SELECT problem FROM dynamo.check_table('Reserved');
SELECT dynamo.describe_table('Reserved');

DROP SCHEMA storage_drop_rename CASCADE;
SELECT * FROM pg_temp.recorded();

-- The trigger that makes a relation a table: it is not renamed; that it is dropped or disabled, as restores do, is told.
CREATE SCHEMA storage_trigger;
SET dynamo.schema = storage_trigger;
SELECT dynamo.create_table('Guarded', 'k S') IS NOT NULL;
ALTER TRIGGER zzz_dynamo_maintain ON storage_trigger."Guarded" RENAME TO other;
SET search_path = storage_trigger, public;
ALTER TRIGGER zzz_dynamo_maintain ON "Guarded" RENAME TO other;
CREATE TRIGGER own BEFORE INSERT ON "Guarded" FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
ALTER TRIGGER own ON "Guarded" RENAME TO owns;
ALTER TABLE "Guarded" DISABLE TRIGGER owns;
DROP TRIGGER owns ON "Guarded";
ALTER TABLE "Guarded" DISABLE TRIGGER zzz_dynamo_maintain;
ALTER TABLE "Guarded" DISABLE TRIGGER ALL;
ALTER TABLE "Guarded" SET (fillfactor = 90);
ALTER TABLE "Guarded" ENABLE TRIGGER USER;
ALTER TABLE "Guarded" ENABLE ALWAYS TRIGGER zzz_dynamo_maintain;
SELECT * FROM dynamo.check_table('Guarded');
DROP TRIGGER IF EXISTS zzz_dynamo_maintain ON "Guarded";
DROP TRIGGER IF EXISTS zzz_dynamo_maintain ON "Guarded";
CREATE TABLE others ();
CREATE TRIGGER zzz_dynamo_maintain BEFORE UPDATE ON others FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
ALTER TABLE others DISABLE TRIGGER ALL;
ALTER TRIGGER zzz_dynamo_maintain ON others RENAME TO t;
ALTER TRIGGER t ON others RENAME TO zzz_dynamo_maintain;
DROP TRIGGER zzz_dynamo_maintain ON others;
SET client_min_messages = warning;
DROP SCHEMA storage_trigger CASCADE;
RESET client_min_messages;
