# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Names, as docs/security.md defines them. Whatever reaches a certificate has
# passed one of these: no comma, slash or line end of a request gets through.

# check_letters WHAT TEXT ALLOWED WORDS: the first letter that is not allowed
# is shown.
check_letters() {
	local LC_ALL=C bad
	bad=${2//[$3]/}
	[ -z "$bad" ] || die $EX_POLICY "$1 $(printf %q "$2") has the character $(printf %q "${bad:0:1}"): use $4"
}

check_name() {
	[ -n "$1" ] || die $EX_POLICY "the name is empty: use 1 to 63 of a-z 0-9 . _ -"
	check_letters name "$1" 'a-z0-9._-' 'a-z 0-9 . _ -'
	[[ ${1:0:1} =~ [a-z0-9] ]] || die $EX_POLICY "name '$1' begins with '${1:0:1}': begin with a-z or 0-9"
	[ ${#1} -le 63 ] || die $EX_POLICY "name '$1' has ${#1} characters: use at most 63"
}

check_role() {
	case $1 in
	bidder | seller | trader | auditor | admin | monitor) ;;
	*) die $EX_POLICY "role $(printf %q "$1") is unknown: bidder, seller, trader, auditor, admin or monitor" ;;
	esac
}

check_host() {
	[ -n "$1" ] || die $EX_POLICY "the host name is empty: give one such as auction.fair.example"
	check_letters "host name" "$1" 'a-z0-9.-' 'a-z 0-9 . -, and --ip for an address'
	[ ${#1} -le 64 ] || die $EX_POLICY "host name '$1' has ${#1} characters: use at most 64"
	[[ ! $1 =~ ^[0-9.]+$ ]] || die $EX_POLICY "'$1' is an address, not a host name: use --ip"
	[[ $1 =~ ^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$ ]] ||
		die $EX_POLICY "host name '$1' has an empty part, or one that begins or ends with '-': mend it"
}

# check_ip TEXT: into IP as openssl writes it, so that two can be compared.
check_ip() {
	local part groups head tail
	if [[ $1 =~ ^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
		for part in ${1//./ }; do
			{ [ ${#part} -le 3 ] && [ "$part" = "$((10#$part))" ] && [ "$part" -le 255 ]; } ||
				die $EX_POLICY "address '$1' has the part '$part': each is a number up to 255"
		done
		IP=$1
		return
	fi
	check_letters address "$1" '0-9a-fA-F:' 'four numbers with dots, or IPv6'
	head=${1%%::*} tail=
	[[ $1 != *::* ]] || tail=${1#*::}
	groups=(${head//:/ })
	if [[ $1 == *::* ]]; then
		tail=(${tail//:/ })
		while [ $((${#groups[@]} + ${#tail[@]})) -lt 8 ]; do groups+=(0); done
		groups+=("${tail[@]}")
	fi
	[[ ${#groups[@]} = 8 && $1 == *:*:* && $1 != *::*::* && $1 != *:::* && $1 != *[!:]: && $1 != :[!:]* ]] ||
		die $EX_POLICY "address '$1' is neither IPv4 nor IPv6: mend it"
	IP=
	for part in "${groups[@]}"; do
		[ ${#part} -le 4 ] || die $EX_POLICY "address '$1' has the part '$part': each is up to four digits"
		IP+=$(printf '%x:' "0x$part")
	done
	IP=${IP%:}
}

check_origin() { # the name of a log: a host, and a path
	[[ $1 == */* ]] || die $EX_POLICY "log name '$1' has no path: use one such as auction.fair.example/log/1"
	check_host "${1%%/*}"
	check_letters "log name" "$1" 'a-z0-9._/-' 'a-z 0-9 . _ - /'
	[ ${#1} -le 255 ] || die $EX_POLICY "log name '$1' has ${#1} characters: use at most 255"
}

check_fingerprint() { # TEXT LEAST WHAT: into FINGERPRINT, without the gaps
	FINGERPRINT=${1//[ :-]/}
	FINGERPRINT=${FINGERPRINT,,}
	[[ $FINGERPRINT =~ ^[0-9a-f]*$ ]] || usage_error "fingerprint '$1' holds more than 0-9 and a-f"
	[ ${#FINGERPRINT} -ge "$2" ] || usage_error "fingerprint '$1' has ${#FINGERPRINT} digits: give the $2 or more of $3"
	[ ${#FINGERPRINT} -le 64 ] || usage_error "fingerprint '$1' has more than 64 digits"
}

# in_groups HEX: into GROUPED, as it can be read out.
in_groups() {
	local rest=$1
	GROUPED=
	while [ -n "$rest" ]; do
		GROUPED+="${GROUPED:+ }${rest:0:4}"
		rest=${rest:4}
	done
}

# What a name stands for in files of a machine's folder.
stem_of() { # ROLE NAME
	case $1 in server | log) echo "$1" ;; *) echo "$2" ;; esac
}
