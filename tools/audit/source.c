/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATH_BYTES = 4096,
    LINE_BYTES = RECORD_BYTES_MAX + 2,
    FILE_BYTES_MAX = 64 << 20,
    CACHE_BYTES = 64 << 20,
};

struct source {
    char folder[PATH_BYTES]; /* of an export */
    struct store *store;     /* of a data directory */
    struct store_head head;
    uint64_t tile_index; /* of the cached tile + 1; 0: none */
    enum err tile_err;   /* what reading it gave */
    struct hash tile[256];
    size_t tile_count;
};

enum err
inspect_read(char **text_out, size_t *size_out, const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0, capacity = 0;

    if (file == NULL)
        return err_set(errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM,
                       "cannot read '%s': %s", path, strerror(errno));
    for (;;) {
        if (size + 65536 > capacity) {
            capacity = capacity == 0 ? 131072 : capacity * 2;
            char *more =
                capacity > FILE_BYTES_MAX ? NULL : realloc(text, capacity);
            if (more == NULL) {
                free(text);
                fclose(file);
                return err_set(ERR_TOO_LARGE, "'%s' is too large", path);
            }
            text = more;
        }
        size_t part = fread(text + size, 1, capacity - size - 1, file);
        size += part;
        if (part == 0)
            break;
    }
    fclose(file);
    text[size] = '\0';
    *text_out = text;
    *size_out = size;
    return ERR_OK;
}

static enum err
read_into(const char *path, struct buf *out)
{
    char *text;
    size_t size;
    enum err err = inspect_read(&text, &size, path);

    if (err != ERR_OK)
        return err;
    buf_add(out, text, size);
    free(text);
    return buf_is_ok(out) ? ERR_OK : err_set(ERR_TOO_LARGE, "%s", path);
}

static enum err
read_member(const struct source *s, const char *name, struct buf *out)
{
    char path[2 * PATH_BYTES];

    snprintf(path, sizeof(path), "%s/%s", s->folder, name);
    return read_into(path, out);
}

enum err
source_open(struct source **out, const char *export_dir, const char *data_dir)
{
    struct source *s = calloc(1, sizeof(*s));
    enum err err = ERR_OK;

    if (s == NULL)
        return err_set(ERR_NOMEM, "out of memory");
    if (data_dir != NULL) {
        err = store_open_readonly(&s->store, data_dir, CACHE_BYTES);
        if (err == ERR_OK)
            err = store_read_head(s->store, &s->head);
        if (err == ERR_NOT_FOUND)
            err = err_set(ERR_NOT_FOUND, "'%s' holds no log yet", data_dir);
    } else {
        snprintf(s->folder, sizeof(s->folder), "%s", export_dir);
    }
    if (err != ERR_OK) {
        source_close(&s);
        return err;
    }
    *out = s;
    return ERR_OK;
}

void
source_close(struct source **source)
{
    if (*source == NULL)
        return;
    store_close(&(*source)->store);
    free(*source);
    *source = NULL;
}

struct store *
source_store(struct source *source)
{
    return source->store;
}

/* ------------------------------------------------------------------- walking
 */

struct store_walk {
    source_visit *visit;
    void *context;
};

static bool
visit_stored(void *context, uint64_t seq, const void *bytes, size_t size)
{
    struct store_walk *w = context;
    struct source_line line = {seq, bytes, size, leaf_hash(bytes, size)};

    return w->visit(w->context, &line);
}

/** {"leaf":"<64 hex>"} stands for a withheld record. */
static bool
parse_withheld(const char *text, size_t size, struct hash *leaf)
{
    return size == 75 && memcmp(text, "{\"leaf\":\"", 9) == 0 &&
           memcmp(text + 73, "\"}", 2) == 0 &&
           hash_from_hex(leaf, text + 9, 64);
}

static enum err
walk_file(FILE *file, const char *path, source_visit *visit, void *context)
{
    char *text = malloc(LINE_BYTES + 1);
    enum err err = text == NULL ? err_set(ERR_NOMEM, "out of memory") : ERR_OK;
    uint64_t seq = 0;

    while (err == ERR_OK && fgets(text, LINE_BYTES + 1, file) != NULL) {
        size_t size = strlen(text);
        struct source_line line = {.seq = seq++};
        if (size == 0 || text[size - 1] != '\n') {
            err = err_set(ERR_SYNTAX,
                          "'%s', line %llu: cut short, too long, "
                          "or with a NUL",
                          path, (unsigned long long)seq);
            break;
        }
        size--;
        if (!parse_withheld(text, size, &line.leaf)) {
            line.bytes = text;
            line.size = size;
            line.leaf = leaf_hash(
                text, size > RECORD_BYTES_MAX ? RECORD_BYTES_MAX : size);
        }
        if (!visit(context, &line))
            break;
    }
    if (err == ERR_OK && ferror(file))
        err = err_set(ERR_SYSTEM, "cannot read '%s'", path);
    free(text);
    return err;
}

