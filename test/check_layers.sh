#!/bin/sh
# check_layers.sh [DIR]: includes point down the layer order, and from outside a
# layer only its public header src/<layer>/<layer>.h may be included (common
# has several).  Prints what breaks the rule; false if anything does.
set -eu
cd "${1:-$(dirname "$0")/..}"
layers=$(sed -n 's/^LAYERS *:= *//p' Makefile)

# One line "FILE:LINE:#include "layer/header.h"" per include that names a layer.
find src -name '*.[chly]' | sort | xargs grep -Hn '^[ \t]*#[ \t]*include[ \t]*"[a-z]*/' |
	awk -F: -v layers="$layers" '
	BEGIN {
		count = split(layers, names, " ")
		for (i = 1; i <= count; i++)
			rank[names[i]] = i
	}
	{
		split($1, path, "/")
		from = path[2]
		split($3, quoted, "\"")
		split(quoted[2], target, "/")
		to = target[1]
		# (PostgreSQL has folders common/ and storage/ too)
		if (!(to in rank) || from == to || (getline line < ("src/" quoted[2])) < 0)
			next
		if (from in rank && rank[to] > rank[from])
			problem($0, from " stands below " to)
		else if (to != "common" && target[2] != to ".h")
			problem($0, target[2] " is private to " to)
	}
	function problem(line, why) {
		print line "   <- " why
		bad = 1
	}
	END { exit bad }'
