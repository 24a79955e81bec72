/* SPDX-License-Identifier: Apache-2.0 */
#include "proven.h"

#include "history.h"
#include "progress.h"

#include <stdlib.h>

struct proven {
    struct source *source;
    const struct checkpoint *head;
    struct tree *tree;       /* from tiles, owned; NULL: see history */
    struct history *history; /* from all records; NULL: see tree */
    enum err failed;
};

/* ----------------------------------------------------------------- from tiles
 */

static enum err
read_tile(void *context, unsigned level, uint64_t index,
          struct hash hashes_out[TREE_TILE_HASHES])
{
    struct proven *p = context;
    unsigned width;
    enum err err =
        source_tile(p->source, p->head->size, level, index, hashes_out, &width);

    return err == ERR_OK && width != TREE_TILE_HASHES
               ? err_set(ERR_NOT_FOUND, "a tile is not full")
               : err;
}

static bool
take_leaf(void *context, const struct source_line *line)
{
    *(struct hash *)context = source_line_leaf(line);
    return false;
}

static enum err
read_leaf(void *context, uint64_t index, struct hash *leaf_out)
{
    struct proven *p = context;
    struct hash tile[TREE_TILE_HASHES];
    unsigned width;
    enum err err = source_tile(p->source, p->head->size, 0,
                               index / TREE_TILE_HASHES, tile, &width);

    if (err == ERR_OK) {
        *leaf_out = tile[index % TREE_TILE_HASHES];
        return ERR_OK;
    }
    /* Of an export that walks all lines before it: it has tiles, or none. */
    return source_each(p->source, index, take_leaf, leaf_out);
}

static enum err
load_tiles(struct proven *p)
{
    struct tree_source from = {p, read_tile, read_leaf};
    enum err err;
    struct hash root;

    if (p->head->size >= TREE_TILE_HASHES) { /* a quick look: any tiles? */
        struct hash tile[TREE_TILE_HASHES];
        if ((err = read_tile(p, 0, 0, tile)) != ERR_OK)
            return err;
    }
    if ((err = tree_create(&p->tree, &from)) != ERR_OK)
        return err;
    err = tree_load(p->tree, p->head->size);
    if (err == ERR_OK) {
        root = tree_root(p->tree);
        if (!hash_equal(&root, &p->head->root))
            err = err_set(ERR_DAMAGED, "the tiles do not give the signed root");
    }
    if (err != ERR_OK)
        tree_destroy(&p->tree);
    return err;
}

/* --------------------------------------------------------------- from records
 */

static bool
add_leaf(void *context, const struct source_line *line)
{
    struct proven *p = context;
    struct hash leaf = source_line_leaf(line);

    if (line->seq >= p->head->size)
        return false;
    p->failed = history_add(p->history, &leaf);
    if (line->seq % 1024 == 0)
        progress_show("hashed", line->seq, p->head->size);
    return p->failed == ERR_OK;
}

static enum err
load_records(struct proven *p)
{
    struct hash root;
    enum err err = history_create(&p->history);

    if (err == ERR_OK)
        err = source_each(p->source, 0, add_leaf, p);
    progress_clear();
    if (err != ERR_OK || (err = p->failed) != ERR_OK)
        return err;
    root = tree_root(history_tree(p->history));
    if (history_size(p->history) != p->head->size ||
        !hash_equal(&root, &p->head->root))
        return err_set(ERR_DAMAGED,
                       "the records do not hash to the signed root: verify "
                       "tells which one");
    return ERR_OK;
}

enum err
proven_create(struct proven **out, struct source *source,
              const struct trust *trust)
{
    struct proven *p = calloc(1, sizeof(*p));
    enum err err;

    if (p == NULL)
        return err_set(ERR_NOMEM, "out of memory");
    p->source = source;
    p->head = &trust->head;
    if (load_tiles(p) != ERR_OK && (err = load_records(p)) != ERR_OK) {
        proven_destroy(&p);
        return err;
    }
    *out = p;
    return ERR_OK;
}

void
proven_destroy(struct proven **proven)
{
    if (*proven == NULL)
        return;
    tree_destroy(&(*proven)->tree);
    history_destroy(&(*proven)->history);
    free(*proven);
    *proven = NULL;
}

static struct tree *
tree_of(struct proven *p)
{
    return p->tree != NULL ? p->tree : history_tree(p->history);
}

enum err
proven_inclusion(struct proven *p, uint64_t seq, const struct hash *leaf,
                 struct proof *proof_out)
{
    enum err err;

    if (seq >= p->head->size)
        return err_set(ERR_NOT_FOUND, "the log has no record %llu",
                       (unsigned long long)seq);
    err = tree_prove_inclusion(tree_of(p), seq, p->head->size, proof_out);
    if (err != ERR_OK)
        return err;
    return inclusion_verify(leaf, seq, p->head->size, proof_out, &p->head->root)
               ? ERR_OK
               : err_set(ERR_DAMAGED,
                         "record %llu is not what the signed tree holds",
                         (unsigned long long)seq);
}

enum err
proven_check(struct proven *p, uint64_t seq, const struct hash *leaf)
{
    struct proof proof;

    return proven_inclusion(p, seq, leaf, &proof);
}

enum err
proven_consistency(struct proven *p, const struct checkpoint *old,
                   struct proof *proof_out)
{
    enum err err;

    if (old->size > p->head->size)
        return err_set(ERR_DAMAGED,
                       "the log has %llu records, but a checkpoint of %llu "
                       "was signed before: it was rolled back",
                       (unsigned long long)p->head->size,
                       (unsigned long long)old->size);
    err =
        tree_prove_consistency(tree_of(p), old->size, p->head->size, proof_out);
    if (err != ERR_OK)
        return err;
    return consistency_verify(old->size, &old->root, p->head->size,
                              &p->head->root, proof_out)
               ? ERR_OK
               : err_set(ERR_DAMAGED,
                         "the log of %llu records is not the beginning of "
                         "that of %llu: the past was rewritten",
                         (unsigned long long)old->size,
                         (unsigned long long)p->head->size);
}
