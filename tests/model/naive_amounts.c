/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of each format: step 7 of the checks. */
#include "naive_internal.h"

#include <stdlib.h>

static enum naive_verdict
say(struct naive_entry *e, enum naive_verdict verdict, uint64_t detail)
{
    e->detail = detail;
    return verdict;
}

static enum naive_verdict
english_bid(struct naive_entry *e, const struct naive_auction *a)
{
    const struct naive_command *c = &e->command;

    if (a->leader == c->user)
        return !a->terms.no_proxy && c->amount > a->maximum
                   ? NAIVE_ACCEPTED
                   : NAIVE_ERR_NOT_HIGHER;
    if (c->amount < naive_min_next(a))
        return say(e, NAIVE_ERR_TOO_LOW, naive_min_next(a));
    return NAIVE_ACCEPTED;
}

/** A bid or commitment in a uniform-price auction: which, and how many. */
static enum naive_verdict
uniform_slot(const struct naive_entry *e, struct naive_auction *a)
{
    const struct naive_command *c = &e->command;
    int64_t until =
        a->terms.withdraw_until != 0 ? a->terms.withdraw_until : a->close;

    if (c->bid != 0) {
        if (e->t >= until)
            return NAIVE_ERR_TOO_LATE;
        return naive_live_of(a, c->user, c->bid) == NULL ? NAIVE_ERR_STATE
                                                         : NAIVE_ACCEPTED;
    }
    return naive_live_count(a, c->user) >= NAIVE_LIVE_BIDS_MAX ? NAIVE_ERR_STATE
                                                               : NAIVE_ACCEPTED;
}

static enum naive_verdict
uniform_bid(struct naive_entry *e, struct naive_auction *a)
{
    const struct naive_command *c = &e->command;

    if (c->quantity > a->terms.quantity)
        return say(e, NAIVE_ERR_STOCK, a->terms.quantity);
    if (c->amount < a->terms.floor)
        return say(e, NAIVE_ERR_TOO_LOW, a->terms.floor);
    return uniform_slot(e, a);
}

static enum naive_verdict
take(struct naive_entry *e, const struct naive_auction *a)
{
    const struct naive_command *c = &e->command;
    uint64_t price = naive_dutch_price(&a->terms, e->t);

    if (price > c->limit)
        return say(e, NAIVE_ERR_PRICE_ABOVE_LIMIT, price);
    if (c->quantity > a->stock && c->all_or_none)
        return say(e, NAIVE_ERR_STOCK, a->stock);
    return NAIVE_ACCEPTED;
}

static enum naive_verdict
retract(const struct naive_entry *e, const struct naive_auction *a)
{
    const struct naive_bid *latest = NULL;

    for (size_t i = 0; i < a->bid_count; i++)
        if (a->bids[i].user == e->command.user && !a->bids[i].is_gone)
            latest = &a->bids[i];
    if (latest == NULL)
        return NAIVE_ERR_STATE;
    if (a->close - e->t > 12 * 3600000)
        return NAIVE_ACCEPTED;
    return e->t - latest->t <= 3600000 ? NAIVE_ACCEPTED : NAIVE_ERR_TOO_LATE;
}

static enum naive_verdict
withdraw(const struct naive_entry *e, struct naive_auction *a)
{
    const struct naive_command *c = &e->command;
    int64_t until = a->terms.withdraw_until;

    if (a->terms.format == NAIVE_UNIFORM && until != 0 && e->t >= until)
        return NAIVE_ERR_TOO_LATE;
    return naive_live_of(a, c->user, c->bid) == NULL ? NAIVE_ERR_STATE
                                                     : NAIVE_ACCEPTED;
}

static enum naive_verdict
reveal(const struct naive_entry *e, struct naive_auction *a)
{
    const struct naive_command *c = &e->command;
    const struct naive_bid *live = naive_live_of(a, c->user, c->bid);

    if (live == NULL || !naive_opening_fits(a, live, c))
        return NAIVE_ERR_BAD_REVEAL;
    return NAIVE_ACCEPTED;
}

/** Which award of a user a payment or correction means. */
static enum naive_verdict
find_award(const struct naive *n, struct naive_entry *e,
           const struct naive_auction *a)
{
    const struct naive_command *c = &e->command;
    enum naive_verdict verdict = NAIVE_ERR_STATE;
    struct naive_invoice *series;
    size_t count;

    if (c->kind == NAIVE_PAY && c->invoice == 0) {
        for (size_t i = 0; i < a->award_count; i++)
            if (a->awards[i].user == c->whom && naive_is_owed(&a->awards[i]))
                return NAIVE_ACCEPTED;
        return NAIVE_ERR_STATE;
    }
    series = naive_invoices(n, &count);
    for (size_t i = 0; i < count; i++) /* once only */
        if (c->kind == NAIVE_CORRECT && series[i].corrects == c->invoice) {
            free(series);
            return NAIVE_ERR_STATE;
        }
    for (size_t i = 0; i < count; i++) {
        const struct naive_invoice *v = &series[i];

        if (v->number != c->invoice || v->auction != c->auction ||
            v->corrects > 0)
            continue;
        if (c->kind == NAIVE_PAY &&
            (v->user != c->whom || !naive_is_owed(&a->awards[v->award - 1])))
            continue;
        e->award = v->award;
        verdict = NAIVE_ACCEPTED;
    }
    free(series);
    return verdict;
}

enum naive_verdict
naive_amounts(const struct naive *n, struct naive_entry *e,
              struct naive_auction *a)
{
    const struct naive_command *c = &e->command;

    if (c->kind == NAIVE_BID && a->terms.format == NAIVE_ENGLISH)
        return english_bid(e, a);
    if (c->kind == NAIVE_BID)
        return uniform_bid(e, a);
    if (c->kind == NAIVE_BUY)
        return naive_buy_now_is_there(a) ? NAIVE_ACCEPTED : NAIVE_ERR_STATE;
    if (c->kind == NAIVE_TAKE)
        return take(e, a);
    if (c->kind == NAIVE_COMMIT && a->terms.format == NAIVE_UNIFORM)
        return uniform_slot(e, a);
    if (c->kind == NAIVE_REVEAL)
        return reveal(e, a);
    if (c->kind == NAIVE_WITHDRAW)
        return withdraw(e, a);
    if (c->kind == NAIVE_RETRACT)
        return retract(e, a);
    if (c->kind == NAIVE_VOID && naive_live_count(a, c->whom) == 0)
        return NAIVE_ERR_STATE;
    if (c->kind == NAIVE_PAY || c->kind == NAIVE_CORRECT)
        return find_award(n, e, a);
    return NAIVE_ACCEPTED;
}
