/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *
text_hex(char *text, const void *bytes, size_t size)
{
    const unsigned char *b = bytes;

    for (size_t i = 0; i < size; i++) {
        text[2 * i] = hex_digits[b[i] >> 4];
        text[2 * i + 1] = hex_digits[b[i] & 15];
    }
    text[2 * size] = '\0';
    return text;
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
text_unhex(void *bytes_out, size_t size, const char *text, size_t length)
{
    unsigned char *out = bytes_out;

    if (length != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = hex_value(text[2 * i]);
        int low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

size_t
text_base64(char *text, const void *bytes, size_t size)
{
    const unsigned char *b = bytes;
    char *p = text;

    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t v = (uint32_t)b[i] << 16 |
                     (left > 1 ? (uint32_t)b[i + 1] << 8 : 0) |
                     (left > 2 ? b[i + 2] : 0);
        *p++ = base64_digits[v >> 18];
        *p++ = base64_digits[v >> 12 & 63];
        *p++ = left > 1 ? base64_digits[v >> 6 & 63] : '=';
        *p++ = left > 2 ? base64_digits[v & 63] : '=';
    }
    *p = '\0';
    return (size_t)(p - text);
}

static int
base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool
text_unbase64(void *bytes_out, size_t capacity, size_t *size_out,
              const char *text, size_t length)
{
    unsigned char *out = bytes_out;
    size_t size = 0;

    if (length % 4 != 0)
        return false;
    for (size_t i = 0; i < length; i += 4) {
        bool last = i + 4 == length;
        int pad = !last || text[i + 3] != '=' ? 0 : text[i + 2] != '=' ? 1 : 2;
        uint32_t v = 0;

        for (int k = 0; k < 4 - pad; k++) {
            int digit = base64_value(text[i + (size_t)k]);
            if (digit < 0)
                return false;
            v |= (uint32_t)digit << (18 - 6 * k);
        }
        if ((v & (pad == 2 ? 0xffffU : pad == 1 ? 0xffU : 0U)) != 0)
            return false; /* pad bits set: a second spelling */
        if (capacity - size < (size_t)(3 - pad))
            return false;
        for (int k = 0; k < 3 - pad; k++)
            out[size++] = (unsigned char)(v >> (16 - 8 * k));
    }
    *size_out = size;
    return true;
}

bool
text_u64(uint64_t *out, const char *text, size_t length)
{
    uint64_t value = 0;

    if (length == 0 || length > 20 || (length > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, 10U, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}

/** Length of the well-formed sequence at p (RFC 3629 section 4), or 0. */
static size_t
utf8_sequence(const unsigned char *p, size_t left)
{
    size_t size;
    unsigned char low = 0x80, high = 0xbf;

    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        size = 2;
    else if (p[0] >= 0xe0 && p[0] <= 0xef)
        size = 3;
    else if (p[0] >= 0xf0 && p[0] <= 0xf4)
        size = 4;
    else
        return 0;
    if (p[0] == 0xe0)
        low = 0xa0; /* overlong */
    else if (p[0] == 0xed)
        high = 0x9f; /* surrogates */
    else if (p[0] == 0xf0)
        low = 0x90; /* overlong */
    else if (p[0] == 0xf4)
        high = 0x8f; /* above U+10FFFF */
    if (left < size || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if (p[i] < 0x80 || p[i] > 0xbf)
            return 0;
    return size;
}

bool
text_is_utf8(const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text;

    for (size_t i = 0; i < length;) {
        size_t size = utf8_sequence(p + i, length - i);
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}

char *
text_escape(char *out, size_t capacity, const void *bytes, size_t size)
{
    const unsigned char *b = bytes;
    size_t used = 0;

    CHECK(capacity > 0);
    for (size_t i = 0; i < size; i++) {
        bool plain = b[i] >= 0x20 && b[i] <= 0x7e && b[i] != '\\';
        if (used + (plain ? 1 : 4) >= capacity)
            break;
        if (plain) {
            out[used++] = (char)b[i];
            continue;
        }
        out[used++] = '\\';
        out[used++] = 'x';
        out[used++] = hex_digits[b[i] >> 4];
        out[used++] = hex_digits[b[i] & 15];
    }
    out[used] = '\0';
    return out;
}
