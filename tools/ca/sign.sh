# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# On the authority's machine: look at a request, sign it, make the bundle.

cmd_sign() {
	local csr='' expect='' days='' as='' yes=0 renew=0 expired=0 overlap=7 n
	while [ $# -gt 0 ]; do
		case $1 in
		--expect) needs sign "$@"; check_fingerprint "$2" 16 "the request's fingerprint"; expect=$FINGERPRINT; shift 2 ;;
		--days) needs sign "$@"; days=$(days_of "$2" --days); shift 2 ;;
		--as) needs sign "$@"; as=$2; shift 2 ;;
		--yes) yes=1; shift ;;
		--renew) renew=1; shift ;;
		--overlap) needs sign "$@"; overlap=$(days_of "$2" --overlap); shift 2 ;;
		--allow-expired) expired=1; shift ;;
		--passphrase-*) take_passphrase_option "$@" || usage_error "sign: unknown option '$1'"; shift 2 ;;
		-*) usage_error "sign: unknown option '$1'" ;;
		*) [ -z "$csr" ] || usage_error "sign: one request at a time"; csr=$1; shift ;;
		esac
	done
	[ -n "$csr" ] || usage_error "sign: give the file of the request"
	need_ca
	split_request "$csr"
	compare_fingerprint "$csr" "$expect"
	is_renewal "$csr" "$renew"
	[ $renew = 0 ] || check_old "$expired"
	choose_names "$as"
	plan_parts "$days"
	open_authority
	consent "$yes" "$as" "$expect"
	lock
	settle
	revoke_overdue
	prepare_signing
	[ $renew = 0 ] || check_old "$expired"
	for n in "${!PART_HASH[@]}"; do check_key "$n" "$renew"; done
	make_crl_if_open
	for n in "${!PART_HASH[@]}"; do sign_part "$n" "$renew" "$overlap"; done
	finish_sign
}

compare_fingerprint() { # FILE EXPECTED
	request_fingerprint
	in_groups "$PRINT"
	[ -z "$2" ] || [ "${PRINT:0:${#2}}" = "${2:0:${#PRINT}}" ] ||
		die $EX_POLICY "the fingerprint of '$1' is $GROUPED, not the one given: it was altered on the way, or is another's"
}

is_renewal() { # FILE RENEW
	if [ "$2" = 1 ]; then
		[ -e "$SCRATCH/part.0.proof" ] || die $EX_POLICY "'$1' is no renewal, for no old key has signed it: make it with 'renew', or sign it without --renew"
		[ ${#PART_HASH[@]} = 1 ] || die $EX_POLICY "'$1' holds several renewals: sign them one by one"
	fi
}

# --as is what the operator means to sign; it must be what several were asked.
choose_names() { # ROLE/NAME
	[ -n "$1" ] || return 0
	[[ $1 == */* ]] || usage_error "sign: --as '$1' is not ROLE/NAME"
	if [ ${#PART_HASH[@]} -gt 1 ] || [ -e "$SCRATCH/part.0.proof" ]; then
		[ "$1" = "${PART_ROLE[0]}/${PART_NAME[0]}" ] ||
			die $EX_POLICY "the request is for ${PART_ROLE[0]}/${PART_NAME[0]}, not $1: ask for another"
	fi
	PART_ROLE[0]=${1%%/*} PART_NAME[0]=${1#*/}
}

plan_parts() { # DAYS: profile, subjectAltName and days of each; bad names end it
	local n host role name san
	PART_PROFILE=() PART_SAN=() PART_DAYS=()
	for n in "${!PART_HASH[@]}"; do
		role=${PART_ROLE[n]} name=${PART_NAME[n]}
		[ -n "$role" ] || die $EX_USAGE "the request does not say for whom it is: give --as ROLE/NAME"
		case $role in
		server)
			check_host "$name"
			PART_PROFILE[n]=server PART_DAYS[n]=365
			san=$(server_names "$n" "$name"),URI:auction://$REALM/server/${name%%.*}
			;;
		node)
			check_name "$name"
			PART_PROFILE[n]=node PART_DAYS[n]=365
			san=URI:auction://$REALM/node/$name
			host=$(server_names "$n")
			san+=${host:+,$host}
			;;
		log)
			check_origin "$name"
			check_known_name "${name%%/*}"
			PART_PROFILE[n]=log PART_DAYS[n]=3650 san=URI:https://$name
			;;
		*)
			check_role "$role"
			check_name "$name"
			PART_PROFILE[n]=client PART_DAYS[n]=90 san=URI:auction://$REALM/$role/$name
			;;
		esac
		PART_SAN[n]=$san
		[ -z "$1" ] || PART_DAYS[n]=$1
	done
}

