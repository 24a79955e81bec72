/* SPDX-License-Identifier: Apache-2.0 */
/* Uniform price: all bids in one row, filled from the front. */
#include "naive_internal.h"

#include <assert.h>

struct row {
    const struct naive_bid *bids[NAIVE_BIDS_MAX];
    uint64_t filled[NAIVE_BIDS_MAX];
    size_t count;
};

static bool
comes_before(const struct naive_bid *x, const struct naive_bid *y)
{
    if (x->amount != y->amount)
        return x->amount > y->amount;
    return x->seq < y->seq;
}

/** Price descending, then seq ascending. */
static void
make_row(const struct naive_auction *a, struct row *row)
{
    row->count = 0;
    for (size_t i = 0; i < a->bid_count; i++) {
        const struct naive_bid *bid = &a->bids[i];
        size_t at = row->count;

        if (bid->is_gone || (a->terms.sealed && !bid->is_revealed))
            continue;
        for (; at > 0 && comes_before(bid, row->bids[at - 1]); at--)
            row->bids[at] = row->bids[at - 1];
        row->bids[at] = bid;
        row->count++;
    }
    for (size_t i = 0; i < row->count; i++)
        row->filled[i] = 0;
}

/** One unit each to the largest remainders, ties by seq, until `left` is 0. */
static void
share_remainders(struct row *row, const unsigned __int128 *remainders,
                 size_t from, size_t end, uint64_t left)
{
    bool has_one[NAIVE_BIDS_MAX] = {false};

    while (left > 0) {
        size_t largest = end;

        for (size_t i = from; i < end; i++)
            if (!has_one[i] &&
                (largest == end || remainders[i] > remainders[largest]))
                largest = i;
        assert(largest < end);
        has_one[largest] = true;
        row->filled[largest]++;
        left--;
    }
}

static void
share_prorata(struct row *row, size_t from, size_t end, uint64_t rest)
{
    static unsigned __int128 remainders[NAIVE_BIDS_MAX];
    unsigned __int128 sum = 0;
    uint64_t left = rest;

    for (size_t i = from; i < end; i++)
        sum += row->bids[i]->quantity;
    for (size_t i = from; i < end; i++) {
        unsigned __int128 share =
            (unsigned __int128)rest * row->bids[i]->quantity;

        row->filled[i] = (uint64_t)(share / sum);
        remainders[i] = share % sum;
        left -= row->filled[i];
    }
    share_remainders(row, remainders, from, end, left);
}

static void
share_by_time(struct row *row, size_t from, size_t end, uint64_t rest)
{
    for (size_t i = from; i < end; i++) {
        uint64_t want = row->bids[i]->quantity;

        row->filled[i] = want < rest ? want : rest;
        rest -= row->filled[i];
    }
}

/** Fill the row; the price of all units. */
static uint64_t
fill(const struct naive_auction *a, struct row *row)
{
    uint64_t marginal = 0, above = 0;
    unsigned __int128 running = 0;
    size_t from, end;

    for (size_t i = 0; i < row->count && marginal == 0; i++) {
        running += row->bids[i]->quantity;
        if (running >= a->terms.quantity)
            marginal = row->bids[i]->amount;
    }
    if (marginal == 0) { /* less is wanted than there is */
        for (size_t i = 0; i < row->count; i++)
            row->filled[i] = row->bids[i]->quantity;
        return a->terms.floor;
    }
    for (from = 0; row->bids[from]->amount > marginal; from++) {
        row->filled[from] = row->bids[from]->quantity;
        above += row->bids[from]->quantity;
    }
    for (end = from; end < row->count && row->bids[end]->amount == marginal;)
        end++;
    if (a->terms.prorata)
        share_prorata(row, from, end, a->terms.quantity - above);
    else
        share_by_time(row, from, end, a->terms.quantity - above);
    if (!a->terms.hrb)
        return marginal;
    for (size_t i = 0; i < row->count; i++) /* the highest comes first */
        if (row->filled[i] < row->bids[i]->quantity)
            return row->bids[i]->amount;
    return a->terms.floor;
}

void
naive_uniform_close(struct naive_auction *a)
{
    static struct row row;
    uint64_t price;

    make_row(a, &row);
    if (row.count == 0) {
        a->outcome = NAIVE_NO_BIDS;
        return;
    }
    a->outcome = NAIVE_SOLD;
    price = fill(a, &row);
    a->price = price;
    for (size_t i = 0; i < row.count; i++)
        if (row.filled[i] > 0)
            naive_award(a, row.bids[i]->user, price, row.filled[i]);
}
