/* SPDX-License-Identifier: Apache-2.0 */
#include "model_store.h"

#include "audit/hash.h"
#include "engine/logline.h"
#include "store/codec.h"

#include <stdlib.h>
#include <string.h>

/** A growing array of items of one size. */
struct array {
    char *items;
    size_t count;
    size_t capacity;
    size_t item_size;
};

struct text {
    uint64_t number;
    char *bytes;
    size_t size;
};

struct tile {
    unsigned level;
    uint64_t index;
    uint8_t hashes[STORE_TILE_BYTES];
};

struct blob {
    uint8_t hash[STORE_HASH_BYTES];
    char *bytes;
    size_t size;
};

struct entry_row {
    uint64_t auction;
    uint32_t place;
    struct entry entry;
};

struct model_store {
    bool has_head;
    struct store_head head;
    struct array records, texts, tiles, blobs, lots, entries, accounts, certs;
    struct array requests, checkpoints;
    char head_file[STORE_CHECKPOINT_BYTES_MAX];
    enum err fail_next;
    bool is_latched;
};

static void *
at(const struct array *a, size_t i)
{
    CHECK(i < a->count);
    return a->items + i * a->item_size;
}

static void *
push(struct array *a)
{
    if (a->count == a->capacity) {
        a->capacity = a->capacity == 0 ? 16 : a->capacity * 2;
        a->items = realloc(a->items, a->capacity * a->item_size);
        CHECK(a->items != NULL);
    }
    a->count++;
    return memset(at(a, a->count - 1), 0, a->item_size);
}

