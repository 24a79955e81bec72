/* SPDX-License-Identifier: Apache-2.0 */
/* Worked examples of several units: D1..D4 (Dutch), U1..U8 (uniform). */
#include "example.h"

#include <string.h>

static uint64_t
begin_dutch(struct example *x, const char *start, const char *floor,
            const char *drop, int64_t interval, uint64_t quantity)
{
    struct naive_terms terms = example_terms(NAIVE_DUTCH, start, 0);

    terms.floor = cents(floor);
    terms.drop = cents(drop);
    terms.interval = interval * 1000;
    terms.quantity = quantity;
    terms.close = naive_dutch_close(&terms);
    example_begin(x);
    return example_publish(x, &terms);
}

/** A take at a moment; its verdict. */
static enum naive_verdict
take(struct example *x, int64_t seconds, char who, uint64_t quantity,
     const char *limit, bool all_or_none)
{
    struct naive_command c = {.kind = NAIVE_TAKE,
                              .auction = 1,
                              .user = user(who),
                              .quantity = quantity,
                              .limit = cents(limit),
                              .all_or_none = all_or_none};

    x->now = seconds * 1000;
    return example_do(x, c);
}

/** The newest award. */
static void
got(struct example *x, char who, uint64_t quantity, const char *price)
{
    const struct naive_award *award;

    CU_ASSERT_TRUE_FATAL(naive_look(x->naive, 1, &x->auction));
    CU_ASSERT_TRUE_FATAL(x->auction.award_count > 0);
    award = &x->auction.awards[x->auction.award_count - 1];
    CU_ASSERT_EQUAL(award->user, user(who));
    CU_ASSERT_EQUAL(award->quantity, quantity);
    CU_ASSERT_EQUAL(award->price, cents(price));
}

static void
d1_the_clock_falls_and_the_stock_runs_out(void)
{
    static const char *const prices[] = {"10.00", "8.50", "7.00", "5.50",
                                         "4.00"};
    struct example x;

    begin_dutch(&x, "10.00", "4.00", "1.50", 60, 10);
    CU_ASSERT_EQUAL(example_at(&x, 1, 0)->close, 300000);
    for (int64_t k = 0; k < 5; k++)
        CU_ASSERT_EQUAL(naive_dutch_price(&x.auction.terms, k * 60000),
                        cents(prices[k]));
    EXPECT(ACCEPTED, take(&x, 59, 'A', 3, "10.00", false));
    got(&x, 'A', 3, "10.00");
    EXPECT(ACCEPTED, take(&x, 60, 'B', 4, "8.50", false));
    got(&x, 'B', 4, "8.50");
    EXPECT(ERR_PRICE_ABOVE_LIMIT, take(&x, 119, 'C', 5, "7.00", false));
    CU_ASSERT_EQUAL(x.line->detail, cents("8.50"));
    EXPECT(ACCEPTED, take(&x, 119, 'C', 5, "8.50", false));
    got(&x, 'C', 3, "8.50");
    CU_ASSERT_EQUAL(x.auction.state, NAIVE_CLOSED);
    CU_ASSERT_EQUAL(x.auction.outcome, NAIVE_SOLD);
    example_end(&x);
}

static void
d2_a_limit_and_all_or_none(void)
{
    struct example x;

    begin_dutch(&x, "10.00", "4.00", "1.50", 60, 10);
    EXPECT(ERR_PRICE_ABOVE_LIMIT, take(&x, 30, 'A', 4, "9.00", false));
    CU_ASSERT_EQUAL(x.line->detail, cents("10.00"));
    EXPECT(ACCEPTED, take(&x, 75, 'A', 4, "9.00", false));
    got(&x, 'A', 4, "8.50");
    EXPECT(ERR_STOCK, take(&x, 130, 'B', 7, "7.00", true));
    CU_ASSERT_EQUAL(x.line->detail, 6);
    EXPECT(ACCEPTED, take(&x, 130, 'B', 6, "7.00", true));
    got(&x, 'B', 6, "7.00");
    CU_ASSERT_EQUAL(x.auction.state, NAIVE_CLOSED);
    example_end(&x);
}

