# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # lib.sh sets and uses these
# Peers from Debian, each with a configuration of a few lines: mutual TLS 1.3
# with the laboratory's certificates, everything durable before the answer,
# nothing logged. Each function sets peer_port and peer_pid.

fixed_answer='{"accepted":true,"price":"1763841234567890","leader":"b01","seq":1234567}'

peer_directory() { # NAME: an empty one; sets peer_dir
	peer_dir=$work/$1
	rm -rf "$peer_dir"
	mkdir -p "$peer_dir"
	peer_port=$(free_port)
}

peer_started() {
	servers+=("$peer_pid")
	wait_listening "$peer_port"
}

start_nginx() {
	peer_directory nginx
	cat >"$peer_dir/nginx.conf" <<-CONF
		daemon off; pid $peer_dir/pid; error_log $peer_dir/error.log error;
		worker_processes 2; worker_rlimit_nofile 25000;
		events { worker_connections 20000; }
		http {
		  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600s;
		  default_type application/json;
		  client_body_temp_path $peer_dir/b; proxy_temp_path $peer_dir/p;
		  fastcgi_temp_path $peer_dir/f; uwsgi_temp_path $peer_dir/u; scgi_temp_path $peer_dir/s;
		  server {
		    listen 127.0.0.1:$peer_port ssl backlog=4096;
		    ssl_certificate $lab/server/server.pem; ssl_certificate_key $lab/server/server.key;
		    ssl_client_certificate $lab/ca/ca.pem; ssl_verify_client on;
		    ssl_protocols TLSv1.3; ssl_ecdh_curve X25519; ssl_session_tickets off; ssl_session_cache off;
		    location / { return 200 '$fixed_answer'; }
		  }
		}
	CONF
	/usr/sbin/nginx -c "$peer_dir/nginx.conf" -p "$peer_dir" &
	peer_pid=$!
	peer_started
}

start_haproxy() {
	peer_directory haproxy
	cat "$lab/server/server.pem" "$lab/server/server.key" >"$peer_dir/both.pem"
	cat >"$peer_dir/haproxy.cfg" <<-CONF
		global
		  nbthread 2
		  maxconn 20000
		  no strict-limits
		  tune.ssl.cachesize 0
		defaults
		  mode http
		  timeout client 1h
		  timeout connect 10s
		  timeout server 1h
		  timeout http-keep-alive 1h
		frontend f
		  bind 127.0.0.1:$peer_port backlog 4096 ssl crt $peer_dir/both.pem ca-file $lab/ca/ca.pem verify required ssl-min-ver TLSv1.3 curves X25519 no-tls-tickets
		  http-request return status 200 content-type application/json string '$fixed_answer'
	CONF
	/usr/sbin/haproxy -db -f "$peer_dir/haproxy.cfg" 2>"$peer_dir/log" &
	peer_pid=$!
	peer_started
}

# One script decides: the auction is open, not over, the amount enough; then
# new price, the bid and an audit entry.
redis_script='
local a = redis.call("HMGET", KEYS[1], "open", "price", "step", "bids", "ends")
local now, least, amount = redis.call("TIME")[1], a[2] + a[3], ARGV[1]
if amount == "next" then amount = string.format("%.0f", least) end
if a[1] ~= "1" or tonumber(a[5]) <= tonumber(now) or tonumber(amount) < least then return 0 end
local seq = a[4] + 1
redis.call("HSET", KEYS[1], "price", amount, "bids", seq, "leader", ARGV[2])
redis.call("RPUSH", KEYS[2], seq .. ":" .. ARGV[2] .. ":" .. amount .. ":" .. now)
redis.call("RPUSH", KEYS[3], now .. ":" .. ARGV[2] .. ":bid:" .. KEYS[1] .. ":" .. amount .. ":" .. seq)
return 1'

redis() {
	redis-cli -h localhost -p "$peer_port" --tls --cacert "$lab/ca/ca.pem" \
		--cert "$lab/clients/b01/b01.pem" --key "$lab/clients/b01/b01.key" "$@"
}

start_redis() { # sets redis_sha too
	peer_directory redis
	redis-server --port 0 --tls-port "$peer_port" --bind 127.0.0.1 \
		--protected-mode no --dir "$peer_dir" --daemonize no --save '' \
		--appendonly yes --appendfsync always --auto-aof-rewrite-percentage 0 \
		--maxclients 20000 --tcp-backlog 4096 --tls-auth-clients yes \
		--tls-protocols TLSv1.3 --tls-cert-file "$lab/server/server.pem" \
		--tls-key-file "$lab/server/server.key" --tls-ca-cert-file "$lab/ca/ca.pem" \
		--tls-session-caching no >"$peer_dir/log" &
	peer_pid=$!
	peer_started
	redis EVAL "for i = 1, $spread do redis.call('HSET', 'a:' .. i, 'open', 1, 'price', 0, 'step', 1, 'bids', 0, 'ends', 4102444800, 'title', 'Lot ' .. i) end" 0 >/dev/null
	redis_sha=$(redis SCRIPT LOAD "$redis_script")
}

