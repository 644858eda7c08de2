# No acknowledgement, and no other reply, leaves before what it shows is on disk.
# A shim under the server makes syncing the log slow, and keeps a copy of what
# is synced: the rest is thrown away after a crash.
use strict;
use warnings;
use DynamoEndpoint;
use File::Basename;
use IO::Select;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Utils;
use ServerProcesses;
use Test::More;
use Time::HiRes qw(sleep time);

use constant { DELAY => 0.4, CONNECTIONS => 32, ROUNDS => $ENV{DYNAMO_CRASH_ROUNDS} // 2 };

my $shim = PostgreSQL::Test::Utils::tempdir_short() . '/shim.so';
my $state = "$shim.state";
system('gcc', '-shared', '-fPIC', '-O1', '-o', $shim, dirname(__FILE__) . '/durability_shim.c', '-ldl') == 0
  or die 'the shim does not compile';
open my $new_state, '>:raw', $state or die;
print $new_state "\0" x 40; # struct Log of the shim
close $new_state;

sub set_delay
{
	my ($seconds) = @_;
	open my $file, '+<:raw', $state or die;
	print $file pack('Q', $seconds * 1e6);
	close $file;
}

# How often the log has been synced.
sub syncs
{
	return (unpack 'QQQQQ', slurp_file($state))[1];
}

my $node = do {
	local $ENV{LD_PRELOAD} = $shim;
	local $ENV{DURABILITY_SHIM} = $state;
	start_endpoint('durability', <<'END');
wal_sync_method = fdatasync
wal_writer_delay = '10s'
autovacuum = off
checkpoint_timeout = '1h'
max_wal_size = '10GB'
recovery_init_sync_method = syncfs
END
};
for my $name ('Tab', 'Sorted')
{
	call_ok($node, 'CreateTable', {
		TableName => $name, BillingMode => 'PAY_PER_REQUEST',
		AttributeDefinitions => [{ AttributeName => 'k', AttributeType => 'S' }],
		KeySchema => [{ AttributeName => 'k', KeyType => 'HASH' }] });
}
sub item { return { TableName => 'Tab', Item => { k => { S => $_[0] }, n => { N => '1' } } } }
sub key { return { TableName => 'Tab', Key => { k => { S => $_[0] } } } }
call_ok($node, 'CreateTable', {
	TableName => 'Indexed', BillingMode => 'PAY_PER_REQUEST',
	AttributeDefinitions => [ map { { AttributeName => $_, AttributeType => 'S' } } 'k', 's', 'g', 'l' ],
	KeySchema => [{ AttributeName => 'k', KeyType => 'HASH' }, { AttributeName => 's', KeyType => 'RANGE' }],
	GlobalSecondaryIndexes => [{ IndexName => 'global', Projection => { ProjectionType => 'ALL' },
		KeySchema => [{ AttributeName => 'g', KeyType => 'HASH' }] }],
	LocalSecondaryIndexes => [{ IndexName => 'local', Projection => { ProjectionType => 'ALL' },
		KeySchema => [{ AttributeName => 'k', KeyType => 'HASH' }, { AttributeName => 'l', KeyType => 'RANGE' }] }] });
call_ok($node, 'PutItem', item($_)) for 'old', 'old2';
cmp_ok(syncs(), '>', 0, 'the shim sees the log');

# ---- a slow disk ----

set_delay(DELAY);

# Starts a write; its reply, and how long that took.
sub start_write
{
	my ($operation, $request) = @_;
	my $socket = raw_connect($node);
	my $start = time;

	raw_send($socket, raw_request($operation, encode_json($request)));
	return sub { my ($status) = raw_reply($socket); return ($status, time - $start) };
}

sub timed
{
	my ($operation, $request) = @_;
	my $start = time;
	my ($status, $body) = call($node, $operation, $request);
	return ($status, $body, time - $start);
}

# SQL sessions see a write as soon as it is made.
sub is_made
{
	my ($condition) = @_;
	return $node->poll_query_until('dynamo', "SELECT $condition");
}

sub in_table { return qq{EXISTS (SELECT FROM dynamodb."Tab" WHERE k = '$_[0]')} }

# While a write is on its way to disk, this request waits for it as well.
sub waits
{
	my ($name, $made, $write, $operation, $request, $sees) = @_;
	my $before = syncs();
	my $reply = start_write(@$write);
	is_made($made);
	my ($status, $body) = timed($operation, $request);
	ok($sees->($status, $body), "$name: shows the write");
	cmp_ok(syncs(), '>', $before, "$name: not before it is on disk");
	my ($written, $writing_time) = $reply->();
	is($written, 200, "$name: the write itself");
	cmp_ok($writing_time, '>', DELAY * 0.9, "$name: waits too");
}

waits('GetItem', in_table('a'), [ 'PutItem', item('a') ], 'GetItem', key('a'), sub { $_[1]{Item}{n}{N} == 1 });
waits('an absent item', 'NOT ' . in_table('a'), [ 'DeleteItem', key('a') ], 'GetItem', key('a'), sub { !exists $_[1]{Item} });
waits('a condition that fails', in_table('b'), [ 'PutItem', item('b') ], 'PutItem',
	{ %{ item('b') }, ConditionExpression => 'attribute_not_exists(k)' }, sub { $_[0] == 400 });
waits('Query', in_table('c'), [ 'PutItem', item('c') ], 'Query', { TableName => 'Tab', KeyConditionExpression => 'k = :k',
	ExpressionAttributeValues => { ':k' => { S => 'c' } } }, sub { $_[1]{Count} == 1 });
waits('Scan', in_table('d'), [ 'PutItem', item('d') ], 'Scan', { TableName => 'Tab' },
	sub { scalar grep { $_->{k}{S} eq 'd' } @{ $_[1]{Items} } });
waits('BatchGetItem', in_table('e'), [ 'PutItem', item('e') ], 'BatchGetItem',
	{ RequestItems => { Tab => { Keys => [{ k => { S => 'e' } }, { k => { S => 'old' } }] } } },
	sub { scalar @{ $_[1]{Responses}{Tab} } == 2 });
waits('TransactGetItems', in_table('f'), [ 'PutItem', item('f') ], 'TransactGetItems',
	{ TransactItems => [{ Get => key('f') }] }, sub { $_[1]{Responses}[0]{Item}{n}{N} == 1 });
for my $index ([ 'global', 'g' ], [ 'local', 'k' ])
{
	my ($name, $key) = @$index;
	waits("Query of a $name index", qq{EXISTS (SELECT FROM dynamodb."Indexed" WHERE k = '$name k')},
		[ 'PutItem', { TableName => 'Indexed', Item => { map { $_ => { S => "$name $_" } } 'k', 's', 'g', 'l' } } ],
		'Query', { TableName => 'Indexed', IndexName => $name, KeyConditionExpression => "$key = :v",
			ExpressionAttributeValues => { ':v' => { S => "$name $key" } } }, sub { $_[1]{Count} == 1 });
}
waits('after TransactWriteItems', in_table('g'), [ 'TransactWriteItems', { TransactItems => [{ Put => item('g') }] } ],
	'GetItem', key('g'), sub { $_[1]{Item}{n}{N} == 1 });
waits('a new table', q{to_regclass('dynamodb."New"') IS NOT NULL}, [ 'CreateTable', {
	TableName => 'New', BillingMode => 'PAY_PER_REQUEST',
	AttributeDefinitions => [{ AttributeName => 'k', AttributeType => 'S' }],
	KeySchema => [{ AttributeName => 'k', KeyType => 'HASH' }] } ],
	'ListTables', {}, sub { scalar grep { $_ eq 'New' } @{ $_[1]{TableNames} } });

# SQL sessions with asynchronous commit leave marks too.
my $before;
sub wait_for_quiet
{
	$node->poll_query_until('postgres', q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event ILIKE 'WALSync')});
	$before = syncs();
}

