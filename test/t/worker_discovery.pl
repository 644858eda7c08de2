# New databases, and new names, are noticed when they are there, not while their transaction has yet to commit.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('worker_discovery');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', q{
	max_worker_processes = 20
	synchronous_standby_names = 'nobody'
	synchronous_commit = local
	dynamo.databases = '*'
	dynamo.discovery_interval = 3600});
$node->start;

# A command whose commit waits for a standby that does not exist until others could have looked.
sub commits_late
{
	my ($command) = @_;
	my $psql = $node->background_psql('postgres', on_error_stop => 0);
	my $pid = $psql->query_safe('SELECT pg_backend_pid()');
	$psql->query_safe('SET synchronous_commit = on');
	$psql->query_until(qr/begun/, qq{\\echo begun\n$command;\n});
	ok($node->poll_query_until('postgres', "SELECT wait_event = 'SyncRep' FROM pg_stat_activity WHERE pid = $pid"), "$command waits for its commit");
	sleep 2;
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
	$psql->query('SELECT 1');
	unlike($psql->{stderr}, qr/ERROR/, "$command is done");
	$psql->quit;
	return;
}

$node->safe_psql('postgres', 'CREATE DATABASE source');
$node->safe_psql('source', q{CREATE EXTENSION dynamo; SELECT dynamo.create_table('Tab', 'k S'); SELECT dynamo.update_time_to_live('Tab', 't')});
ok($node->poll_query_until('source', q{SELECT dynamo.describe_time_to_live('Tab')->>'TimeToLiveStatus' = 'ENABLED'}), 'a table whose items expire');
$node->append_conf('postgresql.conf', q{dynamo.databases = 'copy, renamed'});
$node->reload;
ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'dynamo ttl'}), 'in a database that is not looked after');
$node->safe_psql('source', q{INSERT INTO dynamodb."Tab" (item) VALUES ('{"k": {"S": "a"}, "t": {"N": "1700000000"}}')});

commits_late('CREATE DATABASE copy TEMPLATE source');
ok($node->poll_query_until('copy', q{SELECT count(*) = 0 FROM dynamodb."Tab"}), 'a new database is looked after at once');
$node->safe_psql('postgres', 'ALTER DATABASE source RENAME TO renamed');
ok($node->poll_query_until('renamed', q{SELECT count(*) = 0 FROM dynamodb."Tab"}), 'one that bears a listed name now is looked after');
$node->stop;
done_testing();
