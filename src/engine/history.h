/* SPDX-License-Identifier: Apache-2.0 */
/**
 * history: the accepted bids of one auction, read back from the log.
 *
 * Only the rules that look back need them (retraction, voiding), so they are
 * not kept in memory.
 *
 * Thread  any that may read the store.
 */
#ifndef ENGINE_HISTORY_H
#define ENGINE_HISTORY_H

#include "engine/ports.h"

enum { HISTORY_BIDS_MAX = 1 << 20 };

/**
 * Bids in order, with what earlier retractions and voidings took marked as
 * withdrawn.
 *
 * size      of the log to read
 * bids_out  to be freed with free(); NULL when there are none
 *
 * Returns  ERR_OK, the store's errors, ERR_DAMAGED, ERR_NOMEM, ERR_TOO_LARGE
 */
MUST_CHECK enum err
history_read(const struct store_port *store, uint64_t auction, uint64_t size,
             struct past_bid **bids_out, size_t *count_out);

#endif
