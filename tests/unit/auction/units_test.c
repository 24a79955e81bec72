/* SPDX-License-Identifier: Apache-2.0 */
/* Dutch and uniform-price auctions; worked by hand from docs/rules.md. */
#include "auction/lot_fixture.h"
#include "tap.h"

enum { LONG = 1000000 };

/* ------------------------------------------------------------------ Dutch */

static struct lot
dutch_lot(int64_t start, int64_t floor_price, int64_t drop, int64_t interval,
          uint64_t quantity)
{
    struct rules rules = fixture_rules(start, 0);
    const char *field, *why;
    int64_t n = (start - floor_price + drop - 1) / drop;

    rules.format = FORMAT_DUTCH;
    rules.floor = money_of(floor_price);
    rules.drop = money_of(drop);
    rules.interval_ms = interval;
    rules.quantity = quantity;
    rules.closes = instant_of(interval * (n + 1));
    CU_ASSERT(rules_check(&rules, &field, &why));
    return fixture_lot(&rules);
}

static enum verdict
take(struct lot *lot, uint64_t uid, uint64_t quantity, int64_t limit,
     int64_t t_ms)
{
    struct order order = {
        .kind = ORDER_TAKE, .amount = money_of(limit), .quantity = quantity};

    return fixture_order(lot, uid, &order, t_ms);
}

/** Whether award i is that. */
static bool
has(const struct lot *lot, uint32_t i, uint64_t uid, uint64_t quantity,
    int64_t price)
{
    const struct entry *award = fixture_award(lot, i);

    return award->user == uid && award->quantity == quantity &&
           award->amount.minor == price;
}

static void
the_clock_stands_on_the_floor_for_one_interval(void)
{
    static const int64_t d1[] = {1000, 850, 700, 550, 400};
    static const int64_t d3[] = {10000, 8000, 6000, 4000, 2500};
    struct lot lot = dutch_lot(1000, 400, 150, 60, 10);

    CU_ASSERT_EQUAL(lot.closes.ms, 300);
    for (int64_t t = 0; t < 300; t++)
        CU_ASSERT_EQUAL(lot_min_next(&lot, instant_of(t)).minor, d1[t / 60]);
    CU_ASSERT_EQUAL(lot_clock_next(&lot, instant_of(59)).ms, 60);
    CU_ASSERT_EQUAL(lot_clock_next(&lot, instant_of(60)).ms, 120);
    CU_ASSERT_EQUAL(lot_clock_next(&lot, instant_of(240)).ms, 0);
    lot = dutch_lot(10000, 2500, 2000, 10, 5);
    CU_ASSERT_EQUAL(lot.closes.ms, 50);
    for (int64_t t = 0; t < 50; t++)
        CU_ASSERT_EQUAL(lot_min_next(&lot, instant_of(t)).minor, d3[t / 10]);
    CU_ASSERT_EQUAL(take(&lot, A, 5, 2500, 50), VERDICT_CLOSED);
    CU_ASSERT_EQUAL(take(&lot, A, 5, 2500, 49), VERDICT_ACCEPTED);
    CU_ASSERT(has(&lot, 0, A, 5, 2500));
    CU_ASSERT_EQUAL(lot.state, LOT_CLOSED);
}

