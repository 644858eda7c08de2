# Many clients with transactions on few items, mixed with plain SQL: what two
# transactions exclude never comes true, nothing is lost, nobody sees half of one,
# and transactions alone never deadlock.  Directly and by SQL.
#
# DYNAMO_TRANSACTIONS: transactions per client and mix (300).
use strict;
use warnings;
use ConcurrentClients;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $transactions = $ENV{DYNAMO_TRANSACTIONS} // 300;
my $clients      = 8;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "max_connections = 40\ndeadlock_timeout = 10ms");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION dynamo');

$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION action(kind text, t text, k text, more jsonb) RETURNS jsonb LANGUAGE sql AS
    $$SELECT jsonb_build_object(kind, jsonb_build_object('TableName', t) ||
        CASE kind WHEN 'Put' THEN '{}' ELSE jsonb_build_object('Key', jsonb_build_object('pk', jsonb_build_object('S', k))) END || more)$$;
CREATE FUNCTION item(k text, v int) RETURNS jsonb LANGUAGE sql AS
    $$SELECT jsonb_build_object('pk', jsonb_build_object('S', k), 'v', jsonb_build_object('N', v::text))$$;
CREATE FUNCTION put(t text, k text, v int DEFAULT 1) RETURNS jsonb LANGUAGE sql AS
    $$SELECT action('Put', t, k, jsonb_build_object('Item', item(k, v)))$$;
CREATE FUNCTION del(t text, k text) RETURNS jsonb LANGUAGE sql AS $$SELECT action('Delete', t, k, '{}')$$;
CREATE FUNCTION absent(t text, k text) RETURNS jsonb LANGUAGE sql AS
    $$SELECT action('ConditionCheck', t, k, '{"ConditionExpression": "attribute_not_exists(pk)"}')$$;
CREATE FUNCTION is_one(t text, k text) RETURNS jsonb LANGUAGE sql AS
    $$SELECT action('ConditionCheck', t, k, '{"ConditionExpression": "v = :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}')$$;
CREATE FUNCTION add(t text, k text, n int) RETURNS jsonb LANGUAGE sql AS
    $$SELECT action('Update', t, k, jsonb_build_object('UpdateExpression', 'ADD v :n', 'ConditionExpression', 'v >= :min',
        'ExpressionAttributeValues', jsonb_build_object(':n', jsonb_build_object('N', n::text), ':min', jsonb_build_object('N', greatest(-n, 0)::text))))$$;
CREATE FUNCTION tx(VARIADIC actions jsonb[]) RETURNS json LANGUAGE sql AS
    $$SELECT dynamo.call('TransactWriteItems', json_build_object('TransactItems', to_json(actions)))$$;
