/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/keeper.h"

#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    INDEX_STEP = 512, /* records indexed between two looks at the jobs */
    CHECKPOINT_PERIOD_S = 60,
    HEAD_FILE_PERIOD_S = 1,
    WAIT_NS = 100000000,
    SECOND_NS = 1000000000,
};

struct keeper {
    struct store_port store;
    pthread_t thread;
    pthread_mutex_t lock; /* rank 40; guards the next group */
    pthread_cond_t wake;
    bool stopping;
    struct job *first;
    struct job **last;
    size_t job_count;
    uint64_t size;
    char checkpoint[STORE_CHECKPOINT_BYTES_MAX];

    /* the thread's own */
    uint64_t indexed;
    uint64_t head_written;
    time_t head_due;
    time_t checkpoint_due;
    bool index_failed;
};

static time_t
seconds(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec;
}

/*
 * Growth of the log does not wake the keeper: it would take the processor
 * from the next batch. It looks by itself ten times a second.
 */
static void
wait_for_work(struct keeper *k)
{
    struct timespec until;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_nsec += WAIT_NS;
    if (until.tv_nsec >= SECOND_NS) {
        until.tv_nsec -= SECOND_NS;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&k->wake, &k->lock, &until);
}

static struct job *
take_job(struct keeper *k)
{
    struct job *job = k->first;

    if (job == NULL)
        return NULL;
    k->first = job->next;
    if (k->first == NULL)
        k->last = &k->first;
    k->job_count--;
    return job;
}

/*
 * A failed index is reported and left alone: it is derived, readers go on
 * without it, and the store's own latch decides about the process.
 */
static void
advance_index(struct keeper *k, uint64_t size)
{
    if (k->index_failed || k->indexed >= size)
        return;
    if (k->store.index_advance(k->store.context, size, INDEX_STEP,
                               &k->indexed) == ERR_OK)
        return;
    log_error("index of the log not brought forward: %s", err_detail());
    k->index_failed = true;
}

static void
write_head(struct keeper *k, uint64_t size, const char *checkpoint)
{
    time_t now = seconds();

    if (size == k->head_written || now < k->head_due)
        return;
    k->head_due = now + HEAD_FILE_PERIOD_S;
    if (k->store.write_head_file(k->store.context, checkpoint) == ERR_OK)
        k->head_written = size;
    else
        log_error("head file not written: %s", err_detail());
}

static void
write_pages(struct keeper *k)
{
    time_t now = seconds();

    if (now < k->checkpoint_due)
        return;
    k->checkpoint_due = now + CHECKPOINT_PERIOD_S;
    if (k->store.checkpoint(k->store.context) != ERR_OK)
        log_error("pages not written back: %s", err_detail());
}

/** One step of housekeeping, without the lock. */
static void
keep_house(struct keeper *k, uint64_t size, const char *checkpoint)
{
    advance_index(k, size);
    write_head(k, size, checkpoint);
    write_pages(k);
}

static void *
keeper_main(void *argument)
{
    struct keeper *k = argument;
    char checkpoint[STORE_CHECKPOINT_BYTES_MAX];
    struct job *job;

    CHECK(pthread_mutex_lock(&k->lock) == 0);
    for (;;) {
        uint64_t size = k->size;

        job = take_job(k);
        if (job == NULL && k->stopping)
            break;
        memcpy(checkpoint, k->checkpoint, sizeof(checkpoint));
        CHECK(pthread_mutex_unlock(&k->lock) == 0);
        if (job != NULL)
            job->run(job, &k->store);
        keep_house(k, size, checkpoint);
        CHECK(pthread_mutex_lock(&k->lock) == 0);
        if (k->first == NULL && !k->stopping &&
            (k->index_failed || k->indexed >= k->size))
            wait_for_work(k);
    }
    k->head_due = 0;
    write_head(k, k->size, k->checkpoint);
    CHECK(pthread_mutex_unlock(&k->lock) == 0);
    return NULL;
}

enum err
keeper_start(struct keeper **out, const struct store_port *store)
{
    struct keeper *k = calloc(1, sizeof(*k));
    pthread_condattr_t monotonic;

    if (k == NULL)
        return err_set(ERR_NOMEM, "no memory for the keeper");
    k->store = *store;
    k->last = &k->first;
    k->checkpoint_due = seconds() + CHECKPOINT_PERIOD_S;
    CHECK(pthread_mutex_init(&k->lock, NULL) == 0);
    CHECK(pthread_condattr_init(&monotonic) == 0);
    CHECK(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&k->wake, &monotonic) == 0);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&k->thread, NULL, keeper_main, k) != 0) {
        pthread_cond_destroy(&k->wake);
        pthread_mutex_destroy(&k->lock);
        free(k);
        return err_set(ERR_SYSTEM, "cannot start the keeper's thread");
    }
    *out = k;
    return ERR_OK;
}

void
keeper_stop(struct keeper **out)
{
    struct keeper *k = *out;

    if (k == NULL)
        return;
    CHECK(pthread_mutex_lock(&k->lock) == 0);
    k->stopping = true;
    pthread_cond_signal(&k->wake);
    CHECK(pthread_mutex_unlock(&k->lock) == 0);
    CHECK(pthread_join(k->thread, NULL) == 0);
    pthread_cond_destroy(&k->wake);
    pthread_mutex_destroy(&k->lock);
    free(k);
    *out = NULL;
}

bool
keeper_submit(struct keeper *k, struct job *job)
{
    bool has_room;

    CHECK(pthread_mutex_lock(&k->lock) == 0);
    has_room = k->job_count < KEEPER_JOBS_MAX && !k->stopping;
    if (has_room) {
        job->next = NULL;
        *k->last = job;
        k->last = &job->next;
        k->job_count++;
        pthread_cond_signal(&k->wake);
    }
    CHECK(pthread_mutex_unlock(&k->lock) == 0);
    return has_room;
}

void
keeper_advance(struct keeper *k, uint64_t size, const char *checkpoint)
{
    CHECK(pthread_mutex_lock(&k->lock) == 0);
    CHECK(size >= k->size);
    CHECK(strlen(checkpoint) < sizeof(k->checkpoint));
    k->size = size;
    memcpy(k->checkpoint, checkpoint, strlen(checkpoint) + 1);
    CHECK(pthread_mutex_unlock(&k->lock) == 0);
}
