#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# auction-ca: every command and every refusal, through to a real server that
# takes or refuses what was issued.
. "$(dirname "$0")/lib.sh"

tool=$here/tools/auction-ca
cd "$work" || exit 1
ca() { "$tool" --dir "$work/ca" "$@"; }
machine() { "$tool" "$@"; }
bundle_of() { # NAME: the newest
	echo "$work/ca/issued/$(awk -F'\t' -v n="$1" '$2 == "issued" && $5 == n { s = $3 } END { print s }' ca/index).bundle"
}
print_of() { machine --json show "$1" | sed 's/.*"fingerprint":"\([^"]*\)".*/\1/'; }
fp() { openssl x509 -in ca/ca.pem -outform DER | openssl dgst -sha256 -r | cut -c1-64; }
json_is() { # FILTER SENTENCE COMMAND...: each line is JSON, and the filter holds
	local filter=$1 sentence=$2
	shift 2
	"$@" >"$work/out" 2>/dev/null
	jq -e "$filter" <"$work/out" >/dev/null 2>&1
	ok $? "$sentence"
}
enroll() { # ROLE NAME: request, sign, install, as three people would
	machine request --role "$1" --name "$2" --out "$2" >/dev/null &&
		ca sign "$2/$2.csr" --as "$1/$2" --expect "$(print_of "$2/$2.csr")" "${pass[@]}" >/dev/null 2>&1 &&
		machine install "$(bundle_of "$2")" --ca-fingerprint "$(fp)" --out "$2" >/dev/null
}
text() { openssl x509 -in "$1" -noout -text; }

# --------------------------------------------------------------------- words

check_exit 2 "no command is 2" "$tool"
check_exit 2 "an unknown command is 2" ca frob
check_says "see 'auction-ca --help'" "and says where help is" ca frob
machine --help >help.all
for command in ca request sign install renew revoke crl list show check export lab; do
	check_says "example: auction-ca" "$command --help has an example" machine "$command" --help
	grep -q "example: .*$command" help.all
	ok $? "and so has --help of all"
	[ "$command" = ca ] || check_exit 2 "an unknown option of $command is 2" ca "$command" --frob
done
check_exit 2 "an option without its value is 2" ca sign --as
check_exit 4 "no authority yet is 4" ca list

# ------------------------------------------------------------------- ca init

printf 'correct horse\n' >pp && chmod 600 pp
pass=(--passphrase-file pp)
check_exit 2 "ca init wants a realm" ca ca init --server-name localhost
check_exit 2 "and a server's name" ca ca init --realm fair.example
check_exit 2 "and no terminal to ask at is said" ca ca init --realm fair.example --server-name localhost
check_exit 3 "a realm in upper case is refused" ca ca init --realm Fair --server-name localhost --no-passphrase
check_exit 3 "an address is no name" ca ca init --realm fair.example --server-name 127.0.0.1 --no-passphrase
check_exit 3 "and no address is none" ca ca init --realm fair.example --server-name localhost --ip 127.0.0.256 --no-passphrase
printf 'short\n' >short && chmod 600 short
check_exit 3 "a short passphrase is refused" ca ca init --realm fair.example --server-name localhost --passphrase-file short
chmod 644 short
check_exit 3 "a passphrase that others can read too" ca ca init --realm fair.example --server-name localhost --passphrase-file short
rm -rf ca
ca ca init --realm fair.example --server-name localhost --server-name alt.example --ip 127.0.0.1 --ip 2001:DB8::1 "${pass[@]}" >said 2>&1
ok $? "an authority is made"
check_says "$(fp | sed 's/..../& /g; s/ $//')" "its fingerprint is printed in groups" cat said
check_exit 4 "and never made again over itself" ca ca init --realm fair.example --server-name localhost "${pass[@]}"
[ "$(stat -L -c %a ca/ca.key)$(stat -c %a ca)" = 600700 ]
ok $? "its key is 0600 in a folder of 0700"
grep -q ENCRYPTED ca/ca.key
ok $? "and encrypted"
for words in "Version: 3" "CA:TRUE, pathlen:0" "Certificate Sign, CRL Sign" "X509v3 Name Constraints: critical" \
	URI:fair.example DNS:localhost DNS:alt.example IP:127.0.0.1/255.255.255.255 IP:2001:DB8:0:0:0:0:0:1/ \
	"Subject Key Identifier" "Authority Key Identifier" "O = fair.example, CN = fair.example auction CA"; do
	check_says "$words" "the authority has $words" text ca/ca.pem
