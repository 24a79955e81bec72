# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# --help: of all, or of one command, each with an example.

readonly COMMANDS="ca request sign install renew revoke crl list show check export lab"

is_command() { [[ " $COMMANDS " == *" $1 "* ]]; }

help() {
	local command
	cat <<-HELP
		Usage: $PROGRAM [--dir DIR] [--json] COMMAND [OPTIONS]

		The certificate authority of an auctiond deployment, on the openssl command.
		Private keys never leave the machine they are made on; files to be carried
		are text, and people read fingerprints out to each other.

	HELP
	for command in $COMMANDS; do help_of "$command"; done
	cat <<-HELP

		Everywhere: --dir DIR, the folder of the authority (AUCTION_CA_DIR, ./auction-ca),
		or of a machine; --json, one object a line; --help. A passphrase is asked for, or
		read from --passphrase-file FILE or --passphrase-fd N.

		Exit: 0 done, 1 failed, 2 usage, 3 refused by policy, 4 exists or not found,
		5 something expires soon (list --expiring, check).
	HELP
}

help_of() {
	case $1 in
	ca)
		cat <<-HELP
			ca init --realm R --server-name N... [--ip A...] [--key-type p256|p384|ed25519]
			        [--days 3650] [--no-passphrase]
			    make an authority: key, certificate, empty revocation list, index
			    example: $PROGRAM --dir ca ca init --realm fair.example --server-name auction.fair.example
			ca rotate begin|switch|finish|abort [--key-type T] [--days 3650] [--yes]
			    change to a new key, with both trusted in between, and back
			    example: $PROGRAM --dir ca ca rotate begin
		HELP
		;;
	request)
		cat <<-HELP
			request --role ROLE --name NAME | --server HOST... [--ip A...] [--log ORIGIN | --no-log]
			        | --node NAME [--server HOST...] [--ip A...] | --log ORIGIN
			        [--out DIR] [--key-type p256|p384|ed25519|rsa] [--encrypt]
			    make a key here, and a request to carry to the authority
			    example: $PROGRAM request --role bidder --name ann --out ~/auction
		HELP
		;;
	sign)
		cat <<-HELP
			sign FILE.csr [--as ROLE/NAME] [--expect FINGERPRINT] [--days D] [--yes]
			     [--renew [--overlap 7d] [--allow-expired]]
			    check a request, sign it, write a bundle to carry back
			    example: $PROGRAM --dir ca sign ann.csr --as bidder/ann --expect '3f9c 0a12 77b0 11ce 52d4'
		HELP
		;;
	install)
		cat <<-HELP
			install BUNDLE [--ca-fingerprint FP] [--out DIR] [--port 8443]
			    prove a bundle and put it beside its key; later bundles need no fingerprint
			    example: $PROGRAM install ann.bundle --ca-fingerprint '1c5e 77a0 ...' --out ~/auction
		HELP
		;;
	renew)
		cat <<-HELP
			renew [--out DIR] [--same-key] [--log] [--key-type T]
			    a request for a new certificate, signed by the old key and the new
			    example: $PROGRAM renew --out ~/auction
		HELP
		;;
	revoke)
		cat <<-HELP
			revoke NAME | --serial S | --file CERT
			       [--reason keyCompromise|superseded|cessation|hold|removeHold]
			       [--notify URL --admin DIR]
			    take back all certificates of a name, or one; tell a running server
			    example: $PROGRAM --dir ca revoke ann --reason keyCompromise --notify https://auction.fair.example:8443 --admin ~/admin
		HELP
		;;
	crl)
		cat <<-HELP
			crl [--days 30] [--notify URL --admin DIR]
			    a fresh revocation list
			    example: $PROGRAM --dir ca crl
		HELP
		;;
	list)
		cat <<-HELP
			list [--name N] [--status valid|expired|revoked] [--expiring 30d]
			    what was issued, from the index
			    example: $PROGRAM --dir ca list --expiring 30d
		HELP
		;;
	show)
		cat <<-HELP
			show FILE
			    a key, request, certificate, bundle or list in words, and what is wrong with it
			    example: $PROGRAM show ann.csr
		HELP
		;;
	check)
		cat <<-HELP
			check [HOST:PORT] [--out DIR] [--soon 30d]
			    this machine's files, and a real handshake: what is wrong, and the mend
			    example: $PROGRAM check auction.fair.example:8443 --out ~/auction
		HELP
		;;
	export)
		cat <<-HELP
			export --p12 FILE [--out DIR] [--generate] [--key-passphrase-file F]
			    key and certificate for a browser or a card, AES-256
			    example: $PROGRAM export --p12 ann.p12 --out ~/auction
		HELP
		;;
	lab)
		cat <<-HELP
			lab [--server localhost] [--ip 127.0.0.1] [--port 8443] [--realm lab.example]
			    [--client ROLE/NAME]... [--clients-from FILE] [--no-archives]
			    all of it in one folder, for trying out, with an archive for each machine
			    example: $PROGRAM --dir lab lab --client seller/sam --client bidder/ann
		HELP
		;;
	esac
}
