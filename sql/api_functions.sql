-- The typed functions: arguments, defaults, results.

\set VERBOSITY terse
\pset format unaligned
\pset footer off

-- tables
SELECT dynamo.create_table('api_music', 'Artist S', 'Song Title S');
SELECT dynamo.create_table('api_music', 'Artist S');
SELECT dynamo.create_table('api_bad', 'Artist');
SELECT dynamo.create_table('api_bad', 'Artist ');
SELECT dynamo.create_table('api_bad', ' S');
SELECT dynamo.create_table('api_bad', 'Artist X', 'Year n');
SELECT dynamo.create_table('api_bad', 'Artist S', 'Artist S');
SELECT dynamo.create_table('ab', 'Artist S');
SELECT dynamo.create_table('api_bad', 'Artist S', billing_mode => 'PROVISIONED');
SELECT dynamo.create_table('api_bad', 'Artist S', billing_mode => 'PROVISIONED', read_capacity_units => 1);
SELECT dynamo.create_table('api_bad', 'Artist S', read_capacity_units => 1, write_capacity_units => 1);
SELECT dynamo.create_table('api_prov', 'k N', NULL, NULL, 1, 2);
SELECT dynamo.describe_table('api_music') -> 'KeySchema';
SELECT dynamo.update_table('api_music');
SELECT dynamo.update_table('api_music', deletion_protection_enabled => true) -> 'DeletionProtectionEnabled';
SELECT dynamo.update_table('api_music', table_class => 'LUXURY');
SELECT dynamo.delete_table('api_music');
SELECT dynamo.update_table('api_music', deletion_protection_enabled => false) -> 'DeletionProtectionEnabled';

-- one item
SELECT dynamo.put_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "1"}, "n": {"N": "1"}}');
SELECT dynamo.put_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "1"}, "n": {"N": "2"}}', return_values => 'ALL_OLD');
SELECT dynamo.put_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "1"}}', return_values => 'all_old');
SELECT dynamo.put_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "1"}}', 'attribute_not_exists(#a)', '{"#a": "Artist"}');
\set VERBOSITY default
SELECT dynamo.put_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "1"}}', 'n > :two', NULL, '{":two": {"N": "2"}}',
    return_values_on_condition_check_failure => 'ALL_OLD');
\set VERBOSITY terse
SELECT dynamo.get_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "1"}}');
SELECT dynamo.get_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "1"}}', '#n', '{"#n": "n"}', true);
SELECT dynamo.get_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "none"}}') IS NULL AS none;
SELECT dynamo.get_item('api_music', '{"Artist": {"S": "A"}}');
SELECT dynamo.update_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "1"}}', 'ADD n :one', 'n = :two', NULL,
    '{":one": {"N": "1"}, ":two": {"N": "2"}}', 'UPDATED_NEW');
SELECT dynamo.update_item('api_music', key => '{"Artist": {"S": "A"}, "Song Title": {"S": "2"}}', return_values => 'ALL_NEW');
SELECT dynamo.update_item('api_music', key => '{"Artist": {"S": "A"}, "Song Title": {"S": "3"}}') IS NULL AS nothing;
SELECT dynamo.delete_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "3"}}', return_values => 'ALL_OLD');
SELECT dynamo.delete_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "3"}}', return_values => 'ALL_OLD') IS NULL AS nothing;
SELECT dynamo.delete_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "3"}}', return_values => 'ALL_NEW');

-- names must be a map of strings
SELECT dynamo.get_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "1"}}', '#n', '{"#n": 1}');
SELECT dynamo.get_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "1"}}', '#n', '{"#n": ["n"]}');
SELECT dynamo.get_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "1"}}', '#n', '["n"]');
SELECT dynamo.get_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "1"}}', '#n', '"n"');
SELECT dynamo.get_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "1"}}', '#n', '{}');

-- many items
SELECT bool_and(dynamo.put_item('api_music', format('{"Artist": {"S": "B"}, "Song Title": {"S": "%s"}, "even": {"BOOL": %s}}',
    lpad(n::text, 3, '0'), to_json(n % 2 = 0))::dynamo.item) IS NULL) AS put FROM generate_series(1, 100) AS n;
