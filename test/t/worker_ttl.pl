# Time to live: what expires, what stays, and with whose rights.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('ttl');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', q{
	shared_preload_libraries = 'dynamo'
	restart_after_crash = on
	max_worker_processes = 20
	dynamo.discovery_interval = 1});
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE ttl');

sub sql { return $node->safe_psql($_[1] // 'ttl', $_[0]) }
sub until_is { return $node->poll_query_until($_[1] // 'ttl', $_[0]) }
sub workers { return sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'dynamo ttl'}) }

# Sets the settings and lets the server read them.
sub set
{
	my (%settings) = @_;
	sql("ALTER SYSTEM SET $_ = '$settings{$_}'") for keys %settings;
	sql('SELECT pg_reload_conf()');
	return;
}

sub make_table
{
	my ($name) = @_;
	sql(qq{SELECT dynamo.create_table('$name', 'k S'); SELECT dynamo.update_time_to_live('$name', 't')});
	return;
}

# An item that expires so many seconds from now.
sub put
{
	my ($table, $key, $seconds) = @_;
	sql(qq{SELECT dynamo.put_item('$table', jsonb_build_object('k', '$key', 't', extract(epoch FROM now())::bigint + $seconds)::dynamo.item)});
	return;
}

sub keys_of { return sql(qq{SELECT coalesce(string_agg(k, ' ' ORDER BY k), '') FROM dynamodb."$_[0]"}, $_[1]) }

# Until the worker has looked at all tables once more: until an item is gone that it finds last.
sub round
{
	my ($database) = @_;
	sql(q{INSERT INTO dynamodb."Round" (item) VALUES (format('{"k": {"S": "%s"}, "t": {"N": "%s"}}', clock_timestamp(), extract(epoch FROM now())::bigint - 5)::dynamo.item)}, $database) for 1 .. 2;
	return until_is(q{SELECT count(*) = 0 FROM dynamodb."Round"}, $database);
}

sub is_gone
{
	my ($table, $key, $case, $database) = @_;
	ok(until_is(qq{SELECT count(*) = 0 FROM dynamodb."$table" WHERE k = '$key'}, $database), $case);
	return;
}

sql('CREATE EXTENSION dynamo');
is(workers(), 0, 'no worker without tables whose items expire');
make_table('Tab');
make_table('Round');

# ---- what expires ----

put('Tab', 'past', -10);
put('Tab', 'just', 1);
put('Tab', 'future', 3600);
put('Tab', 'ancient', -5 * 366 * 86400);
put('Tab', 'old', -5 * 365 * 86400 + 3600);
sql(q{INSERT INTO dynamodb."Tab" (item) VALUES
	('{"k": {"S": "decimal"}, "t": {"N": "1700000000.75"}}'), ('{"k": {"S": "string"}, "t": {"S": "1700000000"}}'),
	('{"k": {"S": "list"}, "t": {"L": [{"N": "1700000000"}]}}'), ('{"k": {"S": "huge"}, "t": {"N": "1e100"}}'),
	('{"k": {"S": "none"}}'), ('{"k": {"S": "millis"}, "t": {"N": "32503680000000"}}')});
is_gone('Tab', $_, "$_ expires") for qw(past just old decimal);
round();
is(keys_of('Tab'), 'ancient future huge list millis none string', 'the others stay');
is(sql(q{SELECT ttl_deleted_items FROM dynamo.stat_tables WHERE table_name = 'Tab'}), 4, 'counted');
is(sql(q{SELECT count(*) FROM dynamo.stat_operations WHERE operation = ''}), 0, 'but not as a request');
ok(until_is(q{SELECT n_tup_del = 4 FROM pg_stat_user_tables WHERE relname = 'Tab'}), 'pg_stat_user_tables');

set('dynamo.clock_offset' => 4000);
is_gone('Tab', 'future', 'a clock that is put on');
set('dynamo.clock_offset' => 0);

# What is there when time to live is turned on, and not any more when it is turned off.
sql(q{SELECT dynamo.create_table('Late', 'k S')});
put('Late', 'past', -10);
put('Late', 'future', 3600);
round();
is(keys_of('Late'), 'future past', 'without time to live nothing expires');
sql(q{SELECT dynamo.update_time_to_live('Late', 't')});
is_gone('Late', 'past', 'an item that was there before');
sql(q{SELECT dynamo.update_time_to_live('Late', 't', false)});
put('Late', 'past', -10);
round();
is(keys_of('Late'), 'future past', 'turned off');

# ---- others in the way ----

my $session = $node->background_psql('ttl', on_error_stop => 1);
set('dynamo.ttl_naptime' => 3600);
put('Tab', $_, -1) for qw(moved touched released locked);
$session->query_safe('BEGIN');
$session->query_safe(q{SELECT dynamo.update_item('Tab', '{"k": {"S": "moved"}}', 'SET t = :t', expression_attribute_values => '{":t": {"N": "32503680000"}}')});
$session->query_safe(q{SELECT dynamo.update_item('Tab', '{"k": {"S": "touched"}}', 'SET a = :a', expression_attribute_values => '{":a": {"N": "1"}}')});
$session->query_safe(q{SELECT FROM dynamodb."Tab" WHERE k = 'locked' FOR KEY SHARE});
set('dynamo.ttl_naptime' => 1);
put('Tab', 'other', -1);
is_gone('Tab', 'other', 'an item that nobody holds');
round();
like(keys_of('Tab'), qr/locked .*moved .*touched/, 'items that somebody holds are left alone');
$session->query_safe('COMMIT');
is_gone('Tab', $_, "$_, when it is released") for qw(touched locked released);
round();
is(keys_of('Tab'), 'ancient huge list millis moved none string', 'an item whose time was moved stays');
$session->query_safe(q{BEGIN; LOCK dynamodb."Tab" IN ACCESS EXCLUSIVE MODE});
put('Round', 'past', -1);
is_gone('Round', 'past', 'a locked table does not hold up others');
$session->query_safe('COMMIT');
$session->query_safe(q{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM dynamodb."Tab"});
put('Tab', 'seen', -1);
is_gone('Tab', 'seen', 'an old snapshot is not in the way');
$session->quit;

# A race: clients move the times of their items to the past and back to the future, where
# nobody may delete them.
make_table('Race');
sql(q{
	CREATE FUNCTION move(client integer, item integer, past boolean) RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM dynamo.update_item('Race', jsonb_build_object('k', client || '-' || item)::dynamo.item, 'SET t = :t', 'attribute_exists(k)',
			expression_attribute_values => jsonb_build_object(':t', CASE WHEN past THEN 1700000000 ELSE 32503680000 END)::dynamo.item);
		RETURN true;
	EXCEPTION WHEN SQLSTATE 'ND003' THEN RETURN false;
	END $$;
	CREATE PROCEDURE race(client integer, seconds integer) LANGUAGE plpgsql AS $$
	DECLARE ending timestamptz := clock_timestamp() + seconds * interval '1 s';
	BEGIN
		WHILE clock_timestamp() < ending LOOP
			FOR item IN 1 .. 100 LOOP
				PERFORM move(client, item, true);
				COMMIT;
			END LOOP;
			PERFORM pg_sleep(0.3 * random());	-- the worker looks once a second
			FOR item IN 1 .. 100 LOOP
				IF NOT move(client, item, false) THEN
					PERFORM dynamo.put_item('Race', jsonb_build_object('k', client || '-' || item, 't', 32503680000)::dynamo.item);
				END IF;
				COMMIT;
				IF dynamo.get_item('Race', jsonb_build_object('k', client || '-' || item)::dynamo.item) IS NULL THEN
					RAISE 'item % of client % is lost', item, client;
				END IF;
			END LOOP;
		END LOOP;
	END $$;
	INSERT INTO dynamodb."Race" (item) SELECT jsonb_build_object('k', client || '-' || item, 't', 32503680000)::dynamo.item
	  FROM generate_series(1, 4) client, generate_series(1, 100) item});
my @racers = map { my ($client, $out) = ($_, ''); my $in = "CALL race($client, 6)";
	{ out => \$out, run => IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('ttl'), '-c', $in ], '>&', \$out) } } 1 .. 4;
