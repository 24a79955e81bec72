/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export: a log as plain files, in the layout of C2SP tlog-tiles, so that it
 * can be checked anywhere and served by any web server.
 */
#include "inspect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096, TILE_HASHES = 256 };

struct exporting {
    const struct inspect_options *options;
    struct source *source;
    FILE *records;
    struct hash *leaves;
    size_t count, capacity, withheld;
    uint8_t *closed; /* by auction: its secrets may be shown */
    size_t closed_size;
    struct record record;
    struct record_text text;
    enum err err;
};

static enum err
make_folders(const char *path)
{
    char part[PATH_BYTES];

    snprintf(part, sizeof(part), "%s", path);
    for (char *p = part + 1; *p != '\0'; p++)
        if (*p == '/') {
            *p = '\0';
            if (mkdir(part, 0755) != 0 && errno != EEXIST)
                return err_set(ERR_SYSTEM, "cannot make '%s': %s", part,
                               strerror(errno));
            *p = '/';
        }
    return ERR_OK;
}

static enum err
write_file(const struct exporting *x, const char *name, const void *bytes,
           size_t size)
{
    char path[2 * PATH_BYTES];
    FILE *file;
    bool is_written;
    enum err err;

    snprintf(path, sizeof(path), "%s/%s", x->options->out, name);
    if ((err = make_folders(path)) != ERR_OK)
        return err;
    file = fopen(path, "we");
    if (file == NULL)
        return err_set(ERR_SYSTEM, "cannot write '%s': %s", path,
                       strerror(errno));
    is_written = fwrite(bytes, 1, size, file) == size;
    if (fclose(file) != 0 || !is_written)
        return err_set(ERR_SYSTEM, "cannot write '%s': %s", path,
                       strerror(errno));
    return ERR_OK;
}

/* ------------------------------------------------------------------- records
 */

/** First walk: which auctions have closed, so that nothing of them is secret.
 */
static bool
note_closed(void *context, const struct source_line *line)
{
    struct exporting *x = context;
    uint64_t id;

    if (line->bytes == NULL ||
        record_decode(line->bytes, line->size, &x->record, &x->text) !=
            ERR_OK ||
        x->record.type != RECORD_AUCTION_CLOSED || x->record.auction < 1 ||
        x->record.auction > (int64_t)line->seq)
        return true; /* auctions are counted from 1, each has records */
    id = (uint64_t)x->record.auction;
    if (id >= x->closed_size) {
        size_t size = (size_t)id * 2 + 64;
        uint8_t *closed = realloc(x->closed, size);
        if (closed == NULL) {
            x->err = err_set(ERR_NOMEM, "out of memory");
            return false;
        }
        memset(closed + x->closed_size, 0, size - x->closed_size);
        x->closed = closed;
        x->closed_size = size;
    }
    x->closed[id] = 1;
    return true;
}

static bool
is_shown(const struct exporting *x)
{
    const struct record *r = &x->record;

    if (x->options->is_auditor || !RECORD_HAS(r, vis))
        return true;
    return r->vis == RECORD_VIS_CLOSE && RECORD_HAS(r, auction) &&
           (uint64_t)r->auction < x->closed_size && x->closed[r->auction] == 1;
}

static bool
keep_leaf(struct exporting *x, const struct hash *leaf)
{
    if (x->count == x->capacity) {
        size_t capacity = x->capacity == 0 ? 4096 : x->capacity * 2;
        struct hash *leaves = realloc(x->leaves, capacity * sizeof(*leaves));
        if (leaves == NULL) {
            x->err = err_set(ERR_NOMEM, "out of memory");
            return false;
        }
        x->leaves = leaves;
        x->capacity = capacity;
    }
    x->leaves[x->count++] = *leaf;
    return true;
}

static bool
write_record(void *context, const struct source_line *line)
{
    struct exporting *x = context;
    char hex[HASH_HEX_BYTES];
    bool shown;

    if (line->bytes != NULL && record_decode(line->bytes, line->size,
                                             &x->record, &x->text) != ERR_OK) {
        x->err = err_set(ERR_DAMAGED, "record %llu cannot be read: %s",
                         (unsigned long long)line->seq, err_detail());
        return false;
    }
    shown = line->bytes != NULL && is_shown(x);
    if (shown)
        fprintf(x->records, "%.*s\n", (int)line->size, line->bytes);
    else
        fprintf(x->records, "{\"leaf\":\"%s\"}\n", hash_hex(hex, &line->leaf));
    x->withheld += !shown;
    return keep_leaf(x, &line->leaf);
}

