-- Scan: whole table, filter, segments
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never

SELECT dynamo.create_table('ops_scan', 'pk S', 'sk N') IS NOT NULL;
SELECT dynamo.call('Scan', '{"TableName": "ops_scan"}');
SELECT count(*) FROM generate_series(1, 20) p, generate_series(1, 5) s,
    dynamo.put_item('ops_scan', format('{"pk": {"S": "p%s"}, "sk": {"N": "%s"}, "v": {"N": "%s"}}', p, s, p * s)::dynamo.item);

SELECT dynamo.call('Scan', '{"TableName": "ops_scan", "Select": "COUNT"}');
SELECT dynamo.call('Scan', '{"TableName": "ops_scan", "Limit": 2}');
-- a filter may use the key here
SELECT dynamo.call('Scan', '{"TableName": "ops_scan", "FilterExpression": "pk = :p AND sk BETWEEN :a AND :b",
    "ExpressionAttributeValues": {":p": {"S": "p7"}, ":a": {"N": "2"}, ":b": {"N": "3"}}}');
SELECT dynamo.call('Scan', '{"TableName": "ops_scan", "FilterExpression": "v > :v", "ProjectionExpression": "v",
    "ExpressionAttributeValues": {":v": {"N": "95"}}}');
SELECT dynamo.call('Scan', '{"TableName": "ops_scan", "FilterExpression": "v > :v", "Select": "COUNT",
    "ExpressionAttributeValues": {":v": {"N": "95"}}}');

-- segments: each partition in exactly one, all items in some
SELECT count(*), count(DISTINCT (i -> 'pk' ->> 'S', i -> 'sk' ->> 'N')), count(DISTINCT segment) > 1 AS spread
    FROM generate_series(0, 3) segment,
        json_array_elements(dynamo.call('Scan', format('{"TableName": "ops_scan", "Segment": %s, "TotalSegments": 4}', segment)::json) -> 'Items') i;
SELECT max(segments) FROM (SELECT count(DISTINCT segment) AS segments FROM generate_series(0, 3) segment,
        json_array_elements(dynamo.call('Scan', format('{"TableName": "ops_scan", "Segment": %s, "TotalSegments": 4}', segment)::json) -> 'Items') i
    GROUP BY i -> 'pk' ->> 'S') s;
SELECT dynamo.call('Scan', '{"TableName": "ops_scan", "Select": "COUNT", "Segment": 0, "TotalSegments": 1}');
SELECT sum(json_extract_path_text(dynamo.call('Scan', format('{"TableName": "ops_scan", "Select": "COUNT", "Segment": %s, "TotalSegments": 1000}',
    segment)::json), 'Count')::int) FROM generate_series(0, 999) segment;
-- the two go together
SELECT dynamo.call('Scan', '{"TableName": "ops_scan", "Segment": 0}');
SELECT dynamo.call('Scan', '{"TableName": "ops_scan", "TotalSegments": 1}');
SELECT dynamo.call('Scan', '{"TableName": "ops_scan", "Segment": 2, "TotalSegments": 2}');
SELECT dynamo.call('Scan', '{"TableName": "ops_scan", "Segment": -1, "TotalSegments": 1000001}');
-- a page of a segment starts in the segment
SELECT dynamo.call('Scan', format('{"TableName": "ops_scan", "Segment": %s, "TotalSegments": 4, "ExclusiveStartKey": %s}', segment,
        dynamo.call('Scan', format('{"TableName": "ops_scan", "Segment": %s, "TotalSegments": 4, "Limit": 1}', segment)::json) ->> 'LastEvaluatedKey')::json)
    ->> 'ScannedCount' IS NOT NULL FROM generate_series(0, 3) segment;
DO $$
DECLARE
    start_key text := dynamo.call('Scan', '{"TableName": "ops_scan", "Segment": 0, "TotalSegments": 4, "Limit": 1}') ->> 'LastEvaluatedKey';
BEGIN
    PERFORM dynamo.call('Scan', format('{"TableName": "ops_scan", "Segment": 1, "TotalSegments": 4, "ExclusiveStartKey": %s}', start_key)::json);
EXCEPTION WHEN SQLSTATE 'ND001' THEN
    RAISE NOTICE '%', SQLERRM;
END
$$;

-- Select
SELECT dynamo.call('Scan', '{"TableName": "ops_scan", "Select": "SPECIFIC_ATTRIBUTES"}');
SELECT dynamo.call('Scan', '{"TableName": "ops_scan", "Select": "COUNT", "ProjectionExpression": "v"}');
SELECT dynamo.call('Scan', '{"TableName": "ops_scan", "IndexName": "by_v"}');

-- as a set-returning function
SELECT count(*) FROM dynamo.scan('ops_scan');
SELECT item ->> 'v' FROM dynamo.scan('ops_scan', filter_expression => 'v >= :v', expression_attribute_values => '{":v": {"N": "90"}}') item;
SELECT count(*) FROM generate_series(0, 3) segment, dynamo.scan('ops_scan', segment => segment, total_segments => 4);

SELECT dynamo.delete_table('ops_scan') IS NOT NULL;
