/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "cli.h"

/* 2026-11-24T12:00:00Z, by `date -u -d ... +%s` */
static const struct instant noon = {INT64_C(1795521600000)};

static int64_t
seconds_of(const char *text)
{
    int64_t seconds;

    return duration_parse(&seconds, text) ? seconds : -1;
}

static void
durations_have_units_and_may_be_added(void)
{
    CU_ASSERT_EQUAL(seconds_of("90"), 90);
    CU_ASSERT_EQUAL(seconds_of("90s"), 90);
    CU_ASSERT_EQUAL(seconds_of("3m"), 180);
    CU_ASSERT_EQUAL(seconds_of("2h30m"), 9000);
    CU_ASSERT_EQUAL(seconds_of("1d1h1m1s"), 90061);
    CU_ASSERT_EQUAL(seconds_of("0"), 0);
    CU_ASSERT_EQUAL(seconds_of("36525d"), INT64_C(3155760000));
}

static void
what_is_no_duration_is_refused(void)
{
    static const char *const bad[] = {
        "",   "s",   "-1", "+1",     "1.5h",       "1x",        "1h ",
        " 1", "1 h", "h1", "36526d", "9999999999", "999999999d"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_EQUAL(seconds_of(bad[i]), -1);
}

static void
a_time_is_from_now_or_rfc_3339(void)
{
    struct instant t;

    CU_ASSERT(when_parse(&t, "+2h30m", noon));
    CU_ASSERT_EQUAL(t.ms, noon.ms + 9000000);
    CU_ASSERT(when_parse(&t, "2026-11-24T13:00:00+01:00", instant_of(0)));
    CU_ASSERT_EQUAL(t.ms, noon.ms);
    CU_ASSERT(!when_parse(&t, "tomorrow", noon));
    CU_ASSERT(!when_parse(&t, "+", noon));
    CU_ASSERT(!when_parse(&t, "2h30m", noon));
    CU_ASSERT(!when_parse(&t, "2026-11-24 12:00", noon));
}

static void
numbers_are_digits_within_their_bounds(void)
{
    uint64_t id;
    int n;

    CU_ASSERT(id_parse(&id, "1042") && id == 1042);
    CU_ASSERT(!id_parse(&id, "0"));
    CU_ASSERT(!id_parse(&id, "07"));
    CU_ASSERT(!id_parse(&id, "7x"));
    CU_ASSERT(!id_parse(&id, "18446744073709551616"));
    CU_ASSERT(number_parse(&n, "200", 1, 200) && n == 200);
    CU_ASSERT(!number_parse(&n, "201", 1, 200));
    CU_ASSERT(!number_parse(&n, "0", 1, 200));
    CU_ASSERT(!number_parse(&n, "", 0, 200));
}

static void
a_request_key_may_be_a_uuid(void)
{
    char key[AUCTION_KEY_BYTES];

    CU_ASSERT(key_parse(key, "00112233-4455-6677-8899-AABBCCDDEEFF"));
    CU_ASSERT_STRING_EQUAL(key, "00112233445566778899aabbccddeeff");
    CU_ASSERT(!key_parse(key, "00112233445566778899aabbccddeef"));
    CU_ASSERT(!key_parse(key, "00112233445566778899aabbccddeeff0"));
    CU_ASSERT(!key_parse(key, "00112233445566778899aabbccddeefg"));
    CU_ASSERT(!key_parse(key, ""));
}

SUITE("when", NULL, NULL, TEST(durations_have_units_and_may_be_added),
      TEST(what_is_no_duration_is_refused),
      TEST(a_time_is_from_now_or_rfc_3339),
      TEST(numbers_are_digits_within_their_bounds),
      TEST(a_request_key_may_be_a_uuid))
