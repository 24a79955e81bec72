/* SPDX-License-Identifier: Apache-2.0 */
/**
 * internal: the parts of the store, for its own source files only.
 *
 *     directory.c  the data directory: lock, format, files, head file
 *     env.c        environment and tables: open, recover, close
 *     commit.c     one batch, one transaction, one flush
 *     read.c       rows and walks
 *     index.c      records by auction, derived behind
 *     codec.c      rows as bytes
 *     hooks.c      the latch
 */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "store/store.h"

#include <db.h>
#include <pthread.h>

enum {
    STORE_PAGE_BYTES = 4096, /* what a disk writes whole or not at all */
    STORE_PATH_BYTES = 4096,
};

#define STORE_TABLE_LIST(X)                                                    \
    X(RECORD, "record")                                                        \
    X(TILE, "tile")                                                            \
    X(BLOB, "blob")                                                            \
    X(HEAD, "head")                                                            \
    X(LOT, "lot")                                                              \
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
    bool is_new;
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

/* directory.c */
MUST_CHECK enum err directory_prepare(struct store *store);
/** Every table is made: the directory is a store from now on. */
MUST_CHECK enum err directory_finish(struct store *store);
MUST_CHECK enum err directory_check_files(const struct store *store);
/** Move the tables' files into the folder "damaged". */
MUST_CHECK enum err directory_put_aside(const struct store *store);
/** Whether the last owner closed the store. Forgets it. */
bool directory_take_clean_mark(struct store *store);
MUST_CHECK enum err directory_set_clean_mark(struct store *store);
/** Make the page cache tell what is on the disk. */
MUST_CHECK enum err directory_settle(const struct store *store);
/** How many files the last settling touched; for tests. */
size_t directory_settled_files(void);
void directory_unlock(struct store *store);
MUST_CHECK enum err file_write_atomic(const char *path, const char *text);

#endif
