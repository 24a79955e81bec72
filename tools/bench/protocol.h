/* SPDX-License-Identifier: Apache-2.0 */
/**
 * protocol: how a bid and a read are asked of each kind of server, and how
 * its answers are read. Every peer does the same work: look at the auction,
 * check that it is open and the amount enough, keep bid, new price and an
 * audit entry, and answer when all of that is durable.
 *
 * Thread  any; the functions keep nothing.
 */
#ifndef TOOLS_BENCH_PROTOCOL_H
#define TOOLS_BENCH_PROTOCOL_H

#include "base/buf.h"
#include "bench.h"
#include "signer.h"

#include <stddef.h>

enum reply { REPLY_INCOMPLETE, REPLY_ACCEPTED, REPLY_REFUSED, REPLY_FAILED };

/** One request to be written. */
struct asking {
    const struct bench_options *options;
    const struct signer *signer; /* NULL: unsigned */
    const struct hash *terms;    /* of the auction, when signed */
    int client;                  /* 0..15: who asks */
    uint64_t auction;
    int64_t amount;
    uint64_t *random;
};

struct protocol {
    const char *name;
    /* sent in the clear before TLS, or NULL */
    const char *preamble;
    size_t preamble_size;
    /** What a new connection says first, or NULL. */
    void (*greet)(const struct asking *asking, struct buf *out);
    int greetings; /* answers to that */
    void (*bid)(const struct asking *asking, struct buf *out);
    void (*read)(const struct asking *asking, struct buf *out);
    /** Bytes of the first answer; 0 when it is not complete. */
    size_t (*reply)(const char *bytes, size_t size, enum reply *reply_out);
};

/** By name: http, redis, postgres; NULL when there is none. */
const struct protocol *protocol_named(const char *name);

/** 200 bytes that look like a request, for servers with a fixed answer. */
void protocol_fixed(struct buf *out);
enum { FIXED_BYTES = 200 };

extern const struct protocol protocol_http;
extern const struct protocol protocol_redis;
extern const struct protocol protocol_postgres;

#endif
