-- Items of a collection go to pages of it, however they are written; the switch.
SET dynamo.schema = 'storage_clustering';
SELECT dynamo.create_table('Orders', 'Customer S', 'Number N');
SET search_path = storage_clustering, public;
\set VERBOSITY terse

CREATE FUNCTION orders(customers int, first int, last int) RETURNS SETOF dynamo.item LANGUAGE SQL AS $$
    SELECT format('{"Customer": {"S": "c%s"}, "Number": {"N": "%s"}, "State": {"N": "1"}, "Note": {"S": "%s"}}',
                  c, n, repeat(md5(c::text || n::text), 10))::dynamo.item
    FROM generate_series(first, last) n, generate_series(1, customers) c
$$;
-- On how many pages a collection lies: plain heap puts each of its items on another.
CREATE FUNCTION is_clustered(relation regclass) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE result boolean;
BEGIN
    EXECUTE format('SELECT avg(pages) < 0.6 * avg(items) FROM (SELECT count(*) AS items, count(DISTINCT (ctid::text::point)[0]) AS pages FROM %s GROUP BY "Customer") x', relation) INTO result;
    RETURN result;
END $$;

-- What the function says is what the rows say.
INSERT INTO "Orders" (item) SELECT orders(100, 1, 30);
SELECT is_clustered('"Orders"');
SELECT enabled, items, collections, blocks_per_collection < 15 AS few_blocks, rows_placed, rows_steered BETWEEN 2000 AND 2900 AS most_steered
FROM dynamo.table_clustering('Orders');
DELETE FROM "Orders" WHERE "Number" > 20;
UPDATE "Orders" SET item = replace(item::text, '"State":{"N":"1"}', '"State":{"N":"2"}')::dynamo.item;
SELECT items, collections,
       blocks_per_collection = (SELECT avg(n) FROM (SELECT count(DISTINCT (ctid::text::point)[0]) n FROM "Orders" GROUP BY "Customer") x)::float8 AS same_blocks
FROM dynamo.table_clustering('Orders');
VACUUM "Orders";
SELECT items, collections,
       blocks_per_collection = (SELECT avg(n) FROM (SELECT count(DISTINCT (ctid::text::point)[0]) n FROM "Orders" GROUP BY "Customer") x)::float8 AS same_blocks
FROM dynamo.table_clustering('Orders');

-- by each way of writing
TRUNCATE "Orders";
SELECT count(dynamo.put_item('Orders', i)) FROM orders(100, 1, 30) i;
SELECT is_clustered('"Orders"');
TRUNCATE "Orders";
INSERT INTO "Orders" (item) SELECT orders(100, 1, 30) ON CONFLICT ("Customer", "Number") DO UPDATE SET item = excluded.item;
INSERT INTO "Orders" (item) SELECT orders(100, 25, 40) ON CONFLICT ("Customer", "Number") DO UPDATE SET item = excluded.item;
SELECT is_clustered('"Orders"'), count(*) FROM "Orders";
TRUNCATE "Orders";
MERGE INTO "Orders" o USING orders(100, 1, 30) i ON o."Customer" = i ->> 'Customer' AND o."Number" = (i ->> 'Number')::numeric
    WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED THEN INSERT (item) VALUES (i);
SELECT is_clustered('"Orders"'), count(*) FROM "Orders";
\set copied `mktemp`
COPY (SELECT item FROM "Orders" ORDER BY "Number", "Customer") TO :'copied';
TRUNCATE "Orders";
COPY "Orders" (item) FROM :'copied';
SELECT is_clustered('"Orders"'), count(*) FROM "Orders";
BEGIN;
TRUNCATE "Orders";
COPY "Orders" (item) FROM :'copied' (FREEZE);
COMMIT;
\! rm -f :copied
SELECT is_clustered('"Orders"'), count(*) FROM "Orders";

-- many at once: sorted, they fill pages one after the other; then they find their own
TRUNCATE "Orders";
SELECT * FROM dynamo.load_items('Orders', 'SELECT orders(100, 1, 20)');
SELECT blocks_per_collection < 3 AS in_order FROM dynamo.table_clustering('Orders');
SELECT * FROM dynamo.load_items('Orders', 'SELECT orders(100, 21, 40)');
SELECT is_clustered('"Orders"'), count(*) FROM "Orders";

-- Counters stay HOT where there is a little room; the first update of a full page does not.
SELECT dynamo.create_table('Counters', 'Customer S', 'Number N');
ALTER TABLE "Counters" SET (fillfactor = 95, autovacuum_enabled = off);
INSERT INTO "Counters" (item) SELECT orders(100, 1, 30);
BEGIN;
SELECT count(dynamo.update_item('Counters', jsonb_build_object('Customer', 'c' || c, 'Number', (c * 7) % 30 + 1)::dynamo.item,
    'SET #s = :two', expression_attribute_names => '{"#s": "State"}', expression_attribute_values => '{":two": {"N": "2"}}', return_values => 'ALL_NEW')) FROM generate_series(1, 100) c;
