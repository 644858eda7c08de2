#!/bin/sh
# `make lint`: the layer order always; cppcheck, clang-tidy and shellcheck where
# they are installed.
set -eu
cd "$(dirname "$0")/.."
sources=$(find src -name '*.c' ! -name '*_scan.c' ! -name '*_gram.c')
status=0

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

echo '-- layers'
sh test/check_layers.sh || status=1
# shellcheck disable=SC2086
with cppcheck cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 \
	--enable=warning,portability --suppress=missingInclude \
	--suppress=nullPointerRedundantCheck --library=posix --library=test/cppcheck.cfg \
	-Isrc $sources
# shellcheck disable=SC2086
with clang-tidy clang-tidy --quiet --warnings-as-errors='*' \
	--checks='-*,bugprone-*,clang-analyzer-*,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,-bugprone-branch-clone,-bugprone-macro-parentheses,-clang-analyzer-security.insecureAPI.*' \
	$sources -- -Isrc -I"$("${PG_CONFIG:-pg_config}" --includedir-server)" -D_GNU_SOURCE
with shellcheck shellcheck -x -s sh test/*.sh test/docs/*.sh .ci/run
exit $status
