# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# On the machine of a server or a person: prove a bundle, and put what it holds
# beside the key that was made there.

cmd_install() {
	local bundle='' expect='' n
	OUT=${OUT:-.} PORT=8443 SERVER_URL=''
	while [ $# -gt 0 ]; do
		case $1 in
		--ca-fingerprint) needs install "$@"; check_fingerprint "$2" 32 "the authority's fingerprint"; expect=$FINGERPRINT; shift 2 ;;
		--out) needs install "$@"; OUT=$2; shift 2 ;;
		--port) needs install "$@"; PORT=$2; shift 2 ;;
		--passphrase-*) take_passphrase_option "$@" || usage_error "install: unknown option '$1'"; shift 2 ;;
		-*) usage_error "install: unknown option '$1'" ;;
		*) [ -z "$bundle" ] || usage_error "install: one bundle at a time"; bundle=$1; shift ;;
		esac
	done
	[ -n "$bundle" ] || usage_error "install: give the bundle"
	[[ $PORT =~ ^[0-9]{1,5}$ ]] || usage_error "install: --port '$PORT' is not a number"
	make_scratch
	split_bundle "$bundle"
	[ -d "$OUT" ] || die $EX_EXISTS "folder '$OUT' not found: install where 'request' made the key, with --out"
	check_folder "$OUT"
	believe_authorities "$bundle" "$expect"
	believe_lists "$bundle"
	for ((n = 0; n < CERTS; n++)); do believe_certificate "$bundle" "$n"; done
	write_file "$OUT/ca.pem" <"$SCRATCH/in.ca.pem"
	write_file "$OUT/crl.pem" <"$SCRATCH/in.crl.pem"
	for ((n = 0; n < CERTS; n++)); do place_certificate "$n"; done
	[ "$CERTS" = 0 ] || write_settings
	report_install
}

# in.cert.N.pem, in.ca.N.pem with in.ca.N.vouched, in.crl.N.pem
split_bundle() {
	check_text_file "$1" bundle
	awk -v to="$SCRATCH/in." '
		BEGIN { certs = cas = crls = good = ended = 0 }
		/^# auction-ca bundle$/ { good = 1; next }
		/^# certificate$/ { file = to "cert." certs++ ".pem"; next }
		/^# authority$/ { file = to "ca." cas ".pem"; cas++; next }
		/^# vouched$/ { file = to "ca." (cas - 1) ".vouched"; next }
		/^# revocation$/ { crl = 1; next }
		/^# end$/ { ended = 1; exit }
		/^# / { print substr($0, 3) > (to "meta"); next }
		crl && /^-----BEGIN/ { file = to "crl." crls++ ".pem" }
		file != "" { print > file }
		END { print good, certs, cas, crls, ended }' "$1" >"$SCRATCH/in.counts"
	local good ended
	read -r good CERTS CAS CRLS ended <"$SCRATCH/in.counts"
	[ "$good" = 1 ] || die $EX_POLICY "'$1' is no bundle of $PROGRAM: install the file that 'sign' has made"
	[ "$ended" = 1 ] || die $EX_POLICY "bundle '$1' is cut short: carry it again"
	[ "$CAS" -gt 0 ] && [ "$CAS" = "$CRLS" ] && [ "$CAS" -le 2 ] && [ "$CERTS" -le 4 ] ||
		die $EX_POLICY "bundle '$1' is not whole: carry it again"
	BUNDLE_REALM=$(sed -n 's/^realm //p' "$SCRATCH/in.meta" | head -n 1)
	mapfile -t BUNDLE_SERVERS < <(sed -n 's/^server //p' "$SCRATCH/in.meta" | head -n 16)
	check_host "$BUNDLE_REALM"
}

