/* SPDX-License-Identifier: Apache-2.0 */
/**
 * lots: what must be known of auctions to show their records: currency and
 * format, from the drafts that the log refers to.
 *
 * Owner   the caller. 16 bytes an auction.
 * Thread  one at a time.
 */
#ifndef TOOLS_LOTS_H
#define TOOLS_LOTS_H

#include "source.h"

#include "audit/record.h"

struct lot_note {
    char currency[4]; /* "" while it is not known */
    char format[12];
};

struct lots {
    struct lot_note *list; /* by number of the auction */
    size_t count;
};

void lots_release(struct lots *lots);

/** Learn from a record that brings a draft; others are ignored. ERR_NOMEM. */
MUST_CHECK enum err lots_learn(struct lots *lots, struct source *source,
                               const struct record *record);

/** Currency of the record's auction, "" when it is not known. */
const char *lots_currency(const struct lots *lots, const struct record *record);

/** What is known of an auction; NULL for nothing. Borrowed. */
const struct lot_note *lots_get(const struct lots *lots, uint64_t auction);

#endif
