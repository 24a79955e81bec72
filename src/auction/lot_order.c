/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands on a lot: what every format checks, in the order of
 * docs/rules.md, before its own rules decide.
 */
#include "auction/format.h"

/* ------------------------------------------------------------------ shape */

static bool
is_money_total(struct money unit, uint64_t quantity)
{
    int64_t total;

    return !__builtin_mul_overflow(unit.minor, (int64_t)quantity, &total) &&
           total <= MONEY_MAX;
}

/** What orders on a book of several bids a user need, the others do not have.
 */
static const char *
shape_flaw(const struct order *o, bool has_several)
{
    switch (o->kind) {
    case ORDER_BID:
        if (has_several ? o->quantity == 0 : o->quantity != 0)
            return "quantity";
        if (has_several && !is_money_total(o->amount, o->quantity))
            return "price";
        return has_several || o->bid == 0 ? NULL : "bid";
    case ORDER_COMMIT:
        return has_several || o->bid == 0 ? NULL : "bid";
    case ORDER_REVEAL:
        if (has_several ? o->quantity == 0 : o->quantity != 0)
            return "quantity";
        return has_several || o->bid == 0 ? NULL : "bid";
    case ORDER_WITHDRAW:
        return has_several || o->bid == 0 ? NULL : "bid";
    case ORDER_BUY:
    case ORDER_TAKE:
    case ORDER_RETRACT:
        return NULL;
    }
    CHECK(false);
    return NULL;
}

static bool
exists(const struct rules *rules, enum order_kind kind)
{
    return format_of(rules->format)->orders(rules) >> kind & 1;
}

const char *
lot_order_flaw(const struct rules *rules, const struct order *order)
{
    bool has_several = format_of(rules->format)->fields & RULE_SHARING;

    return exists(rules, order->kind) ? shape_flaw(order, has_several) : NULL;
}

/* ----------------------------------------------------------------- checks */

/** First moment at which the order is late. */
static struct instant
end_of(const struct lot *lot, enum order_kind kind)
{
    return kind == ORDER_REVEAL && rules_have_reveal(&lot->rules)
               ? lot->reveal_ends
               : lot->closes;
}

/** Steps 5 and 6 for a bidder's order. */
static enum verdict
check_order(const struct lot *lot, const struct bidder *bidder,
            enum order_kind kind, struct instant t)
{
    if (bidder->blocked || bidder->uid == lot->seller)
        return VERDICT_FORBIDDEN;
    if (lot->state == LOT_DRAFT || lot->state == LOT_SCHEDULED)
        return VERDICT_NOT_OPEN;
    if (lot_is_over(lot) || !instant_before(t, end_of(lot, kind)))
        return VERDICT_CLOSED;
    if (!exists(&lot->rules, kind) ||
        (kind == ORDER_REVEAL) != (lot->state == LOT_REVEAL))
        return VERDICT_STATE;
    CHECK(!instant_before(t, lot->rules.opens));
    return VERDICT_ACCEPTED;
}

static void
check_fields(const struct order *o)
{
    CHECK(o->quantity <= RULES_QUANTITY_MAX);
    if (o->kind != ORDER_WITHDRAW)
        CHECK(money_is_valid(o->amount));
    if (o->kind == ORDER_TAKE)
        CHECK(o->quantity > 0);
    if (o->kind == ORDER_COMMIT)
        CHECK(o->c != NULL);
    if (o->kind == ORDER_REVEAL)
        CHECK(o->nonce != NULL);
}

/* --------------------------------------------------------------- commands */

enum verdict
lot_order(struct lot *lot, struct book *book, const struct bidder *bidder,
          const struct order *order, struct instant t)
{
    enum verdict verdict = check_order(lot, bidder, order->kind, t);

    CHECK(order->kind != ORDER_RETRACT);
    check_fields(order);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    CHECK(lot_order_flaw(&lot->rules, order) == NULL);
    return format_of(lot->rules.format)->order(lot, book, bidder, order, t);
}

