/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 256 };

void
buf_init(struct buf *buf, size_t bytes_max)
{
    CHECK(bytes_max < SIZE_MAX / 4);
    *buf = (struct buf){.bytes_max = bytes_max};
}

void
buf_release(struct buf *buf)
{
    free(buf->bytes);
    buf_init(buf, buf->bytes_max);
}

void
buf_clear(struct buf *buf)
{
    buf->size = 0;
    buf->failed = false;
}

void
buf_drop(struct buf *buf, size_t size)
{
    CHECK(size <= buf->size);
    if (size == 0)
        return;
    memmove(buf->bytes, buf->bytes + size, buf->size - size);
    buf->size -= size;
    buf->bytes[buf->size] = '\0';
}

char *
buf_reserve(struct buf *buf, size_t size)
{
    size_t capacity = buf->capacity == 0 ? CAPACITY_FIRST : buf->capacity;
    char *bytes;

    if (buf->failed)
        return NULL;
    if (size > buf->bytes_max - buf->size) {
        buf->failed = true;
        return NULL;
    }
    if (buf->bytes != NULL && buf->size + size < buf->capacity)
        return buf->bytes + buf->size;
    while (capacity <= buf->size + size)
        capacity *= 2;
    bytes = realloc(buf->bytes, capacity);
    if (bytes == NULL) {
        buf->failed = true;
        return NULL;
    }
    buf->bytes = bytes;
    buf->capacity = capacity;
    return bytes + buf->size;
}

void
buf_grow(struct buf *buf, size_t size)
{
    CHECK(buf->size + size < buf->capacity);
    buf->size += size;
    buf->bytes[buf->size] = '\0';
}

void
buf_add(struct buf *buf, const void *bytes, size_t size)
{
    char *room = buf_reserve(buf, size);

    if (room == NULL)
        return;
    if (size > 0)
        memcpy(room, bytes, size);
    buf_grow(buf, size);
}

void
buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void
buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

/* By hand: records and receipts are full of numbers, and printf is slow. */
static void
add_decimal(struct buf *buf, uint64_t value, bool is_negative)
{
    char text[24];
    size_t at = sizeof(text);

    do
        text[--at] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    if (is_negative)
        text[--at] = '-';
    buf_add(buf, text + at, sizeof(text) - at);
}

void
buf_add_u64(struct buf *buf, uint64_t value)
{
    add_decimal(buf, value, false);
}

void
buf_add_i64(struct buf *buf, int64_t value)
{
    add_decimal(buf, value < 0 ? 0 - (uint64_t)value : (uint64_t)value,
                value < 0);
}

void
buf_add_format(struct buf *buf, const char *format, ...)
{
    va_list arguments, again;
    char *room;
    int size;

    va_start(arguments, format);
    va_copy(again, arguments);
    size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    CHECK(size >= 0);
    room = buf_reserve(buf, (size_t)size + 1);
    if (room != NULL) {
        vsnprintf(room, (size_t)size + 1, format, again);
        buf_grow(buf, (size_t)size);
    }
    va_end(again);
}
