/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect.h"

#include <stdio.h>

int
inspect_failed(enum err err)
{
    const char *detail = err_detail();

    fprintf(stderr, "auction-audit: %s\n",
            detail[0] == '\0' ? err_text(err) : detail);
    return err == ERR_DAMAGED ? INSPECT_FALSE : INSPECT_UNREADABLE;
}

char *
inspect_amount(char text[48], int64_t minor, const char *currency)
{
    int decimals = currency == NULL ? 2 : money_decimals(currency);
    char number[MONEY_TEXT_BYTES];

    money_format(number, money_of(minor), decimals < 0 ? 0 : decimals);
    snprintf(text, 48, "%s%s%s", number, currency == NULL ? "" : " ",
             currency == NULL ? "" : currency);
    return text;
}
