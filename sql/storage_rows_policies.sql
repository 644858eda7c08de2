-- Rows: what the executor must see: row-level security, triggers, constraints, partitions, rules
\pset format unaligned
\pset tuples_only on

SELECT dynamo.create_table('storage_policies', 'pk S', 'sk N') IS NOT NULL;
CREATE FUNCTION put(pk text, sk int, owner text, v text DEFAULT 'x') RETURNS dynamo.item LANGUAGE sql AS
    $$SELECT dynamo.put_item('storage_policies', format('{"pk": {"S": "%s"}, "sk": {"N": "%s"}, "owner": {"S": "%s"}, "v": {"S": "%s"}}',
        pk, sk, owner, v)::dynamo.item, return_values => 'ALL_OLD')$$;
CREATE FUNCTION key(pk text, sk int) RETURNS dynamo.item LANGUAGE sql AS
    $$SELECT format('{"pk": {"S": "%s"}, "sk": {"N": "%s"}}', pk, sk)::dynamo.item$$;
CREATE FUNCTION set_v(pk text, sk int, v text) RETURNS dynamo.item LANGUAGE sql AS
    $$SELECT dynamo.update_item('storage_policies', key(pk, sk), 'SET v = :v',
        expression_attribute_values => format('{":v": {"S": "%s"}}', v)::dynamo.item, return_values => 'ALL_NEW')$$;
CREATE FUNCTION remove(pk text, sk int) RETURNS dynamo.item LANGUAGE sql AS
    $$SELECT dynamo.delete_item('storage_policies', key(pk, sk), return_values => 'ALL_OLD')$$;
SELECT count(put(p, i, o)) FROM (VALUES ('a', 'storage_alice'), ('b', 'storage_bob'), ('s', 'shared')) x(p, o), generate_series(1, 2) i;

-- ---- row-level security ----
CREATE ROLE storage_alice;
CREATE ROLE storage_bob;
GRANT USAGE ON SCHEMA dynamodb TO storage_alice, storage_bob;
GRANT SELECT, INSERT, UPDATE, DELETE ON dynamodb.storage_policies TO storage_alice;
GRANT SELECT, DELETE ON dynamodb.storage_policies TO storage_bob;
ALTER TABLE dynamodb.storage_policies ENABLE ROW LEVEL SECURITY;
CREATE POLICY see ON dynamodb.storage_policies FOR SELECT USING (item ->> 'owner' IN (current_user, 'shared'));
CREATE POLICY add ON dynamodb.storage_policies FOR INSERT WITH CHECK (item ->> 'owner' = current_user);
CREATE POLICY change ON dynamodb.storage_policies FOR UPDATE USING (item ->> 'owner' = current_user);
CREATE POLICY remove ON dynamodb.storage_policies FOR DELETE USING (item ->> 'owner' = current_user);

SET ROLE storage_alice;
-- reads: what is hidden is not there
SELECT dynamo.get_item('storage_policies', key('a', 1)) ->> 'owner', dynamo.get_item('storage_policies', key('b', 1)), dynamo.get_item('storage_policies', key('s', 1)) ->> 'owner';
SELECT dynamo.scan('storage_policies');
SELECT count(*) FROM dynamo.query('storage_policies', 'pk = :p', expression_attribute_values => '{":p": {"S": "b"}}');
SELECT count(*) FROM (SELECT dynamo.scan('storage_policies', segment => s, total_segments => 3) FROM generate_series(0, 2) s) x;
-- writes of one's own
SELECT put('a', 1, 'storage_alice', 'y') ->> 'v', set_v('a', 1, 'z') ->> 'v', remove('a', 1) ->> 'v', put('a', 1, 'storage_alice') IS NULL;
-- what is hidden is neither absent nor changed
SELECT put('b', 1, 'storage_alice');
SELECT set_v('b', 1, 'no');
SELECT remove('b', 1);
SELECT dynamo.put_item('storage_policies', key('b', 1), 'attribute_not_exists(pk)');
SELECT dynamo.delete_item('storage_policies', key('b', 1), 'attribute_not_exists(pk)');
-- what may be read but not changed
SELECT put('s', 1, 'storage_alice');
SELECT set_v('s', 1, 'no');
SELECT remove('s', 1);
SELECT dynamo.put_item('storage_policies', key('s', 1), 'attribute_not_exists(pk)');
-- what may not be made
SELECT put('new', 1, 'storage_bob');
SELECT dynamo.update_item('storage_policies', key('a', 1), 'SET #o = :o', expression_attribute_names => '{"#o": "owner"}', expression_attribute_values => '{":o": {"S": "storage_bob"}}');
-- under REPEATABLE READ too
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT set_v('a', 1, 'rr') ->> 'v';
SELECT remove('b', 1);
ROLLBACK;
-- a caller who may delete needs no right to update
SET ROLE storage_bob;
SELECT remove('b', 1) ->> 'owner', remove('b', 1) IS NULL;
SELECT remove('a', 1);
SELECT set_v('b', 2, 'no');
SELECT put('b', 3, 'storage_bob');
-- row_security = off is an error, not a way around
SET row_security = off;
SELECT dynamo.get_item('storage_policies', key('b', 2));
SELECT remove('b', 2);
SELECT dynamo.scan('storage_policies');
RESET row_security;
-- a session that changes its role
RESET ROLE;
SELECT count(*) FROM dynamo.scan('storage_policies');
SET ROLE storage_bob;
SELECT count(*) FROM dynamo.scan('storage_policies');
RESET ROLE;
SELECT set_v('s', 1, 'owner of the table') ->> 'v';
ALTER TABLE dynamodb.storage_policies FORCE ROW LEVEL SECURITY;
SELECT count(*) FROM dynamo.scan('storage_policies');	-- a superuser's
ALTER TABLE dynamodb.storage_policies NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
SET ROLE storage_bob;
SELECT count(*) FROM dynamo.scan('storage_policies');
SELECT remove('a', 1) ->> 'owner';
RESET ROLE;

