/* SPDX-License-Identifier: Apache-2.0 */
#include "auction/invoice.h"

enum { BP_OF_ONE = 10000 };

/** amount * bp / 10000, halves rounded up. */
static bool
share(struct money *out, struct money amount, uint32_t bp)
{
    __extension__ __int128 scaled = amount.minor;

    CHECK(amount.minor >= 0);
    scaled = (scaled * bp + BP_OF_ONE / 2) / BP_OF_ONE;
    if (scaled > INT64_MAX)
        return false;
    *out = money_of((int64_t)scaled);
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
