/* SPDX-License-Identifier: Apache-2.0 */
/**
 * trustee: the present trust generation, and how the next one is made.
 *
 * A generation is made whole or not at all: while one file is broken, forged,
 * older than the one before, of the future or out of date, the old generation
 * stays. The numbers of the newest lists are kept in the data directory's
 * file "crls", so that an older list is refused after a restart too.
 *
 * Thread  main; trustee_facts any.
 * Source  docs/security.md "Revocation".
 */
#ifndef SERVER_TRUSTEE_H
#define SERVER_TRUSTEE_H

#include "identity/trust.h"
#include "server/config.h"

#include <pthread.h>

enum { TRUSTEE_PATH_BYTES = 4096 };

struct trustee {
    const char *data;     /* the data directory, borrowed */
    struct trust *trust;  /* the present one */
    uint64_t generation;  /* of it, from 1 */
    pthread_mutex_t lock; /* rank 70; guards `facts` */
    struct trust_facts facts;
    int64_t next_warn_ms;  /* monotonic: the next look at what runs out */
    int64_t warned_day[3]; /* day of the last warning, by kind */
};

/**
 * The first generation. Nothing is written.
 *
 * Returns  ERR_OK; the errors of trust_create
 */
MUST_CHECK enum err
trustee_init(struct trustee *trustee, const struct config *config);
void trustee_release(struct trustee *trustee);

/** Write down which lists were taken; once the data directory is ours. */
MUST_CHECK enum err trustee_keep(const struct trustee *trustee);

/**
 * Make the next generation. With `crl_text` (PEM) the lists in it take the
 * place of those of the same CAs, and the configured file is replaced.
 *
 * next_out  with one reference; trustee_swap makes it the present one
 *
 * Returns  ERR_OK; an error that names file, cause and mend
 */
MUST_CHECK enum err
trustee_next(struct trustee *trustee, const struct config *config,
             const char *crl_text, struct trust **next_out);
/** Takes the reference. */
void trustee_swap(struct trustee *trustee, struct trust *next);

/** What the present generation is made of. */
struct trust_facts trustee_facts(struct trustee *trustee);

/** Warn, once a day, of what is in the last fifth of its life, or over. */
void trustee_watch(struct trustee *trustee, int64_t now_ms);

#endif
