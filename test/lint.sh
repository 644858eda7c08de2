#!/bin/sh
# `make lint`: the layer order always; exported symbols where there is a build; cppcheck, clang-tidy and shellcheck where
# they are installed.  clang-tidy passes over a file that it has found well before if nothing has changed that it reads
# there; `rm -r .lint` makes it forget.
set -eu
cd "$(dirname "$0")/.."
sources=$(find src -name '*.c' ! -name '*_scan.c' ! -name '*_gram.c')
jobs=$(nproc)
passed=.lint
status=0

tidy_checks='-*,bugprone-*,clang-analyzer-*,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,-bugprone-branch-clone,-bugprone-macro-parentheses,-bugprone-narrowing-conversions,-bugprone-implicit-widening-of-multiplication-result,-clang-analyzer-security.insecureAPI.*,-clang-analyzer-optin.performance.Padding'
tidy_flags="-Isrc -I$("${PG_CONFIG:-pg_config}" --includedir-server 2>/dev/null || true) -D_GNU_SOURCE -DDYNAMO_VERSION=0"

# digest TIDY FILE: of all that its result comes from; empty where that cannot be told.
digest() {
	# shellcheck disable=SC2086
	read_files=$(cc -M $tidy_flags "$2" 2>/dev/null | sed '1s/^[^:]*://; s/\\$//') || return 0
	[ -n "$read_files" ] || return 0
	# shellcheck disable=SC2086
	{ "$1" --version && echo "$tidy_checks $tidy_flags $read_files" && cat $read_files; } | sha256sum | cut -d' ' -f1
}

# tidy_file TIDY FILE: prints what is found, with FILE's name, when all of it is known.
tidy_file() {
	digest=$(digest "$1" "$2")
	if [ -n "$digest" ] && [ -e "$passed/$digest" ]; then
		touch "$passed/$digest"
		return 0
	fi
	# shellcheck disable=SC2086
	if output=$("$1" --quiet --warnings-as-errors='*' --checks="$tidy_checks" "$2" -- $tidy_flags 2>&1); then
		[ -z "$digest" ] || : >"$passed/$digest"
	else
		printf '%s\n' "$output"
		return 1
	fi
}

# (a call of this script for one file, from tidy_all)
if [ "${1:-}" = tidy ]; then
	tidy_file "$2" "$3"
	exit
fi

# shellcheck disable=SC2317,SC2329
tidy_all() {
	mkdir -p "$passed"
	find "$passed" -type f -mtime +30 -delete
	# the grammars' headers are made
	find src -name '*.y' | sed 's/y$/h/' | xargs -r make --no-print-directory -s &&
		printf '%s\n' "$sources" | xargs -P "$jobs" -n 1 sh test/lint.sh tidy "$tidy"
}

# with TOOL COMMAND…: run it if the tool is there.
with() {
	tool=$1
	shift
	if ! command -v "$tool" >/dev/null 2>&1; then
		echo "-- $tool is not installed, skipped"
		return 0
	fi
	echo "-- $tool"
	"$@" || status=1
}

for tidy in clang-tidy clang-tidy-19 clang-tidy-18 clang-tidy-17 clang-tidy-16 clang-tidy-15 clang-tidy-14; do
	if command -v "$tidy" >/dev/null 2>&1; then break; fi
done

echo '-- layers'
sh test/check_layers.sh || status=1
if [ -f dynamo.so ] && [ -f dynamo_http.so ]; then
	echo '-- symbols'
	sh test/check_symbols.sh . || status=1
fi
# shellcheck disable=SC2086
with cppcheck cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 -j "$jobs" \
	--enable=warning,portability --suppress=missingInclude \
	--suppress=nullPointerRedundantCheck --library=posix --library=test/cppcheck.cfg \
	-Isrc -DDYNAMO_VERSION=0 $sources
with "$tidy" tidy_all
# shellcheck disable=SC2046
with shellcheck shellcheck -x -s sh $(find test -name '*.sh') .ci/run
exit $status
