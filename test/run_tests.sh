#!/bin/sh
# run_tests.sh WORK PORT: run the tests of the tree in WORK/tree on the server in
# WORK, whose endpoint is ENDPOINT, as the user that owns both; `make check` calls it.  WORK/results.txt gets
# one line per test, "ok NAME", "FAILED NAME" or, where it needs some of
# MISSING_CLIENTS, "MISSING NAME"; false if any failed.
set -eu
work=$1
port=$2
tree=$work/tree
bindir=$("$PG_CONFIG" --bindir)
pgxs_src=$(dirname "$("$PG_CONFIG" --pgxs)")/..
results=$work/results.txt
PATH=$bindir:$PATH
PGHOST=$work PGPORT=$port PGUSER=postgres PGDATABASE=postgres
TREE=$tree
export PATH PGHOST PGPORT PGUSER PGDATABASE TREE
unset PGOPTIONS PGSERVICE PGPASSWORD
cd "$work"

# limited SECONDS COMMAND…: run it, and end it with all it has started after that
# time (TIME_FACTOR times that time in a soak) or when this script is told to end.
limited() {
	limited_seconds=$(($1 * ${TIME_FACTOR:-1}))
	shift
	timeout $limited_seconds "$@" &
	limited_pid=$!
	limited_result=0
	wait $limited_pid || limited_result=$?
	limited_pid=
	return $limited_result
}
limited_pid=
trap '[ -z "$limited_pid" ] || { kill $limited_pid; wait $limited_pid; }; exit 1' HUP INT TERM

# wanted NAME: does one of the patterns in TESTS choose it?
wanted() {
	set -f
	for pattern in ${TESTS:-*}; do
		# shellcheck disable=SC2254
		case $1 in $pattern) set +f; return 0 ;; esac
	done
	set +f
	return 1
}

# Names of the wanted tests of one kind: chosen KIND SUFFIX FILE…
chosen() {
	kind=$1 suffix=$2
	shift 2
	for file in "$@"; do
		[ -e "$file" ] || continue
		name=$(basename "$file" "$suffix")
		if wanted "$kind/$name"; then echo "$name"; fi
	done
}

record() {
	printf '%s %s\n' "$1" "$2" >>"$results"
	printf '%-8s%s\n' "$1" "$2"
}

# run NAME COMMAND…: a test is one command; its output is shown if it fails.
run() {
	name=$1
	shift
	output=$work/output.$(echo "$name" | tr / .)
	if "$@" >"$output" 2>&1 </dev/null; then
		record ok "$name"
	else
		sed 's/^/    /' "$output"
		record FAILED "$name"
	fi
}