foreach my $racer (@racers)
{
	$racer->{run}->finish;
	is(${ $racer->{out} }, '', 'a client of the race has lost nothing');
}
round();
is(sql('SELECT count(*) FROM dynamodb."Race"'), 400, 'all items of the race are there');
cmp_ok(sql(q{SELECT ttl_deleted_items FROM dynamo.stat_tables WHERE table_name = 'Race'}), '>', 0, 'and some had expired');

# ---- many items; tables take turns, at a bounded rate ----

make_table('Many');
set('dynamo.ttl_rate' => 500, 'dynamo.ttl_batch_size' => 50);
sql(q{INSERT INTO dynamodb."Many" (item) SELECT jsonb_build_object('k', i, 'k', i::text, 't', 1700000000 + i % 2)::dynamo.item FROM generate_series(1, 5000) i});
put('Tab', 'one', -1);
ok(until_is(q{SELECT count(*) < 5000 FROM dynamodb."Many"}), 'it has begun');
is_gone('Tab', 'one', 'one item of another table');
cmp_ok(sql('SELECT count(*) FROM dynamodb."Many"'), '>', 0, 'does not wait for many');
set('dynamo.ttl_rate' => 0);
ok(until_is(q{SELECT count(*) = 0 FROM dynamodb."Many"}), 'many items');
is(sql(q{SELECT ttl_deleted_items FROM dynamo.stat_tables WHERE table_name = 'Many'}), 5000, 'each once');

