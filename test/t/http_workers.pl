# Workers: what locks, cancels, signals, timeouts and triggers do to requests.
use strict;
use warnings;
use DynamoEndpoint;
use HTTP::Tiny;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = start_endpoint('workers');
call_ok($node, 'CreateTable', {
	TableName => 'Tab', BillingMode => 'PAY_PER_REQUEST',
	AttributeDefinitions => [{ AttributeName => 'k', AttributeType => 'S' }],
	KeySchema => [{ AttributeName => 'k', KeyType => 'HASH' }] });
call_ok($node, 'PutItem', { TableName => 'Tab', Item => { k => { S => $_ }, n => { N => '0' } } }) for 'a' .. 'p';

my @served = map { HTTP::Tiny->new(timeout => 30) } 1 .. 16;
my $addition = { TableName => 'Tab', Key => { k => { S => 'a' } }, UpdateExpression => 'ADD n :one',
	ExpressionAttributeValues => { ':one' => { N => '1' } }, ReturnValues => 'ALL_NEW' };

# A session that holds the lock of item a until it is told to end.
sub lock_item
{
	my ($in, $out) = ("BEGIN; SELECT item FROM dynamodb.\"Tab\" WHERE k = 'a' FOR UPDATE; SELECT 'locked';\n", '');
	my $psql = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $node->connstr('dynamo') ], '<', \$in, '>', \$out);
	$psql->pump until $out =~ /locked/;
	return sub { $in .= "$_[0];\n\\q\n"; $psql->finish };
}

sub pids
{
	my ($type) = @_;
	return split /\n/, $node->safe_psql('postgres',
		"SELECT pid FROM pg_stat_activity WHERE backend_type = '$type' ORDER BY pid");
}

# Raw requests, so that several can be under way.
sub start_request
{
	my ($operation, $request) = @_;
	my $socket = raw_connect($node);
	raw_send($socket, raw_request($operation, encode_json($request)));
	return $socket;
}

