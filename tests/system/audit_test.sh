#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# auction-audit: on a running server's directory, through the server, and on
# exports; filters, reports, receipts, witnesses, policies, exit codes.
. "$(dirname "$0")/lib.sh"
BIN=$(realpath "$BIN")

audit() { "$BIN/auction-audit" "$@"; }
trust=(--ca "$work/lab/ca/ca.pem")

make_lab seller/sam bidder/ann bidder/bob auditor/aud admin/adm
start_server
as sam create Camera --start 100 --currency EUR --close +10m --publish >/dev/null
for max in 150 200 250 300; do
	as ann bid 1 $max >/dev/null
	as bob bid 1 $((max + 20)) >/dev/null
	as bob bid 1 $((max - 49)) >/dev/null
done
through=(--server "$url" --cert "$work/lab/clients/aud/aud.pem" --key "$work/lab/clients/aud/aud.key" "${trust[@]}")

# While the server runs.
check_says VERIFIED "a running server's directory verifies" \
	audit verify "${trust[@]}" --state --data "$work/lab/data"
check_says "Camera" "and the server has not noticed" as ann show 1
check_says VERIFIED "the log verifies through the server" audit verify "${through[@]}"
(for max in 400 500 600 700; do as ann bid 1 $max; done) >/dev/null 2>&1 &
bidder=$!
moving=0
while kill -0 $bidder 2>/dev/null; do
	audit verify "${trust[@]}" --data "$work/lab/data" >"$work/out" 2>&1 || { moving=1; break; }
done
wait $bidder
ok $moving "a log that moves is never reported as damaged"
check_says "each proved under checkpoint" "show reads through the server" \
	audit show "${through[@]}" --type 'bid.*' --limit 3
audit follow "${through[@]}" --type bid.accepted --since now --limit 1 >"$work/followed" &
follower=$!
until kill -0 $follower 2>/dev/null && ! as bob bid 1 900 >/dev/null; do break; done
wait $follower
ok $? "follow waits for the next bid"

# Cursors and consistency.
check "a cursor is kept" audit show "${through[@]}" --type 'bid.*' --cursor "$work/cursor"
cp "$work/cursor" "$work/old"
check_exit 3 "the next run begins where it ended" audit show "${through[@]}" --type 'bid.*' --cursor "$work/cursor"
as ann bid 1 1500 >/dev/null
check_says "1 record, each proved" "and shows what came since" \
	audit show "${through[@]}" --type 'bid.*' --cursor "$work/cursor"
check "the past is proved to be the same" audit consistency "$work/old" "${through[@]}" --output "$work/consistency"
audit checkpoint "${through[@]}" --output "$work/new"
ok $? "checkpoint writes the verified head"

# Receipts.
seq=$(audit show "${through[@]}" --type bid.accepted --user ann --limit 1 --raw | sed 's/.*"seq":\([0-9]*\).*/\1/')
check "prove writes a receipt" audit prove "$seq" "${through[@]}" --output "$work/receipt"
audit export "$work/export" --auditor --bundles --data "$work/lab/data" "${trust[@]}" >/dev/null
ok $? "an export of a running server's directory"
check_says "your own signature on the bid is valid" "the receipt tells whose bid it was" \
	audit check-receipt "$work/receipt" "${trust[@]}" --log-cert "$work/export/log-cert.pem" \
	--signer "$work/lab/clients/ann/ann.pem"
size=$(sed '1,/^$/d' "$work/receipt" | sed -n 2p)
sed '1,/^$/d' "$work/receipt" >"$work/from"
as bob bid 1 1600 >/dev/null
audit consistency "$work/from" "${through[@]}" --output "$work/proof" &&
	sed '1,/^$/d' "$work/proof" >"$work/newer"
check_says "still there under checkpoint" "a receipt of $size records continues to a newer head" \
	audit check-receipt "$work/receipt" "${trust[@]}" --log-cert "$work/export/log-cert.pem" \
	--newer "$work/newer" --proof "$work/proof"
check_exit 1 "a proof from elsewhere does not" audit check-receipt "$work/receipt" "${trust[@]}" \
	--log-cert "$work/export/log-cert.pem" --newer "$work/newer" --proof "$work/consistency"

# Witnesses and policies.
for w in w1 w2; do
	(umask 077 && openssl genpkey -algorithm ed25519 -out "$work/$w.key")
done
cosign() { # NAME
	audit cosign "${through[@]}" --witness-key "$work/$1.key" --name "witness.example/$1" \
		--witness-dir "$work/witness-$1"
}
cosign w1 >"$work/cosigned" 2>"$work/vkey1"
ok $? "a witness signs"
vkey1=$(sed -n 's/.* as //p' "$work/vkey1")
cosign w2 2>&1 >/dev/null | sed -n 's/.* as //p' >"$work/vkey2"
printf 'witness one %s\nwitness two %s\ngroup both all one two\nquorum both\n' "$vkey1" "$(cat "$work/vkey2")" >"$work/both"
printf 'witness one %s\nquorum one\n' "$vkey1" >"$work/one"
printf 'witness one %s\nquorum none\nquorum one\n' "$vkey1" >"$work/wrong"
check_says "quorum   both" "policy tells what a policy asks for" audit policy "$work/both"
check_exit 4 "a policy with two quorums is none" audit policy "$work/wrong"
check_exit 0 "the quorum of one is met" audit policy "$work/one" "$work/cosigned" "${trust[@]}" --log-cert "$work/export/log-cert.pem"
check_exit 5 "that of both is not" audit policy "$work/both" "$work/cosigned" "${trust[@]}" --log-cert "$work/export/log-cert.pem"
stop_server TERM
start_server --set "audit.witnesses=$vkey1"
through[1]=$url
cosign w1 >/dev/null 2>&1
ok $? "the server takes the line of a witness that it knows"
check_says VERIFIED "verify through the server takes the cosigned head" audit verify "${through[@]}" --policy "$work/one"
check_exit 5 "without the quorum nothing is trusted" audit verify "${trust[@]}" --data "$work/lab/data" --policy "$work/both"

