/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records by auction. The index is derived from the records by the keeper,
 * behind the path of a bid, and may be dropped: keys (auction, seq), no
 * values, and under auction 0 the watermark, the size of the log it covers.
 * Readers cover what is behind the watermark by reading on.
 */
#include "store/internal.h"

#include "store/codec.h"
#include "store/hooks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { INDEX_KEY_BYTES = 16, DROP_STEP = 1000 };

static void
index_key(uint8_t key[INDEX_KEY_BYTES], uint64_t auction, uint64_t seq)
{
    codec_put_u64(key, auction);
    codec_put_u64(key + 8, seq);
}

static enum err
read_watermark(struct store *store, uint64_t *out)
{
    DB *db = store->tables[TABLE_INDEX];
    uint8_t key[INDEX_KEY_BYTES] = {0}, bytes[8] = {0};
    DBT k = dbt_of(key, sizeof(key)), v = dbt_of(bytes, sizeof(bytes));
    int code;

    index_key(key, 0, 0);
    v.ulen = sizeof(bytes);
    v.flags = DB_DBT_USERMEM;
    code = db->get(db, NULL, &k, &v, DB_READ_UNCOMMITTED);
    *out = code == 0 && v.size == 8 ? codec_get_u64(bytes) : 0;
    if (code == 0 || code == DB_NOTFOUND)
        return ERR_OK;
    return store_error(code, table_file(TABLE_INDEX));
}

/* ----------------------------------------------------------------- writing */

struct advance {
    DB *db;
    DB_TXN *txn;
    uint64_t next; /* first record not yet covered */
    uint64_t (*auction_of)(const void *bytes, size_t size);
    int code;
};

static bool
add_record(void *context, uint64_t seq, const void *bytes, size_t size)
{
    struct advance *a = context;
    uint64_t auction = a->auction_of(bytes, size);
    uint8_t key[INDEX_KEY_BYTES] = {0};
    DBT k = dbt_of(key, sizeof(key)), v = dbt_of("", 0);

    a->next = seq + 1;
    if (auction == 0)
        return true;
    index_key(key, auction, seq);
    a->code = a->db->put(a->db, a->txn, &k, &v, 0);
    return a->code == 0;
}

/** Commit without waiting for the disk, or abort and report. */
static enum err
finish_txn(DB_TXN *txn, enum err err, int code)
{
    if (err == ERR_OK && code == 0) {
        code = txn->commit(txn, DB_TXN_NOSYNC);
        return code == 0 ? ERR_OK : store_error(code, table_file(TABLE_INDEX));
    }
    if (err == ERR_OK)
        err = store_error(code, table_file(TABLE_INDEX));
    if (!hooks_are_latched() && txn->abort(txn) != 0)
        hooks_latch();
    return err;
}

static int
put_watermark(struct advance *a)
{
    uint8_t key[INDEX_KEY_BYTES] = {0}, bytes[8] = {0};
    DBT k = dbt_of(key, sizeof(key)), v = dbt_of(bytes, sizeof(bytes));

    index_key(key, 0, 0);
    codec_put_u64(bytes, a->next);
    return a->db->put(a->db, a->txn, &k, &v, 0);
}

static enum err
advance_in(struct store *store, struct advance *a, uint64_t end)
{
    enum err err = store_each_record(store, a->next, end, add_record, a);

    if (err == ERR_OK && a->code == 0)
        a->code = put_watermark(a);
    return finish_txn(a->txn, err, a->code);
}

/** Cover [from, end) in one transaction. */
static enum err
try_advance(struct store *store, struct advance *a, uint64_t end,
            bool *is_denied_out)
{
    enum err err;

    a->code = store->env->txn_begin(store->env, NULL, &a->txn, DB_TXN_NOSYNC);
    if (a->code != 0)
        return store_error(a->code, "indexing");
    err = advance_in(store, a, end);
    *is_denied_out = store_is_denied(a->code);
    return err;
}

