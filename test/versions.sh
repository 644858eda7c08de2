#!/bin/sh
# versions.sh SUITE…: run `make check` on the PostgreSQL of other distributions,
# each in a chroot that debootstrap makes on first use: bookworm (15), noble (16),
# trixie (17), sid (18).  Needs root, debootstrap, git and the network; TESTS and
# TIME_FACTOR are as for `make check`; proxies and the certificates of SSL_CERT_FILE
# hold inside too.  The chroots stay in CHROOTS (/var/tmp/dynamo-chroots), with the
# output of a failed run in src/.server/last-failure.  Mounts and processes live in
# namespaces of their own and end with the script.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=test/lib.sh
. "$top/test/lib.sh"
chroots=${CHROOTS:-/var/tmp/dynamo-chroots}

# make_chroot SUITE: a minimal system; `make check` installs what it needs there.
make_chroot() {
	script=
	case $1 in
		bookworm | trixie | sid)
			mirror=http://deb.debian.org/debian components=main
			keyring=/usr/share/keyrings/debian-archive-keyring.gpg ;;
		noble)
			mirror=http://archive.ubuntu.com/ubuntu components=main,universe script=gutsy
			keyring=${UBUNTU_KEYRING:-/usr/share/keyrings/ubuntu-archive-keyring.gpg} ;;
		*) die "$1: not one of bookworm, noble, trixie, sid" ;;
	esac
	[ -f "$keyring" ] || die "$keyring is missing: install the package ubuntu-keyring (debian-archive-keyring), or set UBUNTU_KEYRING"
	say "making $chroots/$1"
	rm -rf --one-file-system "$chroots/$1.new"
	debootstrap --variant=minbase --include=make --components=$components --keyring="$keyring" \
		"$1" "$chroots/$1.new" $mirror $script >"$chroots/$1.log" 2>&1 ||
		die "debootstrap failed, see $chroots/$1.log"
	mv "$chroots/$1.new" "$chroots/$1"
}

# copy_tree DIR: what git has or would add, without products of the build; the AWS
# clients that an earlier run has installed in DIR stay.
copy_tree() {
	mkdir -p "$1"
	find "$1" -mindepth 1 -maxdepth 1 ! -name .server -exec rm -rf --one-file-system {} +
	git -C "$top" -c safe.directory="$top" ls-files -z --cached --others --exclude-standard |
		tar -C "$top" --null -T - --ignore-failed-read -cf - 2>/dev/null | tar -C "$1" --no-same-owner -xf -
}

# check_in ROOT: in an environment of its own but for what the caller says of the
# tests and of the network.
check_in() {
	for name in TESTS TIME_FACTOR http_proxy https_proxy no_proxy; do
		eval "value=\${$name:-}"
		[ -z "$value" ] || set -- "$@" "$name=$value"
	done
	if [ -n "${SSL_CERT_FILE:-}" ]; then
		cp "$SSL_CERT_FILE" "$1/run/certificates.pem"
		set -- "$@" PIP_CERT=/run/certificates.pem NODE_EXTRA_CA_CERTS=/run/certificates.pem
	fi
	# shellcheck disable=SC2016
	unshare --mount --pid --fork --kill-child sh -euc '
		root=$1
		shift
		mount -t proc proc "$root/proc"
		mount --rbind /dev "$root/dev"
		exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@" \
			make -C /src check' sh "$@" </dev/null
}

[ "$(id -u)" -eq 0 ] || die 'this needs root'
[ $# -gt 0 ] || die "usage: $0 bookworm|noble|trixie|sid …"
for tool in debootstrap git unshare flock; do
	have $tool || die "please install $tool"
done
status=0
for suite; do
	mkdir -p "$chroots"
	exec 9>"$chroots/$suite.lock"
	flock 9
	[ -d "$chroots/$suite" ] || make_chroot "$suite"
	copy_tree "$chroots/$suite/src"
	say "$suite"
	check_in "$chroots/$suite" 9>&- || status=1
	exec 9>&-
done
exit $status
