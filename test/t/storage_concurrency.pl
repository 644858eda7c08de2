# Many clients on few items: nothing is lost, nothing happens twice, and no error
# reaches a client that DynamoDB would not give.  Directly and by SQL, mixed with
# plain SQL on the same rows.
#
# DYNAMO_INCREMENTS: conditional increments per client (3000).
use strict;
use warnings;
use ConcurrentClients;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $increments = $ENV{DYNAMO_INCREMENTS} // 3000;
my $clients    = 8;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'max_connections = 40');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION dynamo');

# What the clients call: functions, since pgbench would take ":one" for its own.
# Whatever SQL adds to a counter or takes away by deleting it goes into a ledger.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE ledger (tab text, delta bigint);
CREATE FUNCTION one() RETURNS dynamo.item IMMUTABLE LANGUAGE sql AS $$SELECT '{":one": {"N": "1"}}'::dynamo.item$$;
CREATE FUNCTION key(k text) RETURNS dynamo.item IMMUTABLE LANGUAGE sql AS $$SELECT format('{"pk": {"S": "%s"}}', k)::dynamo.item$$;
CREATE FUNCTION counter(k text, v bigint) RETURNS dynamo.item IMMUTABLE LANGUAGE sql AS
    $$SELECT format('{"pk": {"S": "%s"}, "v": {"N": "%s"}}', k, v)::dynamo.item$$;

CREATE FUNCTION increment(t text, k text) RETURNS dynamo.item LANGUAGE sql AS
    $$SELECT dynamo.update_item(t, key(k), 'ADD v :one', 'attribute_not_exists(v) OR v >= :one', expression_attribute_values => one())$$;
-- a condition that always holds, on an item that is never absent
CREATE FUNCTION touch(t text, k text) RETURNS dynamo.item LANGUAGE sql AS
    $$SELECT dynamo.update_item(t, key(k), 'SET v = v + :one', 'attribute_exists(pk)', expression_attribute_values => one())$$;
CREATE FUNCTION remove(t text, k text) RETURNS void LANGUAGE sql AS
    $$INSERT INTO ledger SELECT t, -(dynamo.delete_item(t, key(k), return_values => 'ALL_OLD') ->> 'v')::bigint$$;
CREATE FUNCTION sql_increment(t text, k text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO dynamodb.%I AS t (item) VALUES (counter($1, 1))
        ON CONFLICT (pk) DO UPDATE SET item = counter($1, (t.item ->> ''v'')::bigint + 1)', t) USING k;
    INSERT INTO ledger VALUES (t, 1);
END$$;
CREATE FUNCTION sql_remove(t text, k text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('WITH gone AS (DELETE FROM dynamodb.%I WHERE pk = $1 RETURNING item)
        INSERT INTO ledger SELECT $2, -(item ->> ''v'')::bigint FROM gone', t) USING k, t;
END$$;
-- a lock: taken by one who finds it free, released by its owner
CREATE FUNCTION claim(t text, k text, me int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dynamo.put_item(t, counter(k, me), 'attribute_not_exists(pk)');
    INSERT INTO ledger VALUES (t || k, 1);
EXCEPTION WHEN SQLSTATE 'ND003' THEN
END$$;
CREATE FUNCTION release(t text, k text, me int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM dynamo.delete_item(t, key(k), 'v = :me', expression_attribute_values => format('{":me": {"N": "%s"}}', me)::dynamo.item);
    INSERT INTO ledger VALUES (t || k, -1);
EXCEPTION WHEN SQLSTATE 'ND003' THEN
END$$;
SQL

sub pgbench
{
	my ($what, $script, $count, @options) = @_;
	return run_clients($node, $clients, $count, $what, $script, @options);
}

sub query { return $node->safe_psql('postgres', $_[0]); }

foreach my $way ('direct', 'sql')
{
	my $t = "con_$way";
	query("SELECT dynamo.create_table('$t', 'pk S')");
	query("ALTER TABLE dynamodb.$t ADD CHECK (pk <> '')") if $way eq 'sql';
	query("SELECT dynamo.put_item('$t', counter(k, 0)) FROM unnest(ARRAY['always', 'indexed', 'rr']) k");

	# One counter, incremented by condition, by ON CONFLICT, and deleted with what it holds.
	pgbench("$way: one counter", <<"SQL", $increments);
\\set r random(1, 12)
SELECT increment('$t', 'counter');
\\if :r = 1
SELECT sql_increment('$t', 'counter');
\\elif :r = 2
SELECT remove('$t', 'counter');
\\elif :r = 3
SELECT sql_remove('$t', 'counter');
\\elif :r = 4
BEGIN;
SELECT increment('$t', 'counter');
SAVEPOINT s;
SELECT increment('$t', 'counter');
SELECT remove('$t', 'counter');
ROLLBACK TO s;
ROLLBACK;
\\endif
SQL
	is( query("SELECT coalesce((SELECT (item ->> 'v')::bigint FROM dynamodb.$t WHERE pk = 'counter'), 0)
				- (SELECT coalesce(sum(delta), 0) FROM ledger WHERE tab = '$t')"),
		$clients * $increments, "$way: every increment counts once");

	# No update is HOT here, so lookups meet the entries of dead versions; an item
	# that always exists must never be taken for absent.
	query("CREATE INDEX ${t}_v ON dynamodb.$t ((item ->> 'v'))");
	pgbench("$way: an item that is never absent", <<"SQL", $increments / 4);
SELECT touch('$t', 'indexed');
UPDATE dynamodb.$t SET item = counter('indexed', (item ->> 'v')::bigint + 1) WHERE pk = 'indexed';
SQL
	is(query("SELECT item ->> 'v' FROM dynamodb.$t WHERE pk = 'indexed'"),
		2 * $clients * int($increments / 4), "$way: every change of it counts once");
	query("DROP INDEX dynamodb.${t}_v");

	# Insertions of the same keys, each of which one client may win.
	pgbench("$way: claims", <<"SQL", $increments / 4);
\\set k random(1, 3)
SELECT claim('$t', 'lock' || :k, :client_id);
SELECT release('$t', 'lock' || :k, :client_id);
SELECT claim('$t', 'lock' || :k, :client_id);
SQL
	is( query("SELECT string_agg(format('%s %s', k, (SELECT sum(delta) FROM ledger WHERE tab = '$t' || 'lock' || k)
				- (SELECT count(*) FROM dynamodb.$t WHERE pk = 'lock' || k)), ', ' ORDER BY k) FROM generate_series(1, 3) k"),
		'1 0, 2 0, 3 0', "$way: each claim has one winner");

	# REPEATABLE READ: clients repeat what fails to serialize.
	pgbench("$way: REPEATABLE READ", <<"SQL", $increments / 10, '--max-tries=1000000');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT touch('$t', 'rr');
SELECT increment('$t', 'rr2');
COMMIT;
SQL
	is(query("SELECT string_agg(item ->> 'v', ' ') FROM dynamodb.$t WHERE pk IN ('rr', 'rr2')"),
		join(' ', ($clients * int($increments / 10)) x 2), "$way: every committed transaction counts once");

	is(query("SELECT count(*) FROM dynamo.check_table('$t')"), 0, "$way: items and columns agree");
}

$node->stop;
done_testing();
