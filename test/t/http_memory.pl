# The memory of the endpoint's workers does not grow with the number of requests,
# whether they succeed, fail or are no requests of DynamoDB's at all.
#
# DYNAMO_OPERATIONS: how many of all kinds (30000; make soak does up to 1,000,000).
use strict;
use warnings;
use DynamoEndpoint;
use PostgreSQL::Test::Utils;
use Test::More;

my $requests = $ENV{DYNAMO_OPERATIONS} // 30_000;
use constant { CONNECTIONS => 16, PIPELINED => 20 };

my $node = start_endpoint('memory', 'synchronous_commit = off');
call_ok($node, 'CreateTable', {
	TableName => 'Tab', BillingMode => 'PAY_PER_REQUEST',
	AttributeDefinitions => [{ AttributeName => 'k', AttributeType => 'S' }, { AttributeName => 's', AttributeType => 'N' }],
	KeySchema => [{ AttributeName => 'k', KeyType => 'HASH' }, { AttributeName => 's', KeyType => 'RANGE' }] });

my $key = '"Key": {"k": {"S": "a"}, "s": {"N": "%d"}}';
my $pad = 'x' x 500;
my @kinds = map { [$_->[0], qq({"TableName": "Tab", $_->[1]})] } (
	['PutItem', qq("Item": {"k": {"S": "a"}, "s": {"N": "%d"}, "v": {"N": "1"}, "pad": {"S": "$pad"}}, "ReturnValues": "ALL_OLD")],
	['GetItem', qq($key, "ReturnConsumedCapacity": "TOTAL")],
	['UpdateItem', qq($key, "UpdateExpression": "SET v = if_not_exists(v, :one) + :one", "ExpressionAttributeValues": {":one": {"N": "1"}}, "ReturnValues": "ALL_NEW")],
	['Query', q("KeyConditionExpression": "k = :k AND s > :s", "ExpressionAttributeValues": {":k": {"S": "a"}, ":s": {"N": "%d"}}, "Limit": 5)],
	['DeleteItem', qq($key, "ConditionExpression": "attribute_exists(no_such_attribute)")],
	['GetItem', q("Key": {"wrong": {"S": "%d"}})],
	['PutItem', q("Item": {"k": %d)],
	['NoSuchOperation', q("n": %d)]);
push @kinds, ['TransactWriteItems', qq({"TransactItems": [{"Update": {"TableName": "Tab", $key, "UpdateExpression": "ADD t :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}}, {"ConditionCheck": {"TableName": "Tab", "Key": {"k": {"S": "b"}, "s": {"N": "1"}}, "ConditionExpression": "attribute_not_exists(k)"}}]})];
push @kinds, ['BatchGetItem', qq({"RequestItems": {"Tab": {"Keys": [{"k": {"S": "a"}, "s": {"N": "%d"}}]}}})];

my @connections = map { raw_connect($node) } 1 .. CONNECTIONS;
my $sent = 0;
my %answers;

# The private memory of all workers in kB.
sub private_memory
{
	my $sum = 0;
	for my $pid (split /\n/, $node->safe_psql('dynamo', q{SELECT pid FROM pg_stat_activity WHERE backend_type LIKE 'dynamo endpoint%'}))
	{
		my ($kB) = slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+)/m;
		$sum += $kB;
	}
	return $sum;
}

sub send_requests
{
	my ($n) = @_;

	for (my $end = $sent + $n; $sent < $end; $sent += CONNECTIONS * PIPELINED)
	{
		for my $c (0 .. CONNECTIONS - 1)
		{
			raw_send($connections[$c], join '', map {
				my ($operation, $body) = @{ $kinds[$_ % @kinds] };
				raw_request($operation, sprintf($body, $c * PIPELINED + $_ % 7));
			} 1 .. PIPELINED);
		}
		for my $c (@connections)
		{
			$answers{ (raw_reply($c))[0] }++ for 1 .. PIPELINED;
		}
	}
	return;
}

send_requests($requests / 5);    # caches fill, plans are made
my $before = private_memory();
send_requests($requests);
my $after = private_memory();
note "$sent requests: $before kB before, $after kB after; answers: " . join ', ', map { "$_: $answers{$_}" } sort keys %answers;
cmp_ok($after - $before, '<', 3000, 'the memory of the workers does not grow');
is(join(' ', sort keys %answers), '200 400', 'every request was answered');

$node->stop;
done_testing();
