-- a key that is held is no change for logical replication
\pset format unaligned
\pset tuples_only on

SELECT dynamo.create_table('ops_transact_decoding', 'pk S') IS NOT NULL;
CREATE PUBLICATION ops_transact_decoding FOR TABLE dynamodb.ops_transact_decoding;
SELECT count(*) FROM pg_create_logical_replication_slot('ops_transact_decoding', 'pgoutput', true);
-- insertions, updates and deletions, transaction by transaction
CREATE FUNCTION pg_temp.changes() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(kind, '') FROM (SELECT chr(get_byte(data, 0)) AS kind
        FROM pg_logical_slot_get_binary_changes('ops_transact_decoding', NULL, NULL, 'proto_version', '1', 'publication_names', 'ops_transact_decoding')) c
    WHERE kind IN ('B', 'I', 'U', 'D', 'C') $$;
CREATE FUNCTION pg_temp.write(actions text) RETURNS json LANGUAGE sql AS
    $$SELECT dynamo.call('TransactWriteItems', format('{"TransactItems": [%s]}', replace(actions, 'TABLE', '"TableName": "ops_transact_decoding"'))::json)$$;

SELECT pg_temp.write('{"ConditionCheck": {TABLE, "Key": {"pk": {"S": "absent"}}, "ConditionExpression": "attribute_not_exists(pk)"}},
    {"Delete": {TABLE, "Key": {"pk": {"S": "gone"}}}}, {"Put": {TABLE, "Item": {"pk": {"S": "put"}}}}');
SELECT pg_temp.changes();
SELECT pg_temp.write('{"ConditionCheck": {TABLE, "Key": {"pk": {"S": "absent"}}, "ConditionExpression": "attribute_not_exists(pk)"}}');
SELECT pg_temp.write('{"ConditionCheck": {TABLE, "Key": {"pk": {"S": "put"}}, "ConditionExpression": "attribute_exists(pk)"}}');
SELECT pg_temp.changes() IS NULL;
-- nor with old images
ALTER TABLE dynamodb.ops_transact_decoding REPLICA IDENTITY FULL;
SELECT pg_temp.write('{"ConditionCheck": {TABLE, "Key": {"pk": {"S": "absent"}}, "ConditionExpression": "attribute_not_exists(pk)"}},
    {"Put": {TABLE, "Item": {"pk": {"S": "put"}, "v": {"N": "1"}}}}');
SELECT pg_temp.changes();
-- the identity is as it was: a deletion is a change
SELECT pg_temp.write('{"Delete": {TABLE, "Key": {"pk": {"S": "put"}}}}');
SELECT pg_temp.changes();

DROP PUBLICATION ops_transact_decoding;
SELECT pg_drop_replication_slot('ops_transact_decoding');
SELECT dynamo.delete_table('ops_transact_decoding') IS NOT NULL;
