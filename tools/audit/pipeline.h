/* SPDX-License-Identifier: Apache-2.0 */
/**
 * pipeline: records through several threads, in bounded memory.
 *
 * Lines are gathered into batches. Each batch goes through four steps:
 *
 *     decode   any worker    hash and decode
 *     check    the caller    what depends on the order; gives out keys
 *     sign     any worker    signatures, which cost most
 *     replay   its own       every decision again, in order
 *
 * check and replay see the batches in order; sign and replay of one batch run
 * at the same time. There are as many workers as processors, and a fixed
 * number of batches: the caller waits where there is no free one, and does
 * its own step meanwhile.
 *
 * Owner   whoever created it. About 100 kB a batch, three and a bit a worker.
 * Thread  one caller; the steps are called as said above.
 */
#ifndef TOOLS_PIPELINE_H
#define TOOLS_PIPELINE_H

#include "source.h"

#include "audit/record.h"

#include <openssl/evp.h>

enum { BATCH_RECORDS = 256, BATCH_BYTES = 1 << 20, PROBLEM_BYTES = 200 };

/** One line of the log, as far as it has come. */
struct item {
    struct source_line line; /* bytes point into the batch */
    bool is_decoded;
    char problem[PROBLEM_BYTES]; /* why not */
    EVP_PKEY *key;               /* signature to be checked; borrowed */
    struct record record;
    struct record_text *text;
};

struct batch {
    struct item items[BATCH_RECORDS];
    size_t count;
    char *bytes; /* owned */
    size_t used;
};

struct pipeline_steps {
    void *context;
    void (*decode)(void *context, struct batch *batch);
    void (*check)(void *context, struct batch *batch);
    void (*sign)(void *context, struct batch *batch);
    void (*replay)(void *context, struct batch *batch);
};

struct pipeline;

/**
 * Start the threads.
 *
 * workers  0: one a processor
 *
 * Returns  ERR_OK, ERR_NOMEM, ERR_SYSTEM
 */
MUST_CHECK enum err
pipeline_create(struct pipeline **out, const struct pipeline_steps *steps,
                unsigned workers);

/**
 * Add one line, whose bytes are copied; may run the check step. ERR_OK or
 * ERR_NOMEM.
 */
MUST_CHECK enum err
pipeline_add(struct pipeline *pipeline, const struct source_line *line);

/** Wait until every line has gone through every step. */
void pipeline_drain(struct pipeline *pipeline);

/** Stop the threads; what was not drained is dropped. */
void pipeline_destroy(struct pipeline **pipeline);

#endif
