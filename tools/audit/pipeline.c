/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORKERS_MAX = 256, BATCHES_SPARE = 4 };

enum state {
    STATE_FREE,
    STATE_READ,     /* to be decoded */
    STATE_DECODING, /* a worker has it */
    STATE_DECODED,  /* to be checked, in order */
    STATE_CHECKED,  /* to be signed */
    STATE_SIGNING,  /* a worker has it */
    STATE_SIGNED,
};

struct slot {
    struct batch batch;
    enum state state;
    bool is_replayed;
};

struct pipeline {
    struct pipeline_steps steps;
    pthread_t workers[WORKERS_MAX], replayer;
    unsigned worker_count;
    bool has_replayer;

    /* Lock rank: alone. Guards what follows but for the batches, which
     * belong to whom their slot's state says. */
    pthread_mutex_t lock;
    pthread_cond_t work;  /* for workers: something to decode or to sign */
    pthread_cond_t moved; /* for the caller and the replay: a batch moved */
    struct slot **ring;   /* batch n is in slot n % ring_count */
    size_t ring_count;
    uint64_t filled, checked, replayed; /* batches so far */
    struct batch *filling;              /* the caller's; NULL: none */
    bool is_stopping;
};

/* ------------------------------------------------------------------ workers */

/** The oldest batch for a worker; signatures first, they free memory. */
static struct slot *
find_work(struct pipeline *p)
{
    struct slot *found = NULL;
    uint64_t oldest = p->filled < p->ring_count ? 0 : p->filled - p->ring_count;

    for (uint64_t n = oldest; n < p->filled; n++) {
        struct slot *slot = p->ring[n % p->ring_count];
        if (slot->state == STATE_CHECKED)
            return slot;
        if (slot->state == STATE_READ && found == NULL)
            found = slot;
    }
    return found;
}

static void
release_if_done(struct slot *slot)
{
    if (slot->state == STATE_SIGNED && slot->is_replayed)
        slot->state = STATE_FREE;
}

static void
do_work(struct pipeline *p, struct slot *slot)
{
    bool is_decoding = slot->state == STATE_READ;

    slot->state = is_decoding ? STATE_DECODING : STATE_SIGNING;
    pthread_mutex_unlock(&p->lock);
    if (is_decoding)
        p->steps.decode(p->steps.context, &slot->batch);
    else
        p->steps.sign(p->steps.context, &slot->batch);
    pthread_mutex_lock(&p->lock);
    slot->state = is_decoding ? STATE_DECODED : STATE_SIGNED;
    release_if_done(slot);
    pthread_cond_broadcast(&p->moved);
}

