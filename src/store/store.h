/* SPDX-License-Identifier: Apache-2.0 */
/**
 * store: what must survive, in one Berkeley DB environment.
 *
 * One writer, the engine, hands over whole batches: store_commit writes a
 * batch in one transaction and makes it durable with one flush of the log.
 * Everything else reads. Indexes over the log are derived behind the path of
 * a bid by store_index_advance, carry a watermark, and can be dropped.
 *
 * Faults  The first failed write, sync or truncate of a file of the store
 *         sets a latch (seen in our own file hooks, since the library hides
 *         some failures). It is never cleared: from then on every commit is
 *         refused with ERR_STORE_LATCHED and the process is to end.
 * Thread  store_commit by the engine's thread alone; store_index_advance,
 *         store_checkpoint and store_write_head_file by the keeper's thread
 *         alone; reads by any thread. Reads see committed data only as long
 *         as they ask for sequence numbers below a size that was committed.
 * Source  docs/design.md "Storage".
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "auction/book.h"
#include "auction/lot.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/money.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

enum {
    STORE_HASH_BYTES = 32,
    STORE_REQUEST_BYTES = 16,
    STORE_SALT_BYTES = 16,
    STORE_NAME_BYTES = 64, /* account name with terminator */
    STORE_TILE_BYTES = 256 * STORE_HASH_BYTES,
    STORE_CHECKPOINT_BYTES_MAX = 2048,
};

/** The single row that says how far everything has come. */
struct store_head {
    uint64_t size;         /* records in the log */
    uint64_t tx;           /* last transaction number used */
    struct instant t;      /* time stamp of the last record */
    uint64_t auction_last; /* last id given to an auction */
    uint64_t uid_last;     /* last id given to an account */
    uint64_t invoice_last; /* last invoice number */
    char checkpoint[STORE_CHECKPOINT_BYTES_MAX]; /* signed note, a string */
};

/** One auction: the rules' state and what the log needs to go on. */
struct store_lot {
    struct lot lot;
    uint8_t terms[STORE_HASH_BYTES]; /* hash of the published rule text */
    uint8_t alias_salt[STORE_SALT_BYTES];
    uint64_t aseq; /* records of this auction so far */
    uint64_t seq;  /* number of its newest record */
};

/** One entry of an auction's book: a bid, commitment, award or forfeit. */
struct store_entry {
    uint64_t auction;
    uint32_t place; /* in the book, from 0 without gaps */
    const struct entry *entry;
};

struct store_account {
    uint64_t uid;
    char name[STORE_NAME_BYTES];
    uint32_t role;      /* enum role of the certificate last seen */
    struct money limit; /* credit; INT64_MAX is none */
    bool blocked;
    uint32_t strikes;
    uint64_t useq; /* records of this account so far */
};

struct store_cert {
    uint8_t fp[STORE_HASH_BYTES]; /* SHA-256 of the certificate's DER */
    uint64_t uid;
};

/** A retry key and where its answer is: record `seq` proved at `size`. */
struct store_request {
    uint64_t uid;
    uint8_t request[STORE_REQUEST_BYTES];
    uint8_t digest[STORE_HASH_BYTES]; /* of the command's own fields */
    uint64_t seq;
    uint64_t size;
};

/** Bytes under a number: a record by seq, a text by auction id. */
struct store_bytes {
    uint64_t number;
    const void *bytes;
    size_t size;
};

struct store_blob {
    uint8_t hash[STORE_HASH_BYTES];
    const void *bytes;
    size_t size;
};

struct store_tile {
    unsigned level;
    uint64_t index;
    const uint8_t *hashes; /* STORE_TILE_BYTES */
};

/** All that one batch changes; borrowed for the length of store_commit. */
struct store_batch {
    const struct store_head *head; /* never NULL */
    const struct store_bytes *records;
    size_t record_count;
    const struct store_lot *const *lots;
    size_t lot_count;
    const struct store_entry *entries;
    size_t entry_count;
    const struct store_bytes *texts; /* title, description; JSON */
    size_t text_count;
    const struct store_account *const *accounts;
    size_t account_count;
    const struct store_cert *certs;
    size_t cert_count;
    const struct store_request *requests;
    size_t request_count;
    const struct store_blob *blobs;
    size_t blob_count;
    const struct store_tile *tiles;
    size_t tile_count;
    const struct store_bytes *checkpoints; /* to keep, by size; above 0 */
    size_t checkpoint_count;
};

/**
 * Open the data directory, creating it when it does not exist: take the
 * owner lock, check that the files are ours and of a known format, make a
 * start after an unclean end safe (write back and sync, or drop the cached
 * pages, then recover), open the tables.
 *
 * cache_bytes   the library's page cache
 *
 * Returns ERR_OK; ERR_IN_USE (names the owner), ERR_FOREIGN (not ours, or
 * newer), ERR_DAMAGED (names the file and the mend), ERR_SYSTEM, ERR_STORE.
 */
MUST_CHECK enum err
store_open(struct store **out, const char *directory, size_t cache_bytes);

/**
 * Open a data directory that nobody runs on, such as a copied one, to read
 * it. Nothing is added to it, but a directory that was not closed in order is
 * recovered first, so its files must be writable.
 *
 * Returns as store_open; ERR_NOT_FOUND when there is no store.
 */
MUST_CHECK enum err
store_open_readonly(struct store **out, const char *directory,
                    size_t cache_bytes);

/**
 * Rebuild damaged tables from the log: the present files are put aside in a
 * folder "damaged" of the directory, and everything is done again from the
 * first log record on. All log files since the creation must be there.
 *
 * Returns  ERR_OK; as store_open otherwise, the files then stay put aside
 */
