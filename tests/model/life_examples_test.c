/* SPDX-License-Identifier: Apache-2.0 */
/* Worked examples of money and time: I1..I3, C1..C3, L1..L6. */
#include "example.h"

#include <stdlib.h>
#include <string.h>

static void
check_invoice(uint64_t quantity, const char *price, uint32_t premium_bp,
              uint32_t tax_bp, const char *const sums[4])
{
    struct naive_terms terms = {.premium_bp = premium_bp, .tax_bp = tax_bp};
    struct naive_invoice v = {0};

    naive_invoice_sum(&v, cents(price), quantity, &terms);
    CU_ASSERT_EQUAL(v.goods, cents(sums[0]));
    CU_ASSERT_EQUAL(v.premium, cents(sums[1]));
    CU_ASSERT_EQUAL(v.tax, cents(sums[2]));
    CU_ASSERT_EQUAL(v.total, cents(sums[3]));
}

static void
i1_i2_i3_premium_and_tax(void)
{
    static const char *const i1[] = {"123.45", "12.35", "27.16", "162.96"};
    static const char *const i2[] = {"420.00", "52.50", "94.50", "567.00"};
    static const char *const i3[] = {"5.97", "0.33", "0.35", "6.65"};

    check_invoice(1, "123.45", 1000, 2000, i1);
    check_invoice(70, "6.00", 1250, 2000, i2);
    check_invoice(3, "1.99", 550, 550, i3);
}

static void
set_limit(struct example *x, char who, const char *limit)
{
    struct naive_command c = {.kind = NAIVE_CREDIT,
                              .user = EXAMPLE_ADMIN,
                              .role = NAIVE_ADMIN,
                              .whom = user(who),
                              .limit = cents(limit)};

    EXPECT(ACCEPTED, example_do(x, c));
}

static void
c1_a_hold_in_one_auction_counts_in_another(void)
{
    struct naive_terms english = example_terms(NAIVE_ENGLISH, "10.00", 3600);
    struct naive_terms sealed = example_terms(NAIVE_SEALED, "10.00", 3600);
    struct naive_command commit = {.kind = NAIVE_COMMIT,
                                   .auction = 2,
                                   .user = user('A'),
                                   .cap = cents("60.00")};
    struct example x;

    example_begin(&x);
    set_limit(&x, 'A', "200.00");
    example_publish(&x, &english);
    example_publish(&x, &sealed);
    example_play(&x, 1, "A 150.00 => A 10.00\n");
    EXPECT(ERR_CREDIT, example_do(&x, commit));
    example_play(&x, 1, "B 200.00 => B 152.50\n");
    EXPECT(ACCEPTED, example_do(&x, commit));
    CU_ASSERT_EQUAL(naive_exposure(x.naive, user('A')), cents("60.00"));
    example_end(&x);
}

static void
c2_a_raise_replaces_its_own_hold(void)
{
    struct naive_terms terms = example_terms(NAIVE_ENGLISH, "10.00", 3600);
    struct example x;

    example_begin(&x);
    set_limit(&x, 'A', "100.00");
    example_publish(&x, &terms);
    example_play(&x, 1,
                 "A 60.00\n"
                 "A 100.01: CREDIT\n"
                 "A 100.00 => A 10.00\n"
                 "A 100.01: CREDIT\n");
    CU_ASSERT_EQUAL(x.auction.maximum, cents("100.00"));
    example_end(&x);
}

static void
c3_the_price_is_held_until_it_is_paid(void)
{
    struct naive_terms terms = example_terms(NAIVE_ENGLISH, "10.00", 3600);
    struct naive_command pay = {.kind = NAIVE_PAY,
                                .auction = 1,
                                .user = EXAMPLE_SELLER,
                                .role = NAIVE_SELLER,
                                .whom = user('A')};
    struct example x;

    example_begin(&x);
    example_publish(&x, &terms);
    example_play(&x, 1, "A 60.00\n");
    CU_ASSERT_EQUAL(naive_exposure(x.naive, user('A')), cents("60.00"));
    example_at(&x, 1, 3600);
    CU_ASSERT_EQUAL(naive_exposure(x.naive, user('A')), cents("10.00"));
    EXPECT(ACCEPTED, example_do(&x, pay));
    CU_ASSERT_EQUAL(naive_exposure(x.naive, user('A')), 0);
    CU_ASSERT_EQUAL(example_at(&x, 1, 3600)->state, NAIVE_SETTLED);
    example_end(&x);
}

/* ----------------------------------------------------------------- time */

static struct naive_terms
from_100_to_200(void)
{
    struct naive_terms terms = example_terms(NAIVE_ENGLISH, "5.00", 200);

    terms.open = 100000;
    return terms;
}

