/* SPDX-License-Identifier: Apache-2.0 */
/* Worked examples of sealed auctions: S1..S5, V1..V4, H0..H2. */
#include "example.h"

#include <stdio.h>
#include <string.h>

static const uint8_t nonce[32] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                  11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                  22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

enum { CLOSE = 1000, REVEAL_END = 2000 };

static uint64_t
begin(struct example *x, enum naive_format format, const char *start,
      const char *reserve)
{
    struct naive_terms terms = example_terms(format, start, CLOSE);

    terms.reveal_end = REVEAL_END * 1000;
    terms.reserve = cents(reserve);
    example_begin(x);
    return example_publish(x, &terms);
}

/** Commit under a given number of the log. */
static void
commit(struct example *x, char who, const char *amount, uint64_t seq)
{
    struct naive_command c = {.kind = NAIVE_COMMIT,
                              .auction = 1,
                              .user = user(who),
                              .cap = cents("9999.00")};

    naive_commitment(c.c, 1, user(who), 1, cents(amount), nonce);
    x->request++;
    memcpy(c.request, &x->request, sizeof(x->request));
    x->line = naive_apply(x->naive, &c, x->now, seq);
    EXPECT(ACCEPTED, x->line->verdict);
}

static enum naive_verdict
reveal(struct example *x, char who, const char *amount)
{
    struct naive_command c = {.kind = NAIVE_REVEAL,
                              .auction = 1,
                              .user = user(who),
                              .amount = cents(amount)};

    memcpy(c.nonce, nonce, sizeof(nonce));
    return example_do(x, c);
}

