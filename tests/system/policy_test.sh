#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A client with a policy: it bids only in a log that its witnesses have seen.
. "$(dirname "$0")/lib.sh"

make_lab seller/sam bidder/ann
auction=$BIN/auction
export XDG_CONFIG_HOME=$work/config

# -------------------------------------------------------------------- witness

make_witness witness.example/w1
start_server --set "audit.witnesses=$vkey"
ok $? "the server starts"
for name in sam ann; do "$auction" context add $name --from "$work/lab/clients/$name"; done

# shellcheck disable=SC2317 # called by check
witness_now() { # the newest head
	curl_as ann "$url/v1/log/checkpoint" >"$work/checkpoint"
	cosign "$work/checkpoint" "$work/witness.key" >"$work/cosigned"
	curl_as ann -f -H 'Content-Type: text/plain' --data-binary "@$work/cosigned" "$url/v1/log/cosignature" >/dev/null
}

# --------------------------------------------------------------------- policy

printf 'witness w %s\nquorum w\n' "$vkey" >"$work/policy"
printf 'log other.example/log/1+00000000+AAAA\nquorum none\n' >"$work/bad"
check "a seller without a policy" "$auction" -c sam create Lens --start 100 --currency EUR --close +1h --publish
check_exit 1 "a policy that is none is 1" "$auction" -c ann --policy "$work/bad" bid 1 150
check_says "line 1" "and told with its line" "$auction" -c ann --policy "$work/bad" bid 1 150
export AUCTION_POLICY=$work/policy
check_exit 3 "a log that no witness has seen gets no bid: 3" "$auction" -c ann bid 1 150
check_says "0 of 1 witnesses" "which says how many have" "$auction" -c ann bid 1 150
check_says "bids      0" "nothing was sent" "$auction" -c ann show 1
check "a witness signs" witness_now
check_says leading "and the bid is taken" "$auction" -c ann bid 1 150
check_exit 1 "its receipt waits for the witness" "$auction" -c ann receipts check
check_says "no witness has seen" "and says so" "$auction" -c ann receipts check
check "the witness signs again" witness_now
check_says "are good" "then the receipt is good" "$auction" -c ann receipts check
stop_server TERM
ok $? "the server ends with 0"
plan
