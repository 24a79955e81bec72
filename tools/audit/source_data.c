/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include "audit/record.h"

#include <stdlib.h>
#include <string.h>

enum { CACHE_BYTES = 64 << 20 };

struct data {
    struct source base;
    struct store_head head;
};

static struct data *
of(struct source *source)
{
    return (struct data *)source;
}

static void
data_close(struct source *source)
{
    store_close(&source->store);
    free(of(source));
}

struct data_walk {
    source_visit *visit;
    void *context;
};

static bool
visit_stored(void *context, uint64_t seq, const void *bytes, size_t size)
{
    struct data_walk *w = context;
    struct source_line line = {.seq = seq, .bytes = bytes, .size = size};

    if (source_parse_withheld(bytes, size, &line.leaf))
        line.bytes = NULL;
    return w->visit(w->context, &line);
}

static enum err
data_each(struct source *source, uint64_t from, source_visit *visit,
          void *context)
{
    struct data_walk w = {visit, context};

    return store_each_record(source->store, from, of(source)->head.size,
                             visit_stored, &w);
}

struct first_record {
    struct hash cert;
    bool is_found;
};

static bool
take_first(void *context, const struct source_line *line)
{
    struct first_record *first = context;
    struct record_text *text = malloc(sizeof(*text));
    struct record record;

    if (text != NULL && line->bytes != NULL &&
        record_decode(line->bytes, line->size, &record, text) == ERR_OK &&
        record.type == RECORD_LOG_INIT) {
        first->cert = record.cert_blob;
        first->is_found = true;
    }
    free(text);
    return false;
}

static enum err
data_log_cert(struct source *source, struct buf *out)
{
    struct first_record first = {.is_found = false};
    enum err err = data_each(source, 0, take_first, &first);

    if (err == ERR_OK && !first.is_found)
        err = err_set(ERR_NOT_FOUND, "the log does not begin with log.init");
    return err == ERR_OK ? source_blob(source, &first.cert, out) : err;
}

static enum err
data_blob(struct source *source, const struct hash *hash, struct buf *out)
{
    return store_read_blob(source->store, hash->bytes, out);
}

/** Only full tiles are stored; what is not is made by whoever asks. */
static enum err
data_tile(struct source *source, unsigned level, uint64_t index, unsigned width,
          struct hash *hashes_out)
{
    struct hash tile[TREE_TILE_HASHES];
    enum err err =
        store_read_tile(source->store, level, index, (uint8_t *)tile);

    if (err == ERR_OK)
        memcpy(hashes_out, tile, width * HASH_BYTES);
    return err;
}

static const struct source_kind data_kind = {
    .close = data_close,
    .each = data_each,
    .log_cert = data_log_cert,
    .blob = data_blob,
    .tile = data_tile,
};

enum err
source_data_open(struct source **out, const char *path)
{
    struct data *d = calloc(1, sizeof(*d));
    enum err err;

    if (d == NULL)
        return err_set(ERR_NOMEM, "out of memory");
    d->base.kind = &data_kind;
    buf_init(&d->base.note, CHECKPOINT_BYTES_MAX);
    err = store_open_readonly(&d->base.store, path, CACHE_BYTES);
    if (err == ERR_OK)
        err = store_read_head(d->base.store, &d->head);
    if (err == ERR_NOT_FOUND)
        err = err_set(ERR_NOT_FOUND, "'%s' holds no log yet", path);
    if (err == ERR_OK)
        buf_add_text(&d->base.note, d->head.checkpoint);
    if (err != ERR_OK) {
        store_close(&d->base.store);
        buf_release(&d->base.note);
        free(d);
        return err;
    }
    *out = &d->base;
    return ERR_OK;
}
