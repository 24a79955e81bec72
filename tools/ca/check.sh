# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What is wrong here? The machine's own files first, then a real handshake and
# a request. Each mistake has one line of its own, with its mend.

cmd_check() {
	local server='' n
	OUT=${OUT:-.} SOON=0 WANTED=30
	while [ $# -gt 0 ]; do
		case $1 in
		--out) needs check "$@"; OUT=$2; shift 2 ;;
		--soon) needs check "$@"; WANTED=$(days_of "$2" --soon); shift 2 ;;
		--passphrase-*) take_passphrase_option "$@" || usage_error "check: unknown option '$1'"; shift 2 ;;
		-*) usage_error "check: unknown option '$1'" ;;
		*) [ -z "$server" ] || usage_error "check: one server at a time"; server=$1; shift ;;
		esac
	done
	[ -z "$server" ] || split_server "$server"
	make_scratch
	FOUND=()
	if [ -z "$server" ] && [ -e "$OUT/index" ]; then
		check_authority
	else
		check_machine
		[ -z "$server" ] || check_server
	fi
	[ "$JSON" = 0 ] || json_line dir "$OUT" '#soon' "$SOON" '#checked' "$(json_array "${FOUND[@]}")"
	[ $SOON = 0 ] || exit $EX_SOON
}

good() {
	FOUND+=("$*")
	say "good: $*"
}

soon() {
	SOON=1
	FOUND+=("soon: $*")
	[ "$JSON" = 1 ] || echo "soon: $*"
}

# ------------------------------------------------------------ own folder

