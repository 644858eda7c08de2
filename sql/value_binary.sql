-- Binary input and output: a version byte and DynamoDB JSON.

SELECT dynamo.item_send('{"a":{"S":"é"}}'), dynamo.attribute_value_send('{"N":"1"}');

-- through COPY and back
CREATE TEMP TABLE items (item dynamo.item, value dynamo.attribute_value);
INSERT INTO items VALUES ('{}', '{"M":{}}'),
    ('{"s": {"S": "żółw \u0000 😀"}, "n": {"N": "-1E-130"}, "b": {"B": "AP8="}, "t": {"BOOL": true}, "x": {"NULL": true}, "m": {"M": {"k": {"L": [{"S": ""}]}}}, "ss": {"SS": ["b", "a"]}, "ns": {"NS": ["10", "9"]}, "bs": {"BS": ["Yg=="]}}',
     '{"L":[{"SS":["x"]}]}'),
    (NULL, NULL);
SELECT current_setting('data_directory') || '/value_binary' AS file \gset
COPY items TO :'file' (FORMAT binary);
CREATE TEMP TABLE copies (LIKE items);
COPY copies FROM :'file' (FORMAT binary);
SELECT count(*), count(*) FILTER (WHERE items = copies) AS same FROM items JOIN copies ON items.item IS NOT DISTINCT FROM copies.item;

-- text COPY as well, where backslashes are escaped
COPY items TO :'file';
TRUNCATE copies;
COPY copies FROM :'file';
SELECT count(*), count(*) FILTER (WHERE items = copies) AS same FROM items JOIN copies ON items.item IS NOT DISTINCT FROM copies.item;

-- bytes from outside: crafted as bytea fields of a binary COPY file and read as items
CREATE TEMP TABLE raw_bytes (bytes bytea);
CREATE FUNCTION pg_temp.receive(bytes bytea, type text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file text := current_setting('data_directory') || '/value_binary';
    copied text;
BEGIN
    TRUNCATE raw_bytes;
    INSERT INTO raw_bytes VALUES (bytes);
    EXECUTE format('COPY raw_bytes TO %L (FORMAT binary)', file);
    EXECUTE format('CREATE TEMP TABLE received (x %s)', type);
    EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
    EXECUTE 'SELECT x::text FROM received' INTO copied;
    DROP TABLE received;
    RETURN 'accepted: ' || copied;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
SELECT pg_temp.receive('\x01' || convert_to('{"a":{"S":"é"}}', 'UTF8'), 'dynamo.item');
SELECT pg_temp.receive('\x01' || convert_to(' {"N":"1.0"} ', 'UTF8'), 'dynamo.attribute_value') LIKE 'accepted: 1';
SELECT pg_temp.receive('\x', 'dynamo.item');
SELECT pg_temp.receive('\x01', 'dynamo.item');
SELECT pg_temp.receive('\x00' || convert_to('{}', 'UTF8'), 'dynamo.item');
SELECT pg_temp.receive('\x02' || convert_to('{}', 'UTF8'), 'dynamo.item');
SELECT pg_temp.receive(convert_to('{}', 'UTF8'), 'dynamo.item');
SELECT pg_temp.receive('\x01' || convert_to('{}x', 'UTF8'), 'dynamo.item');
SELECT pg_temp.receive('\x01' || convert_to('{"S":"x"}', 'UTF8'), 'dynamo.item');
SELECT pg_temp.receive('\x01' || convert_to('{"a":{"S":"x"}}', 'UTF8'), 'dynamo.attribute_value');
SELECT pg_temp.receive('\x01' || convert_to('{"a":{"SS":["x","x"]}}', 'UTF8'), 'dynamo.item');
SELECT pg_temp.receive('\x01' || convert_to('{"a":{"N":"1E126"}}', 'UTF8'), 'dynamo.item');
SELECT pg_temp.receive('\x01' || convert_to('{"a":{"S":"', 'UTF8') || '\xff' || convert_to('"}}', 'UTF8'), 'dynamo.item');
SELECT pg_temp.receive('\x01' || convert_to('{"a":{"S":"', 'UTF8') || '\x00' || convert_to('"}}', 'UTF8'), 'dynamo.item');
SELECT pg_temp.receive('\x01' || convert_to('{"a":{"S":"', 'UTF8') || '\xc080' || convert_to('"}}', 'UTF8'), 'dynamo.item');
SELECT pg_temp.receive('\x01' || convert_to('{"a":{"S":"', 'UTF8') || '\xeda080' || convert_to('"}}', 'UTF8'), 'dynamo.item');
SELECT pg_temp.receive('\x01' || convert_to('{"a":' || repeat('{"L":[', 32) || repeat(']}', 32) || '}', 'UTF8'), 'dynamo.item');

-- the client's encoding applies, as it does to text
SET client_encoding = 'LATIN1';
SELECT dynamo.item_send(('{"a":{"S":"' || U&'\00E9' || '"}}')::dynamo.item) AS latin1;
SET client_encoding = 'UTF8';
