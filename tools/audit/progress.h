/* SPDX-License-Identifier: Apache-2.0 */
/** progress: one line that tells how far long work has come. */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include <stdint.h>

/**
 * Tell it, when standard error is a terminal and a while has passed.
 *
 * what   "verified"
 * total  0: not known
 */
void progress_show(const char *what, uint64_t count, uint64_t total);

/** Take the line away before anything else is printed. */
void progress_clear(void);

#endif
