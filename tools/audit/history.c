/* SPDX-License-Identifier: Apache-2.0 */
#include "history.h"

#include "temporary.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TILE_BYTES = TREE_TILE_HASHES * HASH_BYTES, KNOWN_HEADS = 4096 };

/** A root that was computed before; many signers have seen the same head. */
struct known_head {
    uint64_t size; /* 0: empty */
    struct hash root;
};

struct history {
    struct tree *tree;
    struct tree_mark stored;            /* tiles up to here are in the files */
    int files[TREE_LEVELS_MAX];         /* -1: none yet */
    struct hash edge[TREE_TILE_HASHES]; /* leaves of the last tile */
    struct known_head known[KNOWN_HEADS];
};

static enum err
read_tile(void *context, unsigned level, uint64_t index,
          struct hash hashes_out[TREE_TILE_HASHES])
{
    struct history *h = context;
    ssize_t size = -1;

    if (h->files[level] >= 0)
        size = pread(h->files[level], hashes_out, TILE_BYTES,
                     (off_t)(index * TILE_BYTES));
    return size == TILE_BYTES
               ? ERR_OK
               : err_set(ERR_SYSTEM, "cannot read a tile back: %s",
                         strerror(errno));
}

static enum err
write_tile(struct history *h, struct tree_tile tile)
{
    int *fd = &h->files[tile.level];

    if (*fd < 0)
        *fd = temporary_open();
    if (*fd < 0 || pwrite(*fd, tree_tile_hashes(h->tree, tile), TILE_BYTES,
                          (off_t)(tile.index * TILE_BYTES)) != TILE_BYTES)
        return err_set(ERR_SYSTEM, "cannot write a temporary file: %s",
                       strerror(errno));
    return ERR_OK;
}

enum err
history_create(struct history **out)
{
    struct history *h = calloc(1, sizeof(*h));
    struct tree_source source = {.context = h, .read_tile = read_tile};
    enum err err;

    if (h == NULL)
        return err_set(ERR_NOMEM, "out of memory");
    for (int i = 0; i < TREE_LEVELS_MAX; i++)
        h->files[i] = -1;
    err = tree_create(&h->tree, &source);
    if (err != ERR_OK) {
        free(h);
        return err;
    }
    h->stored = tree_mark(h->tree);
    *out = h;
    return ERR_OK;
}

void
history_destroy(struct history **history)
{
    struct history *h = *history;

    if (h == NULL)
        return;
    for (int i = 0; i < TREE_LEVELS_MAX; i++)
        if (h->files[i] >= 0)
            close(h->files[i]);
    tree_destroy(&h->tree);
    free(h);
    *history = NULL;
}

enum err
history_add(struct history *h, const struct hash *leaf)
{
    struct tree_tile tiles[TREE_BATCH_TILES_MAX];
    size_t count;
    enum err err = ERR_OK;

    h->edge[tree_size(h->tree) % TREE_TILE_HASHES] = *leaf;
    tree_append(h->tree, leaf);
    if (tree_size(h->tree) % TREE_TILE_HASHES != 0)
        return ERR_OK;
    count = tree_full_tiles(h->tree, h->stored, tiles);
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = write_tile(h, tiles[i]);
    h->stored = tree_mark(h->tree);
    return err;
}

uint64_t
history_size(const struct history *h)
{
    return tree_size(h->tree);
}

enum err
history_root(struct history *h, uint64_t size, struct hash *root_out)
{
    struct known_head *known = &h->known[size % KNOWN_HEADS];
    enum err err;

    if (size > 0 && known->size == size) {
        *root_out = known->root;
        return ERR_OK;
    }
    err = tree_root_at(h->tree, size, root_out);
    if (err == ERR_OK)
        *known = (struct known_head){size, *root_out};
    return err;
}

enum err
history_has_head(struct history *h, uint64_t size, const struct hash *root,
                 bool *has_out)
{
    struct hash ours;
    enum err err;

    *has_out = false;
    if (size > history_size(h))
        return ERR_OK;
    err = history_root(h, size, &ours);
    *has_out = err == ERR_OK && hash_equal(&ours, root);
    return err;
}

enum err
history_has_leaf(struct history *h, uint64_t index, const struct hash *leaf,
                 bool *has_out)
{
    uint64_t size = history_size(h);
    struct hash root = tree_root(h->tree);
    struct proof proof;
    enum err err;

    *has_out = false;
    if (index >= size)
        return ERR_OK;
    err = tree_prove_inclusion(h->tree, index, size, &proof);
    *has_out =
        err == ERR_OK && inclusion_verify(leaf, index, size, &proof, &root);
    return err;
}

/** The hash of a full tile, one level up. */
static enum err
fold_tile(struct history *h, unsigned level, uint64_t index, struct hash *out)
{
    struct hash hashes[TREE_TILE_HASHES];
    enum err err = read_tile(h, level, index, hashes);

    if (err != ERR_OK)
        return err;
    for (size_t width = TREE_TILE_HASHES; width > 1; width /= 2)
        for (size_t i = 0; i < width / 2; i++)
            hashes[i] = node_hash(&hashes[2 * i], &hashes[2 * i + 1]);
    *out = hashes[0];
    return ERR_OK;
}

enum err
history_tile(struct history *h, unsigned level, uint64_t index,
             struct hash hashes_out[TREE_TILE_HASHES], unsigned *width_out)
{
    uint64_t hashes =
        level < TREE_LEVELS_MAX ? tree_size(h->tree) >> (8 * level) : 0;
    uint64_t before = index * TREE_TILE_HASHES;
    enum err err = ERR_OK;

    if (index > TREE_SIZE_MAX / TREE_TILE_HASHES || before >= hashes)
        return err_set(ERR_NOT_FOUND, "there is no such tile");
    *width_out = hashes - before < TREE_TILE_HASHES
                     ? (unsigned)(hashes - before)
                     : TREE_TILE_HASHES;
    if (*width_out == TREE_TILE_HASHES)
        return read_tile(h, level, index, hashes_out);
    if (level == 0)
        memcpy(hashes_out, h->edge, *width_out * sizeof(*hashes_out));
    for (unsigned i = 0; level > 0 && i < *width_out && err == ERR_OK; i++)
        err = fold_tile(h, level - 1, before + i, &hashes_out[i]);
    return err;
}

struct tree *
history_tree(struct history *h)
{
    return h->tree;
}
