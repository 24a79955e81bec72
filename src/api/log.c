/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log itself, for auditors, witnesses and mirrors: tiles of the tree,
 * records with what is withheld as bare leaves, blobs; and the way back for
 * cosigned heads.
 */
#include "api/reading.h"

#include "base/text.h"
#include "engine/witness.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    ENTRIES_MAX = 1000,
    ENTRIES_BYTES_MAX = 1 << 20, /* and the record that crosses it */
    TILE_LEVELS_MAX = 64,        /* of the layout's paths */
};

/** What never changes may be kept by whoever got it. */
static const char *const immutable[] = {
    "Cache-Control", "private, max-age=31536000, immutable", NULL};

/* -------------------------------------------------------------------- tiles */

/** Three digits of a tile's number, "x" before all groups but the last. */
static bool
read_group(const char **at, bool *is_last_out, uint64_t *number)
{
    const char *p = *at;

    *is_last_out = *p != 'x';
    p += !*is_last_out;
    if (strspn(p, "0123456789") != 3 || *number > UINT64_MAX / 1000 - 1)
        return false;
    *number = *number * 1000 + (uint64_t)(p[0] - '0') * 100 +
              (uint64_t)(p[1] - '0') * 10 + (uint64_t)(p[2] - '0');
    p += 3;
    if (!*is_last_out && *p++ != '/')
        return false;
    *at = p;
    return true;
}

/** "x001/x234/067": one spelling, without leading groups of zeros. */
static bool
read_tile_number(const char **at, uint64_t *out)
{
    bool is_last = false;

    *out = 0;
    if (strncmp(*at, "x000/", 5) == 0)
        return false;
    while (!is_last)
        if (!read_group(at, &is_last, out))
            return false;
    return true;
}

/** "<L>/<N>" or "<L>/<N>.p/<W>" (C2SP tlog-tiles). */
static bool
read_tile_path(const char *path, struct tree_tile *tile, uint64_t *width)
{
    size_t size = strcspn(path, "/");
    uint64_t level;

    *width = TREE_TILE_HASHES;
    if (!text_u64(&level, path, size) || level >= TILE_LEVELS_MAX ||
        path[size] != '/')
        return false;
    path += size + 1;
    tile->level = (unsigned)level;
    if (!read_tile_number(&path, &tile->index))
        return false;
    if (*path == '\0')
        return true;
    return strncmp(path, ".p/", 3) == 0 &&
           text_u64(width, path + 3, strlen(path + 3)) && *width > 0 &&
           *width < TREE_TILE_HASHES;
}

static void
deliver_tile(struct letter *letter)
{
    struct reading *r = (struct reading *)letter;

    r->status = reading_status(r->question.err);
    if (r->question.err == ERR_OK)
        buf_add(&r->body, r->hashes, r->question.width * sizeof(r->hashes[0]));
    reading_deliver_made(letter);
}

static void
run_tile(struct job *job, const struct store_port *store)
{
    struct reading *r = reading_of_job(job);

    r->question.err = store->read_tile(store->context, r->question.level,
                                       r->question.from, (uint8_t *)r->hashes);
    reading_go_home(r);
}

/** Whether the tile is full in the log as readers know it: then it is kept. */
static bool
is_full(const struct reading *r, uint64_t log_size)
{
    unsigned shift = 8 * (r->question.level + 1);

    return shift < 64 && r->question.from < log_size >> shift;
}

void
handle_tile(struct call *call)
{
    struct tree_tile tile;
    struct reading *r;
    uint64_t width;

    if (!read_tile_path(call->rest, &tile, &width)) {
        call_problem(call, 404, "not-found", "There is no such tile",
                     "See C2SP tlog-tiles for the names of tiles.", NULL);
        return;
    }
    if ((r = reading_begin(call, deliver_tile)) == NULL)
        return;
    r->type = "application/octet-stream";
    r->headers = immutable;
    r->question.kind = QUESTION_TILE;
    r->question.level = tile.level;
    r->question.from = tile.index;
    r->question.width = (size_t)width;
    r->question.hashes = r->hashes;
    if (is_full(r, feed_next(engine_feed(call->api->options.engine))))
        reading_to_keeper(r, run_tile);
    else
        reading_to_engine(r);
}

/* ------------------------------------------------------------------ records */

static void
add_withheld(struct buf *out, const void *bytes, size_t size)
{
    struct hash leaf = leaf_hash(bytes, size);
    char hex[HASH_HEX_BYTES];

    buf_add_format(out, "{\"leaf\":\"%s\"}\n", hash_hex(hex, &leaf));
}

