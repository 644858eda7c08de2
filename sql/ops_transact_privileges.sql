-- transactions: privileges, row-level security, partitions
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_transact_privileges', 'pk S') IS NOT NULL;
SELECT dynamo.put_item('ops_transact_privileges', '{"pk": {"S": "a"}}');
CREATE ROLE ops_transact_role;
GRANT USAGE ON SCHEMA dynamodb TO ops_transact_role;
CREATE FUNCTION pg_temp.try_all() RETURNS TABLE (action text, outcome text) LANGUAGE plpgsql AS $$
BEGIN
    FOR action, outcome IN SELECT * FROM (VALUES
        ('Put', '"Item": {"pk": {"S": "b"}}'), ('Update', '"Key": {"pk": {"S": "a"}}, "UpdateExpression": "REMOVE x"'), ('Delete', '"Key": {"pk": {"S": "c"}}'),
        ('ConditionCheck', '"Key": {"pk": {"S": "a"}}, "ConditionExpression": "attribute_exists(pk)"'),
        ('ConditionCheck', '"Key": {"pk": {"S": "absent"}}, "ConditionExpression": "attribute_not_exists(pk)"'), ('Get', '"Key": {"pk": {"S": "a"}}')) o
    LOOP
        BEGIN
            outcome := dynamo.call(CASE action WHEN 'Get' THEN 'TransactGetItems' ELSE 'TransactWriteItems' END,
                format('{"TransactItems": [{"%s": {"TableName": "ops_transact_privileges", %s}}]}', action, outcome)::json);
        EXCEPTION WHEN OTHERS THEN
            outcome := SQLSTATE || ' ' || SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION pg_temp.try_all() TO ops_transact_role;

SET ROLE ops_transact_role;
SELECT * FROM pg_temp.try_all();
RESET ROLE;
GRANT SELECT ON dynamodb.ops_transact_privileges TO ops_transact_role;
SET ROLE ops_transact_role;
SELECT * FROM pg_temp.try_all();
RESET ROLE;
GRANT UPDATE ON dynamodb.ops_transact_privileges TO ops_transact_role;
SET ROLE ops_transact_role;
SELECT * FROM pg_temp.try_all();
RESET ROLE;
GRANT INSERT, DELETE ON dynamodb.ops_transact_privileges TO ops_transact_role;
SET ROLE ops_transact_role;
SELECT * FROM pg_temp.try_all();
RESET ROLE;

-- read-only transactions
BEGIN READ ONLY;
SELECT action, outcome FROM pg_temp.try_all();
COMMIT;

-- row-level security: a hidden item is no absent one, and one that may not be updated cannot be held
CREATE POLICY reading ON dynamodb.ops_transact_privileges FOR SELECT TO ops_transact_role USING (pk <> 'absent');
CREATE POLICY writing ON dynamodb.ops_transact_privileges FOR UPDATE TO ops_transact_role USING (pk = 'u');
CREATE POLICY adding ON dynamodb.ops_transact_privileges FOR INSERT TO ops_transact_role WITH CHECK (pk <> 'absent2');
ALTER TABLE dynamodb.ops_transact_privileges ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION pg_temp.check(pk text, condition text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN dynamo.call('TransactWriteItems', format('{"TransactItems": [{"ConditionCheck": {"TableName": "ops_transact_privileges", "Key": {"pk": {"S": "%s"}}, "ConditionExpression": "%s(pk)"}}]}',
        pk, condition)::json);
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
GRANT EXECUTE ON FUNCTION pg_temp.check(text, text) TO ops_transact_role;
INSERT INTO dynamodb.ops_transact_privileges (item) VALUES ('{"pk": {"S": "absent"}}'), ('{"pk": {"S": "u"}}');
SET ROLE ops_transact_role;
SELECT pg_temp.check('u', 'attribute_exists'), pg_temp.check('a', 'attribute_exists'), pg_temp.check('absent', 'attribute_not_exists'),
    pg_temp.check('absent2', 'attribute_not_exists'), pg_temp.check('absent2', 'attribute_exists');
RESET ROLE;
SELECT dynamo.delete_table('ops_transact_privileges') IS NOT NULL;
DROP OWNED BY ops_transact_role;
DROP ROLE ops_transact_role;

-- partitions: a key without item is held by statements, whose triggers fire
CREATE TABLE dynamodb.ops_transact_parts (pk text COLLATE "C" NOT NULL, item dynamo.item NOT NULL, PRIMARY KEY (pk)) PARTITION BY HASH (pk);
CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON dynamodb.ops_transact_parts FOR EACH ROW EXECUTE FUNCTION dynamo.maintain_columns('pk', 'S', 'pk', 'HASH');
CREATE TABLE dynamodb.ops_transact_part0 PARTITION OF dynamodb.ops_transact_parts FOR VALUES WITH (MODULUS 2, REMAINDER 0) USING dynamo;
CREATE TABLE dynamodb.ops_transact_part1 PARTITION OF dynamodb.ops_transact_parts FOR VALUES WITH (MODULUS 2, REMAINDER 1) USING dynamo;
CREATE FUNCTION pg_temp.notice() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE '% %', TG_OP, coalesce(NEW.item, OLD.item); RETURN coalesce(NEW, OLD); END$$;
CREATE TRIGGER notice BEFORE INSERT OR DELETE ON dynamodb.ops_transact_parts FOR EACH ROW EXECUTE FUNCTION pg_temp.notice();
SELECT dynamo.call('TransactWriteItems', '{"TransactItems": [
    {"Put": {"TableName": "ops_transact_parts", "Item": {"pk": {"S": "a"}}}},
    {"ConditionCheck": {"TableName": "ops_transact_parts", "Key": {"pk": {"S": "b"}}, "ConditionExpression": "attribute_not_exists(pk)"}}]}');
SELECT dynamo.call('TransactWriteItems', '{"TransactItems": [
    {"Delete": {"TableName": "ops_transact_parts", "Key": {"pk": {"S": "c"}}}},
    {"ConditionCheck": {"TableName": "ops_transact_parts", "Key": {"pk": {"S": "a"}}, "ConditionExpression": "attribute_exists(pk)"}}]}');
SELECT item FROM dynamodb.ops_transact_parts;
DROP TABLE dynamodb.ops_transact_parts;
