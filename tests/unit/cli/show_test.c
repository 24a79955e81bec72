/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "cli.h"

static void
amounts_have_the_decimals_of_their_currency(void)
{
    char text[CLI_AMOUNT_BYTES];

    CU_ASSERT_STRING_EQUAL(amount_text(text, 12500, "EUR"), "125.00 EUR");
    CU_ASSERT_STRING_EQUAL(amount_text(text, 12500, "JPY"), "12500 JPY");
    CU_ASSERT_STRING_EQUAL(amount_text(text, 5, "BHD"), "0.005 BHD");
    CU_ASSERT_STRING_EQUAL(amount_text(text, 5, NULL), "5 minor units");
    CU_ASSERT_STRING_EQUAL(amount_text(text, 5, "???"), "5 minor units");
    CU_ASSERT_STRING_EQUAL(amount_bare(text, 12750, "EUR"), "127.50");
}

/* U+202E turns the direction of writing; C1 controls begin with c2. */
static void
untrusted_text_cannot_steer_a_terminal(void)
{
    CU_ASSERT_STRING_EQUAL(plain("Zo\xc3\xab \xe2\x82\xac"),
                           "Zo\xc3\xab \xe2\x82\xac");
    CU_ASSERT_STRING_EQUAL(plain("\033[2J\a\x7f\n"), "\\x1b[2J\\x07\\x7f\\x0a");
    CU_ASSERT_STRING_EQUAL(plain("\xc2\x9b"
                                 "31m"),
                           "\\xc2\\x9b31m");
    CU_ASSERT_STRING_EQUAL(plain("a\xe2\x80\xae"
                                 "b"),
                           "a\\xe2\\x80\\xaeb");
    CU_ASSERT_STRING_EQUAL(plain("\xe2\x81\xa6"), "\\xe2\\x81\\xa6");
    CU_ASSERT_STRING_EQUAL(plain("\xe2"), "\xe2"); /* cut short */
}

static void
several_texts_may_stand_in_one_line(void)
{
    const char *a = plain("a"), *b = plain("b");

    CU_ASSERT_STRING_EQUAL(a, "a");
    CU_ASSERT_STRING_EQUAL(b, "b");
}

static void
durations_are_told_in_whole_units(void)
{
    char text[64];

    CU_ASSERT_STRING_EQUAL(duration_text(text, 0), "0 s");
    CU_ASSERT_STRING_EQUAL(duration_text(text, 180), "3 min");
    CU_ASSERT_STRING_EQUAL(duration_text(text, 90061), "1 d 1 h 1 min 1 s");
}

/** Bars run from U+2581 to U+2588; equal values are of one middle height. */
static void
prices_become_bars(void)
{
    static const int64_t rising[] = {0, 1, 2, 3, 4, 5, 6, 7};
    static const int64_t level[] = {5, 5};
    int64_t many[1000];
    char text[SPARK_BYTES];

    CU_ASSERT_STRING_EQUAL(spark_text(text, rising, 8),
                           "\xe2\x96\x81\xe2\x96\x82\xe2\x96\x83\xe2\x96"
                           "\x84\xe2\x96\x85\xe2\x96\x86\xe2\x96\x87\xe2\x96"
                           "\x88");
    CU_ASSERT_STRING_EQUAL(spark_text(text, level, 2),
                           "\xe2\x96\x84\xe2\x96\x84");
    CU_ASSERT_STRING_EQUAL(spark_text(text, level, 0), "");
    for (int i = 0; i < 1000; i++)
        many[i] = i == 500 ? 1000000000000000 : 1;
    CU_ASSERT_EQUAL(strlen(spark_text(text, many, 1000)), 3 * SPARK_BARS);
    CU_ASSERT(strstr(text, "\xe2\x96\x88") != NULL);
}

SUITE("show", NULL, NULL, TEST(amounts_have_the_decimals_of_their_currency),
      TEST(untrusted_text_cannot_steer_a_terminal),
      TEST(several_texts_may_stand_in_one_line),
      TEST(durations_are_told_in_whole_units), TEST(prices_become_bars))
