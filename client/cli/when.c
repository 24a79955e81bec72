/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

enum { NUMBER_DIGITS_MAX = 9, REQUEST_DIGITS = 32 };

/** Longest duration: 100 years. */
#define DURATION_S_MAX (INT64_C(36525) * 86400)

struct instant
when_now(void)
{
    struct timespec t;

    CHECK(clock_gettime(CLOCK_REALTIME, &t) == 0);
    return instant_of(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

static int64_t
unit_seconds(char unit)
{
    switch (unit) {
    case 'd':
        return 86400;
    case 'h':
        return 3600;
    case 'm':
        return 60;
    case 's':
    case '\0':
        return 1;
    default:
        return 0;
    }
}

bool
duration_parse(int64_t *seconds_out, const char *text)
{
    int64_t total = 0;

    if (*text == '\0')
        return false;
    while (*text != '\0') {
        int64_t value = 0, unit;
        int digits = 0;

        for (; isdigit((unsigned char)*text) && digits < NUMBER_DIGITS_MAX;
             text++, digits++)
            value = value * 10 + (*text - '0');
        unit = unit_seconds(*text);
        if (digits == 0 || unit == 0)
            return false;
        if (*text != '\0')
            text++;
        total += value * unit;
        if (total > DURATION_S_MAX)
            return false;
    }
    *seconds_out = total;
    return true;
}

bool
when_parse(struct instant *out, const char *text, struct instant now)
{
    int64_t seconds;

    if (text[0] != '+')
        return instant_parse(out, text, strlen(text)) == ERR_OK;
    if (!duration_parse(&seconds, text + 1))
        return false;
    *out = instant_of(now.ms + seconds * 1000);
    return out->ms <= INSTANT_MS_MAX;
}

bool
id_parse(uint64_t *out, const char *text)
{
    return text_u64(out, text, strlen(text)) && *out > 0;
}

bool
number_parse(int *out, const char *text, int low, int high)
{
    uint64_t value;

    CHECK(low >= 0 && low <= high);
    if (!text_u64(&value, text, strlen(text)) || value < (uint64_t)low ||
        value > (uint64_t)high)
        return false;
    *out = (int)value;
    return true;
}

bool
key_parse(char key[AUCTION_KEY_BYTES], const char *text)
{
    size_t digits = 0;

    for (; *text != '\0'; text++) {
        if (*text == '-')
            continue;
        if (!isxdigit((unsigned char)*text) || digits == REQUEST_DIGITS)
            return false;
        key[digits++] = (char)tolower((unsigned char)*text);
    }
    key[digits] = '\0';
    return digits == REQUEST_DIGITS;
}