MUST_CHECK enum err store_recover(const char *directory, size_t cache_bytes);

/**
 * Make a copy of a data directory on which a server may be running, without
 * its noticing: nothing of the directory is locked, opened by the library or
 * written. What comes out is the state of one committed batch; the newest
 * may be one whose flush is still on its way.
 *
 * folder  empty, of mode 0700; needs as much room as the log files and the
 *         tables. To be opened with store_open_readonly.
 *
 * Returns  ERR_OK; ERR_NOT_FOUND when there is no store; as store_recover
 */
MUST_CHECK enum err
store_snapshot(const char *directory, const char *folder, size_t cache_bytes);

/** Checkpoint, close and mark the end as clean; NULLs the pointer. */
void store_close(struct store **store);

/**
 * Write one batch, all or nothing, and flush it to the disk.
 *
 * Returns  ERR_OK: durable.
 *          ERR_STORE: the transaction was aborted before anything was
 *          written that matters; the batch did not happen.
 *          ERR_STORE_LATCHED: a write or sync failed; whether the batch will
 *          be there after a restart is unknown, and the store is finished.
 */
MUST_CHECK enum err
store_commit(struct store *store, const struct store_batch *batch);

/** Whether a failed write or sync has ended writing for good. */
bool store_is_latched(const struct store *store);

/** The head as of opening the store; ERR_NOT_FOUND in an empty one. */
MUST_CHECK enum err
store_read_head(struct store *store, struct store_head *out);

/** Append the bytes of record `seq` to `out`; ERR_NOT_FOUND. */
MUST_CHECK enum err
store_read_record(struct store *store, uint64_t seq, struct buf *out);

/** Called for rows in key order; false ends the walk. */
typedef bool
store_record_visit(void *context, uint64_t seq, const void *bytes, size_t size);

/** Records from `from` up to, not including, `end`. */
MUST_CHECK enum err
store_each_record(struct store *store, uint64_t from, uint64_t end,
                  store_record_visit *visit, void *context);

/** A full tile of 256 hashes; ERR_NOT_FOUND. */
MUST_CHECK enum err
store_read_tile(struct store *store, unsigned level, uint64_t index,
                uint8_t hashes_out[STORE_TILE_BYTES]);

/** Append the kept signed head of `size` records; ERR_NOT_FOUND. */
MUST_CHECK enum err
store_read_checkpoint(struct store *store, uint64_t size, struct buf *out);

/** Kept signed heads from a size on, in order; the visitor gets the size. */
MUST_CHECK enum err
store_each_checkpoint(struct store *store, uint64_t from,
                      store_record_visit *visit, void *context);

MUST_CHECK enum err
store_read_blob(struct store *store, const uint8_t hash[STORE_HASH_BYTES],
                struct buf *out);

/** Every blob, by hash. */
typedef bool
store_blob_visit(void *context, const uint8_t hash[STORE_HASH_BYTES],
                 const void *bytes, size_t size);
MUST_CHECK enum err
store_each_blob(struct store *store, store_blob_visit *visit, void *context);

/** The row of (uid, request); ERR_NOT_FOUND. */
MUST_CHECK enum err
store_read_request(struct store *store, uint64_t uid,
                   const uint8_t request[STORE_REQUEST_BYTES],
                   struct store_request *out);

typedef bool store_lot_visit(void *context, const struct store_lot *row);
MUST_CHECK enum err
store_each_lot(struct store *store, store_lot_visit *visit, void *context);
/** Every entry, by auction and place. */
typedef bool store_entry_visit(void *context, const struct store_entry *row);
MUST_CHECK enum err
store_each_entry(struct store *store, store_entry_visit *visit, void *context);
MUST_CHECK enum err
store_each_text(struct store *store, store_record_visit *visit, void *context);
typedef bool
store_account_visit(void *context, const struct store_account *row);
MUST_CHECK enum err
store_each_account(struct store *store, store_account_visit *visit,
                   void *context);
typedef bool store_cert_visit(void *context, const struct store_cert *row);
MUST_CHECK enum err
store_each_cert(struct store *store, store_cert_visit *visit, void *context);

/**
 * Bring the index of records by auction forward by at most `count` records,
 * not beyond `size`, in transactions of its own that wait for no disk.
 *
 * auction_of   tells the auction of a record's bytes, 0 for none
 * Returns ERR_OK and in *watermark_out the size that the index now covers.
 */
MUST_CHECK enum err
store_index_advance(struct store *store, uint64_t size, size_t count,
                    uint64_t (*auction_of)(const void *bytes, size_t size),
                    uint64_t *watermark_out);

/** Empty the index; store_index_advance then builds it anew. */
MUST_CHECK enum err store_index_drop(struct store *store);

/**
 * Records of one auction with from <= seq < end, by the index and, behind its
 * watermark, by reading on; newest first when `reverse`.
 */
MUST_CHECK enum err
store_each_of_auction(struct store *store, uint64_t auction, uint64_t from,
                      uint64_t end, bool reverse,
                      uint64_t (*auction_of)(const void *bytes, size_t size),
                      store_record_visit *visit, void *context);

/** Let the library write its pages back so that recovery stays short. */
MUST_CHECK enum err store_checkpoint(struct store *store);

/**
 * The newest signed head also lives in a file beside the environment, so that
 * an environment restored from an old copy is noticed. Atomic and synced.
 */
MUST_CHECK enum err
store_write_head_file(struct store *store, const char *checkpoint);

/** Append that file's content; ERR_NOT_FOUND when there is none. */
MUST_CHECK enum err store_read_head_file(struct store *store, struct buf *out);

#endif
