#!/bin/sh
# run.sh: what our operations cost beside plain SQL on the same items, on the
# server of PGHOST and PGPORT.  Prints one line per measure,
#
#     <name> <ratio> <what/what> <detail>
#
# where the ratio is ours over plain SQL: of transactions per second (above 1:
# ours is faster) or of bytes (below 1: ours is smaller).
#
# Each measure alternates short runs of both sides and prints the median of the
# rounds' ratios, so that a noisy neighbour meets both.  Commits do not wait for the disk
# (synchronous_commit = off): we compare work, not fsync.
# ROUNDS, SECONDS_EACH, ITEMS and MEASURES ("P1 P3") shorten or lengthen a run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rounds=${ROUNDS:-5}
seconds=${SECONDS_EACH:-3}
items=${ITEMS:-50000}
measures=${MEASURES:-P1 P2 P3 P8}
PGOPTIONS='-c synchronous_commit=off'
export PGOPTIONS

median() { sort -n | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
query() { psql -XAtq -v ON_ERROR_STOP=1 "$@"; }

# tps SCRIPT CLIENTS: transactions per second of one short run
tps() {
	pgbench -n -M prepared -T "$seconds" -c "$2" -j 2 -D customers=$((items / 10)) \
		-f "$here/$1.sql" 2>"$here/errors" | awk '/^tps/ {print $3}' | grep . || {
		cat "$here/errors" >&2
		exit 1
	}
}

# compare NAME OURS PLAIN BYTES CLIENTS
compare() {
	name=$1 ours=$2 plain=$3 bytes=$4 clients=$5
	: >"$here/rounds"
	for round in $(seq "$rounds"); do
		a=$(tps "$ours" "$clients")
		b=$(tps "$plain" "$clients")
		echo "$a $b" | awk '{print $1 / $2, $1, $2}' >>"$here/rounds"
	done
	for column in 1 2 3; do cut -d' ' -f$column "$here/rounds" | median; done | xargs |
		awk -v what="$name" -v sides="$ours/$plain" -v of="$bytes B items, $clients client(s)" \
			'{printf "%s %.2f %s %s: %.0f/s against %.0f/s\n", what, $1, sides, of, $2, $3}'
}

# put_script SIDE: the writing scripts hold a document of the size in question
put_script() {
	{
		printf '\\set c random(0, :customers - 1)\n\\set o random(0, 19)\n\\set v random(1, 1000000)\n'
		query -v side="$1" -f "$here/templates.sql"
	} >"$here/$1.sql"
}

space() {
	query -c "SELECT format('P8 %s bytes-per-item/jsonb-bytes-per-item %s B items with indexes: %s against %s; the values alone: %s against %s',
	                 round(a.total / b.total, 2), $1, round(a.total / $items), round(b.total / $items), a.value, b.value)
	            FROM (SELECT pg_total_relation_size('dynamodb.\"Bench\"')::numeric AS total,
	                         (SELECT round(avg(pg_column_size(item))) FROM dynamodb.\"Bench\") AS value) a,
	                 (SELECT pg_total_relation_size('plain')::numeric AS total,
	                         (SELECT round(avg(pg_column_size(doc))) FROM plain) AS value) b"
}

for bytes in 400 4096; do
	query -v items="$items" -v bytes="$bytes" -f "$here/setup.sql"
	case " $measures " in *' P8 '*) space "$bytes" ;; esac
	put_script put_item
	put_script insert-on-conflict
	for clients in 1 8; do
		case " $measures " in *' P1 '*) compare P1 get_item select-jsonb "$bytes" "$clients" ;; esac
		case " $measures " in *' P2 '*) compare P2 put_item insert-on-conflict "$bytes" "$clients" ;; esac
		case " $measures " in *' P3 '*) compare P3 update_item-conditional-counter update-jsonb_set "$bytes" "$clients" ;; esac
	done
done
