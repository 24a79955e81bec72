/* SPDX-License-Identifier: Apache-2.0 */
/**
 * keeper: the one thread for work behind the path of a bid.
 *
 * It brings the index over the log forward, writes the head file, lets the
 * store write its pages back, and runs the long reads (histories, proofs,
 * explanations) that workers hand over. It may wait for the disk; nothing that
 * a bid needs waits for it.
 *
 * Thread  its own; keeper_submit and keeper_advance from any.
 */
#ifndef ENGINE_KEEPER_H
#define ENGINE_KEEPER_H

#include "engine/ports.h"

struct keeper;

/** A long read. `run` ends by sending the job home; it owns itself. */
struct job {
    void (*run)(struct job *job, const struct store_port *store);
    struct job *next; /* the keeper's */
};

enum { KEEPER_JOBS_MAX = 1024 };

/**
 * Start the thread.
 *
 * store  copied; what it borrows outlives the keeper
 */
MUST_CHECK enum err
keeper_start(struct keeper **out, const struct store_port *store);

/** Run what is queued, then end and free; NULLs the pointer. */
void keeper_stop(struct keeper **keeper);

/** Queue a job; false when there are too many, the job is then untouched. */
MUST_CHECK bool keeper_submit(struct keeper *keeper, struct job *job);

/**
 * The log has grown: its size and the signed head of that size.
 * `checkpoint` is borrowed and copied.
 */
void
keeper_advance(struct keeper *keeper, uint64_t size, const char *checkpoint);

#endif
