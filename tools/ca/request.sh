# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# On the machine of a server or a person: make a key that stays there, and a
# request to be carried to the authority; the same again to renew.
#
# A request file is text: "# role", "# name", "# host", "# ip" before each PEM
# block. A server's has two, for it needs a key for TLS and one for its log.
# The fingerprint covers all of it, so that nobody can alter on the way what
# two people compare.

cmd_request() {
	local role='' name='' servers=() log='' node='' type='' ips=() with_log=1 encrypt=0
	OUT=${OUT:-.}
	while [ $# -gt 0 ]; do
		case $1 in
		--role) needs request "$@"; role=$2; shift 2 ;;
		--name) needs request "$@"; name=$2; shift 2 ;;
		--server) needs request "$@"; check_host "$2"; servers+=("$2"); shift 2 ;;
		--log) needs request "$@"; check_origin "$2"; log=$2; shift 2 ;;
		--no-log) with_log=0; shift ;;
		--node) needs request "$@"; check_name "$2"; node=$2; shift 2 ;;
		--ip) needs request "$@"; check_ip "$2"; ips+=("$IP"); shift 2 ;;
		--out) needs request "$@"; OUT=$2; shift 2 ;;
		--key-type) needs request "$@"; key_options "$2" >/dev/null; type=$2; shift 2 ;;
		--encrypt) encrypt=1; shift ;;
		*) take_passphrase_option "$@" || usage_error "request: unknown option '$1'"; encrypt=1; shift 2 ;;
		esac
	done
	[ "$((${#role} > 0)) $((${#servers[@]} > 0)) $((${#node} > 0))" != "0 0 0" ] || [ -n "$log" ] ||
		usage_error "request: give --role and --name, --server, --node or --log"
	if [ ${#servers[@]} -gt 0 ] && [ -z "$log" ] && [ $with_log = 1 ]; then log=${servers[0]}/log/1; fi
	if [ -n "$node" ]; then role=node name=$node; fi
	if [ -n "$role" ] && [ "$role" != node ]; then check_role "$role"; check_name "$name"; fi
	make_folder "$OUT"
	make_scratch
	[ $encrypt = 0 ] || read_passphrase "the new key" new
	: >"$SCRATCH/request"
	[ -z "$role" ] || request_part "$role" "$name" "${type:-p256}" "${servers[@]}"
	if [ -z "$role" ] && [ ${#servers[@]} -gt 0 ]; then
		request_part server "${servers[0]}" "${type:-p256}" "${servers[@]:1}"
	fi
	# A log's key signs checkpoints, which are Ed25519 by their format.
	ips=()
	[ -z "$log" ] || request_part log "$log" ed25519
	finish_request "$OUT/$(first_stem).csr"
}

first_stem() {
	local role name
	{
		read -r _
		read -r _ _ role
		read -r _ _ name
	} <"$SCRATCH/request"
	stem_of "$role" "$name"
}

request_part() { # ROLE NAME TYPE MORE-HOSTS...: appended to the request
	local role=$1 name=$2 type=$3 stem host
	shift 3
	stem=$(stem_of "$role" "$name")
	not_there "$OUT/$stem.pem"
	make_request "$type" "$(subject_of "$name")" "$OUT/$stem.key" "$SCRATCH/csr"
	{
		echo "# auction-ca request"
		echo "# role $role"
		echo "# name $name"
		for host in "$@"; do echo "# host $host"; done
		for host in "${ips[@]}"; do echo "# ip $host"; done
		cat "$SCRATCH/csr"
	} >>"$SCRATCH/request"
}

finish_request() { # FILE
	local role name
	write_file "$1" <"$SCRATCH/request"
	split_request "$1"
	request_fingerprint
	in_groups "$PRINT"
	role=${PART_ROLE[0]} name=${PART_NAME[0]}
	say "request $1 for $role/$name; the key stays in $OUT"
	say "fingerprint $GROUPED"
	say "carry the file to the authority, and read its fingerprint out there"
	[ "$JSON" = 0 ] || json_line request "$1" role "$role" name "$name" fingerprint "$GROUPED"
}

# ----------------------------------------------------------- reading requests
# split_request FILE: PART_* with an entry a request; files of the N-th in
# SCRATCH/part.N.{csr,old,proof}. What it holds is proved by nobody yet.

split_request() {
	local count n
	check_text_file "$1" request
	rm -f "$SCRATCH"/part.*
	awk -v to="$SCRATCH/part." '
		function go(kind) { file = to n "." kind }
		BEGIN { n = 0; go("csr") }
		/^# auction-ca (request|renewal)$/ { if (seen) n++; seen = 1; go("csr"); next }
		/^# old$/ { go("old"); next }
		/^# proof$/ { go("proof"); next }
		/^# / { print > (to n ".meta"); next }
		n < 4 { print > file }' "$1"
	PART_ROLE=() PART_NAME=() PART_HASH=() PART_HOSTS=() PART_IPS=()
	for ((n = 0; n < 4; n++)); do
		[ -e "$SCRATCH/part.$n.csr" ] || break
		read_meta "$n"
		read_request "$1" "$n"
	done
	count=${#PART_HASH[@]}
	[ "$count" -gt 0 ] || die $EX_POLICY "'$1' holds no request in PEM: is it the file that 'request' has made?"
}

read_meta() { # N: what its comments say
	local line
	PART_ROLE[$1]='' PART_NAME[$1]='' PART_HOSTS[$1]='' PART_IPS[$1]=''
	[ -e "$SCRATCH/part.$1.meta" ] || return 0
	while IFS= read -r line; do
		case $line in
		'# role '*) PART_ROLE[$1]=${line#\# role } ;;
		'# name '*) PART_NAME[$1]=${line#\# name } ;;
		'# host '*) PART_HOSTS[$1]+="${PART_HOSTS[$1]:+ }${line#\# host }" ;;
		'# ip '*) PART_IPS[$1]+="${PART_IPS[$1]:+ }${line#\# ip }" ;;
		esac
	done < <(head -n 64 "$SCRATCH/part.$1.meta")
}

# The request is signed by its own key: openssl says so in words only.
read_request() { # FILE N
	openssl req -in "$SCRATCH/part.$2.csr" -verify -noout -pubkey -text >"$SCRATCH/request.text" 2>"$SCRATCH/log" || true
	[[ $(<"$SCRATCH/log") == *"verify OK"* ]] ||
		die $EX_POLICY "'$1' is no request, or not signed by its own key: ask for a new one"
	check_strength "$1"
	PART_HASH[$2]=$(sed -n '/^-----BEGIN PUBLIC/,/^-----END PUBLIC/p' "$SCRATCH/request.text" | key_hash)
}

check_strength() { # FILE: the keys that the server takes
	local text bits
	text=$(<"$SCRATCH/request.text")
	case $text in
	*"Public Key Algorithm: id-ecPublicKey"*"ASN1 OID: prime256v1"*) return ;;
	*"Public Key Algorithm: id-ecPublicKey"*"ASN1 OID: secp384r1"*) return ;;
	*"Public Key Algorithm: ED25519"*) return ;;
	*"Public Key Algorithm: rsaEncryption"*)
		bits=${text#*Public-Key: (}
		bits=${bits%% *}
		if [ "$bits" -ge 2048 ] && [ "$bits" -le 4096 ]; then return; fi
		;;
	esac
	die $EX_POLICY "the key of '$1' is too weak, or of a kind that the server refuses: P-256, P-384, Ed25519, or RSA of 2048 to 4096 bits"
}

