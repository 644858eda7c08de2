# Settings of the server that are meant for clients do not keep workers from their work.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('worker_settings');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', q{
	max_worker_processes = 20
	dynamo.discovery_interval = 1
	statement_timeout = 1
	lock_timeout = 1
	idle_in_transaction_session_timeout = 1
	default_transaction_isolation = serializable
	default_transaction_read_only = on
	row_security = off});
my @mine = qw(statement_timeout=0 lock_timeout=0 idle_in_transaction_session_timeout=0 default_transaction_read_only=off);
push @mine, 'transaction_timeout=0' if $node->pg_version >= 17;
$ENV{PGOPTIONS} = join ' ', map { "-c $_" } @mine;
$node->start;
sub sql { return $node->safe_psql('postgres', $_[0]) }
sub until_is { return $node->poll_query_until('postgres', @_) }

if ($node->pg_version >= 17)
{
	# (that of the server holds for the start of a session too, which no option of it changes)
	sql('ALTER DATABASE postgres SET transaction_timeout = 1');
}

sql(q{CREATE EXTENSION dynamo; SELECT dynamo.create_table('Tab', 'k S');
	ALTER TABLE dynamodb."Tab" ENABLE ROW LEVEL SECURITY; ALTER TABLE dynamodb."Tab" FORCE ROW LEVEL SECURITY;
	CREATE POLICY own ON dynamodb."Tab" USING (true);
	CREATE ROLE owner; GRANT ALL ON SCHEMA dynamodb TO owner; ALTER TABLE dynamodb."Tab" OWNER TO owner;
	INSERT INTO dynamodb."Tab" (item) SELECT jsonb_build_object('k', i::text, 'g', 'g', 't', CASE WHEN i = 1 THEN 1700000000 ELSE 32503680000 END)::dynamo.item FROM generate_series(1, 1000) i});
sql(q{SELECT dynamo.call('UpdateTable', '{"TableName": "Tab", "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}}')});
ok(until_is(q{SELECT status = 'ENABLED' FROM dynamo.streams}), 'a stream begins');
sql(q{SELECT dynamo.call('UpdateTable', '{"TableName": "Tab", "AttributeDefinitions": [{"AttributeName": "g", "AttributeType": "S"}],
	"GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "by_g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]}')});
ok(until_is(q{SELECT status = 'ACTIVE' FROM dynamo.indexes WHERE name = 'by_g'}), 'an index is made');
sql(q{SELECT dynamo.update_time_to_live('Tab', 't')});
ok(until_is(q{SELECT count(*) = 999 FROM dynamodb."Tab"}), 'items expire');
ok(until_is(q{SELECT count(*) = 1 FROM dynamo.read_stream('Tab')}), 'which is in the stream');
unlike(slurp_file($node->logfile), qr/dynamo index builder, index|could not be deleted|dynamo ttl, relation/, 'nothing has failed meanwhile');
$node->stop;
done_testing();
