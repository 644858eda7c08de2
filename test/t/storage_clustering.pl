# Clustering under concurrent writers, and what copies the table: a standby, logical
# decoding and replication, prepared transactions.
#
# DYNAMO_CLUSTERING_WRITES: per client (400).
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $writes  = $ENV{DYNAMO_CLUSTERING_WRITES} // 400;
my $clients = 8;
my $dir     = PostgreSQL::Test::Utils::tempdir;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 'logical');
$primary->append_conf('postgresql.conf', "max_prepared_transactions = 10\nautovacuum_naptime = 1s\n");
$primary->start;
$primary->backup('empty');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'empty', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'wal_receiver_status_interval = 1');
$standby->start;
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init;
$subscriber->start;

my $schema = q{
	CREATE EXTENSION dynamo;
	SELECT dynamo.create_table(t, 'Customer S', 'Number N') FROM unnest(ARRAY['Orders', 'Hot']) t;
	ALTER TABLE dynamodb."Orders" REPLICA IDENTITY FULL;
	CREATE FUNCTION orders(c int, n int) RETURNS dynamo.item LANGUAGE sql AS $$
		SELECT format('{"Customer": {"S": "c%s"}, "Number": {"N": "%s"}, "State": {"N": "0"}, "Note": {"S": "%s"}}', c, n, repeat(md5((c * 1000 + n)::text), 10))::dynamo.item $$};
$_->safe_psql('postgres', $schema) for $primary, $subscriber;
$primary->safe_psql('postgres', 'CREATE PUBLICATION orders FOR TABLE dynamodb."Orders"');
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION orders CONNECTION '" . $primary->connstr . " dbname=postgres' PUBLICATION orders");
$subscriber->poll_query_until('postgres', q{SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel}) or die 'no subscription';
# (of contrib, which not every server has)
my $decodes = -e $primary->config_data('--pkglibdir') . '/test_decoding.so';
$primary->safe_psql('postgres', q{SELECT pg_create_logical_replication_slot('decoded', 'test_decoding')}) if $decodes;

sub pgbench
{
	my ($script, @options) = @_;
	open(my $file, '>', "$dir/script.sql") or die;
	print $file $script;
	close $file;
	my ($out, $err);
	my $ok = IPC::Run::run([ 'pgbench', '-n', '-c', $clients, '-j', 2, '-t', $writes, @options, '-f', "$dir/script.sql",
			'-h', $primary->host, '-p', $primary->port, 'postgres' ], '>', \$out, '2>', \$err);
	diag("$out$err") unless $ok;
	return $ok;
}

# Clients that write in all ways, to 40 collections, while others vacuum.
ok( pgbench(q{
	\set c random(1, 40)
	\set n random(1, 100)
	\set m random(1, 100)
	\set way random(1, 10)
	\if :way <= 5
	SELECT dynamo.put_item('Orders', orders(:c, :n));
	\elif :way = 6
	INSERT INTO dynamodb."Orders" (item) VALUES (orders(:c, :n)) ON CONFLICT ("Customer", "Number") DO UPDATE SET item = excluded.item;
	\elif :way = 7
	UPDATE dynamodb."Orders" SET item = dynamo.apply_update(item, 'SET Note = :v', NULL, jsonb_build_object(':v', repeat('longer', :m * 3))::dynamo.item) WHERE "Customer" = 'c' || :c AND "Number" = :n;
	\elif :way = 8
	SELECT dynamo.delete_item('Orders', jsonb_build_object('Customer', 'c' || :c, 'Number', :n)::dynamo.item);
	\elif :way = 9
	INSERT INTO dynamodb."Orders" (item) VALUES (orders(:c, 1000 + :n * 100 + :m)) ON CONFLICT DO NOTHING;
	\else
	BEGIN;
	SELECT dynamo.put_item('Orders', orders(:c, :m));
	ROLLBACK;
	\endif
	}), 'no client met an error');
$primary->safe_psql('postgres', 'VACUUM dynamodb."Orders"');

