/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

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

        for (; isdigit((unsigned char)*text) && digits < 9; text++, digits++)
            value = value * 10 + (*text - '0');
        unit = unit_seconds(*text);
        if (digits == 0 || unit == 0)
            return false;
        if (*text != '\0')
            text++;
        total += value * unit;
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
    return true;
}

bool
id_parse(uint64_t *out, const char *text)
{
    return text_u64(out, text, strlen(text)) && *out > 0;
}
