-- BatchGetItem and BatchWriteItem: what they do
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_batch', 'pk S', 'sk N') IS NOT NULL, dynamo.create_table('ops_batch2', 'pk S') IS NOT NULL;

-- puts and deletes, of several tables
SELECT dynamo.call('BatchWriteItem', '{"RequestItems": {
    "ops_batch": [{"PutRequest": {"Item": {"pk": {"S": "a"}, "sk": {"N": "2"}, "v": {"S": "two"}}}},
                  {"PutRequest": {"Item": {"pk": {"S": "a"}, "sk": {"N": "1"}, "v": {"S": "one"}}}},
                  {"PutRequest": {"Item": {"pk": {"S": "b"}, "sk": {"N": "1"}, "v": {"M": {"x": {"S": "y"}}}}}}],
    "ops_batch2": [{"PutRequest": {"Item": {"pk": {"S": "a"}}}}, {"DeleteRequest": {"Key": {"pk": {"S": "none"}}}}]},
    "ReturnConsumedCapacity": "INDEXES", "ReturnItemCollectionMetrics": "SIZE"}');
SELECT dynamo.call('BatchWriteItem', '{"RequestItems": {
    "ops_batch": [{"DeleteRequest": {"Key": {"pk": {"S": "a"}, "sk": {"N": "2.0"}}}},
                  {"PutRequest": {"Item": {"pk": {"S": "b"}, "sk": {"N": "1"}, "v": {"S": "new"}}}}]}}');
SELECT item FROM dynamodb.ops_batch ORDER BY pk, sk;
SELECT item FROM dynamodb.ops_batch2;

-- items in the order of the request; those that are missing are left out
SELECT dynamo.call('BatchGetItem', '{"RequestItems": {
    "ops_batch2": {"Keys": [{"pk": {"S": "zz"}}]},
    "ops_batch": {"Keys": [{"pk": {"S": "b"}, "sk": {"N": "1"}}, {"pk": {"S": "c"}, "sk": {"N": "1"}}, {"pk": {"S": "a"}, "sk": {"N": "1"}}]}},
    "ReturnConsumedCapacity": "TOTAL"}');
-- per table: projection, names, consistency
SELECT dynamo.call('BatchGetItem', '{"RequestItems": {
    "ops_batch2": {"Keys": [{"pk": {"S": "a"}}], "ProjectionExpression": "nothing"},
    "ops_batch": {"Keys": [{"pk": {"S": "b"}, "sk": {"N": "1"}}, {"sk": {"N": "1"}, "pk": {"S": "a"}}], "ConsistentRead": true,
                  "ProjectionExpression": "#v, sk", "ExpressionAttributeNames": {"#v": "v"}}},
    "ReturnConsumedCapacity": "INDEXES"}');
SELECT dynamo.call('BatchGetItem', '{"RequestItems": {"ops_batch": {"Keys": [{"pk": {"S": "b"}, "sk": {"N": "1"}}], "AttributesToGet": ["sk"]}}}');
-- a table by its ARN, which the answer repeats
SELECT dynamo.call('BatchGetItem', '{"RequestItems": {"arn:aws:dynamodb:us-east-1:000000000000:table/ops_batch2": {"Keys": [{"pk": {"S": "a"}}]}}}');
SELECT dynamo.call('BatchGetItem', '{"RequestItems": {"arn:aws:dynamodb:us-east-1:000000000000:table/ops_batch2": {"Keys": [{"pk": {"S": "a"}}]},
    "ops_batch2": {"Keys": [{"pk": {"S": "b"}}, {"pk": {"S": "a"}}]}}, "ReturnConsumedCapacity": "TOTAL"}');

-- a batch is done as a whole, and the statement sees its own writes
BEGIN;
SELECT dynamo.call('BatchWriteItem', '{"RequestItems": {"ops_batch2": [{"PutRequest": {"Item": {"pk": {"S": "t"}}}}]}}');
SELECT dynamo.call('BatchGetItem', '{"RequestItems": {"ops_batch2": {"Keys": [{"pk": {"S": "t"}}]}}}');
ROLLBACK;
SELECT dynamo.call('BatchGetItem', '{"RequestItems": {"ops_batch2": {"Keys": [{"pk": {"S": "t"}}]}}}');

-- written in the order of table and key, so that batches do not deadlock and rows come to lie in order
TRUNCATE dynamodb.ops_batch;
SELECT dynamo.call('BatchWriteItem', (SELECT json_build_object('RequestItems', json_build_object('ops_batch',
    json_agg(json_build_object('PutRequest', json_build_object('Item',
        json_build_object('pk', json_build_object('S', pk), 'sk', json_build_object('N', sk::text)))))))
    FROM unnest(ARRAY['b', 'é', 'a', 'B']) pk, unnest(ARRAY[10, 9, -1, 2, 0.5]) sk));
SELECT string_agg(format('%s %s', pk, sk), ', ' ORDER BY ctid) FROM dynamodb.ops_batch;

-- by SQL too
ALTER TABLE dynamodb.ops_batch2 ADD CHECK (pk <> 'bad');
SELECT dynamo.call('BatchWriteItem', '{"RequestItems": {"ops_batch2": [{"PutRequest": {"Item": {"pk": {"S": "good"}}}}, {"DeleteRequest": {"Key": {"pk": {"S": "a"}}}}]}}');
SELECT dynamo.call('BatchWriteItem', '{"RequestItems": {"ops_batch2": [{"PutRequest": {"Item": {"pk": {"S": "a"}}}}, {"PutRequest": {"Item": {"pk": {"S": "bad"}}}}]}}');
SELECT dynamo.call('BatchGetItem', '{"RequestItems": {"ops_batch2": {"Keys": [{"pk": {"S": "good"}}, {"pk": {"S": "a"}}]}}}');

SELECT dynamo.delete_table('ops_batch') IS NOT NULL, dynamo.delete_table('ops_batch2') IS NOT NULL;