SELECT q ->> 'Song Title' AS title FROM dynamo.query('api_music', 'Artist = :a', projection_expression => '#t',
    expression_attribute_names => '{"#t": "Song Title"}', expression_attribute_values => '{":a": {"S": "A"}}') AS q;
SELECT q ->> 'Song Title' AS title FROM dynamo.query('api_music', 'Artist = :b AND #t BETWEEN :x AND :y', 'even = :true',
    expression_attribute_names => '{"#t": "Song Title"}',
    expression_attribute_values => '{":b": {"S": "B"}, ":x": {"S": "010"}, ":y": {"S": "020"}, ":true": {"BOOL": true}}',
    scan_index_forward => false, max_items => 3) AS q;
SELECT q ->> 'Song Title' AS title FROM dynamo.query('api_music', 'Artist = :b',
    expression_attribute_values => '{":b": {"S": "B"}}',
    exclusive_start_key => '{"Artist": {"S": "B"}, "Song Title": {"S": "097"}}') AS q;
SELECT count(*) FROM dynamo.scan('api_music');
SELECT count(*) FROM dynamo.scan('api_music', 'even = :true', expression_attribute_values => '{":true": {"BOOL": true}}');
SELECT sum(count) FROM generate_series(0, 3) AS segment,
    LATERAL (SELECT count(*) FROM dynamo.scan('api_music', segment => segment, total_segments => 4)) AS one;
SELECT dynamo.scan('api_music', segment => 4, total_segments => 4);
SELECT dynamo.scan('api_music', segment => 1);
SELECT dynamo.scan('api_music', max_items => 0);
SELECT dynamo.query('api_music', 'Artist = :b', index_name => 'by_year', expression_attribute_values => '{":b": {"S": "B"}}');

-- pages are for the API: these have none, though the items are more than 1 MB
SELECT bool_and(dynamo.put_item('api_music', format('{"Artist": {"S": "C"}, "Song Title": {"S": "%s"}, "text": {"S": "%s"}}',
    n, repeat('x', 300000))::dynamo.item) IS NULL) AS put FROM generate_series(1, 5) AS n;
SELECT count(*) FROM dynamo.query('api_music', 'Artist = :c', expression_attribute_values => '{":c": {"S": "C"}}');
SELECT count(*) FROM (SELECT dynamo.query('api_music', 'Artist = :c', expression_attribute_values => '{":c": {"S": "C"}}')) AS streamed;

-- a set may end early, be read again for every row, and run beside another
SELECT dynamo.query('api_music', 'Artist = :b', projection_expression => 'even', expression_attribute_values => '{":b": {"S": "B"}}') LIMIT 2;
SELECT n, dynamo.query('api_music', 'Artist = :b', projection_expression => 'even', expression_attribute_values => '{":b": {"S": "B"}}', max_items => 2)
FROM generate_series(1, 2) AS n;
SELECT dynamo.scan('api_music', projection_expression => 'n', max_items => 1), dynamo.scan('api_music', projection_expression => 'n', max_items => 3);
BEGIN;
DECLARE c CURSOR FOR SELECT dynamo.query('api_music', 'Artist = :b', projection_expression => '#t',
    expression_attribute_names => '{"#t": "Song Title"}', expression_attribute_values => '{":b": {"S": "B"}}');
FETCH 2 FROM c;
SELECT dynamo.put_item('api_music', '{"Artist": {"S": "B"}, "Song Title": {"S": "002a"}}');
FETCH 2 FROM c;
SAVEPOINT s;
SELECT dynamo.query('api_music', 'Artist = :b');
ROLLBACK TO s;
FETCH 1 FROM c;
CLOSE c;
ROLLBACK;
-- in FROM all items are read at once: numbered, for every row, beside another set, and back again
SELECT number, q ->> 'Song Title' AS title, s ->> 'Song Title' AS beside
FROM ROWS FROM (dynamo.query('api_music', 'Artist = :a', expression_attribute_values => '{":a": {"S": "A"}}'),
                dynamo.scan('api_music', 'even = :true', expression_attribute_values => '{":true": {"BOOL": true}}', max_items => 3))
    WITH ORDINALITY AS t (q, s, number);
