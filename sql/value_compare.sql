-- Equality, order and hashing of items and values.

-- equality is of content, whatever the text looked like
SELECT '{"a":{"N":"1"},"b":{"S":"x"}}'::dynamo.item = '{ "b": {"S": "\u0078"}, "a": {"N": "1.0"} }'::dynamo.item AS same,
       '{"a":{"N":"1"}}'::dynamo.item = '{"a":{"S":"1"}}'::dynamo.item AS types, '{"a":{"L":[{"N":"1"},{"N":"2"}]}}'::dynamo.item = '{"a":{"L":[{"N":"2"},{"N":"1"}]}}'::dynamo.item AS lists,
       '{}'::dynamo.item <> '{"a":{"NULL":true}}'::dynamo.item AS differ;

-- the order of values: by type, then value
CREATE TEMP TABLE vals (v dynamo.attribute_value);
INSERT INTO vals SELECT value::dynamo.attribute_value FROM unnest(ARRAY['{"S":""}', '{"S":"a"}', '{"S":"a\u0000"}', '{"S":"aa"}', '{"S":"b"}', '{"S":"é"}', '{"S":"😀"}',
    '{"N":"-1E125"}', '{"N":"-10"}', '{"N":"-9.5"}', '{"N":"-1E-130"}', '{"N":"0"}', '{"N":"1E-130"}', '{"N":"0.1"}', '{"N":"1"}', '{"N":"9"}', '{"N":"10"}', '{"N":"9999"}', '{"N":"9999.0001"}', '{"N":"10000"}', '{"N":"1E125"}',
    '{"B":""}', '{"B":"AA=="}', '{"B":"fw=="}', '{"B":"gA=="}', '{"BOOL":false}', '{"BOOL":true}', '{"NULL":true}',
    '{"M":{}}', '{"M":{"a":{"N":"1"}}}', '{"M":{"a":{"N":"1"},"b":{"N":"0"}}}', '{"M":{"a":{"N":"2"}}}', '{"M":{"b":{"N":"0"}}}',
    '{"L":[]}', '{"L":[{"S":"a"}]}', '{"L":[{"S":"a"},{"S":"a"}]}', '{"L":[{"S":"b"}]}', '{"L":[{"L":[{"N":"2"}]}]}', '{"L":[{"L":[{"N":"10"}]}]}',
    '{"SS":["a"]}', '{"SS":["a","b"]}', '{"SS":["b"]}', '{"NS":["2"]}', '{"NS":["2","10"]}', '{"NS":["10"]}', '{"BS":["YQ=="]}']) AS value ORDER BY md5(value);
SELECT v FROM vals ORDER BY v;
SELECT v FROM vals ORDER BY v DESC LIMIT 3;

-- the six operators agree with each other and with the order
SELECT count(*), count(*) FILTER (WHERE (a.v = b.v) <> (a.v >= b.v AND a.v <= b.v)) AS eq, count(*) FILTER (WHERE (a.v < b.v) = (a.v >= b.v)) AS lt, count(*) FILTER (WHERE (a.v > b.v) = (a.v <= b.v)) AS gt,
       count(*) FILTER (WHERE (a.v = b.v) = (a.v <> b.v)) AS ne, count(*) FILTER (WHERE (a.v < b.v) <> (b.v > a.v)) AS commuted,
       count(*) FILTER (WHERE a.v = b.v AND a.ctid <> b.ctid) AS duplicates
FROM vals AS a, vals AS b;
SELECT count(*) FILTER (WHERE a.v < b.v AND b.v < c.v AND NOT a.v < c.v) AS intransitive FROM vals AS a, vals AS b, vals AS c;

-- numbers order as numeric does, strings as bytes do
SELECT count(*) FILTER (WHERE (a < b) <> (to_jsonb(a)::dynamo.attribute_value < to_jsonb(b)::dynamo.attribute_value)) AS numbers,
       count(*) FILTER (WHERE (a::text COLLATE "C" < b::text COLLATE "C") <> (to_jsonb(a::text)::dynamo.attribute_value < to_jsonb(b::text)::dynamo.attribute_value)) AS strings
