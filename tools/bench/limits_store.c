/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Berkeley DB alone: the rows that auctiond writes for a bid, by one thread,
 * one transaction and one flush for a batch of so many bids. Page size,
 * checksums and log are set as the server sets them; nothing is judged,
 * hashed, signed or sent.
 */
#include "limits.h"

#include "base/check.h"
#include "store/codec.h"

#include <db.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of the rows as they are in a store under load. */
enum {
    RECORD_BYTES = 420,
    LOT_BYTES = 330,
    ACCOUNT_BYTES = 56,
    REQUEST_BYTES = 49,
    HEAD_BYTES = 300,
    ACCOUNTS = 16,
    CACHE_BYTES = 256 << 20,
    LOG_BUFFER_BYTES = 8 << 20,
    PAGE_BYTES = 4096,
};

enum kind { RECORDS, LOTS, ACCOUNTS_TABLE, REQUESTS, HEADS, KINDS };

struct alone {
    DB_ENV *env;
    DB *tables[KINDS];
    uint64_t seq;
    uint64_t random;
};

static bool
open_alone(struct alone *a, const char *directory)
{
    static const char *const names[KINDS] = {"record", "lot", "account",
                                             "request", "head"};

    if (db_env_create(&a->env, 0) != 0 ||
        a->env->set_cachesize(a->env, 0, CACHE_BYTES, 1) != 0 ||
        a->env->set_lg_bsize(a->env, LOG_BUFFER_BYTES) != 0 ||
        a->env->open(a->env, directory,
                     DB_CREATE | DB_INIT_TXN | DB_INIT_LOG | DB_INIT_MPOOL |
                         DB_INIT_LOCK | DB_THREAD | DB_PRIVATE,
                     0600) != 0)
        return false;
    for (int i = 0; i < KINDS; i++)
        if (db_create(&a->tables[i], a->env, 0) != 0 ||
            a->tables[i]->set_pagesize(a->tables[i], PAGE_BYTES) != 0 ||
            a->tables[i]->set_flags(a->tables[i], DB_CHKSUM) != 0 ||
            a->tables[i]->open(a->tables[i], NULL, names[i], NULL, DB_BTREE,
                               DB_CREATE | DB_AUTO_COMMIT | DB_THREAD |
                                   DB_READ_UNCOMMITTED,
                               0600) != 0)
            return false;
    return true;
}

static void
close_alone(struct alone *a)
{
    for (int i = 0; i < KINDS; i++)
        if (a->tables[i] != NULL)
            a->tables[i]->close(a->tables[i], 0);
    if (a->env != NULL)
        a->env->close(a->env, 0);
}

static void
put(struct alone *a, DB_TXN *txn, enum kind kind, const void *key,
    size_t key_size, size_t value_size)
{
    static const char value[RECORD_BYTES];
    DBT k, v;

    memset(&k, 0, sizeof(k));
    memset(&v, 0, sizeof(v));
    k.data = (void *)(uintptr_t)key;
    k.size = (u_int32_t)key_size;
    v.data = (void *)(uintptr_t)value;
    v.size = (u_int32_t)value_size;
    CHECK(a->tables[kind]->put(a->tables[kind], txn, &k, &v, 0) == 0);
}

static void
put_numbered(struct alone *a, DB_TXN *txn, enum kind kind, uint64_t number,
             size_t size)
{
    uint8_t key[8];

    codec_put_u64(key, number);
    put(a, txn, kind, key, sizeof(key), size);
}

/** Rows of an auction and of a bidder are written once a batch. */
static void
commit_batch(struct alone *a, int batch, uint64_t auctions)
{
    DB_TXN *txn;

    CHECK(a->env->txn_begin(a->env, NULL, &txn, DB_TXN_NOSYNC) == 0);
    for (int i = 0; i < batch; i++)
        put_numbered(a, txn, RECORDS, a->seq++, RECORD_BYTES);
    for (int i = 0; i < batch && (i == 0 || auctions > 1); i++)
        put_numbered(a, txn, LOTS, bench_random(&a->random) % auctions,
                     LOT_BYTES);
    for (int i = 0; i < batch && i < ACCOUNTS; i++)
        put_numbered(a, txn, ACCOUNTS_TABLE, (uint64_t)i, ACCOUNT_BYTES);
    for (int i = 0; i < batch; i++) {
        uint64_t key[3] = {(uint64_t)i % ACCOUNTS, bench_random(&a->random),
                           bench_random(&a->random)};
        put(a, txn, REQUESTS, key, sizeof(key), REQUEST_BYTES);
    }
    put_numbered(a, txn, HEADS, 0, HEAD_BYTES);
    CHECK(txn->commit(txn, DB_TXN_NOSYNC) == 0);
    CHECK(a->env->log_flush(a->env, NULL) == 0);
}

static void
measure(struct alone *a, const struct bench_options *o, int batch,
        uint64_t auctions)
{
    double start = bench_now();
    long count = 0;

    while (bench_now() < start + o->seconds) {
        commit_batch(a, batch, auctions);
        count += batch;
    }
    limits_print(auctions == 1 ? "store hot" : "store spread", batch,
                 (double)count / (bench_now() - start));
}

bool
limits_store(const struct bench_options *o)
{
    static const int batches[] = {1, 16, 64};
    char directory[4096], command[4200];
    struct alone alone = {.random = 1};
    bool is_open;

    snprintf(directory, sizeof(directory), "%s/store.tmp", o->lab);
    is_open = mkdir(directory, 0700) == 0 && open_alone(&alone, directory);
    for (size_t i = 0; is_open && i < sizeof(batches) / sizeof(batches[0]);
         i++) {
        measure(&alone, o, batches[i], (uint64_t)o->auctions);
        measure(&alone, o, batches[i], 1);
    }
    close_alone(&alone);
    snprintf(command, sizeof(command), "rm -r '%s'", directory);
    return system(command) == 0 && is_open;
}
