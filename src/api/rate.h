/* SPDX-License-Identifier: Apache-2.0 */
/**
 * rate: how many commands an account may send a second, over all its
 * connections and workers.
 *
 * One number an account: the time at which its commands would be used up if
 * they came evenly (generic cell rate). A fixed number of places, by a keyed
 * hash of the name: memory is bounded, and the few who share a place share
 * its rate.
 *
 * Thread  any; without a lock.
 */
#ifndef API_RATE_H
#define API_RATE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct rate;

/** `key`: random, so that nobody can choose whose place to share. */
MUST_CHECK enum err rate_create(struct rate **out, uint64_t key);
void rate_destroy(struct rate **rate);

/** From now on so many a second, and so many at once. */
void rate_set(struct rate *rate, unsigned per_second, unsigned burst);

/**
 * Whether one more may come now.
 *
 * now_us    of a monotonic clock
 * wait_out  when not: seconds until one may, at least 1
 */
MUST_CHECK bool rate_take(struct rate *rate, const char *name, int64_t now_us,
                          unsigned *wait_out);

/** The present setting. */
void rate_get(const struct rate *rate, unsigned *per_second_out,
              unsigned *burst_out);

#endif
