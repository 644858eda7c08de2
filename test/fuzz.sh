#!/bin/sh
# `make fuzz`: test/fuzz/run.sh for DURATION seconds per harness.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
EXTRA_TOOLS=clang
# shellcheck source=test/lib.sh
. "$top/test/lib.sh"

setup
DURATION=${DURATION:-600}
export DURATION
cd "$top"
exec sh test/fuzz/run.sh
