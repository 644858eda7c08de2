-- The tables of `make profile`: 100 items of some 400 bytes in each of 100
-- partitions, arriving in random order.
\set ON_ERROR_STOP 1
\o /dev/null
CREATE EXTENSION dynamo;
SELECT dynamo.create_table('Bench', 'pk S', 'sk S');
-- room for updates
ALTER TABLE dynamodb."Bench" SET (fillfactor = 70);
SELECT setseed(0.5);
INSERT INTO dynamodb."Bench" (item)
SELECT jsonb_build_object(
           'pk', 'CUSTOMER#' || (i / 100),
           'sk', 'ORDER#' || to_char(i % 100, 'FM000'),
           'status', (ARRAY['OPEN', 'PAID', 'SENT', 'CLOSED'])[1 + i % 4],
           'total', (random() * 100000)::integer / 100.0,
           'version', 1,
           'created', to_char(timestamp '2026-01-01' + i * interval '1 minute', 'YYYY-MM-DD"T"HH24-MI-SS'),
           'paid', i % 3 = 0,
           'tags', jsonb_build_array('red', 'large', 'gift'),
           'address', jsonb_build_object('city', 'Delft', 'zip', (10000 + i % 90000)::text),
           'note', substr(repeat(md5(i::text), 8), 1, 170))
  FROM generate_series(0, 9999) i
 ORDER BY random();
VACUUM (ANALYZE, FREEZE) dynamodb."Bench";
CHECKPOINT;

-- The same with secondary indexes: one, and five.
CREATE FUNCTION bench_index(name text, partition_key text, sort_key text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('IndexName', name, 'Projection', '{"ProjectionType": "ALL"}'::jsonb, 'KeySchema', jsonb_build_array(
        jsonb_build_object('AttributeName', partition_key, 'KeyType', 'HASH'), jsonb_build_object('AttributeName', sort_key, 'KeyType', 'RANGE')))
$$;
CREATE FUNCTION bench_table(name text, definitions text, VARIADIC indexes jsonb[]) RETURNS void LANGUAGE sql AS $$
    SELECT dynamo.call('CreateTable', json_build_object('TableName', name, 'BillingMode', 'PAY_PER_REQUEST',
        'AttributeDefinitions', (SELECT json_agg(json_build_object('AttributeName', split_part(d, ' ', 1), 'AttributeType', split_part(d, ' ', 2)))
                                   FROM regexp_split_to_table('pk S,sk S,' || definitions, ',') d),
        'KeySchema', '[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]'::json,
        'GlobalSecondaryIndexes', to_json(indexes)))
$$;
SELECT bench_table('Bench1', 'customer S', bench_index('by_customer', 'customer', 'sk'));
SELECT bench_table('Bench5', 'customer S,status S,total N,created S', bench_index('by_customer', 'customer', 'sk'),
    bench_index('by_status', 'status', 'created'), bench_index('by_total', 'status', 'total'), bench_index('by_time', 'created', 'customer'),
    bench_index('inverted', 'sk', 'pk'));
ALTER TABLE dynamodb."Bench1" SET (fillfactor = 70);
ALTER TABLE dynamodb."Bench5" SET (fillfactor = 70);
INSERT INTO dynamodb."Bench1" (item)
SELECT (item::jsonb || jsonb_build_object('customer', item ->> 'pk'))::dynamo.item FROM dynamodb."Bench" ORDER BY random();
INSERT INTO dynamodb."Bench5" (item) SELECT item FROM dynamodb."Bench1" ORDER BY random();
VACUUM (ANALYZE, FREEZE) dynamodb."Bench1", dynamodb."Bench5";
CHECKPOINT;
