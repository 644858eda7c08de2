-- the parameters from before expressions
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse

-- One line per case: the response, or SQLSTATE and message.
\getenv abs_srcdir PG_ABS_SRCDIR
\set outcome :abs_srcdir '/test/sql/outcome.sql'
\i :outcome

-- ... of a DeleteItem of no item with this Expected, which writes nothing
CREATE FUNCTION expected(expected text, other text DEFAULT '') RETURNS text LANGUAGE sql AS $$
    SELECT outcome('DeleteItem', format('{"TableName": "ops_legacy", "Key": {"pk": {"S": "none"}, "sk": {"N": "0"}},
        "Expected": %s %s}', expected, other)::json)
$$;

-- ... of a Scan: the sort keys that the filter lets through
CREATE FUNCTION filtered(filter text, other text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT string_agg(item #>> '{sk,N}', ' ' ORDER BY n)
              FROM json_array_elements(dynamo.call('Scan', format('{"TableName": "ops_legacy", "ScanFilter": %s %s}',
                  filter, other)::json) -> 'Items') WITH ORDINALITY AS t (item, n));
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;

SELECT dynamo.create_table('ops_legacy', 'pk S', 'sk N') IS NOT NULL;

-- an item per type of x, and one without x
CREATE TEMP TABLE vals AS SELECT * FROM (VALUES
    (0, NULL, NULL), (1, 'S', '{"S": "abc"}'), (2, 'N', '{"N": "5"}'), (3, 'B', '{"B": "YmFi"}'), (4, 'BOOL', '{"BOOL": true}'),
    (5, 'NULL', '{"NULL": true}'), (6, 'M', '{"M": {"S": {"S": "abc"}}}'), (7, 'L', '{"L": [{"S": "abc"}, {"N": "5"}, {"BOOL": true}]}'),
    (8, 'SS', '{"SS": ["abc", "x"]}'), (9, 'NS', '{"NS": ["5", "6"]}'), (10, 'BS', '{"BS": ["YmFi"]}')) AS t (i, type, value);
SELECT count(dynamo.call('PutItem', format('{"TableName": "ops_legacy", "Item": {"pk": {"S": "p"}, "sk": {"N": "%s"} %s}}',
    i, ', "x": ' || value)::json)) FROM vals;

-- every operator with every type of argument
SELECT op, type, filtered(format('{"x": {"ComparisonOperator": "%s", "AttributeValueList": [%s]}}', op,
        value || CASE WHEN op = 'BETWEEN' THEN ',' || value ELSE '' END))
  FROM unnest('{EQ,NE,IN,LE,LT,GE,GT,BETWEEN,CONTAINS,NOT_CONTAINS,BEGINS_WITH}'::text[]) WITH ORDINALITY AS o (op, n), vals
 WHERE type IS NOT NULL ORDER BY n, i;
SELECT filtered('{"x": {"ComparisonOperator": "NULL"}}'), filtered('{"x": {"ComparisonOperator": "NOT_NULL", "AttributeValueList": []}}');

-- with every number of arguments
SELECT op, i, expected(format('{"x": {"ComparisonOperator": "%s", "AttributeValueList": [%s]}}', op,
        array_to_string(('{"{\"S\": \"a\"}","{\"S\": \"b\"}","{\"S\": \"c\"}"}'::text[])[1:i], ',')))
  FROM unnest('{EQ,NE,IN,LE,LT,GE,GT,BETWEEN,NOT_NULL,"NULL",CONTAINS,NOT_CONTAINS,BEGINS_WITH}'::text[]) WITH ORDINALITY AS o (op, n),
       generate_series(0, 3) i ORDER BY n, i;
SELECT expected('{"x": {"ComparisonOperator": "EQ"}}'), filtered('{"x": {"ComparisonOperator": "EQ"}}');

-- arguments together
SELECT expected('{"x": {"ComparisonOperator": "IN", "AttributeValueList": [{"S": "a"}, {"N": "1"}]}}');
SELECT expected('{"x": {"ComparisonOperator": "IN", "AttributeValueList": [{"S": "a"}, {"L": []}]}}');
SELECT expected('{"x": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "5"}, {"N": "4"}]}}');
SELECT expected('{"x": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "4"}, {"N": "4"}]}}');
SELECT filtered(format('{"x": {"ComparisonOperator": "IN", "AttributeValueList": [%s]}}', string_agg(format('{"N": "%s"}', n), ',')))
  FROM generate_series(5, 505) n;

-- names are names
SELECT outcome('PutItem', '{"TableName": "ops_legacy", "Item": {"pk": {"S": "q"}, "sk": {"N": "1"},
    "a.b": {"S": "dot"}, "#n": {"S": "hash"}, "size": {"S": "reserved"}, "l[0]": {"S": "index"}}}');
SELECT filtered('{"a.b": {"ComparisonOperator": "NOT_NULL"}, "#n": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "hash"}]},
    "size": {"ComparisonOperator": "NE", "AttributeValueList": [{"S": "x"}]}, "l[0]": {"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [{"S": "i"}]}}');
SELECT outcome('GetItem', '{"TableName": "ops_legacy", "Key": {"pk": {"S": "q"}, "sk": {"N": "1"}}, "AttributesToGet": ["l[0]", "a.b", "none"]}');
SELECT expected('{"": {"Exists": false}}');

-- Exists, Value, ComparisonOperator, AttributeValueList
SELECT value, expected(value) FROM unnest(ARRAY[
    '{}', '{"x": null}', '{"x": {}}', '{"x": {"Value": {"S": "a"}}}', '{"x": {"Value": {"S": "a"}, "Exists": true}}', '{"x": {"Exists": true}}',
    '{"x": {"Exists": false}}', '{"x": {"Value": {"S": "a"}, "Exists": false}}', '{"x": {"AttributeValueList": [{"S": "a"}]}}',
    '{"x": {"Exists": false, "AttributeValueList": []}}', '{"x": {"Value": {"S": "a"}, "AttributeValueList": []}}',
    '{"x": {"Exists": false, "ComparisonOperator": "NULL"}}', '{"x": {"Value": {"S": "a"}, "ComparisonOperator": "NE"}}',
    '{"x": {"Value": {"S": "a"}, "ComparisonOperator": "BETWEEN"}}', '{"x": {"Value": {"S": "a"}, "ComparisonOperator": "NULL"}}',
    '{"x": {"Value": {"SS": ["a"]}, "ComparisonOperator": "GT"}}', '{"x": {"ComparisonOperator": "eq", "Exists": "no"}}',
    '{"x": {"ComparisonOperator": "eq"}, "y": {"ComparisonOperator": "ne"}}', '{"x": {"Value": {"SS": []}}}', '{"x": {"Value": {}}}',
    '{"x": {"Value": "a"}}', '{"x": "a"}', '{"x": {"Exists": false}, "x": {"Exists": false}}', '{"x": {"Unknown": 1}}',
    '{"y": {"Exists": true}, "x": {"ComparisonOperator": "EQ"}}', '[]']) AS value;

-- ConditionalOperator
SELECT operator, expected('{"x": {"Exists": false}, "y": {"Value": {"S": "a"}}}', format(', "ConditionalOperator": "%s"', operator))
  FROM unnest('{AND,OR,XOR}'::text[]) AS operator;
SELECT expected('{"x": {"Exists": false}}', ', "ConditionalOperator": "OR"');
SELECT expected('{}', ', "ConditionalOperator": "OR"');
SELECT filtered('{"x": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "5"}]}, "sk": {"ComparisonOperator": "LT", "AttributeValueList": [{"N": "1"}]}}',
    ', "ConditionalOperator": "OR"');

-- the three writes
SELECT outcome('PutItem', '{"TableName": "ops_legacy", "Item": {"pk": {"S": "p"}, "sk": {"N": "1"}, "x": {"S": "new"}},
    "Expected": {"x": {"Value": {"S": "old"}}}, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}');
SELECT outcome('PutItem', '{"TableName": "ops_legacy", "Item": {"pk": {"S": "p"}, "sk": {"N": "1"}, "x": {"S": "new"}},
    "Expected": {"x": {"Value": {"S": "abc"}}}, "ReturnValues": "ALL_OLD"}');
SELECT outcome('UpdateItem', '{"TableName": "ops_legacy", "Key": {"pk": {"S": "p"}, "sk": {"N": "1"}},
    "Expected": {"x": {"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [{"S": "n"}]}, "y": {"Exists": false}},
    "AttributeUpdates": {"y": {"Value": {"N": "1"}}}, "ReturnValues": "ALL_NEW"}');
SELECT outcome('DeleteItem', '{"TableName": "ops_legacy", "Key": {"pk": {"S": "p"}, "sk": {"N": "1"}},
    "Expected": {"y": {"Value": {"N": "1.0"}, "Exists": true}}, "ReturnValues": "ALL_OLD"}');

-- AttributeUpdates: actions by type, on no attribute and on one of each type
SELECT action, v.type, outcome('UpdateItem', format('{"TableName": "ops_legacy", "Key": {"pk": {"S": "u"}, "sk": {"N": "1"}},
        "AttributeUpdates": {"z%s%s": {"Action": "%s", "Value": %s}}, "ReturnValues": "UPDATED_NEW"}', action, v.type, action, v.value)::json)
  FROM unnest('{ADD,DELETE,PUT}'::text[]) WITH ORDINALITY AS o (action, n), vals v WHERE v.type IS NOT NULL ORDER BY n, i;
SELECT action, v.type AS by, w.type AS on, outcome('UpdateItem', format('{"TableName": "ops_legacy", "Key": {"pk": {"S": "u"}, "sk": {"N": "1"}},
        "AttributeUpdates": {"zPUT%s": {"Action": "%s", "Value": %s}}, "ReturnValues": "UPDATED_NEW"}', w.type, action, v.value)::json)
  FROM unnest('{ADD,DELETE}'::text[]) WITH ORDINALITY AS o (action, n), vals v, vals w
 WHERE v.type IN ('N', 'L', 'SS') AND (v.type = 'SS' OR action = 'ADD') AND w.type IN ('S', 'N', 'L', 'SS', 'NS') ORDER BY n, v.i, w.i;
SELECT updates, outcome('UpdateItem', format('{"TableName": "ops_legacy", "Key": {"pk": {"S": "v"}, "sk": {"N": "1"}},
        "AttributeUpdates": %s, "ReturnValues": "ALL_NEW"}', updates)::json)
  FROM unnest(ARRAY['{}', '{"a": {}}', '{"a": null}', '{"a": {"Action": "ADD"}}', '{"a": {"Action": "DELETE"}}', '{"a": {"Action": "FOO"}}',
    '{"a": {"Value": {"S": "x"}}, "b": {"Action": "PUT", "Value": {"N": "1"}}}', '{"b": {"Action": "ADD", "Value": {"N": "-1"}}, "a": {"Action": "DELETE"}}',
    '{"pk": {"Value": {"S": "x"}}}', '{"": {"Action": "DELETE"}}', '{"m.a": {"Value": {"S": "x"}}}',
    '{"b": {"Action": "ADD", "Value": {"N": "99999999999999999999999999999999999999"}}, "c": {"Action": "ADD", "Value": {"N": "1e126"}}}',
    '{"s": {"Value": {"NS": ["1", "2"]}}}', '{"s": {"Action": "DELETE", "Value": {"NS": ["2.0", "1"]}}}']) AS updates;

-- KeyConditions, QueryFilter
SELECT key, outcome('Query', format('{"TableName": "ops_legacy", "KeyConditions": %s, "Select": "COUNT"}', key)::json)
  FROM unnest(ARRAY['null', '{}', '{"pk": null}', '{"pk": {"AttributeValueList": [{"S": "p"}]}}', '{"pk": {"ComparisonOperator": "EQ"}}',
    '{"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "p"}]}}', '{"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "1"}]}}',
    '{"pk": {"ComparisonOperator": "GT", "AttributeValueList": [{"S": "p"}]}}', '{"sk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "1"}]}}',
    '{"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": ""}]}}']) AS key;
SELECT op, outcome('Query', format('{"TableName": "ops_legacy", "Select": "COUNT", "KeyConditions": {
        "sk": {"ComparisonOperator": "%s", "AttributeValueList": [%s]},
        "pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "p"}]}}}', op,
        CASE WHEN op ~ 'NULL' THEN '' WHEN op = 'BETWEEN' THEN '{"N": "4"}, {"N": "6"}' ELSE '{"N": "4"}' END)::json)
  FROM unnest('{EQ,NE,IN,LE,LT,GE,GT,BETWEEN,NOT_NULL,"NULL",CONTAINS,NOT_CONTAINS,BEGINS_WITH}'::text[]) AS op;
SELECT outcome('Query', '{"TableName": "ops_legacy", "KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "p"}]},
    "sk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "1"}]}, "x": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "1"}]}}}');
SELECT other, outcome('Query', format('{"TableName": "ops_legacy", "KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "p"}]}}, %s}',
        other)::json)
  FROM unnest(ARRAY['"QueryFilter": {"x": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "5"}]}}',
    '"QueryFilter": {"x": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "5"}]}, "y": {"ComparisonOperator": "NOT_NULL"}}',
    '"QueryFilter": {"x": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "5"}]}, "y": {"ComparisonOperator": "NOT_NULL"}}, "ConditionalOperator": "OR", "AttributesToGet": ["sk"]',
    '"QueryFilter": {"sk": {"ComparisonOperator": "NULL"}}', '"QueryFilter": {}, "ConditionalOperator": "AND"', '"ConditionalOperator": "OR"',
    '"FilterExpression": "x = :x", "ExpressionAttributeValues": {":x": {"N": "5"}}', '"FilterExpression": "sk = :x", "ExpressionAttributeValues": {":x": {"N": "5"}}',
    '"ProjectionExpression": "sk", "Limit": 1, "ScanIndexForward": false', '"ExpressionAttributeValues": {":x": {"N": "5"}}',
    '"AttributesToGet": ["sk"], "Limit": 1', '"AttributesToGet": ["sk"], "Select": "COUNT"', '"AttributesToGet": ["sk"], "Select": "ALL_ATTRIBUTES"',
    '"AttributesToGet": ["none"], "Limit": 1, "Select": "SPECIFIC_ATTRIBUTES"', '"AttributesToGet": ["sk", "x", "sk"]', '"AttributesToGet": []',
    '"AttributesToGet": ["sk", null, ""]', '"AttributesToGet": ["sk", ""]', '"AttributesToGet": ["sk", 1]', '"AttributesToGet": "sk"']) AS other;

-- mixed with expressions
SELECT outcome('PutItem', '{"TableName": "ops_legacy", "Item": {}, "Expected": {}, "ConditionExpression": "a = b"}');
SELECT outcome('DeleteItem', '{"TableName": "ops_legacy", "Key": {}, "Expected": {"x": {"Exists": false}}, "ConditionalOperator": "OR", "ConditionExpression": "a"}');
SELECT outcome('UpdateItem', '{"TableName": "ops_legacy", "Key": {}, "Expected": {}, "ConditionalOperator": "OR", "AttributeUpdates": {},
    "ConditionExpression": "a", "UpdateExpression": "SET"}');
SELECT outcome('UpdateItem', '{"TableName": "ops_legacy", "Key": {}, "AttributeUpdates": {}, "ConditionExpression": "a"}');
SELECT outcome('UpdateItem', '{"TableName": "ops_legacy", "Key": {}, "AttributeUpdates": {}, "ExpressionAttributeNames": {"#a": "a"}}');
SELECT outcome('GetItem', '{"TableName": "ops_legacy", "Key": {}, "AttributesToGet": ["a"], "ProjectionExpression": "a"}');
SELECT outcome('Scan', '{"TableName": "ops_legacy", "AttributesToGet": ["a"], "ScanFilter": {}, "ConditionalOperator": "AND",
    "ProjectionExpression": "a", "FilterExpression": "a"}');
SELECT outcome('Query', '{"TableName": "ops_legacy", "AttributesToGet": ["a"], "QueryFilter": {}, "ConditionalOperator": "AND", "KeyConditions": {},
    "ProjectionExpression": "a", "FilterExpression": "a", "KeyConditionExpression": "a"}');

-- faults of the request come before the table
SELECT outcome('GetItem', '{"TableName": "ops_legacy_none", "Key": {}, "AttributesToGet": ["a", "a"]}');
SELECT outcome('Scan', '{"TableName": "ops_legacy_none", "ScanFilter": {"a": {"ComparisonOperator": "LT"}}}');
SELECT outcome('Scan', '{"TableName": "ops_legacy_none", "ScanFilter": {"a": {"ComparisonOperator": "NULL"}}}');

SELECT dynamo.delete_table('ops_legacy') ->> 'TableStatus';
DROP FUNCTION outcome(text, text), outcome(text, json), expected, filtered;
DROP TABLE vals;
