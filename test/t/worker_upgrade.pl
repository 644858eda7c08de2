# pg_upgrade, from the version to itself: tables, settings and time to live come along, and
# no worker gets in the way of the servers that it starts.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

sub make_node
{
	my ($name) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(allows_streaming => 'logical');
	$node->append_conf('postgresql.conf', q{
		shared_preload_libraries = 'dynamo'
		dynamo.discovery_interval = 1
		max_worker_processes = 20});
	return $node;
}

my $state = q{
	SELECT count(*), md5(string_agg(item::text, '' ORDER BY k)), string_agg(DISTINCT _ttl::text, ' ') FROM dynamodb."Tab";
	SELECT name, ttl_attribute, key_schema, table_class FROM dynamo.tables ORDER BY name;
	SELECT dynamo.describe_time_to_live('Tab');
	SELECT * FROM dynamo.check_table('Tab');
	SELECT key, value FROM dynamo.table_tags;
	SELECT k FROM dynamo.query('Tab', 'k = :k', expression_attribute_values => '{":k": {"S": "5"}}') AS item, LATERAL (SELECT item ->> 'k' AS k) AS k;
	SELECT name, item_count FROM dynamo.backups};

my $old = make_node('old');
$old->start;
$old->safe_psql('postgres', q{
	CREATE EXTENSION dynamo;
	SELECT dynamo.create_table('Tab', 'k S', table_class => 'STANDARD_INFREQUENT_ACCESS');
	SELECT dynamo.update_time_to_live('Tab', 't');
	SELECT dynamo.call('TagResource', '{"ResourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/Tab", "Tags": [{"Key": "a", "Value": "b"}]}');
	INSERT INTO dynamodb."Tab" (item) SELECT jsonb_build_object('k', i::text, 't', 32503680000)::dynamo.item FROM generate_series(1, 100) i;
	SELECT dynamo.create_backup('Tab', 'before')});
my $before = $old->safe_psql('postgres', $state);
$old->append_conf('postgresql.conf', "dynamo.databases = ''");
$old->reload;
$old->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'dynamo ttl'});
$old->safe_psql('postgres', q{INSERT INTO dynamodb."Tab" (item) VALUES ('{"k": {"S": "expired"}, "t": {"N": "1700000000"}}')});
$old->append_conf('postgresql.conf', "dynamo.databases = '*'");
$old->stop;

# As pg_upgrade starts its servers.
system_or_bail('pg_ctl', '-w', '-D', $old->data_dir, '-l', $old->logfile, '-o', '-b', 'start');
is($old->safe_psql('postgres', q{SELECT pg_sleep(2)}), '', 'a server in binary upgrade mode');
is($old->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'dynamo%'}), 0, 'has no workers');
is($old->safe_psql('postgres', q{SELECT count(*) FROM dynamodb."Tab" WHERE k = 'expired'}), 1, 'nothing expires');
system_or_bail('pg_ctl', '-w', '-D', $old->data_dir, 'stop');

my $new = make_node('new');
my $bindir = $new->config_data('--bindir');
chdir ${PostgreSQL::Test::Utils::tmp_check};
command_ok([ 'pg_upgrade', '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir, '-b', $bindir, '-B', $bindir,
		'-s', $new->host, '-p', $old->port, '-P', $new->port ], 'pg_upgrade');
$new->start;
ok($new->poll_query_until('postgres', q{SELECT count(*) = 0 FROM dynamodb."Tab" WHERE k = 'expired'}), 'in the new server it expires');
is($new->safe_psql('postgres', $state), $before, 'and all else is as it was');
$new->safe_psql('postgres', q{SELECT dynamo.restore_table_from_backup('Restored', (SELECT * FROM dynamo.list_backups('Tab')))});
is($new->safe_psql('postgres', 'SELECT count(*) FROM dynamodb."Restored"'), 100, 'the backup can be restored');
$new->stop;

done_testing();
