#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the server shows of its log, checked with sha256sum, xxd and openssl:
# tiles, records, blobs, cosigned heads.
. "$(dirname "$0")/lib.sh"

leaf_of() { # FILE: hex of the record in it, without its line break
	{ printf '\0' && head -c -1 "$1"; } | sha256sum | cut -d' ' -f1
}

status_of() { # NAME PATH ARGUMENTS...
	local name=$1 path=$2
	shift 2
	curl_as "$name" -o "$work/reply" -w '%{http_code}' "$@" "$url$path"
}

check_status() { # STATUS SENTENCE NAME PATH ARGUMENTS...
	local status=$1 sentence=$2
	shift 2
	[ "$(status_of "$@")" = "$status" ]
	ok $? "$sentence"
}

make_lab seller/sam bidder/ann bidder/bob auditor/aud admin/adm
make_witness witness.example/w1
start_server --set "audit.witnesses=$vkey"
ok $? "the server starts with a witness"

as sam create Camera --start 100 --currency EUR --close +10m --publish >/dev/null
as ann bid 1 150 >/dev/null
# Enough records that a tile is full: bids below the minimum, on one connection.
for i in $(seq 260); do
	printf 'next\nurl = "%s/v1/auctions/1/bid"\ndata = "{\\"max\\":%d}"\nheader = "Content-Type: application/json"\noutput = "/dev/null"\n' "$url" "$i"
	printf 'cacert = "%s"\ncert = "%s"\nkey = "%s"\n' "$work/lab/clients/bob/ca.pem" \
		"$work/lab/clients/bob/bob.pem" "$work/lab/clients/bob/bob.key"
done | sed 1d >"$work/bids"
curl -sS -K "$work/bids" >"$work/out" 2>&1
ok $? "a bidder is refused 260 times"

# ------------------------------------------------------------------ records
curl_as aud "$url/v1/log/entries?from=0&limit=3" >"$work/first3"
[ "$(wc -l <"$work/first3")" = 3 ] && grep -q '"type":"log.init"' "$work/first3"
ok $? "an auditor reads the first three records"
curl_as aud "$url/v1/log/entries?from=0" >"$work/all"
curl_as bob "$url/v1/log/entries?from=0" >"$work/public"
accepted=$(grep -n '"type":"bid.accepted"' "$work/all" | head -n 1 | cut -d: -f1)
sed -n "${accepted}p" "$work/all" >"$work/bid"
sed -n "${accepted}p" "$work/public" >"$work/withheld"
[ "$(cat "$work/withheld")" = "{\"leaf\":\"$(leaf_of "$work/bid")\"}" ]
ok $? "a maximum of another is withheld: only its leaf is shown"
! grep -q '"max":15000' "$work/public"
ok $? "nothing of it is in what others read"
check_says '"max":15000' "its bidder reads it" curl_as ann "$url/v1/log/entries?from=$((accepted - 1))&limit=1"
size=$(curl_as aud "$url/v1/log/checkpoint" | sed -n 2p)
curl_as aud "$url/v1/log/entries?from=$((size + 1000))" >"$work/none"
[ ! -s "$work/none" ]
ok $? "behind the end there is nothing"
check_status 400 "a limit over the bound is refused" aud "/v1/log/entries?from=0&limit=1001"
check_status 400 "records from nowhere are refused" aud "/v1/log/entries"

# -------------------------------------------------------------------- tiles
curl_as bob "$url/v1/log/tile/0/000" >"$work/tile"
[ "$(wc -c <"$work/tile")" = 8192 ]
ok $? "a full tile has 256 hashes"
head -n 256 "$work/all" | while read -r line; do
	printf '%s\n' "$line" >"$work/line"
	leaf_of "$work/line"
done | xxd -r -p >"$work/leaves"
check "and they are the leaves of the records" cmp "$work/tile" "$work/leaves"
head -c 224 "$work/tile" >"$work/expected"
curl_as bob "$url/v1/log/tile/0/000.p/7" >"$work/part"
check "a part of a full tile is its beginning" cmp "$work/part" "$work/expected"
size=$(curl_as bob "$url/v1/log/checkpoint" | sed -n 2p)
curl_as bob "$url/v1/log/tile/0/001.p/$((size - 256))" >"$work/edge"
[ "$(wc -c <"$work/edge")" = $((32 * (size - 256))) ]
ok $? "the edge of the tree is a partial tile"
curl_as bob "$url/v1/log/tile/1/000.p/1" >"$work/above"
[ "$(wc -c <"$work/above")" = 32 ]
ok $? "a level up there is one hash"
check_says "immutable" "tiles may be cached for ever" curl_as bob -D - -o /dev/null "$url/v1/log/tile/0/000"
for path in 0/001 0/002 0/0 0/x000/000 1/000 64/000 0/000.p/0 0/000.p/256 0/000.p/07 7/000.p/1 ../0; do
	check_status 404 "no such tile: $path" bob "/v1/log/tile/$path" --path-as-is
