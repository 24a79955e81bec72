/* SPDX-License-Identifier: Apache-2.0 */
#include "api/reply.h"

#include "audit/canon.h"
#include "base/text.h"

#include <string.h>

enum { HEX_BYTES_MAX = 64 };

void
reply_begin(struct reply *j, struct buf *out)
{
    *j = (struct reply){out, false};
    buf_add_char(out, '{');
}

void
reply_end(struct reply *j)
{
    buf_add_text(j->out, "}\n");
}

void
reply_raw(struct reply *j, const char *name)
{
    if (j->needs_comma)
        buf_add_char(j->out, ',');
    j->needs_comma = true;
    if (name == NULL)
        return;
    buf_add_char(j->out, '"');
    buf_add_text(j->out, name);
    buf_add_text(j->out, "\":");
}

void
reply_open(struct reply *j, const char *name)
{
    reply_raw(j, name);
    buf_add_char(j->out, '{');
    j->needs_comma = false;
}

void
reply_close(struct reply *j)
{
    buf_add_char(j->out, '}');
    j->needs_comma = true;
}

void
reply_open_array(struct reply *j, const char *name)
{
    reply_raw(j, name);
    buf_add_char(j->out, '[');
    j->needs_comma = false;
}

void
reply_close_array(struct reply *j)
{
    buf_add_char(j->out, ']');
    j->needs_comma = true;
}

void
reply_text_n(struct reply *j, const char *name, const char *text, size_t length)
{
    reply_raw(j, name);
    canon_quote(j->out, text, length);
}

void
reply_text(struct reply *j, const char *name, const char *text)
{
    reply_text_n(j, name, text, strlen(text));
}

void
reply_int(struct reply *j, const char *name, int64_t value)
{
    reply_raw(j, name);
    buf_add_i64(j->out, value);
}

void
reply_flag(struct reply *j, const char *name, bool value)
{
    reply_raw(j, name);
    buf_add_text(j->out, value ? "true" : "false");
}

void
reply_null(struct reply *j, const char *name)
{
    reply_raw(j, name);
    buf_add_text(j->out, "null");
}

void
reply_money(struct reply *j, const char *name, struct money m)
{
    reply_int(j, name, m.minor);
}

void
reply_instant(struct reply *j, const char *name, struct instant t)
{
    char text[INSTANT_TEXT_BYTES];

    reply_text(j, name, instant_format(text, t));
}

void
reply_id(struct reply *j, const char *name, uint64_t id)
{
    reply_raw(j, name);
    buf_add_char(j->out, '"');
    buf_add_u64(j->out, id);
    buf_add_char(j->out, '"');
}

void
reply_hex(struct reply *j, const char *name, const void *bytes, size_t size)
{
    char text[2 * HEX_BYTES_MAX + 1];

    CHECK(size <= HEX_BYTES_MAX);
    reply_text(j, name, text_hex(text, bytes, size));
}
