-- The lab: what DynamoDB's own introduction does, in psql.
-- `make demo` runs it; it may be run again.
SET client_min_messages = warning;
DROP TABLE IF EXISTS dynamodb."TaskApp", dynamodb."IsoCodes", public.visits;
RESET client_min_messages;

-- 1. One table for users and their tasks: partition key PK, sort key SK, both strings.

SELECT dynamo.create_table('TaskApp', 'PK S', 'SK S') IS NOT NULL AS created;

-- 2. A profile and two tasks, written as DynamoDB JSON.

SELECT dynamo.put_item('TaskApp', '{
  "PK": {"S": "USER#u123"}, "SK": {"S": "PROFILE"},
  "Name": {"S": "Ana"}, "Email": {"S": "ana@example.com"}}');

SELECT dynamo.put_item('TaskApp', '{
  "PK": {"S": "USER#u123"}, "SK": {"S": "TASK#t001"},
  "Title": {"S": "Write the report"}, "Status": {"S": "OPEN"},
  "DueDate": {"S": "2026-05-01"}, "Version": {"N": "1"}}');

SELECT dynamo.put_item('TaskApp', '{
  "PK": {"S": "USER#u123"}, "SK": {"S": "TASK#t002"},
  "Title": {"S": "Book the train"}, "Status": {"S": "IN_PROGRESS"},
  "DueDate": {"S": "2026-05-03"}, "Version": {"N": "1"}}');

-- 3. One item by its key.

SELECT dynamo.get_item('TaskApp', '{"PK": {"S": "USER#u123"}, "SK": {"S": "PROFILE"}}');

-- 4. The tasks of one user.  Status is a reserved word: #S stands for it.

SELECT dynamo.query('TaskApp',
    key_condition_expression => 'PK = :pk AND begins_with(SK, :skprefix)',
    projection_expression => 'SK, Title, #S, DueDate',
    expression_attribute_names => '{"#S": "Status"}',
    expression_attribute_values => '{":pk": {"S": "USER#u123"}, ":skprefix": {"S": "TASK#"}}');

-- 5. An update that holds only if nobody was faster: from Version 1 to 2 ...

SELECT dynamo.update_item('TaskApp',
    key => '{"PK": {"S": "USER#u123"}, "SK": {"S": "TASK#t001"}}',
    update_expression => 'SET #S = :done, Version = :new',
    condition_expression => 'Version = :old',
    expression_attribute_names => '{"#S": "Status"}',
    expression_attribute_values => '{":done": {"S": "DONE"}, ":old": {"N": "1"}, ":new": {"N": "2"}}',
    return_values => 'ALL_NEW');

-- ... and once more.  Version is 2 by now, so this one is refused: ConditionalCheckFailedException.

\set ON_ERROR_STOP off
\set VERBOSITY verbose
SELECT dynamo.update_item('TaskApp',
    key => '{"PK": {"S": "USER#u123"}, "SK": {"S": "TASK#t001"}}',
    update_expression => 'SET #S = :done, Version = :new',
    condition_expression => 'Version = :old',
    expression_attribute_names => '{"#S": "Status"}',
    expression_attribute_values => '{":done": {"S": "DONE"}, ":old": {"N": "1"}, ":new": {"N": "2"}}');
\set VERBOSITY default
\set ON_ERROR_STOP on
SELECT :'LAST_ERROR_MESSAGE' = 'The conditional request failed' AS refused \gset
\if :refused
\else
DO $$ BEGIN RAISE 'the second update should have been refused'; END $$;
\endif

-- 6. Real data by plain SQL: countries, their subdivisions and languages of the
--    Debian package iso-codes, three kinds of items in one table.

SELECT dynamo.create_table('IsoCodes', 'PK S', 'SK S') IS NOT NULL AS created;

INSERT INTO dynamodb."IsoCodes" (item)
SELECT (jsonb_build_object('PK', 'COUNTRY#' || (country ->> 'alpha_2'), 'SK', 'INFO') || country)::dynamo.item
FROM jsonb_array_elements(
    pg_read_file('/usr/share/iso-codes/json/iso_3166-1.json')::jsonb -> '3166-1') AS country;

INSERT INTO dynamodb."IsoCodes" (item)
SELECT (jsonb_build_object('PK', 'COUNTRY#' || split_part(part ->> 'code', '-', 1),
                           'SK', 'SUBDIVISION#' || (part ->> 'code')) || part)::dynamo.item
FROM jsonb_array_elements(
    pg_read_file('/usr/share/iso-codes/json/iso_3166-2.json')::jsonb -> '3166-2') AS part;

INSERT INTO dynamodb."IsoCodes" (item)
SELECT (jsonb_build_object('PK', 'LANGUAGE#' || (language ->> 'alpha_3'), 'SK', 'INFO') || language)::dynamo.item
FROM jsonb_array_elements(
    pg_read_file('/usr/share/iso-codes/json/iso_639-3.json')::jsonb -> '639-3') AS language;

SELECT split_part("PK", '#', 1) AS kind, split_part("SK", '#', 1) AS part,
       count(*) AS items, sum(dynamo.item_size(item)) AS bytes
FROM dynamodb."IsoCodes" GROUP BY 1, 2 ORDER BY 1, 2;

-- 7. One country's subdivisions, by the API and by SQL.

SELECT q.item ->> 'code' AS code, q.item ->> 'name' AS name, q.item ->> 'type' AS type
FROM dynamo.query('IsoCodes',
    key_condition_expression => 'PK = :country AND begins_with(SK, :part)',
    expression_attribute_values => '{":country": {"S": "COUNTRY#IE"}, ":part": {"S": "SUBDIVISION#"}}',
    max_items => 5) AS q (item);

SELECT item ->> 'type' AS type, count(*)
FROM dynamodb."IsoCodes"
WHERE "PK" = 'COUNTRY#IE' AND "SK" LIKE 'SUBDIVISION#%'
GROUP BY 1 ORDER BY 2 DESC, 1;

-- 8. Items join relational tables ...

CREATE TABLE public.visits (traveller text, country text, days integer);
INSERT INTO public.visits VALUES ('Ana', 'IE', 9), ('Ana', 'JP', 14), ('Ben', 'IE', 3);

SELECT v.traveller, c.item ->> 'name' AS country, c.item ->> 'alpha_3' AS alpha_3, v.days
FROM public.visits v
JOIN dynamodb."IsoCodes" c ON c."PK" = 'COUNTRY#' || v.country AND c."SK" = 'INFO'
ORDER BY 1, 2;

-- ... and share their transactions: this one leaves no trace in either.

BEGIN;
INSERT INTO public.visits VALUES ('Cleo', 'XX', 1);
SELECT dynamo.put_item('IsoCodes', '{"PK": {"S": "COUNTRY#XX"}, "SK": {"S": "INFO"}, "name": {"S": "Nowhere"}}');
SELECT (SELECT count(*) FROM public.visits) AS visits,
       dynamo.get_item('IsoCodes', '{"PK": {"S": "COUNTRY#XX"}, "SK": {"S": "INFO"}}') AS nowhere;
ROLLBACK;

SELECT (SELECT count(*) FROM public.visits) AS visits,
       dynamo.get_item('IsoCodes', '{"PK": {"S": "COUNTRY#XX"}, "SK": {"S": "INFO"}}') AS nowhere;
