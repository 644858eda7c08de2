# What a stream says when changes are lost to it, when records are too old, and on a
# standby; and that its worker and its slot are in nobody's way.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ServerProcesses;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', q{
	dynamo.stream_shards = 1
	dynamo.discovery_interval = 1
	max_replication_slots = 20
	wal_keep_size = 0
	min_wal_size = 32MB
	max_wal_size = 32MB
	shared_buffers = 16MB
	autovacuum = off});
$node->start;
sub sql { return $node->safe_psql('postgres', @_) }
sub until_true { return $node->poll_query_until('postgres', $_[0]) }
sub fails_with { my ($query, $message, $name) = @_; my ($status, $out, $error) = $node->psql('postgres', $query); like($error, $message, $name); return }

sql(<<'SQL');
CREATE EXTENSION dynamo;
CREATE FUNCTION new_table(name text) RETURNS void LANGUAGE sql AS $$
    SELECT dynamo.call('CreateTable', json_build_object('TableName', name, 'BillingMode', 'PAY_PER_REQUEST',
        'AttributeDefinitions', '[{"AttributeName": "pk", "AttributeType": "S"}]'::json, 'KeySchema', '[{"AttributeName": "pk", "KeyType": "HASH"}]'::json,
        'StreamSpecification', '{"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"}'::json)) $$;
CREATE FUNCTION put(name text, key text) RETURNS void LANGUAGE sql AS $$ SELECT dynamo.put_item(name, format('{"pk": {"S": "%s"}}', key)::dynamo.item) $$;
CREATE FUNCTION describe(name text) RETURNS json LANGUAGE sql AS $$
    SELECT dynamo.call('DescribeStream', json_build_object('StreamArn', max(arn)))->'StreamDescription' FROM dynamo.streams WHERE table_name = name $$;
