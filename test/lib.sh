# shellcheck shell=sh
# What the scripts beside this file share: finding PostgreSQL, installing what
# is missing, building, and running servers as an unprivileged user.  Sourced
# with `top` set to the checkout and `set -e`; setup() sets pg_config, bindir,
# run_user and state; find_clients() sets AWS, PYTHON and CLIENTS.
# shellcheck disable=SC2164

: "${top:?}"

PG_SUPPORTED='15 16 17 18'

# A recipe's make options would reach the makes that we start; the variables
# given on its command line reach them through the environment.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

say() { printf '%s\n' "== $*"; }
die() { printf '%s\n' "error: $*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# ------------------------------------------------------------- privileges ---

# The user that owns servers and test output: PostgreSQL refuses to run as root.
find_run_user() {
	run_user=$(id -un)
	[ "$(id -u)" -eq 0 ] || return 0
	for run_user in postgres nobody; do
		if id "$run_user" >/dev/null 2>&1; then return 0; fi
	done
	die 'running as root needs an unprivileged user "postgres" or "nobody"'
}

# Run a command as run_user, in a directory that it can read.
as_user() (
	cd "${state:-/}"
	[ "$(id -u)" -eq 0 ] || exec "$@"
	HOME=${state:-/}
	export HOME
	if have runuser; then
		exec runuser -u "$run_user" -- "$@"
	fi
	exec setpriv --reuid "$run_user" --regid "$(id -g "$run_user")" --init-groups "$@"
)

# Run a command as root, by sudo if need be.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif have sudo; then
		sudo "$@"
	else
		die "this needs root or sudo: $*"
	fi
}

# Choose the directory for servers and test output: under the checkout where
# run_user can reach it, else (a checkout under /root, or one whose path is too
# long for a socket) in /var/tmp.  Private to run_user, which is what guards the
# sockets inside it.
find_state() {
	local_state=$top/.server
	if [ "$(id -u)" -eq 0 ] && [ ! -e "$local_state" ]; then
		mkdir -m 700 "$local_state" && chown "$run_user" "$local_state"
	fi
	for candidate in "$local_state" "/var/tmp/dynamo-$(printf %s "$top" | cksum | cut -d' ' -f1)"; do
		[ ${#candidate} -le 70 ] || continue
		as_user mkdir -p -m 700 "$candidate" 2>/dev/null || continue
		# (test -O: /var/tmp is open to all, so the name may be somebody else's)
		if as_user test -O "$candidate" -a -w "$candidate" -a ! -L "$candidate"; then
			state=$candidate
			return 0
		fi
	done
	die "$run_user has no place for a server: tried $local_state and /var/tmp"
}

# ------------------------------------------------------ finding PostgreSQL ---

# True when a pg_config belongs to a supported server that can be built against.
is_complete() {
	"$1" --version >/dev/null 2>&1 || return 1
	version=$("$1" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
	case " $PG_SUPPORTED " in *" $version "*) ;; *) return 1 ;; esac
	[ -f "$("$1" --pgxs)" ] && [ -f "$("$1" --includedir-server)/postgres.h" ] &&
		[ -x "$("$1" --bindir)/postgres" ]
}

# Set pg_config and bindir: what PG_CONFIG names, else the first on the path or
# the newest of Debian's that is complete.  False when there is none.
find_pg_config() {
	if [ -n "${PG_CONFIG:-}" ]; then
		is_complete "$PG_CONFIG" ||
			die "PG_CONFIG=$PG_CONFIG: not a PostgreSQL of version $PG_SUPPORTED with server and headers"
		candidates=$PG_CONFIG
	else
		candidates='pg_config'
		for version in $PG_SUPPORTED; do
			candidates="/usr/lib/postgresql/$version/bin/pg_config $candidates"
		done
		candidates="pg_config $candidates"
	fi
	for pg_config in $candidates; do
		if is_complete "$pg_config"; then
			bindir=$("$pg_config" --bindir)
			PG_CONFIG=$pg_config
			export PG_CONFIG
			return 0
		fi
	done
	return 1
}

# --------------------------------------------------------------- packages ---

# The PostgreSQL version that apt is to complete: one that is here in part, else
# the distribution's.
apt_pg_version() {
	for part in bin/postgres bin/pg_config; do
		for version in 18 17 16 15; do
			if [ -x "/usr/lib/postgresql/$version/$part" ]; then
				echo "$version"
				return
			fi
		done
	done
	version=$(apt-cache depends postgresql 2>/dev/null |
		sed -n 's/^ *Depends: postgresql-\([0-9][0-9]*\)$/\1/p' | head -n 1)
	case " $PG_SUPPORTED " in
		*" $version "*) echo "$version" ;;
		*) die "the distribution offers PostgreSQL '$version', dynamo needs one of: $PG_SUPPORTED" \
			'(apt install postgresql-common, then /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh adds them)' ;;
	esac
}

