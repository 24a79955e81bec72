#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2317 # functions are called by wait_for
# Certificates change under a running server: reload, revocation, lists that run
# out, renewal in the middle of an auction, a new CA and back.
. "$(dirname "$0")/lib.sh"

make_lab seller/sam bidder/ann bidder/bob bidder/cy admin/adm monitor/mon
conf=$work/lab/server/auctiond.conf ca=$work/lab/ca server_dir=$work/lab/server
control() { "$BIN/auctiond" -c "$conf" "$@"; }
me() { curl_as "$1" -o /dev/null -w '%{http_code}' "$url/v1/me"; }
generation() { control status | sed -n 's/^trust generation=\([0-9]*\) .*/\1/p'; }
metric() { curl_as mon "$url/metrics" | sed -n "s/^$1 //p"; }

# wait_for COMMAND...: until it succeeds, at most 10 s
wait_for() {
	local until=$((SECONDS + 10))
	until "$@"; do
		[ "$SECONDS" -lt "$until" ] || return 1
		sleep 0.05
	done
}
log_says() { grep -qF -- "$1" "$work/server.log"; }

# list NUMBER SECONDS OUT [CA-CERT CA-KEY]: a revocation list without entries
list() {
	local cert=${4:-$ca/ca.pem} key=${5:-$ca/ca.key}
	: >"$work/index"
	echo "$1" >"$work/number"
	cat >"$work/crl.cnf" <<-END
		[ca]
		default_ca = d
		[d]
		database = $work/index
		crlnumber = $work/number
		default_md = sha256
		crl_extensions = x
		[x]
		authorityKeyIdentifier = keyid
	END
	openssl ca -gencrl -config "$work/crl.cnf" -cert "$cert" -keyfile "$key" -crlsec "$2" \
		-out "$3" 2>"$work/openssl.log"
}

# leaf NAME ROLE/ACCOUNT [CA-CERT CA-KEY]: one more certificate
leaf() {
	printf '[req]\ndistinguished_name=n\nprompt=no\n[n]\n[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\nsubjectAltName=URI:auction://lab.example/%s\n' "$2" >"$work/leaf.cnf"
	openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config "$work/leaf.cnf" \
		-extensions x -subj "/CN=${2#*/}" -CA "${3:-$ca/ca.pem}" -CAkey "${4:-$ca/ca.key}" \
		-keyout "$work/$1.key" -out "$work/$1.pem" 2>"$work/openssl.log"
}
curl_by() { # NAME ARGUMENTS...: with a certificate of leaf
	local name=$1
	shift
	curl -sS --max-time 10 --cacert "$ca/ca.pem" --cert "$work/$name.pem" --key "$work/$name.key" "$@"
}

start_server
ok $? "the server starts"

# --------------------------------------------------------------- control, reload

check_says "generation=1 " "status tells the generation" control status
check_says "ok generation=2 closed=0" "a reload makes the next one" control reload
kill -HUP "$server"
check "SIGHUP too" wait_for log_says "reloaded generation=3 closed=0 by=SIGHUP"
check_says '"generation":4,"closed":0' "and an administrator's request" post adm /v1/admin/reload '{}'
check_says role-required "nobody else's" post ann /v1/admin/reload '{}'
[ "$(stat -c %a "$work/lab/data/control")" = 600 ]
ok $? "the control socket is the operator's alone"

# ---------------------------------------------------- renewal during an auction

as sam create Camera --start 100 --currency EUR --close +10m --publish >/dev/null
as ann bid 1 150 >/dev/null
key=00112233445566778899aabbccddeeff
post ann /v1/auctions/1/bid '{"max":20000}' -H "Idempotency-Key: $key" >"$work/first"
leaf ann2 bidder/ann
check_says '"leading":true' "a renewed certificate is the same account, its bids stand" \
	curl_by ann2 "$url/v1/auctions/1"
check_says '"account":"ann"' "under the same name" curl_by ann2 "$url/v1/me"
curl_by ann2 -w '\n%{http_code}\n' -H 'Content-Type: application/json' -H "Idempotency-Key: $key" \
	--data '{"max":20000}' "$url/v1/auctions/1/bid" >"$work/again"
