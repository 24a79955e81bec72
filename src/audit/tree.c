/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tree.h"

#include <stdlib.h>
#include <string.h>

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

static struct tree_slot *
slot_of(const struct tree *tree, unsigned level, uint64_t tile)
{
    const struct tree_level *l = &tree->levels[level];

    CHECK(level < TREE_LEVELS_MAX);
    return &l->slots[tile & (l->slot_count - 1)];
}

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

/* ---------------------------------------------------------------- nodes */

/* Read a full tile into the spare slot, with the nodes inside it. */
static enum err
spare_read(struct tree *tree, unsigned level, uint64_t tile)
{
    struct hash *nodes = tree->spare.nodes;
    enum err err;

    if (tree->spare.tile == tile && tree->spare_level == level)
        return ERR_OK;
    tree->spare.tile = SLOT_EMPTY;
    err = tree->source.read_tile(tree->source.context, level, tile, nodes);
    if (err != ERR_OK)
        return err;
    for (unsigned h = 1; h < TILE_HEIGHT; h++)
        for (size_t i = 0; i < (size_t)TREE_TILE_HASHES >> h; i++)
            nodes[SLOT_AT(h) + i] =
                node_hash(&nodes[SLOT_AT(h - 1) + 2 * i],
                          &nodes[SLOT_AT(h - 1) + 2 * i + 1]);
    tree->spare.tile = tile;
    tree->spare_level = level;
    return ERR_OK;
}

/*
 * The node over the leaves [index << height, (index + 1) << height), all of
 * them in the tree; NULL when its tile is not in memory.
 */
static const struct hash *
node_peek(const struct tree *tree, unsigned height, uint64_t index)
{
    unsigned level = height / TILE_HEIGHT, inside = height % TILE_HEIGHT;
    unsigned shift = TILE_HEIGHT - inside;
    const struct tree_slot *slot = slot_of(tree, level, index >> shift);
    size_t at = (size_t)(index - (index >> shift << shift));

    CHECK((index + 1) << height <= tree->size);
    if (slot->tile != index >> shift)
        return NULL;
    return &slot->nodes[SLOT_AT(inside) + at];
}

/* The same node from wherever it is. */
static enum err
node_get(struct tree *tree, unsigned height, uint64_t index, struct hash *out)
{
    unsigned level = height / TILE_HEIGHT, inside = height % TILE_HEIGHT;
    unsigned shift = TILE_HEIGHT - inside;
    size_t at = (size_t)(index - (index >> shift << shift));
    const struct hash *node = node_peek(tree, height, index);
    enum err err;

    if (node == NULL) {
        if ((err = spare_read(tree, level, index >> shift)) != ERR_OK)
            return err;
        node = &tree->spare.nodes[SLOT_AT(inside) + at];
    }
    *out = *node;
    return ERR_OK;
}

/* Exponent of the largest power of two that is at most `n`. */
static unsigned
log2_floor(uint64_t n)
{
    CHECK(n > 0);
    return 63 - (unsigned)__builtin_clzll(n);
}

/* One root of complete subtrees side by side, larger ones first. */
static struct hash
fold_peaks(const struct hash *peaks, size_t count)
{
    struct hash root;

    CHECK(count > 0);
    root = peaks[--count];
    while (count > 0) {
        count--;
        root = node_hash(&peaks[count], &root);
    }
    return root;
}

/*
 * Root of the leaves [begin, end): a subtree of the tree of `end` leaves, so
 * begin is a multiple of the largest power of two in its width.
 */
static enum err
range_root(struct tree *tree, uint64_t begin, uint64_t end, struct hash *out)
{
    struct hash peaks[64];
    size_t count = 0;
    enum err err;

    CHECK(begin < end && end <= tree->size);
    while (begin < end) {
        unsigned height = log2_floor(end - begin);

        err = node_get(tree, height, begin >> height, &peaks[count++]);
        if (err != ERR_OK)
            return err;
        begin += UINT64_C(1) << height;
    }
    *out = fold_peaks(peaks, count);
    return ERR_OK;
}

struct hash
tree_root(const struct tree *tree)
{
    struct hash peaks[64];
    size_t count = 0;
    uint64_t begin = 0;

    if (tree->size == 0)
        return hash_empty_root();
    while (begin < tree->size) {
        unsigned height = log2_floor(tree->size - begin);
        const struct hash *peak = node_peek(tree, height, begin >> height);

        /* A peak is in the last tile of its level, which is in memory. */
        CHECK(peak != NULL);
        peaks[count++] = *peak;
        begin += UINT64_C(1) << height;
    }
    return fold_peaks(peaks, count);
}

enum err
tree_root_at(struct tree *tree, uint64_t size, struct hash *root_out)
{
    CHECK(size <= tree->size);
    if (size == 0) {
        *root_out = hash_empty_root();
        return ERR_OK;
    }
    return range_root(tree, 0, size, root_out);
}

/* ---------------------------------------------------------------- proofs */

static enum err
proof_add(struct tree *tree, struct proof *proof, uint64_t begin, uint64_t end)
{
    CHECK(proof->count < PROOF_HASHES_MAX);
    return range_root(tree, begin, end, &proof->hashes[proof->count++]);
}

/*
 * RFC 6962 section 2.1.1 read from the leaf up: at each height the sibling
 * of the path, which is a whole subtree on the left, and on the right as
 * much of one as there is.
 */
enum err
tree_prove_inclusion(struct tree *tree, uint64_t index, uint64_t size,
                     struct proof *proof_out)
{
    enum err err = ERR_OK;

    CHECK(index < size && size <= tree->size);
    proof_out->count = 0;
    for (unsigned h = 0; (size - 1) >> h != 0 && err == ERR_OK; h++) {
        uint64_t sibling = (index >> h) ^ 1;
        uint64_t begin = sibling << h;
        uint64_t end = (sibling + 1) << h;

        if (begin < size)
            err = proof_add(tree, proof_out, begin, end < size ? end : size);
    }
    return err;
}

static void
proof_reverse(struct proof *proof)
{
    for (size_t i = 0; i < proof->count / 2; i++) {
        struct hash *a = &proof->hashes[i];
        struct hash *b = &proof->hashes[proof->count - 1 - i];
        struct hash hold = *a;

        *a = *b;
        *b = hold;
    }
}

/*
 * RFC 6962 section 2.1.2, its recursion as a loop from the root down, so the
 * hashes come in reverse. The subtree is [begin, end); the old tree ends in
 * it. `is_old` says that it is the old tree itself so far (b in the RFC).
 */
enum err
tree_prove_consistency(struct tree *tree, uint64_t old_size, uint64_t new_size,
                       struct proof *proof_out)
{
    uint64_t begin = 0, end = new_size;
    bool is_old = true;
    enum err err = ERR_OK;

    CHECK(old_size <= new_size && new_size <= tree->size);
    proof_out->count = 0;
    if (old_size == 0)
        return ERR_OK;
    while (old_size != end && err == ERR_OK) {
        uint64_t middle = begin + (UINT64_C(1) << log2_floor(end - begin - 1));

        if (old_size <= middle) {
            err = proof_add(tree, proof_out, middle, end);
            end = middle;
        } else {
            err = proof_add(tree, proof_out, begin, middle);
            begin = middle;
            is_old = false;
        }
    }
    if (!is_old && err == ERR_OK)
        err = proof_add(tree, proof_out, begin, end);
    proof_reverse(proof_out);
    return err;
}
