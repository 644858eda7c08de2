#!/bin/sh
# run.sh: what our operations cost beside plain SQL on the same items, on the
# server of PGHOST and PGPORT.  Prints one line per measure,
#
#     <name> <ratio> <what/what> <detail>
#
# where the ratio is ours over plain SQL: of transactions per second (above 1:
# ours is faster) or of bytes (below 1: ours is smaller).
#
#	P1, P2, P3	get_item(), put_item(), update_item() beside plain SQL
#	P5		requests to the endpoint at URL beside the same by dynamo.call()
#	P6		requests to the endpoint beside plain SQL
#	P8		space
#	P10		update_item() of a table with secondary indexes beside one without, and
#			a Query of an index beside one of the table (both ours)
#
# Each measure alternates short runs of both sides and prints the median of the
# rounds' ratios, so that a noisy neighbour meets both.  In P1 to P3 commits do not
# wait for the disk (synchronous_commit = off): we compare work, not fsync.  In P5
# and P6 they do, on both sides, and both sides come over TCP, as clients elsewhere do
# (TCP_HOST is the server's address); P6 also says what the ratio is where SQL comes
# over the Unix socket.  "CPU" is what the server's processes used per request, which
# says more than requests per second where others use the machine.
#
# ROUNDS, SECONDS_EACH, ITEMS, SIZES (of items in bytes), CONNECTIONS (to the
# endpoint) and MEASURES ("P1 P3") shorten or lengthen a run; LABEL is appended to
# the details.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/bench/lib.sh
. "$here/lib.sh"
rounds=${ROUNDS:-5}
seconds=${SECONDS_EACH:-2}
items=${ITEMS:-50000}
measures=${MEASURES:-P1 P2 P3 P8 P10}
label=${LABEL:+, $LABEL}
commit=off

# tps SCRIPT CLIENTS HOST: transactions per second of one short run
tps() {
	PGHOST=$3 PGOPTIONS="-c synchronous_commit=$commit" pgbench -n -M prepared -T "$seconds" -c "$2" -j 2 -D customers=$((items / 10)) \
		-f "$here/$1.sql" 2>"$here/errors" | awk '/^tps/ {print $3}' | grep . || {
		cat "$here/errors" >&2
		exit 1
	}
}

# medians N: of each of the columns of the rounds, in one line
medians() { for column in $(seq "$1"); do cut -d' ' -f"$column" "$here/rounds" | median; done | xargs; }

# compare NAME OURS PLAIN BYTES CLIENTS
compare() {
	name=$1 ours=$2 plain=$3 bytes=$4 clients=$5
	: >"$here/rounds"
	for _ in $(seq "$rounds"); do
		a=$(tps "$ours" "$clients" "$PGHOST")
		b=$(tps "$plain" "$clients" "$PGHOST")
		echo "$a $b" | awk '{print $1 / $2, $1, $2}' >>"$here/rounds"
	done
	medians 3 |
		awk -v what="$name" -v sides="$ours/$plain" -v of="$bytes B items, $clients client(s)$label" \
			'{printf "%s %.2f %s %s: %.0f/s against %.0f/s\n", what, $1, sides, of, $2, $3}'
}

# put_script SIDE: the writing scripts hold a document of the size in question
put_script() {
	{
		printf '\\set c random(0, :customers - 1)\n\\set o random(0, 19)\n\\set v random(1, 1000000)\n'
		query -v side="$1" -f "$here/templates.sql"
	} >"$here/$1.sql"
}

# ---- the endpoint ----

# The requests of each operation as JSON, in files for http.lua, and as pgbench
# scripts that give the same JSON to dynamo.call().
request_files() {
	key='"Key":{"pk":{"S":"CUSTOMER#@c"},"sk":{"S":"ORDER#@o"}}'
	echo "{\"TableName\":\"Bench\",$key}" >"$here/http-get.json"
	echo "{\"TableName\":\"Bench\",$key,\"UpdateExpression\":\"SET version = version + :one\",\"ConditionExpression\":\"version >= :zero\",\"ExpressionAttributeValues\":{\":one\":{\"N\":\"1\"},\":zero\":{\"N\":\"0\"}}}" >"$here/http-update.json"
	echo '{"TableName":"Bench","KeyConditionExpression":"pk = :pk","ExpressionAttributeValues":{":pk":{"S":"CUSTOMER#@c"}}}' >"$here/http-query.json"
	query -v side=http-put -f "$here/templates.sql" >"$here/http-put.json"
	for request in get put update query; do
		{
			printf '\\set c random(0, :customers - 1)\n\\set o random(0, 9)\n\\set p random(0, 19)\n\\set v random(1, 1000000)\n'
			printf "SELECT dynamo.call('%s', format(E'" "$(operation $request)"
			# pgbench would take ":one" for a variable
			sed 's/@c/%1$s/g; s/@o/%2$s/g; s/@p/%3$s/g; s/@v/%4$s/g; s/:/\\x3a/g' "$here/http-$request.json" | tr -d '\n'
			echo "', :c::int, :o::int, :p::int, :v::int)::json);"
		} >"$here/call-$request.sql"
	done
}

