/* SPDX-License-Identifier: Apache-2.0 */
/**
 * verdict: the answers of the auction rules.
 *
 * Each has the name that the rules and the audit log use (ERR_TOO_LOW) and
 * the slug that the HTTP API uses ("too-low"), one to one.
 *
 * Source  docs/rules.md "The order of the checks".
 */
#ifndef AUCTION_VERDICT_H
#define AUCTION_VERDICT_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>

/* enum, name, slug; in the order in which the checks run */
#define VERDICT_LIST(X)                                                        \
    X(ACCEPTED, "ACCEPTED", "accepted")                                        \
    X(FORMAT, "ERR_FORMAT", "invalid-field")                                   \
    X(SIGNATURE, "ERR_SIGNATURE", "signature")                                 \
    X(REUSED_ID, "ERR_REUSED_ID", "reused-id")                                 \
    X(NO_AUCTION, "ERR_NO_AUCTION", "not-found")                               \
    X(FORBIDDEN, "ERR_FORBIDDEN", "forbidden")                                 \
    X(NOT_OPEN, "ERR_NOT_OPEN", "not-open")                                    \
    X(CLOSED, "ERR_CLOSED", "closed")                                          \
    X(STATE, "ERR_STATE", "state")                                             \
    X(TOO_LOW, "ERR_TOO_LOW", "too-low")                                       \
    X(NOT_HIGHER, "ERR_NOT_HIGHER", "not-higher")                              \
    X(TOO_LATE, "ERR_TOO_LATE", "too-late")                                    \
    X(BAD_REVEAL, "ERR_BAD_REVEAL", "bad-reveal")                              \
    X(PRICE_ABOVE_LIMIT, "ERR_PRICE_ABOVE_LIMIT", "price-above-limit")         \
    X(STOCK, "ERR_STOCK", "stock")                                             \
    X(CREDIT, "ERR_CREDIT", "credit")

#define VERDICT_ENUM(verdict, name, slug) VERDICT_##verdict,
enum verdict { VERDICT_LIST(VERDICT_ENUM) VERDICT_COUNT };
#undef VERDICT_ENUM

/** "ERR_TOO_LOW"; "ACCEPTED" for an acceptance. */
const char *verdict_name(enum verdict verdict);

/** "too-low". */
const char *verdict_slug(enum verdict verdict);

/** The verdict of a name, not terminated. */
MUST_CHECK bool
verdict_parse(enum verdict *out, const char *name, size_t length);

#endif
