-- Tables of the same items with 0, 1 and 5 secondary indexes: 100 items of about
-- 400 bytes in each partition.  psql variable: items (how many).
\set ON_ERROR_STOP 1
\o /dev/null
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;
SELECT dynamo.delete_table(name) FROM dynamo.tables WHERE name LIKE 'Indexed_';

CREATE FUNCTION pg_temp.index(name text, partition_key text, sort_key text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('IndexName', name, 'Projection', '{"ProjectionType": "ALL"}'::jsonb, 'KeySchema', jsonb_build_array(
        jsonb_build_object('AttributeName', partition_key, 'KeyType', 'HASH'), jsonb_build_object('AttributeName', sort_key, 'KeyType', 'RANGE')))
$$;
CREATE FUNCTION pg_temp.make(name text, definitions text, indexes jsonb) RETURNS void LANGUAGE sql AS $$
    SELECT dynamo.call('CreateTable', (jsonb_strip_nulls(jsonb_build_object('TableName', name, 'GlobalSecondaryIndexes', indexes)) || jsonb_build_object('BillingMode', 'PAY_PER_REQUEST',
        'AttributeDefinitions', (SELECT jsonb_agg(jsonb_build_object('AttributeName', split_part(d, ' ', 1), 'AttributeType', split_part(d, ' ', 2)))
                                   FROM regexp_split_to_table('pk S,sk S' || definitions, ',') d),
        'KeySchema', '[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]'::jsonb))::json);
$$;
SELECT pg_temp.make('Indexed0', '', NULL);
SELECT pg_temp.make('Indexed1', ',customer S', jsonb_build_array(pg_temp.index('by_customer', 'customer', 'sk')));
SELECT pg_temp.make('Indexed5', ',customer S,status S,total N,created S', jsonb_build_array(pg_temp.index('by_customer', 'customer', 'sk'),
    pg_temp.index('by_status', 'status', 'created'), pg_temp.index('by_total', 'status', 'total'), pg_temp.index('by_time', 'created', 'customer'),
    pg_temp.index('inverted', 'sk', 'pk')));
ALTER TABLE dynamodb."Indexed0" SET (fillfactor = 70);
ALTER TABLE dynamodb."Indexed1" SET (fillfactor = 70);
ALTER TABLE dynamodb."Indexed5" SET (fillfactor = 70);
SELECT setseed(0.5);
INSERT INTO dynamodb."Indexed0" (item)
SELECT jsonb_build_object(
           'pk', 'CUSTOMER#' || (i / 100),
           'sk', 'ORDER#' || to_char(i % 100, 'FM000'),
           'customer', 'CUSTOMER#' || (i / 100),
           'status', (ARRAY['OPEN', 'PAID', 'SENT', 'CLOSED'])[1 + i % 4],
           'total', (random() * 100000)::integer / 100.0,
           'version', 1,
           'created', to_char(timestamp '2026-01-01' + i * interval '1 minute', 'YYYY-MM-DD"T"HH24-MI-SS'),
           'paid', i % 3 = 0,
           'tags', jsonb_build_array('red', 'large', 'gift'),
           'address', jsonb_build_object('city', 'Delft', 'zip', (10000 + i % 90000)::text),
           'note', substr(repeat(md5(i::text), 8), 1, 150))
  FROM generate_series(0, :items - 1) i
 ORDER BY random();
INSERT INTO dynamodb."Indexed1" (item) SELECT item FROM dynamodb."Indexed0" ORDER BY random();
INSERT INTO dynamodb."Indexed5" (item) SELECT item FROM dynamodb."Indexed0" ORDER BY random();
VACUUM (ANALYZE, FREEZE) dynamodb."Indexed0", dynamodb."Indexed1", dynamodb."Indexed5";
CHECKPOINT;
