/* SPDX-License-Identifier: Apache-2.0 */
/**
 * internal: the parts of net, for its own source files only.
 *
 *     net.c       listening, start, stop, counts
 *     worker.c    one thread: epoll, mail, deadlines
 *     accept.c    newcomers, as long as there are descriptors
 *     conn.c      one connection: its beginning, its deadlines, its end
 *     pump.c      its bytes, in and out
 *     handshake.c TLS, and who is there
 *     ending.c    connections that must go: revoked, expired, sent away
 *     survey.c    looking at all connections, sending one away
 *     round.c     one errand for every worker, on its own thread
 *     intake.c    bytes to requests, handed over in order
 *     exchange.c  requests in flight and their answers, in order
 *     census.c    who is connected: counts by address and name, shared
 */
#ifndef NET_INTERNAL_H
#define NET_INTERNAL_H

#include "base/brake.h"
#include "base/buf.h"
#include "http/parser.h"
#include "net/net.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>

enum {
    LISTEN_MAX = 8,
    READ_BYTES = 16384,      /* one TLS record */
    PEER_TEXT_BYTES = 64,    /* "[v6]:port" */
    OUT_BYTES_MAX = 4 << 20, /* answers waiting for one connection */
    DROPPED_BYTES_MAX =
        65536, /* read and thrown away: at the end, of streams */
    ACCEPT_PAUSE_MS = 100,
    READS_A_TURN = 16,
    IDLE_RECORDS_MAX = 32, /* in a row without data: empty ones, key updates */
    DESCRIPTORS_KEPT = 64, /* for log, lists, database and administration */
    END_MS = 700,          /* to tell one that must go, within a second */
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
    DEADLINE_END, /* of one that must go: no other one replaces it */
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
    uint64_t id;   /* unique while the process lives */
    int64_t since; /* wall clock, ms */
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
    bool is_told; /* that it has opened */
    bool had_request;
    struct tls_refusal refusal; /* filled in by verification */
    unsigned idle_records;      /* since the last one with data */
    size_t dropped;
    uint64_t requests;
    int64_t warn_due; /* monotonic ms: the next word on its expiry */
    bool is_ending;

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
    struct trust *trust;      /* its reference to the present generation */
    struct net_limits limits; /* its copy */
    struct conn *conns;
    struct conn *dirty;
    struct conn *doomed;
    struct deadline_list deadlines[DEADLINE_COUNT];
    int64_t now;       /* monotonic ms, of this turn */
    int64_t next_tick; /* the once-a-second poke */
    int64_t next_poke; /* not before: see worker.c */
    bool owes_poke;    /* one has come, too early */
    int64_t next_look; /* for certificates that end */
    int64_t accept_pause_until;
    bool is_accepting;
    bool is_draining;
    char scratch[READ_BYTES];

    pthread_mutex_t mail_lock; /* rank 50; guards the mailbox */
    struct mail *mail_first, **mail_last;
    struct errand *errands;
    bool is_poked;

    atomic_uint streams; /* looked at by net_poke_all */
};

struct census;

/** One worker's part of a round. */
struct errand {
    struct round *round;
    struct errand *next;
};

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
    atomic_uint_fast64_t conn_last; /* number of the newest connection */
    size_t descriptors_max;         /* of the process */
    struct log_brake refusal_brake, pause_brake;
    struct {
        atomic_uint_fast64_t connections_now, handshakes_now, streams_now;
        atomic_uint_fast64_t accepted, handshakes_ok, handshakes_failed;
        atomic_uint_fast64_t identities_refused, requests, broken_requests;
        atomic_uint_fast64_t idle_records, accept_pauses, expiry_warnings;
        atomic_uint_fast64_t refused[REFUSAL_COUNT];
        atomic_uint_fast64_t expired[DEADLINE_COUNT];
        atomic_uint_fast64_t ended[NET_END_COUNT];
    } counts;
};