sub waits_for_sql
{
	my ($name) = @_;
	my $k;
	for my $attempt (1 .. 20) # (until it is quicker than whoever syncs the log for another reason)
	{
		$k = "$name $attempt";
		wait_for_quiet();
		$node->safe_psql('dynamo', qq{SET synchronous_commit = off;
			SELECT dynamo.put_item('Tab', '{"k": {"S": "$k"}, "n": {"N": "1"}}')});
		last if syncs() == $before;
	}
	is((timed('GetItem', key($k)))[1]{Item}{n}{N}, '1', "$name: an asynchronous commit by SQL is shown");
	cmp_ok(syncs(), '>', $before, 'when it is on disk');
}

waits_for_sql('deferred');

# What is durable is not held up.
my $reply = start_write('PutItem', item('h'));
is_made(in_table('h'));
my $slow = 0;
for (1 .. 5)
{
	my ($status, $body, $time) = timed('GetItem', key('old'));
	$slow++ if $time > DELAY / 2;
}
cmp_ok($slow, '<', 3, 'a read of a durable row does not wait');
my ($status) = $reply->();
is($status, 200, 'though a write did');

# What SQL sees while a process of the endpoint syncs the log for one write: who
# does it, and whether the write is made; nothing where its end came too soon.
# (The name of the event: WALSync, WalSync since 17.)
$node->safe_psql('dynamo', <<'END');
CREATE FUNCTION who_syncs() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_stat_clear_snapshot();
	RETURN (SELECT backend_type FROM pg_stat_activity WHERE wait_event ILIKE 'WALSync' AND backend_type LIKE 'dynamo endpoint%');
