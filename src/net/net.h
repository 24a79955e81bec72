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
    /**
     * A streaming exchange ends; it is freed after. `reason` is a word to
     * tell its reader ("draining", "revoked"), NULL when nobody is there.
     */
    void (*stream_closed)(void *context, struct exchange *exchange,
                          const char *reason);
    /** For a journal, on a worker's thread; NULL: nobody keeps one. */
    void (*conn_event)(void *context, const struct carrier_event *event);
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
    struct trust *trust; /* the first generation; net takes a reference */
    struct net_handler handler;
};

/** Which limit keeps a newcomer out. The order is that of the metrics. */
enum refusal {
    REFUSAL_NONE,
    REFUSAL_RATE, /* of handshakes of one address */
    REFUSAL_CONNECTIONS,
    REFUSAL_HANDSHAKES,
    REFUSAL_ADDRESS,            /* connections of one address */
    REFUSAL_ADDRESS_HANDSHAKES, /* handshakes of one address */
    REFUSAL_NAME,               /* connections of one account */
    REFUSAL_MEMORY,
    REFUSAL_COUNT
};

/** Why a connection is made to go. */
enum net_end {
    NET_END_REVOKED, /* its serial is on the list */
    NET_END_CA_GONE, /* its CA is trusted no more */
    NET_END_EXPIRED, /* its certificate has reached its last second */
    NET_END_ADMIN,   /* an administrator sends it away */
    NET_END_COUNT
};

/** Counted since the start. */
struct net_counts {
    uint64_t connections_now, handshakes_now, streams_now;
    uint64_t accepted, handshakes_ok, handshakes_failed;
    uint64_t identities_refused, requests, broken_requests;
    uint64_t idle_records;    /* ended: too many records without data */
    uint64_t accept_pauses;   /* for want of descriptors */
    uint64_t expiry_warnings; /* certificates in their last day */
    uint64_t refused[REFUSAL_COUNT], refused_limit; /* and their sum */
    uint64_t expired_handshake, expired_first_request, expired_request,
        expired_idle, expired_write, timeouts; /* and their sum */
    uint64_t ended[NET_END_COUNT];
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

/**
 * Take the next trust generation: from now on connections are made from it,
 * and those that it does not stand for are told so and closed within a second.
 * Returns when every worker has begun with them; by main, while it serves.
 *
 * closed_out  how many
 * Returns     ERR_OK; ERR_NOMEM: the old one is kept
 */
MUST_CHECK enum err
net_retrust(struct net *net, struct trust *trust, size_t *closed_out);

/** One connection as a survey sees it; borrowed while it looks. */
struct net_guest {
    uint64_t id; /* unique while the process lives */
    struct instant since;
    const char *peer;
    const struct identity *identity; /* NULL before it is known, or refused */
    uint64_t requests;
    unsigned in_flight;
    bool is_streaming;
    bool is_shaking;
};

/** Called by several workers at once. */
typedef void net_visit(void *context, const struct net_guest *guest);
/** The end, on some worker's thread; `found` of net_send_away. */
typedef void net_survey_done(void *context, size_t found);

/** Look at every connection; from any thread. ERR_NOMEM: not begun. */
MUST_CHECK enum err net_survey(struct net *net, net_visit *visit,
                               net_survey_done *done, void *context);

/** End the connection with that number. */
MUST_CHECK enum err net_send_away(struct net *net, uint64_t id,
                                  net_survey_done *done, void *context);

/** Other limits, for those who are there too; by main, while it serves. */
MUST_CHECK enum err
net_set_limits(struct net *net, const struct net_limits *limits);

#endif
