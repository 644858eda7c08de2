#!/bin/sh
# streams.sh: P11, what a stream costs, on the server of PGHOST and PGPORT.  Prints
#
#     P11 <ratio> writes-with-stream/writes <detail>
#     P11 <p99 in ms> commit-to-GetRecords-p99 <detail>
#     P11 <bytes> wal-bytes-per-record <detail>
#
# The ratio is that of updates per second of items of some 400 bytes, by
# update_item() and 8 clients, once in a table with a stream of both images and once
# in one without, in turns; commits wait for the disk.  The latency is the time from
# when an update is made, so with its commit, until a consumer that asks GetRecords,
# every shard in turns, has the record, while P11_RATE (5000) updates per second are
# asked for.  Bytes: the write-ahead log of an update with and without a stream, and
# what the store keeps of a record.
#
# ROUNDS and SECONDS_EACH as in run.sh.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/bench/lib.sh
. "$here/lib.sh"
rounds=${ROUNDS:-5}
seconds=${SECONDS_EACH:-4}
rate=${P11_RATE:-5000}
items=20000

query -v items=$items <<-'EOF'
	SET client_min_messages = warning;
	CREATE EXTENSION IF NOT EXISTS dynamo;
	DROP SCHEMA IF EXISTS p11 CASCADE;
	CREATE SCHEMA p11;
	SET dynamo.schema = 'p11';
	SELECT dynamo.create_table(t, 'pk S') FROM unnest('{plain,streamed,keys}'::text[]) t \g /dev/null
	SELECT dynamo.call('UpdateTable', json_build_object('TableName', t, 'StreamSpecification', json_build_object('StreamEnabled', true, 'StreamViewType', v)))
	FROM (VALUES ('streamed', 'NEW_AND_OLD_IMAGES'), ('keys', 'KEYS_ONLY')) s (t, v) \g /dev/null
	INSERT INTO p11.plain (item) SELECT jsonb_build_object('pk', 'CUSTOMER#' || i, 'n', 0, 'note', (SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 11) j))::dynamo.item
	FROM generate_series(0, :items - 1) i;
	INSERT INTO p11.streamed (item) SELECT item FROM p11.plain;
	INSERT INTO p11.keys (item) SELECT item FROM p11.plain;
	VACUUM (ANALYZE, FREEZE) p11.plain, p11.streamed, p11.keys;
	-- A consumer: follows all shards of a stream for so many seconds; latencies in buckets of 0.1 ms.
	CREATE FUNCTION p11.follow(stream text, seconds int) RETURNS int[] LANGUAGE plpgsql AS $$
	DECLARE
	    description json = dynamo.call('DescribeStream', json_build_object('StreamArn', stream))->'StreamDescription';
	    iterators text[];
	    histogram int[] = array_fill(0, ARRAY[20000]);
	    until timestamptz = clock_timestamp() + seconds * interval '1 second';
	    page json;
	    now timestamptz;
	    latest timestamptz;
	BEGIN
	    SELECT array_agg(dynamo.call('GetShardIterator', json_build_object('StreamArn', stream, 'ShardId', s->>'ShardId', 'ShardIteratorType', 'LATEST'))->>'ShardIterator')
	    INTO iterators FROM json_array_elements(description->'Shards') s;
	    WHILE clock_timestamp() < until LOOP
	        FOR i IN 1 .. array_length(iterators, 1) LOOP
	            page = dynamo.call('GetRecords', json_build_object('ShardIterator', iterators[i]));
	            now = clock_timestamp();
	            iterators[i] = page->>'NextShardIterator';
	            -- (records show whole seconds; the writers put the time into the item)
	            FOR latest IN SELECT to_timestamp((r#>>'{dynamodb,NewImage,n,N}')::float8 / 1000000) FROM json_array_elements(page->'Records') r LOOP
	                DECLARE bucket int = least(greatest(ceil(extract(epoch FROM now - latest) * 10000), 1), 20000);
	                BEGIN
	                    histogram[bucket] = histogram[bucket] + 1;
	                END;
	            END LOOP;
	        END LOOP;
	        PERFORM pg_sleep(0.0005);
	    END LOOP;
	    RETURN histogram;
	END $$;
EOF

# Until both streams are enabled.
for _ in $(seq 600); do
	[ "$(query -c "SELECT bool_and(status = 'ENABLED') FROM dynamo.streams WHERE schema = 'p11' AND status LIKE 'ENABL%'")" != t ] || break
	sleep 0.1
done
arn=$(query -c "SELECT arn FROM dynamo.streams WHERE schema = 'p11' AND table_name = 'streamed' AND ended IS NULL AND status = 'ENABLED'")

# write_script TABLE: an update that sets the time in microseconds
write_script() {
	{
		printf '\\set i random(0, %s)\n' $((items - 1))
		printf "%s" "SELECT dynamo.update_item('$1', format('{\"pk\":{\"S\":\"CUSTOMER#%s\"}}', :i::int)::dynamo.item, 'SET n = :' || 'n', "
		printf "%s\n" "expression_attribute_values => format('{\":' || 'n\":{\"N\":\"%s\"}}', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)::dynamo.item);"
	} >"$here/p11-$1.sql"
}
write_script plain
write_script streamed
write_script keys

# bench TABLE OPTION …: transactions per second
bench() {
	table=$1
	shift
	PGOPTIONS='-c dynamo.schema=p11' pgbench -n -M prepared -c 8 -j 2 -f "$here/p11-$table.sql" "$@" 2>"$here/errors" |
		awk '/^tps/ {print $3}' | grep . || {
		cat "$here/errors" >&2
		exit 1
	}
}

# ---- the slowdown of writers ----

: >"$here/rounds"
for _ in $(seq "$rounds"); do
	a=$(bench streamed -T "$seconds")
	b=$(bench plain -T "$seconds")
	echo "$a $b" | awk '{print $1 / $2, $1, $2}' >>"$here/rounds"
done
for column in 1 2 3; do cut -d' ' -f"$column" "$here/rounds" | median; done | xargs |
	awk '{printf "P11 %.2f writes-with-stream/writes 400 B items, 8 client(s), NEW_AND_OLD_IMAGES: %.0f/s against %.0f/s\n", $1, $2, $3}'

# ---- from commit to GetRecords ----

# Until what was written is stored, so that this is no part of it.
wait_until_stored() {
	for _ in $(seq 3000); do
		[ "$(query -c 'SELECT lag_bytes < 1000000 FROM dynamo.stat_streams')" != t ] || return 0
		sleep 0.1
	done
}
wait_until_stored
sleep 1
query -v arn="$arn" -v seconds=$((seconds * 2 - 1)) >"$here/latencies" <<-'EOF' &
	SET dynamo.schema = 'p11';
	SELECT b, n FROM unnest(p11.follow(:'arn', :seconds)) WITH ORDINALITY AS h (n, b) WHERE n > 0 ORDER BY b;
EOF
follower=$!
written=$(bench streamed -T $((seconds * 2)) -R "$rate")
wait $follower
awk -F'|' -v rate="$rate" -v written="$written" '{n[NR] = $2; b[NR] = $1; total += $2}
	END {
		for (i = 1; i <= NR; i++) {
			sum += n[i]
			if (!p50 && sum >= total / 2) p50 = b[i] / 10
			if (!p99 && sum >= total * 0.99) p99 = b[i] / 10
		}
		printf "P11 %.1f commit-to-GetRecords-p99 at %d of %d writes/s asked for: p50 %.1f ms, p99 %.1f ms, longest %.1f ms, of %d records\n", p99, written, rate, p50, p99, b[NR] / 10, total
	}' "$here/latencies"

# ---- bytes ----

# Log per update; no full page images, and the worker has caught up on both ends.
wal_per_write() {
	wait_until_stored
	query -c 'CHECKPOINT'
	start=$(query -c 'SELECT pg_current_wal_insert_lsn()')
	bench "$1" -t 2500 >"$here/tps"
	wait_until_stored
	sleep 1
	query -c "SELECT round((pg_current_wal_insert_lsn() - '$start') / 20000.0)"
}
query -c 'ALTER SYSTEM SET full_page_writes = off' -c 'SELECT pg_reload_conf()' >"$here/tps"
plain=$(wal_per_write plain)
keys=$(wal_per_write keys)
both=$(wal_per_write streamed)
query -c 'ALTER SYSTEM RESET full_page_writes' -c 'SELECT pg_reload_conf()' >"$here/tps"
# shellcheck disable=SC2016
query -v plain="$plain" -v keys="$keys" -v both="$both" <<-'EOF'
	SELECT format('P11 %s wal-bytes-per-record an update of a 400 B item writes %s B of log without a stream, %s B with KEYS_ONLY, %s B with both images, its record included', :both - :plain, :plain, :keys, :both);
	SELECT format('P11 %s disk-bytes-per-record in the store, with its index: %s records of %s B on average by DynamoDB''s rule', round(bytes / records), records, size)
	FROM (SELECT sum(pg_total_relation_size(inhrelid)) AS bytes FROM pg_inherits WHERE inhparent = 'dynamo.stream_records'::regclass) b,
	     (SELECT count(*) AS records, round(avg(size)) AS size FROM dynamo.stream_records) r;
	SET client_min_messages = warning;
	DROP SCHEMA p11 CASCADE;
EOF
