#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The auction command at its edges: settings, exit codes, output, evidence.
. "$(dirname "$0")/lib.sh"

make_lab seller/sam bidder/ann bidder/bob auditor/aud
start_server
ok $? "the server starts"
auction=$BIN/auction clients=$work/lab/clients
export XDG_CONFIG_HOME=$work/config

# ------------------------------------------------------------------ settings

for name in sam ann bob; do
	check "a context is made of the folder of $name" "$auction" context add $name --from "$clients/$name"
done
check_says "* bob" "the last one is current" "$auction" context list
check "another can be used" "$auction" context use ann
check_says "ann, bidder" "and is used" "$auction" whoami
check_says "bob, bidder" "-c wins, behind the command too" "$auction" whoami -cbob
check_says "sam, seller" "the environment wins over the current one" env AUCTION_CONTEXT=sam "$auction" whoami
check_exit 2 "an unknown context is 2" "$auction" -c eve whoami
check_says "auction.conf:1: no such option" "a bad file is told with its line" \
	sh -c "echo 'colour = red' >'$work/bad.conf'; mv '$work/bad.conf' '$work/auction.conf'; AUCTION_CONFIG='$work/auction.conf' '$auction' whoami"
chmod 640 "$clients/bob/bob.key"
check_exit 1 "a key that others can read is 1" "$auction" -c bob whoami
chmod 600 "$clients/bob/bob.key"

# ------------------------------------------------------------------- commands

printf '# from step\n0 2.50\n100 5\n' >"$work/steps"
check_says "a bid must be 5.00 EUR higher" "a dry run says what the rules mean" "$auction" -c sam \
	create Lens --start 100 --currency EUR --close +1h --increments "$work/steps" --dry-run
check_says "auction 1 published" "increments come from a file" "$auction" -c sam \
	create Lens --start 100 --currency EUR --close +1h --increments "$work/steps" --publish
check_says "next bid 105.00" "and rule" "$auction" -c ann bid 1 150
check_says "(too-low, request " "a refusal tells its code and request" "$auction" -c bob bid 1 101
check_says "at most 2 decimals" "a bad amount is explained" "$auction" -c bob bid 1 1.005
check_says "curl --tlsv1.3 -X GET" "--curl says how curl would do it" "$auction" --curl list
"$auction" -c sam api POST /v1/auctions -d "{\"title\":\"Bidi \\u202e\",\"currency\":\"EUR\",\"start_price\":1,\"ends_at\":\"2030-01-01T00:00:00Z\",\"publish\":true}" >"$work/out"
check_says '\xe2\x80\xae' "a title cannot turn the direction of writing" "$auction" show 2
check_says '"account":"ann"' "--json gives the server's JSON" "$auction" whoami --json
check_says '"code":"too-low"' "and its problems" "$auction" -c bob bid 1 101 --json 2>/dev/null

# ---------------------------------------------------------------------- looking

