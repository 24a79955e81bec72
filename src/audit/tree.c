/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tree.h"

#include <stdlib.h>

#include "audit/tree_tiles.h"

static enum err
no_tile(void *context, unsigned level, uint64_t index,
        struct hash hashes_out[TREE_TILE_HASHES])
{
    (void)context;
    (void)hashes_out;
    return err_set(ERR_NOT_FOUND, "tile %u/%llu: the tree has no source", level,
                   (unsigned long long)index);
}

static enum err
no_leaf(void *context, uint64_t index, struct hash *leaf_out)
{
    (void)context;
    (void)leaf_out;
    return err_set(ERR_NOT_FOUND, "leaf %llu: the tree has no source",
                   (unsigned long long)index);
}

static void
forget(struct tree *tree)
{
    tree->size = 0;
    tree->spare.tile = SLOT_EMPTY;
    for (unsigned l = 0; l < TREE_LEVELS_MAX; l++)
        for (size_t i = 0; i < tree->levels[l].slot_count; i++)
            tree->levels[l].slots[i].tile = SLOT_EMPTY;
}

enum err
tree_create(struct tree **tree_out, const struct tree_source *source)
{
    struct tree *tree = calloc(1, sizeof(*tree));

    if (tree == NULL)
        return err_set(ERR_NOMEM, "a tree");
    tree->source = (struct tree_source){NULL, no_tile, no_leaf};
    if (source != NULL)
        tree->source = *source;
    for (unsigned l = 0; l < TREE_LEVELS_MAX; l++) {
        struct tree_level *level = &tree->levels[l];

        level->slot_count = l == 0 ? SLOTS_BOTTOM : SLOTS_ABOVE;
        level->slots = malloc(level->slot_count * sizeof(*level->slots));
        if (level->slots == NULL) {
            tree_destroy(&tree);
            return err_set(ERR_NOMEM, "a tree's tiles");
        }
    }
    forget(tree);
    *tree_out = tree;
    return ERR_OK;
}

void
tree_destroy(struct tree **tree)
{
    if (*tree == NULL)
        return;
    for (unsigned l = 0; l < TREE_LEVELS_MAX; l++)
        free((*tree)->levels[l].slots);
    free(*tree);
    *tree = NULL;
}

uint64_t
tree_size(const struct tree *tree)
{
    return tree->size;
}

/* ------------------------------------------------------------- appending */

/*
 * Put hash number `index` of a level into its slot, and the nodes inside the
 * tile that it completes. True when it completes the tile; the hash then is
 * the tile's own, to be put one level up.
 */
static bool
level_put(struct tree *tree, unsigned level, uint64_t index, struct hash *hash)
{
    struct tree_slot *slot = slot_of(tree, level, index >> TILE_HEIGHT);
    size_t at = (size_t)(index & (TREE_TILE_HASHES - 1));
    unsigned height = 0;

    if (at == 0)
        slot->tile = index >> TILE_HEIGHT;
    CHECK(slot->tile == index >> TILE_HEIGHT);
    slot->nodes[at] = *hash;
    while (height < TILE_HEIGHT && (at & 1) != 0) {
        *hash = node_hash(&slot->nodes[SLOT_AT(height) + at - 1], hash);
        at >>= 1;
        height++;
        if (height < TILE_HEIGHT)
            slot->nodes[SLOT_AT(height) + at] = *hash;
    }
    return height == TILE_HEIGHT;
}

void
tree_append(struct tree *tree, const struct hash *leaf)
{
    struct hash hash = *leaf;
    uint64_t index = tree->size;
    unsigned level = 0;

    CHECK(tree->size < TREE_SIZE_MAX);
    while (level_put(tree, level, index, &hash)) {
        index >>= TILE_HEIGHT;
        level++;
    }
    tree->size++;
}

struct tree_mark
tree_mark(const struct tree *tree)
{
    return (struct tree_mark){tree->size};
}

void
tree_rewind(struct tree *tree, struct tree_mark mark)
{
    CHECK(mark.size <= tree->size);
    CHECK(tree->size - mark.size <= TREE_BATCH_LEAVES_MAX);
    tree->size = mark.size;
}

/* Number of full tiles of a level in a tree of `size` leaves. */
static uint64_t
full_tiles(uint64_t size, unsigned level)
{
    unsigned shift = TILE_HEIGHT * (level + 1);

    return shift < 64 ? size >> shift : 0;
}

size_t
tree_full_tiles(const struct tree *tree, struct tree_mark mark,
                struct tree_tile tiles_out[TREE_BATCH_TILES_MAX])
{
    size_t count = 0;

    CHECK(mark.size <= tree->size);
    CHECK(tree->size - mark.size <= TREE_BATCH_LEAVES_MAX);
    for (unsigned l = 0; l < TREE_LEVELS_MAX; l++) {
        uint64_t end = full_tiles(tree->size, l);

        for (uint64_t i = full_tiles(mark.size, l); i < end; i++) {
            CHECK(count < TREE_BATCH_TILES_MAX);
            tiles_out[count++] = (struct tree_tile){l, i};
        }
    }
    return count;
}

const struct hash *
tree_tile_hashes(const struct tree *tree, struct tree_tile tile)
{
    const struct tree_slot *slot = slot_of(tree, tile.level, tile.index);

    CHECK(tile.index < full_tiles(tree->size, tile.level));
    CHECK(slot->tile == tile.index);
    return slot->nodes;
}

/* --------------------------------------------------------------- loading */

/* Hash of a full tile one level below, read from the source. */
static enum err
read_tile_hash(struct tree *tree, unsigned level, uint64_t index,
               struct hash *out)
{
    struct hash *nodes = tree->spare.nodes;
    enum err err;

    tree->spare.tile = SLOT_EMPTY;
    err = tree->source.read_tile(tree->source.context, level, index, nodes);
    if (err != ERR_OK)
        return err;
    for (size_t width = TREE_TILE_HASHES; width > 1; width /= 2)
        for (size_t i = 0; i < width / 2; i++)
            nodes[i] = node_hash(&nodes[2 * i], &nodes[2 * i + 1]);
    *out = nodes[0];
    return ERR_OK;
}

/* The hashes of a level's last, unfinished tile. */
static enum err
level_load(struct tree *tree, unsigned level, uint64_t size)
{
    uint64_t count = size >> (TILE_HEIGHT * level);
    uint64_t index = count & ~(uint64_t)(TREE_TILE_HASHES - 1);
    struct hash hash;
    enum err err;

    for (; index < count; index++) {
        err = level == 0
                  ? tree->source.read_leaf(tree->source.context, index, &hash)
                  : read_tile_hash(tree, level - 1, index, &hash);
        if (err != ERR_OK)
            return err;
        CHECK(!level_put(tree, level, index, &hash));
    }
    return ERR_OK;
}

enum err
tree_load(struct tree *tree, uint64_t size)
{
    enum err err;

    CHECK(tree->size == 0);
    if (size > TREE_SIZE_MAX)
        return err_set(ERR_TOO_LARGE, "a tree of %llu leaves",
                       (unsigned long long)size);
    for (unsigned l = 0; l < TREE_LEVELS_MAX; l++) {
        if ((err = level_load(tree, l, size)) != ERR_OK) {
            forget(tree);
            return err;
        }
    }
    tree->size = size;
    return ERR_OK;
}
