#!/bin/sh
# server.sh start|stop|demo: the private server of this checkout, which listens
# on a socket and, for its endpoint, on a port of 127.0.0.1; and the lab on it.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=test/lib.sh
. "$top/test/lib.sh"

# The port of the running server, else the one asked for.
running_port() { as_user sed -n 4p "$server/data/postmaster.pid"; }

# True when a library was installed after the running server loaded its own.
library_is_newer() {
	for library in dynamo dynamo_http; do
		if as_user test "$("$pg_config" --pkglibdir)/$library.so" -nt "$server/data/postmaster.pid"; then
			return 0
		fi
	done
	return 1
}

# True when the running server has the ports that are asked for, if any are.
ports_fit() {
	[ "${PGPORT:-$port}" = "$port" ] || return 1
	endpoint_port=$(sql -d postgres -c 'SHOW dynamo.endpoint_port')
	[ "${ENDPOINT_PORT:-$endpoint_port}" = "$endpoint_port" ] && [ "$endpoint_port" != 0 ]
}

# What tells install scripts apart (before 1.0 they all have one version).
install_script() {
	version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$top/dynamo.control")
	cksum <"$("$pg_config" --sharedir)/extension/dynamo--$version.sql"
}

# True when the one that is installed has made the database.
script_fits() { [ "$(as_user cat "$server/made_by" 2>/dev/null)" = "$(install_script)" ]; }

# While no worker runs: catalogs that another install script has made are not those
# that the library knows.
make_database_alone() {
	server_start "$server" "$port" '-c dynamo.endpoint_port=0 -c dynamo.databases='
	make_database
	server_stop "$server"
	install_script | as_user tee "$server/made_by" >/dev/null
}

start() {
	server_init "$server"
	if server_running "$server"; then
		port=$(running_port)
		if ! ports_fit || library_is_newer || ! script_fits; then
			say 'restarting the server'
			server_stop "$server"
		fi
	fi
	if ! server_running "$server"; then
		port=${PGPORT:-54320}
		endpoint_port=${ENDPOINT_PORT:-8000}
		script_fits || make_database_alone
		server_start "$server" "$port" "-c dynamo.endpoint_port=$endpoint_port -c max_worker_processes=20 -c dynamo.databases=dynamo"
	fi
	make_database
	make_backup_schema
	wait_for_endpoint
}

# Wait until the endpoint says that it is healthy.
wait_for_endpoint() {
	sql -d postgres -c 'SELECT pg_reload_conf()' >/dev/null # try again at once
	if ! perl -MHTTP::Tiny -e 'for (1 .. 100) {
			exit 0 if HTTP::Tiny->new(timeout => 2)->get($ARGV[0])->{content} =~ /^healthy/;
			select(undef, undef, undef, 0.1);
		}
		exit 1' "http://127.0.0.1:$endpoint_port/"; then
		as_user tail -n 10 "$server/log" >&2
		die "the endpoint does not answer on port $endpoint_port (ENDPOINT_PORT chooses another one)"
	fi
}

sql() { as_user "$bindir/psql" -XAtq -v ON_ERROR_STOP=1 -h "$server" -p "$port" -U postgres "$@" </dev/null; }

# Database `dynamo` with the extension.  One that was made with another install
# script (before 1.0 there are no upgrade scripts) is kept under another name.
make_database() {
	mark="made by $(install_script)"
	found=$(sql -d postgres -c "SELECT coalesce(shobj_description(oid, 'pg_database'), '-') FROM pg_database WHERE datname = 'dynamo'")
	[ "$found" != "$mark" ] || return 0
	sql -d postgres -c 'DROP DATABASE IF EXISTS dynamo_new' -c 'CREATE DATABASE dynamo_new' \
		-c "COMMENT ON DATABASE dynamo_new IS '$mark'" 2>/dev/null
	sql -d dynamo_new -c 'CREATE EXTENSION dynamo'
	make_endpoint_role
	if [ -n "$found" ]; then
		aside=dynamo_$(date +%Y%m%d_%H%M%S)
		say "the install script has changed: the old database is kept as $aside"
		sql -d postgres -c 'ALTER DATABASE dynamo ALLOW_CONNECTIONS false' \
			-c "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'dynamo'" \
			-c "ALTER DATABASE dynamo RENAME TO $aside" -c "ALTER DATABASE $aside ALLOW_CONNECTIONS true" >/dev/null
	fi
	sql -d postgres -c 'ALTER DATABASE dynamo_new RENAME TO dynamo'
}

# The role as which the endpoint connects.  It owns the schema of the tables, and
# may use those that the superuser makes there.
make_endpoint_role() {
	sql -d dynamo_new -c "DO \$\$ BEGIN
			IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dynamo_endpoint') THEN
				CREATE ROLE dynamo_endpoint LOGIN;
			END IF;
		END \$\$" \
		-c 'CREATE SCHEMA dynamodb AUTHORIZATION dynamo_endpoint' \
		-c 'ALTER DEFAULT PRIVILEGES IN SCHEMA dynamodb GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO dynamo_endpoint'
}

# Where the endpoint's role keeps backups.
make_backup_schema() {
	sql -d dynamo -c 'SET client_min_messages = warning' \
		-c 'CREATE SCHEMA IF NOT EXISTS dynamodb_backups AUTHORIZATION dynamo_endpoint'
}

# The lines by which root and the user of the server connect, and AWS clients.
print_addresses() {
	echo "psql=$bindir/psql -h $server -p $port -U postgres -d dynamo"
	echo "endpoint=http://127.0.0.1:$endpoint_port"
}

case ${1:-} in
start)
	setup
	server=$state
	start
	print_addresses
	;;
demo)
	setup
	install_clients cli
	server=$state
	start
	as_user "$bindir/psql" -X -a -q -v ON_ERROR_STOP=1 -h "$server" -p "$port" -U postgres -d dynamo \
		<"$top/test/demo/lab.sql" 2>&1
	say 'the lab by the AWS CLI'
	as_user env ENDPOINT="http://127.0.0.1:$endpoint_port" sh -s <"$top/test/demo/lab.sh"
	say 'the lab is done; the server is up'
	print_addresses
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
