/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/canon.h"

#include <string.h>

#include "base/text.h"

void
canon_init(struct canon *canon, struct buf *out)
{
    CHECK(out != NULL);
    *canon = (struct canon){.out = out};
}

static void
canon_fail(struct canon *canon, enum err err)
{
    if (canon->err == ERR_OK)
        canon->err = err;
}

static struct canon_level *
canon_top(struct canon *canon)
{
    return canon->depth == 0 ? NULL : &canon->levels[canon->depth - 1];
}

/* A comma before every item of an array but the first; names bring theirs. */
static void
canon_separate(struct canon *canon)
{
    struct canon_level *top = canon_top(canon);

    if (top == NULL || !top->is_array)
        return;
    if (top->has_item)
        buf_add_char(canon->out, ',');
    top->has_item = true;
}

static void
canon_begin(struct canon *canon, bool is_array)
{
    CHECK(canon->depth < CANON_DEPTH_MAX);
    canon_separate(canon);
    canon->levels[canon->depth] = (struct canon_level){.is_array = is_array};
    canon->depth++;
    buf_add_char(canon->out, is_array ? '[' : '{');
}

static void
canon_end(struct canon *canon, bool is_array)
{
    CHECK(canon->depth > 0);
    CHECK(canon_top(canon)->is_array == is_array);
    canon->depth--;
    buf_add_char(canon->out, is_array ? ']' : '}');
}

void
canon_object_begin(struct canon *canon)
{
    canon_begin(canon, false);
}

void
canon_object_end(struct canon *canon)
{
    canon_end(canon, false);
}

void
canon_array_begin(struct canon *canon)
{
    canon_begin(canon, true);
}

void
canon_array_end(struct canon *canon)
{
    canon_end(canon, true);
}

void
canon_name(struct canon *canon, const char *name)
{
    struct canon_level *top = canon_top(canon);
    size_t length = strlen(name);

    CHECK(top != NULL && !top->is_array);
    CHECK(length >= 1 && length <= CANON_NAME_BYTES_MAX);
    CHECK(top->last_name == NULL || strcmp(top->last_name, name) < 0);
    if (top->last_name != NULL)
        buf_add_char(canon->out, ',');
    top->last_name = name;
    buf_add_char(canon->out, '"');
    buf_add(canon->out, name, length);
    buf_add(canon->out, "\":", 2);
}

void
canon_int(struct canon *canon, int64_t value)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    if (rest > (uint64_t)CANON_INT_MAX) {
        canon_fail(canon, err_set(ERR_SYNTAX, "canonical JSON: a number "
                                              "beyond 2^53 - 1"));
        return;
    }
    canon_separate(canon);
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        digits[--at] = '-';
    buf_add(canon->out, digits + at, sizeof(digits) - at);
}

/* The second character of a short escape, 0 when there is none. */
static char
short_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\b':
        return 'b';
    case '\t':
        return 't';
    case '\n':
        return 'n';
    case '\f':
        return 'f';
    case '\r':
        return 'r';
    default:
        return '\0';
    }
}

static bool
must_escape(char c)
{
    return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

static void
canon_escape(struct buf *out, char c)
{
    static const char digits[] = "0123456789abcdef";
    char code[6] = {'\\', 'u', '0', '0', 0, 0};
    char second = short_escape(c);

    if (second != '\0') {
        buf_add_char(out, '\\');
        buf_add_char(out, second);
        return;
    }
    code[4] = digits[(unsigned char)c >> 4];
    code[5] = digits[(unsigned char)c & 15];
    buf_add(out, code, sizeof(code));
}

void
canon_quote(struct buf *out, const char *text, size_t length)
{
    size_t from = 0;

    buf_add_char(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (!must_escape(text[i]))
            continue;
        buf_add(out, text + from, i - from);
        canon_escape(out, text[i]);
        from = i + 1;
    }
    if (length > from)
        buf_add(out, text + from, length - from);
    buf_add_char(out, '"');
}

void
canon_text(struct canon *canon, const char *text, size_t length)
{
    CHECK(text != NULL || length == 0);
    if (!text_is_utf8(text, length)) {
        canon_fail(canon,
                   err_set(ERR_SYNTAX, "canonical JSON: a text that is not "
                                       "UTF-8"));
        return;
    }
    canon_separate(canon);
    canon_quote(canon->out, text, length);
}

void
canon_hex(struct canon *canon, const void *bytes, size_t size)
{
    char *room;

    CHECK(size <= CANON_HEX_BYTES_MAX);
    canon_separate(canon);
    buf_add_char(canon->out, '"');
    if ((room = buf_reserve(canon->out, 2 * size)) != NULL) {
        text_hex(room, bytes, size);
        buf_grow(canon->out, 2 * size);
    }
    buf_add_char(canon->out, '"');
}

void
canon_base64(struct canon *canon, const void *bytes, size_t size)
{
    char *room;

    CHECK(size <= CANON_BASE64_BYTES_MAX);
    canon_separate(canon);
    buf_add_char(canon->out, '"');
    room = buf_reserve(canon->out, TEXT_BASE64_BYTES(size) - 1);
    if (room != NULL)
        buf_grow(canon->out, text_base64(room, bytes, size));
    buf_add_char(canon->out, '"');
}

enum err
canon_finish(struct canon *canon)
{
    CHECK(canon->depth == 0);
    if (!buf_is_ok(canon->out))
        canon_fail(canon, err_set(ERR_TOO_LARGE,
                                  "canonical JSON: over %zu bytes, or no "
                                  "memory",
                                  canon->out->bytes_max));
    return canon->err;
}