-- ---- triggers ----
CREATE FUNCTION storage_policies_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    row record := NEW;
BEGIN
    IF TG_OP = 'DELETE' THEN
        row := OLD;
    END IF;
    IF row.item ->> 'v' = 'suppress' || TG_OP THEN
        RETURN NULL;
    ELSIF row.item ->> 'v' = 'change me' THEN
        row.item := jsonb_build_object('pk', row.item ->> 'pk', 'sk', (row.item ->> 'sk')::numeric, 'v', 'changed')::dynamo.item;
    ELSIF row.item ->> 'v' = 'move me' THEN
        row.item := '{"pk": {"S": "moved"}, "sk": {"N": "1"}}';
    END IF;
    RETURN row;
END$$;
CREATE TRIGGER a BEFORE INSERT OR UPDATE OR DELETE ON dynamodb.storage_policies FOR EACH ROW EXECUTE FUNCTION storage_policies_trigger();
CREATE FUNCTION storage_policies_log() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN RAISE NOTICE '% % % -> %', TG_OP, TG_LEVEL, OLD.item ->> 'v', NEW.item ->> 'v'; RETURN NULL; END$$;
CREATE TRIGGER log AFTER INSERT OR UPDATE OR DELETE ON dynamodb.storage_policies FOR EACH ROW EXECUTE FUNCTION storage_policies_log();
-- what is stored is what the trigger says
SELECT put('t', 1, 'o', 'change me') IS NULL;
SELECT dynamo.get_item('storage_policies', key('t', 1));
SELECT set_v('t', 1, 'plain') ->> 'v';
SELECT set_v('t', 1, 'change me') ->> 'v';
SELECT dynamo.get_item('storage_policies', key('t', 1));
SELECT set_v('t', 1, 'move me') ->> 'v';
SELECT pk, item FROM dynamodb.storage_policies WHERE pk IN ('t', 'moved');
-- a suppressed write is an error
SELECT put('t', 2, 'o', 'suppressINSERT');
SELECT put('t', 3, 'o', 'suppressUPDATE') IS NULL;
SELECT put('t', 3, 'o', 'suppressUPDATE2') IS NULL;
SELECT put('t', 3, 'o', 'suppressUPDATE');
SELECT put('t', 4, 'o', 'suppressDELETE') IS NULL;
SELECT remove('t', 4);
SELECT dynamo.get_item('storage_policies', key('t', 4)) ->> 'v';
DROP TRIGGER a ON dynamodb.storage_policies;
DROP TRIGGER log ON dynamodb.storage_policies;

-- triggers of statements, deferred constraints
CREATE TRIGGER log AFTER INSERT OR UPDATE OR DELETE ON dynamodb.storage_policies FOR EACH STATEMENT EXECUTE FUNCTION storage_policies_log();
SELECT put('t', 5, 'o', 'statement') IS NULL, set_v('t', 5, 'statement 2') ->> 'v', remove('t', 5) ->> 'v';
DROP TRIGGER log ON dynamodb.storage_policies;
CREATE CONSTRAINT TRIGGER log AFTER INSERT OR UPDATE ON dynamodb.storage_policies DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION storage_policies_log();
BEGIN;
SELECT put('t', 6, 'o', 'deferred') IS NULL;
\echo committing
COMMIT;
DROP TRIGGER log ON dynamodb.storage_policies;

