/* SPDX-License-Identifier: Apache-2.0 */
/**
 * internal: the parts of the api, for its own source files only.
 *
 *     api.c       life, dispatch, routes, replies and problems
 *     admin.c     what an administrator asks of the process
 *     connections.c who is connected, and sending one away
 *     metrics.c   what is counted, and as text
 *     rate.c      commands of an account a second
 *     command*.c  POST: body to submission, answer to reply
 *     lists.c     auctions and lists from published views
 *     reading.c   a long read by keeper and engine, and its way home
 *     reads.c     reads about one auction: bids, explain, terms
 *     evidence.c  the signed head and proofs under it
 *     journal.c   what the log is told of connections and readers
 *     log.c       the log itself: tiles, records, blobs, cosignatures
 *     explain.c   records of an auction in sentences
 *     stream.c    live events
 *     render*.c   what a viewer may see, as JSON: auctions and invoices,
 *                 answers and problems, events and bids
 *     reply.c     writing JSON
 */
#ifndef API_INTERNAL_H
#define API_INTERNAL_H

#include "api/api.h"
#include "api/metrics.h"
#include "api/rate.h"
#include "api/render.h"

#include <jansson.h>

enum {
    REQUEST_ID_BYTES = 65,
    INSTANCE_BYTES = 160, /* of a path, cut for the problem's `instance` */
    REPLY_BYTES_MAX = 4 << 20,
    LIST_LIMIT_MAX = 200,
    LIST_LIMIT_DEFAULT = 50,
};

struct api {
    struct api_options options;
    atomic_bool is_draining;
    struct rate *rate;
    struct metrics *metrics;
};

/** One request while it is answered; copied by what answers later. */
struct call {
    struct api *api;
    struct exchange *exchange;
    const struct http_request *request; /* NULL once it is late */
    uint64_t id;                        /* in the path, 0 for none */
    const char *rest;                   /* of the path; gone with request */
    char name[IDENTITY_NAME_BYTES];     /* in the path, "" for none */
    enum http_method method;
    unsigned route;   /* for the metrics */
    int64_t began_us; /* monotonic */
    char request_id[REQUEST_ID_BYTES];
    char instance[INSTANCE_BYTES];
};

/** Mail from engine, keeper: the first member of what comes home. */
struct letter {
    struct mail mail;
    void (*deliver)(struct letter *letter);
};

/* api.c */
void call_reply(struct call *call, int status, const char *type,
                const struct buf *body, const char *const *headers);
void call_problem(struct call *call, int status, const char *code,
                  const char *title, const char *detail, const char *pointer);
/** 503 with Retry-After. */
void call_unavailable(struct call *call, const char *code, const char *detail);
struct viewer call_viewer(const struct call *call);
/** Whether the account is suspended now: it gets nothing but health. */
bool call_is_suspended(const struct call *call);
/** A number in a parameter; problem and false when it is malformed. */
MUST_CHECK bool call_number(struct call *call, const char *name,
                            uint64_t fallback, uint64_t max, uint64_t *out);
/** Without memory there is little to say. */
void call_no_memory(struct call *call);
/** The answer leaves, and is counted. */
void call_respond(struct call *call, const struct http_response *response);
/** Patterns of the routes, for the metrics; returns how many. */
size_t call_patterns(const char *patterns_out[METRICS_ROUTES_MAX]);

/* admin.c */
/** Whether an administrator asks; false after a problem. */
MUST_CHECK bool call_is_admin(struct call *call);
void handle_reload(struct call *call);
void handle_status(struct call *call);
void handle_metrics(struct call *call);

/* connections.c */
void handle_connections(struct call *call);
void handle_connection_end(struct call *call);

/* command*.c */
/** The body as an object; an absent one is empty. NULL after a problem. */
json_t *call_body(struct call *call);
void handle_create(struct call *call);
void handle_command(struct call *call, enum command_kind cmd);
/** On the account in the path: an administrator's. */
void handle_suspend(struct call *call);
void handle_restore(struct call *call);
void handle_credit(struct call *call);

/* lists.c */
void handle_root(struct call *call);
void handle_me(struct call *call);
void handle_auctions(struct call *call);
void handle_auction(struct call *call);

/* reads.c */
void handle_bids(struct call *call);
void handle_terms(struct call *call);
void handle_explain(struct call *call);

/* evidence.c */
void handle_bid(struct call *call);
void handle_checkpoint(struct call *call);
void handle_certificate(struct call *call);
void handle_proof(struct call *call);
void handle_consistency(struct call *call);

/* journal.c */
/** Record that a role may not do what was asked. */
void journal_denied(const struct call *call, const char *cause);
/** Record an auditor's reading; `done` once that is durable. */
MUST_CHECK bool
journal_reading(struct api *api, const char *by, const char *filter,
                uint64_t count, void (*done)(void *context, enum err err),
                void *context);

/* log.c */
void handle_tile(struct call *call);
void handle_entries(struct call *call);
void handle_blob(struct call *call);
void handle_cosignature(struct call *call);

/* explain.c */
struct explain_context {
    struct reply *reply;
    const struct auction_view *view;
    const struct viewer *viewer;
};
/** One step in words, as an item of an open array; may add nothing. */
void
explain_record(struct explain_context *context, const struct record *record);

/* stream.c */
void handle_events(struct call *call);
/** Where the worker counts. */
struct shard *worker_shard(const struct worker *worker);

#endif
