# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# show: a key, request, certificate, bundle or list in words, and what would be
# refused about it, and why.

cmd_show() {
	local file=''
	while [ $# -gt 0 ]; do
		case $1 in
		--passphrase-*) take_passphrase_option "$@" || usage_error "show: unknown option '$1'"; shift 2 ;;
		-*) usage_error "show: unknown option '$1'" ;;
		*) [ -z "$file" ] || usage_error "show: one file at a time"; file=$1; shift ;;
		esac
	done
	[ -n "$file" ] || usage_error "show: give a file"
	check_text_file "$file" file
	make_scratch
	SHOWN=() REFUSALS=()
	case $(tr -d '\0' <"$file" | grep -m 1 -E '^# auction-ca bundle|^-----BEGIN') in
	'# auction-ca bundle') show_bundle "$file" ;;
	*REQUEST-----) show_request "$file" ;;
	*"X509 CRL-----") show_lists "$file" ;;
	*CERTIFICATE-----) show_certificates "$file" ;;
	*"PRIVATE KEY-----") show_key "$file" ;;
	*) die $EX_POLICY "'$file' is no key, request, certificate, bundle or revocation list in PEM: is it the right file?" ;;
	esac
	show_report "$file"
}

shown() { # WORD VALUE
	SHOWN+=("$1" "$2")
}

