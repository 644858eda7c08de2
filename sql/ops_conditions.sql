-- conditional writes: the three operations, and what a failed condition tells
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_conditions', 'pk S') IS NOT NULL;

-- create only once
SELECT dynamo.call('PutItem', '{"TableName": "ops_conditions", "Item": {"pk": {"S": "a"}, "v": {"N": "1"}},
    "ConditionExpression": "attribute_not_exists(pk)"}');
SELECT dynamo.call('PutItem', '{"TableName": "ops_conditions", "Item": {"pk": {"S": "a"}, "v": {"N": "2"}},
    "ConditionExpression": "attribute_not_exists(pk)"}');

-- the old item comes with the error if asked for, and only if there is one
SELECT dynamo.call('PutItem', '{"TableName": "ops_conditions", "Item": {"pk": {"S": "a"}, "v": {"N": "2"}},
    "ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}');
SELECT dynamo.call('UpdateItem', '{"TableName": "ops_conditions", "Key": {"pk": {"S": "a"}}, "UpdateExpression": "SET v = :n",
    "ConditionExpression": "v = :n", "ExpressionAttributeValues": {":n": {"N": "5"}}, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}');
SELECT dynamo.call('DeleteItem', '{"TableName": "ops_conditions", "Key": {"pk": {"S": "a"}},
    "ConditionExpression": "attribute_exists(w)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}');
SELECT dynamo.call('DeleteItem', '{"TableName": "ops_conditions", "Key": {"pk": {"S": "a"}},
    "ConditionExpression": "attribute_exists(w)", "ReturnValuesOnConditionCheckFailure": "NONE"}');
SELECT dynamo.call('DeleteItem', '{"TableName": "ops_conditions", "Key": {"pk": {"S": "none"}},
    "ConditionExpression": "attribute_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}');

-- in PL/pgSQL
DO $$
DECLARE
    old text;
BEGIN
    PERFORM dynamo.call('PutItem', '{"TableName": "ops_conditions", "Item": {"pk": {"S": "a"}},
        "ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}');
EXCEPTION WHEN SQLSTATE 'ND003' THEN
    GET STACKED DIAGNOSTICS old = PG_EXCEPTION_DETAIL;
    RAISE NOTICE 'version % is there', old::dynamo.item ->> 'v';
END
$$;

-- nothing was written
SELECT item FROM dynamodb.ops_conditions;

-- optimistic locking
SELECT dynamo.update_item('ops_conditions', '{"pk": {"S": "a"}}', 'SET v = :new', 'v = :old',
    expression_attribute_values => '{":old": {"N": "1"}, ":new": {"N": "2"}}', return_values => 'ALL_NEW');
SELECT dynamo.update_item('ops_conditions', '{"pk": {"S": "a"}}', 'SET v = :new', 'v = :old',
    expression_attribute_values => '{":old": {"N": "1"}, ":new": {"N": "2"}}', return_values => 'ALL_NEW');

-- on an item that is not there: only the negative conditions hold
SELECT dynamo.update_item('ops_conditions', '{"pk": {"S": "new"}}', 'SET v = :n', 'v = :n',
    expression_attribute_values => '{":n": {"N": "1"}}');
SELECT dynamo.update_item('ops_conditions', '{"pk": {"S": "new"}}', 'SET v = :n', 'v <> :n',
    expression_attribute_values => '{":n": {"N": "1"}}', return_values => 'ALL_NEW');
SELECT dynamo.delete_item('ops_conditions', '{"pk": {"S": "newer"}}', 'attribute_not_exists(pk)');

-- the condition sees what the transaction has done
BEGIN;
SELECT dynamo.delete_item('ops_conditions', '{"pk": {"S": "a"}}');
SELECT dynamo.put_item('ops_conditions', '{"pk": {"S": "a"}, "v": {"N": "3"}}', 'attribute_not_exists(pk)');
SELECT dynamo.put_item('ops_conditions', '{"pk": {"S": "a"}, "v": {"N": "4"}}', 'v = :n', expression_attribute_values => '{":n": {"N": "3"}}');
ROLLBACK;
SELECT item FROM dynamodb.ops_conditions ORDER BY pk;

SELECT dynamo.delete_table('ops_conditions') IS NOT NULL;
