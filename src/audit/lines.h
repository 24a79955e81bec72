/* SPDX-License-Identifier: Apache-2.0 */
/**
 * lines: a cursor over text whose every line ends with LF.
 *
 * For checkpoints, receipts and consistency proofs. The line last read is in
 * `line` and `size`, without its LF, pointing into the text.
 *
 * Thread  one at a time.
 */
#ifndef AUDIT_LINES_H
#define AUDIT_LINES_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct lines {
    const char *at; /* first byte not yet read */
    const char *end;
    const char *line;
    size_t size;
};

static inline struct lines
lines_of(const char *text, size_t size)
{
    CHECK(text != NULL);
    return (struct lines){text, text + size, NULL, 0};
}

/** Bytes not yet read. */
static inline size_t
lines_left(const struct lines *in)
{
    CHECK(in->at <= in->end);
    return (size_t)(in->end - in->at);
}

/** Read a line; false when none that ends is left. */
static inline MUST_CHECK bool
lines_next(struct lines *in)
{
    const char *lf = memchr(in->at, '\n', lines_left(in));

    if (lf == NULL)
        return false;
    in->line = in->at;
    in->size = (size_t)(lf - in->at);
    in->at = lf + 1;
    return true;
}

/** Read a line that starts with `key`; what follows it becomes the line. */
static inline MUST_CHECK bool
lines_value(struct lines *in, const char *key)
{
    size_t size = strlen(key);

    if (!lines_next(in) || in->size < size || memcmp(in->line, key, size) != 0)
        return false;
    in->line += size;
    in->size -= size;
    return true;
}

#endif
