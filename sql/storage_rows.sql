-- Rows: one key read and written, directly and by SQL, with the same results
\pset format unaligned
\pset tuples_only on

-- A CHECK constraint is enough for a table to be reached by SQL.
SELECT dynamo.create_table('storage_rows', 'pk S', 'sk N') IS NOT NULL;
SELECT dynamo.create_table('storage_rows_sql', 'pk S', 'sk N') IS NOT NULL;
ALTER TABLE dynamodb.storage_rows_sql ADD CHECK (sk < 1000000);

CREATE FUNCTION row_key(pk text, sk int) RETURNS dynamo.item LANGUAGE sql AS
    $$SELECT format('{"pk": {"S": "%s"}, "sk": {"N": "%s"}}', pk, sk)::dynamo.item$$;
CREATE FUNCTION row_item(pk text, sk int, v text) RETURNS dynamo.item LANGUAGE sql AS
    $$SELECT format('{"pk": {"S": "%s"}, "sk": {"N": "%s"}, "v": {"S": "%s"}}', pk, sk, v)::dynamo.item$$;
CREATE FUNCTION row_put(t text, pk text, sk int, v text) RETURNS dynamo.item LANGUAGE sql AS
    $$SELECT dynamo.put_item(t, row_item(pk, sk, v), return_values => 'ALL_OLD')$$;
CREATE FUNCTION row_set(t text, pk text, sk int, v text) RETURNS dynamo.item LANGUAGE sql AS
    $$SELECT dynamo.update_item(t, row_key(pk, sk), 'SET v = :v',
        expression_attribute_values => format('{":v": {"S": "%s"}}', v)::dynamo.item, return_values => 'ALL_NEW')$$;
CREATE FUNCTION row_delete(t text, pk text, sk int) RETURNS dynamo.item LANGUAGE sql AS
    $$SELECT dynamo.delete_item(t, row_key(pk, sk), return_values => 'ALL_OLD')$$;
-- (in PL/pgSQL, so that it reads after what the statement has written so far)
CREATE FUNCTION row_v(t text, pk text, sk int) RETURNS text LANGUAGE plpgsql AS
    $$BEGIN RETURN coalesce(dynamo.get_item(t, row_key(pk, sk)) ->> 'v', '(none)'); END$$;

