/* SPDX-License-Identifier: Apache-2.0 */
/**
 * wire: one client connection over mutual TLS, without waiting.
 *
 * Thread  the one that opened it.
 */
#ifndef TOOLS_BENCH_WIRE_H
#define TOOLS_BENCH_WIRE_H

#include "base/buf.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

struct wire {
    int fd; /* -1: closed */
    SSL *ssl;
    bool is_open; /* the handshake is done */
    bool wants_write;
    struct buf in;
    struct buf out;
    size_t written; /* of `out` */
};

/** Context of client bNN of a lab, numbers from 0; NULL after a message. */
SSL_CTX *wire_context(const char *lab, const char *name);

/**
 * Begin to connect to a port of loopback.
 *
 * preamble  asked in the clear before TLS and answered by one byte
 *           (PostgreSQL); NULL: none
 */
MUST_CHECK bool wire_open(struct wire *wire, SSL_CTX *context, int port,
                          const char *preamble, size_t preamble_size);

/** Go on with handshake, reading and writing; false when it has broken. */
MUST_CHECK bool wire_advance(struct wire *wire);

/** Write what there is to write; false when it has broken. */
MUST_CHECK bool wire_flush(struct wire *wire);

/** Say goodbye and close. */
void wire_close(struct wire *wire);

#endif
