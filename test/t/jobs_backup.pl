# The job lane: CreateBackup and RestoreTableFromBackup over HTTP.
use strict;
use warnings;
use DynamoEndpoint;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = start_endpoint('jobs', q{
	dynamo.endpoint_request_timeout = '1s'
	restart_after_crash = on});
$node->safe_psql('dynamo', 'CREATE SCHEMA dynamodb_backups AUTHORIZATION dynamo_endpoint');

# A restored table takes 5 ms per item where the table `slow` says so; a job
# waits, before it has copied anything, while somebody holds the advisory lock 42.
my $brakes = q{
	CREATE TABLE slow ();
	CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN PERFORM pg_sleep(0.005); RETURN NEW; END $$;
	CREATE FUNCTION brake() RETURNS event_trigger LANGUAGE plpgsql AS $$
	DECLARE made record;
	BEGIN
		FOR made IN SELECT * FROM pg_event_trigger_ddl_commands() WHERE object_type = 'table' LOOP
			PERFORM pg_advisory_xact_lock(42);
			IF made.schema_name = 'dynamodb' AND to_regclass('public.slow') IS NOT NULL THEN
				EXECUTE format('CREATE TRIGGER slow BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION public.be_slow()', made.object_identity);
			END IF;
		END LOOP;
	END $$;
	CREATE EVENT TRIGGER brake ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION brake();};

sub brake
{
	my ($in, $out) = ("SELECT 'locked' FROM pg_advisory_lock(42);\n", '');
	my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('dynamo') ], '<', \$in, '>', \$out);
	$psql->pump until $out =~ /locked/;
	return sub { $in .= "\\q\n"; $psql->finish };
}

sub sql { return $node->safe_psql('dynamo', $_[0]) }

