/* SPDX-License-Identifier: Apache-2.0 */
/* Worked by hand from docs/rules.md; the default table unless said. */
#include "auction/lot_fixture.h"
#include "tap.h"

enum { LONG = 1000000 };

static struct lot
open_lot(int64_t start)
{
    struct rules rules = fixture_rules(start, LONG);

    return fixture_lot(&rules);
}

/** User, maximum, expected leader and price; accepted. */
struct step {
    uint64_t uid;
    int64_t max;
    uint64_t leader;
    int64_t price;
};

static void
play(struct lot *lot, const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(fixture_bid(lot, steps[i].uid, steps[i].max, 100),
                        VERDICT_ACCEPTED);
        CU_ASSERT(fixture_stands(lot, steps[i].leader, steps[i].price));
    }
}

#define PLAY(lot, ...)                                                         \
    play(lot, (const struct step[]){__VA_ARGS__},                              \
         sizeof((const struct step[]){__VA_ARGS__}) / sizeof(struct step))

#define REFUSED(lot, uid, max, verdict)                                        \
    CU_ASSERT_EQUAL(fixture_bid(lot, uid, max, 100), VERDICT_##verdict)

static void
maxima_meet_one_step_above_the_second(void)
{
    struct lot lot = open_lot(10000);

    PLAY(&lot, {A, 15000, A, 10000}, {B, 12500, A, 12750}, {C, 13000, A, 13250},
         {D, 20000, D, 15250});
    fixture_close(&lot);
    CU_ASSERT_EQUAL(lot.outcome, OUTCOME_SOLD);
    CU_ASSERT_EQUAL(fixture_award(&lot, 0)->user, D);
    CU_ASSERT_EQUAL(fixture_award(&lot, 0)->amount.minor, 15250);
}

static void
a_price_is_capped_at_the_leaders_maximum(void)
{
    struct lot lot = open_lot(999);

    PLAY(&lot, {A, 1200, A, 999});
    CU_ASSERT_EQUAL(lot_min_next(&lot, lot.closes).minor, 1049);
    PLAY(&lot, {B, 1175, A, 1200});
    REFUSED(&lot, C, 1249, TOO_LOW);
    PLAY(&lot, {C, 1250, C, 1250});
}

static void
an_equal_maximum_does_not_take_the_lead(void)
{
    struct lot lot = open_lot(7000);

    PLAY(&lot, {A, 10000, A, 7000}, {B, 10000, A, 10000}, {A, 12000, A, 10000},
         {B, 10250, A, 10500});
    CU_ASSERT_EQUAL(lot_min_next(&lot, lot.closes).minor, 10750);
    lot = open_lot(1000);
    PLAY(&lot, {A, 5000, A, 1000}, {B, 5000, A, 5000}, {C, 5100, C, 5100});
}

static void
a_maximum_that_reaches_the_reserve_lifts_the_price(void)
{
    struct rules rules = fixture_rules(100000, LONG);
    struct lot lot;

    rules.reserve = money_of(1000000);
    lot = fixture_lot(&rules);
    PLAY(&lot, {E, 150000, E, 100000});
    CU_ASSERT_FALSE(lot_reserve_met(&lot));
    PLAY(&lot, {B, 1500000, B, 1000000});
    CU_ASSERT(lot_reserve_met(&lot));
    REFUSED(&lot, C, 1000000, TOO_LOW);
    PLAY(&lot, {C, 1010000, B, 1020000});
}

static void
a_reserve_not_reached_leaves_the_lot_unsold(void)
{
    struct rules rules = fixture_rules(1000, LONG);
    struct lot lot;

    rules.reserve = money_of(10000);
    lot = fixture_lot(&rules);
    PLAY(&lot, {A, 8000, A, 1000}, {B, 9000, B, 8100});
    fixture_close(&lot);
    CU_ASSERT_EQUAL(lot.outcome, OUTCOME_UNSOLD_RESERVE_NOT_MET);
    CU_ASSERT_EQUAL(lot.awards, 0);
}

static void
steps_grow_with_the_price(void)
{
    struct lot lot = open_lot(1);

    PLAY(&lot, {A, 99, A, 1});
    CU_ASSERT_EQUAL(lot_min_next(&lot, lot.closes).minor, 6);
    PLAY(&lot, {B, 104, B, 104});
    lot = open_lot(1);
    /* The second bid of a leader is a raise: the price stays. */
    PLAY(&lot, {A, 99, A, 1}, {B, 104, B, 104}, {B, 125, B, 104},
         {C, 499, C, 150}, {D, 523, D, 523}, {E, 10000, E, 573});
    lot = open_lot(500);
    PLAY(&lot, {A, 2499, A, 500}, {B, 5000, B, 2549});
    REFUSED(&lot, C, 2549, TOO_LOW);
    PLAY(&lot, {C, 9999, C, 5100});
    CU_ASSERT_EQUAL(lot_min_next(&lot, lot.closes).minor, 5200);
}

static void
a_table_may_have_a_single_row(void)
{
    struct rules rules = fixture_rules(300, LONG);
    struct lot lot;

    rules.increments[0].step = money_of(100);
    rules.increment_count = 1;
    lot = fixture_lot(&rules);
    PLAY(&lot, {A, 700, A, 300}, {B, 600, A, 700});
    CU_ASSERT_EQUAL(lot_min_next(&lot, lot.closes).minor, 800);
}

static void
a_leader_may_only_raise_its_maximum(void)
{
    struct lot lot = open_lot(1000);

    PLAY(&lot, {A, 5000, A, 1000});
    REFUSED(&lot, A, 5000, NOT_HIGHER);
    REFUSED(&lot, A, 4000, NOT_HIGHER);
    PLAY(&lot, {A, 5001, A, 1000});
    CU_ASSERT_EQUAL(lot.maximum.minor, 5001);
}

static void
without_proxy_the_bid_is_the_price(void)
{
    struct rules rules = fixture_rules(1000, LONG);
    struct lot lot;

    rules.proxy = false;
    lot = fixture_lot(&rules);
    REFUSED(&lot, A, 999, TOO_LOW);
    PLAY(&lot, {A, 3000, A, 3000});
    REFUSED(&lot, A, 9000, NOT_HIGHER);
    REFUSED(&lot, B, 3099, TOO_LOW);
    PLAY(&lot, {B, 3100, B, 3100});
}

static void
the_interval_is_half_open(void)
{
    struct rules rules = fixture_rules(1000, 200);
    struct lot lot;

    rules.opens = instant_of(100);
    lot = fixture_lot(&rules);
    CU_ASSERT_EQUAL(fixture_bid(&lot, A, 1000, 100), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(fixture_bid(&lot, B, 2000, 199), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(lot.closes.ms, 200);
    CU_ASSERT_EQUAL(fixture_bid(&lot, C, 9000, 200), VERDICT_CLOSED);
}

static void
a_seller_does_not_bid_even_when_closed(void)
{
    struct lot lot = open_lot(1000);

    REFUSED(&lot, SELLER, 5000, FORBIDDEN);
    fixture_close(&lot);
    REFUSED(&lot, SELLER, 1, FORBIDDEN);
    REFUSED(&lot, A, 1, CLOSED);
}

static void
a_raise_replaces_the_hold_of_the_same_lot(void)
{
    struct lot lot = open_lot(1000);
    struct bidder a = {.uid = A, .limit = {10000}};

    CU_ASSERT_EQUAL(fixture_bid_as(&lot, &a, 6000, 1), VERDICT_ACCEPTED);
    a.held = money_of(6000);
    CU_ASSERT_EQUAL(fixture_bid_as(&lot, &a, 10001, 2), VERDICT_CREDIT);
    CU_ASSERT_EQUAL(lot.maximum.minor, 6000);
    CU_ASSERT_EQUAL(fixture_bid_as(&lot, &a, 10000, 2), VERDICT_ACCEPTED);
}

static void
an_award_holds_its_price_until_paid(void)
{
    struct lot lot = open_lot(1000);
    uint64_t invoice = 0;
    uint32_t first, count;
    struct hold hold;

    PLAY(&lot, {A, 6000, A, 1000});
    lot_hold(&lot, &hold);
    CU_ASSERT(hold.user == A && hold.amount.minor == 6000);
    fixture_close(&lot);
    lot_hold(&lot, &hold);
    CU_ASSERT_EQUAL(hold.amount.minor, 0);
    CU_ASSERT_EQUAL(lot_entry_hold(&lot, fixture_award(&lot, 0)).minor, 1000);
    lot_invoice(&lot, fixture_book(), &invoice, &first, &count);
    CU_ASSERT_EQUAL(lot_pay(&lot, fixture_book(), B, 0), VERDICT_STATE);
    CU_ASSERT_EQUAL(lot_pay(&lot, fixture_book(), A, 1), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(lot.state, LOT_SETTLED);
    CU_ASSERT_EQUAL(lot_entry_hold(&lot, fixture_award(&lot, 0)).minor, 0);
    CU_ASSERT_EQUAL(lot_pay(&lot, fixture_book(), A, 1), VERDICT_CLOSED);
}

SUITE("english", NULL, NULL, TEST(maxima_meet_one_step_above_the_second),
      TEST(a_price_is_capped_at_the_leaders_maximum),
      TEST(an_equal_maximum_does_not_take_the_lead),
      TEST(a_maximum_that_reaches_the_reserve_lifts_the_price),
      TEST(a_reserve_not_reached_leaves_the_lot_unsold),
      TEST(steps_grow_with_the_price), TEST(a_table_may_have_a_single_row),
      TEST(a_leader_may_only_raise_its_maximum),
      TEST(without_proxy_the_bid_is_the_price), TEST(the_interval_is_half_open),
      TEST(a_seller_does_not_bid_even_when_closed),
      TEST(a_raise_replaces_the_hold_of_the_same_lot),
      TEST(an_award_holds_its_price_until_paid))
