/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running server, as one of its clients. It shows auditors everything, and
 * records that it did. Nothing it says is believed for its saying so.
 */
#include "source.h"
#include "source_post.h"

#include "auction.h"
#include "audit/logkey.h"
#include "audit/record.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 256, PAGE_RECORDS = 1000, TIMEOUT_MS = 60000 };

struct server {
    struct source base;
    pthread_mutex_t lock; /* rank: last; the client is for one at a time */
    struct auction_client *client;
};

static struct server *
of(struct source *source)
{
    return (struct server *)source;
}

static enum err
err_of(const struct auction_result *result, const char *path)
{
    enum err err = ERR_UNREACHABLE;

    if (result->outcome == AUCTION_NOT_FOUND)
        err = ERR_NOT_FOUND;
    else if (result->outcome == AUCTION_NOT_ALLOWED ||
             result->outcome == AUCTION_LOCAL_FAILURE)
        err = ERR_SYSTEM;
    return err_set(err, "%s: %s", path,
                   result->message[0] == '\0' ? "refused" : result->message);
}

/** GET; the body is appended. */
static enum err
get(struct source *source, const char *path, struct buf *out)
{
    struct server *s = of(source);
    struct auction_result result = {.outcome = AUCTION_LOCAL_FAILURE};
    enum err err = ERR_OK;

    pthread_mutex_lock(&s->lock);
    if (auction_call(s->client, "GET", path, NULL, NULL, &result) !=
        AUCTION_ACCEPTED)
        err = err_of(&result, path);
    else
        buf_add(out, result.body, result.body_size);
    auction_result_release(&result);
    pthread_mutex_unlock(&s->lock);
    if (err == ERR_OK && !buf_is_ok(out))
        err = err_set(ERR_TOO_LARGE, "%s: the answer is too large", path);
    return err;
}

static void
server_close(struct source *source)
{
    auction_close(&of(source)->client);
    pthread_mutex_destroy(&of(source)->lock);
    free(of(source));
}

/* ------------------------------------------------------------------ records
 */

struct page {
    struct source *source;
    uint64_t seq;
    source_visit *visit;
    void *context;
    bool is_over;
};

/** The lines of one answer. */
static enum err
walk_page(struct page *page, const char *text, size_t size)
{
    const char *end = text + size;

    while (text < end && !page->is_over && page->seq < page->source->size) {
        const char *lf = memchr(text, '\n', (size_t)(end - text));
        struct source_line line = {.seq = page->seq};
        if (lf == NULL)
            return err_set(ERR_SYNTAX, "the server's records are cut short");
        if (!source_parse_withheld(text, (size_t)(lf - text), &line.leaf)) {
            line.bytes = text;
            line.size = (size_t)(lf - text);
        }
        if (line.size > RECORD_BYTES_MAX)
            return err_set(ERR_SYNTAX, "the server shows a record of %zu bytes",
                           line.size);
        page->is_over = !page->visit(page->context, &line);
        page->seq++;
        text = lf + 1;
    }
    return ERR_OK;
}

static enum err
server_each(struct source *source, uint64_t from, source_visit *visit,
            void *context)
{
    struct page page = {source, from, visit, context, false};
    enum err err = ERR_OK;

    while (err == ERR_OK && !page.is_over && page.seq < source->size) {
        uint64_t before = page.seq;
        char path[PATH_BYTES];
        struct buf text;
        snprintf(path, sizeof(path), "/v1/log/entries?from=%llu&limit=%d",
                 (unsigned long long)page.seq, PAGE_RECORDS);
        buf_init(&text, 64 << 20);
        err = get(source, path, &text);
        if (err == ERR_OK && text.size > 0)
            err = walk_page(&page, text.bytes, text.size);
        if (err == ERR_OK && page.seq == before)
            err = err_set(ERR_NOT_FOUND,
                          "the server does not show record %llu, which its "
                          "checkpoint covers",
                          (unsigned long long)page.seq);
        buf_release(&text);
    }
    return err;
}

/* -------------------------------------------------------------------- parts
 */

static enum err
server_log_cert(struct source *source, struct buf *out)
{
    return get(source, "/v1/log/certificate", out);
}