# An authority is believed by the fingerprint that was read out, or because the
# machine trusts it already, or because one that is believed vouches for it.
believe_authorities() { # BUNDLE FINGERPRINT
	local n found=() believed=() other
	[ -n "$2" ] || [ -e "$OUT/ca.pem" ] ||
		usage_error "install: --ca-fingerprint is missing: have it read out to you at the authority"
	for ((n = 0; n < CAS; n++)); do
		openssl x509 -in "$SCRATCH/in.ca.$n.pem" -noout 2>/dev/null ||
			die $EX_POLICY "bundle '$1' holds a damaged authority: carry it again"
		found[n]=$(fingerprint "$SCRATCH/in.ca.$n.pem") believed[n]=0
		if [ -n "$2" ]; then
			[ "${found[n]:0:${#2}}" != "$2" ] || believed[n]=1
		elif installed_authorities | grep -qxF "${found[n]}"; then
			believed[n]=1
		fi
	done
	in_groups "${found[0]}"
	[[ "${believed[*]}" == *1* ]] || die $EX_POLICY "the authority's fingerprint is $GROUPED, not the one $([ -n "$2" ] && echo given || echo "installed in '$OUT'"): do not trust bundle '$1', ask the authority"
	for ((n = 0; n < CAS; n++)); do
		other=$((1 - n))
		in_groups "${found[n]}"
		[ "${believed[n]}" = 1 ] || is_vouched "$n" "$other" ||
			die $EX_POLICY "bundle '$1' holds a second authority ($GROUPED) that the first does not vouch for: do not trust it"
	done
	for ((n = 0; n < CAS; n++)); do openssl x509 -in "$SCRATCH/in.ca.$n.pem"; done >"$SCRATCH/in.ca.pem"
	for ((n = 0; n < CAS; n++)); do
		explain_verification "authority" "$SCRATCH/in.ca.$n.pem" -x509_strict -check_ss_sig -CAfile "$SCRATCH/in.ca.pem"
	done
}

installed_authorities() { # the fingerprints of the machine's own
	split_pem "$OUT/ca.pem" "$SCRATCH/own."
	local file
	for file in "$SCRATCH"/own.*; do fingerprint "$file"; done
}

split_pem() { # FILE PREFIX: a file for each block
	rm -f "$2"*
	awk -v to="$2" '/^-----BEGIN/ { file = to n++ } file != "" { print > file }' "$1"
}

is_vouched() { # N BY
	[ -e "$SCRATCH/in.ca.$1.vouched" ] && [ -e "$SCRATCH/in.ca.$2.pem" ] || return 1
	openssl x509 -in "$SCRATCH/in.ca.$2.pem" -noout -pubkey >"$SCRATCH/voucher.pub"
	base64 -d "$SCRATCH/in.ca.$1.vouched" >"$SCRATCH/signature" 2>/dev/null || return 1
	vouched_bytes "$SCRATCH/in.ca.$1.pem" >"$SCRATCH/vouched"
	verify_bytes "$SCRATCH/voucher.pub" "$SCRATCH/vouched" "$SCRATCH/signature"
}

# Each list is signed by its authority, and not older than what is here.
believe_lists() { # BUNDLE
	local n number
	CRL_OPTIONS=()
	for ((n = 0; n < CRLS; n++)); do
		openssl crl -in "$SCRATCH/in.crl.$n.pem" -CAfile "$SCRATCH/in.ca.pem" -noout 2>&1 | grep -q 'verify OK' ||
			die $EX_POLICY "a revocation list of bundle '$1' is not signed by its authority: carry it again"
		CRL_OPTIONS+=(-CRLfile "$SCRATCH/in.crl.$n.pem")
	done
	for ((n = 0; n < CRLS; n++)); do openssl crl -in "$SCRATCH/in.crl.$n.pem"; done >"$SCRATCH/in.crl.pem"
	[ -e "$OUT/crl.pem" ] || return 0
	number=$(crl_number "$SCRATCH/in.crl.pem")
	[ "$number" -ge "$(crl_number "$OUT/crl.pem")" ] ||
		die $EX_POLICY "bundle '$1' is older than what '$OUT' has (revocation list $number, here $(crl_number "$OUT/crl.pem")): install the newest"
}

