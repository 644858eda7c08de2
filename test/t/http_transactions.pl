# Batches and transactions over HTTP: their forms, what cancels them, and what
# other sessions do to them.
use strict;
use warnings;
use DynamoEndpoint;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = start_endpoint('transactions', 'dynamo.endpoint_request_timeout = 20s');
call_ok($node, 'CreateTable', {
	TableName => 'Tab', BillingMode => 'PAY_PER_REQUEST',
	AttributeDefinitions => [{ AttributeName => 'k', AttributeType => 'S' }],
	KeySchema => [{ AttributeName => 'k', KeyType => 'HASH' }] });

sub put { return { Put => { TableName => 'Tab', Item => { k => { S => $_[0] } }, %{ $_[1] // {} } } } }
sub check { return { ConditionCheck => { TableName => 'Tab', Key => { k => { S => $_[0] } }, ConditionExpression => $_[1] } } }

# ---- forms ----

is_deeply(call_ok($node, 'BatchWriteItem', { RequestItems => { Tab => [map { { PutRequest => { Item => { k => { S => $_ } } } } } 'a', 'b'] } }),
	{ UnprocessedItems => {} }, 'BatchWriteItem');
is_deeply(call_ok($node, 'BatchGetItem', { RequestItems => { Tab => { Keys => [map { { k => { S => $_ } } } 'b', 'none', 'a'] } } }),
	{ Responses => { Tab => [{ k => { S => 'b' } }, { k => { S => 'a' } }] }, UnprocessedKeys => {} }, 'BatchGetItem');
is_deeply(call_ok($node, 'TransactWriteItems', { TransactItems => [put('c'), check('d', 'attribute_not_exists(k)')], ClientRequestToken => 't' }),
	{}, 'TransactWriteItems');
is_deeply(call_ok($node, 'TransactGetItems', { TransactItems => [map { { Get => { TableName => 'Tab', Key => { k => { S => $_ } } } } } 'c', 'd'] }),
	{ Responses => [{ Item => { k => { S => 'c' } } }, {}] }, 'TransactGetItems');

my ($status, $body) = call($node, 'TransactWriteItems', { TransactItems => [
	put('e'), put('a', { ConditionExpression => 'attribute_not_exists(k)', ReturnValuesOnConditionCheckFailure => 'ALL_OLD' })] });
is($status, 400, 'a condition cancels');
is_deeply($body, {
	__type => 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
	Message => 'Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]',
	CancellationReasons => [{ Code => 'None' },
		{ Code => 'ConditionalCheckFailed', Message => 'The conditional request failed', Item => { k => { S => 'a' } } }] },
	'with its reasons');

call_ok($node, 'TransactWriteItems', { TransactItems => [put('c'), check('d', 'attribute_not_exists(k)')], ClientRequestToken => 't' });
($status, $body) = call($node, 'TransactWriteItems', { TransactItems => [put('x')], ClientRequestToken => 't' });
is("$status $body->{__type}", '400 com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException', 'a token used for something else');

# ---- other sessions ----

# A session that has done something and then does what it is told.
sub session
{
	my ($sql) = @_;
	my ($in, $out) = ("SET deadlock_timeout = '60s'; BEGIN; $sql; SELECT 'ready';\n", '');
	my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('dynamo') ], '<', \$in, '>', \$out);
	$psql->pump until $out =~ /ready/;
	return sub { $in .= "$_[0];\n"; $psql->pump_nb while length $in; if ($_[1]) { $in .= "\\q\n"; $psql->finish } };
}

sub start_transaction
{
	my $socket = raw_connect($node);
	raw_send($socket, raw_request('TransactWriteItems', encode_json({ TransactItems => [@_] })));
	return $socket;
}

sub end_transaction
{
	my ($status, $reply) = raw_reply($_[0], 30);
	return ($status, $reply =~ /^\{/ ? decode_json($reply) : $reply);
}

# In the slow lane: workers of the fast one do not wait that long.
sub wait_until_waiting
{
	$node->poll_query_until('dynamo', "SELECT EXISTS (SELECT FROM pg_locks WHERE waitstart < clock_timestamp() - interval '200 ms')") or die 'nobody waits';
}

# It waits for who inserts the key, and sees what became of it.
my $insert = session(q{INSERT INTO dynamodb."Tab" (item) VALUES ('{"k": {"S": "f"}}')});
my $waiting = start_transaction(check('f', 'attribute_not_exists(k)'), put('g'));
wait_until_waiting();
is_deeply(call_ok($node, 'GetItem', { TableName => 'Tab', Key => { k => { S => 'a' } } }), { Item => { k => { S => 'a' } } }, 'others are served meanwhile');
$insert->('COMMIT', 1);
($status, $body) = end_transaction($waiting);
is("$status $body->{CancellationReasons}[0]{Code}", '400 ConditionalCheckFailed', 'an insertion that it had to wait for');

# A deadlock, which only a session with an order of its own can bring about.
my $other = session(q{UPDATE dynamodb."Tab" SET item = dynamo.apply_update(item, 'SET n = :n', NULL, '{":n": {"N": "1"}}') WHERE k = 'b'});
$waiting = start_transaction(put('z'), put('b', { ConditionExpression => 'attribute_exists(k)' }), check('a', 'attribute_exists(k)'));
wait_until_waiting();
$other->(q{DELETE FROM dynamodb."Tab" WHERE k = 'a'}, 0);
($status, $body) = end_transaction($waiting);
is($body->{Message}, 'Transaction cancelled, please refer cancellation reasons for specific reasons [None, TransactionConflict, None]', 'a deadlock is a conflict');
is_deeply($body->{CancellationReasons}, [{ Code => 'None' }, { Code => 'TransactionConflict', Message => 'Transaction is ongoing for the item' }, { Code => 'None' }],
	'of the action that met it');
is($body->{__type}, 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException', 'and cancels');
$other->('ROLLBACK', 1);
is_deeply(call_ok($node, 'GetItem', { TableName => 'Tab', Key => { k => { S => 'z' } } }), {}, 'nothing of it was done');

# ---- the log ----

# Items that come with reasons are the client's, not the log's.
call_ok($node, 'PutItem', { TableName => 'Tab', Item => { k => { S => 'h' }, secret => { S => 'treasure' } } });
my (undef, undef, $error) = $node->psql('dynamo', q{SELECT dynamo.call('TransactWriteItems', '{"TransactItems": [{"Delete": {"TableName": "Tab",
	"Key": {"k": {"S": "h"}}, "ConditionExpression": "attribute_not_exists(k)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}]}')});
like($error, qr/DETAIL: .*treasure/, 'SQL gets the item');
like(slurp_file($node->logfile), qr/The reasons were returned to the client/, 'the log has the error');
unlike(slurp_file($node->logfile), qr/treasure/, 'without the item');

$node->stop;
done_testing();