operation() {
	case $1 in
		get) echo GetItem ;; put) echo PutItem ;; update) echo UpdateItem ;; query) echo Query ;;
	esac
}

# Until the endpoint's workers have found the role that setup.sql makes.
wait_for_endpoint() {
	query -c 'SELECT pg_reload_conf()' >"$here/errors"
	perl -MHTTP::Tiny -e 'for (1 .. 100) {
			exit 0 if HTTP::Tiny->new(timeout => 2)->get($ARGV[0])->{content} =~ /^healthy/;
			select(undef, undef, undef, 0.1);
		}
		die "no endpoint at $ARGV[0]\n"' "$URL"
}

# The CPU time so far, in us, of all sessions that have ended and of the endpoint.
server_cpu() {
	# shellcheck disable=SC2086
	awk 'FNR == 1 {sub(/.*\) /, "")} NR == 1 {sum = $14 + $15} NR > 1 {sum += $12 + $13} END {printf "%.0f\n", sum * 10000}' \
		"/proc/$postmaster/stat" $endpoint_stats
}

# Whose CPU time that is.
find_processes() {
	postmaster=$(query -c "SELECT (regexp_split_to_array(pg_read_file('postmaster.pid'), E'\n'))[1]")
	endpoint_stats=$(query -c "SELECT format('/proc/%s/stat', pid) FROM pg_stat_activity WHERE backend_type LIKE 'dynamo endpoint%'")
}

# rps REQUEST CONNECTIONS: requests per second, p50 and p99 in ms of one short run
rps() {
	if ! wrk -t "$(($2 < 2 ? 1 : 2))" -c "$2" -d "${seconds}s" -s "$here/http.lua" "$URL" -- \
		"$(operation "$1")" "$here/http-$1.json" $((items / 10)) >"$here/wrk" 2>&1 ||
		! tail -n 1 "$here/wrk" | awk 'NF == 4 && $1 > 0 && $4 == 0 {print $1, $2, $3; good = 1} END {exit !good}'; then
		cat "$here/wrk" >&2
		exit 1
	fi
}

# compare_http NAME REQUEST PARTNER BYTES CONNECTIONS
compare_http() {
	name=$1 request=$2 partner=$3 bytes=$4 clients=$5 socket=0
	: >"$here/rounds"
	for _ in $(seq "$rounds"); do
		start=$(server_cpu)
		a=$(rps "$request" "$clients")
		middle=$(server_cpu)
		b=$(tps "$partner" "$clients" "$TCP_HOST")
		sleep 0.1 # until the postmaster has seen its backends off
		end=$(server_cpu)
		if [ "$name" = P6 ]; then socket=$(tps "$partner" "$clients" "$PGHOST"); fi
		echo "$b $a $start $middle $end $seconds $socket" |
			awk '{print $2 / $1, $2, $1, $3, $4, ($6 - $5) / $2 / $8, ($7 - $6) / $1 / $8, ($9 > 0 ? $2 / $9 : 0)}' >>"$here/rounds"
	done
	case $partner in call-*) side=dynamo.call ;; select-jsonb) side=pgbench-select ;; *) side=pgbench-upsert ;; esac
	case $request in get | query) durable= ;; *) durable=', durable' ;; esac
	medians 8 |
		awk -v what="$name" -v sides="http-$request/$side" -v of="$bytes B items, $clients connection(s)$durable$label" \
			'{printf "%s %.2f %s %s: %.0f/s against %.0f/s, p50 %.2f ms, p99 %.2f ms, CPU %.0f us against %.0f us", what, $1, sides, of, $2, $3, $4, $5, $6, $7
			if ($8 > 0) printf ", ratio to the Unix socket %.2f", $8
			print ""}'
}

