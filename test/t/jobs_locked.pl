# A job whose table somebody has locked lets the others go first, and is done when the lock is gone.
use strict;
use warnings;
use DynamoEndpoint;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_endpoint('jobs_locked', 'dynamo.discovery_interval = 3600');
sub sql { return $node->safe_psql('dynamo', $_[0]) }
sub session { my $psql = $node->background_psql('dynamo', on_error_stop => 1); $psql->query_safe($_) for @_; return $psql }

sql(q{CREATE SCHEMA dynamodb_backups AUTHORIZATION dynamo_endpoint;
	CREATE FUNCTION brake() RETURNS event_trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_type = 'table') THEN
			PERFORM pg_advisory_xact_lock(42);
		END IF;
	END $$;});
for my $table (qw(First Locked Other))
{
	call_ok($node, 'CreateTable', { TableName => $table, BillingMode => 'PAY_PER_REQUEST',
		AttributeDefinitions => [{ AttributeName => 'k', AttributeType => 'S' }], KeySchema => [{ AttributeName => 'k', KeyType => 'HASH' }] });
}
sql(q{CREATE EVENT TRIGGER brake ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION brake()});

# (the first job waits until the others are recorded and a table is locked)
my $brake = session('SELECT pg_advisory_lock(42)');
call_ok($node, 'CreateBackup', { TableName => $_, BackupName => 'backup-of-' . lc }) for qw(First Locked Other);
is(sql(q{SELECT string_agg(table_name, ' ' ORDER BY table_name) FROM dynamo.jobs}), 'First Locked Other', 'three jobs');
my $lock = session('BEGIN', 'LOCK TABLE dynamodb."Locked"');
$brake->query_safe('SELECT pg_advisory_unlock(42)');
ok($node->poll_query_until('dynamo', q{SELECT string_agg(table_name, ' ') = 'Locked' FROM dynamo.jobs}), 'all but that of the locked table are done');
is(sql(q{SELECT state <> 'FAILED' AND attempts <= 1 AND error LIKE '%lock timeout%' FROM dynamo.jobs}), 't', 'which is tried again');
$lock->query_safe('COMMIT');
ok($node->poll_query_until('dynamo', q{SELECT count(*) = 0 FROM dynamo.jobs}), 'until it gets the lock');
is(sql(q{SELECT string_agg(table_name, ' ' ORDER BY table_name) FROM dynamo.backups}), 'First Locked Other', 'there are three backups');
$_->quit for $brake, $lock;

# Code of others that does not wait for a lock would be met for ever.
sql(q{CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN LOCK TABLE held NOWAIT; END $$;
	CREATE TABLE held ();
	GRANT ALL ON held TO dynamo_endpoint;
	CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION refuse()});
$lock = session('BEGIN', 'LOCK TABLE held');
call_ok($node, 'CreateBackup', { TableName => 'Other', BackupName => 'refused' });
ok($node->poll_query_until('dynamo', q{SELECT state = 'FAILED' FROM dynamo.jobs}), 'a job that meets a lock at once, each time, fails');
is(sql(q{SELECT attempts || ' ' || error FROM dynamo.jobs}), '5 could not obtain lock on relation "held"', 'after some attempts');
$lock->quit;
$node->stop;
done_testing();