FROM (SELECT round((random() - 0.5)::numeric * 10::numeric ^ (random() * 30 - 20)::int, 20) AS a, round((random() - 0.5)::numeric * 10::numeric ^ (random() * 30 - 20)::int, 20) AS b FROM generate_series(1, 3000)) AS pairs;

-- hashing
SELECT count(DISTINCT dynamo.attribute_value_hash(v)) > 40 AS spread, count(DISTINCT dynamo.attribute_value_hash_extended(v, 0)) = count(*) AS spread_64,
       bool_and(dynamo.attribute_value_hash(v) = dynamo.attribute_value_hash(v::text::text::jsonb::dynamo.attribute_value)) FILTER (WHERE dynamo.attribute_type(v) = 'N') AS equal_numbers,
       bool_and((dynamo.attribute_value_hash_extended(v, 0) & 4294967295) = (dynamo.attribute_value_hash(v)::bigint & 4294967295)) AS extended_agrees,
       bool_and(dynamo.attribute_value_hash_extended(v, 0) <> dynamo.attribute_value_hash_extended(v, 1)) AS seeded
FROM vals;
SELECT dynamo.item_hash('{"a":{"N":"1"},"b":{"N":"2"}}') = dynamo.item_hash('{"b":{"N":"2.0"},"a":{"N":"1e0"}}') AS same;

-- DISTINCT, GROUP BY, joins, indexes
CREATE TEMP TABLE items (id int, item dynamo.item);
INSERT INTO items SELECT i, format('{"k":{"N":"%s"},"l":{"L":[{"S":"%s"}]}}', i % 50, i % 7)::dynamo.item FROM generate_series(1, 1000) AS i;
SET enable_hashagg = off;
SELECT count(*) FROM (SELECT DISTINCT item FROM items) AS d;
RESET enable_hashagg;
SET enable_sort = off;
SELECT count(*) FROM (SELECT item FROM items GROUP BY item) AS d;
RESET enable_sort;
SET enable_mergejoin = off;
SET enable_nestloop = off;
SELECT count(*) FROM items AS a JOIN items AS b USING (item);
RESET enable_mergejoin;
RESET enable_nestloop;
SET enable_hashjoin = off;
SET enable_nestloop = off;
SELECT count(*) FROM items AS a JOIN items AS b USING (item);
RESET enable_hashjoin;
RESET enable_nestloop;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
CREATE INDEX items_btree ON items (item);
EXPLAIN (COSTS OFF) SELECT id FROM items WHERE item = '{"k":{"N":"8"},"l":{"L":[{"S":"1"}]}}';
SELECT count(*) FROM items WHERE item = '{"k":{"N":"8"},"l":{"L":[{"S":"1"}]}}';
EXPLAIN (COSTS OFF) SELECT id FROM items ORDER BY item;
SELECT item, id FROM items ORDER BY item, id LIMIT 3;
DROP INDEX items_btree;
CREATE INDEX items_hash ON items USING hash (item);
EXPLAIN (COSTS OFF) SELECT id FROM items WHERE item = '{"k":{"N":"8"},"l":{"L":[{"S":"1"}]}}';
SELECT count(*) FROM items WHERE item = '{"k":{"N":"8"},"l":{"L":[{"S":"1"}]}}';
RESET enable_seqscan;
RESET enable_bitmapscan;

-- items stored plainly, compressed and out of line compare alike
CREATE TEMP TABLE forms (form text, item dynamo.item);
ALTER TABLE forms ALTER item SET STORAGE PLAIN;
INSERT INTO forms SELECT 'plain', ('{"a":{"S":"' || repeat('x', 3000) || '"}}')::dynamo.item;
ALTER TABLE forms ALTER item SET STORAGE MAIN;
INSERT INTO forms SELECT 'compressed', ('{"a":{"S":"' || repeat('x', 3000) || '"}}')::dynamo.item;
ALTER TABLE forms ALTER item SET STORAGE EXTERNAL;
INSERT INTO forms SELECT 'out of line', ('{"a":{"S":"' || repeat('x', 3000) || '"}}')::dynamo.item;
SELECT count(*) FILTER (WHERE a.item = b.item) AS equal, count(*) FILTER (WHERE a.item < b.item) AS less, count(DISTINCT dynamo.item_hash(a.item)) AS hashes FROM forms AS a, forms AS b;
