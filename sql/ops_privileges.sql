-- what each operation needs; all else is refused
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_privileges', 'pk S') IS NOT NULL;
CREATE ROLE ops_privileges;
GRANT USAGE ON SCHEMA dynamodb TO ops_privileges;
CREATE FUNCTION pg_temp.try_all() RETURNS TABLE (operation text, outcome text) LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    FOR operation, answer IN SELECT * FROM (VALUES
        ('GetItem', '"Key": {"pk": {"S": "a"}}'), ('Query', '"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}'),
        ('Scan', '"Limit": 1'), ('PutItem', '"Item": {"pk": {"S": "a"}}'), ('UpdateItem', '"Key": {"pk": {"S": "a"}}'),
        ('DeleteItem', '"Key": {"pk": {"S": "a"}}'), ('UpdateTable', '"DeletionProtectionEnabled": false'), ('DeleteTable', NULL)) o
    LOOP
        BEGIN
            PERFORM dynamo.call(operation, ('{"TableName": "ops_privileges"' || coalesce(', ' || answer, '') || '}')::json);
            outcome := 'done';
        EXCEPTION WHEN OTHERS THEN
            outcome := SQLSTATE || ' ' || SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION pg_temp.try_all() TO ops_privileges;

SET ROLE ops_privileges;
SELECT * FROM pg_temp.try_all();
SELECT dynamo.call('DescribeTable', '{"TableName": "ops_privileges"}');
SELECT dynamo.call('CreateTable', '{"TableName": "ops_privileges2", "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]}');
RESET ROLE;
GRANT SELECT ON dynamodb.ops_privileges TO ops_privileges;
SET ROLE ops_privileges;
SELECT * FROM pg_temp.try_all();
RESET ROLE;
GRANT INSERT, UPDATE ON dynamodb.ops_privileges TO ops_privileges;
SET ROLE ops_privileges;
SELECT * FROM pg_temp.try_all();
RESET ROLE;
-- without SELECT, conditions would tell what an item holds
REVOKE SELECT ON dynamodb.ops_privileges FROM ops_privileges;
GRANT DELETE ON dynamodb.ops_privileges TO ops_privileges;
SET ROLE ops_privileges;
SELECT * FROM pg_temp.try_all();
RESET ROLE;
REVOKE USAGE ON SCHEMA dynamodb FROM ops_privileges;
GRANT ALL ON dynamodb.ops_privileges TO ops_privileges;
SET ROLE ops_privileges;
SELECT * FROM pg_temp.try_all();
SELECT dynamo.call('ListTables', '{}');
RESET ROLE;

-- read-only transactions
BEGIN READ ONLY;
SELECT * FROM pg_temp.try_all() WHERE operation <> 'DeleteTable';
ROLLBACK;
SELECT dynamo.delete_table('ops_privileges') IS NOT NULL;
DROP OWNED BY ops_privileges;
DROP ROLE ops_privileges;
