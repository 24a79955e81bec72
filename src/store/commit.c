/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One batch: one transaction, committed without sync, then one flush of the
 * log whose result is checked, then the latch. Only if all three are good
 * has the batch happened.
 */
#include "store/internal.h"

#include "store/codec.h"
#include "store/hooks.h"

#include <errno.h>

/** A transaction with its first error: later puts do nothing. */
struct writing {
    struct store *store;
    DB_TXN *txn;
    int code;
    const char *what;
};

static void
put(struct writing *w, enum table table, DBT key, DBT value)
{
    DB *db = w->store->tables[table];

    if (w->code != 0)
        return;
    w->code = db->put(db, w->txn, &key, &value, 0);
    if (w->code != 0)
        w->what = table_file(table);
}

static void
put_numbered(struct writing *w, enum table table, uint64_t number,
             const void *bytes, size_t size)
{
    uint8_t key[8];

    codec_put_u64(key, number);
    put(w, table, dbt_of(key, sizeof(key)), dbt_of(bytes, size));
}

static void
put_bytes_rows(struct writing *w, enum table table,
               const struct store_bytes *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_numbered(w, table, rows[i].number, rows[i].bytes, rows[i].size);
}

static void
put_lots(struct writing *w, const struct store_batch *batch)
{
    uint8_t row[CODEC_LOT_BYTES_MAX];

    for (size_t i = 0; i < batch->lot_count; i++)
        put_numbered(w, TABLE_LOT, batch->lots[i]->lot.id, row,
                     codec_lot(row, batch->lots[i]));
}

static void
put_entries(struct writing *w, const struct store_batch *batch)
{
    uint8_t key[CODEC_ENTRY_KEY_BYTES], row[CODEC_ENTRY_BYTES];

    for (size_t i = 0; i < batch->entry_count; i++) {
        const struct store_entry *e = &batch->entries[i];
        codec_entry_key(key, e->auction, e->place);
        put(w, TABLE_ENTRY, dbt_of(key, sizeof(key)),
            dbt_of(row, codec_entry(row, e->entry)));
    }
}

static void
put_accounts(struct writing *w, const struct store_batch *batch)
{
    uint8_t row[CODEC_ACCOUNT_BYTES_MAX];

    for (size_t i = 0; i < batch->account_count; i++)
        put_numbered(w, TABLE_ACCOUNT, batch->accounts[i]->uid, row,
                     codec_account(row, batch->accounts[i]));
}

static void
put_certs(struct writing *w, const struct store_batch *batch)
{
    uint8_t row[CODEC_CERT_BYTES];

    for (size_t i = 0; i < batch->cert_count; i++)
        put(w, TABLE_CERT, dbt_of(batch->certs[i].fp, STORE_HASH_BYTES),
            dbt_of(row, codec_cert(row, &batch->certs[i])));
}

static void
put_requests(struct writing *w, const struct store_batch *batch)
{
    uint8_t key[CODEC_REQUEST_KEY_BYTES], row[CODEC_REQUEST_BYTES];

    for (size_t i = 0; i < batch->request_count; i++) {
        const struct store_request *r = &batch->requests[i];
        codec_request_key(key, r->uid, r->request);
        put(w, TABLE_REQUEST, dbt_of(key, sizeof(key)),
            dbt_of(row, codec_request(row, r)));
    }
}

static void
put_blobs(struct writing *w, const struct store_batch *batch)
{
    for (size_t i = 0; i < batch->blob_count; i++)
        put(w, TABLE_BLOB, dbt_of(batch->blobs[i].hash, STORE_HASH_BYTES),
            dbt_of(batch->blobs[i].bytes, batch->blobs[i].size));
}

static void
put_tiles(struct writing *w, const struct store_batch *batch)
{
    uint8_t key[CODEC_TILE_KEY_BYTES];

    for (size_t i = 0; i < batch->tile_count; i++) {
        codec_tile_key(key, batch->tiles[i].level, batch->tiles[i].index);
        put(w, TABLE_TILE, dbt_of(key, sizeof(key)),
            dbt_of(batch->tiles[i].hashes, STORE_TILE_BYTES));
    }
}

static void
put_all(struct writing *w, const struct store_batch *batch)
{
    uint8_t head[CODEC_HEAD_BYTES_MAX];

    put_bytes_rows(w, TABLE_RECORD, batch->records, batch->record_count);
    put_tiles(w, batch);
    put_blobs(w, batch);
    put_lots(w, batch);
    put_entries(w, batch);
    put_bytes_rows(w, TABLE_TEXT, batch->texts, batch->text_count);
    put_accounts(w, batch);
    put_certs(w, batch);
    put_requests(w, batch);
    put_numbered(w, TABLE_HEAD, 0, head, codec_head(head, batch->head));
    /* The newest head is row 0; a kept one has its size for a key. */
    put_bytes_rows(w, TABLE_HEAD, batch->checkpoints, batch->checkpoint_count);
}

/** Undo; the engine may go on only if that is certain. */
static enum err
abort_batch(struct writing *w)
{
    /* Without memory the library cannot be trusted to undo, or go on. */
    if (w->code == ENOMEM)
        hooks_latch();
    enum err err = store_error(w->code, w->what);
    int code = hooks_are_latched() ? 0 : w->txn->abort(w->txn);

    if (code != 0) {
        hooks_latch();
        return err_set(ERR_STORE_LATCHED, "store: undoing a batch: %s",
                       db_strerror(code));
    }
    return hooks_are_latched() ? ERR_STORE_LATCHED : err;
}

static enum err
latched(const char *what)
{
    hooks_latch();
    return err_set(ERR_STORE_LATCHED,
                   "store: %s failed: the disk is full, read-only or broken",
                   what);
}

/** One try; `*is_denied_out` when the batch did not happen for a lock. */
static enum err
try_commit(struct store *store, const struct store_batch *batch,
           bool *is_denied_out)
{
    struct writing w = {.store = store, .what = "beginning"};

    w.code = store->env->txn_begin(store->env, NULL, &w.txn, DB_TXN_NOSYNC);
    if (w.code != 0) {
        enum err err = store_error(w.code, w.what);
        return hooks_are_latched() ? ERR_STORE_LATCHED : err;
    }
    put_all(&w, batch);
    *is_denied_out = store_is_denied(w.code);
    if (w.code != 0)
        return abort_batch(&w);
    if (w.txn->commit(w.txn, DB_TXN_NOSYNC) != 0)
        return latched("the commit of a batch");
    if (store->env->log_flush(store->env, NULL) != 0)
        return latched("the flush of a batch");
    return hooks_are_latched() ? latched("a write") : ERR_OK;
}

enum err
store_commit(struct store *store, const struct store_batch *batch)
{
    enum err err = ERR_OK;
    bool is_denied = true;

    CHECK(batch->head != NULL && !store->is_readonly);
    for (int i = 0; is_denied && i < STORE_ATTEMPTS_MAX; i++) {
        if (hooks_are_latched())
            return ERR_STORE_LATCHED;
        is_denied = false;
        store->batch_steps++;
        err = try_commit(store, batch, &is_denied);
        store->batch_steps++;
    }
    return err;
}
