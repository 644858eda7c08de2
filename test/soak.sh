#!/bin/sh
# `make soak`: for DURATION seconds, tests of crashes, concurrency and memory
# (test/t/) and the fuzzers in turn; stops at the first failure.  The memory test
# does as many operations of each kind as a third of DURATION allows, 1,000,000
# at most (about 20 minutes).  An index is made of 1,000,000 items.
set -eu
cd "$(dirname "$0")/.."
duration=${DURATION:-3600}
operations=$((duration * 300))
[ $operations -le 1000000 ] || operations=1000000
end=$(($(date +%s) + duration))
rounds=0
while [ "$(date +%s)" -lt "$end" ]; do
	env -u DURATION TIME_FACTOR=20 DYNAMO_OPERATIONS=$operations DYNAMO_CRASH_ROUNDS=20 DYNAMO_INDEX_ITEMS=1000000 \
		TESTS='tap/*crash* tap/*concurrency* tap/*memory*' test/check.sh
	DURATION=$((duration / 20 + 1)) test/fuzz.sh
	rounds=$((rounds + 1))
	echo "== $rounds rounds, $((end - $(date +%s))) s left"
done
