/* SPDX-License-Identifier: Apache-2.0 */
/**
 * commitment: the hash that stands for a sealed bid until it is revealed.
 *
 * SHA-256("sealed-bid-v1" 0x00 || auction id u64 BE || user id u64 BE ||
 * quantity u32 BE || amount u64 BE || nonce). The user is inside, so that
 * nobody can use another's commitment; the nonce keeps the amount from being
 * guessed.
 *
 * Source  docs/rules.md "Sealed bids".
 */
#ifndef AUCTION_COMMITMENT_H
#define AUCTION_COMMITMENT_H

#include "base/money.h"

enum { COMMITMENT_NONCE_BYTES = 32, COMMITMENT_BYTES = 32 };

/** What a commitment is opened with. */
struct opening {
    uint64_t auction;
    uint64_t user;
    uint64_t quantity;   /* of units, at most 2^32 - 1; 1 for one lot */
    struct money amount; /* of one unit */
    const uint8_t *nonce;
};

void commitment_make(const struct opening *opening,
                     uint8_t commitment_out[COMMITMENT_BYTES]);

#endif
