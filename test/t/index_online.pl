# Indexes made and deleted by the worker while others use the table: whom that waits for, who waits for it, and what
# ends it in the middle.
use strict;
use warnings;
use DynamoEndpoint;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_endpoint('index_online', q{
	dynamo.backfill_rate = 0
	max_worker_processes = 30});

sub sql { return $node->safe_psql('dynamo', $_[0]) }
sub until_is { return $node->poll_query_until('dynamo', @_) }
my $ITEMS = 3000;

# Items 0 to $ITEMS - 1; G is of the wrong type, missing or too long in some.
sub make_table
{
	my ($name) = @_;
	call_ok($node, 'CreateTable', { TableName => $name, BillingMode => 'PAY_PER_REQUEST',
		AttributeDefinitions => [ map { { AttributeName => $_->[0], AttributeType => $_->[1] } } [ k => 'S' ], [ n => 'N' ] ],
		KeySchema => [ { AttributeName => 'k', KeyType => 'HASH' }, { AttributeName => 'n', KeyType => 'RANGE' } ] });
	sql(qq{SELECT dynamo.load_items('$name', \$\$
		SELECT jsonb_strip_nulls(jsonb_build_object('k', 'k' || i % 50, 'n', i, 'M', i % 11, 'G',
			CASE i % 5 WHEN 0 THEN to_jsonb(i) WHEN 1 THEN NULL WHEN 2 THEN to_jsonb(repeat('long', 600)) ELSE to_jsonb('g' || i % 7) END))
		FROM generate_series(0, $ITEMS - 1) i\$\$)});
	sql(qq{ANALYZE dynamodb."$name"});
	return;
}

sub update_indexes
{
	my ($name, $update) = @_;
	return { TableName => $name, AttributeDefinitions => [ { AttributeName => 'G', AttributeType => 'S' }, { AttributeName => 'M', AttributeType => 'N' } ],
		GlobalSecondaryIndexUpdates => [$update] };
}

sub create_index
{
	my ($name, $index) = @_;
	return update_indexes($name, { Create => { IndexName => $index, Projection => { ProjectionType => 'ALL' },
		KeySchema => [ { AttributeName => 'G', KeyType => 'HASH' }, { AttributeName => 'M', KeyType => 'RANGE' } ] } });
}

sub delete_index { return update_indexes($_[0], { Delete => { IndexName => $_[1] } }) }
sub table { return call_ok($node, 'DescribeTable', { TableName => $_[0] })->{Table} }

