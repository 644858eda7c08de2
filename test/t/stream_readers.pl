# What readers of a stream can rely on: a position that misses no change, the end of a
# shard, old snapshots; and what may not be done to a table while it has a stream.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', q{
	dynamo.stream_shards = 1
	max_prepared_transactions = 2
	autovacuum = off});
$node->start;
sub sql { return $node->safe_psql('postgres', @_) }
sub until_true { return $node->poll_query_until('postgres', $_[0]) }
sub fails_with { my ($query, $message, $name) = @_; my ($status, $out, $error) = $node->psql('postgres', $query); like($error, $message, $name); return }

sql(<<'SQL');
CREATE EXTENSION dynamo;
SELECT dynamo.call('CreateTable', '{"TableName": "Tab", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"}}');
CREATE FUNCTION put(key text) RETURNS void LANGUAGE sql AS $$ SELECT dynamo.put_item('Tab', format('{"pk": {"S": "%s"}}', key)::dynamo.item) $$;
CREATE FUNCTION keys(place text) RETURNS text LANGUAGE sql AS $$ SELECT coalesce(string_agg(keys->>'pk', ' ' ORDER BY sequence_number), '') FROM dynamo.read_stream('Tab', place) $$;
CREATE FUNCTION describe() RETURNS json LANGUAGE sql AS $$
    SELECT dynamo.call('DescribeStream', json_build_object('StreamArn', max(arn)))->'StreamDescription' FROM dynamo.streams WHERE table_name = 'Tab' $$;
CREATE FUNCTION iterator(type text) RETURNS text LANGUAGE sql AS $$
    SELECT dynamo.call('GetShardIterator', json_build_object('StreamArn', d->>'StreamArn', 'ShardIteratorType', type, 'ShardId', d#>>'{Shards,0,ShardId}'))->>'ShardIterator' FROM describe() d $$;
CREATE FUNCTION records(iterator text) RETURNS json LANGUAGE sql AS $$ SELECT dynamo.call('GetRecords', json_build_object('ShardIterator', iterator)) $$;
SQL
ok(until_true(q{SELECT status = 'ENABLED' FROM dynamo.streams}), 'the stream is enabled');

# ---- a position, and a copy of the table after it ----

# A commit that waits for a synchronous standby is in the log, and nobody sees it yet.
sql(q{ALTER SYSTEM SET synchronous_standby_names = 'nobody'});
sql('SELECT pg_reload_conf()');
my $writer = $node->background_psql('postgres', on_error_stop => 0);
$writer->query_until(qr/begun/, "\\echo begun\nSELECT put('late');\n");
ok(until_true(q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '%late%')}), 'a commit waits for its standby');
for my $query (q{SELECT 'position ' || dynamo.stream_position('Tab')}, q{SELECT 'position ' || iterator('LATEST')})
{
	my $reader = $node->background_psql('postgres', on_error_stop => 0);
	my $application = $query =~ /LATEST/ ? 'latest' : 'position';
	$reader->query_safe("SET application_name = '$application'");
	$reader->query_until(qr/begun/, "\\echo begun\n$query;\nSELECT 'copy ' || count(*) FROM dynamodb.\"Tab\" WHERE pk = 'late';\n");
	ok(until_true(qq{SELECT wait_event = 'transactionid' OR (state = 'idle' AND query LIKE '%copy%') FROM pg_stat_activity WHERE application_name = '$application'}), 'the position is asked for');
	is(sql(qq{SELECT wait_event FROM pg_stat_activity WHERE application_name = '$application'}), 'transactionid', "$application: it waits for that commit");
	push @{ $node->{readers} }, $reader;
}
sql('ALTER SYSTEM RESET synchronous_standby_names');
sql('SELECT pg_reload_conf()');
for my $reader (@{ $node->{readers} })
{
	like($reader->query_safe('SELECT 1'), qr/copy 1/, 'so that who takes it sees what is not behind it');
	$reader->quit;
}
$writer->quit;
fails_with(q{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT dynamo.stream_position('Tab')}, qr/cannot be taken under REPEATABLE READ/, 'no position for a snapshot that is older');

# ---- all shards, while they are written ----

