# Turns, where there are fewer background workers than are wanted: each comes to something before it ends, the next
# one goes on where it was, and who cannot end keeps nobody else waiting.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# A server with so many places for workers of databases, each of which is made with a table.
sub make_node
{
	my ($name, $places, $settings, @databases) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	my $processes = $places + 2;    # (one is the launcher's, one that of logical replication's)
	$node->init(allows_streaming => 'logical');
	$node->append_conf('postgresql.conf', qq{
		shared_preload_libraries = 'dynamo'
		max_worker_processes = $processes
		log_min_messages = debug1
		dynamo.discovery_interval = 3600
		dynamo.online_index_builds = off
		$settings});
	$node->start;
	for my $database (@databases)
	{
		$node->safe_psql('postgres', "CREATE DATABASE $database");
		$node->safe_psql($database, q{CREATE EXTENSION dynamo; SELECT dynamo.create_table('Tab', 'k S')});
	}
	# (nobody looks around any more)
	ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'dynamo discovery'}), "$name: a server with too few workers");
	return $node;
}

sub session { my ($node, $database, @commands) = @_; my $psql = $node->background_psql($database, on_error_stop => 1); $psql->query_safe($_) for @commands; return $psql }
sub expire { my ($node, $database, $table) = @_; $node->safe_psql($database, "SELECT dynamo.update_time_to_live('$table', 't')"); return }
sub expired { my ($key, $time) = @_; $time //= 1700000000; return qq{('{"k": {"S": "$key"}, "t": {"N": "$time"}}')} }
sub put { my ($node, $database, $table, @items) = @_; $node->safe_psql($database, qq{INSERT INTO dynamodb."$table" (item) VALUES } . join(', ', @items)); return }
sub is_gone { my ($node, $database, $table, $key) = @_; return $node->poll_query_until($database, qq{SELECT count(*) = 0 FROM dynamodb."$table" WHERE k = '$key'}) }

# Until a worker of a database is there, and in this state.
sub works
{
	my ($node, $type, $database, $state) = @_;
	return $node->poll_query_until('postgres', qq{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = '$type' AND datname = '$database' AND } . ($state // 'true'));
}

# Until a worker has been asked to make room.
sub is_asked
{
	my ($node, $type, $database) = @_;
	my $oid = $node->safe_psql('postgres', "SELECT oid FROM pg_database WHERE datname = '$database'");
	return $node->wait_for_log(qr/"$type $oid" is to make room/);
}

# ---- who cannot end: another one is asked ----

my $two = make_node('two', 2, 'dynamo.ttl_batch_timeout = 0', qw(stuck idle waiting));
$two->safe_psql('stuck', q{CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN OLD; END $$;
	CREATE TRIGGER wait BEFORE DELETE ON dynamodb."Tab" FOR EACH ROW EXECUTE FUNCTION wait()});
my $brake = session($two, 'stuck', 'SELECT pg_advisory_lock(42)');
expire($two, 'stuck', 'Tab');
put($two, 'stuck', 'Tab', expired('a'));
ok(works($two, 'dynamo ttl', 'stuck', q{wait_event = 'advisory'}), 'a worker waits in code of the owner');
expire($two, 'idle', 'Tab');
ok(works($two, 'dynamo ttl', 'idle'), 'another one has little to do');
expire($two, 'waiting', 'Tab');
put($two, 'waiting', 'Tab', expired('a'));

# ---- streams: a turn is over when the worker has come further ----

my $streams = make_node('streams', 1, '', qw(first second));
sub stream
{
	my ($database) = @_;
	return $streams->safe_psql($database, q{SELECT dynamo.call('UpdateTable', '{"TableName": "Tab", "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}}')});
}

stream('first');
ok($streams->poll_query_until('first', q{SELECT status = 'ENABLED' FROM dynamo.streams}), 'a stream');
# (a worker begins with the log of the oldest transaction, which it has seen before; that is more than it reads at a time)
$streams->safe_psql('first', 'CREATE TABLE others (data text)');
my $old = session($streams, 'first', q{BEGIN; INSERT INTO others VALUES ('old')});
$streams->safe_psql('first', q{INSERT INTO others SELECT repeat(md5(i::text), 50) FROM generate_series(1, 12000) i});
ok($streams->poll_query_until('first', q{SELECT confirmed_flush_lsn - restart_lsn > 12 * 1024 * 1024 FROM pg_replication_slots}), 'much log of others is behind it');
my $blocker = session($streams, 'first', 'BEGIN; LOCK TABLE dynamo.stream_progress');
$streams->safe_psql('first', q{SELECT dynamo.put_item('Tab', '{"k": {"S": "a"}}')});
my $seen = q{wait_event_type = 'Lock'};
ok(works($streams, 'dynamo streams', 'first', $seen), 'a record is to be stored');
my $pid = $streams->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'dynamo streams'});
$streams->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
ok(works($streams, 'dynamo streams', 'first', "$seen AND pid <> $pid"), 'a worker that has begun anew');
stream('second');

# ---- expiry: each table has its batch, and the next worker goes on where the last one was ----

# (a worker has one round in its turn)
my $one = make_node('one', 1, 'dynamo.ttl_naptime = 3600', qw(first second));
my @tables = qw(Tab Other Third Fails);
$one->safe_psql('first', "SELECT dynamo.create_table('$_', 'k S')") for @tables[ 1 .. 3 ];
$one->safe_psql('first', q{CREATE SEQUENCE attempts;
	CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF OLD.k LIKE 'bad%' THEN PERFORM nextval('attempts'); RAISE EXCEPTION 'no'; END IF; RETURN OLD; END $$;
	CREATE TRIGGER fail BEFORE DELETE ON dynamodb."Fails" FOR EACH ROW EXECUTE FUNCTION fail()});

# Whether items that cannot be deleted have been tried no more often than they are to be: three of them after a batch with
# them has failed, in one round of four at most.
sub tried_rarely
{
	my ($case) = @_;
	my $attempts = $one->safe_psql('first', 'SELECT last_value FROM attempts');
	my $oid = $one->safe_psql('postgres', q{SELECT oid FROM pg_database WHERE datname = 'first'});
	my $turns = 1 + (() = slurp_file($one->logfile) =~ /"dynamo ttl $oid" is to make room/g);
	return cmp_ok($attempts, '<=', 4 * (1 + int($turns / 4)), $case);
}

expire($one, 'first', $_) for @tables;
ok(works($one, 'dynamo ttl', 'first', q{state = 'idle'}), 'a worker of expiry');
ok($one->poll_query_until('first', q{SELECT wait_event = 'Extension' FROM pg_stat_activity WHERE backend_type = 'dynamo ttl'}), 'rests');
put($one, 'first', $_, expired('a')) for @tables[ 0 .. 2 ];
put($one, 'first', 'Fails', (map { expired("bad$_") } 1 .. 3), expired('good', 1700000001));
# (who comes while somebody holds the extension has had its time before it has begun)
my $holder = session($one, 'first', 'SET client_min_messages = warning; BEGIN; DROP EXTENSION dynamo CASCADE');
ok(works($one, 'dynamo ttl', 'first', q{wait_event_type = 'Lock'}), 'the next one waits for the extension');
expire($one, 'second', 'Tab');
ok(is_asked($one, 'dynamo ttl', 'first'), 'and is to make room');
$holder->query_safe('ROLLBACK');
ok(works($one, 'dynamo ttl', 'second'), 'it does');
is($one->safe_psql('first', join ' UNION ALL ', map { qq{SELECT k FROM dynamodb."$_"} } @tables[ 0 .. 2 ]), '', 'when each table has had its batch');

ok(is_gone($one, 'first', 'Fails', 'good'), 'in the next turn what is behind items that cannot be deleted expires');
tried_rarely('which have been tried one by one');
ok(works($one, 'dynamo ttl', 'second'), 'another worker has its turn');
put($one, 'first', 'Fails', expired('later', 1700000002));
ok(is_gone($one, 'first', 'Fails', 'later'), 'in the one after that, too');
tried_rarely('without trying them again');
$holder->quit;
$one->stop;

# ---- what has come of the others meanwhile ----

ok(is_asked($streams, 'dynamo streams', 'first'), 'the worker of the stream is to make room');
$blocker->query_safe('COMMIT');
ok(works($streams, 'dynamo streams', 'second'), 'it does');
is($streams->safe_psql('first', q{SELECT count(*) FROM dynamo.read_stream('Tab')}), 1, 'when it has stored a record behind all that it has read');
$old->query_safe('COMMIT');
ok($streams->poll_query_until('second', q{SELECT status = 'ENABLED' FROM dynamo.streams}), 'and the other stream begins');
$_->quit for $blocker, $old;
$streams->stop;

ok(is_asked($two, 'dynamo ttl', 'stuck'), 'the longest turn is to end');
ok(is_asked($two, 'dynamo ttl', 'idle'), 'the other one, as that does not');
ok(is_gone($two, 'waiting', 'Tab', 'a'), 'who waits gets its place');
ok(works($two, 'dynamo ttl', 'stuck', q{wait_event = 'advisory'}), 'while the one that was asked first is still there');
$brake->query_safe('SELECT pg_advisory_unlock(42)');
ok(is_gone($two, 'stuck', 'Tab', 'a'), 'which goes on when it can');
$brake->quit;
$two->stop;
done_testing();
