/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows and walks. Reads do not wait for a batch that is being written: what
 * is asked for was committed before.
 */
#include "store/internal.h"

#include "store/codec.h"
#include "store/hooks.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

/** One row into memory that the caller frees (value->data). */
static enum err
get_row(struct store *store, enum table table, const void *key, size_t size,
        DBT *value)
{
    DB *db = store->tables[table];
    DBT k = dbt_of(key, size);
    int code;

    if (hooks_are_latched())
        return ERR_STORE_LATCHED;
    *value = dbt_alloc();
    code = db->get(db, NULL, &k, value, DB_READ_UNCOMMITTED);
    for (int i = 1; store_is_denied(code) && i < STORE_ATTEMPTS_MAX; i++) {
        sched_yield();
        code = db->get(db, NULL, &k, value, DB_READ_UNCOMMITTED);
    }
    return code == 0 ? ERR_OK : store_error(code, table_file(table));
}

enum err
store_bad_row(enum table table)
{
    return err_set(
        ERR_DAMAGED,
        "store: %s holds a row that cannot be read: rebuild it "
        "with 'auctiond recover', or install the auctiond that wrote it",
        table_file(table));
}

/** One row appended to a buffer. */
static enum err
get_bytes(struct store *store, enum table table, const void *key, size_t size,
          struct buf *out)
{
    DBT value;
    enum err err = get_row(store, table, key, size, &value);

    if (err != ERR_OK)
        return err;
    buf_add(out, value.data, value.size);
    free(value.data);
    return buf_is_ok(out) ? ERR_OK : err_set(ERR_NOMEM, "no memory for a row");
}

enum err
store_read_head(struct store *store, struct store_head *out)
{
    uint8_t key[8] = {0};
    DBT value;
    enum err err = get_row(store, TABLE_HEAD, key, sizeof(key), &value);
    bool is_good;

    if (err != ERR_OK)
        return err;
    is_good = codec_read_head(out, value.data, value.size);
    free(value.data);
    return is_good ? ERR_OK : store_bad_row(TABLE_HEAD);
}

enum err
store_read_record(struct store *store, uint64_t seq, struct buf *out)
{
    uint8_t key[8];

    codec_put_u64(key, seq);
    return get_bytes(store, TABLE_RECORD, key, sizeof(key), out);
}

enum err
store_read_blob(struct store *store, const uint8_t hash[STORE_HASH_BYTES],
                struct buf *out)
{
    return get_bytes(store, TABLE_BLOB, hash, STORE_HASH_BYTES, out);
}

enum err
store_read_tile(struct store *store, unsigned level, uint64_t index,
                uint8_t hashes_out[STORE_TILE_BYTES])
{
    uint8_t key[CODEC_TILE_KEY_BYTES];
    DBT value;
    enum err err;

    codec_tile_key(key, level, index);
    err = get_row(store, TABLE_TILE, key, sizeof(key), &value);
    if (err != ERR_OK)
        return err;
    if (value.size == STORE_TILE_BYTES)
        memcpy(hashes_out, value.data, STORE_TILE_BYTES);
    else
        err = store_bad_row(TABLE_TILE);
    free(value.data);
    return err;
}

enum err
store_read_request(struct store *store, uint64_t uid,
                   const uint8_t request[STORE_REQUEST_BYTES],
                   struct store_request *out)
{
    uint8_t key[CODEC_REQUEST_KEY_BYTES];
    DBT value;
    enum err err;

    codec_request_key(key, uid, request);
    err = get_row(store, TABLE_REQUEST, key, sizeof(key), &value);
    if (err != ERR_OK)
        return err;
    out->uid = uid;
    memcpy(out->request, request, STORE_REQUEST_BYTES);
    if (!codec_read_request(out, value.data, value.size))
        err = store_bad_row(TABLE_REQUEST);
    free(value.data);
    return err;
}

/* ------------------------------------------------------------------- walks */

static enum err
walk_all(struct store *store, enum table table, walk_step *step, void *context)
{
    return walk(store, table, dbt_of(NULL, 0), UINT64_MAX, step, context);
}

/** Rows under numbers, up to an end. */
struct numbered {
    uint64_t end;
    store_record_visit *visit;
    void *context;
    enum table table;
};

static enum err
step_numbered(void *context, const DBT *key, const DBT *value)
{
    struct numbered *n = context;
    uint64_t number;

    if (key->size != 8)
        return store_bad_row(n->table);
    number = codec_get_u64(key->data);
    if (number >= n->end ||
        !n->visit(n->context, number, value->data, value->size))
        return ERR_NOT_FOUND;
    return ERR_OK;
}