done
[ "$(($(date +%s) - $(date -d "$(openssl x509 -in ca/ca.pem -noout -startdate | cut -d= -f2)" +%s)))" -ge 300 ]
ok $? "and begins five minutes back"
check_says "CRL Number" "its first list is empty, and numbered" openssl crl -in ca/crl.pem -noout -text
json_is '.status == 4 and (.error | length > 0)' "an error is JSON too" ca --json ca init --realm fair.example --server-name localhost "${pass[@]}"

# ------------------------------------------------------------------- request

check_exit 2 "request wants a name" machine request --out x
for bad in "Ann:A" "an n:\\ " ".ann:begins" "a/b:/" "$(printf 'a%.0s' {1..64}):64"; do
	check_says "${bad#*:}" "a bad name shows its letter: ${bad:0:8}" machine request --role bidder --name "${bad%%:*}" --out x
done
check_exit 3 "an empty name is refused" machine request --role bidder --name '' --out x
check_exit 3 "an unknown role is refused" machine request --role emperor --name ann --out x
check_exit 3 "a bad host is refused" machine request --server 'a_b' --out x
check_exit 2 "an unknown type of key is 2" machine request --role bidder --name ann --key-type rot13 --out x
mkdir -m 755 open
check_says "chmod 700" "a folder open to others is refused" machine request --role bidder --name ann --out open
json_is '.fingerprint | length == 24' "request prints a fingerprint" machine --json request --role bidder --name ann --out ann
check_exit 4 "request never overwrites a key" machine request --role bidder --name ann --out ann
[ "$(stat -c %a ann/ann.key)" = 600 ]
ok $? "the key is 0600"
! grep -q PRIVATE ann/ann.csr
ok $? "and not in what is carried"

# ---------------------------------------------------------------------- sign

check_exit 4 "a request that is not there is 4" ca sign none.csr --yes "${pass[@]}"
check_exit 3 "a file that is no request is 3" ca sign pp --yes "${pass[@]}"
check_exit 2 "nobody to ask is 2" ca sign ann/ann.csr "${pass[@]}"
check_exit 3 "another fingerprint is refused" ca sign ann/ann.csr --yes --expect "0000 1111 2222 3333 4444" "${pass[@]}"
check_exit 2 "a fingerprint of a few digits proves nothing" ca sign ann/ann.csr --yes --expect 3f9c "${pass[@]}"
sed 's/role bidder/role admin/' ann/ann.csr >altered.csr
check_says "altered on the way" "a role altered on the way is found" ca sign altered.csr --yes --expect "$(print_of ann/ann.csr)" "${pass[@]}"
awk '/^-----BEGIN/ { print; getline; print substr($0, 1, 40) (substr($0, 41, 1) == "A" ? "B" : "A") substr($0, 42); next } 1' ann/ann.csr >broken.csr
check_exit 3 "a request that its key did not sign is refused" ca sign broken.csr --yes "${pass[@]}"
for name in 'ann,URI:auction://fair.example/admin/ann' 'ann/CN=root' '../ann'; do
	sed "s|# name ann|# name $name|" ann/ann.csr >inject.csr
	check_exit 3 "a name cannot smuggle: $name" ca sign inject.csr --yes "${pass[@]}"
