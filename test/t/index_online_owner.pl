# The worker that makes indexes acts as the owner of the table: whose code may run gains no rights by it, and no row is
# hidden from it.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('index_online_owner');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', q{
	max_worker_processes = 20
	max_connections = 30
	dynamo.backfill_rate = 0});
$node->start;

sub sql { return $node->safe_psql('postgres', $_[0]) }
sub until_is { return $node->poll_query_until('postgres', @_) }
sub as { return $node->safe_psql('postgres', "SET dynamo.schema = '$_[0]'; $_[1]", extra_params => [ '-U', $_[0] ]) }

sub update_table
{
	my ($owner, $table, $update) = @_;
	return as($owner, qq{SELECT dynamo.call('UpdateTable', '{"TableName": "$table", "GlobalSecondaryIndexUpdates": [$update],
		"AttributeDefinitions": [{"AttributeName": "g", "AttributeType": "S"}]}')::jsonb #>> '{TableDescription,TableStatus}'});
}

sub create_index { return update_table(@_, '{"Create": {"IndexName": "by_g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}') }
sub delete_index { return update_table(@_, '{"Delete": {"IndexName": "by_g"}}') }

sub is_ready
{
	my ($case) = @_;
	ok(until_is(q{SELECT NOT EXISTS (SELECT FROM dynamo.stat_progress_index)}), "$case: done") or diag(sql('SELECT * FROM dynamo.stat_progress_index'));
	return;
}

sql(q{
	CREATE EXTENSION dynamo;
	CREATE ROLE mallory LOGIN;
	CREATE ROLE eve LOGIN;
	CREATE ROLE owners_friend LOGIN IN ROLE mallory;
	CREATE SCHEMA mallory AUTHORIZATION mallory;
	CREATE SCHEMA eve AUTHORIZATION eve;
	CREATE TABLE seen (what text, acting name, session name, outcome text);
	GRANT ALL ON seen TO PUBLIC;});
as('mallory', q{SELECT dynamo.create_table('Tab', 'k N')});
as('mallory', q{INSERT INTO mallory."Tab" (item) SELECT jsonb_build_object('k', i, 'g', 'g' || i % 3)::dynamo.item FROM generate_series(1, 1000) i});

# ---- the owner's code ----

# Everything that tries to get out, in whatever runs while a row is written.
as('mallory', q{
	CREATE FUNCTION mallory.escape(what text) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		attempt text;
	BEGIN
		FOREACH attempt IN ARRAY ARRAY['ALTER ROLE mallory SUPERUSER', 'SET ROLE NONE', 'RESET ROLE', 'SET SESSION AUTHORIZATION DEFAULT', 'RESET SESSION AUTHORIZATION',
			'SET session_replication_role = origin', 'CREATE TEMP TABLE t (a int)', 'CREATE EXTENSION test_decoding', $q$SET dynamo.backfill_rate = 1$q$]
		LOOP
			BEGIN
				EXECUTE attempt;
				INSERT INTO public.seen VALUES (what, current_user, session_user, attempt);
			EXCEPTION WHEN OTHERS THEN
				NULL;
			END;
		END LOOP;
		INSERT INTO public.seen VALUES (what, current_user, session_user, 'ran');
	END $$;
	CREATE FUNCTION mallory.on_row() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM mallory.escape(TG_ARGV[0]);
		RETURN NEW;
	END $$;
	CREATE FUNCTION mallory.of_item(dynamo.item) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM mallory.escape('index');
		RETURN 1;
	END $$;
	CREATE FUNCTION mallory.holds(dynamo.item) RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM mallory.escape('check');
		RETURN true;
	END $$;
	CREATE TRIGGER ordinary BEFORE UPDATE ON mallory."Tab" FOR EACH ROW EXECUTE FUNCTION mallory.on_row('ordinary trigger');
	CREATE TRIGGER always BEFORE UPDATE ON mallory."Tab" FOR EACH ROW EXECUTE FUNCTION mallory.on_row('trigger');
	ALTER TABLE mallory."Tab" ENABLE ALWAYS TRIGGER always;
	CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON mallory."Tab" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION mallory.on_row('deferred trigger');
	CREATE INDEX evil ON mallory."Tab" (mallory.of_item(item));
	ALTER TABLE mallory."Tab" ADD CHECK (mallory.holds(item));
	ALTER TABLE mallory."Tab" ADD note int DEFAULT 1;
	ALTER ROLE mallory SET search_path = mallory;
	ALTER ROLE mallory SET dynamo.schema = 'eve';});
sql('TRUNCATE seen');
is(create_index('mallory', 'Tab'), 'UPDATING', 'an index of a table with hostile code');
is_ready('hostile code');
is(sql(q{SELECT string_agg(DISTINCT outcome, ', ') FROM seen}), 'ran', 'nothing that it tried worked');
is(sql(q{SELECT string_agg(DISTINCT acting, ', ') FROM seen}), 'mallory', 'it ran as the owner');
is(sql(q{SELECT string_agg(DISTINCT what, ', ' ORDER BY what) FROM seen WHERE what ~ 'trigger'}), 'trigger', 'of the triggers those that always fire');
is(sql(q{SELECT count(*) FROM seen WHERE what = 'check'}) > 0, 1, 'and the constraint');
is(sql(q{SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'}), 'f', 'the owner is no superuser');
is(sql(q{SELECT count(*) FROM mallory."Tab" WHERE g = item ->> 'g'}), 1000, 'the columns are filled');
is(sql(q{SET dynamo.schema = 'mallory'; SELECT DISTINCT problem FROM dynamo.check_table('Tab')}), '', 'check_table() finds nothing');
sql('TRUNCATE seen');
delete_index('mallory', 'Tab');
is_ready('hostile code, deletion');
as('mallory', 'ALTER TABLE mallory."Tab" ENABLE ALWAYS TRIGGER later');
create_index('mallory', 'Tab');
ok(until_is(q{SELECT error = 'cannot fire deferred trigger within security-restricted operation' FROM dynamo.stat_progress_index}), 'a deferred trigger that always fires is in the way');
as('mallory', 'ALTER TABLE mallory."Tab" DISABLE TRIGGER later');
is_ready('without it');
is(sql(q{SELECT string_agg(DISTINCT outcome, ', ') FROM seen WHERE outcome <> 'ran'}), '', 'nor when it is deleted');

# ---- rows that are hidden from the owner ----

as('eve', q{
	SELECT dynamo.create_table('Hidden', 'k N');
	INSERT INTO eve."Hidden" (item) SELECT jsonb_build_object('k', i, 'g', 'g' || i % 3)::dynamo.item FROM generate_series(1, 300) i;
	ALTER TABLE eve."Hidden" ENABLE ROW LEVEL SECURITY;
	ALTER TABLE eve."Hidden" FORCE ROW LEVEL SECURITY;
	CREATE POLICY low ON eve."Hidden" USING (k < 100);});
create_index('eve', 'Hidden');
is_ready('hidden rows');
is(sql(q{SELECT count(*) FROM eve."Hidden" WHERE g = item ->> 'g'}), 300, 'rows that row-level security hides from the owner are filled');
is(as('eve', q{SELECT count(*) FROM eve."Hidden"}), 99, 'and stay hidden');

# ---- who sees and may do what ----

my (undef, undef, $error) = $node->psql('postgres', q{SET SESSION AUTHORIZATION eve; SET dynamo.schema = 'mallory';
	SELECT dynamo.call('UpdateTable', '{"TableName": "Tab", "AttributeDefinitions": [{"AttributeName": "g", "AttributeType": "S"}],
		"GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "by_g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]}')});
like($error, qr/ERROR:  (must be owner of table Tab|permission denied for schema mallory)/, 'only the owner may');
my $reader = $node->background_psql('postgres', on_error_stop => 1);
$reader->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
as('eve', q{SELECT dynamo.create_table('Plain', 'k S'); INSERT INTO eve."Plain" (item) VALUES ('{"k": {"S": "1"}, "g": {"S": "x"}}')});
create_index('eve', 'Plain');
ok(until_is(q{SELECT phase = 'waiting for old snapshots' FROM dynamo.stat_progress_index}), 'a build that takes its time');
is(as('eve', q{SELECT table_name, index_name, phase, waiting_for IS NOT NULL FROM dynamo.stat_progress_index}), 'Plain|by_g|waiting for old snapshots|t', 'its owner sees all of it');
is(as('owners_friend', 'SELECT count(*) FROM dynamo.stat_progress_index'), 0, 'others nothing');
sql('GRANT pg_read_all_stats TO owners_friend');
is(as('owners_friend', 'SELECT count(*) FROM dynamo.stat_progress_index'), 1, 'but those who read all statistics');
(undef, undef, $error) = $node->psql('postgres', q{SET ROLE owners_friend; SET lock_timeout = '20s'; ALTER TABLE eve."Plain" ADD x int});
like($error, qr/permission denied for schema eve|must be owner/, 'a command of somebody else is refused');
is(sql('SELECT phase FROM dynamo.stat_progress_index'), 'waiting for old snapshots', 'and disturbs nobody');
$reader->query_safe('COMMIT');
is_ready('visible');

# ---- what fails ----

sql(q{
	CREATE FUNCTION noise(bytes int, seed int) RETURNS text LANGUAGE sql AS
		$$SELECT string_agg(md5(seed || ' ' || i), '') FROM generate_series(1, bytes / 32) i$$;});
as('eve', q{
	SELECT dynamo.create_table('Long', 'k S');
	INSERT INTO eve."Long" (item) SELECT jsonb_build_object('k', public.noise(2016, i), 'g', public.noise(2016, -i))::dynamo.item FROM generate_series(1, 3) i;
	INSERT INTO eve."Long" (item) SELECT jsonb_build_object('k', 'k' || i, 'g', 'short')::dynamo.item FROM generate_series(1, 3) i;});
create_index('eve', 'Long');
ok(until_is(q{SELECT attempts > 1 AND error ~ 'index row size' AND next_attempt IS NOT NULL AND status = 'CREATING' FROM dynamo.stat_progress_index}), 'a failure is shown, and tried again')
  or diag(sql('SELECT * FROM dynamo.stat_progress_index'));
as('eve', q{DELETE FROM eve."Long" WHERE octet_length(k) > 100});
is_ready('without what has failed');
is(sql(q{SELECT count(*) FROM pg_index WHERE indrelid = 'eve."Long"'::regclass AND indisvalid}), 2, 'the btree is there');
is(sql(q{SELECT count(*) FROM pg_index WHERE indrelid = 'eve."Long"'::regclass}), 2, 'and none that is left over');

delete_index('eve', 'Long');
is_ready('deleted');
as('eve', q{INSERT INTO eve."Long" (item) SELECT jsonb_build_object('k', public.noise(2016, i), 'g', public.noise(2016, -i))::dynamo.item FROM generate_series(1, 3) i});
create_index('eve', 'Long');
ok(until_is(q{SELECT attempts > 0 FROM dynamo.stat_progress_index}), 'it fails again');
delete_index('eve', 'Long');
is_ready('deletion of an index that fails');

# Code that does not end, whether it catches its cancel or not, does not hold up the others.
sub set_timeout { return sql("ALTER SYSTEM SET dynamo.backfill_batch_timeout = '$_[0]'; SELECT pg_reload_conf()") }
my %endless = (
	'a constraint that takes for ever' => q{BEGIN PERFORM pg_sleep(1000); RETURN true; END},
	'a constraint that catches its cancel' => q{BEGIN LOOP BEGIN PERFORM pg_sleep(1000); EXCEPTION WHEN query_canceled THEN RAISE LOG 'cancel is caught'; END; END LOOP; END});
foreach my $case (sort keys %endless)
{
	set_timeout('300ms');
	as('mallory', qq{SELECT dynamo.create_table('Endless', 'k S'); SELECT dynamo.put_item('Endless', '{"k": {"S": "1"}, "g": {"S": "x"}}');
		CREATE FUNCTION mallory.endless() RETURNS boolean LANGUAGE plpgsql AS \$\$ $endless{$case} \$\$;
		ALTER TABLE mallory."Endless" ADD CONSTRAINT endless CHECK (mallory.endless()) NOT VALID;
		SELECT dynamo.create_table('Other', 'k S'); SELECT dynamo.put_item('Other', '{"k": {"S": "1"}, "g": {"S": "x"}}')});
	create_index('mallory', 'Endless');
	ok(until_is(q{SELECT attempts > 0 AND error ~ 'statement timeout|backfill_batch_timeout' FROM dynamo.stat_progress_index}), "$case: a failure");
	create_index('mallory', 'Other');
	ok(until_is(q{SELECT array_agg(table_name::text) = '{Endless}' FROM dynamo.stat_progress_index}), "$case: another index is made");
	set_timeout('30s');
	delete_index('mallory', 'Endless');
	is_ready("$case: deleted");
	as('mallory', 'DROP TABLE mallory."Endless", mallory."Other"; DROP FUNCTION mallory.endless()');
}
like(slurp_file($node->logfile), qr/cancel is caught/, 'the cancel was caught');

$reader->quit;
$node->stop;
done_testing();
