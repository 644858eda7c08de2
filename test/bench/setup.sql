-- Two tables of the same items: ours, and plain PostgreSQL with jsonb, both
-- with the key in columns and the whole document beside it.
-- psql variables: items (how many), bytes (about how large each is).
\set ON_ERROR_STOP 1
\o /dev/null
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;
DROP TABLE IF EXISTS plain;
SELECT dynamo.delete_table(name) FROM dynamo.tables WHERE name = 'Bench';

CREATE TABLE plain (
    pk text COLLATE "C" NOT NULL,
    sk text COLLATE "C" NOT NULL,
    doc jsonb NOT NULL,
    PRIMARY KEY (pk, sk)
);
SELECT dynamo.create_table('Bench', 'pk S', 'sk S');
-- as which the endpoint connects, where there is one
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dynamo_endpoint') AS is_new \gset
\if :is_new
    CREATE ROLE dynamo_endpoint LOGIN;
\endif
GRANT USAGE ON SCHEMA dynamodb TO dynamo_endpoint;
GRANT SELECT, INSERT, UPDATE, DELETE ON dynamodb."Bench" TO dynamo_endpoint;

SELECT setseed(0.5);
CREATE TEMPORARY TABLE source AS
SELECT jsonb_build_object(
           'pk', 'CUSTOMER#' || (i / 10),
           'sk', 'ORDER#' || (i % 10),
           'status', (ARRAY['OPEN', 'PAID', 'SENT', 'CLOSED'])[1 + i % 4],
           'total', (random() * 100000)::integer / 100.0,
           'version', 1,
           'created', to_char(timestamp '2026-01-01' + i * interval '1 minute', 'YYYY-MM-DD"T"HH24-MI-SS'),
           'paid', i % 3 = 0,
           'tags', jsonb_build_array('red', 'large', 'gift'),
           'address', jsonb_build_object('city', 'Delft', 'zip', (10000 + i % 90000)::text),
           'note', (SELECT substr(string_agg(md5(i::text || j), ''), 1, :bytes - 230)
                      FROM generate_series(1, :bytes / 32 + 1) j)) AS doc
  FROM generate_series(0, :items - 1) i;

INSERT INTO plain SELECT doc ->> 'pk', doc ->> 'sk', doc FROM source ORDER BY random();
INSERT INTO dynamodb."Bench"(item) SELECT doc FROM source ORDER BY random();
DROP TABLE source;
VACUUM (ANALYZE, FREEZE) plain;
VACUUM (ANALYZE, FREEZE) dynamodb."Bench";
CHECKPOINT;