believe_certificate() { # BUNDLE N: also where it goes
	local cert=$SCRATCH/in.cert.$2.pem
	explain_verification "certificate" "$cert" -x509_strict -crl_check -CAfile "$SCRATCH/in.ca.pem" "${CRL_OPTIONS[@]}"
	identity_of "$cert"
	[ -z "$CERT_REALM" ] || [ "$CERT_REALM" = "$BUNDLE_REALM" ] ||
		die $EX_POLICY "the certificate is of realm '$CERT_REALM', the bundle of '$BUNDLE_REALM': carry it again"
	IN_ROLE[$2]=$CERT_ROLE IN_NAME[$2]=$CERT_NAME IN_STEM[$2]=$(stem_of "$CERT_ROLE" "$CERT_NAME")
	IN_KEY[$2]=$OUT/${IN_STEM[$2]}.key
	check_private "${IN_KEY[$2]}"
	if ! fits "$cert" "${IN_KEY[$2]}"; then
		IN_KEY[$2]=$OUT/${IN_STEM[$2]}.next.key
		{ [ -e "${IN_KEY[$2]}" ] && check_private "${IN_KEY[$2]}" && fits "$cert" "${IN_KEY[$2]}"; } ||
			die $EX_POLICY "the certificate of $CERT_NAME is not for the key '$OUT/${IN_STEM[$2]}.key': it was issued to another key, send your own request"
	fi
	if [ -e "$OUT/${IN_STEM[$2]}.pem" ] && [ "${IN_KEY[$2]}" = "$OUT/${IN_STEM[$2]}.key" ]; then
		identity_of "$OUT/${IN_STEM[$2]}.pem"
		[ "$CERT_ROLE" = "${IN_ROLE[$2]}" ] && [ "$CERT_NAME" = "${IN_NAME[$2]}" ] ||
			die $EX_EXISTS "'$OUT/${IN_STEM[$2]}.pem' is of $CERT_ROLE/$CERT_NAME and is never overwritten: choose another folder"
	fi
}

fits() { # CERTIFICATE KEY
	if is_encrypted "$2"; then read_passphrase "the key '$2'"; fi
	[ "$(openssl x509 -in "$1" -noout -pubkey)" = "$(with_key "$2" pkey -in "$2" -pubout 2>/dev/null)" ]
}

# A pair that is replaced keeps a name of its own under old/. A power cut
# between the two renames leaves a pair that does not fit: the same install,
# once more, ends it.
place_certificate() { # N
	local stem=${IN_STEM[$1]} cert=$SCRATCH/in.cert.$1.pem old
	if [ ! -e "$OUT/$stem.pem" ]; then
		openssl x509 -in "$cert" | new_file "$OUT/$stem.pem"
		return
	fi
	identity_of "$cert"
	old=$CERT_SERIAL
	identity_of "$OUT/$stem.pem"
	[ "$CERT_SERIAL" != "$old" ] || return 0
	old=$OUT/old/$CERT_SERIAL
	make_folder "$old"
	[ -e "$old/$stem.key" ] || ln "$OUT/$stem.key" "$old/$stem.key"
	[ -e "$old/$stem.pem" ] || ln "$OUT/$stem.pem" "$old/$stem.pem"
	sync "$old"
	[ "${IN_KEY[$1]}" = "$OUT/$stem.key" ] || mv -T "${IN_KEY[$1]}" "$OUT/$stem.key"
	sync "$OUT"
	openssl x509 -in "$cert" | write_file "$OUT/$stem.pem"
}

# ---------------------------------------------------------------- settings
# The programs' own settings, where there are none yet.

write_settings() {
	local n whole
	whole=$(cd "$OUT" && pwd)
	for ((n = 0; n < CERTS; n++)); do
		case ${IN_ROLE[n]} in
		server)
			identity_of "$OUT/server.pem"
			server_settings "$whole" "$BUNDLE_REALM" "0.0.0.0:$PORT" "$whole/data" "${CERT_HOSTS[@]}" "${CERT_IPS[@]}" |
				keep_or_write "$OUT/auctiond.conf"
			;;
		bidder | seller | trader | auditor | admin | monitor)
			client_settings "$whole" "${IN_NAME[n]}" "$BUNDLE_REALM" "https://${BUNDLE_SERVERS[0]}:$PORT" crl |
				keep_or_write "$OUT/auction.conf"
			;;
		esac
	done
}

keep_or_write() {
	if [ -e "$1" ]; then cat >/dev/null; else new_file "$1" 600; fi
}

server_settings() { # FOLDER REALM LISTEN DATA NAMES...
	local folder=$1 realm=$2 listen=$3 data=$4 list
	shift 4
	printf -v list '"%s", ' "$@"
	cat <<-CONF
		listen = {"$listen"}
		names = {${list%, }}
		data = "$data"
		realm = "$realm"
		tls {
		  cert = "$folder/server.pem"
		  key = "$folder/server.key"
		  client_ca = "$folder/ca.pem"
		  crl = "$folder/crl.pem"
		}
		audit {
		  cert = "$folder/log.pem"
		  key = "$folder/log.key"
		}
	CONF
}

