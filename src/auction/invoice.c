/* SPDX-License-Identifier: Apache-2.0 */
#include "auction/invoice.h"

enum { BP_OF_ONE = 10000 };

/** amount * bp / 10000, halves rounded up. */
static bool
share(struct money *out, struct money amount, uint32_t bp)
{
    int64_t scaled;

    CHECK(amount.minor >= 0);
    if (__builtin_mul_overflow(amount.minor, (int64_t)bp, &scaled) ||
        __builtin_add_overflow(scaled, BP_OF_ONE / 2, &scaled))
        return false;
    *out = money_of(scaled / BP_OF_ONE);
    return true;
}

bool
invoice_compute(struct invoice *out, struct money goods, uint32_t premium_bp,
                uint32_t tax_bp)
{
    struct money base;

    out->goods = goods;
    return share(&out->premium, goods, premium_bp) &&
           money_add(&base, goods, out->premium) &&
           share(&out->tax, base, tax_bp) &&
           money_add(&out->total, base, out->tax);
}