# ---- what logical decoding shows ----

sql(q{SELECT pg_create_logical_replication_slot('decode', 'test_decoding')});
put('Tab', 'decoded', -1);
is_gone('Tab', 'decoded', 'to be decoded');
sql(q{INSERT INTO dynamodb."Tab" (item) VALUES ('{"k": {"S": "by hand"}}'); DELETE FROM dynamodb."Tab" WHERE k = 'by hand'});
my $changes = sql(q{SELECT regexp_replace(data, '^(BEGIN|COMMIT|table dynamodb."Tab": [A-Z]+|message: transactional: 1 prefix: dynamo.ttl).*', '\1')
	FROM pg_logical_slot_get_changes('decode', NULL, NULL, 'include-xids', '0')});
like($changes, qr/^BEGIN\nmessage: transactional: 1 prefix: dynamo.ttl\ntable dynamodb."Tab": DELETE\nCOMMIT\n/m, 'the message comes before the deletion');
like($changes, qr/^BEGIN\ntable dynamodb."Tab": INSERT\nCOMMIT\nBEGIN\ntable dynamodb."Tab": DELETE\nCOMMIT$|^BEGIN\ntable dynamodb."Tab": INSERT\ntable dynamodb."Tab": DELETE\nCOMMIT$/m, 'other deletions have none');
sql(q{SELECT pg_drop_replication_slot('decode')});

