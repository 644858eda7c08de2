-- on-demand backups: copies of tables inside of the database
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
SET client_min_messages = warning;
SET dynamo.schema = 'ops_backup';

-- One line per case: the response, or SQLSTATE and message.
\getenv abs_srcdir PG_ABS_SRCDIR
\set outcome :abs_srcdir '/test/sql/outcome.sql'
\i :outcome
-- What differs from run to run becomes a letter.
CREATE FUNCTION masked(answer text) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(regexp_replace(regexp_replace(answer, '\d{14}-[0-9a-f]{8}', '<id>', 'g'),
        '\d{10}\.\d{3}', '0.000', 'g'), '[0-9a-f]{8}-[0-9a-f-]{27}', '<uuid>', 'g')
$$;
CREATE TABLE arns (name text PRIMARY KEY, arn text);
CREATE FUNCTION backup(table_name text, backup_name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer json;
BEGIN
    answer := dynamo.call('CreateBackup', json_build_object('TableName', table_name, 'BackupName', backup_name));
    INSERT INTO arns VALUES (backup_name, answer #>> '{BackupDetails,BackupArn}');
    PERFORM pg_sleep(0.002);   -- the next one has a later id
    RETURN answer;
EXCEPTION WHEN SQLSTATE 'ND006' OR SQLSTATE 'ND001' OR insufficient_privilege THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE FUNCTION with_backup(operation text, backup_name text, other text DEFAULT '') RETURNS text LANGUAGE sql AS $$
    SELECT masked(outcome(operation, format('{"BackupArn": "%s" %s}', coalesce((SELECT arn FROM arns WHERE name = backup_name), backup_name), other)::json))
$$;
CREATE FUNCTION backups(request text DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN answer ~ '^{' THEN
        (SELECT string_agg(s ->> 'TableName' || '/' || (s ->> 'BackupName'), ' ' ORDER BY n)
           FROM json_array_elements(answer::json -> 'BackupSummaries') WITH ORDINALITY AS t (s, n))
        || coalesce(' ... after ' || (SELECT name FROM arns WHERE arn = answer::json ->> 'LastEvaluatedBackupArn'), '') ELSE masked(answer) END
      FROM outcome('ListBackups', request::json) AS answer
$$;

SELECT dynamo.create_table('Music', 'Artist S', 'Year N', 'PROVISIONED', 5, 6, deletion_protection_enabled => true,
    table_class => 'STANDARD_INFREQUENT_ACCESS') IS NOT NULL;
INSERT INTO ops_backup."Music" (item) SELECT jsonb_build_object('Artist', 'a' || i % 7, 'Year', i, 'x', repeat('x', i * 100))::dynamo.item
  FROM generate_series(1, 200) i;
SELECT dynamo.put_item('Music', format('{"Artist": {"S": "big"}, "Year": {"N": "-1.50"}, "x": {"B": "%s"}, "zero": {"S": "a\u0000b"}}',
    repeat('AAEC', 1000))::dynamo.item);
SELECT outcome('TagResource', '{"ResourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/Music", "Tags": [{"Key": "a", "Value": "b"}]}');
SELECT dynamo.create_table('Other', 'id B') IS NOT NULL;

-- create
SELECT masked(backup('Music', 'first'));
SELECT dynamo.delete_item('Music', '{"Artist": {"S": "a1"}, "Year": {"N": "1"}}');
SELECT masked(backup('Music', 'second'));
SELECT masked(backup('Other', 'empty'));
SELECT backup('None', 'none'), backup('arn:aws:dynamodb:us-east-1:000000000000:table/None', 'none');
SELECT backup('Music', 'no'), backup('Music', 'not this'), backup('M', repeat('n', 256));
SELECT outcome('CreateBackup', '{}');
SELECT name, table_name, key_schema, item_count, size_bytes FROM dynamo.backups ORDER BY relation::text;

-- describe
SELECT with_backup('DescribeBackup', 'first');
SELECT with_backup('DescribeBackup', 'empty');
SELECT arn, with_backup('DescribeBackup', arn) FROM unnest(ARRAY['x', 'arn:aws:dynamodb:us-east-1:000000000000:table/Music',
    'arn:aws:dynamodb:us-east-1:000000000000:table/Music/backup/01763619000123-5f0c2a9b', repeat('x', 1025)]) AS arn WHERE length(arn) < 1000;
SELECT with_backup('DescribeBackup', replace(arn, 'Music', 'Other')), with_backup('DescribeBackup', replace(arn, 'us-east-1', 'us-west-1')),
       with_backup('DescribeBackup', replace(arn, '000000000000', '000000000001')) FROM arns WHERE name = 'first';

-- list: pages and filters
SELECT backups();
SELECT request, backups(request) FROM unnest(ARRAY['{"Limit": 2}', '{"Limit": 3}', '{"Limit": 0}', '{"Limit": 101}', '{"TableName": "Music"}', '{"TableName": "None"}',
    '{"TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/Other"}', '{"BackupType": "USER"}', '{"BackupType": "ALL"}', '{"BackupType": "SYSTEM"}',
    '{"BackupType": "AWS_BACKUP"}', '{"BackupType": "FOO"}', '{"TimeRangeLowerBound": 1e9}', '{"TimeRangeLowerBound": 1e40}', '{"TimeRangeUpperBound": 1000000000.5}',
    '{"TimeRangeUpperBound": "now"}', '{"ExclusiveStartBackupArn": "arn:aws:dynamodb:us-east-1:000000000000:table/Music"}', '{"ExclusiveStartBackupArn": "x"}']) AS request;
SELECT name, backups(format('{"ExclusiveStartBackupArn": "%s", "Limit": 1}', arn)) FROM arns ORDER BY arn;
SELECT b.name, backups(format('{"TimeRangeLowerBound": %s}', extract(epoch FROM created))), backups(format('{"TimeRangeUpperBound": %s}', extract(epoch FROM created)))
  FROM dynamo.backups b ORDER BY created;
SELECT masked(outcome('ListBackups', '{"TableName": "Other"}'));

-- backups outlive their table
SELECT dynamo.update_table('Music', deletion_protection_enabled => false) IS NOT NULL;
CREATE TABLE before AS SELECT item FROM ops_backup."Music";
SELECT dynamo.delete_table('Music') ->> 'TableStatus';
SELECT backups('{"TableName": "Music"}'), with_backup('DescribeBackup', 'second') ~ '"ItemCount":200';

-- restore: keys, items, settings; not tags, not deletion protection
SELECT with_backup('RestoreTableFromBackup', 'second', ', "TargetTableName": "Music"');
SELECT masked((dynamo.describe_table('Music')::jsonb - 'TableSizeBytes')::text);
SELECT count(*), count(*) FILTER (WHERE item IN (SELECT item FROM before)) FROM ops_backup."Music";
SELECT * FROM dynamo.check_table('Music');
SELECT outcome('ListTagsOfResource', '{"ResourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/Music"}');
SELECT dynamo.get_item('Music', '{"Artist": {"S": "big"}, "Year": {"N": "-1.5"}}') -> 'zero';
SELECT outcome('Query', '{"TableName": "Music", "KeyConditionExpression": "Artist = :a AND #y > :y", "ExpressionAttributeNames": {"#y": "Year"},
    "ExpressionAttributeValues": {":a": {"S": "a3"}, ":y": {"N": "180"}}, "ProjectionExpression": "#y"}');
SELECT with_backup('RestoreTableFromBackup', 'first', ', "TargetTableName": "Songs", "BillingModeOverride": "PAY_PER_REQUEST"')::json #> '{TableDescription,BillingModeSummary,BillingMode}';
SELECT count(*) FROM ops_backup."Songs";
SELECT with_backup('RestoreTableFromBackup', 'empty', ', "TargetTableName": "Empty", "BillingModeOverride": "PROVISIONED",
    "ProvisionedThroughputOverride": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}')::json #> '{TableDescription,ProvisionedThroughput}';
SELECT other, with_backup('RestoreTableFromBackup', 'first', other) FROM unnest(ARRAY['', ', "TargetTableName": "Music"', ', "TargetTableName": "a b"',
    ', "TargetTableName": "New", "BillingModeOverride": "PAY_PER_REQUEST", "ProvisionedThroughputOverride": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}',
    ', "TargetTableName": "New", "GlobalSecondaryIndexOverride": [{}]', ', "TargetTableName": "New", "SSESpecificationOverride": {"Enabled": true}']) AS other;
SELECT with_backup('RestoreTableFromBackup', 'empty', ', "TargetTableName": "New", "BillingModeOverride": "PROVISIONED"');
SELECT with_backup('RestoreTableFromBackup', 'arn:aws:dynamodb:us-east-1:000000000000:table/Music/backup/01763619000123-5f0c2a9b', ', "TargetTableName": "New"');
SELECT dynamo.list_tables();

-- a backup is that of one moment, the transaction's own changes included, and goes with it
BEGIN;
SELECT dynamo.delete_item('Music', '{"Artist": {"S": "a2"}, "Year": {"N": "2"}}');
SELECT masked(backup('Music', 'rolled-back'));
SELECT item_count FROM dynamo.backups WHERE name = 'rolled-back';
SELECT backups('{"TableName": "Music"}');
ROLLBACK;
SELECT backups('{"TableName": "Music"}');

-- only the owner
CREATE ROLE ops_backup_user;
CREATE ROLE ops_backup_owner;
GRANT USAGE ON SCHEMA ops_backup, ops_backup_backups TO PUBLIC;
GRANT CREATE ON SCHEMA ops_backup, ops_backup_backups TO ops_backup_user, ops_backup_owner;
GRANT SELECT ON ops_backup."Music", arns TO PUBLIC;
GRANT INSERT ON arns TO PUBLIC;
SET ROLE ops_backup_user;
SELECT backup('Music', 'mine');
SELECT regexp_replace(with_backup('DescribeBackup', 'first'), '<id>', 'id'), with_backup('DeleteBackup', 'first'),
       with_backup('RestoreTableFromBackup', 'first', ', "TargetTableName": "Stolen"');
SELECT backups('{"TableName": "Other"}');
INSERT INTO dynamo.backups SELECT * FROM dynamo.backups;
-- row security that applies to the owner too would hide items
SET ROLE ops_backup_owner;
SELECT dynamo.create_table('Secret', 'id N') IS NOT NULL;
INSERT INTO ops_backup."Secret" (item) VALUES ('{"id": {"N": "1"}}');
ALTER TABLE ops_backup."Secret" ENABLE ROW LEVEL SECURITY;
SELECT backup('Secret', 'open') ~ 'BackupArn';
ALTER TABLE ops_backup."Secret" FORCE ROW LEVEL SECURITY;
SELECT backup('Secret', 'hidden');
SELECT with_backup('RestoreTableFromBackup', 'open', ', "TargetTableName": "Open"') ~ 'CREATING';
SELECT dynamo.scan('Open');
RESET ROLE;

-- delete; DROP TABLE does the same
SELECT with_backup('DeleteBackup', 'first');
SELECT with_backup('DeleteBackup', 'first'), with_backup('DescribeBackup', 'first');
SELECT backups();
DO $$ BEGIN EXECUTE format('DROP TABLE %s', (SELECT relation FROM dynamo.backups WHERE name = 'second')); END $$;
SELECT backups();
SELECT count(*) FROM dynamo.table_settings WHERE relation::text ~ 'ops_backup_backups';

-- other schemas have their own
SET dynamo.schema = 'ops_backup_2';
SELECT backups(), with_backup('DescribeBackup', 'empty');

-- read only
SET dynamo.schema = 'ops_backup';
BEGIN READ ONLY;
SELECT backups();
SELECT with_backup('DeleteBackup', 'empty');
SELECT with_backup('RestoreTableFromBackup', 'empty', ', "TargetTableName": "New"');
SELECT outcome('CreateBackup', '{"TableName": "Music", "BackupName": "readonly"}');
ROLLBACK;

-- the copy is its owner's, who may have altered it: what is restored obeys the contract
CREATE FUNCTION tamper(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(command, (SELECT relation FROM dynamo.backups WHERE name = 'empty'));
    RETURN replace(left(with_backup('RestoreTableFromBackup', 'empty', ', "TargetTableName": "Tampered"'), 80), '"<id>"', 'id');
END
$$;
SELECT command, tamper(command) FROM unnest(ARRAY['INSERT INTO %s VALUES (''{"a": {"S": "no key"}}'')', 'UPDATE %s SET item = ''{"id": {"S": "no binary"}}''',
    'ALTER TABLE %s RENAME item TO other', 'ALTER TABLE %s RENAME other TO item', 'ALTER TABLE %s ALTER item TYPE jsonb', 'ALTER TABLE %s DROP item']) AS command;
SELECT count(*) FROM dynamo.list_tables() t WHERE t = 'Tampered';
DROP FUNCTION tamper;

-- a partitioned table is copied by SQL
CREATE TABLE ops_backup.parts ("pk" text COLLATE "C" NOT NULL, item dynamo.item NOT NULL, PRIMARY KEY (pk)) PARTITION BY HASH (pk);
CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON ops_backup.parts FOR EACH ROW EXECUTE FUNCTION dynamo.maintain_columns('pk', 'S', 'pk', 'HASH');
CREATE TABLE ops_backup.parts_0 PARTITION OF ops_backup.parts FOR VALUES WITH (MODULUS 2, REMAINDER 0) USING dynamo;
CREATE TABLE ops_backup.parts_1 PARTITION OF ops_backup.parts FOR VALUES WITH (MODULUS 2, REMAINDER 1) USING dynamo;
INSERT INTO ops_backup.parts (pk, item) SELECT i, jsonb_build_object('pk', i::text)::dynamo.item FROM generate_series(1, 20) i;
SELECT dynamo.create_backup('parts', 'parts') IS NOT NULL;
SELECT dynamo.restore_table_from_backup('whole', (SELECT dynamo.list_backups('parts')));
SELECT count(*) FROM ops_backup.whole;
SELECT * FROM dynamo.check_table('whole');

-- the functions
SELECT masked(dynamo.create_backup('Music', 'function'));
SELECT masked(a) FROM dynamo.list_backups() a;
SELECT count(*) FROM dynamo.list_backups('Music');
SELECT count(dynamo.create_backup('Empty', 'n' || n)) FROM generate_series(100, 220) n;
SELECT count(DISTINCT a) FROM dynamo.list_backups('Empty') a;
SELECT dynamo.restore_table_from_backup('Copy', (SELECT dynamo.list_backups('Music')));
SELECT count(*) FROM dynamo.scan('Copy');
SELECT dynamo.delete_backup((SELECT dynamo.list_backups('Music'))) #>> '{BackupDetails,BackupStatus}';
SELECT dynamo.create_backup(NULL, 'null');

DROP SCHEMA ops_backup CASCADE;
SELECT count(*) FROM dynamo.list_backups();
DROP SCHEMA ops_backup_backups CASCADE;
SELECT backups();
SELECT backups('{"ExclusiveStartBackupArn": "arn:aws:dynamodb:us-east-1:000000000000:table/Music"}');
SELECT count(*) FROM dynamo.backups;
DROP TABLE arns, before;
DROP FUNCTION outcome(text, text), outcome(text, json), masked, backup, with_backup, backups;
DROP ROLE ops_backup_user, ops_backup_owner;
