# Workers of databases: without an endpoint, in several databases, and in nobody's way.
use strict;
use warnings;
use DynamoEndpoint;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = start_endpoint('databases', q{
	dynamo.discovery_interval = 1
	max_worker_processes = 30});
my @port_off = (options => ['-c', 'dynamo.endpoint_port=0']);

sub sql { return $node->safe_psql(@_) }
sub until_is { return $node->poll_query_until($_[0], $_[1]) }
sub workers { return sql('postgres', qq{SELECT count(*) FROM pg_stat_activity WHERE datname = '$_[0]' AND backend_type = 'dynamo job lane'}) }

# Jobs wait, before they have copied anything, while the table `brake` is locked.
my $brake = q{
	CREATE TABLE public.brake ();
	GRANT SELECT ON public.brake TO PUBLIC;
	CREATE FUNCTION brake() RETURNS event_trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_type = 'table') THEN
			PERFORM FROM public.brake;
		END IF;
	END $$;
	CREATE EVENT TRIGGER brake ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION brake();};

sub locked
{
	my ($database) = @_;
	my $psql = $node->background_psql($database, on_error_stop => 1);
	$psql->query_safe('BEGIN; LOCK public.brake');
	return $psql;
}

sub is_running
{
	my ($database) = @_;
	return until_is($database, q{SELECT count(*) = 1 FROM dynamo.jobs JOIN pg_stat_activity USING (pid) WHERE wait_event_type = 'Lock'});
}

sub is_done
{
	my ($database, $case) = @_;
	ok(until_is($database, 'SELECT count(*) = 0 FROM dynamo.jobs'), "$case: the job is done");
	return;
}

call_ok($node, 'CreateTable', { TableName => 'Tab', BillingMode => 'PAY_PER_REQUEST',
	AttributeDefinitions => [{ AttributeName => 'k', AttributeType => 'N' }],
	KeySchema => [{ AttributeName => 'k', KeyType => 'HASH' }] });
sql('dynamo', q{
	CREATE SCHEMA dynamodb_backups AUTHORIZATION dynamo_endpoint;
	INSERT INTO dynamodb."Tab" (item) SELECT jsonb_build_object('k', i)::dynamo.item FROM generate_series(1, 100) i;} . $brake);
is(workers('dynamo'), 0, 'no worker where there is nothing to do');

sub backup { return call_ok($node, 'CreateBackup', { TableName => 'Tab', BackupName => $_[0] })->{BackupDetails} }
sub nbackups { return sql($_[0], 'SELECT count(*) FROM dynamo.list_backups()') }

# ---- without an endpoint ----

my $lock = locked('dynamo');
is(backup('first')->{BackupStatus}, 'CREATING', 'a job');
is_running('dynamo');
$lock->quit;
is_done('dynamo', 'with the endpoint');

$lock = locked('dynamo');
backup('second');
is_running('dynamo');
sql('dynamo', q{CREATE TABLE saved AS SELECT * FROM dynamo.job_queue});
my $port = $node->{endpoint_port};
$node->append_conf('postgresql.conf', 'dynamo.endpoint_port = 0');
$node->stop('fast');
$lock->quit;
$node->start;
is_done('dynamo', 'without the endpoint, left over');
is(nbackups('dynamo'), 2, 'and its backup is there');

# ---- a second database, whose job nobody announces ----

# Puts a job into the queue of a database that has the table and `saved`.
sub queue
{
	my ($database) = @_;
	sql($database, q{INSERT INTO dynamo.job_queue SELECT (jsonb_populate_record(s, jsonb_build_object(
		'id', s.id || count, 'backup_id', s.backup_id || count, 'backup_name', 'again' || count, 'state', 'WAITING', 'attempts', 0, 'pid', null))).*
		FROM saved s, (SELECT count(*) FROM dynamo.backups) c});
	return;
}

sql('postgres', 'CREATE DATABASE second TEMPLATE dynamo');
$lock = locked('second');
queue('second');
is_running('second');
is(workers('second'), 1, 'a worker of the second database');
is(workers('dynamo'), 0, 'and none of the first');

# ---- commands that need the database for themselves ----

sub succeeds
{
	my ($command, $case) = @_;
	my (undef, undef, $error) = $node->psql('postgres', $command);
	is($error, '', $case);
	return;
}

$lock->quit;
is_done('second', 'second database');

# A job that sleeps: nothing but a worker that is told to end gives way.
sub endless_job
{
	my ($database) = @_;
	sql($database, q{
		CREATE OR REPLACE FUNCTION brake() RETURNS event_trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF current_database() <> 'copy' THEN PERFORM pg_sleep(1000); END IF;
		END $$});
	queue($database);
	ok(until_is($database, q{SELECT count(*) = 1 FROM dynamo.jobs JOIN pg_stat_activity USING (pid) WHERE wait_event = 'PgSleep'}), 'an endless job');
	return;
}

