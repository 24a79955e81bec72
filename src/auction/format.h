/* SPDX-License-Identifier: Apache-2.0 */
/**
 * format: what differs between the kinds of auction.
 *
 * The life of a lot, its holds, awards and the checks that come first are the
 * same for all and stand in lot.c. A format is one source file with these
 * functions, one line in FORMAT_LIST (rules.h) and one in format.c.
 *
 * Thread  any; constant data.
 */
#ifndef AUCTION_FORMAT_H
#define AUCTION_FORMAT_H

#include "auction/lot.h"

struct format {
    /**
     * Judge the amount and, if it is good, take it. The lot is open, the
     * bidder may bid. Credit is the last check.
     */
    enum verdict (*bid)(struct lot *lot, const struct bidder *bidder,
                        struct money max, struct instant t);
    /** The lowest acceptable bid of one who does not lead. */
    struct money (*min_next)(const struct lot *lot);
    /** State from the bids that are not withdrawn, from nothing. */
    void (*replay)(struct lot *lot, const struct past_bid *bids, size_t count);
    /** Outcome and award at the close. */
    void (*close)(struct lot *lot);
    /** What an open lot holds of credit. */
    void (*hold)(const struct lot *lot, struct hold *out);
};

extern const struct format format_english;

/** The functions of a format. */
const struct format *format_of(enum format_id format);

/**
 * Whether `bidder` can carry `amount` in this lot, in the place of what the
 * lot holds of it now.
 */
MUST_CHECK bool
format_has_credit(const struct lot *lot, const struct bidder *bidder,
                  struct money amount);

#endif
