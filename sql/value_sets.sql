-- Sets: no order, no duplicates, never empty.

-- stored sorted: strings and binaries by bytes, numbers by value
SELECT '{"SS":["b","a","B","","é","aa","a\u0000"]}'::dynamo.attribute_value;
SELECT '{"NS":["10","9","-1","-1.5","0","1E-130","-1E125","1E125","100000000","99999999"]}'::dynamo.attribute_value;
SELECT '{"BS":["/w==","AA==","","AAA=","gA==","fw=="]}'::dynamo.attribute_value;

-- the order of the input does not matter, nor how a number is written
SELECT '{"SS":["x","y","z"]}'::dynamo.attribute_value = '{"SS":["z","x","y"]}'::dynamo.attribute_value AS strings,
       '{"NS":["1","2.50","-0"]}'::dynamo.attribute_value = '{"NS":["0","2.5","1.000"]}'::dynamo.attribute_value AS numbers,
       '{"BS":["YQ==","Yg=="]}'::dynamo.attribute_value = '{"BS":["Yg==","YQ=="]}'::dynamo.attribute_value AS binaries;

-- a set is no list, and sets of different types differ
SELECT '{"SS":["1"]}'::dynamo.attribute_value = '{"NS":["1"]}'::dynamo.attribute_value AS types,
       '{"SS":["a"]}'::dynamo.attribute_value = '{"L":[{"S":"a"}]}'::dynamo.attribute_value AS list;

-- duplicates: also of numbers that are written differently; equal text of different case is none
SELECT '{"SS":["a","A"]}'::dynamo.attribute_value;
SELECT '{"SS":["a","b","a"]}'::dynamo.attribute_value;
SELECT '{"NS":["1","1e0"]}'::dynamo.attribute_value;
SELECT '{"NS":["0","-0.0"]}'::dynamo.attribute_value;
SELECT '{"BS":["YQ==","YQ=="]}'::dynamo.attribute_value;
SELECT '{"SS":["",""]}'::dynamo.attribute_value;

-- empty
SELECT '{"SS":[]}'::dynamo.attribute_value;
SELECT '{"NS":[]}'::dynamo.attribute_value;
SELECT '{"BS":[]}'::dynamo.attribute_value;

-- large, read in any order
SELECT forwards = backwards AS same, jsonb_array_length(forwards::jsonb), (forwards::jsonb) -> 0, (forwards::jsonb) -> -1
FROM (SELECT ('{"NS":[' || string_agg(format('"%s"', i), ',' ORDER BY i) || ']}')::dynamo.attribute_value AS forwards,
             ('{"NS":[' || string_agg(format('"%s.0"', i), ',' ORDER BY i DESC) || ']}')::dynamo.attribute_value AS backwards
      FROM generate_series(-50000, 50000) AS i) AS sets;
SELECT forwards = shuffled AS same, jsonb_array_length(forwards::jsonb)
FROM (SELECT ('{"SS":[' || string_agg(format('"%s"', i), ',' ORDER BY i) || ']}')::dynamo.attribute_value AS forwards,
             ('{"SS":[' || string_agg(format('"%s"', i), ',' ORDER BY md5(i::text)) || ']}')::dynamo.attribute_value AS shuffled
      FROM generate_series(1, 20000) AS i) AS sets;

-- size: the sum of the elements
SELECT dynamo.item_size('{"a":{"SS":["a","bc",""]}}'), dynamo.item_size('{"a":{"NS":["0","-1","100"]}}'), dynamo.item_size('{"a":{"BS":["","YWI="]}}');
