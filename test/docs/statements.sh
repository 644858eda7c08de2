#!/bin/sh
# The SQL that README.md and docs/*.md show runs as shown: each file in a new
# database, its blocks marked ```sql in order.  A block marked ```sql error must
# fail; other marks (```text, ```sh) are not run.  Results are not compared.
set -eu
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
status=0

# One file per block, named by its line; those that must fail end in .error.
split_blocks() {
	awk -v dir="$scratch" '
	/^```/ && inside { inside = 0; close(out); next }
	/^```sql( error)?$/ { inside = 1; out = sprintf("%s/%05d.%s", dir, NR, $2 == "error" ? "error" : "sql"); next }
	inside { print > out }' "$1"
}

for file in README.md docs/*.md; do
	[ -e "$file" ] || continue
	rm -f "$scratch"/*
	split_blocks "$file"
	psql -Xq -c 'DROP DATABASE IF EXISTS dynamo_docs' -c 'CREATE DATABASE dynamo_docs'
	psql -Xqd dynamo_docs -c 'CREATE EXTENSION dynamo'
	for block in "$scratch"/*; do
		[ -e "$block" ] || continue
		result=0
		psql -Xqd dynamo_docs -v ON_ERROR_STOP=1 -f "$block" >"$scratch.out" 2>&1 || result=$?
		case $block-$result in
		*.sql-0 | *.error-3) ;;
		*)
			echo "$file, block at line $(basename "${block%.*}"): psql ended with $result"
			cat "$block" "$scratch.out"
			status=1
			;;
		esac
		rm -f "$scratch.out"
	done
done
exit $status
