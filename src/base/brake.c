/* SPDX-License-Identifier: Apache-2.0 */
#include "base/brake.h"

bool
log_brake_pass(struct log_brake *brake, int64_t second, unsigned per_second,
               uint64_t *held_out)
{
    int_fast64_t seen = brake->second;

    /* Two threads may both begin a second: a few lines more pass. */
    if (seen != second &&
        atomic_compare_exchange_strong(&brake->second, &seen, second))
        brake->lines = 0;
    if (atomic_fetch_add(&brake->lines, 1) >= per_second) {
        brake->held++;
        return false;
    }
    *held_out = atomic_exchange(&brake->held, 0);
    return true;
}
