/* SPDX-License-Identifier: Apache-2.0 */
/**
 * runner: the whole engine on a scripted clock over the model store.
 *
 *     run_begin(&r);                        at 1,000 s
 *     id = run_create(&r, "sam", "{...}");
 *     run_at(&r, 14 * 3600);
 *     run_bid(&r, "ann", id, 1000);         one command, one batch
 *     CHECK_LEADS(...)
 *     run_restart(&r);                      a new engine on the same store
 *     run_replay(&r);                       the log decided again
 *     run_end(&r);
 *
 * Times are seconds since the epoch. Accounts are enrolled as they appear.
 */
#ifndef TESTS_RUNNER_H
#define TESTS_RUNNER_H

#include "engine/engine.h"
#include "model_store.h"

struct run {
    struct model_store *store;
    struct engine *engine;
    struct logkey logkey;
    struct instant now;
    uint64_t random;  /* state of the scripted random source */
    struct task task; /* the last one, with its answer */
    enum verdict verdict;
    struct record record; /* the answer's record, decoded */
    struct record_text *text;
    bool is_answered;
    bool signatures_required;
};

void run_begin(struct run *run);
void run_end(struct run *run);

/** Stop the engine cleanly, or without a word, and start a new one. */
void run_restart(struct run *run);
void run_crash(struct run *run);
/** Start on the present store; what engine_create says. */
enum err run_start(struct run *run);

/** Hash of the committed state of all auctions. */
struct hash run_state(struct run *run);

/**
 * Decide the whole log again. ERR_OK when it follows from itself and leads to
 * the state that the engine has.
 */
enum err run_replay(struct run *run);

/** Set the clock, firing what is due. */
void run_at(struct run *run, int64_t seconds);

/** One command through the engine. The verdict is kept and returned. */
enum verdict run_command(struct run *run, const char *who, enum role role,
                         const struct submission *fields);

/** Create and publish from a draft in JSON; the auction's id, 0 if refused. */
uint64_t run_create(struct run *run, const char *seller, const char *draft);

enum verdict
run_bid(struct run *run, const char *who, uint64_t auction, int64_t max);

/** The published lot; borrowed until the next call. */
const struct lot *run_lot(struct run *run, uint64_t auction);

/** Account name of the leader or winner, "" for none. */
const char *run_leader(struct run *run, uint64_t auction);

#endif
