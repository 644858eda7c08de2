#!/bin/sh
# `make format`: clang-format over the sources that people write, then what it
# cannot do (format_align.pl).
set -eu
cd "$(dirname "$0")/.."
for tool in clang-format clang-format-19 clang-format-18 clang-format-17 clang-format-16 clang-format-15 clang-format-14 ''; do
	if command -v "$tool" >/dev/null 2>&1; then break; fi
done
[ -n "$tool" ] || { echo 'error: no clang-format here (Debian: clang-format)' >&2; exit 1; }
find src test/fuzz \( -name '*.c' -o -name '*.h' \) ! -name '*_scan.c' ! -name '*_gram.[ch]' |
while read -r file; do
	"$tool" --style=file "$file" >"$file.new"
	perl test/format_align.pl "$file.new" >"$file.formatted"
	cmp -s "$file" "$file.formatted" || cat "$file.formatted" >"$file"
	rm "$file.new" "$file.formatted"
done