server_names() { # N [FIRST]
	local host out=''
	for host in ${2:-} ${PART_HOSTS[$1]}; do
		check_host "$host"
		check_known_name "$host"
		out+=${out:+,}DNS:$host
	done
	for host in ${PART_IPS[$1]}; do
		check_ip "$host"
		check_known_name "$IP"
		out+=${out:+,}IP:$IP
	done
	echo "$out"
}

# The authority's own certificate permits these names and no others.
check_known_name() {
	local known
	for known in "${NAMES[@]}"; do
		[ "$1" != "$known" ] || return 0
		if [[ $known == *[a-z]* && $known != *:* && $1 == *."$known" ]]; then return 0; fi
	done
	die $EX_POLICY "'$1' is not among the names of 'ca init' (${NAMES[*]}), which the authority is bound to: use one of them"
}

# A person says yes; or has said beforehand who it is and which fingerprint.
consent() { # YES AS EXPECT
	local n answer
	for n in "${!PART_HASH[@]}"; do
		echo "$PROGRAM: ${PART_ROLE[n]}/${PART_NAME[n]}, ${PART_DAYS[n]} days, key ${PART_HASH[n]:0:16}, names ${PART_SAN[n]}" >&2
	done
	if [ "$1" = 1 ] || { [ -n "$2" ] && [ -n "$3" ]; }; then return; fi
	[ -t 0 ] || die $EX_USAGE "sign: nobody can be asked: give --as ROLE/NAME and --expect FINGERPRINT, or --yes"
	in_groups "$PRINT"
	echo "fingerprint $GROUPED" >&2
	read -rp "sign it? [y/N] " answer
	[ "$answer" = y ] || die $EX_POLICY "not signed"
}

# A key belongs to one name, and never comes back after it was revoked. Where a
# renewal keeps its key, that its last certificate was replaced is no matter.
check_key() { # N RENEW
	local found
	found=$(index_rows | awk -F'\t' -v h="${PART_HASH[$1]}" -v n="${PART_NAME[$1]}" -v renew="$2" '
		$4 != h || $9 == "failed" { next }
		$3 != n { print "was certified for \047" $3 "\047 before"; exit }
		$9 == "revoked" && !(renew && $11 == "superseded") { print "was revoked on " $10; exit }')
	[ -z "$found" ] || die $EX_POLICY "the key of ${PART_NAME[$1]} $found: ask for a request with a new key"
}

# The old certificate is ours, still good, and its key has signed this request.
check_old() { # ALLOW-EXPIRED; once before a person is asked, once under the lock
	local old=$SCRATCH/part.0.old row status since name
	[ -e "$old" ] || die $EX_POLICY "the renewal has no old certificate: make it again with 'renew'"
	identity_of "$old"
	[ "$CERT_ROLE/$CERT_NAME" = "${PART_ROLE[0]}/${PART_NAME[0]}" ] ||
		die $EX_POLICY "the renewal is for ${PART_ROLE[0]}/${PART_NAME[0]}, but its old certificate is of $CERT_ROLE/$CERT_NAME: make it again"
	openssl verify -x509_strict -no_check_time -CAfile "$DIR/ca.pem" "$old" >/dev/null 2>&1 ||
		die $EX_POLICY "the old certificate of $CERT_NAME is not of this authority: it needs a new request"
	openssl x509 -in "$old" -pubkey -noout >"$SCRATCH/old.pub"
	base64 -d "$SCRATCH/part.0.proof" >"$SCRATCH/signature" 2>/dev/null || : >"$SCRATCH/signature"
	renewal_bytes "$SCRATCH/part.0.csr" "$CERT_SERIAL" >"$SCRATCH/renewal"
	verify_bytes "$SCRATCH/old.pub" "$SCRATCH/renewal" "$SCRATCH/signature" ||
		die $EX_POLICY "the renewal is not signed by the old key of $CERT_NAME: make it again on the machine that has the key"
	row=$(index_rows | awk -F'\t' -v s="$CERT_SERIAL" '$1 == s')
	[ -n "$row" ] || die $EX_POLICY "serial $CERT_SERIAL is not in the index of '$DIR': is this the right authority?"
	IFS=$'\t' read -r _ _ name _ _ _ _ _ status since _ _ <<<"$row"
	case $status in
	revoked) die $EX_POLICY "the certificate of $name was revoked on $since: it is not renewed, ask for a new request" ;;
	expired)
		[ "$1" = 1 ] || die $EX_POLICY "the certificate of $name has expired: give --allow-expired if its key is still in the right hands"
		;;
	esac
	# Names are the old certificate's, whatever the request says.
	PART_HOSTS[0]=${CERT_HOSTS[*]:1} PART_IPS[0]=${CERT_IPS[*]}
	OLD_SERIAL=$CERT_SERIAL OLD_ROLE=$CERT_ROLE OLD_NAME=$CERT_NAME
}

