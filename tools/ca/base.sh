# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # read by the other parts
# What every part of auction-ca uses: errors, words and JSON, a scratch folder
# that goes away, passphrases.

readonly EX_FAILED=1 EX_USAGE=2 EX_POLICY=3 EX_EXISTS=4 EX_SOON=5

JSON=0
PASSPHRASE= PASSPHRASE_FILE= PASSPHRASE_FD= HAS_PASSPHRASE=0
SCRATCH=

# die STATUS WORDS...: one line that says what, which file or name, what to do.
die() {
	local status=$1
	shift
	echo "$PROGRAM: $*" >&2
	[ "$JSON" = 0 ] || json_line error "$*" '#status' "$status"
	exit "$status"
}

usage_error() { die $EX_USAGE "$*; see '$PROGRAM --help'"; }

say() { [ "$JSON" = 1 ] || printf '%s\n' "$*"; }

# json_line NAME VALUE...: one object on one line. A name that begins with '#'
# has a value that is JSON already.
json_line() {
	local out='' separator='' value
	while [ $# -gt 0 ]; do
		if [ "${1:0:1}" = '#' ]; then
			out+="$separator\"${1#?}\":$2"
		else
			value=${2//\\/\\\\}
			value=${value//\"/\\\"}
			value=${value//$'\n'/\\n}
			value=${value//$'\t'/\\t}
			out+="$separator\"$1\":\"${value//[$'\001'-$'\037']/?}\""
		fi
		separator=,
		shift 2
	done
	printf '{%s}\n' "$out"
}

json_array() { # WORDS...
	local out='' word
	for word in "$@"; do
		word=${word//\\/\\\\}
		out+="${out:+,}\"${word//\"/\\\"}\""
	done
	printf '[%s]' "$out"
}

# needs COUNT OPTION ARGUMENTS...: an option without its value is a mistake.
needs() { [ $# -gt 2 ] || usage_error "$1: $2 needs a value"; }

# ----------------------------------------------------------------- scratch

cleanup() {
	[ -z "$SCRATCH" ] || rm -rf "$SCRATCH"
	[ -z "${UNFINISHED:-}" ] || rm -f "$UNFINISHED"
	unlock
}

# Certificates and texts only: keys are made where they stay.
make_scratch() {
	[ -z "$SCRATCH" ] || return 0
	SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/auction-ca.XXXXXX")
	printf '[req]\ndistinguished_name = none\nprompt = no\n[none]\n' >"$SCRATCH/req.cnf"
}

# -------------------------------------------------------------------- time
# Instants are YYYYMMDDHHMMSSZ, which sorts, or seconds since 1970.

stamp() { # now, or what date(1) understands; without a fork for now
	if [ $# = 0 ]; then
		TZ=UTC0 printf '%(%Y%m%d%H%M%SZ)T\n' -1
	else
		date -u -d "$1" +%Y%m%d%H%M%SZ
	fi
}

now_words() { TZ=UTC0 printf '%(%Y-%m-%dT%H:%M:%SZ)T' -1; }

# asn1_stamp "Nov  5 14:28:11 2026 GMT": into STAMP, as openssl prints times.
asn1_stamp() {
	local month day clock year months=JanFebMarAprMayJunJulAugSepOctNovDec
	read -r month day clock year _ <<<"${1#*=}"
	months=${months%%"$month"*}
	printf -v STAMP '%s%02d%02d%sZ' "$year" $((${#months} / 3 + 1)) "$((10#$day))" "${clock//:/}"
}

stamp_seconds() { # YYYYMMDDHHMMSSZ
	date -u -d "${1:0:4}-${1:4:2}-${1:6:2} ${1:8:2}:${1:10:2}:${1:12:2}" +%s
}

stamp_words() { printf '%s-%s-%s %s:%s UTC\n' "${1:0:4}" "${1:4:2}" "${1:6:2}" "${1:8:2}" "${1:10:2}"; }

days_of() { # TEXT OPTION: a number of days, with or without a d
	local days=${1%d}
	[[ $days =~ ^[0-9]{1,5}$ ]] || usage_error "$2 '$1' is not a number of days"
	printf '%d\n' "$((10#$days))"
}

# ------------------------------------------------------------- passphrases
# From --passphrase-file, --passphrase-fd or a prompt; never from an argument,
# and never to a program as an argument: openssl reads it from a pipe.

# take_passphrase_option ARGUMENTS...: whether the first is one of these.
take_passphrase_option() {
	case $1 in
	--passphrase-file)
		needs "$COMMAND" "$@"
		[ -r "$2" ] || die $EX_EXISTS "passphrase file '$2' not found"
		check_private "$2"
		PASSPHRASE_FILE=$2
		;;
	--passphrase-fd)
		needs "$COMMAND" "$@"
		[[ $2 =~ ^[0-9]{1,4}$ ]] || usage_error "$COMMAND: --passphrase-fd '$2' is not a number"
		PASSPHRASE_FD=$2
		;;
	*) return 1 ;;
	esac
}

# read_passphrase WHAT [new]: into PASSPHRASE; a new one is asked for twice.
read_passphrase() {
	local again
	[ $HAS_PASSPHRASE = 0 ] || return 0
	if [ -n "$PASSPHRASE_FILE" ]; then
		IFS= read -r PASSPHRASE <"$PASSPHRASE_FILE" || true
	elif [ -n "$PASSPHRASE_FD" ]; then
		IFS= read -r PASSPHRASE <&"$PASSPHRASE_FD" ||
			die $EX_USAGE "nothing to read from file descriptor $PASSPHRASE_FD"
	else
		[ -t 0 ] || die $EX_USAGE "nobody can be asked for the passphrase of $1: give --passphrase-file or --passphrase-fd"
		IFS= read -rsp "passphrase of $1: " PASSPHRASE
		echo >&2
		if [ "${2:-}" = new ]; then
			IFS= read -rsp "once more: " again
			echo >&2
			[ "$again" = "$PASSPHRASE" ] || die $EX_FAILED "the two passphrases differ: begin again"
		fi
	fi
	[ "${2:-}" != new ] || [ ${#PASSPHRASE} -ge 8 ] ||
		die $EX_POLICY "the passphrase of $1 has ${#PASSPHRASE} characters: use at least 8"
	[ -n "$PASSPHRASE" ] || die $EX_USAGE "the passphrase of $1 is empty"
	HAS_PASSPHRASE=1
}

is_encrypted() { # KEY
	local line
	while IFS= read -r line; do
		[[ $line != *ENCRYPTED* ]] || return 0
		[[ $line == -----* || $line == *:* ]] || return 1
	done <"$1"
	return 1
}

# with_key KEY OPENSSL-ARGUMENTS...: opens the key with the passphrase that
# was read, if it has one.
with_key() {
	local key=$1
	shift
	if is_encrypted "$key"; then
		openssl "$@" -passin file:<(printf '%s\n' "$PASSPHRASE")
	else
		openssl "$@"
	fi
}

# open_key KEY WHAT: asks where needed; a wrong passphrase is told at once.
open_key() {
	check_private "$1"
	if is_encrypted "$1"; then read_passphrase "$2"; fi
	with_key "$1" pkey -in "$1" -noout 2>/dev/null ||
		die $EX_POLICY "key '$1' cannot be opened: $(is_encrypted "$1" && echo "the passphrase is wrong" || echo "it is damaged, restore it from a copy")"
}
