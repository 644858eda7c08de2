-- limits of expressions, and what must not exhaust the stack
\pset format unaligned
\pset fieldsep ' -> '
CREATE FUNCTION pg_temp.try(expression text, vals dynamo.item DEFAULT '{":v":{"N":"1"}}', names jsonb DEFAULT NULL) RETURNS text AS $$
BEGIN
    RETURN dynamo.matches('{"a":{"N":"1"}}', expression, names, vals)::text;
EXCEPTION WHEN OTHERS THEN
    RETURN left(SQLERRM, 200);
END
$$ LANGUAGE plpgsql;
CREATE FUNCTION pg_temp.try_update(expression text) RETURNS text AS $$
BEGIN
    RETURN length(dynamo.apply_update('{"a":{"N":"1"}}', expression, NULL, '{":v":{"N":"1"}}')::text);
EXCEPTION WHEN OTHERS THEN
    RETURN left(SQLERRM, 200);
END
$$ LANGUAGE plpgsql;
CREATE FUNCTION pg_temp.times(part text, n int, sep text DEFAULT '') RETURNS text AS $$
    SELECT string_agg(part, sep) FROM generate_series(1, n)
$$ LANGUAGE sql;

-- 4096 characters, counted in UTF-16 units
SELECT pg_temp.try('a = :v' || repeat(' ', 4090)), pg_temp.try('a = :v' || repeat(' ', 4091));
SELECT pg_temp.try('a = :v ' || repeat(U&'\00E9', 4089)), pg_temp.try('a = :v ' || repeat(U&'\00E9', 4090));
SELECT pg_temp.try(''), pg_temp.try(repeat(' ', 4096)) LIKE '%Syntax error; token: "<EOF>"%';
SELECT pg_temp.try('a = ' || repeat('x', 5000));

-- 300 operators: comparisons, functions, connectives and NOT, but no AND of BETWEEN, no IN operand
SELECT n, pg_temp.try(pg_temp.times('a = :v', n, ' OR ')) FROM unnest('{150,151,300}'::int[]) n;
SELECT n, pg_temp.try(pg_temp.times('(a = :v)', n, ' AND ')) FROM unnest('{150,151}'::int[]) n;
SELECT n, pg_temp.try(pg_temp.times('NOT ', n) || 'a = :v') FROM unnest('{299,300,1000}'::int[]) n;
SELECT n, pg_temp.try(pg_temp.times('size(a) = :v', n, ' OR ')) FROM unnest('{100,101}'::int[]) n;
SELECT n, pg_temp.try(pg_temp.times('a BETWEEN :v AND :v', n, ' OR ')) FROM unnest('{150,151}'::int[]) n;
SELECT pg_temp.try(pg_temp.times('a = :v', 150, ' OR ') || ' OR a = a');
SELECT pg_temp.try('(' || pg_temp.times('a = :v', 151, ' OR ') || ') AND a = :q');
SELECT n, pg_temp.try_update('SET ' || (SELECT string_agg('b' || i || '=a+:v', ',') FROM generate_series(1, n) i)) FROM unnest('{300,301}'::int[]) n;
SELECT n, pg_temp.try_update('SET ' || (SELECT string_agg('b' || i || '=:v', ',') FROM generate_series(1, n) i)) FROM unnest('{301,400}'::int[]) n;

-- 100 operands of IN
SELECT n, pg_temp.try('a IN (' || pg_temp.times(':v', n, ',') || ')') FROM unnest('{1,100,101,900}'::int[]) n;

-- 32 levels of a path, 32 levels of an item
SELECT n, pg_temp.try(pg_temp.times('a', n, '.') || ' <> :v') FROM unnest('{32,33,1000}'::int[]) n;
SELECT n, pg_temp.try('a' || pg_temp.times('[0]', n) || ' <> :v') FROM unnest('{31,32,1000}'::int[]) n;
CREATE FUNCTION pg_temp.try_nested(expression text, levels int) RETURNS text AS $$
BEGIN
    RETURN length(dynamo.apply_update('{"m":{"M":{"m":{"M":{}}}}}', expression, NULL,
        ('{":v":' || repeat('{"L":[', levels) || '{"S":"x"}' || repeat(']}', levels) || '}')::dynamo.item)::text);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$ LANGUAGE plpgsql;