static void
l1_the_interval_is_half_open(void)
{
    struct naive_terms terms = from_100_to_200();
    struct example x;

    example_begin(&x);
    example_publish(&x, &terms);
    example_play(&x, 1,
                 "@99 A 10.00: NOT_OPEN\n"
                 "@100 A 10.00 => A 5.00\n"
                 "@199 B 20.00 => B 10.50\n"
                 "@200 C 50.00: CLOSED\n");
    example_end(&x);
}

static void
l2_a_repeated_request_is_answered_from_the_list(void)
{
    struct naive_terms terms = from_100_to_200();
    struct naive_command bid = {.kind = NAIVE_BID,
                                .auction = 1,
                                .user = user('A'),
                                .amount = cents("10.00"),
                                .request = {7}};
    struct example x;
    uint64_t seq;
    size_t lines;

    example_begin(&x);
    example_publish(&x, &terms);
    x.now = 150000;
    EXPECT(ACCEPTED, example_do(&x, bid));
    seq = x.line->seq;
    lines = naive_line_count(x.naive);
    x.now = 250000;
    EXPECT(ACCEPTED, example_do(&x, bid));
    CU_ASSERT_TRUE(x.line->is_replay);
    CU_ASSERT_EQUAL(x.line->seq, seq);
    CU_ASSERT_EQUAL(naive_line_count(x.naive), lines);
    bid.amount++;
    EXPECT(ERR_REUSED_ID, example_do(&x, bid));
    example_end(&x);
}

static void
l3_an_outage_moves_the_end(void)
{
    struct naive_terms terms = example_terms(NAIVE_ENGLISH, "5.00", 54000);
    struct naive_terms longer = example_terms(NAIVE_ENGLISH, "5.00", 55200);
    struct example x;

    terms.grace = longer.grace = 300000;
    example_begin(&x);
    example_publish(&x, &terms);
    example_publish(&x, &longer);
    naive_restart(x.naive, 53980000, 54240000);
    CU_ASSERT_EQUAL(example_at(&x, 1, 54240)->close, 54540000);
    CU_ASSERT_EQUAL(x.auction.state, NAIVE_OPEN);
    CU_ASSERT_EQUAL(example_at(&x, 2, 54240)->close, 55200000);
    example_end(&x);
}

static void
l4_timers_come_before_the_command_in_their_order(void)
{
    struct naive_terms later = example_terms(NAIVE_ENGLISH, "5.00", 150);
    struct naive_terms first = example_terms(NAIVE_ENGLISH, "5.00", 100);
    struct naive_invoice *series;
    struct example x;
    size_t count;

    example_begin(&x);
    example_publish(&x, &later);
    example_publish(&x, &first);
    example_play(&x, 1, "A 10.00\n");
    example_play(&x, 2, "B 10.00\n@200 C 50.00: CLOSED\n");
    CU_ASSERT_EQUAL(example_at(&x, 1, 200)->ended, 150000);
    CU_ASSERT_EQUAL(example_at(&x, 2, 200)->ended, 100000);
    series = naive_invoices(x.naive, &count);
    CU_ASSERT_EQUAL_FATAL(count, 2);
    CU_ASSERT_EQUAL(series[0].auction, 2);
    CU_ASSERT_EQUAL(series[1].auction, 1);
    free(series);
    example_end(&x);
}

static void
l5_time_does_not_go_back(void)
{
    struct naive_terms terms = from_100_to_200();
    struct example x;

    example_begin(&x);
    example_publish(&x, &terms);
    example_play(&x, 1, "@150 A 10.00\n@140 B 20.00 => B 10.50\n");
    CU_ASSERT_EQUAL(x.line->t, 150000);
    example_end(&x);
}

static void
l6_a_late_publication_opens_at_once(void)
{
    struct naive_terms terms = from_100_to_200();
    struct example x;

    example_begin(&x);
    x.now = 120000;
    example_publish(&x, &terms);
    CU_ASSERT_EQUAL(example_at(&x, 1, 120)->state, NAIVE_OPEN);
    example_play(&x, 1, "@120 A 10.00 => A 5.00\n");
    example_end(&x);
}

SUITE("model, money and time", NULL, NULL, TEST(i1_i2_i3_premium_and_tax),
      TEST(c1_a_hold_in_one_auction_counts_in_another),
      TEST(c2_a_raise_replaces_its_own_hold),
      TEST(c3_the_price_is_held_until_it_is_paid),
      TEST(l1_the_interval_is_half_open),
      TEST(l2_a_repeated_request_is_answered_from_the_list),
      TEST(l3_an_outage_moves_the_end),
      TEST(l4_timers_come_before_the_command_in_their_order),
      TEST(l5_time_does_not_go_back), TEST(l6_a_late_publication_opens_at_once))
