#!/bin/sh
# check_symbols.sh LIBDIR [DIR]: what dynamo_http.so uses of dynamo.so is declared
# PGDLLEXPORT there.  PostgreSQL 16 and later hide the rest, so that it would work on
# 15 alone.  Reads the libraries in LIBDIR and the headers in DIR; prints what breaks
# the rule; false if anything does.
set -eu
export LC_ALL=C
libdir=$1
cd "${2:-$(dirname "$0")/..}"

symbols() { nm -D "$1" "$libdir/$2" | awk '{print $NF}' | sort; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
symbols --defined-only dynamo.so >"$scratch/defined"
symbols --undefined-only dynamo_http.so >"$scratch/used"
comm -12 "$scratch/defined" "$scratch/used" >"$scratch/shared"
[ -s "$scratch/shared" ] || {
	echo "dynamo_http.so uses nothing of dynamo.so, or $libdir is not where they are"
	exit 1
}
grep -h '^extern PGDLLEXPORT ' src/*/*.h >"$scratch/exported"
status=0
while read -r symbol; do
	grep -qw "$symbol" "$scratch/exported" || {
		echo "$symbol is used by dynamo_http.so and not declared PGDLLEXPORT"
		status=1
	}
done <"$scratch/shared"
exit $status