# ----

space() {
	query -c "SELECT format('P8 %s bytes-per-item/jsonb-bytes-per-item %s B items with indexes: %s against %s; the values alone: %s against %s',
	                 round(a.total / b.total, 2), $1, round(a.total / $items), round(b.total / $items), a.value, b.value)
	            FROM (SELECT pg_total_relation_size('dynamodb.\"Bench\"')::numeric AS total,
	                         (SELECT round(avg(pg_column_size(item))) FROM dynamodb.\"Bench\") AS value) a,
	                 (SELECT pg_total_relation_size('plain')::numeric AS total,
	                         (SELECT round(avg(pg_column_size(doc))) FROM plain) AS value) b"
}

# ---- secondary indexes ----

# update_script NAME TABLE ATTRIBUTE: a counter goes up
update_script() {
	{
		printf '\\set c random(0, :customers / 10 - 1)\n\\set o random(0, 99)\n'
		printf "SELECT dynamo.update_item('%s', " "$2"
		# pgbench would take ":one" for a variable
		printf "%s" "format('{\"pk\":{\"S\":\"CUSTOMER#%s\"},\"sk\":{\"S\":\"ORDER#%s\"}}', :c::int, to_char(:o::int, 'FM000'))::dynamo.item, "
		printf "%s;\n" "'SET #a = #a + :' || 'one', expression_attribute_names => '{\"#a\":\"$3\"}', expression_attribute_values => ('{\":' || 'one\":{\"N\":\"1\"}}')::dynamo.item)"
	} >"$here/$1.sql"
}

# query_script NAME MEMBERS ATTRIBUTE
query_script() {
	{
		printf '\\set c random(0, :customers / 10 - 1)\n'
		printf "%s;\n" "SELECT dynamo.call('Query', format('{\"TableName\":\"Indexed5\",$2\"KeyConditionExpression\":\"$3 = :' || 'k\",\"ExpressionAttributeValues\":{\":' || 'k\":{\"S\":\"CUSTOMER#%s\"}}}', :c::int)::json)"
	} >"$here/$1.sql"
}

compare_indexes() {
	query -v items="$items" -f "$here/indexes.sql"
	update_script update-0-gsis Indexed0 version
	update_script update-1-gsi Indexed1 version
	update_script update-5-gsis Indexed5 version
	update_script update-0-gsis-other Indexed0 total
	update_script update-5-gsis-key Indexed5 total
	query_script query-gsi '"IndexName":"by_customer",' customer
	query_script query-table '' pk
	for clients in 1 8; do
		compare P10 update-1-gsi update-0-gsis 400 "$clients"
		compare P10 update-5-gsis update-0-gsis 400 "$clients"
		compare P10 update-5-gsis-key update-0-gsis-other 400 "$clients"
		compare P10 query-gsi query-table 400 "$clients"
	done
}

measured() { case " $measures " in *" $1 "*) true ;; *) false ;; esac }

if measured P10; then compare_indexes; fi
for bytes in ${SIZES:-400 4096}; do
	measured P1 || measured P2 || measured P3 || measured P5 || measured P6 || measured P8 || continue
	query -v items="$items" -v bytes="$bytes" -f "$here/setup.sql"
	if measured P8; then space "$bytes"; fi
	put_script put_item
	put_script insert-on-conflict
	for clients in 1 8; do
		if measured P1; then compare P1 get_item select-jsonb "$bytes" "$clients"; fi
		if measured P2; then compare P2 put_item insert-on-conflict "$bytes" "$clients"; fi
		if measured P3; then compare P3 update_item-conditional-counter update-jsonb_set "$bytes" "$clients"; fi
	done
	if ! measured P5 && ! measured P6; then continue; fi
	commit=on
	request_files
	wait_for_endpoint
	find_processes
	for clients in ${CONNECTIONS:-1 16 64}; do
		for request in get query update put; do
			if measured P5; then compare_http P5 $request call-$request "$bytes" "$clients"; fi
		done
		if [ "$clients" -lt 16 ] || ! measured P6; then continue; fi
		compare_http P6 get select-jsonb "$bytes" "$clients"
		compare_http P6 put insert-on-conflict "$bytes" "$clients"
	done
	commit=off
done
