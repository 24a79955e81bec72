/* SPDX-License-Identifier: Apache-2.0 */
/**
 * requests: no command was decided twice under one request id.
 *
 * The ids of all commands are sorted outside memory, in a temporary file of
 * 48 bytes a command, and looked at when all are there.
 *
 * Owner   whoever created it. 3 MiB, whatever the length of the log.
 * Thread  one at a time.
 * Source  docs/rules.md "Requests"; docs/audit.md.
 */
#ifndef TOOLS_REQUESTS_H
#define TOOLS_REQUESTS_H

#include "audit/record.h"

struct requests;

/** ERR_OK or ERR_NOMEM. */
MUST_CHECK enum err requests_create(struct requests **out);
void requests_destroy(struct requests **requests);

/** Take a command's record into account; others are ignored. */
MUST_CHECK enum err
requests_add(struct requests *requests, const struct record *record);

/**
 * After the last one: the first record that cannot be.
 *
 * is_whole  no record was withheld: the first use of an id must be there
 * flaw_out  words, or NULL when nothing is wrong
 *
 * Returns  ERR_OK or ERR_SYSTEM
 */
MUST_CHECK enum err requests_finish(struct requests *requests, bool is_whole,
                                    uint64_t *seq_out, const char **flaw_out);

#endif