-- cancelled or not
CREATE FUNCTION try(VARIADIC actions jsonb[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tx(VARIADIC actions);
EXCEPTION WHEN SQLSTATE 'ND010' THEN
END$$;
CREATE FUNCTION never(wrong boolean, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF wrong THEN RAISE 'seen: %', what; END IF;
END$$;
CREATE FUNCTION total(t text, n int) RETURNS bigint LANGUAGE sql AS $$
    SELECT sum((response #>> '{Item,v,N}')::int) FROM json_array_elements(dynamo.call('TransactGetItems', json_build_object('TransactItems',
        (SELECT json_agg(action('Get', t, 'account' || i, '{}')) FROM generate_series(1, n) i))) -> 'Responses') r (response)$$;
SQL

sub pgbench
{
	my ($what, $script, $count, @options) = @_;
	return run_clients($node, $clients, $count, $what, $script, @options);
}

sub query { return $node->safe_psql('postgres', $_[0]); }

foreach my $way ('direct', 'sql')
{
	my $t = "tx_$way";
	query("SELECT dynamo.create_table('$t', 'pk S')");
	query("ALTER TABLE dynamodb.$t ADD CHECK (pk <> '')") if $way eq 'sql';

	# Of two keys at most one exists: each is put only if the other is absent.
	pgbench("$way: absent items", <<"SQL", $transactions);
\\set n random(1, 2)
\\set r random(1, 8)
\\if :r = 1
SELECT try(del('$t', :n || 'a'), del('$t', :n || 'b'));
\\elif :r = 2
DELETE FROM dynamodb.$t WHERE pk = :n || 'a';
\\elif :r = 3
DELETE FROM dynamodb.$t WHERE pk = :n || 'b';
\\elif :r <= 5
SELECT try(absent('$t', :n || 'a'), put('$t', :n || 'b'));
\\else
SELECT try(put('$t', :n || 'a'), absent('$t', :n || 'b'));
\\endif
SELECT never(count(*) > 1, 'both') FROM dynamodb.$t WHERE pk IN (:n || 'a', :n || 'b');
SQL

	# The same with plain SQL that writes under the shelter of an action, in any order:
	# deadlocks end some, which are tried again.
	pgbench("$way: absent items, plain SQL", <<"SQL", $transactions / 5, '--max-tries=1000');
\\set n random(1, 2)
\\set r random(1, 6)
\\if :r = 1
SELECT try(del('$t', :n || 'a'), del('$t', :n || 'b'));
\\elif :r = 2
BEGIN;
SELECT try(del('$t', :n || 'b'));
INSERT INTO dynamodb.$t (item) VALUES (item(:n || 'a', 1)::text::dynamo.item) ON CONFLICT DO NOTHING;
COMMIT;
\\elif :r = 3
BEGIN;
DELETE FROM dynamodb.$t WHERE pk = :n || 'a';
SELECT try(absent('$t', :n || 'a'), put('$t', :n || 'b'));
COMMIT;
\\else
SELECT try(put('$t', :n || 'a'), absent('$t', :n || 'b'));
\\endif
SELECT never(count(*) > 1, 'both') FROM dynamodb.$t WHERE pk IN (:n || 'a', :n || 'b');
SQL

	# One of two stays on call: each leaves only if the other is there.
	query("SELECT tx(put('$t', 'x'), put('$t', 'y'))");
	pgbench("$way: present items", <<"SQL", $transactions);
\\set r random(1, 4)
\\if :r = 1
SELECT try(is_one('$t', 'x'), put('$t', 'y', 0));
\\elif :r = 2
SELECT try(put('$t', 'x', 0), is_one('$t', 'y'));
\\elif :r = 3
UPDATE dynamodb.$t SET item = item('x', 1)::text::dynamo.item WHERE pk = 'x';
\\else
SELECT try(put('$t', 'y', 1));
\\endif
SELECT never(sum((item ->> 'v')::int) = 0, 'nobody') FROM dynamodb.$t WHERE pk IN ('x', 'y');
SQL

	# Transfers between accounts, in any order: no deadlock, and every reader finds all the money.
	query("SELECT tx(put('$t', 'account1', 100), put('$t', 'account2', 100), put('$t', 'account3', 100))");
	pgbench("$way: transfers", <<"SQL", $transactions);
\\set from random(1, 3)
\\set to (:from + random(0, 1)) % 3 + 1
\\set n random(1, 60)
SELECT try(add('$t', 'account' || :from, -:n), add('$t', 'account' || :to, :n));
SELECT never(total('$t', 3) <> 300, 'money lost');
SQL
	is(query("SELECT total('$t', 3)"), 300, "$way: all the money is there");
	is(query("SELECT count(*) FROM dynamo.check_table('$t')"), 0, "$way: items and columns agree");
}

# One token, used by all clients at once, counts once.
query("SELECT dynamo.create_table('tx_token', 'pk S')");
query("SELECT dynamo.put_item('tx_token', '{\"pk\": {\"S\": \"a\"}, \"v\": {\"N\": \"0\"}}')");
query("CREATE FUNCTION once(token text) RETURNS json LANGUAGE sql AS
	\$\$SELECT dynamo.call('TransactWriteItems', json_build_object('ClientRequestToken', token, 'TransactItems', json_build_array(add('tx_token', 'a', 1))))\$\$");
pgbench('tokens', "\\set n random(1, 50)\nSELECT once('token' || :n);\n", $transactions);
is(query("SELECT (SELECT item ->> 'v' FROM dynamodb.tx_token)::int = (SELECT count(*) FROM dynamo.transaction_tokens)"),
	't', 'every token counts once');

$node->stop;
done_testing();
