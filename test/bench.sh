#!/bin/sh
# `make bench`: set up, then test/bench/run.sh on a server of its own, which it
# finds in PGHOST and PGPORT and whose endpoint in URL; that prints
# "<name> <ratio> <what/what> <detail>".
#
# MEASURES picks among P1, P2, P3, P5, P6, P8, P10, and the same server set otherwise:
# P6-plain with plain commits, P6-large with data several times larger than
# the buffer pool.  P4a to P4d (clustering.sh) are what clustering brings and costs, with
# 1,000,000 items unless P4A_ITEMS says otherwise, P7 (load.sh) brings many items in, 200,000 unless P7_ITEMS says
# otherwise, P9 (lookup.sh) is a read by key in tables of different size,
# 1,000,000 items unless P9_ITEMS says otherwise (10000000 want P9_POOL=8GB), P13 (cost.sh) what everything costs
# in bytes and pages, P11 (streams.sh) what a stream costs, P12 (expire.sh) the deletion
# of expired items, 400,000 unless P12_ITEMS says otherwise.  BENCH_ENDPOINT_PORT is
# the endpoint's port.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=test/lib.sh
. "$top/test/lib.sh"

all=${MEASURES:-P1 P2 P3 P10 P4a P4b P4c P4d P7 P8 P9 P11 P12 P13 P5 P6 P6-plain P6-large}
endpoint_port=${BENCH_ENDPOINT_PORT:-54323}

# picked MEASURE …: those of them that are to be measured
picked() {
	for measure; do
		case " $all " in *" $measure "*) printf '%s ' "$measure" ;; esac
	done
}

# start OPTIONS
start() {
	server_stop "$work"
	options="-c listen_addresses=127.0.0.1 -c max_connections=100 -c max_worker_processes=20 -c max_wal_size=8GB $1"
	options="$options -c dynamo.endpoint_port=$endpoint_port -c dynamo.endpoint_database=postgres"
	server_start "$work" 54322 "$options"
}

# The partner comes over TCP, as the endpoint's clients do; any user of this machine
# could, so that it needs a password.
allow_tcp() {
	password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
	# shellcheck disable=SC2016
	echo "*:*:*:*:$password" | as_user sh -c 'umask 077; cat >"$1"' sh "$work/password"
	printf 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n' | as_user tee "$work/data/pg_hba.conf" >/dev/null
	start "-c $pool"
	echo "ALTER ROLE postgres PASSWORD '$password'" |
		as_user "$bindir/psql" -XAtq -h "$work" -p 54322 -U postgres -v ON_ERROR_STOP=1
}

# on_server COMMAND …: with the variables that lead to it
on_server() {
	as_user env PATH="$bindir:$PATH" PGHOST="$work" PGPORT=54322 PGUSER=postgres PGDATABASE=postgres \
		URL="http://127.0.0.1:$endpoint_port" TCP_HOST=127.0.0.1 PGPASSFILE="$work/password" "$@"
}

# run MEASURES [VARIABLE=VALUE …]: what the caller has set goes before
run() {
	measures=$1
	shift
	on_server "$@" MEASURES="$measures" sh "$work/bench/run.sh"
}

pool='shared_buffers=512MB'
# Two tables of 1,000,000 items, and those that inserts fill, are in the one; any table is
# larger than the other.
warm_pool='shared_buffers=2GB'
small_pool='shared_buffers=16MB'

# shellcheck disable=SC2034
EXTRA_TOOLS=wrk:wrk
setup
work=$(as_user mktemp -d "$state/bench.XXXXXX")
trap 'server_stop "$work" || true; as_user rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
server_init "$work"
allow_tcp
as_user mkdir "$work/bench"
tar -C "$top/test/bench" -cf - . | as_user tar -C "$work/bench" -xf - --no-same-owner -m

measures=$(picked P1 P2 P3 P8 P10)
if [ -n "$measures" ]; then run "$measures"; fi
measures=$(picked P4a P4c)
if [ -n "$measures" ]; then on_server MEASURES="$measures" sh "$work/bench/clustering.sh"; fi
measures=$(picked P4b P4d)
if [ -n "$measures" ]; then
	start "-c $warm_pool"
	on_server MEASURES="$measures" sh "$work/bench/clustering.sh"
	if [ -n "$(picked P4b)" ]; then
		start "-c $small_pool"
		on_server MEASURES=P4b LABEL="$small_pool" sh "$work/bench/clustering.sh"
	fi
	start "-c $pool"
fi
if [ -n "$(picked P7)" ]; then on_server sh "$work/bench/load.sh"; fi
if [ -n "$(picked P9)" ]; then
	start "-c shared_buffers=${P9_POOL:-1GB}"
	on_server sh "$work/bench/lookup.sh"
	start "-c $pool"
fi
if [ -n "$(picked P12)" ]; then on_server sh "$work/bench/expire.sh"; fi
if [ -n "$(picked P13)" ]; then
	start "-c $pool -c wal_level=replica"
	on_server sh "$work/bench/cost.sh"
	start "-c $pool"
fi
if [ -n "$(picked P11)" ]; then on_server sh "$work/bench/streams.sh"; fi
measures=$(picked P5 P6)
if [ -n "$measures" ]; then
	run "$measures" ROUNDS="${ROUNDS:-3}" SIZES="${SIZES:-400}"
fi
if [ -n "$(picked P6-plain)" ]; then
	start "-c $pool -c dynamo.endpoint_commit=plain"
	run P6 LABEL='plain commit' ROUNDS="${ROUNDS:-3}" \
		SIZES="${SIZES:-400}" CONNECTIONS="${CONNECTIONS:-16 64}"
fi
if [ -n "$(picked P6-large)" ]; then
	start "-c $small_pool"
	run P6 LABEL="$small_pool" ROUNDS="${ROUNDS:-3}" \
		SIZES=4096 ITEMS=20000 CONNECTIONS="${CONNECTIONS:-16}"
fi
