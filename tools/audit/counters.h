/* SPDX-License-Identifier: Apache-2.0 */
/**
 * counters: the numbers of records inside each auction and each actor.
 *
 * `aseq` and `useq` go up by one, from 1. So whoever is shown an auction, or
 * an account, can see that no record of it is missing.
 *
 * Owner   the caller. 16 bytes an auction and an account.
 * Thread  one at a time.
 * Source  docs/audit.md "Records".
 */
#ifndef TOOLS_COUNTERS_H
#define TOOLS_COUNTERS_H

#include "audit/record.h"

struct counter_list {
    uint64_t *last; /* by number of the auction or account */
    size_t count;
};

struct counters {
    struct counter_list auctions, users;
};

void counters_release(struct counters *counters);

/**
 * Take the next record into account.
 *
 * may_skip  records are withheld: a number may be missing, but none may come
 *           twice or go back
 * flaw_out  what is wrong, as words; NULL when nothing is
 *
 * Returns  ERR_OK or ERR_NOMEM
 */
MUST_CHECK enum err
counters_add(struct counters *counters, const struct record *record,
             bool may_skip, const char **flaw_out);

#endif