-- foreign keys to and from the table
ALTER TABLE dynamodb.storage_policies ADD CONSTRAINT sk_known UNIQUE (sk, pk);
CREATE TABLE storage_parents (pk text COLLATE "C" PRIMARY KEY);
CREATE TABLE storage_children (pk text COLLATE "C", sk numeric, FOREIGN KEY (pk, sk) REFERENCES dynamodb.storage_policies);
INSERT INTO storage_children VALUES ('s', 1);
SELECT remove('s', 1);
SELECT set_v('s', 1, 'still updatable') ->> 'v';
DROP TABLE storage_children;
INSERT INTO storage_parents SELECT DISTINCT pk FROM dynamodb.storage_policies;
ALTER TABLE dynamodb.storage_policies ADD CONSTRAINT parent FOREIGN KEY (pk) REFERENCES storage_parents;
SELECT put('orphan', 1, 'o');
ALTER TABLE dynamodb.storage_policies DROP CONSTRAINT parent, DROP CONSTRAINT sk_known;
DROP TABLE storage_parents;

-- constraints that are no plain indexes
ALTER TABLE dynamodb.storage_policies ADD CONSTRAINT later EXCLUDE USING btree ((item ->> 'once') WITH =) DEFERRABLE INITIALLY DEFERRED;
SELECT put('u', 1, 'o') IS NULL, put('u', 1, 'o', 'y') ->> 'v', remove('u', 1) ->> 'v';
ALTER TABLE dynamodb.storage_policies DROP CONSTRAINT later;
ALTER TABLE dynamodb.storage_policies ADD CONSTRAINT one_each EXCLUDE USING btree ((item ->> 'once') WITH =);
SELECT dynamo.put_item('storage_policies', '{"pk": {"S": "v"}, "sk": {"N": "1"}, "once": {"S": "1"}}');
SELECT dynamo.put_item('storage_policies', '{"pk": {"S": "v"}, "sk": {"N": "2"}, "once": {"S": "1"}}');
ALTER TABLE dynamodb.storage_policies DROP CONSTRAINT one_each;

-- columns and rules of the user
ALTER TABLE dynamodb.storage_policies ADD note text DEFAULT 'default';
SELECT put('w', 1, 'o') IS NULL;
UPDATE dynamodb.storage_policies SET note = 'mine' WHERE pk = 'w';
SELECT put('w', 1, 'o', 'y') ->> 'v', set_v('w', 1, 'z') ->> 'v';
SELECT pk, note, item ->> 'v' FROM dynamodb.storage_policies WHERE pk = 'w';
ALTER TABLE dynamodb.storage_policies DROP note;
SELECT put('w', 2, 'o') IS NULL, set_v('w', 1, 'directly') ->> 'v', remove('w', 2) ->> 'v';
CREATE RULE nothing AS ON UPDATE TO dynamodb.storage_policies DO INSTEAD NOTHING;
SELECT set_v('w', 1, 'no');
DROP RULE nothing ON dynamodb.storage_policies;
SELECT set_v('w', 1, 'after all') ->> 'v';

SELECT * FROM dynamo.check_table('storage_policies');
SELECT dynamo.delete_table('storage_policies') IS NOT NULL;

