#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The commands that docs/audit.md gives for checking by hand, as they stand.
. "$(dirname "$0")/lib.sh"

make_lab seller/sam bidder/ann auditor/aud
start_server
as sam create Camera --start 100 --currency EUR --close +10m --publish >/dev/null
as ann bid 1 150 >/dev/null
home=$work/lab/clients/aud
through=(--server "$url" --cert "$home/aud.pem" --key "$home/aud.key" --ca "$work/lab/ca/ca.pem")
hand=$work/hand
mkdir "$hand"
seq=$("$BIN/auction-audit" show "${through[@]}" --type bid.accepted --raw 2>/dev/null |
	sed 's/.*"seq":\([0-9]*\).*/\1/')
"$BIN/auction-audit" prove "$seq" "${through[@]}" --output "$hand/receipt"
ok $? "a receipt of the bid"
cp "$work/lab/ca/ca.pem" "$hand/ca.pem"
cp "$work/lab/clients/ann/ann.pem" "$hand/bidder.pem"
curl_as aud -o "$hand/log.pem" "$url/v1/log/certificate"
stop_server TERM

# The indented lines of the section, one script.
sed -n '/^## Checking one record by hand/,/^## An export/s/^    //p' "$here/docs/audit.md" >"$work/script"
(cd "$hand" && bash -e "$work/script") >"$work/out" 2>&1
ok $? "every command of the section succeeds"
[ "$(grep -o 'Signature Verified Successfully' "$work/out" | wc -l)" = 2 ]
ok $? "the log's and the bidder's signature are good"
grep -q '^log.pem: OK' "$work/out"
ok $? "the log's certificate is the CA's"
grep -qxF "$(sed -n 3p "$hand/checkpoint")" "$work/out"
ok $? "the record leads to the signed root"
fp=$(sed -n 's/.*"fp":"\([0-9a-f]*\)".*/\1/p' "$hand/record")
[ "$(grep -c "^$fp" "$work/out")" = 2 ]
ok $? "the certificate is the one that the record names"

# And they can fail.
sed -i 's/^max .*/max 15001/' "$hand/command"
check_exit 1 "another maximum is not what was signed" openssl pkeyutl -verify -pubin \
	-inkey "$hand/bidder.pub" -rawin -digest sha256 -in "$hand/command" -sigfile "$hand/value"
plan
