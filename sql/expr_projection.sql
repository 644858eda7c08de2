-- projection expressions
\pset format unaligned
\pset fieldsep ' -> '
\getenv abs_srcdir PG_ABS_SRCDIR
\set expressions :abs_srcdir '/test/sql/expressions.sql'
\i :expressions
-- what is left of the item
CREATE OR REPLACE FUNCTION pg_temp.try(expression text) RETURNS text AS $$
BEGIN
    RETURN dynamo.project((SELECT item FROM fixed), expression, pg_temp.names_in(expression))::text;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$ LANGUAGE plpgsql;

-- what is chosen keeps its place
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    's',
    's, n',
    's,n , #l[0]',
    'm.a',
    'm.b',
    'm.b.c',
    'm.a, m.b.c',
    '#m.#a',
    'l[0]',
    'l[1], l[0]',
    'l[3], l[1]',
    'l[0], l[2].k',
    'l[3][0]',
    'l[2].k, l[3][0]',
    'm.l[0]',
    't,u,b,ss,ns,bs',
    'size'
]) e;

-- what is not there is left out, its parents too
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'zz',
    'zz, s',
    'm.zz',
    'm.zz, s',
    'm.b.zz',
    'm.b.zz, m.a',
    'l[9]',
    'l[9], l[0]',
    'l[2].zz',
    's.x',
    's[0]',
    'l.x',
    'm[0]',
    '#d'
]) e;

-- paths may not overlap or conflict
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    's, s',
    'm, m.a',
    'm.a, m',
    'm.a, m.a',
    'l[0], l[0]',
    'l[3], l[3][0]',
    'm.a, m[0]',
    'l[0], l.x',
    's, n, m.b.c, l, m.b',
    '#s, s'
]) e;

-- syntax
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    's,',
    's,,n',
    ',s',
    's n',
    '(s)',
    ':s',
    'size(s)',
    's = :s',
    's AND n',
    'set',
    's.set',
    '*',
    's.*',
    '[0]',
    's;',
    's, #',
    'l[01]',
    '1',
    '-'
]) e;

-- errors
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'name',
    's.name',
    '#q',
    '#q, name',
    'name, #q',
    's.#q',
    'l[99999999999]',
    ''
]) e;

SELECT dynamo.project(NULL, 's') IS NULL, dynamo.project('{"s":{"N":"1"}}', NULL) IS NULL, dynamo.project('{}', 's');

DROP TABLE fixed;