sql(<<'SQL');
SELECT dynamo.call('CreateTable', '{"TableName": "Busy", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}');
SET dynamo.stream_shards = 16;
SELECT dynamo.call('UpdateTable', '{"TableName": "Busy", "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}}');
CREATE TABLE seen (id bigint GENERATED ALWAYS AS IDENTITY, sequence_number text, pk text);
CREATE PROCEDURE follow() LANGUAGE plpgsql AS $$
DECLARE
    r record;
    last text;
    ended boolean = false;
BEGIN
    WHILE NOT ended LOOP
        FOR r IN SELECT * FROM dynamo.read_stream('Busy', last) LOOP
            last = r.sequence_number;
            INSERT INTO seen (sequence_number, pk) VALUES (last, r.keys->>'pk');
            ended = r.keys->>'pk' = 'end';
        END LOOP;
        COMMIT;
    END LOOP;
END $$;
SQL
ok(until_true(q{SELECT bool_and(status = 'ENABLED') FROM dynamo.streams}), 'a stream of many shards is enabled');
my $follower = $node->background_psql('postgres', on_error_stop => 0);
$follower->query_until(qr/begun/, "\\echo begun\nCALL follow();\n");
sql(q{DO $$ BEGIN FOR i IN 1 .. 4000 LOOP PERFORM dynamo.put_item('Busy', format('{"pk": {"S": "%s"}}', i)::dynamo.item); COMMIT; END LOOP; END $$});
sql(q{SELECT dynamo.put_item('Busy', '{"pk": {"S": "end"}}')});
ok(until_true(q{SELECT EXISTS (SELECT FROM seen WHERE pk = 'end')}), 'who follows all shards comes to the end');
$follower->quit;
is(sql(q{SELECT count(*), count(DISTINCT pk), (SELECT count(*) FROM dynamo.stream_records JOIN dynamo.stream_catalog c ON stream = c.id WHERE table_name = 'Busy') FROM seen}), '4001|4001|4001', 'and has seen every record once');
is(sql(q{SELECT count(*) FROM (SELECT sequence_number > lag(sequence_number) OVER (ORDER BY id) AS later FROM seen) s WHERE NOT later}), 0, 'in order');
# A page of all shards does not take a page of each.
my $counter = $node->background_psql('postgres', on_error_stop => 0);
$counter->query_safe('SET stats_fetch_consistency = none');
sub entries_read
{
	$counter->query_safe('SELECT pg_stat_force_next_flush()');
	return $counter->query_safe(q{SELECT sum(pg_stat_get_tuples_returned(indexrelid)) FROM pg_index WHERE indrelid::regclass::text LIKE 'dynamo.stream\_records\_%'});
}
my $read = entries_read();
cmp_ok($counter->query_safe(q{SELECT count(*) FROM dynamo.read_stream('Busy', NULL, 100)}), '==', 100, 'some records are read');
cmp_ok(entries_read() - $read, '<', 800, 'without as many of each shard');
$counter->quit;

# Nor does GetRecords cost more, the more streams there are.
my $oldest = sql(q{SELECT iterator('TRIM_HORIZON')});
like(sql(qq{BEGIN; SELECT records('$oldest') IS NOT NULL; SELECT 'scans: ' || pg_stat_get_xact_numscans('dynamo.stream_catalog'::regclass); COMMIT}), qr/scans: 0/, 'GetRecords does not look through all streams');
sql(q{SELECT dynamo.put_item('Busy', format('{"pk": {"S": "hot"}, "n": {"N": "%s"}}', i)::dynamo.item) FROM generate_series(1, 500) i});
sql(q{SELECT dynamo.put_item('Busy', '{"pk": {"S": "behind hot"}}')});
ok(until_true(q{SELECT EXISTS (SELECT FROM dynamo.stream_records WHERE keys->>'pk' = 'behind hot')}), 'a key has many records');
my $end = sql('SELECT max(sequence_number) FROM seen');
is(sql(qq{SELECT string_agg(n || ' ' || d || ' ' || (places = ordered), ', ') FROM unnest(ARRAY[100, 400, 501, 1000]) l,
	LATERAL (SELECT count(*) AS n, count(DISTINCT sequence_number) AS d, array_agg(sequence_number) AS places, array_agg(sequence_number ORDER BY sequence_number) AS ordered
		FROM dynamo.read_stream('Busy', '$end', l)) r}), '100 100 true, 400 400 true, 501 501 true, 501 501 true', 'of a shard that has them all as many are read as are asked for');

