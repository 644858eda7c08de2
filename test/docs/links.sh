#!/bin/sh
# Relative links in README.md and docs/ lead to files, and every target that
# README.md names exists.
# shellcheck disable=SC2013
set -eu
cd "$(dirname "$0")/../.."
status=0
for file in README.md docs/*.md; do
	for link in $(grep -o '](\([^)#:]*\)[)#]' "$file" | sed 's/^](//; s/[)#]$//'); do
		if [ ! -e "$(dirname "$file")/$link" ]; then
			echo "$file: $link does not exist"
			status=1
		fi
	done
done
for target in $(grep -o 'make [a-z]\+' README.md | sort -u | cut -d' ' -f2); do
	if ! grep -q "^$target: ##" Makefile; then
		echo "README.md: no target $target"
		status=1
	fi
done
exit $status
