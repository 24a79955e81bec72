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
