/* SPDX-License-Identifier: Apache-2.0 */
/* English: the bids that stand, played from the first one. */
#include "naive_internal.h"

static uint64_t
lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void
play_proxy(struct naive_auction *a, const struct naive_bid *bid)
{
    uint64_t m = bid->amount;

    if (a->leader == 0) {
        a->leader = bid->user;
        a->maximum = m;
        a->price = a->terms.start;
    } else if (bid->user == a->leader) {
        a->maximum = m;
    } else if (m > a->maximum) {
        a->price =
            lower(m, a->maximum + naive_increment(&a->terms, a->maximum));
        a->leader = bid->user;
        a->maximum = m;
    } else if (m == a->maximum) {
        a->price = a->maximum;
    } else {
        a->price = lower(a->maximum, m + naive_increment(&a->terms, m));
    }
}

static void
play_plain(struct naive_auction *a, const struct naive_bid *bid)
{
    a->leader = bid->user;
    a->maximum = bid->amount;
    a->price = bid->amount;
}

void
naive_english_play(struct naive_auction *a)
{
    a->leader = a->maximum = a->price = 0;
    for (size_t i = 0; i < a->bid_count; i++) {
        if (a->bids[i].is_gone)
            continue;
        if (a->terms.no_proxy)
            play_plain(a, &a->bids[i]);
        else
            play_proxy(a, &a->bids[i]);
        if (a->terms.reserve > 0 && a->maximum >= a->terms.reserve &&
            a->price < a->terms.reserve)
            a->price = a->terms.reserve;
    }
}

uint64_t
naive_min_next(const struct naive_auction *a)
{
    if (a->leader == 0)
        return a->terms.start;
    return a->price + naive_increment(&a->terms, a->price);
}

bool
naive_buy_now_is_there(const struct naive_auction *a)
{
    if (a->terms.buy_now == 0 || a->state != NAIVE_OPEN || a->buy_now_is_gone)
        return false;
    return a->leader == 0 ||
           (a->terms.reserve > 0 && a->price < a->terms.reserve);
}

void
naive_english_close(struct naive_auction *a)
{
    if (a->leader == 0) {
        a->outcome = NAIVE_NO_BIDS;
    } else if (a->terms.reserve > 0 && a->price < a->terms.reserve) {
        a->outcome = NAIVE_RESERVE_NOT_MET;
    } else {
        a->outcome = NAIVE_SOLD;
        naive_award(a, a->leader, a->price, 1);
    }
}