check_machine() {
	local n file key
	find_installed
	check_folder "$OUT"
	for file in "$OUT"/*.key; do
		[ ! -e "$file" ] || check_private "$file"
	done
	key=$OUT/$STEM.key
	open_key "$key" "the key '$key'"
	[ -e "$OUT/ca.pem" ] && [ -e "$OUT/crl.pem" ] ||
		die $EX_EXISTS "'$OUT' has no ca.pem and crl.pem: install the bundle"
	fits "$OUT/$STEM.pem" "$key" ||
		die $EX_POLICY "'$OUT/$STEM.pem' is not the certificate of the key '$key': the two were swapped, or an install was cut off; install the bundle again"
	identity_of "$OUT/$STEM.pem"
	good "$CERT_ROLE/$CERT_NAME${CERT_REALM:+ of realm $CERT_REALM}: the key is private and fits the certificate"
	local options=()
	split_pem "$OUT/crl.pem" "$SCRATCH/list."
	for n in "$SCRATCH"/list.*; do options+=(-CRLfile "$n"); done
	[ "$STEM" != log ] || options+=(-purpose any)
	explain_verification certificate "$OUT/$STEM.pem" -x509_strict -crl_check -CAfile "$OUT/ca.pem" "${options[@]}"
	warn_end "the certificate" "$(openssl x509 -in "$OUT/$STEM.pem" -noout -enddate)" "'$PROGRAM renew --out $OUT'"
	warn_lists "$OUT/crl.pem" "have 'crl' run at the authority, and install its trust.bundle"
}

warn_lists() { # FILE MEND
	local n
	split_pem "$1" "$SCRATCH/list."
	for n in "$SCRATCH"/list.*; do warn_list "$n" "$2"; done
}

warn_list() { # FILE MEND: when a fifth of its life is left
	local begin end now
	asn1_stamp "$(openssl crl -in "$1" -noout -lastupdate)"
	begin=$(stamp_seconds "$STAMP")
	asn1_stamp "$(openssl crl -in "$1" -noout -nextupdate)"
	end=$(stamp_seconds "$STAMP")
	now=$EPOCHSECONDS
	[ "$now" -lt "$end" ] || die $EX_POLICY "the revocation list '$OUT/crl.pem' ran out on $(date -u -d "@$end" '+%F %R UTC'): $2"
	if [ $(((end - now) * 5)) -lt $((end - begin)) ]; then
		soon "revocation list $(crl_number "$1") runs out on $(date -u -d "@$end" '+%F %R UTC'): $2"
	else
		good "revocation list $(crl_number "$1"), until $(date -u -d "@$end" '+%F %R UTC')"
	fi
}

warn_end() { # WHAT ENDDATE-LINE MEND: WANTED days, or a third of its life
	local end
	asn1_stamp "$2"
	end=$STAMP
	if [ "$(stamp_seconds "$end")" -lt "$((EPOCHSECONDS + WANTED * 86400))" ]; then
		soon "$1 expires on $(stamp_words "$end"): $3"
	else
		good "$1 lasts until $(stamp_words "$end")"
	fi
}

check_authority() {
	local id
	DIR=$OUT
	need_ca
	mapfile -t TRUSTED < <(trusted_authorities)
	[ ${#TRUSTED[@]} -gt 0 ] || die $EX_EXISTS "'$OUT' has no authority yet: run '$PROGRAM ca init' again"
	for id in "${TRUSTED[@]}"; do
		check_private "$OUT/authorities/$id/ca.key"
		explain_verification authority "$OUT/authorities/$id/ca.pem" -x509_strict -check_ss_sig -CAfile "$OUT/authorities/$id/ca.pem"
		warn_end "authority $id" "$(openssl x509 -in "$OUT/authorities/$id/ca.pem" -noout -enddate)" "'$PROGRAM ca rotate begin'"
	done
	warn_lists "$OUT/crl.pem" "'$PROGRAM --dir $OUT crl'"
}

# ------------------------------------------------------------ verification

# explain_verification WHAT FILE openssl-options...: or one line of ours.
explain_verification() {
	local what=$1 file=$2 number end begin
	shift 2
	if openssl verify "$@" "$file" >"$SCRATCH/verify" 2>&1; then return 0; fi
	number=$(sed -n 's/^error \([0-9]*\) at.*/\1/p' "$SCRATCH/verify" | head -n 1)
	asn1_stamp "$(openssl x509 -in "$file" -noout -startdate 2>/dev/null)"
	begin=$STAMP
	asn1_stamp "$(openssl x509 -in "$file" -noout -enddate 2>/dev/null)"
	end=$STAMP
	case $number in
	9) die $EX_POLICY "the $what begins on $(stamp_words "$begin"), and this machine's clock says $(stamp_words "$(stamp)"): set the clock" ;;
	10) die $EX_POLICY "the $what expired on $(stamp_words "$end"), and this machine's clock says $(stamp_words "$(stamp)"): if the clock is right, renew it$([ "$what" = authority ] && echo " with 'ca rotate'"), else set the clock" ;;
	11) die $EX_POLICY "the revocation list is of the future for this machine's clock ($(stamp_words "$(stamp)")): set the clock" ;;
	12) die $EX_POLICY "the revocation list has run out, this machine's clock says $(stamp_words "$(stamp)"): if the clock is right, have 'crl' run at the authority and install its trust.bundle, else set the clock" ;;
	2 | 3 | 18 | 19 | 20 | 21 | 29 | 30 | 31) die $EX_POLICY "the $what is not signed by the authority in '${OUT:-.}' but by $(openssl x509 -in "$file" -noout -issuer -nameopt multiline 2>/dev/null | sed -n 's/.*commonName *= //p'): install the bundle of the right authority" ;;
	23) die $EX_POLICY "the $what was revoked: make a new request with a new key" ;;
	47 | 48) die $EX_POLICY "the $what holds a name that its authority may not give (name constraints): ask for another" ;;
	*) die $EX_POLICY "the $what does not verify: $(sed -n 's/^error [0-9]* at [0-9]* depth lookup: //p' "$SCRATCH/verify" | head -n 1): ask for it again" ;;
	esac
}

# ---------------------------------------------------------------- the server

check_server() {
	reach_server
	call_server GET /v1/me ''
	[ -e "$SCRATCH/peer.pem" ] || die $EX_FAILED "$HOST:$PORT: $(refusal_words)"
	check_peer
	check_answer
}

