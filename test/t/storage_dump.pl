# pg_dump and pg_restore bring tables back: definition, items, settings, names.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump');
$node->init;
$node->start;
my $dir = PostgreSQL::Test::Utils::tempdir;

sub query { return $node->safe_psql($_[0], $_[1]) }

# All that a dump must bring back, as text.
my $everything = q{
	SELECT 'item', tableoid::regclass::text, "Artist", "SongTitle", item::text FROM dynamodb."Music"
	UNION ALL SELECT 'item', tableoid::regclass::text, g, '', item::text FROM dynamodb."Indexed"
	UNION ALL SELECT 'item', tableoid::regclass::text, "Id"::text, '', item::text FROM other."Music"
	UNION ALL SELECT 'table', schema, name, key_schema, concat_ws(' ', billing_mode, read_capacity, deletion_protection, created) FROM dynamo.tables
	UNION ALL SELECT 'backup', relation::text, name, table_name, concat_ws(' ', key_schema::text, item_count, size_bytes, created) FROM dynamo.backups
	UNION ALL SELECT 'tag', relation::text, key, value, '' FROM dynamo.table_tags
	UNION ALL SELECT 'index of a table', i::text, '', '', '' FROM dynamo.indexes i
	UNION ALL SELECT 'index', i::text, '', '', '' FROM dynamo.table_indexes i
	UNION ALL SELECT 'id', table_id::text, clustering::text, '', '' FROM dynamo.table_settings
	UNION ALL SELECT 'trigger', pg_get_triggerdef(oid), tgenabled::text, '', '' FROM pg_trigger WHERE NOT tgisinternal
	UNION ALL SELECT 'index', pg_get_indexdef(indexrelid), indisvalid::text, '', '' FROM pg_index WHERE indrelid = 'dynamodb."Music"'::regclass
	UNION ALL SELECT 'method', relname, amname, '', '' FROM pg_class c JOIN pg_am a ON a.oid = relam WHERE amname = 'dynamo'
	UNION ALL SELECT 'column', attrelid::regclass::text, attname, attstorage::text, attcollation::regcollation::text
		FROM pg_attribute WHERE attrelid IN ('dynamodb."Music"'::regclass, 'other."Music"'::regclass) AND attnum > 0
	ORDER BY 1, 2, 3, 4, 5};
my $problems = q{SELECT problem FROM dynamo.check_table('Music')};

