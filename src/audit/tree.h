/* SPDX-License-Identifier: Apache-2.0 */
/**
 * tree: the Merkle tree over all records, its newest part in memory.
 *
 * The tree is kept in tiles (C2SP tlog-tiles, height 8): tile (L, N) holds
 * the 256 hashes of the complete subtrees of 256^L leaves numbered from
 * 256 * N. Full tiles never change and are stored by the caller; the tree
 * keeps the last few tiles of every level, with all nodes inside them, so that
 * appending costs two hashes a leaf and a proof of a recent record a handful of
 * look-ups. Older tiles are asked for through struct tree_source.
 *
 * Appending may be undone: a tree is changed first, then the batch is
 * committed, and if that fails tree_rewind takes it back. That is why the
 * memory holds more than one tile a level.
 *
 * Owner   whoever created it; the engine in the server. About 0.7 MiB.
 * Thread  one at a time; the source is called on the same thread.
 * Source  RFC 6962 section 2.1; C2SP tlog-tiles; docs/audit.md "tree".
 */
#ifndef AUDIT_TREE_H
#define AUDIT_TREE_H

#include "audit/hash.h"
#include "audit/proof.h"

#include <stddef.h>
#include <stdint.h>

enum {
    TREE_TILE_HASHES = 256,
    TREE_LEVELS_MAX = 7,          /* 256^7 > TREE_SIZE_MAX */
    TREE_BATCH_LEAVES_MAX = 2048, /* appended between mark and rewind */
    TREE_BATCH_TILES_MAX = 8 + 6  /* full tiles that can come of them */
};

struct tree;

/** Where the past is read from; both return ERR_OK or what failed. */
struct tree_source {
    void *context;
    /** A full tile, as it was enumerated by tree_full_tiles. */
    enum err (*read_tile)(void *context, unsigned level, uint64_t index,
                          struct hash hashes_out[TREE_TILE_HASHES]);
    /** The leaf hash of a record; asked for only by tree_load. */
    enum err (*read_leaf)(void *context, uint64_t index, struct hash *leaf_out);
};

/** A tile's place. */
struct tree_tile {
    unsigned level;
    uint64_t index;
};

/** A state to return to. */
struct tree_mark {
    uint64_t size;
};

/**
 * An empty tree.
 *
 * source  copied; its context is borrowed for the life of the tree. May be
 *         NULL for a tree that is never asked for anything older than it
 *         holds (tests, small exports).
 *
 * Returns  ERR_OK or ERR_NOMEM
 */
MUST_CHECK enum err
tree_create(struct tree **tree_out, const struct tree_source *source);

/** Free the tree and clear the pointer; NULL is allowed. */
void tree_destroy(struct tree **tree);

/**
 * Make an empty tree one of `size` leaves from the source: at most 255
 * leaves, and at most 255 tiles a level, are read. The caller compares
 * tree_root with the head it trusts.
 *
 * Returns  ERR_OK, or the source's error; the tree is then empty
 */
MUST_CHECK enum err tree_load(struct tree *tree, uint64_t size);

uint64_t tree_size(const struct tree *tree);

/** Append a leaf; its index is the size before. */
void tree_append(struct tree *tree, const struct hash *leaf);

/** Remember the present state. */
struct tree_mark tree_mark(const struct tree *tree);

/**
 * Return to a marked state, as if nothing had been appended since. At most
 * TREE_BATCH_LEAVES_MAX leaves may have been.
 */
void tree_rewind(struct tree *tree, struct tree_mark mark);

/**
 * The tiles that became full since the mark, lowest level first, each level
 * in order of index; to be stored before the leaves are promised.
 * Returns their number. At most TREE_BATCH_LEAVES_MAX leaves since.
 */
size_t tree_full_tiles(const struct tree *tree, struct tree_mark mark,
                       struct tree_tile tiles_out[TREE_BATCH_TILES_MAX]);

/**
 * The 256 hashes of a tile that tree_full_tiles named; borrowed until the
 * next append or rewind.
 */
const struct hash *
tree_tile_hashes(const struct tree *tree, struct tree_tile tile);

/**
 * The first `width` hashes of a tile, 1 to 256, all of them complete in the
 * tree (CHECKed). Errors as tree_root_at.
 */
MUST_CHECK enum err tree_read_tile(struct tree *tree, struct tree_tile tile,
                                   size_t width, struct hash *hashes_out);

/** Root of the whole tree; needs no source. */
struct hash tree_root(const struct tree *tree);

/**
 * Root of the tree's first `size` leaves; size <= tree_size.
 *
 * Returns  ERR_OK; the source's error; ERR_NOT_FOUND without a source
 */
MUST_CHECK enum err
tree_root_at(struct tree *tree, uint64_t size, struct hash *root_out);

/**
 * Proof that leaf `index` is in the tree of the first `size` leaves;
 * index < size <= tree_size. Errors as tree_root_at.
 */
MUST_CHECK enum err
tree_prove_inclusion(struct tree *tree, uint64_t index, uint64_t size,
                     struct proof *proof_out);

/**
 * Proof that the first `old_size` leaves are a prefix of the first
 * `new_size`; old_size <= new_size <= tree_size. Errors as tree_root_at.
 */
MUST_CHECK enum err
tree_prove_consistency(struct tree *tree, uint64_t old_size, uint64_t new_size,
                       struct proof *proof_out);

#endif
