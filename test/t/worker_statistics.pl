# What is counted of requests by SQL, without an endpoint, and of requests that
# name several tables.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('statistics');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'dynamo'\n");
$node->start;

sub sql { return $node->safe_psql('postgres', $_[0]) }

# What stands in the view of a table after these statements: operation by operation.
sub counted
{
	my ($statements, $table) = @_;
	sql('SELECT dynamo.reset_request_statistics()');
	$node->psql('postgres', $_) for @$statements;
	return sql("SELECT operation, succeeded, condition_failures, conflicts, denied, client_errors, server_errors, consumed_units
		FROM dynamo.stat_operations WHERE table_name = '$table' AND requests > 0 ORDER BY operation COLLATE \"C\"");
}

sql(q{
	CREATE EXTENSION dynamo;
	SELECT dynamo.create_table('Aaa', 'k S');
	SELECT dynamo.create_table('Bbb', 'k S');
	SELECT dynamo.put_item('Aaa', jsonb_build_object('k', i::text, 'pad', repeat('x', 1500))::dynamo.item) FROM generate_series(1, 9) i});

is(counted([
	q{SELECT dynamo.put_item('Aaa', '{"k": {"S": "1"}}')},
	q{SELECT dynamo.put_item('Aaa', '{"k": {"S": "1"}}', 'attribute_not_exists(k)')},
	q{SELECT dynamo.put_item('Aaa', '{"q": {"S": "1"}}')},
	q{SELECT dynamo.get_item('Aaa', '{"k": {"S": "2"}}')},
	q{SELECT dynamo.call('GetItem', '{"TableName": "Aaa", "Key": {"k": {"S": "2"}}, "ConsistentRead": true}')},
], 'Aaa'), "GetItem|2|0|0|0|0|0|1.5\nPutItem|1|1|0|0|1|0|2", 'single items');

is(counted([
	q{SELECT count(*) FROM dynamo.scan('Aaa')},
	q{SELECT dynamo.scan('Aaa') LIMIT 1},
	q{SELECT dynamo.scan('Aaa', 'wrong expression')},
	q{SELECT dynamo.query('Aaa', 'k = :k', expression_attribute_values => '{":k": {"S": "3"}}')},
], 'Aaa'), "Query|1|0|0|0|0|0|0.5\nScan|2|0|0|0|1|0|2", 'sets');

my $arn = 'arn:aws:dynamodb:us-east-1:000000000000:table';
is(counted([
	qq{SELECT dynamo.call('ListTagsOfResource', '{"ResourceArn": "$arn/Aaa"}')},
	qq{SELECT dynamo.call('ListTagsOfResource', '{"ResourceArn": "$arn/Bbb"}')},
	qq{SELECT dynamo.call('UntagResource', '{"ResourceArn": "$arn/Aaa", "TagKeys": []}')},
	qq{SELECT dynamo.call('GetResourcePolicy', '{"ResourceArn": "$arn/Aaa"}')},
], 'Aaa'), "GetResourcePolicy|0|0|0|0|1|0|0\nListTagsOfResource|1|0|0|0|0|0|0", 'by ARN');

my $write = q{SELECT dynamo.call('BatchWriteItem', '{"RequestItems": {
	"Aaa": [{"PutRequest": {"Item": {"k": {"S": "1"}}}}, {"DeleteRequest": {"Key": {"k": {"S": "2"}}}}],
	"Bbb": [{"PutRequest": {"Item": {"k": {"S": "1"}}}}]}}')};
my $read = q{SELECT dynamo.call('BatchGetItem', '{"RequestItems": {
	"Aaa": {"Keys": [{"k": {"S": "1"}}, {"k": {"S": "3"}}]}, "Bbb": {"Keys": [{"k": {"S": "1"}}]}}}')};
is(counted([ $write, $read ], 'Aaa'), "BatchGetItem|1|0|0|0|0|0|1\nBatchWriteItem|1|0|0|0|0|0|3", 'batches, one table');
is(counted([ $write, $read ], 'Bbb'), "BatchGetItem|1|0|0|0|0|0|0.5\nBatchWriteItem|1|0|0|0|0|0|1", 'and the other');

my $transaction = sub {
	my ($condition) = @_;
	return qq{SELECT dynamo.call('TransactWriteItems', '{"TransactItems": [
		{"Put": {"TableName": "Aaa", "Item": {"k": {"S": "1"}}}},
		{"ConditionCheck": {"TableName": "Bbb", "Key": {"k": {"S": "1"}}, "ConditionExpression": "$condition"}}]}')};
};
my $transact_get = q{SELECT dynamo.call('TransactGetItems', '{"TransactItems": [
	{"Get": {"TableName": "Aaa", "Key": {"k": {"S": "1"}}}}, {"Get": {"TableName": "Bbb", "Key": {"k": {"S": "1"}}}}]}')};
my @transactions = ($transaction->('attribute_exists(k)'), $transaction->('attribute_not_exists(k)'), $transact_get);
is(counted(\@transactions, $_), "TransactGetItems|1|0|0|0|0|0|2\nTransactWriteItems|1|1|0|0|0|0|2", "transactions, table $_")
  for qw(Aaa Bbb);

is(counted([
	q{SELECT dynamo.get_item('Missing', '{"k": {"S": "1"}}')},
	$read =~ s/"Bbb"/"Missing"/r,
	q{SELECT dynamo.call('ListTables', '{}')},
	q{SELECT dynamo.call('Invented', '{}')},
	q{SELECT dynamo.get_item('bad name', '{"k": {"S": "1"}}')},
], ''), "(unknown)|0|0|0|0|1|0|0\nBatchGetItem|0|0|0|0|1|0|0\nGetItem|0|0|0|0|2|0|0\nListTables|1|0|0|0|0|0|0", 'requests of no table');

# A request inside of a request: a trigger that makes another one.
sql(q{
	CREATE FUNCTION copy() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		BEGIN
			PERFORM dynamo.put_item('Bbb', '{"k": {"S": "1"}}', 'attribute_not_exists(k)');
		EXCEPTION WHEN SQLSTATE 'ND003' THEN NULL;
		END;
		RETURN NULL;
	END $$;
	CREATE TRIGGER copy AFTER INSERT ON dynamodb."Aaa" FOR EACH ROW EXECUTE FUNCTION copy()});
my $outer = q{SELECT dynamo.put_item('Aaa', '{"k": {"S": "new"}}')};
is(counted([ $outer ], 'Bbb'), 'PutItem|0|1|0|0|0|0|0', 'a request within another');
is(sql(q{SELECT succeeded, consumed_units FROM dynamo.stat_operations WHERE table_name = 'Aaa' AND operation = 'PutItem'}), '1|1', 'and that other');

# Tables of one name are told apart by schema, and databases by themselves.
sql(q{SET dynamo.schema = other; SELECT dynamo.create_table('Aaa', 'k S')});
is(sql(q{SELECT schema_name, operation FROM dynamo.stat_operations WHERE table_name = 'Aaa' AND schema_name = 'other'}), 'other|CreateTable', 'schemas');
$node->safe_psql('template1', 'CREATE EXTENSION dynamo');
is($node->safe_psql('template1', 'SELECT count(*) FROM dynamo.stat_tables'), 0, 'databases');

$node->stop;
done_testing();
