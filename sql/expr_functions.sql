-- functions of conditions
\pset format unaligned
\pset fieldsep ' -> '
\getenv abs_srcdir PG_ABS_SRCDIR
\set expressions :abs_srcdir '/test/sql/expressions.sql'
\i :expressions

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