END $$;
CREATE FUNCTION while_syncing(key text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	who text;
	made boolean;
	looks_since int := 0;
BEGIN
	WHILE looks_since < 100 LOOP
		who := who_syncs();
		made := EXISTS (SELECT FROM dynamodb."Tab" WHERE k = key);
		IF who = who_syncs() THEN
			RETURN NEXT who || CASE WHEN made THEN ', made' ELSE ', not made' END;
			RETURN;
		END IF;
		looks_since := looks_since + made::int;
		PERFORM pg_sleep(0.01);
	END LOOP;
END $$;
END

sub while_syncing
{
	my ($key) = @_;
	for my $attempt (1 .. 20)
	{
		my $k = "$key$attempt";
		my $seen = '';
		wait_for_quiet();
		my $watch = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('dynamo'), '-c', "SELECT while_syncing('$k')" ], '>', \$seen);
		$node->poll_query_until('dynamo', qq{SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE query = 'SELECT while_syncing(''$k'')' AND wait_event = 'PgSleep')});
		my ($status) = start_write('PutItem', item($k))->();
		die "PutItem: $status" if $status != 200;
		$watch->finish;
		chomp $seen;
		return $seen if $seen ne '';
	}
	return 'nothing in 20 attempts';
}

# The worker syncs itself if it serves nobody else meanwhile.
is(while_syncing('n'), 'dynamo endpoint, made', 'a worker with a single connection syncs itself');
my @others = map { raw_connect($node) } 1 .. 4;
is(while_syncing('o'), 'dynamo endpoint flusher, made', 'one with several has the flusher do it');
@others = ();

# A lock: through the slow lane, which makes its own commit durable.
$before = syncs();
($status) = start_write('UpdateItem', { %{ key('old') }, UpdateExpression => 'ADD n :n',
	ExpressionAttributeValues => { ':n' => { N => '1' } } })->();
is($status, 200, 'UpdateItem');
cmp_ok(syncs(), '>', $before, 'is on disk');

# The flusher is not needed for that.
my $flushers = q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'dynamo endpoint flusher'};
is($node->safe_psql('postgres', $flushers), 1, 'there is a flusher');
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
	WHERE backend_type = 'dynamo endpoint flusher'});
$before = syncs();
($status) = start_write('PutItem', item('i'))->();
is($status, 200, 'while it is terminated a write is acknowledged');
cmp_ok(syncs(), '>', $before, 'when it is on disk');
ok($node->poll_query_until('postgres', "$flushers", '1'), 'and there is another one');

# ---- the other way to commit, and back ----

like(while_syncing('j'), qr/, made/, 'deferred: SQL sessions see a write before it is on disk');
reload_endpoint($node, 'dynamo.endpoint_commit = plain');
is($node->safe_psql('postgres', 'SHOW dynamo.endpoint_commit'), 'plain', 'a reload changes that');
like(while_syncing('k'), qr/, not made/, 'plain: they do not');
waits_for_sql('plain');

# What began as deferred stays so; reads wait for it whatever the setting says.
reload_endpoint($node, 'dynamo.endpoint_commit = deferred');
like(while_syncing('l'), qr/, made/, 'and back');
set_delay(5 * DELAY);
wait_for_quiet();
$reply = start_write('PutItem', item('m'));
is_made(in_table('m'));
reload_endpoint($node, 'dynamo.endpoint_commit = plain');
is((timed('GetItem', key('m')))[1]{Item}{n}{N}, '1', 'a read of a deferred write, after a change to plain');
cmp_ok(syncs(), '>', $before, 'is answered when it is on disk');
($status) = $reply->();
is($status, 200, 'and so is the write');

# ---- what was not synced is lost ----

