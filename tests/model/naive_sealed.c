/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed formats: commitments that live, openings, the highest two. */
#include "naive_internal.h"

#include <string.h>

/** A user's live bid: the one with that id, or, with 0, any. */
struct naive_bid *
naive_live_of(struct naive_auction *a, uint64_t user, uint64_t bid)
{
    for (size_t i = 0; i < a->bid_count; i++)
        if (!a->bids[i].is_gone && a->bids[i].user == user &&
            (bid == 0 || a->bids[i].seq == bid))
            return &a->bids[i];
    return NULL;
}

size_t
naive_live_count(const struct naive_auction *a, uint64_t user)
{
    size_t count = 0;

    for (size_t i = 0; i < a->bid_count; i++)
        if (!a->bids[i].is_gone && (user == 0 || a->bids[i].user == user))
            count++;
    return count;
}

bool
naive_opening_fits(const struct naive_auction *a,
                   const struct naive_bid *commitment,
                   const struct naive_command *reveal)
{
    bool is_uniform = a->terms.format == NAIVE_UNIFORM;
    uint64_t quantity = is_uniform ? reveal->quantity : 1;
    uint64_t lowest = is_uniform ? a->terms.floor : a->terms.start;
    uint8_t c[32];

    if (quantity > UINT32_MAX)
        return false;
    naive_commitment(c, a->id, reveal->user, (uint32_t)quantity, reveal->amount,
                     reveal->nonce);
    if (memcmp(c, commitment->c, sizeof(c)) != 0)
        return false;
    if (quantity < 1 || quantity > a->terms.quantity)
        return false;
    return reveal->amount >= lowest &&
           (unsigned __int128)reveal->amount * quantity <= commitment->cap;
}

/** Whether x comes before y: the larger amount, then the earlier seq. */
static bool
is_better(const struct naive_bid *x, const struct naive_bid *y)
{
    if (x->amount != y->amount)
        return x->amount > y->amount;
    return x->seq < y->seq;
}

static const struct naive_bid *
best(const struct naive_auction *a, const struct naive_bid *but)
{
    const struct naive_bid *found = NULL;

    for (size_t i = 0; i < a->bid_count; i++) {
        const struct naive_bid *bid = &a->bids[i];

        if (bid->is_gone || !bid->is_revealed || bid == but)
            continue;
        if (found == NULL || is_better(bid, found))
            found = bid;
    }
    return found;
}

static uint64_t
higher(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void
naive_sealed_close(struct naive_auction *a)
{
    const struct naive_bid *first = best(a, NULL);
    uint64_t least = higher(a->terms.start, a->terms.reserve);

    if (first == NULL) {
        a->outcome = NAIVE_NO_BIDS;
    } else if (first->amount < least) {
        a->outcome = NAIVE_RESERVE_NOT_MET;
    } else {
        const struct naive_bid *second = best(a, first);
        uint64_t price = first->amount;

        if (a->terms.format == NAIVE_VICKREY)
            price = higher(least, second == NULL ? 0 : second->amount);
        a->outcome = NAIVE_SOLD;
        naive_award(a, first->user, price, 1);
    }
}

/** What a commitment costs that was not opened. */
void
naive_forfeits(struct naive_auction *a)
{
    if (a->terms.bond == 0)
        return;
    for (size_t i = 0; i < a->bid_count; i++) {
        if (a->bids[i].is_gone || a->bids[i].is_revealed)
            continue;
        naive_award(a, a->bids[i].user, a->terms.bond, 1);
        a->awards[a->award_count - 1].is_forfeit = true;
    }
}