static enum err
write_records(struct exporting *x)
{
    char path[2 * PATH_BYTES];
    enum err err = source_each(x->source, note_closed, x);

    if (err == ERR_OK)
        err = x->err;
    snprintf(path, sizeof(path), "%s/records.jsonl", x->options->out);
    if (err != ERR_OK || (err = make_folders(path)) != ERR_OK)
        return err;
    x->records = fopen(path, "we");
    if (x->records == NULL)
        return err_set(ERR_SYSTEM, "cannot write '%s': %s", path,
                       strerror(errno));
    err = source_each(x->source, write_record, x);
    if (fclose(x->records) != 0 && err == ERR_OK)
        err =
            err_set(ERR_SYSTEM, "cannot write '%s': %s", path, strerror(errno));
    return err == ERR_OK ? x->err : err;
}

/* --------------------------------------------------------------------- tiles
 */

static enum err
write_tile(const struct exporting *x, unsigned level, uint64_t index,
           const struct hash *hashes, size_t count)
{
    char number[64], name[128];

    source_tile_name(number, index);
    if (count == TILE_HASHES)
        snprintf(name, sizeof(name), "tile/%u/%s", level, number);
    else
        snprintf(name, sizeof(name), "tile/%u/%s.p/%zu", level, number, count);
    return write_file(x, name, hashes, count * sizeof(*hashes));
}

/** One level's tiles; its full tiles' roots become the next level. */
static enum err
write_level(const struct exporting *x, unsigned level, struct hash *hashes,
            size_t *count)
{
    size_t roots = 0;

    for (size_t at = 0; at < *count; at += TILE_HASHES) {
        size_t size = *count - at < TILE_HASHES ? *count - at : TILE_HASHES;
        struct hash nodes[TILE_HASHES];
        enum err err =
            write_tile(x, level, at / TILE_HASHES, hashes + at, size);

        if (err != ERR_OK)
            return err;
        if (size < TILE_HASHES)
            break;
        memcpy(nodes, hashes + at, sizeof(nodes));
        for (size_t width = TILE_HASHES; width > 1; width /= 2)
            for (size_t i = 0; i < width / 2; i++)
                nodes[i] = node_hash(&nodes[2 * i], &nodes[2 * i + 1]);
        hashes[roots++] = nodes[0]; /* behind what is still to be read */
    }
    *count = roots;
    return ERR_OK;
}

static enum err
write_tiles(struct exporting *x)
{
    size_t count = x->count;
    enum err err = ERR_OK;

    for (unsigned level = 0; count > 0 && err == ERR_OK; level++)
        err = write_level(x, level, x->leaves, &count);
    return err;
}

/* --------------------------------------------------------------------- blobs
 */

static bool
write_blob(void *context, const uint8_t hash[STORE_HASH_BYTES],
           const void *bytes, size_t size)
{
    struct exporting *x = context;
    char name[HASH_HEX_BYTES + 8], hex[HASH_HEX_BYTES];
    struct hash h;

    memcpy(h.bytes, hash, sizeof(h.bytes));
    /* A certificate names a person: DER begins with a sequence. */
    if (!x->options->is_auditor && size > 1 &&
        ((const uint8_t *)bytes)[0] == 0x30)
        return true;
    snprintf(name, sizeof(name), "blobs/%s", hash_hex(hex, &h));
    x->err = write_file(x, name, bytes, size);
    return x->err == ERR_OK;
}

static enum err
write_parts(struct exporting *x)
{
    struct buf bytes;
    enum err err;

    buf_init(&bytes, PEM_BYTES_MAX);
    err = source_checkpoint(x->source, &bytes);
    if (err == ERR_OK)
        err = write_file(x, "checkpoint", bytes.bytes, bytes.size);
    buf_clear(&bytes);
    if (err == ERR_OK)
        err = source_log_cert(x->source, &bytes);
    if (err == ERR_OK)
        err = write_file(x, "log-cert.pem", bytes.bytes, bytes.size);
    buf_release(&bytes);
    if (err == ERR_OK)
        err = store_each_blob(source_store(x->source), write_blob, x);
    return err == ERR_OK ? x->err : err;
}

int
inspect_export(const struct inspect_options *options)
{
    struct exporting *x = calloc(1, sizeof(*x));
    enum err err;

    if (x == NULL)
        return INSPECT_UNREADABLE;
    if (options->data_dir == NULL || options->out == NULL) {
        fprintf(stderr, "auction-audit: export needs --data DIR and a folder "
                        "to write\n");
        free(x);
        return INSPECT_USAGE;
    }
    x->options = options;
    if ((err = source_open(&x->source, NULL, options->data_dir)) == ERR_OK &&
        (err = write_records(x)) == ERR_OK && (err = write_tiles(x)) == ERR_OK)
        err = write_parts(x);
    if (err == ERR_OK)
        printf("exported %zu records to %s%s\n", x->count, options->out,
               options->is_auditor ? " (the auditor's view: nothing withheld)"
                                   : "");
    if (err == ERR_OK && x->withheld > 0)
        printf("%zu records are withheld; --auditor shows all\n", x->withheld);
    source_close(&x->source);
    free(x->leaves);
    free(x->closed);
    free(x);
    return err == ERR_OK ? INSPECT_TRUE : inspect_failed(err);
}
