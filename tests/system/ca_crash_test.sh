#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# auction-ca cut off at each of its writes, and used by many at once: no serial
# twice, nothing issued that the index lacks, no revocation lost.
. "$(dirname "$0")/lib.sh"

tool=$here/tools/auction-ca
cd "$work" || exit 1
ca() { "$tool" --dir "$work/ca" "$@"; }
"$tool" --dir ca ca init --realm fair.example --server-name localhost --no-passphrase >/dev/null
for n in $(seq 20); do
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=u$n" -keyout "u$n.key" -out "u$n.csr" 2>/dev/null
done

# Every step that lasts goes through one of these programs. Each is counted,
# and the one that is told to be the last kills the whole tool before it, or
# right after it has done its work.
mkdir shims
for program in sync mv ln; do
	cat >"shims/$program" <<-SHIM
		#!/bin/sh
		n=\$((\$(cat "$work/count") + 1))
		echo \$n >"$work/count"
		echo "$program \$*" >>"$work/steps"
		[ "\$KILL_AT" = \$n-before ] && kill -9 -\$(cat "$work/group")
		$(command -v $program) "\$@" || exit
		[ "\$KILL_AT" = \$n-after ] && kill -9 -\$(cat "$work/group")
		exit 0
	SHIM
	chmod +x "shims/$program"
done
cut_off() { # N-before|N-after COMMAND...: in a process group of its own
	local at=$1
	shift
	echo 0 >count
	: >steps
	# shellcheck disable=SC2016 # for the inner shell
	KILL_AT=$at PATH=$work/shims:$PATH setsid bash -c 'echo $$ >"$0/group"; exec "$@"' "$work" \
		"$tool" --dir "$work/ca" "$@" >said 2>&1
}
whole() { # SENTENCE: what must be true whatever has happened
	local bad=0 serial file
	[ -z "$(awk -F'\t' '$2 == "issued" && $11 == "end" { print $3 }' ca/index | sort | uniq -d)" ] || bad=1
	for file in ca/issued/*.bundle; do
		[ -e "$file" ] || continue
		serial=${file##*/}
		grep -q "issued.${serial%.bundle}.*end$" ca/index || bad=2
	done
	openssl crl -in ca/crl.pem -noout -CAfile ca/ca.pem 2>&1 | grep -q 'verify OK' || bad=3
	cat ca/crl.pem >out
	[ $bad = 0 ]
	ok $? "$1 ($bad)"
}
crl_number() { printf '%d' "$(openssl crl -in ca/crl.pem -noout -crlnumber | sed 's/.*=//; s/^0*x*/0x/')"; }

# ---------------------------------------------------------------- one signing

cut_off 0 sign u1.csr --as bidder/u1 --yes
ok $? "a signing through the counters works"
writes=$(cat count)
[ "$writes" -ge 4 ]
ok $? "and makes $writes writes"
# A file has its bytes on the disk before it has its name, and its folder after.
awk '$1 == "sync" && !($2 in done) { synced[$NF] = 1 }
	$1 == "mv" && !(($3) in synced) { bad = 1 }
	$1 == "ln" && !(($3) in synced) { bad = 1 }
	$1 == "mv" || $1 == "ln" { open = 1 }
	$1 == "sync" && open { open = 0 }
	END { exit bad || open }' steps
ok $? "each file is flushed before its name, and its folder after"
cp -r ca kept
for at in $(seq "$writes"); do
	rm -rf ca && cp -r kept ca
	cut_off "$at-before" sign u2.csr --as bidder/u2 --yes
	cut_off "$at-after" sign u3.csr --as bidder/u3 --yes
	[ "$(cat count)" = "$at" ] || [ "$at" = "$writes" ]
	ok $? "cut off around write $at of a signing"
	ca sign u4.csr --as bidder/u4 --yes >said 2>&1 && whole "the next signing finds all in order"
	! grep -q 'is locked' said
	ok $? "and does not wait for the dead"
done

# -------------------------------------------------------------- one revocation

rm -rf ca && cp -r kept ca
cut_off 0 revoke u1 --reason keyCompromise
ok $? "a revocation through the counters works"
writes=$(cat count)
for at in $(seq "$writes"); do
	rm -rf ca && cp -r kept ca
	before=$(crl_number)
	cut_off "$at-before" revoke u1 --reason keyCompromise
	noted=$(grep -c 'revoked.*end$' ca/index)
	ca revoke u1 >said 2>&1
	whole "cut off before write $at of a revocation"
	openssl crl -in ca/crl.pem -noout -text | grep -q 'Serial Number' && [ "$(crl_number)" -gt "$before" ]
	ok $? "the list has it, with a higher number (in the index before: $noted)"
