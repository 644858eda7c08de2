-- functions of conditions
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
    RETURN dynamo.matches((SELECT item FROM fixed), expression, names, vals)::text;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$ LANGUAGE plpgsql;

-- attribute_exists, attribute_not_exists
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'attribute_exists(s)',
    'attribute_exists(zz)',
    'attribute_exists(m.b.c)',
    'attribute_exists(m.zz)',
    'attribute_exists(l[3][0])',
    'attribute_exists(l[9])',
    'attribute_exists(s.x)',
    'attribute_exists((s))',
    'attribute_exists(u)',
    'attribute_not_exists(zz)',
    'attribute_not_exists(s)',
    'attribute_not_exists(s.x)',
    'attribute_not_exists(l.x)',
    'attribute_not_exists(m[0])'
]) e;

-- attribute_type
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'attribute_type(s, :S)',
    'attribute_type(n, :S)',
    'attribute_type(zz, :S)',
    'attribute_type(m.b.c, :S)',
    'attribute_type(:s, :S)',
    'attribute_type(size(s), :S)'
]) e;

-- begins_with
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'begins_with(s, :s)',
    'begins_with(s, :z)',
    'begins_with(s, :empty)',
    'begins_with(b, :b)',
    'begins_with(s, :b)',
    'begins_with(n, :s)',
    'begins_with(:s, s)',
    'begins_with(s, m.b.c)'
]) e;

-- contains: a part, an element
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'contains(s, :s)',
    'contains(s, :empty)',
    'contains(s, :z)',
    'contains(b, :b)',
    'contains(s, :b)',
    'contains(ss, :s)',
    'contains(ss, m.l[0])',
    'contains(ns, :n1)',
    'contains(ns, :n9)',
    'contains(l, :n1)',
    'contains(l, :n9)',
    'contains(l, :l)',
    'contains(m, :s)',
    'contains(n, :n)',
    'contains(:s, s)',
    'contains(s, size(s))',
    'contains(ss, :ss)'
]) e;

-- size: characters as UTF-16 units, bytes, members
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'size(s) = :n9',
    'size(s) < :n',
    'size(b) < :n',
    'size(ss) = size(ns)',
    'size(l) BETWEEN :n1 AND :n9',
    'size(m) > :n1',
    'size(n) > :zero',
    'size(t) > :zero',
    'size(u) <> :zero',
    'size(:s) > :n1',
    'size(m.b) = :n1',
    'size(s) = :s',
    'size(s) <> :s',
    'size(l[1]) < :n'
]) e;

SELECT t AS type, dynamo.matches(('{"v":' || v || '}')::dynamo.item, 'attribute_type(v, :t)', NULL, ('{":t":{"S":"' || t || '"}}')::dynamo.item)
    FROM (VALUES ('S', '{"S":""}'), ('N', '{"N":"0"}'), ('B', '{"B":""}'), ('BOOL', '{"BOOL":false}'), ('NULL', '{"NULL":true}'),
        ('M', '{"M":{}}'), ('L', '{"L":[]}'), ('SS', '{"SS":["a"]}'), ('NS', '{"NS":["1"]}'), ('BS', '{"BS":["YQ=="]}')) x(t, v);
SELECT s, dynamo.matches(('{"s":{"S":"' || s || '"}}')::dynamo.item, 'size(s) = :n', NULL, ('{":n":{"N":"' || n || '"}}')::dynamo.item)
    FROM (VALUES ('', 0), ('abc', 3), (U&'\00E9', 1), (U&'e\0301', 2), (U&'\20AC', 1), (U&'\+01F600', 2), (U&'\+01F600x', 3)) x(s, n);
-- the first match of a part may be a false start
SELECT dynamo.matches('{"s":{"S":"aaab"}}', 'contains(s, :p)', NULL, '{":p":{"S":"aab"}}'),
    dynamo.matches('{"s":{"S":"aaab"}}', 'contains(s, :p)', NULL, '{":p":{"S":"abb"}}'),
    dynamo.matches('{"s":{"S":"ab"}}', 'contains(s, :p)', NULL, '{":p":{"S":"abc"}}'),
    dynamo.matches('{"s":{"S":"x\u0000y"}}', 'contains(s, :p)', NULL, '{":p":{"S":"\u0000y"}}');

DROP TABLE fixed;
