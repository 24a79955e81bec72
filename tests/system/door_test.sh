#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bad input at the door: certificates, framing, JSON, settings. Each gets its
# clear error, and the server lives on.
. "$(dirname "$0")/lib.sh"

make_lab seller/sam bidder/ann monitor/mon
conf=$work/lab/server/auctiond.conf ca=$work/lab/ca

# ------------------------------------------------------------------ starting

check_exit 3 "an unknown setting is refused with 3" "$BIN/auctiond" -c "$conf" --set colour=red check
check_says "auctiond.conf:" "an error in the file names file and line" \
	sh -c "sed 's/^realm/relm/' '$conf' >'$work/auctiond.conf'; '$BIN/auctiond' -c '$work/auctiond.conf' check"
check_exit 2 "an unknown option is 2" "$BIN/auctiond" --frob
check_exit 0 "a good configuration is 0" "$BIN/auctiond" -c "$conf" check
check_says "does not name" "a name that is not in the certificate is told" \
	"$BIN/auctiond" -c "$conf" --set names=other.example check
chmod 644 "$work/lab/server/server.key"
check_says "chmod 600" "a key that others can read is refused with the mend" "$BIN/auctiond" -c "$conf" check
check_exit 6 "and exit 6" "$BIN/auctiond" -c "$conf" check
chmod 600 "$work/lab/server/server.key"
check_exit 6 "a key of another certificate is 6" "$BIN/auctiond" -c "$conf" --set "tls.key=$work/lab/clients/ann/ann.key" check
check_exit 6 "a missing CA is 6" "$BIN/auctiond" -c "$conf" --set tls.client_ca=/nonexistent check

start_server
ok $? "the server starts"
check_exit 4 "a port in use is 4" "$BIN/auctiond" -c "$conf" -l "127.0.0.1:$port" -d "$work/other"
check_says "another process uses this port" "and says so" "$BIN/auctiond" -c "$conf" -l "127.0.0.1:$port" -d "$work/other"
check_exit 5 "a data directory in use is 5" "$BIN/auctiond" -c "$conf" -l 127.0.0.1:0
check_says "process $server" "and names the owner" "$BIN/auctiond" -c "$conf" -l 127.0.0.1:0
mkdir "$work/foreign" && chmod 700 "$work/foreign" && echo x >"$work/foreign/x"
check_says "no store of auctiond" "a foreign directory is refused" "$BIN/auctiond" -c "$conf" -l 127.0.0.1:0 -d "$work/foreign"

# -------------------------------------------------------------- certificates

lives() { curl_as ann -o /dev/null -w '%{http_code}' "$url/v1/me" | grep -q 200; }

# client NAME EXTENSIONS SUBJECT [openssl arguments]: a certificate by the real CA
client() {
	local name=$1 extensions=$2 subject=$3
	shift 3
	printf '[req]\ndistinguished_name=n\nprompt=no\n[n]\n[x]\n%b\n' "$extensions" >"$work/x.cnf"
	openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config "$work/x.cnf" \
		-extensions x -subj "$subject" -CA "$ca/ca.pem" -CAkey "$ca/ca.key" "$@" \
		-keyout "$work/$name.key" -out "$work/$name.pem" 2>"$work/openssl.log" ||
		ok 1 "openssl makes the certificate of $name"
}
good='basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n'
uri=subjectAltName=URI:auction://lab.example

try() { # NAME: connect with that certificate
	curl -sS --max-time 5 --cacert "$ca/ca.pem" --cert "$work/$1.pem" --key "$work/$1.key" "$url/v1/me"
}
refused() { # NAME SENTENCE: by an alert, or by the one answer that names the rule
	local was=1
	if ! try "$1" >"$work/out" 2>&1; then
		grep -q alert "$work/out" && was=0
	elif grep -q '"status":403,"code":"identity-refused"' "$work/out"; then
		was=0
	fi
	lives || was=1
	ok $was "$2"
}

