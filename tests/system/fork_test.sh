#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A log that was rolled back, copied or changed is found: at the start by the
# head file, later by whoever kept a signed head. And the way on works.
. "$(dirname "$0")/lib.sh"

make_lab seller/sam bidder/ann bidder/bob auditor/aud
data=$work/lab/data

keep() { # NAME: a copy of the data directory of a stopped server
	rm -rf "${work:?}/$1"
	cp -a "$data" "$work/$1"
}

put_back() { # NAME
	rm -rf "$data"
	cp -a "$work/$1" "$data"
}

refuses() { # CODE WORDS SENTENCE: the start
	timeout 30 "$BIN/auctiond" -c "$work/lab/server/auctiond.conf" -l 127.0.0.1:0 >"$work/out" 2>&1
	[ $? = "$1" ] && grep -q "$2" "$work/out"
	ok $? "$3"
}

show_head() { # FILE: post a signed head; the server's exit code afterwards
	curl_as bob -H 'Content-Type: text/plain' --data-binary "@$1" "$url/v1/log/cosignature" >"$work/reply"
	timeout 20 tail --pid="$server" -f /dev/null || kill "$server"
	wait "$server"
	local status=$?
	server=
	return $status
}

start_server
ok $? "the server starts"
as sam create Camera --start 100 --currency EUR --close +60m --publish >/dev/null
stop_server TERM
keep old
start_server
as ann bid 1 150 >/dev/null
curl_as bob "$url/v1/log/checkpoint" >"$work/head"
stop_server TERM
keep new

# ------------------------------------------------------------- rolled back
put_back old
cp "$work/new/head" "$data/head"
refuses 65 'rolled back\|old copy' "an older database under a newer head file is refused"
grep -q 'audit.prev' "$work/out"
ok $? "and the way on is named"
refuses 65 'rolled back\|old copy' "again and again"

put_back old
start_server
ok $? "a whole older copy cannot be told at the start"
check_says "rolled back or rewritten" "a client that has seen more finds it, and does not bid" as bob bid 1 120
post bob /v1/auctions/1/bid '{"max":12000}' >"$work/out"
show_head "$work/head"
[ $? = 65 ]
ok $? "until somebody shows a head that the same key has signed: it ends with 65"
grep -q log-forked "$work/reply"
ok $? "whoever showed it is told"
grep -q 'contradicts our log\|is larger than our log' "$work/server.log"
ok $? "and the operator, in words"

# ------------------------------------------------- a second server on a copy
put_back old
start_server
for max in 110 130 150 170 190 210 230 250; do post bob /v1/auctions/1/bid "{\"max\":${max}00}" >"$work/out"; done
show_head "$work/head"
[ $? = 65 ] && grep -q 'contradicts our log' "$work/server.log"
ok $? "a second history of the same length is found by its root"

# ------------------------------------------------------------ changed bytes
put_back new
pages=$(($(stat -c %s "$data/env/record.db") / 4096))
for page in $(seq 0 $((pages - 1))); do
	printf 'X' | dd of="$data/env/record.db" bs=1 seek=$((page * 4096 + 2000)) conv=notrunc status=none
done
refuses 5 'record.db' "changed bytes of the records stop the start, and their file is named"
put_back new
head -n -1 "$data/head" >"$work/cut" && cp "$work/cut" "$data/head"
refuses 5 'head file is not a head' "a head file that was cut is damage, not nothing"

# --------------------------------------------------------------- the way on
put_back new
cp "$data/head" "$work/last"
mv "$data" "$work/first-log"
openssl genpkey -algorithm ed25519 -out "$work/log2.key" 2>/dev/null
chmod 600 "$work/log2.key"
origin=$(sed -n '1s/1$/2/p' "$work/last")
openssl req -new -key "$work/log2.key" -subj '/CN=log 2' -out "$work/log2.csr" 2>/dev/null
printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=1.3.6.1.5.5.7.3.36\nsubjectAltName=URI:https://%s\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' "$origin" >"$work/log2.ext"
openssl x509 -req -in "$work/log2.csr" -CA "$work/lab/ca/ca.pem" -CAkey "$work"/lab/ca/authorities/*/ca.key \
	-days 30 -extfile "$work/log2.ext" -out "$work/log2.pem" 2>"$work/out"
ok $? "the authority certifies a key for the second log"
check_exit 3 "a log does not continue itself" timeout 30 "$BIN/auctiond" \
	-c "$work/lab/server/auctiond.conf" -l 127.0.0.1:0 --set "audit.prev=$work/last"
start_server --set "audit.cert=$work/log2.pem" --set "audit.key=$work/log2.key" --set "audit.prev=$work/last"
ok $? "a new log begins in an empty directory"
curl_as aud "$url/v1/log/entries?from=0&limit=1" >"$work/init"
grep -q "\"prev\":{\"origin\":\"$(sed -n 1p "$work/last")\",\"root\":\"$(sed -n 3p "$work/last")\",\"size\":$(sed -n 2p "$work/last")}" "$work/init"
ok $? "its first record names the last head of the one before"
[ "$(curl_as aud "$url/v1/log/checkpoint" | sed -n 1p)" = "$origin" ]
ok $? "it signs under the new origin"
stop_server TERM
plan
