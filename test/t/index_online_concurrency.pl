# A global secondary index is made of many items while eight clients write them by the API and by SQL, and the server is
# killed in the middle.  DYNAMO_INDEX_ITEMS says how many (`make soak` asks for 1,000,000).
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $ITEMS = $ENV{DYNAMO_INDEX_ITEMS} // 20_000;
my $node = PostgreSQL::Test::Cluster->new('index_online_concurrency');
$node->init;
$node->append_conf('postgresql.conf', q{
	max_worker_processes = 20
	max_connections = 40
	fsync = off
	shared_buffers = 256MB
	max_wal_size = 4GB
	checkpoint_timeout = 15min
	log_statement = none
	log_lock_waits = on
	deadlock_timeout = 1s});
$node->append_conf('postgresql.conf', 'dynamo.backfill_rate = 5000') if $ITEMS < 100_000;
$node->start;

sub sql { return $node->safe_psql('postgres', $_[0]) }

sql(q{CREATE EXTENSION dynamo; SELECT dynamo.create_table('Tab', 'k N')});
sql(qq{SELECT loaded FROM dynamo.load_items('Tab', \$\$
	SELECT jsonb_build_object('k', i, 'g', 'g' || i % 100, 'v', i, 'padding', repeat('x', 100)) FROM generate_series(1, $ITEMS) i\$\$)});
sql('VACUUM ANALYZE dynamodb."Tab"');

# What writers do: by the API change a key of the index, give it another type's place by SQL, delete and put again, leave
# the key alone.
my %scripts = (
	key => q{SELECT dynamo.update_item('Tab', dynamo_key(:k), 'SET g = :g', expression_attribute_values => dynamo_values(':g', ('g' || :g)::text));},
	put => q{SELECT dynamo.put_item('Tab', jsonb_build_object('k', :k, 'g', 'g' || :g, 'v', -1)::dynamo.item);},
	keep => q{SELECT dynamo.update_item('Tab', dynamo_key(:k), 'SET v = :v', expression_attribute_values => dynamo_values(':v', :g::int));},
	sql => q{UPDATE dynamodb."Tab" SET item = (item::jsonb || jsonb_build_object('g', :g))::dynamo.item WHERE k = :k;},
	again => qq{BEGIN;\nDELETE FROM dynamodb."Tab" WHERE k = :k;\nINSERT INTO dynamodb."Tab" (item) VALUES (jsonb_build_object('k', :k, 'g', 'g' || :g)::dynamo.item) ON CONFLICT (k) DO UPDATE SET item = excluded.item;\nCOMMIT;},
	gone => q{SELECT dynamo.delete_item('Tab', dynamo_key(:k));});
sql(q{
	CREATE FUNCTION dynamo_key(k int) RETURNS dynamo.item LANGUAGE sql AS $$SELECT jsonb_build_object('k', k)::dynamo.item$$;
	CREATE FUNCTION dynamo_values(n text, v anyelement) RETURNS dynamo.item LANGUAGE sql AS $$SELECT jsonb_build_object(n, v)::dynamo.item$$;});
my $dir = PostgreSQL::Test::Utils::tempdir();
for my $name (keys %scripts)
{
	my $keys = $name eq 'again' ? $ITEMS + 1 : $ITEMS;
	append_to_file("$dir/$name.sql", "\\set k random(1, $keys)\n\\set g random(0, 99)\n" . ($scripts{$name} =~ s/':([gv])'/'#$1'/gr) . "\n");
}
# (pgbench takes :g in a string for a variable)
for my $name (qw(key keep))
{
	my $text = slurp_file("$dir/$name.sql") =~ s/SET (\w) = :(\w)/SET $1 = #$2/r;
	unlink "$dir/$name.sql";
	append_to_file("$dir/$name.sql", $text =~ s/'SET (\w) = #(\w)'/replace('SET $1 = #$2', '#', chr(58))/r =~ s/'#(\w)'/chr(58) || '$1'/r);
}

