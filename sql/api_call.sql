-- dynamo.call(): requests and responses as on the wire.

\set VERBOSITY terse
\pset format unaligned
\pset footer off

-- Ids and times, which differ from run to run, are emptied.
CREATE FUNCTION call(operation text, request json) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(regexp_replace(dynamo.call(operation, request)::text,
        '"TableId":"[0-9a-f-]{36}"', '"TableId":""'),
        'DateTime":[0-9]{10}\.[0-9]{3}', 'DateTime":0', 'g')
$$;

SELECT call('CreateTable', '{"TableName": "ApiCall",
    "AttributeDefinitions": [{"AttributeName": "Artist", "AttributeType": "S"}, {"AttributeName": "Year", "AttributeType": "N"}],
    "KeySchema": [{"AttributeName": "Artist", "KeyType": "HASH"}, {"AttributeName": "Year", "KeyType": "RANGE"}],
    "BillingMode": "PAY_PER_REQUEST"}');
SELECT call('DescribeTable', '{"TableName": "ApiCall"}');

-- writes return an object without members unless asked for more
SELECT call('PutItem', '{"TableName": "ApiCall", "Item": {"Artist": {"S": "a"}, "Year": {"N": "2001"}, "b": {"B": "AAEC"}}}');
SELECT call('PutItem', '{"TableName": "ApiCall", "Item": {"Artist": {"S": "a"}, "Year": {"N": "2001"}, "s": {"S": "q\"\\\u0000\u00e4"}},
    "ReturnValues": "ALL_OLD", "ReturnConsumedCapacity": "TOTAL"}');
SELECT call('UpdateItem', '{"TableName": "ApiCall", "Key": {"Artist": {"S": "a"}, "Year": {"N": "2001"}},
    "UpdateExpression": "SET #n = if_not_exists(#n, :zero) + :one", "ConditionExpression": "attribute_exists(s)",
    "ExpressionAttributeNames": {"#n": "n"}, "ExpressionAttributeValues": {":zero": {"N": "0"}, ":one": {"N": "1"}},
    "ReturnValues": "UPDATED_NEW", "ReturnConsumedCapacity": "INDEXES", "ReturnItemCollectionMetrics": "SIZE"}');
SELECT call('UpdateItem', '{"TableName": "ApiCall", "Key": {"Artist": {"S": "a"}, "Year": {"N": "2002"}}, "ReturnConsumedCapacity": "NONE"}');
SELECT call('DeleteItem', '{"TableName": "ApiCall", "Key": {"Artist": {"S": "nobody"}, "Year": {"N": "0"}}, "ReturnValues": "ALL_OLD"}');

-- reads
SELECT call('GetItem', '{"TableName": "ApiCall", "Key": {"Artist": {"S": "a"}, "Year": {"N": "2.001e3"}}, "ReturnConsumedCapacity": "TOTAL"}');
SELECT call('GetItem', '{"TableName": "ApiCall", "Key": {"Artist": {"S": "a"}, "Year": {"N": "2001"}}, "ConsistentRead": true,
    "ReturnConsumedCapacity": "INDEXES", "ProjectionExpression": "n"}');
SELECT call('GetItem', '{"TableName": "ApiCall", "Key": {"Artist": {"S": "a"}, "Year": {"N": "0"}}}');
SELECT call('Query', '{"TableName": "ApiCall", "KeyConditionExpression": "Artist = :a",
    "ExpressionAttributeValues": {":a": {"S": "a"}}, "Limit": 1, "ScanIndexForward": false, "ReturnConsumedCapacity": "TOTAL"}');
SELECT call('Query', '{"TableName": "ApiCall", "KeyConditionExpression": "Artist = :a",
    "ExpressionAttributeValues": {":a": {"S": "a"}}, "ExclusiveStartKey": {"Artist": {"S": "a"}, "Year": {"N": "2001"}}}');
SELECT call('Query', '{"TableName": "ApiCall", "KeyConditionExpression": "Artist = :a",
    "ExpressionAttributeValues": {":a": {"S": "a"}}, "Select": "COUNT"}');
SELECT call('Query', '{"TableName": "ApiCall", "KeyConditionExpression": "Artist = :a",
    "ExpressionAttributeValues": {":a": {"S": "nobody"}}}');
SELECT call('Scan', '{"TableName": "ApiCall", "FilterExpression": "attribute_exists(n)", "ProjectionExpression": "n, s", "ReturnConsumedCapacity": "TOTAL"}');
SELECT call('Scan', '{"TableName": "ApiCall", "Segment": 0, "TotalSegments": 1, "Select": "COUNT"}');

-- an ARN is as good as a name, if it is one of ours
SELECT call('GetItem', '{"TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/ApiCall",
    "Key": {"Artist": {"S": "a"}, "Year": {"N": "2002"}}, "ReturnConsumedCapacity": "TOTAL"}');
\set VERBOSITY default
SELECT call('GetItem', '{"TableName": "arn:aws:dynamodb:eu-west-1:000000000000:table/ApiCall", "Key": {}}');
\set VERBOSITY terse
SELECT call('DescribeTable', '{"TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/"}');
SELECT call('DescribeTable', '{"TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/ApiCall/index/x"}');

-- a caller can catch every exception
DO $$
BEGIN
    PERFORM dynamo.call('PutItem', '{"TableName": "ApiCall", "Item": {"Artist": {"S": "a"}, "Year": {"N": "2001"}},
        "ConditionExpression": "attribute_not_exists(Artist)"}');
EXCEPTION WHEN SQLSTATE 'ND003' THEN
    RAISE NOTICE 'caught: %', SQLERRM;
END
$$;
SELECT call('GetItem', '{"TableName": "ApiCallNone", "Key": {"a": {"S": "a"}}}');

-- tables
SELECT call('UpdateTable', '{"TableName": "ApiCall", "DeletionProtectionEnabled": true}')::json #> '{TableDescription,DeletionProtectionEnabled}';
SELECT call('DeleteTable', '{"TableName": "ApiCall"}');
SELECT call('UpdateTable', '{"TableName": "ApiCall", "DeletionProtectionEnabled": false}')::json #> '{TableDescription,DeletionProtectionEnabled}';
SELECT call('ListTables', '{"ExclusiveStartTableName": "ApiCalk", "Limit": 1}')::json -> 'TableNames';
SELECT call('DeleteTable', '{"TableName": "ApiCall"}')::json #>> '{TableDescription,TableStatus}';
SELECT call('DescribeTable', '{"TableName": "ApiCall"}');

-- requests with all escapes and white space of JSON
SELECT call('ListTables', E' \n\t{ "Lim\\u0069t" : 1.0e0 , "ExclusiveStartTableName" : "\\u007a\\u007Azz" } \r\n')::json ->> 'LastEvaluatedTableName' IS NULL AS last;

DROP FUNCTION call;
