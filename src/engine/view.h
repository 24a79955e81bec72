/* SPDX-License-Identifier: Apache-2.0 */
/**
 * view: what readers see of auctions and accounts, committed and immutable.
 *
 * After each flush the engine publishes one new view of every auction that
 * changed. A worker takes a reference, reads at leisure and lets go. A client
 * that has its own answer never sees an older state: publishing comes before
 * the answers leave.
 *
 * Thread  publishing by the engine; reading by any. Locks of rank 20, held
 *         for a pointer and a count, never across a flush.
 */
#ifndef ENGINE_VIEW_H
#define ENGINE_VIEW_H

#include "auction/invoice.h"
#include "auction/lot.h"
#include "engine/task.h"

enum { VIEW_AWARDS_MAX = 256 }; /* shown with an auction; all are invoices */

/** An award or forfeit with its account. */
struct award_view {
    struct entry entry;
    char account[STORE_NAME_BYTES];
};

struct auction_view {
    atomic_uint references;
    uint64_t seq; /* of the auction's newest record */
    struct lot lot;
    struct hash terms;
    uint8_t alias_salt[STORE_SALT_BYTES];
    struct shared *text; /* see struct auction; owned reference */
    char seller[STORE_NAME_BYTES];
    char leader[STORE_NAME_BYTES]; /* account of the leader, or "" */
    struct award_view *awards;     /* the first ones; owned */
    size_t award_count;            /* of them; lot.due_count in all */
};

/** Title and description of a view; borrowed from it. */
const char *view_title(const struct auction_view *view);
const char *view_description(const struct auction_view *view);

/**
 * The accounts that may bid, one after another: give NULL, then the last one;
 * NULL at the end.
 */
const char *view_allowed(const struct auction_view *view, const char *last);

/**
 * The pseudonym of a bidder within one auction, such as "bidder-1f09c2".
 * Nobody who lacks the auction's salt can tell whose it is.
 */
enum { VIEW_ALIAS_BYTES = 24 };
char *view_alias(char alias[VIEW_ALIAS_BYTES], const uint8_t *alias_salt,
                 uint64_t uid);

struct auction_view *view_ref(struct auction_view *view);
void view_unref(struct auction_view **view);

struct account_view {
    uint64_t uid;
    struct money limit;
    struct money held;
    bool blocked;
};

/** An invoice or a credit note. */
struct invoice_view {
    uint64_t number;
    uint64_t auction;
    uint64_t seller;       /* uid; the buyer is entry.user */
    uint64_t corrects;     /* the invoice that this takes back; 0: an invoice */
    uint64_t corrected_by; /* number of its credit note; 0: none */
    struct instant ended;  /* the auction's close */
    char currency[RULES_CURRENCY_BYTES];
    struct invoice sums;
    struct entry entry; /* what it is for, and what has become of it */
};

struct views;

MUST_CHECK enum err views_create(struct views **out);
void views_destroy(struct views **views);

/** Put a view in the place of the older one; takes the reference. */
MUST_CHECK enum err
views_publish(struct views *views, struct auction_view *view);

/** The newest view of an auction with a reference, or NULL. */
struct auction_view *views_get(struct views *views, uint64_t auction);

/** Auctions have the ids 1 to this number, without gaps. */
uint64_t views_last(struct views *views);

MUST_CHECK enum err views_publish_account(struct views *views, const char *name,
                                          const struct account_view *account);

/** Numbers come without gaps, and again when something has changed. */
MUST_CHECK enum err
views_publish_invoice(struct views *views, const struct invoice_view *invoice);

/** False when there is no such number. */
MUST_CHECK bool views_get_invoice(struct views *views, uint64_t number,
                                  struct invoice_view *out);

/** The last number. */
uint64_t views_invoice_last(struct views *views);

/** Whether an account of that name exists. */
bool views_get_account(struct views *views, const char *name,
                       struct account_view *out);

/** Name of an account; false when there is none. */
bool views_account_name(struct views *views, uint64_t uid,
                        char name_out[STORE_NAME_BYTES]);

#endif
