/* SPDX-License-Identifier: Apache-2.0 */
#include "auction/lot_fixture.h"

#include <string.h>

enum { ENTRIES = 4096, HEADS = 64 };

static struct entry entries[ENTRIES];
static struct book_change changes[ENTRIES];
static uint32_t heads[HEADS];
static struct book the_book;

struct book *
fixture_book(void)
{
    the_book.change_count = 0;
    book_begin(&the_book);
    return &the_book;
}

struct rules
fixture_rules(int64_t start, int64_t closes_ms)
{
    struct rules rules = rules_default();

    memcpy(rules.currency, "EUR", sizeof("EUR"));
    rules.start_price = money_of(start);
    rules.closes = instant_of(closes_ms);
    return rules;
}

struct lot
fixture_lot(const struct rules *rules)
{
    const uint8_t nonce[LOT_NONCE_BYTES] = {0};
    struct lot lot;

    the_book = (struct book){.entries = entries,
                             .capacity = ENTRIES,
                             .heads = heads,
                             .head_count = HEADS,
                             .changes = changes,
                             .change_capacity = ENTRIES};
    book_reindex(&the_book);
    lot_init(&lot, 1, SELLER, rules, nonce);
    CHECK(lot_publish(&lot, rules->opens) == VERDICT_ACCEPTED);
    lot_fire(&lot, fixture_book(), TIMER_OPEN, rules->opens);
    return lot;
}

/** What the lot and its book hold of a user. */
static struct money
held_by(const struct lot *lot, uint64_t uid)
{
    struct money sum = {0};
    struct hold hold;

    lot_hold(lot, &hold);
    if (hold.user == uid)
        sum = hold.amount;
    for (uint32_t at = book_first_of(&the_book, uid); at != BOOK_NONE;
         at = book_next_of(&the_book, at, uid))
        sum.minor += lot_entry_hold(lot, &the_book.entries[at]).minor;
    return sum;
}

enum verdict
fixture_order(struct lot *lot, uint64_t uid, const struct order *order,
              int64_t t_ms)
{
    struct bidder bidder = {
        .uid = uid, .limit = {INT64_MAX}, .held = held_by(lot, uid)};

    return lot_order(lot, fixture_book(), &bidder, order, instant_of(t_ms));
}

enum verdict
fixture_bid_as(struct lot *lot, const struct bidder *bidder, int64_t max,
               int64_t t_ms)
{
    struct order order = {.kind = ORDER_BID, .amount = money_of(max)};

    return lot_order(lot, fixture_book(), bidder, &order, instant_of(t_ms));
}

enum verdict
fixture_bid(struct lot *lot, uint64_t uid, int64_t max, int64_t t_ms)
{
    struct bidder bidder = {
        .uid = uid, .limit = {INT64_MAX}, .held = held_by(lot, uid)};

    return fixture_bid_as(lot, &bidder, max, t_ms);
}

const struct entry *
fixture_award(const struct lot *lot, uint32_t i)
{
    CHECK(i < lot->due_count);
    return &the_book.entries[lot->due_first + i];
}

void
fixture_fire(struct lot *lot, enum timer timer)
{
    struct instant due;
    enum timer next;

    CHECK(lot_next_timer(lot, &due, &next) && next == timer);
    lot_fire(lot, fixture_book(), timer, due);
}

bool
fixture_stands(const struct lot *lot, uint64_t leader, int64_t price)
{
    return lot->leader == leader && lot->price.minor == price;
}

void
fixture_close(struct lot *lot)
{
    fixture_fire(lot, TIMER_CLOSE);
}
