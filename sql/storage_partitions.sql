-- Partitions of a user's own partitioned table, each with access method dynamo.
SET dynamo.schema = 'storage_partitions';
SELECT dynamo.create_table('Model', 'Tenant S', 'Id N');
SET search_path = storage_partitions, public;
\set VERBOSITY terse
CREATE FUNCTION thing(tenant text, id int) RETURNS dynamo.item LANGUAGE SQL AS $$
    SELECT jsonb_build_object('Tenant', tenant, 'Id', id)::dynamo.item
$$;

-- Without a trigger, the rows are held to their size.
CREATE TABLE "Bare" (LIKE "Model" INCLUDING ALL) PARTITION BY HASH ("Tenant");
CREATE TABLE bare_0 PARTITION OF "Bare" FOR VALUES WITH (MODULUS 2, REMAINDER 0) USING dynamo;
CREATE TABLE bare_1 PARTITION OF "Bare" FOR VALUES WITH (MODULUS 2, REMAINDER 1) USING dynamo;
INSERT INTO "Bare" SELECT t, i, thing(t, i) FROM unnest('{a,b,c,d,e,f,g,h,i}'::text[]) t, generate_series(1, 2) i;
INSERT INTO "Bare" VALUES ('a', 3, jsonb_build_object('x', repeat('x', 409600)));
SELECT problem FROM dynamo.check_table('Bare');

-- With one, each partition has a copy and is held to its definition.  The key
-- columns are given, since rows are routed before triggers fire.
CREATE TABLE "Things" (LIKE "Model" INCLUDING ALL) PARTITION BY HASH ("Tenant");
CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON "Things" FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('Tenant', 'S', 'Tenant', 'HASH', 'Id', 'N', 'Id', 'RANGE');
CREATE TABLE things_0 PARTITION OF "Things" FOR VALUES WITH (MODULUS 2, REMAINDER 0) USING dynamo;
-- (a partition may have its columns in another order)
CREATE TABLE things_1 (dropped int, item dynamo.item NOT NULL, "Id" numeric NOT NULL, "Tenant" text COLLATE "C" NOT NULL) USING dynamo;
ALTER TABLE things_1 DROP COLUMN dropped;
ALTER TABLE "Things" ATTACH PARTITION things_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
ALTER TABLE "Things" ENABLE ALWAYS TRIGGER zzz_dynamo_maintain;
INSERT INTO "Things" SELECT t, i, thing(t, i) FROM unnest('{a,b,c,d,e,f,g,h,i}'::text[]) t, generate_series(1, 2) i;
SELECT count(*), count(DISTINCT tableoid) FROM "Things";
INSERT INTO "Things" VALUES ('a', 3, thing('b', 3));
INSERT INTO "Things" VALUES ('a', 3, thing('a', 4));
INSERT INTO "Things" ("Tenant", item) VALUES ('a', thing('a', 3));
INSERT INTO "Things" ("Tenant", item) VALUES ('b', thing('b', 3));
UPDATE "Things" SET "Id" = 7 WHERE "Tenant" = 'a';
UPDATE "Things" SET "Tenant" = 'c' WHERE "Tenant" = 'b';
UPDATE "Things" SET "Tenant" = 'z' || "Tenant", item = thing('z' || "Tenant", "Id"::int);
COPY "Things" FROM stdin;
copy	1	{"Tenant":{"S":"copy"},"Id":{"N":"1"}}
copy2	1	{"Tenant":{"S":"copy2"},"Id":{"N":"1"}}
\.
COPY "Things" FROM stdin;
copy3	1	{"Tenant":{"S":"copy4"},"Id":{"N":"1"}}
\.
SELECT "Tenant", "Id", item FROM "Things" ORDER BY 1, 2;
SELECT * FROM dynamo.check_table('Things');
-- Without the triggers the access method holds the partitions to the definition.
ALTER TABLE "Things" DISABLE TRIGGER zzz_dynamo_maintain;
INSERT INTO "Things" VALUES ('a', 3, thing('b', 3));
INSERT INTO "Things" VALUES ('b', 3, thing('a', 3));
INSERT INTO "Things" VALUES ('a', 33, thing('a', 33)), ('b', 33, thing('b', 33));
SELECT problem FROM dynamo.check_table('Things') ORDER BY 1;
ALTER TABLE "Things" ENABLE ALWAYS TRIGGER zzz_dynamo_maintain;
SELECT problem FROM dynamo.check_table('Things') ORDER BY 1;
VACUUM FULL "Things";
SELECT count(*) FROM "Things";