enum err
store_index_advance(struct store *store, uint64_t size, size_t count,
                    uint64_t (*auction_of)(const void *bytes, size_t size),
                    uint64_t *watermark_out)
{
    struct advance a = {.db = store->tables[TABLE_INDEX],
                        .auction_of = auction_of};
    bool is_denied = true;
    uint64_t from, end;
    enum err err;

    CHECK(!store->is_readonly);
    if (hooks_are_latched())
        return ERR_STORE_LATCHED;
    if ((err = read_watermark(store, &from)) != ERR_OK)
        return err;
    *watermark_out = from;
    if (from >= size)
        return ERR_OK;
    end = size - from > count ? from + count : size;
    for (int i = 0; is_denied && i < STORE_ATTEMPTS_MAX; i++) {
        is_denied = false;
        a.next = from;
        err = try_advance(store, &a, end, &is_denied);
    }
    if (err == ERR_OK)
        *watermark_out = a.next;
    return err;
}

/* ---------------------------------------------------------------- dropping */

/** Delete the first keys; the watermark's is the very first. */
static int
delete_some(DB *db, DB_TXN *txn, bool *is_empty_out)
{
    uint8_t key[INDEX_KEY_BYTES] = {0};
    DBT k = dbt_of(key, sizeof(key)), v = dbt_of(NULL, 0);
    int code, closed;
    DBC *cursor;

    code = db->cursor(db, txn, &cursor, 0);
    if (code != 0)
        return code;
    k.flags = DB_DBT_USERMEM;
    k.ulen = sizeof(key);
    v.flags = DB_DBT_USERMEM | DB_DBT_PARTIAL; /* of no length: keys only */
    for (int i = 0; code == 0 && i < DROP_STEP; i++) {
        code = cursor->get(cursor, &k, &v, DB_NEXT);
        if (code == 0)
            code = cursor->del(cursor, 0);
    }
    *is_empty_out = code == DB_NOTFOUND;
    if (code == DB_RUNRECOVERY)
        return code;
    closed = cursor->close(cursor);
    return code == 0 || code == DB_NOTFOUND ? closed : code;
}

enum err
store_index_drop(struct store *store)
{
    bool is_empty = false;
    enum err err = ERR_OK;
    DB_TXN *txn;
    int code;

    CHECK(!store->is_readonly);
    while (err == ERR_OK && !is_empty) {
        if (hooks_are_latched())
            return ERR_STORE_LATCHED;
        code = store->env->txn_begin(store->env, NULL, &txn, DB_TXN_NOSYNC);
        if (code != 0)
            return store_error(code, "dropping the index");
        code = delete_some(store->tables[TABLE_INDEX], txn, &is_empty);
        err = finish_txn(txn, ERR_OK, code);
    }
    return err;
}

/* ----------------------------------------------------------------- reading */

struct lookup {
    struct store *store;
    uint64_t auction;
    uint64_t from;
    uint64_t end;
    uint64_t (*auction_of)(const void *bytes, size_t size);
    store_record_visit *visit;
    void *context;
    bool has_ended; /* the visitor has had enough */
    uint64_t *tail; /* numbers found behind the watermark */
    size_t tail_count;
    size_t tail_capacity;
    enum err err;
};

static void
show(struct lookup *l, uint64_t seq)
{
    struct buf bytes;

    buf_init(&bytes, 1 << 20);
    l->err = store_read_record(l->store, seq, &bytes);
    if (l->err == ERR_OK)
        l->has_ended = !l->visit(l->context, seq, bytes.bytes, bytes.size);
    buf_release(&bytes);
}

/** Number of the key under the cursor; false when it is another auction's. */
static bool
key_of(const struct lookup *l, const uint8_t *key, size_t size,
       uint64_t *seq_out)
{
    if (size != INDEX_KEY_BYTES || codec_get_u64(key) != l->auction)
        return false;
    *seq_out = codec_get_u64(key + 8);
    return *seq_out >= l->from && *seq_out < l->end;
}