# A table of another kind with such a trigger is looked at whenever the worker looks at its streams.
sql(q{CREATE TABLE odd (a int); CREATE TRIGGER dynamo_stream BEFORE TRUNCATE ON odd EXECUTE FUNCTION dynamo.guard_stream('label', 'KEYS_ONLY', '1', 'd')});
my ($odd, $begin, $segment) = split /\|/, sql(q{SELECT 'odd'::regclass::oid, l, pg_walfile_name(l) FROM pg_current_wal_insert_lsn() l});
sql(q{SELECT dynamo.call('DeleteTable', '{"TableName": "Busy"}')});
ok(until_true(q{SELECT status = 'DISABLED' FROM dynamo.streams WHERE table_name = 'Busy'}), 'its stream ends');
my ($waldump) = run_command([ 'pg_waldump', '-s', $begin, $node->data_dir . "/pg_wal/$segment" ]);
like($waldump, qr/COMMIT/, 'the log is read');
unlike($waldump, qr/relcache $odd\b/, 'that a table of another kind has such a trigger is not told to the log again and again');
sql('DROP TABLE odd');

# ---- a snapshot from before the end of a shard ----

my $old = $node->background_psql('postgres', on_error_stop => 0);
my $iterator = sql(q{SELECT iterator('TRIM_HORIZON')});
$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
$old->query_safe('SELECT 1');
sql(q{SELECT put('last')});
sql(q{SELECT dynamo.call('UpdateTable', '{"TableName": "Tab", "StreamSpecification": {"StreamEnabled": false}}')});
ok(until_true(q{SELECT status = 'DISABLED' FROM dynamo.streams WHERE table_name = 'Tab'}), 'the stream is disabled');
like($old->query_safe(qq{SELECT records('$iterator')#>>'{Records,1,dynamodb,Keys,pk,S}'}), qr/^last$/, 'whoever is told that a shard has ended has seen its last record');
$old->query_safe('COMMIT');
$old->quit;
is(sql(qq{SELECT records(records('$iterator')->>'NextShardIterator')->>'NextShardIterator' IS NULL}), 't', 'and it is the last');
sql(q{SELECT dynamo.call('UpdateTable', '{"TableName": "Tab", "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"}}')});
ok(until_true(q{SELECT bool_or(status = 'ENABLED') FROM dynamo.streams}), 'another stream');

# ---- the row of the worker's progress, of which an old snapshot keeps all versions ----

my $holder = $node->background_psql('postgres', on_error_stop => 0);
$holder->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
$holder->query_safe('SELECT 1');
for my $i (1 .. 300)
{
	last if sql(q{SELECT pg_relation_size('dynamo.stream_progress')}) > 3 * 8192;
	sql(q{DO $$ BEGIN FOR i IN 1 .. 100 LOOP PERFORM put(gen_random_uuid()::text); COMMIT; PERFORM pg_sleep(0.002); END LOOP; END $$});
}
cmp_ok(sql(q{SELECT pg_relation_size('dynamo.stream_progress')}), '>', 3 * 8192, 'the row has many versions');
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $place = sql(q{SELECT dynamo.stream_position('Tab')});
$session->query_safe('SET stats_fetch_consistency = none');
$session->query_safe("SELECT keys('$place')");
$session->query_safe('SELECT pg_stat_force_next_flush()');
my $blocks = q{SELECT pg_stat_get_blocks_fetched('dynamo.stream_progress'::regclass)};
my $before = $session->query_safe($blocks);
$session->query_safe("SELECT keys('$place')");
$session->query_safe('SELECT pg_stat_force_next_flush()');
# (the horizon and the state of the snapshot are two readings)
cmp_ok($session->query_safe($blocks) - $before, '<=', 4, 'readers look at the last of them');
$session->quit;
$holder->query_safe('COMMIT');
$holder->quit;

# ---- tables without a stream do not stay in the worker's memory ----

sql('DO $$ BEGIN FOR i IN 1 .. 1500 LOOP EXECUTE format($c$CREATE TABLE plain (a int); INSERT INTO plain VALUES (1)$c$); DROP TABLE plain; COMMIT; END LOOP; END $$');
sql(q{SELECT put('behind')});
ok(until_true(q{SELECT EXISTS (SELECT FROM dynamo.stream_records WHERE keys->>'pk' = 'behind')}), 'all is decoded');
my $log = -s $node->logfile;
sql(q{SELECT pg_log_backend_memory_contexts(pid) FROM dynamo.stat_streams});
$node->wait_for_log(qr/Grand total/, $log);
my $contexts = () = slurp_file($node->logfile, $log) =~ /dynamo stream source:/g;
cmp_ok($contexts, '<=', 5, 'the worker keeps what it knows of tables with a stream alone');

# ---- what would keep changes out of the log ----

fails_with(q{ALTER TABLE dynamodb."Tab" SET UNLOGGED}, qr/the stream of table "Tab" needs its changes in the write-ahead log/, 'a table with a stream cannot be unlogged');
fails_with(q{ALTER TABLE dynamodb."Tab" REPLICA IDENTITY NOTHING}, qr/needs its replica identity/, 'nor lose its replica identity');

# ---- names that PostgreSQL cannot take ----

my $long = 'abcdefghij' x 10;
sql(qq{SELECT dynamo.call('CreateTable', '{"TableName": "$long", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}}')});
is(sql(qq{SELECT arn = dynamo.call('ListStreams', '{"TableName": "$long"}')#>>'{Streams,0,StreamArn}' FROM dynamo.streams WHERE table_name = '$long'}), 't', 'the view has the ARN of the API');

# As out of a dump: the worker meets it by a record.
my $listener = $node->background_psql('postgres', on_error_stop => 0);
$listener->query_safe('LISTEN dynamo_stream');
my $relation = sql(qq{SELECT dynamo.create_table('${long}2', 'pk S')});
sql(qq{BEGIN; CREATE TRIGGER dynamo_stream BEFORE TRUNCATE ON $relation EXECUTE FUNCTION dynamo.guard_stream('restored', 'KEYS_ONLY', '1', 'd');
	SELECT dynamo.put_item('${long}2', '{"pk": {"S": "x"}}'); COMMIT});
ok(until_true(qq{SELECT EXISTS (SELECT FROM dynamo.read_stream('${long}2'))}), 'a stream that comes with its table');
like($listener->query_safe('SELECT 1'), qr{payload "[^"]*:table/${long}2/stream/restored"}, 'has its whole name at once');
$listener->quit;
sql(qq{SELECT dynamo.call('DeleteTable', '{"TableName": "$_"}')}) for $long, "${long}2";

# ---- a table that is given away ----

sql(q{CREATE ROLE before; CREATE ROLE after; ALTER TABLE dynamodb."Tab" OWNER TO before});
sql(q{GRANT USAGE ON SCHEMA dynamodb, dynamo TO before, after});
sql(q{DO $$ BEGIN EXECUTE format('ALTER TABLE dynamodb.%I OWNER TO after', 'Tab'); END $$; ALTER TABLE dynamodb."Tab" RENAME TO "New"});
ok(until_true(qq{SELECT bool_and(owner = 'after'::regrole AND table_name = 'New') FROM dynamo.stream_catalog WHERE table_name NOT IN ('$long', '${long}2', 'Busy')}), 'streams follow their table');
sql(q{DROP TABLE dynamodb."New"});
ok(until_true(q{SELECT bool_and(status = 'DISABLED') FROM dynamo.streams}), 'the table is gone');
fails_with(q{SET ROLE before; SELECT * FROM dynamo.read_stream('New')}, qr/permission denied for table New/, 'its stream is not for him who has given it away');
is(sql(q{SET ROLE after; SELECT count(*) > 0 FROM dynamo.read_stream('New')}), 't', 'but for its last owner');
$node->stop;
done_testing();
