-- Casts: plain JSON both ways, and values to text, numeric, boolean and bytea.

-- an item as plain JSON
SELECT '{"s": {"S": "text"}, "n": {"N": "1.50"}, "big": {"N": "1E125"}, "b": {"B": "AP8="}, "yes": {"BOOL": true}, "nothing": {"NULL": true},
         "m": {"M": {"k": {"L": [{"S": ""}, {"N": "0"}, {"M": {}}, {"L": []}]}}},
         "ss": {"SS": ["b", "a"]}, "ns": {"NS": ["10", "9"]}, "bs": {"BS": ["Yg==", "YQ=="]}}'::dynamo.item::jsonb;
SELECT '{}'::dynamo.item::jsonb;
SELECT value, value::dynamo.attribute_value::jsonb, jsonb_typeof(value::dynamo.attribute_value::jsonb)
FROM unnest(ARRAY['{"S":"x"}', '{"N":"-0.5"}', '{"B":"YQ=="}', '{"BOOL":false}', '{"NULL":true}', '{"M":{"a":{"L":[]}}}', '{"L":[{"NULL":true}]}', '{"SS":["a"]}', '{"NS":["1"]}', '{"BS":["YQ=="]}']) AS value;

-- plain JSON as an item
SELECT '{"s": "text", "n": 1.50, "e": 1e5, "t": true, "f": false, "nothing": null, "l": [1, "two", [], {}, null, {"k": [false]}], "m": {"a": {"b": {"c": 0}}}}'::jsonb::dynamo.item;
SELECT '{}'::jsonb::dynamo.item;
SELECT json, json::jsonb::dynamo.attribute_value
FROM unnest(ARRAY['"x"', '1', '-0.0', 'true', 'null', '[]', '{}', '[[1]]', '{"a": null}']) AS json;

-- and back: the same JSON, but for numbers, which lose superfluous zeros
SELECT json::jsonb::dynamo.item::jsonb = json::jsonb AS same
FROM unnest(ARRAY['{"a": [1, 2.5, {"b": "c"}], "d": null, "e": {"f": true}, "g": 100000000000000000000}', '{"żółw": "😀"}']) AS json;

-- assignment, for INSERT … SELECT from jsonb and into it
CREATE TEMP TABLE items (item dynamo.item, value dynamo.attribute_value);
INSERT INTO items SELECT jsonb_build_object('id', i, 'name', 'n' || i), to_jsonb(i) FROM generate_series(1, 2) AS i;
SELECT * FROM items;
CREATE TEMP TABLE documents (item jsonb, value jsonb);
INSERT INTO documents SELECT item, value FROM items;
SELECT * FROM documents;
INSERT INTO items VALUES ('{"a":{"S":"text form"}}', '{"BOOL":true}');

-- not from json, whose meaning would be unclear
SELECT '{"a": 1}'::json::dynamo.item;

-- what no item can be
SELECT '[1]'::jsonb::dynamo.item;
SELECT '"x"'::jsonb::dynamo.item;
SELECT 'null'::jsonb::dynamo.item;
SELECT '{"a": 1e126}'::jsonb::dynamo.item;
SELECT '{"a": 1e-131}'::jsonb::dynamo.item;
SELECT '{"a": [123456789012345678901234567890123456789]}'::jsonb::dynamo.item;
SELECT '{"": 1}'::jsonb::dynamo.item;
SELECT jsonb_build_object(repeat('n', 65536), 1)::dynamo.item;
SELECT (repeat('{"a":', 32) || '1' || repeat('}', 32))::jsonb::dynamo.item IS NOT NULL AS levels_32;
SELECT (repeat('{"a":', 33) || '1' || repeat('}', 33))::jsonb::dynamo.item;
SELECT (repeat('[', 5000) || repeat(']', 5000))::jsonb::dynamo.attribute_value;

-- a value as text: what ->> gives
SELECT value, value::dynamo.attribute_value::text
FROM unnest(ARRAY['{"S":"x"}', '{"S":""}', '{"N":"1E-7"}', '{"B":"AP8="}', '{"B":""}', '{"BOOL":false}', '{"NULL":true}', '{"M":{"a":{"N":"1"}}}', '{"L":[{"S":"x"}]}', '{"SS":["b","a"]}']) AS value;

-- numeric, boolean, bytea: of the one type that fits; NULL as NULL
SELECT '{"N":"12.340"}'::dynamo.attribute_value::numeric + 1 AS number, '{"BOOL":true}'::dynamo.attribute_value::boolean AND true AS truth,
       '{"B":"3q2+7w=="}'::dynamo.attribute_value::bytea AS bytes, '{"B":""}'::dynamo.attribute_value::bytea AS empty;
SELECT '{"NULL":true}'::dynamo.attribute_value::numeric AS n, '{"NULL":true}'::dynamo.attribute_value::boolean AS b, '{"NULL":true}'::dynamo.attribute_value::bytea AS y,
       '{"NULL":true}'::dynamo.attribute_value::text AS t;
SELECT '{"N":"9.9999999999999999999999999999999999999E+125"}'::dynamo.attribute_value::numeric = 9.9999999999999999999999999999999999999E+125 AS largest,
       '{"N":"-1E-130"}'::dynamo.attribute_value::numeric = -1E-130 AS smallest;
SELECT '{"S":"1"}'::dynamo.attribute_value::numeric;
SELECT '{"L":[]}'::dynamo.attribute_value::numeric;
SELECT '{"S":"true"}'::dynamo.attribute_value::boolean;
SELECT '{"N":"1"}'::dynamo.attribute_value::boolean;
SELECT '{"S":"a"}'::dynamo.attribute_value::bytea;
SELECT '{"BS":["YQ=="]}'::dynamo.attribute_value::bytea;

-- U+0000: kept in the item, refused where text or jsonb would have to hold it
SELECT '{"a\u0000": {"S": "x\u0000y"}}'::dynamo.item, dynamo.item_size('{"a\u0000": {"S": "x\u0000y"}}');
SELECT '{"a": {"S": "x\u0000y"}}'::dynamo.item ->> 'a';
SELECT '{"S": "x\u0000y"}'::dynamo.attribute_value::text;
SELECT '{"a": {"S": "x\u0000y"}}'::dynamo.item::jsonb;
SELECT '{"a": {"SS": ["x\u0000y"]}}'::dynamo.item ->> 'a';
SELECT '{"a": {"M": {"\u0000": {"S": ""}}}}'::dynamo.item ->> 'a';
SELECT '{"a": {"S": "x\u0000y"}}'::dynamo.item -> 'a' AS value;