/* worker.c */
MUST_CHECK enum err
worker_init(struct worker *worker, struct net *net, unsigned number);
void worker_release(struct worker *worker);
void *worker_main(void *argument);
void worker_set_deadline(struct conn *conn, enum deadline deadline);
/** Take it out of every list, whatever it waits for. */
void worker_clear_deadline(struct conn *conn);
/** Other limits from now on; also for the deadlines that run. */
void worker_set_limits(struct worker *worker, const struct net_limits *limits);
/** Do the errands that were given to a worker whose thread has ended. */
void worker_run_errands(struct worker *worker);
void worker_mark_dirty(struct conn *conn);
void worker_post_errand(struct worker *worker, struct errand *errand);
int64_t monotonic_ms(void);
int64_t wall_ms(void);

/* accept.c */
/** The listener that an event of epoll is of; NULL for anything else. */
int *worker_listener(const struct worker *worker, void *pointer);
/** Wait for newcomers, or look away. */
bool worker_watch_listeners(struct worker *worker, bool on);
void worker_accept(struct worker *worker, int listener);

/* conn.c */
/** Take over an accepted socket; closes it when there is no room. */
void
conn_accept(struct worker *worker, int fd, const struct sockaddr_in6 *address);
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

/** Whether more input is wanted now. */
bool conn_may_read(const struct conn *conn);
/** close_notify, then linger. */
void conn_say_goodbye(struct conn *conn);
/** Read and forget; too much of it ends the connection. */
void conn_drop_input(struct conn *conn);

/* pump.c */
void conn_readable(struct conn *conn);
void conn_writable(struct conn *conn);
/** Write what is answered, in order. */
void conn_flush(struct conn *conn);
/** From now on its records are counted. */
void conn_count_records(struct conn *conn);

/* handshake.c */
/** Tell the handler's journal of an open connection. */
void conn_tell(const struct conn *conn, enum carrier_event_kind kind,
               const char *cause);
void conn_shake(struct conn *conn);
/** A line for one that a limit kept out. */
void log_refused_limit(struct net *net, const char *peer, enum refusal refusal);

/* ending.c */
/**
 * Make a connection go: what is not decided is not tried, what is being
 * answered is answered, then it is told why and closed, all within END_MS.
 */
void conn_end(struct conn *conn, enum net_end why);
/** Whether its certificate still counts; ends it, or warns of its expiry. */
void conn_check_certificate(struct conn *conn, int64_t wall);
/** Code and sentence of an end. */
const char *ending_code(enum net_end why);
const char *ending_text(enum net_end why);

/* round.c */
typedef void round_step(struct worker *worker, void *context);
typedef void round_done(void *context);
/**
 * Let every worker take one step, on its thread; then `done`, on the thread
 * of the last. ERR_NOMEM: nothing has begun.
 */
MUST_CHECK enum err
round_start(struct net *net, round_step *step, round_done *done, void *context);
/** The same, waiting for it; only by main, only while workers run. */
MUST_CHECK enum err
round_wait(struct net *net, round_step *step, void *context);
void round_step_done(struct errand *errand, struct worker *worker);

/* intake.c */
/** Parse and hand over what has been read, as far as may be in flight. */
void conn_advance(struct conn *conn);

/* exchange.c */
struct exchange *exchange_create(struct conn *conn);
void exchange_free(struct exchange *exchange);
/** Move finished answers to the connection's output, in order. */
void exchange_collect(struct conn *conn);
/** End the streams of a connection, telling the handler the reason. */
void exchange_end_streams(struct conn *conn, const char *reason);
/** The connection is going: let go of its exchanges. */
void exchange_abandon_all(struct conn *conn);
/** An answer of net's own, out of turn: the last on this connection. */
void exchange_refuse(struct conn *conn, int status, const char *code,
                     const char *why);

/* census.c */
MUST_CHECK enum err
census_create(struct census **out, const struct net_limits *limits);
void census_destroy(struct census **census);
void census_set_limits(struct census *census, const struct net_limits *limits);
/** Count a connection in its handshake, or say which limit is reached. */
MUST_CHECK enum refusal
census_enter(struct census *census, const struct sockaddr_in6 *address);
/** The handshake has ended, either way. */
void census_shaken(struct census *census, const struct sockaddr_in6 *address);
void census_leave(struct census *census, const struct sockaddr_in6 *address,
                  bool was_shaken);
MUST_CHECK bool census_enter_name(struct census *census, const char *name);
void census_leave_name(struct census *census, const char *name);

#endif
