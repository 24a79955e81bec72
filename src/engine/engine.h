/* SPDX-License-Identifier: Apache-2.0 */
/**
 * engine: takes commands one after another, decides, makes durable, answers.
 *
 * A batch is whatever queued up while the last flush ran. For every command the
 * timers that are due fire first; the world decides and its records are
 * collected. Then the records become leaves of the tree, one checkpoint is
 * signed, one store_commit writes and flushes everything, the new views are
 * published, and only then do the answers leave, with their receipts.
 *
 * A batch whose transaction was aborted leaves no trace in memory and is
 * answered "unavailable". A failed flush ends the engine: the batch is
 * answered "unknown", everything after it "unavailable", and engine_failed
 * tells main to end the process.
 *
 * Thread  engine_start makes the engine's own; until then, or without it,
 *         engine_step runs it on the caller's (tests with a scripted clock).
 *         engine_submit and the readers may be called from any thread.
 * Source  docs/design.md "The engine".
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "audit/logkey.h"
#include "engine/feed.h"
#include "engine/keeper.h"
#include "engine/ports.h"
#include "engine/task.h"
#include "engine/view.h"

struct engine;

enum {
    ENGINE_QUEUE_MAX = 4096,    /* tasks waiting */
    ENGINE_QUESTIONS_MAX = 256, /* proofs waiting */
    ENGINE_BATCH_TASKS_MAX = 256,
    ENGINE_HEARTBEAT_MS = 5000,
    ENGINE_WAIT_MS_MAX = 1000, /* in the queue; then "busy", not executed */
};

/** What the engine needs; pointers are borrowed for its life. */
struct engine_options {
    struct clock_port clock;
    struct random_port random;
    struct store_port store;
    const struct logkey *logkey;
    struct pem log_cert; /* of the log's key, for the first record */
    struct pem ca;       /* that certified it */
    /** The log that a new one continues, by its last head; NULL: none. */
    const struct checkpoint *prev;
    const char *config_text;  /* effective configuration, no secrets */
    const char *build;        /* version of the program */
    bool signatures_required; /* of every command */
    /** Who may cosign our heads; see audit/cosignature.h. */
    const struct log_verifier *witnesses;
    size_t witness_count;
    /** Called on the engine's thread after each flush; may be NULL. */
    void (*published)(void *context);
    void *published_context;
};

/**
 * Load the state, prove it (the root recomputed over the tail, the head
 * signed by our key, the head file no further than the log), apply the outage
 * rule and write the start into the log.
 *
 * Returns  ERR_OK; ERR_FORKED when the store is older than the head file or
 *          does not hash to its head; ERR_FOREIGN for another log's store;
 *          ERR_DAMAGED; the store's errors
 */
MUST_CHECK enum err
engine_create(struct engine **out, const struct engine_options *options);

/** Only when it is not running; NULLs the pointer. */
void engine_destroy(struct engine **engine);

/** Run on a thread of its own. */
MUST_CHECK enum err engine_start(struct engine *engine);

/**
 * Take no more tasks, decide those queued, write the end into the log, and
 * join the thread.
 *
 * cause   for the record, a word
 */
void engine_stop(struct engine *engine, const char *cause);

/**
 * Hand over a task; it comes back by task->done, on the engine's thread.
 * False when the queue is full or closed: the task is still the caller's.
 */
MUST_CHECK bool engine_submit(struct engine *engine, struct task *task);

/**
 * Without a thread: fire what is due and decide what is queued, up to one
 * batch. Returns how many tasks were answered.
 */
size_t engine_step(struct engine *engine);

/** Whether a failure has ended writing; the process is to end. */
bool engine_failed(const struct engine *engine);

/** Which: ERR_STORE_LATCHED, ERR_FORKED, ERR_DAMAGED; ERR_OK: none. */
enum err engine_failure(const struct engine *engine);

/** Milliseconds since the engine last looked at its queue. */
int64_t engine_beat_age_ms(struct engine *engine);

/** Readers' side: committed state only. */
struct views *engine_views(struct engine *engine);
struct feed *engine_feed(struct engine *engine);

/** For long reads; NULL before engine_start and after engine_stop. */
struct keeper *engine_keeper(struct engine *engine);

/** The newest signed checkpoint, with a reference. */
struct shared *engine_checkpoint(struct engine *engine);

/** The newest one that a witness has cosigned; NULL when there is none. */
struct shared *engine_cosigned(struct engine *engine);

/** The engine's time, for countdowns. */
struct instant engine_now(struct engine *engine);

/**
 * Proofs about the past, computed on the engine's thread: queue a task-like
 * question and get it back by `done`.
 */
struct question {
    enum question_kind {
        QUESTION_INCLUSION,   /* that record `from` is in the head of `size` */
        QUESTION_CONSISTENCY, /* that the head of `from` is a prefix of it */
        QUESTION_TILE,        /* `width` hashes of tile `from` of `level` */
        QUESTION_WITNESS,     /* what a signed head, `note`, means for us */
    } kind;
    uint64_t from;
    uint64_t size; /* 0: of the newest head; then it is set to that */
    unsigned level;
    size_t width;
    struct hash *hashes; /* the asker's room for `width` of them */
    struct buf *note;    /* the asker's; see engine/witness.h */
    enum err err;        /* the outcome; ERR_NOT_FOUND: not that far */
    struct proof proof;
    struct shared *checkpoint; /* the newest; the caller's reference */
    void (*done)(struct question *question);
    struct question *next; /* the queue's */
};

MUST_CHECK bool engine_ask(struct engine *engine, struct question *question);

/**
 * Record something that nobody decides: see engine/notes.h. From any thread,
 * never waits; false when there was no room, which is recorded as lost.
 */
bool engine_record(struct engine *engine, const struct record *record,
                   const void *blob, size_t blob_size);

/** The same for one who waits: `done` is called on the engine's thread. */
MUST_CHECK bool
engine_record_and_tell(struct engine *engine, const struct record *record,
                       void (*done)(void *context, enum err err),
                       void *context);

/** A stranger was refused: counted by source (without port) and minute. */
void engine_count_refused(struct engine *engine, const char *addr,
                          const char *cause);

/** Numbers for operators; a snapshot. */
struct engine_counts {
    uint64_t batches, accepted, refused, replayed;
    uint64_t log_size;
    size_t queued;
    int64_t last_flush_us;
    uint64_t flush_us_total; /* over all batches */
};
struct engine_counts engine_counts(struct engine *engine);

#endif
