-- errors of expressions, in the order in which they are found
\pset format unaligned
\pset fieldsep ' -> '
\getenv abs_srcdir PG_ABS_SRCDIR
\set expressions :abs_srcdir '/test/sql/expressions.sql'
\i :expressions

-- syntax: the token, with the one before and the one after
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'a',
    'a =',
    'a = ',
    '= a',
    's = :s :s',
    's == :s',
    's != :s',
    's < > :s',
    's => :s',
    's && :s',
    's || :s',
    '!s',
    's =: s',
    's = :',
    's = # ',
    '#',
    '::s = s',
    '##a = :s',
    's = "str"',
    's = ''str''',
    's = 5',
    's = -5',
    's = 5.5',
    's ~ :s',
    's; n',
    's = :s;',
    's = :s ^ n',
    '^',
    '  ^ s = :s',
    's = :s ^  ',
    'é = :s',
    's = :s AND é',
    '😀 = :s',
    's = :é',
    's LIKE :s',
    's IS NULL',
    's NOT IN (:s)',
    's NOT BETWEEN :s AND :z',
    's BETWEEN :s',
    's BETWEEN :s OR :z',
    's BETWEEN (:s AND :z)',
    's IN',
    's IN ()',
    's IN :s',
    's IN (:s',
    's IN (:s,)',
    's IN (:s :z)',
    's IN (:s) = :t',
    'NOT',
    'NOT s',
    's AND n',
    'AND s = :s',
    's = :s AND',
    's = :s AND AND s = :s',
    's = :s OR',
    '(s = :s',
    's = :s)',
    '()',
    '((s)',
    '(s, n) = :s',
    's = (s = :s)',
    '(s = :s)(n = :n)',
    's = n = :n',
    'n + :n = :n',
    'attribute_exists(',
    'attribute_exists()',
    'attribute_exists(s,)',
    'attribute_exists(s) n',
    'foo',
    'm.size(s) = :s',
    'and = :s',
    'not = :s',
    'between = :s',
    'set = :s',
    's = :s -- c',
    ' '
]) e;

-- doubled parentheses
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    '((s = :s))',
    '(((s = :s)) AND n = :n)',
    'NOT ((s = :s))',
    '((s)) = :s',
    's = ((:s))',
    '((attribute_exists(s)))',
    'attribute_exists(((s)))',
    's IN (((:s)))',
    '((s) = (:s))',
    '((s = :s) AND (n = :n))',
    '((s = :s)) AND',
    '((s))',
    '((name = :s))',
    '((s)) = '
]) e;

-- functions: names, where they stand
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'foo(s)',
    'SIZE(s) > :n',
    'Attribute_Exists(s)',
    'name(s)',
    'foo(name)',
    'if_not_exists(s, :s)',
    'list_append(l, :l) = :l',
    'size(s)',
    'NOT size(s)',
    'size(s) AND s = :s',
    'attribute_exists(s) = :t',
    's = begins_with(s, :s)',
    'attribute_exists(attribute_exists(s))',
    'contains(attribute_type(s, :S), s)',
    'begins_with(s, size(name))'
]) e;

-- functions: operands
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'attribute_exists(s, n)',
    'attribute_exists(:s)',
    'attribute_exists(:s, s)',
    'attribute_exists(size(s))',
    'attribute_not_exists(:s)',
    'size(s, n) > :n',
    'size(size(s)) > :n',
    'size(:n) > :n',
    'size(:t) > :n',
    'size(:u) > :n',
    'begins_with(s)',
    'begins_with(s, :s, :z)',
    'begins_with(s, :n)',
    'begins_with(:n, :s)',
    'begins_with(s, :ss)',
    'begins_with(s, size(s))',
    'contains(s)',
    'contains(s, :s, :s)',
    'attribute_type(s)',
    'attribute_type(s, :n)',
    'attribute_type(s, :s)',
    'attribute_type(s, :XX)',
    'attribute_type(s, size(s))'
]) e;

-- operators: types of literals
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    's < :ss',
    's > :t',
    's <= :u',
    'l < :l',
    'm >= :m',
    ':t < :t',
    'size(s) < :t',
    'n BETWEEN :ss AND :ns',
    'n BETWEEN :n AND :ss',
    ':ss BETWEEN :n AND :n9',
    'n BETWEEN :n9 AND :n1',
    's BETWEEN :z AND :s',
    's BETWEEN :n AND :z',
    'b BETWEEN :b AND :n',
    'size(s) BETWEEN :n9 AND :n'
]) e;

-- the first operand again
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    's = s',
    's <> s',
    's < s',
    '#s = s',
    'm.#a = m.a',
    'l[0] = l[0]',
    'n BETWEEN n AND :n',
    's IN (n, s)',
    'begins_with(s, s)',
    'contains(l, l)',
    'attribute_type(s, s)',
    'size(s) = size(s)',
    '#d = a.b'
]) e;

-- undefined names and values
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    's = :q',
    '#q = :s',
    '#q = :q',
    's.#q.#r = :q',
    's = :s AND n = :q',
    's IN (:q, s)',
    'contains(:q)',
    'attribute_exists(:q, #q)'
]) e;

