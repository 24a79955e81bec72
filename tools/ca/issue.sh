# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Keys, requests, certificates, revocation lists, signatures: what openssl is
# called for. An Ed25519 key has a digest of its own and ignores -md.

key_options() { # TYPE: what openssl req -newkey wants
	case $1 in
	p256) echo "ec -pkeyopt ec_paramgen_curve:P-256" ;;
	p384) echo "ec -pkeyopt ec_paramgen_curve:P-384" ;;
	ed25519) echo "ed25519" ;;
	rsa) echo "rsa -pkeyopt rsa_keygen_bits:3072" ;;
	*) die $EX_USAGE "key type '$1' is unknown: p256, p384, ed25519 or rsa" ;;
	esac
}

# make_request TYPE SUBJECT KEY CSR: a new key, made in the place where it
# stays, and a request signed by it.
make_request() {
	local options encryption=(-nodes)
	options=$(key_options "$1")
	[ $HAS_PASSPHRASE = 0 ] || encryption=(-passout fd:3)
	not_there "$3"
	name_unfinished "${3%/*}"
	# shellcheck disable=SC2086 # several words on purpose
	openssl req -new -newkey $options "${encryption[@]}" -config "$SCRATCH/req.cnf" -subj "$2" \
		-keyout "$UNFINISHED" -out "$4" 2>"$SCRATCH/log" 3< <(printf '%s\n' "$PASSPHRASE") ||
		die $EX_FAILED "no key could be made in '$3': $(tail -n 1 "$SCRATCH/log")"
	place_new "$3" 600
}

subject_of() { # NAME: none when it does not fit (a log's may not)
	[ ${#1} -le 64 ] && echo "/CN=${1//\//\\/}" || echo "/"
}

key_hash() { # PEM public key on standard input
	local hash
	read -r hash _ < <(grep -v '^-----' | base64 -d 2>/dev/null | sha256sum)
	echo "$hash"
}

# sign_bytes KEY FILE OUT, verify_bytes PUBLIC FILE SIGNATURE: SHA-256, or what
# the key itself has.
sign_bytes() {
	local digest=()
	case $(with_key "$1" pkey -in "$1" -noout -text_pub) in
	ED25519*) ;;
	*) digest=(-digest sha256) ;;
	esac
	with_key "$1" pkeyutl -sign -rawin "${digest[@]}" -inkey "$1" -in "$2" -out "$3" 2>"$SCRATCH/log" ||
		die $EX_FAILED "'$1' does not sign: $(tail -n 1 "$SCRATCH/log")"
}

verify_bytes() {
	local digest=()
	case $(openssl pkey -pubin -in "$1" -noout -text 2>/dev/null | head -n 1) in
	ED25519*) ;;
	*) digest=(-digest sha256) ;;
	esac
	openssl pkeyutl -verify -rawin "${digest[@]}" -pubin -inkey "$1" -in "$2" -sigfile "$3" >/dev/null 2>&1
}

# ------------------------------------------------------------- certificates

ca_config() { # SERIAL SCRATCH: a throw-away database for one signature
	: >"$2/db"
	echo "unique_subject = no" >"$2/db.attr"
	echo "$1" >"$2/serial"
	cat >"$2/ca.cnf" <<-CONFIG
		[ca]
		default_ca = here
		[here]
		database = $2/db
		serial = $2/serial
		crlnumber = $2/crlnumber
		new_certs_dir = $2
		default_md = default
		policy = any
		[any]
		organizationName = optional
		commonName = optional
		[crl]
		authorityKeyIdentifier = keyid:always
	CONFIG
}

prepare_signing() {
	PROFILES=$(profiles)
	START=$(stamp '-5 minutes')
	[ -z "${ISSUER:-}" ] || prepare_issuer
}

prepare_issuer() {
	asn1_stamp "$(openssl x509 -in "$ISSUER/ca.pem" -noout -enddate)"
	ISSUER_END=$STAMP
	[[ $ISSUER_END > $(stamp) ]] ||
		die $EX_POLICY "the authority expired on $(stamp_words "$ISSUER_END"): is this machine's clock right? else 'ca rotate begin'"
	check_ca_clock
}