static void *
run_worker(void *context)
{
    struct pipeline *p = context;

    pthread_mutex_lock(&p->lock);
    while (!p->is_stopping) {
        struct slot *slot = find_work(p);
        if (slot != NULL)
            do_work(p, slot);
        else
            pthread_cond_wait(&p->work, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void *
run_replayer(void *context)
{
    struct pipeline *p = context;

    pthread_mutex_lock(&p->lock);
    while (!p->is_stopping) {
        struct slot *slot = p->ring[p->replayed % p->ring_count];
        if (p->replayed == p->checked) { /* then it may be NULL */
            pthread_cond_wait(&p->moved, &p->lock);
            continue;
        }
        pthread_mutex_unlock(&p->lock);
        p->steps.replay(p->steps.context, &slot->batch);
        pthread_mutex_lock(&p->lock);
        slot->is_replayed = true;
        p->replayed++;
        release_if_done(slot);
        pthread_cond_broadcast(&p->moved);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ------------------------------------------------------------------- caller */

/** Check the next batch if it is decoded; the lock is held. */
static bool
check_next(struct pipeline *p)
{
    struct slot *slot = p->ring[p->checked % p->ring_count];

    if (p->checked == p->filled || slot->state != STATE_DECODED)
        return false;
    pthread_mutex_unlock(&p->lock);
    p->steps.check(p->steps.context, &slot->batch);
    pthread_mutex_lock(&p->lock);
    slot->state = STATE_CHECKED;
    p->checked++;
    pthread_cond_signal(&p->work);
    pthread_cond_broadcast(&p->moved);
    return true;
}

static struct slot *
make_slot(void)
{
    struct slot *slot = calloc(1, sizeof(*slot));
    struct record_text *texts = calloc(BATCH_RECORDS, sizeof(*texts));

    if (slot != NULL)
        slot->batch.bytes = malloc(BATCH_BYTES);
    if (slot == NULL || texts == NULL || slot->batch.bytes == NULL) {
        if (slot != NULL)
            free(slot->batch.bytes);
        free(texts);
        free(slot);
        return NULL;
    }
    for (size_t i = 0; i < BATCH_RECORDS; i++)
        slot->batch.items[i].text = &texts[i];
    return slot;
}

/** A free batch to fill; checks others while there is none. */
static struct batch *
take_free(struct pipeline *p)
{
    struct slot **place = &p->ring[p->filled % p->ring_count], *slot;

    /* A short log needs few of them. */
    if (*place == NULL && (*place = make_slot()) == NULL)
        return NULL;
    slot = *place;
    pthread_mutex_lock(&p->lock);
    while (check_next(p) || slot->state != STATE_FREE)
        if (slot->state != STATE_FREE &&
            p->ring[p->checked % p->ring_count]->state != STATE_DECODED)
            pthread_cond_wait(&p->moved, &p->lock);
    pthread_mutex_unlock(&p->lock);
    slot->batch.count = 0;
    slot->batch.used = 0;
    return &slot->batch;
}

static void
hand_over(struct pipeline *p)
{
    struct slot *slot = p->ring[p->filled % p->ring_count];

    pthread_mutex_lock(&p->lock);
    slot->state = STATE_READ;
    slot->is_replayed = false;
    p->filled++;
    pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
    p->filling = NULL;
}

enum err
pipeline_add(struct pipeline *p, const struct source_line *line)
{
    struct item *item;

    if (p->filling != NULL && (p->filling->count == BATCH_RECORDS ||
                               p->filling->used + line->size > BATCH_BYTES))
        hand_over(p);
    if (p->filling == NULL && (p->filling = take_free(p)) == NULL)
        return err_set(ERR_NOMEM, "out of memory");
    item = &p->filling->items[p->filling->count++];
    item->line = *line;
    item->key = NULL;
    if (line->bytes != NULL) {
        CHECK(p->filling->used + line->size <= BATCH_BYTES);
        item->line.bytes = memcpy(p->filling->bytes + p->filling->used,
                                  line->bytes, line->size);
        p->filling->used += line->size;
    }
    return ERR_OK;
}

void
pipeline_drain(struct pipeline *p)
{
    bool is_busy = true;

    if (p->filling != NULL)
        hand_over(p);
    pthread_mutex_lock(&p->lock);
    while (is_busy) {
        while (check_next(p))
            continue;
        is_busy = false;
        for (size_t i = 0; i < p->ring_count; i++)
            is_busy = is_busy ||
                      (p->ring[i] != NULL && p->ring[i]->state != STATE_FREE);
        if (is_busy &&
            (p->checked == p->filled ||
             p->ring[p->checked % p->ring_count]->state != STATE_DECODED))
            pthread_cond_wait(&p->moved, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
}

/* --------------------------------------------------------------- life cycle */

static enum err
start_threads(struct pipeline *p, unsigned workers)
{
    for (unsigned i = 0; i < workers; i++) {
        if (pthread_create(&p->workers[i], NULL, run_worker, p) != 0)
            return err_set(ERR_SYSTEM, "cannot start a thread");
        p->worker_count++;
    }
    if (pthread_create(&p->replayer, NULL, run_replayer, p) != 0)
        return err_set(ERR_SYSTEM, "cannot start a thread");
    p->has_replayer = true;
    return ERR_OK;
}

enum err
pipeline_create(struct pipeline **out, const struct pipeline_steps *steps,
                unsigned workers)
{
    struct pipeline *p = calloc(1, sizeof(*p));
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    enum err err;

    if (p == NULL)
        return err_set(ERR_NOMEM, "out of memory");
    if (workers == 0)
        workers = online < 1 ? 1 : (unsigned)online;
    if (workers > WORKERS_MAX)
        workers = WORKERS_MAX;
    p->steps = *steps;
    p->ring_count = 3 * workers + BATCHES_SPARE;
    CHECK(pthread_mutex_init(&p->lock, NULL) == 0);
    CHECK(pthread_cond_init(&p->work, NULL) == 0);
    CHECK(pthread_cond_init(&p->moved, NULL) == 0);
    p->ring = calloc(p->ring_count, sizeof(struct slot *));
    err = p->ring != NULL ? start_threads(p, workers)
                          : err_set(ERR_NOMEM, "out of memory");
    if (err != ERR_OK) {
        pipeline_destroy(&p);
        return err;
    }
    *out = p;
    return ERR_OK;
}

static void
stop_threads(struct pipeline *p)
{
    pthread_mutex_lock(&p->lock);
    p->is_stopping = true;
    pthread_cond_broadcast(&p->work);
    pthread_cond_broadcast(&p->moved);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->worker_count; i++)
        pthread_join(p->workers[i], NULL);
    if (p->has_replayer)
        pthread_join(p->replayer, NULL);
}

void
pipeline_destroy(struct pipeline **pipeline)
{
    struct pipeline *p = *pipeline;

    if (p == NULL)
        return;
    stop_threads(p);
    for (size_t i = 0; p->ring != NULL && i < p->ring_count; i++)
        if (p->ring[i] != NULL) {
            free(p->ring[i]->batch.items[0].text);
            free(p->ring[i]->batch.bytes);
            free(p->ring[i]);
        }
    free(p->ring);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->moved);
    free(p);
    *pipeline = NULL;
}