client_settings() { # FOLDER NAME CONTEXT URL [crl]
	local list=''
	[ -z "${5:-}" ] || list=$'\n'"  crl = \"$1/crl.pem\""
	cat <<-CONF
		current = "$3"
		context "$3" {
		  server = "$4"
		  cert = "$1/$2.pem"
		  key = "$1/$2.key"
		  ca = "$1/ca.pem"$list
		}
	CONF
}

report_install() {
	local n
	for ((n = 0; n < CERTS; n++)); do
		say "installed ${IN_ROLE[n]}/${IN_NAME[n]} in $OUT"
	done
	[ "$CERTS" -gt 0 ] || say "installed the authority and revocation list $(crl_number "$OUT/crl.pem") in $OUT"
	[ "$JSON" = 0 ] || json_line role "${IN_ROLE[0]:-}" name "${IN_NAME[0]:-}" dir "$OUT" '#crl_number' "$(crl_number "$OUT/crl.pem")"
}

# ------------------------------------------------------------------- export

cmd_export() {
	local file='' generate=0 key_file=''
	OUT=${OUT:-.}
	while [ $# -gt 0 ]; do
		case $1 in
		--p12) needs export "$@"; file=$2; shift 2 ;;
		--out) needs export "$@"; OUT=$2; shift 2 ;;
		--generate) generate=1; shift ;;
		--key-passphrase-file) needs export "$@"; check_private "$2"; key_file=$2; shift 2 ;;
		*) take_passphrase_option "$@" || usage_error "export: unknown option '$1'"; shift 2 ;;
		esac
	done
	[ -n "$file" ] || usage_error "export: give --p12 FILE"
	not_there "$file"
	find_installed
	make_scratch
	local own=''
	check_private "$OUT/$STEM.key"
	if is_encrypted "$OUT/$STEM.key"; then
		if [ -n "$key_file" ]; then
			IFS= read -r own <"$key_file" || true
		else
			[ -t 0 ] || die $EX_USAGE "nobody can be asked for the passphrase of '$OUT/$STEM.key': give --key-passphrase-file"
			IFS= read -rsp "passphrase of '$OUT/$STEM.key': " own
			echo >&2
		fi
	fi
	if [ $generate = 1 ]; then
		in_groups "$(openssl rand -hex 10)"
		PASSPHRASE=${GROUPED// /-} HAS_PASSPHRASE=1
	else
		read_passphrase "the file '$file'" new
	fi
	write_p12 "$file" "$own"
	say "$file: key and certificate of $STEM, AES-256"
	[ $generate = 0 ] || say "passphrase $PASSPHRASE"
	[ "$JSON" = 0 ] || { [ $generate = 1 ] && json_line file "$file" name "$STEM" passphrase "$PASSPHRASE" || json_line file "$file" name "$STEM"; }
}

write_p12() { # FILE KEY-PASSPHRASE: written, then read again
	local folder=${1%/*} want got
	[ "$folder" != "$1" ] || folder=.
	name_unfinished "$folder"
	openssl pkcs12 -export -keypbe AES-256-CBC -certpbe AES-256-CBC -macalg sha256 -name "$STEM" \
		-in "$OUT/$STEM.pem" -inkey "$OUT/$STEM.key" -certfile "$OUT/ca.pem" -out "$UNFINISHED" \
		-passin fd:3 -passout fd:4 3< <(printf '%s\n' "$2") 4< <(printf '%s\n' "$PASSPHRASE") 2>"$SCRATCH/log" ||
		die $EX_FAILED "'$1' could not be written: does '$OUT/$STEM.pem' fit its key ('$PROGRAM check'), and is the key's passphrase right?"
	want=$(openssl x509 -in "$OUT/$STEM.pem" -noout -pubkey)
	got=$(openssl pkcs12 -in "$UNFINISHED" -nocerts -nodes -passin fd:3 3< <(printf '%s\n' "$PASSPHRASE") 2>/dev/null | openssl pkey -pubout 2>/dev/null)
	[ "$want" = "$got" ] || die $EX_FAILED "'$1' could not be read again: nothing was written"
	place_new "$1" 600
}
