#!/bin/sh
# `make format`: clang-format over the lines that differ from the last commit
# (BASE=REV: from REV), then what it cannot do (format_align.pl).  The rest of a
# file is left alone: tables and wrapped calls are laid out by hand.
set -eu
cd "$(dirname "$0")/.."
base=${BASE:-HEAD}
for tool in clang-format clang-format-19 clang-format-18 clang-format-17 clang-format-16 clang-format-15 clang-format-14 ''; do
	if command -v "$tool" >/dev/null 2>&1; then break; fi
done
[ -n "$tool" ] || { echo 'error: no clang-format here (Debian: clang-format)' >&2; exit 1; }

# Lines of a file that differ, as --lines=FIRST:LAST; all of a new file.
changed_lines() {
	if git cat-file -e "$base:$1" 2>/dev/null; then
		git diff -U0 "$base" -- "$1" |
			sed -n 's/^@@ -[^+]*+\([0-9]*\),*\([0-9]*\) @@.*/\1 \2/p' |
			awk '{n = $2 == "" ? 1 : $2; if (n > 0) printf "--lines=%d:%d ", $1, $1 + n - 1}'
	else
		echo "--lines=1:$(wc -l <"$1")"
	fi
}

{ git diff --name-only --diff-filter=d "$base"; git ls-files --others --exclude-standard; } | sort -u |
grep -E '^(src|test/fuzz)/.*\.[ch]$' |
while read -r file; do
	for format in "$tool --style=file" 'perl test/format_align.pl'; do
		lines=$(changed_lines "$file")
		[ -n "$lines" ] || continue
		# shellcheck disable=SC2086
		$format $lines "$file" >"$file.formatted"
		cmp -s "$file" "$file.formatted" || cat "$file.formatted" >"$file"
		rm "$file.formatted"
	done
done