grep -o '"seq":[0-9]*' "$work/first" | head -n 1 >"$work/seq"
grep -qF "$(cat "$work/seq")" "$work/again"
ok $? "a request repeated under the new certificate gets its first answer"

# ------------------------------------------------------------- revocation, live

curl_as bob -N "$url/v1/events" >"$work/bob.events" 2>/dev/null &
stream=$!
curl_as cy -N --max-time 60 "$url/v1/events" >"$work/cy.events" 2>/dev/null &
other=$!
two_streams() { [ "$(metric auctiond_event_streams)" = 2 ]; }
check "two streams are open" wait_for two_streams
"$here/tools/auction-ca" --dir "$ca" revoke bob >/dev/null
began=$(date +%s%3N)
check_says "closed=1" "a list handed in ends the revoked connection" control reload --crl "$ca/crl.pem"
wait $stream 2>/dev/null
took=$(($(date +%s%3N) - began))
[ $took -lt 1000 ]
ok $? "within a second ($took ms)"
check_says '"reason":"revoked"' "and it is told why" cat "$work/bob.events"
cmp -s "$ca/crl.pem" "$server_dir/crl.pem"
ok $? "the configured file has been replaced"
! curl_as bob "$url/v1/me" >"$work/out" 2>&1
ok $? "it does not come in again"
as sam create Lens --start 100 --currency EUR --close +10m --publish >/dev/null
check "another's stream goes on" wait_for grep -q '"auction":"2"' "$work/cy.events"
check_says 'cause="revoked"} 1' "the end is counted" curl_as mon "$url/metrics"

# -------------------------------------------------------------- bad files stay out

now=$(generation)
refused() { # WORDS SENTENCE COMMAND...
	check_says "$1" "$2" "${@:3}"
	[ "$(generation)" = "$now" ] && [ "$(me ann)" = 200 ]
	ok $? "... and the old generation stays"
}
cp "$server_dir/crl.pem" "$work/good.pem"
list 01 86400 "$work/older.pem"
refused "is older than number" "an older list is refused" control reload --crl "$work/older.pem"
openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 \
	-subj "$(openssl x509 -in "$ca/ca.pem" -noout -subject -nameopt compat | sed 's/^subject=//')" \
	-addext keyUsage=critical,keyCertSign,cRLSign -keyout "$work/ca2.key" -out "$work/ca2.pem" 2>/dev/null
list 77 86400 "$work/forged.pem" "$work/ca2.pem" "$work/ca2.key"
refused "not signed by a CA" "a forged one" control reload --crl "$work/forged.pem"
refused reload-refused "also one that an administrator sends" post adm /v1/admin/reload '{"crl":"nothing"}'
cp "$server_dir/server.pem" "$work/server.pem"
echo broken >"$server_dir/server.pem"
refused "cannot be used" "a broken server certificate" control reload
kill -HUP "$server"
check "SIGHUP says so in the log" wait_for log_says "reload refused by=SIGHUP"
cp "$work/server.pem" "$server_dir/server.pem"
sed 's/^realm/relm/' "$conf" >"$work/conf.bad"
cp "$conf" "$work/conf.good"
cp "$work/conf.bad" "$conf"
"$BIN/auctiond" -d "$work/lab/data" reload >"$work/out" 2>&1
[ $? = 1 ] && grep -q "no such option" "$work/out"
ok $? "broken settings are named, exit 1"
cp "$work/conf.good" "$conf"
kill $other 2>/dev/null

# ---------------------------------------------------------- settings read again

sed -i 's/^}$/}/; $a limits { requests_per_second = 1 burst = 1 }' "$conf"
check_says "ok generation" "limits are read again" control reload
post ann /v1/auctions/1/bid '{"max":100}' >/dev/null
check_says rate-limited "and count at once" post ann /v1/auctions/1/bid '{"max":100}'
cp "$work/conf.good" "$conf"
control reload >/dev/null

# ----------------------------------------------------------- a list that runs out

