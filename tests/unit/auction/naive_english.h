/* SPDX-License-Identifier: Apache-2.0 */
/**
 * naive_english: docs/rules.md once more, slowly and from the whole list of
 * bids each time, to compare the lot with. Shares no code with src/auction
 * but the plain types.
 */
#ifndef TESTS_NAIVE_ENGLISH_H
#define TESTS_NAIVE_ENGLISH_H

#include "auction/lot.h"

struct naive_state {
    uint64_t leader;
    int64_t maximum;
    int64_t price;
};

/** The step of the last row whose `from` is not above x. */
int64_t naive_step(const struct rules *rules, int64_t x);

/** Where the bids that are not withdrawn lead. */
struct naive_state naive_fold(const struct rules *rules,
                              const struct past_bid *bids, size_t count);

/** The answer to a bid in time by a bidder of unlimited credit. */
enum verdict
naive_judge(const struct rules *rules, const struct naive_state *state,
            uint64_t uid, int64_t max);

#endif