# A bid is one statement that changes data; many at once are locked in order.
postgres_schema() {
	cat <<-SQL
		CREATE TABLE auctions(id int PRIMARY KEY, title text NOT NULL, open boolean NOT NULL,
		  ends_at timestamptz NOT NULL, price bigint NOT NULL, step bigint NOT NULL,
		  leader text, bids bigint NOT NULL) WITH (fillfactor = 50);
		CREATE TABLE bids(auction int, seq bigint, bidder text NOT NULL, amount bigint NOT NULL,
		  at timestamptz NOT NULL, PRIMARY KEY(auction, seq));
		CREATE TABLE audit(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL,
		  actor text NOT NULL, action text NOT NULL, auction int, amount bigint, seq bigint);
		INSERT INTO auctions SELECT i, 'Lot ' || i, true, '2100-01-01', 0, 1, NULL, 0 FROM generate_series(1, $spread) i;
		CREATE FUNCTION place_bid(a int, amt bigint, who text) RETURNS boolean LANGUAGE plpgsql AS \$\$
		BEGIN
		  WITH won AS (
		    UPDATE auctions SET price = CASE amt WHEN 0 THEN price + step ELSE amt END, leader = who, bids = bids + 1
		    WHERE id = a AND open AND ends_at > now() AND (amt = 0 OR amt >= price + step)
		    RETURNING price, bids),
		  kept AS (
		    INSERT INTO bids SELECT a, won.bids, who, won.price, now() FROM won)
		  INSERT INTO audit(at, actor, action, auction, amount, seq)
		    SELECT now(), who, 'bid', a, won.price, won.bids FROM won;
		  RETURN FOUND;
		END \$\$;
		CREATE FUNCTION place_bids(auctions int[], amt bigint, who text) RETURNS boolean LANGUAGE plpgsql AS \$\$
		DECLARE a int; good boolean := true;
		BEGIN
		  FOREACH a IN ARRAY auctions LOOP good := place_bid(a, amt, who) AND good; END LOOP;
		  RETURN good;
		END \$\$;
	SQL
	for i in $(seq -w 1 16); do
		echo "CREATE ROLE b$i LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO b$i; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO b$i;"
	done
	echo "VACUUM ANALYZE;"
}

as_postgres() { # the server refuses to run as root
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid postgres --regid postgres --clear-groups "$@"
	else
		"$@"
	fi
}

start_postgres() {
	local programs user=postgres
	programs=$(echo /usr/lib/postgresql/*/bin)
	[ "$(id -u)" = 0 ] || user=$(id -un)
	peer_directory postgres
	cp "$lab/server/server.pem" "$lab/server/server.key" "$lab/ca/ca.pem" "$peer_dir"
	chmod 755 "$work"
	[ "$(id -u)" != 0 ] || chown -R postgres "$peer_dir"
	chmod 700 "$peer_dir"
	chmod 600 "$peer_dir/server.key"
	as_postgres "$programs/initdb" -D "$peer_dir/data" -U "$user" --auth=trust >"$peer_dir/init"
	cat >>"$peer_dir/data/postgresql.conf" <<-CONF
		port = $peer_port
		listen_addresses = '127.0.0.1'
		unix_socket_directories = '$peer_dir'
		max_connections = 300
		ssl = on
		ssl_cert_file = '$peer_dir/server.pem'
		ssl_key_file = '$peer_dir/server.key'
		ssl_ca_file = '$peer_dir/ca.pem'
		ssl_min_protocol_version = 'TLSv1.3'
		shared_buffers = 2GB
		wal_level = minimal
		max_wal_senders = 0
		max_wal_size = 8GB
		autovacuum = on
		fsync = on
		synchronous_commit = on
		logging_collector = off
	CONF
	printf 'local all all trust\nhostssl all all 127.0.0.1/32 cert\n' >"$peer_dir/data/pg_hba.conf"
	[ "$(id -u)" != 0 ] || chown postgres "$peer_dir/data/pg_hba.conf"
	as_postgres "$programs/postgres" -D "$peer_dir/data" 2>"$peer_dir/log" &
	peer_pid=$!
	peer_started
	for _ in $(seq 100); do
		"$programs/pg_isready" -q -h "$peer_dir" -p "$peer_port" && break
		sleep 0.1
	done
	"$programs/createdb" -h "$peer_dir" -p "$peer_port" -U "$user" bench
	postgres_schema | "$programs/psql" -q -h "$peer_dir" -p "$peer_port" -U "$user" -d bench >/dev/null
}
