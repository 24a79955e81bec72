/* SPDX-License-Identifier: Apache-2.0 */
/**
 * money: amounts in the smallest coin of a currency (cents, pence).
 *
 * Never a floating-point number, in code, storage or on the wire. Amounts
 * that a person may write run from 1 to MONEY_MAX; sums may be larger and
 * are formed with checked arithmetic.
 * Source: docs/rules.md "Money".
 */
#ifndef BASE_MONEY_H
#define BASE_MONEY_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct money {
    int64_t minor;
};

/** Largest amount that can be written or sent: 10^15 minor units. */
#define MONEY_MAX INT64_C(1000000000000000)

/** Enough for the longest amount with sign, point and terminator. */
enum { MONEY_TEXT_BYTES = 32 };

static inline struct money
money_of(int64_t minor)
{
    return (struct money){minor};
}

/** sum_out = a + b; false when it would overflow. */
static inline MUST_CHECK bool
money_add(struct money *sum_out, struct money a, struct money b)
{
    return !__builtin_add_overflow(a.minor, b.minor, &sum_out->minor);
}

/** Within 1..MONEY_MAX, as every amount in a command must be. */
static inline bool
money_is_valid(struct money m)
{
    return m.minor >= 1 && m.minor <= MONEY_MAX;
}

/** Decimals of an ISO 4217 currency code (0, 2 or 3), or -1 when unknown. */
int money_decimals(const char *currency);

/**
 * Read an amount as people write it: digits, then optionally '.' and at least
 * one and at most `decimals` digits. Signs, spaces, exponents and separators
 * are refused, and so is anything outside 1..MONEY_MAX.
 *
 * Returns ERR_OK or ERR_SYNTAX.
 */
MUST_CHECK enum err
money_parse(struct money *out, const char *text, size_t length, int decimals);

/** Write an amount in major units, such as "125.00"; returns `text`. */
char *money_format(char text[MONEY_TEXT_BYTES], struct money m, int decimals);

#endif
