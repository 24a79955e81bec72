# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The index: append-only text, the one truth of what was issued and revoked.
# A line is one event, eleven fields with tabs between, "-" for nothing:
#
#   time event serial role name key-hash not-after authority detail by end
#
# The word "end" closes it: a line that a power cut has torn lacks it and
# counts for nothing, for nobody has been told of it.

# index_add EVENT SERIAL ROLE NAME KEY NOT-AFTER AUTHORITY DETAIL: durable
# before it returns.
index_add() {
	index_line "$@" >>"$DIR/index"
	sync "$DIR/index"
}

index_line() {
	local IFS=$'\t'
	[ $# = 8 ] || die $EX_FAILED "index line of $# fields: this is a mistake of $PROGRAM"
	printf '%s\n' "$(now_words)$IFS$*$IFS${OPERATOR:=$(id -un)}${IFS}end"
}

# Under the lock: a torn line gets its line end, so that the next stands alone.
index_mend() {
	if [ -s "$DIR/index" ] && [ -n "$(tail -c 1 "$DIR/index" | tr -d '\n' | tr '\0' x)" ]; then
		echo >>"$DIR/index"
		sync "$DIR/index"
		echo "$PROGRAM: '$DIR/index' ends in a torn line of a power cut: nothing of it was handed out" >&2
	fi
}

# A row for each certificate, in the order of issue:
#   serial role name key not-after authority issued by status since reason due
# status: valid, expired, revoked, failed; due: when a renewed one is revoked.
index_rows() {
	awk -F'\t' -v OFS='\t' -v now="$(stamp)" '
		NF != 11 || $11 != "end" { next }
		$2 == "issued" { order[++count] = $3; row[$3] = $3 OFS $4 OFS $5 OFS $6 OFS $7 OFS $8 OFS $1 OFS $10
			end[$3] = $7; since[$3] = "-"; reason[$3] = "-"; due[$3] = "-" }
		$2 == "failed" { failed[$3] = 1 }
		$2 == "revoked" { since[$3] = $1; reason[$3] = $9 }
		$2 == "restored" { since[$3] = "-"; reason[$3] = "-" }
		$2 == "renewed" { due[$3] = $7 }
		END { for (i = 1; i <= count; i++) { s = order[i]
			status = s in failed ? "failed" : since[s] != "-" ? "revoked" : end[s] < now ? "expired" : "valid"
			print row[s], status, since[s], reason[s], due[s] } }' "$DIR/index"
}

# The authorities that are trusted, the one that signs first.
trusted_authorities() {
	awk -F'\t' '
		NF != 11 || $11 != "end" { next }
		$2 == "authority" { current = $8; other = "" }
		$2 == "rotate" && $9 == "begin" { other = $8 }
		$2 == "rotate" && ($9 == "switch" || $9 == "back") { other = current; current = $8 }
		$2 == "rotate" && ($9 == "finish" || $9 == "abort") { other = "" }
		END { if (current != "") print current; if (other != "") print other }' "$DIR/index"
}

rotation_phase() { # none, begun or switched
	awk -F'\t' '
		BEGIN { phase = "none" }
		NF != 11 || $11 != "end" || $2 != "rotate" { next }
		$9 == "begin" || $9 == "back" { phase = "begun" }
		$9 == "switch" { phase = "switched" }
		$9 == "finish" || $9 == "abort" { phase = "none" }
		END { print phase }' "$DIR/index"
}

# "NUMBER DAYS OPEN": of the newest list; open when a revocation is newer.
crl_state() {
	awk -F'\t' '
		NF != 11 || $11 != "end" { next }
		$2 == "crl" { split($9, d, " "); number = d[1]; days = d[2]; open = 0 }
		$2 == "revoked" || $2 == "restored" { open = 1 }
		END { print number + 0, days == "" ? 30 : days, open + 0 }' "$DIR/index"
}

new_serials() { # COUNT: 16 random octets each, the top bit clear, never zero
	od -An -v -w16 -tx1 -N$((16 * $1)) /dev/urandom | awk '{
		first = index("0123456789abcdef", substr($1, 1, 1)) - 1
		gsub(" ", ""); print substr("45674567456745674567", first + 1, 1) substr($0, 2) }'
}

new_serial() { # one that the index does not know
	local serial
	serial=$(new_serials 1)
	[[ $serial =~ ^[4-7][0-9a-f]{31}$ ]] || die $EX_FAILED "no randomness from /dev/urandom: mend the machine"
	if grep -qF "$serial" "$DIR/index"; then
		die $EX_FAILED "serial $serial was drawn twice: this machine's /dev/urandom is broken"
	fi
	echo "$serial"
}
