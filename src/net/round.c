/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A round: one errand for every worker, done by each on its own thread, so
 * that connections are touched by nobody else. The last one home ends it.
 */
#include "net/internal.h"

#include <stdlib.h>

struct round {
    atomic_uint left;
    round_step *step;
    round_done *done;
    void *context;
    struct errand errands[]; /* one for each worker */
};

void
round_step_done(struct errand *errand, struct worker *worker)
{
    struct round *round = errand->round;

    round->step(worker, round->context);
    if (atomic_fetch_sub(&round->left, 1) > 1)
        return;
    if (round->done != NULL)
        round->done(round->context);
    free(round);
}

enum err
round_start(struct net *net, round_step *step, round_done *done, void *context)
{
    struct round *round =
        calloc(1, sizeof(*round) + net->worker_count * sizeof(struct errand));

    if (round == NULL)
        return err_set(ERR_NOMEM, "no memory for an errand of the workers");
    round->left = net->worker_count;
    round->step = step;
    round->done = done;
    round->context = context;
    for (unsigned i = 0; i < net->worker_count; i++) {
        round->errands[i].round = round;
        worker_post_errand(&net->workers[i], &round->errands[i]);
    }
    return ERR_OK;
}

/* ----------------------------------------------------------------- waiting */

struct waiting {
    round_step *step;
    void *context;
    pthread_mutex_t lock; /* rank 70; guards `is_done` */
    pthread_cond_t changed;
    bool is_done;
};

static void
waiting_step(struct worker *worker, void *context)
{
    struct waiting *w = context;

    w->step(worker, w->context);
}

static void
waiting_done(void *context)
{
    struct waiting *w = context;

    CHECK(pthread_mutex_lock(&w->lock) == 0);
    w->is_done = true;
    CHECK(pthread_cond_signal(&w->changed) == 0);
    CHECK(pthread_mutex_unlock(&w->lock) == 0);
}

enum err
round_wait(struct net *net, round_step *step, void *context)
{
    struct waiting w = {.step = step, .context = context};
    enum err err;

    CHECK(!net->is_stopped);
    CHECK(pthread_mutex_init(&w.lock, NULL) == 0);
    CHECK(pthread_cond_init(&w.changed, NULL) == 0);
    err = round_start(net, waiting_step, waiting_done, &w);
    CHECK(pthread_mutex_lock(&w.lock) == 0);
    while (err == ERR_OK && !w.is_done)
        CHECK(pthread_cond_wait(&w.changed, &w.lock) == 0);
    CHECK(pthread_mutex_unlock(&w.lock) == 0);
    pthread_cond_destroy(&w.changed);
    pthread_mutex_destroy(&w.lock);
    return err;
}
