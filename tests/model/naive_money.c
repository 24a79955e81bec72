/* SPDX-License-Identifier: Apache-2.0 */
/* What users owe and may owe: exposure, limits, strikes, invoices. */
#include "naive_internal.h"

#include <assert.h>
#include <stdlib.h>

static uint64_t
higher(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/** What one auction holds of a user's credit. */
static uint64_t
hold_of(const struct naive_auction *a, uint64_t user)
{
    bool is_running = a->state == NAIVE_OPEN || a->state == NAIVE_IN_REVEAL;
    uint64_t sum = 0;

    if (is_running && a->terms.format == NAIVE_ENGLISH && a->leader == user)
        sum += a->maximum;
    for (size_t i = 0; is_running && i < a->bid_count; i++) {
        const struct naive_bid *bid = &a->bids[i];

        if (bid->user != user || bid->is_gone)
            continue;
        if (naive_is_sealed(&a->terms))
            sum += higher(bid->cap, a->terms.bond);
        else if (a->terms.format == NAIVE_UNIFORM)
            sum += bid->quantity * bid->amount;
    }
    /* A default ends the claim: the strike is what remains of it. */
    for (size_t i = 0; i < a->award_count; i++)
        if (a->awards[i].user == user && naive_is_due(&a->awards[i]))
            sum += a->awards[i].price * a->awards[i].quantity;
    return sum;
}

uint64_t
naive_exposure(const struct naive *n, uint64_t user)
{
    static struct naive_auction a;
    uint64_t sum = 0;

    for (uint64_t id = 1; naive_look(n, id, &a); id++)
        sum += hold_of(&a, user);
    return sum;
}

uint64_t
naive_limit(const struct naive *n, uint64_t user)
{
    uint64_t limit = NAIVE_NO_LIMIT;

    for (size_t i = 0; i < n->count; i++)
        if (n->list[i].verdict == NAIVE_ACCEPTED &&
            n->list[i].command.kind == NAIVE_CREDIT &&
            n->list[i].command.whom == user)
            limit = n->list[i].command.limit;
    return limit;
}

bool
naive_is_blocked(const struct naive *n, uint64_t user)
{
    bool is_blocked = false;

    for (size_t i = 0; i < n->count; i++) {
        const struct naive_entry *e = &n->list[i];

        if (e->verdict != NAIVE_ACCEPTED || e->command.whom != user)
            continue;
        if (e->command.kind == NAIVE_SUSPEND)
            is_blocked = true;
        if (e->command.kind == NAIVE_RESTORE)
            is_blocked = false;
    }
    return is_blocked;
}

unsigned
naive_strikes(const struct naive *n, uint64_t user)
{
    static struct naive_auction a;
    unsigned strikes = 0;

    for (uint64_t id = 1; naive_look(n, id, &a); id++)
        for (size_t i = 0; i < a.award_count; i++)
            if (a.awards[i].user == user && a.awards[i].is_defaulted)
                strikes++;
    return strikes;
}

/* ------------------------------------------------------------- invoices */

void
naive_invoice_sum(struct naive_invoice *v, uint64_t price, uint64_t quantity,
                  const struct naive_terms *terms)
{
    v->goods = price * quantity;
    v->premium =
        (uint64_t)(((unsigned __int128)v->goods * terms->premium_bp + 5000) /
                   10000);
    v->tax =
        (uint64_t)(((unsigned __int128)(v->goods + v->premium) * terms->tax_bp +
                    5000) /
                   10000);
    v->total = v->goods + v->premium + v->tax;
}

/** What gives an invoice its place: timers come before commands. */
struct place {
    int64_t t;
    uint64_t seq; /* of the command; 0: a timer */
    uint64_t auction;
};

struct placed {
    struct naive_invoice invoice;
    struct place place;
};

static int
compare(const void *x, const void *y)
{
    const struct placed *a = x, *b = y;

    if (a->place.t != b->place.t)
        return a->place.t < b->place.t ? -1 : 1;
    if (a->place.seq != b->place.seq)
        return a->place.seq < b->place.seq ? -1 : 1;
    if (a->invoice.auction != b->invoice.auction)
        return a->invoice.auction < b->invoice.auction ? -1 : 1;
    return a->invoice.award < b->invoice.award
               ? -1
               : a->invoice.award > b->invoice.award;
}

/** The command that ended an auction, or 0 when a timer did. */
static uint64_t
ender(const struct naive *n, const struct naive_auction *a)
{
    uint64_t seq = 0;

    if (a->ended >= a->close)
        return 0;
    for (size_t i = 0; i < n->count; i++) {
        const struct naive_entry *e = &n->list[i];

        if (e->verdict == NAIVE_ACCEPTED && e->command.auction == a->id &&
            (e->command.kind == NAIVE_BUY || e->command.kind == NAIVE_TAKE))
            seq = e->seq;
    }
    return seq;
}

struct naive_invoice *
naive_invoices(const struct naive *n, size_t *count_out)
{
    static struct naive_auction a;
    static struct placed row[NAIVE_ENTRIES_MAX];
    struct naive_invoice *series;
    size_t count = 0;

    for (uint64_t id = 1; naive_look(n, id, &a); id++) {
        bool is_over = a.state == NAIVE_CLOSED || a.state == NAIVE_SETTLED ||
                       a.state == NAIVE_DEFAULTED;

        for (size_t i = 0; is_over && i < a.award_count; i++) {
            struct placed *p = &row[count++];

            assert(count < NAIVE_ENTRIES_MAX);
            *p = (struct placed){.invoice = {.auction = id,
                                             .user = a.awards[i].user,
                                             .award = i + 1},
                                 .place = {a.ended, ender(n, &a), id}};
            naive_invoice_sum(&p->invoice, a.awards[i].price,
                              a.awards[i].quantity, &a.terms);
        }
    }
    for (size_t i = 0; i < n->count; i++) {
        const struct naive_entry *e = &n->list[i];

        if (e->verdict != NAIVE_ACCEPTED || e->command.kind != NAIVE_CORRECT)
            continue;
        row[count++] =
            (struct placed){.invoice = {.auction = e->command.auction,
                                        .award = e->award,
                                        .corrects = e->command.invoice},
                            .place = {e->t, e->seq, e->command.auction}};
    }
    qsort(row, count, sizeof(row[0]), compare);
    series = calloc(count + 1, sizeof(*series));
    assert(series != NULL);
    for (size_t i = 0; i < count; i++) {
        series[i] = row[i].invoice;
        series[i].number = i + 1;
        if (series[i].corrects > 0) {
            const struct naive_invoice *old = &series[series[i].corrects - 1];

            series[i].user = old->user;
            series[i].goods = old->goods;
            series[i].premium = old->premium;
            series[i].tax = old->tax;
            series[i].total = old->total;
        }
    }
    *count_out = count;
    return series;
}
