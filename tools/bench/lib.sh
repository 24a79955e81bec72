# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # the scripts that read this use what it sets
# What the benchmarks share: a laboratory on a real disk, servers that are
# started on loopback and stopped by their pid, rows of JSON.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=${BIN:-$here/build/release}
seconds=${SECONDS_EACH:-4} rounds=${ROUNDS:-5} spread=${SPREAD:-10000}
# On a real disk: a sync to memory would measure nothing.
work=$(mktemp -d "${BENCH_DIR:-/var/tmp}/auctiond-bench.XXXXXX")
rows=${ROWS:-$work/rows.jsonl}
lab=$work/lab
servers=()
under=() # what auctiond is started by, such as valgrind

say() { echo "$*" >&2; }

stop_all() { # in reverse, as they were started
	local pid
	while [ ${#servers[@]} -gt 0 ]; do
		pid=${servers[-1]}
		unset 'servers[-1]'
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}

finish() {
	stop_all
	[ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap finish EXIT

bench() { "$bin/auction-bench" "$@"; }

measure() { # auction-bench's words: a row, kept and shown
	bench "$@" --lab "$lab" | tee -a "$rows" >&2 || say "(failed: $*)"
}

make_lab() {
	local clients=(--client seller/house) i
	for i in $(seq -w 1 16); do clients+=(--client "bidder/b$i"); done
	"$here/tools/auction-ca" --dir "$lab" lab "${clients[@]}" >/dev/null
}

# One machine is all clients, so the limits on an address and on an account
# do not fit; no other limit is touched.
limits_of_a_bench() {
	local name
	for name in connections per_address per_account handshakes_per_second \
		handshake_burst requests_per_second burst; do
		echo "--set limits.$name=1000000"
	done
	echo "--set limits.handshakes_per_address=10000"
}

wait_for_port() { # FILE with the log of auctiond; sets port
	port=
	for _ in $(seq 600); do
		port=$(sed -n 's/.* listening address=[^ ]*:\([0-9]*\) .*/\1/p' "$1")
		[ -z "$port" ] || return 0
		sleep 0.1
	done
	cat "$1" >&2
	return 1
}

start_auctiond() { # options of auctiond...; sets port and pid
	local options
	mapfile -t options < <(limits_of_a_bench | tr ' ' '\n')
	: >"$work/auctiond.log"
	"${under[@]}" "$bin/auctiond" \
		-c "$lab/server/auctiond.conf" -l 127.0.0.1:0 \
		"${options[@]}" "$@" 2>"$work/auctiond.log" &
	pid=$!
	servers+=("$pid")
	wait_for_port "$work/auctiond.log"
}

free_port() { # a port nobody listens on now
	local candidate
	while :; do
		candidate=$((20000 + RANDOM % 10000))
		(exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null || break
	done
	echo "$candidate"
}

start_echo() { # sets echo_port and echo_pid
	echo_port=$(free_port)
	"$bin/auction-bench" echo --lab "$lab" --port "$echo_port" &
	echo_pid=$!
	servers+=("$echo_pid")
	wait_listening "$echo_port"
}

wait_listening() { # PORT
	for _ in $(seq 200); do
		if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return 0; fi
		sleep 0.05
	done
	say "nobody listens on $1"
	return 1
}
