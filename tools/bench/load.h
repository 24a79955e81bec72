/* SPDX-License-Identifier: Apache-2.0 */
/**
 * load: the parts of a measurement under load, for its own files.
 *
 *     load.c     set-up, measuring, the printed line
 *     driver.c   one thread of connections: closed loop, fixed rate,
 *                handshakes, idle connections
 */
#ifndef TOOLS_BENCH_LOAD_H
#define TOOLS_BENCH_LOAD_H

#include "latency.h"
#include "protocol.h"
#include "wire.h"

#include <pthread.h>
#include <stdatomic.h>

enum { CLIENTS = 16, THREADS_MAX = 8 };

/** What all threads share. Times are of bench_ns. */
struct loading {
    const struct bench_options *options;
    const struct protocol *protocol;
    SSL_CTX *contexts[CLIENTS];
    struct signer *signers[CLIENTS];
    struct hash *terms; /* of the auctions, when bids are signed */
    atomic_llong amount;
    atomic_int opened;  /* connections that have been greeted */
    atomic_int waiting; /* threads that are ready to be measured */
    atomic_bool is_running;
    atomic_bool is_over;
    int64_t measure_from;
    int64_t measure_until;
};

struct counts {
    uint64_t accepted, refused, failed;
    uint64_t accepted_always; /* outside the measured time too */
    struct latency latency;
};

/** One thread with its connections. */
struct driver {
    struct loading *all;
    int number;
    int connections;
    pthread_t thread;
    struct counts counts;
};

void *driver_main(void *driver);

#endif
