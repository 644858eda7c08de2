# A table that somebody has for himself holds up its own index, not those of other tables, and costs nothing meanwhile.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('index_online_locked');
$node->init;
$node->append_conf('postgresql.conf', q{
	max_worker_processes = 20
	dynamo.index_builders = 1
	dynamo.index_lock_timeout = 1});
$node->start;

sub sql { return $node->safe_psql('postgres', $_[0]) }
sub until_is { return $node->poll_query_until('postgres', @_) }

sub update_table
{
	my ($table, $update) = @_;
	sql(qq{SELECT dynamo.call('UpdateTable', '{"TableName": "$table", "GlobalSecondaryIndexUpdates": [$update],
		"AttributeDefinitions": [{"AttributeName": "g", "AttributeType": "S"}]}')});
	return;
}

sub create_index { return update_table(shift, '{"Create": {"IndexName": "by_g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}') }
sub delete_index { return update_table(shift, '{"Delete": {"IndexName": "by_g"}}') }
sub is_active { return until_is("SELECT count(*) = 1 FROM dynamo.indexes WHERE table_name = '$_[0]' AND name = 'by_g' AND status = 'ACTIVE'") }
sub is_gone { return until_is("SELECT count(*) = 0 FROM dynamo.indexes WHERE table_name = '$_[0]'") }

sql('CREATE EXTENSION dynamo');
sql(qq{SELECT dynamo.create_table('$_', 'k N'); INSERT INTO dynamodb."$_" (item) SELECT jsonb_build_object('k', i, 'g', 'g' || i % 3)::dynamo.item FROM generate_series(1, 100) i})
  for qw(Locked Other);

# (a reader keeps it from its columns, and then goes on to lock the table)
my $locker = $node->background_psql('postgres', on_error_stop => 1);
$locker->query_safe($_) for 'BEGIN', 'SELECT count(*) FROM dynamodb."Locked"';
create_index('Locked');
ok(until_is(q{SELECT waiting_for IS NOT NULL FROM dynamo.stat_progress_index WHERE table_name = 'Locked'}), 'an index waits for its columns');
$locker->query_safe('LOCK TABLE dynamodb."Locked"');
my $attempts = q{SELECT xact_rollback FROM pg_stat_database WHERE datname = 'postgres'};
my $before = sql($attempts);
ok(until_is("SELECT ($attempts) > $before + 1"), 'while it is locked the work is tried again');
create_index('Other');
ok(is_active('Other'), q{beside a locked table another's index is made});
delete_index('Other');
ok(is_gone('Other'), 'and deleted');

$before = sql($attempts);
sql('SELECT pg_sleep(5)');
cmp_ok(sql($attempts) - $before, '<', 50, 'the locked one is tried now and then');
$locker->query_safe('COMMIT');
$locker->quit;
ok(is_active('Locked'), 'when the lock is gone its index is made');
is(sql(q{SELECT * FROM dynamo.check_table('Locked')}), '', 'check_table() finds nothing');
unlike(slurp_file($node->logfile), qr/dynamo index builder, index/, 'a lock that could not be had is no failure');
$node->stop;
done_testing();
