# The wire: replies, errors, framing, and a small round of operations.
use strict;
use warnings;
use Compress::Zlib;
use DynamoEndpoint;
use HTTP::Tiny;
use JSON::PP;
use Test::More;

my $node = start_endpoint('protocol');
my $music = {
	TableName => 'Music', BillingMode => 'PAY_PER_REQUEST',
	AttributeDefinitions => [
		{ AttributeName => 'Artist', AttributeType => 'S' },
		{ AttributeName => 'Year', AttributeType => 'N' }],
	KeySchema => [
		{ AttributeName => 'Artist', KeyType => 'HASH' },
		{ AttributeName => 'Year', KeyType => 'RANGE' }] };
my $key = { Artist => { S => 'a' }, Year => { N => '1' } };

# ---- health, metrics, what is nothing ----

my $http = HTTP::Tiny->new;
my $reply = $http->get(url($node));
is($reply->{content}, 'healthy: dynamodb.us-east-1.amazonaws.com ', 'health check');
is($http->get(url($node) . 'nothing')->{status}, 404, 'another path');
is($http->request('OPTIONS', url($node))->{status}, 404, 'no preflight is answered');

# ---- operations ----

is(call_ok($node, 'CreateTable', $music)->{TableDescription}{TableStatus}, 'CREATING', 'CreateTable');
is(call_ok($node, 'DescribeTable', { TableName => 'Music' })->{Table}{TableStatus}, 'ACTIVE',
	'DescribeTable');
my ($status, $body, $headers) = call($node, 'PutItem',
	{ TableName => 'Music', Item => { %$key, Title => { S => "\x{e9}\x{1F600}" } } }, $http);
is($status, 200, 'PutItem');
is($headers->{'content-type'}, 'application/x-amz-json-1.0', 'content type');
like($headers->{'x-amzn-requestid'}, qr/^[0-9A-V]{52}$/, 'request id');
is($headers->{'x-amz-crc32'}, crc32('{}'), 'checksum');
ok(!exists $headers->{'access-control-allow-origin'}, 'no CORS');
is_deeply(call_ok($node, 'GetItem', { TableName => 'Music', Key => $key }, $http)->{Item},
	{ %$key, Title => { S => "\x{e9}\x{1F600}" } }, 'GetItem');
is(call_ok($node, 'Query', {
	TableName => 'Music', KeyConditionExpression => 'Artist = :a',
	ExpressionAttributeValues => { ':a' => { S => 'a' } } }, $http)->{Count}, 1, 'Query');
is_deeply(call_ok($node, 'UpdateItem', {
	TableName => 'Music', Key => $key, UpdateExpression => 'ADD Plays :n',
	ExpressionAttributeValues => { ':n' => { N => '2' } }, ReturnValues => 'UPDATED_NEW' })->{Attributes},
	{ Plays => { N => '2' } }, 'UpdateItem');

# ---- errors ----