client eve "$good$uri/bidder/eve" /CN=eve
check_says '"account":"eve"' "a good certificate gets in" try eve
! curl -sS --max-time 5 --cacert "$ca/ca.pem" "$url/v1/me" >"$work/told" 2>&1
ok $? "no certificate: refused"
check_says "alert" "and told by an alert" cat "$work/told"
client realm "${good}subjectAltName=URI:auction://other.example/bidder/realm" /CN=realm
refused realm "another realm is refused"
client role "$good$uri/emperor/role" /CN=role
refused role "an unknown role is refused"
client node "$good$uri/node/node1" /CN=node1
refused node "a node is no client"
client upper "$good$uri/bidder/Eve" /CN=Eve
refused upper "an upper-case name is refused"
client dots "$good$uri/bidder/../admin/eve" /CN=eve
refused dots "a path in the name is refused"
client two "$good$uri/bidder/two,URI:auction://lab.example/admin/two" /CN=two
refused two "two names are refused"
client dns "$good$uri/bidder/dns,DNS:localhost" /CN=dns
refused dns "a DNS name beside the URI is refused"
client nosan "$good" /CN=ann
refused nosan "a common name alone is nobody"
client cn "$good$uri/bidder/cn" /CN=ann
refused cn "a common name that says another is refused"
client purpose "${good/clientAuth/serverAuth}$uri/bidder/purpose" /CN=purpose
refused purpose "a server's certificate is no client's"
client nousage "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n$uri/bidder/nousage" /CN=nousage
refused nousage "a missing keyUsage is refused"
openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ann -config "$work/x.cnf" \
	-keyout "$work/self.key" -out "$work/self.pem" 2>/dev/null
refused self "a self-signed certificate is refused"
grep -q 'refused peer=127.0.0.1:[0-9]* serial=[0-9a-f]* key=[0-9a-f]\{64\} .*rule="keyUsage is missing"' "$work/server.log"
ok $? "refusals are logged with serial, key and the rule that was broken"
check_says "role-required" "a monitor sees health only" curl_as mon "$url/v1/auctions"
check_says ok "and health it sees" curl_as mon "$url/healthz"

"$here/tools/auction-ca" --dir "$ca" revoke eve >/dev/null 2>&1
check_exit 4 "revoking one that was not issued here is 4" "$here/tools/auction-ca" --dir "$ca" revoke eve
"$here/tools/auction-ca" --dir "$ca" revoke mon >/dev/null && cp "$ca/crl.pem" "$work/lab/server/crl.pem"
stop_server TERM
start_server
! curl_as mon "$url/healthz" >"$work/out" 2>&1
ok $? "a revoked certificate is refused"
lives
ok $? "the others get in"

# ------------------------------------------------------------------- framing

tls() { # REQUEST: raw bytes over TLS; what comes back
	printf '%b' "$1" | timeout 5 openssl s_client -quiet -connect "127.0.0.1:$port" -servername localhost \
		-CAfile "$ca/ca.pem" -cert "$work/lab/clients/ann/ann.pem" \
		-key "$work/lab/clients/ann/ann.key" -ign_eof 2>/dev/null | tr -d '\r'
}
answers() { # STATUS SENTENCE REQUEST
	tls "$3" >"$work/out"
	head -n 1 "$work/out" | grep -q "^HTTP/1.1 $1 "
	local was=$?
	lives || was=1
	ok $was "$2"
}
H='Host: localhost\r\nConnection: close\r\n'
answers 200 "openssl s_client is a client too" "GET /v1 HTTP/1.1\r\n$H\r\n"
answers 400 "two Content-Lengths" "POST /v1/auctions/1/bid HTTP/1.1\r\n${H}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"
answers 400 "Content-Length beside chunked" "POST /v1/auctions/1/bid HTTP/1.1\r\n${H}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
answers 501 "an unknown transfer coding" "POST /v1 HTTP/1.1\r\n${H}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"
answers 400 "a folded field" "GET /v1 HTTP/1.1\r\n${H}X: a\r\n b\r\n\r\n"
answers 400 "a bare LF" "GET /v1 HTTP/1.1\nHost: localhost\n\r\n\r\n"
answers 400 "no Host" "GET /v1 HTTP/1.1\r\nConnection: close\r\n\r\n"
answers 400 "two Hosts" "GET /v1 HTTP/1.1\r\nHost: localhost\r\n$H\r\n"
answers 421 "another Host" "GET /v1 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
answers 505 "HTTP/2.0 in the request line" "GET /v1 HTTP/2.0\r\n$H\r\n"
answers 400 "a space before the colon" "GET /v1 HTTP/1.1\r\n${H}X : a\r\n\r\n"
answers 413 "a body beyond its bound" "POST /v1/auctions HTTP/1.1\r\n${H}Content-Length: 99999999\r\n\r\n"
answers 414 "a target beyond its bound" "GET /v1/$(head -c 3000 /dev/zero | tr '\0' a) HTTP/1.1\r\n$H\r\n"
answers 431 "a header block beyond its bound" "GET /v1 HTTP/1.1\r\n${H}X: $(head -c 20000 /dev/zero | tr '\0' a)\r\n\r\n"
answers 400 "garbage after the handshake" "\\0001\\0002\\0003\r\n\r\n"
echo "GET / HTTP/1.1" | timeout 5 openssl s_client -quiet -connect "127.0.0.1:$port" >/dev/null 2>&1
lives
ok $? "the server lives on after a client without certificate"
head -c 2000 /dev/urandom >"/dev/tcp/127.0.0.1/$port" 2>/dev/null
lives
ok $? "and after noise instead of TLS"
! timeout 5 openssl s_client -tls1_2 -connect "127.0.0.1:$port" </dev/null 2>&1 | grep -q 'Cipher is [^(]'
ok $? "TLS 1.2 is refused"