sub is_refused
{
	my ($operation, $request, $type, $message, $case) = @_;
	my ($status, $reply) = call($node, $operation, $request);
	is($reply->{__type} =~ s/.*#//r, $type, $case);
	is($reply->{message} // $reply->{Message}, $message, "$case: the message");
	return;
}

sub is_active
{
	my ($name, $case) = @_;
	ok(until_is(qq{SELECT NOT EXISTS (SELECT FROM dynamo.stat_progress_index WHERE table_name = '$name')}), "$case: nothing is left to do");
	is(slurp_file($node->logfile) =~ /LOG:  (.*)\n.*dynamo index builder, index/ ? $1 : '', '', "$case: nothing has failed");
	is(table($name)->{TableStatus}, 'ACTIVE', "$case: the table is active");
	return;
}

# What each partition of the index holds, against a filter over the table.
sub is_exact
{
	my ($name, $case) = @_;
	is(sql(qq{SELECT * FROM dynamo.check_table('$name')}), '', "$case: check_table() finds nothing");
	is(sql(qq{SELECT count(*) FROM pg_index WHERE indrelid = 'dynamodb."$name"'::regclass AND NOT indisprimary AND indisvalid}), 1, "$case: one btree");
	my $expected = sql(qq{SELECT coalesce(string_agg(format('%s %s %s', item->>'G', item->>'M', n), ',' ORDER BY item->>'G' COLLATE "C", (item->>'M')::numeric, k, n), '')
		FROM dynamodb."$name" WHERE jsonb_typeof(item::jsonb->'G') = 'string' AND jsonb_typeof(item::jsonb->'M') = 'number' AND length(item->>'G') BETWEEN 1 AND 2048});
	my @found;
	for my $g (split /\n/, sql(qq{SELECT DISTINCT item->>'G' FROM dynamodb."$name" WHERE jsonb_typeof(item::jsonb->'G') = 'string' AND length(item->>'G') <= 2048 ORDER BY 1}))
	{
		my $start;
		do
		{
			my $page = call_ok($node, 'Query', { TableName => $name, IndexName => 'GSI1', KeyConditionExpression => 'G = :g', Limit => 400,
				ExpressionAttributeValues => { ':g' => { S => $g } }, $start ? (ExclusiveStartKey => $start) : () });
			push @found, map { "$_->{G}{S} $_->{M}{N} $_->{n}{N}" } @{ $page->{Items} };
			$start = $page->{LastEvaluatedKey};
		} while ($start);
	}
	ok(join(',', sort @found) eq join(',', sort split(/,/, $expected)), "$case: queries find what a filter finds")
	  or diag(scalar(@found) . ' found, ' . scalar(split(/,/, $expected)) . ' expected');
	cmp_ok(scalar(@found), '>', 500, "$case: and that is not nothing");
	return;
}

# A phase of the build that waits for this session.
sub waits_for
{
	my ($name, $phase, $psql, $case) = @_;
	my $pid = $psql->query_safe('SELECT pg_backend_pid()');
	ok(until_is(qq{SELECT (phase, waiting_for) = ('$phase', $pid) FROM dynamo.stat_progress_index WHERE table_name = '$name'}), "$case: the view shows whom it waits for")
	  or diag(sql('SELECT * FROM dynamo.stat_progress_index'));
	return;
}

# Others write meanwhile: the table's lock is theirs within seconds, however long it takes to get.
my $writes = 0;
sub others_go_on
{
	my ($name, $case) = @_;
	$writes++;
	my ($status, $out, $error) = $node->psql('dynamo', qq{
		SET lock_timeout = '60s';
		INSERT INTO dynamodb."$name" (item) SELECT jsonb_build_object('k', 'sql', 'n', i + 1000 * $writes, 'G', 'g1', 'M', i)::dynamo.item FROM generate_series(1, 20) i;
		UPDATE dynamodb."$name" SET item = (item::jsonb || '{"M": 77}')::dynamo.item WHERE k IN ('k1', 'k49') AND n <> 1;});
	is($error, '', "$case: SQL writes go on");
	call_ok($node, 'PutItem', { TableName => $name, Item => { k => { S => 'api' }, n => { N => "$writes" }, G => { S => 'g2' }, M => { N => "$_" } } }) for 1 .. 3;
	return;
}

sub session { my $psql = $node->background_psql('dynamo', on_error_stop => 1); $psql->query_safe($_) for @_; return $psql }

# ---- a transaction older than the columns ----

make_table('Old');
my $old = session('BEGIN', q{INSERT INTO dynamodb."Old" (item) VALUES ('{"k": {"S": "old"}, "n": {"N": "1"}, "G": {"S": "g1"}, "M": {"N": "5"}}')});
my $snapshot = session('BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT 1');
my $created = call_ok($node, 'UpdateTable', create_index('Old', 'GSI1'))->{TableDescription};
is($created->{TableStatus}, 'UPDATING', 'the answer: the table');
is($created->{GlobalSecondaryIndexes}[0]{IndexStatus}, 'CREATING', 'the answer: the index');
waits_for('Old', 'adding columns', $old, 'older writer');
others_go_on('Old', 'older writer');
ok(!table('Old')->{GlobalSecondaryIndexes}[0]{Backfilling}, 'older writer: not backfilling yet');
is_refused('UpdateTable', { TableName => 'Old', DeletionProtectionEnabled => JSON::PP::true }, 'ResourceInUseException',
	'Attempt to change a resource which is still in use: Table is being updated: Old', 'a setting before the backfill');
is_refused('DeleteTable', { TableName => 'Old' }, 'ResourceInUseException',
	'Attempt to change a resource which is still in use: Table is being updated: Old', 'the deletion of the table');
$old->query_safe('COMMIT');

# ---- a snapshot older than the index, and what can be done meanwhile ----

waits_for('Old', 'waiting for old snapshots', $snapshot, 'older snapshot');
others_go_on('Old', 'older snapshot');
$snapshot->query_safe(q{INSERT INTO dynamodb."Old" (item) VALUES ('{"k": {"S": "snapshot"}, "n": {"N": "1"}, "G": {"S": "g1"}, "M": {"N": "6"}}')});
my $description = table('Old');
is($description->{TableStatus}, 'UPDATING', 'meanwhile: the table');
is_deeply([ @{ $description->{GlobalSecondaryIndexes}[0] }{ 'IndexStatus', 'Backfilling' } ], [ 'CREATING', JSON::PP::true ], 'meanwhile: the index');
is_refused('Query', { TableName => 'Old', IndexName => 'GSI1', KeyConditionExpression => 'G = :g', ExpressionAttributeValues => { ':g' => { S => 'g1' } } },
	'ValidationException', 'Cannot read from backfilling global secondary index: GSI1', 'a query');
is_refused('UpdateTable', create_index('Old', 'GSI2'), 'LimitExceededException',
	'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table', 'a second index');
call_ok($node, 'TagResource', { ResourceArn => $description->{TableArn}, Tags => [ { Key => 'a', Value => 'b' } ] });
call_ok($node, 'UpdateTable', { TableName => 'Old', DeletionProtectionEnabled => JSON::PP::false });
$snapshot->query_safe('COMMIT');
is_active('Old', 'older snapshot');
is_exact('Old', 'older transactions');

# ---- a row that is being changed ----

make_table('Row');
my $locker = session('BEGIN', q{UPDATE dynamodb."Row" SET item = '{"k": {"S": "k2"}, "n": {"N": "2"}}' WHERE k = 'k2' AND n = 2});
call_ok($node, 'UpdateTable', create_index('Row', 'GSI1'));
waits_for('Row', 'adding columns', $locker, 'older update');
$locker->query_safe('COMMIT');
is_active('Row', 'older update');
call_ok($node, 'UpdateTable', delete_index('Row', 'GSI1'));
is_active('Row', 'deleted');
is(sql(q{SELECT count(*) FROM pg_attribute WHERE attrelid = 'dynamodb."Row"'::regclass AND attnum > 0 AND NOT attisdropped}), 3, 'deleted: its columns are gone');
is(sql(q{SELECT count(*) FROM dynamo.table_indexes WHERE relation = 'dynamodb."Row"'::regclass}), 0, 'deleted: it is gone');

$node->append_conf('postgresql.conf', "dynamo.backfill_rate = 1000\ndynamo.backfill_batch_size = 20");
$node->reload;
call_ok($node, 'UpdateTable', create_index('Row', 'GSI1'));
until_is(q{SELECT items_processed > 0 FROM dynamo.stat_progress_index WHERE table_name = 'Row'});
# (the last of all items; the backfill is far from it)
my $aborted = session('BEGIN', q{UPDATE dynamodb."Row" SET item = (item::jsonb || '{"M": 99}')::dynamo.item WHERE k = 'k9' AND n = 2959 OR k = 'k9' AND n = 2909});
my $for_update = session('BEGIN', q{SELECT FROM dynamodb."Row" WHERE k = 'k9' AND n = 2859 FOR UPDATE});
waits_for('Row', 'backfilling', $for_update, 'locked row');
is(sql(q{SELECT * FROM dynamo.check_table('Row')}), '', 'rows that the backfill has still to come to are no problems');
others_go_on('Row', 'locked row');
$for_update->query_safe('ROLLBACK');
waits_for('Row', 'backfilling', $aborted, 'changed row');
others_go_on('Row', 'changed row');
$aborted->query_safe('ROLLBACK');
is_active('Row', 'changed row');
is_exact('Row', 'changed row');

# ---- the server is killed ----

$_->quit for $snapshot, $old, $locker, $aborted, $for_update;
make_table('Killed');
call_ok($node, 'UpdateTable', create_index('Killed', 'GSI1'));
until_is(q{SELECT items_processed > 400 FROM dynamo.stat_progress_index WHERE table_name = 'Killed'});
my $before = sql('SELECT items_done FROM dynamo.index_builds');
sql('CREATE TABLE flushes_the_log ()');
$node->stop('immediate');
$node->start;
my $after = sql('SELECT max(items_done) FROM dynamo.index_builds');
ok($after eq '' || $after >= $before, 'killed in the backfill: it goes on where it was');
wait_for_endpoint($node);
others_go_on('Killed', 'killed in the backfill');
is_active('Killed', 'killed in the backfill');
is_exact('Killed', 'killed in the backfill');

$node->append_conf('postgresql.conf', "dynamo.backfill_rate = 0\ndynamo.backfill_batch_size = 500");
$node->reload;
call_ok($node, 'UpdateTable', delete_index('Killed', 'GSI1'));
is_active('Killed', 'deleted again');
$snapshot = session('BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT 1');
call_ok($node, 'UpdateTable', create_index('Killed', 'GSI1'));
waits_for('Killed', 'waiting for old snapshots', $snapshot, 'killed while it waits');
$node->stop('immediate');
eval { $snapshot->quit };
$node->start;
wait_for_endpoint($node);
is_active('Killed', 'killed while it waits');
is_exact('Killed', 'killed while it waits');

# ---- deleted while it is being created ----

call_ok($node, 'UpdateTable', delete_index('Killed', 'GSI1'));
is_active('Killed', 'deleted once more');
$snapshot = session('BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT 1');
call_ok($node, 'UpdateTable', create_index('Killed', 'GSI1'));
waits_for('Killed', 'waiting for old snapshots', $snapshot, 'cancelled');
my $cancelled = call_ok($node, 'UpdateTable', delete_index('Killed', 'GSI1'))->{TableDescription};
is_deeply([ map { $_->{IndexStatus} } @{ $cancelled->{GlobalSecondaryIndexes} } ], ['DELETING'], 'cancelled: the answer');
is_active('Killed', 'cancelled, with the snapshot still there');
is(sql(q{SELECT count(*) FROM pg_index WHERE indrelid = 'dynamodb."Killed"'::regclass}), 1, 'cancelled: no btree is left');
is(sql(q{SELECT count(*) FROM pg_attribute WHERE attrelid = 'dynamodb."Killed"'::regclass AND attnum > 0 AND NOT attisdropped}), 3, 'cancelled: no column is left');
is(table('Killed')->{GlobalSecondaryIndexes}, undef, 'cancelled: nor is the index');
is(sql('SELECT count(*) FROM dynamo.index_builds'), 0, 'cancelled: nor what is recorded of it');

# ---- commands that need the table ----

call_ok($node, 'UpdateTable', create_index('Killed', 'GSI1'));
waits_for('Killed', 'waiting for old snapshots', $snapshot, 'altered');
my $building = q{SELECT query_start FROM pg_stat_activity WHERE backend_type = 'dynamo index builder' AND wait_event IS NOT NULL AND state = 'active' AND query LIKE '%Killed%'};
my $before = sql($building);
sql('BEGIN; LOCK TABLE dynamodb."Killed" IN ACCESS SHARE MODE; COMMIT');
isnt($before, '', 'an index is built');
is(sql($building), $before, 'and goes on beside the lock that pg_dump takes');
my (undef, undef, $altered) = $node->psql('dynamo', q{SET lock_timeout = '60s'; ALTER TABLE dynamodb."Killed" RENAME TO "Renamed"});
is($altered, '', 'a table is renamed');
waits_for('Renamed', 'waiting for old snapshots', $snapshot, 'renamed: it is begun again');
for (
	[ 'locked', 'BEGIN; LOCK TABLE dynamodb."Renamed"; COMMIT' ],
	[ 'referred to', 'CREATE TABLE refers (k text COLLATE "C", n numeric, FOREIGN KEY (k, n) REFERENCES dynamodb."Renamed"); DROP TABLE refers' ],
	[ 'referred to later', 'CREATE TABLE refers (k text COLLATE "C", n numeric); ALTER TABLE refers ADD FOREIGN KEY (k, n) REFERENCES dynamodb."Renamed"; DROP TABLE refers' ],
	[ 'indexed', 'CREATE INDEX own ON dynamodb."Renamed" (n, k); DROP INDEX dynamodb.own' ])
{
	my ($case, $command) = @$_;
	my (undef, undef, $error) = $node->psql('dynamo', "SET lock_timeout = '60s'; $command");
	is($error, '', "a table is $case");
	waits_for('Renamed', 'waiting for old snapshots', $snapshot, "$case: it is begun again");
}
$snapshot->query_safe('COMMIT');
is_active('Renamed', 'renamed');
is_exact('Renamed', 'renamed');

$snapshot->query_safe($_) for 'BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT 1';
call_ok($node, 'UpdateTable', delete_index('Renamed', 'GSI1'));
is_active('Renamed', 'deleted before it is dropped');
call_ok($node, 'UpdateTable', create_index('Renamed', 'GSI1'));
waits_for('Renamed', 'waiting for old snapshots', $snapshot, 'dropped');
# (commits wait for a standby that does not exist, so that the one meets what the other is writing of the build)
sql(q{ALTER SYSTEM SET synchronous_standby_names = 'nobody'});
sql('SELECT pg_reload_conf()');
my $dropper = $node->background_psql('dynamo', on_error_stop => 0);
my $dropping = $dropper->query_safe('SELECT pg_backend_pid()');
$dropper->query_until(qr/begun/, qq{\\echo begun\nSET lock_timeout = '60s';\nDROP TABLE dynamodb."Renamed";\n});
ok(until_is(qq{SELECT count(*) = 2 FROM pg_stat_activity
	WHERE wait_event IN ('SyncRep', 'transactionid', 'relation') AND (pid = $dropping OR backend_type = 'dynamo index builder')}), 'dropped: while the worker notes that it was cancelled');
sql('ALTER SYSTEM RESET synchronous_standby_names');
sql('SELECT pg_reload_conf()');
my $dropped;
$dropper->query('SELECT 1');
unlike($dropper->{stderr}, qr/ERROR/, 'a table is dropped');
$dropper->quit;
unlike(slurp_file($node->logfile), qr/tuple concurrently/, 'dropped: nobody meets a row that changes under it');
is(sql('SELECT count(*) FROM dynamo.index_builds'), 0, 'dropped: nothing is left of it');
ok(until_is(q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'dynamo index builder'}), 'dropped: the worker ends');
$snapshot->query_safe('COMMIT');

# ---- another table's, while one waits ----

make_table('Waits');
call_ok($node, 'UpdateTable', create_index('Waits', 'GSI1'));
make_table('Next');
is_active('Waits', 'to be deleted');
my $reader = session('BEGIN', 'SELECT count(*) FROM dynamodb."Waits"');
call_ok($node, 'UpdateTable', delete_index('Waits', 'GSI1'));
waits_for('Waits', 'dropping index', $reader, 'reader');
call_ok($node, 'UpdateTable', create_index('Next', 'GSI1'));
is_active('Next', 'beside it');
is_exact('Next', 'beside it');
is(table('Waits')->{GlobalSecondaryIndexes}[0]{IndexStatus}, 'DELETING', 'beside it: the other still waits');

call_ok($node, 'UpdateTable', delete_index('Next', 'GSI1'));
is_active('Next', 'beside it: deleted');
$snapshot->query_safe($_) for 'BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT 1';
call_ok($node, 'UpdateTable', create_index('Next', 'GSI1'));
waits_for('Next', 'waiting for old snapshots', $snapshot, 'beside it: dropped');
is(sql(q{SELECT count(DISTINCT pid) FROM pg_stat_activity WHERE backend_type = 'dynamo index builder'}), 2, 'beside it: two workers');
(undef, undef, $dropped) = $node->psql('dynamo', q{SET lock_timeout = '60s'; DROP TABLE dynamodb."Next"});
is($dropped, '', 'beside it: a table is dropped');
$snapshot->quit;
ok(until_is(q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'dynamo index builder'}), 'beside it: that worker ends');
$reader->query_safe('COMMIT');
$reader->quit;
is_active('Waits', 'at last');
ok(until_is(q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'dynamo index builder'}), 'the other worker ends');

$node->stop;
done_testing();
