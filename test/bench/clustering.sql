-- What test/bench/clustering.sh works with.
\set ON_ERROR_STOP 1
\o /dev/null
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

-- An item of 400 bytes, by DynamoDB's rule.
CREATE OR REPLACE FUNCTION clustering_item(collection int, n int) RETURNS dynamo.item IMMUTABLE LANGUAGE sql AS $$
    SELECT format('{"pk":{"S":"%s"},"sk":{"S":"%s"},"version":{"N":"1"},"note":{"S":"%s"}}',
                  'CUSTOMER#' || collection, 'ORDER#' || lpad(n::text, 10, '0'), rpad(md5(collection || '/' || n), 350, md5(n::text)))::dynamo.item
$$;
CREATE OR REPLACE FUNCTION clustering_key(collection int, n int) RETURNS dynamo.item IMMUTABLE LANGUAGE sql AS $$
    SELECT format('{"pk":{"S":"CUSTOMER#%s"},"sk":{"S":"ORDER#%s"}}', collection, lpad(n::text, 10, '0'))::dynamo.item
$$;
CREATE OR REPLACE FUNCTION clustering_count(name text, collection int, n int) RETURNS void LANGUAGE sql AS $$
    SELECT dynamo.update_item(name, clustering_key(collection, n), 'ADD version :one', expression_attribute_values => '{":one":{"N":"1"}}')
$$;
-- How many items a collection has, and how many collections make up so many items.
CREATE OR REPLACE FUNCTION clustering_size(shape text, collection int) RETURNS int IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE shape WHEN '1-3' THEN 1 + collection % 3
                      WHEN 'zipf' THEN 1 + (3000 / power(collection + 1, 0.7))::int
                      ELSE shape::int END
$$;
CREATE OR REPLACE FUNCTION clustering_collections(shape text, items int) RETURNS int IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE shape WHEN '1-3' THEN items / 2 WHEN 'zipf' THEN items / 10 ELSE items / shape::int END
$$;

CREATE OR REPLACE PROCEDURE clustering_make(name text, clustered boolean) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dynamo.delete_table(t.name) FROM dynamo.tables t WHERE t.name = clustering_make.name;
    PERFORM dynamo.create_table(name, 'pk S', 'sk S');
    PERFORM dynamo.set_clustering(name, clustered);
    EXECUTE format('ALTER TABLE dynamodb.%I SET (autovacuum_enabled = off)', name);
END $$;

-- Items of all collections in random order; their sort keys rise as they arrive, or
-- come in random order, too.  Those that are there are left alone.
CREATE OR REPLACE PROCEDURE clustering_fill(name text, shape text, items int, random_keys boolean) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM setseed(0.5);
    EXECUTE format($sql$
        INSERT INTO dynamodb.%I (item)
        SELECT clustering_item(c, CASE WHEN $3 THEN n ELSE (row_number() OVER (PARTITION BY c ORDER BY r))::int END)
          FROM (SELECT c, n, random() AS r
                  FROM generate_series(0, clustering_collections($1, $2) - 1) c, generate_series(1, clustering_size($1, c)) n) x
         ORDER BY r
        ON CONFLICT DO NOTHING $sql$, name) USING shape, items, random_keys;
END $$;
