# Scans of more pages than there are buffers, with and without pages asked for ahead
# of time: the same items. And what a scan leaves behind: entries of dead rows are
# marked in the index, so that the next one passes over them.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('scan');
$node->init;
$node->append_conf('postgresql.conf', "shared_buffers = 512kB\nautovacuum = off\nfsync = off\nmax_connections = 10\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION dynamo;
	CREATE EXTENSION pageinspect;
	SELECT dynamo.create_table('Pages', 'Id S', 'Part N');
	INSERT INTO dynamodb."Pages" (item)
	SELECT jsonb_build_object('Id', 'id' || i % 20, 'Part', i / 20, 'x', repeat(md5(i::text), 20))::dynamo.item
	  FROM generate_series(0, 9999) i ORDER BY md5(i::text);
	SELECT dynamo.create_table('Queue', 'Id S', 'Part N');
	INSERT INTO dynamodb."Queue" (item) SELECT jsonb_build_object('Id', 'q', 'Part', i)::dynamo.item FROM generate_series(1, 100) i;
});

# what is read of the items, in a digest
my $all = q{SELECT count(*), md5(string_agg(i::text, '')) FROM};
my %reads = (
	'a collection' => qq{$all dynamo.query('Pages', '"Id" = :p', expression_attribute_values => '{":p":{"S":"id7"}}') i},
	'backwards' => qq{$all dynamo.query('Pages', '"Id" = :p', expression_attribute_values => '{":p":{"S":"id7"}}', scan_index_forward => false) i},
	'the first few' => qq{$all dynamo.query('Pages', '"Id" = :p', expression_attribute_values => '{":p":{"S":"id7"}}', max_items => 30) i},
	'all' => qq{$all dynamo.scan('Pages') i},
	'segments' => qq{$all generate_series(0, 7) s, LATERAL json_array_elements(
		dynamo.call('Scan', json_build_object('TableName', 'Pages', 'Segment', s, 'TotalSegments', 8, 'Limit', 500)) -> 'Items') i},
);
s/"Id" = :p/Id = :p/ foreach values %reads;
my $most = $node->safe_psql('postgres', q{SELECT least(max_val::int, 100) FROM pg_settings WHERE name = 'effective_io_concurrency'});
foreach my $read (sort keys %reads)
{
	my $expected = $node->safe_psql('postgres', "SET effective_io_concurrency = 0; $reads{$read}");
	my ($count) = $expected =~ /^(\d+)/;

	cmp_ok($count, '>=', 30, "$read: something is read");
	foreach my $concurrency (grep { $_ <= $most } 1, 5, 100)
	{
		is($node->safe_psql('postgres', "SET effective_io_concurrency = $concurrency; $reads{$read}"),
			$expected, "$read: the same with $concurrency page(s) ahead");
	}
}
like($node->safe_psql('postgres', $reads{'all'}), qr/^10000\|/, 'all items are found');

# a queue whose first rows are gone
my $dead = q{SELECT count(*) FROM bt_page_items('dynamodb."Queue_pkey"', 1) WHERE dead};
$node->safe_psql('postgres', q{DELETE FROM dynamodb."Queue" WHERE "Part" <= 60});
is($node->safe_psql('postgres', $dead), 0, 'no entry is marked before a scan');
my $count = q{SELECT dynamo.call('Query', '{"TableName":"Queue","KeyConditionExpression":"Id = :q","ExpressionAttributeValues":{":q":{"S":"q"}},"Select":"COUNT"}')};
is($node->safe_psql('postgres', $count), '{"Count":40,"ScannedCount":40}', 'a scan passes over the dead');
is($node->safe_psql('postgres', $dead), 60, 'and marks their entries');
is($node->safe_psql('postgres', $count), '{"Count":40,"ScannedCount":40}', 'the next one has the same result');
$node->safe_psql('postgres', q{DELETE FROM dynamodb."Queue" WHERE "Part" % 3 = 0});
is($node->safe_psql('postgres', $count), '{"Count":27,"ScannedCount":27}', 'so it does over dead ones between others');
is($node->safe_psql('postgres', $dead), 73, 'and marks these alone');
is($node->safe_psql('postgres', q{SELECT count(*) FROM (SELECT dynamo.query('Queue', 'Id = :q', expression_attribute_values => '{":q":{"S":"q"}}')) x}),
	27, 'read as they are asked for, the same');

# rows that VACUUM has found visible to everybody, some by way of a redirection
$node->safe_psql('postgres', q{
	SELECT dynamo.create_table('Calm', 'Id S', 'Part N');
	ALTER TABLE dynamodb."Calm" SET (fillfactor = 50);
	INSERT INTO dynamodb."Calm" (item) SELECT jsonb_build_object('Id', 'c', 'Part', i, 'n', 0)::dynamo.item FROM generate_series(1, 100) i;
	UPDATE dynamodb."Calm" SET item = (item::jsonb || '{"n": 1}')::dynamo.item WHERE "Part" % 2 = 0;
	DELETE FROM dynamodb."Calm" WHERE "Part" % 5 = 0;
	VACUUM dynamodb."Calm";
});
my $page = q{FROM generate_series(0, pg_relation_size('dynamodb."Calm"') / 8192 - 1) p, get_raw_page('dynamodb."Calm"', p::int) r};
is($node->safe_psql('postgres', qq{SELECT bool_and(flags & 4 > 0) $page, page_header(r)}), 't', 'all pages are all visible');
is($node->safe_psql('postgres', qq{SELECT count(*) $page, heap_page_items(r) WHERE lp_flags = 2}), 40, 'with redirections');
my $calm = q{SELECT count(*), sum((i -> 'n')::text::int), md5(string_agg(i::text, '')) FROM};
my $calm_query = q{dynamo.query('Calm', 'Id = :c', expression_attribute_values => '{":c":{"S":"c"}}') i};
my $calm_rows = q{(SELECT item AS i FROM dynamodb."Calm" ORDER BY "Part") x};
is($node->safe_psql('postgres', "$calm $calm_query"), $node->safe_psql('postgres', "$calm $calm_rows"), 'the rows are found');
like($node->safe_psql('postgres', "$calm $calm_query"), qr/^80\|40\|/, 'the latest of each');
$node->safe_psql('postgres', q{UPDATE dynamodb."Calm" SET item = (item::jsonb || '{"n": 2}')::dynamo.item WHERE "Part" = 1; DELETE FROM dynamodb."Calm" WHERE "Part" = 2});
is($node->safe_psql('postgres', "$calm $calm_query"), $node->safe_psql('postgres', "$calm $calm_rows"), 'and changes of them seen');

$node->stop;
done_testing();
