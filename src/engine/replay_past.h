/* SPDX-License-Identifier: Apache-2.0 */
/**
 * replay_past: what a replay remembers of the records behind it: the bids and
 * counts of every auction, and the request ids that have been answered.
 *
 * Owner   struct replay. About 50 bytes a bid and 25 a command.
 * Thread  one at a time.
 * Source  docs/audit.md "replay".
 */
#ifndef ENGINE_REPLAY_PAST_H
#define ENGINE_REPLAY_PAST_H

#include "auction/lot.h"
#include "audit/record.h"

/** Bids and counts of one auction so far. */
struct tally {
    struct past_bid *bids;
    size_t bid_count;
    size_t bid_capacity;
    uint64_t accepted, refused, extensions;
};

/** A request id that was answered for good. */
struct past_request {
    uint64_t uid; /* 0: an empty slot */
    struct bytes16 request;
};

struct replay_past {
    struct tally *tallies; /* by auction - 1 */
    size_t tally_count;
    struct past_request *requests; /* open addressing, a power of two */
    size_t request_count;
    size_t request_capacity;
};

void past_release(struct replay_past *past);

/**
 * Remember what later records depend on. Only records that the world itself
 * has written again may be given: their auction numbers are dense.
 *
 * Returns  ERR_OK or ERR_NOMEM
 */
MUST_CHECK enum err
past_note(struct replay_past *past, const struct record *record);

/** An auction's tally, or NULL while nothing is known. Borrowed. */
const struct tally *
past_tally(const struct replay_past *past, uint64_t auction);

bool past_has_request(const struct replay_past *past, uint64_t uid,
                      const struct bytes16 *request);

/** ERR_OK or ERR_NOMEM. */
MUST_CHECK enum err past_add_request(struct replay_past *past, uint64_t uid,
                                     const struct bytes16 *request);

#endif
