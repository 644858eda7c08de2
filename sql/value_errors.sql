-- What is refused, in DynamoDB's words.

CREATE FUNCTION pg_temp.refusal(input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    RETURN 'accepted: ' || input::dynamo.item::text;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ': ' || SQLERRM || coalesce(' (' || nullif(detail, '') || ')', '');
END $$;

-- malformed JSON is a SerializationException
SELECT input, pg_temp.refusal(input)
FROM unnest(ARRAY['', ' ', '{', '}', '[]', '"x"', '5', 'null', 'true', '{"a"}', '{"a":}', '{a:{"S":"b"}}', '{"a":{"S":"b"}', '{"a":{"S":"b"},}',
                  '{"a":{"S":"b"}}x', '{"a":{"S":"b"} "b":{"S":"c"}}', '{,}', '{"a":{"S":''b''}}', '{"a":{"S":"b}}', '{"a":{"S":"b\', '{"a":{"S":"\x"}}',
                  '{"a":{"S":"\u12"}}', '{"a":{"S":"\u12G4"}}', E'{"a":{"S":"\n"}}', '{"a":{"BOOL":tru}}', '{"a":{"BOOL":nul}}', '{"a":{"L":[{"S":"x"},]}}', '{"a":{"L":[{"S":"x"}}',
                  '{"x":{"Q":01}}', '{"x":{"Q":-}}', '{"x":{"Q":1.}}', '{"x":{"Q":.5}}', '{"x":{"Q":1e}}', '{"x":{"Q":+1}}', '{"x":{"Q":NaN}}', '{/**/}'])
     WITH ORDINALITY AS i(input, n) ORDER BY n;

-- lone surrogates
SELECT input, pg_temp.refusal(input)
FROM unnest(ARRAY['{"a":{"S":"\ud800"}}', '{"a":{"S":"\ud800x"}}', '{"a":{"S":"\udc00"}}', '{"a":{"S":"\ud800\ud800"}}', '{"\ud800":{"S":"a"}}'])
     WITH ORDINALITY AS i(input, n) ORDER BY n;

-- members that occur twice
SELECT input, pg_temp.refusal(input)
FROM unnest(ARRAY['{"a":{"S":"b"},"a":{"N":"1"}}', '{"a":{"S":"b"},"\u0061":{"S":"b"}}', '{"a":{"M":{"k":{"S":"b"},"x":{"S":"b"},"k":{"S":"b"}}}}', '{"a":{"S":"b","S":"c"}}'])
     WITH ORDINALITY AS i(input, n) ORDER BY n;

-- JSON of the wrong type
SELECT input, pg_temp.refusal(format('{"a":%s}', input))
FROM unnest(ARRAY['"x"', '5', 'true', '[]', '{"S":5}', '{"S":5.5}', '{"S":true}', '{"S":false}', '{"S":[]}', '{"S":{}}', '{"N":5}', '{"N":true}', '{"N":[]}',
                  '{"B":5}', '{"B":true}', '{"B":[]}', '{"BOOL":"true"}', '{"BOOL":1}', '{"BOOL":[]}', '{"NULL":"true"}', '{"NULL":0}',
                  '{"M":"a"}', '{"M":1}', '{"M":[]}', '{"L":"a"}', '{"L":{}}', '{"L":["a"]}', '{"SS":"a"}', '{"SS":{}}', '{"SS":[1]}', '{"SS":[[]]}', '{"NS":[1]}', '{"BS":[true]}'])
     WITH ORDINALITY AS i(input, n) ORDER BY n;

-- base64
SELECT input, pg_temp.refusal(format('{"a":{"B":"%s"}}', input))
FROM unnest(ARRAY['Y', 'YQ', 'YQ=', 'YQ==YQ==', '****', 'Y Q=', '_-8=', 'YR==', 'YWJ=', 'YWK=', '====', 'Y===', 'YQ=a', 'YWJé']) WITH ORDINALITY AS i(input, n) ORDER BY n;

-- no type, several types
SELECT input, pg_temp.refusal(format('{"a":%s}', input))
FROM unnest(ARRAY['{}', 'null', '{"Q":"a"}', '{"s":"a"}', '{"S":null}', '{"S":"a","N":"1"}', '{"NULL":true,"L":[]}', '{"L":[{}]}', '{"L":[null]}', '{"M":{"k":{}}}', '{"L":[{"S":"a","N":"1"}]}'])
     WITH ORDINALITY AS i(input, n) ORDER BY n;

-- values that DynamoDB refuses
SELECT input, pg_temp.refusal(format('{"a":%s}', input))
FROM unnest(ARRAY['{"NULL":false}', '{"M":{"k":{"NULL":false}}}', '{"SS":[]}', '{"NS":[]}', '{"BS":[]}', '{"L":[{"SS":[]}]}', '{"SS":["a","a"]}', '{"SS":["b","b","c","a","a"]}',
                  '{"NS":["1","2","1.0"]}', '{"BS":["Yg==","Yg=="]}', '{"SS":[null]}', '{"NS":[null]}', '{"BS":[null]}', '{"NS":["x"]}', '{"NS":[""]}',
                  '{"N":""}', '{"N":"abc"}', '{"N":"1E126"}', '{"N":"1E-131"}', '{"M":{"":{"S":"x"}}}'])
     WITH ORDINALITY AS i(input, n) ORDER BY n;
SELECT pg_temp.refusal('{"":{"S":"x"}}');
SELECT pg_temp.refusal(format('{"a":{"SS":["%s","%1$s"]}}', repeat('x', 3000))) ~ 'contains duplicates.$' AS long_list;

-- names up to 65535 bytes
SELECT len, left(pg_temp.refusal(format('{"%s":{"S":"x"}}', repeat('n', len))), 80), left(pg_temp.refusal(format('{"m":{"M":{"%s":{"S":"x"}}}}', repeat('n', len))), 80)
FROM (VALUES (65535), (65536)) AS l(len);

-- 33 levels; far more of them are noticed as early
SELECT depth, container, pg_temp.refusal('{"a":' || repeat(opening, depth) || '{"S":"x"}' || repeat(closing, depth) || '}')
FROM (VALUES ('L', '{"L":[', ']}'), ('M', '{"M":{"k":', '}}')) AS c(container, opening, closing), (VALUES (32), (33), (200), (1000000)) AS d(depth)
ORDER BY 2, 1;
SELECT pg_temp.refusal('{"a":' || repeat('{"L":[', 32) || repeat(']}', 32) || '}');
SELECT pg_temp.refusal('{"a":{"Q":' || repeat('[', 1000000) || '}');
-- a value alone may have as many levels as an item
SELECT (repeat('{"L":[', 32) || repeat(']}', 32))::dynamo.attribute_value IS NOT NULL AS accepted;
SELECT (repeat('{"L":[', 33) || repeat(']}', 33))::dynamo.attribute_value;

-- invalid UTF-8 is stopped by the server before it reaches the type
SELECT pg_temp.refusal(convert_from('\x7b2261223a7b2253223a22ff227d7d', 'UTF8'));

-- the first error wins, in the order of the text
SELECT pg_temp.refusal('{"a":{"N":"abc"},"b":{"SS":[]}}'), pg_temp.refusal('{"b":{"SS":[]},"a":{"N":"abc"}');

-- sets are sorted while they are read, yet the message lists them in their order
SELECT pg_temp.refusal('{"a":{"SS":["z","y","x","z"]}}'), pg_temp.refusal('{"a":{"BS":["eg==","YQ==","eg=="]}}');