enum err
source_each(struct source *s, source_visit *visit, void *context)
{
    struct store_walk w = {visit, context};
    char path[2 * PATH_BYTES];
    FILE *file;
    enum err err;

    if (s->store != NULL)
        return store_each_record(s->store, 0, s->head.size, visit_stored, &w);
    snprintf(path, sizeof(path), "%s/records.jsonl", s->folder);
    file = fopen(path, "re");
    if (file == NULL)
        return err_set(ERR_NOT_FOUND, "cannot read '%s': %s", path,
                       strerror(errno));
    err = walk_file(file, path, visit, context);
    fclose(file);
    return err;
}

/* --------------------------------------------------------------------- parts
 */

enum err
source_checkpoint(struct source *s, struct buf *out)
{
    if (s->store == NULL)
        return read_member(s, "checkpoint", out);
    buf_add_text(out, s->head.checkpoint);
    return buf_is_ok(out) ? ERR_OK : err_set(ERR_NOMEM, "out of memory");
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

enum err
source_log_cert(struct source *s, struct buf *out)
{
    struct first_record first = {.is_found = false};
    enum err err;

    if (s->store == NULL)
        return read_member(s, "log-cert.pem", out);
    err = source_each(s, take_first, &first);
    if (err == ERR_OK && !first.is_found)
        err = err_set(ERR_NOT_FOUND, "the log does not begin with log.init");
    return err == ERR_OK ? source_blob(s, &first.cert, out) : err;
}

enum err
source_blob(struct source *s, const struct hash *hash, struct buf *out)
{
    char name[HASH_HEX_BYTES + 8], hex[HASH_HEX_BYTES];
    struct hash found;
    enum err err;
    size_t before = out->size;

    if (s->store != NULL) {
        err = store_read_blob(s->store, hash->bytes, out);
    } else {
        snprintf(name, sizeof(name), "blobs/%s", hash_hex(hex, hash));
        err = read_member(s, name, out);
    }
    if (err != ERR_OK)
        return err;
    found = hash_of(out->bytes + before, out->size - before);
    return hash_equal(&found, hash)
               ? ERR_OK
               : err_set(ERR_DAMAGED, "a blob does not have its hash");
}

/* --------------------------------------------------------------------- tiles
 */

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

static enum err
load_tile(struct source *s, uint64_t index)
{
    char name[128], tile[64];
    struct buf bytes;
    enum err err = ERR_NOT_FOUND;

    source_tile_name(tile, index);
    buf_init(&bytes, STORE_TILE_BYTES);
    for (unsigned width = 256; width > 0 && err == ERR_NOT_FOUND; width--) {
        if (width == 256)
            snprintf(name, sizeof(name), "tile/0/%s", tile);
        else
            snprintf(name, sizeof(name), "tile/0/%s.p/%u", tile, width);
        err = read_member(s, name, &bytes);
        s->tile_count = width;
    }
    if (err == ERR_OK && bytes.size != s->tile_count * HASH_BYTES)
        err = err_set(ERR_DAMAGED, "'%s' has not the size it says", name);
    if (err == ERR_OK)
        memcpy(s->tile, bytes.bytes, bytes.size);
    buf_release(&bytes);
    return err;
}

enum err
source_leaf(struct source *s, uint64_t seq, struct hash *out)
{
    uint64_t index = seq / 256;

    /* A missing tile is remembered too: it is asked for 256 times. */
    if (s->tile_index != index + 1) {
        s->tile_index = index + 1;
        s->tile_count = 256;
        s->tile_err = s->store == NULL ? load_tile(s, index)
                                       : store_read_tile(s->store, 0, index,
                                                         (uint8_t *)s->tile);
    }
    if (s->tile_err != ERR_OK)
        return s->tile_err;
    if (seq % 256 >= s->tile_count)
        return ERR_NOT_FOUND;
    *out = s->tile[seq % 256];
    return ERR_OK;
}