check_says "price,next_bid,bids" "a list as CSV has a header for programs" "$auction" list -o csv
check_says '{"id":"1",' "and as JSON lines an auction each" "$auction" list -o jsonl
check_says "Lens" "a title is searched for" "$auction" list --search lens
check "what was not found is not listed" sh -c "! '$auction' list --search nowhere | grep ."
check_says "▄" "history ends with bars" "$auction" history 1
check_says "100.00" "history as CSV has amounts" "$auction" history 1 --csv
check_says "(you)" "own bids are told apart" "$auction" -c ann bids 1 --mine
check_says "leading" "own bids are found by their receipts" "$auction" -c ann bids --mine
check_says "bid.accepted" "kept receipts are listed" "$auction" -c ann receipts
check_says "receipts are good" "and proved again" "$auction" -c ann receipts check
check_says "c2sp.org/tlog-proof@v1" "and printed" sh -c "'$auction' -c ann receipts show \$('$auction' -c ann receipts -o csv | tail -n 1 | cut -d, -f1)"
check_says "of the log proves" "the terms are those that the log holds" "$auction" terms 1 --check
"$auction" terms 1 | head -c -1 | sha256sum | cut -c1-64 >"$work/sum"
"$auction" show 1 | grep -qF "terms     $(cat "$work/sum")"
ok $? "the SHA-256 of the printed terms is the one that is named"
check_says "ready" "the server says how it is" "$auction" status
check_says "ann, bidder" "a shell takes commands from a pipe" sh -c "printf 'whoami\n' | '$auction' -c ann shell"
check_says "(exit 2)" "and goes on behind a failure" sh -c "printf 'list --frob\nwhoami\n' | '$auction' -c ann shell"
check "completion for bash is a bash script" sh -c "'$auction' completion bash >'$work/complete' && bash -n '$work/complete'"
check_says "--if-version=" "that completes options" bash -c ". '$work/complete'; COMP_WORDS=(auction bid --if); COMP_CWORD=2; _auction; echo \"\${COMPREPLY[@]}\"" 2>/dev/null
check_says "never past" "a dry run tells of the soft close" "$auction" create A --start 5 --close +1h --soft-close 3m,3m --hard-end +2h --currency EUR --dry-run
check_says "40 s after the opening: 25.00 EUR" "and the prices of a Dutch auction" "$auction" create A --format dutch --start 100 --floor 25 --drop 20 --interval 10s --quantity 5 --currency EUR --dry-run
check_says "costs a bond of 10.00 EUR" "and what a forgotten reveal costs" "$auction" create A --format vickrey --start 100 --close +1h --reveal-for 30m --bond 10 --currency EUR --dry-run
check_says "largest remainders" "and how units are rationed" "$auction" create A --format uniform --floor 5 --quantity 100 --close +1h --rationing prorata --currency EUR --dry-run
check_says "give --reveal-until" "a sealed auction needs a time to reveal" "$auction" create A --format sealed --start 100 --close +1h --currency EUR --dry-run

# ----------------------------------------------------------------- exit codes

check_exit 2 "an unknown option is 2" "$auction" list --frob
check_exit 2 "a missing argument is 2" "$auction" bid 1
check_exit 2 "an argument too many is 2" "$auction" bid 1 2 3
check_exit 4 "the seller's own bid is 4" "$auction" -c sam bid 1 900
check_exit 5 "what does not exist is 5" "$auction" show 99
check_exit 6 "a low bid is 6" "$auction" -c bob bid 1 101
check_exit 7 "an unknown path with a bad method is 7" "$auction" api DELETE /v1/auctions/1
check_exit 3 "a server that is not there is 3" "$auction" -s https://localhost:1 whoami
check_exit 3 "a server that is not trusted is 3" "$auction" --ca "$clients/ann/ann.pem" whoami
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=eve \
	-keyout "$work/eve.key" -out "$work/eve.pem" 2>/dev/null
chmod 600 "$work/eve.key"
check_exit 4 "a certificate of nobody's is 4" "$auction" --cert "$work/eve.pem" --key "$work/eve.key" whoami
"$auction" -c ann -v watch 1 >"$work/watched" 2>&1 &
watcher=$!
until [ -s "$work/watched" ]; do kill -0 $watcher || break; done
kill -INT $watcher
wait $watcher
[ $? = 130 ]
ok $? "Ctrl-C is 130"

# ------------------------------------------------------------------- watching

"$auction" -c ann watch 1 --until outbid >"$work/watched" 2>&1 &
watcher=$!
check_says leading "another bids more" "$auction" -c bob bid 1 200
wait $watcher
ok $? "watch --until outbid ends"
check_exit 0 "and at once when that is so already" "$auction" -c ann watch 1 --until outbid

# ------------------------------------------------------------------- evidence

stop_server TERM
cp -a "$work/lab/data" "$work/backup"
start_server
for name in ann bob sam; do "$auction" context add $name --from "$clients/$name"; done
check_says leading "a bid after the backup" "$auction" -c ann bid 1 300
stop_server TERM
rm -rf "$work/lab/data" && mv "$work/backup" "$work/lab/data"
start_server
for name in ann bob sam; do "$auction" context add $name --from "$clients/$name"; done
check_says "no longer contains" "a log rolled back to a backup is found out" "$auction" -c ann bid 1 400
check_exit 3 "and gets no bid: 3" "$auction" -c ann bid 1 400
check_says "bids      2" "which shows in the auction" "$auction" -c ann show 1
stop_server TERM
ok $? "the server ends with 0"
plan