# A clock that was set back would date a list before the last one.
check_ca_clock() {
	local file newest=0 second
	for file in "$DIR"/authorities/*/crl.pem; do
		[ -e "$file" ] || continue
		asn1_stamp "$(openssl crl -in "$file" -noout -lastupdate)"
		second=$(stamp_seconds "$STAMP")
		[ "$second" -le "$newest" ] || newest=$second
	done
	[ "$newest" -le "$((EPOCHSECONDS + 60))" ] ||
		die $EX_POLICY "this machine's clock ($(date -u '+%F %T') UTC) is behind the last revocation list ($(date -u -d "@$newest" '+%F %T') UTC): set the clock"
	CRL_SECOND=$newest
}

not_after() { # DAYS: never beyond the authority's own end
	local wanted
	wanted=$(stamp "+$1 days")
	if [[ $wanted > $ISSUER_END ]]; then echo "$ISSUER_END"; else echo "$wanted"; fi
}

# issue SERIAL CSR PROFILE SUBJECT SAN NOT_AFTER OUT SCRATCH: of the request
# its key alone is used; openssl copies no extension (copy_extensions is unset).
issue() {
	ca_config "$1" "$8"
	SAN=$5 CONSTRAINTS=unused with_key "$ISSUER/ca.key" ca -batch -notext -config "$8/ca.cnf" \
		-cert "$ISSUER/ca.pem" -keyfile "$ISSUER/ca.key" -md sha256 \
		-in "$2" -subj "$4" -startdate "$START" -enddate "$6" \
		-extfile "$PROFILES" -extensions "$3" -out "$7" >"$8/log" 2>&1
}

issue_reason() { grep -v '^Using\|^Check that' "$1/log" | tail -n 1; }

# -------------------------------------------------------- revocation lists

# make_crl DAYS: the next number and a later second, for each authority that
# is trusted. The number is in the index before anything carries it.
make_crl() {
	local id number
	read -r number _ < <(crl_state)
	number=$((number + 1))
	check_ca_clock
	while [ "$EPOCHSECONDS" -le "$CRL_SECOND" ]; do sleep 0.05; done
	index_add crl - - - - - "${TRUSTED[0]}" "$number $1"
	for id in "${TRUSTED[@]}"; do make_crl_of "$id" "$number" "$1"; done
	publish
	CRL_NUMBER=$number
}

make_crl_of() { # AUTHORITY NUMBER DAYS
	local home=$DIR/authorities/$1
	ca_config 01 "$SCRATCH"
	printf '%0*X\n' $((${#2} + ${#2} % 2)) "$2" >"$SCRATCH/crlnumber"
	index_rows | awk -F'\t' -v OFS='\t' -v a="$1" '$6 == a && $9 == "revoked" {
		t = $10; gsub(/[-:T]/, "", t)
		print "R", "491231235959Z", substr(t, 3) "," $11, toupper($1), "unknown", "/CN=revoked" }' >"$SCRATCH/db"
	with_key "$home/ca.key" ca -gencrl -config "$SCRATCH/ca.cnf" -cert "$home/ca.pem" -keyfile "$home/ca.key" \
		-md sha256 -crldays "$3" -crlexts crl -out "$SCRATCH/crl.pem" 2>"$SCRATCH/log" ||
		die $EX_FAILED "no revocation list could be made: $(tail -n 1 "$SCRATCH/log")"
	write_file "$home/crl.pem" <"$SCRATCH/crl.pem"
}

# The list that a power cut has kept from being made, or that is overdue.
make_crl_if_open() {
	local open id days
	read -r CRL_NUMBER days open < <(crl_state)
	for id in "${TRUSTED[@]}"; do
		[ -e "$DIR/authorities/$id/crl.pem" ] &&
			[ "$(crl_number "$DIR/authorities/$id/crl.pem")" = "$CRL_NUMBER" ] || open=1
	done
	[ "$open" = 0 ] || make_crl "$days"
}

crl_number() { # FILE, as a decimal
	local text
	text=$(openssl crl -in "$1" -noout -crlnumber)
	text=${text##*=}
	printf '%d\n' "0x${text#0x}"
}

# Certificates that were renewed, and whose time of overlap is over.
revoke_overdue() {
	local rows serial role name rest
	mapfile -t rows < <(index_rows | awk -F'\t' -v now="$(stamp)" '$9 == "valid" && $12 != "-" && $12 <= now { print $1 "\t" $2 "\t" $3 "\t" $6 }')
	for row in "${rows[@]}"; do
		IFS=$'\t' read -r serial role name rest <<<"$row"
		index_add revoked "$serial" "$role" "$name" - - "$rest" superseded
		say "revoked the renewed certificate $serial of $name: its time of overlap is over"
	done
}
