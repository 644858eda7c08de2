#!/bin/sh
# `make check`: set up, start a temporary server, run every test, stop it.
# The last line is "N passed, N failed", with ", N not run" where AWS' clients are
# missing and cannot be installed: no success either.  TESTS is a list of shell patterns of
# test names (regress/value_numbers, isolation/…, tap/…, docs/…, clients/…) to run
# only those.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=test/lib.sh
. "$top/test/lib.sh"

# Can TESTS choose a test that needs AWS' clients?
needs_clients() (
	set -f
	for pattern in ${TESTS:-*}; do
		case $pattern in clients* | demo* | [*?[]*) return 0 ;; esac
	done
	return 1
)

setup
MISSING_CLIENTS=
if needs_clients; then
	# (a subshell, which ends where it cannot go on)
	(install_clients all) || say "AWS' clients could not be installed: tests that need what is missing do not run"
	find_clients
fi

# A copy of the tree, so that run_user can read it and writes nothing into it.
work=$(as_user mktemp -d "$state/check.XXXXXX")
finish() {
	trap - EXIT
	server_stop "$work" || true
	# servers of TAP tests that were cut short
	as_user find "$work" -name postmaster.pid -exec dirname {} \; | while read -r data; do
		as_user "$bindir/pg_ctl" -D "$data" -s -m immediate stop </dev/null >/dev/null 2>&1 || true
	done
	passed=$(as_user grep -c '^ok ' "$work/results.txt" 2>/dev/null) || passed=${passed:-0}
	failed=$(as_user grep -c '^FAILED ' "$work/results.txt" 2>/dev/null) || failed=${failed:-0}
	missing=$(as_user grep -c '^MISSING ' "$work/results.txt" 2>/dev/null) || missing=${missing:-0}
	not_run=
	if [ "$missing" -gt 0 ]; then
		not_run=", $missing not run"
		say "not run, without these of AWS' clients: $MISSING_CLIENTS"
	fi
	if [ "$complete" = yes ] && [ "$failed" -eq 0 ] && [ "$missing" -eq 0 ] && [ "$passed" -gt 0 ]; then
		as_user rm -rf "$work"
		status=0
	else
		as_user rm -rf "$state/last-failure" "$work/data" "$work/tree"
		as_user mv "$work" "$state/last-failure"
		[ "$complete" = yes ] || say 'the run was cut short'
		say "output of the tests is kept in $state/last-failure"
		status=1
	fi
	echo "$passed passed, $failed failed$not_run"
	exit $status
}
complete=no
trap finish EXIT
trap 'exit 1' HUP INT TERM

as_user mkdir "$work/tree"
tar -C "$top" -cf - --exclude=./.git --exclude=./.server --exclude='*.o' --exclude='*.so' --exclude='./test/fuzz/*' . |
	as_user tar -C "$work/tree" -xf - --no-same-owner --no-same-permissions -m

# The endpoint's workers find their database (see run_tests.sh) when it is there.
server_init "$work"
endpoint_port=$(perl -MIO::Socket::INET -e \
	'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
server_start "$work" 54321 "-c fsync=off -c max_connections=40 -c max_worker_processes=20 \
	-c dynamo.endpoint_port=$endpoint_port -c dynamo.endpoint_database=dynamo_clients"

say "tests, in $work"
# (in the background, so that a signal to this script is acted on at once)
as_user env PG_CONFIG="$pg_config" TESTS="${TESTS:-*}" ENDPOINT="http://127.0.0.1:$endpoint_port" \
	timeout $((840 * ${TIME_FACTOR:-1})) sh "$work/tree/test/run_tests.sh" "$work" 54321 &
tests=$!
trap 'as_user kill "$(as_user cat "$work/pid")"; wait $tests; exit 1' HUP INT TERM
result=0
wait $tests || result=$?
[ $result -eq 124 ] || complete=yes
