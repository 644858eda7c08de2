-- DynamoDB JSON in and out.

-- every type, nested; names come out sorted by bytes, sets sorted, numbers normalised
SELECT '{"s": {"S": "text"}, "Z": {"N": "-0012.3400e2"}, "b": {"B": "AP8="}, "yes": {"BOOL": true}, "no": {"BOOL": false},
         "nothing": {"NULL": true}, "m": {"M": {"k": {"L": [{"S": ""}, {"N": "0"}, {"M": {}}, {"L": []}]}}},
         "ss": {"SS": ["b", "a", "é"]}, "ns": {"NS": ["10", "9", "-1.5"]}, "bs": {"BS": ["Yg==", "YQ==", ""]}}'::dynamo.item;
SELECT '{}'::dynamo.item;
SELECT value::dynamo.attribute_value
FROM unnest(ARRAY['{"S":""}', '{"N":"1"}', '{"B":""}', '{"BOOL":false}', '{"NULL":true}', '{"M":{}}', '{"L":[]}', '{"SS":[""]}', '{"NS":["1e2"]}', '{"BS":[""]}']) AS value;
SELECT ' { "a" : { "S" : "b" } } '::dynamo.item, E'\t{"a":\n{"S":\r"b"}}'::dynamo.item;

-- members that are no types are ignored, and types given as null
SELECT '{"S":"a","N":null}'::dynamo.attribute_value, '{"Q":[{"x":1.5e3},true,null],"S":"b"}'::dynamo.attribute_value;

-- escapes; U+0000 and pairs of surrogates are kept
SELECT '{"k\u0065y": {"S": "\"\\\/\b\f\n\r\t\u00e9\u20ac\ud83d\ude00\u0000\u001f\u007f"}}'::dynamo.item;
SELECT '{"S": "żółw 😀"}'::dynamo.attribute_value, '{"S": "żółw 😀"}'::dynamo.attribute_value = '{"S": "\u017c\u00f3\u0142w \ud83d\ude00"}'::dynamo.attribute_value AS same;

-- what is printed is parsed to the same item
SELECT item = item::text::dynamo.item AS same
FROM (SELECT format('{"%s":{"L":[{"S":%s},{"B":"%s"},{"NS":["%s","-%s"]},{"M":{"%s":{"BOOL":true},"x\u0000":{"NULL":true}}}]}}',
             'k' || i, to_json(chr(i)), encode(convert_to(repeat(chr(i), i % 7), 'UTF8'), 'base64'), i, i + 1, 'n' || i)::dynamo.item AS item
      FROM generate_series(1, 3000) AS i WHERE i NOT BETWEEN 55296 AND 57343) AS items
GROUP BY 1;

-- wherever in a string of whatever length a character stands that has to be escaped, or must not be
SELECT count(*), bool_and(item ->> 'k' = string AND item::text::json -> 'k' ->> 'S' = string AND item::text::json -> 'l' -> 'L' -> 0 ->> 'S' = string) AS same,
       bool_and(item = item::text::dynamo.item) AS read_alike, sum(length(item::text))
FROM generate_series(0, 26) AS before, generate_series(0, 26) AS after, unnest(ARRAY['"', E'\\', E'\n', E'\x01', E'\x1f', ' ', '!', '#', '[', ']', E'\x7f', 'é', '€', '😀']) AS c,
     LATERAL (SELECT repeat('x', before) || c || repeat('y', after) AS string) AS s,
     LATERAL (SELECT format('{"k":{"S":%1$s},"l":{"L":[{"S":%1$s}]}}', to_json(string))::dynamo.item AS item) AS i;

-- containers on both sides of each width of their directory: 8, 16 and 32 bits
SELECT n, len, item ->> ('k' || n) = repeat('x', len) AS last, item ->> 'k1' = repeat('x', len) AS first, item ->> 'k' AS missing,
       dynamo.item_size(item) AS size, item = item::text::dynamo.item AS same
FROM (VALUES (1, 0), (1, 253), (1, 254), (1, 255), (1, 256), (255, 0), (256, 0), (1, 65533), (1, 65534), (1, 65535), (65536, 0), (300, 300)) AS shape(n, len),
     LATERAL (SELECT ('{' || string_agg(format('"k%s":{"S":"%s"}', i, repeat('x', len)), ',') || '}')::dynamo.item AS item
              FROM generate_series(1, n) AS i) AS items;
SELECT n, jsonb_array_length((v)::jsonb) AS elements, v -> (n - 1) AS last
FROM (VALUES (255), (256), (65535), (65536)) AS shape(n),
     LATERAL (SELECT ('{"L":[' || string_agg(format('{"N":"%s"}', i), ',') || ']}')::dynamo.attribute_value AS v FROM generate_series(1, n) AS i) AS l;

-- 32 levels: an item whose attribute holds 31 lists or maps
SELECT depth, dynamo.item_size(('{"a":' || repeat('{"L":[', depth) || '{"S":"x"}' || repeat(']}', depth) || '}')::dynamo.item)
FROM (VALUES (30), (31)) AS d(depth);
SELECT dynamo.item_size(('{"a":' || repeat('{"M":{"a":', 31) || '{"S":"x"}' || repeat('}}', 31) || '}')::dynamo.item);

-- size by DynamoDB's rule
SELECT item, dynamo.item_size(item::dynamo.item)
FROM unnest(ARRAY['{}', '{"a":{"S":""}}', '{"name":{"S":"é€"}}', '{"a":{"B":"AAAA"}}', '{"a":{"BOOL":true}}', '{"a":{"NULL":true}}', '{"a":{"N":"12345"}}',
                  '{"a":{"L":[]}}', '{"a":{"M":{}}}', '{"a":{"L":[{"S":"xy"},{"N":"1"}]}}', '{"a":{"M":{"bc":{"S":"xy"}}}}',
                  '{"a":{"SS":["xy","z"]}}', '{"a":{"NS":["1","22222"]}}', '{"a":{"BS":["AAAA","AA=="]}}']) AS item;

-- the type itself holds more than a table's 400 KB, stored compressed or out of line
CREATE TEMP TABLE items (id int, item dynamo.item);
INSERT INTO items SELECT i, ('{"big":{"S":"' || (SELECT string_agg(md5((i * j)::text), '') FROM generate_series(1, 20000) AS j) || '"},"id":{"N":"' || i || '"}}')::dynamo.item
FROM generate_series(1, 3) AS i;
SELECT id, dynamo.item_size(item), item ->> 'id' AS copied, length(item ->> 'big') FROM items ORDER BY id;
