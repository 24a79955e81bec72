/* SPDX-License-Identifier: Apache-2.0 */
/**
 * twin: the engine and the naive rules, given the same commands.
 *
 * A step is a command, a moment at which nothing is sent, or a restart. After
 * each step the verdict and everything that can be asked about every auction
 * and account must be the same on both sides, and what must never happen
 * (properties.h) must not have happened.
 *
 * The engine runs whole: batches, records, signatures, views, on a scripted
 * clock over the store in memory (tests/scenario).
 */
#ifndef TESTS_TWIN_H
#define TESTS_TWIN_H

#include "../scenario/runner.h"
#include "naive.h"

enum {
    TWIN_BIDDERS = 5, /* users 1..5 */
    TWIN_TRADER = 6,  /* bids and sells */
    TWIN_SELLER = 7,
    TWIN_OTHER_SELLER = 8,
    TWIN_ADMIN = 9,
    TWIN_USERS = 9,
    TWIN_COMPLAINT_BYTES = 1024,
    TWIN_AWARDS_MAX = 64,
    TWIN_AUCTIONS_MAX = 6,
};

/** When a twin begins: 1,000 s after the epoch, as the runner does. */
#define TWIN_START INT64_C(1000000)

enum twin_what { TWIN_COMMAND, TWIN_TICK, TWIN_STOP, TWIN_CRASH };

struct twin_step {
    enum twin_what what;
    int64_t at;   /* what the clock says, ms */
    int64_t away; /* stop, crash: how long until the restart */
    struct naive_command command;
    struct naive_terms terms; /* create */
};

/** What an auction looks like, from either side. */
struct shown {
    enum naive_state state;
    enum naive_outcome outcome;
    int64_t close, hard_end, reveal_end;
    uint64_t leader, maximum, price, min_next, stock;
    bool has_buy_now;
    size_t award_count;
    struct shown_award {
        uint64_t user, price, quantity, invoice;
        bool is_paid, is_defaulted, is_credited;
    } awards[TWIN_AWARDS_MAX];
};

struct twin {
    struct run run;
    struct naive *naive;
    const struct naive_entry *line;         /* of the last command */
    struct shown before[TWIN_AUCTIONS_MAX]; /* by id - 1 */
    struct shown shown[TWIN_AUCTIONS_MAX];
    char complaint[TWIN_COMPLAINT_BYTES];
};

void twin_begin(struct twin *twin);
void twin_end(struct twin *twin);

/** Whether both sides agree; else `complaint` says about what. */
bool twin_do(struct twin *twin, const struct twin_step *step);

/** Whether the engine has this format, and this command, yet. */
bool twin_has_format(enum naive_format format);
bool twin_has_kind(enum naive_kind kind);

/** Decide the log again, twice: it must follow from itself. */
bool twin_replay(struct twin *twin);

/** Compare all that is shown, outside a step. */
bool twin_compare(struct twin *twin);

/** "bid", "english", "bob". */
const char *twin_kind_name(enum naive_kind kind);
const char *twin_format_name(enum naive_format format);
const char *twin_user_name(uint64_t user);

#endif