show_report() {
	local n text
	if [ "$JSON" = 1 ]; then
		json_line file "$1" "${SHOWN[@]}" '#refused' "$(json_array "${REFUSALS[@]}")"
		return
	fi
	for ((n = 0; n < ${#SHOWN[@]}; n += 2)); do
		printf '%-12s %s\n' "${SHOWN[n]//_/ }" "${SHOWN[n + 1]}"
	done
	for text in "${REFUSALS[@]}"; do printf '%-12s %s\n' refused "$text"; done
	[ ${#REFUSALS[@]} -gt 0 ] || printf '%-12s %s\n' refused "nothing: it is in order by itself"
}

# refusal COMMAND...: what a check of ours would end with, as words.
refusal() {
	local words
	words=$("$@" 2>&1) || REFUSALS+=("${words#"$PROGRAM: "}")
}

show_key() {
	shown kind "private key"
	refusal check_private "$1"
	if is_encrypted "$1" && [ -z "$PASSPHRASE_FILE$PASSPHRASE_FD" ] && [ ! -t 0 ]; then
		shown protected "by a passphrase"
		return
	fi
	open_key "$1" "'$1'"
	shown protected "$(is_encrypted "$1" && echo "by a passphrase" || echo "by its file's mode only")"
	shown type "$(with_key "$1" pkey -in "$1" -noout -text_pub | head -n 1 | sed 's/Private/Public/')"
	shown key_hash "$(with_key "$1" pkey -in "$1" -pubout | key_hash)"
}

show_request() {
	local n
	shown kind request
	refusal split_request "$1"
	if [ ${#REFUSALS[@]} -gt 0 ]; then return; fi
	split_request "$1"
	request_fingerprint
	in_groups "$PRINT"
	shown fingerprint "$GROUPED"
	for n in "${!PART_HASH[@]}"; do
		shown role "${PART_ROLE[n]:-not said: sign it with --as}"
		shown name "${PART_NAME[n]:--}"
		[ -z "${PART_HOSTS[n]}${PART_IPS[n]}" ] || shown names "${PART_HOSTS[n]} ${PART_IPS[n]}"
		shown key_hash "${PART_HASH[n]}"
		case ${PART_ROLE[n]} in
		'') ;;
		server) refusal check_host "${PART_NAME[n]}" ;;
		log) refusal check_origin "${PART_NAME[n]}" ;;
		node) refusal check_name "${PART_NAME[n]}" ;;
		*) refusal check_role "${PART_ROLE[n]}"; refusal check_name "${PART_NAME[n]}" ;;
		esac
		if openssl req -in "$SCRATCH/part.$n.csr" -noout -text | grep -q 'X509v3 '; then
			shown ignored "the extensions that the request holds: none is ever copied"
		fi
	done
	[ ! -e "$SCRATCH/part.0.proof" ] || shown renewal "of serial $(openssl x509 -in "$SCRATCH/part.0.old" -noout -serial | cut -d= -f2 | tr 'A-F' 'a-f')"
}

show_lists() {
	local file
	split_pem "$1" "$SCRATCH/list."
	for file in "$SCRATCH"/list.*; do show_list "$file"; done
}

show_list() {
	local begin end
	shown kind "revocation list"
	openssl crl -in "$1" -noout 2>/dev/null || { REFUSALS+=("it is damaged: carry it again"); return; }
	shown number "$(crl_number "$1")"
	shown issuer "$(openssl crl -in "$1" -noout -issuer -nameopt multiline | sed -n 's/.*commonName *= //p')"
	asn1_stamp "$(openssl crl -in "$1" -noout -lastupdate)"
	begin=$STAMP
	asn1_stamp "$(openssl crl -in "$1" -noout -nextupdate)"
	end=$STAMP
	shown from "$(stamp_words "$begin")"
	shown until "$(stamp_words "$end")"
	shown revoked "$(openssl crl -in "$1" -noout -text | grep -c 'Serial Number:' || true)"
	[[ $end > $(stamp) ]] || REFUSALS+=("it ran out on $(stamp_words "$end"): '$PROGRAM crl' makes a fresh one")
	[[ ! $begin > $(stamp) ]] || REFUSALS+=("it is of the future by this machine's clock: set the clock")
}

show_certificates() {
	local file
	split_pem "$1" "$SCRATCH/shown."
	for file in "$SCRATCH"/shown.*; do show_certificate "$file"; done
}

show_certificate() {
	local text begin end serial
	text=$(openssl x509 -in "$1" -noout -text 2>/dev/null) || { REFUSALS+=("it is damaged: ask for it again"); return; }
	asn1_stamp "$(openssl x509 -in "$1" -noout -startdate)"
	begin=$STAMP
	asn1_stamp "$(openssl x509 -in "$1" -noout -enddate)"
	end=$STAMP
	serial=$(openssl x509 -in "$1" -noout -serial | cut -d= -f2 | tr 'A-F' 'a-f')
	if grep -q 'CA:TRUE' <<<"$text"; then
		shown kind authority
		grouped_fingerprint "$1"
		shown fingerprint "$GROUPED"
	else
		shown kind certificate
	fi
	shown subject "$(openssl x509 -in "$1" -noout -subject -nameopt RFC2253 | cut -d= -f2-)"
	shown issuer "$(openssl x509 -in "$1" -noout -issuer -nameopt multiline | sed -n 's/.*commonName *= //p')"
	shown serial "$serial"
	shown key_hash "$(openssl x509 -in "$1" -noout -pubkey | key_hash)"
	shown from "$(stamp_words "$begin")"
	shown until "$(stamp_words "$end")"
	[[ $end > $(stamp) ]] || REFUSALS+=("it expired on $(stamp_words "$end"): renew it")
	[[ ! $begin > $(stamp) ]] || REFUSALS+=("it begins on $(stamp_words "$begin"): is this machine's clock right?")
	grep -q 'CA:TRUE' <<<"$text" || judge_leaf "$1" "$text" "$serial"
}

# The rules of docs/security.md that can be told from the leaf alone.
judge_leaf() { # FILE TEXT SERIAL
	local names
	names=$(openssl x509 -in "$1" -noout -ext subjectAltName 2>/dev/null | tail -n +2 | sed 's/^ *//')
	shown names "${names:-none}"
	[[ $2 == *"Version: 3"* ]] || REFUSALS+=("it is not of version 3: it was not issued by $PROGRAM")
	[[ $3 != -* && ! $3 =~ ^0*$ && ${#3} -le 40 ]] || REFUSALS+=("its serial is zero, negative or longer than 20 octets")
	[[ $2 == *"Digital Signature"* ]] || REFUSALS+=("its key usage lacks digitalSignature")
	[[ $2 != *"Certificate Sign"* && $2 != *"CRL Sign"* ]] || REFUSALS+=("its key usage is an authority's")
	[[ $2 =~ (TLS Web (Client|Server) Authentication|1\.3\.6\.1\.5\.5\.7\.3\.36) ]] || REFUSALS+=("it has no extended key usage of ours")
	case $names in
	'') REFUSALS+=("it names nobody: a subjectAltName is missing, and a common name counts for nothing") ;;
	URI:auction://*,*) [[ $names == *"/server/"* || $names == *"/node/"* ]] || REFUSALS+=("it has several names: a client has one") ;;
	*URI:auction://* | URI:https://*) ;;
	*) REFUSALS+=("its name is no URI auction://realm/role/name") ;;
	esac
}

show_bundle() {
	local n
	split_bundle "$1"
	shown kind bundle
	shown realm "$BUNDLE_REALM"
	shown servers "${BUNDLE_SERVERS[*]}"
	for ((n = 0; n < CERTS; n++)); do show_certificate "$SCRATCH/in.cert.$n.pem"; done
	for ((n = 0; n < CAS; n++)); do show_certificate "$SCRATCH/in.ca.$n.pem"; done
	for ((n = 0; n < CRLS; n++)); do show_list "$SCRATCH/in.crl.$n.pem"; done
	for ((n = 0; n < CERTS; n++)); do
		if ! cat "$SCRATCH"/in.ca.*.pem | openssl verify -no_check_time -CAfile /dev/stdin "$SCRATCH/in.cert.$n.pem" >/dev/null 2>&1; then
			REFUSALS+=("certificate $((n + 1)) is not signed by the bundle's authority: do not install it")
		fi
	done
}
