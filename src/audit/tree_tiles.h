/* SPDX-License-Identifier: Apache-2.0 */
/**
 * tree_tiles: how a tree keeps its newest tiles; for tree*.c only.
 */
#ifndef AUDIT_TREE_TILES_H
#define AUDIT_TREE_TILES_H

#include "audit/tree.h"

/*
 * A slot holds one tile with all nodes inside it: heights 0 to 7, height h
 * at SLOT_AT(h), 256 >> h of them. The node of height 8 is an entry one
 * level up.
 *
 * Level 0 keeps 16 tiles. A batch of 2048 leaves touches at most 9, so
 * neither the tile that was current when it began nor the one before is
 * overwritten, and going back is nothing but setting the size back. One
 * level up a batch adds at most 9 hashes, which touch at most 2 tiles.
 */
enum {
    TILE_HEIGHT = 8,
    SLOT_NODES = 2 * TREE_TILE_HASHES,
    SLOTS_BOTTOM = 16,
    SLOTS_ABOVE = 4
};
#define SLOT_AT(height) ((size_t)(SLOT_NODES - (SLOT_NODES >> (height))))
#define SLOT_EMPTY      UINT64_MAX

_Static_assert(TREE_BATCH_LEAVES_MAX / TREE_TILE_HASHES + 2 < SLOTS_BOTTOM,
               "a batch must leave the tiles before it alone");

struct tree_slot {
    uint64_t tile; /* index of the tile held, or SLOT_EMPTY */
    struct hash nodes[SLOT_NODES];
};

struct tree_level {
    size_t slot_count;       /* a power of two */
    struct tree_slot *slots; /* owned; tile N lives in slot N % slot_count */
};

struct tree {
    uint64_t size;
    struct tree_source source;
    struct tree_level levels[TREE_LEVELS_MAX];
    struct tree_slot spare; /* an old tile, read for a proof */
    unsigned spare_level;
};

/** The slot in which a tile would be, whatever is in it now. */
static inline struct tree_slot *
slot_of(const struct tree *tree, unsigned level, uint64_t tile)
{
    const struct tree_level *l = &tree->levels[level];

    CHECK(level < TREE_LEVELS_MAX);
    return &l->slots[tile & (l->slot_count - 1)];
}

#endif
