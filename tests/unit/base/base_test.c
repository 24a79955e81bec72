/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "base/buf.h"
#include "base/instant.h"
#include "base/money.h"
#include "base/text.h"

#include <string.h>

static bool
money_is(const char *text, int decimals, int64_t minor)
{
    struct money m;

    return money_parse(&m, text, strlen(text), decimals) == ERR_OK &&
           m.minor == minor;
}

static bool
money_refused(const char *text, int decimals)
{
    struct money m;

    return money_parse(&m, text, strlen(text), decimals) == ERR_SYNTAX;
}

static void
amounts_are_read_as_people_write_them(void)
{
    CU_ASSERT(money_is("12", 2, 1200));
    CU_ASSERT(money_is("12.5", 2, 1250));
    CU_ASSERT(money_is("12.50", 2, 1250));
    CU_ASSERT(money_is("0.01", 2, 1));
    CU_ASSERT(money_is("500", 0, 500));
    CU_ASSERT(money_is("1.005", 3, 1005));
    CU_ASSERT(money_is("10000000000000.00", 2, MONEY_MAX));
}

static void
amounts_of_any_other_form_are_refused(void)
{
    const char *bad[] = {"",      "-1",    "+1",  " 1",   "1 ",  "1e3",
                         "1,000", "1.",    ".5",  "1.2.", "0",   "0.00",
                         "0.001", "1.005", "abc", "1..2", "0x1", "12\n"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT(money_refused(bad[i], 2));
    CU_ASSERT(money_refused("1.0", 0));
    CU_ASSERT(money_refused("10000000000000.01", 2));
    CU_ASSERT(money_refused("99999999999999999999999999", 2));
}

static void
amounts_are_written_in_major_units(void)
{
    char text[MONEY_TEXT_BYTES];

    CU_ASSERT_STRING_EQUAL(money_format(text, money_of(12500), 2), "125.00");
    CU_ASSERT_STRING_EQUAL(money_format(text, money_of(5), 2), "0.05");
    CU_ASSERT_STRING_EQUAL(money_format(text, money_of(5), 0), "5");
    CU_ASSERT_STRING_EQUAL(money_format(text, money_of(1234), 3), "1.234");
}

static void
currencies_know_their_decimals(void)
{
    CU_ASSERT_EQUAL(money_decimals("EUR"), 2);
    CU_ASSERT_EQUAL(money_decimals("JPY"), 0);
    CU_ASSERT_EQUAL(money_decimals("KWD"), 3);
    CU_ASSERT_EQUAL(money_decimals("eur"), -1);
    CU_ASSERT_EQUAL(money_decimals("EURO"), -1);
    CU_ASSERT_EQUAL(money_decimals("UR "), -1);
}

static int64_t
instant_ms(const char *text)
{
    struct instant t;

    return instant_parse(&t, text, strlen(text)) == ERR_OK ? t.ms : -1;
}

static void
instants_are_read_and_written_in_rfc_3339(void)
{
    char text[INSTANT_TEXT_BYTES];

    /* date -u -d @1792000000 says 2026-10-14T17:46:40 */
    CU_ASSERT_EQUAL(instant_ms("2026-10-14T17:46:40Z"), 1792000000000);
    CU_ASSERT_EQUAL(instant_ms("2026-10-14T19:46:40.5+02:00"), 1792000000500);
    CU_ASSERT_EQUAL(instant_ms("1970-01-01T00:00:00.001Z"), 1);
    CU_ASSERT_EQUAL(instant_ms("2000-02-29T00:00:00Z"), 951782400000);
    CU_ASSERT_STRING_EQUAL(instant_format(text, instant_of(1792000000123)),
                           "2026-10-14T17:46:40.123Z");
    CU_ASSERT_STRING_EQUAL(instant_format(text, instant_of(951782400000)),
                           "2000-02-29T00:00:00.000Z");
}

static void
instants_that_do_not_exist_are_refused(void)
{
    const char *bad[] = {"2026-02-29T00:00:00Z",  "2026-13-01T00:00:00Z",
                         "2026-10-14T24:00:00Z",  "2026-10-14T17:46:60Z",
                         "2026-10-14 17:46:40Z",  "2026-10-14T17:46:40",
                         "2026-10-14T17:46:40.Z", "2026-10-14T17:46:40Zx",
                         "1969-12-31T23:59:59Z",  "+026-10-14T17:46:40Z"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_EQUAL(instant_ms(bad[i]), -1);
}

static void
base64_follows_the_vectors_of_rfc_4648(void)
{
    const char *plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
    const char *coded[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                           "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    char text[TEXT_BASE64_BYTES(6)], back[8];
    size_t size;

    for (size_t i = 0; i < 7; i++) {
        text_base64(text, plain[i], strlen(plain[i]));
        CU_ASSERT_STRING_EQUAL(text, coded[i]);
        CU_ASSERT(text_unbase64(back, sizeof(back), &size, coded[i],
                                strlen(coded[i])));
        CU_ASSERT_EQUAL(size, strlen(plain[i]));
        CU_ASSERT_EQUAL(memcmp(back, plain[i], size), 0);
    }
}

static void
base64_with_a_second_spelling_is_refused(void)
{
    const char *bad[] = {"Zh==", "Zm9=", "Zg=",      "Zg",   "Zg==\n",
                         "Z===", "====", "Zg==Zg==", "Zm 9", "_m8="};
    char back[16];
    size_t size;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_FALSE(
            text_unbase64(back, sizeof(back), &size, bad[i], strlen(bad[i])));
    CU_ASSERT_FALSE(text_unbase64(back, 2, &size, "Zm9v", 4));
}

static void
hex_is_lower_case_and_of_exact_length(void)
{
    unsigned char bytes[2];
    char text[5];

    CU_ASSERT(text_unhex(bytes, 2, "00ff", 4));
    CU_ASSERT_STRING_EQUAL(text_hex(text, bytes, 2), "00ff");
    CU_ASSERT_FALSE(text_unhex(bytes, 2, "00FF", 4));
    CU_ASSERT_FALSE(text_unhex(bytes, 2, "00f", 3));
    CU_ASSERT_FALSE(text_unhex(bytes, 2, "00fg", 4));
}

static void
decimal_numbers_have_one_spelling(void)
{
    uint64_t v;

    CU_ASSERT(text_u64(&v, "18446744073709551615", 20) && v == UINT64_MAX);
    CU_ASSERT(text_u64(&v, "0", 1) && v == 0);
    CU_ASSERT_FALSE(text_u64(&v, "18446744073709551616", 20));
    CU_ASSERT_FALSE(text_u64(&v, "01", 2));
    CU_ASSERT_FALSE(text_u64(&v, "", 0));
    CU_ASSERT_FALSE(text_u64(&v, "-1", 2));
}

static void
ill_formed_utf8_is_found(void)
{
    CU_ASSERT(text_is_utf8("Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80", 13));
    CU_ASSERT_FALSE(text_is_utf8("\xc0\xaf", 2));         /* overlong */
    CU_ASSERT_FALSE(text_is_utf8("\xe0\x80\xaf", 3));     /* overlong */
    CU_ASSERT_FALSE(text_is_utf8("\xed\xa0\x80", 3));     /* surrogate */
    CU_ASSERT_FALSE(text_is_utf8("\xf4\x90\x80\x80", 4)); /* > 10FFFF */
    CU_ASSERT_FALSE(text_is_utf8("\xe2\x82", 2));         /* cut */
    CU_ASSERT_FALSE(text_is_utf8("\x80", 1));
}

static void
untrusted_bytes_are_escaped(void)
{
    char out[32];

    CU_ASSERT_STRING_EQUAL(text_escape(out, sizeof(out), "a\x1b[\\\0", 5),
                           "a\\x1b[\\x5c\\x00");
    CU_ASSERT_STRING_EQUAL(text_escape(out, 4, "ab\x01", 3), "ab");
}

static void
a_buffer_remembers_that_its_bound_was_passed(void)
{
    struct buf b;

    buf_init(&b, 8);
    buf_add_text(&b, "12345678");
    CU_ASSERT(buf_is_ok(&b));
    buf_add_char(&b, '9');
    buf_add_text(&b, "");
    CU_ASSERT_FALSE(buf_is_ok(&b));
    CU_ASSERT_STRING_EQUAL(b.bytes, "12345678");
    buf_clear(&b);
    buf_add_format(&b, "%d", 42);
    buf_drop(&b, 1);
    CU_ASSERT_STRING_EQUAL(b.bytes, "2");
    buf_release(&b);
}

SUITE("base", NULL, NULL, TEST(amounts_are_read_as_people_write_them),
      TEST(amounts_of_any_other_form_are_refused),
      TEST(amounts_are_written_in_major_units),
      TEST(currencies_know_their_decimals),
      TEST(instants_are_read_and_written_in_rfc_3339),
      TEST(instants_that_do_not_exist_are_refused),
      TEST(base64_follows_the_vectors_of_rfc_4648),
      TEST(base64_with_a_second_spelling_is_refused),
      TEST(hex_is_lower_case_and_of_exact_length),
      TEST(decimal_numbers_have_one_spelling), TEST(ill_formed_utf8_is_found),
      TEST(untrusted_bytes_are_escaped),
      TEST(a_buffer_remembers_that_its_bound_was_passed))