# A stream tells them from others.
sql(q{SELECT dynamo.call('CreateTable', '{"TableName": "Streamed", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
	"StreamSpecification": {"StreamEnabled": true, "StreamViewType": "OLD_IMAGE"}}')});
sql(q{SELECT dynamo.update_time_to_live('Streamed', 't')});
ok(until_is(q{SELECT status = 'ENABLED' FROM dynamo.streams WHERE table_name = 'Streamed'}), 'a stream');
put('Streamed', 'past', -1);
is_gone('Streamed', 'past', 'an item of a table with a stream');
put('Streamed', 'future', 3600);
sql(q{SELECT dynamo.delete_item('Streamed', '{"k": {"S": "future"}}')});
ok(until_is(q{SELECT count(*) = 2 FROM dynamo.read_stream('Streamed') WHERE event_name = 'REMOVE'}), 'both deletions are in the stream');
is(sql(q{SELECT string_agg(keys ->> 'k' || ' ' || expired, ', ' ORDER BY keys ->> 'k') FROM dynamo.read_stream('Streamed') WHERE event_name = 'REMOVE'}),
	'future false, past true', 'which tells what expired');
sql(q{SELECT dynamo.delete_table('Streamed')});

# ---- by SQL: row security, triggers, partitions ----

sql(q{CREATE ROLE alice LOGIN; GRANT CREATE ON DATABASE ttl TO alice; CREATE TABLE log (what text, who text, session text); GRANT ALL ON log TO PUBLIC});
sub as_alice { return $node->safe_psql('ttl', "SET dynamo.schema = alice; $_[0]", extra_params => [ '-U', 'alice' ]) }
sub alice_put { return as_alice(qq{SELECT dynamo.put_item('$_[0]', '{"k": {"S": "$_[1]"}, "t": {"N": "1700000000"}}')}) }
sub alice_gone { return until_is(qq{SELECT count(*) = 0 FROM alice."$_[0]" WHERE k = '$_[1]'}) }

as_alice(q{SELECT dynamo.create_table('Logged', 'k S'); SELECT dynamo.update_time_to_live('Logged', 't');
	CREATE FUNCTION alice.log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.log VALUES (OLD.k, current_user, session_user); RETURN OLD; END $$;
	CREATE TRIGGER log AFTER DELETE ON alice."Logged" FOR EACH ROW EXECUTE FUNCTION alice.log()});
alice_put('Logged', $_) for qw(a b c);
ok(alice_gone('Logged', $_), "$_ expires where there is a trigger") for qw(a b c);
is(sql('SELECT string_agg(concat_ws($$ $$, what, who), $$, $$ ORDER BY what) FROM log'), 'a alice, b alice, c alice', 'which runs as the owner');

as_alice(q{SELECT dynamo.create_table('Secured', 'k S'); SELECT dynamo.update_time_to_live('Secured', 't');
	INSERT INTO alice."Secured" (item) VALUES ('{"k": {"S": "hidden"}, "t": {"N": "1700000000"}}');
	ALTER TABLE alice."Secured" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	CREATE POLICY visible ON alice."Secured" USING (k <> 'hidden')});
alice_put('Secured', 'shown');
ok(alice_gone('Secured', 'shown'), 'expires under row security');
round();
is(sql('SELECT k FROM alice."Secured"'), 'hidden', 'what it hides from the owner stays');

as_alice(q{SELECT dynamo.create_table('Kept', 'k S'); SELECT dynamo.update_time_to_live('Kept', 't');
	CREATE FUNCTION alice.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.k LIKE 'keep%' THEN RETURN NULL; END IF; RETURN OLD; END $$;
	CREATE TRIGGER keep BEFORE DELETE ON alice."Kept" FOR EACH ROW EXECUTE FUNCTION alice.keep()});
as_alice(q{INSERT INTO alice."Kept" (item) SELECT jsonb_build_object('k', 'keep' || i, 't', 1700000000)::dynamo.item FROM generate_series(1, 120) i});
sql(q{INSERT INTO alice."Kept" (item) VALUES ('{"k": {"S": "goes"}, "t": {"N": "1700000001"}}')});
ok(alice_gone('Kept', 'goes'), 'more items that a trigger keeps than a batch has do not hold up the others');
is(sql('SELECT count(*) FROM alice."Kept"'), 120, 'they are kept');

as_alice(q{CREATE TABLE alice."Parts" (k text COLLATE "C" NOT NULL, item dynamo.item NOT NULL, _ttl bigint, PRIMARY KEY (k)) PARTITION BY HASH (k);
	CREATE TABLE alice."Parts0" PARTITION OF alice."Parts" FOR VALUES WITH (MODULUS 2, REMAINDER 0) USING dynamo;
	CREATE TABLE alice."Parts1" PARTITION OF alice."Parts" FOR VALUES WITH (MODULUS 2, REMAINDER 1) USING dynamo;
	CREATE TRIGGER zzz_dynamo_maintain BEFORE INSERT OR UPDATE ON alice."Parts"
		FOR EACH ROW EXECUTE FUNCTION dynamo.maintain_columns('k', 'S', 'k', 'HASH', 't', 'N', '_ttl', 'TTL');
	CREATE INDEX ON alice."Parts" (_ttl) WHERE _ttl IS NOT NULL;});
alice_put('Parts', $_) for qw(a b c d);
ok(alice_gone('Parts', $_), "$_ of a partitioned table") for qw(a b c d);

# ---- rights ----

sql('TRUNCATE log');
# What alice tries in the name of the worker, as a body of PL/pgSQL; each attempt leaves what came of it.
my %attempts = (
	'SET ROLE' => q{SET ROLE postgres},
	'RESET ROLE' => q{RESET ROLE},
	'SET SESSION AUTHORIZATION' => q{SET SESSION AUTHORIZATION postgres},
	'set_config' => q{SELECT set_config('role', 'postgres', false)},
	'ALTER ROLE' => q{ALTER ROLE alice SUPERUSER},
	'COPY TO PROGRAM' => q{COPY public.log TO PROGRAM 'cat >/dev/null'},
	'temporary table' => q{CREATE TEMP TABLE mine ()},
	'LISTEN' => q{LISTEN something},
	'ALTER SYSTEM' => q{ALTER SYSTEM SET dynamo.ttl_rate = 1},
	'session_replication_role' => q{SET session_replication_role = replica},
	'clock' => q{SET dynamo.clock_offset = 1000000},
	'search_path' => q{SET search_path = evil},
);
my $tries = join "\n", map { "BEGIN EXECUTE \$e\$$attempts{$_}\$e\$; INSERT INTO public.log VALUES ('$_', 'done ' || current_user);
	EXCEPTION WHEN OTHERS THEN INSERT INTO public.log VALUES ('$_', SQLSTATE); END;" } sort keys %attempts;
as_alice(qq{CREATE FUNCTION alice.attack() RETURNS trigger LANGUAGE plpgsql AS \$body\$ BEGIN $tries RETURN OLD; END \$body\$;
	CREATE FUNCTION alice.attack(text) RETURNS boolean LANGUAGE plpgsql AS \$body\$ BEGIN $tries RETURN true; END \$body\$;
	SELECT dynamo.create_table('Attack', 'k S'); SELECT dynamo.update_time_to_live('Attack', 't')});
my %ways = (
	'trigger before' => 'CREATE TRIGGER attack BEFORE DELETE ON alice."Attack" FOR EACH ROW EXECUTE FUNCTION alice.attack()',
	'trigger after' => 'CREATE TRIGGER attack AFTER DELETE ON alice."Attack" FOR EACH ROW EXECUTE FUNCTION alice.attack()',
	'trigger of statement' => 'CREATE TRIGGER attack AFTER DELETE ON alice."Attack" EXECUTE FUNCTION alice.attack()',
	'policy' => 'ALTER TABLE alice."Attack" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY attack ON alice."Attack" USING (alice.attack(k))',
);
foreach my $way (sort keys %ways)
{
	as_alice($ways{$way});
	sql('TRUNCATE log');
	alice_put('Attack', 'bait');
	sql('TRUNCATE log') if $way eq 'policy';    # (which sees her put it)
	ok(alice_gone('Attack', 'bait'), "$way: the item expires");
	is(sql(q{SELECT count(DISTINCT what) FROM log}), scalar keys %attempts, "$way: all has been tried") if $way ne 'policy';
	is(sql(q{SELECT coalesce(string_agg(DISTINCT what || ' ' || who, ', '), '') FROM log WHERE who LIKE 'done%' AND what NOT IN ('search_path', 'RESET ROLE')}), '', "$way: nothing succeeds");
	is(sql(q{SELECT count(*) FROM log WHERE who LIKE 'done%' AND who <> 'done alice'}), 0, "$way: as nobody else");
	is(sql(q{SELECT rolsuper FROM pg_roles WHERE rolname = 'alice'}), 'f', "$way: alice is what she was");
	as_alice('DROP TRIGGER IF EXISTS attack ON alice."Attack"; DROP POLICY IF EXISTS attack ON alice."Attack"; ALTER TABLE alice."Attack" DISABLE ROW LEVEL SECURITY');
}

# What runs at the end of the transaction would run as the worker.
as_alice('CREATE CONSTRAINT TRIGGER attack AFTER DELETE ON alice."Attack" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION alice.attack()');
sql('TRUNCATE log');
alice_put('Attack', 'bait');
ok($node->wait_for_log(qr/alice.Attack.*SQLSTATE 42501/), 'deferred trigger: refused');
is(sql('SELECT count(*) FROM log'), 0, 'deferred trigger: it has not run');
as_alice('DROP TRIGGER attack ON alice."Attack"');

# What code of alice's has set does not meet that of others.
sql(q{CREATE ROLE bob LOGIN; GRANT CREATE ON DATABASE ttl TO bob});
as_alice('CREATE TRIGGER attack BEFORE DELETE ON alice."Attack" FOR EACH ROW EXECUTE FUNCTION alice.attack()');
$node->safe_psql('ttl', q{SET dynamo.schema = bob; SELECT dynamo.create_table('Path', 'k S'); SELECT dynamo.update_time_to_live('Path', 't');
	CREATE FUNCTION bob.log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.log VALUES ('path', current_setting('search_path'), current_user); RETURN OLD; END $$;
	CREATE TRIGGER log AFTER DELETE ON bob."Path" FOR EACH ROW EXECUTE FUNCTION bob.log()}, extra_params => [ '-U', 'bob' ]);
alice_put('Attack', 'bait');
sql(q{INSERT INTO bob."Path" (item) VALUES ('{"k": {"S": "a"}, "t": {"N": "1700000000"}}')});
ok(until_is(q{SELECT count(*) = 0 FROM bob."Path"}), 'an item of bob expires');
is(sql(q{SELECT who, session FROM log WHERE what = 'path'}), '"$user", public|bob', 'with the settings that the server has');

# ---- failures ----

# Items that cannot be deleted, of the same time as those behind them: a trigger or a foreign key has something against it.
as_alice(q{CREATE FUNCTION alice.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF OLD.k LIKE 'bad%' THEN PERFORM nextval('alice.attempts'); RAISE EXCEPTION 'no: %', OLD.item USING DETAIL = OLD.item::text; END IF; RETURN OLD; END $$;
	CREATE SEQUENCE alice.attempts;
	SELECT dynamo.create_table('Fails', 'k S'); SELECT dynamo.update_time_to_live('Fails', 't');
	CREATE TABLE alice.refers (k text COLLATE "C" REFERENCES alice."Fails");
	CREATE TRIGGER fail BEFORE DELETE ON alice."Fails" FOR EACH ROW EXECUTE FUNCTION alice.fail()});
my $before = time;
as_alice(q{BEGIN; INSERT INTO alice."Fails" (item) SELECT jsonb_build_object('k', CASE WHEN i % 10 = 3 THEN 'bad' ELSE '' END || i, 't', 1700000000, 'v', 'sec' || 'ret')::dynamo.item FROM generate_series(1, 40) i;
	INSERT INTO alice.refers VALUES ('10'); COMMIT});
ok(until_is(q{SELECT string_agg(k, ' ' ORDER BY k) = '10 bad13 bad23 bad3 bad33' FROM alice."Fails"}), 'items that cannot be deleted do not hold up those behind them');
alice_put('Fails', 'later');
ok(alice_gone('Fails', 'later'), 'nor any that come later');
ok(until_is(q{SELECT ttl_failed_items >= 5 FROM dynamo.stat_tables WHERE schema_name = 'alice' AND table_name = 'Fails'}), 'that is counted');
is(sql(q{SELECT ttl_deleted_items FROM dynamo.stat_tables WHERE schema_name = 'alice' AND table_name = 'Fails'}), 36, 'as is what was deleted');
ok($node->log_contains(qr/WARNING:  (?:P0001: )?expired items of table "alice.Fails" could not be deleted: SQLSTATE P0001/), 'and logged');
ok(until_is(q{SELECT ttl_failed_items > 5 FROM dynamo.stat_tables WHERE schema_name = 'alice' AND table_name = 'Fails'}), 'they are tried again');
round() for 1 .. 8;
# (a time with the oldest items begins at the earliest 2, 4, 8 s after the one before; a fifth attempt in each is that of the batch)
my $attempts = sql('SELECT last_value FROM alice.attempts');
my $times = 1;
for (my $second = 2; $second <= time - $before + 1; $second += 2 << $times) { $times++ }
cmp_ok($attempts, '<=', 5 * ($times + 1), 'but less and less often');
as_alice('ALTER TABLE alice."Fails" DISABLE TRIGGER fail');
sql('TRUNCATE alice.refers');
ok(until_is('SELECT count(*) = 0 FROM alice."Fails"'), 'and expire when they can be deleted');
as_alice('ALTER TABLE alice."Fails" ENABLE TRIGGER fail');
as_alice(q{INSERT INTO alice."Fails" (item) SELECT jsonb_build_object('k', 'bad' || i, 't', 1700000000)::dynamo.item FROM generate_series(1, 230) i; SELECT dynamo.put_item('Fails', '{"k": {"S": "good"}, "t": {"N": "1700000000"}}')});
ok(alice_gone('Fails', 'good'), 'however many');
put('Tab', 'after', -1);
is_gone('Tab', 'after', 'and other tables go on');
unlike(slurp_file($node->logfile), qr/secret/, 'the item is not in the log');
as_alice('DROP TABLE alice.refers, alice."Fails"');

# Partitions, and a time that is moved, are as without failures.
as_alice(q{CREATE TRIGGER fail BEFORE DELETE ON alice."Parts" FOR EACH ROW EXECUTE FUNCTION alice.fail()});
alice_put('Parts', $_) for qw(bad1 bad2 bad3 good1 good2 good3);
ok(until_is(q{SELECT string_agg(k, ' ' ORDER BY k) = 'bad1 bad2 bad3' FROM alice."Parts"}), 'items of partitions');
as_alice('DROP TRIGGER fail ON alice."Parts"');
ok(until_is('SELECT count(*) = 0 FROM alice."Parts"'), 'and again');

# Code that takes for ever, and locks that it keeps.
set('dynamo.ttl_batch_timeout' => '300ms');
as_alice(q{CREATE FUNCTION alice.sleep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_lock(1), pg_sleep(1000); RETURN OLD; END $$;
	SELECT dynamo.create_table('Sleeps', 'k S'); SELECT dynamo.update_time_to_live('Sleeps', 't');
	CREATE TRIGGER sleep BEFORE DELETE ON alice."Sleeps" FOR EACH ROW EXECUTE FUNCTION alice.sleep()});
alice_put('Sleeps', 'a');
ok($node->wait_for_log(qr/alice.Sleeps.*SQLSTATE 57014/), 'a trigger that sleeps is given up');
put('Tab', 'after', -1);
is_gone('Tab', 'after', 'and other tables go on');
as_alice(q{CREATE OR REPLACE FUNCTION alice.sleep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_lock(1); RETURN OLD; END $$});
ok(alice_gone('Sleeps', 'a'), 'a trigger that sleeps no more');
ok(until_is('SELECT pg_try_advisory_lock(1)'), 'no lock of the session stays');

# A trigger that catches its cancel holds up neither the others nor a shutdown.
as_alice(q{CREATE FUNCTION alice.go_on() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN WHILE OLD.k = 'a' LOOP BEGIN PERFORM pg_sleep(1000); EXCEPTION WHEN query_canceled THEN RAISE LOG 'cancel is caught'; END; END LOOP; RETURN OLD; END $$;
	SELECT dynamo.create_table('Goes', 'k S'); SELECT dynamo.update_time_to_live('Goes', 't');
	CREATE TRIGGER go_on BEFORE DELETE ON alice."Goes" FOR EACH ROW EXECUTE FUNCTION alice.go_on()});
alice_put('Goes', 'a');
ok($node->wait_for_log(qr/cancel is caught/), 'a trigger catches its cancel');
put('Tab', 'after', -1);
is_gone('Tab', 'after', 'and other tables go on');
alice_put('Goes', 'b');
ok(alice_gone('Goes', 'b'), 'after a minute, the item behind it expires, too');
ok($node->log_contains(qr/code of the owner of relation \d+ did not end within dynamo.ttl_batch_timeout/), 'it is in the log whose code that was');
set('dynamo.ttl_batch_timeout' => '1h');
sql(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'dynamo ttl'}); # (a new one has no pause for it)
ok(until_is(q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'dynamo ttl' AND wait_event = 'PgSleep'}), 'a trigger runs for long');
my $stuck = sql(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'dynamo ttl'});
# (asked for first, or the next worker may come before it)
my $disabling = $node->background_psql('ttl', on_error_stop => 1);
$disabling->query_until(qr/asking/, qq{\\echo asking\nALTER TABLE alice."Goes" DISABLE TRIGGER go_on;\n\\echo done\n});
ok(until_is(q{SELECT count(*) = 1 FROM pg_locks WHERE relation = 'alice."Goes"'::regclass AND NOT granted}), 'who alters the table waits for it');
sql("SELECT pg_terminate_backend($stuck)");
ok(until_is("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $stuck"), 'and is ended with its worker');
$disabling->query_until(qr/done/, "\n");
$disabling->quit;
set('dynamo.ttl_batch_timeout' => '30s');

