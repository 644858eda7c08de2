-- What the executor must see of a table's rows: writes of the API obey it too.
\pset format unaligned
\pset tuples_only on
SET dynamo.schema = 'storage_executor';
SELECT dynamo.call('CreateTable', '{"TableName": "stamped", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "kind", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "GlobalSecondaryIndexes": [{"IndexName": "by_kind", "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
                                "Projection": {"ProjectionType": "ALL"}}]}') IS NOT NULL;
SET search_path = storage_executor, public;
\set VERBOSITY terse

-- NOT NULL of an index's column
ALTER TABLE stamped ALTER kind SET NOT NULL;
SELECT dynamo.put_item('stamped', '{"pk": {"S": "a"}, "kind": {"S": "k"}}') IS NULL;
SELECT dynamo.put_item('stamped', '{"pk": {"S": "b"}}');
SELECT dynamo.update_item('stamped', '{"pk": {"S": "a"}}', 'REMOVE kind');
SELECT dynamo.load_items('stamped', $$SELECT '{"pk": {"S": "b"}}'::dynamo.item$$);
TABLE stamped;
ALTER TABLE stamped ALTER kind DROP NOT NULL;
SELECT dynamo.put_item('stamped', '{"pk": {"S": "b"}}') IS NULL;

-- a trigger that changes what an index is made of
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.item := jsonb_set(NEW.item::jsonb, '{kind}', '"stamped"')::dynamo.item;
    RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON stamped FOR EACH ROW EXECUTE FUNCTION stamp();
SELECT dynamo.put_item('stamped', '{"pk": {"S": "c"}}') IS NULL;
SELECT dynamo.put_item('stamped', '{"pk": {"S": "c"}, "kind": {"S": "mine"}, "n": {"N": "1"}}') IS NULL;
SELECT dynamo.put_item('stamped', '{"pk": {"S": "d"}, "kind": {"S": "mine"}}') IS NULL;
SELECT dynamo.update_item('stamped', '{"pk": {"S": "a"}}', 'SET n = :n', expression_attribute_values => '{":n": {"N": "2"}}') IS NULL;
SELECT * FROM stamped ORDER BY pk;
SELECT dynamo.query('stamped', 'kind = :k', expression_attribute_values => '{":k": {"S": "stamped"}}', index_name => 'by_kind');
-- (the key is not the trigger's to change)
CREATE OR REPLACE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.item := jsonb_set(NEW.item::jsonb, '{pk}', '"stamped"')::dynamo.item;
    RETURN NEW;
END $$;
SELECT dynamo.put_item('stamped', '{"pk": {"S": "e"}}');
DROP TRIGGER stamp ON stamped;

-- where the maintenance trigger need not fire, columns are filled all the same
CREATE TABLE heir () INHERITS (stamped) USING dynamo;
INSERT INTO heir (pk, item) VALUES ('h', '{"pk": {"S": "h"}}');
SELECT dynamo.update_item('stamped', '{"pk": {"S": "h"}}', 'SET kind = :k', expression_attribute_values => '{":k": {"S": "heir"}}') IS NULL;
SELECT tableoid::regclass, * FROM stamped WHERE pk = 'h';
DROP TABLE heir;
SET session_replication_role = replica;
ALTER TABLE stamped ADD CHECK (pk <> '');
ALTER TABLE stamped ENABLE TRIGGER zzz_dynamo_maintain;
SELECT dynamo.put_item('stamped', '{"pk": {"S": "f"}, "kind": {"S": "replica"}}') IS NULL;
SELECT * FROM stamped WHERE pk = 'f';
ALTER TABLE stamped ENABLE ALWAYS TRIGGER zzz_dynamo_maintain;
RESET session_replication_role;
CREATE OR REPLACE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE OF pk ON stamped FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('pk', 'S', 'pk', 'HASH', 'kind', 'S', 'kind', 'INDEX');
SELECT dynamo.put_item('stamped', '{"pk": {"S": "f"}, "kind": {"S": "another"}}') IS NULL;
SELECT * FROM stamped WHERE pk = 'f';
SELECT problem FROM dynamo.check_table('stamped');
CREATE OR REPLACE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON stamped FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('pk', 'S', 'pk', 'HASH', 'kind', 'S', 'kind', 'INDEX');
ALTER TABLE stamped ENABLE ALWAYS TRIGGER zzz_dynamo_maintain;
SELECT * FROM dynamo.check_table('stamped');
-- nor in a partition, while rows are stored as a replica
CREATE TABLE parts (LIKE stamped INCLUDING ALL) PARTITION BY HASH (pk);
CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON parts FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('pk', 'S', 'pk', 'HASH', 'kind', 'S', 'kind', 'INDEX');
CREATE TABLE part PARTITION OF parts FOR VALUES WITH (MODULUS 1, REMAINDER 0) USING dynamo;
ALTER TABLE parts ENABLE ALWAYS TRIGGER zzz_dynamo_maintain;
ALTER TABLE part ENABLE TRIGGER zzz_dynamo_maintain;
SELECT dynamo.put_item('parts', '{"pk": {"S": "a"}, "kind": {"S": "origin"}}') IS NULL;
SET session_replication_role = replica;
SELECT dynamo.put_item('parts', '{"pk": {"S": "b"}, "kind": {"S": "replica"}}') IS NULL;
SELECT dynamo.put_item('parts', '{"pk": {"S": "a"}, "kind": {"S": "replica"}}') IS NULL;
RESET session_replication_role;
SELECT dynamo.put_item('parts', '{"pk": {"S": "b"}, "kind": {"S": "origin"}}') IS NULL;
SELECT * FROM parts ORDER BY pk;
SELECT problem FROM dynamo.check_table('parts');

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA storage_executor CASCADE;
