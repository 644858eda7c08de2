-- key conditions, through Query
\pset format unaligned
\pset fieldsep ' -> '
SELECT dynamo.create_table('ExprKeys', 'pk S', 'sk S') IS NOT NULL AS created;
SELECT dynamo.create_table('ExprNumbers', 'pk S', 'n N') IS NOT NULL AS created;
SELECT dynamo.create_table('ExprHash', 'pk S') IS NOT NULL AS created;
SELECT dynamo.create_table('ExprBytes', 'pk B', 'sk B') IS NOT NULL AS created;
SELECT bool_and(dynamo.put_item('ExprKeys', ('{"pk":{"S":"p"},"sk":{"S":"' || sk || '"}}')::dynamo.item) IS NULL) AS put FROM unnest('{a,ab,abc,b,c}'::text[]) sk;
SELECT bool_and(dynamo.put_item('ExprNumbers', ('{"pk":{"S":"p"},"n":{"N":"' || n || '"}}')::dynamo.item) IS NULL) AS put FROM unnest('{-10,-1,0,2,10}'::int[]) n;
SELECT dynamo.put_item('ExprHash', '{"pk":{"S":"p"}}') IS NULL AS put;
SELECT bool_and(dynamo.put_item('ExprBytes', ('{"pk":{"B":"cA=="},"sk":{"B":"' || encode(sk, 'base64') || '"}}')::dynamo.item) IS NULL) AS put FROM unnest('{"\\x00","\\xff","\\xff00","\\xffff"}'::bytea[]) sk;

-- the sort keys found, or the error
CREATE FUNCTION pg_temp.try(name text, expression text, given text) RETURNS text AS $$
DECLARE
    vals jsonb := (SELECT jsonb_object_agg(key, value) FROM jsonb_each(given::jsonb)
        WHERE key IN (SELECT m[1] FROM regexp_matches(expression, '[#:][A-Za-z0-9_]+', 'g') m));
    names jsonb := (SELECT jsonb_object_agg('#' || n, n) FROM unnest('{pk,sk}'::text[]) n WHERE position('#' || n IN expression) > 0);
    reply jsonb;
