/* SPDX-License-Identifier: Apache-2.0 */
/* Other threads read while the engine's thread commits. */
#include "store/store.h"

#include "fixture.h"
#include "tap.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

enum { READERS = 3, BATCHES = 60, WAIT_SECONDS_MAX = 20 };

struct shared {
    struct fixture f;
    struct store *store;
    _Atomic uint64_t size; /* committed */
    atomic_bool is_over;
    atomic_ulong reads;
    atomic_ulong failures;
    _Atomic unsigned long long seed;
};

struct reading {
    struct shared *s;
    uint64_t next;
};

static bool
check_record(void *context, uint64_t seq, const void *bytes, size_t size)
{
    struct reading *r = context;

    if (seq != r->next++ || !fixture_is_record(&r->s->f, seq, bytes, size))
        r->s->failures++;
    return true;
}

/** Walk some records up to the newest one, and read one by its number. */
static void
read_some(struct shared *s, uint64_t size, unsigned long long *random)
{
    uint64_t from = tap_random(random) % size;
    struct reading r = {s, from};
    struct buf bytes;

    if (store_each_record(s->store, from, size, check_record, &r) != ERR_OK ||
        r.next != size)
        s->failures++;
    buf_init(&bytes, 1 << 16);
    if (store_read_record(s->store, size - 1, &bytes) != ERR_OK ||
        !fixture_is_record(&s->f, size - 1, bytes.bytes, bytes.size))
        s->failures++;
    buf_release(&bytes);
    s->reads++;
}

static void *
run_reader(void *context)
{
    struct shared *s = context;
    unsigned long long random = ++s->seed;

    while (!s->is_over) {
        uint64_t size = s->size;
        if (size > 0)
            read_some(s, size, &random);
    }
    return NULL;
}

/** The keeper: the index follows, and pages are written back. */
static void *
run_keeper(void *context)
{
    struct shared *s = context;
    uint64_t watermark = 0;

    while (!s->is_over) {
        if (store_index_advance(s->store, s->size, 50, fixture_auction_of,
                                &watermark) != ERR_OK ||
            store_checkpoint(s->store) != ERR_OK)
            s->failures++;
    }
    return NULL;
}

static void
commit_all(struct shared *s)
{
    for (int i = 0; i < BATCHES; i++) {
        uint64_t size = s->size;
        if (fixture_commit(&s->f, s->store, size, s->f.batch_records) != ERR_OK)
            s->failures++;
        s->size = size + s->f.batch_records;
    }
}

static void
readers_see_what_was_committed_while_batches_are_written(void)
{
    static struct shared s;
    pthread_t threads[READERS + 1];

    s.seed = tap_seed();
    fixture_init(&s.f, 900, 50);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&s.f, &s.store), ERR_OK);
    for (int i = 0; i <= READERS; i++)
        CHECK(pthread_create(&threads[i], NULL,
                             i == READERS ? run_keeper : run_reader, &s) == 0);
    commit_all(&s);
    while (s.reads < READERS)
        continue;
    s.is_over = true;
    for (int i = 0; i <= READERS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CU_ASSERT_EQUAL(s.failures, 0);
    CU_ASSERT(fixture_is_whole(&s.f, s.store, BATCHES * 50, BATCHES * 50));
    store_close(&s.store);
    fixture_release(&s.f);
}

/* ------------------------------------------------------------- slow reader */

struct slow {
    struct fixture f;
    struct store *store;
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool is_visiting;
    bool is_committed;
    bool has_waited_in_vain;
};

/** Stand at the newest record until the next batch is committed. */
static bool
stand_still(void *context, uint64_t seq, const void *bytes, size_t size)
{
    struct slow *s = context;
    struct timespec until;
    int code = 0;

    (void)bytes, (void)size;
    if (seq != s->f.batch_records - 1)
        return true;
    CHECK(clock_gettime(CLOCK_REALTIME, &until) == 0);
    until.tv_sec += WAIT_SECONDS_MAX;
    CHECK(pthread_mutex_lock(&s->lock) == 0);
    s->is_visiting = true;
    pthread_cond_broadcast(&s->change);
    while (!s->is_committed && code == 0)
        code = pthread_cond_timedwait(&s->change, &s->lock, &until);
    s->has_waited_in_vain = code == ETIMEDOUT;
    CHECK(pthread_mutex_unlock(&s->lock) == 0);
    return true;
}

static void *
run_slow_reader(void *context)
{
    struct slow *s = context;

    if (store_each_record(s->store, 0, s->f.batch_records, stand_still, s) !=
        ERR_OK)
        s->has_waited_in_vain = true;
    return NULL;
}

static void
a_visitor_that_takes_its_time_does_not_hold_up_a_batch(void)
{
    static struct slow s = {.lock = PTHREAD_MUTEX_INITIALIZER,
                            .change = PTHREAD_COND_INITIALIZER};
    pthread_t reader;

    fixture_init(&s.f, 300, 5);
    CU_ASSERT_EQUAL_FATAL(fixture_open(&s.f, &s.store), ERR_OK);
    CU_ASSERT_EQUAL(fixture_commit(&s.f, s.store, 0, 5), ERR_OK);
    CHECK(pthread_create(&reader, NULL, run_slow_reader, &s) == 0);
    CHECK(pthread_mutex_lock(&s.lock) == 0);
    while (!s.is_visiting)
        pthread_cond_wait(&s.change, &s.lock);
    CHECK(pthread_mutex_unlock(&s.lock) == 0);
    CU_ASSERT_EQUAL(fixture_commit(&s.f, s.store, 5, 5), ERR_OK);
    CHECK(pthread_mutex_lock(&s.lock) == 0);
    s.is_committed = true;
    pthread_cond_broadcast(&s.change);
    CHECK(pthread_mutex_unlock(&s.lock) == 0);
    CHECK(pthread_join(reader, NULL) == 0);
    CU_ASSERT_FALSE(s.has_waited_in_vain);
    store_close(&s.store);
    fixture_release(&s.f);
}

SUITE("reader", NULL, NULL,
      TEST(readers_see_what_was_committed_while_batches_are_written),
      TEST(a_visitor_that_takes_its_time_does_not_hold_up_a_batch))
