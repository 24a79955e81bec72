# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The authority: its key, its certificate, and the change to a new one.
#
#   authorities/ID/{ca.key,ca.pem,crl.pem}  one for each authority ever made
#   ca.key                                  a link to the key that signs
#   ca.pem crl.pem trust.bundle             made of the trusted ones, to carry
#   realm names index lock issued/
#
# Which authorities are trusted, and which signs, the index says. The files
# above are made to agree with it by settle, whatever a power cut has left.

profiles() { # the file with the certificate profiles
	local file
	for file in "${AUCTION_CA_PROFILES:-}" "$PARTS/../../certs/profiles.cnf" "$PARTS/../profiles.cnf"; do
		if [ -n "$file" ] && [ -r "$file" ]; then
			echo "$file"
			return
		fi
	done
	die $EX_FAILED "profiles.cnf not found: install $PROGRAM again, or set AUCTION_CA_PROFILES"
}

need_ca() {
	[ -e "$DIR/index" ] && [ -e "$DIR/realm" ] ||
		die $EX_EXISTS "no authority in '$DIR': make one with '$PROGRAM ca init', or give --dir"
	check_folder "$DIR"
	read -r REALM <"$DIR/realm"
	mapfile -t NAMES <"$DIR/names"
	make_scratch
}

# The key of the authority that signs, opened before the lock is taken: a
# person may be asked for the passphrase.
open_authority() {
	local ids id
	mapfile -t ids < <(trusted_authorities)
	[ ${#ids[@]} -gt 0 ] || die $EX_EXISTS "'$DIR' has no authority yet: run '$PROGRAM ca init' again"
	for id in "${ids[@]}"; do
		open_key "$DIR/authorities/$id/ca.key" "the authority"
	done
}

# After the lock: TRUSTED (the first signs), and all files as the index says.
settle() {
	index_mend
	mapfile -t TRUSTED < <(trusted_authorities)
	ISSUER=$DIR/authorities/${TRUSTED[0]}
	publish
}

begin_change() { # what each command that signs does first
	need_ca
	open_authority
	lock
	settle
	revoke_overdue
	prepare_signing
}

whole_file() { # FILE: into WHOLE, "" when it is not there
	WHOLE=
	[ ! -e "$1" ] || IFS= read -rd '' WHOLE <"$1" || true
}

replace_if_changed() { # FILE TEXT
	whole_file "$1"
	[ "$WHOLE" = "$2" ] || printf %s "$2" | write_file "$1"
}

join_trusted() { # NAME: that file of each trusted authority, into JOINED
	local id
	JOINED=
	for id in "${TRUSTED[@]}"; do
		whole_file "$DIR/authorities/$id/$1"
		[ -n "$WHOLE" ] || return 1
		JOINED+=$WHOLE
	done
}

publish() {
	local link=authorities/${TRUSTED[0]}/ca.key
	if [ ! "$DIR/ca.key" -ef "$DIR/$link" ]; then
		ln -s "$link" "$DIR/.unfinished.link"
		mv -T "$DIR/.unfinished.link" "$DIR/ca.key"
	fi
	join_trusted ca.pem && replace_if_changed "$DIR/ca.pem" "$JOINED"
	join_trusted crl.pem || return 0
	replace_if_changed "$DIR/crl.pem" "$JOINED"
	bundle_text
	replace_if_changed "$DIR/trust.bundle" "$BUNDLE"
}

# ------------------------------------------------------------------- making

constraints_of() { # NAMES AND ADDRESSES...: docs in certs/README.md
	local out="permitted;URI:$REALM" name addresses=0
	for name in "$@"; do
		if [[ $name == *:* ]]; then
			out+=",permitted;IP:$name/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" addresses=1
		elif [[ $name =~ ^[0-9.]+$ ]]; then
			out+=",permitted;IP:$name/255.255.255.255" addresses=1
		else
			out+=",permitted;DNS:$name,permitted;URI:$name"
		fi
	done
	# A kind of name without any constraint would be free (RFC 5280 4.2.1.10).
	[ $addresses = 1 ] || out+=",excluded;IP:0.0.0.0/0.0.0.0,excluded;IP:::/::"
	echo "$out"
}

# make_authority TYPE DAYS: key and certificate; its id in AUTHORITY_ID. It
# counts for nothing until the index names it.
make_authority() {
	local home passout=(-nodes) serial options
	AUTHORITY_ID=$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')
	home=$DIR/authorities/$AUTHORITY_ID
	make_folder "$home"
	options=$(key_options "$1")
	name_unfinished "$home"
	[ $HAS_PASSPHRASE = 0 ] || passout=(-passout fd:3)
	# shellcheck disable=SC2086 # several words on purpose
	openssl req -new -newkey $options "${passout[@]}" -config "$SCRATCH/req.cnf" \
		-subj "/O=$REALM/CN=$REALM auction CA $AUTHORITY_ID" \
		-keyout "$UNFINISHED" -out "$SCRATCH/ca.csr" 2>"$SCRATCH/log" 3< <(printf '%s\n' "$PASSPHRASE") ||
		die $EX_FAILED "no authority could be made: $(tail -n 1 "$SCRATCH/log")"
	place_new "$home/ca.key" 600
	serial=$(new_serial)
	prepare_signing
	ca_config "$serial" "$SCRATCH"
	CONSTRAINTS=$(constraints_of "${NAMES[@]}") SAN=unused with_key "$home/ca.key" ca -batch -notext -selfsign \
		-config "$SCRATCH/ca.cnf" -keyfile "$home/ca.key" -in "$SCRATCH/ca.csr" \
		-startdate "$START" -enddate "$(stamp "+$2 days")" -md sha256 \
		-extfile "$PROFILES" -extensions ca -out "$SCRATCH/new.pem" >"$SCRATCH/log" 2>&1 ||
		die $EX_FAILED "no authority could be made: $(grep -v '^Using' "$SCRATCH/log" | tail -n 1)"
	new_file "$home/ca.pem" <"$SCRATCH/new.pem"
}

fingerprint() { # SHA-256 of the first certificate of a file
	local text
	text=$(openssl x509 -in "$1" -noout -fingerprint -sha256)
	text=${text#*=}
	text=${text//:/}
	echo "${text,,}"
}

grouped_fingerprint() { # FILE: into GROUPED
	GROUPED=$(fingerprint "$1")
	in_groups "$GROUPED"
}

cmd_ca() {
	[ $# -gt 0 ] || usage_error "ca: give init or rotate"
	local word=$1
	shift
	case $word in
	init) cmd_ca_init "$@" ;;
	rotate) cmd_ca_rotate "$@" ;;
	*) usage_error "ca: unknown command '$word'" ;;
	esac
}

cmd_ca_init() {
	local type=p256 days=3650 passphrase=1 name
	REALM='' NAMES=()
	while [ $# -gt 0 ]; do
		case $1 in
		--realm) needs "ca init" "$@"; REALM=$2; shift 2 ;;
		--server-name) needs "ca init" "$@"; check_host "$2"; NAMES+=("$2"); shift 2 ;;
		--ip) needs "ca init" "$@"; check_ip "$2"; NAMES+=("$IP"); shift 2 ;;
		--key-type) needs "ca init" "$@"; type=$2; shift 2 ;;
		--days) needs "ca init" "$@"; days=$(days_of "$2" --days); shift 2 ;;
		--no-passphrase) passphrase=0; shift ;;
		*) take_passphrase_option "$@" || usage_error "ca init: unknown option '$1'"; shift 2 ;;
		esac
	done
	[ -n "$REALM" ] || usage_error "ca init: --realm is missing"
	[[ "${NAMES[*]}" == *[a-z]* ]] || usage_error "ca init: --server-name is missing"
	case $type in rsa) usage_error "ca init: --key-type is p256, p384 or ed25519" ;; esac
	key_options "$type" >/dev/null
	check_host "$REALM"
	make_folder "$DIR"
	[ $passphrase = 0 ] || read_passphrase "the new authority" new
	make_scratch
	lock
	[ -e "$DIR/index" ] || : | write_file "$DIR/index"
	index_mend
	[ -z "$(trusted_authorities)" ] ||
		die $EX_EXISTS "'$DIR' has an authority already and is never overwritten: choose another folder with --dir"
	write_file "$DIR/realm" <<<"$REALM"
	for name in "${NAMES[@]}"; do echo "$name"; done | write_file "$DIR/names"
	make_authority "$type" "$days"
	index_add authority - - - - - "$AUTHORITY_ID" "realm $REALM"
	settle
	make_crl 30
	say "authority for realm $REALM in $DIR"
	grouped_fingerprint "$DIR/ca.pem"
	say "fingerprint $GROUPED"
	say "read the fingerprint out to everybody who installs a bundle; keep a copy of $DIR off this machine"
	[ "$JSON" = 0 ] || json_line realm "$REALM" dir "$DIR" fingerprint "$GROUPED" '#crl_number' "$CRL_NUMBER"
}

