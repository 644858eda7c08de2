-- update expressions; attributes that have changed are shown
\pset format unaligned
\pset fieldsep ' -> '
\getenv abs_srcdir PG_ABS_SRCDIR
\set expressions :abs_srcdir '/test/sql/expressions.sql'
\i :expressions
CREATE OR REPLACE FUNCTION pg_temp.try(expression text) RETURNS text AS $$
BEGIN
    RETURN (SELECT coalesce(string_agg(key || ' = ' || coalesce(n.value::text, 'removed'), ', ' ORDER BY key), 'unchanged')
            FROM jsonb_each(dynamo.apply_update((SELECT item FROM fixed), expression, pg_temp.names_in(expression),
                                                pg_temp.values_in(expression))::text::jsonb) n
            FULL JOIN jsonb_each((SELECT item FROM fixed)::text::jsonb) o USING (key)
            WHERE n.value IS DISTINCT FROM o.value);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$ LANGUAGE plpgsql;

-- SET
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'SET s = :z',
    'set zz = :s',
    'SET s = :s',
    'SET s = n',
    'SET zz = l[0]',
    'SET m.a = :s',
    'SET m.zz = :s',
    'SET m.b.zz = :s',
    'SET l[0] = :s',
    'SET l[2].k = :s',
    'SET l[3][0] = l[2]',
    'SET s = :n, n = :s',
    'SET s = n, n = s',
    'SET a = m, m.a = :z',
    'SET s = (:z)',
    'SET l = :l, m = :m',
    'SET size = :n'
]) e;

-- elements beyond the end of a list are appended, in the order of their indexes
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'SET l[9] = :s',
    'SET l[9] = :s, l[5] = :n',
    'SET m.l[1] = :s',
    'SET l[3][7] = :s'
]) e;

-- arithmetic
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'SET n = n + :n1',
    'SET n = n - :n9',
    'SET n = :n1 - n',
    'SET zz = m.a + l[0]',
    'SET n = (n + :n)',
    'SET n = (n) + (:n)',
    'SET n = n+:n',
    'SET n = n-:n',
    'SET n = n + n',
    'SET n = s + :n',
    'SET n = n + s',
    'SET n = n + zz',
    'SET n = zz - :n',
    'SET n = n + :s',
    'SET n = :u - n',
    'SET n = :big + :big',
    'SET n = :big + :n'
]) e;

-- if_not_exists
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'SET zz = if_not_exists(zz, :s)',
    'SET s = if_not_exists(s, :z)',
    'SET n = if_not_exists(n, :zero) + :n1',
    'SET zz = if_not_exists(zz, :zero) + :n1',
    'SET zz = if_not_exists(yy, if_not_exists(xx, :s))',
    'SET zz = if_not_exists(zz, yy)',
    'SET zz = if_not_exists(s, yy)',
    'SET zz = if_not_exists(s.x, s)',
    'SET zz = if_not_exists((zz), (:n))',
    'SET zz = if_not_exists(l[9], l[0])'
]) e;

-- list_append
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'SET l = list_append(l, :l)',
    'SET l = list_append(:l, l)',
    'SET zz = list_append(:l, :l)',
    'SET l = list_append(l, l)',
    'SET l = (list_append(l, :l))',
    'SET zz = list_append(if_not_exists(zz, :l), :l)',
    'SET m.l = list_append(m.l, :l)',
    'SET l = list_append(zz, :l)',
    'SET l = list_append(l, s)',
    'SET l = list_append(l, :s)'
]) e;

-- REMOVE; elements of lists by their old indexes
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'REMOVE s',
    'REMOVE s, n',
    'REMOVE zz',
    'REMOVE m.a',
    'REMOVE m.zz',
    'REMOVE m.b.c',
    'REMOVE l[0]',
    'REMOVE l[0], l[2]',
    'REMOVE l[9]',
    'REMOVE l[3][0]',
    'REMOVE l[0] SET l[1] = :s',
    'REMOVE l[1] SET l[9] = :s',
    'REMOVE l[0], l[1], l[2], l[3]'
]) e;

-- ADD
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'ADD n :n',
    'ADD zz :n',
    'ADD m.a :n, l[0] :n',
    'ADD m.zz :n',
    'ADD l[9] :n',
    'ADD ss :ss',
    'ADD ns :ns',
    'ADD zz :bs',
    'ADD n :big',
    'ADD s :n',
    'ADD n :ns',
    'ADD ss :ns',
    'ADD l :n',
    'ADD zz.x :n'
]) e;

-- DELETE
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'DELETE ss :ss',
    'DELETE ns :ns, bs :bs',
    'DELETE zz :ss',
    'DELETE ss :ns',
    'DELETE s :ss',
    'DELETE l[0] :ss',
    'DELETE l[9] :ss',
    'DELETE zz.x :ss',
    'DELETE m.zz :ss'
]) e;

-- sections together
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'set s = :z remove n add ns :ns delete ss :ss',
    'REMOVE s SET zz = s',
    'ADD n :n SET zz = n',
    'REMOVE m.a SET zz = m, m.y = m.a'
]) e;

-- paths that the item does not have
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'SET zz.x = :s',
    'SET s.x = :s',
    'SET u.x = :s',
    'SET l[9].x = :s',
    'SET l.x = :s',
    'SET m[0] = :s',
    'SET s[0] = :s',
    'SET zz[0] = :s',
    'REMOVE zz.x',
    'REMOVE s[0]',
    'REMOVE l.x',
    'REMOVE l[9].x',
    'REMOVE m.zz.x'
]) e;

-- operands that the item does not have
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'SET zz = yy',
    'SET zz = l[9]',
    'SET zz = m.zz',
    'SET zz = s.x'
]) e;

-- a set that loses its last element is removed; so is an element of a list that was one
SELECT dynamo.apply_update(i, e, NULL, '{":x":{"SS":["x","y"]}}') FROM (VALUES
    ('{"ss":{"SS":["x"]},"a":{"N":"1"}}'::dynamo.item, 'DELETE ss :x'),
    ('{"m":{"M":{"ss":{"SS":["x","y"]}}}}', 'DELETE m.ss :x'),
    ('{"l":{"L":[{"SS":["x"]},{"S":"q"}]}}', 'DELETE l[0] :x')) x(i, e);
-- no item, no expression
SELECT dynamo.apply_update(NULL, 'SET a = :a', NULL, '{":a":{"N":"1"}}'), dynamo.apply_update(NULL, 'SET a = b', NULL, NULL);
SELECT dynamo.apply_update('{"a":{"N":"1"}}', NULL) IS NULL;
-- numbers keep 38 digits or are refused
SELECT dynamo.apply_update('{"n":{"N":"1E37"}}', 'SET n = n + :v', NULL, '{":v":{"N":"1"}}');
SELECT dynamo.apply_update('{"n":{"N":"0.1"}}', 'ADD n :v', NULL, '{":v":{"N":"0.2"}}');
SELECT dynamo.apply_update('{"n":{"N":"1E38"}}', 'SET n = n + :v', NULL, '{":v":{"N":"1"}}');
SELECT dynamo.apply_update('{"n":{"N":"1E-130"}}', 'SET n = n - :v', NULL, '{":v":{"N":"1E-130"}}');

DROP TABLE fixed;
