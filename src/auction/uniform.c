/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several units at one price: the bids with the highest prices are filled,
 * and all pay the same. Bids are open, or sealed until the close.
 */
#include "auction/format.h"

static bool
uniform_check(const struct rules *r, struct rules_flaw *flaw)
{
    if (r->is_sealed && !rules_have_reveal(r))
        return rules_refuse(flaw, "reveal_ends_at",
                            "a sealed auction needs a time to reveal");
    if (!r->is_sealed && rules_have_reveal(r))
        return rules_refuse(flaw, "reveal_ends_at",
                            "only a sealed auction has a time to reveal");
    if (!r->is_sealed && r->bond.minor != 0)
        return rules_refuse(flaw, "bond", "only a sealed auction has a bond");
    if (r->withdraw_until.ms < 0 ||
        instant_before(r->closes, r->withdraw_until))
        return rules_refuse(flaw, "withdraw_until",
                            "must not be after ends_at");
    return true;
}

static unsigned
uniform_orders(const struct rules *rules)
{
    return rules->is_sealed
               ? 1 << ORDER_COMMIT | 1 << ORDER_REVEAL | 1 << ORDER_WITHDRAW
               : 1 << ORDER_BID | 1 << ORDER_WITHDRAW;
}

static struct money
uniform_min_next(const struct lot *lot, struct instant t)
{
    (void)t;
    return lot->rules.floor;
}

static enum verdict
bid_openly(struct lot *lot, struct book *book, const struct bidder *bidder,
           const struct order *order, struct instant t)
{
    struct entry bid = {.id = order->id,
                        .user = bidder->uid,
                        .kind = ENTRY_BID,
                        .state = ENTRY_LIVE,
                        .quantity = order->quantity,
                        .amount = order->amount};
    struct place place;
    enum verdict verdict;

    if (order->quantity > lot->rules.quantity)
        return VERDICT_STOCK;
    if (order->amount.minor < lot->rules.floor.minor)
        return VERDICT_TOO_LOW;
    verdict = format_find_place(lot, book, bidder, order->bid,
                                BOOK_BIDS_OF_USER_MAX, t, &place);
    return verdict == VERDICT_ACCEPTED
               ? format_place(lot, book, bidder, &place, &bid)
               : verdict;
}

static enum verdict
uniform_order(struct lot *lot, struct book *book, const struct bidder *bidder,
              const struct order *order, struct instant t)
{
    if (order->kind == ORDER_BID)
        return bid_openly(lot, book, bidder, order, t);
    return format_sealed_order(lot, book, bidder, order, BOOK_BIDS_OF_USER_MAX,
                               t);
}

static bool
by_price(const struct entry *a, const struct entry *b)
{
    return a->amount.minor != b->amount.minor
               ? a->amount.minor > b->amount.minor
               : a->id < b->id;
}

/* ---------------------------------------------------------------- deciding */

/** Bids that count, best first; BOOK_NONE when there are none. */
static uint32_t
rank(struct book *book, enum entry_state counts, uint64_t *total_out)
{
    uint32_t list = BOOK_NONE;

    *total_out = 0;
    for (uint32_t at = book->count; at > 0; at--) {
        struct entry *entry = &book->entries[at - 1];
        if (entry->state != counts)
            continue;
        entry->next = list;
        list = at - 1;
        *total_out += entry->quantity;
    }
    return book_sort(book, list, by_price);
}

/** The bids at one price that share what is left. */
struct margin {
    uint32_t first;
    uint32_t end; /* the first one behind, or BOOK_NONE */
    uint64_t rest;
    uint64_t wanted; /* by all of them */
};

/** Fill what is above the marginal price. */
static struct margin
fill_above(struct entry *e, uint32_t list, uint64_t quantity)
{
    struct margin m = {.first = list, .end = list, .rest = quantity};

    for (;;) {
        int64_t price = e[m.first].amount.minor;
        m.wanted = 0;
        for (m.end = m.first;
             m.end != BOOK_NONE && e[m.end].amount.minor == price;
             m.end = e[m.end].next)
            m.wanted += e[m.end].quantity;
        if (m.wanted >= m.rest)
            return m;
        for (uint32_t at = m.first; at != m.end; at = e[at].next)
            e[at].filled = e[at].quantity;
        m.rest -= m.wanted;
        m.first = m.end;
        CHECK(m.first != BOOK_NONE);
    }
}