# Is it the right server? Its certificate by our authority, our list, our clock.
check_peer() {
	local n options=() names test=-checkhost
	for n in "$SCRATCH"/list.*; do options+=(-CRLfile "$n"); done
	if ! openssl verify -no_check_time -CAfile "$OUT/ca.pem" "$SCRATCH/peer.pem" >/dev/null 2>&1; then
		die $EX_POLICY "$HOST:$PORT has a certificate of another authority ($(openssl x509 -in "$SCRATCH/peer.pem" -noout -issuer -nameopt multiline | sed -n 's/.*commonName *= //p')), not of the one in '$OUT/ca.pem': it is the wrong server, or the wrong bundle is installed here"
	fi
	explain_peer "${options[@]}"
	names=$(openssl x509 -in "$SCRATCH/peer.pem" -noout -ext subjectAltName | grep -o 'DNS:[^, ]*\|IP Address:[^, ]*' | sed 's/.*s://; s/DNS://' | tr '\n' ' ')
	if is_address; then test=-checkip; fi
	openssl x509 -in "$SCRATCH/peer.pem" -noout "$test" "$HOST" | grep -q 'does match' ||
		die $EX_POLICY "the server's certificate does not name $HOST but ${names% }: use one of these, or have it signed with --server or --ip for $HOST"
	good "$HOST:$PORT is the server of our authority, and is called so"
}

explain_peer() {
	local number end
	if openssl verify -purpose sslserver -x509_strict -crl_check "$@" -CAfile "$OUT/ca.pem" "$SCRATCH/peer.pem" >"$SCRATCH/verify" 2>&1; then return 0; fi
	number=$(sed -n 's/^error \([0-9]*\) at.*/\1/p' "$SCRATCH/verify" | head -n 1)
	asn1_stamp "$(openssl x509 -in "$SCRATCH/peer.pem" -noout -enddate)"
	end=$STAMP
	case $number in
	9) die $EX_POLICY "the server's certificate is not valid yet by this machine's clock ($(stamp_words "$(stamp)")): set the clock" ;;
	10) die $EX_POLICY "the server's certificate expired on $(stamp_words "$end"), and this machine's clock says $(stamp_words "$(stamp)"): tell the server's operator to renew it, or set the clock" ;;
	23) die $EX_POLICY "the server's certificate was revoked: do not use $HOST:$PORT, ask its operator" ;;
	26) die $EX_POLICY "$HOST:$PORT shows a certificate that is not a server's: another user pretends to be the server" ;;
	*) die $EX_POLICY "the server's certificate does not verify: $(sed -n 's/^error [0-9]* at [0-9]* depth lookup: //p' "$SCRATCH/verify" | head -n 1): ask its operator" ;;
	esac
}

# And does it take us? If not, its reason.
check_answer() {
	local status
	status=$(sed -n '1s/^HTTP\/1.1 \([0-9]*\).*/\1/p' "$SCRATCH/answer")
	case $status in
	'') die $EX_POLICY "$HOST:$PORT refuses this certificate: $(refusal_words)" ;;
	200) ;;
	403 | 401) die $EX_POLICY "$HOST:$PORT refuses $CERT_ROLE/$CERT_NAME: $(problem_words "$status"): ask its operator" ;;
	*) die $EX_FAILED "$HOST:$PORT answers with $(problem_words "$status"): try again later, or ask its operator" ;;
	esac
	check_clock
	good "the server takes $CERT_ROLE/$CERT_NAME"
}

check_clock() {
	local text theirs apart
	text=$(grep -o '"server_time":"[^"]*"' "$SCRATCH/answer" | head -n 1 | cut -d'"' -f4)
	[ -n "$text" ] || return 0
	theirs=$(date -u -d "$text" +%s 2>/dev/null) || return 0
	apart=$((EPOCHSECONDS - theirs))
	if [ ${apart#-} -gt 120 ]; then
		die $EX_POLICY "this machine's clock is ${apart#-} s $([ $apart -gt 0 ] && echo ahead of || echo behind) the server's: set the clock, for commands are signed with a time"
	fi
	good "the clocks agree within ${apart#-} s"
}
