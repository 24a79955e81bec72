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

/* What the library said since its last failure on this thread. The first
 * sentences tell the cause, such as a damaged page and its file. */
static _Thread_local char messages[384];

static void
keep_message(const DB_ENV *env, const char *prefix, const char *message)
{
    size_t size = strlen(messages);

    (void)env, (void)prefix;
    snprintf(messages + size, sizeof(messages) - size, "%s%s",
             size == 0 ? "" : "; ", message);
    log_warn("store: %s", message);
}

bool
store_is_denied(int code)
{
    return code == DB_LOCK_DEADLOCK || code == DB_LOCK_NOTGRANTED;
}

enum err
store_error(int code, const char *what)
{
    char said[sizeof(messages)];
    bool is_damage = code == DB_RUNRECOVERY || code == DB_CHKSUM_FAIL ||
                     code == DB_PAGE_NOTFOUND;

    if (code == DB_NOTFOUND)
        return ERR_NOT_FOUND;
    snprintf(said, sizeof(said), "%s",
             messages[0] == '\0' ? db_strerror(code) : messages);
    messages[0] = '\0';
    if (code == ENOMEM)
        return err_set(ERR_NOMEM, "store: %s: no memory", what);
    if (is_damage) {
        /* After DB_RUNRECOVERY no further call may be made. */
        hooks_latch();
        return err_set(ERR_DAMAGED,
                       "store: %s: %s; rebuild it from its log with "
                       "'auctiond recover'",
                       what, said);
    }
    return err_set(hooks_are_latched() ? ERR_STORE_LATCHED : ERR_STORE,
                   "store: %s: %s", what, said);
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
        code = env->set_lk_detect(env, DB_LOCK_MINWRITE); /* a reader yields */
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
    messages[0] = '\0';
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

/** Close the library's side; whether all of it went well. */
static bool
close_library(struct store *store)
{
    bool is_good = true;

    /* After a failure the library must not be asked to close in order. */
    for (int t = 0; t < TABLE_COUNT && !hooks_are_latched(); t++)
        if (store->tables[t] != NULL)
            is_good =
                store->tables[t]->close(store->tables[t], 0) == 0 && is_good;
    if (store->env != NULL && !hooks_are_latched())
        is_good = store->env->close(store->env, 0) == 0 && is_good;
    return is_good && !hooks_are_latched();
}

/** What stands beside the environment agrees with it from now on. */
static enum err
finish_opening(struct store *store, bool is_clean)
{
    enum err err = is_clean ? ERR_OK : store_checkpoint(store);

    if (err == ERR_OK && store->is_new)
        return directory_finish(store);
    return err == ERR_OK ? files_forget_clean_mark(store) : err;
}

/** Environment and tables; nothing of the library is left on failure. */
static enum err
open_all(struct store *store, size_t cache_bytes, u_int32_t recovery,
         bool is_clean)
{
    enum err err = open_env(store, cache_bytes, recovery);

    for (int t = 0; err == ERR_OK && t < TABLE_COUNT; t++)
        err = open_table(store, (enum table)t);
    if (err == ERR_OK)
        err = finish_opening(store, is_clean);
    if (err == ERR_OK && hooks_are_latched())
        err = err_set(ERR_STORE_LATCHED,
                      "a write failed while the store was opened");
    if (err != ERR_OK)
        (void)close_library(store);
    return err;
}

static void
release(struct store **store)
{
    directory_unlock(*store);
    free(*store);
    *store = NULL;
}

static enum err
new_store(struct store **out, const char *directory)
{
    struct store *store;
    size_t size = strlen(directory);

    if (size >= sizeof(store->directory))
        return err_set(ERR_TOO_LARGE, "the data directory's path is too long");
    store = calloc(1, sizeof(*store));
    if (store == NULL)
        return err_set(ERR_NOMEM, "no memory for the store");
    while (size > 1 && directory[size - 1] == '/')
        size--;
    memcpy(store->directory, directory, size);
    store->lock_fd = -1;
    *out = store;
    return ERR_OK;
}

/** The directory is ours, and nobody else's. */
static enum err
take_directory(struct store *store)
{
    enum err err = hooks_install();

    if (err == ERR_OK && hooks_are_latched())
        err = err_set(ERR_STORE_LATCHED, "a store of this process has failed");
    return err == ERR_OK ? directory_prepare(store) : err;
}

/** Its files are fit for recovery. */
static enum err
check_directory(struct store *store, bool *is_clean_out)
{
    enum err err;

    *is_clean_out = false;
    if (store->is_new)
        return ERR_OK;
    if ((err = files_check(store, is_clean_out)) != ERR_OK || *is_clean_out)
        return err;
    log_info("store: the last end was not clean; recovering");
    return files_settle(store);
}

static enum err
open_store(struct store **out, const char *directory, size_t cache_bytes,
           bool is_readonly)
{
    struct store *store;
    bool is_clean = false;
    enum err err = new_store(&store, directory);

    if (err != ERR_OK)
        return err;
    store->is_readonly = store->must_exist = is_readonly;
    if ((err = take_directory(store)) == ERR_OK &&
        (err = check_directory(store, &is_clean)) == ERR_OK)
        err = open_all(store, cache_bytes, DB_RECOVER, is_clean);
    if (err == ERR_OK)
        *out = store;
    else
        release(&store);
    return err;
}

enum err
store_open(struct store **out, const char *directory, size_t cache_bytes)
{
    return open_store(out, directory, cache_bytes, false);
}

enum err
store_recover(const char *directory, size_t cache_bytes)
{
    struct store *store;
    enum err err = new_store(&store, directory);

    if (err != ERR_OK)
        return err;
    store->must_exist = true;
    if ((err = take_directory(store)) == ERR_OK &&
        (err = files_settle(store)) == ERR_OK &&
        (err = files_put_aside(store)) == ERR_OK)
        err = open_all(store, cache_bytes, DB_RECOVER_FATAL, false);
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
    return open_store(out, directory, cache_bytes, true);
}

/** The next start may rely on the files as they are now. */
static enum err
vouch(struct store *store)
{
    struct lengths lengths;
    enum err err = lengths_take(store, &lengths);

    if (err == ERR_OK)
        err = lengths_keep(store, &lengths);
    return err == ERR_OK ? files_set_clean_mark(store) : err;
}

/* The mark is made last: it vouches also for what closing writes. */
void
store_close(struct store **store)
{
    bool is_orderly;

    if (*store == NULL)
        return;
    is_orderly = !hooks_are_latched() && store_checkpoint(*store) == ERR_OK;
    is_orderly = close_library(*store) && is_orderly;
    if (is_orderly && vouch(*store) != ERR_OK)
        log_warn("store: not marked as closed: %s", err_detail());
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
    struct lengths lengths;
    enum err taken, err = ERR_OK;
    int code;

    if (hooks_are_latched())
        return ERR_STORE_LATCHED;
    taken = lengths_take(store, &lengths);
    code = store->env->txn_checkpoint(store->env, 0, 0, 0);
    if (code != 0)
        return store_error(code, "writing pages back");
    /* Too busy to be measured: what was kept before still holds. */
    if (taken != ERR_BUSY &&
        (taken != ERR_OK || lengths_keep(store, &lengths) != ERR_OK)) {
        hooks_latch();
        err = ERR_STORE_LATCHED;
    }
    return hooks_are_latched() ? ERR_STORE_LATCHED : err;
}
