/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "internal.h"

#include <string.h>

static void
each_status_has_the_exit_code_of_its_meaning(void)
{
    static const struct {
        int status;
        int code; /* as docs/man/auction.1 lists them */
    } rows[] = {{200, 0}, {201, 0}, {304, 0}, {301, 7}, {400, 7}, {403, 4},
                {404, 5}, {405, 7}, {408, 8}, {409, 6}, {410, 7}, {412, 6},
                {413, 7}, {415, 7}, {421, 7}, {422, 7}, {429, 8}, {431, 7},
                {500, 9}, {502, 9}, {503, 8}, {504, 9}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CU_ASSERT_EQUAL((int)outcome_of_status(rows[i].status), rows[i].code);
}

static void
a_problem_is_told_in_its_own_words(void)
{
    static const char body[] =
        "{\"title\":\"The bid is below the minimum\",\"code\":\"too-low\","
        "\"detail\":\"From 135.00 EUR.\",\"minimum_bid\":13500}";
    struct auction_result result;

    result_clear(&result);
    result.status = 409;
    CU_ASSERT_EQUAL(outcome_of_problem(&result, body, sizeof(body) - 1),
                    AUCTION_REFUSED);
    CU_ASSERT_STRING_EQUAL(result.code, "too-low");
    CU_ASSERT_STRING_EQUAL(result.message,
                           "The bid is below the minimum: From 135.00 EUR.");
    CU_ASSERT_EQUAL(result.minimum_bid, 13500);
}

static void
a_problem_without_a_body_names_its_status(void)
{
    struct auction_result result;

    result_clear(&result);
    result.status = 503;
    CU_ASSERT_EQUAL(outcome_of_problem(&result, NULL, 0), AUCTION_BUSY);
    CU_ASSERT_STRING_EQUAL(result.message,
                           "the server answered with status 503");
}

static void
pauses_double_to_their_bound_and_half_is_left_to_chance(void)
{
    CU_ASSERT_EQUAL(pause_ms(0, 100, 10000, 255), 100);
    CU_ASSERT_EQUAL(pause_ms(0, 100, 10000, 0), 50);
    CU_ASSERT_EQUAL(pause_ms(3, 100, 10000, 255), 800);
    CU_ASSERT_EQUAL(pause_ms(3, 100, 10000, 0), 400);
    CU_ASSERT_EQUAL(pause_ms(7, 100, 10000, 255), 10000);
    CU_ASSERT_EQUAL(pause_ms(2000000000, 100, 10000, 255), 10000);
    CU_ASSERT_EQUAL(pause_ms(0, 20000, 10000, 255), 10000);
}

/** The outcomes of attempts, in order; the last decides what is told. */
static enum auction_outcome
settled(const enum auction_outcome *outcomes, size_t count, bool *is_final_out)
{
    struct settling settling = {.was_sent = false};
    struct auction_result result;

    *is_final_out = false;
    result_clear(&result);
    for (size_t i = 0; i < count && !*is_final_out; i++) {
        result.outcome = outcomes[i];
        *is_final_out = settle(&settling, &result);
    }
    return result.outcome;
}

static void
a_command_that_may_have_been_done_stays_unknown(void)
{
    static const enum auction_outcome later[] = {
        AUCTION_NO_CONNECTION, AUCTION_NOT_ALLOWED, AUCTION_NOT_FOUND,
        AUCTION_REFUSED,       AUCTION_INVALID,     AUCTION_BUSY,
        AUCTION_UNKNOWN};
    bool is_final;

    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
        enum auction_outcome both[] = {AUCTION_UNKNOWN, later[i]};

        CU_ASSERT_EQUAL(settled(both, 2, &is_final), AUCTION_UNKNOWN);
        CU_ASSERT(!is_final);
    }
}

static void
a_command_that_was_surely_not_done_has_a_known_outcome(void)
{
    static const enum auction_outcome refused[] = {AUCTION_BUSY,
                                                   AUCTION_NOT_ALLOWED};
    static const enum auction_outcome busy[] = {AUCTION_BUSY, AUCTION_BUSY};
    bool is_final;

    CU_ASSERT_EQUAL(settled(refused, 2, &is_final), AUCTION_NOT_ALLOWED);
    CU_ASSERT(is_final);
    CU_ASSERT_EQUAL(settled(busy, 2, &is_final), AUCTION_BUSY);
    CU_ASSERT(!is_final);
}

static void
a_proven_answer_settles_what_was_unknown(void)
{
    struct settling settling = {.was_sent = true};
    struct auction_result result;

    result_clear(&result);
    result.outcome = AUCTION_REFUSED;
    result.is_verified = true;
    CU_ASSERT(settle(&settling, &result));
    CU_ASSERT_EQUAL(result.outcome, AUCTION_REFUSED);
}

SUITE("call", NULL, NULL, TEST(each_status_has_the_exit_code_of_its_meaning),
      TEST(a_problem_is_told_in_its_own_words),
      TEST(a_problem_without_a_body_names_its_status),
      TEST(pauses_double_to_their_bound_and_half_is_left_to_chance),
      TEST(a_command_that_may_have_been_done_stays_unknown),
      TEST(a_command_that_was_surely_not_done_has_a_known_outcome),
      TEST(a_proven_answer_settles_what_was_unknown))
