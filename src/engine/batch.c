/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One batch: stamp, fire, judge, then everything durable at once, then views,
 * then answers. The order of these steps is the product's promise.
 */
#include "engine/engine_internal.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct instant
engine_stamp(struct engine *engine)
{
    struct instant now =
        engine->options.clock.now(engine->options.clock.context);

    return instant_before(now, engine->last_stamp) ? engine->last_stamp : now;
}

/* ------------------------------------------------------------ beginning */

static void
free_blobs(struct batch *batch)
{
    for (size_t i = 0; i < batch->blob_count; i++)
        free((void *)(uintptr_t)batch->blobs[i].bytes);
    batch->blob_count = 0;
}

void
engine_begin(struct engine *engine)
{
    struct batch *batch = &engine->batch;

    free_blobs(batch);
    buf_clear(&batch->bytes);
    batch->record_count = 0;
    batch->offsets[0] = 0;
    batch->pending_count = 0;
    batch->request_count = 0;
    memset(batch->slots, 0, sizeof(batch->slots));
    batch->accepted = batch->refused = batch->replayed = 0;
    batch->tx_is_open = false;
    batch->mark = tree_mark(engine->tree);
    batch->before = engine->head;
}

/** Whether one more unit of work fits into the batch. */
bool
batch_has_room(const struct batch *batch)
{
    return batch->record_count + BATCH_RECORDS_OF_ONE <= BATCH_RECORDS_MAX &&
           batch->pending_count < ENGINE_BATCH_TASKS_MAX &&
           batch->request_count < ENGINE_BATCH_TASKS_MAX;
}

/* -------------------------------------------------- requests of the batch */

static size_t
slot_of(uint64_t uid, const uint8_t request[STORE_REQUEST_BYTES])
{
    uint64_t key;

    /* Requests are random; a caller that chooses them well hurts itself. */
    memcpy(&key, request, sizeof(key));
    return (size_t)((key ^ uid) * UINT64_C(0x9e3779b97f4a7c15) >> 32) &
           (BATCH_REQUEST_SLOTS - 1);
}

const struct store_request *
batch_find_request(const struct batch *batch, uint64_t uid,
                   const struct bytes16 *request)
{
    size_t slot = slot_of(uid, request->bytes);

    while (batch->slots[slot] != 0) {
        const struct store_request *row =
            &batch->requests[batch->slots[slot] - 1];
        if (row->uid == uid &&
            memcmp(row->request, request->bytes, sizeof(row->request)) == 0)
            return row;
        slot = (slot + 1) & (BATCH_REQUEST_SLOTS - 1);
    }
    return NULL;
}

static void
keep_request(struct batch *batch, const struct submission *submission,
             const struct ruling *ruling)
{
    struct store_request *row = &batch->requests[batch->request_count++];
    size_t slot = slot_of(ruling->uid, submission->request.bytes);

    *row = (struct store_request){.uid = ruling->uid, .seq = ruling->seq};
    memcpy(row->request, submission->request.bytes, sizeof(row->request));
    memcpy(row->digest, ruling->digest.bytes, sizeof(row->digest));
    while (batch->slots[slot] != 0)
        slot = (slot + 1) & (BATCH_REQUEST_SLOTS - 1);
    batch->slots[slot] = (uint16_t)batch->request_count;
}

/* ------------------------------------------------------------- judging */

static enum err
enroll(struct engine *engine, const struct task *task)
{
    const struct identity *identity = task->identity;
    struct cert_facts facts = {
        .der = identity->der,
        .der_size = identity->der_size,
        .serial = identity->serial_hex,
        .not_after = identity->not_after,
    };

    return world_enroll(engine->world, &task->submission.who, &facts);
}

static enum err
judge(struct engine *engine, struct task *task, struct ruling *ruling)
{
    enum err err = enroll(engine, task);

    if (err != ERR_OK)
        return err;
    return world_judge(engine->world, &task->submission, engine->last_stamp,
                       ruling);
}

/** Judge one task; its answer waits for the flush. */
static enum err
take_task(struct engine *engine, struct task *task)
{
    struct batch *batch = &engine->batch;
    struct ruling ruling;
    struct pending *pending;
    enum err err;

    batch->tx_is_open = false;
    err = judge(engine, task, &ruling);
    if (err != ERR_OK)
        return err;
    if (ruling.keeps_answer)
        keep_request(batch, &task->submission, &ruling);
    batch->replayed += ruling.is_replay;
    batch->accepted += !ruling.is_replay && ruling.verdict == VERDICT_ACCEPTED;
    batch->refused += !ruling.is_replay && ruling.verdict != VERDICT_ACCEPTED;
    pending = &batch->pending[batch->pending_count++];
    *pending = (struct pending){
        .task = task,
        .is_replay = ruling.is_replay,
        .seq = ruling.is_replay ? ruling.kept.seq : ruling.seq,
        .size = ruling.is_replay ? ruling.kept.size : 0,
    };
    return ERR_OK;
}