SELECT e, n, pg_temp.try_nested(e, n) FROM (VALUES ('SET q = :v', 31), ('SET m.q = :v', 30), ('SET m.q = :v', 31),
    ('SET m.m.q = :v', 29), ('SET m.m.q = :v', 30), ('SET q = list_append(:v, :v)', 31)) x(e, n);

-- placeholders
SELECT pg_temp.try('a = :v', '{":v":{"N":"1"},":w":{"N":"1"},":u":{"N":"1"}}');
SELECT pg_temp.try('#a = :v', '{":v":{"N":"1"},":w":{"N":"1"}}', '{"#a":"a","#b":"b"}');
SELECT pg_temp.try('a = :v', '{}'), pg_temp.try('a = :v', NULL), pg_temp.try('a = :v', '{":v":{"N":"1"}}', '{}');
SELECT k, pg_temp.try('a = :v', ('{":v":{"N":"1"},"' || k || '":{"N":"1"}}')::dynamo.item)
    FROM unnest(ARRAY['v', ':', '::w', ':a b', ':a-b', '#w', U&':\00E9', ':w.x']) k;
SELECT k, pg_temp.try('a = :v', '{":v":{"N":"1"}}', jsonb_build_object(k, 'a'))
    FROM unnest(ARRAY['', 'a', '#', '##', '#a b', '#a-b', ':a', U&'#\00E9']) k;
SELECT n, pg_temp.try('a = :' || repeat('v', n), ('{":' || repeat('v', n) || '":{"N":"1"}}')::dynamo.item) FROM unnest('{254,255}'::int[]) n;
SELECT n, pg_temp.try('#' || repeat('a', n) || ' = :v', '{":v":{"N":"1"}}', jsonb_build_object('#' || repeat('a', n), 'a')) FROM unnest('{254,255}'::int[]) n;
SELECT pg_temp.try('#1 = :1', '{":1":{"N":"1"}}', '{"#1":"a"}'), pg_temp.try('#_ = :_', '{":_":{"N":"1"}}', '{"#_":"a"}');
SELECT pg_temp.try('#a = :v', '{":v":{"N":"1"}}', '{"#a":""}');
SELECT n, pg_temp.try('#a = :v', '{":v":{"N":"1"}}', jsonb_build_object('#a', repeat('a', n))) FROM unnest('{65535,65536}'::int[]) n;
SELECT pg_temp.try('a = :v', '{":v":{"N":"1"}}', '["#a"]'), pg_temp.try('a = :v', '{":v":{"N":"1"}}', '{"#a":1}'),
    pg_temp.try('a = :v', '{":v":{"N":"1"}}', '{"#a":null}'), pg_temp.try('a = :v', '{":v":{"N":"1"}}', '{"#a":true}'),
    pg_temp.try('a = :v', '{":v":{"N":"1"}}', '{"#a":{}}');
SELECT pg_temp.try('a = :v OR a = :w', ('{":v":{"S":"' || repeat('x', 1100000) || '"},":w":{"S":"' || repeat('x', 1100000) || '"}}')::dynamo.item);

-- deep nesting
SELECT n, pg_temp.try(pg_temp.times('(a = :v AND ', n) || 'a = :v' || repeat(')', n)) FROM unnest('{149,150,300}'::int[]) n;
SELECT pg_temp.try(repeat('(', 4000)), pg_temp.try(repeat('(', 2000) || 'a' || repeat(')', 2000) || ' = :v');
SELECT pg_temp.try(pg_temp.times('(NOT ', 600) || 'a = :v' || repeat(')', 600));
SELECT pg_temp.try(pg_temp.times('size(', 500) || 'a' || repeat(')', 500) || ' = :v');
SELECT pg_temp.try_update('SET b = ' || pg_temp.times('if_not_exists(a, ', 200) || ':v' || repeat(')', 200));
