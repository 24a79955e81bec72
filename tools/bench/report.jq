# SPDX-License-Identifier: Apache-2.0
# Rows of auction-bench in, a table of medians and a table of ratios out.

def median: sort | if length == 0 then null else .[(length - 1) / 2 | floor] end;
def round2: if . == null then null else . * 100 | round / 100 end;
def cell: if . == null then "-" else tostring end;

# What is compared: bids answered, or for idle connections their memory.
def figure: .per_second // .kib_per_connection // .p99_ms;

def key: [.name, .work, .connections, .depth // 1];

. as $rows
| (group_by(key)
   | map({key: (.[0] | key | tojson),
          value: {first: .[0], count: length,
                  figure: (map(figure) | median),
                  least: (map(figure) | min), most: (map(figure) | max),
                  accepted: (map(.accepted_per_second) | median),
                  p50: (map(.p50_ms) | median), p99: (map(.p99_ms) | median),
                  server: (map(.server_us) | median),
                  gaps: (map(.gaps // 0) | add),
                  failed: (map(.failed // 0) | add)}})
   | from_entries) as $m
| def at(name; work; c; d): $m[[name, work, c, d] | tojson];
  def f(name; work; c; d): at(name; work; c; d).figure;
  def best(values): [values | select(. != null)] | max;
  def least(values): [values | select(. != null)] | min;
  def over(a; b): if a == null or b == null then null else a / b | round2 end;
  # Both cores verify, and sign and carry what no bid can do without.
  def signed_limit:
    f("limits"; "verify P-256"; 1; 1) as $v
    | f("limits"; "sign P-256"; 1; 1) as $s
    | f("echo"; "fixed"; 64; 1) as $e
    | if $v == null or $e == null then null
      else 2 / (1 / $v + 1 / $s + 2 / $e) end;
  def peers: "nginx", "haproxy", "redis", "postgres", "echo";
  "## Medians",
  "",
  "| who | work | conns | in flight | a second | min..max | accepted | p50 ms | p99 ms | server us | runs |",
  "|---|---|---|---|---|---|---|---|---|---|---|",
  ($m | to_entries | sort_by(.value.first | [.name, .work, .connections, .depth])[]
   | .value
   | [.first.name, .first.work, .first.connections, (.first.depth // 1),
      (.figure | round2), "\(.least | round2)..\(.most | round2)",
      (.accepted | round2), (.p50 | round2), (.p99 | round2),
      (.server | round2), .count]
   | map(cell) | "| " + join(" | ") + " |"),
  "",
  "## Ratios",
  "",
  "| work | beside | ratio | wanted |",
  "|---|---|---|---|",
  ( f("auctiond"; "bid spread"; 64; 1) as $bid
  | f("auctiond"; "bid hot"; 64; 1) as $hot
  | f("auctiond"; "bid spread"; 64; 16) as $deep
  | f("auctiond"; "bid spread"; 1; 1) as $one
  | f("auctiond"; "read spread"; 64; 1) as $read
  | f("auctiond"; "handshake"; 16; 1) as $hs
  | [
    ["bids, spread, 64 connections", "PostgreSQL",
     over($bid; best(f("postgres"; "bid spread"; (1, 16, 64); (1, 16)))), ">= 5"],
    ["", "Redis", over($bid; f("redis"; "bid spread"; 64; 1)), ">= 1.3"],
    ["", "nginx, fixed reply", over($bid; f("nginx"; "fixed"; 64; 1)), ">= 0.5"],
    ["bids, one auction, 64 connections", "PostgreSQL",
     over($hot; f("postgres"; "bid hot"; 64; 1)), ">= 25"],
    ["", "Redis", over($hot; f("redis"; "bid hot"; 64; 1)), ">= 1.3"],
    ["", "itself, spread", over($hot; $bid), ">= 1"],
    ["bids, 16 in flight", "PostgreSQL, 16 in a transaction",
     over($deep; f("postgres"; "bid spread"; 64; 16)), ">= 3"],
    ["", "Redis, 16 in flight", over($deep; f("redis"; "bid spread"; 64; 16)), ">= 1"],
    ["one connection, one bid", "the best peer",
     over($one; best(f("redis", "postgres"; "bid spread"; 1; 1))), ">= 1"],
    ["", "Berkeley DB alone", over($one; f("limits"; "store spread"; 1; 1)), ">= 0.6"],
    ["signed bids, 64 connections", "verify, sign and TLS of this run",
     over(f("auctiond"; "signed bid spread"; 64; 1); signed_limit), ">= 0.7"],
    ["p99 at 1,000 bids/s", "the best peer",
     over(at("auctiond"; "bid paced"; 64; 1).p99;
          least(at("redis", "postgres"; "bid paced"; 64; 1).p99)), "<= 0.5"],
    ["reads, 64 connections", "nginx, fixed reply",
     over($read; f("nginx"; "fixed"; 64; 1)), ">= 0.8"],
    ["", "Redis", over($read; f("redis"; "read spread"; 64; 1)), ">= 1.5"],
    ["handshakes", "the best of nginx and HAProxy",
     over($hs; best(f("nginx", "haproxy"; "handshake"; 16; 1))), ">= 1.1"],
    ["", "bare OpenSSL", over($hs; f("echo"; "handshake"; 16; 1)), ">= 0.95"],
    ["memory of an idle connection", "HAProxy, 10,000",
     over(f("auctiond"; "idle"; 10000; 1); f("haproxy"; "idle"; 10000; 1)), "<= 1"],
    ["", "KiB", (f("auctiond"; "idle"; 10000; 1) | round2), "<= 30"],
    ["1,000 bids/s to 1,000 streams", "itself without streams",
     over(at("auctiond, 1000 streams"; "bid paced"; 64; 1).figure;
          at("auctiond, no streams"; "bid paced"; 64; 1).figure), ">= 0.7"],
    ["", "p99 of delivery, ms", (at("auctiond"; "streams"; 1000; 1).p99 | round2), "<= 50"],
    ["", "events lost or doubled", at("auctiond"; "streams"; 1000; 1).gaps, "0"],
    ["2 workers", "1 worker, bids",
     over(f("auctiond, 2 worker"; "bid spread"; 64; 1);
          f("auctiond, 1 worker"; "bid spread"; 64; 1)), "> 1"],
    ["", "1 worker, reads",
     over(f("auctiond, 2 worker"; "read spread"; 64; 1);
          f("auctiond, 1 worker"; "read spread"; 64; 1)), "> 1"],
    ["large database", "empty, bids",
     over(f("auctiond, large"; "bid spread"; 64; 1);
          f("auctiond, empty"; "bid spread"; 64; 1)), ">= 0.8"],
    ["", "start, s", ([$rows[] | select(.work == "start") | .seconds] | median), "<= 20"],
    ["", "memory, MiB", ([$rows[] | select(.work == "start") | .mib] | median), "<= 2048"],
    ["instructions a bid", "callgrind",
     ([$rows[] | select(.work == "instructions bid") | .per_unit] | median), ""]
    ][]
  | select(.[2] != null)
  | map(cell) | "| " + join(" | ") + " |")
