# Fewer background workers than are wanted: what there is serves, the log says what is missing, and who waits is started
# when there is room, without a restart.
use strict;
use warnings;
use DynamoEndpoint;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

sub warnings_in { my @found = slurp_file($_[0]->logfile) =~ /WARNING: .*no background worker is left/g; return scalar @found }

# ---- an endpoint without slow lane, flusher and workers of databases ----

# (one is the launcher's, one that of logical replication's)
my $node = start_endpoint('few', q{
	max_worker_processes = 4
	dynamo.discovery_interval = 1});
my $begun = time;
# (while its database was not there, its workers ended, and others may have taken their places)
$node->restart;
wait_for_endpoint($node);
call_ok($node, 'CreateTable', { TableName => 'Tab', BillingMode => 'PAY_PER_REQUEST',
	AttributeDefinitions => [ { AttributeName => 'k', AttributeType => 'S' } ], KeySchema => [ { AttributeName => 'k', KeyType => 'HASH' } ] });
call_ok($node, 'PutItem', { TableName => 'Tab', Item => { k => { S => 'a' }, n => { N => '1' } } });
is(call_ok($node, 'GetItem', { TableName => 'Tab', Key => { k => { S => 'a' } } })->{Item}{n}{N}, 1, 'it serves');
is($node->safe_psql('postgres', q{SELECT string_agg(backend_type, ', ' ORDER BY backend_type) FROM pg_stat_activity WHERE backend_type LIKE 'dynamo%'}),
	'dynamo endpoint, dynamo endpoint', 'with the workers that there are');
my $holder = $node->background_psql('dynamo', on_error_stop => 1);
$holder->query_safe(q{BEGIN; SELECT FROM dynamodb."Tab" WHERE k = 'a' FOR UPDATE});
my $update = { TableName => 'Tab', Key => { k => { S => 'a' } }, UpdateExpression => 'ADD n :n', ExpressionAttributeValues => { ':n' => { N => '1' } } };
is((call($node, 'UpdateItem', $update))[0], 503, 'a request that would wait in the slow lane is to come again');
$holder->query_safe('COMMIT');
$holder->quit;
call_ok($node, 'UpdateItem', $update);
my $told = warnings_in($node);
cmp_ok($told, '>', 0, 'the log says that there are too few');
cmp_ok($told, '<=', 2 + (time - $begun + 10) / 300, 'now and then');
$node->stop;

# ---- room for two workers of databases: more than that take turns ----

$node = PostgreSQL::Test::Cluster->new('two');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', q{
	shared_preload_libraries = 'dynamo'
	max_worker_processes = 4
	dynamo.discovery_interval = 3600});
$node->start;
my @databases = qw(first second third);
my $expired = q{INSERT INTO dynamodb."Tab" (item) VALUES ('{"k": {"S": "a"}, "t": {"N": "1700000000"}}')};
for my $database (@databases)
{
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, qq{CREATE EXTENSION dynamo; SELECT dynamo.create_table('Tab', 'k S'); $expired});
}
sub gone { return $node->poll_query_until($_[0], q{SELECT count(*) = 0 FROM dynamodb."Tab"}) }
sub expire { $node->safe_psql($_[0], "SELECT dynamo.update_time_to_live('Tab', 't', $_[1])"); return }
sub stream
{
	my ($database, $enabled) = @_;
	my $view = $enabled eq 'true' ? ', "StreamViewType": "KEYS_ONLY"' : '';
	$node->safe_psql($database, qq{SELECT dynamo.call('UpdateTable', '{"TableName": "Tab", "StreamSpecification": {"StreamEnabled": $enabled$view}}')});
	return;
}

for my $database (@databases)
{
	expire($database, 'true');
	ok(gone($database), "$database: items expire");
}
cmp_ok(warnings_in($node), '>', 0, 'the log tells that there is no place for all');
$node->safe_psql('third', q{SELECT dynamo.call('UpdateTable', '{"TableName": "Tab", "AttributeDefinitions": [{"AttributeName": "g", "AttributeType": "S"}],
	"GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "by_g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]}')});
ok($node->poll_query_until('third', q{SELECT status = 'ACTIVE' FROM dynamo.indexes WHERE name = 'by_g'}), 'an index is made where expiry has all places');
$node->safe_psql($_, $expired) for @databases;
ok(gone($_), "$_: what comes later expires, too") for @databases;

expire($_, 'false') for @databases;
stream($_, 'true') for @databases;
ok($node->poll_query_until($_, q{SELECT status = 'ENABLED' FROM dynamo.streams}), "$_: a stream begins") for @databases;
$node->safe_psql($_, q{SELECT dynamo.put_item('Tab', '{"k": {"S": "b"}}')}) for @databases;
ok($node->poll_query_until($_, q{SELECT count(*) > 0 FROM dynamo.read_stream('Tab')}), "$_: and goes on") for @databases;
$node->safe_psql($_, q{SELECT dynamo.delete_item('Tab', '{"k": {"S": "b"}}')}) for @databases;
ok($node->poll_query_until($_, q{SELECT string_agg(event_name, ' ' ORDER BY sequence_number) = 'INSERT REMOVE' FROM dynamo.read_stream('Tab')}), "$_: and loses nothing") for @databases;

unlike(slurp_file($node->logfile), qr/FATAL|PANIC|terminating background worker/, 'who makes room does so in peace');
$node->stop;
done_testing();
