/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed bids for one lot: the highest pays its own amount (first price), or
 * the second highest (Vickrey). Until the close nobody but the bidder knows
 * an amount, nor does this code.
 */
#include "auction/format.h"

enum { LIVE_MAX = 1 };

static bool
sealed_check(const struct rules *rules, struct rules_flaw *flaw)
{
    if (!rules_have_reveal(rules))
        return rules_refuse(flaw, "reveal_ends_at",
                            "a sealed auction needs a time to reveal");
    return true;
}

static unsigned
sealed_orders(const struct rules *rules)
{
    (void)rules;
    return 1 << ORDER_COMMIT | 1 << ORDER_REVEAL | 1 << ORDER_WITHDRAW;
}

static struct money
sealed_min_next(const struct lot *lot, struct instant t)
{
    (void)t;
    return lot->rules.start_price;
}

static enum verdict
sealed_order(struct lot *lot, struct book *book, const struct bidder *bidder,
             const struct order *order, struct instant t)
{
    return format_sealed_order(lot, book, bidder, order, LIVE_MAX, t);
}

/** The two best of what was revealed; BOOK_NONE where there is none. */
static void
rank(const struct book *book, uint32_t *best_out, uint32_t *second_out)
{
    const struct entry *e = book->entries;

    *best_out = *second_out = BOOK_NONE;
    for (uint32_t at = 0; at < book->count; at++) {
        if (e[at].state != ENTRY_REVEALED)
            continue;
        if (*best_out == BOOK_NONE ||
            e[at].amount.minor > e[*best_out].amount.minor ||
            (e[at].amount.minor == e[*best_out].amount.minor &&
             e[at].id < e[*best_out].id)) {
            *second_out = *best_out;
            *best_out = at;
        } else if (*second_out == BOOK_NONE ||
                   e[at].amount.minor > e[*second_out].amount.minor) {
            *second_out = at;
        }
    }
}

static void
decide(struct lot *lot, struct book *book, bool pays_second)
{
    const struct rules *rules = &lot->rules;
    struct money price;
    uint32_t best, second;

    rank(book, &best, &second);
    if (best == BOOK_NONE) {
        lot->outcome = OUTCOME_UNSOLD_NO_BIDS;
    } else if (book->entries[best].amount.minor < rules->reserve.minor) {
        lot->outcome = OUTCOME_UNSOLD_RESERVE_NOT_MET;
    } else {
        price = book->entries[best].amount;
        if (pays_second) {
            price = rules->start_price;
            if (rules->reserve.minor > price.minor)
                price = rules->reserve;
            if (second != BOOK_NONE &&
                book->entries[second].amount.minor > price.minor)
                price = book->entries[second].amount;
        }
        lot->outcome = OUTCOME_SOLD;
        lot->price = price;
        format_award(lot, book, book->entries[best].user,
                     book->entries[best].id, price, 1);
    }
    format_forfeit(lot, book);
}

static void
sealed_close(struct lot *lot, struct book *book)
{
    decide(lot, book, false);
}

static void
vickrey_close(struct lot *lot, struct book *book)
{
    decide(lot, book, true);
}

#define SEALED_FIELDS (RULE_START | RULE_RESERVE | RULE_REVEAL)

const struct format format_sealed = {
    .fields = SEALED_FIELDS,
    .needed = RULE_START | RULE_REVEAL,
    .check = sealed_check,
    .orders = sealed_orders,
    .order = sealed_order,
    .min_next = sealed_min_next,
    .close = sealed_close,
};

const struct format format_vickrey = {
    .fields = SEALED_FIELDS,
    .needed = RULE_START | RULE_REVEAL,
    .check = sealed_check,
    .orders = sealed_orders,
    .order = sealed_order,
    .min_next = sealed_min_next,
    .close = vickrey_close,
};
