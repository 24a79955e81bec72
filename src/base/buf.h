/* SPDX-License-Identifier: Apache-2.0 */
/**
 * buf: a growing byte buffer with a bound.
 *
 * Appending never fails half way: when memory or the bound runs out the
 * buffer remembers it and every later append does nothing, so a sequence of
 * appends is checked once at its end (buf_is_ok). The bytes are followed by
 * a NUL that is not counted.
 *
 * Thread  one at a time.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *bytes; /* owned; NULL while empty */
    size_t size; /* bytes in use */
    size_t capacity;
    size_t bytes_max; /* bound on size */
    bool failed;
};

/** An empty buffer that may grow to `bytes_max` bytes. */
void buf_init(struct buf *buf, size_t bytes_max);

/** Free the bytes; the buffer is empty and usable again. */
void buf_release(struct buf *buf);

/** Forget the content (and a failure) but keep the memory. */
void buf_clear(struct buf *buf);

/** Drop `size` bytes from the front. */
void buf_drop(struct buf *buf, size_t size);

/** Room for `size` more bytes at the end, or NULL; commit with buf_grow. */
char *buf_reserve(struct buf *buf, size_t size);

/** Count `size` bytes, written into reserved room, as content. */
void buf_grow(struct buf *buf, size_t size);

void buf_add(struct buf *buf, const void *bytes, size_t size);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_add_u64(struct buf *buf, uint64_t value);
void buf_add_i64(struct buf *buf, int64_t value);
void buf_add_format(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Whether every append since init or clear has succeeded. */
static inline bool
buf_is_ok(const struct buf *buf)
{
    return !buf->failed;
}

#endif
