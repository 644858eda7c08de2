# Indexes that are built and rebuilt concurrently while clients write have an
# entry for every row, under the root of its HOT chain.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('indexes');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum_naptime = 1s\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION dynamo;
	CREATE EXTENSION amcheck;
	SELECT dynamo.create_table('Counters', 'Id S', 'Part N');
	ALTER TABLE dynamodb."Counters" SET (fillfactor = 60);
	INSERT INTO dynamodb."Counters" (item)
	SELECT jsonb_build_object('Id', 'id' || i % 50, 'Part', i, 'Value', 0, 'x', repeat('x', 100))::dynamo.item
	  FROM generate_series(1, 1000) i;
});

my $dir = PostgreSQL::Test::Utils::tempdir;
append_to_file("$dir/write.sql", q{
\set n random(1, 1000)
\set m random(1001, 1100)
\set v random(1, 1000000)
UPDATE dynamodb."Counters" SET item = (item::jsonb || jsonb_build_object('Value', :v))::dynamo.item WHERE "Part" = :n AND "Id" = 'id' || :n % 50;
INSERT INTO dynamodb."Counters" (item) VALUES (jsonb_build_object('Id', 'more', 'Part', :m, 'Value', :v)::dynamo.item)
	ON CONFLICT ("Id", "Part") DO UPDATE SET item = excluded.item;
DELETE FROM dynamodb."Counters" WHERE "Id" = 'more' AND "Part" = :m + 1;
SELECT dynamo.update_item('Counters', jsonb_build_object('Id', 'id' || :n % 50, 'Part', :n)::dynamo.item, 'SET #v = :value',
	expression_attribute_names := '{"#v": "Value"}', expression_attribute_values := jsonb_build_object(':value', :v)::dynamo.item);
});
my $pgbench = IPC::Run::start([ 'pgbench', '-n', '-c', '4', '-T', '20', '-M', 'simple', '-f', "$dir/write.sql",
	'-h', $node->host, '-p', $node->port, 'postgres' ], '>', \my $out, '2>&1');

my $check = q{SELECT bt_index_check(indexrelid, true) FROM pg_index
	WHERE indrelid = 'dynamodb."Counters"'::regclass AND indisvalid};
for my $round (1 .. 4)
{
	$node->safe_psql('postgres', $_)
	  for 'CREATE INDEX CONCURRENTLY by_value ON dynamodb."Counters" (((item ->> \'Value\')::int))',
	  'CREATE INDEX CONCURRENTLY by_part ON dynamodb."Counters" ("Part") WHERE "Id" <> \'id7\'',
	  'REINDEX INDEX CONCURRENTLY dynamodb."Counters_pkey"',
	  'VACUUM dynamodb."Counters"',
	  'REINDEX TABLE CONCURRENTLY dynamodb."Counters"',
	  $check,
	  'DROP INDEX dynamodb.by_value',
	  'DROP INDEX CONCURRENTLY dynamodb.by_part';
	pass("round $round");
}
$node->safe_psql('postgres', 'CREATE INDEX CONCURRENTLY by_value ON dynamodb."Counters" (((item ->> \'Value\')::int))');
ok($pgbench->finish, 'no client met an error') or diag($out);
$node->safe_psql('postgres', $check);
is($node->safe_psql('postgres', q{SELECT count(*) FROM dynamo.check_table('Counters')}), 0, 'items and columns agree');
is($node->safe_psql('postgres', q{SELECT count(*) FROM dynamodb."Counters" WHERE "Id" <> 'more'}), 1000, 'no row is lost');
is($node->safe_psql('postgres', q{SET enable_seqscan = off; SET enable_bitmapscan = off;
	SELECT count(*) FROM dynamodb."Counters" WHERE (item ->> 'Value')::int >= 0 AND "Id" <> 'more'}), 1000, 'by the index neither');
$node->stop;
done_testing();
