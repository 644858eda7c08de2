# Turning time to live on for a table in use: a worker fills the column and makes the btree.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('ttl_online');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', q{
	shared_preload_libraries = 'dynamo'
	restart_after_crash = on
	max_worker_processes = 20
	dynamo.discovery_interval = 1
	dynamo.backfill_batch_size = 100});
$node->start;

sub sql { return $node->safe_psql('postgres', $_[0]) }
sub until_is { return $node->poll_query_until('postgres', $_[0]) }
sub session { my $psql = $node->background_psql('postgres', on_error_stop => 1); $psql->query_safe($_) for @_; return $psql }
sub status { return sql("SELECT dynamo.describe_time_to_live('$_[0]') ->> 'TimeToLiveStatus'") }

sub set
{
	my (%settings) = @_;
	sql("ALTER SYSTEM SET $_ = '$settings{$_}'") for keys %settings;
	sql('SELECT pg_reload_conf()');
	return;
}

# Items 1, 3, 5 … expire soon after they are there, the others in the year 3000.
sub make_table
{
	my ($name, $items) = @_;
	sql(qq{SELECT dynamo.create_table('$name', 'k S');
		INSERT INTO dynamodb."$name" (item) SELECT jsonb_build_object('k', i::text, 't', CASE WHEN i % 2 = 1 THEN 1700000000 ELSE 32503680000 END)::dynamo.item
		  FROM generate_series(1, $items) i});
	return;
}

sub refused
{
	my ($attribute, $pattern, $case) = @_;
	my (undef, undef, $error) = $node->psql('postgres', "SELECT dynamo.update_time_to_live('Slow', '$attribute')");
	like($error, $pattern, $case);
	return;
}

# Until all is as it must be in the end.
sub is_done
{
	my ($table, $left, $case) = @_;
	ok(until_is("SELECT dynamo.describe_time_to_live('$table') ->> 'TimeToLiveStatus' = 'ENABLED'"), "$case: it is enabled");
	ok(until_is(qq{SELECT count(*) = $left FROM dynamodb."$table"}), "$case: items expire");
	is(sql(qq{SELECT count(*) FROM dynamodb."$table" WHERE _ttl IS DISTINCT FROM 32503680000}), 0, "$case: the column is filled");
	is(sql("SELECT * FROM dynamo.check_table('$table')"), '', "$case: check_table");
	is(sql(qq{SELECT count(*) FROM pg_index WHERE indrelid = 'dynamodb."$table"'::regclass AND NOT indisprimary}), 1, "$case: one btree");
	is(sql('SELECT count(*) FROM dynamo.index_builds'), 0, "$case: nothing is left to do");
	return;
}

sql('CREATE EXTENSION dynamo');
make_table('Empty', 0);
sql(q{SELECT dynamo.update_time_to_live('Empty', 't')});
is_done('Empty', 0, 'an empty table');

# ---- slowly ----

make_table('Slow', 3000);
set('dynamo.backfill_rate' => 500);
sql(q{SELECT dynamo.update_time_to_live('Slow', 't')});
is(status('Slow'), 'ENABLING', 'the status is ENABLING');
refused('t', qr/Time to live has been modified multiple times within a fixed interval/, 'another change must wait');
refused('other', qr/TimeToLive is active on a different AttributeName/, 'with another attribute too');
ok(until_is(q{SELECT phase = 'backfilling' AND items_processed BETWEEN 1 AND 2999 FROM dynamo.stat_progress_index WHERE index_name = '(time to live)' AND table_name = 'Slow'}), 'the progress can be seen');
is(sql(q{SET lock_timeout = '10s'; INSERT INTO dynamodb."Slow" (item) VALUES ('{"k": {"S": "new"}, "t": {"N": "32503680000"}}');
	UPDATE dynamodb."Slow" SET item = '{"k": {"S": "1"}, "t": {"N": "32503680000"}}' WHERE k = '1'; SELECT _ttl FROM dynamodb."Slow" WHERE k = '1'}),
	32503680000, 'others write the table meanwhile');
my $pid = sql(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'dynamo index builder'});
sql("SELECT pg_terminate_backend($pid)");
$node->stop('immediate');
$node->start;
ok(until_is(q{SELECT items_processed > 0 FROM dynamo.stat_progress_index WHERE table_name = 'Slow'}), 'after a crash it goes on');
set('dynamo.backfill_rate' => 0);
is_done('Slow', 1502, 'a table with items');