enum err
store_each_record(struct store *store, uint64_t from, uint64_t end,
                  store_record_visit *visit, void *context)
{
    struct numbered n = {end, visit, context, TABLE_RECORD};
    uint8_t key[8];

    /* Numbers have no gaps: by their count the walk ends before the rows
     * of a batch that is being written. */
    if (from >= end)
        return ERR_OK;
    codec_put_u64(key, from);
    return walk(store, TABLE_RECORD, dbt_of(key, sizeof(key)), end - from,
                step_numbered, &n);
}

enum err
store_read_checkpoint(struct store *store, uint64_t size, struct buf *out)
{
    uint8_t key[8];

    if (size == 0)
        return ERR_NOT_FOUND; /* row 0 is the newest head, not a note */
    codec_put_u64(key, size);
    return get_bytes(store, TABLE_HEAD, key, sizeof(key), out);
}

enum err
store_each_checkpoint(struct store *store, uint64_t from,
                      store_record_visit *visit, void *context)
{
    struct numbered n = {UINT64_MAX, visit, context, TABLE_HEAD};
    uint8_t key[8];

    codec_put_u64(key, from == 0 ? 1 : from);
    return walk(store, TABLE_HEAD, dbt_of(key, sizeof(key)), UINT64_MAX,
                step_numbered, &n);
}

enum err
store_each_text(struct store *store, store_record_visit *visit, void *context)
{
    struct numbered n = {UINT64_MAX, visit, context, TABLE_TEXT};

    return walk_all(store, TABLE_TEXT, step_numbered, &n);
}

struct blobs {
    store_blob_visit *visit;
    void *context;
};

static enum err
step_blob(void *context, const DBT *key, const DBT *value)
{
    struct blobs *b = context;

    if (key->size != STORE_HASH_BYTES)
        return store_bad_row(TABLE_BLOB);
    return b->visit(b->context, key->data, value->data, value->size)
               ? ERR_OK
               : ERR_NOT_FOUND;
}

enum err
store_each_blob(struct store *store, store_blob_visit *visit, void *context)
{
    struct blobs b = {visit, context};

    return walk_all(store, TABLE_BLOB, step_blob, &b);
}

struct lots {
    store_lot_visit *visit;
    void *context;
};

static enum err
step_lot(void *context, const DBT *key, const DBT *value)
{
    struct lots *l = context;
    struct store_lot row;

    if (key->size != 8 || !codec_read_lot(&row, value->data, value->size) ||
        row.lot.id != codec_get_u64(key->data))
        return store_bad_row(TABLE_LOT);
    return l->visit(l->context, &row) ? ERR_OK : ERR_NOT_FOUND;
}

enum err
store_each_lot(struct store *store, store_lot_visit *visit, void *context)
{
    struct lots l = {visit, context};

    return walk_all(store, TABLE_LOT, step_lot, &l);
}

struct entries {
    store_entry_visit *visit;
    void *context;
};

static enum err
step_entry(void *context, const DBT *key, const DBT *value)
{
    struct entries *e = context;
    struct entry entry;
    struct store_entry row = {.entry = &entry};

    if (!codec_read_entry_key(key->data, key->size, &row.auction, &row.place) ||
        !codec_read_entry(&entry, value->data, value->size))
        return store_bad_row(TABLE_ENTRY);
    return e->visit(e->context, &row) ? ERR_OK : ERR_NOT_FOUND;
}

enum err
store_each_entry(struct store *store, store_entry_visit *visit, void *context)
{
    struct entries e = {visit, context};

    return walk_all(store, TABLE_ENTRY, step_entry, &e);
}

struct accounts {
    store_account_visit *visit;
    void *context;
};

static enum err
step_account(void *context, const DBT *key, const DBT *value)
{
    struct accounts *a = context;
    struct store_account row;

    if (key->size != 8 || !codec_read_account(&row, value->data, value->size) ||
        row.uid != codec_get_u64(key->data))
        return store_bad_row(TABLE_ACCOUNT);
    return a->visit(a->context, &row) ? ERR_OK : ERR_NOT_FOUND;
}

enum err
store_each_account(struct store *store, store_account_visit *visit,
                   void *context)
{
    struct accounts a = {visit, context};

    return walk_all(store, TABLE_ACCOUNT, step_account, &a);
}

struct certs {
    store_cert_visit *visit;
    void *context;
};

static enum err
step_cert(void *context, const DBT *key, const DBT *value)
{
    struct certs *c = context;
    struct store_cert row;

    if (key->size != STORE_HASH_BYTES ||
        !codec_read_cert(&row, value->data, value->size))
        return store_bad_row(TABLE_CERT);
    memcpy(row.fp, key->data, STORE_HASH_BYTES);
    return c->visit(c->context, &row) ? ERR_OK : ERR_NOT_FOUND;
}

enum err
store_each_cert(struct store *store, store_cert_visit *visit, void *context)
{
    struct certs c = {visit, context};

    return walk_all(store, TABLE_CERT, step_cert, &c);
}
