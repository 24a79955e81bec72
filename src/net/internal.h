/* SPDX-License-Identifier: Apache-2.0 */
/**
 * internal: the parts of net, for its own source files only.
 *
 *     net.c       listening, start, stop, counts
 *     worker.c    one thread: epoll, accept, mail, deadlines
 *     conn.c      one connection: reading, writing, deadlines, its end
 *     handshake.c TLS, and who is there
 *     intake.c    bytes to requests, handed over in order
 *     exchange.c  requests in flight and their answers, in order
 *     census.c    who is connected: counts by address and name, shared
 */
#ifndef NET_INTERNAL_H
#define NET_INTERNAL_H

#include "base/buf.h"
#include "http/parser.h"
#include "net/net.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>

enum {
    LISTEN_MAX = 8,
    READ_BYTES = 16384,       /* one TLS record */
    PEER_TEXT_BYTES = 64,     /* "[v6]:port" */
    OUT_BYTES_MAX = 4 << 20,  /* answers waiting for one connection */
    LINGER_BYTES_MAX = 65536, /* dropped unread at the end */
    ACCEPT_PAUSE_MS = 100,
    READS_A_TURN = 16,
    /* Wake-ups in a row without a byte: empty records, key updates, drips. */
    WAKEUPS_EMPTY_MAX = 256,
};

/* Each kind of deadline has one duration, so a list in order of arrival is
 * in order of time: no wheel, no heap. */
enum deadline {
    DEADLINE_NONE,
    DEADLINE_HANDSHAKE,
    DEADLINE_FIRST_REQUEST,
    DEADLINE_REQUEST,
    DEADLINE_IDLE,
    DEADLINE_WRITE,
    DEADLINE_LINGER,
    DEADLINE_COUNT
};

enum conn_state {
    CONN_HANDSHAKE,
    CONN_OPEN,
    CONN_CLOSING, /* flush what is left, then close_notify */
    CONN_LINGER,  /* written to the end; drop what still comes */
};

struct conn {
    struct worker *worker;
    SSL *ssl;
    int fd;
    enum conn_state state;
    enum deadline deadline;
    int64_t expires;              /* monotonic ms */
    struct conn *earlier, *later; /* the deadline's list */
    struct conn *next_dirty;      /* answers to be written */
    bool is_dirty;
    bool wants_write; /* epoll also waits for room */
    uint32_t events;  /* what epoll waits for now */
    bool is_doomed;   /* to be freed at the end of the turn */
    struct conn *next_doomed;
    struct conn *previous, *next; /* all of the worker's */
    struct sockaddr_in6 address;  /* v4 is mapped */
    char peer[PEER_TEXT_BYTES];
    struct identity *identity; /* NULL until known, or refused */
    bool is_counted_name;
    bool had_request;
    unsigned empty_reads;
    size_t lingered;

    struct http_parser *parser; /* NULL while no request is in progress */
    struct buf in;              /* bytes read but not parsed (32 in flight) */
    struct buf out;
    size_t out_written;
    struct exchange *first, **last; /* in the order of requests */
    unsigned in_flight;
    bool closes_after_answers;
    struct exchange *stream;
};

struct exchange {
    struct conn *conn; /* NULL when the connection has gone */
    struct worker *worker;
    struct exchange *next;
    struct http_parser *parser; /* owns the request */
    struct identity *identity;
    void *context;
    char peer[PEER_TEXT_BYTES];
    struct buf answer; /* head and body, until it is its turn */
    bool is_answered;
    bool is_stream;
    bool keep_alive;
};

struct deadline_list {
    struct conn *first, *last;
};

struct worker {
    struct net *net;
    unsigned number;
    pthread_t thread;
    int epoll;
    int wake; /* eventfd */
    void *context;
    struct conn *conns;
    struct conn *dirty;
    struct conn *doomed;
    struct deadline_list deadlines[DEADLINE_COUNT];
    int64_t now;       /* monotonic ms, of this turn */
    int64_t next_tick; /* the once-a-second poke */
    int64_t accept_pause_until;
    bool is_accepting;
    bool is_draining;
    char scratch[READ_BYTES];

    pthread_mutex_t mail_lock; /* rank 50; guards the mailbox */
    struct mail *mail_first, **mail_last;
    bool is_poked;

    atomic_uint streams; /* looked at by net_poke_all */
};

struct census;

struct net {
    struct net_config config;
    char realm[IDENTITY_REALM_BYTES];
    int listeners[LISTEN_MAX];
    unsigned ports[LISTEN_MAX];
    size_t listener_count;
    struct worker *workers;
    unsigned worker_count;
    struct census *census;
    bool is_stopped; /* the threads have been joined */
    atomic_bool is_stopping;
    atomic_int_fast64_t drain_until;
    struct {
        atomic_uint_fast64_t connections_now, handshakes_now, streams_now;
        atomic_uint_fast64_t accepted, refused_limit, handshakes_ok,
            handshakes_failed;
        atomic_uint_fast64_t identities_refused, requests, broken_requests,
            timeouts;
    } counts;
};

/* worker.c */
MUST_CHECK enum err
worker_init(struct worker *worker, struct net *net, unsigned number);
void worker_release(struct worker *worker);
void *worker_main(void *argument);
void worker_set_deadline(struct conn *conn, enum deadline deadline);
void worker_mark_dirty(struct conn *conn);
int64_t monotonic_ms(void);

/* conn.c */
/** Take over an accepted socket; closes it when there is no room. */
void
conn_accept(struct worker *worker, int fd, const struct sockaddr_in6 *address);
void conn_readable(struct conn *conn);
void conn_writable(struct conn *conn);
/** Write what is answered, in order. */
void conn_flush(struct conn *conn);
void conn_expired(struct conn *conn);
/** No more requests: close once all are answered and written. */
void conn_close_soon(struct conn *conn);
/** Forget it at the end of the turn. */
void conn_doom(struct conn *conn);
void conn_free(struct conn *conn);
/** Let epoll wait for what is wanted now; with room to write, or without. */
void conn_update_watch(struct conn *conn);
void conn_watch(struct conn *conn, bool wants_write);
/** Written to the end: shut down writing, drop what still comes, close. */
void conn_linger(struct conn *conn);

/* handshake.c */
void conn_shake(struct conn *conn);

/* intake.c */
/** Parse and hand over what has been read, as far as may be in flight. */
void conn_advance(struct conn *conn);

/* exchange.c */
struct exchange *exchange_create(struct conn *conn);
void exchange_free(struct exchange *exchange);
/** Move finished answers to the connection's output, in order. */
void exchange_collect(struct conn *conn);
/** The server stops: end the streams of a connection, telling the handler. */
void exchange_drain_streams(struct conn *conn);
/** The connection is going: let go of its exchanges. */
void exchange_abandon_all(struct conn *conn);
/** An answer of net's own, out of turn: the last on this connection. */
void exchange_refuse(struct conn *conn, int status, const char *code,
                     const char *why);

/* census.c */
MUST_CHECK enum err
census_create(struct census **out, const struct net_limits *limits);
void census_destroy(struct census **census);
/** Count a connection in its handshake; false over a limit. */
MUST_CHECK bool
census_enter(struct census *census, const struct sockaddr_in6 *address);
/** The handshake has ended, either way. */
void census_shaken(struct census *census, const struct sockaddr_in6 *address);
void census_leave(struct census *census, const struct sockaddr_in6 *address,
                  bool was_shaken);
MUST_CHECK bool census_enter_name(struct census *census, const char *name);
void census_leave_name(struct census *census, const char *name);

#endif