$node->safe_psql('postgres', 'CREATE DATABASE source');
query('source', q{
	CREATE EXTENSION dynamo;
	SELECT dynamo.create_table('Music', 'Artist S', 'SongTitle S', deletion_protection_enabled := true,
		billing_mode := 'PROVISIONED', read_capacity_units := 7, write_capacity_units := 7);
	INSERT INTO dynamodb."Music" (item)
	SELECT jsonb_build_object('Artist', 'a' || i % 7, 'SongTitle', 't' || i, 'x', repeat('x', i * 50))::dynamo.item
	  FROM generate_series(1, 200) i;
	SELECT dynamo.put_item('Music', '{"Artist": {"S": "tab\tnewline\n\\\\N"}, "SongTitle": {"S": "é"}, "zero": {"S": "a\u0000b"}, "b": {"B": "AAEC"}}');
	SELECT dynamo.call('TagResource', '{"ResourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/Music",
		"Tags": [{"Key": "tab\\t", "Value": "é"}, {"Key": "empty", "Value": ""}]}');
	CREATE INDEX by_size ON dynamodb."Music" (dynamo.item_size(item));
	CREATE TABLE log (artist text);
	CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.log VALUES (NEW.item ->> ''Artist''); RETURN NEW; END';
	CREATE TRIGGER note BEFORE INSERT ON dynamodb."Music" FOR EACH ROW EXECUTE FUNCTION note();
	SELECT dynamo.create_backup('Music', 'kept');
	SELECT dynamo.call('CreateTable', '{"TableName": "Indexed", "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}, {"AttributeName": "g", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
		"LocalSecondaryIndexes": [{"IndexName": "local", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "g", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["tab\\t"]}}],
		"GlobalSecondaryIndexes": [{"IndexName": "by_g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}]}');
	INSERT INTO dynamodb."Indexed" (item) SELECT jsonb_build_object('pk', 'p' || i % 3, 'sk', i, CASE WHEN i % 2 = 0 THEN 'g' ELSE 'h' END, 'g' || i % 4)::dynamo.item FROM generate_series(1, 50) i;
	SELECT dynamo.set_clustering('Indexed', false);
	SELECT dynamo.create_backup('Indexed', 'kept-too');
	ANALYZE dynamodb."Indexed";
	SET dynamo.schema = other;
	SELECT dynamo.create_table('Music', 'Id N');
	INSERT INTO other."Music" (item) SELECT jsonb_build_object('Id', i)::dynamo.item FROM generate_series(1, 10) i;
	SELECT dynamo.create_table(repeat('Long', 30), 'item S', repeat('b', 100) || ' B');
});
my $source = query('source', $everything);
my $log = query('source', 'SELECT count(*) FROM log');

# Restores a dump into a database, if need be a new one; it must say nothing.
sub restores_quietly
{
	my ($database, $name, @command) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $database") if $node->safe_psql('postgres', "SELECT count(*) FROM pg_database WHERE datname = '$database'") == 0;
	my ($stdout, $stderr);
	my $ok = IPC::Run::run([ @command, '-h', $node->host, '-p', $node->port, '-d', $database ],
		'>', \$stdout, '2>', \$stderr);
	ok($ok, "$name: succeeds");
	is($stderr, '', "$name: says nothing");
}

# A directory, with parallel workers
$node->command_ok([ 'pg_dump', '-Fd', '-j', '4', '-f', "$dir/dump", 'source' ], 'dump in parallel');
restores_quietly('parallel', 'restore in parallel', 'pg_restore', '-j', '4', "$dir/dump");
query('parallel', 'ANALYZE dynamodb."Indexed"');
is(query('parallel', $everything), $source, 'all is back');
is(query('parallel', $problems), '', 'check_table finds nothing');
is(query('parallel', "SET dynamo.schema = other; $problems"), '', 'nor in the other schema');
is(query('parallel', 'SELECT count(*) FROM log'), $log, 'user triggers did not fire');
is(query('parallel', q{SET dynamo.schema = other; SELECT string_agg(length(t)::text, ' ' ORDER BY t) FROM dynamo.list_tables() t}),
	'120 5', 'long names are known');
is(query('parallel', q{SELECT dynamo.put_item('Music', '{"Artist": {"S": "new"}, "SongTitle": {"S": "1"}}');
	SELECT dynamo.get_item('Music', '{"Artist": {"S": "new"}, "SongTitle": {"S": "1"}}');
	SELECT count(*) FROM log WHERE artist = 'new'}),
	"\n" . '{"Artist":{"S":"new"},"SongTitle":{"S":"1"}}' . "\n1", 'the table serves, and its user trigger fires');
query('parallel', q{SELECT dynamo.restore_table_from_backup('Again', (SELECT dynamo.list_backups('Music')))});
is(query('parallel', q{SELECT count(*), md5(string_agg(item::text, '' ORDER BY "Artist", "SongTitle")) FROM dynamodb."Again"}),
	query('source', q{SELECT count(*), md5(string_agg(item::text, '' ORDER BY "Artist", "SongTitle")) FROM dynamodb."Music"}),
	'a backup in the dump can be restored');
my $by_index = q{SELECT string_agg(i #>> '{sk}', ' ') FROM dynamo.query('Indexed', 'g = :g', index_name => 'by_g', expression_attribute_values => '{":g": {"S": "g2"}}') AS q (item), LATERAL (SELECT item::jsonb) x (i)};
is(query('parallel', $by_index), query('source', $by_index), 'a secondary index is read');
like(query('parallel', $by_index), qr/^\d+( \d+)+$/, 'and has items');
is(query('parallel', $problems =~ s/Music/Indexed/r), '', 'check_table finds nothing in its table');
my ($ret, $stdout, $stderr) = $node->psql('parallel', q{SELECT dynamo.delete_table('Music')});
like($stderr, qr/deletion protection/i, 'deletion protection is back');

# A dump of the copy is the same dump
$node->command_ok([ 'pg_dump', '-f', "$dir/source.sql", 'source' ], 'dump as text');
restores_quietly('text', 'restore from text', 'psql', '-X', '-q', '-o', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/source.sql");
query('text', 'ANALYZE dynamodb."Indexed"');
is(query('text', $everything), $source, 'all is back');
$node->command_ok([ 'pg_dump', '-f', "$dir/text.sql", 'text' ], 'dump the copy');
# (but for the order of rows, which is that of the pages that items are put on)
is(join('', sort grep { !/^\\(un)?restrict/ } split(/^/, slurp_file("$dir/text.sql"))),
	join('', sort grep { !/^\\(un)?restrict/ } split(/^/, slurp_file("$dir/source.sql"))), 'a dump of the copy is the same');

# Over what is there: triggers are dropped before their tables
restores_quietly('text', 'restore over the same tables', 'pg_restore', '--clean', '--exit-on-error', "$dir/dump");
query('text', 'ANALYZE dynamodb."Indexed"');
is(query('text', $everything), $source, 'they are as they were');

# Schema first, then the data without triggers
restores_quietly('apart', 'restore of the schema', 'pg_restore', '--schema-only', "$dir/dump");
is(query('apart', $problems), '', 'an empty table is in order');
my ($out, $err);
ok(IPC::Run::run([ 'pg_restore', '--data-only', '--disable-triggers', '-j', '4', '-h', $node->host, '-p', $node->port,
	'-d', 'apart', "$dir/dump" ], '>', \$out, '2>', \$err), 'restore of the data without triggers');
is($err, '', 'says nothing');
is(query('apart', 'SELECT count(*) FROM dynamodb."Music"'), 201, 'all rows came');
is(query('apart', $problems), 'trigger "zzz_dynamo_maintain" of relation "Music" is not ENABLE ALWAYS',
	'check_table reports the trigger');
query('apart', q{ALTER TABLE dynamodb."Music" ENABLE ALWAYS TRIGGER zzz_dynamo_maintain;
	ALTER TABLE other."Music" ENABLE ALWAYS TRIGGER zzz_dynamo_maintain;
	ALTER TABLE dynamodb."Indexed" ENABLE ALWAYS TRIGGER zzz_dynamo_maintain;
	ANALYZE dynamodb."Indexed";
	ALTER TABLE other."} . substr(query('apart', q{SELECT relation FROM dynamo.table_settings WHERE full_name IS NOT NULL}), 7) .
	q{ ENABLE ALWAYS TRIGGER zzz_dynamo_maintain});
is(query('apart', $everything), $source, 'and is easily put right');

# Data into tables that have been made: what is recorded of them is the dump's
my $recorded = q{
	SELECT 'settings', s.*::text FROM dynamo.table_settings s
	UNION ALL SELECT 'tag', t.*::text FROM dynamo.table_tags t
	UNION ALL SELECT 'index', i.*::text FROM dynamo.table_indexes i
	UNION ALL SELECT 'item', item::text FROM dynamodb."Made" ORDER BY 1, 2};
foreach my $database ('maker', 'made')
{
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	query($database, q{
		CREATE EXTENSION dynamo;
		SELECT dynamo.call('CreateTable', '{"TableName": "Made", "BillingMode": "PAY_PER_REQUEST", "Tags": [{"Key": "k", "Value": "} . $database . q{"}],
			"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "g", "AttributeType": "S"}],
			"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
			"GlobalSecondaryIndexes": [{"IndexName": "by_g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}]}')});
}
query('maker', q{SELECT dynamo.update_table('Made', table_class => 'STANDARD_INFREQUENT_ACCESS');
	INSERT INTO dynamodb."Made" (item) VALUES ('{"pk": {"S": "a"}, "g": {"S": "b"}}')});
isnt(query('maker', $recorded), query('made', $recorded), 'two tables of one kind');
$node->command_ok([ 'pg_dump', '--data-only', '-f', "$dir/data.sql", 'maker' ], 'dump of data');
$node->command_ok([ 'psql', '-X', '-q', '-o', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-h', $node->host, '-p', $node->port, '-d', 'made', '-f', "$dir/data.sql" ],
	'goes into a table that is there');
is(query('made', $recorded), query('maker', $recorded), 'and what is recorded of it is replaced');
is(query('made', $problems =~ s/Music/Made/r), '', 'check_table finds nothing');

# Data that breaks the contract does not come in by this way
query('apart', q{TRUNCATE other."Music"; ALTER TABLE other."Music" DISABLE TRIGGER ALL});
($ret, $stdout, $stderr) = $node->psql('apart', q{INSERT INTO other."Music" VALUES (1, '{"Id": {"N": "2"}}')});
like($stderr, qr/differs from attribute Id of the item/, 'the access method checks without the trigger');

# One table alone has the default settings
$node->command_ok([ 'pg_dump', '-Fc', '-t', 'dynamodb."Music"', '-f', "$dir/one", 'source' ], 'dump of one table');
$node->safe_psql('postgres', 'CREATE DATABASE one');
query('one', q{CREATE EXTENSION dynamo; CREATE SCHEMA dynamodb;
	CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'});
$node->command_ok([ 'pg_restore', '-h', $node->host, '-p', $node->port, '-d', 'one', "$dir/one" ], 'restore of one table');
is(query('one', $problems), '', 'the table is in order');
is(query('one', q{SELECT billing_mode, deletion_protection FROM dynamo.tables}), 'PAY_PER_REQUEST|f', 'with default settings');

# The extension and the database go cleanly
is($node->psql('one', 'DROP EXTENSION dynamo'), 3, 'tables hold the extension');
query('one', 'SET client_min_messages = warning; DROP EXTENSION dynamo CASCADE');
is(query('one', q{SELECT count(*) FROM pg_class WHERE relname = 'Music'}), 0, 'which takes them with it by CASCADE');
is(query('one', q{SELECT count(*) FROM pg_event_trigger}), 0, 'and its event triggers');
query('one', 'CREATE TABLE x (a int); ALTER TABLE x ADD b int; DROP TABLE x');
query('one', q{CREATE EXTENSION dynamo; SELECT dynamo.create_table('Music', 'Id S')});
$node->safe_psql('postgres', "DROP DATABASE $_") for qw(one apart text parallel source);

done_testing();
