/* SPDX-License-Identifier: Apache-2.0 */
#include "auction/commitment.h"

#include "base/check.h"

#include <openssl/sha.h>
#include <string.h>

enum { TAG_BYTES = 14 }; /* "sealed-bid-v1" and its NUL */

static void
put(uint8_t *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

void
commitment_make(const struct opening *opening,
                uint8_t commitment_out[COMMITMENT_BYTES])
{
    uint8_t input[TAG_BYTES + 8 + 8 + 4 + 8 + COMMITMENT_NONCE_BYTES];

    CHECK(opening->quantity <= UINT32_MAX && opening->amount.minor > 0);
    memcpy(input, "sealed-bid-v1", TAG_BYTES);
    put(input + TAG_BYTES, opening->auction, 8);
    put(input + TAG_BYTES + 8, opening->user, 8);
    put(input + TAG_BYTES + 16, opening->quantity, 4);
    put(input + TAG_BYTES + 20, (uint64_t)opening->amount.minor, 8);
    memcpy(input + TAG_BYTES + 28, opening->nonce, COMMITMENT_NONCE_BYTES);
    CHECK(SHA256(input, sizeof(input), commitment_out) != NULL);
}
