/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/feed.h"

#include <pthread.h>
#include <stdlib.h>

struct feed {
    pthread_mutex_t lock; /* rank 30; guards all below */
    uint64_t first;       /* oldest record in the ring */
    uint64_t next;
    uint64_t announced; /* at least `next` */
    size_t bytes;
    struct shared *ring[FEED_RECORDS_MAX]; /* by seq modulo; may be NULL */
};

static void
lock(struct feed *feed)
{
    CHECK(pthread_mutex_lock(&feed->lock) == 0);
}

static void
unlock(struct feed *feed)
{
    CHECK(pthread_mutex_unlock(&feed->lock) == 0);
}

enum err
feed_create(struct feed **out, uint64_t next)
{
    struct feed *feed = calloc(1, sizeof(*feed));

    if (feed == NULL)
        return err_set(ERR_NOMEM, "no memory for the feed of records");
    CHECK(pthread_mutex_init(&feed->lock, NULL) == 0);
    feed->first = feed->next = feed->announced = next;
    *out = feed;
    return ERR_OK;
}

static void
drop_first(struct feed *feed)
{
    struct shared **slot = &feed->ring[feed->first % FEED_RECORDS_MAX];

    CHECK(feed->first < feed->next);
    feed->bytes -= *slot == NULL ? 0 : (*slot)->size;
    shared_unref(slot);
    feed->first++;
}

void
feed_destroy(struct feed **feed)
{
    if (*feed == NULL)
        return;
    while ((*feed)->first < (*feed)->next)
        drop_first(*feed);
    pthread_mutex_destroy(&(*feed)->lock);
    free(*feed);
    *feed = NULL;
}

void
feed_append(struct feed *feed, uint64_t seq, const void *bytes, size_t size)
{
    struct shared *record = shared_create(bytes, size);

    lock(feed);
    CHECK(seq == feed->next);
    while (feed->next - feed->first >= FEED_RECORDS_MAX ||
           (feed->first < feed->next && feed->bytes + size > FEED_BYTES_MAX))
        drop_first(feed);
    feed->ring[seq % FEED_RECORDS_MAX] = record;
    feed->bytes += record == NULL ? 0 : size;
    feed->next++;
    if (feed->announced < feed->next)
        feed->announced = feed->next;
    unlock(feed);
}

uint64_t
feed_next(struct feed *feed)
{
    uint64_t next;

    lock(feed);
    next = feed->next;
    unlock(feed);
    return next;
}

void
feed_announce(struct feed *feed, uint64_t size)
{
    lock(feed);
    CHECK(size >= feed->announced);
    feed->announced = size;
    unlock(feed);
}

uint64_t
feed_announced(struct feed *feed)
{
    uint64_t size;

    lock(feed);
    size = feed->announced;
    unlock(feed);
    return size;
}

enum err
feed_read(struct feed *feed, uint64_t from, struct feed_entry *entries_out,
          size_t capacity, size_t *count_out)
{
    enum err err = ERR_OK;
    size_t count = 0;

    lock(feed);
    if (from < feed->first)
        err = ERR_NOT_FOUND;
    while (err == ERR_OK && count < capacity && from + count < feed->next) {
        struct shared *record = feed->ring[(from + count) % FEED_RECORDS_MAX];
        if (record == NULL) { /* there was no memory for it */
            err = count == 0 ? ERR_NOT_FOUND : ERR_OK;
            break;
        }
        entries_out[count] =
            (struct feed_entry){from + count, shared_ref(record)};
        count++;
    }
    unlock(feed);
    *count_out = count;
    return err;
}
