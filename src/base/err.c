/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

enum { DETAIL_BYTES_MAX = 512 };

static _Thread_local char detail[DETAIL_BYTES_MAX];

const char *
err_text(enum err err)
{
#define ERR_TEXT(name, text) text,
    static const char *const texts[] = {ERR_LIST(ERR_TEXT)};
#undef ERR_TEXT
    CHECK(err < ERR_COUNT);
    return texts[err];
}

enum err
err_set(enum err err, const char *format, ...)
{
    char text[DETAIL_BYTES_MAX];
    va_list arguments;

    /* By way of a copy: an argument may be err_detail() itself. */
    va_start(arguments, format);
    if (vsnprintf(text, sizeof(text), format, arguments) < 0)
        text[0] = '\0';
    va_end(arguments);
    snprintf(detail, sizeof(detail), "%s", text);
    return err;
}

const char *
err_detail(void)
{
    return detail;
}

void
err_clear(void)
{
    detail[0] = '\0';
}
