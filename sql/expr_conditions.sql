-- comparisons, BETWEEN, IN, AND, OR, NOT
\pset format unaligned
\pset fieldsep ' -> '
\getenv abs_srcdir PG_ABS_SRCDIR
\set expressions :abs_srcdir '/test/sql/expressions.sql'
\i :expressions

-- equality of every type
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    's = :s',
    's = :z',
    's = :n',
    'n = :n',
    'b = :b',
    't = :t',
    'u = :u',
    'ss = :ss',
    'ns = :ns',
    'l = :l',
    'm = :m',
    ':s = s',
    ':s = :s',
    'l[0] = :n1',
    'm.b.c = :z',
    's <> :z',
    's <> :s',
    's <> :n',
    'ss <> :ss'
]) e;

-- order within a type; another type is neither less nor greater
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'n < :n9',
    'n < :n',
    'n <= :n',
    'n > :n1',
    'n >= :n9',
    's < :z',
    's > :z',
    'b <= :b',
    'b < :b',
    'n < :s',
    's < :n',
    'NOT n < :s',
    ':n1 < :n9',
    ':n1 < n',
    'l[0] < n',
    'n < m.a'
]) e;

-- missing attributes: only <> is true
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'zz = :s',
    'zz <> :s',
    'zz < :n',
    'zz > :n',
    'zz = yy',
    'zz <> yy',
    'NOT zz = :s',
    'zz BETWEEN :s AND :z',
    'zz IN (:s)',
    's IN (zz)',
    'NOT zz IN (:s)',
    'size(zz) > :zero',
    'size(zz) <> :zero',
    'contains(zz, :s)',
    'begins_with(s, zz)'
]) e;

-- BETWEEN
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'n BETWEEN :n1 AND :n9',
    'n BETWEEN :n AND :n',
    'n BETWEEN :zero AND :n1',
    's BETWEEN :s AND :z',
    'n BETWEEN s AND :n9',
    ':n BETWEEN :n1 AND :n9',
    'n between m.a and :n9',
    'n BETWEEN l[0] AND n',
    'n BETWEEN m.a AND :n9 AND s = :s',
    'NOT n BETWEEN :n1 AND :n9',
    's BETWEEN (:s) AND (:z)'
]) e;

-- IN
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'n IN (:n1, :n)',
    'n IN (:n1, :n9)',
    's IN (:s,:n,:ss)',
    'l IN (:l, :m)',
    's in (n, m.b.c)',
    ':s IN (s)',
    'size(s) IN (:n, :n9)',
    's IN ((:s))'
]) e;

-- precedence: NOT before AND before OR
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    's = :s OR s = :z AND s = :z',
    's = :z AND s = :z OR s = :s',
    '(s = :s OR s = :z) AND s = :z',
    'NOT s = :z AND s = :s',
    'NOT s = :s OR s = :s',
    'NOT (s = :s OR s = :z)',
    'NOT NOT s = :s',
    'not s = :s aNd s = :s Or s = :s',
    's = :s AND s = :s AND s = :z',
    's = :z OR s = :z OR s = :s',
    'NOT (NOT (s = :s))'
]) e;

-- white space
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    's=:s',
    E'  s  =\t:s\n AND\r\n n = :n ',
    'attribute_exists ( s )',
    'l [ 0 ] = :n1',
    'm . b . c = :z'
]) e;

-- no item at all
SELECT dynamo.matches(NULL, 'attribute_not_exists(pk)'), dynamo.matches(NULL, 'attribute_exists(pk)'),
    dynamo.matches(NULL, 'a <> b'), dynamo.matches('{"a":{"N":"1"}}', NULL);
-- in a WHERE clause, with the expression from a constant and from a column
CREATE TEMP TABLE items AS
    SELECT i, ('{"i":{"N":"' || i || '"},"odd":{"BOOL":' || (i % 2 = 1) || '}}')::dynamo.item AS item,
        CASE WHEN i < 5 THEN 'i < :v' ELSE 'i > :v' END AS expression
    FROM generate_series(1, 9) i;
SELECT string_agg(i::text, ' ' ORDER BY i) FROM items
    WHERE dynamo.matches(item, 'odd = :t AND i > :v', NULL, '{":t":{"BOOL":true},":v":{"N":"4"}}');
SELECT string_agg(i::text, ' ' ORDER BY i) FROM items
    WHERE dynamo.matches(item, expression, NULL, ('{":v":{"N":"' || (i - i % 3) || '"}}')::dynamo.item);
-- a PL/pgSQL expression keeps its state while its variables change
DO $$
DECLARE r record; n int := 0;
BEGIN
    FOR r IN SELECT * FROM items LOOP
        IF dynamo.matches(r.item, 'i = :v', NULL, ('{":v":{"N":"' || r.i || '"}}')::dynamo.item) THEN n := n + 1; END IF;
    END LOOP;
    RAISE NOTICE '% of 9', n;
END $$;
DROP TABLE items;

DROP TABLE fixed;
