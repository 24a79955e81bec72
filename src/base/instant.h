/* SPDX-License-Identifier: Apache-2.0 */
/**
 * instant: a point in time, UTC, in milliseconds since 1970-01-01.
 *
 * The server's clock alone decides; what a client says about time never does.
 */
#ifndef BASE_INSTANT_H
#define BASE_INSTANT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct instant {
    int64_t ms;
};

/** "2026-11-22T20:00:00.123Z" and its terminator. */
enum { INSTANT_TEXT_BYTES = 40 };

/** 9999-12-31T23:59:59.999Z: nothing later can be written in RFC 3339. */
#define INSTANT_MS_MAX INT64_C(253402300799999)

static inline struct instant
instant_of(int64_t ms)
{
    return (struct instant){ms};
}

/** a is strictly earlier than b. */
static inline bool
instant_before(struct instant a, struct instant b)
{
    return a.ms < b.ms;
}

/** Write RFC 3339 UTC with milliseconds; returns `text`. */
char *instant_format(char text[INSTANT_TEXT_BYTES], struct instant t);

/**
 * Read RFC 3339: a date, 'T', a time with optional fraction of 1 to 9 digits
 * (cut to milliseconds), and 'Z' or an offset. Years 1970 to 9999; a leap
 * second is refused.
 *
 * Returns ERR_OK or ERR_SYNTAX.
 */
MUST_CHECK enum err
instant_parse(struct instant *out, const char *text, size_t length);

#endif
