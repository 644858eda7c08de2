# Every acknowledged write is there after kill -9 of all processes of the server
# under load from 64 connections.  (A killed process leaves what it has written to
# the operating system; http_unsynced_crash.pl throws away what was not synced.)
use strict;
use warnings;
use DynamoEndpoint;
use IO::Select;
use PostgreSQL::Test::Utils;
use ServerProcesses;
use Test::More;
use Time::HiRes qw(sleep time);

use constant { CONNECTIONS => 64, SECONDS => 1.5, ROUNDS => $ENV{DYNAMO_CRASH_ROUNDS} // 1 };

my $node = start_endpoint('crash', 'recovery_init_sync_method = syncfs');
call_ok($node, 'CreateTable', {
	TableName => 'Tab', BillingMode => 'PAY_PER_REQUEST',
	AttributeDefinitions => [{ AttributeName => 'k', AttributeType => 'S' }],
	KeySchema => [{ AttributeName => 'k', KeyType => 'HASH' }] });

my %acknowledged;
for my $commit ('plain', 'deferred')
{
	reload_endpoint($node, "dynamo.endpoint_commit = $commit");
	for my $round (1 .. ROUNDS)
	{
		my $new = write_until_killed($node, "$commit $round", \%acknowledged);
		start_again($node);
		my %found = map { $_ => 1 } split /\n/, $node->safe_psql('dynamo', 'SELECT k FROM dynamodb."Tab"');
		my @lost = grep { !$found{$_} } keys %acknowledged;
		cmp_ok($new, '>', 20, "$commit, round $round: $new writes were acknowledged");
		is(scalar @lost, 0, "$commit, round $round: none of them is lost");
		is($node->safe_psql('dynamo', q{SELECT count(*) FROM dynamo.check_table('Tab')}), 0, 'the table is sound');
	}
}

# ---- the postmaster alone ----

my @connections = map { raw_connect($node) } 1 .. 8;
raw_send($_, raw_request('GetItem', '{"TableName": "Tab", "Key": {"k": {"S": "a"}}}')) for @connections;
my ($postmaster) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
my @children = children_of($postmaster);
cmp_ok(scalar @children, '>', 7, 'the server has children');
kill 'KILL', $postmaster;
for (1 .. 100)
{
	last if !grep { kill 0, $_ } @children;
	sleep 0.1;
}
is(scalar(grep { kill 0, $_ } @children), 0, 'that end when the postmaster is killed');
start_again($node);
is(call_ok($node, 'DescribeTable', { TableName => 'Tab' })->{Table}{TableName}, 'Tab', 'and the port is free again');

$node->stop;
done_testing();

# Writes over all connections, kills the server in the middle, and returns how
# many writes were acknowledged.
sub write_until_killed
{
	my ($node, $round, $acknowledged) = @_;
	my %key;
	my $next = 0;
	my $count = 0;
	my $start = time;
	my $killed = 0;
	my $select = IO::Select->new;
	my $put = sub {
		my ($socket) = @_;
		$key{$socket} = "$round/" . $next++;
		raw_send($socket, raw_request('PutItem',
			qq({"TableName": "Tab", "Item": {"k": {"S": "$key{$socket}"}}})));
	};

	for (1 .. CONNECTIONS)
	{
		my $socket = raw_connect($node);
		$select->add($socket);
		$put->($socket);
	}
	while ($select->count > 0)
	{
		if (!$killed && time - $start > SECONDS)
		{
			kill_all($node);
			$killed = 1;
		}
		for my $socket ($select->can_read(0.1))
		{
			my ($status) = raw_reply($socket, 1);
			if ($status eq '200')
			{
				$acknowledged->{ $key{$socket} } = 1;
				$count++;
				next if $killed;
				$put->($socket);
			}
			else
			{
				$select->remove($socket);
			}
		}
		last if time - $start > SECONDS + 10;
	}
	return $count;
}

# The postmaster and its children, as fast as can be.
sub kill_all
{
	my ($node) = @_;
	my ($postmaster) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	my @children = children_of($postmaster);

	kill 'KILL', $postmaster, @children;
}

sub start_again
{
	my ($node) = @_;

	for (1 .. 50)
	{
		# (the killed processes may not be quite gone)
		$node->{_pid} = undef;
		last if $node->start(fail_ok => 1);
		sleep 0.2;
	}
	wait_for_endpoint($node);
}