my $rounds = 0;
sub start_writers
{
	my ($seconds) = @_;
	my $prefix = "$dir/log" . ++$rounds;
	# (into a file: nobody empties a pipe meanwhile)
	my $handle = IPC::Run::start([ 'pgbench', '-n', '-c', 8, '-j', 2, '-T', $seconds, '-l', "--log-prefix=$prefix", '--max-tries=0',
		'-d', $node->connstr('postgres'), map { ('-f', "$dir/$_.sql") } sort keys %scripts ], '>', "$prefix.out", '2>&1');
	return [ $handle, "$prefix.out" ];
}

# The longest transaction that pgbench has logged, in seconds, and how many there were.
sub longest
{
	my ($max, $n) = (0, 0);
	for my $file (grep { !/out$/ } glob "$dir/log*")
	{
		for (split /\n/, slurp_file($file))
		{
			my $latency = (split)[2];
			$n++;
			$max = $latency / 1e6 if $latency =~ /^\d+$/ && $latency / 1e6 > $max;
		}
	}
	return ($max, $n);
}

my $start = time;
my $writers = start_writers(10_000);
sleep 1;
is(sql(q{SELECT dynamo.call('UpdateTable', '{"TableName": "Tab", "AttributeDefinitions": [{"AttributeName": "g", "AttributeType": "S"}],
	"GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "by_g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}}]}')::jsonb #>> '{TableDescription,TableStatus}'}),
	'UPDATING', 'the index is asked for');
ok($node->poll_query_until('postgres', 'SELECT items_processed > items_total / 2 FROM dynamo.stat_progress_index'), 'half of it is filled');
$node->stop('immediate');
eval { $writers->[0]->finish };
is(join("\n", grep { /ERROR:/ } split /\n/, slurp_file($writers->[1])), '', 'no writer has failed before');
$node->start;
my $killed = time;
while (sql('SELECT count(*) FROM dynamo.stat_progress_index') > 0)
{
	$writers = start_writers(5);
	$writers->[0]->finish;
	is(join("\n", grep { /ERROR|aborted/ } split /\n/, slurp_file($writers->[1])), '', 'no writer fails');
	last if time - $start > 3600;
}
my $ready = time;
my ($longest, $transactions) = longest();
my $waits = () = slurp_file($node->logfile) =~ /still waiting for/g;
diag(sprintf('%d items: %.1f s until the server was killed, %.1f s from then on; %d transactions of 8 writers, the longest took %.3f s; %d waits of more than 1 s for a lock',
	$ITEMS, $killed - $start, $ready - $killed, $transactions, $longest, $waits));

is(sql(q{SELECT * FROM dynamo.check_table('Tab')}), '', 'check_table() finds nothing');
is(sql(q{SELECT status FROM dynamo.indexes WHERE name = 'by_g'}) // '', 'ACTIVE', 'the index is active');
is(sql(q{
	WITH filtered AS (SELECT item ->> 'g' AS g, count(*), sum(k) FROM dynamodb."Tab" WHERE jsonb_typeof(item::jsonb -> 'g') = 'string' GROUP BY 1),
	queried AS (SELECT g.g, count(q.item), sum((q.item ->> 'k')::numeric) FROM (SELECT 'g' || i AS g FROM generate_series(0, 99) i) g,
		LATERAL (SELECT item FROM dynamo.query('Tab', 'g = :g', index_name => 'by_g', expression_attribute_values => dynamo_values(':g', g.g)) AS item) q GROUP BY 1)
	SELECT count(*) FROM filtered FULL JOIN queried USING (g, count, sum) WHERE filtered IS NULL OR queried IS NULL}), 0, 'what queries find is what a filter finds');
cmp_ok(sql(q{SELECT count(*) FROM dynamo.query('Tab', 'g = :g', index_name => 'by_g', expression_attribute_values => dynamo_values(':g', 'g7'::text))}), '>', 50, 'and that is not nothing');
$node->stop;
done_testing();
