#!/bin/sh
# lookup.sh: P9, what a table's size does to a read by key, on the server of PGHOST and
# PGPORT. Prints
#
#     P9 <ratio> get_item-p50@<large>/get_item-p50@<small> <detail>
#
# the ratio of the times that half of the calls stay below, over a connection; the
# detail has both times, and the same within the server: there the clock is too coarse
# for one call, so the median is that of calls in hundreds.
#
# What the pool does not hold is read from the system's cache or the disk, which takes
# several times as long as the search: bench.sh gives it P9_POOL, 1GB.
#
# P9_ITEMS is the size of the large table, the small one has 10,000 items of some 400
# bytes. ROUNDS and SECONDS_EACH as in run.sh.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/bench/lib.sh
. "$here/lib.sh"
rounds=${ROUNDS:-5}
seconds=${SECONDS_EACH:-2}
large=${P9_ITEMS:-1000000}
small=10000

# load TABLE ITEMS: in the order of a hash of the key, as keys of users and devices come
load() {
	query <<-EOF
		SET client_min_messages = warning;
		CREATE EXTENSION IF NOT EXISTS dynamo;
		CREATE EXTENSION IF NOT EXISTS pg_prewarm;
		DROP TABLE IF EXISTS dynamodb."$1";
		SELECT dynamo.create_table('$1', 'pk S', 'sk S');
		SELECT dynamo.load_items('$1', \$\$
		    SELECT jsonb_build_object('pk', 'CUSTOMER#' || md5((i / 10)::text), 'sk', 'ORDER#' || i % 10, 'status', 'OPEN', 'version', 1,
		               'total', i % 10000 / 100.0, 'paid', i % 3 = 0, 'tags', jsonb_build_array('red', 'large', 'gift'),
		               'note', repeat(md5(i::text), 6))
		      FROM generate_series(0, $2 - 1) i\$\$);
		VACUUM (ANALYZE, FREEZE) dynamodb."$1";
		CHECKPOINT;
		SELECT pg_prewarm(oid) FROM pg_class WHERE oid IN ('dynamodb."$1"'::regclass, 'dynamodb."$1_pkey"'::regclass);
	EOF
}

# over_connection TABLE ITEMS: the median time of a call in ms
over_connection() {
	cat >"$here/lookup.sql" <<-EOF
		\set i random(0, $2 - 1)
		SELECT dynamo.get_item('$1', format('{"pk":{"S":"CUSTOMER#%s"},"sk":{"S":"ORDER#%s"}}', md5((:i / 10)::text), :i % 10)::dynamo.item);
	EOF
	rm -f "$here"/lookup_log.*
	pgbench -n -M prepared -T "$seconds" -c 1 -l --log-prefix="$here/lookup_log" -f "$here/lookup.sql" >"$here/errors" 2>&1 || {
		cat "$here/errors" >&2
		exit 1
	}
	cut -d' ' -f3 "$here"/lookup_log.* | median | awk '{print $1 / 1000}'
}

# within_server TABLE ITEMS: the same in us, and that of a SELECT of the same items. Before
# the clock starts the keys are made, and the session touches all pages once, since the
# first touch of each is a page fault.
within_server() {
	query <<-EOF | tail -n 1
		SELECT count(pk) FROM dynamodb."$1";
		SET enable_seqscan = off;
		SELECT count(pk) FROM dynamodb."$1";
		CREATE TEMP TABLE sought AS
		    SELECT 'CUSTOMER#' || md5((r / 10)::text) AS pk, 'ORDER#' || r % 10 AS sk FROM (SELECT floor(random() * $2)::int AS r FROM generate_series(1, 20000)) t;
		CREATE FUNCTION pg_temp.times(OUT get float8, OUT "select" float8) RETURNS SETOF record LANGUAGE plpgsql AS \$\$
		DECLARE
		    pks text[] := ARRAY(SELECT pk FROM sought);
		    sks text[] := ARRAY(SELECT sk FROM sought);
		    keys dynamo.item[] := ARRAY(SELECT jsonb_build_object('pk', pk, 'sk', sk)::dynamo.item FROM sought);
		    started timestamptz;
		BEGIN
		    FOR batch IN 0 .. 99 LOOP
		        started := clock_timestamp();
		        FOR i IN batch * 100 + 1 .. batch * 100 + 100 LOOP
		            PERFORM dynamo.get_item('$1', keys[i]);
		        END LOOP;
		        get := extract(epoch FROM clock_timestamp() - started) * 1e6 / 100;
		        started := clock_timestamp();
		        FOR i IN 10000 + batch * 100 + 1 .. 10000 + batch * 100 + 100 LOOP
		            PERFORM item FROM dynamodb."$1" WHERE pk = pks[i] AND sk = sks[i];
		        END LOOP;
		        "select" := extract(epoch FROM clock_timestamp() - started) * 1e6 / 100;
		        RETURN NEXT;
		    END LOOP;
		END\$\$;
		SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY get) || ' ' || percentile_cont(0.5) WITHIN GROUP (ORDER BY "select") FROM pg_temp.times();
	EOF
}

load P9small $small >/dev/null
load P9large "$large" >/dev/null
: >"$here/rounds"
for _ in $(seq "$rounds"); do
	echo "$(over_connection P9large "$large") $(over_connection P9small $small) $(within_server P9large "$large") $(within_server P9small $small)" |
		awk '{print $1 / $2, $1, $2, $3 / $5, $3, $5, $4 / $6, $4, $6}' >>"$here/rounds"
done
for column in $(seq 9); do cut -d' ' -f"$column" "$here/rounds" | median; done | xargs |
	awk -v large="$large" -v small=$small \
		'{printf "P9 %.2f get_item-p50@%d/get_item-p50@%d over a connection %.4f ms against %.4f ms; within the server %.2f us against %.2f us, %.2f; SELECT there %.2f us against %.2f us, %.2f\n", $1, large, small, $2, $3, $5, $6, $4, $8, $9, $7}'
query -c 'DROP TABLE dynamodb."P9small", dynamodb."P9large"'
