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
