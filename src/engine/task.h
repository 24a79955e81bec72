/* SPDX-License-Identifier: Apache-2.0 */
/**
 * task: one command on its way through the engine and back.
 *
 * A worker fills in the submission and hands the task over; the engine fills
 * in the answer once it is durable and calls `done`, on its own thread, to
 * send the task home. Whoever holds the task owns it.
 */
#ifndef ENGINE_TASK_H
#define ENGINE_TASK_H

#include "audit/receipt.h"
#include "base/buf.h"
#include "engine/submission.h"
#include "identity/identity.h"

#include <stdatomic.h>

/** Bytes that several threads read and the last one frees. */
struct shared {
    atomic_uint references;
    size_t size;
    char bytes[]; /* and a NUL that is not counted */
};

/** A copy of `size` bytes with one reference, or NULL without memory. */
struct shared *shared_create(const void *bytes, size_t size);
struct shared *shared_ref(struct shared *shared);
/** Drop a reference and NULL the pointer; NULL is allowed. */
void shared_unref(struct shared **shared);

/**
 * What became of a task. "Ruled" answers are final and carry a receipt; of
 * the others nothing is promised but what stands here.
 */
enum answer_kind {
    ANSWER_RULED,       /* decided now: accepted or refused by the rules */
    ANSWER_REPLAYED,    /* the first answer to the same request, again */
    ANSWER_BUSY,        /* not tried: the queue was full or too slow */
    ANSWER_WITHDRAWN,   /* not tried: its certificate counts no more */
    ANSWER_UNAVAILABLE, /* not done: nothing was changed */
    ANSWER_UNKNOWN,     /* the flush failed: done or not, nobody knows */
};

struct answer {
    enum answer_kind kind;
    uint64_t seq;              /* of the command's record */
    struct buf record;         /* its canonical bytes */
    struct proof proof;        /* to the checkpoint's root */
    struct shared *checkpoint; /* signed note */
};

struct task {
    struct submission submission;
    struct identity *identity; /* owned reference */
    struct instant received;   /* when it entered the queue */
    struct answer answer;
    void (*done)(struct task *task);
    struct task *next; /* the queue's */
};

/** Release what a task owns, not the task itself. */
void task_release(struct task *task);

/** The receipt of an answer that is ruled or replayed; borrows from it. */
struct receipt answer_receipt(const struct answer *answer);

#endif
