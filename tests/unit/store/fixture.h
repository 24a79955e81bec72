/* SPDX-License-Identifier: Apache-2.0 */
/**
 * fixture: a data directory of its own for each test, batches whose content
 * follows from their numbers, and child processes that may be lost.
 *
 * The latch and the file hooks are of the whole process, so everything that
 * may set the latch runs in a child. A child reports through memory that it
 * shares with the test, which outlives even SIGKILL.
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "store/store.h"

#include <stdatomic.h>
#include <sys/types.h>

enum {
    FIXTURE_CACHE_BYTES = 8 << 20,
    FIXTURE_PATH_BYTES = 256,
    FIXTURE_AUCTIONS = 5,
    FIXTURE_STATUS_HUNG = 1000,
    FIXTURE_STATUS_SIGNAL = 2000, /* and the signal's number */
};

struct fixture {
    char directory[FIXTURE_PATH_BYTES];
    size_t record_bytes; /* size of each record */
    size_t batch_records;
    struct report *report;
};

/** What a child tells; shared memory. */
struct report {
    _Atomic uint64_t acknowledged; /* size of the log that was promised */
    _Atomic uint64_t tried;        /* size that the last commit would give */
    _Atomic long calls[3];         /* of each kind of hook, at the end */
    _Atomic long calls_opened[3];  /* the same when the store was open */
    _Atomic long rotated_from;     /* sync calls before the new log file */
    _Atomic long rotated_to;       /* and after the commit that made it */
    _Atomic int err;               /* of the step that ended the child */
    _Atomic int later;             /* the best result of any commit after */
    char detail[512];
};

/** A new directory that does not exist yet, in a temporary one. */
void fixture_init(struct fixture *f, size_t record_bytes, size_t batch_records);
void fixture_release(struct fixture *f);

/** "DIRECTORY/name" in a buffer that the next call reuses. */
const char *fixture_path(const struct fixture *f, const char *name);

/** Remove what is in the directory and forget the report. */
void fixture_reset(struct fixture *f);

MUST_CHECK enum err fixture_open(const struct fixture *f, struct store **out);

/** The auction of a record made by the fixture: 1..FIXTURE_AUCTIONS. */
uint64_t fixture_auction_of(const void *bytes, size_t size);

/** Append `count` records to a log of `from`, with all that goes with them. */
MUST_CHECK enum err fixture_commit(const struct fixture *f, struct store *store,
                                   uint64_t from, size_t count);

/** Whether the record has the content that follows from its number. */
bool fixture_is_record(const struct fixture *f, uint64_t seq, const void *bytes,
                       size_t size);

/**
 * Whether the log is whole: its size is a multiple of a batch and at least
 * `least` and at most `most`, each record, request and row is there, and
 * nothing beyond. The reason why not is printed.
 */
bool fixture_is_whole(const struct fixture *f, struct store *store,
                      uint64_t least, uint64_t most);

/**
 * Run a function in a child process of at most 60 s.
 *
 * Returns its exit status, FIXTURE_STATUS_HUNG, or FIXTURE_STATUS_SIGNAL + n.
 */
int fixture_child(struct fixture *f, int (*run)(struct fixture *, void *),
                  void *context);

/** In a child: keep err and err_detail() in the report; returns `status`. */
int fixture_report(struct fixture *f, enum err err, int status);

/** Start a child without waiting for it. */
pid_t fixture_start(struct fixture *f, int (*run)(struct fixture *, void *),
                    void *context);

/** Commit `*context` batches, of type uint64_t, and end without closing. */
int fixture_run_batches(struct fixture *f, void *context);

/** Open, commit batches, close in order; all in the calling process. */
void fixture_fill(const struct fixture *f, unsigned batches);

#endif
