/* SPDX-License-Identifier: Apache-2.0 */
/**
 * internal: the parts of the store, for its own source files only.
 *
 *     directory.c  the data directory: lock, format, head file
 *     files.c      the environment's files: which, whole, settled
 *     lengths.c    how long each table is at least
 *     env.c        environment and tables: open, recover, close
 *     commit.c     one batch, one transaction, one flush
 *     read.c       single rows, and walks over one table
 *     walk.c       the walk itself
 *     index.c      records by auction, derived behind
 *     codec.c      rows as bytes
 *     snapshot.c   a copy of a directory in use
 *     hooks.c      the latch
 */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "store/store.h"

#include <db.h>
#include <stdatomic.h>

enum {
    STORE_PAGE_BYTES = 4096, /* what a disk writes whole or not at all */
    STORE_PATH_BYTES = 4096,
    STORE_SMALL_FILE_BYTES = 4096,
    STORE_ATTEMPTS_MAX = 16, /* where the library denies a lock */
};

#define STORE_TABLE_LIST(X)                                                    \
    X(RECORD, "record")                                                        \
    X(TILE, "tile")                                                            \
    X(BLOB, "blob")                                                            \
    X(HEAD, "head")                                                            \
    X(LOT, "lot")                                                              \
    X(ENTRY, "entry")                                                          \
    X(TEXT, "text")                                                            \
    X(ACCOUNT, "account")                                                      \
    X(CERT, "cert")                                                            \
    X(REQUEST, "request")                                                      \
    X(INDEX, "index")

#define STORE_TABLE_ENUM(table, name) TABLE_##table,
enum table { STORE_TABLE_LIST(STORE_TABLE_ENUM) TABLE_COUNT };
#undef STORE_TABLE_ENUM

struct store {
    char directory[STORE_PATH_BYTES];
    int lock_fd; /* -1 when read only */
    DB_ENV *env;
    DB *tables[TABLE_COUNT];
    bool is_readonly;
    bool must_exist; /* else it is made */
    bool is_new;
    /* Goes up when a batch begins and when it ends; odd between. */
    atomic_ulong batch_steps;
};

/** File name of a table: "record.db". */
const char *table_file(enum table table);

/** Translate the library's code once; RUNRECOVERY sets the latch. */
enum err store_error(int code, const char *what);

/** A key or value that points to bytes of ours. */
DBT dbt_of(const void *bytes, size_t size);

/** An empty DBT into which the library allocates; free dbt.data. */
DBT dbt_alloc(void);

/** Append `name` to the directory; false when it is too long. */
MUST_CHECK bool store_path(const struct store *store, const char *name,
                           char out[STORE_PATH_BYTES]);

/** A row that cannot be read as what it should be. */
enum err store_bad_row(enum table table);

/** A lock was denied; the call may be repeated, with a new cursor. */
bool store_is_denied(int code);

/** Called for each row; ERR_OK to go on, ERR_NOT_FOUND to end well. */
typedef enum err walk_step(void *context, const DBT *key, const DBT *value);

/**
 * Rows of a table from a key on, at most `rows_max`. Rows are copied out in
 * portions, and no lock of the library is held while `step` runs: however
 * long it takes, it cannot hold up the engine.
 */
MUST_CHECK enum err walk(struct store *store, enum table table, DBT from,
                         uint64_t rows_max, walk_step *step, void *context);

/* lengths.c */
struct lengths {
    uint64_t bytes[TABLE_COUNT];
};

/** Of all tables, between two batches; ERR_BUSY when that cannot be had. */
MUST_CHECK enum err lengths_take(struct store *store, struct lengths *out);
/** No start accepts less from now on. The files must have been synced. */
MUST_CHECK enum err
lengths_keep(const struct store *store, const struct lengths *lengths);
MUST_CHECK enum err lengths_check(const struct store *store);

/* directory.c */
MUST_CHECK enum err directory_prepare(struct store *store);
/** Every table is made: the directory is a store from now on. */
MUST_CHECK enum err directory_finish(struct store *store);
void directory_unlock(struct store *store);

/** ERR_SYSTEM with errno's text. */
enum err system_error(const char *what, const char *path);
MUST_CHECK enum err file_write_atomic(const char *path, const char *text);
/** A small file as a string, cut at its bound; ERR_NOT_FOUND, ERR_SYSTEM. */
MUST_CHECK enum err
file_read_small(const char *path, char text[STORE_SMALL_FILE_BYTES]);
/** Sync the folder that the path is in. */
MUST_CHECK bool file_sync_folder(const char *path);

/* files.c */
/**
 * Check the set of files and the least length of tables, and after a clean
 * end also where the log ends. Changes nothing.
 */
MUST_CHECK enum err files_check(const struct store *store, bool *is_clean_out);
/** ERR_DAMAGED: the file of a table, and the mend. */
enum err
files_damaged(const struct store *store, const char *table, const char *what);
MUST_CHECK enum err files_forget_clean_mark(const struct store *store);
MUST_CHECK enum err files_set_clean_mark(const struct store *store);
/** Make the page cache tell what is on the disk. */
MUST_CHECK enum err files_settle(const struct store *store);
/** Move the tables' files into the folder "damaged". */
MUST_CHECK enum err files_put_aside(const struct store *store);
/** How many files were ever settled; for tests. */
size_t files_settled(void);

#endif
