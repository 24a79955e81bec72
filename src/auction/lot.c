/* SPDX-License-Identifier: Apache-2.0 */
#include "auction/lot.h"

#include "auction/format.h"

#include <string.h>

/* docs/rules.md "Retraction". */
#define RETRACT_ALL_BEFORE_MS INT64_C(43200000) /* 12 h to the close */
#define RETRACT_LATEST_MS     INT64_C(3600000)  /* 1 h since the bid */

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
        .hard_end = rules->hard_end,
    };
    memcpy(lot->reserve_nonce, reserve_nonce, LOT_NONCE_BYTES);
}

/* ------------------------------------------------------------- questions */

struct money
lot_min_next(const struct lot *lot)
{
    return format_of(lot->rules.format)->min_next(lot);
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
lot_is_final(const struct lot *lot)
{
    switch (lot->state) {
    case LOT_DRAFT:
    case LOT_SCHEDULED:
    case LOT_OPEN:
    case LOT_REVEAL:
        return false;
    case LOT_CLOSED:
        return lot->outcome != OUTCOME_SOLD;
    case LOT_SETTLED:
    case LOT_DEFAULTED:
    case LOT_CANCELLED:
        return true;
    }
    CHECK(false);
    return true;
}

void
lot_hold(const struct lot *lot, struct hold *out)
{
    int64_t total;

    *out = (struct hold){0, {0}};
    if (lot->state == LOT_OPEN || lot->state == LOT_REVEAL) {
        format_of(lot->rules.format)->hold(lot, out);
    } else if (lot->state == LOT_CLOSED && lot->award.user != 0 &&
               !lot->award.is_paid) {
        CHECK(!__builtin_mul_overflow(lot->award.price.minor,
                                      (int64_t)lot->award.quantity, &total));
        *out = (struct hold){lot->award.user, money_of(total)};
    }
}

/* ---------------------------------------------------------------- checks */

/** Steps 5 and 6 for a command that needs an open lot. */
static enum verdict
check_open(const struct lot *lot, const struct bidder *bidder, struct instant t)
{
    if (bidder != NULL && (bidder->blocked || bidder->uid == lot->seller))
        return VERDICT_FORBIDDEN;
    if (lot->state == LOT_DRAFT || lot->state == LOT_SCHEDULED)
        return VERDICT_NOT_OPEN;
    if (lot->state != LOT_OPEN || !instant_before(t, lot->closes))
        return VERDICT_CLOSED;
    CHECK(!instant_before(t, lot->rules.opens));
    return VERDICT_ACCEPTED;
}

/* -------------------------------------------------------------- commands */

enum verdict
lot_publish(struct lot *lot, struct instant t)
{
    if (lot_is_final(lot) || lot->state == LOT_CLOSED ||
        !instant_before(t, lot->closes))
        return VERDICT_CLOSED;
    if (lot->state != LOT_DRAFT)
        return VERDICT_STATE;
    lot->state = LOT_SCHEDULED;
    lot->published = t;
    lot->version++;
    return VERDICT_ACCEPTED;
}

enum verdict
lot_bid(struct lot *lot, const struct bidder *bidder, struct money max,
        struct instant t)
{
    enum verdict verdict = check_open(lot, bidder, t);

    CHECK(money_is_valid(max));
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    return format_of(lot->rules.format)->bid(lot, bidder, max, t);
}

/** Closed at t; outcome and award are set. */
static void
end(struct lot *lot, struct instant t)
{
    CHECK(lot->outcome != OUTCOME_NONE);
    CHECK((lot->outcome == OUTCOME_SOLD) == (lot->award.user != 0));
    lot->state = LOT_CLOSED;
    lot->ended = t;
    lot->version++;
}

enum verdict
lot_buy(struct lot *lot, const struct bidder *bidder, struct instant t)
{
    enum verdict verdict = check_open(lot, bidder, t);
    struct money price = lot->rules.buy_now;

    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    if (!lot_buy_now_is_available(lot))
        return VERDICT_STATE;
    if (!format_has_credit(lot, bidder, price))
        return VERDICT_CREDIT;
    lot->buy_now_is_gone = true;
    lot->leader = bidder->uid; /* who led is released */
    lot->maximum = lot->price = price;
    lot->outcome = OUTCOME_SOLD;
    lot->award = (struct award){bidder->uid, price, 1, false};
    end(lot, t);
    return VERDICT_ACCEPTED;
}

/** Index of the latest standing bid of a user, or `count`. */
static size_t
latest_of(const struct past_bid *bids, size_t count, uint64_t uid)
{
    for (size_t i = count; i > 0; i--)
        if (bids[i - 1].uid == uid && !bids[i - 1].is_withdrawn)
            return i - 1;
    return count;
}

void
lot_void_bids(struct past_bid *bids, size_t count, uint64_t uid)
{
    for (size_t i = 0; i < count; i++)
        if (bids[i].uid == uid)
            bids[i].is_withdrawn = true;
}

bool
lot_retract_bids(struct past_bid *bids, size_t count, uint64_t uid,
                 struct instant closes, struct instant t)
{
    size_t latest = latest_of(bids, count, uid);

    if (latest == count)
        return false;
    if (closes.ms - t.ms > RETRACT_ALL_BEFORE_MS)
        lot_void_bids(bids, count, uid);
    else
        bids[latest].is_withdrawn = true;
    return true;
}

static void
recompute(struct lot *lot, const struct past_bid *bids, size_t count)
{
    format_of(lot->rules.format)->replay(lot, bids, count);
    lot->version++;
}

enum verdict
lot_retract(struct lot *lot, const struct bidder *bidder, struct past_bid *bids,
            size_t count, struct instant t)
{
    enum verdict verdict = check_open(lot, bidder, t);
    size_t latest;

    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    latest = latest_of(bids, count, bidder->uid);
    if (!lot->rules.retraction || latest == count)
        return VERDICT_STATE;
    if (lot->closes.ms - t.ms <= RETRACT_ALL_BEFORE_MS &&
        t.ms - bids[latest].t.ms > RETRACT_LATEST_MS)
        return VERDICT_TOO_LATE;
    CHECK(lot_retract_bids(bids, count, bidder->uid, lot->closes, t));
    recompute(lot, bids, count);
    return VERDICT_ACCEPTED;
}

enum verdict
lot_void_user(struct lot *lot, uint64_t uid, struct past_bid *bids,
              size_t count, struct instant t)
{
    enum verdict verdict = check_open(lot, NULL, t);

    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    if (latest_of(bids, count, uid) == count)
        return VERDICT_STATE;
    lot_void_bids(bids, count, uid);
    recompute(lot, bids, count);
    return VERDICT_ACCEPTED;
}

enum verdict
lot_cancel(struct lot *lot, bool is_by_admin, struct instant t)
{
    if (lot_is_final(lot) || lot->state == LOT_CLOSED)
        return VERDICT_CLOSED;
    if (lot->state == LOT_OPEN && !instant_before(t, lot->closes))
        return VERDICT_CLOSED;
    if (lot->state == LOT_OPEN && lot->leader != 0 && !is_by_admin)
        return VERDICT_STATE;
    lot->leader = 0;
    lot->maximum = lot->price = money_of(0);
    lot->state = LOT_CANCELLED;
    lot->version++;
    return VERDICT_ACCEPTED;
}

enum verdict
lot_pay(struct lot *lot, uint64_t uid)
{
    if (lot_is_final(lot))
        return VERDICT_CLOSED;
    if (lot->state != LOT_CLOSED || lot->award.user != uid || uid == 0)
        return VERDICT_STATE;
    lot->award.is_paid = true;
    lot->state = LOT_SETTLED;
    lot->version++;
    return VERDICT_ACCEPTED;
}

/* ---------------------------------------------------------------- timers */

bool
lot_next_timer(const struct lot *lot, struct instant *due_out,
               enum timer *timer_out)
{
    switch (lot->state) {
    case LOT_SCHEDULED:
        *timer_out = TIMER_OPEN;
        *due_out = instant_before(lot->rules.opens, lot->published)
                       ? lot->published
                       : lot->rules.opens;
        return true;
    case LOT_OPEN:
        *timer_out = TIMER_CLOSE;
        *due_out = lot->closes;
        return true;
    case LOT_CLOSED:
        *timer_out = TIMER_PAY_DUE;
        *due_out = instant_of(lot->ended.ms + lot->rules.pay_within_ms);
        return lot->outcome == OUTCOME_SOLD && lot->rules.pay_within_ms > 0;
    case LOT_DRAFT:
    case LOT_REVEAL:
    case LOT_SETTLED:
    case LOT_DEFAULTED:
    case LOT_CANCELLED:
        return false;
    }
    CHECK(false);
    return false;
}

void
lot_fire(struct lot *lot, enum timer timer, struct instant due)
{
    struct instant expected;
    enum timer next;

    CHECK(lot_next_timer(lot, &expected, &next));
    CHECK(next == timer && expected.ms == due.ms);
    switch (timer) {
    case TIMER_OPEN:
        lot->state = LOT_OPEN;
        lot->version++;
        return;
    case TIMER_CLOSE:
        format_of(lot->rules.format)->close(lot);
        end(lot, due);
        return;
    case TIMER_PAY_DUE:
        lot->state = LOT_DEFAULTED;
        lot->version++;
        return;
    }
    CHECK(false);
}

/*
 * An auction that should have opened while the server was down counts as
 * open: its bidders, too, could not bid.
 */
bool
lot_outage(struct lot *lot, struct instant last_alive, struct instant restart)
{
    struct instant end = instant_of(restart.ms + lot->rules.outage_grace_ms);
    bool is_open =
        lot->state == LOT_OPEN || (lot->state == LOT_SCHEDULED &&
                                   instant_before(lot->rules.opens, restart));

    if (!is_open || lot->rules.outage_grace_ms == 0 ||
        !instant_before(last_alive, lot->closes) ||
        !instant_before(lot->closes, end))
        return false;
    lot->closes = end;
    if (lot->hard_end.ms > 0 && instant_before(lot->hard_end, end))
        lot->hard_end = end;
    lot->version++;
    return true;
}
