#!/bin/sh
# clustering.sh: what clustering brings and costs, on the server of PGHOST and
# PGPORT.  The partner is the same table with clustering switched off, which is plain
# heap.  Prints
#
#     <name> <ratio> <what/what> <detail>
#
#	P4a		heap pages per item collection: collections of 100 items of 400 bytes that
#			arrive interleaved, with sort keys that rise or are random; then after
#			updates, and after 40 % were deleted and come again
#	P4b		time of a Query of one of these collections: of ten in a statement, and over a
#			connection, most of which is the round trip
#	P4c		space, of collections of different size
#	P4d		CPU and rate of inserts, also of all clients into one collection
#
# MEASURES picks; LABEL is appended to the details.  P4A_ITEMS, of P4a and P4b (1,000,000),
# P4C_ITEMS of each size of collections (200,000) and P4_ITEMS for the inserts (200,000)
# shorten a run, as do ROUNDS and SECONDS_EACH.  Both sides alternate in short rounds; a ratio
# is the median of those of the rounds, so that it holds on a machine whose speed changes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/bench/lib.sh
. "$here/lib.sh"
measures=${MEASURES:-P4a P4b P4c P4d}
items=${P4A_ITEMS:-1000000}
timed_items=${P4_ITEMS:-200000}
shape_items=${P4C_ITEMS:-200000}
rounds=${ROUNDS:-7}
seconds=${SECONDS_EACH:-2}
label=${LABEL:+, $LABEL}

measured() { case " $measures " in *" $1 "*) true ;; *) false ;; esac }

# ---- pages ----

# fill TABLE CLUSTERED SHAPE ITEMS RANDOM_KEYS
fill() {
	query -c "CALL clustering_make('$1', $2)" -c "CALL clustering_fill('$1', '$3', $4, $5)" -c "VACUUM (ANALYZE) dynamodb.\"$1\""
}

pages() { query -c "SELECT blocks_per_collection FROM dynamo.table_clustering('$1')"; }

# pages_of DETAIL
pages_of() {
	echo "$(pages Clustered) $(pages Unclustered)" | awk -v detail="$1$label" \
		'{printf "P4a %.3f pages-per-collection/unclustered %s: %.1f against %.1f\n", $1 / $2, detail, $1, $2}'
}

# update_items TABLE: as many updates of random items as 30 % of them
update_items() {
	printf '\\set c random(0, :collections - 1)\n\\set n random(1, 100)\nSELECT clustering_count(%s, :c::int, :n::int);\n' "'$1'" >"$here/count.sql"
	PGOPTIONS='-c synchronous_commit=off' pgbench -n -M prepared -c 4 -j 2 -t $((items * 3 / 40)) -D collections=$((items / 100)) -f "$here/count.sql" >"$here/errors" 2>&1 || {
		cat "$here/errors" >&2
		exit 1
	}
}

hot_updates() {
	query -c 'SELECT pg_stat_force_next_flush()' -c "SELECT round(100.0 * n_tup_hot_upd / n_tup_upd, 1) FROM pg_stat_user_tables WHERE relname = '$1'" | tail -n 1
}

delete_and_reload() {
	query -c "DELETE FROM dynamodb.\"$1\" WHERE abs(hashtext(pk || sk)) % 10 < 4" -c "VACUUM dynamodb.\"$1\"" \
		-c "CALL clustering_fill('$1', '100', $items, true)"
}

clustered_pages() {
	of="$((items / 100)) collections x 100"
	for keys in false true; do
		fill Clustered true 100 "$items" $keys
		fill Unclustered false 100 "$items" $keys
		if $keys; then keys=random; else keys=rising; fi
		pages_of "$of, $keys sort keys"
	done
	for table in Clustered Unclustered; do update_items $table; done
	sleep 1
	pages_of "$of, after $((items * 3 / 10)) updates (HOT: $(hot_updates Clustered) % against $(hot_updates Unclustered) %)"
	for table in Clustered Unclustered; do delete_and_reload $table; done
	pages_of "$of, after 40 % were deleted and came again"
}

# ---- space ----

space_of() {
	query -c "SELECT format('P4c %s bytes/unclustered collections of %s: heap alone %s; %s of new rows steered',
	                 round(a.total / b.total, 3), '$1', round(a.heap / b.heap, 3), a.steered)
	            FROM (SELECT pg_total_relation_size('dynamodb.\"Shape\"')::numeric AS total, pg_relation_size('dynamodb.\"Shape\"')::numeric AS heap,
	                         (SELECT round(rows_steered::numeric / greatest(rows_placed, 1), 2) FROM dynamo.table_clustering('Shape')) AS steered) a,
	                 (SELECT pg_total_relation_size('dynamodb.\"PlainShape\"')::numeric AS total, pg_relation_size('dynamodb.\"PlainShape\"')::numeric AS heap) b"
}

# ---- time ----

# The CPU time so far, in us, of all sessions that have ended.
server_cpu() { awk '{sub(/.*\) /, ""); printf "%.0f\n", ($14 + $15) * 10000}' "/proc/$postmaster/stat"; }