/** Fire timers due at `now` while there is room; false when more are due. */
static enum err
fire_due(struct engine *engine, struct instant now, bool *all_out)
{
    struct instant due;
    enum err err;

    *all_out = true;
    while (world_next_due(engine->world, &due) && !instant_before(now, due)) {
        if (!batch_has_room(&engine->batch)) {
            *all_out = false;
            return ERR_OK;
        }
        if (instant_before(engine->last_stamp, due))
            engine->last_stamp = due;
        engine->batch.tx_is_open = false;
        if ((err = world_fire(engine->world)) != ERR_OK)
            return err;
    }
    return ERR_OK;
}

enum err
engine_note(struct engine *engine, struct record *record)
{
    struct world_ports ports = engine_world_ports(engine);
    uint64_t seq;

    engine->batch.tx_is_open = false;
    return ports.record(ports.context, record, &seq);
}

static enum err
heartbeat(struct engine *engine, struct instant now)
{
    struct record record;

    if (instant_before(now, engine->heartbeat_due))
        return ERR_OK;
    engine->heartbeat_due = instant_of(now.ms + ENGINE_HEARTBEAT_MS);
    if (engine_watch_clock(engine) != ERR_OK)
        log_error("a step of the clock was not recorded: %s", err_detail());
    record_init(&record, RECORD_LOG_HEARTBEAT);
    return engine_note(engine, &record);
}

/* ------------------------------------------------------------ answering */

void
engine_return(struct task *task, enum answer_kind kind)
{
    CHECK(kind != ANSWER_RULED && kind != ANSWER_REPLAYED);
    task->answer.kind = kind;
    task->done(task);
}

/* ------------------------------------------------------------- running */

/*
 * A failure inside judging leaves the world half changed: everything since
 * the last commit is taken back and answered "unavailable".
 */
static void
give_up(struct engine *engine, struct task *task, enum err err)
{
    engine_abort(engine, err == ERR_STORE_LATCHED ? err : ERR_STORE);
    engine_return(task, ANSWER_UNAVAILABLE);
}

/** By the clock, not by stamps: those stand still while a clock is behind. */
static bool
is_too_old(struct engine *engine, const struct task *task)
{
    return engine_now(engine).ms - task->received.ms > ENGINE_WAIT_MS_MAX;
}

/** Fire all that is due, in as many batches as it takes. */
void
engine_settle_timers(struct engine *engine, struct instant now)
{
    bool all = false;

    while (!all && !engine->has_failed) {
        enum err err = fire_due(engine, now, &all);
        if (err != ERR_OK) {
            engine_fail(engine, err, "a timer could not be fired");
            engine_abort(engine, ERR_STORE);
            return;
        }
        if (!all)
            engine_commit(engine);
    }
}

static void
run_task(struct engine *engine, struct task *task)
{
    struct instant now = engine_stamp(engine);
    enum err err;

    engine_settle_timers(engine, now);
    if (engine->has_failed) {
        engine_return(task, ANSWER_UNAVAILABLE);
        return;
    }
    engine->last_stamp = now;
    if (task->identity != NULL && task->identity->is_withdrawn) {
        engine_return(task, ANSWER_WITHDRAWN);
        return;
    }
    if (is_too_old(engine, task)) {
        engine_return(task, ANSWER_BUSY);
        return;
    }
    if (!batch_has_room(&engine->batch) ||
        (world_needs_history(&task->submission) &&
         (engine->batch.record_count > 0 || engine->batch.pending_count > 0)))
        engine_commit(engine);
    if ((err = take_task(engine, task)) != ERR_OK)
        give_up(engine, task, err);
}

size_t
engine_run_batch(struct engine *engine, struct task *tasks)
{
    size_t count = 0;
    struct instant now = engine_stamp(engine);

    engine_settle_timers(engine, now);
    while (tasks != NULL) {
        struct task *next = tasks->next;
        run_task(engine, tasks);
        tasks = next;
        count++;
    }
    if (!engine->has_failed) {
        if (instant_before(engine->last_stamp, now))
            engine->last_stamp = now;
        engine_take_notes(engine, false);
        if (heartbeat(engine, engine->last_stamp) != ERR_OK)
            log_error("no heartbeat: %s", err_detail());
        engine_commit(engine);
    }
    return count;
}
