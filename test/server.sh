#!/bin/sh
# server.sh start|stop|demo: the private server of this checkout, which listens
# on a socket only, and the lab on it.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=test/lib.sh
. "$top/test/lib.sh"

# The port of the running server, else the one asked for.
running_port() { as_user sed -n 4p "$server/data/postmaster.pid"; }

# True when a library was installed after the running server loaded its own.
library_is_newer() {
	as_user test "$("$pg_config" --pkglibdir)/dynamo.so" -nt "$server/data/postmaster.pid"
}

start() {
	server_init "$server"
	if server_running "$server"; then
		port=$(running_port)
		if [ "${PGPORT:-$port}" != "$port" ] || library_is_newer; then
			say 'restarting the server'
			server_stop "$server"
		fi
	fi
	if ! server_running "$server"; then
		port=${PGPORT:-54320}
		server_start "$server" "$port"
	fi
	make_database
}

sql() { as_user "$bindir/psql" -XAtq -v ON_ERROR_STOP=1 -h "$server" -p "$port" -U postgres "$@" </dev/null; }

# Database `dynamo` with the extension.  One that was made with another install
# script (before 1.0 there are no upgrade scripts) is kept under another name.
make_database() {
	version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$top/dynamo.control")
	mark="made by $(cksum <"$("$pg_config" --sharedir)/extension/dynamo--$version.sql")"
	found=$(sql -d postgres -c "SELECT coalesce(shobj_description(oid, 'pg_database'), '-') FROM pg_database WHERE datname = 'dynamo'")
	[ "$found" != "$mark" ] || return 0
	sql -d postgres -c 'DROP DATABASE IF EXISTS dynamo_new' -c 'CREATE DATABASE dynamo_new' \
		-c "COMMENT ON DATABASE dynamo_new IS '$mark'" 2>/dev/null
	sql -d dynamo_new -c 'CREATE EXTENSION dynamo'
	if [ -n "$found" ]; then
		aside=dynamo_$(date +%Y%m%d_%H%M%S)
		say "the install script has changed: the old database is kept as $aside"
		sql -d postgres -c "ALTER DATABASE dynamo RENAME TO $aside"
	fi
	sql -d postgres -c 'ALTER DATABASE dynamo_new RENAME TO dynamo'
}

# The line by which root and the user of the server connect.
print_psql() { echo "psql=$bindir/psql -h $server -p $port -U postgres -d dynamo"; }

case ${1:-} in
start)
	setup
	server=$state
	start
	print_psql
	;;
demo)
	setup
	server=$state
	start
	as_user "$bindir/psql" -X -a -q -v ON_ERROR_STOP=1 -h "$server" -p "$port" -U postgres -d dynamo \
		<"$top/test/demo/lab.sql" 2>&1
	say 'the lab is done; the server is up'
	print_psql
	;;
stop)
	find_run_user
	find_state
	find_pg_config || die 'no PostgreSQL here, so no server to stop'
	server_stop "$state"
	;;
*)
	die 'usage: server.sh start|stop|demo'
	;;
esac