done

# -------------------------------------------------------------------- blobs
blob=$(sed -n 's/.*"cert_blob":"\([0-9a-f]*\)".*/\1/p' "$work/first3" | head -n 1)
curl_as aud "$url/v1/log/blob/$blob" >"$work/blob"
[ "$(sha256sum <"$work/blob" | cut -d' ' -f1)" = "$blob" ]
ok $? "a blob is what its name says"
check_status 403 "bidders read no blobs" bob "/v1/log/blob/$blob"
check_status 404 "an unknown blob is not found" aud "/v1/log/blob/${blob//[0-9]/a}"

# ------------------------------------------------------------- cosignatures
check_status 404 "no head is cosigned at first" bob "/v1/log/checkpoint?cosigned=1"
curl_as bob "$url/v1/log/checkpoint" >"$work/checkpoint"
cosign "$work/checkpoint" "$work/witness.key" >"$work/cosigned"
check_status 200 "a witness' line is taken" bob /v1/log/cosignature -H 'Content-Type: text/plain' --data-binary "@$work/cosigned"
check "and answered with the whole checkpoint" cmp "$work/reply" "$work/cosigned"
check_status 200 "it is shown as the newest cosigned one" bob "/v1/log/checkpoint?cosigned=1"
check "to the byte" cmp "$work/reply" "$work/cosigned"
size=$(sed -n 2p "$work/checkpoint")
check_status 200 "a proof may be asked for under it" bob "/v1/log/proof?seq=0&size=$size"
tail -n 1 "$work/reply" | cmp -s - <(tail -n 1 "$work/cosigned")
ok $? "and carries the cosignature"
check_status 200 "the same line again changes nothing" bob /v1/log/cosignature -H 'Content-Type: text/plain' --data-binary "@$work/cosigned"
check "nothing at all" cmp "$work/reply" "$work/cosigned"
openssl genpkey -algorithm ed25519 -out "$work/other.key" 2>/dev/null
cosign "$work/checkpoint" "$work/other.key" >"$work/false"
check_status 422 "a false line of a witness is refused" bob /v1/log/cosignature -H 'Content-Type: text/plain' --data-binary "@$work/false"
sed '2s/.*/1/' "$work/checkpoint" >"$work/false"
check_status 422 "a head that the log did not sign is refused" bob /v1/log/cosignature -H 'Content-Type: text/plain' --data-binary "@$work/false"
check_status 422 "what is no note is refused" bob /v1/log/cosignature -H 'Content-Type: text/plain' --data-binary hello
check_status 415 "JSON is refused" bob /v1/log/cosignature -H 'Content-Type: application/json' --data-binary '{}'
head -c 20000 /dev/zero | tr '\0' a >"$work/long"
check_status 422 "a note beyond all bounds is refused" bob /v1/log/cosignature -H 'Content-Type: text/plain' --data-binary "@$work/long"

# ------------------------------------------------------- what else is recorded
for _ in 1 2 3; do openssl s_client -connect "127.0.0.1:$port" </dev/null >/dev/null 2>&1; done
curl_as adm -X POST -H 'Content-Type: application/json' -d '{}' "$url/v1/admin/reload" >/dev/null
curl_as adm -X POST -H 'Content-Type: application/json' -d '{"crl":"nonsense"}' "$url/v1/admin/reload" >/dev/null

stop_server TERM
ok $? "the server stops in order"
start_server --set "audit.witnesses=$vkey"
ok $? "the server starts again"
curl_as bob "$url/v1/log/checkpoint?cosigned=1" >"$work/reply"
check "the cosigned head is still there" cmp "$work/reply" "$work/cosigned"
stop_server TERM
check "the log verifies" audit_says_verified
recorded() { # TYPE PATTERN SENTENCE
	grep "\"type\":\"$1\"" "$work/export/records.jsonl" | grep -q "$2"
	ok $? "$3"
}
recorded conn.open '"tls":"TLSv1.3"' "connections that open are recorded"
recorded conn.close '"requests":1[,}]' "and those that close, with their requests"
recorded conn.refused '"addr":"127.0.0.1".*"count":3,' "strangers are counted by source"
recorded access.denied 'GET /v1/log/blob/' "what a role may not do is recorded"
recorded log.read '"by":"aud","count":3,"filter":"seq:0..2"' "an auditor's reading is recorded"
recorded log.read '"filter":"blob:' "of blobs too"
recorded crl.loaded '"crl_blob"' "each list that is loaded is recorded"
recorded crl.failed '"cause"' "and each that is refused"
! grep '"type":"log.read"' "$work/export/records.jsonl" | grep -q '"by":"\(ann\|bob\)"'
ok $? "a bidder's reading is not"
check_exit 3 "a witness' key that is none stops the start" "$BIN/auctiond" -c "$work/lab/server/auctiond.conf" \
	--set audit.witnesses=nonsense check
plan
