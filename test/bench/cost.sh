#!/bin/sh
# cost.sh: P13, what items, writes, queries and secondary indexes cost in bytes and pages,
# beside a table of the same key with the item as jsonb, on the server of PGHOST and
# PGPORT, whose settings it changes. Counts, not times: exact on a busy machine. Prints
#
#     P13 <ratio> <what/what> <detail>
#
# Bytes of WAL are those of one transaction that makes one write, on average over many.
set -eu
items=10000
writes=500

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/bench/lib.sh
. "$here/lib.sh"

# line WHAT OURS PLAIN DETAIL
line() { echo "$2 $3" | awk -v what="$1" -v detail="$4" '{printf "P13 %.2f %s/jsonb-%s %s: %.0f against %.0f\n", $1 / $2, what, what, detail, $1, $2}'; }

query <<'EOF'
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;
CREATE OR REPLACE FUNCTION cost_doc(i int, bytes int) RETURNS jsonb IMMUTABLE LANGUAGE sql AS $$
    SELECT jsonb_build_object('pk', 'CUSTOMER#' || i / 100, 'sk', 'ORDER#' || i % 100, 'status', (ARRAY['OPEN', 'PAID', 'SENT'])[1 + i % 3], 'version', 1,
        'created', to_char(timestamp '2026-01-01' + i * interval '1 minute', 'YYYY-MM-DD"T"HH24-MI-SS'), 'total', i % 10000 / 100.0, 'paid', i % 2 = 0,
        'note', (SELECT coalesce(left(string_agg(md5((i + j)::text), ''), bytes - 85), '') FROM generate_series(1, (bytes - 85) / 32 + 1) j))
$$;
EOF

