-- document paths
\pset format unaligned
\pset fieldsep ' -> '
\getenv abs_srcdir PG_ABS_SRCDIR
\set expressions :abs_srcdir '/test/sql/expressions.sql'
\i :expressions

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
