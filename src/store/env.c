/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Environment and tables. The environment is private to the process (its
 * regions are in our memory), so it is recovered at every start; after an
 * orderly end there is nothing to do.
 */
#include "store/internal.h"

#include "base/log.h"
#include "store/hooks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOG_FILE_BYTES = 32 << 20,
    LOG_BUFFER_BYTES = 8 << 20, /* a batch fits: nothing waits for a write */
    LOCKS_MAX = 50000,          /* pages of a batch, and readers */
    LOCKERS_MAX = 1000,
    TRANSACTIONS_MAX = 64,
    ENV_OPEN = DB_CREATE | DB_INIT_TXN | DB_INIT_LOG | DB_INIT_MPOOL |
               DB_INIT_LOCK | DB_THREAD | DB_PRIVATE,
    MODE = 0600,
};

const char *
table_file(enum table table)
{
#define STORE_TABLE_FILE(table, name) name ".db",
    static const char *const files[] = {STORE_TABLE_LIST(STORE_TABLE_FILE)};
#undef STORE_TABLE_FILE

    CHECK(table < TABLE_COUNT);
    return files[table];
}

DBT
dbt_of(const void *bytes, size_t size)
{
    DBT dbt;

    memset(&dbt, 0, sizeof(dbt));
    CHECK(size <= UINT32_MAX);
    dbt.data = (void *)(uintptr_t)bytes;
    dbt.size = (u_int32_t)size;
    return dbt;
}

DBT
dbt_alloc(void)
{
    DBT dbt;

    memset(&dbt, 0, sizeof(dbt));
    dbt.flags = DB_DBT_MALLOC;
    return dbt;
}

/* What the library last said: it names the file of a damaged page. */
static _Thread_local char last_message[256];

static void
keep_message(const DB_ENV *env, const char *prefix, const char *message)
{
    (void)env, (void)prefix;
    snprintf(last_message, sizeof(last_message), "%s", message);
    log_warn("store: %s", message);
}

enum err
store_error(int code, const char *what)
{
    const char *text =
        last_message[0] == '\0' ? db_strerror(code) : last_message;

    if (code == DB_NOTFOUND)
        return ERR_NOT_FOUND;
    if (code == ENOMEM)
        return err_set(ERR_NOMEM, "store: %s: no memory", what);
    /* After DB_RUNRECOVERY no further call may be made. */
    if (code == DB_RUNRECOVERY)
        hooks_latch();
    if (code == DB_RUNRECOVERY || code == DB_CHKSUM_FAIL ||
        code == DB_PAGE_NOTFOUND)
        return err_set(ERR_DAMAGED,
                       "store: %s: %s; rebuild it from its log with "
                       "'auctiond recover'",
                       what, text);
    return err_set(hooks_are_latched() ? ERR_STORE_LATCHED : ERR_STORE,
                   "store: %s: %s", what, text);
}

/* ----------------------------------------------------------------- opening */

static int
set_sizes(DB_ENV *env, size_t cache_bytes)
{
    int code = env->set_cachesize(env, (u_int32_t)(cache_bytes >> 30),
                                  (u_int32_t)(cache_bytes & 0x3fffffff), 1);

    if (code == 0)
        code = env->set_lg_max(env, LOG_FILE_BYTES);
    if (code == 0)
        code = env->set_lg_bsize(env, LOG_BUFFER_BYTES);
    if (code == 0)
        code = env->set_lk_max_locks(env, LOCKS_MAX);
    if (code == 0)
        code = env->set_lk_max_objects(env, LOCKS_MAX);
    if (code == 0)
        code = env->set_lk_max_lockers(env, LOCKERS_MAX);
    if (code == 0)
        code = env->set_lk_detect(env, DB_LOCK_DEFAULT);
    if (code == 0)
        code = env->set_tx_max(env, TRANSACTIONS_MAX);
    return code;
}

/** recovery: DB_RECOVER, or DB_RECOVER_FATAL for all of the log. */
static enum err
open_env(struct store *store, size_t cache_bytes, u_int32_t recovery)
{
    char path[STORE_PATH_BYTES];
    int code = db_env_create(&store->env, 0);

    if (code != 0)
        return store_error(code, "making the environment");
    store->env->set_errcall(store->env, keep_message);
    last_message[0] = '\0';
    code = set_sizes(store->env, cache_bytes);
    if (code != 0)
        return store_error(code, "setting up the environment");
    if (!store_path(store, "env", path))
        return ERR_TOO_LARGE;
    code = store->env->open(store->env, path, ENV_OPEN | recovery, MODE);
    return code == 0 ? ERR_OK : store_error(code, "opening and recovering");
}

