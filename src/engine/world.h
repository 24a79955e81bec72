/* SPDX-License-Identifier: Apache-2.0 */
/**
 * world: all auctions and accounts, and what one command does to them.
 *
 * Deterministic: the same submissions with the same times give the same
 * records. It knows no clock, store, thread or tree; the engine drives it
 * live, a replay drives it from the log, and both see the same rulings. Each
 * change is written to a record sink as it happens, in order.
 *
 * Undo    Between world_commit calls every first change keeps a copy, so that
 *         world_rewind brings back the state of the last commit.
 * Thread  one at a time (the engine's).
 * Source  docs/rules.md; docs/audit.md "records".
 */
#ifndef ENGINE_WORLD_H
#define ENGINE_WORLD_H

#include "auction/lot.h"
#include "audit/record.h"
#include "engine/submission.h"
#include "engine/task.h"
#include "store/store.h"

/** The rules it follows, as the first record of a log names them. */
#define WORLD_RULES "auction-rules/v1"

struct world;

struct account {
    struct store_account row;
    struct money held; /* exposure; derived from the lots */
    struct account *next_same_hash;
    struct store_account before; /* as of the last commit */
    struct money held_before;
    bool is_touched;
};

struct auction {
    struct store_lot row;
    struct shared *text; /* title NUL description { NUL allowed account } */
    struct book *book;   /* NULL while it has no entry; see books.h */
    uint32_t mark;       /* its changes before the present command */
    struct account *seller;
    struct instant due; /* of the timer, while timer_at is not 0 */
    size_t timer_at;    /* place in the heap of timers, from 1 */
    struct store_lot before;
    bool is_touched;
};

/** How the world reaches what it does not hold. */
struct world_ports {
    void *context;
    /**
     * Take one record. `seq`, `t`, `tx`, `salt` are the receiver's to set;
     * returns the number it was given.
     */
    enum err (*record)(void *context, struct record *record, uint64_t *seq_out);
    /** The number that the next record will have. */
    uint64_t (*next_seq)(void *context);
    /** Keep a blob; borrowed. */
    enum err (*blob)(void *context, const struct hash *hash, const void *bytes,
                     size_t size);
    /** The answer kept for (uid, request); ERR_NOT_FOUND. */
    enum err (*find_request)(void *context, uint64_t uid,
                             const struct bytes16 *request,
                             struct store_request *out);
    /** Whether `root` is the root of the log's first `size` records. */
    enum err (*check_head)(void *context, const struct record_seen *seen,
                           bool *is_ours_out);
    /**
     * The accepted bids of an auction in order, for a retraction: called
     * only as the first command of a batch. Freed by the world with free().
     */
    enum err (*history)(void *context, uint64_t auction,
                        struct past_bid **bids_out, size_t *count_out);
};

struct world_options {
    bool signatures_required; /* of every command */
};

MUST_CHECK enum err
world_create(struct world **out, const struct world_ports *ports,
             const struct world_options *options);
void world_destroy(struct world **world);

/* ---- loading, before the first command ---- */

MUST_CHECK enum err
world_load_account(struct world *world, const struct store_account *row);
MUST_CHECK enum err
world_load_cert(struct world *world, const struct store_cert *row);
MUST_CHECK enum err
world_load_lot(struct world *world, const struct store_lot *row);
MUST_CHECK enum err
world_load_entry(struct world *world, const struct store_entry *row);
/** Call after the last row: whether they agree with each other. */
MUST_CHECK enum err world_check_books(struct world *world);
/** Title NUL description of an auction that is loaded. */
MUST_CHECK enum err world_load_text(struct world *world, uint64_t auction,
                                    const void *bytes, size_t size);
void world_load_counters(struct world *world, uint64_t invoice_last);

/* ---- reading ---- */

struct auction *world_auction(struct world *world, uint64_t id);
struct account *world_account(struct world *world, uint64_t uid);
struct account *world_account_named(struct world *world, const char *name);
bool world_knows_cert(struct world *world, const struct hash *fp);
uint64_t world_auction_last(const struct world *world);
uint64_t world_uid_last(const struct world *world);
uint64_t world_invoice_last(const struct world *world);

/* ---- changing ---- */

/** What a certificate says beyond the party, for its record. */
struct cert_facts {
    const void *der; /* borrowed */
    size_t der_size;
    const char *serial; /* hex */
    struct instant not_after;
};

/**
 * Make the account of a party known, and its certificate, with their records
 * when they are new.
 */
MUST_CHECK enum err world_enroll(struct world *world, const struct party *party,
                                 const struct cert_facts *facts);

/** The outcome of a submission. */
struct ruling {
    bool is_replay; /* answered before: see `kept` */
    struct store_request kept;
    enum verdict verdict;
    uint64_t seq;       /* of the command's record */
    bool keeps_answer;  /* (uid, request) is to be stored with it */
    uint64_t uid;       /* of the party */
    struct hash digest; /* of the fields */
};

/**
 * Whether judging it needs world_ports.history, and so a batch of its own.
 */
bool world_needs_history(const struct submission *submission);

/** Judge a submission at time t; its party is enrolled. */
MUST_CHECK enum err
world_judge(struct world *world, struct submission *submission,
            struct instant t, struct ruling *ruling_out);

/** When the next timer is due; false when there is none. */
MUST_CHECK bool
world_next_due(const struct world *world, struct instant *due_out);

/** Fire the earliest timer, by (due, auction id). */
MUST_CHECK enum err world_fire(struct world *world);

/**
 * The outage rule after a start at `restart` when the last record was of
 * `last_alive`; at most `count_max` auctions are extended a call.
 *
 * Returns  ERR_OK with *more_out telling whether to call again
 */
MUST_CHECK enum err
world_outage(struct world *world, struct instant last_alive,
             struct instant restart, size_t count_max, bool *more_out);

/* ---- batches ---- */

/** What changed since the last commit; borrowed until the next change. */
struct world_changes {
    struct auction *const *auctions;
    size_t auction_count;
    struct account *const *accounts;
    size_t account_count;
    struct auction *const *new_texts; /* auctions whose text is new */
    size_t new_text_count;
    const struct store_cert *certs;
    size_t cert_count;
};

struct world_changes world_changes(const struct world *world);
void world_commit(struct world *world);
void world_rewind(struct world *world);

#endif
