#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# docs/three-machines.md, done by tools/three-machines in network namespaces.
. "$(dirname "$0")/lib.sh"

if ! reason=$(ip netns add "probe$$" 2>&1 && ip netns del "probe$$" 2>&1); then
	echo "ok 1 - three machines # SKIP no network namespaces here: ${reason:-ip is missing}"
	echo "1..1"
	exit 0
fi
BIN=$BIN "$here/tools/three-machines" >"$work/said" 2>&1
result=$?
tail -n 25 "$work/said" >"$work/out"
for words in "the server takes seller/sam" "the server takes bidder/ann" "none missing and none twice" \
	"connections closed" "VERIFIED" "done: three machines"; do
	grep -q "$words" "$work/said"
	ok $? "three machines: $words"
done
ok $result "and all of it"
! ip netns list | grep -q "^am[0-9]*-" || ! pgrep -f three-machines.X >/dev/null
ok $? "and nothing of it stays"
plan