my $clustering = q{SELECT items, collections, round(blocks_per_collection::numeric, 6) FROM dynamo.table_clustering('Orders')};
my $steers = q{SELECT enabled AND rows_steered > 0.5 * rows_placed AND rows_placed > 1000 FROM dynamo.table_clustering('Orders')};
my $together = q{SELECT blocks_per_collection < 0.5 * items / collections FROM dynamo.table_clustering('Orders')};
my $everything = q{SELECT md5(string_agg(item::text, ',' ORDER BY "Customer", "Number")) FROM dynamodb."Orders"};
is($primary->safe_psql('postgres', $steers), 't', 'rows are steered');
is($primary->safe_psql('postgres', $together), 't', 'collections lie together');
is($primary->safe_psql('postgres', q{SELECT count(*) FROM dynamo.check_table('Orders')}), 0, 'items and columns agree');

# A prepared transaction survives a crash, and its rows are where they were put.
$primary->safe_psql('postgres', q{
	BEGIN;
	SELECT dynamo.put_item('Orders', orders(c, 5000)) FROM generate_series(1, 40) c;
	PREPARE TRANSACTION 'kept';
	BEGIN;
	SELECT dynamo.put_item('Orders', orders(c, 6000)) FROM generate_series(1, 40) c;
	PREPARE TRANSACTION 'lost'});
$primary->stop('immediate');
$primary->start;
$primary->safe_psql('postgres', q{COMMIT PREPARED 'kept'});
$primary->safe_psql('postgres', q{ROLLBACK PREPARED 'lost'});
is($primary->safe_psql('postgres', q{SELECT "Number", count(*) FROM dynamodb."Orders" WHERE "Number" IN (5000, 6000) GROUP BY 1}),
	'5000|40', 'prepared transactions');
is($primary->safe_psql('postgres', $together), 't', 'collections lie together after a crash');

# A standby has the same pages, a subscriber the same rows on pages of its own choice.
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('flush'));
is($standby->safe_psql('postgres', $clustering), $primary->safe_psql('postgres', $clustering), 'the standby has the same pages');
is($standby->safe_psql('postgres', $everything), $primary->safe_psql('postgres', $everything), 'and rows');
$primary->wait_for_catchup('orders');
is($subscriber->safe_psql('postgres', $everything), $primary->safe_psql('postgres', $everything), 'the subscriber has the same rows');
is($subscriber->safe_psql('postgres', $steers), 't', 'and steers them');
is($subscriber->safe_psql('postgres', $together), 't', 'so that they lie together');

# What was decoded, done again, makes as many rows.
SKIP:
{
	skip 'no test_decoding', 1 unless $decodes;
	my $decoded = $primary->safe_psql('postgres', q{
		SELECT count(*) FILTER (WHERE data LIKE '%: INSERT:%') - count(*) FILTER (WHERE data LIKE '%: DELETE: %'),
		       count(*) FILTER (WHERE data LIKE '%: DELETE: (no-tuple-data)%' OR data LIKE '%: UPDATE: %' AND data NOT LIKE '%: UPDATE: old-key: %new-tuple: %')
		  FROM pg_logical_slot_get_changes('decoded', NULL, NULL, 'skip-empty-xacts', '1') WHERE data LIKE 'table dynamodb."Orders": %'});
	is($decoded, $primary->safe_psql('postgres', 'SELECT count(*) FROM dynamodb."Orders"') . '|0', 'decoded with old images');
}

# One collection that all clients write: nobody is lost, and it stays compact.
ok( pgbench(q{
	\set n random(1, 1000000000)
	SELECT dynamo.put_item('Hot', orders(1, :n));
	}), 'a hot collection');
is( $primary->safe_psql('postgres', q{SELECT items > 0.99 * } . $clients * $writes . q{, blocks_per_collection < 0.2 * items FROM dynamo.table_clustering('Hot')}),
	't|t', 'it is complete and compact');

# The switch reaches sessions that remember the table, while they write.
my $placed = q{SELECT rows_placed FROM dynamo.table_clustering('Hot')};
append_to_file("$dir/switch.sql", q{
	\set n random(1, 1000000000)
	SELECT dynamo.put_item('Hot', orders(2, :n));
	SELECT CASE WHEN pg_try_advisory_xact_lock(1) THEN dynamo.set_clustering('Hot', false) END;
	});
ok(pgbench(slurp_file("$dir/switch.sql")), 'clustering switched off by the writers');
my $before = $primary->safe_psql('postgres', $placed);
ok(pgbench(q{
	\set n random(1, 1000000000)
	SELECT dynamo.put_item('Hot', orders(2, :n));
	}), 'further writes');
is($primary->safe_psql('postgres', $placed), $before, 'choose no page');
$_->stop for $subscriber, $standby, $primary;
done_testing();
