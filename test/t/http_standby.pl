# A hot standby serves reads and says why it does not serve writes; after
# promotion it does.
use strict;
use warnings;
use DynamoEndpoint;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use Test::More;

my $primary = start_endpoint('primary');
call_ok($primary, 'CreateTable', {
	TableName => 'Tab', BillingMode => 'PAY_PER_REQUEST',
	AttributeDefinitions => [{ AttributeName => 'k', AttributeType => 'S' }],
	KeySchema => [{ AttributeName => 'k', KeyType => 'HASH' }] });
call_ok($primary, 'PutItem', { TableName => 'Tab', Item => { k => { S => 'a' }, n => { N => '1' } } });
$primary->backup('copy');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->{endpoint_port} = PostgreSQL::Test::Cluster::get_free_port();
$standby->append_conf('postgresql.conf', "dynamo.endpoint_port = $standby->{endpoint_port}");
$standby->start;
wait_for_endpoint($standby);

call_ok($primary, 'PutItem', { TableName => 'Tab', Item => { k => { S => 'b' }, n => { N => '2' } } });
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));

my $get = { TableName => 'Tab', Key => { k => { S => 'b' } } };
is(call_ok($standby, 'GetItem', $get)->{Item}{n}{N}, '2', 'GetItem');
is(call_ok($standby, 'Scan', { TableName => 'Tab' })->{Count}, 2, 'Scan');
is(call_ok($standby, 'DescribeTable', { TableName => 'Tab' })->{Table}{TableStatus}, 'ACTIVE', 'DescribeTable');
my %writes = (
	PutItem => { TableName => 'Tab', Item => { k => { S => 'c' } } },
	UpdateItem => { %$get, UpdateExpression => 'SET x = n' },
	DeleteItem => $get,
	DeleteTable => { TableName => 'Tab' },
	CreateTable => {
		TableName => 'Other', BillingMode => 'PAY_PER_REQUEST',
		AttributeDefinitions => [{ AttributeName => 'k', AttributeType => 'S' }],
		KeySchema => [{ AttributeName => 'k', KeyType => 'HASH' }] });
for my $operation (sort keys %writes)
{
	my ($status, $body) = call($standby, $operation, $writes{$operation});
	is($status, 400, "$operation is refused");
	like($body->{__type} . $body->{Message}, qr/AccessDeniedException.*read-only/, 'with a reason');
}

# ---- a synchronous standby that is not there ----

for my $commit ('plain', 'deferred')
{
	reload_endpoint($primary, <<~"END");
		synchronous_standby_names = 'standby'
		dynamo.endpoint_commit = $commit
		END
	$primary->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'});
	is((call($primary, 'PutItem', { TableName => 'Tab', Item => { k => { S => $commit } } }))[0], 200,
		"$commit: a write that the standby confirms");

	$standby->stop;
	my $socket = raw_connect($primary);
	raw_send($socket, raw_request('PutItem', qq({"TableName": "Tab", "Item": {"k": {"S": "$commit alone"}}})));
	is((raw_reply($socket, 0.7))[0], 'timeout', "$commit: one that it does not confirm is not acknowledged");
	$primary->safe_psql('postgres', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity
		WHERE wait_event = 'SyncRep' AND backend_type LIKE 'dynamo endpoint%'});
	my ($status, $body) = raw_reply($socket, 0.7);
	if ($commit eq 'plain')
	{
		is($status, 500, 'plain: a cancelled wait is an error');
		like($body, qr/InternalServerError.*no standby has confirmed/, 'that says so');
	}
	else
	{
		is($status, 'timeout', 'deferred: a cancelled wait changes nothing');
	}
	$standby->start;
	wait_for_endpoint($standby);
	is((raw_reply($socket))[0], 200, 'deferred: the reply comes with the confirmation') if $commit eq 'deferred';
}

# A request whose reply waits for something else, not in its worker, has its time too.
sub start_request
{
	my ($operation, $request) = @_;
	my $socket = raw_connect($primary);
	raw_send($socket, raw_request($operation, encode_json($request)));
	return $socket;
}

sub fails
{
	my ($socket, $why, $name) = @_;
	my ($status, $body) = raw_reply($socket);
	is($status, 500, $name);
	like($body, qr/InternalServerError.*$why/, 'with a reason');
}

