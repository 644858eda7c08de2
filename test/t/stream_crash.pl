# Each change is in the stream once, in order, and nothing else is, however often
# the server and the decoding worker end: randomised writers in SQL and over HTTP,
# items that expire, kills, and a replay of the stream onto an empty map.
#
# DYNAMO_CRASH_ROUNDS: how often the server is killed (2); DYNAMO_STREAM_SECONDS: for
# how long it writes in all (10).
use strict;
use warnings;
use DynamoEndpoint;
use HTTP::Tiny;
use POSIX ();
use PostgreSQL::Test::Utils;
use ServerProcesses;
use Test::More;
use Time::HiRes qw(sleep time);

my $rounds  = $ENV{DYNAMO_CRASH_ROUNDS}   // 2;
my $seconds = $ENV{DYNAMO_STREAM_SECONDS} // ($rounds > 2 ? $rounds * 30 : 10);
my $clients      = 4;
my $http_clients = 2;

my $node = start_endpoint('main', q{
	restart_after_crash = off
	checkpoint_timeout = 30s
	max_wal_size = 64MB
	logical_decoding_work_mem = 64kB
	max_prepared_transactions = 5
	dynamo.stream_shards = 3});
sub sql { return $node->safe_psql('dynamo', @_) }

# Two tables, one of which is written by the executor (it has a constraint), and a
# function that does one random thing.  Keys are few, so that writers meet; some
# items have expired when they are written.
sql(<<'SQL');
SELECT dynamo.call('CreateTable', format('{"TableName": "%s", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"}}', t)::json)
FROM unnest(ARRAY['direct', 'executed']) t;
SELECT dynamo.update_time_to_live(t, 'expires') FROM unnest(ARRAY['direct', 'executed']) t;
GRANT ALL ON ALL TABLES IN SCHEMA dynamodb TO dynamo_endpoint;
ALTER TABLE dynamodb.executed ADD CHECK (pk <> '');

CREATE FUNCTION random_text() RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN random() < 0.1 THEN (SELECT string_agg(md5(random()::text || i), '') FROM generate_series(1, 400) i)
        WHEN random() < 0.2 THEN repeat('compressible ', (random() * 2000)::int) ELSE md5(random()::text) END $$;
CREATE FUNCTION random_key() RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('pk', 'p' || (random() * 20)::int, 'sk', (random() * 5)::int) $$;
CREATE FUNCTION random_item() RETURNS dynamo.item LANGUAGE sql AS $$
    SELECT (random_key() || jsonb_build_object('v', random_text())
        || CASE WHEN random() < 0.1 THEN jsonb_build_object('expires', extract(epoch FROM now())::bigint - 5) ELSE '{}' END)::dynamo.item $$;

