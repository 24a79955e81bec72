/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include "base/instant.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 1024 };

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static atomic_int level_max = LOG_LEVEL_INFO;

void
log_set_level(enum log_level level)
{
    level_max = (int)level;
}

bool
log_level_parse(enum log_level *out, const char *text)
{
    for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++)
        if (strcmp(text, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    return false;
}

void
log_line(enum log_level level, const char *format, ...)
{
    char line[LINE_BYTES_MAX], time_text[INSTANT_TEXT_BYTES];
    struct timespec now;
    va_list arguments;
    size_t size;

    if ((int)level > level_max)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    instant_format(time_text,
                   instant_of(now.tv_sec * 1000 + now.tv_nsec / 1000000));
    size = (size_t)snprintf(line, sizeof(line), "%s %s ", time_text,
                            level_names[level]);
    va_start(arguments, format);
    vsnprintf(line + size, sizeof(line) - size - 1, format, arguments);
    va_end(arguments);
    size = strlen(line);
    line[size++] = '\n';
    /* A log line that cannot be written has nowhere to be reported. */
    if (write(STDERR_FILENO, line, size) < 0)
        return;
}