static char *
copy_bytes(const void *bytes, size_t size)
{
    char *copy = malloc(size + 1);

    CHECK(copy != NULL);
    memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

struct model_store *
model_create(void)
{
    struct model_store *m = calloc(1, sizeof(*m));

    CHECK(m != NULL);
    m->records.item_size = m->texts.item_size = sizeof(struct text);
    m->checkpoints.item_size = sizeof(struct text);
    m->tiles.item_size = sizeof(struct tile);
    m->blobs.item_size = sizeof(struct blob);
    m->lots.item_size = sizeof(struct store_lot);
    m->entries.item_size = sizeof(struct entry_row);
    m->accounts.item_size = sizeof(struct store_account);
    m->certs.item_size = sizeof(struct store_cert);
    m->requests.item_size = sizeof(struct store_request);
    return m;
}

void
model_destroy(struct model_store *m)
{
    for (size_t i = 0; i < m->records.count; i++)
        free(((struct text *)at(&m->records, i))->bytes);
    for (size_t i = 0; i < m->texts.count; i++)
        free(((struct text *)at(&m->texts, i))->bytes);
    for (size_t i = 0; i < m->blobs.count; i++)
        free(((struct blob *)at(&m->blobs, i))->bytes);
    for (size_t i = 0; i < m->checkpoints.count; i++)
        free(((struct text *)at(&m->checkpoints, i))->bytes);
    free(m->checkpoints.items);
    free(m->records.items);
    free(m->texts.items);
    free(m->tiles.items);
    free(m->blobs.items);
    free(m->lots.items);
    free(m->entries.items);
    free(m->accounts.items);
    free(m->certs.items);
    free(m->requests.items);
    free(m);
}

static struct array
copy_array(const struct array *from)
{
    struct array to = *from;

    to.items = copy_bytes(from->items == NULL ? "" : from->items,
                          from->count * from->item_size);
    to.capacity = from->count;
    return to;
}

struct model_store *
model_copy(const struct model_store *from)
{
    struct model_store *to = model_create();

    *to = *from;
    to->records = copy_array(&from->records);
    to->texts = copy_array(&from->texts);
    to->blobs = copy_array(&from->blobs);
    to->tiles = copy_array(&from->tiles);
    to->lots = copy_array(&from->lots);
    to->entries = copy_array(&from->entries);
    to->accounts = copy_array(&from->accounts);
    to->certs = copy_array(&from->certs);
    to->requests = copy_array(&from->requests);
    to->checkpoints = copy_array(&from->checkpoints);
    for (size_t i = 0; i < to->checkpoints.count; i++) {
        struct text *t = at(&to->checkpoints, i);
        t->bytes = copy_bytes(t->bytes, t->size);
    }
    for (size_t i = 0; i < to->records.count; i++) {
        struct text *t = at(&to->records, i);
        t->bytes = copy_bytes(t->bytes, t->size);
    }
    for (size_t i = 0; i < to->texts.count; i++) {
        struct text *t = at(&to->texts, i);
        t->bytes = copy_bytes(t->bytes, t->size);
    }
    for (size_t i = 0; i < to->blobs.count; i++) {
        struct blob *b = at(&to->blobs, i);
        b->bytes = copy_bytes(b->bytes, b->size);
    }
    return to;
}

void
model_take_head_file(struct model_store *to, const struct model_store *from)
{
    memcpy(to->head_file, from->head_file, sizeof(to->head_file));
}

void
model_fail_next(struct model_store *m, enum err err)
{
    m->fail_next = err;
}

uint64_t
model_size(const struct model_store *m)
{
    return m->records.count;
}

const char *
model_record(const struct model_store *m, uint64_t seq, size_t *size_out)
{
    const struct text *t = at(&m->records, seq);

    *size_out = t->size;
    return t->bytes;
}

void
model_flip(struct model_store *m, uint64_t seq)
{
    struct text *t = at(&m->records, seq);

    t->bytes[t->size / 2] ^= 1;
}

/* ---------------------------------------------------------------- commit */

static void
put_text(struct array *a, const struct store_bytes *bytes)
{
    struct text *t = push(a);

    *t = (struct text){bytes->number, copy_bytes(bytes->bytes, bytes->size),
                       bytes->size};
}

/* What is kept is what the codec gives back. */
static void
put_lot(struct model_store *m, const struct store_lot *given)
{
    uint8_t bytes[CODEC_LOT_BYTES_MAX];
    struct store_lot decoded, *row = &decoded;

    CHECK(codec_read_lot(&decoded, bytes, codec_lot(bytes, given)));
    for (size_t i = 0; i < m->lots.count; i++)
        if (((struct store_lot *)at(&m->lots, i))->lot.id == row->lot.id) {
            *(struct store_lot *)at(&m->lots, i) = *row;
            return;
        }
    *(struct store_lot *)push(&m->lots) = *row;
}

static void
put_entry(struct model_store *m, const struct store_entry *given)
{
    uint8_t bytes[CODEC_ENTRY_BYTES];
    struct entry_row row = {given->auction, given->place, {0}};

    CHECK(
        codec_read_entry(&row.entry, bytes, codec_entry(bytes, given->entry)));
    for (size_t i = 0; i < m->entries.count; i++) {
        struct entry_row *e = at(&m->entries, i);
        if (e->auction == row.auction && e->place == row.place) {
            *e = row;
            return;
        }
    }
    *(struct entry_row *)push(&m->entries) = row;
}

static void
put_account(struct model_store *m, const struct store_account *row)
{
    for (size_t i = 0; i < m->accounts.count; i++)
        if (((struct store_account *)at(&m->accounts, i))->uid == row->uid) {
            *(struct store_account *)at(&m->accounts, i) = *row;
            return;
        }
    *(struct store_account *)push(&m->accounts) = *row;
}

static void
put_blob(struct model_store *m, const struct store_blob *blob)
{
    struct blob *b = push(&m->blobs);

    memcpy(b->hash, blob->hash, sizeof(b->hash));
    b->bytes = copy_bytes(blob->bytes, blob->size);
    b->size = blob->size;
}

static void
put_tile(struct model_store *m, const struct store_tile *tile)
{
    struct tile *t = push(&m->tiles);

    t->level = tile->level;
    t->index = tile->index;
    memcpy(t->hashes, tile->hashes, sizeof(t->hashes));
}

static void
put_checkpoint(struct model_store *m, const struct store_bytes *row)
{
    for (size_t i = 0; i < m->checkpoints.count; i++) {
        struct text *t = at(&m->checkpoints, i);
        if (t->number != row->number)
            continue;
        free(t->bytes);
        *t = (struct text){row->number, copy_bytes(row->bytes, row->size),
                           row->size};
        return;
    }
    put_text(&m->checkpoints, row);
}

static enum err
model_commit(void *context, const struct store_batch *b)
{
    struct model_store *m = context;
    enum err err = m->fail_next;

    if (m->is_latched)
        return ERR_STORE_LATCHED;
    m->fail_next = ERR_OK;
    if (err != ERR_OK) {
        m->is_latched = err == ERR_STORE_LATCHED;
        return err_set(err, "a commit that was told to fail");
    }
    m->head = *b->head;
    m->has_head = true;
    for (size_t i = 0; i < b->record_count; i++) {
        CHECK(b->records[i].number == m->records.count);
        put_text(&m->records, &b->records[i]);
    }
    CHECK(m->records.count == m->head.size);
    for (size_t i = 0; i < b->lot_count; i++)
        put_lot(m, b->lots[i]);
    for (size_t i = 0; i < b->entry_count; i++)
        put_entry(m, &b->entries[i]);
    for (size_t i = 0; i < b->text_count; i++)
        put_text(&m->texts, &b->texts[i]);
    for (size_t i = 0; i < b->account_count; i++)
        put_account(m, b->accounts[i]);
    for (size_t i = 0; i < b->cert_count; i++)
        *(struct store_cert *)push(&m->certs) = b->certs[i];
    for (size_t i = 0; i < b->request_count; i++)
        *(struct store_request *)push(&m->requests) = b->requests[i];
    for (size_t i = 0; i < b->blob_count; i++)
        put_blob(m, &b->blobs[i]);
    for (size_t i = 0; i < b->tile_count; i++)
        put_tile(m, &b->tiles[i]);
    for (size_t i = 0; i < b->checkpoint_count; i++)
        put_checkpoint(m, &b->checkpoints[i]);
    return ERR_OK;
}

/* ----------------------------------------------------------------- reads */

static enum err
model_read_head(void *context, struct store_head *out)
{
    const struct model_store *m = context;

    if (!m->has_head)
        return ERR_NOT_FOUND;
    *out = m->head;
    return ERR_OK;
}

static enum err
model_read_record(void *context, uint64_t seq, struct buf *out)
{
    const struct model_store *m = context;
    const struct text *t;

    if (seq >= m->records.count)
        return ERR_NOT_FOUND;
    t = at(&m->records, seq);
    buf_add(out, t->bytes, t->size);
    return buf_is_ok(out) ? ERR_OK : ERR_NOMEM;
}

static enum err
model_each_record(void *context, uint64_t from, uint64_t end,
                  store_record_visit *visit, void *visitor)
{
    const struct model_store *m = context;

    for (uint64_t seq = from; seq < end && seq < m->records.count; seq++) {
        const struct text *t = at(&m->records, seq);
        if (!visit(visitor, seq, t->bytes, t->size))
            break;
    }
    return ERR_OK;
}

static enum err
model_each_of_auction(void *context, uint64_t auction, uint64_t from,
                      uint64_t end, bool reverse, store_record_visit *visit,
                      void *visitor)
{
    const struct model_store *m = context;

    for (uint64_t i = from; i < end; i++) {
        uint64_t seq = reverse ? end - 1 - (i - from) : i;
        const struct text *t = at(&m->records, seq);
        if (logline_auction(t->bytes, t->size) == auction &&
            !visit(visitor, seq, t->bytes, t->size))
            break;
    }
    return ERR_OK;
}

static enum err
model_read_tile(void *context, unsigned level, uint64_t index,
                uint8_t hashes_out[STORE_TILE_BYTES])
{
    const struct model_store *m = context;

    for (size_t i = 0; i < m->tiles.count; i++) {
        const struct tile *t = at(&m->tiles, i);
        if (t->level == level && t->index == index) {
            memcpy(hashes_out, t->hashes, sizeof(t->hashes));
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

static enum err
model_read_checkpoint(void *context, uint64_t size, struct buf *out)
{
    const struct model_store *m = context;

    for (size_t i = 0; i < m->checkpoints.count; i++) {
        const struct text *t = at(&m->checkpoints, i);
        if (t->number != size)
            continue;
        buf_add(out, t->bytes, t->size);
        return buf_is_ok(out) ? ERR_OK : ERR_NOMEM;
    }
    return ERR_NOT_FOUND;
}

/** In order of their coming, which is not quite that of their sizes. */
static enum err
model_each_checkpoint(void *context, uint64_t from, store_record_visit *visit,
                      void *visitor)
{
    const struct model_store *m = context;

    for (size_t i = 0; i < m->checkpoints.count; i++) {
        const struct text *t = at(&m->checkpoints, i);
        if (t->number >= from && !visit(visitor, t->number, t->bytes, t->size))
            break;
    }
    return ERR_OK;
}

static enum err
model_read_blob(void *context, const uint8_t hash[STORE_HASH_BYTES],
                struct buf *out)
{
    const struct model_store *m = context;

    for (size_t i = 0; i < m->blobs.count; i++) {
        const struct blob *b = at(&m->blobs, i);
        if (memcmp(b->hash, hash, STORE_HASH_BYTES) == 0) {
            buf_add(out, b->bytes, b->size);
            return buf_is_ok(out) ? ERR_OK : ERR_NOMEM;
        }
    }
    return ERR_NOT_FOUND;
}

static enum err
model_read_request(void *context, uint64_t uid,
                   const uint8_t request[STORE_REQUEST_BYTES],
                   struct store_request *out)
{
    const struct model_store *m = context;

    for (size_t i = m->requests.count; i > 0; i--) {
        const struct store_request *r = at(&m->requests, i - 1);
        if (r->uid == uid &&
            memcmp(r->request, request, STORE_REQUEST_BYTES) == 0) {
            *out = *r;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

static enum err
model_each_lot(void *context, store_lot_visit *visit, void *visitor)
{
    const struct model_store *m = context;

    for (size_t i = 0; i < m->lots.count; i++)
        if (!visit(visitor, at(&m->lots, i)))
            break;
    return ERR_OK;
}

static enum err
model_each_entry(void *context, store_entry_visit *visit, void *visitor)
{
    const struct model_store *m = context;

    for (size_t i = 0; i < m->entries.count; i++) {
        const struct entry_row *e = at(&m->entries, i);
        struct store_entry row = {e->auction, e->place, &e->entry};
        if (!visit(visitor, &row))
            break;
    }
    return ERR_OK;
}

static enum err
model_each_text(void *context, store_record_visit *visit, void *visitor)
{
    const struct model_store *m = context;

    for (size_t i = 0; i < m->texts.count; i++) {
        const struct text *t = at(&m->texts, i);
        if (!visit(visitor, t->number, t->bytes, t->size))
            break;
    }
    return ERR_OK;
}

static enum err
model_each_account(void *context, store_account_visit *visit, void *visitor)
{
    const struct model_store *m = context;

    for (size_t i = 0; i < m->accounts.count; i++)
        if (!visit(visitor, at(&m->accounts, i)))
            break;
    return ERR_OK;
}

static enum err
model_each_cert(void *context, store_cert_visit *visit, void *visitor)
{
    const struct model_store *m = context;

    for (size_t i = 0; i < m->certs.count; i++)
        if (!visit(visitor, at(&m->certs, i)))
            break;
    return ERR_OK;
}

static enum err
model_index_advance(void *context, uint64_t size, size_t count,
                    uint64_t *watermark_out)
{
    (void)context, (void)count;
    *watermark_out = size;
    return ERR_OK;
}

static enum err
model_checkpoint(void *context)
{
    (void)context;
    return ERR_OK;
}

static enum err
model_write_head_file(void *context, const char *checkpoint)
{
    struct model_store *m = context;

    memcpy(m->head_file, checkpoint, strlen(checkpoint) + 1);
    return ERR_OK;
}

static enum err
model_read_head_file(void *context, struct buf *out)
{
    const struct model_store *m = context;

    if (m->head_file[0] == '\0')
        return ERR_NOT_FOUND;
    buf_add_text(out, m->head_file);
    return ERR_OK;
}

struct store_port
model_port(struct model_store *model)
{
    return (struct store_port){
        .context = model,
        .commit = model_commit,
        .read_head = model_read_head,
        .read_record = model_read_record,
        .each_record = model_each_record,
        .each_of_auction = model_each_of_auction,
        .read_tile = model_read_tile,
        .read_checkpoint = model_read_checkpoint,
        .each_checkpoint = model_each_checkpoint,
        .read_blob = model_read_blob,
        .read_request = model_read_request,
        .each_lot = model_each_lot,
        .each_entry = model_each_entry,
        .each_text = model_each_text,
        .each_account = model_each_account,
        .each_cert = model_each_cert,
        .index_advance = model_index_advance,
        .checkpoint = model_checkpoint,
        .write_head_file = model_write_head_file,
        .read_head_file = model_read_head_file,
    };
}