-- The API knows the partitioned table, and not its partitions.
SELECT * FROM dynamo.list_tables();
SELECT dynamo.describe_table('Things') -> 'KeySchema';

-- That no partition was rewritten is remembered: a key without item does not make each
-- operation look through all of them (but when there is news of some relation).
SELECT min(scans) AS scans_of_pg_inherits FROM (
    SELECT scans - lag(scans) OVER () AS scans FROM (
        SELECT i, dynamo.get_item('Things', thing('nobody', i)), pg_stat_get_xact_numscans('pg_inherits_parent_index'::regclass) AS scans
          FROM generate_series(1, 50) i OFFSET 0) AS misses) AS differences;

-- However often, an operation on one key locks no partition but the key's.
BEGIN;
DO $$ BEGIN
    FOR i IN 1..10 LOOP
        PERFORM dynamo.get_item('Things', thing('za', 1)), dynamo.get_item('Things', thing('za', 1000)),
                dynamo.update_item('Things', thing('za', 1), 'SET n = :n', expression_attribute_values => '{":n":{"N":"1"}}'),
                dynamo.delete_item('Things', thing('za', 1000)), dynamo.put_item('Things', thing('za', 1000 + i)),
                dynamo.call('Query', '{"TableName":"Things","KeyConditionExpression":"Tenant = :t AND Id < :n","ExpressionAttributeValues":{":t":{"S":"za"},":n":{"N":"1000"}}}'::json);
    END LOOP;
END $$;
SELECT count(DISTINCT relation) AS partitions FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN ('things_0'::regclass, 'things_1'::regclass);
ROLLBACK;

-- What is in several partitions is read in several batches, in one order.
DO $$ BEGIN PERFORM dynamo.put_item('Things', thing('batch' || i % 7, i)) FROM generate_series(1, 300) i; END $$;
SELECT array_agg(item ORDER BY n) = (SELECT array_agg(item ORDER BY "Tenant", "Id") FROM "Things") AS same, count(*)
  FROM dynamo.scan('Things') WITH ORDINALITY AS scan(item, n);
CREATE FUNCTION pages(page_size int, start jsonb DEFAULT NULL) RETURNS SETOF dynamo.item LANGUAGE plpgsql AS $$
DECLARE
    page jsonb;
BEGIN
    LOOP
        page := dynamo.call('Scan', (jsonb_build_object('TableName', 'Things', 'Limit', page_size) ||
                                     CASE WHEN start IS NULL THEN '{}' ELSE jsonb_build_object('ExclusiveStartKey', start) END)::json);
        RETURN QUERY SELECT (item #>> '{}')::dynamo.item FROM jsonb_array_elements(page -> 'Items') item;
        start := page -> 'LastEvaluatedKey';
        EXIT WHEN start IS NULL;
    END LOOP;
END $$;
SELECT array_agg(item ORDER BY n) = (SELECT array_agg(item ORDER BY "Tenant", "Id") FROM "Things") AS same
  FROM unnest('{1,50,128,129,1000}'::int[]) size, LATERAL (SELECT * FROM pages(size) WITH ORDINALITY AS page(item, n)) AS scan
 GROUP BY size;
SELECT count(*), count(DISTINCT item) FROM generate_series(0, 2) segment,
       jsonb_array_elements(dynamo.call('Scan', jsonb_build_object('TableName', 'Things', 'TotalSegments', 3, 'Segment', segment)::json)::jsonb -> 'Items') item;

SET client_min_messages = warning;
DROP SCHEMA storage_partitions CASCADE;