set_delay(0.003);
my (%acknowledged, %seen);
for my $round ((map { ("deferred $_", "changing $_") } 1 .. ROUNDS))
{
	$node->append_conf('postgresql.conf', 'dynamo.endpoint_commit = deferred');
	$node->reload;
	my $n = write_and_read_until_killed($round);
	throw_away();
	start_again();
	my %found = map { $_ => 1 } split /\n/, $node->safe_psql('dynamo', 'SELECT k FROM dynamodb."Sorted"');
	cmp_ok($n, '>', 20, "round $round: $n writes were acknowledged");
	is(scalar(grep { !$found{$_} } keys %acknowledged), 0, "round $round: none of them is lost");
	cmp_ok(scalar keys %seen, '>', 5, "round $round: items were read before their acknowledgement");
	is(scalar(grep { !$found{$_} } keys %seen), 0, "round $round: nor any that was shown");
	is($node->safe_psql('dynamo', q{SELECT count(*) FROM dynamo.check_table('Sorted')}), 0,
		"round $round: the table is sound");
}
$node->stop;
done_testing();

# Half of the connections write new items, the others read what is being written.
sub write_and_read_until_killed
{
	my ($round) = @_;
	my $select = IO::Select->new;
	my (%writer, %asked, @recent);
	my ($next, $count, $killed, $changes, $start) = (0, 0, 0, 0, time);
	my $send = sub {
		my ($socket) = @_;
		if ($writer{$socket})
		{
			my $k = "$round/" . $next++;
			$asked{$socket} = $k;
			push @recent, $k;
			shift @recent if @recent > CONNECTIONS / 4;
			raw_send($socket, raw_request('PutItem', qq({"TableName": "Sorted", "Item": {"k": {"S": "$k"}}})));
		}
		else
		{
			$asked{$socket} = $recent[ rand @recent ];
			raw_send($socket, raw_request('GetItem', qq({"TableName": "Sorted", "Key": {"k": {"S": "$asked{$socket}"}}})));
		}
	};

	for my $i (1 .. CONNECTIONS)
	{
		my $socket = raw_connect($node);
		$writer{$socket} = $i % 2;
		$select->add($socket);
		$send->($socket);
	}
	while ($select->count > 0 && time - $start < 12)
	{
		if (!$killed && time - $start > 1.5)
		{
			kill_all();
			$killed = 1;
		}
		elsif (!$killed && $round =~ /changing/ && time - $start > 0.2 * ($changes + 1))
		{
			$node->append_conf('postgresql.conf',
				'dynamo.endpoint_commit = ' . ($changes++ % 2 ? 'deferred' : 'plain'));
			kill 'HUP', slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
		}
		for my $socket ($select->can_read(0.1))
		{
			my ($code, $body) = raw_reply($socket, 1);
			if ($code ne '200')
			{
				$select->remove($socket);
				next;
			}
			if ($writer{$socket})
			{
				$acknowledged{ $asked{$socket} } = 1;
				$count++;
			}
			elsif ($body =~ /Item/ && !$acknowledged{ $asked{$socket} })
			{
				$seen{ $asked{$socket} } = 1;
			}
			$send->($socket) if !$killed;
		}
	}
	return $count;
}

sub kill_all
{
	my ($postmaster) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	my @children = children_of($postmaster);
	kill 'KILL', $postmaster, @children;
	for (1 .. 100)
	{
		last if !grep { kill 0, $_ } $postmaster, @children;
		sleep 0.1;
	}
}

# Puts the log back to what of it was synced.
sub throw_away
{
	my $first = (unpack 'QQQQQ', slurp_file($state))[2];
	my $size = 16 * 1024 * 1024;

	open my $copy, '<:raw', "$state.wal" or die;
	for my $path (glob($node->data_dir . '/pg_wal/' . '?' x 24))
	{
		my ($high, $low) = basename($path) =~ /^.{8}(.{8})(.{8})$/;
		my $start = (hex($high) << 32) + hex($low) * $size;
		my $from = $first > $start ? $first : $start;
		next if $from >= $start + $size;
		my $bytes = '';
		seek $copy, $from, 0;
		read $copy, $bytes, $start + $size - $from;
		open my $file, '+<:raw', $path or die;
		seek $file, $from - $start, 0;
		print $file $bytes, "\0" x ($start + $size - $from - length $bytes);
		close $file;
	}
}

sub start_again
{
	local $ENV{LD_PRELOAD} = $shim;
	local $ENV{DURABILITY_SHIM} = $state;
	for (1 .. 50)
	{
		$node->{_pid} = undef;
		last if $node->start(fail_ok => 1);
		sleep 0.2;
	}
	wait_for_endpoint($node);
}
