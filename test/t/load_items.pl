# Large loads: their memory does not grow with the number of items; one that is
# cancelled, or in whose middle the server is killed, leaves the table as it was.
#
# DYNAMO_LOAD_ITEMS: how many (100000).
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ServerProcesses;
use Test::More;

my $items = $ENV{DYNAMO_LOAD_ITEMS} // 100_000;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf',
	"restart_after_crash = off\nshared_buffers = 8MB\nmaintenance_work_mem = 4MB\nwork_mem = 4MB\nlog_statement = none\n"
	  . "max_parallel_workers_per_gather = 0\nlog_temp_files = 0");
$node->start;
my $has_amcheck = $node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'");

# Documents of half a kB in no order, made as they are read.
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION dynamo;
SELECT dynamo.create_table('load_items', 'pk S', 'sk N');
CREATE FUNCTION documents(n int, v text) RETURNS text LANGUAGE sql AS $$
    SELECT format($q$SELECT jsonb_build_object('pk', 'p' || (i::bigint * 7919 %% %1$s) / 10, 'sk', i::bigint * 7919 %% %1$s %% 10, 'v', %2$L,
            'note', (SELECT string_agg(md5((i * 20 + j)::text), '') FROM generate_series(1, 15) j))
        FROM generate_series(1, %1$s) i$q$, n, v)$$;
-- Most memory that the process has had so far, in kB.
CREATE FUNCTION peak() RETURNS bigint LANGUAGE sql AS
    $$SELECT substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s+(\d+)')::bigint$$;
SQL

sub contents
{
	return $node->safe_psql('postgres',
		"SELECT string_agg(v || ' ' || n, ', ' ORDER BY v) FROM (SELECT item ->> 'v', count(*) FROM dynamodb.load_items GROUP BY 1) x(v, n)");
}

sub is_sound
{
	my ($when) = @_;
	is($node->safe_psql('postgres', "SELECT * FROM dynamo.check_table('load_items')"), '', "$when: items and columns agree");
	return unless $has_amcheck;
	is( $node->safe_psql('postgres', "SET client_min_messages = error; CREATE EXTENSION IF NOT EXISTS amcheck;
			SELECT bt_index_check('dynamodb.load_items_pkey', true)"), '', "$when: the index is sound");
}

# ---- memory ----

my $start = -s $node->logfile;
my ($before, $small, $large) = split /\n/, $node->safe_psql('postgres', <<SQL);
SET jit = off;
SELECT count(*) FROM dynamo.load_items('load_items', documents($items / 10, 'warm'), 'skip') \\gset
SELECT count(*) FROM dynamo.load_items('load_items', documents($items / 10, 'warm'), 'replace') \\gset
SELECT peak();
TRUNCATE dynamodb.load_items;
SELECT count(*) FROM dynamo.load_items('load_items', documents($items / 10, 'small')) \\gset
SELECT peak();
TRUNCATE dynamodb.load_items;
SELECT count(*) FROM dynamo.load_items('load_items', documents($items, 'first')) \\gset
SELECT peak();
SQL
cmp_ok($large - $before, '<', $items * 0.5 / 4, "memory grows from $before over $small to $large kB, less than a quarter of the items");
like(slurp_file($node->logfile, $start), qr/temporary file: path/, 'the items were sorted on disk');
unlike(slurp_file($node->logfile, $start), qr/WARNING/, 'nothing is leaked');
is(contents(), "first $items", 'all items are there');
is_sound('loaded');

# ---- interrupted ----

# A closed gate holds up the query at its end, or the index entry of one item.
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION gate(state text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF state = 'closed' THEN
        PERFORM pg_advisory_xact_lock(1);
    END IF;
    RETURN true;
END$$;
CREATE INDEX load_items_gate ON dynamodb.load_items (gate(item ->> 'gate'));
CREATE FUNCTION gated(n int, key int) RETURNS text LANGUAGE sql AS $$
    SELECT format($q$SELECT CASE WHEN doc ->> 'pk' = 'p%s' AND doc -> 'sk' = '%s' THEN doc || '{"gate": "closed"}' ELSE doc END FROM (%s) x(doc)$q$,
        key / 10, key % 10, documents(n, 'second'))$$;
SQL
my $gatekeeper = $node->background_psql('postgres');
$gatekeeper->query_safe('SELECT pg_advisory_lock(1)');

# Starts a load, and waits until it stands at the gate.
sub start_load
{
	my ($mode, $query, $phase) = @_;
	my %load = (err => '');
	$load{psql} = IPC::Run::start([ 'psql', '-XAtq', '-h', $node->host, '-p', $node->port, '-d', 'postgres',
			'-c', "SELECT * FROM dynamo.load_items('load_items', $query, '$mode')" ], '<', \undef, '>', \$load{out}, '2>', \$load{err});
	$node->poll_query_until('postgres', "SELECT EXISTS (SELECT FROM dynamo.stat_progress_load JOIN pg_stat_activity USING (pid) WHERE wait_event = 'advisory')")
	  or die "the load does not come to the gate: $load{err}";
	is($node->safe_psql('postgres', "SELECT phase, items_loaded + items_skipped + items_replaced > $items / 10 FROM dynamo.stat_progress_load"),
		$phase, "$mode: it is $phase");
	return \%load;
}

my $reading  = q{$$SELECT jsonb_build_object('pk', 'x', 'sk', i) FROM generate_series(1, } . $items . q{) i WHERE i < } . $items . q{ OR gate('closed')$$};
my $skipping = "gated(2 * $items, 3 * $items / 2)";
my $replacing = "gated(2 * $items, 50)";
foreach my $case ([ 'replace', $reading, 'reading|f' ], [ 'skip', $skipping, 'storing|t' ], [ 'replace', $replacing, 'storing|t' ])
{
	my $load = start_load(@$case);
	$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM dynamo.stat_progress_load');
	$load->{psql}->finish;
	like($load->{err}, qr/canceling statement due to user request/, "$case->[0], $case->[2]: cancelled");
	is(contents(), "first $items", "$case->[0], $case->[2]: the table is as it was");
}
is_sound('cancelled');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_ls_tmpdir()'), 0, 'no temporary file is left');

foreach my $case ([ 'skip', $skipping, 'storing|t' ], [ 'replace', $replacing, 'storing|t' ])
{
	my $mode = $case->[0];
	my $load = start_load(@$case);
	kill_server($node);
	$load->{psql}->finish;
	$gatekeeper->{run}->finish;
	$node->start;
	is(contents(), "first $items", "$mode, killed: the table is as it was");
	is_sound("$mode, killed");
	$gatekeeper = $node->background_psql('postgres');
	$gatekeeper->query_safe('SELECT pg_advisory_lock(1)');
}
$gatekeeper->quit;

my $second = $items / 2;
is($node->safe_psql('postgres', "SELECT * FROM dynamo.load_items('load_items', documents($second, 'third'), 'replace')"),
	"0|0|$second", 'another load replaces half of the items');
is(contents(), "first $second, third $second", 'and they are there');
is_sound('replaced');

$node->stop;
done_testing();
