# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# list: what was issued, made anew from the index each time.

cmd_list() {
	local name='' status='' expiring='' rows=() row
	while [ $# -gt 0 ]; do
		case $1 in
		--name) needs list "$@"; name=$2; shift 2 ;;
		--status)
			needs list "$@"
			case $2 in valid | expired | revoked) ;; *) usage_error "list: --status is valid, expired or revoked" ;; esac
			status=$2
			shift 2
			;;
		--expiring) needs list "$@"; expiring=$(days_of "$2" --expiring); shift 2 ;;
		*) usage_error "list: unknown option '$1'" ;;
		esac
	done
	need_ca
	mapfile -t rows < <(index_rows | awk -F'\t' -v n="$name" -v want="$status" \
		-v limit="${expiring:+$(stamp "+$expiring days")}" '
		$9 == "failed" || n != "" && $3 != n || want != "" && $9 != want { next }
		limit != "" && ($9 != "valid" || $5 > limit) { next } 1')
	[ "$JSON" = 1 ] || [ ${#rows[@]} = 0 ] || list_line SERIAL NAME ROLE KEY "NOT AFTER" CA ISSUED BY STATUS
	for row in "${rows[@]}"; do list_row "$row"; done
	[ -z "$expiring" ] || [ ${#rows[@]} = 0 ] || exit $EX_SOON
}

list_line() {
	printf '%-32s  %-20s %-8s %-16s  %-20s  %-8s  %-20s  %-8s  %s\n' "$@"
}

list_row() {
	local serial role name key end authority issued by status since reason due words
	IFS=$'\t' read -r serial role name key end authority issued by status since reason due <<<"$1"
	words=$status
	[ "$since" = - ] || words="$status $since $reason"
	[ "$due" = - ] || [ "$status" != valid ] || words="$status, renewed: revoked after $(stamp_words "$due")"
	if [ "$JSON" = 1 ]; then
		json_line serial "$serial" name "$name" role "$role" key "$key" not_after "$end" authority "$authority" \
			issued "$issued" by "$by" status "$status" since "$since" reason "$reason"
	else
		list_line "$serial" "$name" "$role" "${key:0:16}" "$(stamp_words "$end")" "$authority" "$issued" "$by" "$words"
	fi
}
