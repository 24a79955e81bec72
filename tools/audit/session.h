/* SPDX-License-Identifier: Apache-2.0 */
/**
 * session: a log that is open for reading, and what is known of it so far.
 *
 * With a CA every record that is handed on is first proved to be in the
 * signed tree; without one nothing is, and is_proved says so.
 *
 * Owner   the caller; release it even when opening has failed.
 * Thread  one at a time.
 */
#ifndef TOOLS_SESSION_H
#define TOOLS_SESSION_H

#include "inspect.h"
#include "lots.h"
#include "names.h"
#include "policy_file.h"
#include "proven.h"
#include "row.h"
#include "trust.h"

struct session {
    const struct inspect_options *options;
    struct source *source;
    struct trust trust;
    struct policy policy;
    struct policy_result quorum;
    struct proven *proven; /* NULL without a CA */
    struct names names;
    struct lots lots;
    struct row_context words; /* names and lots */
    uint64_t from;            /* records before were shown last time */
    uint64_t start;           /* names are known from the records before */
    uint64_t withheld;
    bool wants_lots; /* learn currencies: reads drafts */
    struct record *record;
    struct record_text *text;
};

/**
 * A record that matches the options' filter, decoded into session->record.
 * False ends the walk.
 */
typedef bool session_visit(void *context, const struct source_line *line);

/**
 * Open source, trust, proof and cursor, as the options say.
 *
 * Returns  ERR_OK; an error whose exit code session_failed tells
 */
MUST_CHECK enum err
session_open(struct session *session, const struct inspect_options *options);
void session_close(struct session *session);

/** Walk the matching records, oldest first. ERR_DAMAGED: one is not proved. */
MUST_CHECK enum err
session_each(struct session *session, session_visit *visit, void *context);

/** Keep the checkpoint as the cursor, if one is asked for and it is proved. */
MUST_CHECK enum err session_keep_cursor(struct session *session);

/** Print the error; the exit code. */
int session_failed(const struct session *session, enum err err);

/** The exit code of good work on `matched` records. */
int session_code(const struct session *session, uint64_t matched);

/**
 * "3 records, each proved under checkpoint 20720 THY5uQFU...Nnw=", or that
 * nothing is proved; on stdout for people, else on stderr.
 */
void session_say_proof(struct session *session, uint64_t matched);

#endif