sub until_is
{
	my ($query, $wanted) = @_;
	return $node->poll_query_until('dynamo', $query, $wanted // 't');
}

sub error_of
{
	my ($operation, $request) = @_;
	my ($status, $body) = call($node, $operation, $request);
	return "$status " . ((ref $body && $body->{__type} // '') =~ s/.*#//r);
}

sub backup_status { return call_ok($node, 'DescribeBackup', { BackupArn => $_[0] })->{BackupDescription}{BackupDetails}{BackupStatus} }
sub table_status { return call_ok($node, 'DescribeTable', { TableName => $_[0] })->{Table}{TableStatus} }

sub wait_for_table
{
	my ($name) = @_;
	for (1 .. 400)
	{
		return 1 if eval { table_status($name) eq 'ACTIVE' };
		sleep 0.05;
	}
	return 0;
}

sub create_table
{
	my ($name) = @_;
	return { TableName => $name, BillingMode => 'PAY_PER_REQUEST',
		AttributeDefinitions => [{ AttributeName => 'k', AttributeType => 'N' }],
		KeySchema => [{ AttributeName => 'k', KeyType => 'HASH' }] };
}

sub setup
{
	call_ok($node, 'CreateTable', create_table('Tab'));
	sql(q{INSERT INTO dynamodb."Tab" (item) SELECT jsonb_build_object('k', i)::dynamo.item FROM generate_series(1, 1000) i});
	sql($brakes);
}

setup();

# ---- a backup: CREATING, then AVAILABLE ----

my $release = brake();
my $made = call_ok($node, 'CreateBackup', { TableName => 'Tab', BackupName => 'first' })->{BackupDetails};
my $arn = $made->{BackupArn};
is($made->{BackupStatus}, 'CREATING', 'CreateBackup answers at once');
is(backup_status($arn), 'CREATING', 'DescribeBackup');
my $summaries = call_ok($node, 'ListBackups', {})->{BackupSummaries};
is(join(' ', map { "$_->{BackupName} $_->{BackupStatus}" } @$summaries), 'first CREATING', 'ListBackups');
until_is(q{SELECT j.state = 'RUNNING' AND wait_event_type = 'Lock' FROM dynamo.jobs j JOIN pg_stat_activity USING (pid)});
is(sql('SELECT operation, schema, table_name, state, attempts, error FROM dynamo.jobs'),
	'CreateBackup|dynamodb|Tab|RUNNING|1|', 'dynamo.jobs');
is(sql(q{SELECT backend_type, usename, query FROM pg_stat_activity WHERE backend_type = 'dynamo job lane'}),
	'dynamo job lane|postgres|CreateBackup Tab', 'pg_stat_activity');
is(error_of('DeleteBackup', { BackupArn => $arn }), '400 BackupInUseException', 'DeleteBackup');
is(error_of('RestoreTableFromBackup', { BackupArn => $arn, TargetTableName => 'New' }), '400 BackupInUseException', 'RestoreTableFromBackup');
is(error_of('DeleteTable', { TableName => 'Tab' }), '400 ResourceInUseException', 'DeleteTable of the source');
call_ok($node, 'PutItem', { TableName => 'Tab', Item => { k => { N => '1' } } });
sleep 1.5;
is(backup_status($arn), 'CREATING', 'the time of a request does not cut a job');
$release->();
until_is('SELECT count(*) = 0 FROM dynamo.jobs');
is(backup_status($arn), 'AVAILABLE', 'DescribeBackup says AVAILABLE');
is(call_ok($node, 'DescribeBackup', { BackupArn => $arn })->{BackupDescription}{SourceTableDetails}{ItemCount}, 1000, 'all is in it');
until_is(q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'dynamo job lane'});
pass('the worker ends when there is nothing to do');

# ---- restoring: CREATING, then ACTIVE ----

my $restore = { BackupArn => $arn, TargetTableName => 'Slow' };
my $description = call_ok($node, 'RestoreTableFromBackup', $restore)->{TableDescription};
is($description->{TableStatus}, 'CREATING', 'RestoreTableFromBackup answers at once');
my $described = call_ok($node, 'DescribeTable', { TableName => 'Slow' })->{Table};
is($described->{TableStatus}, 'CREATING', 'DescribeTable');
ok($described->{RestoreSummary}{RestoreInProgress}, 'RestoreSummary');
is($described->{TableId}, $description->{TableId}, 'TableId');
is_deeply(call_ok($node, 'ListTables', {})->{TableNames}, [ 'Slow', 'Tab' ], 'ListTables');
is(call_ok($node, 'ListTables', { Limit => 1 })->{LastEvaluatedTableName}, 'Slow', 'ListTables in pages');
my $key = { k => { N => '1' } };
is(error_of('GetItem', { TableName => 'Slow', Key => $key }), '400 ResourceNotFoundException', 'GetItem');
is(error_of('PutItem', { TableName => 'Slow', Item => $key }), '400 ResourceNotFoundException', 'PutItem');
is(error_of('Scan', { TableName => 'Slow' }), '400 ResourceNotFoundException', 'Scan');
is(error_of('CreateTable', create_table('Slow')), '400 ResourceInUseException', 'CreateTable');
is(error_of('DeleteTable', { TableName => 'Slow' }), '400 ResourceInUseException', 'DeleteTable');
is(error_of('UpdateTable', { TableName => 'Slow', DeletionProtectionEnabled => JSON::PP::true }), '400 ResourceInUseException', 'UpdateTable');
is(error_of('TagResource', { ResourceArn => $description->{TableArn}, Tags => [ { Key => 'a', Value => 'b' } ] }), '400 ResourceInUseException', 'TagResource');
is(error_of('CreateBackup', { TableName => 'Slow', BackupName => 'too-early' }), '400 TableInUseException', 'CreateBackup');
is(error_of('RestoreTableFromBackup', $restore), '400 TableAlreadyExistsException', 'RestoreTableFromBackup');
is(error_of('DeleteBackup', { BackupArn => $arn }), '400 BackupInUseException', 'DeleteBackup');
until_is(q{SELECT items_done BETWEEN 1 AND 999 AND items_total = 1000 FROM dynamo.jobs});
pass('dynamo.jobs shows the progress');
ok(wait_for_table('Slow'), 'it becomes ACTIVE');
is(call_ok($node, 'Scan', { TableName => 'Slow', Select => 'COUNT' })->{Count}, 1000, 'with all items');
is(call_ok($node, 'DescribeTable', { TableName => 'Slow' })->{Table}{TableId}, $description->{TableId}, 'and the same id');

# ---- in SQL, nothing has changed ----

sql('DROP TABLE slow');
like(sql(qq{SELECT dynamo.restore_table_from_backup('BySql', '$arn')}), qr/BySql/, 'a restore by SQL is done when it returns');
is(sql('SELECT count(*) FROM dynamo.scan(\'BySql\')'), 1000, 'with all items');
sql('CREATE TABLE slow ()');

# ---- interruptions ----

sub start_slow_restore
{
	my ($name) = @_;
	call_ok($node, 'RestoreTableFromBackup', { BackupArn => $arn, TargetTableName => $name });
	until_is("SELECT items_done > 0 FROM dynamo.jobs WHERE table_name = '$name'");
	return sql("SELECT pid FROM dynamo.jobs WHERE table_name = '$name'");
}

sub is_restored
{
	my ($name, $case) = @_;
	ok(wait_for_table($name), "$case: it is done");
	is(call_ok($node, 'Scan', { TableName => $name, Select => 'COUNT' })->{Count}, 1000, "$case: with all items");
	is(sql('SELECT count(*) FROM dynamo.jobs'), 0, "$case: the job is gone");
}

start_slow_restore('Terminated');
sql(q{SELECT pg_terminate_backend(pid) FROM dynamo.jobs});
is_restored('Terminated', 'terminated worker');

my $pid = start_slow_restore('Crashed');
kill 'KILL', $pid;
# (a psql that is not let in may be gone before it is told what to ask)
1 until eval { $node->poll_query_until('postgres', 'SELECT pg_postmaster_start_time() IS NOT NULL') };
until_is(q{SELECT attempts = 2 FROM dynamo.jobs});
wait_for_endpoint($node);
is_restored('Crashed', 'crashed worker');

start_slow_restore('Immediate');
$node->stop('immediate');
$node->start;
wait_for_endpoint($node);
is_restored('Immediate', 'server stopped at once');

start_slow_restore('Restarted');
my $begun = time;
$node->stop('fast');
cmp_ok(time - $begun, '<', 5, 'a job does not hold up a shutdown');
$node->start;
wait_for_endpoint($node);
is(sql('SELECT min(attempts) <= 1 FROM dynamo.jobs'), 't', 'an orderly end is no failed attempt');
is_restored('Restarted', 'restarted server');

# ---- failures ----

sub is_failed
{
	my ($table, $pattern, $case) = @_;
	until_is("SELECT count(*) = 1 FROM dynamo.jobs WHERE state = 'FAILED' AND table_name = '$table'");
	like(sql("SELECT error FROM dynamo.jobs WHERE table_name = '$table'"), $pattern, "$case: the job shows the error");
}

start_slow_restore('Cancelled');
sql(q{SELECT pg_cancel_backend(pid) FROM dynamo.jobs WHERE state = 'RUNNING'});
is_failed('Cancelled', qr/canceling statement/, 'cancelled job');
is(error_of('DescribeTable', { TableName => 'Cancelled' }), '400 ResourceNotFoundException', 'the table is gone');
is_deeply([ grep { $_ eq 'Cancelled' } @{ call_ok($node, 'ListTables', {})->{TableNames} } ], [], 'from the list too');

$release = brake();
call_ok($node, 'RestoreTableFromBackup', { BackupArn => $arn, TargetTableName => 'Taken' });
until_is(q{SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE backend_type = 'dynamo job lane'});
call_ok($node, 'CreateBackup', { TableName => 'Terminated', BackupName => 'never' });
sql('DROP TABLE dynamodb."Terminated"');
$release->();
is_failed('Terminated', qr/Table not found: Terminated/, 'DROP TABLE before the copy');
ok(wait_for_table('Taken'), 'jobs go on after one has failed');

# ---- privileges ----

sql('CREATE ROLE somebody LOGIN');
is($node->safe_psql('dynamo', 'SELECT count(*) FROM dynamo.jobs', extra_params => [ '-U', 'somebody' ]), 0, 'others do not see the jobs');
sql('GRANT pg_monitor TO somebody');
is($node->safe_psql('dynamo', q{SELECT count(*) > 0 FROM dynamo.jobs WHERE state = 'FAILED'}, extra_params => [ '-U', 'somebody' ]), 't', 'but those who monitor the server');
sql('REVOKE pg_monitor FROM somebody');
isnt($node->psql('dynamo', 'SELECT * FROM dynamo.job_queue', extra_params => [ '-U', 'somebody' ]), 0, 'nor the queue');
sql(q{ALTER SCHEMA dynamodb_backups OWNER TO postgres; GRANT USAGE ON SCHEMA dynamodb_backups TO dynamo_endpoint});
is(error_of('CreateBackup', { TableName => 'Tab', BackupName => 'denied' }), '400 AccessDeniedException', 'what is not allowed is refused at once');
sql(q{ALTER SCHEMA dynamodb_backups OWNER TO dynamo_endpoint});

# ---- DROP EXTENSION, DROP DATABASE ----

start_slow_restore('Dropped');
$begun = time;
sql('DROP EXTENSION dynamo CASCADE');
cmp_ok(time - $begun, '<', 2, 'DROP EXTENSION does not wait for a job');
until_is(q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'dynamo job lane'});
$node->safe_psql('postgres', 'DROP DATABASE dynamo WITH (FORCE)');
$node->safe_psql('postgres', 'DROP ROLE dynamo_endpoint');
make_endpoint_database($node);
sql('CREATE SCHEMA dynamodb_backups AUTHORIZATION dynamo_endpoint');
sleep 0.5;
wait_for_endpoint($node);
setup();
$arn = call_ok($node, 'CreateBackup', { TableName => 'Tab', BackupName => 'again' })->{BackupDetails}{BackupArn};
until_is('SELECT count(*) = 0 FROM dynamo.jobs');
start_slow_restore('Dropped');
$begun = time;
$node->safe_psql('postgres', 'DROP DATABASE dynamo WITH (FORCE)');
cmp_ok(time - $begun, '<', 3, 'DROP DATABASE WITH (FORCE) does not wait for a job');

$node->stop;
done_testing();
