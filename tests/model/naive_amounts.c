/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of each format: step 7 of the checks. */
#include "naive_internal.h"

#include <stdlib.h>

/* ---------------------------------------------------- 1. form, once more */

static bool
is_total(uint64_t price, uint64_t quantity)
{
    return (unsigned __int128)price * quantity <= NAIVE_AMOUNT_MAX;
}

/**
 * Fields that only some formats have must be there in those, and not in the
 * others. A kind that the format does not have at all is a matter of step 6.
 */
bool
naive_has_shape(const struct naive *n, const struct naive_command *c)
{
    static struct naive_auction a;
    bool is_uniform;

    if (c->kind == NAIVE_CREATE || naive_is_admins(c->kind) ||
        !naive_look(n, c->auction, &a) || !naive_kind_exists(c->kind, &a.terms))
        return true;
    is_uniform = a.terms.format == NAIVE_UNIFORM;
    if (c->kind == NAIVE_BID && is_uniform)
        return c->quantity > 0 && is_total(c->amount, c->quantity);
    if (c->kind == NAIVE_BID)
        return c->quantity == 0 && c->bid == 0;
    if (c->kind == NAIVE_COMMIT)
        return is_uniform || c->bid == 0;
    if (c->kind == NAIVE_REVEAL)
        return is_uniform == (c->quantity > 0) && (is_uniform || c->bid == 0);
    if (c->kind == NAIVE_WITHDRAW)
        return is_uniform || c->bid == 0;
    return true;
}

/* -------------------------------------------------------------- 7. amounts */

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

    if (c->bid != 0)
        return naive_live_of(a, c->user, c->bid) == NULL ? NAIVE_ERR_STATE
                                                         : NAIVE_ACCEPTED;
    return naive_live_count(a, c->user) >= NAIVE_LIVE_BIDS_MAX ? NAIVE_ERR_STATE
                                                               : NAIVE_ACCEPTED;
}

/** Replacing ends when withdrawing does. */
static enum naive_verdict
uniform_commit(const struct naive_entry *e, struct naive_auction *a)
{
    int64_t until = a->terms.withdraw_until;

    if (e->command.bid != 0 && until != 0 && e->t >= until)
        return NAIVE_ERR_TOO_LATE;
    return uniform_slot(e, a);
}

static enum naive_verdict
uniform_bid(struct naive_entry *e, struct naive_auction *a)
{
    const struct naive_command *c = &e->command;

    if (c->quantity > a->terms.quantity)
        return say(e, NAIVE_ERR_STOCK, a->terms.quantity);
    if (c->amount < a->terms.floor)
        return say(e, NAIVE_ERR_TOO_LOW, a->terms.floor);
    return uniform_commit(e, a);
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

    if (until != 0 && e->t >= until)
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

/** Without an invoice's number: all that the user owes here, if a few. */
static enum naive_verdict
pay_all(const struct naive_entry *e, const struct naive_auction *a)
{
    size_t count = 0;

    for (size_t i = 0; i < a->award_count; i++)
        if (a->awards[i].user == e->command.whom && naive_is_due(&a->awards[i]))
            count++;
    return count > 0 && count <= 16 ? NAIVE_ACCEPTED : NAIVE_ERR_STATE;
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

    if (c->kind == NAIVE_PAY && c->invoice == 0)
        return pay_all(e, a);
    series = naive_invoices(n, &count);
    for (size_t i = 0; i < count; i++) {
        const struct naive_invoice *v = &series[i];

        if (v->number != c->invoice || v->auction != c->auction ||
            v->corrects > 0)
            continue;
        if (c->kind == NAIVE_PAY &&
            (v->user != c->whom || !naive_is_due(&a->awards[v->award - 1])))
            continue;
        if (a->awards[v->award - 1].is_credited)
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
        return uniform_commit(e, a);
    if (c->kind == NAIVE_REVEAL)
        return reveal(e, a);
    if (c->kind == NAIVE_WITHDRAW)
        return withdraw(e, a);
    if (c->kind == NAIVE_RETRACT)
        return retract(e, a);
    if (c->kind == NAIVE_VOID)
        return naive_live_count(a, c->whom) > 0 ? NAIVE_ACCEPTED
                                                : NAIVE_ERR_STATE;
    if (c->kind == NAIVE_PAY || c->kind == NAIVE_CORRECT)
        return find_award(n, e, a);
    return NAIVE_ACCEPTED;
}
