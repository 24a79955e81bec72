/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an auction: the list, from its start, for one auction. */
#include "naive_internal.h"

#include <assert.h>
#include <string.h>

void
naive_award(struct naive_auction *a, uint64_t user, uint64_t price,
            uint64_t quantity)
{
    assert(a->award_count < NAIVE_BIDS_MAX);
    a->awards[a->award_count++] = (struct naive_award){
        .user = user, .price = price, .quantity = quantity};
}

bool
naive_is_final(const struct naive_auction *a)
{
    return a->state == NAIVE_SETTLED || a->state == NAIVE_DEFAULTED ||
           a->state == NAIVE_CANCELLED ||
           (a->state == NAIVE_CLOSED && a->outcome != NAIVE_SOLD);
}

bool
naive_is_due(const struct naive_award *award)
{
    return !award->is_paid && !award->is_defaulted && !award->is_credited;
}

static bool
has_dues(const struct naive_auction *a)
{
    for (size_t i = 0; i < a->award_count; i++)
        if (naive_is_due(&a->awards[i]))
            return true;
    return false;
}

/* --------------------------------------------------------------- timers */

static int64_t
later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/** When the auction's next timer is due; false when it has none. */
static bool
next_due(const struct naive_auction *a, int64_t *due)
{
    switch (a->state) {
    case NAIVE_SCHEDULED:
        *due = later(a->terms.open, a->published);
        return true;
    case NAIVE_OPEN:
        *due = a->close;
        return true;
    case NAIVE_IN_REVEAL:
        *due = a->reveal_end;
        return true;
    case NAIVE_CLOSED:
    case NAIVE_SETTLED: /* bonds may be unpaid still */
        *due = a->ended + a->terms.pay_within;
        return has_dues(a) && a->terms.pay_within > 0;
    case NAIVE_DRAFT:
    case NAIVE_DEFAULTED:
    case NAIVE_CANCELLED:
        break;
    }
    return false;
}

static void
close_now(struct naive_auction *a, int64_t t)
{
    a->state = NAIVE_CLOSED;
    a->ended = t;
    switch (a->terms.format) {
    case NAIVE_ENGLISH:
        naive_english_close(a);
        break;
    case NAIVE_SEALED:
    case NAIVE_VICKREY:
        naive_sealed_close(a);
        break;
    case NAIVE_DUTCH:
        a->outcome = a->award_count > 0 ? NAIVE_SOLD : NAIVE_NO_BIDS;
        break;
    case NAIVE_UNIFORM:
        naive_uniform_close(a);
        break;
    case NAIVE_FORMATS:
        assert(false);
    }
    if (naive_is_sealed(&a->terms))
        naive_forfeits(a);
}

static void
pay_is_due(struct naive_auction *a)
{
    bool is_any_paid = false, is_any_unpaid = false;

    for (size_t i = 0; i < a->award_count; i++) {
        struct naive_award *award = &a->awards[i];

        is_any_paid |= award->is_paid && !award->is_forfeit;
        is_any_unpaid |= naive_is_due(award) && !award->is_forfeit;
        award->is_defaulted |= naive_is_due(award);
    }
    if (is_any_unpaid)
        a->state = is_any_paid ? NAIVE_SETTLED : NAIVE_DEFAULTED;
}

static void
fire(struct naive_auction *a, int64_t due)
{
    switch (a->state) {
    case NAIVE_SCHEDULED:
        a->state = NAIVE_OPEN;
        break;
    case NAIVE_OPEN:
        if (naive_is_sealed(&a->terms))
            a->state = NAIVE_IN_REVEAL;
        else
            close_now(a, due);
        break;
    case NAIVE_IN_REVEAL:
        close_now(a, due);
        break;
    case NAIVE_CLOSED:
    case NAIVE_SETTLED:
        pay_is_due(a);
        break;
    case NAIVE_DRAFT:
    case NAIVE_DEFAULTED:
    case NAIVE_CANCELLED:
        assert(false);
    }
}

static void
fire_until(struct naive_auction *a, int64_t t)
{
    int64_t due;

    while (next_due(a, &due) && due <= t)
        fire(a, due);
}