done
printf 'wrong horse\n' >wrong && chmod 600 wrong
check_says "passphrase is wrong" "a wrong passphrase is told" ca sign ann/ann.csr --yes --passphrase-file wrong
for weak in "rsa:1024" "ec:secp224r1" "ec:secp521r1"; do
	if [ "${weak%%:*}" = rsa ]; then
		openssl req -new -newkey "$weak" -nodes -subj /CN=w -keyout w.key -out w.csr 2>/dev/null
	else
		openssl req -new -newkey ec -pkeyopt "ec_paramgen_curve:${weak#*:}" -nodes -subj /CN=w -keyout w.key -out w.csr 2>/dev/null
	fi
	check_exit 3 "a key of $weak is refused" ca sign w.csr --as bidder/weak --yes "${pass[@]}"
done
printf '[req]\ndistinguished_name=n\nprompt=no\nreq_extensions=x\n[n]\n[x]\nbasicConstraints=CA:TRUE\nsubjectAltName=URI:auction://fair.example/admin/root,DNS:evil.example\nkeyUsage=keyCertSign\n' >evil.cnf
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config evil.cnf -subj /CN=root -keyout evil.key -out evil.csr 2>/dev/null
check "a request with extensions is signed" ca sign evil.csr --as bidder/eve --yes "${pass[@]}"
! text "$(bundle_of eve)" | grep -q 'evil\|admin\|CA:TRUE\|Certificate Sign\|root'
ok $? "and none of them is copied"
check_says "was certified for 'eve'" "a key belongs to one name" ca sign evil.csr --as bidder/eva --yes "${pass[@]}"
ca sign ann/ann.csr --as bidder/ann --expect "$(print_of ann/ann.csr)" --passphrase-fd 7 7<pp >said 2>&1
ok $? "who and which fingerprint, said beforehand, is a yes"
openssl x509 -in "$(bundle_of ann)" -out ann.cert
for words in "Version: 3" "CA:FALSE" "Digital Signature" "TLS Web Client Authentication" "URI:auction://fair.example/bidder/ann" \
	"Subject: CN = ann" "Subject Key Identifier" "Authority Key Identifier"; do
	check_says "$words" "a client has $words" text ann.cert
done
! text ann.cert | grep -q 'http://\|OCSP\|CRL Distribution'
ok $? "and no address to fetch anything from"
openssl x509 -in ann.cert -noout -serial | grep -qE '^serial=[4-7][0-9A-F]{31}$'
ok $? "a serial of 16 octets, the top bit clear"
[ "$(($(date -d "$(openssl x509 -in ann.cert -noout -enddate | cut -d= -f2)" +%s) / 86400 - $(date +%s) / 86400))" = 90 ]
ok $? "and 90 days"
ca sign w.csr --as bidder/weak --days 9999 --yes "${pass[@]}" >/dev/null 2>&1
machine request --role bidder --name long --out long >/dev/null
ca sign long/long.csr --days 9999 --yes "${pass[@]}" >/dev/null 2>&1
[ "$(openssl x509 -in "$(bundle_of long)" -noout -enddate)" = "$(openssl x509 -in ca/ca.pem -noout -enddate)" ]
ok $? "nothing lasts beyond its authority"
machine request --server other.example --out other >/dev/null
check_says "not among the names of 'ca init'" "a server of another name is refused" ca sign other/server.csr --yes "${pass[@]}"
for type in p384 ed25519 rsa; do
	machine request --role bidder --name "k-$type" --key-type $type --out "k-$type" >/dev/null
	check "a key of $type is signed when asked for" ca sign "k-$type/k-$type.csr" --yes "${pass[@]}"
done
machine request --node n1 --ip 127.0.0.1 --server localhost --out n1 >/dev/null && ca sign n1/n1.csr --yes "${pass[@]}" >/dev/null 2>&1
check_says "DNS:localhost, IP Address:127.0.0.1" "a node has names and addresses" text "$(bundle_of n1)"
check_says "Server Authentication, TLS Web Client" "and both purposes" text "$(bundle_of n1)"

