# kill -9 of the whole server under a mixed write load: afterwards every write that
# was acknowledged is there, and nothing is there that was not at least asked for.
#
# DYNAMO_CRASH_ROUNDS: how often (2); DYNAMO_CRASH_SECONDS: after how long (3).
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ServerProcesses;
use Test::More;

my $rounds  = $ENV{DYNAMO_CRASH_ROUNDS}  // 2;
my $seconds = $ENV{DYNAMO_CRASH_SECONDS} // 3;
my $clients = 6;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = off\ncheckpoint_timeout = 30s\nmax_wal_size = 64MB");
$node->start;

# A client's steps are numbered, and what its items are after n of them depends on
# n alone: each step puts an item, every third one updates, every fifth deletes,
# every seventh puts a large item.  Each is one transaction.
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION dynamo;
SELECT dynamo.create_table(t, 'client S', 'step N')
FROM unnest(ARRAY['crash_direct', 'crash_sql', 'crash_expected']) t;
ALTER TABLE dynamodb.crash_sql ADD CHECK (client <> '');
CREATE FUNCTION item(client int, step int, v text) RETURNS dynamo.item LANGUAGE sql AS
    $$SELECT format('{"client": {"S": "c%s"}, "step": {"N": "%s"}, "v": {"S": "%s"}}', client, step, v)::dynamo.item$$;
CREATE FUNCTION key(client int, step int) RETURNS dynamo.item LANGUAGE sql AS
    $$SELECT format('{"client": {"S": "c%s"}, "step": {"N": "%s"}}', client, step)::dynamo.item$$;
CREATE FUNCTION step(t text, client int, step int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dynamo.put_item(t, item(client, step, CASE WHEN step % 7 = 0
        THEN (SELECT string_agg(md5((step + i)::text), '') FROM generate_series(1, 300) i) ELSE 'put' END));
    IF step % 3 = 0 THEN
        PERFORM dynamo.update_item(t, key(client, step / 2), 'SET v = :v', expression_attribute_values => '{":v": {"S": "updated"}}');
    END IF;
    IF step % 5 = 0 THEN
        PERFORM dynamo.delete_item(t, key(client, step - 2));
    END IF;
    RETURN format('done %s', step);
END$$;
SQL

# The table of a client: half of them write directly, half by SQL.
sub table_of { return $_[0] % 2 ? 'crash_sql' : 'crash_direct'; }

# Starts a client that writes a line for each step that has been acknowledged.
sub start_client
{
	my ($client, $first) = @_;
	my $base = $node->basedir . "/client$client";
	open(my $script, '>', "$base.sql") or die;
	print $script "SELECT step('" . table_of($client) . "', $client, $_);\n" for $first .. $first + 100_000;
	close $script;
	my $psql = IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-f', "$base.sql", '-h', $node->host, '-p', $node->port, '-d', 'postgres' ],
		'>', "$base.out", '2>', "$base.err");
	return { psql => $psql, out => "$base.out" };
}

my %steps = map { $_ => 0 } 1 .. $clients;
for my $round (1 .. $rounds)
{
	my %running = map { $_ => start_client($_, $steps{$_} + 1) } 1 .. $clients;
	sleep $seconds;
	kill_server($node);
	$_->{psql}->finish for values %running;
	$node->start;

	for my $client (1 .. $clients)
	{
		my $acknowledged = $steps{$client};
		$acknowledged = $1 if slurp_file($running{$client}{out}) =~ /done (\d+)\n\z/;
		my $table = table_of($client);
		cmp_ok($acknowledged, '>', $steps{$client} + 10, "round $round, client $client: steps were done");

		# The step after the last acknowledged one may have been committed as well.
		my $made = $node->safe_psql('postgres', "SELECT coalesce(max(step), 0) FROM dynamodb.$table WHERE client = 'c$client'");
		ok($made == $acknowledged || $made == $acknowledged + 1,
			"round $round, client $client: $made steps are there, $acknowledged were acknowledged");
		$node->safe_psql('postgres', "SELECT step('crash_expected', $client, i) FROM generate_series($steps{$client} + 1, $made) i");
		is( $node->safe_psql('postgres', "SELECT count(*) FROM (
				(SELECT item FROM dynamodb.$table WHERE client = 'c$client' EXCEPT SELECT item FROM dynamodb.crash_expected WHERE client = 'c$client')
				UNION ALL
				(SELECT item FROM dynamodb.crash_expected WHERE client = 'c$client' EXCEPT SELECT item FROM dynamodb.$table WHERE client = 'c$client')) x"),
			0, "round $round, client $client: its items are what its steps have made");
		$steps{$client} = $made;
	}
	is($node->safe_psql('postgres', "SELECT count(*) FROM unnest(ARRAY['crash_direct', 'crash_sql']) t, dynamo.check_table(t)"),
		0, "round $round: items and columns agree");
	is( $node->safe_psql('postgres', "SELECT count(*) FROM dynamo.scan('crash_direct')"),
		$node->safe_psql('postgres', 'SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off; SELECT count(item) FROM dynamodb.crash_direct'),
		"round $round: the index leads to every item");
	if ($node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'"))
	{
		is( $node->safe_psql('postgres', "SET client_min_messages = error; CREATE EXTENSION IF NOT EXISTS amcheck;
				SELECT bt_index_check(i, true) FROM unnest(ARRAY['dynamodb.crash_direct_pkey', 'dynamodb.crash_sql_pkey']::regclass[]) i"),
			"\n", "round $round: the indexes are sound");
		# verify_heapam() refuses other access methods, but what is there is a heap
		is( $node->safe_psql('postgres', "BEGIN; SET LOCAL allow_system_table_mods = on;
				UPDATE pg_class SET relam = (SELECT oid FROM pg_am WHERE amname = 'heap') WHERE oid IN ('dynamodb.crash_direct'::regclass, 'dynamodb.crash_sql'::regclass);
				SELECT v FROM unnest(ARRAY['dynamodb.crash_direct', 'dynamodb.crash_sql']::regclass[]) t, verify_heapam(t, check_toast => true) v;
				ROLLBACK"),
			'', "round $round: the tables are sound");
	}
}

$node->stop;
done_testing();