# Through the slow lane, since the item is locked for a while.
sub start_slow_request
{
	my ($in, $out) = (qq{BEGIN; SELECT item FROM dynamodb."Tab" WHERE k = 'b' FOR UPDATE; SELECT 'locked';\n}, '');
	my $locker = IPC::Run::start([ 'psql', '-XAtq', '-d', $primary->connstr('dynamo') ], '<', \$in, '>', \$out);
	$locker->pump until $out =~ /locked/;
	my $socket = start_request('UpdateItem', { %$get, UpdateExpression => 'ADD n :one',
		ExpressionAttributeValues => { ':one' => { N => '1' } } });
	$primary->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity
		WHERE backend_type = 'dynamo endpoint slow lane' AND wait_event_type = 'Lock'});
	$in .= "ROLLBACK;\n\\q\n";
	$locker->finish;
	return $socket;
}

$standby->stop;
reload_endpoint($primary, 'dynamo.endpoint_request_timeout = 3s');
my $write = start_request('PutItem', { TableName => 'Tab', Item => { k => { S => 'late' } } });
$primary->poll_query_until('dynamo', q{SELECT EXISTS (SELECT FROM dynamodb."Tab" WHERE k = 'late')});
my $read = start_request('GetItem', { TableName => 'Tab', Key => { k => { S => 'late' } } });
my $slow = start_slow_request();
fails($write, 'not become durable in time', 'deferred: a write that is never confirmed is an error in the end');
fails($read, 'not become durable in time', 'and so is what shows it');
fails($slow, 'not become durable in time', 'and one through the slow lane');

reload_endpoint($primary, 'dynamo.endpoint_commit = plain');
$slow = start_slow_request();
is((call($primary, 'GetItem', { TableName => 'Tab', Key => { k => { S => 'a' } } }))[0], 200,
	'plain: while a slow worker waits, others serve');
fails($slow, 'not come to its end in time', 'but not for ever does whoever sent that');

$standby->start;
wait_for_endpoint($standby);
reload_endpoint($primary, 'dynamo.endpoint_request_timeout = 30s');
is(call_ok($primary, 'GetItem', $get)->{Item}{n}{N}, '4', 'what was not confirmed has been done, once');
is((raw_reply(start_slow_request()))[0], 200, 'and the slow lane works');
reload_endpoint($primary, "synchronous_standby_names = ''");

# ---- a job that the primary has not done ----

$primary->safe_psql('dynamo', 'CREATE SCHEMA dynamodb_backups AUTHORIZATION dynamo_endpoint');
my $arn = call_ok($primary, 'CreateBackup', { TableName => 'Tab', BackupName => 'first' })->{BackupDetails}{BackupArn};
$primary->poll_query_until('dynamo', 'SELECT count(*) = 0 FROM dynamo.jobs');
my $in = sprintf(qq{BEGIN; LOCK TABLE %s; SELECT 'locked';\n}, $primary->safe_psql('dynamo', 'SELECT relation FROM dynamo.backups'));
my $out = '';
my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $primary->connstr('dynamo') ], '<', \$in, '>', \$out);
$psql->pump until $out =~ /locked/;
call_ok($primary, 'RestoreTableFromBackup', { BackupArn => $arn, TargetTableName => 'Restored' });
$primary->poll_query_until('dynamo', q{SELECT count(*) = 1 FROM dynamo.jobs WHERE state = 'RUNNING'});
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
my $describe = { TableName => 'Restored' };
is(call_ok($standby, 'DescribeTable', $describe)->{Table}{TableStatus}, 'CREATING', 'a standby shows the job');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'dynamo job lane'}),
	0, 'and does not run it');
$primary->stop('immediate');
$psql->kill_kill;

$standby->promote;
ok($standby->poll_query_until('dynamo', 'SELECT count(*) = 0 FROM dynamo.jobs'), 'after promotion it is done');
is(call_ok($standby, 'DescribeTable', $describe)->{Table}{TableStatus}, 'ACTIVE', 'and the table there');
is((call($standby, 'UpdateItem', { %$get, UpdateExpression => 'SET x = n' }))[0], 200,
	'after promotion writes are served');
is(call_ok($standby, 'GetItem', $get)->{Item}{x}{N}, '5', 'and read');

$standby->stop;
done_testing();