endless_job('second');
succeeds('CREATE DATABASE copy TEMPLATE second', 'CREATE DATABASE ... TEMPLATE');
is_done('copy', 'a copy of the database');
ok(until_is('second', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = 'second' AND backend_type = 'dynamo job lane'}), 'the worker comes back');
succeeds('ALTER DATABASE second RENAME TO third', 'ALTER DATABASE ... RENAME');
ok(until_is('third', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = 'third' AND backend_type = 'dynamo job lane'}), 'the worker comes back');

sql('postgres', 'CREATE ROLE stranger LOGIN');
my $pid = sql('third', q{SELECT pid FROM pg_stat_activity WHERE datname = 'third' AND backend_type = 'dynamo job lane'});
isnt($node->psql('postgres', 'DROP DATABASE third', extra_params => [ '-U', 'stranger' ]), 0, 'a stranger may not drop the database');
is(sql('third', q{SELECT pid FROM pg_stat_activity WHERE datname = 'third' AND backend_type = 'dynamo job lane'}), $pid, 'nor interrupt its worker');

my $session = $node->background_psql('third');
$session->query_safe('SELECT 1');
my (undef, undef, $error) = $node->psql('postgres', 'DROP DATABASE third');
like($error, qr/is being accessed by other users.*There is 1 other session/s, 'other sessions are still in the way');
$session->quit;
ok(until_is('third', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = 'third' AND backend_type = 'dynamo job lane'}), 'the worker comes back');
sql('third', 'BEGIN; DROP EXTENSION dynamo CASCADE; ROLLBACK');
ok(until_is('third', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = 'third' AND backend_type = 'dynamo job lane'}), 'DROP EXTENSION; the worker comes back');
sql('third', 'ALTER EXTENSION dynamo UPDATE');
succeeds('DROP DATABASE third', 'DROP DATABASE');

# ---- dynamo.databases ----

sql('postgres', q{ALTER SYSTEM SET dynamo.databases = 'postgres, "copy"'});
$node->append_conf('postgresql.conf', "dynamo.endpoint_port = $port");
$node->restart;
wait_for_endpoint($node);
sql('dynamo', 'DROP EVENT TRIGGER brake');
my $arn = backup('at-once')->{BackupArn};
is(call_ok($node, 'DescribeBackup', { BackupArn => $arn })->{BackupDescription}{BackupDetails}{BackupStatus}, 'AVAILABLE', 'without a worker, the request itself makes the backup');
queue('dynamo');
queue('copy');
is_done('copy', 'a database that is named');
is(sql('dynamo', 'SELECT state, attempts FROM dynamo.jobs'), 'WAITING|0', 'the others are left alone');
sql('postgres', q{ALTER SYSTEM RESET dynamo.databases});
sql('postgres', 'SELECT pg_reload_conf()');
is_done('dynamo', 'a reload is enough');
isnt($node->psql('postgres', q{ALTER SYSTEM SET dynamo.databases = 'a b,'}), 0, 'a list that is none');

# ---- a database whose catalogs are not what the workers expect ----

for my $database ('broken', 'sound')
{
	sql('postgres', "CREATE DATABASE $database");
	sql($database, q{CREATE EXTENSION dynamo; SELECT dynamo.create_table('Tab', 'k S'); SELECT dynamo.update_time_to_live('Tab', 't')});
	ok(until_is($database, q{SELECT dynamo.describe_time_to_live('Tab')->>'TimeToLiveStatus' = 'ENABLED'}), "$database: time to live");
}
$node->stop;
$node->append_conf('postgresql.conf', q{dynamo.databases = ''});
$node->start;
sql('broken', 'ALTER TABLE dynamo.job_queue RENAME TO job_queue_of_another_version');
sql($_, q{INSERT INTO dynamodb."Tab" (item) VALUES ('{"k": {"S": "a"}, "t": {"N": "1700000000"}}')}) for 'broken', 'sound';
$node->append_conf('postgresql.conf', q{dynamo.databases = '*'});
my $begun = time;
my $end_of_log = -s $node->logfile;
$node->restart;
ok(until_is($_, q{SELECT count(*) = 0 FROM dynamodb."Tab"}), "$_: what can be done is done") for 'sound', 'broken';
my @errors = slurp_file($node->logfile, $end_of_log) =~ /LOG: .*job_queue.* does not exist/g;
cmp_ok(scalar(@errors), '>', 0, 'the log says what cannot');
cmp_ok(scalar(@errors), '<=', 3 + (time - $begun), 'no more often than somebody looks');

$node->stop;
done_testing();
