-- what the service says of itself, and of a feature that no table has
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse

-- One line per case: the response, or SQLSTATE and message.
CREATE FUNCTION outcome(operation text, request json) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN dynamo.call(operation, request);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT dynamo.create_table('ops_service', 'a S') IS NOT NULL;

SELECT outcome('DescribeLimits', '{}');
SELECT outcome('DescribeLimits', '{"TableName": "a"}');
SELECT outcome('DescribeEndpoints', '{}');
SET dynamo.region = 'eu-central-1';
SELECT outcome('DescribeEndpoints', '{}');
RESET dynamo.region;
SELECT operation, outcome(operation, request::json)
  FROM unnest('{DescribeContinuousBackups}'::text[]) AS operation,
       unnest(ARRAY['{}', '{"TableName": "ops_service"}', '{"TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/ops_service"}',
                    '{"TableName": "ops_service_none"}']) AS request;
SELECT request, outcome('UpdateContinuousBackups', request::json)
  FROM unnest(ARRAY['{}', '{"TableName": "ops_service", "PointInTimeRecoverySpecification": {}}',
    '{"TableName": "ops_service", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": 36}}',
    '{"TableName": "ops_service", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": false}}',
    '{"TableName": "ops_service", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}}',
    '{"TableName": "ops_service_none", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}}']) AS request;
SELECT dynamo.call('UpdateContinuousBackups', '{"TableName": "ops_service", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}}');

-- who may read the table is told, who owns it may ask for more
CREATE ROLE ops_service_user;
GRANT USAGE ON SCHEMA dynamodb TO ops_service_user;
SET ROLE ops_service_user;
SELECT operation, outcome(operation, '{"TableName": "ops_service"}')
  FROM unnest('{DescribeContinuousBackups}'::text[]) AS operation;
SELECT outcome('UpdateContinuousBackups', '{"TableName": "ops_service", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}}');
RESET ROLE;

SELECT dynamo.delete_table('ops_service') ->> 'TableStatus';
REVOKE USAGE ON SCHEMA dynamodb FROM ops_service_user;
DROP ROLE ops_service_user;
DROP FUNCTION outcome;
