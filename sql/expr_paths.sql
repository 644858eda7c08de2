-- document paths
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

-- names, indexes, placeholders
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'm.b.c = :z',
    '#m.b.c <> :z',
    'm.#a = :n1',
    '#m.#a = :n1',
    '#l[0] = :n1',
    'l[2].k < :n',
    'l[3][0] < :n',
    'l[1] = :s',
    'l[2147483647] = :n',
    'a.b = :s',
    '#d = :s',
    'm.size = :s',
    'size = :s',
    'contains = :s',
    'if_not_exists = :s',
    'a_b1 = :s',
    'size(size) > :n'
]) e;

-- what a path does not fit is missing
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    's.x = :s',
    's[0] = :s',
    'm[0] = :s',
    'l.a = :s',
    'ss[0] = :s',
    'l[4] = :s',
    'u.x <> :s'
]) e;

-- syntax
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    '[0] = :s',
    '.m = :n',
    'm. = :n',
    'm..a = :n',
    'm.a. = :n',
    'm.[0] = :n',
    'l[] = :n',
    'l[-1] = :n',
    'l[+1] = :n',
    'l[1.5] = :n',
    'l[a] = :n',
    'l[#a] = :n',
    'l[:n] = :n',
    'l[0 = :n',
    'l[0]] = :n',
    'l[00] = :n',
    'l[01] = :n',
    'm.0 = :n',
    'm.1a = :n',
    'l[2]k = :n',
    '_a = :s',
    '1a = :s',
    'a-b = :s',
    'm.:n = :n',
    '#m#a = :n',
    '(m).a = :n',
    'size(m).a = :n'
]) e;

-- indexes have 31 bits
SELECT e AS expression, pg_temp.try(e) AS result FROM unnest(ARRAY[
    'l[2147483648] = :n',
    'l[99999999999] = :n',
    'l[9223372036854775808] = :n'
]) e;

DROP TABLE fixed;
