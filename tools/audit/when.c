/* SPDX-License-Identifier: Apache-2.0 */
#include "when.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { DAY_MS = 86400000, AGO_MAX = 100000 };

static bool
parse_ago(struct instant *out, const char *text, struct instant now)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', DAY_MS}};
    size_t size = strlen(text);
    uint64_t number;

    if (size < 3 || text[0] != '-' || !text_u64(&number, text + 1, size - 2) ||
        number > AGO_MAX)
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (text[size - 1] == units[i].unit) {
            *out = instant_of(now.ms - (int64_t)number * units[i].ms);
            return true;
        }
    return false;
}

enum err
when_parse(struct instant *out, const char *text, struct instant now)
{
    int64_t today = now.ms - now.ms % DAY_MS;
    char whole[64];

    if (strcmp(text, "now") == 0)
        *out = now;
    else if (strcmp(text, "today") == 0)
        *out = instant_of(today);
    else if (strcmp(text, "yesterday") == 0)
        *out = instant_of(today - DAY_MS);
    else if (parse_ago(out, text, now))
        return ERR_OK;
    else if (strlen(text) == 10) {
        snprintf(whole, sizeof(whole), "%sT00:00:00Z", text);
        return instant_parse(out, whole, strlen(whole));
    } else
        return instant_parse(out, text, strlen(text));
    return ERR_OK;
}
