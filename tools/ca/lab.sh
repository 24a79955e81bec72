# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# lab: an authority, a server and clients in one folder, without passphrases,
# for trying out and for tests; and an archive to carry to each machine.

cmd_lab() {
	local clients=() ips=() from='' part archives=1
	HOST=localhost PORT=8443 REALM=lab.example
	while [ $# -gt 0 ]; do
		case $1 in
		--server) needs lab "$@"; check_host "$2"; HOST=$2; shift 2 ;;
		--ip) needs lab "$@"; check_ip "$2"; ips+=("$IP"); shift 2 ;;
		--port) needs lab "$@"; PORT=$2; shift 2 ;;
		--realm) needs lab "$@"; REALM=$2; shift 2 ;;
		--client) needs lab "$@"; clients+=("$2"); shift 2 ;;
		--clients-from) needs lab "$@"; from=$2; shift 2 ;;
		--no-archives) archives=0; shift ;;
		*) usage_error "lab: unknown option '$1'" ;;
		esac
	done
	[ ${#ips[@]} -gt 0 ] || ips=(127.0.0.1)
	if [ -n "$from" ]; then
		check_text_file "$from" "list of clients"
		mapfile -t -O ${#clients[@]} clients <"$from"
	fi
	for part in "${clients[@]}"; do
		check_role "${part%%/*}"
		check_name "${part#*/}"
	done
	[ -z "$(printf '%s\n' "${clients[@]#*/}" | sort | uniq -d)" ] || usage_error "lab: a name is given twice"
	mkdir -p "$DIR"
	LAB=$(cd "$DIR" && pwd)
	DIR=$LAB/ca
	lab_authority "${ips[@]}"
	lab_server "${ips[@]}"
	lab_clients "${clients[@]}"
	lab_readme >"$LAB/README"
	[ $archives = 0 ] || lab_archives "${clients[@]#*/}"
	unlock
	say "laboratory in $LAB: server/auctiond.conf, clients/NAME/auction.conf"
	[ $archives = 0 ] || say "to carry to other machines: archives/server.tar, archives/NAME.tar"
	[ "$JSON" = 0 ] || json_line dir "$LAB" '#clients' "${#clients[@]}" '#lab' true
}

lab_authority() { # IPS...
	local init=(--realm "$REALM" --server-name "$HOST" --no-passphrase) ip
	for ip in "$@"; do init+=(--ip "$ip"); done
	cmd_ca_init "${init[@]}" >/dev/null
	prepare_signing
}

lab_server() { # IPS...
	local home=$LAB/server serials names=DNS:$HOST,URI:auction://$REALM/server/${HOST%%.*} ip end
	make_folder "$home"
	for ip in "$@"; do names+=",IP:$ip"; done
	mapfile -t serials < <(new_serials 2)
	end=$(not_after 365)
	index_add issued "${serials[0]}" server "$HOST" - "$end" "${TRUSTED[0]}" LAB
	index_add issued "${serials[1]}" log "$HOST/log/1" - "$(not_after 3650)" "${TRUSTED[0]}" LAB
	make_request p256 "/CN=$HOST" "$home/server.key" "$SCRATCH/csr"
	issue "${serials[0]}" "$SCRATCH/csr" server "/CN=$HOST" "$names" "$end" "$home/server.pem" "$SCRATCH" ||
		die $EX_FAILED "no certificate for $HOST: $(issue_reason "$SCRATCH")"
	make_request ed25519 "/CN=$HOST log" "$home/log.key" "$SCRATCH/csr"
	issue "${serials[1]}" "$SCRATCH/csr" log "/CN=$HOST log" "URI:https://$HOST/log/1" "$(not_after 3650)" "$home/log.pem" "$SCRATCH" ||
		die $EX_FAILED "no certificate for the log: $(issue_reason "$SCRATCH")"
	cp "$DIR/ca.pem" "$DIR/crl.pem" "$home/"
	{
		echo "# LAB: keys of this folder have no passphrase and were made in one place."
		server_settings "$home" "$REALM" "127.0.0.1:$PORT" "$LAB/data" "$HOST" "$@"
	} >"$home/auctiond.conf"
}

# All serials are in the index before the first is used, then several
# processes make keys and certificates.
lab_clients() { # ROLE/NAME...
	local n count=$# serials workers end
	make_folder "$LAB/clients"
	[ "$count" -gt 0 ] || return 0
	end=$(not_after 90)
	mapfile -t serials < <(new_serials "$count")
	for ((n = 1; n <= count; n++)); do
		echo "${serials[n - 1]} ${!n}"
	done >"$SCRATCH/clients"
	awk -v t="$(date -u +%Y-%m-%dT%H:%M:%SZ)" -v e="$end" -v a="${TRUSTED[0]}" -v by="$(id -un)" -v OFS='\t' '{
		split($2, p, "/"); print t, "issued", $1, p[1], p[2], "-", e, a, "LAB", by, "end" }' "$SCRATCH/clients" >>"$DIR/index"
	sync "$DIR/index"
	split -n "r/$(nproc)" "$SCRATCH/clients" "$SCRATCH/batch."
	workers=()
	for n in "$SCRATCH"/batch.?? ; do
		[ -s "$n" ] || continue
		lab_batch "$n" "$end" 3>>"$SCRATCH/progress" &
		workers+=($!)
	done
	while [ -t 2 ] && [ -n "$(jobs -rp)" ]; do
		printf '\r%s certificates of %s' "$(wc -l <"$SCRATCH/progress")" "$count" >&2
		sleep 0.2
	done
	for n in "${workers[@]}"; do
		wait "$n" || die $EX_FAILED "not every client got its certificate: see above"
	done
	[ ! -t 2 ] || printf '\r' >&2
}

lab_batch() { # FILE END: its own scratch, for openssl keeps a database there
	local serial client role name home scratch=$1.d
	mkdir "$scratch"
	while read -r serial client; do
		role=${client%%/*} name=${client#*/} home=$LAB/clients/${client#*/}
		mkdir -m 700 "$home" 2>/dev/null || not_there "$home"
		openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config "$SCRATCH/req.cnf" \
			-subj "/CN=$name" -keyout "$home/$name.key" -out "$scratch/csr" 2>/dev/null ||
			die $EX_FAILED "no key for $name"
		issue "$serial" "$scratch/csr" client "/CN=$name" "URI:auction://$REALM/$role/$name" "$2" "$home/$name.pem" "$scratch" ||
			die $EX_FAILED "no certificate for $name: $(issue_reason "$scratch")"
		cp "$DIR/ca.pem" "$DIR/crl.pem" "$home/"
		client_settings "$home" "$name" lab "https://$HOST:$PORT" >"$home/auction.conf"
		echo . >&3
	done <"$1"
}

# ------------------------------------------------------------------ archives

lab_readme() {
	cat <<-README
		LAB: for trying out only. All keys were made in one place, without
		passphrases, by $PROGRAM lab on $(date -u +%F). Trust nothing to them.

		realm $REALM, server https://$HOST:$PORT
		ca/         the authority: ca.pem, crl.pem, the secret ca.key, index
		server/     auctiond -c server/auctiond.conf
		clients/N/  AUCTION_CONFIG=clients/N/auction.conf auction list
		archives/   one for each machine, to be carried there
	README
}

lab_archives() { # NAMES...
	local name
	make_folder "$LAB/archives"
	lab_archive server "$LAB/server" server.key server.pem log.key log.pem
	for name in "$@"; do
		lab_archive "$name" "$LAB/clients/$name" "$name.key" "$name.pem"
	done
}

# An archive has relative names: it is used in the folder where it is unpacked.
lab_archive() { # NAME FOLDER FILES...
	local name=$1 home=$2 extra=$SCRATCH/archive.$1
	shift 2
	mkdir "$extra"
	if [ "$name" = server ]; then
		server_settings . "$REALM" "0.0.0.0:$PORT" data "$HOST" "${NAMES[@]:1}" >"$extra/auctiond.conf"
		machine_readme "the server" "auctiond -c auctiond.conf"
	else
		client_settings . "$name" lab "https://$HOST:$PORT" >"$extra/auction.conf"
		machine_readme "$name" "AUCTION_CONFIG=auction.conf auction list"
	fi >"$extra/README"
	tar -cf "$LAB/archives/$name.tar" -C "$home" "$@" ca.pem crl.pem -C "$extra" .
}

machine_readme() { # WHO COMMAND
	cat <<-README
		LAB: for trying out only. The key of $1 in this archive was not made on
		your machine. Unpack it into a folder of mode 0700, go there, and run

		    $2

		The server is called $HOST: if no DNS knows it, put its address for that
		name into /etc/hosts. '$PROGRAM check --out . $HOST:$PORT' says what is wrong.
	README
}
