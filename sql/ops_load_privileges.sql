-- dynamo.load_items() where the executor must see the rows, and for whom it works.
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

SELECT dynamo.create_table('ops_load_p', 'pk S', 'sk N') IS NOT NULL;
CREATE FUNCTION load_doc(i int, owner text, v text DEFAULT 'old') RETURNS jsonb LANGUAGE sql AS
    $$SELECT jsonb_build_object('pk', 'p', 'sk', i, 'owner', owner, 'v', v)$$;
CREATE FUNCTION load_contents() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('%s %s %s', sk, item ->> 'owner', item ->> 'v'), ', ' ORDER BY sk) FROM dynamodb.ops_load_p$$;
SELECT * FROM dynamo.load_items('ops_load_p', $$SELECT load_doc(i, 'ops_load_bob') FROM generate_series(1, 3) i$$);

-- ---- privileges ----
CREATE ROLE ops_load_alice;
GRANT USAGE ON SCHEMA dynamodb TO ops_load_alice;
CREATE TABLE load_secrets AS SELECT load_doc(9, 'secret') AS doc;
CREATE FUNCTION try_load(mode text, query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN dynamo.load_items('ops_load_p', query, mode);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END$$;
CREATE FUNCTION try_modes() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT mode || ': ' || try_load(mode, format('SELECT load_doc(%s, current_user)', n))
    FROM (VALUES ('error', 11), ('skip', 12), ('replace', 13)) x(mode, n)$$;
SET ROLE ops_load_alice;
SELECT try_modes();
RESET ROLE;
GRANT INSERT ON dynamodb.ops_load_p TO ops_load_alice;
SET ROLE ops_load_alice;
SELECT try_modes();
RESET ROLE;
GRANT SELECT ON dynamodb.ops_load_p TO ops_load_alice;
SET ROLE ops_load_alice;
SELECT try_modes();
RESET ROLE;
GRANT UPDATE ON dynamodb.ops_load_p TO ops_load_alice;
SET ROLE ops_load_alice;
SELECT try_modes();
-- the query runs as the caller, in a function with the rights of another too
SELECT try_load('error', 'SELECT doc FROM load_secrets');
RESET ROLE;
CREATE FUNCTION load_as_owner(query text) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$SELECT try_load('skip', query)$$;
CREATE FUNCTION load_as_alice(query text) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$SELECT try_load('skip', query)$$;
ALTER FUNCTION load_as_alice OWNER TO ops_load_alice;
SELECT load_as_alice('SELECT doc FROM load_secrets');
SET ROLE ops_load_alice;
SELECT load_as_owner('SELECT doc FROM load_secrets');
RESET ROLE;
SELECT load_contents();

-- ---- row-level security ----
TRUNCATE dynamodb.ops_load_p;
INSERT INTO dynamodb.ops_load_p (item) VALUES (load_doc(1, 'ops_load_alice')), (load_doc(2, 'ops_load_bob'));
ALTER TABLE dynamodb.ops_load_p ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON dynamodb.ops_load_p USING (item ->> 'owner' = current_user);
SET ROLE ops_load_alice;
SELECT * FROM dynamo.load_items('ops_load_p', $$SELECT load_doc(i, current_user, 'new') FROM generate_series(4, 3, -1) i$$);
SELECT dynamo.load_items('ops_load_p', $$SELECT load_doc(5, 'ops_load_bob')$$);
SELECT dynamo.load_items('ops_load_p', $$SELECT load_doc(i, current_user) FROM generate_series(5, 3, -1) i$$);
SELECT * FROM dynamo.load_items('ops_load_p', $$SELECT load_doc(i, current_user, 'skipped') FROM generate_series(5, 3, -1) i$$, 'skip');
SELECT * FROM dynamo.load_items('ops_load_p', $$VALUES (load_doc(6, current_user, 'a')), (load_doc(1, current_user, 'b')), (load_doc(6, current_user, 'c'))$$, 'replace');
-- what is hidden is neither absent nor replaced
SELECT dynamo.load_items('ops_load_p', $$SELECT load_doc(2, current_user)$$);
SELECT dynamo.load_items('ops_load_p', $$SELECT load_doc(2, current_user)$$, 'skip');
SELECT dynamo.load_items('ops_load_p', $$SELECT load_doc(2, current_user)$$, 'replace');
RESET ROLE;
SELECT load_contents();
SELECT * FROM dynamo.check_table('ops_load_p');
ALTER TABLE dynamodb.ops_load_p DISABLE ROW LEVEL SECURITY;

-- ---- triggers and CHECKs ----
CREATE TABLE load_log (line text);
CREATE FUNCTION load_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO load_log VALUES (format('%s %s', tg_op, new.item ->> 'sk'));
    RETURN new;
END$$;
CREATE TRIGGER log AFTER INSERT OR UPDATE ON dynamodb.ops_load_p FOR EACH ROW EXECUTE FUNCTION load_log();
ALTER TABLE dynamodb.ops_load_p ADD CHECK (item ->> 'v' <> 'bad');
SELECT * FROM dynamo.load_items('ops_load_p', $$SELECT load_doc(i, 'x') FROM generate_series(8, 6, -1) i$$, 'replace');
SELECT dynamo.load_items('ops_load_p', $$VALUES (load_doc(21, 'x')), (load_doc(20, 'x', 'bad'))$$);
SELECT line FROM load_log;
SELECT load_contents();
SELECT * FROM dynamo.check_table('ops_load_p');

-- ---- partitions ----
CREATE TABLE dynamodb.ops_load_parts (LIKE dynamodb.ops_load_p INCLUDING INDEXES) PARTITION BY HASH (pk);
CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON dynamodb.ops_load_parts FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('pk', 'S', 'pk', 'HASH', 'sk', 'N', 'sk', 'RANGE');
CREATE TABLE dynamodb.ops_load_part0 PARTITION OF dynamodb.ops_load_parts FOR VALUES WITH (MODULUS 2, REMAINDER 0) USING dynamo;
CREATE TABLE dynamodb.ops_load_part1 PARTITION OF dynamodb.ops_load_parts FOR VALUES WITH (MODULUS 2, REMAINDER 1) USING dynamo;
ALTER TABLE dynamodb.ops_load_parts ENABLE ALWAYS TRIGGER zzz_dynamo_maintain;
SELECT * FROM dynamo.load_items('ops_load_parts', $$SELECT jsonb_build_object('pk', 'p' || i % 7, 'sk', i) FROM generate_series(1, 50) i$$);
SELECT * FROM dynamo.load_items('ops_load_parts', $$SELECT jsonb_build_object('pk', 'p' || i % 7, 'sk', i) FROM generate_series(41, 60) i$$, 'skip');
SELECT dynamo.load_items('ops_load_parts', $$SELECT jsonb_build_object('pk', 'p3', 'sk', 59 + i) FROM generate_series(0, 1) i$$);
SELECT count(*), count(DISTINCT tableoid) FROM dynamodb.ops_load_parts;
SELECT * FROM dynamo.check_table('ops_load_parts');
-- a table without primary key
ALTER TABLE dynamodb.ops_load_p DROP CONSTRAINT ops_load_p_pkey;
SELECT dynamo.load_items('ops_load_p', $$SELECT load_doc(99, 'x')$$);

DROP FUNCTION load_as_owner, load_as_alice, try_modes, try_load, load_contents, load_doc;
DROP TABLE dynamodb.ops_load_parts, dynamodb.ops_load_p, load_secrets, load_log;
DROP FUNCTION load_log;
REVOKE USAGE ON SCHEMA dynamodb FROM ops_load_alice;
DROP ROLE ops_load_alice;