# ------------------------------------------------------------------- rotate
# Each step is one line of the index; everything else follows from it.

cmd_ca_rotate() {
	local step='' days=3650 yes=0 type=p256
	while [ $# -gt 0 ]; do
		case $1 in
		begin | switch | finish | abort) step=$1; shift ;;
		--days) needs "ca rotate" "$@"; days=$(days_of "$2" --days); shift 2 ;;
		--key-type) needs "ca rotate" "$@"; type=$2; shift 2 ;;
		--yes) yes=1; shift ;;
		*) take_passphrase_option "$@" || usage_error "ca rotate: unknown option '$1'"; shift 2 ;;
		esac
	done
	[ -n "$step" ] || usage_error "ca rotate: give begin, switch, finish or abort"
	begin_change
	local phase
	phase=$(rotation_phase)
	case $step/$phase in
	begin/none) rotate_begin "$type" "$days" ;;
	switch/begun) index_add rotate - - - - - "${TRUSTED[1]}" switch ;;
	finish/switched) refuse_orphans "$yes"; index_add rotate - - - - - "${TRUSTED[1]}" finish ;;
	abort/switched) index_add rotate - - - - - "${TRUSTED[1]}" back ;;
	abort/begun) refuse_orphans "$yes"; index_add rotate - - - - - "${TRUSTED[1]}" abort ;;
	begin/*) die $EX_EXISTS "a rotation has begun already: go on with 'ca rotate $([ "$phase" = begun ] && echo switch || echo finish)', or 'ca rotate abort'" ;;
	switch/switched) die $EX_EXISTS "the new authority signs already: go on with 'ca rotate finish'" ;;
	finish/begun) die $EX_POLICY "the old authority still signs: 'ca rotate switch' first" ;;
	*) die $EX_EXISTS "no rotation has begun: 'ca rotate begin' first" ;;
	esac
	settle
	make_crl 30
	rotate_report "$step" "$phase"
}

rotate_begin() { # TYPE DAYS
	[ $HAS_PASSPHRASE = 1 ] || ! is_encrypted "$ISSUER/ca.key" || read_passphrase "the authority"
	make_authority "$1" "$2"
	# Who trusts one of the two may trust the other: each vouches for it.
	vouch "${TRUSTED[0]}" "$AUTHORITY_ID"
	vouch "$AUTHORITY_ID" "${TRUSTED[0]}"
	index_add rotate - - - - - "$AUTHORITY_ID" begin
}

vouched_bytes() { # CERTIFICATE: what is signed
	printf 'auction-ca trusts\n'
	openssl x509 -in "$1" -outform DER
}

vouch() { # SIGNER OTHER
	local home=$DIR/authorities
	vouched_bytes "$home/$2/ca.pem" >"$SCRATCH/vouched"
	sign_bytes "$home/$1/ca.key" "$SCRATCH/vouched" "$SCRATCH/signature"
	base64 "$SCRATCH/signature" | new_file "$home/$2/vouched-by-$1"
}

# Certificates of the authority that is dropped would be worthless at once.
refuse_orphans() { # YES
	local count
	count=$(index_rows | awk -F'\t' -v a="${TRUSTED[1]}" '$6 == a && $9 == "valid"' | wc -l)
	[ "$count" = 0 ] || [ "$1" = 1 ] ||
		die $EX_POLICY "$count valid certificates are of the authority ${TRUSTED[1]}: renew or revoke them first (list --status valid), or give --yes"
}

rotate_report() { # STEP PHASE
	local what
	case $1/$2 in
	begin/*) what="both are trusted, the old one signs: carry trust.bundle to every machine, then 'ca rotate switch'" ;;
	switch/*) what="both are trusted, the new one signs: renew what the old one signed, then 'ca rotate finish'" ;;
	finish/*) what="the old one is dropped: carry trust.bundle to every machine" ;;
	abort/switched) what="both are trusted, the old one signs again: renew what the new one signed, then 'ca rotate abort' once more drops it" ;;
	abort/*) what="the new one is dropped: carry trust.bundle to every machine" ;;
	esac
	say "$what"
	grouped_fingerprint "$ISSUER/ca.pem"
	say "authority that signs: $GROUPED"
	[ "$JSON" = 0 ] || json_line step "$1" signs "${TRUSTED[0]}" '#trusted' "$(json_array "${TRUSTED[@]}")" \
		fingerprint "$GROUPED" '#crl_number' "$CRL_NUMBER"
}
