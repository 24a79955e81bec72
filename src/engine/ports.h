/* SPDX-License-Identifier: Apache-2.0 */
/**
 * ports: how the engine reaches the world, three small tables of functions.
 *
 * The engine makes no system call for time, randomness or storage itself, so
 * the whole of it runs on a scripted clock, with a store that fails where it
 * is told to. Each function gets the table's `context` first.
 */
#ifndef ENGINE_PORTS_H
#define ENGINE_PORTS_H

#include "base/instant.h"
#include "store/store.h"

/** The clock that stamps. */
struct clock_port {
    void *context;
    /** UTC now. It may step; the engine never lets a stamp fall. */
    struct instant (*now)(void *context);
    /** How far the wall clock is ahead, in ms; NULL: it is never. */
    int64_t (*gap)(void *context);
};

/** Where nonces and salts come from. */
struct random_port {
    void *context;
    /** Fill with unpredictable bytes; false when the source has failed. */
    bool (*fill)(void *context, void *bytes, size_t size);
};

/** What the engine needs of a store; the meanings are those of store.h. */
struct store_port {
    void *context;
    enum err (*commit)(void *context, const struct store_batch *batch);
    enum err (*read_head)(void *context, struct store_head *out);
    enum err (*read_record)(void *context, uint64_t seq, struct buf *out);
    enum err (*each_record)(void *context, uint64_t from, uint64_t end,
                            store_record_visit *visit, void *visitor);
    enum err (*each_of_auction)(void *context, uint64_t auction, uint64_t from,
                                uint64_t end, bool reverse,
                                store_record_visit *visit, void *visitor);
    enum err (*read_tile)(void *context, unsigned level, uint64_t index,
                          uint8_t hashes_out[STORE_TILE_BYTES]);
    enum err (*read_checkpoint)(void *context, uint64_t size, struct buf *out);
    enum err (*each_checkpoint)(void *context, uint64_t from,
                                store_record_visit *visit, void *visitor);
    enum err (*read_blob)(void *context, const uint8_t hash[STORE_HASH_BYTES],
                          struct buf *out);
    enum err (*read_request)(void *context, uint64_t uid,
                             const uint8_t request[STORE_REQUEST_BYTES],
                             struct store_request *out);
    enum err (*each_lot)(void *context, store_lot_visit *visit, void *visitor);
    enum err (*each_entry)(void *context, store_entry_visit *visit,
                           void *visitor);
    enum err (*each_text)(void *context, store_record_visit *visit,
                          void *visitor);
    enum err (*each_account)(void *context, store_account_visit *visit,
                             void *visitor);
    enum err (*each_cert)(void *context, store_cert_visit *visit,
                          void *visitor);
    /** Work behind the path of a bid; called by the keeper's thread. */
    enum err (*index_advance)(void *context, uint64_t size, size_t count,
                              uint64_t *watermark_out);
    enum err (*checkpoint)(void *context);
    enum err (*write_head_file)(void *context, const char *checkpoint);
    enum err (*read_head_file)(void *context, struct buf *out);
};

/**
 * The system's clock: monotonic, anchored to UTC at the first call. It follows
 * small differences quickly, and a step of the wall clock so slowly that no
 * closing time within half an hour moves by a second.
 */
struct clock_port clock_system(void);

/** OpenSSL's random generator. */
struct random_port random_system(void);

/** A Berkeley DB store, borrowed. */
struct store_port store_port_of(struct store *store);

#endif
