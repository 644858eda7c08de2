# A hot standby: it serves get, query and scan, directly and by SQL, refuses every
# write with an error that says why, and takes writes once it is promoted.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->safe_psql('postgres', <<'SQL');
CREATE EXTENSION dynamo;
SELECT dynamo.create_table(t, 'pk S', 'sk N') FROM unnest(ARRAY['direct', 'sql']) t;
ALTER TABLE dynamodb.sql ADD CHECK (pk <> '');
SELECT dynamo.put_item(t, format('{"pk": {"S": "p%s"}, "sk": {"N": "%s"}, "v": {"N": "1"}}', i % 3, i)::dynamo.item)
FROM unnest(ARRAY['direct', 'sql']) t, generate_series(1, 30) i;
SELECT dynamo.put_item(t, format('{"pk": {"S": "big"}, "sk": {"N": "1"}, "v": {"S": "%s"}}',
    (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 3000) i))::dynamo.item) FROM unnest(ARRAY['direct', 'sql']) t;
SQL
$primary->safe_psql('postgres', q{SELECT dynamo.create_backup('direct', 'kept')});
$primary->backup('backup');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'wal_receiver_status_interval = 1');
$standby->start;

sub catch_up { $primary->wait_for_catchup($standby, 'replay', $primary->lsn('flush')); }
sub read_back { return $standby->safe_psql('postgres', $_[0]); }
catch_up();

foreach my $t ('direct', 'sql')
{
	my $key = q('{"pk": {"S": "p1"}, "sk": {"N": "4"}}');

	is(read_back("SELECT dynamo.get_item('$t', $key) ->> 'v'"), 1, "$t: get");
	is(read_back("SELECT length(dynamo.get_item('$t', '{\"pk\": {\"S\": \"big\"}, \"sk\": {\"N\": \"1\"}}') ->> 'v')"), 96000, "$t: get of a large item");
	is( read_back("SELECT string_agg(i ->> 'sk', ' ') FROM dynamo.query('$t', 'pk = :p AND sk > :s',
			expression_attribute_values => '{\":p\": {\"S\": \"p1\"}, \":s\": {\"N\": \"20\"}}', scan_index_forward => false) i"),
		'28 25 22', "$t: query");
	is(read_back("SELECT count(*) FROM (SELECT dynamo.scan('$t', segment => s, total_segments => 4) FROM generate_series(0, 3) s) x"),
		31, "$t: scan in segments");
	like(read_back("SELECT dynamo.call('Scan', '{\"TableName\": \"$t\", \"Limit\": 5}')"), qr/LastEvaluatedKey/, "$t: a page");

	$primary->safe_psql('postgres', "SELECT dynamo.update_item('$t', $key, 'SET v = v + v')");
	catch_up();
	is(read_back("SELECT dynamo.get_item('$t', $key) ->> 'v'"), 2, "$t: it follows");
	is(read_back("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT dynamo.get_item('$t', $key) ->> 'v'; COMMIT"), 2, "$t: under REPEATABLE READ");

	my %writes = (
		put    => "dynamo.put_item('$t', $key)",
		update => "dynamo.update_item('$t', $key, 'REMOVE v')",
		delete => "dynamo.delete_item('$t', $key)",
		call   => "dynamo.call('DeleteItem', '{\"TableName\": \"$t\", \"Key\": {\"pk\": {\"S\": \"p1\"}, \"sk\": {\"N\": \"4\"}}}')",
	);
	foreach my $write (sort keys %writes)
	{
		my ($result, $out, $err) = $standby->psql('postgres', "SELECT $writes{$write}");
		isnt($result, 0, "$t: $write is refused");
		like($err, qr/cannot execute .* during recovery/, "$t: $write: because of recovery");
	}
}
my ($result, $out, $err) = $standby->psql('postgres', "SELECT dynamo.create_table('new', 'pk S')");
like($err, qr/cannot execute .* (during recovery|in a read-only transaction)/, 'creating a table is refused');
is(read_back(q{SELECT count(*) FROM dynamo.list_backups()}), 1, 'backups are listed');
my %changes = (
	'tagging' => q{dynamo.call('TagResource', '{"ResourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/direct", "Tags": [{"Key": "a", "Value": "b"}]}')},
	'an update of a table' => q{dynamo.update_table('direct', deletion_protection_enabled => true)},
	'a backup' => q{dynamo.create_backup('direct', 'another')},
	'restoring' => q{dynamo.restore_table_from_backup('restored', (SELECT dynamo.list_backups()))},
	'deleting a backup' => q{dynamo.delete_backup((SELECT dynamo.list_backups()))});
foreach my $change (sort keys %changes)
{
	($result, $out, $err) = $standby->psql('postgres', "SELECT $changes{$change}");
	like($err, qr/cannot execute .* during recovery/, "$change is refused");
}

# an unlogged table has no rows there
$primary->safe_psql('postgres', q{SELECT dynamo.create_table('unlogged', 'pk S', 'sk N'); ALTER TABLE dynamodb.unlogged SET UNLOGGED});
catch_up();
my %reads = (
	get => q{dynamo.get_item('unlogged', '{"pk": {"S": "p"}, "sk": {"N": "4"}}')},
	query => q{dynamo.query('unlogged', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}')},
	scan => q{dynamo.scan('unlogged')},
	describe => q{dynamo.describe_table('unlogged')},
	check => q{dynamo.check_table('unlogged')});
foreach my $read (sort keys %reads)
{
	($result, $out, $err) = $standby->psql('postgres', "SELECT $reads{$read}");
	like($err, qr/cannot access temporary or unlogged relations during recovery/, "$read of an unlogged table");
}

# and as a primary of its own
$standby->promote;
foreach my $t ('direct', 'sql')
{
	is($standby->safe_psql('postgres', "SELECT dynamo.put_item('$t', '{\"pk\": {\"S\": \"p1\"}, \"sk\": {\"N\": \"4\"}}', return_values => 'ALL_OLD') ->> 'v'"),
		2, "$t: a write after promotion");
	is($standby->safe_psql('postgres', "SELECT count(*) FROM dynamo.scan('$t')"), 31, "$t: all is there");
}

$standby->stop;
$primary->stop;
done_testing();
