/* SPDX-License-Identifier: Apache-2.0 */
/**
 * lab: a real server on a port of its own, with a handler that does as the
 * request says.
 *
 *     /echo          the body, or the path when there is none, at once
 *     /big?bytes=N   N bytes, at once
 *     /hold?n=TEXT   TEXT, when the test says so
 *     /stream        a stream, written when the test says so
 *
 * The test is another thread than the workers: what it wants of them goes as
 * mail. What fails in the lab itself is a CHECK.
 */
#ifndef TESTS_NET_LAB_H
#define TESTS_NET_LAB_H

#include "authority.h"
#include "net/net.h"

#include <pthread.h>
#include <stdbool.h>

enum { HELD_MAX = 64, LAB_WAIT_MS = 10000 };

#define LAB_REALM "lab.example"

struct lab {
    struct authority ca;
    struct folder folder;
    struct leaf ann; /* a bidder */
    struct trust *trust;
    struct net *net;
    struct leaf server;
    uint64_t generation;
    unsigned port;

    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    struct exchange *held[HELD_MAX];
    struct worker *held_by[HELD_MAX];
    size_t held_count;
    struct exchange *stream; /* the last that began and has not ended */
    struct worker *stream_by;
    unsigned requests, answers;
    unsigned writes_taken, writes_refused, streams_closed;
    unsigned pokes;
};

/** Deadlines that no test reaches by accident; no rate of handshakes. */
struct net_limits lab_limits(void);

/** Start; `limits` NULL: lab_limits(). `revoked` stands in the CRL if set. */
void lab_start(struct lab *lab, const struct net_limits *limits);
void lab_start_revoking(struct lab *lab, bool revokes_ann);

/** The next trust generation; how many connections it ended. NULL: nobody. */
size_t lab_retrust(struct lab *lab, const X509 *revoked);

/** Stop, and check that nothing is left of any connection. */
void lab_stop(struct lab *lab);

/** One more certificate: "auction://lab.example/ROLE/NAME". */
struct leaf lab_issue(struct lab *lab, const char *role, const char *name);

/** Wait until that many requests are held, streams closed, ... */
void lab_wait_held(struct lab *lab, size_t count);
void lab_wait_stream(struct lab *lab);
void lab_wait_answers(struct lab *lab, unsigned count);
void lab_wait_writes(struct lab *lab, unsigned taken_and_refused);
void lab_wait_streams_closed(struct lab *lab, unsigned count);

/** Let the i-th held request be answered, or begin a stream as its answer. */
void lab_release(struct lab *lab, size_t i);
void lab_release_as_stream(struct lab *lab, size_t i);

/** Write `bytes` bytes of 's' to the stream; it ends when that is refused. */
void lab_stream_write(struct lab *lab, size_t bytes);
void lab_stream_end(struct lab *lab);

/** Wait until the condition over `now` (struct net_counts) holds. */
#define LAB_UNTIL(lab, condition)                                              \
    do {                                                                       \
        struct net_counts now = net_counts((lab)->net);                        \
        for (int waited = 0; !(condition); waited++) {                         \
            CHECK(waited < LAB_WAIT_MS);                                       \
            lab_yield();                                                       \
            now = net_counts((lab)->net);                                      \
        }                                                                      \
    } while (0)

/** Give others a millisecond, between two looks at a counter. */
void lab_yield(void);

#endif
