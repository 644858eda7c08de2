# Two databases of one server, and two schemas of one database, know nothing of
# each other's tables, whatever a session of one has cached of the other.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('databases');
$node->init;
$node->start;

my %title = (one => 'first', two => 'second');
for my $database (sort keys %title)
{
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql(
		$database, qq{
		CREATE EXTENSION dynamo;
		SELECT dynamo.create_table('Music', 'Artist S');
		SELECT dynamo.put_item('Music', '{"Artist": {"S": "a"}, "Title": {"S": "$title{$database}"}}');});
}

sub title
{
	my ($database, $settings) = @_;
	return $node->safe_psql($database,
		($settings // '') . q{SELECT dynamo.get_item('Music', '{"Artist": {"S": "a"}}') ->> 'Title'});
}

is(title('one'), 'first', 'the first database has its own item');
is(title('two'), 'second', 'so has the second');

$node->safe_psql('one', q{SELECT dynamo.create_table('OnlyHere', 'Id N')});
is($node->safe_psql('two', q{SELECT string_agg(t, ',') FROM dynamo.list_tables() t}),
	'Music', 'a table of the first database is not listed in the second');
my ($status, $out, $error) =
  $node->psql('two', q{SELECT dynamo.get_item('OnlyHere', '{"Id": {"N": "1"}}')});
like($error, qr/Requested resource not found/, 'nor found there');

# The same session, another schema: the cached path to Music must not be used.
$node->safe_psql('one', q{
	SET dynamo.schema = 'other';
	SELECT dynamo.create_table('Music', 'Artist S');
	SELECT dynamo.put_item('Music', '{"Artist": {"S": "a"}, "Title": {"S": "third"}}');});
is( $node->safe_psql('one', q{
	SELECT dynamo.get_item('Music', '{"Artist": {"S": "a"}}') ->> 'Title';
	SET dynamo.schema = 'other';
	SELECT dynamo.get_item('Music', '{"Artist": {"S": "a"}}') ->> 'Title';
	RESET dynamo.schema;
	SELECT dynamo.get_item('Music', '{"Artist": {"S": "a"}}') ->> 'Title';}),
	"first\nthird\nfirst", 'dynamo.schema chooses between tables of one name');

# Dropping and restoring one leaves the other alone.
$node->safe_psql('postgres', 'DROP DATABASE one');
is(title('two'), 'second', 'the second outlives the first');
$node->safe_psql('postgres', 'CREATE DATABASE three TEMPLATE two');
$node->safe_psql('three', q{SELECT dynamo.update_item('Music', '{"Artist": {"S": "a"}}',
	'SET Title = :t', expression_attribute_values => '{":t": {"S": "copied"}}')});
is(title('three'), 'copied', 'a database made from a template works');
is(title('two'), 'second', 'and shares nothing with it');
is($node->safe_psql('three', q{SELECT count(*) FROM dynamo.check_table('Music')}), '0', 'the copy is consistent');

$node->safe_psql('two', 'DROP EXTENSION dynamo CASCADE');
is( $node->safe_psql('two', q{
	SELECT (SELECT count(*) FROM pg_proc WHERE pronamespace = 'dynamo'::regnamespace)
	     + (SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text IN ('dynamo', 'dynamodb'))
	     + (SELECT count(*) FROM pg_event_trigger WHERE evtname LIKE 'dynamo%')}),
	'0', 'the extension leaves nothing behind but the schemas');
$node->safe_psql('two', q{CREATE EXTENSION dynamo; SELECT dynamo.create_table('Music', 'Artist S');});
is(title('two'), '', 'and can be created again');

done_testing();