request_fingerprint() { # into PRINT: 80 bits of a hash over all that is asked for
	local n text=
	for n in "${!PART_HASH[@]}"; do
		text+="${PART_ROLE[n]:--} ${PART_NAME[n]:--} ${PART_HOSTS[n]:--} ${PART_IPS[n]:--} ${PART_HASH[n]}"$'\n'
	done
	read -r PRINT _ < <(printf %s "$text" | sha256sum)
	PRINT=${PRINT:0:20}
}

# ------------------------------------------------------------------ renewing

find_installed() { # the one certificate with its key in OUT: STEM
	local file found=()
	[ -d "$OUT" ] || die $EX_EXISTS "folder '$OUT' not found: give --out"
	for file in "$OUT"/*.pem; do
		[ -e "${file%.pem}.key" ] && found+=("$file")
	done
	for file in "${found[@]}"; do
		[ "${file##*/}" != server.pem ] || found=("$file")
	done
	[ ${#found[@]} = 1 ] || die $EX_EXISTS "'$OUT' has ${#found[@]} certificates with their keys: give the folder of one with --out"
	STEM=${found[0]##*/} STEM=${STEM%.pem}
}

identity_of() { # CERTIFICATE: CERT_REALM CERT_ROLE CERT_NAME CERT_SERIAL, names
	local text uri
	text=$(openssl x509 -in "$1" -noout -serial -ext subjectAltName 2>/dev/null) ||
		die $EX_POLICY "'$1' is no certificate in PEM: ask for it again"
	CERT_SERIAL=$(sed -n 's/^serial=//p' <<<"$text" | tr 'A-F' 'a-f')
	uri=$(grep -o 'URI:[^,]*' <<<"$text" | head -n 1)
	case $uri in
	URI:auction://*/*/*)
		uri=${uri#URI:auction://}
		CERT_REALM=${uri%%/*} uri=${uri#*/}
		CERT_ROLE=${uri%%/*} CERT_NAME=${uri#*/}
		;;
	URI:https://*) CERT_REALM='' CERT_ROLE=log CERT_NAME=${uri#URI:https://} ;;
	*) die $EX_POLICY "'$1' names nobody of an auction: it was not issued by $PROGRAM" ;;
	esac
	mapfile -t CERT_HOSTS < <(grep -o 'DNS:[^, ]*' <<<"$text" | cut -c5-)
	mapfile -t CERT_IPS < <(grep -o 'IP Address:[^, ]*' <<<"$text" | cut -c12- | tr 'A-F' 'a-f')
	[ "$CERT_ROLE" != server ] || CERT_NAME=${CERT_HOSTS[0]:-$CERT_NAME}
}

cmd_renew() {
	local same=0 type=p256 encrypt=0 key
	OUT=${OUT:-.}
	while [ $# -gt 0 ]; do
		case $1 in
		--same-key) same=1; shift ;;
		--out) needs renew "$@"; OUT=$2; shift 2 ;;
		--log) STEM=log; shift ;;
		--key-type) needs renew "$@"; key_options "$2" >/dev/null; type=$2; shift 2 ;;
		*) take_passphrase_option "$@" || usage_error "renew: unknown option '$1'"; encrypt=1; shift 2 ;;
		esac
	done
	[ -n "${STEM:-}" ] || find_installed
	check_folder "$OUT"
	check_private "$OUT/$STEM.key"
	make_scratch
	[ -e "$OUT/$STEM.pem" ] || die $EX_EXISTS "certificate '$OUT/$STEM.pem' not found: nothing to renew, use 'request'"
	identity_of "$OUT/$STEM.pem"
	# The log is known by its key: another key would be another log.
	[ "$STEM" != log ] || [ $same = 1 ] || die $EX_POLICY "the log is known by its key: renew it with --same-key"
	{ [ $encrypt = 0 ] && ! is_encrypted "$OUT/$STEM.key"; } || read_passphrase "the key of $STEM"
	open_key "$OUT/$STEM.key" "the key of $STEM"
	if [ $same = 1 ]; then
		key=$OUT/$STEM.key
		with_key "$key" req -new -key "$key" -config "$SCRATCH/req.cnf" -subj "$(subject_of "$CERT_NAME")" -out "$SCRATCH/csr" 2>"$SCRATCH/log" ||
			die $EX_FAILED "no request could be made: $(tail -n 1 "$SCRATCH/log")"
	else
		key=$OUT/$STEM.next.key
		make_request "$type" "$(subject_of "$CERT_NAME")" "$key" "$SCRATCH/csr"
	fi
	renewal_text >"$SCRATCH/request"
	finish_request "$OUT/$STEM.renewal.csr"
}

# What the old key signs: this request, and no other use of the key.
renewal_bytes() { # CSR SERIAL
	printf 'auction-ca renewal of %s\n' "$2"
	openssl req -in "$1" -outform DER
}

renewal_text() {
	local host
	renewal_bytes "$SCRATCH/csr" "$CERT_SERIAL" >"$SCRATCH/renewal"
	sign_bytes "$OUT/$STEM.key" "$SCRATCH/renewal" "$SCRATCH/signature"
	echo "# auction-ca renewal"
	echo "# role $CERT_ROLE"
	echo "# name $CERT_NAME"
	for host in "${CERT_HOSTS[@]}"; do [ "$host" = "$CERT_NAME" ] || echo "# host $host"; done
	for host in "${CERT_IPS[@]}"; do echo "# ip $host"; done
	cat "$SCRATCH/csr"
	echo "# old"
	openssl x509 -in "$OUT/$STEM.pem"
	echo "# proof"
	base64 "$SCRATCH/signature"
}