# ------------------------------------------------------------------- install

check_exit 2 "install wants the authority's fingerprint" machine install "$(bundle_of ann)" --out ann
check_exit 3 "another fingerprint is refused" machine install "$(bundle_of ann)" --out ann --ca-fingerprint "$(printf '0%.0s' {1..64})"
check_exit 2 "half of one is too little" machine install "$(bundle_of ann)" --out ann --ca-fingerprint "$(fp | cut -c1-31)"
check_says "key 'k-rsa/eve.key' is missing" "another's bundle finds no key" machine install "$(bundle_of eve)" --out k-rsa --ca-fingerprint "$(fp)"
cp -r k-rsa swapped && mv swapped/k-rsa.key swapped/eve.key
check_says "issued to another key" "a certificate for another key is refused" machine install "$(bundle_of eve)" --out swapped --ca-fingerprint "$(fp)"
head -c 900 "$(bundle_of ann)" >cut.bundle
check_says "cut short" "a bundle cut short is told" machine install cut.bundle --out ann --ca-fingerprint "$(fp)"
chmod 644 ann/ann.key
check_says "chmod 600" "a key that others can read is refused" machine install "$(bundle_of ann)" --out ann --ca-fingerprint "$(fp)"
chmod 600 ann/ann.key
check "a good bundle is installed" machine install "$(bundle_of ann)" --out ann --ca-fingerprint "$(fp | sed 's/..../& /g')"
check "and once more changes nothing" machine install "$(bundle_of ann)" --out ann
check_says "good: bidder/ann" "check finds it in order" machine check --out ann
json_is '.checked | length == 3' "in JSON too" machine --json check --out ann

# ---------------------------------------------------------------- the server

machine request --server localhost --ip 127.0.0.1 --out server >/dev/null &&
	ca sign server/server.csr --as server/localhost --expect "$(print_of server/server.csr)" "${pass[@]}" >/dev/null 2>&1 &&
	machine install "$(bundle_of localhost)" --ca-fingerprint "$(fp)" --out server >/dev/null
ok $? "a server's keys, for TLS and for its log, by one request"
for words in DNS:localhost "IP Address:127.0.0.1" URI:auction://fair.example/server/localhost "TLS Web Server Authentication"; do
	check_says "$words" "a server has $words" text server/server.pem
done
enroll bidder bob && enroll admin root
ok $? "a bidder and an administrator"
serve() { # as start_server, with the settings that install has written
	: >server.log
	"$BIN/auctiond" -c "$work/server/auctiond.conf" -l 127.0.0.1:0 2>>server.log &
	server=$! port=
	while [ -z "$port" ]; do
		kill -0 $server 2>/dev/null || { server=; return 1; }
		port=$(sed -n 's/.* listening address=[^ ]*:\([0-9]*\) .*/\1/p' server.log)
	done
}
# shellcheck disable=SC2317 # called through check_says
get_in() { # NAME
	curl -sS --max-time 10 --cacert "$1/ca.pem" --crlfile "$1/crl.pem" --cert "$1/$1.pem" --key "$1/$1.key" "https://localhost:$port/v1/me"
}
serve
ok $? "auctiond starts with the settings that install wrote"
check_says '"account":"ann"' "and takes the bidder" get_in ann
check_says "the server takes bidder/ann" "check makes a real handshake" machine check "localhost:$port" --out ann
check_says "the clocks agree" "and compares the clocks" machine check "127.0.0.1:$port" --out ann
sed -i "s/:8443/:$port/" ann/auction.conf
check_says ann "the client works with the settings that install wrote" env AUCTION_CONFIG="$work/ann/auction.conf" "$BIN/auction" whoami

# --------------------------------------------------------------------- renew