CREATE FUNCTION do_something(t text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    key jsonb = random_key();
BEGIN
    CASE (random() * 11)::int
    WHEN 0, 1 THEN PERFORM dynamo.put_item(t, random_item());
    WHEN 2 THEN PERFORM dynamo.update_item(t, key::dynamo.item, 'SET v = :v', NULL, NULL, jsonb_build_object(':v', random_text())::dynamo.item);
    WHEN 3 THEN PERFORM dynamo.update_item(t, key::dynamo.item, 'ADD n :n', NULL, NULL, '{":n": {"N": "1"}}');
    WHEN 4 THEN PERFORM dynamo.delete_item(t, key::dynamo.item);
    WHEN 5 THEN EXECUTE format('INSERT INTO dynamodb.%I (item) SELECT random_item() FROM generate_series(1, 3) ON CONFLICT DO NOTHING', t);
    WHEN 6 THEN EXECUTE format('UPDATE dynamodb.%I SET item = (item::jsonb || jsonb_build_object(''u'', random()))::dynamo.item WHERE pk = $1', t) USING key->>'pk';
    WHEN 7 THEN EXECUTE format('UPDATE dynamodb.%I SET item = item WHERE pk = $1', t) USING key->>'pk';
    WHEN 8 THEN EXECUTE format('UPDATE dynamodb.%I SET item = (item::jsonb || jsonb_build_object(''sk'', sk + 10))::dynamo.item WHERE pk = $1 AND sk = $2', t)
        USING key->>'pk', (key->>'sk')::numeric;
    WHEN 9 THEN
        BEGIN
            PERFORM dynamo.put_item(t, random_item());
            PERFORM dynamo.put_item(t, random_item());
            RAISE 'undone';
        EXCEPTION WHEN raise_exception THEN
            PERFORM dynamo.put_item(t, random_item());
        END;
    WHEN 10 THEN
        PERFORM dynamo.call('TransactWriteItems', json_build_object('TransactItems', (SELECT json_agg(json_build_object('Put', json_build_object('TableName', t,
            'Item', format('{"pk": {"S": "%s"}, "sk": {"N": "%s"}}', key->>'pk', n)::json))) FROM generate_series(1, 5) n)));
    ELSE
        PERFORM dynamo.put_item(t, random_item()) FROM generate_series(1, 20);
        PERFORM dynamo.delete_item(t, random_key()::dynamo.item) FROM generate_series(1, 20);
    END CASE;
EXCEPTION WHEN deadlock_detected OR unique_violation THEN
    NULL;
END $$;
-- a transaction: some of that, which may come to nothing
CREATE PROCEDURE write_something() LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. (random() * 3)::int + 1 LOOP
        PERFORM do_something(CASE WHEN random() < 0.5 THEN 'direct' ELSE 'executed' END);
    END LOOP;
    IF random() < 0.1 THEN ROLLBACK; END IF;
END $$;

-- What a stream makes of an empty map.  A replay goes on where the one before has ended, and
-- complains of any record that does not follow from what was before.
CREATE TABLE replica (t text, pk text, sk numeric, item dynamo.item, PRIMARY KEY (t, pk, sk));
CREATE TABLE replayed (t text PRIMARY KEY, place text, records bigint DEFAULT 0, problems bigint DEFAULT 0, expired bigint DEFAULT 0);
CREATE PROCEDURE replay(t text) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    done replayed;
    r record;
    old dynamo.item;
    more boolean = true;
BEGIN
    INSERT INTO replayed VALUES (t) ON CONFLICT DO NOTHING;
    SELECT * INTO done FROM replayed p WHERE p.t = t;
    -- a page is a transaction: versions of a row that are too many cost time
    WHILE more LOOP
        more = false;
        FOR r IN SELECT * FROM dynamo.read_stream(t, done.place) LOOP
            more = true;
            done.records = done.records + 1;
            IF r.sequence_number <= done.place THEN done.problems = done.problems + 1; END IF;
            done.place = r.sequence_number;
            SELECT p.item INTO old FROM replica p WHERE p.t = t AND p.pk = r.keys->>'pk' AND p.sk = (r.keys->>'sk')::numeric;
            IF old IS DISTINCT FROM r.old_image OR (r.event_name = 'INSERT') <> (old IS NULL) OR (r.event_name = 'REMOVE') <> (r.new_image IS NULL)
                OR old = r.new_image THEN
                done.problems = done.problems + 1;
                RAISE WARNING 'record % (% %): was %, old image %', r.sequence_number, r.event_name, r.keys, left(old::text, 100), left(r.old_image::text, 100);
            END IF;
            IF r.expired THEN
                done.expired = done.expired + 1;
                IF r.event_name <> 'REMOVE' OR r.old_image->'expires' IS NULL THEN done.problems = done.problems + 1; END IF;
            END IF;
            IF r.new_image IS NULL THEN
                DELETE FROM replica p WHERE p.t = t AND p.pk = r.keys->>'pk' AND p.sk = (r.keys->>'sk')::numeric;
            ELSE
                INSERT INTO replica VALUES (t, r.keys->>'pk', (r.keys->>'sk')::numeric, r.new_image)
                ON CONFLICT ON CONSTRAINT replica_pkey DO UPDATE SET item = excluded.item;
            END IF;
        END LOOP;
        UPDATE replayed p SET place = done.place, records = done.records, problems = done.problems, expired = done.expired WHERE p.t = t;
        COMMIT;
    END LOOP;
END $$;
SQL
ok($node->poll_query_until('dynamo', q{SELECT bool_and(status = 'ENABLED') FROM dynamo.streams}), 'the streams are enabled');

open(my $script, '>', $node->basedir . '/write.sql') or die;
print $script "CALL write_something();\n";
close $script;

# Errors (of a server that is gone) end a client; the next round starts another.
sub start_sql_writers
{
	return IPC::Run::start([ 'pgbench', '-n', '-c', $clients, '-T', 3600, '--max-tries=1000', '-f', $node->basedir . '/write.sql',
		'-h', $node->host, '-p', $node->port, 'dynamo' ], '>', $node->basedir . '/pgbench.out', '2>', $node->basedir . '/pgbench.err');
}

# A process that writes over HTTP until the server is gone.
sub start_http_writer
{
	my $pid = fork // die "fork: $!";
	return $pid if $pid;
	srand;
	my $http = HTTP::Tiny->new(timeout => 60);
	my $errors = 0;
	for (;;)
	{
		my ($status, $body) = call($node, http_write(), $http);
		last if $status == 599;
		# (two transactions that meet are an answer, too)
		$errors++ if $status != 200 && $body->{__type} !~ /TransactionCanceledException|TransactionConflictException|TransactionInProgressException/;
		if ($errors) { print STDERR "$status ", $body->{__type}, ' ', $body->{message}, "\n"; last; }
	}
	POSIX::_exit($errors ? 1 : 0);
}

# One random request.
sub http_write
{
	my $table = rand() < 0.5 ? 'direct' : 'executed';
	my $key   = { pk => { S => 'p' . int rand 20 }, sk => { N => int(rand 5) . '' } };
	my $item  = { %$key, v => { S => 'v' x rand 3000 }, rand() < 0.1 ? (expires => { N => time - 5 . '' }) : () };
	my @many  = map { { %$item, sk => { N => 100 + $_ . '' } } } 1 .. 5;
	my @requests = (
		[ PutItem => { TableName => $table, Item => $item } ],
		[ DeleteItem => { TableName => $table, Key => $key } ],
		[ UpdateItem => { TableName => $table, Key => $key, UpdateExpression => 'ADD n :n', ExpressionAttributeValues => { ':n' => { N => '1' } } } ],
		[ BatchWriteItem => { RequestItems => { $table => [ map { { PutRequest => { Item => $_ } } } @many ] } } ],
		[ TransactWriteItems => { TransactItems => [ map { { Put => { TableName => $table, Item => $_ } } } @many ] } ]);
	return @{ $requests[ rand @requests ] };
}

sub end_worker
{
	return sql(q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'dynamo streams'});
}