SELECT artist, count(*), min(q ->> 'Song Title') AS first, sum(length(q ->> 'text')) AS length
FROM unnest('{A,B,C,nobody}'::text[]) AS artist
    LEFT JOIN LATERAL dynamo.query('api_music', 'Artist = :a', expression_attribute_values => format('{":a": {"S": "%s"}}', artist)::dynamo.item) AS q ON true
GROUP BY artist ORDER BY artist;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT q FROM dynamo.query('api_music', 'Artist = :b', projection_expression => '#t',
    expression_attribute_names => '{"#t": "Song Title"}', expression_attribute_values => '{":b": {"S": "B"}}') AS q;
FETCH LAST FROM c;
SELECT dynamo.put_item('api_music', '{"Artist": {"S": "B"}, "Song Title": {"S": "098a"}}');
FETCH BACKWARD 3 FROM c;
ROLLBACK;

CREATE FUNCTION api_first_title() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found dynamo.item;
BEGIN
    FOR found IN SELECT dynamo.scan('api_music') LOOP
        RETURN found ->> 'Song Title';
    END LOOP;
END
$$;
SELECT api_first_title();
DROP FUNCTION api_first_title;

-- reads see what was written before their statement, in PL/pgSQL too
DO $$
DECLARE
    key dynamo.item := '{"Artist": {"S": "D"}, "Song Title": {"S": "1"}}';
    title text;
BEGIN
    PERFORM dynamo.update_item('api_music', key, 'SET n = :n', expression_attribute_values => '{":n": {"N": "1"}}');
    RAISE NOTICE 'n is %', dynamo.get_item('api_music', key) ->> 'n';
    PERFORM dynamo.update_item('api_music', key, 'SET n = n + :n', expression_attribute_values => '{":n": {"N": "1"}}');
    RAISE NOTICE 'n is %', dynamo.get_item('api_music', key) ->> 'n';
    SELECT item ->> 'n' INTO title FROM dynamodb.api_music WHERE "Artist" = 'D';
    RAISE NOTICE 'n is %', title;
END
$$;

-- names of tables
SELECT * FROM dynamo.list_tables() AS name WHERE name LIKE 'api\_%';
SELECT * FROM dynamo.list_tables('api_l', 1);
SELECT * FROM dynamo.list_tables('zzzz');
SELECT * FROM dynamo.list_tables('zz');
SELECT * FROM dynamo.list_tables(max_tables => 101);

-- all of them, however many
BEGIN;
SET LOCAL dynamo.schema = 'api_many';
SELECT count(dynamo.create_table('many_' || n, 'k S')) FROM generate_series(1, 205) AS n;
SELECT count(*), min(name), max(name) FROM dynamo.list_tables() AS name;
SELECT count(*) FROM dynamo.list_tables(max_tables => 100);
SELECT json_array_length(dynamo.call('ListTables', '{}') -> 'TableNames') AS names, dynamo.call('ListTables', '{}') ->> 'LastEvaluatedTableName' AS last;
ROLLBACK;

-- whoever may use the schema may call; the table's privileges decide
CREATE ROLE regress_api_reader;
SET ROLE regress_api_reader;
SELECT dynamo.get_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "1"}}');
RESET ROLE;
GRANT USAGE ON SCHEMA dynamodb TO regress_api_reader;
GRANT SELECT ON dynamodb.api_music TO regress_api_reader;
SET ROLE regress_api_reader;
SELECT dynamo.get_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "1"}}');
SELECT dynamo.put_item('api_music', '{"Artist": {"S": "A"}, "Song Title": {"S": "1"}}');
RESET ROLE;
DROP OWNED BY regress_api_reader;
DROP ROLE regress_api_reader;

SELECT dynamo.delete_table('api_music') ->> 'TableStatus' AS status;
SELECT dynamo.delete_table('api_prov') ->> 'TableStatus' AS status;
SELECT dynamo.delete_table('api_prov');
