#!/bin/sh
# The examples of docs/clients.md run as shown, in their order: its blocks marked
# sh in one shell, those marked python and javascript each by itself.
set -eu
page=$(cd "$(dirname "$0")/../../.." && pwd)/docs/clients.md
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

aws() { command "${AWS:-aws}" "$@"; }

# What an earlier run has left.
if aws dynamodb delete-table --endpoint-url "$ENDPOINT" --table-name Music >"$scratch/out" 2>&1; then
	aws dynamodb wait table-not-exists --endpoint-url "$ENDPOINT" --table-name Music
fi

# One file per block, named by its line and language.
awk -v dir="$scratch" -v endpoint="$ENDPOINT" '
	/^```/ && inside { inside = 0; close(out); next }
	/^```(sh|python|javascript)$/ { inside = 1; out = sprintf("%s/%05d.%s", dir, NR, substr($0, 4)); next }
	inside { gsub("http://127.0.0.1:8000", endpoint); print > out }' "$page"
ln -s "$NODE_PATH" "$scratch/node_modules"

count=0
for block in "$scratch"/[0-9]*; do
	echo "== line $(basename "$block")"
	# shellcheck source=/dev/null
	case $block in
		*.sh) . "$block" ;;
		*.python) "${PYTHON:-python3}" -W ignore::ResourceWarning "$block" ;;
		*.javascript) mv "$block" "$block.mjs" && node "$block.mjs" >"$scratch/out" && cat "$scratch/out" &&
			[ "$(tr '\n' ' ' <"$scratch/out")" = '40 40 20 ' ] ;;
	esac
	count=$((count + 1))
done
[ "$count" = 4 ] || {
	echo "$count examples were found"
	exit 1
}
aws dynamodb delete-table --endpoint-url "$ENDPOINT" --table-name Music >"$scratch/out"