-- Everything that one transaction can do to a key; returns what was seen.
CREATE FUNCTION exercise(t text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    place tid;
    same boolean;
BEGIN
    RETURN NEXT 'absent: ' || row_v(t, 'a', 1);
    RETURN NEXT 'deleted nothing: ' || (row_delete(t, 'a', 1) IS NULL);
    RETURN NEXT 'put: ' || (row_put(t, 'a', 1, 'one') IS NULL) || ' ' || row_v(t, 'a', 1);
    RETURN NEXT 'put again: ' || (row_put(t, 'a', 1, 'two') ->> 'v') || ' ' || row_v(t, 'a', 1);
    RETURN NEXT 'update: ' || (row_set(t, 'a', 1, 'three') ->> 'v') || ' ' || row_v(t, 'a', 1);

    -- a write that changes nothing writes nothing
    EXECUTE format('SELECT ctid FROM dynamodb.%I', t) INTO place;
    PERFORM row_put(t, 'a', 1, 'three'), row_set(t, 'a', 1, 'three');
    EXECUTE format('SELECT ctid = $1 FROM dynamodb.%I', t) USING place INTO same;
    RETURN NEXT 'unchanged: ' || same;

    RETURN NEXT 'delete: ' || (row_delete(t, 'a', 1) ->> 'v') || ' ' || row_v(t, 'a', 1);
    RETURN NEXT 'put after delete: ' || (row_put(t, 'a', 1, 'four') IS NULL) || ' ' || row_v(t, 'a', 1);

    -- subtransactions: of an insert, a change, a deletion that is undone
    BEGIN
        PERFORM row_put(t, 'b', 1, 'undone'), row_set(t, 'a', 1, 'undone');
        PERFORM row_delete(t, 'a', 1);
        RAISE EXCEPTION 'undo';
    EXCEPTION WHEN raise_exception THEN
        RETURN NEXT 'undone: ' || row_v(t, 'a', 1) || ' ' || row_v(t, 'b', 1);
    END;
    PERFORM row_put(t, 'b', 1, 'kept'), row_set(t, 'a', 1, 'five');
    RETURN NEXT 'after it: ' || row_v(t, 'a', 1) || ' ' || row_v(t, 'b', 1);
    BEGIN
        PERFORM row_set(t, 'a', 1, 'six');
    EXCEPTION WHEN raise_exception THEN
    END;
    RETURN NEXT 'a subtransaction that is kept: ' || (row_set(t, 'a', 1, 'seven') ->> 'v');

    -- rows that this transaction has locked or written by SQL
    EXECUTE format('SELECT true FROM dynamodb.%I WHERE pk = ''a'' FOR UPDATE', t);
    PERFORM row_set(t, 'a', 1, 'eight');
    EXECUTE format('UPDATE dynamodb.%I SET item = row_item(''a'', 1, ''nine'') WHERE pk = ''a''', t);
    RETURN NEXT 'changed by SQL: ' || (row_delete(t, 'a', 1) ->> 'v');
    EXECUTE format('INSERT INTO dynamodb.%I (item) VALUES (row_item(''a'', 1, ''ten''))', t);
    RETURN NEXT 'inserted by SQL: ' || (row_put(t, 'a', 1, 'eleven') ->> 'v');
    EXECUTE format('DELETE FROM dynamodb.%I', t);
    RETURN NEXT 'deleted by SQL: ' || (row_put(t, 'a', 1, 'twelve') IS NULL);

    -- a condition that fails leaves everything as it was
    BEGIN
        PERFORM dynamo.put_item(t, row_item('a', 1, 'no'), 'attribute_not_exists(pk)');
    EXCEPTION WHEN SQLSTATE 'ND003' THEN
        RETURN NEXT 'condition: ' || row_v(t, 'a', 1);
    END;
END$$;

SELECT * FROM exercise('storage_rows');
SELECT * FROM exercise('storage_rows_sql');

-- within one command: rows written by the very same statement
WITH written AS (
    INSERT INTO dynamodb.storage_rows (item) VALUES (row_item('c', 1, 'by SQL')) RETURNING item)
SELECT row_set('storage_rows', 'c', 1, 'by both') FROM written;
WITH written AS (
    INSERT INTO dynamodb.storage_rows_sql (item) VALUES (row_item('c', 1, 'by SQL')) RETURNING item)
SELECT row_set('storage_rows_sql', 'c', 1, 'by both') FROM written;
SELECT row_set('storage_rows', 'c', 1, i::text) ->> 'v' FROM generate_series(1, 3) i;
SELECT row_set('storage_rows_sql', 'c', 1, i::text) ->> 'v' FROM generate_series(1, 3) i;

-- REPEATABLE READ and SERIALIZABLE see their own writes
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT row_v('storage_rows', 'c', 1), row_v('storage_rows_sql', 'c', 1);
SELECT row_set('storage_rows', 'c', 1, 'x') ->> 'v', row_set('storage_rows_sql', 'c', 1, 'x') ->> 'v';
SELECT row_delete('storage_rows', 'c', 1) ->> 'v', row_delete('storage_rows_sql', 'c', 1) ->> 'v';
SELECT row_put('storage_rows', 'c', 1, 'y') IS NULL, row_put('storage_rows_sql', 'c', 1, 'y') IS NULL;
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT row_set('storage_rows', 'c', 1, 'z') ->> 'v', row_set('storage_rows_sql', 'c', 1, 'z') ->> 'v';
SELECT row_v('storage_rows', 'c', 1), row_v('storage_rows_sql', 'c', 1);
ROLLBACK;
SELECT row_v('storage_rows', 'c', 1), row_v('storage_rows_sql', 'c', 1);

-- no write in a read-only transaction
BEGIN READ ONLY;
SELECT row_v('storage_rows', 'c', 1), row_v('storage_rows_sql', 'c', 1);
SELECT row_put('storage_rows', 'c', 1, 'no');
ROLLBACK;

-- large items: compressed, in TOAST, back to small
CREATE FUNCTION resize(t text, n int) RETURNS boolean LANGUAGE sql AS $$
    SELECT row_put(t, 'big', 1, (SELECT string_agg(md5(i::text), '') FROM generate_series(1, n) i));
    SELECT length(row_v(t, 'big', 1)) = n * 32$$;
SELECT n, resize('storage_rows', n), resize('storage_rows_sql', n)
FROM unnest(ARRAY[1, 100, 10000, 10000, 3, 9000, 1]) n;
SELECT row_put('storage_rows', 'big', 1, repeat('a', 300000)) IS NULL,
       row_put('storage_rows_sql', 'big', 1, repeat('a', 300000)) IS NULL;
SELECT length(row_delete('storage_rows', 'big', 1) ->> 'v'), length(row_delete('storage_rows_sql', 'big', 1) ->> 'v');

-- an update that leaves the key alone is HOT, with long keys that are stored compressed too
SELECT dynamo.create_table('storage_rows_hot', 'pk S', 'sk B') IS NOT NULL;
ALTER TABLE dynamodb.storage_rows_hot SET (fillfactor = 20);
CREATE FUNCTION hot_key() RETURNS text LANGUAGE sql AS
    $$SELECT format('{"pk": {"S": "%s"}, "sk": {"B": "%s"}}', repeat('key', 660), repeat('AAAA', 340))$$;
SELECT dynamo.put_item('storage_rows_hot', hot_key()::dynamo.item) IS NULL;
BEGIN;
SELECT count(dynamo.update_item('storage_rows_hot', hot_key()::dynamo.item, 'SET n = :n',
    expression_attribute_values => format('{":n": {"N": "%s"}}', i)::dynamo.item, return_values => 'ALL_NEW'))
FROM generate_series(1, 5) i;
SELECT pg_stat_get_xact_tuples_updated('dynamodb.storage_rows_hot'::regclass),
       pg_stat_get_xact_tuples_hot_updated('dynamodb.storage_rows_hot'::regclass);
COMMIT;

-- indexes of the user: with expressions, partial, unique
CREATE INDEX storage_rows_expression ON dynamodb.storage_rows ((item ->> 'v'), pk);
CREATE INDEX storage_rows_partial ON dynamodb.storage_rows ((item ->> 'w')) WHERE sk > 10;
CREATE UNIQUE INDEX storage_rows_unique ON dynamodb.storage_rows ((item ->> 'email'));
SELECT count(dynamo.put_item('storage_rows', format('{"pk": {"S": "i"}, "sk": {"N": "%s"}, "v": {"S": "%s"},
    "w": {"S": "w%s"}, "email": {"S": "e%s"}}', i, i % 3, i, i)::dynamo.item)) FROM generate_series(1, 20) i;
SELECT count(dynamo.update_item('storage_rows', row_key('i', i), 'SET v = :v, w = :v',
    expression_attribute_values => '{":v": {"S": "new"}}', return_values => 'ALL_NEW')) FROM generate_series(5, 15) i;
SELECT count(dynamo.delete_item('storage_rows', row_key('i', i), return_values => 'ALL_OLD')) FROM generate_series(14, 20) i;
SET enable_seqscan = off;
SELECT string_agg(sk::text, ' ' ORDER BY sk) FROM dynamodb.storage_rows WHERE item ->> 'v' = 'new' AND pk = 'i';
SELECT string_agg(sk::text, ' ' ORDER BY sk) FROM dynamodb.storage_rows WHERE item ->> 'v' = '1' AND pk = 'i';
SELECT string_agg(sk::text, ' ' ORDER BY sk) FROM dynamodb.storage_rows WHERE item ->> 'w' = 'new' AND sk > 10;
RESET enable_seqscan;
-- the user's unique index has its say, and nothing is left of the attempt
SELECT dynamo.put_item('storage_rows', '{"pk": {"S": "i"}, "sk": {"N": "100"}, "email": {"S": "e7"}}');
SELECT dynamo.update_item('storage_rows', row_key('i', 1), 'SET email = :e', expression_attribute_values => '{":e": {"S": "e7"}}');
SELECT row_v('storage_rows', 'i', 100), dynamo.get_item('storage_rows', row_key('i', 1)) ->> 'email';
DROP INDEX dynamodb.storage_rows_unique, dynamodb.storage_rows_partial, dynamodb.storage_rows_expression;
CREATE UNIQUE INDEX storage_rows_unique ON dynamodb.storage_rows_sql ((item ->> 'email'));
SELECT dynamo.put_item('storage_rows_sql', format('{"pk": {"S": "i"}, "sk": {"N": "%s"}, "email": {"S": "e1"}}', i)::dynamo.item)
FROM generate_series(1, 2) i;

-- an index whose expression uses the table itself
-- (a setting of its own: from 17 on CREATE INDEX has a search_path of its own)
CREATE FUNCTION other_v(dynamo.item) RETURNS text IMMUTABLE LANGUAGE sql SET search_path = public AS
    $$SELECT row_v('storage_rows', 'c', 1) || row_v('storage_rows', $1 ->> 'v', 1)$$;
CREATE INDEX storage_rows_odd ON dynamodb.storage_rows (other_v(item)) WHERE other_v(item) <> '';
SELECT count(row_put('storage_rows', 'd', i, i::text)) FROM generate_series(1, 3) i;
SELECT row_set('storage_rows', 'd', 1, 'x') ->> 'v', row_delete('storage_rows', 'd', 2) ->> 'v';
DROP INDEX dynamodb.storage_rows_odd;

-- what a session remembers of a table follows the table
SELECT row_put('storage_rows', 'e', 1, 'before') IS NULL, row_put('storage_rows_sql', 'e', 1, 'before') IS NULL;
ALTER TABLE dynamodb.storage_rows RENAME TO storage_rows_other;
ALTER TABLE dynamodb.storage_rows_sql RENAME TO storage_rows;
SELECT row_set('storage_rows', 'e', 1, 'by SQL') ->> 'v', row_set('storage_rows_other', 'e', 1, 'directly') ->> 'v';
SELECT row_v('storage_rows', 'e', 1), row_v('storage_rows_other', 'e', 1);
ALTER TABLE dynamodb.storage_rows DROP CONSTRAINT storage_rows_sql_sk_check;
ALTER TABLE dynamodb.storage_rows_other ADD CHECK (pk <> 'no');
SELECT row_set('storage_rows', 'e', 1, 'directly') ->> 'v', row_set('storage_rows_other', 'e', 1, 'by SQL') ->> 'v';
SELECT row_put('storage_rows_other', 'no', 1, 'no');
ALTER SCHEMA dynamodb RENAME TO storage_rows_schema;
CREATE SCHEMA dynamodb;
SELECT row_v('storage_rows_other', 'e', 1);
SET dynamo.schema = 'storage_rows_schema';
SELECT row_set('storage_rows_other', 'e', 1, 'elsewhere') ->> 'v';
RESET dynamo.schema;
DROP SCHEMA dynamodb;
ALTER SCHEMA storage_rows_schema RENAME TO dynamodb;
SELECT row_v('storage_rows_other', 'e', 1);
BEGIN;
ALTER TABLE dynamodb.storage_rows ADD CHECK (pk <> 'f');
SELECT row_put('storage_rows', 'g', 1, 'by SQL') IS NULL;
ROLLBACK;
SELECT row_put('storage_rows', 'f', 1, 'directly') IS NULL;
REINDEX TABLE dynamodb.storage_rows;
SELECT row_set('storage_rows', 'f', 1, 'after') ->> 'v', row_put('storage_rows', 'f', 2, 'after') IS NULL;
CLUSTER dynamodb.storage_rows USING storage_rows_sql_pkey;
SELECT row_set('storage_rows', 'f', 1, 'after that') ->> 'v', row_put('storage_rows', 'f', 2, 'after that') ->> 'v';

SELECT * FROM dynamo.check_table('storage_rows') UNION ALL SELECT * FROM dynamo.check_table('storage_rows_other')
UNION ALL SELECT * FROM dynamo.check_table('storage_rows_hot');
SELECT dynamo.delete_table(t) IS NOT NULL FROM unnest(ARRAY['storage_rows', 'storage_rows_other', 'storage_rows_hot']) t;
DROP FUNCTION exercise, resize, hot_key, other_v, row_put, row_set, row_delete, row_v, row_item, row_key;
