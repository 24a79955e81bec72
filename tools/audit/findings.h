/* SPDX-License-Identifier: Apache-2.0 */
/**
 * findings: the first failure of each check.
 *
 * Checks run on several threads and so not in the order of records; each
 * keeps the failure with the lowest number, and the first check in the order
 * below that has one decides.
 *
 * Thread  any.
 */
#ifndef TOOLS_FINDINGS_H
#define TOOLS_FINDINGS_H

#include "base/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* X(CHECK, name) in the order in which they decide. */
#define CHECK_LIST(X)                                                          \
    X(LOG_KEY, "log key")                                                      \
    X(CHECKPOINT, "checkpoint")                                                \
    X(TREE, "tree")                                                            \
    X(RECORDS, "records")                                                      \
    X(CERTS, "certs")                                                          \
    X(SIGNATURES, "signatures")                                                \
    X(REQUESTS, "requests")                                                    \
    X(HEADS, "heads")                                                          \
    X(COMMITMENTS, "commitments")                                              \
    X(REPLAY, "replay")                                                        \
    X(COSIGNATURES, "cosignatures")                                            \
    X(STATE, "state")                                                          \
    X(OLDER, "older")

#define CHECK_ENUM(check, name) CHECK_##check,
enum check { CHECK_LIST(CHECK_ENUM) CHECK_COUNT };
#undef CHECK_ENUM

const char *check_name(enum check check);

/** A failure that is of no single record. */
#define FINDING_NO_SEQ UINT64_MAX

struct finding {
    bool is_false;
    bool is_missing; /* not proved false: what it needs is not there */
    uint64_t seq;    /* or FINDING_NO_SEQ */
    char what[400];
};

struct findings {
    pthread_mutex_t lock; /* rank: last, nothing is called under it */
    struct finding list[CHECK_COUNT];
};

void findings_init(struct findings *findings);
void findings_release(struct findings *findings);

/** A check is false, by the words given. */
void
findings_add(struct findings *findings, enum check check, uint64_t seq,
             const char *format, ...) __attribute__((format(printf, 4, 5)));

/** An input is missing: nothing is proved false, nothing can be decided. */
void findings_add_missing(struct findings *findings, enum check check,
                          uint64_t seq, const char *what);

/**
 * One of both, by an error: ERR_NOT_FOUND and ERR_SYSTEM are missing input.
 * ERR_OK adds nothing.
 */
void findings_add_err(struct findings *findings, enum check check, uint64_t seq,
                      enum err err);

/** Whether a check has failed so far. */
bool findings_has(struct findings *findings, enum check check);

/** The failure that decides; NULL when there is none. Borrowed. */
const struct finding *
findings_first(const struct findings *findings, enum check *check_out);

#endif
