-- Reaching into items and values: ->, ->>, #>, #>>.

CREATE TEMP TABLE example AS SELECT '{"Title": {"S": "Dune"}, "Year": {"N": "1965.50"}, "Cover": {"B": "AP8="}, "Read": {"BOOL": true}, "Lent": {"NULL": true},
    "Tags": {"SS": ["space", "desert"]}, "Sizes": {"NS": ["10", "9.5"]}, "0": {"S": "a name"},
    "Author": {"M": {"First": {"S": "Frank"}, "Books": {"L": [{"S": "one"}, {"M": {"pages": {"N": "412"}}}, {"L": [{"N": "1"}]}]}}}}'::dynamo.item AS item;

-- attribute of an item
SELECT name, item -> name AS value, item ->> name AS text, dynamo.attribute_type(item -> name) AS type
FROM example, unnest(ARRAY['Title', 'Year', 'Cover', 'Read', 'Lent', 'Tags', 'Sizes', 'Author', '0', 'title', 'Missing', '']) WITH ORDINALITY AS n(name, i) ORDER BY i;

-- member of a map, element of a list; anything else is NULL
SELECT item -> 'Author' -> 'First' AS map, item -> 'Author' ->> 'First' AS text, item -> 'Author' -> 'Books' -> 0 AS first, item -> 'Author' -> 'Books' ->> -1 AS last,
       item -> 'Author' -> 'Books' -> 1 ->> 'pages' AS nested FROM example;
SELECT item -> 'Author' -> 'Books' -> 3 AS past, item -> 'Author' -> 'Books' -> -4 AS before, item -> 'Author' -> 0 AS map_by_index, item -> 'Title' -> 'x' AS in_string,
       item -> 'Author' -> 'Books' -> '0' AS list_by_name, item -> 'Tags' -> 0 AS set, item -> 'Title' ->> 0 AS in_scalar, item -> 'Missing' -> 'x' AS in_missing FROM example;
SELECT item -> 'Author' -> 'Books' -> 2147483647 AS largest, item -> 'Author' -> 'Books' -> (-2147483648) AS smallest FROM example;

-- paths
SELECT path, item #> path AS value, item #>> path AS text
FROM example, (VALUES (1, '{Title}'::text[]), (2, '{Author,First}'), (3, '{Author,Books,1,pages}'), (4, '{Author,Books,-1,0}'), (5, '{Author,Books,2}'),
      (6, '{0}'), (7, '{Author,Books,x}'), (8, '{Author,Books,99999999999999999999}'), (9, '{Author,Books,1x}'), (10, '{Author,Books,""}'), (11, '{Title,x}'), (12, '{Tags,0}'),
      (13, '{Lent}'), (14, '{Missing,x}'), (15, '{Author,NULL}')) AS p(n, path) ORDER BY n;
SELECT item #> '{}' = (item -> 'Nothing') AS nothing, (item #> '{}') -> 'Title' AS whole FROM example;
SELECT (item -> 'Author') #> '{Books,1,pages}' AS value, (item -> 'Author') #>> '{Books,0}' AS text FROM example;

-- NULL arguments
SELECT item -> NULL::text AS a, item ->> NULL::text AS b, item #> NULL AS c, NULL::dynamo.item -> 'x' AS d, item -> 'Author' -> NULL::int AS e FROM example;

-- binary search among many names, in an order that is not theirs
SELECT count(*) FILTER (WHERE item ->> ('n' || i) = i::text) AS found, count(*) FILTER (WHERE item -> ('m' || i) IS NOT NULL) AS others
FROM (SELECT ('{' || string_agg(format('"n%s":{"N":"%s"}', i, i), ',' ORDER BY md5(i::text)) || '}')::dynamo.item AS item FROM generate_series(1, 1000) AS i) AS many,
     generate_series(1, 1000) AS i;

-- values of an item that is compressed or out of line
CREATE TEMP TABLE large AS
    SELECT ('{"a":{"S":"first"},"m":{"S":"' || string_agg(md5(i::text), '') || '"},"z":{"N":"26"}}')::dynamo.item AS item FROM generate_series(1, 2000) AS i;
INSERT INTO large SELECT ('{"a":{"S":"first"},"m":{"S":"' || repeat('x', 100000) || '"},"z":{"N":"26"}}')::dynamo.item;
SELECT item ->> 'a' AS a, item ->> 'z' AS z, length(item ->> 'm') AS m, dynamo.item_size(item) AS size FROM large;

-- index on an attribute
CREATE TEMP TABLE books (item dynamo.item);
INSERT INTO books SELECT format('{"id":{"N":"%s"},"t":{"S":"title %s"}}', i, i)::dynamo.item FROM generate_series(1, 100) AS i;
CREATE INDEX ON books ((item ->> 't'));
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT item FROM books WHERE item ->> 't' = 'title 42';
SELECT item FROM books WHERE item ->> 't' = 'title 42';
RESET enable_seqscan;