static void
share_by_time(struct entry *e, const struct margin *m)
{
    uint64_t rest = m->rest;

    for (uint32_t at = m->first; at != m->end; at = e[at].next) {
        e[at].filled = e[at].quantity < rest ? e[at].quantity : rest;
        rest -= e[at].filled;
    }
}

/** rest * quantity, undivided: both are below 2^32, wanted below 2^48. */
static uint64_t
part(const struct margin *m, const struct entry *entry)
{
    return m->rest * entry->quantity;
}

/*
 * One unit more for the `extra` largest remainders. The smallest that gets
 * one is found by halving its value; ties at it go by id, which is the order
 * of the list.
 */
static void
share_extra(struct entry *e, const struct margin *m, uint64_t extra)
{
    uint64_t low = 0, high = m->wanted; /* the bound is in [low, high) */

    if (extra == 0)
        return;
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2, count = 0;
        for (uint32_t at = m->first; at != m->end; at = e[at].next)
            count += part(m, &e[at]) % m->wanted >= middle;
        if (count >= extra)
            low = middle;
        else
            high = middle;
    }
    for (uint32_t at = m->first; at != m->end; at = e[at].next)
        if (part(m, &e[at]) % m->wanted > low) {
            e[at].filled++;
            extra--;
        }
    for (uint32_t at = m->first; at != m->end && extra > 0; at = e[at].next)
        if (part(m, &e[at]) % m->wanted == low) {
            e[at].filled++;
            extra--;
        }
    CHECK(extra == 0);
}

static void
share_prorata(struct entry *e, const struct margin *m)
{
    uint64_t rest = m->rest;

    for (uint32_t at = m->first; at != m->end; at = e[at].next) {
        e[at].filled = part(m, &e[at]) / m->wanted;
        rest -= e[at].filled;
    }
    share_extra(e, m, rest);
}

/** Fill the bids of the list; the price for all of them. */
static struct money
fill(const struct lot *lot, struct entry *e, uint32_t list, uint64_t total)
{
    struct margin m;

    if (total < lot->rules.quantity) {
        for (uint32_t at = list; at != BOOK_NONE; at = e[at].next)
            e[at].filled = e[at].quantity;
        return lot->rules.floor;
    }
    m = fill_above(e, list, lot->rules.quantity);
    if (lot->rules.rationing == RATIONING_PRORATA)
        share_prorata(e, &m);
    else
        share_by_time(e, &m);
    if (lot->rules.pricing == PRICING_LAB)
        return e[m.first].amount;
    for (uint32_t at = m.first; at != BOOK_NONE; at = e[at].next)
        if (e[at].filled < e[at].quantity)
            return e[at].amount;
    return lot->rules.floor;
}

static void
uniform_close(struct lot *lot, struct book *book)
{
    struct entry *e = book->entries;
    uint64_t total;
    uint32_t list, next;

    for (uint32_t at = 0; at < book->count; at++)
        e[at].filled = 0;
    list =
        rank(book, lot->rules.is_sealed ? ENTRY_REVEALED : ENTRY_LIVE, &total);
    lot->outcome = list == BOOK_NONE ? OUTCOME_UNSOLD_NO_BIDS : OUTCOME_SOLD;
    if (list != BOOK_NONE)
        lot->price = fill(lot, e, list, total);
    for (uint32_t at = list; at != BOOK_NONE; at = next) {
        next = e[at].next;
        if (e[at].filled > 0)
            format_award(lot, book, e[at].user, e[at].id, lot->price,
                         e[at].filled);
    }
    format_forfeit(lot, book);
    book_reindex(book);
}

const struct format format_uniform = {
    .fields = RULE_FLOOR | RULE_QUANTITY | RULE_REVEAL | RULE_SHARING,
    .needed = RULE_FLOOR | RULE_QUANTITY,
    .check = uniform_check,
    .orders = uniform_orders,
    .order = uniform_order,
    .min_next = uniform_min_next,
    .close = uniform_close,
};
