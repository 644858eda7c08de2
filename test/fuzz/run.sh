#!/bin/sh
# Fuzz the extension with libFuzzer and AddressSanitizer inside single-user
# backends: DURATION seconds (600) per target of TARGETS (all in targets.c),
# JOBS at a time.  Seeds come from corpus/TARGET; what the fuzzer adds stays in
# the state directory and is used again by the next run.  Exit status 1 and the
# input in the state directory's findings/ if something was found; MODE=replay
# only runs what is known.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=test/lib.sh
. "$top/test/lib.sh"

CLANG=${CLANG:-clang-14}
DURATION=${DURATION:-600}
JOBS=${JOBS:-$(nproc)}
build=$top/test/fuzz/build

find_pg_config || die 'no PostgreSQL here: make fuzz installs what is missing'
find_run_user
find_state
work=$state/fuzz
version_major=$("$pg_config" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')

# The runtime libraries of CLANG.
runtime() { "$CLANG" -print-file-name="$1-$(uname -m).$2"; }
asan=$(runtime libclang_rt.asan so)
fuzzer=$(runtime libclang_rt.fuzzer_no_main a)
[ -f "$asan" ] && [ -f "$fuzzer" ] || asan=$("$CLANG" -print-file-name=libclang_rt.asan.so) \
	fuzzer=$("$CLANG" -print-file-name=libclang_rt.fuzzer_no_main.a)
if [ ! -f "$asan" ] || [ ! -f "$fuzzer" ]; then die "$CLANG has no libFuzzer: install libclang-rt-dev"; fi

# The extension and the targets, instrumented, as one library: the targets are
# the layer on top.  Symbols bind inside the library, or the coverage callbacks
# would go to the empty ones of the preloaded runtime.
build_library() {
	mkdir -p "$build"
	(cd "$top" && tar -cf - --exclude='*.o' --exclude='*.d' Makefile dynamo.control src) |
		tar -C "$build" -xf -
	mkdir -p "$build/src/fuzz"
	cp "$top"/test/fuzz/*.[ch] "$build/src/fuzz/"
	layers=$(sed -n 's/^LAYERS := //p' "$top/Makefile")
	make -C "$build" -s -j "$(nproc)" PG_CONFIG="$pg_config" CC="$CLANG" WERROR= \
		LAYERS="$layers fuzz" \
		COPT="-fsanitize=fuzzer-no-link,address -fno-omit-frame-pointer -O1 -g \
			-Isrc/fuzz -w" \
		LDFLAGS_SL="-shared-libasan -Wl,-Bsymbolic -Wl,--whole-archive $fuzzer \
			-Wl,--no-whole-archive -lstdc++ -lm -ldl -lpthread -ljson-c" \
		dynamo.so
	"$CLANG" -shared -fPIC -O1 -o "$build/no_gettext.so" "$top/test/fuzz/preload/no_gettext.c"
}

# backend DIR SQL: run one statement in a single-user backend under the runtime.
backend() {
	printf '%s\n' "$2" | as_user env LD_PRELOAD="$asan:$work/no_gettext.so" \
		ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0:abort_on_error=0:allocator_may_return_null=1 \
		"$bindir/postgres" --single -D "$1" -c fsync=off postgres 2>&1
}

# A cluster with the functions of driver.c.
make_cluster() {
	as_user mkdir -p -m 700 "$work" "$work/corpus" "$work/findings"
	as_user rm -rf "$work/cluster"
	as_user "$bindir/initdb" -D "$work/cluster" -U postgres --encoding=UTF8 --locale=C \
		--auth=trust --no-sync >/dev/null </dev/null
	as_user tee "$work/fuzz.so" <"$build/dynamo.so" >/dev/null
	as_user tee "$work/no_gettext.so" <"$build/no_gettext.so" >/dev/null
	backend "$work/cluster" "CREATE FUNCTION fuzz_list() RETURNS text AS '$work/fuzz.so' LANGUAGE C" >"$work.log" || true
	backend "$work/cluster" "CREATE FUNCTION fuzz_run(text, text[]) RETURNS int AS '$work/fuzz.so' LANGUAGE C" >>"$work.log" || true
	names=$(backend "$work/cluster" 'SELECT fuzz_list()' | sed -n 's/.*fuzz_list = "\(.*\)".*/\1/p')
	[ -n "$names" ] || { cat "$work.log"; die 'the instrumented library does not load'; }
}

# fuzz TARGET: its own copy of the cluster, since backends cannot share one.
fuzz() {
	target=$1
	data=$work/run-$target
	as_user rm -rf "$data"
	as_user cp -R "$work/cluster" "$data"
	as_user mkdir -p "$work/corpus/$target" "$work/seeds/$target"
	cat "$top/test/fuzz/dictionary" "$top/test/fuzz/dictionary.$target" 2>/dev/null |
		as_user tee "$work/dictionary-$target" >/dev/null
	for seed in "$top/test/fuzz/corpus/$target"/*; do
		# shellcheck disable=SC2094 # (of two directories)
		if [ -f "$seed" ]; then as_user tee "$work/seeds/$target/$(basename "$seed")" <"$seed" >/dev/null; fi
	done
	# what an earlier run found is tried first
	as_user find "$work/findings" -name "$target-[a-z]*-*" -exec mv {} "$work/seeds/$target/" \;
	options="-artifact_prefix=$work/findings/$target- -timeout=25 -print_final_stats=1"
	case ${MODE:-fuzz} in
		replay) options="$options -runs=0" ;;
		*) options="$options -max_total_time=$DURATION -max_len=${MAX_LEN:-4096} -dict=$work/dictionary-$target" ;;
	esac
	status=0
	backend "$data" "SELECT fuzz_run('$target', string_to_array('$options $work/corpus/$target $work/seeds/$target', ' '))" \
		>"$build/$target.log" || status=$?
	as_user rm -rf "$data"
	summary=$(sed -n 's/^stat::number_of_executed_units: *//p; s/^#[0-9]*.*DONE *\(cov: [0-9]* ft: [0-9]*\).*/\1/p' \
		"$build/$target.log" | tr '\n' ' ')
	found=$(as_user find "$work/findings" -name "$target-[a-z]*-*")
	if [ "$status" -ne 0 ] || [ -n "$found" ] || [ -z "$summary" ] ||
		grep -q 'FINDING\|ERROR: AddressSanitizer\|SUMMARY:' "$build/$target.log"; then
		echo "FAILED  fuzz/$target (log: $build/$target.log)"
		tail -n 40 "$build/$target.log"
		return 1
	fi
	echo "ok      fuzz/$target $summary"
}

say "building with $("$CLANG" --version | head -n 1) for PostgreSQL $version_major"
build_library
make_cluster
failed=0
running=0
pids=
for target in ${TARGETS:-$names}; do
	fuzz "$target" &
	pids="$pids $!"
	running=$((running + 1))
	if [ "$running" -ge "$JOBS" ]; then
		for pid in $pids; do wait "$pid" || failed=1; done
		running=0 pids=
	fi
done
for pid in $pids; do wait "$pid" || failed=1; done
as_user find "$work/findings" -type f | sed 's/^/finding: /'
exit "$failed"
