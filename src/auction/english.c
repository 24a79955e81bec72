/* SPDX-License-Identifier: Apache-2.0 */
/*
 * English auctions: open ascending bids, with proxy maxima or without.
 * The numbers in comments are those of docs/rules.md "English".
 */
#include "auction/format.h"

static struct money
lesser(struct money a, struct money b)
{
    return a.minor < b.minor ? a : b;
}

/** One step above a price. Cannot overflow: both are at most MONEY_MAX. */
static struct money
step_above(const struct rules *rules, struct money price)
{
    return money_of(price.minor + rules_increment(rules, price).minor);
}

static bool
english_check(const struct rules *rules, struct rules_flaw *flaw)
{
    (void)rules, (void)flaw;
    return true;
}

static unsigned
english_orders(const struct rules *rules)
{
    return 1 << ORDER_BID | 1 << ORDER_BUY |
           (rules->retraction ? 1 << ORDER_RETRACT : 0);
}

static struct money
english_min_next(const struct lot *lot, struct instant t)
{
    (void)t;
    return lot->leader == 0 ? lot->rules.start_price
                            : step_above(&lot->rules, lot->price);
}

/** A maximum that is good enough meets the standing one. */
static void
meet(struct lot *lot, uint64_t uid, struct money max)
{
    const struct rules *rules = &lot->rules;

    if (!rules->proxy) {
        /* In a replay a leader's later bid, too, is the price it named. */
        lot->leader = uid;
        lot->maximum = lot->price = max;
    } else if (lot->leader == 0) {
        lot->leader = uid;
        lot->maximum = max;
        lot->price = rules->start_price;
    } else if (lot->leader == uid) {
        /* A leader is never made to bid against itself. */
        if (max.minor > lot->maximum.minor)
            lot->maximum = max;
    } else if (max.minor > lot->maximum.minor) {
        lot->price = lesser(max, step_above(rules, lot->maximum));
        lot->leader = uid;
        lot->maximum = max;
    } else {
        /* An equal maximum does not take the lead: earlier wins. */
        lot->price = lesser(lot->maximum, step_above(rules, max));
    }
}

/** A reserve that the leader's maximum reaches becomes the price. */
static void
lift_to_reserve(struct lot *lot)
{
    struct money reserve = lot->rules.reserve;

    if (reserve.minor > 0 && lot->maximum.minor >= reserve.minor &&
        lot->price.minor < reserve.minor)
        lot->price = reserve;
}

static void
extend(struct lot *lot, struct instant t)
{
    const struct rules *rules = &lot->rules;
    struct instant end = instant_of(t.ms + rules->extension_ms);

    if (t.ms < lot->closes.ms - rules->window_ms)
        return;
    if (lot->hard_end.ms > 0 && instant_before(lot->hard_end, end))
        end = lot->hard_end;
    if (instant_before(lot->closes, end))
        lot->closes = end;
}

/** The maximum that will lead if the bid is taken, or 0 if it will not. */
static struct money
would_hold(const struct lot *lot, uint64_t uid, struct money max)
{
    bool leads = lot->leader == 0 || lot->leader == uid ||
                 max.minor > lot->maximum.minor;

    return leads ? max : money_of(0);
}

/** What the lot holds of the bidder now. */
static struct money
own_hold(const struct lot *lot, const struct bidder *bidder)
{
    return lot->leader == bidder->uid ? lot->maximum : money_of(0);
}

static enum verdict
bid(struct lot *lot, const struct bidder *bidder, struct money max,
    struct instant t)
{
    struct lot before = *lot;

    if (lot->leader == bidder->uid &&
        (!lot->rules.proxy || max.minor <= lot->maximum.minor))
        return VERDICT_NOT_HIGHER;
    if (lot->leader != bidder->uid && max.minor < lot_min_next(lot, t).minor)
        return VERDICT_TOO_LOW;
    if (!bidder_can_hold(bidder, own_hold(lot, bidder),
                         would_hold(lot, bidder->uid, max)))
        return VERDICT_CREDIT;
    meet(lot, bidder->uid, max);
    lift_to_reserve(lot);
    CHECK(lot->rules.start_price.minor <= lot->price.minor);
    CHECK(before.price.minor <= lot->price.minor);
    CHECK(lot->price.minor <= lot->maximum.minor);
    /* A leader's hidden raise is nobody's business: it is not counted. */
    if (lot->leader == before.leader && lot->price.minor == before.price.minor)
        return VERDICT_ACCEPTED;
    lot->bid_count++;
    lot->version++;
    extend(lot, t);
    if (lot_reserve_met(lot))
        lot->buy_now_is_gone = true;
    return VERDICT_ACCEPTED;
}

static enum verdict
buy(struct lot *lot, struct book *book, const struct bidder *bidder,
    struct instant t)
{
    struct money price = lot->rules.buy_now;

    if (!lot_buy_now_is_available(lot))
        return VERDICT_STATE;
    if (!bidder_can_hold(bidder, own_hold(lot, bidder), price))
        return VERDICT_CREDIT;
    lot->buy_now_is_gone = true;
    lot->leader = bidder->uid; /* who led is released */
    lot->maximum = lot->price = price;
    lot->outcome = OUTCOME_SOLD;
    format_award(lot, book, bidder->uid, 0, price, 1);
    format_end(lot, t);
    return VERDICT_ACCEPTED;
}

static enum verdict
english_order(struct lot *lot, struct book *book, const struct bidder *bidder,
              const struct order *order, struct instant t)
{
    return order->kind == ORDER_BUY ? buy(lot, book, bidder, t)
                                    : bid(lot, bidder, order->amount, t);
}

/* Without the check of the minimum, and without extending. */
static void
english_replay(struct lot *lot, const struct past_bid *bids, size_t count)
{
    lot->leader = 0;
    lot->maximum = lot->price = money_of(0);
    lot->bid_count = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t leader = lot->leader;
        struct money price = lot->price;

        if (bids[i].is_withdrawn)
            continue;
        meet(lot, bids[i].uid, bids[i].max);
        lift_to_reserve(lot);
        lot->bid_count +=
            lot->leader != leader || lot->price.minor != price.minor;
    }
    CHECK(lot->price.minor <= lot->maximum.minor);
}

static void
english_close(struct lot *lot, struct book *book)
{
    if (lot->leader == 0) {
        lot->outcome = OUTCOME_UNSOLD_NO_BIDS;
    } else if (!lot_reserve_met(lot)) {
        lot->outcome = OUTCOME_UNSOLD_RESERVE_NOT_MET;
    } else {
        lot->outcome = OUTCOME_SOLD;
        format_award(lot, book, lot->leader, 0, lot->price, 1);
    }
}

const struct format format_english = {
    .fields = RULE_START | RULE_RESERVE | RULE_BUY_NOW | RULE_BIDDING |
              RULE_SOFT_CLOSE,
    .needed = RULE_START,
    .check = english_check,
    .orders = english_orders,
    .order = english_order,
    .min_next = english_min_next,
    .replay = english_replay,
    .close = english_close,
};