sql('REVOKE ALL ON alice."Logged" FROM alice');
sql(q{INSERT INTO alice."Logged" (item) VALUES ('{"k": {"S": "denied"}, "t": {"N": "1700000000"}}')});
ok($node->wait_for_log(qr/permission denied for table Logged/), 'an owner without rights');
is(sql('SELECT k FROM alice."Logged"'), 'denied', 'deletes nothing');

# ---- the worker ----

my $pid = sql(q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'dynamo ttl'});
sql("SELECT pg_terminate_backend($pid)");
put('Tab', 'after', -1);
is_gone('Tab', 'after', 'a worker that is terminated comes back');
sql(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type = 'dynamo ttl'});
put('Tab', 'after', -1);
is_gone('Tab', 'after', 'a cancel does no harm');
sql('VACUUM FULL dynamodb."Tab"; REINDEX TABLE dynamodb."Tab"; CLUSTER dynamodb."Tab" USING "Tab_pkey"; ALTER TABLE dynamodb."Tab" RENAME TO "Renamed"; ALTER TABLE dynamodb."Renamed" RENAME TO "Tab"');
put('Tab', 'after', -1);
is_gone('Tab', 'after', 'after VACUUM FULL, REINDEX, CLUSTER, RENAME');
sql('ALTER TABLE dynamodb."Tab" OWNER TO alice; GRANT ALL ON SCHEMA dynamodb TO alice');
put('Tab', 'after', -1);
is_gone('Tab', 'after', 'after a change of owner');

