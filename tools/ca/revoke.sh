# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# On the authority's machine: take back what was issued, make the list that
# says so, and tell a running server at once.

cmd_revoke() {
	local who='' serial='' file='' reason=superseded rows
	NOTIFY='' ADMIN=''
	while [ $# -gt 0 ]; do
		case $1 in
		--serial) needs revoke "$@"; serial=${2,,}; shift 2 ;;
		--file) needs revoke "$@"; file=$2; shift 2 ;;
		--reason) needs revoke "$@"; reason=$2; shift 2 ;;
		--notify) needs revoke "$@"; NOTIFY=$2; shift 2 ;;
		--admin) needs revoke "$@"; ADMIN=$2; shift 2 ;;
		--passphrase-*) take_passphrase_option "$@" || usage_error "revoke: unknown option '$1'"; shift 2 ;;
		-*) usage_error "revoke: unknown option '$1'" ;;
		*) [ -z "$who" ] || usage_error "revoke: one name at a time"; who=$1; shift ;;
		esac
	done
	case $reason in
	keyCompromise | superseded) ;;
	cessation) reason=cessationOfOperation ;;
	hold) reason=certificateHold ;;
	removeHold) ;;
	*) usage_error "revoke: reason '$reason' is unknown: keyCompromise, superseded, cessation, hold or removeHold" ;;
	esac
	if [ -n "$file" ]; then
		check_text_file "$file" certificate
		identity_of "$file"
		serial=$CERT_SERIAL
	fi
	[ -n "$who$serial" ] || usage_error "revoke: give a name, --serial or --file"
	check_notify
	begin_change
	mapfile -t rows < <(index_rows | awk -F'\t' -v n="$who" -v s="$serial" '
		$9 == "failed" { next }
		s != "" && $1 == s || s == "" && $3 == n')
	[ ${#rows[@]} -gt 0 ] || die $EX_EXISTS "no certificate of '${serial:-$who}' was issued here: see '$PROGRAM list'"
	COUNT=0
	for row in "${rows[@]}"; do revoke_row "$row" "$reason"; done
	make_crl_if_open
	say "revoked $COUNT; revocation list $CRL_NUMBER in $DIR/crl.pem$([ -n "$NOTIFY" ] || echo ": carry it to the server, or give --notify")"
	notify_server
	[ "$JSON" = 0 ] || json_line '#revoked' "$COUNT" '#crl_number' "$CRL_NUMBER" '#generation' "${GENERATION:-null}" '#closed' "${CLOSED:-null}"
}

revoke_row() { # ROW REASON: into the index, before any list
	local serial role name authority status since was
	IFS=$'\t' read -r serial role name _ _ authority _ _ status since was _ <<<"$1"
	if [ "$2" = removeHold ]; then
		[ "$status" = revoked ] || { say "$serial of $name is not revoked"; return 0; }
		[ "$was" = certificateHold ] ||
			die $EX_POLICY "$serial of $name was revoked on $since for good ($was): only a hold can be taken back, sign a new request"
		index_add restored "$serial" "$role" "$name" - - "$authority" -
		say "$serial of $name is valid again"
		COUNT=$((COUNT + 1))
	elif [ "$status" = revoked ] && { [ "$was" != certificateHold ] || [ "$2" = certificateHold ]; }; then
		say "$serial of $name is revoked since $since ($was)"
	else
		index_add revoked "$serial" "$role" "$name" - - "$authority" "$2"
		COUNT=$((COUNT + 1))
	fi
}

cmd_crl() {
	local days=30
	NOTIFY='' ADMIN=''
	while [ $# -gt 0 ]; do
		case $1 in
		--days) needs crl "$@"; days=$(days_of "$2" --days); shift 2 ;;
		--notify) needs crl "$@"; NOTIFY=$2; shift 2 ;;
		--admin) needs crl "$@"; ADMIN=$2; shift 2 ;;
		*) take_passphrase_option "$@" || usage_error "crl: unknown option '$1'"; shift 2 ;;
		esac
	done
	[ "$days" -ge 1 ] || usage_error "crl: --days is at least 1"
	check_notify
	begin_change
	make_crl "$days"
	say "revocation list $CRL_NUMBER, $days days, in $DIR/crl.pem; for machines: $DIR/trust.bundle"
	notify_server
	[ "$JSON" = 0 ] || json_line '#crl_number' "$CRL_NUMBER" '#days' "$days" '#generation' "${GENERATION:-null}" '#closed' "${CLOSED:-null}"
}

# ------------------------------------------------------------------- notify

check_notify() {
	GENERATION='' CLOSED=''
	[ -n "$NOTIFY" ] || return 0
	split_server "$NOTIFY"
	OUT=${ADMIN:-.}
	find_installed
	check_private "$OUT/$STEM.key"
	[ -e "$OUT/ca.pem" ] || die $EX_EXISTS "'$OUT/ca.pem' not found: --admin is the folder of an administrator's certificate"
}

# Waits for the server's word: what it has loaded and whom it has cut off.
notify_server() {
	local body status
	[ -n "$NOTIFY" ] || return 0
	body=$(json_line crl "$(cat "$DIR/crl.pem")"$'\n')
	# The list is made and safe; that the server does not know is another error.
	call_server POST /v1/admin/reload "$body" -verify_return_error
	status=$(sed -n '1s/^HTTP\/1.1 \([0-9]*\).*/\1/p' "$SCRATCH/answer")
	[ -n "$status" ] || die $EX_FAILED "list $CRL_NUMBER is made, but $NOTIFY was not told: $(refusal_words); then 'crl --notify'"
	[ "$status" = 200 ] || die $EX_FAILED "list $CRL_NUMBER is made, but $NOTIFY refused it: $(problem_words "$status"); then 'crl --notify'"
	GENERATION=$(answer_number generation) CLOSED=$(answer_number closed)
	say "$NOTIFY: generation ${GENERATION:-unknown}, ${CLOSED:-unknown} connections closed"
}

answer_number() { grep -o "\"$1\":[0-9]*" "$SCRATCH/answer" | head -n 1 | cut -d: -f2; }

problem_words() { # STATUS
	local text
	text=$(grep -o '"detail":"[^"]*"' "$SCRATCH/answer" | head -n 1 | cut -d'"' -f4)
	[ -n "$text" ] || text=$(grep -o '"title":"[^"]*"' "$SCRATCH/answer" | head -n 1 | cut -d'"' -f4)
	printf '%s (%s)\n' "${text:-no reason given}" "$1" | tr -cd '[:print:]\n'
}
