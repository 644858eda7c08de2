# Who may have streams: by a privilege, and by a setting that switches them off.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', q{
	dynamo.stream_shards = 1
	dynamo.discovery_interval = 1
	autovacuum = off});
$node->start;
sub sql { return $node->safe_psql('postgres', @_) }
sub until_true { return $node->poll_query_until('postgres', $_[0]) }

sql(<<'SQL');
CREATE EXTENSION dynamo;
CREATE FUNCTION new_table(name text) RETURNS void LANGUAGE sql AS $$
    SELECT dynamo.call('CreateTable', json_build_object('TableName', name, 'BillingMode', 'PAY_PER_REQUEST',
        'AttributeDefinitions', '[{"AttributeName": "pk", "AttributeType": "S"}]'::json, 'KeySchema', '[{"AttributeName": "pk", "KeyType": "HASH"}]'::json,
        'StreamSpecification', '{"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"}'::json)) $$;
CREATE FUNCTION put(key text) RETURNS void LANGUAGE sql AS $$ SELECT dynamo.put_item('Tab', format('{"pk": {"S": "%s"}}', key)::dynamo.item) $$;
SELECT new_table('Tab');
CREATE ROLE app;
CREATE SCHEMA app AUTHORIZATION app;
SQL
sub stored { my ($key) = @_; return until_true("SELECT EXISTS (SELECT FROM dynamo.stream_records WHERE keys->>'pk' = '$key')") }
sub as_app { my ($query) = @_; my ($status, $out, $error) = $node->psql('postgres', "SET ROLE app; SET dynamo.schema = 'app'; $query"); return $error }
sub no_slot { return until_true(q{SELECT NOT EXISTS (SELECT FROM pg_replication_slots) AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'dynamo streams')}) }
sub reload { my ($setting) = @_; sql("ALTER SYSTEM $setting"); sql('SELECT pg_reload_conf()'); return }

ok(until_true(q{SELECT status = 'ENABLED' FROM dynamo.streams}), 'the stream is enabled');
like(slurp_file($node->logfile), qr/may keep write-ahead log without limit/, 'the log says that nothing limits its slot');
sql(q{SELECT put('one')});
ok(stored('one'), 'a record is stored');

# ---- slots of others that are called alike ----

sql(q{SELECT pg_create_logical_replication_slot('dynamo_' || oid || n, p) FROM pg_database, (VALUES ('_1', 'pgoutput'), ('_copy', 'dynamo')) s (n, p),
	LATERAL (SELECT set_config(name, setting || ', dynamo, pgoutput', false) FROM pg_settings WHERE name = 'output_plugin_libraries' UNION ALL SELECT '' LIMIT 1) l WHERE datname = current_database()});
my $pid = sql('SELECT pid FROM dynamo.stat_streams');
sql("SELECT pg_terminate_backend($pid)");
ok(until_true("SELECT pid <> $pid AND decoded IS NOT NULL FROM dynamo.stat_streams"), 'another worker begins');
is(sql('SELECT count(*) FROM pg_replication_slots'), 3, 'and leaves them alone');
sql('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active');

# ---- a privilege ----

sql('REVOKE EXECUTE ON FUNCTION dynamo.guard_stream() FROM PUBLIC');
my $error = as_app(q{SELECT new_table('Refused')});
like($error, qr/ERROR:  permission denied to enable streams/, 'whoever lacks the privilege enables none');
like($error, qr/HINT:  Whoever enables them needs EXECUTE on function dynamo.guard_stream\(\)/, 'and is told what is missing');
like(as_app(q{SELECT dynamo.create_table('Plain', 'pk S'); CREATE TRIGGER dynamo_stream BEFORE TRUNCATE ON app."Plain" EXECUTE FUNCTION dynamo.guard_stream('label', 'KEYS_ONLY', '1', 'd')}),
	qr/permission denied for function (dynamo\.)?guard_stream/, 'by CREATE TRIGGER neither');
is(sql('SELECT string_agg(table_name, \' \') FROM dynamo.streams'), 'Tab', 'there is no other stream');
sql('GRANT EXECUTE ON FUNCTION dynamo.guard_stream() TO app');
is(as_app(q{SELECT new_table('Granted'); DROP TABLE app."Granted"}), '', 'with the privilege he does');

# ---- the setting, by a reload ----

reload('SET dynamo.stream_decoding = off');
ok(no_slot(), 'streams that are switched off have neither worker nor slot');
like(slurp_file($node->logfile), qr/streams of this database are switched off/, 'the log says so');
my ($status, $out, $refused) = $node->psql('postgres', q{SELECT new_table('Refused')});
like($refused, qr/ERROR:  One or more parameter values were invalid: Streams are switched off/, 'none can be enabled');
like($refused, qr/HINT:  A superuser can allow them: dynamo.stream_decoding = on/, 'with a hint');
like(as_app('SET dynamo.stream_decoding = on'), qr/permission denied to set parameter/, 'which is not for everybody');
sql(q{SELECT put('unseen')});
is(sql(q{SELECT string_agg(keys->>'pk', ' ') FROM dynamo.read_stream('Tab')}), 'one', 'what is stored can be read');
reload('RESET dynamo.stream_decoding');
ok(until_true(q{SELECT pid IS NOT NULL AND decoded IS NOT NULL FROM dynamo.stat_streams}), 'switched on they go on');
is(sql(q{SELECT gap IS NOT NULL FROM dynamo.streams WHERE table_name = 'Tab'}), 't', 'with a gap');
sql(q{SELECT put('two')});
ok(stored('two'), 'and new records');
is(sql(q{SELECT count(*) FROM dynamo.stream_records WHERE keys->>'pk' = 'unseen'}), 0, 'and without those in between');

# ---- of a database, and while the server does not run ----

sql('ALTER DATABASE postgres SET dynamo.stream_decoding = off');
sql('SELECT pg_terminate_backend(pid) FROM dynamo.stat_streams');
ok(no_slot(), 'streams of a database are switched off');
sql('ALTER DATABASE postgres RESET dynamo.stream_decoding');
ok(until_true(q{SELECT pid IS NOT NULL AND decoded IS NOT NULL FROM dynamo.stat_streams}), 'and on');
$node->stop;
$node->append_conf('postgresql.conf', 'dynamo.stream_decoding = off');
$node->start;
ok(no_slot(), 'a slot that is left is dropped at the start');
$node->stop;
done_testing();
