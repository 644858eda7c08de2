#!/bin/sh
# docs/reference.md names everything that the extension adds to a database:
# functions (with the names of their arguments), types, operators, casts,
# relations, access methods, event triggers, operator classes, settings and
# SQLSTATEs with their exceptions.
set -eu
cd "$(dirname "$0")/../.."
psql -Xq -c 'DROP DATABASE IF EXISTS dynamo_docs' -c 'CREATE DATABASE dynamo_docs'
psql -Xqd dynamo_docs -c 'CREATE EXTENSION dynamo'

# One line per word that the page must contain, as `dynamo.item_size`.
words() {
	psql -XqAtd dynamo_docs <<-'SQL'
		LOAD '$libdir/dynamo';
		WITH member AS (
		    SELECT classid, objid FROM pg_depend
		    WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
		      AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'dynamo'))
		SELECT 'dynamo.' || proname FROM pg_proc
		  JOIN member ON classid = 'pg_proc'::regclass AND objid = pg_proc.oid
		UNION SELECT a.name FROM pg_proc
		  JOIN member ON classid = 'pg_proc'::regclass AND objid = pg_proc.oid,
		  unnest(proargnames) AS a (name)
		  WHERE prorettype <> 'trigger'::regtype AND a.name <> ''
		UNION SELECT 'dynamo.' || typname FROM pg_type
		  JOIN member ON classid = 'pg_type'::regclass AND objid = pg_type.oid
		  WHERE typcategory <> 'A' -- arrays are members too since 18
		    AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = typrelid AND c.relispartition)
		UNION SELECT '`' || oprname || '`' FROM pg_operator
		  JOIN member ON classid = 'pg_operator'::regclass AND objid = pg_operator.oid
		UNION SELECT format('| `%s` | `%s` |', castsource::regtype, casttarget::regtype) FROM pg_cast
		  JOIN member ON classid = 'pg_cast'::regclass AND objid = pg_cast.oid
		UNION SELECT 'dynamo.' || relname FROM pg_class
		  JOIN member ON classid = 'pg_class'::regclass AND objid = pg_class.oid
		  WHERE NOT relispartition
		UNION SELECT 'access method `' || amname || '`' FROM pg_am
		  JOIN member ON classid = 'pg_am'::regclass AND objid = pg_am.oid
		UNION SELECT '`' || evtname || '`' FROM pg_event_trigger
		  JOIN member ON classid = 'pg_event_trigger'::regclass AND objid = pg_event_trigger.oid
		UNION SELECT 'dynamo.' || opcname FROM pg_opclass
		  JOIN member ON classid = 'pg_opclass'::regclass AND objid = pg_opclass.oid
		UNION SELECT format('| `%s` | `%s` |', name, boot_val) FROM pg_settings
		  WHERE name LIKE 'dynamo.%'
		UNION SELECT format('| `%s` | `%s` |', sqlstate, exception) FROM dynamo.exceptions()
		ORDER BY 1;
	SQL
}

words >"${TMPDIR:-/tmp}/dynamo_words.$$"
status=0
while read -r word; do
	if ! grep -Fq -e "$word" docs/reference.md; then
		echo "docs/reference.md does not name $word"
		status=1
	fi
done <"${TMPDIR:-/tmp}/dynamo_words.$$"
[ "$(wc -l <"${TMPDIR:-/tmp}/dynamo_words.$$")" -gt 100 ] || { echo 'the extension was not looked at'; status=1; }
rm -f "${TMPDIR:-/tmp}/dynamo_words.$$"
exit $status
