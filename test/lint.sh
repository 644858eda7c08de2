#!/bin/sh
# `make lint`: the layer order always; exported symbols where there is a build; cppcheck, clang-tidy and shellcheck where
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
with cppcheck cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 \
	--enable=warning,portability --suppress=missingInclude \
	--suppress=nullPointerRedundantCheck --library=posix --library=test/cppcheck.cfg \
	-Isrc $sources
# shellcheck disable=SC2086
with "$tidy" "$tidy" --quiet --warnings-as-errors='*' \
	--checks='-*,bugprone-*,clang-analyzer-*,-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,-bugprone-branch-clone,-bugprone-macro-parentheses,-bugprone-narrowing-conversions,-bugprone-implicit-widening-of-multiplication-result,-clang-analyzer-security.insecureAPI.*,-clang-analyzer-optin.performance.Padding' \
	$sources -- -Isrc -I"$("${PG_CONFIG:-pg_config}" --includedir-server)" -D_GNU_SOURCE
with shellcheck shellcheck -x -s sh test/*.sh test/docs/*.sh test/demo/*.sh test/clients/*.sh test/clients/suites/*.sh .ci/run
exit $status
