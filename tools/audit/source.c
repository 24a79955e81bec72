/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include "audit/record.h"

#include <stdio.h>
#include <string.h>

enum err
source_open(struct source **out, const struct source_options *options)
{
    struct checkpoint head;
    enum err err;

    if (options->server != NULL)
        err = source_server_open(out, options);
    else if (options->data_dir != NULL)
        err = source_data_open(out, options->data_dir);
    else
        err = source_folder_open(out, options->export_dir);
    if (err != ERR_OK)
        return err;
    /* Only to know how far to read: whoever needs the head verifies it. */
    if ((*out)->note.size > 0 && checkpoint_parse(&head, (*out)->note.bytes,
                                                  (*out)->note.size) == ERR_OK)
        (*out)->size = head.size;
    return ERR_OK;
}

void
source_close(struct source **source)
{
    if (*source == NULL)
        return;
    buf_release(&(*source)->note);
    (*source)->kind->close(*source);
    *source = NULL;
}

enum err
source_each(struct source *source, uint64_t from, source_visit *visit,
            void *context)
{
    return source->kind->each(source, from, visit, context);
}

struct hash
source_line_leaf(const struct source_line *line)
{
    if (line->bytes == NULL)
        return line->leaf;
    /* A longer line is no record; it is refused for that. */
    return leaf_hash(line->bytes, line->size > RECORD_BYTES_MAX
                                      ? RECORD_BYTES_MAX
                                      : line->size);
}

bool
source_parse_withheld(const char *text, size_t size, struct hash *leaf)
{
    return size == 75 && memcmp(text, "{\"leaf\":\"", 9) == 0 &&
           memcmp(text + 73, "\"}", 2) == 0 &&
           hash_from_hex(leaf, text + 9, 64);
}

enum err
source_log_cert(struct source *source, struct buf *out)
{
    return source->kind->log_cert(source, out);
}

enum err
source_blob(struct source *source, const struct hash *hash, struct buf *out)
{
    size_t before = out->size;
    struct hash found;
    enum err err = source->kind->blob(source, hash, out);

    if (err != ERR_OK)
        return err;
    found = hash_of(out->bytes + before, out->size - before);
    return hash_equal(&found, hash)
               ? ERR_OK
               : err_set(ERR_DAMAGED, "a blob does not have its hash");
}

void
source_tile_name(char out[64], uint64_t index)
{
    char digits[32];
    size_t groups, used = 0;

    snprintf(digits, sizeof(digits), "%llu", (unsigned long long)index);
    groups = (strlen(digits) + 2) / 3;
    for (size_t g = groups; g > 0; g--) {
        uint64_t divisor = 1;
        for (size_t i = 1; i < g; i++)
            divisor *= 1000;
        used += (size_t)snprintf(
            out + used, 64 - used, "%s%03llu%s", g > 1 ? "x" : "",
            (unsigned long long)(index / divisor % 1000), g > 1 ? "/" : "");
    }
}

enum err
source_tile(struct source *source, uint64_t size, unsigned level,
            uint64_t index, struct hash hashes_out[TREE_TILE_HASHES],
            unsigned *width_out)
{
    uint64_t hashes = level * 8 >= 64 ? 0 : size >> (level * 8);
    uint64_t before = index * TREE_TILE_HASHES;

    if (index > TREE_SIZE_MAX / TREE_TILE_HASHES || before >= hashes)
        return err_set(ERR_NOT_FOUND, "the log has no such tile");
    *width_out = hashes - before < TREE_TILE_HASHES
                     ? (unsigned)(hashes - before)
                     : TREE_TILE_HASHES;
    return source->kind->tile(source, level, index, *width_out, hashes_out);
}
