#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 under load, 20 times: every acknowledged bid is there afterwards,
# a repeated request gets its first answer, and the log verifies.
. "$(dirname "$0")/lib.sh"

seed=${TEST_SEED:-$RANDOM}
RANDOM=$seed
echo "# TEST_SEED=$seed repeats the moments of the kills"
make_lab seller/sam bidder/ann bidder/bob auditor/aud
start_server --set limits.handshakes_per_second=100000 --set limits.handshake_burst=100000 || { ok 1 "the server starts"; plan; }
as sam create hot --start 1 --currency EUR --close +1h --publish >/dev/null

# Bids with a known key each; what was answered 201 goes into acknowledged.
bidder() { # NAME ROUND
	local i=0 key body status
	while :; do
		i=$((i + 1))
		key=$(printf '%02x%04x%010x%016x' "$1" "$2" $i 0)
		body="{\"max\":$((10000 * $2 + 200 + i * 10 + $1))}"
		status=$(curl_as "$3" -o "$work/answer.$1" -w '%{http_code}' \
			-H 'Content-Type: application/json' -H "Idempotency-Key: $key" \
			--data "$body" "$url/v1/auctions/1/bid" 2>/dev/null) || return
		[ "$status" != 201 ] || echo "$3 $key $body $(sed 's/.*"seq":\([0-9]*\).*/\1/' "$work/answer.$1")" >>"$work/acknowledged.$1"
	done
}

lost=0 changed=0 acknowledged=0
for round in $(seq 20); do
	: >"$work/acknowledged.1"
	: >"$work/acknowledged.2"
	bidder 1 "$round" ann &
	first=$!
	bidder 2 "$round" bob &
	second=$!
	while [ "$(cat "$work"/acknowledged.? | wc -l)" -lt $((2 + RANDOM % 8)) ]; do
		kill -0 $first 2>/dev/null || break
	done
	stop_server KILL
	wait $first $second 2>/dev/null
	start_server --set limits.handshakes_per_second=100000 --set limits.handshake_burst=100000 || { ok 1 "round $round: the server starts again"; plan; }
	while read -r name key body seq; do
		acknowledged=$((acknowledged + 1))
		curl_as "$name" -H 'Content-Type: application/json' -H "Idempotency-Key: $key" \
			--data "$body" "$url/v1/auctions/1/bid" >"$work/again"
		grep -q '"command":"bid"' "$work/again" || lost=$((lost + 1))
		grep -q "\"seq\":$seq," "$work/again" || changed=$((changed + 1))
	done < <(cat "$work"/acknowledged.?)
done
echo "# $acknowledged bids acknowledged over 20 kills"
[ "$acknowledged" -ge 20 ]
ok $? "bids were acknowledged before the kills"
ok $lost "no acknowledged bid is lost"
ok $changed "each repeated request names the record of its first answer"
stop_server TERM
ok $? "the server still stops in order"
check "the log verifies after 20 kills" audit_says_verified
plan