-- ---- partitions ----
CREATE TABLE dynamodb.storage_policies (pk text COLLATE "C" NOT NULL, sk numeric NOT NULL, item dynamo.item NOT NULL, PRIMARY KEY (pk, sk)) PARTITION BY HASH (pk);
CREATE TABLE dynamodb.storage_policies_0 PARTITION OF dynamodb.storage_policies FOR VALUES WITH (MODULUS 2, REMAINDER 0) USING dynamo;
CREATE TABLE dynamodb.storage_policies_1 PARTITION OF dynamodb.storage_policies FOR VALUES WITH (MODULUS 2, REMAINDER 1) USING dynamo;
CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON dynamodb.storage_policies FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('pk', 'S', 'pk', 'HASH', 'sk', 'N', 'sk', 'RANGE');
SELECT count(put(p, i, 'o')) FROM unnest(ARRAY['a', 'b', 'c', 'd', 'e', 'f']) p, generate_series(1, 3) i;
SELECT put('a', 1, 'o', 'y') ->> 'v', set_v('a', 1, 'z') ->> 'v', remove('a', 2) ->> 'v', remove('a', 2) IS NULL;
SELECT count(DISTINCT tableoid) FROM dynamodb.storage_policies;
SELECT i ->> 'pk', i ->> 'sk', i ->> 'v' FROM dynamo.scan('storage_policies', exclusive_start_key => '{"pk": {"S": "a"}, "sk": {"N": "0"}}') i;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT set_v('b', 1, 'rr') ->> 'v', dynamo.get_item('storage_policies', key('c', 1)) ->> 'v';
COMMIT;
-- row-level security there
GRANT SELECT, INSERT, UPDATE, DELETE ON dynamodb.storage_policies TO storage_alice;
ALTER TABLE dynamodb.storage_policies ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_but_a ON dynamodb.storage_policies USING (pk <> 'a');
SET ROLE storage_alice;
SELECT count(*) FROM dynamo.scan('storage_policies');
SELECT remove('a', 1);
SELECT put('a', 1, 'o');
SELECT set_v('b', 1, 'new') ->> 'v', remove('none', 1) IS NULL, put('b', 9, 'o') IS NULL, remove('b', 9) ->> 'v';
SELECT put('a', 9, 'o');
RESET ROLE;
DROP TABLE dynamodb.storage_policies;
-- what is hidden is found in whatever partition the key has its place, and no other one is locked for that
CREATE TABLE dynamodb.storage_policies (pk text COLLATE "C" NOT NULL, sk numeric NOT NULL, item dynamo.item NOT NULL, PRIMARY KEY (pk, sk)) PARTITION BY LIST (pk);
CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON dynamodb.storage_policies FOR EACH ROW
    EXECUTE FUNCTION dynamo.maintain_columns('pk', 'S', 'pk', 'HASH', 'sk', 'N', 'sk', 'RANGE');
CREATE TABLE dynamodb.storage_policies_a PARTITION OF dynamodb.storage_policies FOR VALUES IN ('a', 'b') USING dynamo;
CREATE TABLE dynamodb.storage_policies_sk (item dynamo.item NOT NULL, sk numeric NOT NULL, pk text COLLATE "C" NOT NULL, PRIMARY KEY (pk, sk)) PARTITION BY RANGE (sk);
CREATE TABLE dynamodb.storage_policies_sk_1 PARTITION OF dynamodb.storage_policies_sk FOR VALUES FROM (1) TO (2) USING dynamo;
CREATE TABLE dynamodb.storage_policies_sk_3 PARTITION OF dynamodb.storage_policies_sk FOR VALUES FROM (3) TO (4) USING dynamo;
ALTER TABLE dynamodb.storage_policies ATTACH PARTITION dynamodb.storage_policies_sk FOR VALUES IN ('c');
SELECT count(put(p, i, 'o')) FROM (VALUES ('a', 1), ('c', 1), ('c', 3)) x(p, i);
SELECT put('c', 2, 'o');
SELECT put('z', 1, 'o');
CREATE FUNCTION locked() RETURNS text LANGUAGE sql AS
    $$SELECT string_agg(DISTINCT relation::regclass::text, ' ') FROM pg_locks JOIN pg_class c ON c.oid = relation
       WHERE pid = pg_backend_pid() AND relname LIKE 'storage\_policies\_%' AND relkind = 'r'$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON dynamodb.storage_policies TO storage_alice;
ALTER TABLE dynamodb.storage_policies ENABLE ROW LEVEL SECURITY;
CREATE POLICY new ON dynamodb.storage_policies USING (item ->> 'owner' = 'new');
SET ROLE storage_alice;
SELECT put('a', 1, 'new');
SELECT remove('c', 1);
SELECT remove('c', 3);
SELECT remove('c', 2) IS NULL, remove('c', 9) IS NULL, remove('z', 1) IS NULL;
BEGIN;
SELECT put('b', 1, 'new') IS NULL, locked();
ROLLBACK;
BEGIN;
SELECT dynamo.delete_item('storage_policies', '{"pk": {"S": "c"}, "sk": {"N": "3.5"}}') IS NULL, locked();
ROLLBACK;
RESET ROLE;
CREATE TABLE dynamodb.storage_policies_default PARTITION OF dynamodb.storage_policies DEFAULT USING dynamo;
SELECT put('z', 1, 'o') IS NULL;
SET ROLE storage_alice;
SELECT remove('z', 1);
RESET ROLE;
DROP TABLE dynamodb.storage_policies;
DROP FUNCTION locked;

REVOKE USAGE ON SCHEMA dynamodb FROM storage_alice, storage_bob;
DROP ROLE storage_alice;
DROP ROLE storage_bob;
DROP FUNCTION put, set_v, remove, key, storage_policies_trigger, storage_policies_log;
