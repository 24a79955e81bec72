/* SPDX-License-Identifier: Apache-2.0 */
/**
 * notes: what other threads have for the log.
 *
 * Connections that come and go, lists that were loaded, an auditor's reading:
 * nobody decides anything about them, but they are recorded. A note waits for
 * the next batch, at most a second, so that it never costs a bid a flush of
 * its own; one that somebody waits for wakes the engine.
 *
 * Noise of strangers changes no state: refused connections are counted by
 * source and minute and become one record each. What has no room even there
 * is counted too, and recorded as lost.
 *
 * Thread  any; the engine's thread takes. One lock (rank 11), for a moment.
 * Source  docs/audit.md "What else is recorded".
 */
#ifndef ENGINE_NOTES_H
#define ENGINE_NOTES_H

#include "audit/record.h"

#include <stdbool.h>

enum {
    NOTES_MAX = 4096,        /* waiting */
    NOTES_A_BATCH = 64,      /* of those nobody waits for */
    NOTE_TEXT_BYTES = 16384, /* of all texts of a note */
    NOTE_BLOB_BYTES = 8 << 20,
    NOISE_SOURCES_MAX = 1024, /* counted apart in one minute */
    NOISE_MS = 60000,
};

struct notes;

/** A record on its way into the log; owns its texts and its blob. */
struct note {
    struct record record;
    char *text; /* what the record's texts point into */
    void *blob; /* NULL for none; `hash` is its name */
    size_t blob_size;
    struct hash hash;
    /** Told after the flush, or when it cannot be; NULL: freed silently. */
    void (*done)(void *context, enum err err);
    void *context;
    struct note *next;
};

MUST_CHECK enum err notes_create(struct notes **out);
void notes_destroy(struct notes **notes);

/**
 * Hand over a copy of a record whose type and own members are set.
 *
 * blob  bytes that a member of it names by hash, or NULL
 * done  called on the engine's thread once it is durable, or is not; NULL:
 *       nobody waits
 *
 * False when there is no room: then it is counted as lost, and `done` is not
 * called.
 */
MUST_CHECK bool
notes_put(struct notes *notes, const struct record *record, const void *blob,
          size_t blob_size, void (*done)(void *context, enum err err),
          void *context);

/**
 * Count one refused connection.
 *
 * addr   of the source, without port
 * cause  a word or a sentence
 * now    for the minute
 */
void notes_count_noise(struct notes *notes, const char *addr, const char *cause,
                       int64_t now_ms);

/**
 * For the engine: up to NOTES_A_BATCH notes and all that somebody waits for,
 * oldest first; noise whose minute is over, and what was lost, among them.
 * With `all`, also noise of the present minute. Owned by the caller.
 */
struct note *notes_take(struct notes *notes, int64_t now_ms, bool all);

/** Put back what was taken and could not be written. */
void notes_return(struct notes *notes, struct note *list);

/** Tell whoever waits, and free. */
void notes_finish(struct note *list, enum err err);

/** Whether somebody waits for a note. */
bool notes_are_urgent(struct notes *notes);

#endif