# Print the names of packages (Debian's names) that are missing for building and
# testing, and for what else a script needs: EXTRA_TOOLS='wrk:wrk', each a command
# or a file and its package.  $1 is the PostgreSQL version to name, empty where one
# is complete.
missing_packages() {
	have gcc || echo gcc
	have make || echo make
	have flex || echo flex
	have bison || echo bison
	have perl || echo perl
	have prove || echo perl
	have flock || echo util-linux
	[ -f /usr/include/microhttpd.h ] || pkg-config --exists libmicrohttpd 2>/dev/null || echo libmicrohttpd-dev
	[ -f /usr/include/zlib.h ] || pkg-config --exists zlib 2>/dev/null || echo zlib1g-dev
	echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1 || echo libc6-dev
	perl -MIPC::Run -e1 2>/dev/null || echo libipc-run-perl
	[ -f /usr/share/iso-codes/json/iso_3166-2.json ] || echo iso-codes
	for tool in ${EXTRA_TOOLS:-}; do
		have "${tool%%:*}" || [ -e "${tool%%:*}" ] || echo "${tool#*:}"
	done
	if [ -n "$1" ]; then
		[ -x "/usr/lib/postgresql/$1/bin/postgres" ] || echo "postgresql-$1"
		[ -f "/usr/include/postgresql/$1/server/postgres.h" ] || echo "postgresql-server-dev-$1"
	fi
}

# Install packages by apt without creating, starting or restarting any cluster
# of the machine: while we install, new server packages make no cluster and no
# service is started.
apt_install() (
	log=$(mktemp)
	dropin=/etc/postgresql-common/createcluster.d/dynamo-make.conf
	policy=/usr/sbin/policy-rc.d
	own_policy=
	# shellcheck disable=SC2317,SC2329
	cleanup() {
		as_root rm -f "$dropin"
		rm -f "$log"
		[ -z "$own_policy" ] || as_root rm -f "$policy"
	}
	trap cleanup EXIT
	trap 'exit 1' HUP INT TERM
	case " $* " in *' postgresql-1'*)
		as_root mkdir -p "${dropin%/*}"
		echo 'create_main_cluster = false' | as_root tee "$dropin" >/dev/null
		if [ ! -e "$policy" ]; then
			own_policy=yes
			printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
			as_root chmod 755 "$policy"
		fi ;;
	esac
	if ! as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
		apt-get install -y -qq --no-install-recommends "$@" </dev/null >"$log" 2>&1; then
		cat "$log"
		exit 1
	fi
)

# Make sure that everything is there: by apt where there is one, else name it.
install_missing() {
	version=
	if find_pg_config; then
		missing=$(missing_packages '')
		[ -n "$missing" ] || return 0
	fi
	if ! have apt-get; then
		missing=$(missing_packages '')
		[ -n "${bindir:-}" ] || missing="$missing
postgresql-<$(echo "$PG_SUPPORTED" | tr ' ' '|')> postgresql-server-dev (or set PG_CONFIG)"
		die "please install (Debian's names): $(echo "$missing" | sort -u | tr '\n' ' ')"
	fi
	say 'apt-get update'
	as_root apt-get update -qq </dev/null || say 'no fresh package lists; trying with what is there'
	[ -n "${bindir:-}" ] || version=$(apt_pg_version)
	missing=$(missing_packages "$version" | sort -u | tr '\n' ' ')
	say "installing: $missing"
	# shellcheck disable=SC2086
	apt_install $missing || die "apt-get could not install: $missing"
	find_pg_config || die "no PostgreSQL of version $PG_SUPPORTED with server and headers after installing: $missing"
}

