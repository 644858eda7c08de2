#!/bin/sh
# expire.sh: P12, deleting items whose time has come, on the server of PGHOST and
# PGPORT.  Prints
#
#     P12 <ratio> ttl/DELETE <detail>
#     P12-lag <seconds> lag <detail>
#
# The first is the number of items per second that the worker deletes, beside a loop
# that deletes the same rows, a thousand per transaction, by the same index, from a
# table with the same key and the document as jsonb.  The second is how long after its
# time the oldest item is still there (median and worst of samples), while P12_RATE
# items per second (20000) expire.
#
# P12_ITEMS is how many (400000), of some 250 bytes.  ROUNDS as in run.sh.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/bench/lib.sh
. "$here/lib.sh"
rounds=${ROUNDS:-3}
items=${P12_ITEMS:-400000}
rate=${P12_RATE:-20000}

# naptime SECONDS: of the worker; with 3600 it deletes nothing
naptime() { query -c "ALTER SYSTEM SET dynamo.ttl_naptime = $1" -c 'SELECT pg_reload_conf()' -c 'SELECT pg_sleep(1.2)' >"$here/out"; }

query >"$here/out" <<-EOF
	SET client_min_messages = warning;
	CREATE EXTENSION IF NOT EXISTS dynamo;
	DROP TABLE IF EXISTS dynamodb."P12", p12_plain;
	SELECT dynamo.create_table('P12', 'pk S', 'sk S');
	SELECT dynamo.update_time_to_live('P12', 'expires');
	CREATE TABLE p12_plain (pk text COLLATE "C", sk text COLLATE "C", doc jsonb NOT NULL, expires bigint, PRIMARY KEY (pk, sk));
	CREATE INDEX ON p12_plain (expires) WHERE expires IS NOT NULL;
	ALTER SYSTEM SET dynamo.ttl_rate = 0;

	CREATE OR REPLACE FUNCTION p12_document(i bigint, expires bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS \$\$
	    SELECT jsonb_build_object('pk', 'CUSTOMER#' || i / 10, 'sk', 'ORDER#' || i % 10, 'expires', expires,
	               'note', left(repeat(md5(i::text), 6), 170)) \$\$;
	CREATE OR REPLACE PROCEDURE p12_delete(until bigint) LANGUAGE plpgsql AS \$\$
	BEGIN
	    LOOP
	        DELETE FROM p12_plain WHERE ctid = ANY (ARRAY(
	            SELECT ctid FROM p12_plain WHERE expires <= until ORDER BY expires LIMIT 1000 FOR UPDATE SKIP LOCKED));
	        EXIT WHEN NOT FOUND;
	        COMMIT;
	    END LOOP;
	END \$\$;
	-- seconds that the worker takes for so many, from its first deletion on
	CREATE OR REPLACE FUNCTION p12_wait(items bigint) RETURNS double precision LANGUAGE plpgsql AS \$\$
	DECLARE begun timestamptz; deleted bigint; first bigint;
	BEGIN
	    LOOP
	        SELECT coalesce(sum(ttl_deleted_items), 0) INTO deleted FROM dynamo.stat_tables WHERE table_name = 'P12';
	        IF begun IS NULL AND deleted > 0 THEN begun := clock_timestamp(); first := deleted; END IF;
	        EXIT WHEN deleted >= items;
	        PERFORM pg_sleep(0.005);
	    END LOOP;
	    RETURN extract(epoch FROM clock_timestamp() - begun) * items / greatest(items - first, 1);
	END \$\$;
	-- each 0.1 s: for how long the oldest item has been due
	CREATE OR REPLACE FUNCTION p12_lags(seconds integer) RETURNS SETOF double precision LANGUAGE plpgsql AS \$\$
	DECLARE oldest bigint; ending timestamptz := clock_timestamp() + seconds * interval '1 s';
	BEGIN
	    WHILE clock_timestamp() < ending LOOP
	        SELECT min(_ttl) INTO oldest FROM dynamodb."P12" WHERE _ttl IS NOT NULL;
	        RETURN NEXT greatest(extract(epoch FROM clock_timestamp()) - oldest, 0);
	        PERFORM pg_sleep(0.1);
	    END LOOP;
	END \$\$;
EOF

# ---- as fast as it can ----

: >"$here/rounds"
for _ in $(seq "$rounds"); do
	naptime 3600
	query >"$here/out" <<-EOF
		INSERT INTO dynamodb."P12" (item) SELECT p12_document(i, 1700000000 + i % 3600)::dynamo.item FROM generate_series(1, $items) i;
		INSERT INTO p12_plain SELECT doc ->> 'pk', doc ->> 'sk', doc, (doc ->> 'expires')::bigint
		  FROM generate_series(1, $items) i, p12_document(i, 1700000000 + i % 3600) doc;
		VACUUM ANALYZE dynamodb."P12";
		VACUUM ANALYZE p12_plain;
		CHECKPOINT;
		SELECT dynamo.reset_request_statistics();
		ALTER SYSTEM SET dynamo.ttl_naptime = 1;
		SELECT pg_reload_conf();
	EOF
	ours=$(query -c "SELECT p12_wait($items)")
	naptime 3600
	query -c CHECKPOINT
	plain=$(printf '%s\n' 'SELECT clock_timestamp() AS begun \gset' 'CALL p12_delete(1800000000);' \
		"SELECT extract(epoch FROM clock_timestamp() - :'begun');" | query)
	echo "$ours $plain" | awk -v n="$items" '{print $2 / $1, n / $1, n / $2}' >>"$here/rounds"
	query -c 'VACUUM dynamodb."P12"' -c 'VACUUM p12_plain'
done
for column in 1 2 3; do cut -d' ' -f$column "$here/rounds" | median; done | xargs |
	awk -v n="$items" '{printf "P12 %.2f ttl/DELETE %d items: %.0f/s against %.0f/s\n", $1, n, $2, $3}'

# ---- the lag ----

naptime 1
query >"$here/out" <<-EOF
	INSERT INTO dynamodb."P12" (item) SELECT p12_document(i, extract(epoch FROM clock_timestamp())::bigint + 20 + i / $rate)::dynamo.item
	  FROM generate_series(0, $rate * 10 - 1) i;
	VACUUM ANALYZE dynamodb."P12";
	SELECT pg_sleep(greatest(min(_ttl) - extract(epoch FROM clock_timestamp()), 0)) FROM dynamodb."P12";
EOF
query -c 'SELECT * FROM p12_lags(9)' | sort -n |
	awk -v rate="$rate" '{v[NR] = $1} END {printf "P12-lag %.2f lag %d items expire per second: the oldest is %.2f s late (median), %.2f s at worst\n", v[int((NR + 1) / 2)], rate, v[int((NR + 1) / 2)], v[NR]}'

query >"$here/out" <<-'EOF'
	ALTER SYSTEM RESET dynamo.ttl_rate;
	ALTER SYSTEM RESET dynamo.ttl_naptime;
	SELECT pg_reload_conf();
	DROP TABLE dynamodb."P12", p12_plain;
	DROP FUNCTION p12_document, p12_wait, p12_lags;
	DROP PROCEDURE p12_delete;
EOF
