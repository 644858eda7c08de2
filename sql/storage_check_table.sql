-- dynamo.check_table(): every kind of problem, and who may ask.
SET dynamo.schema = 'storage_check_table';
SELECT dynamo.create_table('Items', 'Id S', 'Part N');
INSERT INTO storage_check_table."Items" (item)
SELECT jsonb_build_object('Id', 'i' || i, 'Part', i, 'x', repeat('x', 1000 * i))::dynamo.item FROM generate_series(1, 5) i;
SELECT * FROM dynamo.check_table('Items');
SELECT * FROM dynamo.check_table('Nothing');
SELECT * FROM dynamo.check_table('');
SELECT * FROM dynamo.check_table(NULL);

-- Rows that came in while nobody looked: on heap, the trigger disabled.
ALTER TABLE storage_check_table."Items" SET ACCESS METHOD heap;
ALTER TABLE storage_check_table."Items" DISABLE TRIGGER zzz_dynamo_maintain;
UPDATE storage_check_table."Items" SET "Part" = 22 WHERE "Id" = 'i2';
UPDATE storage_check_table."Items" SET item = '{"Id": {"S": "i3"}}' WHERE "Id" = 'i3';
UPDATE storage_check_table."Items" SET item = '{"Id": {"N": "4"}, "Part": {"N": "4"}}' WHERE "Id" = 'i4';
UPDATE storage_check_table."Items" SET "Part" = 'NaN' WHERE "Id" = 'i5';
INSERT INTO storage_check_table."Items" VALUES ('', 1e300, '{"Id": {"S": ""}, "Part": {"N": "1"}}');
INSERT INTO storage_check_table."Items" SELECT 'long', 1, jsonb_build_object('Id', repeat('x', 2049), 'Part', 1)::dynamo.item;
INSERT INTO storage_check_table."Items"
SELECT 'big', 1, jsonb_build_object('Id', 'big', 'Part', 1, 'x', repeat('x', 409600))::dynamo.item;
ALTER TABLE storage_check_table."Items" ALTER COLUMN item DROP NOT NULL;
INSERT INTO storage_check_table."Items" VALUES ('none', 1, NULL);
SELECT * FROM dynamo.check_table('Items');

-- What it says of the relation.
ALTER TABLE storage_check_table."Items" ENABLE TRIGGER zzz_dynamo_maintain;
ALTER TABLE storage_check_table."Items" DROP CONSTRAINT "Items_pkey";
SELECT problem FROM dynamo.check_table('Items') WHERE key IS NULL;
ALTER TABLE storage_check_table."Items" ADD PRIMARY KEY ("Part", "Id");
SELECT problem FROM dynamo.check_table('Items') WHERE key IS NULL;
ALTER TABLE storage_check_table."Items" DROP CONSTRAINT "Items_pkey";
ALTER TABLE storage_check_table."Items" ADD PRIMARY KEY ("Id", "Part") DEFERRABLE;
SELECT problem FROM dynamo.check_table('Items') WHERE key IS NULL;
DROP TRIGGER zzz_dynamo_maintain ON storage_check_table."Items";
SELECT * FROM dynamo.check_table('Items');
ALTER TABLE storage_check_table."Items" DROP COLUMN item;
SELECT * FROM dynamo.check_table('Items');

-- Privileges
SELECT dynamo.create_table('Mine', 'Id S');
CREATE ROLE storage_check_table_user;
SET ROLE storage_check_table_user;
SELECT * FROM dynamo.check_table('Mine');
RESET ROLE;
GRANT USAGE ON SCHEMA storage_check_table TO storage_check_table_user;
SET ROLE storage_check_table_user;
SELECT * FROM dynamo.check_table('Mine');
RESET ROLE;
GRANT SELECT ON storage_check_table."Mine" TO storage_check_table_user;
SET ROLE storage_check_table_user;
SELECT * FROM dynamo.check_table('Mine');
RESET ROLE;
ALTER TABLE storage_check_table."Mine" ENABLE ROW LEVEL SECURITY;
SET ROLE storage_check_table_user;
SELECT * FROM dynamo.check_table('Mine');
RESET ROLE;
SELECT * FROM dynamo.check_table('Mine');

-- a trigger that somebody made anew, other than it was: the access method holds
SELECT dynamo.create_table('Remade', 'Id S');
CREATE OR REPLACE TRIGGER zzz_dynamo_maintain BEFORE INSERT ON storage_check_table."Remade"
    FOR EACH ROW EXECUTE FUNCTION dynamo.maintain_columns('Id', 'S', 'Id', 'HASH');
SELECT problem FROM dynamo.check_table('Remade');
CREATE OR REPLACE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON storage_check_table."Remade"
    FOR EACH ROW WHEN (NEW."Id" = 'never') EXECUTE FUNCTION dynamo.maintain_columns('Id', 'S', 'Id', 'HASH');
SELECT problem FROM dynamo.check_table('Remade');
INSERT INTO storage_check_table."Remade" VALUES ('a', '{"Id": {"S": "b"}}');
CREATE OR REPLACE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE OF item ON storage_check_table."Remade"
    FOR EACH ROW EXECUTE FUNCTION dynamo.maintain_columns('Id', 'S', 'Id', 'HASH');
SELECT problem FROM dynamo.check_table('Remade');
INSERT INTO storage_check_table."Remade" (item) VALUES ('{"Id": {"S": "b"}}');
UPDATE storage_check_table."Remade" SET "Id" = 'c';
SELECT dynamo.scan('Remade');

-- a long text in a message is cut between characters
CREATE TABLE storage_check_table.cut (k text COLLATE "C", item dynamo.item);
DO $$
DECLARE
    detail text;
BEGIN
    EXECUTE format('CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT ON storage_check_table.cut FOR EACH ROW EXECUTE FUNCTION dynamo.maintain_columns(''k'', %L, ''k'', ''HASH'')', 'x' || repeat('é', 600));
    INSERT INTO storage_check_table.cut (item) VALUES ('{}');
EXCEPTION WHEN invalid_object_definition THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RAISE NOTICE '% bytes, % characters', octet_length(detail), length(convert_from(convert_to(detail, 'UTF8'), 'UTF8'));
END $$;

SET client_min_messages = warning;
DROP SCHEMA storage_check_table CASCADE;
DROP ROLE storage_check_table_user;
