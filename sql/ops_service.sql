-- what the service says of itself, and of a feature that no table has
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse

-- One line per case: the response, or SQLSTATE and message.
\getenv abs_srcdir PG_ABS_SRCDIR
\set outcome :abs_srcdir '/test/sql/outcome.sql'
\i :outcome
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

-- exports, imports, Contributor Insights, Kinesis, resource policies, replicas: none
SELECT dynamo.call('CreateTable', '{"TableName": "ops_service_index", "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}], "GlobalSecondaryIndexes": [{"IndexName": "gsi",
    "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}]}') IS NOT NULL;
\set table arn:aws:dynamodb:us-east-1:000000000000:table/ops_service
SELECT concat(operation, ' ', request, ': ', outcome(operation, replace(request, 'TABLE', :'table')::json)) FROM (VALUES
    ('DescribeContributorInsights', '{}'), ('DescribeContributorInsights', '{"TableName": "ops_service"}'), ('DescribeContributorInsights', '{"TableName": "TABLE"}'),
    ('DescribeContributorInsights', '{"TableName": "ops_service_index", "IndexName": "gsi"}'), ('DescribeContributorInsights', '{"TableName": "ops_service", "IndexName": "gsi"}'),
    ('DescribeContributorInsights', '{"TableName": "nope", "IndexName": "a*"}'), ('DescribeContributorInsights', '{"TableName": "nope"}'),
    ('ListContributorInsights', '{}'), ('ListContributorInsights', '{"TableName": "ops_service", "MaxResults": 7}'), ('ListContributorInsights', '{"MaxResults": 101}'),
    ('ListContributorInsights', '{"TableName": "nope"}'), ('ListContributorInsights', '{"NextToken": "x"}'),
    ('UpdateContributorInsights', '{"TableName": "ops_service", "ContributorInsightsAction": "ENABLE"}'),
    ('DescribeKinesisStreamingDestination', '{"TableName": "ops_service"}'), ('DescribeKinesisStreamingDestination', '{"TableName": "nope"}'),
    ('DescribeTableReplicaAutoScaling', '{"TableName": "ops_service"}'), ('DescribeTableReplicaAutoScaling', '{"TableName": "nope"}'),
    ('GetResourcePolicy', '{"ResourceArn": "TABLE"}'), ('GetResourcePolicy', '{"ResourceArn": "TABLE_none"}'), ('GetResourcePolicy', '{"ResourceArn": "ops_service"}'),
    ('DeleteResourcePolicy', '{"ResourceArn": "TABLE"}'), ('DeleteResourcePolicy', '{"ResourceArn": "TABLE", "ExpectedRevisionId": "1"}'),
    ('ListGlobalTables', '{}'), ('ListGlobalTables', '{"Limit": 0, "ExclusiveStartGlobalTableName": "a*"}'), ('DescribeGlobalTable', '{"GlobalTableName": "ops_service"}'),
    ('DescribeGlobalTableSettings', '{"GlobalTableName": "ops_service"}'), ('DescribeGlobalTableSettings', '{}'),
    ('ListExports', '{"TableArn": "TABLE", "MaxResults": 25}'), ('ListExports', '{"MaxResults": 26}'), ('DescribeExport', '{"ExportArn": "TABLE/export/01234567890123-a1b2c3d4"}'),
    ('ListImports', '{}'), ('ListImports', '{"NextToken": "x"}'), ('DescribeImport', '{"ImportArn": "TABLE/import/01234567890123-a1b2c3d4"}'), ('DescribeImport', '{"ImportArn": "x"}'),
    ('ExportTableToPointInTime', '{"TableArn": "TABLE", "S3Bucket": "b"}'), ('ExportTableToPointInTime', '{"TableArn": "TABLE_none", "S3Bucket": "b"}'),
    ('ExportTableToPointInTime', '{"TableArn": "TABLE", "S3Bucket": "b", "ExportFormat": "CSV", "IncrementalExportSpecification": {"ExportViewType": "ALL"}}'),
    ('RestoreTableToPointInTime', '{"SourceTableName": "ops_service", "TargetTableName": "restored", "UseLatestRestorableTime": true}'),
    ('RestoreTableToPointInTime', '{"SourceTableArn": "TABLE", "TargetTableName": "restored", "RestoreDateTime": 1.5, "BillingModeOverride": "FREE"}'),
    ('RestoreTableToPointInTime', '{"SourceTableArn": "TABLE_none", "TargetTableName": "restored"}'), ('RestoreTableToPointInTime', '{"TargetTableName": "restored"}')) t (operation, request);

-- who may read the table is told, who owns it may ask for more
CREATE ROLE ops_service_user;
GRANT USAGE ON SCHEMA dynamodb TO ops_service_user;
SET ROLE ops_service_user;
SELECT operation, outcome(operation, '{"TableName": "ops_service"}')
  FROM unnest('{DescribeContinuousBackups,DescribeContributorInsights,DescribeKinesisStreamingDestination,DescribeTableReplicaAutoScaling}'::text[]) AS operation;
SELECT operation, outcome(operation, json_build_object('ResourceArn', :'table')) FROM unnest('{GetResourcePolicy,DeleteResourcePolicy}'::text[]) AS operation;
SELECT outcome('ExportTableToPointInTime', json_build_object('TableArn', :'table', 'S3Bucket', 'b'));
SELECT outcome('UpdateContinuousBackups', '{"TableName": "ops_service", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}}');
RESET ROLE;

SELECT dynamo.delete_table('ops_service_index') ->> 'TableStatus';
SELECT dynamo.delete_table('ops_service') ->> 'TableStatus';
REVOKE USAGE ON SCHEMA dynamodb FROM ops_service_user;
DROP ROLE ops_service_user;
DROP FUNCTION outcome(text, text), outcome(text, json);