static void
each_award_pays_the_price_of_its_moment(void)
{
    struct lot lot = dutch_lot(1000, 400, 150, 60, 10); /* D1 */

    CU_ASSERT_EQUAL(take(&lot, A, 3, 1000, 59), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(take(&lot, B, 4, 850, 60), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(take(&lot, C, 5, 700, 119), VERDICT_PRICE_ABOVE_LIMIT);
    CU_ASSERT_EQUAL(lot_stock(&lot), 3);
    CU_ASSERT_EQUAL(lot.state, LOT_OPEN);
    CU_ASSERT_EQUAL(take(&lot, C, 5, 850, 119), VERDICT_ACCEPTED);
    CU_ASSERT(has(&lot, 0, A, 3, 1000) && has(&lot, 1, B, 4, 850) &&
              has(&lot, 2, C, 3, 850));
    CU_ASSERT_EQUAL(lot.state, LOT_CLOSED);
    CU_ASSERT_EQUAL(lot.ended.ms, 119);
    CU_ASSERT_EQUAL(take(&lot, A, 1, 850, 120), VERDICT_CLOSED);
}

static void
all_or_none_is_not_filled_in_part(void)
{
    struct lot lot = dutch_lot(1000, 400, 150, 60, 10); /* D2 */
    struct order all = {.kind = ORDER_TAKE,
                        .amount = money_of(700),
                        .quantity = 7,
                        .all_or_none = true};

    CU_ASSERT_EQUAL(take(&lot, A, 4, 900, 30), VERDICT_PRICE_ABOVE_LIMIT);
    CU_ASSERT_EQUAL(take(&lot, A, 4, 900, 75), VERDICT_ACCEPTED);
    CU_ASSERT(has(&lot, 0, A, 4, 850));
    CU_ASSERT_EQUAL(fixture_order(&lot, B, &all, 130), VERDICT_STOCK);
    all.quantity = 6;
    CU_ASSERT_EQUAL(fixture_order(&lot, B, &all, 130), VERDICT_ACCEPTED);
    CU_ASSERT(has(&lot, 1, B, 6, 700));
    CU_ASSERT_EQUAL(lot.state, LOT_CLOSED);
    lot = dutch_lot(1000, 400, 150, 60, 10); /* D4 */
    CU_ASSERT_EQUAL(take(&lot, A, 1, 1000, 60), VERDICT_ACCEPTED);
    CU_ASSERT(has(&lot, 0, A, 1, 850));
}

static void
a_take_is_no_bid_that_could_be_voided(void)
{
    struct lot lot = dutch_lot(1000, 400, 150, 60, 10);

    CU_ASSERT_EQUAL(take(&lot, A, 4, 1000, 1), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(
        lot_void_user(&lot, fixture_book(), A, NULL, 0, instant_of(2)),
        VERDICT_STATE);
    CU_ASSERT_EQUAL(lot_stock(&lot), 6);
}

/* ---------------------------------------------------------------- uniform */

static struct lot
uniform_lot(uint64_t quantity, int64_t floor_price, enum rationing rationing,
            enum pricing pricing)
{
    struct rules rules = fixture_rules(0, LONG);
    const char *field, *why;

    rules.format = FORMAT_UNIFORM;
    rules.quantity = quantity;
    rules.floor = money_of(floor_price);
    rules.rationing = rationing;
    rules.pricing = pricing;
    CU_ASSERT(rules_check(&rules, &field, &why));
    return fixture_lot(&rules);
}

static uint64_t next_id;

static enum verdict
bid(struct lot *lot, uint64_t uid, uint64_t quantity, int64_t price,
    uint64_t replaces)
{
    struct order order = {.kind = ORDER_BID,
                          .id = ++next_id,
                          .bid = replaces,
                          .amount = money_of(price),
                          .quantity = quantity};

    return fixture_order(lot, uid, &order, 10);
}

struct row {
    uint64_t uid, quantity;
    int64_t price;
    uint64_t filled; /* expected */
};

static void
play(struct lot *lot, const struct row *rows, size_t count, int64_t price)
{
    uint64_t filled[16] = {0}, wanted[16] = {0};

    next_id = 0;
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(
            bid(lot, rows[i].uid, rows[i].quantity, rows[i].price, 0),
            VERDICT_ACCEPTED);
        wanted[rows[i].uid] += rows[i].filled;
    }
    fixture_close(lot);
    CU_ASSERT_EQUAL(lot->outcome, OUTCOME_SOLD);
    for (uint32_t i = 0; i < lot->due_count; i++) {
        CU_ASSERT_EQUAL(fixture_award(lot, i)->amount.minor, price);
        filled[fixture_award(lot, i)->user] += fixture_award(lot, i)->quantity;
    }
    for (size_t i = 0; i < 16; i++)
        CU_ASSERT_EQUAL(filled[i], wanted[i]);
}

#define PLAY(lot, price, ...)                                                  \
    play(&(lot), (const struct row[]){__VA_ARGS__},                            \
         sizeof((const struct row[]){__VA_ARGS__}) / sizeof(struct row),       \
         price)

static void
all_pay_the_marginal_price(void)
{
    const enum rationing time = RATIONING_TIME;
    const enum pricing lab = PRICING_LAB, hrb = PRICING_HRB;
    struct lot lot = uniform_lot(100, 500, time, lab); /* U1 */

    PLAY(lot, 600, {A, 10, 800, 10}, {B, 20, 700, 20}, {C, 75, 600, 70});
    lot = uniform_lot(100, 500, time, hrb);
    PLAY(lot, 600, {A, 10, 800, 10}, {B, 20, 700, 20}, {C, 75, 600, 70});
    lot = uniform_lot(5, 500, time, lab); /* U2 */
    PLAY(lot, 500, {A, 1, 500, 1}, {B, 1, 500, 1}, {C, 1, 800, 1},
         {D, 1, 900, 1});
    CU_ASSERT_EQUAL(lot.sold, 4);
    lot = uniform_lot(100, 500, time, lab); /* U6 */
    PLAY(lot, 600, {A, 10, 800, 10}, {B, 20, 700, 20}, {C, 70, 600, 70});
    lot = uniform_lot(100, 500, time, hrb);
    PLAY(lot, 500, {A, 10, 800, 10}, {B, 20, 700, 20}, {C, 70, 600, 70});
    lot = uniform_lot(100, 500, time, lab); /* U7 */
    PLAY(lot, 700, {A, 50, 800, 50}, {B, 50, 700, 50}, {C, 50, 600, 0});
    lot = uniform_lot(100, 500, time, hrb);
    PLAY(lot, 600, {A, 50, 800, 50}, {B, 50, 700, 50}, {C, 50, 600, 0});
}

static void
the_margin_is_shared_by_time_or_in_proportion(void)
{
    struct lot lot = uniform_lot(80, 500, RATIONING_TIME, PRICING_LAB); /* U3 */

    PLAY(lot, 800, {A, 40, 900, 40}, {B, 30, 800, 30}, {C, 20, 800, 10},
         {D, 25, 800, 0}, {E, 50, 700, 0});
    lot = uniform_lot(80, 500, RATIONING_PRORATA, PRICING_LAB);
    PLAY(lot, 800, {A, 40, 900, 40}, {B, 30, 800, 16}, {C, 20, 800, 11},
         {D, 25, 800, 13}, {E, 50, 700, 0});
    lot = uniform_lot(10, 500, RATIONING_PRORATA, PRICING_LAB); /* U4 */
    PLAY(lot, 500, {A, 10, 500, 4}, {B, 10, 500, 3}, {C, 10, 500, 3});
    lot = uniform_lot(11, 500, RATIONING_PRORATA, PRICING_LAB);
    PLAY(lot, 500, {A, 10, 500, 4}, {B, 10, 500, 4}, {C, 10, 500, 3});
}

static void
a_user_may_hold_several_bids(void)
{
    struct lot lot = uniform_lot(20, 75, RATIONING_TIME, PRICING_LAB); /* U5 */

    PLAY(lot, 75, {A, 5, 75, 3}, {B, 15, 75, 0}, {C, 17, 100, 17});
    lot = uniform_lot(20, 75, RATIONING_TIME, PRICING_LAB);
    PLAY(lot, 100, {A, 5, 75, 0}, {B, 15, 75, 0}, {C, 17, 100, 15},
         {A, 5, 125, 5});
    lot = uniform_lot(20, 75, RATIONING_TIME, PRICING_LAB);
    for (uint64_t i = 0; i < BOOK_BIDS_OF_USER_MAX; i++)
        CU_ASSERT_EQUAL(bid(&lot, A, 1, 100, 0), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(bid(&lot, A, 1, 100, 0), VERDICT_STATE);
    CU_ASSERT_EQUAL(bid(&lot, A, 1, 100, next_id - 1), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(bid(&lot, B, 1, 100, next_id), VERDICT_STATE);
    CU_ASSERT_EQUAL(lot.bid_count, BOOK_BIDS_OF_USER_MAX);
}

static void
a_bid_below_the_floor_or_above_the_stock_is_refused(void)
{
    struct lot lot = uniform_lot(8, 100, RATIONING_TIME, PRICING_LAB); /* U8 */

    CU_ASSERT_EQUAL(bid(&lot, B, 5, 90, 0), VERDICT_TOO_LOW);
    CU_ASSERT_EQUAL(bid(&lot, B, 9, 110, 0), VERDICT_STOCK);
    PLAY(lot, 100, {A, 5, 110, 5});
    CU_ASSERT_EQUAL(lot.sold, 5);
    lot = uniform_lot(8, 100, RATIONING_TIME, PRICING_LAB);
    fixture_close(&lot);
    CU_ASSERT_EQUAL(lot.outcome, OUTCOME_UNSOLD_NO_BIDS);
}

static void
replacing_and_withdrawing_end_before_the_close(void)
{
    struct rules rules = fixture_rules(0, LONG);
    struct order withdraw = {.kind = ORDER_WITHDRAW, .bid = 1};
    struct lot lot;

    rules.format = FORMAT_UNIFORM;
    rules.quantity = 10;
    rules.floor = money_of(100);
    rules.withdraw_until = instant_of(500);
    lot = fixture_lot(&rules);
    next_id = 0;
    CU_ASSERT_EQUAL(bid(&lot, A, 5, 200, 0), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(fixture_order(&lot, B, &withdraw, 499), VERDICT_STATE);
    CU_ASSERT_EQUAL(fixture_order(&lot, A, &withdraw, 500), VERDICT_TOO_LATE);
    CU_ASSERT_EQUAL(fixture_order(&lot, A, &withdraw, 499), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(fixture_order(&lot, A, &withdraw, 499), VERDICT_STATE);
    CU_ASSERT_EQUAL(bid(&lot, A, 5, 200, 0), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(fixture_book()->count, 1); /* in its own place */
}

/* ------------------------------------------------------------- settlement */

static void
what_is_not_paid_in_time_is_defaulted(void)
{
    struct rules rules = fixture_rules(0, LONG);
    struct lot lot;
    uint64_t last = 0;
    uint32_t first, count;

    rules.format = FORMAT_UNIFORM;
    rules.quantity = 100;
    rules.floor = money_of(100);
    rules.pay_within_ms = 1000;
    lot = fixture_lot(&rules);
    for (uint64_t uid = A; uid < A + 40; uid++)
        CU_ASSERT_EQUAL(bid(&lot, uid, 2, 200, 0), VERDICT_ACCEPTED);
    fixture_close(&lot);
    while (lot.invoiced < lot.due_count) {
        fixture_fire(&lot, TIMER_INVOICE);
        lot_invoice(&lot, fixture_book(), &last, &first, &count);
        CU_ASSERT(count > 0 && count <= LOT_STEP);
    }
    CU_ASSERT_EQUAL(last, 40);
    CU_ASSERT_EQUAL(lot_pay(&lot, fixture_book(), A + 30, 31),
                    VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(lot_pay(&lot, fixture_book(), A + 30, 31), VERDICT_STATE);
    CU_ASSERT_EQUAL(lot_correct(&lot, fixture_book(), 32, 41),
                    VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(lot_correct(&lot, fixture_book(), 32, 42), VERDICT_STATE);
    CU_ASSERT_EQUAL(lot_correct(&lot, fixture_book(), 41, 42), VERDICT_STATE);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(lot.state, LOT_CLOSED);
        fixture_fire(&lot, TIMER_PAY_DUE);
    }
    CU_ASSERT_EQUAL(lot.state, LOT_SETTLED); /* one has paid */
    CU_ASSERT_EQUAL(fixture_award(&lot, 39)->state, ENTRY_DEFAULTED);
    CU_ASSERT_EQUAL(fixture_award(&lot, 31)->state, ENTRY_CREDITED);
}

SUITE("units", NULL, NULL, TEST(the_clock_stands_on_the_floor_for_one_interval),
      TEST(each_award_pays_the_price_of_its_moment),
      TEST(all_or_none_is_not_filled_in_part),
      TEST(a_take_is_no_bid_that_could_be_voided),
      TEST(all_pay_the_marginal_price),
      TEST(the_margin_is_shared_by_time_or_in_proportion),
      TEST(a_user_may_hold_several_bids),
      TEST(a_bid_below_the_floor_or_above_the_stock_is_refused),
      TEST(replacing_and_withdrawing_end_before_the_close),
      TEST(what_is_not_paid_in_time_is_defaulted))
