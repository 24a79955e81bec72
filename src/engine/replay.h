/* SPDX-License-Identifier: Apache-2.0 */
/**
 * replay: the log decided again, by the same rules.
 *
 * Records are fed in order. From each transaction the input is rebuilt (a
 * command, a timer, a start), a world of its own decides, and what it writes
 * must equal what the log holds, to the byte. So whoever has the log can
 * prove that every price, winner and refusal follows from the rules.
 *
 * Signatures are checked apart; what a refusal for form or signature was
 * about is not in the log, so those are taken as they stand.
 *
 * Thread  one at a time.
 * Source  docs/audit.md "replay".
 */
#ifndef ENGINE_REPLAY_H
#define ENGINE_REPLAY_H

#include "audit/record.h"
#include "engine/world.h"

struct replay;

/** Append the bytes of a blob; ERR_NOT_FOUND. */
typedef enum err
replay_blob(void *context, const struct hash *hash, struct buf *out);

/** ERR_OK or ERR_NOMEM. */
MUST_CHECK enum err
replay_create(struct replay **out, replay_blob *blob, void *context);
void replay_destroy(struct replay **replay);

/**
 * Feed the next record.
 *
 * Returns  ERR_OK; ERR_DAMAGED with a sentence when the log does not follow
 *          from itself; ERR_NOMEM
 */
MUST_CHECK enum err
replay_feed(struct replay *replay, const void *bytes, size_t size);

/** After the last record. */
MUST_CHECK enum err replay_finish(struct replay *replay);

/** Number of the record at which the last failure was found. */
uint64_t replay_failed_at(const struct replay *replay);

/**
 * Do not look at request ids, which otherwise are remembered for ever: the
 * caller does. Called before the first record.
 */
void replay_leave_requests(struct replay *replay);

/** The world as of the last record, to compare with. Borrowed. */
struct world *replay_world(struct replay *replay);

/** What became of one auction. */
struct replay_summary {
    uint64_t auction;
    uint64_t accepted, refused, extensions;
    struct lot lot;
    struct money price; /* of the first award; 0: none */
    char currency[4];
    char winner[STORE_NAME_BYTES]; /* of the first award */
};

uint64_t replay_auctions(const struct replay *replay);
/** How many of them have ended. */
uint64_t replay_results(const struct replay *replay);
MUST_CHECK bool replay_summary(struct replay *replay, uint64_t auction,
                               struct replay_summary *out);

#endif