# First the index, then the certificate: one that is not in the index cannot
# exist, and a serial in it that was never used does no harm.
sign_part() { # N RENEW OVERLAP
	local serial end role=${PART_ROLE[$1]} name=${PART_NAME[$1]}
	serial=$(new_serial)
	end=$(not_after "${PART_DAYS[$1]}")
	index_add issued "$serial" "$role" "$name" "${PART_HASH[$1]}" "$end" "${TRUSTED[0]}" "${PART_PROFILE[$1]}"
	if ! issue "$serial" "$SCRATCH/part.$1.csr" "${PART_PROFILE[$1]}" "$(subject_of "$name")" "${PART_SAN[$1]}" "$end" "$SCRATCH/cert.$1.pem" "$SCRATCH" ||
		! openssl verify -x509_strict -CAfile "$ISSUER/ca.pem" "$SCRATCH/cert.$1.pem" >>"$SCRATCH/log" 2>&1; then
		index_add failed "$serial" "$role" "$name" - - "${TRUSTED[0]}" -
		die $EX_FAILED "no certificate for $role/$name: $(issue_reason "$SCRATCH")"
	fi
	[ "$2" = 0 ] || index_add renewed "$OLD_SERIAL" "$OLD_ROLE" "$OLD_NAME" - "$(stamp "+$3 days")" "${TRUSTED[0]}" "by $serial"
	PART_SERIAL[$1]=$serial PART_END[$1]=$end
}

finish_sign() {
	local n file=$DIR/issued/${PART_SERIAL[0]}.bundle
	make_folder "$DIR/issued"
	bundle_text "${!PART_HASH[@]}"
	printf %s "$BUNDLE" | new_file "$file"
	grouped_fingerprint "$ISSUER/ca.pem"
	for n in "${!PART_HASH[@]}"; do
		say "signed ${PART_ROLE[n]}/${PART_NAME[n]}: serial ${PART_SERIAL[n]}, until $(stamp_words "${PART_END[n]}")"
	done
	say "bundle $file"
	say "authority's fingerprint, to be read out: $GROUPED"
	[ "$JSON" = 0 ] || json_line serial "${PART_SERIAL[0]}" role "${PART_ROLE[0]}" name "${PART_NAME[0]}" \
		not_after "${PART_END[0]}" bundle "$file" '#serials' "$(json_array "${PART_SERIAL[@]}")" \
		ca_fingerprint "$GROUPED"
}

# ------------------------------------------------------------------- bundles
# Text again: certificates, the trusted authorities, their lists. All of it is
# proved by signatures under an authority whose fingerprint people compare.

# bundle_text PARTS...: into BUNDLE. Without parts it is for machines that have
# their certificate already.
bundle_text() {
	local n id other
	BUNDLE="# auction-ca bundle"$'\n'"# realm $REALM"$'\n'
	for n in "${NAMES[@]}"; do BUNDLE+="# server $n"$'\n'; done
	for n in "$@"; do bundle_add certificate "$SCRATCH/cert.$n.pem"; done
	for id in "${TRUSTED[@]}"; do
		bundle_add authority "$DIR/authorities/$id/ca.pem"
		for other in "${TRUSTED[@]}"; do
			if [ "$other" != "$id" ] && [ -e "$DIR/authorities/$id/vouched-by-$other" ]; then
				bundle_add vouched "$DIR/authorities/$id/vouched-by-$other"
			fi
		done
	done
	join_trusted crl.pem
	BUNDLE+="# revocation"$'\n'"$JOINED# end"$'\n'
}

bundle_add() { # WORD FILE
	whole_file "$2"
	BUNDLE+="# $1"$'\n'$WHOLE
}