/** An end that nobody could see coming moves to the restart plus grace. */
static void
outage(struct naive_auction *a, int64_t last_alive, int64_t restart)
{
    int64_t new_end = restart + a->terms.grace;
    int64_t *end = &a->close;

    fire_until(a, last_alive);
    if (a->state == NAIVE_SCHEDULED &&
        later(a->terms.open, a->published) <= restart)
        a->state = NAIVE_OPEN;
    if (a->state != NAIVE_OPEN && a->state != NAIVE_IN_REVEAL)
        return;
    if (a->state == NAIVE_IN_REVEAL)
        end = &a->reveal_end;
    if (a->terms.grace == 0 || *end <= last_alive || *end >= new_end)
        return;
    /* The time to reveal is not shortened by a close that moves. */
    if (end == &a->close && naive_is_sealed(&a->terms))
        a->reveal_end += new_end - a->close;
    *end = new_end;
    if (a->state == NAIVE_OPEN && a->hard_end > 0)
        a->hard_end = later(a->hard_end, new_end);
}

/* ------------------------------------------------- what commands have done */

static struct naive_bid *
add_bid(struct naive_auction *a, const struct naive_entry *e)
{
    struct naive_bid *bid = &a->bids[a->bid_count++];

    assert(a->bid_count <= NAIVE_BIDS_MAX);
    *bid = (struct naive_bid){.seq = e->seq,
                              .user = e->command.user,
                              .t = e->t,
                              .amount = e->command.amount,
                              .quantity = e->command.quantity,
                              .cap = e->command.cap};
    memcpy(bid->c, e->command.c, sizeof(bid->c));
    return bid;
}

/** Once buy now has gone it stays gone. */
static void
look_at_buy_now(struct naive_auction *a)
{
    if (a->terms.buy_now > 0 && !naive_buy_now_is_there(a))
        a->buy_now_is_gone = true;
}

static void
english_bid(struct naive_auction *a, const struct naive_entry *e)
{
    uint64_t leader = a->leader, price = a->price;

    add_bid(a, e);
    naive_english_play(a);
    look_at_buy_now(a);
    if (a->leader == leader && a->price == price)
        return;
    if (e->t < a->close - a->terms.window)
        return;
    a->close = later(a->close, e->t + a->terms.extension);
    if (a->hard_end > 0 && a->close > a->hard_end)
        a->close = a->hard_end;
}

/** A bid or commitment that may replace one. */
static void
replacing_bid(struct naive_auction *a, const struct naive_entry *e)
{
    bool is_only_one = a->terms.format != NAIVE_UNIFORM;
    struct naive_bid *old = NULL;

    if (is_only_one || e->command.bid != 0)
        old = naive_live_of(a, e->command.user, e->command.bid);
    if (old != NULL)
        old->is_gone = true;
    add_bid(a, e);
}

static void
buy(struct naive_auction *a, const struct naive_entry *e)
{
    a->leader = 0;
    a->maximum = 0;
    a->price = a->terms.buy_now;
    a->state = NAIVE_CLOSED;
    a->ended = e->t;
    a->outcome = NAIVE_SOLD;
    a->buy_now_is_gone = true;
    naive_award(a, e->command.user, a->terms.buy_now, 1);
}

static void
take(struct naive_auction *a, const struct naive_entry *e)
{
    uint64_t quantity =
        e->command.quantity < a->stock ? e->command.quantity : a->stock;

    naive_award(a, e->command.user, naive_dutch_price(&a->terms, e->t),
                quantity);
    a->stock -= quantity;
    if (a->stock == 0)
        close_now(a, e->t);
}

static void
reveal(struct naive_auction *a, const struct naive_entry *e)
{
    struct naive_bid *bid = naive_live_of(a, e->command.user, e->command.bid);

    assert(bid != NULL);
    bid->is_revealed = true;
    bid->amount = e->command.amount;
    bid->quantity = a->terms.format == NAIVE_UNIFORM ? e->command.quantity : 1;
}

/** All bids of the user, or only the latest. */
static void
take_back(struct naive_auction *a, uint64_t user, bool is_all)
{
    for (size_t i = a->bid_count; i-- > 0;) {
        if (a->bids[i].user != user || a->bids[i].is_gone)
            continue;
        a->bids[i].is_gone = true;
        if (!is_all)
            break;
    }
    if (a->terms.format == NAIVE_ENGLISH)
        naive_english_play(a);
}

