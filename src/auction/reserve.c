/* SPDX-License-Identifier: Apache-2.0 */
#include "auction/reserve.h"

#include <openssl/sha.h>
#include <string.h>

enum { TAG_BYTES = 11 }; /* "reserve-v1" and its NUL */

static void
put_u64(uint8_t *out, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (56 - 8 * i));
}

void
reserve_commit(uint64_t auction, struct money reserve,
               const uint8_t nonce[RESERVE_NONCE_BYTES],
               uint8_t commitment_out[RESERVE_COMMITMENT_BYTES])
{
    uint8_t input[TAG_BYTES + 8 + 8 + RESERVE_NONCE_BYTES];

    CHECK(reserve.minor > 0);
    memcpy(input, "reserve-v1", TAG_BYTES);
    put_u64(input + TAG_BYTES, auction);
    put_u64(input + TAG_BYTES + 8, (uint64_t)reserve.minor);
    memcpy(input + TAG_BYTES + 16, nonce, RESERVE_NONCE_BYTES);
    CHECK(SHA256(input, sizeof(input), commitment_out) != NULL);
}
