/* SPDX-License-Identifier: Apache-2.0 */
/**
 * format: what differs between the kinds of auction.
 *
 * The life of a lot, its holds, awards, payment and the checks that come
 * first are the same for all and stand in lot*.c. A format is one source file
 * with these functions and one line in FORMAT_LIST (rules.h).
 *
 * Thread  any; constant data.
 */
#ifndef AUCTION_FORMAT_H
#define AUCTION_FORMAT_H

#include "auction/lot.h"

struct format {
    unsigned fields; /* bits of enum rule_field: those it has */
    unsigned needed; /* and those that a draft must name */
    /** What of the rules only this format can check. */
    bool (*check)(const struct rules *rules, struct rules_flaw *flaw);
    /** Fill in an end that follows from other fields; may be NULL. */
    void (*resolve)(struct rules *rules);

    /** The orders that exist under these rules, bits of 1 << order_kind. */
    unsigned (*orders)(const struct rules *rules);
    /**
     * Judge an order and, if it is good, take it: the amounts first, credit
     * last. It exists, the lot takes it now, the bidder may ask.
     */
    enum verdict (*order)(struct lot *lot, struct book *book,
                          const struct bidder *bidder,
                          const struct order *order, struct instant t);
    /** The lowest price that is taken at `t`. */
    struct money (*min_next)(const struct lot *lot, struct instant t);
    /** State from bids that are not withdrawn, from nothing; or NULL. */
    void (*replay)(struct lot *lot, const struct past_bid *bids, size_t count);
    /** Outcome and awards at the end; see lot_award. */
    void (*close)(struct lot *lot, struct book *book);
};

#define FORMAT_EXTERN(id, name) extern const struct format format_##name;
FORMAT_LIST(FORMAT_EXTERN)
#undef FORMAT_EXTERN

/** The functions of a format. */
const struct format *format_of(enum format_id format);

/* ---- what formats share; format.c ---- */

/**
 * Whether a bidder can carry `added` when `released` of what it holds is let
 * go.
 */
MUST_CHECK bool bidder_can_hold(const struct bidder *bidder,
                                struct money released, struct money added);

/** The lot is closed at t; outcome and awards are set. */
void format_end(struct lot *lot, struct instant t);

/** Up to LOT_STEP more of what is overdue is defaulted. */
void lot_default_step(struct lot *lot, struct book *book);

/** Award `quantity` units at a unit price; the lot counts it. */
void format_award(struct lot *lot, struct book *book, uint64_t user,
                  uint64_t id, struct money price, uint64_t quantity);

/** The live bid of a user with this id, with 0 the oldest; or BOOK_NONE. */
uint32_t format_live_bid(const struct book *book, uint64_t user, uint64_t id);

/** Where a bid goes in the book. */
struct place {
    uint32_t at;   /* BOOK_NONE: a new place */
    bool replaces; /* the live bid that is there */
};

/**
 * Find the place of a bid: that of the live bid `replaced`, or of the user's
 * only one where `live_max` is 1; else a free one.
 *
 * Returns  ACCEPTED; TOO_LATE when replacing has ended; STATE when there is
 *          none to replace, or the user has live_max, or the book is full
 */
MUST_CHECK enum verdict
format_find_place(const struct lot *lot, const struct book *book,
                  const struct bidder *bidder, uint64_t replaced,
                  unsigned live_max, struct instant t, struct place *out);

/** Put a bid there; CREDIT when it cannot be carried. */
MUST_CHECK enum verdict
format_place(struct lot *lot, struct book *book, const struct bidder *bidder,
             const struct place *place, const struct entry *bid);

/** Take back the live bid of that id; with id 0 the oldest one. */
MUST_CHECK enum verdict
format_withdraw(struct lot *lot, struct book *book, const struct bidder *bidder,
                uint64_t id, struct instant t);

/** commit, reveal and withdraw of sealed bids; commitments.c */
MUST_CHECK enum verdict
format_sealed_order(struct lot *lot, struct book *book,
                    const struct bidder *bidder, const struct order *order,
                    unsigned live_max, struct instant t);

/** The bonds of what was not revealed fall due, where there are any. */
void format_forfeit(struct lot *lot, struct book *book);

#endif
