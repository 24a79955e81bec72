# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Files that are whole or not there, keys that nobody else can read, and the
# lock of the authority's folder.

UNFINISHED=
LOCK_FD=

# write_file FILE [MODE]: standard input in one step. It replaces what is
# there; new_file refuses to.
write_file() {
	local folder=${1%/*}
	[ "$folder" != "$1" ] || folder=.
	name_unfinished "$folder"
	cat >"$UNFINISHED"
	[ "${2:-644}" = 600 ] || chmod "${2:-644}" "$UNFINISHED"
	sync "$UNFINISHED"
	mv -T "$UNFINISHED" "$1"
	UNFINISHED=
	sync "$folder"
}

new_file() {
	local folder=${1%/*}
	[ "$folder" != "$1" ] || folder=.
	name_unfinished "$folder"
	cat >"$UNFINISHED"
	place_new "$1" "${2:-644}"
}

# A name that nobody has, in the folder where the file will stay; files are
# 0600 until they are told otherwise (umask).
name_unfinished() { # FOLDER
	UNFINISHED=$1/.unfinished.$$.${EPOCHREALTIME/./}$RANDOM
	{ [ -d "$1" ] && set -C && : >"$UNFINISHED" && set +C; } 2>/dev/null ||
		die $EX_FAILED "cannot write in '$1': is there room, and may you write there?"
}

# place_new FILE MODE: what was made in $UNFINISHED gets its name, unless the
# name is taken: a link, in place of a rename, never replaces anything.
place_new() {
	local folder=${1%/*}
	[ "$folder" != "$1" ] || folder=.
	[ "$2" = 600 ] || chmod "$2" "$UNFINISHED"
	sync "$UNFINISHED"
	ln -T "$UNFINISHED" "$1" 2>/dev/null || not_there "$1"
	[ "$1" -ef "$UNFINISHED" ] || die $EX_FAILED "cannot write '$1': is there room, and may you write there?"
	rm -f "$UNFINISHED"
	UNFINISHED=
	sync "$folder"
}

not_there() { # FILE
	[ ! -e "$1" ] && [ ! -L "$1" ] ||
		die $EX_EXISTS "'$1' exists already and is never overwritten: choose another place"
}

# A private folder; one that others can look into is refused, not mended, for
# its keys may have been read.
make_folder() {
	if [ ! -d "$1" ]; then
		mkdir -p -m 700 "$1" 2>/dev/null ||
			die $EX_FAILED "cannot make the folder '$1': is there room, and may you write there?"
	fi
	check_folder "$1"
}

check_folder() {
	local mode
	mode=$(stat -L -c %a "$1")
	[ "${mode: -2}" = 00 ] ||
		die $EX_POLICY "folder '$1' is open to others: chmod 700 '$1'"
}

check_private() { # FILE with a secret: refused when others can read it
	[ -e "$1" ] || die $EX_EXISTS "key '$1' is missing: was it made on this machine, in this folder?"
	[ -r "$1" ] || die $EX_FAILED "key '$1' cannot be read by you: run this as its owner"
	local mode
	mode=$(stat -L -c %a "$1")
	[ "${mode: -2}" = 00 ] || [ "$mode" = 0 ] ||
		die $EX_POLICY "'$1' can be read by others: chmod 600 '$1', and renew it if others may have read it"
}

check_text_file() { # FILE WHAT: hostile input has a bound
	[ -e "$1" ] || die $EX_EXISTS "$2 '$1' not found: give the path of the file"
	[ -f "$1" ] && [ -r "$1" ] || die $EX_FAILED "$2 '$1' cannot be read: is it a file, and yours to read?"
	[ "$(stat -L -c %s "$1")" -le 1048576 ] || die $EX_POLICY "$2 '$1' is larger than 1 MiB: it is no $2"
}

# -------------------------------------------------------------------- lock
# The kernel's lock ends with its holder, so a dead one is never waited for.
# The file names the holder for people, and for machines that share the folder
# by a file system whose locks do not reach each other.

lock() {
	local owner
	[ -z "$LOCK_FD" ] || return 0
	exec {LOCK_FD}>>"$DIR/lock"
	if ! flock -w "${AUCTION_CA_LOCK_WAIT:-120}" "$LOCK_FD"; then
		owner=$(cat "$DIR/lock")
		LOCK_FD=
		die $EX_FAILED "'$DIR' is locked by process ${owner:-of another operator}: wait for it"
	fi
	read -r owner <"$DIR/lock" || true
	if [ -n "$owner" ]; then
		if [ "${owner#* on }" != "$HOSTNAME" ]; then
			LOCK_FD=
			die $EX_FAILED "'$DIR' is locked by process $owner: wait, or remove '$DIR/lock' if nobody works there"
		fi
		echo "$PROGRAM: taking over the lock of process $owner, which has died" >&2
	fi
	echo "$$ on $HOSTNAME" >"$DIR/lock"
	owner=$(compgen -G "$DIR/.unfinished.*"; compgen -G "$DIR/*/.unfinished.*"; compgen -G "$DIR/*/*/.unfinished.*") || true
	[ -z "$owner" ] || rm -f "$DIR"/.unfinished.* "$DIR"/*/.unfinished.* "$DIR"/*/*/.unfinished.*
}

unlock() {
	[ -n "$LOCK_FD" ] || return 0
	: >"$DIR/lock"
	exec {LOCK_FD}>&-
	LOCK_FD=
}
