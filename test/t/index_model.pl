# Secondary indexes against a model: several connections put, update and delete at
# random while an index comes and goes, and every index is compared with a filter
# over the table, in one snapshot; in the middle the server is killed.
#
# DYNAMO_MODEL_STEPS: steps of each connection per round (300); DYNAMO_MODEL_SEED.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $steps = $ENV{DYNAMO_MODEL_STEPS} // 300;
my $seed  = $ENV{DYNAMO_MODEL_SEED}  // time;
my $clients = 4;
note("DYNAMO_MODEL_SEED=$seed");

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'max_connections = 30');
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION dynamo;
SELECT dynamo.call('CreateTable', format('{"TableName": "%s", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"},
		{"AttributeName": "g", "AttributeType": "S"}, {"AttributeName": "n", "AttributeType": "N"}, {"AttributeName": "b", "AttributeType": "B"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
	"LocalSecondaryIndexes": [{"IndexName": "local", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}}],
	"GlobalSecondaryIndexes": [
		{"IndexName": "hash", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "KEYS_ONLY"}},
		{"IndexName": "ranged", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}},
		{"IndexName": "multi", "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}, {"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "b", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}},
		{"IndexName": "inverted", "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}, {"AttributeName": "pk", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}}]}', t)::json)
FROM unnest('{Direct,BySql}'::text[]) t;
ALTER TABLE dynamodb."BySql" ADD CHECK (pk <> 'never');

CREATE FUNCTION key() RETURNS jsonb LANGUAGE sql AS
	$$SELECT jsonb_build_object('pk', jsonb_build_object('S', 'p' || (random() * 5)::int), 'sk', jsonb_build_object('N', ((random() * 8)::int)::text))$$;
-- a value for one of the indexes' attributes; some attributes are missing
CREATE FUNCTION attributes() RETURNS jsonb LANGUAGE sql AS $$
	SELECT CASE WHEN random() < 0.7 THEN jsonb_build_object('g', jsonb_build_object('S', 'g' || (random() * 3)::int)) ELSE '{}' END
		|| CASE WHEN random() < 0.7 THEN jsonb_build_object('n', jsonb_build_object('N', ((random() * 4)::int - 2)::text)) ELSE '{}' END
		|| CASE WHEN random() < 0.7 THEN jsonb_build_object('b', jsonb_build_object('B', encode(('b' || (random() * 2)::int)::bytea, 'base64'))) ELSE '{}' END
		|| jsonb_build_object('x', jsonb_build_object('S', repeat('x', (random() * 300)::int)), 'later', jsonb_build_object('S', 'l' || (random() * 3)::int))$$;

CREATE PROCEDURE work(t text, steps int, seed float) LANGUAGE plpgsql AS $$
DECLARE
	k jsonb;
	kind int;
BEGIN
	PERFORM setseed(seed);
	COMMIT;
	FOR i IN 1 .. steps LOOP
		k := key();
		kind := (random() * 9)::int;
		IF kind <= 2 THEN
			PERFORM dynamo.put_item(t, (k || attributes())::text::dynamo.item);
		ELSIF kind = 3 THEN
			PERFORM dynamo.update_item(t, k::text::dynamo.item, 'SET g = :g REMOVE n', expression_attribute_values => format('{":g": {"S": "g%s"}}', (random() * 3)::int)::dynamo.item);
		ELSIF kind = 4 THEN
			PERFORM dynamo.update_item(t, k::text::dynamo.item, 'ADD n :n SET x = :x', expression_attribute_values => '{":n": {"N": "1"}, ":x": {"S": "y"}}');
		ELSIF kind = 5 THEN
			PERFORM dynamo.update_item(t, k::text::dynamo.item, 'SET x = :x', expression_attribute_values => format('{":x": {"S": "%s"}}', repeat('z', (random() * 500)::int))::dynamo.item);
		ELSIF kind = 6 THEN
			PERFORM dynamo.delete_item(t, k::text::dynamo.item);
		ELSIF kind = 7 THEN
			PERFORM dynamo.call('BatchWriteItem', format('{"RequestItems": {"%s": [{"PutRequest": {"Item": %s}}, {"DeleteRequest": {"Key": {"pk": {"S": "q"}, "sk": {"N": "1"}}}}]}}', t, k || attributes())::json);
		ELSIF kind = 8 THEN
			PERFORM dynamo.call('TransactWriteItems', format('{"TransactItems": [{"Put": {"TableName": "%s", "Item": %s}}, {"Update": {"TableName": "%1$s", "Key": {"pk": {"S": "t"}, "sk": {"N": "1"}}, "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}}]}', t, k || attributes())::json);
		ELSE		-- plain SQL, also with values that no index can hold
			EXECUTE format('INSERT INTO dynamodb.%I AS t (item) VALUES ($1) ON CONFLICT (pk, sk) DO UPDATE SET item = excluded.item', t)
			USING (k || CASE WHEN random() < 0.5 THEN attributes() ELSE '{"g": {"N": "1"}, "b": {"S": ""}}' END)::text::dynamo.item;
		END IF;
		COMMIT;
	END LOOP;
END$$;

-- An attribute of an item as a column of its key's type; NULL where it is no key.
CREATE FUNCTION part(attribute text, type text) RETURNS text LANGUAGE sql AS $$
	SELECT format('CASE WHEN (item -> %1$L)::jsonb IS NOT NULL AND (SELECT k FROM jsonb_object_keys(item::text::jsonb -> %1$L) k) = %2$L AND item ->> %1$L <> '''' THEN %3$s END', attribute, type,
		CASE type WHEN 'N' THEN format('(item ->> %L)::numeric', attribute) WHEN 'B' THEN format('decode(item ->> %L, ''base64'')', attribute) ELSE format('(item ->> %L) COLLATE "C"', attribute) END)$$;

-- What is wrong with the indexes of a table, in one snapshot: nothing.
CREATE FUNCTION differences(t text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	i record;
	parts text[];
	expected text[];
	found text[];
	pages text[];
	page jsonb;
	start jsonb;
BEGIN
	FOR i IN SELECT name, key_schema FROM dynamo.table_indexes WHERE relation = format('dynamodb.%I', t)::regclass AND status = 'ACTIVE' ORDER BY name LOOP
		SELECT array_agg(part(i.key_schema[n], i.key_schema[n + 1]) ORDER BY n) INTO parts FROM generate_series(1, cardinality(i.key_schema), 3) n;
		EXECUTE format('SELECT array_agg(item ->> ''pk'' || ''/'' || (item ->> ''sk'') ORDER BY %s, (item ->> ''pk'') COLLATE "C", (item ->> ''sk'')::numeric) FROM (SELECT item FROM dynamodb.%I OFFSET 0) x WHERE %s',
			array_to_string(parts, ', '), t, array_to_string(array(SELECT p || ' IS NOT NULL' FROM unnest(parts) p), ' AND ')) INTO expected;
		SELECT array_agg(item ->> 'pk' || '/' || (item ->> 'sk')) INTO found FROM dynamo.scan(t, index_name => i.name) item;
		IF found IS DISTINCT FROM expected THEN
			RETURN NEXT format('%s.%s: %s, not %s', t, i.name, found, expected);
		END IF;
		-- the same in pages
		pages := NULL;
		start := NULL;
		LOOP
			page := dynamo.call('Scan', (jsonb_build_object('TableName', t, 'IndexName', i.name, 'Limit', 7) || coalesce(jsonb_build_object('ExclusiveStartKey', start), '{}'))::json)::jsonb;
			pages := pages || array(SELECT x #>> '{pk,S}' || '/' || (x #>> '{sk,N}') FROM jsonb_array_elements(page -> 'Items') x);
			start := page -> 'LastEvaluatedKey';
			EXIT WHEN start IS NULL;
		END LOOP;
		IF coalesce(pages, '{}') IS DISTINCT FROM coalesce(expected, '{}') THEN
			RETURN NEXT format('pages of %s.%s: %s, not %s', t, i.name, pages, expected);
		END IF;
	END LOOP;
END$$;
CREATE FUNCTION queries(t text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('%s g%s %s: %s, not %s', t, g, forward, found, expected) FROM generate_series(0, 3) g, unnest('{true,false}'::bool[]) forward,
		LATERAL (SELECT array_agg(item ->> 'pk' || '/' || (item ->> 'sk')) FROM dynamo.query(t, 'g = :g', index_name => 'hash', scan_index_forward => forward, expression_attribute_values => format('{":g": {"S": "g%s"}}', g)::dynamo.item) item) f (found),
		LATERAL (SELECT CASE WHEN forward THEN array_agg(item ->> 'pk' || '/' || (item ->> 'sk') ORDER BY item ->> 'pk', (item ->> 'sk')::numeric)
			ELSE array_agg(item ->> 'pk' || '/' || (item ->> 'sk') ORDER BY item ->> 'pk' DESC, (item ->> 'sk')::numeric DESC) END FROM dynamo.scan(t) item WHERE item -> 'g' = format('{"S": "g%s"}', g)::dynamo.attribute_value) e (expected)
	WHERE found IS DISTINCT FROM expected$$;
SQL

sub start_client
{
	my ($client, $table, $round) = @_;
	my ($out, $err) = ('', '');
	my $value = sprintf('%.6f', (($seed * 31 + $client * 7 + $round * 13) % 2000 - 1000) / 1000);
	return { err => \$err, run => IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-h', $node->host, '-p', $node->port, '-d', 'postgres', '-c', "CALL work('$table', $steps, $value)" ],
		'>', \$out, '2>', \$err) };
}

sub differences
{
	my ($table) = @_;
	my ($out, $err);
	do
	{
		$node->psql('postgres', "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM differences('$table'); SELECT * FROM queries('$table'); COMMIT",
			stdout => \$out, stderr => \$err);
	} while ($err =~ /due to concurrent creation of an index/);
	return $out . $err;
}

# Creates or deletes the index `extra` over an attribute that no other one uses; a
# worker does it.
sub change_extra
{
	my ($table, $create) = @_;
	my $update = $create ?
		'"AttributeDefinitions": [{"AttributeName": "later", "AttributeType": "S"}], "GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "extra", "KeySchema": [{"AttributeName": "later", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]' :
		'"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "extra"}}]';
	$node->safe_psql('postgres', qq[SELECT dynamo.call('UpdateTable', '{"TableName": "$table", $update}')]);
}

sub wait_for_extra
{
	my ($table, $there) = @_;
	my $wanted = $there ? 'ACTIVE' : 'gone';
	$node->poll_query_until('postgres', "SELECT coalesce((SELECT status FROM dynamo.indexes WHERE table_name = '$table' AND name = 'extra'), 'gone') = '$wanted'")
		or die "the index does not become $wanted";
}

foreach my $round (1 .. 3)
{
	foreach my $table ('Direct', 'BySql')
	{
		my @running = map { start_client($_, $table, $round) } 1 .. $clients;
		my $wrong = differences($table);
		change_extra($table, 1);
		$wrong .= differences($table) if $round == 2;
		if ($round != 2)
		{
			wait_for_extra($table, 1);
			$wrong .= differences($table);
			change_extra($table, 0);
		}
		is($wrong, '', "$table, round $round: indexes agree while clients write");
		if ($round == 2)
		{
			$node->stop('immediate');
			IPC::Run::kill_kill($_->{run}) for @running;
			$node->start;
		}
		else
		{
			foreach my $client (@running)
			{
				ok($client->{run}->finish, 'a client comes to its end') or diag ${ $client->{err} };
			}
		}
		wait_for_extra($table, $round == 2);
		is(differences($table), '', "$table, round $round: indexes agree afterwards");
		is($node->safe_psql('postgres', "SELECT * FROM dynamo.check_table('$table')"), '', 'check_table finds nothing');
		cmp_ok($node->safe_psql('postgres', qq[SELECT count(*) FROM dynamodb."$table" WHERE g IS NOT NULL]), '>', 10, 'and there are items');
		next if $round != 2;
		change_extra($table, 0);
		wait_for_extra($table, 0);
	}
}
$node->stop;
done_testing();