check_exit 3 "what is no renewal is not signed as one" ca sign ann/ann.csr --renew --yes "${pass[@]}"
check "a renewal is asked for" machine renew --out ann
check_exit 4 "once" machine renew --out ann
sed 's/bidder/admin/' ann/ann.renewal.csr >raised.csr
check_exit 3 "a renewal raises no role" ca sign raised.csr --renew --yes "${pass[@]}"
awk '/^# proof/ { print; getline; print "AAAA" substr($0, 5); next } 1' ann/ann.renewal.csr >forged.csr
check_says "not signed by the old key" "a renewal that the old key did not sign" ca sign forged.csr --renew --yes "${pass[@]}"
check "a good one is signed" ca sign ann/ann.renewal.csr --renew --overlap 0d --yes "${pass[@]}"
was=$(openssl x509 -in ann/ann.pem -noout -serial | cut -d= -f2 | tr 'A-F' 'a-f')
check "and installed without a fingerprint" machine install "$(bundle_of ann)" --out ann
[ -e "ann/old/$was/ann.key" ] && [ -e "ann/old/$was/ann.pem" ] && [ ! -e ann/ann.next.key ]
ok $? "the old pair is kept beside it"
check_says '"account":"ann"' "the account is the same" get_in ann
check_says "renewed" "the old one stays valid for its overlap" ca list --name ann
check_says "time of overlap is over" "and is revoked after it" ca crl "${pass[@]}"
check_says "superseded" "as superseded" ca list --name ann --status revoked
check "a renewal with the same key" machine renew --same-key --out bob
check "is signed" ca sign bob/bob.renewal.csr --renew --yes "${pass[@]}"
check "and installed" machine install "$(bundle_of bob)" --out bob
check_says '"account":"bob"' "and gets in" get_in bob
check_says "--same-key" "a log keeps its key" machine renew --log --out server
check "and is renewed with it" machine renew --log --same-key --out server
check "and signed" ca sign server/log.renewal.csr --renew --yes "${pass[@]}"
check "and installed" machine install "$(bundle_of localhost/log/1)" --out server

# -------------------------------------------------------------------- revoke

check_exit 4 "revoking nobody is 4" ca revoke nobody "${pass[@]}"
check_exit 2 "an unknown reason is 2" ca revoke bob --reason mood "${pass[@]}"
before=$(openssl crl -in ca/crl.pem -noout -crlnumber)
json_is '.revoked == 1' "a hold" ca --json revoke k-rsa --reason hold "${pass[@]}"
json_is '.revoked == 1' "is taken back" ca --json revoke k-rsa --reason removeHold "${pass[@]}"
json_is '.revoked == 2' "all certificates of a name are revoked" ca --json revoke bob --reason keyCompromise "${pass[@]}"
[ "$before" != "$(openssl crl -in ca/crl.pem -noout -crlnumber)" ]
ok $? "each list has a new number"
check_exit 0 "revoked twice is 0" ca revoke bob --reason keyCompromise "${pass[@]}"
check_says "is revoked since 20" "and says since when" ca revoke bob "${pass[@]}"
check_says "for good" "and is not taken back" ca revoke bob --reason removeHold "${pass[@]}"
check_says "Key Compromise" "the list has the reason" openssl crl -in ca/crl.pem -noout -text
check_says "was revoked" "a revoked key is not signed again" ca sign bob/bob.csr --yes "${pass[@]}"
machine renew --out bob >/dev/null
check_says "was revoked" "a revoked certificate is not renewed" ca sign bob/bob.renewal.csr --renew --yes "${pass[@]}"
check "the machines learn of it by trust.bundle" machine install ca/trust.bundle --out bob
check_says "was revoked" "and check says so" machine check --out bob
rm bob/bob.next.key
stop_server TERM
machine install ca/trust.bundle --out server >/dev/null && serve
check_says "alert" "the server refuses it" get_in bob
cp ann/crl.pem bob/crl.pem
check_says "revoked" "and check tells why" machine check "localhost:$port" --out bob
check_says '"account":"ann"' "the others get in" get_in ann

# ------------------------------------------------------- list, show, crl, p12