stop_server TERM
check "the log goes on to verify" audit verify "${trust[@]}" --state --data "$work/lab/data" \
	--since-checkpoint "$work/old" --receipt "$work/receipt"
check_says VERIFIED "so does the export" audit verify "${trust[@]}" "$work/export" --receipt "$work/receipt"

# Another history, with the same key.
rm -rf "$work/lab/data"
export XDG_STATE_HOME=$work/state2 # its clients know nothing of the first
start_server
for n in 1 2 3 4 5 6 7 8 9; do as sam create "Other $n" --start 100 --currency EUR --close +10m --publish; done >/dev/null
stop_server TERM
audit cosign --data "$work/lab/data" "${trust[@]}" --witness-key "$work/w1.key" --name witness.example/w1 \
	--witness-dir "$work/witness-w1" >"$work/evidence" 2>&1
[ $? = 1 ] && grep -q '^EVIDENCE' "$work/evidence" && [ "$(grep -c '^— ' "$work/evidence")" -ge 2 ]
ok $? "a witness does not sign a second history, and prints both heads"
check_exit 1 "an older checkpoint finds it" audit verify "${trust[@]}" --data "$work/lab/data" --since-checkpoint "$work/old"
check_exit 1 "so does a receipt" audit verify "${trust[@]}" --data "$work/lab/data" --receipt "$work/receipt"
check_exit 1 "and a cursor" audit show "${trust[@]}" --data "$work/lab/data" --cursor "$work/cursor"

# What is printed.
cd "$work/export" || exit 1
check_says "leads at" "in an export's folder no folder need be named" audit show "${trust[@]}" --auction 1 --user ann
audit show "${trust[@]}" --auction 1 --csv 2>/dev/null | head -n 1 | grep -q '^seq,time,type,auction,user,amount,result,signed,proved.$'
ok $? "CSV has a header and ends lines as RFC 4180 says"
audit show "${trust[@]}" --amount '>=20000' -q 'type:bid.* -reason:ERR_TOO_LOW' --json 2>/dev/null |
	jq -es 'length > 3 and all(.amount >= 20000 and .proved)' >/dev/null
ok $? "JSON is one object a line, and filters join"
audit show "${trust[@]}" --raw 2>/dev/null | cmp -s - records.jsonl
ok $? "--raw is the bytes of the records"
for name in bids users refusals admin certs latency; do
	audit report $name "${trust[@]}" >"$work/out" 2>&1
	code=$?
	[ $code = 0 ] || { [ $name = admin ] && [ $code = 3 ]; } || [ $name = latency ]
	ok $? "report $name"
done
check "report prices draws a chart" audit report prices 1 "${trust[@]}" --svg "$work/prices.svg"
[ "$(xmllint --xpath 'count(//*[local-name()="circle"])' "$work/prices.svg" 2>/dev/null || grep -c '<circle' "$work/prices.svg")" -ge 8 ]
ok $? "with a point for each price"
check_says "bid.accepted" "stats counts" audit stats "${trust[@]}"
audit export "$work/filtered" --user ann --data "$work/lab/data" "${trust[@]}" >/dev/null
check_exit 5 "an export with a filter is consistent" audit verify "${trust[@]}" "$work/filtered"

# A bundle holds the records of its tile, each behind its length.
bundle=$(find tile/entries -type f | sort | head -n 1)
python3 - "$bundle" records.jsonl <<'PY'
import sys
data = open(sys.argv[1], "rb").read()
lines = open(sys.argv[2], "rb").read().split(b"\n")
at = n = 0
while at < len(data):
    size = int.from_bytes(data[at:at + 2], "big")
    assert data[at + 2:at + 2 + size] == lines[n]
    at, n = at + 2 + size, n + 1
assert n == min(256, len(lines) - 1)
PY
ok $? "bundles are as C2SP tlog-tiles has them"

# Never 0 without records, key or checkpoint.
check_exit 5 "no key" audit verify .
check_exit 5 "nothing is proved without a CA" audit show .
check_exit 4 "no records" audit verify "${trust[@]}" "$work/nowhere"
mv checkpoint "$work/kept" && check_exit 4 "no checkpoint" audit verify "${trust[@]}" .
mv "$work/kept" checkpoint
check_exit 3 "nothing matched" audit show "${trust[@]}" --user nobody
check_exit 2 "usage" audit show "${trust[@]}" --auction one
plan
