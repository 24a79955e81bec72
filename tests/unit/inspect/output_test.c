/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small parts: cells of CSV, times, expressions, the sums of counters.
 */
#include "tap.h"

#include "../../../tools/audit/counters.h"
#include "../../../tools/audit/filter.h"
#include "../../../tools/audit/row.h"
#include "../../../tools/audit/when.h"

#include <string.h>

static bool
is_cell(const char *text, const char *wanted)
{
    struct buf out;
    bool is_same;

    buf_init(&out, 256);
    row_add_cell(&out, text, true);
    is_same = strcmp(out.bytes, wanted) == 0;
    buf_release(&out);
    return is_same;
}

static void
a_cell_is_quoted_and_no_formula(void)
{
    CU_ASSERT(is_cell("plain", "plain\r\n"));
    CU_ASSERT(is_cell("", "\r\n"));
    CU_ASSERT(is_cell("a,b", "\"a,b\"\r\n"));
    CU_ASSERT(is_cell("say \"x\"", "\"say \"\"x\"\"\"\r\n"));
    CU_ASSERT(is_cell("=1+1", "'=1+1\r\n"));
    CU_ASSERT(is_cell("+1", "'+1\r\n"));
    CU_ASSERT(is_cell("-1", "'-1\r\n"));
    CU_ASSERT(is_cell("@x", "'@x\r\n"));
    CU_ASSERT(is_cell("=a,b", "\"'=a,b\"\r\n"));
}

static bool
is_time(const char *text, int64_t ms)
{
    struct instant t;

    /* 2026-10-14T17:48:01Z */
    return when_parse(&t, text, instant_of(INT64_C(1792000081000))) == ERR_OK &&
           t.ms == ms;
}

static void
times_are_read_as_people_write_them(void)
{
    CU_ASSERT(is_time("now", INT64_C(1792000081000)));
    CU_ASSERT(is_time("-90s", INT64_C(1791999991000)));
    CU_ASSERT(is_time("-2h", INT64_C(1791992881000)));
    CU_ASSERT(is_time("today", INT64_C(1791936000000)));
    CU_ASSERT(is_time("yesterday", INT64_C(1791849600000)));
    CU_ASSERT(is_time("1970-01-02", 86400000));
    CU_ASSERT(is_time("1970-01-01T00:00:01.5Z", 1500));
    CU_ASSERT_FALSE(is_time("2h", 0));
    CU_ASSERT_FALSE(is_time("-2w", 0));
    CU_ASSERT_FALSE(is_time("tomorrow", 0));
}

static bool
matches(const char *expression, const struct record *record)
{
    static const char bytes[] = "{\"type\":\"bid.refused\"}";
    struct names names = {.list = NULL};
    struct filter *filter;
    bool is_match;

    CU_ASSERT_EQUAL_FATAL(filter_create(&filter, instant_of(0)), ERR_OK);
    CU_ASSERT_EQUAL(filter_add_expression(filter, expression), ERR_OK);
    is_match = filter_matches(filter, record, bytes, sizeof(bytes) - 1, &names);
    filter_destroy(&filter);
    return is_match;
}

static void
kinds_join_by_and_values_by_or(void)
{
    struct record record;

    record_init(&record, RECORD_BID_REFUSED);
    RECORD_SET(&record, seq, 7);
    RECORD_SET(&record, auction, 3);
    RECORD_SET(&record, max, 10000);
    RECORD_SET_TEXT(&record, reason, "ERR_TOO_LOW");
    CU_ASSERT(matches("", &record));
    CU_ASSERT(matches("type:bid.* auction:3", &record));
    CU_ASSERT_FALSE(matches("type:bid.* auction:4", &record));
    CU_ASSERT(matches("auction:4 auction:3", &record));
    CU_ASSERT_FALSE(matches("type:bid.* -reason:ERR_TOO_LOW", &record));
    CU_ASSERT(matches("-reason:ERR_CLOSED refused", &record));
    CU_ASSERT(matches("amount:>=10000", &record));
    CU_ASSERT_FALSE(matches("amount:>10000", &record));
    CU_ASSERT(matches("seq:5..7", &record));
    CU_ASSERT_FALSE(matches("seq:8", &record));
    CU_ASSERT(matches("grep:\"type.:.bid\"", &record));
}

static void
an_expression_that_is_none_is_refused(void)
{
    static const char *const wrong[] = {"colour:red",  "auction:x", "auction",
                                        "refused:yes", "amount:~5", "seq:5..",
                                        "fp:xyz",      "grep:(",    "type:\"a"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct filter *filter;
        CU_ASSERT_EQUAL_FATAL(filter_create(&filter, instant_of(0)), ERR_OK);
        CU_ASSERT_EQUAL(filter_add_expression(filter, wrong[i]), ERR_SYNTAX);
        filter_destroy(&filter);
    }
}

static const char *
count(struct counters *counters, int64_t aseq, bool may_skip)
{
    struct record record;
    const char *flaw;

    record_init(&record, RECORD_AUCTION_OPENED);
    RECORD_SET(&record, seq, 100);
    RECORD_SET(&record, auction, 5);
    RECORD_SET(&record, aseq, aseq);
    CU_ASSERT_EQUAL(counters_add(counters, &record, may_skip, &flaw), ERR_OK);
    return flaw;
}

static void
a_gap_in_an_auction_is_found(void)
{
    struct counters counters = {.auctions = {NULL, 0}};

    CU_ASSERT_PTR_NULL(count(&counters, 1, false));
    CU_ASSERT_PTR_NULL(count(&counters, 2, false));
    CU_ASSERT_PTR_NOT_NULL(count(&counters, 4, false));
    CU_ASSERT_PTR_NULL(count(&counters, 7, true)); /* what is withheld */
    CU_ASSERT_PTR_NOT_NULL(count(&counters, 7, true));
    counters_release(&counters);
}

SUITE("output", NULL, NULL, TEST(a_cell_is_quoted_and_no_formula),
      TEST(times_are_read_as_people_write_them),
      TEST(kinds_join_by_and_values_by_or),
      TEST(an_expression_that_is_none_is_refused),
      TEST(a_gap_in_an_auction_is_found))
