# A backend's memory does not grow with the number of operations: neither within
# one transaction nor over many, directly or by SQL, and no resource is leaked
# (PostgreSQL warns of those).
#
# DYNAMO_OPERATIONS: how many of each kind (30000; make soak does up to 1,000,000).
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $operations = $ENV{DYNAMO_OPERATIONS} // 30_000;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "log_statement = none\nautovacuum_naptime = 1s\nmax_locks_per_transaction = 64");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION dynamo;
SELECT dynamo.create_table(t, 'pk S', 'sk N') FROM unnest(ARRAY['memory_direct', 'memory_sql']) t;
ALTER TABLE dynamodb.memory_sql ADD CHECK (pk <> '');
SELECT dynamo.put_item(t, format('{"pk": {"S": "p%s"}, "sk": {"N": "%s"}, "v": {"N": "0"}, "s": {"S": "%s"}}', i % 10, i, repeat('x', 200))::dynamo.item)
FROM unnest(ARRAY['memory_direct', 'memory_sql']) t, generate_series(1, 200) i;

-- Bytes of all memory contexts, and the process's private memory in kB.  Without
-- what PostgreSQL keeps of rows that a transaction has changed more than once,
-- except for an array with 8 bytes for each.
CREATE FUNCTION memory(OUT contexts bigint, OUT private bigint) LANGUAGE sql AS $$
    SELECT sum(total_bytes), substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\s+(\d+)')::bigint
    FROM pg_backend_memory_contexts WHERE name <> 'Combo CIDs'$$;

CREATE FUNCTION operate(kind text, t text, i int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    key dynamo.item := format('{"pk": {"S": "p%s"}, "sk": {"N": "%s"}}', i % 10, i % 200 + 1)::dynamo.item;
    found dynamo.item;
BEGIN
    CASE kind
        WHEN 'get' THEN
            found := dynamo.get_item(t, key);
        WHEN 'put' THEN
            PERFORM dynamo.put_item(t, format('{"pk": {"S": "p%s"}, "sk": {"N": "%s"}, "v": {"N": "%s"}}', i % 10, i % 200 + 1, i)::dynamo.item, return_values => 'ALL_OLD');
        WHEN 'update' THEN
            PERFORM dynamo.update_item(t, key, 'SET v = if_not_exists(v, :one) + :one', expression_attribute_values => '{":one": {"N": "1"}}', return_values => 'UPDATED_NEW');
        WHEN 'insert, delete' THEN
            key := format('{"pk": {"S": "new"}, "sk": {"N": "%s"}}', i)::dynamo.item;
            PERFORM dynamo.put_item(t, key, 'attribute_not_exists(pk)');
            PERFORM dynamo.delete_item(t, key, 'attribute_exists(pk)', return_values => 'ALL_OLD');
        WHEN 'failing condition' THEN
            BEGIN
                PERFORM dynamo.delete_item(t, key, 'attribute_exists(no_such_attribute)');
            EXCEPTION WHEN SQLSTATE 'ND003' THEN
            END;
        WHEN 'query' THEN
            SELECT q INTO found FROM dynamo.query(t, 'pk = :p AND sk > :s', expression_attribute_values => '{":p": {"S": "p1"}, ":s": {"N": "150"}}') q;
        WHEN 'query left early' THEN
            found := q FROM (SELECT dynamo.query(t, 'pk = :p', expression_attribute_values => '{":p": {"S": "p2"}}') AS q LIMIT 1) x;
        WHEN 'scan page' THEN
            PERFORM dynamo.call('Scan', json_build_object('TableName', t, 'Limit', 3));
    END CASE;
END$$;

-- Half of the operations in one transaction, half in small ones; the growth of
-- memory over each half, its first tenth not counted.
CREATE PROCEDURE measure(kind text, t text, n int, INOUT contexts bigint, INOUT private bigint) LANGUAGE plpgsql AS $$
DECLARE
    before record;
    after record;
BEGIN
    contexts := 0;
    private := 0;
    FOR half IN 1 .. 2 LOOP
        FOR i IN 1 .. n / 2 LOOP
            PERFORM operate(kind, t, i);
            IF half = 2 AND i % 10 = 0 THEN
                COMMIT;
            END IF;
            IF i = n / 20 THEN
                before := memory();
            END IF;
        END LOOP;
        after := memory();
        COMMIT;
        contexts := greatest(contexts, after.contexts - before.contexts);
        private := greatest(private, after.private - before.private);
    END LOOP;
END$$;
SQL

my $start = -s $node->logfile;
foreach my $way ('direct', 'sql')
{
	foreach my $kind ('get', 'put', 'update', 'insert, delete', 'failing condition', 'query', 'query left early', 'scan page')
	{
		my ($contexts, $private) = split /\|/, $node->safe_psql('postgres',
			"SET jit = off; CALL measure('$kind', 'memory_$way', $operations, 0, 0)");
		my $bytes = 300_000 + 10 * $operations;
		cmp_ok($contexts, '<', $bytes, "$way, $kind: memory contexts grow by $contexts bytes");
		cmp_ok($private, '<', 6_000 + 60 * $operations / 1024, "$way, $kind: private memory grows by $private kB");
	}
}
unlike(slurp_file($node->logfile, $start), qr/WARNING/, 'nothing is leaked');

$node->stop;
done_testing();
