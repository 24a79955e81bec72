/* SPDX-License-Identifier: Apache-2.0 */
/**
 * export: what the parts of writing an export share.
 *
 *     export.c        records, blobs, checkpoint
 *     export_tiles.c  the tree's tiles, and bundles of records
 *
 * Source  C2SP tlog-tiles; docs/audit.md "An export".
 */
#ifndef TOOLS_EXPORT_H
#define TOOLS_EXPORT_H

#include "history.h"
#include "inspect.h"
#include "names.h"
#include "trust.h"

#include <stdio.h>

enum { BUNDLE_BYTES_MAX = TREE_TILE_HASHES * (RECORD_BYTES_MAX + 2) };

struct exporting {
    const struct inspect_options *options;
    struct source *source;
    struct trust trust;
    struct history *history;
    struct names names;
    FILE *records;
    uint64_t withheld;
    uint8_t *closed; /* by auction: its secrets may be shown */
    size_t closed_size;

    struct buf bundle; /* the one being filled */
    uint64_t bundle_index, bundles_left_out;
    unsigned bundle_width;
    bool bundle_is_open; /* nothing in it is withheld */

    struct record record;
    struct record_text text;
    enum err err;
};

/** Every tile of the tree, full ones and the last of each level. */
MUST_CHECK enum err export_tiles(struct exporting *exporting);

/** Add the next record to its bundle; NULL: it is withheld. */
MUST_CHECK enum err
export_bundle_add(struct exporting *exporting, const struct source_line *line);
/** Write the last, partial bundle. */
MUST_CHECK enum err export_bundle_flush(struct exporting *exporting);

#endif
