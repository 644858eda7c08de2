# Clients that misbehave: each is answered or cut as designed, while well-behaved
# connections go on being served.
use strict;
use warnings;
use DynamoEndpoint;
use HTTP::Tiny;
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = start_endpoint('robustness', <<'END');
dynamo.endpoint_transfer_timeout = '1s'
dynamo.endpoint_idle_timeout = '3s'
dynamo.endpoint_max_connections = 40
END
call_ok($node, 'CreateTable', {
	TableName => 'Tab', BillingMode => 'PAY_PER_REQUEST',
	AttributeDefinitions => [{ AttributeName => 'k', AttributeType => 'S' }],
	KeySchema => [{ AttributeName => 'k', KeyType => 'HASH' }] });
call_ok($node, 'PutItem', { TableName => 'Tab', Item => { k => { S => 'a' } } });

my $get = encode_json({ TableName => 'Tab', Key => { k => { S => 'a' } } });
my @served = map { HTTP::Tiny->new(timeout => 10) } 1 .. 16;
my $slowest = 0;
my $pids = q{SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity WHERE backend_type LIKE 'dynamo%'};
my $workers = $node->safe_psql('postgres', $pids);

# All of the 16 connections get their answers; called after every misbehaviour.
sub others_are_served
{
	my ($when) = @_;
	my $bad = 0;

	for my $http (@served)
	{
		my $start = time;
		my ($status, $body) = call($node, 'GetItem', $get, $http);
		$bad++ if $status != 200 || $body->{Item}{k}{S} ne 'a';
		$slowest = time - $start if time - $start > $slowest;
	}
	is($bad, 0, "16 connections are served: $when");
}

others_are_served('at first');

# ---- too much ----

my $socket = raw_connect($node);
raw_send($socket, raw_request('PutItem', '', 'Content-Length: ' . 17 * 1024 * 1024));
is((raw_reply($socket, 5))[0], 413, '17 MB by length: refused before any of it is sent');
is((raw_reply($socket, 5))[0], 'closed', 'and cut');
others_are_served('17 MB by length');

$socket = raw_connect($node);
my $chunk = '10000' . "\r\n" . ('x' x 65536) . "\r\n";
raw_send($socket, raw_request('PutItem', '', 'Transfer-Encoding: chunked'));
raw_send($socket, $chunk) for 1 .. 17 * 16;
raw_send($socket, "0\r\n\r\n");
is((raw_reply($socket))[0], 413, '17 MB by chunks: answered at the end');
others_are_served('17 MB by chunks');

$socket = raw_connect($node);
raw_send($socket, raw_request('PutItem', '', 'Transfer-Encoding: chunked'));
my $sent = 0;
for (1 .. 64 * 16)
{
	last if raw_send($socket, $chunk) < length $chunk;
	$sent += 65536;
}
cmp_ok($sent, '<', 40 * 1024 * 1024, 'chunks without end are cut');
others_are_served('chunks without end');

# ---- too slow ----

$socket = raw_connect($node);
my $request = raw_request('GetItem', $get);
my $start = time;
my $drips = 0;
for my $byte (split //, $request)
{
	last if raw_send($socket, $byte) < 1 || (raw_reply($socket, 0.03))[0] eq 'closed';
	$drips++;
}
cmp_ok($drips, '<', length $request, 'a slow drip does not get to its end');
cmp_ok(time - $start, '<', 6, 'however steady it is');
others_are_served('slow drip');

$socket = raw_connect($node);
raw_send($socket, raw_request('PutItem', '', 'Content-Length: 1000') . 'half of it');
is((raw_reply($socket, 5))[0], 'closed', 'half a body');
$socket = raw_connect($node);
raw_send($socket, "POST / HTTP/1.1\r\nHost: local");
is((raw_reply($socket, 6))[0], 'closed', 'half a head');
my $silent = raw_connect($node);
$start = time;
is((raw_reply($silent, 8))[0], 'closed', 'nothing at all');
cmp_ok(time - $start, '>', 2, 'but not before its time');

# A client that takes no reply: 1 MB each, until the buffers are full.
for my $i (1 .. 3)
{
	call_ok($node, 'PutItem', { TableName => 'Tab', Item => { k => { S => "big$i" }, v => { S => 'x' x 350000 } } });
}
my $deaf = raw_connect($node);
raw_send($deaf, raw_request('Scan', '{"TableName":"Tab"}') x 20);
others_are_served('a client that does not read');
sleep 3;
my $got = 0;
while (my $n = sysread($deaf, my $buffer, 1 << 20)) { $got += $n; }
cmp_ok($got, '<', 20 * 1024 * 1024, 'is cut');

# ---- gone ----

for my $end (50, 150, length($request) - 1, length $request)
{
	$socket = raw_connect($node);
	raw_send($socket, substr($request, 0, $end));
	setsockopt($socket, Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack('ii', 1, 0)) if $end % 2;
	close $socket;
}
$socket = raw_connect($node);
raw_send($socket, $request);
shutdown($socket, 1);
like((raw_reply($socket, 5))[0], qr/^(200|closed)$/, 'half-open: answered or closed');
others_are_served('clients that are gone');

# ---- rubbish ----

srand(20);
for my $i (1 .. 200)
{
	my $bytes = $request;
	substr($bytes, int(rand(length $bytes)), 1) = chr(int(rand(256))) for 0 .. int(rand(4));
	$socket = raw_connect($node);
	raw_send($socket, $i % 4 ? $bytes : join('', map { chr(int(rand(256))) } 1 .. 300));
	shutdown($socket, 1);
	raw_reply($socket, 0.02) if $i % 8 == 0;
	close $socket;
}
others_are_served('rubbish');

# ---- too many ----

sleep 3.5; # until what is left of the others is cut (the library forgets an end that comes with data)
# (all of them arrive while both workers are busy, and so at once)
my @busy = split /\n/, $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'dynamo endpoint'});
kill 'STOP', @busy;
my @many = map { raw_connect($node) } 1 .. 60;
kill 'CONT', @busy;
raw_send($_, $request) for @many;
my %count;
$count{ (raw_reply($_, 5))[0] }++ for @many;
cmp_ok($count{200} // 0, '>=', 16, 'as many connections as allowed are served')
  or diag(explain(\%count));
# (the workers count together, but not at the same instant)
cmp_ok($count{200} // 0, '<=', 42, 'and hardly more');
is(($count{200} // 0) + ($count{503} // 0) + ($count{closed} // 0), 60, 'the others refused')
  or diag(explain(\%count));
close $_ for @many;
sleep 0.3;
others_are_served('too many connections');

cmp_ok($slowest, '<', 5, 'nobody waited for others');
is($node->safe_psql('postgres', $pids), $workers, 'the workers are the same all the time');
my $connections = HTTP::Tiny->new->get(url($node) . 'metrics')->{content};
my $open = 0;
$open += $1 while $connections =~ /dynamo_endpoint_connections\{worker="\d+"\} (\d+)/g;
cmp_ok($open, '<=', 20, 'no connection is left over');

$node->stop;
done_testing();
