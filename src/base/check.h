/* SPDX-License-Identifier: Apache-2.0 */
/**
 * check: assertions that stay on in release builds.
 *
 * A CHECK guards against our own mistakes (arguments, invariants, both sides
 * of a border). What a peer or the world can cause is an error, never a
 * CHECK. A broken one prints where and aborts: for a server that must not
 * acknowledge what it cannot stand by, stopping is the safe answer.
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

/** Result must not be ignored. */
#define MUST_CHECK __attribute__((warn_unused_result))

/** Report a broken check on stderr and abort the process. */
__attribute__((noreturn, cold)) void
check_failed(const char *condition, const char *file, int line);

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (__builtin_expect(!(condition), 0))                                 \
            check_failed(#condition, __FILE__, __LINE__);                      \
    } while (0)

#endif
