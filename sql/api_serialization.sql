-- Requests whose JSON is malformed or has other types than the shape.

\set VERBOSITY terse
\pset format unaligned
\pset footer off

-- One line per case: the response, or SQLSTATE and message.
\getenv abs_srcdir PG_ABS_SRCDIR
\set outcome :abs_srcdir '/test/sql/outcome.sql'
\i :outcome

-- strings
SELECT request, outcome('DescribeTable', request) FROM (VALUES
    ('{"TableName": 5}'),
    ('{"TableName": -5.5}'),
    ('{"TableName": 5e1}'),
    ('{"TableName": true}'),
    ('{"TableName": false}'),
    ('{"TableName": []}'),
    ('{"TableName": ["a"]}'),
    ('{"TableName": {}}')) AS t (request);

-- enums
SELECT request, outcome('PutItem', request) FROM (VALUES
    ('{"ReturnValues": 1}'),
    ('{"ReturnValues": true}'),
    ('{"ReturnValues": []}'),
    ('{"ReturnValues": {}}')) AS t (request);

-- integers: fractions are cut off
SELECT request, outcome('Scan', '{"TableName": "none", "TotalSegments": 1, "Segment": 0, "Limit": ' || request || '}') FROM (VALUES
    ('"5"'),
    ('true'),
    ('false'),
    ('[]'),
    ('{}'),
    ('0.9'),
    ('5.9'),
    ('5e2'),
    ('2147483647'),
    ('2147483648'),
    ('-2147483649'),
    ('99999999999999999999'),
    ('1e400'),
    ('1e-400'),
    ('null')) AS t (request);
SELECT request, outcome('CreateTable', '{"ProvisionedThroughput": {"ReadCapacityUnits": ' || request || '}}') FROM (VALUES
    ('"5"'),
    ('true'),
    ('[]'),
    ('{}'),
    ('9223372036854775808'),
    ('1e19')) AS t (request);

-- booleans
SELECT request, outcome('GetItem', '{"ConsistentRead": ' || request || '}') FROM (VALUES
    ('"true"'),
    ('""'),
    ('1'),
    ('1.5'),
    ('[]'),
    ('{}')) AS t (request);

-- maps
SELECT request, outcome('GetItem', '{"TableName": "abc", "Key": ' || request || '}') FROM (VALUES
    ('"x"'),
    ('5'),
    ('true'),
    ('[]'),
    ('[{}]')) AS t (request);
SELECT request, outcome('GetItem', '{"TableName": "abc", "ExpressionAttributeNames": ' || request || '}') FROM (VALUES
    ('"x"'),
    ('5'),
    ('[]'),
    ('{"#a": 5}'),
    ('{"#a": 1.5}'),
    ('{"#a": true}'),
    ('{"#a": []}'),
    ('{"#a": {}}'),
    ('{"#a": null}'),
    ('{"#a": "x", "#b": "y", "#a": "z"}')) AS t (request);

-- structures and lists
SELECT request, outcome('CreateTable', request) FROM (VALUES
    ('{"ProvisionedThroughput": "x"}'),
    ('{"ProvisionedThroughput": 5}'),
    ('{"ProvisionedThroughput": []}'),
    ('{"KeySchema": "x"}'),
    ('{"KeySchema": 5}'),
    ('{"KeySchema": {}}'),
    ('{"KeySchema": ["x"]}'),
    ('{"KeySchema": [5]}'),
    ('{"KeySchema": [[]]}'),
    ('{"KeySchema": [{"AttributeName": 5}]}'),
    ('{"KeySchema": [{"AttributeName": "a", "KeyType": []}]}'),
    ('{"AttributeDefinitions": [{"AttributeName": true}]}')) AS t (request);

-- the request itself
SELECT request, outcome('PutItem', request) FROM (VALUES
    ('[]'),
    ('"x"'),
    ('5'),
    ('true'),
    ('null'),
    (NULL)) AS t (request);

-- a member twice
SELECT outcome('PutItem', '{"TableName": "abc", "TableName": "abc"}');
SELECT outcome('CreateTable', '{"KeySchema": [{"KeyType": "HASH", "KeyType": "HASH"}]}');
SELECT outcome('PutItem', '{"Item": {"a": {"S": "1"}, "a": {"S": "1"}}}');

-- wrong types come before anything else: missing members, values out of range
SELECT outcome('PutItem', '{"ReturnValues": "FOO", "Item": {"a": {"SS": []}}, "ConditionExpression": 5}');
SELECT outcome('PutItem', '{"Unknown": 1, "Item": {"a": {"N": "x"}}, "ReturnValues": []}');

-- deep nesting ends in an error, not in a crash
SELECT outcome('PutItem', '{"Unknown": ' || repeat('[', 5000) || repeat(']', 5000) || '}');

DROP FUNCTION outcome(text, text), outcome(text, json);