static void
d3_the_floor_stands_for_one_interval(void)
{
    static const char *const prices[] = {"100.00", "80.00", "60.00", "40.00",
                                         "25.00"};
    struct example x;

    begin_dutch(&x, "100.00", "25.00", "20.00", 10, 5);
    CU_ASSERT_EQUAL(example_at(&x, 1, 0)->close, 50000);
    for (int64_t k = 0; k < 5; k++)
        CU_ASSERT_EQUAL(naive_dutch_price(&x.auction.terms, k * 10000),
                        cents(prices[k]));
    EXPECT(ACCEPTED, take(&x, 49, 'A', 5, "25.00", false));
    got(&x, 'A', 5, "25.00");
    example_end(&x);
    begin_dutch(&x, "100.00", "25.00", "20.00", 10, 5);
    EXPECT(ERR_CLOSED, take(&x, 50, 'A', 5, "25.00", false));
    CU_ASSERT_EQUAL(example_at(&x, 1, 50)->outcome, NAIVE_NO_BIDS);
    example_end(&x);
}

static void
d4_executed_at_the_price_never_at_the_limit(void)
{
    struct example x;

    begin_dutch(&x, "10.00", "4.00", "1.50", 60, 10);
    EXPECT(ACCEPTED, take(&x, 60, 'A', 1, "10.00", false));
    got(&x, 'A', 1, "8.50");
    example_end(&x);
}

/* -------------------------------------------------------- uniform price */

struct demand {
    char who;
    uint64_t quantity;
    const char *price;
};

static struct naive_terms
uniform(uint64_t quantity, const char *floor)
{
    struct naive_terms terms = example_terms(NAIVE_UNIFORM, "0", 1000);

    terms.floor = cents(floor);
    terms.quantity = quantity;
    return terms;
}

static void
bid_all(struct example *x, const struct naive_terms *terms,
        const struct demand *demands, size_t count)
{
    example_begin(x);
    example_publish(x, terms);
    for (size_t i = 0; i < count; i++) {
        struct naive_command c = {.kind = NAIVE_BID,
                                  .auction = 1,
                                  .user = user(demands[i].who),
                                  .quantity = demands[i].quantity,
                                  .amount = cents(demands[i].price)};

        EXPECT(ACCEPTED, example_do(x, c));
    }
}

/** After the close these got that, in this order, all at one price. */
static void
check_awards(struct example *x, const char *price, const struct demand *wanted,
             size_t count)
{
    const struct naive_auction *a = example_at(x, 1, 1000);

    CU_ASSERT_EQUAL(a->outcome, NAIVE_SOLD);
    CU_ASSERT_EQUAL_FATAL(a->award_count, count);
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(a->awards[i].user, user(wanted[i].who));
        CU_ASSERT_EQUAL(a->awards[i].quantity, wanted[i].quantity);
        CU_ASSERT_EQUAL(a->awards[i].price, cents(price));
    }
    example_end(x);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
u1_the_marginal_bid_gets_the_rest(void)
{
    static const struct demand bids[] = {
        {'X', 10, "8.00"}, {'Y', 20, "7.00"}, {'Z', 75, "6.00"}};
    static const struct demand got_these[] = {
        {'X', 10, ""}, {'Y', 20, ""}, {'Z', 70, ""}};
    struct naive_terms terms = uniform(100, "5.00");
    struct example x;

    for (int hrb = 0; hrb < 2; hrb++) {
        terms.hrb = hrb == 1;
        bid_all(&x, &terms, bids, COUNT(bids));
        check_awards(&x, "6.00", got_these, COUNT(got_these));
    }
}

static void
u2_less_demand_than_stock_pays_the_floor(void)
{
    static const struct demand bids[] = {
        {'A', 1, "5.00"}, {'B', 1, "5.00"}, {'C', 1, "8.00"}, {'D', 1, "9.00"}};
    static const struct demand got_these[] = {
        {'D', 1, ""}, {'C', 1, ""}, {'A', 1, ""}, {'B', 1, ""}};
    struct naive_terms terms = uniform(5, "5.00");
    struct example x;

    bid_all(&x, &terms, bids, COUNT(bids));
    check_awards(&x, "5.00", got_these, COUNT(got_these));
}

