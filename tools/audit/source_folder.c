/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include "audit/logkey.h"
#include "audit/record.h"
#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = RECORD_BYTES_MAX + 2 };

struct folder {
    struct source base;
    char path[FILE_PATH_BYTES];
};

static struct folder *
of(struct source *source)
{
    return (struct folder *)source;
}

static enum err
read_member(struct source *source, const char *name, struct buf *out)
{
    char path[FILE_PATH_BYTES + 256];

    snprintf(path, sizeof(path), "%s/%s", of(source)->path, name);
    return file_read_into(path, out);
}

static void
folder_close(struct source *source)
{
    free(of(source));
}

/* ------------------------------------------------------------------ records
 */

static enum err
walk_lines(FILE *file, const char *path, uint64_t from, source_visit *visit,
           void *context)
{
    char *text = malloc(LINE_BYTES + 1);
    enum err err = text == NULL ? err_set(ERR_NOMEM, "out of memory") : ERR_OK;

    for (uint64_t seq = 0;
         err == ERR_OK && fgets(text, LINE_BYTES + 1, file) != NULL; seq++) {
        size_t size = strlen(text);
        struct source_line line = {.seq = seq};
        if (size == 0 || text[size - 1] != '\n') {
            err = err_set(ERR_SYNTAX,
                          "'%s', line %llu: cut short, too long, or with a NUL",
                          path, (unsigned long long)seq + 1);
            break;
        }
        if (seq < from)
            continue;
        if (!source_parse_withheld(text, size - 1, &line.leaf)) {
            line.bytes = text;
            line.size = size - 1;
        }
        if (!visit(context, &line))
            break;
    }
    if (err == ERR_OK && ferror(file))
        err = err_set(ERR_SYSTEM, "cannot read '%s'", path);
    free(text);
    return err;
}

static enum err
folder_each(struct source *source, uint64_t from, source_visit *visit,
            void *context)
{
    char path[FILE_PATH_BYTES + 32];
    FILE *file;
    enum err err;

    snprintf(path, sizeof(path), "%s/records.jsonl", of(source)->path);
    file = fopen(path, "re");
    if (file == NULL)
        return err_set(ERR_NOT_FOUND, "cannot read '%s': %s", path,
                       strerror(errno));
    err = walk_lines(file, path, from, visit, context);
    fclose(file);
    return err;
}

/* -------------------------------------------------------------------- parts
 */

static enum err
folder_log_cert(struct source *source, struct buf *out)
{
    return read_member(source, "log-cert.pem", out);
}

static enum err
folder_blob(struct source *source, const struct hash *hash, struct buf *out)
{
    char name[HASH_HEX_BYTES + 8], hex[HASH_HEX_BYTES];

    snprintf(name, sizeof(name), "blobs/%s", hash_hex(hex, hash));
    return read_member(source, name, out);
}

/** A partial tile may be of a larger tree: any width that is enough serves. */
static enum err
folder_tile(struct source *source, unsigned level, uint64_t index,
            unsigned width, struct hash *hashes_out)
{
    char name[160], tile[64];
    unsigned found = width;
    struct buf bytes;
    enum err err = ERR_NOT_FOUND;

    source_tile_name(tile, index);
    buf_init(&bytes, STORE_TILE_BYTES);
    for (; found <= TREE_TILE_HASHES && err == ERR_NOT_FOUND; found++) {
        if (found == TREE_TILE_HASHES)
            snprintf(name, sizeof(name), "tile/%u/%s", level, tile);
        else
            snprintf(name, sizeof(name), "tile/%u/%s.p/%u", level, tile, found);
        err = read_member(source, name, &bytes);
    }
    if (err == ERR_OK && bytes.size != (found - 1) * HASH_BYTES)
        err = err_set(ERR_DAMAGED, "'%s' has not the size it says", name);
    if (err == ERR_OK)
        memcpy(hashes_out, bytes.bytes, width * HASH_BYTES);
    buf_release(&bytes);
    return err;
}

static const struct source_kind folder_kind = {
    .close = folder_close,
    .each = folder_each,
    .log_cert = folder_log_cert,
    .blob = folder_blob,
    .tile = folder_tile,
};

enum err
source_folder_open(struct source **out, const char *path)
{
    struct folder *f = calloc(1, sizeof(*f));
    enum err err;

    if (f == NULL)
        return err_set(ERR_NOMEM, "out of memory");
    f->base.kind = &folder_kind;
    buf_init(&f->base.note, CHECKPOINT_BYTES_MAX);
    snprintf(f->path, sizeof(f->path), "%s", path);
    /* Without a checkpoint there is still something to look at. */
    err = read_member(&f->base, "checkpoint", &f->base.note);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        buf_release(&f->base.note);
        free(f);
        return err;
    }
    *out = &f->base;
    return ERR_OK;
}
