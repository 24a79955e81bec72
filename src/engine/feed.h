/* SPDX-License-Identifier: Apache-2.0 */
/**
 * feed: the newest durable records, for live streams.
 *
 * A ring bounded in number and bytes. The engine appends a batch's records
 * after the flush; workers read on from where they are. A reader that asks
 * for something older than the ring is told so and reads the log instead.
 *
 * Thread  any; one lock (rank 30), held for a few records at a time.
 */
#ifndef ENGINE_FEED_H
#define ENGINE_FEED_H

#include "engine/task.h"

struct feed;

enum { FEED_RECORDS_MAX = 16384, FEED_BYTES_MAX = 32 << 20 };

/** An empty feed whose first record will be number `next`. */
MUST_CHECK enum err feed_create(struct feed **out, uint64_t next);
void feed_destroy(struct feed **feed);

/** Append record `seq`, which must be the next one; without memory the
 * readers find a gap at its place and read the log. */
void
feed_append(struct feed *feed, uint64_t seq, const void *bytes, size_t size);

/** Number of the next record: everything below it is in the feed. */
uint64_t feed_next(struct feed *feed);

/**
 * Say that every record below `size` is durable. The engine does so before it
 * shows views of them, and appends them after: a reader who got a place in the
 * log from a view is at most waited for, never told that it does not exist.
 */
void feed_announce(struct feed *feed, uint64_t size);

/** What was announced; at least feed_next. */
uint64_t feed_announced(struct feed *feed);

struct feed_entry {
    uint64_t seq;
    struct shared *record; /* the caller's reference */
};

/**
 * Take up to `capacity` records from `from` on.
 *
 * Returns  ERR_OK with their number, which is 0 when there are none yet;
 *          ERR_NOT_FOUND when `from` is no longer in the ring
 */
MUST_CHECK enum err
feed_read(struct feed *feed, uint64_t from, struct feed_entry *entries_out,
          size_t capacity, size_t *count_out);

#endif
