/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect.h"

#include <stdarg.h>
#include <stdio.h>

int
inspect_failed(enum err err)
{
    const char *detail = err_detail();

    fprintf(stderr, "auction-audit: %s\n",
            detail[0] == '\0' ? err_text(err) : detail);
    return err == ERR_DAMAGED ? INSPECT_FALSE : INSPECT_UNREADABLE;
}

int
inspect_usage(const char *format, ...)
{
    va_list arguments;

    fputs("auction-audit: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return INSPECT_USAGE;
}
