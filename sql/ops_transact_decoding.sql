-- a key that is held is no change: logical decoding sees neither its insertion nor its key
\pset format unaligned
\pset tuples_only on

SELECT dynamo.create_table('ops_transact_decoding', 'pk S') IS NOT NULL;
SELECT count(*) FROM pg_create_logical_replication_slot('ops_transact_decoding', 'test_decoding', true);
CREATE FUNCTION pg_temp.changes() RETURNS SETOF text LANGUAGE sql AS
    $$SELECT data FROM pg_logical_slot_get_changes('ops_transact_decoding', NULL, NULL, 'include-xids', '0', 'skip-empty-xacts', '1')$$;

SELECT dynamo.call('TransactWriteItems', '{"TransactItems": [
    {"ConditionCheck": {"TableName": "ops_transact_decoding", "Key": {"pk": {"S": "absent"}}, "ConditionExpression": "attribute_not_exists(pk)"}},
    {"Delete": {"TableName": "ops_transact_decoding", "Key": {"pk": {"S": "gone"}}}},
    {"Put": {"TableName": "ops_transact_decoding", "Item": {"pk": {"S": "put"}}}}]}');
SELECT pg_temp.changes();
ALTER TABLE dynamodb.ops_transact_decoding REPLICA IDENTITY FULL;
SELECT dynamo.call('TransactWriteItems', '{"TransactItems": [
    {"ConditionCheck": {"TableName": "ops_transact_decoding", "Key": {"pk": {"S": "absent"}}, "ConditionExpression": "attribute_not_exists(pk)"}},
    {"ConditionCheck": {"TableName": "ops_transact_decoding", "Key": {"pk": {"S": "put"}}, "ConditionExpression": "attribute_exists(pk)"}},
    {"Put": {"TableName": "ops_transact_decoding", "Item": {"pk": {"S": "put2"}}}}]}');
SELECT pg_temp.changes();
-- the identity is as it was: a deletion is decoded
SELECT dynamo.call('TransactWriteItems', '{"TransactItems": [{"Delete": {"TableName": "ops_transact_decoding", "Key": {"pk": {"S": "put"}}}}]}');
SELECT pg_temp.changes();

-- and for a publication, nothing at all
SELECT count(*) FROM pg_create_logical_replication_slot('ops_transact_decoding2', 'pgoutput', true);
CREATE PUBLICATION ops_transact_decoding FOR TABLE dynamodb.ops_transact_decoding;
SELECT dynamo.call('TransactWriteItems', '{"TransactItems": [
    {"ConditionCheck": {"TableName": "ops_transact_decoding", "Key": {"pk": {"S": "absent"}}, "ConditionExpression": "attribute_not_exists(pk)"}}]}');
SELECT dynamo.call('TransactWriteItems', '{"TransactItems": [{"Delete": {"TableName": "ops_transact_decoding", "Key": {"pk": {"S": "put2"}}}}]}');
-- kinds of message: Begin, Type, Relation, Delete, Commit; the first transaction has none
SELECT string_agg(chr(get_byte(data, 0)), '') FROM pg_logical_slot_get_binary_changes('ops_transact_decoding2', NULL, NULL,
    'proto_version', '1', 'publication_names', 'ops_transact_decoding');
DROP PUBLICATION ops_transact_decoding;

SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name IN ('ops_transact_decoding', 'ops_transact_decoding2');
SELECT dynamo.delete_table('ops_transact_decoding') IS NOT NULL;