# ------------------------------------------------------------ AWS' clients ---
# The AWS CLI, boto3 and Node.js with npm come from the distribution, what it has
# not at pinned versions from PyPI and npm; those go to the state directory and
# are kept there, so that a second run needs no network.

AWS_CLI_OF_PYPI=1.36.40 # for distributions without the package awscli (Ubuntu since 24.04)

# Set AWS to an AWS CLI that run_user can start; false when there is none.
find_aws() {
	for AWS in ${AWS:-} aws /usr/bin/aws "$state/aws-cli/bin/aws"; do
		if as_user "$AWS" --version >/dev/null 2>&1; then
			export AWS
			return 0
		fi
	done
	unset AWS
	return 1
}

# Set PYTHON to one that has boto3; false when there is none.
find_boto3() {
	for PYTHON in ${PYTHON:-} python3 /usr/bin/python3; do
		if as_user "$PYTHON" -c 'import boto3' >/dev/null 2>&1; then
			export PYTHON
			return 0
		fi
	done
	unset PYTHON
	return 1
}

# The tests and the SDK need Node.js 18 or later.
has_node() { as_user node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' >/dev/null 2>&1; }
has_npm() { as_user npm --version >/dev/null 2>&1; }

# Print the names of packages that are missing for the clients: $1 is `cli` or `all`.
missing_clients() {
	if ! find_aws; then
		if [ -n "$(apt-cache madison awscli 2>/dev/null)" ]; then
			echo awscli
		elif ! as_user python3 -c 'import ensurepip' >/dev/null 2>&1; then
			echo python3-venv
		fi
	fi
	[ "$1" = all ] || return 0
	find_boto3 || echo python3-boto3
	has_node || echo nodejs
	has_npm || echo npm
}

# install_clients cli|all: the AWS CLI with AWS set, or it and the SDKs.
install_clients() {
	missing=$(missing_clients "$1")
	if [ -n "$missing" ]; then
		have apt-get || die "please install (Debian's names): $(echo "$missing" | tr '\n' ' ')"
		say 'apt-get update'
		as_root apt-get update -qq </dev/null || say 'no fresh package lists; trying with what is there'
		missing=$(missing_clients "$1" | tr '\n' ' ')
		say "installing: $missing"
		# shellcheck disable=SC2086
		apt_install $missing || die "apt-get could not install: $missing"
	fi
	find_aws || install_aws_of_pypi
	find_aws || die 'the AWS CLI does not start'
	[ "$1" = all ] || return 0
	find_boto3 || die 'there is no boto3'
	has_node || die 'the tests with AWS clients need Node.js 18 or later'
	install_javascript_sdk
}

has_javascript_sdk() { as_user cmp -s - "$state/clients/package-lock.json" <"$top/test/clients/package-lock.json"; }

# Set AWS, PYTHON and CLIENTS to what is there, and MISSING_CLIENTS to the others of
# cli, boto3 and javascript.
find_clients() {
	MISSING_CLIENTS=
	find_aws || MISSING_CLIENTS='cli '
	find_boto3 || MISSING_CLIENTS="${MISSING_CLIENTS}boto3 "
	if has_node && has_javascript_sdk; then
		CLIENTS=$state/clients
		export CLIENTS
	else
		MISSING_CLIENTS="${MISSING_CLIENTS}javascript "
	fi
	export MISSING_CLIENTS
}

# in_its_own_directory NAME COMMAND…: make NAME in the state directory by a command
# that fills the directory given as its last argument; nobody sees half of it.
in_its_own_directory() (
	made=$state/$1
	shift
	exec 9>"$top/.build.lock"
	flock 9
	log=$(mktemp)
	as_user rm -rf "$made.new"
	as_user mkdir "$made.new"
	if ! "$@" "$made.new" >"$log" 2>&1 9>&-; then
		cat "$log"
		rm -f "$log"
		exit 1
	fi
	rm -f "$log"
	as_user rm -rf "$made"
	as_user mv "$made.new" "$made"
)

# (an environment of Python knows where it is, so that this one is not moved)
install_aws_of_pypi() {
	say "installing: awscli $AWS_CLI_OF_PYPI from PyPI"
	as_user python3 -m venv --clear "$state/aws-cli" || die 'python3 cannot make a virtual environment'
	as_user "$state/aws-cli/bin/pip" install --quiet --no-cache-dir "awscli==$AWS_CLI_OF_PYPI" ||
		die 'pip could not install the AWS CLI'
}

install_javascript_sdk() {
	if has_javascript_sdk; then return 0; fi
	say 'installing: the AWS SDK for JavaScript from npm'
	in_its_own_directory clients npm_ci || die 'npm could not install the AWS SDK for JavaScript'
}

npm_ci() {
	for file in package.json package-lock.json; do
		as_user tee "$1/$file" <"$top/test/clients/$file" >/dev/null || return 1
	done
	as_user npm ci --prefix "$1" --cache "$1/.npm" --ignore-scripts --no-audit --no-fund </dev/null &&
		as_user rm -rf "$1/.npm"
}

# ---------------------------------------------------------------- building ---

# Build as the invoking user and install; one at a time per checkout.
build_and_install() (
	exec 9>"$top/.build.lock"
	flock 9
	cd "$top"
	make -j "$(nproc)" all 9>&-
	target=$("$pg_config" --pkglibdir)
	if [ -w "$target" ]; then
		make install 9>&-
	else
		as_root make PG_CONFIG="$pg_config" install 9>&-
	fi
)

# Everything the scripts need before their own work.
setup() {
	install_missing
	find_run_user
	find_state
	log=$(mktemp)
	say "building for $("$pg_config" --version)"
	if ! build_and_install >"$log" 2>&1; then
		cat "$log"
		rm -f "$log"
		die 'the build failed'
	fi
	rm -f "$log"
}

# ----------------------------------------------------------------- servers ---
# A server lives in a directory of its own: data/, log, dynamo.conf and its
# socket.  No TCP but the endpoint's: the directory's mode is the access control.

# server_init DIR: make the cluster unless it is there.
server_init() {
	as_user mkdir -p -m 700 "$1"
	as_user tee "$1/dynamo.conf" <"$top/test/dynamo.conf" >/dev/null
	if as_user test -f "$1/data/PG_VERSION"; then
		made_by=$(as_user cat "$1/data/PG_VERSION")
		case $("$pg_config" --version) in
			"PostgreSQL $made_by"[.\ a-z]*) return 0 ;;
			*) die "$1/data was made by PostgreSQL $made_by: set PG_CONFIG to that one, or move the directory away" ;;
		esac
	fi
	as_user "$bindir/initdb" -D "$1/data" -U postgres --encoding=UTF8 --locale=C \
		--auth=trust --no-sync >"/dev/null" </dev/null
	as_user tee -a "$1/data/postgresql.conf" >/dev/null <<-EOF
		listen_addresses = ''
		unix_socket_directories = '$1'
		unix_socket_permissions = 0700
		include '../dynamo.conf'
	EOF
}

# server_start DIR PORT [OPTIONS]: start it and wait until it answers.
server_start() {
	as_user "$bindir/pg_ctl" -D "$1/data" -l "$1/log" -s -w -t 60 -o "-p $2 ${3:-}" start \
		</dev/null >/dev/null || {
		as_user tail -n 30 "$1/log" >&2
		die "the server in $1 does not start"
	}
}

server_running() { as_user "$bindir/pg_ctl" -D "$1/data" status >/dev/null 2>&1; }

server_stop() {
	if server_running "$1"; then
		as_user "$bindir/pg_ctl" -D "$1/data" -s -w -m fast stop </dev/null
	fi
}