# Kills the worker alone, whereupon the server ends by itself.
sub kill_worker
{
	my ($postmaster) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	my $query = q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'dynamo streams'};

	$node->poll_query_until('dynamo', "SELECT count(*) = 1 FROM ($query) w") or return 0;
	my $killed = kill 'KILL', sql($query);
	sleep 0.01 while kill 0, $postmaster;
	$node->{_pid} = undef;
	return $killed;
}

# Once all that is committed is stored.
sub wait_until_stored
{
	my $end = sql('SELECT pg_current_wal_insert_lsn()');
	sql('CHECKPOINT');    # (the log goes on behind it)
	return $node->poll_query_until('dynamo', "SELECT decoded >= '$end' AND pid IS NOT NULL FROM dynamo.stat_streams");
}

# Each table is what its stream says.
sub check_streams
{
	my ($when) = @_;

	for my $table ('direct', 'executed')
	{
		ok($node->poll_query_until('dynamo', qq{SELECT count(*) = 0 FROM dynamodb.$table WHERE item->'expires' IS NOT NULL}), "$when: all that expires in $table is gone");
	}
	ok(wait_until_stored(), "$when: all is stored");
	for my $table ('direct', 'executed')
	{
		sql("CALL replay('$table')");
		my ($records, $problems, $expired) = split /\|/, sql("SELECT records, problems, expired FROM replayed WHERE t = '$table'");
		note "$table: $records records, $expired of TTL";
		is($problems, 0, "$when: each record of $table follows from those before it");
		is(sql(qq{SELECT count(*) FROM (SELECT * FROM replica WHERE t = '$table') r FULL JOIN dynamodb.$table t USING (pk, sk) WHERE r.item IS DISTINCT FROM t.item}), 0,
			"$when: the replay of $table is the table");
	}
	is(sql(qq{SELECT count(*) - count(DISTINCT (epoch, lsn, n)) FROM dynamo.stream_records}), 0, "$when: no record is there twice");
	is(sql(q{SELECT count(*) FROM dynamo.stream_epochs WHERE gap}), 0, "$when: no gap");
	return;
}

