/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dutch auctions: a price that falls by the clock, and units that whoever
 * calls first has at the price of that moment.
 */
#include "auction/format.h"

/** Drops from the start to the floor. */
static int64_t
drops(const struct rules *r)
{
    return (r->start_price.minor - r->floor.minor + r->drop.minor - 1) /
           r->drop.minor;
}

static bool
dutch_check(const struct rules *r, struct rules_flaw *flaw)
{
    int64_t total;

    if (r->floor.minor > r->start_price.minor)
        return rules_refuse(flaw, "floor_price",
                            "must not be above start_price");
    if (!money_is_valid(r->drop))
        return rules_refuse(flaw, "drop", "must be at least 1");
    if (r->interval_ms < 1 ||
        r->interval_ms > RULES_DURATION_MS_MAX / (drops(r) + 1))
        return rules_refuse(flaw, "interval",
                            "must be at least 1, to the floor 10 years");
    if (r->closes.ms != r->opens.ms + r->interval_ms * (drops(r) + 1))
        return rules_refuse(flaw, "ends_at",
                            "is one interval after the floor is reached");
    if (__builtin_mul_overflow(r->start_price.minor, (int64_t)r->quantity,
                               &total) ||
        total > MONEY_MAX)
        return rules_refuse(flaw, "quantity", "costs more than 10^15 in all");
    return true;
}

static void
dutch_resolve(struct rules *r)
{
    if (r->closes.ms != 0 || !money_is_valid(r->drop) || r->interval_ms < 1 ||
        r->floor.minor > r->start_price.minor ||
        r->interval_ms > RULES_DURATION_MS_MAX / (drops(r) + 1))
        return;
    r->closes = instant_of(r->opens.ms + r->interval_ms * (drops(r) + 1));
}

static unsigned
dutch_orders(const struct rules *rules)
{
    (void)rules;
    return 1 << ORDER_TAKE;
}

/** Drops that have been at `t`, which may be before the opening. */
static int64_t
drops_at(const struct rules *r, struct instant t)
{
    int64_t k = t.ms <= r->opens.ms ? 0 : (t.ms - r->opens.ms) / r->interval_ms;
    int64_t n = drops(r);

    return k < n ? k : n;
}

static struct money
dutch_price(const struct lot *lot, struct instant t)
{
    const struct rules *r = &lot->rules;
    int64_t price = r->start_price.minor - drops_at(r, t) * r->drop.minor;

    return price < r->floor.minor ? r->floor : money_of(price);
}

struct instant
lot_clock_next(const struct lot *lot, struct instant t)
{
    const struct rules *r = &lot->rules;
    int64_t k;

    if (r->interval_ms == 0 || lot_is_over(lot))
        return instant_of(0);
    k = drops_at(r, t);
    return k == drops(r) ? instant_of(0)
                         : instant_of(r->opens.ms + (k + 1) * r->interval_ms);
}

static enum verdict
dutch_order(struct lot *lot, struct book *book, const struct bidder *bidder,
            const struct order *order, struct instant t)
{
    struct money price = dutch_price(lot, t);
    uint64_t stock = lot_stock(lot), quantity = order->quantity;

    CHECK(stock > 0);
    if (price.minor > order->amount.minor)
        return VERDICT_PRICE_ABOVE_LIMIT;
    if (quantity > stock && order->all_or_none)
        return VERDICT_STOCK;
    if (book->count >= BOOK_BIDS_MAX)
        return VERDICT_STATE;
    if (quantity > stock)
        quantity = stock;
    if (!bidder_can_hold(bidder, money_of(0),
                         money_of(price.minor * (int64_t)quantity)))
        return VERDICT_CREDIT;
    format_award(lot, book, bidder->uid, order->id, price, quantity);
    lot->price = price;
    lot->bid_count++;
    lot->version++;
    if (quantity == stock) {
        lot->outcome = OUTCOME_SOLD;
        format_end(lot, t);
    }
    return VERDICT_ACCEPTED;
}

static void
dutch_close(struct lot *lot, struct book *book)
{
    (void)book;
    lot->outcome = lot->awards > 0 ? OUTCOME_SOLD : OUTCOME_UNSOLD_NO_BIDS;
}

const struct format format_dutch = {
    .fields = RULE_START | RULE_FLOOR | RULE_CLOCK | RULE_QUANTITY,
    .needed = RULE_START | RULE_FLOOR | RULE_CLOCK,
    .check = dutch_check,
    .resolve = dutch_resolve,
    .orders = dutch_orders,
    .order = dutch_order,
    .min_next = dutch_price,
    .close = dutch_close,
};
