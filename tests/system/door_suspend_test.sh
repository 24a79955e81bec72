#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by wait_for
# An account is suspended under a running auction: its open connections are
# narrowed at once, its stream ends, its bid stands; and it is restored.
. "$(dirname "$0")/lib.sh"

make_lab seller/sam bidder/ann bidder/bob bidder/new admin/adm monitor/mon
wait_for() {
	local until=$((SECONDS + 10))
	until "$@"; do
		[ "$SECONDS" -lt "$until" ] || return 1
		sleep 0.05
	done
}
streams() { curl_as mon "$url/metrics" | grep -qx "auctiond_event_streams $1"; }
suspend='{"reason":"unpaid invoices"}'

start_server
ok $? "the server starts"
as sam create Camera --start 100 --currency EUR --close +10m --publish >/dev/null
as bob bid 1 150 >/dev/null
as ann bid 1 120 >/dev/null 2>&1
curl_as bob -N "$url/v1/events" >"$work/bob.events" 2>/dev/null &
stream=$!
check "bob watches" wait_for streams 1

check_says role-required "a bidder suspends nobody" post ann /v1/admin/accounts/bob/suspend "$suspend"
check_says 404 "an account that never acted is not there" post adm /v1/admin/accounts/new/suspend "$suspend"
check_says invalid-field "a reason is needed" post adm /v1/admin/accounts/bob/suspend '{}'
check_says 404 "an auction has no such command" post adm /v1/auctions/1/suspend "$suspend"
check_says 201 "an administrator suspends bob" post adm /v1/admin/accounts/bob/suspend "$suspend"
wait $stream 2>/dev/null
check_says '"reason":"suspended"' "his stream ends with a word" cat "$work/bob.events"
check_says '"code":"suspended"' "he reads nothing" curl_as bob "$url/v1/auctions/1"
check_says '"code":"suspended"' "and bids nothing" post bob /v1/auctions/1/bid '{"max":50000}'
check_says '"code":"suspended"' "nor watches again" curl_as bob "$url/v1/events"
check_says ok "health is told to everybody" curl_as bob "$url/healthz"
check_says '"leader":"bob"' "his bid stands" curl_as adm "$url/v1/auctions/1"
check_says '"account":"ann"' "others go on" curl_as ann "$url/v1/me"
stop_server KILL
start_server
check_says '"code":"suspended"' "a restart does not forget" curl_as bob "$url/v1/me"
check_says 201 "he is restored" post adm /v1/admin/accounts/bob/restore '{}'
check_says '"account":"bob"' "and comes in again" curl_as bob "$url/v1/me"
check_says leading "and bids" as bob bid 1 500
check_says own-account "an administrator does not lock itself out" post adm /v1/admin/accounts/adm/suspend "$suspend"
check_says 201 "a credit limit is set" post adm /v1/admin/accounts/ann/credit '{"limit":10000}'
check_says '"limit":10000' "and shown" curl_as ann "$url/v1/me"
stop_server TERM
check "the log verifies, with the suspension replayed" audit_says_verified
plan