# ---- others in the way ----

make_table('Busy', 100);
my $writer = session('BEGIN', q{INSERT INTO dynamodb."Busy" (item) VALUES ('{"k": {"S": "open"}, "t": {"N": "32503680000"}}')});
my $asking = $node->background_psql('postgres', on_error_stop => 1);
$asking->query_until(qr/asking/, "\\echo asking\nSELECT dynamo.update_time_to_live('Busy', 't');\n\\echo done\n");
ok(until_is(q{SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%Busy%t''%' AND state = 'active' AND pid <> pg_backend_pid()}), 'a change waits for a transaction that is open');
is(sql(q{SET lock_timeout = '10s'; INSERT INTO dynamodb."Busy" (item) VALUES ('{"k": {"S": "meanwhile"}, "t": {"N": "32503680000"}}'); SELECT 'written'}), 'written', 'and does not have others wait');
my (undef, undef, $error) = $node->psql('postgres', q{SET lock_timeout = '50ms'; SELECT dynamo.update_time_to_live('Busy', 't')});
like($error, qr/canceling statement due to lock timeout/, 'a shorter lock_timeout holds');
$writer->query_safe('COMMIT');
$asking->query_until(qr/done/, "\n");
$asking->quit;
is_done('Busy', 52, 'a busy table');
$writer->query_safe('BEGIN');
$writer->query_safe(q{INSERT INTO dynamodb."Empty" (item) VALUES ('{"k": {"S": "open"}}')});
(undef, undef, $error) = $node->psql('postgres', q{SET lock_timeout = '300ms'; SET statement_timeout = '60s'; SELECT dynamo.update_time_to_live('Empty', 't', false)});
like($error, qr/canceling statement due to lock timeout/, 'a longer one too, though the lock is asked for again and again');
$writer->query_safe('ROLLBACK');

# ---- turned off before it is done ----

make_table('Off', 2000);
my $snapshot = session('BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT 1', q{SELECT count(*) FROM dynamodb."Busy"});
my $holder = session('BEGIN', q{INSERT INTO dynamodb."Empty" (item) VALUES ('{"k": {"S": "xid"}}')});
sql(q{SELECT dynamo.update_time_to_live('Off', 't')});
ok(until_is(q{SELECT phase LIKE 'waiting%' FROM dynamo.stat_progress_index WHERE table_name = 'Off'}), 'the btree waits for an older snapshot')
  or diag(sql('SELECT * FROM dynamo.stat_progress_index'));
sql(q{SELECT dynamo.update_time_to_live('Off', 't', false)});
is(status('Off'), 'DISABLED', 'turned off while the btree is being made');
$snapshot->quit;
$holder->quit;
ok(until_is('SELECT count(*) = 0 FROM dynamo.index_builds'), 'nothing is left to do');
is(sql(q{SELECT count(*) FROM pg_index WHERE indrelid = 'dynamodb."Off"'::regclass}), 1, 'nor a btree');
is(sql('SELECT count(*) FROM dynamodb."Off"'), 2000, 'all items are there');
sql(q{SELECT dynamo.update_time_to_live('Off', 't')});
is_done('Off', 1000, 'turned on again');

# ---- a btree that is gone ----

sql('DROP INDEX dynamodb."Off__ttl_idx"');
is(status('Off'), 'ENABLING', 'without a btree the status is ENABLING');
sql(q{SELECT dynamo.update_time_to_live('Off', 't')});
is_done('Off', 1000, 'made again');

# ---- a table that is dropped ----

make_table('Dropped', 2000);
set('dynamo.backfill_rate' => 100);
sql(q{SELECT dynamo.update_time_to_live('Dropped', 't')});
ok(until_is(q{SELECT items_processed > 0 FROM dynamo.stat_progress_index WHERE table_name = 'Dropped'}), 'another one begins');
sql(q{SELECT dynamo.delete_table('Dropped')});
is(sql('SELECT count(*) FROM dynamo.index_builds'), 0, 'DeleteTable ends it');
ok(until_is(q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'dynamo index builder'}), 'and the worker');

$node->stop;
done_testing();
