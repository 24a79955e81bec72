# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sets what is used here
# What is measured of auctiond, and of the bare server beside it.

fresh_auctiond() { # options...: an empty store with auctions; sets first
	rm -rf "$lab/data"
	start_auctiond "$@"
	first=$(bench create --lab "$lab" --port "$port" -a "$spread")
}

ours() { # auction-bench's options...
	measure load --port "$port" --pid "$pid" --first "$first" -a "$spread" \
		--seconds "$seconds" "$@"
}

works_of_auctiond() {
	fresh_auctiond
	ours
	ours -a 1
	ours -d 16
	ours -a 1 -d 16
	ours -c 1
	ours -c 16
	ours --signed
	ours -r 1000
	ours -w read
	ours -w read -c 1
	ours -w handshake -c 16
	stop_all
}

# A process of its own, so that what other works have used is not counted.
idle_of_auctiond() {
	fresh_auctiond
	ours -w idle -c "$1" --seconds 2
	stop_all
}

workers_of_auctiond() { # the same load on one worker thread and on two
	local n
	for n in 1 2; do
		fresh_auctiond -t "$n"
		ours --name "auctiond, $n worker"
		ours --name "auctiond, $n worker" -d 16
		ours --name "auctiond, $n worker" -w read
		stop_all
	done
}

streams_of_auctiond() { # the rate of bids without and with 1,000 readers
	local watching
	fresh_auctiond
	ours -a 1 -r 1000 --name "auctiond, no streams"
	measure watch --port "$port" --first "$first" -c 1000 \
		--seconds "$((seconds + 8))" &
	watching=$!
	sleep 6
	ours -a 1 -r 1000 --name "auctiond, 1000 streams"
	wait "$watching" || true
	stop_all
}

works_of_echo() {
	local w=(load --name echo --protocol fixed --seconds "$seconds")
	start_echo
	w+=(--port "$echo_port" --pid "$echo_pid")
	measure "${w[@]}" -w fixed -c 1
	measure "${w[@]}" -w fixed
	measure "${w[@]}" -w fixed -d 16
	measure "${w[@]}" -w handshake -c 16
	measure "${w[@]}" -w idle -c "$1" --seconds 2
	stop_all
}
