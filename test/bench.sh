#!/bin/sh
# `make bench`: set up, then test/bench/run.sh on a server of its own, which it
# finds in PGHOST and PGPORT; that prints "<name> <ratio> <what/what> <detail>".
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=test/lib.sh
. "$top/test/lib.sh"

setup
work=$(as_user mktemp -d "$state/bench.XXXXXX")
trap 'server_stop "$work" || true; as_user rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
server_init "$work"
server_start "$work" 54322 '-c shared_buffers=512MB -c max_connections=60 -c max_wal_size=8GB'
as_user mkdir "$work/bench"
tar -C "$top/test/bench" -cf - . | as_user tar -C "$work/bench" -xf - --no-same-owner -m
as_user env PATH="$bindir:$PATH" PGHOST="$work" PGPORT=54322 PGUSER=postgres PGDATABASE=postgres \
	sh "$work/bench/run.sh"