/** One page's worth of numbers by the index, from `start` on. */
static enum err
walk_index(struct lookup *l, bool reverse, uint64_t watermark)
{
    DB *db = l->store->tables[TABLE_INDEX];
    uint64_t end = watermark < l->end ? watermark : l->end;
    uint8_t key[INDEX_KEY_BYTES] = {0};
    uint64_t seq;
    DBT k = dbt_of(key, sizeof(key)), v = dbt_of(NULL, 0);
    DBC *cursor;
    int code = db->cursor(db, NULL, &cursor, DB_READ_UNCOMMITTED);

    if (code != 0)
        return store_error(code, table_file(TABLE_INDEX));
    k.flags = DB_DBT_USERMEM;
    k.ulen = sizeof(key);
    v.flags = DB_DBT_USERMEM | DB_DBT_PARTIAL; /* of no length: keys only */
    index_key(key, l->auction, reverse ? end : l->from);
    code = cursor->get(cursor, &k, &v, DB_SET_RANGE);
    if (reverse) /* the last one before */
        code = cursor->get(cursor, &k, &v,
                           code == DB_NOTFOUND ? DB_LAST : DB_PREV);
    while (code == 0 && l->err == ERR_OK && !l->has_ended &&
           key_of(l, key, k.size, &seq) && seq < end) {
        show(l, seq);
        code = cursor->get(cursor, &k, &v, reverse ? DB_PREV : DB_NEXT);
    }
    if (code != DB_RUNRECOVERY && !hooks_are_latched() &&
        cursor->close(cursor) != 0 && code == 0)
        code = EIO;
    if (l->err != ERR_OK)
        return l->err;
    return code == 0 || code == DB_NOTFOUND
               ? ERR_OK
               : store_error(code, table_file(TABLE_INDEX));
}

static bool
note_tail(void *context, uint64_t seq, const void *bytes, size_t size)
{
    struct lookup *l = context;

    if (l->auction_of(bytes, size) != l->auction)
        return true;
    if (l->tail_count == l->tail_capacity) {
        size_t capacity = l->tail_capacity == 0 ? 64 : l->tail_capacity * 2;
        uint64_t *tail = realloc(l->tail, capacity * sizeof(*tail));
        if (tail == NULL) {
            l->err = err_set(ERR_NOMEM, "no memory for a walk");
            return false;
        }
        l->tail = tail;
        l->tail_capacity = capacity;
    }
    l->tail[l->tail_count++] = seq;
    return true;
}

static void
show_tail(struct lookup *l, bool reverse)
{
    for (size_t i = 0; i < l->tail_count && l->err == ERR_OK && !l->has_ended;
         i++)
        show(l, l->tail[reverse ? l->tail_count - 1 - i : i]);
}

static enum err
look_up(struct lookup *l, bool reverse)
{
    uint64_t watermark, tail_from;
    enum err err = read_watermark(l->store, &watermark);

    if (err != ERR_OK)
        return err;
    tail_from = watermark > l->from ? watermark : l->from;
    if (tail_from < l->end)
        err = store_each_record(l->store, tail_from, l->end, note_tail, l);
    if (err != ERR_OK || l->err != ERR_OK)
        return err != ERR_OK ? err : l->err;
    if (reverse)
        show_tail(l, true);
    if (l->err == ERR_OK && !l->has_ended)
        err = walk_index(l, reverse, watermark);
    if (err == ERR_OK && !reverse && !l->has_ended)
        show_tail(l, false);
    return err != ERR_OK ? err : l->err;
}

enum err
store_each_of_auction(struct store *store, uint64_t auction, uint64_t from,
                      uint64_t end, bool reverse,
                      uint64_t (*auction_of)(const void *bytes, size_t size),
                      store_record_visit *visit, void *context)
{
    struct lookup l = {.store = store,
                       .auction = auction,
                       .from = from,
                       .end = end,
                       .auction_of = auction_of,
                       .visit = visit,
                       .context = context};
    enum err err;

    CHECK(auction != 0);
    if (hooks_are_latched())
        return ERR_STORE_LATCHED;
    err = look_up(&l, reverse);
    free(l.tail);
    return err;
}
