/* SPDX-License-Identifier: Apache-2.0 */
/**
 * err: how the world fails, one list for the whole project.
 *
 * Three ways to say no are kept apart: a verdict (auction/verdict.h) is an
 * answer of the auction rules, an enum err is the world failing, a CHECK is
 * our own mistake. A library's code (errno, OpenSSL, Berkeley DB) is
 * translated once, where it arose, by err_set(), which keeps a sentence that
 * says what was attempted; the code travels up untouched and the sentence is
 * printed once, where the request or the program ends.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/check.h"

/* name, text. Append only: the numbers appear in logs. */
#define ERR_LIST(X)                                                            \
    X(ERR_OK, "no error")                                                      \
    X(ERR_NOMEM, "out of memory")                                              \
    X(ERR_SYSTEM, "system call failed")                                        \
    X(ERR_CRYPTO, "OpenSSL failed")                                            \
    X(ERR_STORE, "the store failed")                                           \
    X(ERR_STORE_LATCHED, "the store failed earlier and takes no more writes")  \
    X(ERR_NOT_FOUND, "not found")                                              \
    X(ERR_SYNTAX, "malformed")                                                 \
    X(ERR_TOO_LARGE, "larger than its bound")                                  \
    X(ERR_CONFIG, "configuration error")                                       \
    X(ERR_IN_USE, "in use by another process")                                 \
    X(ERR_FOREIGN, "not ours, or of a newer format")                           \
    X(ERR_DAMAGED, "damaged")                                                  \
    X(ERR_UNTRUSTED, "not trusted")                                            \
    X(ERR_BUSY, "overloaded")                                                  \
    X(ERR_FORKED, "the log was rolled back or rewritten")                      \
    X(ERR_LISTEN, "cannot listen")                                             \
    X(ERR_UNREACHABLE, "no connection")                                        \
    X(ERR_TIMEOUT, "no answer in time")

#define ERR_ENUM(name, text) name,
enum err { ERR_LIST(ERR_ENUM) ERR_COUNT };
#undef ERR_ENUM

/** Short fixed text of a code; never NULL. */
const char *err_text(enum err err);

/**
 * Keep a sentence about a failure for this thread and return its code, so
 * that `return err_set(ERR_SYSTEM, "opening '%s': %s", ...)` is one line.
 * The sentence is cut at 511 bytes.
 */
enum err err_set(enum err err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** The sentence last kept on this thread, or "" when there was none. */
const char *err_detail(void);

/** Forget the sentence of this thread. */
void err_clear(void);

#endif
