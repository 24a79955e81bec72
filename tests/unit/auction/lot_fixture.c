/* SPDX-License-Identifier: Apache-2.0 */
#include "auction/lot_fixture.h"

#include <string.h>

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

    lot_init(&lot, 1, SELLER, rules, nonce);
    CHECK(lot_publish(&lot, rules->opens) == VERDICT_ACCEPTED);
    lot_fire(&lot, TIMER_OPEN, rules->opens);
    return lot;
}

enum verdict
fixture_bid(struct lot *lot, uint64_t uid, int64_t max, int64_t t_ms)
{
    struct bidder bidder = {.uid = uid, .limit = {INT64_MAX}};
    struct hold hold;

    lot_hold(lot, &hold);
    if (hold.user == uid)
        bidder.held = hold.amount;
    return lot_bid(lot, &bidder, money_of(max), instant_of(t_ms));
}

bool
fixture_stands(const struct lot *lot, uint64_t leader, int64_t price)
{
    return lot->leader == leader && lot->price.minor == price;
}

void
fixture_close(struct lot *lot)
{
    lot_fire(lot, TIMER_CLOSE, lot->closes);
}