-- which comes first: syntax, then names of functions and attributes, then operands from the inside out
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    's = :q AND foo(s)',
    'foo(s) AND s =',
    'name = :q AND ((s = :s))',
    'contains(s) AND name = :s',
    's = s AND foo(s)',
    's < :ss AND s = :q',
    's = :q AND s < :ss',
    'attribute_exists(:s) AND contains(s)',
    'size(:n) < :ss',
    ':ss < size(:n)',
    'name = foo(s)',
    'foo(s) = name',
    'l[99999999999].name = :s',
    'name[99999999999] = :s',
    'if_not_exists(name)'
]) e;

CREATE OR REPLACE FUNCTION pg_temp.try(expression text) RETURNS text AS $$
DECLARE
    names jsonb := (SELECT pg_temp.placeholders(expression, f.names) FROM fixed f);
    vals dynamo.item := (SELECT pg_temp.placeholders(expression, f.values) FROM fixed f)::text;
BEGIN
    RETURN dynamo.apply_update((SELECT item FROM fixed), expression, names, vals)::text;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$ LANGUAGE plpgsql;

-- updates: syntax
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    '',
    '   ',
    'SET',
    'SET s',
    'SET s =',
    'SET s = :s,',
    'SET s = :s n = :n',
    'SET s + :s',
    'SET (s) = :s',
    'SET :s = :s',
    'SET , s = :s',
    'SET s = :s, REMOVE n',
    'SET s = :s WHERE n = :n',
    'SET n = n + :n + :n',
    'SET n = n * :n',
    'SET n = -:n',
    'SET n = :n1 - (n + :n)',
    'SET n = (n + :n) - :n1',
    'SET n = if_not_exists(n, :n + :n)',
    'SET n = n < :n',
    'REMOVE',
    'REMOVE n,',
    'REMOVE n s',
    'REMOVE (n)',
    'ADD n',
    'ADD n n',
    'ADD n = :n',
    'ADD n (:n)',
    'ADD n :n + :n',
    'DELETE ss',
    'DELETE ss :ss,',
    'foo',
    's = :s',
    'SET s = :s SET'
]) e;

-- updates: sections, parentheses, functions
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'SET s = :s SET n = :n',
    'REMOVE n REMOVE s',
    'REMOVE n remove name',
    'SET n = ((:n))',
    'SET n = ((n + :n))',
    'SET n = ((n)) + :n',
    'SET n = size(n)',
    'SET n = attribute_exists(n)',
    'SET n = foo(n)',
    'SET n = IF_NOT_EXISTS(n, :n)',
    'SET l = list_append(list_append(l, :l), :l)',
    'SET l = list_append(l, :l) + :n',
    'SET zz = if_not_exists(zz, list_append(l, :l))',
    'SET name = :s',
    'SET s = name',
    'SET s = foo(name)',
    'SET name = foo(s)'
]) e;

-- updates: operands
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'SET n = if_not_exists(n)',
    'SET n = if_not_exists(n, :n, :n)',
    'SET n = if_not_exists(:n, n)',
    'SET n = if_not_exists(n, n)',
    'SET l = list_append(l)',
    'SET l = list_append(l, :s)',
    'SET n = n + :s',
    'SET n = :s + :q',
    'SET s = :q',
    'SET s = #q',
    'SET #q = :s',
    'ADD n :s',
    'ADD n :b',
    'ADD n :t',
    'ADD n :u',
    'ADD n :l',
    'ADD n :m',
    'DELETE n :n',
    'DELETE n :s',
    'DELETE n :u',
    'DELETE n :l'
]) e;

-- updates: paths that overlap or conflict
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'SET s = :s, s = :z',
    'SET m = :m, m.a = :n',
    'SET m.a = :n, m = :m',
    'SET m.a = :n REMOVE m',
    'REMOVE m.b.c ADD m.b :n',
    'ADD n :n REMOVE n',
    'SET m.a = :n, m[0] = :n',
    'SET m[0] = :n, m.a = :n',
    'REMOVE l[0], l[0]',
    'SET l[1] = :s REMOVE l[1].x',
    'SET #s = :s, s = :z',
    'SET #d = :s, a.b = :s',
    'REMOVE a, b, a, b'
]) e;

-- updates: target paths first, from the last; then operands, from the last
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'SET #q = :s, #r = :s',
    'SET a = :q REMOVE #q',
    'SET a = #q, #r = :s',
    'SET a = #q, b = #r',
    'SET a = :q ADD b :r',
    'SET a = :q, s = :s, s = :z',
    'SET a = :q + :r',
    'ADD a :s, b :u',
    'SET a = n + :s, b = :u + n'
]) e;

DROP TABLE fixed;

-- U+0000 in an expression, which only JSON can bring
SELECT dynamo.call('Scan', '{"TableName":"none","FilterExpression":"a \u0000 = b"}');
SELECT dynamo.call('Scan', '{"TableName":"none","FilterExpression":"a\u0000\u0000\u0000\u0000"}');
