-- TableDescription: what is recorded of a table, and how it is shown.

\set VERBOSITY terse
\pset format unaligned
\pset footer off

-- Ids and times, which differ from run to run, are emptied.
CREATE FUNCTION masked(description json) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(regexp_replace(description::text,
        '"TableId":"[0-9a-f-]{36}"', '"TableId":""'),
        'DateTime":[0-9]{10}\.[0-9]{3}', 'DateTime":0', 'g')
$$;

SELECT dynamo.create_table('api_describe', 'pk S');
SELECT masked(dynamo.describe_table('api_describe'));
SELECT dynamo.create_table('api_describe_b', 'pk B', 'sort key N', 'PROVISIONED', 5, 6, true, 'STANDARD_INFREQUENT_ACCESS');
SELECT masked(dynamo.describe_table('api_describe_b'));

-- the times are now, and ids differ
SELECT abs(extract(epoch FROM now()) - (dynamo.describe_table('api_describe') ->> 'CreationDateTime')::numeric) < 60 AS now,
       dynamo.describe_table('api_describe') ->> 'TableId' <> dynamo.describe_table('api_describe_b') ->> 'TableId' AS ids_differ;

-- throughput and billing mode
SELECT masked(dynamo.update_table('api_describe_b', read_capacity_units => 4, write_capacity_units => 7));
SELECT masked(dynamo.update_table('api_describe_b', 'PAY_PER_REQUEST', table_class => 'STANDARD'));
SELECT masked(dynamo.update_table('api_describe_b', 'PROVISIONED', 1, 2, false));
SELECT masked(dynamo.call('UpdateTable', '{"TableName": "api_describe",
    "OnDemandThroughput": {"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": 200}}') -> 'TableDescription');
SELECT masked(dynamo.call('UpdateTable', '{"TableName": "api_describe",
    "OnDemandThroughput": {"MaxReadRequestUnits": -1}}') -> 'TableDescription');

-- items and bytes are PostgreSQL's estimates
SELECT dynamo.put_item('api_describe', '{"pk": {"S": "a"}}');
ANALYZE dynamodb.api_describe;
SELECT dynamo.describe_table('api_describe') ->> 'ItemCount' AS items,
       (dynamo.describe_table('api_describe') ->> 'TableSizeBytes')::bigint > 0 AS some_bytes;

-- region and account of the ARN
SET dynamo.region = 'eu-central-1';
SET dynamo.account_id = '123456789012';
SELECT dynamo.describe_table('api_describe') ->> 'TableArn' AS arn;
SELECT dynamo.describe_table('arn:aws:dynamodb:eu-central-1:123456789012:table/api_describe') ->> 'TableName' AS name;
SET dynamo.region = 'eu central:1';  -- would make broken ARNs
RESET dynamo.region;
RESET dynamo.account_id;

SELECT masked(dynamo.delete_table('api_describe'));
SELECT dynamo.delete_table('api_describe_b') ->> 'TableStatus' AS status;

DROP FUNCTION masked;