SELECT pg_stat_get_xact_tuples_updated('"Counters"'::regclass) AS updated, pg_stat_get_xact_tuples_hot_updated('"Counters"'::regclass) > 90 AS mostly_hot;
COMMIT;
SELECT is_clustered('"Counters"'), count(*) FROM "Counters";

-- updates that leave their page stay with their collection
UPDATE "Orders" SET item = replace(item::text, '"Note":{"S":"', '"Note":{"S":"' || repeat('longer', 100))::dynamo.item;
SELECT is_clustered('"Orders"'), count(*) FROM "Orders";
VACUUM FULL "Orders";
SELECT is_clustered('"Orders"'), count(*) FROM "Orders";
CLUSTER "Orders" USING "Orders_pkey";
SELECT blocks_per_collection < 9 AS in_order FROM dynamo.table_clustering('Orders');

-- the switch, which a session heeds at once, and its owner alone may turn
SELECT dynamo.set_clustering('Orders', false);
TRUNCATE "Orders";
SELECT count(dynamo.put_item('Orders', i)) FROM orders(100, 1, 15) i;
INSERT INTO "Orders" (item) SELECT orders(100, 16, 30);
SELECT is_clustered('"Orders"'), enabled FROM dynamo.table_clustering('Orders');
SELECT clustering FROM dynamo.table_settings WHERE relation = '"Orders"'::regclass;
BEGIN;
SELECT dynamo.set_clustering('Orders', true);
ROLLBACK;
SELECT enabled FROM dynamo.table_clustering('Orders');
SELECT dynamo.set_clustering('Orders', true);
SELECT enabled FROM dynamo.table_clustering('Orders');
TRUNCATE "Orders";
INSERT INTO "Orders" (item) SELECT orders(100, 1, 30);
SELECT is_clustered('"Orders"');

SELECT dynamo.set_clustering('NoSuchTable', true);
CREATE ROLE regress_clustering;
GRANT USAGE ON SCHEMA storage_clustering TO regress_clustering;
SET ROLE regress_clustering;
SELECT dynamo.set_clustering('Orders', false);
SELECT * FROM dynamo.table_clustering('Orders');
RESET ROLE;
GRANT SELECT, INSERT ON "Orders" TO regress_clustering;
SET ROLE regress_clustering;
SELECT dynamo.set_clustering('Orders', false);
SELECT items FROM dynamo.table_clustering('Orders');
-- what is not the role's to read, the choice of a page needs not
INSERT INTO "Orders" (item) SELECT orders(100, 31, 40);
RESET ROLE;
SELECT is_clustered('"Orders"');
ALTER TABLE "Orders" ENABLE ROW LEVEL SECURITY;
SET ROLE regress_clustering;
SELECT items FROM dynamo.table_clustering('Orders');
RESET ROLE;
DROP OWNED BY regress_clustering;
DROP ROLE regress_clustering;

-- Without a sort key there is no collection, without an index nothing to know of it.
SELECT dynamo.create_table('Flat', 'Customer S');
INSERT INTO "Flat" (item) SELECT i FROM orders(100, 1, 1) i;
SELECT enabled, items, collections, blocks_per_collection, coalesce(rows_placed, 0) FROM dynamo.table_clustering('Flat');
SELECT dynamo.create_table('Bare', 'Customer S', 'Number N');
ALTER TABLE "Bare" DROP CONSTRAINT "Bare_pkey";
INSERT INTO "Bare" (item) SELECT orders(100, 1, 10);
SELECT enabled, items, coalesce(rows_placed, 0) FROM dynamo.table_clustering('Bare');
ALTER TABLE "Bare" ADD PRIMARY KEY ("Customer", "Number");
INSERT INTO "Bare" (item) SELECT orders(100, 11, 40);
SELECT is_clustered('"Bare"'), enabled, items FROM dynamo.table_clustering('Bare');
REINDEX TABLE "Bare";
INSERT INTO "Bare" (item) SELECT orders(100, 41, 60);
REINDEX INDEX CONCURRENTLY "Bare_pkey";
INSERT INTO "Bare" (item) SELECT orders(100, 61, 80);
SELECT is_clustered('"Bare"'), enabled, items FROM dynamo.table_clustering('Bare');

-- A session that comes back to a collection knows its page: inserts ask the index no
-- more often than without clustering.
ALTER TABLE "Bare" SET (autovacuum_enabled = off);
CREATE FUNCTION index_pages_of_inserts() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE before bigint := pg_stat_get_xact_blocks_fetched('"Bare_pkey"'::regclass);
BEGIN
    FOR n IN 201..203 LOOP
        INSERT INTO "Bare" (item) SELECT format('{"Customer": {"S": "r%s"}, "Number": {"N": "%s"}}', c, n)::dynamo.item FROM generate_series(1, 20) c;
    END LOOP;
    DELETE FROM "Bare" WHERE "Number" > 200;
    RETURN pg_stat_get_xact_blocks_fetched('"Bare_pkey"'::regclass) - before;
