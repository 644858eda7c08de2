#!/bin/sh
# profile.sh: `make profile`, the instructions that an operation takes within a
# backend, counted by valgrind's callgrind: exact to a per cent on any machine,
# however busy.  One line per operation,
#
#     <operation> <instructions per call>
#
# and with DETAIL=N, below it, the N functions that took most of them themselves.
# OPERATIONS, a regular expression, picks some.
#
# A single-user server runs one DO block per operation; what is counted is the
# operation's C function and all that it calls, not the loop around it.  Every
# block runs twice, the first time to fill the caches.  CALLS is the number of
# calls in each.
# shellcheck disable=SC2016 # (requests and programs of awk hold dollars)
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=test/lib.sh
. "$top/test/lib.sh"

calls=${CALLS:-300}
detail=${DETAIL:-0}

# Name, the C function to count, and the call: p and s make a key of the table, v is a
# number that changes.
operations() {
	key='{"pk":{"S":"CUSTOMER#%1$s"},"sk":{"S":"ORDER#%2$s"}'
	item="$key"',"status":{"S":"OPEN"},"total":{"N":"123.45"},"version":{"N":"%3$s"},"paid":{"BOOL":true},"tags":{"L":[{"S":"red"},{"S":"large"},{"S":"gift"}]},"address":{"M":{"city":{"S":"Delft"},"zip":{"S":"10000"}}},"created":{"S":"2026-01-01T00-00-00"},"note":{"S":"'"$(printf '%0170d' 0)"'"}}'
	new=$(echo "$item" | sed 's/ORDER#/NEW#/')
	partition='"TableName":"Bench","KeyConditionExpression":"pk = :pk","ExpressionAttributeValues":{":pk":{"S":"CUSTOMER#%1$s"}'
	filtered=$(echo "$partition" | sed 's/{":pk"/{":p":{"BOOL":true},":pk"/')
	cat <<-EOF
		get dynamo_get_item dynamo.get_item('Bench', format('$key}', p, s)::dynamo.item)
		get-projected dynamo_get_item dynamo.get_item('Bench', format('$key}', p, s)::dynamo.item, 'version, address.city')
		put-new dynamo_put_item dynamo.put_item('Bench', format('$new', p, s || clock_timestamp(), v)::dynamo.item)
		put-over dynamo_put_item dynamo.put_item('Bench', format('$item', p, s, v)::dynamo.item)
		update dynamo_update_item dynamo.update_item('Bench', format('$key}', p, s)::dynamo.item, 'SET version = version + :one', 'version >= :zero', NULL, '{":one":{"N":"1"},":zero":{"N":"0"}}')
		update-gsi dynamo_update_item dynamo.update_item('Bench1', format('$key}', p, s)::dynamo.item, 'SET version = version + :one', 'version >= :zero', NULL, '{":one":{"N":"1"},":zero":{"N":"0"}}')
		update-5-gsis dynamo_update_item dynamo.update_item('Bench5', format('$key}', p, s)::dynamo.item, 'SET version = version + :one', 'version >= :zero', NULL, '{":one":{"N":"1"},":zero":{"N":"0"}}')
		update-5-gsis-keys dynamo_update_item dynamo.update_item('Bench5', format('$key}', p, s)::dynamo.item, 'SET #t = #t + :one', 'version >= :zero', '{"#t":"total"}', '{":one":{"N":"1"},":zero":{"N":"0"}}')
		put-new-5-gsis dynamo_put_item dynamo.put_item('Bench5', (left(format('$new', p, s || clock_timestamp(), v), -1) || ',"customer":{"S":"c"}}')::dynamo.item)
		call-get dynamo_call dynamo.call('GetItem', format('{"TableName":"Bench","Key":$key}}', p, s)::json)
		call-query-100 dynamo_call dynamo.call('Query', format('{$partition}}', p)::json)
		call-query-100-gsi dynamo_call dynamo.call('Query', format('{"IndexName":"by_customer","TableName":"Bench5","KeyConditionExpression":"customer = :pk","ExpressionAttributeValues":{":pk":{"S":"CUSTOMER#%1\$s"}}}', p)::json)
		call-query-100-filter dynamo_call dynamo.call('Query', format('{"FilterExpression":"paid = :p",$filtered}}', p)::json)
		call-query-100-project dynamo_call dynamo.call('Query', format('{"ProjectionExpression":"sk, version",$partition}}', p)::json)
		call-query-100-count dynamo_call dynamo.call('Query', format('{"Select":"COUNT",$partition}}', p)::json)
		query-100 dynamo_query count(*) FROM dynamo.query('Bench', 'pk = :pk', expression_attribute_values => format('{":pk":{"S":"CUSTOMER#%s"}}', p)::dynamo.item)
		call-scan-segment dynamo_call dynamo.call('Scan', '{"TableName":"Bench","Select":"COUNT","Segment":3,"TotalSegments":8}'::json)
	EOF
}

