/* SPDX-License-Identifier: Apache-2.0 */
/**
 * net: prethreaded workers that own TLS connections.
 *
 * All threads exist before the first accept. Each has its own epoll set,
 * mailbox and connections; a connection never changes threads and no SSL
 * object is shared. A worker blocks in epoll and nowhere else. What other
 * threads have to say to it arrives as mail.
 *
 * net knows requests and replies, nothing of auctions: a handler, a table of
 * functions that main joins, does the rest.
 *
 * Thread  net_start and net_stop by main; exchange_* by the worker that
 *         owns the exchange; worker_post by any.
 * Source  docs/design.md "Threads"; docs/security.md "Limits".
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "http/exchange.h"
#include "identity/trust.h"

#include <stdatomic.h>

struct net;
struct net_handler {
    void *context;
    /** On each worker's thread before its first connection; its data. */
    void *(*worker_begin)(void *context, struct worker *worker);
    void (*worker_end)(void *context, void *worker_context);
    /** A request has come; answer now or later. */
    void (*request)(void *context, struct exchange *exchange);
    /** Mail has come. */
    void (*mail)(void *context, struct worker *worker, struct mail *mail);
    /** net_poke_all was called, or a second has passed: feed your streams. */
    void (*poke)(void *context, struct worker *worker);
    /** A streaming exchange has lost its connection; it is freed after. */
    void (*stream_closed)(void *context, struct exchange *exchange);
};

/** Milliseconds and numbers; see docs/security.md "Limits". */
struct net_limits {
    int64_t handshake_ms;
    int64_t first_request_ms;
    int64_t request_ms;
    int64_t idle_ms;
    int64_t write_ms; /* without progress */
    int64_t linger_ms;
    size_t connections;
    size_t connections_per_address;
    size_t connections_per_name;
    size_t handshakes;
    size_t handshakes_per_address;
    unsigned handshakes_per_second; /* of one address */
    unsigned handshake_burst;
    size_t body_bytes;
    size_t unread_bytes; /* of a stream's reader */
    unsigned in_flight;  /* requests of one connection */
};

struct net_limits net_limits_default(void);

struct net_config {
    const char *const *listen; /* "ADDR:PORT", ended by NULL; port 0: any */
    const char *realm;
    unsigned threads;
    struct net_limits limits;
    struct trust *trust; /* borrowed */
    struct net_handler handler;
};

/** Counted since the start. */
struct net_counts {
    uint64_t connections_now, handshakes_now, streams_now;
    uint64_t accepted, refused_limit, handshakes_ok, handshakes_failed;
    uint64_t identities_refused, requests, broken_requests, timeouts;
};

/**
 * Listen and start the workers.
 *
 * Returns  ERR_OK; ERR_LISTEN naming address and mend; ERR_CONFIG,
 *          ERR_NOMEM, ERR_SYSTEM
 */
MUST_CHECK enum err
net_start(struct net **out, const struct net_config *config);

/**
 * Stop accepting, answer what has begun, end streams, close; at most
 * `drain_ms`. The workers' threads have ended afterwards, but their mailboxes
 * still take mail from others.
 */
void net_stop(struct net *net, int64_t drain_ms);

/** After net_stop, and when nobody posts any more. NULLs the pointer. */
void net_destroy(struct net **net);

/** Real port of the i-th listening address. */
unsigned net_port(const struct net *net, size_t i);

/** Tell every worker to look at its streams. Cheap without streams. */
void net_poke_all(struct net *net);

struct net_counts net_counts(struct net *net);

#endif