sql('CREATE DATABASE copy TEMPLATE ttl', 'postgres');
sql(q{INSERT INTO dynamodb."Tab" (item) VALUES ('{"k": {"S": "copied"}, "t": {"N": "1700000000"}}')}, 'copy');
is_gone('Tab', 'copied', 'a copy of the database', 'copy');
sql('DROP DATABASE copy', 'postgres');

# A dump brings it back, with what has expired meanwhile.
set('dynamo.ttl_naptime' => 3600);
sql('CREATE DATABASE restored', 'postgres');
put('Tab', 'dumped', -1);
my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-d', $node->connstr('ttl'), '-f', $dump ], 'pg_dump');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', $dump ], 'restore');
is(sql(q{SELECT dynamo.describe_time_to_live('Tab') ->> 'TimeToLiveStatus'}, 'restored'), 'ENABLED', 'it is enabled');
set('dynamo.ttl_naptime' => 1);
is_gone('Tab', 'dumped', 'in the restored database nobody needs to do anything', 'restored');
is(sql(q{SELECT count(*) FROM dynamo.check_table('Tab')}, 'restored'), 0, 'check_table');
sql('DROP DATABASE restored', 'postgres');

# ---- a standby, and its promotion ----

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('ttl_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
set('dynamo.databases' => '');
ok(until_is(q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'dynamo ttl'}), 'dynamo.databases turns it off');
put('Tab', 'standby', -10);
$node->wait_for_catchup($standby);
is($standby->safe_psql('ttl', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'dynamo ttl'}), 0, 'no worker on a standby');
is($standby->safe_psql('ttl', q{SELECT dynamo.describe_time_to_live('Tab')}), '{"TimeToLiveStatus":"ENABLED","AttributeName":"t"}', 'which tells of it');
$node->stop;
$standby->promote;
ok($standby->poll_query_until('ttl', q{SELECT count(*) = 0 FROM dynamodb."Tab" WHERE k = 'standby'}), 'after promotion it expires');
$standby->safe_psql('ttl', 'DROP EXTENSION dynamo CASCADE');
ok($standby->poll_query_until('ttl', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'dynamo ttl'}), 'DROP EXTENSION');
$standby->stop;

done_testing();