# The statements of one operation: two blocks alike, the first to fill caches.
statements() {
	while read -r name function call; do
		n=$calls
		case $name in *query* | *scan*) n=$((calls / 10)) ;; esac
		echo "$name $function $n" >>"$1.names"
		for _ in warm counted; do
			echo "DO \$\$ DECLARE p int; s text; v int := random() * 1000000; BEGIN FOR i IN 1..$n LOOP p := i % 100; s := to_char((i * 7 + i / 100) % 100, 'FM000'); v := v + 1; PERFORM $call; END LOOP; END \$\$"
		done
	done
}

# shellcheck disable=SC2034
EXTRA_TOOLS=valgrind:valgrind
setup
work=$(as_user mktemp -d "$state/profile.XXXXXX")
list=$(mktemp)
trap 'server_stop "$work" || true; as_user rm -rf "$work"; rm -f "$list" "$list.names" "$list.sql" "$list.log"' EXIT
trap 'exit 1' HUP INT TERM
server_init "$work"
server_start "$work" 54324
as_user "$bindir/psql" -XAtq -h "$work" -p 54324 -U postgres -d postgres -f - <"$top/test/bench/profile.sql"
server_stop "$work"

{
	operations | grep -E "^(${OPERATIONS:-.*}) " | statements "$list"
	echo 'SELECT 1'
} >"$list.sql"
# each statement's counts go to a file of their own
# shellcheck disable=SC2046
as_user valgrind -q --tool=callgrind --callgrind-out-file="$work/counts" --dump-before=PortalRun \
	$(operations | awk '!seen[$2]++ {print "--toggle-collect=" $2}') \
	"$bindir/postgres" --single -D "$work/data" -c synchronous_commit=off -c shared_buffers=64MB \
	-c jit=off postgres <"$list.sql" >"$list.log" 2>&1 || { cat "$list.log" >&2; exit 1; }
if grep -E 'ERROR|FATAL|PANIC' "$list.log" >&2; then exit 1; fi

# part N has what came before the N-th statement, so the second of pair i is in 2 i + 1
i=0
while read -r name function n; do
	i=$((i + 1))
	as_user awk -v name="$name" -v n="$n" '/^summary:/ {printf "%-24s %8d\n", name, $2 / n}' "$work/counts.$((2 * i + 1))"
	[ "$detail" -gt 0 ] || continue
	as_user callgrind_annotate --threshold=100 "$work/counts.$((2 * i + 1))" |
		awk -v n="$n" -v left="$detail" '/PROGRAM TOTALS/ {total = $1}
			/^ *[0-9,]+ \(/ && $1 != total && left-- > 0 {
				cost = $1; gsub(",", "", cost)
				sub(/^[^)]*\) +/, ""); sub(/ \[.*/, ""); sub(/^.*:/, "")
				printf "%33d  %s\n", cost / n, $0
			}'
done <"$list.names"
