# lib.sh: what the measuring scripts share.

# The median of the numbers in the input, one a line.
median() { sort -n | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }

query() { psql -XAtq -v ON_ERROR_STOP=1 "$@"; }
