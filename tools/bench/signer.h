/* SPDX-License-Identifier: Apache-2.0 */
/**
 * signer: signed bids, made as a client makes them.
 *
 * Thread  any, once opened.
 */
#ifndef TOOLS_BENCH_SIGNER_H
#define TOOLS_BENCH_SIGNER_H

#include "audit/hash.h"

#include <stddef.h>
#include <stdint.h>

struct signer;

/**
 * Load the key of a client of the lab, and ask the server on that port for
 * the log's head, which every bid then names as seen. NULL after a message.
 */
struct signer *signer_open(const char *lab, const char *name, int port);
void signer_close(struct signer **signer);

/**
 * The terms of auctions `first` on, asked of the server: a bid signs them.
 * NULL after a message; the caller frees.
 */
struct hash *signer_terms(const char *lab, int port, int first, int count);

/**
 * Sign a bid on an auction of those terms: the body to be posted and the field
 * with its request key. Returns the size of the body.
 */
int signer_body(const struct signer *signer, uint64_t auction,
                const struct hash *terms, int64_t amount, uint64_t *random,
                char *key_field, size_t key_size, char *body, size_t body_size);

#endif
