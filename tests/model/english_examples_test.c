/* SPDX-License-Identifier: Apache-2.0 */
/* Worked examples of English auctions: E1..E10, X1..X6, B1..B3, R1..R3. */
#include "example.h"

#include <string.h>

/** Play lines in a fresh auction, then let it close. */
static void
play(struct example *x, const struct naive_terms *terms, const char *lines)
{
    uint64_t id;

    example_begin(x);
    id = example_publish(x, terms);
    example_play(x, id, lines);
    example_at(x, id, terms->close / 1000 + 100000);
}

static void
play_english(struct example *x, const char *start, const char *lines)
{
    struct naive_terms terms = example_terms(NAIVE_ENGLISH, start, 3600);

    play(x, &terms, lines);
}

static void
e1_the_second_maximum_and_one_step(void)
{
    struct example x;

    play_english(&x, "100.00",
                 "A 150.00 => A 100.00 next 102.50\n"
                 "B 125.00 => A 127.50\n"
                 "C 130.00 => A 132.50 next 135.00\n"
                 "D 200.00 => D 152.50\n");
    example_sold(&x, 1, 'D', "152.50");
    example_end(&x);
}

static void
e2_capped_by_the_maximum(void)
{
    struct example x;

    play_english(&x, "9.99",
                 "A 12.00 => A 9.99 next 10.49\n"
                 "B 11.75 => A 12.00 next 12.50\n"
                 "C 12.49: TOO_LOW 12.50\n"
                 "C 12.50 => C 12.50\n");
    example_end(&x);
}

static void
e3_a_tie_and_an_own_raise(void)
{
    struct example x;

    play_english(&x, "70.00",
                 "A 100.00 => A 70.00\n"
                 "B 100.00 => A 100.00\n"
                 "A 120.00 => A 100.00\n"
                 "B 102.50 => A 105.00 next 107.50\n");
    example_end(&x);
}

static void
e4_the_reserve_lifts_the_price(void)
{
    struct naive_terms terms = example_terms(NAIVE_ENGLISH, "1000.00", 3600);
    struct example x;

    terms.reserve = cents("10000.00");
    play(&x, &terms,
         "E 1500.00 => E 1000.00\n"
         "P 15000.00 => P 10000.00 next 10100.00\n"
         "Q 10000.00: TOO_LOW 10100.00\n"
         "Q 10100.00 => P 10200.00\n");
    example_end(&x);
}

static void
e5_small_amounts(void)
{
    struct example x;

    play_english(&x, "0.01",
                 "A 0.99 => A 0.01 next 0.06\n"
                 "B 1.04 => B 1.04 next 1.29\n"
                 "B 1.25 => B 1.04\n"
                 "C 4.99 => C 1.50\n"
                 "D 5.23 => D 5.23 next 5.73\n"
                 "E 100.00 => E 5.73\n");
    example_end(&x);
}

static void
e6_a_reserve_that_is_not_met(void)
{
    struct naive_terms terms = example_terms(NAIVE_ENGLISH, "10.00", 3600);
    struct example x;

    terms.reserve = cents("100.00");
    play(&x, &terms,
         "A 80.00 => A 10.00\n"
         "B 90.00 => B 81.00\n");
    CU_ASSERT_EQUAL(x.auction.outcome, NAIVE_RESERVE_NOT_MET);
    CU_ASSERT_TRUE(naive_is_final(&x.auction));
    example_end(&x);
}

static void
e7_a_table_of_one_row(void)
{
    struct naive_terms terms = example_terms(NAIVE_ENGLISH, "3.00", 3600);
    struct example x;

    terms.steps = 1;
    terms.table[0] = (struct naive_step){0, 100};
    play(&x, &terms,
         "J 7.00 => J 3.00 next 4.00\n"
         "K 6.00 => J 7.00 next 8.00\n");
    example_end(&x);
}

static void
e8_the_step_is_that_of_the_lower_maximum(void)
{
    struct example x;

    play_english(&x, "5.00",
                 "A 24.99 => A 5.00\n"
                 "B 50.00 => B 25.49 next 26.49\n"
                 "C 25.49: TOO_LOW 26.49\n"
                 "C 99.99 => C 51.00 next 52.00\n");
    example_end(&x);
}

static void
e9_a_leader_may_only_raise(void)
{
    struct example x;

    play_english(&x, "10.00",
                 "A 50.00 => A 10.00\n"
                 "A 50.00: NOT_HIGHER\n"
                 "A 40.00: NOT_HIGHER\n"
                 "A 50.01 => A 10.00\n");
    example_end(&x);
}

static void
e10_the_third_wins(void)
{
    struct example x;

    play_english(&x, "10.00",
                 "A 50.00\n"
                 "B 50.00 => A 50.00\n"
                 "C 51.00 => C 51.00\n");
    example_sold(&x, 1, 'C', "51.00");
    example_end(&x);
}

/* ----------------------------------------------------------- soft close */

static struct naive_terms
soft(int64_t close, int64_t window, int64_t extension)
{
    struct naive_terms terms = example_terms(NAIVE_ENGLISH, "5.00", close);

    terms.window = window * 1000;
    terms.extension = extension * 1000;
    return terms;
}

static void
x1_each_late_bid_moves_the_end(void)
{
    struct naive_terms terms = soft(54000, 180, 180);
    struct example x;

    play(&x, &terms,
         "@53880 A 10.00 => A 5.00 close 54060\n"
         "@54000 B 12.00 => B 10.50 close 54180\n"
         "@54100 B 20.00 => B 10.50 close 54180\n"
         "@54170 A 11.00 => B 11.50 close 54350\n");
    example_end(&x);
}