static void
cancel(struct naive_auction *a, int64_t t)
{
    for (size_t i = 0; i < a->bid_count; i++)
        a->bids[i].is_gone = true;
    a->award_count = 0;
    a->leader = a->maximum = a->price = 0;
    a->state = NAIVE_CANCELLED;
    a->ended = t;
}

/** Sold, and nothing of it is to be paid any more. */
static void
look_at_payments(struct naive_auction *a)
{
    bool is_open = false;

    for (size_t i = 0; i < a->award_count; i++)
        is_open |= naive_is_due(&a->awards[i]) && !a->awards[i].is_forfeit;
    if (!is_open && a->state == NAIVE_CLOSED && a->outcome == NAIVE_SOLD)
        a->state = NAIVE_SETTLED;
}

static void
publish(struct naive_auction *a, int64_t t)
{
    a->state = NAIVE_SCHEDULED;
    a->published = t;
}

static void
create(struct naive_auction *a, const struct naive_entry *e)
{
    a->seller = e->command.user;
    a->terms = *e->command.terms;
    a->close = a->terms.format == NAIVE_DUTCH ? naive_dutch_close(&a->terms)
                                              : a->terms.close;
    a->terms.close = a->close;
    a->hard_end = a->terms.hard_end;
    a->reveal_end = a->terms.reveal_end;
    a->stock = a->terms.quantity;
    if (e->command.publish)
        publish(a, e->t);
}

/** One accepted command that is about this auction. */
static void
enact(struct naive_auction *a, const struct naive_entry *e)
{
    switch (e->command.kind) {
    case NAIVE_CREATE:
        create(a, e);
        return;
    case NAIVE_PUBLISH:
        publish(a, e->t);
        return;
    case NAIVE_BID:
        if (a->terms.format == NAIVE_ENGLISH)
            english_bid(a, e);
        else
            replacing_bid(a, e);
        return;
    case NAIVE_BUY:
        buy(a, e);
        return;
    case NAIVE_TAKE:
        take(a, e);
        return;
    case NAIVE_COMMIT:
        replacing_bid(a, e);
        return;
    case NAIVE_REVEAL:
        reveal(a, e);
        return;
    case NAIVE_WITHDRAW:
        naive_live_of(a, e->command.user, e->command.bid)->is_gone = true;
        return;
    case NAIVE_RETRACT:
        take_back(a, e->command.user, a->close - e->t > 12 * 3600000);
        return;
    case NAIVE_VOID:
        take_back(a, e->command.whom, true);
        return;
    case NAIVE_CANCEL:
        cancel(a, e->t);
        return;
    case NAIVE_PAY:
        for (size_t i = 0; i < a->award_count; i++)
            if (e->award == i + 1 ||
                (e->award == 0 && a->awards[i].user == e->command.whom &&
                 naive_is_due(&a->awards[i])))
                a->awards[i].is_paid = true;
        look_at_payments(a);
        return;
    case NAIVE_CORRECT:
        a->awards[e->award - 1].is_credited = true;
        look_at_payments(a);
        return;
    case NAIVE_SUSPEND:
    case NAIVE_RESTORE:
    case NAIVE_CREDIT:
    case NAIVE_RESTART:
        return;
    }
}

bool
naive_look(const struct naive *n, uint64_t id, struct naive_auction *a)
{
    uint64_t created = 0;

    /* The long rows are not cleared: their counts say what is there. */
    memset(a, 0, offsetof(struct naive_auction, bids));
    a->bid_count = a->award_count = 0;
    a->id = id;
    for (size_t i = 0; i < n->count; i++) {
        const struct naive_entry *e = &n->list[i];

        if (e->verdict != NAIVE_ACCEPTED)
            continue;
        if (e->command.kind == NAIVE_CREATE && ++created == id) {
            enact(a, e);
        } else if (created < id) {
            continue;
        } else if (e->command.kind == NAIVE_RESTART) {
            outage(a, e->last_alive, e->t);
            fire_until(a, e->t);
        } else if (e->command.kind != NAIVE_CREATE &&
                   e->command.auction == id) {
            fire_until(a, e->t);
            enact(a, e);
        }
    }
    if (id == 0 || created < id)
        return false;
    fire_until(a, n->now);
    return true;
}