sub end_request
{
	my ($socket) = @_;
	my ($status, $body) = raw_reply($socket, 20);
	return ($status, $body =~ /^\{/ ? decode_json($body) : $body);
}

# The slowest of reads over 16 connections, which reach all workers.
sub slowest_read
{
	my $slowest = 0;
	for my $http (@served)
	{
		my $start = time;
		call_ok($node, 'GetItem', { TableName => 'Tab', Key => { k => { S => 'b' } } }, $http);
		$slowest = time - $start if time - $start > $slowest;
	}
	return $slowest;
}

# ---- locks ----

slowest_read();
my $unlock = lock_item();
my @waiting = map { start_request('UpdateItem', $addition) } 1 .. 6;
sleep 0.3;
cmp_ok(slowest_read(), '<', 5, 'a lock held elsewhere holds up nobody else');
is($node->safe_psql('dynamo', q{SELECT count(*) FROM pg_stat_activity
	WHERE backend_type = 'dynamo endpoint slow lane' AND wait_event_type = 'Lock' AND query = 'UpdateItem Tab'}),
	2, 'the slow lane waits, and shows operation and table');
is(call_ok($node, 'UpdateItem', { %$addition, Key => { k => { S => 'c' } } }, $served[0])->{Attributes}{n}{N},
	1, 'writes of other items go on');
$unlock->('COMMIT');
my @results = map { my ($status, $body) = end_request($_); $body->{Attributes}{n}{N} // $status } @waiting;
is(join(' ', sort @results), '1 2 3 4 5 6', 'whoever waited is served once');

# ---- timeouts and cancels ----

$node->append_conf('postgresql.conf', "dynamo.endpoint_request_timeout = '700ms'");
$node->reload;
sleep 0.2;
$unlock = lock_item();
my $start = time;
my ($status, $body) = end_request(start_request('UpdateItem', $addition));
is($status, 500, 'a request that takes too long');
like($body->{__type}, qr/v20120810#InternalServerError$/, 'is an error that SDKs retry');
like($body->{message}, qr/took longer than dynamo.endpoint_request_timeout/, 'and says why');
cmp_ok(time - $start, '>', 0.5, 'it had its time');
cmp_ok(time - $start, '<', 10, 'and no more');
$node->append_conf('postgresql.conf', "dynamo.endpoint_request_timeout = '30s'");
$node->reload;
sleep 0.2;

my $request = start_request('UpdateItem', $addition);
$node->poll_query_until('dynamo', q{SELECT count(*) = 1 FROM pg_stat_activity
	WHERE backend_type = 'dynamo endpoint slow lane' AND wait_event_type = 'Lock'});
$node->safe_psql('dynamo', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'});
($status, $body) = end_request($request);
is($status, 500, 'a request that is cancelled');

$request = start_request('UpdateItem', $addition);
$node->poll_query_until('dynamo', q{SELECT count(*) = 1 FROM pg_stat_activity
	WHERE backend_type = 'dynamo endpoint slow lane' AND wait_event_type = 'Lock'});
$node->safe_psql('dynamo', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'});
($status, $body) = end_request($request);
is($status, 500, 'a slow worker that is terminated answers first');
$node->poll_query_until('dynamo', q{SELECT count(*) = 2 FROM pg_stat_activity WHERE backend_type = 'dynamo endpoint slow lane'});

# Its owner goes while a request waits: the job is dropped, the slot used again.
$request = start_request('UpdateItem', $addition);
$node->poll_query_until('dynamo', q{SELECT count(*) = 1 FROM pg_stat_activity
	WHERE backend_type = 'dynamo endpoint slow lane' AND wait_event_type = 'Lock'});
my @before = pids('dynamo endpoint');
$node->safe_psql('dynamo', "SELECT pg_terminate_backend($_)") for @before;
($status) = end_request($request);
like($status, qr/^(503|closed)$/, 'a parked request ends with its worker');
$unlock->('ROLLBACK');
wait_for_endpoint($node);
$node->poll_query_until('dynamo', q{SELECT count(*) = 2 FROM pg_stat_activity WHERE backend_type = 'dynamo endpoint'});
my %old = map { $_ => 1 } @before;
is(scalar(grep { $old{$_} } pids('dynamo endpoint')), 0, 'terminated workers are replaced');
is((call_ok($node, 'UpdateItem', $addition))->{Attributes}{n}{N} >= 7, 1, 'and serve');

# Idle workers.
@before = pids('dynamo endpoint');
$node->safe_psql('dynamo', "SELECT pg_cancel_backend($_)") for @before;
sleep 0.3;
slowest_read();
is(join(' ', pids('dynamo endpoint')), join(' ', @before), 'a cancel while idle is no harm');
kill 'HUP', $_ for @before;
slowest_read();
is(join(' ', pids('dynamo endpoint')), join(' ', @before), 'nor is a SIGHUP');

# ---- reads that meet a rewrite ----

call_ok($node, 'CreateTable', {
	TableName => 'Rewritten', BillingMode => 'PAY_PER_REQUEST',
	AttributeDefinitions => [{ AttributeName => 'k', AttributeType => 'S' }],
	KeySchema => [{ AttributeName => 'k', KeyType => 'HASH' }] });
call_ok($node, 'PutItem', { TableName => 'Rewritten', Item => { k => { S => 'a' } } });
my $rewrite = $node->background_psql('dynamo', on_error_stop => 1);
$rewrite->query_safe(q{BEGIN; ALTER TABLE dynamodb."Rewritten" ADD COLUMN noted timestamptz DEFAULT clock_timestamp()});
$request = start_request('GetItem', { TableName => 'Rewritten', Key => { k => { S => 'a' } } });
ok($node->poll_query_until('dynamo', q{SELECT count(*) = 1 FROM pg_stat_activity
	WHERE backend_type = 'dynamo endpoint slow lane' AND wait_event_type = 'Lock' AND query = 'GetItem Rewritten'}), 'a read waits');
$rewrite->query_safe('COMMIT');
$rewrite->quit;
($status, $body) = end_request($request);
is("$status $body->{Item}{k}{S}", '200 a', 'and sees what the rewrite has left');

$node->safe_psql('dynamo', q{
	CREATE SEQUENCE dynamodb.attempts;
	GRANT ALL ON SEQUENCE dynamodb.attempts TO PUBLIC;
	CREATE FUNCTION dynamodb.conflict() RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN PERFORM nextval('dynamodb.attempts'); RAISE serialization_failure USING MESSAGE = 'another conflict'; END $$;
	ALTER TABLE dynamodb."Rewritten" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	CREATE POLICY conflict ON dynamodb."Rewritten" USING (dynamodb.conflict())});
my $key = { TableName => 'Rewritten', Key => { k => { S => 'a' } } };
my $attempts = 0;
foreach my $read ([ GetItem => $key ], [ Scan => { TableName => 'Rewritten' } ],
	[ BatchGetItem => { RequestItems => { Rewritten => { Keys => [ $key->{Key} ] } } } ],
	[ Query => { TableName => 'Rewritten', KeyConditionExpression => 'k = :k', ExpressionAttributeValues => { ':k' => { S => 'a' } } } ])
{
	($status, $body) = call($node, @$read);
	$attempts += 2;
	is("$status $body->{__type} $body->{message}", '500 com.amazonaws.dynamodb.v20120810#InternalServerError another conflict', "$read->[0]: an error that SDKs retry");
	is($node->safe_psql('dynamo', 'SELECT last_value FROM dynamodb.attempts'), $attempts, "$read->[0]: after two attempts");
}
($status, $body) = call($node, 'DeleteItem', $key);
is("$status $body->{__type}", '400 com.amazonaws.dynamodb.v20120810#TransactionConflictException', 'a write conflicts');
is($node->safe_psql('dynamo', 'SELECT last_value FROM dynamodb.attempts'), $attempts + 1, 'once');

# ---- a crash ----

$unlock = lock_item();
@waiting = map { start_request('UpdateItem', $addition) } 1 .. 3;
my @parked = map { raw_connect($node) } 1 .. 8;
sleep 0.3;
kill 'KILL', $before[0];
sleep 0.3;
my $late = raw_connect($node); # the port is open all the time
raw_send($late, raw_request('GetItem', '{"TableName": "Tab", "Key": {"k": {"S": "b"}}}'));
is((end_request($late))[0], 200, 'a connection made during recovery is served after it');
is((raw_reply($_, 5))[0], 'closed', 'others are closed') for @parked[0 .. 1];
eval { $unlock->('ROLLBACK') };
wait_for_endpoint($node);
cmp_ok(slowest_read(), '<', 5, 'and all is well');

# ---- what tables bring along ----

$node->safe_psql('dynamo', q{
	CREATE ROLE powerful;
	GRANT powerful TO dynamo_endpoint;
	CREATE FUNCTION dynamodb.meddle() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		SET work_mem = '77MB';
		SET dynamo.schema = 'elsewhere';
		SET ROLE powerful;
		IF NEW.k = 'refused' THEN RAISE EXCEPTION 'the trigger says no'; END IF;
		IF NEW.k = 'slow' THEN RESET ROLE; PERFORM pg_sleep(100); END IF;
		IF NEW.k = 'broken' THEN RESET ROLE; PERFORM 1 / 0; END IF;
		IF NEW.k LIKE 'leak%' THEN RESET ROLE; PERFORM NEW.k::int; END IF;
		IF NEW.k LIKE 'made%' THEN RESET ROLE; EXECUTE 'SELECT "' || NEW.k || '"'; END IF;
		IF NEW.k LIKE 'told%' THEN RAISE EXCEPTION '% is told', NEW.k USING ERRCODE = 'XY001'; END IF;
		RESET ROLE;
		SET ROLE powerful;
		RETURN NULL;
	END $$;
	CREATE TRIGGER meddle AFTER INSERT ON dynamodb."Tab" FOR EACH ROW EXECUTE FUNCTION dynamodb.meddle();
	CREATE FUNCTION dynamodb.meddle_late() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		SET dynamo.schema = 'elsewhere';
		IF NEW.k = 'late' THEN RAISE EXCEPTION 'the trigger says no, late'; END IF;
		RETURN NULL;
	END $$;
	CREATE CONSTRAINT TRIGGER meddle_late AFTER INSERT ON dynamodb."Tab" DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION dynamodb.meddle_late();
	ALTER TABLE dynamodb."Tab" ADD CONSTRAINT no_x CHECK (k <> 'x');});
sub put { return call($node, 'PutItem', { TableName => 'Tab', Item => { k => { S => $_[0] } } }, $served[0]) }
is((put("m$_"))[0], 200, 'triggers run') for 1 .. 2;
cmp_ok(slowest_read(), '<', 5, 'and what they set does not last');
($status, $body) = put('refused');
like($body->{__type} . $body->{message}, qr/ValidationException.*the trigger says no/, 'their exceptions are told');
($status, $body) = put('late');
like($body->{__type} . $body->{message}, qr/ValidationException.*the trigger says no, late/, 'of deferred ones too');
($status, $body) = put('x');
like($body->{__type} . $body->{message}, qr/ValidationException.*no_x/, 'and constraints');
($status, $body) = put('broken');
is("$status $body->{message}", '500 The server encountered an internal error trying to fulfill the request.',
	'other errors are not');
like(slurp_file($node->logfile), qr/LOG:  division by zero\n.*dynamo endpoint, PutItem on Tab, request [0-9A-V]{52}/,
	'but logged with the request');
is((put('leak of an item'))[0], 500, 'an error that shows a value');
is((put('made of an item'))[0], 500, 'one of a statement that a trigger makes of it');
is((put('told of an item'))[0], 500, 'and one that a trigger words');
like(slurp_file($node->logfile), qr/LOG:  invalid input syntax for type %s: "%s"\n.*LOG:  column "%s" does not exist\n.*LOG:  SQLSTATE XY001\n/s, 'are logged');
unlike(slurp_file($node->logfile), qr/(leak|made|told) of an item/, 'without that');

my $owner = $node->safe_psql('dynamo', q{
	SELECT dynamo.create_table('Private', 'k S');
	REVOKE ALL ON dynamodb."Private" FROM PUBLIC, dynamo_endpoint});
($status, $body) = call($node, 'GetItem', { TableName => 'Private', Key => { k => { S => 'a' } } });
like($body->{__type}, qr/coral.service#AccessDeniedException/, 'a table without privileges');

# ---- databases that go ----

$node->safe_psql('postgres', 'CREATE DATABASE spare TEMPLATE template0');
$node->safe_psql('spare', 'CREATE EXTENSION dynamo');
$node->append_conf('postgresql.conf', "dynamo.endpoint_database = 'spare'");
$node->reload;
ok($node->poll_query_until('postgres', q{SELECT count(*) = 5 FROM pg_stat_activity
	WHERE backend_type LIKE 'dynamo endpoint%' AND datname = 'spare'}), 'a reload leads to another database');
is($node->psql('postgres', 'DROP DATABASE spare WITH (FORCE)'), 0, 'which can be dropped by force');
$node->append_conf('postgresql.conf', "dynamo.endpoint_database = 'dynamo'");
$node->reload;
wait_for_endpoint($node);
cmp_ok(slowest_read(), '<', 5, 'and back');

# ---- the end ----

$request = start_request('PutItem', { TableName => 'Tab', Item => { k => { S => 'slow' } } });
sleep 0.3;
$start = time;
$node->stop('fast');
cmp_ok(time - $start, '<', 30, 'a shutdown does not wait for a slow request');
like((end_request($request))[0], qr/^(500|closed)$/, 'which is cancelled');

# ---- configurations ----

$node->append_conf('postgresql.conf', "dynamo.endpoint_listen_addresses = '0.0.0.0'");
$node->start;
like(slurp_file($node->logfile), qr/"0.0.0.0" is no loopback address.*HINT:  Requests are not authenticated/s,
	'other addresses than loopback are refused, with a hint');
is($node->safe_psql('postgres', 'SHOW dynamo.endpoint_listen_addresses'), '127.0.0.1', 'and ignored');
$node->stop;
$node->append_conf('postgresql.conf', "dynamo.endpoint_listen_addresses = 'localhost'");
$node->start;
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
$node->append_conf('postgresql.conf', "dynamo.endpoint_role = '$superuser'");
$node->reload;
ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'dynamo endpoint'}),
	'no worker connects as a superuser');
ok($node->wait_for_log(qr/the endpoint does not connect as the superuser/), 'which is said');
$node->append_conf('postgresql.conf', "dynamo.endpoint_role = 'dynamo_endpoint'");
$node->reload;
wait_for_endpoint($node);
pass('and it comes back with an ordinary one');
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
is($node->safe_psql('dynamo', q{SELECT dynamo.get_item('Tab', '{"k": {"S": "b"}}') ->> 'k'}), 'b',
	'without preloading the library works');
is($node->safe_psql('dynamo', 'SELECT count(*) FROM dynamo.stat_operations'), 0, 'and counts nothing');

$node->stop;
done_testing();