CREATE FUNCTION iterator(name text, shard int, type text, number text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT dynamo.call('GetShardIterator', json_strip_nulls(json_build_object('StreamArn', d->>'StreamArn', 'ShardIteratorType', type, 'SequenceNumber', number,
        'ShardId', d#>>ARRAY['Shards', shard::text, 'ShardId'])))->>'ShardIterator' FROM describe(name) d $$;
CREATE FUNCTION records(iterator text) RETURNS json LANGUAGE sql AS $$ SELECT dynamo.call('GetRecords', json_build_object('ShardIterator', iterator)) $$;
CREATE FUNCTION keys(name text, shard int) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(r#>>'{dynamodb,Keys,pk,S}', ' ') FROM json_array_elements(records(iterator(name, shard, 'TRIM_HORIZON'))->'Records') r $$;
SELECT new_table('Tab');
SQL
sub enabled { return until_true("SELECT status = 'ENABLED' FROM dynamo.streams WHERE table_name = '$_[0]' ORDER BY created DESC LIMIT 1") }
sub stored { my ($key) = @_; return until_true("SELECT EXISTS (SELECT FROM dynamo.stream_records WHERE keys->>'pk' = '$key')") }
sub worker { return sql(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'dynamo streams' AND datname = 'postgres'}) }

# The worker ends, and is not started again until it may.
sub stop_worker
{
	sql(q{ALTER SYSTEM SET dynamo.databases = 'nothing'});
	sql('SELECT pg_reload_conf()');
	return until_true(q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'dynamo streams')});
}
sub start_worker
{
	sql('ALTER SYSTEM RESET dynamo.databases');
	sql('SELECT pg_reload_conf()');
	return until_true(q{SELECT pid IS NOT NULL AND decoded IS NOT NULL FROM dynamo.stat_streams});
}

ok(enabled('Tab'), 'the stream is enabled');
sql(q{SELECT put('Tab', 'one')});
ok(stored('one'), 'a record is stored');
is(sql(q{SELECT gap IS NULL FROM dynamo.streams}), 't', 'no gap yet');

# ---- the worker stops and starts: nothing is lost ----

ok(stop_worker(), 'the worker stops where its database is not looked after');
fails_with(q{SELECT new_table('Refused')}, qr/needs a background worker for this database/, 'no stream without a worker');
sql(q{SELECT put('Tab', 'two')});
ok(start_worker(), 'it starts again');
ok(stored('two'), 'what was written meanwhile is in the stream');
is(sql('SELECT count(*), bool_or(gap) FROM dynamo.stream_epochs'), '1|f', 'in the same epoch');

# ---- a slot that is dropped ----

ok(stop_worker(), 'the worker stops');
sql(q{SELECT put('Tab', 'lost')});
sql(q{SELECT pg_drop_replication_slot(slot) FROM dynamo.stream_progress});
ok(start_worker(), 'it makes another slot');
sql(q{SELECT put('Tab', 'three')});
ok(stored('three'), 'and goes on');
is(sql(q{SELECT gap IS NOT NULL FROM dynamo.streams}), 't', 'the view says that there is a gap');
is(sql(q{SELECT gap_reason FROM dynamo.stat_streams}), 'the replication slot was lost', 'and why');
like(slurp_file($node->logfile), qr/streams of this database have a gap: the replication slot was lost/, 'so does the log');
is(sql(q{SELECT string_agg(coalesce(s->>'ParentShardId', 'none') || ' ' || (s->'SequenceNumberRange'->>'EndingSequenceNumber' IS NOT NULL), ', ') FROM json_array_elements(describe('Tab')->'Shards') s}),
	'none true, none false', 'the shard before the gap is closed, the one behind it has no parent');
is(sql(q{SELECT keys('Tab', 0), keys('Tab', 1)}), 'one two|three', 'both can be read');
fails_with(q{SELECT records(records(iterator('Tab', 0, 'TRIM_HORIZON'))->>'NextShardIterator')}, qr/read past the oldest stream record/, 'whoever reads on into the gap is told');
my $last = sql(q{SELECT max(sequence_number) FROM dynamo.read_stream('Tab')});
is(sql(q{SELECT string_agg(keys->>'pk', ' ') FROM dynamo.read_stream('Tab')}), 'one two', 'read_stream stops at the gap');
fails_with("SELECT * FROM dynamo.read_stream('Tab', '$last')", qr/read past the oldest stream record/, 'and tells of it');
is(sql(q{SELECT max(sequence_number) > (SELECT max(sequence_number) FROM dynamo.read_stream('Tab')) FROM (SELECT r#>>'{dynamodb,SequenceNumber}' AS sequence_number
	FROM json_array_elements(records(iterator('Tab', 1, 'TRIM_HORIZON'))->'Records') r) s}), 't', 'sequence numbers grow over the gap');

# ---- a slot that is invalidated ----

ok(stop_worker(), 'the worker stops');
sql('ALTER SYSTEM SET max_slot_wal_keep_size = 1');
sql('SELECT pg_reload_conf()');
for (1 .. 3) { sql(q{SELECT pg_switch_wal() FROM (SELECT pg_logical_emit_message(false, '', 'x')) x}) }
sql('CHECKPOINT');
is(sql(q{SELECT wal_status FROM dynamo.stat_streams}), 'lost', 'the slot is lost');
sql('ALTER SYSTEM RESET max_slot_wal_keep_size');
ok(start_worker(), 'the worker starts');
ok(until_true(q{SELECT count(*) = 3 FROM dynamo.stream_epochs}), 'a new epoch');
sql(q{SELECT put('Tab', 'four')});
ok(stored('four'), 'the stream goes on');
is(sql(q{SELECT wal_status FROM dynamo.stat_streams}), 'reserved', 'with a new slot');

# ---- dynamo.stream_max_lag ----

sql('ALTER SYSTEM SET dynamo.stream_max_lag = 20');
sql('SELECT pg_reload_conf()');
my $open = $node->background_psql('postgres', on_error_stop => 0);
$open->query_safe(q{BEGIN; SELECT put('Tab', 'open')});
sql(q{SELECT pg_switch_wal() FROM (SELECT pg_logical_emit_message(false, '', 'x')) x}) for 1 .. 3;
ok($node->poll_query_until('postgres', q{SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE wal_status = 'lost') AND count(*) = 1 FROM pg_replication_slots WHERE slot_name <> (SELECT slot FROM dynamo.stream_progress)}),
	'a slot that holds back too much is given up') or diag(sql('SELECT * FROM pg_replication_slots'));
$open->query_safe('COMMIT');
$open->quit;
sql('ALTER SYSTEM RESET dynamo.stream_max_lag');
sql('SELECT pg_reload_conf()');
ok(until_true(q{SELECT count(*) = 4 FROM dynamo.stream_epochs}), 'there is another once the writer has ended');
ok(start_worker(), 'and a worker');
sql(q{SELECT put('Tab', 'five')});
ok(stored('five'), 'the stream goes on');

# ---- log of others ----

# Records do not wait for the end of the log that is there, which may grow as fast as it is read.
sub put_in_log_of_others
{
	my ($name) = @_;
	for my $i (1 .. 3)
	{
		sql("SELECT put('Tab', '$name $i')");
		sql(q{SELECT pg_logical_emit_message(false, 'test', repeat('x', 1000000)) FROM generate_series(1, 5)});
	}
	return;
}
ok(stop_worker(), 'the worker stops');
put_in_log_of_others('far');
ok(start_worker(), 'it starts behind much log of others');
ok(stored('far 3'), 'all records are stored');
cmp_ok(sql('SELECT batches FROM dynamo.stat_streams'), '>=', 2, 'not all of them together');

# dynamo.stream_max_lag holds while there is much to decode.
ok(stop_worker(), 'the worker stops');
put_in_log_of_others('too far');
sql('ALTER SYSTEM SET dynamo.stream_max_lag = 1');
my $log_position = -s $node->logfile;
sql('ALTER SYSTEM RESET dynamo.databases');
sql('SELECT pg_reload_conf()');
$node->wait_for_log(qr/more than dynamo.stream_max_lag/, $log_position);
sql('ALTER SYSTEM RESET dynamo.stream_max_lag');
sql('SELECT pg_reload_conf()');
ok(until_true(q{SELECT max(started) FILTER (WHERE gap) = max(started) FROM dynamo.stream_epochs}), 'a slot that holds back too much is given up');
ok(start_worker(), 'the worker goes on');
is(sql(q{SELECT count(*) FROM dynamo.stream_records WHERE keys->>'pk' = 'too far 3'}), 0, 'before all is decoded');

# ---- TRUNCATE in spite of the stream ----

sql(q{SELECT new_table('Else')});
ok(enabled('Else'), 'another table has a stream');
sql(q{SELECT put('Else', 'else')});
ok(stored('else'), 'and a record');
my $epochs = sql('SELECT count(*) FROM dynamo.stream_epochs');
my $newest = sql(q{SELECT json_array_length(describe('Tab')->'Shards') - 1});
my %gap = map { $_ => sql("SELECT gap FROM dynamo.streams WHERE table_name = '$_'") } qw(Tab Else);
my %place = map { $_ => sql(qq{SELECT max(sequence_number) FROM dynamo.read_stream('$_')}) } qw(Tab Else);
my $polled = sql(qq{SELECT records(iterator('Tab', $newest, 'LATEST'))->>'NextShardIterator'});
sql(q{SELECT put('Tab', 'unread')});
sql(q{BEGIN; ALTER TABLE dynamodb."Tab" DISABLE TRIGGER dynamo_stream; SELECT put('Tab', 'before'); TRUNCATE dynamodb."Tab"; SELECT put('Tab', 'after'); ALTER TABLE dynamodb."Tab" ENABLE ALWAYS TRIGGER dynamo_stream; COMMIT});
ok(stored('after'), 'the stream goes on');
fails_with(qq{SELECT records('$polled')}, qr/read past the oldest stream record/, 'who has read up to a moment before is told that the table was truncated');
fails_with(qq{SELECT dynamo.read_stream('Tab', '$place{Tab}')}, qr/read past the oldest stream record/, 'and who goes on by a sequence number');
is(sql(qq{SELECT keys('Tab', $newest)}), 'after', 'what is left is from later in its transaction');
is(sql(q{SELECT string_agg(keys->>'pk', ' ') FROM dynamo.read_stream('Tab')}), 'after', 'of all shards too');
is(sql(qq{SELECT count(*) FROM dynamo.read_stream('Else', '$place{Else}')}), '0', 'the stream of another table has no gap');
is(sql('SELECT count(*) FROM dynamo.stream_epochs'), $epochs, 'since there is no new epoch');
is(sql(q{SELECT gap_reason FROM dynamo.streams WHERE table_name = 'Tab'}), 'the table was truncated', 'the view has the gap of that stream');
is(sql("SELECT gap > '$gap{Tab}' FROM dynamo.streams WHERE table_name = 'Tab'"), 't', 'which is a new one');
is(sql("SELECT gap IS NULL AND '$gap{Else}' = '' FROM dynamo.streams WHERE table_name = 'Else'"), 't', 'and none of the other');
is(sql('SELECT gap_reason FROM dynamo.stat_streams'), 'table "Tab" was truncated', 'the view of the worker has the latest');
sql(q{BEGIN; ALTER TABLE dynamodb."Tab" DISABLE TRIGGER dynamo_stream; TRUNCATE dynamodb."Tab"; ALTER TABLE dynamodb."Tab" ENABLE ALWAYS TRIGGER dynamo_stream; COMMIT});
ok(until_true(q{SELECT NOT EXISTS (SELECT FROM dynamo.read_stream('Tab'))}), 'nothing is left after a truncation without any record');
sql(q{SELECT dynamo.delete_table('Else')});

# ---- a slot that somebody else moves ----

$epochs = sql('SELECT count(*) FROM dynamo.stream_epochs');
sql(q{SELECT pg_logical_emit_message(false, 'test', repeat('x', 1000000)) FROM generate_series(1, 3)});
my $idle = sql('SELECT pg_current_wal_insert_lsn()');
sql(q{SELECT pg_logical_emit_message(true, 'test', repeat('x', 1000000)) FROM generate_series(1, 3)});
ok(until_true(qq{SELECT confirmed_flush_lsn > '$idle' FROM pg_replication_slots}), 'the slot gives back log without records');
ok(stop_worker(), 'the worker stops');
is(sql('SELECT lsn >= confirmed_flush_lsn FROM dynamo.stream_progress, pg_replication_slots'), 't', 'what it has told the slot is written down');
ok(start_worker(), 'it starts');
is(sql('SELECT count(*) FROM dynamo.stream_epochs'), $epochs, 'in the same epoch');
my $moves = 0;
for my $move (q{SELECT pg_replication_slot_advance(slot, pg_current_wal_lsn()) FROM dynamo.stream_progress}, q{SELECT count(*) FROM dynamo.stream_progress, pg_logical_slot_get_changes(slot, NULL, NULL)})
{
	$moves++;
	ok(stop_worker(), 'the worker stops');
	sql("SELECT put('Tab', 'moved over $moves')");
	sql(q{DO $$ BEGIN PERFORM set_config(name, setting || ', dynamo', false) FROM pg_settings WHERE name = 'output_plugin_libraries'; END $$; } . $move);
	sql("SELECT put('Tab', 'kept $moves')");
	ok(start_worker(), 'it starts');
	ok(stored("kept $moves"), 'what was written behind that is in the stream');
	is(sql(qq{SELECT count(*) - $epochs, bool_and(gap) FILTER (WHERE reason = 'the replication slot was advanced by somebody else') FROM dynamo.stream_epochs}), "$moves|t", 'and there is a gap before it');
	is(sql(q{SELECT count(*) FROM dynamo.stream_records WHERE keys->>'pk' LIKE 'moved over%'}), 0, 'since something is not in it');
}

# ---- an epoch that is not there ----

sql('DELETE FROM dynamo.stream_epochs');
sql(q{SELECT new_table('Other')});
ok(enabled('Other'), 'the worker makes another');
is(sql(q{SELECT count(*), min(reason) FROM dynamo.stream_epochs}), '1|dynamo.stream_epochs was empty', 'and says why');
unlike(slurp_file($node->logfile), qr/terminated by signal 11/, 'without a crash');
sql(q{SELECT put('Tab', 'new epoch')});
ok(stored('new epoch'), 'streams go on');
sql(q{SELECT dynamo.call('DeleteTable', '{"TableName": "Other"}')});

# ---- a partition that is emptied while somebody is about to read it ----

my ($oldest, $at) = split /\n/, sql(q{SELECT i FROM records(iterator('Tab', 0, 'TRIM_HORIZON')) r, unnest(ARRAY[iterator('Tab', 0, 'TRIM_HORIZON'), iterator('Tab', 0, 'AT_SEQUENCE_NUMBER', r#>>'{Records,0,dynamodb,SequenceNumber}')]) i});
my $partition = sql(q{SELECT format('dynamo.stream_records_%s', lpad(number::text, 2, '0')) FROM dynamo.stream_partitions});
my $emptier = $node->background_psql('postgres');
$emptier->query_safe("BEGIN; LOCK TABLE $partition IN ACCESS EXCLUSIVE MODE");
my @readers;
for my $iterator ($oldest, $at)
{
	my $reader = $node->background_psql('postgres', on_error_stop => 0);
	$reader->query_until(qr/begun/, "\\echo begun\nSELECT 'read ' || json_array_length(records('$iterator')->'Records');\n");
	push @readers, $reader;
}
ok(until_true(q{SELECT count(*) = 2 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%records(%'}), 'readers wait');
$emptier->query_safe(qq{UPDATE dynamo.stream_catalog SET trimmed = (SELECT ARRAY[10000000 + epoch || lpad((lsn - '0/0')::text, 20, '0') || lpad(n::text, 10, '0')] FROM $partition WHERE stream = id ORDER BY epoch DESC, lsn DESC, n DESC LIMIT 1);
	TRUNCATE $partition; DELETE FROM dynamo.stream_partitions; COMMIT});
$emptier->quit;
like($readers[0]->query('SELECT 1'), qr/read 0/, 'TRIM_HORIZON is what is left');
$readers[1]->query('SELECT 1');
like($readers[1]->{stderr}, qr/read past the oldest stream record/, 'who misses a record is told');
$_->quit for @readers;
sql(q{SELECT put('Tab', 'next')});
ok(stored('next'), 'the stream goes on');
sql(q{SELECT put('Tab', 'last')});
ok(stored('last'), 'and on');

# ---- retention ----

# Two shards: all records of the first are older than those of the other.
sql(q{SET dynamo.stream_shards = 2; SELECT new_table('Two')});
ok(enabled('Two'), 'a stream of two shards');
sql(q{SELECT put('Two', i::text) FROM generate_series(1, 20) i});
ok(stored('20'), 'with records');
my ($quiet, $busy) = map { [ split /\|/ ] } split /\n/,
	sql(q{SELECT substr(shard_id, 26, 3)::int, max(sequence_number), min(sequence_number) FROM dynamo.read_stream('Two') GROUP BY shard_id ORDER BY 2});
ok($quiet->[1] lt $busy->[1], 'one of them had its last record before the other');
my ($next, $latest) = split /\n/, sql(q{SELECT sequence_number FROM dynamo.read_stream('Tab') WHERE keys->>'pk' IN ('next', 'last') ORDER BY 1});
my $old = sql(q{SELECT r#>>'{dynamodb,SequenceNumber}' FROM json_array_elements(records(iterator('Tab', 0, 'TRIM_HORIZON'))->'Records') r LIMIT 1});
my $kept = sql(q{SELECT records(iterator('Tab', 0, 'TRIM_HORIZON'))->>'NextShardIterator'});
my $early = sql("SELECT iterator('Tab', 0, 'AT_SEQUENCE_NUMBER', '$old')");
sql('ALTER SYSTEM SET dynamo.stream_retention = 1');
sql('SELECT pg_reload_conf()');
ok(until_true('SELECT count(*) = 0 FROM dynamo.stream_records'), 'old records go without any new ones');
is(sql('SELECT count(*) FROM dynamo.stream_partitions'), 0, 'all partitions are empty');
is(sql(q{SELECT json_array_length(records(iterator('Tab', json_array_length(describe('Tab')->'Shards') - 1, 'TRIM_HORIZON'))->'Records')}), 0, 'TRIM_HORIZON is what is left');
fails_with("SELECT records('$early')", qr/read past the oldest stream record/, 'an iterator at what is gone');
is(sql("SELECT json_array_length(records('$kept')->'Records')"), 0, 'an iterator behind it is good');
fails_with("SELECT * FROM dynamo.read_stream('Tab', '$next')", qr/read past the oldest stream record/, 'who has not seen the last record is told');
is(sql("SELECT count(*) FROM dynamo.read_stream('Tab', '$latest')"), 0, 'who has seen it has missed nothing, as long ago as it was');
is(sql("SELECT json_array_length(records(iterator('Tab', 0, 'AFTER_SEQUENCE_NUMBER', '$latest'))->'Records')"), 0, 'by GetRecords neither');
is(sql("SELECT json_array_length(records(iterator('Two', $quiet->[0], 'AFTER_SEQUENCE_NUMBER', '$quiet->[1]'))->'Records')"), 0, 'who has seen the last record of a shard may go on there, whatever the others have lost');
fails_with("SELECT iterator('Two', $quiet->[0], 'AT_SEQUENCE_NUMBER', '$quiet->[1]')", qr/read past the oldest stream record/, 'but not at that record');
fails_with("SELECT iterator('Two', $busy->[0], 'AFTER_SEQUENCE_NUMBER', '$busy->[2]')", qr/read past the oldest stream record/, 'nor behind one that was not the last');
is(sql("SELECT count(*) FROM dynamo.read_stream('Two', '$busy->[1]')"), 0, 'who has seen the last of all shards may go on with all');
fails_with("SELECT * FROM dynamo.read_stream('Two', '$quiet->[1]')", qr/read past the oldest stream record/, 'who has seen the last of one only is told');
sql(q{SELECT dynamo.call('DeleteTable', '{"TableName": "Two"}')});
sql('ALTER SYSTEM RESET dynamo.stream_retention');
sql('SELECT pg_reload_conf()');
sql(q{SELECT put('Tab', 'six')});
ok(stored('six'), 'new records come');
is(sql("SELECT records('$kept')#>>'{Records,0,dynamodb,Keys,pk,S}'"), 'six', 'and are found by the old iterator');
is(sql("SELECT string_agg(keys->>'pk', ' ') FROM dynamo.read_stream('Tab', '$latest')"), 'six', 'and by who has seen the last');

# ---- a crash soon after a worker has begun to go on where another has ended ----

# That one stores "stored", which nobody flushes (no buffer has to make room either), and ends
# before it tells its slot; the next one tells it, and has to make sure that what it tells survives.
sql(q{ALTER SYSTEM SET bgwriter_lru_maxpages = 0});
sql('SELECT pg_reload_conf()');
sql(q{SELECT put('Tab', 'warm')});
ok(stored('warm'), 'the stream goes on');
ok(until_true(q{SELECT NOT EXISTS (SELECT FROM dynamo.streams WHERE status = 'DISABLING')}), 'the worker has nothing else to write');
sql('CHECKPOINT');
my $epochs_before = sql('SELECT count(*) FROM dynamo.stream_epochs');
my $walwriter = sql(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'});
kill 'STOP', $walwriter;
sql(<<'SQL');
CREATE PROCEDURE end_worker_behind_record() LANGUAGE plpgsql AS $$
DECLARE
    place pg_lsn = pg_current_wal_insert_lsn();
BEGIN
    PERFORM put('Tab', 'told');
    COMMIT;
    -- (this happens a few times in a second)
    FOR i IN 1 .. 10000 LOOP
        EXIT WHEN (SELECT min(confirmed_flush_lsn) > place FROM pg_replication_slots);
        PERFORM pg_sleep(0.005);
    END LOOP;
    CHECKPOINT;
    PERFORM put('Tab', 'stored');
    COMMIT;
    FOR i IN 1 .. 10000 LOOP
        EXIT WHEN EXISTS (SELECT FROM dynamo.stream_records WHERE keys->>'pk' = 'stored');
        PERFORM pg_sleep(0.005);
    END LOOP;
    PERFORM pg_terminate_backend(pid) FROM dynamo.stat_streams;
END $$;
SQL
my $first_worker = worker();
sql('CALL end_worker_behind_record()');
ok(until_true(qq{SELECT pid <> $first_worker AND confirmed >= lsn FROM dynamo.stat_streams, dynamo.stream_progress}), 'another worker tells the slot how far the stream is');
kill_server($node);
$node->start;
ok(until_true(q{SELECT pid IS NOT NULL AND decoded IS NOT NULL FROM dynamo.stat_streams}), 'a worker goes on after a crash');
is(sql('SELECT count(*) FROM dynamo.stream_epochs'), $epochs_before, 'in the same epoch');
sql(q{SELECT put('Tab', 'behind')});
ok(stored('behind'), 'the stream goes on');
is(sql(q{SELECT count(*) FROM dynamo.stream_records WHERE keys->>'pk' = 'stored'}), 1, 'with the record, once');
sql('DROP PROCEDURE end_worker_behind_record');

# ---- an extension that goes while the worker makes its slot ----

# (nobody looks whether there are streams: the worker would come again)
sql('ALTER SYSTEM SET dynamo.discovery_interval = 3600');
sql('SELECT pg_reload_conf()');
sql('CREATE ROLE owner SUPERUSER');
sql('CREATE DATABASE owned');
$node->safe_psql('owned', 'SET ROLE owner; CREATE EXTENSION dynamo');
my $holder = $node->background_psql('postgres');
$holder->query_safe('BEGIN; SELECT pg_current_xact_id()');
$node->safe_psql('owned', q{SELECT dynamo.call('CreateTable', '{"TableName": "Tab", "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"}}')});
my $creating = q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = 'owned' AND query = 'creating a replication slot')};
ok(until_true(qq{$creating AND EXISTS (SELECT FROM pg_replication_slots WHERE database = 'owned')}), 'a worker makes its slot');
my $ended = sql(q{SELECT pid FROM pg_stat_activity WHERE query = 'creating a replication slot'});
sql("SELECT pg_terminate_backend($ended)");
ok(until_true(qq{$creating AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $ended) AND EXISTS (SELECT FROM pg_replication_slots WHERE database = 'owned')}), 'another one, if that is ended');
$node->safe_psql('owned', 'DROP OWNED BY owner CASCADE');
is(sql($creating), 't', 'still when the extension is gone');
$holder->query_safe('COMMIT');
$holder->quit;
ok(until_true(q{SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = 'owned' AND backend_type = 'dynamo streams')}), 'it ends');
is(sql(q{SELECT count(*) FROM pg_replication_slots WHERE database = 'owned'}), 0, 'and leaves no slot behind');
sql('DROP DATABASE owned');
sql('ALTER SYSTEM RESET dynamo.discovery_interval');
sql('SELECT pg_reload_conf()');

# ---- a dump, and a database that is copied ----

my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-d', $node->connstr('postgres'), '-f', $dump ], 'dump');
unlike(slurp_file($dump), qr/stream_records|stream_catalog|stream_progress/, 'records and progress are not dumped');
sql('CREATE DATABASE restored');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', $dump ], 'restore');
ok($node->poll_query_until('restored', q{SELECT status = 'ENABLED' FROM dynamo.streams}), 'a restored table has its stream');
$node->safe_psql('restored', q{SELECT put('Tab', 'restored')});
ok($node->poll_query_until('restored', q{SELECT count(*) = 1 FROM dynamo.read_stream('Tab')}), 'with new records alone');
is($node->safe_psql('restored', q{SELECT table_name, schema, gap IS NULL FROM dynamo.streams}), 'Tab|dynamodb|t', 'it is entered anew');

sql('CREATE DATABASE copied TEMPLATE restored');
ok($node->poll_query_until('copied', q{SELECT gap IS NOT NULL FROM dynamo.streams}), 'a copied database has a gap');
sql('DROP DATABASE copied');
sql('DROP DATABASE restored WITH (FORCE)');
is(sql(q{SELECT count(*) FROM pg_replication_slots}), 1, 'databases are dropped with their slots');

# ---- a standby ----

$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
sql(q{SELECT put('Tab', 'seven')});
ok(stored('seven'), 'a record on the primary');
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('postgres', q{SELECT keys->>'pk' FROM dynamo.read_stream('Tab') ORDER BY sequence_number DESC LIMIT 1}), 'seven', 'is read on the standby');
is($standby->safe_psql('postgres', q{SELECT json_array_length(records(iterator('Tab', json_array_length(describe('Tab')->'Shards') - 1, 'LATEST'))->'Records')}), 0, 'LATEST too');
my $number = $standby->safe_psql('postgres', q{SELECT max(sequence_number) FROM dynamo.read_stream('Tab')});
$node->stop('immediate');
$standby->promote;
ok($standby->poll_query_until('postgres', q{SELECT gap_reason = 'the replication slot was lost' AND decoded IS NOT NULL FROM dynamo.stat_streams}), 'a promoted standby has a gap');
$standby->safe_psql('postgres', q{SELECT put('Tab', 'eight')});
ok($standby->poll_query_until('postgres', q{SELECT EXISTS (SELECT FROM dynamo.stream_records WHERE keys->>'pk' = 'eight')}), 'and its stream goes on');
is($standby->safe_psql('postgres', qq{SELECT min(epoch) FILTER (WHERE keys->>'pk' = 'eight') > max(epoch) FILTER (WHERE keys->>'pk' <> 'eight') FROM dynamo.stream_records}), 't', 'in a later epoch');

# ---- a primary that becomes a standby ----

$standby->stop;
$standby->set_standby_mode;
$standby->start;
ok($standby->poll_query_until('postgres', 'SELECT pg_is_in_recovery() AND count(*) = 0 FROM pg_replication_slots'), 'a standby keeps no slot of its time as a primary');
$standby->promote;
ok($standby->poll_query_until('postgres', q{SELECT decoded IS NOT NULL FROM dynamo.stat_streams}), 'and has one when it is promoted');

# ---- DROP EXTENSION ----

$standby->safe_psql('postgres', q{DROP EXTENSION dynamo CASCADE; CREATE EXTENSION dynamo});
ok($standby->poll_query_until('postgres', 'SELECT count(*) = 0 FROM pg_replication_slots'), 'dropping the extension drops the slot');

# ---- DROP EXTENSION where no worker comes ----

$standby->safe_psql('postgres', q{SELECT new_table('Left')});
ok($standby->poll_query_until('postgres', 'SELECT decoded IS NOT NULL AND pid IS NOT NULL FROM dynamo.stat_streams'), 'a slot');
$standby->append_conf('postgresql.conf', q{dynamo.databases = ''});
$standby->restart;
$standby->safe_psql('postgres', q{DROP EXTENSION dynamo CASCADE});
is($standby->safe_psql('postgres', 'SELECT count(*) FROM pg_replication_slots'), 1, 'is not dropped with the extension');
$standby->append_conf('postgresql.conf', q{dynamo.databases = '*'});
$standby->reload;
ok($standby->poll_query_until('postgres', 'SELECT count(*) = 0 FROM pg_replication_slots'), 'but when workers may come again');
$standby->safe_psql('postgres', q{CREATE EXTENSION dynamo});

# ---- the last stream ends ----

$standby->safe_psql('postgres', q{SELECT new_table('Last')});
ok($standby->poll_query_until('postgres', q{SELECT decoded IS NOT NULL AND lag_bytes >= 0 AND retained_bytes >= 0 FROM dynamo.stat_streams}), 'a stream has a lag');
$standby->safe_psql('postgres', q{SELECT dynamo.delete_table('Last')});
ok($standby->poll_query_until('postgres', q{SELECT streams = 0 AND pid IS NULL AND retained_bytes IS NULL FROM dynamo.stat_streams}), 'none has no slot');
is($standby->safe_psql('postgres', 'SELECT lag_bytes IS NULL FROM dynamo.stat_streams'), 't', 'and no lag');

# ---- without wal_level = logical ----

$standby->append_conf('postgresql.conf', 'wal_level = replica');
$standby->restart;
my ($status, $out, $error) = $standby->psql('postgres', q{SELECT dynamo.call('CreateTable', '{"TableName": "Tab2", "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"}}')});
like($error, qr/A stream needs the server to run with wal_level = logical/, 'a stream is refused without wal_level = logical');
like($error, qr/HINT:  Set wal_level = logical/, 'with a hint');
is($standby->safe_psql('postgres', q{SELECT dynamo.create_table('Tab2', 'pk S') IS NOT NULL AND dynamo.put_item('Tab2', '{"pk": {"S": "x"}}') IS NULL}), 't', 'everything else works');
done_testing();