# pg_regress and pg_isolation_regress, one call for all files of a kind:
# run_regress KIND SUFFIX DIR PROGRAM INPUTDIR.  Each gets a line: 15 prints
# "test NAME ... ok", later versions "ok 1 - NAME 12 ms".
run_regress() {
	kind=$1 output=$work/$1
	names=$(chosen "$kind" "$2" "$3"/*"$2")
	[ -n "$names" ] || return 0
	mkdir -p "$output"
	# shellcheck disable=SC2086
	PGOPTIONS='-c dynamo.online_index_builds=off' limited 420 "$4" --inputdir="$5" --outputdir="$output" --bindir="$bindir" --encoding=UTF8 \
		--dbname="dynamo_$kind" --load-extension=dynamo $names \
		>"$output/summary" 2>&1 </dev/null || true
	for name in $names; do
		if grep -Eq "^(test|ok +[0-9]+ +[-+]) +$name +(\.\.\. ok .*|[0-9]+ ms)\$" "$output/summary"; then
			record ok "$kind/$name"
		else
			record FAILED "$kind/$name"
		fi
	done
	if grep -q "^FAILED $kind/" "$results"; then
		[ ! -s "$output/regression.diffs" ] || head -n 2000 "$output/regression.diffs"
		grep -Ev '^(test|ok) ' "$output/summary" || true
	fi
}

# One TAP file; TESTDIR is for 15, TESTDATADIR and TESTLOGDIR for later ones.
run_tap() {
	dir=$work/tap/$1
	mkdir -p "$dir"
	cd "$dir"
	run "tap/$1" limited 300 env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE \
		TESTDIR="$dir" TESTDATADIR="$dir/tmp_check" TESTLOGDIR="$dir/tmp_check/log" \
		PG_REGRESS="$pgxs_src/test/regress/pg_regress" top_builddir="$dir" \
		PG_TEST_PORT_DIR="$work/ports" TEMP_CONFIG="$tree/test/dynamo.conf" \
		prove --verbose -I "$pgxs_src/test/perl" -I "$tree/test/t" "$tree/test/t/$1.pl"
	cd "$work"
}

# has_clients NAME CLIENT…: false, and recorded, where a client that a test needs is missing.
has_clients() {
	test_name=$1
	shift
	for client; do
		case " ${MISSING_CLIENTS:-} " in *" $client "*)
			record MISSING "$test_name"
			return 1
			;;
		esac
	done
}

# The names of the wanted suites whose clients are there.
runnable_suites() {
	for suffix_client in .py:boto3 .js:javascript .sh:cli; do
		for name in $(chosen clients "${suffix_client%:*}" "$tree"/test/clients/suites/*"${suffix_client%:*}"); do
			clients=${suffix_client#*:}
			[ "$name" != documentation ] || clients='cli boto3 javascript'
			# shellcheck disable=SC2086
			if has_clients "clients/$name" $clients >&2; then echo "$name"; fi
		done
	done
}

# One suite with AWS' clients; psql leads to the endpoint's database.
run_clients() {
	run "clients/$1" limited 120 env PGDATABASE=dynamo_clients sh "$tree/test/clients/run.sh" "$1"
}

# (a call of this script for one TAP file or suite, from xargs below)
case ${3:-} in
tap | clients)
	"run_$3" "$4"
	exit
	;;
esac

# Make what the endpoint serves, and wait until it does.
prepare_endpoint() {
	psql -Xqd postgres -c 'CREATE DATABASE dynamo_clients' -c 'CREATE ROLE dynamo_endpoint LOGIN'
	psql -Xqd dynamo_clients -c 'CREATE EXTENSION dynamo' \
		-c 'CREATE SCHEMA dynamodb AUTHORIZATION dynamo_endpoint' \
		-c 'CREATE SCHEMA dynamodb_backups AUTHORIZATION dynamo_endpoint' \
		-c 'DO $$ BEGIN PERFORM pg_reload_conf(); END $$' # the workers try again at once
	perl -MHTTP::Tiny -e 'for (1 .. 100) {
			exit 0 if HTTP::Tiny->new(timeout => 2)->get($ARGV[0])->{content} =~ /^healthy/;
			select(undef, undef, undef, 0.1);
		}
		exit 1' "$ENDPOINT/"
}

: >"$results"
echo $PPID >"$work/pid" # of the timeout that runs this script
if wanted lint/layers; then run lint/layers sh "$tree/test/check_layers.sh" "$tree"; fi
if wanted lint/symbols; then run lint/symbols sh "$tree/test/check_symbols.sh" "$("$PG_CONFIG" --pkglibdir)" "$tree"; fi
run_regress regress .sql "$tree/sql" "$pgxs_src/test/regress/pg_regress" "$tree"
run_regress isolation .spec "$tree/test/specs" "$pgxs_src/test/isolation/pg_isolation_regress" "$tree/test"
chosen tap .pl "$tree"/test/t/*.pl | xargs -r -P 2 -n 1 sh "$0" "$work" "$port" tap
for name in $(chosen docs .sh "$tree"/test/docs/*.sh); do
	run "docs/$name" limited 120 sh "$tree/test/docs/$name.sh"
done
if wanted demo/lab; then
	run demo/lab limited 120 psql -X -a -q -v ON_ERROR_STOP=1 -d postgres \
		-c 'CREATE DATABASE dynamo_lab' -c '\c dynamo_lab' -c 'CREATE EXTENSION dynamo' -f "$tree/test/demo/lab.sql"
fi

suites=$(runnable_suites)
if wanted demo/lab_cli && has_clients demo/lab_cli cli; then lab_cli=yes; else lab_cli=; fi
if [ -n "$suites$lab_cli" ]; then
	prepare_endpoint || echo 'the endpoint does not answer'
fi
# (boto3_retries ends workers: it is alone)
printf '%s\n' "$suites" | grep -v '^boto3_retries$' | xargs -r -P 2 -n 1 sh "$0" "$work" "$port" clients
case $suites in *boto3_retries*) run_clients boto3_retries ;; esac
if [ -n "$lab_cli" ]; then
	run demo/lab_cli limited 120 sh "$tree/test/demo/lab.sh"
fi

! grep '^FAILED ' "$results"
