# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What system tests share: TAP, a laboratory, a server on a free port.
# Sourced; BIN names the folder of the programs.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BIN=${BIN:-$here/build/release}
work=$(mktemp -d "${TMPDIR:-/tmp}/auctiond-test.XXXXXX")
export XDG_STATE_HOME=$work/state
number=0 failures=0 server=

finish() {
	stop_server TERM >/dev/null 2>&1
	[ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap finish EXIT

ok() { # STATUS SENTENCE: 0 is good
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		failures=$((failures + 1))
		[ ! -s "$work/server.log" ] || tail -n 5 "$work/server.log" | sed 's/^/# /'
		[ ! -s "$work/out" ] || head -c 600 "$work/out" | sed 's/^/# /'
	fi
}

check() { # SENTENCE COMMAND...: must succeed
	local sentence=$1
	shift
	"$@" >"$work/out" 2>&1
	ok $? "$sentence"
}

check_exit() { # CODE SENTENCE COMMAND...: must end with that code
	local code=$1 sentence=$2
	shift 2
	"$@" >"$work/out" 2>&1
	[ $? = "$code" ]
	ok $? "$sentence"
}

check_says() { # WORDS SENTENCE COMMAND...: output must contain the words
	local words=$1 sentence=$2
	shift 2
	"$@" >"$work/out" 2>&1
	grep -qF -- "$words" "$work/out"
	ok $? "$sentence"
}

plan() {
	echo "1..$number"
	[ $failures = 0 ]
	exit $?
}

make_lab() { # CLIENTS...
	local arguments=() client
	for client in "$@"; do arguments+=(--client "$client"); done
	"$here/tools/auction-ca" --dir "$work/lab" lab "${arguments[@]}" >/dev/null
}

# Waits for the line that says where it listens, or for its end.
start_server() { # OPTIONS...
	: >"$work/server.log"
	"$BIN/auctiond" -c "$work/lab/server/auctiond.conf" -l 127.0.0.1:0 "$@" \
		2>"$work/server.log" &
	server=$!
	port=
	while [ -z "$port" ]; do
		kill -0 $server 2>/dev/null || { server=; return 1; }
		port=$(sed -n 's/.* listening address=[^ ]*:\([0-9]*\) .*/\1/p' "$work/server.log")
	done
	sed -i "s|https://localhost:[0-9]*|https://localhost:$port|" "$work"/lab/clients/*/auction.conf
	url=https://localhost:$port
}

stop_server() { # SIGNAL: its exit status
	[ -n "$server" ] || return 0
	kill -"${1:-TERM}" "$server" 2>/dev/null
	wait "$server" 2>/dev/null
	local status=$?
	server=
	return $status
}

as() { # NAME COMMAND...: the auction command of a client
	local name=$1
	shift
	AUCTION_CONFIG=$work/lab/clients/$name/auction.conf "$BIN/auction" "$@"
}

curl_as() { # NAME ARGUMENTS...
	local name=$1 home=$work/lab/clients/$1
	shift
	curl -sS --max-time 10 --cacert "$home/ca.pem" --cert "$home/$name.pem" \
		--key "$home/$name.key" "$@"
}

post() { # NAME PATH JSON ARGUMENTS...: status line and body
	local name=$1 path=$2 json=$3
	shift 3
	curl_as "$name" -w '\n%{http_code}\n' -H 'Content-Type: application/json' "$@" \
		--data "$json" "$url$path"
}

audit_says_verified() {
	rm -rf "$work/export"
	"$BIN/auction-audit" export --auditor --data "$work/lab/data" "$work/export" &&
		"$BIN/auction-audit" verify --ca "$work/lab/ca/ca.pem" "$work/export" |
		tee "$work/verified" && grep -q '^VERIFIED' "$work/verified"
}

# shellcheck disable=SC2034 # read by the tests
make_witness() { # NAME: its key in witness.key; sets witness, key_id, vkey
	witness=$1
	openssl genpkey -algorithm ed25519 -out "$work/witness.key" 2>/dev/null
	openssl pkey -in "$work/witness.key" -pubout -outform DER | tail -c 32 >"$work/witness.pub"
	key_id=$({ printf '%s\n\4' "$witness" && cat "$work/witness.pub"; } | sha256sum | head -c 8)
	vkey=$witness+$key_id+$({ printf '\4' && cat "$work/witness.pub"; } | base64 -w 0)
}

cosign() { # CHECKPOINT KEY: the note with a witness' line
	local seconds
	seconds=$(date +%s)
	{ printf 'cosignature/v1\ntime %d\n' "$seconds" && sed '/^$/,$d' "$1"; } >"$work/message"
	openssl pkeyutl -sign -inkey "$2" -rawin -in "$work/message" -out "$work/signature"
	cat "$1"
	printf '\xe2\x80\x94 %s %s\n' "$witness" \
		"$({ printf '%s%016x' "$key_id" "$seconds" && xxd -p -c 64 "$work/signature"; } | xxd -r -p | base64 -w 0)"
}
