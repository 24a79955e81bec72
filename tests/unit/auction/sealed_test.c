/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed bids, first and second price; worked by hand from docs/rules.md. */
#include "auction/commitment.h"
#include "auction/lot_fixture.h"
#include "base/text.h"
#include "tap.h"

#include <string.h>

enum { CLOSE_MS = 1000, REVEAL_MS = 2000 };

static const uint8_t nonce_of[4][COMMITMENT_NONCE_BYTES] = {{1}, {2}, {3}, {4}};

static struct lot
sealed_lot(enum format_id format, int64_t start, int64_t reserve)
{
    struct rules rules = fixture_rules(start, CLOSE_MS);
    const char *field, *why;

    rules.format = format;
    rules.reserve = money_of(reserve);
    rules.reveal_ends = instant_of(REVEAL_MS);
    CU_ASSERT(rules_check(&rules, &field, &why));
    return fixture_lot(&rules);
}

/** Commit to an amount with a cap; the nonce is number `n`. */
static enum verdict
commit(struct lot *lot, uint64_t uid, uint64_t id, int64_t amount, int64_t cap,
       int n)
{
    uint8_t c[COMMITMENT_BYTES];
    struct opening opening = {lot->id, uid, 1, money_of(amount), nonce_of[n]};
    struct order order = {
        .kind = ORDER_COMMIT, .id = id, .amount = money_of(cap), .c = c};

    commitment_make(&opening, c);
    return fixture_order(lot, uid, &order, 10);
}

static enum verdict
reveal(struct lot *lot, uint64_t uid, int64_t amount, int n)
{
    struct order order = {
        .kind = ORDER_REVEAL, .amount = money_of(amount), .nonce = nonce_of[n]};

    return fixture_order(lot, uid, &order, CLOSE_MS + 10);
}

/** Who wins and at what price, when `amounts` of A, B, ... are revealed. */
static void
play(enum format_id format, int64_t start, int64_t reserve,
     const int64_t *amounts, struct lot *lot)
{
    *lot = sealed_lot(format, start, reserve);
    for (uint64_t i = 0; amounts[i] != 0; i++)
        CU_ASSERT_EQUAL(
            commit(lot, A + i, i + 1, amounts[i], amounts[i] + 5, 0),
            VERDICT_ACCEPTED);
    fixture_fire(lot, TIMER_CLOSE);
    CU_ASSERT_EQUAL(lot->state, LOT_REVEAL);
    for (uint64_t i = 0; amounts[i] != 0; i++)
        CU_ASSERT_EQUAL(reveal(lot, A + i, amounts[i], 0),
                        amounts[i] < start ? VERDICT_BAD_REVEAL
                                           : VERDICT_ACCEPTED);
    fixture_fire(lot, TIMER_REVEAL_END);
}

static bool
is_sold(const struct lot *lot, uint64_t user, int64_t price)
{
    return lot->outcome == OUTCOME_SOLD && lot->awards == 1 &&
           fixture_award(lot, 0)->user == user &&
           fixture_award(lot, 0)->amount.minor == price;
}

#define PLAY(format, start, reserve, lot, ...)                                 \
    play(FORMAT_##format, start, reserve, (const int64_t[]){__VA_ARGS__, 0},   \
         lot)

