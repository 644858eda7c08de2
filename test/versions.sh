#!/bin/sh
# versions.sh SUITE…: run `make check` on the PostgreSQL of other distributions,
# each in a chroot that debootstrap makes on first use: bookworm (15), noble (16),
# trixie (17), sid (18).  Needs root, debootstrap, git and the network; TESTS picks
# tests as for `make check`.  The chroots stay in CHROOTS (/var/tmp/dynamo-chroots).
# Mounts and processes live in namespaces of their own and end with the script.
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
	mkdir -p "$chroots"
	rm -rf --one-file-system "$chroots/$1.new"
	debootstrap --variant=minbase --include=make --components=$components --keyring="$keyring" \
		"$1" "$chroots/$1.new" $mirror $script >"$chroots/$1.log" 2>&1 ||
		die "debootstrap failed, see $chroots/$1.log"
	mv "$chroots/$1.new" "$chroots/$1"
}

# copy_tree DIR: what git has or would add, without products of the build.
copy_tree() {
	rm -rf --one-file-system "$1"
	mkdir -p "$1"
	git -C "$top" -c safe.directory="$top" ls-files -z --cached --others --exclude-standard |
		tar -C "$top" --null -T - --ignore-failed-read -cf - 2>/dev/null | tar -C "$1" --no-same-owner -xf -
}

# check_in ROOT
check_in() {
	# shellcheck disable=SC2016
	unshare --mount --pid --fork --kill-child sh -euc '
		mount -t proc proc "$1/proc"
		mount --rbind /dev "$1/dev"
		exec chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
			TESTS="$2" make -C /src check' sh "$1" "${TESTS:-*}" </dev/null
}

[ "$(id -u)" -eq 0 ] || die 'this needs root'
[ $# -gt 0 ] || die "usage: $0 bookworm|noble|trixie|sid …"
for tool in debootstrap git unshare; do
	have $tool || die "please install $tool"
done
status=0
for suite; do
	[ -d "$chroots/$suite" ] || make_chroot "$suite"
	copy_tree "$chroots/$suite/src"
	say "$suite"
	check_in "$chroots/$suite" || status=1
done
exit $status
