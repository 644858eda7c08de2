# Indexes that are being made when their table is somewhere else: after a promotion, a dump, in a copy of the database;
# when there are no workers, or the extension goes; and what a stream sees of it.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('index_online_places');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', q{
	max_worker_processes = 30
	max_connections = 30
	dynamo.discovery_interval = 1
	dynamo.backfill_rate = 0});
$node->start;

my $ITEMS = 1000;
sub sql { return $_[2]->safe_psql($_[0], $_[1]) if $_[2]; return $node->safe_psql($_[0], $_[1]) }
sub until_is { my ($database, $query, $where) = @_; return ($where // $node)->poll_query_until($database, $query) }

sub update_table
{
	my ($database, $table, $update) = @_;
	return sql($database, qq{SELECT dynamo.call('UpdateTable', '{"TableName": "$table", "GlobalSecondaryIndexUpdates": [$update],
		"AttributeDefinitions": [{"AttributeName": "g", "AttributeType": "S"}]}')::jsonb #>> '{TableDescription,TableStatus}'});
}

sub create_index { return update_table(@_, '{"Create": {"IndexName": "by_g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}') }
sub delete_index { return update_table(@_, '{"Delete": {"IndexName": "by_g"}}') }

sub make_table
{
	my ($database, $table) = @_;
	sql($database, qq{SELECT dynamo.create_table('$table', 'k N');
		INSERT INTO dynamodb."$table" (item) SELECT jsonb_build_object('k', i, 'g', 'g' || i % 3)::dynamo.item FROM generate_series(1, $ITEMS) i});
	return;
}

# A build that stands still at its end, for as long as the session's snapshot lasts.
sub hold
{
	my ($database, $table, $phase) = @_;
	my $psql = $node->background_psql($database, on_error_stop => 1);
	$psql->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
	$psql->query_safe($phase eq 'adding columns' ? qq{SELECT count(*) FROM dynamodb."$table"} : 'SELECT 1');
	create_index($database, $table);
	ok(until_is($database, qq{SELECT phase = '$phase' FROM dynamo.stat_progress_index WHERE table_name = '$table'}), "$table: $phase")
	  or diag(sql($database, 'SELECT * FROM dynamo.stat_progress_index'));
	return $psql;
}

sub is_exact
{
	my ($case, $database, $table, $where) = @_;
	ok(until_is($database, qq{SELECT NOT EXISTS (SELECT FROM dynamo.stat_progress_index WHERE table_name = '$table')}, $where), "$case: done")
	  or diag(sql($database, 'SELECT * FROM dynamo.stat_progress_index', $where));
	is(sql($database, qq{SELECT status FROM dynamo.table_indexes WHERE relation = 'dynamodb."$table"'::regclass}, $where), 'ACTIVE', "$case: active");
	is(sql($database, qq{SELECT DISTINCT problem FROM dynamo.check_table('$table')}, $where), '', "$case: check_table() finds nothing");
	is(sql($database, qq{SELECT count(*) FROM dynamo.query('$table', 'g = :g', index_name => 'by_g', expression_attribute_values => '{":g": {"S": "g1"}}')}, $where),
		sql($database, qq{SELECT count(*) FROM dynamodb."$table" WHERE item ->> 'g' = 'g1'}, $where), "$case: as many as a filter finds");
	return;
}

sql('postgres', 'CREATE EXTENSION dynamo');

# ---- a stream sees nothing of it ----

make_table('postgres', 'Streamed');
sql('postgres', q{SELECT dynamo.call('UpdateTable', '{"TableName": "Streamed", "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"}}')});
until_is('postgres', q{SELECT dynamo.call('DescribeTable', '{"TableName": "Streamed"}')::jsonb #>> '{Table,StreamSpecification,StreamEnabled}' = 'true'});
until_is('postgres', q{SELECT status = 'ENABLED' FROM dynamo.streams WHERE table_name = 'Streamed'});
create_index('postgres', 'Streamed');
is_exact('streamed', 'postgres', 'Streamed');
sql('postgres', q{SELECT dynamo.put_item('Streamed', '{"k": {"N": "0"}, "g": {"S": "g1"}}')});
ok(until_is('postgres', q{SELECT count(*) > 0 FROM dynamo.read_stream('Streamed')}), 'streamed: a write is in the stream');
is(sql('postgres', q{SELECT count(*) FROM dynamo.read_stream('Streamed')}), 1, 'streamed: the backfill is not');

# ---- a dump taken in the middle, and a copy of the database ----

make_table('postgres', 'Dumped');
my $held = hold('postgres', 'Dumped', 'waiting for old snapshots');
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('postgres') ], 'a dump');
sql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('restored'), $dump ], 'and its restore');
is_exact('restored', 'restored', 'Dumped');
$held->query_safe('COMMIT');
$held->quit;
is_exact('dumped', 'postgres', 'Dumped');

make_table('restored', 'Copied');
$held = hold('restored', 'Copied', 'waiting for old snapshots');
$held->query_safe('COMMIT');
$held->quit;
is_exact('before the copy', 'restored', 'Copied');
delete_index('restored', 'Copied');
until_is('restored', q{SELECT NOT EXISTS (SELECT FROM dynamo.stat_progress_index)});
sql('postgres', q{ALTER SYSTEM SET dynamo.backfill_rate = 200; ALTER SYSTEM SET dynamo.backfill_batch_size = 20; SELECT pg_reload_conf()});
create_index('restored', 'Copied');
until_is('restored', q{SELECT items_processed > 0 FROM dynamo.stat_progress_index});
sql('postgres', 'CREATE DATABASE copy TEMPLATE restored');
is(sql('copy', q{SELECT status FROM dynamo.stat_progress_index}), 'CREATING', 'a copy of the database in the middle of it');
sql('postgres', q{ALTER SYSTEM RESET ALL; SELECT pg_reload_conf()});
is_exact('copy', 'copy', 'Copied');
is_exact('original', 'restored', 'Copied');
sql('postgres', q{ALTER SYSTEM SET dynamo.backfill_rate = 100; ALTER SYSTEM SET dynamo.backfill_batch_size = 20; SELECT pg_reload_conf()});
make_table('copy', 'Doomed');
create_index('copy', 'Doomed');
until_is('copy', q{SELECT items_processed > 0 FROM dynamo.stat_progress_index});
my (undef, undef, $error) = $node->psql('postgres', 'DROP DATABASE copy');
is($error, '', 'a database is dropped in the middle of it');
make_table('restored', 'Gone');
create_index('restored', 'Gone');
until_is('restored', q{SELECT items_processed > 0 FROM dynamo.stat_progress_index});
(undef, undef, $error) = $node->psql('restored', q{SET client_min_messages = warning; SET lock_timeout = '60s'; DROP EXTENSION dynamo CASCADE});
is($error, '', 'the extension is dropped in the middle of it');
sql('postgres', q{ALTER SYSTEM RESET ALL; SELECT pg_reload_conf()});

# ---- without workers ----

make_table('postgres', 'Alone');
$held = hold('postgres', 'Alone', 'waiting for old snapshots');
sql('postgres', q{ALTER SYSTEM SET dynamo.databases = ''; SELECT pg_reload_conf()});
ok(until_is('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'dynamo index builder'}), 'the worker ends where it is not wanted any more');
$held->query_safe('COMMIT');
$held->quit;
is(sql('postgres', q{SELECT status, phase FROM dynamo.stat_progress_index}), 'CREATING|building index', 'what it has left');
delete_index('postgres', 'Alone');
is(sql('postgres', q{SELECT count(*) FROM dynamo.stat_progress_index}), 0, 'without workers: it is deleted at once');
is(sql('postgres', q{SELECT count(*) FROM pg_index WHERE indrelid = 'dynamodb."Alone"'::regclass}), 1, 'without workers: and its btree');
create_index('postgres', 'Alone');
is_exact('without workers', 'postgres', 'Alone');
sql('postgres', q{ALTER SYSTEM RESET ALL; SELECT pg_reload_conf()});

# ---- a standby is promoted ----

make_table('postgres', 'Promoted');
make_table('postgres', 'Begun');
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('index_online_standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
my $columns = hold('postgres', 'Begun', 'adding columns');
$held = hold('postgres', 'Promoted', 'waiting for old snapshots');
sql('postgres', 'CREATE TABLE flushes_the_log ()');
$node->wait_for_catchup($standby);
is(sql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'dynamo index builder'}, $standby), 0, 'a standby has no such worker');
is(sql('postgres', q{SELECT string_agg(format('%s %s', table_name, status), ', ' ORDER BY table_name) FROM dynamo.stat_progress_index}, $standby), 'Begun CREATING, Promoted CREATING', 'it shows what is to be done');
$node->stop('immediate');
eval { $_->quit } for $held, $columns;
$standby->promote;
is_exact('promoted', 'postgres', 'Promoted', $standby);
is_exact('promoted before the columns', 'postgres', 'Begun', $standby);
$standby->stop;

done_testing();
