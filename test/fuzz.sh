#!/bin/sh
# `make fuzz`: test/fuzz/run.sh, with DURATION seconds per harness and in CLANG
# a compiler that has libFuzzer.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=test/lib.sh
. "$top/test/lib.sh"

# Set CLANG to the first clang that links a fuzzer; false if there is none.
find_fuzzing_clang() {
	probe=$(mktemp)
	for CLANG in "${CLANG:-clang}" clang-19 clang-18 clang-17 clang-16 clang-15 clang-14; do
		have "$CLANG" || continue
		if echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return 0; }' |
			"$CLANG" -x c -fsanitize=fuzzer,address -o "$probe" - 2>/dev/null; then
			rm -f "$probe"
			return 0
		fi
	done
	rm -f "$probe"
	return 1
}

# shellcheck disable=SC2034
EXTRA_TOOLS=/usr/include/json-c/json.h:libjson-c-dev
setup
if ! find_fuzzing_clang; then
	have apt-get || die "please install (Debian's names): clang libclang-rt-dev"
	have clang || apt_install clang
	find_fuzzing_clang || apt_install "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
	find_fuzzing_clang || die 'no clang here links -fsanitize=fuzzer,address'
fi
DURATION=${DURATION:-600}
export CLANG DURATION
cd "$top"
exec sh test/fuzz/run.sh