static void
an_equal_amount_wins_by_its_earlier_commitment(void)
{
    struct lot lot = sealed_lot(FORMAT_SEALED, 5000, 0); /* S1 */

    /* The book's order is not that of the numbers here. */
    CU_ASSERT_EQUAL(commit(&lot, A, 5, 20000, 20000, 0), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(commit(&lot, B, 3, 20000, 90000, 1), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(commit(&lot, C, 4, 15000, 15000, 2), VERDICT_ACCEPTED);
    fixture_fire(&lot, TIMER_CLOSE);
    CU_ASSERT_EQUAL(reveal(&lot, A, 20000, 0), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(reveal(&lot, C, 15000, 2), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(reveal(&lot, B, 20000, 1), VERDICT_ACCEPTED);
    fixture_fire(&lot, TIMER_REVEAL_END);
    CU_ASSERT(is_sold(&lot, B, 20000));
}

static void
first_price_pays_the_own_second_price_the_next(void)
{
    struct lot lot;

    PLAY(SEALED, 500, 0, &lot, 400, 900); /* S2 */
    CU_ASSERT(is_sold(&lot, B, 900));
    PLAY(VICKREY, 500, 0, &lot, 400, 900);
    CU_ASSERT(is_sold(&lot, B, 500));
    PLAY(SEALED, 50000, 0, &lot, 100000, 125000, 150000); /* S3 */
    CU_ASSERT(is_sold(&lot, C, 150000));
    PLAY(VICKREY, 50000, 0, &lot, 100000, 125000, 150000);
    CU_ASSERT(is_sold(&lot, C, 125000));
    PLAY(VICKREY, 5000, 0, &lot, 10000, 9000, 8500, 8000, 7500, 7000); /* V1 */
    CU_ASSERT(is_sold(&lot, A, 9000));
    PLAY(VICKREY, 5000, 0, &lot, 10000, 10000);
    CU_ASSERT(is_sold(&lot, A, 10000));
}

static void
a_reserve_is_the_least_that_a_second_price_pays(void)
{
    struct lot lot;

    PLAY(VICKREY, 5000, 12000, &lot, 20000); /* V2 */
    CU_ASSERT(is_sold(&lot, A, 12000));
    PLAY(VICKREY, 5000, 12000, &lot, 20000, 11000); /* V3 */
    CU_ASSERT(is_sold(&lot, A, 12000));
    PLAY(VICKREY, 5000, 12000, &lot, 11999, 11000); /* V4 */
    CU_ASSERT_EQUAL(lot.outcome, OUTCOME_UNSOLD_RESERVE_NOT_MET);
    PLAY(SEALED, 5000, 12000, &lot, 11999);
    CU_ASSERT_EQUAL(lot.outcome, OUTCOME_UNSOLD_RESERVE_NOT_MET);
}

static void
a_replacement_takes_a_new_number(void)
{
    struct lot lot = sealed_lot(FORMAT_SEALED, 5000, 0); /* S4 */

    CU_ASSERT_EQUAL(commit(&lot, A, 3, 9000, 9000, 0), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(commit(&lot, B, 5, 10000, 10000, 1), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(commit(&lot, A, 7, 10000, 10000, 2), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(lot.bid_count, 2);
    CU_ASSERT_EQUAL(fixture_book()->count, 2);
    fixture_fire(&lot, TIMER_CLOSE);
    CU_ASSERT_EQUAL(reveal(&lot, A, 9000, 0), VERDICT_BAD_REVEAL);
    CU_ASSERT_EQUAL(reveal(&lot, A, 10000, 2), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(reveal(&lot, A, 10000, 2), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(reveal(&lot, B, 10000, 1), VERDICT_ACCEPTED);
    fixture_fire(&lot, TIMER_REVEAL_END);
    CU_ASSERT(is_sold(&lot, B, 10000));
}

static void
another_users_commitment_cannot_be_opened(void)
{
    struct lot lot = sealed_lot(FORMAT_SEALED, 5000, 0); /* S5 */
    struct order copy = {
        .kind = ORDER_COMMIT, .id = 2, .amount = money_of(9000)};

    CU_ASSERT_EQUAL(commit(&lot, A, 1, 9000, 9000, 0), VERDICT_ACCEPTED);
    copy.c = fixture_book()->entries[0].c;
    CU_ASSERT_EQUAL(fixture_order(&lot, B, &copy, 20), VERDICT_ACCEPTED);
    fixture_fire(&lot, TIMER_CLOSE);
    CU_ASSERT_EQUAL(reveal(&lot, B, 9000, 0), VERDICT_BAD_REVEAL);
    CU_ASSERT_EQUAL(reveal(&lot, C, 9000, 0), VERDICT_BAD_REVEAL);
    CU_ASSERT_EQUAL(reveal(&lot, A, 9000, 0), VERDICT_ACCEPTED);
}

static void
an_amount_above_its_cap_is_not_revealed(void)
{
    struct lot lot = sealed_lot(FORMAT_SEALED, 5000, 0);

    CU_ASSERT_EQUAL(commit(&lot, A, 1, 9000, 8999, 0), VERDICT_ACCEPTED);
    fixture_fire(&lot, TIMER_CLOSE);
    CU_ASSERT_EQUAL(reveal(&lot, A, 9000, 0), VERDICT_BAD_REVEAL);
    fixture_fire(&lot, TIMER_REVEAL_END);
    CU_ASSERT_EQUAL(lot.outcome, OUTCOME_UNSOLD_NO_BIDS);
}

static void
each_phase_takes_its_own_commands(void)
{
    struct lot lot = sealed_lot(FORMAT_SEALED, 5000, 0);
    const struct order withdraw = {.kind = ORDER_WITHDRAW};
    const struct order bid = {.kind = ORDER_BID, .amount = money_of(5000)};
    struct order early = {
        .kind = ORDER_REVEAL, .amount = money_of(9000), .nonce = nonce_of[0]};
    struct order late = {
        .kind = ORDER_COMMIT, .amount = money_of(9000), .c = nonce_of[0]};

    CU_ASSERT_EQUAL(fixture_order(&lot, A, &withdraw, 5), VERDICT_STATE);
    CU_ASSERT_EQUAL(fixture_order(&lot, A, &bid, 5), VERDICT_STATE);
    CU_ASSERT_EQUAL(commit(&lot, A, 1, 9000, 9000, 0), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(fixture_order(&lot, A, &early, 20), VERDICT_STATE);
    CU_ASSERT_EQUAL(fixture_order(&lot, A, &withdraw, 30), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(lot.bid_count, 0);
    CU_ASSERT_EQUAL(commit(&lot, A, 2, 9000, 9000, 0), VERDICT_ACCEPTED);
    fixture_fire(&lot, TIMER_CLOSE);
    CU_ASSERT_EQUAL(fixture_order(&lot, A, &withdraw, 1500), VERDICT_CLOSED);
    CU_ASSERT_EQUAL(fixture_order(&lot, B, &late, 1500), VERDICT_CLOSED);
    CU_ASSERT_EQUAL(fixture_order(&lot, A, &early, REVEAL_MS), VERDICT_CLOSED);
    CU_ASSERT_EQUAL(reveal(&lot, A, 9000, 0), VERDICT_ACCEPTED);
}

static void
what_is_not_revealed_forfeits_its_bond(void)
{
    struct rules rules = fixture_rules(5000, CLOSE_MS);
    struct lot lot;
    uint64_t last = 7;
    uint32_t first, count;

    rules.format = FORMAT_VICKREY;
    rules.reveal_ends = instant_of(REVEAL_MS);
    rules.bond = money_of(700);
    rules.pay_within_ms = 100;
    lot = fixture_lot(&rules);
    CU_ASSERT_EQUAL(commit(&lot, A, 1, 9000, 9000, 0), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(commit(&lot, B, 2, 8000, 8000, 1), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(commit(&lot, C, 3, 9900, 500, 2), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(lot_entry_hold(&lot, &fixture_book()->entries[2]).minor,
                    700);
    fixture_fire(&lot, TIMER_CLOSE);
    CU_ASSERT_EQUAL(reveal(&lot, A, 9000, 0), VERDICT_ACCEPTED);
    fixture_fire(&lot, TIMER_REVEAL_END);
    CU_ASSERT(is_sold(&lot, A, 5000));
    CU_ASSERT_EQUAL(lot.due_count, 3);
    lot_invoice(&lot, fixture_book(), &last, &first, &count);
    CU_ASSERT(count == 3 && last == 10);
    CU_ASSERT_EQUAL(fixture_award(&lot, 1)->kind, ENTRY_FORFEIT);
    CU_ASSERT_EQUAL(fixture_award(&lot, 1)->invoice, 9);
    CU_ASSERT_EQUAL(lot_pay(&lot, fixture_book(), A, 0), VERDICT_ACCEPTED);
    CU_ASSERT_EQUAL(lot.state, LOT_SETTLED); /* the sale; bonds are still due */
    CU_ASSERT_EQUAL(lot_pay(&lot, fixture_book(), B, 0), VERDICT_ACCEPTED);
    fixture_fire(&lot, TIMER_PAY_DUE);
    CU_ASSERT_EQUAL(fixture_award(&lot, 2)->state, ENTRY_DEFAULTED);
    CU_ASSERT_EQUAL(lot.state, LOT_SETTLED);
    CU_ASSERT_EQUAL(lot_pay(&lot, fixture_book(), C, 0), VERDICT_CLOSED);
}

static void
a_commitment_has_the_published_bytes(void)
{
    uint8_t nonce[COMMITMENT_NONCE_BYTES], c[COMMITMENT_BYTES];
    char text[2 * COMMITMENT_BYTES + 1];
    struct opening opening = {1, 2, 1, money_of(15000), nonce};

    for (uint8_t i = 0; i < sizeof(nonce); i++)
        nonce[i] = i;
    commitment_make(&opening, c); /* H1 */
    CU_ASSERT_STRING_EQUAL(text_hex(text, c, sizeof(c)),
                           "f0a062820fb826341c57a6bfa3fc1c3e9589435883680d"
                           "60485c13b0fc79bb1b");
    memset(nonce, 0, sizeof(nonce));
    commitment_make(&opening, c); /* H2 */
    CU_ASSERT_STRING_EQUAL(text_hex(text, c, sizeof(c)),
                           "37324c7b4932844150a0bb4cc81cb41eda7a012d6e0407"
                           "86596843e59b6e8baf");
}

SUITE("sealed", NULL, NULL,
      TEST(an_equal_amount_wins_by_its_earlier_commitment),
      TEST(first_price_pays_the_own_second_price_the_next),
      TEST(a_reserve_is_the_least_that_a_second_price_pays),
      TEST(a_replacement_takes_a_new_number),
      TEST(another_users_commitment_cannot_be_opened),
      TEST(an_amount_above_its_cap_is_not_revealed),
      TEST(each_phase_takes_its_own_commands),
      TEST(what_is_not_revealed_forfeits_its_bond),
      TEST(a_commitment_has_the_published_bytes))