# make BYTES [GSIS]: both tables, with so many secondary indexes, their items arriving in
# random order, with room for updates
make() {
	gsi1='{"IndexName":"by-status","KeySchema":[{"AttributeName":"status","KeyType":"HASH"},{"AttributeName":"created","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}}'
	gsi2='{"IndexName":"by-total","KeySchema":[{"AttributeName":"status","KeyType":"HASH"},{"AttributeName":"total","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}}'
	attributes='{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"}'
	secondary=
	indexes=
	if [ "${2:-0}" -ge 1 ]; then
		attributes="$attributes,"'{"AttributeName":"status","AttributeType":"S"},{"AttributeName":"created","AttributeType":"S"}'
		secondary=$gsi1
		indexes="CREATE INDEX ON cost_plain ((doc ->> 'status'), (doc ->> 'created'));"
	fi
	if [ "${2:-0}" -ge 2 ]; then
		attributes="$attributes,"'{"AttributeName":"total","AttributeType":"N"}'
		secondary=$gsi1,$gsi2
		indexes="$indexes CREATE INDEX ON cost_plain ((doc ->> 'status'), ((doc ->> 'total')::numeric));"
	fi
	[ -z "$secondary" ] || secondary=',"GlobalSecondaryIndexes":['"$secondary]"
	query >/dev/null <<-EOF
		SET client_min_messages = warning;
		DROP TABLE IF EXISTS dynamodb."Cost", cost_plain;
		SELECT dynamo.call('CreateTable', '{"TableName":"Cost","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[$attributes],
		    "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}]$secondary}');
		CREATE TABLE cost_plain (pk text COLLATE "C", sk text COLLATE "C", doc jsonb NOT NULL, PRIMARY KEY (pk, sk)) WITH (fillfactor = ${fillfactor:-80}, autovacuum_enabled = off);
		ALTER TABLE dynamodb."Cost" SET (fillfactor = ${fillfactor:-80}, autovacuum_enabled = off);
		$indexes
		SELECT dynamo.set_clustering('Cost', ${clustering:-true});
		SELECT setseed(0.5);
		CREATE TEMP TABLE source AS SELECT cost_doc(i, $1) AS doc FROM generate_series(0, $items - 1) i ORDER BY random();
		INSERT INTO dynamodb."Cost" (item) SELECT doc FROM source;
		INSERT INTO cost_plain SELECT doc ->> 'pk', doc ->> 'sk', doc FROM source;
		VACUUM (ANALYZE, FREEZE) dynamodb."Cost";
		VACUUM (ANALYZE, FREEZE) cost_plain;
	EOF
}

# ---- items ----

bytes_of() { query -c "SELECT $1"; }

for bytes in 150 400 1000 4096; do
	fillfactor=100 make $bytes
	line value-bytes "$(bytes_of 'avg(pg_column_size(item)) FROM dynamodb."Cost"')" "$(bytes_of 'avg(pg_column_size(doc)) FROM cost_plain')" "items of $(bytes_of 'round(avg(dynamo.item_size(item))) FROM dynamodb."Cost"') bytes by DynamoDB's rule"
	line table-bytes "$(bytes_of "pg_table_size('dynamodb.\"Cost\"') / $items.0")" "$(bytes_of "pg_table_size('cost_plain') / $items.0")" 'the same, with key columns and row'
	line index-bytes "$(bytes_of "pg_relation_size('dynamodb.\"Cost_pkey\"') / $items.0")" "$(bytes_of "pg_relation_size('cost_plain_pkey') / $items.0")" 'entry of the primary key'
done

# ---- writes ----

# of an item: a third of all, in no order
key="'CUSTOMER#' || (i * 7919 % $items) / 100, 'ORDER#' || (i * 7919 % $items) % 100"
ours_key="format('{\"pk\":{\"S\":\"%s\"},\"sk\":{\"S\":\"%s\"}}', $key)::dynamo.item"
plain_key="(pk, sk) = ($key)"

# wal STATEMENT: bytes per transaction
wal() {
	query <<-EOF
		CHECKPOINT;
		SELECT pg_current_wal_insert_lsn() AS before \gset
		DO \$\$ BEGIN FOR i IN 1..$writes LOOP $1; COMMIT; END LOOP; END \$\$;
		SELECT (pg_current_wal_insert_lsn() - :'before') / $writes;
	EOF
}

# writes WHAT OURS PLAIN: without and with the images of pages that are touched first
# after a checkpoint
writes() {
	query -c 'ALTER SYSTEM SET full_page_writes = off' -c 'SELECT pg_reload_conf()' >/dev/null
	line wal-bytes "$(wal "$2")" "$(wal "$3")" "$1"
	query -c 'ALTER SYSTEM SET full_page_writes = on' -c 'SELECT pg_reload_conf()' >/dev/null
	line wal-bytes "$(wal "$(echo "$2" | sed 's/i \* 7919/(i + 5000) * 7919/g; s/100000 + i/200000 + i/')")" \
		"$(wal "$(echo "$3" | sed 's/i \* 7919/(i + 5000) * 7919/g; s/100000 + i/200000 + i/')")" "$1, with images of pages"
}

# update ATTRIBUTE JSON-VALUE PLAIN-VALUE
update_ours() { echo "PERFORM dynamo.update_item('Cost', $ours_key, 'SET #a = :v', expression_attribute_names => '{\"#a\":\"$1\"}', expression_attribute_values => '{\":v\":$2}')"; }
update_plain() { echo "UPDATE cost_plain SET doc = jsonb_set(doc, '{$1}', '$2') WHERE $plain_key"; }

insert_ours="PERFORM dynamo.put_item('Cost', cost_doc(100000 + i, 400)::dynamo.item)"
insert_plain="INSERT INTO cost_plain SELECT d ->> 'pk', d ->> 'sk', d FROM cost_doc(100000 + i, 400) d ON CONFLICT (pk, sk) DO UPDATE SET doc = excluded.doc"
for gsis in 0 1 2; do
	make 400 $gsis
	with=", with $gsis secondary index(es)"
	[ $gsis -gt 0 ] || with=
	writes "insert of 400 bytes$with" "$insert_ours" "$insert_plain"
	writes "update of a counter$with" "$(update_ours version '{"N":"2"}')" "$(update_plain version 2)"
	[ $gsis = 0 ] || writes "update of an index key$with" "$(update_ours status '{"S":"LOST"}')" "$(update_plain status '"LOST"')"
	writes "delete$with" "PERFORM dynamo.delete_item('Cost', $ours_key)" "DELETE FROM cost_plain WHERE $plain_key"
done

# ---- secondary indexes ----

for gsis in 1 2; do
	make 400 $gsis
	sum="SELECT sum(pg_relation_size(indexrelid)) / $items.0 FROM pg_index WHERE NOT indisprimary AND indrelid ="
	line index-bytes "$(query -c "$sum 'dynamodb.\"Cost\"'::regclass")" "$(query -c "$sum 'cost_plain'::regclass")" "entries of $gsis secondary index(es), jsonb by expression"
	line table-bytes "$(bytes_of "pg_table_size('dynamodb.\"Cost\"') / $items.0")" "$(bytes_of "pg_table_size('cost_plain') / $items.0")" 'table, with the columns of its secondary indexes'
done

# ---- queries ----

# pages STATEMENT: pages of table and index that the statement touches, on average over
# the collections
pages() {
	query <<-EOF
		CREATE FUNCTION pg_temp.pages() RETURNS SETOF int LANGUAGE plpgsql AS \$\$
		DECLARE plan jsonb;
		BEGIN
		    FOR c IN 0..99 LOOP
		        EXECUTE format('EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) $1', 'CUSTOMER#' || c) INTO plan;
		        RETURN NEXT (plan #>> '{0,Plan,Shared Hit Blocks}')::int + (plan #>> '{0,Plan,Shared Read Blocks}')::int;
		    END LOOP;
		END\$\$;
		SELECT count(*) FROM pg_temp.pages(); -- fills the caches
		SELECT avg(n) FROM pg_temp.pages() n;
	EOF
}
query_pages() {
	line pages "$(pages "SELECT * FROM dynamo.query(''Cost'', ''pk = :p'', expression_attribute_values => ''{\":p\":{\"S\":\"%s\"}}'')" | tail -n 1)" \
		"$(pages "SELECT doc FROM cost_plain WHERE pk = ''%s''" | tail -n 1)" "$1"
}
fillfactor=100 clustering=false make 400
query_pages 'query of 100 items of 400 bytes that arrived in random order, not clustered'
fillfactor=100 make 400
query_pages 'the same, clustered'
query -c 'CLUSTER dynamodb."Cost" USING "Cost_pkey"' -c 'CLUSTER cost_plain USING cost_plain_pkey' -c 'VACUUM dynamodb."Cost", cost_plain'
query_pages 'the same after CLUSTER, as near as they can be'

query -c 'ALTER SYSTEM RESET full_page_writes' -c 'SELECT pg_reload_conf()' \
	-c 'DROP TABLE dynamodb."Cost", cost_plain' -c 'DROP FUNCTION cost_doc' >/dev/null