enum verdict
lot_publish(struct lot *lot, struct instant t)
{
    if (lot_is_over(lot) || !instant_before(t, lot->closes))
        return VERDICT_CLOSED;
    if (lot->state != LOT_DRAFT)
        return VERDICT_STATE;
    lot->state = LOT_SCHEDULED;
    lot->published = t;
    lot->version++;
    return VERDICT_ACCEPTED;
}

void
format_end(struct lot *lot, struct instant t)
{
    CHECK(lot->outcome != OUTCOME_NONE);
    CHECK((lot->outcome == OUTCOME_SOLD) == (lot->awards > 0));
    lot->state = LOT_CLOSED;
    lot->ended = t;
    lot->version++;
}

/** Whether somebody stands to lose when the lot is cancelled. */
static bool
has_bids(const struct lot *lot)
{
    return lot->leader != 0 || lot->awards > 0 ||
           (format_of(lot->rules.format)->replay == NULL && lot->bid_count > 0);
}

enum verdict
lot_cancel(struct lot *lot, bool is_by_admin, struct instant t)
{
    if (lot_is_over(lot) || (lot->state == LOT_OPEN || lot->state == LOT_REVEAL
                                 ? !instant_before(t, end_of(lot, ORDER_REVEAL))
                                 : false))
        return VERDICT_CLOSED;
    if (!is_by_admin &&
        (lot->state == LOT_REVEAL || (lot->state == LOT_OPEN && has_bids(lot))))
        return VERDICT_STATE;
    lot->leader = 0;
    lot->maximum = lot->price = money_of(0);
    lot->state = LOT_CANCELLED;
    lot->version++;
    return VERDICT_ACCEPTED;
}

/* ---------------------------------------------------------------- looking back
 */

/* docs/rules.md "Retraction". */
#define RETRACT_ALL_BEFORE_MS INT64_C(43200000) /* 12 h to the close */
#define RETRACT_LATEST_MS     INT64_C(3600000)  /* 1 h since the bid */

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
    enum verdict verdict = check_order(lot, bidder, ORDER_RETRACT, t);
    size_t latest;

    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    latest = latest_of(bids, count, bidder->uid);
    if (latest == count)
        return VERDICT_STATE;
    if (lot->closes.ms - t.ms <= RETRACT_ALL_BEFORE_MS &&
        t.ms - bids[latest].t.ms > RETRACT_LATEST_MS)
        return VERDICT_TOO_LATE;
    CHECK(lot_retract_bids(bids, count, bidder->uid, lot->closes, t));
    recompute(lot, bids, count);
    return VERDICT_ACCEPTED;
}

/** Void what a user has in the book; whether there was anything. */
static bool
void_entries(struct lot *lot, struct book *book, uint64_t uid)
{
    bool found = false;

    for (uint32_t at = book_first_of(book, uid); at != BOOK_NONE;
         at = book_next_of(book, at, uid)) {
        if (!entry_is_live(&book->entries[at]))
            continue;
        lot->bid_count--;
        book_change(book, at)->state = ENTRY_VOID;
        found = true;
    }
    lot->version += found;
    return found;
}

enum verdict
lot_void_user(struct lot *lot, struct book *book, uint64_t uid,
              struct past_bid *bids, size_t count, struct instant t)
{
    if (lot->state == LOT_DRAFT || lot->state == LOT_SCHEDULED)
        return VERDICT_NOT_OPEN;
    if (lot_is_over(lot) || !instant_before(t, end_of(lot, ORDER_REVEAL)))
        return VERDICT_CLOSED;
    if (format_of(lot->rules.format)->replay == NULL)
        return void_entries(lot, book, uid) ? VERDICT_ACCEPTED : VERDICT_STATE;
    if (latest_of(bids, count, uid) == count)
        return VERDICT_STATE;
    lot_void_bids(bids, count, uid);
    recompute(lot, bids, count);
    return VERDICT_ACCEPTED;
}
