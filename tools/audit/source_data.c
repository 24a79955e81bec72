/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include "audit/record.h"

#include <errno.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { CACHE_BYTES = 64 << 20 };

struct data {
    struct source base;
    struct store_head head;
    char copy[256]; /* of a directory in use; "": none */
};

static struct data *
of(struct source *source)
{
    return (struct data *)source;
}

static int
remove_one(const char *path, const struct stat *info, int kind,
           struct FTW *where)
{
    (void)info, (void)kind, (void)where;
    return remove(path);
}

static void
data_close(struct source *source)
{
    struct data *d = of(source);

    store_close(&source->store);
    if (d->copy[0] != '\0')
        (void)nftw(d->copy, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(d);
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

/** What the server needs comes first: only what is left over is used. */
static void
step_back(void)
{
    struct sched_param none = {.sched_priority = 0};

    if (sched_setscheduler(0, SCHED_IDLE, &none) != 0)
        (void)setpriority(PRIO_PROCESS, 0, 19);
}

/** A server runs on it: look at a copy. */
static enum err
open_copy(struct data *d, const char *path)
{
    const char *folder = getenv("TMPDIR");
    enum err err;

    step_back();
    snprintf(d->copy, sizeof(d->copy), "%.200s/auction-audit.XXXXXX",
             folder == NULL || folder[0] == '\0' ? "/tmp" : folder);
    if (mkdtemp(d->copy) == NULL) {
        d->copy[0] = '\0';
        return err_set(ERR_SYSTEM,
                       "cannot make a folder for a copy of '%s': "
                       "%s; set TMPDIR",
                       path, strerror(errno));
    }
    d->base.is_live = true;
    err = store_snapshot(path, d->copy, CACHE_BYTES);
    return err == ERR_OK
               ? store_open_readonly(&d->base.store, d->copy, CACHE_BYTES)
               : err;
}

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
    if (err == ERR_IN_USE)
        err = open_copy(d, path);
    if (err == ERR_OK)
        err = store_read_head(d->base.store, &d->head);
    if (err == ERR_NOT_FOUND)
        err = err_set(ERR_NOT_FOUND, "'%s' holds no log yet", path);
    if (err == ERR_OK)
        buf_add_text(&d->base.note, d->head.checkpoint);
    if (err != ERR_OK) {
        buf_release(&d->base.note);
        data_close(&d->base);
        return err;
    }
    *out = &d->base;
    return ERR_OK;
}
