/* SPDX-License-Identifier: Apache-2.0 */
/**
 * names: what accounts are called, as the log enrols them.
 *
 * Owner   the caller. 64 bytes an account.
 * Thread  one at a time.
 */
#ifndef TOOLS_NAMES_H
#define TOOLS_NAMES_H

#include "audit/record.h"

enum { NAME_BYTES = 64 };

struct names {
    char (*list)[NAME_BYTES]; /* by uid */
    size_t count;
};

void names_release(struct names *names);

/** Learn from a user.enrolled record; others are ignored. ERR_NOMEM. */
MUST_CHECK enum err
names_learn(struct names *names, const struct record *record);

/** An account's name, or "#N" while none is known. May return `out`. */
const char *
names_get(const struct names *names, int64_t uid, char out[NAME_BYTES]);

/** Name of a record's actor, or "". */
const char *names_actor(const struct names *names, const struct record *record,
                        char out[NAME_BYTES]);

#endif
