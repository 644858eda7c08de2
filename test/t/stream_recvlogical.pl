# pg_recvlogical reads what the Streams API shows, into a file; and consumers that
# listen are notified.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', 'dynamo.ttl_naptime = 1');
$node->start;
sub sql { return $node->safe_psql('postgres', @_) }

# (a setting of recent minor versions)
if (sql(q{SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'}))
{
	$node->append_conf('postgresql.conf', q{output_plugin_libraries = 'pgoutput, dynamo'});
	$node->reload;
}

sql(<<'SQL');
CREATE EXTENSION dynamo;
SELECT dynamo.call('CreateTable', format('{"TableName": "%s", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"}}', t)::json)
FROM unnest(ARRAY['Tab', 'Other']) t;
SQL
ok($node->poll_query_until('postgres', q{SELECT bool_and(status = 'ENABLED') FROM dynamo.streams}), 'the streams are enabled');

my $file = $node->basedir . '/records.json';
my @pg_recvlogical = ('pg_recvlogical', '-d', $node->connstr('postgres'), '--slot', 'recv');
$node->command_ok([ @pg_recvlogical, '--create-slot', '-P', 'dynamo' ], 'a slot of its own');

my $listener = $node->background_psql('postgres', on_error_stop => 1);
$listener->query_safe('LISTEN dynamo_stream');
sql(<<'SQL');
INSERT INTO dynamodb."Tab" (item) SELECT jsonb_build_object('pk', i::text, 'text', repeat('x', i * 100))::dynamo.item FROM generate_series(1, 50) i;
UPDATE dynamodb."Tab" SET item = jsonb_build_object('pk', pk, 'n', 1.5)::dynamo.item WHERE pk::int % 5 = 0;
DELETE FROM dynamodb."Tab" WHERE pk::int % 7 = 0;
SELECT dynamo.put_item('Other', '{"pk": {"S": "other"}}');
SQL
my $end = sql('SELECT pg_current_wal_lsn()');
$node->command_ok([ @pg_recvlogical, '--start', '-f', $file, '-o', 'tables=dynamodb.Tab', '--no-loop', '--endpos', $end ], 'into a file');

my @lines = split /\n/, slurp_file($file);
ok($node->poll_query_until('postgres', q{SELECT count(*) = 67 FROM dynamo.read_stream('Tab')}), 'all is stored');
my @records = split /\n/, sql(q{
	SELECT r FROM dynamo.streams, LATERAL json_array_elements(dynamo.call('DescribeStream', json_build_object('StreamArn', arn))#>'{StreamDescription,Shards}') s,
		LATERAL json_array_elements(dynamo.call('GetRecords', json_build_object('ShardIterator', dynamo.call('GetShardIterator', json_build_object('StreamArn', arn,
			'ShardId', s->>'ShardId', 'ShardIteratorType', 'TRIM_HORIZON'))->>'ShardIterator'))->'Records') r
	WHERE table_name = 'Tab' ORDER BY r#>>'{dynamodb,SequenceNumber}'});

# Such a client has no epochs: the first eight digits differ, and with them the eventID.
sub without_epoch
{
	my ($line) = @_;
	my $record = decode_json($line);
	like(delete $record->{eventID}, qr/^[0-9a-f]{32}$/, 'eventID');
	$record->{dynamodb}->{SequenceNumber} =~ s/^\d{8}//;
	return $record;
}
is(scalar @lines, 67, 'a line per record');
is_deeply([ map { without_epoch($_) } @lines ], [ map { without_epoch($_) } @records ], 'the lines are the records');

my $notified = '';
for (1 .. 600)
{
	$notified .= $listener->query_safe('SELECT 1');
	last if $notified =~ /Other/;
	sleep(0.1);
}
like($notified, qr{notification "dynamo_stream" with payload "arn:aws:dynamodb:us-east-1:000000000000:table/Tab/stream/}, 'a listener is notified, with the ARN');
$listener->quit;

# What the worker of TTL deletes says whose deletion it is; what others delete does not.
sql(<<'SQL');
SELECT dynamo.put_item('Other', '{"pk": {"S": "deleted"}, "until": {"N": "1"}}');
SELECT dynamo.delete_item('Other', '{"pk": {"S": "deleted"}}');
SELECT dynamo.put_item('Other', jsonb_build_object('pk', 'expired', 'until', extract(epoch FROM now())::bigint - 10)::dynamo.item);
SELECT dynamo.call('UpdateTimeToLive', '{"TableName": "Other", "TimeToLiveSpecification": {"Enabled": true, "AttributeName": "until"}}');
SQL
ok($node->poll_query_until('postgres', q{SELECT count(*) = 2 FROM dynamo.read_stream('Other') WHERE event_name = 'REMOVE'}), 'an item expires');
is(sql(q{SELECT string_agg(keys->>'pk' || ' ' || expired || ' ' || (old_image IS NOT NULL), ', ' ORDER BY sequence_number) FROM dynamo.read_stream('Other') WHERE event_name = 'REMOVE'}),
	'deleted false true, expired true true', 'and its record says so');
is(sql(q{SELECT count(*) FROM dynamo.read_stream('Other')}), 5, 'that its column was filled is no change');
$node->stop;
done_testing();
