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
# P9_ITEMS is the size of the large table, the small one has 10,000 items of some 400
# bytes. ROUNDS and SECONDS_EACH as in run.sh.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rounds=${ROUNDS:-5}
seconds=${SECONDS_EACH:-2}
large=${P9_ITEMS:-1000000}
small=10000

median() { sort -n | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
query() { psql -XAtq -v ON_ERROR_STOP=1 "$@"; }

# load TABLE ITEMS: in the order of a hash of the key, as keys of users and devices come
load() {
	query <<-EOF
		SET client_min_messages = warning;
		CREATE EXTENSION IF NOT EXISTS dynamo;
		DROP TABLE IF EXISTS dynamodb."$1";
		SELECT dynamo.create_table('$1', 'pk S', 'sk S');
		SELECT dynamo.load_items('$1', \$\$
		    SELECT jsonb_build_object('pk', 'CUSTOMER#' || md5((i / 10)::text), 'sk', 'ORDER#' || i % 10, 'status', 'OPEN', 'version', 1,
		               'total', i % 10000 / 100.0, 'paid', i % 3 = 0, 'tags', jsonb_build_array('red', 'large', 'gift'),
		               'note', repeat(md5(i::text), 6))
		      FROM generate_series(0, $2 - 1) i\$\$);
		VACUUM (ANALYZE, FREEZE) dynamodb."$1";
		CHECKPOINT;
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

# within_server TABLE ITEMS: the same in us; the keys are made before the clock starts
within_server() {
	query <<-EOF
		CREATE FUNCTION pg_temp.times() RETURNS SETOF float8 LANGUAGE plpgsql AS \$\$
		DECLARE
		    keys dynamo.item[] := ARRAY(SELECT format('{"pk":{"S":"CUSTOMER#%s"},"sk":{"S":"ORDER#%s"}}', md5((r / 10)::text), r % 10)::dynamo.item
		        FROM (SELECT floor(random() * $2)::int AS r FROM generate_series(1, 20000)) t);
		    started timestamptz;
		    key dynamo.item;
		BEGIN
		    FOR batch IN 0 .. 199 LOOP
		        started := clock_timestamp();
		        FOREACH key IN ARRAY keys[batch * 100 + 1 : batch * 100 + 100] LOOP
		            PERFORM dynamo.get_item('$1', key);
		        END LOOP;
		        RETURN NEXT extract(epoch FROM clock_timestamp() - started) * 1e6 / 100;
		    END LOOP;
		END\$\$;
		SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) FROM pg_temp.times() t;
	EOF
}

load P9small $small >/dev/null
load P9large "$large" >/dev/null
: >"$here/rounds"
for round in $(seq "$rounds"); do
	echo "$(over_connection P9large "$large") $(over_connection P9small $small) $(within_server P9large "$large") $(within_server P9small $small)" |
		awk '{print $1 / $2, $1, $2, $3 / $4, $3, $4}' >>"$here/rounds"
done
for column in 1 2 3 4 5 6; do cut -d' ' -f$column "$here/rounds" | median; done | xargs |
	awk -v large="$large" -v small=$small \
		'{printf "P9 %.2f get_item-p50@%d/get_item-p50@%d over a connection %.4f ms against %.4f ms; within the server %.2f us against %.2f us, %.2f\n", $1, large, small, $2, $3, $5, $6, $4}'
query -c 'DROP TABLE dynamodb."P9small", dynamodb."P9large"'
