/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks over one table. A cursor keeps a lock on its page, and a visitor may
 * take its time, so the two never meet: a portion of rows is copied out, the
 * cursor is closed, and then the rows are visited. The next portion begins
 * right after the last key.
 */
#include "store/internal.h"

#include "store/hooks.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum {
    PORTION_BYTES = 64 << 10, /* and the row that crosses it */
    PORTION_ROWS = 256,
    KEY_BYTES_MAX = 64,
    ROW_BYTES_MAX = 64 << 20,
};

struct row {
    size_t at; /* in the portion's bytes: the key, then the value */
    uint32_t key_bytes;
    uint32_t value_bytes;
};

struct portion {
    uint8_t from[KEY_BYTES_MAX + 1]; /* where it begins */
    size_t from_bytes;
    struct buf bytes;
    struct row rows[PORTION_ROWS];
    size_t row_count;
    DBT value; /* memory of the library's, used again for each row */
};

static void
keep_row(struct portion *p, const void *key, const DBT *key_dbt)
{
    p->rows[p->row_count++] =
        (struct row){p->bytes.size, key_dbt->size, p->value.size};
    buf_add(&p->bytes, key, key_dbt->size);
    buf_add(&p->bytes, p->value.data, p->value.size);
}

/** Copy rows out; the library's code, 0 when the portion is full. */
static int
read_rows(DBC *cursor, struct portion *p, uint64_t rows_max)
{
    uint8_t key[KEY_BYTES_MAX] = {0};
    DBT k = dbt_of(key, p->from_bytes);
    u_int32_t step = DB_SET_RANGE;
    int code = 0;

    CHECK(p->from_bytes <= sizeof(key));
    memcpy(key, p->from, p->from_bytes);
    k.flags = DB_DBT_USERMEM;
    k.ulen = sizeof(key);
    while (p->row_count < rows_max && p->row_count < PORTION_ROWS &&
           p->bytes.size < PORTION_BYTES && buf_is_ok(&p->bytes)) {
        code = cursor->get(cursor, &k, &p->value, step);
        if (code != 0)
            return code;
        keep_row(p, key, &k);
        step = DB_NEXT;
    }
    return 0;
}

static int
try_portion(DB *db, struct portion *p, uint64_t rows_max)
{
    DBC *cursor;
    int code = db->cursor(db, NULL, &cursor, DB_READ_UNCOMMITTED);
    int closed;

    buf_clear(&p->bytes);
    p->row_count = 0;
    if (code != 0)
        return code;
    code = read_rows(cursor, p, rows_max);
    if (code == DB_RUNRECOVERY || hooks_are_latched())
        return code; /* no further call */
    closed = cursor->close(cursor);
    return code == 0 ? closed : code;
}

/** One portion; a denied lock only means to ask again. */
static int
read_portion(DB *db, struct portion *p, uint64_t rows_max)
{
    int code = try_portion(db, p, rows_max);

    for (int i = 1; store_is_denied(code) && i < STORE_ATTEMPTS_MAX; i++) {
        sched_yield();
        code = try_portion(db, p, rows_max);
    }
    return code;
}

static enum err
visit_portion(const struct portion *p, walk_step *step, void *context)
{
    enum err err = ERR_OK;

    for (size_t i = 0; err == ERR_OK && i < p->row_count; i++) {
        const struct row *row = &p->rows[i];
        const char *at = p->bytes.bytes + row->at;
        DBT key = dbt_of(at, row->key_bytes);
        DBT value = dbt_of(at + row->key_bytes, row->value_bytes);
        err = step(context, &key, &value);
    }
    return err;
}

/** The smallest key behind the last one: that key and a zero byte. */
static void
go_behind(struct portion *p)
{
    const struct row *last = &p->rows[p->row_count - 1];

    CHECK(last->key_bytes < KEY_BYTES_MAX);
    memcpy(p->from, p->bytes.bytes + last->at, last->key_bytes);
    p->from[last->key_bytes] = 0;
    p->from_bytes = last->key_bytes + 1;
}

static enum err
walk_portions(struct store *store, enum table table, struct portion *p,
              uint64_t rows_max, walk_step *step, void *context)
{
    enum err err = ERR_OK;
    int code = 0;

    while (err == ERR_OK && code == 0 && rows_max > 0) {
        if (hooks_are_latched())
            return ERR_STORE_LATCHED;
        code = read_portion(store->tables[table], p, rows_max);
        if (code != 0 && code != DB_NOTFOUND)
            return store_error(code, table_file(table));
        if (hooks_are_latched())
            return ERR_STORE_LATCHED;
        if (!buf_is_ok(&p->bytes))
            return err_set(ERR_NOMEM, "no memory for a walk");
        err = visit_portion(p, step, context);
        rows_max -= p->row_count;
        if (p->row_count > 0)
            go_behind(p);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err
walk(struct store *store, enum table table, DBT from, uint64_t rows_max,
     walk_step *step, void *context)
{
    struct portion *p = calloc(1, sizeof(*p));
    enum err err;

    CHECK(from.size < KEY_BYTES_MAX);
    if (p == NULL)
        return err_set(ERR_NOMEM, "no memory for a walk");
    buf_init(&p->bytes, ROW_BYTES_MAX);
    p->value.flags = DB_DBT_REALLOC;
    p->from_bytes = from.size;
    if (from.size > 0)
        memcpy(p->from, from.data, from.size);
    err = walk_portions(store, table, p, rows_max, step, context);
    free(p->value.data);
    buf_release(&p->bytes);
    free(p);
    return err;
}