static void
x2_never_past_the_hard_end(void)
{
    struct naive_terms terms = soft(3600, 60, 60);
    struct example x;

    terms.hard_end = 3700000;
    play(&x, &terms,
         "@3590 A 10.00 close 3650\n"
         "@3640 B 20.00 close 3700\n"
         "@3699 A 30.00 => A 20.50 close 3700\n"
         "@3700 B 90.00: CLOSED\n");
    example_sold(&x, 1, 'A', "20.50");
    example_end(&x);
}

static void
x3_neither_a_refusal_nor_a_hidden_raise_extends(void)
{
    struct naive_terms terms = soft(3600, 30, 90);
    struct example x;

    play(&x, &terms,
         "@100 A 10.00\n"
         "@3590 B 5.10: TOO_LOW 5.50; close 3600\n"
         "@3595 A 30.00 => A 5.00 close 3600\n"
         "@3599 B 15.00 => A 15.50 close 3689\n");
    example_end(&x);
}

static void
x4_x5_x6_the_edges_of_the_window(void)
{
    struct naive_terms terms = soft(28800, 300, 300);
    struct example x;

    play(&x, &terms, "@28620 A 10.00 close 28920\n");
    example_end(&x);
    terms = soft(3600, 300, 300);
    play(&x, &terms,
         "@3299 A 10.00 close 3600\n"
         "@3300 B 20.00 => B 10.50 close 3600\n");
    example_end(&x);
    terms = soft(3600, 0, 60);
    play(&x, &terms, "@3599 A 10.00 => A 5.00 close 3600\n");
    example_end(&x);
}

/* -------------------------------------------------------------- buy now */

static struct naive_terms
with_buy_now(const char *reserve)
{
    struct naive_terms terms = example_terms(NAIVE_ENGLISH, "10.00", 3600);

    terms.buy_now = cents("20.00");
    terms.reserve = cents(reserve);
    return terms;
}

static void
b1_a_bid_takes_buy_now_away(void)
{
    struct naive_terms terms = with_buy_now("0.00");
    struct example x;

    play(&x, &terms, "A 10.00\nC buy: STATE\n");
    example_end(&x);
}

static void
b2_not_while_the_reserve_is_not_met(void)
{
    struct naive_terms terms = with_buy_now("15.00");
    struct example x;

    play(&x, &terms, "A 12.00 => A 10.00\nC buy\n");
    example_sold(&x, 1, 'C', "20.00");
    CU_ASSERT_EQUAL(naive_exposure(x.naive, user('A')), 0);
    example_end(&x);
}

static void
b3_a_high_bid_is_no_purchase(void)
{
    struct naive_terms terms = with_buy_now("0.00");
    struct example x;

    play(&x, &terms,
         "A 25.00 => A 10.00\n"
         "C buy: STATE\n"
         "C 26.00 => C 26.00\n");
    example_end(&x);
}

/* ----------------------------------------------------------- retraction */

static struct naive_terms
retractable(void)
{
    struct naive_terms terms =
        example_terms(NAIVE_ENGLISH, "10.00", 48 * INT64_C(3600));

    terms.retraction = true;
    return terms;
}

static void
r1_a_raise_becomes_the_first_bid_again(void)
{
    struct naive_terms terms = retractable();
    struct example x;

    play(&x, &terms,
         "@0 A 50.00\n"
         "@3600 B 950.00 => B 51.00\n"
         "@7200 A 90.00 => B 91.00\n"
         "@10800 B retract => A 10.00\n");
    CU_ASSERT_EQUAL(x.auction.maximum, cents("90.00"));
    example_end(&x);
}

static void
r2_the_two_before(void)
{
    struct naive_terms terms = retractable();
    struct example x;

    play(&x, &terms,
         "@0 A 20.00\n"
         "@10 B 30.00\n"
         "@20 C 80.00 => C 31.00\n"
         "@30 C retract => B 20.50\n");
    example_end(&x);
}

static void
r3_within_the_hour(void)
{
    struct naive_terms terms = retractable();
    struct example x;

    play(&x, &terms,
         "@0 A 50.00\n"
         "@144000 B 900.00\n"
         "@147601 B retract: TOO_LATE\n");
    example_end(&x);
    play(&x, &terms,
         "@0 A 50.00\n"
         "@144000 B 900.00\n"
         "@147600 B retract => A 10.00\n");
    example_end(&x);
}

SUITE("model, English", NULL, NULL, TEST(e1_the_second_maximum_and_one_step),
      TEST(e2_capped_by_the_maximum), TEST(e3_a_tie_and_an_own_raise),
      TEST(e4_the_reserve_lifts_the_price), TEST(e5_small_amounts),
      TEST(e6_a_reserve_that_is_not_met), TEST(e7_a_table_of_one_row),
      TEST(e8_the_step_is_that_of_the_lower_maximum),
      TEST(e9_a_leader_may_only_raise), TEST(e10_the_third_wins),
      TEST(x1_each_late_bid_moves_the_end), TEST(x2_never_past_the_hard_end),
      TEST(x3_neither_a_refusal_nor_a_hidden_raise_extends),
      TEST(x4_x5_x6_the_edges_of_the_window), TEST(b1_a_bid_takes_buy_now_away),
      TEST(b2_not_while_the_reserve_is_not_met),
      TEST(b3_a_high_bid_is_no_purchase),
      TEST(r1_a_raise_becomes_the_first_bid_again), TEST(r2_the_two_before),
      TEST(r3_within_the_hour))
