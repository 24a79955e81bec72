/* SPDX-License-Identifier: Apache-2.0 */
/**
 * proof: checking Merkle proofs, and roots of leaves given one by one.
 *
 * Pure; what a client or an auditor needs without a tree of its own.
 *
 * Thread  any; a tree_hasher by one thread at a time.
 * Source  RFC 6962 sections 2.1.1 and 2.1.2; the checks as in RFC 9162
 *         sections 2.1.3.2 and 2.1.4.2.
 */
#ifndef AUDIT_PROOF_H
#define AUDIT_PROOF_H

#include "audit/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Hashes in the longest proof of a tree of at most TREE_SIZE_MAX leaves. */
enum { PROOF_HASHES_MAX = 64 };

/** Most leaves: their numbers must fit a number of a record. */
#define TREE_SIZE_MAX UINT64_C(9007199254740991)

/** A list of hashes, in the order of RFC 6962. */
struct proof {
    struct hash hashes[PROOF_HASHES_MAX];
    size_t count;
};

/** Whether `leaf` is leaf number `index` of the tree (`size`, `root`). */
MUST_CHECK bool
inclusion_verify(const struct hash *leaf, uint64_t index, uint64_t size,
                 const struct proof *proof, const struct hash *root);

/**
 * Whether the tree (old_size, old_root) is a prefix of (new_size, new_root).
 * An empty old tree is a prefix of every tree; then, and for equal sizes, the
 * proof must be empty.
 */
MUST_CHECK bool
consistency_verify(uint64_t old_size, const struct hash *old_root,
                   uint64_t new_size, const struct hash *new_root,
                   const struct proof *proof);

/** Root of a stream of leaves in 2 KiB, whatever their number. */
struct tree_hasher {
    uint64_t size;
    struct hash peaks[64]; /* of the complete subtrees, largest first */
    size_t peak_count;
};

void tree_hasher_init(struct tree_hasher *hasher);

void tree_hasher_add(struct tree_hasher *hasher, const struct hash *leaf);

/** Root of what was added so far; more may be added after it. */
struct hash tree_hasher_root(const struct tree_hasher *hasher);

#endif