# run_script SCRIPT TABLE ITEMS CLIENTS: transactions per second, and CPU of each in us
run_script() {
	start=$(server_cpu)
	sed "s/TABLE/$2/g" "$here/$1.sql" >"$here/script.sql"
	PGOPTIONS='-c synchronous_commit=off' pgbench -n -M prepared -T "$seconds" -c "$4" -j 2 -D collections=$(($3 / 100)) \
		-f "$here/script.sql" >"$here/out" 2>"$here/errors" || {
		cat "$here/errors" >&2
		exit 1
	}
	sleep 0.5 # until the postmaster has seen its backends off
	awk -v cpu="$(($(server_cpu) - start))" '/^number of transactions actually/ {n = $NF} /^tps/ {tps = $3} END {print tps, cpu / n}' "$here/out"
}

# compare NAME WHAT SCRIPT TABLE ITEMS CLIENTS DETAIL RATIO: cpu, rate or time
compare() {
	: >"$here/rounds"
	sleep 0.5 # as below, for those that were before
	for _ in $(seq "$rounds"); do
		a=$(run_script "$3" "$4" "$5" "$6")
		b=$(run_script "$3" "Plain$4" "$5" "$6")
		echo "$a $b" | awk '{print $0, $2 / $4, $1 / $3, $3 / $1}' >>"$here/rounds"
	done
	for column in 1 2 3 4 5 6 7; do cut -d' ' -f$column "$here/rounds" | median; done | xargs |
		awk -v name="$1" -v what="$2" -v detail="$7$label" -v ratio="$8" '
			{
				of["cpu"] = $5; of["rate"] = $6; of["time"] = $7
				printf "%s %.2f %s %s: CPU %.1f us against %.1f us (%.2f), %.0f/s against %.0f/s (%.2f)\n",
					name, of[ratio], what, detail, $2, $4, $5, $1, $3, $6
			}'
}

# timed_tables NAME ITEMS: the table NAME and its partner, unless they are there
timed_tables() {
	[ -z "$(query -c "SELECT name FROM dynamo.tables WHERE name = 'Plain$1'")" ] || return 0
	fill "$1" true 100 "$2" true
	fill "Plain$1" false 100 "$2" true
}

time_queries() {
	timed_tables Queried "$items"
	# (pgbench would take ":p" for a variable)
	of_collection="E'pk = \\x3ap', expression_attribute_values => format(E'{\"\\x3ap\":{\"S\":\"CUSTOMER#%s\"}}', COLLECTION)::dynamo.item"
	cat >"$here/query-collection.sql" <<-EOF
		\\set c random(0, :collections - 1)
		SELECT count(*) FROM dynamo.query('TABLE', $(echo "$of_collection" | sed 's/COLLECTION/:c::int/'));
	EOF
	cat >"$here/query-collections.sql" <<-EOF
		SELECT count(*) FROM (SELECT (random() * (:collections - 1))::int AS c FROM generate_series(1, 10)) s,
		    LATERAL dynamo.query('TABLE', $(echo "$of_collection" | sed 's/COLLECTION/c/'));
	EOF
	compare P4b query-time/unclustered query-collections Queried "$items" 1 'ten queries of 100 items, one statement' time
	compare P4b query-time/unclustered query-collection Queried "$items" 1 'one query of 100 items, with its round trip' time
}

# insert_script NAME COLLECTION STATEMENT, with ITEM in it for the item
insert_script() {
	note=$(printf '%0350d' 0)
	item="format('{\"pk\":{\"S\":\"CUSTOMER#%s\"},\"sk\":{\"S\":\"ORDER#%s\"},\"version\":{\"N\":\"1\"},\"note\":{\"S\":\"$note\"}}', $2, :n::int)::dynamo.item"
	printf '\\set c random(0, :collections - 1)\n\\set n random(1000, 2000000000)\n%s\n' "$3" | sed "s/ITEM/$item/" >"$here/$1.sql"
}

time_inserts() {
	timed_tables Timed "$timed_items"
	put="SELECT dynamo.put_item('TABLE', ITEM);"
	insert_script put-new ':c::int' "$put"
	insert_script insert-new ':c::int' 'INSERT INTO dynamodb."TABLE" (item) VALUES (ITEM) ON CONFLICT DO NOTHING;'
	insert_script put-hot '-1' "$put"
	compare P4d insert-cpu/unclustered put-new Timed "$timed_items" 1 'put_item() of new items' cpu
	compare P4d insert-cpu/unclustered insert-new Timed "$timed_items" 1 'INSERT of new items' cpu
	compare P4d insert-rate/unclustered put-hot Timed "$timed_items" 8 'put_item() into one collection, 8 clients' rate
}

# ----

query -f "$here/clustering.sql"
postmaster=$(query -c "SELECT (regexp_split_to_array(pg_read_file('postmaster.pid'), E'\n'))[1]")
if measured P4a; then clustered_pages; fi
if measured P4b; then time_queries; fi
if measured P4c; then
	for shape in 1-3 10 30 100 1000 zipf; do
		fill Shape true $shape "$shape_items" true
		fill PlainShape false $shape "$shape_items" true
		space_of $shape
	done
fi
if measured P4d; then time_inserts; fi
