-- TransactWriteItems and TransactGetItems: what they do
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_transact', 'pk S') IS NOT NULL, dynamo.create_table('ops_transact2', 'pk S', 'sk N') IS NOT NULL;
CREATE FUNCTION pg_temp.write(actions text, more text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    reasons text;
BEGIN
    RETURN dynamo.call('TransactWriteItems', format('{"TransactItems": [%s]%s}', actions, more)::json);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS reasons = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || SQLERRM || E'\n' || reasons;
END $$;

SELECT dynamo.put_item('ops_transact', '{"pk": {"S": "present"}, "v": {"N": "1"}}');

-- one of each
SELECT pg_temp.write('{"Put": {"TableName": "ops_transact", "Item": {"pk": {"S": "a"}, "v": {"N": "1"}}, "ConditionExpression": "attribute_not_exists(pk)"}},
    {"Update": {"TableName": "ops_transact2", "Key": {"pk": {"S": "u"}, "sk": {"N": "1"}}, "UpdateExpression": "SET #v = :v",
                "ExpressionAttributeNames": {"#v": "v"}, "ExpressionAttributeValues": {":v": {"N": "1"}}}},
    {"Delete": {"TableName": "ops_transact", "Key": {"pk": {"S": "none"}}}},
    {"ConditionCheck": {"TableName": "ops_transact", "Key": {"pk": {"S": "present"}}, "ConditionExpression": "v = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}},
    {"ConditionCheck": {"TableName": "ops_transact", "Key": {"pk": {"S": "absent"}}, "ConditionExpression": "attribute_not_exists(pk)"}}',
    ', "ReturnConsumedCapacity": "INDEXES"');
SELECT item FROM dynamodb.ops_transact ORDER BY pk;
SELECT item FROM dynamodb.ops_transact2;
SELECT count(*) FROM dynamodb.ops_transact;

-- all or nothing, with reasons by position, and the item on request
SELECT pg_temp.write('{"Put": {"TableName": "ops_transact", "Item": {"pk": {"S": "new"}}}},
    {"Update": {"TableName": "ops_transact", "Key": {"pk": {"S": "a"}}, "UpdateExpression": "SET v = :v", "ConditionExpression": "v > :v",
                "ExpressionAttributeValues": {":v": {"N": "5"}}, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}},
    {"Delete": {"TableName": "ops_transact", "Key": {"pk": {"S": "present"}}}},
    {"ConditionCheck": {"TableName": "ops_transact", "Key": {"pk": {"S": "absent"}}, "ConditionExpression": "attribute_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}},
    {"ConditionCheck": {"TableName": "ops_transact2", "Key": {"pk": {"S": "u"}, "sk": {"N": "1"}}, "ConditionExpression": "attribute_not_exists(pk)"}}');
SELECT item FROM dynamodb.ops_transact ORDER BY pk;

-- updates that cannot be applied are reasons too
SELECT pg_temp.write('{"Update": {"TableName": "ops_transact", "Key": {"pk": {"S": "a"}}, "UpdateExpression": "SET v.x = :v", "ExpressionAttributeValues": {":v": {"N": "5"}}}},
    {"Update": {"TableName": "ops_transact", "Key": {"pk": {"S": "present"}}, "UpdateExpression": "ADD v :v", "ExpressionAttributeValues": {":v": {"SS": ["5"]}}}},
    {"Update": {"TableName": "ops_transact", "Key": {"pk": {"S": "b"}}, "UpdateExpression": "SET v = w", "ConditionExpression": "attribute_exists(pk)"}},
    {"Put": {"TableName": "ops_transact", "Item": {"pk": {"S": "c"}}}}');
-- and keys that no item of the table can have
SELECT pg_temp.write('{"Put": {"TableName": "ops_transact", "Item": {"pk": {"N": "1"}}}}, {"Put": {"TableName": "ops_transact", "Item": {"x": {"N": "1"}}}},
    {"Delete": {"TableName": "ops_transact", "Key": {"pk": {"S": "a"}, "sk": {"N": "1"}}}}, {"Delete": {"TableName": "ops_transact", "Key": {"pk": {"S": ""}}}},
    {"Update": {"TableName": "ops_transact", "Key": {"pk": {"S": "a"}}, "UpdateExpression": "REMOVE pk"}}, {"Put": {"TableName": "ops_transact", "Item": {"pk": {"S": "d"}}}}');
SELECT item FROM dynamodb.ops_transact ORDER BY pk;

-- an item that is only looked at stays as it is, and so does one that is put again
SELECT xmin AS before FROM dynamodb.ops_transact WHERE pk = 'present' \gset
SELECT pg_temp.write('{"Put": {"TableName": "ops_transact", "Item": {"pk": {"S": "present"}, "v": {"N": "1"}}}}, {"Delete": {"TableName": "ops_transact", "Key": {"pk": {"S": "absent"}}}}');
SELECT xmin = :before AS same, item FROM dynamodb.ops_transact WHERE pk = 'present';

-- a key that was held can be used: afterwards, and in the same transaction
BEGIN;
SELECT pg_temp.write('{"ConditionCheck": {"TableName": "ops_transact", "Key": {"pk": {"S": "held"}}, "ConditionExpression": "attribute_not_exists(pk)"}}');
SELECT pg_temp.write('{"ConditionCheck": {"TableName": "ops_transact", "Key": {"pk": {"S": "held"}}, "ConditionExpression": "attribute_not_exists(pk)"}}');
SELECT dynamo.get_item('ops_transact', '{"pk": {"S": "held"}}') IS NULL;
SELECT dynamo.put_item('ops_transact', '{"pk": {"S": "held"}}', 'attribute_not_exists(pk)');
SELECT pg_temp.write('{"ConditionCheck": {"TableName": "ops_transact", "Key": {"pk": {"S": "held"}}, "ConditionExpression": "attribute_exists(pk)"}}');
SELECT pg_temp.write('{"Delete": {"TableName": "ops_transact", "Key": {"pk": {"S": "held"}}}}');
INSERT INTO dynamodb.ops_transact (item) VALUES ('{"pk": {"S": "held"}, "by": {"S": "SQL"}}');
COMMIT;
SELECT pg_temp.write('{"Delete": {"TableName": "ops_transact", "Key": {"pk": {"S": "held"}}, "ConditionExpression": "#by = :sql",
    "ExpressionAttributeNames": {"#by": "by"}, "ExpressionAttributeValues": {":sql": {"S": "SQL"}}}}');
INSERT INTO dynamodb.ops_transact (item) VALUES ('{"pk": {"S": "absent"}}');
DELETE FROM dynamodb.ops_transact WHERE pk = 'absent';

-- reads: by position, an empty object where there is none
SELECT dynamo.call('TransactGetItems', '{"TransactItems": [{"Get": {"TableName": "ops_transact", "Key": {"pk": {"S": "present"}}}},
    {"Get": {"TableName": "ops_transact", "Key": {"pk": {"S": "absent"}}}},
    {"Get": {"TableName": "ops_transact2", "Key": {"pk": {"S": "u"}, "sk": {"N": "1"}}, "ProjectionExpression": "#v", "ExpressionAttributeNames": {"#v": "v"}}},
    {"Get": {"TableName": "ops_transact", "Key": {"pk": {"S": "a"}}, "ProjectionExpression": "nothing"}}], "ReturnConsumedCapacity": "TOTAL"}');
SELECT dynamo.check_table('ops_transact');
DELETE FROM dynamodb.ops_transact;
DELETE FROM dynamodb.ops_transact2;
-- a transaction may hold any number of keys
SELECT count(*) FROM generate_series(1, 100) n, LATERAL dynamo.call('TransactWriteItems', json_build_object('TransactItems',
    (SELECT json_agg(json_build_object('Delete', json_build_object('TableName', 'ops_transact', 'Key', json_build_object('pk', json_build_object('S', n || ' ' || i))))) FROM generate_series(1, 100) i)));
SELECT count(*) FROM dynamodb.ops_transact;

SELECT dynamo.delete_table('ops_transact') IS NOT NULL, dynamo.delete_table('ops_transact2') IS NOT NULL;
