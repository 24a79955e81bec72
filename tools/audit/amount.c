/* SPDX-License-Identifier: Apache-2.0 */
#include "amount.h"

#include "audit/record_rows.h"
#include "base/money.h"

#include <stdio.h>

/** Members that hold an amount, the one that matters most first. */
static const char *const members[] = {"max",   "amount", "cap", "limit",
                                      "price", "total",  "new"};

bool
amount_of_record(const struct record *record, int64_t *out)
{
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        for (int m = 0; m < RECORD_MEMBER_COUNT; m++)
            if (strcmp(record_rows[m].name, members[i]) == 0 &&
                record_rows[m].kind == KIND_INT &&
                record_has(record, (enum record_member)m)) {
                memcpy(out, record_field(record, (enum record_member)m),
                       sizeof(*out));
                /* The times of an extension have the same names. */
                return record->type != RECORD_AUCTION_EXTENDED;
            }
    return false;
}

char *
amount_text(char text[AMOUNT_TEXT_BYTES], int64_t minor, const char *currency)
{
    bool has_currency = currency != NULL && currency[0] != '\0';
    int decimals = has_currency ? money_decimals(currency) : 2;
    char number[MONEY_TEXT_BYTES];

    money_format(number, money_of(minor), decimals < 0 ? 0 : decimals);
    snprintf(text, AMOUNT_TEXT_BYTES, "%s%s%s", number, has_currency ? " " : "",
             has_currency ? currency : "");
    return text;
}
