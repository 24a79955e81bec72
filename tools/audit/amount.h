/* SPDX-License-Identifier: Apache-2.0 */
/** amount: the money in a record, and money as text. */
#ifndef TOOLS_AMOUNT_H
#define TOOLS_AMOUNT_H

#include "audit/record.h"

enum { AMOUNT_TEXT_BYTES = 48 };

/** What a record is about, in minor units: the maximum of a bid, say. */
MUST_CHECK bool amount_of_record(const struct record *record, int64_t *out);

/**
 * "125.00 EUR"; without a currency (NULL or "") two decimals and no name.
 * Returns `text`.
 */
char *
amount_text(char text[AMOUNT_TEXT_BYTES], int64_t minor, const char *currency);

#endif