/** A, B, C ... bid these amounts and open them in order. */
static void
all_bid(struct example *x, const char *const amounts[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        commit(x, (char)('A' + i), amounts[i], 0);
    example_at(x, 1, CLOSE);
    for (size_t i = 0; i < count; i++)
        EXPECT(ACCEPTED, reveal(x, (char)('A' + i), amounts[i]));
    example_at(x, 1, REVEAL_END);
}

static void
s1_a_tie_goes_to_the_earlier_commitment(void)
{
    struct example x;

    begin(&x, NAIVE_SEALED, "50.00", "0");
    commit(&x, 'B', "200.00", 3);
    commit(&x, 'C', "150.00", 4);
    commit(&x, 'A', "200.00", 5);
    example_at(&x, 1, CLOSE);
    EXPECT(ACCEPTED, reveal(&x, 'A', "200.00"));
    EXPECT(ACCEPTED, reveal(&x, 'C', "150.00"));
    EXPECT(ACCEPTED, reveal(&x, 'B', "200.00"));
    example_at(&x, 1, REVEAL_END);
    example_sold(&x, 1, 'B', "200.00");
    example_end(&x);
}

static void
s2_below_the_start_price_is_no_opening(void)
{
    static const enum naive_format formats[] = {NAIVE_SEALED, NAIVE_VICKREY};
    static const char *const pays[] = {"9.00", "5.00"};
    struct example x;

    for (size_t i = 0; i < 2; i++) {
        begin(&x, formats[i], "5.00", "0");
        commit(&x, 'A', "4.00", 0);
        commit(&x, 'B', "9.00", 0);
        example_at(&x, 1, CLOSE);
        EXPECT(ERR_BAD_REVEAL, reveal(&x, 'A', "4.00"));
        EXPECT(ACCEPTED, reveal(&x, 'B', "9.00"));
        example_at(&x, 1, REVEAL_END);
        example_sold(&x, 1, 'B', pays[i]);
        example_end(&x);
    }
}

static void
s3_first_and_second_price(void)
{
    static const char *const amounts[] = {"1000.00", "1250.00", "1500.00"};
    struct example x;

    begin(&x, NAIVE_SEALED, "500.00", "0");
    all_bid(&x, amounts, 3);
    example_sold(&x, 1, 'C', "1500.00");
    example_end(&x);
    begin(&x, NAIVE_VICKREY, "500.00", "0");
    all_bid(&x, amounts, 3);
    example_sold(&x, 1, 'C', "1250.00");
    example_end(&x);
}

static void
s4_a_replacement_is_later_and_the_first_is_void(void)
{
    struct example x;

    begin(&x, NAIVE_SEALED, "50.00", "0");
    commit(&x, 'A', "90.00", 3);
    commit(&x, 'B', "100.00", 5);
    commit(&x, 'A', "100.00", 7);
    example_at(&x, 1, CLOSE);
    EXPECT(ERR_BAD_REVEAL, reveal(&x, 'A', "90.00"));
    EXPECT(ACCEPTED, reveal(&x, 'A', "100.00"));
    EXPECT(ACCEPTED, reveal(&x, 'B', "100.00"));
    example_at(&x, 1, REVEAL_END);
    example_sold(&x, 1, 'B', "100.00");
    example_end(&x);
}

static void
s5_anothers_commitment_cannot_be_opened(void)
{
    struct naive_command copy = {.kind = NAIVE_COMMIT,
                                 .auction = 1,
                                 .user = user('B'),
                                 .cap = cents("9999.00")};
    struct example x;

    begin(&x, NAIVE_SEALED, "50.00", "0");
    commit(&x, 'A', "90.00", 0);
    naive_commitment(copy.c, 1, user('A'), 1, cents("90.00"), nonce);
    EXPECT(ACCEPTED, example_do(&x, copy));
    example_at(&x, 1, CLOSE);
    EXPECT(ERR_BAD_REVEAL, reveal(&x, 'B', "90.00"));
    example_end(&x);
}

static void
v1_the_winner_pays_the_second_amount(void)
{
    static const char *const amounts[] = {"100.00", "90.00", "85.00",
                                          "80.00",  "75.00", "70.00"};
    struct example x;

    begin(&x, NAIVE_VICKREY, "50.00", "0");
    all_bid(&x, amounts, 6);
    example_sold(&x, 1, 'A', "90.00");
    example_end(&x);
}

static void
v2_v3_v4_the_reserve_is_a_bid_of_the_seller(void)
{
    static const char *const one[] = {"200.00"};
    static const char *const two[] = {"200.00", "110.00"};
    static const char *const below[] = {"119.99", "110.00"};
    struct example x;

    begin(&x, NAIVE_VICKREY, "50.00", "120.00");
    all_bid(&x, one, 1);
    example_sold(&x, 1, 'A', "120.00");
    example_end(&x);
    begin(&x, NAIVE_VICKREY, "50.00", "120.00");
    all_bid(&x, two, 2);
    example_sold(&x, 1, 'A', "120.00");
    example_end(&x);
    begin(&x, NAIVE_VICKREY, "50.00", "120.00");
    all_bid(&x, below, 2);
    CU_ASSERT_EQUAL(x.auction.outcome, NAIVE_RESERVE_NOT_MET);
    example_end(&x);
}

/* --------------------------------------------------------------- hashes */

static void
check_hash(const uint8_t hash[32], const char *wanted)
{
    char text[65];

    for (int i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    CU_ASSERT_STRING_EQUAL(text, wanted);
}

static void
h0_h1_h2_the_bytes_that_are_hashed(void)
{
    static const uint8_t zeros[32];
    uint8_t hash[32];

    naive_reserve_commitment(hash, 1, cents("120.00"), nonce);
    check_hash(
        hash,
        "e27e6af3ccff40944a1b8d90039e9bf34d2d454bfac594ec69664be9d3b6afed");
    naive_commitment(hash, 1, 2, 1, 15000, nonce);
    check_hash(
        hash,
        "f0a062820fb826341c57a6bfa3fc1c3e9589435883680d60485c13b0fc79bb1b");
    naive_commitment(hash, 1, 2, 1, 15000, zeros);
    check_hash(
        hash,
        "37324c7b4932844150a0bb4cc81cb41eda7a012d6e040786596843e59b6e8baf");
}

SUITE("model, sealed", NULL, NULL,
      TEST(s1_a_tie_goes_to_the_earlier_commitment),
      TEST(s2_below_the_start_price_is_no_opening),
      TEST(s3_first_and_second_price),
      TEST(s4_a_replacement_is_later_and_the_first_is_void),
      TEST(s5_anothers_commitment_cannot_be_opened),
      TEST(v1_the_winner_pays_the_second_amount),
      TEST(v2_v3_v4_the_reserve_is_a_bid_of_the_seller),
      TEST(h0_h1_h2_the_bytes_that_are_hashed))
