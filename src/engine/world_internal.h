/* SPDX-License-Identifier: Apache-2.0 */
/**
 * world_internal: the world's parts, for its own source files only.
 *
 *     world.c    loading, look-up, undo
 *     timers.c   the heap of timers, firing, the outage rule
 *     judge*.c   one function a command, in the order of the checks
 *     books.c    the auctions' books: memory, credit, rows, undo
 *     effects.c  what follows from a change: records, holds, timers
 *     settle.c   records of awards, invoices, payment and default
 */
#ifndef ENGINE_WORLD_INTERNAL_H
#define ENGINE_WORLD_INTERNAL_H

#include "engine/world.h"

/** Pointers to things that live elsewhere, in a growing array. */
struct list {
    void **items;
    size_t count;
    size_t capacity;
};

struct cert_entry {
    struct store_cert row;
    struct cert_entry *next_same_hash;
};

struct world {
    struct world_ports ports;
    struct world_options options;

    struct list auctions; /* struct auction, by id - 1 */
    struct list accounts; /* struct account, by uid - 1 */
    struct list timers;   /* struct auction, a binary heap */

    struct account **account_buckets; /* by name */
    size_t account_bucket_count;
    struct cert_entry **cert_buckets; /* by fingerprint */
    size_t cert_bucket_count;
    size_t cert_count;

    uint64_t invoice_last;

    /* since the last commit */
    struct list touched_auctions;
    struct list touched_accounts;
    struct list new_texts;
    struct store_cert *new_certs;
    size_t new_cert_count;
    size_t new_cert_capacity;
    uint64_t auction_last_before;
    uint64_t uid_last_before;
    uint64_t invoice_last_before;
};

MUST_CHECK enum err list_push(struct list *list, void *item);

/* world.c: call before the first change of a row in a batch */
MUST_CHECK enum err
world_touch_auction(struct world *world, struct auction *auction);
MUST_CHECK enum err
world_touch_account(struct world *world, struct account *account);
MUST_CHECK enum err
world_add_auction(struct world *world, struct auction **out);

/** What an account holds grows or shrinks; uid 0 is nobody. */
MUST_CHECK enum err
world_change_held(struct world *world, uint64_t uid, int64_t delta);

/* timers.c */
/** Put an auction's timer where its lot says, or take it out. */
MUST_CHECK enum err timers_set(struct world *world, struct auction *auction);
void timers_remove(struct world *world, struct auction *auction);
struct auction *timers_first(const struct world *world);

/* effects.c */
/** Who acts in a record. */
struct actor {
    struct account *account; /* NULL for the system */
    enum role role;
    struct hash fp;
};

/** The system itself: timers, outage. */
extern const struct actor actor_system;

/** Write a record of an auction (may be NULL) by an actor. */
MUST_CHECK enum err effect_record(struct world *world, struct record *record,
                                  struct auction *auction,
                                  const struct actor *actor, uint64_t *seq_out);

/**
 * Members that show the standing after a command. One that others cannot see
 * (a leader's raise of its own maximum) has no `revision`: live events and
 * lists of bids are made from records and leave it out by that.
 */
void effect_standing(struct record *record, const struct lot *lot,
                     const struct lot *before);

/**
 * After a lot has changed: holds to credit, the timer, and records for an
 * extension, the close with award and invoice, a payment or a default.
 *
 * before  the lot as it was
 * due     of the timer that fired, NULL for a command
 * cause   of an extension: "soft-close" or "outage"
 * actor   who changed it
 */
MUST_CHECK enum err
effect_follow(struct world *world, struct auction *auction,
              const struct lot *before, const struct instant *due,
              const char *cause, const struct actor *actor);

#endif