BEGIN
    reply := dynamo.call('Query', jsonb_strip_nulls(jsonb_build_object('TableName', name, 'KeyConditionExpression', expression,
        'ExpressionAttributeNames', names, 'ExpressionAttributeValues', vals))::json);
    RETURN (SELECT coalesce(string_agg(coalesce(i#>>'{sk,S}', i#>>'{sk,B}', i#>>'{n,N}', i#>>'{pk,S}'), ' ' ORDER BY o), 'none')
        FROM jsonb_array_elements(reply->'Items') WITH ORDINALITY x(i, o));
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$ LANGUAGE plpgsql;
\set values '{":p":{"S":"p"},":a":{"S":"a"},":ab":{"S":"ab"},":b":{"S":"b"},":z":{"S":"z"},":e":{"S":""},":n":{"N":"2"},":m":{"N":"-1"},":t":{"BOOL":true},":u":{"NULL":true},":ss":{"SS":["a"]},":l":{"L":[]},":x":{"B":"cA=="},":ff":{"B":"/w=="},":eb":{"B":""}}'

-- ranges
SELECT e AS expression, pg_temp.try('ExprKeys', e, :'values') FROM unnest(ARRAY[
    'pk = :p', 'pk = :p AND sk = :ab', 'sk = :ab AND pk = :p', 'pk = :p and sk < :b', 'pk = :p AND sk <= :b',
    'pk = :p AND sk > :ab', 'pk = :p AND sk >= :ab', 'pk = :p AND sk BETWEEN :ab AND :b', 'pk = :p AND begins_with(sk, :ab)',
    'begins_with(sk, :a) AND pk = :p', ':p = pk', 'pk = :p AND :ab < sk', 'pk = :p AND :ab >= sk', '#pk = :p AND #sk > :b',
    '(pk = :p) AND (sk = :a)', '(pk = :p AND sk = :a)', 'pk = (:p)', '(pk) = :p', 'pk = :z', 'pk = :p AND sk > :z']) e;
SELECT e AS expression, pg_temp.try('ExprNumbers', e, :'values') FROM unnest(ARRAY[
    'pk = :p', 'pk = :p AND n = :n', 'pk = :p AND n < :n', 'pk = :p AND n >= :m', 'pk = :p AND n BETWEEN :m AND :n']) e;
SELECT e AS expression, pg_temp.try('ExprHash', e, :'values') FROM unnest(ARRAY[
    'pk = :p', 'pk = :z', 'pk = :p AND sk = :a', 'pk = :p AND pk = :p', 'sk = :a']) e;
SELECT e AS expression, pg_temp.try('ExprBytes', e, :'values') FROM unnest(ARRAY[
    'pk = :x', 'pk = :x AND begins_with(sk, :ff)', 'pk = :x AND sk > :ff', 'pk = :x AND sk <= :ff', 'pk = :x AND sk = :eb', 'pk = :eb',
    'pk = :x AND begins_with(sk, :a)']) e;

-- forms that key conditions may not have
SELECT e AS expression, pg_temp.try('ExprKeys', e, :'values') FROM unnest(ARRAY[
    'pk <> :p', 'pk = :p AND sk <> :a', 'pk IN (:p)', 'pk = :p OR sk = :a', 'NOT pk = :p', 'pk = :p AND NOT sk = :a', 'attribute_exists(pk)',
    'pk = :p AND attribute_not_exists(sk)', 'pk = :p AND contains(sk, :a)', 'pk = :p AND attribute_type(sk, :a)', 'pk = :p AND (sk > :a OR sk < :b)',
    'pk = :p AND size(sk) > :n', 'pk = size(pk)', 'pk = :p AND sk BETWEEN size(sk) AND :n', 'pk = sk', 'pk = :p AND begins_with(sk, pk)',
    'pk = :p AND sk BETWEEN pk AND :b', ':p = :p', 'pk = :p AND :a = :a', 'pk = :p AND begins_with(:a, sk)', 'pk = :p AND :a BETWEEN sk AND :z',
    'pk = :p AND m.a = :n', 'pk.a = :p', 'pk[0] = :p', 'pk = :p AND sk.a = :a', 'pk = :p AND pk = :p', 'pk = :p AND sk > :a AND sk < :b',
    'pk = pk', 'pk = :p AND begins_with(sk)', 'foo(pk)', 'name = :a', 'pk', 'pk = :q', '((pk = :p))', '']) e;

-- forms that do not fit the key schema
SELECT e AS expression, pg_temp.try('ExprKeys', e, :'values') FROM unnest(ARRAY[
    's = :a', 'sk = :a', 'pk = :p AND s = :a', 's = :a AND sk = :a', 'pk = :p AND sk = :a AND s = :a', 'pk < :p', 'pk > :p AND sk = :a',
    'begins_with(pk, :p)', 'pk BETWEEN :a AND :p']) e;
SELECT e AS expression, pg_temp.try('ExprKeys', e, :'values') FROM unnest(ARRAY[
    'pk = :n', 'pk = :t', 'pk = :u', 'pk = :ss', 'pk = :l', 'pk = :x', 'pk = :p AND sk = :n', 'pk = :p AND sk > :x', 'pk = :p AND begins_with(sk, :x)',
    'pk = :p AND sk BETWEEN :n AND :n', 'pk = :p AND sk < :ss', 'pk = :p AND begins_with(sk, :n)', 'pk = :p AND sk BETWEEN :b AND :a',
    'pk = :p AND sk BETWEEN :a AND :n', 'pk = :n AND s = :a', 'pk = :e', 'pk = :p AND sk = :e', 'pk = :p AND begins_with(sk, :e)',
    'pk = :p AND sk BETWEEN :e AND :a']) e;
SELECT n, pg_temp.try('ExprKeys', 'pk = :p AND sk = :long', json_build_object(':p', json_build_object('S', 'p'), ':long', json_build_object('S', repeat('x', n)))::text)
    FROM unnest('{1024,1025}'::int[]) n;
SELECT n, pg_temp.try('ExprKeys', 'pk = :long', json_build_object(':long', json_build_object('S', repeat('x', n)))::text)
    FROM unnest('{2048,2049}'::int[]) n;

-- key attributes in filters
CREATE FUNCTION pg_temp.filter(expression text) RETURNS text AS $$
BEGIN
    RETURN dynamo.call('Query', json_build_object('TableName', 'ExprKeys', 'KeyConditionExpression', 'pk = :p', 'FilterExpression', expression,
        'ExpressionAttributeValues', '{":p":{"S":"p"}}'::json))->>'Count';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$ LANGUAGE plpgsql;
SELECT e AS expression, pg_temp.filter(e) FROM unnest(ARRAY['pk = :p', 'sk = :p', 's <> :p', 'm.pk <> :p', 'pk.x = :p AND sk = :p', 'sk = :p AND pk = :p', 'size(pk) > :p']) e;
SELECT dynamo.call('DeleteTable', json_build_object('TableName', name))::jsonb#>>'{TableDescription,TableName}'
    FROM unnest('{ExprKeys,ExprNumbers,ExprHash,ExprBytes}'::text[]) name;
