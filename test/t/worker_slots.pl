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
cmp_ok($told, '<=', 2 + (time - $begun + 10) / 30, 'now and then');
$node->stop;

# ---- room for two workers of databases ----

$node = PostgreSQL::Test::Cluster->new('two');
$node->init;
$node->append_conf('postgresql.conf', q{
	shared_preload_libraries = 'dynamo'
	max_worker_processes = 4
	dynamo.discovery_interval = 3600});
$node->start;
my @databases = qw(first second third);
for my $database (@databases)
{
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, q{CREATE EXTENSION dynamo; SELECT dynamo.create_table('Tab', 'k S');
		INSERT INTO dynamodb."Tab" (item) VALUES ('{"k": {"S": "a"}, "t": {"N": "1700000000"}}')});
}
sub gone { return $node->poll_query_until($_[0], q{SELECT count(*) = 0 FROM dynamodb."Tab"}) }
sub expire { $node->safe_psql($_[0], "SELECT dynamo.update_time_to_live('Tab', 't', $_[1])"); return }

for my $database (@databases[0 .. 1])
{
	expire($database, 'true');
	ok(gone($database), "$database: items expire");
}
expire('third', 'true');
is($node->safe_psql('third', q{SELECT string_agg(backend_type || ' ' || datname, ', ' ORDER BY datname) FROM pg_stat_activity WHERE backend_type LIKE 'dynamo%'}),
	'dynamo ttl first, dynamo ttl second', 'no place is left');
expire($_, 'false') for @databases[0 .. 1];
ok(gone('third'), 'when there is room again, those who have waited are started');
cmp_ok(warnings_in($node), '>', 0, 'the log has told');
$node->stop;
done_testing();
