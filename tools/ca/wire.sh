# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# One request to a server by `openssl s_client`, and what its end means.
# OUT and STEM name the machine's folder and pair that are used.

# split_server TEXT: HOST, PORT and URL of https://HOST:PORT or HOST:PORT.
split_server() {
	local rest=${1#https://}
	[[ $1 != http://* ]] || usage_error "'$1': the server speaks https only"
	rest=${rest%/}
	if [[ $rest =~ ^\[([0-9a-fA-F:]+)\](:([0-9]+))?$ ]]; then
		HOST=${BASH_REMATCH[1]} PORT=${BASH_REMATCH[3]:-8443}
		check_ip "$HOST"
	elif [[ $rest =~ ^([^:/]+)(:([0-9]+))?$ ]]; then
		HOST=${BASH_REMATCH[1]} PORT=${BASH_REMATCH[3]:-8443}
		if [[ $HOST =~ ^[0-9.]+$ ]]; then check_ip "$HOST"; else check_host "$HOST"; fi
	else
		usage_error "'$1' is not HOST:PORT"
	fi
	[ "$PORT" -ge 1 ] && [ "$PORT" -le 65535 ] || usage_error "'$PORT' is no port"
}

is_address() { [[ $HOST =~ ^[0-9.]+$ || $HOST == *:* ]]; }

# call_server METHOD PATH BODY [s_client options]: the answers in answer, what
# openssl says in tls, the server's certificate, if it came, in peer.pem. A GET
# of /v1 follows, which tells the server's clock.
call_server() {
	local method=$1 path=$2 body=$3 named=(-servername "$HOST" -verify_hostname "$HOST") at=$HOST
	shift 3
	if is_address; then named=(-noservername -verify_ip "$HOST"); fi
	[[ $HOST != *:* ]] || at="[$HOST]"
	if [ -n "$body" ]; then
		printf '%s %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' \
			"$method" "$path" "$at" "$PORT" "${#body}" "$body"
	else
		printf '%s %s HTTP/1.1\r\nHost: %s:%s\r\n\r\n' "$method" "$path" "$at" "$PORT"
	fi >"$SCRATCH/call"
	printf 'GET /v1 HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n' "$at" "$PORT" >>"$SCRATCH/call"
	# s_client calls "pass" what other commands call "passin".
	openssl s_client -pass fd:3 3< <(printf '%s\n' "$PASSPHRASE") -connect "$at:$PORT" "${named[@]}" -tls1_3 -alpn http/1.1 \
		-CAfile "$OUT/ca.pem" -cert "$OUT/$STEM.pem" -key "$OUT/$STEM.key" -ign_eof "$@" \
		<"$SCRATCH/call" >"$SCRATCH/said" 2>"$SCRATCH/tls" &
	local process=$! waited=0
	while kill -0 $process 2>/dev/null; do
		[ $waited -lt 300 ] || { kill $process; break; }
		sleep 0.05
		waited=$((waited + 1))
	done
	wait $process || true
	awk '/^HTTP\/1\.1 / { on = 1 } on' "$SCRATCH/said" | tr -d '\r' >"$SCRATCH/answer"
	openssl x509 -in "$SCRATCH/said" -out "$SCRATCH/peer.pem" 2>/dev/null || rm -f "$SCRATCH/peer.pem"
}

# Where nothing could be said to each other at all: the cause, and the mend.
reach_server() {
	local reason
	if timeout "${AUCTION_CA_CONNECT_WAIT:-5}" bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$HOST" "$PORT" 2>"$SCRATCH/reach"; then return 0; fi
	reason=$(tr -d '\0' <"$SCRATCH/reach")
	case $reason in
	*"Connection refused"*) die $EX_FAILED "$HOST:$PORT: nobody listens there: is auctiond running, and is this its port?" ;;
	*"not known"* | *"name resolution"* | *"No address"*) die $EX_FAILED "$HOST: the name is unknown here: mend it, or put the server's address for it into /etc/hosts" ;;
	*unreachable* | *"No route"*) die $EX_FAILED "$HOST:$PORT: no way to that network: is this machine's cable or network up?" ;;
	'' | *Terminated* | *"timed out"*) die $EX_FAILED "$HOST:$PORT: no answer at all: the machine is off, or a firewall or the network is in between" ;;
	*) die $EX_FAILED "$HOST:$PORT: no connection: $(tail -n 1 <<<"${reason##*: }")" ;;
	esac
}

# The words for an alert by which the server has refused us.
refusal_words() {
	local alert
	alert=$(sed -n 's/.*SSL alert number \([0-9]*\).*/\1/p' "$SCRATCH/tls" | head -n 1)
	case $alert in
	44) echo "the server says that this certificate was revoked: make a new request" ;;
	45) expired_words ;;
	48) echo "the server does not know the authority of this certificate: install the bundle of the server's own authority" ;;
	42 | 43 | 46) echo "the server says that this certificate breaks a rule (alert $alert): its log names the rule, and the two clocks may differ" ;;
	49) echo "the server does not let this certificate in: its log says why" ;;
	112) echo "the server is not called $HOST: use a name of its certificate" ;;
	116) echo "the server got no certificate from here: mend '$OUT/$STEM.pem'" ;;
	120) echo "the server speaks another protocol: is this auctiond's port?" ;;
	70 | 40) echo "the server does not agree to TLS 1.3: is this auctiond?" ;;
	80) echo "the server failed inside: see its log" ;;
	'')
		if grep -q 'verify error' "$SCRATCH/tls"; then
			sed -n 's/.*verify error:num=[0-9]*:/the server is not believed: /p' "$SCRATCH/tls" | head -n 1
		elif [ -e "$SCRATCH/peer.pem" ]; then
			echo "the server closed the connection without a word: a limit of connections, or it is stopping; try again"
		else
			echo "what listens at $HOST:$PORT does not speak TLS 1.3: is this auctiond's port?"
		fi
		;;
	*) echo "the server refused with alert $alert: see its log" ;;
	esac
}

# The server sees something as expired. Ours is in date by our clock, so it is
# its list, or one of the clocks is wrong.
expired_words() {
	local end
	asn1_stamp "$(openssl x509 -in "$OUT/$STEM.pem" -noout -enddate)"
	end=$STAMP
	if [[ $end > $(stamp) ]]; then
		echo "the server says expired, but this certificate lasts until $(stamp_words "$end"): the server's revocation list has run out ('$PROGRAM crl' at the authority), or one of the clocks is wrong"
	else
		echo "this certificate expired on $(stamp_words "$end"): '$PROGRAM renew'"
	fi
}
