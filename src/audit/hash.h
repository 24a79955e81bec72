/* SPDX-License-Identifier: Apache-2.0 */
/**
 * hash: SHA-256 values and the two hashes of the tree.
 *
 * Thread  any; no state.
 * Source  RFC 6962 section 2.1: a leaf is SHA-256(0x00 || record), a node is
 *         SHA-256(0x01 || left || right), the empty tree SHA-256("").
 */
#ifndef AUDIT_HASH_H
#define AUDIT_HASH_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HASH_BYTES = 32 };

/** Text of a hash in base64 and in hex, terminator included. */
enum { HASH_BASE64_BYTES = 45, HASH_HEX_BYTES = 65 };

struct hash {
    uint8_t bytes[HASH_BYTES];
};

/** SHA-256 of `size` bytes. */
struct hash hash_of(const void *bytes, size_t size);

/** Hash of one record as a leaf. `size` is at most RECORD_BYTES_MAX. */
struct hash leaf_hash(const void *record, size_t size);

/** Hash of two neighbouring nodes. */
struct hash node_hash(const struct hash *left, const struct hash *right);

/** Root of the tree without leaves. */
struct hash hash_empty_root(void);

bool hash_equal(const struct hash *a, const struct hash *b);

/** Standard base64; returns `text`. */
char *hash_base64(char text[HASH_BASE64_BYTES], const struct hash *hash);

/** Read canonical base64 of exactly 32 bytes. */
MUST_CHECK bool
hash_from_base64(struct hash *out, const char *text, size_t length);

/** Lower-case hex; returns `text`. */
char *hash_hex(char text[HASH_HEX_BYTES], const struct hash *hash);

/** Read 64 lower-case hex digits. */
MUST_CHECK bool
hash_from_hex(struct hash *out, const char *text, size_t length);

#endif
