#!/bin/sh
# `make soak`: for DURATION seconds, crash tests (test/t/*crash*.pl) and the
# fuzzers in turn; stops at the first failure.
set -eu
cd "$(dirname "$0")/.."
duration=${DURATION:-3600}
end=$(($(date +%s) + duration))
rounds=0
while [ "$(date +%s)" -lt "$end" ]; do
	env -u DURATION TESTS='tap/*crash*' test/check.sh
	DURATION=$((duration / 20 + 1)) test/fuzz.sh
	rounds=$((rounds + 1))
	echo "== $rounds rounds, $((end - $(date +%s))) s left"
done
