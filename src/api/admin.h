/* SPDX-License-Identifier: Apache-2.0 */
/**
 * admin: what an administrator's request asks of the process, not of the
 * engine. The api cannot reach up: the server room joins these functions.
 */
#ifndef API_ADMIN_H
#define API_ADMIN_H

#include "api/reply.h"
#include "base/err.h"
#include "identity/identity.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADMIN_DETAIL_BYTES = 512, ADMIN_PEER_BYTES = 64 };

/** A reload on its way to main and back; whoever holds it owns it. */
struct admin_reload {
    char *crl;                    /* PEM; NULL: read the files again */
    char by[IDENTITY_NAME_BYTES]; /* for the log */
    /* the outcome */
    enum err err;
    char detail[ADMIN_DETAIL_BYTES]; /* the exact error, else "" */
    uint64_t generation;
    size_t closed;                             /* connections */
    void (*done)(struct admin_reload *reload); /* on main's thread */
    struct admin_reload *next;
};

/** One connection, as an administrator sees it. */
struct admin_guest {
    uint64_t id;
    struct instant since;
    char peer[ADMIN_PEER_BYTES];
    bool is_known; /* who it is: the members to the next blank line */
    char account[IDENTITY_NAME_BYTES];
    enum role role;
    char serial[IDENTITY_SERIAL_BYTES];
    struct instant not_after;

    uint64_t requests;
    unsigned in_flight;
    bool is_streaming;
    bool is_shaking;
};

/** A look at all connections, or the end of one, on its way and back. */
struct admin_survey {
    uint64_t after;                    /* only those with a higher number */
    char account[IDENTITY_NAME_BYTES]; /* only its own; "": all */
    void (*done)(struct admin_survey *survey); /* on any thread */
    /* the outcome */
    size_t found;         /* of one that is sent away */
    pthread_mutex_t lock; /* rank 75; guards to the end */
    struct admin_guest *items;
    size_t count, capacity;
    bool has_failed; /* no memory */
};

/** Called by those who look, from several threads at once. */
void
admin_survey_add(struct admin_survey *survey, const struct admin_guest *guest);

struct admin_port {
    void *context;
    /** Hand it to main; false when too many wait: it is still the caller's. */
    bool (*reload)(void *context, struct admin_reload *reload);
    /** Look at all connections; it comes back by survey->done. */
    enum err (*survey)(void *context, struct admin_survey *survey);
    /** End the connection with that number; the same way back. */
    enum err (*send_away)(void *context, uint64_t id,
                          struct admin_survey *survey);
    /** What the api does not know: members of the status, lines of metrics. */
    void (*write_status)(void *context, struct reply *j);
    void (*write_metrics)(void *context, struct buf *out);
};

#endif