check_exit 5 "list --expiring is 5 when something is" ca list --expiring 90
check_exit 0 "and 0 when not" ca list --expiring 30d
json_is '.serial | length == 32' "list is JSON too" ca --json list --name ann
[ "$(ca list --status revoked | grep -c revoked)" = 3 ]
ok $? "by status"
check_says "kind         request" "show tells a request" machine show ann/ann.csr
check_says "none is ever copied" "and what it asks in vain" machine show evil.csr
check_says "kind         certificate" "a certificate" machine show ann/ann.pem
check_says "kind         authority" "an authority" machine show ca/ca.pem
check_says "kind         bundle" "a bundle" machine show "$(bundle_of ann)"
check_says "kind         revocation list" "a list" machine show ca/crl.pem
check_says "kind         private key" "a key" machine show ann/ann.key
check_exit 3 "and refuses what is none" machine show pp
openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config evil.cnf -subj /CN=x -keyout x.key -out x.pem 2>/dev/null
check_says "refused      it names nobody" "and says what is wrong" machine show x.pem
check "export writes PKCS#12" machine export --p12 ann.p12 --out ann "${pass[@]}"
[ "$(stat -c %a ann.p12)" = 600 ] && openssl pkcs12 -in ann.p12 -info -noout -passin file:pp 2>&1 | grep -q AES-256-CBC
ok $? "of mode 0600, AES-256"
check_exit 4 "and never overwrites it" machine export --p12 ann.p12 --out ann "${pass[@]}"
json_is '.passphrase | length > 19' "a passphrase is made when asked" machine --json export --p12 gen.p12 --generate --out ann
check_says '"account":"ann"' "a client can use the file" curl -sS --max-time 10 --cacert ann/ca.pem \
	--cert-type P12 --cert "ann.p12:correct horse" "https://localhost:$port/v1/me"
machine request --role bidder --name sec --out sec "${pass[@]}" >/dev/null
grep -q ENCRYPTED sec/sec.key
ok $? "a key can have a passphrase"
ca sign sec/sec.csr --yes "${pass[@]}" >/dev/null 2>&1
check "and be installed" machine install "$(bundle_of sec)" --ca-fingerprint "$(fp)" --out sec "${pass[@]}"
check_says "the server takes bidder/sec" "and used" machine check "localhost:$port" --out sec "${pass[@]}"

# --------------------------------------------------------------- constraints

# What the authority's key might be made to sign outside its names, nobody takes.
printf '[req]\ndistinguished_name=n\nprompt=no\n[n]\n[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\nsubjectAltName=URI:auction://evil.example/bidder/ann\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n' >x.cnf
mkdir -m 700 foreign
openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config x.cnf -extensions x -subj /CN=ann \
	-CA ca/ca.pem -CAkey ca/ca.key -passin file:pp -keyout foreign/ann.key -out foreign/ann.pem 2>/dev/null
cp ann/ca.pem ann/crl.pem foreign/
check_says "name constraints" "a name outside the constraints is no good" machine check --out foreign
! curl -sS --max-time 10 --cacert ann/ca.pem --cert foreign/ann.pem --key foreign/ann.key "https://localhost:$port/v1/me" >said 2>&1
ok $? "nor does the server take it"
stop_server TERM

# ----------------------------------------------------------------------- lab

check "lab makes all of it" machine --dir lab2 lab --client bidder/a --client seller/b
tar -xf lab2/archives/a.tar -C "$(mkdir -m 700 carried && echo carried)" && grep -q LAB carried/README && grep -q LAB lab2/README
ok $? "an archive for each machine, marked LAB"
check_says "good: bidder/a" "whose files are in order" machine check --out carried
check_says LAB "the index says LAB" cat lab2/ca/index
check_exit 4 "and never over another" machine --dir lab2 lab --client bidder/a
check_exit 3 "with the same names as elsewhere" machine --dir lab3 lab --client bidder/A
plan