my $ends = 0;
for my $round (1 .. $rounds)
{
	my $sql_writers = start_sql_writers();
	my @http_writers = map { start_http_writer() } 1 .. $http_clients;
	my $until = time + $seconds / $rounds;

	while (time < $until)
	{
		sleep(0.2 + rand(1));
		$ends += end_worker();
	}
	if ($round % 2) { $ends += kill_worker() }
	else { kill_server($node) }
	$sql_writers->finish;
	unlike(slurp_file($node->basedir . '/pgbench.err'), qr/ERROR/, "no write in SQL has failed before crash $round");
	is((waitpid($_, 0), $?)[1], 0, "no write over HTTP has failed before crash $round") for @http_writers;
	$node->start;
	check_streams("after crash $round");
}
cmp_ok(sql('SELECT sum(expired) FROM replayed'), '>', 0, 'some records are those of TTL');
cmp_ok(sql(q{SELECT count(*) FROM dynamodb.direct WHERE sk > 100}), '>', 0, 'some items were written over HTTP');
cmp_ok($ends, '>=', 2 * $rounds, "the worker was ended $ends times");
cmp_ok(sql(q{SELECT sum(n) FROM (SELECT count(*) AS n FROM dynamo.stream_records) s}), '>', 100, 'there was something to see');

# A transaction that is larger than any memory, and one of many subtransactions.
sql(q{INSERT INTO dynamodb.direct (item) SELECT jsonb_build_object('pk', 'many', 'sk', i + 100)::dynamo.item FROM generate_series(1, 20000) i});
sql(q{DO $$ BEGIN FOR i IN 1 .. 300 LOOP BEGIN
	PERFORM dynamo.put_item('direct', jsonb_build_object('pk', 'sub', 'sk', i + 100)::dynamo.item);
	IF i % 3 = 0 THEN RAISE 'undone'; END IF;
	EXCEPTION WHEN raise_exception THEN NULL; END; END LOOP; END $$});
# Prepared transactions wake nobody, and are there at their commit.
sql(q{BEGIN; INSERT INTO dynamodb.direct (item) VALUES ('{"pk": {"S": "prepared"}, "sk": {"N": "1"}}'); PREPARE TRANSACTION 'p'});
sql(q{COMMIT PREPARED 'p'});
check_streams('large transactions');
$node->restart;
check_streams('after a restart');

# All of it once more, from the oldest record on.
my $replayed = sql('SELECT sum(records) FROM replayed');
sql('TRUNCATE replica, replayed');
check_streams('from the beginning');
is(sql('SELECT sum(records) FROM replayed'), $replayed, 'what was read as it came is what is there');
$node->stop;
done_testing();
