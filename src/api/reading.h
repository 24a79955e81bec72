/* SPDX-License-Identifier: Apache-2.0 */
/**
 * reading: a read that waits for keeper or engine; for src/api only.
 *
 * The keeper reads, the engine proves; a read that needs both goes to one
 * after the other. Each is bounded in rows and comes home as a letter.
 *
 * Owner   the thread that has it at the moment.
 */
#ifndef API_READING_H
#define API_READING_H

#include "api/internal.h"
#include "audit/tree.h"

/** One read under way; filled in by the thread that has it. */
struct reading {
    struct letter letter;
    struct job job;
    struct question question;
    struct call call;
    struct worker *worker;
    struct viewer viewer; /* its name is in `account` */
    char account[STORE_NAME_BYTES];
    struct auction_view *view; /* may be NULL; owned */
    struct views *views;
    uint64_t number; /* of a record or a tile */
    uint64_t end;    /* records below it */
    uint64_t limit;
    bool wants_json; /* of a proof: as the reply to a command */
    /* made by the keeper */
    int status;
    const char *type;
    const char *const *headers; /* of the reply; may be NULL */
    struct buf body;
    struct buf record;
    struct buf note; /* a signed head */
    struct reply reply;
    uint64_t found, looks, next;
    struct record decoded;
    struct record_text text;
    struct hash hashes[TREE_TILE_HASHES];
    uint64_t disclosed; /* records or blobs that an auditor's reading shows */
    char filter[80];    /* what was asked for, for the log */
    enum err recorded;  /* whether the reading is in the log */
    void (*finish)(struct letter *letter); /* after that */
};

/** A new one, or NULL after a problem. `deliver` runs on its worker. */
struct reading *
reading_begin(struct call *call, void (*deliver)(struct letter *letter));
void reading_free(struct reading *r);

struct reading *reading_of_job(struct job *job);
struct reading *reading_of_question(struct question *question);
/** On the thread that has it, when it is done there. */
void reading_go_home(struct reading *r);

/** Hand over; when there is no room the problem is told and it is freed. */
void
reading_to_keeper(struct reading *r,
                  void (*run)(struct job *job, const struct store_port *store));
void reading_to_engine(struct reading *r);
/** A `done` that sends it home. */
void reading_asked(struct question *question);

void reading_not_found(struct reading *r);
/** The log cannot be read. */
void reading_unavailable(struct reading *r);
/** A `deliver`: the body that was made, or what became of it. */
void reading_deliver_made(struct letter *letter);
/**
 * Go home by way of the log: an auditor's or administrator's reading that has
 * disclosed something is recorded first. For others, as reading_deliver_made.
 */
void reading_deliver_recorded(struct letter *letter);
/** The same with another end than reading_deliver_made. */
void reading_record(struct reading *r, void (*finish)(struct letter *letter));
/** Whether the caller reads what others may not. */
bool reading_is_audit(const struct reading *r);
/** Decode a record into r->decoded; else the status is 503. */
MUST_CHECK bool
reading_decode(struct reading *r, const void *bytes, size_t size);
/** What the status is for the outcome of a read. */
int reading_status(enum err err);

/**
 * Whether the caller may see r->decoded: all of the caller's own, and to
 * others what is withheld from nobody, or only until a close that has been.
 */
bool reading_may_show(const struct reading *r);

/** A number that a parameter must have, 0 allowed; else a problem. */
MUST_CHECK bool
reading_number(struct call *call, const char *name, uint64_t *out);

#endif
