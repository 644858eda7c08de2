-- BatchGetItem and BatchWriteItem: what they refuse, and their limits
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_batch_errors', 'pk S') IS NOT NULL, dynamo.create_table('ops_batch_errors2', 'pk S') IS NOT NULL;
-- members of RequestItems for one table, and the answer
CREATE FUNCTION pg_temp.get(tables text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN dynamo.call('BatchGetItem', format('{"RequestItems": {%s}}', tables)::json);
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION pg_temp.write(tables text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN dynamo.call('BatchWriteItem', format('{"RequestItems": {%s}}', tables)::json);
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION pg_temp.keys(n int, first int DEFAULT 1) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('{"pk": {"S": "%s"}}', i), ', ' ORDER BY i) FROM generate_series(first, first + n - 1) i $$;
CREATE FUNCTION pg_temp.deletes(n int) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('{"DeleteRequest": {"Key": {"pk": {"S": "%s"}}}}', i), ', ') FROM generate_series(1, n) i $$;

-- shape
SELECT outcome FROM (VALUES
    (pg_temp.get('')), (pg_temp.get('"abc": {}')), (pg_temp.get('"abc": null')), (pg_temp.get('"abc": {"Keys": []}')),
    (pg_temp.get('"abc": {"Keys": [null]}')), (pg_temp.get('"abc": []')), (pg_temp.get('"abc": {"Keys": {}}')),
    (pg_temp.get('"abc": {"Keys": ["a"]}')), (pg_temp.get('"abc": {"Keys": [{"pk": {"N": 1}}]}')), (pg_temp.get('"abc": {"Keys": [{"pk": {"N": "x"}}]}')),
    (pg_temp.get('"a;c": {"Keys": [{"pk": {"S": "a"}}]}')), (pg_temp.get('"": {"Keys": [{"pk": {"S": "a"}}]}')),
    (pg_temp.get('"abc": {"Keys": [{"pk": {"S": "a"}}]}, "abc": {"Keys": [{"pk": {"S": "a"}}]}')),
    (pg_temp.get('"abc": {"Keys": [{"pk": {"S": "a"}}], "Key": 1}')),
    (pg_temp.get(format('"abc": {"Keys": [%s]}', pg_temp.keys(101)))),
    (pg_temp.write('')), (pg_temp.write('"abc": []')), (pg_temp.write('"abc": null')), (pg_temp.write('"abc": [null]')), (pg_temp.write('"abc": {}')),
    (pg_temp.write('"abc": [{"PutRequest": {}, "DeleteRequest": {}}]')), (pg_temp.write('"abc": [{"PutRequest": []}]')),
    (pg_temp.write('"abc": [{"PutRequest": {"Item": {"x": {"SS": []}}}}]')),
    (pg_temp.write(format('"abc": [%s]', pg_temp.deletes(26))))) o (outcome);

-- before the table
SELECT outcome FROM (VALUES
    (pg_temp.get(format('"abc": {"Keys": [%s]}, "def": {"Keys": [%s]}', pg_temp.keys(60), pg_temp.keys(41)))),
    (pg_temp.get('"abc": {"Keys": [{"pk": {"S": "a"}, "sk": {"N": "1"}}, {"sk": {"N": "1.0"}, "pk": {"S": "a"}}]}')),
    (pg_temp.get('"abc": {"Keys": [{"pk": {"S": "a"}}], "ProjectionExpression": "a b"}')),
    (pg_temp.get('"abc": {"Keys": [{"pk": {"S": "a"}}], "ExpressionAttributeNames": {"#a": "b"}}')),
    (pg_temp.get('"abc": {"Keys": [{"pk": {"S": "a"}}], "ProjectionExpression": "#b", "ExpressionAttributeNames": {"#a": "b"}}')),
    (pg_temp.get('"abc": {"Keys": [{"pk": {"S": "a"}}], "ProjectionExpression": "b", "AttributesToGet": ["a"]}')),
    (pg_temp.write(format('"abc": [%s], "def": [%s]', pg_temp.deletes(13), pg_temp.deletes(13)))),
    (pg_temp.write('"abc": [{}]')),
    (pg_temp.write('"abc": [{"PutRequest": {"Item": {"pk": {"S": "a"}}}, "DeleteRequest": {"Key": {"pk": {"S": "a"}}}}]')),
    (pg_temp.write(format('"abc": [{"PutRequest": {"Item": {"pk": {"S": "a"}, "x": {"S": "%s"}}}}]', repeat('x', 400 * 1024))))) o (outcome);