static enum err
open_table(struct store *store, enum table table)
{
    DB *db;
    int code = db_create(&db, store->env, 0);

    if (code != 0)
        return store_error(code, "making a table");
    store->tables[table] = db;
    code = db->set_pagesize(db, STORE_PAGE_BYTES);
    if (code == 0)
        code = db->set_flags(db, DB_CHKSUM);
    /* Readers ask only for rows below a committed size: they may read past
     * the locks of a batch that is being written, and never hold it up. */
    if (code == 0)
        code = db->open(
            db, NULL, table_file(table), NULL, DB_BTREE,
            DB_CREATE | DB_AUTO_COMMIT | DB_THREAD | DB_READ_UNCOMMITTED, MODE);
    return code == 0 ? ERR_OK : store_error(code, table_file(table));
}

static enum err
open_all(struct store *store, size_t cache_bytes, u_int32_t recovery)
{
    enum err err = open_env(store, cache_bytes, recovery);

    for (int t = 0; err == ERR_OK && t < TABLE_COUNT; t++)
        err = open_table(store, (enum table)t);
    if (err == ERR_OK && hooks_are_latched())
        err = err_set(ERR_STORE, "a write failed while the store was opened");
    if (err != ERR_OK || !store->is_new)
        return err;
    if ((err = store_checkpoint(store)) != ERR_OK)
        return err;
    return directory_finish(store);
}

static void
release(struct store **store)
{
    DB_ENV *env = (*store)->env;

    /* After a failure the library must not be asked to close in order. */
    if (!hooks_are_latched()) {
        for (int t = 0; t < TABLE_COUNT; t++)
            if ((*store)->tables[t] != NULL)
                (*store)->tables[t]->close((*store)->tables[t], 0);
        if (env != NULL)
            env->close(env, 0);
    }
    directory_unlock(*store);
    free(*store);
    *store = NULL;
}

static struct store *
new_store(const char *directory)
{
    struct store *store = calloc(1, sizeof(*store));
    size_t size = strlen(directory);

    if (store == NULL || size >= sizeof(store->directory)) {
        free(store);
        return NULL;
    }
    while (size > 1 && directory[size - 1] == '/')
        size--;
    memcpy(store->directory, directory, size);
    store->lock_fd = -1;
    return store;
}

enum err
store_open(struct store **out, const char *directory, size_t cache_bytes)
{
    struct store *store = new_store(directory);
    enum err err;

    if (store == NULL)
        return err_set(ERR_NOMEM, "no memory for the store, or a path that "
                                  "is too long");
    if ((err = hooks_install()) == ERR_OK &&
        (err = directory_prepare(store)) == ERR_OK && !store->is_new &&
        (err = directory_check_files(store)) == ERR_OK &&
        !directory_take_clean_mark(store)) {
        log_info("store: the last end was not clean; recovering");
        err = directory_settle(store);
    }
    if (err == ERR_OK)
        err = open_all(store, cache_bytes, DB_RECOVER);
    if (err != ERR_OK) {
        release(&store);
        return err;
    }
    *out = store;
    return ERR_OK;
}

enum err
store_recover(const char *directory, size_t cache_bytes)
{
    struct store *store = new_store(directory);
    enum err err;

    if (store == NULL)
        return err_set(ERR_NOMEM, "no memory for the store, or a path that "
                                  "is too long");
    if ((err = hooks_install()) == ERR_OK &&
        (err = directory_prepare(store)) == ERR_OK && !store->is_new &&
        (err = directory_settle(store)) == ERR_OK &&
        (err = directory_put_aside(store)) == ERR_OK)
        err = open_all(store, cache_bytes, DB_RECOVER_FATAL);
    if (err == ERR_OK)
        store_close(&store);
    else
        release(&store);
    return err;
}

/*
 * Reading still recovers: a private environment has no other way to read the
 * tail of its log. So the lock is taken, which also shows that nobody runs.
 */
enum err
store_open_readonly(struct store **out, const char *directory,
                    size_t cache_bytes)
{
    enum err err = store_open(out, directory, cache_bytes);

    if (err == ERR_OK)
        (*out)->is_readonly = true;
    return err;
}

void
store_close(struct store **store)
{
    bool is_orderly;

    if (*store == NULL)
        return;
    is_orderly = !hooks_are_latched() && store_checkpoint(*store) == ERR_OK;
    if (is_orderly && directory_set_clean_mark(*store) != ERR_OK)
        log_warn("store: %s", err_detail());
    release(store);
}

bool
store_is_latched(const struct store *store)
{
    (void)store; /* the hooks are of the whole process, see hooks.h */
    return hooks_are_latched();
}

enum err
store_checkpoint(struct store *store)
{
    int code;

    if (hooks_are_latched())
        return ERR_STORE_LATCHED;
    code = store->env->txn_checkpoint(store->env, 0, 0, 0);
    return code == 0 ? ERR_OK : store_error(code, "writing pages back");
}