sub error_is
{
	my ($operation, $request, $type, $message, $name) = @_;
	my ($code, $error) = call($node, $operation, $request);

	is($code, 400, "$name: status");
	is($error->{__type}, $type, "$name: type");
	like($error->{message} // $error->{Message} // '', $message, "$name: message");
	return $error;
}

my $dynamodb = 'com.amazonaws.dynamodb.v20120810';
my $service = 'com.amazon.coral.service';
my $error = error_is('PutItem', {
	TableName => 'Music', Item => $key, ConditionExpression => 'attribute_not_exists(Artist)',
	ReturnValuesOnConditionCheckFailure => 'ALL_OLD' },
	"$dynamodb#ConditionalCheckFailedException", qr/^The conditional request failed$/, 'condition');
is($error->{Item}{Plays}{N}, '2', 'with the item that failed it');
ok(exists $error->{message}, 'message in small letters');
error_is('GetItem', { TableName => 'Missing', Key => $key },
	"$dynamodb#ResourceNotFoundException", qr/^Requested resource not found/, 'no table');
error_is('CreateTable', $music, "$dynamodb#ResourceInUseException", qr/Music/, 'table exists');
error_is('GetItem', { TableName => 'Music', Key => { Artist => { S => 'a' } } },
	'com.amazon.coral.validate#ValidationException', qr/key element/, 'validation');
$error = error_is('GetItem', '{"TableName": 5}', "$service#SerializationException", qr/./, 'types');
ok(exists $error->{Message}, 'Message with a capital');
error_is('GetItem', '{"TableName": "Mu', "$service#SerializationException", qr/./, 'no JSON');
error_is('GetItem', '', "$service#SerializationException", qr/./, 'no body');
error_is('Bogus', {}, "$service#UnknownOperationException", qr/Bogus/, 'unknown operation');
error_is('ListStreams', {}, "$service#UnknownOperationException", qr/^$/, 'operation of the other service');
error_is('X' x 100, {}, "$service#UnknownOperationException", qr/^$/, 'long target');

# ---- bytes ----

my $get = encode_json({ TableName => 'Music', Key => $key });
my $socket = raw_connect($node);

raw_send($socket, raw_request('GetItem', $get) x 20);
my @pipelined = map { (raw_reply($socket))[0] } 1 .. 20;
is("@pipelined", join(' ', (200) x 20), 'pipelined requests');

raw_send($socket, raw_request('GetItem', '', 'Transfer-Encoding: chunked') .
	join('', map { "1\r\n$_\r\n" } split //, $get) . "0\r\n\r\n");
($status, $body) = raw_reply($socket);
is(decode_json($body)->{Item}{Plays}{N}, '2', 'a chunked body');

raw_send($socket, raw_request('GetItem', '', 'Expect: 100-continue', 'Content-Length: ' . length $get));
is((raw_reply($socket))[0], 100, 'Expect: 100-continue');
raw_send($socket, $get);
is((raw_reply($socket))[0], 200, 'and the reply');

my $zipped = Compress::Zlib::memGzip($get);
raw_send($socket, raw_request('GetItem', $zipped, 'Content-Encoding: gzip'));
is((raw_reply($socket))[0], 200, 'a body in gzip');
raw_send($socket, raw_request('GetItem', substr($zipped, 0, -9), 'Content-Encoding: gzip'));
($status, $body) = raw_reply($socket);
like($body, qr/SerializationException/, 'a broken one');
raw_send($socket, raw_request('GetItem', $get, 'Content-Encoding: gzip'));
like((raw_reply($socket))[1], qr/SerializationException/, 'and one that is none');
raw_send($socket, raw_request('GetItem', Compress::Zlib::memGzip('x' x (20 * 1024 * 1024)),
	'Content-Encoding: gzip'));
is((raw_reply($socket))[0], 413, 'one that grows too large');
raw_send($socket, raw_request('GetItem', $get, 'Content-Encoding: br'));
is((raw_reply($socket))[0], 415, 'an encoding that we do not know');

# What could hide another request in it, or come from somewhere else.
my %refused = (
	'two lengths' => [ 400, "Content-Length: 2\r\nContent-Length: 2" ],
	'two unequal lengths' => [ 400, "Content-Length: 2\r\nContent-Length: 20" ],
	'length and chunks' => [ 400, "Content-Length: 2\r\nTransfer-Encoding: chunked" ],
	'an unknown transfer encoding' => [ 501, 'Transfer-Encoding: gzip, chunked' ],
	'a blank before the colon' => [ 400, 'Content-Length : 2' ],
	'a negative length' => [ 400, 'Content-Length: -2' ],
	'a signed length' => [ 400, 'Content-Length: +2' ],
	'a second Host' => [ 400, "Host: localhost\r\nContent-Length: 2" ],
	'a control character' => [ 400, "X-Thing: a\x01b\r\nContent-Length: 2" ],
	'a control character far behind' => [ 400, 'X-Thing: ' . 'a' x 21 . "\x7f" . 'b' x 21 . "\r\nContent-Length: 2" ],
	'a name that is no token' => [ 400, "X-Thing\xe9: a\r\nContent-Length: 2" ],
	'many headers' => [ 431, join("\r\n", (map { "X-$_: y" } 1 .. 120), 'Content-Length: 2') ],
	'long headers' => [ 431, 'X-Long: ' . ('y' x 20000) . "\r\nContent-Length: 2" ],
	'very long headers' => [ 431, 'X-Long: ' . ('y' x 100000) . "\r\nContent-Length: 2" ]);
for my $name (sort keys %refused)
{
	my ($expected, $lines) = @{ $refused{$name} };

	$socket = raw_connect($node);
	raw_send($socket, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n" .
		"X-Amz-Target: DynamoDB_20120810.ListTables\r\n$lines\r\n\r\n{}");
	my ($got) = raw_reply($socket);
	# (the library may cut what it finds unbearable; versions of it differ in 400 or 501)
	like($got, qr/^($expected|400|closed)$/, "refused: $name");
	is((raw_reply($socket, 5))[0], 'closed', "and the connection closed: $name");
}
my %allowed = (
	'as many and as long as can be' => join("\r\n", (map { "X-$_: " . 'y' x 154 } 1 .. 97), 'Content-Length: 2'),
	'tabs and letters beyond ASCII' => "X-Thing: a\tb" . "\xe9\xff\x80" x 20 . "\tc\r\nCONTENT-LENGTH: 2");
for my $name (sort keys %allowed)
{
	$socket = raw_connect($node);
	raw_send($socket, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n" .
		"x-amz-target: DynamoDB_20120810.ListTables\r\n$allowed{$name}\r\n\r\n{}");
	is((raw_reply($socket))[0], 200, "headers: $name");
}
for my $host ('example.com', 'localhost.example.com', '127.0.0.1.example.com', '10.0.0.1:80')
{
	$socket = raw_connect($node);
	raw_send($socket, "POST / HTTP/1.1\r\nHost: $host\r\nContent-Length: 2\r\n" .
		"X-Amz-Target: DynamoDB_20120810.ListTables\r\n\r\n{}");
	is((raw_reply($socket))[0], 403, "Host $host");
}
for my $host ('localhost:8000', 'dynamo.localhost', '127.0.0.9', '[::1]:8000')
{
	$socket = raw_connect($node);
	raw_send($socket, "POST / HTTP/1.1\r\nHost: $host\r\nContent-Length: 2\r\n" .
		"X-Amz-Target: DynamoDB_20120810.ListTables\r\n\r\n{}");
	is((raw_reply($socket))[0], 200, "Host $host");
}
$socket = raw_connect($node);
raw_send($socket, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}");
($status, $body) = raw_reply($socket);
is($status, 400, 'no target');
like($body, qr/UnknownOperationException/, 'is no operation');
raw_send($socket, "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Other.ListTables\r\n\r\n");
is((raw_reply($socket))[0], 400, 'the target of another service');

# ---- counters ----

my $counted = $node->safe_psql('dynamo',
	q{SELECT requests >= 20, client_errors FROM dynamo.stat_operations
	  WHERE table_name = 'Music' AND operation = 'GetItem'});
is($counted, 't|1', 'stat_operations');
is($node->safe_psql('dynamo', q{SELECT condition_failures, consumed_units FROM dynamo.stat_operations
	  WHERE table_name = 'Music' AND operation = 'PutItem'}), '1|1', 'conditions and capacity');
is($node->safe_psql('dynamo', q{SELECT count(*) FROM dynamo.stat_tables WHERE table_name IN ('Music', '')}),
	2, 'stat_tables');
is($node->safe_psql('dynamo', q{SELECT bool_and((SELECT sum(n) FROM unnest(latency_histogram) n) = requests
	  AND cardinality(latency_histogram) = cardinality(dynamo.latency_bounds()) + 1)
	  FROM dynamo.stat_operations}), 't', 'histograms');
my $metrics = $http->get(url($node) . 'metrics');
like($metrics->{content}, qr/^dynamo_requests_total\{schema="dynamodb",table="Music",operation="PutItem",outcome="condition_failed"\} 1$/m,
	'metrics: a counter');
like($metrics->{content}, qr/^dynamo_request_seconds_count\{schema="dynamodb",table="Music",operation="PutItem"\} 2$/m,
	'metrics: a histogram');
unlike($metrics->{content}, qr/Bogus|Missing/, 'no invented names');
$node->safe_psql('dynamo', 'SELECT dynamo.reset_request_statistics()');
is($node->safe_psql('dynamo', 'SELECT sum(requests) FROM dynamo.stat_tables'), 0, 'reset');

# ---- slow requests ----

$node->append_conf('postgresql.conf', 'dynamo.slow_request_time = 0');
$node->reload;
$node->poll_query_until('dynamo', q{SELECT current_setting('dynamo.slow_request_time') = '0'});
call($node, 'PutItem', { TableName => 'Music', Item => { %$key, Secret => { S => 'confidential' } } })
  for 1 .. 20;
my $log = PostgreSQL::Test::Utils::slurp_file($node->logfile);
like($log, qr/slow request: PutItem on Music, [\d.]+ ms, status 200, request [0-9A-V]{52}/, 'slow requests are logged');
unlike($log, qr/confidential/, 'without items');

$node->stop;
done_testing();
