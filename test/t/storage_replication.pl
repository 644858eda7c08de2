# Logical replication, as a subscriber applies it: rows arrive with their columns,
# whatever changed them, and the subscriber's contract holds for them.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->start;
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init;
$subscriber->start;
for my $node ($publisher, $subscriber)
{
	$node->safe_psql('postgres', q{
		CREATE EXTENSION dynamo;
		SELECT dynamo.create_table('Music', 'Artist S', 'N N');
		CREATE FUNCTION put(n int) RETURNS dynamo.item LANGUAGE sql AS
			$$SELECT dynamo.put_item('Music', format('{"Artist": {"S": "a%s"}, "N": {"N": "%s"}}', n % 3, n)::dynamo.item)$$});
}

my $everything = q{SELECT "Artist", "N", md5(item::text) FROM dynamodb."Music" ORDER BY 1, 2};
my $problems = q{SELECT problem FROM dynamo.check_table('Music')};

sub is_replicated
{
	my $name = shift;
	$publisher->wait_for_catchup('music');
	is($subscriber->safe_psql('postgres', $everything), $publisher->safe_psql('postgres', $everything), $name);
	is($subscriber->safe_psql('postgres', $problems), '', "$name: check_table finds nothing");
}

# The table's rows are copied, then changes follow.
$publisher->safe_psql('postgres', 'SELECT count(put(i)) FROM generate_series(1, 20) i; CREATE PUBLICATION music FOR TABLE dynamodb."Music"');
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION music CONNECTION '" . $publisher->connstr . " dbname=postgres' PUBLICATION music");
$subscriber->poll_query_until('postgres', q{SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel})
	or die 'the first copy does not end';
is_replicated('initial copy');

$publisher->safe_psql('postgres', q{
	SELECT count(put(i)) FROM generate_series(21, 40) i;
	SELECT dynamo.update_item('Music', '{"Artist": {"S": "a1"}, "N": {"N": "1"}}', 'SET x = :x', expression_attribute_values => '{":x": {"N": "5"}}');
	SELECT dynamo.delete_item('Music', '{"Artist": {"S": "a2"}, "N": {"N": "2"}}');
	UPDATE dynamodb."Music" SET item = dynamo.apply_update(item, 'SET Artist = :a', NULL, '{":a": {"S": "moved"}}') WHERE "N" = 3;
	DELETE FROM dynamodb."Music" WHERE "N" = 4});
is_replicated('operations and statements');

# An item that is kept out of line, unchanged when its row moves
$publisher->safe_psql('postgres', q{
	UPDATE dynamodb."Music" SET item = dynamo.apply_update(item, 'SET big = :b', NULL,
		jsonb_build_object(':b', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 9000) i))::dynamo.item) WHERE "N" = 5;
	ALTER TABLE dynamodb."Music" REPLICA IDENTITY FULL;
	UPDATE dynamodb."Music" SET item = item WHERE "N" = 5;
	SELECT dynamo.update_item('Music', '{"Artist": {"S": "a2"}, "N": {"N": "5"}}', 'SET x = :x', expression_attribute_values => '{":x": {"N": "5"}}')});
is_replicated('a large item, replica identity full');

# Tables whose indexes differ: key and item are published, other columns come from the item.
my $create_index = q{SET dynamo.online_index_builds = off;
	SELECT dynamo.call('UpdateTable', '{"TableName": "Music", "AttributeDefinitions": [{"AttributeName": "x", "AttributeType": "N"}],
		"GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "by_x", "KeySchema": [{"AttributeName": "x", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]}') IS NULL};
sub set_x { return $publisher->safe_psql('postgres', "SELECT dynamo.update_item('Music', format('{\"Artist\": {\"S\": \"a%s\"}, \"N\": {\"N\": \"%s\"}}', n % 3, n)::dynamo.item, 'SET x = :x', expression_attribute_values => '{\":x\": {\"N\": \"5\"}}') FROM generate_series($_[0], $_[1]) n") }
my $by_x = q{SELECT count(*) FROM dynamo.query('Music', 'x = :x', index_name => 'by_x', expression_attribute_values => '{":x": {"N": "5"}}')};
$publisher->safe_psql('postgres', q{ALTER TABLE dynamodb."Music" REPLICA IDENTITY DEFAULT; ALTER PUBLICATION music SET TABLE dynamodb."Music" ("Artist", "N", item)});
$publisher->safe_psql('postgres', $create_index);
set_x(11, 12);
is_replicated('an index at the publisher alone');
$subscriber->safe_psql('postgres', $create_index);
set_x(13, 14);
is_replicated('an index at both');
is($subscriber->safe_psql('postgres', $by_x), $publisher->safe_psql('postgres', $by_x), 'the index has the same items');

# What has no identity is refused by operations as by statements.
$publisher->safe_psql('postgres', 'ALTER TABLE dynamodb."Music" REPLICA IDENTITY NOTHING');
my ($result, $stdout, $stderr) = $publisher->psql('postgres', 'SELECT put(1)');
like($stderr, qr/does not have a replica identity and publishes updates/, 'no replica identity: updates are refused');

done_testing();
