/* SPDX-License-Identifier: Apache-2.0 */
/** naive_internal: what the parts of the naive rules ask each other. */
#ifndef TESTS_NAIVE_INTERNAL_H
#define TESTS_NAIVE_INTERNAL_H

#include "naive.h"

struct naive {
    size_t count;
    int64_t now;
    uint64_t last_seq;
    struct naive_entry list[NAIVE_ENTRIES_MAX];
};

/* english */
void naive_english_play(struct naive_auction *auction);
void naive_english_close(struct naive_auction *auction);

/* sealed */
struct naive_bid *
naive_live_of(struct naive_auction *auction, uint64_t user, uint64_t bid);
size_t naive_live_count(const struct naive_auction *auction, uint64_t user);
bool naive_opening_fits(const struct naive_auction *auction,
                        const struct naive_bid *commitment,
                        const struct naive_command *reveal);
void naive_sealed_close(struct naive_auction *auction);
void naive_forfeits(struct naive_auction *auction);

/* uniform */
void naive_uniform_close(struct naive_auction *auction);

/* state */
bool naive_kind_exists(enum naive_kind kind, const struct naive_terms *terms);
bool naive_is_admins(enum naive_kind kind);
bool naive_may(const struct naive *naive, const struct naive_command *command,
               const struct naive_auction *auction);
enum naive_verdict
naive_time_and_state(const struct naive_command *command,
                     const struct naive_auction *auction, int64_t t);

/* amounts */
bool
naive_has_shape(const struct naive *naive, const struct naive_command *command);
enum naive_verdict
naive_amounts(const struct naive *naive, struct naive_entry *entry,
              struct naive_auction *auction);

/* life */
bool naive_is_due(const struct naive_award *award);
void naive_award(struct naive_auction *auction, uint64_t user, uint64_t price,
                 uint64_t quantity);

#endif
