/* SPDX-License-Identifier: Apache-2.0 */
/* A lot's beginning, and what can be asked of it. */
#include "auction/lot.h"

#include "auction/format.h"

#include <string.h>

static const char *const state_names[] = {
    [LOT_DRAFT] = "draft",         [LOT_SCHEDULED] = "scheduled",
    [LOT_OPEN] = "open",           [LOT_REVEAL] = "reveal",
    [LOT_CLOSED] = "closed",       [LOT_SETTLED] = "settled",
    [LOT_DEFAULTED] = "defaulted", [LOT_CANCELLED] = "cancelled",
};

enum { STATE_COUNT = sizeof(state_names) / sizeof(state_names[0]) };

const char *
lot_state_name(enum lot_state state)
{
    CHECK((unsigned)state < STATE_COUNT);
    return state_names[state];
}

bool
lot_state_parse(enum lot_state *out, const char *name, size_t length)
{
    for (int i = 0; i < STATE_COUNT; i++)
        if (strlen(state_names[i]) == length &&
            memcmp(state_names[i], name, length) == 0) {
            *out = (enum lot_state)i;
            return true;
        }
    return false;
}

void
lot_init(struct lot *lot, uint64_t id, uint64_t seller,
         const struct rules *rules,
         const uint8_t reserve_nonce[LOT_NONCE_BYTES])
{
    const char *field, *why;

    CHECK(id > 0 && seller > 0);
    CHECK(rules_check(rules, &field, &why));
    *lot = (struct lot){
        .id = id,
        .seller = seller,
        .rules = *rules,
        .state = LOT_DRAFT,
        .version = 1,
        .closes = rules->closes,
        .reveal_ends = rules->reveal_ends,
        .hard_end = rules->hard_end,
    };
    memcpy(lot->reserve_nonce, reserve_nonce, LOT_NONCE_BYTES);
}

/* ------------------------------------------------------------- questions */

struct money
lot_min_next(const struct lot *lot, struct instant t)
{
    return format_of(lot->rules.format)->min_next(lot, t);
}

uint64_t
lot_stock(const struct lot *lot)
{
    CHECK(lot->sold <= lot->rules.quantity);
    return lot_is_over(lot) ? 0 : lot->rules.quantity - lot->sold;
}

bool
lot_reserve_met(const struct lot *lot)
{
    return lot->rules.reserve.minor == 0 ||
           lot->price.minor >= lot->rules.reserve.minor;
}

bool
lot_buy_now_is_available(const struct lot *lot)
{
    return lot->state == LOT_OPEN && lot->rules.buy_now.minor > 0 &&
           !lot->buy_now_is_gone;
}

bool
lot_is_over(const struct lot *lot)
{
    switch (lot->state) {
    case LOT_DRAFT:
    case LOT_SCHEDULED:
    case LOT_OPEN:
    case LOT_REVEAL:
        return false;
    case LOT_CLOSED:
    case LOT_SETTLED:
    case LOT_DEFAULTED:
    case LOT_CANCELLED:
        return true;
    }
    CHECK(false);
    return true;
}

bool
lot_is_final(const struct lot *lot)
{
    return lot_is_over(lot) &&
           (lot->state != LOT_CLOSED || lot->outcome != OUTCOME_SOLD);
}

void
lot_hold(const struct lot *lot, struct hold *out)
{
    *out = (struct hold){0, {0}};
    if (lot->state == LOT_OPEN)
        *out = (struct hold){lot->leader, lot->maximum};
}

static struct money
larger(struct money a, struct money b)
{
    return a.minor > b.minor ? a : b;
}

struct money
lot_entry_hold(const struct lot *lot, const struct entry *entry)
{
    int64_t total = 0;

    if (entry_is_due_kind(entry)
            ? entry->state != ENTRY_DUE || lot->state == LOT_CANCELLED
            : !entry_is_live(entry) || lot_is_over(lot))
        return money_of(0);
    /* A bond may fall due unasked: it is held from the beginning. */
    if (entry->kind == ENTRY_COMMITMENT)
        return larger(entry->cap, lot->rules.bond);
    CHECK(!__builtin_mul_overflow(entry->amount.minor, (int64_t)entry->quantity,
                                  &total));
    return money_of(total);
}
