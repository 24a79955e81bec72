/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/tree.h"

#include "audit/tree_tiles.h"

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

enum err
tree_read_tile(struct tree *tree, struct tree_tile tile, size_t width,
               struct hash *hashes_out)
{
    enum err err = ERR_OK;

    CHECK(tile.level < TREE_LEVELS_MAX && width <= TREE_TILE_HASHES);
    for (size_t i = 0; err == ERR_OK && i < width; i++)
        err = node_get(tree, tile.level * TILE_HEIGHT,
                       tile.index * TREE_TILE_HASHES + i, &hashes_out[i]);
    return err;
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