list 40 3 "$work/brief.pem"
check_says "ok generation" "a list of three seconds is taken" control reload --crl "$work/brief.pem"
curl_as cy -N --max-time 60 "$url/v1/events" >"$work/cy.events" 2>/dev/null &
other=$!
is_out() { ! curl_as ann "$url/v1/me" >/dev/null 2>&1; }
check "when it has run out nobody new comes in" wait_for is_out
check "which the log says" log_says "CRL has expired"
kill -0 $other
ok $? "who is in stays"
check_says "ok" "the control socket still answers" control status
stop_server TERM
start_server
ok $? "a server with such a list starts"
check "and says that it lets nobody in" log_says "has run out: every client is refused"
! curl_as ann "$url/v1/me" >"$work/out" 2>&1
ok $? "nobody"
list 41 86400 "$work/fresh.pem"
check_says "ok generation" "a fresh one" control reload --crl "$work/fresh.pem"
[ "$(me ann)" = 200 ]
ok $? "lets them in again"
cp "$server_dir/crl.pem" "$work/crl.keep"
stop_server TERM
cp "$work/good.pem" "$server_dir/crl.pem"
check_exit 6 "an older list is refused at a start too" "$BIN/auctiond" -c "$conf" -l 127.0.0.1:0
cp "$work/crl.keep" "$server_dir/crl.pem"
sed '/crl *=/d' "$conf" >"$work/conf.nolist"
check_exit 6 "and a start without a list" "$BIN/auctiond" -c "$work/conf.nolist" -l 127.0.0.1:0
check_says "taken before" "which says why" "$BIN/auctiond" -c "$work/conf.nolist" -l 127.0.0.1:0

check "its log verifies" audit_says_verified

# ------------------------------------------------------------ a new CA, and back
# From here on the log holds a list of a CA that the auditor is not given.

start_server
leaf new bidder/dora "$work/ca2.pem" "$work/ca2.key"
! curl_by new "$url/v1/me" >"$work/out" 2>&1
ok $? "a CA of the same name is another one"
trusted=$(sed -n 's/.*client_ca *= *"\([^"]*\)".*/\1/p' "$conf")
cp "$trusted" "$work/ca.keep"
cat "$work/ca.keep" "$work/ca2.pem" >"$work/both.pem"
cp "$work/both.pem" "$trusted"
check_says "there is no CRL of CA" "a CA needs its list" control reload
list 01 86400 "$work/ca2.crl" "$work/ca2.pem" "$work/ca2.key"
check_says "ok generation" "with its list it is trusted" control reload --crl "$work/ca2.crl"
check_says '"account":"dora"' "and those it signs come in" curl_by new "$url/v1/me"
[ "$(me ann)" = 200 ]
ok $? "beside those of the old one"
curl_by new -N "$url/v1/events" >"$work/new.events" 2>/dev/null &
stream=$!
one_stream() { [ "$(metric auctiond_event_streams)" = 1 ]; }
check "one of them watches" wait_for one_stream
cp "$work/ca.keep" "$trusted"
cp "$work/crl.keep" "$server_dir/crl.pem"
check_says "closed=1" "back: its connections end" control reload
wait $stream 2>/dev/null
check_says revoked "and are told" cat "$work/new.events"
! curl_by new "$url/v1/me" >"$work/out" 2>&1
ok $? "and do not come in again"

# -------------------------------------------------------------- administration

check_says '"account":"adm"' "an administrator sees who is connected" curl_as adm "$url/v1/admin/connections"
curl_as cy -N "$url/v1/events" >"$work/cy.events" 2>/dev/null &
stream=$!
check "somebody watches" wait_for one_stream
id=$(curl_as adm "$url/v1/admin/connections?account=cy" | sed 's/.*"items":\[{"id":"\([0-9]*\)".*/\1/')
check_says 204 "and can be sent away" curl_as adm -X DELETE -w '%{http_code}' "$url/v1/admin/connections/$id"
wait $stream 2>/dev/null
check_says '"reason":"closed"' "with a word" cat "$work/cy.events"
check_says 404 "one that is not there is not found" curl_as adm -X DELETE -w '%{http_code}' "$url/v1/admin/connections/999999"
check_says role-required "a monitor does not see the status" curl_as mon "$url/v1/admin/status"
check_says role-required "a bidder not the metrics" curl_as ann "$url/metrics"
check_says 'auctiond_build_info{version=' "a monitor does" curl_as mon "$url/metrics"
check_says '"generation":' "an administrator sees the status" curl_as adm "$url/v1/admin/status"

stop_server TERM
ok $? "it stops in order"
[ ! -e "$work/lab/data/control" ]
ok $? "and takes its socket away"
plan
