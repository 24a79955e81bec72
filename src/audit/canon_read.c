/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/canon_read.h"

#include <string.h>

#include "base/text.h"

void
canon_read_init(struct canon_read *in, const void *bytes, size_t size)
{
    CHECK(bytes != NULL || size == 0);
    *in = (struct canon_read){.bytes = bytes, .size = size};
}

void
canon_read_fail(struct canon_read *in, const char *problem)
{
    CHECK(problem != NULL);
    if (in->problem == NULL)
        in->problem = problem;
}

/* Fails and is false, so that it can end a condition. */
static bool
refuse(struct canon_read *in, const char *problem)
{
    canon_read_fail(in, problem);
    return false;
}

static bool
at_char(const struct canon_read *in, char c)
{
    return in->problem == NULL && in->at < in->size && in->bytes[in->at] == c;
}

static bool
take_char(struct canon_read *in, char c)
{
    if (!at_char(in, c))
        return false;
    in->at++;
    return true;
}

static struct canon_read_level *
top_level(struct canon_read *in)
{
    return in->depth == 0 ? NULL : &in->levels[in->depth - 1];
}

static bool
enter(struct canon_read *in, char opening)
{
    if (in->problem != NULL)
        return false;
    if (!take_char(in, opening))
        return refuse(in, opening == '{' ? "an object is expected"
                                         : "an array is expected");
    if (in->depth == CANON_DEPTH_MAX)
        return refuse(in, "too deep");
    in->levels[in->depth] =
        (struct canon_read_level){.is_array = opening == '['};
    in->depth++;
    return true;
}

bool
canon_read_object(struct canon_read *in)
{
    return enter(in, '{');
}

bool
canon_read_array(struct canon_read *in)
{
    return enter(in, '[');
}

/* Step to the next item of the innermost level; false at its end. */
static bool
next_item(struct canon_read *in, char closing)
{
    struct canon_read_level *top = top_level(in);

    if (in->problem != NULL)
        return false;
    CHECK(top != NULL);
    CHECK(top->is_array == (closing == ']'));
    if (take_char(in, closing)) {
        in->depth--;
        return false;
    }
    if (top->has_item && !take_char(in, ','))
        return refuse(in, "a comma or the end is expected");
    top->has_item = true;
    return true;
}

bool
canon_read_item(struct canon_read *in)
{
    return next_item(in, ']');
}

static bool
is_name_char(char c, bool is_first)
{
    return (c >= 'a' && c <= 'z') ||
           (!is_first && ((c >= '0' && c <= '9') || c == '_'));
}

/* Whether the name before is smaller by byte value. */
static bool
is_sorted(const struct canon_read_level *level, const char *name, size_t size)
{
    size_t both = size < level->last_name_size ? size : level->last_name_size;
    int order;

    if (level->last_name == NULL)
        return true;
    order = memcmp(level->last_name, name, both);
    return order < 0 || (order == 0 && level->last_name_size < size);
}

bool
canon_read_name(struct canon_read *in, const char **name_out, size_t *size_out)
{
    struct canon_read_level *top;
    const char *name;
    size_t size = 0;

    if (!next_item(in, '}'))
        return false;
    if (!take_char(in, '"'))
        return refuse(in, "a name is expected");
    name = in->bytes + in->at;
    while (in->at < in->size && is_name_char(in->bytes[in->at], size == 0)) {
        in->at++;
        size++;
    }
    if (size == 0 || size > CANON_NAME_BYTES_MAX || !take_char(in, '"') ||
        !take_char(in, ':'))
        return refuse(in, "not a name");
    top = top_level(in);
    if (!is_sorted(top, name, size))
        return refuse(in, "names unsorted or repeated");
    top->last_name = name;
    top->last_name_size = size;
    *name_out = name;
    *size_out = size;
    return true;
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

char
canon_read_peek(const struct canon_read *in)
{
    char c = in->at < in->size ? in->bytes[in->at] : '\0';

    if (in->problem != NULL)
        return '\0';
    if (c == '-' || is_digit(c))
        return '0';
    return c == '{' || c == '[' || c == '"' ? c : '\0';
}

bool
canon_read_int(struct canon_read *in, int64_t *out)
{
    bool is_negative = take_char(in, '-');
    size_t from = in->at;
    int64_t value = 0;

    if (in->problem != NULL)
        return false;
    while (in->at < in->size && is_digit(in->bytes[in->at])) {
        value = value * 10 + (in->bytes[in->at] - '0');
        if (value > CANON_INT_MAX)
            return refuse(in, "a number beyond 2^53 - 1");
        in->at++;
    }
    if (in->at == from)
        return refuse(in, "a number is expected");
    if (in->bytes[from] == '0' && (in->at > from + 1 || is_negative))
        return refuse(in, "a number not in its shortest form");
    *out = is_negative ? -value : value;
    return true;
}

/* The control character that a short escape stands for, or '\0'. */
static char
short_escape_value(char c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case 'b':
        return '\b';
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'f':
        return '\f';
    case 'r':
        return '\r';
    default:
        return '\0';
    }
}

