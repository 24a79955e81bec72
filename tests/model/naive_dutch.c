/* SPDX-License-Identifier: Apache-2.0 */
/* Dutch: the price is a matter of the time alone. */
#include "naive_internal.h"

static uint64_t
drops(const struct naive_terms *r)
{
    return (r->start - r->floor + r->drop - 1) / r->drop;
}

uint64_t
naive_dutch_price(const struct naive_terms *r, int64_t t)
{
    uint64_t k = (uint64_t)((t - r->open) / r->interval);

    if ((unsigned __int128)k * r->drop >= r->start - r->floor)
        return r->floor;
    return r->start - k * r->drop;
}

int64_t
naive_dutch_close(const struct naive_terms *r)
{
    return r->open + r->interval * (int64_t)(drops(r) + 1);
}