-- the table, and keys
SELECT outcome FROM (VALUES
    (pg_temp.get('"ops_batch_errors": {"Keys": [{"pk": {"S": "a"}}]}, "nope": {"Keys": [{"pk": {"S": "a"}}]}')),
    (pg_temp.get('"ops_batch_errors": {"Keys": [{"pk": {"N": "1"}}]}')), (pg_temp.get('"ops_batch_errors": {"Keys": [{}]}')),
    (pg_temp.get('"ops_batch_errors": {"Keys": [{"pk": {"S": ""}}]}')),
    (pg_temp.write('"ops_batch_errors": [{"DeleteRequest": {"Key": {"pk": {"S": "a"}}}}], "nope": [{"DeleteRequest": {"Key": {"pk": {"S": "a"}}}}]')),
    (pg_temp.write('"ops_batch_errors": [{"PutRequest": {"Item": {"x": {"S": "a"}}}}]')),
    (pg_temp.write('"ops_batch_errors": [{"PutRequest": {"Item": {"pk": {"S": "a"}}}}, {"PutRequest": {"Item": {"pk": {"N": "1"}}}}]')),
    (pg_temp.write('"ops_batch_errors": [{"DeleteRequest": {"Key": {"pk": {"S": "a"}, "x": {"S": "a"}}}}]')),
    (pg_temp.write('"ops_batch_errors": [{"PutRequest": {"Item": {"pk": {"S": "a"}}}}, {"DeleteRequest": {"Key": {"pk": {"S": "b"}}}}, {"DeleteRequest": {"Key": {"pk": {"S": "a"}}}}]')),
    (pg_temp.write('"ops_batch_errors": [{"PutRequest": {"Item": {"pk": {"S": "a"}}}}], "arn:aws:dynamodb:us-east-1:000000000000:table/ops_batch_errors": [{"DeleteRequest": {"Key": {"pk": {"S": "a"}}}}]'))) o (outcome);
SELECT count(*) FROM dynamodb.ops_batch_errors;

-- 25 writes, 100 keys
SELECT pg_temp.write(format('"ops_batch_errors": [%s]', (SELECT string_agg(format('{"PutRequest": {"Item": {"pk": {"S": "%s"}, "x": {"S": "%s"}}}}', i, repeat('x', 399 * 1024)), ', ')
    FROM generate_series(1, 25) i)));
SELECT pg_temp.write(format('"ops_batch_errors": [%s]', (SELECT string_agg(format('{"PutRequest": {"Item": {"pk": {"S": "%s"}, "x": {"S": "%s"}}}}', i, repeat('x', 399 * 1024)), ', ')
    FROM generate_series(26, 50) i)));
SELECT json_array_length(pg_temp.get(format('"ops_batch_errors": {"Keys": [%s]}, "ops_batch_errors2": {"Keys": [%s]}', pg_temp.keys(25), pg_temp.keys(75)))::json #> '{Responses,ops_batch_errors}');

-- more than 16 MB: the rest is to be asked for again, as it was asked for
CREATE TEMP TABLE answer AS SELECT pg_temp.get(format('"ops_batch_errors": {"Keys": [%s], "ConsistentRead": true, "ProjectionExpression": "#x, pk", "ExpressionAttributeNames": {"#x": "x"}},
    "ops_batch_errors2": {"Keys": [{"pk": {"S": "a"}}], "AttributesToGet": ["pk"]}', pg_temp.keys(50)))::json AS answer;
SELECT json_array_length(answer #> '{Responses,ops_batch_errors}'), answer #> '{Responses,ops_batch_errors2}', answer -> 'UnprocessedKeys' FROM answer;
-- what is asked for again comes, and nothing twice
SELECT count(DISTINCT item #>> '{pk,S}'), count(*) FROM answer,
    LATERAL (SELECT * FROM json_array_elements(answer #> '{Responses,ops_batch_errors}')
             UNION ALL SELECT * FROM json_array_elements(dynamo.call('BatchGetItem', json_build_object('RequestItems', answer -> 'UnprocessedKeys')) #> '{Responses,ops_batch_errors}')) i (item);
-- a projection makes the response small enough
SELECT pg_temp.get(format('"ops_batch_errors": {"Keys": [%s], "ProjectionExpression": "nothing"}', pg_temp.keys(50)))::json ->> 'UnprocessedKeys';

SELECT dynamo.delete_table('ops_batch_errors') IS NOT NULL, dynamo.delete_table('ops_batch_errors2') IS NOT NULL;
