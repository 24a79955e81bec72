/* SPDX-License-Identifier: Apache-2.0 */
/**
 * history: the tree over the leaves seen so far, for roots of any size.
 *
 * Its newest tiles are in memory; full tiles go to temporary files without a
 * name, 32 bytes a record. So memory stays the same however long the log is,
 * and nothing that an export brings along has to be believed.
 *
 * Owner   whoever created it. About 1 MiB.
 * Thread  one at a time.
 * Source  docs/audit.md "tree".
 */
#ifndef TOOLS_HISTORY_H
#define TOOLS_HISTORY_H

#include "audit/tree.h"

struct history;

/** ERR_OK or ERR_NOMEM. */
MUST_CHECK enum err history_create(struct history **out);
void history_destroy(struct history **history);

/** Append a leaf. ERR_OK, or ERR_SYSTEM where no temporary file can grow. */
MUST_CHECK enum err
history_add(struct history *history, const struct hash *leaf);

uint64_t history_size(const struct history *history);

/** Root of the first `size` leaves; size <= history_size. */
MUST_CHECK enum err
history_root(struct history *history, uint64_t size, struct hash *root_out);

/** Whether `root` is the root of the first `size` leaves. */
MUST_CHECK enum err history_has_head(struct history *history, uint64_t size,
                                     const struct hash *root, bool *has_out);

/** Whether `leaf` is leaf number `index`. */
MUST_CHECK enum err history_has_leaf(struct history *history, uint64_t index,
                                     const struct hash *leaf, bool *has_out);

/**
 * A tile of the tree, full or the last of its level; what is behind its
 * width is not set. ERR_NOT_FOUND: there is none; ERR_SYSTEM.
 */
MUST_CHECK enum err
history_tile(struct history *history, unsigned level, uint64_t index,
             struct hash hashes_out[TREE_TILE_HASHES], unsigned *width_out);

/** The tree itself, for proofs. Borrowed. */
struct tree *history_tree(struct history *history);

#endif
