/* SPDX-License-Identifier: Apache-2.0 */
/**
 * hooks: Berkeley DB's writes and syncs, seen by us.
 *
 * The library hides some failures: a failed sync on the first commit in a new
 * log file is reported as success, and after a failed sync later commits
 * succeed although Linux has dropped the pages. So every write, sync and
 * truncate goes through a function of ours that sets a latch when it fails.
 * The latch is never cleared.
 *
 * The library's hooks are of the whole process, and so is the latch: one
 * process opens one store.
 *
 * Thread  any; the latch is atomic.
 * Source  docs/design.md "Storage"; DB 5.3 db_env_set_func_fsync.
 */
#ifndef STORE_HOOKS_H
#define STORE_HOOKS_H

#include "base/err.h"

#include <stdbool.h>

/** Install the functions; call before the first environment is made. */
MUST_CHECK enum err hooks_install(void);

/** Whether a write, sync or truncate has ever failed. */
bool hooks_are_latched(void);

/** End writing for good, for a failure seen elsewhere. */
void hooks_latch(void);

/* ---- for tests: the n-th call from now fails with `error` ---- */

enum hook_kind { HOOK_WRITE, HOOK_SYNC, HOOK_TRUNCATE, HOOK_COUNT };

/** In place of an error number: half of the bytes, then ENOSPC. */
enum { HOOK_SHORT = -1 };

/** nth 0: none fails. A child process sets it for itself. */
void hooks_fail_nth(enum hook_kind kind, long nth, int error);

/** Calls of a kind so far. */
long hooks_calls(enum hook_kind kind);

#endif
