/* SPDX-License-Identifier: Apache-2.0 */
/**
 * filter: which records are wanted.
 *
 * A filter is a list of terms, each of a kind (user, type, ...) with a value.
 * Terms of different kinds must all match; of one kind, one is enough. A term
 * may be negated: then it must not match, whatever the others say.
 *
 * Owner   whoever created it; names and records are borrowed.
 * Thread  one at a time.
 * Source  docs/man/auction-audit.1 "FILTER".
 */
#ifndef TOOLS_FILTER_H
#define TOOLS_FILTER_H

#include "names.h"

#include "base/instant.h"

/*
 * X(KIND, "name", what its value is, help). The options of the command line
 * and the words of an expression are made from this list.
 */
#define FILTER_LIST(X)                                                         \
    X(USER, "user", "NAME", "Of or about this account; #N by number")          \
    X(FP, "fp", "HEX", "By this certificate; its first digits are enough")     \
    X(AUCTION, "auction", "N", "Of this auction")                              \
    X(TYPE, "type", "GLOB", "Of these types, such as 'bid.*'")                 \
    X(SINCE, "since", "TIME", "Not before; RFC 3339, today, yesterday, -2h")   \
    X(UNTIL, "until", "TIME", "Before this time")                              \
    X(SEQ, "seq", "A..B", "Numbers A to B, or one")                            \
    X(TX, "tx", "N", "Of this transaction")                                    \
    X(CONN, "conn", "N", "Of this connection")                                 \
    X(ADDR, "addr", "GLOB", "From this network address")                       \
    X(REASON, "reason", "CODE", "Refused for this, such as ERR_TOO_LOW")       \
    X(REFUSED, "refused", NULL, "Only refusals")                               \
    X(AMOUNT, "amount", "OP N", "Minor units: '>=10000', '<500', '=100'")      \
    X(UNSIGNED, "unsigned", NULL, "Only commands without a signature")         \
    X(GREP, "grep", "REGEX", "The record's bytes match (POSIX, extended)")

#define FILTER_ENUM(kind, name, value, help) FILTER_##kind,
enum filter_kind { FILTER_LIST(FILTER_ENUM) FILTER_COUNT };
#undef FILTER_ENUM

struct filter;

/** now  what "today" and "-2h" count from. ERR_OK or ERR_NOMEM. */
MUST_CHECK enum err filter_create(struct filter **out, struct instant now);
void filter_destroy(struct filter **filter);

/**
 * Add one term; `value` is NULL for a kind without one.
 *
 * Returns  ERR_OK; ERR_SYNTAX with a sentence; ERR_NOMEM; ERR_TOO_LARGE
 */
MUST_CHECK enum err filter_add(struct filter *filter, enum filter_kind kind,
                               const char *value, bool is_negated);

/**
 * Add the terms of an expression: words kind:value or a kind alone, parted by
 * blanks, with a minus sign before it when negated; a value with blanks is
 * put in double quotes. Example: type:bid.* user:alice -reason:ERR_TOO_LOW
 */
MUST_CHECK enum err
filter_add_expression(struct filter *filter, const char *text);

/** Whether a record is wanted. `filter` may be NULL: all are. */
bool filter_matches(const struct filter *filter, const struct record *record,
                    const char *bytes, size_t size, const struct names *names);

#endif