static enum err
server_blob(struct source *source, const struct hash *hash, struct buf *out)
{
    char path[PATH_BYTES], hex[HASH_HEX_BYTES];

    snprintf(path, sizeof(path), "/v1/log/blob/%s", hash_hex(hex, hash));
    return get(source, path, out);
}

static enum err
server_tile(struct source *source, unsigned level, uint64_t index,
            unsigned width, struct hash *hashes_out)
{
    char path[PATH_BYTES], tile[64];
    struct buf bytes;
    enum err err;

    source_tile_name(tile, index);
    if (width == TREE_TILE_HASHES)
        snprintf(path, sizeof(path), "/v1/log/tile/%u/%s", level, tile);
    else
        snprintf(path, sizeof(path), "/v1/log/tile/%u/%s.p/%u", level, tile,
                 width);
    buf_init(&bytes, STORE_TILE_BYTES);
    err = get(source, path, &bytes);
    if (err == ERR_OK && bytes.size != width * HASH_BYTES)
        err = err_set(ERR_DAMAGED, "'%s' has not the size it says", path);
    if (err == ERR_OK)
        memcpy(hashes_out, bytes.bytes, bytes.size);
    buf_release(&bytes);
    return err;
}

static const struct source_kind server_kind = {
    .close = server_close,
    .each = server_each,
    .log_cert = server_log_cert,
    .blob = server_blob,
    .tile = server_tile,
};

/** With a policy the newest head that a witness has signed, if there is one. */
static enum err
get_checkpoint(struct source *source, bool is_cosigned)
{
    enum err err = ERR_NOT_FOUND;

    if (is_cosigned)
        err = get(source, "/v1/log/checkpoint?cosigned=1", &source->note);
    if (err == ERR_NOT_FOUND)
        err = get(source, "/v1/log/checkpoint", &source->note);
    return err;
}

static enum err
open_client(struct server *s, const struct source_options *o)
{
    struct auction_options options = {.server = o->server,
                                      .cert = o->cert,
                                      .key = o->key,
                                      .ca = o->ca,
                                      .passphrase_file = o->passphrase_file,
                                      .timeout_ms = TIMEOUT_MS};
    struct auction_result result = {.outcome = AUCTION_LOCAL_FAILURE};
    enum err err = ERR_OK;

    if (!auction_global_init())
        return err_set(ERR_SYSTEM, "libcurl cannot be used");
    if (auction_open(&s->client, &options, &result) != AUCTION_ACCEPTED)
        err = err_of(&result, o->server);
    auction_result_release(&result);
    return err;
}

enum err
source_server_open(struct source **out, const struct source_options *o)
{
    struct server *s;
    enum err err;

    if (o->cert == NULL || o->key == NULL || o->ca == NULL)
        return err_set(ERR_CONFIG,
                       "--server needs --cert, --key and --ca: a server "
                       "talks to nobody it does not know");
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return err_set(ERR_NOMEM, "out of memory");
    s->base.kind = &server_kind;
    s->base.is_live = true;
    buf_init(&s->base.note, CHECKPOINT_BYTES_MAX);
    CHECK(pthread_mutex_init(&s->lock, NULL) == 0);
    err = open_client(s, o);
    if (err == ERR_OK)
        err = get_checkpoint(&s->base, o->wants_cosigned);
    if (err != ERR_OK) {
        buf_release(&s->base.note);
        server_close(&s->base);
        return err;
    }
    *out = &s->base;
    return ERR_OK;
}

enum err
source_post_cosignature(struct source *source, const struct buf *note)
{
    static const char *const headers[] = {"Content-Type: text/plain", NULL};
    struct auction_result result = {.outcome = AUCTION_LOCAL_FAILURE};
    struct server *s = of(source);
    enum err err = ERR_OK;

    CHECK(source->kind == &server_kind);
    pthread_mutex_lock(&s->lock);
    if (auction_call(s->client, "POST", "/v1/log/cosignature", note->bytes,
                     headers, &result) != AUCTION_ACCEPTED)
        err = err_of(&result, "/v1/log/cosignature");
    auction_result_release(&result);
    pthread_mutex_unlock(&s->lock);
    return err;
}
