#!/bin/sh
# load.sh: P7, bringing many items in, on the server of PGHOST and PGPORT.  Prints
#
#     P7 <ratio> <way>/COPY-jsonb <detail>
#
# the ratio of items per second (above 1: ours is faster) to a COPY of the same rows from
# a file into a table with the same key and the document as jsonb.  The ways are
#
#     load_items-table   dynamo.load_items() from a table with the documents as jsonb
#     load_items-file    dynamo.load_items() from a file with DynamoDB's JSON, by file_fdw
#                        (left out where that is not installed)
#     COPY               COPY of that file into the table of items
#
# each with rows in the order of the key and in random order.  Parallel query is off, so
# that the detail's CPU time, of the session that loads, is all there is.
#
# P7_ITEMS is how many (200000; 1000000 takes five times longer than a minute), of some
# 400 bytes.  ROUNDS as in run.sh; each round runs all ways.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/bench/lib.sh
. "$here/lib.sh"
rounds=${ROUNDS:-3}
items=${P7_ITEMS:-200000}
dir=$here/load

# prepare: both tables, empty, and the documents in files and tables, in either order
prepare() {
	mkdir -p "$dir"
	query <<-EOF
		SET client_min_messages = warning;
		CREATE EXTENSION IF NOT EXISTS dynamo;
		DROP TABLE IF EXISTS dynamodb."P7load", p7_plain, p7_sorted, p7_random;
		DROP SERVER IF EXISTS p7 CASCADE;
		SELECT dynamo.create_table('P7load', 'pk S', 'sk S');
		CREATE TABLE p7_plain (pk text COLLATE "C", sk text COLLATE "C", doc jsonb NOT NULL, PRIMARY KEY (pk, sk));
		CREATE TEMPORARY TABLE made AS
		    SELECT jsonb_build_object('pk', 'CUSTOMER#' || i / 10, 'sk', 'ORDER#' || i % 10,
		               'status', (ARRAY['OPEN', 'PAID', 'SENT', 'CLOSED'])[1 + i % 4],
		               'total', i % 10000 / 100.0, 'version', 1, 'paid', i % 3 = 0,
		               'created', to_char(timestamp '2026-01-01' + i * interval '1 minute', 'YYYY-MM-DD"T"HH24-MI-SS'),
		               'tags', jsonb_build_array('red', 'large', 'gift'),
		               'address', jsonb_build_object('city', 'Delft', 'zip', (10000 + i % 90000)::text),
		               'note', left(repeat(md5(i::text), 6), 170)) AS doc
		      FROM generate_series(0, $items - 1) i;
		CREATE UNLOGGED TABLE p7_sorted AS SELECT doc FROM made ORDER BY doc ->> 'pk' COLLATE "C", doc ->> 'sk' COLLATE "C";
		CREATE UNLOGGED TABLE p7_random AS SELECT doc FROM made ORDER BY md5((doc -> 'total')::text || (doc ->> 'note') || (doc ->> 'sk'));
		SELECT count(*) > 0 AS has_fdw FROM pg_available_extensions WHERE name = 'file_fdw' \\gset
		\\if :has_fdw
		    CREATE EXTENSION IF NOT EXISTS file_fdw;
		    CREATE SERVER p7 FOREIGN DATA WRAPPER file_fdw;
		\\endif
	EOF
	for order in sorted random; do
		query <<-EOF
			VACUUM (ANALYZE, FREEZE) p7_$order;
			COPY (SELECT doc ->> 'pk', doc ->> 'sk', doc FROM p7_$order) TO '$dir/$order.jsonb';
			COPY (SELECT doc::dynamo.item FROM p7_$order) TO '$dir/$order.dynamo';
			SELECT count(*) > 0 AS has_fdw FROM pg_extension WHERE extname = 'file_fdw' \\gset
			\\if :has_fdw
			    CREATE FOREIGN TABLE p7_file_$order (line text) SERVER p7 OPTIONS (filename '$dir/$order.dynamo');
			\\endif
		EOF
	done
}

# statement WAY ORDER
statement() {
	case $1 in
		COPY-jsonb) echo "COPY p7_plain FROM '$dir/$2.jsonb'" ;;
		COPY) echo "COPY dynamodb.\"P7load\" (item) FROM '$dir/$2.dynamo'" ;;
		load_items-table) echo "SELECT FROM dynamo.load_items('P7load', 'SELECT doc FROM p7_$2')" ;;
		load_items-file) echo "SELECT FROM dynamo.load_items('P7load', 'SELECT line::dynamo.item FROM p7_file_$2')" ;;
	esac
}

# measure WAY ORDER: items per second, and us of CPU time per item
measure() {
	query <<-EOF
		SET max_parallel_workers_per_gather = 0;
		CREATE FUNCTION pg_temp.cpu() RETURNS float8 LANGUAGE sql AS
		    \$\$SELECT t[12]::float8 + t[13]::float8 FROM string_to_array(regexp_replace(pg_read_file('/proc/self/stat'), '^.*\) ', ''), ' ') t\$\$;
		TRUNCATE dynamodb."P7load", p7_plain;
		CHECKPOINT;
		SELECT clock_timestamp() AS started, pg_temp.cpu() AS cpu \\gset
		$(statement "$1" "$2") \\g /dev/null
		SELECT $items / extract(epoch FROM clock_timestamp() - :'started'), (pg_temp.cpu() - :cpu) * 1e4 / $items;
	EOF
}

prepare >/dev/null
ways='load_items-table COPY'
if [ "$(query -c "SELECT count(*) FROM pg_extension WHERE extname = 'file_fdw'")" = 1 ]; then ways="load_items-table load_items-file COPY"; fi
for order in sorted random; do
	for round in $(seq "$rounds"); do
		for way in COPY-jsonb $ways; do
			measure "$way" $order | tr '|' ' ' >"$dir/$way.$round"
		done
	done
	for way in $ways; do
		for round in $(seq "$rounds"); do
			paste -d' ' "$dir/$way.$round" "$dir/COPY-jsonb.$round" | awk '{print $1 / $3, $1, $3, $4 / $2, $2, $4}'
		done >"$dir/rounds"
		for column in 1 2 3 4 5 6; do cut -d' ' -f$column "$dir/rounds" | median; done | xargs |
			awk -v way="$way" -v order=$order -v items="$items" \
				'{printf "P7 %.2f %s/COPY-jsonb %d items, %s: %.0f/s against %.0f/s, CPU %.2f us against %.2f us, ratio %.2f\n", $1, way, items, order, $2, $3, $5, $6, $4}'
	done
done
query -c 'SET client_min_messages = warning' -c 'DROP TABLE dynamodb."P7load", p7_plain, p7_sorted, p7_random' -c 'DROP SERVER IF EXISTS p7 CASCADE'
rm -rf "$dir"