static bool
has_short_escape(uint8_t c)
{
    return c == '\b' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* After a backslash: one escape, in its only allowed spelling. */
static bool
read_escape(struct canon_read *in, char *out)
{
    const char *text = in->bytes + in->at;
    size_t left = in->size - in->at;
    uint8_t code;

    if (left >= 1 && (*out = short_escape_value(text[0])) != '\0') {
        in->at += 1;
        return true;
    }
    if (left < 5 || memcmp(text, "u00", 3) != 0 ||
        !text_unhex(&code, 1, text + 3, 2) || code >= 0x20 ||
        has_short_escape(code))
        return refuse(in, "an escape that is not allowed");
    *out = (char)code;
    in->at += 5;
    return true;
}

bool
canon_read_text(struct canon_read *in, char *out, size_t capacity,
                size_t *size_out)
{
    size_t size = 0;

    if (in->problem != NULL)
        return false;
    if (!take_char(in, '"'))
        return refuse(in, "a string is expected");
    while (!take_char(in, '"')) {
        char c;

        if (in->at == in->size)
            return refuse(in, "a string without end");
        if (size == capacity)
            return refuse(in, "a string too long");
        c = in->bytes[in->at++];
        if ((unsigned char)c < 0x20)
            return refuse(in, "a control character in a string");
        if (c == '\\' && !read_escape(in, &c))
            return false;
        out[size++] = c;
    }
    if (!text_is_utf8(out, size))
        return refuse(in, "a string that is not UTF-8");
    *size_out = size;
    return true;
}

/* A string without escapes, in place. */
static bool
read_plain(struct canon_read *in, const char **text_out, size_t *size_out)
{
    const char *text, *end;

    if (in->problem != NULL)
        return false;
    if (!take_char(in, '"'))
        return refuse(in, "a string is expected");
    text = in->bytes + in->at;
    end = memchr(text, '"', in->size - in->at);
    if (end == NULL)
        return refuse(in, "a string without end");
    *text_out = text;
    *size_out = (size_t)(end - text);
    in->at += *size_out + 1;
    return true;
}

bool
canon_read_hex(struct canon_read *in, void *out, size_t size)
{
    const char *text;
    size_t length;

    if (!read_plain(in, &text, &length))
        return false;
    if (!text_unhex(out, size, text, length))
        return refuse(in, "not the right number of lower-case hex digits");
    return true;
}

bool
canon_read_base64(struct canon_read *in, void *out, size_t capacity,
                  size_t *size_out)
{
    const char *text;
    size_t length;

    if (!read_plain(in, &text, &length))
        return false;
    if (!text_unbase64(out, capacity, size_out, text, length))
        return refuse(in, "not base64, or too long");
    return true;
}

/* Step over a string, its escapes and its UTF-8 checked. */
static bool
skip_text(struct canon_read *in)
{
    size_t from;
    char c;

    if (!take_char(in, '"'))
        return refuse(in, "a string is expected");
    from = in->at;
    while (!at_char(in, '"')) {
        if (in->at == in->size)
            return refuse(in, "a string without end");
        c = in->bytes[in->at++];
        if ((unsigned char)c < 0x20)
            return refuse(in, "a control character in a string");
        if (c == '\\' && !read_escape(in, &c))
            return false;
    }
    if (!text_is_utf8(in->bytes + from, in->at - from))
        return refuse(in, "a string that is not UTF-8");
    in->at++;
    return true;
}

static bool
skip_scalar(struct canon_read *in)
{
    int64_t number;

    switch (canon_read_peek(in)) {
    case '"':
        return skip_text(in);
    case '0':
        return canon_read_int(in, &number);
    default:
        return refuse(in, "a value is expected");
    }
}

/* To the next value below `depth`, leaving what ends; false at the end. */
static bool
skip_advance(struct canon_read *in, size_t depth)
{
    const char *name;
    size_t size;

    while (in->problem == NULL && in->depth > depth) {
        if (top_level(in)->is_array ? canon_read_item(in)
                                    : canon_read_name(in, &name, &size))
            return true;
    }
    return false;
}

bool
canon_read_skip(struct canon_read *in)
{
    size_t depth = in->depth;

    do {
        char kind = canon_read_peek(in);

        if (kind == '{' || kind == '[')
            enter(in, kind);
        else
            skip_scalar(in);
    } while (skip_advance(in, depth));
    return in->problem == NULL;
}

enum err
canon_read_finish(struct canon_read *in)
{
    if (in->problem == NULL)
        CHECK(in->depth == 0);
    if (in->problem == NULL && in->at != in->size)
        canon_read_fail(in, "bytes after the value");
    if (in->problem != NULL)
        return err_set(ERR_SYNTAX, "byte %zu: %s", in->at, in->problem);
    return ERR_OK;
}

enum err
canon_check(const void *bytes, size_t size)
{
    struct canon_read in;

    canon_read_init(&in, bytes, size);
    canon_read_skip(&in);
    return canon_read_finish(&in);
}
