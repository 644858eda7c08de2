-- Rows: a role without privileges is refused everything, and finds no way around
\pset format unaligned
\pset tuples_only on

SELECT dynamo.create_table('storage_privileges', 'pk S') IS NOT NULL;
SELECT dynamo.put_item('storage_privileges', '{"pk": {"S": "a"}, "v": {"S": "secret"}}');
CREATE ROLE storage_mallory;
CREATE ROLE storage_reader;
GRANT USAGE ON SCHEMA dynamodb TO storage_mallory, storage_reader;
GRANT SELECT ON dynamodb.storage_privileges TO storage_reader;
CREATE SCHEMA storage_mallory AUTHORIZATION storage_mallory;

CREATE PROCEDURE every_operation(t text) LANGUAGE plpgsql AS $$
DECLARE
    call text;
BEGIN
    FOREACH call IN ARRAY ARRAY[
        $q$dynamo.get_item(%1$L, '{"pk": {"S": "a"}}')$q$,
        $q$dynamo.query(%1$L, 'pk = :p', expression_attribute_values => '{":p": {"S": "a"}}')$q$,
        $q$dynamo.scan(%1$L)$q$,
        $q$dynamo.put_item(%1$L, '{"pk": {"S": "a"}}')$q$,
        $q$dynamo.put_item(%1$L, '{"pk": {"S": "b"}}', 'attribute_not_exists(pk)')$q$,
        $q$dynamo.update_item(%1$L, '{"pk": {"S": "a"}}', 'REMOVE v')$q$,
        $q$dynamo.delete_item(%1$L, '{"pk": {"S": "a"}}')$q$,
        $q$dynamo.delete_item(%1$L, '{"pk": {"S": "none"}}')$q$,
        $q$dynamo.call('GetItem', '{"TableName": "%1$s", "Key": {"pk": {"S": "a"}}}')$q$,
        $q$dynamo.call('PutItem', '{"TableName": "%1$s", "Item": {"pk": {"S": "a"}}}')$q$,
        $q$dynamo.call('UpdateItem', '{"TableName": "%1$s", "Key": {"pk": {"S": "a"}}}')$q$,
        $q$dynamo.call('DeleteItem', '{"TableName": "%1$s", "Key": {"pk": {"S": "a"}}}')$q$,
        $q$dynamo.call('Query', '{"TableName": "%1$s", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}')$q$,
        $q$dynamo.call('Scan', '{"TableName": "%1$s"}')$q$,
        $q$dynamo.update_table(%1$L, deletion_protection_enabled => true)$q$,
        $q$dynamo.delete_table(%1$L)$q$]
    LOOP
        BEGIN
            EXECUTE format('SELECT ' || call, t);
            RAISE NOTICE 'allowed: %', call;
        EXCEPTION WHEN OTHERS THEN
            RAISE NOTICE '%: %', SQLSTATE, SQLERRM;
        END;
    END LOOP;
END$$;

SET ROLE storage_mallory;
CALL every_operation('storage_privileges');
SET ROLE storage_reader;
CALL every_operation('storage_privileges');

-- without USAGE of the schema
RESET ROLE;
REVOKE USAGE ON SCHEMA dynamodb FROM storage_mallory;
GRANT ALL ON dynamodb.storage_privileges TO storage_mallory;
SET ROLE storage_mallory;
CALL every_operation('storage_privileges');
RESET ROLE;
REVOKE ALL ON dynamodb.storage_privileges FROM storage_mallory;
GRANT USAGE ON SCHEMA dynamodb TO storage_mallory;

-- reached by SQL it is the same
ALTER TABLE dynamodb.storage_privileges ADD CHECK (pk <> '');
SET ROLE storage_mallory;
CALL every_operation('storage_privileges');
RESET ROLE;

-- part of the privileges is not enough
GRANT SELECT, INSERT ON dynamodb.storage_privileges TO storage_mallory;
SET ROLE storage_mallory;
SELECT dynamo.put_item('storage_privileges', '{"pk": {"S": "a"}, "v": {"S": "overwritten"}}');
SELECT dynamo.delete_item('storage_privileges', '{"pk": {"S": "a"}}');
RESET ROLE;
REVOKE ALL ON dynamodb.storage_privileges FROM storage_mallory;
GRANT DELETE, UPDATE, INSERT ON dynamodb.storage_privileges TO storage_mallory;
SET ROLE storage_mallory;
SELECT dynamo.delete_item('storage_privileges', '{"pk": {"S": "a"}}', return_values => 'ALL_OLD');
SELECT dynamo.update_item('storage_privileges', '{"pk": {"S": "a"}}', 'SET v = v', return_values => 'ALL_NEW');
RESET ROLE;
REVOKE ALL ON dynamodb.storage_privileges FROM storage_mallory;

-- ---- ways around ----
SET ROLE storage_mallory;
-- the catalog
INSERT INTO dynamo.table_settings (relation, table_id, created, billing_mode, deletion_protection, table_class)
VALUES ('dynamodb.storage_privileges', gen_random_uuid(), now(), 'PROVISIONED', true, 'STANDARD');
UPDATE dynamo.table_settings SET deletion_protection = true;
DELETE FROM dynamo.table_settings;
-- triggers: on the table, and the function of ours on a table of one's own
CREATE TRIGGER t BEFORE INSERT ON dynamodb.storage_privileges FOR EACH ROW EXECUTE FUNCTION dynamo.maintain_columns('x', 'S', 'x', 'HASH');
ALTER TABLE dynamodb.storage_privileges DISABLE TRIGGER zzz_dynamo_maintain;
CREATE TABLE storage_mallory.mine (pk text COLLATE "C" PRIMARY KEY, item dynamo.item NOT NULL, other text);
CREATE TRIGGER other_name BEFORE INSERT ON storage_mallory.mine FOR EACH ROW EXECUTE FUNCTION dynamo.maintain_columns('pk', 'S', 'pk', 'HASH');
INSERT INTO storage_mallory.mine (item) VALUES ('{"pk": {"S": "a"}}');
DROP TRIGGER other_name ON storage_mallory.mine;
CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON storage_mallory.mine FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('pk', 'S', 'no_such_column', 'HASH');
INSERT INTO storage_mallory.mine (item) VALUES ('{"pk": {"S": "a"}}');
-- more hash parts than a key can have
CREATE TABLE storage_mallory.many (a text COLLATE "C", b text COLLATE "C", c text COLLATE "C", d text COLLATE "C", e text COLLATE "C",
    item dynamo.item NOT NULL, PRIMARY KEY (a, b, c, d, e)) USING dynamo;
CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON storage_mallory.many FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('a', 'S', 'a', 'HASH', 'b', 'S', 'b', 'HASH', 'c', 'S', 'c', 'HASH', 'd', 'S', 'd', 'HASH', 'e', 'S', 'e', 'HASH');
INSERT INTO storage_mallory.many (item) VALUES ('{"a": {"S": "1"}, "b": {"S": "1"}, "c": {"S": "1"}, "d": {"S": "1"}, "e": {"S": "1"}}');
SET dynamo.schema = 'storage_mallory';
SELECT dynamo.scan('many', segment => 0, total_segments => 2);
CREATE OR REPLACE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON storage_mallory.many FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('a', 'S', 'a', 'HASH', 'b', 'S', 'b', 'RANGE', 'c', 'S', 'c', 'RANGE', 'd', 'S', 'd', 'RANGE', 'e', 'S', 'e', 'RANGE');
INSERT INTO storage_mallory.many (item) VALUES ('{"a": {"S": "1"}, "b": {"S": "1"}, "c": {"S": "1"}, "d": {"S": "1"}, "e": {"S": "1"}}');
SELECT count(*) FROM (SELECT dynamo.scan('many', segment => s, total_segments => 2) FROM generate_series(0, 1) s) x;
CREATE OR REPLACE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON storage_mallory.many FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('a', 'S', 'a', 'HASH', 'a', 'S', 'b', 'RANGE');
SELECT dynamo.scan('many');
-- a table of one's own is reached with one's own rights, whoever's schema it is
SET dynamo.schema = 'storage_mallory';
SELECT dynamo.create_table('mallorys', 'pk S') IS NOT NULL;
SELECT dynamo.put_item('mallorys', '{"pk": {"S": "a"}}');
CREATE VIEW storage_mallory.storage_privileges AS SELECT * FROM dynamodb.storage_privileges;
SELECT dynamo.get_item('storage_privileges', '{"pk": {"S": "a"}}');
RESET dynamo.schema;
-- the function of the trigger, called by hand
SELECT dynamo.maintain_columns();
-- objects in front of ours: an operator that says that all items are equal, types, functions
CREATE FUNCTION storage_mallory.always(dynamo.item, dynamo.item) RETURNS boolean LANGUAGE sql AS $$SELECT true$$;
CREATE OPERATOR storage_mallory.= (LEFTARG = dynamo.item, RIGHTARG = dynamo.item, FUNCTION = storage_mallory.always);
CREATE FUNCTION storage_mallory.never(text, text) RETURNS boolean LANGUAGE sql AS $$SELECT false$$;
CREATE OPERATOR storage_mallory.= (LEFTARG = text, RIGHTARG = text, FUNCTION = storage_mallory.never);
CREATE OPERATOR storage_mallory.> (LEFTARG = text, RIGHTARG = text, FUNCTION = storage_mallory.never);
CREATE TABLE storage_mallory.storage_other (pk text, item text);
RESET ROLE;
GRANT USAGE ON SCHEMA storage_mallory TO storage_reader;
SET search_path = storage_mallory, pg_catalog, public;
SELECT dynamo.put_item('storage_privileges', '{"pk": {"S": "b"}, "v": {"S": "new"}}');
SELECT dynamo.update_item('storage_privileges', '{"pk": {"S": "b"}}', 'SET v = :v', expression_attribute_values => '{":v": {"S": "newer"}}', return_values => 'ALL_NEW');
SELECT dynamo.get_item('storage_privileges', '{"pk": {"S": "b"}}');
SELECT dynamo.scan('storage_privileges', exclusive_start_key => '{"pk": {"S": "a"}}');
SELECT dynamo.delete_item('storage_privileges', '{"pk": {"S": "b"}}', return_values => 'ALL_OLD') ->> 'v';
RESET search_path;

-- nothing has changed
SELECT item FROM dynamodb.storage_privileges;
SELECT count(*) FROM dynamo.table_settings WHERE relation = 'dynamodb.storage_privileges'::regclass AND NOT deletion_protection;

-- SECURITY DEFINER lends its owner's rights, as anywhere
CREATE FUNCTION lend() RETURNS dynamo.item SECURITY DEFINER LANGUAGE sql AS
    $$SELECT dynamo.get_item('storage_privileges', '{"pk": {"S": "a"}}')$$;
SET ROLE storage_mallory;
SELECT lend() ->> 'v';
RESET ROLE;
DROP FUNCTION lend;

DROP VIEW storage_mallory.storage_privileges;
SELECT dynamo.delete_table('storage_privileges') IS NOT NULL;
DROP PROCEDURE every_operation;
REVOKE USAGE ON SCHEMA dynamodb FROM storage_mallory, storage_reader;
SET client_min_messages = warning;
DROP SCHEMA storage_mallory CASCADE;
DROP ROLE storage_mallory;
DROP ROLE storage_reader;
