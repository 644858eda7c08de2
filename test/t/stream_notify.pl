# A listener that stays in its transaction, so that the queue of notifications fills,
# keeps no record away.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical');
plan skip_all => 'before PostgreSQL 17 the queue has 8 GB' if $node->pg_version < 17;
$node->append_conf('postgresql.conf', q{
	max_notify_queue_pages = 64
	dynamo.stream_shards = 1});
$node->start;
sub sql { return $node->safe_psql('postgres', @_) }

sql(<<'SQL');
CREATE EXTENSION dynamo;
SELECT dynamo.call('CreateTable', '{"TableName": "Tab", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"}}');
SQL

# Puts an item, and waits until its record is there.
sub is_stored
{
	my ($key, $case) = @_;
	sql(qq{SELECT dynamo.put_item('Tab', '{"pk": {"S": "$key"}}')});
	return ok($node->poll_query_until('postgres', qq{SELECT EXISTS (SELECT FROM dynamo.read_stream('Tab') WHERE keys->>'pk' = '$key')}), $case);
}

my $listener = $node->background_psql('postgres');
$listener->query_safe('LISTEN dynamo_stream');
is_stored('first', 'a record is stored');
like($listener->query_safe('SELECT 1'), qr/"dynamo_stream" with payload "arn:[^"]*Tab/, 'and its stream notified');

$listener->query_safe('BEGIN');
for (my $usage = 0; $usage < 0.95; $usage = sql('SELECT pg_notification_queue_usage()'))
{
	sql(q{SELECT pg_notify('other', repeat(i::text, 1000)) FROM generate_series(1, 5) i});
}
while (($node->psql('postgres', q{SELECT pg_notify('other', repeat('x', 7000))}))[0] == 0) { }
is_stored('second', 'a record is stored while nobody can notify anything');
$listener->query_safe('COMMIT');
is_stored('third', 'and after that');
like($listener->query_safe('SELECT 1'), qr/"dynamo_stream" with payload "arn:[^"]*Tab/, 'with a notification');
$listener->quit;
$node->stop;
done_testing();