END $$;
SELECT dynamo.set_clustering('Bare', false);
SELECT index_pages_of_inserts() AS pages \gset unclustered_
SELECT dynamo.set_clustering('Bare', true);
SELECT index_pages_of_inserts() > :unclustered_pages AS first_ones_ask;
SELECT index_pages_of_inserts() AS pages \gset returning_
SELECT :returning_pages - :unclustered_pages;

-- long items lie in the TOAST table: it is their stubs that are put together
SELECT dynamo.create_table('Documents', 'Customer S', 'Number N');
INSERT INTO "Documents" (item)
SELECT format('{"Customer": {"S": "c%s"}, "Number": {"N": "%s"}, "Text": {"S": "%s"}}', c, n,
              (SELECT string_agg(md5((c * 1000 + n * 100 + i)::text), '') FROM generate_series(1, CASE n WHEN 7 THEN 9000 ELSE 150 END) i))::dynamo.item
FROM generate_series(1, 10) n, generate_series(1, 20) c;
SELECT blocks_per_collection < 4 AS clustered, items FROM dynamo.table_clustering('Documents');
SELECT pg_relation_size('"Documents"') < 100000 AS compact;

-- partitions, temporary and unlogged tables
CREATE TABLE "Split" ("Customer" text COLLATE "C" NOT NULL, "Number" numeric NOT NULL, item dynamo.item NOT NULL, PRIMARY KEY ("Customer", "Number")) PARTITION BY HASH ("Customer");
CREATE TABLE split_0 PARTITION OF "Split" FOR VALUES WITH (MODULUS 2, REMAINDER 0) USING dynamo;
CREATE TABLE split_1 PARTITION OF "Split" FOR VALUES WITH (MODULUS 2, REMAINDER 1) USING dynamo;
CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON "Split" FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('Customer', 'S', 'Customer', 'HASH', 'Number', 'N', 'Number', 'RANGE');
INSERT INTO "Split" SELECT i ->> 'Customer', (i ->> 'Number')::numeric, i FROM orders(100, 1, 15) i;
SELECT count(dynamo.put_item('Split', i)) FROM orders(100, 16, 30) i;
SELECT is_clustered('"Split"'), enabled, items, collections FROM dynamo.table_clustering('Split');
SELECT dynamo.set_clustering('Split', false);
TRUNCATE "Split";
INSERT INTO "Split" SELECT i ->> 'Customer', (i ->> 'Number')::numeric, i FROM orders(100, 1, 30) i;
SELECT is_clustered('"Split"'), enabled FROM dynamo.table_clustering('Split');

-- Keys that a statement hands on as another table stores them, out of line, are fetched
-- once for the page's choice, not for each comparison.
SELECT dynamo.create_table('Long', 'Customer S', 'Number S');
CREATE TABLE stored (c text COLLATE "C", n text COLLATE "C", item dynamo.item);
ALTER TABLE stored ALTER c SET STORAGE EXTERNAL, ALTER n SET STORAGE EXTERNAL, ALTER item SET STORAGE EXTERNAL;
INSERT INTO stored SELECT c, n, jsonb_build_object('Customer', c, 'Number', n)::dynamo.item
FROM (SELECT repeat('c', 2000) AS c, lpad(i::text, 1000, 'n') AS n FROM generate_series(1, 100) i) x;
BEGIN;
INSERT INTO "Long" SELECT * FROM stored;
SELECT idx_scan < 13 * 100 AS few_fetches FROM pg_stat_xact_sys_tables
WHERE relid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'stored'::regclass);
COMMIT;

CREATE TEMPORARY TABLE temporary_orders (LIKE "Orders" INCLUDING ALL) USING dynamo;
CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON temporary_orders FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('Customer', 'S', 'Customer', 'HASH', 'Number', 'N', 'Number', 'RANGE');
INSERT INTO temporary_orders (item) SELECT orders(100, 1, 30);
SELECT is_clustered('temporary_orders');
ALTER TABLE "Bare" SET UNLOGGED;
INSERT INTO "Bare" (item) SELECT orders(100, 81, 90);
SELECT is_clustered('"Bare"'), items FROM dynamo.table_clustering('Bare');

-- to heap and back
ALTER TABLE "Bare" SET ACCESS METHOD heap;
INSERT INTO "Bare" (item) SELECT orders(100, 91, 95);
SELECT count(*) FROM "Bare";
ALTER TABLE "Bare" SET ACCESS METHOD dynamo;
INSERT INTO "Bare" (item) SELECT orders(100, 96, 120);
SELECT is_clustered('"Bare"'), items FROM dynamo.table_clustering('Bare');
SELECT problem FROM unnest(ARRAY['Orders', 'Bare', 'Documents', 'Split']) t, dynamo.check_table(t);

SET client_min_messages = warning;
DROP SCHEMA storage_clustering CASCADE;
