/* SPDX-License-Identifier: Apache-2.0 */
#include "export.h"

#include "file.h"

static enum err
write_named(const struct exporting *x, const char *level, uint64_t index,
            unsigned width, const void *bytes, size_t size)
{
    char number[64], path[FILE_PATH_BYTES];

    source_tile_name(number, index);
    if (width == TREE_TILE_HASHES)
        snprintf(path, sizeof(path), "%s/tile/%s/%s", x->options->out, level,
                 number);
    else
        snprintf(path, sizeof(path), "%s/tile/%s/%s.p/%u", x->options->out,
                 level, number, width);
    return file_write(path, bytes, size);
}

/* --------------------------------------------------------------------- tiles
 */

static enum err
write_tile(struct exporting *x, unsigned level, uint64_t index)
{
    struct hash tile[TREE_TILE_HASHES];
    char name[16];
    unsigned width;
    enum err err = history_tile(x->history, level, index, tile, &width);

    snprintf(name, sizeof(name), "%u", level);
    return err == ERR_OK
               ? write_named(x, name, index, width, tile, width * sizeof(*tile))
               : err;
}

enum err
export_tiles(struct exporting *x)
{
    uint64_t hashes = history_size(x->history);
    enum err err = ERR_OK;

    for (unsigned level = 0; hashes > 0 && err == ERR_OK; level++) {
        for (uint64_t i = 0; i * TREE_TILE_HASHES < hashes && err == ERR_OK;
             i++)
            err = write_tile(x, level, i);
        hashes /= TREE_TILE_HASHES;
    }
    return err;
}

/* ------------------------------------------------------------------- bundles
 */

static enum err
write_bundle(struct exporting *x)
{
    enum err err = ERR_OK;

    if (!buf_is_ok(&x->bundle))
        return err_set(ERR_NOMEM, "out of memory");
    if (x->bundle_is_open)
        err = write_named(x, "entries", x->bundle_index, x->bundle_width,
                          x->bundle.bytes, x->bundle.size);
    else
        x->bundles_left_out++;
    buf_clear(&x->bundle);
    x->bundle_index++;
    x->bundle_width = 0;
    return err;
}

enum err
export_bundle_add(struct exporting *x, const struct source_line *line)
{
    uint8_t size[2];

    if (x->bundle_width == 0)
        x->bundle_is_open = true;
    x->bundle_width++;
    if (line == NULL) {
        x->bundle_is_open = false;
    } else {
        size[0] = (uint8_t)(line->size >> 8);
        size[1] = (uint8_t)line->size;
        buf_add(&x->bundle, size, sizeof(size));
        buf_add(&x->bundle, line->bytes, line->size);
    }
    return x->bundle_width == TREE_TILE_HASHES ? write_bundle(x) : ERR_OK;
}

enum err
export_bundle_flush(struct exporting *x)
{
    return x->bundle_width == 0 ? ERR_OK : write_bundle(x);
}
