#!/bin/sh
# check_symbols.sh LIBDIR [DIR]: what dynamo_http.so uses of dynamo.so is declared
# PGDLLEXPORT there.  PostgreSQL 16 and later hide the rest, so that it would work on
# 15 alone.  And neither leaves a function of its own to be looked up at run time, where
# one of another library's by the same name may be found.  Reads the libraries in LIBDIR
# and the headers in DIR; prints what breaks these rules; false if anything does.
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

for library in dynamo.so dynamo_http.so; do
	symbols --defined-only "$library" >"$scratch/defined"
	readelf -rW "$libdir/$library" | awk '$3 ~ /JUMP_SLO/ {print $5}' | sort >"$scratch/looked-up"
	[ -s "$scratch/looked-up" ] || { echo "$library calls nothing of the server's?"; status=1; }
	comm -12 "$scratch/defined" "$scratch/looked-up" | sed "s/\$/ is the own of $library, and looked up at run time/" >"$scratch/own"
	if [ -s "$scratch/own" ]; then cat "$scratch/own"; status=1; fi
done
exit $status
