/* SPDX-License-Identifier: Apache-2.0 */
/**
 * engine_internal: the engine's parts, for its own source files only.
 *
 *     engine.c   queue, thread, life cycle, what other threads may ask
 *     load.c     start: state from the store, proof of it, first records
 *     batch.c    one batch: stamp, judge, commit, publish, answer
 *     sink.c     how records, blobs and look-ups of the world are served
 *     answer.c   answers with receipts; proofs about the past
 *     noting.c   what other threads have for the log
 *     witness.c  heads that come back to us: cosigned, or of a fork
 */
#ifndef ENGINE_ENGINE_INTERNAL_H
#define ENGINE_ENGINE_INTERNAL_H

#include "audit/tree.h"
#include "engine/engine.h"
#include "engine/notes.h"
#include "engine/world.h"

#include <pthread.h>

enum {
    BATCH_RECORDS_MAX = TREE_BATCH_LEAVES_MAX,
    /* No command, timer or enrolment writes more records than this. */
    BATCH_RECORDS_OF_ONE = 64,
    BATCH_BYTES_MAX = BATCH_RECORDS_MAX * 4096,
    BATCH_REQUEST_SLOTS = 1024, /* power of two, > 2 x tasks */
    BATCH_BLOBS_MAX = 1024,
    HEADS_KEPT = 65536, /* roots remembered for `seen` */
};

/** A task that waits for the flush. */
struct pending {
    struct task *task;
    bool is_replay;
    uint64_t seq;
    uint64_t size; /* of the tree it is proved in; 0: of this batch */
};

struct batch {
    struct buf bytes; /* the records, one after another */
    size_t offsets[BATCH_RECORDS_MAX + 1];
    size_t record_count;
    struct pending pending[ENGINE_BATCH_TASKS_MAX];
    size_t pending_count;
    struct store_request requests[ENGINE_BATCH_TASKS_MAX];
    size_t request_count;
    uint16_t slots[BATCH_REQUEST_SLOTS]; /* index of a request + 1 */
    struct store_blob blobs[BATCH_BLOBS_MAX];
    size_t blob_count;
    struct buf blob_bytes;
    struct note *notes; /* in it, told after the flush; owned */
    struct note **notes_last;
    struct tree_mark mark;
    struct store_head before;
    bool tx_is_open; /* the present unit has written a record */
    unsigned accepted, refused, replayed;
};

/** A root that was signed; sizes ascend. */
struct kept_head {
    uint64_t size;
    struct hash root;
};

struct engine {
    struct engine_options options;

    /* the engine thread's own */
    struct world *world;
    struct tree *tree;
    struct store_head head; /* with the present batch */
    struct batch batch;
    int64_t kept_hour;      /* of the newest head that is kept for its hour */
    struct kept_head *kept; /* ring of HEADS_KEPT */
    uint64_t kept_count;
    struct instant heartbeat_due;
    struct instant last_stamp;
    int64_t last_flush_us;

    int64_t clock_gap; /* of the wall clock to ours when last looked at */
    struct notes *notes;
    struct views *views;
    struct feed *feed;
    struct keeper *keeper; /* NULL while there is no thread */
    pthread_t thread;
    bool has_thread;

    pthread_mutex_t queue_lock; /* rank 10; guards to the next blank line */
    pthread_cond_t wake;
    struct task *first;
    struct task **last;
    size_t queued;
    struct question *questions;
    size_t question_count;
    bool is_closed;
    bool is_stopping;

    pthread_mutex_t shown_lock; /* rank 15; guards to the next blank line */
    struct shared *checkpoint;
    struct shared *cosigned; /* newest one of that kind, or NULL */
    struct engine_counts counts;

    atomic_bool has_failed;
    atomic_int failure; /* enum err; why */
    atomic_int_fast64_t beat_ms;
};

/* sink.c */
struct world_ports engine_world_ports(struct engine *engine);
struct tree_source engine_tree_source(struct engine *engine);
void
engine_keep_head(struct engine *engine, uint64_t size, const struct hash *root);
/** Bytes of record i of the present batch. */
const char *batch_record(const struct batch *batch, size_t i, size_t *size_out);

/* batch.c */
void engine_begin(struct engine *engine);
/** The stamp of what happens now. */
struct instant engine_stamp(struct engine *engine);
/** Write a record that belongs to no command. */
MUST_CHECK enum err engine_note(struct engine *engine, struct record *record);
/** Fire timers due now, judge the tasks of the list, heartbeat, commit. */
size_t engine_run_batch(struct engine *engine, struct task *tasks);
/** Fire all that is due at `now`, in as many batches as it takes. */
void engine_settle_timers(struct engine *engine, struct instant now);
/** Give a task back without having tried it. */
void engine_return(struct task *task, enum answer_kind kind);
/** Whether one more unit of work fits. */
bool batch_has_room(const struct batch *batch);
const struct store_request *
batch_find_request(const struct batch *batch, uint64_t uid,
                   const struct bytes16 *request);

/* noting.c */
/** Write what other threads have for the log, as far as there is room. */
void engine_take_notes(struct engine *engine, bool all);
/** Record a step of the wall clock since the last look. */
MUST_CHECK enum err engine_watch_clock(struct engine *engine);

/* commit.c */
/** Records, views, answers: all or nothing. A new batch begins. */
void engine_commit(struct engine *engine);
/** Memory as before the batch; its tasks are answered. A new batch begins. */
void engine_abort(struct engine *engine, enum err err);
/** Nothing may be acknowledged any more. */
void engine_fail(struct engine *engine, enum err err, const char *what);
void engine_show_head(struct engine *engine);
void
engine_publish_auction(struct engine *engine, const struct auction *auction);
/** All invoices of an auction that has been loaded. */
void
engine_publish_invoices(struct engine *engine, const struct auction *auction);
void
engine_publish_account(struct engine *engine, const struct account *account);

/* answer.c */
void engine_release_answers(struct engine *engine, const struct hash *root);
void engine_answer_question(struct engine *engine, struct question *question);

/** The signed head of the first `size` records, made again if it is old. */
MUST_CHECK enum err
engine_checkpoint_of(struct engine *engine, uint64_t size, struct shared **out);

/* witness.c */
void engine_witness(struct engine *engine, struct question *question);
/** Find the newest cosigned head at the start. */
MUST_CHECK enum err engine_load_cosigned(struct engine *engine);

/* load.c */
MUST_CHECK enum err engine_load(struct engine *engine);

#endif