static void
u3_by_time_and_in_proportion(void)
{
    static const struct demand bids[] = {{'A', 40, "9.00"},
                                         {'B', 30, "8.00"},
                                         {'C', 20, "8.00"},
                                         {'D', 25, "8.00"},
                                         {'E', 50, "7.00"}};
    static const struct demand by_time[] = {
        {'A', 40, ""}, {'B', 30, ""}, {'C', 10, ""}};
    static const struct demand shared[] = {
        {'A', 40, ""}, {'B', 16, ""}, {'C', 11, ""}, {'D', 13, ""}};
    struct naive_terms terms = uniform(80, "5.00");
    struct example x;

    bid_all(&x, &terms, bids, COUNT(bids));
    check_awards(&x, "8.00", by_time, COUNT(by_time));
    terms.prorata = true;
    bid_all(&x, &terms, bids, COUNT(bids));
    check_awards(&x, "8.00", shared, COUNT(shared));
}

static void
u4_remainders_go_to_the_largest_then_the_earliest(void)
{
    static const struct demand bids[] = {
        {'A', 10, "5.00"}, {'B', 10, "5.00"}, {'C', 10, "5.00"}};
    static const struct demand ten[] = {
        {'A', 4, ""}, {'B', 3, ""}, {'C', 3, ""}};
    static const struct demand eleven[] = {
        {'A', 4, ""}, {'B', 4, ""}, {'C', 3, ""}};
    struct naive_terms terms = uniform(10, "5.00");
    struct example x;

    terms.prorata = true;
    bid_all(&x, &terms, bids, COUNT(bids));
    check_awards(&x, "5.00", ten, COUNT(ten));
    terms.quantity = 11;
    bid_all(&x, &terms, bids, COUNT(bids));
    check_awards(&x, "5.00", eleven, COUNT(eleven));
}

static void
u5_a_second_bid_of_one_user(void)
{
    static const struct demand bids[] = {{'P', 5, "0.75"},
                                         {'R', 15, "0.75"},
                                         {'T', 17, "1.00"},
                                         {'P', 5, "1.25"}};
    static const struct demand three[] = {{'T', 17, ""}, {'P', 3, ""}};
    static const struct demand four[] = {{'P', 5, ""}, {'T', 15, ""}};
    struct naive_terms terms = uniform(20, "0.75");
    struct example x;

    bid_all(&x, &terms, bids, 3);
    check_awards(&x, "0.75", three, COUNT(three));
    bid_all(&x, &terms, bids, 4);
    check_awards(&x, "1.00", four, COUNT(four));
}

static void
u6_u7_the_highest_rejected_bid(void)
{
    static const struct demand exact[] = {
        {'X', 10, "8.00"}, {'Y', 20, "7.00"}, {'Z', 70, "6.00"}};
    static const struct demand fifty[] = {
        {'X', 50, "8.00"}, {'Y', 50, "7.00"}, {'Z', 50, "6.00"}};
    struct naive_terms terms = uniform(100, "5.00");
    struct example x;

    bid_all(&x, &terms, exact, 3);
    check_awards(&x, "6.00", exact, 3);
    bid_all(&x, &terms, fifty, 3);
    check_awards(&x, "7.00", fifty, 2);
    terms.hrb = true;
    bid_all(&x, &terms, exact, 3);
    check_awards(&x, "5.00", exact, 3);
    bid_all(&x, &terms, fifty, 3);
    check_awards(&x, "6.00", fifty, 2);
}

static void
u8_below_the_floor_is_refused(void)
{
    static const struct demand bids[] = {{'A', 5, "1.10"}};
    struct naive_terms terms = uniform(8, "1.00");
    struct naive_command low = {.kind = NAIVE_BID,
                                .auction = 1,
                                .user = user('B'),
                                .quantity = 1,
                                .amount = cents("0.90")};
    struct example x;

    bid_all(&x, &terms, bids, 1);
    EXPECT(ERR_TOO_LOW, example_do(&x, low));
    check_awards(&x, "1.00", bids, 1);
}

SUITE("model, several units", NULL, NULL,
      TEST(d1_the_clock_falls_and_the_stock_runs_out),
      TEST(d2_a_limit_and_all_or_none),
      TEST(d3_the_floor_stands_for_one_interval),
      TEST(d4_executed_at_the_price_never_at_the_limit),
      TEST(u1_the_marginal_bid_gets_the_rest),
      TEST(u2_less_demand_than_stock_pays_the_floor),
      TEST(u3_by_time_and_in_proportion),
      TEST(u4_remainders_go_to_the_largest_then_the_earliest),
      TEST(u5_a_second_bid_of_one_user), TEST(u6_u7_the_highest_rejected_bid),
      TEST(u8_below_the_floor_is_refused))
