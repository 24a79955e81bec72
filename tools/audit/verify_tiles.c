/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tiles that an export brings along are those of its records. Leaves are
 * compared as they pass, to name the first wrong one; here come the levels
 * above.
 */
#include "verify.h"

#include <string.h>

static void
check_tile(struct verifying *v, unsigned level, uint64_t index)
{
    struct hash found[TREE_TILE_HASHES], ours[TREE_TILE_HASHES];
    unsigned width = 0, own_width = 0;
    enum err err =
        source_tile(v->source, v->count, level, index, found, &width);

    if (err == ERR_NOT_FOUND)
        return; /* an export need not have tiles */
    findings_add_err(&v->findings, CHECK_TREE, FINDING_NO_SEQ, err);
    if (err != ERR_OK)
        return;
    verify_fail(v, history_tile(v->history, level, index, ours, &own_width));
    if (width != own_width || memcmp(found, ours, width * HASH_BYTES) != 0)
        findings_add(&v->findings, CHECK_TREE, FINDING_NO_SEQ,
                     "tile %llu of level %u is not that of the records",
                     (unsigned long long)index, level);
}

void
verify_tiles(struct verifying *v)
{
    uint64_t hashes = v->count / TREE_TILE_HASHES;

    for (unsigned level = 1; hashes > 0 && v->failed == ERR_OK; level++) {
        for (uint64_t i = 0; i * TREE_TILE_HASHES < hashes; i++)
            check_tile(v, level, i);
        hashes /= TREE_TILE_HASHES;
    }
}