# ---------------------------------------------------------------------- JSON

as sam create Camera --start 100 --currency EUR --close +10m --publish >/dev/null
bid=/v1/auctions/1/bid
check_says 400 "broken JSON" post ann $bid '{"max":'
check_says malformed-json "is malformed-json" post ann $bid '{"max":'
check_says 400 "a duplicate member" post ann $bid '{"max":20000,"max":30000}'
check_says unknown-member "an unknown member" post ann $bid '{"max":20000,"min":1}'
for bad in '"20000"' 200.5 0 -1 1e4 1000000000000001 null true '[1]'; do
	check_says 422 "a maximum of $bad" post ann $bid "{\"max\":$bad}"
done
check_says ERR_FORMAT "is refused with a receipt" post ann $bid '{"max":0}'
check_says 415 "a form instead of JSON" curl_as ann -w '%{http_code}' -d 'max=1' "$url$bid"
check_says foreign-origin "another site's page" post ann $bid '{"max":20000}' -H 'Origin: https://evil.example'
check_says unknown-parameter "an unknown query parameter" curl_as ann "$url/v1/auctions?statsu=open"
check_says bad-cursor "a foreign cursor" curl_as ann "$url/v1/auctions?cursor=x"
check_says 405 "a method that is not taken" curl_as ann -w '%{http_code}' -X DELETE "$url/v1/me"
check_says 404 "a path that is not there" curl_as ann -w '%{http_code}' "$url/v2"
check_says invalid-field "a draft that ends before it begins" post sam /v1/auctions \
	'{"title":"x","currency":"EUR","start_price":1,"opens_at":"2030-01-02T00:00:00Z","ends_at":"2030-01-01T00:00:00Z"}'
check_says /reserve_price "a reserve below the start price names its field" post sam /v1/auctions \
	'{"title":"x","currency":"EUR","start_price":100,"reserve_price":50,"ends_at":"2030-01-01T00:00:00Z"}'
check_says role-required "a bidder may not sell" post ann /v1/auctions \
	'{"title":"x","currency":"EUR","start_price":100,"ends_at":"2030-01-01T00:00:00Z"}'
check_says 404 "an auction's number beyond all bounds" post ann /v1/auctions/18446744073709551615/bid '{"max":20000}'
check_says '"cause":"bad"' "a signature that is good for ever" post ann $bid \
	'{"max":20000,"signature":{"alg":"p256","seen":"0 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","until":9223372036854775807,"value":"AAAA"}}'
check_says '"cause":"bad"' "a signature by nobody" post ann $bid \
	'{"max":20000,"signature":{"alg":"p256","seen":"0 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","terms":"0000000000000000000000000000000000000000000000000000000000000000","until":1,"value":"AAAA"}}'
lives
ok $? "the server lives on after all of it"
stop_server TERM
start_server --set limits.handshakes_per_second=1 --set limits.handshake_burst=3
for _ in 1 2 3 4 5 6; do lives && echo in; done >"$work/out" 2>&1
[ "$(grep -c '^in$' "$work/out")" -lt 6 ] && grep -q '^in$' "$work/out"
ok $? "too many handshakes of one address are refused"
stop_server TERM
ok $? "and stops in order"
check "its log verifies" audit_says_verified
plan
