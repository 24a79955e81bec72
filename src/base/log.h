/* SPDX-License-Identifier: Apache-2.0 */
/**
 * log: the operator's lines on stderr, one line an event.
 *
 *     2026-11-22T20:00:00.123Z info listening addr=127.0.0.1:8443
 *
 * This is not the audit log: it may be lost and proves nothing. Personal
 * data, keys and bodies are never written to it; bytes that a peer chose go
 * through text_escape first. A line is one write(2), so threads do not mix.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARN,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG
};

/** Lines above `level` are dropped from now on. Call before threads start. */
void log_set_level(enum log_level level);

/** "error" "warn" "info" "debug"; false when it is none of them. */
bool log_level_parse(enum log_level *out, const char *text);

/** Write one line; cut at 1 KiB. */
void log_line(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
