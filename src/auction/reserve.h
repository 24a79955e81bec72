/* SPDX-License-Identifier: Apache-2.0 */
/**
 * reserve: the commitment to a hidden reserve price.
 *
 * SHA-256("reserve-v1" 0x00 || auction id u64 BE || reserve u64 BE || nonce).
 * It is published with the rules; price and nonce follow with the result, so
 * that anyone can see that the reserve was not chosen afterwards.
 *
 * Source  docs/rules.md "Rule fields".
 */
#ifndef AUCTION_RESERVE_H
#define AUCTION_RESERVE_H

#include "base/money.h"

enum { RESERVE_NONCE_BYTES = 32, RESERVE_COMMITMENT_BYTES = 32 };

void reserve_commit(uint64_t auction, struct money reserve,
                    const uint8_t nonce[RESERVE_NONCE_BYTES],
                    uint8_t commitment_out[RESERVE_COMMITMENT_BYTES]);

#endif