done

# -------------------------------------------------------------------- torn line

rm -rf ca && cp -r kept ca
tail -n 1 ca/index | head -c 60 >torn
cat torn >>ca/index
printf '\0\0' >>ca/index
check "a torn last line is set apart" ca sign u5.csr --as bidder/u5 --yes
whole "and what follows counts"
check_says u5 "it is listed" ca list
rm -rf ca && cp -r kept ca

# -------------------------------------------------------------------- the lock

echo "999999 on $HOSTNAME" >ca/lock
check_says "which has died" "a dead operator's lock is taken over" ca crl
echo "1 on elsewhere.example" >ca/lock
check_says "1 on elsewhere.example" "another machine's is not" ca crl
: >ca/lock
(
	flock 9
	echo "$BASHPID on $HOSTNAME" >ca/lock
	AUCTION_CA_LOCK_WAIT=0 "$tool" --dir ca crl >said 2>&1
	echo $? >status
	: >ca/lock
) 9>>ca/lock
[ "$(cat status)" = 1 ] && grep -q "is locked by process" said
ok $? "a living one is waited for, then named"

# ---------------------------------------------------------------- many at once

pids=()
for n in $(seq 20); do
	ca sign "u$n.csr" --as "bidder/u$n" --yes >"said.$n" 2>&1 &
	pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
ok $failed "20 signings at once"
[ "$(grep -c 'issued.*end$' ca/index)" = 21 ]
ok $? "each has its line"
whole "and its serial"
ca crl >/dev/null & first=$!
ca revoke u7 >/dev/null & second=$!
wait $first && wait $second
ok $? "a list and a revocation at once"
openssl crl -in ca/crl.pem -noout -text >crl.text
ca list --name u7 --status revoked | grep -q revoked && grep -q 'Serial Number' crl.text
ok $? "neither is lost"

# ------------------------------------------------------------------ rotation

rm -rf ca && cp -r kept ca
cut_off 0 ca rotate begin
writes=$(cat count)
[ "$(grep -c BEGIN ca/ca.pem)$(grep -c 'BEGIN X509 CRL' ca/crl.pem)" = 22 ]
ok $? "ca rotate begin: both are trusted, each with its list"
cp -r ca begun
check_exit 4 "begin is not begun twice" ca ca rotate begin
check_exit 3 "finish comes after switch" ca ca rotate finish
for at in $((writes / 3)) $((writes / 2)) $((writes - 1)); do
	rm -rf ca && cp -r kept ca
	cut_off "$at-before" ca rotate begin
	check "begin, cut off before write $at, leaves an authority that signs" ca sign u6.csr --as bidder/u6 --yes
	whole "and is whole"
done
rm -rf ca && cp -r begun ca
old=$(openssl x509 -in ca/ca.pem -noout -fingerprint -sha256 | cut -d= -f2 | tr -d :)
mkdir -m 700 machine && cp u1.key machine/u1.key
serial=$(awk -F'\t' '$2 == "issued" { s = $3 } END { print s }' ca/index)
ca sign u1.csr --as bidder/u1 --yes >/dev/null 2>&1
bundle() { echo "ca/issued/$(awk -F'\t' '$2 == "issued" && $5 == "u1" { s = $3 } END { print s }' ca/index).bundle"; }
check "a bundle of both is believed by the old fingerprint" "$tool" install "$(bundle)" --ca-fingerprint "$old" --out machine
sed '/^# vouched/,/^# /{/^# vouched/d;/^[A-Za-z0-9+/=]*$/d}' "$(bundle)" >unvouched
mkdir -m 700 machine2 && cp u1.key machine2/u1.key
check_says "does not vouch" "a second authority that the first does not vouch for is refused" \
	"$tool" install unvouched --ca-fingerprint "$old" --out machine2
cut_off 2-before ca rotate switch
check "switch, cut off after its line, is done by the next command" ca sign u2.csr --as bidder/u2 --yes
! openssl x509 -in ca/ca.pem -noout -fingerprint -sha256 | tr -d : | grep -q "$old"
ok $? "the new one signs"
check_says "valid certificates are of the authority" "the old one is not dropped while its certificates live" ca ca rotate finish
check "and back: the old one signs again" ca ca rotate abort
check "and forth" ca ca rotate switch
check_says "the old one is dropped" "finish drops it when told" ca ca rotate finish --yes
[ "$(grep -c BEGIN ca/ca.pem)" = 1 ]
ok $? "one is trusted"
check "a machine that trusted both follows" "$tool" install ca/trust.bundle --out machine
check_says "not signed by the authority" "and its old certificate is no good" "$tool" check --out machine
plan
