# A library and an extension of different versions, as between the installation of a new one and ALTER EXTENSION UPDATE:
# what needs a catalog says what to do, SQL goes on, workers touch nothing and go on afterwards.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('worker_extension_version');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', q{
	max_worker_processes = 20
	dynamo.discovery_interval = 1});
$node->start;
sub sql { return $node->safe_psql('postgres', $_[0]) }
sub until_is { return $node->poll_query_until('postgres', @_) }
sub failures { my @found = slurp_file($node->logfile) =~ /ERROR: .*extension "dynamo" is of version/g; return scalar @found }

sql(q{CREATE EXTENSION dynamo; SELECT dynamo.create_table('Tab', 'k S');
	SELECT dynamo.call('UpdateTable', '{"TableName": "Tab", "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}}')});
ok(until_is(q{SELECT status = 'ENABLED' FROM dynamo.streams}), 'a table with a stream');
my $slot = sql('SELECT slot_name FROM pg_replication_slots');
my $version = sql(q{SELECT extversion FROM pg_extension WHERE extname = 'dynamo'});

# (a session that has used the catalogs before)
my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->query_safe(q{SELECT dynamo.describe_table('Tab')});

# As after an update: another version, and catalogs that have been altered.
sql(q{UPDATE pg_extension SET extversion = '0.0' WHERE extname = 'dynamo';
	ALTER TABLE dynamo.table_settings SET (fillfactor = 90);
	SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type LIKE 'dynamo%'});
my $message = qr/extension "dynamo" is of version 0\.0 in this database, the loaded library of version \Q$version\E\nHINT:  ALTER EXTENSION dynamo UPDATE brings/;
$session->query(q{SELECT dynamo.describe_table('Tab')});
like($session->{stderr}, $message, 'a session that has used the catalogs notices');
$session->quit;
for my $command (q{SELECT dynamo.describe_table('Tab')}, q{SELECT dynamo.create_table('Another', 'k S')},
	q{SELECT dynamo.update_time_to_live('Tab', 'ttl')}, q{ALTER TABLE dynamodb."Tab" RENAME TO "Renamed"}, q{SELECT dynamo.put_item('Tab', '{"k": {"S": "a"}}')})
{
	my (undef, undef, $error) = $node->psql('postgres', $command);
	like($error, $message, $command);
}
is(sql(q{INSERT INTO dynamodb."Tab" (item) VALUES ('{"k": {"S": "a"}}'), ('{"k": {"S": "b"}}'); SELECT count(*) FROM dynamodb."Tab"}), 2, 'tables are written and read by SQL');
is(sql('CREATE TABLE ordinary (); DROP TABLE ordinary'), '', 'tables are dropped');

ok($node->wait_for_log(qr/worker "dynamo streams" .* exited with exit code 1/), 'workers end');
is(sql('SELECT slot_name FROM pg_replication_slots'), $slot, 'and leave the slot of the stream alone');
cmp_ok(failures(), '<', 60, 'they do not fill the log');

sql(qq{UPDATE pg_extension SET extversion = '$version' WHERE extname = 'dynamo'});
ok(until_is(q{SELECT count(*) = 2 FROM dynamo.read_stream('Tab')}), 'afterwards the stream has all changes');
sql('SELECT pg_reload_conf()');
is(sql(q{SELECT dynamo.describe_table('Tab') IS NOT NULL}), 't', 'and all is as before');
my (undef, undef, $error) = $node->psql('postgres', q{SET client_min_messages = warning; UPDATE pg_extension SET extversion = '0.0' WHERE extname = 'dynamo'; DROP EXTENSION dynamo CASCADE});
is($error, '', 'an extension of another version can be dropped');
$node->stop;

# ---- without anybody who looks around ----

$node = PostgreSQL::Test::Cluster->new('unlooked');
$node->init;
$node->append_conf('postgresql.conf', q{
	max_worker_processes = 20
	dynamo.discovery_interval = 3600});
$node->start;
sub worker { return until_is("SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'dynamo ttl' AND $_[0]") }
sub ends { my ($offset) = @_; return $node->wait_for_log(qr/worker "dynamo ttl" .* exited with exit code 1/, $offset) }
sub expires
{
	sql(q{INSERT INTO dynamodb."Tab" (item) VALUES ('{"k": {"S": "a"}, "t": {"N": "1700000000"}}')});
	return until_is('SELECT count(*) = 0 FROM dynamodb."Tab"');
}

sql(q{CREATE EXTENSION dynamo; SELECT dynamo.create_table('Tab', 'k S'); SELECT dynamo.update_time_to_live('Tab', 't')});
ok(expires(), 'items expire');
ok(until_is(q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'dynamo discovery'}), 'nobody looks what there is to do');

# What ends a worker before it has looked itself (here it waits for the extension) is no end of its work.
my $holder = $node->background_psql('postgres', on_error_stop => 1);
$holder->query_safe('SET client_min_messages = warning; BEGIN; DROP EXTENSION dynamo CASCADE');
ok(worker(q{wait_event_type = 'Lock'}), 'a worker waits for the extension');
my $offset = -s $node->logfile;
sql(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type = 'dynamo ttl'});
ok(ends($offset), 'and is cancelled');
$holder->query_safe('ROLLBACK');
$holder->quit;
ok(expires(), 'it comes again');

# (an update that has been done already is one as well)
$offset = -s $node->logfile;
sql(q{UPDATE pg_extension SET extversion = '0.0' WHERE extname = 'dynamo';
	SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'dynamo ttl'});
ok(ends($offset), 'a worker ends where the extension is of another version');
sql(qq{UPDATE pg_extension SET extversion = '$version' WHERE extname = 'dynamo'; ALTER EXTENSION dynamo UPDATE});
ok(expires(), 'ALTER EXTENSION brings it back');
$node->stop;
done_testing();
