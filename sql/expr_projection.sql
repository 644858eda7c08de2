-- projection expressions
\pset format unaligned
\pset fieldsep ' -> '
CREATE TEMP TABLE fixed AS SELECT
    '{"s":{"S":"str"},"n":{"N":"5"},"t":{"BOOL":true},"u":{"NULL":true},"b":{"B":"YWJj"},
    "ss":{"SS":["x","y"]},"ns":{"NS":["1","2"]},"bs":{"BS":["YQ==","Yg=="]},
    "l":{"L":[{"N":"1"},{"S":"two"},{"M":{"k":{"N":"3"}}},{"L":[{"N":"4"}]}]},
    "m":{"M":{"a":{"N":"1"},"b":{"M":{"c":{"S":"deep"}}},"l":{"L":[{"S":"z"}]}}}}'::dynamo.item AS item,
    '{":s":{"S":"str"},":z":{"S":"z"},":n":{"N":"5"},":n1":{"N":"1"},":n9":{"N":"9"},":zero":{"N":"0"},
    ":t":{"BOOL":true},":u":{"NULL":true},":b":{"B":"YWJj"},":ss":{"SS":["x"]},":ns":{"NS":["1"]},
    ":bs":{"BS":["YQ=="]},":l":{"L":[{"S":"q"}]},":m":{"M":{"q":{"S":"q"}}},":S":{"S":"S"},":XX":{"S":"XX"},
    ":big":{"N":"9E125"},":empty":{"S":""}}'::jsonb AS values,
    '{"#s":"s","#n":"n","#l":"l","#m":"m","#a":"a","#d":"a.b"}'::jsonb AS names;

-- the result or the error, with those of the names and values that the expression mentions
CREATE FUNCTION pg_temp.placeholders(expression text, given jsonb) RETURNS jsonb AS $$
    SELECT jsonb_object_agg(key, value) FROM jsonb_each(given)
    WHERE key IN (SELECT m[1] FROM regexp_matches(expression, '[#:][A-Za-z0-9_]+', 'g') m)
$$ LANGUAGE sql;
CREATE FUNCTION pg_temp.try(expression text) RETURNS text AS $$
DECLARE
    names jsonb := (SELECT pg_temp.placeholders(expression, f.names) FROM fixed f);
    vals dynamo.item := (SELECT pg_temp.placeholders(expression, f.values) FROM fixed f)::text;
BEGIN
    RETURN dynamo.project((SELECT item FROM fixed), expression, names)::text;
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
