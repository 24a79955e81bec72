/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include "engine/engine_internal.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
lock_queue(struct engine *engine)
{
    CHECK(pthread_mutex_lock(&engine->queue_lock) == 0);
}

static void
unlock_queue(struct engine *engine)
{
    CHECK(pthread_mutex_unlock(&engine->queue_lock) == 0);
}

static int64_t
monotonic_ms(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ----------------------------------------------------------- life cycle */

static void
init_locks(struct engine *engine)
{
    pthread_condattr_t monotonic;

    CHECK(pthread_mutex_init(&engine->queue_lock, NULL) == 0);
    CHECK(pthread_mutex_init(&engine->shown_lock, NULL) == 0);
    CHECK(pthread_condattr_init(&monotonic) == 0);
    CHECK(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    CHECK(pthread_cond_init(&engine->wake, &monotonic) == 0);
    pthread_condattr_destroy(&monotonic);
}

static enum err
make_parts(struct engine *engine)
{
    struct world_ports ports = engine_world_ports(engine);
    struct tree_source source = engine_tree_source(engine);
    struct world_options options = {engine->options.signatures_required};
    enum err err;

    engine->kept = calloc(HEADS_KEPT, sizeof(*engine->kept));
    if (engine->kept == NULL)
        return err_set(ERR_NOMEM, "no memory for the engine");
    if ((err = world_create(&engine->world, &ports, &options)) != ERR_OK ||
        (err = tree_create(&engine->tree, &source)) != ERR_OK ||
        (err = notes_create(&engine->notes)) != ERR_OK)
        return err;
    return views_create(&engine->views);
}

enum err
engine_create(struct engine **out, const struct engine_options *options)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    enum err err;

    if (engine == NULL)
        return err_set(ERR_NOMEM, "no memory for the engine");
    engine->options = *options;
    engine->last = &engine->first;
    engine->batch.notes_last = &engine->batch.notes;
    engine->beat_ms = monotonic_ms();
    buf_init(&engine->batch.bytes, BATCH_BYTES_MAX);
    init_locks(engine);
    if ((err = make_parts(engine)) != ERR_OK ||
        (err = engine_load(engine)) != ERR_OK) {
        engine_destroy(&engine);
        return err;
    }
    *out = engine;
    return ERR_OK;
}

void
engine_destroy(struct engine **out)
{
    struct engine *engine = *out;

    if (engine == NULL)
        return;
    CHECK(!engine->has_thread && engine->first == NULL);
    if (engine->tree != NULL)
        engine_begin(engine); /* frees the blobs of the last batch */
    world_destroy(&engine->world);
    tree_destroy(&engine->tree);
    views_destroy(&engine->views);
    feed_destroy(&engine->feed);
    notes_destroy(&engine->notes);
    buf_release(&engine->batch.bytes);
    shared_unref(&engine->checkpoint);
    shared_unref(&engine->cosigned);
    free(engine->kept);
    pthread_cond_destroy(&engine->wake);
    pthread_mutex_destroy(&engine->queue_lock);
    pthread_mutex_destroy(&engine->shown_lock);
    free(engine);
    *out = NULL;
}

/* ---------------------------------------------------------------- queue */

bool
engine_submit(struct engine *engine, struct task *task)
{
    bool has_room;

    task->next = NULL;
    task->received = engine_now(engine);
    lock_queue(engine);
    has_room = !engine->is_closed && engine->queued < ENGINE_QUEUE_MAX &&
               !engine->has_failed;
    if (has_room) {
        *engine->last = task;
        engine->last = &task->next;
        if (engine->queued++ == 0)
            pthread_cond_signal(&engine->wake);
    }
    unlock_queue(engine);
    return has_room;
}

bool
engine_ask(struct engine *engine, struct question *question)
{
    bool is_open;

    lock_queue(engine);
    is_open =
        !engine->is_closed && engine->question_count < ENGINE_QUESTIONS_MAX;
    if (is_open) {
        engine->question_count++;
        question->next = engine->questions;
        engine->questions = question;
        pthread_cond_signal(&engine->wake);
    }
    unlock_queue(engine);
    return is_open;
}

/** Everything that has queued up; the queue is then empty. */
static struct task *
take_tasks(struct engine *engine)
{
    struct task *tasks = engine->first;

    engine->first = NULL;
    engine->last = &engine->first;
    engine->queued = 0;
    return tasks;
}

static void
answer_questions(struct engine *engine, struct question *questions)
{
    while (questions != NULL) {
        struct question *next = questions->next;
        engine_answer_question(engine, questions);
        questions = next;
    }
}

size_t
engine_step(struct engine *engine)
{
    struct task *tasks;
    struct question *questions;

    lock_queue(engine);
    tasks = take_tasks(engine);
    questions = engine->questions;
    engine->questions = NULL;
    engine->question_count = 0;
    unlock_queue(engine);
    engine->beat_ms = monotonic_ms();
    answer_questions(engine, questions);
    return engine_run_batch(engine, tasks);
}

/* --------------------------------------------------------------- thread */

/** How long nothing will be due, in milliseconds. */
static int64_t
idle_ms(struct engine *engine)
{
    struct instant now = engine_now(engine);
    struct instant due;
    int64_t wait = engine->heartbeat_due.ms - now.ms;

    if (world_next_due(engine->world, &due) && due.ms - now.ms < wait)
        wait = due.ms - now.ms;
    return wait < 0 ? 0 : wait > 1000 ? 1000 : wait;
}

static void
wait_for_work(struct engine *engine, int64_t wait_ms)
{
    struct timespec until;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    lock_queue(engine);
    if (engine->first == NULL && engine->questions == NULL &&
        !engine->is_stopping && !notes_are_urgent(engine->notes))
        pthread_cond_timedwait(&engine->wake, &engine->queue_lock, &until);
    unlock_queue(engine);
}

static bool
is_done(struct engine *engine)
{
    bool done;

    lock_queue(engine);
    done = engine->is_stopping && engine->first == NULL &&
           engine->questions == NULL;
    unlock_queue(engine);
    return done;
}

static void *
engine_main(void *argument)
{
    struct engine *engine = argument;

    while (!is_done(engine)) {
        wait_for_work(engine, idle_ms(engine));
        engine_step(engine);
    }
    return NULL;
}

enum err
engine_start(struct engine *engine)
{
    enum err err = keeper_start(&engine->keeper, &engine->options.store);

    if (err != ERR_OK)
        return err;
    keeper_advance(engine->keeper, engine->head.size, engine->head.checkpoint);
    if (pthread_create(&engine->thread, NULL, engine_main, engine) != 0) {
        keeper_stop(&engine->keeper);
        return err_set(ERR_SYSTEM, "cannot start the engine's thread");
    }
    engine->has_thread = true;
    return ERR_OK;
}

static void
note_stop(struct engine *engine, const char *cause)
{
    struct record record;

    record_init(&record, RECORD_SERVER_STOP);
    RECORD_SET_TEXT(&record, cause, cause);
    /* What is due by now has happened before the end. */
    engine_settle_timers(engine, engine_stamp(engine));
    engine->last_stamp = engine_stamp(engine);
    engine_take_notes(engine, true);
    if (engine_note(engine, &record) != ERR_OK)
        log_error("the end was not written into the log: %s", err_detail());
    else
        engine_commit(engine);
}

void
engine_stop(struct engine *engine, const char *cause)
{
    lock_queue(engine);
    engine->is_closed = engine->is_stopping = true;
    pthread_cond_signal(&engine->wake);
    unlock_queue(engine);
    if (engine->has_thread)
        CHECK(pthread_join(engine->thread, NULL) == 0);
    engine->has_thread = false;
    if (!engine->has_failed)
        note_stop(engine, cause);
    keeper_stop(&engine->keeper);
}

/* ---------------------------------------------------------------- notes */

bool
engine_record(struct engine *engine, const struct record *record,
              const void *blob, size_t blob_size)
{
    return notes_put(engine->notes, record, blob, blob_size, NULL, NULL);
}

bool
engine_record_and_tell(struct engine *engine, const struct record *record,
                       void (*done)(void *context, enum err err), void *context)
{
    if (engine->has_failed ||
        !notes_put(engine->notes, record, NULL, 0, done, context))
        return false;
    lock_queue(engine);
    pthread_cond_signal(&engine->wake);
    unlock_queue(engine);
    return true;
}

void
engine_count_refused(struct engine *engine, const char *addr, const char *cause)
{
    notes_count_noise(engine->notes, addr, cause, engine_now(engine).ms);
}

/* -------------------------------------------------------------- readers */

bool
engine_failed(const struct engine *engine)
{
    return engine->has_failed;
}

enum err
engine_failure(const struct engine *engine)
{
    return (enum err)engine->failure;
}

int64_t
engine_beat_age_ms(struct engine *engine)
{
    return monotonic_ms() - engine->beat_ms;
}

struct views *
engine_views(struct engine *engine)
{
    return engine->views;
}

struct feed *
engine_feed(struct engine *engine)
{
    return engine->feed;
}

struct keeper *
engine_keeper(struct engine *engine)
{
    return engine->keeper;
}

struct shared *
engine_checkpoint(struct engine *engine)
{
    struct shared *checkpoint;

    CHECK(pthread_mutex_lock(&engine->shown_lock) == 0);
    checkpoint = shared_ref(engine->checkpoint);
    CHECK(pthread_mutex_unlock(&engine->shown_lock) == 0);
    return checkpoint;
}

struct shared *
engine_cosigned(struct engine *engine)
{
    struct shared *cosigned;

    CHECK(pthread_mutex_lock(&engine->shown_lock) == 0);
    cosigned = engine->cosigned == NULL ? NULL : shared_ref(engine->cosigned);
    CHECK(pthread_mutex_unlock(&engine->shown_lock) == 0);
    return cosigned;
}

struct instant
engine_now(struct engine *engine)
{
    return engine->options.clock.now(engine->options.clock.context);
}

struct engine_counts
engine_counts(struct engine *engine)
{
    struct engine_counts counts;

    CHECK(pthread_mutex_lock(&engine->shown_lock) == 0);
    counts = engine->counts;
    CHECK(pthread_mutex_unlock(&engine->shown_lock) == 0);
    lock_queue(engine);
    counts.queued = engine->queued;
    unlock_queue(engine);
    return counts;
}