static bool
visit_entry(void *context, uint64_t seq, const void *bytes, size_t size)
{
    struct reading *r = context;

    (void)seq;
    if (r->found == r->limit || r->body.size >= ENTRIES_BYTES_MAX)
        return false;
    if (!reading_decode(r, bytes, size))
        return false;
    r->found++;
    r->disclosed += r->decoded.type != RECORD_LOG_READ &&
                    r->decoded.type != RECORD_LOG_HEARTBEAT;
    if (reading_may_show(r)) {
        buf_add(&r->body, bytes, size);
        buf_add_char(&r->body, '\n');
    } else {
        add_withheld(&r->body, bytes, size);
    }
    return true;
}

static void
run_entries(struct job *job, const struct store_port *store)
{
    struct reading *r = reading_of_job(job);

    if (store->each_record(store->context, r->number, r->end, visit_entry, r) !=
        ERR_OK)
        r->status = 503;
    reading_go_home(r);
}

void
handle_entries(struct call *call)
{
    struct reading *r;
    uint64_t from, limit;

    if (!reading_number(call, "from", &from) ||
        !call_number(call, "limit", ENTRIES_MAX, ENTRIES_MAX, &limit) ||
        (r = reading_begin(call, reading_deliver_recorded)) == NULL)
        return;
    snprintf(r->filter, sizeof(r->filter), "seq:%llu..%llu",
             (unsigned long long)from, (unsigned long long)(from + limit - 1));
    r->number = from;
    r->limit = limit;
    r->end = feed_next(engine_feed(call->api->options.engine));
    r->type = "application/jsonl";
    reading_to_keeper(r, run_entries);
}

/* -------------------------------------------------------------------- blobs */

static void
run_blob(struct job *job, const struct store_port *store)
{
    struct reading *r = reading_of_job(job);

    r->status = reading_status(
        store->read_blob(store->context, r->hashes[0].bytes, &r->body));
    r->disclosed = 1;
    reading_go_home(r);
}

static bool
is_auditor(struct call *call)
{
    enum role role = exchange_identity(call->exchange)->role;

    if (role == ROLE_AUDITOR || role == ROLE_ADMIN)
        return true;
    journal_denied(call, "role");
    call_problem(call, 403, "role-required", "Only auditors may read this",
                 "Use a certificate with the role auditor.", NULL);
    return false;
}

void
handle_blob(struct call *call)
{
    struct hash hash;
    struct reading *r;

    if (!is_auditor(call))
        return;
    if (!hash_from_hex(&hash, call->rest, strlen(call->rest))) {
        call_problem(call, 404, "not-found", "There is no such blob",
                     "A blob's name is its SHA-256 in lower-case hex.", NULL);
        return;
    }
    if ((r = reading_begin(call, reading_deliver_recorded)) == NULL)
        return;
    snprintf(r->filter, sizeof(r->filter), "blob:%s", call->rest);
    r->hashes[0] = hash;
    r->type = "application/octet-stream";
    r->headers = immutable;
    reading_to_keeper(r, run_blob);
}

/* ------------------------------------------------------------- cosignatures */

static void
deliver_cosigned(struct letter *letter)
{
    struct reading *r = (struct reading *)letter;

    if (r->question.err == ERR_OK)
        call_reply(&r->call, 200, "text/plain; charset=utf-8", &r->note, NULL);
    else if (r->question.err == ERR_FORKED)
        call_unavailable(&r->call, "log-forked",
                         "This server has not the log that signed this head: "
                         "it stops. Keep the head as evidence.");
    else
        call_unavailable(&r->call, "storage-unavailable",
                         "the cosignature was not kept");
    reading_free(r);
}

static bool
is_plain_text(struct call *call)
{
    const char *type = http_request_field(call->request, "content-type");

    if (type != NULL && strcspn(type, "; \t") == 10 &&
        strncasecmp(type, "text/plain", 10) == 0)
        return true;
    call_problem(call, 415, "unsupported-media-type",
                 "The body must be a signed note",
                 "Send Content-Type: text/plain.", NULL);
    return false;
}

static void
refuse_note(struct call *call, enum err err)
{
    bool is_note = err == ERR_UNTRUSTED || err == ERR_FOREIGN;

    if (err == ERR_NOMEM)
        call_no_memory(call);
    else
        call_problem(call, 422, is_note ? "signature" : "invalid-field",
                     is_note ? "The note is not signed as it must be"
                             : "The body is not a signed note",
                     err_detail(), NULL);
}

void
handle_cosignature(struct call *call)
{
    const struct http_request *request = call->request;
    struct reading *r;
    enum err err;

    if (!is_plain_text(call) ||
        (r = reading_begin(call, deliver_cosigned)) == NULL)
        return;
    buf_add(&r->note, request->body == NULL ? "" : request->body,
            request->body_size);
    err = !buf_is_ok(&r->note)
              ? err_set(ERR_TOO_LARGE, "a note of more than %d bytes",
                        CHECKPOINT_BYTES_MAX)
              : witness_question(&r->question, call->api->options.engine,
                                 &r->note);
    if (err == ERR_OK) {
        reading_to_engine(r);
        return;
    }
    refuse_note(call, err);
    reading_free(r);
}
