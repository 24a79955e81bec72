#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One auction from a draft to the audit, by the programs that people use.
. "$(dirname "$0")/lib.sh"

make_lab seller/sam bidder/ann bidder/bob admin/adm auditor/aud
start_server
ok $? "the server starts in an empty directory"

check_says "published" "a seller creates and publishes" \
	as sam create Camera --start 100 --currency EUR --close +10m --publish
check_says "leading at 100.00 EUR" "the first bid leads at the start price" as ann bid 1 150
check_says "outbid at 127.50 EUR" "a lower maximum is outbid at once" as bob bid 1 125
check_exit 6 "a bid below the minimum is refused with 6" as bob bid 1 125
check_exit 2 "an amount with too many decimals is refused with 2" as bob bid 1 130.001
check_exit 5 "an unknown auction is 5" as bob bid 99 130
check_exit 4 "a seller may not bid: 4" as sam bid 1 200
check_exit 6 "a seller cannot cancel what has a bid" as sam cancel 1
export AUCTION_CONFIG=$work/lab/clients/sam/auction.conf
check_says "2" "a second auction gets the next number" \
	"$BIN/auction" create "Vintage lens" --start 10 --currency EUR --close +10m --publish
check_says "Vintage lens" "it is listed" "$BIN/auction" list
unset AUCTION_CONFIG
check_says "127.50 EUR" "show tells the price" as bob show 1
check_says "(you)" "bids tell one's own" as bob bids 1
check_says "leads at 127.50 EUR" "explain says why" as bob explain 1
check_says "ann, bidder in lab.example" "whoami tells the account" as ann whoami

key=00112233445566778899aabbccddeeff
as ann bid 1 300 --json --request $key >"$work/first"
as ann bid 1 300 --json --request $key >"$work/second"
check "the same request gets the same answer, byte for byte" cmp "$work/first" "$work/second"
check_exit 7 "the same request with another amount is 7" as ann bid 1 310 --request $key

before=$(curl_as aud "$url/v1/log/checkpoint" | sed -n 2p)
as bob watch 1 --since $((before - 1)) --until bid >"$work/watched" &
watcher=$!
# A watcher that is late resumes behind the bid before: nothing is missed.
as bob bid 1 200 >/dev/null
wait $watcher
check_says "price 202.50 EUR" "a watcher sees the bid" cat "$work/watched"

post sam /v1/auctions "{\"title\":\"short\",\"currency\":\"EUR\",\"start_price\":100,\"ends_at\":\"$(date -u -d '+2 seconds' +%Y-%m-%dT%H:%M:%SZ)\",\"publish\":true,\"buy_now_price\":500}" >"$work/out"
check_says "leading" "a bid in a short auction" as ann bid 3 2
as ann watch 3 --until closed >"$work/watched"
check_says "sold" "watch --until closed ends with the close" cat "$work/watched"
check_exit 6 "a bid after the close is refused" as bob bid 3 9
check_says "pay done" "the seller records the payment" as sam pay 3 ann
check_says "settled" "the auction is settled" as sam show 3
check_says "done" "an admin cancels with a reason" as adm cancel 2 --reason "by mistake"

size=$(curl_as aud "$url/v1/log/checkpoint" | sed -n 2p)
stop_server KILL
start_server
ok $? "the server starts after kill -9"
as ann bid 1 300 --json --request $key >"$work/third"
check "a request from before the crash gets its first answer" cmp "$work/first" "$work/third"
new=$(curl_as aud "$url/v1/log/checkpoint" | sed -n 2p)
[ "$new" -gt "$size" ]
ok $? "the log has gone on"
stop_server TERM
ok $? "SIGTERM ends with 0"
check "the log verifies, with every decision replayed" audit_says_verified
check_says "sold to ann" "replay tells who won" "$BIN/auction-audit" replay "$work/export" 3
receipt=$(find "$work/state/auction/receipts" -name '*.receipt' | head -n 1)
check_says RECORDED "a kept receipt is checked offline" "$BIN/auction-audit" check-receipt \
	--ca "$work/lab/ca/ca.pem" --log-cert "$work/export/log-cert.pem" "$receipt"
"$BIN/auction-audit" export --data "$work/lab/data" "$work/public" >/dev/null
check_exit 5 "the public export is consistent, with secrets withheld" \
	"$BIN/auction-audit" verify --ca "$work/lab/ca/ca.pem" "$work/public"
! grep -q '"max":30000' "$work/public/records.jsonl"
ok $? "no maximum of an open auction stands in the public export"
sed -i '0,/"price":10000/s//"price":10001/' "$work/export/records.jsonl"
check_exit 1 "a changed price is found" "$BIN/auction-audit" verify --ca "$work/lab/ca/ca.pem" "$work/export"
plan
